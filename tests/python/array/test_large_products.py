"""Products of large blocks take NumPy's BLAS; small ones, and whole numbers, stay with the engine."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import raskt.array as ra


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex128"])
def test_large_blocks_multiply_as_numpy_does(dtype: str) -> None:
    generator = np.random.default_rng(3)
    a = generator.standard_normal((400, 380)).astype(dtype)
    b = generator.standard_normal((380, 200)).astype(dtype)
    product = ra.from_array(a, chunks=(200, 190)) @ ra.from_array(b, chunks=(190, 200))
    assert product.dtype == dtype
    # Sums of 380 terms of about 1 in another order: cancellation makes the error absolute.
    bound = 380 * np.finfo(dtype).eps * 4
    np.testing.assert_allclose(product.compute(), a @ b, rtol=0, atol=bound)


def _explained(side: int, dtype: str) -> str:
    x = ra.ones((side, side), chunks=side // 2, dtype=dtype)
    return str((x @ x).explain())


def test_only_large_blocks_of_inexact_numbers_go_to_blas() -> None:
    assert "matmul_by_blas" in _explained(400, "float64")
    assert "matmul_by_blas" not in _explained(40, "float64")
    assert "matmul_by_blas" not in _explained(400, "int64")


def test_vectors_beside_large_matrices_stay_with_the_engine() -> None:
    x = ra.ones((400, 400), chunks=200)
    assert "matmul_by_blas" not in str((x @ ra.ones(400, chunks=200)).explain())


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("part", [slice(None), slice(None, None, 2), slice(3, 397)], ids=str)
def test_blocks_that_lie_side_by_side_are_multiplied_as_one(order: Any, part: slice) -> None:
    generator = np.random.default_rng(5)
    a, b = (np.asarray(generator.standard_normal((400, 400)), order=order)[part, part] for _ in range(2))
    x, y = (ra.from_array(values, chunks=200) for values in (a, b))
    for left, right, expected in [
        (x, y, a @ b),
        (x, y + 0, a @ b),
        (x.T, y, a.T @ b),
        (x[::-1], y[:, ::-1], a[::-1] @ b[:, ::-1]),
        (x.rechunk((200, 170)), y.rechunk((170, 200)), a @ b),
        (x, x, a @ a),
    ]:
        np.testing.assert_allclose((left @ right).compute(), expected, rtol=0, atol=1e-11)
    row = np.broadcast_to(b[:1], b.shape)
    np.testing.assert_allclose((x @ ra.from_array(row, chunks=200)).compute(), a @ row, rtol=0, atol=1e-11)
