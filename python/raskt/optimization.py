"""Graphs of tasks made smaller: what is not wanted is left out, what is cheap is put where it is needed.

The engine culls, orders and fuses every graph by itself; these functions are for code that does so to graphs
of its own, which are dictionaries of tasks.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from typing import Any

from raskt import _raskt
from raskt._raskt import Task
from raskt.core import flatten, istask, subs, toposort

__all__ = ["cull", "functions_of", "inline", "inline_functions", "unwrap_partial"]


def cull(dsk: Mapping[Any, Any], keys: Any) -> tuple[dict[Any, Any], dict[Any, list[Any]]]:
    """Return those tasks of a graph that some keys need.

    Parameters
    ----------
    dsk : mapping
        The graph.
    keys : key or list of keys
        What is wanted.

    Returns
    -------
    dsk : dict
        The tasks that are needed.
    dependencies : dict
        The keys that each needs.

    Raises
    ------
    KeyError
        If a key that is wanted is not there.

    Examples
    --------
    >>> from raskt.optimization import cull
    >>> kept, needed = cull({"x": 1, "y": (abs, "x"), "z": (abs, "y")}, "y")
    >>> sorted(kept), needed["y"]
    (['x', 'y'], ['x'])
    """
    graph = dict(dsk)
    needed: dict[Any, list[Any]] = {}
    todo = list(flatten(list(keys) if isinstance(keys, set) else keys))
    while todo:
        key = todo.pop()
        if key not in needed:
            needed[key] = list(dict.fromkeys(_raskt.dependencies_of(graph, graph[key])))
            todo.extend(needed[key])
    return {key: graph[key] for key in graph if key in needed}, needed


def inline(
    dsk: Mapping[Any, Any],
    keys: Iterable[Hashable] | None = None,
    inline_constants: bool = True,
    dependencies: Mapping[Any, Collection[Any]] | None = None,
) -> dict[Any, Any]:
    """Return a graph in which some tasks stand in the place of their keys.

    Parameters
    ----------
    dsk : mapping
        A graph of tuples.
    keys : iterable of keys, optional
        Which tasks are put in.
    inline_constants : bool, optional
        Whether values are put in too.
    dependencies : mapping, optional
        The keys that each task needs, where they are known.

    Returns
    -------
    dict
        As many tasks.

    Examples
    --------
    >>> from raskt.optimization import inline
    >>> inline({"x": 1, "y": (abs, "x"), "z": (max, "x", "y")}, keys=["y"])["z"][1:]
    (1, (<built-in function abs>, 1))
    """
    graph = dict(dsk)
    wanted = set(flatten(list(keys))) if keys is not None else set()
    if inline_constants:
        wanted |= {key for key, task in graph.items() if _is_constant(graph, task)}
    made = dict(graph)
    for key in toposort(graph):
        needed = _raskt.dependencies_of(graph, graph[key]) if dependencies is None else dependencies[key]
        for other in needed:
            if other in wanted:
                made[key] = subs(made[key], other, made[other])
    return made


def _is_constant(graph: dict[Any, Any], task: Any) -> bool:
    return not istask(task) and not isinstance(task, list) and not _raskt.dependencies_of(graph, task)


def inline_functions(
    dsk: Mapping[Any, Any],
    output: Collection[Any],
    fast_functions: Collection[Callable[..., Any]] | None = None,
    inline_constants: bool = False,
    dependencies: Mapping[Any, Collection[Any]] | None = None,
) -> dict[Any, Any]:
    """Return a graph in which calls of cheap functions stand where their values are needed.

    Parameters
    ----------
    dsk : mapping
        A graph of tuples.
    output : collection of keys
        What is wanted, and stays.
    fast_functions : collection of functions, optional
        The functions that are cheap.
    inline_constants : bool, optional
        Whether values are put in too.
    dependencies : mapping, optional
        The keys that each task needs, where they are known.

    Returns
    -------
    dict
        Tasks that have been put in everywhere are gone.

    Examples
    --------
    >>> from raskt.optimization import inline_functions
    >>> graph = {"x": 1, "y": (abs, "x"), "z": (max, "y", 5)}
    >>> sorted(inline_functions(graph, ["z"], [abs]))
    ['x', 'z']
    """
    if not fast_functions:
        return dict(dsk)
    fast, wanted = set(fast_functions), set(flatten(list(output)))
    needed_by_any = {other for task in dsk.values() for other in _raskt.dependencies_of(dict(dsk), task)}
    keys = [
        key
        for key, task in dsk.items()
        if istask(task) and functions_of(task) <= fast and key not in wanted and key in needed_by_any
    ]
    made = inline(dsk, keys, inline_constants, dependencies)
    return {key: task for key, task in made.items() if key not in keys}


def functions_of(task: Any) -> set[Callable[..., Any]]:
    """Return the functions that a task calls.

    Parameters
    ----------
    task : object
        A task: a tuple, a `Task`, or lists of them.

    Returns
    -------
    set

    Examples
    --------
    >>> from raskt.optimization import functions_of
    >>> functions_of((max, (abs, 1), [(abs, 2)])) == {max, abs}
    True
    """
    found: set[Callable[..., Any]] = set()
    todo = [task]
    while todo:
        item = todo.pop()
        if isinstance(item, Task):
            found.add(unwrap_partial(item.func))
            todo.extend([*item.args, *item.kwargs.values()])
        elif istask(item):
            found.add(unwrap_partial(item[0]))
            todo.extend(item[1:])
        elif isinstance(item, list):
            todo.extend(item)
    return found


def unwrap_partial(func: Any) -> Any:
    """Return the function that partial functions wrap.

    Parameters
    ----------
    func : callable
        A function.

    Returns
    -------
    callable

    Examples
    --------
    >>> from functools import partial
    >>> from raskt.optimization import unwrap_partial
    >>> unwrap_partial(partial(partial(max, 1), 2)) is max
    True
    """
    while isinstance(func, functools.partial):
        func = func.func
    return func
