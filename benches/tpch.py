"""TPC-H's 22 queries: in the geometric mean at least 4 times as fast as Dask, and within 1.3 of the better
of Polars and DuckDB.

Raskt and Dask run one program, that of `_tpch_queries.py`; Polars and DuckDB take SQL. All read the same
Parquet files. Every query of every side has a process of its own, in turn; the first answer warms it up, and
the best of three more counts. Answers are compared with DuckDB's. The memory is the peak of the process.

    python benches/tpch.py                       # scale 1, all sides
    python benches/tpch.py --scale 10 --sides raskt duckdb --queries q01 q03
"""

from __future__ import annotations

import argparse
import importlib
import json
import math
import os
import re
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from _claims import Claim, conclude, table
from _tpch_data import make
from _tpch_queries import QUERIES, TABLES, Tables
from _tpch_sql import SQL

SIDES = ("raskt", "dask", "polars", "duckdb")
ROOT = Path(os.environ.get("RASKT_BENCH_DATA", Path.home() / ".cache" / "raskt-bench"))
RUNS = 3


def frames(side: str) -> Callable[[str, Path, float], list[list[Any]]]:
    """Return what answers a query through the frames of Raskt or Dask."""
    library = importlib.import_module(f"{side}.dataframe")

    def answer(name: str, folder: Path, scale: float) -> list[list[Any]]:
        found = QUERIES[name](Tables(lambda each: library.read_parquet(folder / each), scale)).compute()
        return found.values.tolist() if hasattr(found, "columns") else [[found]]

    return answer


def polars() -> Callable[[str, Path, float], list[list[Any]]]:
    """Return what answers a query through Polars' SQL."""
    import polars as pl

    def answer(name: str, folder: Path, scale: float) -> list[list[Any]]:
        tables = {each: pl.scan_parquet(folder / each / "*.parquet") for each in TABLES}
        query = SQL[name].format(fraction=0.0001 / scale)
        return [list(row) for row in pl.SQLContext(tables).execute(query, eager=True).rows()]

    return answer


def duckdb() -> Callable[[str, Path, float], list[list[Any]]]:
    """Return what answers a query through DuckDB."""
    import duckdb as library

    connection = library.connect()

    def answer(name: str, folder: Path, scale: float) -> list[list[Any]]:
        for each in TABLES:
            connection.execute(f"create or replace view {each} as select * from '{folder}/{each}/*.parquet'")
        return [list(row) for row in connection.execute(SQL[name].format(fraction=0.0001 / scale)).fetchall()]

    return answer


def child(side: str, name: str, folder: Path, scale: float) -> None:
    """Answer one query on one side several times, and print what that took."""
    answer = {"polars": polars, "duckdb": duckdb}.get(side, lambda: frames(side))()
    times, rows = [], []
    for _ in range(RUNS + 1):
        wall, processor = time.perf_counter(), time.process_time()
        rows = answer(name, folder, scale)
        times.append((time.perf_counter() - wall, time.process_time() - processor))
    found = {
        "seconds": min(time for time, _ in times[1:]),
        "processor": min(time for _, time in times[1:]),
        "mib": peak_mib(),
        "rows": [[_plain(value) for value in row] for row in rows],
    }
    print(json.dumps(found))


def peak_mib() -> float:
    """Return the peak of the memory of this process, which Linux alone tells without that of its parent."""
    if (status := Path("/proc/self/status")).exists():
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
        return int(found[1]) / 2**10 if found else math.nan
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def _plain(value: Any) -> Any:
    """Return a value that JSON has: the day of a time, the number of a NumPy scalar."""
    if hasattr(value, "isoformat"):
        return value.isoformat()[:10]
    return value.item() if hasattr(value, "item") else value


def measured(side: str, name: str, folder: Path, scale: float) -> dict[str, Any]:
    """Answer a query in a process of its own."""
    command = [sys.executable, __file__, "--child", side, name, str(folder), str(scale)]
    found: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return found


def same(left: Any, right: Any) -> bool:
    """Whether two answers are equal, numbers up to the order of their sums."""
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, float) or isinstance(right, float):
        return math.isclose(left, right, rel_tol=1e-6)
    return bool(left == right)


def main() -> int:
    """Measure."""
    parser = argparse.ArgumentParser(description="The 22 queries of TPC-H.")
    parser.add_argument("--scale", type=float, default=1)
    parser.add_argument("--sides", nargs="+", choices=SIDES, default=list(SIDES))
    parser.add_argument("--queries", nargs="+", choices=list(QUERIES), default=list(QUERIES))
    parser.add_argument("--processor", action="store_true", help="tell processor time: on a busy machine")
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        side, name, folder, scale = given.child
        child(side, name, Path(folder), float(scale))
        return 0
    sides = list(dict.fromkeys([*given.sides, "raskt", "duckdb"]))
    folder = make(ROOT / f"tpch-tables-{given.scale:g}", given.scale, parts=8, row_group_size=200_000)
    kind = "processor" if given.processor else "seconds"
    found = {
        name: {side: measured(side, name, folder, given.scale) for side in sides} for name in given.queries
    }
    rows, wrong = [], []
    for name, by in found.items():
        wrong += [f"{name} on {side}" for side in sides if not same(by[side]["rows"], by["duckdb"]["rows"])]
        rows.append([name, *(by[side][kind] for side in sides), *(round(by[side]["mib"]) for side in sides)])
    table([f"{kind} of", *sides, *(f"{side} MiB" for side in sides)], rows)
    ratios = {
        side: statistics.geometric_mean(by[side][kind] / by["raskt"][kind] for by in found.values())
        for side in sides
    }
    best = [
        by["raskt"][kind] / min(by[side][kind] for side in sides if side in ("polars", "duckdb"))
        for by in found.values()
    ]
    print(f"\nof Raskt, geometric mean: {', '.join(f'{side} {ratio:.2f}' for side, ratio in ratios.items())}")
    if wrong:
        raise SystemExit(f"answers differ from DuckDB's: {', '.join(wrong)}")
    claims = [Claim("tpch_of_best", statistics.geometric_mean(best), 1.3, "of the better of the others")]
    if "dask" in sides:
        claims.append(Claim("tpch_dask", ratios["dask"], 4, "Dask / Raskt", at_least=True))
    return conclude(claims)


if __name__ == "__main__":
    sys.exit(main())
