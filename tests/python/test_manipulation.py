"""bind, checkpoint, wait_on, clone: order without data, and copies."""

from __future__ import annotations

import threading
from operator import add
from typing import Any

import pytest
import raskt
from raskt.graph_manipulation import bind, checkpoint, clone, wait_on
from test_protocol import Tuple


class Log:
    """What ran, in order; a delayed call is an entry."""

    def __init__(self) -> None:
        self.entries: list[str] = []
        self._lock = threading.Lock()

    def call(self, name: str, *values: Any) -> str:
        with self._lock:
            self.entries.append(name)
        return name

    def delayed(self, name: str, *values: Any, **kwargs: Any) -> Any:
        return raskt.delayed(self.call)(name, *values, **kwargs)

    def before(self, first: str, second: str) -> bool:
        return self.entries.index(first) < self.entries.index(second)


@pytest.fixture
def log() -> Log:
    return Log()


def same(x: Any) -> Any:
    return x


def tuple_of(log: Log, name: str, n: int = 3) -> Tuple:
    return Tuple({(name, i): (log.call, f"{name}{i}") for i in range(n)}, [(name, i) for i in range(n)])


def test_names_are_where_dask_has_them_and_at_the_top() -> None:
    assert (raskt.bind, raskt.clone) == (bind, clone)
    assert (raskt.checkpoint, raskt.wait_on) == (checkpoint, wait_on)


@pytest.mark.parametrize("split_every", [None, False, 2, 3, 8.0])
@pytest.mark.parametrize("n", [0, 1, 2, 9, 70])
def test_checkpoint_is_none_after_all_have_run(log: Log, split_every: Any, n: int) -> None:
    values = [log.delayed(f"t{i}") for i in range(n)]
    done = checkpoint(values, {"x": tuple_of(log, "x")}, split_every=split_every)
    assert isinstance(done, raskt.Delayed)
    assert done.compute() is None
    assert sorted(log.entries) == sorted([f"t{i}" for i in range(n)] + ["x0", "x1", "x2"])
    widths = [len(task.dependencies) for key, task in done.graph.items() if str(key).count("checkpoint")]
    if split_every is not False:
        assert max(widths) <= (split_every or 8)


def test_checkpoint_has_one_key_for_the_same_collections(log: Log) -> None:
    a, b = log.delayed("a"), log.delayed("b")
    assert checkpoint(a, b).key == checkpoint(a, b).key
    assert checkpoint(a, b).key != checkpoint(a).key
    assert raskt.compute(checkpoint(a, b), checkpoint(a, b)) == (None, None)


@pytest.mark.parametrize("split_every", [1, 0, -3, True, 1.5])
@pytest.mark.parametrize("function", [checkpoint, wait_on, lambda x, **kwargs: bind(x, x, **kwargs)])
def test_split_every_must_make_sense(function: Any, split_every: Any, log: Log) -> None:
    with pytest.raises(ValueError, match="split_every must be False, None, or 2 or more, found"):
        function(log.delayed("a"), split_every=split_every)


def test_bind_makes_children_run_after_parents(log: Log) -> None:
    parent = raskt.delayed(log.call)("p", log.delayed("p0"))
    child = raskt.delayed(log.call)("c", log.delayed("c0"), log.delayed("c1"))
    bound = bind(child, parent)
    assert bound.key != child.key
    assert bound.compute() == "c"
    assert log.before("p", "c0")
    assert log.before("p", "c1")
    assert sorted(log.entries) == ["c", "c0", "c1", "p", "p0"]


def test_bind_leaves_what_is_omitted_alone(log: Log) -> None:
    shared = log.delayed("shared")
    parent = log.delayed("p", shared)
    child = log.delayed("c", log.delayed("c0", shared))
    bound = bind(child, parent, omit=shared)
    assert shared.key in bound.graph
    bound.compute()
    assert log.entries == ["shared", "p", "c0", "c"]
    log.entries.clear()
    bind(child, parent).compute()
    assert log.entries.count("shared") == 2
    assert bind(shared, parent, omit=[shared]) is shared


def test_bind_works_on_containers_and_collections(log: Log) -> None:
    x, d = tuple_of(log, "x"), log.delayed("d")
    made = bind({"x": x, "ds": [d, 5]}, [log.delayed("p"), tuple_of(log, "q")])
    assert raskt.compute(made) == ({"x": ("x0", "x1", "x2"), "ds": ["d", 5]},)
    assert all(log.before(p, c) for p in ["p", "q0", "q1", "q2"] for c in ["x0", "x1", "x2", "d"])
    assert isinstance(made["x"], Tuple)


def test_bind_of_values_waits_too(log: Log) -> None:
    bound = bind(raskt.delayed(5), log.delayed("p"))
    assert bound.compute() == 5
    assert log.entries == ["p"]


def test_clone_copies_everything_but_what_is_omitted(log: Log) -> None:
    a = log.delayed("a")
    b = log.delayed("b", a)
    c = log.delayed("c", b)
    assert raskt.compute(c, clone(c)) == ("c", "c")
    assert sorted(log.entries) == ["a", "a", "b", "b", "c", "c"]
    log.entries.clear()
    copy = clone(c, omit=a)
    assert raskt.compute(c, copy) == ("c", "c")
    assert sorted(log.entries) == ["a", "b", "b", "c", "c"]
    assert (a.key in copy.graph, b.key in copy.graph) == (True, False)


def test_the_same_seed_gives_the_same_keys(log: Log) -> None:
    c = log.delayed("c", log.delayed("a"))
    assert clone(c, seed=1).key == clone(c, seed=1).key
    assert len({c.key, clone(c, seed=1).key, clone(c, seed=2).key, clone(c).key, clone(c).key}) == 5
    assert raskt.compute(clone(c, seed=1), clone(c, seed=1)) == ("c", "c")
    assert sorted(log.entries) == ["a", "c"]
    p = log.delayed("p")
    assert bind(c, p, seed="s").key == bind(c, p, seed="s").key
    assert clone(c, assume_layers=False, seed=1).key == clone(c, seed=1).key


def test_clone_keeps_the_kind_of_collection_and_the_form_of_keys(log: Log) -> None:
    x = Tuple({**tuple_of(log, "x").graph, "s": (add, ("x", 0), "!")}, [("x", 0), [("x", 2)], "s"])
    copy = clone(x)
    assert raskt.compute(copy) == (("x0", ("x2",), "x0!"),)
    first, [second], last = copy.keys
    assert first[0] == second[0] != "x"
    assert (first[1:], second[1:]) == ((0,), (2,))
    assert last.startswith("s-")
    assert set(map(str, copy.graph)).isdisjoint(map(str, x.graph))
    one, (two, three) = clone(x, [raskt.delayed(1), raskt.delayed(2)])
    assert raskt.compute(one, two, three) == (("x0", ("x2",), "x0!"), 1, 2)


def test_clone_keeps_length_annotations_and_other_keys() -> None:
    with raskt.annotate(retries=3):
        pair = raskt.delayed(divmod, nout=2)(7, 2)
    copy = clone(pair)
    assert len(copy) == 2
    assert raskt.compute(*copy) == (3, 1)
    assert copy.graph[copy.key].annotations == {"retries": 3}
    odd = clone(raskt.delayed(same)(1, dask_key_name=17))
    assert odd.key != 17
    assert odd.compute() == 1


def test_wait_on_holds_each_value_back_until_all_are_there(log: Log) -> None:
    x, d = tuple_of(log, "x"), log.delayed("d")
    x2, d2 = wait_on(x, d)
    after = log.delayed("after", d2)
    assert raskt.compute(x2, after) == (("x0", "x1", "x2"), "after")
    assert log.entries[-1] == "after"
    assert sorted(log.entries) == ["after", "d", "x0", "x1", "x2"]
    assert d2.key != d.key
    assert wait_on(d).key == wait_on(d).key
    assert raskt.compute(wait_on([x, {"d": d}])) == ([("x0", "x1", "x2"), {"d": "d"}],)


def test_a_collection_that_cannot_be_renamed_says_so(log: Log) -> None:
    class Fixed(Tuple):
        def __raskt_postpersist__(self) -> Any:
            return lambda graph: Fixed(graph, self.keys), ()

    x = Fixed({("x", 0): (same, 1)}, [("x", 0)])
    message = "need Fixed.__raskt_postpersist__ to return a function that takes the keyword rename"
    with pytest.raises(TypeError, match=message):
        clone(x)


def test_an_error_of_a_collection_that_can_be_renamed_is_its_own(log: Log) -> None:
    class Broken(Tuple):
        def __raskt_postpersist__(self) -> Any:
            def rebuild(graph: Any, *, rename: Any = None) -> Any:
                raise TypeError("rename is broken")

            return rebuild, ()

    with pytest.raises(TypeError, match=r"^rename is broken$"):
        clone(Broken({("x", 0): (same, 1)}, [("x", 0)]))


def test_long_chains_are_cloned_and_bound_without_recursion() -> None:
    value = raskt.delayed(same)(0)
    for _ in range(20_000):
        value = raskt.delayed(same)(value)
    assert bind(clone(value), raskt.delayed(same)(1)).compute() == 0


def test_wait_computes_and_returns() -> None:
    ran: list[int] = []
    values = [raskt.delayed(ran.append)(i) for i in range(3)]
    done = raskt.wait(values)
    assert sorted(ran) == [0, 1, 2]
    assert raskt.compute(done) == ([None, None, None],)
    assert len(ran) == 3
    assert raskt.wait(5) == 5
    with pytest.raises(
        ValueError, match="return_when must be 'ALL_COMPLETED' or 'FIRST_COMPLETED', found 'SOME'"
    ):
        raskt.wait(values, return_when="SOME")
