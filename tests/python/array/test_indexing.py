"""Indices with lists, numbers, masks and new axes: the elements and the shapes that NumPy gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import raskt.array as ra
from hypothesis import given, settings
from hypothesis import strategies as st

VALUES = np.arange(60).reshape(5, 4, 3)
ROWS = VALUES[:, 0, 0] > 20

ITEMS = st.sampled_from(
    [
        0,
        -1,
        np.int8(1),
        slice(None),
        slice(1, None),
        slice(None, None, -1),
        None,
        Ellipsis,
        [0, 1],
        [-1, 0],
        np.array([[0, 1], [1, 0]]),
        [[0], [1]],
        99,
    ]
)


def outcome(x: Any, index: Any) -> Any:
    try:
        found = x[index]
        return found if isinstance(found, np.ndarray | np.generic) else found.compute()
    except (IndexError, NotImplementedError) as error:
        return type(error)


@settings(max_examples=300)
@given(st.lists(ITEMS, min_size=1, max_size=4).map(tuple), st.booleans())
def test_indices_are_numpys(index: tuple[Any, ...], is_known: bool) -> None:
    x = ra.from_array(VALUES, chunks=(2, 3, 2))
    values = VALUES
    if not is_known:
        x, values = x[ra.from_array(ROWS, chunks=2)], VALUES[ROWS]
    expected, found = outcome(values, index), outcome(x, index)
    if isinstance(expected, type) or isinstance(found, type):
        assert found is expected
        return
    assert found.shape == expected.shape
    np.testing.assert_array_equal(found, expected)
    assert all(n != n or n == m for n, m in zip(x[index].shape, expected.shape, strict=True))


MASK = VALUES[0] > 4
FRONT = VALUES[:, :, 0] > 10


@pytest.mark.parametrize(
    "index",
    [
        (slice(None), MASK),
        FRONT,
        (FRONT, slice(1, None)),
        (FRONT, 0),
        (FRONT, [0]),
        (slice(1, 3), MASK),
        (None, FRONT),
        (slice(None), MASK[:, 0]),
        (0, MASK),
        (slice(None), MASK[:, 0], [0, 1]),
    ],
)
def test_masks_of_some_axes(index: Any) -> None:
    x = ra.from_array(VALUES, chunks=(2, 3, 2))
    np.testing.assert_array_equal(x[index].compute(), VALUES[index])


@pytest.mark.parametrize(
    ("before", "mask", "behind"),
    [
        ((slice(None),), MASK, ()),
        ((), FRONT, ()),
        ((), FRONT, (slice(1, None),)),
        ((slice(1, 3),), MASK, ()),
        ((None,), FRONT, ()),
    ],
)
def test_lazy_masks_of_some_axes(before: Any, mask: Any, behind: Any) -> None:
    x = ra.from_array(VALUES, chunks=(2, 3, 2))
    lazy = ra.from_array(mask, chunks=2)
    np.testing.assert_array_equal(x[(*before, lazy, *behind)].compute(), VALUES[(*before, mask, *behind)])


def test_assignment_to_lazy_masks_of_some_axes() -> None:
    for before, mask in (((slice(None),), MASK), ((), FRONT), ((slice(None),), MASK[:, 1])):
        x, values = ra.from_array(VALUES, chunks=(2, 3, 2)), VALUES.copy()
        x[(*before, ra.from_array(mask, chunks=2))] = -5
        values[(*before, mask)] = -5
        np.testing.assert_array_equal(x.compute(), values)
    x = ra.from_array(VALUES, chunks=2)
    with pytest.raises(NotImplementedError, match="where"):
        x[0, ra.from_array(MASK, chunks=2)] = 1
    with pytest.raises(IndexError, match="does not match"):
        x[ra.from_array(MASK, chunks=2)] = 1


@pytest.mark.parametrize(
    ("index", "error", "message"),
    [
        ((Ellipsis, Ellipsis), IndexError, "single ellipsis"),
        (1.5, IndexError, "only integers"),
        ("a", IndexError, "only arrays of records have fields"),
        ([0.5], IndexError, "only integers"),
        (slice(1.5), TypeError, "slice indices must be integers"),
        (True, IndexError, "a truth value is no index"),
        (np.True_, IndexError, "a truth value is no index"),
        (
            [True, False],
            IndexError,
            "boolean index did not match indexed array along axis 0; size of axis is 5",
        ),
        (np.ones((5, 3), bool), IndexError, "along axis 1; size of axis is 4"),
        (([0, 1], [0, 1, 2]), IndexError, "shape mismatch"),
        (([0, 9], [0, 1]), IndexError, "out of bounds"),
        ((0, 0, 0, 0), IndexError, "too many indices"),
        ({0: 1}, IndexError, "only integers"),
    ],
)
def test_what_is_no_index_is_said_at_once(index: Any, error: type[Exception], message: str) -> None:
    x = ra.from_array(VALUES, chunks=2)
    with pytest.raises(error, match=message):
        x[index]


def test_texts_and_dates_are_compared_with_anything() -> None:
    words = np.array(["a", "bc", "a"])
    x = ra.from_array(words, chunks=2)
    np.testing.assert_array_equal((x == "a").compute(), words == "a")
    np.testing.assert_array_equal((x != b"a").compute(), [True] * 3)
    numbers = ra.arange(3, chunks=2)
    np.testing.assert_array_equal((numbers == "a").compute(), [False] * 3)
    days = ra.from_array(np.array(["2001-01-01", "NaT"], "M8[D]"), chunks=1)
    np.testing.assert_array_equal((days == 1).compute(), [False, False])
    assert (days != 1).dtype == bool
