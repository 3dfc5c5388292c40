"""Lazy values in containers of every kind arrive computed with the container's type, or are refused."""

from __future__ import annotations

import collections
import functools
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
import raskt
import raskt.array as ra
import raskt.bag as rb
import raskt.dataframe as rd

attrs = pytest.importorskip("attrs")

FRAME = pd.DataFrame({"a": [1, 2, 3]})


class Listed(list):  # type: ignore[type-arg]
    pass


class Odd(dict):  # type: ignore[type-arg]
    """Its constructor cannot be called with items, and it has a lazy attribute."""

    def __init__(self, beside: Any, *, value: Any) -> None:
        super().__init__(k=value)
        self.beside = beside


class Fixed(tuple):  # type: ignore[type-arg]
    def __new__(cls, one: Any, two: Any) -> Fixed:
        return super().__new__(cls, (one, two))


class Group(frozenset):  # type: ignore[type-arg]
    pass


@dataclass
class Late:
    given: int
    found: Any = field(init=False)


@dataclass(frozen=True, slots=True)
class Frozen:
    value: Any


@attrs.define
class Defined:
    value: Any


class Pair(NamedTuple):
    left: Any
    right: int = 1


def named(*args: Any, **kwargs: Any) -> Any:
    return args, kwargs


def late(value: Any) -> Late:
    made = Late(1)
    made.found = value
    return made


def records(value: Any) -> Any:
    made = np.empty(1, dtype=[("a", object), ("b", int)])
    made["a"][0] = value
    return made


#: What makes a container, and what takes the value out of it.
CONTAINERS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "Counter": (lambda v: collections.Counter({"k": v}), lambda c: c["k"]),
    "OrderedDict": (lambda v: collections.OrderedDict(k=v), lambda c: c["k"]),
    "defaultdict": (lambda v: collections.defaultdict(list, k=v), lambda c: c["k"] + len(c["none"])),
    "subclass of list": (lambda v: Listed([v]), lambda c: c[0]),
    "subclass of dict": (lambda v: Odd(v, value=v), lambda c: (c["k"] + c.beside) // 2),
    "subclass of tuple": (lambda v: Fixed(v, 1), lambda c: c[0]),
    "subclass of frozenset": (lambda v: Group([v]), lambda c: next(iter(c))),
    "deque": (lambda v: collections.deque([v], 3), lambda c: c[0] if c.maxlen == 3 else None),
    "ChainMap": (lambda v: collections.ChainMap({}, {"k": v}), lambda c: c["k"]),
    "UserDict": (lambda v: collections.UserDict(k=v), lambda c: c["k"]),
    "mapping proxy": (lambda v: types.MappingProxyType({"k": v}), lambda c: c["k"]),
    "namespace": (lambda v: types.SimpleNamespace(k=v), lambda c: c.k),
    "field that is not given": (late, lambda c: c.found),
    "frozen dataclass with slots": (lambda v: Frozen(v), lambda c: c.value),
    "attrs": (lambda v: Defined(v), lambda c: c.value),
    "named tuple": (lambda v: Pair(v), lambda c: c.left),
    "slice": (lambda v: slice(v, None, 2), lambda c: c.start),
    "partial": (lambda v: functools.partial(named, v), lambda c: c(0)[0][0]),
    "keyword of a partial": (lambda v: functools.partial(named, by=v), lambda c: c(0)[1]["by"]),
    "partial method": (
        lambda v: functools.partialmethod(named, by=v),
        lambda c: c.__get__(0)()[1]["by"],
    ),
    "column of objects": (lambda v: pd.Series([v, "x"], index=[5, 6], name="n"), lambda c: c.loc[5]),
    "frame of objects": (
        lambda v: pd.DataFrame([["x", v], ["y", v]], columns=["a", "a"], index=[5, 6]),
        lambda c: c.iloc[1, 1],
    ),
    "index of objects": (lambda v: pd.Index([v], dtype=object, name="n"), lambda c: c[0]),
    "nested": (lambda v: {"a": [Listed([Odd(0, value=Defined([Pair(v)]))])]}, None),  # type: ignore[dict-item]
    "array of records": (records, lambda c: c["a"][0]),
}
CONTAINERS["nested"] = CONTAINERS["nested"][0], lambda c: c["a"][0][0]["k"].value[0].left

LAZY: dict[str, Callable[[], Any]] = {
    "delayed": lambda: raskt.delayed(abs)(-3),
    "array": lambda: ra.ones(3, chunks=2, dtype=int).sum(),
    "item": lambda: rb.range(3, npartitions=2).sum(),
    "scalar of a frame": lambda: rd.from_pandas(pd.DataFrame({"a": [1, 2]}), 2).a.sum(),
}

Seen = list[Any]


def blocks() -> ra.Array:
    return ra.ones(4, chunks=2)


def frame() -> Any:
    return rd.from_pandas(FRAME, npartitions=2)


CALLS: dict[str, Callable[[Callable[..., Any], Any], Any]] = {
    "map_blocks": lambda f, v: blocks().map_blocks(f, by=v, dtype=float),
    "map_blocks by place": lambda f, v: ra.map_blocks(f, blocks(), [v], dtype=float),
    "map_blocks of a partial": lambda f, v: blocks().map_blocks(functools.partial(f, by=v), dtype=float),
    "blockwise": lambda f, v: ra.blockwise(f, "i", blocks(), "i", by=v, dtype=float),
    "map_overlap": lambda f, v: ra.map_overlap(f, blocks(), depth=1, boundary=0, by=v, dtype=float),
    "apply_gufunc": lambda f, v: ra.apply_gufunc(f, "()->()", blocks(), by=v, output_dtypes=float),
    "gufunc of a partial": lambda f, v: ra.apply_gufunc(
        functools.partial(f, by=v), "()->()", blocks(), output_dtypes=float
    ),
    "apply_along_axis": lambda f, v: ra.apply_along_axis(f, 0, blocks(), dtype=float, shape=(4,), by=v),
    "Bag.map": lambda f, v: rb.range(4, npartitions=2).map(f, by=v),
    "Bag.map of a partial": lambda f, v: rb.range(4, npartitions=2).map(functools.partial(f, by=v)),
    "Bag.map_partitions": lambda f, v: rb.range(4, npartitions=2).map_partitions(f, by=v),
    "delayed": lambda f, v: raskt.delayed(f)(1, by=v),
    "map_partitions": lambda f, v: frame().map_partitions(f, by=v, meta=FRAME.iloc[:0]),
    "map_partitions without meta": lambda f, v: frame().map_partitions(f, v),
    "map_overlap of rows": lambda f, v: frame().map_overlap(f, 1, 0, by=v, meta=FRAME.iloc[:0]),
}


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("call", CALLS)
def test_lazy_values_in_containers_arrive_computed_with_their_type(call: str, container: str) -> None:
    make, take = CONTAINERS[container]
    for kind, lazy in LAZY.items():
        given = make(lazy())
        expected: Any = type(given)
        seen: Seen = []

        def function(block: Any, by: Any = None, seen: Seen = seen) -> Any:
            seen.append(by[0] if type(by) is list else by)
            return block

        CALLS[call](function, given).compute(scheduler="sync")
        assert seen
        assert {type(one) for one in seen} == {expected}, kind
        assert {int(take(one)) for one in seen} == {3}, kind


@pytest.mark.parametrize("container", CONTAINERS)
def test_compute_makes_containers_anew_with_their_type(container: str) -> None:
    make, take = CONTAINERS[container]
    given = make(LAZY["delayed"]())
    (found,) = raskt.compute(given)
    assert type(found) is type(given)
    assert take(found) == 3
    plain = make(3)
    assert raskt.compute(plain, LAZY["delayed"]())[0] is plain or container == "nested"


def test_containers_without_lazy_values_arrive_as_they_are() -> None:
    given = Defined(Listed([Odd(1, value=2)]))
    assert raskt.delayed(lambda x: x)(given).compute(scheduler="sync") is given


def test_a_container_that_holds_itself_is_passed_on_unless_it_holds_lazy_values() -> None:
    parent: Any = Odd(None, value=1)
    parent.beside = Defined(parent)
    assert raskt.delayed(len)(parent).compute() == 1
    parent["more"] = raskt.delayed(1)
    with pytest.raises(RecursionError, match="Odd holds lazy values, and itself"):
        raskt.delayed(len)(parent)


REFUSED: dict[str, Callable[[Any], Any]] = {
    "filter": lambda f: rb.range(4, npartitions=2).filter(f),
    "fold": lambda f: rb.range(4, npartitions=2).fold(f),
    "foldby": lambda f: rb.range(4, npartitions=2).foldby(f, max),
    "reduction": lambda f: rb.range(4, npartitions=2).reduction(f, max),
    "groupby": lambda f: rb.range(4, npartitions=2).groupby(f),
    "reduction of a frame": lambda f: frame().reduction(f, meta=FRAME.iloc[:0]),
    "isin": lambda f: frame().a.isin([LAZY["delayed"]()]),
    "fillna": lambda f: frame().fillna({"a": LAZY["delayed"]()}),
    "an item": lambda f: frame()[LAZY["delayed"]()],
    "query": lambda f: frame().query("a < @n", local_dict={"n": LAZY["delayed"]()}),
    "eval": lambda f: frame().eval("a + @n", local_dict={"n": frame().a.max()}),
    "positional": lambda f: blocks().map_blocks(functools.partial(named, LAZY["delayed"]()), dtype=float),
}


@pytest.mark.parametrize("name", REFUSED)
def test_lazy_values_that_cannot_be_computed_for_a_function_are_refused(name: str) -> None:
    function = functools.partial(named, by=[LAZY["delayed"]()])
    with pytest.raises(NotImplementedError, match=r"there are lazy values in .*compute\(\)"):
        REFUSED[name](function)


def test_lazy_labels_are_not_looked_up_by_what_they_are():
    frame = pd.DataFrame({"a": range(10)})
    three = raskt.delayed(int)(3)
    known = rd.from_pandas(frame, npartitions=2)
    assert known.loc[three:].a.sum().compute() == 42
    assert known.loc[three].a.sum().compute() == 3
    unknown = known.clear_divisions()
    with pytest.raises(NotImplementedError, match="compute"):
        unknown.loc[three:]
    with pytest.raises(NotImplementedError, match="compute"):
        unknown.truncate(before=three)


def test_a_partial_that_holds_lazy_values_is_computed_before_it_is_called() -> None:
    three = LAZY["delayed"]()
    for partial in (functools.partial(divmod, three), functools.partial(max, key=None, default=three)):
        found = raskt.delayed(partial)([2] if partial.keywords else 2)
        assert found.compute() == (2 if partial.keywords else (1, 1))
    with pytest.raises(
        NotImplementedError, match=r"there are lazy values in functools\.partial.*give them to the call"
    ):
        raskt.delayed(functools.partial(divmod, three), nout=2)
