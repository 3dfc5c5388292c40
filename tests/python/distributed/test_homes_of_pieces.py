"""Shuffles between workers that share no folder, and workers that are lost while pieces are on their way."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import raskt
import raskt.bag as rb
import raskt.dataframe as rd
from raskt.distributed import Client, LocalCluster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

N_ROWS = 4000


def frame(seed: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "key": random.integers(0, 300, N_ROWS),
            "text": random.choice(["a", "bb", "ccc", "dddd"], N_ROWS),
            "value": random.random(N_ROWS),
        }
    )


def in_order(found: pd.DataFrame) -> pd.DataFrame:
    return found.sort_values(list(found.columns)).reset_index(drop=True)


def check_frames() -> None:
    left, right = frame(1), frame(2).drop_duplicates("key")
    lefts, rights = rd.from_pandas(left, npartitions=6), rd.from_pandas(right, npartitions=4)
    merged = lefts.merge(rights, on="key", suffixes=("", "_right")).compute()
    expected = left.merge(right, on="key", suffixes=("", "_right"))
    pd.testing.assert_frame_equal(in_order(merged), in_order(expected))
    shuffled = lefts.shuffle("key").compute()
    pd.testing.assert_frame_equal(in_order(shuffled), in_order(left))
    ordered = lefts.sort_values("value").compute()
    pd.testing.assert_frame_equal(ordered, left.sort_values("value"))
    indexed = lefts.set_index("value").compute()
    pd.testing.assert_frame_equal(indexed, left.set_index("value").sort_index())
    counted = lefts.groupby("key").text.nunique().compute()
    pd.testing.assert_series_equal(counted.sort_index(), left.groupby("key").text.nunique())


def check_bags() -> None:
    groups = rb.from_sequence(range(1000), npartitions=7).groupby(lambda number: number % 13, shuffle="disk")
    found = {group: sorted(members) for group, members in groups.compute()}
    assert found == {rest: list(range(rest, 1000, 13)) for rest in range(13)}


@pytest.fixture
def apart(tmp_path: Path) -> Iterator[Client]:
    """A client of two workers each of which sees an empty folder where temporary files of all others are."""
    unshare = shutil.which("unshare")
    if (
        unshare is None
        or subprocess.run([unshare, "-m", "true"], check=False, capture_output=True).returncode
    ):
        pytest.skip("no namespaces of mounts may be made here")
    shared = tmp_path / "shared"
    shared.mkdir()
    env = {**os.environ, "TMPDIR": str(shared)}
    script = f'mount -t tmpfs none {shared} && exec "$@"'
    workers = []
    with (
        raskt.config.set({"local.spill-directory": str(shared)}),
        LocalCluster(n_workers=0, threads_per_worker=1) as cluster,
        Client(cluster) as client,
    ):
        token = tmp_path / "token"
        token.touch(0o600)
        token.write_text(cluster._token)
        for number in range(2):
            command = [sys.executable, "-m", "raskt", "worker", cluster.scheduler_address]
            command += ["--token-file", str(token), "--nthreads", "1", "--name", f"apart-{number}"]
            workers.append(subprocess.Popen([unshare, "-m", "sh", "-c", script, "sh", *command], env=env))
        client.wait_for_workers(2, timeout=60)
        yield client
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.wait(30)


def test_workers_without_a_common_folder_exchange_rows_and_elements(apart: Client) -> None:
    assert len(apart.scheduler_info()["workers"]) == 2
    check_frames()
    check_bags()


def slow(part: pd.DataFrame) -> pd.DataFrame:
    time.sleep(0.1)
    return part


def test_what_a_lost_worker_had_sent_is_sent_again() -> None:
    with LocalCluster(n_workers=3, threads_per_worker=1) as cluster, Client(cluster) as client:
        left = frame(3)
        rows = rd.from_pandas(left, npartitions=8).shuffle("key", npartitions=12).map_partitions(slow)
        future: Any = client.compute(rows)
        time.sleep(0.5)
        victim = next(iter(cluster.workers.values()))["pid"]
        os.kill(victim, signal.SIGKILL)
        pd.testing.assert_frame_equal(in_order(future.result(timeout=60)), in_order(left))


def test_no_files_are_left_when_all_is_received(tmp_path: Path) -> None:
    with (
        raskt.config.set({"local.spill-directory": str(tmp_path)}),
        LocalCluster(n_workers=2, threads_per_worker=1, memory_limit="300 MiB") as cluster,
        Client(cluster),
    ):
        check_frames()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
