"""Functions of partitions that need rows of those before and behind them.

What is carried to a partition is some rows, or None where there are none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
from pandas.core.dtypes.dtypes import BaseMaskedDtype

from raskt._kept import kept

__all__ = [
    "Accumulate",
    "Apply",
    "First",
    "Last",
    "LastOf",
    "Method",
    "Paired",
    "Windowed",
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
        self.name, self.args, self.kwargs = name, kept(args), kept(kwargs)
        self.__name__ = name

    def __call__(self, part: Any) -> Any:
        return getattr(part, self.name)(*self.args, **self.kwargs)


@dataclass(eq=False)
class Apply:
    """A function of a user's with its further arguments, as a function of rows; lazy ones are computed."""

    function: Any
    args: Any
    kwargs: Any

    def __post_init__(self) -> None:
        self.function, self.args, self.kwargs = kept(self.function), kept(self.args), kept(self.kwargs)
        self.__name__ = getattr(self.function, "__name__", type(self.function).__name__)

    def __call__(self, part: Any) -> Any:
        return self.function(part, *self.args, **self.kwargs)


class Windowed:
    """A method of windows over rows, of all columns or of some; ``kind`` is ``rolling`` and its like."""

    def __init__(
        self, kind: str, window: dict[str, Any], columns: Any, name: str, args: Any, kwargs: Any
    ) -> None:
        self.kind, self.window, self.columns = kind, kept(window), columns
        self.name, self.args, self.kwargs = name, kept(args), kept(kwargs)
        self.__name__ = name

    def __call__(self, part: Any) -> Any:
        windows = getattr(part, self.kind)(**self.window)
        windows = windows if self.columns is None else windows[self.columns]
        return getattr(windows, self.name)(*self.args, **self.kwargs)


class Paired:
    """A method of windows over one column and another one."""

    def __init__(self, kind: str, window: dict[str, Any], name: str, kwargs: Any) -> None:
        self.kind, self.window, self.name, self.kwargs = kind, kept(window), name, kept(kwargs)
        self.__name__ = name

    def __call__(self, part: Any) -> Any:
        windows = getattr(part["self"], self.kind)(**self.window)
        return getattr(windows, self.name)(part["other"], **self.kwargs)


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
    return found.iloc[:1].copy() if is_first else _last_row(found)


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
    """A cumulative method of pandas', from row to row and from partition to partition.

    What is carried is the last row of what is accumulated. Missing values that are passed by count as sums of
    nothing, or products: those that are missing among what is carried are sums that have become NaN
    (``inf - inf``), which stay so.
    """

    def __init__(self, name: str, skipna: bool) -> None:
        self.name, self.skipna = name, skipna
        self.__name__ = name
        self._fills = skipna and name in ("cumsum", "cumprod")

    def __call__(self, part: Any) -> Any:
        """Return what the method makes of a partition."""
        return self._run(part, self.skipna)

    def last(self, part: Any) -> Any:
        """Return what a partition carries on: one row, or none of no rows."""
        return _last_row(self._accumulated(self._filled(part)))

    def carried(self, *values: Any) -> Any:
        """Return what is carried on past a partition: of what is carried to it, and its own."""
        return _last_row(self._accumulated(_together(*values))) if values else None

    def after(self, part: Any, carried: Any) -> Any:
        """Return what the method makes of a partition, where ``carried`` is what those before it carry on."""
        if carried is None or not len(carried) or not len(part):
            return self(part)
        rows = self._filled(part).reset_index(drop=True)
        rows = _cast(rows, carried) if isinstance(part, pd.DataFrame) else rows.astype(carried.dtype)
        found = self._accumulated(pd.concat([carried, rows], ignore_index=True))
        found = found.iloc[len(carried) :].set_axis(part.index)
        if not self.skipna:
            return found
        # By position: several rows may have one label.
        there = part.notna()
        return found if there.to_numpy().all() else found.where(there.to_numpy())

    def _run(self, rows: Any, skipna: bool) -> Any:
        dtypes = rows.dtypes if isinstance(rows, pd.DataFrame) else [rows.dtype]
        if any(isinstance(dtype, BaseMaskedDtype) for dtype in dtypes):
            # pandas writes to the values of these before it copies them.
            rows = rows.copy()
        return getattr(rows, self.name)(skipna=skipna)

    def _accumulated(self, rows: Any) -> Any:
        """Return what is accumulated at each row, of those that are missing, too."""
        if self._fills:
            return self._run(rows, False)
        return self._run(rows, True).ffill() if self.skipna else self._run(rows, False)

    def _filled(self, part: Any) -> Any:
        """Return a partition with sums or products of nothing in the place of what is passed by."""
        if not self._fills:
            return part
        if not isinstance(part, pd.DataFrame):
            return part.fillna(self._nothing(part.dtype)) if part.hasnans else part
        filled = part.copy(deep=False)
        for at, dtype in enumerate(part.dtypes):
            if part.iloc[:, at].hasnans:
                filled.isetitem(at, part.iloc[:, at].fillna(self._nothing(dtype)).array)
        return filled

    def _nothing(self, dtype: Any) -> Any:
        is_sum = self.name == "cumsum"
        if isinstance(dtype, pd.StringDtype):
            return ""
        if dtype.kind == "m":
            return pd.Timedelta(0)
        kinds = {"b": bool, "f": float, "O": float}
        return kinds.get(dtype.kind, int)(not is_sum)


def _last_row(rows: Any) -> Any:
    return rows.iloc[max(len(rows) - 1, 0) :].copy()


def _cast(rows: Any, like: Any) -> Any:
    """Return a frame of the dtypes of another one, column by column: several may have one name."""
    labels = rows.columns
    rows = rows.set_axis(range(len(labels)), axis=1).astype(dict(enumerate(like.dtypes)))
    return rows.set_axis(labels, axis=1)
