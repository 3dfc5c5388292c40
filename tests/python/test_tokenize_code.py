"""Tokens of functions, classes and objects: what they do and consist of, not where they are."""

from __future__ import annotations

import collections
import copy
import dataclasses
import enum
import functools
import io
import itertools
import os
import random
import re
import sys
import textwrap
import threading
import types

import pytest
from raskt.tokenize import TokenizationError, tokenize

sure = functools.partial(tokenize, ensure_deterministic=True)


# ---- functions ----


def make(source, name="f", **env):
    """A function of the main program, as a notebook's cell would define it."""
    scope = {"__name__": "__main__", "__builtins__": __builtins__, **env}
    exec(textwrap.dedent(source), scope)
    return scope[name]


def test_functions_are_named_by_what_they_do():
    one = make("def f(x): return x + 1")
    same = make("\n\n\n# elsewhere\ndef f(x):\n    return x + 1")
    assert sure(one) == sure(same)
    others = [
        "def f(x): return x + 2",
        "def f(x): return x + 1.0",
        "def f(x): return x - 1",
        "def f(y): return y + 1",
        "def f(x, y=0): return x + 1",
        "def f(x, y=1): return x + 1",
        "def f(x, *, y=1): return x + 1",
        "def f(x, /): return x + 1",
        "async def f(x): return x + 1",
        "def f(x): yield x + 1",
        "f = lambda x: x + 1",
        "def f(x):\n    def g(): return 1\n    return x + 1",
        "def f(x):\n    def g(): return 2\n    return x + 1",
        "def f(x): return x in {1, 2, 'a', 'b'}",
        "def f(x): return x in {1, 2, 'a', 'c'}",
    ]
    tokens = [sure(one), *(sure(make(source)) for source in others)]
    assert len(set(tokens)) == len(tokens)


def test_annotations_do_not_count():
    assert sure(make("def f(x): return x")) == sure(make("def f(x: int) -> int: return x"))


def test_closures_count():
    def outer(n):
        return lambda x: x + n

    assert sure(outer(1)) == sure(outer(1)) != sure(outer(2))
    assert sure(outer(1)) != sure(outer(1.0))


def test_an_empty_cell_and_an_inner_function_that_calls_itself_have_tokens():
    def outer(full):
        if full:
            late = 1
        return lambda: late

    assert sure(outer(True)) != sure(outer(False)) == sure(outer(False))

    def recursive(n):
        def inner(x):
            return inner(x - n) if x else n

        return inner

    assert sure(recursive(1)) == sure(recursive(1)) != sure(recursive(2))


def test_globals_that_a_function_reads_count_and_others_do_not():
    source = "def f(x): return x + limit"
    assert sure(make(source, limit=1)) == sure(make(source, limit=1, other=2))
    assert sure(make(source, limit=1)) != sure(make(source, limit=2))
    attribute = "def f(x): return x.limit"
    assert sure(make(attribute, limit=1)) == sure(make(attribute, limit=threading.Lock()))


def test_globals_count_in_nested_code_and_through_functions():
    nested = "def f(x):\n    class C:\n        y = limit\n    return [z + limit for z in x]"
    assert sure(make(nested, limit=1)) != sure(make(nested, limit=2))
    through = "def g(x): return x + limit\ndef f(x): return g(x)"
    assert sure(make(through, limit=1)) == sure(make(through, limit=1)) != sure(make(through, limit=2))


def test_more_globals_than_one_byte_can_number_are_told_apart():
    names = [f"v{i}" for i in range(300)]
    source = "def f(): return [" + ", ".join(names) + "]"
    values_of = dict.fromkeys(names, 0)
    assert sure(make(source, **values_of)) != sure(make(source, **{**values_of, "v299": 1}))


def test_recursive_and_mutually_recursive_functions_have_tokens():
    fact = "def f(n): return 1 if n < 2 else n * f(n - 1)"
    assert sure(make(fact)) == sure(make(fact)) != sure(make(fact.replace("n * f", "n + f")))
    pair = "def f(n): return n == 0 or g(n - 1)\ndef g(n): return n != 0 and f(n - 1)"
    assert sure(make(pair)) == sure(make(pair)) != sure(make(pair.replace("!= 0", "> 0")))
    assert sure(make(pair)) != sure(make(pair, "g"))


def test_many_functions_that_all_call_each_other_take_linear_time():
    names = [f"f{i}" for i in range(60)]
    source = "\n".join(f"def {n}(x): return [{', '.join(names)}, {i}]" for i, n in enumerate(names))
    assert sure(make(source, "f0")) == sure(make(source, "f0")) != sure(make(source, "f1"))
    table = "\n".join(f"def {n}(x): return table, {i}" for i, n in enumerate(names))
    table += "\ntable = {" + ", ".join(f"{n!r}: {n}" for n in names) + "}"
    assert sure(make(table, "f0")) == sure(make(table, "f0")) != sure(make(table, "f1"))


def test_attributes_of_functions_count():
    one, two = make("def f(x): return x"), make("def f(x): return x")
    two.option = 3
    assert sure(one) != sure(two)


def test_a_changed_function_has_another_token():
    function = make("def f(x, y=1): return x")
    before = sure(function)
    function.__defaults__ = (2,)
    changed = sure(function)
    function.__code__ = make("def f(x, y=1): return y").__code__
    assert len({before, changed, sure(function)}) == 3


def test_installed_functions_are_remembered_until_they_are_changed(monkeypatch):
    before = sure(textwrap.indent)
    assert sure(textwrap.indent) == before != sure(textwrap.dedent)
    monkeypatch.setattr(textwrap.indent, "__defaults__", (lambda line: True,))
    assert sure(textwrap.indent) != before


def test_functions_of_libraries_with_locks_or_sentinels_have_tokens():
    assert sure(threading.settrace) == sure(threading.settrace)
    for function in (
        getattr,
        print,
        "a".join,
        math_sin(),
        functools.reduce,
        re.sub,
        collections.namedtuple,
        copy.deepcopy,
    ):
        assert sure(function) == sure(function)


def math_sin():
    import math

    return math.sin


def test_sentinels_of_functions_count_by_their_place():
    source = "missing = object()\ndef f(x, y=missing): return x is missing"
    assert sure(make(source)) == sure(make(source))


def test_a_lock_among_the_globals_of_the_main_program_is_an_error():
    with pytest.raises(TokenizationError, match=r"lock \(found in function"):
        sure(make("def f(): return lock", lock=threading.Lock()))


def test_decorated_functions_have_tokens():
    cached = "import functools\n@functools.lru_cache(maxsize={})\ndef f(x): return x + {}"
    assert sure(make(cached.format(3, 1))) == sure(make(cached.format(3, 1)))
    assert len({sure(make(cached.format(*args))) for args in [(3, 1), (4, 1), (3, 2)]}) == 3
    wrapped = (
        "import functools\ndef d(g):\n    @functools.wraps(g)\n    def h(*a): return g(*a)\n    return h\n"
        "@d\ndef f(x): return {}"
    )
    assert sure(make(wrapped.format(1))) == sure(make(wrapped.format(1))) != sure(make(wrapped.format(2)))


def test_using_a_generic_function_does_not_change_its_token():
    source = (
        "import functools\n@functools.singledispatch\ndef f(x): return 1\n"
        "@f.register\ndef _(x: int): return {}"
    )
    function = make(source.format(2))
    before = sure(function)
    assert (function(1), function("a")) == (2, 1)
    assert sure(function) == before == sure(make(source.format(2))) != sure(make(source.format(3)))


def test_methods_count_by_object_and_function():
    number = types.SimpleNamespace
    assert sure([1].append) == sure([1].append) != sure([2].append)
    assert sure("a".join) != sure("a".split) != sure("b".join)
    local = make(
        "class C:\n    def __init__(self, x): self.x = x\n"
        "    def m(self): return self.x\n    def n(self): return self.x",
        "C",
    )
    assert sure(local(1).m) == sure(local(1).m)
    assert len({sure(local(1).m), sure(local(2).m), sure(local(1).n), sure(local.m)}) == 4
    assert sure(number(a=1).__eq__) == sure(number(a=1).__eq__)


def test_partials_count_by_all_their_parts():
    partial = functools.partial
    tokens = [
        sure(p)
        for p in (
            partial(max, 1),
            partial(max, 2),
            partial(min, 1),
            partial(max, key=1),
            partial(max, 1, key=1),
        )
    ]
    assert len(set(tokens)) == len(tokens)
    assert (
        sure(partial(max, 1, key=len))
        == sure(partial(max, 1, key=len))
        == sure(partial(partial(max, 1), key=len))
    )


# ---- classes and objects ----


class Plain:
    def __init__(self, **state):
        self.__dict__.update(state)


@dataclasses.dataclass
class Point:
    x: object
    y: object = 0
    kind: dataclasses.InitVar[int] = 0

    @functools.cached_property
    def norm(self):
        return self.x


class Slotted:
    __slots__ = ("a", "b")


class Colour(enum.Enum):
    RED = 1
    GREEN = 2


class Right(enum.Flag):
    READ = 1
    WRITE = 2


Pair = collections.namedtuple("Pair", "a b")
Riap = collections.namedtuple("Riap", "a b")


def slotted(**state):
    value = Slotted()
    for name, content in state.items():
        setattr(value, name, content)
    return value


def test_objects_count_by_class_and_state():
    groups = [
        lambda: Plain(a=1),
        lambda: Plain(a=2),
        lambda: Plain(b=1),
        lambda: types.SimpleNamespace(a=1),
        lambda: Point(1, {"a", "b"}),
        lambda: Point(1.0, {"a", "b"}),
        lambda: slotted(a=1),
        lambda: slotted(b=1),
        lambda: Colour.RED,
        lambda: Colour.GREEN,
        lambda: Right.READ | Right.WRITE,
        lambda: Pair(1, 2),
        lambda: Riap(1, 2),
        lambda: (1, 2),
        lambda: ValueError("a"),
        lambda: TypeError("a"),
        lambda: io.BytesIO(b"a"),
        lambda: random.Random(1),
        lambda: random.Random(2),
        lambda: list[int],
        lambda: list[str],
        lambda: int | str,
        lambda: itertools.chain.from_iterable,
        lambda: {1: 2}.keys(),
        lambda: {1: 2}.items(),
        lambda: property(len),
        lambda: staticmethod(len),
    ]
    tokens = [sure(build()) for build in groups]
    assert len(set(tokens)) == len(tokens)
    assert tokens == [sure(build()) for build in groups]


def test_what_a_cached_property_has_computed_does_not_count():
    point = Point(1)
    before = sure(point)
    assert point.norm == 1
    assert sure(point) == before

    class Ordinary:
        @functools.cached_property
        def value(self):
            return 1

    ordinary = Ordinary()
    before = sure(ordinary)
    assert ordinary.value == 1
    assert sure(ordinary) == before


def test_attrs_classes_count_by_their_fields():
    attrs = pytest.importorskip("attrs")

    @attrs.define
    class Sized:
        x: int
        y: int = 0

    assert sure(Sized(1)) == sure(Sized(1)) != sure(Sized(2))


def test_subclasses_of_built_in_containers_count_by_class_content_and_attributes():
    bases = {
        list: [1, 2],
        tuple: (1, 2),
        set: {"a", "b", "c"},
        frozenset: {"a", "b"},
        dict: {"a": 1},
        str: "a",
        int: 3,
        float: 1.5,
    }
    for base, content in bases.items():
        sub = type("Sub", (base,), {})
        one, two = sub(content), sub(content)
        assert sure(one) == sure(two) != sure(base(content))
        two.extra = 1
        assert sure(one) != sure(two)


def test_local_classes_count_by_content():
    def define(n):
        class Local:
            limit = n

            def method(self):
                return super().__hash__() + n

        return Local

    assert sure(define(1)) == sure(define(1)) != sure(define(2))
    assert sure(define(1)()) == sure(define(1)()) != sure(define(2)())

    def define_data(n):
        @dataclasses.dataclass
        class Data:
            x: int = n
            y: list = dataclasses.field(default_factory=list)

        return Data

    assert sure(define_data(1)()) == sure(define_data(1)()) != sure(define_data(2)())
    assert sure(define_data(1)) == sure(define_data(1)) != sure(define_data(2))


def test_importable_classes_and_modules_count_by_name():
    assert sure(Plain) != sure(Slotted) != sure(int)
    assert sure(os) != sure(sys)
    handmade = types.ModuleType("os")
    assert sure(handmade) != sure(os)


def test_using_a_class_does_not_change_its_token():
    def define():
        class Local:
            pass

        return Local

    cls = define()
    before = sure(cls)
    copy.copy(cls())  # leaves __slotnames__ behind
    assert sure(cls) == before


@pytest.mark.parametrize("name", ["__raskt_tokenize__", "__dask_tokenize__"])
def test_objects_may_say_what_they_consist_of(name):
    class Own:
        def __init__(self, key):
            self.key, self.lock = key, threading.Lock()

    setattr(Own, name, lambda self: ("own", self.key))
    assert sure(Own(1)) == sure(Own(1)) != sure(Own(2))
    assert sure(Own(1)) != sure(("own", 1))
    assert sure([Own]) == sure([Own])  # the class itself is not asked


def test_raskts_method_goes_before_dasks():
    class Both:
        def __raskt_tokenize__(self):
            return 1

        def __dask_tokenize__(self):
            raise AssertionError

    assert sure(Both()) == sure(Both())


def test_what_a_method_raises_is_raised():
    class Broken:
        def __raskt_tokenize__(self):
            raise ZeroDivisionError("no")

    with pytest.raises(ZeroDivisionError, match="no"):
        tokenize([Broken()])
