"""`from_array(lock=)` and `store(lock=)`: locks by protocol, given back on every path."""

from __future__ import annotations

import pickle
import threading

import numpy as np
import pytest
import raskt.array as ra
from raskt.locks import SerializableLock

X = np.arange(12.0).reshape(3, 4)


class Protocol:
    """A lock that is no context manager."""

    def __init__(self):
        self.lock, self.n_taken = threading.Lock(), 0

    def acquire(self):
        self.lock.acquire()
        self.n_taken += 1

    def release(self):
        self.lock.release()

    def __len__(self):
        return 0


class Source:
    """A file's data set, which counts who is in it at once."""

    shape, dtype, ndim = X.shape, X.dtype, 2

    def __init__(self, fails=False):
        self.fails, self.inside, self.most = fails, 0, 0

    def __getitem__(self, index):
        self.inside += 1
        self.most = max(self.most, self.inside)
        try:
            if self.fails:
                raise OSError("no such region")
            threading.Event().wait(0.001)
            return X[index]
        finally:
            self.inside -= 1

    def __setitem__(self, index, value):
        np.testing.assert_array_equal(self[index], value)


@pytest.mark.parametrize("make", [Protocol, threading.Lock, threading.RLock, SerializableLock, lambda: True])
def test_any_object_with_acquire_and_release_guards_reads_and_writes(make):
    lock, source, target = make(), Source(), Source()
    np.testing.assert_array_equal(ra.from_array(source, chunks=1, lock=lock, name=False).compute(), X)
    ra.store(ra.from_array(X, chunks=1), target, lock=lock)
    assert (source.most, target.most) == (1, 1)
    if isinstance(lock, Protocol):
        assert lock.n_taken == 24


@pytest.mark.parametrize("scheduler", ["threads", "sync"])
def test_a_lock_is_given_back_when_reading_or_writing_fails(scheduler):
    lock = Protocol()
    with pytest.raises(OSError, match="no such region"):
        ra.from_array(Source(fails=True), chunks=2, lock=lock, name=False).compute(scheduler=scheduler)
    with pytest.raises(OSError, match="no such region"):
        ra.store(ra.from_array(X, chunks=2), Source(fails=True), lock=lock, scheduler=scheduler)
    assert lock.lock.acquire(timeout=10)


def test_a_lock_that_cannot_be_taken_is_an_error_and_nothing_is_read():
    class Refused(Protocol):
        def acquire(self):
            return False

    source = Source()
    with pytest.raises(RuntimeError, match="was not acquired"):
        ra.from_array(source, chunks=2, lock=Refused(), name=False).compute()
    assert source.most == 0


@pytest.mark.parametrize("lock", ["yes", 1, object(), threading.Event()])
def test_what_is_no_lock_is_refused_at_once(lock):
    message = "lock is True, False or an object with the methods acquire and release"
    with pytest.raises(TypeError, match=message):
        ra.from_array(X, chunks=2, lock=lock)
    with pytest.raises(TypeError, match=message):
        ra.store(ra.ones((3, 4), chunks=2), X.copy(), lock=lock)


def test_no_lock_is_none_or_false():
    for lock in (None, False):
        source, target = Source(), np.zeros_like(X)
        np.testing.assert_array_equal(ra.from_array(source, chunks=2, lock=lock, name=False).compute(), X)
        ra.store(ra.from_array(X, chunks=2), target, lock=lock)
        np.testing.assert_array_equal(target, X)


def test_reading_under_a_lock_works_on_processes():
    array = ra.from_array(X, chunks=2, lock=True, name=False)
    np.testing.assert_array_equal(array.compute(scheduler="processes", num_workers=1), X)


def test_copies_of_a_serializable_lock_are_one_lock_in_a_process():
    lock, other = SerializableLock(), SerializableLock("a name of two")
    copy = pickle.loads(pickle.dumps(lock))
    with lock:
        assert copy.locked()
        assert not copy.acquire(blocking=False)
        assert not other.locked()
    assert not copy.locked()
    assert copy.acquire(timeout=1)
    assert lock.locked()
    copy.release()
    assert SerializableLock("a name of two")._shared is other._shared
