"""The six figures of README: Raskt beside Dask and the best other tool, each side in turn on the same work.

`python benches/headline.py --write` puts the table into README, between its two marks. Without it the table
is printed and held against README, whose ratios may be twice what a busy machine measures, not more.
"""

from __future__ import annotations

import argparse
import gzip
import json
import operator
import re
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import dask
import dask.array as da
import dask.bag as db
import numpy as np
import polars as pl
import raskt
import raskt.array as ra
import raskt.bag as rb
from _claims import Claim, best, conclude, in_turn, table

README = Path(__file__).parent.parent / "README.md"
MARKS = ("<!-- figures: make bench-readme -->", "<!-- end of figures -->")
ROUNDS = 5
N_CALLS, N_PROCESS_CALLS, N_LINES = 20_000, 4_000, 400_000
#: A figure in README may be so many times as good as what a busy machine measures.
SLACK = 2.0


class Figure(NamedTuple):
    """One row: the work, its unit, and a function for each side that does the work once."""

    work: str
    unit: str
    scale: float
    sides: dict[str, Callable[[], Any]]


def small(i: int) -> int:
    """A call of a fraction of a microsecond."""
    return i + 1


def delayed_tree(library: Any, compute: Callable[[Any], Any]) -> Any:
    """A tree of calls of a small function."""
    add, level = library.delayed(operator.add), [library.delayed(small)(i) for i in range(N_CALLS // 2)]
    while len(level) > 1:
        level = [add(a, b) for a, b in zip(level[::2], level[1::2], strict=False)]
    return compute(level[0])


def tree_of_futures(pool: ThreadPoolExecutor) -> Any:
    """As many calls by the standard library's threads, without the tree."""
    return sum(pool.map(small, range(N_CALLS)))


def calls_in_processes(library: Any) -> Any:
    """Calls of a small function on child processes."""
    return library.compute(
        *[library.delayed(small)(i) for i in range(N_PROCESS_CALLS)], scheduler="processes"
    )


def json_lines(folder: Path) -> list[str]:
    """Eight gzipped files of JSON lines."""
    names = ["ada", "bo", "cleo", "dan", "eve", "flo"]
    paths = []
    for part in range(8):
        path = folder / f"{part}.json.gz"
        lines = (
            json.dumps({"name": names[i * i % 6], "amount": i % 97, "note": "x" * 60})
            for i in range(N_LINES // 8)
        )
        with gzip.open(path, "wt", compresslevel=1) as file:
            file.writelines(f"{line}\n" for line in lines)
        paths.append(str(path))
    return paths


def frequencies(bag: Any, paths: list[str]) -> dict[str, int]:
    """How often each name occurs."""
    return dict(bag.read_text(paths).map(json.loads).pluck("name").frequencies().compute())


def polars_frequencies(paths: list[str]) -> dict[str, int]:
    """The same by Polars."""
    frames = [pl.read_ndjson(gzip.decompress(Path(path).read_bytes())) for path in paths]
    counted = pl.concat(frames).group_by("name").len()
    return dict(counted.rows())


def chain(x: Any) -> Any:
    """A chain of element-wise operations, and a sum."""
    return ((x * 2 + 1) ** 2 - x).sum()


def call_figures(threads: ThreadPoolExecutor, processes: ProcessPoolExecutor) -> list[Figure]:
    """The rows on calls of small functions."""
    return [
        Figure(
            f"delayed: a tree of {N_CALLS:,} calls",
            "µs a call",
            1e6 / N_CALLS,
            {
                "Raskt": lambda: delayed_tree(raskt, lambda top: top.compute(scheduler="threads")),
                "Dask": lambda: delayed_tree(dask, lambda top: top.compute(scheduler="threads")),
                "`ThreadPoolExecutor`": lambda: tree_of_futures(threads),
            },
        ),
        Figure(
            f"{N_PROCESS_CALLS:,} calls on two child processes",
            "µs a call",
            1e6 / N_PROCESS_CALLS,
            {
                "Raskt": lambda: calls_in_processes(raskt),
                "Dask": lambda: calls_in_processes(dask),
                "`ProcessPoolExecutor`": lambda: list(processes.map(small, range(N_PROCESS_CALLS))),
            },
        ),
    ]


def array_figures() -> list[Figure]:
    """The rows on arrays."""
    values = np.random.default_rng(0).random(25_000_000)
    large = {
        "Dask": da.from_array(values, chunks=2_500_000),
        "Raskt": ra.from_array(values, chunks=2_500_000),
    }
    grid = np.random.default_rng(0).random((90, 90))
    little = {"Dask": da.from_array(grid, chunks=30), "Raskt": ra.from_array(grid, chunks=30)}
    return [
        Figure(
            "array: an expression on nine small chunks",
            "ms",
            1e3,
            {
                "Raskt": lambda: (little["Raskt"] + little["Raskt"].T).mean(axis=0).compute(),
                "Dask": lambda: (little["Dask"] + little["Dask"].T).mean(axis=0).compute(),
                "NumPy, unchunked": lambda: (grid + grid.T).mean(axis=0),
            },
        ),
        Figure(
            "array: `(x + x.T).sum()` on 10,000 chunks",
            "s",
            1,
            {
                "Raskt": lambda: many_chunks(ra),
                "Dask": lambda: many_chunks(da),
                "NumPy, unchunked": lambda: many_chunks(np),
            },
        ),
        Figure(
            "array: a chain of five operations on 200 MB",
            "ms",
            1e3,
            {
                "Raskt": lambda: chain(large["Raskt"]).compute(),
                "Dask": lambda: chain(large["Dask"]).compute(),
                "NumPy, unchunked": lambda: chain(values),
            },
        ),
    ]


def bag_figure(folder: Path) -> Figure:
    """The row on bags."""
    paths = json_lines(folder)
    return Figure(
        f"bag: names counted in {N_LINES:,} gzipped JSON lines",
        "s",
        1,
        {
            "Raskt": lambda: frequencies(rb, paths),
            "Dask": lambda: frequencies(db, paths),
            "Polars": lambda: polars_frequencies(paths),
        },
    )


def figures(folder: Path, threads: ThreadPoolExecutor, processes: ProcessPoolExecutor) -> list[Figure]:
    """The six rows."""
    return [*call_figures(threads, processes), *array_figures(), bag_figure(folder)]


def many_chunks(library: Any) -> float:
    """A sum over an array of a hundred times a hundred chunks of ten times ten."""
    x = library.arange(1_000_000).reshape(1000, 1000) * 1.0
    if library is not np:
        x = x.rechunk(10)
        return float((x + x.T).sum().compute())
    return float((x + x.T).sum())


def seconds(work: Callable[[], Any]) -> float:
    """How long the work takes once."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def agree(figure: Figure) -> None:
    """The sides must find the same."""
    found = {name: side() for name, side in figure.sides.items()}
    ours, theirs = found["Raskt"], found["Dask"]
    same = ours == theirs if isinstance(ours, (dict, tuple, int)) else np.allclose(ours, theirs)
    if not same:
        raise SystemExit(f"{figure.work}: Raskt and Dask do not agree")


def shown(figure: float) -> str:
    """A figure with two digits that count."""
    return f"{figure:,.0f}" if figure >= 10 else f"{figure:.2g}"


def measured() -> list[tuple[Figure, dict[str, float]]]:
    """Measure every row."""
    rows = []
    with (
        tempfile.TemporaryDirectory() as folder,
        ThreadPoolExecutor(2) as threads,
        ProcessPoolExecutor(2) as processes,
    ):
        for figure in figures(Path(folder), threads, processes):
            agree(figure)
            sides = {name: lambda side=side: seconds(side) for name, side in figure.sides.items()}
            found = best(in_turn(sides, ROUNDS))
            rows.append((figure, {name: value * figure.scale for name, value in found.items()}))
    return rows


def markdown(rows: list[tuple[Figure, dict[str, float]]]) -> str:
    """The table as README has it."""
    lines = ["| work | Raskt | Dask | faster | best other |", "|---|---|---|---|---|"]
    for figure, found in rows:
        ours, dasks = found["Raskt"], found["Dask"]
        other, value = next((name, value) for name, value in found.items() if name not in ("Raskt", "Dask"))
        ratio = f"{dasks / ours:.0f}" if dasks / ours >= 10 else f"{dasks / ours:.1f}"
        cells = (figure.work, f"**{shown(ours)} {figure.unit}**", shown(dasks), f"{ratio} times")
        lines.append(f"| {' | '.join(cells)} | {shown(value)} ({other}) |")
    return "\n".join(lines)


def claims(rows: list[tuple[Figure, dict[str, float]]], text: str) -> list[Claim]:
    """What README says must not be better than what is measured, but for the machine's noise."""
    found = []
    for figure, values in rows:
        row = re.search(rf"\| {re.escape(figure.work)} \|.*\| ([\d.]+) times \|", text)
        said = float(row[1]) if row else float("inf")
        ratio = values["Dask"] / values["Raskt"]
        found.append(Claim(figure.work, ratio, said / SLACK, "times Dask", at_least=True))
    return found


def main() -> int:
    """Measure, and print or write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the table into README.md")
    arguments = parser.parse_args()
    rows = measured()
    text = README.read_text("utf-8")
    if arguments.write:
        before, rest = text.split(MARKS[0])
        after = rest.split(MARKS[1])[1]
        README.write_text(f"{before}{MARKS[0]}\n{markdown(rows)}\n{MARKS[1]}{after}", "utf-8")
        print(f"written to {README}")
        return 0
    table(
        ["work", *("Raskt", "Dask", "other"), "unit"],
        [(figure.work, *found.values(), figure.unit) for figure, found in rows],
    )
    return conclude(claims(rows, text))


if __name__ == "__main__":
    sys.exit(main())
