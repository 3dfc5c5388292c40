"""What a viewer of the dashboard costs: the same work by turns, with the page's stream read and without.

python benches/dashboard_cost.py [--pairs 9] [--tasks 20000]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import raskt
from raskt.distributed import Client

if TYPE_CHECKING:
    from collections.abc import Iterator

VIEWER = """
import sys
from urllib.request import urlopen
with urlopen(sys.argv[1]) as stream:
    for line in stream:
        print(len(line), flush=True)
"""


def increase(number: int) -> int:
    return number + 1


@contextmanager
def viewer(link: str) -> Iterator[None]:
    """Another process that reads the page's stream, from its first message on."""
    command = [sys.executable, "-c", VIEWER, f"{link.removesuffix('/status')}/api/v1/stream"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    try:
        yield
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def of_scheduler() -> float:
    """Seconds of processor time that the thread of the scheduler has taken, where the system tells."""
    for thread in Path("/proc/self/task").glob("*"):
        if (thread / "comm").read_text().strip() == "raskt-scheduler":
            return int((thread / "schedstat").read_text().split()[0]) / 1e9
    return 0.0


def measured(work: Callable[[], object]) -> tuple[float, float, float]:
    """Seconds: that passed, of processor time of this process, and of that the thread of the scheduler."""
    begun, busy, deciding = time.perf_counter(), time.process_time(), of_scheduler()
    work()
    return time.perf_counter() - begun, time.process_time() - busy, of_scheduler() - deciding


def compare(name: str, link: str, work: Callable[[], object], n_tasks: int, n_pairs: int) -> None:
    work()
    pairs = []
    for at in range(n_pairs):
        if at % 2:
            alone = measured(work)
        with viewer(link):
            watched = measured(work)
        if not at % 2:
            alone = measured(work)
        pairs.append((alone, watched))
    wall, busy = (statistics.median(b[of] / a[of] for a, b in pairs) for of in (0, 1))
    rate = n_tasks / statistics.median(a[0] for a, _ in pairs)
    print(
        f"{name}: {rate:,.0f} tasks/s alone; with a viewer time x {wall:.3f}, processor time x {busy:.3f} "
        f"(medians of {n_pairs} pairs)"
    )
    if pairs[0][0][2]:
        # It decides one thing after the other: what it takes for a task bounds how many it gets through.
        taken = statistics.median(a[2] for a, _ in pairs) / n_tasks
        deciding = statistics.median(b[2] / a[2] for a, b in pairs)
        print(
            f"{name}: the thread of the scheduler takes {1e6 * taken:.1f} us a task alone, which is "
            f"{1 / taken:,.0f} tasks/s; with a viewer x {deciding:.3f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=9)
    parser.add_argument("--tasks", type=int, default=20_000)
    given = parser.parse_args()
    with raskt.dashboard(port=0) as page:
        calls = [raskt.delayed(increase, pure=False)(at) for at in range(given.tasks * 10)]
        compare("threads", page.link, lambda: raskt.compute(*calls), len(calls), given.pairs)
    with Client(n_workers=2, threads_per_worker=1, dashboard_address=":0") as client:
        run = lambda: client.gather(client.map(increase, range(given.tasks), pure=False))  # noqa: E731
        compare("cluster of two processes", client.dashboard_link, run, given.tasks, given.pairs)


if __name__ == "__main__":
    main()
