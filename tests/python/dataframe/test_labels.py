"""Labels, columns, accessors and other names of pandas' hold to it, wherever partitions end."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pandas.testing as tm
import pytest
import raskt.dataframe as rd

_SIZES = (1, 0, 2, 0, 2, 1)


def _cut(frame: Any, sizes: tuple[int, ...] = _SIZES) -> Any:
    """Return a frame of partitions of those lengths, some of which are empty, without divisions."""
    ends = np.cumsum(sizes).tolist()
    parts = [frame.iloc[end - size : end] for end, size in zip(ends, sizes, strict=True)]
    return rd.from_map(parts.__getitem__, range(len(parts)), meta=frame[:0])


def _same(lazy: Any, expected: Any) -> None:
    found = lazy.compute()
    if isinstance(expected, pd.DataFrame):
        # Names that are all text are text, where pandas keeps objects of what once had others.
        tm.assert_frame_equal(found, expected, check_freq=False, check_column_type=False)
    elif isinstance(expected, pd.Series):
        tm.assert_series_equal(found, expected, check_freq=False, check_index_type=False)
    elif isinstance(expected, pd.Index):
        tm.assert_index_equal(found, expected)
    else:
        assert found == expected


@pytest.fixture
def table() -> pd.DataFrame:
    """Return rows with labels that come again and a missing value in each column but one."""
    return pd.DataFrame(
        {
            "x": [3, 1, 2, 9, 7, 5],
            "y": [0.5, np.nan, 1.5, 2.5, np.nan, 4.0],
            3: ["a", None, "b", "a", "c", "d"],
        },
        index=pd.Index(["one", "two", "two", "four", "five", "six"], name="label"),
    )


_SHARED: dict[str, Any] = {
    "multiply": lambda d: d[["x", "y"]].multiply(2),
    "subtract": lambda d: d.x.subtract(d.y, fill_value=1),
    "filter like": lambda d: d[["x", "y"]].filter(like="x"),
    "filter rows": lambda d: d.filter(like="o", axis=0),
    "filter regex": lambda d: d.x.filter(regex="^t"),
    "filter items": lambda d: d[~d.index.isin(["two"])].x.filter(["six", "nothing", "one"]),
    "get": lambda d: d.get("x"),
    "get several": lambda d: d.get(["y", "x"]),
    "set_axis": lambda d: d.set_axis(["a", "b", "c"], axis=1),
    "corrwith": lambda d: d[["x", "y"]].corrwith(d.x),
    "corrwith frame": lambda d: d[["x", "y"]].corrwith(d[["y"]], drop=True),
    "keys": lambda d: d.x.keys(),
    "repeat": lambda d: d.x.repeat(2),
    "hasnans": lambda d: d.y.hasnans,
    "is_unique": lambda d: d.x.is_unique,
    "is not unique": lambda d: d[3].is_unique,
    "argmin": lambda d: d.x.argmin(),
    "argmax": lambda d: d.y.argmax(),
    "index is_unique": lambda d: d.index.is_unique,
    "index has_duplicates": lambda d: d.index.has_duplicates,
    "index hasnans": lambda d: d.index.hasnans,
    "index order": lambda d: d.index.is_monotonic_increasing,
    "index unique": lambda d: d.index.unique(),
    "index counts": lambda d: d.index.value_counts(),
    "index map": lambda d: d.index.map(len),
    "index rename": lambda d: d.index.rename("other"),
}


@pytest.mark.parametrize("name", _SHARED)
def test_names_of_pandas(name: str, way: str, table: pd.DataFrame) -> None:
    _same(_SHARED[name](_cut(table)), _SHARED[name](table))


def test_levels(way: str, table: pd.DataFrame) -> None:
    groups = table.groupby(["x", 3], dropna=False).y
    expected, lazy = groups.sum(), _cut(table).groupby(["x", 3], dropna=False).y.sum()
    _same(lazy.droplevel(0), expected.droplevel(0))
    _same(lazy.swaplevel(), expected.swaplevel())
    _same(lazy.reorder_levels([1, 0]), expected.reorder_levels([1, 0]))
    _same(lazy.xs("a", level=1), expected.xs("a", level=1))
    _same(lazy.xs(9), expected.xs(9))
    _same(
        lazy.to_frame().xs("a", level=1, drop_level=False),
        expected.to_frame().xs("a", level=1, drop_level=False),
    )
    with pytest.raises(KeyError, match="nothing"):
        lazy.xs("nothing", level=1).compute()
    _same(_cut(table).xs("x", axis=1), table.xs("x", axis=1))


def test_in_place(way: str, table: pd.DataFrame) -> None:
    frame, df = table.copy(), _cut(table)
    for one in (frame, df):
        one.insert(1, "z", one.x * 2)
        one.insert(0, "w", 1)
    _same(df, frame)
    unique = table.set_axis(range(6))[["x", "y"]]
    other = pd.DataFrame({"y": [7.0, 8.0, np.nan], "x": [1, 2, 3]}, index=[1, 4, 5])
    one, lazy = unique.copy(), rd.from_pandas(unique, npartitions=3)
    one.update(other)
    lazy.update(rd.from_pandas(other, npartitions=2))
    _same(lazy, one)
    for call, error, match in (
        (lambda: df.insert(0, "x", 1), ValueError, "already exists"),
        (lambda: df.insert(99, "q", 1), IndexError, "out of bounds"),
        (lambda: df.insert(0, "x", 1, allow_duplicates=True), NotImplementedError, "another name"),
        (lambda: df.set_axis(range(6)), NotImplementedError, "set_index"),
        (lambda: df.set_axis(["a"], axis=1), ValueError, "Length mismatch"),
        (lambda: df.filter(), TypeError, "mutually exclusive"),
        (lambda: df.xs("one"), NotImplementedError, "loc"),
        (lambda: df.corrwith(df, axis=1), NotImplementedError, "map_partitions"),
        (lambda: df.x.repeat([1, 2]), NotImplementedError, "map_partitions"),
        (lambda: df.index.argmax, AttributeError, "to_series"),
    ):
        with pytest.raises(error, match=match):
            call()


def test_computed_at_once(table: pd.DataFrame) -> None:
    df = _cut(table)
    assert df.x.tolist() == df.x.to_list() == table.x.tolist()
    assert df.index.tolist() == table.index.tolist()
    assert df.get("nothing", 5) == 5
    assert df[df.x == 9].x.item() == 9
    with pytest.raises(ValueError, match="size 1"):
        df.x.item()


def test_text_as_columns(way: str) -> None:
    series = pd.Series(["a|b", "b", None, "c|a", "", "ü|b"], index=[3, 1, 1, 0, 5, 5], name="s")
    _same(_cut(series).str.get_dummies(), series.str.get_dummies())
    _same(_cut(series).str.get_dummies(sep="b", dtype=bool), series.str.get_dummies(sep="b", dtype=bool))
    _same(_cut(series).str.partition("|"), series.str.partition("|"))


def test_categories_that_differ_between_partitions(way: str) -> None:
    parts = [pd.Series(["a", "b", None], dtype="category"), pd.Series(["c", "b", "d"], dtype="category")]
    whole = pd.concat([part.astype(object) for part in parts]).astype("category")
    lazy = rd.from_map(parts.__getitem__, range(2), meta=parts[0][:0])
    for name, args in (
        ("rename_categories", (list("wxyz"),)),
        ("rename_categories", ({"a": "A"},)),
        ("add_categories", ("e",)),
        ("remove_categories", ("a",)),
        ("remove_unused_categories", ()),
        ("reorder_categories", (list("dcba"),)),
        ("set_categories", (list("ab"),)),
        ("as_ordered", ()),
    ):
        expected = getattr(whole.cat, name)(*args)
        found = getattr(lazy.cat, name)(*args)
        _same(found, expected)
        assert found.dtype.ordered == expected.dtype.ordered
    assert lazy.cat.ordered is False
    with pytest.raises(AttributeError, match="nothing"):
        _ = lazy.cat.nothing


def test_lists_and_structs_of_arrow(way: str) -> None:
    pa = pytest.importorskip("pyarrow")
    lists = pd.Series([[1, 2], None, [3]], dtype=pd.ArrowDtype(pa.list_(pa.int64())))
    _same(_cut(lists, (1, 2)).list.len(), lists.list.len())
    _same(_cut(lists[::2], (1, 1)).list[0], lists[::2].list[0])
    structs = pd.Series([{"a": 1}, {"a": 2}], dtype=pd.ArrowDtype(pa.struct([("a", pa.int64())])))
    _same(_cut(structs, (1, 1)).struct.field("a"), structs.struct.field("a"))
    tm.assert_series_equal(_cut(structs, (1, 1)).struct.dtypes, structs.struct.dtypes)


def test_times_of_an_index(way: str) -> None:
    series = pd.Series(range(4), index=pd.date_range("2013-01-30 05:00", periods=4, name="w"))
    df = _cut(series, (1, 0, 2, 1))
    for name, args in (("floor", ("D",)), ("tz_localize", ("UTC",)), ("normalize", ()), ("round", ("D",))):
        _same(getattr(df.index, name)(*args), getattr(series.index, name)(*args))
    assert df.index.month.compute().tolist() == series.index.month.tolist()
    assert df.index.day_name().compute().tolist() == series.index.day_name().tolist()
    assert df.index.strftime("%d").compute().tolist() == series.index.strftime("%d").tolist()
    assert {"month", "floor", "unique"} <= set(dir(df.index))


def test_columns_of_one_name_are_chosen_each(way: str) -> None:
    frame = pd.DataFrame([[1, 2.0, 3.5, "u"], [4, 5.0, 6.5, "v"]], columns=["a", "b", "a", "b"], index=[7, 7])
    df = _cut(frame, (1, 0, 1))
    for found, expected in (
        (df.filter(like="a"), frame.filter(like="a")),
        (df.filter(regex="a|b"), frame.filter(regex="a|b")),
        (df.select_dtypes("number"), frame.select_dtypes("number")),
        (df.select_dtypes(exclude="int64"), frame.select_dtypes(exclude="int64")),
    ):
        _same(found, expected)


@pytest.mark.parametrize("sizes", [(0, 0), (1, 0, 2)])
def test_no_rows_and_columns_of_one_name(sizes: tuple[int, ...], way: str) -> None:
    frame = pd.DataFrame([[1, 2.0, 3], [4, np.nan, 6], [1, 2.0, 3]], columns=["a", "b", "a"], index=[5, 5, 6])
    frame = frame[: sum(sizes)]
    df = _cut(frame, sizes)
    functions: list[Any] = [
        lambda d: d.rank(),
        lambda d: d.duplicated(),
        lambda d: d.interpolate(),
        lambda d: d.expanding().sum(),
        lambda d: d.ewm(alpha=0.5).mean(),
        lambda d: d.rolling(2).sum(),
        lambda d: d.iloc[::-1],
        lambda d: d.take([]),
        lambda d: d.T,
        lambda d: d.loc[5:6],
        lambda d: d.truncate(5),
        lambda d: d.cumsum(),
    ]
    for function in functions:
        _same(function(df), function(frame))


@pytest.mark.parametrize(
    "index",
    [
        pd.Index([5, 3, 3, 8, 1, 9], name="n"),
        pd.Index([0.5, np.nan, 2.0, np.nan, -1.0, 2.0]),
        pd.DatetimeIndex(["2013", None, "2012", "2013", "2020", None]),
    ],
    ids=str,
)
def test_methods_of_an_index(index: Any, way: str) -> None:
    rows = pd.Series(range(6), index=index)
    parts = [rows[:2], rows[2:2], rows[2:]]
    lazy = rd.from_map(parts.__getitem__, range(3), meta=rows[:0]).index
    label = index[0]
    for method in (
        lambda labels: labels.set_names(["q"]),
        lambda labels: labels.fillna(label),
        lambda labels: labels.dropna(),
        lambda labels: labels.drop([label]),
        lambda labels: labels.drop([label + (label - label) * 2, label], errors="ignore"),
        lambda labels: labels.repeat(2),
        lambda labels: labels.diff(),
        lambda labels: labels.diff(-2),
        lambda labels: labels.sort_values(),
        lambda labels: labels.sort_values(ascending=False, na_position="first"),
    ):
        tm.assert_index_equal(method(lazy).compute(), method(index))
    for keep in ("first", "last", False):
        assert lazy.duplicated(keep).compute().tolist() == index.duplicated(keep).tolist()
    with pytest.raises(NotImplementedError, match="map before"):
        lazy.sort_values(key=abs)
    with pytest.raises(ValueError, match="how"):
        lazy.dropna("some")
