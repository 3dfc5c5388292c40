"""`reshape_blockwise`, which gives every block another shape, beside Dask's."""

from __future__ import annotations

from typing import Any

import dask.array as da
import numpy as np
import pytest
import raskt.array as ra

CASES: list[tuple[Any, ...]] = [
    ((3, 4, 5), (2, 2, 3), (12, 5), None),
    ((3, 4, 5), (2, 2, 3), (3, 20), None),
    ((3, 4, 5), (2, 2, 3), 60, None),
    ((2, 3, 4, 5), (1, 2, 2, 3), (6, 20), None),
    ((2, 1, 3, 1, 4), (1, 1, 2, 1, 3), (6, 4), None),
    ((4, 6), (2, 6), (24,), None),
    ((4, 1, 6), (2, 1, 3), (4, 6), None),
    ((24,), (6,), (4, 6), ((2, 2), (3, 3))),
    ((24,), (12,), (4, 6), ((2, 2), (6,))),
    ((12, 5), (6, 3), (3, 4, 5), ((3,), (2, 2), (3, 2))),
    ((4, 6), (2, 3), (4, 1, 6), ((2, 2), (1,), (3, 3))),
    ((6, 20), ((2, 1, 2, 1), (6, 4, 6, 4)), (2, 3, 4, 5), ((1, 1), (2, 1), (2, 2), (3, 2))),
]


@pytest.mark.parametrize(("shape", "chunks", "new", "made"), CASES)
def test_blocks_are_reshaped_as_dask_does(shape: Any, chunks: Any, new: Any, made: Any) -> None:
    values = np.arange(np.prod(shape)).reshape(shape)
    expected = da.reshape_blockwise(da.from_array(values, chunks=chunks), new, chunks=made)
    found = ra.reshape_blockwise(ra.from_array(values, chunks=chunks), new, chunks=made)
    assert found.chunks == expected.chunks
    np.testing.assert_array_equal(found.compute(), expected.compute())


@pytest.mark.parametrize(
    ("shape", "chunks", "new", "made", "error"),
    [
        ((4, 6), (2, 3), (5, 5), None, ValueError),
        ((4, 6), (2, 3), (24,), ((6, 6, 6, 6),), ValueError),
        ((12, 5), (6, 3), (3, 4, 5), ((3,), (3, 1), (3, 2)), ValueError),
        ((24,), (6,), (4, 6), None, TypeError),
        ((4, 6), (2, 3), (8, 3), None, NotImplementedError),
    ],
)
def test_what_blocks_cannot_become_is_an_error(
    shape: Any, chunks: Any, new: Any, made: Any, error: type[Exception]
) -> None:
    for module in (da, ra):
        x = module.ones(shape, chunks=chunks)
        with pytest.raises(error):
            module.reshape_blockwise(x, new, chunks=made)


def test_arrays_without_elements_take_any_shape_without() -> None:
    assert ra.reshape_blockwise(ra.ones((0, 3), chunks=(1, 3)), 0).compute().shape == (0,)
    assert ra.reshape_blockwise(ra.ones((1, 1), chunks=1), 1).compute().shape == (1,)
