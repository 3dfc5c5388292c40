"""Functions with core dimensions."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from raskt import _raskt
from raskt._apart import spread
from raskt._kept import kept
from raskt.array._base import dtype_parameter
from raskt.array._block_call import BlockCall, Rest
from raskt.array._grid import grid_of
from raskt.array._op import op
from raskt.array.conversion import argument
from raskt.array.rechunk import unify_chunks
from raskt.array.shape import moveaxis

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = ["apply", "parse"]

_NAME = r"\w+"
_LIST = rf"(?:{_NAME}(?:,{_NAME})*,?)?"
_ARGUMENT = rf"\({_LIST}\)"
_INPUTS = rf"(?:{_ARGUMENT}(?:,{_ARGUMENT})*,?)?"
_OUTPUTS = rf"{_ARGUMENT}(?:,{_ARGUMENT})*"
_SIGNATURE = re.compile(f"^{_INPUTS}->{_OUTPUTS}$")


def parse(signature: str) -> tuple[list[tuple[str, ...]], Any]:
    """Return the core dimensions of inputs and outputs; a lone output without a list around it."""
    signature = signature.replace(" ", "")
    if not _SIGNATURE.match(signature):
        raise ValueError(f"Not a valid gufunc signature: {signature}")
    left, right = signature.split("->")
    inputs = [tuple(re.findall(_NAME, argument)) for argument in re.findall(_ARGUMENT, left)]
    outputs = [tuple(re.findall(_NAME, argument)) for argument in re.findall(_ARGUMENT, right)]
    return inputs, outputs[0] if len(outputs) == 1 and not right.endswith(",") else outputs


class _Call:
    """A function of blocks; what it returns several of is held by one block of one object."""

    def __init__(self, function: Any, vectorize: Any, held_ndim: int | None) -> None:
        self.function, self.vectorize, self.held_ndim = kept(function), vectorize, held_ndim
        self.__name__ = getattr(function, "__name__", type(function).__name__)

    def __call__(self, /, *blocks: Any, **kwargs: Any) -> Any:
        function = self.function
        if self.vectorize is not None:
            function = np.vectorize(self.function, signature=self.vectorize)
        found = function(*blocks, **kwargs)
        if self.held_ndim is None:
            return found
        box = np.empty((1,) * self.held_ndim, dtype=object)
        box[(0,) * self.held_ndim] = found
        return box

    def __raskt_tokenize__(self) -> Any:
        return type(self).__name__, self.function, self.vectorize, self.held_ndim


def apply(func: Any, signature: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """Return what `apply_gufunc` is asked for."""
    axes = kwargs.pop("axes", None)
    axis = kwargs.pop("axis", None)
    keepdims = kwargs.pop("keepdims", False)
    dtypes = kwargs.pop("output_dtypes", None)
    lengths = dict(kwargs.pop("output_sizes", None) or {})
    vectorize = kwargs.pop("vectorize", None)
    allow_rechunk = kwargs.pop("allow_rechunk", False)
    meta = kwargs.pop("meta", None)
    if axes is not None and axis is not None:
        raise ValueError("Only one of `axis` or `axes` keyword arguments should be given")
    func, kwargs = spread(func, kwargs)
    inputs, outputs = parse(signature) if isinstance(signature, str) else signature
    lone = isinstance(outputs, tuple)
    out_dims = [outputs] if lone else list(outputs)
    arrays = [argument(x) for x in args]
    if len(arrays) != len(inputs):
        raise ValueError(
            f"According to `signature`, `func` requires {len(inputs)} arguments, but {len(arrays)} given"
        )
    places, out_places = _axes(axes, axis, inputs, out_dims, keepdims)
    arrays = [
        moveaxis(x, own, range(-len(own), 0)) if own and tuple(own) != tuple(range(-len(own), 0)) else x
        for x, own in zip(arrays, places, strict=True)
    ]
    sizes = _core_sizes(arrays, inputs)
    loops = [x.ndim - len(dims) for x, dims in zip(arrays, inputs, strict=True)]
    whole = [_whole(x, loop, allow_rechunk) for x, loop in zip(arrays, loops, strict=True)]
    n_loop = max(loops, default=0)
    # Core dimensions are one chunk each: no two share a letter, and one may stand twice in a signature.
    fresh = itertools.count(n_loop)
    letters = [
        [*range(n_loop - loop, n_loop), *(next(fresh) for _ in dims)]
        for loop, dims in zip(loops, inputs, strict=True)
    ]
    pairs = zip(whole, map(tuple, letters), strict=True)
    common, whole = unify_chunks(*itertools.chain.from_iterable(pairs))
    loop_chunks = [common[at] for at in range(n_loop)]
    rest = Rest((None,) * len(whole), kwargs)
    found_dtypes = _dtypes(func, whole, len(out_dims), dtypes, meta, signature if vectorize else None, rest)
    text = "->".join(",".join(f"({','.join(dims)})" for dims in side) for side in (inputs, out_dims))
    call = _Call(func, text if vectorize else None, None if lone else n_loop)
    function: Any = _raskt.Whole(BlockCall(call, tuple(range(len(whole))), rest))
    operands: tuple[Array, ...] = (*whole, *rest.operands)
    from_letters = [*letters, *rest.letters]
    if not lone:
        operands = (_boxes(function, operands, from_letters, loop_chunks),)
        function, from_letters = "raskt.array._chunk.one_of", [list(range(n_loop))]
    results = []
    for at, (dims, dtype, own) in enumerate(zip(out_dims, found_dtypes, out_places, strict=True)):
        chunks = (*loop_chunks, *_new_sizes(dims, {**lengths, **sizes}))
        parameters = {
            "function": function,
            "output": [*range(n_loop), *(next(fresh) for _ in dims)],
            "inputs": from_letters,
            "chunks": grid_of(chunks, tuple(sum(own_sizes) for own_sizes in chunks)),
            "contraction": "join",
            "dtype": dtype_parameter(dtype) or "unknown",
            "strict": dtypes is not None or meta is not None,
            **({} if lone else {"kwargs": {"at": at}, "label": call.__name__}),
        }
        result: Array = op("blockwise", operands, parameters)
        if keepdims:
            result = result[(..., *(None,) * len(places[0]))]
            own = places[0]
        if own and tuple(own) != tuple(range(-len(own), 0)):
            result = moveaxis(result, range(-len(own), 0), own)
        results.append(result)
    return results[0] if lone else tuple(results)


def _boxes(function: Any, operands: tuple[Array, ...], letters: Any, loop_chunks: Any) -> Array:
    """Return an array of one object a block: the tuples that a function makes of blocks."""
    ones = tuple((1,) * len(own) for own in loop_chunks)
    parameters = {
        "function": function,
        "output": list(range(len(ones))),
        "inputs": letters,
        "chunks": grid_of(ones, tuple(map(len, ones))),
        "contraction": "join",
        "dtype": dtype_parameter(object),
    }
    return op("blockwise", operands, parameters)


def _new_sizes(dims: Any, sizes: dict[str, Any]) -> list[tuple[int]]:
    """Return the one chunk of each core dimension of a result."""
    for dim in dims:
        if dim not in sizes:
            raise ValueError(f"the length of the new core dimension {dim!r} is not known: pass output_sizes")
    return [(sizes[dim],) for dim in dims]


def _core_sizes(arrays: list[Any], inputs: Any) -> dict[str, Any]:
    """Return the length of each core dimension."""
    sizes: dict[str, Any] = {}
    for x, dims in zip(arrays, inputs, strict=True):
        if x.ndim < len(dims):
            raise ValueError(f"an argument has {x.ndim} axes, where the signature names {len(dims)}")
        for dim, length in zip(dims, x.shape[x.ndim - len(dims) :], strict=True):
            known = sizes.setdefault(dim, length)
            if known != known:
                sizes[dim] = length
            elif length == length and known != length:
                raise ValueError(f"Dimension `{dim}` with different lengths in arrays")
    return sizes


def _whole(x: Any, loop: int, allow_rechunk: bool) -> Any:
    """Return an array whose core dimensions, those behind the first `loop` ones, are one chunk each."""
    core = dict.fromkeys(range(loop, x.ndim), -1)
    if all(x.numblocks[at] == 1 for at in core):
        return x
    if not allow_rechunk:
        raise ValueError(
            "Core dimension of an array consists of multiple chunks. To fix, rechunk "
            "along this dimension or use "
            "allow_rechunk=True (beware of memory)"
        )
    return x.rechunk(core)


def _axes(axes: Any, axis: Any, inputs: Any, outputs: Any, keepdims: bool) -> tuple[list[Any], list[Any]]:
    if axis is not None:
        found = [(axis,) if dims else () for dims in inputs]
        return found, [(axis,) if dims else () for dims in outputs]
    if axes is None:
        return [tuple(range(-len(dims), 0)) for dims in inputs], [
            tuple(range(-len(dims), 0)) for dims in outputs
        ]
    spelt = [(own,) if isinstance(own, int) else tuple(own) for own in axes]
    if len(spelt) == len(inputs) and (keepdims or not any(outputs)):
        spelt += [()] * len(outputs)
    if len(spelt) != len(inputs) + len(outputs):
        raise ValueError("`axes` must have a tuple for each input and output")
    return spelt[: len(inputs)], spelt[len(inputs) :]


def _dtypes(func: Any, arrays: Any, n: int, dtypes: Any, meta: Any, vectorize: Any, rest: Rest) -> list[Any]:
    """Return the dtypes of all outputs, as they were given or as a call on one element has them."""
    if dtypes is not None:
        return list(dtypes) if isinstance(dtypes, (list, tuple)) else [dtypes] * n
    if meta is not None:
        return [x.dtype for x in (meta if isinstance(meta, (list, tuple)) else [meta])]
    example = rest.example()
    if example is None:
        return [None] * n
    function = np.vectorize(func, signature=vectorize) if vectorize else func
    try:
        found = function(*[np.ones((1,) * x.ndim, x.dtype) for x in arrays], **example.kwargs)
    except Exception:
        return [None] * n
    several = found if isinstance(found, (tuple, list)) else [found]
    return [np.asarray(x).dtype for x in several] if len(several) == n else [None] * n
