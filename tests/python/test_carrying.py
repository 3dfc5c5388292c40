"""Carrying: what a crate without Python planned runs on every executor, natively, by NumPy, and spilled."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import raskt
import raskt.array as ra
from raskt import delayed

N, CHUNK = 40, 1000


@pytest.fixture(params=["sync", "threads", "processes", "executor of threads", "executor of processes"])
def scheduler(request: pytest.FixtureRequest) -> Iterator[Any]:
    if not request.param.startswith("executor"):
        yield request.param
        return
    threads = request.param.endswith("threads")
    kind = concurrent.futures.ThreadPoolExecutor if threads else concurrent.futures.ProcessPoolExecutor
    with kind(2) as executor:
        yield executor


@pytest.fixture(params=[True, False], ids=["native", "library"])
def native(request: pytest.FixtureRequest) -> Iterator[bool]:
    with raskt.config.set({"array.native": request.param}):
        yield request.param


def arrays() -> tuple[Any, np.ndarray]:
    x = ra.arange(N * CHUNK, chunks=CHUNK, dtype="float64")
    ours = (x + x[::-1] * 2).sum() - x
    there = np.arange(N * CHUNK, dtype="float64")
    return ours, (there + there[::-1] * 2).sum() - there


def test_every_executor_carries_arrays_either_way(scheduler: Any, native: bool) -> None:
    ours, expected = arrays()
    assert np.array_equal(ours.compute(scheduler=scheduler, num_workers=2), expected)


def test_the_plan_says_which_way_each_operation_takes(native: bool) -> None:
    explained = (ra.ones(10, chunks=5) + ra.arange(10, chunks=5)).explain()
    assert ("fused" in explained) == native


def test_blocks_that_were_spilled_come_back_equal(native: bool, tmp_path: Any) -> None:
    x = ra.arange(2_000_000, chunks=100_000, dtype="float64")
    # Every block is needed twice, by the sum and after it, and only a few fit.
    y = x * 2
    ours = (y - y.mean()).std()
    with raskt.config.set({"local.spill-directory": str(tmp_path)}):
        found = ours.compute(memory_limit="4 MiB", num_workers=2)
    there = np.arange(2_000_000, dtype="float64") * 2
    assert np.isclose(found, (there - there.mean()).std(), rtol=1e-12)
    # The folder stays for the next computation; the files are gone.
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "lock"]


def test_one_graph_carries_arrays_and_delayed_calls(scheduler: Any) -> None:
    ours, expected = arrays()
    total, both = raskt.compute(
        delayed(float)(ours.sum()), delayed(len)([ours, 1]), scheduler=scheduler, num_workers=2
    )
    assert total == pytest.approx(expected.sum())
    assert both == 2
