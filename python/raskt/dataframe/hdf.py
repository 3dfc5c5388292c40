"""Frames of tables in files of HDF5, and frames written to them: by pandas and PyTables."""

from __future__ import annotations

import contextlib
import fnmatch
import functools
import glob
import itertools
import os
import shutil
import threading
from typing import TYPE_CHECKING, Any

from raskt import config
from raskt._raskt import StagedFolder, make_function
from raskt.bag._files import anchored, is_remote
from raskt.base import compute as compute_all
from raskt.dataframe._op import is_frame
from raskt.dataframe.conversion import from_map
from raskt.system import CPU_COUNT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["read_hdf", "to_hdf"]

#: PyTables is for one thread at a time.
_ONE_AT_A_TIME = threading.RLock()
#: Rows that are read to see which columns there are.
_N_FIRST = 1000


@contextlib.contextmanager
def _store(path: str, mode: str, **options: Any) -> Iterator[Any]:
    """Open a file for a while.

    Raises
    ------
    ImportError
        If PyTables is not installed, with what to do.
    """
    import pandas as pd

    with _ONE_AT_A_TIME:
        try:
            store = pd.HDFStore(path, mode=mode, **options)  # type: ignore[arg-type]
        except ImportError as error:
            raise ImportError("reading and writing HDF5 needs PyTables: pip install tables") from error
        except Exception as error:
            error.add_note(f"raskt: the file is {path}")
            raise
        with store:
            yield store


def _paths(pattern: Any) -> list[str]:
    """Return the files that a path, a pattern or a list of them says."""
    if isinstance(pattern, (list, tuple)):
        paths = [os.fspath(path) for path in pattern]
        if not paths:
            raise ValueError("No files provided")
    else:
        text = os.fspath(pattern)
        paths = sorted(glob.glob(text)) if glob.has_magic(text) else [text]
    remote = [path for path in paths if is_remote(path)]
    if remote:
        raise NotImplementedError(
            f"{remote[0]}: HDF5 is read from local files; copy the file, or use Parquet"
        )
    missing = [path for path in paths if not os.path.exists(path)]
    if missing or not paths:
        raise FileNotFoundError(f"File(s) not found: {missing[0] if missing else pattern}")
    return [anchored(path) for path in paths]


def _keys(path: str, key: str, mode: str) -> list[tuple[str, int | None]]:
    """Return the groups of a file that a pattern names, with how many rows; None of what is no table."""
    with _store(path, mode) as store:
        # What tables keep their categories in looks like other tables.
        there = list(store)
        inner = tuple(f"{name}/meta/" for name in there)
        names = [name for name in there if not name.startswith(inner)]
        wanted = [name for name in names if fnmatch.fnmatch(name, f"/{key.lstrip('/')}")]
        if not wanted:
            raise KeyError(f"{path}: no object named {key!r}; there are {names!r}")
        storers = [store.get_storer(name) for name in wanted]
        rows = [int(storer.nrows) if storer.is_table else None for storer in storers]
    return list(zip(wanted, rows, strict=True))


def _read(
    path: str, key: str, start: Any, stop: Any, columns: Any, mode: str, dtypes: Any = None, name: Any = None
) -> Any:
    """Return some rows of a table, or all of it."""
    with _store(path, mode) as store:
        if columns is None or store.get_storer(key).is_table:
            found = store.select(key, start=start, stop=stop, columns=columns)
        else:
            found = store.select(key, start=start, stop=stop)[columns]
    if dtypes is None:
        return found
    if found.ndim == 1:
        return found.astype(dtypes).rename(name)
    if list(found.columns) != list(dtypes):
        own, first = list(found.columns), list(dtypes)
        raise ValueError(f"{path}: the columns of {key} are {own!r}, those of the first one {first!r}")
    return found.astype({name: dtype for name, dtype in dtypes.items() if found.dtypes[name] != dtype})


def _label(path: str, key: str, at: int, mode: str) -> Any:
    with _store(path, mode) as store:
        return store.select_column(key, "index", start=at, stop=at + 1).iloc[0]


def _divisions(parts: list[tuple[str, str, Any, Any]], mode: str) -> tuple[Any, ...] | None:
    """Return the first labels of parts and the last one of all; none where a part has no row."""
    if any(start == stop for _, _, start, stop in parts):
        return None
    begins = [_label(path, key, start, mode) for path, key, start, _ in parts]
    path, key, _, stop = parts[-1]
    found = (*begins, _label(path, key, stop - 1, mode))
    for (path, key, start, _), (one, next_) in zip(parts[1:], itertools.pairwise(found), strict=False):
        if next_ < one:
            raise ValueError(f"sorted_index=True, but row {start} of {key} in {path} is {next_} after {one}")
    return found


def read_hdf(
    pattern: Any,
    key: str,
    start: int = 0,
    stop: int | None = None,
    columns: Any = None,
    chunksize: int = 1_000_000,
    sorted_index: bool = False,
    lock: Any = True,
    mode: str = "r",
) -> Any:
    """Return a frame or series of tables in files of HDF5, a partition of each block of rows.

    Parameters
    ----------
    pattern : str, path or list
        A file, a pattern of names, or several files. They are local.
    key : str
        The group in the file, or a pattern (``"/data/*"``) of several.
    start, stop : int, optional
        The rows that are read, of one group in one file.
    columns : list, optional
        The columns that are read: all of them.
    chunksize : int, optional
        How many rows a partition has. Objects of the fixed format are one partition.
    sorted_index : bool, optional
        Whether the index is in order, so that divisions are known.
    lock : optional
        Accepted for Dask's sake: PyTables is used by one thread of a process at a time.
    mode : {"r", "r+", "a"}, optional
        How files are opened.

    Returns
    -------
    DataFrame or Series

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    KeyError
        If a file has no such group.
    ValueError
        For groups of other columns than the first one, and an index that is not in order.

    Examples
    --------
    >>> import tempfile
    >>> import pytest
    >>> _ = pytest.importorskip("tables")
    >>> import pandas as pd
    >>> import raskt.dataframe as rd
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     pd.DataFrame({"x": [1, 2, 3]}).to_hdf(f"{folder}/a.h5", key="rows", format="table")
    ...     rd.read_hdf(f"{folder}/a.h5", "rows", chunksize=2).x.sum().compute()
    np.int64(6)
    """
    del lock
    if not isinstance(chunksize, int) or chunksize <= 0:
        raise ValueError(f"Chunksize must be a positive integer, found {chunksize!r}")
    if mode not in ("r", "r+", "a"):
        raise ValueError(f"mode is one of 'r', 'r+' and 'a', found {mode!r}")
    groups = [(path, *group) for path in _paths(pattern) for group in _keys(path, key, mode)]
    is_cut = bool(start) or stop is not None
    if is_cut and len(groups) > 1:
        raise NotImplementedError(
            f"start= and stop= of {len(groups)} groups: they are of one; read each, and concat"
        )
    parts: list[tuple[str, str, int | None, int | None]] = []
    fixed = [name for _, name, n_rows in groups if n_rows is None]
    if fixed and (sorted_index or is_cut):
        raise TypeError(
            f"{fixed[0]} is of the fixed format, which start=, stop= and sorted_index= are not for: write it "
            'with format="table"'
        )
    for path, name, n_rows in groups:
        if n_rows is None:
            parts.append((path, name, None, None))
            continue
        begin, end, _ = slice(start, stop).indices(n_rows)
        starts = range(begin, end, chunksize)
        parts += [(path, name, at, min(at + chunksize, end)) for at in starts] or [(path, name, 0, 0)]
    wanted = None if columns is None else list(columns)
    path, name, n_rows = groups[0]
    like = _read(path, name, None, None if n_rows is None else _N_FIRST, wanted, mode)
    is_series = like.ndim == 1
    function = functools.partial(
        _read,
        columns=wanted,
        mode=mode,
        dtypes=like.dtype if is_series else dict(like.dtypes),
        name=like.name if is_series else None,
    )
    divisions = _divisions(parts, mode) if sorted_index else None
    columns_of_parts = list(zip(*parts, strict=True))
    return from_map(function, *columns_of_parts, meta=like[:0], divisions=divisions, label="read_hdf")


def to_hdf(
    df: Any,
    path: Any,
    key: str,
    mode: str = "a",
    append: bool = False,
    scheduler: Any = None,
    name_function: Callable[[int], str] | None = None,
    compute: bool = True,
    lock: Any = None,
    dask_kwargs: Any = None,
    **kwargs: Any,
) -> Any:
    """Write a frame or series to tables in files of HDF5.

    Partitions are computed as many at a time as there are cores, and written one after another. Files are
    written under other names, a file that is there as a copy, and moved into place when all are complete: a
    write that fails changes nothing.

    Parameters
    ----------
    df : DataFrame or Series
        What is written.
    path : str or path
        The file. With an asterisk in it each partition is a file, in whose name the partition stands for the
        asterisk; partitions without rows have none.
    key : str
        The group in the file. With an asterisk in it each partition is a group.
    mode : {"a", "w", "r+"}, optional
        Whether a file that is there keeps its other groups, is replaced, or has to be there.
    append : bool, optional
        Whether rows are put behind those of a table that is there; it is replaced otherwise.
    scheduler : optional
        What computes the partitions.
    name_function : callable, optional
        What stands for an asterisk, by the number of the partition: that number.
    compute : bool, optional
        Whether it is written now; a delayed value is returned otherwise, which has all rows in memory.
    lock : optional
        Accepted for Dask's sake: PyTables is used by one thread of a process at a time.
    dask_kwargs : dict, optional
        Keywords of `compute`.
    **kwargs
        Keywords of pandas' ``to_hdf``, such as ``complevel``, ``data_columns`` and ``min_itemsize``.

    Returns
    -------
    list of str or Delayed
        The files of the partitions.

    Raises
    ------
    FileNotFoundError
        With ``mode="r+"``, if there is no such file.
    ValueError
        For texts that are longer than those of the first partition, if ``min_itemsize`` does not say how long
        they can be.

    Examples
    --------
    >>> import tempfile
    >>> import pytest
    >>> _ = pytest.importorskip("tables")
    >>> import pandas as pd
    >>> import raskt.dataframe as rd
    >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 3]}), npartitions=2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = rd.to_hdf(df, f"{folder}/a.h5", "rows")
    ...     pd.read_hdf(f"{folder}/a.h5", "rows").x.tolist()
    [1, 2, 3]
    """
    del lock
    if not is_frame(df) or df._expr.kind not in ("frame", "series"):
        raise TypeError(f"to_hdf writes a dataframe or series, found {type(df).__name__}")
    if kwargs.pop("format", "table") not in ("table", "t"):
        raise NotImplementedError(
            'to_hdf(format="fixed"): rows are put behind rows of tables, format="table"'
        )
    if mode not in ("a", "w", "r+"):
        raise ValueError(f"mode is one of 'a', 'w' and 'r+', found {mode!r}")
    target = anchored(os.fspath(path))
    if is_remote(target):
        raise NotImplementedError(f"{target}: HDF5 is written to local files; write there, and copy the file")
    if target.count("*") + key.count("*") > 1:
        raise ValueError("one asterisk in path or key stands for the number of the partition")
    width = len(str(max(df.npartitions - 1, 0)))
    named = name_function or (lambda number: f"{number:0{width}}")
    names = [str(named(number)) for number in range(df.npartitions)]
    if "*" in target + key and len(set(names)) < len(names):
        raise ValueError("name_function returns one name for several partitions")
    if names != sorted(names) and "*" in target + key:
        raise ValueError("name_function returns names that are not in the order of the partitions")
    places = [(target.replace("*", name), key.replace("*", name)) for name in names]
    if mode == "r+" and (missing := [place for place, _ in places if not os.path.exists(place)]):
        raise FileNotFoundError(f"{missing[0]} does not exist, and mode='r+' makes none")
    plan = (places, "*" in target, mode, append, kwargs)
    if compute:
        keywords = {} if dask_kwargs is None else dict(dask_kwargs)
        with config.set({} if scheduler is None else {"scheduler": scheduler}):
            return _write(_computed(df.to_delayed(), keywords), *plan)
    return make_function(_write, "to_hdf", False, None, True)(df.to_delayed(), *plan)


def _computed(parts: list[Any], keywords: dict[str, Any]) -> Iterator[Any]:
    """Return partitions, computed as many at a time as there are cores."""
    for at in range(0, len(parts), CPU_COUNT):
        yield from compute_all(*parts[at : at + CPU_COUNT], **keywords)


def _write(
    parts: Any, places: list[tuple[str, str]], by_file: bool, mode: str, append: bool, options: dict[str, Any]
) -> list[str]:
    """Write partitions to their places."""
    opening = {name: options[name] for name in ("complevel", "complib") if name in options}
    putting = {name: value for name, value in options.items() if name not in opening}
    written: dict[str, str] = {}
    begun: set[tuple[str, str]] = set()
    with contextlib.ExitStack() as stack:
        folders: dict[str, StagedFolder] = {}
        for part, (target, key) in zip(parts, places, strict=True):
            if by_file and not len(part):
                continue
            if target not in written:
                where, name = os.path.split(target)
                if where not in folders:
                    folders[where] = StagedFolder(where)
                    stack.callback(folders[where].close)
                    folders[where].make()
                written[target] = os.path.join(os.fspath(folders[where]), name)
                if mode != "w" and os.path.exists(target):
                    shutil.copyfile(target, written[target])
            with _store(written[target], "a", **opening) as store:
                if (target, key) not in begun and not append and key in store:
                    store.remove(key)
                if len(part):
                    store.append(key, part, **putting)
            begun.add((target, key))
        for target, file in written.items():
            os.replace(file, target)
    return [target for target, _ in places if target in written]
