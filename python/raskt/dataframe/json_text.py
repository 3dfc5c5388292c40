"""Frames of files of JSON: a record a line, cut into blocks, or whole files."""

from __future__ import annotations

import io
import warnings
from typing import Any

from raskt.bag._files import compression_of, open_read
from raskt.dataframe._metas import make_meta
from raskt.dataframe._text_blocks import named, parsed
from raskt.dataframe.reading import paths_of
from raskt.dataframe.text import blocks_of, framed, with_text
from raskt.units import parse_bytes

__all__ = ["read_json"]

_SHAPE = {"separator": "\x00", "quote": None, "comment": None, "skips_blank_lines": True}


def read_json(
    url_path: Any,
    orient: str = "records",
    lines: bool | None = None,
    storage_options: dict[str, Any] | None = None,
    blocksize: Any = None,
    sample: Any = 2**20,
    encoding: str = "utf-8",
    errors: str = "strict",
    compression: Any = "infer",
    meta: Any = None,
    engine: Any = None,
    include_path_column: bool | str = False,
    path_converter: Any = None,
    **kwargs: Any,
) -> Any:
    r"""Return a frame of files of JSON, read by pandas.

    Parameters
    ----------
    url_path : str, path or list
        A file, a folder, a pattern, a URL that fsspec knows, or several of these.
    orient : str, optional
        What the JSON is like, as in `pandas.read_json`.
    lines : bool, optional
        Whether each line is a record; by default where ``orient`` is "records".
    storage_options : dict, optional
        What fsspec's file system gets, for URLs.
    blocksize : int or str, optional
        Files of lines are cut into partitions of about so many bytes; each is one partition by default.
    sample : int or str, optional
        The dtypes of columns are found out by so many bytes of the first file of lines, or by all of
        it.
    encoding, errors : str, optional
        How bytes are text.
    compression : str or None, optional
        "gzip", "bz2", "xz", "zstd"; "infer" goes by the ends of names. Such files are not cut.
    meta : object, optional
        Names and dtypes, which are found out otherwise.
    engine : {"ujson", "pyarrow"}, optional
        As in pandas.
    include_path_column : bool or str, optional
        Whether a column, "path" or of that name, says from which file rows are.
    path_converter : None
        Not there: map the column of paths.
    **kwargs
        Keywords of `pandas.read_json`.

    Returns
    -------
    DataFrame

    Raises
    ------
    ValueError
        For ``lines`` with another ``orient``, ``blocksize`` without lines; in tasks, for values that do not
        fit the dtype of their column, naming file, column and dtype.

    Examples
    --------
    >>> import tempfile
    >>> import raskt.dataframe as rd
    >>> with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
    ...     _ = file.write('{"x": 1}\n{"x": 2}\n')
    ...     file.flush()
    ...     rd.read_json(file.name).x.sum().compute()
    np.int64(3)
    """
    if path_converter is not None:
        raise NotImplementedError("path_converter=: map the column of paths")
    lines = orient == "records" if lines is None else lines
    if lines and orient != "records":
        raise ValueError("Line-delimited JSON is only available with orient='records'.")
    if blocksize and not lines:
        raise ValueError("JSON file chunking only allowed for JSON-lines input (lines=True).")
    paths = paths_of(url_path, (".json", ".jsonl", ".ndjson"), storage_options)
    codecs = {compression_of(path, compression) for path in paths}
    if len(codecs) > 1:
        raise NotImplementedError("files of several compressions in one frame: concat frames of each")
    codec = next(iter(codecs))
    size = None if blocksize is None else max(1, parse_bytes(blocksize))
    if codec is not None and size is not None:
        warnings.warn(f"{codec} files are not cut: each is one partition", UserWarning, stacklevel=2)
        size = None
    keywords = {"orient": orient, "lines": lines, "encoding": encoding, "encoding_errors": errors, **kwargs}
    if engine is not None:
        keywords["engine"] = engine
    if meta is None:
        like = _head(paths[0], codec, storage_options, keywords, parse_bytes(sample))[:0]
    else:
        like = make_meta(meta)
    keywords = with_text(keywords, like)
    how = {
        "reader": "read_json",
        "keywords": keywords,
        "later": keywords,
        "like": like,
        "compression": codec,
        "storage_options": storage_options,
        "path_column": None,
        "header": b"",
        "n_fields": 0,
        "shape": _SHAPE,
        "quote": None,
        "fills": True,
    }
    name = "path" if include_path_column is True else include_path_column or None
    return framed("read_json", how, blocks_of(paths, size, storage_options), paths, name)


def _head(path: str, codec: Any, storage_options: Any, keywords: dict[str, Any], n_bytes: int) -> Any:
    """Return what the first lines are, or all of a file that is not of lines."""
    try:
        with open_read(path, codec, storage_options) as file:
            if not keywords["lines"]:
                return parsed("read_json", file, keywords)
            text = file.read(n_bytes)
            if len(text) == n_bytes:
                cut = text.rfind(b"\n") + 1
                text = text[:cut] if cut else text + file.readline()
        return parsed("read_json", io.BytesIO(text), keywords)
    except (ValueError, OSError, EOFError) as error:
        raise named(error, path) from error
