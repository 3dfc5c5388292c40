"""Hashes of bytes."""

from __future__ import annotations

import hashlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["hash_buffer", "hash_buffer_hex"]


def hash_buffer(buf: Any, hasher: Callable[[Any], bytes] | None = None) -> bytes:
    """Return the hash of bytes.

    Parameters
    ----------
    buf : bytes or buffer
        The bytes: anything with the buffer protocol.
    hasher : callable, optional
        What hashes them; by default BLAKE2b of 20 bytes.

    Returns
    -------
    bytes

    Examples
    --------
    >>> from raskt.hashing import hash_buffer
    >>> len(hash_buffer(b"abc"))
    20
    """
    view = memoryview(buf)
    flat = view.cast("B") if view.c_contiguous else view.tobytes()
    return hashlib.blake2b(flat, digest_size=20).digest() if hasher is None else hasher(flat)


def hash_buffer_hex(buf: Any, hasher: Callable[[Any], bytes] | None = None) -> str:
    """Return the hash of bytes as text.

    Parameters
    ----------
    buf, hasher
        As in `hash_buffer`.

    Returns
    -------
    str
        Hexadecimal digits.
    """
    return hash_buffer(buf, hasher).hex()
