"""A native graph on one thread takes at most 1.3 times as long while a Python thread spins on the GIL.

A thousand blocks of 1 MiB are made, scaled, squared and summed in native kernels; two hundred are
transposed, sliced, cumulated, searched for their largest elements, and reshaped. The spinning thread
runs pure Python on the other core. What a busy neighbour costs whatever it does (shared caches, clocks,
cores that are half a core) is taken out: the time is held against that beside a spinning *process*. The
same graph with `array.native` off shows what entering Python costs.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any

import raskt
import raskt.array as ra
from _claims import Claim, best, conclude, in_turn, table

ROUNDS = 3


def graph() -> Any:
    """Squares summed over 1,000 blocks of 1 MiB, new each time."""
    x = ra.arange(1000 << 17, chunks=1 << 17, dtype="float64")
    return ((x * 2 + 1) ** 2).sum()


def blocks() -> Any:
    """Blocks of 1 MiB moved about, cumulated and compared, new each time."""
    x = ra.arange(200 << 17, chunks=1 << 17, dtype="float64").reshape(-1, 512)
    top = ra.topk(x.T[::2], 3, axis=0).sum()
    return top + ra.cumsum(x, axis=1)[:, -1].reshape(-1, 2).max()


def seconds(make: Callable[[], Any]) -> float:
    """How long one thread takes for a graph."""
    value = make()
    begin = time.perf_counter()
    value.compute(scheduler="threads", num_workers=1)
    return time.perf_counter() - begin


def spin(stop: threading.Event) -> None:
    """Hold the GIL as pure Python does, until told to stop."""
    n = 0
    while not stop.is_set():
        for _ in range(10_000):
            n += 1


@contextmanager
def nobody() -> Iterator[None]:
    """No neighbour."""
    yield


@contextmanager
def process() -> Iterator[None]:
    """A neighbour with a GIL of its own."""
    spinner = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        spinner.kill()
        spinner.wait()


@contextmanager
def thread() -> Iterator[None]:
    """A neighbour that holds this process's GIL."""
    stop = threading.Event()
    spinner = threading.Thread(target=spin, args=(stop,))
    spinner.start()
    try:
        yield
    finally:
        stop.set()
        spinner.join()


def beside(
    neighbour: Callable[[], AbstractContextManager[None]], make: Callable[[], Any], native: bool
) -> float:
    """How long a graph takes beside a neighbour."""
    with raskt.config.set({"array.native": native}), neighbour():
        return seconds(make)


def main() -> int:
    """Print the table, and whether the claim holds."""
    neighbours = {"alone": nobody, "process": process, "thread": thread}
    rows: list[tuple[object, ...]] = []
    ratios = []
    graphs = [
        ("native kernels", graph, True),
        ("native kernels of blocks", blocks, True),
        ("NumPy's functions", graph, False),
    ]
    for name, make, native in graphs:
        sides = {kind: partial(beside, neighbour, make, native) for kind, neighbour in neighbours.items()}
        in_turn(sides, 1)
        found = best(in_turn(sides, ROUNDS))
        ratios.append(found["thread"] / found["process"])
        rows.append((name, *(found[kind] * 1e3 for kind in neighbours), ratios[-1]))
    table(["one thread, ms", "alone", "beside a process", "beside a thread", "thread / process"], rows)
    claims = [
        Claim("gil_native", ratios[0], 1.3, "beside a thread / a process"),
        Claim("gil_native_blocks", ratios[1], 1.3, "beside a thread / a process"),
    ]
    return conclude(claims)


if __name__ == "__main__":
    sys.exit(main())
