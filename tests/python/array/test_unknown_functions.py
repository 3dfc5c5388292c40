"""Functions that look at lengths, of arrays whose lengths are found out when they are computed."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
import raskt.array as ra

VALUES = np.arange(40.0).reshape(10, 4) % 7
MASK = (np.arange(10) * 7) % 10 > 3


def masked() -> tuple[Any, np.ndarray[Any, Any]]:
    """Return rows of unknown number, two of whose blocks may be empty, and what they are."""
    x = ra.from_array(VALUES, chunks=((3, 4, 3), (3, 1)))
    return x[ra.from_array(MASK, chunks=3)], VALUES[MASK]


FUNCTIONS: dict[str, Any] = {
    "pad constant": lambda m, x: m.pad(x, ((1, 2), (0, 3)), constant_values=((1, 2), (3, 4))),
    "pad an axis of known length": lambda m, x: m.pad(x, ((0, 0), (2, 1)), mode="edge"),
    "pad reflect": lambda m, x: m.pad(x, 2, mode="reflect"),
    "pad odd": lambda m, x: m.pad(x, 2, mode="reflect", reflect_type="odd"),
    "pad wrap": lambda m, x: m.pad(x, ((9, 9), (0, 0)), mode="wrap"),
    "pad mean": lambda m, x: m.pad(x, 1, mode="mean"),
    "pad by axis": lambda m, x: m.pad(x, {-1: (1, 0)}),
    "repeat": lambda m, x: m.repeat(x, [2, 0, 1, 3, 0, 1], axis=0),
    "repeat never": lambda m, x: m.repeat(x, 0, axis=0),
    "repeat flat": lambda m, x: m.repeat(x, 2),
    "insert": lambda m, x: m.insert(x, 1, 7, axis=0),
    "insert rows": lambda m, x: m.insert(x, 1, np.ones((2, 4)), axis=0),
    "insert at several places": lambda m, x: m.insert(x, [0, -1], np.array([[8.0], [9.0]]), axis=0),
    "insert by a slice": lambda m, x: m.insert(x, slice(0, 3), 7, axis=0),
    "insert of itself": lambda m, x: m.insert(x, 0, x[0], axis=0),
    "insert columns": lambda m, x: m.insert(x, [1, 1], 5, axis=1),
    "delete": lambda m, x: m.delete(x, [0, -1], axis=0),
    "delete by a slice": lambda m, x: m.delete(x, slice(None, None, 2), axis=0),
    "delete by a mask": lambda m, x: m.delete(x, [True] + [False] * 5, axis=0),
    "delete a column": lambda m, x: m.delete(x, 2, axis=1),
    "take of several axes": lambda m, x: m.take(x, [[0, 1], [-1, 2]], axis=0),
    "lists that belong together": lambda m, x: x[[0, -1, 2], [1, 2, 3]],
    "lists with something between": lambda m, x: m.stack([x, x + 1])[[0, 1], :, [1, 2]],
    "argmin": lambda m, x: x.argmin(),
    "argmax of columns": lambda m, x: m.argmax(x, axis=0),
    "argmax of rows": lambda m, x: m.argmax(x, axis=1),
    "argmin kept": lambda m, x: m.argmin(x, axis=0, keepdims=True),
    "nanargmax": lambda m, x: m.nanargmax(x, axis=0),
    "tril": lambda m, x: m.tril(x, 1),
    "triu": lambda m, x: m.triu(x, -1),
    "diag": lambda m, x: m.diag(x[:, 0], -1),
    "diagonal": lambda m, x: m.diagonal(x, 1),
    "diag of a matrix": lambda m, x: m.diag(x, -2),
    "trace": lambda m, x: m.trace(x),
    "full_like": lambda m, x: m.full_like(x, 2.5, dtype="f4"),
    "zeros_like": lambda m, x: m.zeros_like(x) + x,
    "gradient": lambda m, x: m.gradient(x, 2.0, axis=0),
    "gradient of rows": lambda m, x: m.gradient(x, axis=1),
    "diff with something before": lambda m, x: m.diff(x, prepend=0),
    "diff with something behind": lambda m, x: m.diff(x, axis=0, append=1),
    "compress": lambda m, x: m.compress([True, False, True], x, axis=0),
    "extract": lambda m, x: m.extract(x > 2, x),
    "average": lambda m, x: m.average(x, axis=0, returned=True)[1],
    "weighted average": lambda m, x: m.average(x, weights=x),
    "cov": lambda m, x: m.cov(x, rowvar=False),
    "cov of rows": lambda m, x: m.cov(x),
    "corrcoef": lambda m, x: m.corrcoef(x, rowvar=False),
    "corrcoef of rows": lambda m, x: m.corrcoef(x[:, [0, 1, 3]]),
    "unique indices": lambda m, x: m.unique(x, return_index=True)[1],
    "unique numbers": lambda m, x: m.unique(x[:, 1], return_inverse=True)[1],
    "histogram with weights": lambda m, x: m.histogram(x, bins=[0, 1, 5], weights=x)[0],
    "bincount with weights": lambda m, x: m.bincount(x[:, 0].astype(int), weights=x[:, 1]),
    "einsum of three": lambda m, x: m.einsum("ij,kj,ij->k", x, x, x),
    "einsum of a diagonal": lambda m, x: m.einsum("ii->i", x[:4]),
    "apply_along_axis": lambda m, x: m.apply_along_axis(np.sum, 0, x),
    "apply_along_axis, as long as rows": lambda m, x: m.apply_along_axis(np.cumsum, 0, x),
    "broadcast_to": lambda m, x: m.broadcast_to(x, (2, *x.shape)),
    "broadcast_arrays": lambda m, x: m.broadcast_arrays(x, x[:1])[1],
    "meshgrid": lambda m, x: m.meshgrid(x[:, 0], np.arange(3))[1],
    "modf": lambda m, x: m.modf(x / 2)[0],
    "roll": lambda m, x: m.roll(x, (1, 2), (0, 1)),
    "comparison with text": lambda m, x: x == "a",
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_of_rows_of_unknown_number_are_numpys(name: str) -> None:
    x, values = masked()
    expected = FUNCTIONS[name](np, values)
    found = FUNCTIONS[name](ra, x)
    assert found.dtype == expected.dtype
    assert len(found.shape) == expected.ndim
    assert all(n != n or n == m for n, m in zip(found.shape, expected.shape, strict=True))
    np.testing.assert_allclose(found.compute(), expected, rtol=1e-12)
    # What is made can be used on: it is not only computed.
    np.testing.assert_allclose((found * 1).sum().compute(), expected.sum(), rtol=1e-12)
    if expected.ndim and expected.shape[0] > 2:
        np.testing.assert_allclose(found[1:-1].compute(), expected[1:-1], rtol=1e-12)


def test_points_of_unknown_axes() -> None:
    x, values = masked()
    np.testing.assert_array_equal(x.vindex[[0, -1, 3], [1, 2, 0]].compute(), values[[0, -1, 3], [1, 2, 0]])
    np.testing.assert_array_equal(x.vindex[[[0, 1], [5, -6]], :].compute(), values[[[0, 1], [5, -6]]])
    with pytest.raises(IndexError, match="out of bounds for indexing along axis 0 of size 6: 6"):
        x.vindex[[6], [0]].compute()
    with pytest.raises(IndexError, match="shape mismatch"):
        x.vindex[[0, 1], [0, 1, 2]]


def test_windows_margins_and_neighbourhoods_of_unknown_axes() -> None:
    x, values = masked()
    windows = ra.sliding_window_view(x, (2, 3), axis=(0, 1))
    expected = np.lib.stride_tricks.sliding_window_view(values, (2, 3), axis=(0, 1))
    np.testing.assert_array_equal(windows.compute(), expected)
    offset = 0.5
    smooth = x.map_overlap(
        lambda b: b + np.roll(b, 1, axis=0) + offset, depth={0: 1}, boundary={0: "periodic"}
    )
    np.testing.assert_array_equal(smooth.compute(), values + np.roll(values, 1, axis=0) + offset)
    assert smooth.dtype == float
    coarse = ra.coarsen(np.max, x, {0: 4}, trim_excess=True)
    np.testing.assert_array_equal(coarse.compute(), values[:4].max(axis=0, keepdims=True))
    with pytest.raises(ValueError, match="do not align with array shape"):
        ra.coarsen(np.max, x, {0: 4}).compute()
    np.testing.assert_array_equal(ra.shuffle(x, [[5, 0], [1, 1]], 0).compute(), values[[5, 0, 1, 1]])


def test_what_does_not_fit_is_said_when_lengths_are_known() -> None:
    x, _ = masked()
    with pytest.raises(IndexError, match="index 99 is out of bounds for axis 0 with size 6"):
        ra.delete(x, 99, axis=0).compute()
    with pytest.raises(IndexError, match="index 9 is out of bounds for axis 0 with size 6"):
        ra.insert(x, 9, 0, axis=0).compute()
    with pytest.raises(ValueError, match="broadcast"):
        ra.repeat(x, [1, 2], axis=0).compute()
    with pytest.raises(ValueError, match="length of 6, found shape"):
        ra.delete(x, [True, False], axis=0).compute()


def test_what_cannot_wait_names_the_way_out() -> None:
    x, _ = masked()
    with pytest.raises(ValueError, match=r"compute_chunk_sizes\(\)"):
        ra.apply_along_axis(lambda row: row[: len(row) // 2], 0, x)
    with pytest.raises(ValueError, match=r"compute_chunk_sizes\(\)"):
        x.map_overlap(lambda b: b, depth=1, boundary="none", chunks=(1, 1))
    with pytest.raises(ValueError, match=r"compute_chunk_sizes\(\)"):
        ra.overlap.overlap(x, 1, "none")


def test_what_is_wrong_whatever_the_lengths_is_said_at_once() -> None:
    x, _ = masked()
    with pytest.raises(np.exceptions.AxisError, match="axis 5 is out of bounds"):
        ra.roll(x, 1, axis=5)
    with pytest.raises(IndexError, match="too many indices"):
        x[0, 0, 0] = 1
    with pytest.raises(TypeError, match="integral"):
        ra.pad(x, 1.5)
    with pytest.raises(ValueError, match="mode 'nope' is not supported"):
        ra.pad(x, 1, mode="nope")


def test_array_equal_compares_arrays_of_unknown_length() -> None:
    x, values = masked()
    assert np.array_equal(x, values)
    assert np.array_equal(x, x)
    assert not np.array_equal(x, values[:-1])
    assert np.array_equal(x / x, values / values, equal_nan=True)


def test_functions_of_the_users_travel_in_deferred_work() -> None:
    x, values = masked()
    shift = 3

    def moved(block: Any) -> Any:
        return block + shift

    found = pickle.loads(pickle.dumps(x.map_overlap(moved, depth={0: 1}, boundary="none")))
    np.testing.assert_array_equal(found.compute(), values + 3)
