"""Frames as collections: what they tell of themselves, computing, pickling, and where they come from."""

from __future__ import annotations

import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pandas.testing as tm
import pytest
import raskt
import raskt.dataframe as rd


def test_what_pandas_has_comes_back_as_it_was(mixed: pd.DataFrame) -> None:
    for npartitions in (1, 2, 5):
        tm.assert_frame_equal(rd.from_pandas(mixed, npartitions=npartitions).compute(), mixed)
    for name in mixed.columns:
        tm.assert_series_equal(rd.from_pandas(mixed[name], npartitions=3).compute(), mixed[name])


@pytest.mark.parametrize(
    "index",
    [
        pd.RangeIndex(5, 15, 2),
        pd.Index([5, 4, 3, 2, 1], name="down"),
        pd.Index(list("abcde"), name=3),
        pd.date_range("2013-03-30", periods=5, tz="Europe/Oslo"),
        pd.MultiIndex.from_product([[1], list("abcde")], names=["n", None]),
        pd.Index([1.5, np.nan, 2.5, 2.5, 0.0]),
        pd.Index([1, "a", None, (2,), 3.5], dtype=object),
    ],
    ids=str,
)
def test_an_index_of_any_kind_comes_back(index: pd.Index[Any]) -> None:
    frame = pd.DataFrame({"x": range(5)}, index=index)
    found = rd.from_pandas(frame, npartitions=2, sort=False).compute()
    tm.assert_frame_equal(found, frame, check_freq=False)


def test_partitions_follow_the_index_and_equal_labels_stay_together() -> None:
    frame = pd.DataFrame({"x": range(6)}, index=[2, 2, 2, 1, 1, 3])
    df = rd.from_pandas(frame, npartitions=3)
    tm.assert_frame_equal(df.compute(), frame.sort_index())
    assert df.divisions == (1, 2, 3, 3)
    assert [part.compute().index.tolist() for part in df.to_delayed()] == [[1, 1], [2, 2, 2], [3]]
    unsorted = rd.from_pandas(frame, npartitions=3, sort=False)
    tm.assert_frame_equal(unsorted.compute(), frame)
    assert unsorted.divisions == (None,) * 4
    assert not unsorted.known_divisions


def test_a_chunksize_says_how_many_rows_a_partition_has() -> None:
    df = rd.from_pandas(pd.DataFrame({"x": range(10)}), chunksize=4)
    assert [len(part.compute()) for part in df.to_delayed()] == [4, 4, 2]
    assert df.divisions == (0, 4, 8, 9)


def test_frames_without_rows_or_columns_are_frames() -> None:
    for frame in (pd.DataFrame({"x": []}), pd.DataFrame(), pd.DataFrame(index=[1, 2])):
        tm.assert_frame_equal(rd.from_pandas(frame, npartitions=2).compute(), frame, check_column_type=False)
    assert len(rd.from_pandas(pd.Series([], dtype=float), npartitions=3)) == 0


def test_what_is_written_to_the_source_later_is_not_seen() -> None:
    values = np.arange(6.0)
    frame = pd.DataFrame({"x": values}, copy=False)
    df = rd.from_pandas(frame, npartitions=2)
    values[:] = -1
    assert df.x.sum().compute() == 15
    frame.loc[0, "x"] = 99
    assert df.x.sum().compute() == 15


def test_what_comes_out_can_be_written_to_and_changes_nothing_else() -> None:
    df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 3], "s": ["a", "b", "c"]}), npartitions=2)
    for _ in range(2):
        found = df.compute()
        assert found.x.tolist() == [1, 2, 3]
        found.loc[0, "x"] = 50
        found["x"] += 1
        found.loc[1, "s"] = "z"
    part = df.to_delayed()[0].compute()
    part.loc[0, "x"] = 7
    assert df.x.compute().tolist() == [1, 2, 3]


def test_users_functions_may_write_to_their_partition() -> None:
    df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 3]}), npartitions=2)

    def changes(part: pd.DataFrame) -> pd.DataFrame:
        part.loc[part.index[0], "x"] = 100
        part["y"] = part.x
        return part

    found = df.map_partitions(changes, meta={"x": "int64", "y": "int64"}).compute()
    assert found.y.tolist() == [100, 100, 3]
    assert df.x.compute().tolist() == [1, 2, 3]


@pytest.mark.parametrize("scheduler", ["threads", "sync", "processes"])
def test_every_scheduler_computes_the_same(scheduler: str, mixed: pd.DataFrame) -> None:
    df = rd.from_pandas(mixed, npartitions=3)
    found = raskt.compute(df[df.i > 2], df.f.sum(), df.s.str.upper(), scheduler=scheduler)
    tm.assert_frame_equal(found[0], mixed[mixed.i > 2])
    assert found[1] == mixed.f.sum()
    tm.assert_series_equal(found[2], mixed.s.str.upper())


def test_what_is_persisted_is_there(mixed: pd.DataFrame) -> None:
    calls: list[int] = []

    def counted(part: pd.DataFrame) -> pd.DataFrame:
        calls.append(len(part))
        return part

    df = rd.from_pandas(mixed, npartitions=2).map_partitions(counted, meta=mixed)
    kept = df.persist()
    assert len(calls) == 2
    tm.assert_frame_equal(kept.compute(), mixed)
    assert kept.npartitions == 2
    assert kept.divisions == df.divisions
    assert len(calls) == 2


@pytest.mark.parametrize("protocol", [2, 5])
def test_frames_are_pickled_with_what_they_hold(protocol: int, mixed: pd.DataFrame) -> None:
    df = rd.from_pandas(mixed, npartitions=2)
    for frame in (df, df[df.i > 2], df.f.sum(), df.index, df.persist()):
        copy = pickle.loads(pickle.dumps(frame, protocol))
        found, expected = copy.compute(), frame.compute()
        assert type(copy) is type(frame)
        assert found.equals(expected) if hasattr(found, "equals") else found == expected
        assert copy._expr.token == frame._expr.token


def test_frames_meet_delayed_calls_and_bags_in_one_graph() -> None:
    df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 3]}), npartitions=2)
    doubled = raskt.delayed(lambda frame: frame.x.sum() * 2)(df)
    assert doubled.compute() == 12
    assert raskt.compute({"a": df.x.sum(), "b": [doubled]}) == ({"a": 6, "b": [12]},)
    parts = [raskt.delayed(pd.DataFrame)({"x": [at]}) for at in range(3)]
    found = rd.from_delayed(parts, meta={"x": "int64"}, divisions=(0, 1, 2, 3))
    assert found.divisions == (0, 1, 2, 3)
    assert found.x.compute().tolist() == [0, 1, 2]


def test_a_partition_that_is_not_as_declared_is_an_error_with_its_columns() -> None:
    parts = [raskt.delayed(pd.DataFrame)({"x": [1.5]}), raskt.delayed(pd.DataFrame)({"y": [1]})]
    with pytest.raises(ValueError, match=r"extra \['y'\], missing \['x'\]"):
        rd.from_delayed(parts, meta={"x": "float64"}).compute()
    with pytest.raises(TypeError, match=r"column 'x' .* float64 where int64 was declared"):
        rd.from_delayed(parts[:1], meta={"x": "int64"}).compute()
    # Without loss it is cast.
    whole = raskt.delayed(pd.DataFrame)({"x": [1.0]})
    assert rd.from_delayed([whole], meta={"x": "int64"}).compute().x.dtype == "int64"
    unchecked = rd.from_delayed(parts[:1], meta={"x": "int64"}, verify_meta=False)
    assert unchecked.compute().x.tolist() == [1.5]


def test_from_map_makes_a_partition_for_each_element() -> None:
    made = rd.from_map(lambda n, m, k: pd.DataFrame({"x": [n * m + k]}), [1, 2], [3, 4], k=10)
    assert made.compute().x.tolist() == [13, 18]
    assert made.npartitions == 2
    with pytest.raises(ValueError, match="one length"):
        rd.from_map(lambda a, b: a, [1], [1, 2])


def test_a_frame_shows_its_columns_and_partitions(mixed: pd.DataFrame) -> None:
    df = rd.from_pandas(mixed, npartitions=2)
    text, page = repr(df), df._repr_html_()
    for part in ("npartitions=2", "datetime64[us]", "category", "2 partitions"):
        assert part in text
        assert part in page
    assert "dtype: float64" in repr(df.f)
    assert "Scalar" in repr(df.f.sum())
    assert "Index" in repr(df.index)


def test_columns_are_completed_and_missing_ones_say_what_is_near() -> None:
    df = rd.from_pandas(pd.DataFrame({"fare": [1], "tip": [2], "not a name": [3]}), npartitions=1)
    assert {"fare", "tip"} <= set(dir(df))
    assert "not a name" not in dir(df)
    with pytest.raises(KeyError, match="'fair' is no column; the nearest are 'fare'"):
        df["fair"]
    with pytest.raises(KeyError, match="'fair'"):
        df[["tip", "fair"]]
    with pytest.raises(AttributeError, match="fair"):
        df.fair  # noqa: B018


def test_bad_input_is_refused_when_the_frame_is_made() -> None:
    frame = pd.DataFrame({"x": [1]})
    for wrong in ([1, 2], {"x": [1]}, np.arange(3)):
        with pytest.raises(TypeError, match="must be a pandas DataFrame"):
            rd.from_pandas(wrong, npartitions=1)
    with pytest.raises(ValueError, match="npartitions"):
        rd.from_pandas(frame, npartitions=0)
    with pytest.raises(ValueError, match="Exactly one"):
        rd.from_pandas(frame, npartitions=1, chunksize=1)
    with pytest.raises(ValueError, match="ambiguous"):
        bool(rd.from_pandas(frame, npartitions=1))
    with pytest.raises(TypeError, match="compute"):
        bool(rd.from_pandas(frame, npartitions=1).x.sum())


def test_importing_the_package_loads_no_pandas() -> None:
    code = "import sys, raskt.dataframe; assert 'pandas' not in sys.modules; raskt.dataframe.DataFrame"
    subprocess.run([sys.executable, "-c", code + "; assert 'pandas' not in sys.modules"], check=True)


def test_an_error_in_a_task_names_the_task() -> None:
    df = rd.from_pandas(pd.DataFrame({"x": [1, 2]}), npartitions=2)

    def fails(part: pd.DataFrame) -> pd.DataFrame:
        raise RuntimeError(f"no {len(part)}")

    with pytest.raises(RuntimeError, match="no 1") as caught:
        df.map_partitions(fails, meta={"x": "int64"}).compute()
    assert any("in task" in note for note in caught.value.__notes__)


def test_numbers_of_partitions_become_a_series_whatever_says_so() -> None:
    df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 3]}), npartitions=2)
    for meta in (
        {},
        {"meta": ("n", "int64")},
        {"meta": "int64"},
        {"meta": pd.Series([], dtype="int64", name="n")},
    ):
        assert df.map_partitions(len, **meta).compute().tolist() == [1, 2]
