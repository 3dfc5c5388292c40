"""Counting the lines of gzipped text reaches 90 % of the rate of the decompressor alone.

The text is JSON lines: in one file, on one thread both times, and in copies enough to make all cores work.
Beside it stand the same of bz2 and xz, what Python's `gzip` and the program `gzip` need to decompress the
file, counting names in it, and the same by Python's `gzip`, `json` and `collections.Counter`.
"""

from __future__ import annotations

import bz2
import collections
import concurrent.futures
import functools
import gzip
import json
import lzma
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import IO, Any

import raskt.bag as rb
from _claims import Claim, best, conclude, in_turn, table
from raskt import _raskt

N_LINES = 3_000_000
N_LINES_OTHERS = 200_000
ROUNDS = 5
CHUNK_BYTES = 1 << 18


def write_lines(file: IO[str], n: int) -> None:
    """Write `n` lines."""
    draw = random.Random(0)
    for _ in range(n):
        name, amount = f"user-{draw.randrange(2000)}", draw.gauss(50, 20)
        file.write(json.dumps({"name": name, "amount": round(amount, 2), "tags": ["a", "b"]}) + "\n")


def prepare(folder: str) -> str:
    """Write the file."""
    path = f"{folder}/lines.json.gz"
    with gzip.open(path, "wt", compresslevel=4) as file:
        write_lines(file, N_LINES)
    return path


def prepare_others(folder: str) -> dict[str, str]:
    """Write smaller files in the other formats that the standard library writes."""
    paths = {"bz2": f"{folder}/few.json.bz2", "xz": f"{folder}/few.json.xz"}
    with bz2.open(paths["bz2"], "wt") as first, lzma.open(paths["xz"], "wt", preset=1) as second:
        write_lines(first, N_LINES_OTHERS)
        write_lines(second, N_LINES_OTHERS)
    return paths


def seconds(work: Callable[[], Any], answer: Any) -> float:
    """How long `work` takes; its answer must be right."""
    begin = time.perf_counter()
    found = work()
    spent = time.perf_counter() - begin
    if found != answer:
        raise SystemExit(f"wrong answer: {found!r}, not {answer!r}")
    return spent


def decompressed(path: str, compression: str = "gzip") -> int:
    """The decompressor alone: what it gives is dropped."""
    return _raskt.BagFile(path, compression).drain(CHUNK_BYTES)


def decompressed_all(paths: list[str]) -> int:
    """The same of several files on all cores."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return sum(pool.map(decompressed, paths))


def python_decompressed(path: str) -> int:
    """The same by Python's `gzip`."""
    with gzip.open(path) as file:
        return sum(map(len, iter(lambda: file.read(CHUNK_BYTES), b"")))


def program_decompressed(path: str) -> int:
    """The same by the program."""
    return subprocess.run(["gzip", "-dc", path], check=True, stdout=subprocess.DEVNULL).returncode


def python_names(path: str) -> dict[str, int]:
    """The names, counted by the standard library."""
    with gzip.open(path, "rt") as file:
        return dict(collections.Counter(json.loads(line)["name"] for line in file))


def measure_gzip(path: str, copies: list[str]) -> tuple[int, dict[str, float]]:
    """The bytes of the text, and the seconds of each way through it."""
    n_bytes = decompressed(path)
    names = python_names(path)
    counted = rb.read_text(path).map(json.loads).pluck("name").frequencies()
    ways: dict[str, tuple[Callable[[], Any], Any]] = {
        "decompressor": (lambda: decompressed(path), n_bytes),
        "lines": (lambda: rb.read_text(path).count().compute(), N_LINES),
        "decompressor, all cores": (lambda: decompressed_all(copies), n_bytes * len(copies)),
        "lines, all cores": (lambda: rb.read_text(copies).count().compute(), N_LINES * len(copies)),
        "names": (lambda: dict(counted.compute()), names),
        "Python's gzip": (lambda: python_decompressed(path), n_bytes),
        "Python's names": (lambda: python_names(path), names),
    }
    if shutil.which("gzip"):
        ways["gzip -dc"] = (lambda: program_decompressed(path), 0)
    sides = {way: functools.partial(seconds, work, answer) for way, (work, answer) in ways.items()}
    return n_bytes, best(in_turn(sides, ROUNDS))


def measure_other(path: str, compression: str) -> float:
    """Which part of the decompressor's rate counting lines reaches."""
    n_bytes = decompressed(path, compression)
    sides = {
        "alone": lambda: seconds(lambda: decompressed(path, compression), n_bytes),
        "lines": lambda: seconds(lambda: rb.read_text(path).count().compute(), N_LINES_OTHERS),
    }
    found = best(in_turn(sides, ROUNDS))
    return found["alone"] / found["lines"]


def main() -> int:
    """Measure."""
    with tempfile.TemporaryDirectory() as folder:
        path = prepare(folder)
        copies = [shutil.copy(path, f"{folder}/{i}.json.gz") for i in range(4 * (os.cpu_count() or 1))]
        n_bytes, found = measure_gzip(path, copies)
        others = {name: measure_other(other, name) for name, other in prepare_others(folder).items()}
    n_read = {way: n_bytes * (len(copies) if way.endswith("all cores") else 1) for way in found}
    table(
        [f"{n_bytes / 1e6:.0f} MB of gzipped JSON lines", "MB a second"],
        [(way, n_read[way] / spent / 1e6) for way, spent in found.items()],
    )
    table(["lines, of the decompressor's rate", ""], others.items())
    unit = "of the decompressor's rate"
    one = found["decompressor"] / found["lines"]
    many = found["decompressor, all cores"] / found["lines, all cores"]
    return conclude(
        [
            Claim("bag_gzip", one, 0.9, unit, at_least=True),
            Claim("bag_gzip_files", many, 0.9, unit, at_least=True),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
