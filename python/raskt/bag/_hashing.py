"""Hashes that every process agrees on, for keys of groups."""

from __future__ import annotations

import datetime
import hashlib
import numbers
from typing import Any

__all__ = ["stable_hash"]


def stable_hash(key: Any) -> int:
    """Return a hash of 64 bits: the same in every process, and the same for keys that are equal.

    Numbers that are equal have equal hashes, whatever their types, as Python's own have.
    """
    kind = type(key)
    if kind is str:
        return _digest(key.encode("utf-8", "surrogatepass"))
    if kind is int or kind is float or kind is bool:
        return hash(key) & 0xFFFF_FFFF_FFFF_FFFF if key == key else 0
    if isinstance(key, str):
        return _digest(str(key).encode("utf-8", "surrogatepass"))
    if isinstance(key, (bytes, bytearray)):
        return _digest(b"b" + bytes(key))
    if isinstance(key, numbers.Number):
        return hash(key) & 0xFFFF_FFFF_FFFF_FFFF if key == key else 0
    if isinstance(key, tuple):
        return _digest(b"t" + b"".join(stable_hash(item).to_bytes(8, "little") for item in key))
    if isinstance(key, frozenset):
        total = len(key)
        for item in key:
            total ^= _digest(stable_hash(item).to_bytes(8, "little"))
        return total
    if key is None:
        return 1
    if isinstance(key, datetime.datetime):
        moment = key if key.tzinfo is None else key.astimezone(datetime.UTC)
        return _digest(b"d" + moment.isoformat().encode())
    from raskt.tokenize import tokenize

    return _digest(tokenize(key).encode())


def _digest(data: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little")
