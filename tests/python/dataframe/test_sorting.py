"""Sorted, greatest and distinct rows, and counts of values, are those of pandas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pandas.testing as tm
import pytest
import raskt
import raskt.dataframe as rd
from hypothesis import given, settings
from hypothesis import strategies as st

_ORDERED = ["i", "small", "f", "b", "s", "t", "z", "m", "c"]


@pytest.mark.parametrize("ascending", [True, False])
@pytest.mark.parametrize("na_position", ["first", "last"])
@pytest.mark.parametrize("column", _ORDERED)
def test_rows_are_sorted_by_a_column(
    way: str, mixed: pd.DataFrame, column: str, ascending: bool, na_position: Any
) -> None:
    for pdf in (mixed, mixed.drop(columns=["o"])):
        df = rd.from_pandas(pdf, npartitions=3)
        found = df.sort_values(column, ascending=ascending, na_position=na_position)
        expected = pdf.sort_values(column, ascending=ascending, na_position=na_position, kind="stable")
        assert found.npartitions == 3
        assert not found.known_divisions
        tm.assert_frame_equal(found.compute(), expected)
    series = df[column].sort_values(ascending=ascending, na_position=na_position)
    tm.assert_series_equal(
        series.compute(),
        mixed[column].sort_values(ascending=ascending, na_position=na_position, kind="stable"),
    )


def test_rows_are_sorted_by_several_columns_into_other_partitions(way: str, mixed: pd.DataFrame) -> None:
    df = rd.from_pandas(mixed, npartitions=4)
    for n in (1, 2, 7):
        found = df.sort_values(["b", "f"], ascending=[False, True], npartitions=n)
        assert found.npartitions == n
        expected = mixed.sort_values(["b", "f"], ascending=[False, True], kind="stable")
        tm.assert_frame_equal(found.compute(), expected)
    one = rd.from_pandas(mixed, npartitions=1).sort_values("f", npartitions=3)
    assert one.map_partitions(len).compute().tolist() == [2, 2, 2]
    shuffled = rd.from_pandas(mixed.sort_values("f"), npartitions=3, sort=False)
    tm.assert_frame_equal(shuffled.sort_index().compute(), mixed)


def test_sorting_says_what_is_wrong() -> None:
    df = rd.from_pandas(pd.DataFrame({"x": [2, 1]}), npartitions=2)
    with pytest.raises(KeyError, match="'y' is no column"):
        df.sort_values("y")
    with pytest.raises(ValueError, match="Length of ascending"):
        df.sort_values("x", ascending=[True, False])
    with pytest.raises(ValueError, match="na_position"):
        df.sort_values("x", na_position="middle")
    with pytest.raises(ValueError, match="npartitions"):
        df.sort_values("x", npartitions=0)
    with pytest.raises(ValueError, match="ascending"):
        df.sort_values("x", ascending="yes")
    with pytest.raises(KeyError, match="'y' is no column"):
        df.set_index("y")


@pytest.mark.parametrize("column", ["i", "f", "s", "t", "z"])
def test_a_column_becomes_the_index(way: str, mixed: pd.DataFrame, column: str) -> None:
    pdf = mixed.drop(columns=["o"])
    df = rd.from_pandas(pdf, npartitions=3)
    expected = pdf.set_index(column).sort_index(kind="stable")
    tm.assert_frame_equal(df.set_index(column).compute(), expected, check_freq=False)
    tm.assert_frame_equal(df.set_index(column, sort=False).compute(), pdf.set_index(column), check_freq=False)
    kept = df.set_index(column, drop=False, npartitions=2)
    assert kept.npartitions == 2
    expected = pdf.set_index(column, drop=False).sort_index(kind="stable")
    tm.assert_frame_equal(kept.compute(), expected, check_freq=False)


def test_a_series_becomes_the_index(way: str, mixed: pd.DataFrame) -> None:
    df = rd.from_pandas(mixed[["i", "f"]], npartitions=3)
    expected = mixed[["i", "f"]].set_index(-mixed.i).sort_index(kind="stable")
    tm.assert_frame_equal(df.set_index(-df.i).compute(), expected)


def test_divisions_of_an_index_are_given_or_found(way: str) -> None:
    pdf = pd.DataFrame({"x": [3, 1, 2, 5, 4, 6], "y": range(6)})
    df = rd.from_pandas(pdf, npartitions=3)
    cut = df.set_index("x", divisions=[1, 3, 6]) if way == "native" else None
    if cut is not None:
        assert cut.divisions == (1, 3, 6)
        assert [part.compute().index.tolist() for part in cut.to_delayed()] == [[1, 2], [3, 4, 5, 6]]
        with pytest.raises(ValueError, match="outside of the given divisions"):
            df.set_index("x", divisions=[2, 6]).compute()
    in_order = rd.from_pandas(pdf.sort_values("x").reset_index(drop=True), npartitions=3)
    found = in_order.set_index("x", sorted=True)
    assert found.divisions == (1, 3, 5, 6)
    tm.assert_frame_equal(found.compute(), pdf.set_index("x").sort_index())
    said = in_order.set_index("x", sorted=True, divisions=[0, 3, 5, 9])
    assert said.divisions == (0, 3, 5, 9)
    with pytest.raises(ValueError, match="not sorted"):
        df.set_index("x", sorted=True)
    with pytest.raises(ValueError, match="no values of an index"):
        df.set_index("x", divisions=["a", "b"])


def test_equal_ends_of_partitions_are_no_divisions() -> None:
    df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 2, 3]}), npartitions=2)
    found = df.set_index("x", sorted=True)
    assert not found.known_divisions
    assert found.compute().index.tolist() == [1, 2, 2, 3]


@pytest.mark.parametrize("name", ["nlargest", "nsmallest"])
@pytest.mark.parametrize("keep", ["first", "last", "all"])
def test_the_greatest_and_least_rows(way: str, mixed: pd.DataFrame, name: str, keep: Any) -> None:
    df = rd.from_pandas(mixed, npartitions=3)
    for columns in ("f", ["small"], ["b", "i"], ["m", "f"]):
        for n in (0, 2, 9):
            found = getattr(df, name)(n, columns, keep=keep).compute()
            tm.assert_frame_equal(found, getattr(mixed, name)(n, columns, keep=keep))
    for column in ("i", "f", "t", "m"):
        found = getattr(df[column], name)(3, keep=keep).compute()
        tm.assert_series_equal(found, getattr(mixed[column], name)(3, keep=keep))


def test_text_has_no_greatest_rows(mixed: pd.DataFrame) -> None:
    df = rd.from_pandas(mixed, npartitions=2)
    with pytest.raises(TypeError, match="str"):
        df.nlargest(2, "s")
    with pytest.raises(TypeError, match="object"):
        df.o.nsmallest(2)
    with pytest.raises(KeyError, match="'q'"):
        df.nlargest(2, "q")
    with pytest.raises(ValueError, match="keep must be one of"):
        df.nlargest(2, "i", keep="none")


@pytest.mark.parametrize("keep", ["first", "last", False])
def test_rows_that_repeat_another_are_dropped(way: str, mixed: pd.DataFrame, keep: Any) -> None:
    pdf = pd.concat([mixed, mixed[::-1]], ignore_index=True)
    df = rd.from_pandas(pdf, npartitions=5)
    tm.assert_frame_equal(df.drop_duplicates(keep=keep).compute(), pdf.drop_duplicates(keep=keep))
    for subset in ("b", ["s", "b"], ["c"], ["t", "m"]):
        found = df.drop_duplicates(subset, keep=keep, ignore_index=True).compute()
        tm.assert_frame_equal(found, pdf.drop_duplicates(subset, keep=keep, ignore_index=True))
    for column in mixed.columns:
        found = df[column].drop_duplicates(keep=keep).compute()
        expected = pdf[column].drop_duplicates(keep=keep)
        if len(expected) == 0 and column == "c":
            # Which categories there are, the rows say.
            assert len(found) == 0
            continue
        tm.assert_series_equal(found, expected)
    with pytest.raises(ValueError, match="keep must be one of"):
        df.drop_duplicates(keep="all")


@pytest.mark.parametrize("dropna", [True, False])
def test_values_are_counted(way: str, mixed: pd.DataFrame, dropna: bool) -> None:
    pdf = pd.concat([mixed, mixed[:2]], ignore_index=True)
    df = rd.from_pandas(pdf, npartitions=4)
    for column in mixed.columns:
        series, lazy = pdf[column], df[column]
        assert lazy.nunique(dropna=dropna).compute() == series.nunique(dropna=dropna)
        unique = lazy.unique().compute()
        tm.assert_series_equal(unique, series.drop_duplicates(ignore_index=True))
        for normalize in (False, True):
            found = lazy.value_counts(dropna=dropna, normalize=normalize).compute()
            tm.assert_series_equal(found, series.value_counts(dropna=dropna, normalize=normalize))
        found = lazy.value_counts(sort=False, dropna=dropna).compute()
        tm.assert_series_equal(found, series.value_counts(sort=False, dropna=dropna))
        found = lazy.value_counts(ascending=True, dropna=dropna).compute()
        tm.assert_series_equal(found, series.value_counts(ascending=True, dropna=dropna))
    tm.assert_series_equal(df.nunique(dropna=dropna).compute(), pdf.nunique(dropna=dropna))


@pytest.mark.parametrize("scheduler", ["sync", "threads", "processes"])
def test_rows_are_sorted_on_every_scheduler(scheduler: str) -> None:
    pdf = pd.DataFrame({"x": np.arange(100) * 37 % 101, "t": [f"row {at}" for at in range(100)]})
    df = rd.from_pandas(pdf, npartitions=5)
    with raskt.config.set(scheduler=scheduler):
        found = df.sort_values("x").compute()
    tm.assert_frame_equal(found, pdf.sort_values("x"))


@settings(max_examples=60)
@given(
    rows=st.lists(
        st.tuples(
            st.integers(-3, 3),
            st.one_of(st.just(np.nan), st.floats(-2, 2, width=16)),
            st.sampled_from(["", "a", "ab", "ü", "a long text of one kind", "a long text of another"]),
        ),
        min_size=1,
        max_size=40,
    ),
    by=st.lists(
        st.tuples(st.sampled_from(["n", "x", "t"]), st.booleans()),
        min_size=1,
        max_size=3,
        unique_by=lambda key: key[0],
    ),
    first=st.booleans(),
    n_before=st.integers(1, 6),
    n_after=st.integers(1, 8),
    n=st.integers(0, 10),
)
def test_order_and_equality_do_not_depend_on_partitions(
    rows: list[Any], by: list[tuple[str, bool]], first: bool, n_before: int, n_after: int, n: int
) -> None:
    pdf = pd.DataFrame(rows, columns=["n", "x", "t"])
    df = rd.from_pandas(pdf, npartitions=n_before)
    df = rd.concat([df, df[df.n > 9]])  # The last partitions have no rows.
    names, ascending = [key[0] for key in by], [key[1] for key in by]
    position: Any = "first" if first else "last"
    found = df.sort_values(names, ascending=ascending, na_position=position, npartitions=n_after).compute()
    expected = pdf.sort_values(names, ascending=ascending, na_position=position, kind="stable")
    tm.assert_frame_equal(found, expected)
    found = df.set_index(names[0], npartitions=n_after).compute()
    tm.assert_frame_equal(found, pdf.set_index(names[0]).sort_index(kind="stable"))
    tm.assert_frame_equal(df.drop_duplicates(names).compute(), pdf.drop_duplicates(names))
    numbers = [name for name in names if name != "t"]
    # Of rows that lack a value pandas returns more than were asked for.
    if numbers and not pdf[numbers].isna().any(axis=None):
        tm.assert_frame_equal(df.nlargest(n, numbers).compute(), pdf.nlargest(n, numbers))
    series, lazy = pdf[names[0]], df[names[0]]
    tm.assert_series_equal(lazy.value_counts(dropna=False).compute(), series.value_counts(dropna=False))
    assert lazy.nunique().compute() == series.nunique()
