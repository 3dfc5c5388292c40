"""Tokens: the same for equal content in every process, different for everything else."""

from __future__ import annotations

import collections
import copy
import datetime
import decimal
import fractions
import functools
import gc
import operator
import os
import pathlib
import pickle
import re
import subprocess
import sys
import textwrap
import threading
import types
import uuid
import weakref
import zoneinfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from raskt import config
from raskt.tokenize import TokenizationError, normalize_token, tokenize

sure = functools.partial(tokenize, ensure_deterministic=True)


class Plain:
    def __init__(self, **state):
        self.__dict__.update(state)


def make(source, name="f", **env):
    """A function of the main program, as a notebook's cell would define it."""
    scope = {"__name__": "__main__", "__builtins__": __builtins__, **env}
    exec(textwrap.dedent(source), scope)
    return scope[name]


# ---- form ----


def test_a_token_is_32_lower_case_hexadecimal_digits():
    assert re.fullmatch("[0-9a-f]{32}", tokenize(1, "a", key=None))


def test_number_and_order_of_arguments_count_and_keywords_do_by_name():
    tokens = [
        tokenize(),
        tokenize(1),
        tokenize(1, 2),
        tokenize(2, 1),
        tokenize((1, 2)),
        tokenize(1, x=2),
        tokenize(x=2),
    ]
    assert len(set(tokens)) == len(tokens)
    assert tokenize(x=1, y=2) == tokenize(y=2, x=1)
    assert tokenize(x=1) != tokenize({"x": 1})


# ---- typed equality ----

DISTINCT = [
    *(0, 0.0, -0.0, False, 0j, "0", b"0", None, ..., NotImplemented, bytearray(b"0"), complex(0, -0.0)),
    *(1, 1.0, True, 1 + 0j, "1", b"1", [1], (1,), {1}, frozenset([1]), {1: None}, {1: 1}, [[1]], [(1,)]),
    *(2**62, 2**63, 2**64, -(2**63), -(2**63) - 1, 2**200, -(2**200), float(2**62)),
    *(float("nan"), float("inf"), -float("inf"), 5e-324, "nan"),
    *("", b"", bytearray(), [], (), {}, set(), frozenset(), [[]], [()], ((),), [None]),
    *("a" * 300, b"a" * 300, bytearray(b"a" * 300), "a" * 301, "\ud800", "\udfff", "é", "e\u0301"),
    *(["ab", "c"], ["a", "bc"], ["abc"], ["a", "b", "c"], [["a"], "b"], ["a", ["b"]]),
    *({"a": 1, "b": 2}, {"a": 2, "b": 1}, {"b": {"a": 1}}, {"a": {"b": 1}}, [("a", 1), ("b", 2)]),
    *(slice(1), slice(1, None), slice(None, 1, 1), range(1), range(0, 1, 2), range(0), range(0, 0, 2)),
    *(
        memoryview(b"0"),
        decimal.Decimal("1.0"),
        decimal.Decimal("1.00"),
        decimal.Decimal(1),
        fractions.Fraction(1),
    ),
    *(datetime.date(2020, 1, 1), datetime.datetime(2020, 1, 1), datetime.time(1), datetime.timedelta(1)),
    datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC),
    datetime.datetime(2020, 1, 1, tzinfo=zoneinfo.ZoneInfo("UTC")),
    datetime.datetime(2020, 1, 1, tzinfo=zoneinfo.ZoneInfo("Europe/Oslo")),
    datetime.datetime(2020, 1, 1, fold=1),
    *(zoneinfo.ZoneInfo("UTC"), uuid.UUID(int=1), pathlib.PurePosixPath("a"), pathlib.PureWindowsPath("a")),
    *(collections.OrderedDict(a=1), collections.defaultdict(list, a=1), collections.defaultdict(int, a=1)),
    *(
        collections.Counter(a=1),
        collections.deque([1]),
        collections.deque([1], maxlen=1),
        types.MappingProxyType({1: 1}),
    ),
    *(
        int,
        float,
        bool,
        str,
        type,
        object,
        len,
        max,
        os,
        sys,
        re.compile("a"),
        re.compile("a", re.I),
        re.compile(b"a"),
    ),
    *(
        operator.itemgetter(1),
        operator.itemgetter(1, 2),
        operator.attrgetter("a"),
        operator.methodcaller("a", b=1),
    ),
    *(
        functools.partial(max),
        functools.partial(max, 1),
        functools.partial(max, key=1),
        functools.partial(min, 1),
    ),
]


def test_values_of_different_type_or_content_have_different_tokens():
    tokens = collections.defaultdict(list)
    for value in DISTINCT:
        tokens[sure(value)].append(value)
    assert [same for same in tokens.values() if len(same) > 1] == []


def canonical(value):
    """What decides a token: the oracle."""
    match value:
        case float():
            return "float", "nan" if value != value else value.hex()
        case complex():
            return "complex", canonical(value.real), canonical(value.imag)
        case list() | tuple():
            return type(value).__name__, tuple(map(canonical, value))
        case set() | frozenset():
            return type(value).__name__, frozenset(map(canonical, value))
        case dict():
            return "dict", frozenset((canonical(k), canonical(v)) for k, v in value.items())
    return type(value).__name__, bytes(value) if isinstance(value, bytearray) else value


scalars = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.integers()
    | st.sampled_from([0.0, -0.0, 1.0, float("nan")])
    | st.floats()
    | st.complex_numbers()
    | st.text(st.characters(), max_size=3)
    | st.binary(max_size=3)
)
hashables = st.recursive(
    scalars, lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3), max_leaves=5
)
values = st.recursive(
    hashables | st.sets(hashables, max_size=4),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(hashables, inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=300)
@given(values, values)
@example(1, True)
@example([0.0], [-0.0])
@example({1: "a"}, {1.0: "a"})
@example({"a": 1, "b": 2}, {"b": 2, "a": 1})
def test_tokens_are_equal_exactly_where_typed_content_is(left, right):
    assert (sure(left) == sure(right)) == (canonical(left) == canonical(right))


@settings(max_examples=200)
@given(values)
def test_copies_of_a_value_have_its_token(value):
    assert sure(copy.deepcopy(value)) == sure(value)
    assert sure(pickle.loads(pickle.dumps(value))) == sure(value)


@given(st.dictionaries(hashables, scalars), st.randoms())
def test_order_of_dictionaries_and_sets_does_not_count(mapping, rng):
    items = list(mapping.items())
    rng.shuffle(items)
    assert sure(dict(items)) == sure(mapping)
    assert sure({key for key, _ in items}) == sure(set(mapping))


def test_order_of_an_ordered_dict_counts():
    ordered = collections.OrderedDict
    assert sure(ordered([(1, 2), (3, 4)])) != sure(ordered([(3, 4), (1, 2)]))
    assert sure(ordered([(1, 2), (3, 4)])) == sure(ordered([(1, 2), (3, 4)]))


def test_every_nan_is_one_nan():
    assert sure(float("nan")) == sure(-float("nan")) == sure(float("inf") - float("inf"))


def test_long_sequences_differ_by_any_element():
    base = list(range(50_000))
    tokens = {sure(base)}
    for place in (0, 1, 7_281, 7_282, 25_000, 49_999):
        changed = base.copy()
        changed[place] = -1
        tokens.add(sure(changed))
    assert len(tokens) == 7
    assert sure(base) == sure(list(range(50_000))) != sure(tuple(base))


# ---- cycles, depth, sharing ----


def test_a_container_that_holds_itself_has_a_token():
    one, two, longer = [], [], [[]]
    one.append(one)
    two.append(two)
    longer[0].append(longer)
    assert sure(one) == sure(two)
    assert len({sure(one), sure(longer), sure([]), sure([[]])}) == 4
    mapping = {}
    mapping["self"] = mapping
    assert sure(mapping) == sure(copy.deepcopy(mapping)) != sure({"self": {}})


def test_a_cycle_has_one_token_wherever_it_is_met():
    def ring():
        head, tail = ["head"], ["tail"]
        head.append(tail)
        tail.append(head)
        return head

    assert sure([ring(), ring()]) == sure([x := ring(), x])
    assert sure({"deep": [[ring()]]}) == sure({"deep": [[ring()]]})


def test_objects_that_refer_to_each_other_have_tokens():
    def family(name):
        parent, child = types.SimpleNamespace(name="p"), types.SimpleNamespace(name=name)
        parent.child, child.parent = child, parent
        return parent

    assert sure(family("a")) == sure(family("a")) != sure(family("b"))


@pytest.mark.parametrize(
    "wrap", [lambda x: [x], lambda x: (x,), lambda x: {"k": x}, lambda x: types.SimpleNamespace(x=x)]
)
def test_depth_of_100_000_is_no_matter(wrap):
    def nest(leaf):
        value = leaf
        for _ in range(100_000):
            value = wrap(value)
        return value

    one, two, other = nest(1), nest(1), nest(2)
    assert tokenize(one) == tokenize(two) != tokenize(other)
    for value in (one, two, other):  # taken apart here: dropping such depth is not the subject
        unwrap(value)


def unwrap(value):
    while isinstance(value, list | dict) and value:
        value = value.pop() if isinstance(value, list) else value.popitem()[1]


def test_nested_frozensets_may_be_deep():
    value = frozenset()
    for _ in range(20_000):
        value = frozenset([value])
    assert sure(value) == sure(value) != sure(frozenset([value]))


def test_shared_parts_are_hashed_once():
    value = ["leaf"]
    for _ in range(200):  # 2**200 paths
        value = [value, value]
    other = ["leaf"]
    for _ in range(200):
        other = [other, other]
    assert sure(value) == sure(other)


def test_sharing_is_not_content():
    shared = [1, 2]
    many = [[1, 2] for _ in range(1_000)]
    assert sure([shared, shared]) == sure([[1, 2], [1, 2]])
    assert sure([shared] * 1_000) == sure(many)


# ---- registration ----


def test_a_registered_function_goes_first():
    class Base:
        def __raskt_tokenize__(self):
            raise AssertionError

    class Derived(Base):
        pass

    @normalize_token.register(Base)
    def normalize_base(value):
        return value.x

    one, two = Base(), Derived()
    one.x = two.x = 1
    assert sure(one) == sure(one)
    assert sure(one) != sure(two), "the type's name is part of the token"
    normalize_token.register(Derived, lambda value: threading.current_thread().name)
    assert sure(two) == sure(two)


def test_registration_replaces_what_raskt_does_even_for_types_it_knows_and_has_met():
    path = pathlib.PurePosixPath("a/b")
    before = sure(path)
    functions = dict(normalize_token._functions)
    try:
        normalize_token.register((pathlib.PurePosixPath, int), lambda value: "constant")
        assert sure(path) != before
        assert sure(1) == sure(2) != sure("constant")
        assert sure(True) == sure(True)
    finally:
        normalize_token._functions = functions
        normalize_token._changed()
    assert sure(path) == before
    assert sure(1) != sure(2)


def test_lazy_registration_waits_for_the_package():
    module = types.ModuleType("raskt_test_lazy")
    exec("class Thing:\n    def __init__(self, x): self.x, self.noise = x, object", module.__dict__)
    calls = []

    def register():
        calls.append(1)
        normalize_token.register(module.Thing, lambda thing: thing.x)

    normalize_token.register_lazy("raskt_test_lazy", register)
    sys.modules["raskt_test_lazy"] = module
    try:
        sure(1)
        assert calls == []
        assert sure(module.Thing(1)) == sure(module.Thing(1)) != sure(module.Thing(2))
        assert calls == [1]
    finally:
        del sys.modules["raskt_test_lazy"]


def test_a_normalizer_that_returns_the_object_itself_is_an_error():
    class Lazy:
        pass

    normalize_token.register(Lazy, lambda value: value)
    with pytest.raises(TypeError, match="returned the object itself"):
        tokenize(Lazy())


def test_normalize_token_gives_one_step():
    class Box:
        def __init__(self, x):
            self.x = x

    normalize_token.register(Box, lambda box: ("box", box.x))
    assert normalize_token(Box(1)) == ("box", 1)
    for value in (1, "a", None, [1], {"a": 1}, ...):
        assert normalize_token(value) is value
    assert normalize_token(make("def f(x): return x")) == normalize_token(make("def f(x): return x"))


# ---- no token ----


class Restless:
    def __reduce__(self):
        return Restless, (), {"noise": os.urandom(8)}


class Unpicklable:
    def __reduce__(self):
        raise TypeError("never")


def test_objects_without_a_token_are_random_unless_asked_otherwise():
    for value in (Restless(), Unpicklable(), threading.Lock(), (i for i in ()), weakref.ref(Plain)):
        assert tokenize(value) != tokenize(value)
        with pytest.raises(TokenizationError, match="has no deterministic token"):
            tokenize(value, ensure_deterministic=True)
        with config.set({"tokenize.ensure-deterministic": True}):
            with pytest.raises(RuntimeError, match="__raskt_tokenize__"):
                tokenize(value)
            assert tokenize(value, ensure_deterministic=False) != tokenize(value, ensure_deterministic=False)


def test_a_sentinel_keeps_its_random_token_for_as_long_as_the_process_lives():
    one, two = object(), object()
    assert tokenize(one) == tokenize(one) != tokenize(two)
    with pytest.raises(TokenizationError):
        sure(one)
    assert sure(Plain(sentinel=one)) == sure(Plain(sentinel=two))


def test_the_error_names_the_type_the_place_and_what_to_do():
    with pytest.raises(TokenizationError) as caught:
        sure({"a": [threading.Lock()]})
    message = str(caught.value)
    for part in ("type _thread.lock", "found in dict -> list", "cannot pickle", "normalize_token.register"):
        assert part in message, message


def test_calls_made_by_handlers_inherit_what_was_asked_for():
    class Outer:
        def __raskt_tokenize__(self):
            return tokenize(threading.Lock())

    assert tokenize(Outer()) != tokenize(Outer())
    with pytest.raises(TokenizationError):
        sure(Outer())
    assert tokenize(threading.Lock())  # and it is over afterwards


def test_objects_pickled_in_one_way_are_accepted():
    class Steady:
        def __reduce__(self):
            return Steady, (), {"fresh": [1, {"a", "b"}], "path": pathlib.Path("x")}

    assert sure(Steady()) == sure(Steady())


def test_nothing_is_kept_alive():
    def build():
        class Local:
            pass

        value = Local()
        value.function = lambda: value
        return value

    value = build()
    sure([value, value.function])
    references = [weakref.ref(value), weakref.ref(type(value)), weakref.ref(value.function)]
    del value
    gc.collect()
    assert [reference() for reference in references] == [None] * 3


# ---- processes and threads ----

CORPUS = """
import collections, dataclasses, datetime, decimal, enum, functools, json, operator, pathlib, re, types, uuid
from raskt.tokenize import tokenize

LIMIT = {"a", "b", "c", ("d", frozenset("efg"))}

class Thing:
    registry = {"x", "y", "z"}
    def __init__(self): self.tags = {"p", "q", "r"}; self.when = datetime.date(2020, 1, 1)
    def method(self, x): return x in {"a", "b", "c"} or LIMIT

@dataclasses.dataclass
class Data:
    tags: set = dataclasses.field(default_factory=lambda: {"u", "v", "w"})

class Kind(enum.Enum):
    A = "a"

def f(x, y={"m", "n", "o"}): return f(x) if x in {"s", "t", "u"} else LIMIT | Thing.registry
def even(n): return n == 0 or odd(n - 1)
def odd(n): return n != 0 and even(n - 1)
handlers = {"even": even, "odd": odd, "many": {f, even, odd, len}}
def dispatch(n): return handlers[n]
class Sub(set): pass

corpus = [
    {"a": 1, "b": [2, {"x", "y", "z"}]}, frozenset(map(str, range(50))), Thing(), Thing, Thing().method,
    Data(), Data, Kind.A, Kind, f, even, odd, dispatch, handlers, functools.partial(f, 1), lambda: LIMIT,
    Sub("abc"), re.compile("a|b"), decimal.Decimal("1.1"), uuid.UUID(int=3), pathlib.PurePath("a"),
    collections.Counter("abcabc"), types.SimpleNamespace(s={"a", "b"}), operator.attrgetter("a.b"),
    json.dumps, json.JSONDecoder, collections.OrderedDict(a=1),
]
try:
    import numpy as np
    corpus += [np.arange(10.), np.array([{"a", "b", "c"}, None]), np.sum, np.sin, np.dtype("i4,f8")]
    corpus += [np.random.default_rng(1), np.ma.array([1, 2], mask=[0, 1])]
    import pandas as pd
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", None]}, pd.date_range("2020", periods=2))
    corpus += [frame, pd.read_csv, pd.NA]
    import pyarrow as pa
    corpus += [pa.table({"a": [1, None], "b": [["x"], []]}), pa.schema([("a", pa.int8())])]
except ImportError:
    pass
print(json.dumps([tokenize(x, ensure_deterministic=True) for x in corpus]))
"""


def test_tokens_are_the_same_in_every_process(tmp_path):
    outputs = set()
    for seed, place in [("0", "a.py"), ("1", "b.py"), ("4242", "a.py")]:
        script = tmp_path / place
        script.write_text(CORPUS)
        env = {**os.environ, "PYTHONHASHSEED": seed}
        outputs.add(
            subprocess.run(
                [sys.executable, script], env=env, check=True, capture_output=True, text=True
            ).stdout
        )
    assert len(outputs) == 1, outputs


def test_tokens_of_simple_values_do_not_change_between_releases():
    assert tokenize() == "fa3f5392c40387fb428516d12156e7b6"
    assert tokenize([1, 2.5, "three", None, True], key=b"value") == "8518031406d4bc02a75deb778696ccc8"


def test_threads_may_tokenize_at_once():
    value = {"a": list(range(1_000)), "f": make("def f(x): return x"), "p": Plain(x=Plain(y=1))}
    found = set()
    threads = [
        threading.Thread(target=lambda: found.update(sure(value) for _ in range(50))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {sure(value)}


def test_importing_tokenize_imports_no_array_library():
    heavy = "numpy", "pandas", "pyarrow", "cloudpickle"
    code = f"import sys, raskt.tokenize; print([name for name in {heavy} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert result.stdout.strip() == "[]"
