"""Functions of partitions that need rows of those before and behind them.

What is carried to a partition is some rows, or None where there are none.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from pandas.core.dtypes.dtypes import BaseMaskedDtype

__all__ = [
    "Accumulate",
    "Apply",
    "First",
    "Last",
    "LastOf",
    "Method",
    "Rolled",
    "accumulated",
    "beside",
    "between",
    "last_of",
]


def _together(*parts: Any) -> Any:
    """Return those parts that there are, one after another."""
    found = [part for part in parts if part is not None and len(part)]
    if len(found) < 2:
        return found[0] if found else next(part for part in parts if part is not None)
    return pd.concat(found)


class Method:
    """A method of pandas' with its arguments, as a function of what has it."""

    def __init__(self, name: str, *args: Any, **kwargs: Any) -> None:
        self.name, self.args, self.kwargs = name, args, kwargs
        self.__name__ = name

    def __call__(self, part: Any) -> Any:
        return getattr(part, self.name)(*self.args, **self.kwargs)


class Apply:
    """A function of a user's with its further arguments, as a function of rows."""

    def __init__(self, function: Any, args: Any, kwargs: Any) -> None:
        self.function, self.args, self.kwargs = function, args, kwargs
        self.__name__ = getattr(function, "__name__", type(function).__name__)

    def __call__(self, part: Any) -> Any:
        return self.function(part, *self.args, **self.kwargs)


class Rolled:
    """A method of windows over rows, of all columns or of some."""

    def __init__(self, window: dict[str, Any], columns: Any, name: str, args: Any, kwargs: Any) -> None:
        self.window, self.columns, self.name, self.args, self.kwargs = window, columns, name, args, kwargs
        self.__name__ = name

    def __call__(self, part: Any) -> Any:
        windows = part.rolling(**self.window)
        windows = windows if self.columns is None else windows[self.columns]
        return getattr(windows, self.name)(*self.args, **self.kwargs)


# ---- what is carried ----


class Last:
    """Carries the last rows: so many of them, or all that are not longer before the last one than a span."""

    def __init__(self, reach: Any, on: Any = None) -> None:
        self.reach, self.on = reach, on

    def __call__(self, *values: Any) -> Any:
        if not values:
            return None
        rows = _together(*values)
        if isinstance(self.reach, int):
            return rows.iloc[max(len(rows) - self.reach, 0) :].copy()
        times = _times(rows, self.on)
        return rows[times >= times[-1] - self.reach].copy() if len(rows) else rows


class First:
    """Carries the first rows: so many of them, or all that are no farther from the first one than a span."""

    def __init__(self, reach: Any, on: Any = None) -> None:
        self.reach, self.on = reach, on

    def __call__(self, *values: Any) -> Any:
        if not values:
            return None
        carried, part = values
        rows = _together(part, carried)
        if isinstance(self.reach, int):
            return rows.iloc[: self.reach].copy()
        times = _times(rows, self.on)
        return rows[times <= times[0] + self.reach].copy() if len(rows) else rows


def _times(rows: Any, on: Any) -> Any:
    return rows.index if on is None else pd.Index(rows[on])


class LastOf:
    """Carries the last row of what a function makes of all rows; the first one, if ``is_first``."""

    def __init__(self, function: Any, is_first: bool = False) -> None:
        self.function, self.is_first = function, is_first

    def __call__(self, *values: Any) -> Any:
        if not values:
            return None
        rows = _together(*(values[::-1] if self.is_first else values))
        return last_of(rows, self.function, self.is_first)


def last_of(part: Any, function: Any, is_first: bool = False) -> Any:
    """Return the last row of what a function makes of a partition, or the first one."""
    found = function(part)
    return found.iloc[:1].copy() if is_first else found.iloc[max(len(found) - 1, 0) :].copy()


# ---- what is made with it ----


def beside(part: Any, before: Any, behind: Any, function: Any) -> Any:
    """Return what a function that keeps rows makes of a partition, with rows before and behind it."""
    found = function(_together(before, part, behind))
    start = 0 if before is None else len(before)
    return found.iloc[start : start + len(part)]


def between(part: Any, before: Any, behind: Any, function: Any, reach: Any) -> Any:
    """Return what a function of rows makes of a partition, without what it makes of the neighbours' rows.

    The neighbours' rows are those that ``reach``, what lies before and behind, says of this partition: so
    many, or so far from its ends.
    """
    if len(part):
        if before is not None and not isinstance(reach[0], int):
            before = before[before.index >= part.index[0] - reach[0]]
        if behind is not None and not isinstance(reach[1], int):
            behind = behind[behind.index <= part.index[-1] + reach[1]]
    found = function(_together(before, part, behind))
    start = 0 if before is None else len(before)
    stop = len(found) - (0 if behind is None else len(behind))
    return found.iloc[start : max(stop, start)]


class Accumulate:
    """A cumulative method of pandas'; ``fills`` has missing values carry on what was before them."""

    def __init__(self, name: str, skipna: bool, fills: bool = False) -> None:
        self.name, self.skipna, self.fills = name, skipna, fills
        self.__name__ = name

    def __call__(self, part: Any) -> Any:
        dtypes = part.dtypes if isinstance(part, pd.DataFrame) else [part.dtype]
        if any(isinstance(dtype, BaseMaskedDtype) for dtype in dtypes):
            # pandas writes to the values of these before it copies them.
            part = part.copy()
        found = getattr(part, self.name)(skipna=self.skipna)
        return found.ffill() if self.fills else found


def accumulated(part: Any, carried: Any, function: Any) -> Any:
    """Return what a cumulative method makes of a partition, where ``carried`` is the last row before it."""
    if carried is None or not len(carried) or not len(part):
        return function(part)
    rows = part.reset_index(drop=True)
    rows = _cast(rows, carried) if isinstance(part, pd.DataFrame) else rows.astype(carried.dtype)
    found = function(pd.concat([carried, rows], ignore_index=True))
    return found.iloc[len(carried) :].set_axis(part.index)


def _cast(rows: Any, like: Any) -> Any:
    """Return a frame of the dtypes of another one, column by column: several may have one name."""
    labels = rows.columns
    rows = rows.set_axis(range(len(labels)), axis=1).astype(dict(enumerate(like.dtypes)))
    return rows.set_axis(labels, axis=1)
