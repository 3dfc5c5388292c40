"""Raw graphs: dictionaries of tasks, and how they are read, run and looked at."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from collections import OrderedDict, namedtuple
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from operator import add, mul
from types import MappingProxyType
from typing import Any

import pytest
import raskt
import raskt.local
import raskt.threaded
from hypothesis import given, settings
from hypothesis import strategies as st
from raskt import Alias, Task, TaskRef
from raskt.core import (
    flatten,
    get_dependencies,
    getcycle,
    isdag,
    ishashable,
    istask,
    quote,
    toposort,
)
from raskt.exceptions import CycleError, GraphError, KeyClashError, MissingKeyError

Pair = namedtuple("Pair", "a b")


@dataclass
class Point:
    x: Any
    y: Any


def inc(x: Any) -> Any:
    return x + 1


def same(x: Any) -> Any:
    return x


def power(base: int, *, exponent: int = 2) -> int:
    return int(base**exponent)


@pytest.fixture(params=[raskt.threaded.get, raskt.local.get_sync], ids=["threads", "sync"])
def get(request: pytest.FixtureRequest) -> Callable[..., Any]:
    function: Callable[..., Any] = request.param
    return function


@pytest.mark.parametrize(
    ("task", "value"),
    [
        ("a", 1),
        ((inc, "a"), 2),
        ((add, "a", ("t", 0)), 11),
        ((add, (inc, "a"), (inc, (inc, "a"))), 5),
        ((add, 5, 6), 11),
        ((same, "not a key"), "not a key"),
        (["a", "z", ("t", 0)], [1, "z", 10]),
        ([(inc, "a"), ["a", [(inc, 5)]]], [2, [1, [6]]]),
        ((sum, ["a", (inc, "a"), 4]), 7),
        ((same, ("a", 3)), (1, 3)),
        ((same, {"a", 3}), {1, 3}),
        ((same, frozenset(["a", 3])), frozenset([1, 3])),
        ((same, Pair("a", 2)), Pair(1, 2)),
        ((same, ()), ()),
        ((same, []), []),
        ((dict, [["one", "a"], ["two", (inc, "a")]]), {"one": 1, "two": 2}),
        # Dask does not look into these either.
        ((same, {"k": "a"}), {"k": "a"}),
        ({"k": "a"}, {"k": "a"}),
        ((same, slice("a", 3)), slice("a", 3)),
        ((list, (1, 2)), [1, 2]),
        ((partial(add, 2), "a"), 3),
        (inc, inc),
        (None, None),
        ("text", "text"),
    ],
    ids=repr,
)
def test_a_tuple_is_read_as_dask_reads_it(get: Any, task: Any, value: Any) -> None:
    found = get({"a": 1, ("t", 0): 10, "x": task}, "x")
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "key", ["s", b"bytes", 7, 1.5, ("t", 0), ("t", ("u", 1)), frozenset([1]), True, None, Pair(1, 2)]
)
def test_any_hashable_object_is_a_key(get: Any, key: Any) -> None:
    assert get({key: 41, "x": (inc, key)}, [key, "x"]) == (41, 42)


def test_values_are_nested_as_the_keys_are(get: Any) -> None:
    dsk = {"a": 1, ("b", 0): 2}
    assert get(dsk, "a") == 1
    assert get(dsk, ["a"]) == (1,)
    assert get(dsk, [["a", ("b", 0)], [], [[("b", 0)]], "a"]) == ((1, 2), (), ((2,),), 1)
    assert get(dsk, []) == ()


def test_keys_that_are_equal_but_not_the_same_object_are_one_task(get: Any) -> None:
    ran = []
    dsk = {("k", 1): (ran.append, 1), "x": [("k", 1), ("k", 1.0), ("k", True)]}
    assert get(dsk, "x") == [None, None, None]
    assert ran == [1]


def test_keys_of_one_hash_and_one_value_are_told_apart(get: Any) -> None:
    assert hash(-1) == hash(-2)
    one = (inc, 0)
    dsk = {-1: one, -2: one, "x": (add, -1, -2), "y": [-2, -1]}
    assert get(dsk, ["x", "y"]) == (2, [1, 1])
    assert len(raskt.graph.convert(dsk, [-1, -2, -1])) == 3


def test_what_is_not_needed_is_neither_run_nor_looked_at(get: Any) -> None:
    class Unusable:
        def __hash__(self) -> int:
            raise AssertionError("looked at")

    dsk = {"a": 1, "b": (inc, "a"), "bad": (Unusable(), Unusable()), "worse": ("bad", TaskRef("missing"))}
    assert get(dsk, "b") == 2


def test_unhashable_arguments_are_literals(get: Any) -> None:
    np = pytest.importorskip("numpy")
    array = np.arange(3)
    assert get({"x": (same, array)}, "x").tolist() == [0, 1, 2]
    assert get({"x": (same, {"u": [1]})}, "x") == {"u": [1]}
    assert get({"x": array, "y": (np.sum, "x")}, "y") == 3


def test_a_delayed_value_in_a_tuple_is_a_literal(get: Any) -> None:
    value = raskt.delayed(inc)(1, dask_key_name="x")
    assert get({"x": 5, "y": (type, value)}, "y") is raskt.Delayed


def test_a_graph_may_be_any_mapping(get: Any) -> None:
    class Lazy(Mapping[str, Any]):
        def __getitem__(self, key: str) -> Any:
            return {"a": 1, "b": (inc, "a")}[key]

        def __iter__(self) -> Iterator[str]:
            return iter("ab")

        def __len__(self) -> int:
            return 2

    for dsk in [Lazy(), OrderedDict(a=1, b=(inc, "a")), MappingProxyType({"a": 1, "b": (inc, "a")})]:
        assert get(dsk, "b") == 2
    with pytest.raises(TypeError, match="a graph is a dictionary of tasks by key, found list"):
        get([("a", 1)], "a")


def test_a_graph_is_not_changed(get: Any) -> None:
    dsk = {"a": [1], "b": (inc, 2), "c": ["a", ("b",), {"b"}]}
    before = copy.deepcopy(dsk)
    get(dsk, ["a", "b", "c"])
    assert dsk == before


# ---- what goes wrong ----


def test_a_missing_key_is_named_with_the_path_to_it(get: Any) -> None:
    with pytest.raises(MissingKeyError, match=r"no task makes the key 'b'") as caught:
        get({"a": 1}, ["a", ["b"]])
    assert isinstance(caught.value, KeyError)
    with pytest.raises(MissingKeyError, match=r"no task makes the key \('a', 'b'\)"):
        get({"a": 1, "b": 2}, ("a", "b"))
    dsk = {"x": (inc, "y"), "y": [Task("y", inc, TaskRef("z"))]}
    with pytest.raises(MissingKeyError, match=r"no task makes the key 'z', needed by 'x' -> 'y'"):
        get(dsk, "x")
    with pytest.raises(MissingKeyError, match=r"no task makes the key 'z', needed by 'x'"):
        get({"x": Alias("x", "z")}, "x")


@pytest.mark.parametrize(
    ("dsk", "path"),
    [
        ({"a": (inc, "a")}, "'a' -> 'a'"),
        ({"a": "a"}, "'a' -> 'a'"),
        ({"a": (inc, "b"), "b": (inc, "a")}, "'a' -> 'b' -> 'a'"),
        (
            {"a": (inc, "b"), "b": ["c"], "c": Task("c", inc, TaskRef("d")), "d": "b"},
            "'b' -> 'c' -> 'd' -> 'b'",
        ),
        ({"a": (inc, ("t", 0)), ("t", 0): (inc, "a")}, r"'a' -> ('t', 0) -> 'a'"),
    ],
)
def test_a_cycle_is_an_error_with_its_keys(get: Any, dsk: Any, path: str) -> None:
    with pytest.raises(CycleError) as caught:
        get(dsk, "a")
    assert str(caught.value) == f"the graph has a cycle: {path}"
    assert isinstance(caught.value, GraphError)
    assert isinstance(caught.value, ValueError)


def test_a_cycle_that_is_not_needed_does_no_harm(get: Any) -> None:
    assert get({"a": (inc, 1), "b": (inc, "c"), "c": (inc, "b")}, "a") == 2


def test_an_unhashable_key_is_named(get: Any) -> None:
    with pytest.raises(TypeError, match=r"a key must be hashable, found dict \{'x': 1\}"):
        get({"a": 1}, {"x": 1})
    with pytest.raises(TypeError, match=r"a key must be hashable, found tuple \('a', \[1\]\)"):
        get({"a": 1}, [["a", ("a", [1])]])
    for make in [
        lambda: Task([1], inc, 1),
        lambda: TaskRef({}),
        lambda: Alias("a", []),
        lambda: Alias([], "a"),
    ]:
        with pytest.raises(TypeError, match="a key must be hashable, found"):
            make()


def test_what_nests_too_deep_or_holds_itself_is_a_recursion_error(get: Any) -> None:
    deep: Any = 1
    for _ in range(2_000):
        deep = [deep]
    with pytest.raises(RecursionError, match="more than 900 deep, or contains itself"):
        get({"x": (same, deep)}, "x")
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(RecursionError, match="contains itself"):
        get({"x": (same, loop)}, "x")
    with pytest.raises(RecursionError, match="contains itself"):
        Task("x", same, loop)


def test_an_error_names_the_key_and_the_function(get: Any) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        get({("x", 0): 0, "y": (divmod, 1, ("x", 0))}, "y")
    assert caught.value.__notes__ == ["raskt: in task y (function divmod)"]


def test_unknown_options_and_schedulers_are_errors(get: Any) -> None:
    with pytest.raises(TypeError, match="unknown option for compute: num_wokers; known are"):
        get({"a": 1}, "a", num_wokers=2)
    with pytest.raises(ValueError, match="num_workers must be a whole number of 1 or more, found 0"):
        raskt.threaded.get({"a": 1}, "a", num_workers=0)
    with pytest.raises(ValueError, match="unknown scheduler 'thread'"):
        raskt.graph.get({"a": 1}, "a", scheduler="thread")


# ---- size ----


def chain(n: int) -> dict[Any, Any]:
    return {("x", 0): 0, **{("x", i): (inc, ("x", i - 1)) for i in range(1, n + 1)}}


def test_a_chain_of_100_000_tasks_runs_and_is_dropped(get: Any) -> None:
    n = 100_000
    dsk = chain(n)
    assert get(dsk, ("x", n)) == n
    tasks = {f"y{i}": Task(f"y{i}", inc, TaskRef(f"y{i - 1}") if i else 0) for i in range(n)}
    assert get(tasks, f"y{n - 1}") == n
    dsk[("x", 0)] = ("x", n)
    with pytest.raises(CycleError):
        get(dsk, ("x", n))


def test_a_wide_graph_runs(get: Any) -> None:
    n = 20_000
    dsk = {"s": 1, **{f"x{i}": (inc, "s") for i in range(n)}, "sum": (sum, [f"x{i}" for i in range(n)])}
    assert get(dsk, "sum") == 2 * n


def test_raw_graphs_run_at_interpreter_start_with_no_library_imported() -> None:
    code = (
        "import sys, raskt; assert raskt.get({'x': 1, 'y': (max, 'x', 5)}, 'y') == 5;"
        "print([m for m in ('numpy', 'pandas', 'cloudpickle', 'inspect', 'asyncio') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert (run.stdout, run.stderr) == ("[]\n", "")


# ---- Task, TaskRef, Alias ----


def test_a_task_shows_what_it_was_made_of() -> None:
    task = Task(("t", 0), power, TaskRef("a"), exponent=TaskRef("b"))
    assert (task.key, task.func, task.args) == (("t", 0), power, (TaskRef("a"),))
    assert task.kwargs == {"exponent": TaskRef("b")}
    assert task.dependencies == frozenset({"a", "b"})
    assert task.annotations == {}
    assert repr(task) == "Task(('t', 0), power, TaskRef('a'), exponent=TaskRef('b'))"
    assert repr(Alias("x", "y")) == "Alias('x', 'y')"
    assert Alias("x", TaskRef("y")).target == "y"
    assert Alias("x", "y").dependencies == frozenset({"y"})


def test_a_task_can_be_called_with_values() -> None:
    assert Task("t", power, TaskRef("a"), exponent=TaskRef("b"))({"a": 2, "b": 5}) == 32
    assert Task("t", add, 1, 2)() == 3
    assert Alias("x", "y")({"y": 3}) == 3
    with pytest.raises(MissingKeyError, match="no task makes the key 'a', needed by 't'"):
        Task("t", inc, TaskRef("a"))()
    with pytest.raises(KeyError, match="'a'"):
        Task("t", inc, TaskRef("a"))({"b": 1})


def test_in_a_task_only_references_are_references(get: Any) -> None:
    dsk = {
        "a": 1,
        "x": Task("x", lambda *args: args, "a", TaskRef("a"), ["a", TaskRef("a")], (inc, "a")),
        "y": Task(
            "y",
            lambda *args, **kwargs: (args, kwargs),
            {"k": TaskRef("a"), TaskRef("a"): "v"},
            slice(TaskRef("a"), None),
            {TaskRef("a")},
            Pair(TaskRef("a"), "a"),
            Point(TaskRef("a"), Task(None, inc, TaskRef("a"))),
            kw=Task(None, power, TaskRef("a"), exponent=3),
        ),
    }
    assert get(dsk, "x") == ("a", 1, ["a", 1], (inc, "a"))
    assert get(dsk, "y") == (({"k": 1, 1: "v"}, slice(1, None), {1}, Pair(1, "a"), Point(1, 2)), {"kw": 1})
    assert dsk["y"].dependencies == frozenset({"a"})


def test_tasks_and_references_work_inside_tuples_too(get: Any) -> None:
    dsk = {
        "a": 1,
        "x": (add, TaskRef("a"), Task(None, power, 3, exponent=TaskRef("a"))),
        "y": (add, Alias(0, "a"), 1),
    }
    assert get(dsk, ["x", "y"]) == (4, 2)
    assert get({"a": 5, "b": TaskRef("a"), "c": Alias("c", "b")}, ["b", "c"]) == (5, 5)


def test_a_task_runs_under_the_key_of_its_place(get: Any) -> None:
    dsk = {"a": Task("other", inc, 1), "b": (inc, "a")}
    assert get(dsk, ["a", "b"]) == (2, 3)
    with pytest.raises(MissingKeyError):
        get(dsk, "other")


def test_tasks_are_equal_when_they_call_the_same() -> None:
    task = Task("t", add, TaskRef("a"), [1, 2])
    assert task == Task("t", add, TaskRef("a"), [1, 2])
    assert hash(task) == hash(Task("t", add, TaskRef("a"), [1, 2]))
    assert task != Task("u", add, TaskRef("a"), [1, 2])
    assert task != Task("t", mul, TaskRef("a"), [1, 2])
    assert task != Task("t", add, TaskRef("b"), [1, 2])
    assert task != Task("t", add, TaskRef("a"), [1, 3])
    assert task != "t"
    assert TaskRef("a") == TaskRef("a") != TaskRef("b")
    assert Alias("a", "b") == Alias("a", "b") != Alias("a", "c")
    assert len({TaskRef("a"), TaskRef("a"), Alias("a", "b"), Alias("a", "b"), task, task}) == 3
    assert raskt.tokenize(task) == raskt.tokenize(Task("t", add, TaskRef("a"), [1, 2]))


def test_tasks_can_be_pickled() -> None:
    with raskt.annotate(retries=2):
        task = Task("t", power, TaskRef("a"), exponent=TaskRef("b")).after(["c"])
    back = pickle.loads(pickle.dumps(task))
    assert back == task
    assert back.dependencies == {"a", "b", "c"}
    assert back.annotations == {"retries": 2}
    assert back({"a": 2, "b": 3, "c": None}) == 8
    for thing in [TaskRef(("a", 0)), Alias("x", "y")]:
        assert pickle.loads(pickle.dumps(thing)) == thing


def test_keys_of_a_task_can_be_substituted(get: Any) -> None:
    task = Task("t", add, TaskRef("a"), TaskRef("b"))
    assert task.substitute({"a": "z"}) == Task("t", add, TaskRef("z"), TaskRef("b"))
    assert task.substitute({"a": "b", "b": "a"}, "u") == Task("u", add, TaskRef("b"), TaskRef("a"))
    assert get({"t": task.substitute({"a": "b"}), "b": 4}, "t") == 8


def test_a_task_can_be_put_after_others() -> None:
    log: list[str] = []
    dsk = {
        "a": Task("a", log.append, "a"),
        "b": Task("b", log.append, "b").after(["c"]),
        "c": Task("c", log.append, "c").after(["a"]),
    }
    raskt.local.get_sync(dsk, ["b"])
    assert log == ["a", "c", "b"]


def test_a_function_that_cannot_be_called_is_an_error() -> None:
    with pytest.raises(TypeError, match="the function of a task must be callable, found int 5"):
        Task("t", 5, 1)  # type: ignore[arg-type]


# ---- delayed values as graphs ----


def test_a_delayed_value_shows_its_graph_and_comes_back_from_it(get: Any) -> None:
    a = raskt.delayed(inc)(1, dask_key_name="a")
    b = raskt.delayed(power)(a, exponent=a, dask_key_name="b")
    c = raskt.delayed(sum)([a, b, {"k": b}["k"]], dask_key_name="c")
    graph = dict(c.__raskt_graph__())
    assert list(graph) == ["a", "b", "c"]
    assert graph["b"] == Task("b", power, TaskRef("a"), exponent=TaskRef("a"))
    assert graph["c"].args == ([TaskRef("a"), TaskRef("b"), TaskRef("b")],)
    assert c.graph.keys() == graph.keys()
    assert get(graph, ["c", "a"]) == (10, 2)
    (back,) = raskt.graph.convert(graph, ["c"])
    assert raskt.compute(back, c, a) == (10, 10, 2)
    graph["a"] = 3
    assert get(graph, "c") == 3 + 27 + 27


def test_attributes_methods_and_items_survive_the_way_through_a_graph(get: Any) -> None:
    text = raskt.delayed("a b c")
    value = text.upper().split(sep=" ")[1:]
    called = raskt.delayed(lambda: inc)()(5)
    point = raskt.delayed(Point(raskt.delayed(1), [raskt.delayed(2)]))
    for delayed, expected in [(value, ["B", "C"]), (called, 6), (point, Point(1, [2]))]:
        graph = dict(delayed.__raskt_graph__())
        assert get(graph, delayed.key) == expected
        again = (
            {key: pickle.loads(pickle.dumps(task)) for key, task in graph.items()}
            if delayed is not called
            else graph
        )
        assert get(again, delayed.key) == expected


def test_two_definitions_of_one_key_are_an_error() -> None:
    a = raskt.delayed(inc)(1, dask_key_name="k")
    b = raskt.delayed(inc)(2, dask_key_name="k")
    same_call = raskt.delayed(inc)(1, dask_key_name="k")
    assert raskt.compute(a, same_call) == (2, 2)
    with pytest.raises(KeyClashError, match="the key 'k' has two different definitions"):
        raskt.compute(a, b)
    with pytest.raises(KeyClashError):
        raskt.compute(raskt.delayed(add)(a, b))
    with pytest.raises(KeyClashError):
        raskt.compute(a, raskt.delayed(power)(1, dask_key_name="k"))


# ---- raskt.core ----


def test_core_helpers_say_what_dask_says() -> None:
    assert [istask(x) for x in [(inc, 1), (inc,), [inc], (), ("a", 1), Task("a", inc, 1), inc]] == [
        True, True, False, False, False, True, False,
    ]  # fmt: skip
    assert [ishashable(x) for x in [1, "a", (1,), [1], {}, ([],)]] == [True, True, True, False, False, False]
    assert list(flatten(["a", ["b", ("c", 1)], [[[]]]])) == ["a", "b", ("c", 1)]
    assert list(flatten([[1, (2,)], 3], container=(list, tuple))) == [1, 2, 3]
    assert list(flatten("abc")) == ["abc"]
    dsk = {"a": 1, "b": (add, "a", ["a", (inc, "c")]), "c": 2, "d": Task("d", inc, TaskRef("b"))}
    assert get_dependencies(dsk, "b") == {"a", "c"}
    assert get_dependencies(dsk, "d", as_list=True) == ["b"]
    assert get_dependencies(dsk, task=(inc, "d")) == {"d"}
    assert get_dependencies(dsk, "a") == set()
    with pytest.raises(KeyError, match="zzz"):
        get_dependencies(dsk, "zzz")


def test_toposort_and_getcycle() -> None:
    dsk = {"c": (add, "a", "b"), "b": (inc, "a"), "a": 1}
    assert toposort(dsk) == ["a", "b", "c"]
    assert (isdag(dsk), getcycle(dsk), getcycle(dsk, "c")) == (True, [], [])
    dsk["a"] = (inc, "c")
    assert getcycle(dsk, ["a"])[0] == getcycle(dsk, ["a"])[-1]
    assert set(getcycle(dsk)) <= {"a", "b", "c"}
    assert not isdag(dsk, "b")
    with pytest.raises(CycleError):
        toposort(dsk)
    n = 20_000
    assert isdag(chain(n))
    long = chain(n) | {("x", 0): ("x", n)}
    assert len(getcycle(long, [("x", n)])) == n + 2


@pytest.mark.parametrize(
    "value",
    [
        "a",
        ["a", "b"],
        (inc, "a"),
        (),
        {"a"},
        Pair("a", 1),
        Task("q", inc, 1),
        TaskRef("a"),
        5,
        None,
        {"a": "a"},
    ],
)
def test_a_quoted_value_is_itself(get: Any, value: Any) -> None:
    dsk = {"a": 1, "b": 2, "x": (same, quote(value)), "y": quote(value), "z": [quote(value)]}
    assert get(dsk, ["x", "y", "z"]) == (value, value, [value])


# ---- against an evaluator ----


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, Any]:
    """Random graphs of ints; task n uses some before it, in every way that there is."""
    dsk: dict[str, Any] = {}
    for n in range(draw(st.integers(1, 12))):
        before = st.sampled_from(sorted(dsk)) if dsk else st.integers(0, 9)
        argument = st.recursive(
            before | st.integers(-5, 5),
            lambda inner: st.one_of(
                st.tuples(st.just(add), inner, inner),
                st.builds(lambda items: (sum, items), st.lists(inner, max_size=3)),
                st.builds(lambda a, b: (max, (a, b)), inner, inner),
            ),
            max_leaves=4,
        )
        dsk[f"k{n}"] = draw(
            st.one_of(
                argument,
                st.tuples(st.just(add), argument, argument),
                st.builds(
                    lambda a, n=n: Task(f"k{n}", add, a if not isinstance(a, str) else TaskRef(a), 1), before
                ),
                st.builds(lambda a, n=n: Alias(f"k{n}", a) if isinstance(a, str) else a, before),
            )
        )
    return dsk


def evaluate(dsk: dict[str, Any], task: Any) -> Any:
    """What a task is worth, by definition."""
    if isinstance(task, Task):
        return task({key: evaluate(dsk, key) for key in task.dependencies})
    if isinstance(task, Alias):
        return evaluate(dsk, task.target)
    if istask(task):
        return task[0](*(evaluate(dsk, arg) for arg in task[1:]))
    if isinstance(task, str):
        return evaluate(dsk, dsk[task])
    if isinstance(task, (list, tuple)):
        return type(task)(evaluate(dsk, item) for item in task)
    return task


@settings(max_examples=150)
@given(graphs())
def test_every_scheduler_equals_the_definition(dsk: dict[str, Any]) -> None:
    expected = tuple(evaluate(dsk, key) for key in dsk)
    assert raskt.threaded.get(dsk, list(dsk)) == expected
    assert raskt.local.get_sync(dsk, list(dsk)) == expected
    roots = raskt.graph.convert(dsk, list(dsk))
    assert tuple(root.compute(scheduler="sync") for root in roots) == expected
    assert toposort(dsk) == sorted(toposort(dsk), key=toposort(dsk).index)
    places = {key: at for at, key in enumerate(toposort(dsk))}
    assert all(places[need] < places[key] for key in dsk for need in get_dependencies(dsk, key))
