"""`store` with what it returns, and `from_array` of objects that are asked for regions."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
import raskt
import raskt.array as ra

VALUES = np.arange(20.0).reshape(5, 4)


class Items:
    """What has items and nothing else."""

    def __init__(self, values: Any) -> None:
        self.values = values

    def __getitem__(self, key: Any) -> Any:
        return self.values[key]

    def __setitem__(self, key: Any, value: Any) -> None:
        self.values[key] = value


@pytest.fixture
def x() -> ra.Array:
    return ra.from_array(VALUES, chunks=(2, 3))


def test_stored_arrays_are_written_where_they_are_computed(x: ra.Array) -> None:
    target = np.zeros((5, 4), "f4")
    stored = ra.store(x + 1, target, compute=False, return_stored=True)
    assert (stored.dtype, stored.chunks) == (np.float32, x.chunks)
    assert not target.any()
    np.testing.assert_array_equal((stored * 2).compute(), (VALUES + 1) * 2)
    np.testing.assert_array_equal(target, VALUES + 1)


def test_stored_arrays_read_the_target_or_what_was_loaded_of_it(x: ra.Array) -> None:
    targets = np.zeros((5, 4)), np.zeros((5, 4))
    read = ra.store(x, targets[0], return_stored=True)
    loaded = ra.store(x, targets[1], return_stored=True, load_stored=True)
    for target in targets:
        np.testing.assert_array_equal(target, VALUES)
        target[0, 0] = 99
    assert read[0, 0].compute() == 99
    assert loaded[0, 0].compute() == 0


@pytest.mark.parametrize("compute", [False, True])
@pytest.mark.parametrize("lock", [True, False, threading.Lock()])
def test_stored_arrays_of_regions(x: ra.Array, compute: bool, lock: Any) -> None:
    target = np.zeros((8, 9))
    region = slice(2, 7), slice(1, 9, 2)
    stored = ra.store(x, target, lock, region, compute=compute, return_stored=True)
    np.testing.assert_array_equal(stored.compute(), VALUES)
    np.testing.assert_array_equal(target[region], VALUES)


@pytest.mark.parametrize("compute", [False, True])
def test_several_sources_give_a_tuple(x: ra.Array, compute: bool) -> None:
    targets = [np.zeros((5, 4)), Items(np.zeros((5, 4)))]
    stored = ra.store([x, x * 2], targets, compute=compute, return_stored=True)
    assert type(stored) is tuple
    np.testing.assert_array_equal(raskt.compute(*stored), [VALUES, VALUES * 2])


def test_a_target_may_be_a_delayed_value(x: ra.Array) -> None:
    kept = Items(np.zeros((5, 4)))
    target = raskt.delayed(lambda: kept)()
    np.testing.assert_array_equal(ra.store(x, target, return_stored=True).compute(), VALUES)
    np.testing.assert_array_equal(kept.values, VALUES)
    later = ra.store(x * 2, target, compute=False, return_stored=True)
    np.testing.assert_array_equal(later.compute(), VALUES * 2)


def test_arrays_of_unknown_chunks_are_not_stored(x: ra.Array) -> None:
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        ra.store(x[x > 3], np.zeros(20))


# ---- sources ----


class File:
    """What is asked for its regions by a function."""

    def __init__(self) -> None:
        self.shape, self.dtype, self.ndim = VALUES.shape, VALUES.dtype, VALUES.ndim

    def __getitem__(self, key: Any) -> Any:
        raise AssertionError("asked for its items")


@pytest.mark.parametrize("inline_array", [False, True])
@pytest.mark.parametrize("fancy", [False, True])
def test_a_getter_is_called_for_regions(inline_array: bool, fancy: bool) -> None:
    asked: list[Any] = []

    def get(source: Any, key: Any) -> Any:
        assert type(source) is File
        asked.append(key)
        return VALUES[key]

    options = {"inline_array": inline_array, "fancy": fancy}
    x = ra.from_array(File(), chunks=3, getitem=get, **options)
    np.testing.assert_array_equal((x + 1).compute(), VALUES + 1)
    np.testing.assert_array_equal(x[[4, 0, 1], ::-2].compute(), VALUES[[4, 0, 1], ::-2])
    assert all(isinstance(part, slice) for key in asked for part in key)


def test_a_getter_is_told_what_it_has_parameters_for() -> None:
    told: list[Any] = []

    def get(source: Any, key: Any, asarray: bool = True, lock: Any = None) -> Any:
        told.append((asarray, lock))
        return VALUES[key]

    lock = threading.Lock()
    x = ra.from_array(File(), chunks=3, getitem=get, lock=lock, asarray=False)
    np.testing.assert_array_equal(x.compute(), VALUES)
    assert set(told) == {(False, lock)}
    told.clear()
    assert ra.from_array(File(), chunks=3, getitem=get).sum().compute() == VALUES.sum()
    assert set(told) == {(True, False)}


def test_the_lock_is_held_while_a_getter_runs() -> None:
    lock = threading.Lock()
    x = ra.from_array(File(), chunks=3, getitem=lambda _, key: VALUES[key] * lock.locked(), lock=lock)
    np.testing.assert_array_equal(x.compute(), VALUES)
    assert not lock.locked()


def test_a_getter_of_an_array_in_memory_is_called_too() -> None:
    x = ra.from_array(VALUES, chunks=3, getitem=lambda values, key: values[key] * 2)
    np.testing.assert_array_equal(x.compute(), VALUES * 2)
    assert x.name != ra.from_array(VALUES, chunks=3, getitem=lambda values, key: values[key] * 3).name
    with pytest.raises(TypeError, match="getitem is a function"):
        ra.from_array(VALUES, getitem=3)


def records() -> list[Any]:
    fields = [("a", "f4"), ("b", "i4"), ("c", "f8"), ("d", "i2", (3,)), ("e", [("p", "i1"), ("q", "f8")])]
    out_of_order = {"names": ["x", "y"], "formats": ["i4", "i4"], "offsets": [4, 0]}
    return [np.dtype(fields), np.dtype(fields, align=True), np.dtype(out_of_order)]


@pytest.mark.parametrize("dtype", records())
def test_fields_by_a_list_keep_numpys_dtype(dtype: Any) -> None:
    values = np.zeros(5, dtype)
    values[dtype.names[0]] = range(5)
    x = ra.from_array(values, chunks=2)
    assert (x.dtype, x.dtype.itemsize) == (dtype, dtype.itemsize)
    for names in ([dtype.names[0]], list(dtype.names), [dtype.names[0], dtype.names[-1]]):
        expected = values[names]
        for found in (x[names], x[names][1:], x[names].rechunk(5)):
            assert (found.dtype, found.dtype.itemsize) == (expected.dtype, expected.dtype.itemsize)
            assert found.compute().dtype == expected.dtype
        np.testing.assert_array_equal(x[names].compute(), expected)


def test_meshgrid_returns_what_numpy_returns() -> None:
    for options in ({}, {"indexing": "ij"}, {"sparse": True}):
        found = ra.meshgrid(ra.arange(3, chunks=2), ra.arange(2), **options)
        expected = np.meshgrid(np.arange(3), np.arange(2), **options)
        assert type(found) is type(expected)
        for own, other in zip(found, expected, strict=True):
            np.testing.assert_array_equal(own.compute(), other)


def test_a_target_without_room_is_an_error_before_anything_is_written() -> None:
    for shape in ((2, 4), (3,), (3, 3)):
        target = np.zeros(shape)
        with pytest.raises(ValueError, match="does not fit"):
            ra.store(ra.ones((3, 4), chunks=2), target)
        assert not target.any()
    larger = np.zeros((5, 4))
    ra.store(ra.ones((3, 4), chunks=2), larger)
    assert larger.sum() == 12


def test_a_number_of_bins_is_whole() -> None:
    with pytest.raises(TypeError, match=r"3\.5"):
        ra.histogram(ra.arange(9, chunks=4), bins=3.5, range=(0, 9))
