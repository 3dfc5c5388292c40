"""Masked arrays, held to `numpy.ma` on the whole."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import raskt.array as ra

V = np.random.default_rng(0).integers(0, 10, (6, 5))
W = np.ma.masked_equal(np.random.default_rng(1).integers(0, 10, (6, 5)), 2)
M = np.ma.masked_greater(V.astype(float), 6)
CHUNKS = [(2, 3), (1, 5), (6, 1), -1]


def close(found: Any, expected: Any) -> None:
    got = found.compute()
    assert isinstance(got, np.ma.MaskedArray) == isinstance(expected, np.ma.MaskedArray)
    assert found.dtype == got.dtype == np.asarray(expected).dtype
    assert found.shape == np.shape(expected) or found.shape != found.shape or np.isnan(found.shape).any()
    np.testing.assert_array_equal(np.ma.getmaskarray(got), np.ma.getmaskarray(expected))
    np.testing.assert_allclose(np.ma.filled(got, 0), np.ma.filled(expected, 0))


@pytest.mark.parametrize("chunks", CHUNKS)
@pytest.mark.parametrize("data", [V, M, W, V[:0]], ids=["plain", "masked", "whole", "empty"])
def test_masks_by_value(chunks: Any, data: Any) -> None:
    x = ra.from_array(data, chunks=chunks if data.size else -1, asarray=False)
    for name in ("equal", "not_equal", "greater", "greater_equal", "less", "less_equal"):
        function = f"masked_{name}"
        found = getattr(ra.ma, function)(x, 4)
        close(found, getattr(np.ma, function)(data, 4))
        assert isinstance(found._meta, np.ma.MaskedArray)
    close(ra.ma.masked_inside(x, 5, 2), np.ma.masked_inside(data, 5, 2))
    close(ra.ma.masked_outside(x, 5, 2), np.ma.masked_outside(data, 5, 2))
    close(ra.ma.masked_where(x > 3, x), np.ma.masked_where(data > 3, data))
    for name in ("getdata", "getmaskarray", "filled", "ones_like", "zeros_like"):
        close(getattr(ra.ma, name)(x), getattr(np.ma, name)(data))
    close(ra.ma.filled(x, 9), np.ma.filled(data, 9))
    close(ra.ma.compressed(x), np.ma.compressed(data))
    assert ra.ma.empty_like(x).compute().shape == data.shape


def test_masks_by_other_arrays() -> None:
    x, y = ra.from_array(M, chunks=(2, 3)), ra.from_array(W, chunks=3)
    close(ra.ma.masked_greater(x, y), np.ma.masked_greater(M, W))
    close(ra.ma.masked_equal(x, y), np.ma.masked_where(M == W, M))
    close(ra.ma.where(x > 3, x, y), np.ma.where(M > 3, M, W))
    close(ra.ma.where(x > 3, x, 0.0), np.ma.where(M > 3, M, 0.0))
    for found, expected in zip(ra.ma.where(x > 3), np.ma.where(M > 3), strict=True):
        close(found, expected)
    for found, expected in zip(ra.ma.nonzero(x), np.ma.nonzero(M), strict=True):
        close(found, expected)


def test_arrays_are_made_of_data_and_mask() -> None:
    x = ra.from_array(V, chunks=(2, 3))
    mask = V > 5
    for own in (mask, ra.from_array(mask, chunks=4), True, False, [True]):
        expected = np.ma.masked_array(V, own.compute() if hasattr(own, "compute") else own)
        close(ra.ma.masked_array(x, own), expected)
    found = ra.ma.masked_array(x, mask, fill_value=77, dtype="f4")
    close(found, np.ma.masked_array(V, mask, dtype="f4"))
    assert found.compute().fill_value == 77
    close(
        ra.ma.masked_array(ra.from_array(W, chunks=3), mask, keep_mask=False), np.ma.array(W.data, mask=mask)
    )


def test_invalid_numbers() -> None:
    a = M.data.copy()
    a[0, 0], a[3, 3], a[5, 1] = np.nan, np.inf, -np.inf
    x = ra.from_array(a, chunks=(2, 3))
    close(ra.ma.masked_invalid(x), np.ma.masked_invalid(a))
    close(ra.ma.fix_invalid(x, 7), np.ma.fix_invalid(a, fill_value=7))
    close(ra.ma.filled(ra.ma.fix_invalid(x)), np.ma.fix_invalid(a).filled())
    close(ra.ma.masked_values(x, 4), np.ma.masked_values(a, 4))


@pytest.mark.parametrize("axis", [None, 0, 1])
def test_counts_and_averages(axis: Any) -> None:
    for data in (M, W):
        x = ra.from_array(data, chunks=(2, 3))
        close(ra.ma.count(x, axis), np.ma.count(data, axis))
        close(ra.ma.average(x, axis), np.ma.average(data, axis))
        close(ra.ma.average(x, axis, weights=V + 1), np.ma.average(data, axis, weights=V + 1))
        found = ra.ma.average(x, axis, weights=V + 1, returned=True)
        for one, expected in zip(found, np.ma.average(data, axis, weights=V + 1, returned=True), strict=True):
            close(one, expected)
        if axis is not None:
            weights = np.arange(1, data.shape[axis] + 1)
            close(ra.ma.average(x, axis, weights=weights), np.ma.average(data, axis, weights=weights))
            close(
                ra.ma.average(x, axis, weights=weights, keepdims=True),
                np.ma.average(data, axis, weights=weights, keepdims=True),
            )


def test_fill_values_stay_through_blocks() -> None:
    x = ra.from_array(M, chunks=(2, 3))
    ra.ma.set_fill_value(x, 77)
    assert x.compute().fill_value == 77
    close(ra.ma.filled(x), M.filled(77))
    assert ra.ma.masked_equal(ra.from_array(V, chunks=2), 3).compute().fill_value == 3
    with pytest.raises(TypeError):
        ra.ma.set_fill_value(ra.from_array(W, chunks=2), "text")


@pytest.mark.parametrize(
    "key", [slice(1, 3), (slice(None), 2), ([0, 3],), (slice(None, None, 2), [1, 3]), (2, 2), V > 4, -1]
)
@pytest.mark.parametrize("data", [V, M], ids=["plain", "masked"])
def test_masked_can_be_assigned(key: Any, data: Any) -> None:
    expected = np.ma.array(data, copy=True)
    expected[key] = np.ma.masked
    x = ra.from_array(data, chunks=(2, 3), asarray=False)
    x[key] = np.ma.masked
    close(x, expected)
    assert isinstance(x._meta, np.ma.MaskedArray)


def test_masked_values_can_be_assigned() -> None:
    values = np.ma.masked_less(np.arange(6), 3)
    expected = np.ma.array(V, copy=True)
    expected[:, 1] = values
    x = ra.from_array(V, chunks=(2, 3))
    x[:, 1] = values
    close(x, expected)
    lazy = ra.from_array(V, chunks=(2, 3))
    lazy[:, 1] = ra.from_array(values, chunks=2, asarray=False)
    close(lazy, expected)


def test_bad_arguments_are_refused_at_once() -> None:
    x = ra.from_array(V, chunks=2)
    with pytest.raises(np.ma.MaskError, match="Mask and data not compatible"):
        ra.ma.masked_array(x, [True, False])
    with pytest.raises(IndexError, match="Inconsistent shape"):
        ra.ma.masked_where(x[0] > 1, x)
    with pytest.raises(TypeError, match="does not take"):
        ra.ma.masked_array(x, colour=1)
    with pytest.raises(ValueError, match="one value"):
        ra.ma.set_fill_value(x, [1, 2])
    with pytest.raises(ValueError, match="both 'x' and 'y'"):
        ra.ma.where(x > 1, x)
    with pytest.raises(TypeError, match="Axis must be specified"):
        ra.ma.average(x, weights=[1, 2])
    with pytest.raises(ValueError, match="Length of weights"):
        ra.ma.average(x, axis=0, weights=[1, 2])


KEEPING: dict[str, Any] = {
    "broadcast_to": lambda m, x: m.broadcast_to(x, (2, 3, 4)),
    "cumsum": lambda m, x: m.cumsum(x, axis=1),
    "add": lambda m, x: x + x,
    "index": lambda m, x: x[[2, 0], ::-1],
    "concatenate": lambda m, x: m.concatenate([x, x], axis=1),
    "transpose": lambda m, x: x.T,
    "sum": lambda m, x: m.sum(x, axis=0),
}
LOSING: dict[str, Any] = {
    "covariance": lambda x: ra.cov(x),
    "correlation": lambda x: ra.corrcoef(x),
    "tril": ra.tril,
    "sort": lambda x: ra.sort(x, axis=1),
    "argsort": lambda x: ra.argsort(x, axis=1),
    "isin": lambda x: ra.isin(x, [1, 2]),
    "unique": ra.unique,
    "nancumsum": lambda x: ra.nancumsum(x, axis=1),
    "percentile": lambda x: ra.percentile(x, 30, axis=1),
    "searchsorted": lambda x: ra.searchsorted(x[0], x[1]),
    "digitize": lambda x: ra.digitize(x, np.array([1, 2])),
    "topk": lambda x: ra.topk(x, 2, axis=1),
    "histogram": lambda x: ra.histogram(x, bins=3, range=(0, 5))[0],
}


def masked(dtype: str) -> Any:
    values = np.arange(12).reshape(3, 4) % 5
    return np.ma.masked_array(values.astype(dtype), mask=values % 3 == 1)


@pytest.mark.parametrize("dtype", ["f8", "f2", "O", "c16", "i4"])
@pytest.mark.parametrize("name", KEEPING)
def test_masks_stay_whatever_the_dtype(name: str, dtype: str) -> None:
    values = masked(dtype)
    if name == "cumsum" and dtype == "O":
        pytest.skip("sums of objects are refused: see below")
    module: Any = np.ma if name == "concatenate" else np
    expected = KEEPING[name](module, values)
    if name == "broadcast_to":
        expected = np.ma.masked_array([values, values])
    found = KEEPING[name](ra, ra.from_array(values, chunks=(2, 3))).compute()
    np.testing.assert_array_equal(np.ma.getmaskarray(found), np.ma.getmaskarray(expected))
    np.testing.assert_array_equal(np.ma.filled(found, 0), np.ma.filled(expected, 0))


@pytest.mark.parametrize("dtype", ["f8", "f2", "O"])
@pytest.mark.parametrize("name", LOSING)
def test_what_would_take_masks_off_is_refused_whatever_the_dtype(name: str, dtype: str) -> None:
    if name == "sort" and dtype == "O":
        pytest.skip("NumPy sorts no masked objects")
    with pytest.raises(NotImplementedError, match="would lose what they mean"):
        LOSING[name](ra.from_array(masked(dtype), chunks=(2, 3))).compute()


PRODUCTS: dict[str, Any] = {
    "matmul": lambda x: x @ x.T,
    "dot": lambda x: x.dot(x.T),
    "tensordot": lambda x: ra.tensordot(x, x.T, axes=1),
    "inner": lambda x: ra.inner(x, x),
    "einsum": lambda x: ra.einsum("ij,kj->ik", x, x),
}


@pytest.mark.parametrize("dtype", ["f8", "f2", "c16", "i4", "?", "O"])
@pytest.mark.parametrize("name", PRODUCTS)
def test_products_skip_masked_elements_as_numpy_ma_dot_does(name: str, dtype: str) -> None:
    if (name, dtype) == ("einsum", "O"):
        pytest.skip("einsum of objects is NumPy's own loop")
    values = masked(dtype)
    values[1] = np.ma.masked
    for chunks in [(2, 3), (1, 1), -1]:
        found = PRODUCTS[name](ra.from_array(values, chunks=chunks)).compute()
        expected = np.ma.dot(values, values.T)
        assert found.dtype == expected.dtype
        assert np.ma.getmaskarray(found)[1].all()
        np.testing.assert_array_equal(np.ma.getmaskarray(found), np.ma.getmaskarray(expected))
        for got, wanted in zip(np.ma.filled(found, 0).flat, np.ma.filled(expected, 0).flat, strict=True):
            assert complex(got) == pytest.approx(complex(wanted))
    plain = ra.from_array(np.ones((4, 2)).astype(dtype), chunks=2)
    found = (ra.from_array(values, chunks=(2, 3)) @ plain).compute()
    expected = np.ma.dot(values, np.ones((4, 2)).astype(dtype))
    np.testing.assert_array_equal(np.ma.getmaskarray(found), np.ma.getmaskarray(expected))
    np.testing.assert_array_equal(np.ma.filled(found, 0), np.ma.filled(expected, 0))


@pytest.mark.parametrize("dtype", ["f8", "f4", "f2", "i4", "c16"])
def test_medians_are_those_of_what_is_not_masked(dtype: str) -> None:
    values = masked(dtype)
    values[1] = np.ma.masked
    x = ra.from_array(values, chunks=(2, 3))
    for axis in (None, 0, 1, (0, 1)):
        for keepdims in (False, True):
            found = ra.median(x, axis=axis, keepdims=keepdims).compute()
            expected = np.ma.median(values, axis=axis, keepdims=keepdims)
            assert found.dtype == expected.dtype
            np.testing.assert_array_equal(np.ma.getmaskarray(found), np.ma.getmaskarray(expected))
            np.testing.assert_array_equal(np.ma.filled(found, 0), np.ma.filled(expected, 0))


@pytest.mark.parametrize("dtype", ["f8", "f2", "c16", "i4", "?", "O", "M8[s]"])
def test_lazy_places_keep_masks(dtype: str) -> None:
    values = masked("i8" if dtype == "M8[s]" else dtype).astype(dtype)
    places = np.array([2, -1, 0, 0])
    x, lazy = ra.from_array(values, chunks=(2, 3)), ra.from_array(places, chunks=3)
    for found, expected in [
        (x[lazy], values[places]),
        (x[:, lazy], values[:, places]),
        (x[lazy, [1, 2, 3, 0]], values[places, [1, 2, 3, 0]]),
    ]:
        got = found.compute()
        assert got.dtype == expected.dtype
        np.testing.assert_array_equal(np.ma.getmaskarray(got), np.ma.getmaskarray(expected))
        np.testing.assert_array_equal(got.compressed(), expected.compressed())


def test_powers_that_are_no_numbers_are_masked_and_imaginary_parts_keep_masks() -> None:
    base, exponent = (
        np.ma.masked_equal([0.0, 2.0, 3.0, -8.0], 3),
        np.ma.masked_equal([-1.0, 9.0, 2.0, 0.5], 9),
    )
    x, y = ra.from_array(base, chunks=3), ra.from_array(exponent, chunks=2)
    with np.errstate(all="ignore"):
        for found, expected in [(x**y, base**exponent), ((x + 1) ** y, (base + 1) ** exponent)]:
            close(found, expected)
    close(x.imag, base.imag)
    close((x + 1).imag, (base + 1).imag)


@pytest.mark.parametrize("dtype", ["f2", "f8", "i4", "O", "M8[s]", "U3"])
def test_choices_keep_masks(dtype: str) -> None:
    values = np.arange(6).astype("i8" if dtype == "M8[s]" else dtype).astype(dtype)
    x = np.ma.masked_array(values, [0, 1, 0, 0, 1, 0])
    condition = np.ma.masked_array([1, 1, 0, 0, 1, 0], [0, 0, 0, 1, 0, 0], dtype=bool)
    lazy, lazy_condition = ra.from_array(x, chunks=4), ra.from_array(condition, chunks=4)
    other = x[::-1].copy()
    for made, expected in [
        (ra.where(lazy_condition, lazy, ra.from_array(other, chunks=4)), np.ma.where(condition, x, other)),
        (ra.where(lazy_condition, values, lazy), np.ma.where(condition, values, x)),
    ]:
        found = made.compute()
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(np.ma.getmaskarray(found), np.ma.getmaskarray(expected))
        np.testing.assert_array_equal(found.compressed(), expected.compressed())


@pytest.mark.parametrize("dtype", ["f2", "f8", "c8"])
def test_numbers_in_place_of_nan_keep_masks(dtype: str) -> None:
    x = np.ma.masked_array(np.array([np.nan, np.inf, 2.0, -np.inf], dtype), [0, 0, 1, 0])
    found, expected = ra.nan_to_num(ra.from_array(x, chunks=3), nan=7.0).compute(), np.nan_to_num(x, nan=7.0)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(np.ma.getmaskarray(found), np.ma.getmaskarray(expected))
    np.testing.assert_array_equal(found.compressed(), expected.compressed())
