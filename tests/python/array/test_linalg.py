"""Linear algebra in blocks, held to LAPACK by NumPy and SciPy."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import raskt

ra = pytest.importorskip("raskt.array")
scipy_linalg = pytest.importorskip("scipy.linalg")

SHAPES = [(9, 9), (13, 4), (4, 13), (11, 8), (8, 11), (1, 1), (6, 1), (1, 6), (0, 3), (3, 0)]
CHUNKS = [(3, 3), (4, -1), (-1, 4), (1, -1), (2, 5), (-1, -1)]
DTYPES = ["f8", "f4", "c16", "i4"]


def matrix(shape: tuple[int, ...], dtype: str = "f8", seed: int = 0) -> Any:
    rng = np.random.default_rng(seed)
    values = rng.standard_normal(shape) * 5
    if np.dtype(dtype).kind == "c":
        values = values + 1j * rng.standard_normal(shape)
    return values.astype(dtype)


def close(found: Any, expected: Any, scale: float = 1.0) -> None:
    expected = np.asarray(expected)
    values = np.asarray(found.compute())
    assert values.shape == expected.shape == found.shape
    assert values.dtype == expected.dtype == found.dtype
    single = np.dtype(expected.dtype).char in "fF"
    np.testing.assert_allclose(
        values, expected, rtol=2e-3 if single else 1e-9, atol=scale * (1e-3 if single else 1e-10)
    )


def precision(dtype: Any) -> float:
    return 200 * float(np.finfo(np.result_type(dtype, np.float32)).eps)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("chunks", CHUNKS)
def test_qr_of_any_chunks_is_orthonormal_and_a_triangle(shape: Any, chunks: Any) -> None:
    for dtype in DTYPES:
        a = matrix(shape, dtype)
        q, r = raskt.compute(*ra.linalg.qr(ra.from_array(a, chunks=chunks)))
        expected_q, expected_r = np.linalg.qr(a)
        assert (q.shape, q.dtype, r.shape, r.dtype) == (
            expected_q.shape,
            expected_q.dtype,
            expected_r.shape,
            expected_r.dtype,
        )
        assert np.abs(q @ r - a).max(initial=0) <= precision(q.dtype) * (1 + np.abs(a).max(initial=0))
        assert np.abs(q.conj().T @ q - np.eye(q.shape[1])).max(initial=0) <= precision(q.dtype)
        assert not np.tril(r, -1).any()
        # But for signs, there is one triangle.
        np.testing.assert_allclose(abs(np.diagonal(r)), abs(np.diagonal(expected_r)), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("chunks", [(3, 3), (4, -1), (-1, 4)])
@pytest.mark.parametrize("values", ["ones", "zeros", "hilbert", "graded"])
def test_q_is_orthonormal_though_the_matrix_is_singular(chunks: Any, values: str) -> None:
    i = np.arange(12)
    a = {
        "ones": np.ones((12, 12)),
        "zeros": np.zeros((12, 12)),
        "hilbert": 1 / (1.0 + i[:, None] + i),
        "graded": matrix((12, 12)) * 10.0**-i,
    }[values]
    q, r = raskt.compute(*ra.linalg.qr(ra.from_array(a, chunks=chunks)))
    assert np.abs(q.T @ q - np.eye(12)).max() < 1e-14
    assert np.abs(q @ r - a).max() < 1e-14 * max(1, np.abs(a).max())


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("chunks", CHUNKS)
def test_singular_values_and_vectors(shape: Any, chunks: Any) -> None:
    for dtype in DTYPES:
        a = matrix(shape, dtype, seed=1)
        x = ra.from_array(a, chunks=chunks)
        u, s, v = ra.linalg.svd(x)
        expected = np.linalg.svd(a, compute_uv=False)
        close(s, expected)
        close(ra.linalg.svdvals(x), expected)
        u, s, v = raskt.compute(u, s, v)
        assert np.abs(u * s @ v - a).max(initial=0) <= precision(u.dtype) * (1 + np.abs(a).max(initial=0))
        assert np.abs(u.conj().T @ u - np.eye(len(s))).max(initial=0) <= precision(u.dtype)
        assert (v.real.sum(axis=1) >= 0).all()


def test_singular_values_of_an_ill_conditioned_matrix_are_lapacks() -> None:
    i = np.arange(14)
    hilbert = 1 / (1.0 + i[:, None] + i)
    expected = np.linalg.svd(hilbert, compute_uv=False)
    for chunks in CHUNKS:
        found = ra.linalg.svdvals(ra.from_array(hilbert, chunks=chunks)).compute()
        assert np.abs(found - expected).max() < 1e-15 * 14


def test_compressed_singular_values_of_a_low_rank() -> None:
    a = matrix((60, 4)) @ matrix((4, 50), seed=1)
    x = ra.from_array(a, chunks=(13, 17))
    for options in [{}, {"iterator": "QR", "n_power_iter": 2}, {"n_power_iter": 1, "compute": True}]:
        u, s, v = ra.linalg.svd_compressed(x, 4, seed=7, **options)
        assert (u.shape, s.shape, v.shape) == ((60, 4), (4,), (4, 50))
        np.testing.assert_allclose(s.compute(), np.linalg.svd(a, compute_uv=False)[:4], rtol=1e-10)
        np.testing.assert_allclose(((u * s) @ v).compute(), a, atol=1e-9)
    with pytest.raises(ValueError, match="Iterator"):
        ra.linalg.svd_compressed(x, 4, iterator="Lanczos")
    assert ra.linalg.compression_level(100, 5) == 20
    rows = ra.linalg.compression_matrix(x, 4, seed=1).compute()
    np.testing.assert_allclose(rows @ rows.T, np.eye(len(rows)), atol=1e-13)


@pytest.mark.parametrize("shape", SHAPES[:-2])
@pytest.mark.parametrize("chunks", CHUNKS)
def test_lu_chooses_the_pivots_that_lapack_chooses(shape: Any, chunks: Any) -> None:
    for dtype in DTYPES:
        a = matrix(shape, dtype, seed=2)
        found = ra.linalg.lu(ra.from_array(a, chunks=chunks))
        for one, expected in zip(found, scipy_linalg.lu(a), strict=True):
            np.testing.assert_allclose(one.compute(), expected, rtol=1e-3, atol=1e-3)
            assert one.shape == expected.shape
        p, lower, upper = found
        # The signs and sizes of factors are checked to the last digits by their product.
        assert np.abs((p @ lower @ upper).compute() - a).max() <= precision(lower.dtype) * 20


@pytest.mark.parametrize("chunks", CHUNKS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_square_systems(chunks: Any, dtype: str) -> None:
    a = matrix((9, 9), dtype, seed=3)
    b = matrix((9, 3), seed=4).astype("f4" if dtype == "f4" else "f8")
    x, right = ra.from_array(a, chunks=chunks), ra.from_array(b, chunks=(4, 2))
    close(ra.linalg.solve(x, right), np.linalg.solve(a, b))
    close(ra.linalg.solve(x, right[:, 0]), np.linalg.solve(a, b[:, 0]))
    close(ra.linalg.inv(x), np.linalg.inv(a))
    close(ra.linalg.det(x), np.linalg.det(a))
    for found, expected in zip(ra.linalg.slogdet(x), np.linalg.slogdet(a), strict=True):
        close(found, expected)
    definite = (a @ a.conj().T + 9 * np.eye(9)).astype(np.result_type(a, np.float32))
    y = ra.from_array(definite, chunks=chunks)
    close(ra.linalg.cholesky(y), scipy_linalg.cholesky(definite))
    close(ra.linalg.cholesky(y, lower=True), np.linalg.cholesky(definite))
    dtype_b = np.result_type(definite, b)
    close(ra.linalg.solve(y, right, assume_a="pos"), np.linalg.solve(definite, b).astype(dtype_b))
    for lower in (True, False):
        expected = scipy_linalg.solve_triangular(definite, b, lower=lower)
        close(ra.linalg.solve_triangular(y, right, lower=lower), expected.astype(dtype_b))


def test_solutions_of_an_ill_conditioned_system_are_as_good_as_lapacks() -> None:
    i = np.arange(10)
    hilbert = 1 / (1.0 + i[:, None] + i)
    b = hilbert @ np.ones(10)
    for chunks in CHUNKS:
        found = ra.linalg.solve(ra.from_array(hilbert, chunks=chunks), b).compute()
        # Backward stable: what is left of the equations is rounding, however wrong the digits of the
        # solution.
        assert np.abs(hilbert @ found - b).max() < 1e-14
        assert np.abs(found - 1).max() < 1e-2


@pytest.mark.parametrize("shape", [(9, 9), (13, 4), (4, 13)])
@pytest.mark.parametrize("chunks", CHUNKS)
def test_least_squares(shape: Any, chunks: Any) -> None:
    a, b = matrix(shape, seed=5), matrix((shape[0], 2), seed=6)
    found = ra.linalg.lstsq(ra.from_array(a, chunks=chunks), ra.from_array(b, chunks=(3, 1)))
    expected = np.linalg.lstsq(a, b)
    for one, own in zip(found, expected, strict=True):
        np.testing.assert_allclose(one.compute(), own, rtol=1e-8, atol=1e-10)
    a[:, -1] = a[:, 0]
    x, _, rank, _ = ra.linalg.lstsq(ra.from_array(a, chunks=chunks), b[:, 0])
    shortest, _, expected_rank, _ = np.linalg.lstsq(a, b[:, 0])
    assert int(rank) == expected_rank
    np.testing.assert_allclose(x.compute(), shortest, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("shape", [(7, 5), (5, 7), (4, 4)])
def test_norms_ranks_and_conditions(shape: Any) -> None:
    a = matrix(shape, seed=7)
    x = ra.from_array(a, chunks=(3, 2))
    stack = np.stack([a, a + 1, a * 2])
    many = ra.from_array(stack, chunks=2)
    for order in [None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf]:
        for keepdims in (False, True):
            close(ra.linalg.norm(x, order, keepdims=keepdims), np.linalg.norm(a, order, keepdims=keepdims))
            expected = np.linalg.norm(stack, order, axis=(2, 0), keepdims=keepdims)
            close(ra.linalg.norm(many, order, axis=(2, 0), keepdims=keepdims), expected)
    for order in [None, 0, 1, 2, 3.5, -1, np.inf, -np.inf]:
        close(ra.linalg.norm(x, order, axis=1), np.linalg.norm(a, order, axis=1))
    for order in [0, 1, 2, 3.5, np.inf]:
        found = ra.linalg.vector_norm(many, ord=order, axis=(0, 2), keepdims=True)
        close(found, np.linalg.vector_norm(stack, ord=order, axis=(0, 2), keepdims=True))
    for name in ("pinv", "matrix_rank", "cond"):
        close(getattr(ra.linalg, name)(x), getattr(np.linalg, name)(a))
        close(getattr(ra.linalg, name)(many), getattr(np.linalg, name)(stack))
    close(ra.linalg.norm(ra.from_array(np.array([1, 2, 2]), chunks=2)), np.float64(3))


def test_powers_products_and_eigenvalues() -> None:
    a = matrix((5, 5), seed=8)
    x = ra.from_array(a, chunks=2)
    for n in range(-2, 6):
        close(ra.linalg.matrix_power(x, n), np.linalg.matrix_power(a, n), scale=1e4)
    chain = [matrix(shape, seed=at) for at, shape in enumerate([(5,), (5, 9), (9, 3), (3, 6), (6,)])]
    close(
        ra.linalg.multi_dot([ra.from_array(one, chunks=2) for one in chain]), np.linalg.multi_dot(chain), 1e3
    )
    symmetric = a + a.T
    y = ra.from_array(symmetric, chunks=2)
    for uplo in "LU":
        values, vectors = ra.linalg.eigh(y, UPLO=uplo)
        close(values, np.linalg.eigvalsh(symmetric))
        close(ra.linalg.eigvalsh(y, UPLO=uplo), np.linalg.eigvalsh(symmetric))
        np.testing.assert_allclose(((vectors * values) @ vectors.T).compute(), symmetric, atol=1e-12)


def test_stacks_of_matrices() -> None:
    stack = matrix((5, 4, 4), seed=9)
    x = ra.from_array(stack, chunks=(2, 3, 2))
    close(ra.linalg.inv(x), np.linalg.inv(stack))
    close(ra.linalg.det(x), np.linalg.det(stack))
    for found, expected in zip(ra.linalg.slogdet(x), np.linalg.slogdet(stack), strict=True):
        close(found, expected)
    close(ra.linalg.solve(x, stack[:, :, :2]), np.linalg.solve(stack, stack[:, :, :2]))
    definite = stack @ stack.swapaxes(-1, -2)
    y = ra.from_array(definite, chunks=2)
    close(ra.linalg.cholesky(y, lower=True), np.linalg.cholesky(definite))
    close(ra.linalg.cholesky(y), np.linalg.cholesky(definite, upper=True))
    close(ra.linalg.eigvalsh(y), np.linalg.eigvalsh(definite))
    close(ra.linalg.eigh(y)[0], np.linalg.eigh(definite)[0])


@pytest.mark.parametrize("dtype", ["f8", "f4", "c16", "i4"])
@pytest.mark.parametrize("shape", [(5, 5), (3, 4, 4), (1, 1), (0, 0)])
def test_eigenvalues_of_any_square_matrix_are_complex_numbers(shape: tuple[int, ...], dtype: str) -> None:
    a = matrix(shape, dtype)
    x = ra.from_array(a, chunks=2)
    wanted = np.result_type(np.linalg.eigvals(a).dtype, "c8")
    values, vectors = ra.linalg.eig(x)
    for found in (values, ra.linalg.eigvals(x), np.linalg.eigvals(x)):
        assert found.dtype == found.compute().dtype == wanted
        assert found.shape == shape[:-1]
        np.testing.assert_allclose(found.compute(), np.linalg.eigvals(a), rtol=1e-4, atol=1e-4)
    got, turned = raskt.compute(values, vectors)
    np.testing.assert_allclose(a @ turned, turned * got[..., None, :], rtol=1e-4, atol=1e-4)


def test_equations_of_tensors() -> None:
    a, b = matrix((2, 3, 6)), matrix((2, 3))
    x, y = ra.from_array(a, chunks=2), ra.from_array(b, chunks=2)
    np.testing.assert_allclose(ra.linalg.tensorsolve(x, y).compute(), np.linalg.tensorsolve(a, b))
    turned, axes = np.moveaxis(a, 2, 0), (0,)
    found = np.linalg.tensorsolve(ra.from_array(turned, chunks=2), y, axes)
    np.testing.assert_allclose(found.compute(), np.linalg.tensorsolve(turned, b, axes))
    found = ra.linalg.tensorinv(x)
    assert found.shape == (6, 2, 3)
    np.testing.assert_allclose(found.compute(), np.linalg.tensorinv(a))
    np.testing.assert_allclose(
        ra.linalg.tensorinv(x.reshape(6, 2, 3), 1).compute(), np.linalg.tensorinv(a.reshape(6, 2, 3), 1)
    )
    with pytest.raises(np.linalg.LinAlgError, match="no square matrix"):
        ra.linalg.tensorinv(x, 1)
    with pytest.raises(np.linalg.LinAlgError, match="no square matrix"):
        ra.linalg.tensorsolve(x, y[:1])
    with pytest.raises(ValueError, match="Invalid ind"):
        ra.linalg.tensorinv(x, 0)


def test_names_of_numpys_linear_algebra_are_there() -> None:
    assert {name for name in np.linalg.__all__ if not hasattr(ra.linalg, name)} == set()
    a = matrix((3, 3))
    x = ra.from_array(a, chunks=2)
    for name in ("trace", "diagonal", "matrix_transpose"):
        np.testing.assert_allclose(getattr(ra.linalg, name)(x).compute(), getattr(np.linalg, name)(a))
    for name in ("cross", "vecdot", "outer"):
        found = getattr(ra.linalg, name)(x[0], x[1]).compute()
        np.testing.assert_allclose(found, getattr(np.linalg, name)(a[0], a[1]))


def test_what_cannot_be_is_refused_as_numpy_refuses_it() -> None:
    square, wide = ra.ones((4, 4), chunks=2), ra.ones((3, 4), chunks=2)
    for name in ("inv", "det", "slogdet", "cholesky", "eigh", "eigvalsh"):
        with pytest.raises(np.linalg.LinAlgError, match="must be square"):
            getattr(ra.linalg, name)(wide)
        with pytest.raises(np.linalg.LinAlgError, match="1-dimensional"):
            getattr(ra.linalg, name)(square[0])
    for name in ("qr", "svd", "lu"):
        with pytest.raises(np.linalg.LinAlgError, match="1-dimensional"):
            getattr(ra.linalg, name)(square[0])
    with pytest.raises(TypeError, match="float16 is unsupported"):
        ra.linalg.qr(square.astype("f2"))
    with pytest.raises(ValueError, match="mismatch"):
        ra.linalg.solve(square, np.ones(3))
    with pytest.raises(np.linalg.LinAlgError, match="Incompatible"):
        ra.linalg.lstsq(square, np.ones(3))
    with pytest.raises(ValueError, match="not a recognized matrix structure"):
        ra.linalg.solve(square, np.ones(4), assume_a="magic")
    with pytest.raises(ValueError, match="rechunk them, or call qr"):
        ra.linalg.tsqr(square)
    with pytest.raises(ValueError, match="rechunk them, or call qr"):
        ra.linalg.sfqr(square)
    for order, message in [("abc", "Invalid norm order"), (3, "Invalid norm order for matrices")]:
        with pytest.raises(ValueError, match=message):
            ra.linalg.norm(square, order)
    with pytest.raises(ValueError, match="Duplicate axes"):
        ra.linalg.norm(square, axis=(0, -2))
    with pytest.raises(TypeError, match="must be an integer"):
        ra.linalg.matrix_power(square, 1.5)
    with pytest.raises(ValueError, match="UPLO"):
        ra.linalg.eigh(square, UPLO="X")


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)])
def test_norms_of_matrices_without_elements(shape: tuple[int, int]) -> None:
    a = np.ones(shape)
    x = ra.from_array(a, chunks=2)
    for order in (None, "fro", "nuc", 1, 2, np.inf):
        assert float(ra.linalg.norm(x, order)) == np.linalg.norm(a, order) == 0
    for order in (None, 0, 1, 2, 3, np.inf):
        found = ra.linalg.norm(x, order, axis=0).compute()
        np.testing.assert_array_equal(found, np.linalg.norm(a, order, axis=0))
    for order in (-1, -2, -np.inf):
        with pytest.raises(ValueError, match="zero-size array"):
            ra.linalg.norm(ra.ones((0, 0), chunks=1), order).compute()
    with pytest.raises(np.linalg.LinAlgError, match="empty arrays"):
        ra.linalg.cond(x)


def test_half_precision_is_single_where_scipy_takes_it() -> None:
    a = np.array([[4, 1, 0], [1, 3, 1], [0, 1, 2]], "f2")
    x, b = ra.from_array(a, chunks=2), np.array([1, 2, 3], "f2")
    for found, expected in [
        (ra.linalg.cholesky(x), scipy_linalg.cholesky(a)),
        (ra.linalg.lu(x)[2], scipy_linalg.lu(a)[2]),
        (ra.linalg.solve(x, b), scipy_linalg.solve(a, b)),
        (ra.linalg.solve_triangular(x, b), scipy_linalg.solve_triangular(a, b)),
    ]:
        assert found.dtype == found.compute().dtype == expected.dtype == np.float32
        np.testing.assert_allclose(found.compute(), expected, rtol=1e-4)


def test_singular_and_indefinite_matrices_are_errors_when_computed() -> None:
    singular = ra.ones((4, 4), chunks=2)
    for lazy in (ra.linalg.inv(singular), ra.linalg.solve(singular, np.ones(4))):
        with pytest.raises(np.linalg.LinAlgError, match="Singular matrix"):
            lazy.compute()
    with pytest.raises(np.linalg.LinAlgError, match="positive definite"):
        ra.linalg.cholesky(-singular).compute()
    assert float(ra.linalg.det(singular)) == 0
    assert [float(one) for one in ra.linalg.slogdet(singular)] == [0, -np.inf]
    bad = ra.where(ra.eye(4, chunks=2) > 0, np.nan, 1.0)
    for lazy in (ra.linalg.lu(bad)[2], ra.linalg.solve_triangular(bad, np.ones(4))):
        with pytest.raises(ValueError, match="infs or NaNs"):
            lazy.compute()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert np.isnan(ra.linalg.det(bad).compute())


def test_a_function_of_several_results_is_called_once_a_block() -> None:
    calls: list[int] = []

    def both(block: Any) -> Any:
        calls.append(1)
        return block.mean(-1), block.max(-1), block * 2

    x = ra.from_array(matrix((6, 4)), chunks=(2, 4))
    found = raskt.compute(*ra.apply_gufunc(both, "(i)->(),(),(i)", x, output_dtypes=[float] * 3))
    assert len(calls) == 3
    np.testing.assert_allclose(found[2], matrix((6, 4)) * 2)
