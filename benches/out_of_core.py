"""Arrays larger than memory, each in a process of its own whose peak RSS the operating system tells.

- ``rechunk``: 10 GiB of generated numbers from rows to columns, and a sum of every column: below 2 GiB.
- ``moments``: mean and standard deviation of 40 GiB of random numbers: below 2 GiB.

Both are computed with ``memory_limit="1GiB"`` and the default spilling. The first needs 11 GiB free where
temporary files lie (``TMPDIR``). ``RASKT_BENCH_GIB`` scales both down: it is the size of the first, and a
quarter of the second's.
"""

from __future__ import annotations

import json
import math
import os
import resource
import subprocess
import sys
import time

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
    error = {"rechunk": rechunk, "moments": moments}[case]()
    seconds = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"error": error, "seconds": seconds, "peak": peak}))


def main() -> int:
    """Run each case in a child, and judge."""
    if len(sys.argv) > 1:
        child(sys.argv[1])
        return 0
    rows, claims = [], []
    for case, gib in (("rechunk", SIZE), ("moments", 4 * SIZE)):
        done = subprocess.run([sys.executable, __file__, case], check=True, stdout=subprocess.PIPE, text=True)
        found = json.loads(done.stdout)
        if not found["error"] < 7:
            print(f"{case}: {found['error']:.1f} standard errors from what is expected")
            return 1
        rows.append((case, gib, found["seconds"], found["peak"] / GIB))
        claims.append(Claim(f"out_of_core_{case}", found["peak"] / GIB, 2, "GiB"))
    table(["case", "GiB of values", "seconds", "peak, GiB"], rows)
    return conclude(claims)


if __name__ == "__main__":
    sys.exit(main())
