"""Blocks of SciPy's sparse matrices and arrays behind the operations that they have."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import raskt.array as ra

sparse: Any = pytest.importorskip("scipy.sparse")
FULL = np.arange(24.0).reshape(4, 6)


@pytest.mark.parametrize("kind", ["csr_array", "csc_array", "csr_matrix", "csc_matrix"])
@pytest.mark.parametrize(
    "after",
    [
        lambda x: x,
        lambda x: x * 2,
        lambda x: x + x,
        lambda x: -x / 2,
        lambda x: x.T,
        lambda x: x[1:3],
        lambda x: x[:, ::2],
        lambda x: x[[2, 0]],
        lambda x: x.rechunk((3, 2)),
        lambda x: ra.concatenate([x, x]),
        lambda x: x.astype("f4"),
        lambda x: ra.sqrt(x),
        lambda x: x**2,
        lambda x: x * x,
    ],
)
def test_sparse_blocks_stay_sparse(kind: str, after: Any) -> None:
    x = ra.from_array(FULL, chunks=(2, 3))
    found = after(x.map_blocks(getattr(sparse, kind), dtype=float)).compute()
    assert sparse.issparse(found)
    np.testing.assert_allclose(found.toarray(), after(x).compute())


@pytest.mark.parametrize("axis", [None, 0, 1])
@pytest.mark.parametrize("name", ["sum", "mean"])
@pytest.mark.parametrize("kind", ["csr_array", "csc_matrix"])
def test_sums_of_sparse_blocks_are_dense(kind: str, name: str, axis: Any) -> None:
    x = ra.from_array(FULL, chunks=(2, 3)).map_blocks(getattr(sparse, kind), dtype=float)
    found = getattr(x, name)(axis=axis).compute()
    np.testing.assert_allclose(found, getattr(FULL, name)(axis=axis))
    assert np.shape(found) == np.shape(getattr(FULL, name)(axis=axis))


@pytest.mark.parametrize(
    ("after", "named"),
    [
        (lambda x: x.max(), "max"),
        (lambda x: ra.where(x > 1, x, 0), "where"),
        (lambda x: ra.topk(x, 2, axis=1), "topk"),
        (lambda x: x.cumsum(axis=0), "cumulate"),
        (lambda x: ra.broadcast_to(x, (2, 4, 6)), "broadcast"),
    ],
)
def test_what_numpy_would_take_a_sparse_matrix_for_an_object_in_is_refused(after: Any, named: str) -> None:
    x = ra.from_array(FULL, chunks=(2, 3)).map_blocks(sparse.csr_array, dtype=float)
    with pytest.raises(NotImplementedError, match=f"'{named}' of blocks of type scipy.sparse.*map_blocks"):
        after(x).compute()
