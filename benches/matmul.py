"""A product of square matrices of float64 beside NumPy's own on all cores: within 1.15 of its time.

The matrices are random, in memory, in chunks of 1,024 by 1,024 (or what the second argument says). Both sides
have all cores for BLAS, and their products are compared.

    python benches/matmul.py [size] [chunk] [rounds]
"""

from __future__ import annotations

import sys
import time

import numpy as np
import raskt.array as ra
from _claims import Claim, conclude, in_turn, medians, table


def main() -> int:
    """Measure."""
    size, chunk, rounds = (int(text) for text in (*sys.argv[1:], *("8192", "1024", "3")[len(sys.argv) - 1 :]))
    rng = np.random.default_rng(7)
    a, b = (rng.standard_normal((size, size)) for _ in range(2))
    x, y = (ra.from_array(values, chunks=chunk) for values in (a, b))

    def ours() -> float:
        begin = time.perf_counter()
        (x @ y).compute()
        return time.perf_counter() - begin

    def numpys() -> float:
        begin = time.perf_counter()
        np.matmul(a, b)
        return time.perf_counter() - begin

    # The sum of as many products of two normal numbers as a row has, each side in an order of its own.
    np.testing.assert_allclose((x @ y).compute(), a @ b, rtol=0, atol=size * np.finfo(float).eps * 16)
    sides = {"raskt": ours, "numpy": numpys}
    seconds = medians(in_turn(sides, rounds))
    work = 2e-9 * size**3
    rows = [(name, seconds[name], work / seconds[name]) for name in sides]
    table([f"{size:,} square in chunks of {chunk:,}", "seconds", "GFLOP/s"], rows)
    ratio = seconds["raskt"] / seconds["numpy"]
    return conclude([Claim("matmul", ratio, 1.15, "of NumPy's time")])


if __name__ == "__main__":
    sys.exit(main())
