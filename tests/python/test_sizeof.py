"""Sizes: exact where memory is known, estimates elsewhere, and never an exception."""

from __future__ import annotations

import collections
import dataclasses
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from raskt._raskt import _size_hint
from raskt.dispatch import Dispatch
from raskt.sizeof import sizeof

np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")
pa = pytest.importorskip("pyarrow")


# ---- plain Python ----


@pytest.mark.parametrize(
    "value", [0, 2**100, 1.5, True, None, "", "abc", "é" * 100, b"abc", bytearray(b"x" * 99), sys, len, int]
)
def test_simple_values_are_as_large_as_python_says(value):
    assert sizeof(value) == sys.getsizeof(value)


def test_containers_count_with_their_elements():
    assert sizeof([1, "ab", b"c"]) == sum(map(sys.getsizeof, ([1, "ab", b"c"], 1, "ab", b"c")))
    assert sizeof({"a": [1]}) == sum(map(sys.getsizeof, ({"a": 1}, "a", [1], 1)))
    assert sizeof((b"x" * 1_000, {b"y" * 1_000})) > 2_000


@given(st.integers(20, 500), st.randoms(), st.sampled_from([list, tuple, set, frozenset]))
def test_large_containers_are_estimated_from_some_of_their_elements(n, rng, kind):
    items = [bytes([place % 256, place // 256]) + bytes(rng.randint(500, 600)) for place in range(n)]
    container = kind(items)
    true = sys.getsizeof(container) + sum(map(sys.getsizeof, items))
    assert 0.8 * true < sizeof(container) < 1.2 * true


def test_elements_that_repeat_count_once():
    block = b"x" * 100_000
    assert 100_000 < sizeof([block] * 1_000) < 200_000
    inner = [bytes(10_000)]
    assert sizeof([inner, inner]) < 11_000


def test_cycles_and_depth_are_no_matter():
    loop = []
    loop.append(loop)
    assert sizeof(loop) == sys.getsizeof(loop)
    deep = []
    for _ in range(100_000):
        deep = [deep]
    assert sizeof(deep) > 1_000
    while deep:
        deep = deep.pop()


def test_wide_nesting_is_estimated_from_few_elements():
    value = [
        [[[[list(range(20))] * 1 for _ in range(20)] for _ in range(20)] for _ in range(20)]
        for _ in range(10)
    ]
    lists = 10 * 20 * 20 * 20
    assert lists * 300 < sizeof(value) < lists * 1_500


def test_attributes_of_objects_count():
    class Plain:
        def __init__(self, data):
            self.data = data

    class Slots:
        __slots__ = ("data", "unset")

    @dataclasses.dataclass
    class Data:
        data: object

    slots = Slots()
    slots.data = bytes(5_000)
    for value in (
        Plain(bytes(5_000)),
        slots,
        Data(bytes(5_000)),
        collections.defaultdict(int, a=bytes(5_000)),
    ):
        assert 5_000 < sizeof(value) < 6_000
        assert 10_000 < sizeof([value, Plain(bytes(5_000))]) < 12_000


def test_an_objects_own_measure_is_respected():
    class Measured:
        def __init__(self):
            self.data = bytes(5_000)

        def __sizeof__(self):
            return 42

    assert 42 <= sizeof(Measured()) < 100

    class Buffer:
        nbytes = 12_345

    assert sizeof(Buffer()) == 12_345


def test_nothing_is_raised():
    class Broken:
        def __sizeof__(self):
            raise ZeroDivisionError

        @property
        def nbytes(self):
            raise ZeroDivisionError

    class Odd:
        def __getattr__(self, name):
            raise RuntimeError

    for value in (
        Broken(),
        Odd(),
        [Broken()],
        threading.Lock(),
        type("Wrong", (), {"__sizeof__": lambda self: "x"})(),
    ):
        assert sizeof(value) > 0


def test_sizes_of_types_may_be_registered():
    class Model:
        pass

    sizeof.register(Model, lambda model: 10**9)
    assert sizeof(Model()) == 10**9
    assert sizeof([Model(), Model()]) > 2 * 10**9
    sizeof.register(Model, lambda model: 1 / 0)
    assert sizeof(Model()) == sys.getsizeof(Model())


# ---- libraries ----


def test_arrays_count_what_they_span():
    array = np.ones((100, 100))
    assert sizeof(array) == 80_000
    assert sizeof(array[::2]) == 40_000
    assert sizeof(np.broadcast_to(np.ones(10), (1_000, 10))) == 80
    assert sizeof(np.broadcast_to(1.0, (1_000, 1_000))) == 8
    assert sizeof(np.empty((0, 5))) == 0
    assert sizeof(np.zeros(3, "U10")) == 120


def test_objects_in_arrays_count():
    array = np.array([bytes(1_000 + i) for i in range(500)], dtype=object)
    assert 500_000 < sizeof(array) < 700_000
    shared = np.array([bytes(1_000)] * 500, dtype=object)
    assert 5_000 < sizeof(shared) < 6_000


def test_frames_count_values_index_and_objects():
    frame = pd.DataFrame({"a": np.arange(10_000), "b": np.ones(10_000)})
    assert 160_000 < sizeof(frame) < 164_000
    assert sizeof(frame.set_axis(pd.Index(frame.a * frame.a))) > sizeof(frame) + 79_000
    objects = pd.DataFrame({"o": pd.Series([f"{i:0100}" for i in range(10_000)], dtype=object)})
    assert 1_300_000 < sizeof(objects) < 1_800_000
    repeated = pd.DataFrame({"o": pd.Series(["x" * 1_000] * 10_000, dtype=object)})
    assert 80_000 < sizeof(repeated) < 90_000
    assert 1_300_000 < sizeof(objects["o"]) < 1_800_000
    assert 1_300_000 < sizeof(pd.Index(objects["o"])) < 1_800_000


@pytest.mark.parametrize("dtype", ["string[pyarrow]", "large_string[pyarrow]"])
def test_arrow_strings_are_measured_exactly(dtype):
    series = pd.Series([f"{i:0100}" for i in range(1_000)], dtype=dtype)
    assert sizeof(series) - sizeof(series.index) - 1_200 == series.array._pa_array.nbytes


def test_extension_types_and_indexes_are_measured():
    many = 10_000
    for values in (
        pd.array(np.arange(many), dtype="Int64"),
        pd.Categorical(["a", "b"] * (many // 2)),
        pd.date_range("2020", periods=many, tz="UTC"),
        pd.interval_range(0, many),
        pd.MultiIndex.from_product([range(100), range(100)]),
        pd.arrays.SparseArray(np.arange(many)),
    ):
        assert many <= sizeof(values) < 40 * many
        assert many <= sizeof(
            pd.Series(range(many), index=values) if isinstance(values, pd.Index) else pd.Series(values)
        )
    assert sizeof(pd.RangeIndex(10**9)) < 1_000


def test_arrow_data_counts_what_it_spans():
    array = pa.array(np.arange(10_000))
    assert 80_000 <= sizeof(array) < 81_000
    assert 8_000 <= sizeof(array.slice(0, 1_000)) < 9_000
    table = pa.table({"a": array, "s": ["x" * 10] * 10_000})
    assert 220_000 <= sizeof(table) < 230_000
    assert sizeof(table.to_batches()[0]) >= 220_000
    assert sizeof(pa.py_buffer(bytes(5_000))) >= 5_000


def test_sparse_matrices_count_their_arrays():
    sparse = pytest.importorskip("scipy.sparse")
    matrix = sparse.random(1_000, 1_000, 0.01, "csr")
    parts = matrix.data.nbytes + matrix.indices.nbytes + matrix.indptr.nbytes
    assert parts < sizeof(matrix) < parts + 1_000


# ---- what the engine asks ----


@pytest.mark.parametrize(
    "value",
    [
        0,
        -1,
        2**30 - 1,
        2**30,
        2**62,
        2**63,
        -(2**63),
        2**500,
        1.5,
        True,
        None,
        "",
        "abc",
        "x" * 10_000,
        "é" * 10_000,
        b"",
        bytes(999),
    ],
)
def test_the_engine_sees_simple_values_as_python_does(value):
    if value == 0 and value is not True:
        assert _size_hint(value) == (28, None)  # Python 3.11 saves four bytes on zero
    else:
        assert _size_hint(value) == (sys.getsizeof(value), None)


def test_the_engine_sees_who_owns_the_elements_of_an_array():
    owner = np.ones((1_000, 10))
    own, found = _size_hint(owner)
    assert found == (id(owner), 80_000)
    assert own < 200
    for view in (
        owner[5:],
        owner.T[::2],
        owner.reshape(-1)[1:],
        owner.view("i4"),
        np.broadcast_to(owner, (4, 1_000, 10)),
    ):
        own, found = _size_hint(view)
        assert found == (id(owner), 80_000)
        assert own < 200
    assert _size_hint(owner.copy())[1][0] != id(owner)


def test_the_engine_sees_lenders_that_are_not_arrays():
    lender = bytes(1_000)
    assert _size_hint(np.frombuffer(lender, "u1")[:10])[1] == (id(lender), 1_000)
    array = pa.array(np.arange(100.0) + 1)
    view = array.to_numpy()
    assert _size_hint(view)[1][1] >= 800


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # numpy.matrix
def test_the_engine_leaves_the_rest_to_sizeof():
    for value in ([1, 2, 3], pd.Series([1, 2]), np.matrix([[1]]), {"a": np.ones(10)}, np.float64(1)):
        assert _size_hint(value) == (sizeof(value), None)
    objects = np.array([bytes(1_000), "x"], dtype=object)
    assert _size_hint(objects)[0] > 1_000


# ---- Dispatch ----


def test_the_most_derived_registration_is_called():
    class A: ...

    class B(A): ...

    class C(B): ...

    function = Dispatch("function")
    function.register((A, int), lambda value: "A")
    assert [function(value) for value in (A(), B(), C(), True)] == ["A"] * 4
    function.register(B, lambda value: "B")
    assert [function(value) for value in (A(), B(), C())] == ["A", "B", "B"]
    with pytest.raises(TypeError, match="no implementation of function for str"):
        function("x")


def test_a_lazy_registration_runs_once_and_again_if_it_failed():
    function = Dispatch("function")
    calls = []

    @function.register_lazy("decimal")
    def register():
        calls.append(1)
        if len(calls) == 1:
            raise ImportError("later")
        from decimal import Decimal

        function.register(Decimal, lambda value: "decimal")

    import decimal

    function.register(object, lambda value: "object")
    assert function(1) == "object"
    assert calls == []
    with pytest.raises(ImportError, match="later"):
        function(decimal.Decimal(1))
    assert function(decimal.Decimal(1)) == "decimal"
    assert len(calls) == 2


def test_threads_wait_for_a_lazy_registration():
    function = Dispatch("function")
    started, go_on = threading.Event(), threading.Event()

    def register():
        started.set()
        go_on.wait(10)
        import decimal

        function.register(decimal.Decimal, lambda value: "decimal")

    function.register_lazy("decimal", register)
    function.register(object, lambda value: "object")
    import decimal

    results = []
    threads = [
        threading.Thread(target=lambda: results.append(function(decimal.Decimal(1)))) for _ in range(4)
    ]
    threads[0].start()
    assert started.wait(10)
    for thread in threads[1:]:
        thread.start()
    go_on.set()
    for thread in threads:
        thread.join()
    assert results == ["decimal"] * 4


def test_local_types_are_not_kept_alive():
    import gc
    import weakref

    function = Dispatch("function")
    function.register(object, lambda value: 1)

    def build():
        class Local: ...

        return weakref.ref(Local), function(Local()), sizeof(Local())

    reference = build()[0]
    gc.collect()
    assert reference() is None
