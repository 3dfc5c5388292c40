"""`groupby` of 5 GB through disk, under a budget of 1 GiB: no element is lost, memory holds, no file stays.

The elements are texts of 200 characters, made as they are needed, in 5,000 groups. They are grouped in a
process of its own, by processes and by threads; the memory is the sum of what that process and its children
hold (the proportional set size, of which shared pages count once), looked at ten times a second.

    python benches/bag_groupby.py [gigabytes]
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from _claims import Claim, conclude, table

N_GROUPS = 5_000
SIZE = 200
N_INPUTS = 64
N_OUTPUTS = 128
BUDGET_BYTES = 1 << 30

PROGRAM = f"""
import os, sys
import raskt, raskt.bag as rb

n, scheduler, folder = int(sys.argv[1]), sys.argv[2], sys.argv[3]

def texts(numbers):
    return (f"{{x * 7919 % {N_GROUPS}:06d}} {{x:013d}}".ljust({SIZE}, "x") for x in numbers)

def summed(pair):
    key, group = pair
    return key, len(group), sum(int(text[7:20]) for text in group), sum(map(len, group))

if __name__ == "__main__":
    raskt.config.set({{"local.spill-directory": folder}})
    b = rb.range(n, npartitions={N_INPUTS}).map_partitions(texts)
    rows = b.groupby(lambda text: text[:6], npartitions={N_OUTPUTS}).map(summed).compute(
        scheduler=scheduler, memory_limit={BUDGET_BYTES}
    )
    assert len(rows) == len({{row[0] for row in rows}}) == {N_GROUPS}
    assert sum(row[1] for row in rows) == n
    assert sum(row[2] for row in rows) == n * (n - 1) // 2
    assert sum(row[3] for row in rows) == n * {SIZE}
    assert os.listdir(folder) == []
"""


def family(root: int) -> Iterator[int]:
    """Yield a process and all that come from it."""
    yield root
    for tasks in Path(f"/proc/{root}/task").glob("*/children"):
        for child in tasks.read_text().split():
            yield from family(int(child))


def held(root: int) -> int:
    """How many bytes a process and its children hold."""
    total = 0
    for process in family(root):
        try:
            for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
        except (OSError, ProcessLookupError):
            continue
    return total


def measured(n: int, scheduler: str) -> tuple[float, int, int]:
    """Seconds, bytes of memory at most, and bytes of files at most."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "work.py")
        script.write_text(PROGRAM)
        files = Path(folder, "files")
        files.mkdir()
        begin = time.perf_counter()
        work = subprocess.Popen([sys.executable, script, str(n), scheduler, files])
        memory, disk = 0, 0
        while work.poll() is None:
            try:
                memory = max(memory, held(work.pid))
                disk = max(disk, sum(file.stat().st_size for file in files.rglob("*")))
            except OSError:
                continue
            finally:
                time.sleep(0.1)
        if work.returncode:
            raise SystemExit(f"the work failed with {work.returncode}")
        return time.perf_counter() - begin, memory, disk


def main() -> int:
    """Measure."""
    gigabytes = float(sys.argv[1]) if len(sys.argv) > 1 else 5
    n = int(gigabytes * 1e9 / SIZE)
    if not Path("/proc/self/smaps_rollup").exists():
        print("memory is measured through /proc, which is not here")
        return 0
    rows, claims = [], []
    for scheduler in ("processes", "threads"):
        seconds, memory, disk = measured(n, scheduler)
        rows.append((scheduler, seconds, memory / 2**20, disk / 1e9))
        claim = Claim(f"bag_groupby_{scheduler}", memory / 2**20, 1024, "MiB of memory", at_least=False)
        claims.append(claim)
    table([f"groupby of {gigabytes:g} GB", "seconds", "MiB of memory", "GB of files"], rows)
    return conclude(claims)


if __name__ == "__main__":
    sys.exit(main())
