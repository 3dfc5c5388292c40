"""One thread budget: what BLAS gets while tasks run side by side, and after."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import numpy as np  # noqa: F401 - loads a BLAS
import pytest
import raskt
from raskt import _blas, delayed
from threadpoolctl import threadpool_info, threadpool_limits

pytestmark = pytest.mark.skipif(
    not threadpool_info(), reason="NumPy's BLAS is not one that threadpoolctl knows"
)


def threads():
    return [each["num_threads"] for each in threadpool_info()]


@pytest.fixture(autouse=True)
def four():
    with threadpool_limits(4), raskt.config.set({"threads.budget": 4}):
        yield


def test_tasks_side_by_side_share_the_budget_and_what_was_there_comes_back():
    meet = threading.Barrier(2)

    def look():
        meet.wait(30)
        found = threads()
        meet.wait(30)
        return found

    found = raskt.compute(delayed(look)(), delayed(look)(), scheduler="threads", num_workers=2)
    assert all(n <= 2 for each in found for n in each)
    assert threads() == [4] * len(threads())


def test_a_lone_task_has_the_whole_budget():
    assert delayed(threads)().compute(scheduler="threads", num_workers=4) == [4] * len(threads())


def test_a_chain_gets_the_whole_budget_when_it_is_all_that_is_left():
    seen = []

    def look(value):
        deadline = time.monotonic() + 10
        while threads() != [4] * len(threads()) and time.monotonic() < deadline:
            time.sleep(0.01)
        seen.append(threads())
        return value

    side = [delayed(len)([1]) for _ in range(20)]
    raskt.compute(delayed(look)(delayed(look)(1)), *side, scheduler="threads", num_workers=2)
    assert seen == [[4] * len(threads())] * 2


def test_computations_at_the_same_time_share_the_smaller_share():
    first, second = _blas.hold(2), _blas.hold(4)
    assert (first, second) == (2, 1)
    assert set(threads()) == {1}
    _blas.let_go(second)
    assert set(threads()) == {2}
    _blas.let_go(first)
    assert set(threads()) == {4}


def test_an_error_gives_the_threads_back():
    with pytest.raises(ZeroDivisionError):
        delayed(lambda: 1 / 0)().compute(scheduler="threads", num_workers=2)
    assert set(threads()) == {4}


def test_what_interrupts_letting_go_leaves_it_to_be_done_again(monkeypatch):
    from raskt import _blas

    share = _blas.hold(1_000_000)
    n_calls, restore = 0, _blas._restore

    def interrupted():
        nonlocal n_calls
        n_calls += 1
        if n_calls == 1:
            raise KeyboardInterrupt
        restore()

    monkeypatch.setattr(_blas, "_restore", interrupted)
    with pytest.raises(KeyboardInterrupt):
        _blas.let_go(share)
    assert share in _blas._shares
    _blas.let_go(share)
    assert (n_calls, _blas._shares, _blas._before) == (2, [], [])


INTERRUPTED_TWICE = """
import os, signal, threading, time, warnings
import numpy as np, raskt
from raskt import delayed
from threadpoolctl import threadpool_info, threadpool_limits

warnings.simplefilter("ignore")
threadpool_limits(4)
raskt.config.set({"threads.budget": 4})
matrix = np.ones((60, 60))

def threads():
    return {each["num_threads"] for each in threadpool_info()}

def work(_):
    end = time.monotonic() + 0.01
    while time.monotonic() < end:
        matrix @ matrix

def strike(pause):
    # The second while the first is dealt with: functions that run are waited for, or given up.
    for wait in (0.02, pause):
        time.sleep(wait)
        os.kill(os.getpid(), signal.SIGINT)

n_interrupted = 0
for attempt in range(40):
    striker = threading.Thread(target=strike, args=(0.0005 * attempt,))
    striker.start()
    ended = False
    while not ended:
        try:
            if striker.is_alive():
                raskt.compute([delayed(work)(i) for i in range(1000)], num_workers=2)
            striker.join()
            time.sleep(0.01)
            ended = True
        except KeyboardInterrupt:
            n_interrupted += 1
    assert threads() == {4}, (attempt, threads())
print(n_interrupted >= 40)
os._exit(0)
"""


@pytest.mark.skipif(os.name != "posix", reason="POSIX")
def test_a_second_ctrl_c_leaves_the_threads_as_they_were() -> None:
    command = [sys.executable, "-c", INTERRUPTED_TWICE]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=150)
    assert (ended.stdout, ended.returncode) == ("True\n", 0), ended.stderr
