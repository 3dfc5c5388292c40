"""Delayed functions and values: ordinary Python code as a task graph."""

from __future__ import annotations

import functools
import sys

from raskt import _raskt, config
from raskt._kept import kept
from raskt._lazy import finder
from raskt._raskt import Delayed
from raskt._whole import whole
from raskt.tokenize import tokenize

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Delayed", "delayed"]

_NOTHING: Any = object()


def delayed(
    obj: Any = _NOTHING,
    name: Any = None,
    pure: bool | None = None,
    nout: int | None = None,
    traverse: bool = True,
) -> Any:
    """Wrap a function or an object so that what is done with it becomes a task graph.

    Calling a delayed function makes a `Delayed` value instead of running it; operators, attributes, items and
    methods of delayed values are delayed too. ``compute`` runs the graph on all cores.

    Parameters
    ----------
    obj : object
        A function, or any object. Delayed values inside lists, tuples, dicts, sets, slices, dataclasses and
        named tuples are found, as are collections of Raskt and of other libraries.
    name : hashable, optional
        The key of the task, instead of one made from the function's name. For a function, the name that its
        calls are made from. Two different tasks of one graph must not have one key.
    pure : bool, optional
        Whether the function returns the same for the same arguments: its calls get keys from their content,
        so that equal calls run once. Default: what the configuration key ``delayed.pure`` says when the
        function is wrapped (False).
    nout : int, optional
        How many items a call returns, so that it can be unpacked: ``a, b = divide(7, 2)``.
    traverse : bool, optional
        Whether to look for delayed values inside containers (default) or take them as they are.

    Returns
    -------
    Delayed

    Raises
    ------
    TypeError
        For a ``name`` that is not hashable.
    ValueError
        For an ``nout`` that is not a whole number of 0 or more.
    RecursionError
        For a container that contains itself.

    Examples
    --------
    >>> import raskt
    >>> @raskt.delayed
    ... def inc(x):
    ...     return x + 1
    >>> total = sum([inc(i) for i in range(4)])
    >>> total.compute()
    10
    >>> a, b = raskt.delayed(divmod, nout=2)(7, 2)
    >>> (a + b).compute()
    4
    """
    if obj is _NOTHING:

        def decorator(function: Any) -> Any:
            return delayed(function, name=name, pure=pure, nout=nout, traverse=traverse)

        return decorator
    if nout is not None:
        nout = whole("nout", nout, 0, sys.maxsize, also="None or ")
    if isinstance(obj, Delayed):
        return obj
    if name is not None:
        hash(name)
    if pure is None:
        pure = bool(config.get("delayed.pure", False))
    if _raskt.is_collection(obj):
        return _raskt.make_value(obj, True, nout, name)
    if isinstance(obj, functools.partial) and traverse and _raskt.delayed_within(obj) is not None:
        if pure or nout is not None:
            raise NotImplementedError(
                f"there are lazy values in {obj!r}: give them to the call, which pure= and nout= are for"
            )
        return _raskt.make_value(obj, True, None, name)
    if callable(obj):
        return _raskt.make_function(obj, _label(obj, name), pure, nout, traverse, name)
    if name is None and pure:
        obj = kept(obj)
        name = f"{type(obj).__name__}-{tokenize(obj, pure=True)}"
    return _raskt.make_value(obj, traverse, nout, name)


def _label(function: Any, name: Any) -> str:
    return _raskt.function_name(function) if name is None else str(name)


# Names that Dask's users look for here.
__getattr__ = finder(
    __name__,
    {
        "named_schedulers": "raskt.base",
        "tokenize": "raskt.tokenize",
        "unpack_collections": "raskt.base",
    },
)
