"""Frames of other divisions go together by their labels: operators, columns side by side, rows in between."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pandas.testing as tm
import pytest
import raskt.dataframe as rd


def _same(lazy: Any, expected: Any) -> None:
    found = lazy.compute()
    if isinstance(expected, pd.DataFrame):
        tm.assert_frame_equal(found, expected)
    else:
        tm.assert_series_equal(found, expected)


@pytest.fixture
def pair() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return two frames whose labels overlap."""
    one = pd.DataFrame({"x": [1.0, np.nan, 3, 4, 5], "k": list("abcde")}, index=[0, 1, 2, 4, 6])
    other = pd.DataFrame({"x": [10.0, 20, 30, 40], "z": [1, 2, 3, 4]}, index=[1, 2, 3, 6])
    return one, other


def _lazy(pair: tuple[Any, Any]) -> tuple[Any, Any]:
    return rd.from_pandas(pair[0], npartitions=3), rd.from_pandas(pair[1], npartitions=2)


def test_operators_of_frames_with_other_divisions(way: str, pair: tuple[Any, Any]) -> None:
    one, other = pair
    a, b = _lazy(pair)
    _same(a.x + b.x, one.x + other.x)
    _same(a.x.add(b.x, fill_value=0), one.x.add(other.x, fill_value=0))
    _same((a[["x"]] * b[["x"]]), one[["x"]] * other[["x"]])
    _same(a.assign(z=b.z), one.assign(z=other.z).reindex(one.index))
    _same(a.x.fillna(b.x), one.x.fillna(other.x))


def test_frames_without_divisions_are_an_error_that_says_what_to_do(pair: tuple[Any, Any]) -> None:
    a, b = _lazy(pair)
    with pytest.raises(ValueError, match="set_index on both, or merge them"):
        a.clear_divisions().x + b.x
    with pytest.raises(ValueError, match="concat of frames whose rows do not go together"):
        rd.concat([a.clear_divisions(), b], axis=1)


@pytest.mark.parametrize("join", ["outer", "inner"])
def test_columns_beside_one_another(join: Any, way: str, pair: tuple[Any, Any]) -> None:
    one, other = pair
    a, b = _lazy(pair)
    _same(rd.concat([a, b], axis=1, join=join), pd.concat([one, other], axis=1, join=join).sort_index())
    _same(
        rd.concat([a, b.z, a.x], axis="columns", join=join),
        pd.concat([one, other.z, one.x], axis=1, join=join).sort_index(),
    )
    _same(
        rd.concat([a.x, b.z], axis=1, join=join), pd.concat([one.x, other.z], axis=1, join=join).sort_index()
    )
    unknown = a.clear_divisions()
    _same(rd.concat([unknown, unknown.x + 1], axis=1), pd.concat([one, one.x + 1], axis=1))
    alike = rd.from_pandas(one.assign(q=1), npartitions=3)
    _same(
        rd.concat([unknown, alike.q.clear_divisions()], axis=1, ignore_unknown_divisions=True),
        one.assign(q=1),
    )
    with pytest.raises(ValueError, match="No axis named 2"):
        rd.concat([a, b], axis=2)


def test_rows_in_between(way: str, pair: tuple[Any, Any]) -> None:
    one, other = pair
    a, b = _lazy(pair)
    found = rd.concat([a, b], interleave_partitions=True)
    assert found.divisions == tuple(sorted({*a.divisions, *b.divisions}))
    expected = pd.concat([one, other]).sort_index(kind="stable")
    tm.assert_frame_equal(found.compute().sort_index(kind="stable"), expected)
    with pytest.raises(ValueError, match="which frame 1 does not have"):
        rd.concat([a, b.clear_divisions()], interleave_partitions=True)


def test_frames_are_aligned_and_combined(way: str, pair: tuple[Any, Any]) -> None:
    one, other = pair
    a, b = _lazy(pair)
    for join in ("outer", "inner", "left"):
        for found, expected in zip(a.x.align(b.x, join=join), one.x.align(other.x, join=join), strict=True):
            _same(found, expected)
    for found, expected in zip(
        a[["x"]].align(b, fill_value=0), one[["x"]].align(other, fill_value=0), strict=True
    ):
        _same(found, expected)
    _same(a.x.combine_first(b.x), one.x.combine_first(other.x))
    _same(a.combine_first(b), one.combine_first(other))
    _same(a.x.combine(b.x, max, fill_value=0), one.x.combine(other.x, max, fill_value=0))
    with pytest.raises(ValueError, match="found 'cross'"):
        a.align(b, join="cross")
    with pytest.raises(TypeError, match="func must be a function, found str"):
        a.x.combine(b.x, "max")


def test_divisions_are_forgotten_and_rows_stay(way: str, pair: tuple[Any, Any]) -> None:
    a, _ = _lazy(pair)
    unknown = a.clear_divisions()
    assert unknown.divisions == (None,) * 4
    _same(unknown, pair[0])
    _same(a.x + unknown.x, pair[0].x * 2)
    assert unknown.clear_divisions() is unknown
    assert a.to_backend("pandas") is a
    with pytest.raises(ValueError, match="found 'cudf'"):
        a.to_backend("cudf")


def test_cases(way: str, pair: tuple[Any, Any]) -> None:
    one, _ = pair
    a, _ = _lazy(pair)
    _same(
        a.x.case_when([(a.x > 3, 0.0), (a.k == "a", a.x + 9)]),
        one.x.case_when([(one.x > 3, 0.0), (one.k == "a", one.x + 9)]),
    )
    # The dtype is that of all that can stand there.
    for replacement in (0.5, "many", pd.Timestamp("2013-01-01")):
        _same(a.k.case_when([(a.x > 3, replacement)]), one.k.case_when([(one.x > 3, replacement)]))
    with pytest.raises(TypeError, match="caselist must be a list of pairs"):
        a.x.case_when({})


def test_divisions_are_found(way: str, pair: tuple[Any, Any]) -> None:
    a, _ = _lazy(pair)
    assert a.clear_divisions().compute_current_divisions() == a.divisions
    assert a.clear_divisions().compute_current_divisions(set_divisions=True).divisions == a.divisions
    assert a.compute_current_divisions("k") == tuple(pair[0].k[list(a.divisions)])
    with pytest.raises(ValueError, match="partition 0 ends with 6, and the next one begins with 0"):
        rd.concat([a, a]).repartition(npartitions=2).compute_current_divisions()
    with pytest.raises(ValueError, match="partition 0 has no rows"):
        a[a.x > 99].compute_current_divisions()


def test_products(way: str, pair: tuple[Any, Any]) -> None:
    one, other = pair
    a, b = _lazy(pair)
    assert b.x.dot(b.z).compute() == other.x.dot(other.z)
    floats = rd.from_pandas(pd.Series([1.5, np.nan, 2.0]), npartitions=2)
    assert np.isnan(floats.dot(floats).compute())
    _same(b.dot(pd.Series([1, 2], index=["x", "z"])), other.dot(pd.Series([1, 2], index=["x", "z"])))
    _same(b.dot(np.ones((2, 2))), other.dot(np.ones((2, 2))))
    _same(a.x.divide(b.x, fill_value=1), one.x.divide(other.x, fill_value=1))
    assert b.z.median_approximate().compute() == other.z.median()
    assert b.nbytes.compute() == 64
    with pytest.raises(TypeError, match="needs another one, found int"):
        a.x.dot(3)
    with pytest.raises(NotImplementedError, match="compute the other one first"):
        a.dot(b)
