"""What tasks do that read Parquet by pandas: a whole file, with the columns that its path says."""

from __future__ import annotations

import io
from typing import Any

import pandas as pd

from raskt.bag._files import is_remote, open_at
from raskt.dataframe._text_blocks import named, stamp_of

__all__ = ["MISSING", "like_of", "read_file", "stamp_of"]

#: What Hive calls the folder of missing values.
MISSING = "__HIVE_DEFAULT_PARTITION__"

_N_ROWS = 10


def _opened(path: str, how: dict[str, Any]) -> Any:
    return open_at(path, 0, how["storage_options"]) if is_remote(path) else open(path, "rb")


def read_file(path: str, stamp: Any, codes: Any, how: dict[str, Any]) -> Any:
    """Read a file.

    Parameters
    ----------
    path : str
        The file.
    stamp : list of int
        What `stamp_of` said when the frame was made.
    codes : list
        Which value each column of the path has.
    how : dict
        ``columns``, those of the file; ``is_numbered``, whether its index is a column; ``keywords`` of
        pandas'; ``keys``, the columns of the path with their values; ``order``, all columns in order, or
        None; ``like``, a frame without rows of what comes out; ``storage_options``.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    ValueError
        If the file has changed, is no Parquet file, or has other columns. All errors name the file.
    """
    if stamp_of(path, how["storage_options"]) != tuple(stamp):
        raise ValueError(f"{path} has changed since the frame was made: read it anew")
    try:
        with _opened(path, how) as file:
            found = _parsed(file, how)
    except (ValueError, OSError, KeyError) as error:
        raise named(error, path) from error
    return _conformed(_with_keys(found, codes, how), how["like"], path)


def _parsed(file: Any, how: dict[str, Any]) -> Any:
    found = pd.read_parquet(file, columns=how["columns"], engine="pyarrow", **how["keywords"])
    if how["is_numbered"] and not isinstance(found.index, pd.RangeIndex):
        found = found.reset_index()
    return found


def _with_keys(found: Any, codes: Any, how: dict[str, Any]) -> Any:
    for (name, values), code in zip(how["keys"], codes, strict=True):
        if name not in found.columns:
            number = -1 if code is None else code
            dtype = "int32" if values and all(isinstance(x, int) and abs(x) < 2**31 for x in values) else None
            categories = pd.Index(values, dtype=dtype)
            found[name] = pd.Categorical.from_codes([number] * len(found), categories=categories)
    return found if how["order"] is None else found[how["order"]]


def like_of(paths: list[str], how: dict[str, Any]) -> Any:
    """Return a frame without rows like what the files hold together.

    Integers and truth values of which any file lacks some are floats and objects to pandas.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = paths[0]
    try:
        with _opened(path, how) as file:
            whole = pq.ParquetFile(file)
            schema = whole.schema_arrow
            batch = next(whole.iter_batches(batch_size=_N_ROWS), None)
            rows = schema.empty_table() if batch is None else pa.Table.from_batches([batch], schema=schema)
        few = io.BytesIO()
        pq.write_table(rows, few)
        few.seek(0)
        like = _with_keys(_parsed(few, how), [None] * len(how["keys"]), how)[:0]
    except (ValueError, OSError, KeyError) as error:
        raise named(error, path) from error
    if "dtype_backend" in how["keywords"]:
        return like
    lacking = {
        label: "float64" if dtype.kind in "iu" else "object"
        for label, dtype in like.dtypes.items()
        if getattr(dtype, "kind", "O") in "iub" and not pd.api.types.is_extension_array_dtype(dtype)
    }
    if lacking:
        known = set[str]()
        for one in paths:
            known |= _lacking(one, how)
        lacking = {label: dtype for label, dtype in lacking.items() if str(label) in known}
    return like.astype(lacking) if lacking else like


def _lacking(path: str, how: dict[str, Any]) -> set[str]:
    """Return the columns of a file that lack values, or may do so, by its footer."""
    import pyarrow.parquet as pq

    found = set()
    try:
        with _opened(path, how) as file:
            footer = pq.ParquetFile(file).metadata
    except (ValueError, OSError) as error:
        raise named(error, path) from error
    for group in range(footer.num_row_groups):
        for at in range(footer.num_columns):
            column = footer.row_group(group).column(at)
            statistics = column.statistics
            if statistics is None or not statistics.has_null_count or statistics.null_count:
                found.add(column.path_in_schema)
    return found


def _conformed(found: Any, like: Any, path: str) -> Any:
    if list(found.columns) != list(like.columns):
        raise ValueError(
            f"{path}: the columns are {list(found.columns)!r}, and {list(like.columns)!r} in the first file"
        )
    for at, (label, dtype) in enumerate(like.dtypes.items()):
        has = found.dtypes.iloc[at]
        if has == dtype or (isinstance(has, pd.CategoricalDtype) and isinstance(dtype, pd.CategoricalDtype)):
            continue
        kinds = (getattr(has, "kind", "O"), getattr(dtype, "kind", "O"))
        if kinds[1] == "O" or (kinds[0] in "iu" and kinds[1] == "f") or len(found) == 0:
            found.isetitem(at, found.iloc[:, at].astype(dtype).array)
            continue
        raise ValueError(f"{path}: column {label!r} is {has}, and {dtype} in the files before")
    return found
