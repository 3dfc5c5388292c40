"""Sums are rounded in one way, whoever else runs."""

from __future__ import annotations

import numpy as np
import pytest
import raskt.array as ra


@pytest.mark.parametrize("shape", [(1_000_003,), (1024, 700), (3, 400_000), (300_000, 4)])
@pytest.mark.parametrize("name", ["sum", "mean", "var", "prod"])
def test_rounding_is_the_same_on_any_number_of_threads(name: str, shape: tuple[int, ...]) -> None:
    x = ra.from_array(np.random.default_rng(5).random(shape) + 0.5, chunks=-1)
    for axis in (None, 0):
        made = getattr(x, name)(axis=axis)
        found = [made.compute(num_workers=n) for n in (1, 2, 3, 8)]
        for other in found[1:]:
            np.testing.assert_array_equal(other, found[0])
