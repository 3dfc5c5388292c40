"""narwhals' back end for Dask, told apart where Raskt's frames differ from Dask's.

narwhals asks a back end for methods of its own classes. Those for Dask call names of dataframes that Raskt's
frames have too; what is here are the calls of functions of `dask.dataframe` and `dask.array`, and looks into
Dask's expressions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

import raskt.dataframe as rd
from raskt.dataframe._gathered import cut_back, gathered

try:
    from narwhals._dask.dataframe import DaskLazyFrame
    from narwhals._dask.expr import DaskExpr
    from narwhals._dask.expr_str import DaskExprStringNamespace
    from narwhals._dask.group_by import DaskLazyGroupBy
    from narwhals._dask.namespace import DaskNamespace
    from narwhals._dask.utils import evaluate_exprs, narwhals_to_native_dtype
except ImportError as error:
    raise ImportError("narwhals over frames of Raskt needs Dask: pip install 'raskt[narwhals]'") from error
from narwhals._expression_parsing import combine_alias_output_names, combine_evaluate_output_names

__all__ = ["RasktNamespace"]


class RasktLazyFrame(DaskLazyFrame):  # type: ignore[misc]
    """A frame of `raskt.dataframe` as narwhals' lazy frame."""

    @staticmethod
    def _is_native(obj: Any) -> bool:
        return isinstance(obj, rd.DataFrame)

    def __native_namespace__(self) -> Any:
        return rd

    def __narwhals_namespace__(self) -> RasktNamespace:
        return RasktNamespace(version=self._version)

    def aggregate(self, *exprs: Any) -> Any:
        """Return a frame of one row, of expressions that are aggregates."""
        series = evaluate_exprs(self, *exprs)
        return self._with_native(rd.concat([value.rename(name) for name, value in series], axis=1))

    def group_by(self, keys: Any, *, drop_null_keys: bool) -> RasktLazyGroupBy:
        """Return groups by columns or expressions."""
        return RasktLazyGroupBy(self, keys, drop_null_keys=drop_null_keys)

    def tail(self, n: int) -> Any:
        """Return the last rows."""
        return self._with_native(self.native.iloc[-n:] if n else self.native.iloc[:0])

    def with_row_index(self, name: str, order_by: Any) -> Any:
        """Return the rows with their numbers: as they are, or in the order of columns."""
        if order_by is not None:
            return super().with_row_index(name, order_by)
        numbered = _numbered(self.native, name)
        return self._with_native(numbered[[name, *self.native.columns]])

    def unique(self, subset: Any, *, keep: str, order_by: Any) -> Any:
        """Return the rows whose values are there once, or one of each."""
        if keep != "none":
            return super().unique(subset, keep=keep, order_by=order_by)
        keys = list(subset or self.columns)
        counts = self.native.groupby(keys, dropna=False).size().rename("__raskt_count").reset_index()
        single = counts[counts["__raskt_count"] == 1][keys]
        return self._with_native(self.native.merge(single, on=keys))

    def _join_full(self, other: Any, *, left_on: Any, right_on: Any, suffix: str) -> Any:
        mine, theirs = self.native, other.native
        renamed = {name: f"{name}{suffix}" for name in theirs.columns if name in mine.columns}
        theirs = theirs.rename(columns=renamed)
        keys = [renamed.get(name, name) for name in right_on]
        # Rows with a null among their keys meet none.
        there = theirs.dropna(subset=keys)
        lonely = theirs[theirs[keys].isna().any(axis=1)]
        found = mine.merge(there, how="outer", left_on=list(left_on), right_on=keys)
        return rd.concat([found, lonely])

    def _join_semi(self, other: Any, *, left_on: Any, right_on: Any) -> Any:
        return self._join_by_match(other, left_on, right_on, "leftsemi")

    def _join_anti(self, other: Any, *, left_on: Any, right_on: Any) -> Any:
        return self._join_by_match(other, left_on, right_on, "left_anti")

    def _join_by_match(self, other: Any, left_on: Any, right_on: Any, how: str) -> Any:
        keys = [f"__raskt_{name}" for name in right_on]
        theirs = other.native[list(right_on)].dropna()
        theirs = theirs.rename(columns=dict(zip(right_on, keys, strict=True)))
        found = self.native.merge(theirs, how=how, left_on=list(left_on), right_on=keys)
        return found[list(self.native.columns)]

    def _join_cross(self, other: Any, *, suffix: str) -> Any:
        return self.native.merge(other.native, how="cross", suffixes=("", suffix))


class RasktLazyGroupBy(DaskLazyGroupBy):  # type: ignore[misc]
    """Groups of a frame for narwhals."""

    _REMAP_AGGS = {  # noqa: RUF012
        **{name: name for name in ("sum", "mean", "median", "max", "min", "count", "quantile")},
        "len": "size",
        "all": "all",
        "any": "any",
        "n_unique": lambda: _n_unique,
        "std": lambda ddof: _spread("std", ddof),
        "var": lambda ddof: _spread("var", ddof),
    }

    def agg(self, *exprs: Any) -> RasktLazyFrame:
        """Return the aggregates of each group."""
        found = super().agg(*exprs)
        return RasktLazyFrame(found.native, version=self.compliant._version)


class RasktExpr(DaskExpr):  # type: ignore[misc]
    """An expression of narwhals over frames of Raskt."""

    def __narwhals_namespace__(self) -> RasktNamespace:
        return RasktNamespace(version=self._version)

    def broadcast(self) -> RasktExpr:
        """Return the one value of each aggregate for all rows."""
        return self._remade(lambda frame: [series.iloc[0] for series in self(frame)])

    def _remade(self, function: Any) -> RasktExpr:
        return RasktExpr(
            function,
            evaluate_output_names=self._evaluate_output_names,
            alias_output_names=self._alias_output_names,
            version=self._version,
        )

    def _over_without_partition_by(self, order_by: Any) -> RasktExpr:
        def values(frame: Any) -> list[Any]:
            place = "__raskt_row"
            ordered = frame._with_native(_numbered(frame.native, place))
            ordered = ordered.sort(*order_by, descending=False, nulls_last=False)
            found = []
            for series in self(ordered):
                # Back to the places and partitions that the rows had.
                both = ordered.native.assign(__raskt_value=series)[[place, "__raskt_value"]]
                back = gathered(both.sort_values(place))["__raskt_value"].rename(series.name)
                meta = series._meta.set_axis(frame.native._meta.index)
                found.append(cut_back(frame.native, back, meta, "over"))
            return found

        return self._remade(values)

    def quantile(self, quantile: float, interpolation: str) -> Any:
        """Return a quantile of all values."""
        if interpolation != "linear":
            raise NotImplementedError(f"a quantile with interpolation={interpolation!r}: take 'linear'")
        return self._with_callable(lambda series: series.quantile(quantile).to_series())

    def len(self) -> Any:
        """Return the number of rows."""
        return self._with_callable(_length)

    @property
    def str(self) -> _StringNamespace:
        """Functions of text."""
        return _StringNamespace(self)

    def log(self, base: float) -> Any:
        """Return logarithms."""
        return self._with_callable(lambda series: np.log(series) / np.log(base))

    def is_finite(self) -> Any:
        """Return where numbers are finite."""
        return self._with_callable(np.isfinite)

    def exp(self) -> Any:
        """Return powers of e."""
        return self._with_callable(np.exp)

    def sin(self) -> Any:
        """Return sines."""
        return self._with_callable(np.sin)

    def cos(self) -> Any:
        """Return cosines."""
        return self._with_callable(np.cos)

    def sqrt(self) -> Any:
        """Return square roots."""
        return self._with_callable(np.sqrt)

    def median(self) -> Any:
        """Return the median, of all values in one task."""
        return self._with_callable(lambda series: series.median().to_series())


class _StringNamespace(DaskExprStringNamespace):  # type: ignore[misc]
    """Functions of text for narwhals."""

    def len_chars(self) -> Any:
        """Return how many characters texts have."""
        return self.compliant._with_callable(lambda series: series.str.len())

    def to_datetime(self, format: Any) -> Any:
        """Return texts as points in time."""
        return self.compliant._with_callable(lambda series: rd.to_datetime(series, format=format))


class RasktNamespace(DaskNamespace):  # type: ignore[misc]
    """narwhals' functions over frames of Raskt.

    Parameters
    ----------
    version : narwhals.utils.Version
        The version of narwhals' interface.
    """

    @property
    def _expr(self) -> type[RasktExpr]:
        return RasktExpr

    @property
    def _lazyframe(self) -> type[RasktLazyFrame]:
        return RasktLazyFrame

    def from_native(self, data: Any, /) -> RasktLazyFrame:
        """Return a frame as narwhals' lazy one."""
        return RasktLazyFrame(data, version=self._version)

    def scan_csv(self, source: Any, *, separator: str = ",", **kwds: Any) -> RasktLazyFrame:
        """Return the frame of files of CSV."""
        return self.from_native(rd.read_csv(source, sep=separator, **kwds))

    def scan_parquet(self, source: Any, **kwds: Any) -> RasktLazyFrame:
        """Return the frame of files of Parquet."""
        return self.from_native(rd.read_parquet(source, **kwds))

    def lit(self, value: Any, dtype: Any) -> RasktExpr:
        """Return a constant."""
        if isinstance(value, (list, tuple, dict)):
            raise NotImplementedError("constants that are lists or structures: assign a column of them")
        given = None if dtype is None else narwhals_to_native_dtype(dtype, self._version)
        series = rd.from_pandas(pd.Series([value], dtype=given, name="literal"), npartitions=1)
        return self._made(lambda _frame: [series], lambda _frame: ["literal"], None)

    def len(self) -> RasktExpr:
        """Return the number of rows."""
        return self._made(lambda frame: [_length(frame.native)], lambda _frame: ["len"], None)

    def concat(self, items: Any, *, how: str) -> RasktLazyFrame:
        """Return the rows of frames one after another."""
        frames = [item.native for item in items]
        if how not in ("vertical", "diagonal"):
            raise NotImplementedError(f"concat with how={how!r}: join the frames by a key")
        if how == "vertical" and any(list(x.columns) != list(frames[0].columns) for x in frames):
            names = [list(x.columns) for x in frames]
            raise TypeError(f"unable to vstack, column names don't match: {names}")
        return self.from_native(rd.concat(frames, join="inner" if how == "vertical" else "outer"))

    def sum_horizontal(self, *exprs: Any) -> RasktExpr:
        """Return the sum of each row."""
        return self._of_each_row("sum", exprs)

    def min_horizontal(self, *exprs: Any) -> RasktExpr:
        """Return the least value of each row."""
        return self._of_each_row("min", exprs)

    def max_horizontal(self, *exprs: Any) -> RasktExpr:
        """Return the greatest value of each row."""
        return self._of_each_row("max", exprs)

    def _of_each_row(self, name: str, exprs: Any) -> RasktExpr:
        def values(frame: Any) -> list[Any]:
            series = [one for expr in exprs for one in expr(frame)]
            columns = {f"c{at}": one for at, one in enumerate(series)}
            found = frame.native.assign(**columns)[list(columns)]
            return [getattr(found, name)(axis=1).rename(_name(series[0]))]

        return self._made(values, *_names(exprs))

    def when_then(self, predicate: Any, then: Any, otherwise: Any = None) -> RasktExpr:
        """Return values where a condition is true, and others elsewhere."""

        def values(frame: Any) -> list[Any]:
            condition, value = (frame._evaluate_single_output_expr(x) for x in (predicate, then))
            if otherwise is None:
                return [_rows(frame, value).where(_rows(frame, condition))]
            other = frame._evaluate_single_output_expr(otherwise)
            return [_rows(frame, value).where(_rows(frame, condition), other)]

        return self._made(values, *_names([then]))

    def _made(self, function: Any, output_names: Any, alias_names: Any) -> RasktExpr:
        return RasktExpr(
            function,
            evaluate_output_names=output_names,
            alias_output_names=alias_names,
            version=self._version,
        )


def _names(exprs: Any) -> tuple[Any, Any]:
    return combine_evaluate_output_names(*exprs), combine_alias_output_names(*exprs)


def _name(value: Any) -> Any:
    return getattr(value, "name", None)


def _rows(frame: Any, value: Any) -> Any:
    """Return a value as one of each row of a frame."""
    if isinstance(value, rd.Series):
        return value
    return frame.native.assign(__raskt_value=value)["__raskt_value"]


def _numbered(frame: Any, name: str) -> Any:
    """Return the rows with their numbers in a further column."""
    ones = frame.assign(**{name: 1})
    return ones.assign(**{name: ones[name].cumsum() - 1})


def _length(frame: Any) -> Any:
    """Return the number of rows as a series of one value."""
    rows = frame if isinstance(frame, rd.Series) else frame[frame.columns[0]]
    # A count is a scalar also where the number of rows is known.
    return rows.isna().count().to_series()


def _n_unique(values: Any) -> Any:
    """Return how many values there are, null among them."""
    return values.nunique(dropna=False)


def _spread(name: str, ddof: int) -> Any:
    """Return the function of groups for a standard deviation or variance."""
    return name if ddof == 1 else lambda values: getattr(values, name)(ddof=ddof)
