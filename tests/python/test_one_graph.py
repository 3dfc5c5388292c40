"""Delayed calls, arrays and bags in one another are one graph: each part runs once, whoever needs it."""

from __future__ import annotations

import itertools
import pickle
import threading

import numpy as np
import pytest
import raskt
import raskt.array as ra
import raskt.bag as rb
from hypothesis import given, settings
from hypothesis import strategies as st

NUMBERS = itertools.count()


class Counted:
    """A function that counts its calls."""

    def __init__(self, function):
        self.function = function
        self.n_calls = 0
        self.lock = threading.Lock()
        self.__name__ = getattr(function, "__name__", "counted")

    def __call__(self, *args):
        with self.lock:
            self.n_calls += 1
        return self.function(*args)


def counted_array(n_calls, n=12, chunk=4):
    """An array whose blocks count how often they are made."""

    # Functions of equal content are one: whatever is still held of another test must not answer for this one.
    number = next(NUMBERS)

    def block(x):
        n_calls.append(number)
        return x * 1.0

    return ra.arange(n, chunks=chunk).map_blocks(block, dtype="float64")


# ---- nesting ----


def test_an_array_in_a_call_in_an_array_in_a_call_is_computed():
    x = ra.arange(6, chunks=2)
    doubled = raskt.delayed(lambda a: a * 2)(x)
    y = ra.from_delayed(doubled, (6,), x.dtype) + x
    total = raskt.delayed(np.sum)(y)
    assert total.compute() == 3 * 15
    np.testing.assert_array_equal(y.compute(), np.arange(6) * 3)


def test_an_array_in_a_bag_in_a_call_in_an_array_is_computed():
    x = ra.ones((4, 3), chunks=2)
    bag = rb.from_delayed([raskt.delayed(list)(x), raskt.delayed(list)(x + 1)])
    heights = raskt.delayed(lambda rows: np.array([row.sum() for row in rows]))(bag)
    y = ra.from_delayed(heights, (8,), "float64")
    np.testing.assert_array_equal((y * 2).compute(), [6.0] * 4 + [12.0] * 4)


@pytest.mark.parametrize("scheduler", ["threads", "sync"])
def test_collections_computed_together_share_their_parts(scheduler):
    made = []
    x = counted_array(made)
    call = Counted(lambda a: float(a.sum()))
    total = raskt.delayed(call)(x)
    bag = rb.from_delayed([raskt.delayed(lambda t: [t, t])(total)])
    back = ra.from_delayed(raskt.delayed(np.atleast_1d)(total), (1,), "float64")
    found = raskt.compute(bag, x, total, x.mean(), back + 1, {"nested": [total]}, scheduler=scheduler)
    assert found[0] == [66.0, 66.0]
    np.testing.assert_array_equal(found[1], np.arange(12.0))
    assert (found[2], found[3], found[5]) == (66.0, 5.5, {"nested": [66.0]})
    np.testing.assert_array_equal(found[4], [67.0])
    assert (len(made), call.n_calls) == (3, 1)


def test_blocks_of_one_array_on_both_sides_of_a_call_run_once():
    made = []
    x = counted_array(made)
    blocks = list(x.to_delayed())
    middle = raskt.delayed(lambda a, b: a + b)(blocks[0], blocks[1])
    y = ra.from_delayed(middle, (4,), "float64")
    last = raskt.delayed(lambda a, b: float(a.sum() + b.sum()))(blocks[2], y)
    assert last.compute() == 8 + 9 + 10 + 11 + sum(range(8))
    assert len(made) == 3


@st.composite
def programs(draw):
    """Steps over values of both kinds: each names earlier ones."""
    n = draw(st.integers(1, 12))
    steps = []
    for at in range(n):
        kind = draw(st.sampled_from(["call", "array", "both"]))
        operands = draw(st.lists(st.integers(0, at), min_size=1, max_size=3))
        steps.append((kind, operands))
    return steps


@settings(max_examples=40)
@given(programs())
def test_any_mixture_gives_what_numpy_gives(steps):
    lazy = [ra.arange(5, chunks=2)]
    eager = [np.arange(5)]
    calls = [Counted(lambda *parts: sum(parts[1:], parts[0]) % 1009) for _ in steps]
    for call, (kind, operands) in zip(calls, steps, strict=True):
        if kind == "array":
            parts = [_as_array(lazy[at]) for at in operands]
            lazy.append(sum(parts[1:], parts[0]) % 1009)
        else:
            value = raskt.delayed(call, pure=False)(*[lazy[at] for at in operands])
            lazy.append(value if kind == "call" else ra.from_delayed(value, (5,), eager[0].dtype))
        eager.append(sum([eager[at] for at in operands[1:]], eager[operands[0]]) % 1009)
    for found, expected in zip(raskt.compute(*lazy), eager, strict=True):
        np.testing.assert_array_equal(found, expected)
    assert all(call.n_calls <= 1 for call in calls)


def _as_array(value):
    return value if isinstance(value, ra.Array) else ra.from_delayed(value, (5,), np.arange(5).dtype)


# ---- depth ----


def test_chains_of_thousands_of_calls_with_arrays_between_are_computed():
    step = raskt.delayed(lambda a: a + 1, pure=False)
    value = ra.zeros((), chunks=())
    for _ in range(60):
        for _ in range(500):
            value = step(value)
        value = ra.from_delayed(value, (), "float64") * 1
    assert value.compute() == 30_000
    del value


def test_a_million_calls_over_an_array_are_dropped_without_recursion():
    step = raskt.delayed(lambda a: a, pure=False)
    value = step(ra.ones(3, chunks=1))
    for _ in range(1_000_000):
        value = step(value)
    under = ra.from_delayed(value, (3,), "float64") + 1
    assert raskt.delayed(len)(under).key.startswith("len-")
    del value, under


# ---- keys ----


def test_named_calls_below_and_above_an_array_must_agree():
    a = raskt.delayed(np.ones)(3, raskt_key_name="x")
    other = raskt.delayed(np.zeros)(3, raskt_key_name="x")
    y = ra.from_delayed(a, (3,), "float64") + 1
    with pytest.raises(raskt.exceptions.KeyClashError, match="x"):
        raskt.compute(y, raskt.delayed(np.sum)(other))
    same = raskt.delayed(np.ones)(3, raskt_key_name="x")
    np.testing.assert_array_equal(raskt.compute(y, same)[0], [2, 2, 2])


def test_errors_below_an_array_name_the_call():
    def broken():
        raise ValueError("broken on purpose")

    y = ra.from_delayed(raskt.delayed(broken)(raskt_key_name="the-broken-one"), (3,), "float64")
    with pytest.raises(ValueError, match="broken on purpose") as caught:
        raskt.delayed(np.sum)(y + 1).compute()
    assert any("the-broken-one" in note for note in caught.value.__notes__)


def test_a_task_of_an_array_that_fails_below_a_call_is_named_by_what_users_called():
    def broken(block):
        raise ValueError("no such block")

    y = ra.ones(4, chunks=2).map_blocks(broken, dtype="float64")
    with pytest.raises(ValueError, match="no such block") as caught:
        raskt.delayed(np.sum)(y).compute()
    assert any("broken" in note for note in caught.value.__notes__)


def test_retries_reach_calls_and_blocks_on_both_sides():
    failures = {"call": 2, "block": 2}

    def flaky(kind, value):
        if failures[kind]:
            failures[kind] -= 1
            raise OSError(kind)
        return value

    with raskt.annotate(retries=2):
        x = ra.ones(2, chunks=2).map_blocks(lambda block: flaky("block", block), dtype="float64")
        value = raskt.delayed(flaky)("call", x)
    y = ra.from_delayed(value, (2,), "float64")
    np.testing.assert_array_equal((y + 1).compute(scheduler="sync"), [2, 2])
    assert failures == {"call": 0, "block": 0}


# ---- pickling, persisting, graphs ----


def test_mixtures_pickle_and_keep_their_keys():
    x = ra.arange(6, chunks=2)
    y = ra.from_delayed(raskt.delayed(np.negative)(x), (6,), x.dtype) + x
    total = raskt.delayed(np.sum)(y)
    back = pickle.loads(pickle.dumps((y, total, x.to_delayed()[1])))
    assert [back[0].name, back[1].key, back[2].key] == [y.name, total.key, x.to_delayed()[1].key]
    assert back[1].compute() == 0
    np.testing.assert_array_equal(back[0].compute(), np.zeros(6))
    np.testing.assert_array_equal(back[2].compute(), [2, 3])
    # Shared parts are one again.
    assert raskt.compute(*back)[1] == 0


def test_a_pickled_chain_of_thousands_of_both_kinds_comes_back():
    value = raskt.delayed(np.ones, pure=False)(2)
    for _ in range(300):
        value = raskt.delayed(np.negative, pure=False)(ra.from_delayed(value, (2,), "float64"))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(value)).compute(), [1, 1])


def test_persisted_parts_are_not_computed_again():
    made = []
    x = counted_array(made)
    call = Counted(np.sum)
    total = raskt.delayed(call)(x)
    kept_x, kept_total = raskt.persist(x, total)
    assert (len(made), call.n_calls) == (3, 1)
    y = ra.from_delayed(raskt.delayed(np.atleast_1d)(kept_total), (1,), "float64")
    assert (y + kept_x[0]).compute().item() == 66
    assert (len(made), call.n_calls) == (3, 1)


def test_a_graph_of_calls_over_an_array_is_one_that_can_be_changed_and_computed():
    x = ra.arange(4, chunks=2)
    value = raskt.delayed(np.sum)(ra.from_delayed(raskt.delayed(np.negative)(x), (4,), x.dtype))
    graph = value.__raskt_graph__()
    assert raskt.get(graph, value.key) == -6
    copy = raskt.graph_manipulation.clone(value)
    assert copy.key != value.key
    assert copy.compute() == -6


def test_an_operation_in_a_dictionary_of_tasks_can_be_called_with_what_it_needs():
    below = raskt.delayed(np.ones)(3, raskt_key_name="below")
    value = raskt.delayed(np.sum)(ra.from_delayed(below, (3,), "float64") * 2)
    graph = value.__raskt_graph__()
    (operation,) = [task for key, task in graph.items() if key not in (value.key, "below")]
    assert set(operation.dependencies) == {"below"}
    np.testing.assert_array_equal(operation({"below": np.arange(3.0)}), [0, 2, 4])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(operation))({"below": np.ones(3)}), [2, 2, 2])


def test_another_scheduler_gets_the_whole_graph():
    x = ra.arange(4, chunks=2)
    y = ra.from_delayed(raskt.delayed(np.negative)(x), (4,), x.dtype)
    seen = []

    def scheduler(graph, keys, **kwargs):
        seen.append(len(graph))
        return raskt.local.get_sync(graph, keys)

    found = raskt.compute(y, raskt.delayed(np.sum)(y + x), scheduler=scheduler)
    np.testing.assert_array_equal(found[0], -np.arange(4))
    assert found[1] == 0
    assert seen[0] > 4


def test_arrays_below_a_call_are_simplified_as_others_are():
    made = []

    def block(x):
        made.append(x.shape)
        return x

    x = ra.ones((100, 100), chunks=10).map_blocks(block, dtype="float64")
    assert raskt.delayed(np.sum)(x[:10, :10]).compute() == 100
    assert made == [(10, 10)]


def test_what_is_not_known_of_an_array_below_a_call_is_found_out():
    x = ra.arange(10, chunks=3)
    big = x[x > 4]
    value = raskt.delayed(len)(big[1:])
    y = ra.from_delayed(raskt.delayed(lambda n: np.arange(n))(value), (np.nan,), "int64")
    assert raskt.compute(value, (y[y > 1]).sum()) == (4, 5)


def test_functions_of_blocks_get_lazy_values_of_every_collection():
    x = ra.arange(4, chunks=2)
    offset = raskt.delayed(int)("3")
    bag = rb.from_sequence([1, 2], npartitions=2)
    total = rb.from_sequence([10], npartitions=1).sum()

    def shifted(block, by, parts, other):
        return block + by + sum(parts) + other

    y = x.map_blocks(shifted, offset, bag, total, dtype=x.dtype)
    np.testing.assert_array_equal(y.compute(), np.arange(4) + 3 + 3 + 10)
