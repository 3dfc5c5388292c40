"""Names of groups that pandas' own group-by answers, and aggregations of users with partial states."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pandas.testing as tm
import pytest
import raskt.dataframe as rd


def _cut(frame: Any, sizes: tuple[int, ...] = (2, 0, 3, 1)) -> Any:
    """Return a frame of partitions of those lengths, one of which is empty, without divisions."""
    ends = np.cumsum(sizes).tolist()
    parts = [frame.iloc[end - size : end] for end, size in zip(ends, sizes, strict=True)]
    return rd.from_map(parts.__getitem__, range(len(parts)), meta=frame[:0])


def _same(lazy: Any, expected: Any) -> None:
    found = lazy.compute()
    if isinstance(expected, pd.DataFrame):
        tm.assert_frame_equal(found, expected)
    else:
        tm.assert_series_equal(found, expected)


@pytest.fixture
def table() -> pd.DataFrame:
    """Return rows of two keys, which are missing in places, and values."""
    return pd.DataFrame(
        {
            "k": ["a", "b", "a", None, "b", "a"],
            "j": [1, 1, 2, 2, 1, 2],
            "x": [3, 1, 2, 9, 7, 5],
            "y": [0.5, np.nan, 1.5, 2.5, np.nan, 4.0],
        }
    )


_PLAIN = [
    *("cumsum", "cumprod", "cummin", "cummax", "cumcount", "ngroup", "ffill", "bfill", "shift", "diff"),
    *("rank", "idxmin", "idxmax", "sem", "skew", "nunique", "head", "any", "all", "value_counts", "cov"),
    *("corr", "median", "tail"),
]


@pytest.mark.parametrize(
    ("name", "args"),
    [
        *(
            (name, ())
            for name in ("cumsum", "cumprod", "cummin", "cummax", "cumcount", "ngroup", "ffill", "bfill")
        ),
        *(
            (name, ())
            for name in ("shift", "diff", "rank", "idxmin", "idxmax", "sem", "skew", "nunique", "head")
        ),
        *((name, ()) for name in ("any", "all", "value_counts", "cov", "corr", "median", "tail")),
        ("nth", (1,)),
        ("quantile", (0.3,)),
        ("get_group", ("a",)),
        ("shift", (-1,)),
        ("transform", ("sum",)),
        ("apply", (len,)),
    ],
    ids=str,
)
def test_methods_of_groups(name: str, args: Any, way: str, table: pd.DataFrame) -> None:
    columns = ["j", "x"] if name in ("idxmin", "idxmax", "cumprod") else ["j", "x", "y"]
    found, expected = _cut(table).groupby("k"), table.groupby("k")
    _same(getattr(found[columns], name)(*args), getattr(expected[columns], name)(*args))
    if name not in ("cov", "corr"):
        _same(getattr(found.x, name)(*args), getattr(expected.x, name)(*args))
    assert name in dir(found)


@pytest.mark.parametrize(
    ("arg", "named"),
    [
        ("sum", {}),
        (["sum", "max"], {}),
        ({"x": "sum", "y": ["min", "count"]}, {}),
        ({"x": lambda values: values.max() - values.min()}, {}),
        (None, {"low": ("x", "min"), "mid": ("y", "median")}),
        (None, {"low": pd.NamedAgg("x", "min"), "high": pd.NamedAgg("x", "max")}),
    ],
    ids=["one", "list", "dict", "function", "named", "NamedAgg"],
)
def test_aggregates_of_groups(arg: Any, named: dict[str, Any], way: str, table: pd.DataFrame) -> None:
    for keys in ("k", ["k", "j"]):
        values = [name for name in ("k", "j", "x", "y") if name in keys or name in ("x", "y")]
        found, expected = _cut(table[values]).groupby(keys), table[values].groupby(keys)
        given = () if arg is None else (arg,)
        _same(found.agg(*given, **named), expected.agg(*given, **named))


def _span() -> Any:
    return rd.Aggregation(
        "span",
        lambda groups: (groups.min(), groups.max()),
        lambda low, high: (low.min(), high.max()),
        lambda low, high: high - low,
    )


def _spread(values: Any) -> Any:
    return values.max() - values.min()


@pytest.mark.parametrize("options", [{}, {"sort": False}, {"dropna": False}, {"as_index": False}], ids=str)
def test_aggregations_of_users(options: dict[str, Any], way: str, table: pd.DataFrame) -> None:
    for keys in ("k", ["k", "j"]):
        found, expected = _cut(table).groupby(keys, **options), table.groupby(keys, **options)
        _same(found[["x", "y"]].agg(_span()), expected[["x", "y"]].agg(_spread))
        _same(found.x.agg(_span()), expected.x.agg(_spread))
    total = rd.Aggregation("total", lambda groups: groups.sum(), lambda sums: sums.sum())
    _same(
        _cut(table).groupby("k").agg({"x": [total, "min"], "y": [_span()]}),
        pd.concat(
            {
                ("x", "total"): table.groupby("k").x.sum(),
                ("x", "min"): table.groupby("k").x.min(),
                ("y", "span"): table.groupby("k").y.agg(_spread),
            },
            axis=1,
        ),
    )


def test_aggregations_that_are_none_are_errors(table: pd.DataFrame) -> None:
    with pytest.raises(TypeError, match="chunk must be a function, found str"):
        rd.Aggregation("total", "sum", lambda sums: sums.sum())
    with pytest.raises(KeyError, match="'q'"):
        _cut(table).groupby("k").agg({"q": _span()})
    with pytest.raises(AttributeError, match="nothing"):
        _ = _cut(table).groupby("k").nothing


def test_groups_are_computed_as_those_of_pandas(table: pd.DataFrame) -> None:
    groups = _cut(table).groupby("k").compute()
    assert groups.groups.keys() == {"a", "b"}
    tm.assert_frame_equal(groups.sum(), table.groupby("k").sum())
