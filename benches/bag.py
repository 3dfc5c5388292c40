"""Counting the lines of gzipped text reaches 90 % of the rate of the decompressor alone.

The text is JSON lines in one file, on one thread both times. Counting names in it, and the same by Python's
`gzip`, `json` and `collections.Counter`, are printed beside it.
"""

from __future__ import annotations

import collections
import gzip
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import raskt.bag as rb
from _claims import Claim, best, conclude, in_turn, table
from raskt import _raskt

N_LINES = 3_000_000
ROUNDS = 3
CHUNK_BYTES = 1 << 18


def prepare(folder: str) -> str:
    """Write the file."""
    path = f"{folder}/lines.json.gz"
    draw = random.Random(0)
    with gzip.open(path, "wt", compresslevel=4) as file:
        for _ in range(N_LINES):
            name, amount = f"user-{draw.randrange(2000)}", draw.gauss(50, 20)
            file.write(json.dumps({"name": name, "amount": round(amount, 2), "tags": ["a", "b"]}) + "\n")
    return path


def seconds(work: Callable[[], Any], answer: Any) -> float:
    """How long `work` takes; its answer must be right."""
    begin = time.perf_counter()
    found = work()
    spent = time.perf_counter() - begin
    if found != answer:
        raise SystemExit(f"wrong answer: {found!r}, not {answer!r}")
    return spent


def decompressed(path: str) -> int:
    """The decompressor alone: what it gives is dropped."""
    return _raskt.BagFile(path, "gzip").drain(CHUNK_BYTES)


def python_names(path: str) -> dict[str, int]:
    """The names, counted by the standard library."""
    with gzip.open(path, "rt") as file:
        return dict(collections.Counter(json.loads(line)["name"] for line in file))


def main() -> int:
    """Measure."""
    with tempfile.TemporaryDirectory() as folder:
        path = prepare(folder)
        n_bytes = decompressed(path)
        names = python_names(path)
        counted = rb.read_text(path).map(json.loads).pluck("name").frequencies()
        found = best(
            in_turn(
                {
                    "decompressor": lambda: seconds(lambda: decompressed(path), n_bytes),
                    "lines": lambda: seconds(lambda: rb.read_text(path).count().compute(), N_LINES),
                    "names": lambda: seconds(lambda: dict(counted.compute()), names),
                    "python": lambda: seconds(lambda: python_names(path), names),
                },
                ROUNDS,
            )
        )
    table(
        [f"{n_bytes / 1e6:.0f} MB of gzipped JSON lines", "MB a second"],
        [(name, n_bytes / spent / 1e6) for name, spent in found.items()],
    )
    rate = found["decompressor"] / found["lines"]
    return conclude([Claim("bag_gzip", rate, 0.9, "of the decompressor's rate", at_least=True)])


if __name__ == "__main__":
    sys.exit(main())
