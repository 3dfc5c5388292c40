"""Lines of files: the steps that read and write text."""

from __future__ import annotations

import codecs
import functools
import io
from collections.abc import Iterator
from typing import Any, BinaryIO

from raskt.bag._bad import Context
from raskt.bag._files import compression_of, open_read, written
from raskt.bag._steps import Step

__all__ = ["ReadLines", "WriteLines", "delimiter_of"]

CHUNK_BYTES = 1 << 18


@functools.cache
def is_ascii_like(encoding: str) -> bool:
    """Whether a line feed is the byte 10 and nothing else is, so that lines can be split as bytes."""
    name = codecs.lookup(encoding).name
    return name in ("utf-8", "ascii", "latin-1", "cp437", "koi8-r") or name.startswith(("iso8859", "cp125"))


def delimiter_of(linedelimiter: str | None, encoding: str) -> bytes:
    """Return the bytes that end a line."""
    text = "\n" if linedelimiter is None else linedelimiter
    if is_ascii_like(encoding):
        return text.encode(encoding)
    # Encodings of several bytes a character put a mark first, which is no part of the delimiter.
    return text.encode(encoding).removeprefix("".encode(encoding))


class ReadLines(Step):
    """Read lines of parts of files, given as ``(path, compression, begin, end)``."""

    __slots__ = ("encoding", "errors", "include_path", "linedelimiter", "storage_options", "wants_bad")
    streams = False
    encoding: str
    errors: str
    include_path: bool
    linedelimiter: str | None
    storage_options: dict[str, Any] | None
    wants_bad: bool

    def describe(self) -> str:
        """Return what is read."""
        return "read_text"

    def prepare(self, context: Context) -> None:
        """Have ``context`` leave out lines that fail, if that was asked for."""
        if self.errors in ("skip", "collect"):
            context.bad = []
            context.wants_bad = self.wants_bad

    def run(self, context: Context, *inputs: Any) -> Iterator[Any]:
        """Return the lines, one by one."""
        self.prepare(context)
        return self._lines(context, inputs[0].parts)

    def text_of(self, raw: bytes, context: Context) -> Iterator[str]:
        """Return the text of a line that the engine found: several lines if carriage returns end them."""
        may_skip = self.errors in ("skip", "collect")
        try:
            line = raw.decode(self.encoding, "strict" if may_skip else self.errors)
        except UnicodeDecodeError as error:
            if not may_skip:
                raise
            context.skip(error)
            return iter(())
        if self.linedelimiter is None and "\r" in line:
            return _universal(line)
        # A last line of which nothing could be decoded is none.
        return iter((line,) if line else ())

    def _lines(self, context: Context, parts: Any) -> Iterator[Any]:
        for path, compression, begin, end in parts:
            place = [path, 0, begin]
            context.where = lambda place=place: tuple(place)
            with open_read(path, compression, self.storage_options) as file:
                if is_ascii_like(self.encoding):
                    lines = self._split(file, place, begin, end, context)
                else:
                    lines = self._decoded(file, place)
                if self.include_path:
                    for line in lines:
                        yield line, path
                else:
                    yield from lines

    def _split(
        self, file: BinaryIO, place: list[Any], begin: int, end: Any, context: Context
    ) -> Iterator[str]:
        """Split, then decode: the place in the file is known to the byte."""
        delimiter = delimiter_of(self.linedelimiter, self.encoding)
        offset = begin
        if begin:
            # The line that begins before this part belongs to the part before.
            offset = max(0, begin - len(delimiter))
            file.seek(offset)
            offset += len(file.readline() if delimiter == b"\n" else next(raw_lines(file, delimiter), b""))
            file.seek(offset)
        for raw in raw_lines(file, delimiter):
            if end is not None and offset >= end:
                return
            place[1] += 1
            place[2] = offset
            offset += len(raw)
            yield from self.text_of(raw, context)

    def _decoded(self, file: BinaryIO, place: list[Any]) -> Iterator[str]:
        """Decode, then split: encodings in which a line feed is no single byte."""
        mark = len("".encode(self.encoding))
        errors = "strict" if self.errors in ("skip", "collect") else self.errors
        text = io.TextIOWrapper(file, self.encoding, errors, newline="")
        offset = mark
        for line in raw_lines(text, "\n" if self.linedelimiter is None else self.linedelimiter):
            place[1] += 1
            place[2] = offset
            offset += len(line.encode(self.encoding, "surrogatepass")) - mark
            if self.linedelimiter is None and "\r" in line:
                yield from _universal(line)
            else:
                yield line


def _universal(line: str) -> Iterator[str]:
    """Split at carriage returns too, and make all line ends the same."""
    text = line.replace("\r\n", "\n").replace("\r", "\n")
    at = 0
    while at < len(text):
        end = text.find("\n", at) + 1 or len(text)
        yield text[at:end]
        at = end


def raw_lines(file: Any, delimiter: Any) -> Iterator[Any]:
    """Yield lines that end with ``delimiter``; memory holds a chunk and one line."""
    if delimiter == b"\n":
        yield from file
        return
    rest = delimiter[:0]
    while chunk := file.read(CHUNK_BYTES):
        pieces = (rest + chunk).split(delimiter)
        rest = pieces.pop()
        for piece in pieces:
            yield piece + delimiter
    if rest:
        yield rest


class Parts:
    """Parts of files that one task reads: opaque, so that nobody looks into them for tasks."""

    __slots__ = ("parts",)

    def __init__(self, parts: tuple[tuple[Any, ...], ...]) -> None:
        self.parts = parts

    def __reduce__(self) -> Any:
        return Parts, (self.parts,)

    def __raskt_tokenize__(self) -> Any:
        return self.parts


class WriteLines(Step):
    """Write the elements of a partition to a file, an element a line."""

    __slots__ = ("compression", "encoding", "last_endline", "storage_options")
    compression: Any
    encoding: str
    last_endline: bool
    storage_options: dict[str, Any] | None

    def describe(self) -> str:
        """Return what is done."""
        return "to_textfiles"

    def run(self, _context: Context, stream: Any, *inputs: Any) -> list[str]:
        """Return the path."""
        path, mark = inputs
        # One encoder for the file: some encodings begin with a mark, and have line feeds of several bytes.
        encode = codecs.getincrementalencoder(self.encoding)().encode
        with written(path, mark, compression_of(path, self.compression), self.storage_options) as file:
            is_first = True
            for at, element in enumerate(stream):
                if not isinstance(element, (str, bytes)):
                    raise TypeError(
                        f"to_textfiles writes str and bytes, found {type(element).__name__} as element {at} "
                        f"of {path}: map(str) or map(json.dumps) first"
                    )
                end = b"" if is_first else encode("\n")
                file.write(end + (element if isinstance(element, bytes) else encode(element)))
                is_first = False
            if not is_first:
                file.write(encode("\n" if self.last_endline else "", True))
        return [path]
