"""What tasks of linear algebra call: LAPACK on blocks, by NumPy and SciPy.

A function that returns several values is called through `raskt.array._chunk.boxed`: they travel in a block of
one object, from which the functions below take what they need.
"""

from __future__ import annotations

import contextlib
import importlib
from typing import Any

import numpy as np

__all__: list[str] = []

Block = Any


def _lapack(name: str, block: Block) -> Any:
    """Return a routine of LAPACK's for the dtype of a block."""
    lapack = importlib.import_module("scipy.linalg.lapack")
    (routine,) = lapack.get_lapack_funcs((name,), (block,))
    return routine


def _solved(triangle: Block, right: Block, lower: bool, unit: bool = False, trans: str = "N") -> Block:
    """Return the solution of a triangular system, whose right side may be empty."""
    if not right.size or not triangle.size:
        return np.zeros(right.shape, np.result_type(triangle, right))
    linalg = importlib.import_module("scipy.linalg")
    return linalg.solve_triangular(
        triangle, right, lower=lower, unit_diagonal=unit, trans=trans, check_finite=False
    )


# ---- QR ----


def qr_factor(block: Block) -> tuple[Block, Block]:
    """Return Householder's reflectors of a block, with the triangle above them, and their factors."""
    h, tau = np.linalg.qr(block, mode="raw")
    return h.T, tau


def qr_triangle(box: Block) -> Block:
    """Return the triangle of a factorisation."""
    h, tau = box[()]
    return np.triu(h[: len(tau)])


def qr_columns(box: Block) -> Block:
    """Return the orthonormal columns of a factorisation."""
    h, tau = box[()]
    n = len(tau)
    if not n:
        return np.zeros((len(h), 0), h.dtype)
    routine = _lapack("ungqr" if h.dtype.kind == "c" else "orgqr", h)
    q, _, info = routine(np.array(h[:, :n], order="F"), tau, lwork=max(64 * n, 1), overwrite_a=True)
    if info:
        raise np.linalg.LinAlgError(f"LAPACK's orgqr refuses its argument {-info}")
    return q


def qr_rotation(top: Block, *below: Block) -> tuple[Block, Block]:
    """Return the orthogonal matrix, all of it, that makes a triangle of blocks one below the other."""
    q, r = np.linalg.qr(np.concatenate([top, *below]), mode="complete")
    return q, r[: len(top)]


def rotated(box: Block, *blocks: Block, part: str, adjoint: bool) -> Block:
    """Return the upper or the lower part of what a rotation makes of blocks one below the other."""
    rotation = box[()][0]
    stacked = np.concatenate(blocks) if len(blocks) > 1 else blocks[0]
    if adjoint:
        rotation = rotation.conj().T
    n = len(blocks[0])
    chosen = rotation[:n] if part == "upper" else rotation[n:]
    return chosen @ stacked


def rotated_by_columns(q: Block, block: Block) -> Block:
    return q.conj().T @ block


def product(left: Block, right: Block) -> Block:
    return left @ right


def signs_of_rows(v: Block) -> Block:
    """Return 1 or -1 for each row: what makes the sum of its real parts positive."""
    return np.where(v.real.sum(axis=-1) < 0, -1, 1).astype(v.dtype)


# ---- LU, by panels of whole columns ----


def lu_panel(panel: Block, start: int, finite: bool) -> tuple[Block, Block]:
    """Factorise the rows of a panel from ``start`` on; return it, and the order of its rows."""
    if finite and not np.isfinite(panel).all():
        raise ValueError("array must not contain infs or NaNs")
    order = np.arange(len(panel))
    own = panel[start:]
    if not own.size:
        return panel, order
    factors, pivots, info = _lapack("getrf", own)(own)
    if info < 0:
        raise np.linalg.LinAlgError(f"LAPACK's getrf refuses its argument {-info}")
    rows = np.arange(len(own))
    for at, other in enumerate(pivots):
        rows[at], rows[other] = rows[other], rows[at]
    order[start:] = rows + start
    return np.concatenate([panel[:start], factors]), order


def lu_update(panel: Block, box: Block, start: int, stop: int) -> Block:
    """Do to a panel what the factorisation of columns to its left, ``start`` to ``stop``, asks for."""
    factors, order = box[()]
    made = panel[order].astype(np.result_type(panel, factors), copy=False)
    made[start:stop] = _solved(factors[start:stop, : stop - start], made[start:stop], lower=True, unit=True)
    made[stop:] -= factors[stop:, : stop - start] @ made[start:stop]
    return made


def lu_back(panel: Block, box: Block, start: int, stop: int, is_strict: bool) -> Block:
    """Solve for the rows ``start`` to ``stop`` of a panel, and take their share from the rows above."""
    factors, _ = box[()]
    triangle = factors[start:stop]
    if (np.diagonal(triangle) == 0).any():
        if is_strict:
            raise np.linalg.LinAlgError("Singular matrix")
        return np.full_like(panel, np.nan)
    made = panel.copy()
    made[start:stop] = _solved(triangle, made[start:stop], lower=False)
    made[:start] -= factors[:start] @ made[start:stop]
    return made


def lu_lower(box: Block, *later: Block, start: int, width: int) -> Block:
    """Return the columns of L that a panel has, in the order that the panels to its right gave its rows."""
    columns = np.tril(box[()][0][:, :width], -1 - start)
    for other in later:
        columns = columns[other[()][1]]
    return columns + np.eye(len(columns), width, -start, dtype=columns.dtype)


def lu_upper(box: Block, start: int, n: int) -> Block:
    """Return the columns of U that a panel has."""
    return np.triu(box[()][0][:n], -start)


def lu_order(*boxes: Block) -> Block:
    """Return the order that all panels together give the rows."""
    order = boxes[0][()][1]
    for box in boxes[1:]:
        order = order[box[()][1]]
    return order


def lu_diagonal(box: Block, start: int) -> Block:
    return np.diagonal(box[()][0], -start).copy()


def sign_of_order(order: Block) -> Block:
    """Return 1 or -1: whether the number of exchanges that make an order is even."""
    seen = np.zeros(len(order), dtype=bool)
    n_even = 0
    for at in range(len(order)):
        length = 0
        while not seen[at]:
            seen[at] = True
            at, length = order[at], length + 1
        n_even += length > 0 and length % 2 == 0
    return np.array(-1.0 if n_even % 2 else 1.0)


def product_with_sign(values: Block, sign: Block) -> Block:
    return (np.prod(values) * sign).astype(values.dtype)


def sign_and_log(values: Block, sign: Block) -> tuple[Block, Block]:
    """Return the sign of the product of numbers and one more, and the logarithm of its absolute value."""
    sizes = np.abs(values)
    if (sizes == 0).any():
        return np.zeros((), values.dtype), np.array(-np.inf, sizes.dtype)
    # The sign of what is no number is 1, as NumPy has it; a complex number that is none has none.
    signs = values / sizes if values.dtype.kind == "c" else np.where(values < 0, -1, 1)
    return (np.prod(signs) * sign).astype(values.dtype), np.log(sizes).sum()


# ---- triangles ----


def cholesky_block(block: Block, *pairs: Block) -> Block:
    """Return the lower triangle of a diagonal block, less the products of blocks to its left."""
    return np.linalg.cholesky(_reduced(block, pairs, pairs))


def cholesky_below(block: Block, diagonal: Block, *pairs: Block) -> Block:
    """Return a block below the diagonal, less products, of the factor."""
    half = len(pairs) // 2
    rest = _reduced(block, pairs[:half], pairs[half:])
    return _solved(diagonal, rest.conj().T, lower=True).conj().T


def _reduced(block: Block, left: Any, right: Any) -> Block:
    for a, b in zip(left, right, strict=True):
        block = block - a @ b.conj().T
    return block


def triangular_block(triangle: Block, right: Block, *pairs: Block, lower: bool, start: int) -> Block:
    """Return a block of the solution: of a triangle, with the products of blocks solved before taken away.

    ``start`` is the row of the whole matrix in which the triangle begins.
    """
    half = len(pairs) // 2
    for a, x in zip(pairs[:half], pairs[half:], strict=True):
        right = right - a @ x
    for block in (triangle, right):
        if not np.isfinite(block).all():
            raise ValueError("array must not contain infs or NaNs")
    (zeros,) = np.nonzero(np.diagonal(triangle) == 0)
    if zeros.size:
        raise np.linalg.LinAlgError(f"singular matrix: resolution failed at diagonal {start + zeros[0]}")
    return _solved(triangle, right, lower)


# ---- whole matrices ----


def svd_block(block: Block) -> tuple[Block, ...]:
    return tuple(np.linalg.svd(block, full_matrices=False))


def svdvals_block(block: Block) -> Block:
    return np.linalg.svd(block, compute_uv=False)


def inverses_or_nan(stack: Block) -> Block:
    """Return the inverses of matrices; NaN for those that are singular."""
    found = np.full_like(stack, np.nan)
    for at in np.ndindex(stack.shape[:-2]):
        with contextlib.suppress(np.linalg.LinAlgError):
            found[at] = np.linalg.inv(stack[at])
    return found


def lstsq_block(triangle: Block, right: Block, rcond: Any) -> tuple[Block, ...]:
    x, _, rank, s = np.linalg.lstsq(triangle, right, rcond=rcond)
    return x, np.asarray(rank), s


def eigh_block(block: Block, uplo: str) -> tuple[Block, ...]:
    return tuple(np.linalg.eigh(block, UPLO=uplo))  # type: ignore[call-overload]


def eigvalsh_block(block: Block, uplo: str) -> Block:
    return np.linalg.eigvalsh(block, UPLO=uplo)  # type: ignore[call-overload]


def eig_block(block: Block, to: str) -> tuple[Block, ...]:
    return tuple(found.astype(to) for found in np.linalg.eig(block))


def eigvals_block(block: Block, to: str) -> Block:
    return np.linalg.eigvals(block).astype(to)
