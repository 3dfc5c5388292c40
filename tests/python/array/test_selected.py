"""Reductions of some elements, and from a value on; and what NumPy's ufuncs reduce and accumulate."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import raskt.array as ra
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

DTYPES = st.sampled_from(["?", "i1", "i8", "u2", "f4", "f8", "c16"])
CASES = [
    ("sum", {"where": True}),
    ("sum", {"where": True, "initial": 3}),
    ("prod", {"where": True, "initial": 2}),
    ("max", {"initial": 2}),
    ("max", {"where": True, "initial": 0}),
    ("min", {"where": True, "initial": 7}),
    ("any", {"where": True}),
    ("all", {"where": True}),
    ("mean", {"where": True}),
    ("var", {"where": True, "ddof": 1}),
    ("std", {"where": True}),
]


@settings(max_examples=80)
@given(
    st.data(),
    DTYPES,
    st.sampled_from(CASES),
    st.sampled_from([None, 0, -1, (0, 1)]),
    st.booleans(),
    st.booleans(),
)
def test_reductions_of_some_elements_are_numpys(
    data: Any, dtype: str, case: Any, axis: Any, keepdims: bool, is_lazy: bool
) -> None:
    elements = st.integers(0, 9) if dtype != "?" else st.booleans()
    values = data.draw(hnp.arrays(dtype, (5, 4), elements=elements))
    mask = data.draw(hnp.arrays(bool, (5, 4)))
    name, options = case
    expected_options = {key: mask if key == "where" else value for key, value in options.items()}
    lazy = ra.from_array(mask, chunks=2) if is_lazy else mask
    found_options = {key: lazy if key == "where" else value for key, value in options.items()}
    x = ra.from_array(values, chunks=(2, 3))
    with np.errstate(all="ignore"), pytest.MonkeyPatch.context() as patch:
        patch.setattr("warnings.warn", lambda *args, **kwargs: None)
        expected = getattr(np, name)(values, axis=axis, keepdims=keepdims, **expected_options)
    found = getattr(ra, name)(x, axis=axis, keepdims=keepdims, **found_options)
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found.compute(), expected, rtol=1e-5, atol=1e-6)


def test_what_a_choice_of_elements_needs_is_said() -> None:
    x = ra.arange(6, chunks=2)
    with pytest.raises(ValueError, match="'maximum' does not have an identity"):
        ra.max(x, where=x > 2)
    with pytest.raises(TypeError, match="where= takes truth values, found int64"):
        ra.sum(x, where=x)
    assert ra.max(ra.zeros((0, 3)), axis=0, initial=1).compute().tolist() == [1, 1, 1]
    assert np.sum(x, where=x > 2).compute() == 12


def test_ufuncs_accumulate_and_reduce_from_a_value_on() -> None:
    values = np.arange(12.0).reshape(3, 4)
    x = ra.from_array(values, chunks=2)
    np.testing.assert_array_equal(np.add.accumulate(x).compute(), np.add.accumulate(values))
    np.testing.assert_array_equal(
        ra.multiply.accumulate(x, axis=1).compute(), np.multiply.accumulate(values, 1)
    )
    np.testing.assert_array_equal(np.add.reduce(x, axis=1, initial=3).compute(), values.sum(axis=1) + 3)
    with pytest.raises(NotImplementedError, match=r"maximum\.accumulate"):
        ra.maximum.accumulate(x)
    out = ra.zeros((3, 4))
    ra.sqrt(x, out)
    np.testing.assert_array_equal(out.compute(), np.sqrt(values))
    with pytest.raises(TypeError, match="same_kind"):
        ra.add(x, 1, out=ra.zeros((3, 4), dtype=int))


@pytest.mark.parametrize("name", ["max", "min"])
def test_a_first_value_stands_for_elements_that_are_not_there(name: str) -> None:
    values = np.arange(20).reshape(5, 4)
    x = ra.from_array(values, chunks=2)
    for bound in (100, 8, -1):
        kept = x[x[:, 0] > bound]
        for axis in (0, 1, None):
            found = getattr(ra, name)(kept, axis=axis, initial=9)
            expected = getattr(np, name)(values[values[:, 0] > bound], axis=axis, initial=9)
            np.testing.assert_array_equal(found.compute(), expected)


@pytest.mark.parametrize(
    "condition", [[False, True, False], (True,), [], np.array([0, 1, 0]), np.zeros(3, bool)]
)
@pytest.mark.parametrize("axis", [0, 1, None])
def test_how_much_a_mask_that_is_there_leaves_is_known(condition: Any, axis: int | None) -> None:
    data = np.arange(12).reshape(3, 4)
    expected = np.compress(np.asarray(condition, bool), data, axis)
    found = ra.compress(condition, ra.from_array(data, chunks=2), axis)
    assert found.shape == expected.shape
    assert found.squeeze().shape == expected.squeeze().shape
    np.testing.assert_array_equal(found.compute(), expected)


def test_a_mask_that_is_there_selects_of_a_length_that_is_not_known() -> None:
    data = np.arange(20)
    x = ra.from_array(data, chunks=5)
    mask = np.array([True, False] * 8)
    np.testing.assert_array_equal(ra.compress(mask, x[x > 3]).compute(), data[4:][mask])
