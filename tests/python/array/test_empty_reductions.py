"""Reductions of blocks without elements, and of nothing at all: NumPy's values and NumPy's errors."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import raskt
import raskt.array as ra

EXTREMA = ["max", "min", "nanmax", "nanmin", "argmax", "argmin", "nanargmax", "nanargmin"]
OTHERS = ["sum", "nansum", "prod", "mean", "nanmean", "std", "nanvar", "any", "all"]
DTYPES = ["?", "i1", "u8", "i8", "f2", "f4", "f8", "c16", "M8[s]", "m8[ns]", "O"]
MASKS = {
    "none": np.zeros(12, bool),
    "last": np.arange(12) == 11,
    "middle": (np.arange(12) > 3) & (np.arange(12) < 6),
    "first and last": (np.arange(12) == 0) | (np.arange(12) == 11),
}


def outcome(call: Any) -> Any:
    """Return what a call makes, or its error: class and text."""
    try:
        return np.asarray(call())
    except (ValueError, TypeError) as error:
        return isinstance(error, ValueError), str(error) if isinstance(error, ValueError) else ""


def assert_same(found: Any, wanted: Any) -> None:
    if isinstance(wanted, tuple) or isinstance(found, tuple):
        assert found == wanted
        return
    assert (found.shape, found.dtype) == (wanted.shape, wanted.dtype)
    if wanted.dtype.kind in "fc":
        np.testing.assert_allclose(found, wanted, rtol=2e-3 if wanted.dtype == np.float16 else 1e-6)
    else:
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("native", [True, False])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("mask", MASKS)
def test_extrema_of_blocks_without_elements_are_numpys(native: bool, dtype: str, mask: str) -> None:
    values = np.array([-3, 2, -5, 1, -1, -4, -2, -2, 0, 3, -7, -6])
    values = (abs(values) if dtype in "?u8" else values).astype(dtype)
    keep = MASKS[mask]
    with raskt.config.set({"array.native": native}):
        for shape, axes in [((12,), (None, 0)), ((12, 1), (None, 0, 1))]:
            x = ra.from_array(values.reshape(shape), chunks=2)[ra.from_array(keep, chunks=2)]
            known = x.compute_chunk_sizes()
            plain = values.reshape(shape)[keep]
            for name in EXTREMA:
                if dtype == "O" and mask == "none" and name in ("nanmax", "nanmin"):
                    continue  # NumPy names another ufunc, `maximum`, for Python's objects.
                for axis in axes:
                    wanted = outcome(lambda: getattr(np, name)(plain, axis=axis))  # noqa: B023
                    for lazy in (x, known):
                        assert_same(outcome(lambda: getattr(ra, name)(lazy, axis=axis).compute()), wanted)  # noqa: B023


@pytest.mark.parametrize("native", [True, False])
@pytest.mark.parametrize("dtype", ["?", "i1", "u8", "f2", "f4", "f8", "c16"])
@pytest.mark.parametrize("mask", MASKS)
def test_other_reductions_of_blocks_without_elements_are_numpys(native: bool, dtype: str, mask: str) -> None:
    values, keep = (np.arange(12) % 5).astype(dtype), MASKS[mask]
    x = ra.from_array(values, chunks=2)[ra.from_array(keep, chunks=2)]
    with raskt.config.set({"array.native": native}), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        for name in OTHERS:
            assert_same(outcome(lambda: getattr(ra, name)(x).compute()), getattr(np, name)(values[keep]))  # noqa: B023
        for name in ["sum", "prod", "mean", "var"]:
            for to in ["f2", "f8"]:
                if dtype == "c16":
                    continue
                found = outcome(lambda: getattr(ra, name)(x, dtype=to).compute())  # noqa: B023
                assert_same(found, getattr(np, name)(values[keep], dtype=to))


@pytest.mark.parametrize("native", [True, False])
@pytest.mark.parametrize("name", EXTREMA)
def test_no_extremum_is_missed_where_none_is_wanted(native: bool, name: str) -> None:
    with raskt.config.set({"array.native": native}):
        rows = ra.ones((4, 3), chunks=2)
        none = rows[ra.from_array(np.zeros(4, bool), chunks=2)]
        assert getattr(ra, name)(none, axis=1).compute().shape == (0,)


def test_one_element_among_empty_blocks_meets_others() -> None:
    keep = np.arange(6) == 5
    x = ra.from_array(np.arange(6.0), chunks=2)[ra.from_array(keep, chunks=2)].compute_chunk_sizes()
    assert x.chunks == ((0, 0, 1),)
    y = ra.from_array(np.arange(3.0), chunks=2)
    for lazy, wanted in [(x + y, [5, 6, 7]), (x + x, [10]), (-x, [-5]), (x * np.ones(1), [5])]:
        np.testing.assert_array_equal(lazy.compute(), wanted)


@pytest.mark.parametrize("name", ["mean", "var", "std"])
def test_moments_of_python_numbers_have_blocks_without_elements(name: str) -> None:
    numbers = np.array([1, 2, 4, 8], dtype=object)
    keep = np.array([False, False, True, True])
    x = ra.from_array(numbers, chunks=1)[ra.from_array(keep, chunks=1)]
    assert float(getattr(ra, name)(x).compute()) == getattr(np, name)([4, 8])
