"""Whole numbers that users give, of Python or of NumPy, within bounds."""

from __future__ import annotations

import operator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["truncated", "whole"]


def whole(name: str, value: Any, least: int, most: int | None = None, *, also: str = "") -> int:
    """Return `value` as an ``int``, if it is a whole number within bounds.

    Parameters
    ----------
    name : str
        What the number is called, for the error.
    value : object
        The number: anything with ``__index__`` but a ``bool``.
    least, most : int
        The bounds.
    also : str, optional
        What else the caller takes, for the error, such as ``"None or "``.

    Returns
    -------
    int
        The number.

    Raises
    ------
    ValueError
        For anything else.

    Examples
    --------
    >>> from raskt._whole import whole
    >>> whole("npartitions", 3, 1)
    3
    >>> whole("npartitions", 0, 1)
    Traceback (most recent call last):
    ValueError: npartitions must be a whole number of 1 or more, found 0
    """
    found = None
    if not isinstance(value, bool):
        try:
            found = operator.index(value)
        except TypeError:
            found = None
    if found is None or found < least:
        raise ValueError(f"{name} must be {also}a whole number of {least} or more, found {value!r}")
    if most is not None and found > most:
        raise ValueError(f"{name} must be at most {most:,}, found {value!r}")
    return found


def truncated(name: str, value: Any) -> int:
    """Return `value` as an ``int``, as ``int`` makes one of it: of 1e6, too.

    Parameters
    ----------
    name : str
        What the number is called, for the error.
    value : object
        The number.

    Returns
    -------
    int
        The number.

    Raises
    ------
    ValueError
        For what is no number, infinities and NaN.

    Examples
    --------
    >>> from raskt._whole import truncated
    >>> truncated("blocksize", 1e6)
    1000000
    >>> truncated("blocksize", float("nan"))
    Traceback (most recent call last):
    ValueError: blocksize must be a whole number, found nan
    """
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{name} must be a whole number, found {value!r}") from None
