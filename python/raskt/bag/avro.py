"""Bags of records of Avro files; needs ``fastavro``."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from raskt.bag._bad import Context
from raskt.bag._base import bag_of
from raskt.bag._files import compression_of, expand, open_read, size_of, written
from raskt.bag._layers import step_layer
from raskt.bag._lines import Parts
from raskt.bag._steps import Step
from raskt.bag.text import targets, write
from raskt.tokenize import tokenize
from raskt.units import parse_bytes

if TYPE_CHECKING:
    from raskt.bag.core import Bag

__all__ = ["read_avro", "to_avro"]

#: The bytes of the mark between blocks.
MARK_BYTES = 16
CHUNK_BYTES = 1 << 20


def _fastavro() -> Any:
    try:
        import fastavro
    except ImportError as error:
        raise ImportError("Avro files need the package fastavro: pip install fastavro") from error
    return fastavro


def read_avro(
    urlpath: Any,
    blocksize: int | str | None = 100_000_000,
    storage_options: dict[str, Any] | None = None,
    compression: Any = None,
) -> Bag:
    """Read records of Avro files.

    Parameters
    ----------
    urlpath : str, path or list
        As in `read_text`.
    blocksize : int or str, optional
        Cut files into parts of about so many bytes; None for whole files.
    storage_options : dict, optional
        Options of the file system, for URLs.
    compression : str, optional
        How whole files are compressed, which is rare; what Avro compresses itself needs nothing.

    Returns
    -------
    Bag
        The records as dictionaries.

    Raises
    ------
    FileNotFoundError
        If there is no such file; at once.
    ValueError
        For a compressed file with a block size.
    ImportError
        Without ``fastavro``.

    Examples
    --------
    >>> import tempfile, raskt.bag as rb
    >>> schema = {"type": "record", "name": "r", "fields": [{"name": "x", "type": "long"}]}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     paths = rb.from_sequence([{"x": 1}], npartitions=1).to_avro(folder + "/*.avro", schema)
    ...     rb.read_avro(folder + "/*.avro").compute()
    [{'x': 1}]
    """
    _fastavro()
    size = parse_bytes(blocksize) if isinstance(blocksize, str) else blocksize
    paths = expand(urlpath, storage_options)
    groups: list[Any] = []
    for path in paths:
        kind = compression_of(path, compression)
        if kind is not None and size is not None:
            raise ValueError(f"{path} is compressed and cannot be read in blocks: pass blocksize=None")
        if size is None:
            groups.append((path, kind, 0, None))
            continue
        n_bytes = size_of(path, storage_options)
        groups.extend((path, None, at, at + size) for at in range(0, max(1, n_bytes), size))
    name = f"read_avro-{tokenize(groups, storage_options)}"
    rows = [(Parts((group,)),) for group in groups]
    return bag_of(step_layer(name, ReadAvro(storage_options), len(rows), lambda: rows), name, len(groups))


class ReadAvro(Step):
    """Read the records of the blocks that begin in a part of a file."""

    __slots__ = ("storage_options",)
    streams = False
    storage_options: dict[str, Any] | None

    def describe(self) -> str:
        """Return what is read."""
        return "read_avro"

    def run(self, context: Context, *inputs: Any) -> Iterator[Any]:
        """Return the records, one by one."""
        ((path, compression, begin, end),) = inputs[0].parts
        context.where = lambda: (path, 0, begin)
        fastavro = _fastavro()
        with open_read(path, compression, self.storage_options) as file:
            if end is None:
                yield from fastavro.reader(file)
                return
            head, mark = _header(file, fastavro)
            first = max(begin, len(head))
            start = len(head) if begin <= len(head) else _after_mark(file, mark, first - MARK_BYTES)
            stop = _after_mark(file, mark, max(end, len(head)) - MARK_BYTES)
            if start is None or (stop is not None and start >= stop):
                return
            file.seek(start)
            blocks = file.read() if stop is None else file.read(stop - start)
        yield from fastavro.reader(io.BytesIO(head + blocks))


def _header(file: Any, fastavro: Any) -> tuple[bytes, bytes]:
    """Return what a file begins with, and the mark between its blocks."""
    reader = fastavro.reader(file)
    mark: bytes = reader._header["sync"]
    file.seek(0)
    head = b""
    while True:
        chunk = file.read(CHUNK_BYTES)
        head += chunk
        at = head.find(mark)
        if at >= 0 or not chunk:
            return head[: at + MARK_BYTES], mark


def _after_mark(file: Any, mark: bytes, at: int) -> int | None:
    """Return where the first mark from ``at`` on ends; None if there is none."""
    file.seek(at)
    seen = b""
    while chunk := file.read(CHUNK_BYTES):
        data = seen + chunk
        found = data.find(mark)
        if found >= 0:
            return int(at + found + MARK_BYTES)
        keep = data[-(MARK_BYTES - 1) :]
        at += len(data) - len(keep)
        seen = keep
    return None


def to_avro(
    b: Bag,
    filename: Any,
    schema: Any,
    name_function: Callable[[int], Any] | None = None,
    storage_options: dict[Any, Any] | None = None,
    codec: Any = "null",
    sync_interval: int = 16000,
    metadata: Any = None,
    compute: bool = True,
    **kwargs: Any,
) -> Any:
    """Write each partition of a bag to an Avro file; see `Bag.to_avro`.

    Parameters
    ----------
    b : Bag
        The bag of records.
    filename, schema, name_function, storage_options, codec, sync_interval, metadata, compute, **kwargs
        As there.

    Returns
    -------
    list
        The paths; delayed values with ``compute=False``.
    """
    _fastavro().parse_schema(schema)
    paths = targets(filename, b.npartitions, name_function, ".avro")
    step = WriteAvro(codec, metadata, schema, storage_options, sync_interval)
    return write(b, "to_avro", step, paths, compute, kwargs)


class WriteAvro(Step):
    """Write the records of a partition to a file."""

    __slots__ = ("codec", "metadata", "schema", "storage_options", "sync_interval")
    codec: str
    metadata: Any
    schema: Any
    storage_options: dict[str, Any] | None
    sync_interval: int

    def describe(self) -> str:
        """Return what is done."""
        return "to_avro"

    def run(self, _context: Context, stream: Any, *inputs: Any) -> list[str]:
        """Return the path."""
        fastavro = _fastavro()
        path, mark = inputs
        with written(path, mark, None, self.storage_options) as file:
            schema = fastavro.parse_schema(self.schema)
            fastavro.writer(
                file,
                schema,
                stream,
                codec=self.codec,
                sync_interval=self.sync_interval,
                metadata=self.metadata,
            )
        return [path]
