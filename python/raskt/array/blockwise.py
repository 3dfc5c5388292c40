"""Functions of blocks: index notation, `map_blocks`, and functions with core dimensions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from raskt import _raskt
from raskt._apart import spread
from raskt.array._axes import axis_of
from raskt.array._base import dtype_parameter, told
from raskt.array._block_call import BlockCall, Rest, dtype_of_call, wants
from raskt.array._chunk import check_alike
from raskt.array._grid import grid_of
from raskt.array._gufunc import apply
from raskt.array._op import op
from raskt.array.conversion import argument, asanyarray
from raskt.array.rechunk import unify_chunks
from raskt.array.shape import expand_dims

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = [
    "apply_along_axis",
    "apply_gufunc",
    "apply_over_axes",
    "as_gufunc",
    "atop",
    "blockwise",
    "gufunc",
    "map_blocks",
]

NAN = float("nan")


def blockwise(
    func: Any,
    out_ind: Any,
    /,
    *args: Any,
    name: Any = None,
    token: Any = None,
    dtype: Any = None,
    adjust_chunks: Any = None,
    new_axes: Any = None,
    align_arrays: bool = True,
    concatenate: Any = None,
    meta: Any = None,
    **kwargs: Any,
) -> Array:
    """Apply a function block by block, in index notation.

    Parameters
    ----------
    func : callable
        The function of blocks.
    out_ind : sequence
        The indices of the result.
    *args : array, index, array, index, ...
        Arrays, each followed by its indices; None for what is passed as it is, lazy values in it computed.
    name : str, optional
        What the keys of the result begin with.
    token : str, optional
        What the result is called instead of by the function: the first part of that name.
    dtype, meta : optional
        The dtype of the result, or an array that has it; found out by a call on one element otherwise.
    adjust_chunks : dict, optional
        What becomes of the sizes of chunks along indices: a function, a number, or sizes.
    new_axes : dict, optional
        The lengths of indices that no array has.
    align_arrays : bool, optional
        Whether arrays are brought into common chunks; otherwise blocks are paired by their number.
    concatenate : bool, optional
        Whether blocks along indices that the result lacks are joined; otherwise the function gets lists.
    **kwargs
        Passed to the function.

    Returns
    -------
    Array
        The result.

    Examples
    --------
    >>> import numpy as np
    >>> import raskt.array as ra
    >>> x = ra.arange(4, chunks=2)
    >>> ra.blockwise(np.outer, "ij", x, "i", x, "j", dtype=int).compute().shape
    (4, 4)
    """
    func, kwargs = spread(func, kwargs)
    out_ind = tuple(out_ind)
    if len(set(out_ind)) != len(out_ind):
        raise ValueError(f"Repeated elements not allowed in output index: {out_ind}")
    pairs = list(zip(args[::2], args[1::2], strict=True))
    new = dict(new_axes or {})
    arrays = [(at, argument(x), tuple(index)) for at, (x, index) in enumerate(pairs) if index is not None]
    for _, x, index in arrays:
        if x.ndim != len(index):
            raise ValueError(f"Index string {index} does not match array dimension {x.ndim}")
    known = {letter for _, _, index in arrays for letter in index} | set(new)
    if set(out_ind) - known:
        raise ValueError(f"Unknown dimensions in output index: {set(out_ind) - known}")
    if set(new) & {letter for _, _, index in arrays for letter in index}:
        raise ValueError(f"new_axes has indices that arrays have: {sorted(map(str, new))}")
    if align_arrays and len(arrays) > 1:
        flat: list[Any] = []
        for _, x, index in arrays:
            flat += [x, index]
        _, unified = unify_chunks(*flat)
        arrays = [(at, x, index) for (at, _, index), x in zip(arrays, unified, strict=True)]
    chunks: dict[Any, Any] = {letter: _sizes(length) for letter, length in new.items()}
    chunks |= paired_chunks([(x, index) for _, x, index in arrays])
    result = [_adjusted(chunks[letter], (adjust_chunks or {}).get(letter)) for letter in out_ind]
    number = {letter: at for at, letter in enumerate(sorted(chunks, key=str))}
    joins = any(letter not in out_ind for _, _, index in arrays for letter in index)
    rest = Rest(tuple(None if i is not None else x for x, i in pairs), kwargs)
    places = tuple(at for at, _, _ in arrays)
    call: Any = BlockCall(func, places, rest)
    unknown = unknown_letters([(x, index) for _, x, index in arrays]) if align_arrays else []
    if unknown and (concatenate or not joins):
        call = _Alike(call, [index for _, _, index in arrays], unknown)
    if dtype is None:
        dtype = getattr(meta, "dtype", None)
    is_said = dtype is not None
    if dtype is None:
        dtype = dtype_of_call(func, places, rest, [x for _, x, _ in arrays])
    parameters = {
        "function": _raskt.Whole(
            call if concatenate or not joins else _Lists(call, [list(i) for _, _, i in arrays], out_ind)
        ),
        "output": [number[letter] for letter in out_ind],
        "inputs": [*([number[letter] for letter in index] for _, _, index in arrays), *rest.letters],
        "chunks": grid_of(tuple(result), tuple(sum(sizes) for sizes in result)),
        "contraction": ("join" if concatenate else "gather") if joins else "spread",
        "dtype": dtype_parameter(dtype) or "unknown",
        "strict": is_said,
    }
    if token is not None:
        parameters["label"] = str(token)
    return told(op("blockwise", (*(x for _, x, _ in arrays), *rest.operands), parameters), name, meta)


class _Lists:
    """A function that gets lists of the blocks along indices that the result lacks."""

    def __init__(self, call: Any, indices: Any, output: Any) -> None:
        self.call, self.indices, self.output = call, indices, output
        self.__name__ = call.__name__

    def __call__(self, *blocks: Any) -> Any:
        return self.call(*blocks)

    def __raskt_tokenize__(self) -> Any:
        return type(self).__name__, self.call, repr(self.indices), repr(self.output)


class _Alike:
    """A function whose blocks have to be of one length along indices of which the sizes are not known."""

    def __init__(self, call: Any, indices: Any, letters: Any) -> None:
        self.call, self.indices, self.letters = call, indices, letters
        self.__name__, self.reads_only = call.__name__, call.reads_only

    def __call__(self, *blocks: Any) -> Any:
        check_alike(blocks, self.indices, self.letters)
        return self.call(*blocks)

    def __raskt_tokenize__(self) -> Any:
        return type(self).__name__, self.call, repr(self.indices), repr(self.letters)


atop = blockwise


def unknown_letters(arrays: list[tuple[Array, Any]]) -> list[Any]:
    """Return the indices along which several arrays are of sizes that are not known."""
    counts: dict[Any, int] = {}
    for x, index in arrays:
        for letter, n in zip(index, x.shape, strict=True):
            counts[letter] = counts.get(letter, 0) + (n != n)
    return [letter for letter, count in counts.items() if count > 1]


def paired_chunks(arrays: list[tuple[Array, Any]]) -> dict[Any, Any]:
    """Return how results are cut along each index: blocks of arrays are paired by their number.

    One block along an index goes with each of the others', and is whole for all of them; blocks of one
    element are stretched.
    """
    found: dict[Any, Any] = {}
    for x, index in arrays:
        for letter, sizes in zip(index, x.chunks, strict=True):
            known = found.get(letter)
            if known is None or len(known) == 1 < len(sizes):
                found[letter] = sizes
            elif len(sizes) == len(known):
                found[letter] = tuple(b if a == 1 else a for a, b in zip(known, sizes, strict=True))
            elif len(sizes) > 1:
                raise ValueError(
                    f"blocks go together by their number: along {letter!r} there are {len(known)} in one "
                    f"array and {len(sizes)} in another: rechunk one of them, or call unify_chunks first"
                )
    return found


def _sizes(length: Any) -> tuple[int, ...]:
    return tuple(length) if isinstance(length, (tuple, list)) else (int(length),)


def _adjusted(sizes: Any, by: Any) -> Any:
    if by is None:
        return tuple(sizes)
    if callable(by):
        return tuple(by(n) for n in sizes)
    if isinstance(by, (tuple, list)):
        if len(by) != len(sizes):
            raise ValueError(f"adjust_chunks has {len(by)} sizes, where there are {len(sizes)} chunks")
        return tuple(by)
    return (by,) * len(sizes)


def map_blocks(
    func: Any = None,
    /,
    *args: Any,
    name: Any = None,
    token: Any = None,
    dtype: Any = None,
    chunks: Any = None,
    drop_axis: Any = None,
    new_axis: Any = None,
    enforce_ndim: bool = False,
    meta: Any = None,
    **kwargs: Any,
) -> Array:
    """Apply a function to every block.

    Parameters
    ----------
    func : callable
        The function of blocks. If it has a parameter ``block_id`` or ``block_info`` it is told where its
        block lies.
    *args : array_like
        Arrays, whose blocks are paired by their number: one block along an axis goes with each of many. Other
        arguments are passed as they are, but for lazy values among them, also in containers, which are
        computed first.
    name : str, optional
        What the keys of the result begin with.
    token : str, optional
        What the result is called instead of by the function: the first part of that name.
    dtype, meta : optional
        The dtype of the result, or an array that has it; found out by a call on one element otherwise.
    chunks : tuple, optional
        The chunks of the result: the size of each block, or all sizes; those of the arrays by default.
    drop_axis : int or list of int, optional
        Axes that the function takes away; blocks along them are joined first.
    new_axis : int or list of int, optional
        Axes that it puts in, of length 1 unless ``chunks`` says otherwise.
    enforce_ndim : bool, optional
        Accepted as Dask does: results are always checked.
    **kwargs
        Passed to the function, lazy values among them computed.

    Returns
    -------
    Array
        The result. A block of another shape or dtype than promised is an error that names it.

    Examples
    --------
    >>> import raskt.array as ra
    >>> x = ra.arange(6, chunks=3)
    >>> x.map_blocks(lambda block: block * 2).compute()
    array([ 0,  2,  4,  6,  8, 10])
    """
    del enforce_ndim
    func = kwargs.pop("func", None) if func is None else func
    if not callable(func):
        raise TypeError(f"First argument must be callable function, not {type(func).__name__}")
    func, kwargs = spread(func, kwargs)
    places = tuple(at for at, x in enumerate(args) if _is_array(x))
    arrays = [argument(args[at]) for at in places]
    n = max((x.ndim for x in arrays), default=0)
    dropped = _listed(drop_axis, n)
    letters = [list(range(n - x.ndim, n)) for x in arrays]
    if not arrays:
        return _from_nothing(func, Rest(args, kwargs), chunks, dtype, meta)
    common = paired_chunks(list(zip(arrays, letters, strict=True)))
    output = [at for at in range(n) if at not in dropped]
    sizes = [common[at] for at in output]
    for fresh, at in enumerate(sorted(_new_axes(new_axis, len(output))), n):
        output.insert(at, fresh)
        sizes.insert(at, (1,))
    if chunks is not None:
        sizes = _said(chunks, sizes)
    tell = _told(func, kwargs)
    rest = Rest(tuple(None if at in places else x for at, x in enumerate(args)), kwargs)
    call = BlockCall(func, places, rest, tell)
    shape = tuple(sum(own) for own in sizes)
    counts = tuple(len(own) for own in sizes)
    if tell is not None:
        tell.update(
            letters=letters,
            output=output,
            operands=[(x.shape, x.numblocks) for x in arrays],
            result=(shape, counts, None if dtype is None else np.dtype(dtype)),
        )
    if dtype is None and meta is not None:
        dtype = getattr(meta, "dtype", None)
    is_said = dtype is not None
    if dtype is None:
        dtype = dtype_of_call(func, places, rest, arrays, tell, len(output))
    if tell is not None:
        tell["result"] = (shape, counts, dtype)
    parameters = {
        "function": _raskt.Whole(call),
        "output": output,
        "inputs": [*letters, *rest.letters],
        "chunks": grid_of(tuple(sizes), shape),
        "contraction": "join",
        "dtype": dtype_parameter(dtype) or "unknown",
        "strict": is_said,
        "info": tell is not None,
    }
    if token is not None:
        parameters["label"] = str(token)
    return told(op("blockwise", (*arrays, *rest.operands), parameters), name, meta)


def _told(func: Any, kwargs: dict[str, Any]) -> dict[str, Any] | None:
    """What a function is told of its block: what it asks for by a parameter's name, and is not given."""
    asked = [name for name in ("block_id", "block_info") if wants(func, name) and name not in kwargs]
    return dict.fromkeys(asked, True) or None


def _is_array(x: Any) -> bool:
    return hasattr(x, "_expr") or (isinstance(x, np.ndarray) and x.ndim > 0)


def _listed(axis: Any, n: int) -> list[int]:
    if axis is None:
        return []
    found = [axis] if isinstance(axis, (int, np.integer)) else list(axis)
    for at in found:
        if not -n <= at < n:
            raise ValueError(f"drop_axis {at} of arrays of {n} axes")
    return [int(at) % n for at in found]


def _new_axes(axis: Any, n: int) -> list[int]:
    if axis is None:
        return []
    found = [axis] if isinstance(axis, (int, np.integer)) else list(axis)
    total = n + len(found)
    return [int(at) + total if at < 0 else int(at) for at in found]


def _said(chunks: Any, sizes: list[Any]) -> list[Any]:
    """Return the chunks that were said: the size of each block, or all sizes."""
    if isinstance(chunks, (int, np.integer)):
        chunks = (int(chunks),)
    chunks = tuple(chunks)
    if len(chunks) != len(sizes):
        raise ValueError(f"Provided chunks have {len(chunks)} dims; expected {len(sizes)} dims")
    said = []
    for axis, (own, found) in enumerate(zip(chunks, sizes, strict=True)):
        if isinstance(own, (tuple, list)):
            if len(own) != len(found) and len(found) > 1:
                raise ValueError(
                    f"Dimension {axis} has {len(found)} blocks, chunks specified with {len(own)} blocks"
                )
            said.append(tuple(own))
        else:
            said.append((own,) * len(found))
    return said


def _from_nothing(func: Any, rest: Rest, chunks: Any, dtype: Any, meta: Any) -> Array:
    """Blocks that a function makes of their place alone."""
    if chunks is None:
        raise ValueError("map_blocks without arrays needs chunks=")
    sizes = tuple(tuple(own) if isinstance(own, (tuple, list)) else (own,) for own in chunks)
    shape = tuple(sum(own) for own in sizes)
    tell: dict[str, Any] = {
        "block_id": wants(func, "block_id") and "block_id" not in rest.kwargs,
        "block_info": wants(func, "block_info") and "block_info" not in rest.kwargs,
        "letters": [],
        "output": list(range(len(sizes))),
        "operands": [],
        "result": (shape, tuple(len(own) for own in sizes), None if dtype is None else np.dtype(dtype)),
    }
    known = dtype if dtype is not None else getattr(meta, "dtype", None)
    call = BlockCall(func, (), rest, tell)
    is_said = known is not None
    if known is None:
        known = dtype_of_call(func, (), rest, [], tell, len(sizes))
    return op(
        "blockwise",
        rest.operands,
        {
            "function": _raskt.Whole(call),
            "output": list(range(len(sizes))),
            "inputs": rest.letters,
            "chunks": grid_of(sizes, shape),
            "dtype": dtype_parameter(known) or "unknown",
            "strict": is_said,
            "info": True,
        },
    )


def apply_along_axis(
    func1d: Any, axis: int, arr: Any, *args: Any, dtype: Any = None, shape: Any = None, **kwargs: Any
) -> Array:
    """Apply a function to every row along an axis.

    Parameters
    ----------
    func1d : callable
        The function of one row.
    axis : int
        Along which axis.
    arr : array_like
        The array.
    *args, **kwargs
        Passed to the function.
    dtype, shape : optional
        What it returns; found out by a call on a row of ones otherwise.

    Returns
    -------
    Array
        The results in place of the rows.
    """
    arr = argument(arr)
    at = axis_of(axis, arr.ndim)
    length = arr.shape[at]
    if 0 in arr.shape[:at] + arr.shape[at + 1 :]:
        raise ValueError("Cannot apply_along_axis when any iteration dimensions are 0")
    if shape is None or dtype is None:
        rest = Rest((func1d, at, None, args, kwargs), {})
        shape, dtype = _of_row(rest.example(), arr.dtype, length, shape, dtype)
    made = (tuple(0 if n != n else n for n in shape), dtype)
    rest = Rest((func1d, at, None, args, kwargs, made), {})
    arr = arr.rechunk({at: -1})
    sizes = [*arr.chunks[:at], *((n,) for n in shape), *arr.chunks[at + 1 :]]
    letters = list(range(arr.ndim))
    fresh = list(range(arr.ndim, arr.ndim + len(shape)))
    return op(
        "blockwise",
        (arr, *rest.operands),
        {
            "function": _raskt.Whole(BlockCall(_rows, (2,), rest)),
            "output": [*letters[:at], *fresh, *letters[at + 1 :]],
            "inputs": [letters, *rest.letters],
            "chunks": grid_of(tuple(sizes), tuple(sum(own) for own in sizes)),
            "contraction": "spread",
            "dtype": dtype_parameter(dtype),
        },
    )


_PROBES = (5, 9)
"""How long the rows are that tell whether a result depends on the length."""


def _of_row(example: Rest | None, known: Any, length: Any, shape: Any, dtype: Any) -> tuple[Any, Any]:
    """Return the shape and dtype that a function gives for a row, where they are not given."""
    if example is None:
        raise ValueError(
            "apply_along_axis: with iterators or values that are not computed yet among its arguments the "
            "function cannot be tried: pass shape= and dtype="
        )
    function, _, _, args, kwargs = example.args
    if length == length or shape is not None:
        n = int(length) if length == length else 2
        found = np.asarray(function(np.ones(n, known), *args, **kwargs))
        return found.shape if shape is None else shape, found.dtype if dtype is None else dtype
    short, long = (np.asarray(function(np.ones(n, known), *args, **kwargs)) for n in _PROBES)
    dtype = short.dtype if dtype is None else dtype
    if short.shape == long.shape:
        return short.shape, dtype
    if (*short.shape, *long.shape) == _PROBES:
        return (NAN,), dtype
    raise ValueError(
        "apply_along_axis: the shape of the result depends on the length of rows, which is not known: pass "
        "shape=, or call compute_chunk_sizes() first"
    )


def _rows(function: Any, axis: int, block: Any, args: Any, kwargs: Any, made: Any) -> Any:
    if 0 in block.shape[:axis] + block.shape[axis + 1 :]:
        shape, dtype = made
        return np.empty((*block.shape[:axis], *shape, *block.shape[axis + 1 :]), dtype)
    return np.apply_along_axis(function, axis, block, *args, **kwargs)


def apply_over_axes(func: Any, a: Any, axes: Any) -> Array:
    """Apply a function along one axis after the other."""
    a = asanyarray(a)
    for axis in (axes,) if isinstance(axes, (int, np.integer)) else axes:
        axis = axis_of(axis, a.ndim)
        found = func(a, axis)
        if found.ndim == a.ndim - 1:
            found = expand_dims(found, axis)
        elif found.ndim != a.ndim:
            raise ValueError("func must either preserve dimensionality of the input or reduce it by one.")
        a = found
    made: Array = a
    return made


def apply_gufunc(func: Any, signature: Any, /, *args: Any, **kwargs: Any) -> Any:
    """Apply a function with core dimensions; see `numpy.vectorize` for signatures.

    Parameters
    ----------
    func : callable
        The function of blocks.
    signature : str
        Such as ``"(i,j),(j)->(i)"``.
    *args : array_like
        The arrays.
    **kwargs
        ``axes``, ``axis``, ``keepdims``, ``output_dtypes``, ``output_sizes``, ``vectorize``,
        ``allow_rechunk``, ``meta`` as in Dask; others are passed to the function.

    Returns
    -------
    Array or tuple of Array
        The results.
    """
    return apply(func, signature, args, kwargs)


class gufunc:
    """A function with core dimensions that arrays can be given to.

    Parameters
    ----------
    pyfunc : callable
        The function of blocks.
    signature : str
        As in `apply_gufunc`.
    **kwargs
        As in `apply_gufunc`.
    """

    def __init__(self, pyfunc: Any, *, signature: Any = None, **kwargs: Any) -> None:
        self.pyfunc, self.signature, self.options = pyfunc, signature, kwargs
        self.__name__ = getattr(pyfunc, "__name__", "gufunc")
        self.__doc__ = pyfunc.__doc__

    def __call__(self, *args: Any, allow_rechunk: bool = False, **kwargs: Any) -> Any:
        """Return the function of arrays."""
        return apply_gufunc(
            self.pyfunc, self.signature, *args, allow_rechunk=allow_rechunk, **self.options, **kwargs
        )


def as_gufunc(signature: Any = None, **kwargs: Any) -> Any:
    """Make a decorator that makes a `gufunc` of a function."""

    def decorator(pyfunc: Any) -> gufunc:
        return gufunc(pyfunc, signature=signature, **kwargs)

    return decorator
