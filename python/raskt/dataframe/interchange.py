"""Frames of bags and of Arrow's streams, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from raskt._convert import convert
from raskt._keys import flatten_keys
from raskt._lazy import late
from raskt._raskt import make_function
from raskt.base import compute
from raskt.dataframe._metas import first_rows, make_meta
from raskt.dataframe.conversion import from_delayed, from_pandas
from raskt.system import CPU_COUNT

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "arrow_stream",
    "bag_to_frame",
    "from_arrow",
    "from_dask",
    "from_polars",
    "to_bag",
    "to_dask",
    "to_polars",
]

bag_of: Any = late("raskt.bag.creation", "from_delayed")

#: By so many of its first elements it is told what columns a bag has.
_N_ELEMENTS = 100


# ---- bags ----


def to_bag(df: Any, index: bool = False, format: str = "tuple") -> Any:
    """Return the rows of a frame or series as a bag, a partition of each partition.

    Parameters
    ----------
    df : DataFrame or Series
        The frame.
    index, format
        As in `DataFrame.to_bag`.

    Returns
    -------
    Bag

    Examples
    --------
    >>> import pandas as pd
    >>> import raskt.dataframe as rd
    >>> rd.to_bag(rd.from_pandas(pd.Series([1, 2]), npartitions=2)).compute()
    [1, 2]
    """
    if format not in ("tuple", "dict", "frame"):
        raise ValueError(f"format must be either 'dict', 'tuple', or 'frame', found {format!r}")
    if format == "frame":
        return bag_of(_lists(df, _alone, ()))
    return bag_of(_lists(df, _rows, (index, format)))


def _lists(frame: Any, function: Any, args: tuple[Any, ...]) -> list[Any]:
    make = make_function(function, "to_bag", True, None, True)
    return [make(part, *args) for part in frame.to_delayed()]


def _alone(part: Any) -> list[Any]:
    return [part]


def _rows(part: Any, index: bool, format: str) -> list[Any]:
    """Return the rows of a partition as tuples, or as dictionaries by the names of columns."""
    import pandas as pd

    if isinstance(part, pd.DataFrame):
        if format == "dict":
            whole = part.reset_index() if index else part
            return list(whole.to_dict(orient="records"))
        return list(part.itertuples(index=index, name=None))
    if isinstance(part, pd.Index):
        part = part.to_series()
    if format == "dict":
        return _rows(part.to_frame(), index, format)
    return list(part.items()) if index else list(part)


def bag_to_frame(bag: Any, meta: Any, columns: Any) -> Any:
    """Return the elements of a bag as rows of a frame; see `Bag.to_dataframe`."""
    import pandas as pd

    if meta is not None and columns is not None:
        raise ValueError("Can't specify both `meta` and `columns`")
    if meta is None:
        first = list(bag.take(_N_ELEMENTS, npartitions=-1, warn=False))
        if not first:
            raise ValueError("an empty bag has no columns to see: pass meta=")
        meta = pd.DataFrame(first, columns=None if columns is None else list(columns))
    prototype = make_meta(meta)
    if prototype.ndim == 1:
        raise TypeError("meta must be that of a dataframe: names and dtypes of columns")
    make = make_function(_framed, "to_dataframe", True, None, True)
    parts = [make(part, prototype) for part in bag.to_delayed()]
    return from_delayed(parts, meta=prototype)


def _framed(elements: Any, like: Any) -> Any:
    import pandas as pd

    rows = list(elements)
    if not rows:
        return like
    return pd.DataFrame(rows, columns=list(like.columns))


# ---- Arrow ----


def from_arrow(data: Any, npartitions: int | None = None, chunksize: int | None = None) -> Any:
    """Return a frame of whatever exports Arrow's stream of batches: tables of pyarrow, Polars, DuckDB.

    Parameters
    ----------
    data : object
        Has ``__arrow_c_stream__``; it is read at once.
    npartitions : int, optional
        Into how many partitions it is cut; 1 by default.
    chunksize : int, optional
        How many rows a partition has, instead of ``npartitions``.

    Returns
    -------
    DataFrame
        With the dtypes that pyarrow's ``to_pandas`` gives, and with the index that pandas has written about.

    Raises
    ------
    TypeError
        If the object exports no stream.

    Examples
    --------
    >>> import pyarrow as pa
    >>> import raskt.dataframe as rd
    >>> rd.from_arrow(pa.table({"x": [1, 2, 3]}), npartitions=2).x.sum().compute()
    np.int64(6)
    """
    if not hasattr(data, "__arrow_c_stream__"):
        raise TypeError(f"from_arrow takes what has __arrow_c_stream__, found {type(data).__name__}")
    import pyarrow as pa

    table = pa.RecordBatchReader.from_stream(data).read_all()
    return from_pandas(table.to_pandas(), npartitions=npartitions, chunksize=chunksize, sort=False)


def from_polars(data: Any, npartitions: int | None = None, chunksize: int | None = None) -> Any:
    """Return a frame of one of Polars'; a lazy one is collected now.

    Parameters
    ----------
    data : polars.DataFrame, polars.Series or polars.LazyFrame
        The frame.
    npartitions : int, optional
        Into how many partitions it is cut; 1 by default.
    chunksize : int, optional
        How many rows a partition has, instead of ``npartitions``.

    Returns
    -------
    DataFrame or Series

    Raises
    ------
    TypeError
        For other objects.

    Examples
    --------
    >>> import polars as pl
    >>> import raskt.dataframe as rd
    >>> rd.from_polars(pl.DataFrame({"x": [1, 2, 3]}), npartitions=2).x.sum().compute()
    np.int64(6)
    """
    if type(data).__module__.partition(".")[0] != "polars":
        raise TypeError(f"from_polars takes a frame of Polars', found {type(data).__name__}")
    if hasattr(data, "collect"):
        data = data.collect()
    if hasattr(data, "to_frame"):
        found = from_arrow(data.to_frame(), npartitions=npartitions, chunksize=chunksize)
        return found[data.name]
    return from_arrow(data, npartitions=npartitions, chunksize=chunksize)


def to_polars(frame: Any) -> Any:
    """Return a frame or series, computed, as one of Polars'; see `DataFrame.to_polars`."""
    import polars as pl

    found = pl.DataFrame(frame)
    return found if frame._expr.kind == "frame" else found.to_series(0)


# ---- Dask ----


def from_dask(collection: Any) -> Any:
    """Return a frame of one of Dask's: its tasks, optimized by Dask, are part of the graph.

    Parameters
    ----------
    collection : dask.dataframe.DataFrame, Series or Index
        The frame.

    Returns
    -------
    DataFrame, Series or Index
        Of the same partitions and divisions.

    Raises
    ------
    TypeError
        For other objects.

    Examples
    --------
    >>> import dask.dataframe as dd
    >>> import pandas as pd
    >>> import raskt.dataframe as rd
    >>> ddf = dd.from_pandas(pd.DataFrame({"x": [1, 2, 3]}), npartitions=2)
    >>> rd.from_dask(ddf).x.sum().compute()
    np.int64(6)
    """
    if not hasattr(collection, "__dask_graph__") or not hasattr(collection, "divisions"):
        raise TypeError(f"from_dask takes a dataframe of Dask's, found {type(collection).__name__}")
    optimized = collection.optimize()
    keys = list(flatten_keys(optimized.__dask_keys__()))
    values = convert(optimized.__dask_graph__(), keys)
    divisions = optimized.divisions
    known = None if any(boundary is None for boundary in divisions) else divisions
    return from_delayed(values, meta=optimized._meta, divisions=known, verify_meta=False)


def to_dask(frame: Any) -> Any:
    """Return a frame, computed and kept in memory, as one of Dask's; see `DataFrame.to_dask`."""
    import dask.dataframe as dd

    # Native tasks take tables, which Dask's schedulers do not hand on: partitions are what they can.
    kept = frame.persist()
    return dd.from_graph(kept.__dask_graph__(), kept._meta, kept.divisions, kept.__dask_keys__(), "raskt")


# ---- streams ----


def arrow_stream(frame: Any, requested_schema: Any) -> Any:
    """Return the rows of a frame as a stream of Arrow's C interface, computed as they are asked for."""
    import pandas as pd
    import pyarrow as pa

    if frame._expr.kind != "frame":
        frame = frame.to_frame()
    index = frame._meta.index
    is_kept = not (index.nlevels == 1 and index.name is None and index.dtype.kind in "iu")
    seen = first_rows(frame)
    schema = pa.Schema.from_pandas(seen, preserve_index=is_kept)
    # Categories may be others in other partitions.
    fields = [
        pa.field(field.name, pa.dictionary(pa.int32(), field.type.value_type, field.type.ordered))
        if pa.types.is_dictionary(field.type)
        else field
        for field in schema
    ]
    schema = pa.schema(fields, metadata=schema.metadata)

    def batches() -> Iterator[Any]:
        parts = frame.to_delayed()
        for at in range(0, len(parts), CPU_COUNT):
            for part in compute(*parts[at : at + CPU_COUNT]):
                assert isinstance(part, pd.DataFrame)
                table = pa.Table.from_pandas(part, preserve_index=is_kept)
                yield from table.cast(schema).combine_chunks().to_batches()

    reader = pa.RecordBatchReader.from_batches(schema, batches())
    return reader.__arrow_c_stream__(requested_schema)
