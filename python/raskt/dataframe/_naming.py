"""Functions of labels and columns: which are kept, what they are called, what is put beside them."""

from __future__ import annotations

import functools
from typing import Any

from raskt._lazy import late, late_module
from raskt.dataframe._assignment import assigned
from raskt.dataframe._gathered import gathered, on_all_rows, sample_of, scalar_of_all_rows
from raskt.dataframe._op import call, expr_of, frame_of, op, rows_method
from raskt.dataframe._parameters import labels as labels_of
from raskt.dataframe._selection import get_column, get_item

__all__ = [
    "array_place",
    "column_or",
    "correlated",
    "inserted",
    "kept_labels",
    "relabelled",
    "section",
    "updated",
]

along_columns: Any = late("raskt.dataframe.windows", "is_along_columns")
columns_at: Any = late("raskt.dataframe._location", "columns_at")
_neighbours: Any = late_module("raskt.dataframe._neighbours")
_partition: Any = late_module("raskt.dataframe._partition")


def column_or(frame: Any, key: Any, default: Any) -> Any:
    """Return a column or several; something else, where there are none."""
    wanted = key if isinstance(key, list) else [key]
    columns = frame._meta.columns
    return get_item(frame, key) if all(name in columns for name in wanted) else default


def inserted(frame: Any, loc: Any, column: Any, value: Any, allow_duplicates: bool) -> Any:
    """Return the frame with a column at a place."""
    names = list(frame._meta.columns)
    if allow_duplicates and column in names:
        raise NotImplementedError("insert(allow_duplicates=True): give the column another name")
    if column in names:
        raise ValueError(f"cannot insert {column}, already exists")
    if not hasattr(loc, "__index__"):
        raise TypeError("loc must be int")
    if loc.__index__() < 0:
        raise ValueError("unbounded slice")
    if loc.__index__() > len(names):
        raise IndexError(f"index {loc} is out of bounds for axis 0 with size {len(names)}")
    found = assigned(frame, {column: value})
    names.insert(loc.__index__(), column)
    return op("columns", (found,), {"labels": labels_of(names)})


def relabelled(frame: Any, names: Any, axis: Any) -> Any:
    """Return the frame with other names of columns."""
    if not along_columns(frame, axis):
        raise NotImplementedError("set_axis of rows: set_index of a column or series")
    names = list(names)
    # pandas looks at their number.
    frame._meta.set_axis(names, axis=1)
    return op("relabel", (frame,), {"labels": labels_of(names)})


def kept_labels(frame: Any, items: Any, like: Any, regex: Any, axis: Any) -> Any:
    """Return the columns or rows whose labels are like something."""
    named = {name: x for name, x in (("items", items), ("like", like), ("regex", regex)) if x is not None}
    if len(named) != 1:
        raise TypeError(
            "Keyword arguments `items`, `like`, or `regex` are mutually exclusive, and one is needed"
        )
    if frame._expr.kind == "frame" and (axis is None or along_columns(frame, axis)):
        kept = frame._meta.filter(**named, axis=1).columns
        if frame._meta.columns.is_unique:
            return op("columns", (frame,), {"labels": labels_of(kept)})
        return columns_at(frame, [at for at, name in enumerate(frame._meta.columns) if name in kept])
    if items is None:
        return rows_method(frame, "filter", axis=0, **named)
    function = _neighbours.Method("filter", axis=0, items=list(items))
    return on_all_rows(frame, function, "filter", frame._meta)


def _of_level(part: Any, key: Any, level: Any) -> Any:
    return part[part.index.get_level_values(level) == key]


def section(frame: Any, key: Any, axis: Any, level: Any, drop_level: bool) -> Any:
    """Return the rows, or the column, of one label of a level."""
    if along_columns(frame, axis):
        if level is not None or not drop_level:
            return _neighbours_method(frame, "xs", key, axis=1, level=level, drop_level=drop_level)
        return get_column(frame, key)
    if frame._meta.index.nlevels == 1:
        if level is None:
            raise NotImplementedError("xs of an index of one level: loc[[label]]")
        raise TypeError("Index must be a MultiIndex")
    if isinstance(key, tuple) or isinstance(level, list):
        raise NotImplementedError("xs of labels of several levels: one after another")
    level = 0 if level is None else level
    rows = call(_of_level, (frame, key, level), {}, frame._meta, clears=True, label="xs")
    function = _neighbours.Method("xs", key, level=level, drop_level=drop_level)
    meta = (
        _partition.asked(_neighbours.Method("droplevel", level), frame._meta) if drop_level else frame._meta
    )
    return call(function, (gathered(rows),), {}, meta, clears=True, label="xs", checks=False)


def _neighbours_method(frame: Any, name: str, *args: Any, **kwargs: Any) -> Any:
    function = _neighbours.Method(name, *args, **kwargs)
    return call(function, (frame,), {}, function(frame._meta), clears=False, keeps=True, label=name)


def _updated(part: Any, other: Any) -> Any:
    found = part.copy()
    found.update(other)
    return found


def updated(frame: Any, other: Any) -> Any:
    """Return a frame with those values of another one that are there."""
    other = frame_of(expr_of(other))
    return call(
        _updated, (frame, other), {}, frame._meta, clears=False, keeps=True, aligns=True, label="update"
    )


def _correlations(part: Any, other: Any, named: dict[str, Any]) -> Any:
    return part.corrwith(other, **named)


def correlated(frame: Any, other: Any, axis: Any, named: dict[str, Any]) -> Any:
    """Return the correlations of columns with those of another frame, or with a series."""
    if along_columns(frame, axis):
        raise NotImplementedError("corrwith(axis=1), of rows: map_partitions of frames that go together")
    other = frame_of(expr_of(other))
    function = functools.partial(_correlations, named=named)
    meta = _partition.asked(function, sample_of(frame), sample_of(other)).iloc[:0]
    return on_all_rows(frame, function, "corrwith", meta, other)


def array_place(series: Any, name: str, axis: Any, skipna: bool) -> Any:
    """Return the place of the least or greatest value."""
    along_columns(series, axis)
    import numpy as np

    function = _neighbours.Method(name, skipna=skipna)
    return scalar_of_all_rows(series, function, name, np.int64(0))
