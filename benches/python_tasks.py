"""A Python no-op costs at most 0.6 µs to build as a task and 1.5 µs to run, on two threads.

The graph is a list of independent calls under one `len`; a binary tree of additions tells what dependencies
cost. Beside it, in turn, the tree on Dask's threaded scheduler (which takes quadratic time for a long list of
arguments) and the calls as futures of the standard library's thread pool. Every side must give the right
answer. The best of many short rounds counts: other programs on the machine can only add to it. What runs on
one thread is measured in processor time, which on a quiet machine is wall time; two threads in wall time.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import raskt
from _claims import Claim, best, conclude, in_turn, table

N_TASKS = 20_000
N_LEAVES = 1 << 14
N_LEAVES_SLOW = 1 << 9
N_FUTURES = 2_000
ROUNDS = 30


def noop(x: object) -> object:
    """Nothing."""
    return x


def build(delayed: Callable[..., Any], n_tasks: int) -> Any:
    """A graph of independent calls."""
    call = delayed(noop)
    return delayed(len)([call(i) for i in range(n_tasks)])


def tree(delayed: Callable[..., Any], n_leaves: int) -> Any:
    """A binary tree of additions."""
    add = delayed(int.__add__)
    level: list[Any] = list(range(n_leaves))
    while len(level) > 1:
        level = [add(left, right) for left, right in zip(level[::2], level[1::2], strict=True)]
    return level[0]


def timed(
    work: Callable[[], Any],
    n_tasks: int,
    answer: object = None,
    clock: Callable[[], float] = time.process_time,
) -> float:
    """Microseconds a task that `work` takes."""
    gc.collect()
    begin = clock()
    result = work()
    seconds = clock() - begin
    if answer is not None and result != answer:
        raise SystemExit(f"wrong answer: {result} instead of {answer}")
    return seconds / n_tasks * 1e6


def wall(work: Callable[[], Any], n_tasks: int, answer: object) -> float:
    """The same of what several threads do."""
    return timed(work, n_tasks, answer, time.perf_counter)


def futures(pool: ThreadPoolExecutor) -> int:
    """The calls as futures."""
    return len([future.result() for future in [pool.submit(noop, i) for i in range(N_FUTURES)]])


def main() -> int:
    """Measure."""
    from dask.delayed import delayed as dask_delayed

    calls, sums = build(raskt.delayed, N_TASKS), tree(raskt.delayed, N_LEAVES)
    slow = tree(dask_delayed, N_LEAVES_SLOW)
    n_sums, n_slow = N_LEAVES - 1, N_LEAVES_SLOW - 1
    total, total_slow = (n * (n - 1) // 2 for n in (N_LEAVES, N_LEAVES_SLOW))
    pool = ThreadPoolExecutor(2)
    sides: dict[str, Callable[[], float]] = {
        "build": lambda: timed(lambda: build(raskt.delayed, N_TASKS), N_TASKS),
        "run": lambda: wall(lambda: calls.compute(num_workers=2), N_TASKS, N_TASKS),
        "run sync": lambda: timed(lambda: calls.compute(scheduler="sync"), N_TASKS, N_TASKS),
        "tree build": lambda: timed(lambda: tree(raskt.delayed, N_LEAVES), n_sums),
        "tree run": lambda: wall(lambda: sums.compute(num_workers=2), n_sums, total),
        "tree run sync": lambda: timed(lambda: sums.compute(scheduler="sync"), n_sums, total),
        "dask build": lambda: timed(lambda: tree(dask_delayed, N_LEAVES_SLOW), n_slow),
        "dask run": lambda: wall(
            lambda: slow.compute(scheduler="threads", num_workers=2), n_slow, total_slow
        ),
        "plain": lambda: timed(lambda: len([noop(i) for i in range(N_TASKS)]), N_TASKS, N_TASKS),
        "futures": lambda: wall(lambda: futures(pool), N_FUTURES, N_FUTURES),
    }
    in_turn(sides, 1)
    found = best(in_turn(sides, ROUNDS))
    table(
        ["µs a task", "build", "run, 2 threads", "run, 1 thread"],
        [
            (f"raskt, {N_TASKS:,} calls", found["build"], found["run"], found["run sync"]),
            (f"raskt, tree of {n_sums:,}", found["tree build"], found["tree run"], found["tree run sync"]),
            (f"dask, tree of {n_slow:,}", found["dask build"], found["dask run"], ""),
            (f"concurrent.futures, {N_FUTURES:,} calls", "", found["futures"], ""),
            ("the calls alone, in a loop", "", "", found["plain"]),
        ],
    )
    ratio = (found["dask build"] + found["dask run"]) / (found["tree build"] + found["tree run"])
    return conclude(
        [
            Claim("python_tasks_build", found["build"], 0.6, "µs a task"),
            Claim("python_tasks_run", found["run"], 1.5, "µs a task"),
            Claim("python_tasks_ratio", ratio, 40, "dask / raskt, tree", at_least=True),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
