"""Groups that pandas works on come together by their keys in several tasks, and hold to pandas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pandas.testing as tm
import pytest
import raskt
import raskt.dataframe as rd

_RANDOM = np.random.default_rng(3)
_N = 60
_ROWS = pd.DataFrame(
    {
        "k": _RANDOM.choice(["b", "a", "ü", None, "c"], _N),
        "j": _RANDOM.integers(-2, 3, _N),
        "f": _RANDOM.choice([0.0, -0.0, 1.5, np.nan, -2.0], _N),
        "t": pd.to_datetime(_RANDOM.choice(["2013", "2012", "NaT"], _N)),
        "x": _RANDOM.integers(0, 9, _N),
        "y": np.where(_RANDOM.random(_N) < 0.3, np.nan, _RANDOM.normal(size=_N)),
    },
    index=pd.Index(_RANDOM.integers(0, 20, _N), name="label"),
)
_METHODS: dict[str, Callable[[Any], Any]] = {
    "median": lambda g: g[["x", "y"]].median(),
    "quantile": lambda g: g.x.quantile(0.3),
    "quantiles": lambda g: g[["x", "y"]].quantile([0.9, 0.1]),
    "unique": lambda g: g.x.unique(),
    "skew": lambda g: g.y.skew(),
    "describe": lambda g: g.x.describe(),
    "ohlc": lambda g: g.x.ohlc(),
    "nlargest": lambda g: g.x.nlargest(2),
    "cov": lambda g: g[["x", "y"]].cov(),
    "agg": lambda g: g.x.agg(lambda values: values.max() - values.min()),
    "agg of several": lambda g: g.agg({"x": ["median", "sum"], "y": "median"}),
    "apply": lambda g: g.y.apply(lambda values: values.iloc[0]),
    "apply of rows": lambda g: g[["x", "y"]].apply(lambda rows: (rows.x * rows.y).sum()),
    "rolling": lambda g: g.x.rolling(2).sum(),
    "expanding": lambda g: g[["y"]].expanding().mean(),
}


def _cut(frame: Any, sizes: tuple[int, ...] = (20, 0, 3, 1, 36)) -> Any:
    ends = np.cumsum(sizes).tolist()
    parts = [frame.iloc[end - size : end] for end, size in zip(ends, sizes, strict=True)]
    return rd.from_map(parts.__getitem__, range(len(parts)), meta=frame[:0])


def _same(found: Any, expected: Any) -> None:
    if isinstance(expected, pd.DataFrame):
        tm.assert_frame_equal(found, expected)
    else:
        tm.assert_series_equal(found, expected)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", _METHODS)
@pytest.mark.parametrize("keys", [["k"], ["j"], ["f"], ["t"], ["k", "j"], ["f", "t"]], ids="+".join)
def test_groups_by_columns(name: str, keys: list[str], way: str) -> None:
    method = _METHODS[name]
    by = keys[0] if len(keys) == 1 else keys
    _same(method(_cut(_ROWS).groupby(by)).compute(), method(_ROWS.groupby(by)))


@pytest.mark.parametrize("options", [{"dropna": False}, {"sort": False}, {"as_index": False}], ids=str)
def test_options_of_groups(options: dict[str, Any], way: str) -> None:
    for keys in ("k", "f", ["k", "j"]):
        found, expected = _cut(_ROWS).groupby(keys, **options), _ROWS.groupby(keys, **options)
        _same(found[["x", "y"]].median().compute(), expected[["x", "y"]].median())


def test_other_keys(way: str) -> None:
    lazy = _cut(_ROWS)
    _same(lazy.groupby(level=0).x.median().compute(), _ROWS.groupby(level=0).x.median())
    _same(lazy.groupby(lazy.x % 3).y.median().compute(), _ROWS.groupby(_ROWS.x % 3).y.median())
    _same(lazy.x.groupby(lazy.k).median().compute(), _ROWS.x.groupby(_ROWS.k).median())
    named = _ROWS.rename(columns={"k": 1, "j": 0})
    _same(_cut(named).groupby([1, 0]).x.quantile([0.5]).compute(), named.groupby([1, 0]).x.quantile([0.5]))


def test_frames_without_groups(way: str) -> None:
    for rows in (_ROWS[:0], _ROWS.assign(k=pd.Series([None] * _N, dtype="str", index=_ROWS.index))):
        found = _cut(rows).groupby("k").x.median().compute()
        tm.assert_series_equal(found, rows.groupby("k").x.median())


@pytest.mark.parametrize("meta", [("x", "f8"), pd.Series([], dtype="f8", name="x")], ids=["pair", "series"])
def test_parts_without_groups_beside_others_whose_index_meta_does_not_name(meta: Any) -> None:
    frame = pd.DataFrame({"k": [1, 1, 2, 2], "x": [1.0, 2, 3, 4]})
    lazy = rd.from_pandas(frame, npartitions=2).groupby("k")
    found = lazy.apply(lambda rows: rows.x.sum(), meta=meta).compute()
    assert (found.to_dict(), found.index.name) == ({1: 3.0, 2: 7.0}, "k")


def test_rows_are_not_all_in_one_task() -> None:
    text = _cut(_ROWS).groupby("k").x.median().explain()
    assert "shuffle" in text
    delayed = raskt.delayed(2)
    found = (
        _cut(_ROWS).groupby("k").x.apply(lambda values, n: values.sum() * n, n=delayed, meta=("x", "int64"))
    )
    _same(found.compute(), _ROWS.groupby("k").x.apply(lambda values: values.sum() * 2))


def test_columns_that_are_not_asked_for_may_be_of_objects() -> None:
    rows = _ROWS.assign(o=pd.Series([(1,), "a", None] * (_N // 3), dtype=object, index=_ROWS.index))
    lazy = _cut(rows).groupby("k")
    assert "frame.groupby" in lazy.x.sum().explain()
    assert "shuffle" in lazy.x.median().explain()
    _same(lazy.x.sum().compute(), rows.groupby("k").x.sum())
    _same(lazy[["x", "y"]].median().compute(), rows.groupby("k")[["x", "y"]].median())
    _same(lazy.o.first().compute(), rows.groupby("k").o.first())
