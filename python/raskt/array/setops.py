"""Sets: the elements that arrays share, those that they do not share, and those that differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from raskt.array.concatenate import concatenate
from raskt.array.conversion import asanyarray
from raskt.array.searching import isin
from raskt.array.sorting import sort, unique

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = [
    "intersect1d",
    "setdiff1d",
    "setxor1d",
    "unique_all",
    "unique_counts",
    "unique_inverse",
    "unique_values",
]


def _distinct(x: Any, assume_unique: bool) -> Array:
    found = asanyarray(x).reshape(-1)
    if assume_unique:
        return found
    made: Array = unique(found)
    return made


def intersect1d(ar1: Any, ar2: Any, assume_unique: bool = False, return_indices: bool = False) -> Any:
    """Return the elements that are in both of two arrays, in order.

    Parameters
    ----------
    ar1, ar2 : array_like
        The arrays, taken flat.
    assume_unique : bool, optional
        Whether no element is there twice in either.
    return_indices : bool, optional
        Whether the places are returned where each is first in both arrays.

    Returns
    -------
    Array, or tuple of three

    Examples
    --------
    >>> import raskt.array as ra
    >>> ra.intersect1d(ra.arange(6, chunks=2), [1, 5, 7]).compute()
    array([1, 5])
    """
    ar1, ar2 = asanyarray(ar1), asanyarray(ar2)
    dtype = np.result_type(ar1.dtype, ar2.dtype)
    if not return_indices:
        own = _distinct(ar1, assume_unique)
        found = own[isin(own, ar2.reshape(-1))].astype(dtype)
        return sort(found) if assume_unique else found
    first, at_first = unique(ar1, return_index=True)
    second, at_second = unique(ar2, return_index=True)
    in_second, in_first = isin(first, second), isin(second, first)
    return first[in_second].astype(dtype), at_first[in_second], at_second[in_first]


def setdiff1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Array:
    """Return the elements of an array that are not in another one, in order.

    Parameters
    ----------
    ar1, ar2 : array_like
        The arrays, taken flat.
    assume_unique : bool, optional
        Whether no element is there twice in either: then those of ``ar1`` stay in its order.

    Returns
    -------
    Array

    Examples
    --------
    >>> import raskt.array as ra
    >>> ra.setdiff1d(ra.arange(4, chunks=2), [1, 5]).compute()
    array([0, 2, 3])
    """
    own = _distinct(ar1, assume_unique)
    found: Array = own[~isin(own, asanyarray(ar2).reshape(-1))]
    return found


def setxor1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Array:
    """Return the elements that are in one of two arrays only, in order: see `intersect1d`."""
    first, second = _distinct(ar1, assume_unique), _distinct(ar2, assume_unique)
    return sort(concatenate([first[~isin(first, second)], second[~isin(second, first)]]))


class UniqueAll(NamedTuple):
    """What `unique_all` returns."""

    values: Array
    indices: Array
    inverse_indices: Array
    counts: Array


class UniqueCounts(NamedTuple):
    """What `unique_counts` returns."""

    values: Array
    counts: Array


class UniqueInverse(NamedTuple):
    """What `unique_inverse` returns."""

    values: Array
    inverse_indices: Array


def unique_all(x: Any, /) -> UniqueAll:
    """Return the elements that differ, their first places, the number of each element, and counts.

    NaN equals no NaN, as the array API has it: each is one of its own.

    Parameters
    ----------
    x : array_like
        The array, taken flat.

    Returns
    -------
    UniqueAll
        Four arrays, three of unknown length.

    Examples
    --------
    >>> import raskt.array as ra
    >>> found = ra.unique_all(ra.asarray([3, 1, 3]))
    >>> found.values.compute(), found.counts.compute()
    (array([1, 3]), array([1, 2]))
    """
    found = unique(x, return_index=True, return_inverse=True, return_counts=True, equal_nan=False)
    return UniqueAll(*found)


def unique_counts(x: Any, /) -> UniqueCounts:
    """Return the elements that differ, and how often each is there: see `unique_all`."""
    return UniqueCounts(*unique(x, return_counts=True, equal_nan=False))


def unique_inverse(x: Any, /) -> UniqueInverse:
    """Return the elements that differ, and the number of each element among them: see `unique_all`."""
    return UniqueInverse(*unique(x, return_inverse=True, equal_nan=False))


def unique_values(x: Any, /) -> Array:
    """Return the elements that differ: see `unique_all`."""
    found: Array = unique(x, equal_nan=False)
    return found
