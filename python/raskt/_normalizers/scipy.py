"""SciPy's sparse matrices and arrays: shape, format and the arrays that hold the elements."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from raskt.dispatch import Dispatch

_PARTS = {
    "csr": ("data", "indices", "indptr"),
    "csc": ("data", "indices", "indptr"),
    "bsr": ("data", "indices", "indptr"),
    "coo": ("data", "coords"),
    "dia": ("data", "offsets"),
    "lil": ("data", "rows"),
}


def _sparse(matrix: Any) -> object:
    if matrix.format == "dok":
        return matrix.shape, matrix.dtype, dict(matrix.items())
    parts = [getattr(matrix, name) for name in _PARTS[matrix.format]]
    return matrix.shape, matrix.dtype, parts


def register(normalizers: Dispatch) -> None:
    """Register the handlers of this module.

    Parameters
    ----------
    normalizers : Dispatch
        Where to.
    """
    from scipy import sparse  # type: ignore[import-untyped,unused-ignore]

    normalizers.register((sparse.spmatrix, sparse.sparray), _sparse)
