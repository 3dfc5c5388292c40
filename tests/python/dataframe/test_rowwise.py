"""Work row by row holds to pandas, natively and by pandas' own methods."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pandas.testing as tm
import pytest
import raskt.dataframe as rd

Case = Callable[[Any], Any]

_CASES: dict[str, Case] = {
    "add": lambda d: d.i + d.f,
    "add small": lambda d: d.small + 1,
    "subtract": lambda d: d.i - d.small,
    "multiply": lambda d: d.f * 2,
    "divide": lambda d: d.i / d.small,
    "divide by zero": lambda d: d.f / 0,
    "floor divide": lambda d: d.f // d.small,
    "modulo": lambda d: d.f % 2,
    "power": lambda d: d.i**2,
    "reflected": lambda d: 10 - d.i,
    "masked": lambda d: d.m + 1,
    "masked compared": lambda d: d.m > 2,
    "negative": lambda d: -d.f,
    "invert": lambda d: ~d.b,
    "and": lambda d: (d.i > 2) & d.b,
    "or": lambda d: (d.f > 1) | ~d.b,
    "xor": lambda d: d.b ^ (d.i > 3),
    "equal text": lambda d: d.s == "a",
    "not equal": lambda d: d.s != "a",
    "less time": lambda d: d.t < pd.Timestamp("2013-06-01"),
    "text as time": lambda d: d.t >= "2013-06-01T12:30",
    "time between texts": lambda d: d.t.between("2000-01-01", "2013-12-31", inclusive="left"),
    "time of a finer unit": lambda d: d.t < pd.Timestamp("2013-06-01T12:30:00.000000001"),
    "no time": lambda d: d.t == "someday",
    "zoned as text": lambda d: d.z > "2013-01-03",
    "zoned elsewhere": lambda d: d.z == pd.Timestamp("2013-01-02T23:00", tz="UTC"),
    "zoned": lambda d: d.z >= pd.Timestamp("2013-01-03", tz="Europe/Oslo"),
    "category": lambda d: d.c == "x",
    "difference of times": lambda d: d.t - pd.Timestamp("2013-01-01"),
    "zoned and span": lambda d: d.z + pd.Timedelta(hours=5),
    "span and zoned": lambda d: pd.Timedelta(hours=5) + d.z,
    "zoned without span": lambda d: d.z - pd.Timedelta(days=90),
    "zoned without zoned": lambda d: d.z - d.z.shift(),
    "power of truth": lambda d: d.b**2,
    "power 0 of missing": lambda d: d.m**0,
    "time and span": lambda d: d.t + pd.Timedelta(days=1),
    "isna": lambda d: d.isna(),
    "notna": lambda d: d.m.notna(),
    "fillna": lambda d: d.f.fillna(0.5),
    "fillna dict": lambda d: d[["f", "m"]].fillna({"f": 1.0, "m": 7}),
    "abs": lambda d: d.f.abs(),
    "clip": lambda d: d.f.clip(0, 2),
    "round": lambda d: d.f.round(),
    "isin": lambda d: d.s.isin(["a", "ü"]),
    "where": lambda d: d.f.where(d.i > 2),
    "where other": lambda d: d.f.where(d.b, d.i),
    "mask": lambda d: d.f.mask(d.b, -1.0),
    "astype": lambda d: d.i.astype("float32"),
    "astype text of Arrow": lambda d: d.t.astype("string[pyarrow]"),
    "astype text": lambda d: d.i.astype(str),
    "astype dict": lambda d: d.astype({"i": "int32", "b": "int64"})[["i", "b"]],
    "column": lambda d: d["o"],
    "columns": lambda d: d[["s", "i"]],
    "no columns": lambda d: d[[]],
    "twice": lambda d: d[["i", "i"]],
    "filter": lambda d: d[d.f > 0],
    "filter none": lambda d: d[d.i > 100],
    "filter twice": lambda d: d[d.i > 1][lambda q: q.b],
    "filter series": lambda d: d.s[d.b],
    "assign": lambda d: d.assign(n=d.i + 1, i=0, w=lambda q: q.n * 2),
    "assign text": lambda d: d.assign(n="x"),
    "assign mean": lambda d: d.assign(n=d.i - d.i.mean()),
    "drop": lambda d: d.drop(columns=["o", "c"]),
    "rename": lambda d: d.rename(columns={"i": 1, "f": ("a", 2)}),
    "rename series": lambda d: d.i.rename("other"),
    "dropna": lambda d: d.dropna(subset=["f", "s"]),
    "select dtypes": lambda d: d.select_dtypes("number"),
    "query": lambda d: d.query("i > 2 and b"),
    "eval": lambda d: d.eval("i + small"),
    "replace": lambda d: d.i.replace(3, 30),
    "between": lambda d: d.i.between(2, 4),
    "to frame": lambda d: d.f.to_frame("g"),
    "str": lambda d: d.s.str.upper(),
    "str len": lambda d: d.s.str.len(),
    "str contains": lambda d: d.s.str.contains("a"),
    "str slice": lambda d: d.s.str[:1],
    "dt": lambda d: d.t.dt.year,
    "dt zoned": lambda d: d.z.dt.hour,
    "dt floor": lambda d: d.t.dt.floor("D"),
    "cat codes": lambda d: d.c.cat.codes,
    "frame and number": lambda d: d[["i", "f"]] * 2,
    "frame and frame": lambda d: d[["i", "f"]] + d[["i", "f"]],
    "frame and pandas series": lambda d: d[["i", "f"]] + pd.Series({"i": 1, "f": 2}),
    "by name": lambda d: d.f.add(d.i, fill_value=0),
    "loc columns": lambda d: d.loc[:, ["f", "i"]],
    "loc rows": lambda d: d.loc[2:4, "f"],
    "loc condition": lambda d: d.loc[d.b, "i"],
    "iloc columns": lambda d: d.iloc[:, [2, 0]],
    "sum of rows": lambda d: d[["i", "f"]].sum(axis=1),
    "apply rows": lambda d: d.apply(lambda row: row.i + row.small, axis=1),
    "apply": lambda d: d.i.apply(lambda v: v / 2),
    "map": lambda d: d.s.map({"a": "A"}),
    "ufunc": lambda d: np.sqrt(d.i),
    "melt": lambda d: (
        d[["i", "small"]].melt(id_vars="i").sort_values("i") if isinstance(d, pd.DataFrame) else None
    ),
    "explode": lambda d: d.assign(n=1)[["n"]].explode("n"),
    "index": lambda d: d.index,
    "index filter": lambda d: d[d.index > 2],
}


#: Whole numbers, or floats where values are missing: which of the two, only the values say.
_BY_VALUES = {"str len", "dt", "dt zoned"}


@pytest.mark.parametrize("npartitions", [1, 4])
@pytest.mark.parametrize("name", [name for name in _CASES if name != "melt"])
def test_it_is_what_pandas_has(name: str, npartitions: int, way: str, mixed: pd.DataFrame) -> None:
    case = _CASES[name]
    with np.errstate(all="ignore"):
        expected = case(mixed)
        lazy = case(rd.from_pandas(mixed, npartitions=npartitions))
        found = lazy.compute()
    if isinstance(expected, np.ndarray):
        expected = pd.Series(expected, index=mixed.index)
    if isinstance(expected, pd.DataFrame):
        tm.assert_frame_equal(found, expected, check_column_type=False)
        tm.assert_index_equal(lazy._meta.columns, expected.columns, exact=False)
        assert lazy.dtypes.astype(str).tolist() == expected.dtypes.astype(str).tolist()
    elif isinstance(expected, pd.Series):
        tm.assert_series_equal(found, expected)
        assert str(lazy.dtype) == str(expected.dtype) or name in _BY_VALUES
        assert lazy.name == expected.name
    else:
        tm.assert_index_equal(found, expected)


def test_columns_are_set_and_deleted_in_place(way: str) -> None:
    frame = pd.DataFrame({"x": [1, 2, 3], "y": [4.0, 5.0, 6.0]})
    df = rd.from_pandas(frame, npartitions=2)
    before = df.x
    df["z"] = df.x + df.y
    df.x = 0
    df[["a", "b"]] = df[["z", "y"]]
    del df["y"]
    frame["z"] = frame.x + frame.y
    frame.x = 0
    frame[["a", "b"]] = frame[["z", "y"]]
    del frame["y"]
    tm.assert_frame_equal(df.compute(), frame)
    assert before.compute().tolist() == [1, 2, 3]
    df.columns = list("pqrs")
    assert list(df.compute().columns) == list("pqrs")
    with pytest.raises(ValueError, match="Length mismatch"):
        df.columns = ["one"]
    with pytest.raises(TypeError, match="from_pandas"):
        df["bad"] = [1, 2, 3]


def test_frames_of_other_rows_are_refused_with_the_fix() -> None:
    one = rd.from_pandas(pd.DataFrame({"x": range(6)}), npartitions=3)
    other = rd.from_pandas(pd.DataFrame({"x": range(6)}, index=[5, 4, 3, 2, 1, 0]), npartitions=2, sort=False)
    with pytest.raises(ValueError, match="set_index"):
        one.x + other.x
    with pytest.raises(KeyError, match="bool"):
        one[one.x]


def test_frames_of_equal_divisions_are_aligned_partition_by_partition(way: str) -> None:
    a = pd.Series([1, 2, 3, 4], index=[0, 1, 2, 3])
    b = pd.Series([10, 20, 30, 40], index=[0, 1, 2, 3])
    found = rd.from_pandas(a, npartitions=2) + rd.from_pandas(b, npartitions=2)
    tm.assert_series_equal(found.compute(), a + b)
    filtered = rd.from_pandas(a, npartitions=2)
    tm.assert_series_equal((filtered + filtered[filtered > 2]).compute(), a + a[a > 2])


def test_quotients_and_remainders(way: str, mixed: pd.DataFrame) -> None:
    for name in ("i", "f", "small"):
        series = mixed[name]
        lazy = rd.from_pandas(series, npartitions=3)
        for method in ("divmod", "rdivmod"):
            for found, expected in zip(getattr(lazy, method)(4), getattr(series, method)(4), strict=True):
                tm.assert_series_equal(found.compute(), expected)
    with pytest.raises(ValueError, match="No axis named"):
        lazy.divmod(4, axis=1)
    assert lazy.astype("float64", copy=False).compute().dtype == "float64"
