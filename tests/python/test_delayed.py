"""delayed functions and values: what users type to make a graph."""

from __future__ import annotations

import copy
import gc
import itertools
import operator
import pickle
import weakref
from collections import namedtuple
from dataclasses import dataclass, field
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
import raskt
from hypothesis import given, settings
from hypothesis import strategies as st
from raskt import delayed
from raskt.delayed import Delayed
from raskt.exceptions import KeyClashError

Pair = namedtuple("Pair", "a b")


def inc(x: Any) -> Any:
    return x + 1


def add(x: Any, y: Any = 0) -> Any:
    return x + y


def same(*args: Any, **kwargs: Any) -> Any:
    return (args, kwargs) if kwargs else args


def of(value: Any) -> Any:
    """What a value that is not to be traversed is: the only argument."""
    return value


class Counter:
    def __init__(self, n: int = 0) -> None:
        self.n = n

    def up(self, by: int = 1, *, times: int = 1) -> Counter:
        return Counter(self.n + by * times)

    def __matmul__(self, other: Any) -> str:
        return f"{self.n}@{other}"

    def __rmatmul__(self, other: Any) -> str:
        return f"{other}@{self.n}"


# ---- making ----


def test_a_function_can_be_wrapped_in_three_ways() -> None:
    @delayed
    def one(x: int) -> int:
        """Doc."""
        return x + 1

    @delayed(pure=True)
    def two(x: int) -> int:
        return x + 2

    three = delayed(inc)
    assert (one(1).compute(), two(1).compute(), three(1).compute()) == (2, 3, 2)
    assert all(isinstance(x, Delayed) for x in [one, one(1), two, three])
    assert three.__wrapped__ is inc
    assert delayed(three) is three
    assert three.compute() is inc


@pytest.mark.parametrize("scheduler", ["threads", "sync"])
def test_a_loop_of_calls_is_a_graph(scheduler: str) -> None:
    numbers = [delayed(inc)(i) for i in range(100)]
    pairs = [delayed(add)(a, y=b) for a, b in zip(numbers[::2], numbers[1::2], strict=True)]
    assert delayed(sum)(pairs).compute(scheduler=scheduler) == sum(range(1, 101))
    assert raskt.compute(*pairs[:2], scheduler=scheduler) == (3, 7)


def test_callables_of_every_kind_can_be_wrapped() -> None:
    counter = Counter(5)
    for function, args, value in [
        (len, ([1, 2],), 2),
        (lambda x: x * 2, (4,), 8),
        (partial(add, 3), (4,), 7),
        (counter.up, (2,), 7),
        (int, ("7",), 7),
        (operator.itemgetter(1), ("ab",), "b"),
        (staticmethod(inc), (1,), 2),
    ]:
        found = delayed(function)(*args).compute()
        assert getattr(found, "n", found) == value


def test_a_delayed_function_in_a_class_is_a_method() -> None:
    class Model:
        def __init__(self, n: int) -> None:
            self.n = n

        @delayed
        def scaled(self, x: int) -> int:
            return self.n * x

    assert Model(3).scaled(5).compute() == 15
    assert Model.scaled(Model(2), 5).compute() == 10


def test_a_value_can_be_wrapped() -> None:
    for value in [1, None, "text", [1, 2], {"a": 1}, (1,), {1}, 1.5, b"x"]:
        wrapped = delayed(value)
        assert isinstance(wrapped, Delayed)
        assert wrapped.compute() == value
        assert type(wrapped.compute()) is type(value)
    thing = Counter()
    assert delayed(thing).compute() is thing
    assert delayed([delayed(inc)(1), {"k": delayed(inc)(2)}]).compute() == [2, {"k": 3}]


@dataclass
class Plain:
    a: Any
    b: Any = 0


@dataclass(frozen=True)
class Frozen:
    a: Any
    cached: Any = field(default=None, init=False)


@dataclass
class Slotted:
    __slots__ = ("a", "b")
    a: Any
    b: Any


def test_delayed_values_are_found_inside_containers() -> None:
    x = delayed(inc)(1)
    for argument, value in [
        ([x, [x]], [2, [2]]),
        ((x, (x,)), (2, (2,))),
        ({"a": x, x: "k", "deep": {"b": [x]}}, {"a": 2, 2: "k", "deep": {"b": [2]}}),
        ({x, 5}, {2, 5}),
        (frozenset([x]), frozenset([2])),
        (slice(x, None, x), slice(2, None, 2)),
        (Pair(x, [x]), Pair(2, [2])),
        (Plain(x, [x]), Plain(2, [2])),
        (Slotted(1, x), Slotted(1, 2)),
    ]:
        found = delayed(of)(argument).compute()
        assert found == value
        assert type(found) is type(value)
        assert delayed(same)(1, k=argument).compute() == ((1,), {"k": value})
    assert delayed(of)(Frozen(x)).compute().a == 2


def test_containers_without_delayed_values_are_passed_as_they_are() -> None:
    for argument in [(1,), Plain(1), Pair(1, 2), slice(1), Counter()]:
        assert delayed(of)(argument).compute() is argument
    for argument in [[1], {"a": 1}, {1}, [(1,)]]:
        assert delayed(of)(argument).compute() == argument
        assert delayed(of, traverse=False)(argument).compute() is argument
    original = Plain(delayed(inc)(1))
    delayed(of)(original).compute()
    assert isinstance(original.a, Delayed)


def test_traverse_false_leaves_containers_alone() -> None:
    x = delayed(inc)(1)
    (inner,) = delayed(of, traverse=False)([x]).compute()
    assert inner is x
    assert delayed(of, traverse=False)(x).compute() == 2
    assert delayed([x], traverse=False).compute()[0] is x


def test_a_container_that_holds_itself_or_nests_too_deep_is_an_error() -> None:
    loop: list[Any] = []
    loop.append(loop)
    deep: Any = delayed(1)
    for _ in range(2_000):
        deep = [deep]
    for argument in [loop, deep]:
        with pytest.raises(RecursionError, match="nests containers more than 900 deep, or contains itself"):
            delayed(of)(argument)
    assert delayed(of, traverse=False)(loop).compute() is loop


# ---- keys ----


def test_keys_are_unique_and_begin_with_the_functions_name() -> None:
    a, b = delayed(inc)(1), delayed(inc)(1)
    assert a.key != b.key
    assert a.key == a.key
    assert a.key.startswith("inc-")
    assert delayed(lambda x: x)(1).key.startswith("lambda-")
    assert delayed(partial(inc))(1).key.startswith("inc-")
    assert repr(a) == f"Delayed({a.key!r})"
    assert hash(a) == hash(a.key)
    assert len({a, b, a}) == 2


@pytest.mark.parametrize("keyword", ["dask_key_name", "raskt_key_name"])
@pytest.mark.parametrize("key", ["mine", ("mine", 0), 7])
def test_a_call_can_be_given_a_key(keyword: str, key: Any) -> None:
    value = delayed(same)(1, **{keyword: key})
    assert value.key == key
    assert value.compute() == (1,)
    with pytest.raises(TypeError, match=r"a key must be hashable, found list \['mine'\]"):
        delayed(inc)(1, **{keyword: ["mine"]})


def test_name_is_the_key_of_a_value_and_begins_those_of_calls() -> None:
    assert delayed(5, name="five").key == "five"
    assert delayed(inc, name="up").key == "up"
    assert delayed(inc, name="up")(1).key.startswith("up-")
    with pytest.raises(TypeError, match="unhashable"):
        delayed(5, name=[])


def test_pure_calls_have_keys_of_their_content() -> None:
    pure = delayed(inc, pure=True)
    assert pure(1).key == pure(1).key
    assert len({pure(1).key, pure(2).key, pure(1.0).key, pure(True).key, delayed(add, pure=True)(1).key}) == 5
    assert delayed(inc)(1, pure=True).key == pure(1).key
    assert pure(1, pure=False).key != pure(1).key
    assert delayed([1, 2], pure=True).key == delayed([1, 2], pure=True).key
    assert delayed([1, 2]).key != delayed([1, 2]).key
    ran: list[int] = []

    @delayed(pure=True)
    def once(x: int) -> int:
        ran.append(x)
        return x

    assert raskt.compute(once(1), once(1), once(2)) == (1, 1, 2)
    assert sorted(ran) == [1, 2]
    assert raskt.delayed(add, pure=True)(once(1), 1).key == raskt.delayed(add, pure=True)(once(1), 1).key


def test_the_configuration_says_what_is_pure_unless_the_call_does() -> None:
    with raskt.config.set({"delayed.pure": True}):
        up = delayed(inc)
        assert up(1).key == up(1).key
        assert delayed([1]).key == delayed([1]).key
        assert delayed(inc, pure=False)(1).key != delayed(inc, pure=False)(1).key
    assert delayed(inc)(1).key != delayed(inc)(1).key


def test_one_key_with_two_definitions_is_an_error() -> None:
    a, b = delayed(inc)(1, dask_key_name="k"), delayed(inc)(5, dask_key_name="k")
    with pytest.raises(KeyClashError, match="the key 'k' has two different definitions"):
        raskt.compute(a, b)
    assert raskt.compute(a, delayed(inc)(1, dask_key_name="k")) == (2, 2)


# ---- operators, attributes, items ----

BINARY = ["add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "lshift", "rshift", "and_", "or_", "xor"]
COMPARISONS = ["lt", "le", "eq", "ne", "gt", "ge"]


@pytest.mark.parametrize("name", BINARY + COMPARISONS)
def test_binary_operators_are_delayed_from_both_sides(name: str) -> None:
    function = getattr(operator, name)
    x, y = delayed(13), delayed(3)
    for made, value in [
        (function(x, y), function(13, 3)),
        (function(x, 3), function(13, 3)),
        (function(13, y), function(13, 3)),
        (function(x, x), function(13, 13)),
    ]:
        assert isinstance(made, Delayed)
        assert made.compute() == value


def test_other_operators_are_delayed() -> None:
    x = delayed(-7)
    assert raskt.compute(-x, +x, abs(x), ~x) == (7, -7, 7, 6)
    counter = delayed(Counter(2))
    assert raskt.compute(counter @ 5, 5 @ counter) == ("2@5", "5@2")
    assert raskt.compute(pow(delayed(2), 5), pow(2, delayed(5))) == (32, 32)
    with pytest.raises(TypeError, match=r"pow\(\) of a Delayed object takes no modulus"):
        pow(delayed(2), 5, 3)


def test_attributes_methods_and_items_are_delayed() -> None:
    counter = delayed(Counter)(5)
    assert counter.n.compute() == 5
    assert counter.up().n.compute() == 6
    assert counter.up(2, times=delayed(3)).n.compute() == 11
    assert delayed("a,b").split(",")[-1].upper().compute() == "B"
    assert delayed([1, 2, 3])[delayed(1)].compute() == 2
    assert delayed([1, 2, 3])[1:].compute() == [2, 3]
    assert delayed([1, 2, 3])[: delayed(2)].compute() == [1, 2]
    assert delayed({"a": {"b": 5}})["a"]["b"].compute() == 5
    assert delayed(SimpleNamespace(inner=SimpleNamespace(x=1))).inner.x.compute() == 1
    assert delayed(lambda: inc)()(5).compute() == 6
    assert counter.up(dask_key_name="named").key == "named"


def test_names_that_python_asks_for_are_not_delayed() -> None:
    value = delayed(Counter)(5)
    for name in ["_private", "__array__", "__len_hint__", "_repr_latex_"]:
        with pytest.raises(AttributeError, match=name):
            getattr(value, name)
    assert not hasattr(value, "__array_interface__")


def test_delayed_objects_cannot_be_changed() -> None:
    value = delayed(Counter)(5)
    with pytest.raises(TypeError, match="Delayed objects are immutable: cannot set n"):
        value.n = 6
    with pytest.raises(TypeError, match="Delayed objects are immutable"):
        value["n"] = 6


def test_the_truth_of_a_delayed_value_is_not_known() -> None:
    for question in [lambda: bool(delayed(1)), lambda: 1 if delayed(1) == 1 else 0, lambda: not delayed(0)]:
        with pytest.raises(
            TypeError, match="the truth value of a Delayed object is not known before it is computed"
        ):
            question()
    with pytest.raises(TypeError):
        delayed(1) in [delayed(2)]  # noqa: B015


def test_a_delayed_value_is_iterable_only_if_its_length_is_said() -> None:
    quotient, remainder = delayed(divmod, nout=2)(7, 2)
    assert raskt.compute(quotient, remainder) == (3, 1)
    assert len(delayed(divmod, nout=2)(7, 2)) == 2
    assert list(delayed(same, nout=0)()) == []
    assert [x.compute() for x in delayed([1, 2], nout=2)] == [1, 2]
    with pytest.raises(TypeError, match="Delayed objects of unspecified length are not iterable"):
        list(delayed(divmod)(7, 2))
    with pytest.raises(TypeError, match="Delayed objects of unspecified length have no len"):
        len(delayed(divmod)(7, 2))
    for nout in [-1, True, "2", 1.5]:
        with pytest.raises(ValueError, match="nout must be None or a whole number of 0 or more, found"):
            delayed(divmod, nout=nout)


def test_a_length_that_was_wrong_is_an_error_of_the_value() -> None:
    with pytest.raises(IndexError):
        raskt.compute(*delayed(divmod, nout=3)(7, 2))


# ---- copies ----


def test_delayed_values_are_pickled_with_their_graph() -> None:
    x = delayed(inc)(1, dask_key_name="x")
    y = delayed(same)([x, {"k": Plain(x)}], k=x)
    a, b = pickle.loads(pickle.dumps(delayed(divmod, nout=2)(x, 2)))
    back = pickle.loads(pickle.dumps(y))
    assert back.key == y.key
    assert raskt.compute(back, y) == ((([2, {"k": Plain(2)}],), {"k": 2}),) * 2
    assert raskt.compute(a, b) == (1, 0)
    function = pickle.loads(pickle.dumps(delayed(inc, pure=True, nout=1)))
    assert function(1).key == delayed(inc, pure=True)(1).key
    assert len(function(1)) == 1


def test_a_copy_is_the_same_value() -> None:
    x = delayed(inc)(1)
    for copied in [copy.copy(x), copy.deepcopy(x)]:
        assert copied.key == x.key
        assert raskt.compute(copied, x) == (2, 2)


def test_shared_parts_stay_shared_in_a_pickle() -> None:
    shared = delayed(pickled_step)(0)
    both = pickle.loads(pickle.dumps(delayed(add)(shared, shared)))
    STEPS.clear()
    assert both.compute() == 0
    assert STEPS == [0]


STEPS: list[int] = []


def pickled_step(x: int) -> int:
    STEPS.append(x)
    return x


# ---- size, and letting go ----


def chain(n: int) -> Any:
    value = delayed(inc)(0)
    for _ in range(n - 1):
        value = delayed(inc)(value)
    return value


@pytest.mark.parametrize("scheduler", ["threads", "sync"])
def test_a_chain_of_100_000_tasks_is_built_tokenised_pickled_run_and_dropped(scheduler: str) -> None:
    n = 100_000
    value = chain(n)
    assert value.compute(scheduler=scheduler) == n
    assert raskt.tokenize(value) == raskt.tokenize(value)
    back = pickle.loads(pickle.dumps(value))
    assert back.compute(scheduler=scheduler) == n
    assert len(value.graph) == n
    del value, back
    gc.collect()


def test_operators_make_long_chains_too() -> None:
    value: Any = delayed(0)
    for _ in range(20_000):
        value = value + 1
    assert value.compute() == 20_000


class Tracked:
    """Something whose end can be seen."""


def test_arguments_and_results_are_let_go_with_their_delayed_values() -> None:
    thing, result = Tracked(), []

    def make(_: Any) -> Tracked:
        made = Tracked()
        result.append(weakref.ref(made))
        return made

    seen = weakref.ref(thing)
    value = delayed(make)(thing)
    kept = delayed(of)(value)
    out = kept.compute()
    assert result[0]() is out
    del out
    gc.collect()
    assert result[0]() is None
    assert seen() is thing
    del thing, value, kept
    gc.collect()
    assert seen() is None


def test_intermediate_results_are_let_go_as_soon_as_nobody_needs_them() -> None:
    made: list[weakref.ref[Tracked]] = []
    alive: list[int] = []

    def make(_: Any) -> Tracked:
        alive.append(sum(ref() is not None for ref in made))
        thing = Tracked()
        made.append(weakref.ref(thing))
        return thing

    value = delayed(make)(0)
    for _ in range(50):
        value = delayed(make)(value)
    value.compute(scheduler="sync")
    assert max(alive) <= 1


# ---- against plain Python ----


@st.composite
def programs(draw: st.DrawFn) -> list[tuple[Any, ...]]:
    """Straight-line programs: each step uses earlier steps by number."""
    steps: list[tuple[Any, ...]] = [("value", draw(st.integers(-9, 9)))]
    for n in range(draw(st.integers(1, 14))):
        one = st.integers(0, n)
        steps.append(
            draw(
                st.one_of(
                    st.tuples(st.just("value"), st.integers(-9, 9)),
                    st.tuples(
                        st.sampled_from(["add", "sub", "mul", "and_", "or_", "xor", "lt", "eq"]), one, one
                    ),
                    st.tuples(st.just("reflected"), one, st.integers(-9, 9)),
                    st.tuples(st.sampled_from(["neg", "abs", "invert"]), one),
                    st.tuples(st.just("call"), one, one),
                    st.tuples(st.just("pure"), one, one),
                    st.tuples(st.just("sum"), st.lists(one, max_size=4)),
                    st.tuples(st.just("nested"), one, one, one),
                    st.tuples(st.just("item"), one, one, st.integers(0, 1)),
                    st.tuples(st.just("method"), one),
                    st.tuples(st.just("attribute"), one),
                )
            )
        )
    return steps


def dig(box: Any, *, extra: Any) -> Any:
    return box["a"][0] + box["b"].a * 2 + extra[0]


def run_step(step: tuple[Any, ...], done: list[Any], call: Any) -> Any:
    kind, rest = step[0], step[1:]
    if kind == "value":
        return call("wrap")(rest[0])
    if kind == "reflected":
        return rest[1] - done[rest[0]]
    if kind in ("neg", "abs", "invert"):
        return getattr(operator, kind)(done[rest[0]])
    if kind == "call":
        return call("function")(add)(done[rest[0]], y=done[rest[1]])
    if kind == "pure":
        return call("pure")(add)(done[rest[0]], done[rest[1]])
    if kind == "sum":
        return call("function")(sum)([done[at] for at in rest[0]])
    if kind == "nested":
        a, b, c = (done[at] for at in rest)
        return call("function")(dig)({"a": [a], "b": Plain(b)}, extra=(c,))
    if kind == "item":
        return call("function")(same)(done[rest[0]], done[rest[1]])[rest[2]]
    if kind == "method":
        return done[rest[0]].bit_length()
    if kind == "attribute":
        return done[rest[0]].numerator
    return getattr(operator, kind)(done[rest[0]], done[rest[1]])


def plain(kind: str) -> Any:
    return of


def lazy(kind: str) -> Any:
    return {"wrap": delayed, "function": delayed, "pure": partial(delayed, pure=True)}[kind]


@settings(max_examples=200)
@given(programs())
def test_a_random_program_gives_what_plain_python_gives(steps: list[tuple[Any, ...]]) -> None:
    expected: list[Any] = []
    made: list[Any] = []
    for step in steps:
        expected.append(run_step(step, expected, plain))
        made.append(run_step(step, made, lazy))
    assert raskt.compute(made)[0] == expected
    assert raskt.compute(made, scheduler="sync")[0] == expected
    assert made[-1].compute() == expected[-1]
    assert pickle.loads(pickle.dumps(made[-1])).compute() == expected[-1]


def first_three(items: Any) -> list[Any]:
    return list(itertools.islice(items, 3))


def endless() -> Any:
    yield from itertools.count(5)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: itertools.count(5), [5, 6, 7]),
        (endless, [5, 6, 7]),
        (lambda: map(str, [1, 2, 3, 4]), ["1", "2", "3"]),
        (lambda: iter([1, 2, 3, 4]), [1, 2, 3]),
        (lambda: reversed([1, 2, 3, 4]), [4, 3, 2]),
        (lambda: iter({1: 2}.items()), [(1, 2)]),
        (lambda: range(10**12), [0, 1, 2]),
    ],
)
@pytest.mark.parametrize("pure", [False, True])
def test_iterators_among_arguments_are_not_consumed(make: Any, expected: list[Any], pure: bool) -> None:
    it = make()
    value = delayed(first_three, pure=pure)(it)
    assert value.compute(scheduler="sync") == expected
    assert delayed(lambda items, _: first_three(items[0]))([make()], delayed(inc)(1)).compute() == expected


def test_iterators_of_delayed_values_give_their_values() -> None:
    seven = delayed(abs)(-7)
    it = iter([seven, 1, seven])
    next(it)
    assert delayed(first_three)(it).compute() == [1, 7]
    assert next(it) == 1
    assert delayed(first_three)(iter((seven, seven))).compute() == [7, 7]
    assert delayed(first_three)(reversed([1, seven])).compute() == [7, 1]
    assert delayed(first_three)(iter({seven})).compute() == [7]
    assert delayed(first_three)(iter({1: seven}.values())).compute() == [7]
    assert delayed(sum)({1: seven}.values()).compute() == 7
    assert delayed(dict)({1: seven}.items()).compute() == {1: 7}
    assert delayed(list)({seven: 1}.keys()).compute() == [7]
