"""Operations that wait for sizes are planned by the engine once these are known, not by Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import raskt
import raskt.array as ra
from raskt.distributed import Client, LocalCluster

if TYPE_CHECKING:
    from collections.abc import Iterator

VALUES = np.arange(40.0).reshape(10, 4) % 7
MASK = (np.arange(10) * 7) % 10 > 3


def masked() -> tuple[Any, np.ndarray[Any, Any]]:
    """Return rows of unknown number, and what they are."""
    x = ra.from_array(VALUES, chunks=((3, 4, 3), (3, 1)))
    return x[ra.from_array(MASK, chunks=3)], VALUES[MASK]


PLANNED: dict[str, Any] = {
    "sort": lambda m, x: m.sort(x[:, 1]),
    "sort of columns": lambda m, x: m.sort(x, axis=0),
    "sort of rows": lambda m, x: m.sort(x, axis=1),
    "argsort": lambda m, x: m.argsort(x[:, 2], stable=True),
    "argsort of rows": lambda m, x: m.argsort(x, axis=1, stable=True),
    "argmin": lambda m, x: m.argmin(x),
    "argmax of columns": lambda m, x: m.argmax(x, axis=0, keepdims=True),
    "nanargmin": lambda m, x: m.nanargmin(x, axis=1),
    "unique indices": lambda m, x: m.unique(x, return_index=True)[1],
    "roll": lambda m, x: m.roll(x, -7, 0),
    "roll of the flat array": lambda m, x: m.roll(x, 5),
    "roll twice": lambda m, x: m.roll(x, (1, 2), (0, 0)),
    "repeat": lambda m, x: m.repeat(x, [2, 0, 1, 3, 0, 1], axis=0),
    "repeat by one": lambda m, x: m.repeat(x, [0], axis=0),
    "diagonal": lambda m, x: m.diagonal(x, 1),
    "diagonal below": lambda m, x: m.diagonal(x, -2),
    "diagonal of two axes": lambda m, x: m.diagonal(m.stack([x, x + 1]), 1, 1, 2),
    "diagonal that is not there": lambda m, x: m.diagonal(x, 9),
    "argwhere": lambda m, x: m.argwhere(x > 2),
    "nonzero": lambda m, x: m.nonzero(x[:, 0])[0],
    "flatnonzero": lambda m, x: m.flatnonzero(x),
    "take of several axes": lambda m, x: m.take(x, [[0, 1], [-1, 2]], axis=0),
    "bincount with weights": lambda m, x: m.bincount(x[:, 0].astype(int), weights=x[::-1, 1]),
    "histogram with weights": lambda m, x: m.histogram(x, bins=[0, 1, 5], weights=x[::-1])[0],
    "density with weights": lambda m, x: m.histogram(x, bins=[0, 1, 5], weights=x[::-1], density=True)[0],
}


def largest(m: Any, x: Any, k: int, axis: int) -> Any:
    """Return what `topk` does, by NumPy."""
    if m is ra:
        return ra.topk(x, k, axis=axis)
    ordered = np.sort(x, axis=axis)
    chosen = np.take(ordered, range(abs(k))[: x.shape[axis]], axis=axis)
    return np.flip(np.take(ordered, range(-min(k, x.shape[axis]), 0), axis=axis), axis) if k > 0 else chosen


for k in (2, -3, 9):
    PLANNED[f"topk {k}"] = lambda m, x, k=k: largest(m, x, k, 0)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Client]:
    with LocalCluster(n_workers=2, threads_per_worker=1) as cluster, Client(cluster) as client:
        yield client


@pytest.mark.parametrize("name", PLANNED)
def test_operations_that_wait_for_sizes_plan_themselves(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any) -> Any:
        raise AssertionError("a function of Python's was kept")

    x, values = masked()
    monkeypatch.setattr("raskt.array._deferred.dumps", refuse)
    found, expected = PLANNED[name](ra, x), PLANNED[name](np, values)
    assert (found.dtype, len(found.shape)) == (expected.dtype, expected.ndim)
    np.testing.assert_array_equal(found.compute(), expected)
    known = found.compute_chunk_sizes()
    assert known.shape == expected.shape
    # Of nothing, too, where NumPy has an answer.
    none, nothing = x[x[:, 0] > 99], values[:0]
    try:
        expected = PLANNED[name](np, nothing)
    except (ValueError, IndexError) as error:
        with pytest.raises(type(error)):
            PLANNED[name](ra, none).compute()
    else:
        np.testing.assert_array_equal(PLANNED[name](ra, none).compute(), expected)


def test_operations_that_wait_for_sizes_run_in_processes() -> None:
    x, values = masked()
    found = raskt.compute(*(call(ra, x) for call in PLANNED.values()), scheduler="processes", num_workers=2)
    for one, (name, call) in zip(found, PLANNED.items(), strict=True):
        np.testing.assert_array_equal(one, call(np, values), err_msg=name)


def test_operations_that_wait_for_sizes_run_on_a_cluster(cluster: Client) -> None:
    x, values = masked()
    found = cluster.gather(cluster.compute([call(ra, x) for call in PLANNED.values()]))
    for one, (name, call) in zip(found, PLANNED.items(), strict=True):
        np.testing.assert_array_equal(one, call(np, values), err_msg=name)
