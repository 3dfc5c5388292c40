"""Looking at raw graphs: what depends on what, in which order, and what is a task at all."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping
from typing import Any

from raskt import _raskt
from raskt._raskt import Alias, Task, TaskRef

__all__ = [
    "flatten",
    "get_dependencies",
    "getcycle",
    "isdag",
    "ishashable",
    "istask",
    "quote",
    "toposort",
]

_NO_TASK = object()


def istask(x: Any) -> bool:
    """Return whether ``x`` is a call: a tuple whose first item can be called, or a `Task`.

    Parameters
    ----------
    x : object
        Any object.

    Returns
    -------
    bool

    Examples
    --------
    >>> from raskt.core import istask
    >>> istask((abs, -1)), istask(("x", 0))
    (True, False)
    """
    if type(x) is tuple:
        return bool(x) and callable(x[0])
    return isinstance(x, Task)


def ishashable(x: Any) -> bool:
    """Return whether ``x`` can be a key.

    Parameters
    ----------
    x : object
        Any object.

    Returns
    -------
    bool

    Examples
    --------
    >>> from raskt.core import ishashable
    >>> ishashable(("x", 0)), ishashable(["x", 0])
    (True, False)
    """
    try:
        hash(x)
    except TypeError:
        return False
    return True


def flatten(seq: Any, container: type | tuple[type, ...] = list) -> Iterator[Any]:
    """Yield the items of nested lists.

    Parameters
    ----------
    seq : list or object
        Nested lists; anything else is an item.
    container : type or tuple of types, optional
        What is looked into.

    Yields
    ------
    object
        Each item.

    Examples
    --------
    >>> from raskt.core import flatten
    >>> list(flatten(["a", [("b", 0), ["c"]]]))
    ['a', ('b', 0), 'c']
    """
    if not isinstance(seq, container):
        yield seq
        return
    stack: list[Iterator[Any]] = [_items(seq)]
    while stack:
        for item in stack[-1]:
            if isinstance(item, container) and not isinstance(item, str):
                stack.append(_items(item))
                break
            yield item
        else:
            stack.pop()


def _items(container: Any) -> Iterator[Any]:
    return iter(container)


def quote(x: Any) -> Any:
    """Return a task whose value is ``x``, whatever a graph would take it for.

    Parameters
    ----------
    x : object
        A value: a list of strings that might be keys, a tuple that looks like a call.

    Returns
    -------
    object
        ``x`` itself where nothing could go wrong, a `Task` otherwise.

    Examples
    --------
    >>> from raskt.core import quote
    >>> from raskt.graph import get
    >>> get({"x": 1, "y": (len, quote(["x", "y"]))}, "y")
    2
    """
    if isinstance(x, (str, bytes, list, tuple, set, frozenset, Task, TaskRef, Alias)):
        return _raskt.value_task(None, x)
    return x


def get_dependencies(
    dsk: Mapping[Any, Any], key: Hashable = None, task: Any = _NO_TASK, as_list: bool = False
) -> set[Any] | list[Any]:
    """Return the keys that a task needs.

    Parameters
    ----------
    dsk : mapping
        The graph.
    key : hashable, optional
        The key of the task.
    task : object, optional
        The task itself, instead of its key.
    as_list : bool, optional
        Return a list instead of a set.

    Returns
    -------
    set or list

    Raises
    ------
    KeyError
        If the graph has no such key.

    Examples
    --------
    >>> from operator import add
    >>> from raskt.core import get_dependencies
    >>> get_dependencies({"x": 1, "y": (add, "x", 10)}, "y")
    {'x'}
    """
    found = _raskt.dependencies_of(dict(dsk), dsk[key] if task is _NO_TASK else task)
    return found if as_list else set(found)


def getcycle(dsk: Mapping[Any, Any], keys: Any = None) -> list[Any]:
    """Return keys that need one another in a circle, the first once more at the end, or an empty list.

    Parameters
    ----------
    dsk : mapping
        The graph.
    keys : key or list of keys, optional
        Where to look; default: everywhere.

    Returns
    -------
    list

    Examples
    --------
    >>> from raskt.core import getcycle
    >>> getcycle({"x": (abs, "z"), "y": (abs, "x"), "z": (abs, "y")}, "x")
    ['x', 'z', 'y', 'x']
    """
    graph = dict(dsk)
    done: set[Any] = set()
    for start in graph if keys is None else flatten(keys):
        path: dict[Any, Iterator[Any]] = {}
        key = start
        while True:
            if key not in done and key not in path:
                path[key] = iter(_raskt.dependencies_of(graph, graph[key]))
            elif key in path:
                circle = list(path)
                return [*circle[circle.index(key) :], key]
            while path:
                last = next(reversed(path))
                following = next(path[last], _NO_TASK)
                if following is not _NO_TASK:
                    key = following
                    break
                done.add(last)
                del path[last]
            else:
                break
    return []


def isdag(dsk: Mapping[Any, Any], keys: Any = None) -> bool:
    """Return whether no tasks need one another in a circle.

    Parameters
    ----------
    dsk, keys
        As in `getcycle`.

    Returns
    -------
    bool

    Examples
    --------
    >>> from raskt.core import isdag
    >>> isdag({"x": 1, "y": (abs, "x")}, "y")
    True
    """
    return not getcycle(dsk, keys)


def toposort(dsk: Mapping[Any, Any]) -> Collection[Any]:
    """Return the keys of a graph so that each comes after those that it needs.

    Parameters
    ----------
    dsk : mapping
        The graph.

    Returns
    -------
    list

    Raises
    ------
    CycleError
        If tasks need one another in a circle.

    Examples
    --------
    >>> from raskt.core import toposort
    >>> toposort({"y": (abs, "x"), "x": 1})
    ['x', 'y']
    """
    return list(_raskt.tasks_of(_raskt.convert_graph(dict(dsk), list(dsk))))
