"""Rows by their places hold to pandas, wherever partitions end and whether or not their lengths are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pandas.testing as tm
import pytest
import raskt.dataframe as rd
from hypothesis import given, settings
from hypothesis import strategies as st

_SIZES = st.lists(st.integers(0, 3), min_size=1, max_size=5)
_ENDS = st.none() | st.integers(-9, 9)
_SLICES = st.builds(slice, _ENDS, _ENDS, st.none() | st.integers(-3, 3).filter(bool))


def _cut(frame: Any, sizes: list[int], is_known: bool = False) -> Any:
    """Return a frame of partitions of those lengths, which are known ahead of time or not."""
    ends = np.cumsum(sizes).tolist()
    parts = [frame.iloc[end - size : end] for end, size in zip(ends, sizes, strict=True)]
    if is_known:
        # What is persisted knows the lengths of its partitions.
        return rd.from_map(parts.__getitem__, range(len(parts)), meta=frame[:0]).persist()
    return rd.from_map(parts.__getitem__, range(len(parts)), meta=frame[:0])


def _frame(n_rows: int) -> pd.DataFrame:
    return pd.DataFrame(
        {0: range(n_rows), "s": [None if at % 3 else str(at) for at in range(n_rows)], 2.5: np.nan},
        index=pd.Index([at // 2 for at in range(n_rows)], name="label"),
    )


@settings(max_examples=15)
@given(sizes=_SIZES, key=_SLICES, is_known=st.booleans())
def test_slices(sizes: list[int], key: slice, is_known: bool) -> None:
    frame = _frame(sum(sizes))
    df = _cut(frame, sizes, is_known)
    tm.assert_frame_equal(df.iloc[key].compute(), frame.iloc[key])
    tm.assert_series_equal(df["s"].iloc[key].compute(), frame["s"].iloc[key])


@settings(max_examples=12)
@given(sizes=_SIZES, places=st.lists(st.integers(-5, 5), max_size=5), is_known=st.booleans())
def test_lists(sizes: list[int], places: list[int], is_known: bool) -> None:
    frame = _frame(sum(sizes))
    df = _cut(frame, sizes, is_known)
    try:
        expected = frame.iloc[places]
    except IndexError:
        with pytest.raises(IndexError, match="positional indexers are out-of-bounds"):
            df.iloc[places].compute()
        return
    tm.assert_frame_equal(df.iloc[places].compute(), expected)
    tm.assert_frame_equal(df.take(np.array(places, dtype=int)).compute(), expected)


@pytest.mark.parametrize("is_known", [False, True])
def test_single_rows_and_values(is_known: bool, way: str) -> None:
    frame = _frame(6)
    df = _cut(frame, [2, 0, 3, 1], is_known)
    for place in (-6, -1, 0, 3, 5):
        tm.assert_series_equal(df.iloc[place].compute(), frame.iloc[place])
        assert df[0].iloc[place].compute() == frame[0].iloc[place]
        assert df.iloc[place, 0].compute() == df.iat[place, 0].compute() == frame.iloc[place, 0]
    for place in (6, -7):
        with pytest.raises(IndexError, match="single positional indexer is out-of-bounds"):
            df.iloc[place].compute()


@pytest.mark.parametrize("is_known", [False, True])
def test_truth_values_by_place(is_known: bool, way: str) -> None:
    frame = _frame(5)
    df = _cut(frame, [2, 0, 2, 1], is_known)
    mask = [True, False, False, True, True]
    for found in (df.iloc[mask], df.loc[np.array(mask)], df[mask], df.iloc[pd.array(mask, dtype="boolean")]):
        tm.assert_frame_equal(found.compute(), frame[mask])
    with pytest.raises(IndexError, match="Boolean index has wrong length: 2 instead of 5"):
        df.iloc[[True, False]].compute()
    with pytest.raises(ValueError, match="Item wrong length 2 instead of 5"):
        df[[True, False]].compute()


def test_columns_by_place_may_have_one_name(way: str) -> None:
    frame = pd.DataFrame([[1, 2, 3], [4, 5, 6]], columns=["a", "b", "a"])
    df = rd.from_pandas(frame, npartitions=2)
    tm.assert_frame_equal(df.iloc[:, [2, 0]].compute(), frame.iloc[:, [2, 0]])
    tm.assert_series_equal(df.iloc[:, 2].compute(), frame.iloc[:, 2])
    tm.assert_series_equal(df.iloc[1:, 2].compute(), frame.iloc[1:, 2])


def test_only_partitions_that_have_the_rows_are_computed() -> None:
    s = rd.from_pandas(pd.Series(range(100)), npartitions=10)
    assert s.iloc[35:42].npartitions == 2
    assert s.iloc[-1:].divisions == (90, 99)
    assert s.iloc[[3, 99]].compute().tolist() == [3, 99]


def test_what_is_no_place_is_refused() -> None:
    df = rd.from_pandas(pd.DataFrame({"x": [1, 2]}), npartitions=2)
    with pytest.raises(IndexError, match="Too many indexers"):
        df.iloc[0, 0, 0]
    with pytest.raises(TypeError, match="non-integer key"):
        df.iloc["x"]
    with pytest.raises(IndexError, match="requires numeric indexers"):
        df.iloc[["x"]]
    with pytest.raises(TypeError, match="whole numbers are needed"):
        df.iloc["a":"b"]
    with pytest.raises(ValueError, match="slice step cannot be zero"):
        df.iloc[::0]
    with pytest.raises(NotImplementedError, match="use loc"):
        df.iloc[df.x > 1]


@pytest.mark.parametrize(
    "key", [slice(1, 4), slice(None, -2), slice(None, None, 2), slice(3, None), slice(0, 0)]
)
@pytest.mark.parametrize(
    "index", [[5, 3, 3, 8, 1, 9], list("badcfe"), pd.date_range("2013", periods=6)], ids=str
)
def test_slices_of_whole_numbers_are_by_places(key: slice, index: Any, way: str) -> None:
    rows = pd.DataFrame({"x": range(6)}, index=index)
    for lazy in (rd.from_pandas(rows, npartitions=3, sort=False), _cut(rows, [2, 0, 3, 1])):
        tm.assert_frame_equal(lazy[key].compute(), rows[key], check_freq=False)
        tm.assert_series_equal(lazy.x[key].compute(), rows.x[key], check_freq=False)


def test_slices_of_floats_are_by_labels() -> None:
    series = pd.Series(range(5), index=[0.5, 1.0, 2.0, 3.5, 4.0])
    lazy = rd.from_pandas(series, npartitions=2)
    for key in (slice(1, 3), slice(None, 2.0), slice(None)):
        tm.assert_series_equal(lazy[key].compute(), series[key])
