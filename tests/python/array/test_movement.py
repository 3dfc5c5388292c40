"""Rechunk and reshape: the elements stay, and chunks stay near the size that they may have."""

from __future__ import annotations

import itertools
import math
import warnings
from typing import Any

import numpy as np
import pytest
import raskt
import raskt.array as ra
from hypothesis import given, settings
from hypothesis import strategies as st


def chunk_bytes(x: Any) -> int:
    return int(math.prod(x.chunksize) * x.dtype.itemsize)


def made(shape: tuple[int, ...], chunks: tuple[int, ...]) -> Any:
    """Ones in blocks that cannot be made in others instead, as those of `ones` can."""
    return ra.map_blocks(np.positive, ra.ones(shape, chunks=chunks), dtype=np.float64)


@st.composite
def reshapes(draw: Any) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    factors = draw(st.lists(st.sampled_from([1, 2, 2, 3, 4, 5]), min_size=1, max_size=6))

    def shape() -> tuple[int, ...]:
        order = draw(st.permutations(factors))
        cuts = sorted(draw(st.lists(st.integers(0, len(order)), max_size=3)))
        bounds = [0, *cuts, len(order)]
        return tuple(math.prod(order[a:b]) for a, b in itertools.pairwise(bounds))

    old = shape()
    return old, shape(), tuple(draw(st.integers(1, n)) for n in old)


@settings(max_examples=80)
@given(reshapes(), st.integers(8, 400), st.booleans())
def test_any_reshape_within_any_limit_is_numpys(case: Any, limit: int, merge: bool) -> None:
    old, new, chunks = case
    values = np.arange(math.prod(old)).reshape(old)
    x = ra.from_array(values, chunks=chunks)
    found = x.reshape(new, limit=limit, merge_chunks=merge)
    np.testing.assert_array_equal(found.compute(), values.reshape(new))


@pytest.mark.parametrize(
    ("old", "chunks", "new"),
    [
        ((100, 1000, 1000), (100, 10, 10), (100, 10**6)),
        ((200, 300, 400), (200, 300, 4), (60_000, 400)),
        ((60_000, 400), (60_000, 4), (200, 300, 400)),
        ((4, 10**6), (1, 1000), (10**6, 4)),
        ((10**6, 4), (1000, 4), (4, 10**6)),
        ((50, 60, 70, 80), (50, 60, 70, 1), (50, 60 * 70, 80)),
        ((1000, 1000), (10, 1000), (-1,)),
    ],
)
def test_chunks_of_a_reshape_stay_near_the_limit(old: Any, chunks: Any, new: Any) -> None:
    x = ra.ones(old, chunks=chunks)
    limit = max(2**20, chunk_bytes(x))
    found = x.reshape(new, limit="1MiB")
    assert chunk_bytes(found) <= limit
    assert found.npartitions <= max(64 * math.prod(old) * 8 / limit, 2 * x.npartitions)


def test_chunks_are_not_merged_where_that_was_asked_for() -> None:
    x = ra.ones((8, 6), chunks=(4, 3))
    assert x.reshape(48).chunks == ((24, 24),)
    assert x.reshape(48, merge_chunks=False).chunks == ((6,) * 8,)


def test_balanced_chunks_differ_by_one_at_most() -> None:
    x = ra.ones(100, chunks=100)
    assert x.rechunk(45, balance=True).chunks == ((34, 33, 33),)
    assert x.rechunk(((10, 20, 30, 40),), balance=True).chunks == ((25,) * 4,)


@pytest.mark.parametrize("method", [None, "tasks", "p2p"])
@pytest.mark.parametrize("dtype", ["f8", "M8[s]", "O", "S3"])
@pytest.mark.parametrize("native", [True, False])
def test_every_method_moves_every_dtype(method: str | None, dtype: str, native: bool) -> None:
    values = np.arange(17 * 13 * 5).reshape(17, 13, 5).astype(dtype)
    with raskt.config.set({"array.native": native}):
        x = ra.from_array(values, chunks=(3, 4, 5))
        found = x.rechunk((17, 2, 3), method=method, threshold=1, block_size_limit=512)
        np.testing.assert_array_equal(found.compute(), values)


def test_what_fits_is_moved_whole_and_what_does_not_in_pieces() -> None:
    x = made((1 << 12, 1 << 12), chunks=(1 << 8, 1 << 12)).rechunk((1 << 12, 1 << 8))
    with raskt.config.set({"local.memory-limit": "2GiB"}):
        assert "array.cut" not in x.explain()
    with raskt.config.set({"local.memory-limit": "64MiB"}):
        assert "array.cut" in x.explain()
    assert x.sum(axis=0).compute(memory_limit="64MiB").sum() == 1 << 24


def test_many_small_chunks_go_by_chunks_between() -> None:
    x = made((4000, 4000), chunks=(4, 4000)).rechunk((4000, 4))
    assert "-step-1" in x.explain()
    assert x._expr.n_tasks < 200_000


def test_a_chunk_larger_than_the_memory_limit_is_warned_of() -> None:
    x = made((2048, 2048), chunks=(32, 2048))
    with pytest.warns(RuntimeWarning, match="more than the memory limit of"):
        x.rechunk(-1).compute(memory_limit="16MiB")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        x.rechunk((2048, 32)).sum().compute(memory_limit="16MiB")


def test_bad_arguments_are_named() -> None:
    x = ra.ones((6, 4), chunks=2)
    with pytest.raises(ValueError, match="method must be"):
        x.rechunk(3, method="magic")
    with pytest.raises(ValueError, match="threshold must be"):
        x.rechunk(3, threshold=0)
    with pytest.raises(ValueError, match="axis 0: the chunks"):
        x.rechunk(((3, 4), (4,)))


@pytest.mark.parametrize("shape", [(-1, 2**62 + 1, 4), (-1, 2**63 - 1, 3), (-1, 2**33, 2**33)])
def test_a_shape_whose_size_is_beyond_64_bits_is_refused(shape: Any) -> None:
    # Modulo 2⁶⁴ these sizes divide that of the array.
    with pytest.raises(ValueError, match="cannot reshape array of size 8"):
        ra.ones(8, chunks=4).reshape(shape)
