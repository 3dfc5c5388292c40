"""Looking at raw graphs: what depends on what, in which order, and what is a task at all."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping
from typing import Any

from raskt import _raskt
from raskt._raskt import Alias, Task, TaskRef
from raskt.local import get_sync

__all__ = [
    "flatten",
    "get",
    "get_dependencies",
    "get_deps",
    "getcycle",
    "isdag",
    "ishashable",
    "iskey",
    "istask",
    "keys_in_tasks",
    "literal",
    "preorder_traversal",
    "quote",
    "reshapelist",
    "reverse_dict",
    "subs",
    "toposort",
    "validate_key",
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


def get(dsk: Mapping[Any, Any], out: Any) -> Any:
    """Compute some keys of a graph on the calling thread.

    Parameters
    ----------
    dsk : mapping
        The graph.
    out : key or list
        A key, or a list of keys and of such lists.

    Returns
    -------
    object
        The value of the key, or a tuple of values nested as ``out`` is.

    Examples
    --------
    >>> from raskt.core import get
    >>> get({"x": 1, "y": (abs, "x")}, ["x", "y"])
    (1, 1)
    """
    return get_sync(dsk, out)


def iskey(key: Any) -> bool:
    """Return whether ``key`` has one of the forms that keys of collections have.

    Parameters
    ----------
    key : object
        Any object.

    Returns
    -------
    bool
        True for texts, bytes, numbers, and tuples of keys.

    Examples
    --------
    >>> from raskt.core import iskey
    >>> iskey(("x", 0)), iskey(["x"])
    (True, False)
    """
    if type(key) is tuple:
        return bool(key) and all(map(iskey, key))
    return isinstance(key, (str, bytes, int, float))


def validate_key(key: Any) -> None:
    """Raise unless ``key`` has one of the forms that `iskey` tells.

    Parameters
    ----------
    key : object
        Any object.

    Raises
    ------
    TypeError
        If it has none.
    """
    if not iskey(key):
        raise TypeError(f"a key is a str, bytes, a number, or a tuple of these, found {key!r}")


def keys_in_tasks(keys: Collection[Any], tasks: Collection[Any], as_list: bool = False) -> Any:
    """Return those of some keys that tasks name.

    Parameters
    ----------
    keys : collection
        The keys.
    tasks : iterable
        The tasks.
    as_list : bool, optional
        Return a list instead of a set.

    Returns
    -------
    set or list

    Examples
    --------
    >>> from raskt.core import keys_in_tasks
    >>> keys_in_tasks({"x", "y"}, [(sum, ["x", 1]), ("z",)])
    {'x'}
    """
    known = dict.fromkeys(keys)
    found = [key for task in tasks for key in _raskt.dependencies_of(known, task)]
    return found if as_list else set(found)


def get_deps(dsk: Mapping[Any, Any]) -> tuple[dict[Any, set[Any]], dict[Any, set[Any]]]:
    """Return what each task needs, and what needs it.

    Parameters
    ----------
    dsk : mapping
        The graph.

    Returns
    -------
    dependencies, dependents : dict
        Sets of keys by key.

    Examples
    --------
    >>> from raskt.core import get_deps
    >>> get_deps({"a": 1, "b": (abs, "a")})
    ({'a': set(), 'b': {'a'}}, {'a': {'b'}, 'b': set()})
    """
    graph = dict(dsk)
    needed = {key: set(_raskt.dependencies_of(graph, task)) for key, task in graph.items()}
    return needed, reverse_dict(needed)


def reverse_dict(d: Mapping[Any, Collection[Any]]) -> dict[Any, set[Any]]:
    """Return, for each item of the collections in a mapping, the keys of those that it is in.

    Parameters
    ----------
    d : mapping
        Collections by key.

    Returns
    -------
    dict
        Sets of keys by item; keys that are in none have an empty one.

    Examples
    --------
    >>> from raskt.core import reverse_dict
    >>> reverse_dict({"a": ["b"], "b": []})
    {'a': set(), 'b': {'a'}}
    """
    found: dict[Any, set[Any]] = {}
    for key, items in d.items():
        found.setdefault(key, set())
        for item in items:
            found.setdefault(item, set()).add(key)
    return found


def subs(task: Any, key: Any, val: Any) -> Any:
    """Return a task in which one key is replaced.

    Parameters
    ----------
    task : object
        A task: a tuple, or lists of them.
    key : hashable
        What is replaced.
    val : object
        What it is replaced by.

    Returns
    -------
    object
        The task.

    Examples
    --------
    >>> from raskt.core import subs
    >>> subs((max, "x", [("x", 0), "x"]), "x", 1)[1:]
    (1, [('x', 0), 1])
    """
    if type(task) is type(key) and ishashable(task) and task == key:
        return val
    if isinstance(task, list):
        return [subs(item, key, val) for item in task]
    if istask(task) and type(task) is tuple:
        return (task[0], *(subs(item, key, val) for item in task[1:]))
    return task


def preorder_traversal(task: Any) -> Iterator[Any]:
    """Yield the function of a task, then what its arguments are made of; ``list`` stands before a list.

    Parameters
    ----------
    task : object
        A task.

    Yields
    ------
    object

    Examples
    --------
    >>> from raskt.core import preorder_traversal
    >>> list(preorder_traversal((max, [1, 2], "x")))[1:]
    [<class 'list'>, 1, 2, 'x']
    """
    if istask(task) and type(task) is tuple:
        yield task[0]
        parts = task[1:]
    elif isinstance(task, list):
        yield list
        parts = tuple(task)
    else:
        yield task
        return
    for part in parts:
        yield from preorder_traversal(part)


class literal:
    """A function without arguments that returns one object: what a graph must not look into.

    Parameters
    ----------
    data : object
        The object.

    Examples
    --------
    >>> from raskt.core import literal
    >>> literal((abs, -1))() == (abs, -1)
    True
    """

    __slots__ = ("data",)

    def __init__(self, data: Any) -> None:
        self.data = data

    def __call__(self) -> Any:
        """Return the object."""
        return self.data

    def __repr__(self) -> str:
        return f"literal<type={type(self.data).__name__}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return literal, (self.data,)


def reshapelist(shape: Collection[int], seq: Any) -> Any:
    """Return items as nested lists of a shape.

    Parameters
    ----------
    shape : sequence of int
        The shape.
    seq : iterable
        As many items as it has places.

    Returns
    -------
    list

    Raises
    ------
    ValueError
        If there are more or fewer.

    Examples
    --------
    >>> from raskt.core import reshapelist
    >>> reshapelist((2, 3), range(6))
    [[0, 1, 2], [3, 4, 5]]
    """
    items, (first, *others) = list(seq), list(shape)
    width = len(items) // first if first else 0
    if width * first != len(items) or (not others and width != 1 and items):
        raise ValueError(f"{len(items)} items do not fill the shape {tuple(shape)}")
    if not others:
        return items
    return [reshapelist(others, items[at * width : (at + 1) * width]) for at in range(first)]
