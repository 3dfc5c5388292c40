"""What clients see of workers: logs, state, processes that are started again."""

from __future__ import annotations

import json
import os

import pytest
from raskt.distributed import Client, LocalCluster

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

PATIENCE = 60


def log(word: str) -> None:
    import logging

    logger = logging.getLogger("users")
    logger.warning("it is %s", word)
    logger.info("is not logged at this level")
    # What users set up themselves is as without a cluster.
    assert not logging.getLogger().handlers


def test_what_workers_log_is_kept(client: Client) -> None:
    for worker in client.nthreads():
        client.submit(log, "cold", workers=[worker], pure=False).result(timeout=PATIENCE)
    logs = client.get_worker_logs()
    assert len(logs) == 2
    for lines in logs.values():
        assert [level for level, _ in lines] == ["WARNING"]
        assert lines[0][1].endswith("users - WARNING - it is cold")
    (worker, _) = logs
    assert client.get_worker_logs(n=0, workers=[worker]) == {worker: ()}
    with pytest.raises(NotImplementedError, match="nannies"):
        client.get_worker_logs(nanny=True)


def test_the_state_is_written(client: Client, tmp_path: Path) -> None:
    future = client.submit(pow, 2, 5, key="of-the-dump")
    future.result(timeout=PATIENCE)
    client.dump_cluster_state(str(tmp_path / "dump"))
    state = json.loads((tmp_path / "dump.json").read_text())
    assert set(state) == {"scheduler", "workers", "versions"}
    assert any("of-the-dump" in worker["has_what"] for worker in state["workers"].values())
    client.dump_cluster_state(str(tmp_path / "dump"), exclude=["versions"], format="yaml")
    yaml = pytest.importorskip("yaml")
    assert set(yaml.safe_load((tmp_path / "dump.yaml").read_text())) == {"scheduler", "workers"}
    with pytest.raises(NotImplementedError, match="json or yaml"):
        client.dump_cluster_state(format="msgpack")


def test_workers_are_started_again(tmp_path: Path) -> None:
    with LocalCluster(n_workers=1, threads_per_worker=1) as cluster, Client(cluster) as client:
        ((address, before),) = client.run(os.getpid).items()
        data = client.submit(pow, 2, 5)
        data.result(timeout=PATIENCE)
        assert client.restart_workers([address], timeout=PATIENCE) == {address: "OK"}
        (after,) = client.run(os.getpid).values()
        assert after != before
        assert client.submit(pow, data, 2).result(timeout=PATIENCE) == 1024
        with pytest.raises(ValueError, match="no worker 'nobody'"):
            client.restart_workers(["nobody"])
    with Client(n_workers=1, processes=False) as client, pytest.raises(NotImplementedError, match="threads"):
        client.restart_workers(list(client.nthreads()))


def test_a_client_that_awaits_sees_the_same(cluster: Any) -> None:
    import asyncio

    async def main() -> None:
        async with Client(cluster, asynchronous=True) as client:
            assert len(await client.get_worker_logs(n=1)) == 2

    asyncio.run(main())
