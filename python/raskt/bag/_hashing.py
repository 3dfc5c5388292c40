"""Hashes that every process agrees on, for keys of groups."""

from __future__ import annotations

import dataclasses
import datetime
import numbers
from typing import Any

from raskt import _raskt
from raskt.tokenize import tokenize

__all__ = ["other_hash", "stable_hash"]


def stable_hash(key: Any) -> int:
    """Return a hash of 64 bits: the same in every process, and the same for keys that are equal.

    Numbers that are equal have equal hashes, whatever their types, as Python's own have.
    """
    return _raskt.bag_hash(key, other_hash)


def other_hash(key: Any) -> int:
    """Return the hash of a key that is none of Python's simple ones."""
    if isinstance(key, str):
        return stable_hash(str.__str__(key))
    if isinstance(key, (bytes, memoryview)):
        return stable_hash(bytes(key))
    if isinstance(key, numbers.Number):
        # What is no number is not equal to itself, and Python's hash of it is its place in memory.
        return stable_hash(hash(key)) if key == key else stable_hash(float("nan"))
    if isinstance(key, tuple):
        return stable_hash(tuple(key))
    if isinstance(key, frozenset):
        return stable_hash(("frozenset", *sorted(stable_hash(item) for item in key)))
    if isinstance(key, range):
        return stable_hash(("range", len(key), *key[:1], *((key.step,) if len(key) > 1 else ())))
    if isinstance(key, datetime.datetime):
        moment = key if key.tzinfo is None else key.astimezone(datetime.UTC)
        return stable_hash(("datetime", moment.isoformat()))
    if dataclasses.is_dataclass(key) and not isinstance(key, type):
        fields = (getattr(key, field.name) for field in dataclasses.fields(key) if field.compare)
        return stable_hash((type(key).__qualname__, *fields))
    return stable_hash(tokenize(key))
