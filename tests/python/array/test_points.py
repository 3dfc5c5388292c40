"""Places that belong together: `vindex`, and several lists in an index, some of them computed later."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import raskt.array as ra
from hypothesis import given, settings
from hypothesis import strategies as st

VALUES = np.arange(60.0).reshape(5, 4, 3)


@pytest.fixture
def x() -> ra.Array:
    return ra.from_array(VALUES, chunks=(2, 3, 2))


def pointwise(values: Any, key: tuple[Any, ...]) -> Any:
    """What `vindex` gives: the axes of the places in front, then the others."""
    places = np.broadcast_arrays(*[item for item in key if not isinstance(item, slice)])
    parts = values[tuple(item if isinstance(item, slice) else slice(None) for item in key)]
    at = [axis for axis, item in enumerate(key) if not isinstance(item, slice)]
    return np.moveaxis(parts, at, range(len(at)))[tuple(places)]


slices = st.sampled_from([slice(None), slice(1, None), slice(0, 2), slice(None, None, -1)])


@st.composite
def keys(draw: Any) -> tuple[Any, ...]:
    n = draw(st.integers(1, 4))
    key: list[Any] = []
    for length in VALUES.shape:
        number = st.integers(-length, length - 1)
        key.append(draw(st.one_of(slices, number, st.lists(number, min_size=n, max_size=n))))
    return tuple(key)


@settings(max_examples=80)
@given(keys(), st.integers(0, 7))
def test_numbers_lists_and_slices_mix_and_lists_may_be_lazy(key: tuple[Any, ...], which: int) -> None:
    x = ra.from_array(VALUES, chunks=(2, 3, 2))
    asked = tuple(
        ra.from_array(np.array(item), chunks=2) if which >> at & 1 and not isinstance(item, slice) else item
        for at, item in enumerate(key)
    )
    expected = VALUES[key] if all(isinstance(item, slice) for item in key) else pointwise(VALUES, key)
    found = x.vindex[asked]
    assert found.shape == np.shape(expected)
    np.testing.assert_array_equal(found.compute(), expected)
    assert x[asked].shape == VALUES[key].shape
    np.testing.assert_array_equal(x[asked].compute(), VALUES[key])


def test_lazy_places_of_several_axes(x: ra.Array) -> None:
    places = np.array([[0, 1], [2, -1]])
    lazy = ra.from_array(places, chunks=1)
    np.testing.assert_array_equal(x.vindex[lazy, [1, 2]].compute(), VALUES[places, [1, 2]])
    np.testing.assert_array_equal(x[lazy, [1, 2], 1:].compute(), VALUES[places, [1, 2], 1:])


def test_places_of_unknown_number(x: ra.Array) -> None:
    plane = x[:, :, 0]
    expected = VALUES[:, :, 0][np.nonzero(VALUES[:, :, 0] > 20)]
    places = ra.nonzero(plane > 20)
    np.testing.assert_array_equal(plane.vindex[places].compute(), expected)
    np.testing.assert_array_equal(plane[places].compute(), expected)


def test_the_axis_of_a_lazy_mask_stands_where_numpy_has_it(x: ra.Array) -> None:
    mask = VALUES[0, 0] > 0
    lazy = x[0, 0] > 0
    for asked, key in (
        ((0, slice(None), lazy), (0, slice(None), mask)),
        ((slice(None), 0, lazy), (slice(None), 0, mask)),
    ):
        np.testing.assert_array_equal(x[asked].compute(), VALUES[key])


def test_lists_of_unknown_length_are_paired_by_their_places_not_by_their_chunks(x: ra.Array) -> None:
    one, other = np.array([0, 2, 4, 1, 3]), np.array([3, 1, 0, 1, 2])
    lazy, rest = ra.from_array(one, chunks=3), ra.from_array(other, chunks=2)
    found = x[lazy[lazy > 0], rest[lazy > 0]]
    np.testing.assert_array_equal(found.compute(), VALUES[one[one > 0], other[one > 0]])
    found = x[lazy[lazy < 4], :, rest[rest < 3][:4] % 3]
    np.testing.assert_array_equal(found.compute(), VALUES[one[one < 4], :, other[other < 3][:4] % 3])


MASK = VALUES[:, 0, 0] > 12
PLANE = VALUES[:, :, 0] > 20


@pytest.mark.parametrize(
    "key",
    [
        (MASK, [0, 1, 3]),
        (MASK, slice(None), [0, 1, 2]),
        (MASK, 2, [0, 1, 2]),
        (None, MASK, [0, 1, 2], slice(1, None)),
        (slice(None), MASK[:4], MASK[[2, 0, 3]]),
        (PLANE, 1),
        (PLANE, slice(None, None, -1)),
        (1, PLANE[0][:4], slice(None)),
        (PLANE, np.arange(PLANE.sum()) % 3),
    ],
)
def test_lazy_masks_beside_lists_and_numbers(x: ra.Array, key: Any) -> None:
    def lazy(item: Any) -> Any:
        is_mask = isinstance(item, np.ndarray) and item.dtype == bool
        return ra.from_array(item, chunks=2) if is_mask else item

    np.testing.assert_array_equal(x[tuple(lazy(item) for item in key)].compute(), VALUES[key])


def test_lazy_lists_and_masks_of_arrays_of_unknown_length(x: ra.Array) -> None:
    whole, rows = VALUES[MASK], x[x[:, 0, 0] > 12]
    places = np.array([[0, 1], [2, 1]])
    lazy = ra.from_array(places, chunks=1)
    np.testing.assert_array_equal(rows[lazy].compute(), whole[places])
    np.testing.assert_array_equal(rows[lazy, [0, 3]].compute(), whole[places, [0, 3]])
    np.testing.assert_array_equal(rows[lazy[0], :, lazy[1]].compute(), whole[places[0], :, places[1]])
    found = rows[rows[:, :, 0] > 30]
    assert found.shape[1:] == (3,)
    np.testing.assert_array_equal(found.compute(), whole[whole[:, :, 0] > 30])
    np.testing.assert_array_equal(rows[rows[:, :, 0] > 30, 1].compute(), whole[whole[:, :, 0] > 30, 1])
    np.testing.assert_array_equal(
        rows[rows[:, 0, 0] > 30, [0, 1]].compute(), whole[whole[:, 0, 0] > 30, [0, 1]]
    )


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x, lazy: x.vindex[lazy([0, 9]), 0].compute(), IndexError, "9 is out of bounds for axis 0"),
        (lambda x, lazy: x.vindex[0, lazy([-5])].compute(), IndexError, "-5 is out of bounds for axis 1"),
        (lambda x, lazy: x.vindex[lazy([True] * 5), 0], IndexError, "no masks"),
        (lambda x, lazy: x.vindex[lazy([0.5]), 0], IndexError, "lists of places"),
        (lambda x, lazy: x.vindex[lazy([0, 1]), [0, 1, 2]], IndexError, "could not be broadcast together"),
        (lambda x, lazy: x.vindex[None], IndexError, "new axes"),
        (
            lambda x, lazy: x[lazy([True] * 5), [0, 1]].compute(),
            ValueError,
            "could not be broadcast together",
        ),
        (lambda x, lazy: x[lazy([True] * 4), [0, 1]], IndexError, "boolean index"),
        (lambda x, lazy: x[x[:, 0, 0] > 0].vindex[lazy([9]), 0].compute(), IndexError, "9 is out of bounds"),
    ],
)
def test_wrong_places(x: ra.Array, call: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        call(x, lambda items: ra.from_array(np.array(items), chunks=2))
