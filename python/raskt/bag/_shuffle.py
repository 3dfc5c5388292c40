"""Groups over all partitions: elements move to the partition of their group, in memory or through files."""

from __future__ import annotations

import contextlib
import itertools
import math
import operator
import os
import pickle
from array import array
from collections.abc import Iterable, Iterator
from typing import Any

from raskt import _raskt
from raskt._raskt import Task, TaskRef
from raskt.bag._hashing import other_hash
from raskt.bag._layers import Layer, step_layer
from raskt.bag._reduce import key_function
from raskt.bag._scratch import SCRATCH
from raskt.bag._steps import Chain, Step
from raskt.tokenize import tokenize

__all__ = ["grouped"]

#: Groups of so many bytes of pickles are put together at once; a partition of more is first cut into such.
GATHERED_BYTES = 32 << 20
#: Elements that are moved before their size is looked at again.
SCATTERED_MAX = 8192
_U64_MAX = (1 << 64) - 1


def grouped(
    bag: Any, grouper: Any, npartitions: int, method: str, blocksize: int, max_branch: int | None
) -> Any:
    """Return the bag of pairs of group and elements."""
    from raskt.bag.core import bag_of

    token = tokenize(bag.name, grouper, npartitions, method, blocksize, max_branch)
    name = f"groupby-{token}"
    used = (grouper,) if callable(grouper) else ()
    if method == "disk":
        part = f"groupby-split-{token}"
        split = WriteSplit(grouper, npartitions, blocksize)
        n = bag.npartitions
        before = step_layer(
            part, split, n, lambda: [(TaskRef((bag.name, i)), SCRATCH) for i in range(n)], after=bag
        )

        def make() -> dict[Any, Any]:
            gather = Chain((ReadGroups(grouper, npartitions),), (3,))
            parts = [TaskRef((part, i)) for i in range(n)]
            return {(name, j): Task((name, j), gather, j, SCRATCH, parts) for j in range(npartitions)}

    else:
        before = Layer(lambda: _staged(bag, grouper, npartitions, token, max_branch or 32), [bag._layer])

        def make() -> dict[Any, Any]:
            gather = Chain((Groups(grouper),), (0,))
            moved = f"groupby-moved-{token}"
            return {(name, j): Task((name, j), gather, TaskRef((moved, j))) for j in range(npartitions)}

    layer = Layer(make, [before], functions=used, needs_folder=method == "disk")
    return bag_of(layer, name, npartitions)


def _scatter(
    elements: Iterator[Any], of: Any, buckets: list[list[Any]], places: tuple[int, int, int], n_max: int
) -> int:
    return _raskt.bag_scatter(elements, of, buckets, places, n_max, other_hash)


class Groups(Step):
    """Put the elements of a partition into groups."""

    __slots__ = ("grouper",)
    grouper: Any

    def describe(self) -> str:
        """Return what is done."""
        return "groups"

    def run(self, _context: Any, stream: Any, *_inputs: Any) -> Iterator[tuple[Any, list[Any]]]:
        """Return the groups."""
        return _group(key_function(self.grouper), stream)


def _group(of: Any, elements: Iterable[Any]) -> Iterator[tuple[Any, list[Any]]]:
    groups: dict[Any, list[Any]] = {}
    for element in elements:
        key = of(element)
        if (group := groups.get(key)) is None:
            groups[key] = [element]
        else:
            group.append(element)
    return iter(groups.items())


# ---- in memory ----


def _staged(bag: Any, grouper: Any, npartitions: int, token: str, max_branch: int) -> dict[Any, Any]:
    """Return the tasks that move elements in stages, in each of which a partition goes to few others.

    The number of a partition is written with as many digits as there are stages; stage by stage, elements
    move to where one more digit is that of their group's partition.
    """
    n = max(bag.npartitions, npartitions)
    n_stages = 1
    while max_branch**n_stages < n:
        n_stages += 1
    base = max(1, math.ceil(n ** (1 / n_stages)))
    base += base**n_stages < n
    tasks: dict[Any, Any] = {}
    sources = {i: (bag.name, i) for i in range(bag.npartitions)}
    for stage in range(n_stages):
        unit = base**stage
        split = Chain((Split(grouper, npartitions, base, unit),), (0,))
        name = f"groupby-moved-{token}" if stage == n_stages - 1 else f"groupby-stage-{stage}-{token}"
        arrived: dict[int, list[Any]] = {}
        for at, key in sorted(sources.items()):
            split_key = (f"groupby-split-{stage}-{token}", at)
            tasks[split_key] = Task(split_key, split, TaskRef(key))
            for digit in range(base):
                to = at + (digit - at // unit % base) * unit
                if stage == n_stages - 1 and to >= npartitions:
                    continue
                item = (f"groupby-get-{stage}-{token}", at, digit)
                tasks[item] = Task(item, operator.itemgetter(digit), TaskRef(split_key))
                arrived.setdefault(to, []).append(TaskRef(item))
        for to, parts in arrived.items():
            tasks[name, to] = Task((name, to), _joined, parts)
        sources = {to: (name, to) for to in arrived}
    for j in set(range(npartitions)) - set(sources):
        tasks[name, j] = Task((name, j), list)
    return tasks


def _joined(parts: list[Any]) -> list[Any]:
    return list(itertools.chain.from_iterable(parts))


class Split(Step):
    """Put the elements of a partition where a digit of the number of their group's partition says."""

    __slots__ = ("base", "grouper", "npartitions", "unit")
    base: int
    grouper: Any
    npartitions: int
    unit: int

    def __init__(self, grouper: Any, npartitions: int, base: int, unit: int) -> None:
        super().__init__(base, grouper, npartitions, unit)

    def __reduce__(self) -> Any:
        return Split, (self.grouper, self.npartitions, self.base, self.unit)

    def describe(self) -> str:
        """Return what is done."""
        return "split by group (tasks)"

    def run(self, _context: Any, stream: Any, *_inputs: Any) -> list[list[Any]]:
        """Return the lists."""
        buckets: list[list[Any]] = [[] for _ in range(self.base)]
        places = (1, self.npartitions, self.unit)
        elements, of = iter(stream), key_function(self.grouper)
        while _scatter(elements, of, buckets, places, SCATTERED_MAX) == SCATTERED_MAX:
            pass
        return buckets


# ---- through files ----


class WriteSplit(Step):
    """Write the elements of a partition to a file, by the partition of their group."""

    __slots__ = ("blocksize", "grouper", "npartitions")
    needs_folder = True
    blocksize: int
    grouper: Any
    npartitions: int

    def __init__(self, grouper: Any, npartitions: int, blocksize: int) -> None:
        super().__init__(blocksize, grouper, npartitions)

    def __reduce__(self) -> Any:
        return WriteSplit, (self.grouper, self.npartitions, self.blocksize)

    def describe(self) -> str:
        """Return what is done."""
        return "split by group (disk)"

    def run(self, _context: Any, stream: Any, *inputs: Any) -> str:
        """Return the path of the file."""
        return _write(
            inputs[0].path, iter(stream), key_function(self.grouper), self.npartitions,
            (1, self.npartitions, 1), self.blocksize,
        )  # fmt: skip


def _write(
    folder: str, elements: Iterator[Any], of: Any, n: int, places: tuple[int, int, int], blocksize: int
) -> str:
    """Write elements to a file of pickled lists, at whose end stands where those of each bucket lie."""
    import tempfile

    buckets: list[list[Any]] = [[] for _ in range(n)]
    index = [array("Q") for _ in range(n)]
    handle, path = tempfile.mkstemp(suffix=".groups", dir=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            # How many elements make a block is known when the first ones have been written.
            n_max = 16
            while True:
                n_found = _scatter(elements, of, buckets, places, n_max)
                begin = file.tell()
                for bucket, lies in zip(buckets, index, strict=True):
                    if bucket:
                        data = _dumps(bucket)
                        lies.extend((file.tell(), len(data)))
                        file.write(data)
                        bucket.clear()
                if n_found < n_max:
                    break
                size = max(1, (file.tell() - begin) // n_max)
                n_max = max(1, min(blocksize // size, n_max * 8))
            _write_index(file, index)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(path)
        raise
    return path


def _write_index(file: Any, index: list[array[int]]) -> None:
    table = array("Q")
    for lies in index:
        table.append(file.tell())
        file.write(lies.tobytes())
    table.append(file.tell())
    file.write(table.tobytes())


def _places(file: Any, at: int, n: int) -> array[int]:
    """Return begin and size of the blocks of bucket ``at`` of ``n``."""
    table, lies = array("Q"), array("Q")
    file.seek((at - n - 1) * table.itemsize, os.SEEK_END)
    table.frombytes(file.read(2 * table.itemsize))
    file.seek(table[0])
    lies.frombytes(file.read(table[1] - table[0]))
    return lies


def _dumps(items: list[Any]) -> bytes:
    try:
        return pickle.dumps(items, protocol=5)
    except (pickle.PicklingError, AttributeError, TypeError):
        from raskt._pickle import dumps

        return dumps(items)


class ReadGroups(Step):
    """Read a partition of groups from files."""

    __slots__ = ("grouper", "npartitions")
    streams = False
    grouper: Any
    npartitions: int

    def describe(self) -> str:
        """Return what is done."""
        return "groups (disk)"

    def run(self, context: Any, *inputs: Any) -> Iterator[tuple[Any, list[Any]]]:
        """Return the groups; memory holds those of a part of the partition."""
        at, folder, paths = inputs
        of, n = key_function(self.grouper), self.npartitions
        size = 0
        for path in paths:
            with open(path, "rb") as file:
                size += sum(_places(file, at, n)[1::2])
        n_cuts = math.ceil(size / GATHERED_BYTES)
        if n_cuts < 2:
            yield from _group(of, _read(paths, at, n))
            return
        cut = _write(folder.path, _read(paths, at, n), of, n_cuts, (n, _U64_MAX, 1), 1 << 20)
        context.on_close(lambda: os.unlink(cut))
        for part in range(n_cuts):
            yield from _group(of, _read([cut], part, n_cuts))


def _read(paths: list[str], at: int, n: int) -> Iterator[Any]:
    for path in paths:
        with open(path, "rb") as file:
            lies = _places(file, at, n)
            for begin, size in zip(lies[::2], lies[1::2], strict=True):
                file.seek(begin)
                yield from pickle.loads(file.read(size))
