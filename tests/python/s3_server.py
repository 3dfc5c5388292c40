"""A bucket on a server of this process: as much of Amazon's S3 as reading and writing files asks for.

Objects are kept in memory, and requests are answered whoever signs them. Names of elements and headers are
those of the API reference of Amazon S3, for its actions HeadBucket, ListObjectsV2, HeadObject, GetObject and
PutObject. Whatever else a client asks for is an error.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import threading
import urllib.parse
from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape

#: No list has more keys than this, so that few objects make a client ask for the rest.
KEYS_MAX = 3


class Bucket:
    """What the server keeps, and what it was asked."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.requests: list[str] = []
        #: Writing objects whose keys contain this fails.
        self.refused: str | None = None
        self.lock = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers requests of the form ``/bucket/key``."""

    protocol_version = "HTTP/1.1"
    bucket: Bucket

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""

    def _asked(self) -> tuple[str, dict[str, str]]:
        parts = urllib.parse.urlsplit(self.path)
        _, _, key = urllib.parse.unquote(parts.path).lstrip("/").partition("/")
        query = dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True))
        with self.bucket.lock:
            self.bucket.requests.append(f"{self.command} {key}")
        return key, query

    def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _xml(self, name: str, inner: str, status: int = 200) -> None:
        text = f'<?xml version="1.0" encoding="UTF-8"?>\n<{name}>{inner}</{name}>'
        self._answer(status, text.encode(), Content_Type="application/xml")

    def _missing(self, key: str) -> None:
        self._xml(
            "Error", f"<Code>NoSuchKey</Code><Message>no such key</Message><Key>{escape(key)}</Key>", 404
        )

    def _body(self) -> bytes:
        """Return what was sent; newer clients send it in chunks, with checksums behind (``aws-chunked``)."""
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if "aws-chunked" not in self.headers.get("Content-Encoding", ""):
            return data
        found, at = [], 0
        while True:
            end = data.index(b"\r\n", at)
            n = int(data[at:end].split(b";")[0], 16)
            if n == 0:
                return b"".join(found)
            found.append(data[end + 2 : end + 2 + n])
            at = end + 2 + n + 2

    def do_HEAD(self) -> None:
        """HeadObject, HeadBucket."""
        key, _ = self._asked()
        data = self.bucket.objects.get(key)
        if not key:
            self._answer(200)
        elif data is None:
            self._answer(404)
        else:
            self._answer(200, Content_Length=str(len(data)), **_described(data))

    def do_GET(self) -> None:
        """GetObject, of which a part may be asked for, and ListObjectsV2."""
        key, query = self._asked()
        if not key:
            self._list(query)
            return
        data = self.bucket.objects.get(key)
        if data is None:
            self._missing(key)
            return
        wanted = self.headers.get("Range")
        if wanted is None:
            self._answer(200, data, **_described(data))
            return
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        # Without a first byte: so many from the end.
        begin = int(first) if first else max(len(data) - int(last), 0)
        end = min(int(last) + 1, len(data)) if first and last else len(data)
        if begin >= len(data):
            self._xml("Error", "<Code>InvalidRange</Code><Message>not satisfiable</Message>", 416)
            return
        place = f"bytes {begin}-{end - 1}/{len(data)}"
        self._answer(206, data[begin:end], Content_Range=place, **_described(data))

    def _list(self, query: dict[str, str]) -> None:
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        after = query.get("continuation-token", "")
        names = set()
        with self.bucket.lock:
            sizes = {key: len(data) for key, data in self.bucket.objects.items() if key.startswith(prefix)}
        for key in sizes:
            folder, found, _ = key[len(prefix) :].partition(delimiter) if delimiter else (key, "", "")
            names.add(prefix + folder + delimiter if found else key)
        left = sorted(name for name in names if name > after)
        page = left[:KEYS_MAX]
        inner = [f"<Name>b</Name><Prefix>{escape(prefix)}</Prefix><KeyCount>{len(page)}</KeyCount>"]
        inner.append(f"<IsTruncated>{str(len(left) > len(page)).lower()}</IsTruncated>")
        if len(left) > len(page):
            inner.append(f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>")
        for name in page:
            if name in sizes:
                inner.append(
                    f"<Contents><Key>{escape(name)}</Key><Size>{sizes[name]}</Size>"
                    "<LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>&quot;0&quot;</ETag>"
                    "<StorageClass>STANDARD</StorageClass></Contents>"
                )
            else:
                inner.append(f"<CommonPrefixes><Prefix>{escape(name)}</Prefix></CommonPrefixes>")
        self._xml("ListBucketResult", "".join(inner))

    def do_PUT(self) -> None:
        """PutObject."""
        key, _ = self._asked()
        data = self._body()
        if self.bucket.refused is not None and self.bucket.refused in key:
            self._xml("Error", "<Code>AccessDenied</Code><Message>Access Denied</Message>", 403)
            return
        with self.bucket.lock:
            self.bucket.objects[key] = data
        self._answer(200, ETag=_described(data)["ETag"])


def _described(data: bytes) -> dict[str, str]:
    tag = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return {
        "ETag": f'"{tag}"',
        "Last_Modified": "Thu, 01 Jan 2026 00:00:00 GMT",
        "Accept_Ranges": "bytes",
        "Content_Type": "binary/octet-stream",
    }


@contextlib.contextmanager
def served() -> Iterator[tuple[Bucket, dict[str, Any]]]:
    """A bucket, and the options with which s3fs finds it."""
    bucket = Bucket()
    handler = type("BucketHandler", (Handler,), {"bucket": bucket})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        client = {"endpoint_url": f"http://127.0.0.1:{server.server_port}", "region_name": "eu-west-1"}
        yield bucket, {"key": "k", "secret": "s", "client_kwargs": client}
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
