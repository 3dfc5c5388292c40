"""What the engine calls back for: methods of delayed objects, and collections of other libraries."""

from __future__ import annotations

from raskt._convert import delayed_from
from raskt.base import collection_to_delayed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from raskt._raskt import Delayed


def call_method(obj: Any, name: str, /, *args: Any, **kwargs: Any) -> Any:
    """Call the method ``name`` of ``obj``: the function of the task behind ``delayed_value.name(...)``."""
    return getattr(obj, name)(*args, **kwargs)


def identity(value: Any) -> Any:
    """Return ``value``: the function of a task that is a value, or puts one together."""
    return value


def call(function: Any, /, *args: Any, **kwargs: Any) -> Any:
    """Call ``function``: the function of a task whose function is another task's value."""
    return function(*args, **kwargs)


def apply(function: Any, args: Any, kwargs: Any) -> Any:
    """Call ``function`` on arguments given as containers: a call with keywords inside another task."""
    return function(*args, **kwargs)


def to_delayed(collection: Any) -> Delayed | None:
    """Return a collection as one delayed value: what computing it would give; None where that is itself."""
    return collection_to_delayed(collection)


def first(values: list[Any]) -> Any:
    """Put together what a delayed value is: the value of its only key."""
    return values[0]


def rebuild_delayed(graph: dict[Any, Any], key: Any, length: int | None) -> Delayed:
    """Return the delayed value ``key`` whose value, or task, is in ``graph``."""
    return delayed_from(graph, key, length)
