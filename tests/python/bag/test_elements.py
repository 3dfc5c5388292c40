"""Work on elements and partitions gives what plain Python gives."""

from __future__ import annotations

import itertools
import operator
import pickle
import random
import unittest.mock
from collections import Counter, namedtuple
from dataclasses import dataclass

import pytest
import raskt
import raskt.array as ra
import raskt.bag as rb
from hypothesis import given, settings
from hypothesis import strategies as st

settings.register_profile("bags", max_examples=40)
settings.load_profile("bags")
bags = st.tuples(st.lists(st.integers(-50, 50), max_size=40), st.integers(1, 7))


def make(data):
    items, n = data
    return items, rb.from_sequence(items, npartitions=n)


@given(bags)
def test_chains_of_element_work_equal_plain_python(data):
    items, b = make(data)
    found = (
        b.map(lambda x: x * 2)
        .filter(lambda x: x % 3)
        .map(lambda x: [x, -x])
        .flatten()
        .remove(lambda x: x > 9)
    )
    plain = [y for x in items if (x * 2) % 3 for y in (x * 2, -x * 2) if not y > 9]
    assert found.compute(scheduler="sync") == plain


@given(bags)
def test_reductions_equal_plain_python(data):
    items, b = make(data)
    found = raskt.compute(
        b.sum(), b.count(), b.any(), b.all(), b.frequencies(), b.distinct(), b.topk(3), scheduler="sync"
    )
    assert found[:4] == (sum(items), len(items), any(items), all(items))
    assert dict(found[4]) == Counter(items)
    assert found[5] == list(dict.fromkeys(items))
    assert found[6] == sorted(items, reverse=True)[:3]
    if items:
        assert raskt.compute(b.min(), b.max(), scheduler="sync") == (min(items), max(items))
        mean = sum(items) / len(items)
        assert b.mean().compute(scheduler="sync") == pytest.approx(mean)
        var = sum((x - mean) ** 2 for x in items) / len(items)
        assert b.var().compute(scheduler="sync") == pytest.approx(var, abs=1e-9)
        assert b.std().compute(scheduler="sync") == pytest.approx(var**0.5, abs=1e-6)


@given(bags, st.integers(-5, 5))
def test_accumulate_equals_itertools(data, initial):
    items, b = make(data)
    assert b.accumulate(operator.add).compute(scheduler="sync") == list(itertools.accumulate(items))
    with_initial = list(itertools.accumulate(items, initial=initial))
    assert b.accumulate(operator.add, initial).compute(scheduler="sync") == with_initial


@given(bags, st.integers(1, 12))
def test_repartition_keeps_order(data, n):
    items, b = make(data)
    found = b.repartition(n)
    assert found.npartitions == n
    assert found.compute(scheduler="sync") == items
    assert b.repartition(partition_size=200).compute(scheduler="sync") == items


@given(bags)
def test_foldby_equals_groupby_and_fold(data):
    items, b = make(data)
    plain = Counter()
    for x in items:
        plain[x % 3] += x
    assert dict(b.foldby(lambda x: x % 3, operator.add).compute(scheduler="sync")) == plain


@given(bags, st.integers(0, 50))
def test_samples_are_parts_of_the_bag(data, k):
    items, b = make(data)
    if k > len(items):
        with pytest.raises(ValueError, match="larger than the bag"):
            rb.random.sample(b, k).compute(scheduler="sync")
    else:
        found = Counter(rb.random.sample(b, k).compute(scheduler="sync"))
        assert found.total() == k
        assert not found - Counter(items)
    if items:
        assert set(rb.random.choices(b, k).compute(scheduler="sync")) <= set(items)


def test_map_goes_through_several_bags_and_values():
    b = rb.range(10, npartitions=3)
    assert b.map(operator.add, b).compute() == [2 * x for x in range(10)]
    assert b.map(lambda x, total: x + total, total=b.sum()).compute() == [x + 45 for x in range(10)]
    assert b.map(operator.add, raskt.delayed(5)).compute() == [x + 5 for x in range(10)]
    assert rb.map(operator.sub, 10, b).compute() == [10 - x for x in range(10)]
    assert b.map_partitions(lambda part, n: [len(part) + n], b.count()).compute() == [13, 13, 14]
    assert rb.zip(b, b).starmap(lambda x, y, z: x + y + z, z=b.max()).compute() == [
        2 * x + 9 for x in range(10)
    ]


def test_bags_that_do_not_fit_together_are_refused():
    b = rb.range(10, npartitions=3)
    with pytest.raises(ValueError, match="same number of partitions"):
        b.map(operator.add, rb.range(10, npartitions=2))
    with pytest.raises(ValueError, match="differ in length"):
        b.map(operator.add, b.filter(lambda x: x > 3)).compute()
    with pytest.raises(ValueError, match="same number of partitions"):
        rb.zip(b, rb.range(10, npartitions=2))
    with pytest.raises(NotImplementedError, match="small collection"):
        b.join(b, lambda x: x)


def test_shared_parts_run_once_for_bags_and_items_together():
    calls = []
    b = rb.from_sequence(range(4), npartitions=2).map(lambda x: calls.append(x) or x)
    assert raskt.compute(b.sum(), b.count(), b.max(), scheduler="sync") == (6, 4, 3)
    assert sorted(calls) == [0, 1, 2, 3]


def test_delayed_partitions_compute_together_with_bags_that_share_their_parts():
    x = rb.range(4, npartitions=2).map(lambda x: x + 1)
    y, z = x.map(lambda x: x * 2), x.map(lambda x: x * 3)
    first = y.to_delayed()[0]
    assert raskt.compute(first, y, z) == ([2, 4], [2, 4, 6, 8], [3, 6, 9, 12])
    assert raskt.compute(raskt.delayed(sum)(y), y, z) == (20, [2, 4, 6, 8], [3, 6, 9, 12])


def test_elements_stream_through_a_chain_one_by_one():
    seen = []
    b = rb.from_sequence(range(900), npartitions=1).map(lambda x: seen.append(x) or x)
    assert b.filter(lambda x: x > 4).take(2) == (5, 6)
    assert seen == [0, 1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("collect", [list, tuple, sorted, lambda part: [*part]])
def test_a_partition_that_streams_is_collected_in_one_go(collect):
    b = rb.range(4, npartitions=2).map(str)
    assert b.map_partitions(lambda part: collect(part)).compute(scheduler="sync") == ["0", "1", "2", "3"]


def test_a_partition_that_has_streamed_has_no_length():
    def twice(part):
        return list(part) * len(part)

    with pytest.raises(TypeError, match="make a list of it"):
        rb.range(4, npartitions=1).map(str).map_partitions(twice).compute(scheduler="sync")


def test_take_warns_where_there_are_fewer():
    b = rb.range(10, npartitions=5)
    with pytest.warns(UserWarning, match="3 elements were asked for, 2 were found"):
        assert b.take(3) == (0, 1)
    assert b.take(3, npartitions=-1) == (0, 1, 2)
    with pytest.raises(ValueError, match="npartitions=6"):
        b.take(3, npartitions=6)


def test_random_sample_depends_on_its_seed_alone():
    b = rb.range(1000, npartitions=5)
    some = b.random_sample(0.3, 7).compute()
    assert some == b.random_sample(0.3, 7).compute()
    assert some != b.random_sample(0.3, 8).compute()
    assert some == b.random_sample(0.3, random.Random(7)).compute()
    assert 200 < len(some) < 400
    with pytest.raises(ValueError, match="between 0 and 1"):
        b.random_sample(1.5)


def test_persist_keeps_the_values():
    calls = []
    b = rb.range(4, npartitions=2).map(lambda x: calls.append(x) or x).persist(scheduler="sync")
    assert (b.sum().compute(), b.compute()) == (6, [0, 1, 2, 3])
    assert len(calls) == 4


def test_bags_travel_through_delayed_calls_and_back():
    b = rb.range(4, npartitions=2)
    assert raskt.delayed(sum)(b).compute() == 6
    assert rb.from_delayed([raskt.delayed(list)("ab")]).compute() == ["a", "b"]
    assert rb.from_delayed(b.to_delayed()).compute() == [0, 1, 2, 3]
    with pytest.raises(TypeError, match="iterables"):
        rb.from_delayed([raskt.delayed(5)]).compute()


def test_schedulers_follow_the_functions():
    n = 10_000
    assert rb.range(n, npartitions=2).map(str).__raskt_scheduler__ == "threads"
    assert rb.range(n, npartitions=2).map(lambda x: x).__raskt_scheduler__ == "processes"
    assert rb.range(10, npartitions=2).map(lambda x: x).__raskt_scheduler__ == "threads"
    assert "functions written in Python" in rb.range(n, npartitions=2).map(lambda x: x).explain()
    with raskt.config.set(scheduler="sync"):
        assert (
            rb.range(n, npartitions=2).map(lambda x: x).explain().startswith("scheduler: sync (configured)")
        )


def test_processes_give_the_same(tmp_path):
    b = rb.range(2000, npartitions=4)
    assert b.map(lambda x: x + 1).filter(lambda x: x % 2).sum().compute(scheduler="processes") == 1_000_000
    words = b.map(str).groupby(len, npartitions=3)
    assert {k: len(v) for k, v in words.compute(scheduler="processes")} == {1: 10, 2: 90, 3: 900, 4: 1000}
    assert b.accumulate(operator.add).topk(1).compute(scheduler="processes") == [1999000]


def test_strings_have_the_methods_of_str():
    b = rb.from_sequence(["Ann Lee", "Bo Li"])
    assert b.str.split().compute() == [["Ann", "Lee"], ["Bo", "Li"]]
    assert b.str.match("A*").compute() == ["Ann Lee"]
    assert "upper" in dir(b.str)
    with pytest.raises(AttributeError, match="no method 'uper'"):
        b.str.uper()


def test_errors_of_reductions_without_elements_are_pythons():
    empty = rb.from_sequence([])
    assert empty.sum().compute() == 0
    for item, error in [
        (empty.max(), ValueError),
        (empty.mean(), ZeroDivisionError),
        (empty.fold(max), TypeError),
    ]:
        with pytest.raises(error):
            item.compute()


def test_stable_hashes_are_equal_for_equal_keys_and_in_every_process():
    from raskt.bag._hashing import stable_hash

    assert stable_hash(1) == stable_hash(1.0) == stable_hash(True)
    assert stable_hash((1, "a")) == stable_hash((1.0, "a"))
    keys = ["a", b"a", None, (1, "x"), frozenset("ab"), 2.5]
    here = [stable_hash(key) for key in keys]
    there = raskt.delayed(lambda: [stable_hash(key) for key in keys])().compute(scheduler="processes")
    assert here == there


def test_raw_graphs_are_bags_too():
    b = rb.Bag({("x", 0): [1, 2], ("x", 1): (list, (range, 3))}, "x", 2)
    assert b.map(lambda x: x * 10).compute() == [10, 20, 0, 10, 20]
    assert rb.Item({"y": (sum, [1, 2])}, "y").compute() == 3


def test_what_a_bag_and_an_item_share_runs_once():
    calls = []
    b = rb.range(6, npartitions=3).map(lambda x: calls.append(x) or x)
    everything, total, counted = raskt.compute(
        b.map(lambda x: -x), b.sum(), b.frequencies(), scheduler="sync"
    )
    assert (everything, total, len(counted)) == ([0, -1, -2, -3, -4, -5], 15, 6)
    assert sorted(calls) == list(range(6))
    calls.clear()
    kept, total = raskt.persist(b, b.sum(), scheduler="sync")
    assert (kept.compute(), total.compute()) == (list(range(6)), 15)
    assert sorted(calls) == list(range(6))


def test_steps_are_put_together_without_tasks_for_each():
    b = rb.range(50, npartitions=50)
    doubled = b.map(lambda x: 2 * x)
    both = doubled.map(lambda x, total: x + total, doubled.sum()).filter(None)
    texts = rb.zip(both, both.map(str)).map(lambda pair: pair[1]).accumulate(operator.add)
    for bag in (both, texts, doubled.groupby(lambda x: x % 3, npartitions=2).map(lambda pair: pair[1])):
        assert bag.compute(scheduler="sync") == bag.compute(scheduler="sync", optimize_graph=False)
    made = len(doubled.map(abs).map(str).sum().explain().splitlines())
    assert made == len(b.sum().explain().splitlines())
    # The same work, asked for twice, is the same layer.
    calls = []
    counted = [b.map(calls.append).count(), b.map(calls.append).map(str).frequencies()]
    raskt.compute(*counted, scheduler="sync")
    assert len(calls) == 50


def test_partitions_become_tables_of_pandas():
    pandas = pytest.importorskip("pandas")
    b = rb.from_sequence([{"x": 1}, {"x": 2}, {"x": 3}], npartitions=2)
    parts = b.map_partitions(lambda part: pandas.DataFrame(list(part))).to_delayed()
    assert [len(table) for table in raskt.compute(*parts, scheduler="sync")] == [2, 1]


def test_annotations_are_those_of_the_place_where_a_step_was_made():
    with raskt.annotate(retries=2):
        noted = rb.from_sequence(range(4), npartitions=2).map(abs)
    plain = noted.map(str)
    with raskt.annotate(retries=5):
        fused = raskt.bag._layers.fuse(plain.__raskt_graph__(), plain.__raskt_keys__())
    retries = {key[0].split("-")[0]: task.annotations.get("retries") for key, task in fused.items()}
    assert retries == {"abs": 2, "str": None}
    assert plain.compute(scheduler="sync") == ["0", "1", "2", "3"]


@pytest.mark.parametrize("split_every", [0, 1, -3, True, 2.5])
@pytest.mark.parametrize("npartitions", [1, 2, 5])
def test_trees_that_would_not_end_are_refused(split_every, npartitions):
    with pytest.raises(ValueError, match="split_every"):
        rb.range(10, npartitions=npartitions).sum(split_every=split_every)
    assert rb.range(10, npartitions=npartitions).sum(split_every=False).compute(scheduler="sync") == 45


def test_choices_are_even_and_cost_little_for_many_elements():
    from raskt.bag import random as bag_random

    counts = Counter(bag_random.choices(rb.range(4, npartitions=3), k=40_000).compute(scheduler="sync"))
    # Six standard deviations of a binomial distribution.
    assert all(abs(n - 10_000) < 6 * 87 for n in counts.values())
    pairs = Counter(
        tuple(bag_random.choices(rb.range(2, npartitions=1), k=2).compute(scheduler="sync"))
        for _ in range(800)
    )
    assert all(abs(pairs[a, b] - 200) < 6 * 13 for a in (0, 1) for b in (0, 1))
    # With draws of one half, a place changes hands each time that the number of elements has doubled.
    draws = unittest.mock.Mock(return_value=0.5)
    with unittest.mock.patch.object(bag_random.generator, "random", draws):
        bag_random._choices_part(100, 0, range(100_000))
    assert draws.call_count < 100 * 20


def test_a_token_names_the_tasks_of_map_partitions():
    b = rb.range(4, npartitions=2).map_partitions(lambda part: [sum(part)], token="sums")
    assert b.name.startswith("sums-")
    assert b.compute(scheduler="sync") == [1, 5]


Pair = namedtuple("Pair", "left right")


@dataclass
class Box:
    content: object


LAZY = {
    "list": (lambda b: [b.sum(), 1], lambda by: by[0]),
    "named tuple": (lambda b: Pair(1, b.sum()), lambda by: by.right if type(by) is Pair else None),
    "data class": (lambda b: Box([b.sum()]), lambda by: by.content[0] if type(by) is Box else None),
    "delayed": (lambda b: {"k": raskt.delayed(abs)(-6)}, lambda by: by["k"]),
    "bag": (lambda b: [b], lambda by: sum(by[0])),
    "array": (lambda b: ra.arange(4, chunks=2), lambda by: int(by.sum())),
    "arrays": (lambda b: (1, ra.arange(4, chunks=2)), lambda by: int(by[1].sum())),
}


@pytest.mark.parametrize("lazy", LAZY)
def test_lazy_values_among_arguments_arrive_computed_with_their_type(lazy):
    make_lazy, take = LAZY[lazy]
    b = rb.range(4, npartitions=2)
    by = make_lazy(b)
    assert b.map(lambda item, by: item * take(by), by).compute(scheduler="sync") == [0, 6, 12, 18]
    found = b.map_partitions(lambda part, by: [item * take(by) for item in part], by=by)
    assert found.compute(scheduler="threads") == [0, 6, 12, 18]
    found = rb.zip(b, b).starmap(lambda _, item, by: item * take(by), by=by)
    assert found.compute(scheduler="sync") == [0, 6, 12, 18]


def test_keywords_of_a_users_function_may_have_any_name():
    b = rb.range(2, npartitions=1)
    for name in ("func", "function", "self", "args", "kwargs", "stream", "bag"):
        found = b.map(lambda item, **named: (item, named), **{name: 3})
        assert found.compute(scheduler="sync") == [(0, {name: 3}), (1, {name: 3})]
        found = b.map_partitions(lambda part, **named: [named], **{name: 3})
        assert found.compute(scheduler="sync") == [{name: 3}]
    assert b.map(func=str).compute(scheduler="sync") == ["0", "1"]


def test_starmap_takes_no_bag_by_name():
    b = rb.range(4, npartitions=2)
    with pytest.raises(ValueError, match="other is a bag"):
        rb.zip(b, b).starmap(lambda x, y, other: x, other=b)


def test_an_iterator_among_arguments_is_left_to_the_function():
    it = iter([1, 2, 3])
    assert rb.range(2, npartitions=1).map(lambda item, it: item + next(it), it).compute(scheduler="sync") == [
        1,
        3,
    ]
    assert next(it) == 3


@pytest.mark.parametrize("step", ["map", "remove"])
def test_a_bag_of_many_steps_runs_and_prints_and_pickles(step: str) -> None:
    bag = rb.from_sequence(range(4), npartitions=2)
    for _ in range(20_000 if step == "map" else 2_000):
        bag = bag.map(abs) if step == "map" else bag.remove(_never)
    assert bag.compute(scheduler="sync") == [0, 1, 2, 3]
    assert bag.explain().count(step) >= 2_000
    assert pickle.loads(pickle.dumps(bag)).compute(scheduler="sync") == [0, 1, 2, 3]


def _never(_item: object) -> bool:
    return False


def test_keys_and_defaults_to_pluck_are_those_of_the_call():
    keys, default = ["a"], [0]
    bag = rb.from_sequence([{"a": 1, "b": 2}, {"b": 3}], npartitions=2)
    plucked = bag.pluck(keys, default)
    keys.append("b")
    default.append(1)
    assert plucked.compute(scheduler="sync") == [(1,), ([0],)]
    assert bag.pluck(["a"], [0]).compute(scheduler="sync") == [(1,), ([0],)]
