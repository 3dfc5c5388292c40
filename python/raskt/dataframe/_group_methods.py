"""Methods of groups that pandas' own group-by answers."""

from __future__ import annotations

from typing import Any

from raskt.dataframe._op import changed

__all__ = ["FrameGroupMethods", "GroupMethods", "GroupWindows", "SeriesGroupMethods"]

#: What stands for an argument that was not given.
_MISSING: Any = object()


class GroupMethods:
    """What groups of frames and series share."""

    __slots__ = ()
    _pandas: Any
    _within: Any
    compute: Any

    # ---- a row for each row, which go together with the frame's ----

    def cumsum(self, numeric_only: bool = False, skipna: bool = True) -> Any:
        """Return the sum of the values up to each within its group."""
        return self._kept("cumsum", **_accumulates(numeric_only, skipna))

    def cumprod(self, numeric_only: bool = False, skipna: bool = True) -> Any:
        """Return the product of the values up to each within its group."""
        return self._kept("cumprod", **_accumulates(numeric_only, skipna))

    def cummin(self, numeric_only: bool = False, skipna: bool = True) -> Any:
        """Return the least of the values up to each within its group."""
        return self._kept("cummin", **_accumulates(numeric_only, skipna))

    def cummax(self, numeric_only: bool = False, skipna: bool = True) -> Any:
        """Return the greatest of the values up to each within its group."""
        return self._kept("cummax", **_accumulates(numeric_only, skipna))

    def cumcount(self, ascending: bool = True) -> Any:
        """Return how many rows of its group are before each, or behind it."""
        return self._kept("cumcount", **changed(ascending=(ascending, True)))

    def ngroup(self, ascending: bool = True) -> Any:
        """Return the number of the group of each row."""
        return self._kept("ngroup", **changed(ascending=(ascending, True)))

    def ffill(self, limit: int | None = None) -> Any:
        """Put the last value of its group before each missing one."""
        return self._kept("ffill", **changed(limit=(limit, None)))

    def bfill(self, limit: int | None = None) -> Any:
        """Put the next value of its group behind each missing one."""
        return self._kept("bfill", **changed(limit=(limit, None)))

    def shift(
        self, periods: Any = 1, freq: Any = None, fill_value: Any = _MISSING, suffix: str | None = None
    ) -> Any:
        """Return the values of rows so many places before within the group.

        Parameters
        ----------
        periods : int or list of int, optional
            How many; negative numbers are places behind.
        freq : None
            Not there: shift the index of the frame.
        fill_value : scalar, optional
            What stands where there is no such row.
        suffix : str, optional
            What names of columns end with, for several periods.
        """
        if freq is not None:
            raise NotImplementedError("shift(freq=) of groups: shift the frame, or apply a function of yours")
        named = changed(fill_value=(fill_value, _MISSING), suffix=(suffix, None))
        return self._kept("shift", periods, **named)

    def diff(self, periods: int = 1) -> Any:
        """Return the differences from the rows so many places before within the group."""
        return self._kept("diff", periods)

    def pct_change(self, periods: int = 1, fill_method: None = None, freq: Any = None) -> Any:
        """Return the relative differences from the rows so many places before within the group."""
        if freq is not None or fill_method is not None:
            raise NotImplementedError("pct_change(freq=, fill_method=) of groups: fill or shift before")
        return self._kept("pct_change", periods)

    def rank(
        self, method: str = "average", ascending: bool = True, na_option: str = "keep", pct: bool = False
    ) -> Any:
        """Return which place each value has within its group.

        Parameters
        ----------
        method : {"average", "min", "max", "first", "dense"}, optional
            Which place equal values have.
        ascending : bool, optional
            Whether the least is first.
        na_option : {"keep", "top", "bottom"}, optional
            Which place missing values have.
        pct : bool, optional
            Whether places are parts of the whole.
        """
        named = changed(method=(method, "average"), ascending=(ascending, True), pct=(pct, False))
        return self._kept("rank", **named, **changed(na_option=(na_option, "keep")))

    def _kept(self, name: str, *args: Any, **kwargs: Any) -> Any:
        found = self._within(name, *args, **kwargs)
        return self._pandas(name, args, kwargs, keeps=True, asks=False) if found is None else found

    # ---- other rows ----

    def _asked(self, name: str, *args: Any, **kwargs: Any) -> Any:
        return self._pandas(name, args, kwargs, asks=False)

    def head(self, n: int = 5) -> Any:
        """Return the first rows of each group."""
        return self._asked("head", n)

    def tail(self, n: int = 5) -> Any:
        """Return the last rows of each group."""
        return self._asked("tail", n)

    def nth(self, n: Any, dropna: Any = None) -> Any:
        """Return the rows at some places within each group.

        Parameters
        ----------
        n : int, slice or list
            The places.
        dropna : {None, "any", "all"}, optional
            Which rows with missing values do not count.
        """
        return self._asked("nth", n, **changed(dropna=(dropna, None)))

    def take(self, indices: Any) -> Any:
        """Return the rows at a list of places within each group."""
        return self._pandas("take", (list(indices),), {})

    def sample(
        self,
        n: int | None = None,
        frac: float | None = None,
        replace: bool = False,
        weights: Any = None,
        random_state: Any = None,
    ) -> Any:
        """Draw rows of each group at random: the same ones whenever it is computed, by ``random_state``.

        Parameters
        ----------
        n, frac : optional
            How many, or which part.
        replace : bool, optional
            Whether a row may be drawn again.
        weights : None
            Not there.
        random_state : int
            The seed.
        """
        if weights is not None or type(random_state) is not int:
            raise NotImplementedError("sample of groups needs random_state=, a number, and takes no weights")
        named = changed(n=(n, None), frac=(frac, None), replace=(replace, False))
        return self._asked("sample", **named, random_state=random_state)

    def filter(self, func: Any, dropna: bool = True, *args: Any, **kwargs: Any) -> Any:
        """Return the rows of the groups for which a function is true.

        Parameters
        ----------
        func : callable
            The function of a group, an object of pandas'.
        dropna : bool, optional
            Whether the rows of others are left out, instead of being missing values.
        *args, **kwargs
            Its other arguments.
        """
        return self._pandas("filter", (func, dropna, *args), kwargs, self._meta_of_rows())

    def get_group(self, name: Any) -> Any:
        """Return the rows of one group, by the values of its keys."""
        return self._pandas("get_group", (name,), {}, self._meta_of_rows())

    def _meta_of_rows(self) -> Any:
        raise NotImplementedError

    # ---- a row for each group, or some ----

    def quantile(self, q: Any = 0.5, interpolation: str = "linear", numeric_only: bool = False) -> Any:
        """Return quantiles of each group.

        Parameters
        ----------
        q : float or list of float, optional
            Which, from 0 to 1.
        interpolation : {"linear", "lower", "higher", "nearest", "midpoint"}, optional
            What is taken between two values.
        numeric_only : bool, optional
            Whether other columns than those of numbers are left out.
        """
        named = changed(interpolation=(interpolation, "linear"), numeric_only=(numeric_only, False))
        return self._asked("quantile", q, **named)

    def skew(self, skipna: bool = True, numeric_only: bool = False) -> Any:
        """Return the skewness of each group."""
        return self._asked("skew", **_accumulates(numeric_only, skipna))

    def kurt(self, skipna: bool = True, numeric_only: bool = False) -> Any:
        """Return the excess kurtosis of each group."""
        return self._asked("kurt", **_accumulates(numeric_only, skipna))

    def idxmin(self, skipna: bool = True, numeric_only: bool = False) -> Any:
        """Return the label of the row with the least value of each group."""
        return self._pandas("idxmin", (), _accumulates(numeric_only, skipna))

    def idxmax(self, skipna: bool = True, numeric_only: bool = False) -> Any:
        """Return the label of the row with the greatest value of each group."""
        return self._pandas("idxmax", (), _accumulates(numeric_only, skipna))

    def ohlc(self) -> Any:
        """Return the first, greatest, least and last value of each group."""
        return self._asked("ohlc")

    def describe(self, percentiles: Any = None, include: Any = None, exclude: Any = None) -> Any:
        """Return the statistics that pandas describes each group by.

        Parameters
        ----------
        percentiles : list of float, optional
            Which quantiles.
        include, exclude : list, optional
            The dtypes that are looked at.
        """
        named = changed(percentiles=(percentiles, None), include=(include, None), exclude=(exclude, None))
        return self._asked("describe", **named)

    def value_counts(self, *args: Any, **kwargs: Any) -> Any:
        """Return how often each value, or row, is there in each group.

        Parameters
        ----------
        *args, **kwargs
            As in pandas.
        """
        return self._pandas("value_counts", args, kwargs)

    # ---- windows ----

    def rolling(self, window: Any, **kwargs: Any) -> GroupWindows:
        """Return windows over rows within each group.

        Parameters
        ----------
        window : int, timedelta or str
            How many rows a window has, or how much time.
        **kwargs
            As in pandas: ``min_periods``, ``center``, ``on``, ``closed``.
        """
        return GroupWindows(self, "rolling", {"window": window, **kwargs})

    def expanding(self, min_periods: int = 1) -> GroupWindows:
        """Return windows from the first row of each group up to each."""
        return GroupWindows(self, "expanding", {"min_periods": min_periods})

    def ewm(self, **kwargs: Any) -> GroupWindows:
        """Return windows within each group in which weights decay.

        Parameters
        ----------
        **kwargs
            As in `DataFrame.ewm`.
        """
        return GroupWindows(self, "ewm", kwargs)

    def resample(self, rule: Any, **kwargs: Any) -> GroupWindows:
        """Return bins of time within each group.

        Parameters
        ----------
        rule : str or offset
            How long a bin is.
        **kwargs
            As in pandas.
        """
        return GroupWindows(self, "resample", {"rule": rule, **kwargs})

    # ---- computed now ----

    def pipe(self, func: Any, *args: Any, **kwargs: Any) -> Any:
        """Call a function of the groups.

        Parameters
        ----------
        func : callable
            The function.
        *args, **kwargs
            Its further arguments.
        """
        return func(self, *args, **kwargs)

    @property
    def groups(self) -> Any:
        """The labels of rows by group: all rows are computed now."""
        return self.compute().groups

    @property
    def indices(self) -> Any:
        """The places of rows by group: all rows are computed now."""
        return self.compute().indices

    @property
    def ngroups(self) -> int:
        """The number of groups: computed now."""
        return int(self.compute().ngroups)


class FrameGroupMethods(GroupMethods):
    """What groups of frames have, beside."""

    __slots__ = ()

    def cov(self, min_periods: int | None = None, ddof: int = 1, numeric_only: bool = False) -> Any:
        """Return the covariances of the columns in each group."""
        named = changed(min_periods=(min_periods, None), ddof=(ddof, 1), numeric_only=(numeric_only, False))
        return self._asked("cov", **named)

    def corr(self, method: Any = "pearson", min_periods: int = 1, numeric_only: bool = False) -> Any:
        """Return the correlations of the columns in each group."""
        named = changed(method=(method, "pearson"), min_periods=(min_periods, 1))
        return self._asked("corr", **named, **changed(numeric_only=(numeric_only, False)))


class SeriesGroupMethods(GroupMethods):
    """What groups of series have, beside."""

    __slots__ = ()

    def unique(self) -> Any:
        """Return the distinct values of each group, as arrays."""
        return self._pandas("unique", (), {})

    def nlargest(self, n: int = 5, keep: str = "first") -> Any:
        """Return the greatest values of each group."""
        return self._pandas("nlargest", (n,), changed(keep=(keep, "first")))

    def nsmallest(self, n: int = 5, keep: str = "first") -> Any:
        """Return the least values of each group."""
        return self._pandas("nsmallest", (n,), changed(keep=(keep, "first")))

    @property
    def is_monotonic_increasing(self) -> Any:
        """Whether no value of a group is less than the one before: for each group."""
        return self._asked("is_monotonic_increasing")

    @property
    def is_monotonic_decreasing(self) -> Any:
        """Whether no value of a group is greater than the one before: for each group."""
        return self._asked("is_monotonic_decreasing")


def _accumulates(numeric_only: bool, skipna: bool) -> dict[str, Any]:
    return changed(numeric_only=(numeric_only, False), skipna=(skipna, True))


#: Methods of pandas' windows and bins.
_OF_WINDOWS = (
    *(
        "agg",
        "aggregate",
        "apply",
        "asfreq",
        "bfill",
        "corr",
        "count",
        "cov",
        "ffill",
        "first",
        "interpolate",
    ),
    *("kurt", "last", "max", "mean", "median", "min", "nearest", "nunique", "ohlc", "prod", "quantile"),
    *("rank", "sem", "size", "skew", "std", "sum", "transform", "var"),
)


class GroupWindows:
    """Windows or bins within groups: pandas' own, on whole groups.

    Examples
    --------
    >>> import pandas as pd
    >>> import raskt.dataframe as rd
    >>> df = rd.from_pandas(pd.DataFrame({"k": [1, 2, 1], "x": [1, 2, 4]}), npartitions=2)
    >>> df.groupby("k").x.rolling(2).sum().compute().loc[1].tolist()
    [nan, 5.0]
    """

    __slots__ = ("_columns", "_given", "_groups", "_kind")

    def __init__(self, groups: Any, kind: str, given: dict[str, Any], columns: Any = None) -> None:
        self._groups, self._kind, self._given, self._columns = groups, kind, given, columns

    def __repr__(self) -> str:
        return f"GroupWindows[{self._kind}, {', '.join(f'{key}={x!r}' for key, x in self._given.items())}]"

    def __getitem__(self, key: Any) -> GroupWindows:
        return GroupWindows(self._groups, self._kind, self._given, key)

    def __getattr__(self, name: str) -> Any:
        if name not in _OF_WINDOWS:
            raise AttributeError(f"'GroupWindows' object has no attribute {name!r}")

        def function(*args: Any, meta: Any = None, **kwargs: Any) -> Any:
            window = (self._kind, self._given, self._columns, name, args, kwargs)
            return self._groups._pandas(name, (), {}, meta, window=window)

        function.__name__ = name
        function.__doc__ = f"Call pandas' ``{name}`` of these windows."
        return function

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self), *_OF_WINDOWS})
