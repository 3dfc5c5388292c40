"""Merges hold to pandas, natively and by its own functions, whichever way rows find each other."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pandas.testing as tm
import pytest
import raskt
import raskt.dataframe as rd
from hypothesis import given
from hypothesis import strategies as st

HOWS = ["inner", "left", "right", "outer"]


def declared(expected: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """Return pandas' result with numbers as where some are missing, if so they were found."""
    for at, dtype in enumerate(found.dtypes):
        own = expected.dtypes.iloc[at]
        if own != dtype and own.kind in "iub" and dtype in ("float64", "object"):
            expected.isetitem(at, expected.iloc[:, at].astype(dtype))
    if expected.index.dtype.kind == "i" and found.index.dtype == "float64":
        expected.index = expected.index.astype("float64")
    return expected


def ordered(frame: pd.DataFrame, with_index: bool) -> pd.DataFrame:
    """Return the rows in an order of their own: a shuffled merge has none of its own."""
    frame = frame.reset_index(drop=not with_index)
    frame = frame.iloc[np.argsort([repr(row) for row in frame.itertuples(index=False)], kind="stable")]
    return frame.reset_index(drop=True)


def check(
    left: pd.DataFrame,
    right: pd.DataFrame,
    n_left: int,
    n_right: int,
    *,
    with_index: bool = False,
    **kwargs: Any,
) -> pd.DataFrame:
    """Compare a merge with pandas': without the order of rows where there are several partitions."""
    lazy = rd.from_pandas(left, npartitions=n_left, sort=False)
    other = rd.from_pandas(right, npartitions=n_right, sort=False)
    made = lazy.merge(other, **kwargs)
    found = made.compute()
    for label, dtype in made.dtypes.items():
        if dtype.kind == "M":
            # The unit of keys of two units depends on which rows have a match.
            assert found[label].dtype.kind == "M"
        elif dtype != "object":
            assert str(found[label].dtype) == str(dtype), label
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "You are merging on int and float")
        expected = declared(left.merge(right, **kwargs), found)
    if made.npartitions > 1:
        found, expected = ordered(found, with_index), ordered(expected, with_index)
    tm.assert_frame_equal(found, expected, check_column_type=False)
    return found


@pytest.fixture
def left() -> pd.DataFrame:
    """Return keys of some types, with and without a match."""
    return pd.DataFrame(
        {
            "k": [2, 1, 3, 1, 7, 2],
            "f": [2.0, np.nan, 3.0, 1.5, np.nan, 0.0],
            "s": ["a", None, "long enough for a buffer of its own", "b", "a", "c"],
            "a": np.arange(6, dtype="int32"),
            "same": [True, False, True, True, False, False],
        },
        index=[10, 11, 12, 13, 14, 15],
    )


@pytest.fixture
def right() -> pd.DataFrame:
    """Return keys of some types, with and without a match."""
    return pd.DataFrame(
        {
            "k": [1, 4, 1, 2],
            "f": [np.nan, 1.5, 9.0, 2.0],
            "s": ["a", "long enough for a buffer of its own", "x", None],
            "b": [0.5, np.nan, 1.5, 2.5],
            "same": [False, False, True, True],
            "t": pd.to_datetime(["2013-01-01", None, "2014-01-01", "2015-01-01"]),
        },
        index=[0, 1, 2, 3],
    )


@pytest.mark.parametrize("parts", [(1, 1), (3, 1), (1, 2), (3, 2)])
@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("on", ["k", "f", "s", ["k", "f"], ["s", "k", "f"]], ids=str)
def test_merges_by_columns(
    way: str, left: pd.DataFrame, right: pd.DataFrame, parts: tuple[int, int], how: str, on: Any
) -> None:
    check(left, right, *parts, how=how, on=on)


@pytest.mark.parametrize("parts", [(1, 1), (3, 1), (1, 2), (3, 2)])
@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize(
    "keys",
    [
        {"left_on": "k", "right_on": "f"},
        {"left_on": "k", "right_index": True},
        {"left_index": True, "right_on": "k"},
        {"left_index": True, "right_index": True},
        {"left_on": ["k", "s"], "right_on": ["f", "s"]},
    ],
    ids=str,
)
def test_merges_by_columns_of_other_names_and_by_the_index(
    way: str, left: pd.DataFrame, right: pd.DataFrame, parts: tuple[int, int], how: str, keys: dict[str, Any]
) -> None:
    left.index -= 10
    check(left, right, *parts, how=how, with_index="left_index" in keys or "right_index" in keys, **keys)


@pytest.mark.parametrize("parts", [(1, 1), (2, 1), (2, 2)])
@pytest.mark.parametrize("how", ["left_anti", "right_anti"])
def test_rows_without_a_match(
    way: str, left: pd.DataFrame, right: pd.DataFrame, parts: tuple[int, int], how: str
) -> None:
    check(left, right, *parts, how=how, on="k")


@pytest.mark.parametrize("parts", [(1, 1), (2, 1), (2, 2)])
def test_rows_with_a_match_each_once(
    way: str, left: pd.DataFrame, right: pd.DataFrame, parts: tuple[int, int]
) -> None:
    a, b = (rd.from_pandas(side, npartitions=n) for side, n in zip((left, right), parts, strict=True))
    made = a.merge(b, on="k", how="leftsemi")
    found = made.compute()
    assert list(found.columns) == list(left.columns)
    assert sorted(found.a) == left.a[left.k.isin(right.k)].tolist()


@pytest.mark.parametrize("parts", [(1, 1), (2, 1), (1, 2), (2, 2)])
def test_every_row_with_every_other(
    way: str, left: pd.DataFrame, right: pd.DataFrame, parts: tuple[int, int]
) -> None:
    check(left, right, *parts, how="cross")


@pytest.mark.parametrize("parts", [(1, 1), (2, 2)])
@pytest.mark.parametrize("how", HOWS)
def test_indicators_and_suffixes(
    way: str, left: pd.DataFrame, right: pd.DataFrame, parts: tuple[int, int], how: str
) -> None:
    check(left, right, *parts, how=how, on="k", indicator=True, suffixes=(None, "_r"))
    check(left, right, *parts, how=how, on="k", indicator="side", suffixes=("", "_r"))


def _keys(values: list[Any], kind: str) -> Any:
    if kind == "category":
        return pd.Categorical(values, categories=[1, 2, 3, 4])
    if kind == "text categories":
        texts = [None if value is None else f"t{value}" for value in values]
        return pd.Categorical(texts, categories=["t4", "t3", "t2", "t1"])
    if kind == "zoned":
        return pd.to_datetime(values, unit="D").tz_localize("Europe/Oslo")
    if kind == "object":
        return pd.array([None if value is None else f"o{value}" for value in values], dtype=object)
    return pd.array(values, dtype=kind)


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("parts", [(1, 1), (2, 1), (3, 2)])
@pytest.mark.parametrize(
    "kinds",
    [
        ("Int64", "Int64"),
        ("Int64", "int64"),
        ("int32", "int64"),
        ("int64", "uint64"),
        ("int64", "float64"),
        ("bool", "bool"),
        ("boolean", "boolean"),
        ("string", "string"),
        ("str", "string"),
        ("category", "category"),
        ("text categories", "text categories"),
        ("zoned", "zoned"),
        ("datetime64[s]", "datetime64[ns]"),
        ("timedelta64[ms]", "timedelta64[ms]"),
        ("object", "object"),
        ("object", "str"),
        ("int64[pyarrow]", "int64[pyarrow]"),
    ],
    ids="-".join,
)
def test_keys_of_every_dtype(way: str, kinds: tuple[str, str], parts: tuple[int, int], how: str) -> None:
    values: list[Any] = [[3, 1, 2, 1], [1, 4, 3, 3]]
    if "Int64" in kinds[:1] and kinds[0] == kinds[1]:
        values = [[3, None, 2, 1], [1, None, 3, 3]]
    if kinds[0] in ("string", "str"):
        values = [[str(value) for value in side] for side in values]
    if kinds[0] in ("bool", "boolean"):
        values = [[bool(value % 2) for value in side] for side in values]
    if kinds == ("object", "str"):
        values[1] = [f"o{value}" for value in values[1]]
    left = pd.DataFrame({"k": _keys(values[0], kinds[0]), "a": [0.5, 1.5, 2.5, 3.5]})
    right = pd.DataFrame({"k": _keys(values[1], kinds[1]), "b": ["w", "x", "y", "z"]})
    check(left, right, *parts, how=how, on="k")


@pytest.mark.parametrize("how", HOWS)
def test_the_keys_of_two_categoricals_that_differ_are_values(way: str, how: str) -> None:
    left = pd.DataFrame({"k": pd.Categorical(["a", "b"]), "a": [1, 2]})
    right = pd.DataFrame({"k": pd.Categorical(["b", "c"]), "b": [1, 2]})
    made = rd.from_pandas(left, npartitions=2).merge(rd.from_pandas(right, npartitions=2), on="k", how=how)
    assert sorted(made.compute().k.astype(str)) == sorted(left.merge(right, on="k", how=how).k.astype(str))


_ROWS = st.lists(
    st.tuples(st.one_of(st.none(), st.integers(0, 4)), st.sampled_from(["a", "b", None]), st.integers(-5, 5)),
    max_size=12,
)


@given(
    left=_ROWS,
    right=_ROWS,
    how=st.sampled_from(HOWS),
    on=st.sampled_from([["k"], ["s"], ["k", "s"], None]),
    parts=st.sampled_from([(1, 1), (2, 1), (2, 3)]),
    native=st.booleans(),
)
def test_any_frames_are_merged_as_pandas_does(
    left: list[Any],
    right: list[Any],
    how: str,
    on: list[str] | None,
    parts: tuple[int, int],
    native: bool,
) -> None:
    def made(rows: list[Any], name: str) -> pd.DataFrame:
        k, s, x = zip(*rows, strict=True) if rows else ((), (), ())
        columns = {
            "k": pd.array(k, dtype="float64"),
            "s": pd.array(s, dtype="str"),
            name: pd.array(x, dtype="int64"),
        }
        return pd.DataFrame(columns)

    keys = {"left_index": True, "right_index": True, "suffixes": ("_l", None)} if on is None else {"on": on}
    with raskt.config.set({"dataframe.native": native}):
        check(made(left, "a"), made(right, "b"), *parts, how=how, with_index=on is None, **keys)


def test_joins_by_the_index(way: str, left: pd.DataFrame, right: pd.DataFrame) -> None:
    lazy = rd.from_pandas(left[["k", "a"]], npartitions=2)
    other = right[["b", "t"]]
    tm.assert_frame_equal(lazy.join(other, on="k").compute(), left[["k", "a"]].join(other, on="k"))
    inner = lazy.join(other.add_prefix("r_"), on="k", how="inner").join(left[["f"]])
    expected = left[["k", "a"]].join(other.add_prefix("r_"), on="k", how="inner").join(left[["f"]])
    tm.assert_frame_equal(inner.compute(), expected)
    three = lazy.join([other, right[["s"]]]).compute()
    tm.assert_frame_equal(three, left[["k", "a"]].join([other, right[["s"]]]), check_dtype=False)
    with pytest.raises(ValueError, match="overlap"):
        lazy.join(left[["a"]])
    suffixed = lazy.join(left[["a"]], lsuffix="_l").compute()
    tm.assert_frame_equal(suffixed, declared(left[["k", "a"]].join(left[["a"]], lsuffix="_l"), suffixed))


def test_divisions_stay_and_frames_of_the_same_ones_meet_partition_by_partition(way: str) -> None:
    frame = pd.DataFrame({"a": range(10)}, index=range(10))
    lazy = rd.from_pandas(frame, npartitions=3)
    both = lazy.merge((lazy * 2).rename(columns={"a": "b"}), left_index=True, right_index=True)
    assert both.divisions == lazy.divisions
    tm.assert_frame_equal(both.compute(), frame.assign(b=frame.a * 2))
    looked_up = lazy.join(pd.DataFrame({"c": [0.5]}, index=[3]))
    assert looked_up.divisions == lazy.divisions


def test_a_named_series_is_a_frame_of_one_column(way: str, left: pd.DataFrame, right: pd.DataFrame) -> None:
    found = rd.merge(rd.from_pandas(left, npartitions=2), right["b"], left_on="k", right_index=True)
    tm.assert_frame_equal(found.compute(), left.merge(right["b"], left_on="k", right_index=True))
    with pytest.raises(ValueError, match="Series without a name"):
        rd.merge(
            rd.from_pandas(left, npartitions=2), right["b"].rename(None), left_index=True, right_index=True
        )


def test_both_sides_may_be_objects_of_pandas(left: pd.DataFrame, right: pd.DataFrame) -> None:
    tm.assert_frame_equal(rd.merge(left, right, on="k").compute(), left.merge(right, on="k"))


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"on": "z"}, KeyError, "z"),
        ({"on": "k", "left_on": "a"}, pd.errors.MergeError, "Can only pass argument"),
        ({"left_on": "k"}, pd.errors.MergeError, "right_on"),
        ({"left_on": "a", "right_on": "s"}, ValueError, "int32 and str"),
        ({"left_on": "s", "right_on": "t"}, ValueError, "str and datetime64"),
        ({"on": "k", "how": "sideways"}, ValueError, "sideways"),
        ({"on": "k", "suffixes": (None, None)}, ValueError, "overlap"),
        ({"on": "k", "suffixes": "_x"}, TypeError, "suffixes"),
        ({"on": "k", "validate": "2:1"}, ValueError, "2:1"),
        ({"on": "k", "indicator": "a"}, ValueError, "existing column"),
        ({"on": "k", "npartitions": 0}, ValueError, "npartitions"),
        ({"on": {"k": 1}}, TypeError, "on is the name of a column"),
    ],
    ids=str,
)
def test_what_pandas_refuses_is_refused_before_anything_is_computed(
    left: pd.DataFrame, right: pd.DataFrame, arguments: dict[str, Any], error: type[Exception], match: str
) -> None:
    lazy, other = rd.from_pandas(left, npartitions=2), rd.from_pandas(right, npartitions=2)
    with pytest.raises(error, match=match):
        lazy.merge(other, **arguments)


@pytest.mark.parametrize("parts", [(1, 1), (3, 1), (3, 2)])
def test_keys_that_must_not_repeat_are_looked_at_in_all_partitions(
    way: str, left: pd.DataFrame, right: pd.DataFrame, parts: tuple[int, int]
) -> None:
    lazy, other = (
        rd.from_pandas(side, npartitions=n, sort=False) for side, n in zip((left, right), parts, strict=True)
    )
    with pytest.raises(pd.errors.MergeError, match="not unique in left"):
        lazy.merge(other, on="k", validate="1:m").compute()
    assert len(lazy.merge(other, on="k", validate="m:m").compute()) == 6


@pytest.mark.parametrize("scheduler", ["threads", "sync", "processes"])
def test_rows_find_each_other_on_every_scheduler(scheduler: str) -> None:
    n = 3000
    left = pd.DataFrame({"k": np.arange(n) % 700, "s": [f"text of some length {i}" for i in range(n)]})
    right = pd.DataFrame({"k": np.arange(600), "b": np.arange(600) / 2})
    made = rd.from_pandas(left, npartitions=5).merge(rd.from_pandas(right, npartitions=3), on="k")
    with raskt.config.set(scheduler=scheduler):
        found = made.compute()
    tm.assert_frame_equal(
        found.sort_values("s", ignore_index=True),
        left.merge(right, on="k").sort_values("s", ignore_index=True),
    )


@pytest.mark.parametrize("scheduler", ["threads", "processes"])
def test_a_shuffle_beyond_its_memory_goes_through_files_that_do_not_stay(
    tmp_path: Path, scheduler: str
) -> None:
    n = 60_000
    frame = pd.DataFrame({"k": np.arange(n) % 997, "s": [f"text of some length {i}" for i in range(n)]})
    with raskt.config.set({"local.spill-directory": str(tmp_path), "scheduler": scheduler}):
        lazy = rd.from_pandas(frame, npartitions=6).shuffle("k", npartitions=4)
        found = lazy.compute(memory_limit="8MiB")
        del lazy
    tm.assert_frame_equal(found.sort_index(), frame)
    left_over = [name for name in os.listdir(tmp_path) if os.listdir(tmp_path / name)[1:]]
    assert left_over == []


def test_a_shuffle_brings_equal_rows_together(way: str, left: pd.DataFrame) -> None:
    lazy = rd.from_pandas(left, npartitions=3)
    for made in (lazy.shuffle("s"), lazy.shuffle(["s", "k"], npartitions=5), lazy.k.shuffle(on_index=True)):
        assert sorted(made.compute().index) == sorted(left.index)
    parts = raskt.compute(*lazy.shuffle("k", npartitions=4).to_delayed())
    assert len(parts) == 4
    places = [set(part.k) for part in parts]
    assert sum(map(len, places)) == left.k.nunique()
    without = lazy.shuffle("k", ignore_index=True, npartitions=2).compute()
    assert sorted(without.a) == sorted(left.a)
    with pytest.raises(ValueError, match="on="):
        lazy.shuffle()
    with pytest.raises(KeyError, match="z"):
        lazy.shuffle("z")
