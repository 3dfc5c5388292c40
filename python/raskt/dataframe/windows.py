"""What looks at rows before and behind: cumulative methods, shifts, filling, windows, overlaps."""

from __future__ import annotations

from typing import Any

from raskt import config
from raskt._lazy import late, late_module
from raskt.dataframe._gathered import by_all_rows
from raskt.dataframe._metas import make_meta, meta_of_call, no_default
from raskt.dataframe._op import call, carry, is_frame, op, rows_method
from raskt.dataframe._parameters import label
from raskt.dataframe._refusals import refusing
from raskt.dataframe._selection import get_column

__all__ = [
    "Expanding",
    "ExponentialMovingWindow",
    "Rolling",
    "accumulated",
    "expanded",
    "filled",
    "is_along_columns",
    "map_overlap",
    "rolled",
    "shifted",
    "weighted",
]

_neighbours: Any = late_module("raskt.dataframe._neighbours")
one_row: Any = late("raskt._tables", "one_row")
_partition: Any = late_module("raskt.dataframe._partition")


def is_along_columns(frame: Any, axis: Any) -> bool:
    """Return whether an axis is that of columns.

    Raises
    ------
    ValueError
        For one that there is not.
    """
    if axis in (0, "index", "rows", None):
        return False
    if axis in (1, "columns") and frame._expr.kind == "frame":
        return True
    raise ValueError(f"No axis named {axis!r} for object type {type(frame).__name__}")


def _native(operation: str, frame: Any, **parameters: Any) -> Any:
    """Ask for native windows; return None where pandas has to make them."""
    if not config.resolve("dataframe.native"):
        return None
    try:
        return op(operation, (frame,), parameters)
    except NotImplementedError:
        return None


def accumulated(frame: Any, name: str, axis: Any, skipna: bool) -> Any:
    """Return what a cumulative method makes of a frame or series."""
    named = {} if skipna else {"skipna": False}
    if is_along_columns(frame, axis):
        return _beside(frame, _neighbours.Method(name, axis=1, **named), None, None, name)
    found = _native("running", frame, name=name) if skipna else None
    if found is not None:
        return found
    function = _neighbours.Accumulate(name, skipna)
    meta = _partition.asked(function, frame._meta)
    states = call(function.last, (frame,), {}, meta, clears=True, label=f"{name}-of-partition")
    carried = carry(states, function.carried)
    return call(function.after, (frame, carried), {}, meta, clears=False, keeps=True, label=name)


def _beside(frame: Any, function: Any, before: Any, behind: Any, label: str, meta: Any = None) -> Any:
    """Return what a function makes of each partition with rows that are carried to it."""
    if meta is None:
        # Of no rows at all, pandas' frames keep dtypes that they do not keep otherwise.
        meta = _partition.asked(function, one_row(frame._meta)).iloc[:0].set_axis(frame._meta.index)
    given = (frame, before, behind, function)
    return call(_neighbours.beside, given, {}, meta, clears=False, keeps=True, label=label)


def _whole_number(periods: Any, name: str) -> int:
    if isinstance(periods, bool) or not hasattr(periods, "__index__"):
        raise TypeError(f"{name} must be a whole number, found {periods!r}")
    number: int = periods.__index__()
    return number


def shifted(frame: Any, name: str, periods: Any, axis: Any, named: dict[str, Any], freq: Any = None) -> Any:
    """Return a frame whose rows are shifted (``shift``), or taken from those at another place (``diff``)."""
    n = _whole_number(periods, "periods")
    if freq is not None:
        return rows_method(frame, name, n, freq=freq, clears=True)
    if is_along_columns(frame, axis):
        return _beside(frame, _neighbours.Method(name, n, axis=1, **named), None, None, name)
    found = _native("shift", frame, name=name, periods=n) if n and not named else None
    if found is not None:
        return found
    before = carry(frame, _neighbours.Last(n)) if n > 0 else None
    behind = carry(frame, _neighbours.First(-n), reverse=True) if n < 0 else None
    return _beside(frame, _neighbours.Method(name, n, **named), before, behind, name)


def filled(frame: Any, name: str, axis: Any, limit: Any, limit_area: Any = None) -> Any:
    """Return a frame whose missing values are those before (``ffill``) or behind (``bfill``)."""
    if limit is not None and _whole_number(limit, "limit") < 1:
        raise ValueError(f"Limit must be greater than 0, found {limit!r}")
    named = {} if limit is None else {"limit": int(limit)}
    if is_along_columns(frame, axis):
        area = {} if limit_area is None else {"limit_area": limit_area}
        return _beside(frame, _neighbours.Method(name, axis=1, **named, **area), None, None, name)
    if limit_area is not None:
        raise NotImplementedError(
            f"{name} with limit_area={limit_area!r}: whether a gap has values on both sides is a question of "
            "all partitions; use map_partitions, or repartition(npartitions=1) first"
        )
    found = _native("fill", frame, name=name) if limit is None else None
    if found is not None:
        return found
    function = _neighbours.Method(name, **named)
    is_back = name == "bfill"
    if limit is not None:
        ends = _neighbours.First(int(limit)) if is_back else _neighbours.Last(int(limit))
        carried = carry(frame, ends, reverse=is_back)
    else:
        states = call(
            _neighbours.last_of, (frame, function, is_back), {}, frame._meta, clears=True,
            label=f"{name}-of-partition",
        )  # fmt: skip
        carried = carry(states, _neighbours.LastOf(function, is_back), reverse=is_back)
    return _beside(frame, function, None if is_back else carried, carried if is_back else None, name)


# ---- windows ----


def _reach(value: Any, name: str) -> Any:
    """Return how far a window reaches: a number of rows, or a span of time."""
    if value is None:
        return 0
    if hasattr(value, "__index__") and not isinstance(value, bool):
        if value.__index__() < 0:
            raise ValueError(f"{name} must be a number of rows of 0 or more, or a timedelta, found {value!r}")
        return value.__index__()
    import pandas as pd

    try:
        span = pd.Timedelta(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a number of rows, or a timedelta, found {value!r}") from None
    if span < pd.Timedelta(0):
        raise ValueError(f"{name} must not be negative, found {value!r}")
    return span


def map_overlap(
    func: Any,
    df: Any,
    before: Any,
    after: Any,
    *args: Any,
    meta: Any = no_default,
    enforce_metadata: bool = True,
    transform_divisions: bool = True,
    align_dataframes: bool = True,
    **kwargs: Any,
) -> Any:
    """Call a function on every partition together with rows of its neighbours.

    What the function makes of the neighbours' rows is cut off again: so many rows of its result, from either
    end. Rows are those of several neighbours, where the next one has too few.

    Parameters
    ----------
    func : callable
        The function, whose first argument are the rows.
    df : DataFrame or Series
        What has the partitions.
    before, after : int, timedelta or str
        How many rows before and behind a partition come with it, or how far they may be from its ends, by an
        index of times that ascends.
    *args, **kwargs
        Further arguments of the function.
    meta : object, optional
        What comes out. Without it the function is called on the first rows, which are computed for that.
    enforce_metadata : bool, optional
        Whether what comes out of each partition is compared with ``meta``.
    transform_divisions, align_dataframes : bool, optional
        Accepted for Dask's sake.

    Returns
    -------
    DataFrame or Series

    Raises
    ------
    TypeError
        For a span of time where the index is none of times; for what is no frame.
    ValueError
        For a negative number or span.

    Examples
    --------
    >>> import pandas as pd
    >>> import raskt.dataframe as rd
    >>> s = rd.from_pandas(pd.Series([1, 2, 3, 4]), npartitions=4)
    >>> rd.map_overlap(lambda part: part.rolling(3).sum(), s, 2, 0).compute().tolist()
    [nan, nan, 6.0, 9.0]
    """
    del transform_divisions, align_dataframes
    if not is_frame(df) or df._expr.kind not in ("frame", "series"):
        raise TypeError(f"map_overlap needs a dataframe or series, found {type(df).__name__}")
    if not callable(func):
        raise TypeError(f"map_overlap needs a function, found {type(func).__name__}")
    if any(is_frame(x) for x in (*args, *kwargs.values())):
        raise NotImplementedError(
            "map_overlap of several frames: bring their columns together by assign or merge before"
        )
    reach = (_reach(before, "before"), _reach(after, "after"))
    if any(not isinstance(one, int) for one in reach):
        _ordered_times(df, None, "before and after")
    function = _neighbours.Apply(func, args, kwargs)
    if meta is no_default or meta is None:
        meta = meta_of_call(func, (df, *args), kwargs)
    prototype = make_meta(meta, index=df._meta.index)
    given = (
        df,
        carry(df, _neighbours.Last(reach[0])) if reach[0] else None,
        carry(df, _neighbours.First(reach[1]), reverse=True) if reach[1] else None,
        function,
        reach,
    )
    return call(
        _neighbours.between, given, {}, prototype, clears=False, label="map_overlap", checks=enforce_metadata
    )


def _ordered_times(frame: Any, on: Any, what: str) -> None:
    """Check that there is an index, or a column, of times."""
    dtype = frame._meta.index.dtype if on is None else frame._meta[on].dtype
    if getattr(dtype, "kind", "O") not in "Mm":
        place = "an index" if on is None else f"column {on!r}"
        raise TypeError(f"{what} of a span of time needs {place} of times, found one of dtype {dtype}")


def rolled(frame: Any, window: Any, **options: Any) -> Rolling:
    """Return the windows of a frame or series, over rows or over spans of time.

    Raises
    ------
    ValueError
        For a window that pandas does not take.
    NotImplementedError
        For windows that are objects.
    """
    given = {name: value for name, value in options.items() if value is not None and value is not False}
    if hasattr(window, "get_window_bounds"):
        raise NotImplementedError(
            f"windows by a {type(window).__name__}: call map_overlap, which says how far they reach"
        )
    if given.get("step") is not None:
        raise NotImplementedError("rolling with step: which rows are taken depends on all partitions before")
    given = {"window": window, **given}
    # pandas looks at the arguments.
    frame._meta.rolling(**given)
    reach = _reach(window, "window")
    if not isinstance(reach, int):
        _ordered_times(frame, given.get("on"), "a window")
    return Rolling(frame, given)


class _Base:
    """What windows of all kinds share."""

    __slots__ = ("_columns", "_frame", "_given")

    def __init__(self, frame: Any, given: dict[str, Any], columns: Any = None) -> None:
        self._frame, self._given, self._columns = frame, given, columns

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in self._given.items())
        return f"{type(self).__name__}[{given}]"

    def _of(self, frame: Any, columns: Any) -> Any:
        """Return the same windows over other columns."""
        return type(self)(frame, self._given, columns)

    def __getitem__(self, key: Any) -> Any:
        frame, on = self._frame, self._given.get("on")
        wanted = key if isinstance(key, list) else [key]
        for name in wanted:
            get_column(frame, name)
        needed = [*wanted, *([] if on is None or on in wanted else [on])]
        return self._of(frame[needed], key)

    def __getattr__(self, name: str) -> Any:
        if name[:1] != "_" and self._frame._expr.kind == "frame" and name in self._frame._expr.labels:
            return self[name]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    _kind = ""

    def _over(self, frame: Any, function: Any, name: str) -> Any:
        """Return what a function of rows makes of each row and those that its window reaches."""
        return by_all_rows(frame, function, name)

    def _asked(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Return what a method of pandas' windows makes of the rows."""
        function = _neighbours.Windowed(self._kind, self._given, self._columns, name, args, kwargs)
        return self._over(self._frame, function, name)

    def _with(self, name: str, other: Any, kwargs: dict[str, Any]) -> Any:
        """Return what a method makes of each window of a series and of another series of the same rows."""
        if self._frame._expr.kind != "series" or not is_frame(other) or other._expr.kind != "series":
            raise NotImplementedError(
                f"{name} of windows of all pairs of columns: give a series and another one, pair by pair"
            )
        labels = ("self", "other")
        both = self._frame.to_frame(labels[0]).assign(**{labels[1]: other})
        function = _neighbours.Paired(self._kind, self._given, name, kwargs)
        named = self._frame.name if self._frame.name == other.name else None
        return self._over(both, function, name).rename(named)

    def sum(self, numeric_only: bool = False) -> Any:
        """Return the sum of each window."""
        return self._asked("sum", **_numeric(numeric_only))

    def mean(self, numeric_only: bool = False) -> Any:
        """Return the arithmetic mean of each window."""
        return self._asked("mean", **_numeric(numeric_only))

    def corr(self, other: Any = None, pairwise: bool | None = None) -> Any:
        """Return the correlation of each window of a series with another one.

        Parameters
        ----------
        other : Series
            The other series, of the same rows.
        pairwise : None
            Not there: correlations of all pairs of columns.
        """
        _check_pairwise("corr", pairwise)
        return self._with("corr", other, {})

    def aggregate(self, func: Any, *args: Any, **kwargs: Any) -> Any:
        """Aggregate windows by one or several functions.

        Parameters
        ----------
        func : str, callable, list or dict
            A function, several, or those of each column.
        *args, **kwargs
            Their further arguments.
        """
        return self._asked("aggregate", func, *args, **kwargs)

    agg = aggregate

    def pipe(self, func: Any, *args: Any, **kwargs: Any) -> Any:
        """Call a function of the windows.

        Parameters
        ----------
        func : callable
            The function.
        *args, **kwargs
            Its further arguments.
        """
        return func(self, *args, **kwargs)


class _Windows(_Base):
    """What windows without weights share."""

    __slots__ = ()

    def std(self, ddof: int = 1, numeric_only: bool = False) -> Any:
        """Return the standard deviation of each window."""
        return self._asked("std", ddof=ddof, **_numeric(numeric_only))

    def var(self, ddof: int = 1, numeric_only: bool = False) -> Any:
        """Return the variance of each window."""
        return self._asked("var", ddof=ddof, **_numeric(numeric_only))

    def cov(self, other: Any = None, pairwise: bool | None = None, ddof: int = 1) -> Any:
        """Return the covariance of each window of a series with another one.

        Parameters
        ----------
        other : Series
            The other series, of the same rows.
        pairwise : None
            Not there: covariances of all pairs of columns.
        ddof : int, optional
            What is taken from the number of values.
        """
        _check_pairwise("cov", pairwise)
        return self._with("cov", other, {"ddof": ddof})

    def count(self) -> Any:
        """Return how many values each window has."""
        return self._asked("count")

    def median(self, numeric_only: bool = False) -> Any:
        """Return the median of each window."""
        return self._asked("median", **_numeric(numeric_only))

    def min(self, numeric_only: bool = False) -> Any:
        """Return the least value of each window."""
        return self._asked("min", **_numeric(numeric_only))

    def max(self, numeric_only: bool = False) -> Any:
        """Return the greatest value of each window."""
        return self._asked("max", **_numeric(numeric_only))

    def sem(self, ddof: int = 1, numeric_only: bool = False) -> Any:
        """Return the standard error of the mean of each window."""
        return self._asked("sem", ddof=ddof, **_numeric(numeric_only))

    def skew(self, numeric_only: bool = False) -> Any:
        """Return the skewness of each window."""
        return self._asked("skew", **_numeric(numeric_only))

    def kurt(self, numeric_only: bool = False) -> Any:
        """Return the excess kurtosis of each window."""
        return self._asked("kurt", **_numeric(numeric_only))

    def quantile(self, q: float, interpolation: str = "linear", numeric_only: bool = False) -> Any:
        """Return a quantile of each window.

        Parameters
        ----------
        q : float
            Which one, from 0 to 1.
        interpolation : str, optional
            What is taken between two values, as in pandas.
        numeric_only : bool, optional
            Whether other columns than those of numbers are left out.
        """
        return self._asked("quantile", q, interpolation=interpolation, **_numeric(numeric_only))

    def apply(self, func: Any, raw: bool = False, args: Any = None, kwargs: Any = None) -> Any:
        """Call a function on every window.

        Parameters
        ----------
        func : callable
            The function of a window: a series, or an array where ``raw`` says so. It returns one number.
        raw : bool, optional
            Whether it gets arrays.
        args : tuple, optional
            Further arguments.
        kwargs : dict, optional
            Its keywords.
        """
        return self._asked("apply", func, raw=raw, args=args, kwargs=kwargs)

    def rank(
        self,
        method: str = "average",
        ascending: bool = True,
        pct: bool = False,
        numeric_only: bool = False,
    ) -> Any:
        """Return the rank of the last value of each window among its values.

        Parameters
        ----------
        method : {"average", "min", "max"}, optional
            Which rank equal values have.
        ascending : bool, optional
            Whether the least value is first.
        pct : bool, optional
            Whether ranks are parts of the whole.
        numeric_only : bool, optional
            Whether other columns than those of numbers are left out.
        """
        return self._asked("rank", method=method, ascending=ascending, pct=pct, **_numeric(numeric_only))

    def nunique(self, numeric_only: bool = False) -> Any:
        """Return how many different values each window has."""
        return self._asked("nunique", **_numeric(numeric_only))

    def first(self, numeric_only: bool = False) -> Any:
        """Return the first value of each window."""
        return self._asked("first", **_numeric(numeric_only))

    def last(self, numeric_only: bool = False) -> Any:
        """Return the last value of each window."""
        return self._asked("last", **_numeric(numeric_only))


#: Functions of windows that have kernels, and the arguments of windows that these know.
_KERNELS = {"count", "max", "mean", "min", "std", "sum", "var"}
_OF_KERNELS = {"window", "min_periods", "center", "on", "closed"}


@refusing
class Rolling(_Windows):
    """Windows over the rows of a frame or series: what `DataFrame.rolling` returns.

    Each method works on a partition together with the rows before it (and behind it, for windows that are
    centered) that windows reach: sums, means, variances, extremes and counts of numbers natively, all others
    by pandas' own methods.

    Examples
    --------
    >>> import pandas as pd
    >>> import raskt.dataframe as rd
    >>> s = rd.from_pandas(pd.Series([1, 2, 3, 4]), npartitions=4)
    >>> s.rolling(2).sum().compute().tolist()
    [nan, 3.0, 5.0, 7.0]
    """

    __slots__ = ()
    _kind = "rolling"

    def _asked(self, name: str, *args: Any, **kwargs: Any) -> Any:
        is_known = name in _KERNELS and not args and not kwargs.keys() - {"ddof"}
        found = self._natively(name, kwargs.get("ddof", 1)) if is_known else None
        return super()._asked(name, *args, **kwargs) if found is None else found

    def _natively(self, name: str, ddof: Any) -> Any:
        """Return what a kernel makes of the rows; None where pandas has to do it."""
        frame, given, key = self._frame, self._given, self._columns
        labels, on = list(frame._expr.labels), given.get("on")
        if given.keys() - _OF_KERNELS or type(ddof) is not int or len(set(labels)) < len(labels):
            return None
        if on is not None and isinstance(key, list):
            return None
        if on is not None and key is None and frame._meta[on].dtype == frame._meta.index.dtype:
            # A column that equals the index is left out by pandas.
            return None
        window = _reach(given["window"], "window")
        is_span = not isinstance(window, int)
        periods = given.get("min_periods", 1 if is_span else window)
        if is_span:
            times: Any = frame._meta.index if on is None else frame._meta.set_index(on).index
            if not hasattr(times, "unit"):
                return None
            window = int(window.as_unit(times.unit).to_timedelta64().astype("int64"))
        found = _native(
            "rolling",
            frame,
            name=name,
            window=window,
            is_span=is_span,
            min_periods=int(periods),
            ddof=ddof,
            on=None if on is None else label(on),
            center=bool(given.get("center")),
            closed=given.get("closed"),
        )
        is_one = found is not None and frame._expr.kind == "frame" and not isinstance(key, (list, type(None)))
        return get_column(found, key) if is_one else found

    def _over(self, frame: Any, function: Any, name: str) -> Any:
        reach, on = _reach(self._given["window"], "window"), self._given.get("on")
        before = carry(frame, _neighbours.Last(reach, on))
        centered = self._given.get("center")
        behind = carry(frame, _neighbours.First(reach, on), reverse=True) if centered else None
        meta = _partition.asked(function, frame._meta)
        return _beside(frame, function, before, behind, name, meta)


@refusing
class Expanding(_Windows):
    """Windows from the first row up to each: what `DataFrame.expanding` returns.

    Each method is pandas' own, on all rows in one task.

    Examples
    --------
    >>> import pandas as pd
    >>> import raskt.dataframe as rd
    >>> rd.from_pandas(pd.Series([1, 2, 3, 4]), npartitions=4).expanding(2).sum().compute().tolist()
    [nan, 3.0, 6.0, 10.0]
    """

    __slots__ = ()
    _kind = "expanding"

    def _over(self, frame: Any, function: Any, name: str) -> Any:
        return by_all_rows(frame, function, name)


@refusing
class ExponentialMovingWindow(_Base):
    """Windows in which weights decay: what `DataFrame.ewm` returns.

    Each method is pandas' own, on all rows in one task.

    Examples
    --------
    >>> import pandas as pd
    >>> import raskt.dataframe as rd
    >>> rd.from_pandas(pd.Series([1.0, 3.0]), npartitions=2).ewm(alpha=0.5).sum().compute().tolist()
    [1.0, 3.5]
    """

    __slots__ = ()
    _kind = "ewm"

    def std(self, bias: bool = False, numeric_only: bool = False) -> Any:
        """Return the standard deviation of each window."""
        return self._asked("std", bias=bias, **_numeric(numeric_only))

    def var(self, bias: bool = False, numeric_only: bool = False) -> Any:
        """Return the variance of each window."""
        return self._asked("var", bias=bias, **_numeric(numeric_only))

    def cov(self, other: Any = None, pairwise: bool | None = None, bias: bool = False) -> Any:
        """Return the covariance of each window of a series with another one.

        Parameters
        ----------
        other : Series
            The other series, of the same rows.
        pairwise : None
            Not there: covariances of all pairs of columns.
        bias : bool, optional
            Whether the weights are not corrected for how few there are.
        """
        _check_pairwise("cov", pairwise)
        return self._with("cov", other, {"bias": bias})


def _check_pairwise(name: str, pairwise: Any) -> None:
    if pairwise:
        raise NotImplementedError(f"{name}(pairwise=True): give a series and another one, pair by pair")


def expanded(frame: Any, min_periods: int) -> Expanding:
    """Return windows from the first row up to each."""
    frame._meta.expanding(min_periods)
    return Expanding(frame, {"min_periods": min_periods})


def weighted(frame: Any, given: dict[str, Any], times: Any) -> ExponentialMovingWindow:
    """Return windows in which weights decay."""
    if times is not None:
        raise NotImplementedError("ewm(times=): map_partitions of repartition(npartitions=1)")
    frame._meta.ewm(**given)
    return ExponentialMovingWindow(frame, given)


def _numeric(numeric_only: bool) -> dict[str, Any]:
    return {"numeric_only": True} if numeric_only else {}
