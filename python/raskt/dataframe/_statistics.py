"""What frames and series are summed up to, beside plain reductions: trees of partial results."""

from __future__ import annotations

import functools
from typing import Any

from raskt._apart import refuse_lazy
from raskt._lazy import late, late_module
from raskt.dataframe._metas import make_meta, meta_of_call, no_default
from raskt.dataframe._op import call, changed, is_frame, op, reduction, tree
from raskt.dataframe._parameters import labels
from raskt.dataframe._selection import get_column

__all__ = [
    "aggregate",
    "as_text",
    "covariances",
    "described",
    "extremes",
    "is_monotonic",
    "memory_usage",
    "memory_usage_per_partition",
    "mode",
    "nunique_approx",
    "pair",
    "quantile",
    "reduced_by",
    "shape",
    "whole",
]

one_row: Any = late("raskt._tables", "one_row")
_partition: Any = late_module("raskt.dataframe._partition")
_summaries: Any = late_module("raskt.dataframe._summaries")


def _along_columns(frame: Any, axis: Any) -> bool:
    if axis in (0, "index", "rows"):
        return False
    if axis in (1, "columns") and frame._expr.kind == "frame":
        return True
    raise ValueError(f"No axis named {axis!r} for object type {type(frame).__name__}")


def numbers_of(frame: Any) -> Any:
    """Return the columns of numbers of a frame."""
    if frame._expr.kind != "frame":
        return frame
    return op("columns", (frame,), {"labels": labels(frame._meta._get_numeric_data().columns)})


def whole(frame: Any, function: Any, meta: Any, label: str) -> Any:
    """Ask for a function of all rows, which come together in one task."""
    gathered = op("repartition", (frame,), {"npartitions": 1})
    return call(function, (gathered,), {}, meta, clears=True, label=label)


# ---- least and greatest ----


def extremes(frame: Any, name: str, skipna: bool) -> Any:
    """Return the labels at which the least or greatest values are."""
    if frame._meta.index.nlevels > 1:
        return reduction(frame, name, **changed(skipna=(skipna, True)))
    is_frame = frame._expr.kind == "frame"
    named = {"name": name, "skipna": skipna}
    # What has no order is an error of pandas' here.
    _partition.asked(_summaries.extremes, one_row(frame._meta), **named)
    meta, columns = one_row(frame._meta.index)[0], None
    if is_frame:
        import pandas as pd

        columns = frame._meta.columns
        meta = pd.Series(frame._meta.index[:0], index=columns[:0])
    last = {**named, "columns": columns}
    parts = (_summaries.extremes, _summaries.extremes_of, _summaries.extreme)
    return tree(frame, *parts, meta, label=name, checks=False, kwargs=(named, named, last))


# ---- moments ----


def shape(frame: Any, name: str, kwargs: dict[str, Any]) -> Any:
    """Return ``sem``, ``skew`` or ``kurt`` as a tree; None where pandas has to do it, of all rows."""
    import numpy as np

    is_frame = frame._expr.kind == "frame"
    dtypes = list(frame._meta.dtypes) if is_frame else [frame._meta.dtype]
    plain = [isinstance(dtype, np.dtype) and dtype.kind in "iuf" for dtype in dtypes]
    if not plain or not all(plain) or kwargs.keys() - {"ddof"}:
        return None
    results = [dtype if dtype.kind == "f" else np.dtype(float) for dtype in dtypes]
    columns = frame._meta.columns if is_frame else None
    last = {"name": name, "columns": columns, "dtypes": results, **kwargs}
    meta = _summaries.shape_of([_summaries.central(frame._meta)], **last)
    parts = (_summaries.central, _summaries.central_of, _summaries.shape_of)
    return tree(frame, *parts, meta, label=name, checks=False, kwargs=({}, {}, last))


# ---- covariance ----


def covariances(frame: Any, name: str, method: Any, min_periods: Any, ddof: int, numeric_only: bool) -> Any:
    """Return the covariances or correlations of the columns of a frame."""
    if numeric_only:
        frame = numbers_of(frame)
    given = changed(method=(method, "pearson"), ddof=(ddof, 1))
    if min_periods is not None:
        given["min_periods"] = min_periods
    if method not in ("pearson", "kendall", "spearman") and not callable(method):
        raise ValueError(
            f"method must be either 'pearson', 'spearman', 'kendall', or a callable, '{method}' was supplied"
        )
    meta = _partition.asked(_partition.method, one_row(frame._meta), name=name, kwargs=given)
    if method != "pearson":
        function = functools.partial(_partition.method, name=name, kwargs=given)
        return whole(frame, function, meta.iloc[:0], name)
    last = {
        "columns": frame._meta.columns,
        "least": 1 if min_periods is None else min_periods,
        "ddof": ddof,
        "scales": name == "corr",
        "is_pair": False,
    }
    parts = (_summaries.moments, _summaries.moments_of, _summaries.covariance)
    return tree(frame, *parts, meta.iloc[:0], label=name, checks=False, kwargs=({}, {}, last))


def pair(series: Any, other: Any, name: str, method: Any, min_periods: Any, ddof: int) -> Any:
    """Return the covariance or correlation of two series."""
    if not is_frame(other) or other._expr.kind != "series":
        raise TypeError(f"other must be a Series, found {type(other).__name__}")
    both = series.to_frame("x").assign(y=other)
    if method != "pearson":
        named = changed(method=(method, "pearson"), min_periods=(min_periods, None))
        return whole(both, functools.partial(_summaries.pair_of, name=name, kwargs=named), 1.0, name)
    last = {
        "columns": None,
        "least": 1 if min_periods is None else min_periods,
        "ddof": ddof,
        "scales": name == "corr",
        "is_pair": True,
    }
    parts = (_summaries.moments, _summaries.moments_of, _summaries.covariance)
    both = both.dropna()
    return tree(both, *parts, 1.0, label=name, checks=False, kwargs=({}, {}, last))


# ---- quantiles, descriptions ----


def quantile(frame: Any, q: Any, axis: Any, numeric_only: bool, interpolation: str, way: Any) -> Any:
    """Return quantiles. All values come together in one task."""
    if way not in ("default", "dask", "tdigest", "single", "table"):
        raise ValueError(f"method must be 'default', 'dask' or 'tdigest', found {way!r}")
    if interpolation not in ("linear", "lower", "higher", "midpoint", "nearest"):
        raise ValueError(
            "interpolation must be 'linear', 'lower', 'higher', 'midpoint' or 'nearest', "
            f"found {interpolation!r}"
        )
    if numeric_only:
        frame = numbers_of(frame)
    q = q if isinstance(q, (int, float)) else [float(one) for one in q]
    for one in q if isinstance(q, list) else [q]:
        if not 0 <= one <= 1:
            raise ValueError(f"percentiles should all be in the interval [0, 1], found q={one!r}")
    named = {"q": q, **changed(interpolation=(interpolation, "linear"))}
    if _along_columns(frame, axis):
        named["axis"] = 1
        function = functools.partial(_partition.method, name="quantile", kwargs=named)
        meta = _partition.asked(function, one_row(frame._meta))
        if isinstance(q, list):
            raise NotImplementedError(
                "quantile(axis=1) of several q: their results have a column for each row"
            )
        meta = meta.iloc[:0].set_axis(frame._meta.index)
        return call(function, (frame,), {}, meta, clears=False, keeps=True, label="quantile")
    return reduction(frame, "quantile", **named)


def described(frame: Any, percentiles: Any, include: Any, exclude: Any) -> Any:
    """Return the statistics that pandas describes frames by."""
    named = {
        name: value
        for name, value in (("percentiles", percentiles), ("include", include), ("exclude", exclude))
        if value is not None
    }
    if named.get("percentiles") is not None:
        named["percentiles"] = [float(one) for one in named["percentiles"]]
    if frame._expr.kind == "frame":
        # Only the columns that are described come together.
        kept = one_row(frame._meta).describe(**named).columns
        frame = op("columns", (frame,), {"labels": labels(kept)})
    return reduction(frame, "describe", **named)


def mode(frame: Any, axis: Any, numeric_only: bool, dropna: bool) -> Any:
    """Return the most frequent values."""
    if numeric_only:
        frame = numbers_of(frame)
    named = changed(dropna=(dropna, True))
    if _along_columns(frame, axis):
        raise NotImplementedError(
            "mode(axis=1): how many columns it has is a question of all rows; use map_partitions"
        )
    return reduction(frame, "mode", **named)


# ---- times as text ----


def as_text(series: Any, dtype: Any) -> Any:
    """Return times as text, as pandas writes all of them together."""
    parts = (_summaries.finest, _summaries.finest_of, _summaries.finest_of)
    state = tree(series, *parts, series._meta, label="digits", checks=False)
    meta = series._meta.astype(dtype)
    return call(
        _summaries.written, (series, state, dtype), {}, meta, clears=False, keeps=True, label="astype"
    )


# ---- order, sizes, numbers of different rows ----


def is_monotonic(series: Any, is_up: bool) -> Any:
    """Return whether values are in order."""
    named = {"is_up": is_up}
    parts = (_summaries.monotonic, _summaries.monotonic_of, _summaries.monotonic_result)
    label = f"is_monotonic_{'in' if is_up else 'de'}creasing"
    return tree(series, *parts, True, label=label, checks=False, kwargs=(named, named, named))


def memory_usage(frame: Any, index: bool, deep: bool) -> Any:
    """Return how many bytes columns take in memory."""
    named = {"index": index, "deep": deep, "is_total": frame._expr.kind != "frame"}
    meta = _summaries.memory(frame._meta, **named)
    parts = (_summaries.memory, _summaries.summed, _summaries.summed)
    return tree(frame, *parts, meta, label="memory_usage", checks=False, kwargs=(named, {}, {}))


def memory_usage_per_partition(frame: Any, index: bool, deep: bool) -> Any:
    """Return how many bytes each partition takes in memory."""
    import pandas as pd

    named = {"index": index, "deep": deep, "is_total": True}
    parts = (_summaries.memory, _summaries.chained, _summaries.numbered)
    meta = pd.Series([], dtype="int64")
    return tree(frame, *parts, meta, label="memory_usage_per_partition", kwargs=(named, {}, {}))


def nunique_approx(frame: Any) -> Any:
    """Return how many different rows there are, about."""
    sketch = _summaries.HyperLogLog()
    return tree(
        frame, sketch.chunk, sketch.combine, sketch.aggregate, 1.0, label="nunique_approx", checks=False
    )


# ---- functions of users ----


def reduced_by(
    frame: Any,
    chunk: Any,
    aggregate: Any,
    combine: Any,
    meta: Any,
    kwargs: tuple[dict[str, Any], dict[str, Any], dict[str, Any]],
) -> Any:
    """Return what functions of a user's reduce a frame to."""
    for name, function in (("chunk", chunk), ("aggregate", aggregate), ("combine", combine)):
        if function is not None and not callable(function):
            raise TypeError(f"{name} must be a function, found {type(function).__name__}")
    aggregate = chunk if aggregate is None else aggregate
    refuse_lazy((chunk, aggregate, combine, kwargs), "compute() them first")
    steps = _UserSteps(chunk, aggregate if combine is None else combine, aggregate)
    if meta is no_default or meta is None:
        meta = meta_of_call(_reduced_once, (frame, steps, kwargs), {})
    if not _is_scalar(meta):
        meta = make_meta(meta)
    return tree(frame, steps.chunk, steps.combine, steps.aggregate, meta, label="reduction", kwargs=kwargs)


def _is_scalar(meta: Any) -> bool:
    return isinstance(meta, (bool, int, float)) or type(meta).__module__.partition(".")[0] == "numpy"


def _reduced_once(part: Any, steps: Any, kwargs: Any) -> Any:
    return steps.aggregate([steps.chunk(part, **kwargs[0])], **kwargs[2])


class _UserSteps:
    """Functions of partial results, as users give them: these get the results as one object of pandas'."""

    def __init__(self, chunk: Any, combine: Any, aggregate: Any) -> None:
        self._chunk, self._combine, self._aggregate = chunk, combine, aggregate

    def chunk(self, part: Any, **kwargs: Any) -> Any:
        return self._chunk(part, **kwargs)

    def combine(self, results: list[Any], **kwargs: Any) -> Any:
        return self._combine(_put_together(results), **kwargs)

    def aggregate(self, results: list[Any], **kwargs: Any) -> Any:
        return self._aggregate(_put_together(results), **kwargs)


def _put_together(results: list[Any]) -> Any:
    """Return partial results as one object: series of a frame are its rows, numbers those of a series."""
    import pandas as pd

    first = results[0]
    if isinstance(first, pd.Series):
        return pd.concat(results)
    if isinstance(first, pd.DataFrame):
        return pd.concat(results)
    return pd.Series(results)


# ---- several functions ----

_BY_NAME = {
    *("sum", "prod", "min", "max", "count", "mean", "var", "std", "sem", "skew", "kurt", "median", "any"),
    *("all", "nunique", "idxmin", "idxmax"),
}


def _name_of(function: Any) -> str | None:
    """Return the name of a function that is a reduction; None for others."""
    if not isinstance(function, str):
        module = getattr(function, "__module__", None) or ""
        if module.partition(".")[0] not in ("builtins", "numpy"):
            return None
        function = getattr(function, "__name__", "")
        # NumPy's own count all values.
        return function if function in ("sum", "min", "max", "prod", "mean", "median") else None
    return function if function in _BY_NAME else None


def aggregate(frame: Any, function: Any, axis: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Return what one or several functions aggregate rows to."""
    if _along_columns(frame, axis):
        aggregated = _aggregate_by(function, args, {**kwargs, "axis": 1})
        meta = meta_of_call(aggregated, (frame,), {})
        return call(aggregated, (frame,), {}, make_meta(meta), clears=False, keeps=True, label="agg")
    if isinstance(function, str):
        found = getattr(frame, function, None)
        if found is None:
            raise AttributeError(f"'{function}' is not a valid function for '{type(frame).__name__}' object")
        return found(*args, **kwargs) if callable(found) else found
    arranged = None if args or kwargs or function is None else _arranged(frame, function)
    if arranged is not None:
        return arranged
    aggregated = _aggregate_by(function, args, kwargs)
    meta = meta_of_call(aggregated, (frame,), {})
    return whole(frame, aggregated, meta if _is_scalar(meta) else make_meta(meta), "agg")


def _aggregate_by(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Return a function of rows: what pandas aggregates them to."""
    return functools.partial(_summaries.aggregated, function=function, args=args, kwargs=kwargs)


def _arranged(frame: Any, function: Any) -> Any:
    """Return several reductions, arranged as pandas does; None where some are no reductions of ours."""
    is_frame = frame._expr.kind == "frame"
    columns = frame._expr.labels
    if isinstance(function, dict):
        if not is_frame:
            return None
        missing = [column for column in function if column not in columns]
        if missing:
            raise KeyError(f"Label(s) {missing!r} do not exist")
        columns = list(function)
        several = any(isinstance(one, (list, tuple)) for one in function.values())
        wanted = [list(one) if isinstance(one, (list, tuple)) else [one] for one in function.values()]
    elif isinstance(function, (list, tuple)):
        wanted, several = [list(function)] * len(columns), True
    else:
        return None
    names = [[_name_of(one) for one in functions] for functions in wanted]
    if not columns or any(None in one or not one or len(set(one)) < len(one) for one in names):
        return None
    meta = _partition.asked(_aggregate_by(function, (), {}), one_row(frame._meta))
    parts = [get_column(frame, column) if is_frame else frame for column in columns]
    found = [getattr(part, str(name))() for part, own in zip(parts, names, strict=True) for name in own]
    dtypes = list(meta.dtypes) if getattr(meta, "ndim", 0) == 2 else [meta.dtype]
    arrange = functools.partial(
        _summaries.assembled,
        dtypes=[dtype if hasattr(dtype, "numpy_dtype") else None for dtype in dtypes],
        shape="series" if not is_frame else "frame" if several else "rows",
        columns=columns,
        functions=names,
    )
    return call(arrange, tuple(found), {}, meta.iloc[:0], clears=True, label="agg", checks=False)
