"""A warm pool costs at most 50 µs a task, and hands 1 GiB of arrays over at half of memcpy's rate or better.

Tasks: 5,000 calls of a small function on two children, beside the standard library's process pool, in turn.
Each side's pool is warm: children started, function known.

Hand-over: four arrays of 256 MiB go to a child as arguments, and come back from it as results that it had
made before. What they are held against is a copy within this process into memory that is fresh, as what is
handed over always is; `numpy.copyto` into memory that has been written to before is printed beside it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any

from _claims import Claim, best, conclude, in_turn, table
from raskt import compute, delayed

N_TASKS = 5_000
N_ARRAYS = 4
ARRAY_BYTES = 256 << 20
ROUNDS = 5


def small(i: int) -> int:
    """A task of a few hundred nanoseconds."""
    return (i * 2654435761) & 0xFFFF


def first(array: Any) -> float:
    """What a child tells of an array that it was given."""
    return float(array[0])


def made(i: int) -> Any:
    """An array that a process makes once and then has, in a place that does not travel with this function."""
    import numpy as np

    kept: dict[int, Any] = vars(sys).setdefault("raskt_bench_arrays", {})
    if i not in kept:
        kept[i] = np.full(ARRAY_BYTES // 8, float(i))
    return kept[i]


def seconds(work: Callable[[], Any], answer: Any) -> float:
    """How long `work` takes; its answer must be right."""
    begin = time.perf_counter()
    found = work()
    elapsed = time.perf_counter() - begin
    if found != answer:
        raise SystemExit("wrong answer")
    return elapsed


def ours() -> int:
    """The calls on Raskt's pool."""
    values = [delayed(small)(i) for i in range(N_TASKS)]
    total = compute(*values, scheduler="processes", num_workers=2)
    return sum(total)


def library(pool: ProcessPoolExecutor) -> int:
    """The calls as futures of the standard library."""
    return sum([future.result() for future in [pool.submit(small, i) for i in range(N_TASKS)]])


def there(arrays: list[Any]) -> list[float]:
    """Arrays to a child."""
    return list(compute(*[delayed(first)(array) for array in arrays], scheduler="processes", num_workers=1))


def back() -> list[float]:
    """Arrays from a child."""
    arrays = compute(*[delayed(made)(i) for i in range(N_ARRAYS)], scheduler="processes", num_workers=1)
    return [float(array[0]) for array in arrays]


def copied(arrays: list[Any], target: Any) -> list[float]:
    """Arrays into memory that is there."""
    import numpy as np

    found = []
    for array in arrays:
        np.copyto(target, array)
        found.append(float(target[0]))
    return found


def fresh(arrays: list[Any]) -> list[float]:
    """Arrays into memory that the system has yet to give."""
    return [float(array.copy()[0]) for array in arrays]


def main() -> int:
    """Measure."""
    arrays = [made(i) for i in range(N_ARRAYS)]
    heads = [float(i) for i in range(N_ARRAYS)]
    total = sum(map(small, range(N_TASKS)))
    with ProcessPoolExecutor(2) as pool:
        sides = {
            "raskt": partial(seconds, ours, total),
            "library": partial(seconds, partial(library, pool), total),
            "there": partial(seconds, partial(there, arrays), heads),
            "back": partial(seconds, back, heads),
            "memcpy": partial(seconds, partial(copied, arrays, arrays[0].copy()), heads),
            "fresh": partial(seconds, partial(fresh, arrays), heads),
        }
        in_turn(sides, 2)
        found = best(in_turn(sides, ROUNDS))
    microseconds = {name: found[name] / N_TASKS * 1e6 for name in ("raskt", "library")}
    rate = {name: N_ARRAYS * ARRAY_BYTES / found[name] / 1e9 for name in ("there", "back", "memcpy", "fresh")}
    table(
        ["5,000 calls, two children", "µs a task"],
        [("raskt", microseconds["raskt"]), ("concurrent.futures", microseconds["library"])],
    )
    print()
    table(
        ["1 GiB of NumPy data", "GB a second"],
        [
            ("to a child", rate["there"]),
            ("from a child", rate["back"]),
            ("copyto into memory that was there", rate["memcpy"]),
            ("copy into fresh memory", rate["fresh"]),
        ],
    )
    return conclude(
        [
            Claim("processes_task", microseconds["raskt"], 50, "µs a task"),
            Claim("processes_there", rate["there"] / rate["fresh"], 0.5, "of a copy", at_least=True),
            Claim("processes_back", rate["back"] / rate["fresh"], 0.5, "of a copy", at_least=True),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
