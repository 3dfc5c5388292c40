"""Element-wise kernels, called without a plan around them, against NumPy's ufuncs on the same arrays."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from raskt import _raskt

hypothesis = pytest.importorskip("hypothesis")
st = pytest.importorskip("hypothesis.strategies")
hnp = pytest.importorskip("hypothesis.extra.numpy")

EXACT = ["add", "subtract", "multiply", "maximum", "minimum", "fmax", "equal", "less", "logical_and"]
FLOATS = [0.0, -0.0, 1.5, -2.25, 1e30, np.nan, np.inf, -np.inf]
SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=6)


@st.composite
def operands(draw: Any) -> tuple[np.ndarray, np.ndarray]:
    """Two arrays of one shape and dtype, with steps of either sign, or with axes in another order."""
    dtype = np.dtype(draw(st.sampled_from(["f8", "f4", "i8", "i4", "i1", "u8", "u1", "c16", "c8"])))
    shape = draw(SHAPES)
    if dtype.kind in "fc":
        values = st.sampled_from(FLOATS).map(dtype.type)
    else:
        info = np.iinfo(dtype)
        values = st.integers(int(info.min), int(info.max))
    found = []
    for _ in range(2):
        x = draw(hnp.arrays(dtype, shape, elements=values, fill=st.nothing()))
        step = draw(st.sampled_from([1, -1]))
        found.append(np.asarray(x[(slice(None, None, step),) * x.ndim]))
    if draw(st.booleans()):
        found = [x.T for x in found]
    return found[0], found[1]


@hypothesis.settings(max_examples=150)
@hypothesis.given(operands(), st.sampled_from(EXACT))
def test_exact_loops_are_numpys_to_the_bit(pair: tuple[np.ndarray, np.ndarray], name: str) -> None:
    x, y = pair
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        expected = np.asarray(getattr(np, name)(x, y))
    program = {"inputs": [x.dtype.name] * 2, "constants": [], "steps": [[name, 0, 1]], "fold": None}
    found = _raskt.array_kernel("array.elementwise", program, [x, y])
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)
    if expected.dtype.kind == "f" and name not in ("maximum", "minimum", "fmax"):
        # Of two zeros, either is the larger one.
        known = ~np.isnan(expected)
        np.testing.assert_array_equal(np.signbit(found)[known], np.signbit(expected)[known])


def test_what_is_no_native_array_is_refused() -> None:
    program = {"inputs": ["float64"], "constants": [], "steps": [["sqrt", 0]], "fold": None}
    with pytest.raises(TypeError, match="arrays of native dtypes"):
        _raskt.array_kernel("array.elementwise", program, ["x"])
