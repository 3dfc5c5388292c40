"""Files that are elsewhere: over HTTP, and in an S3 bucket, each on a server of this process."""

from __future__ import annotations

import contextlib
import functools
import gzip
import http.server
import json
import threading

import pytest
import raskt.bag as rb

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


@contextlib.contextmanager
def bucket():
    server = pytest.importorskip("moto.server").ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    try:
        host, port = server.get_host_and_port()
        client = {"endpoint_url": f"http://{host}:{port}", "region_name": "eu-west-1"}
        yield {"key": "k", "secret": "s", "client_kwargs": client}
    finally:
        server.stop()


def test_s3_is_read_and_written():
    s3fs = pytest.importorskip("s3fs")
    with bucket() as options:
        fs = s3fs.S3FileSystem(**options)
        fs.mkdir("bags")
        for at in range(2):
            data = "".join(LINES[at * 500 : at * 500 + 500]).encode()
            fs.pipe(f"bags/{at}.json.gz", gzip.compress(data))
            fs.pipe(f"bags/{at}.json", data)
        for b in (
            rb.read_text("s3://bags/*.json.gz", storage_options=options),
            rb.read_text("s3://bags/*.json", blocksize=5000, storage_options=options),
        ):
            assert b.compute(scheduler="threads") == LINES
            counts = b.map(json.loads).pluck("name").frequencies().compute(scheduler="threads")
            assert counts == NAMES
        paths = b.str.strip().to_textfiles(
            "s3://bags/out/*.txt.gz", storage_options=options, last_endline=True, scheduler="threads"
        )
        assert rb.read_text(paths, storage_options=options).compute(scheduler="threads") == LINES
        with pytest.raises(FileNotFoundError):
            rb.read_text("s3://bags/none*.json", storage_options=options)
