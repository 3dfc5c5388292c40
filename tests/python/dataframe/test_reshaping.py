"""Bins of time, pivot tables, dummies and categories, values from text: as pandas has them of all rows."""

from __future__ import annotations

import io
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


def _same(lazy: Any, expected: Any, **options: Any) -> None:
    found = lazy.compute()
    if isinstance(expected, pd.DataFrame):
        tm.assert_frame_equal(found, expected, check_freq=False, **options)
    else:
        tm.assert_series_equal(found, expected, check_freq=False, **options)


_TIMES = pd.to_datetime(
    ["2013-01-01T05", "2013-01-01T23", "2013-01-02", "2013-01-07T12", "2013-01-31T13", "2013-02-02"],
    format="ISO8601",
)


@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4, 5], [3, 1, 0, 5, 4, 2]], ids=["sorted", "unsorted"])
@pytest.mark.parametrize(
    ("rule", "options"),
    [("D", {}), ("ME", {}), ("12h", {"closed": "right"}), ("7D", {"closed": "left", "label": "right"})],
    ids=["D", "ME", "12h", "7D"],
)
def test_bins_of_time(rule: str, options: dict[str, Any], order: list[int], way: str) -> None:
    frame = pd.DataFrame({"x": [1, 2, 3, 4, 5, 6], "y": [1.0, np.nan, 3, 4, 5, 6]}, index=_TIMES).iloc[order]
    found, expected = _cut(frame).resample(rule, **options), frame.resample(rule, **options)
    for name in (
        "sum",
        "count",
        "mean",
        "min",
        "size",
        "var",
        "median",
        "nunique",
        "first",
        "prod",
        "quantile",
    ):
        _same(getattr(found, name)(), getattr(expected, name)())
    wanted = {"x": "sum", "y": ["max", "min"]}
    _same(found.agg(wanted), expected.agg(wanted))
    _same(found.x.agg(["sum", "min"]), expected.x.agg(["sum", "min"]))
    _same(found["y"].ohlc(), expected["y"].ohlc())


@pytest.mark.parametrize(
    "index", [_TIMES.tz_localize("Europe/Oslo"), (_TIMES - _TIMES[0]).rename("d")], ids=str
)
def test_bins_of_other_times(index: Any, way: str) -> None:
    series = pd.Series([1, 2, 3, 4, 5, 6], index=index, name="x")
    _same(_cut(series).resample("36h").sum(), series.resample("36h").sum())
    _same(rd.from_pandas(series, npartitions=2).resample("D").max(), series.resample("D").max())


def test_bins_that_are_none_are_errors() -> None:
    df = rd.from_pandas(pd.DataFrame({"x": [1, 2]}), npartitions=2)
    with pytest.raises(TypeError, match="Only valid with DatetimeIndex"):
        df.resample("D")
    timed = rd.from_pandas(pd.Series([1, 2], index=_TIMES[:2]), npartitions=2)
    with pytest.raises(ValueError, match="Invalid frequency: often"):
        timed.resample("often")
    with pytest.raises(AttributeError, match="nothing"):
        _ = timed.resample("D").nothing


@pytest.fixture
def table() -> pd.DataFrame:
    """Return a frame of keys, some missing, and values."""
    return pd.DataFrame(
        {
            "k": ["a", "a", "b", None, "b", "a"],
            "c": ["v", "u", "u", "u", "v", "v"],
            "x": [1, 2, 3, 4, 5, 6],
            "y": [1.0, 2, 3, np.nan, 5, 7],
        }
    )


@pytest.mark.parametrize("aggfunc", ["mean", "sum", "count", "first", "max"])
def test_pivot_tables(aggfunc: str, way: str, table: pd.DataFrame) -> None:
    for frame in (table, table.astype({"c": "category"})):
        for values in ("x", ["x", "y"]):
            named: dict[str, Any] = {"index": "k", "columns": "c", "values": values, "aggfunc": aggfunc}
            _same(_cut(frame).pivot_table(**named), frame.pivot_table(**named), check_column_type=False)
    found = rd.pivot_table(_cut(table), index="k", columns="c", values="x")
    assert list(found.columns) == ["u", "v"]


def test_pivot_tables_of_what_is_not_there_are_errors(table: pd.DataFrame) -> None:
    df = _cut(table)
    with pytest.raises(ValueError, match="'index' must be the name of an existing column, found 'q'"):
        df.pivot_table(index="q", columns="c", values="x")
    with pytest.raises(ValueError, match="'columns' must be the name of an existing column, found 'q'"):
        df.pivot_table(index="k", columns="q", values="x")
    with pytest.raises(ValueError, match=r"aggfunc must be one of 'mean'.*found 'guess'"):
        df.pivot_table(index="k", columns="c", values="x", aggfunc="guess")


@pytest.mark.parametrize(
    "options",
    [{}, {"columns": ["x"]}, {"prefix": "q", "prefix_sep": "-"}, {"drop_first": True}, {"dummy_na": True}],
    ids=str,
)
def test_dummies(options: dict[str, Any], way: str, table: pd.DataFrame) -> None:
    for frame in (table, table.astype({"k": pd.CategoricalDtype(["b", "z", "a"])})):
        _same(rd.get_dummies(_cut(frame), **options), pd.get_dummies(frame, **options))
    if "columns" not in options:
        _same(
            rd.get_dummies(_cut(table.k), dtype=int, **options), pd.get_dummies(table.k, dtype=int, **options)
        )


def test_dummies_of_what_has_none_are_errors(table: pd.DataFrame) -> None:
    with pytest.raises(NotImplementedError, match="sparse=True"):
        rd.get_dummies(_cut(table), sparse=True)
    with pytest.raises(TypeError, match="'axis'"):
        rd.get_dummies(_cut(table), axis=1)
    with pytest.raises(TypeError, match="list-like for parameter `columns`"):
        rd.get_dummies(_cut(table), columns="k")
    with pytest.raises(TypeError, match="needs a dataframe or series, found list"):
        rd.get_dummies(["a"])


def test_categories_are_those_of_all_partitions(way: str, table: pd.DataFrame) -> None:
    df = _cut(table).categorize()
    _same(df, table.astype({"k": "category", "c": "category"}))
    _same(df.c.cat.codes, table.c.astype("category").cat.codes)
    assert df.c.cat.known
    assert df.k.cat.categories.tolist() == ["a", "b"]
    by_part = _cut(table.k).map_partitions(lambda part: part.astype("category"), meta=("k", "category"))
    assert set(by_part.cat.as_known().compute().cat.categories) == {"a", "b"}
    assert by_part.cat.as_unknown() is by_part or by_part.cat.as_unknown().compute().tolist()
    codes, categories = by_part.cat.codes.compute(), by_part.cat.categories
    assert [None if code < 0 else categories[code] for code in codes] == [
        None if pd.isna(value) else value for value in table.k
    ]
    indexed = table.set_index("k")
    assert str(_cut(indexed.iloc[:3], (1, 2)).categorize(index=True).compute().index.dtype) == "category"
    with pytest.raises(KeyError, match="q"):
        _cut(table).categorize(columns=["q"])


@pytest.mark.parametrize(
    ("values", "options"),
    [
        (["2013-01-05", "2014-07-01", None, "1999-12-31"], {}),
        (["05/01/2013", "01/07/2014"], {"format": "%d/%m/%Y"}),
        ([1, 2, 3], {"unit": "s"}),
        (["nothing", "2014-07-01"], {"errors": "coerce", "format": "%Y-%m-%d"}),
        (["2013-01-05T00:00+01:00"], {"utc": True}),
    ],
    ids=str,
)
def test_times_from_other_values(values: list[Any], options: dict[str, Any], way: str) -> None:
    series = pd.Series(values, name="t")
    lazy = rd.to_datetime(rd.from_pandas(series, npartitions=3), **options)
    expected = pd.to_datetime(series, **options)
    assert lazy.dtype == expected.dtype
    _same(lazy, expected)


def test_spans_and_numbers_from_other_values(way: str) -> None:
    frame = pd.DataFrame({"year": [2013, 2014], "month": [1, 2], "day": [3, 4]})
    _same(rd.to_datetime(rd.from_pandas(frame, npartitions=2)), pd.to_datetime(frame))
    spans = pd.Series(["1 days", "2h"])
    _same(rd.to_timedelta(rd.from_pandas(spans, npartitions=2)), pd.to_timedelta(spans))
    _same(
        rd.to_timedelta(rd.from_pandas(pd.Series([1, 2]), npartitions=2), unit="s"),
        pd.to_timedelta(pd.Series([1, 2]), unit="s"),
    )
    numbers = pd.Series(["1", "2.5", "x"])
    _same(
        rd.to_numeric(rd.from_pandas(numbers, npartitions=2), errors="coerce"),
        pd.to_numeric(numbers, errors="coerce"),
    )
    _same(rd.isna(rd.from_pandas(numbers, npartitions=2)), pd.isna(numbers))
    assert rd.to_datetime("2013-01-05") == pd.Timestamp("2013-01-05")
    with pytest.raises(ValueError, match="Unable to parse string"):
        rd.to_numeric(rd.from_pandas(numbers, npartitions=2)).compute()
    with pytest.raises(TypeError, match="arg must be a list"):
        rd.to_numeric(rd.from_pandas(frame, npartitions=2))


def test_what_frames_tell(table: pd.DataFrame) -> None:
    df = _cut(table)
    out = io.StringIO()
    df.info(buf=out, verbose=True, memory_usage=True)
    lines = out.getvalue().splitlines()
    assert lines[1] == "Index: 6 entries, 6 partitions"
    assert lines[4].split() == ["0", "k", "5", "non-null", "str"]
    assert lines[-2] == "dtypes: float64(1), int64(1), str(2)"
    assert lines[-1].startswith("memory usage: ")
    out = io.StringIO()
    df.x.info(buf=out)
    assert out.getvalue().splitlines()[1:] == ["Series name: x", "dtypes: int64(1)"]


def test_rows_one_by_one_and_columns_taken_away(table: pd.DataFrame) -> None:
    df = _cut(table)
    assert [row.x for row in df.itertuples()] == table.x.tolist()
    assert [(label, row.x) for label, row in df.iterrows()] == list(table.x.items())
    assert list(df.x.items()) == list(table.x.items())
    other = df.copy()
    assert other.pop("x").compute().tolist() == table.x.tolist()
    assert list(other.columns) == ["k", "c", "y"]
    assert list(df.columns) == ["k", "c", "x", "y"]


def test_rows_are_split_at_random_and_again_alike(table: pd.DataFrame) -> None:
    df = _cut(pd.concat([table] * 20, ignore_index=True), (50, 0, 70))
    one, other = df.random_split([0.25, 0.75], random_state=3)
    found = pd.concat([one.compute(), other.compute()]).sort_index()
    tm.assert_frame_equal(found, df.compute())
    assert 10 < len(one) < 55
    tm.assert_frame_equal(df.random_split([0.25, 0.75], random_state=3)[0].compute(), one.compute())
    with pytest.raises(ValueError, match=r"1 together, found \[0\.5, 0\.2\]"):
        df.random_split([0.5, 0.2])


def test_rows_are_left_out_by_their_labels(way: str, table: pd.DataFrame) -> None:
    df = _cut(table)
    _same(df.drop([0, 4]), table.drop([0, 4]))
    _same(df.drop(index=3, columns=["x"]), table.drop(index=3, columns=["x"]))
    _same(df.x.drop([5, 77], errors="ignore"), table.x.drop([5, 77], errors="ignore"))
    with pytest.raises(KeyError, match=r"\[77\] not found in axis"):
        df.x.drop([5, 77]).compute()
    with pytest.raises(ValueError, match="at least one of"):
        df.drop()
    with pytest.raises(ValueError, match="No axis named 1 for object type Series"):
        df.x.drop([0], axis=1)
    assert rd.from_pandas(table.x[:1], npartitions=1).squeeze() == 1
    assert df.x.squeeze() is not None


@pytest.mark.parametrize("is_ordered", [True, False])
def test_tables_by_a_column_of_categories_have_those_that_there_are(is_ordered: bool) -> None:
    kinds = pd.CategoricalDtype(["z", "y", "x", "w"], ordered=is_ordered)
    frame = pd.DataFrame({"k": list("abab"), "c": list("xyxx"), "v": [1.0, 2.0, 3.0, 4.0]}).astype(
        {"c": kinds}
    )
    found = rd.pivot_table(rd.from_pandas(frame, npartitions=2), index="k", columns="c", values="v")
    expected = frame.pivot_table(index="k", columns="c", values="v", observed=True)
    assert list(found.columns) == ["y", "x"]
    tm.assert_frame_equal(found.compute(), expected, check_column_type=False)


def test_parts_of_texts_that_are_not_split_are_text() -> None:
    text = pd.Series(["a-b", "c", None, "d"], dtype="str")
    found = rd.from_pandas(text, npartitions=4).str.split("-", n=1, expand=True)
    tm.assert_frame_equal(found.compute(), text.str.split("-", n=1, expand=True), check_column_type=False)
