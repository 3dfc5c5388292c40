"""What computations take at most, by what the operating system says their process took."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="peaks of a process are read in /proc")

MIB = 1 << 20

BEGIN = """
import sys
from pathlib import Path

import numpy as np
import raskt.array as ra


def peak():
    # What `getrusage` tells of a new process begins with the peak of the one that started it.
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
"""

PROGRAM = """
n, rows, limit = (int(text) for text in sys.argv[1:])
# Through a function of blocks: numbers that are only drawn would be drawn in columns at once.
x = ra.map_blocks(np.negative, ra.arange(n * n, chunks=rows * n).reshape(n, n), dtype=np.int64)
assert x.chunksize == (rows, n), x.chunksize
x.blocks[0].sum().compute(scheduler="threads")
before = peak()
found = x.rechunk((n, rows)).sum(axis=0).compute(scheduler="threads", num_workers=2, memory_limit=limit)
grown = peak() - before
assert (found == -n * (n * (n - 1) // 2) - n * np.arange(n)).all()
print(grown)
"""


@pytest.mark.parametrize("rows", [32, 64, 256], ids=["pieces of 8 KiB", "32 KiB", "512 KiB"])
def test_rows_become_columns_within_the_limit(rows: int) -> None:
    # 128 MiB under 32 MiB, blocks of 1 to 8 MiB.
    arguments = [sys.executable, "-c", BEGIN + PROGRAM, "4096", str(rows), str(32 * MIB)]
    done = subprocess.run(arguments, check=True, stdout=subprocess.PIPE, text=True)
    assert int(done.stdout) < 80 * MIB


WHOLE = """
x = ra.map_blocks(lambda: np.ones((256, 1024)), chunks=((256,) * 96, (1024,) * 2), dtype="f8")
x.blocks[0].sum().compute(scheduler="threads")
before = peak()
assert x.compute(scheduler="threads").sum() == x.size
print(peak() - before)
"""


def test_what_is_computed_and_its_blocks_are_not_both_in_memory() -> None:
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + WHOLE], check=True, stdout=subprocess.PIPE, text=True
    )
    # 384 MiB in blocks of 2 MiB; 64 MiB are copied before their blocks are let go of.
    assert 300 * MIB < int(done.stdout) < 600 * MIB
