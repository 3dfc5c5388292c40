"""What is known by its content keeps it: copies of what whoever passed it may change.

Arrays are copied unless nobody can write them, and are read-only then; lists, dictionaries, sets and what
else holds values are made again around copies. Objects of other types are kept as they are: to change one
after a call that is known by its content gives results of either state.
"""

from __future__ import annotations

import copy
import functools
import sys

from raskt import _raskt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["kept"]

_ATOMS = (int, float, complex, str, bytes, bool, type(None), frozenset, range)


def kept(value: Any) -> Any:
    """Return ``value`` as it is now, whatever becomes of the objects in it."""
    kind = type(value)
    if kind in _ATOMS:
        return value
    if kind is list:
        return [kept(item) for item in value]
    if kind is tuple:
        return tuple([kept(item) for item in value])
    if kind is dict:
        return {key: kept(item) for key, item in value.items()}
    if kind is set:
        return set(value)
    if kind is bytearray:
        return bytearray(value)
    if kind is functools.partial:
        return functools.partial(value.func, *kept(value.args), **kept(value.keywords))
    if isinstance(value, tuple) and hasattr(kind, "_make"):
        return kind._make(kept(item) for item in value)
    if hasattr(kind, "__dataclass_fields__"):
        return _dataclass(value)
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(value, (pandas.DataFrame, pandas.Series, pandas.Index)):
        return value.copy(deep=True)
    return _raskt.array_kept(value)


def _dataclass(value: Any) -> Any:
    fields = {name: getattr(value, name) for name in type(value).__dataclass_fields__ if hasattr(value, name)}
    again = copy.copy(value)
    for name, field in fields.items():
        # Frozen dataclasses refuse the ordinary way.
        object.__setattr__(again, name, kept(field))
    return again
