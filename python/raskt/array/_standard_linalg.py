"""Linear algebra with the arguments of NumPy and the array API, where Dask's differ."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from raskt.array import _orthogonal, _solvers
from raskt.array._base import known_shape
from raskt.array._norms import eigh as eigh_of
from raskt.array._norms import matrix_norm, vector_norm
from raskt.array._orthogonal import inexact
from raskt.array._task import several
from raskt.array.diagonals import diagonal as diagonal_of
from raskt.array.products import cross as cross_of
from raskt.array.reductions import trace as trace_of

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = [
    "cholesky",
    "cross",
    "diagonal",
    "eigh",
    "matrix_norm",
    "qr",
    "slogdet",
    "svd",
    "svdvals",
    "trace",
    "vector_norm",
]


class EighResult(NamedTuple):
    """What `eigh` returns."""

    eigenvalues: Array
    eigenvectors: Array


class QRResult(NamedTuple):
    """What `qr` returns."""

    Q: Array
    R: Array


class SlogdetResult(NamedTuple):
    """What `slogdet` returns."""

    sign: Array
    logabsdet: Array


class SVDResult(NamedTuple):
    """What `svd` returns."""

    U: Array
    S: Array
    Vh: Array


def cholesky(x: Any, /, *, upper: bool = False) -> Array:
    """Return the lower, or the upper, triangle of Cholesky: see `raskt.array.linalg.cholesky`."""
    return _solvers.cholesky(x, lower=not upper)


def cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Array:
    """Return cross products along an axis: see `raskt.array.cross`."""
    return cross_of(x1, x2, axis=axis)


def diagonal(x: Any, /, *, offset: int = 0) -> Array:
    """Return the diagonals of matrices along the last two axes."""
    return diagonal_of(x, offset, -2, -1)


def trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Array:
    """Return the sums of the diagonals of matrices along the last two axes."""
    return trace_of(x, offset, -2, -1, dtype=dtype)


def eigh(x: Any, /, UPLO: str = "L") -> EighResult:
    """Return eigenvalues and eigenvectors by name: see `raskt.array.linalg.eigh`."""
    return EighResult(*eigh_of(x, UPLO))


def slogdet(x: Any, /) -> SlogdetResult:
    """Return the sign and the logarithm of a determinant by name: see `raskt.array.linalg.slogdet`."""
    return SlogdetResult(*_solvers.slogdet(x))


def _kinds(x: Array) -> tuple[int, int, int, Any]:
    """Return the dimensions of matrices, the smaller one, and the dtype of their real parts."""
    if x.ndim < 2:
        raise np.linalg.LinAlgError(
            f"{x.ndim}-dimensional array given. Array must be at least two-dimensional"
        )
    m, n = known_shape(x, "linear algebra")[-2:]
    return m, n, min(m, n), x.dtype.type(0).real.dtype


def qr(x: Any, /, mode: str = "reduced") -> Any:
    """Factorise a matrix into orthonormal columns and a triangle.

    Parameters
    ----------
    x : array_like
        The matrix, or matrices along the last two axes.
    mode : {"reduced", "complete", "r"}, optional
        Whether Q has as many columns as the smaller dimension, or is square: then one task takes a whole
        matrix. With ``"r"`` the triangle is returned alone.

    Returns
    -------
    QRResult, or Array
    """
    if mode not in ("reduced", "complete", "r"):
        if mode == "raw":
            raise NotImplementedError("qr(mode='raw'): map_blocks with numpy.linalg.qr")
        raise ValueError(f"Unrecognized mode '{mode}'")
    x = inexact(x, "qr")
    m, n, k, _ = _kinds(x)
    if mode != "complete" and x.ndim == 2:
        found = QRResult(*_orthogonal.qr(x))
        return found.R if mode == "r" else found
    size = m if mode == "complete" else k
    if x.ndim == 2:
        shapes = [((m, size), x.dtype), ((size, n), x.dtype)]
        return QRResult(*several("numpy.linalg.qr", (x,), shapes, "qr", mode="complete"))
    q, r = _solvers.each(
        partial(np.linalg.qr, mode="complete" if mode == "complete" else "reduced"),
        "(m,n)->(m,k),(k,n)",
        x,
        dtypes=[x.dtype, x.dtype],
        sizes={"k": size},
    )
    return r if mode == "r" else QRResult(q, r)


def svd(x: Any, /, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    """Return the singular values and vectors of a matrix.

    Parameters
    ----------
    x : array_like
        The matrix, or matrices along the last two axes.
    full_matrices : bool, optional
        Whether the vectors are whole bases: for matrices that are not square one task takes each whole then.
    compute_uv : bool, optional
        Whether the vectors are returned.
    hermitian : bool, optional
        Accepted as NumPy does.

    Returns
    -------
    SVDResult, or Array
    """
    del hermitian
    if not compute_uv:
        return svdvals(x)
    x = inexact(x, "svd")
    m, n, k, real = _kinds(x)
    if x.ndim == 2 and (m == n or not full_matrices):
        return SVDResult(*_orthogonal.svd(x, coerce_signs=False))
    left, right = (m, n) if full_matrices else (k, k)
    if x.ndim == 2:
        shapes = [((m, left), x.dtype), ((k,), real), ((right, n), x.dtype)]
        return SVDResult(*several("numpy.linalg.svd", (x,), shapes, "svd", full_matrices=True))
    found = _solvers.each(
        partial(np.linalg.svd, full_matrices=bool(full_matrices)),
        "(m,n)->(m,i),(k),(j,n)",
        x,
        dtypes=[x.dtype, real, x.dtype],
        sizes={"i": left, "k": k, "j": right},
    )
    return SVDResult(*found)


def svdvals(x: Any, /) -> Array:
    """Return singular values, largest first: see `raskt.array.linalg.svdvals`."""
    x = inexact(x, "svd")
    *_, k, real = _kinds(x)
    if x.ndim == 2:
        return _orthogonal.svdvals(x)
    function = partial(np.linalg.svd, compute_uv=False)
    found: Array = _solvers.each(function, "(m,n)->(k)", x, dtypes=real, sizes={"k": k})
    return found
