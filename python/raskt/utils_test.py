"""Functions that tests of Dask's users are fond of, at the address that they know."""

from __future__ import annotations

import time
from typing import Any

__all__ = ["add", "dec", "inc", "slowadd"]


def inc(x: Any) -> Any:
    """Return ``x + 1``."""
    return x + 1


def dec(x: Any) -> Any:
    """Return ``x - 1``."""
    return x - 1


def add(x: Any, y: Any) -> Any:
    """Return ``x + y``."""
    return x + y


def slowadd(a: Any, b: Any, delay: float = 0.1) -> Any:
    """Return ``a + b`` after ``delay`` seconds."""
    time.sleep(delay)
    return a + b
