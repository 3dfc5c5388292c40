"""narwhals takes frames of Raskt: through its public interface, they give what frames of Polars give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import polars as pl
import pytest
import raskt.dataframe as rd

nw = pytest.importorskip("narwhals")
pytest.importorskip("dask.dataframe")

LEFT = pd.DataFrame(
    {
        "k": ["a", "b", "a", None, "b", "a"],
        "x": [1, 2, 3, 4, 5, 6],
        "y": [0.5, None, 1.5, 2.5, -1.0, 7.0],
        "t": pd.date_range("2020-01-30", periods=6),
    }
)
RIGHT = pd.DataFrame({"k": ["a", "c", "b", None], "z": [10, 20, 30, 40]})

x, y, k, t = (nw.col(name) for name in "xykt")

CASES: dict[str, Callable[[Any, Any], Any]] = {
    "select": lambda f, g: f.select("x", (y * 2 + 1).alias("w"), (1 - x).alias("v")),
    "with_columns": lambda f, g: f.with_columns(z=x + y, s=x.sum(), m=x - x.mean()),
    "filter": lambda f, g: f.filter((x > 2) & k.is_in(["a", "b"])),
    "is_between": lambda f, g: f.filter(x.is_between(2, 4), ~(x == 3)),
    "aggregate": lambda f, g: f.select(x.sum(), y.mean(), nw.len()),
    "quantiles": lambda f, g: f.select(x.quantile(0.5, "linear"), s=x.std(), n=x.n_unique(), m=x.median()),
    "null_count": lambda f, g: f.select(y.null_count(), c=y.count(), n=y.len()),
    "group_by": lambda f, g: (
        f.group_by("k")
        .agg(x.sum(), y.mean().alias("m"), nw.len(), y.count().alias("c"), x.n_unique().alias("u"))
        .sort("k")
    ),
    "group_by_spread": lambda f, g: (
        f.group_by("k", drop_null_keys=True)
        .agg(x.std().alias("s"), x.var(ddof=0).alias("v"), x.max(), x.min().alias("q"), x.median().alias("r"))
        .sort("k")
    ),
    "join_inner": lambda f, g: f.join(g, on="k").sort("x"),
    "join_left": lambda f, g: f.join(g, on="k", how="left").sort("x"),
    "join_full": lambda f, g: f.join(g, on="k", how="full").sort("x", "z"),
    "join_semi": lambda f, g: f.join(g, on="k", how="semi").sort("x"),
    "join_anti": lambda f, g: f.join(g, on="k", how="anti").sort("x"),
    "join_cross": lambda f, g: f.select("x").join(g.select("z"), how="cross").sort("x", "z"),
    "join_asof": lambda f, g: f.select("x", "y").join_asof(f.select("x", w=y), on="x"),
    "sort": lambda f, g: f.sort("k", "x", descending=[True, False], nulls_last=True),
    "unique_first": lambda f, g: f.unique("k", keep="first", order_by="x").sort("x"),
    "unique_none": lambda f, g: f.unique("k", keep="none").sort("x"),
    "rename_drop": lambda f, g: f.rename({"x": "X"}).drop("y"),
    "head": lambda f, g: f.head(3),
    "tail": lambda f, g: f.tail(3),
    "top_k": lambda f, g: f.top_k(2, by="x"),
    "text": lambda f, g: f.drop_nulls().select(
        k.str.to_uppercase(), a=k.str.starts_with("a"), n=k.str.len_chars(), c=k.str.contains("b")
    ),
    "times": lambda f, g: f.select(t.dt.year().alias("y"), m=t.dt.month(), d=t.dt.truncate("1d")),
    "when": lambda f, g: f.select(
        nw.when(x > 3).then(1).otherwise(0).alias("w"), nw.when(x > 3).then("y").alias("v")
    ),
    "literals": lambda f, g: f.with_columns(nw.lit(3).alias("three"), nw.lit("s").alias("s")),
    "cast": lambda f, g: f.select(x.cast(nw.Float64), x.cast(nw.String).alias("s")),
    "horizontal": lambda f, g: f.select(
        nw.sum_horizontal("x", "y").alias("s"),
        nw.max_horizontal("x", "y").alias("m"),
        nw.min_horizontal("x", "y").alias("n"),
        nw.mean_horizontal("x", "y").alias("a"),
    ),
    "nulls": lambda f, g: f.with_columns(y.fill_null(0), k.fill_null("?")),
    "coalesce": lambda f, g: f.select(nw.coalesce("y", "x").alias("c")),
    "over": lambda f, g: f.with_columns(s=x.sum().over("k")),
    "cumulative": lambda f, g: f.with_columns(c=x.cum_sum().over(order_by="y")),
    "shift": lambda f, g: f.select("x", s=x.shift(1).over(order_by="x"), d=x.diff().over(order_by="x")),
    "row_index": lambda f, g: f.with_row_index(order_by="x"),
    "gather_every": lambda f, g: f.gather_every(2),
    "concat": lambda f, g: nw.concat([f.select("x"), f.select("x")]),
    "concat_diagonal": lambda f, g: nw.concat([f, g], how="diagonal"),
    "unpivot": lambda f, g: f.select("x", "y").unpivot(["x", "y"]),
    "mathematics": lambda f, g: f.select(
        x.sqrt(), e=x.exp(), l=x.log(), a=y.abs(), r=y.round(0), c=x.clip(2, 4), q=x // 2
    ),
    "replace": lambda f, g: f.select(k.replace_strict(["a", "b"], ["A", "B"], default="z")),
    "selectors": lambda f, g: f.select(nw.selectors.numeric()),
    "concat_str": lambda f, g: f.select(nw.concat_str("k", "x", separator="-").alias("c")),
}


def rows(frame: pl.DataFrame) -> list[tuple[Any, ...]]:
    def value(one: Any) -> Any:
        if isinstance(one, float):
            return None if one != one else round(one, 9)
        return one

    return [tuple(map(value, row)) for row in frame.rows()]


@pytest.mark.parametrize("case", CASES)
def test_frames_give_what_those_of_polars_give(case: str) -> None:
    program = CASES[case]
    ours = program(*(nw.from_native(rd.from_pandas(frame, npartitions=2)) for frame in (LEFT, RIGHT)))
    theirs = program(*(nw.from_native(pl.from_pandas(frame).lazy()) for frame in (LEFT, RIGHT)))
    got, expected = ours.collect("polars").to_native(), theirs.collect().to_native()
    assert got.columns == expected.columns
    assert rows(got) == rows(expected)


def test_a_frame_stays_lazy_and_is_given_back() -> None:
    frame = rd.from_pandas(LEFT, npartitions=2)
    lazy = nw.from_native(frame)
    assert isinstance(lazy, nw.LazyFrame)
    assert nw.to_native(lazy) is frame
    assert isinstance(lazy.filter(x > 1).to_native(), rd.DataFrame)
    assert lazy.collect_schema()["y"] == nw.Float64


def test_what_is_not_there_is_an_error() -> None:
    lazy = nw.from_native(rd.from_pandas(LEFT, npartitions=2))
    with pytest.raises(NotImplementedError, match="interpolation"):
        lazy.select(x.quantile(0.5, "nearest"))
    with pytest.raises(NotImplementedError, match="list"):
        lazy.select(nw.lit([1, 2]))
