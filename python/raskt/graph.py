"""Raw graphs: dictionaries of tasks, and how they become what the engine runs.

A graph maps keys (strings, tuples, any hashable objects) to tasks. A task is one of

- a tuple ``(function, *arguments)``, as Dask has them: an argument that equals a key of the graph stands for
  that task's value, also inside lists, tuples and sets; tuples of that kind inside it are calls too;
- a `Task`, among whose arguments only a `TaskRef` stands for another task;
- a key of the graph, or an `Alias`: another name for the same value;
- a list of tasks, whose value is the list of their values;
- anything else, which is a value.
"""

from __future__ import annotations

from raskt._convert import convert
from raskt._keys import flatten_keys, nest_values
from raskt._raskt import Alias, Task, TaskRef
from raskt.schedulers import run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

__all__ = ["Alias", "Task", "TaskRef", "get"]


def get(dsk: Mapping[Any, Any], keys: Any, scheduler: Any = None, **kwargs: Any) -> Any:
    """Compute some keys of a graph.

    Parameters
    ----------
    dsk : mapping
        The graph: tasks by key. Dask's graphs, and the expressions that it hands to schedulers, are graphs
        too.
    keys : key or list
        A key, or a list of keys and of such lists.
    scheduler : str, callable or Executor, optional
        As in `raskt.compute`; default: the configuration key ``scheduler``, or else threads.
    **kwargs
        Options of the scheduler, as in `raskt.compute`.

    Returns
    -------
    object
        The value of the key, or a tuple of values nested as ``keys`` is.

    Raises
    ------
    MissingKeyError
        If a key that was asked for, or a `TaskRef`, is not in the graph.
    CycleError
        If tasks need one another in a circle; the message has the keys.
    TypeError
        For a key that is not hashable, or a graph that is no mapping.

    Examples
    --------
    >>> from operator import add
    >>> from raskt.graph import Task, TaskRef, get
    >>> dsk = {"x": 1, "y": (add, "x", 10), "z": Task("z", add, TaskRef("x"), TaskRef("y"))}
    >>> get(dsk, ["y", ["z", "x"]])
    (11, (12, 1))
    """
    roots = convert(dsk, flatten_keys(keys))
    return nest_values(keys, iter(run(roots, scheduler, kwargs)), tuple)
