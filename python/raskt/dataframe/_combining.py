"""Two frames or series that become one, or that are given the same labels."""

from __future__ import annotations

import functools
import itertools
from typing import Any

from raskt._lazy import late, late_module
from raskt.dataframe._op import call, expr_of, frame_of, is_frame
from raskt.dataframe._selection import get_column

__all__ = [
    "aligned_pair",
    "combined",
    "combined_first",
    "common_dtype",
    "current_divisions",
    "dotted",
    "without_divisions",
]

with_divisions: Any = late("raskt.dataframe.conversion", "with_divisions")

one_row: Any = late("raskt._tables", "one_row")
_partition: Any = late_module("raskt.dataframe._partition")


def _given(other: Any) -> Any:
    return frame_of(expr_of(other))


def _paired(frame: Any, other: Any, function: Any, label: str) -> Any:
    """Return what a function makes of the partitions of two frames that have the same labels."""
    other = _given(other)
    meta = _partition.asked(function, one_row(frame._meta), one_row(other._meta)).iloc[:0]
    meta = meta.set_axis(frame._meta.index)
    return call(function, (frame, other), {}, meta, clears=False, aligns=True, label=label, checks=False)


def _aligned(one: Any, other: Any, at: int, kwargs: dict[str, Any]) -> Any:
    return one.align(other, **kwargs)[at]


def aligned_pair(frame: Any, other: Any, join: str, axis: Any, fill_value: Any) -> tuple[Any, Any]:
    """Return two frames with the labels of both."""
    if join not in ("outer", "inner", "left", "right"):
        raise ValueError(f"join must be 'outer', 'inner', 'left' or 'right', found {join!r}")
    kwargs = {"join": join, "axis": axis, "fill_value": fill_value}
    kwargs = {name: value for name, value in kwargs.items() if value is not None}
    return (
        _paired(frame, other, functools.partial(_aligned, at=0, kwargs=kwargs), "align"),
        _paired(frame, other, functools.partial(_aligned, at=1, kwargs=kwargs), "align"),
    )


def _combined(one: Any, other: Any, function: Any, kwargs: dict[str, Any]) -> Any:
    return one.combine(other, function, **kwargs)


def combined(frame: Any, other: Any, function: Any, fill_value: Any, overwrite: bool) -> Any:
    """Return the values of two frames, combined by a function."""
    if not callable(function):
        raise TypeError(f"func must be a function, found {type(function).__name__}")
    kwargs: dict[str, Any] = {} if fill_value is None else {"fill_value": fill_value}
    if frame._expr.kind == "frame":
        kwargs["overwrite"] = overwrite
    return _paired(frame, other, functools.partial(_combined, function=function, kwargs=kwargs), "combine")


def _combined_first(one: Any, other: Any) -> Any:
    if one.ndim == 1 or (len(one) and len(other)):
        return one.combine_first(other)
    # pandas casts columns of whole numbers back, though one side alone lacks them.
    there, empty = (one, other) if len(one) else (other, one)
    found = there.reindex(columns=one.columns.union(other.columns, sort=False))
    missing = [label for label in empty.columns if label not in there.columns]
    return found.astype(
        {label: empty.dtypes[label] for label in missing if empty.dtypes[label].kind not in "iub"}
    )


def combined_first(frame: Any, other: Any) -> Any:
    """Return a frame whose missing values are those of another one."""
    return _paired(frame, other, _combined_first, "combine_first")


def _same(part: Any) -> Any:
    return part


def without_divisions(frame: Any) -> Any:
    """Return the same rows without divisions."""
    if not frame.known_divisions:
        return frame
    return call(_same, (frame,), {}, frame._meta, clears=True, keeps=True, label="clear_divisions")


# ---- divisions ----


def _ends(part: Any, column: Any) -> Any:
    import pandas as pd

    values = part.index.to_series() if column is None else part[column]
    return pd.Series([pd.Index([values.min(), values.max()]).tolist() if len(values) else None], dtype=object)


def current_divisions(frame: Any, column: Any, sets: bool) -> Any:
    """Return the divisions that partitions have: they are computed."""
    import pandas as pd

    if sets and column is not None:
        raise ValueError("set_divisions=True needs col=None: divisions are those of the index")
    if column is not None:
        get_column(frame, column)
    meta = pd.Series([], dtype=object)
    ends = call(
        _ends, (frame, column), {}, meta, clears=True, label="divisions", checks=False
    ).compute().tolist()  # fmt: skip
    empty = [at for at, pair in enumerate(ends) if pair is None]
    if empty:
        raise ValueError(f"partition {empty[0]} has no rows: its divisions are not known")
    for at, ((_, last), (first, _)) in enumerate(itertools.pairwise(ends)):
        if last > first:
            raise ValueError(
                f"Partitions are not sorted: partition {at} ends with {last!r}, and the next one begins with "
                f"{first!r}"
            )
    found = (*(first for first, _ in ends), ends[-1][1])
    return with_divisions(frame, list(found)) if sets else found


# ---- products ----


def _product(part: Any, other: Any) -> Any:
    return part.dot(other)


def common_dtype(values: list[Any]) -> Any:
    """Return the dtype that series and scalars have together, as where they are in one column."""
    import pandas as pd

    return pd.concat([one_row(x._meta) if is_frame(x) else pd.Series([x]) for x in values]).dtype


def dotted(frame: Any, other: Any) -> Any:
    """Return the product of a frame or series with another object."""
    if frame._expr.kind == "series":
        if not is_frame(other) or other._expr.kind != "series":
            raise TypeError(f"dot of a series needs another one, found {type(other).__name__}")
        return (frame * other).sum(skipna=False)
    if is_frame(other):
        raise NotImplementedError("dot of two lazy frames: compute the other one first, or use raskt.array")
    meta = _partition.asked(_product, one_row(frame._meta), other).iloc[:0].set_axis(frame._meta.index)
    return call(_product, (frame, other), {}, meta, clears=False, keeps=True, label="dot")
