"""Collections whose parts stay on the cluster."""

from __future__ import annotations

from raskt import _raskt
from raskt._convert import delayed_of
from raskt._dask.collections import is_ours
from raskt._keys import flatten_keys
from raskt._raskt import Delayed
from raskt.base import is_raskt_collection
from raskt.distributed.future import Future

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

__all__ = ["persisted"]


def persisted(
    collection: Any, optimize_graph: bool, compute: Callable[[Sequence[Delayed]], list[Delayed]]
) -> Any:
    """Return ``collection`` with its parts in place of what they are computed from.

    ``compute`` takes delayed values, and returns delayed values that are futures.
    """
    if isinstance(collection, Future) or not is_raskt_collection(collection):
        return collection
    if type(collection) is Delayed:
        (future,) = compute([collection])
        return _raskt.make_value(future, True, collection._length, collection.key)
    if not is_ours(collection):
        raise NotImplementedError(
            "collections of Dask's are not persisted on a cluster of Raskt: compute them"
        )
    kind = (
        type(collection).__module__.split(".")[1] if type(collection).__module__.startswith("raskt.") else ""
    )
    if kind == "array":
        return _array(collection, compute)
    if kind == "dataframe":
        return _frame(collection, compute)
    if kind == "bag" and hasattr(collection, "to_delayed") and hasattr(collection, "npartitions"):
        from raskt.bag import from_delayed

        return from_delayed(compute(list(collection.to_delayed(optimize_graph))))
    if hasattr(type(collection), "__raskt_delayed__"):
        raise NotImplementedError(f"{type(collection).__name__} is not persisted on a cluster: compute it")
    keys, roots = delayed_of([collection], optimize_graph)[id(collection)]
    rebuild, extra = collection.__raskt_postpersist__()
    graph = dict(zip(flatten_keys(keys), compute(roots), strict=True))
    return rebuild(graph, *extra)


def _array(x: Any, compute: Callable[[Sequence[Delayed]], list[Delayed]]) -> Any:
    import raskt.array as ra

    blocks = x.to_delayed()
    futures = iter(compute(list(blocks.ravel())))
    shapes = _shapes(x.chunks)

    def nested(axis: int, place: tuple[int, ...]) -> Any:
        if axis == x.ndim:
            return ra.from_delayed(next(futures), shape=shapes(place), dtype=x.dtype, meta=x._meta)
        return [nested(axis + 1, (*place, at)) for at in range(len(x.chunks[axis]))]

    return nested(0, ()) if x.ndim == 0 else ra.block(nested(0, ()))


def _shapes(chunks: tuple[tuple[Any, ...], ...]) -> Callable[[tuple[int, ...]], tuple[Any, ...]]:
    return lambda place: tuple(axis[at] for axis, at in zip(chunks, place, strict=True))


def _frame(df: Any, compute: Callable[[Sequence[Delayed]], list[Delayed]]) -> Any:
    import raskt.dataframe as rd

    futures = compute(list(df.to_delayed()))
    divisions = tuple(df.divisions) if df.known_divisions else None
    return rd.from_delayed(futures, meta=df._meta, divisions=divisions)
