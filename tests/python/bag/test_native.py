"""What the engine does without Python is what Python would have done."""

from __future__ import annotations

import bz2
import gzip
import heapq
import io
import json
import lzma
import os
import pathlib
import random
from collections import Counter

import pytest
import raskt.bag as rb
from hypothesis import given, settings
from hypothesis import strategies as st

settings.register_profile("bags", max_examples=80)
settings.load_profile("bags")

numbers = st.one_of(
    st.integers(-3, 3), st.integers(), st.floats(), st.sampled_from([1.0, 2**53 + 1, 2.0**53, -0.0])
)
scalars = st.one_of(st.none(), st.booleans(), numbers, st.text(max_size=5))
documents = st.dictionaries(
    st.sampled_from(["name", "a", "\u00e9"]), scalars | st.lists(scalars, max_size=2), max_size=3
)
objects = st.fixed_dictionaries(
    {"name": scalars, "a": st.lists(scalars, max_size=3) | scalars},
    optional={"in": documents, "\u00e9": st.none()},
).map(json.dumps)
lines = st.one_of(
    documents.map(json.dumps),
    documents.map(lambda d: json.dumps(d, ensure_ascii=False)),
    scalars.map(lambda x: f'{{"name": {json.dumps(x)}, "name": 1}}'),
    st.sampled_from(
        ['{"name": "\\ud800"}', '{"n\\u0061me": 3}', " {} ", "[]", "7", '{"name": 12345678901234567890}']
    ),
    st.text(st.sampled_from('{}[]":,\\na1 \t'), max_size=8).filter(lambda text: "\n" not in text),
)


def outcome(compute):
    try:
        return "value", repr(compute())
    except Exception as error:
        return "error", type(error), str(error)


@given(st.lists(lines, max_size=6), st.booleans())
def test_json_counts_equal_plain_python(tmp_path_factory, some, ends):
    path = tmp_path_factory.getbasetemp() / "native.json"
    data = "\n".join(some) + "\n" * ends
    path.write_bytes(data.encode("utf-8", "surrogatepass"))

    def plain(key):
        def compute():
            with open(path, encoding="utf-8") as file:
                return list(Counter(json.loads(line)[key] for line in file).items())

        return compute

    b = rb.read_text(str(path)).map(json.loads)
    assert "[native]" in b.pluck("name").frequencies().explain()
    for key in ("name", "\u00e9"):
        assert outcome(lambda key=key: b.pluck(key).frequencies().compute(scheduler="sync")) == outcome(
            plain(key)
        )


# What a chain does to a bag of lines, and to a list of lines in plain Python.
CHAINS = {
    "read": (lambda b: b, lambda lines: lines),
    "strip": (lambda b: b.str.strip().map(str.upper), lambda lines: [x.strip().upper() for x in lines]),
    "words": (
        lambda b: b.str.lower().map(str.split).flatten(),
        lambda lines: [word for x in lines for word in x.lower().split()],
    ),
    "load": (lambda b: b.map(json.loads), lambda lines: [json.loads(x) for x in lines]),
    "item": (lambda b: b.map(json.loads).pluck("name"), lambda lines: [json.loads(x)["name"] for x in lines]),
    "inner": (
        lambda b: b.map(json.loads).pluck("in", {}).pluck("name", -0.0),
        lambda lines: [json.loads(x).get("in", {}).get("name", -0.0) for x in lines],
    ),
    "tuple": (
        lambda b: b.map(json.loads).pluck(["name", "a", "name"]),
        lambda lines: [(d["name"], d["a"], d["name"]) for d in map(json.loads, lines)],
    ),
    "defaults": (
        lambda b: b.map(json.loads).pluck(["a", "name"], None),
        lambda lines: [(d.get("a"), d.get("name")) for d in map(json.loads, lines)],
    ),
    "list": (
        lambda b: b.map(json.loads).pluck("a", []).flatten(),
        lambda lines: [item for x in lines for item in json.loads(x).get("a", [])],
    ),
    "then Python": (
        lambda b: b.str.strip().map(json.loads).pluck("name").map(lambda x: [x]),
        lambda lines: [[json.loads(x)["name"]] for x in lines],
    ),
}
ENDS = {
    "all": (lambda b: b, list),
    "count": (lambda b: b.count(), len),
    "frequencies": (lambda b: b.frequencies(), lambda items: list(Counter(items).items())),
    "distinct": (lambda b: b.distinct(), lambda items: list(dict.fromkeys(items))),
    "topk": (lambda b: b.topk(2), lambda items: heapq.nlargest(2, iter(items))),
    "max": (lambda b: b.max(), max),
}


@given(
    st.lists(st.one_of(lines, objects), max_size=6), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans(),
    st.sampled_from(sorted(CHAINS)), st.sampled_from(sorted(ENDS)), st.sampled_from([None, 7, 60]),
)  # fmt: skip
def test_chains_equal_plain_python(tmp_path_factory, some, line_end, ends, chain, end, blocksize):
    path = tmp_path_factory.getbasetemp() / "chains.json"
    path.write_bytes((line_end.join(some) + line_end * ends).encode("utf-8", "surrogatepass"))

    def plain():
        with open(path, encoding="utf-8") as file:
            read = list(file)
        return ENDS[end][1](CHAINS[chain][1](read))

    b = CHAINS[chain][0](rb.read_text(str(path), blocksize=blocksize))
    found, expected = outcome(lambda: ENDS[end][0](b).compute(scheduler="sync")), outcome(plain)
    if "error" in (found[0], expected[0]):
        assert (found[0], "error") == (expected[0], "error")
    else:
        assert found == expected


@given(
    st.lists(st.sampled_from([b"a", b"\xff", b"\xc3\xa9", b"\n", b"\r", b"\xe2\x82"]), max_size=12),
    st.sampled_from(["utf-8", "ascii", "latin-1", "cp1252"]),
    st.sampled_from(["strict", "replace", "ignore", "surrogateescape", "backslashreplace"]),
)  # fmt: skip
def test_bytes_that_are_no_text_are_dealt_with_as_python_does(tmp_path_factory, pieces, encoding, errors):
    path = tmp_path_factory.getbasetemp() / "bytes.txt"
    path.write_bytes(b"".join(pieces))

    def lines_of():
        return list(io.TextIOWrapper(io.BytesIO(b"".join(pieces)), encoding, errors))

    b = rb.read_text(str(path), encoding=encoding, errors=errors)
    found, expected = outcome(lambda: b.compute(scheduler="sync")), outcome(lines_of)
    assert found[:2] == expected[:2]
    counted = outcome(lambda: b.str.strip().frequencies().compute(scheduler="sync"))
    if expected[0] == "value":
        assert counted == outcome(lambda: list(Counter(map(str.strip, lines_of())).items()))


@given(st.text(st.sampled_from("aB\n\r\t \x1c\u00e9\u2003"), max_size=30), st.sampled_from([None, 1, 5]))
def test_text_counts_equal_plain_python(tmp_path_factory, text, blocksize):
    path = tmp_path_factory.getbasetemp() / "native.txt"
    path.write_bytes(text.encode())
    with open(path, encoding="utf-8") as file:
        plain = list(file)
    b = rb.read_text(str(path), blocksize=blocksize)
    assert b.count().compute(scheduler="sync") == len(plain)
    for method in (str.strip, str.lstrip, str.rstrip, str.upper, str.lower):
        counted = Counter(map(method, plain))
        assert dict(b.map(method).frequencies().compute(scheduler="sync")) == counted
    assert b.str.strip().distinct().compute(scheduler="sync") == list(dict.fromkeys(map(str.strip, plain)))


@pytest.mark.parametrize(("suffix", "opener"), [("gz", gzip.open), ("bz2", bz2.open), ("xz", lzma.open)])
def test_compressed_files_are_counted_natively(tmp_path, suffix, opener):
    path = tmp_path / f"a.json.{suffix}"
    for mode in ("wb", "ab"):  # two members
        with opener(path, mode) as file:
            file.write(b'{"name": "Ann"}\n{"name": "Bo"}\n')
    b = rb.read_text(str(path)).map(json.loads).pluck("name").frequencies()
    assert "[native]" in b.explain()
    assert b.compute() == [("Ann", 2), ("Bo", 2)]


def test_a_function_of_the_user_ends_the_native_part(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('{"name": "Ann"}\n')
    b = rb.read_text([str(path)] * 2).map(json.loads)
    lines = rb.read_text([str(path)] * 2).str.strip()
    assert "[native: read_text > map" in lines.map(lambda x: x).frequencies().explain()
    assert "[native: read_text] > map(json.loads) > map(" in b.map(lambda x: x).frequencies().explain()
    plucked = b.pluck("name").map(lambda x: x)
    assert "[native: read_text > map(json.loads) > pluck('name')] > map(" in plucked.explain()
    assert plucked.compute(scheduler="sync") == ["Ann", "Ann"]
    assert b.pluck("name").frequencies().__raskt_scheduler__ == "threads"
    assert b.__raskt_scheduler__ == "processes"
    assert plucked.__raskt_scheduler__ == "processes"
    assert b.pluck("name").__raskt_scheduler__ == "threads"
    assert b.pluck("name").frequencies().topk(1, lambda pair: pair[1]).__raskt_scheduler__ == "threads"


def test_errors_of_native_chains_are_pythons(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('{"name": "Ann"}\n{"nam": 1}\n')
    with pytest.raises(KeyError) as caught:
        rb.read_text(str(path)).map(json.loads).pluck("name").frequencies().compute()
    assert f"in file {path}, line 2, at byte 16" in caught.value.__notes__
    path.write_text('{"name": ["list"]}\n')
    with pytest.raises(TypeError, match="unhashable"):
        rb.read_text(str(path)).map(json.loads).pluck("name").frequencies().compute()
    truncated = tmp_path / "a.gz"
    truncated.write_bytes(gzip.compress(b"text\n" * 1000)[:-9])
    with pytest.raises(EOFError):
        rb.read_text(str(truncated)).count().compute()


def test_odd_lines_alone_are_read_by_python(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    deep = f'{{"x": {"[" * 300}{"]" * 300}, "name": 2}}'
    odd = [f'{deep}\r{{"name": 3}}', deep]
    path.write_text("\n".join(['{"name": 1}'] * 3000 + odd + ['{"name": 1.0}', '{"name": 1e400}'] * 1000))
    read = []
    text_of = rb._lines.ReadLines.text_of
    monkeypatch.setattr(
        rb._lines.ReadLines,
        "text_of",
        lambda self, raw, context: read.append(raw) or text_of(self, raw, context),
    )
    names = rb.read_text(str(path)).map(json.loads).pluck("name")
    counted = names.frequencies().compute(scheduler="sync")
    assert repr(counted) == "[(1, 4000), (2, 2), (3, 1), (inf, 1000)]"
    assert [raw.decode().strip() for raw in read] == odd
    assert names.count().compute(scheduler="sync") == 5003


def test_all_that_python_reads_as_json_is_read_without_it(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    values = ["NaN", "Infinity", "-Infinity", "1e999", str(2**70), str(-(2**70)), "1180591620717411303424.0"]
    values += [r'"\ud800"', r'"\ud83d\ude00"', r'"\ude00\ud83d"', r'"\ud83dx"', "-0", "-0.0", str(2**63)]
    lines = [f'{{"x": {value}, "n\\u0061me": {value}}}' for value in values * 2]
    path.write_text("\n".join(lines))
    monkeypatch.setattr(rb._lines.ReadLines, "text_of", None)
    read = rb.read_text(str(path)).map(json.loads)
    plain = [json.loads(line)["name"] for line in lines]
    for b, expected in [
        (read.pluck("name"), plain),
        (read.pluck(["name", "x"]), list(zip(plain, plain, strict=True))),
        (read.pluck("name").frequencies(), list(Counter(plain).items())),
        (read.pluck(["name"]).frequencies(), list(Counter((x,) for x in plain).items())),
        (read.pluck("name").distinct(), list(dict.fromkeys(plain))),
    ]:
        found = b.compute(scheduler="sync")
        assert repr(found) == repr(expected)
    # As in plain Python, a NaN is one object wherever it stands, so that counts of several files agree.
    both = rb.read_text([str(path), str(path)]).map(json.loads).pluck("x").frequencies()
    assert dict(both.compute(scheduler="threads")) == Counter(plain * 2)


def test_elements_before_an_error_of_the_file_come_first(tmp_path):
    path = tmp_path / "a.gz"
    data = gzip.compress(b"".join(b"%d\n" % i for i in range(200_000)))
    path.write_bytes(data[: len(data) // 2])
    b = rb.read_text(str(path))
    assert b.take(2) == ("0\n", "1\n")
    with pytest.raises(EOFError, match="is cut off"):
        b.count().compute()
    path.write_bytes(data[:1000] + b"????" + data[1004:])
    with pytest.raises(OSError, match="cannot be decompressed"):
        b.compute(scheduler="sync")
    path.unlink()
    with pytest.raises(FileNotFoundError) as caught:
        b.compute(scheduler="sync")
    assert caught.value.filename == str(path)


def test_bad_lines_of_native_chains_are_left_out(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('{"name": "Ann"}\n{"name": \n')
    b = rb.read_text(str(path), errors="skip").map(json.loads).pluck("name").frequencies()
    with pytest.warns(rb.BadLinesWarning, match="1 bad lines"):
        assert b.compute(scheduler="sync") == [("Ann", 1)]


def test_zstd_is_read_without_a_package(tmp_path):
    # "one\ntwo\n" as a frame with a raw block (RFC 8878): magic, header, block header, data.
    frame = bytes.fromhex("28b52ffd2008410000") + b"one\ntwo\n"
    path = tmp_path / "a.txt.zst"
    path.write_bytes(frame)
    b = rb.read_text(str(path))
    assert b.compute() == ["one\n", "two\n"]
    assert b.count().compute() == 2


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="there is no /proc to look into")
def test_neither_files_nor_threads_outlive_a_computation(tmp_path):
    path = tmp_path / "long.txt.gz"
    draw = random.Random(0)
    data = "".join(f"{draw.getrandbits(400)}\n" for _ in range(10_000))
    path.write_bytes(gzip.compress(data.encode(), 1))
    b = rb.read_text(path)
    first = data.split("\n")[0] + "\n"
    # A function of Python's is fed by a thread that decompresses, when there are threads to spare.
    assert b.map(str.title).compute(scheduler="threads") == data.splitlines(keepends=True)
    assert b.map(lambda line: line).take(1) == (first,)
    with pytest.raises(ZeroDivisionError) as caught:
        b.map(lambda line: 1 / 0).compute(scheduler="threads")
    assert "long.txt.gz, line 1, at byte 0" in caught.value.__notes__[0]
    left = [os.readlink(one.path) for one in os.scandir("/proc/self/fd") if os.path.islink(one.path)]
    assert str(path) not in left
    names = [(task / "comm").read_text().strip() for task in pathlib.Path("/proc/self/task").iterdir()]
    assert "raskt-read" not in names
