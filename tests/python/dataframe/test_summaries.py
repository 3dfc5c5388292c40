"""Statistics, descriptions, aggregates and sizes hold to pandas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pandas.testing as tm
import pytest
import raskt.dataframe as rd


def _cut(frame: Any, sizes: tuple[int, ...] = (1, 0, 2, 0, 2, 1)) -> Any:
    """Return a frame of partitions of those lengths, some of which are empty, without divisions."""
    ends = np.cumsum(sizes).tolist()
    parts = [frame.iloc[end - size : end] for end, size in zip(ends, sizes, strict=True)]
    return rd.from_map(parts.__getitem__, range(len(parts)), meta=frame[:0])


def _same(lazy: Any, expected: Any) -> None:
    found = lazy.compute()
    if isinstance(expected, pd.DataFrame):
        tm.assert_frame_equal(found, expected)
    elif isinstance(expected, pd.Series):
        tm.assert_series_equal(found, expected)
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, nan_ok=True)
    else:
        # The labels of a range are numbers of Python's in pandas.
        assert found == expected
        assert type(found) is type(expected) or isinstance(expected, int)


@pytest.fixture
def numbers(mixed: pd.DataFrame) -> pd.DataFrame:
    """Return columns of numbers, one of which lacks some."""
    return mixed[["i", "small", "f", "b"]].replace(np.inf, 9.0)


@pytest.mark.parametrize("name", ["idxmin", "idxmax"])
def test_where_extremes_are(name: str, way: str, mixed: pd.DataFrame) -> None:
    for labels in (pd.RangeIndex(6), pd.Index(list("fedcba"), name="k"), pd.date_range("2013", periods=6)):
        frame = mixed[["i", "f", "t", "m", "small"]].set_axis(labels)
        for cut in (_cut(frame), rd.from_pandas(frame, npartitions=1)):
            _same(getattr(cut, name)(), getattr(frame, name)())
            for column in frame:
                _same(getattr(cut[column], name)(), getattr(frame[column], name)())
    _same(getattr(_cut(mixed), name)(numeric_only=True), getattr(mixed, name)(numeric_only=True))
    with pytest.raises(ValueError, match="skipna"):
        getattr(_cut(mixed.f), name)(skipna=False).compute()
    with pytest.raises(ValueError, match="all NA"):
        getattr(_cut(mixed.f * np.nan), name)().compute()


@pytest.mark.parametrize("name", ["cov", "corr"])
def test_of_pairs_of_columns(name: str, way: str, numbers: pd.DataFrame) -> None:
    whole = numbers[["i", "small", "b"]].astype({"b": float})
    for frame in (numbers, whole, numbers.set_axis([1, "x", (2, 3), None], axis=1), numbers[:1]):
        sizes = (1, 0) if len(frame) == 1 else (1, 0, 2, 0, 2, 1)
        _same(getattr(_cut(frame, sizes), name)(), getattr(frame, name)())
        _same(getattr(_cut(frame, sizes), name)(min_periods=5), getattr(frame, name)(min_periods=5))
    _same(_cut(whole).cov(ddof=0), whole.cov(ddof=0))
    _same(_cut(numbers).cov(ddof=0), numbers.cov(ddof=0))
    big = whole + 1e9
    tm.assert_frame_equal(getattr(_cut(big), name)().compute(), getattr(big, name)(), rtol=1e-6)
    cut = _cut(numbers)
    _same(getattr(cut.i, name)(cut.f), getattr(numbers.i, name)(numbers.f))
    _same(getattr(cut.i, name)(cut.f, min_periods=6), getattr(numbers.i, name)(numbers.f, min_periods=6))


def test_other_correlations_and_what_is_none(way: str, numbers: pd.DataFrame, mixed: pd.DataFrame) -> None:
    cut = _cut(numbers)
    _same(cut.corr("kendall"), numbers.corr("kendall"))
    _same(cut.i.corr(cut.f, method="kendall"), numbers.i.corr(numbers.f, method="kendall"))
    _same(
        _cut(mixed.drop(columns="f")).corr(numeric_only=True), mixed.drop(columns="f").corr(numeric_only=True)
    )
    _same(cut.i.autocorr(), numbers.i.autocorr())
    with pytest.raises(ValueError, match="'nearest' was supplied"):
        cut.corr("nearest")
    with pytest.raises(ValueError, match="could not convert"):
        _cut(mixed[["i", "s"]]).corr()
    with pytest.raises(TypeError, match="other must be a Series, found int"):
        cut.i.cov(3)


@pytest.mark.parametrize("interpolation", ["linear", "nearest", "lower"])
@pytest.mark.parametrize("q", [0.5, 0.1, [0.25, 0.9], [0]])
def test_quantiles(q: Any, interpolation: Any, way: str, numbers: pd.DataFrame, mixed: pd.DataFrame) -> None:
    frame = numbers[["i", "small", "f"]]
    _same(
        _cut(frame).quantile(q, interpolation=interpolation), frame.quantile(q, interpolation=interpolation)
    )
    for series in (mixed.i, mixed.f, mixed.t, mixed.m):
        _same(
            _cut(series).quantile(q, interpolation=interpolation),
            series.quantile(q, interpolation=interpolation),
        )


def test_quantiles_of_rows_and_bad_ones(way: str, numbers: pd.DataFrame, mixed: pd.DataFrame) -> None:
    frame = numbers[["i", "f"]]
    _same(_cut(frame).quantile(0.3, axis=1), frame.quantile(0.3, axis=1))
    _same(_cut(mixed[["i", "s"]]).quantile(numeric_only=True), mixed[["i", "s"]].quantile(numeric_only=True))
    with pytest.raises(ValueError, match=r"found q=1\.5"):
        _cut(frame).quantile([0.5, 1.5])
    with pytest.raises(ValueError, match="found 'guess'"):
        _cut(frame).quantile(method="guess")
    with pytest.raises(ValueError, match="found 'none'"):
        _cut(frame).quantile(interpolation="none")


@pytest.mark.parametrize(
    "given",
    [{}, {"include": "all"}, {"include": ["number"]}, {"exclude": "number"}, {"percentiles": [0.1, 0.6]}],
    ids=str,
)
def test_descriptions(given: dict[str, Any], way: str, mixed: pd.DataFrame) -> None:
    frame = mixed.drop(columns=["o", "f"])
    _same(_cut(frame).describe(**given), frame.describe(**given))
    for column in ("i", "s", "t", "c", "b"):
        _same(_cut(mixed[column]).describe(), mixed[column].describe())


def test_modes(way: str, mixed: pd.DataFrame) -> None:
    frame = mixed[["i", "b", "s"]].assign(i=[1, 1, 2, 2, 3, 4])
    _same(_cut(frame).mode(), frame.mode())
    _same(_cut(frame).mode(numeric_only=True), frame.mode(numeric_only=True))
    _same(_cut(frame.s).mode(dropna=False), frame.s.mode(dropna=False))
    with pytest.raises(NotImplementedError, match="axis=1"):
        _cut(frame).mode(axis=1)


@pytest.mark.parametrize(
    "function",
    [
        "sum",
        ["sum", "mean"],
        ["min"],
        ["min", np.sum, max],
        {"i": "sum", "f": "mean"},
        {"i": ["sum", "min"], "f": ["max"]},
        {"f": ["max", "count"], "i": "nunique"},
        lambda column: column.sum() - column.min(),
        [lambda column: column.max()],
    ],
    ids=str,
)
def test_aggregates(function: Any, way: str, numbers: pd.DataFrame) -> None:
    frame = numbers[["i", "small", "f"]]
    _same(_cut(frame).agg(function), frame.agg(function))
    _same(_cut(frame).aggregate(function), frame.agg(function))
    if not isinstance(function, dict):
        _same(_cut(frame.f).agg(function), frame.f.agg(function))


def test_aggregates_by_name_along_columns_and_bad_ones(way: str, numbers: pd.DataFrame) -> None:
    frame = numbers[["i", "f"]]
    _same(_cut(frame).agg(a=("i", "sum"), b=("f", "min")), frame.agg(a=("i", "sum"), b=("f", "min")))
    _same(_cut(frame).agg("sum", axis=1), frame.agg("sum", axis=1))
    _same(_cut(frame.i).agg({"a": "sum", "b": "min"}), frame.i.agg({"a": "sum", "b": "min"}))
    with pytest.raises(AttributeError, match="'nothing' is not a valid function for 'DataFrame' object"):
        _cut(frame).agg("nothing")
    with pytest.raises(KeyError, match="'q'"):
        _cut(frame).agg({"q": "sum"})
    with pytest.raises(ValueError, match="No axis named 5"):
        _cut(frame).agg("sum", axis=5)


@pytest.mark.parametrize("name", ["sem", "skew", "kurt"])
def test_shapes(name: str, way: str, numbers: pd.DataFrame) -> None:
    frame = numbers[["i", "small", "f"]].assign(flat=0.1, near=numbers.i + 1e6, single=np.float32(1.5))
    frame["single"] *= frame["i"].astype("float32")
    tm.assert_series_equal(getattr(_cut(frame), name)().compute(), getattr(frame, name)(), rtol=1e-4)
    for column in frame:
        found = getattr(_cut(frame[column]), name)().compute()
        assert found == pytest.approx(getattr(frame[column], name)(), rel=1e-4, nan_ok=True)
        assert found.dtype == (np.float32 if column == "single" else np.float64)
    _same(_cut(frame[:2], (1, 0, 1)).skew(), frame[:2].skew())
    _same(_cut(numbers.i).sem(ddof=0), numbers.i.sem(ddof=0))
    with pytest.raises(
        ValueError, match="split_every must be a whole number of 2 or more, or False, found -3"
    ):
        getattr(_cut(numbers.i), name)(split_every=-3)


def test_order(way: str, mixed: pd.DataFrame) -> None:
    for values in ([1, 1, 2, 3, 5, 8], [6, 5, 4, 4, 1, 0], [1, 3, 2, 4, 5, 6], [1.0, 2, np.nan, 4, 5, 6]):
        series = pd.Series(values)
        found = _cut(series)
        assert found.is_monotonic_increasing.compute() == series.is_monotonic_increasing
        assert found.is_monotonic_decreasing.compute() == series.is_monotonic_decreasing
    assert _cut(mixed.z).is_monotonic_increasing.compute()


def test_sizes(way: str, mixed: pd.DataFrame) -> None:
    frame = mixed[["i", "small", "t"]]
    _same(_cut(frame).memory_usage(index=False), frame.memory_usage(index=False))
    assert _cut(frame.i).memory_usage(index=False).compute() == frame.i.memory_usage(index=False)
    found = _cut(frame).memory_usage_per_partition(index=False).compute()
    assert found.tolist() == [17, 0, 34, 0, 34, 17]
    assert found.index.tolist() == [0, 1, 2, 3, 4, 5]


def test_about_how_many_different_rows_there_are() -> None:
    many = pd.DataFrame({"x": np.arange(40_000) % 30_000, "y": 1.0})
    found = rd.from_pandas(many, npartitions=4).nunique_approx().compute()
    assert found == pytest.approx(30_000, rel=0.02)
    assert rd.from_pandas(many.y, npartitions=4).nunique_approx().compute() == pytest.approx(1, rel=0.01)


def test_reductions_of_users(way: str, numbers: pd.DataFrame) -> None:
    cut = _cut(numbers[["i", "small"]])
    assert cut.i.reduction(lambda part: part.sum(), lambda parts: parts.sum()).compute() == numbers.i.sum()
    _same(
        cut.reduction(
            lambda part, add: part.sum() + add,
            aggregate=lambda parts, times: parts.groupby(level=0).sum() * times,
            combine=lambda parts: parts.groupby(level=0).sum(),
            chunk_kwargs={"add": 0},
            aggregate_kwargs={"times": 2},
        ),
        numbers[["i", "small"]].sum() * 2,
    )
    with pytest.raises(TypeError, match="chunk must be a function, found str"):
        cut.reduction("sum")


def test_correlations_are_of_finite_numbers() -> None:
    frame = pd.DataFrame(
        {"a": [1.0, 2, np.inf, 4, 5, 7], "b": [2.0, 1, 3, 5, 4, np.nan], "c": [1.0, 2, 3, 4, -np.inf, 6]}
    )
    tm.assert_frame_equal(rd.from_pandas(frame, npartitions=3).corr().compute(), frame.corr())


def test_covariances_of_infinities_are_finite_where_pandas_leaves_them_out() -> None:
    inf, nan = np.inf, np.nan
    infinite = pd.DataFrame({"a": [1.0, inf, 3.0, 2.0], "b": [2.0, 0.5, 1.0, 4.0], "c": [1.0, 5.0, 2.0, 2.0]})
    missing = infinite.assign(c=[1.0, nan, 2.0, 2.0])
    for frame in (infinite, missing, missing[["a", "b"]], infinite[["b", "c"]], missing[::-1]):
        for ddof in (0, 1, 2):
            for cut in (_cut(frame, (4,)), _cut(frame, (1, 0, 1, 2))):
                with np.errstate(invalid="ignore"):
                    tm.assert_frame_equal(cut.cov(ddof=ddof).compute(), frame.cov(ddof=ddof))
    for x, y in (("a", "b"), ("a", "c"), ("b", "c")):
        for frame in (infinite, missing):
            cut = _cut(frame, (1, 0, 1, 2))
            with np.errstate(invalid="ignore"):
                _same(cut[x].cov(cut[y]), float(frame[x].cov(frame[y])))
                _same(cut[x].corr(cut[y]), float(frame[x].corr(frame[y])))
