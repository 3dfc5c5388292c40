"""Blocks larger than memory: a `MemoryError` that names the task, and the process goes on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import raskt
import raskt.array as ra

N = 10**15
"""Elements that no system has room for."""


def vast() -> Any:
    return ra.arange(N, chunks=N)


CASES = {
    "a chain of operations": lambda: (vast() * vast())[::3],
    "numbers in steps": lambda: ra.linspace(0, 1, N, chunks=N),
    "random numbers": lambda: ra.random.default_rng(1).random(N, chunks=N),
    "random integers": lambda: ra.random.default_rng(1).integers(0, 9, N, chunks=N),
    "reductions along another axis": lambda: ra.ones((2, N), chunks=(1, N), dtype="f4").std(axis=0),
    "extrema along another axis": lambda: (ra.ones((2, N), chunks=(1, N)) + ra.arange(2)[:, None]).max(
        axis=0
    ),
    "places of extrema": lambda: (ra.ones((2, N), chunks=(1, N)) + ra.arange(2)[:, None]).argmax(axis=0),
    "a running sum": lambda: ra.cumsum(vast(), axis=0),
    "a rechunk": lambda: ra.ones(N, chunks=N // 4).rechunk(N) + ra.arange(1),
    "a join": lambda: ra.concatenate([vast(), vast()]).rechunk(2 * N),
    "an outer product": lambda: ra.outer(ra.arange(10**8, chunks=10**8), ra.arange(10**8, chunks=10**8)),
    "repetition": lambda: ra.repeat(ra.arange(10, chunks=10), N),
    "a matrix of ones on the diagonal": lambda: ra.eye(10**8, chunks=10**8) + 1,
    "triangles": lambda: ra.tri(10**8, chunks=10**8),
    "counts": lambda: ra.bincount(ra.arange(4, chunks=4), minlength=N),
    "indices": lambda: ra.indices((10**8, 10**8), chunks=10**8),
    "sorting": lambda: ra.sort(vast()),
    "distinct values": lambda: ra.unique(vast()),
    "distinct values and how often they are there": lambda: ra.unique(vast(), return_counts=True)[1],
    "quantiles": lambda: ra.quantile(vast(), 0.5, axis=0),
    "random numbers in rows of one": lambda: ra.random.default_rng(1).random((N, 1), chunks=(N, 1)),
}


@pytest.mark.parametrize("case", CASES)
def test_what_memory_cannot_hold_is_an_error(case: str) -> None:
    # Nothing is ordered by what it will hold: that is what memory limits do, before anything is asked for.
    with pytest.raises(MemoryError, match=r"allocate|memory"):
        CASES[case]().compute(scheduler="sync")
    assert int(ra.arange(10, chunks=5).sum().compute()) == 45


def test_the_error_names_the_task_and_other_computations_go_on() -> None:
    with pytest.raises(MemoryError) as caught:
        raskt.compute((vast() * 2)[::3], ra.ones(4), scheduler="threads")
    assert any("in task" in note for note in caught.value.__notes__)
    np.testing.assert_array_equal(ra.ones(3, chunks=2).compute(), np.ones(3))
