"""What `__main__` defines and pickle writes as a name, on child processes: found there, itself when back."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import textwrap

import pytest
from raskt import delayed

HEAD = """
    import enum, functools, typing, weakref
    from raskt import delayed

    def compute(function, *args):
        return delayed(function)(*args).compute(scheduler="processes", num_workers=1)

    class Sentinel:
        __slots__ = ("name",)
        def __init__(self, name): self.name = name
        def __reduce__(self): return self.name

    class Settings:
        def __init__(self): self.depth = 3
        def __reduce__(self): return "SETTINGS"

    MISSING, SETTINGS = Sentinel("MISSING"), Settings()
    UserId = typing.NewType("UserId", int)
    P = typing.ParamSpec("P")

    @functools.lru_cache(maxsize=7)
    def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)

    class Shape:
        sides = 4
        @functools.lru_cache
        def scaled(self, k): return self.sides * k
        @functools.cached_property
        def corners(self): return self.sides
        @functools.singledispatchmethod
        def kind(self, x): return "object"
        @kind.register
        def _(self, x: int): return "int"

    @functools.singledispatch
    def kind(x): return "object"
    @kind.register
    def _(x: int): return "int"

    @enum.global_enum
    class Colour(enum.IntFlag):
        RED = 1
        BLUE = 2

    class Mode(enum.Enum):
        A = 1
        B = (2, 3)
"""


def program(body: str) -> None:
    code = textwrap.dedent(HEAD) + textwrap.dedent(body)
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert (found.returncode, found.stderr) == (0, "")


def test_caches_of_main_compute_call_themselves_and_come_back_as_themselves():
    program("""
        assert compute(fib, 30) == 832040
        assert compute(lambda n: fib(n) + 1, 10) == 56
        assert compute(lambda: fib) is fib and fib.cache_info().currsize == 0
        assert compute(lambda: fib.cache_parameters()) == {"maxsize": 7, "typed": False}
        assert compute(functools.partial(fib, 5)) == 5
        def local(k):
            @functools.cache
            def scaled(n): return n * k
            return scaled
        assert compute(local(3), 2) == 6
    """)


def test_what_functools_puts_into_classes_of_main_travels():
    program("""
        shape = Shape()
        assert compute(shape.scaled, 2) == 8
        assert compute(lambda: (Shape().corners, Shape().scaled(1))) == (4, 4)
        assert compute(lambda: (Shape().kind(1), Shape().kind("x"))) == ("int", "object")
        assert compute(lambda: (kind(1), kind("x"))) == ("int", "object")
    """)


def test_sentinels_are_one_object_in_a_child_and_the_own_one_back_here():
    program("""
        assert compute(lambda x, y: (x is MISSING, x is y), MISSING, MISSING) == (True, True)
        assert compute(lambda x: x.name, MISSING) == "MISSING"
        assert compute(lambda: MISSING) is MISSING
        assert compute(lambda x: x, {"a": [MISSING, SETTINGS]})["a"] == [MISSING, SETTINGS]
        assert compute(lambda: SETTINGS.depth) == 3
        SETTINGS.depth = 4
        assert compute(lambda: SETTINGS.depth) == 4
        def changed():
            SETTINGS.depth = 5
            return SETTINGS
        assert compute(changed) is SETTINGS and SETTINGS.depth == 4
    """)


def test_names_of_types_and_members_of_enumerations_of_main_travel():
    program("""
        assert compute(lambda: UserId) is UserId and compute(lambda: UserId(3)) == 3
        assert compute(lambda: P) is P
        assert compute(lambda x: (x | BLUE, RED), RED) == (3, RED)
        assert compute(lambda x: Mode.B if x is Mode.A else None, Mode.A) is Mode.B
    """)


def test_an_object_that_can_be_made_in_no_known_way_says_what_is_missing():
    program("""
        class Odd:
            def __new__(cls, secret): return object.__new__(cls)
            def __reduce__(self): return "ODD"
        ODD = Odd("secret")
        try:
            compute(lambda x: x, ODD)
        except AttributeError as error:
            assert "ODD" in str(error)
        else:
            raise AssertionError("it cannot be found")
    """)


def test_modules_registered_with_cloudpickle_travel_by_value(tmp_path):
    (tmp_path / "only_here.py").write_text("import functools\n@functools.cache\ndef twice(x): return 2 * x\n")
    program(f"""
        import sys, cloudpickle
        sys.path.insert(0, {os.fspath(tmp_path)!r})
        import only_here
        del sys.path[0]
        cloudpickle.register_pickle_by_value(only_here)
        assert compute(only_here.twice, 4) == 8
        assert compute(lambda: only_here.twice(5)) == 10
    """)


def hold(lock, x):
    with lock:
        return x


@pytest.mark.parametrize("kind", ["Lock", "RLock", "Semaphore"])
def test_locks_of_a_manager_reach_child_processes(kind):
    with multiprocessing.Manager() as manager:
        lock = getattr(manager, kind)()
        assert delayed(hold)(lock, 3).compute(scheduler="processes", num_workers=1) == 3


def test_queues_and_dicts_of_a_manager_are_shared_with_child_processes():
    with multiprocessing.Manager() as manager:
        queue, found = manager.Queue(), manager.dict()

        def put(x):
            queue.put(x)
            found[x] = os.getpid()
            return x

        tasks = [delayed(put)(x) for x in range(5)]
        assert delayed(sum)(tasks).compute(scheduler="processes", num_workers=2) == 10
        assert sorted(queue.get(timeout=60) for _ in range(5)) == list(range(5))
        assert os.getpid() not in found.values()


def test_objects_of_classes_with_slots_come_back():
    program("""
        import dataclasses
        class Plain:
            __slots__ = ("a", "__b")
            def __init__(self, a, b): self.a, self.__b = a, b
            def pair(self): return self.a, self.__b
        class One:
            __slots__ = "only"
        class Below(Plain):
            __slots__ = ("c", "__weakref__")
        class WithDict(Plain):
            pass
        @dataclasses.dataclass(slots=True)
        class Point:
            x: int
            y: int = 2
        class Named(typing.NamedTuple):
            a: int
            b: int = 2
        class Empty(tuple):
            __slots__ = ()
        found = compute(lambda: Plain(1, 2))
        assert type(found) is Plain and found.pair() == (1, 2)
        one = One()
        one.only = 3
        assert compute(lambda one: one, one).only == 3
        below = compute(lambda: Below(1, 2))
        below.c = weakref.ref(below)
        assert type(below) is Below and below.pair() == (1, 2) and not hasattr(below, "__dict__")
        more = WithDict(1, 2)
        more.d = 4
        found = compute(lambda more: more, more)
        assert (found.pair(), found.d) == ((1, 2), 4)
        assert compute(lambda: Point(1)) == Point(1)
        assert compute(lambda: Named(1)) == Named(1)
        assert compute(lambda: Empty((1,))) == Empty((1,))
        def refused(plain):
            try:
                plain.other = 1
            except AttributeError:
                return True
        assert compute(refused, Plain(1, 2))
    """)


def test_members_of_enumerations_keep_what_init_gave_them():
    program("""
        class Planet(enum.Enum):
            EARTH = (5.9, 6.4)
            MARS = (0.6, 3.4)
            def __init__(self, mass, radius): self.mass, self.radius = mass, radius
            @property
            def density(self): return self.mass / self.radius
        class Coded(enum.Enum):
            A = ("a", 1)
            def __new__(cls, text, code):
                member = object.__new__(cls)
                member._value_, member.code = text, code
                return member
        assert compute(lambda planet: planet.density, Planet.MARS) == Planet.MARS.density
        assert compute(lambda: [planet.mass for planet in Planet]) == [5.9, 0.6]
        assert compute(lambda: Planet.EARTH) is Planet.EARTH
        Planet.MARS.mass = 7
        assert compute(lambda: Planet.MARS) is Planet.MARS and Planet.MARS.mass == 7
        assert compute(lambda: Coded("a").code) == 1
        class Named(enum.Enum):
            A = 1
            ALIAS = 1
        class Bits(enum.IntFlag):
            A = 1
            B = 2
            BOTH = 3
        assert compute(lambda: (Named.ALIAS, Named["ALIAS"])) == (Named.A, Named.A)
        assert compute(lambda: [Bits.BOTH, Bits.A | Bits.B, Bits["BOTH"]]) == [Bits.BOTH] * 3
        assert compute(lambda bits: bits & Bits.A, Bits.BOTH) is Bits.A
    """)
