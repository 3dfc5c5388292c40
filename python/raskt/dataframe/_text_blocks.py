"""What tasks do that read text by pandas: a range of bytes of a file, or all of it.

The engine tells where the lines of a block lie; pandas makes columns of them, which are compared with what
the first lines said.
"""

from __future__ import annotations

import io
import os
from typing import Any

import pandas as pd

from raskt import _raskt
from raskt.bag._files import is_remote, open_at, open_read, size_of

__all__ = ["conformed", "lines_of", "named", "parsed", "read_block", "stamp_of"]

#: So much of what follows a block is read with it.
_WINDOW = 64 << 10


def stamp_of(path: str, storage_options: Any) -> tuple[int, int]:
    """Return the bytes of a file and when it was changed, by which a task sees that it is the same one."""
    if is_remote(path):
        return size_of(path, storage_options), 0
    found = os.stat(path)
    return found.st_size, found.st_mtime_ns


def named(error: BaseException, path: str, begin: int = 0) -> BaseException:
    """Return an error of pandas' or of a codec's, which says of which file."""
    where = f"{path}, in the block from byte {begin}" if begin else path
    if isinstance(error, UnicodeError):
        # These are made of more than a message.
        error = ValueError(str(error))
    kind: Any = type(error)
    if isinstance(error, FileNotFoundError):
        return error
    try:
        return kind(f"{where}: {error}")  # type: ignore[no-any-return]
    except TypeError:
        return ValueError(f"{where}: {error}")


def lines_of(
    file: Any, place: tuple[int, int, int], n_fields: int, shape: dict[str, Any], n_read: int = 0
) -> bytes:
    """Return the lines that begin in a block.

    Parameters
    ----------
    file : file object
        The file, at the byte before the block, or at that of the block where it is the first one.
    place : tuple of int
        Where the block begins and ends, and the bytes of the file.
    n_fields : int
        How many fields a line has.
    shape : dict
        How lines are written, as the engine takes it.
    n_read : int, optional
        How much of what is before the file's position belongs to it.
    """
    begin, end, n_bytes = place
    is_first = begin == 0
    base = max(begin - 1, 0)
    text = file.read(end - base + _WINDOW - n_read)
    while True:
        is_all = base + len(text) >= n_bytes
        found = _raskt.frame_csv_lines(text, end - base, is_first, is_all, n_fields, shape)
        if found is not None:
            return bytes(text[slice(*found)])
        more = file.read(max(len(text), _WINDOW))
        if not more:
            raise ValueError("has become shorter while it was read")
        text += more


def read_block(path: str, begin: int, end: int | None, stamp: tuple[int, int], how: dict[str, Any]) -> Any:
    """Read a block of a file, or all of it.

    Parameters
    ----------
    path : str
        The file.
    begin, end : int
        The bytes of the block; all of the file if there is no end.
    stamp : tuple of int
        What `stamp_of` said when the frame was made.
    how : dict
        ``reader``, the name of pandas' function, and its ``keywords``; ``like``, a frame without rows of what
        comes out; ``compression``; ``storage_options``; ``path_column``, the name of the column of the path
        and all paths, or None; for blocks ``header``, the bytes that are put before those that are not the
        first, ``later``, their keywords, ``n_fields``, ``shape`` and ``quote``, which may not be in them;
        ``fills``, whether columns may be missing.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    ValueError
        If the file has changed, or is not what the first lines said. All errors name the file.
    """
    options = how["storage_options"]
    if stamp_of(path, options) != tuple(stamp):
        raise ValueError(f"{path} has changed since the frame was made: read it anew")
    like = how["like"]
    try:
        if end is None:
            with open_read(path, how["compression"], options) as file:
                found = parsed(how["reader"], file, how["keywords"])
        else:
            found = _block(path, (begin, end, stamp[0]), how)
    except pd.errors.EmptyDataError:
        found = like.drop(columns=like.columns[len(like.columns) - bool(how["path_column"]) :])
    except (ValueError, OSError, EOFError) as error:
        raise named(error, path, begin) from error
    except Exception as error:
        # What codecs raise for damaged data is of no common kind.
        if type(error).__module__.partition(".")[0] in ("zlib", "_lzma", "lzma", "zstandard", "compression"):
            raise ValueError(f"{path}: {error}") from error
        raise
    if how.get("fills"):
        # A record need not have all fields.
        found = _filled(found, like, bool(how["path_column"]))
    if len(found) and how["reader"] != "read_json":
        found.index = _indexed(found, like, path, begin)
    if how["path_column"] is not None:
        name, paths = how["path_column"]
        found[name] = pd.Categorical.from_codes([paths.index(path)] * len(found), categories=paths)
    return conformed(found, like, path, begin)


def _filled(found: Any, like: Any, has_path: bool) -> Any:
    wanted = list(like.columns)[: len(like.columns) - has_path]
    if len(found.columns) == len(wanted) and list(found.columns) == wanted:
        return found
    return found.reindex(columns=[*wanted, *(label for label in found.columns if label not in wanted)])


def _block(path: str, place: tuple[int, int, int], how: dict[str, Any]) -> Any:
    begin = place[0]
    base = max(begin - 1, 0)
    if is_remote(path):
        file = open_at(path, base, how["storage_options"])
    else:
        file = open(path, "rb")  # noqa: SIM115 - closed below, as the other is
        file.seek(base)
    with file:
        text = lines_of(file, place, how["n_fields"], how["shape"])
    if how["quote"] is not None and how["quote"] in text:
        raise ValueError(
            f"lines cannot be told from text in {how['quote'].decode()} with these keywords: read it with "
            "blocksize=None"
        )
    if begin == 0:
        return parsed(how["reader"], io.BytesIO(text), how["keywords"])
    return parsed(how["reader"], io.BytesIO(how["header"] + text), how["later"])


def parsed(reader: str, file: Any, keywords: dict[str, Any]) -> Any:
    """Return what a function of pandas' reads of a file."""
    return getattr(pd, reader)(file, **keywords)


def _n_unnamed(frame: Any) -> int:
    """Return how many fields of a line have no name in the header: pandas makes an index of them."""
    return 0 if isinstance(frame.index, pd.RangeIndex) else int(frame.index.nlevels)


def conformed(found: Any, like: Any, path: str, begin: int) -> Any:
    """Return a block with the columns and dtypes that the first lines said.

    Raises
    ------
    ValueError
        For other columns, and for values that are not of the dtype of their column: which one, and the dtype
        to ask for.
    """
    if list(found.columns) != list(like.columns):
        raise ValueError(
            f"{path}: the columns are {list(found.columns)!r}, and {list(like.columns)!r} by the first lines "
            "of the first file"
        )
    wrong = [at for at in range(len(like.columns)) if found.dtypes.iloc[at] != like.dtypes.iloc[at]]
    if not wrong:
        return found
    columns = [found.iloc[:, at] for at in range(len(like.columns))]
    for at in wrong:
        columns[at] = _cast(columns[at], like.dtypes.iloc[at], f"{path}: column {like.columns[at]!r}", begin)
    changed = pd.concat(columns, axis=1)
    changed.columns = found.columns
    return changed


def _indexed(found: Any, like: Any, path: str, begin: int) -> Any:
    """Return the index of a block, of the dtypes that the first lines said."""
    n_found, n_wanted = _n_unnamed(found), _n_unnamed(like)
    if n_found != n_wanted:
        raise ValueError(
            f"{path}: lines have {n_wanted} fields more than the header by the first lines of the first "
            f"file, and {n_found} in the block from byte {begin}: give names= for all fields, and header=0"
        )
    if n_wanted != 1 or found.index.dtype == like.index.dtype:
        return found.index
    cast = _free(found.index, like.index.dtype)
    if cast is None:
        raise ValueError(
            f"{path}: the index is {like.index.dtype} by the first lines, and {found.index.dtype} in the "
            f"block from byte {begin}: give names= for all fields, header=0 and dtype="
        )
    return cast


def _cast(column: Any, dtype: Any, where: str, begin: int) -> Any:
    cast = _free(column, dtype)
    if cast is not None:
        return cast
    has, kind = column.dtype, getattr(column.dtype, "kind", "O")
    wanted = "str" if kind in "OUT" else str(has)
    raise ValueError(
        f"{where} is {dtype} by the first lines, and {has} in the block from byte {begin}: read it with "
        f"dtype={{{column.name!r}: {wanted!r}}}"
    )


def _free(column: Any, dtype: Any) -> Any:
    """Return values of another dtype, where that loses nothing; None where it does."""
    has = column.dtype
    if isinstance(has, pd.CategoricalDtype) and isinstance(dtype, pd.CategoricalDtype):
        return column
    kinds = (getattr(has, "kind", "O"), getattr(dtype, "kind", "O"))
    holds_missing = kinds[1] not in "iub" or pd.api.types.is_extension_array_dtype(dtype)
    is_free = (
        len(column) == 0
        or (holds_missing and bool(column.isna().all()))
        or (kinds[1] == "O" and not isinstance(dtype, (pd.CategoricalDtype, pd.StringDtype)))
        or (kinds[0] in "iu" and kinds[1] == "f")
        or kinds in (("M", "M"), ("f", "f"))
    )
    return column.astype(dtype) if is_free else None
