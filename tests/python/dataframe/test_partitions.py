"""Partitions are chosen, concatenated and cut anew; the first and last rows are those of pandas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pandas.testing as tm
import pytest
import raskt.dataframe as rd
from hypothesis import given, settings
from hypothesis import strategies as st


def _parts(frame: Any) -> list[Any]:
    return [part.compute() for part in frame.to_delayed()]


def _joined(parts: list[Any]) -> Any:
    return pd.concat(parts)


def test_partitions_are_chosen_by_number_slice_list_and_mask(way: str, mixed: pd.DataFrame) -> None:
    df = rd.from_pandas(mixed, npartitions=3)
    parts = _parts(df)
    for key in (1, -1, slice(1, None), [2, 0], [0], np.array([0, 2]), [True, False, True]):
        numbers = np.atleast_1d(np.arange(3)[key])
        chosen = df.partitions[key]
        assert chosen.npartitions == len(numbers)
        tm.assert_frame_equal(chosen.compute(), _joined([parts[at] for at in numbers]))
    tm.assert_series_equal(df.i.get_partition(2).compute(), parts[2].i)
    assert df.partitions[1:].divisions == df.divisions[1:]
    assert not df.partitions[[2, 0]].known_divisions
    assert len(df.partitions) == 3


def test_partitions_that_are_not_there_are_errors() -> None:
    s = rd.from_pandas(pd.Series([1, 2]), npartitions=2)
    with pytest.raises(IndexError, match="partition 2 of a frame that has 2"):
        s.partitions[2]
    with pytest.raises(IndexError, match="1 truth values for 2"):
        s.partitions[[True]]
    with pytest.raises(ValueError, match="0 <= n < 2, found -1"):
        s.get_partition(-1)
    with pytest.raises(ValueError, match="no partition"):
        s.partitions[[]]


def test_head_and_tail_are_of_as_many_partitions_as_are_asked(way: str, mixed: pd.DataFrame) -> None:
    df = rd.from_pandas(mixed, npartitions=3)
    tm.assert_frame_equal(df.head(1), mixed.head(1))
    tm.assert_frame_equal(df.head(5, npartitions=-1), mixed.head(5))
    tm.assert_frame_equal(df.tail(2), mixed.tail(2))
    tm.assert_frame_equal(df.tail(5, npartitions=3), mixed.tail(5))
    tm.assert_series_equal(df.s.head(0), mixed.s.head(0))
    lazy = df.i.head(3, npartitions=2, compute=False)
    assert lazy.npartitions == 1
    tm.assert_series_equal(lazy.compute(), mixed.i.head(3))
    with pytest.warns(UserWarning, match="5 elements requested, only 2"):
        assert len(df.head()) == 2
    with pytest.raises(ValueError, match="only 3 partitions, head received 4"):
        df.head(1, npartitions=4)
    with pytest.raises(TypeError, match="n must be a whole number"):
        df.tail(1.5)


def test_partitions_are_merged_and_split(way: str, mixed: pd.DataFrame) -> None:
    df = rd.from_pandas(mixed, npartitions=3)
    for n in (1, 2, 3, 4, 8):
        cut = df.repartition(npartitions=n)
        assert cut.npartitions == n
        assert len(_parts(cut)) == n
        tm.assert_frame_equal(cut.compute(), mixed)
    assert df.repartition(npartitions=1).divisions == (0, 5)
    assert not df.repartition(npartitions=4).known_divisions
    sizes = df.repartition(partition_size="1kB").map_partitions(len).compute()
    assert sizes.sum() == 6


def test_partitions_are_cut_at_new_divisions(way: str, mixed: pd.DataFrame) -> None:
    df = rd.from_pandas(mixed, npartitions=3)
    cut = df.repartition(divisions=[0, 1, 4, 5])
    assert cut.divisions == (0, 1, 4, 5)
    assert [list(part.index) for part in _parts(cut)] == [[0], [1, 2, 3], [4, 5]]
    tm.assert_frame_equal(cut.compute(), mixed)
    wide = df.repartition(divisions=[-3, 2, 9], force=True)
    assert [len(part) for part in _parts(wide)] == [2, 4]
    with pytest.raises(ValueError, match="force=True"):
        df.repartition(divisions=[-3, 9])
    with pytest.raises(ValueError, match="must be sorted"):
        df.repartition(divisions=[0, 4, 2, 5])
    with pytest.raises(ValueError, match="exactly one"):
        df.repartition(npartitions=2, divisions=[0, 5])
    with pytest.raises(ValueError, match="unknown divisions"):
        df.partitions[[1, 0]].repartition(divisions=[0, 5])


def test_times_are_cut_by_periods(way: str) -> None:
    pdf = pd.DataFrame({"x": range(10)}, index=pd.date_range("2020-01-01T06:00", periods=10, freq="6h"))
    df = rd.from_pandas(pdf, npartitions=3)
    days = df.repartition(freq="1D")
    tm.assert_frame_equal(days.compute(), pdf, check_freq=False)
    assert all(len(set(part.index.date)) == 1 for part in _parts(days)[:-1])
    with pytest.raises(TypeError, match="timeseries"):
        rd.from_pandas(pd.Series([1, 2]), npartitions=1).repartition(freq="1D")


_FRAMES = {
    "alike": [pd.DataFrame({"a": [1, 2], "b": ["x", None]}), pd.DataFrame({"a": [3], "b": ["y"]})],
    "promoted": [pd.DataFrame({"a": [1, 2]}), pd.DataFrame({"a": [0.5]})],
    "small": [pd.DataFrame({"a": np.array([1, 2], "int8")}), pd.DataFrame({"a": np.array([300], "int16")})],
    "missing": [pd.DataFrame({"a": [1, 2], "b": [3, 4]}), pd.DataFrame({"b": [5], "c": ["x"]})],
    "missing truth": [pd.DataFrame({"a": [True, False]}), pd.DataFrame({"b": [5.0]})],
    "text and numbers": [pd.DataFrame({"a": ["x", "y"]}), pd.DataFrame({"a": [1]})],
    "truth and numbers": [pd.DataFrame({"a": [True, False]}), pd.DataFrame({"a": [1]})],
    "masked": [pd.DataFrame({"a": pd.array([1, None], "Int64")}), pd.DataFrame({"a": [1]})],
    "times": [
        pd.DataFrame({"a": pd.to_datetime(["2020-01-01", None])}),
        pd.DataFrame({"b": pd.to_datetime(["2020-01-01"])}),
    ],
    "index": [pd.DataFrame({"a": [1]}, index=["x"]), pd.DataFrame({"a": [2]}, index=["y"])],
    "indices": [pd.DataFrame({"a": [1]}, index=[0.5]), pd.DataFrame({"a": [2]}, index=[1])],
    "series": [pd.Series([1, 2], name="a"), pd.Series([0.5], name="b")],
    "named series": [pd.Series(["x"], name="a"), pd.Series(["y"], name="a")],
    "objects": [pd.Series([1, "x"], name="a", dtype=object), pd.Series([2, 3], name="a")],
    "series and frame": [pd.Series([1, 2], name="a"), pd.DataFrame({"a": [3]})],
}


@pytest.mark.parametrize("join", ["outer", "inner"])
@pytest.mark.parametrize("case", _FRAMES)
def test_concatenated_frames_are_those_of_pandas(way: str, case: str, join: Any) -> None:
    frames = _FRAMES[case]
    lazy = [rd.from_pandas(frame, npartitions=2, sort=False) for frame in frames]
    found = rd.concat(lazy, join=join)
    expected = pd.concat([*frames], join=join)
    if isinstance(expected, pd.Series):
        tm.assert_series_equal(found.compute(), expected)
        tm.assert_series_equal(found._meta, expected.iloc[:0])
        return
    tm.assert_frame_equal(found.compute(), expected, check_column_type=False)
    tm.assert_frame_equal(found._meta, expected.iloc[:0], check_column_type=False)


def test_concatenation_says_what_it_cannot_do() -> None:
    df = rd.from_pandas(pd.DataFrame({"a": [1, 2]}), npartitions=2)
    assert rd.concat([df, pd.DataFrame({"a": [3]})]).compute().a.tolist() == [1, 2, 3]
    with pytest.raises(ValueError, match="No objects"):
        rd.concat([])
    with pytest.raises(TypeError, match="list of dataframes"):
        rd.concat(df)
    with pytest.raises(ValueError, match="No axis named 'up'"):
        rd.concat([df, df], axis="up")
    with pytest.raises(ValueError, match="join must be"):
        rd.concat([df, df], join="left")


def test_divisions_stay_known_where_one_frame_ends_before_the_next() -> None:
    pdf = pd.DataFrame({"a": range(6)})
    one, two = rd.from_pandas(pdf[:4], npartitions=2), rd.from_pandas(pdf[4:], npartitions=1)
    assert rd.concat([one, two]).divisions == (0, 2, 4, 5)
    assert not rd.concat([two, one]).known_divisions


@settings(max_examples=40)
@given(
    n_rows=st.integers(1, 30), n_before=st.integers(1, 6), n_after=st.integers(1, 12), n=st.integers(0, 12)
)
def test_no_row_is_lost_between_partitions(n_rows: int, n_before: int, n_after: int, n: int) -> None:
    pdf = pd.DataFrame({"a": np.arange(n_rows), "t": [str(row % 3) for row in range(n_rows)]})
    df = rd.from_pandas(pdf, npartitions=n_before)
    df = rd.concat([df[df.a > n_rows], df])  # Partitions without rows come first.
    cut = df.repartition(npartitions=n_after)
    tm.assert_frame_equal(cut.compute(), pdf)
    tm.assert_frame_equal(cut.head(n, npartitions=-1), pdf.head(n))
    tm.assert_frame_equal(cut.tail(n, npartitions=-1), pdf.tail(n))
