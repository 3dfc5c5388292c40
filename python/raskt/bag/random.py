"""Random samples of bags."""

from __future__ import annotations

import functools
import heapq
import itertools
import random as generator
from collections.abc import Iterable
from typing import Any

from raskt._whole import whole
from raskt.bag._base import is_bag
from raskt.bag.reductions import tree

__all__ = ["choices", "sample"]

Drawn = tuple[int, list[tuple[float, Any]]]


def sample(population: Any, k: int, split_every: int | None = None) -> Any:
    """Choose ``k`` different elements of a bag.

    Parameters
    ----------
    population : Bag
        What is chosen from.
    k : int
        How many.
    split_every : int, optional
        How many results are brought together at once; False for all.

    Returns
    -------
    Bag
        The elements, in one partition; computing it is a `ValueError` where there are fewer.

    Examples
    --------
    >>> import raskt.bag as rb
    >>> from raskt.bag import random
    >>> len(set(random.sample(rb.range(10, npartitions=3), k=4).compute()))
    4
    """
    return _chosen(population, k, split_every, _sample_part, _sample_merge, _sample_last)


def choices(population: Any, k: int = 1, split_every: int | None = None) -> Any:
    """Choose an element of a bag ``k`` times.

    Parameters
    ----------
    population : Bag
        What is chosen from.
    k : int, optional
        How many times.
    split_every : int, optional
        How many results are brought together at once; False for all.

    Returns
    -------
    Bag
        The elements, in one partition; computing it is an `IndexError` where there are none.

    Examples
    --------
    >>> import raskt.bag as rb
    >>> from raskt.bag import random
    >>> len(random.choices(rb.range(3, npartitions=2), k=5).compute())
    5
    """
    return _chosen(population, k, split_every, _choices_part, _choices_merge, _choices_last)


def _chosen(population: Any, k: int, split_every: int | None, chunk: Any, merge: Any, last: Any) -> Any:
    if not is_bag(population):
        raise TypeError(f"the population is a bag, found {type(population).__name__}")
    k = whole("k", k, 0)
    # A call of its own each time: two samples of one bag are not the same.
    salt = generator.getrandbits(64)
    first, middle, end = (functools.partial(part, k, salt) for part in (chunk, merge, last))
    return tree(population, "sample", first, middle, end, split_every, as_bag=True)


def _sample_part(k: int, _salt: int, part: Iterable[Any]) -> Drawn:
    """Return how many elements there are, and those with the ``k`` greatest of random weights.

    Efraimidis and Spirakis (2006) with equal weights: keeping the greatest weights commutes with bringing
    parts
    together.
    """
    draw = generator.random
    n = 0
    kept: list[tuple[float, int, Any]] = []
    for item in part:
        entry = (draw(), n, item)
        n += 1
        if len(kept) < k:
            heapq.heappush(kept, entry)
        elif kept and entry > kept[0]:
            heapq.heapreplace(kept, entry)
    return n, [(weight, item) for weight, _, item in kept]


def _sample_merge(k: int, _salt: int, parts: Iterable[Drawn]) -> Drawn:
    parts = list(parts)
    pairs = itertools.chain.from_iterable(pairs for _, pairs in parts)
    return sum(n for n, _ in parts), heapq.nlargest(k, pairs, key=lambda pair: pair[0])


def _sample_last(k: int, salt: int, parts: Iterable[Drawn]) -> list[Any]:
    n, pairs = _sample_merge(k, salt, parts)
    if n < k:
        raise ValueError(f"a sample of {k} elements is larger than the bag, which has {n}")
    return [item for _, item in pairs]


def _choices_part(k: int, _salt: int, part: Iterable[Any]) -> Drawn:
    """Return how many elements there are, and ``k`` independent draws from them.

    Each draw is a reservoir of one: the element with number ``n`` takes it with probability ``1 / n``. One
    that was taken at ``n`` is still the same at ``m`` with probability ``n / m``, so that the number of its
    next element is drawn at once, and work is done ``k log(n)`` times, not ``k n`` times.
    """
    n = 0
    drawn: list[Any] = []
    turns: list[tuple[int, int]] = []
    for item in part:
        n += 1
        if n == 1:
            drawn = [item] * k
            turns = [(_next_turn(n), at) for at in range(k)]
            heapq.heapify(turns)
        while turns and turns[0][0] == n:
            at = turns[0][1]
            drawn[at] = item
            heapq.heapreplace(turns, (_next_turn(n), at))
    return n, [(0.0, item) for item in drawn]


def _next_turn(n: int) -> int:
    """Return the number of the element that takes a place which number ``n`` took."""
    return int(n / (1.0 - generator.random())) + 1


def _choices_merge(k: int, _salt: int, parts: Iterable[Drawn]) -> Drawn:
    found = [(n, pairs) for n, pairs in parts if n]
    if not found:
        return 0, []
    weights = [n for n, _ in found]
    places = generator.choices(range(len(found)), weights, k=k)
    return sum(weights), [found[place][1][at] for at, place in enumerate(places)]


def _choices_last(k: int, salt: int, parts: Iterable[Drawn]) -> list[Any]:
    n, pairs = _choices_merge(k, salt, parts)
    if not n and k:
        raise IndexError("cannot choose from a bag that has no elements")
    return [item for _, item in pairs]
