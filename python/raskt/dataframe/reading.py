"""Frames of files of Parquet: natively where the engine has the dtypes, else by pandas."""

from __future__ import annotations

import operator
import os
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from raskt import _raskt
from raskt.bag._files import expand, is_remote, listed, remote_files
from raskt.dataframe._op import frame_of, op, schema_of
from raskt.dataframe._parameters import labels, literal
from raskt.dataframe._parquet_files import MISSING, like_of, read_file, stamp_of
from raskt.units import parse_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["paths_of", "read_parquet"]

_PART_BYTES = 128 << 20
_NO_LIMIT = (1 << 63) - 1


def paths_of(path: Any, suffixes: tuple[str, ...], storage_options: Any = None) -> list[str]:
    """Return the files that a path, a folder, a pattern, a URL or a list of them stands for."""
    found: list[str] = []
    for one in listed(path):
        folder = os.path.expanduser(one)
        if is_remote(one) or not os.path.isdir(folder):
            found += expand(one, storage_options)
            continue
        names = sorted(name for name in os.listdir(folder) if name.endswith(suffixes) and name[0] not in "._")
        if not names:
            raise FileNotFoundError(2, f"no file of {' or '.join(suffixes)} in the folder", folder)
        found += [os.path.join(os.path.abspath(folder), name) for name in names]
    return found


def read_parquet(
    path: Any,
    columns: Any = None,
    filters: Any = None,
    categories: Any = None,
    index: Any = None,
    storage_options: dict[str, Any] | None = None,
    dtype_backend: str | None = None,
    calculate_divisions: bool = False,
    ignore_metadata_file: bool = False,
    metadata_task_size: int | None = None,
    split_row_groups: bool | int | str = "infer",
    blocksize: Any = "default",
    aggregate_files: Any = None,
    parquet_file_extension: Any = (".parq", ".parquet", ".pq"),
    filesystem: Any = "fsspec",
    engine: Any = None,
    **kwargs: Any,
) -> Any:
    """Return a frame of Parquet files.

    Parameters
    ----------
    path : str, path or list
        A file, a folder, a pattern, a URL that fsspec knows, or several of these. Folders called
        ``key=value`` within a folder, or in the path of a file, are columns of categories.
    columns : label or list, optional
        The columns that are read; all by default. One label gives a series.
    filters : list, optional
        What wanted rows have in common: ``[(column, op, value), ...]``, all of which hold, or a list of such
        lists, of which one holds. ``op`` is one of ``==``, ``!=``, ``<``, ``<=``, ``>``, ``>=``, ``in``,
        ``not in``, ``is``, ``is not``; missing values pass ``is`` alone. Folders and row groups without such
        rows are left out; rows are filtered, too.
    categories : object, optional
        Accepted for Dask's sake: what is stored as categories is read so.
    index : label, list or False, optional
        The columns that are the index. By default what pandas stored; False numbers the rows of each file.
    storage_options : dict, optional
        What fsspec's file system gets, for URLs.
    dtype_backend : {"numpy_nullable", "pyarrow"}, optional
        The kind of dtypes, as in pandas, by which files are read then.
    calculate_divisions, ignore_metadata_file, metadata_task_size : object, optional
        Accepted for Dask's sake: footers are read from the files, and divisions are unknown.
    split_row_groups : bool, int, "infer" or "adaptive", optional
        Whether files are cut: False for one partition each, True for one of each row group, or how many row
        groups one has. By default files beyond ``blocksize`` are cut.
    blocksize : int or str, optional
        The bytes, not compressed, of the row groups of a partition: 128 MiB by default.
    aggregate_files : None
        Not there: `DataFrame.repartition` puts small partitions together.
    parquet_file_extension : str, tuple or None, optional
        How the names of files end that are read in folders.
    filesystem : {"fsspec", "arrow"}, optional
        Accepted for Dask's sake.
    engine : {"auto", "pyarrow"}, optional
        Accepted for Dask's sake.
    **kwargs
        Keywords of `pandas.read_parquet`, by which files are read then.

    Returns
    -------
    DataFrame or Series
        A partition for each file, or for some row groups of a larger one. Natively only the columns that are
        used are read. Files with decimals, dates, nested values, with several levels of columns, and at URLs
        are read by pandas.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If files have other columns than the first one, naming file and column; if one is no Parquet file.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> import raskt.dataframe as rd
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     pd.DataFrame({"x": [1, 2], "y": ["a", "b"]}).to_parquet(f"{folder}/a.parquet")
    ...     rd.read_parquet(folder, filters=[("y", "==", "b")]).x.sum().compute()
    np.int64(2)
    """
    del categories, calculate_divisions, ignore_metadata_file, metadata_task_size
    if engine not in (None, "auto", "pyarrow"):
        raise NotImplementedError(f"engine={engine!r}: there is one reader of Parquet, as 'auto' says")
    if filesystem not in ("fsspec", "arrow", None):
        raise NotImplementedError("filesystem=: give a URL and storage_options= instead")
    if aggregate_files:
        raise NotImplementedError("aggregate_files=: call repartition on the frame")
    suffixes = parquet_file_extension or ("",)
    suffixes = (suffixes,) if isinstance(suffixes, str) else tuple(suffixes)
    wanted = _Filters(filters)
    every = _files(path, suffixes, storage_options)
    # If no folder has a wanted row, the first file says what there would be.
    files = [file for file in every if wanted.may_hold(file.keys)] or every[:1]
    one = columns is not None and not isinstance(columns, list)
    named = None if columns is None else [columns] if one else columns
    if index is not None and index is not False and not isinstance(index, list):
        index = [index]
    read = None if named is None else [*named, *(name for name in wanted.columns if name not in named)]
    reader = _Parquet(files, every, index, storage_options)
    part_bytes, groups_max = _cut(split_row_groups, blocksize)
    if dtype_backend is not None or kwargs or any(is_remote(file.path) for file in files):
        more = {} if dtype_backend is None else {"dtype_backend": dtype_backend}
        frame = reader.by_pandas(read, {**more, **kwargs})
    else:
        frame = reader.frame(read, wanted.native(), part_bytes, groups_max)
    frame = wanted.applied(frame)
    if one:
        return op("column", (frame,), {"label": labels([columns])[0]})
    return frame if named is None or len(named) == len(read or []) else frame[named]


def _cut(split: Any, blocksize: Any) -> tuple[int, int | None]:
    """Return how many bytes, and how many row groups, a partition has at most."""
    size = _PART_BYTES if blocksize in (None, "default") else parse_bytes(blocksize)
    if split in ("infer", "adaptive", None):
        return max(1, size), None
    if isinstance(split, bool):
        return (_NO_LIMIT, 1) if split else (_NO_LIMIT, None)
    if isinstance(split, int) and split > 0:
        return _NO_LIMIT, split
    raise ValueError(
        f"split_row_groups must be True, False, 'infer', 'adaptive' or a number, found {split!r}"
    )


# ---- files and the keys in their paths ----


class _File(NamedTuple):
    """A file, and the columns that its path says."""

    path: str
    keys: dict[str, str | None]


def _files(path: Any, suffixes: tuple[str, ...], storage_options: Any) -> list[_File]:
    found: list[_File] = []
    for one in listed(path):
        below = _below(one, suffixes, storage_options)
        if below is None:
            found += [_File(file, _keys(file)) for file in expand(one, storage_options)]
        elif not below:
            raise FileNotFoundError(2, f"no file of {' or '.join(suffixes)} in the folder", one)
        else:
            found += [_File(file, _keys(within)) for file, within in below]
    first = found[0]
    for file in found:
        if list(file.keys) != list(first.keys):
            raise ValueError(
                f"{file.path}: the folders say {list(file.keys)!r}, and {list(first.keys)!r} in {first.path}"
            )
    return found


def _below(path: str, suffixes: tuple[str, ...], storage_options: Any) -> list[tuple[str, str]] | None:
    """Return the files below a folder, each with its path within; None where there is no folder."""
    if is_remote(path):
        fs, stripped = remote_files(path, storage_options)
        if not fs.isdir(stripped):
            return None
        root = stripped.rstrip("/") + "/"
        paths = [one for one in sorted(fs.find(stripped)) if _is_data(one[len(root) :], suffixes)]
        return [(str(fs.unstrip_protocol(one)), one[len(root) :]) for one in paths]
    folder = os.path.abspath(os.path.expanduser(path.removeprefix("file://")))
    if not os.path.isdir(folder):
        return None
    relative = (
        os.path.relpath(os.path.join(where, name), folder)
        for where, _, found in os.walk(folder)
        for name in found
    )
    names = sorted(name.replace(os.sep, "/") for name in relative)
    return [(os.path.join(folder, name), name) for name in names if _is_data(name, suffixes)]


def _is_data(name: str, suffixes: tuple[str, ...]) -> bool:
    return name.endswith(suffixes) and not any(part[:1] in ("_", ".") for part in name.split("/"))


def _keys(path: str) -> dict[str, str | None]:
    """Return the columns that a path says."""
    pairs = (part.split("=", 1) for part in path.split("/")[:-1] if "=" in part)
    return {unquote(key): None if value == MISSING else unquote(value) for key, value in pairs}


def _value(text: str, are_ints: bool) -> Any:
    return int(text) if are_ints else text


class _Column(NamedTuple):
    """A column of paths: all its values, and which each file has."""

    name: str
    values: list[Any]
    codes: list[int | None]


def _columns(files: list[_File], every: list[_File]) -> list[_Column]:
    """Return the columns of the paths of some files, with the values that all files have."""
    made = []
    for name in files[0].keys:
        texts = {text for file in every if (text := file.keys[name]) is not None}
        are_ints = all(_is_int(text) for text in texts)
        known = sorted(_value(text, are_ints) for text in texts)
        own = [file.keys[name] for file in files]
        values = [None if text is None else _value(text, are_ints) for text in own]
        made.append(_Column(name, known, [None if x is None else known.index(x) for x in values]))
    return made


def _is_int(text: str) -> bool:
    return text.removeprefix("-").isdigit() and str(int(text)) == text


class _Parquet:
    """Files of Parquet while they become a frame."""

    def __init__(self, files: list[_File], every: list[_File], index: Any, storage_options: Any) -> None:
        self.files, self.index, self.storage_options = files, index, storage_options
        self.keys = _columns(files, every)

    def frame(self, columns: Any, filters: Any, part_bytes: int, groups_max: int | None) -> Any:
        """Return the frame, read natively where the engine has the dtypes of all columns."""
        paths = [file.path for file in self.files]
        keys = [(key.name, key.values, key.codes) for key in self.keys]
        try:
            found = frame_of(
                _raskt.frame_read_parquet(paths, columns, self.index, filters, keys, part_bytes, groups_max)
            )
        except NotImplementedError:
            # Metadata that only pandas understands.
            return self.by_pandas(columns, {})
        return self.by_pandas(columns, {}) if "object" in map(str, found._expr.dtypes) else found

    def by_pandas(self, columns: Any, keywords: dict[str, Any]) -> Any:
        """Return the frame, each file read by pandas."""
        keys = {key.name: key for key in self.keys}
        in_file = None if columns is None else [name for name in columns if name not in keys]
        if self.index not in (None, False):
            raise NotImplementedError("index= of files that pandas reads: call set_index on the frame")
        how: dict[str, Any] = {
            "columns": in_file,
            "is_numbered": self.index is False,
            "storage_options": self.storage_options,
            "keywords": keywords,
            "keys": [(key.name, key.values) for key in self.keys if columns is None or key.name in columns],
            "order": columns,
        }
        how["like"] = like_of([file.path for file in self.files], how)
        items = [
            [
                file.path,
                list(stamp_of(file.path, self.storage_options)),
                [keys[name].codes[at] for name, _ in how["keys"]],
            ]
            for at, file in enumerate(self.files)
        ]
        parameters = {
            "function": _raskt.Whole(read_file),
            "items": [[literal(x) for x in item] for item in items],
            "kwargs": {"how": {"dict": _raskt.Whole(how)}},
            "schema": schema_of(how["like"]),
            "checks": True,
            "label": "read_parquet",
        }
        return frame_of(_raskt.frame_op("from_map", (), parameters))


# ---- filters ----

_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_OTHERS = ("in", "not in", "is", "is not")


class _Filters:
    """Filters as pyarrow takes them: a list of comparisons, or a list of such lists."""

    def __init__(self, filters: Any) -> None:
        self.lists: list[list[tuple[Any, str, Any]]] = []
        if filters is None:
            return
        if not isinstance(filters, (list, tuple)):
            raise NotImplementedError(
                f"filters of {type(filters).__name__}: give [(column, op, value), ...], or filter the frame"
            )
        nested = list(filters)
        if nested and isinstance(nested[0], tuple):
            nested = [nested]
        self.lists = [[self._one(item) for item in conjunction] for conjunction in nested if conjunction]

    @staticmethod
    def _one(item: Any) -> tuple[Any, str, Any]:
        if not (isinstance(item, (tuple, list)) and len(item) == 3):
            raise ValueError(f"a filter must be (column, op, value), found {item!r}")
        column, sign, value = item
        sign = "==" if sign == "=" else sign
        if sign not in _COMPARISONS and sign not in _OTHERS:
            raise ValueError(f"{sign!r} is not a valid operator in predicates.")
        if sign in ("in", "not in") and isinstance(value, (str, bytes)):
            raise TypeError("the value of 'in' and 'not in' must be a list, tuple or set")
        return column, sign, list(value) if sign in ("in", "not in") else value

    @property
    def columns(self) -> list[Any]:
        """The columns that are compared."""
        return list(dict.fromkeys(column for every in self.lists for column, _, _ in every))

    def may_hold(self, keys: dict[str, str | None]) -> bool:
        """Return whether the values in the path of a file let a row pass."""
        return not self.lists or any(
            all(_passes(keys[column], sign, value) for column, sign, value in every if column in keys)
            for every in self.lists
        )

    def native(self) -> Any:
        """Return what the engine compares with the statistics of row groups: as much as it knows."""
        lists = []
        for every in self.lists:
            known = [_native(*one) for one in every]
            lists.append([one for one in known if one is not None])
        return lists if lists and all(lists) else None

    def applied(self, frame: Any) -> Any:
        """Return the rows of a frame that pass."""
        either = None
        for every in self.lists:
            all_of = None
            for one in every:
                mask = _mask(frame, *one)
                all_of = mask if all_of is None else all_of & mask
            either = all_of if either is None else either | all_of
        return frame if either is None else frame[either]


def _native(column: Any, sign: str, value: Any) -> Any:
    if sign in ("is", "is not"):
        return [column, "missing" if sign == "is" else "present", None]
    values = value if sign == "in" else [value]
    if sign in ("!=", "not in") or not all(type(x) in (bool, int, float, str) for x in values):
        return None
    return [column, sign, value]


def _passes(text: str | None, sign: str, value: Any) -> bool:
    """Return whether the text of a folder, as a value of the other's kind, passes a comparison."""
    if sign in ("is", "is not"):
        return (text is None) == (sign == "is")
    if text is None:
        return sign == "not in"
    values = value if sign in ("in", "not in") else [value]
    try:
        own = [
            type(x)(text) if isinstance(x, (int, float)) and not isinstance(x, bool) else text for x in values
        ]
        if sign in ("in", "not in"):
            return any(a == b for a, b in zip(own, values, strict=True)) == (sign == "in")
        return bool(_COMPARISONS[sign](own[0], value if isinstance(value, (int, float)) else str(value)))
    except (TypeError, ValueError):
        return True


def _mask(frame: Any, column: Any, sign: str, value: Any) -> Any:
    """Return where the rows of a frame pass a comparison; missing values do so for ``not in`` alone."""
    if column in frame._expr.labels:
        series = frame[column]
    elif column in frame._meta.index.names:
        series = frame.index.to_series()
    else:
        raise ValueError(f"filters compare {column!r}, and the columns are {list(frame._expr.labels)!r}")
    if sign in ("is", "is not"):
        return series.isna() if sign == "is" else series.notna()
    if str(series.dtype) == "category":
        return series.map_partitions(_of_categories, sign, value, meta=(None, "bool"))
    if sign == "in":
        return series.isin(value)
    if sign == "not in":
        return ~series.isin(value)
    found = _COMPARISONS[sign](series, value)
    return found & series.notna() if sign == "!=" else found


def _of_categories(part: Any, sign: str, value: Any) -> Any:
    """Compare categories by what they are, not by their order."""
    import pandas as pd

    values = part.cat.categories
    wanted = value if sign in ("in", "not in") else [value]
    if isinstance(values.dtype, pd.StringDtype) and any(isinstance(one, (int, float)) for one in wanted):
        raise TypeError(f"filters compare {value!r} with text: {values[:3].tolist()!r}")
    if sign in ("in", "not in"):
        found = part.isin(values[values.isin(value)])
        return found if sign == "in" else ~found
    passes = pd.Series(_COMPARISONS[sign](values, value))
    return part.isin(values[passes.to_numpy()])
