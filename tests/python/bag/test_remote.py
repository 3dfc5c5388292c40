"""Files that are elsewhere: over HTTP, and in an S3 bucket, each on a server of this process."""

from __future__ import annotations

import functools
import gzip
import http.server
import itertools
import json
import os
import tempfile
import threading

import pytest
import raskt.bag as rb
from s3_server import served

LINES = [json.dumps({"name": f"n{i % 3}", "x": i}) + "\n" for i in range(1000)]
NAMES = [("n0", 334), ("n1", 333), ("n2", 333)]


class Server(http.server.SimpleHTTPRequestHandler):
    """Files, and parts of them: what `blocksize` needs."""

    def log_message(self, *_args):
        pass

    def do_GET(self):
        wanted = self.headers.get("Range")
        path = self.translate_path(self.path)
        if wanted is None:
            super().do_GET()
            return
        with open(path, "rb") as file:
            data = file.read()
        begin, end = wanted.removeprefix("bytes=").split("-")
        part = data[int(begin) : int(end) + 1 if end else None]
        self.send_response(206)
        self.send_header("Content-Length", str(len(part)))
        self.send_header("Content-Range", f"bytes {begin}-{int(begin) + len(part) - 1}/{len(data)}")
        self.end_headers()
        self.wfile.write(part)

    def end_headers(self):
        self.send_header("Accept-Ranges", "bytes")
        super().end_headers()


@pytest.fixture
def web(tmp_path):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Server, directory=tmp_path))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_http_is_read_whole_and_in_blocks(tmp_path, web):
    pytest.importorskip("fsspec")
    pytest.importorskip("aiohttp")
    (tmp_path / "a.json").write_text("".join(LINES))
    (tmp_path / "a.json.gz").write_bytes(gzip.compress("".join(LINES).encode()))
    for b in (rb.read_text(f"{web}/a.json"), rb.read_text(f"{web}/a.json", blocksize=5000)):
        assert b.compute(scheduler="threads") == LINES
        names = b.map(json.loads).pluck("name").frequencies()
        assert "[native]" in names.explain()
        assert names.compute(scheduler="threads") == NAMES
    assert rb.read_text(f"{web}/a.json.gz").count().compute() == 1000
    with pytest.raises(FileNotFoundError):
        rb.read_text(f"{web}/none.json").compute(scheduler="threads")
    assert rb.from_url(f"{web}/a.json").count().compute() == 1000


@pytest.fixture
def bucket():
    pytest.importorskip("s3fs")
    with served() as (bucket, options):
        text = "".join(LINES).encode()
        cuts = [0, 7000, 7001, 15000, 15000, len(text)]
        for at, (begin, end) in enumerate(itertools.pairwise(cuts)):
            bucket.objects[f"logs/{at}.txt"] = text[begin:end]
        for at in range(5):
            part = "".join(LINES[at * 200 : at * 200 + 200]).encode()
            bucket.objects[f"json/{at}.json.gz"] = gzip.compress(part)
            bucket.objects[f"json/{at}.json"] = part
        bucket.objects["json/deeper/none.json"] = b"no JSON"
        yield bucket, options


def test_s3_is_read_whole_and_in_blocks(bucket):
    bucket, options = bucket
    whole = rb.read_text("s3://b/json/*.json.gz", storage_options=options)
    blocks = rb.read_text("s3://b/json/*.json", blocksize=2000, storage_options=options)
    assert (whole.npartitions, blocks.npartitions > 10) == (5, True)
    for b in (whole, blocks):
        assert b.compute(scheduler="threads") == LINES
        names = b.map(json.loads).pluck("name").frequencies()
        assert "[native]" in names.explain()
        assert names.compute(scheduler="threads") == NAMES
    # More names than one answer has: each list is asked for to its end.
    assert sum(request == "GET " for request in bucket.requests) >= 4
    joined = rb.read_text("s3://b/logs/*.txt", files_per_partition=5, storage_options=options)
    assert "".join(joined.compute(scheduler="sync")) == "".join(LINES)
    paths = rb.read_text("s3://b/json/1.json", include_path=True, storage_options=options).pluck(1).distinct()
    assert paths.compute(scheduler="sync") == ["s3://b/json/1.json"]
    with pytest.raises(FileNotFoundError):
        rb.read_text("s3://b/none*.json", storage_options=options)
    with pytest.raises(FileNotFoundError):
        rb.read_text("s3://b/json/none.json", storage_options=options).compute(scheduler="threads")


def test_a_bad_line_in_s3_is_named(bucket):
    _, options = bucket
    read = rb.read_text("s3://b/json/**/*.json", storage_options=options, errors="collect").map(json.loads)
    assert [bad[:3] for bad in read.bad_lines().compute(scheduler="threads")] == [
        ("s3://b/json/deeper/none.json", 1, 0)
    ]
    read = rb.read_text("s3://b/json/deeper/*.json", storage_options=options).map(json.loads)
    with pytest.raises(json.JSONDecodeError) as caught:
        read.compute(scheduler="threads")
    assert "s3://b/json/deeper/none.json, line 1, at byte 0" in caught.value.__notes__[0]


@pytest.mark.parametrize("scheduler", ["threads", "processes"])
def test_s3_is_written(bucket, scheduler):
    bucket, options = bucket
    b = rb.from_sequence([line.strip() for line in LINES], npartitions=3)
    with pytest.raises(FileNotFoundError):
        rb.read_text("s3://b/out/*", storage_options=options)
    paths = b.to_textfiles(
        "s3://b/out/*.txt.gz", storage_options=options, last_endline=True, scheduler=scheduler
    )
    assert sorted(key for key in bucket.objects if "out/" in key) == [f"out/{i}.txt.gz" for i in range(3)]
    assert gzip.decompress(bucket.objects["out/2.txt.gz"]).decode().endswith(LINES[-1])
    # What other processes wrote is found, too.
    for read in (paths, "s3://b/out/*.gz"):
        assert rb.read_text(read, storage_options=options).compute(scheduler="threads") == LINES


def test_what_fails_in_s3_leaves_nothing(bucket, tmp_path, monkeypatch):
    bucket, options = bucket
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    b = rb.range(10, npartitions=2).map(lambda x: str(1 // (x - 7)))
    with pytest.raises(ZeroDivisionError):
        b.to_textfiles("s3://b/bad/*.txt", storage_options=options, scheduler="sync")
    assert "bad/1.txt" not in bucket.objects
    bucket.refused = "secret/"
    with pytest.raises(PermissionError):
        rb.range(2, 1).map(str).to_textfiles("s3://b/secret/*.txt", storage_options=options, scheduler="sync")
    assert os.listdir(tmp_path) == []
