"""Computing collections: what `compute`, `persist`, `optimize` and their like have in common."""

from __future__ import annotations

import contextlib
import functools
import threading

from raskt import _raskt, local, multiprocessing, threaded
from raskt._apart import field_names, taken_apart
from raskt._convert import as_values, delayed_of
from raskt._dask.collections import is_computable, is_ours, roots
from raskt._dask.collections import optimize as optimize_dasks
from raskt._dask.collections import persist as persist_dasks
from raskt._ending import computation
from raskt._keys import flatten_keys, nest_values
from raskt._lazy import finder
from raskt._raskt import Delayed
from raskt.graph import get as get_graph
from raskt.schedulers import SCHEDULERS, choose, run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from raskt._visualize import visualize
    from raskt.annotations import annotate, get_annotations
    from raskt.collection import (
        CollectionMethods,
        DaskMethodsMixin,
        compute_as_if_collection,
        dont_optimize,
        get_collection_names,
        optimization_function,
    )
    from raskt.core import flatten
    from raskt.naming import clone_key, get_name_from_key, key_split, replace_name_in_key
    from raskt.system import CPU_COUNT
    from raskt.tokenize import TokenizationError, normalize_token, tokenize

    named_schedulers: dict[str, Any]

__all__ = [
    "CPU_COUNT",
    "CollectionMethods",
    "DaskMethodsMixin",
    "TokenizationError",
    "annotate",
    "clone_key",
    "compute",
    "compute_as_if_collection",
    "dont_optimize",
    "flatten",
    "get_annotations",
    "get_collection_names",
    "get_name_from_key",
    "get_scheduler",
    "is_dask_collection",
    "is_raskt_collection",
    "key_split",
    "named_schedulers",
    "normalize_token",
    "optimization_function",
    "optimize",
    "persist",
    "replace_name_in_key",
    "tokenize",
    "unpack_collections",
    "visualize",
    "wait",
]

_ELSEWHERE = {
    "CPU_COUNT": "raskt.system",
    "CollectionMethods": "raskt.collection",
    "DaskMethodsMixin": "raskt.collection",
    "TokenizationError": "raskt.tokenize",
    "annotate": "raskt.annotations",
    "clone_key": "raskt.naming",
    "compute_as_if_collection": "raskt.collection",
    "dont_optimize": "raskt.collection",
    "flatten": "raskt.core",
    "get_annotations": "raskt.annotations",
    "get_collection_names": "raskt.collection",
    "get_name_from_key": "raskt.naming",
    "key_split": "raskt.naming",
    "normalize_token": "raskt.tokenize",
    "optimization_function": "raskt.collection",
    "replace_name_in_key": "raskt.naming",
    "tokenize": "raskt.tokenize",
    "visualize": "raskt._visualize",
}
"""Names that are expected here, by the module that has them; loaded when they are first asked for."""
_find = finder(__name__, _ELSEWHERE)


def is_raskt_collection(x: Any) -> bool:
    """Return whether ``x`` is a collection: something that `compute` replaces by a value.

    Parameters
    ----------
    x : object
        Any object.

    Returns
    -------
    bool
        True for delayed values, for objects whose type has ``__raskt_graph__`` (and whose graph is not None),
        and for collections of Dask's.

    Examples
    --------
    >>> import raskt
    >>> raskt.is_raskt_collection(raskt.delayed(1)), raskt.is_raskt_collection(1)
    (True, False)
    """
    if not _is_collection(x):
        return False
    if isinstance(x, Delayed) or hasattr(type(x), "__raskt_delayed__") or not is_ours(x):
        return True
    return x.__raskt_graph__() is not None


is_dask_collection = is_raskt_collection
"""The same under Dask's name."""


def _is_collection(x: Any) -> bool:
    """Whether there is something to compute in ``x`` itself."""
    if not _raskt.is_collection(x):
        return False
    if is_ours(x):
        return True
    return is_computable(x)


def unpack_collections(
    *args: Any, traverse: bool = True
) -> tuple[list[Any], Callable[[Sequence[Any]], tuple[Any, ...]]]:
    """Find the collections in ``args``.

    Parameters
    ----------
    *args : object
        Anything; lists, tuples, dicts, sets, subclasses of these, dataclasses and slices are looked into.
    traverse : bool, optional
        Whether to look into containers.

    Returns
    -------
    collections : list
        The collections, each once, in the order in which they were found.
    repack : callable
        Given a value for each of them, returns ``args`` as a tuple with the values in their places.

    Examples
    --------
    >>> import raskt
    >>> a = raskt.delayed(1)
    >>> found, repack = raskt.unpack_collections([a, 5], {"x": a})
    >>> len(found), repack([10])
    (1, ([10, 5], {'x': 10}))
    """
    unpacker = _Unpacker(traverse)
    packed = [unpacker.unpack(arg) for arg in args]

    def repack(values: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(part(values) for part in packed)

    return unpacker.found, repack


class _Unpacker:
    """The collections found so far. What it returns does not refer to it: no reference cycle."""

    __slots__ = ("_around", "_n_met", "_places", "_traverse", "found")

    def __init__(self, traverse: bool) -> None:
        self.found: list[Any] = []
        self._places: dict[int, int] = {}
        self._traverse = traverse
        self._n_met = 0
        # The containers around what is being looked at: one that holds itself is not made again.
        self._around: set[int] = set()

    def unpack(self, obj: Any) -> Callable[[Sequence[Any]], Any]:
        """Return what makes ``obj`` of values for its collections."""
        if _is_collection(obj):
            self._n_met += 1
            at = self._places.setdefault(id(obj), len(self.found))
            if at == len(self.found):
                self.found.append(obj)
            return lambda values: values[at]
        kind = type(obj)
        if self._traverse and kind in (list, tuple, set, frozenset):
            parts = [self.unpack(item) for item in obj]
            return lambda values: kind(part(values) for part in parts)
        if self._traverse and kind is dict:
            pairs = [(self.unpack(key), self.unpack(value)) for key, value in obj.items()]
            return lambda values: {key(values): value(values) for key, value in pairs}
        if self._traverse and kind not in _LEAVES and id(obj) not in self._around:
            self._around.add(id(obj))
            n_met = self._n_met
            made = self._unpack_other(obj, kind)
            self._around.discard(id(obj))
            if made is not None and self._n_met > n_met:
                return made
        return lambda _values: obj

    def _unpack_other(self, obj: Any, kind: type) -> Callable[[Sequence[Any]], Any] | None:
        """Return what makes a container of an uncommon type; None for objects that are none."""
        names = field_names(kind)
        if names is not None:
            fields = [(name, self.unpack(getattr(obj, name))) for name in names if hasattr(obj, name)]
            return lambda values: _with_fields(obj, [(name, part(values)) for name, part in fields])
        if kind is slice:
            parts = [self.unpack(part) for part in (obj.start, obj.stop, obj.step)]
            return lambda values: slice(*[part(values) for part in parts])
        apart = taken_apart(obj)
        if apart is None:
            return None
        make, args = apart
        packed = [self.unpack(arg) for arg in args]
        return lambda values: make(*[part(values) for part in packed])


_LEAVES = frozenset([int, float, complex, bool, str, bytes, type(None)])


def _with_fields(obj: Any, fields: list[tuple[str, Any]]) -> Any:
    import copy

    made = copy.copy(obj)
    for name, value in fields:
        # Frozen classes refuse the ordinary way.
        object.__setattr__(made, name, value)
    return made


def compute(
    *args: Any,
    traverse: bool = True,
    optimize_graph: bool = True,
    scheduler: Any = None,
    get: Any = None,
    **kwargs: Any,
) -> tuple[Any, ...]:
    """Compute several collections at once; what they share is computed once.

    Parameters
    ----------
    *args : object
        Collections, containers of them, or anything else, which is returned as it is.
    traverse : bool, optional
        Whether to look for collections inside lists, tuples, dicts, sets and dataclasses.
    optimize_graph : bool, optional
        Whether collections may optimise their graphs first. If not, arrays are computed as they were written:
        no rule is applied to them, and nothing fused.
    scheduler : str, callable or Executor, optional
        ``"threads"``, ``"processes"``, ``"sync"``, any `concurrent.futures.Executor`, or a function
        ``get(graph, keys, **kwargs)``. Default: the configuration key ``scheduler``, or else what the
        collections prefer (threads for delayed values).
    get : None
        Gone from Dask long ago; an error that says so.
    **kwargs
        Options of the scheduler: ``num_workers``, ``memory_limit`` (``"1GiB"``, a number of bytes, None for
        no limit), ``retries``, ``errors`` (``"first"`` or ``"all"``), ``pool``.

    Returns
    -------
    tuple
        ``args`` with values in place of collections.

    Raises
    ------
    ValueError
        For an unknown scheduler or option value.
    Exception
        Whatever a task raised, with a note that names the task; with ``errors="all"`` an exception group
        of all of them.

    Examples
    --------
    >>> import raskt
    >>> a = raskt.delayed(sum)([1, 2, 3])
    >>> raskt.compute(a, {"twice": a * 2})
    (6, {'twice': 12})
    """
    if get is not None:
        raise TypeError(
            "the keyword get= is gone: pass scheduler='threads', 'processes', 'sync' or a function"
        )
    if all(type(arg) is Delayed for arg in args):
        return tuple(run(list(args), scheduler, kwargs)) if args else args
    if len(args) == 1 and is_ours(args[0]) and _is_native(args[0]):
        with computation():
            return tuple(run([args[0].__raskt_delayed__(optimize_graph)], scheduler, kwargs, args))
    collections, repack = unpack_collections(*args, traverse=traverse)
    if not collections:
        return args
    with computation():
        roots, finalizers = _roots(collections, optimize_graph)
        values = run(roots, scheduler, kwargs, collections)
    return repack([finalize(values) for finalize in finalizers])


def _roots(
    collections: Sequence[Any], optimize_graph: bool
) -> tuple[list[Delayed], list[Callable[[Sequence[Any]], Any]]]:
    """Delayed values for the keys of all collections, and how each is put together from their values."""
    roots: list[Delayed] = []
    finalizers: list[Callable[[Sequence[Any]], Any]] = []
    foreign = [c for c in collections if is_ours(c) and not _is_native(c)]
    tables: Any = None
    if foreign:
        tables = delayed_of(foreign, optimize_graph)
    dasks = _dasks_roots(collections, optimize_graph)
    for collection in collections:
        if id(collection) in dasks:
            at = len(roots)
            roots.append(dasks[id(collection)])
            finalizers.append(lambda values, at=at: values[at])  # type: ignore[misc]
            continue
        if _is_native(collection):
            at = len(roots)
            roots.append(
                collection if type(collection) is Delayed else collection.__raskt_delayed__(optimize_graph)
            )
            finalizers.append(lambda values, at=at: values[at])  # type: ignore[misc]
            continue
        keys, made = tables[id(collection)]
        at = len(roots)
        roots.extend(made)
        finalizers.append(_finalizer(collection, keys, at))
    return roots, finalizers


def _dasks_roots(collections: Sequence[Any], optimize_graph: bool) -> dict[int, Delayed]:
    """Delayed values for the collections of Dask's, by ``id``."""
    dasks = [collection for collection in collections if not is_ours(collection)]
    if not dasks:
        return {}
    return {
        id(collection): root for collection, root in zip(dasks, roots(dasks, optimize_graph), strict=True)
    }


def _is_native(collection: Any) -> bool:
    """Whether the engine knows the collection, so that one delayed value stands for it, and no graph."""
    return type(collection) is Delayed or hasattr(type(collection), "__raskt_delayed__")


def delayed_roots(collections: Sequence[Any], optimize_graph: bool) -> list[Delayed]:
    """Return the delayed values behind the keys of all collections."""
    return _roots(collections, optimize_graph)[0]


def _finalizer(collection: Any, keys: Any, at: int) -> Callable[[Sequence[Any]], Any]:
    finalize, extra = collection.__raskt_postcompute__()

    def build(values: Sequence[Any]) -> Any:
        rest = iter(values[at:])
        return finalize(nest_values(keys, rest), *extra)

    return build


def collection_to_delayed(collection: Any) -> Delayed | None:
    """Return one delayed value that is what computing ``collection`` gives; None where that is itself."""
    if not is_ours(collection):
        if not _is_collection(collection):
            return None
        return _dasks_roots([collection], True)[id(collection)]
    if hasattr(type(collection), "__raskt_delayed__"):
        value: Delayed = collection.__raskt_delayed__()
        return value
    if hasattr(type(collection), "__raskt_whole__"):
        # Where tasks are put together in other ways in other computations, their keys must differ.
        whole: Delayed = collection.__raskt_whole__()
        return whole
    keys, made = delayed_of([collection], True)[id(collection)]
    finalize, extra = collection.__raskt_postcompute__()
    rest = iter(made)
    return _raskt.make_function(finalize, _raskt.function_name(finalize), False, None, True)(
        nest_values(keys, rest), *extra
    )


def persist(
    *args: Any, traverse: bool = True, optimize_graph: bool = True, scheduler: Any = None, **kwargs: Any
) -> tuple[Any, ...]:
    """Compute collections and keep their values in memory, as collections of the same kind.

    Parameters
    ----------
    *args, traverse, optimize_graph, scheduler, **kwargs
        As in `compute`.

    Returns
    -------
    tuple
        ``args`` with computed collections in place of collections.

    Examples
    --------
    >>> import raskt
    >>> a = raskt.delayed(sum)([1, 2, 3])
    >>> (kept,) = raskt.persist(a)
    >>> kept.compute()
    6
    """
    collections, repack = unpack_collections(*args, traverse=traverse)
    if not collections:
        return args
    chosen = choose(scheduler, collections)
    if hasattr(chosen, "compute_delayed"):
        # A client of a cluster, where the values stay.
        return repack(chosen.persist(collections, optimize_graph, **kwargs))
    rebuilds: dict[int, Callable[[Any], Any]] = {}
    dasks = [collection for collection in collections if not is_ours(collection)]
    if dasks:
        # Dask puts its collections together in its own way: Raskt computes their blocks.
        get = _getter(choose(scheduler, dasks) or "threads")
        kept_dasks = persist_dasks(dasks, optimize_graph, functools.partial(get, **kwargs))
        replaced = {id(old): new for old, new in zip(dasks, kept_dasks, strict=True)}
        rest = [collection for collection in collections if id(collection) not in replaced]
        others = iter(
            persist(*rest, traverse=False, optimize_graph=optimize_graph, scheduler=scheduler, **kwargs)
        )
        return repack([replaced[id(c)] if id(c) in replaced else next(others) for c in collections])
    with computation():
        foreign = [c for c in collections if not _is_native(c)]
        tables: Any = {}
        if foreign:
            tables = delayed_of(foreign, optimize_graph)
        roots: list[Delayed] = []
        for collection in collections:
            if type(collection) is Delayed:
                roots.append(collection)
            elif _is_native(collection):
                root, rebuilds[id(collection)] = collection.__raskt_persist__(optimize_graph)
                roots.append(root)
            else:
                roots.extend(tables[id(collection)][1])
        values = iter(run(roots, scheduler, kwargs, collections))
    kept: list[Any] = []
    for collection in collections:
        if type(collection) is Delayed:
            kept.append(_raskt.make_value(next(values), False, collection._length, collection.key))
            continue
        if id(collection) in rebuilds:
            kept.append(rebuilds[id(collection)](next(values)))
            continue
        keys, _ = tables[id(collection)]
        rebuild, extra = collection.__raskt_postpersist__()
        graph = {key: next(values) for key in flatten_keys(keys)}
        kept.append(rebuild(as_values(graph), *extra))
    return repack(kept)


def wait(
    fs: Any,
    timeout: float | None = None,  # noqa: ARG001 - for clusters
    return_when: str = "ALL_COMPLETED",
) -> Any:
    """Compute collections, and return them with their values in memory.

    What `persist` has returned is there already: then this returns at once.

    Parameters
    ----------
    fs : object
        A collection, or a container of them.
    timeout : float, optional
        Seconds to wait at most, on a cluster; the local schedulers end when all is done.
    return_when : {"ALL_COMPLETED", "FIRST_COMPLETED"}, optional
        For clusters too.

    Returns
    -------
    object
        ``fs`` with computed collections in place of collections.

    Raises
    ------
    ValueError
        For an unknown ``return_when``.

    Examples
    --------
    >>> import raskt
    >>> done = raskt.wait([raskt.delayed(int)("7")])
    >>> done[0].compute()
    7
    """
    if return_when not in ("ALL_COMPLETED", "FIRST_COMPLETED"):
        raise ValueError(f"return_when must be 'ALL_COMPLETED' or 'FIRST_COMPLETED', found {return_when!r}")
    return persist(fs)[0]


def optimize(*args: Any, traverse: bool = True, **kwargs: Any) -> tuple[Any, ...]:
    """Return collections with their graphs optimised together, without computing them.

    Parameters
    ----------
    *args : object
        Collections, or containers of them.
    traverse : bool, optional
        Whether to look into containers.
    **kwargs
        Passed to the collections' ``__raskt_optimize__``.

    Returns
    -------
    tuple
        ``args`` with optimised collections in place of collections. Delayed values, which have nothing to
        optimise but what the engine does by itself, are returned as they are.

    Examples
    --------
    >>> import raskt
    >>> a = raskt.delayed(sum)([1, 2])
    >>> raskt.optimize(a)[0].compute()
    3
    """
    collections, repack = unpack_collections(*args, traverse=traverse)
    made: list[Any] = []
    dasks = [collection for collection in collections if not is_ours(collection)]
    if dasks:
        optimized = iter(optimize_dasks(dasks))
        collections = [c if is_ours(c) else next(optimized) for c in collections]
    for collection in collections:
        if not is_ours(collection):
            made.append(collection)
            continue
        if _is_native(collection) or not hasattr(collection, "__raskt_optimize__"):
            made.append(collection)
            continue
        keys = list(flatten_keys(collection.__raskt_keys__()))
        graph = collection.__raskt_optimize__(collection.__raskt_graph__(), keys, **kwargs)
        rebuild, extra = collection.__raskt_postpersist__()
        made.append(rebuild(graph, *extra))
    return repack(made)


def get_scheduler(
    get: Any = None, scheduler: Any = None, collections: Sequence[Any] | None = None, cls: Any = None
) -> Any:
    """Return the scheduler that a computation would use.

    Parameters
    ----------
    get : None
        Gone; an error that says so.
    scheduler : str, callable or Executor, optional
        What the caller asked for.
    collections : sequence, optional
        The collections to be computed, whose preference counts last.
    cls : type, optional
        A type of collection whose preference counts last.

    Returns
    -------
    callable or None
        A function ``get(graph, keys, **kwargs)``, or None where nobody said anything.

    Raises
    ------
    ValueError
        For an unknown name.

    Examples
    --------
    >>> import raskt
    >>> raskt.get_scheduler(scheduler="sync")({"x": (sum, [1, 2])}, "x")
    3
    """
    if get is not None:
        raise TypeError(
            "the keyword get= is gone: pass scheduler='threads', 'processes', 'sync' or a function"
        )
    chosen = choose(scheduler, collections, cls)
    return None if chosen is None else _getter(chosen)


def _getter(chosen: Any) -> Any:
    if isinstance(chosen, str):
        return _named_schedulers()[chosen]
    if hasattr(chosen, "compute_delayed"):
        return chosen.get
    if not hasattr(chosen, "submit") and not hasattr(chosen, "compute_fragments"):
        return chosen

    def get(dsk: Mapping[Any, Any], keys: Any, **kwargs: Any) -> Any:
        return get_graph(dsk, keys, scheduler=chosen, **kwargs)

    return get


@functools.cache
def _named_schedulers() -> dict[str, Any]:
    """Functions ``get(graph, keys, **kwargs)`` by the names that ``scheduler=`` takes."""
    functions = {"threads": threaded.get, "sync": local.get_sync, "processes": multiprocessing.get}
    return {name: functions[kind] for name, kind in SCHEDULERS.items()}


def __getattr__(name: str) -> Any:
    if name == "named_schedulers":
        return _named_schedulers()
    return _find(name)


def _shut_down_if_alone() -> None:
    """End what the engine has, unless threads go on that Python is about to wait for."""
    here = threading.current_thread()
    if all(thread.daemon or thread is here for thread in threading.enumerate()):
        _raskt.shut_down()


# A child of multiprocessing has no functions at exit, only what comes before Python waits for its threads.
if not _raskt.is_in_subinterpreter:
    # Refused at the interpreter's end, which a thread may outlive that is the first to import this.
    with contextlib.suppress(RuntimeError):
        threading._register_atexit(_shut_down_if_alone)  # type: ignore[attr-defined]
