"""What a function takes, and what an object looks like, without importing the library that it comes from."""

from __future__ import annotations

import inspect
from functools import partial
from numbers import Integral

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = [
    "get_named_args",
    "getargspec",
    "has_keyword",
    "is_arraylike",
    "is_cupy_type",
    "is_dataframe_like",
    "is_index_like",
    "is_integer",
    "is_namedtuple_instance",
    "is_series_like",
    "takes_multiple_arguments",
]

_NAMED = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def has_keyword(func: Callable[..., Any], keyword: str) -> bool:
    """Return whether a function has a parameter of that name.

    Parameters
    ----------
    func : callable
        The function; one that tells no signature has none.
    keyword : str
        The name.

    Returns
    -------
    bool

    Examples
    --------
    >>> has_keyword(sorted, "key"), has_keyword(len, "key")
    (True, False)
    """
    try:
        return keyword in inspect.signature(func).parameters
    except (TypeError, ValueError):
        return False


def getargspec(func: Callable[..., Any]) -> inspect.FullArgSpec:
    """Return the parameters of a function; of a partial one those of what it wraps, of a class its makers'.

    Parameters
    ----------
    func : callable
        The function.

    Returns
    -------
    inspect.FullArgSpec

    Raises
    ------
    TypeError
        If the function tells no signature.
    """
    if isinstance(func, partial):
        return getargspec(func.func)
    return inspect.getfullargspec(vars(func).get("__init__", func) if isinstance(func, type) else func)


def get_named_args(func: Callable[..., Any]) -> list[str]:
    """Return the names of the parameters that may be given by position.

    Parameters
    ----------
    func : callable
        The function.

    Returns
    -------
    list of str

    Examples
    --------
    >>> get_named_args(lambda a, b=1, *c, d=2: None)
    ['a', 'b']
    """
    return [name for name, each in inspect.signature(func).parameters.items() if each.kind in _NAMED]


def takes_multiple_arguments(func: Callable[..., Any], varargs: bool = True) -> bool:
    """Return whether a function has to be given, or may be given, several arguments.

    Parameters
    ----------
    func : callable
        The function.
    varargs : bool, optional
        Whether ``*args`` counts.

    Returns
    -------
    bool
        False where the function does not tell.

    Examples
    --------
    >>> takes_multiple_arguments(divmod), takes_multiple_arguments(lambda x, y=1: x)
    (True, False)
    """
    try:
        parameters = list(inspect.signature(func).parameters.values())
    except (TypeError, ValueError):
        return False
    if varargs and any(each.kind is inspect.Parameter.VAR_POSITIONAL for each in parameters):
        return True
    needed = [each for each in parameters if each.kind in _NAMED and each.default is each.empty]
    return len(needed) > 1


def is_integer(i: Any) -> bool:
    """Return whether ``i`` is a whole number, of whatever type.

    Parameters
    ----------
    i : object
        Any object.

    Returns
    -------
    bool

    Examples
    --------
    >>> is_integer(6), is_integer(6.0), is_integer(6.5), is_integer("6")
    (True, True, False, False)
    """
    if isinstance(i, Integral):
        return True
    whole = getattr(i, "is_integer", None)
    return callable(whole) and not isinstance(i, type) and bool(whole())


def is_namedtuple_instance(obj: Any) -> bool:
    """Return whether ``obj`` is a named tuple.

    Parameters
    ----------
    obj : object
        Any object.

    Returns
    -------
    bool
    """
    return isinstance(obj, tuple) and hasattr(obj, "_fields") and hasattr(obj, "_make")


def is_arraylike(x: Any) -> bool:
    """Return whether ``x`` is an array, or behaves as one: with a shape, a dtype, and NumPy's protocols.

    Parameters
    ----------
    x : object
        Any object.

    Returns
    -------
    bool
        False for classes, and for what has a shape that is no tuple.

    Examples
    --------
    >>> import numpy as np
    >>> is_arraylike(np.ones(3)), is_arraylike([1, 2]), is_arraylike(np.ndarray)
    (True, False, False)
    """
    if isinstance(x, type):
        return False
    if not hasattr(type(x), "__array_function__") and not hasattr(type(x), "__array_ufunc__"):
        return False
    return isinstance(getattr(x, "shape", None), tuple) and hasattr(x, "dtype")


def _has(x: Any, *names: str) -> bool:
    return all(hasattr(x, name) for name in names)


def is_dataframe_like(df: Any) -> bool:
    """Return whether ``df`` has what a data frame of pandas has.

    Parameters
    ----------
    df : object
        Any object.

    Returns
    -------
    bool

    Examples
    --------
    >>> import pandas as pd
    >>> is_dataframe_like(pd.DataFrame({"a": [1]})), is_dataframe_like([1])
    (True, False)
    """
    kind = type(df)
    is_table = _has(kind, "groupby", "head", "merge", "mean") and _has(df, "dtypes", "columns")
    return is_table and not hasattr(kind, "name") and not hasattr(kind, "dtype")


def is_series_like(s: Any) -> bool:
    """Return whether ``s`` has what a series of pandas has.

    Parameters
    ----------
    s : object
        Any object.

    Returns
    -------
    bool
    """
    kind = type(s)
    return _has(kind, "groupby", "head", "mean") and _has(s, "dtype", "name") and not _is_called_index(kind)


def is_index_like(s: Any) -> bool:
    """Return whether ``s`` has what an index of pandas has.

    Parameters
    ----------
    s : object
        Any object.

    Returns
    -------
    bool
    """
    return _has(s, "name", "dtype") and _is_called_index(type(s))


def _is_called_index(kind: type) -> bool:
    return "index" in kind.__name__.lower()


def is_cupy_type(x: Any) -> bool:
    """Return whether ``x`` comes from CuPy.

    Parameters
    ----------
    x : object
        Any object.

    Returns
    -------
    bool
    """
    return "cupy" in type(x).__module__.split(".")
