"""Corners in which values, dtypes and errors are NumPy's."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import raskt.array as ra

COMPLEX = np.array([[1 + 2j, 3 - 1j, 2], [5j, 1 - 4j, -2 + 0.5j]])


@pytest.mark.parametrize("dtype", ["f8", "f4", "f2"])
@pytest.mark.parametrize("axis", [None, 0, 1])
@pytest.mark.parametrize("name", ["var", "std", "nanvar", "nanstd"])
def test_a_real_variance_of_complex_numbers_is_about_the_real_mean(name: str, axis: Any, dtype: str) -> None:
    holes = COMPLEX.copy()
    holes[0, 1] = complex(1, np.nan)
    for values in (COMPLEX, holes) if name.startswith("nan") else (COMPLEX,):
        for chunks in (1, 2, -1):
            for options in ({}, {"ddof": 1}, {"keepdims": True}):
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    wanted = getattr(np, name)(values, axis=axis, dtype=dtype, **options)
                    lazy = getattr(ra, name)(
                        ra.from_array(values, chunks=chunks), axis=axis, dtype=dtype, **options
                    )
                    found = lazy.compute()
                assert lazy.dtype == found.dtype == wanted.dtype
                np.testing.assert_allclose(found, wanted, rtol=1e-2 if dtype == "f2" else 1e-5)


def test_a_real_variance_of_chosen_complex_numbers_has_their_imaginary_parts() -> None:
    where = np.array([[True, False, True], [True, True, False]])
    for name in ("var", "std"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            wanted = getattr(np, name)(COMPLEX, dtype="f8", where=where)
            found = getattr(ra, name)(ra.from_array(COMPLEX, chunks=2), dtype="f8", where=where).compute()
        np.testing.assert_allclose(found, wanted)


@pytest.mark.parametrize("dtype", ["i4", "u1", "i8"])
@pytest.mark.parametrize("source", ["f8", "f4", "i8", "?", "c16", ">f8"])
def test_a_mean_in_whole_numbers_is_of_whole_numbers(source: str, dtype: str) -> None:
    values = np.array([[0.9, 1.9, 2.9], [3.9, 0.5, 7.5]]).astype(source)
    for axis in (None, 0, (0, 1)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = ra.mean(ra.from_array(values, chunks=2), axis=axis, dtype=dtype).compute()
            wanted = np.mean(values, axis=axis, dtype=dtype)
        assert found.dtype == wanted.dtype
        np.testing.assert_array_equal(found, wanted)


def test_of_texts_that_do_not_count_none_is_true() -> None:
    for values in (np.array(["a", "", "bc"]), np.array([b"a", b"", b"bc"])):
        for where in ([False] * 3, [True] * 3, [False, True, False]):
            for name in ("any", "all"):
                found = getattr(ra, name)(ra.from_array(values, chunks=2), where=np.array(where)).compute()
                assert found == getattr(np, name)(values, where=np.array(where))


def test_extremes_of_dates_begin_with_a_number() -> None:
    days = np.array([5, 7, -3]).astype("M8[D]")
    for name in ("max", "min"):
        for where in (True, np.array([True, False, True])):
            found = getattr(ra, name)(ra.from_array(days, chunks=2), initial=0, where=where).compute()
            assert found == getattr(np, name)(days, initial=0, where=where)


@pytest.mark.parametrize("a_chunks", [((1,),), ((0, 1),), ((1, 0),), ((0, 1, 0),)])
@pytest.mark.parametrize("b_chunks", [((1,),), ((0, 1),), ((1, 0, 0),)])
def test_products_over_one_element_among_empty_blocks(a_chunks: Any, b_chunks: Any) -> None:
    a, b = np.arange(3.0).reshape(3, 1), np.arange(2.0).reshape(1, 2)
    x = ra.from_array(a, chunks=((1, 0, 2), *a_chunks))
    y = ra.from_array(b, chunks=(*b_chunks, (1, 1)))
    for product in (ra.matmul, ra.dot, lambda x, y: ra.tensordot(x, y, axes=1)):
        np.testing.assert_array_equal(product(x, y).compute(), a @ b)
    np.testing.assert_array_equal(ra.matmul(x[None], y).compute(), (a @ b)[None])
    np.testing.assert_array_equal(ra.dot(x[:, 0][:1], y[:, 0]).compute(), a[:1, 0] @ b[:, 0])
    np.testing.assert_array_equal(ra.einsum("ij,jk->ik", x, y).compute(), a @ b)
    np.testing.assert_array_equal((x.T + y.T).compute(), a.T + b.T)


@pytest.mark.parametrize("chunks", [((1, 0, 2), (2,)), ((0, 3), (1, 0, 1))])
def test_functions_of_rows_are_not_called_for_blocks_without_rows(chunks: Any) -> None:
    values = np.arange(6.0).reshape(3, 2)
    for function in (np.sum, lambda row: row[::-1], lambda row: np.array([[len(row)]])):
        for axis in (0, 1):
            found = ra.apply_along_axis(function, axis, ra.from_array(values, chunks=chunks)).compute()
            np.testing.assert_array_equal(found, np.apply_along_axis(function, axis, values))
    with pytest.raises(ValueError, match="iteration dimensions are 0"):
        ra.apply_along_axis(np.sum, 0, ra.ones((3, 0)))


@pytest.mark.parametrize("name", ["nanpercentile", "nanquantile", "percentile"])
def test_several_quantiles_of_rows_among_empty_blocks(name: str) -> None:
    values = np.arange(24.0).reshape(4, 6)
    q = np.array([0.25, 0.75]) * (1 if name.endswith("quantile") else 100)
    for method in ("linear", "lower", "hazen"):
        x = ra.from_array(values, chunks=((1, 0, 3), (2, 4)))
        found = getattr(ra, name)(x, q, axis=1, method=method).compute()
        np.testing.assert_allclose(found, getattr(np, name)(values, q, axis=1, method=method))


def test_scalars_of_numpy_meet_arrays_of_unknown_size() -> None:
    x = ra.from_array(np.array([1, 0, 3, 4]), chunks=2)
    places = ra.argwhere(x).sum(axis=1)
    found = ra.prod(places, where=ra.from_array(np.array([False, True, True]), chunks=1))
    assert found.compute() == 6


def test_halves_are_averaged_in_the_dtype_that_was_asked_for() -> None:
    values = np.array([1.0, 4.5, -3.0, 1.0, 7.5], "f2")
    for name in ("mean", "var", "std", "nanmean"):
        found = getattr(ra, name)(ra.from_array(values, chunks=2), dtype="f8").compute()
        np.testing.assert_allclose(found, getattr(np, name)(values, dtype="f8"), rtol=1e-13)


def test_other_byte_orders_are_averaged_in_whole_numbers() -> None:
    for source in (">f8", ">i4", ">f4"):
        assert ra.mean(ra.from_array(np.array([4, 8]).astype(source), chunks=1), dtype="i8").compute() == 6


INFINITE = [
    [complex(np.inf, 0)],
    [complex(np.inf, 0), 2],
    [2, complex(np.inf, 0)],
    [complex(0, np.inf), 1, 1, 1],
    [complex(-np.inf, 1)] * 2,
    [1, 1, 3, complex(np.inf, -np.inf)],
]


@pytest.mark.parametrize("numbers", INFINITE, ids=str)
@pytest.mark.parametrize("dtype", ["c16", "c8"])
def test_infinite_parts_multiply_as_numpys_do(numbers: list[complex], dtype: str) -> None:
    values = np.array(numbers, dtype)
    with np.errstate(all="ignore"):
        for name in ("prod", "nanprod"):
            found = getattr(ra, name)(ra.from_array(values, chunks=-1)).compute()
            assert repr(found) == repr(getattr(np, name)(values))
        for name in ("cumprod", "nancumprod"):
            for chunks in (-1, 1):
                found = getattr(ra, name)(ra.from_array(values, chunks=chunks)).compute()
                wanted = getattr(np, name)(values)
                assert found[0] == wanted[0]
                if chunks == -1:
                    assert repr(found) == repr(wanted)


@pytest.mark.parametrize("dtype", ["f8", "f4", "f2", "c16", "c8"])
@pytest.mark.parametrize("name", ["cumsum", "nancumsum", "cumprod", "sum", "nansum", "prod"])
def test_zeros_keep_their_signs(name: str, dtype: str) -> None:
    values = np.full(5, -0.0, dtype)
    if values.dtype.kind == "c":
        values.imag[:] = -0.0
    if name == "prod":
        values = values[:1]
    for chunks in (1, 2, -1, (2, 0, len(values) - 2) if len(values) > 2 else 1):
        chunks = (chunks,) if isinstance(chunks, tuple) else chunks
        found = getattr(ra, name)(ra.from_array(values, chunks=chunks)).compute()
        wanted = getattr(np, name)(values)
        if name.endswith("prod") and found.dtype.kind == "c":
            continue  # Which zeros of products have a sign tells the order of factors.
        np.testing.assert_array_equal(np.signbit(found.real), np.signbit(wanted.real))
        np.testing.assert_array_equal(np.signbit(found.imag), np.signbit(wanted.imag))


RECORD = np.array((1, 2.0), dtype=[("a", "i4"), ("b", "f8")])


@pytest.mark.parametrize("name", ["argmin", "argmax", "nanargmin", "nanargmax"])
@pytest.mark.parametrize(
    "values",
    [RECORD, RECORD[None], RECORD[None, None], np.repeat(RECORD, 3), RECORD[None][:0], np.zeros((), "V3")],
    ids=lambda values: f"{values.dtype.kind}{values.shape}",
)
def test_records_have_no_order_however_few(name: str, values: Any) -> None:
    with pytest.raises(TypeError, match="data type not ordered"):
        getattr(np, name)(values)
    with pytest.raises(TypeError, match="data type not ordered"):
        getattr(ra, name)(ra.from_array(values, chunks=1)).compute()


@pytest.mark.parametrize("value", [1j, "a", None, np.datetime64(3, "s"), 2.5])
def test_lone_elements_have_a_place(value: Any) -> None:
    values = np.array(value)
    for name in ("argmin", "argmax"):
        for axis in (None, 0, -1):
            found = getattr(ra, name)(ra.from_array(values), axis=axis).compute()
            assert found == getattr(np, name)(values, axis=axis) == 0
        with pytest.raises(np.exceptions.AxisError):
            getattr(ra, name)(ra.from_array(values), axis=1)


SECONDS = np.arange(4).astype("m8[s]").reshape(2, 2)


@pytest.mark.parametrize("name", ["dot", "tensordot", "inner", "vdot"])
def test_products_of_times_are_summed(name: str) -> None:
    for a, b in ((SECONDS, SECONDS + 1), (SECONDS, np.ones((2, 2), int)), (np.ones((2, 2), int), SECONDS)):
        wanted = getattr(np, name)(a, b)
        for chunks in (1, 2):
            lazy = getattr(ra, name)(ra.from_array(a, chunks=chunks), ra.from_array(b, chunks=chunks))
            found = lazy.compute()
            assert lazy.dtype == found.dtype == wanted.dtype
            np.testing.assert_array_equal(found, wanted)
    with pytest.raises(TypeError):
        ra.matmul(ra.from_array(SECONDS), ra.from_array(SECONDS)).compute()


NAN = math.nan
CREATED: dict[str, Callable[[], Any]] = {
    "ones": lambda: ra.ones(4, chunks=NAN),
    "sizes": lambda: ra.ones(4, chunks=((2, NAN),)),
    "zeros": lambda: ra.zeros((4, 4), chunks=(2, NAN)),
    "full": lambda: ra.full(4, 1, chunks={0: NAN}),
    "full sizes": lambda: ra.full(4, 1, chunks={0: (2, NAN)}),
    "arange": lambda: ra.arange(4, chunks=NAN),
    "linspace": lambda: ra.linspace(0, 1, 4, chunks=NAN),
    "eye": lambda: ra.eye(4, chunks=NAN),
    "tri": lambda: ra.tri(4, chunks=NAN),
    "indices": lambda: ra.indices((4,), chunks=NAN),
    "fromfunction": lambda: ra.fromfunction(lambda x: x, shape=(4,), chunks=NAN),
    "from_array": lambda: ra.from_array(np.ones(4), chunks=NAN),
    "from_array sizes": lambda: ra.from_array(np.ones(4), chunks=((NAN, NAN),)),
    "random": lambda: ra.random.random(4, chunks=NAN),
    "random sizes": lambda: ra.random.default_rng(0).normal(size=(4, 2), chunks=((NAN, 2), 2)),
    "ones_like": lambda: ra.ones_like(np.ones(4), chunks=NAN),
    "rechunk": lambda: ra.ones(4).rechunk(NAN),
    "rechunk of an axis": lambda: ra.ones((4, 4)).rechunk({0: NAN}),
    "normalize_chunks": lambda: ra.normalize_chunks((NAN,), (4,)),
}


@pytest.mark.parametrize("what", CREATED)
def test_chunks_that_are_no_number_are_refused(what: str) -> None:
    with pytest.raises(ValueError, match=r"chunks .*cannot be nan"):
        CREATED[what]()


@pytest.mark.parametrize("name", ["sum", "mean", "max", "argmax", "any", "prod", "var", "nanmin"])
def test_as_many_at_once_along_each_axis_or_together_is_one_key(name: str) -> None:
    x = ra.ones((4, 4, 4), chunks=1)

    def key(axis: Any, split_every: Any) -> str:
        found: str = getattr(ra, name)(x, axis=axis, split_every=split_every).name
        return found

    assert key(None, 2) == key(None, {0: 2, 1: 2, 2: 2}) == key(None, {-1: 2, 1: 2, 0: 2}) == key(None, 8)
    assert key(0, 2) == key(0, {0: 2}) == key(0, {0: 2, 1: 5}) == key(-3, {-3: 2})
    assert key(0, 2) != key(0, 3)
    if not name.startswith("arg"):
        assert key((0, 1), 2) == key((0, 1), {0: 2, 1: 2}) == key((1, 0), 4)
        assert key((0, 1), {0: 2, 1: 3}) != key((0, 1), 2)
    assert getattr(ra, name)(x, split_every=2).compute() == getattr(np, name)(np.ones((4, 4, 4)))
