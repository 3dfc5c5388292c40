"""Collections from outside: the methods that they share, and the protocol under Dask's names."""

from __future__ import annotations

from raskt._keys import flatten_keys
from raskt._visualize import visualize_one
from raskt.base import compute, get_scheduler, is_raskt_collection, persist
from raskt.graph import get as get_graph
from raskt.naming import get_name_from_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Generator, Mapping
    from typing import Any, Self

    from raskt._visualize import GraphPicture

__all__ = [
    "CollectionMethods",
    "DaskMethodsMixin",
    "compute_as_if_collection",
    "dont_optimize",
    "get_collection_names",
    "optimization_function",
]


class CollectionMethods:
    """What a class with the collection protocol inherits: `compute`, `persist`, `visualize`, and ``await``.

    Examples
    --------
    >>> from raskt.base import CollectionMethods
    >>> class Pair(CollectionMethods):
    ...     def __init__(self, graph, keys):
    ...         self.graph, self.keys = graph, keys
    ...     def __raskt_graph__(self):
    ...         return self.graph
    ...     def __raskt_keys__(self):
    ...         return self.keys
    ...     def __raskt_postcompute__(self):
    ...         return tuple, ()
    ...     def __raskt_postpersist__(self):
    ...         return Pair, (self.keys,)
    >>> Pair({"a": 1, "b": (abs, -2)}, ["a", "b"]).compute()
    (1, 2)
    """

    __slots__ = ("__weakref__",)

    def compute(self, **kwargs: Any) -> Any:
        """Compute the collection.

        Parameters
        ----------
        **kwargs
            As in `raskt.compute`.

        Returns
        -------
        object
            Its value.
        """
        return compute(self, traverse=False, **kwargs)[0]

    def persist(self, **kwargs: Any) -> Self:
        """Compute the collection and keep its values in memory.

        Parameters
        ----------
        **kwargs
            As in `raskt.persist`.

        Returns
        -------
        collection
            The same collection, whose values are there.
        """
        kept: Self = persist(self, traverse=False, **kwargs)[0]
        return kept

    def visualize(
        self,
        filename: str | os.PathLike[str] | None = "raskt-graph",
        format: str | None = None,
        **kwargs: Any,
    ) -> GraphPicture:
        """Draw the graph of tasks.

        Parameters
        ----------
        filename : str or path or None, optional
            The file to write; its ending decides the format where ``format`` is not given. None writes no
            file.
        format : {"svg", "png", "pdf", "dot"}, optional
            Default: the ending of ``filename``, or SVG.
        **kwargs
            As in `raskt.visualize`.

        Returns
        -------
        GraphPicture
            Shown by notebooks.
        """
        return visualize_one(self, filename, format, **kwargs)

    def __await__(self) -> Generator[Any, None, Self]:
        """Compute the collection on another thread, and return it as `persist` does."""
        return awaited(self)


def awaited(collection: Any) -> Generator[Any, None, Any]:
    """Return what ``await collection`` runs: `raskt.persist` on a thread of the event loop's."""
    import asyncio

    return asyncio.to_thread(_persisted, collection).__await__()


def _persisted(collection: Any) -> Any:
    return persist(collection, traverse=False)[0]


class _Under:
    """A name of the protocol that is answered by another one, on classes and objects alike."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, collection: Any, owner: Any = None) -> Any:
        return getattr(owner if collection is None else collection, self.name)


class DaskMethodsMixin(CollectionMethods):
    """`CollectionMethods` for a class whose methods have Dask's names: ``__dask_graph__`` and its family.

    A class written for Dask, with this in place of Dask's class of that name, is a collection of Raskt.

    Examples
    --------
    >>> import raskt
    >>> from raskt.base import DaskMethodsMixin
    >>> class One(DaskMethodsMixin):
    ...     def __dask_graph__(self):
    ...         return {"a": (abs, -1)}
    ...     def __dask_keys__(self):
    ...         return ["a"]
    ...     def __dask_postcompute__(self):
    ...         return sum, ()
    >>> One().compute(), raskt.is_raskt_collection(One())
    (1, True)
    """

    __slots__ = ()

    __raskt_graph__ = _Under("__dask_graph__")
    __raskt_keys__ = _Under("__dask_keys__")
    __raskt_postcompute__ = _Under("__dask_postcompute__")
    __raskt_postpersist__ = _Under("__dask_postpersist__")
    __raskt_optimize__ = _Under("__dask_optimize__")
    __raskt_scheduler__ = _Under("__dask_scheduler__")
    __raskt_tokenize__ = _Under("__dask_tokenize__")


def compute_as_if_collection(
    cls: Any, dsk: Mapping[Any, Any], keys: Any, scheduler: Any = None, get: Any = None, **kwargs: Any
) -> Any:
    """Compute keys of a graph as a collection of a class would: with its optimisation and its scheduler.

    Parameters
    ----------
    cls : type
        The class.
    dsk : mapping
        The graph.
    keys : key or list
        A key, or lists of keys.
    scheduler : str, callable or Executor, optional
        As in `raskt.compute`.
    get : None
        Gone; an error that says so.
    **kwargs
        Options of the scheduler and of the optimisation.

    Returns
    -------
    object
        The values, nested as `raskt.get` nests them.

    Examples
    --------
    >>> from raskt.base import compute_as_if_collection
    >>> from raskt.bag import Bag
    >>> compute_as_if_collection(Bag, {"a": 1, "b": (abs, "a")}, ["a", "b"], scheduler="sync")
    (1, 1)
    """
    chosen = get_scheduler(get=get, scheduler=scheduler, cls=cls)
    if not hasattr(cls, "__raskt_delayed__"):
        flat = list(flatten_keys(keys if isinstance(keys, list) else [keys]))
        dsk = optimization_function(cls)(dsk, flat, **kwargs)
    return get_graph(dsk, keys, scheduler=chosen, **kwargs)


def dont_optimize(dsk: Mapping[Any, Any], keys: Any, **kwargs: Any) -> Mapping[Any, Any]:
    """Return a graph as it is: the optimisation of a class that has none.

    Parameters
    ----------
    dsk : mapping
        The graph.
    keys : list
        The keys that are wanted.
    **kwargs
        Whatever an optimisation may be given.

    Returns
    -------
    mapping
        ``dsk``.
    """
    del keys, kwargs
    return dsk


def optimization_function(x: Any) -> Any:
    """Return what optimises graphs of a collection.

    Parameters
    ----------
    x : type or object
        A collection or its class.

    Returns
    -------
    callable
        Its ``__raskt_optimize__``, or `dont_optimize`.
    """
    return getattr(x, "__raskt_optimize__", dont_optimize)


def get_collection_names(collection: Any) -> set[str]:
    """Return the names of the keys of a collection: one, or several of a collection of many parts.

    Parameters
    ----------
    collection : object
        A collection.

    Returns
    -------
    set of str

    Raises
    ------
    TypeError
        If it is none.

    Examples
    --------
    >>> import raskt.bag as rb
    >>> from raskt.base import get_collection_names
    >>> bag = rb.range(4, npartitions=2)
    >>> get_collection_names(bag) == {bag.name}
    True
    """
    if not is_raskt_collection(collection):
        raise TypeError(f"expected a collection of Raskt, found {type(collection).__name__}")
    return {get_name_from_key(key) for key in flatten_keys(collection.__raskt_keys__())}
