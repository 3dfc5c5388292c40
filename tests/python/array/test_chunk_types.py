"""Blocks of pydata's sparse, quantities of pint inside and outside, arrays of a device by their protocol."""

from __future__ import annotations

from typing import Any

import numpy as np
import pint
import pytest
import raskt
import raskt.array as ra
import sparse
import xarray as xr
from raskt.array.chunk_types import is_valid_chunk_type

DENSE = np.where(np.arange(48).reshape(6, 8) % 5 == 0, np.arange(48.0).reshape(6, 8), 0)
UNITS = pint.UnitRegistry()


def same(found: Any, expected: Any) -> None:
    """Hold a computed array to the same of the whole sparse one."""
    assert type(found) is type(expected)
    if isinstance(expected, sparse.SparseArray):
        assert found.fill_value == expected.fill_value
        found, expected = found.todense(), expected.todense()
    np.testing.assert_allclose(found, expected)


@pytest.fixture
def whole() -> sparse.COO:
    return sparse.COO.from_numpy(DENSE)


@pytest.fixture
def lazy(whole: sparse.COO) -> ra.Array:
    return ra.from_array(whole, chunks=(4, 3))


OF_SPARSE: dict[str, Any] = {
    "itself": lambda x, m: x,
    "times two": lambda x, m: x * 2,
    "chain": lambda x, m: m.sqrt(x * 2) - x,
    "another fill": lambda x, m: x + 1,
    "compared": lambda x, m: x > 3,
    "cast": lambda x, m: x.astype("f4"),
    "slices": lambda x, m: x[1:5, ::2],
    "row": lambda x, m: x[2],
    "new axis": lambda x, m: x[None],
    "transposed": lambda x, m: x.T,
    "sum": lambda x, m: x.sum(axis=0),
    "sum that keeps": lambda x, m: x.sum(axis=1, keepdims=True),
    "max": lambda x, m: x.max(axis=0),
    "mean": lambda x, m: x.mean(axis=1),
    "any": lambda x, m: (x > 3).any(axis=0),
    "product": lambda x, m: x @ x.T,
    "tensordot": lambda x, m: m.tensordot(x, x, axes=((0,), (0,))),
    "concatenate": lambda x, m: m.concatenate([x, x], axis=1),
    "stack": lambda x, m: m.stack([x, x]),
    "reshape": lambda x, m: x.reshape((8, 6)),
    "where": lambda x, m: m.where(x > 3, x, 0),
}


@pytest.mark.parametrize("name", OF_SPARSE)
def test_sparse_blocks_are_as_the_whole_sparse_array(name: str, whole: sparse.COO, lazy: ra.Array) -> None:
    made = OF_SPARSE[name](lazy, ra)
    expected = OF_SPARSE[name](whole, np if name in ("chain",) else sparse)
    assert made.shape == expected.shape
    same(made.compute(), expected)


def test_the_meta_of_sparse_blocks_is_sparse(lazy: ra.Array) -> None:
    assert isinstance(lazy._meta, sparse.COO)
    assert is_valid_chunk_type(sparse.COO)
    assert "sparse" in repr(lazy) or "COO" in repr(lazy)


def test_the_type_of_blocks_stays_known_where_operations_keep_it(lazy: ra.Array, whole: sparse.COO) -> None:
    masked = ra.ma.masked_less(ra.from_array(DENSE, chunks=(4, 3)), 0.5)
    for x, kind in ((lazy, sparse.COO), (masked, np.ma.MaskedArray)):
        for made in (
            x + 1,
            2 * x,
            np.sin(x),
            x > 0,
            x[1:],
            x[0],
            x[[1, 0]],
            x.T,
            x.rechunk(2),
            x.reshape(-1),
            x.astype("f4"),
            ra.concatenate([x, x]),
            ra.where(x > 0, x, 0.0),
            (x * 2)[1:].T,
        ):
            assert type(made._meta) is kind
            assert (made._meta.dtype, made._meta.ndim) == (made.dtype, made.ndim)
            assert type(made.compute()) is kind
    dense = (lazy + 0).map_blocks(lambda block: block.todense(), dtype=float)
    assert type(dense._meta) is type((dense + 1)._meta) is np.ndarray


def test_dense_blocks_become_sparse_and_dense_again(whole: sparse.COO) -> None:
    made = ra.from_array(DENSE, chunks=(4, 3)).map_blocks(sparse.COO.from_numpy, dtype=float)
    same(made.compute(), whole)
    dense = (made * 2).map_blocks(lambda block: block.todense(), dtype=float)
    np.testing.assert_array_equal(dense.compute(), DENSE * 2)
    np.testing.assert_array_equal((dense + 1).sum(0).compute(), (DENSE * 2 + 1).sum(0))


def test_a_sparse_array_beside_a_lazy_one_is_lazy(whole: sparse.COO, lazy: ra.Array) -> None:
    for made in (lazy * whole, whole * lazy):
        assert isinstance(made, ra.Array)
        same(made.compute(), whole * whole)


# ---- pint ----


def test_quantities_hold_lazy_arrays() -> None:
    q = UNITS.Quantity(ra.from_array(DENSE, chunks=(4, 3)), "m")
    for made in (q * q, (q + q).to("km"), q.sum(axis=0), np.mean(q), np.concatenate([q, q]), q[1:, 2]):
        assert isinstance(made.magnitude, ra.Array)
    speed = (q / UNITS.Quantity(2.0, "s")).to("km/h")
    assert str(speed.units) == "kilometer / hour"
    np.testing.assert_allclose(raskt.compute(speed.magnitude)[0], DENSE / 2 * 3.6)
    with pytest.raises(pint.DimensionalityError):
        q + UNITS.Quantity(ra.ones((6, 8)), "s")


def test_a_lazy_array_gives_way_to_a_quantity() -> None:
    length = UNITS.Quantity(np.arange(8.0), "m")
    for made in (ra.ones((6, 8), chunks=3) * length, length * ra.ones((6, 8), chunks=3)):
        assert isinstance(made, UNITS.Quantity)
        assert isinstance(made.magnitude, ra.Array)
        np.testing.assert_array_equal(made.magnitude.compute(), np.ones((6, 8)) * np.arange(8.0))


def test_a_lazy_array_gives_way_to_xarray() -> None:
    labelled = xr.DataArray(np.arange(8.0), dims="x", coords={"x": np.arange(8)})
    for made in (
        ra.ones(8, chunks=3) + labelled,
        labelled + ra.ones(8, chunks=3),
        np.add(ra.ones(8), labelled),
    ):
        assert isinstance(made, xr.DataArray)
        assert isinstance(made.data, ra.Array)
        np.testing.assert_array_equal(made.compute(), np.arange(8.0) + 1)


def test_quantities_are_blocks() -> None:
    whole = UNITS.Quantity(DENSE, "m")
    lazy = ra.from_array(whole, chunks=(4, 3), asarray=False)
    for function in (lambda x: x * 2, lambda x: x[1:4], lambda x: x.sum(axis=0), lambda x: x.T * x.T):
        found, expected = function(lazy).compute(), function(whole)
        assert found.units == expected.units
        np.testing.assert_allclose(found.magnitude, expected.magnitude)


# ---- masked arrays ----


def test_masked_arrays_are_blocks_with_their_meta() -> None:
    whole = np.ma.masked_less(DENSE, 4)
    lazy = ra.from_array(whole, chunks=(4, 3))
    assert isinstance(lazy._meta, np.ma.MaskedArray)
    assert isinstance((lazy * 2).compute(), np.ma.MaskedArray)
    np.testing.assert_allclose(lazy.mean(axis=0).compute(), whole.mean(axis=0))


# ---- a device, by protocol ----


class Device(np.lib.mixins.NDArrayOperatorsMixin):
    """An array that does not let itself become NumPy's, as those of devices do not."""

    __array_priority__ = 10

    def __init__(self, values: Any) -> None:
        self.values = np.asarray(values)

    shape = property(lambda self: self.values.shape)
    ndim = property(lambda self: self.values.ndim)
    dtype = property(lambda self: self.values.dtype)
    size = property(lambda self: self.values.size)
    nbytes = property(lambda self: self.values.nbytes)

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise TypeError("Implicit conversion to a NumPy array is not allowed")

    def __getitem__(self, index: Any) -> Any:
        return Device(self.values[index])

    def copy(self) -> Device:
        return Device(self.values.copy())

    def astype(self, dtype: Any, **_: Any) -> Device:
        return Device(self.values.astype(dtype))

    def reshape(self, *shape: Any, **_: Any) -> Device:
        return Device(self.values.reshape(*shape))

    def sum(self, **kwargs: Any) -> Device:
        return Device(self.values.sum(**kwargs))

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if any(isinstance(x, ra.Array) for x in inputs):
            return NotImplemented
        return Device(getattr(ufunc, method)(*map(_values, inputs), **kwargs))

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        kwargs.pop("like", None)
        if any(issubclass(kind, ra.Array) for kind in types):
            return NotImplemented
        args = [list(map(_values, x)) if isinstance(x, (list, tuple)) else _values(x) for x in args]
        return Device(func(*args, **kwargs))


def _values(x: Any) -> Any:
    return x.values if isinstance(x, Device) else x


@pytest.fixture(scope="module", autouse=True)
def registered() -> None:
    ra.register_chunk_type(Device)


OF_DEVICES: dict[str, Any] = {
    "itself": lambda x, m: x,
    "chain": lambda x, m: np.sqrt(x * 2 + 1),
    "slices": lambda x, m: x[1:5, ::2],
    "sum": lambda x, m: np.sum(x, axis=0),
    "transposed": lambda x, m: np.transpose(x),
    "concatenate": lambda x, m: np.concatenate([x, x]),
    "where": lambda x, m: np.where(x > 3, x, 0),
    "product": lambda x, m: np.matmul(x, np.transpose(x)),
}


@pytest.mark.parametrize("name", OF_DEVICES)
def test_blocks_of_devices_never_become_numpys(name: str) -> None:
    whole = Device(DENSE)
    lazy = ra.from_array(whole, chunks=(4, 3), asarray=False)
    found, expected = OF_DEVICES[name](lazy, ra).compute(), OF_DEVICES[name](whole, np)
    assert type(found) is Device
    np.testing.assert_allclose(found.values, expected.values)


def test_a_registered_array_beside_a_lazy_one_is_lazy() -> None:
    lazy = ra.from_array(DENSE, chunks=(4, 3))
    for made in (lazy + Device(DENSE), Device(DENSE) + lazy):
        assert isinstance(made, ra.Array)
        found = made.compute()
        assert type(found) is Device
        np.testing.assert_array_equal(found.values, DENSE * 2)


def test_like_and_meta_make_blocks_of_a_type(whole: sparse.COO) -> None:
    for made in (
        ra.asarray(DENSE, like=ra.from_array(whole, chunks=-1)),
        np.asarray(DENSE, like=ra.from_array(DENSE, chunks=3)),
    ):
        assert isinstance(made, ra.Array)
        np.testing.assert_array_equal(made.compute(), DENSE)
