"""Bags of some of the elements of a bag, or of the same in other partitions."""

from __future__ import annotations

import functools
import itertools
import random
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from raskt._kept import kept
from raskt._raskt import Task, TaskRef
from raskt._whole import whole
from raskt.bag._base import bag_of
from raskt.bag._layers import Layer, step_layer
from raskt.bag._reduce import own, own_element
from raskt.bag._steps import NO_DEFAULT, Reduce
from raskt.base import compute
from raskt.delayed import delayed
from raskt.sizeof import sizeof
from raskt.tokenize import tokenize
from raskt.units import parse_bytes

__all__ = ["NO_DEFAULT"]


#: More partitions than this are a mistake.
PARTITIONS_MAX = 10_000_000


def taken(bag: Any, k: int, npartitions: int, warn: bool) -> Any:
    """Return the first ``k`` elements of the first ``npartitions`` as a bag of one partition."""
    # More than there can be is as good as all.
    k = min(whole("k", k, 0), sys.maxsize)
    token = tokenize(bag.name, k, npartitions, warn)
    part, name = f"take-part-{token}", f"take-{token}"
    head = Reduce(functools.partial(_head, k), True, f"take({k})")
    first = step_layer(part, head, npartitions, after=bag)

    def make() -> dict[Any, Any]:
        parts = [TaskRef((part, i)) for i in range(npartitions)]
        return {(name, 0): Task((name, 0), functools.partial(_first_of, k, warn), parts)}

    return bag_of(Layer(make, [first]), name, 1)


def _head(k: int, part: Any) -> list[Any]:
    return list(itertools.islice(part, k))


def _first_of(k: int, warn: bool, parts: list[list[Any]]) -> list[Any]:
    found = _head(k, itertools.chain.from_iterable(parts))
    if warn and len(found) < k:
        warnings.warn(
            f"{k} elements were asked for, {len(found)} were found: take(..., npartitions=-1) looks into all "
            "partitions",
            UserWarning,
            stacklevel=2,
        )
    return found


def states(n: int, random_state: Any) -> list[int]:
    """Return a seed for each of ``n`` partitions."""
    if isinstance(random_state, random.Random):
        source = random_state
    elif isinstance(random_state, tuple):
        source = random.Random()
        source.setstate(random_state)
    else:
        source = random.Random(random_state)
    return [source.getrandbits(64) for _ in range(n)]


def sampled(bag: Any, prob: float, random_state: Any) -> Any:
    """Return a bag of each element with probability ``prob``."""
    if not 0 <= prob <= 1:
        raise ValueError(f"prob must be a number between 0 and 1, found {prob!r}")
    seeds = states(bag.npartitions, random_state)
    name = f"random-sample-{tokenize(bag.name, prob, seeds)}"

    def make() -> dict[Any, Any]:
        return {
            (name, i): Task((name, i), _sample, TaskRef((bag.name, i)), prob, seed)
            for i, seed in enumerate(seeds)
        }

    return bag_of(Layer(make, [bag._layer]), name, bag.npartitions)


def _sample(part: Any, prob: float, seed: int) -> list[Any]:
    draw = random.Random(seed).random
    return [item for item in part if draw() < prob]


def repartitioned(bag: Any, npartitions: int) -> Any:
    """Return a bag of ``npartitions``: neighbours together, or cut."""
    npartitions = whole("npartitions", npartitions, 1, PARTITIONS_MAX)
    n = bag.npartitions
    if npartitions == n:
        return bag
    name = f"repartition-{tokenize(bag.name, npartitions)}"
    if npartitions < n:
        bounds = [n * i // npartitions for i in range(npartitions + 1)]

        def make() -> dict[Any, Any]:
            return {
                (name, i): Task(
                    (name, i), joined, [TaskRef((bag.name, j)) for j in range(*bounds[i : i + 2])]
                )
                for i in range(npartitions)
            }

        return bag_of(Layer(make, [bag._layer]), name, npartitions)
    counts = [npartitions * (i + 1) // n - npartitions * i // n for i in range(n)]
    return _cut(bag, name, counts)


def _cut(bag: Any, name: str, counts: list[int]) -> Any:
    """Return a bag whose partition ``i`` became ``counts[i]`` of about one length."""
    places = [(i, j, count) for i, count in enumerate(counts) for j in range(count)]

    def make() -> dict[Any, Any]:
        return {
            (name, at): Task((name, at), _slice_of, TaskRef((bag.name, i)), j, count)
            for at, (i, j, count) in enumerate(places)
        }

    return bag_of(Layer(make, [bag._layer]), name, len(places))


def joined(parts: list[Any]) -> list[Any]:
    """Return the elements of several partitions."""
    return list(itertools.chain.from_iterable(parts))


def _slice_of(part: Any, at: int, count: int) -> list[Any]:
    items = list(part)
    n = len(items)
    return items[n * at // count : n * (at + 1) // count]


def resized(bag: Any, partition_size: Any) -> Any:
    """Return a bag whose partitions have no more than some bytes: the partitions are measured first."""
    limit = parse_bytes(partition_size) if isinstance(partition_size, str) else int(partition_size)
    if limit < 1:
        raise ValueError(f"partition_size must be a positive number of bytes, found {partition_size!r}")
    sizes = compute(*[delayed(_weight)(part) for part in bag.to_delayed()])
    counts = [max(1, -(-size // limit)) for size in sizes]
    if any(count > 1 for count in counts):
        bag = _cut(bag, f"repartition-cut-{tokenize(bag.name, counts)}", counts)
        sizes = tuple(size / count for size, count in zip(sizes, counts, strict=True) for _ in range(count))
    groups: list[list[int]] = []
    total = 0.0
    for i, size in enumerate(sizes):
        if groups and total + size <= limit:
            groups[-1].append(i)
            total += size
        else:
            groups.append([i])
            total = size
    return _grouped(bag, groups)


def _weight(part: Any) -> int:
    return int(sizeof(list(part)))


def _grouped(bag: Any, groups: list[list[int]]) -> Any:
    name = f"repartition-size-{tokenize(bag.name, groups)}"

    def make() -> dict[Any, Any]:
        return {
            (name, at): Task((name, at), joined, [TaskRef((bag.name, i)) for i in group])
            for at, group in enumerate(groups)
        }

    return bag_of(Layer(make, [bag._layer]), name, len(groups))


def accumulated(bag: Any, binop: Callable[[Any, Any], Any], initial: Any) -> Any:
    """Return a bag of all values that folding goes through."""
    initial = kept(initial)
    token = tokenize(bag.name, binop, initial)
    name = f"accumulate-{token}"
    step = f"accumulate-step-{token}"

    def make() -> dict[Any, Any]:
        tasks: dict[Any, Any] = {}
        before: Any = initial
        for i in range(bag.npartitions):
            function = functools.partial(_accumulate, binop, i == 0)
            tasks[step, i] = Task((step, i), function, TaskRef((bag.name, i)), before)
            tasks[name, i] = Task((name, i), _values, TaskRef((step, i)))
            before = Task((step, "last", i), _last, TaskRef((step, i)))
            tasks[step, "last", i] = before
            before = TaskRef((step, "last", i))
        return tasks

    return bag_of(Layer(make, [bag._layer], functions=(binop,)), name, bag.npartitions)


def _accumulate(binop: Any, is_first: bool, part: Any, before: Any) -> tuple[list[Any], Any]:
    """Return the values, and the one to go on from."""
    items: Iterator[Any] = iter(part)
    found: list[Any] = []
    if before is NO_DEFAULT:
        for first in items:
            found = [own_element(first)]
            break
        else:
            return [], before
    elif is_first:
        found = [own(before)]
    value = found[-1] if found else before
    for item in items:
        value = binop(value, item)
        found.append(value)
    return found, value


def _values(pair: tuple[list[Any], Any]) -> list[Any]:
    return pair[0]


def _last(pair: tuple[list[Any], Any]) -> Any:
    return pair[1]
