"""Results of columns that may miss values hold to pandas: their dtypes, and NA."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pandas.testing as tm
import pytest
import raskt.dataframe as rd


def _cut(frame: Any, sizes: tuple[int, ...] = (1, 0, 2, 1)) -> Any:
    """Return a frame of partitions of those lengths, some of which are empty, without divisions."""
    ends = np.cumsum(sizes).tolist()
    parts = [frame.iloc[end - size : end] for end, size in zip(ends, sizes, strict=True)]
    return rd.from_map(parts.__getitem__, range(len(parts)), meta=frame[:0])


@pytest.fixture
def columns() -> pd.DataFrame:
    """Return columns of numbers and truth values, nullable ones among them."""
    return pd.DataFrame(
        {
            "i": [1, 2, 3, 4],
            "f": [1.0, np.nan, 3.0, 2.0],
            "f4": np.array([1.0, np.nan, 3.0, 2.0], dtype="float32"),
            "b": [True, False, True, True],
            "I": pd.array([1, None, 3, 2], dtype="Int64"),
            "whole": pd.array([1, 2, 3, 2], dtype="Int64"),
            "F": pd.array([1.5, None, 3, 2], dtype="Float64"),
            "F4": pd.array([1.5, None, 3, 2], dtype="Float32"),
            "B": pd.array([True, None, False, True], dtype="boolean"),
            "N": pd.array([None] * 4, dtype="Int64"),
        }
    )


_FRAMES = [["i", "I"], ["f", "I"], ["i", "F"], ["f4", "F4"], ["b", "B"], ["I", "B"], ["I", "F"], ["N", "I"]]


@pytest.mark.parametrize("name", ["sum", "prod", "min", "max", "mean", "any", "all", "count"])
def test_reductions_of_frames_with_nullable_columns(name: str, way: str, columns: pd.DataFrame) -> None:
    for wanted in [*_FRAMES, *([column] for column in columns)]:
        frame = columns[wanted]
        for kwargs in ({}, {"skipna": False}) if name != "count" else ({},):
            tm.assert_series_equal(
                getattr(_cut(frame), name)(**kwargs).compute(), getattr(frame, name)(**kwargs)
            )


@pytest.mark.parametrize("name", ["sum", "prod", "min", "max", "mean", "any", "all"])
def test_reductions_of_nullable_series_are_missing(name: str, way: str, columns: pd.DataFrame) -> None:
    for column in columns:
        series = columns[column]
        for skipna in (True, False):
            found = getattr(_cut(series), name)(skipna=skipna).compute()
            expected = getattr(series, name)(skipna=skipna)
            assert (found is expected) or found == expected or (found != found and expected != expected)
            assert type(found) is type(expected)


def test_several_functions_of_nullable_columns(way: str, columns: pd.DataFrame) -> None:
    frame = columns[["i", "I", "F4"]]
    functions = ["sum", "max", "mean"]
    tm.assert_frame_equal(_cut(frame).agg(functions).compute(), frame.agg(functions))
    by_column = {"I": "sum", "i": "max"}
    tm.assert_series_equal(_cut(frame).agg(by_column).compute(), frame.agg(by_column))


@pytest.mark.parametrize("name", ["sum", "prod", "min", "max", "mean", "var", "std", "median", "any"])
def test_groups_pass_missing_values_by_or_not(name: str, way: str, columns: pd.DataFrame) -> None:
    frame = columns[["f", "I", "F4"]].assign(k=[1, 1, 2, 2])
    for skipna in (True, False):
        expected = getattr(frame.groupby("k"), name)(skipna=skipna)
        tm.assert_frame_equal(getattr(_cut(frame).groupby("k"), name)(skipna=skipna).compute(), expected)


def test_reductions_by_pandas_have_one_partition(way: str) -> None:
    frame = pd.DataFrame({"a": [1, 2, 3, 4], "o": pd.Series([1, "a", None, 2], dtype=object)})
    cut = rd.from_pandas(frame, npartitions=3)
    assert cut.o.count().compute() == 3
    assert cut[["a", "o"]].count().npartitions == 1
    for functions in ({"a": "sum", "o": "count"}, {"o": "nunique"}):
        tm.assert_series_equal(cut.agg(functions).compute(), frame.agg(functions))
    tm.assert_series_equal((cut.count() + 1).compute(), frame.count() + 1)
