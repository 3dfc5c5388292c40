"""Products of large blocks take NumPy's BLAS; small ones, and whole numbers, stay with the engine."""

from __future__ import annotations

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
