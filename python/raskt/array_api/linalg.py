"""Linear algebra of the array API standard, on lazy arrays."""

from __future__ import annotations

from raskt.array._standard_linalg import (
    cholesky,
    cross,
    diagonal,
    eigh,
    matrix_norm,
    qr,
    slogdet,
    svd,
    svdvals,
    trace,
    vector_norm,
)
from raskt.array.linalg import (
    det,
    eigvalsh,
    inv,
    matmul,
    matrix_power,
    matrix_rank,
    outer,
    pinv,
    solve,
    tensordot,
)
from raskt.array.products import vecdot
from raskt.array.spellings import matrix_transpose

__all__ = [
    "cholesky",
    "cross",
    "det",
    "diagonal",
    "eigh",
    "eigvalsh",
    "inv",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "matrix_transpose",
    "outer",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "svd",
    "svdvals",
    "tensordot",
    "trace",
    "vecdot",
    "vector_norm",
]
