"""The protocol by which other libraries bring collections of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from operator import add
from typing import Any

import pytest
import raskt
from raskt import Task, TaskRef
from raskt.exceptions import KeyClashError

RAN: list[Any] = []


@pytest.fixture(autouse=True)
def _forget() -> None:
    RAN.clear()


def load(n: int) -> int:
    RAN.append(n)
    return n


class Tuple:
    """Some values side by side; nested keys make a nested tuple."""

    def __init__(self, graph: Any, keys: list[Any]) -> None:
        self.graph, self.keys = graph, keys

    def __raskt_graph__(self) -> Any:
        return self.graph

    def __raskt_keys__(self) -> list[Any]:
        return self.keys

    def __raskt_postcompute__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return as_tuple, ()

    def __raskt_postpersist__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return type(self).rebuild, (self.keys,)

    @classmethod
    def rebuild(cls, graph: Any, keys: list[Any], rename: dict[str, str] | None = None) -> Tuple:
        def renamed(key: Any) -> Any:
            if isinstance(key, list):
                return [renamed(item) for item in key]
            names = rename or {}
            return (names.get(key[0], key[0]), *key[1:]) if isinstance(key, tuple) else names.get(key, key)

        return cls(graph, renamed(keys))

    def __raskt_tokenize__(self) -> Any:
        return self.keys


class Optimized(Tuple):
    """As above, with a graph that is looked through before it runs."""

    calls: list[tuple[set[Any], list[Any], dict[str, Any]]]

    @staticmethod
    def __raskt_optimize__(graph: Any, keys: list[Any], **kwargs: Any) -> Any:
        Optimized.calls.append((set(graph), list(keys), kwargs))
        return {key: graph[key] for key in graph if key != "junk"}


def as_tuple(values: Any) -> Any:
    return tuple(as_tuple(value) if isinstance(value, list) else value for value in values)


def shelf(kind: type[Tuple] = Tuple, name: str = "x", n: int = 3) -> Any:
    return kind({(name, i): (load, i) for i in range(n)}, [(name, i) for i in range(n)])


def test_it_is_recognised_by_its_type() -> None:
    assert raskt.is_raskt_collection(shelf())
    assert not raskt.is_raskt_collection(Tuple)
    assert not raskt.is_raskt_collection(Tuple(None, []))
    assert not raskt.is_raskt_collection((1, 2))


@pytest.mark.parametrize("scheduler", ["threads", "sync"])
def test_it_computes_to_what_its_postcompute_makes_of_the_values(scheduler: str) -> None:
    assert raskt.compute(shelf(), scheduler=scheduler) == ((0, 1, 2),)
    nested = Tuple({"a": 1, "b": (add, "a", 1), "c": [(add, "a", "b")]}, ["a", ["b", ["c"]], []])
    assert raskt.compute(nested, scheduler=scheduler) == ((1, (2, ((3,),)), ()),)
    assert raskt.compute({"x": [nested, 7]}, scheduler=scheduler) == ({"x": [(1, (2, ((3,),)), ()), 7]},)


def test_collections_of_all_kinds_compute_together_and_share_tasks() -> None:
    x, y = shelf(), Tuple({"s": (add, ("x", 0), 10), **shelf().graph}, ["s"])
    optimized = shelf(Optimized, name="o")
    Optimized.calls = []
    total = raskt.delayed(sum)(x)
    assert raskt.compute(x, [y, total], optimized, 5, total + 1) == ((0, 1, 2), [(10,), 3], (0, 1, 2), 5, 4)
    assert sorted(RAN) == [0, 0, 1, 1, 2, 2]


def test_it_may_be_an_argument_anywhere_in_a_delayed_call() -> None:
    @dataclass
    class Box:
        inside: Any

    x = shelf()
    assert raskt.delayed(sum)(x).compute() == 3
    found = raskt.delayed(lambda *args, **kwargs: (args, kwargs))([x, {"k": x}], Box(x), kw=(x,)).compute()
    assert found == (([(0, 1, 2), {"k": (0, 1, 2)}], Box((0, 1, 2))), {"kw": ((0, 1, 2),)})
    assert sorted(RAN) == [0, 0, 1, 1, 2, 2]
    assert raskt.delayed(x)[1].compute() == 1
    assert raskt.delayed([x, 1]).compute() == [(0, 1, 2), 1]


def test_persisted_it_holds_values() -> None:
    (kept,) = raskt.persist(shelf())
    assert kept.graph == {("x", 0): 0, ("x", 1): 1, ("x", 2): 2}
    RAN.clear()
    assert raskt.compute(kept) == ((0, 1, 2),)
    assert RAN == []
    more = Tuple({**kept.graph, "s": (sum, [("x", i) for i in range(3)])}, ["s"])
    assert raskt.compute(more, kept) == ((3,), (0, 1, 2))
    nested = Tuple({"a": 1, "b": (add, "a", 1)}, ["a", ["b"]])
    again, value, rest = raskt.persist(nested, [raskt.delayed(add)(1, 2)], 7)
    assert raskt.compute(again, value, rest) == ((1, (2,)), [3], 7)


@pytest.mark.parametrize(
    "value",
    [("a", 0), "a", ["a", "b"], (add, 1, 2), {"a"}, TaskRef("a"), [TaskRef("a")], Task("q", add, 1, 2)],
)
def test_persisted_values_that_look_like_tasks_are_values(value: Any) -> None:
    class Flat(Tuple):
        def __raskt_postcompute__(self) -> Any:
            return list, ()

    (kept,) = raskt.persist(Flat({"a": 5, "b": (lambda: value,)}, ["a", "b"]))
    assert raskt.compute(kept) == ([5, value],)


def test_optimize_is_asked_once_for_all_collections_of_a_kind() -> None:
    Optimized.calls = []
    x, y = (
        shelf(Optimized),
        Optimized({("y", 0): (add, ("x", 0), 5), **shelf().graph, "junk": (load, "junk")}, [("y", 0)]),
    )
    assert raskt.compute(x, y, shelf(name="z")) == ((0, 1, 2), (5,), (0, 1, 2))
    assert Optimized.calls == [
        ({("x", 0), ("x", 1), ("x", 2), ("y", 0), "junk"}, [("x", 0), ("x", 1), ("x", 2), ("y", 0)], {})
    ]
    Optimized.calls = []
    assert raskt.compute(x, y, optimize_graph=False) == ((0, 1, 2), (5,))
    assert Optimized.calls == []


def test_optimize_returns_collections_with_their_graphs_optimised() -> None:
    Optimized.calls = []
    x = Optimized({**shelf().graph, "junk": (load, "junk")}, [("x", 0)])
    total = raskt.delayed(sum)(x)
    made, same, rest = raskt.optimize(x, {"d": total}, 5, level=3)
    assert "junk" not in made.graph
    assert Optimized.calls[-1][2] == {"level": 3}
    assert raskt.compute(made, same, rest) == ((0,), {"d": 0}, 5)
    plain = shelf()
    assert raskt.compute(raskt.optimize(plain)[0]) == ((0, 1, 2),)


def test_its_scheduler_is_used_where_nobody_says_anything() -> None:
    used: list[str] = []

    def get(dsk: Any, keys: Any, **kwargs: Any) -> Any:
        used.append("mine")
        return raskt.get(dsk, keys, **kwargs)

    class Mine(Tuple):
        __raskt_scheduler__ = staticmethod(get)

    assert raskt.compute(shelf(Mine)) == ((0, 1, 2),)
    assert used == ["mine"]
    assert raskt.compute(shelf(Mine), scheduler="threads") == ((0, 1, 2),)
    with raskt.config.set(scheduler="sync"):
        assert raskt.compute(shelf(Mine)) == ((0, 1, 2),)
    assert used == ["mine"]
    assert raskt.get_scheduler(collections=[shelf(Mine)]) is get
    assert raskt.get_scheduler(cls=Mine) is get
    assert raskt.get_scheduler(collections=[shelf()]) is None


def test_its_token_is_made_of_what_it_says() -> None:
    assert raskt.tokenize(shelf()) == raskt.tokenize(shelf())
    assert raskt.tokenize(shelf()) != raskt.tokenize(shelf(n=2))
    pure = raskt.delayed(sum, pure=True)
    assert pure(shelf()).key == pure(shelf()).key != pure(shelf(n=2)).key


def test_one_key_with_two_definitions_is_an_error() -> None:
    x, y = Tuple({"k": (add, 1, 2)}, ["k"]), Tuple({"k": (add, 1, 3)}, ["k"])
    with pytest.raises(KeyClashError, match="the key 'k' has two different definitions"):
        raskt.compute(x, y)
    Optimized.calls = []
    with pytest.raises(KeyClashError, match="the key 'k' has two different definitions"):
        raskt.compute(Optimized(x.graph, ["k"]), Optimized(y.graph, ["k"]))
    assert raskt.compute(x, Tuple({"k": (add, 1, 2)}, ["k"])) == ((3,), (3,))
    with pytest.raises(KeyClashError):
        raskt.compute(x, raskt.delayed(add)(1, 3, dask_key_name="k"))


def test_a_lost_key_is_named() -> None:
    with pytest.raises(KeyError, match=r"no task makes the key \('x', 3\)"):
        raskt.compute(Tuple(shelf().graph, [("x", 3)]))


def test_unpack_collections_finds_it_and_puts_values_in_its_place() -> None:
    x, d = shelf(), raskt.delayed(1)
    found, repack = raskt.unpack_collections([x, {"d": d}], x, (1, {2}))
    assert len(found) == 2
    assert found[0] is x
    assert found[1] is d
    assert repack(["X", "D"]) == (["X", {"d": "D"}], "X", (1, {2}))
    assert raskt.unpack_collections([x], traverse=False)[0] == []
    assert raskt.unpack_collections(1, "a")[0] == []
