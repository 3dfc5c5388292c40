"""Rows by labels and from the ends, and groups by levels, are those of pandas."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pandas.testing as tm
import pytest
import raskt.dataframe as rd


@pytest.fixture
def frame() -> pd.DataFrame:
    """Return rows of labels of which some are there twice."""
    index = pd.Index([0, 0, 1, 3, 3, 5], name="k")
    return pd.DataFrame({"x": [1, 2, 3, 4, 5, 6], "y": [1.0, None, 2.0, 4.0, None, 3.0]}, index=index)


def test_rows_of_labels_come_in_their_order_and_have_to_be_there(way: str, frame: pd.DataFrame) -> None:
    for cut in (rd.from_pandas(frame, npartitions=3), rd.from_pandas(frame, npartitions=3).clear_divisions()):
        for wanted in ([5, 0], [3], [0, 3, 0], pd.Index([1, 5])):
            tm.assert_frame_equal(cut.loc[wanted].compute(), frame.loc[wanted])
            tm.assert_series_equal(cut.x.loc[wanted].compute(), frame.x.loc[wanted])
        tm.assert_frame_equal(cut.loc[3].compute(), frame.loc[[3]])
        for missing in (7, [7], [0, 2], [8, 9], -1):
            with pytest.raises(KeyError):
                cut.loc[missing].compute()


def test_rows_at_a_time_that_is_written_are_those_of_the_whole_span(way: str) -> None:
    index = pd.date_range("2013-01-01", periods=12, freq="8h")
    series = pd.Series(range(12), index=index)
    for own in (series, series.sample(frac=1, random_state=1)):
        cut = rd.from_pandas(own, npartitions=4, sort=False)
        tm.assert_series_equal(cut.loc["2013-01-02"].compute(), own.loc["2013-01-02"], check_freq=False)
        assert cut.loc["2013-01-02 08:00"].compute().tolist() == [4]
        with pytest.raises(KeyError, match="2014"):
            cut.loc["2014"].compute()


def test_all_but_some_rows(way: str, frame: pd.DataFrame) -> None:
    cut = rd.from_pandas(frame, npartitions=3)
    for n in (-1, -3, -9):
        tm.assert_frame_equal(cut.head(n, npartitions=-1), frame.head(n))
        tm.assert_frame_equal(cut.tail(n, npartitions=-1), frame.tail(n))
    first, last = cut.get_partition(0).compute(), cut.get_partition(cut.npartitions - 1).compute()
    tm.assert_series_equal(cut.x.head(-1), first.x.head(-1))
    tm.assert_frame_equal(cut.tail(-1), last.tail(-1))


def test_groups_by_names_of_the_index(way: str, frame: pd.DataFrame) -> None:
    cut = rd.from_pandas(frame, npartitions=3)
    tm.assert_frame_equal(cut.groupby("k").sum().compute(), frame.groupby("k").sum())
    tm.assert_series_equal(cut.groupby(["k"]).y.mean().compute(), frame.groupby(["k"]).y.mean())
    own = frame.assign(z=[1, 2, 1, 1, 1, 2])
    expected = own.groupby(["z", "k"]).x.sum()
    tm.assert_series_equal(rd.from_pandas(own, npartitions=3).groupby(["z", "k"]).x.sum().compute(), expected)
    with pytest.raises(ValueError, match="'k' is both an index level and a column label"):
        cut.assign(k=1).groupby("k")
    with pytest.raises(KeyError, match="q"):
        cut.groupby("q")


def test_comparisons_by_name_fill_what_is_missing(way: str, frame: pd.DataFrame) -> None:
    cut = rd.from_pandas(frame, npartitions=3)
    for name in ("eq", "ne", "lt", "le", "gt", "ge"):
        expected = getattr(frame.x, name)(frame.y, fill_value=3)
        tm.assert_series_equal(getattr(cut.x, name)(cut.y, fill_value=3).compute(), expected)


def test_shares_by_which_values_differ(way: str, frame: pd.DataFrame) -> None:
    cut = rd.from_pandas(frame, npartitions=3)
    for periods in (1, -1, 2):
        tm.assert_frame_equal(cut.pct_change(periods).compute(), frame.pct_change(periods))
        tm.assert_series_equal(cut.y.pct_change(periods).compute(), frame.y.pct_change(periods))
    with pytest.raises(ValueError, match="fill_method must be None"):
        cut.pct_change(fill_method="ffill")


def test_kinds_of_sorting_and_labels_of_melted_rows(way: str, frame: pd.DataFrame) -> None:
    cut: Any = rd.from_pandas(frame, npartitions=1)
    for kind in ("stable", "quicksort"):
        expected = frame.sort_values("y", kind="stable")
        tm.assert_frame_equal(cut.sort_values("y", kind=kind).compute(), expected)
        tm.assert_series_equal(cut.y.sort_values(kind=kind).compute(), frame.y.sort_values(kind="stable"))
    with pytest.raises(ValueError, match="kind"):
        cut.sort_values("y", kind="fast")
    tm.assert_frame_equal(cut.melt(ignore_index=False).compute(), frame.melt(ignore_index=False))
