"""Frames of arrays, and arrays of records of frames."""

from __future__ import annotations

import itertools
from typing import Any

from raskt._lazy import late
from raskt._raskt import make_function
from raskt.base import compute
from raskt.dataframe._op import is_frame
from raskt.dataframe.conversion import from_delayed, from_pandas

__all__ = ["from_array", "from_dask_array", "to_records"]

array_of: Any = late("raskt.array.conversion", "from_delayed")
lazy_array: Any = late("raskt.array.conversion", "from_array")
concatenate: Any = late("raskt.array.concatenate", "concatenate")


def from_array(x: Any, chunksize: int = 50_000, columns: Any = None, meta: Any = None) -> Any:
    """Return a frame of an array: a series of one axis, a dataframe of two, or of records.

    Parameters
    ----------
    x : array_like
        An array of NumPy's or `raskt.array`'s, or what has ``shape``, ``dtype`` and slices, as a file's
        data set.
    chunksize : int, optional
        How many rows a partition has; arrays of `raskt.array` are cut as they are.
    columns : label or list, optional
        The names of the columns, or of the series.
    meta : object, optional
        Accepted for Dask's sake.

    Returns
    -------
    DataFrame or Series
        With numbered rows.

    Raises
    ------
    ValueError
        For more than two axes, and another number of names than there are columns.

    Examples
    --------
    >>> import numpy as np
    >>> import raskt.dataframe as rd
    >>> df = rd.from_array(np.arange(6).reshape(3, 2), chunksize=2, columns=["a", "b"])
    >>> df.divisions, df.b.sum().compute()
    ((0, 2, 2), np.int64(9))
    """
    import numpy as np

    if _is_chunked(x):
        return from_dask_array(x, columns=columns, meta=meta)
    if chunksize < 1:
        raise ValueError(f"chunksize must be 1 or more, found {chunksize!r}")
    if not isinstance(x, np.ndarray) and hasattr(x, "shape") and hasattr(x, "dtype"):
        shape = (chunksize, *x.shape[1:])
        return from_dask_array(lazy_array(x, chunks=shape), columns=columns, meta=meta)
    whole = np.asarray(x)
    _names(whole, columns)
    return from_pandas(_framed(whole, columns, None), chunksize=chunksize)


def from_dask_array(x: Any, columns: Any = None, index: Any = None, meta: Any = None) -> Any:
    """Return a frame whose partitions are the chunks of an array of `raskt.array`.

    Parameters
    ----------
    x : Array
        Of one axis, for a series, or of two.
    columns : label or list, optional
        The names of the columns, or of the series.
    index : Index or Series, optional
        The index, in as many partitions as the array has chunks of rows. By default rows are numbered.
    meta : object, optional
        Accepted for Dask's sake.

    Returns
    -------
    DataFrame or Series
        Divisions are known where the sizes of chunks are, and no index is given.

    Raises
    ------
    ValueError
        For more than two axes, another number of names than there are columns, and an index that is cut
        otherwise.

    Examples
    --------
    >>> import raskt.array as ra
    >>> import raskt.dataframe as rd
    >>> rd.from_dask_array(ra.ones((4, 2), chunks=(2, 1)), columns=["a", "b"]).a.sum().compute()
    np.float64(4.0)
    """
    import numpy as np
    import pandas as pd

    del meta
    if not _is_chunked(x):
        raise TypeError(f"from_dask_array takes an array of raskt.array, found {type(x).__name__}")
    like = np.empty((0, *x.shape[1:]), dtype=x.dtype)
    _names(like, columns)
    if x.ndim == 2 and len(x.chunks[1]) > 1:
        x = x.rechunk({1: -1})
    blocks = x.to_delayed().ravel().tolist()
    sizes = x.chunks[0]
    are_known = not any(np.isnan(size) for size in sizes)
    prototype = _framed(like, columns, None)
    if index is not None:
        if not is_frame(index):
            raise TypeError(f"the index must be an Index or Series of raskt.dataframe, found {index!r}")
        if index.npartitions != len(blocks):
            raise ValueError(
                f"The index and array have different numbers of blocks. "
                f"({index.npartitions} != {len(blocks)})"
            )
        labels = index.to_delayed()
        own = index._meta
        prototype.index = own if isinstance(own, pd.Index) else pd.Index(own)
        divisions = index.divisions if index.known_divisions else None
    elif are_known:
        ends = list(itertools.accumulate(sizes, initial=0))
        labels = ends[:-1]
        has_rows = all(sizes) and len(blocks) > 0
        divisions = (*ends[:-1], ends[-1] - 1) if has_rows else None
    else:
        labels, divisions = [0] * len(blocks), None
    make = make_function(_framed, "from_array", True, None, True)
    parts = [make(block, columns, label) for block, label in zip(blocks, labels, strict=True)]
    return from_delayed(parts, meta=prototype, divisions=divisions)


def _is_chunked(x: Any) -> bool:
    return hasattr(x, "chunks") and hasattr(x, "__raskt_keys__") and hasattr(x, "to_delayed")


def _names(like: Any, columns: Any) -> None:
    """Look at the axes of an array, and at the number of names for it."""
    if like.ndim > 2 or like.ndim == 0:
        raise ValueError(f"from_array does not input more than 2D array, got array with shape {like.shape!r}")
    if like.dtype.names is not None:
        n = len(like.dtype.names)
    elif like.ndim == 1:
        if isinstance(columns, (list, tuple)) and len(columns) != 1:
            raise ValueError("For a 1d array, columns must be a scalar or single element list")
        return
    else:
        n = like.shape[1]
    if columns is not None and len(columns) != n:
        raise ValueError(
            f"Number of column names must match width of the array. Got {len(columns)} names for {n} columns"
        )


def _framed(block: Any, columns: Any, index: Any) -> Any:
    """Return a chunk as an object of pandas'; ``index``: its labels, or the number of its first row."""
    import pandas as pd

    if isinstance(index, int):
        index = pd.RangeIndex(index, index + len(block))
    elif isinstance(index, pd.Series):
        index = pd.Index(index)
    if block.dtype.names is not None:
        found = pd.DataFrame(block, index=index)
        if columns is not None:
            found.columns = list(columns)
        return found
    if block.ndim == 1:
        name = columns[0] if isinstance(columns, (list, tuple)) else columns
        return pd.Series(block, index=index, name=name)
    return pd.DataFrame(block, index=index, columns=None if columns is None else list(columns))


def to_records(df: Any, index: bool = False, lengths: Any = None) -> Any:
    """Return the rows of a frame as an array of records.

    Parameters
    ----------
    df : DataFrame
        The frame.
    index, lengths
        As in `DataFrame.to_records`.

    Returns
    -------
    Array

    Examples
    --------
    >>> import pandas as pd
    >>> import raskt.dataframe as rd
    >>> rd.to_records(rd.from_pandas(pd.DataFrame({"x": [1, 2]}), npartitions=2)).compute()["x"].tolist()
    [1, 2]
    """
    import numpy as np

    if lengths is True:
        sizes: list[Any] = [len(part) for part in compute(*df.to_delayed())]
    elif lengths is not None and lengths is not False:
        sizes = [int(length) for length in lengths]
        if len(sizes) != df.npartitions:
            raise ValueError(
                f"The number of items in `lengths` does not match the number of partitions. {len(sizes)} != "
                f"{df.npartitions}"
            )
    else:
        sizes = [np.nan if length is None else length for length in df._expr.lengths]
    dtype = df._meta.to_records(index=index).dtype
    records = make_function(_records, "to_records", True, None, True)
    blocks = [
        array_of(records(part, index), (size,), dtype=dtype)
        for part, size in zip(df.to_delayed(), sizes, strict=True)
    ]
    return concatenate(blocks, allow_unknown_chunksizes=True)


def _records(part: Any, index: bool) -> Any:
    return part.to_records(index=index)
