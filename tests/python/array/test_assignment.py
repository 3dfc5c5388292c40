"""Assignment to masks and to several lists: the array that NumPy would have."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import raskt.array as ra
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp


def assigned(x: Any, key: Any, value: Any) -> Any:
    x = x.copy()
    x[key] = value
    return x


@settings(max_examples=60)
@given(st.data(), hnp.array_shapes(max_dims=3, max_side=5), st.integers(1, 5), st.booleans(), st.booleans())
def test_values_go_where_a_mask_is_true_one_after_the_other(
    data: Any, shape: tuple[int, ...], chunk: int, is_lazy: bool, is_own: bool
) -> None:
    values = data.draw(hnp.arrays(np.int64, shape, elements=st.integers(0, 9)))
    x, mask = ra.from_array(values, chunks=chunk), values > 4
    where = ra.from_array(mask, chunks=2) if is_lazy else mask
    if is_own:
        own = x > 4
        found = assigned(x, own, x[own] * 2)
        expected = assigned(values, mask, values[mask] * 2)
    else:
        new = np.arange(mask.sum()) + 100
        found, expected = assigned(x, where, new), assigned(values, mask, new)
    np.testing.assert_array_equal(found.compute(), expected)
    assert found.dtype == expected.dtype


def test_the_number_of_values_must_be_that_of_the_places() -> None:
    x = ra.arange(7, chunks=3)
    with pytest.raises(ValueError, match="cannot assign 3 input values to the 2 output values"):
        assigned(x, x > 4, [1, 2, 3]).compute()
    with pytest.raises(ValueError, match="requires values of 1 axes"):
        assigned(x, x > 4, [[1, 2]])
    # An array like the whole one is taken element by element, as Dask takes it.
    np.testing.assert_array_equal(assigned(x, x > 4, x * 10).compute(), [0, 1, 2, 3, 4, 50, 60])


def test_masks_of_rows_take_rows() -> None:
    values = np.arange(24.0).reshape(6, 4)
    x = ra.from_array(values, chunks=(4, 3))
    mask = values[:, 0] > 8
    for new in (7.0, np.arange(4.0), values[mask] * 2):
        np.testing.assert_array_equal(assigned(x, x[:, 0] > 8, new).compute(), assigned(values, mask, new))
    lazy = assigned(x, x[:, 0] > 8, x[x[:, 0] > 8] * 2)
    np.testing.assert_array_equal(lazy.compute(), assigned(values, mask, values[mask] * 2))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (([0, 1], [1, 0]), 5),
        (([0, -1], [1, 0]), [5, 6]),
        (([[0], [1]], [0, 2]), [[1, 2], [3, 4]]),
        ((0, [0, 2]), [8, 9]),
        (([0, 0], [1, 1]), [1, 2]),
        ((np.array([[0, 1], [2, 3]]),), 4),
    ],
)
def test_places_that_belong_together(key: Any, value: Any) -> None:
    values = np.arange(24).reshape(6, 4)
    x = ra.from_array(values, chunks=(4, 3))
    np.testing.assert_array_equal(assigned(x, key, value).compute(), assigned(values, key, value))


def test_what_places_cannot_be_assigned_is_said_at_once() -> None:
    x = ra.ones((6, 4), chunks=3)
    with pytest.raises(IndexError, match="index 9 is out of bounds for axis 0 with size 6"):
        assigned(x, ([0, 9], [1, 1]), 2)
    with pytest.raises(IndexError, match="shape mismatch"):
        assigned(x, ([0, 1], [1, 1, 1]), 2)
    with pytest.raises(ValueError, match=r"value array of shape \(3,\) could not be broadcast"):
        assigned(x, ([0, 1], [1, 1]), [1, 2, 3])
    with pytest.raises(NotImplementedError, match="where"):
        assigned(x, np.array([[0, 1], [2, 3]]), np.ones((2, 2, 4)))


def test_rows_of_unknown_number_are_assigned_to() -> None:
    values = np.arange(40.0).reshape(10, 4) % 7
    kept = values[values[:, 0] > 2].copy()
    x = ra.from_array(values, chunks=3)
    x = x[x[:, 0] > 2]
    x[x > 3] = x[x > 3] * 2
    kept[kept > 3] = kept[kept > 3] * 2
    x[[0, 1], [1, 2]] = 9
    kept[[0, 1], [1, 2]] = 9
    np.testing.assert_array_equal(x.compute(), kept)


@pytest.mark.parametrize("key", [0, slice(0, 2), np.array([True, False, True])])
def test_one_value_is_assigned_as_numpy_assigns_it(key: Any) -> None:
    for values, value, error in (
        (np.arange(3, dtype="i1"), np.int64(300), OverflowError),
        (np.arange(3), np.datetime64("2001-01-01"), TypeError),
        (np.arange(3).astype("M8[s]"), 1.5, ValueError),
        (np.arange(3).astype("M8[s]"), 1j, ValueError),
    ):
        x = ra.from_array(values, chunks=2)
        with pytest.raises(error):
            x[key] = value
        np.testing.assert_array_equal(x.compute(), values)
    x = ra.zeros(3, dtype=bool, chunks=2)
    x[key] = 1j
    expected = np.zeros(3, dtype=bool)
    expected[key] = 1j
    np.testing.assert_array_equal(x.compute(), expected)


def test_records_are_assigned_as_tuples() -> None:
    records = np.zeros(4, dtype=[("a", "i4"), ("c", "U3")])
    x = ra.from_array(records, chunks=3)
    x[1], x[2:] = (7, "x"), [(8, "y"), (9, "z")]
    records[1], records[2:] = (7, "x"), [(8, "y"), (9, "z")]
    np.testing.assert_array_equal(x.compute(), records)
