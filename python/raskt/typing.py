"""Types for annotations: the collection protocol, graphs and keys, and functions that schedule."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any, Protocol, TypeAlias, runtime_checkable

from raskt.config import no_default

__all__ = [
    "DaskCollection",
    "Graph",
    "Key",
    "NestedKeys",
    "PostComputeCallable",
    "PostPersistCallable",
    "RasktCollection",
    "SchedulerGetCallable",
    "no_default",
]

Key: TypeAlias = "str | bytes | int | float | tuple[Key, ...]"
Graph: TypeAlias = Mapping[Hashable, Any]
NestedKeys: TypeAlias = "list[Key | NestedKeys]"
PostComputeCallable: TypeAlias = Callable[..., Any]


class SchedulerGetCallable(Protocol):
    """A function that computes keys of a graph: what ``scheduler=`` takes."""

    def __call__(self, dsk: Graph, keys: Any, **kwargs: Any) -> Any:
        """Compute ``keys`` of ``dsk``."""


class PostPersistCallable(Protocol):
    """A function that makes a collection on another graph of the same keys."""

    def __call__(self, dsk: Graph, *args: Any, rename: Mapping[str, str] | None = None) -> Any:
        """Return the collection on ``dsk``."""


@runtime_checkable
class RasktCollection(Protocol):
    """What has the collection protocol, and methods that compute it.

    Examples
    --------
    >>> import raskt
    >>> from raskt.typing import RasktCollection
    >>> isinstance(raskt.delayed(1), RasktCollection), isinstance(1, RasktCollection)
    (True, False)
    """

    def __raskt_graph__(self) -> Graph:
        """Return the tasks by key."""

    def __raskt_keys__(self) -> list[Any]:
        """Return the keys whose values make up the collection."""

    def __raskt_postcompute__(self) -> tuple[PostComputeCallable, tuple[Any, ...]]:
        """Return what puts the values together."""

    def __raskt_postpersist__(self) -> tuple[PostPersistCallable, tuple[Any, ...]]:
        """Return what makes a collection on another graph."""

    def compute(self, **kwargs: Any) -> Any:
        """Compute the collection."""

    def persist(self, **kwargs: Any) -> Any:
        """Compute the collection and keep its values."""

    def visualize(self, *args: Any, **kwargs: Any) -> Any:
        """Draw the tasks."""


DaskCollection = RasktCollection
"""The same under Dask's name."""
