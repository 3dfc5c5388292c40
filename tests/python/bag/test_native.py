"""What the engine does without Python is what Python would have done."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
from collections import Counter

import pytest
import raskt.bag as rb
from hypothesis import given, settings
from hypothesis import strategies as st

settings.register_profile("bags", max_examples=80, deadline=None)
settings.load_profile("bags")

numbers = st.one_of(
    st.integers(-3, 3), st.integers(), st.floats(), st.sampled_from([1.0, 2**53 + 1, 2.0**53, -0.0])
)
scalars = st.one_of(st.none(), st.booleans(), numbers, st.text(max_size=5))
documents = st.dictionaries(
    st.sampled_from(["name", "a", "\u00e9"]), scalars | st.lists(scalars, max_size=2), max_size=3
)
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
    assert "[native]" not in b.map(lambda x: x).pluck("name").frequencies().explain()
    assert "[native]" not in b.filter(None).frequencies().explain()
    assert b.pluck("name").frequencies().__raskt_scheduler__ == "threads"
    assert b.pluck("name").__raskt_scheduler__ == "processes"
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
