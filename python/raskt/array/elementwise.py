"""Element-wise functions of any kind, called block by block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from raskt.array import ufuncs
from raskt.array._base import told
from raskt.array._out import into
from raskt.array.searching import where as _where

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = ["elemwise", "handle_out", "is_scalar_for_elemwise"]


def elemwise(
    op: Any,
    *args: Any,
    out: Any = None,
    where: Any = True,
    dtype: Any = None,
    name: Any = None,
    **kwargs: Any,
) -> Array:
    """Apply an element-wise function to arrays, whose axes meet as those of operands do.

    Parameters
    ----------
    op : callable
        The function; of NumPy's ufuncs the native one is taken.
    *args : array_like
        The arrays.
    out : Array, optional
        What gets the result.
    where : array_like, optional
        Where it is computed; elsewhere the result is that of ``out``.
    dtype : dtype, optional
        The dtype of the result, where the function is not asked.
    name : str, optional
        What the result is called.
    **kwargs
        Keywords of the function.

    Returns
    -------
    Array

    Examples
    --------
    >>> import numpy as np
    >>> import raskt.array as ra
    >>> from raskt.array.core import elemwise
    >>> elemwise(np.add, ra.arange(3, chunks=2), 1).compute()
    array([1, 2, 3])
    """
    own = getattr(ufuncs, getattr(op, "__name__", ""), None) if isinstance(op, np.ufunc) else None
    if isinstance(own, ufuncs.ufunc):
        options = {} if dtype is None else {"dtype": dtype}
        found = own.lazy(args, where=where, out=out, **options, **kwargs)
    else:
        found = ufuncs.apply(op, *args, dtype=dtype, **kwargs)
        if where is not True:
            if out is None:
                raise ValueError("where= needs out=: elements that are left out have no value otherwise")
            found = _where(where, found, out)
        found = handle_out(out, found)
    return told(found, name)


def handle_out(out: Any, result: Any) -> Any:
    """Put a result where ``out=`` says.

    Parameters
    ----------
    out : Array, tuple of one, or None
        What gets it.
    result : Array
        The result.

    Returns
    -------
    Array
        ``out``, or the result.
    """
    return into(out, result)


def is_scalar_for_elemwise(arg: Any) -> bool:
    """Return whether an operand is a number rather than an array: it has no axes that would meet others'.

    Parameters
    ----------
    arg : object
        The operand.

    Returns
    -------
    bool

    Examples
    --------
    >>> import numpy as np
    >>> from raskt.array.core import is_scalar_for_elemwise
    >>> is_scalar_for_elemwise(5), is_scalar_for_elemwise(np.ones(1))
    (True, False)
    """
    shape = getattr(arg, "shape", None)
    if isinstance(shape, tuple) and any(n != n for n in shape):
        return False
    return np.isscalar(arg) or shape is None or isinstance(arg, np.dtype) or shape == ()
