"""Compare the memory that Raskt's and Dask's orders of the same graphs take.

Run it with a Python that has Dask::

    python benches/order_vs_dask/compare.py                # graphs of well-known forms, drawn by Raskt
    python benches/order_vs_dask/compare.py --collections  # graphs that dask.array, .dataframe and .bag make
    python benches/order_vs_dask/compare.py --stored       # results are not kept

Raskt's side is ``cargo run --release -p raskt-graph --example order_shapes``. Both orders are executed on
paper here, one task at a time: a value of size one is live from the start of its task until its last consumer
has finished, requested values (those that no task uses) stay. The exit code is 1 if Raskt's peak is more than
1.1 times Dask's anywhere.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict

from dask.order import order

ROOT = Path(__file__).resolve().parents[2]
RATIO_MAX = 1.1

Rows = list[list[int]]


class Ordered(TypedDict):
    """A graph as Raskt prints it, and the order that it chose."""

    name: str
    microseconds_per_task: float
    inputs: Rows
    keep: list[int]
    sequence: list[int]


def raskt_orders(arguments: Sequence[str]) -> Iterator[Ordered]:
    """Run the Rust example and yield what it prints."""
    command = [
        "cargo",
        "run",
        "--quiet",
        "--release",
        "-p",
        "raskt-graph",
        "--example",
        "order_shapes",
        "--",
        "--json",
    ]
    with subprocess.Popen([*command, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            yield json.loads(line)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed with exit code {process.returncode}")


def live_peak(inputs: Rows, keep: Sequence[int], sequence: Sequence[int]) -> int:
    """Return how many values are live at most if tasks run in the order of ``sequence``.

    Examples
    --------
    >>> live_peak([[], [0], [], [2]], [1, 3], [0, 1, 2, 3])
    3
    >>> live_peak([[], [0], [], [2]], [1, 3], [0, 2, 1, 3])
    3
    >>> live_peak([[], [], [0, 1]], [], [0, 1, 2])
    3
    """
    assert sorted(sequence) == list(range(len(inputs))), "not a permutation"
    release = [-1] * len(inputs)
    has_run = [False] * len(inputs)
    for step, task in enumerate(sequence):
        assert all(has_run[value] for value in inputs[task]), "not topological"
        has_run[task] = True
        for value in (task, *inputs[task]):
            release[value] = step
    for task in keep:
        release[task] = -1
    live = peak = 0
    for step, task in enumerate(sequence):
        live += 1
        peak = max(peak, live)
        live -= sum(release[value] == step for value in {task, *inputs[task]})
    return peak


def dask_order(inputs: Rows) -> tuple[list[int], float]:
    """Return the tasks in Dask's order, and the microseconds a task that it took."""
    graph = {task: (max, *row) if row else (int,) for task, row in enumerate(inputs)}
    start = time.perf_counter()
    ranks = order(graph)
    seconds = time.perf_counter() - start
    return sorted(ranks, key=ranks.__getitem__), seconds * 1e6 / max(len(inputs), 1)


def collections() -> Iterator[tuple[str, Any]]:
    """Yield named collections of Dask whose graphs people run."""
    import dask.array as da
    import dask.bag as db
    import dask.dataframe as dd
    import numpy as np
    import pandas as pd

    x = da.random.random((4_000, 4_000), chunks=(200, 200))
    y = da.random.random((4_000, 4_000), chunks=(200, 200))
    tall = da.random.random((100_000, 20), chunks=(1_000, 20))
    series = da.random.random((3_650, 20, 20), chunks=(10, 20, 20))
    yield "(x + x.T).sum()", (x + x.T).sum()
    yield "(x - x.mean()) / x.std()", (x - x.mean()) / x.std()
    yield "((x - x.mean()) / x.std()).sum()", ((x - x.mean()) / x.std()).sum()
    yield "x @ y", x @ y
    yield "(x @ y).sum()", (x @ y).sum()
    yield "x.rechunk(rows -> columns).sum()", x.rechunk((100, 4_000)).rechunk((4_000, 100)).sum()
    yield "x.rechunk(blocks)", x.rechunk((130, 370))
    yield "map_overlap(depth 1).sum()", x.map_overlap(np.sin, depth=1, boundary="none").sum()
    yield "svd", da.linalg.svd(tall)[0]
    yield "svd.sum()", da.linalg.svd(tall)[0].sum()
    yield "cumsum(x).sum()", x.cumsum(axis=0).sum()
    yield "x[::-1] + x", (x[::-1] + x).sum()
    yield "mean, std, max over axes", da.stack([x.mean(axis=0), x.std(axis=1), x.max(axis=0)])
    yield (
        "anomalies of blocks of years",
        (series.reshape(10, 365, 20, 20) - series.reshape(10, 365, 20, 20).mean(0)).std(),
    )
    frame = dd.from_pandas(
        pd.DataFrame({"a": np.arange(10_000) % 97, "b": np.arange(10_000.0)}), npartitions=100
    )
    yield "groupby.mean()", frame.groupby("a").b.mean()
    yield "groupby(split_out=10).sum()", frame.groupby("a").b.sum(split_out=10)
    yield "shuffle by tasks", frame.shuffle("a", shuffle_method="tasks")
    yield "merge by tasks", frame.merge(frame, on="a", shuffle_method="tasks").b_x.sum()
    yield "rolling(3).mean().sum()", frame.b.rolling(3).mean().sum()
    bag = db.from_sequence(range(1_000), npartitions=200)
    yield "bag fold", bag.map(abs).filter(bool).fold(max)
    yield "bag groupby by tasks", bag.groupby(lambda value: value % 10, shuffle="tasks").count()


def rows_of(collection: Any) -> Rows:
    """The inputs of each task of a collection's optimised graph, numbered as the graph lists them."""
    from dask.core import get_dependencies

    graph: Mapping[Any, Any] = dict(collection.__dask_optimize__(collection.dask, collection.__dask_keys__()))
    number = {key: at for at, key in enumerate(graph)}
    return [sorted(number[key] for key in get_dependencies(graph, key)) for key in graph]


def write_collections(path: Path) -> None:
    """Write the graphs of `collections` in the format that the Rust example reads."""
    with path.open("w") as file:
        for name, collection in collections():
            rows = ";".join(" ".join(map(str, row)) for row in rows_of(collection))
            file.write(f"{name}\t{rows}\n")


def compare(orders: Iterator[Ordered]) -> int:
    """Print the table; return how many graphs exceed the ratio."""
    print(
        f"{'shape':44} {'tasks':>7} {'dask':>7} {'raskt':>7} {'ratio':>6} "
        f"{'dask µs/task':>13} {'raskt µs/task':>14}"
    )
    ratios = []
    for graph in orders:
        inputs, keep = graph["inputs"], graph["keep"]
        sequence, microseconds = dask_order(inputs)
        dask_peak, raskt_peak = live_peak(inputs, keep, sequence), live_peak(inputs, keep, graph["sequence"])
        ratio = raskt_peak / dask_peak
        ratios.append(ratio)
        print(
            f"{graph['name']:44} {len(inputs):>7} {dask_peak:>7} {raskt_peak:>7} {ratio:>6.2f} "
            f"{microseconds:>13.1f} "
            f"{graph['microseconds_per_task']:>14.3f}{'  <-- too much' if ratio > RATIO_MAX else ''}",
            flush=True,
        )
    mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
    n_over = sum(ratio > RATIO_MAX for ratio in ratios)
    print(
        f"{len(ratios)} graphs: geometric mean of ratios {mean:.3f}, largest {max(ratios):.2f}, "
        f"{n_over} above {RATIO_MAX}"
    )
    return n_over


def main() -> int:
    """Compare as the command line says; return the exit code."""
    parser = argparse.ArgumentParser(description="Compare the peaks of Raskt's and Dask's orders.")
    parser.add_argument("--collections", action="store_true", help="graphs of Dask's own collections")
    parser.add_argument("--stored", action="store_true", help="do not keep results")
    options = parser.parse_args()
    arguments = ["--stored"] if options.stored else []
    if not options.collections:
        return int(compare(raskt_orders(arguments)) > 0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "graphs.tsv"
        write_collections(path)
        return int(compare(raskt_orders([*arguments, "--graphs", str(path)])) > 0)


if __name__ == "__main__":
    sys.exit(main())
