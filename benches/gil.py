"""A native graph on one thread takes at most 1.3 times as long while a Python thread spins on the GIL.

A thousand blocks of 1 MiB are made, scaled, squared and summed in native kernels. The spinning thread runs
pure Python on the other core. The same graph with `array.native` off shows what entering Python costs.
"""

from __future__ import annotations

import sys
import threading
import time
from typing import Any

import raskt
import raskt.array as ra
from _claims import Claim, conclude, table

ROUNDS = 3


def graph() -> Any:
    """Squares summed over 1,000 blocks of 1 MiB, new each time."""
    x = ra.arange(1000 << 17, chunks=1 << 17, dtype="float64")
    return ((x * 2 + 1) ** 2).sum()


def seconds() -> float:
    """How long one thread takes for the graph."""
    value = graph()
    begin = time.perf_counter()
    value.compute(scheduler="threads", num_workers=1)
    return time.perf_counter() - begin


def spin(stop: threading.Event) -> None:
    """Hold the GIL as pure Python does, until told to stop."""
    n = 0
    while not stop.is_set():
        for _ in range(10_000):
            n += 1


def both(native: bool) -> tuple[float, float]:
    """The best of some rounds, alone and beside a spinning thread, in turn."""
    alone, beside = [], []
    with raskt.config.set({"array.native": native}):
        seconds()
        for _ in range(ROUNDS):
            alone.append(seconds())
            stop = threading.Event()
            spinner = threading.Thread(target=spin, args=(stop,))
            spinner.start()
            beside.append(seconds())
            stop.set()
            spinner.join()
    return min(alone), min(beside)


def main() -> int:
    """Print the table, and whether the claim holds."""
    ways = {"native kernels": both(native=True), "NumPy's functions": both(native=False)}
    rows = [(name, alone * 1e3, beside * 1e3, beside / alone) for name, (alone, beside) in ways.items()]
    table(["one thread, ms", "alone", "beside a spinner", "ratio"], rows)
    return conclude([Claim("gil_native", rows[0][3], 1.3, "beside / alone")])


if __name__ == "__main__":
    sys.exit(main())
