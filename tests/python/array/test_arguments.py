"""Arguments of functions of blocks: lazy ones arrive computed, blocks are paired, iterators left alone."""

from __future__ import annotations

import pickle
from collections import OrderedDict, defaultdict, deque, namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from io import StringIO
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import raskt
import raskt.array as ra
import raskt.bag as rb

VALUES = np.arange(24.0).reshape(6, 4)

Pair = namedtuple("Pair", ["left", "right"])


@dataclass(frozen=True)
class Box:
    content: Any


def three() -> Any:
    return raskt.delayed(abs)(-3)


@pytest.fixture
def x() -> ra.Array:
    return ra.from_array(VALUES, chunks=(2, 4))


def scaled(block: Any, by: Any = None) -> Any:
    return block * by


CALLS: dict[str, Callable[..., ra.Array]] = {
    "map_blocks": lambda f, x, **by: ra.map_blocks(f, x, dtype=float, **by),
    "the method": lambda f, x, **by: x.map_blocks(f, dtype=float, **by),
    "blockwise": lambda f, x, **by: ra.blockwise(f, "ij", x, "ij", dtype=float, **by),
    "map_overlap": lambda f, x, **by: ra.map_overlap(f, x, depth=1, boundary=0, dtype=float, **by),
    "apply_gufunc": lambda f, x, **by: ra.apply_gufunc(f, "()->()", x, output_dtypes=float, **by),
    "apply_along_axis": lambda f, x, **by: ra.apply_along_axis(f, 1, x, dtype=float, shape=(4,), **by),
    "coarsen": lambda f, x, **by: ra.coarsen(lambda b, axis, **k: f(b.sum(axis), **k), x, {0: 1}, **by),
    "unknown chunks": lambda f, x, **by: ra.map_overlap(f, x[x[:, 0] >= 0], depth=1, boundary=0, **by),
}

LAZY: dict[str, tuple[Callable[[ra.Array], Any], Callable[[Any], Any], float]] = {
    "array": (lambda x: x, lambda by: by[2, 3], 11.0),
    "array of no axes": (lambda x: x.max(), lambda by: by, 23.0),
    "delayed": (lambda x: three(), lambda by: by, 3),
    "item": (lambda x: rb.range(4, npartitions=2).sum(), lambda by: by, 6),
    "bag": (lambda x: rb.range(4, npartitions=2), lambda by: by[3], 3),
    "array of objects": (
        lambda x: np.array([three(), x.max()], dtype=object),
        lambda by: by[0] + by[1],
        26.0,
    ),
    "list": (lambda x: [three(), x.max()], lambda by: by[0] + by[1], 26.0),
    "tuple": (lambda x: (1, three()), lambda by: by[1], 3),
    "dict of list": (lambda x: {"k": [x.max()]}, lambda by: by["k"][0], 23.0),
    "set": (lambda x: {three()}, lambda by: next(iter(by)) if type(by) is set else None, 3),
    "named tuple": (lambda x: Pair("q", x.max()), lambda by: by.right if type(by) is Pair else None, 23.0),
    "data class": (lambda x: Box([three()]), lambda by: by.content[0] if type(by) is Box else None, 3),
    "values of a dict": (lambda x: {1: three()}.values(), lambda by: sum(by), 3),
    "slice": (lambda x: slice(three()), lambda by: by.stop if type(by) is slice else None, 3),
}


@pytest.mark.parametrize("lazy", LAZY)
@pytest.mark.parametrize("call", CALLS)
def test_lazy_values_arrive_computed_with_their_type(x: ra.Array, call: str, lazy: str) -> None:
    make, take, expected = LAZY[lazy]

    def function(block: Any, by: Any = None) -> Any:
        return block * take(by)

    found = CALLS[call](function, x, by=make(x))
    np.testing.assert_array_equal(found.compute(), VALUES * expected)


@pytest.mark.parametrize("call", [name for name in CALLS if name not in ("unknown chunks", "the method")])
@pytest.mark.parametrize("name", ["function", "func", "array", "self", "args", "kwargs", "info", "by"])
def test_keywords_of_a_users_function_may_have_any_name(x: ra.Array, call: str, name: str) -> None:
    if call in ("blockwise", "apply_gufunc", "apply_along_axis", "coarsen") and name == "func":
        name = "function"
    found = CALLS[call](lambda block, **named: block * named[name], x, **{name: three()})
    np.testing.assert_array_equal(found.compute(), VALUES * 3)


def test_positional_arguments_that_are_no_arrays_may_be_lazy(x: ra.Array) -> None:
    found = ra.map_blocks(lambda b, by, c, d: b * by * c[0] * d, x, three(), [x.max()], 2.0, dtype=float)
    np.testing.assert_array_equal(found.compute(), VALUES * 3 * 23 * 2)
    found = ra.blockwise(lambda b, by: b * by[0], "ij", x, "ij", [three()], None, dtype=float)
    np.testing.assert_array_equal(found.compute(), VALUES * 3)


BLOCKS: dict[str, Callable[[Any, ra.Array, Any], ra.Array]] = {
    "map_blocks": lambda f, x, other: ra.map_blocks(f, x, other, dtype=float),
    "blockwise": lambda f, x, other: ra.blockwise(f, "ij", x, "ij", other, "ij", dtype=float),
    "map_overlap": lambda f, x, other: ra.map_overlap(f, x, other, depth=0, dtype=float),
    "apply_gufunc": lambda f, x, other: ra.apply_gufunc(f, "(),()->()", x, other, output_dtypes=float),
    "apply_along_axis": lambda f, x, other: ra.apply_along_axis(
        lambda o: f(0, o), 1, other, dtype=float, shape=(4,)
    ),
}


@pytest.mark.parametrize("call", BLOCKS)
def test_lazy_values_in_an_array_of_objects_that_is_cut_into_blocks_arrive_computed(
    x: ra.Array, call: str
) -> None:
    other = np.arange(VALUES.size).astype(object).reshape(VALUES.shape)
    other[0, 0], other[1, 2] = three(), x.max()
    expected = other.copy()
    expected[0, 0], expected[1, 2] = 3, 23.0

    def function(block: Any, objects: Any) -> Any:
        assert not any(map(raskt.is_raskt_collection, objects.flat))
        return block * 0 + objects.astype(float)

    found = BLOCKS[call](function, x.rechunk(-1), other)
    np.testing.assert_array_equal(found.compute(), expected.astype(float))
    assert raskt.is_raskt_collection(other[0, 0])


def test_blocks_without_arrays_get_lazy_arguments_and_their_place(x: ra.Array) -> None:
    def make(by: Any, block_id: Any = None) -> Any:
        return np.full((1,), by[0] + block_id[0])

    found = ra.map_blocks(make, [x.max()], chunks=((1, 1),), dtype=float)
    np.testing.assert_array_equal(found.compute(), [23.0, 24.0])


def test_lists_of_blocks_and_block_info_go_with_lazy_arguments(x: ra.Array) -> None:
    found = ra.blockwise(lambda a, by: a[0][:, 0] * by, "i", x, "ij", by=three(), dtype=float)
    np.testing.assert_array_equal(found.compute(), VALUES[:, 0] * 3)

    def where(block: Any, by: Any, block_info: Any = None) -> Any:
        (start, _), _ = block_info[0]["array-location"]
        return block * 0 + start * by

    found = x.map_blocks(where, by=three(), dtype=float)
    np.testing.assert_array_equal(found.compute()[:, 0], [0, 0, 6, 6, 12, 12])


def test_equal_calls_with_lazy_arguments_have_one_name_and_others_do_not(x: ra.Array) -> None:
    def call(by: Any) -> ra.Array:
        return x.map_blocks(scaled, by=[by])

    assert call(x.max()).name == call(x.max()).name != call(x.min()).name
    one, other = call(x.max()), call(x.max())
    assert len(raskt.compute(one, other)) == 2


def test_the_dtype_of_a_function_of_lazy_arrays_is_found_out(x: ra.Array) -> None:
    assert x.map_blocks(lambda b, by: b > by["k"], by={"k": x.mean()}).dtype == bool
    assert ra.apply_gufunc(lambda b, by: b > by, "()->()", x, by=x.mean()).dtype == bool
    assert ra.apply_along_axis(lambda r, by: r[:2] > by, 1, x, x.mean()).dtype == bool
    with pytest.raises(ValueError, match="pass shape= and dtype="):
        ra.apply_along_axis(lambda r, by: r * by, 1, x, three())


def test_a_given_dtype_is_kept_whatever_a_trial_would_say(x: ra.Array) -> None:
    def function(block: Any, by: Any) -> Any:
        return (block * by).astype("f4")

    meta = np.empty((0, 0), "i8")
    assert x.map_blocks(function, by=three(), dtype="f4", meta=meta).compute().dtype == "f4"
    assert ra.blockwise(function, "ij", x, "ij", by=three(), dtype="f4", meta=meta).dtype == "f4"


def test_lazy_arguments_travel_and_reach_child_processes(x: ra.Array) -> None:
    found = x.map_blocks(scaled, by=x.max(), dtype=float) + x.map_blocks(scaled, by=three(), dtype=float)
    again = pickle.loads(pickle.dumps(found))
    np.testing.assert_array_equal(again.compute(), VALUES * 26)
    np.testing.assert_array_equal(found.compute(scheduler="processes"), VALUES * 26)


def test_a_delayed_value_with_arrays_in_it_travels(x: ra.Array) -> None:
    value = raskt.delayed(Pair)([x.max()], Box(x))
    found = pickle.loads(pickle.dumps(value)).compute()
    assert found.left == [23.0]
    np.testing.assert_array_equal(found.right.content, VALUES)


def test_a_scheduler_of_ones_own_gets_arrays_as_tasks(x: ra.Array) -> None:
    value = raskt.delayed(lambda found: found.sum())(x)
    keys_seen: list[Any] = []

    def get(graph: Any, keys: Any, **_: Any) -> Any:
        keys_seen.extend(graph)
        return raskt.get(graph, keys)

    assert value.compute(scheduler=get) == VALUES.sum()
    assert value.key in keys_seen
    assert len(keys_seen) > 1


def test_a_delayed_value_is_no_operand_of_arrays(x: ra.Array) -> None:
    for call in (
        lambda: x + three(),
        lambda: ra.asarray(three()),
        lambda: ra.map_overlap(abs, three(), depth=0),
    ):
        with pytest.raises(TypeError, match="from_delayed"):
            call()


# ---- pairs of blocks ----


def test_blocks_are_paired_by_their_number() -> None:
    a, b = ra.arange(6.0, chunks=2), ra.from_array(np.array([10.0, 20, 30]), chunks=1)
    expected = np.arange(6.0) + np.repeat([10, 20, 30], 2)
    for first, second in ((a, b), (b, a)):
        np.testing.assert_array_equal(ra.map_blocks(np.add, first, second).compute(), expected)
        found = ra.blockwise(np.add, "i", first, "i", second, "i", align_arrays=False, dtype=float)
        assert found.chunks == ((2, 2, 2),)
        np.testing.assert_array_equal(found.compute(), expected)


def test_one_block_is_whole_for_each_of_many() -> None:
    places, table = ra.arange(6, chunks=2), ra.arange(6, chunks=6) * 10
    np.testing.assert_array_equal(
        ra.map_blocks(lambda at, all_: all_[5 - at], places, table).compute(), [50, 40, 30, 20, 10, 0]
    )
    longer = ra.arange(9, chunks=9)
    assert ra.map_blocks(lambda at, all_: at + len(all_), places, longer).compute().tolist() == [
        *range(9, 15)
    ]


def test_one_block_of_unknown_length_goes_with_many() -> None:
    x = ra.arange(6, chunks=2)
    lone = x[x > 1].rechunk(-1)
    for found in (
        ra.map_blocks(lambda a, b: a + b.sum(), x, lone),
        ra.map_blocks(lambda b, a: a + b.sum(), lone, x),
        ra.blockwise(lambda a, b: a + b.sum(), "i", x, "i", lone, "i"),
        ra.blockwise(lambda a, b: a + b.sum(), "i", x, "i", lone, "i", align_arrays=False),
    ):
        assert found.chunks == x.chunks
        np.testing.assert_array_equal(found.compute(), np.arange(6) + 14)


def test_other_numbers_of_blocks_are_an_error() -> None:
    two, three_ = ra.arange(6, chunks=3), ra.arange(6, chunks=2)
    with pytest.raises(ValueError, match="there are 2 in one array and 3 in another: rechunk"):
        ra.map_blocks(np.add, two, three_)
    with pytest.raises(ValueError, match="blocks go together by their number"):
        ra.blockwise(np.add, "i", two, "i", three_, "i", align_arrays=False)


def test_margins_of_different_depth_go_together() -> None:
    values = np.arange(12.0)
    x = ra.from_array(values, chunks=4)
    found = ra.map_overlap(lambda a, b: a + b[1:-1], x, x, depth=[0, 1], boundary=0)
    np.testing.assert_array_equal(found.compute(), values * 2)
    # A margin longer than a block joins the blocks of both arrays.
    found = ra.map_overlap(lambda a, b: a + b[3:-3], x, x.rechunk(6), depth=[2, 5], boundary=0)
    np.testing.assert_array_equal(found.compute(), values * 2)
    row = ra.from_array(VALUES[0], chunks=2)
    grid = ra.from_array(VALUES, chunks=(3, 2))
    found = ra.map_overlap(lambda a, b: a[1:-1] + b, row, grid, depth=[1, 0], boundary=0)
    np.testing.assert_array_equal(found.compute(), VALUES[0] + VALUES)


def test_a_function_may_cut_the_margins_off_itself() -> None:
    x = ra.arange(12.0, chunks=4)
    found = x.map_overlap(lambda block: block[1:-1], depth=1, boundary=0, trim=False)
    assert found.chunks == x.chunks
    np.testing.assert_array_equal(found.compute(), np.arange(12.0))


def test_a_function_may_cut_margins_off_that_are_longer_than_the_last_block() -> None:
    x = ra.arange(37, chunks=9)
    for depth in (1, 4, 20):
        found = x.map_overlap(lambda block, n=depth: block[n:-n], depth=depth, boundary=0, trim=False)
        np.testing.assert_array_equal(found.compute(), np.arange(37))


@pytest.mark.parametrize("lazy", LAZY)
def test_lazy_arguments_of_piecewise_arrive_computed(x: ra.Array, lazy: str) -> None:
    make, take, expected = LAZY[lazy]

    def function(elements: Any, by: Any = None) -> Any:
        return elements * take(by)

    found = ra.piecewise(x, [x >= 9, x < 5], [function, function, -1.0], by=make(x))
    kept = (VALUES >= 9) | (VALUES < 5)
    np.testing.assert_array_equal(found.compute(), np.where(kept, VALUES * expected, -1.0))


# ---- iterators, and objects that do not like to be asked ----


class Shy:
    """What can be asked for nothing but its number."""

    def __init__(self, number: float = 3.0) -> None:
        self.number = number

    def __bool__(self) -> bool:
        raise AssertionError("asked for its truth")

    __len__ = __bool__

    def __iter__(self) -> Any:
        raise AssertionError("gone through")


@pytest.mark.parametrize("call", CALLS)
def test_nobody_asks_an_argument_for_its_truth(x: ra.Array, call: str) -> None:
    found = CALLS[call](lambda block, by: block * by.number, x, by=Shy())
    np.testing.assert_array_equal(found.compute(scheduler="sync"), VALUES * 3)


@pytest.mark.parametrize(
    "make", [lambda: iter([3.0, 4.0]), lambda: (n for n in (3.0, 4.0)), lambda: map(float, "34")]
)
def test_a_function_is_not_tried_with_an_iterator(x: ra.Array, make: Any) -> None:
    one = x.rechunk(-1)
    it = make()
    found = one.map_blocks(lambda block, it: block * next(it), it=it)
    np.testing.assert_array_equal(found.compute(scheduler="sync"), VALUES * 3)
    assert next(it) == 4.0
    it = make()
    found = ra.apply_gufunc(lambda block, it: block * next(it[0]), "()->()", one, it=[it])
    np.testing.assert_array_equal(found.compute(scheduler="sync"), VALUES * 3)
    with pytest.raises(ValueError, match="pass shape= and dtype="):
        ra.apply_along_axis(lambda row, it: row * next(it), 1, one, make())


def test_files_are_read_by_nobody_but_the_function(x: ra.Array) -> None:
    file = StringIO("3\n4\n")
    found = x.rechunk(-1).map_blocks(lambda block, file: block * float(file.readline()), file=file)
    np.testing.assert_array_equal(found.compute(scheduler="sync"), VALUES * 3)
    assert file.readline() == "4\n"


def test_lazy_values_in_containers_of_the_standard_library_arrive_computed(x: ra.Array) -> None:
    def seen(*args: Any) -> Any:
        return args

    lazy = three()
    given = (
        OrderedDict(b=lazy, a=1),
        defaultdict(list, {"k": [lazy]}),
        deque([lazy, 2], maxlen=5),
        SimpleNamespace(a=lazy, b="text"),
    )
    found = raskt.delayed(seen)(*given).compute()
    expected = (
        OrderedDict(b=3, a=1),
        defaultdict(list, {"k": [3]}),
        deque([3, 2], maxlen=5),
        SimpleNamespace(a=3, b="text"),
    )
    assert found == expected
    assert [type(one) for one in found] == [type(one) for one in expected]
    assert list(found[0]) == ["b", "a"]
    assert (found[1].default_factory, found[2].maxlen) == (list, 5)
    assert raskt.compute(OrderedDict(b=lazy, a=1)) == (OrderedDict(b=3, a=1),)
    made = x.map_blocks(lambda block, told: block + told["b"], given[0], dtype=x.dtype)
    np.testing.assert_array_equal(made.compute(), VALUES + 3)


def test_containers_of_the_standard_library_without_lazy_values_are_passed_as_they_are() -> None:
    given = (defaultdict(list, a=[1]), deque([1]), SimpleNamespace(a=1))
    assert raskt.delayed(lambda *args: args)(*given).compute() == given


@pytest.mark.parametrize("kind", LAZY)
def test_functions_of_indices_get_the_values_of_lazy_keywords(kind: str, x: ra.Array) -> None:
    make, take, expected = LAZY[kind]

    def weighed(i: Any, j: Any, by: Any = None) -> Any:
        return (i + 10 * j) * take(by)

    found = ra.fromfunction(weighed, shape=(4, 6), chunks=(2, 3), by=make(x))
    np.testing.assert_array_equal(found, np.fromfunction(lambda i, j: (i + 10 * j) * expected, (4, 6)))
    lone = ra.fromfunction(lambda by: take(by), shape=(), by=make(x))
    assert lone.compute() == expected


def test_functions_of_scalars_work_on_arrays_whose_size_is_not_known() -> None:
    x = ra.arange(6, chunks=3)
    plus = ra.frompyfunc(lambda a, b: a + b, 2, 1)
    np.testing.assert_array_equal(plus(x[x > 1], 1).compute(), np.arange(3, 7).astype(object))
    np.testing.assert_array_equal(plus(x[x > 1], x[x > 1]).compute(), np.arange(4, 12, 2).astype(object))


def test_arrays_of_objects_keep_shape_and_items_that_are_arrays() -> None:
    given = np.empty((2, 2), dtype=object)
    given[0, 0], given[0, 1], given[1, 0] = three(), ra.arange(3, chunks=2), np.arange(2)
    found = raskt.delayed(lambda a: a)(given).compute()
    assert (type(found), found.dtype, found.shape) == (np.ndarray, np.dtype(object), (2, 2))
    assert found[0, 0] == 3
    assert found[1, 1] is None
    np.testing.assert_array_equal(found[0, 1], [0, 1, 2])
    np.testing.assert_array_equal(found[1, 0], [0, 1])
    assert raskt.is_raskt_collection(given[0, 0])
