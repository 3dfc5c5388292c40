"""Tasks as objects: `Task`, `TaskRef` and `Alias`, and what stands for values and containers among them.

The names are those of ``dask.task_spec``.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Hashable
from typing import Any

from raskt import _raskt
from raskt._raskt import Alias, Task, TaskRef

__all__ = ["Alias", "DataNode", "Dict", "GraphNode", "List", "Set", "Task", "TaskRef", "Tuple"]


class GraphNode(ABC):  # noqa: B024 - for isinstance
    """Whatever can be a value of a graph and is no plain value: `Task` and `Alias`."""


GraphNode.register(Task)
GraphNode.register(Alias)


def DataNode(key: Hashable, value: Any) -> Task:
    """Return a task whose value is ``value``, whatever a graph would take it for.

    Parameters
    ----------
    key : hashable
        The key.
    value : object
        The value.

    Returns
    -------
    Task

    Examples
    --------
    >>> import raskt
    >>> from raskt.task_spec import DataNode
    >>> raskt.get({"x": 1, "y": DataNode("y", "x")}, "y")
    'x'
    """
    return _raskt.value_task(key, value)


def List(*args: Any) -> Task:
    """Return a task whose value is the list of the values of others.

    Parameters
    ----------
    *args : object
        References to tasks (`TaskRef`), tasks, or plain values.

    Returns
    -------
    Task

    Examples
    --------
    >>> import raskt
    >>> from raskt.task_spec import List, Task, TaskRef
    >>> raskt.get({"x": 1, "y": Task("y", sum, List(TaskRef("x"), 2))}, "y")
    3
    """
    return Task(None, _list, *args)


def Tuple(*args: Any) -> Task:
    """Return a task whose value is the tuple of the values of others; see `List`."""
    return Task(None, _tuple, *args)


def Set(*args: Any) -> Task:
    """Return a task whose value is the set of the values of others; see `List`."""
    return Task(None, _set, *args)


def Dict(*args: Any, **kwargs: Any) -> Task:
    """Return a task whose value is a dictionary of the values of others.

    Parameters
    ----------
    *args : mapping or iterable of pairs
        One mapping, or pairs of keys and values.
    **kwargs
        Further items.

    Returns
    -------
    Task

    Examples
    --------
    >>> import raskt
    >>> from raskt.task_spec import Dict, TaskRef
    >>> raskt.get({"x": 1, "y": Dict({"a": TaskRef("x")}, b=2)}, "y")
    {'a': 1, 'b': 2}
    """
    items = dict(args[0] if len(args) == 1 else args, **kwargs)
    return Task(None, _dict, *(part for item in items.items() for part in item))


def _list(*items: Any) -> list[Any]:
    return list(items)


def _tuple(*items: Any) -> tuple[Any, ...]:
    return items


def _set(*items: Any) -> set[Any]:
    return set(items)


def _dict(*items: Any) -> dict[Any, Any]:
    return dict(zip(items[::2], items[1::2], strict=True))
