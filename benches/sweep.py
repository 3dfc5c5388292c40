"""Operations of arrays and bags beside Dask's and NumPy's: none slower than Dask, 3 times as fast on average.

The average is the geometric mean over operations and over ways to lay out the data. All sides are measured
in turn in one process, after a warm-up, and the best of their rounds counts; what looks slower than Dask, or
nearly so, is measured again, longer. What Dask does not have at all is told apart from what fails. Arrays are
taken over from NumPy's before; what that takes has a row of its own. NumPy is measured where there is one
chunk, so large that planning does not count. Bags are computed by threads on both sides, so that what is
compared is not how processes start. One BLAS thread is for the caller to set: OMP_NUM_THREADS=1.

    python benches/sweep.py            # about ten minutes; prints the table
    python benches/sweep.py --quick    # one layout, fewer rounds
    python benches/sweep.py --only sort,unique
    python benches/sweep.py --write docs/speed.md
"""

from __future__ import annotations

import argparse
import gc
import math
import os
import platform
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import dask
import dask.array
import dask.bag
import numpy as np
import raskt
import raskt.array
import raskt.bag
from _claims import Claim, conclude
from _sweep_cases import ARRAYS, BAGS, Case

SLOWER = 1.0
"""A ratio to Dask below this is named in the table's text."""
DOUBTFUL = 1.15
"""A ratio to Dask below this is measured again, for so many times as long:"""
LONGER = 8


class Layout(NamedTuple):
    """How large arrays are and how they are cut."""

    name: str
    n: int
    n_chunks: int


LAYOUTS = (
    Layout("1 M in 8 chunks", 1_000_000, 8),
    Layout("100 k in 40 chunks", 100_000, 40),
    Layout("8 M in 1 chunk", 8_000_000, 1),
)
QUICK = LAYOUTS[:1]


class DaskHasNone(Exception):
    """Dask has no such operation."""


class Row(NamedTuple):
    """What was measured."""

    name: str
    layout: str
    raskt: float
    dask: float
    numpy: float | None


def data(kind: str, n: int) -> Any:
    """The NumPy array of one kind, about ``n`` elements."""
    rng = np.random.default_rng(len(kind))
    side = math.isqrt(n)
    made: dict[str, Callable[[], Any]] = {
        "floats": lambda: rng.random(n),
        "singles": lambda: rng.random(n, dtype="f4"),
        "complexes": lambda: rng.random(n) + 1j * rng.random(n),
        "integers": lambda: rng.integers(1, 1 << 40, n),
        "small": lambda: rng.integers(1, 1_000, n),
        "sorted": lambda: np.sort(rng.random(n)),
        "short": lambda: rng.random(n // 10),
        "matrix": lambda: rng.random((n // 200, 200)),
        "small matrix": lambda: rng.random((n // 4_000, 100)),
        "flat matrix": lambda: rng.random((20, n // 20)),
        "rows": lambda: rng.random((n // 1_000, 50)),
        "square": lambda: rng.random((side, side)),
    }
    return made[kind]()


def kinds(case: Case) -> list[str]:
    """The kinds of arrays that a case takes."""
    return (
        [case.data]
        if " matrix" in case.data and case.data.split()[0] in ("small", "flat")
        else case.data.split()
    )


def timed(work: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def measure(sides: dict[str, Callable[[], Any]], seconds: float, rounds: int) -> dict[str, float]:
    """The best time of each side; each is called at least twice, in turn, more often where it is close."""
    best = dict.fromkeys(sides, math.inf)
    for _ in range(2):
        begin = time.perf_counter()
        for number in range(rounds):
            for name, work in sides.items():
                best[name] = min(best[name], timed(work))
            if number and time.perf_counter() - begin > seconds:
                break
        if best["dask"] / best["raskt"] >= DOUBTFUL:
            break
        seconds, rounds = seconds * LONGER, rounds * LONGER
    return best


def warm_up() -> None:
    """What the first computations of a process take: imports, pools of threads, memory."""
    for xp in (raskt.array, dask.array):
        x = xp.ones((1_000, 1_000), chunks=250)
        for _ in range(3):
            (xp.sin(x) + x.T).sum().compute(scheduler="threads")
    for b in (raskt.bag, dask.bag):
        b.from_sequence(range(1_000), npartitions=8).map(str).compute(scheduler="threads")


def arrays(case: Case, layout: Layout, seconds: float, rounds: int) -> Row:
    """One operation on one layout."""
    sources = [data(kind, layout.n) for kind in kinds(case)]
    chunks = [(max(1, -(-len(source) // layout.n_chunks)), *source.shape[1:]) for source in sources]
    on = {"raskt": raskt.array, "dask": dask.array}

    def run(xp: Any, operands: list[Any]) -> Any:
        return case.call(xp, *operands).compute(scheduler="threads")

    sides: dict[str, Callable[[], Any]] = {}
    for name, xp in on.items():
        operands = [xp.from_array(s, chunks=c) for s, c in zip(sources, chunks, strict=True)]
        sides[name] = partial(run, xp, operands)
        if xp is dask.array:
            with asked_of_dask():
                case.call(xp, *operands)
    if case.is_checked:
        np.testing.assert_allclose(sides["raskt"](), sides["dask"](), rtol=1e-6, atol=1e-9, equal_nan=True)
    if case.numpy and layout.n_chunks == 1:
        sides["numpy"] = lambda: case.call(np, *sources)
        sides["numpy"]()
    found = measure(sides, seconds, rounds)
    return Row(case.name, layout.name, found["raskt"], found["dask"], found.get("numpy"))


@contextmanager
def asked_of_dask() -> Iterator[None]:
    """A name that Dask's modules lack is no failure."""
    try:
        yield
    except AttributeError as error:
        if isinstance(error.obj, ModuleType):
            raise DaskHasNone from error
        raise


def computed(case: Case, library: Any, data: Any) -> Any:
    """What the operation gives, on threads."""
    return case.call(library, data).compute(scheduler="threads")


def bags(case: Case, seconds: float, rounds: int) -> Row:
    """One operation of bags."""
    n = 50_000
    kinds: dict[str, list[Any]] = {
        "pairs": [(i, i + 1) for i in range(n)],
        "words": [f"some words {i}" for i in range(n)],
    }
    items = kinds.get(case.data, list(range(n)))
    made = {
        "raskt": (raskt.bag, raskt.bag.from_sequence(items, npartitions=8)),
        "dask": (dask.bag, dask.bag.from_sequence(items, npartitions=8)),
    }
    sides: dict[str, Callable[[], Any]] = {
        name: partial(computed, case, b, x) for name, (b, x) in made.items()
    }
    if case.is_checked:
        mine, theirs = sides["raskt"](), sides["dask"]()
        same = math.isclose(mine, theirs) if isinstance(mine, float) else mine == theirs
        if not same:
            raise AssertionError(f"{case.name}: {str(mine)[:80]} instead of {str(theirs)[:80]}")
    found = measure(sides, seconds, rounds)
    return Row(case.name, f"{n:,} elements in 8 partitions", found["raskt"], found["dask"], None)


def mean(ratios: list[float]) -> float:
    """The geometric mean."""
    return math.exp(sum(map(math.log, ratios)) / len(ratios)) if ratios else math.nan


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:,.2f}"


def page(rows: list[Row], failed: list[str], alone: list[str], note: str) -> str:
    """The page of the documentation."""
    ratios = [row.dask / row.raskt for row in rows]
    slower = sorted((row.dask / row.raskt, row) for row in rows if row.dask / row.raskt < SLOWER)
    lines = [
        "# Speed of each operation",
        "",
        "`benches/sweep.py` writes this page: operations beside the same ones of Dask, on the same data, in",
        "turn in one process, after a warm-up, best of several rounds, of more where the ratio is below",
        f"{DOUBTFUL}. *Times Dask* says how many times as fast Raskt is; above 1 is faster. *Of NumPy* is",
        "Raskt's time over NumPy's own, measured where there is one chunk. Ratios of short measurements vary",
        "by tens of per cent, and more on a busy machine. `make bench-sweep` repeats it.",
        "",
        *([note, ""] if note else []),
        f"Measured with Raskt {raskt.__version__}, Dask {dask.__version__}, NumPy {np.__version__} on",
        f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}.",
        "",
        f"- {len(rows)} measurements of {len({row.name for row in rows})} operations; geometric mean:",
        f"  **{mean(ratios):.1f} times Dask**.",
        f"- Slower than Dask: {len(slower)}.",
    ]
    for ratio, row in slower:
        lines.append(f"  - `{row.name}`, {row.layout}: {ratio:.2f}")
    if alone:
        lines.append(f"- Dask has none: {', '.join(f'`{name}`' for name in dict.fromkeys(alone))}.")
    lines.extend(f"- Failed: {name}" for name in failed)
    for layout in dict.fromkeys(row.layout for row in rows):
        own = [row for row in rows if row.layout == layout]
        with_numpy = any(row.numpy for row in own)
        head = ["operation", "Raskt (ms)", "Dask (ms)", "times Dask", *(["of NumPy"] if with_numpy else [])]
        lines += [
            "",
            f"## {layout}",
            "",
            "| " + " | ".join(head) + " |",
            "|---" + "|--:" * (len(head) - 1) + "|",
        ]
        for row in own:
            cells = [
                f"`{row.name}`",
                milliseconds(row.raskt),
                milliseconds(row.dask),
                f"{row.dask / row.raskt:.1f}",
            ]
            if with_numpy:
                cells.append(f"{row.raskt / row.numpy:.2f}" if row.numpy else "")
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one layout, few rounds")
    parser.add_argument("--only", default="", help="names, or parts of them, with commas between")
    parser.add_argument("--note", default="", help="a sentence about the machine, for the page")
    parser.add_argument("--write", type=Path, help="where the page goes")
    options = parser.parse_args()
    wanted = [part for part in options.only.split(",") if part]
    seconds, rounds = (0.05, 4) if options.quick else (0.2, 12)
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    rows: list[Row] = []
    failed: list[str] = []
    alone: list[str] = []
    warm_up()

    def take(case: Case, layout: str, work: Callable[[], Row]) -> None:
        if wanted and not any(part in case.name for part in wanted):
            return
        gc.collect()
        try:
            rows.append(work())
        except DaskHasNone:
            alone.append(case.name)
            return
        except Exception as error:
            failed.append(f"`{case.name}`, {layout}: {type(error).__name__}: {str(error).strip()[:120]!r}")
            print("FAILED", failed[-1], flush=True)
            return
        row = rows[-1]
        of_numpy = f"{row.raskt / row.numpy:6.2f} of NumPy" if row.numpy else ""
        mark = " <" if row.dask / row.raskt < SLOWER or (row.numpy and row.raskt > 1.2 * row.numpy) else ""
        print(
            f"{row.name:28s} {row.layout:22s} {milliseconds(row.raskt):>9s} ms  "
            f"{row.dask / row.raskt:7.2f} x Dask "
            f"{of_numpy}{mark}",
            flush=True,
        )

    for layout in QUICK if options.quick else LAYOUTS:
        for case in ARRAYS:
            take(case, layout.name, partial(arrays, case, layout, seconds, rounds))
    for case in BAGS:
        take(case, "bags", partial(bags, case, seconds, rounds))
    if options.write:
        options.write.write_text(page(rows, failed, alone, options.note))
    ratios = [row.dask / row.raskt for row in rows]
    return conclude(
        [
            Claim("operations slower than Dask", sum(ratio < SLOWER for ratio in ratios), 0),
            Claim("geometric mean", mean(ratios), 3, "times Dask", at_least=True),
            Claim("operations that failed", len(failed), 0),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
