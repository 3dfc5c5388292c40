"""A scheduler in this process; tests that need workers start a cluster of two processes."""

from __future__ import annotations

import time

import pytest
from raskt import _raskt
from raskt.distributed import Client

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any


class Scheduler:
    """A scheduler without workers, under the interface of a cluster."""

    def __init__(self) -> None:
        self._token = _raskt.random_token()
        self._core = _raskt.ClusterScheduler(
            {
                "listen": ["tcp://127.0.0.1:0"],
                "token": self._token,
                "allowed_failures": 3,
                "worker_timeout": 60.0,
                "idle_timeout": None,
                "tls": None,
            }
        )

    @property
    def scheduler_address(self) -> str:
        return self._core.addresses[0]

    def close(self) -> None:
        self._core.stop("the test is over")


@pytest.fixture
def scheduler() -> Iterator[Scheduler]:
    found = Scheduler()
    yield found
    found.close()


@pytest.fixture
def idle(scheduler: Any) -> Iterator[Client]:
    """A client of a cluster without workers."""
    with Client(scheduler) as client:
        yield client


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    local = pytest.importorskip("raskt.distributed.deploy.local")
    with local.LocalCluster(n_workers=2, threads_per_worker=1) as cluster:
        yield cluster


@pytest.fixture
def client(cluster: Any) -> Iterator[Client]:
    with Client(cluster) as client:
        yield client


@pytest.fixture(scope="session")
def until() -> Callable[..., Any]:
    """Wait until something is so, and return it."""

    def wait(is_so: Callable[[], Any], seconds: float = 60) -> Any:
        end = time.monotonic() + seconds
        while not (found := is_so()):
            assert time.monotonic() < end, "it took too long"
            time.sleep(0.01)
        return found

    return wait
