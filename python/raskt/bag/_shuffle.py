"""Groups over all partitions: elements move to the partition of their group, in memory or through files."""

from __future__ import annotations

import itertools
import math
import operator
import pickle
from collections.abc import Iterable, Iterator
from typing import Any

from raskt import _raskt
from raskt._pickle import dumps
from raskt._raskt import Task, TaskRef
from raskt.bag._base import bag_of
from raskt.bag._chain import Chain
from raskt.bag._hashing import other_hash
from raskt.bag._layers import Layer, step_layer
from raskt.bag._reduce import key_function
from raskt.bag._scratch import SCRATCH
from raskt.bag._steps import Step
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
            # One task has all that was sent, so that a partition needs one task and not one for each input.
            all_sent = f"groupby-sent-{token}"
            gather = Chain((ReadGroups(grouper),), (3,))
            inputs = [TaskRef((part, i)) for i in range(n)]
            tasks: dict[Any, Any] = {all_sent: Task(all_sent, list, inputs)}
            for j in range(npartitions):
                tasks[name, j] = Task((name, j), gather, j, SCRATCH, TaskRef(all_sent))
            return tasks

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
    """Send the elements of a partition to the partitions of their groups."""

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

    def run(self, _context: Any, stream: Any, *inputs: Any) -> _raskt.ExchangeSent:
        """Return what was sent."""
        n = self.npartitions
        return _send(
            inputs[0].sender(n), iter(stream), key_function(self.grouper), n, (1, n, 1), self.blocksize
        )


def _send(
    sender: _raskt.ExchangeSender,
    elements: Iterator[Any],
    of: Any,
    n: int,
    places: tuple[int, int, int],
    blocksize: int,
) -> _raskt.ExchangeSent:
    """Send elements in pickled lists, each to the one of ``n`` outputs that the hash of its group says."""
    buckets: list[list[Any]] = [[] for _ in range(n)]
    # How many elements make a block is known when the first ones have been pickled.
    n_max = 16
    while True:
        n_found = _scatter(elements, of, buckets, places, n_max)
        n_bytes = 0
        for output, bucket in enumerate(buckets):
            if bucket:
                data = _dumps(bucket)
                n_bytes += len(data)
                sender.append(output, data)
                bucket.clear()
        if n_found < n_max:
            return sender.finish()
        size = max(1, n_bytes // n_max)
        n_max = max(1, min(blocksize // size, n_max * 8))


def _dumps(items: list[Any]) -> bytes:
    try:
        return pickle.dumps(items, protocol=5)
    except (pickle.PicklingError, AttributeError, TypeError):
        return dumps(items)


class ReadGroups(Step):
    """Receive a partition of groups."""

    __slots__ = ("grouper",)
    streams = False
    grouper: Any

    def describe(self) -> str:
        """Return what is done."""
        return "groups (disk)"

    def run(self, _context: Any, *inputs: Any) -> Iterator[tuple[Any, list[Any]]]:
        """Return the groups; memory holds those of a part of the partition."""
        at, folder, sent = inputs
        of = key_function(self.grouper)
        incoming = _raskt.exchange_receive(sent, at)
        n_cuts = math.ceil(incoming.bytes_left / GATHERED_BYTES)
        if n_cuts < 2:
            yield from _group(of, _elements(incoming))
            return
        # The hash of a group, without what chose this partition of so many.
        places = (sent[0].n_outputs, _U64_MAX, 1)
        cut = _send(folder.sender(n_cuts), _elements(incoming), of, n_cuts, places, 1 << 20)
        for part in range(n_cuts):
            yield from _group(of, _elements(_raskt.exchange_receive([cut], part)))


def _elements(incoming: _raskt.ExchangeIncoming) -> Iterator[Any]:
    for data in incoming:
        yield from pickle.loads(data)
