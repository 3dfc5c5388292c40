"""Dataframes and series one after another."""

from __future__ import annotations

import functools
from typing import Any

from raskt._lazy import late
from raskt.dataframe._op import alike, call, expr_of, frame_of, op, schema_of

__all__ = ["concat"]

numbered: Any = late("raskt.dataframe._gathered", "numbered")
one_row: Any = late("raskt._tables", "one_row")


def concat(
    dfs: Any,
    axis: Any = 0,
    join: str = "outer",
    ignore_unknown_divisions: bool = False,
    ignore_order: bool = False,
    interleave_partitions: bool = False,
    ignore_index: bool = False,
) -> Any:
    """Return frames or series one after another: the partitions of all of them.

    Divisions stay known where those of each frame end before those of the next one begin.

    Parameters
    ----------
    dfs : list of DataFrame, Series or objects of pandas'
        What is put together. A mapping has its values taken.
    axis : {0, 1, "index", "columns"}, optional
        0 puts rows one after another, 1 columns beside one another: by the labels of rows, in partitions that
        have the same labels. Frames of known divisions are cut anew for that.
    join : {"outer", "inner"}, optional
        Whether the result has the columns of any, or those of all.
    ignore_unknown_divisions : bool, optional
        With ``axis=1``: whether frames of as many partitions, without divisions, are taken to have the same
        labels in each.
    ignore_order : bool, optional
        Accepted for Dask's sake.
    interleave_partitions : bool, optional
        Whether frames of known divisions are cut at the divisions of all, so that the result has divisions.
    ignore_index : bool, optional
        Whether rows are numbered. Not there with ``axis=1``, where it is about columns.

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
    del ignore_order
    if isinstance(dfs, dict):
        dfs = list(dfs.values())
    if not isinstance(dfs, (list, tuple)):
        raise TypeError(f"dfs must be a list of dataframes or series, found {type(dfs).__name__}")
    if not dfs:
        raise ValueError("No objects to concatenate")
    if axis not in (0, "index", "rows", 1, "columns"):
        raise ValueError(f"No axis named {axis!r} for object type DataFrame")
    if join not in ("outer", "inner"):
        raise ValueError(f"join must be 'inner' or 'outer', found {join!r}")
    frames = [frame_of(expr_of(x)) for x in dfs]
    if ignore_index:
        if axis in (1, "columns"):
            raise NotImplementedError(
                "concat(axis=1, ignore_index=True): assign names to columns of the result"
            )
        return numbered(concat(dfs, 0, join, interleave_partitions=interleave_partitions))
    if axis in (1, "columns"):
        return _beside(frames, join, ignore_unknown_divisions)
    if interleave_partitions and len(frames) > 1:
        return _interleaved(frames, join)
    if len({frame._expr.kind for frame in frames}) > 1:
        frames = [frame if frame._expr.kind == "frame" else frame.to_frame() for frame in frames]
    operands = tuple(frames)
    try:
        return op("concat", operands, {"join": join})
    except NotImplementedError:
        return op("concat", operands, {"join": join, "schema": _schema(frames, join)})


def _together(*parts: Any, axis: Any, join: Any) -> Any:
    import pandas as pd

    return pd.concat(list(parts), axis=axis, join=join)


def _beside(frames: list[Any], join: str, ignores: bool) -> Any:
    """Return columns of all frames, by the labels of rows."""
    function = functools.partial(_together, axis=1, join=join)
    meta = function(*[frame._meta for frame in frames])
    aligns = not (ignores and len({frame.npartitions for frame in frames}) == 1)
    return call(function, tuple(frames), {}, meta, clears=False, aligns=aligns, label="concat", checks=False)


def _interleaved(frames: list[Any], join: str) -> Any:
    """Return rows of all frames, whose partitions are cut at the divisions of all."""
    unknown = [at for at, frame in enumerate(frames) if not frame.known_divisions]
    if unknown:
        raise ValueError(
            f"interleave_partitions=True needs known divisions, which frame {unknown[0]} does not have: "
            "set_index makes them known, where they are given or the frame is sorted"
        )
    function = functools.partial(_together, axis=0, join=join)
    rows = [_one_row(frame._meta) for frame in frames]
    meta = function(*rows).iloc[:0]
    return call(function, tuple(alike(frames)), {}, meta, clears=False, label="concat")


def _one_row(meta: Any) -> Any:
    return one_row(meta).set_axis(_label(meta.index))


def _schema(frames: list[Any], join: Any) -> Any:
    """Return kind, columns and dtypes as pandas has them of rows of all."""
    import pandas as pd

    rows = [_one_row(frame._meta) for frame in frames]
    return schema_of(pd.concat(rows, join=join).iloc[:0])


def _label(index: Any) -> Any:
    """Return an index of one label of such a dtype."""
    rows = one_row(index.to_frame())
    return rows.set_index(list(rows.columns)).index.set_names(index.names)
