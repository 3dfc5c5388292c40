"""Functions made of native operations: as NumPy has them to the bit, and one program with what is around."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import raskt.array as ra
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

FLOATS = st.sampled_from([np.float32, np.float64])
NUMBERS = st.sampled_from([np.bool_, np.int8, np.uint16, np.int64, np.uint64, np.float32, np.float64])

FUNCTIONS: dict[str, Any] = {
    "nan_to_num": lambda m, x: m.nan_to_num(x),
    "nan_to_num by others": lambda m, x: m.nan_to_num(x, nan=np.inf, posinf=-1.5, neginf=1e300),
    "iscomplex": lambda m, x: m.iscomplex(x),
    "isreal": lambda m, x: m.isreal(x),
    "isneginf": lambda m, x: m.isneginf(x),
    "isposinf": lambda m, x: m.isposinf(x),
    "isclose to a number": lambda m, x: m.isclose(x, 1),
    "isclose of a number": lambda m, x: m.isclose(np.inf, x, equal_nan=True),
    "isclose to itself": lambda m, x: m.isclose(x, x, equal_nan=True),
}

FLOAT_FUNCTIONS: dict[str, Any] = {
    "round": lambda m, x: m.round(x, 1),
    "round to hundreds": lambda m, x: m.round(x, -2),
    "round to many": lambda m, x: m.round(x, 12),
    "modf": lambda m, x: m.modf(x)[0],
    "modf, whole": lambda m, x: m.modf(x)[1],
}


def same(found: Any, expected: Any) -> None:
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    np.testing.assert_array_equal(found, expected)
    if found.dtype.kind == "f":
        sign = ~np.isnan(expected)
        np.testing.assert_array_equal(np.signbit(found)[sign], np.signbit(expected)[sign])


def arrays(dtypes: Any) -> Any:
    return dtypes.flatmap(lambda dtype: hnp.arrays(dtype, hnp.array_shapes(max_dims=2, max_side=5)))


@settings(max_examples=60)
@given(arrays(NUMBERS), st.sampled_from(sorted(FUNCTIONS)))
def test_functions_of_numbers_are_numpys(values: Any, name: str) -> None:
    with np.errstate(all="ignore"):
        same(FUNCTIONS[name](ra, ra.from_array(values, chunks=2)).compute(), FUNCTIONS[name](np, values))


@settings(max_examples=60)
@given(arrays(FLOATS), st.sampled_from(sorted(FLOAT_FUNCTIONS)))
def test_functions_of_floats_are_numpys(values: Any, name: str) -> None:
    with np.errstate(all="ignore"):
        found = FLOAT_FUNCTIONS[name](ra, ra.from_array(values, chunks=2)).compute()
        same(found, FLOAT_FUNCTIONS[name](np, values))


@settings(max_examples=60)
@given(
    arrays(NUMBERS),
    arrays(NUMBERS),
    st.sampled_from([0, 1e-8, 0.5]),
    st.sampled_from([0, 1e-5, 2]),
    st.booleans(),
)
def test_isclose_of_two_dtypes_is_numpys(a: Any, b: Any, atol: float, rtol: float, equal_nan: bool) -> None:
    b = np.resize(b, a.shape)
    options = {"atol": atol, "rtol": rtol, "equal_nan": equal_nan}
    with np.errstate(all="ignore"):
        x, y = ra.from_array(a, chunks=2), ra.from_array(b, chunks=3)
        same(ra.isclose(x, y, **options).compute(), np.isclose(a, b, **options))
        assert bool(ra.allclose(x, y, **options)) == np.allclose(a, b, **options)


@pytest.mark.parametrize("name", sorted(FUNCTIONS | FLOAT_FUNCTIONS))
def test_they_are_one_program_with_what_is_around_them(name: str) -> None:
    x = ra.from_array(np.linspace(-2, 2, 12), chunks=4)
    text = ((FUNCTIONS | FLOAT_FUNCTIONS)[name](ra, x + 1) * 2).sum().explain()
    assert "numpy." not in text
    assert "raskt.array._chunk" not in text.partition("expanded")[2]
    assert text.count("= fused") == 0


def test_other_dtypes_go_to_numpys_function() -> None:
    halves = np.array([1.25, np.nan, np.inf], np.float16)
    days = np.array(["2001-01-01", "NaT"], "M8[D]")
    numbers = np.array([1 + 2j, np.nan, complex(np.inf, -np.inf)])
    for values in (halves, numbers):
        x = ra.from_array(values, chunks=2)
        same(ra.nan_to_num(x).compute(), np.nan_to_num(values))
        same(ra.isclose(x, x).compute(), np.isclose(values, values))
        same(ra.round(x, 1).compute(), np.round(values, 1))
    same(ra.iscomplex(ra.from_array(numbers)).compute(), np.iscomplex(numbers))
    same(ra.isreal(ra.from_array(numbers)).compute(), np.isreal(numbers))
    np.testing.assert_array_equal(ra.isnull(ra.from_array(days)).compute(), [False, True])
    np.testing.assert_array_equal(ra.notnull(ra.from_array(numbers)).compute(), [True, False, True])
    np.testing.assert_array_equal(ra.isnull(ra.arange(2)).compute(), [False, False])
    with pytest.raises(TypeError):
        ra.isposinf(ra.from_array(numbers)).compute()
