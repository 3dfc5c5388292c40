"""Frames of pandas' objects, of delayed values, of functions; and arrays of frames."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from raskt import _raskt
from raskt._kept import kept
from raskt._lazy import late
from raskt._raskt import Delayed, make_function
from raskt.base import compute
from raskt.dataframe._metas import make_meta
from raskt.dataframe._op import call, frame_of, is_frame, schema_of
from raskt.dataframe._parameters import literal
from raskt.tokenize import tokenize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["array_as_column", "from_delayed", "from_dict", "from_map", "from_pandas", "to_array"]

array_of: Any = late("raskt.array.conversion", "from_delayed")
concatenate: Any = late("raskt.array.concatenate", "concatenate")


def _places(index: Any, n_rows: int, npartitions: int | None, chunksize: int | None) -> list[int]:
    """Return at which rows partitions begin, the end last; equal labels of a sorted index stay together."""
    if chunksize is not None:
        places = [*range(0, n_rows, chunksize), n_rows]
    else:
        n = max(1, min(npartitions or 1, n_rows))
        places = [n_rows * at // n for at in range(n + 1)]
    if index is None:
        return places
    found = [0]
    for place in places[1:-1]:
        place = max(place, found[-1] + 1)
        label = index[min(place, n_rows - 1)]
        first = int(index.searchsorted(label, side="left"))
        if first <= found[-1]:
            first = int(index.searchsorted(label, side="right"))
        if found[-1] < first < n_rows:
            found.append(first)
    return [*found, n_rows]


def _check_cut(npartitions: Any, chunksize: Any) -> None:
    if npartitions is not None and chunksize is not None:
        raise ValueError("Exactly one of npartitions and chunksize must be specified: found both.")
    for name, value in (("npartitions", npartitions), ("chunksize", chunksize)):
        if value is not None and (isinstance(value, bool) or not hasattr(value, "__index__")):
            raise TypeError(f"{name} must be a whole number, found {value!r}")
        if value is not None and value < 1:
            raise ValueError(f"{name} must be 1 or more, found {value!r}")


def from_pandas(
    data: Any,
    npartitions: int | None = None,
    sort: bool = True,
    chunksize: int | None = None,
    copy: bool = True,
) -> Any:
    """Return a frame of an object of pandas'.

    Parameters
    ----------
    data : pandas.DataFrame, pandas.Series or pandas.Index
        The object.
    npartitions : int, optional
        Into how many partitions it is cut; 1 by default. They may be fewer, as
        rows with equal labels stay together.
    sort : bool, optional
        Whether it is sorted by its index, if it is not already: the divisions are known then.
    chunksize : int, optional
        How many rows a partition has, instead of ``npartitions``.
    copy : bool, optional
        Whether what is written to ``data`` later is not seen, which takes a copy. If False it is undefined.

    Returns
    -------
    DataFrame, Series or Index

    Raises
    ------
    TypeError
        For other objects.
    ValueError
        With both ``npartitions`` and ``chunksize``, or less than 1 of either.

    Examples
    --------
    >>> import pandas as pd
    >>> import raskt.dataframe as rd
    >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 3, 4]}), npartitions=2)
    >>> df.divisions
    (0, 2, 3)
    """
    import pandas as pd

    if not isinstance(data, (pd.DataFrame, pd.Series, pd.Index)):
        raise TypeError(f"Input must be a pandas DataFrame, Series or Index, found {type(data).__name__}")
    _check_cut(npartitions, chunksize)
    own = data if isinstance(data, pd.Index) else data.index
    orders = own.nlevels == 1 and not own.hasnans and _is_ordered(own)
    if sort and orders and not own.is_monotonic_increasing and not isinstance(data, pd.Index):
        data = data.sort_index()
        own = data.index
    is_sorted = sort and orders and own.is_monotonic_increasing and len(own) > 0
    places = _places(own if is_sorted else None, len(data), npartitions, chunksize)
    slices = data.iloc if hasattr(data, "iloc") else data
    parts = [slices[start:stop] for start, stop in itertools.pairwise(places)] or [data]
    divisions = _divisions(own, places) if is_sorted else None
    token = tokenize(data, places, "from_pandas") if copy else tokenize(object())
    like = data[:0] if isinstance(data, pd.Index) else data.iloc[:0]
    return frame_of(_raskt.frame_from_partitions(parts, like, divisions, token, copy))


def _is_ordered(index: Any) -> bool:
    """Return whether the labels of an index can be divisions: numbers, times or text."""
    import pandas as pd

    dtype = index.dtype
    return (getattr(dtype, "kind", "O") in "iufmM" and not isinstance(dtype, pd.ArrowDtype)) or isinstance(
        dtype, pd.StringDtype
    )


def _divisions(index: Any, places: list[int]) -> Any:
    return index.take([*places[:-1], places[-1] - 1])


def from_dict(
    data: dict[Any, Any],
    npartitions: int = 1,
    orient: str = "columns",
    dtype: Any = None,
    columns: Any = None,
) -> Any:
    """Return a frame of a dictionary.

    Parameters
    ----------
    data : dict
        Lists by the names of columns, or by the labels of rows.
    npartitions : int, optional
        Into how many partitions it is cut.
    orient : {"columns", "index", "tight"}, optional
        What the keys are.
    dtype : dtype, optional
        The dtype of all columns.
    columns : list, optional
        The names of the columns, where keys are labels of rows.

    Returns
    -------
    DataFrame

    Examples
    --------
    >>> import raskt.dataframe as rd
    >>> rd.from_dict({"x": [1, 2]}, npartitions=2).x.sum().compute()
    np.int64(3)
    """
    import pandas as pd

    how: Any = {"orient": orient, "dtype": dtype, "columns": columns}
    return from_pandas(pd.DataFrame.from_dict(data, **how), npartitions=npartitions)


def from_delayed(
    dfs: Any, meta: Any = None, divisions: Any = None, prefix: str = "from-delayed", verify_meta: bool = True
) -> Any:
    """Return a frame whose partitions are delayed values.

    Parameters
    ----------
    dfs : Delayed or list of Delayed
        The partitions.
    meta : object, optional
        What each is: an object of pandas', or names and dtypes. Without it the first one is computed to see.
    divisions : tuple, optional
        The boundaries of the partitions.
    prefix : str, optional
        Accepted for Dask's sake.
    verify_meta : bool, optional
        Whether each partition is compared with ``meta``.

    Returns
    -------
    DataFrame, Series or Index

    Raises
    ------
    TypeError
        If something else than delayed values is among them.

    Examples
    --------
    >>> import pandas as pd
    >>> import raskt
    >>> import raskt.dataframe as rd
    >>> parts = [raskt.delayed(pd.DataFrame)({"x": [at]}) for at in range(3)]
    >>> rd.from_delayed(parts, meta={"x": "int64"}).x.sum().compute()
    np.int64(3)
    """
    del prefix
    given = [dfs] if isinstance(dfs, Delayed) or is_future(dfs) else list(dfs)
    if not given:
        raise TypeError("Must supply at least one delayed object")
    values = [value.__raskt_delayed__() if is_future(value) else value for value in given]
    for value in values:
        if not isinstance(value, Delayed):
            raise TypeError(f"Expected Delayed object, got {type(value).__name__}")
    if meta is None:
        meta = values[0].compute()
    parameters = {"schema": schema_of(make_meta(meta)), "checks": verify_meta, "label": "from_delayed"}
    found = frame_of(_raskt.frame_op("from_delayed", tuple(values), parameters))
    return found if divisions is None else with_divisions(found, divisions)


def is_future(value: Any) -> bool:
    """Whether a value is a future of a cluster."""
    return hasattr(type(value), "add_done_callback") and hasattr(type(value), "__raskt_delayed__")


def with_divisions(frame: Any, divisions: Any) -> Any:
    """Return a frame whose divisions are said."""
    import pandas as pd

    divisions = tuple(divisions)
    if len(divisions) != frame.npartitions + 1:
        raise ValueError(
            f"divisions should be a tuple of {frame.npartitions + 1} boundaries for "
            f"{frame.npartitions} partitions, found {len(divisions)}"
        )
    if any(boundary is None for boundary in divisions):
        return frame
    index = pd.Index(list(divisions)).astype(getattr(frame._meta, "index", frame._meta).dtype)
    return frame_of(_raskt.frame_divided(frame._expr, index, tokenize(divisions)))


def from_map(
    func: Callable[..., Any],
    *iterables: Iterable[Any],
    args: tuple[Any, ...] = (),
    meta: Any = None,
    divisions: Any = None,
    label: str | None = None,
    enforce_metadata: bool = True,
    **kwargs: Any,
) -> Any:
    """Return a frame whose partitions a function makes: one for each element.

    Parameters
    ----------
    func : callable
        Returns a partition.
    *iterables : iterable
        Its arguments, one of each for a partition.
    args : tuple, optional
        Further arguments, the same for all.
    meta : object, optional
        What each partition is. Without it the function is called for the first one to see.
    divisions : tuple, optional
        The boundaries of the partitions.
    label : str, optional
        What the tasks are called.
    enforce_metadata : bool, optional
        Whether each partition is compared with ``meta``.
    **kwargs
        Keywords of the function.

    Returns
    -------
    DataFrame, Series or Index

    Raises
    ------
    ValueError
        If the iterables are of different lengths, or there is none.

    Examples
    --------
    >>> import pandas as pd
    >>> import raskt.dataframe as rd
    >>> rd.from_map(lambda n: pd.DataFrame({"x": range(n)}), [1, 2, 3]).x.sum().compute()
    np.int64(4)
    """
    if not callable(func):
        raise ValueError("`func` argument must be `callable`")
    columns = [list(iterable) for iterable in iterables]
    if not columns or len({len(column) for column in columns}) != 1:
        raise ValueError("from_map needs one or more iterables of one length")
    if not columns[0]:
        raise ValueError("All `iterables` must have a non-zero length")
    items = [(*item, *args) for item in zip(*columns, strict=True)]
    if meta is None:
        meta = func(*items[0], **kwargs)
    parameters = {
        "function": _raskt.Whole(kept(func)),
        "items": [[literal(x) for x in item] for item in items],
        "kwargs": {name: literal(x) for name, x in kwargs.items()},
        "schema": schema_of(make_meta(meta)),
        "checks": enforce_metadata,
        "label": label or _raskt.function_name(func),
    }
    found = frame_of(_raskt.frame_op("from_map", (), parameters))
    return found if divisions is None else with_divisions(found, divisions)


def _to_numpy(part: Any) -> Any:
    return part.to_numpy()


def to_array(frame: Any, lengths: Any, meta: Any) -> Any:
    """Return the values of a frame as an array of `raskt.array`."""
    import numpy as np

    if lengths is True:
        sizes = tuple(compute(frame.map_partitions(len, meta=("n", "int64")))[0])
    elif lengths is not None and lengths is not False:
        sizes = tuple(int(length) for length in lengths)
        if len(sizes) != frame.npartitions:
            raise ValueError(
                f"The number of items in `lengths` does not match the number of partitions. {len(sizes)} != "
                f"{frame.npartitions}"
            )
    else:
        sizes = tuple(np.nan if length is None else length for length in frame._expr.lengths)
    prototype = frame._meta.to_numpy()
    values = make_function(_to_numpy, "to_numpy", True, None, True)
    width = prototype.shape[1:]
    blocks = [
        array_of(values(part), (size, *width), dtype=prototype.dtype, meta=meta)
        for part, size in zip(frame.to_delayed(), sizes, strict=True)
    ]
    return concatenate(blocks, allow_unknown_chunksizes=True)


def _as_series(part: Any, block: Any) -> Any:
    import pandas as pd

    if len(part) != len(block):
        raise ValueError(
            f"a chunk of {len(block)} elements for a partition of {len(part)} rows: the array is cut "
            "otherwise than the dataframe"
        )
    return pd.Series(block, index=part.index)


def array_as_column(frame: Any, array: Any) -> Any:
    """Return an array as a series over the index of a frame: chunk by chunk, partition by partition."""
    import pandas as pd

    if not hasattr(array, "chunks") or array.ndim != 1:
        raise TypeError(f"a column cannot be a {type(array).__name__}: use a series, or an array of one axis")
    if array.npartitions != frame.npartitions:
        raise ValueError(
            f"Number of partitions do not match ({array.npartitions} != {frame.npartitions}): "
            "rechunk the array"
        )
    blocks = from_delayed_values(array.to_delayed().tolist())
    meta = pd.Series([], dtype=array.dtype, index=frame._meta.index)
    return call(_as_series, (frame, blocks), {}, meta, clears=False, label="from_array")


def from_delayed_values(values: list[Delayed]) -> Any:
    """Return delayed values of any type as partitions, for functions that take them beside a frame's."""
    import pandas as pd

    like = pd.Series([], dtype=object)
    parameters = {"schema": schema_of(like), "checks": False}
    found = frame_of(_raskt.frame_op("from_delayed", tuple(values), parameters))
    assert is_frame(found)
    return found
