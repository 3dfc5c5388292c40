"""NumPy's functions that Dask lacks, held to NumPy."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import raskt.array as ra

hypothesis = pytest.importorskip("hypothesis")
st = pytest.importorskip("hypothesis.strategies")

few = hypothesis.settings(max_examples=30, suppress_health_check=[hypothesis.HealthCheck.too_slow])
RNG = np.random.default_rng(0)


def same(found: Any, expected: Any) -> None:
    got = np.asarray(found.compute())
    expected = np.asarray(expected)
    assert (got.dtype, got.shape, found.dtype) == (expected.dtype, expected.shape, expected.dtype)
    if expected.dtype.kind in "fc":
        np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-12)
    else:
        np.testing.assert_array_equal(got, expected)


@st.composite
def arrays(draw: Any, dtypes: Any = ("f8", "i4", "c16", "?", "M8[s]", "U3", "f4"), ndim: Any = None) -> Any:
    shape = tuple(draw(st.lists(st.integers(0, 9), min_size=ndim or 1, max_size=ndim or 2)))
    dtype = draw(st.sampled_from(dtypes))
    seed = draw(st.integers(0, 99))
    values = np.random.default_rng(seed).integers(0, 6, shape).astype("i8").astype(dtype)
    if np.dtype(dtype).kind == "f" and values.size:
        values.flat[:: draw(st.integers(2, 5))] = np.nan
    chunks = tuple(draw(st.integers(1, max(n, 1))) for n in shape)
    return values, ra.from_array(values, chunks=chunks)


@few
@hypothesis.given(st.data(), arrays())
def test_argsort_is_stable_and_goes_with_sort(data: Any, pair: Any) -> None:
    values, x = pair
    axis = data.draw(st.sampled_from([None, -1, 0]))
    same(ra.argsort(x, axis=axis), np.argsort(values, axis=axis, kind="stable"))
    same(ra.sort(x, axis=axis), np.sort(values, axis=axis))
    if axis is not None and values.shape[axis]:
        kth = data.draw(st.integers(-values.shape[axis], values.shape[axis] - 1))
        same(ra.partition(x, kth, axis=axis), np.sort(values, axis=axis))
        same(ra.argpartition(x, kth, axis=axis), np.argsort(values, axis=axis, kind="stable"))
    order = ra.argsort(x, axis=-1)
    same(ra.take_along_axis(x, order, axis=-1), np.sort(values, axis=-1))


def test_places_along_an_axis() -> None:
    a = RNG.integers(0, 9, (4, 5, 3))
    x = ra.from_array(a, chunks=(2, 2, 2))
    for axis, shape in itertools.product((0, 1, -1), [(4, 5, 3), (1, 5, 3), (4, 1, 1)]):
        own = list(shape)
        own[axis] = 7
        places = RNG.integers(-3, 3, own)
        expected = np.take_along_axis(a, places, axis)
        same(ra.take_along_axis(x, ra.from_array(places, chunks=3), axis), expected)
    same(
        ra.take_along_axis(x, np.array([0, 59, -1]), None), np.take_along_axis(a, np.array([0, 59, -1]), None)
    )
    with pytest.raises(IndexError, match="integer array"):
        ra.take_along_axis(x, a * 1.0)
    with pytest.raises(ValueError, match="same number of dimensions"):
        ra.take_along_axis(x, a[0])
    with pytest.raises(IndexError, match="out of bounds"):
        ra.take_along_axis(x, np.full((4, 5, 1), 3)).compute()


def test_searchsorted_takes_the_order_of_what_is_not_sorted() -> None:
    a, v = RNG.permutation(20), RNG.integers(-2, 22, (3, 4))
    order = np.argsort(a)
    x = ra.from_array(a, chunks=6)
    for side in ("left", "right"):
        same(ra.searchsorted(x, v, side, sorter=ra.argsort(x)), np.searchsorted(a, v, side, sorter=order))
    with pytest.raises(ValueError, match=r"sorter\.size"):
        ra.searchsorted(x, v, sorter=order[:3])
    with pytest.raises(TypeError, match="integers"):
        ra.searchsorted(x, v, sorter=order * 1.0)


@few
@hypothesis.given(arrays(("f8", "i4", "U3"), ndim=1), arrays(("f8", "i4"), ndim=1), st.booleans())
def test_sets(first: Any, second: Any, unique: bool) -> None:
    (a, x), (b, y) = first, second
    if a.dtype.kind == "U":
        b, y = b.astype("i8").astype("U3") if b.dtype.kind != "f" else a[:2], None
        y = ra.from_array(b, chunks=-1)
    if unique:
        a, b = np.unique(a), np.unique(b)[::-1]
        x, y = ra.from_array(a, chunks=2), ra.from_array(b, chunks=3)
    for name in ("intersect1d", "setdiff1d", "setxor1d"):
        same_set(getattr(ra, name)(x, y, unique), getattr(np, name)(a, b, unique))
    if not unique:
        found = ra.intersect1d(x, y, return_indices=True)
        for one, expected in zip(found, np.intersect1d(a, b, return_indices=True), strict=True):
            same_set(one, expected)


def same_set(found: Any, expected: Any) -> None:
    got = found.compute()
    assert got.dtype == expected.dtype
    np.testing.assert_array_equal(got, expected)


def test_elements_that_differ() -> None:
    a = np.array([3.0, 1, np.nan, 3, np.nan, 2])
    x = ra.from_array(a, chunks=2)
    for name in ("unique_all", "unique_counts", "unique_inverse"):
        found, expected = getattr(ra, name)(x), getattr(np, name)(a)
        assert found._fields == expected._fields
        for one, own in zip(found, expected, strict=True):
            same_set(one, own)
    same_set(ra.unique_values(x), np.sort(np.unique_values(a)))


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_slices_that_differ(axis: int) -> None:
    a = RNG.integers(0, 2, (7, 3))
    x = ra.from_array(a, chunks=2)
    same_set(ra.unique(x, axis=axis), np.unique(a, axis=axis))
    found = ra.unique(x, True, True, True, axis=axis)
    for one, expected in zip(found, np.unique(a, True, True, True, axis=axis), strict=True):
        same_set(one, expected)


def test_products() -> None:
    a, b = RNG.standard_normal((4, 5)), RNG.standard_normal((3, 5))
    x, y = ra.from_array(a, chunks=(2, 3)), ra.from_array(b, chunks=(1, 2))
    same(ra.inner(x, y), np.inner(a, b))
    same(ra.inner(x[0], y), np.inner(a[0], b))
    same(ra.inner(x, 2.0), np.inner(a, 2.0))
    for left, right in [(a, a[1]), (a + 1j, a), (a > 0, a < 0), (a[:, :, None], b[:1, :, None])]:
        for axis in (-1,) if left.ndim == 2 else (-2,):
            found = ra.vecdot(ra.from_array(left, chunks=2), ra.from_array(right, chunks=3), axis=axis)
            same(found, np.vecdot(left, right, axis=axis))
    for sa, sb in [((3,), (2,)), ((2, 3), (4, 5)), ((3,), (2, 2)), ((2, 2), (3,)), ((2, 3, 4), (2, 1, 3))]:
        left, right = RNG.standard_normal(sa), RNG.standard_normal(sb)
        same(ra.kron(ra.from_array(left, chunks=1), ra.from_array(right, chunks=2)), np.kron(left, right))
    u, v = RNG.standard_normal((4, 3)), RNG.standard_normal((4, 3))
    same(ra.cross(ra.from_array(u, chunks=2), ra.from_array(v, chunks=3)), np.cross(u, v))
    same(ra.cross(ra.from_array(u.T, chunks=2), v, axisa=0, axisc=0), np.cross(u.T, v, axisa=0, axisc=0))
    for call in (lambda: ra.inner(x, a.T), lambda: ra.vecdot(x, a[:, :2]), lambda: ra.cross(x, x)):
        with pytest.raises(ValueError, match=r"not aligned|mismatch|3-dimensional"):
            call()


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
def test_convolutions(mode: str) -> None:
    for n, m in itertools.product([1, 2, 5, 9, 10], [1, 2, 3, 4, 7]):
        a, v = RNG.standard_normal(n), RNG.standard_normal(m) + (1j if m == 3 else 0)
        for chunks in (1, 3):
            x = ra.from_array(a, chunks=chunks)
            same(ra.convolve(x, v, mode), np.convolve(a, v, mode))
            same(ra.correlate(x, v, mode), np.correlate(a, v, mode))
    with pytest.raises(ValueError, match="cannot be empty"):
        ra.convolve(np.ones(0), np.ones(2), mode)
    with pytest.raises(ValueError, match="mode must be"):
        ra.convolve([1], [1], "most")


def test_integrals_and_interpolation() -> None:
    y, x = RNG.standard_normal((5, 6)), np.sort(RNG.standard_normal(6))
    lazy = ra.from_array(y, chunks=(2, 4))
    for options in [{}, {"axis": 0}, {"dx": 0.5}, {"x": x}, {"x": y, "axis": 0}]:
        same(ra.trapezoid(lazy, **options), np.trapezoid(y, **options))
    points = RNG.uniform(-3, 3, (4, 5))
    at = ra.from_array(points, chunks=2)
    for options in [{}, {"left": -9.0, "right": 9.0}, {"period": 2.5}]:
        same(
            ra.interp(at, ra.from_array(x, chunks=4), y[0], **options), np.interp(points, x, y[0], **options)
        )
    same(ra.interp(at, x, y[0] + 1j), np.interp(points, x, y[0] + 1j))
    for xp, fp in [([], []), ([1, 2], [1])]:
        with pytest.raises(ValueError, match=r"sample points|same length"):
            ra.interp(at, xp, fp)


def test_arrays_are_cut_into_several() -> None:
    a = RNG.integers(0, 9, (4, 6, 2))
    x = ra.from_array(a, chunks=(3, 4, 1))
    for cuts, axis in [(2, 0), (3, 1), ([1, 3], 1), ([0, 2, 9], 0), (2, -1)]:
        for name in ("split", "array_split"):
            parts, expected = getattr(ra, name)(x, cuts, axis), getattr(np, name)(a, cuts, axis)
            for one, own in zip(parts, expected, strict=True):
                same(one, own)
    for one, own in zip(ra.array_split(x, 4, 1), np.array_split(a, 4, 1), strict=True):
        same(one, own)
    for name in ("hsplit", "vsplit", "dsplit"):
        for one, own in zip(getattr(ra, name)(x, 2), getattr(np, name)(a, 2), strict=True):
            same(one, own)
    for one, own in zip(ra.unstack(x, axis=1), np.unstack(a, axis=1), strict=True):
        same(one, own)
    with pytest.raises(ValueError, match="equal division"):
        ra.split(x, 4, 1)
    with pytest.raises(ValueError, match="larger than 0"):
        ra.array_split(x, 0)
    with pytest.raises(ValueError, match="2 or more"):
        ra.vsplit(x[0, 0], 1)


def test_equality_of_whole_arrays() -> None:
    a = np.array([1.0, np.nan, 3])
    x = ra.from_array(a, chunks=2)
    for b in (a, a + 0, a[:2], a[None], np.array([1.0, 2, 3])):
        for equal_nan in (False, True):
            found = ra.array_equal(x, b, equal_nan=equal_nan)
            assert bool(found) == np.array_equal(a, b, equal_nan=equal_nan)
            assert found.dtype == bool
        assert bool(ra.array_equiv(x, b)) == np.array_equiv(a, b)
    assert np.array_equal(x, x, equal_nan=True) is True
    ones = ra.ones((2, 3), chunks=1)
    assert bool(ra.array_equiv(ones, np.ones(3)))


def test_spellings_of_the_standard() -> None:
    a = RNG.uniform(0.1, 0.9, (3, 4))
    x = ra.from_array(a, chunks=2)
    for name in ("acos", "asin", "atan", "asinh", "atanh"):
        same(getattr(ra, name)(x), getattr(np, name)(a))
    same(ra.acosh(x + 1), np.acosh(a + 1))
    same(ra.atan2(x, 2.0), np.atan2(a, 2.0))
    same(ra.pow(x, 2), np.pow(a, 2))
    whole = ra.arange(4, chunks=3)
    for name in ("bitwise_left_shift", "bitwise_right_shift"):
        same(getattr(ra, name)(whole, 1), getattr(np, name)(np.arange(4), 1))
    same(ra.bitwise_invert(whole), ~np.arange(4))
    same(ra.concat([x, x], axis=1), np.concat([a, a], axis=1))
    same(ra.permute_dims(x, (1, 0)), a.T)
    same(ra.matrix_transpose(x), a.T)
    same(ra.astype(x, "f4"), a.astype("f4"))
    for name in ("cumulative_sum", "cumulative_prod"):
        for options in [{"axis": 0}, {"axis": -1, "include_initial": True}, {"axis": 1, "dtype": "f4"}]:
            found, expected = getattr(ra, name)(x, **options), getattr(np, name)(a, **options)
            assert found.dtype == expected.dtype
            np.testing.assert_allclose(found.compute(), expected, rtol=1e-5)
    assert ra.can_cast(x, "f4") is False
    assert ra.can_cast("i4", "f8") is True
    assert ra.finfo(x).bits == ra.finfo(np.float64).bits == 64
    assert ra.iinfo("u1").max == 255
    assert ra.isdtype(x.dtype, "real floating")
    same(ra.from_dlpack(a), a)
    with pytest.raises(ValueError, match="device"):
        ra.astype(x, "f4", device="cuda")
    with pytest.raises(ValueError, match="``axis`` argument is required"):
        ra.cumulative_sum(x)


@pytest.mark.filterwarnings("ignore:All-NaN slice")
@pytest.mark.parametrize("name", ["quantile", "nanquantile", "percentile", "nanpercentile"])
def test_weighted_quantiles(name: str) -> None:
    a, w = RNG.standard_normal((4, 5, 3)), RNG.integers(0, 4, (4, 5, 3)) + 0.5
    if name.startswith("nan"):
        a[0, 1] = np.nan
    x = ra.from_array(a, chunks=2)
    scale = 100 if "percentile" in name else 1
    by: dict[str, Any] = {"method": "inverted_cdf"}
    for q, axis, keepdims in itertools.product([0.3, [0.0, 0.5, 1.0]], [None, 0, -1, (0, 2)], [False, True]):
        asked = np.multiply(q, scale).tolist()
        expected = getattr(np, name)(a, asked, axis=axis, keepdims=keepdims, weights=w, **by)
        found = getattr(ra, name)(
            x, asked, axis=axis, keepdims=keepdims, weights=ra.from_array(w, chunks=3), **by
        )
        same(found, expected)
    found = getattr(ra, name)(x, 0.5, axis=1, weights=w[0, :, 0], **by)
    # NumPy's functions that leave NaN out take no weights of one axis.
    spread = np.broadcast_to(w[0, :, 0][None, :, None], a.shape)
    same(found, getattr(np, name)(a, 0.5, axis=1, weights=spread, **by))
    with pytest.raises(ValueError, match="Only method"):
        getattr(ra, name)(x, 0.5, weights=w)
    with pytest.raises(TypeError, match="Axis must be specified"):
        getattr(ra, name)(x, 0.5, weights=w[0, 0], **by)
    with pytest.raises(ValueError, match="consistent with shape"):
        getattr(ra, name)(x, 0.5, axis=0, weights=w[0, 0], **by)


A = np.random.default_rng(5).random((5, 6, 7))

LATER: dict[str, Any] = {
    "unwrap": lambda m, x: m.unwrap(x * 9),
    "unwrap of whole numbers": lambda m, x: m.unwrap((x * 9).astype(int), period=4, axis=1),
    "unwrap of an odd period": lambda m, x: m.unwrap((x * 9).astype(int), period=5, axis=0),
    "unwrap of large steps": lambda m, x: m.unwrap(x * 9, discont=4),
    "vander": lambda m, x: m.vander((x[0, 0] * 9).astype(int), 4),
    "vander increasing": lambda m, x: m.vander(x[0, 0], increasing=True),
    "vander of no power": lambda m, x: m.vander(x[0, 0], 0),
    "polyval": lambda m, x: m.polyval([1, 0, 2.5], x),
    "polyval of nothing": lambda m, x: m.polyval([], x),
    "polyval of an array": lambda m, x: m.polyval(x[0, 0], x[1]),
    "logspace": lambda m, _: m.logspace(2, 3, num=4, endpoint=False, base=2),
    "logspace of whole numbers": lambda m, _: m.logspace(1, 2, 3, dtype=int),
    "geomspace": lambda m, _: m.geomspace(1000, 1, 4),
    "geomspace below zero": lambda m, _: m.geomspace(-1, -256, 9),
    "geomspace without end": lambda m, _: m.geomspace(1, 256, 9, endpoint=False),
    "geomspace of one": lambda m, _: m.geomspace(3, 9, 1),
    "identity": lambda m, _: m.identity(3, dtype=int),
    "diagflat": lambda m, x: m.diagflat(x[0, :2, :2], -1),
    "column_stack": lambda m, x: m.column_stack([x[0, :, 0], x[1]]),
    "resize": lambda m, x: m.resize(x, (2, 3, 50)),
    "resize to less": lambda m, x: m.resize(x, 7),
    "resize of nothing": lambda m, x: m.resize(x[:0], (2, 3)),
    "lexsort": lambda m, x: m.lexsort(((x[0] * 3).astype(int), (x[1] * 2).astype(int)), axis=0),
    "lexsort of rows": lambda m, x: m.lexsort((x[0] * 3).astype(int)),
    "matvec": lambda m, x: m.matvec(x, x[:, 0] * 1j),
    "vecmat": lambda m, x: m.vecmat(x[:, :, 0] * 1j, x),
    "amax": lambda m, x: m.amax(x, axis=1, keepdims=True),
    "amin": lambda m, x: m.amin(x, axis=0, initial=0.5),
    "bin edges": lambda m, x: m.histogram_bin_edges(x, bins=5),
    "histogram": lambda m, x: m.histogram(x)[0],
    "histogram of whole numbers": lambda m, x: m.histogram((x * 9).astype(int), bins=4, weights=x)[0],
    "histogram of single precision": lambda m, x: m.histogram(x.astype("f4"), bins=3)[1],
    "histogram of truth values": lambda m, x: m.histogram(x > 0.5, bins=4)[0],
    "histogram of nothing": lambda m, x: m.histogram(x[:0])[1],
    "histogram of one number": lambda m, x: m.histogram(x * 0, bins=2)[1],
    "histogram in two dimensions": lambda m, x: m.histogram2d(x[0, 0], x[1, 0], bins=[3, [0, 0.5, 1]])[0],
    "histogram of points": lambda m, x: m.histogramdd(x[0, :, :2], bins=(2, 3), range=[None, (0, 1)])[0],
}


@pytest.mark.parametrize("name", LATER)
def test_names_that_dask_lacks(name: str) -> None:
    found, expected = LATER[name](ra, ra.from_array(A, chunks=(2, 3, 4))), LATER[name](np, A)
    if isinstance(found, ra.Array):
        assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
        found = found.compute()
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_questions_about_arrays_compute_nothing() -> None:
    def never(block: Any) -> Any:
        raise AssertionError("computed")

    x = ra.ones((2, 3), chunks=1).map_blocks(never, dtype="c8")
    assert (np.size(x), np.size(x, 1), ra.size(x, -1)) == (6, 3, 3)
    assert [np.iscomplexobj(x), np.isrealobj(x), ra.isrealobj([1.0])] == [True, False, True]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: ra.geomspace(0, 1), ValueError, "cannot include zero"),
        (lambda x: ra.geomspace(-1, 1), ValueError, "goes through zero"),
        (lambda x: ra.geomspace(1, 1j), NotImplementedError, "from_array"),
        (lambda x: ra.resize(x, (-1, 2)), ValueError, "non-negative"),
        (lambda x: ra.lexsort(()), TypeError, "len > 0"),
        (lambda x: ra.lexsort((x[0], x[1, :2])), ValueError, "same shape"),
        (lambda x: ra.matvec(x[0, 0], x[0]), ValueError, "matvec: Input operand 0 does not have enough"),
        (lambda x: ra.vander(x), ValueError, "one-dimensional"),
        (lambda x: ra.vander(x[0, 0], -1), ValueError, "-1 columns"),
        (lambda x: ra.fromfunction(np.add), TypeError, "needs shape="),
        (lambda x: ra.histogram(x, bins=0), ValueError, "must be positive"),
        (lambda x: np.fill_diagonal(x, 1), TypeError, "writes into an array in memory"),
        (lambda x: np.put_along_axis(x, x.astype(int), 1, 0), TypeError, "assign, as in"),
    ],
)
def test_bad_arguments_of_names_that_dask_lacks(call: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        call(ra.from_array(A, chunks=3))


def test_weights_that_are_no_numbers_stay_with_their_own() -> None:
    places, weights = np.array([0, 1, 0, 2, 1]), np.array([np.inf, 1, 2, np.nan, -3])
    found = ra.bincount(ra.from_array(places, chunks=2), weights=ra.from_array(weights, chunks=3))
    np.testing.assert_array_equal(found.compute(), np.bincount(places, weights=weights))
    with pytest.raises(ValueError, match="don't have the same length"):
        ra.bincount(ra.from_array(places, chunks=2), weights=weights[1:])
