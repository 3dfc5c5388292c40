"""Collections whose parts stay on the cluster."""

from __future__ import annotations

from raskt import _raskt
from raskt._convert import delayed_of
from raskt._dask.collections import is_ours
from raskt._keys import flatten_keys
from raskt._lazy import late
from raskt._raskt import Delayed
from raskt.base import is_raskt_collection
from raskt.distributed.future import Future

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

__all__ = ["persisted"]

array_from_delayed = late("raskt.array.conversion", "from_delayed")
concatenate = late("raskt.array.concatenate", "concatenate")
frame_from_delayed = late("raskt.dataframe.conversion", "from_delayed")


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
    if hasattr(type(collection), "__raskt_delayed__"):
        raise NotImplementedError(f"{type(collection).__name__} is not persisted on a cluster: compute it")
    keys, roots = delayed_of([collection], optimize_graph)[id(collection)]
    rebuild, extra = collection.__raskt_postpersist__()
    futures = compute(roots)
    graph: dict[Any, Any] = dict(_raskt.tasks_of(futures))
    for key, future in zip(flatten_keys(keys), futures, strict=True):
        if key != future.key:
            graph[key] = _raskt.Alias(key, future.key)
    return rebuild(graph, *extra)


def _array(x: Any, compute: Callable[[Sequence[Delayed]], list[Delayed]]) -> Any:
    futures = iter(compute(list(x.to_delayed().ravel())))
    return _blocks(x, futures, ())


def _blocks(x: Any, futures: Iterator[Delayed], place: tuple[int, ...]) -> Any:
    """The part of ``x`` whose first blocks are at ``place``, made of futures in C order."""
    axis = len(place)
    if axis == x.ndim:
        shape = tuple(sizes[at] for sizes, at in zip(x.chunks, place, strict=True))
        return array_from_delayed(next(futures), shape=shape, dtype=x.dtype, meta=x._meta)
    parts = [_blocks(x, futures, (*place, at)) for at in range(len(x.chunks[axis]))]
    return concatenate(parts, axis=axis)


def _frame(df: Any, compute: Callable[[Sequence[Delayed]], list[Delayed]]) -> Any:
    futures = compute(list(df.to_delayed()))
    divisions = tuple(df.divisions) if df.known_divisions else None
    return frame_from_delayed(futures, meta=df._meta, divisions=divisions)
