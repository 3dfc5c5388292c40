"""Sizes and offsets near the ends of what integers hold: followed exactly, or refused; never wrapped."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import raskt.array as ra

LARGEST, SMALLEST = 2**63 - 1, -(2**63)


@pytest.mark.parametrize("k", [LARGEST, LARGEST - 1, 2**62, 5])
def test_triangles_far_above_the_corner_are_whole(k: int) -> None:
    x, plain = ra.ones((5, 4), chunks=2), np.ones((5, 4))
    np.testing.assert_array_equal(ra.tril(x, k).compute(), plain)
    np.testing.assert_array_equal(ra.triu(x, k).compute(), 0 * plain)
    np.testing.assert_array_equal(ra.tri(5, 4, k, chunks=2).compute(), plain)
    np.testing.assert_array_equal(ra.eye(5, M=4, k=k, chunks=2).compute(), 0 * plain)


@pytest.mark.parametrize("k", [SMALLEST, SMALLEST + 1, -(2**62), -5])
def test_triangles_far_below_the_corner_are_empty(k: int) -> None:
    x, plain = ra.ones((5, 4), chunks=2), np.ones((5, 4))
    np.testing.assert_array_equal(ra.tril(x, k).compute(), 0 * plain)
    np.testing.assert_array_equal(ra.triu(x, k).compute(), plain)
    np.testing.assert_array_equal(ra.tri(5, 4, k, chunks=2).compute(), 0 * plain)
    np.testing.assert_array_equal(ra.eye(5, M=4, k=k, chunks=2).compute(), 0 * plain)


@pytest.mark.parametrize("depth", [2**32, 2**32 + 1, LARGEST])
def test_depths_that_margins_cannot_hold_are_refused(depth: int) -> None:
    with pytest.raises(ValueError, match=f"depth.*{depth}"):
        ra.overlap.overlap(ra.ones(5), depth, "reflect")


def test_blocks_that_are_not_there_are_refused() -> None:
    x = ra.arange(5, chunks=2)
    for block in (2**32, [2**32]):
        with pytest.raises(IndexError):
            x.blocks[block]


@pytest.mark.parametrize("k", [LARGEST, LARGEST + 1, SMALLEST])
def test_a_diagonal_that_no_matrix_has_room_for_is_refused(k: int) -> None:
    with pytest.raises(ValueError, match=f"k={k}"):
        ra.diag(ra.ones(3, chunks=2), k)


@pytest.mark.parametrize(
    ("reps", "message"),
    [
        (2**62, f"{2**62} copies along axis 0 of length 3"),
        (2**63, f"{2**63} copies"),
        ((2**62, 1), "length 1|too many chunks"),
        (2**33, "too many chunks"),
    ],
)
def test_copies_that_no_array_has_room_for_are_refused(reps: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ra.tile(ra.ones(3, chunks=2), reps)


def test_repeats_of_64_bits_without_a_sign_are_not_wrapped() -> None:
    with pytest.raises(ValueError, match=f"repeats must be at most .*{2**63}"):
        ra.repeat(ra.ones(3), 2**63)


@pytest.mark.parametrize("name", ["logical_and", "logical_or", "logical_xor", "equal", "less"])
@pytest.mark.parametrize("value", [300, -1, 2**40, SMALLEST])
def test_integers_that_do_not_fit_are_true_and_compare(name: str, value: int) -> None:
    plain = np.array([0, 1, 2], dtype="u1")
    found = getattr(ra, name)(ra.from_array(plain, chunks=2), value)
    np.testing.assert_array_equal(found.compute(), getattr(np, name)(plain, value))


def test_groups_larger_than_an_axis_take_no_memory_of_their_size() -> None:
    assert ra.coarsen(np.sum, ra.ones((4, 4), chunks=2), {0: 2**40}, trim_excess=True).compute().shape == (
        0,
        4,
    )


@pytest.mark.parametrize("axis", [2**31, 2**63, 2**64, -(2**31) - 1, -(2**70)])
def test_axes_that_no_array_has_are_refused(axis: int) -> None:
    x = ra.ones((3, 4), chunks=2)
    for name in ("sum", "max", "mean", "argmax", "cumsum", "any", "sort", "squeeze", "flip"):
        with pytest.raises((OverflowError, np.exceptions.AxisError)):
            getattr(ra, name)(x, axis=axis)
    with pytest.raises((OverflowError, np.exceptions.AxisError)):
        ra.sum(x, axis=(0, axis))


@pytest.mark.parametrize("shape", [(2**33, 2**33), (2**32, 2**32), (2**63, 2, -1), (2**40, 2**40, 0)])
@pytest.mark.parametrize("n", [0, 4])
def test_shapes_whose_size_64_bits_do_not_hold_are_refused(n: int, shape: tuple[int, ...]) -> None:
    if n == 0 and 0 in shape:
        assert ra.zeros(0).reshape(shape).shape == shape
        return
    for x in (ra.zeros(n, chunks=2), ra.arange(9, chunks=2)[ra.arange(9, chunks=2) >= 9 - n]):
        with pytest.raises(ValueError, match=r"reshape|too large|sizes"):
            x.reshape(shape).compute()


@pytest.mark.parametrize("place", [2**63, -(2**63) - 1, 2**70, (slice(None), 2**70)])
def test_places_beyond_64_bits_are_out_of_bounds(place: Any) -> None:
    with pytest.raises(IndexError, match="out of bounds"):
        ra.ones((3, 4), chunks=2)[place]


@pytest.mark.parametrize(
    "given",
    [(0, 5, 1.7, "u1"), (0, 2, 0.5, "i4"), (300.5, 302, 1, "i2"), (250, 260, 1, "u1"), (10, 0, -3, "u8")],
)
def test_numbers_in_steps_that_the_dtype_does_not_hold_are_numpys(given: Any) -> None:
    found = ra.arange(*given[:3], dtype=given[3], chunks=2)
    np.testing.assert_array_equal(found.compute(), np.arange(*given[:3], dtype=given[3]))


@pytest.mark.parametrize("given", [(0, 2**63, 2**62, "i4"), (2**31 - 1, 2**31 + 1, 1, "i4")])
def test_numbers_of_which_the_dtype_holds_no_second_are_refused(given: Any) -> None:
    with pytest.raises(OverflowError, match="out of bounds for int32"):
        ra.arange(*given[:3], dtype=given[3])
