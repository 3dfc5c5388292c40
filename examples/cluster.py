"""The delays of 2013 once more, on a cluster of processes of which one is killed midway.

    python examples/cluster.py [output folder]

A scheduler and three worker processes are started on this machine. The same questions as in ``delays.py``
are asked of them, and of plain pandas. While the workers are at it, one of them is killed: what it had
computed is computed again, another process takes its place, and the answers are the same.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pandas as pd
import raskt
import raskt.dataframe as rd
from delays import FLIGHTS, joined, questions, show, tables
from flights import source, split
from raskt.distributed import Client, LocalCluster


def kill_one_midway(cluster: LocalCluster, n_tasks: int) -> threading.Thread:
    """Kill a worker as soon as so many values are on the workers."""

    def watch() -> None:
        while cluster.scheduler.load()["n_in_memory"] < n_tasks:
            time.sleep(0.001)
        worker = max(cluster.scheduler.workers(), key=lambda worker: worker["n_values"])
        os.kill(worker["pid"], signal.SIGKILL)
        print(f"Killed worker {worker['name']}, which held {worker['n_values']} values\n")

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    return thread


def main(folder: Path) -> None:
    """Ask the cluster, kill a worker, and ask pandas."""
    files = split(source(), folder / "flights")
    small = tables(source().parent)
    begin = time.perf_counter()
    with LocalCluster(n_workers=3, threads_per_worker=1) as cluster, Client(cluster):
        print(f"{cluster}, ready in {time.perf_counter() - begin:.2f} s")
        begin = time.perf_counter()
        flights = rd.read_csv(files, usecols=FLIGHTS, parse_dates=["time_hour"])
        asked = questions(joined(flights, *small))
        killing = kill_one_midway(cluster, 4)
        answers = dict(zip(asked, raskt.compute(*asked.values()), strict=True))
        seconds = time.perf_counter() - begin
        killing.join(1)
        if killing.is_alive():
            raise RuntimeError("the computation was over before a worker could be killed")
    show(answers)
    whole = pd.concat(pd.read_csv(file, usecols=FLIGHTS, parse_dates=["time_hour"]) for file in files)
    expected = questions(joined(whole, *small))
    for name, answer in answers.items():
        compare = pd.testing.assert_frame_equal if answer.ndim == 2 else pd.testing.assert_series_equal
        compare(answer.sort_index(), expected[name].sort_index(), check_exact=False)
    print(f"pandas gives the same answers; the cluster took {seconds:.1f} s, with one of its workers killed")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "demo-output"))
