"""Norms, ranks, condition numbers, powers and eigenvalues of matrices."""

from __future__ import annotations

import functools
import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from raskt.array._axes import axis_of
from raskt.array._base import known_shape
from raskt.array._orthogonal import OWN, inexact, svd, svdvals
from raskt.array._solvers import check_square, each, inv, inverse, is_stack
from raskt.array._task import several, task
from raskt.array.conversion import asanyarray
from raskt.array.creation import eye, zeros
from raskt.array.linear import matmul
from raskt.array.searching import where
from raskt.array.shape import moveaxis
from raskt.array.ufuncs import isnan

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = [
    "cond",
    "eigh",
    "eigvalsh",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "multi_dot",
    "norm",
    "pinv",
    "vector_norm",
]


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Array:
    """Return a norm of vectors or matrices, as `numpy.linalg.norm` does.

    Parameters
    ----------
    x : array_like
        The array.
    ord : {"fro", "nuc", inf, -inf} or number, optional
        Which norm: by default the square root of the sum of squares.
    axis : int or pair of int, optional
        Along which axis are vectors, or along which two are matrices; by default what ``x`` is.
    keepdims : bool, optional
        Whether the axes are kept, with length 1.

    Returns
    -------
    Array
        The norms.

    Examples
    --------
    >>> import raskt.array as ra
    >>> x = ra.from_array([[3.0, 0.0], [4.0, 0.0]], chunks=1)
    >>> float(ra.linalg.norm(x)), float(ra.linalg.norm(x, 2)), float(ra.linalg.norm(x, 1))
    (5.0, 5.0, 7.0)
    """
    x = asanyarray(x)
    if x.dtype.kind not in "fc":
        x = x.astype(np.float64)
    if axis is None:
        if ord is None or (ord in ("f", "fro") and x.ndim == 2) or (ord == 2 and x.ndim == 1):
            return _root_of_squares(x, None, keepdims)
        if x.ndim not in (1, 2):
            raise ValueError("Improper number of dimensions to norm.")
        axes = tuple(range(x.ndim))
    elif isinstance(axis, tuple):
        axes = tuple(operator.index(at) for at in axis)
    else:
        try:
            axes = (operator.index(axis),)
        except TypeError as error:
            raise TypeError("'axis' must be None, an integer or a tuple of integers") from error
    axes = tuple(axis_of(at, x.ndim) for at in axes)
    if len(axes) == 1:
        return _of_vectors(x, ord, axes[0], keepdims)
    if len(axes) != 2:
        raise ValueError("Improper number of dimensions to norm.")
    if axes[0] == axes[1]:
        raise ValueError("Duplicate axes given.")
    return _of_matrices(x, ord, axes, keepdims)


def _root_of_squares(x: Array, axis: Any, keepdims: bool) -> Array:
    squares = x.real**2 + x.imag**2 if x.dtype.kind == "c" else x * x
    found: Array = squares.sum(axis=axis, keepdims=keepdims) ** 0.5
    return found


def _of_vectors(x: Array, ord: Any, axis: int, keepdims: bool) -> Array:
    if isinstance(ord, str):
        raise ValueError(f"Invalid norm order '{ord}' for vectors")
    if ord is None or ord == 2:
        return _root_of_squares(x, axis, keepdims)
    found: Array
    if ord == 0:
        real = x.dtype.type(0).real.dtype
        found = (x != 0).astype(real).sum(axis=axis, keepdims=keepdims)
        return found
    sizes = abs(x)
    if ord == np.inf:
        found = sizes.max(axis=axis, keepdims=keepdims, initial=0)
    elif ord == -np.inf:
        found = sizes.min(axis=axis, keepdims=keepdims)
    elif ord == 1:
        found = sizes.sum(axis=axis, keepdims=keepdims)
    else:
        found = (sizes**ord).sum(axis=axis, keepdims=keepdims) ** (1.0 / ord)
    return found.astype(sizes.dtype)


def _of_matrices(x: Array, ord: Any, axes: tuple[int, int], keepdims: bool) -> Array:
    row, column = axes
    if ord in (None, "fro", "f"):
        return _root_of_squares(x, axes, keepdims)
    if ord in (1, -1, np.inf, -np.inf):
        summed, left = (row, column) if abs(ord) == 1 else (column, row)
        sums = abs(x).sum(axis=summed, keepdims=True)
        found: Array = _extreme(sums, ord, axis=left, keepdims=True)
        return found if keepdims else found.squeeze(axis=axes)
    if ord not in ("nuc", 2, -2):
        raise ValueError("Invalid norm order for matrices.")
    values = _singular_values(moveaxis(x, axes, (-2, -1)))
    found = values.sum(axis=-1) if ord == "nuc" else _extreme(values, ord, axis=-1)
    if not keepdims:
        return found
    index: list[Any] = [slice(None)] * x.ndim
    index[row] = index[column] = None
    spread: Array = found[tuple(index)]
    return spread


def _extreme(sizes: Array, ord: Any, **kwargs: Any) -> Array:
    """Return the largest of sizes, of none 0, or the smallest where the order is negative."""
    found: Array = sizes.max(initial=0, **kwargs) if ord > 0 else sizes.min(**kwargs)
    return found


def _singular_values(x: Array) -> Array:
    """Return the singular values of a matrix in any chunks, or of each of many."""
    if not is_stack(x):
        return svdvals(x)
    real = x.dtype.type(0).real.dtype
    size = min(known_shape(x, "svd")[-2:])
    flat = x.reshape((-1, *x.shape[-2:])).rechunk({1: -1, 2: -1})
    values: Array = flat.map_blocks(
        np.linalg.svd, compute_uv=False, drop_axis=2, dtype=real, chunks=(flat.chunks[0], (size,))
    )
    return values.reshape((*x.shape[:-2], size))


def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Array:
    """Return the norm of vectors along one or several axes, which count as one.

    Parameters
    ----------
    x : array_like
        The array.
    axis : int or tuple of int, optional
        The axes; all of them by default.
    keepdims : bool, optional
        Whether the axes are kept, with length 1.
    ord : number, optional
        Which norm.

    Returns
    -------
    Array

    Examples
    --------
    >>> import raskt.array as ra
    >>> float(ra.linalg.vector_norm(ra.asarray([[3.0, 0.0], [0.0, 4.0]])))
    5.0
    """
    x = asanyarray(x)
    axes = range(x.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
    places = sorted(axis_of(at, x.ndim) for at in axes)
    rest = [at for at in range(x.ndim) if at not in places]
    flat = x.transpose((*rest, *places)).reshape((*(x.shape[at] for at in rest), -1)) if x.ndim else x[None]
    found = norm(flat, ord=ord, axis=-1)
    if not keepdims:
        return found
    spread: Array = found[tuple(None if at in places else slice(None) for at in range(x.ndim))]
    return spread


def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Array:
    """Return the norm of the matrices along the last two axes: see `norm`."""
    x = asanyarray(x)
    if x.ndim < 2:
        raise np.linalg.LinAlgError("matrices have two axes at least")
    return norm(x, axis=(-2, -1), keepdims=keepdims, ord=ord)


def cond(x: Any, p: Any = None) -> Array:
    """Return the condition number of a matrix, or of matrices along the last two axes.

    Parameters
    ----------
    x : array_like
        The matrix, or matrices along the last two axes.
    p : optional
        Which norm of the matrix and its inverse are multiplied: as ``ord`` of `norm`; 2 by default.

    Returns
    -------
    Array

    Examples
    --------
    >>> import raskt.array as ra
    >>> float(ra.linalg.cond(ra.from_array([[4.0, 0.0], [0.0, 2.0]], chunks=1)))
    2.0
    """
    x = inexact(x, "linalg")
    if 0 in x.shape:
        raise np.linalg.LinAlgError("cond is not defined on empty arrays")
    if p is None or p in (2, -2):
        values = _singular_values(x)
        largest, smallest = values.max(axis=-1), values.min(axis=-1)
        found: Array = smallest / largest if p == -2 else largest / smallest
    else:
        found = norm(x, p, axis=(-2, -1)) * norm(inverse(x, is_strict=False), p, axis=(-2, -1))
    # Only of a matrix with NaN the number is NaN: of others, infinite.
    is_worst = isnan(found) & ~isnan(x).any(axis=(-2, -1))
    worst: Array = where(is_worst, found.dtype.type(np.inf), found)
    return worst


def matrix_rank(A: Any, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Array:
    """Return how many singular values are above a tolerance, as `numpy.linalg.matrix_rank` does.

    Parameters
    ----------
    A : array_like
        The matrix, or matrices along the last two axes.
    tol : float, optional
        The tolerance.
    hermitian : bool, optional
        Accepted as NumPy does.
    rtol : float, optional
        The tolerance beside the largest value; the larger dimension times the precision by default.

    Returns
    -------
    Array

    Examples
    --------
    >>> import raskt.array as ra
    >>> int(ra.linalg.matrix_rank(ra.ones((4, 4), chunks=2)))
    1
    """
    del hermitian
    if tol is not None and rtol is not None:
        raise ValueError("`tol` and `rtol` can't be both set.")
    a = asanyarray(A)
    if a.ndim < 2:
        some: Array = (a != 0).any().astype(np.intp)
        return some
    a = inexact(a, "linalg")
    values = _singular_values(a)
    if tol is None:
        if rtol is None:
            rtol = max(a.shape[-2:]) * np.finfo(a.dtype).eps
        tol = values.max(axis=-1, keepdims=True, initial=0) * _column(rtol)
    else:
        tol = _column(tol)
    found: Array = (values > tol).sum(axis=-1)
    return found


def _column(x: Any) -> Any:
    return asanyarray(x)[..., None] if np.ndim(x) or hasattr(x, "_expr") else x


def pinv(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Array:
    """Return the inverse of Moore and Penrose, by singular values.

    Parameters
    ----------
    a : array_like
        The matrix, in any chunks; or matrices along the last two axes.
    rcond : float, optional
        Singular values below ``rcond`` times the largest are taken for zero; 1e-15 by default, as in NumPy.
    hermitian : bool, optional
        Accepted as NumPy does.
    rtol : float, optional
        The same as ``rcond``.

    Returns
    -------
    Array

    Examples
    --------
    >>> import raskt.array as ra
    >>> ra.linalg.pinv(ra.from_array([[2.0, 0.0], [0.0, 0.0]], chunks=1)).round(6).compute()
    array([[0.5, 0. ],
           [0. , 0. ]])
    """
    del hermitian
    if rcond is not None and rtol is not None:
        raise ValueError("`rtol` and `rcond` can't be both set.")
    a = inexact(a, "linalg")
    limit = rcond if rcond is not None else 1e-15 if rtol is None else rtol
    if is_stack(a):
        found: Array = each(functools.partial(np.linalg.pinv, rcond=limit), "(m,n)->(n,m)", a, dtypes=a.dtype)
        return found
    m, n = known_shape(a, "pinv")
    if not m or not n:
        return zeros((n, m), dtype=a.dtype)
    u, s, v = svd(a, coerce_signs=False)
    is_large = s > limit * s.max()
    inverse = where(is_large, 1 / where(is_large, s, 1), 0).astype(s.dtype)
    return matmul(v.conj().T * inverse, u.conj().T)


def matrix_power(a: Any, n: int) -> Array:
    """Return a power of a square matrix, of its inverse where the exponent is negative.

    Parameters
    ----------
    a : array_like
        The matrix, or matrices along the last two axes.
    n : int
        The exponent.

    Returns
    -------
    Array

    Examples
    --------
    >>> import raskt.array as ra
    >>> ra.linalg.matrix_power(ra.from_array([[1, 1], [0, 1]], chunks=1), 5).compute()
    array([[1, 5],
           [0, 1]])
    """
    a = check_square(asanyarray(a))
    try:
        n = operator.index(n)
    except TypeError as error:
        raise TypeError("exponent must be an integer") from error
    if n < 0:
        a, n = inv(a), -n
    if n == 0:
        return a * 0 + eye(a.shape[-1], dtype=a.dtype) if is_stack(a) else eye(a.shape[0], dtype=a.dtype)
    found: Array | None = None
    square: Array = a
    while True:
        if n & 1:
            found = square if found is None else matmul(found, square)
        n >>= 1
        if not n:
            assert found is not None
            return found
        square = matmul(square, square)


def multi_dot(arrays: Any) -> Array:
    """Return the product of many matrices, in the order of least work, which the optimizer finds.

    Parameters
    ----------
    arrays : sequence of array_like
        The matrices; the first and the last may be vectors.

    Returns
    -------
    Array

    Examples
    --------
    >>> import raskt.array as ra
    >>> x = ra.ones((2, 2), chunks=1)
    >>> ra.linalg.multi_dot([x, x, x]).compute()
    array([[4., 4.],
           [4., 4.]])
    """
    chain = [asanyarray(x) for x in arrays]
    if len(chain) < 2:
        raise ValueError("Expecting at least two arrays.")
    for at, x in enumerate(chain):
        if x.ndim != 2 and not (x.ndim == 1 and at in (0, len(chain) - 1)):
            raise np.linalg.LinAlgError(f"{x.ndim}-dimensional array given. Array must be two-dimensional")
    return functools.reduce(matmul, chain)


def eigh(a: Any, UPLO: str = "L") -> tuple[Array, Array]:
    """Return eigenvalues and eigenvectors of a Hermitian matrix: one task takes the whole of it.

    Parameters
    ----------
    a : array_like
        The matrix, or matrices along the last two axes.
    UPLO : {"L", "U"}, optional
        Which triangle is read.

    Returns
    -------
    eigenvalues, eigenvectors : Array
        The values in ascending order, the vectors as columns.

    Examples
    --------
    >>> import raskt.array as ra
    >>> values, vectors = ra.linalg.eigh(ra.from_array([[2.0, 0.0], [0.0, 1.0]], chunks=1))
    >>> values.compute()
    array([1., 2.])
    """
    a = _hermitian(a, UPLO)
    real = a.dtype.type(0).real.dtype
    if is_stack(a):
        function = functools.partial(np.linalg.eigh, UPLO=UPLO.upper())
        values, vectors = each(function, "(m,m)->(m),(m,m)", a, dtypes=[real, a.dtype])
        return values, vectors
    n = a.shape[0]
    values, vectors = several(
        f"{OWN}.eigh_block", (a,), [((n,), real), ((n, n), a.dtype)], "eigh", uplo=UPLO.upper()
    )
    return values, vectors


def eigvalsh(a: Any, UPLO: str = "L") -> Array:
    """Return the eigenvalues of a Hermitian matrix, in ascending order: see `eigh`."""
    a = _hermitian(a, UPLO)
    real = a.dtype.type(0).real.dtype
    if is_stack(a):
        found: Array = each(
            functools.partial(np.linalg.eigvalsh, UPLO=UPLO.upper()), "(m,m)->(m)", a, dtypes=real
        )
        return found
    return task(f"{OWN}.eigvalsh_block", (a,), (a.shape[0],), real, "eigvalsh", uplo=UPLO.upper())


def _hermitian(a: Any, triangle: str) -> Array:
    if triangle.upper() not in ("L", "U"):
        raise ValueError("UPLO argument must be 'L' or 'U'")
    return check_square(inexact(a, "linalg"))
