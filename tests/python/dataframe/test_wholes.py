"""Methods that need all rows hold to pandas, wherever partitions end; results go together with the frame."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pandas.testing as tm
import pytest
import raskt.dataframe as rd

_SIZES = (1, 0, 2, 0, 0, 2, 1)


def _cut(frame: Any, sizes: tuple[int, ...] = _SIZES) -> Any:
    """Return a frame of partitions of those lengths, some of which are empty, without divisions."""
    ends = np.cumsum(sizes).tolist()
    parts = [frame.iloc[end - size : end] for end, size in zip(ends, sizes, strict=True)]
    return rd.from_map(parts.__getitem__, range(len(parts)), meta=frame[:0])


def _same(lazy: Any, expected: Any) -> None:
    found = lazy.compute()
    if isinstance(expected, pd.DataFrame):
        assert lazy.dtypes.astype(str).tolist() == expected.dtypes.astype(str).tolist()
        tm.assert_frame_equal(found, expected, check_freq=False)
        assert list(lazy.columns) == list(expected.columns)
    else:
        tm.assert_series_equal(found, expected, check_freq=False)
        assert lazy.name == expected.name


_KEPT: dict[str, Any] = {
    "rank": lambda d: d[["i", "f", "s", "t", "m", "z"]].rank(),
    "rank of numbers": lambda d: d.rank(numeric_only=True, method="dense", ascending=False),
    "rank pct": lambda d: d.f.rank(pct=True, na_option="top", method="min"),
    "rank along columns": lambda d: d[["i", "f"]].rank(axis=1),
    "rank of categories": lambda d: d.c.rank(),
    "interpolate": lambda d: d[["i", "f"]].interpolate(),
    "interpolate both": lambda d: d.f.interpolate(limit_direction="both", limit=1),
    "interpolate outside": lambda d: d.f.interpolate(limit_area="inside"),
    "interpolate along columns": lambda d: d[["i", "f"]].interpolate(axis=1),
    "expanding": lambda d: d[["i", "f"]].expanding(2).sum(),
    "expanding column": lambda d: d.expanding().i.max(),
    "expanding quantile": lambda d: d.f.expanding().quantile(0.3),
    "expanding rank": lambda d: d.i.expanding().rank(),
    "expanding agg": lambda d: d[["i"]].expanding().agg(["min", "mean"]),
    "expanding corr": lambda d: d.i.expanding().corr(d.small),
    "ewm": lambda d: d[["i", "f"]].ewm(span=3).mean(),
    "ewm std": lambda d: d.i.ewm(com=2, adjust=False, min_periods=2).std(),
    "ewm sum": lambda d: d.ewm(alpha=0.3)["small"].sum(),
    "ewm cov": lambda d: d.i.ewm(alpha=0.3).cov(d.small),
    "rolling corr": lambda d: d.i.rolling(3).corr(d.small),
    "rolling cov": lambda d: d.i.rolling(4, min_periods=1).cov(d.small),
    "rolling rank": lambda d: d.i.rolling(3).rank(),
    "rolling nunique": lambda d: d.i.rolling(3, min_periods=1).nunique(),
    "rolling first": lambda d: d.i.rolling(3, min_periods=1).first(),
    "argsort": lambda d: d.i.argsort(),
    "transform": lambda d: d[["i", "small"]].transform(lambda x: x - x.mean()),
    "transform several": lambda d: d.i.transform(["cumsum", "abs"]),
}


@pytest.mark.parametrize("name", _KEPT)
def test_what_keeps_rows(name: str, way: str, mixed: pd.DataFrame) -> None:
    function = _KEPT[name]
    for index in (
        mixed.index,
        pd.Index(["a", "b", "a", "c", "c", "a"], name="l"),
        pd.Index([3, 1, 1, 9, 0, 0]),
    ):
        frame = mixed.set_axis(index)
        df = _cut(frame)
        expected = function(frame)
        _same(function(df), expected)
        # It goes together with the frame, row by row.
        column = function(df)
        if column.ndim == 1 and df.npartitions > 1:
            tm.assert_series_equal(
                df.assign(new=column).compute().new, expected.rename("new"), check_freq=False
            )


def test_interpolation_by_time(way: str) -> None:
    times = pd.to_datetime(
        ["2013-01-01", "2013-01-02", "2013-01-05", "2013-01-06", "2013-01-09", "2013-01-10"]
    )
    s = pd.Series([1.0, None, None, 8.0, None, 2.0], index=times, name="x")
    _same(_cut(s).interpolate("time"), s.interpolate("time"))
    _same(_cut(s.to_frame()).interpolate("index"), s.to_frame().interpolate("index"))
    with pytest.raises(ValueError, match="time-weighted interpolation only works"):
        _cut(s.reset_index(drop=True)).interpolate("time")


@pytest.mark.parametrize("keep", ["first", "last", False])
def test_duplicated(keep: Any, way: str) -> None:
    frame = pd.DataFrame(
        {1: [1.0, np.nan, 1.0, np.nan, 2.0, 1.0], "s": ["a", None, "a", None, "a", "b"]},
        index=[0, 0, 1, 1, 5, 5],
    )
    df = _cut(frame)
    _same(df.duplicated(keep=keep), frame.duplicated(keep=keep))
    for subset in (1, ["s"], ("s", 1)):
        _same(df.duplicated(subset, keep=keep), frame.duplicated(subset, keep=keep))
    _same(df["s"].duplicated(keep=keep), frame["s"].duplicated(keep=keep))
    tm.assert_frame_equal(df[~df.duplicated(keep=keep)].compute(), frame[~frame.duplicated(keep=keep)])
    with pytest.raises(KeyError, match="nowhere"):
        df.duplicated("nowhere")
    with pytest.raises(ValueError, match="keep must be"):
        df.duplicated(keep="all")


def test_reindex(way: str, mixed: pd.DataFrame) -> None:
    frame = mixed.set_axis(pd.Index([1, 2, 4, 7, 8, 9], name="l"))
    for df in (_cut(frame), rd.from_pandas(frame, npartitions=3)):
        for wanted in ([4, 1, 5], [9, 9, 3], [], pd.Index([8, 2], name="other")):
            tm.assert_frame_equal(df.reindex(wanted).compute(), frame.reindex(wanted))
        _same(df.i.reindex([7, 3], fill_value=0), frame.i.reindex([7, 3], fill_value=0))
        _same(df.reindex(columns=["f", "new", "i"]), frame.reindex(columns=["f", "new", "i"]))
        _same(df.reindex(["f"], axis=1), frame.reindex(["f"], axis=1))
        _same(df.f.reindex([3, 5], method="ffill"), frame.f.reindex([3, 5], method="ffill"))
        _same(
            df.i.reindex([3, 6], method="nearest", tolerance=1).astype(float),
            frame.i.reindex([3, 6], method="nearest", tolerance=1).astype(float),
        )
        _same(df[["f"]].reindex_like(frame[["i", "f"]][:2]), frame[["f"]].reindex_like(frame[["i", "f"]][:2]))
    with pytest.raises(ValueError, match="duplicate labels"):
        _cut(frame.set_axis([1, 1, 2, 2, 3, 3])).reindex([1]).compute()
    with pytest.raises(NotImplementedError, match="compute"):
        _cut(frame).reindex(rd.from_pandas(frame, npartitions=2).index)
    with pytest.raises(NotImplementedError, match="merge"):
        _cut(frame).reindex([1], level=0)


def test_rows_as_columns_and_back(way: str) -> None:
    frame = pd.DataFrame({"x": [1, 2, 3, 4, 5, 6], "y": [0.5, np.nan, 1.5, 2, 3, 4]}, index=list("abcdef"))
    df = _cut(frame)
    _same(df.T, frame.T)
    _same(df[["x"]].transpose(), frame[["x"]].T)
    _same(_cut(frame.assign(s="t")).T, frame.assign(s="t").T)
    _same(df.stack(), frame.stack())
    assert df.x.T.compute().equals(frame.x)
    both = frame.stack()
    lazy = df.stack()
    _same(lazy.unstack(), both.unstack())
    _same(lazy.unstack(0), both.unstack(0))
    _same(df.unstack(), frame.unstack())
    with pytest.raises(ValueError, match="index must be a MultiIndex to unstack"):
        df.x.unstack()


def test_groups_as_columns(way: str) -> None:
    frame = pd.DataFrame(
        {
            "k": pd.Categorical(["a", "b", "a", "c", "b", "a"]),
            "j": [2, 1, 1, 2, 2, 1],
            "x": [1, 2, 3, 4, 5, 6],
            "y": 0.5,
        }
    )
    df = _cut(frame)
    for by in (["k", "j"], ["j", "k"]):
        expected, lazy = frame.groupby(by).x.sum(), df.groupby(by).x.sum()
        _same(lazy.unstack(), expected.unstack())
        _same(lazy.unstack(by[0], fill_value=0), expected.unstack(by[0], fill_value=0))
    _same(
        df.groupby(["k", "j"])[["x", "y"]].mean().unstack(),
        frame.groupby(["k", "j"])[["x", "y"]].mean().unstack(),
    )


def test_pivot(way: str) -> None:
    frame = pd.DataFrame({"k": list("aabbcc"), "c": [1, 2, 1, 2, 1, 2], "x": range(6), "y": [None, *"bcdef"]})
    df = _cut(frame)
    named = {"index": "k", "columns": "c"}
    _same(df.pivot(**named, values="x"), frame.pivot(**named, values="x"))
    _same(df.pivot(**named), frame.pivot(**named))
    expected = frame[:5].pivot(**named, values="x")
    tm.assert_frame_equal(df[df.x < 5].pivot(**named, values="x").compute(), expected)
    with pytest.raises(ValueError, match="duplicate entries"):
        df.assign(k="a").pivot(**named, values="x").compute()
    with pytest.raises(KeyError, match="nowhere"):
        df.pivot(index="k", columns="nowhere")
    with pytest.raises(NotImplementedError, match="pivot_table"):
        df.pivot(index="k", columns=["c", "y"])


def test_counts_of_rows(way: str) -> None:
    frame = pd.DataFrame({"x": [1, 2, 1, 1, 2, 3], "s": ["a", None, "a", "b", None, "a"]})
    df = _cut(frame)
    _same(df.value_counts(), frame.value_counts())
    _same(df.value_counts("x", normalize=True), frame.value_counts("x", normalize=True))
    named = {"sort": False, "dropna": False}
    _same(df.value_counts(["s"], **named), frame.value_counts(["s"], **named))


def test_single_values(way: str) -> None:
    frame = pd.DataFrame({"x": [1, 2, 3, 4, 5, 6]}, index=list("abcdef"))
    df = _cut(frame)
    assert df.at["c", "x"].compute() == 3
    assert (df.x.at["f"] + 1).compute() == 7
    with pytest.raises(KeyError, match="nowhere"):
        df.at["nowhere", "x"].compute()
    with pytest.raises(ValueError, match="row and a column"):
        df.at["a"]


def test_what_is_not_there_names_the_alternative(mixed: pd.DataFrame) -> None:
    df = _cut(mixed)
    for call, alternative in (
        (lambda: df[["i", "f"]].rolling(2).corr(), "pair by pair"),
        (lambda: df.i.ewm(alpha=0.5).cov(df.f, pairwise=True), "pair by pair"),
        (lambda: df.ewm(halflife="1D", times=df.t), "map_partitions"),
        (lambda: df.transform(np.sqrt, axis=1), "apply"),
        (lambda: df.f.interpolate(inplace=True), "assign"),
    ):
        with pytest.raises(NotImplementedError, match=alternative):
            call()
    with pytest.raises(ValueError, match="No axis named 1"):
        df.i.rank(axis=1)
    with pytest.raises(ValueError, match="did not transform"):
        df[["i"]].transform(lambda x: x.sum()).compute()


def test_pictures_of_results(mixed: pd.DataFrame) -> None:
    pytest.importorskip("matplotlib").use("Agg")
    means = _cut(mixed).groupby("c").i.mean()
    assert [patch.get_height() for patch in means.plot.bar().patches] == [3.0, 3.0]
    assert means.plot(kind="line").lines[0].get_ydata().tolist() == [3.0, 3.0]
    with pytest.raises(AttributeError, match="no attribute 'nowhere'"):
        _ = means.plot.nowhere


@pytest.mark.parametrize("method", ["average", "min", "max", "first", "dense"])
@pytest.mark.parametrize("na_option", ["keep", "top", "bottom"])
@pytest.mark.parametrize("ascending", [True, False])
def test_ranks(method: str, na_option: str, ascending: bool, way: str) -> None:
    rows = pd.DataFrame(
        {
            "f": [0.0, np.nan, -0.0, np.inf, -np.inf, np.nan],
            "i": [2**53 + 1, 2**53, 2**53 + 1, -1, 0, 0],
            "b": [True, False, True, False, True, True],
            "s": ["long text, the one", None, "long text, the other", "", "ü", ""],
            "t": pd.to_datetime(["2013", None, "2012", "2013", None, "1969"]),
            "z": pd.to_datetime(["2013", None, "2012", "2013", None, "1969"]).tz_localize("Europe/Oslo"),
            "d": pd.to_timedelta([1, None, -1, 1, 0, 3], unit="D"),
            "u": np.array([0, 1, 255, 255, 3, 4], dtype="uint8"),
        }
    )
    named = {"method": method, "na_option": na_option, "ascending": ascending}
    for pct in (False, True):
        for cut in (_cut(rows), rd.from_pandas(rows, npartitions=1)):
            _same(cut.rank(**named, pct=pct), rows.rank(**named, pct=pct))
            _same(cut.s.rank(**named, pct=pct), rows.s.rank(**named, pct=pct))


def test_ranks_are_native_and_go_together_with_the_frame() -> None:
    rows = pd.DataFrame({"x": [3.0, None, 1.0, 2.0], "y": [1, 2, 3, 4]})
    df = rd.from_pandas(rows, npartitions=3)
    found = df.assign(place=df.x.rank())
    assert "frame.rank" in found.explain()
    expected = rows.assign(place=rows.x.rank())
    _same(found, expected)
    _same(found[found.place > 1].y, expected[expected.place > 1].y)
    assert len(df[:0].rank().compute()) == 0


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_so_many_missing_values_of_all_rows_are_filled(limit: int, way: str) -> None:
    rows = pd.DataFrame(
        {"f": [np.nan, 1.0, np.nan, np.nan, 2.0, np.nan], "s": ["a", None, None, "b", "c", None]}
    )
    df = _cut(rows)
    _same(df.fillna({"f": 0.5, "s": "x"}, limit=limit), rows.fillna({"f": 0.5, "s": "x"}, limit=limit))
    _same(df.f.fillna(0.0, limit=limit), rows.f.fillna(0.0, limit=limit))
    _same(df[["f"]].fillna(0.0, axis=1, limit=1), rows[["f"]].fillna(0.0, axis=1, limit=1))
    with pytest.raises(NotImplementedError, match="compute"):
        df.f.fillna(df.f.mean(), limit=limit)
