"""Frames of files of Parquet, read natively."""

from __future__ import annotations

import os
from typing import Any

from raskt import _raskt
from raskt.bag._files import expand, is_remote
from raskt.dataframe._op import frame_of, op
from raskt.dataframe._parameters import labels

__all__ = ["paths_of", "read_parquet"]


def paths_of(path: Any, suffixes: tuple[str, ...], storage_options: Any = None) -> list[str]:
    """Return the files that a path, a folder, a pattern, a URL or a list of them stands for."""
    several = [path] if isinstance(path, (str, bytes, os.PathLike)) else list(path)
    if not several:
        raise ValueError("no files were given: the list of paths is empty")
    found: list[str] = []
    for one in map(os.fsdecode, several):
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
    index: Any = None,
    **kwargs: Any,
) -> Any:
    """Return a frame of Parquet files.

    Parameters
    ----------
    path : str, path or list
        A file, a folder, a pattern, or several of these.
    columns : label or list, optional
        The columns that are read; all by default. One label gives a series.
    filters : None
        Not there: filter the frame, as ``df[df.x > 1]`` does.
    index : label, list or False, optional
        The columns that are the index. By default what pandas stored; False numbers the rows of each file.
    **kwargs
        ``engine`` and ``calculate_divisions`` are accepted for Dask's sake.

    Returns
    -------
    DataFrame or Series
        A partition for each file, or for about 128 MiB of row groups of a larger one. Only the columns that
        are used are read.

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
    ...     rd.read_parquet(folder).x.sum().compute()
    np.int64(3)
    """
    if filters is not None:
        raise NotImplementedError("filters=: filter the frame instead, as df[df.x > 1] does")
    unknown = kwargs.keys() - {"engine", "calculate_divisions"}
    if unknown:
        raise TypeError(f"read_parquet does not know the keywords {sorted(unknown)!r}")
    one = columns is not None and not isinstance(columns, list)
    wanted = None if columns is None else [columns] if one else columns
    if index is not None and index is not False and not isinstance(index, list):
        index = [index]
    frame = frame_of(_raskt.frame_read_parquet(paths_of(path, (".parquet", ".parq", ".pq")), wanted, index))
    return op("column", (frame,), {"label": labels([columns])[0]}) if one else frame
