"""What the optimizer makes of a frame is what it is without the optimizer, and what pandas has."""

from __future__ import annotations

import functools
import pathlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pandas.testing as tm
import pytest
import raskt
import raskt.dataframe as rd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Step = Callable[[Any], Any]


def _rows(n: int, seed: int) -> pd.DataFrame:
    """Return a frame of sorted and unsorted columns, with missing values in runs and alone."""
    rng = np.random.default_rng(seed)
    floats = np.round(rng.normal(size=n), 1)
    floats[rng.random(n) < 0.2] = np.nan
    floats[: n // 4] = np.nan
    texts = pd.Series(rng.choice(["a", "b", "ü", ""], n), dtype="str")
    masked = pd.array(rng.integers(-3, 4, n), dtype="Int64")
    masked[rng.random(n) < 0.3] = pd.NA
    times = pd.Series(pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(n), "h")).dt.as_unit("ms")
    return pd.DataFrame(
        {
            "i": np.arange(n) - n // 2,
            "k": rng.integers(0, 4, n),
            "f": floats,
            "h": floats.astype("float32"),
            "b": rng.random(n) < 0.5,
            "s": texts.where(rng.random(n) > 0.1),
            "m": masked,
            "t": times.where(rng.random(n) > 0.1),
            "z": times.dt.tz_localize("Europe/Oslo", ambiguous="NaT", nonexistent="NaT"),
        }
    )


_CONDITIONS: dict[str, Step] = {
    "int": lambda d: d.i > 3,
    "int and float": lambda d: d.i <= -1.5,
    "float": lambda d: d.f < 0.5,
    "float32": lambda d: d.h == 0.1,
    "unequal": lambda d: d.f != 0.5,
    "truth": lambda d: d.b,
    "not": lambda d: ~d.b,
    "text": lambda d: d.s >= "b",
    "one text": lambda d: d.s == "ü",
    "masked": lambda d: d.m > 1,
    "time": lambda d: d.t < "2020-01-01T05:00",
    "zoned": lambda d: d.z >= pd.Timestamp("2020-01-01 12:00", tz="Europe/Oslo"),
    "missing": lambda d: d.f.isna(),
    "present": lambda d: d.m.notna(),
    "not missing": lambda d: ~d.s.isna(),
    "among": lambda d: d.k.isin([1, 3]),
    "between": lambda d: d.i.between(-4, 4, inclusive="left"),
    "both": lambda d: (d.i > -6) & (d.k == 2),
    "either": lambda d: (d.i > 8) | (d.f < -1),
    "two columns": lambda d: d.i > d.k,
    "index": lambda d: d.index > 5,
    "computed": lambda d: (d.i + d.k) > 2,
}

_STEPS: dict[str, Step] = {
    **{
        f"where {name}": functools.partial(lambda condition, d: d[condition(d)], condition)
        for name, condition in _CONDITIONS.items()
    },
    "assign": lambda d: d.assign(i=d.i + 1),
    "assign other": lambda d: d.assign(f=d.h, g=d.f * 2),
    "swap": lambda d: d.rename(columns={"i": "k", "k": "i"}),
    "columns": lambda d: d[[name for name in d.columns if name != "g"]],
    "fill": lambda d: d.assign(f=d.f.fillna(0.0)),
}

_STEPS |= {
    "and again": lambda d: _concat([d, d[d.i > 0]]),
    "and others": lambda d: _concat([d[["i", "f", "k", "s", "m", "b"]], d.assign(i=d.i + 1)]),
}
_ENDS: dict[str, Step] = {
    "all": lambda d: d,
    "some": lambda d: d[["f", "s"]],
    "sum": lambda d: d.i.sum(),
    "count": lambda d: d.m.count(),
    "mean of sorted": lambda d: d.sort_values("i").f.mean(),
    "groups": lambda d: d.groupby("k").i.sum(),
    "greatest": lambda d: d.nlargest(3, "i")[["i"]],
    "unique": lambda d: d.drop_duplicates(subset=["k"]).k.sum(),
    "twice": lambda d: _concat([d, d[d.i > 0]]).f.sum(),
    "index": lambda d: d.set_index("k").i.max(),
}


def _concat(frames: list[Any]) -> Any:
    return (pd if isinstance(frames[0], pd.DataFrame) else rd).concat(frames)


def _same(found: Any, wanted: Any) -> None:
    if isinstance(wanted, pd.DataFrame):
        tm.assert_frame_equal(found, wanted)
    elif isinstance(wanted, pd.Series):
        tm.assert_series_equal(found.sort_index(), wanted.sort_index())
    else:
        assert found == pytest.approx(wanted, nan_ok=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Return a folder of two Parquet files, of row groups of seven rows."""
    path = tmp_path_factory.mktemp("optimizer")
    _rows(30, 1).to_parquet(path / "a.parquet", row_group_size=7)
    _rows(23, 2).to_parquet(path / "b.parquet", row_group_size=7)
    return path


def _whole() -> pd.DataFrame:
    return pd.concat([_rows(30, 1), _rows(23, 2)])


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(st.sampled_from(sorted(_STEPS)), max_size=4),
    end=st.sampled_from(sorted(_ENDS)),
    from_files=st.booleans(),
)
def test_chains_are_the_same_with_the_optimizer_and_without(
    folder: pathlib.Path, steps: list[str], end: str, from_files: bool
) -> None:
    def run(frame: Any) -> Any:
        for step in steps:
            frame = _STEPS[step](frame)
        return _ENDS[end](frame)

    pandas = _whole() if from_files else _rows(30, 1)
    made = rd.read_parquet(folder) if from_files else rd.from_pandas(pandas, npartitions=3)
    result = run(made)
    found = result.compute()
    with raskt.config.set({"dataframe.optimizer.active": False}):
        plain = result.compute()
    if isinstance(plain, pd.DataFrame):
        tm.assert_frame_equal(found, plain)
    elif isinstance(plain, pd.Series):
        tm.assert_series_equal(found, plain)
    else:
        assert found == plain or (found != found and plain != plain)
    _same(found, run(pandas))


@pytest.mark.parametrize("name", sorted(_CONDITIONS))
def test_rows_keep_their_labels_where_row_groups_are_left_out(folder: pathlib.Path, name: str) -> None:
    condition = _CONDITIONS[name]
    df, pandas = rd.read_parquet(folder), _whole()
    tm.assert_frame_equal(df[condition(df)].compute(), pandas[condition(pandas)])


@pytest.mark.parametrize(
    "name", ["int", "int and float", "float", "text", "masked", "time", "zoned", "among", "either"]
)
def test_readers_are_told_what_every_user_filters_out(folder: pathlib.Path, name: str) -> None:
    df = rd.read_parquet(folder)
    text = df[_CONDITIONS[name](df)].i.sum().explain()
    assert "with the rows that are used" in text


@pytest.mark.parametrize("name", sorted(_CONDITIONS))
def test_rows_of_several_frames_keep_their_labels(folder: pathlib.Path, name: str) -> None:
    def both(d: Any) -> Any:
        return _concat([d[d.k > 0], d.assign(i=d.i * 2, s=d.s.shift()), d[["i", "f", "b", "t"]]])

    condition = _CONDITIONS[name]
    df, pandas = both(rd.read_parquet(folder)), both(_whole())
    tm.assert_frame_equal(df[condition(df)].compute(), pandas[condition(pandas)])


def test_readers_below_concat_are_told_what_every_user_filters_out(folder: pathlib.Path) -> None:
    one, other = rd.read_parquet(folder / "a.parquet"), rd.read_parquet(folder / "b.parquet")
    both = rd.concat([one, other.assign(i=other.k)])
    text = both[(both.i > 9) & (both.f < 1)].i.sum().explain()
    for name in ("i", "k"):
        assert f'filters: [[["{name}", ">", 9], ["f", "<", 1.0]]]' in text
    # Somebody needs all rows, or a dtype is another one.
    assert "with the rows that are used" not in (both[both.i > 9].i.sum() + both.f.sum()).explain()
    floats = rd.concat([one, other.assign(i=other.f)])
    text = floats[floats.i > 9].i.sum().explain()
    assert '["f", ">", 9' in text
    assert '["i", ">", 9' not in text


@pytest.mark.parametrize("name", ["unequal", "two columns", "computed"])
def test_what_statistics_cannot_judge_is_not_said(folder: pathlib.Path, name: str) -> None:
    df = rd.read_parquet(folder)
    assert "with the rows that are used" not in df[_CONDITIONS[name](df)].i.sum().explain()


def test_categories_stay_where_their_rows_are_left_out(tmp_path: pathlib.Path) -> None:
    pandas = pd.DataFrame({"i": range(20), "c": pd.Categorical(["x"] * 10 + ["y"] * 10)})
    pandas.to_parquet(tmp_path / "c.parquet", row_group_size=5)
    df = rd.read_parquet(tmp_path)
    tm.assert_frame_equal(df[df.i > 12].compute(), pandas[pandas.i > 12])


def test_rows_by_label_are_looked_for_in_the_partitions_that_may_have_them() -> None:
    pandas = pd.DataFrame({"x": range(12)}, index=[0, 0, 1, 2, 2, 2, 3, 4, 5, 5, 6, 7])
    df = rd.from_pandas(pandas, npartitions=4)
    assert df.npartitions > 2
    for start in (None, -3, 0, 2, 2.5, 5, 9):
        for stop in (None, -1, 0, 2, 4, 7, 8):
            tm.assert_frame_equal(df.loc[start:stop].compute(), pandas.loc[start:stop])
    for label in pandas.index.unique():
        tm.assert_frame_equal(df.loc[[label]].compute(), pandas.loc[[label]])
    assert df.loc[7:].npartitions == 1
    tm.assert_frame_equal(df.loc[[7, 0, 2]].compute(), pandas.loc[[7, 0, 2]])
    assert len(df.loc[100:].compute()) == 0


def test_times_by_a_part_of_their_text_are_looked_for_in_all_partitions_of_that_time() -> None:
    index = pd.date_range("2020-01-01", periods=90, freq="D")
    pandas = pd.DataFrame({"x": range(90)}, index=index)
    df = rd.from_pandas(pandas, npartitions=9)
    found = df.loc["2020-02":"2020-02"]
    tm.assert_frame_equal(found.compute(), pandas.loc["2020-02":"2020-02"], check_freq=False)
    assert found.npartitions < 9


def test_rows_by_labels_that_do_not_compare_are_looked_for_everywhere() -> None:
    df = rd.from_pandas(pd.DataFrame({"x": range(4)}, index=list("abcd")), npartitions=2)
    for wanted in ([1], ["a", 1], 1):
        with pytest.raises(KeyError):
            df.loc[wanted].compute()


def test_columns_that_are_sorted_moved_and_put_together_are_the_same(folder: pathlib.Path) -> None:
    df = rd.read_parquet(folder)
    text = df.sort_values("i").f.sum().explain()
    assert 'columns: ["i", "f"]' in text
    text = rd.concat([df, df[["f", "k"]]]).f.sum().explain()
    assert 'columns: ["f"]' in text


@pytest.mark.parametrize("n", [0, 1, 7, 12, 40])
def test_first_rows_are_the_same_where_no_others_are_read(folder: pathlib.Path, n: int) -> None:
    df, pandas = rd.read_parquet(folder), _whole()
    first = df.assign(i=df.i + 1).head(n, npartitions=-1, compute=False)
    assert "with the first rows" in first.explain()
    tm.assert_frame_equal(first.compute(), pandas.assign(i=pandas.i + 1).head(n))


@pytest.mark.parametrize("few", ["left", "right"])
@pytest.mark.parametrize("how", ["inner", "left", "right", "outer", "leftsemi", "left_anti", "right_anti"])
def test_the_small_side_of_a_merge_meets_all_partitions_of_the_other(how: str, few: str) -> None:
    many, some = (
        pd.DataFrame({"k": np.arange(200) % 40, "a": np.arange(200)}),
        pd.DataFrame({"k": [3, 50, 7]}),
    )
    sides = [some.assign(b=[1, 2, 3]), many] if few == "left" else [many, some.assign(b=[1, 2, 3])]
    left, right = (rd.from_pandas(side, npartitions=3 if len(side) > 3 else 2) for side in sides)
    merged = left.merge(right, on="k", how=how)
    of_right, of_left = ("inner", "left", "leftsemi", "left_anti"), ("inner", "right", "right_anti")
    is_sent = how in (of_right if few == "right" else of_left)
    assert (f'meets_all: "{few}"' in merged.explain()) == is_sent
    with raskt.config.set({"dataframe.optimizer.active": False}):
        assert "meets_all" not in merged.explain()
        expected = merged.compute()
    columns = list(expected.columns)
    got = merged.compute()[columns].sort_values(columns, ignore_index=True)
    tm.assert_frame_equal(got, expected.sort_values(columns, ignore_index=True))


def test_sides_of_about_as_many_rows_are_brought_together_by_their_keys() -> None:
    frame = rd.from_pandas(pd.DataFrame({"k": range(60)}), npartitions=3)
    others = rd.from_pandas(pd.DataFrame({"k": range(50)}), npartitions=3)
    assert "meets_all" not in frame.merge(others, on="k").explain()
    assert 'meets_all: "right"' in frame.merge(others[others.k > 3], on="k").explain()
    assert "meets_all" not in frame.merge(others[others.k > 3], on="k", validate="1:1").explain()
    assert len(frame.merge(others[others.k > 3], on="k").compute()) == 46
