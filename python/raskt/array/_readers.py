"""Which functions of blocks are known to write nothing: they get blocks that others share, without a copy.

A function that is taken for a reader gets blocks that cannot be written. So what is known here may err: a
writer that is taken for a reader raises NumPy's ``ValueError``; no value changes under anybody.
"""

from __future__ import annotations

import builtins
import functools
import types
from typing import Any, NamedTuple

import numpy as np

__all__ = ["reads_only"]

_WRITERS = frozenset(
    {
        *("byteswap", "copyto", "fill", "fill_diagonal", "itemset", "partition", "place", "put"),
        *("put_along_axis", "putmask", "resize", "setfield", "setflags", "sort"),
    }
)
"""What writes into its first argument, as a function of NumPy's or as a method of arrays."""

_METHODS = frozenset(
    {
        *("T", "all", "any", "argmax", "argmin", "astype", "clip", "conj", "copy", "cumprod", "cumsum"),
        *("diagonal", "dot", "dtype", "flatten", "imag", "item", "max", "mean", "min", "nbytes", "ndim"),
        *("nonzero", "prod", "ravel", "real", "repeat", "reshape", "round", "searchsorted", "shape"),
        *("size", "squeeze", "std", "sum", "swapaxes", "take", "tolist", "trace", "transpose", "var"),
        *("view",),
    }
)
"""Attributes of arrays that write nothing, with one argument at most."""

_HARMLESS = frozenset({"axis", "axes", "ddof", "dtype", "keepdims"})
"""Keywords with which a function of NumPy's still writes nothing."""

_N_ARGUMENTS = {"where": 3, "clip": 3}
"""How many positional arguments a function has before what it writes into; 1 for all others."""

_BUILTINS = (abs, bool, complex, float, int, len, max, min, round, sum)

_PLAIN = (int, float, complex, str, bytes, bool, type(None), slice, np.generic)

_INSTRUCTIONS = frozenset(
    {
        *("BINARY_SLICE", "BINARY_SUBSCR", "BUILD_LIST", "BUILD_SLICE", "BUILD_TUPLE", "CACHE"),
        *("COMPARE_OP", "COPY", "COPY_FREE_VARS", "LOAD_ATTR", "LOAD_CONST", "LOAD_DEREF", "LOAD_FAST"),
        *("LOAD_FAST_BORROW", "LOAD_FAST_BORROW_LOAD_FAST_BORROW", "LOAD_FAST_LOAD_FAST", "LOAD_GLOBAL"),
        *("LOAD_METHOD", "LOAD_SMALL_INT", "NOP", "NOT_TAKEN", "POP_TOP", "PRECALL", "PUSH_NULL", "RESUME"),
        *("RETURN_CONST", "RETURN_VALUE", "STORE_FAST", "STORE_FAST_LOAD_FAST", "SWAP", "UNARY_INVERT"),
        *("UNARY_NEGATIVE", "UNARY_NOT"),
    }
)
"""What a function may do beside calls and operators that make new values."""


class _Code(NamedTuple):
    """What code that writes nothing itself reads and calls."""

    names: frozenset[str]
    attributes: frozenset[str]
    cells: frozenset[str]
    n_arguments: int


def reads_only(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Return whether a call writes into none of its arguments, of which None stands for a block."""
    n_args, others = len(args), [*args, *kwargs.values()]
    names = set(kwargs)
    while isinstance(function, functools.partial):
        n_args += len(function.args)
        others += [*function.args, *function.keywords.values()]
        names.update(function.keywords)
        function = function.func
    if isinstance(function, (np.ufunc, type(np.sum))):
        return names <= _HARMLESS and n_args <= _n_arguments(function)
    if type(function) is not types.FunctionType:
        return False
    return all(map(_is_plain, (*others, *(function.__defaults__ or ())))) and _writes_nothing(function)


def _n_arguments(value: Any) -> int:
    """Return how many positional arguments a function only reads; 0 where it writes, or is not known."""
    if isinstance(value, np.ufunc):
        return int(value.nin)
    if any(value is known for known in _BUILTINS):
        return 1
    module, name = getattr(value, "__module__", None), getattr(value, "__name__", "")
    is_numpy = str(module).partition(".")[0] == "numpy" and isinstance(value, (type(np.sum), type))
    is_known = is_numpy or any(value is known for known in (np.array, np.asarray, np.where, np.concatenate))
    return _N_ARGUMENTS.get(name, 1) if is_known and name not in _WRITERS else 0


def _is_plain(value: Any) -> bool:
    return isinstance(value, _PLAIN) or type(value) is np.ndarray


def _writes_nothing(function: types.FunctionType) -> bool:
    code = _code(function.__code__)
    if code is None:
        return False
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    found = [function.__globals__.get(name, vars(builtins).get(name)) for name in code.names]
    try:
        found += [cells[name].cell_contents for name in code.cells]
    except (KeyError, ValueError):
        return False
    limits = [_n_arguments(value) for value in found if not (_is_plain(value) or value is np)]
    for name in code.attributes:
        value = vars(np).get(name)
        if name in _METHODS:
            limits.append(1)
        elif value is None or not _is_plain(value):
            limits.append(_n_arguments(value))
    if code.attributes & _WRITERS or 0 in limits:
        return False
    return code.n_arguments <= min(limits, default=0)


@functools.lru_cache(maxsize=1024)
def _code(code: types.CodeType) -> _Code | None:
    """Return what code reads and calls; None where it may write, or does more than can be told."""
    import dis

    names, attributes, cells = set(), set(), set()
    n_arguments = n_named = 0
    for step in dis.get_instructions(code):
        name, value = step.opname, step.argval
        match name:
            case "BINARY_OP":
                if step.argrepr.endswith("="):
                    return None
            case "KW_NAMES":
                keywords = code.co_consts[step.arg or 0]
                if not set(keywords) <= _HARMLESS:
                    return None
                n_named = len(keywords)
            case "CALL":
                n_arguments, n_named = max(n_arguments, value - n_named), 0
            case _ if name not in _INSTRUCTIONS:
                return None
            case "LOAD_GLOBAL":
                names.add(value)
            case "LOAD_ATTR" | "LOAD_METHOD":
                attributes.add(value)
            case "LOAD_DEREF":
                cells.add(value)
    return _Code(frozenset(names), frozenset(attributes), frozenset(cells), n_arguments)
