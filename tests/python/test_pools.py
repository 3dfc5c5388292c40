"""Pools of threads: functions that never return take no thread from later computations."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import raskt
from raskt import delayed
from raskt.callbacks import Callback

posix = pytest.mark.skipif(os.name != "posix", reason="POSIX")
linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux")

HEAD = """
import os, signal, threading, time, warnings
import raskt
import raskt.array as ra
from raskt import delayed

def inc(x): return x + 1
def stuck(*_): threading.Event().wait()
def fail(*_):
    time.sleep(0.2)
    raise LookupError("x")
def full_width(n):
    # Only n tasks at a time get past the barrier.
    barrier = threading.Barrier(n)
    def meet(i):
        barrier.wait(30)
        return i
    return raskt.compute([delayed(meet)(i) for i in range(n)], num_workers=n)[0] == list(range(n))
"""


def output(code: str, timeout: float = 60) -> list[str]:
    """What a program prints that ends by `os._exit`: functions that never return would keep it."""
    program = HEAD + textwrap.dedent(code) + "\nos._exit(0)\n"
    run = subprocess.run([sys.executable, "-uc", program], capture_output=True, text=True, timeout=timeout)
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()


def test_after_abandoned_functions_the_next_computation_runs_at_full_width() -> None:
    code = """
        for n in (1, 2, 3):
            for held in range(1, n + 1):
                with warnings.catch_warnings(record=True) as caught:
                    warnings.simplefilter("always")
                    try:
                        tasks = [delayed(stuck)(i, dask_key_name=f"stuck-{i}") for i in range(held - 1)]
                        raskt.compute(tasks, delayed(fail)(), num_workers=n)
                    except LookupError:
                        print(n, held, *("next computation" in str(one.message) for one in caught))
                assert full_width(n)
    """
    said = output(code)
    assert said == ["1 1", "2 1", "2 2 True", "3 1", "3 2 True", "3 3 True"]


@posix
def test_a_lock_that_is_never_free_and_an_alarm_leave_a_pool_that_works() -> None:
    code = """
        import numpy as np
        class Never:
            def acquire(self, *_): threading.Event().wait()
            def release(self): pass
            __enter__ = acquire
            def __exit__(self, *_): pass
        def give_up(*_): raise TimeoutError("too long")
        signal.signal(signal.SIGALRM, give_up)
        x = ra.from_array(np.arange(40), chunks=4, lock=Never())
        for n in (2, 3):
            signal.setitimer(signal.ITIMER_REAL, 0.3)
            try:
                x.sum().compute(num_workers=n)
            except TimeoutError as error:
                print(error)
            print(ra.ones(4, chunks=2).sum().compute(num_workers=n), full_width(n))
    """
    assert output(code) == ["too long", "4.0 True"] * 2


def test_a_computation_on_another_thread_that_never_ends_keeps_none_waiting() -> None:
    code = """
        def endless(): raskt.compute([delayed(stuck)(i) for i in range(20)], num_workers=2)
        for _ in range(3):
            threading.Thread(target=endless, daemon=True).start()
        time.sleep(0.3)
        print(ra.arange(1000, chunks=10).sum().compute(num_workers=2), full_width(2))
        # Not over: nobody gave it up, and nothing is said.
    """
    assert output(code) == ["499500 True"]


def test_functions_abandoned_by_a_computation_inside_a_task_are_left_behind_too() -> None:
    code = """
        held = threading.Event()
        def stuck_elsewhere(me, i):
            # The worker that waits takes part.
            if threading.get_ident() == me:
                return held.wait()
            held.set()
            stuck()
        def fail_then():
            held.wait()
            raise LookupError("x")
        def outer():
            me = threading.get_ident()
            tasks = [delayed(stuck_elsewhere)(me, i) for i in range(20)]
            try:
                raskt.compute(tasks, delayed(fail_then)(), num_workers=3)
            except LookupError:
                return "went on"
        warnings.simplefilter("ignore")
        print(raskt.compute(delayed(outer)(), delayed(inc)(1), num_workers=3))
        assert full_width(3)
        print(full_width(3))
    """
    assert output(code) == ["('went on', 2)", "True"]


def test_a_failure_ends_the_computations_inside_its_tasks() -> None:
    ended = threading.Event()

    def inner(i: int) -> int:
        time.sleep(0.01)
        return i

    def outer() -> None:
        try:
            raskt.compute([delayed(inner)(i) for i in range(100_000)])
        finally:
            ended.set()

    def fail() -> None:
        time.sleep(0.1)
        raise LookupError("x")

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(LookupError):
            raskt.compute([delayed(outer)(), delayed(fail)()], num_workers=3)
    assert ended.wait(20), "a hundred thousand tasks would take minutes"


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_a_computation_inside_a_task_may_have_more_or_fewer_workers(n: int) -> None:
    def nested(i: int) -> Any:
        return sum(raskt.compute([delayed(pow)(i, k) for k in range(8)], num_workers=n)[0])

    tasks = [delayed(nested)(i) for i in range(12)]
    for workers in (1, 2, 4):
        got = raskt.compute(tasks, num_workers=workers)[0]
        assert got == [sum(i**k for k in range(8)) for i in range(12)]


def test_a_failed_computation_calls_no_finished_function_unstoppable() -> None:
    def read(i: int) -> int:
        if i == 2:
            raise OSError("disk")
        return i

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(200):
            with pytest.raises(OSError, match="disk"):
                raskt.compute([delayed(read)(i) for i in range(4)], num_workers=2)


def test_pools_that_nobody_uses_do_not_pile_up() -> None:
    if not Path("/proc/self/task").is_dir():
        pytest.skip("needs /proc")

    def n_threads() -> int:
        return len(os.listdir("/proc/self/task"))

    for n in range(1, 40):
        assert raskt.compute([delayed(abs)(-i) for i in range(3)], num_workers=n)[0] == [0, 1, 2]
    until = time.monotonic() + 30
    while n_threads() > 8 * 40 + 50 and time.monotonic() < until:
        time.sleep(0.01)
    assert n_threads() <= 8 * 40 + 50, "39 pools would have 780 threads"


@linux
@pytest.mark.parametrize("scheduler", ["threads", "processes"])
def test_a_pool_that_cannot_start_its_threads_raises(scheduler: str) -> None:
    code = f"""
        import resource
        assert full_width(2)
        in_use = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (in_use + (200 << 20), resource.RLIM_INFINITY))
        for _ in range(2):
            try:
                raskt.compute(delayed(stuck)(), num_workers=2000, scheduler={scheduler!r})
            except RuntimeError as error:
                print(error)
        print(full_width(2))
    """
    said = output(code)
    assert len(said) == 3
    assert "of 2000 threads could be started" in said[0]
    assert said[2] == "True"


LIMITED = """
import contextlib, ctypes, resource
def as_another_user():
    # Root may start as many as it wants: the limit is for real users without two capabilities, and counts
    # what runs in a user's name. The effective user stays, so that files can be read.
    if os.geteuid() != 0:
        return
    try:
        os.setresuid(60_000 + os.getpid() % 5_000, 0, 0)
    except OSError:
        print("not here")
        os._exit(0)
    libc = ctypes.CDLL(None)
    header, sets = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    assert libc.capget(header, sets) == 0
    for cap_sys in (21, 24):  # ADMIN, RESOURCE
        sets[0] &= ~(1 << cap_sys)
    assert libc.capset(header, sets) == 0
@contextlib.contextmanager
def threads_at_most(n):
    before = resource.getrlimit(resource.RLIMIT_NPROC)
    resource.setrlimit(resource.RLIMIT_NPROC, (n, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NPROC, before)
as_another_user()
"""


@linux
@pytest.mark.parametrize("n_free", [0, 1])
@pytest.mark.parametrize("where", ["threads", "processes", "cluster"])
def test_where_a_user_may_start_no_more_threads_it_is_an_error_and_no_hang(where: str, n_free: int) -> None:
    if n_free and os.geteuid() != 0:
        pytest.skip("the tests' user runs other things, which count")
    code = f"""
        from raskt.distributed import LocalCluster
        def cluster():
            with LocalCluster(n_workers=1, threads_per_worker=1, processes=False) as started:
                return len(started.workers)
        def pool():
            return raskt.compute(delayed(inc)(0), num_workers=2, scheduler={where!r})[0]
        start = cluster if {where!r} == "cluster" else pool
        with threads_at_most(1 + {n_free}):
            try:
                print(start())
            except RuntimeError as error:
                print("could be started" in str(error) or "could not be started" in str(error))
        raskt.compute(delayed(inc)(0), num_workers=2)
        print(full_width(2))
    """
    said = output(LIMITED + textwrap.dedent(code))
    if said != ["not here"]:
        assert said == ["True", "True"]


def spin(n: int) -> int:
    for i in range(n):
        n ^= i
    return n


def nap(_: int) -> None:
    time.sleep(1e-3)


# On threads tasks that let go of the GIL: whom Python gives it to where all want it is not Raskt's to say.
@pytest.mark.parametrize(("scheduler", "function"), [("threads", nap), ("processes", spin)])
def test_two_threads_that_compute_long_graphs_both_get_on(
    scheduler: str, function: Callable[[int], Any]
) -> None:
    # Two graphs at once: when the first has ended, the other is well on its way.
    n_tasks = 500
    done = [0, 0]
    when_first_ended: list[list[int]] = []
    begun = threading.Barrier(2)

    def watch(which: int) -> Callback:
        def posttask(*_: Any) -> None:
            done[which] += 1

        return Callback(posttask=posttask)

    def work(which: int) -> None:
        calls = [delayed(function)(20_000 + i) for i in range(n_tasks)]
        begun.wait()
        raskt.compute(calls, scheduler=scheduler, num_workers=2, callbacks=[watch(which)])
        when_first_ended.append(done.copy())

    # What is imported and looked for at the first computation is not waited for here.
    raskt.compute(delayed(spin)(1), scheduler=scheduler, num_workers=2, callbacks=[Callback()])
    threads = [threading.Thread(target=work, args=(which,)) for which in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert min(done) >= n_tasks
    assert min(when_first_ended[0]) >= n_tasks // 10, when_first_ended


@pytest.mark.parametrize("n_computing", [2, 4])
def test_native_and_python_graphs_on_several_threads_all_get_on(n_computing: int) -> None:
    np = pytest.importorskip("numpy")
    import raskt.array as ra

    is_over = threading.Event()
    rounds = [0] * n_computing

    def native(which: int) -> None:
        x = ra.ones((400, 400), chunks=50)
        while not is_over.is_set():
            assert np.isclose(((x + which) * 2).sum().compute(), 320_000 * (1 + which))
            rounds[which] += 1

    def python(which: int) -> None:
        while not is_over.is_set():
            raskt.compute([delayed(spin)(1000) for _ in range(50)])
            rounds[which] += 1

    kinds = [python, native] * (n_computing // 2)
    threads = [threading.Thread(target=kind, args=(which,)) for which, kind in enumerate(kinds)]
    for thread in threads:
        thread.start()
    # A thread that starved would keep this waiting: the others do not stop before.
    while min(rounds) < 5 and all(thread.is_alive() for thread in threads):
        is_over.wait(0.001)
    is_over.set()
    for thread in threads:
        thread.join()
    assert min(rounds) >= 5
