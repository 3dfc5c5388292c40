"""Blocks that sources, delayed values and users' functions make are as promised, or an error."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import raskt
import raskt.array as ra

NAN = float("nan")
FULL = np.arange(24.0).reshape(4, 6)


class Source:
    """What looks like an array, and returns something else."""

    shape, dtype, ndim = (4, 6), np.dtype(float), 2

    def __init__(self, change: Any) -> None:
        self.change = change

    def __getitem__(self, region: Any) -> Any:
        return self.change(FULL[region])


def delayed(value: Any, shape: Any, dtype: Any = float) -> Any:
    return ra.from_delayed(raskt.delayed(lambda: value)(), shape, dtype)


def makers(change: Any) -> dict[str, Any]:
    """Arrays whose blocks are what ``change`` makes of the right ones."""
    x = ra.from_array(FULL, chunks=(2, 3))
    halves = [delayed(change(FULL[at : at + 2]), (2, 6)) for at in (0, 2)]
    return {
        "source": ra.from_array(Source(change), chunks=(2, 3)),
        "delayed": ra.concatenate(halves),
        "map_blocks": x.map_blocks(change, dtype=float),
        "blockwise": ra.blockwise(change, "ij", x, "ij", dtype=float),
        "gufunc": ra.apply_gufunc(change, "()->()", x, output_dtypes=float),
        "overlap": ra.map_overlap(change, x, depth=1, boundary="none", dtype=float),
        "fromfunction": ra.fromfunction(lambda i, j: change(i + 0.0 * j), shape=(4, 6), chunks=(2, 3)),
    }


AFTER = {
    "itself": lambda x: x,
    "slice": lambda x: x[:, 0],
    "sum": lambda x: x.sum(),
    "more": lambda x: x + 1,
    "mean": lambda x: x.mean(axis=0),
    "rechunk": lambda x: x.rechunk((4, 2)),
    "transpose": lambda x: x.T,
    "sort": lambda x: ra.topk(x, 2, axis=1),
    "cumsum": lambda x: x.cumsum(axis=1),
}


@pytest.mark.parametrize("after", AFTER)
@pytest.mark.parametrize("maker", [name for name in makers(lambda block: block) if name != "overlap"])
@pytest.mark.parametrize("change", [lambda b: b[:1], lambda b: b[:0], lambda b: b[0], lambda b: b.T[0]])
def test_a_block_of_another_shape_is_an_error_whatever_reads_it(maker: str, after: str, change: Any) -> None:
    with pytest.raises(ValueError, match=r"block \(\d.*\) of .* has shape \(.*, where \(2, [136]\) was "):
        AFTER[after](makers(change)[maker]).compute()


@pytest.mark.parametrize("after", AFTER)
@pytest.mark.parametrize("maker", ["source", "delayed", "map_blocks", "blockwise", "gufunc", "overlap"])
@pytest.mark.parametrize("dtype", ["f4", "i8", "c16", "u1", "O", "U5"])
def test_a_block_of_another_dtype_is_an_error_whatever_reads_it(maker: str, after: str, dtype: str) -> None:
    with pytest.raises(TypeError, match=r"block \(\d.*\) of .* has dtype .*, where float64 was promised: "):
        AFTER[after](makers(lambda block: block.astype(dtype))[maker]).compute()


@pytest.mark.parametrize("maker", ["source", "delayed", "map_blocks", "blockwise", "gufunc", "fromfunction"])
def test_blocks_as_promised_are_let_in(maker: str) -> None:
    expected = np.broadcast_to(np.arange(4.0)[:, None], (4, 6)) if maker == "fromfunction" else FULL
    np.testing.assert_array_equal(makers(lambda block: block)[maker].compute(), expected)


def test_the_error_names_the_task() -> None:
    x = delayed(np.ones(3), (4,))
    with pytest.raises(ValueError, match="promised") as caught:
        x.compute()
    assert any(x.name in note for note in caught.value.__notes__)
    assert x.name in str(caught.value)


@pytest.mark.parametrize("scheduler", ["threads", "sync", "processes"])
def test_promises_hold_on_every_scheduler(scheduler: str) -> None:
    x = ra.from_array(FULL, chunks=(2, 3)).map_blocks(np.transpose, dtype=float)
    with pytest.raises(ValueError, match=r"has shape \(3, 2\), where \(2, 3\) was promised"):
        x.compute(scheduler=scheduler)


def test_a_users_reduction_gives_the_shape_that_it_said() -> None:
    def last(parts: Any, axis: Any, keepdims: bool) -> Any:
        return np.zeros(3)

    def first(block: Any, axis: Any, keepdims: bool) -> Any:
        return block[:1]

    with pytest.raises(ValueError, match=r"has shape \(3,\), where \(\) was promised"):
        ra.reduction(ra.ones(6, chunks=2), chunk=first, aggregate=last, dtype=float).compute()


def test_lengths_that_are_not_known_may_be_any() -> None:
    x = ra.concatenate([delayed(np.full(n, n), (NAN,), int) for n in (2, 0, 3)])
    np.testing.assert_array_equal(x.compute(), [2, 2, 3, 3, 3])
    with pytest.raises(ValueError, match=r"has shape \(2, 1\), where \(nan,\) was promised"):
        delayed(np.ones((2, 1)), (NAN,)).compute()


def test_plain_numbers_and_lists_take_the_dtype_that_was_said_if_they_fit() -> None:
    assert delayed(3, ()).compute() == 3.0
    found = delayed([1, 2], (2,), "u1").compute()
    assert (found.dtype, found.tolist()) == (np.dtype("u1"), [1, 2])
    with pytest.raises(OverflowError):
        delayed([300, 2], (2,), "u1").compute()
    with pytest.raises(TypeError, match="has dtype float64, where int64 was promised"):
        delayed([1.5, 2.5], (2,), int).compute()


def test_a_dtype_that_was_guessed_is_no_promise() -> None:
    x = ra.arange(6, chunks=3).map_blocks(lambda block: block * 0.5 if block.max() > 3 else block)
    np.testing.assert_array_equal(x.compute(), [0, 1, 2, 1.5, 2, 2.5])


def unknown(sizes: Any, axes: Any = 1) -> Any:
    return ra.concatenate([delayed(np.full((n,) * axes, n), (NAN,) * axes, int) for n in sizes])


@pytest.mark.parametrize(("left", "right"), [((1, 3), (3, 1)), ((0, 2), (1, 1)), ((1, 2), (2, 1))])
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize(
    "after",
    [
        lambda x: x,
        lambda x: x.T,
        lambda x: x + 1,
        lambda x: x.sum(axis=0),
        lambda x: x.max(axis=1),
        lambda x: x[0],
        lambda x: x[:, 0],
    ],
)
def test_unequal_blocks_side_by_side_are_in_their_place_or_an_error(
    left: Any, right: Any, axis: int, after: Any
) -> None:
    stacked = ra.stack([unknown(left), unknown(right)], axis=axis, allow_unknown_chunksizes=True)
    flat = [np.concatenate([np.full(n, n) for n in sizes]) for sizes in (left, right)]
    try:
        found = after(stacked).compute()
    except (ValueError, IndexError):
        return
    np.testing.assert_array_equal(found, after(np.stack(flat, axis=axis)))


@pytest.mark.parametrize(
    "paired",
    [
        lambda a, b: a + b,
        lambda a, b: ra.where(a > 0, a, b),
        lambda a, b: a.astype("f2") + b.astype("f2"),
        lambda a, b: ra.einsum("i,i->i", a, b),
        lambda a, b: ra.einsum("i,i->", a, b),
        lambda a, b: ra.dot(a, b),
        lambda a, b: ra.blockwise(np.add, "i", a, "i", b, "i", dtype=int),
        lambda a, b: ra.blockwise(np.multiply, "ij", a, "i", b, "i", new_axes={"j": 1}, dtype=int),
    ],
)
def test_one_element_is_not_stretched_to_a_block_of_many_where_sizes_were_not_known(paired: Any) -> None:
    with pytest.raises(ValueError, match=r"could not be broadcast|do not fit each other"):
        paired(unknown((1, 2)), unknown((3, 2))).compute()
    same = unknown((3, 2))
    np.testing.assert_array_equal(ra.blockwise(np.add, "i", same, "i", same, "i", dtype=int), [6, 6, 6, 4, 4])


@pytest.mark.parametrize("chunks", [2, (3, 4), -1])
@pytest.mark.parametrize("after", AFTER)
@pytest.mark.parametrize("mode", ["r", "r+", "c"])
def test_memory_maps_are_arrays(tmp_path: Any, chunks: Any, after: str, mode: str) -> None:
    path = tmp_path / "values.dat"
    FULL.tofile(path)
    mapped = np.memmap(path, dtype=float, mode=mode, shape=FULL.shape)
    expected = AFTER[after](ra.from_array(FULL, chunks=chunks)).compute()
    made = [
        ra.from_array(mapped, chunks=chunks),
        delayed(mapped, FULL.shape),
        ra.from_array(FULL, chunks=-1).map_blocks(lambda _: mapped, dtype=float),
    ]
    for x in made:
        np.testing.assert_allclose(AFTER[after](x).compute(), expected)


def test_computations_do_not_write_to_a_memory_map(tmp_path: Any) -> None:
    path = tmp_path / "values.dat"
    FULL.tofile(path)
    x = ra.from_array(np.memmap(path, dtype=float, mode="r+", shape=FULL.shape), chunks=(2, 6))

    def zeroed(block: Any) -> Any:
        block[:] = 0
        return block

    ((x + 1) * 2 - x).sum().compute()
    x.map_blocks(zeroed, dtype=float).compute()
    np.testing.assert_array_equal(np.fromfile(path).reshape(FULL.shape), FULL)


@pytest.mark.filterwarnings("ignore:the matrix subclass")
@pytest.mark.parametrize("after", AFTER)
def test_matrices_are_arrays(after: str) -> None:
    expected = AFTER[after](ra.from_array(FULL, chunks=3)).compute()
    found = AFTER[after](ra.from_array(np.matrix(FULL), chunks=3)).compute()
    np.testing.assert_allclose(found, expected)
    assert np.shape(found) == np.shape(expected)


@pytest.mark.parametrize("key", [0, slice(0, 2), [0, 2]])
@pytest.mark.parametrize("value", [300, -1])
def test_a_number_that_a_dtype_does_not_hold_is_not_wrapped(key: Any, value: int) -> None:
    x = ra.arange(4, chunks=2, dtype="u1")
    with pytest.raises(OverflowError):
        x[key] = value
    with pytest.raises(OverflowError):
        x[x > 1] = value
    with pytest.raises(OverflowError):
        x + value
    with pytest.raises(OverflowError):
        ra.insert(x, 1, value)


@pytest.mark.parametrize("values", [[4, 5, 6], [4], [], [[4, 5]], [4, 5]])
def test_values_for_a_mask_are_as_many_as_its_true_places(values: Any) -> None:
    mask = np.array([True, True, False])
    expected, x = np.arange(3), ra.arange(3, chunks=2)
    new = np.array(values, dtype=int)
    try:
        expected[mask] = new
    except (ValueError, IndexError, TypeError):
        with pytest.raises((ValueError, IndexError)):
            assigned(x, mask, new)
        return
    np.testing.assert_array_equal(assigned(x, mask, new), expected)


def assigned(x: Any, mask: Any, new: Any) -> Any:
    x[ra.from_array(mask, chunks=2)] = new
    return x.compute()


@pytest.mark.parametrize("make", [np.array, list, lambda places: ra.from_array(np.array(places), chunks=1)])
def test_take_by_booleans_takes_the_places_0_and_1(make: Any) -> None:
    x = ra.from_array(np.array([10, 20]), chunks=1)
    np.testing.assert_array_equal(ra.take(x, make([True, False, True]), axis=0).compute(), [20, 10, 20])


@pytest.mark.parametrize(
    "others", [np.ones(3), np.ones((2, 1)), np.ones(2, dtype="f4")], ids=lambda x: f"{x.shape} {x.dtype}"
)
def test_arrays_in_a_graph_are_as_they_were_said_to_be(others: Any) -> None:
    graph = {("x", 0): others, ("x", 1): np.ones(1)}
    x = ra.Array(graph, "x", chunks=((2, 1),), dtype=float)
    for asked in (x, x[1:], x + 1):
        with pytest.raises((ValueError, TypeError), match=r"block \(0,\).* has (shape|dtype)"):
            asked.compute()


def test_arrays_in_a_graph_may_have_any_length_where_none_was_said() -> None:
    graph = {("x", 0): np.ones(3), ("x", 1): np.ones(0)}
    assert ra.Array(graph, "x", chunks=((NAN, NAN),), dtype=float).sum().compute() == 3
