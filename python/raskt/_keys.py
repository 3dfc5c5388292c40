"""Keys of collections, in nested lists."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

__all__ = ["flatten_keys", "nest_values"]


def nest_values(keys: Any, values: Iterator[Any], kind: type = list) -> Any:
    """Values in the nesting of ``keys``, in lists or other containers."""
    if isinstance(keys, list):
        return kind([nest_values(key, values, kind) for key in keys])
    return next(values)


def flatten_keys(keys: Any) -> Iterator[Any]:
    """Yield the keys of nested lists of keys."""
    if isinstance(keys, list):
        for key in keys:
            yield from flatten_keys(key)
    else:
        yield keys
