"""Eigenvalues of matrices that are not Hermitian: one task takes the whole of a matrix."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from raskt.array._chunk_linalg import eig_block, eigvals_block
from raskt.array._orthogonal import OWN, inexact
from raskt.array._solvers import check_square, each, is_stack
from raskt.array._task import several, task

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = ["EigResult", "eig", "eigvals"]


class EigResult(NamedTuple):
    """What `eig` returns."""

    eigenvalues: Array
    eigenvectors: Array


def _square(a: Any) -> tuple[Array, np.dtype[Any]]:
    a = check_square(inexact(a, "linalg"))
    return a, np.result_type(a.dtype, np.complex64)


def eig(a: Any) -> EigResult:
    """Return eigenvalues and eigenvectors of a square matrix: complex numbers, even if all are real.

    Parameters
    ----------
    a : array_like
        The matrix, or matrices along the last two axes.

    Returns
    -------
    eigenvalues, eigenvectors : Array
        The values in no order, and the vectors as columns.

    Examples
    --------
    >>> import raskt.array as ra
    >>> values, vectors = ra.linalg.eig(ra.asarray([[0.0, -1.0], [1.0, 0.0]]))
    >>> values.compute()
    array([0.+1.j, 0.-1.j])
    """
    a, dtype = _square(a)
    if is_stack(a):
        function = functools.partial(eig_block, to=dtype.str)
        values, vectors = each(function, "(m,m)->(m),(m,m)", a, dtypes=[dtype, dtype])
        return EigResult(values, vectors)
    n = a.shape[0]
    values, vectors = several(f"{OWN}.eig_block", (a,), [((n,), dtype), ((n, n), dtype)], "eig", to=dtype.str)
    return EigResult(values, vectors)


def eigvals(a: Any) -> Array:
    """Return the eigenvalues of a square matrix, complex numbers: see `eig`."""
    a, dtype = _square(a)
    if is_stack(a):
        found: Array = each(functools.partial(eigvals_block, to=dtype.str), "(m,m)->(m)", a, dtypes=dtype)
        return found
    return task(f"{OWN}.eigvals_block", (a,), (a.shape[0],), dtype, "eigvals", to=dtype.str)
