"""Workers hand 1 GiB of arrays to each other at twice Dask's rate or better.

Two clusters of two processes with a thread each, Raskt's and Dask's, in turn. One worker makes the arrays;
then a task on the other one takes all of them, and is timed from its submission to its result.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import distributed
import numpy as np
import raskt.distributed
from _claims import Claim, conclude, in_turn, table

TOTAL_BYTES = 1 << 30
SIZES = {"4 MiB": 4 << 20, "64 MiB": 64 << 20}
ROUNDS = 3


def made(n_bytes: int, i: int) -> Any:
    """An array that is written to, so that its memory is there."""
    return np.full(n_bytes, i % 256, dtype=np.uint8)


def together(*arrays: Any) -> tuple[int, int]:
    """What the other worker tells of all arrays."""
    return sum(array.nbytes for array in arrays), int(sum(int(array[-1]) for array in arrays))


def rate(client: Any, n_bytes: int) -> float:
    """How many GB a second come from one worker to the other."""
    # A virtual machine may have to ask its host for memory that nobody has used of late, which takes long:
    # whoever comes second would get what the first one has let go of.
    np.ones(3 * TOTAL_BYTES, dtype=np.uint8)
    first, second = client.nthreads()
    n = TOTAL_BYTES // n_bytes
    arrays = [client.submit(made, n_bytes, i, workers=[first], pure=False) for i in range(n)]
    for array in arrays:
        if array.exception() is not None:
            raise array.exception()
    begin = time.perf_counter()
    found = client.submit(together, *arrays, workers=[second], pure=False).result()
    elapsed = time.perf_counter() - begin
    if tuple(found) != (n * n_bytes, sum(i % 256 for i in range(n))):
        raise SystemExit("wrong answer")
    return n * n_bytes / elapsed / 1e9


def main() -> int:
    """Measure."""
    options: Any = {"n_workers": 2, "threads_per_worker": 1, "memory_limit": "5 GiB"}
    with (
        raskt.distributed.LocalCluster(**options) as ours,
        raskt.distributed.Client(ours, set_as_default=False) as our_client,
        distributed.LocalCluster(dashboard_address=None, **options) as theirs,
        distributed.Client(theirs, set_as_default=False) as their_client,
    ):
        clients = {"raskt": our_client, "dask": their_client}
        sides: dict[str, Callable[[], float]] = {
            f"{name} {size}": partial(rate, client, n_bytes)
            for size, n_bytes in SIZES.items()
            for name, client in clients.items()
        }
        # The first time connections are made.
        in_turn(sides, 1)
        found = {name: max(rates) for name, rates in in_turn(sides, ROUNDS).items()}
    rows = [(size, found[f"raskt {size}"], found[f"dask {size}"]) for size in SIZES]
    table(["1 GiB in arrays of", "raskt, GB a second", "dask"], rows)
    ratios = {size: ours / theirs for size, ours, theirs in rows}
    return conclude(
        [
            Claim(f"transfer_{size.replace(' ', '_').lower()}", ratio, 2, "times Dask's rate", at_least=True)
            for size, ratio in ratios.items()
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
