"""raskt.units: sizes and durations as people write them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from raskt import units


@pytest.mark.parametrize(
    ("size", "n_bytes"),
    [
        ("1GiB", 1 << 30),
        ("5 kB", 5000),
        ("MB", 1_000_000),
        ("1e6", 10**6),
        (5.7, 5),
        (100, 100),
        (1e20 / 10, 10**19),
    ],
)
def test_sizes(size: str | float, n_bytes: int) -> None:
    assert units.parse_bytes(size) == n_bytes


@pytest.mark.parametrize("size", ["", "5 foos", "-1kB", -1, float("nan"), float("inf"), "1 GiB more", 2**64])
def test_what_is_no_size(size: Any) -> None:
    with pytest.raises(ValueError, match=r"unknown unit|negative|too large|empty|begin with a number"):
        units.parse_bytes(size)


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [
        ("3s", 3),
        ("300ms", 0.3),
        ("5 min", 300),
        ("100 µs", 0.0001),
        (3, 3),
        (3.2, 3.2),
        (None, None),
        (timedelta(milliseconds=1500), 1.5),
        ("1 week", 604800),
    ],
)
def test_durations(duration: Any, seconds: float | None) -> None:
    parsed = units.parse_timedelta(duration)
    assert parsed == seconds
    assert type(parsed) is type(seconds)


def test_the_unit_of_bare_numbers_can_be_chosen() -> None:
    assert units.parse_timedelta("3", default="ms") == units.parse_timedelta(3, default="ms") == 0.003
    assert units.parse_timedelta(timedelta(seconds=3), default="ms") == 3
    assert units.parse_timedelta("3 ms", default=False) == 0.003
    with pytest.raises(ValueError, match="'3' has no unit"):
        units.parse_timedelta(3, default=False)
    with pytest.raises(ValueError, match="is negative"):
        units.parse_timedelta(-1)
    with pytest.raises(TypeError, match="a duration is text or a number"):
        units.parse_timedelta([1])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="a size is text or a number"):
        units.parse_bytes(None)  # type: ignore[arg-type]


@given(st.integers(0, 2**63))
def test_a_formatted_size_reads_back(n_bytes: int) -> None:
    assert abs(units.parse_bytes(units.format_bytes(n_bytes)) - n_bytes) <= n_bytes * 0.006
