"""Elements for Python functions, as long as the computation that wants them was not cancelled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from time import perf_counter
from typing import Any

from raskt._raskt import go_on

__all__ = ["collected", "while_wanted"]

#: Asking takes longer than a short function: as many elements pass between two questions as take about this
#: long, and no more than so many, since those that follow may be slow.
_SHORT_SECONDS = 1e-3
_PIECE_MAX = 1024


def while_wanted(stream: Iterable[Any]) -> Iterable[Any]:
    """Return the elements of a partition; between them, a computation that was cancelled ends.

    Parameters
    ----------
    stream : iterable
        The partition. Lists and the like are looked after here, files where they are read.

    Returns
    -------
    iterable
        The same elements.

    Raises
    ------
    ComputationCancelled
        When the next element is asked for and nobody waits for the task.
    """
    kind = type(stream)
    if kind is list or kind is tuple or kind is range:
        return chain.from_iterable(_pieces(stream))  # type: ignore[arg-type]
    return stream


def _pieces(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    at, n, began = 0, 1, perf_counter()
    while at < len(items):
        go_on()
        yield items[at : at + n]
        at += n
        now = perf_counter()
        n = min(2 * n, _PIECE_MAX) if now - began < _SHORT_SECONDS else 1
        began = now


def collected(elements: Iterable[Any]) -> list[Any]:
    """Return the elements as a list; between them, a computation that was cancelled ends.

    Parameters
    ----------
    elements : iterable
        The elements, each made of one of a partition: while one is made, nobody asks.

    Returns
    -------
    list
        All of them.

    Raises
    ------
    ComputationCancelled
        As `while_wanted`.
    """
    rest = iter(elements)
    found: list[Any] = []
    n_before, n, began = 0, 1, perf_counter()
    while True:
        go_on()
        found.extend(islice(rest, n))
        if len(found) < n_before + n:
            return found
        n_before = len(found)
        now = perf_counter()
        n = min(2 * n, _PIECE_MAX) if now - began < _SHORT_SECONDS else 1
        began = now
