"""Comparing arrays in tests."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from raskt._keys import flatten_keys
from raskt.base import compute

__all__ = ["assert_eq", "assert_eq_shape", "same_keys"]


def assert_eq(
    a: Any,
    b: Any,
    check_shape: bool = True,
    check_graph: bool = True,
    check_meta: bool = True,
    check_chunks: bool = True,
    check_ndim: bool = True,
    check_type: bool = True,
    check_dtype: bool = True,
    equal_nan: bool = True,
    scheduler: Any = "sync",
    **kwargs: Any,
) -> bool:
    """Raise unless two arrays have equal elements, and lazy ones are what they promise.

    Parameters
    ----------
    a, b : array_like
        The arrays, lazy or not.
    check_shape, check_ndim, check_dtype, check_type : bool, optional
        Whether shape, number of axes, dtype and type of the two must agree.
    check_graph : bool, optional
        Whether the keys that a lazy array names are those of its graph.
    check_meta : bool, optional
        Whether the dtype and the number of axes that a lazy array promises are those that it has.
    check_chunks : bool, optional
        Whether the shape that it promises for each block is the one that the block has.
    equal_nan : bool, optional
        Whether NaN equals NaN.
    scheduler : optional
        As in `raskt.compute`.
    **kwargs
        ``rtol`` and ``atol``, as of `numpy.allclose`.

    Returns
    -------
    bool
        True.

    Raises
    ------
    AssertionError
        Which says what differs.

    Examples
    --------
    >>> import numpy as np
    >>> import raskt.array as ra
    >>> ra.assert_eq(ra.arange(4, chunks=2) + 1, np.arange(1, 5))
    True
    """
    unknown = set(kwargs) - {"rtol", "atol"}
    if unknown:
        raise TypeError(f"assert_eq does not take the keyword arguments {sorted(unknown)!r}")
    checks = {"graph": check_graph, "meta": check_meta, "chunks": check_chunks}
    left, right = (_checked(x, scheduler, checks) for x in (a, b))
    if check_type and _kind(left) is not _kind(right):
        raise AssertionError(f"types differ: {type(left).__name__} and {type(right).__name__}")
    left, right = _plain(left), _plain(right)
    if check_ndim and left.ndim != right.ndim:
        raise AssertionError(f"numbers of axes differ: {left.ndim} and {right.ndim}")
    if check_shape:
        assert_eq_shape(left.shape, right.shape)
    if check_dtype and left.dtype != right.dtype:
        raise AssertionError(f"dtypes differ: {left.dtype} and {right.dtype}")
    if not _is_equal(left, right, equal_nan, kwargs):
        raise AssertionError(f"arrays differ:\n{left}\n{right}")
    return True


def _checked(x: Any, scheduler: Any, checks: dict[str, bool]) -> Any:
    """Return an array's elements; raise if a lazy one is not what it promises."""
    if not hasattr(x, "_expr"):
        return x.compute(scheduler=scheduler) if hasattr(x, "__raskt_graph__") else x
    if checks["graph"]:
        missing = set(flatten_keys(x.__raskt_keys__())) - set(x.__raskt_graph__())
        if missing:
            raise AssertionError(f"the graph lacks {sorted(missing)[:3]}")
    blocks: Any = []
    if checks["chunks"] and math.prod(x.numblocks) > 1:
        found, blocks = compute(x, x.to_delayed().tolist(), scheduler=scheduler)
    else:
        found = x.compute(scheduler=scheduler)
    if checks["meta"]:
        if x._dtype is not None and x.dtype != getattr(found, "dtype", x.dtype):
            raise AssertionError(f"the array promises dtype {x.dtype}, and has {found.dtype}")
        if x.ndim != np.ndim(found):
            raise AssertionError(f"the array promises {x.ndim} axes, and has {np.ndim(found)}")
    assert_eq_shape(x.shape, np.shape(found))
    if blocks:
        for index in np.ndindex(*x.numblocks):
            block = blocks
            for at in index:
                block = block[at]
            promised = tuple(sizes[at] for sizes, at in zip(x.chunks, index, strict=True))
            assert_eq_shape(promised, np.shape(block))
    return found


def _kind(x: Any) -> type:
    """Return the type that counts: numbers, NumPy's or not, and lists are arrays."""
    return np.ndarray if isinstance(x, (np.generic, int, float, complex, bool, list, tuple)) else type(x)


def _plain(x: Any) -> Any:
    return x.todense() if hasattr(x, "todense") else x if isinstance(x, np.ndarray) else np.asarray(x)


def _is_equal(left: Any, right: Any, equal_nan: bool, tolerance: dict[str, Any]) -> bool:
    if left.dtype.kind in "fc" or right.dtype.kind in "fc":
        return bool(np.allclose(left, right, equal_nan=equal_nan, **tolerance))
    same = left == right
    if equal_nan and left.dtype.kind in "mMO":
        same = same | ((left != left) & (right != right))
    return bool(np.all(same))


def assert_eq_shape(a: Any, b: Any, check_ndim: bool = True, check_nan: bool = False) -> None:
    """Raise unless two shapes are equal.

    Parameters
    ----------
    a, b : tuple of int
        The shapes; NaN for lengths that are not known.
    check_ndim : bool, optional
        Whether they must have as many lengths.
    check_nan : bool, optional
        Whether a length that is not known must not be known in the other either; else it equals any.

    Raises
    ------
    AssertionError
        Which says both.
    """
    fits = len(a) == len(b) or not check_ndim
    for n, m in zip(a, b, strict=False):
        unknown = (n != n, m != m)
        fits = fits and ((not check_nan or all(unknown)) if any(unknown) else n == m)
    if not fits:
        raise AssertionError(f"shapes differ: {tuple(a)} and {tuple(b)}")


def same_keys(a: Any, b: Any) -> bool:
    """Return whether two collections have the same keys, and so the same content.

    Parameters
    ----------
    a, b : collection
        The collections.

    Returns
    -------
    bool

    Examples
    --------
    >>> import raskt.array as ra
    >>> from raskt.array.utils import same_keys
    >>> same_keys(ra.ones(3) + 1, ra.ones(3) + 1), same_keys(ra.ones(3), ra.ones(4))
    (True, False)
    """

    def keys(x: Any) -> Any:
        return x.__raskt_keys__() if hasattr(x, "__raskt_keys__") else list(x)

    return bool(keys(a) == keys(b))
