"""Rows by their labels, and columns by their places: ``loc`` and ``iloc``."""

from __future__ import annotations

from typing import Any

from raskt.dataframe._labels import loc_slice, rows_at
from raskt.dataframe._op import is_frame, op
from raskt.dataframe._parameters import labels
from raskt.dataframe._selection import filtered, get_column, get_item

__all__ = ["Locator", "PositionLocator"]


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
    if callable(key) and not is_frame(key):
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
        raise NotImplementedError(
            "rows by a list of truth values: use a series that is computed from the frame"
        )
    return rows_at(frame, wanted, is_list)


class PositionLocator:
    """``iloc`` of a frame: columns by their places."""

    __slots__ = ("_frame",)

    def __init__(self, frame: Any) -> None:
        self._frame = frame

    def __getitem__(self, key: Any) -> Any:
        frame = self._frame
        if not (isinstance(key, tuple) and len(key) == 2 and key[0] == slice(None)):
            raise NotImplementedError(
                "iloc of rows: their places are not known ahead of time. df.iloc[:, places] chooses columns; "
                "head and tail the first and last rows"
            )
        chosen = key[1]
        if isinstance(chosen, int):
            name = frame._meta.columns[chosen]
            if list(frame._meta.columns).count(name) == 1:
                return get_column(frame, name)
            chosen = [chosen]
        meta = frame._meta.iloc[:, chosen]
        if not frame._meta.columns.is_unique:
            raise NotImplementedError("iloc of columns, several of which have one name: rename them first")
        return op("columns", (frame,), {"labels": labels(meta.columns)})
