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


_KEPT: dict[str, Any] = {
    "cumsum": lambda g: g.cumsum(),
    "cummax": lambda g: g.cummax(skipna=False),
    "cumcount": lambda g: g.cumcount(ascending=False),
    "rank": lambda g: g.rank(method="min", ascending=False),
    "diff": lambda g: g.diff(-1),
    "shift": lambda g: g.shift(1, fill_value=0),
    "pct_change": lambda g: g.pct_change(),
    "ffill": lambda g: g.ffill(limit=1),
    "transform": lambda g: g.transform("mean"),
    "transform by a function": lambda g: g.transform(lambda x: x - x.max()),
}


@pytest.mark.parametrize("dropna", [True, False])
@pytest.mark.parametrize("name", _KEPT)
def test_what_has_a_row_for_each_row_goes_together_with_the_frame(
    name: str, dropna: bool, way: str, table: pd.DataFrame
) -> None:
    for index in (table.index, pd.Index([1, 1, 0, 7, 0, 1], name="l")):
        frame = table.set_axis(index)
        df = _cut(frame)
        for column in ("x", "y"):
            expected = _KEPT[name](frame.groupby("k", dropna=dropna)[column])
            found = _KEPT[name](df.groupby("k", dropna=dropna)[column])
            _same(found, expected)
            tm.assert_series_equal(df.assign(new=found).compute().new, expected.rename("new"))


_OTHERS: dict[str, Any] = {
    "nth": lambda g: g.nth(1),
    "nth of several": lambda g: g.nth([0, -1]),
    "take": lambda g: g.take([0]),
    "quantile": lambda g: g.quantile([0.2, 0.5]),
    "quantile lower": lambda g: g.quantile(0.4, interpolation="lower"),
    "kurt": lambda g: g.kurt(),
    "describe": lambda g: g.describe(),
    "filter": lambda g: g.filter(lambda group: len(group) > 2),
    "get_group": lambda g: g.get_group("a"),
    "sample": lambda g: g.sample(n=1, random_state=3),
    "rolling": lambda g: g.rolling(2).sum(),
    "rolling min_periods": lambda g: g.rolling(3, min_periods=1).mean(),
    "expanding": lambda g: g.expanding().max(),
    "ewm": lambda g: g.ewm(alpha=0.5).mean(),
    "pipe": lambda g: g.pipe(lambda groups: groups.max()),
}


@pytest.mark.parametrize("name", _OTHERS)
def test_other_names_of_groups(name: str, way: str, table: pd.DataFrame) -> None:
    function = _OTHERS[name]
    frame = table.dropna(subset="k")
    df = _cut(frame, (2, 0, 2, 1))
    _same(function(df.groupby("k").x), function(frame.groupby("k").x))
    _same(function(df[["k", "x", "y"]].groupby("k")), function(frame[["k", "x", "y"]].groupby("k")))
    series = df.groupby("k").x
    if name == "pipe":
        _same(series.nlargest(2), frame.groupby("k").x.nlargest(2))
        _same(series.is_monotonic_increasing, frame.groupby("k").x.is_monotonic_increasing)
        assert series.ngroups == 2
        assert {key: list(rows) for key, rows in series.groups.items()} == {"a": [0, 2, 5], "b": [1, 4]}


def test_bins_within_groups(way: str) -> None:
    times = pd.to_datetime(["2013-01-01", "2013-01-01", "2013-01-02", "2013-01-05", "2013-01-05"])
    frame = pd.DataFrame({"k": ["a", "b", "a", "a", "b"], "x": [1, 2, 3, 4, 5]}, index=times)
    df = _cut(frame, (1, 0, 3, 1))
    _same(df.groupby("k").x.resample("2D").sum(), frame.groupby("k").x.resample("2D").sum())
    _same(df.groupby("k")[["x"]].rolling("2D").sum(), frame.groupby("k")[["x"]].rolling("2D").sum())


def test_what_groups_do_not_have_names_the_alternative(table: pd.DataFrame) -> None:
    groups = _cut(table).groupby("k").x
    with pytest.raises(NotImplementedError, match="shift the frame"):
        groups.shift(freq="D")
    with pytest.raises(NotImplementedError, match="random_state="):
        groups.sample(n=1)
    with pytest.raises(NotImplementedError, match="fill or shift before"):
        groups.pct_change(freq="D")


_WITHIN: dict[str, Any] = {
    "cumsum": lambda g: g.cumsum(),
    "cumprod": lambda g: g.cumprod(),
    "cummin": lambda g: g.cummin(),
    "cummax": lambda g: g.cummax(),
    "cumcount": lambda g: g.cumcount(),
    "cumcount back": lambda g: g.cumcount(ascending=False),
    "shift": lambda g: g.shift(),
    "shift far": lambda g: g.shift(7),
    "shift back": lambda g: g.shift(-2),
    "diff": lambda g: g.diff(2),
    "diff back": lambda g: g.diff(-1),
    "ffill": lambda g: g.ffill(),
    "bfill": lambda g: g.bfill(),
}


def _wide() -> pd.DataFrame:
    """Return rows of keys and values of many dtypes, each of which is missing in places."""
    rng = np.random.default_rng(7)
    n = 60
    holes = rng.random(n) < 0.3
    texts = np.array(["a", "b", "a text that is longer", None], dtype=object)
    return pd.DataFrame(
        {
            "k": pd.Series(texts[rng.integers(0, 4, n)], dtype="str"),
            "j": rng.integers(0, 3, n),
            "i": rng.integers(-3, 4, n),
            "f": np.where(holes, np.nan, rng.random(n)),
            "n": pd.array(np.where(holes, None, rng.integers(-3, 4, n)), dtype="Int64"),
            "s": pd.Series(np.where(holes, None, "x"), dtype="str").str.cat(
                rng.integers(0, 9, n).astype(str)
            ),
            "t": pd.Series(pd.date_range("2013-01-01", periods=n, tz="Europe/Oslo")).where(~holes),
            "c": pd.Categorical(np.where(holes, None, texts[rng.integers(0, 3, n)])),
        },
        index=pd.Index(rng.integers(0, 5, n), name="l"),
    )


@pytest.mark.parametrize("dropna", [True, False])
@pytest.mark.parametrize("name", _WITHIN)
def test_rows_of_a_group_are_carried_past_partitions_without_any(name: str, dropna: bool) -> None:
    frame, function = _wide(), _WITHIN[name]
    columns = ["i", "f", "n"] if name[:3] in ("cum", "dif") else ["i", "f", "n", "s", "t", "c"]
    columns = [column for column in columns if name[:4] != "diff" or column != "n"]
    df = _cut(frame, (1, 0, 30, 2, 7, 0, 20))
    for by in ("k", ["k", "j"], "j", "c"):
        expected = function(frame.groupby(by, dropna=dropna, observed=True)[columns])
        found = function(df.groupby(by, dropna=dropna, observed=True)[columns])
        assert "within_groups" in repr(found.explain()), (name, by)
        _same(found, expected)
    _same(function(df.f.groupby(df.j)), function(frame.f.groupby(frame.j)))
    _same(function(df.groupby(level="l").i), function(frame.groupby(level="l").i))
    assert df.groupby("j").f.cumsum().known_divisions == df.known_divisions


def test_sums_within_groups_are_those_of_kahan_as_in_pandas() -> None:
    values = [0.1, 1e16, -1e16, 0.3, np.inf, 1.0, -np.inf, 2.0, np.nan, 5.0]
    frame = pd.DataFrame({"k": [1, 1, 1, 1, 1, 1, 1, 1, 1, 2], "x": values})
    for sizes in ((10,), (5, 5), (7, 2, 1)):
        df = _cut(frame, sizes)
        for name in ("cumsum", "cumprod", "cummin", "cummax"):
            _same(getattr(df.groupby("k").x, name)(), getattr(frame.groupby("k").x, name)())


def test_a_key_may_be_among_the_values() -> None:
    frame = _wide().assign(b=[True, False, True] * 20)
    df = _cut(frame, (10, 0, 30, 20))
    for name in ("cumsum", "cummax", "shift", "ffill"):
        _same(getattr(df.groupby("n").n, name)(), getattr(frame.groupby("n").n, name)())
        _same(getattr(df.groupby("j")[["j", "i"]], name)(), getattr(frame.groupby("j")[["j", "i"]], name)())
    # Truth values of rows that miss their key are missing: objects.
    _same(df.groupby("k").b.ffill(), frame.groupby("k").b.ffill())
    _same(df.groupby("j").b.ffill(), frame.groupby("j").b.ffill())


def test_sizes_of_groups_of_arrow_columns_are_those_of_arrow() -> None:
    frame = pd.DataFrame({"k": [1, 2, 1], "x": pd.array([1, None, 3], dtype="int64[pyarrow]")})
    _same(rd.from_pandas(frame, npartitions=2).groupby("k").x.size(), frame.groupby("k").x.size())
