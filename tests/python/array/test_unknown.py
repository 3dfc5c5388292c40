"""Arrays whose lengths are not known yet: operations on them give what NumPy gives, or say what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import raskt
import raskt.array as ra
from hypothesis import given, settings
from hypothesis import strategies as st

VALUES = np.arange(40.0).reshape(10, 4) % 7
MASK = (np.arange(10) * 7) % 10 > 3


def masked() -> tuple[Any, np.ndarray[Any, Any]]:
    x = ra.from_array(VALUES, chunks=(3, 2))
    return x[x[:, 0] * 0 + ra.from_array(MASK, chunks=3) > 0], VALUES[MASK]


@pytest.mark.parametrize(
    "index",
    [
        0,
        -1,
        slice(1, 4),
        slice(None, None, 2),
        slice(None, None, -1),
        slice(-3, None),
        slice(4, 1, -2),
        slice(100, 200),
        [3, 0, -1, 3],
        np.array([1, 2]),
        (slice(1, 3), 2),
        (2, slice(1, None)),
        (slice(None, -1), [0, 3]),
        ([4, 1], slice(None, 3)),
        (None, slice(2), 0),
        (Ellipsis, slice(1, 3), slice(None)),
        np.array([True, False, True, False, True, True]),
    ],
)
def test_slices_of_unknown_axes_are_numpys(index: Any) -> None:
    x, expected = masked()
    assert np.isnan(x.shape[0])
    found = x[index]
    np.testing.assert_array_equal(found.compute(), expected[index])
    known = found.compute_chunk_sizes()
    assert known.shape == expected[index].shape


@settings(max_examples=40)
@given(
    st.lists(st.booleans(), min_size=1, max_size=12),
    st.integers(1, 5),
    st.slices(8),
    st.one_of(st.integers(1, 6), st.just(-1)),
)
def test_slice_rechunk_and_sum_of_any_mask(mask: list[bool], size: int, index: slice, chunk: int) -> None:
    values = np.arange(len(mask))
    x = ra.from_array(values, chunks=size)[ra.from_array(np.array(mask), chunks=size)]
    expected = values[np.array(mask)][index]
    found = x[index].rechunk(chunk)
    np.testing.assert_array_equal(found.compute(), expected)
    assert (found * 2).sum().compute() == 2 * expected.sum()


def test_an_element_that_is_not_there_is_said_when_the_length_is_known() -> None:
    x, _ = masked()
    with pytest.raises(IndexError, match="index 6 is out of bounds for axis 0 with size 6"):
        x[6].compute()
    with pytest.raises(IndexError, match="index 9 is out of bounds for axis 0 with size 6"):
        x[[0, 9]].compute()
    with pytest.raises(IndexError, match="size of axis is 6"):
        x[np.array([True, False])].compute()
    with pytest.raises(ValueError, match="step cannot be zero"):
        x[::0]


def test_unknown_sizes_show_as_nan_until_they_are_known() -> None:
    x, expected = masked()
    part = x[1:]
    assert "nan" in repr(part)
    assert "nan" in part._repr_html_()
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        len(part)
    assert "deferred" in part.explain()
    assert len(part.compute_chunk_sizes()) == len(expected) - 1


@pytest.mark.parametrize(
    "chunks", [{0: 2}, {0: -1}, (4, 4), -1, {1: -1}, {0: (2, 1, 3)}, (100, 1), {0: "auto", 1: 1}]
)
def test_rechunk_of_unknown_axes(chunks: Any) -> None:
    x, expected = masked()
    found = x.rechunk(chunks)
    np.testing.assert_array_equal(found.compute(), expected)
    known = [n for n in found.compute_chunk_sizes().chunks[0] if n]
    if chunks in ({0: 2}, (4, 4)):
        assert known == ([2, 2, 2] if chunks == {0: 2} else [4, 2])


def test_chunks_that_do_not_add_up_are_said_when_the_length_is_known() -> None:
    x, _ = masked()
    with pytest.raises(ValueError, match=r"axis 0: chunks \(2, 2\) add up to 4, where the axis has length 6"):
        x.rechunk({0: (2, 2)}).compute()
    unbound = ra.from_delayed(raskt.delayed(np.arange)(5), (np.nan,), int)
    with pytest.raises(ValueError, match="axis 0 has an unknown length without a bound"):
        unbound.rechunk(2)
    assert unbound.rechunk(-1).sum().compute() == 10


@pytest.mark.parametrize("shape", [-1, (-1,), (-1, 8), (2, -1), (4, 6), (2, 3, 4), (-1, 1, 4), (24,)])
def test_reshape_of_unknown_axes(shape: Any) -> None:
    x, expected = masked()
    np.testing.assert_array_equal(x.reshape(shape).compute(), expected.reshape(shape))


def test_a_shape_that_does_not_fit_is_said_when_the_size_is_known() -> None:
    x, _ = masked()
    with pytest.raises(ValueError, match="cannot reshape array of size 24"):
        x.reshape(5, -1).compute()


def test_arrays_of_one_mask_go_together_and_others_are_compared() -> None:
    x, y = ra.arange(10, chunks=3), ra.arange(10, chunks=3) * 2
    m = x % 3 == 0
    plain = (x[m] + y[m]).explain()
    assert "deferred" not in plain
    np.testing.assert_array_equal((x[m] + y[m]).compute(), np.arange(0, 10, 3) * 3)
    np.testing.assert_array_equal((x[m] + np.arange(4)).compute(), np.arange(0, 10, 3) + np.arange(4))
    np.testing.assert_array_equal((x[m] - y[y < 8]).compute(), np.arange(0, 10, 3) - np.arange(0, 8, 2))
    np.testing.assert_array_equal((x[m][1:] - x[m][:-1]).compute(), [3, 3, 3])
    with pytest.raises(ValueError, match=r"broadcast|shapes"):
        (x[m] + y[y < 6]).compute()
    with pytest.raises(ValueError, match=r"broadcast|shapes"):
        (x[m] + np.arange(3)).compute()


def test_chunks_of_one_element_are_not_stretched_silently() -> None:
    x = ra.arange(6, chunks=2)
    few, many = x[x % 2 == 0], x[x >= 0]
    with pytest.raises(ValueError, match=r"broadcast|shapes"):
        (few + many).compute()


def test_a_mask_of_what_a_mask_left() -> None:
    x = ra.arange(20, chunks=6)
    y = x[x > 4]
    np.testing.assert_array_equal(y[y % 2 == 0].compute(), np.arange(6, 20, 2))
    z = y.rechunk(5)
    np.testing.assert_array_equal(y[z % 2 == 0].compute(), np.arange(6, 20, 2))
    rows, expected = masked()
    np.testing.assert_array_equal(rows[rows > 3].compute(), expected[expected > 3])


def test_lazy_places_in_an_unknown_axis() -> None:
    x, expected = masked()
    places = ra.from_array(np.array([4, 0, -1]), chunks=2)
    np.testing.assert_array_equal(x[places].compute(), expected[[4, 0, -1]])


def test_sizes_that_are_others_the_second_time_are_said() -> None:
    calls = iter(range(3, 100))

    def grows() -> np.ndarray[Any, Any]:
        return np.arange(next(calls))

    x = ra.from_delayed(raskt.delayed(grows, pure=False)(), (np.nan,), int)
    with pytest.raises(ValueError, match="axis 0: a chunk has 4 elements, where it had 3"):
        x.compute_chunk_sizes().compute()


@pytest.mark.parametrize("scheduler", ["threads", "sync", "processes"])
def test_a_block_whose_size_is_asked_for_is_computed_once(scheduler: str, tmp_path: Path) -> None:
    def counted(at: int) -> np.ndarray[Any, Any]:
        with (tmp_path / str(at)).open("a") as file:
            file.write("x")
        return np.arange(at + 1)

    blocks = [ra.from_delayed(raskt.delayed(counted)(at), (np.nan,), int) for at in range(4)]
    x = ra.concatenate(blocks, allow_unknown_chunksizes=True)
    expected = np.concatenate([np.arange(at + 1) for at in range(4)])
    found = raskt.compute(x[1:-1][::2], x[3] + x[:4], scheduler=scheduler)
    np.testing.assert_array_equal(found[0], expected[1:-1][::2])
    np.testing.assert_array_equal(found[1], expected[3] + expected[:4])
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {str(at): "x" for at in range(4)}


@pytest.mark.parametrize(
    ("function", "numpys"),
    [
        (lambda x: ra.roll(x, 2, axis=0), lambda x: np.roll(x, 2, axis=0)),
        (lambda x: ra.sort(x, axis=0), lambda x: np.sort(x, axis=0)),
        (lambda x: ra.topk(x, 2, axis=0), lambda x: -np.sort(-x, axis=0)[:2]),
        (lambda x: ra.take(x, [2, 0], axis=0), lambda x: np.take(x, [2, 0], axis=0)),
        (lambda x: ra.flip(x, 0), lambda x: np.flip(x, 0)),
        (lambda x: ra.diff(x, axis=0), lambda x: np.diff(x, axis=0)),
        (lambda x: ra.argwhere(x > 2), lambda x: np.argwhere(x > 2)),
        (lambda x: x.cumsum(axis=0), lambda x: x.cumsum(axis=0)),
        (lambda x: ra.broadcast_to(x, (2, 6, 4)), lambda x: np.broadcast_to(x, (2, 6, 4))),
        (lambda x: x.T @ x, lambda x: x.T @ x),
        (lambda x: ra.median(x, axis=0), lambda x: np.median(x, axis=0)),
        (lambda x: ra.tril(x[:, 0]), lambda x: np.tril(x[:, 0])),
        (lambda x: ra.triu(x[:, 0], 1), lambda x: np.triu(x[:, 0], 1)),
        (lambda x: x[x[:, 1] > 2][x[:, 0][x[:, 1] > 2] > 1], lambda x: x[(x[:, 1] > 2) & (x[:, 0] > 1)]),
        (lambda x: ra.array_equal(x, x[x[:, 0] >= 0]), lambda x: np.bool_(True)),
        (lambda x: ra.array_equal(x, x[x[:, 0] > 2]), lambda x: np.bool_(False)),
    ],
)
def test_functions_of_arrays_of_unknown_length_are_numpys(function: Any, numpys: Any) -> None:
    x, expected = masked()
    np.testing.assert_array_equal(function(x).compute(), numpys(expected))


def test_joining_what_may_differ() -> None:
    x, expected = masked()
    whole = ra.from_array(expected, chunks=(4, 2))
    np.testing.assert_array_equal(ra.concatenate([x, x]).compute(), np.concatenate([expected, expected]))
    np.testing.assert_array_equal(
        ra.concatenate([x, whole], axis=1).compute(), np.concatenate([expected, expected], axis=1)
    )
    np.testing.assert_array_equal(ra.stack([x, whole]).compute(), np.stack([expected, expected]))
    np.testing.assert_array_equal(
        ra.concatenate([x, whole])[5:8].compute(), np.concatenate([expected] * 2)[5:8]
    )
    with pytest.raises(ValueError, match="must match exactly"):
        ra.concatenate([x, whole[1:]], axis=1).compute()


def test_assignment_where_sizes_are_not_known() -> None:
    x, expected = masked()
    expected = expected.copy()
    x[1:3] = -1
    expected[1:3] = -1
    x[-1, 2] = 9
    expected[-1, 2] = 9
    x[x > 5] = 0
    expected[expected > 5] = 0
    np.testing.assert_array_equal(x.compute(), expected)


def test_reductions_and_shapes_on_top_of_deferred_work() -> None:
    x, expected = masked()
    y = x[::2]
    np.testing.assert_allclose((y - y.mean(axis=0)).std(axis=0).compute(), expected[::2].std(axis=0))
    np.testing.assert_array_equal(y.T.sum(axis=1).compute(), expected[::2].T.sum(axis=1))
    np.testing.assert_array_equal(y[1:][:, 1:].compute(), expected[::2][1:][:, 1:])
    np.testing.assert_array_equal(ra.unique(x.reshape(-1))[:2].compute(), np.unique(expected)[:2])
    np.testing.assert_array_equal(ra.flatnonzero(ra.arange(9, chunks=2) % 2)[-2:].compute(), [5, 7])
    total, top = raskt.compute(y.sum(), y.max(axis=0))
    assert total == expected[::2].sum()
    np.testing.assert_array_equal(top, expected[::2].max(axis=0))


def test_deferred_arrays_persist_pickle_and_become_delayed() -> None:
    import pickle

    x, expected = masked()
    y = x[1:].rechunk(2)
    np.testing.assert_array_equal(y.persist().compute(), expected[1:])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(y)).compute(), expected[1:])
    parts = [part.compute() for part in y[:, 0].to_delayed()]
    np.testing.assert_array_equal(np.concatenate(parts), expected[1:, 0])
    assert raskt.delayed(np.sum)(y).compute() == expected[1:].sum()
    np.testing.assert_array_equal(y.compute(scheduler="sync"), expected[1:])
