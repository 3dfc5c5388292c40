"""Graphs as delayed values, and the graphs of collections."""

from __future__ import annotations

import sys

from raskt import _raskt
from raskt._dask.graphs import plain_graph
from raskt._keys import flatten_keys
from raskt._raskt import Alias, Delayed, Task, TaskRef
from raskt.tokenize import tokenize

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence
    from typing import Any

__all__ = ["as_values", "convert", "delayed_from", "delayed_of", "graph_of", "group_graph", "merge"]


def convert(dsk: Mapping[Any, Any], keys: Iterable[Hashable]) -> list[Delayed]:
    """Return the delayed values of some keys of a graph; what they do not need is not looked at."""
    if type(dsk) is not dict or "dask._task_spec" in sys.modules:
        dsk = plain_graph(dsk)
    return _raskt.convert_graph(dsk, list(keys))


def delayed_of(
    collections: Sequence[Any], optimize_graph: bool = True, **kwargs: Any
) -> dict[int, tuple[Any, list[Delayed]]]:
    """Return, by ``id``, the keys of each collection and the delayed values behind them, in flat order.

    Collections of one kind are optimised together, on one graph; equal keys of others are found to be the
    same when the tasks are put together, or else are a `KeyClashError`.
    """
    made: dict[int, tuple[Any, list[Delayed]]] = {}
    for group in _groups(collections, optimize_graph):
        keys = [collection.__raskt_keys__() for collection in group]
        flat = [list(flatten_keys(nested)) for nested in keys]
        wanted = [key for some in flat for key in some]
        roots = _planned(group, wanted) if optimize_graph else None
        if roots is None:
            roots = convert(group_graph(group, wanted, optimize_graph, **kwargs), wanted)
        at = 0
        for collection, nested, some in zip(group, keys, flat, strict=True):
            made[id(collection)] = (nested, roots[at : at + len(some)])
            at += len(some)
    return made


def _groups(collections: Sequence[Any], optimize_graph: bool) -> list[list[Any]]:
    """Collections that share a graph, or the function that optimises it."""
    groups: dict[Any, list[Any]] = {}
    graphs = []
    for collection in collections:
        optimizer = getattr(collection, "__raskt_optimize__", None) if optimize_graph else None
        if optimizer is not None:
            # Bound methods are made anew at each look; what they bind is not. A function that binds nothing
            # optimises collections of several types together, such as bags and what they are reduced to.
            bound = type(collection) if hasattr(optimizer, "__self__") else None
            place: Any = (getattr(optimizer, "__func__", optimizer), bound)
        else:
            graphs.append(collection.__raskt_graph__())  # kept, so that its id is nobody else's
            place = id(graphs[-1])
        groups.setdefault(place, []).append(collection)
    return list(groups.values())


def _planned(group: Sequence[Any], keys: list[Hashable]) -> list[Delayed] | None:
    """Return expressions for the keys of collections that have them; None where their graph is needed."""
    planned = getattr(group[0], "__raskt_planned__", None)
    if planned is None:
        return None
    found: list[Delayed] | None = planned(merge([one.__raskt_graph__() for one in group]), keys)
    return found


def group_graph(
    group: Sequence[Any], keys: list[Hashable], optimize_graph: bool = True, **kwargs: Any
) -> Mapping[Any, Any]:
    """Return the graph of collections of one kind, optimised together."""
    graph = merge([collection.__raskt_graph__() for collection in group])
    optimizer = getattr(group[0], "__raskt_optimize__", None) if optimize_graph else None
    return graph if optimizer is None else optimizer(graph, keys, **kwargs)


def merge(graphs: Iterable[Mapping[Any, Any]]) -> Mapping[Any, Any]:
    """Return one graph of several, whose equal keys must have equal tasks."""
    distinct = list({id(graph): graph for graph in graphs}.values())
    if len(distinct) == 1:
        return distinct[0]
    merged_of = getattr(distinct[0], "__raskt_merged__", None)
    if merged_of is not None and all(type(graph) is type(distinct[0]) for graph in distinct):
        found: Mapping[Any, Any] = merged_of(distinct)
        return found
    merged: dict[Any, Any] = {}
    for graph in distinct:
        for key, task in graph.items():
            other = merged.setdefault(key, task)
            if other is not task and not _is_same(other, task):
                raise _raskt.KeyClashError(
                    f"the key {key!r} has two different definitions: {other!r} and {task!r}"
                )
    return merged


def _is_same(left: Any, right: Any) -> bool:
    return type(left) is type(right) and tokenize(left) == tokenize(right)


def graph_of(value: Delayed) -> dict[Hashable, Task]:
    """Return all that a delayed value needs, by key; inputs come before those who need them."""
    return _raskt.tasks_of([value])


def delayed_from(dsk: Mapping[Any, Any], key: Hashable, length: int | None = None) -> Delayed:
    """Return the delayed value ``key`` of a graph."""
    return _raskt.with_length(convert(dsk, [key])[0], length)


def as_values(graph: dict[Any, Any]) -> dict[Any, Any]:
    """Return a graph in which every value is taken for itself, though it may look like a task or a key."""
    return {
        key: _raskt.value_task(key, value) if _is_ambiguous(value, graph) else value
        for key, value in graph.items()
    }


def _is_ambiguous(value: Any, graph: dict[Any, Any]) -> bool:
    if isinstance(value, (list, tuple, set, frozenset, Task, TaskRef, Alias)):
        return True
    try:
        return value in graph
    except TypeError:
        return False
