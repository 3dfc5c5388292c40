"""Reductions hold to pandas, natively and by pandas' own methods."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pandas.testing as tm
import pytest
import raskt.dataframe as rd

_NAMES = [
    "sum",
    "prod",
    "min",
    "max",
    "count",
    "mean",
    "var",
    "std",
    "sem",
    "skew",
    "kurt",
    "median",
    "any",
    "all",
]


def _same(found: Any, expected: Any) -> None:
    if isinstance(expected, pd.Series):
        tm.assert_series_equal(found, expected)
    elif isinstance(expected, (float, np.floating)):
        assert found == pytest.approx(expected, nan_ok=True)
    else:
        assert found == expected or (pd.isna(found) and pd.isna(expected))
    assert type(found) is type(expected)


@pytest.mark.parametrize("npartitions", [1, 4])
@pytest.mark.parametrize("column", ["i", "small", "f", "b", "m"])
@pytest.mark.parametrize("name", _NAMES)
def test_of_a_series(name: str, column: str, npartitions: int, way: str, mixed: pd.DataFrame) -> None:
    series = mixed[column].replace(np.inf, 9.0) if column == "f" else mixed[column]
    try:
        expected = getattr(series, name)()
    except TypeError:
        pytest.skip("pandas has none")
    found = getattr(rd.from_pandas(series, npartitions=npartitions), name)().compute()
    _same(found, expected)


@pytest.mark.parametrize("column", ["s", "t", "z"])
@pytest.mark.parametrize("name", ["min", "max", "count"])
def test_of_text_and_times(name: str, column: str, way: str, mixed: pd.DataFrame) -> None:
    series = mixed[column].dropna() if column == "s" else mixed[column]
    _same(getattr(rd.from_pandas(series, npartitions=3), name)().compute(), getattr(series, name)())


@pytest.mark.parametrize("name", ["sum", "min", "max", "count", "mean", "std", "any"])
def test_of_a_frame(name: str, way: str, mixed: pd.DataFrame) -> None:
    numbers = mixed[["i", "small"]] if name != "any" else mixed[["b"]]
    _same(getattr(rd.from_pandas(numbers, npartitions=4), name)().compute(), getattr(numbers, name)())


def test_numbers_only_leaves_other_columns_out(way: str, mixed: pd.DataFrame) -> None:
    frame = mixed[["i", "f", "s", "t"]]
    _same(rd.from_pandas(frame, npartitions=4).sum(numeric_only=True).compute(), frame.sum(numeric_only=True))
    with pytest.raises(TypeError, match="sum"):
        rd.from_pandas(frame, npartitions=2).sum()


@pytest.mark.parametrize(
    ("name", "kwargs"),
    [
        ("sum", {"skipna": False}),
        ("sum", {"min_count": 6}),
        ("std", {"ddof": 0}),
        ("mean", {"skipna": False}),
    ],
    ids=str,
)
def test_keywords_mean_what_they_mean_in_pandas(name: str, kwargs: dict[str, Any], way: str) -> None:
    series = pd.Series([1.0, np.nan, 3.0, 4.0])
    _same(
        getattr(rd.from_pandas(series, npartitions=3), name)(**kwargs).compute(),
        getattr(series, name)(**kwargs),
    )


def test_of_nothing(way: str) -> None:
    empty = rd.from_pandas(pd.DataFrame({"x": [1.0, 2.0]}), npartitions=2)
    empty = empty[empty.x > 5]
    assert empty.x.sum().compute() == 0
    assert np.isnan(empty.x.mean().compute())
    assert np.isnan(empty.x.min().compute())
    assert len(empty) == 0
    assert empty.empty


@pytest.mark.parametrize("npartitions", [1, 3])
def test_truth_of_arrows_values_is_missing_where_some_are(npartitions: int) -> None:
    for values in ([True, None, False], [None, None, None], [True, None, True]):
        for dtype in ("bool[pyarrow]", "int64[pyarrow]"):
            series = pd.Series(values).astype(dtype)
            lazy = rd.from_pandas(series, npartitions=npartitions)
            for skipna in (True, False):
                for name in ("any", "all"):
                    expected = getattr(series, name)(skipna=skipna)
                    found = getattr(lazy, name)(skipna=skipna).compute()
                    assert found is pd.NA if expected is pd.NA else bool(found) is expected


def test_scalars_meet_numbers_and_series(way: str) -> None:
    s = rd.from_pandas(pd.Series([1.0, 2.0, 3.0]), npartitions=2)
    assert (s.sum() / s.count() + 1).compute() == 3.0
    assert (2 * s.max() - s.min()).compute() == 5.0
    assert (s.mean() - s).compute().tolist() == [1.0, 0.0, -1.0]
    assert float(s.sum()) == 6.0
    assert (s.max() > 2).compute()


def test_the_least_of_ordered_categories_is_by_their_order() -> None:
    grades = pd.Series(
        pd.Categorical(["x", "x", "y", None, "y", "z"], ["y", "x", "z"], ordered=True), name="g"
    )
    lazy = rd.from_pandas(grades, npartitions=3)
    assert (lazy.min().compute(), lazy.max().compute()) == (grades.min(), grades.max()) == ("y", "z")
    assert lazy.to_frame().min().compute().tolist() == ["y"]
