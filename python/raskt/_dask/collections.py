"""Dask's collections among Raskt's: computed, persisted and optimised on Raskt's engine."""

from __future__ import annotations

import sys

from raskt import _raskt
from raskt._convert import convert
from raskt._keys import flatten_keys, nest_values
from raskt._raskt import Delayed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    named_schedulers: dict[str, Any]

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["is_computable", "is_foreign", "is_ours", "persist", "roots", "scheduler_of"]


def is_foreign(obj: Any) -> bool:
    """Return whether ``obj`` speaks Dask's protocol and not Raskt's."""
    kind = type(obj)
    return not hasattr(kind, "__raskt_graph__") and hasattr(kind, "__dask_graph__")


def is_computable(obj: Any) -> bool:
    """Return whether there is something to compute: wrappers, such as xarray's, may hold no graph."""
    base = _dask_base()
    if base is None:
        return obj.__dask_graph__() is not None
    found: bool = base.is_dask_collection(obj)
    return found


def roots(collections: Sequence[Any], optimize_graph: bool) -> list[Delayed]:
    """Return one delayed value for each collection: what computing it would give.

    Dask optimises its own collections, all of them together.
    """
    if _dask_base() is None:
        return [_root_by_protocol(collection, optimize_graph) for collection in collections]
    from dask._expr import Expr, FinalizeCompute
    from dask.base import collections_to_expr

    # Expressions lose what they know when they are put together with graphs.
    places: dict[bool, list[int]] = {}
    for at, collection in enumerate(collections):
        places.setdefault(isinstance(getattr(collection, "expr", None), Expr), []).append(at)
    found: dict[int, Delayed] = {}
    for group in places.values():
        expr = collections_to_expr([collections[at] for at in group], optimize_graph)
        expr = FinalizeCompute(expr).optimize()
        keys = list(flatten_keys(expr.__dask_keys__()))
        found.update(zip(group, convert(expr, keys), strict=True))
    return [found[at] for at in range(len(collections))]


def _root_by_protocol(collection: Any, optimize_graph: bool) -> Delayed:
    """Return the delayed value of a collection by the protocol's methods, where Dask is not installed."""
    keys = collection.__dask_keys__()
    graph = collection.__dask_graph__()
    optimize = getattr(collection, "__dask_optimize__", None) if optimize_graph else None
    if optimize is not None:
        graph = optimize(graph, keys)
    finalize, extra = collection.__dask_postcompute__()
    blocks = iter(convert(graph, list(flatten_keys(keys))))
    make = _raskt.make_function(finalize, _raskt.function_name(finalize), False, None, True)
    return make(nest_values(keys, blocks), *extra)


def persist(collections: Sequence[Any], optimize_graph: bool, get: Callable[..., Any]) -> list[Any]:
    """Return collections of Dask's whose values are in memory; ``get`` computes them."""
    import dask

    kept = dask.persist(*collections, traverse=False, optimize_graph=optimize_graph, scheduler=get)
    return list(kept)


def optimize(collections: Sequence[Any]) -> list[Any]:
    """Return collections of Dask's as it optimises them."""
    import dask

    return list(dask.optimize(*collections, traverse=False))


def scheduler_of(collection: Any) -> str:
    """Return the scheduler of Raskt's that stands for the one that the collection prefers."""
    preferred = getattr(collection, "__dask_scheduler__", None)
    module = getattr(preferred, "__module__", "") or ""
    return "processes" if module.endswith("multiprocessing") else "threads"


def _dask_base() -> Any:
    """Return the module ``dask.base``, or None where Dask is not installed."""
    module = sys.modules.get("dask.base")
    if module is not None:
        return module
    try:
        import dask.base
    except ImportError:
        return None
    return dask.base


def is_ours(collection: Any) -> bool:
    """Whether a collection speaks Raskt's protocol; if not, it speaks Dask's alone."""
    return hasattr(type(collection), "__raskt_graph__")
