"""Linear algebra of arrays in blocks, with the names of `numpy.linalg` and `scipy.linalg`.

Blocks are factorised by NumPy's and SciPy's LAPACK, with one thread each while several run; SciPy has to be
installed. Matrices may be cut in any way. Where the last two axes of an array of more axes are matrices, each
is whole in a task.
"""

from __future__ import annotations

from numpy.linalg import LinAlgError

from raskt.array._eigenvalues import eig, eigvals
from raskt.array._norms import (
    cond,
    eigh,
    eigvalsh,
    matrix_norm,
    matrix_power,
    matrix_rank,
    multi_dot,
    norm,
    pinv,
    vector_norm,
)
from raskt.array._orthogonal import (
    compression_level,
    compression_matrix,
    qr,
    sfqr,
    svd,
    svd_compressed,
    svdvals,
    tsqr,
)
from raskt.array._solvers import cholesky, det, inv, lstsq, lu, slogdet, solve, solve_triangular
from raskt.array._standard_linalg import cross, diagonal, trace
from raskt.array._tensors import tensorinv, tensorsolve
from raskt.array.linear import matmul, outer, tensordot
from raskt.array.products import vecdot
from raskt.array.spellings import matrix_transpose

__all__ = [
    "LinAlgError",
    "cholesky",
    "compression_level",
    "compression_matrix",
    "cond",
    "cross",
    "det",
    "diagonal",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "inv",
    "lstsq",
    "lu",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "matrix_transpose",
    "multi_dot",
    "norm",
    "outer",
    "pinv",
    "qr",
    "sfqr",
    "slogdet",
    "solve",
    "solve_triangular",
    "svd",
    "svd_compressed",
    "svdvals",
    "tensordot",
    "tensorinv",
    "tensorsolve",
    "trace",
    "tsqr",
    "vecdot",
    "vector_norm",
]
