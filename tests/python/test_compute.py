"""Computing: options, errors, and what surrounds it: threads, processes, signals, the interpreter's end."""

from __future__ import annotations

import contextvars
import sys
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from operator import add
from typing import Any

import pytest
import raskt
from raskt import delayed
from raskt.exceptions import KeyClashError, TaskExitError

SCHEDULERS = ["threads", "sync"]


@pytest.fixture(params=SCHEDULERS)
def scheduler(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def inc(x: Any) -> Any:
    return x + 1


def of(x: Any) -> Any:
    return x


def fail(message: str, *_: Any) -> Any:
    raise LookupError(message)


# ---- compute, persist, optimize ----


def test_everything_but_collections_is_returned_as_it_is(scheduler: str) -> None:
    a, thing = delayed(inc)(1), object()
    assert raskt.compute(scheduler=scheduler) == ()
    assert raskt.compute(1, [thing], None, scheduler=scheduler) == (1, [thing], None)
    assert raskt.compute(a, 5, [a, {"k": (a, thing)}], scheduler=scheduler) == (2, 5, [2, {"k": (2, thing)}])
    assert raskt.compute([a], a, traverse=False, scheduler=scheduler)[1] == 2
    (kept, _) = raskt.compute([a], a, traverse=False, scheduler=scheduler)
    assert kept[0] is a


def test_shared_parts_are_computed_once(scheduler: str) -> None:
    ran: list[int] = []

    def step(x: int) -> int:
        ran.append(x)
        return x

    shared = delayed(step)(1)
    left, right = shared + 1, shared + 2
    assert raskt.compute(left, [right, shared], left, scheduler=scheduler) == (2, [3, 1], 2)
    assert ran == [1]
    assert raskt.compute(left, scheduler=scheduler) == (2,)
    assert ran == [1, 1]


def test_persist_keeps_values_and_keys(scheduler: str) -> None:
    ran: list[int] = []

    def step(x: int) -> tuple[int, int]:
        ran.append(x)
        return x, x

    value = delayed(step, nout=2)(1)
    kept = value.persist(scheduler=scheduler)
    assert kept.key == value.key
    first, second = kept
    assert raskt.compute(first, second, kept, scheduler=scheduler) == (1, 1, (1, 1))
    assert raskt.persist([kept, 5], scheduler=scheduler)[0][1] == 5
    assert ran == [1]
    looks_like_a_task = delayed(of)((delayed(of)(len), "x")).persist()
    assert looks_like_a_task.compute() == (len, "x")


def test_optimize_returns_what_computes_to_the_same() -> None:
    a = delayed(inc)(1)
    one, rest = raskt.optimize(a, {"k": [a, 5]})
    assert raskt.compute(one, rest) == (2, {"k": [2, 5]})


def test_the_keyword_get_says_what_to_write() -> None:
    with pytest.raises(TypeError, match="the keyword get= is gone: pass scheduler="):
        raskt.compute(delayed(1), get=raskt.get)
    with pytest.raises(TypeError, match="the keyword get= is gone"):
        raskt.get_scheduler(get=raskt.get)


@pytest.mark.parametrize(
    "value",
    [None, NotImplemented, Ellipsis, ..., type, KeyError("x"), float("nan"), 2**100, -1, b"", (), object()],
)
def test_a_task_may_return_anything(value: Any, scheduler: str) -> None:
    found, nested = raskt.compute(
        delayed(of)(value), delayed(lambda x: [x])(delayed(of)(value)), scheduler=scheduler
    )
    assert found is value or repr(found) == repr(value)
    assert type(found) is type(value)
    assert repr(nested) == repr([value])


def test_a_task_may_return_a_delayed_value_a_generator_or_itself(scheduler: str) -> None:
    inner = delayed(inc)(1)
    assert delayed(lambda: inner, traverse=False)().compute(scheduler=scheduler) is inner
    generator = delayed(lambda: (i for i in range(3)))().compute(scheduler=scheduler)
    assert list(generator) == [0, 1, 2]

    class Liar:
        """Lies about its size, and cannot be compared, hashed or printed."""

        __hash__ = None  # type: ignore[assignment]

        def __sizeof__(self) -> int:
            raise RuntimeError("no size")

        def __eq__(self, other: object) -> bool:
            raise RuntimeError("no equality")

        def __repr__(self) -> str:
            raise RuntimeError("no text")

        def __getattr__(self, name: str) -> Any:
            raise RuntimeError("no attributes")

    liar = Liar()
    assert delayed(lambda: liar)().compute(scheduler=scheduler) is liar


# ---- options ----


@pytest.mark.parametrize(
    "name", ["threads", "threading", "sync", "synchronous", "single-threaded", "Threads"]
)
def test_schedulers_have_dasks_names(name: str) -> None:
    assert delayed(inc)(1).compute(scheduler=name) == 2
    with raskt.config.set(scheduler=name):
        assert delayed(inc)(1).compute() == 2


@pytest.mark.parametrize("name", ["thread", "", "desk", 5, object()])
def test_an_unknown_scheduler_is_an_error(name: Any) -> None:
    with pytest.raises(
        ValueError,
        match=r"unknown scheduler .*: expected one of .*threads.*, a concurrent\.futures\.Executor",
    ):
        delayed(inc)(1).compute(scheduler=name)
    with pytest.raises(ValueError, match="unknown scheduler"):
        raskt.get_scheduler(scheduler=name)


def test_a_cluster_needs_a_client() -> None:
    with pytest.raises(ValueError, match="there is no client"):
        delayed(inc)(1).compute(scheduler="distributed")


def test_sync_runs_on_the_calling_thread_and_threads_do_not() -> None:
    assert delayed(threading.get_ident)().compute(scheduler="sync") == threading.get_ident()
    assert delayed(threading.get_ident)().compute(scheduler="threads") != threading.get_ident()


def test_a_function_may_be_the_scheduler() -> None:
    calls: list[Any] = []

    def get(dsk: Any, keys: Any, **kwargs: Any) -> Any:
        calls.append((sorted(map(str, dsk)), keys, kwargs))
        return raskt.get(dsk, keys)

    a = delayed(inc)(1, dask_key_name="a")
    b = delayed(add)(a, 1, dask_key_name="b")
    assert raskt.compute(b, [a], scheduler=get, option=5) == (3, [2])
    assert calls == [(["a", "b"], ["b", "a"], {"option": 5})]
    for wrong in [lambda dsk, keys: [1], lambda dsk, keys: None, lambda dsk, keys: iter([1, 2])]:
        with pytest.raises(TypeError, match="must return a list of one value for each of 2 keys, found"):
            raskt.compute(a, b, scheduler=wrong)


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        ({"num_workers": 0}, ValueError, "num_workers must be a whole number of 1 or more, found 0"),
        ({"num_workers": "4"}, ValueError, "num_workers must be a whole number of 1 or more, found '4'"),
        ({"num_workers": True}, ValueError, "num_workers must be a whole number of 1 or more, found True"),
        ({"retries": -1}, ValueError, "retries must be a whole number of 0 or more, found -1"),
        ({"retries": 1.0}, ValueError, "retries must be a whole number of 0 or more, found 1.0"),
        ({"errors": "none"}, ValueError, "errors must be 'first' or 'all', found 'none'"),
        ({"memory_limit": "1 GigaBit"}, ValueError, "memory"),
        ({"memory_limit": -5}, ValueError, "memory"),
        ({"num_worker": 4}, TypeError, "unknown option for compute: num_worker; known are"),
    ],
)
def test_options_of_the_wrong_kind_are_errors(kwargs: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        delayed(inc)(1).compute(**kwargs)


def test_configuration_values_of_the_wrong_kind_are_errors() -> None:
    for key, value in [
        ("local.errors", "none"),
        ("local.memory-limit", "lots"),
        ("num-workers", 0),
        ("local.retries", -1),
    ]:
        with (
            pytest.raises(ValueError, match=key.rpartition(".")[2].replace("-", ".")),
            raskt.config.set({key: value}),
        ):
            delayed(inc)(1).compute()


def test_num_workers_is_how_many_tasks_run_at_once() -> None:
    running, most, lock = 0, 0, threading.Lock()

    def work(_: int) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.01)
        with lock:
            running -= 1

    for n in [1, 3]:
        most = 0
        raskt.compute([delayed(work)(i) for i in range(12)], num_workers=n)
        assert most <= n
        with raskt.config.set({"num-workers": n}):
            most = 0
            raskt.compute([delayed(work)(i) for i in range(12)])
            assert most <= n


def test_memory_limit_may_be_text_number_or_none() -> None:
    values = [delayed(bytes)(1000) for _ in range(10)]
    for limit in ["1 MiB", 10_000_000, None, 1e7]:
        assert raskt.compute(delayed(len)(values), memory_limit=limit) == (10,)


# ---- errors ----


def test_an_error_is_the_users_own_with_a_note(scheduler: str) -> None:
    class Special(Exception):
        def __init__(self, code: int) -> None:
            super().__init__(f"code {code}")
            self.code = code

    def raises(x: int) -> None:
        raise Special(x)

    with pytest.raises(Special, match="code 7") as caught:
        delayed(raises)(7, dask_key_name=("k", 1)).compute(scheduler=scheduler)
    assert caught.value.code == 7
    assert caught.value.__notes__ == ["raskt: in task ('k', 1) (function raises)"]
    frames = [frame.name for frame in caught.traceback]
    assert frames[-1] == "raises"
    with pytest.raises(LookupError) as again:
        delayed(inc)(delayed(fail)("deep", dask_key_name="f")).compute(scheduler=scheduler)
    assert again.value.__notes__ == ["raskt: in task f (function fail)"]


def test_the_cause_of_an_error_is_kept(scheduler: str) -> None:
    def raises() -> None:
        try:
            fail("first")
        except LookupError as error:
            raise ValueError("second") from error

    with pytest.raises(ValueError, match="second") as caught:
        delayed(raises)().compute(scheduler=scheduler)
    assert isinstance(caught.value.__cause__, LookupError)
    assert caught.value.__suppress_context__


def test_computing_again_raises_again_with_one_note(scheduler: str) -> None:
    error = LookupError("one object")

    def raises() -> None:
        raise error

    for _ in range(3):
        with pytest.raises(LookupError) as caught:
            delayed(raises)(dask_key_name="r").compute(scheduler=scheduler)
    assert caught.value.__notes__ == ["raskt: in task r (function raises)"]


def test_the_first_error_stops_what_has_not_begun() -> None:
    ran: list[int] = []

    def slow(i: int) -> None:
        ran.append(i)
        time.sleep(0.005)

    with pytest.raises(LookupError, match="at once"):
        raskt.compute(delayed(fail)("at once"), [delayed(slow)(i) for i in range(500)])
    assert len(ran) < 400


def test_all_errors_can_be_collected(scheduler: str) -> None:
    ran: list[int] = []
    values = [delayed(ran.append)(i) for i in range(5)]
    bad = [delayed(fail)(f"no {i}", dask_key_name=f"bad{i}") for i in range(3)]
    behind = delayed(inc)(bad[0])
    with pytest.raises(ExceptionGroup) as caught:
        raskt.compute(values, bad, behind, errors="all", scheduler=scheduler)
    assert sorted(map(str, caught.value.exceptions)) == ["no 0", "no 1", "no 2"]
    assert {note for error in caught.value.exceptions for note in error.__notes__} == {
        f"raskt: in task bad{i} (function fail)" for i in range(3)
    }
    assert sorted(ran) == [0, 1, 2, 3, 4]
    with raskt.config.set({"local.errors": "all"}), pytest.raises(ExceptionGroup):
        raskt.compute(bad, scheduler=scheduler)
    assert raskt.compute(values[:2], errors="all", scheduler=scheduler) == ([None, None],)


def test_sys_exit_in_a_task_is_an_error_of_the_task(scheduler: str) -> None:
    with pytest.raises(TaskExitError, match=r"a task called sys.exit\(3\)") as caught:
        delayed(sys.exit)(3).compute(scheduler=scheduler)
    assert isinstance(caught.value.__cause__, SystemExit)
    assert caught.value.__cause__.code == 3


@pytest.mark.parametrize("kind", [KeyboardInterrupt, GeneratorExit, BaseException])
def test_other_exceptions_that_are_no_errors_reach_whoever_computes(
    kind: type[BaseException], scheduler: str
) -> None:
    def raises() -> None:
        raise kind("odd")

    with pytest.raises(kind, match="odd"):
        delayed(raises)().compute(scheduler=scheduler)
    assert delayed(inc)(1).compute(scheduler=scheduler) == 2


def test_retries_try_again(scheduler: str) -> None:
    calls: list[int] = []

    def flaky(n: int) -> str:
        calls.append(n)
        if len(calls) <= n:
            raise OSError("flaky")
        return "done"

    assert delayed(flaky)(2).compute(retries=2, scheduler=scheduler) == "done"
    assert len(calls) == 3
    calls.clear()
    with pytest.raises(OSError, match="flaky"):
        delayed(flaky)(2).compute(retries=1, scheduler=scheduler)
    assert len(calls) == 2


def test_an_array_that_others_read_too_cannot_be_changed(scheduler: str) -> None:
    np = pytest.importorskip("numpy")

    def change(x: Any) -> Any:
        x += 1
        return x

    shared = delayed(np.arange)(3)
    with pytest.raises(ValueError, match="read-only"):
        raskt.compute(delayed(change)(shared), delayed(np.sum)(shared), shared, scheduler=scheduler)
    alone, total = raskt.compute(
        delayed(change)(delayed(np.arange)(3)), delayed(np.sum)(shared), scheduler=scheduler
    )
    assert (alone.tolist(), total) == ([1, 2, 3], 3)
    result = shared.compute(scheduler=scheduler)
    result += 1
    assert result.tolist() == [1, 2, 3]


# ---- what tasks see ----

VARIABLE: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


def test_context_variables_reach_tasks_and_changes_stay_there(scheduler: str) -> None:
    token = VARIABLE.set("outer")
    try:
        assert set(raskt.compute([delayed(VARIABLE.get)() for _ in range(20)], scheduler=scheduler)[0]) == {
            "outer"
        }
        if scheduler == "threads":
            raskt.compute([delayed(VARIABLE.set)(f"inner{i}") for i in range(5)], scheduler=scheduler)
            assert VARIABLE.get() == "outer"
    finally:
        VARIABLE.reset(token)
    assert delayed(VARIABLE.get)().compute(scheduler=scheduler) == "unset"


def test_warnings_filters_reach_tasks(scheduler: str) -> None:
    def warn() -> str:
        warnings.warn("careful", UserWarning, stacklevel=1)
        return "warned"

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="careful"):
            delayed(warn)().compute(scheduler=scheduler)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert delayed(warn)().compute(scheduler=scheduler) == "warned"
    assert [str(warning.message) for warning in caught] == ["careful"]


def test_the_configuration_reaches_tasks(scheduler: str) -> None:
    get = delayed(raskt.config.get)
    with raskt.config.set({"local.retries": 3}):
        assert get("local.retries").compute(scheduler=scheduler) == 3
    assert get("local.retries").compute(scheduler=scheduler) == raskt.config.get("local.retries")


# ---- computing inside tasks, on many threads ----


def test_tasks_may_compute(scheduler: str) -> None:
    def nested(depth: int) -> int:
        if depth == 0:
            return 1
        return int(delayed(sum)([delayed(nested)(depth - 1) for _ in range(3)]).compute())

    assert delayed(nested)(4).compute(scheduler=scheduler) == 81
    inner = delayed(lambda: delayed(threading.get_ident)().compute(scheduler="sync") == threading.get_ident())
    assert inner().compute(scheduler=scheduler)


def test_more_nested_computations_than_threads_do_not_wait_for_each_other() -> None:
    def nested(i: int) -> int:
        return int(delayed(add)(delayed(inc)(i), 1).compute(num_workers=2))

    assert raskt.compute([delayed(nested)(i) for i in range(40)], num_workers=2) == (
        [i + 2 for i in range(40)],
    )


def test_errors_of_nested_computations_come_through(scheduler: str) -> None:
    with pytest.raises(LookupError, match="inner") as caught:
        delayed(lambda: delayed(fail)("inner", dask_key_name="i").compute())(dask_key_name="o").compute(
            scheduler=scheduler
        )
    assert caught.value.__notes__ == [
        "raskt: in task i (function fail)",
        "raskt: in task o (function lambda)",
    ]


def test_many_threads_compute_at_once_also_the_same_values() -> None:
    shared = delayed(sum)([delayed(inc)(i, dask_key_name=("shared", i)) for i in range(50)])
    pure = delayed(inc, pure=True)

    def work(n: int) -> tuple[int, int, int]:
        own = delayed(sum)([pure(i) for i in range(n, n + 50)])
        total, mine = raskt.compute(shared, own, scheduler=["threads", "sync"][n % 2])
        return n, total, mine

    with ThreadPoolExecutor(8) as pool:
        for n, total, mine in pool.map(work, range(64)):
            assert total == sum(range(1, 51))
            assert mine == sum(range(n + 1, n + 51))


def test_a_task_may_use_threads_that_compute() -> None:
    def work() -> list[int]:
        with ThreadPoolExecutor(3) as pool:
            return list(pool.map(lambda i: delayed(inc)(i).compute(), range(6)))

    assert delayed(work)().compute() == [1, 2, 3, 4, 5, 6]


def test_the_first_two_sleeps_overlap() -> None:
    met = threading.Barrier(2, timeout=30)
    assert sorted(raskt.compute(delayed(met.wait)(), delayed(met.wait)(), num_workers=2)) == [0, 1]


def test_a_value_that_computes_when_it_is_hashed_or_compared_does_no_harm() -> None:
    class Key:
        def __hash__(self) -> int:
            return int(delayed(inc)(1).compute(scheduler="sync"))

        def __eq__(self, other: object) -> bool:
            delayed(inc)(1, dask_key_name="inside").compute(scheduler="sync")
            return isinstance(other, Key)

    one, two = delayed(inc)(1, dask_key_name=Key()), delayed(inc)(1, dask_key_name=Key())
    assert raskt.compute(one, two) == (2, 2)
    with pytest.raises(KeyClashError):
        raskt.compute(one, delayed(inc)(2, dask_key_name=Key()))
