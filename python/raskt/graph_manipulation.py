"""Graphs that are changed after they were made: order without data (`bind`, `wait_on`), copies (`clone`)."""

from __future__ import annotations

import inspect
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

from raskt import _raskt
from raskt._convert import convert, delayed_of
from raskt._dask.collections import is_foreign
from raskt._keys import flatten_keys
from raskt._protocol import identity
from raskt._raskt import Delayed, Task, TaskRef
from raskt.base import unpack_collections
from raskt.tokenize import tokenize

__all__ = ["bind", "checkpoint", "clone", "wait_on"]

SPLIT_EVERY = 8


def checkpoint(*collections: Any, split_every: float | bool | None = None) -> Delayed:
    """Return a delayed value that is None as soon as all tasks of some collections have run.

    No data comes together in one place: each chunk is followed by a task that returns nothing.

    Parameters
    ----------
    *collections : object
        Collections, or containers of them.
    split_every : int or False, optional
        How many of those are gathered by one task, in as many rounds as it takes: 2 or more, default 8.
        False: one task gathers all.

    Returns
    -------
    Delayed

    Raises
    ------
    ValueError
        For a ``split_every`` below 2.

    Examples
    --------
    >>> import raskt
    >>> from raskt.graph_manipulation import checkpoint
    >>> written = [raskt.delayed(str)(n) for n in range(20)]
    >>> checkpoint(written).compute() is None
    True
    """
    width = _width(split_every)
    found, _ = unpack_collections(*collections)
    roots = [root for _, roots in _keys_and_roots(found).values() for root in roots]
    keys = [root.key for root in roots]
    token = tokenize(keys, width)
    graph: dict[Any, Any] = {}
    done: list[Hashable] = []
    for at, key in enumerate(keys):
        done.append((f"checkpoint-{token}", 0, at))
        graph[done[-1]] = Task(done[-1], _done, TaskRef(key))
    level = 0
    while len(done) > width > 0:
        level += 1
        parts = [done[at : at + width] for at in range(0, len(done), width)]
        done = [(f"checkpoint-{token}", level, at) for at in range(len(parts))]
        for key, part in zip(done, parts, strict=True):
            graph[key] = Task(key, _done, *map(TaskRef, part))
    last = f"checkpoint-{token}"
    graph[last] = Task(last, _done, *map(TaskRef, done))
    return convert(_raskt.tasks_of(roots) | graph, [last])[0]


def bind(
    children: Any,
    parents: Any,
    *,
    omit: Any = None,
    seed: Hashable = None,
    assume_layers: bool = True,  # noqa: ARG001 - Dask's users pass it
    split_every: float | bool | None = None,
) -> Any:
    """Return a copy of collections whose tasks run only after all of other collections.

    Parameters
    ----------
    children : object
        Collections, or containers of them.
    parents : object
        What comes first; no data goes from there to the children.
    omit : object, optional
        Collections that the children are built on, which need not wait and are not copied.
    seed : hashable, optional
        The same seed gives the copies the same keys; default: other keys each time.
    assume_layers : bool, optional
        Without effect: Raskt always finds out what depends on what.
    split_every : int or False, optional
        As in `checkpoint`.

    Returns
    -------
    object
        As ``children``. Those of its tasks that need no other task of it wait for ``parents``.

    Examples
    --------
    >>> import raskt
    >>> from raskt.graph_manipulation import bind
    >>> log = []
    >>> write = raskt.delayed(log.append)("written")
    >>> read = raskt.delayed(log.copy)()
    >>> bind(read, write).compute()
    ['written']
    """
    return _copy(children, omit, seed, checkpoint(parents, split_every=split_every))


def clone(
    *collections: Any,
    omit: Any = None,
    seed: Hashable = None,
    assume_layers: bool = True,  # noqa: ARG001 - Dask's users pass it
) -> Any:
    """Return copies of collections: equal, but computed on their own, under other keys.

    Parameters
    ----------
    *collections : object
        Collections, or containers of them.
    omit : object, optional
        Collections that those are built on, which are not copied.
    seed : hashable, optional
        The same seed gives the copies the same keys; default: other keys each time.
    assume_layers : bool, optional
        Without effect: Raskt always finds out what depends on what.

    Returns
    -------
    object
        The copy, or a tuple of as many as there are arguments.

    Examples
    --------
    >>> import raskt
    >>> from raskt.graph_manipulation import clone
    >>> x = raskt.delayed(int)("7")
    >>> clone(x).key == x.key, clone(x).compute()
    (False, 7)
    """
    copies = _copy(list(collections), omit, seed, None)
    return copies[0] if len(copies) == 1 else tuple(copies)


def wait_on(*collections: Any, split_every: float | bool | None = None) -> Any:
    """Return collections whose values can be had only when all tasks of all of them have run.

    Parameters
    ----------
    *collections : object
        Collections, or containers of them.
    split_every : int or False, optional
        As in `checkpoint`.

    Returns
    -------
    object
        The collection, or a tuple of as many as there are arguments.

    Examples
    --------
    >>> import raskt
    >>> from raskt.graph_manipulation import wait_on
    >>> a, b = wait_on(raskt.delayed(int)("1"), raskt.delayed(int)("2"))
    >>> (a + b).compute()
    3
    """
    found, repack = unpack_collections(*collections)
    tables = _keys_and_roots(found)
    blocker = checkpoint(found, split_every=split_every)
    graph: dict[Any, Any] = _raskt.tasks_of(
        [root for _, roots in tables.values() for root in roots] + [blocker]
    )
    made = []
    for collection in found:
        keys, _ = tables[id(collection)]
        names = {name: f"wait_on-{tokenize(name, blocker.key)}" for name in map(_name, keys)}
        for key in keys:
            new = _renamed(key, names)
            graph[new] = Task(new, identity, TaskRef(key)).after([blocker.key])
        made.append(_rebuild(collection, graph, keys, names))
    packed = repack(made)
    return packed[0] if len(packed) == 1 else packed


def _copy(collections: Any, omit: Any, seed: Hashable, blocker: Delayed | None) -> Any:
    """Copies of all tasks of ``collections`` but those of ``omit``; the first wait for ``blocker``."""
    found, repack = unpack_collections(collections)
    kept_collections, _ = unpack_collections(omit)
    tables = _keys_and_roots(found)
    kept = {key for keys, _ in _keys_and_roots(kept_collections).values() for key in keys}
    roots = [root for _, roots in tables.values() for root in roots]
    graph: dict[Any, Any] = _raskt.tasks_of(roots + ([] if blocker is None else [blocker]))
    if seed is None:
        import uuid

        seed = uuid.uuid4().hex
    copied = _reachable(graph, (key for keys, _ in tables.values() for key in keys), kept)
    names = {
        name: f"{_prefix(name)}-{tokenize('clone', name, seed)}" for name in dict.fromkeys(map(_name, copied))
    }
    copies = {key: _renamed(key, names) for key in copied}
    for key, new in copies.items():
        task = graph[key].substitute(copies, new)
        if blocker is not None and copies.keys().isdisjoint(graph[key].dependencies):
            task = task.after([blocker.key])
        graph[new] = task
    made = [
        collection if kept.issuperset(keys) else _rebuild(collection, graph, keys, names, copies)
        for collection in found
        for keys, _ in [tables[id(collection)]]
    ]
    return repack(made)[0]


def _reachable(graph: dict[Any, Any], keys: Iterable[Hashable], kept: set[Any]) -> list[Any]:
    """The keys that ``keys`` need, themselves included, without those that only ``kept`` ones need."""
    seen = {key: None for key in keys if key not in kept}
    todo = list(seen)
    while todo:
        for key in graph[todo.pop()].dependencies:
            if key not in seen and key not in kept:
                seen[key] = None
                todo.append(key)
    return list(seen)


def _keys_and_roots(collections: Sequence[Any]) -> dict[int, tuple[list[Any], list[Delayed]]]:
    """The keys of each collection, flat, and the delayed values behind them, by ``id``."""
    tables = {}
    others = [collection for collection in collections if type(collection) is not Delayed]
    for collection in others:
        if is_foreign(collection):
            raise TypeError(
                f"bind, clone, wait_on and checkpoint take collections of Raskt, found {type(collection)!r}: "
                "use dask.graph_manipulation for those of Dask"
            )
    for at, (keys, roots) in delayed_of(others, optimize_graph=False).items():
        tables[at] = (list(flatten_keys(keys)), roots)
    for collection in collections:
        if type(collection) is Delayed:
            tables[id(collection)] = ([collection.key], [collection])
    return {id(collection): tables[id(collection)] for collection in collections}


def _rebuild(
    collection: Any,
    graph: dict[Any, Any],
    keys: list[Any],
    names: dict[Any, str],
    copies: dict[Any, Any] | None = None,
) -> Any:
    """The collection like ``collection`` whose keys are renamed."""
    new = [_renamed(key, names) if copies is None else copies.get(key, key) for key in keys]
    roots = convert(graph, new)
    if type(collection) is Delayed:
        return _raskt.with_length(roots[0], collection._length)
    rebuild, extra = collection.__raskt_postpersist__()
    rename = {name: names[name] for name in dict.fromkeys(map(_name, keys)) if name in names}
    if not _takes_rename(rebuild):
        raise TypeError(
            f"bind, clone and wait_on need {type(collection).__name__}.__raskt_postpersist__ to return a "
            "function that takes the keyword rename: a dictionary of new names of keys by old ones"
        )
    return rebuild(_raskt.tasks_of(roots), *extra, rename=rename)


def _takes_rename(function: Any) -> bool:
    """Return whether a function may be called with the keyword ``rename``, as far as it tells."""
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return True
    kinds = [parameter.kind for parameter in parameters.values()]
    return "rename" in parameters or inspect.Parameter.VAR_KEYWORD in kinds


def _name(key: Any) -> Any:
    """What several keys of one collection have in common: the name of ``(name, 0, 1)``, or the key itself."""
    return key[0] if isinstance(key, tuple) and key and isinstance(key[0], str) else key


def _renamed(key: Any, names: dict[Any, str]) -> Any:
    name = _name(key)
    return names[name] if name is key else (names[name], *key[1:])


def _prefix(name: Any) -> str:
    """What a name begins with, without the token after it."""
    if not isinstance(name, str):
        return type(name).__name__
    head, dash, token = name.rpartition("-")
    return head if dash and len(token) >= 8 and all(c in "0123456789abcdef" for c in token) else name


def _width(split_every: float | bool | None) -> int:
    """How many tasks one gathers; 0 for all."""
    if split_every is None:
        return SPLIT_EVERY
    if split_every is False:
        return 0
    if split_every is True or int(split_every) < 2:
        raise ValueError(f"split_every must be False, None, or 2 or more, found {split_every!r}")
    return int(split_every)


def _done(*_: Any) -> None:
    """Return nothing, once the arguments are there."""
