"""Frames of text: CSV and its like, natively where the engine's reader knows the keywords, else by pandas."""

from __future__ import annotations

import copy
import csv
import functools
import inspect
import io
import itertools
import os
import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

from raskt import _raskt
from raskt.bag._files import compression_of, is_remote, open_read
from raskt.dataframe._op import frame_of, schema_of
from raskt.dataframe._text_blocks import lines_of, named, parsed, read_block, stamp_of
from raskt.dataframe.reading import paths_of
from raskt.units import parse_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["blocks_of", "framed", "read_csv", "read_fwf", "read_table", "with_text"]

_BLOCK_BYTES = 64 << 20

#: What stands for a missing value in pandas, beside the empty field.
_PANDAS = (
    *(
        "#N/A",
        "#N/A N/A",
        "#NA",
        "-1.#IND",
        "-1.#QNAN",
        "-NaN",
        "-nan",
        "1.#IND",
        "1.#QNAN",
        "<NA>",
        "N/A",
        "NA",
    ),
    *("NULL", "NaN", "None", "n/a", "nan", "null"),
)

#: Keywords of pandas' that mean something else for many blocks, and what to do instead.
_REFUSED = {
    "index": "call set_index on the frame",
    "index_col": "call set_index on the frame",
    "iterator": "the frame's partitions are its parts",
    "chunksize": "give blocksize=",
    "nrows": "call head on the frame",
}
#: Keywords that say nothing about what is read.
_SILENT = ("low_memory", "memory_map", "float_precision")
_NATIVE = frozenset(
    {
        *("sep", "delimiter", "dtype", "usecols", "names", "header", "parse_dates", "na_values"),
        *("keep_default_na", "quotechar", "comment", "skip_blank_lines", "encoding"),
    }
)
_ONE_BYTE_ENCODINGS = ("utf", "ascii", "us-ascii", "latin", "iso-8859", "iso8859", "cp125", "windows-125")


class _Layout(NamedTuple):
    """How files are cut, if they are: how lines are written, and which bytes may not be in a block."""

    shape: dict[str, Any]
    quote: bytes | None


def read_csv(
    urlpath: Any,
    blocksize: Any = "default",
    lineterminator: str | None = None,
    compression: Any = "infer",
    sample: Any = 256_000,
    sample_rows: int = 10,
    enforce: bool = False,
    assume_missing: bool = False,
    storage_options: dict[str, Any] | None = None,
    include_path_column: bool | str = False,
    **kwargs: Any,
) -> Any:
    r"""Return a frame of CSV files.

    Parameters
    ----------
    urlpath : str, path or list
        A file, a folder, a pattern, a URL that fsspec knows, or several of these.
    blocksize : int, str or None, optional
        Files are cut into partitions of about so many bytes, 64 MiB by default; None for one partition a
        file. Compressed files are not cut.
    lineterminator : str, optional
        What ends lines; files are not cut if it is given.
    compression : str or None, optional
        "gzip", "bz2", "xz", "zstd"; "infer" goes by the ends of names.
    sample : int or str, optional
        The dtypes of columns are found out by so many bytes of the beginning of the first file, where
        ``dtype`` does not say them.
    sample_rows : int, optional
        Accepted for Dask's sake.
    enforce : bool, optional
        Accepted for Dask's sake: columns are compared in any case.
    assume_missing : bool, optional
        Whether columns that look like integers are floats, unless ``dtype`` says otherwise.
    storage_options : dict, optional
        What fsspec's file system gets, for URLs.
    include_path_column : bool or str, optional
        Whether a column, "path" or of that name, says from which file rows are.
    **kwargs
        Keywords of `pandas.read_csv`. Local, uncompressed files are read natively with ``sep``, ``dtype``,
        ``usecols``, ``names``, ``header``, ``parse_dates``, ``na_values``, ``keep_default_na``,
        ``quotechar``, ``comment``, ``skip_blank_lines`` of the usual kinds, and by pandas, block by
        block, with others.

    Returns
    -------
    DataFrame
        The rows of each partition are numbered from 0.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    TypeError
        For keywords that pandas does not have.
    NotImplementedError
        For ``index_col``, ``nrows``, ``chunksize``, ``iterator``.
    ValueError
        If files have other columns than the first one; in tasks, for a value that does not fit its dtype,
        naming file, column and the dtype to ask for; where lines cannot be told from text in quotes.

    Warns
    -----
    UserWarning
        If compressed files are not cut though ``blocksize`` is not None.

    Examples
    --------
    >>> import tempfile
    >>> import raskt.dataframe as rd
    >>> with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
    ...     _ = file.write("x,y\n1,a\n2,b\n")
    ...     file.flush()
    ...     rd.read_csv(file.name).x.sum().compute()
    np.int64(3)
    """
    del sample_rows, enforce
    if lineterminator is not None:
        kwargs["lineterminator"] = lineterminator
    reader = _Reader("read_csv", urlpath, blocksize, compression, storage_options, kwargs)
    reader.sample_bytes = parse_bytes(sample) if sample else 256_000
    reader.assume_missing = assume_missing
    reader.path_column = "path" if include_path_column is True else include_path_column or None
    return reader.frame()


def read_table(
    urlpath: Any,
    blocksize: Any = "default",
    lineterminator: str | None = None,
    compression: Any = "infer",
    sample: Any = 256_000,
    sample_rows: int = 10,
    enforce: bool = False,
    assume_missing: bool = False,
    storage_options: dict[str, Any] | None = None,
    include_path_column: bool | str = False,
    **kwargs: Any,
) -> Any:
    r"""Return a frame of files whose fields are between tabs, or what ``sep`` says; see `read_csv`.

    Parameters
    ----------
    urlpath, blocksize, lineterminator, compression, sample, sample_rows, enforce, assume_missing, \
storage_options, include_path_column, **kwargs
        As in `read_csv`.

    Returns
    -------
    DataFrame

    Examples
    --------
    >>> import tempfile
    >>> import raskt.dataframe as rd
    >>> with tempfile.NamedTemporaryFile("w", suffix=".tsv") as file:
    ...     _ = file.write("x\ty\n1\ta\n2\tb\n")
    ...     file.flush()
    ...     rd.read_table(file.name).x.sum().compute()
    np.int64(3)
    """
    if kwargs.get("sep") is None and kwargs.get("delimiter") is None:
        kwargs["sep"] = "\t"
    return read_csv(
        urlpath,
        blocksize,
        lineterminator,
        compression,
        sample,
        sample_rows,
        enforce,
        assume_missing,
        storage_options,
        include_path_column,
        **kwargs,
    )


def read_fwf(
    urlpath: Any,
    blocksize: Any = "default",
    lineterminator: str | None = None,
    compression: Any = "infer",
    sample: Any = 256_000,
    sample_rows: int = 10,
    enforce: bool = False,
    assume_missing: bool = False,
    storage_options: dict[str, Any] | None = None,
    include_path_column: bool | str = False,
    **kwargs: Any,
) -> Any:
    r"""Return a frame of files whose fields stand at fixed places of lines, read by pandas; see `read_csv`.

    Parameters
    ----------
    urlpath, blocksize, lineterminator, compression, sample, sample_rows, enforce, assume_missing, \
storage_options, include_path_column
        As in `read_csv`.
    **kwargs
        Keywords of `pandas.read_fwf`. Without ``colspecs`` or ``widths`` the places are found out by the
        first lines of the first file, for all blocks.

    Returns
    -------
    DataFrame

    Examples
    --------
    >>> import tempfile
    >>> import raskt.dataframe as rd
    >>> with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
    ...     _ = file.write(" x y\n 1 a\n22 b\n")
    ...     file.flush()
    ...     rd.read_fwf(file.name).x.sum().compute()
    np.int64(23)
    """
    del sample_rows, enforce
    if lineterminator is not None:
        kwargs["lineterminator"] = lineterminator
    reader = _Reader("read_fwf", urlpath, blocksize, compression, storage_options, kwargs)
    reader.sample_bytes = parse_bytes(sample) if sample else 256_000
    reader.assume_missing = assume_missing
    reader.path_column = "path" if include_path_column is True else include_path_column or None
    return reader.frame()


@functools.cache
def _defaults(name: str) -> dict[str, Any]:
    """Return the keywords of a function of pandas', with their defaults."""
    import pandas as pd

    found = inspect.signature(getattr(pd, name)).parameters.items()
    known = {key: parameter.default for key, parameter in list(found)[1:]}
    if name == "read_fwf":
        known = {**_defaults("read_csv"), **{key: x for key, x in known.items() if key != "kwds"}}
    return known


class _Reader:
    """A call of one of pandas' functions that read text, while it becomes a frame."""

    sample_bytes = 256_000
    assume_missing = False
    path_column: str | None = None

    def __init__(
        self,
        name: str,
        urlpath: Any,
        blocksize: Any,
        compression: Any,
        storage_options: Any,
        keywords: dict[str, Any],
    ) -> None:
        known = _defaults(name)
        for key, instead in _REFUSED.items():
            value = keywords.get(key)
            if not (value is None or value is False):
                raise NotImplementedError(f"{name} with {key}={value!r}: {instead}")
        unknown = sorted(keywords.keys() - known.keys() - {"index", "lineterminator"})
        if unknown:
            raise TypeError(f"{name} does not know the keywords {unknown!r}")
        self.name, self.storage_options = name, storage_options
        self.paths = paths_of(urlpath, (".csv",) if name == "read_csv" else (".txt",), storage_options)
        packed = [path for path in self.paths if path.endswith((".zip", ".tar"))]
        if packed and compression == "infer":
            raise NotImplementedError(
                f"{packed[0]}: archives of files; call from_map(pandas.{name}, files) for these"
            )
        self.compressions = {compression_of(path, compression) for path in self.paths}
        if len(self.compressions) > 1:
            raise NotImplementedError("files of several compressions in one frame: concat frames of each")
        self.compression = next(iter(self.compressions))
        self.size = None if blocksize is None else _BLOCK_BYTES
        if blocksize not in (None, "default"):
            self.size = max(1, parse_bytes(blocksize))
        if self.compression is not None and self.size is not None:
            warnings.warn(
                f"{self.compression} files are not cut: each is one partition, which has to fit into memory; "
                "blocksize=None says that this is meant",
                UserWarning,
                stacklevel=4,
            )
            self.size = None
        # What the caller does to them later is nothing of ours.
        self.keywords = {
            key: copy.deepcopy(value)
            for key, value in keywords.items()
            if key not in _SILENT and key != "index" and not _is_default(value, known.get(key))
        }

    def frame(self) -> Any:
        """Return the frame."""
        native = self._native()
        return self._by_pandas() if native is None else native

    # ---- natively ----

    def _native(self) -> Any:
        """Return the frame, read natively; None where only pandas can."""
        plain = self.name == "read_csv" and self.compression is None and self.path_column is None
        if not plain or self.assume_missing or any(is_remote(path) for path in self.paths):
            return None
        options = _native_options(dict(self.keywords), self.size)
        if options is None or all(self._is_header_alone(path) for path in self.paths):
            return None
        try:
            frame = frame_of(_raskt.frame_read_csv(self.paths, options))
        except NotImplementedError:
            # A dtype that only pandas reads.
            return None
        dtypes = dict(zip(frame._expr.labels, frame._expr.dtypes, strict=True))
        are_times = all("datetime" in str(dtypes.get(label, "")) for label in options["times"])
        return frame if are_times and "object" not in map(str, dtypes.values()) else None

    def _is_header_alone(self, path: str) -> bool:
        """Return whether a file has one line, which names the columns: pandas has objects of those then."""
        if self.keywords.keys() & {"header", "names"} or os.path.getsize(path) > self.sample_bytes:
            return False
        with open(path, "rb") as file:
            return len(file.read().split()) == 1

    # ---- by pandas ----

    def _by_pandas(self) -> Any:
        keywords = dict(self.keywords)
        layout = self._layout()
        first = self.paths[0]
        header, n_fields, size = b"", 0, None if layout is None else self.size
        try:
            if layout is None:
                keywords, head = self._whole_head(keywords)
            else:
                keywords, head, header, n_fields = self._block_head(layout, keywords)
        except (ValueError, OSError, EOFError) as error:
            raise named(error, first) from error
        like = self._like(head, keywords)
        if size is not None:
            # The first block has all of the header.
            size = max(size, len(header) + 1)
        keywords = with_text(keywords, like)
        how: dict[str, Any] = {
            "reader": self.name,
            "keywords": keywords,
            "later": {key: value for key, value in keywords.items() if key != "skiprows"},
            "like": like,
            "compression": self.compression,
            "storage_options": self.storage_options,
            "path_column": None,
            "header": header,
            "n_fields": n_fields,
            "shape": None if layout is None else layout.shape,
            "quote": None if layout is None else layout.quote,
        }
        items = blocks_of(self.paths, size, self.storage_options)
        return framed(self.name, how, items, self.paths, self.path_column)

    def _layout(self) -> _Layout | None:
        """Return how files are cut; None where they cannot be, or shall not."""
        keywords = self.keywords
        encoding = str(keywords.get("encoding") or "utf-8").lower().replace("_", "-")
        is_by_bytes = encoding.startswith(_ONE_BYTE_ENCODINGS) and not encoding.startswith(
            ("utf-16", "utf16", "utf-32", "utf32", "utf-7")
        )
        skips = keywords.get("skiprows", 0)
        cannot = (
            self.size is None
            or not is_by_bytes
            or not (isinstance(skips, int) and not isinstance(skips, bool))
            or any(keywords.get(key) for key in ("skipfooter", "lineterminator", "escapechar", "dialect"))
            or keywords.get("doublequote") is False
        )
        if cannot:
            return None
        separator = keywords.get("sep", keywords.get("delimiter"))
        if separator is None and "sep" not in keywords and "delimiter" not in keywords:
            separator = ","
        comment = keywords.get("comment")
        quote = keywords.get("quotechar", '"')
        shape = {
            "separator": separator,
            "quote": None if keywords.get("quoting") == csv.QUOTE_NONE else quote,
            "comment": comment,
            "skips_blank_lines": bool(keywords.get("skip_blank_lines", True)),
        }
        if self.name == "read_fwf":
            return _Layout({**shape, "separator": "\x00", "quote": None}, None)
        is_plain = (
            isinstance(separator, str)
            and len(separator) == 1
            and separator.isascii()
            and separator != " "
            and not keywords.get("skipinitialspace")
            and not keywords.get("delim_whitespace")
        )
        if is_plain:
            return _Layout(shape, None)
        forbidden = None if shape["quote"] is None else str(quote).encode()
        return _Layout({**shape, "separator": "\x00", "quote": None}, forbidden)

    def _whole_head(self, keywords: dict[str, Any]) -> tuple[dict[str, Any], Any]:
        """Return what the first lines of the first file are to pandas, where it is not cut."""
        few = {} if keywords.get("skipfooter") else {"nrows": max(100, self.sample_bytes // 100)}
        with open_read(self.paths[0], self.compression, self.storage_options) as file:
            return keywords, parsed(self.name, file, {**keywords, **few})

    def _block_head(
        self, layout: _Layout, keywords: dict[str, Any]
    ) -> tuple[dict[str, Any], Any, bytes, int]:
        """Return the keywords, the first lines as pandas reads them, the header, and the fields of a line."""
        path = self.paths[0]
        n_bytes = stamp_of(path, self.storage_options)[0]
        with open_read(path, None, self.storage_options) as file:
            text = file.read(self.sample_bytes)
            named_by_user = "names" in keywords and keywords.get("header", "infer") == "infer"
            header = keywords.get("header", 0)
            n_lines = 0 if header is None or named_by_user else 1 + _last(header)
            begin, end, n_fields = _raskt.frame_csv_header(
                text, layout.shape, keywords.get("skiprows", 0), n_lines
            )
            n = len(text)
            if n < n_bytes:
                place = (0, max(end + 1, n - (64 << 10), n // 2), n_bytes)
                text = lines_of(_Resumed(text, file), place, n_fields, layout.shape)
        is_infered = keywords.get("widths") is None and keywords.get("colspecs", "infer") == "infer"
        if self.name == "read_fwf" and is_infered:
            keywords = {**keywords, "colspecs": _places_of(text[begin:], keywords)}
        if "parse_dates" in keywords and "date_format" not in keywords:
            keywords = _with_formats(self.name, text, keywords)
        return keywords, parsed(self.name, io.BytesIO(text), keywords), text[begin:end], n_fields

    def _like(self, head: Any, keywords: dict[str, Any]) -> Any:
        if self.assume_missing:
            given = keywords.get("dtype")
            fixed = given if isinstance(given, dict) else {}
            if given is None or isinstance(given, dict):
                ints = [
                    label for label, dtype in head.dtypes.items() if dtype == "int64" and label not in fixed
                ]
                head = head.astype(dict.fromkeys(ints, "float64"))
        return head[:0]


def blocks_of(paths: list[str], size: int | None, storage_options: Any) -> list[list[Any]]:
    """Return path, begin, end and stamp of each block; no end where files are not cut."""
    blocks: list[list[Any]] = []
    for path in paths:
        n_bytes, changed = stamp_of(path, storage_options)
        stamp = [n_bytes, changed]
        if size is None:
            blocks.append([path, 0, None, stamp])
        else:
            begins = range(0, max(n_bytes, 1), size)
            blocks += [[path, begin, min(begin + size, n_bytes), stamp] for begin in begins]
    return blocks


def framed(
    name: str, how: dict[str, Any], items: list[list[Any]], paths: list[str], path_column: str | None
) -> Any:
    """Return the frame of blocks, which `read_block` reads; with a column of their paths if it has a name."""
    like = how["like"]
    if path_column is not None:
        if path_column in like.columns:
            raise ValueError(
                f"files already have the column {path_column!r}: name another one by include_path_column="
            )
        import pandas as pd

        like = like.assign(**{path_column: pd.Categorical([], categories=paths)})
        how = {**how, "like": like, "path_column": (path_column, paths)}
    parameters = {
        "function": _raskt.Whole(read_block),
        "items": items,
        "kwargs": {"how": {"dict": _raskt.Whole(how)}},
        "schema": schema_of(like),
        "checks": True,
        "label": name,
    }
    return frame_of(_raskt.frame_op("from_map", (), parameters))


class _Resumed:
    """A file of which some has been read."""

    def __init__(self, text: bytes, file: Any) -> None:
        self.text, self.file = text, file

    def read(self, n: int) -> bytes:
        """Return the next bytes."""
        found, self.text = self.text[:n], self.text[n:]
        return found or bytes(self.file.read(n))


def _is_default(value: Any, default: Any) -> bool:
    if value is default:
        return True
    return type(value) is type(default) and isinstance(value, (bool, int, str)) and value == default


def _last(header: Any) -> int:
    if header == "infer":
        return 0
    return int(max(header)) if isinstance(header, (list, tuple)) else int(header)


def _native_options(keywords: dict[str, Any], size: int | None) -> dict[str, Any] | None:
    """Return the keywords as the engine's reader takes them; None where it does not."""
    encoding = str(keywords.pop("encoding", "utf-8")).lower()
    if keywords.pop("engine", "c") != "c" or encoding not in ("utf-8", "utf8", "ascii"):
        return None
    if keywords.keys() - _NATIVE:
        return None
    names, header = keywords.get("names"), keywords.get("header", "infer")
    if not (header == "infer" or (header is None and names is not None) or (header == 0 and names is None)):
        return None
    given = (keywords.get("usecols"), names, keywords.get("parse_dates"))
    usecols, names, times = (None if x is None or x is False else x for x in given)
    if not all(_are_labels(x) for x in (usecols, names, times)):
        return None
    missing = keywords.get("na_values")
    missing = [missing] if isinstance(missing, str) else missing
    dtypes = _native_dtypes(keywords.get("dtype"))
    characters = [keywords.get(key) for key in ("sep", "delimiter", "quotechar", "comment")]
    are_simple = all(x is None or (len(x) == 1 and x.isascii() and x != " ") for x in characters)
    if not (are_simple and _are_labels(missing)) or dtypes is None:
        return None
    return {
        "separator": keywords.get("sep") or keywords.get("delimiter") or ",",
        "quote": keywords.get("quotechar", '"'),
        "comment": keywords.get("comment"),
        "names": None if names is None else list(names),
        "columns": None if usecols is None else list(usecols),
        "dtypes": dtypes,
        "times": [] if times is None else list(times),
        "missing": _missing(list(missing or []), keywords.get("keep_default_na", True)),
        "skips_blank_lines": keywords.get("skip_blank_lines", True),
        "block_bytes": size,
    }


def _are_labels(x: Any) -> bool:
    return x is None or (isinstance(x, (list, tuple)) and all(isinstance(item, str) for item in x))


def _missing(values: list[str], keep_default: bool) -> list[str] | None:
    if not values and keep_default:
        return None
    return values if not keep_default else [*values, *_PANDAS]


_NATIVE_KINDS = "iufb"


def _native_dtypes(dtype: Any) -> dict[Any, str] | None:
    """Return the names of dtypes by column; None for those that only pandas reads."""
    if dtype is None:
        return {}
    if not isinstance(dtype, dict):
        return None
    import pandas as pd

    found = {name: pd.Series([], dtype=one).dtype for name, one in dtype.items()}
    known = [
        isinstance(one, pd.StringDtype) or (one.kind in _NATIVE_KINDS and str(one) != "float16")
        for one in found.values()
    ]
    is_arrow = [isinstance(one, pd.ArrowDtype) for one in found.values()]
    if not all(known) or any(is_arrow):
        return None
    return {name: str(one) for name, one in found.items()}


def with_text(keywords: dict[str, Any], like: Any) -> dict[str, Any]:
    """Return keywords by which columns of text are text in each block, whatever it looks like there."""
    import pandas as pd

    given = keywords.get("dtype")
    if (given is not None and not isinstance(given, dict)) or like.columns.nlevels > 1:
        return keywords
    if "dtype_backend" in keywords:
        return keywords
    others = {*(given or {}), *(keywords.get("converters") or {})}
    texts = {
        label: "str"
        for label, dtype in like.dtypes.items()
        if isinstance(dtype, pd.StringDtype) and label not in others
    }
    return {**keywords, "dtype": {**(given or {}), **texts}} if texts else keywords


def _with_formats(reader: str, text: bytes, keywords: dict[str, Any]) -> dict[str, Any]:
    """Return keywords by which points in time are written in all blocks as they are in the first lines."""
    import pandas as pd

    wanted = keywords["parse_dates"]
    given = keywords.get("dtype")
    if not isinstance(wanted, (list, tuple)) or not (given is None or isinstance(given, dict)):
        return keywords
    plain = {key: value for key, value in keywords.items() if key not in ("parse_dates", "dayfirst")}
    texts = dict.fromkeys(wanted, "str")
    raw = parsed(reader, io.BytesIO(text), {**plain, "dtype": {**(given or {}), **texts}})
    formats = {}
    for label in wanted:
        values = raw[label].dropna() if label in raw.columns else raw.iloc[:0, 0]
        if len(values):
            found: Callable[..., Any] = pd.tseries.api.guess_datetime_format
            guess = found(str(values.iloc[0]), dayfirst=bool(keywords.get("dayfirst", False)))
            if guess is not None:
                formats[label] = guess
    return {**keywords, "date_format": formats} if formats else keywords


def _places_of(text: bytes, keywords: dict[str, Any]) -> list[tuple[int, int]]:
    """Return where columns stand, by where the first lines have something."""
    lines = text.decode(keywords.get("encoding") or "utf-8", errors="replace").splitlines()
    blanks = set(keywords.get("delimiter") or "\n\t ")
    lines = [line for line in lines if line.strip()][: keywords.get("infer_nrows", 100)]
    width = max(map(len, lines), default=0)
    used = [any(at < len(line) and line[at] not in blanks for line in lines) for at in range(width)]
    edges = [at for at, (a, b) in enumerate(itertools.pairwise([False, *used, False])) if a != b]
    return list(zip(edges[::2], edges[1::2], strict=True))
