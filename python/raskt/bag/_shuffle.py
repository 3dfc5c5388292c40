"""Groups over all partitions: elements move to the partition of their group, in memory or through files."""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
import pickle
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from raskt._raskt import Task, TaskRef
from raskt.bag._hashing import stable_hash
from raskt.bag._layers import Layer, step_layer
from raskt.bag._reduce import key_function
from raskt.bag._steps import Reduce
from raskt.tokenize import tokenize

__all__ = ["grouped"]

#: Elements that wait in memory before they are written.
BUFFERED_MAX = 10_000


def grouped(bag: Any, grouper: Any, npartitions: int, method: str) -> Any:
    """Return the bag of pairs of group and elements."""
    from raskt.bag.core import bag_of

    token = tokenize(bag.name, grouper, npartitions, method)
    part, name = f"groupby-split-{token}", f"groupby-{token}"
    is_disk = method == "disk"
    split: Callable[..., Any]
    if is_disk:
        split = functools.partial(_write_split, grouper, npartitions, _folder())
    else:
        split = functools.partial(_split, grouper, npartitions)
    rows = [(TaskRef((bag.name, i)),) for i in range(bag.npartitions)]
    label = f"split by group ({method})"
    first = step_layer(part, Reduce(split, True, label), rows, [bag._layer])

    def make() -> dict[Any, Any]:
        parts = [TaskRef((part, i)) for i in range(bag.npartitions)]
        gather = functools.partial(_read_groups if is_disk else _groups, grouper)
        tasks: dict[Any, Any] = {(name, j): Task((name, j), gather, j, parts) for j in range(npartitions)}
        return tasks

    used = (grouper,) if callable(grouper) else ()
    return bag_of(Layer(make, [first], functions=used), name, npartitions)


def _split(grouper: Any, npartitions: int, part: Iterable[Any]) -> list[list[Any]]:
    """Return the elements of each output partition."""
    buckets: list[list[Any]] = [[] for _ in range(npartitions)]
    of = key_function(grouper)
    places: dict[Any, list[Any]] = {}
    for item in part:
        key = of(item)
        bucket = places.get(key)
        if bucket is None:
            bucket = places[key] = buckets[stable_hash(key) % npartitions]
        bucket.append(item)
    return buckets


def _groups(grouper: Any, at: int, parts: list[Any]) -> list[tuple[Any, list[Any]]]:
    return _group(grouper, itertools.chain.from_iterable(part[at] for part in parts))


def _group(grouper: Any, items: Iterable[Any]) -> list[tuple[Any, list[Any]]]:
    of = key_function(grouper)
    groups: dict[Any, list[Any]] = {}
    for item in items:
        groups.setdefault(of(item), []).append(item)
    return list(groups.items())


# ---- through files ----


@functools.cache
def _folder() -> str:
    """Return a folder for the groups of this process, which goes when it ends."""
    import atexit
    import shutil
    import tempfile

    folder = tempfile.mkdtemp(prefix="raskt-groupby-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _write_split(
    grouper: Any, npartitions: int, folder: str, part: Iterable[Any]
) -> tuple[str, list[list[tuple[int, int]]]]:
    """Write the elements of each output partition to one file; return it, and where each lies."""
    import tempfile

    of = key_function(grouper)
    buckets: list[list[Any]] = [[] for _ in range(npartitions)]
    places: list[list[tuple[int, int]]] = [[] for _ in range(npartitions)]
    n_waiting = 0
    handle, path = tempfile.mkstemp(suffix=".groups", dir=folder)
    try:
        with os.fdopen(handle, "wb") as file:

            def flush() -> None:
                for bucket, place in zip(buckets, places, strict=True):
                    if bucket:
                        begin = file.tell()
                        file.write(_dumps(bucket))
                        place.append((begin, file.tell() - begin))
                        bucket.clear()

            for item in part:
                buckets[stable_hash(of(item)) % npartitions].append(item)
                n_waiting += 1
                if n_waiting == BUFFERED_MAX:
                    flush()
                    n_waiting = 0
            flush()
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(path)
        raise
    return path, places


def _dumps(items: list[Any]) -> bytes:
    try:
        return pickle.dumps(items, protocol=5)
    except (pickle.PicklingError, AttributeError, TypeError):
        from raskt._pickle import dumps

        return dumps(items)


def _read_groups(grouper: Any, at: int, parts: list[Any]) -> list[tuple[Any, list[Any]]]:
    return _group(grouper, _read(at, parts))


def _read(at: int, parts: list[Any]) -> Iterator[Any]:
    for path, places in parts:
        with open(path, "rb") as file:
            for begin, size in places[at]:
                file.seek(begin)
                yield from pickle.loads(file.read(size))
