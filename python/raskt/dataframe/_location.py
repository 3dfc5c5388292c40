"""Rows and columns by their labels, and by their places: ``loc`` and ``iloc``."""

from __future__ import annotations

import functools
from typing import Any

from raskt._raskt import is_collection
from raskt.dataframe._gathered import row_at, rows_of_mask, rows_of_places, rows_of_slice
from raskt.dataframe._labels import loc_slice, rows_at
from raskt.dataframe._op import call, is_frame, op
from raskt.dataframe._parameters import labels
from raskt.dataframe._selection import filtered, get_column, get_item

__all__ = ["Locator", "PositionLocator", "ValueLocator", "columns_at"]


class Locator:
    """``loc`` of a frame or series."""

    __slots__ = ("_frame",)

    def __init__(self, frame: Any) -> None:
        self._frame = frame

    def __getitem__(self, key: Any) -> Any:
        frame = self._frame
        if isinstance(key, tuple) and frame._expr.kind == "frame":
            if len(key) > 2:
                raise IndexError("Too many indexers")
            rows, columns = key
            # Conditions are on the frame as it is: columns are chosen after them.
            return _columns(_rows(frame, rows), columns)
        return _rows(frame, key)


def _columns(frame: Any, key: Any) -> Any:
    if isinstance(key, slice) and key == slice(None):
        return frame
    if isinstance(key, (list, slice)) or type(key).__name__ in ("Index", "ndarray", "Series"):
        chosen = frame._meta.loc[:, key].columns
        return op("columns", (frame,), {"labels": labels(chosen)})
    return get_column(frame, key)


def _rows(frame: Any, key: Any) -> Any:
    if callable(key) and not is_collection(key):
        key = key(frame)
    if is_frame(key):
        return filtered(frame, key)
    if isinstance(key, slice):
        return loc_slice(frame, key)
    if type(key).__name__ == "Series" and str(getattr(key, "dtype", None)) == "bool":
        return get_item(frame, key)
    is_list = isinstance(key, (list, set)) or (hasattr(key, "__array__") and getattr(key, "ndim", 0) == 1)
    wanted = list(key) if is_list else [key]
    if wanted and all(type(item).__name__ in ("bool", "bool_") for item in wanted):
        return rows_of_mask(frame, wanted)
    return rows_at(frame, wanted, is_list)


class PositionLocator:
    """``iloc`` of a frame or series: rows and columns by their places.

    Where partitions have how many rows is carried from one to the next; where it is known ahead of time, only
    those are computed that have the rows.
    """

    __slots__ = ("_frame",)

    def __init__(self, frame: Any) -> None:
        self._frame = frame

    def __getitem__(self, key: Any) -> Any:
        frame = self._frame
        key = key(frame) if callable(key) and not is_collection(key) else key
        if not isinstance(key, tuple):
            return _rows_at_places(frame, key)
        if len(key) > frame.ndim:
            raise IndexError("Too many indexers")
        if len(key) == 2 and not (isinstance(key[1], slice) and key[1] == slice(None)):
            frame = columns_at(frame, key[1])
        return _rows_at_places(frame, key[0])


def _rows_at_places(frame: Any, key: Any) -> Any:
    if isinstance(key, slice):
        return frame if key == slice(None) else rows_of_slice(frame, key)
    if is_frame(key):
        raise NotImplementedError("iloc by a lazy series: use loc, or [] with a condition")
    if hasattr(key, "__index__") and type(key) is not bool and getattr(key, "ndim", 0) == 0:
        return row_at(frame, key.__index__())
    if not hasattr(key, "__iter__") or isinstance(key, (str, set, dict)):
        raise TypeError(f"Cannot index by location index with a non-integer key: {key!r}")
    wanted = list(key)
    if wanted and all(type(item).__name__ in ("bool", "bool_") for item in wanted):
        return rows_of_mask(frame, wanted)
    if not all(hasattr(item, "__index__") for item in wanted):
        raise IndexError(f".iloc requires numeric indexers, got {wanted!r}")
    return rows_of_places(frame, [item.__index__() for item in wanted])


def columns_at(frame: Any, chosen: Any) -> Any:
    """Return the columns at some places, several of which may have one name; at one place a series."""
    meta = frame._meta
    is_one = hasattr(chosen, "__index__") and getattr(chosen, "ndim", 0) == 0
    if not meta.columns.is_unique:
        function = functools.partial(_of_columns, chosen=chosen)
        return call(function, (frame,), {}, function(meta), clears=False, keeps=True, label="iloc")
    if is_one:
        return get_column(frame, meta.columns[chosen])
    return op("columns", (frame,), {"labels": labels(meta.iloc[:, chosen].columns)})


def _of_columns(part: Any, chosen: Any) -> Any:
    return part.iloc[:, chosen]


class ValueLocator:
    """``at`` and ``iat`` of a frame or series: single values, which are scalars to be computed."""

    __slots__ = ("_frame", "_is_by_place")

    def __init__(self, frame: Any, is_by_place: bool) -> None:
        self._frame, self._is_by_place = frame, is_by_place

    def __getitem__(self, key: Any) -> Any:
        frame = self._frame
        row = key
        if frame._expr.kind == "frame":
            if not isinstance(key, tuple) or len(key) != 2:
                raise ValueError("a row and a column are needed: df.at[row, column]")
            row, column = key
            frame = columns_at(frame, column) if self._is_by_place else get_column(frame, column)
        if frame._expr.kind != "series" or isinstance(row, (list, slice)):
            raise ValueError(f"single values are at single labels or places, found {key!r}")
        if self._is_by_place:
            return row_at(frame, row.__index__())
        return row_at(rows_at(frame, [row], False), 0)
