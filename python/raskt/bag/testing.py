"""Comparing bags in tests."""

from __future__ import annotations

from typing import Any

__all__ = ["assert_eq"]


def assert_eq(a: Any, b: Any, scheduler: Any = "sync") -> bool:
    """Raise unless two bags have the same elements, or two values are equal.

    Parameters
    ----------
    a, b : object
        Bags, items, or values.
    scheduler : optional
        As in `raskt.compute`.

    Returns
    -------
    bool
        True.

    Raises
    ------
    AssertionError
        Which shows both.

    Examples
    --------
    >>> import raskt.bag as rb
    >>> rb.assert_eq(rb.range(3, npartitions=2), [0, 1, 2])
    True
    """
    left, right = (x.compute(scheduler=scheduler) if hasattr(x, "compute") else x for x in (a, b))
    if isinstance(left, list) or isinstance(right, list):
        left, right = list(left), list(right)
    if left != right:
        raise AssertionError(f"bags differ:\n{left!r}\n{right!r}")
    return True
