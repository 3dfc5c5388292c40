"""Blocks that are read from a source are used up as they come, whatever lane uses them."""

import time
import weakref

import numpy as np
import pytest
import raskt.array as ra

N_BLOCKS = 40


class Counted:
    """A source that counts how many of its blocks are held at once."""

    shape = (N_BLOCKS * 1000,)
    ndim = 1
    dtype = np.dtype(float)

    def __init__(self) -> None:
        self.n_held = self.n_held_max = self.n_read = 0

    def __getitem__(self, index: tuple[slice, ...]) -> np.ndarray:
        block = np.ones(index[0].stop - index[0].start)
        time.sleep(0.002)
        self.n_read += 1
        self.n_held += 1
        self.n_held_max = max(self.n_held_max, self.n_held)
        weakref.finalize(block, self._free)
        return block

    def _free(self) -> None:
        self.n_held -= 1


@pytest.mark.parametrize(
    ("use", "expected"),
    [
        (lambda x: x.sum(), N_BLOCKS * 1000),
        (lambda x: (np.sqrt(x) + 1).mean(), 2),
        (lambda x: x.map_blocks(np.positive).max(), 1),
    ],
    ids=["native", "fused", "function"],
)
@pytest.mark.parametrize("scheduler", ["sync", "threads"])
def test_few_blocks_are_held_at_once(use, expected, scheduler):
    source = Counted()
    x = ra.from_array(source, chunks=1000)
    assert use(x).compute(scheduler=scheduler, num_workers=2) == expected
    assert source.n_read == N_BLOCKS
    assert source.n_held_max <= N_BLOCKS // 4
