"""Text in files of every kind, and what is wrong with them."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import pathlib
import signal
import threading
import time

import pytest
import raskt.bag as rb
from hypothesis import given, settings
from hypothesis import strategies as st

settings.register_profile("bags", max_examples=40)
settings.load_profile("bags")
texts = st.text(st.sampled_from("ab\n\r|é\u2028\U0001f600 "), max_size=60)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("texts")


@given(texts, st.sampled_from([None, "\n", "|", "||", "\r\n"]), st.sampled_from([None, 1, 3, 7, 100]))
def test_lines_equal_those_of_a_file(folder, text, delimiter, blocksize):
    if delimiter == "||" and blocksize is not None:
        return
    path = folder / "lines.txt"
    path.write_bytes(text.encode())
    if delimiter is None:
        plain = list(io.TextIOWrapper(io.BytesIO(text.encode()), "utf-8"))
    else:
        pieces = text.split(delimiter)
        plain = [piece + delimiter for piece in pieces[:-1]] + pieces[-1:] * bool(pieces[-1])
    b = rb.read_text(str(path), linedelimiter=delimiter, blocksize=blocksize)
    assert b.compute(scheduler="sync") == plain


@given(texts, st.sampled_from(["utf-8", "utf-16", "utf-32-le"]))
def test_encodings_come_back_as_they_went(folder, text, encoding):
    path = folder / "encoded.txt"
    path.write_bytes(text.encode(encoding))
    plain = list(io.TextIOWrapper(io.BytesIO(text.encode(encoding)), encoding))
    assert rb.read_text(str(path), encoding=encoding).compute(scheduler="sync") == plain


@pytest.mark.parametrize(("suffix", "opener"), [("gz", gzip.open), ("bz2", bz2.open), ("xz", lzma.open)])
def test_compressed_files_are_read_and_written(tmp_path, suffix, opener):
    with opener(tmp_path / f"a.txt.{suffix}", "wt") as file:
        file.write("one\ntwo\n")
    b = rb.read_text(f"{tmp_path}/*.{suffix}")
    assert b.compute() == ["one\n", "two\n"]
    (path,) = b.str.strip().to_textfiles(f"{tmp_path}/out/*.txt.{suffix}", last_endline=True)
    with opener(path, "rt") as file:
        assert file.read() == "one\ntwo\n"
    with pytest.raises(ValueError, match="cannot be read in blocks"):
        rb.read_text(f"{tmp_path}/*.{suffix}", blocksize=10)


def test_partitions_may_have_several_files_and_elements_their_paths(tmp_path):
    for name in "abc":
        (tmp_path / f"{name}.txt").write_text(f"{name}1\n{name}2\n")
    (tmp_path / "empty.txt").write_text("")
    b = rb.read_text(f"{tmp_path}/*.txt", files_per_partition=2, include_path=True)
    assert b.npartitions == 2
    assert b.compute()[:2] == [("a1\n", f"{tmp_path}/a.txt"), ("a2\n", f"{tmp_path}/a.txt")]
    assert b.count().compute() == 6
    assert len(rb.read_text(f"{tmp_path}/*.txt", collection=False)) == 4


def test_what_is_not_there_is_said_at_once(tmp_path):
    for path in ("missing.txt", "none*.txt"):
        with pytest.raises(FileNotFoundError):
            rb.read_text(f"{tmp_path}/{path}")
    with pytest.raises(IsADirectoryError):
        rb.read_text(str(tmp_path))
    (tmp_path / "a.txt").write_text("x")
    for options in ({"encoding": "utf-99"}, {"errors": "whatever"}):
        with pytest.raises(LookupError):
            rb.read_text(f"{tmp_path}/a.txt", **options)
    for options in ({"compression": "rar"}, {"blocksize": 0}, {"blocksize": 9, "files_per_partition": 2}):
        with pytest.raises(ValueError):
            rb.read_text(f"{tmp_path}/a.txt", **options)


def test_errors_name_file_line_and_offset(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('{"x": 1}\n{"x": \n')
    with pytest.raises(json.JSONDecodeError) as caught:
        rb.read_text(str(path)).map(json.loads).pluck("x").compute()
    assert f"in file {path}, line 2, at byte 9" in caught.value.__notes__
    path.write_bytes(b"ok\n\xff\n")
    with pytest.raises(UnicodeDecodeError) as caught:
        rb.read_text(str(path)).compute()
    assert f"in file {path}, line 2, at byte 3" in caught.value.__notes__


def test_truncated_gzip_is_an_error_that_names_the_file(tmp_path):
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b"some text\n" * 1000)[:-12])
    with pytest.raises(EOFError) as caught:
        rb.read_text(str(path)).compute()
    assert any(str(path) in note for note in caught.value.__notes__)


@pytest.mark.parametrize("errors", ["skip", "collect"])
def test_bad_lines_are_left_out_and_counted(tmp_path, errors):
    path = tmp_path / "a.json"
    path.write_bytes(b'{"x": 1}\n{"x": \n{"y": 2}\n\xff\n{"x": 3}\n')
    b = rb.read_text(str(path), errors=errors).map(json.loads).pluck("x")
    with pytest.warns(rb.BadLinesWarning, match="3 bad lines.*line 2, byte 9"):
        assert b.compute(scheduler="sync") == [1, 3]
    bad = b.bad_lines().compute(scheduler="sync")
    assert [(one.line, one.offset) for one in bad] == [(2, 9), (3, 16), (4, 25)]
    with pytest.raises(ValueError, match="bad lines are known"):
        rb.range(3, npartitions=1).bad_lines()


def test_files_are_written_whole_or_not_at_all(tmp_path):
    b = rb.from_sequence(["a", "b", 5], npartitions=1)
    with pytest.raises(TypeError, match="found int as element 2"):
        b.to_textfiles(f"{tmp_path}/out/*.txt")
    assert os.listdir(tmp_path / "out") == []
    (tmp_path / "out" / "0.txt").write_text("before")
    with pytest.raises(TypeError):
        b.to_textfiles(f"{tmp_path}/out/*.txt")
    assert (tmp_path / "out" / "0.txt").read_text() == "before"


def test_names_of_files(tmp_path):
    b = rb.range(12, npartitions=12).map(str)
    assert b.to_textfiles(f"{tmp_path}/*.txt")[1] == f"{tmp_path}/01.txt"
    assert b.to_textfiles(str(tmp_path))[0] == f"{tmp_path}/00.part"
    named = b.to_textfiles(f"{tmp_path}/*.x", name_function=lambda i: f"n{i}")
    assert named[3] == f"{tmp_path}/n3.x"
    with pytest.raises(ValueError, match="12 partitions need as many paths"):
        b.to_textfiles([f"{tmp_path}/a"])
    later = b.to_textfiles(f"{tmp_path}/later/*.txt", compute=False)
    assert not (tmp_path / "later").exists()
    assert later[0].compute() == [f"{tmp_path}/later/00.txt"]


def test_urls_go_through_fsspec(tmp_path):
    fsspec = pytest.importorskip("fsspec")
    fs = fsspec.filesystem("memory")
    fs.pipe("/bags/a.txt", b"one\ntwo\n")
    fs.pipe("/bags/b.txt", b"three\n")
    b = rb.read_text("memory://bags/*.txt", blocksize=4)
    assert b.str.strip().compute(scheduler="threads") == ["one", "two", "three"]
    paths = b.str.strip().to_textfiles("memory://bags/out/*.txt", scheduler="threads")
    assert rb.read_text(paths).count().compute(scheduler="threads") == 3
    with pytest.raises(FileNotFoundError):
        rb.read_text("memory://bags/*.csv")
    path = pathlib.Path(tmp_path, "u.txt")
    path.write_text("x\ny")
    assert rb.from_url([path.as_uri()]).compute() == [b"x\n", b"y"]


def test_avro_comes_back_in_blocks(tmp_path):
    pytest.importorskip("fastavro")
    schema = {"type": "record", "name": "r", "fields": [{"name": "x", "type": "long"}]}
    records = [{"x": x} for x in range(5000)]
    b = rb.from_sequence(records, npartitions=2)
    paths = b.to_avro(f"{tmp_path}/*.avro", schema, sync_interval=500, codec="deflate")
    for blocksize in (None, 1000, 3777):
        assert rb.read_avro(paths, blocksize=blocksize).compute() == records


@pytest.mark.parametrize(("suffix", "module"), [("gz", gzip), ("bz2", bz2), ("xz", lzma)])
def test_damaged_files_are_read_as_far_as_python_reads_them(tmp_path, suffix, module):
    one, two = module.compress(b"one\n" * 1000), module.compress(b"two")
    files = [
        b"",
        one,
        one + two,
        one + b"rest",
        b"text\n",
        b"t",
        one[:-3],
        one + two[:-3],
    ]
    if suffix != "xz":
        # Python's lzma takes zeros, which the format knows as padding, for the begin of an older format.
        files += [one + bytes(8), b"\0"]
    for at, data in enumerate(files):
        path = tmp_path / f"{at}.{suffix}"
        path.write_bytes(data)
        try:
            with module.open(path, "rt") as file:
                expected = list(file)
        except Exception as error:
            with pytest.raises(EOFError if isinstance(error, EOFError) else OSError, match=path.name):
                rb.read_text(path).compute(scheduler="sync")
        else:
            assert rb.read_text(path).compute(scheduler="sync") == expected, at


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "iso2022_jp", "latin-1"])
@pytest.mark.parametrize("ends", [False, True])
def test_files_begin_and_end_as_their_encoding_does(tmp_path, encoding, ends):
    words = ["a", "\u65e5" if encoding != "latin-1" else "\xe9", ""]
    paths = rb.from_sequence(words, npartitions=1).to_textfiles(
        tmp_path / "*.txt", encoding=encoding, last_endline=ends, scheduler="sync"
    )
    text = "\n".join(words) + "\n" * ends
    assert pathlib.Path(paths[0]).read_bytes() == text.encode(encoding)
    assert rb.read_text(paths, encoding=encoding).str.strip("\n").compute() == words[: 2 + ends]
    empty = rb.from_sequence([]).to_textfiles(tmp_path / "none*.txt", encoding=encoding, last_endline=ends)
    assert pathlib.Path(empty[0]).read_bytes() == b""


def test_relative_paths_are_those_of_the_folder_where_they_were_given(tmp_path, monkeypatch):
    # Processes of a pool stay in the folder in which they began.
    rb.range(2, npartitions=2).map(str).compute(scheduler="processes")
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.txt").write_text(name)
        monkeypatch.chdir(tmp_path / name)
        b = rb.read_text("a.txt", include_path=True)
        monkeypatch.chdir(tmp_path)
        for scheduler in ("processes", "threads"):
            assert b.compute(scheduler=scheduler) == [(name, str(tmp_path / name / "a.txt"))]
        rb.from_sequence([name]).to_textfiles("out/*.txt", scheduler="processes")
        assert (tmp_path / "out" / "0.txt").read_text() == name
    assert rb.read_text("*/a.txt", files_per_partition=2).compute() == ["one", "two"]


@pytest.mark.skipif(os.name != "posix", reason="sends itself a signal")
@pytest.mark.filterwarnings("ignore:.*running Python function")
@pytest.mark.parametrize("scheduler", ["threads", "processes"])
def test_files_are_not_written_after_ctrl_c(tmp_path, scheduler):
    begun = []

    def interrupt():
        deadline = time.monotonic() + 30
        while not begun and time.monotonic() < deadline:
            begun.extend(tmp_path.iterdir())
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    def slow(x):
        time.sleep(0.02)
        return str(x)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        rb.range(160, npartitions=2).map(slow).to_textfiles(tmp_path / "*.txt", scheduler=scheduler)
    thread.join()
    assert [path.suffix for path in begun] == [".part"] * len(begun)
    time.sleep(2 if scheduler == "threads" else 0)
    assert list(tmp_path.iterdir()) == []
