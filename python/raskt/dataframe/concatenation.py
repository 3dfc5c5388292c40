"""Dataframes and series one after another."""

from __future__ import annotations

from typing import Any

from raskt._lazy import late
from raskt.dataframe._op import expr_of, frame_of, op, schema_of

__all__ = ["concat"]

one_row: Any = late("raskt._tables", "one_row")


def concat(
    dfs: Any,
    axis: Any = 0,
    join: str = "outer",
    ignore_unknown_divisions: bool = False,
    ignore_order: bool = False,
    interleave_partitions: bool = False,
) -> Any:
    """Return frames or series one after another: the partitions of all of them.

    Divisions stay known where those of each frame end before those of the next one begin.

    Parameters
    ----------
    dfs : list of DataFrame, Series or objects of pandas'
        What is put together. A mapping has its values taken.
    axis : {0, "index"}, optional
        Rows are put one after another.
    join : {"outer", "inner"}, optional
        Whether the result has the columns of any, or those of all.
    ignore_unknown_divisions, ignore_order, interleave_partitions : bool, optional
        Accepted for Dask's sake: rows keep their order, and partitions are not interleaved.

    Returns
    -------
    DataFrame or Series

    Raises
    ------
    ValueError
        If there is nothing to put together.
    TypeError
        For objects that are no frames.

    Examples
    --------
    >>> import pandas as pd
    >>> import raskt.dataframe as rd
    >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2]}), npartitions=2)
    >>> rd.concat([df, df.assign(y=0.5)]).compute().y.tolist()
    [nan, nan, 0.5, 0.5]
    """
    del ignore_unknown_divisions, ignore_order
    if isinstance(dfs, dict):
        dfs = list(dfs.values())
    if not isinstance(dfs, (list, tuple)):
        raise TypeError(f"dfs must be a list of dataframes or series, found {type(dfs).__name__}")
    if not dfs:
        raise ValueError("No objects to concatenate")
    if axis not in (0, "index", "rows"):
        raise NotImplementedError(
            f"concat with axis={axis!r}: columns come beside others by assign, or by merge on the index"
        )
    if join not in ("outer", "inner"):
        raise ValueError(f"join must be 'inner' or 'outer', found {join!r}")
    if interleave_partitions:
        raise NotImplementedError("concat with interleave_partitions=True: set_index of the result sorts it")
    frames = [frame_of(expr_of(x)) for x in dfs]
    if len({frame._expr.kind for frame in frames}) > 1:
        frames = [frame if frame._expr.kind == "frame" else frame.to_frame() for frame in frames]
    operands = tuple(frames)
    try:
        return op("concat", operands, {"join": join})
    except NotImplementedError:
        return op("concat", operands, {"join": join, "schema": _schema(frames, join)})


def _schema(frames: list[Any], join: Any) -> Any:
    """Return kind, columns and dtypes as pandas has them of rows of all."""
    import pandas as pd

    rows = [one_row(frame._meta).set_axis(_label(frame._meta.index)) for frame in frames]
    return schema_of(pd.concat(rows, join=join).iloc[:0])


def _label(index: Any) -> Any:
    """Return an index of one label of such a dtype."""
    rows = one_row(index.to_frame())
    return rows.set_index(list(rows.columns)).index.set_names(index.names)
