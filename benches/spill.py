"""200 arrays of 64 MiB, each needed twice, go through a budget of 1 GiB with a peak RSS below 1.5 GiB.

Each array is made by a delayed task. All are needed by a global sum, and again, together with that sum, by
the answer: none can be dropped before the last has been made. With 12.5 GiB of values under
``memory_limit="1GiB"`` most of them go to disk and come back. The computation runs in a child process, whose
memory is sampled every 10 ms and compared with the operating system's own high-water mark.

It needs 12 GiB free where temporary files lie (``TMPDIR``). ``RASKT_BENCH_ARRAYS`` makes it smaller.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import threading
import time
from typing import Any

from _claims import Claim, conclude, table

N_ARRAYS = int(os.environ.get("RASKT_BENCH_ARRAYS", "200"))
N_ITEMS = 8 << 20
SAMPLE_SECONDS = 0.01


def make(i: int) -> Any:
    """64 MiB of one number."""
    import numpy as np

    return np.full(N_ITEMS, float(i))


def total(x: Any) -> float:
    """What goes into the global sum."""
    return float(x[::4096].sum())


def share(x: Any, whole: float) -> float:
    """One array together with the global sum."""
    return float(x[0]) / whole


def watch(peak: list[int]) -> None:
    """Keep the largest resident size of this process."""
    page = os.sysconf("SC_PAGE_SIZE")
    while True:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - a hundred times a second
            peak[0] = max(peak[0], int(file.read().split()[1]) * page)
        time.sleep(SAMPLE_SECONDS)


def child() -> None:
    """Compute, and print what it took."""
    from raskt import delayed

    peak = [0]
    threading.Thread(target=watch, args=(peak,), daemon=True).start()
    arrays = [delayed(make)(i) for i in range(N_ARRAYS)]
    whole = delayed(sum)([delayed(total)(array) for array in arrays])
    answer = delayed(sum)([delayed(share)(array, whole) for array in arrays])
    begin = time.perf_counter()
    found = answer.compute(memory_limit="1GiB")
    seconds = time.perf_counter() - begin
    high_water = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"answer": found, "seconds": seconds, "sampled": peak[0], "high_water": high_water}))


def main() -> int:
    """Run the child and judge."""
    if sys.argv[1:] == ["child"]:
        child()
        return 0
    done = subprocess.run([sys.executable, __file__, "child"], check=True, stdout=subprocess.PIPE, text=True)
    found = json.loads(done.stdout)
    items = N_ITEMS // 4096
    expected = sum(i / (items * sum(range(N_ARRAYS))) for i in range(N_ARRAYS))
    if abs(found["answer"] - expected) > 1e-9 * expected:
        print(f"wrong answer: {found['answer']} instead of {expected}")
        return 1
    gib = 1 << 30
    values = N_ARRAYS * N_ITEMS * 8 / gib
    table(
        ["GiB of values", "seconds", "peak sampled, GiB", "peak by the system, GiB"],
        [(f"{values:.1f}", found["seconds"], found["sampled"] / gib, found["high_water"] / gib)],
    )
    peak = max(found["sampled"], found["high_water"]) / gib
    return conclude([Claim("spill_peak", peak, 1.5, "GiB")])


if __name__ == "__main__":
    sys.exit(main())
