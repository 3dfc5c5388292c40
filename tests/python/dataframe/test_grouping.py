"""Group-bys hold to pandas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pandas.testing as tm
import pyarrow as pa
import pytest
import raskt.dataframe as rd

_FRAME = pd.DataFrame(
    {
        "k": ["b", "a", None, "b", "a", "c", "b"],
        "n": [1, 2, 1, 2, 1, 2, 1],
        "x": [1.5, np.nan, 3.0, 4.0, 5.0, 6.0, -1.0],
        "i": np.array([1, 2, 3, 4, 5, 6, 7], dtype="int64"),
        "t": pd.date_range("2013-01-01", periods=7),
    },
    index=pd.Index([10, 11, 12, 13, 14, 15, 16], name="row"),
)

_CASES: dict[str, Callable[[Any], Any]] = {
    **{
        name: (lambda d, name=name: getattr(d.groupby("k")[["x", "i"]], name)())
        for name in (
            "sum",
            "mean",
            "count",
            "min",
            "max",
            "var",
            "std",
            "first",
            "last",
            "prod",
            "size",
            "median",
        )
    },
    "series": lambda d: d.groupby("k").x.sum(),
    "two keys": lambda d: d.groupby(["k", "n"]).x.mean(),
    "frame of one": lambda d: d.groupby("n")[["x"]].max(),
    "missing keys": lambda d: d.groupby("k", dropna=False).i.sum(),
    "not as index": lambda d: d.groupby(["n"], as_index=False).i.sum(),
    "by series": lambda d: d.groupby(d.i % 3).x.sum(),
    "by own column": lambda d: d.groupby(d.k).count(),
    "by own columns": lambda d: d.groupby([d.k, "n"]).max(),
    "by own column of a series": lambda d: d.k.groupby(d.k).count(),
    "statistics by categories": lambda d: (
        d.assign(c=d.k.astype(pd.CategoricalDtype(["c", "b", "a"]))).groupby("c").i.describe()
    ),
    "by an index": lambda d: d.groupby(d.index).x.sum(),
    "by what is made of an index": lambda d: d.set_index("t").groupby(d.set_index("t").index.month).i.sum(),
    "by labels": lambda d: d.groupby(lambda label: label % 2).x.sum(),
    "numbers with decimals": lambda d: (
        d.assign(d=d.i.astype(pd.ArrowDtype(pa.decimal128(30, 2)))).groupby("n").sum(numeric_only=True)
    ),
    "infinite": lambda d: d.assign(x=d.x.where(d.i != 6, np.inf)).groupby("n").x.var(),
    **{
        f"unnamed {name}": (lambda d, name=name: getattr(d.i.rename(None).groupby(d.n), name)())
        for name in ("sum", "median", "cumsum", "nunique", "rank", "head", "size", "value_counts", "describe")
    },
    "unnamed agg": lambda d: d.i.rename(None).groupby(d.n).agg("max"),
    "unnamed agg function": lambda d: d.i.rename(None).groupby(d.n).agg(lambda s: s.max() - s.min()),
    "unnamed agg several": lambda d: d.i.rename(None).groupby(d.n).agg(["max", "sum"]),
    "unnamed apply": lambda d: d.i.rename(None).groupby(d.n).apply(lambda s: s.sum()),
    "unnamed transform": lambda d: d.i.rename(None).groupby(d.n).transform("sum"),
    "unnamed windows": lambda d: d.i.rename(None).groupby(d.n).rolling(2).sum(),
    "by unnamed": lambda d: d.groupby((d.i % 2).rename(None)).i.count(),
    "by level": lambda d: d.groupby(level="row").i.sum(),
    "agg one": lambda d: (
        d.groupby("n").agg("sum", numeric_only=True) if False else d.groupby("n")[["x", "i"]].agg("sum")
    ),
    "agg several": lambda d: d.groupby("n").x.agg(["min", "max"]),
    "agg lists": lambda d: d.groupby("n").agg({"x": ["sum", "mean"], "i": "max"}),
    "agg dict": lambda d: d.groupby("n").agg({"x": "sum", "i": "max"}),
    "agg named": lambda d: d.groupby("n").agg(total=("x", "sum"), top=("i", "max")),
    "agg function": lambda d: d.groupby("n").x.agg(lambda s: s.max() - s.min()),
    "times": lambda d: d.groupby("n").t.max(),
    "nunique": lambda d: d.groupby("n").k.nunique(),
    "ddof": lambda d: d.groupby("n").x.std(ddof=0),
    "apply": lambda d: d.groupby("n").x.apply(lambda s: s.sum() * 2),
    "transform": lambda d: d.groupby("n").i.transform("sum"),
    "cumsum": lambda d: d.groupby("n").i.cumsum(),
    "unsorted size": lambda d: d.groupby("k", sort=False).size(),
    "series by series": lambda d: d.x.groupby(d.n).sum(),
}


@pytest.mark.parametrize("npartitions", [1, 3])
@pytest.mark.parametrize("name", _CASES)
def test_it_is_what_pandas_has(name: str, npartitions: int) -> None:
    case = _CASES[name]
    expected = case(_FRAME)
    found = case(rd.from_pandas(_FRAME, npartitions=npartitions)).compute()
    if isinstance(expected, pd.DataFrame):
        tm.assert_frame_equal(found, expected)
    else:
        tm.assert_series_equal(found, expected)


def test_sums_and_their_like_run_natively() -> None:
    df = rd.from_pandas(_FRAME, npartitions=3)
    assert "frame.groupby" in df.groupby("k").x.sum().explain()


def test_a_missing_column_is_said_at_once() -> None:
    df = rd.from_pandas(_FRAME, npartitions=2)
    with pytest.raises(KeyError, match="'kk'"):
        df.groupby("kk")
    with pytest.raises(KeyError, match="'xx'"):
        df.groupby("k")["xx"]
    with pytest.raises(TypeError, match="by"):
        df.groupby()
    with pytest.raises(AttributeError, match="nonsense"):
        df.groupby("k").nonsense()
