"""Arrays larger than memory, each in a process of its own whose peak RSS the operating system tells.

- ``rechunk``: 10 GiB of generated numbers from rows to columns, and a sum of every column: below 2 GiB.
- ``zarr``: a zarr of 10 GiB on disk from rows to columns into another one: below 2 GiB.
- ``moments``: mean and standard deviation of 40 GiB of random numbers: below 2 GiB.

All are computed with ``memory_limit="1GiB"`` and the default spilling. The first needs 11 GiB free where
temporary files lie (``TMPDIR``), the second, whose stores are not compressed, 31 GiB. ``RASKT_BENCH_GIB``
scales all down: it is the size of the first two, and a quarter of the third's.
"""

from __future__ import annotations

import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from _claims import Claim, conclude, table

GIB = 1 << 30
SIZE = float(os.environ.get("RASKT_BENCH_GIB", "10"))
LIMIT = "1GiB"
BLOCK_BYTES = 128 << 20


def rechunk() -> float:
    """How far the sums of columns are from what is expected, in standard deviations of such a sum: the
    largest."""
    import numpy as np
    import raskt.array as ra

    n = math.isqrt(int(SIZE * GIB / 8))
    size = max(BLOCK_BYTES // (8 * n), 1)
    # Through a function of blocks: numbers that are only drawn would be drawn in columns at once.
    drawn = ra.random.default_rng(1).random((n, n), chunks=(size, n))
    rows = ra.map_blocks(np.positive, drawn, dtype=np.float64)
    sums = rows.rechunk((n, size)).sum(axis=0).compute(memory_limit=LIMIT)
    return float(np.abs(sums - n / 2).max() / math.sqrt(n / 12))


def rechunk_zarr() -> float:
    """The largest difference of a number in the second store from what was written into the first."""
    import numpy as np
    import raskt.array as ra

    # Rows and columns of 8 MiB each.
    n = math.isqrt(int(SIZE * GIB / 8))
    size = max((8 << 20) // (8 * n), 1)
    with tempfile.TemporaryDirectory() as folder:
        rows, columns = (str(Path(folder) / name) for name in ("rows.zarr", "columns.zarr"))
        numbers = ra.arange(n, dtype=np.float64, chunks=size)[:, None] * n + ra.arange(n, chunks=n)
        numbers.to_zarr(rows, compressors=None, compute=False).compute(memory_limit=LIMIT)
        x = ra.from_zarr(rows)
        x.rechunk((n, size)).to_zarr(columns, compressors=None, compute=False).compute(memory_limit=LIMIT)
        wrong = abs(ra.from_zarr(columns) - numbers.rechunk((n, size))).max()
        return float(wrong.compute(memory_limit=LIMIT))


def moments() -> float:
    """How far mean and standard deviation are from 0 and 1, in their standard errors: the larger."""
    import raskt
    import raskt.array as ra

    n = int(4 * SIZE * GIB / 8)
    x = ra.random.default_rng(2).normal(size=n)
    mean, deviation = raskt.compute(x.mean(), x.std(), memory_limit=LIMIT)
    return float(max(abs(mean) * math.sqrt(n), abs(deviation - 1) * math.sqrt(2 * n)))


def child(case: str) -> None:
    """Compute, and print what it took."""
    begin = time.perf_counter()
    error = {"rechunk": rechunk, "zarr": rechunk_zarr, "moments": moments}[case]()
    seconds = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"error": error, "seconds": seconds, "peak": peak}))


def main() -> int:
    """Run each case in a child, and judge."""
    if len(sys.argv) > 1:
        child(sys.argv[1])
        return 0
    rows, claims = [], []
    for case, gib in (("rechunk", SIZE), ("zarr", SIZE), ("moments", 4 * SIZE)):
        done = subprocess.run([sys.executable, __file__, case], check=True, stdout=subprocess.PIPE, text=True)
        found = json.loads(done.stdout)
        if not found["error"] < 7:
            print(f"{case}: {found['error']:.1f} from what is expected, which is too far")
            return 1
        rows.append((case, gib, found["seconds"], found["peak"] / GIB))
        claims.append(Claim(f"out_of_core_{case}", found["peak"] / GIB, 2, "GiB"))
    table(["case", "GiB of values", "seconds", "peak, GiB"], rows)
    return conclude(claims)


if __name__ == "__main__":
    sys.exit(main())
