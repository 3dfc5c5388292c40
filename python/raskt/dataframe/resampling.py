"""Bins of time: each row is given the label of its bin, and rows are grouped by these."""

from __future__ import annotations

import functools
from typing import Any

from raskt._lazy import late, late_module
from raskt.dataframe._gathered import on_all_rows
from raskt.dataframe._op import call, changed, op
from raskt.dataframe._refusals import refusing
from raskt.dataframe._selection import get_column

__all__ = ["Resampler", "resampled"]

grouped: Any = late("raskt.dataframe.grouping", "grouped")
indexed_by: Any = late("raskt.dataframe._indexing", "indexed_by")
_resampled: Any = late_module("raskt.dataframe._resampled")


_GROUPS = {"as_index": True, "sort": True, "group_keys": True, "observed": True, "dropna": True}

#: What does not depend on the order of rows.
_ORDERLESS = {
    *(
        "count",
        "max",
        "mean",
        "median",
        "min",
        "nunique",
        "prod",
        "quantile",
        "sem",
        "size",
        "std",
        "sum",
        "var",
    ),
}


def resampled(frame: Any, rule: Any, on: Any, level: Any, **options: Any) -> Resampler:
    """Return the bins of a frame or series.

    Raises
    ------
    TypeError
        If the index is none of times.
    ValueError
        For a rule that there is not.
    NotImplementedError
        For bins of periods, and by a level.
    """
    if level is not None:
        raise NotImplementedError("resample(level=): reset_index(), and on= with the column")
    given = {"rule": rule, **{name: value for name, value in options.items() if value is not None}}
    if on is not None:
        get_column(frame, on)
        frame = indexed_by(frame, on, True, False, None, None, False)
    # pandas looks at the arguments.
    frame._meta.resample(**given)
    if frame._meta.index.dtype.kind not in "Mm":
        raise NotImplementedError(
            f"resample of an index of dtype {frame._meta.index.dtype}: convert it by to_timestamp"
        )
    return Resampler(frame, given, None)


def _in_order(frame: Any) -> Any:
    """Return rows in the order of time: with known divisions, only within each partition."""
    if not frame.known_divisions:
        return frame.sort_index()
    return call(_resampled.in_order, (frame,), {}, frame._meta, clears=False, label="sort_index")


@refusing
class Resampler:
    """Bins of time: what `DataFrame.resample` returns.

    Divisions need not be known, nor rows be sorted. Results are one partition, with a row for each bin from
    the first time to the last.

    Examples
    --------
    >>> import pandas as pd
    >>> import raskt.dataframe as rd
    >>> s = rd.from_pandas(pd.Series([1, 2, 4], index=pd.date_range("2013", periods=3)), npartitions=2)
    >>> s.resample("2D").sum().compute().tolist()
    [3, 4]
    """

    __slots__ = ("_columns", "_frame", "_given")

    def __init__(self, frame: Any, given: dict[str, Any], columns: Any) -> None:
        self._frame, self._given, self._columns = frame, given, columns

    def __getitem__(self, key: Any) -> Resampler:
        for name in key if isinstance(key, list) else [key]:
            get_column(self._frame, name)
        return Resampler(self._frame, self._given, key)

    def __getattr__(self, name: str) -> Any:
        if name[:1] != "_" and self._frame._expr.kind == "frame" and name in self._frame._expr.labels:
            return self[name]
        raise AttributeError(f"'Resampler' object has no attribute {name!r}")

    def _asked(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Return what a method of pandas' bins makes of the rows."""
        frame = self._frame
        if name not in _ORDERLESS:
            # pandas' first and last rows of a bin are those in the order of time.
            frame = _in_order(frame)
        like = _resampled.sample(frame._meta, self._columns, name, args, kwargs)
        first, last = frame.index.min(), frame.index.max()
        times = frame._meta.index
        cut = functools.partial(_resampled.bins_of, dtype=times.dtype, options=self._given)
        prototype = _resampled.no_bins(times)
        bins = call(cut, (first, last), {}, prototype, clears=True, label="bins")
        groups = grouped(frame, op("bins", (frame.index, bins)), None, _GROUPS)
        groups = groups if self._columns is None else groups[self._columns]
        found = getattr(groups, name)(*args, **kwargs)
        complete = functools.partial(_resampled.completed, options=self._given, empty=like.iloc[1:2])
        return call(
            complete,
            (found, first, last),
            {},
            like.iloc[:0],
            clears=True,
            label=f"resample-{name}",
            checks=False,
        )

    def _of_all_rows(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Return what a method of pandas' bins makes of all rows, in one task."""
        function = functools.partial(
            _resampled.of_bins,
            options=self._given,
            columns=self._columns,
            name=name,
            args=args,
            kwargs=kwargs,
        )
        like = _resampled.sample(self._frame._meta, self._columns, name, args, kwargs)
        return on_all_rows(self._frame, function, f"resample-{name}", like.iloc[:0])

    def count(self) -> Any:
        """Return how many values each bin has."""
        return self._asked("count")

    def size(self) -> Any:
        """Return how many rows each bin has."""
        return self._asked("size")

    def sum(self, numeric_only: bool = False, min_count: int = 0) -> Any:
        """Return the sum of each bin."""
        return self._asked("sum", numeric_only=numeric_only, min_count=min_count)

    def prod(self, numeric_only: bool = False, min_count: int = 0) -> Any:
        """Return the product of each bin."""
        return self._asked("prod", numeric_only=numeric_only, min_count=min_count)

    def mean(self, numeric_only: bool = False) -> Any:
        """Return the arithmetic mean of each bin."""
        return self._asked("mean", numeric_only=numeric_only)

    def median(self, numeric_only: bool = False) -> Any:
        """Return the median of each bin."""
        return self._asked("median", numeric_only=numeric_only)

    def min(self, numeric_only: bool = False) -> Any:
        """Return the least value of each bin."""
        return self._asked("min", numeric_only=numeric_only)

    def max(self, numeric_only: bool = False) -> Any:
        """Return the greatest value of each bin."""
        return self._asked("max", numeric_only=numeric_only)

    def first(self, numeric_only: bool = False) -> Any:
        """Return the first value of each bin that is there."""
        return self._asked("first", numeric_only=numeric_only)

    def last(self, numeric_only: bool = False) -> Any:
        """Return the last value of each bin that is there."""
        return self._asked("last", numeric_only=numeric_only)

    def std(self, ddof: int = 1, numeric_only: bool = False) -> Any:
        """Return the standard deviation of each bin."""
        return self._asked("std", ddof=ddof, numeric_only=numeric_only)

    def var(self, ddof: int = 1, numeric_only: bool = False) -> Any:
        """Return the variance of each bin."""
        return self._asked("var", ddof=ddof, numeric_only=numeric_only)

    def sem(self, ddof: int = 1, numeric_only: bool = False) -> Any:
        """Return the standard error of the mean of each bin."""
        return self._asked("sem", ddof=ddof, numeric_only=numeric_only)

    def nunique(self) -> Any:
        """Return how many different values each bin has."""
        return self._asked("nunique")

    def quantile(self, q: Any = 0.5) -> Any:
        """Return a quantile of each bin.

        Parameters
        ----------
        q : float or list of float, optional
            Which one, from 0 to 1; of several, all rows come together in one task.
        """
        return self._of_all_rows("quantile", q) if isinstance(q, list) else self._asked("quantile", q)

    def ohlc(self) -> Any:
        """Return the first, greatest, least and last value of each bin."""
        return self._asked("ohlc")

    def agg(self, func: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Aggregate bins by one or several functions.

        Parameters
        ----------
        func : str, callable, list or dict
            A function, several, or those of each column.
        *args, **kwargs
            Their further arguments.
        """
        return self._asked("agg", func, *args, **kwargs)

    aggregate = agg

    # ---- all rows in one task ----

    def ffill(self, limit: int | None = None) -> Any:
        """Return a row for each bin: the last one before, where there is none.

        Parameters
        ----------
        limit : int, optional
            For how many bins one after another.
        """
        return self._of_all_rows("ffill", **changed(limit=(limit, None)))

    def bfill(self, limit: int | None = None) -> Any:
        """Return a row for each bin: the next one behind, where there is none.

        Parameters
        ----------
        limit : int, optional
            For how many bins one after another.
        """
        return self._of_all_rows("bfill", **changed(limit=(limit, None)))

    def nearest(self, limit: int | None = None) -> Any:
        """Return a row for each bin: the nearest one, where there is none.

        Parameters
        ----------
        limit : int, optional
            For how many bins one after another.
        """
        return self._of_all_rows("nearest", **changed(limit=(limit, None)))

    def asfreq(self, fill_value: Any = None) -> Any:
        """Return a row for each bin: of missing values, where there is none.

        Parameters
        ----------
        fill_value : scalar, optional
            What stands there instead.
        """
        return self._of_all_rows("asfreq", **changed(fill_value=(fill_value, None)))

    def interpolate(self, method: str = "linear", **kwargs: Any) -> Any:
        """Return a row for each bin: of values between those before and behind, where there is none.

        Parameters
        ----------
        method : str, optional
            As in `DataFrame.interpolate`.
        **kwargs
            Its keywords.
        """
        return self._of_all_rows("interpolate", method, **kwargs)

    def apply(self, func: Any, *args: Any, **kwargs: Any) -> Any:
        """Call a function on the rows of each bin.

        Parameters
        ----------
        func : callable
            The function.
        *args, **kwargs
            Its further arguments.
        """
        return self._of_all_rows("apply", func, *args, **kwargs)

    def transform(self, func: Any, *args: Any, **kwargs: Any) -> Any:
        """Call a function on the rows of each bin that returns as many rows.

        Parameters
        ----------
        func : callable or str
            The function.
        *args, **kwargs
            Its further arguments.

        Returns
        -------
        DataFrame or Series
            Of one partition.
        """
        return self._of_all_rows("transform", func, *args, **kwargs)

    def pipe(self, func: Any, *args: Any, **kwargs: Any) -> Any:
        """Call a function of the bins.

        Parameters
        ----------
        func : callable
            The function.
        *args, **kwargs
            Its further arguments.
        """
        return func(self, *args, **kwargs)
