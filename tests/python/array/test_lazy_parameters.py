"""Parameters on which only values depend may be lazy: ends of intervals, ranges, quantiles, weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import raskt
import raskt.array as ra

VALUES = np.random.default_rng(0).normal(size=200) * 4
POINTS = VALUES.reshape(-1, 2)


def same(found: Any, expected: Any) -> None:
    expected = np.asarray(expected)
    if hasattr(found, "compute"):
        assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
        found = found.compute()
    assert np.asarray(found).dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=1e-6 if expected.dtype.itemsize == 4 else 1e-12)


RANGES: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "of lazy ends": (lambda x: (x.min(), x.max()), lambda a: (a.min(), a.max())),
    "of one lazy end": (lambda x: [-2.0, x.max()], lambda a: (-2.0, a.max())),
    "a lazy pair": (lambda x: ra.linspace(-2, 3, 2), lambda a: (-2.0, 3.0)),
    "of delayed ends": (lambda x: (raskt.delayed(float)(-2), 3), lambda a: (-2.0, 3)),
}


@pytest.mark.parametrize("dtype", ["f8", "i4"])
@pytest.mark.parametrize("density", [False, True])
@pytest.mark.parametrize("weights", [None, np.arange(200.0)])
@pytest.mark.parametrize("span", RANGES)
def test_a_histogram_between_lazy_ends(dtype: str, density: bool, weights: Any, span: str) -> None:
    lazy, known = RANGES[span]
    values = VALUES.astype(dtype)
    x = ra.from_array(values, chunks=70)
    own = None if weights is None else ra.from_array(weights, chunks=60)
    found, edges = ra.histogram(x, bins=12, range=lazy(x), weights=own, density=density)
    expected, ends = np.histogram(values, bins=12, range=known(values), weights=weights, density=density)
    same(found, expected)
    same(edges, ends)


def test_ends_of_intervals_have_numpys_dtype() -> None:
    for dtype in ("f4", "f8", "i2", "u1"):
        values = np.abs(VALUES).astype(dtype)
        found = ra.histogram(ra.from_array(values, chunks=70), bins=7, range=(0, 9))
        for own, expected in zip(found, np.histogram(values, bins=7, range=(0, 9)), strict=True):
            same(own, expected)


@pytest.mark.parametrize("density", [False, True])
def test_a_histogram_by_lazy_ends(density: bool) -> None:
    x = ra.from_array(VALUES, chunks=70)
    ends = np.array([-1, 0, 2.0, 5])
    found, edges = ra.histogram(x, ra.from_array(ends, chunks=3), density=density)
    same(found, np.histogram(VALUES, ends, density=density)[0])
    same(edges, ends)
    found, _ = ra.histogram(x, [x.min(), 0, raskt.delayed(float)(2)], density=density)
    same(found, np.histogram(VALUES, [VALUES.min(), 0, 2.0], density=density)[0])


def test_a_histogram_of_weights_of_unknown_length_by_lazy_ends() -> None:
    x = ra.from_array(VALUES, chunks=70)
    weights = abs(x)[x > 0]
    found, _ = ra.histogram(x[x > 0].rechunk(-1), 5, range=(0, x.max()), weights=weights)
    kept = VALUES[VALUES > 0]
    same(found, np.histogram(kept, 5, range=(0, VALUES.max()), weights=kept)[0])


@pytest.mark.parametrize("density", [False, True])
@pytest.mark.parametrize(
    ("bins", "span", "known_bins", "known_span"),
    [
        (lambda p: (5, [-1, 0, 2.0]), lambda p: ((p.min(), 3.0), None), None, None),
        (lambda p: ([-1, 0, 1, 5], np.array([-1, 0, 2.0])), lambda p: None, None, None),
        (lambda p: 4, lambda p: ((-1, p.max()), (p.min(), 0)), None, None),
        (
            lambda p: [ra.arange(4.0, chunks=2), [0, p.max()]],
            lambda p: None,
            lambda p: [np.arange(4.0), [0, p.max()]],
            None,
        ),
    ],
)
def test_histograms_of_points_by_ends_of_different_lengths_some_lazy(
    bins: Any, span: Any, known_bins: Any, known_span: Any, density: bool
) -> None:
    points = ra.from_array(POINTS, chunks=(33, 1))
    options = {"bins": (known_bins or bins)(POINTS), "range": span(POINTS), "density": density}
    expected, ends = np.histogramdd(POINTS, **options)
    options = {"bins": bins(points), "range": span(points), "density": density}
    found, edges = ra.histogramdd(points, **options)
    same(found, expected)
    for own, end in zip(edges, ends, strict=True):
        np.testing.assert_allclose(np.asarray(own), end)
    found, first, _ = ra.histogram2d(points[:, 0], points[:, 1], **options)
    same(found, expected)
    np.testing.assert_allclose(np.asarray(first), ends[0])


def test_one_list_of_ends_is_for_both_axes() -> None:
    points = ra.from_array(POINTS, chunks=(33, 1))
    ends = np.array([-1, 0, 2.0, 5])
    expected = np.histogram2d(*POINTS.T, bins=ends)[0]
    for bins in (ends, ends.tolist(), ra.from_array(ends, chunks=2)):
        same(ra.histogram2d(points[:, 0], points[:, 1], bins=bins)[0], expected)


@pytest.mark.parametrize("name", ["quantile", "percentile", "nanquantile", "nanpercentile"])
@pytest.mark.parametrize("dtype", ["f8", "f4", "i4"])
@pytest.mark.parametrize(("axis", "keepdims"), [(0, False), (0, True), (1, False), (None, False)])
def test_lazy_quantiles(name: str, dtype: str, axis: Any, keepdims: bool) -> None:
    values = POINTS.astype(dtype)
    x = ra.from_array(values, chunks=(33, 1))
    scale = 100 if name.endswith("percentile") else 1
    several = np.array([0.2, 0.9]) * scale
    for q, known in (
        (ra.from_array(several, chunks=1), several),
        (ra.from_array(several, chunks=2)[0], several[0]),
        ([raskt.delayed(float)(several[0]), several[1]], several),
    ):
        found = getattr(ra, name)(x, q, axis=axis, keepdims=keepdims)
        same(found, getattr(np, name)(values, known, axis=axis, keepdims=keepdims))


def test_digitize_by_lazy_ends() -> None:
    x = ra.from_array(VALUES, chunks=70)
    ends = np.array([-1, 0, 2.0, 5])
    for bins, known in (
        (ra.from_array(ends, chunks=2), ends),
        (ra.from_array(ends[::-1].copy(), chunks=2), ends[::-1]),
        ([x.min(), 0], [VALUES.min(), 0]),
    ):
        same(ra.digitize(x, bins, right=True), np.digitize(VALUES, known, right=True))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: ra.histogram(x, x.sum(), (0, 1)), TypeError, "compute their number first"),
        (lambda x: ra.histogram(x, raskt.delayed(3), (0, 1)), TypeError, "from_delayed"),
        (lambda x: ra.histogram(x, x[x > 0]), ValueError, "unknown length"),
        (lambda x: ra.histogram(x, 3, (1, 2, 3)), ValueError, "range must be a pair"),
        (lambda x: ra.histogram(x, 3, raskt.delayed((0, 1))), ValueError, "range must be a pair"),
        (lambda x: ra.histogram(x, 0, (0, x.max())), ValueError, "`bins` must be positive"),
        (lambda x: ra.percentile(x, raskt.delayed(3)), TypeError, "from_delayed"),
        (lambda x: ra.percentile(x, x.reshape(2, -1)), NotImplementedError, "several axes"),
        (lambda x: ra.digitize(x, x[x > 0]), ValueError, "unknown length"),
    ],
)
def test_what_shapes_depend_on_must_be_known(call: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        call(ra.from_array(VALUES, chunks=70))


def test_wrong_lazy_ends_are_an_error_where_they_are_computed() -> None:
    x = ra.from_array(VALUES, chunks=70)
    with pytest.raises(ValueError, match="max must be larger than min"):
        ra.histogram(x, 3, (x.max(), x.min()))[0].compute()
    with pytest.raises(ValueError, match="in the range"):
        ra.quantile(x, x.max()).compute()


# ---- reductions ----


def weighted(block: Any, weights: Any = None, axis: Any = None, keepdims: Any = None) -> Any:
    return (block * weights).sum(axis=axis, keepdims=keepdims)


def summed(block: Any, axis: Any = None, keepdims: Any = None) -> Any:
    return block.sum(axis=axis, keepdims=keepdims)


@pytest.mark.parametrize("axis", [None, 0, 1])
@pytest.mark.parametrize("keepdims", [False, True])
def test_a_reduction_with_weights_stretches_them(axis: Any, keepdims: bool) -> None:
    values = np.arange(12.0).reshape(3, 4)
    x = ra.from_array(values, chunks=2)
    for weights in (2, [1, 2, 3, 4], np.arange(3)[:, None], values, ra.arange(4, chunks=3), x.mean()):
        known = np.asarray(weights)
        found = ra.reduction(x, weighted, summed, axis, keepdims, dtype=float, weights=weights)
        same(found, (values * known).sum(axis=axis, keepdims=keepdims))


def test_weights_of_unknown_length_go_with_elements_of_as_many_chunks() -> None:
    x = ra.from_array(VALUES, chunks=70)
    kept = x[x > 0]
    expected = (VALUES[VALUES > 0] ** 2).sum()
    same(ra.reduction(kept, weighted, summed, dtype=float, weights=kept), expected)
    with pytest.raises(ValueError, match="not known to fit"):
        ra.reduction(kept, weighted, summed, dtype=float, weights=x[:40])
    with pytest.raises(ValueError, match="broadcast"):
        ra.reduction(x, weighted, summed, dtype=float, weights=np.arange(3))


def test_functions_of_a_reduction_are_told_the_dtype_that_was_given() -> None:
    x = ra.ones(6, chunks=2)
    found = ra.reduction(x, np.sum, np.sum, dtype="f4")
    assert found.dtype == found.compute().dtype == np.float32
