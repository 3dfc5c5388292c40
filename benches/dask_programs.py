"""Unchanged Dask programs by Dask's threads and by Raskt's, in turn.

Dask plans both, and its functions do the work, so that what differs is the scheduler. A program of many small
tasks gains most; one of a few large ones must at least lose nothing.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import dask
import dask.array as da
import dask.bag as db
import dask.dataframe as dd
import numpy as np
import pandas as pd
import raskt.threaded
from _claims import Claim, best, conclude, in_turn, table

ROUNDS = 5
#: Raskt's scheduler may be this much slower than Dask's on any program.
RATIO_MAX = 1.1


def programs() -> dict[str, Callable[[], Any]]:
    """The programs: each returns a collection."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"key": rng.integers(0, 100, 2_000_000), "value": rng.random(2_000_000)})
    frames = dd.from_pandas(frame, npartitions=16)
    small = da.ones((1000, 1000), chunks=20)
    large = da.random.default_rng(0).random((4000, 4000), chunks=1000)
    return {
        "array, 2,500 small chunks": lambda: (small + small.T).sum(),
        "array, 16 large chunks": lambda: ((large * 2 + 1) ** 2).mean(axis=0).sum(),
        "bag, 200 partitions": lambda: db.range(100_000, npartitions=200).map(lambda v: v % 7).frequencies(),
        "dataframe, group-by": lambda: frames.groupby("key").value.mean(),
        "dataframe, shuffle": lambda: frames.set_index("key").value.sum(),
        "delayed, 20,000 calls": tree,
    }


def tree() -> Any:
    """A tree of sums of small integers."""
    add = dask.delayed(lambda *values: sum(values), pure=False)
    level: list[Any] = [add(i, 1) for i in range(15_000)]
    while len(level) > 1:
        level = [add(*level[at : at + 4]) for at in range(0, len(level), 4)]
    return level[0]


def seconds(make: Callable[[], Any], scheduler: Any) -> float:
    """How long computing the program takes; building it is not counted."""
    collection = make()
    begin = time.perf_counter()
    collection.compute(scheduler=scheduler)
    return time.perf_counter() - begin


def main() -> int:
    """Measure every program."""
    rows, claims = [], []
    for name, make in programs().items():
        sides = {
            "dask": lambda make=make: seconds(make, "threads"),
            "raskt": lambda make=make: seconds(make, raskt.threaded.get),
        }
        found = best(in_turn(sides, ROUNDS))
        ratio = found["dask"] / found["raskt"]
        rows.append((name, found["dask"] * 1e3, found["raskt"] * 1e3, ratio))
        claims.append(Claim(f"{name}: of Dask's time", 1 / ratio, RATIO_MAX))
    table(["program", "Dask [ms]", "Raskt's scheduler [ms]", "times as fast"], rows)
    return conclude(claims)


if __name__ == "__main__":
    sys.exit(main())
