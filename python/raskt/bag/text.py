"""Bags of lines of text, from files and URLs, and back to files."""

from __future__ import annotations

import codecs
import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from raskt._raskt import TaskRef
from raskt._whole import truncated, whole
from raskt.bag._base import bag_of
from raskt.bag._files import anchored, compression_of, expand, is_remote, remove_unfinished, size_of
from raskt.bag._layers import Layer, step_layer
from raskt.bag._lines import Parts, ReadLines, WriteLines, delimiter_of, is_ascii_like
from raskt.bag._steps import Step
from raskt.tokenize import tokenize
from raskt.units import parse_bytes

if TYPE_CHECKING:
    from raskt.bag.core import Bag

__all__ = ["from_url", "read_text", "to_textfiles"]


def read_text(
    urlpath: Any,
    blocksize: int | str | None = None,
    compression: Any = "infer",
    encoding: str = "utf-8",
    errors: str = "strict",
    linedelimiter: str | None = None,
    collection: bool = True,
    storage_options: dict[str, Any] | None = None,
    files_per_partition: int | None = None,
    include_path: bool = False,
) -> Any:
    r"""Read lines of text files.

    Parameters
    ----------
    urlpath : str, path or list
        Paths, or patterns with ``*``; or URLs of any file system that fsspec knows, such as
        ``s3://bucket/*.json``.
    blocksize : int or str, optional
        Cut files into blocks of so many bytes, such as ``"64MB"``, each a partition. Default: whole files.
    compression : str, optional
        ``"gzip"``, ``"bz2"``, ``"xz"``, ``"zstd"``, None, or ``"infer"`` from the name of each file.
    encoding : str, optional
        How bytes become text.
    errors : str, optional
        What to do with bytes that cannot be decoded: ``"strict"``, ``"replace"``, ``"ignore"`` and whatever
        else
        `codecs` knows; or ``"skip"`` or ``"collect"``, with which lines are left out that cannot be decoded,
        or on
        which a function that follows (in `map`, `filter`, `pluck`) raises an error. A `BadLinesWarning` says
        how many;
        `bad_lines` returns them.
    linedelimiter : str, optional
        What ends a line. Default: any of ``\n``, ``\r\n`` and ``\r``, which all become ``\n``.
    collection : bool, optional
        Whether to return a bag (default), or a list of delayed partitions.
    storage_options : dict, optional
        Options of the file system, for URLs.
    files_per_partition : int, optional
        How many files make a partition. Default: 1.
    include_path : bool, optional
        Whether elements are pairs of line and path.

    Returns
    -------
    Bag or list of Delayed
        The lines, with what ends them.

    Raises
    ------
    FileNotFoundError
        If there is no such file, or none that matches; at once.
    LookupError
        For an unknown encoding or way to deal with errors; at once.
    ValueError
        For blocks of compressed files, and other options that contradict one another; at once.

    Examples
    --------
    >>> import tempfile, raskt.bag as rb
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with open(folder + "/a.txt", "w") as file:
    ...         _ = file.write("one\ntwo")
    ...     rb.read_text(folder + "/*.txt").str.strip().compute()
    ['one', 'two']
    """
    codecs.lookup(encoding)
    if errors not in ("skip", "collect"):
        codecs.lookup_error(errors)
    if blocksize is not None and files_per_partition is not None:
        raise ValueError("blocksize cuts files and files_per_partition joins them: give one of them")
    if linedelimiter == "":
        raise ValueError("linedelimiter must not be empty")
    if errors in ("skip", "collect") and not is_ascii_like(encoding):
        raise ValueError(f"errors={errors!r} needs an encoding that extends ASCII, found {encoding!r}")
    paths = expand(urlpath, storage_options)
    files = [(path, compression_of(path, compression)) for path in paths]
    if blocksize is None:
        groups = _whole(files, files_per_partition)
    else:
        groups = _blocks(files, blocksize, delimiter_of(linedelimiter, encoding), encoding, storage_options)
    step = ReadLines(encoding, errors, include_path, linedelimiter, storage_options, False)
    name = f"read_text-{tokenize(step, groups, [_stamp(path) for path in paths])}"
    bag = bag_of(
        step_layer(name, step, len(groups), lambda: [(Parts(tuple(group)),) for group in groups]),
        name,
        len(groups),
    )
    return bag if collection else bag.to_delayed()


def _stamp(path: str) -> Any:
    """What changes when a local file does, so that its bag is another one."""
    if is_remote(path):
        return None
    found = os.stat(path)
    return found.st_size, found.st_mtime_ns, found.st_ino


def _whole(files: list[Any], files_per_partition: int | None) -> list[list[Any]]:
    n = whole("files_per_partition", 1 if files_per_partition is None else files_per_partition, 1)
    parts = [(path, compression, 0, None) for path, compression in files]
    return [parts[at : at + n] for at in range(0, len(parts), n)]


def _blocks(
    files: list[Any], blocksize: Any, delimiter: bytes, encoding: str, storage_options: Any
) -> list[list[Any]]:
    size = parse_bytes(blocksize) if isinstance(blocksize, str) else truncated("blocksize", blocksize)
    if size < 1:
        raise ValueError(f"blocksize must be 1 byte or more, found {blocksize!r}")
    if not is_ascii_like(encoding):
        raise ValueError(f"files in {encoding!r} cannot be read in blocks: leave blocksize out")
    if any(delimiter.startswith(delimiter[at:]) for at in range(1, len(delimiter))):
        raise ValueError(
            f"lines that end with {delimiter!r}, which overlaps itself, cannot be read in blocks"
        )
    groups: list[list[Any]] = []
    for path, compression in files:
        if compression is not None:
            raise ValueError(
                f"{path} is compressed ({compression}) and cannot be read in blocks: leave blocksize out"
            )
        n_bytes = size_of(path, storage_options)
        n = max(1, -(-n_bytes // size))
        bounds = [i * size for i in range(n)]
        groups.extend([(path, None, begin, min(begin + size, n_bytes))] for begin in bounds)
    return groups


def from_url(urls: Any) -> Bag:
    r"""Read lines from URLs, each a partition.

    Parameters
    ----------
    urls : str or list
        The URLs.

    Returns
    -------
    Bag
        The lines as bytes, with what ends them.

    Examples
    --------
    >>> import pathlib, tempfile, raskt.bag as rb
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "a.txt")
    ...     _ = path.write_text("one\ntwo")
    ...     rb.from_url([path.as_uri()]).compute()
    [b'one\n', b'two']
    """
    found = [urls] if isinstance(urls, str) else list(urls)
    if not found:
        raise ValueError("from_url needs at least one URL")
    name = f"from_url-{tokenize(found)}"
    return bag_of(step_layer(name, Fetch(), len(found), lambda: [(url,) for url in found]), name, len(found))


class Fetch(Step):
    """Read the lines of a URL."""

    __slots__ = ()
    streams = False

    def describe(self) -> str:
        """Return what is done."""
        return "from_url"

    def run(self, _context: Any, *inputs: Any) -> Iterable[bytes]:
        """Return the lines, one by one."""
        from urllib.request import urlopen

        with urlopen(inputs[0]) as response:
            yield from response


def targets(
    path: Any, npartitions: int, name_function: Callable[[int], Any] | None, suffix: str
) -> list[str]:
    """Return a path for each partition."""
    if not isinstance(path, (str, bytes, os.PathLike)):
        found = [os.fsdecode(one) for one in path]
        if len(found) != npartitions:
            raise ValueError(f"{npartitions} partitions need as many paths, found {len(found)}")
        if len(set(found)) != len(found):
            raise ValueError("every partition needs a path of its own")
        return [anchored(one) for one in found]
    pattern = os.fsdecode(path)
    if "*" not in pattern:
        pattern = os.path.join(pattern, f"*{suffix}")
    if pattern.count("*") > 1:
        raise ValueError(f"a path has one * for the number of the partition, found {pattern!r}")
    width = len(str(npartitions - 1))
    named = name_function or (lambda i: str(i).zfill(width))
    made = [pattern.replace("*", str(named(i))) for i in range(npartitions)]
    if len(set(made)) != len(made):
        raise ValueError("name_function must give every partition a name of its own")
    return [anchored(one) for one in made]


def to_textfiles(
    b: Bag,
    path: Any,
    name_function: Callable[[int], Any] | None = None,
    compression: Any = "infer",
    encoding: Any = "utf-8",
    compute: bool = True,
    storage_options: dict[Any, Any] | None = None,
    last_endline: bool = False,
    **kwargs: Any,
) -> Any:
    """Write each partition of a bag to a text file; see `Bag.to_textfiles`.

    Parameters
    ----------
    b : Bag
        The bag.
    path, name_function, compression, encoding, compute, storage_options, last_endline, **kwargs
        As there.

    Returns
    -------
    list
        The paths; delayed values with ``compute=False``.

    Examples
    --------
    >>> import tempfile, raskt.bag as rb
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     paths = rb.to_textfiles(rb.from_sequence(["a"]), folder)
    ...     rb.read_text(paths).compute()
    ['a']
    """
    codecs.lookup(encoding)
    paths = targets(path, b.npartitions, name_function, ".part")
    for one in paths:
        compression_of(one, compression)
    return write(b, "to_textfiles", WriteLines(compression, encoding, last_endline, storage_options), paths,
                 compute, kwargs)  # fmt: skip


def write(b: Bag, label: str, step: Step, paths: list[str], compute: bool, kwargs: dict[str, Any]) -> Any:
    """Write each partition to its path by ``step``."""
    mark = os.urandom(8).hex()
    name = f"{label}-{tokenize(b.name, step, paths)}"

    def rows() -> list[Any]:
        return [(TaskRef((b.name, i)), one, mark) for i, one in enumerate(paths)]

    layer: Layer = step_layer(name, step, len(paths), rows, after=b)
    bag = bag_of(layer, name, b.npartitions)
    if not compute:
        return bag.to_delayed()
    try:
        return bag.compute(**kwargs)
    except BaseException:
        # Processes may have been killed, and threads go on with functions that cannot be stopped.
        remove_unfinished(paths, mark)
        raise
