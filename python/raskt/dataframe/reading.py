"""Frames of files: CSV and Parquet, read natively."""

from __future__ import annotations

import os
from typing import Any

from raskt import _raskt
from raskt.bag._files import expand, is_remote
from raskt.dataframe._op import frame_of, op
from raskt.dataframe._parameters import labels
from raskt.units import parse_bytes

__all__ = ["read_csv", "read_parquet"]


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


def _paths(path: Any, suffixes: tuple[str, ...]) -> list[str]:
    """Return the files that a path, a folder, a pattern or a list of them stands for."""
    several = [path] if isinstance(path, (str, bytes, os.PathLike)) else list(path)
    found: list[str] = []
    for one in map(os.fsdecode, several):
        if is_remote(one):
            raise NotImplementedError(f"{one}: files at URLs; read them by from_map and pandas' own reader")
        folder = os.path.expanduser(one)
        if os.path.isdir(folder):
            names = sorted(
                name for name in os.listdir(folder) if name.endswith(suffixes) and name[0] not in "._"
            )
            if not names:
                raise FileNotFoundError(2, f"no file of {' or '.join(suffixes)} in the folder", folder)
            found += [os.path.join(os.path.abspath(folder), name) for name in names]
        else:
            found += expand(one)
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
    frame = frame_of(_raskt.frame_read_parquet(_paths(path, (".parquet", ".parq", ".pq")), wanted, index))
    return op("column", (frame,), {"label": labels([columns])[0]}) if one else frame


def read_csv(
    urlpath: Any,
    blocksize: Any = "64MiB",
    *,
    sep: str = ",",
    dtype: Any = None,
    usecols: Any = None,
    names: Any = None,
    header: Any = "infer",
    parse_dates: Any = None,
    na_values: Any = None,
    keep_default_na: bool = True,
    quotechar: str = '"',
    comment: str | None = None,
    skip_blank_lines: bool = True,
    **kwargs: Any,
) -> Any:
    r"""Return a frame of CSV files.

    Parameters
    ----------
    urlpath : str, path or list
        A file, a pattern, or several of these.
    blocksize : int, str or None, optional
        Files are cut into partitions of about so many bytes; None for one partition a file.
    sep : str, optional
        What stands between fields: one character.
    dtype : dtype or dict, optional
        The dtypes of columns. Others are found out by the first 256 KiB of the first file.
    usecols : list, optional
        The columns that are read. Only those that are used are, in any case.
    names : list, optional
        The names of the columns; the files have no header then.
    header : {"infer", 0, None}, optional
        Whether the first line has the names of the columns. None needs ``names``.
    parse_dates : list, optional
        The columns that are points in time.
    na_values : str or list, optional
        What stands for a missing value, beside pandas' own list.
    keep_default_na : bool, optional
        Whether pandas' own list counts.
    quotechar : str, optional
        What stands around fields with separators or line ends in them.
    comment : str, optional
        What lines, or ends of lines, that are left out begin with.
    skip_blank_lines : bool, optional
        Whether lines without anything are left out.
    **kwargs
        Other keywords of pandas' are not there natively: they are an error that says so.

    Returns
    -------
    DataFrame
        The rows of each partition are numbered from 0.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    NotImplementedError
        For compressed files and other keywords of pandas'.
    ValueError
        If files have other columns than the first one; in tasks, for a value that does not fit its dtype,
        naming file, column and byte.

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
    if kwargs:
        raise NotImplementedError(
            f"read_csv with {sorted(kwargs)!r}: call from_map(pandas.read_csv, files, ...)"
        )
    if header not in ("infer", 0, None) or (header is None and names is None):
        raise NotImplementedError(f"read_csv with header={header!r}: give names= for files without a header")
    if names is not None and header == 0:
        raise NotImplementedError("read_csv with names= and header=0: rename the columns after reading")
    paths = _paths(urlpath, (".csv",))
    packed = [path for path in paths if path.endswith((".gz", ".bz2", ".xz", ".zst", ".zip"))]
    if packed:
        raise NotImplementedError(f"{packed[0]}: compressed files; call from_map(pandas.read_csv, files)")
    missing = [na_values] if isinstance(na_values, str) else list(na_values or [])
    options = {
        "separator": sep,
        "quote": quotechar,
        "comment": comment,
        "names": None if names is None else list(names),
        "columns": None if usecols is None else list(usecols),
        "dtypes": _dtypes(dtype),
        "times": [] if parse_dates is None or isinstance(parse_dates, bool) else list(parse_dates),
        "missing": _missing(missing, keep_default_na),
        "skips_blank_lines": skip_blank_lines,
        "block_bytes": None if blocksize is None else parse_bytes(blocksize),
    }
    return frame_of(_raskt.frame_read_csv(paths, options))


def _missing(values: list[str], keep_default: bool) -> list[str] | None:
    if not values and keep_default:
        return None
    if not keep_default:
        return values
    return [*values, *_PANDAS]


def _dtypes(dtype: Any) -> dict[Any, str]:
    """Return the names of dtypes by column."""
    if dtype is None:
        return {}
    if not isinstance(dtype, dict):
        raise NotImplementedError("read_csv with one dtype for all columns: give a dictionary")
    import pandas as pd

    return {name: str(pd.Series([], dtype=one).dtype) for name, one in dtype.items()}
