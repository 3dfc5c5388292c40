"""Functions of a partition, and of several partial results, behind the reductions of bags."""

from __future__ import annotations

import copy
import functools
import heapq
import itertools
import math
import operator
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sized
from typing import Any, TypeVar

from raskt._raskt import BagStream
from raskt.bag._going_on import while_wanted
from raskt.bag._steps import NO_DEFAULT

__all__: list[str] = []

_F = TypeVar("_F", bound=Callable[..., Any])

_IMMUTABLE = (int, float, complex, str, bytes, bool, type(None), frozenset)
_GROWING = (dict, set)


def _part_of(name: str) -> Callable[[_F], _F]:
    """Let pictures and profiles call a function what users call to have it run."""

    def named(function: _F) -> _F:
        function.__name__ = name
        return function

    return named


def key_function(key: Any) -> Any:
    """Return a function of an element for what users give as ``key``: a function, an item, or None."""
    if key is None or callable(key):
        return key
    if isinstance(key, list):
        return operator.itemgetter(*key) if len(key) != 1 else lambda item: (item[key[0]],)
    return operator.itemgetter(key)


def count(part: Iterable[Any]) -> int:
    """Return the number of elements."""
    if isinstance(part, BagStream):
        return part.count()
    if isinstance(part, Sized):
        return len(part)
    n = 0
    for _ in part:
        n += 1
    return n


def is_some(part: Iterable[Any]) -> bool:
    """Return whether any element is true."""
    return any(part)


def moments(part: Iterable[Any]) -> tuple[Any, Any, int]:
    """Return mean, sum of squared differences from it, and number of the elements (Welford 1962)."""
    n, mean, squares = 0, 0.0, 0.0
    for x in part:
        n += 1
        delta = x - mean
        mean += delta / n
        squares += delta * (x - mean)
    return mean, squares, n


def merge_moments(parts: Iterable[tuple[Any, Any, int]]) -> tuple[Any, Any, int]:
    """Return the moments of all parts together (Chan, Golub and LeVeque 1979)."""
    mean, squares, n = 0.0, 0.0, 0
    for other_mean, other_squares, other_n in parts:
        if other_n == 0:
            continue
        delta = other_mean - mean
        total = n + other_n
        mean += delta * other_n / total
        squares += other_squares + delta * delta * n * other_n / total
        n = total
    return mean, squares, n


@_part_of("var")
def variance(parts: Iterable[tuple[Any, Any, int]], ddof: int) -> float:
    """Return the variance of all parts together."""
    _, squares, n = merge_moments(parts)
    if n - ddof <= 0:
        raise ZeroDivisionError(f"the variance of {n} elements with ddof={ddof}")
    return float(squares / (n - ddof))


@_part_of("std")
def deviation(parts: Iterable[tuple[Any, Any, int]], ddof: int) -> float:
    """Return the standard deviation of all parts together."""
    return math.sqrt(variance(parts, ddof))


@_part_of("mean")
def sum_and_count(part: Iterable[Any]) -> tuple[Any, int]:
    """Return sum and number of the elements."""
    total: Any = 0
    n = 0
    for x in part:
        total = total + x
        n += 1
    return total, n


@_part_of("mean")
def merge_sums(parts: Iterable[tuple[Any, int]]) -> tuple[Any, int]:
    """Return sum and number of all parts."""
    pairs = list(parts)
    return sum(total for total, _ in pairs), sum(n for _, n in pairs)


def mean(parts: Iterable[tuple[Any, int]]) -> Any:
    """Return the mean of all parts."""
    total, n = merge_sums(parts)
    if n == 0:
        raise ZeroDivisionError("the mean of no elements")
    return total / n


def extreme(function: Callable[..., Any], part: Iterable[Any]) -> tuple[Any, ...]:
    """Return the least or greatest element in a tuple, which is empty where there are none."""
    found = function(part, default=NO_DEFAULT)
    return () if found is NO_DEFAULT else (found,)


def merge_extremes(function: Callable[..., Any], parts: Iterable[tuple[Any, ...]]) -> tuple[Any, ...]:
    """Return the least or greatest of all parts."""
    return extreme(function, itertools.chain.from_iterable(parts))


def last_extreme(function: Callable[..., Any], parts: Iterable[tuple[Any, ...]]) -> Any:
    """Return the least or greatest of all parts."""
    found = merge_extremes(function, parts)
    if not found:
        raise ValueError(f"{function.__name__}() of a bag that has no elements")
    return found[0]


def frequencies(part: Iterable[Any]) -> dict[Any, int]:
    """Return how often each element occurs."""
    if isinstance(part, BagStream):
        return part.frequencies()
    return dict(Counter(part))


@_part_of("frequencies")
def merge_frequencies(parts: Iterable[dict[Any, int]]) -> dict[Any, int]:
    """Return the sums of all counts."""
    parts = iter(parts)
    total = dict(next(parts, {}))
    for part in parts:
        for item, n in part.items():
            total[item] = total.get(item, 0) + n
    return total


@_part_of("frequencies")
def counted(parts: Iterable[dict[Any, int]], is_sorted: bool) -> list[tuple[Any, int]]:
    """Return pairs of elements and counts; sorted, the most frequent are first."""
    pairs = list(merge_frequencies(parts).items())
    if is_sorted:
        pairs.sort(key=lambda pair: pair[1], reverse=True)
    return pairs


def topk(k: int, key: Any, part: Iterable[Any]) -> list[Any]:
    """Return the ``k`` greatest elements, the greatest first."""
    # Of an iterator: `nlargest` would make a list of a partition that has a length, and sort it.
    return heapq.nlargest(k, iter(part), key=key_function(key))


@_part_of("topk")
def merge_topk(k: int, key: Any, parts: Iterable[list[Any]]) -> list[Any]:
    """Return the ``k`` greatest of all parts."""
    return topk(k, key, itertools.chain.from_iterable(parts))


def distinct(key: Any, part: Iterable[Any]) -> list[Any]:
    """Return the first element of each kind, in their order."""
    if key is None:
        return list(part.frequencies() if isinstance(part, BagStream) else dict.fromkeys(part))
    of = key_function(key)
    seen: dict[Any, Any] = {}
    for item in while_wanted(part):
        seen.setdefault(of(item), item)
    return list(seen.values())


@_part_of("distinct")
def merge_distinct(key: Any, parts: Iterable[list[Any]]) -> list[Any]:
    """Return the first element of each kind of all parts."""
    return distinct(key, itertools.chain.from_iterable(parts))


def own(initial: Any) -> Any:
    """Return an accumulator to begin with that nobody else has: functions may change it and return it."""
    return initial if type(initial) in _IMMUTABLE else copy.deepcopy(initial)


def own_element(element: Any) -> Any:
    """Return an element as an accumulator: one that can be added to in place is copied."""
    if type(element) in _IMMUTABLE:
        return element
    can_grow = isinstance(element, _GROWING) or hasattr(element, "__iadd__")
    return copy.copy(element) if can_grow else element


def fold(binop: Callable[[Any, Any], Any], initial: Any, part: Iterable[Any]) -> tuple[Any, ...]:
    """Return what folding gives, in a tuple, which is empty where nothing was folded."""
    part = while_wanted(part)
    if initial is not NO_DEFAULT:
        return (functools.reduce(binop, part, own(initial)),)
    items = iter(part)
    for first in items:
        return (functools.reduce(binop, items, own_element(first)),)
    return ()


@_part_of("fold")
def merge_folds(combine: Callable[[Any, Any], Any], parts: Iterable[tuple[Any, ...]]) -> tuple[Any, ...]:
    """Return the parts folded."""
    found = itertools.chain.from_iterable(parts)
    for first in found:
        # It is of a task that nobody else asks.
        return (functools.reduce(combine, found, first),)
    return ()


@_part_of("fold")
def last_fold(combine: Callable[[Any, Any], Any], parts: Iterable[tuple[Any, ...]]) -> Any:
    """Return the parts folded, out of the tuple."""
    found = merge_folds(combine, parts)
    if not found:
        raise TypeError("fold of a bag that has no elements, without an initial value")
    return found[0]


def foldby(key: Any, binop: Any, initial: Any, part: Iterable[Any]) -> dict[Any, Any]:
    """Return what folding gives for each group."""
    of = key_function(key)
    groups: dict[Any, Any] = {}
    for item in while_wanted(part):
        k = of(item)
        if k in groups:
            groups[k] = binop(groups[k], item)
        else:
            groups[k] = own_element(item) if initial is NO_DEFAULT else binop(own(initial), item)
    return groups


@_part_of("foldby")
def merge_foldby(combine: Any, initial: Any, parts: Iterable[dict[Any, Any]]) -> dict[Any, Any]:
    """Return the groups of all parts, folded."""
    groups: dict[Any, Any] = {}
    for part in parts:
        for k, value in part.items():
            if k in groups:
                groups[k] = combine(groups[k], value)
            else:
                groups[k] = value if initial is NO_DEFAULT else combine(own(initial), value)
    return groups


@_part_of("foldby")
def last_foldby(combine: Any, initial: Any, parts: Iterable[dict[Any, Any]]) -> list[tuple[Any, Any]]:
    """Return the pairs of groups and values."""
    return list(merge_foldby(combine, initial, parts).items())


def listed(function: Callable[[Any], Any], parts: Any) -> Any:
    """Call a user's aggregation with all partial results, and make lists of iterators."""
    found = function(parts)
    return list(found) if isinstance(found, Iterator) else found
