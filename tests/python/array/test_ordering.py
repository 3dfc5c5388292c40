"""What compares elements gives what NumPy gives, whichever way a kernel takes: tables, selection."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import raskt.array as ra
from hypothesis import given, settings
from hypothesis import strategies as st

DTYPES = ["int8", "uint16", "int64", "uint64", "float32", "float64", "bool", "datetime64[s]"]


@st.composite
def arrays(draw: Any) -> Any:
    """Short arrays of many equal elements, of values close together or far apart, some of them NaN."""
    dtype = np.dtype(draw(st.sampled_from(DTYPES)))
    n = draw(st.integers(1, 60))
    spread = draw(st.sampled_from([3, 100, 1 << 40]))
    numbers = np.random.default_rng(draw(st.integers(0, 999))).integers(-spread, spread, n)
    x = numbers.astype("i8").view("M8[s]") if dtype.kind == "M" else numbers.astype(dtype)
    if dtype.kind in "fM":
        x[draw(st.integers(0, n - 1)) :: 7] = "NaT" if dtype.kind == "M" else np.nan
    return x


@settings(max_examples=60)
@given(arrays(), st.integers(1, 25))
def test_distinct_elements_are_numpys(x: Any, chunk: int) -> None:
    found = ra.unique(ra.from_array(x, chunks=chunk), return_index=True, return_counts=True)
    expected = np.unique(x, return_index=True, return_counts=True)
    for mine, theirs in zip(ra.compute(*found), expected, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    np.testing.assert_array_equal(ra.unique(ra.from_array(x, chunks=chunk)).compute(), expected[0])


@settings(max_examples=60)
@given(arrays(), st.integers(-70, 70).filter(bool), st.integers(1, 25))
def test_the_largest_elements_are_the_first_of_equal_ones(x: Any, k: int, chunk: int) -> None:
    lazy = ra.from_array(x, chunks=chunk)
    # Stable from either end: of equal elements the first comes first.
    order = np.argsort(x, kind="stable")
    if k > 0:
        order = len(x) - 1 - np.argsort(x[::-1], kind="stable")[::-1]
    expected = order[: abs(k)]
    np.testing.assert_array_equal(ra.argtopk(lazy, k).compute(), expected)
    np.testing.assert_array_equal(ra.topk(lazy, k).compute(), x[expected])


@pytest.mark.filterwarnings("ignore:invalid value encountered in cast")
@settings(max_examples=60)
@given(arrays(), arrays(), st.booleans(), st.integers(1, 25))
def test_membership_is_numpys(x: Any, wanted: Any, invert: bool, chunk: int) -> None:
    wanted = wanted.astype(x.dtype) if (x.dtype.kind == "M") == (wanted.dtype.kind == "M") else x[::3]
    found = ra.isin(ra.from_array(x, chunks=chunk), wanted, invert=invert).compute()
    np.testing.assert_array_equal(found, np.isin(x, wanted, invert=invert))


@pytest.mark.filterwarnings("ignore:invalid value encountered in cast")
@settings(max_examples=60)
@given(arrays(), arrays(), st.sampled_from(["left", "right"]), st.integers(1, 25))
def test_places_in_sorted_arrays_are_numpys(x: Any, values: Any, side: Any, chunk: int) -> None:
    values = values.astype(x.dtype) if (x.dtype.kind == "M") == (values.dtype.kind == "M") else x[::3]
    x = np.sort(x)
    found = ra.searchsorted(ra.from_array(x, chunks=chunk), ra.from_array(values, chunks=7), side=side)
    np.testing.assert_array_equal(found.compute(), np.searchsorted(x, values, side=side))


@settings(max_examples=60)
@given(st.integers(1, 40), st.integers(0, 999), st.floats(0, 1), st.booleans())
def test_quantiles_that_are_selected_are_numpys(n: int, seed: int, q: float, ties: bool) -> None:
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 4, (3, n)).astype("f8") if ties else rng.normal(size=(3, n))
    lazy = ra.from_array(x, chunks=(2, -1))
    np.testing.assert_array_equal(ra.median(lazy, axis=1).compute(), np.median(x, axis=1))
    for method in ("linear", "lower", "higher", "midpoint", "nearest"):
        found = ra.quantile(lazy, q, axis=1, method=method).compute()
        np.testing.assert_allclose(found, np.quantile(x, q, axis=1, method=method), rtol=1e-14)


def test_places_that_go_back_and_forth_need_each_block_once_for_a_chunk_of_the_result() -> None:
    x = np.arange(5_000)
    places = np.random.default_rng(0).integers(0, 5_000, 2_000)
    lazy = ra.from_array(x, chunks=500)[places]
    np.testing.assert_array_equal(lazy.compute(), x[places])
    assert "slice-rechunk" not in lazy.explain()
    np.testing.assert_array_equal(lazy[::-1].compute(), x[places][::-1])


@pytest.mark.parametrize("name", ["cbrt", "cosh", "expm1", "log1p", "tan", "arcsinh"])
@pytest.mark.parametrize("n", [10, 40_000])
def test_functions_of_large_and_of_small_blocks_are_numpys(name: str, n: int) -> None:
    x = np.random.default_rng(1).random(n)
    found = (getattr(ra, name)(ra.from_array(x, chunks=n // 2)) * 2).sum().compute()
    np.testing.assert_allclose(found, (getattr(np, name)(x) * 2).sum(), rtol=1e-12)


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("k", [1, 3, -3, 40, -40])
def test_the_few_largest_of_lines_come_in_order_equal_ones_by_place(axis: int, k: int) -> None:
    x = np.random.default_rng(1).integers(0, 9, (70, 90)).astype("f8")
    x[x == 4] = np.nan
    rows = x if axis == 1 else x.T
    # NaN sorts last, so that it is the largest.
    keys = np.where(np.isnan(rows), 100, rows)
    expected = np.argsort(-keys if k > 0 else keys, axis=1, kind="stable")[:, : abs(k)]
    lazy = ra.from_array(x, chunks=(31, 44))
    places = ra.argtopk(lazy, k, axis=axis).compute()
    np.testing.assert_array_equal(places if axis == 1 else places.T, expected)
    found = ra.topk(lazy, k, axis=axis).compute()
    np.testing.assert_array_equal(found if axis == 1 else found.T, np.take_along_axis(rows, expected, 1))
