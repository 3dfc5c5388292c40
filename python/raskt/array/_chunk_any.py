"""What native kernels hand on: calls on blocks that are no plain arrays of native dtypes.

The engine looks at each block. Where one is masked, sparse, of a subclass, of another library, or of a dtype
that only NumPy knows, it calls `run` with the kernel's name and parameters, which does the same with NumPy's
functions. What comes back has the form in which the kernel returns it, so that the next may be native again.
"""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from raskt._forks import before_forks
from raskt.array import _chunk, _chunk_masked, _chunk_order, _chunk_reduce
from raskt.array._meta import dtype_named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__: list[str] = []

Block = Any


class _Helper(NamedTuple):
    """What does a kernel's work: on masked arrays, and on arrays without NumPy's protocols, if it says so."""

    function: Callable[[list[Any], dict[str, Any], Any], Any]
    masked: bool = False
    bare: bool = False


def run(name: str, inputs: list[Any], shared: Any, own: Any) -> Any:
    """Return what the kernel `name` would, for blocks of any type.

    Parameters
    ----------
    name : str
        The kernel: ``array.slice``.
    inputs : list
        The values of the task's inputs, lists of them among them.
    shared, own : object
        The kernel's parameters: those of all tasks, and those of this one.

    Returns
    -------
    object
        A block, or a list of them.

    Raises
    ------
    NotImplementedError
        If nothing keeps what the blocks mean.
    """
    helper = _HELPERS.get(name)
    for block in _flat(inputs):
        if isinstance(block, np.ma.MaskedArray):
            fits = helper is not None and helper.masked
        elif _is_bare(block):
            fits = helper is not None and helper.bare and hasattr(block, "shape")
        else:
            fits = helper is not None
        if not fits:
            raise _chunk.refused(name.removeprefix("array."), block)
    assert helper is not None
    shared = {} if shared is None else shared
    if name in _OF_PLANNED_DTYPES:
        for value, dtype in zip(inputs, shared.get("from", ()), strict=False):
            for block in _flat([value]):
                _planned(block, dtype)
    return helper.function(inputs, shared, own)


def _flat(values: list[Any]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, list):
            yield from _flat(value)
        else:
            yield value


def _is_bare(block: Block) -> bool:
    """Return whether NumPy's functions do not know a block: no array, no number, without their protocol."""
    known = (np.ndarray, np.generic, bool, int, float, complex)
    return not isinstance(block, known) and not hasattr(type(block), "__array_function__")


def _planned(block: Block, name: str) -> None:
    """Check that a block is of the dtype that its kernel was planned for, in whatever order of bytes."""
    found, known = getattr(block, "dtype", None), dtype_named(name)
    if isinstance(found, np.dtype) and known is not None and found.newbyteorder("=") != known:
        raise TypeError(
            f"expected a block of the planned dtype, found {found}, where {known} was guessed: pass dtype= "
            "(or meta=, output_dtypes=) as the function that made the block returns it, or have it cast"
        )


def _helper(function: Callable[..., Any]) -> Callable[[list[Any], dict[str, Any], Any], Any]:
    """Return the form in which a helper of the package is called here."""

    def called(inputs: list[Any], shared: dict[str, Any], own: Any) -> Any:
        kwargs = {name: value for name, value in shared.items() if name not in ("dtype", "from")}
        kwargs |= own if isinstance(own, dict) else {} if own is None else {"own": own}
        return function(*inputs, **kwargs)

    return called


# ---- element by element ----

_OPERATORS: dict[str, Callable[..., Any]] = {
    "absolute": operator.abs,
    "add": operator.add,
    "divide": operator.truediv,
    "equal": operator.eq,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "less": operator.lt,
    "less_equal": operator.le,
    "negative": operator.neg,
    "not_equal": operator.ne,
    "subtract": operator.sub,
}
"""Operators that mean one element after the other whatever the type."""


def _elementwise(blocks: list[Block], program: dict[str, Any], own: Any) -> Any:
    """Run a program: inputs, constants and steps are numbered one after the other."""
    for block, name in zip(blocks, program["inputs"], strict=True):
        _planned(block, name)
    registers = [*blocks, *(_constant(*constant) for constant in program["constants"])]
    for name, *operands in program["steps"]:
        registers.append(_step(name, [registers[at] for at in operands]))
    fold = program.get("fold")
    return registers[-1] if fold is None else _folded(registers[-1], fold, own)


def _constant(name: str, *words: int) -> Any:
    known = dtype_named(name)
    assert known is not None
    return np.array(words, dtype="<i8").view(np.uint8)[: known.itemsize].view(known)[0]


def _step(name: str, operands: list[Any]) -> Any:
    if name.startswith("cast:"):
        return operands[0].astype(dtype_named(name.removeprefix("cast:")))
    bare = next((x for x in operands if _is_bare(x) and not hasattr(type(x), "__array_ufunc__")), None)
    if bare is not None:
        return _step_of_bare(name, bare, operands)
    if name == "where":
        return _chunk.where_block(*operands)
    if name == "power" and _chunk_masked.has_masked(operands):
        # As the operator has it: what comes to no number is masked.
        return np.ma.power(*operands)  # type: ignore[no-untyped-call]
    return getattr(np, name)(*operands)


def _step_of_bare(name: str, bare: Block, operands: list[Any]) -> Any:
    """Do one step by a type's own methods: its operators may mean products of matrices."""
    if name == "square":
        name, operands = "multiply", operands * 2
    first, *rest = operands
    if name == "multiply" and first is not bare:
        first, rest = bare, [first]
    own = getattr(type(first), name, None)
    if callable(own) and first is bare:
        return own(first, *rest)
    if name not in _OPERATORS:
        raise _chunk.refused(name, bare)
    return _OPERATORS[name](*operands)


# ---- reductions ----


def _folded(block: Block, spec: dict[str, Any], own: Any) -> Any:
    """Reduce a block, to a partial result or to the end."""
    axes = tuple(range(block.ndim)) if spec["axes"] is None else tuple(spec["axes"])
    partial = _partial(block, spec["kind"], axes, own if isinstance(own, dict) else {})
    return partial if spec["partial"] else _finished([partial], axes, {"from": str(block.dtype), **spec})


def _wide(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return np.dtype({"float32": "f8", "complex64": "c16"}.get(dtype.name, dtype))


def _dtype_of(kind: str, name: str) -> np.dtype[Any]:
    """Return the dtype of NumPy's reduction of elements of a dtype."""
    if kind.startswith(("arg", "nanarg")) or kind == "count_nonzero":
        return np.dtype(np.int64)
    found: np.dtype[Any] = getattr(np, kind)(np.ones(1, dtype_named(name))).dtype
    return found


def _partial(block: Block, kind: str, axes: tuple[int, ...], place: dict[str, Any]) -> Any:
    """Return the partial result of a block in the form and the dtypes of the native one."""
    if _is_bare(block):
        return _partial_of_bare(block, kind, axes)
    if kind == "count_nonzero":
        return np.sum(np.not_equal(block, 0), axis=axes, keepdims=True, dtype=np.int64)
    options: dict[str, Any] = {}
    dtype: Any = np.dtype(np.complex128 if block.dtype.kind == "c" else np.float64)
    if "arg" in kind:
        starts = place.get("offsets") or [0] * block.ndim
        options = {"ranges": [(start, None) for start in starts], "shape": place.get("shape", block.shape)}
    elif kind.endswith(("sum", "prod")) and block.dtype.kind != "m":
        dtype = _wide(_dtype_of(kind, str(block.dtype)))
    found = _chunk_reduce.reduce_chunk(block, kind=kind, axis=axes, dtype=str(dtype), **options)
    return _as_native(found)


def _partial_of_bare(block: Block, kind: str, axes: tuple[int, ...]) -> Any:
    if kind not in ("sum", "mean") or not axes:
        raise _chunk.refused(kind, block)
    dtype = np.dtype(np.complex128 if block.dtype.kind == "c" else np.float64)
    kept = tuple(1 if axis in axes else n for axis, n in enumerate(block.shape))
    total = block.sum(axis=None if len(axes) == block.ndim else axes if len(axes) > 1 else axes[0])
    total = np.asarray(total).reshape(kept)
    if kind == "sum":
        return total.astype(_wide(_dtype_of(kind, str(block.dtype))))
    n = math.prod(block.shape[axis] for axis in axes)
    return [np.full(kept, n, dtype=np.int64), total.astype(dtype)]


def _as_native(found: Any) -> Any:
    """Return a partial result of the package's helpers as native kernels have them."""
    if isinstance(found, tuple):
        return list(found)
    if not isinstance(found, dict):
        return found
    total = found["total"]
    n = np.array(np.broadcast_to(np.asarray(found["n"], dtype=np.int64), total.shape))
    parts = [n, total.astype(_wide(np.result_type(total.dtype, np.float64)))]
    return [*parts, found["m2"].astype(np.float64)] if "m2" in found else parts


def _as_helpers(kind: str, part: Any) -> Any:
    """Return a partial result of native kernels as the package's helpers have them."""
    if not isinstance(part, list):
        return part
    if "arg" in kind:
        return tuple(part)
    return dict(zip(("n", "total", "m2"), part, strict=False))


def _parts(inputs: list[Any], spec: dict[str, Any]) -> tuple[list[Any], tuple[int, ...]]:
    parts = inputs[0] if spec.get("gathered") and len(inputs) == 1 else inputs
    first = parts[0][0] if isinstance(parts[0], list) else parts[0]
    return parts, tuple(range(first.ndim)) if spec["axes"] is None else tuple(spec["axes"])


def _combine(inputs: list[Any], spec: dict[str, Any], own: Any) -> Any:
    del own
    parts, axes = _parts(inputs, spec)
    kind = "sum" if spec["kind"] == "count_nonzero" else spec["kind"]
    found = _chunk_reduce.reduce_combine([_as_helpers(kind, part) for part in parts], kind=kind, axis=axes)
    return _as_native(found)


def _aggregate(inputs: list[Any], spec: dict[str, Any], own: Any) -> Any:
    del own
    parts, axes = _parts(inputs, spec)
    return _finished(parts, axes, spec)


def _finished(parts: list[Any], axes: tuple[int, ...], spec: dict[str, Any]) -> Any:
    dtype = spec["dtype"] or str(_dtype_of(spec["kind"], spec["from"]))
    kind = "sum" if spec["kind"] == "count_nonzero" else spec["kind"]
    return _chunk_reduce.reduce_aggregate(
        [_as_helpers(kind, part) for part in parts],
        kind=kind,
        axis=axes,
        dtype=dtype,
        keepdims=spec["keepdims"],
        ddof=spec["ddof"],
    )


def _cumulate(inputs: list[Any], shared: dict[str, Any], own: Any) -> Any:
    del own
    (block,) = inputs
    kind = shared["kind"].replace("sum", "cumsum").replace("prod", "cumprod")
    if kind.startswith("nan") and isinstance(block, np.ma.MaskedArray):
        raise _chunk.refused(kind, block)
    return _chunk.scan_block(block, kind, shared["axis"], shared["dtype"])


# ---- elements moved ----


def _slice(inputs: list[Any], shared: Any, own: Any) -> Any:
    told = own if own is not None else shared
    return _chunk.slice_block(inputs[0], own=told["cuts"] if isinstance(told, dict) else told)


def _region(block: Block, own: Any) -> Block:
    return block[tuple(slice(*interval) for (interval,) in own)]


def _transpose(block: Block, axes: Any) -> Block:
    return np.transpose(block, tuple(axes))


def _join(*inputs: Any, own: Any = None, axes: Any = None, counts: Any = None) -> Block:
    blocks = list(_flat(list(inputs)))
    if axes is not None:
        return _chunk.join_grid(*blocks, axes=axes, counts=counts)
    if own and isinstance(own[0], list):
        return _chunk.join(*blocks, own=own)
    return _chunk.assemble(blocks, own)


def _cut(block: Block, own: Any) -> list[Block]:
    pieces: list[Any] = [()]
    for regions in own:
        pieces = [(*piece, slice(*region)) for piece in pieces for region in regions]
    return [block[piece] for piece in pieces]


def _compress(block: Block, mask: Block, axis: int | None = None) -> Block:
    return _chunk.masked(block, mask) if axis is None else _chunk.compress(block, mask, axis)


def _overlay(*parts: Block, axis: int | None = None) -> Block:
    return _chunk.overlay(*parts, axis=0) if axis is None else _chunk.overlaid(*parts, axis=axis)


# ---- contractions ----


def _matmul(left: Any, right: Any) -> Block:
    """Return the sum of the products of two blocks, or of two lists of them."""
    lefts, rights = (part if isinstance(part, list) else [part] for part in (left, right))
    if _chunk_masked.has_masked([*lefts, *rights]):
        return _chunk_masked.sum_of_products(np.matmul, zip(lefts, rights, strict=True))
    with before_forks:
        products = [a @ b for a, b in zip(lefts, rights, strict=True)]
    if products[0].dtype == bool and not _is_bare(products[0]):
        return np.any(products, axis=0) if len(products) > 1 else products[0]
    return sum(products[1:], products[0])


def _tensordot(*parts: Any, axes: Any) -> Block:
    return _chunk.tensordot_blocks(*_flat(list(parts)), axes=axes)


# ---- elements compared ----


def _topk(inputs: list[Any], shared: dict[str, Any], own: Any) -> Any:
    k, axis = shared["k"], shared["axis"]
    ranges = own["ranges"] if isinstance(own, dict) else None

    def candidates(part: Any) -> Any:
        if isinstance(part, list):
            return part
        at = axis % part.ndim
        place = ranges[at] if ranges is not None and ranges[at] is not None else (0, 0)
        return _chunk_order.top_chunk(part, k, at, {at: place})

    values, places = _chunk_order.top_combine(*map(candidates, inputs), k=k, axis=axis)
    if not shared.get("indices"):
        return values
    return places if shared.get("final") else [values, places]


def _unique(inputs: list[Any], shared: dict[str, Any], own: Any) -> Any:
    ranges = own["ranges"] if isinstance(own, dict) and "ranges" in own else [None]

    def chunk(part: Any) -> Any:
        return part if isinstance(part, list) else _chunk_order.unique_chunk(part, "", True, ranges)

    found = list(_chunk_order.unique_combine(*map(chunk, inputs), what="", equal_nan=True))
    return found if shared.get("output") is None else found[shared["output"]]


def _quantile(block: Block, q: Any, axes: Any, method: str, skip_nan: bool, keepdims: bool) -> Block:
    prefix = "nan" if skip_nan else ""
    if isinstance(block, np.ma.MaskedArray):
        if method != "median" or skip_nan:
            raise _chunk.refused("quantile", block)
        return _chunk_masked.median_of(block, axes, keepdims)
    if method == "median":
        return getattr(np, f"{prefix}median")(block, axis=tuple(axes), keepdims=keepdims)
    function = getattr(np, f"{prefix}quantile")
    return function(block, q, axis=tuple(axes), method=method, keepdims=keepdims)


_OF_PLANNED_DTYPES = {
    "array.assign",
    "array.bincount",
    "array.cumulate",
    "array.digitize",
    "array.histogram",
    "array.inverse",
    "array.isin",
    "array.matmul",
    "array.quantile",
    "array.searchsorted",
    "array.tensordot",
}
"""Kernels that convert: their parameters say (``from``) what dtypes their inputs are planned to have."""


def _write_zarr(inputs: list[Any], shared: dict[str, Any], own: Any) -> Any:
    """Write a block by zarr's own library, and return an array of one element."""
    import json

    import zarr

    (block,) = inputs
    # The metadata is the opened array's: what stands in the folder may be consolidated elsewhere.
    said = json.loads(shared["metadata"])
    target = zarr.open_array(shared["folder"], mode="r+", zarr_format=said["zarr_format"])
    target = target.with_config({"write_empty_chunks": shared["empty"]})
    places = zip(own["ranges"], shared["starts"], strict=True)
    # What is masked is stored as it is: zarr refuses masked arrays that are whole chunks.
    index = tuple(slice(start + first, stop + first) for (start, stop), first in places)
    target[index] = np.ma.getdata(block) if isinstance(block, np.ma.MaskedArray) else block
    return np.ones((1,) * np.ndim(block), np.bool_)


_HELPERS: dict[str, _Helper] = {
    "array.elementwise": _Helper(_elementwise, masked=True, bare=True),
    "array.combine": _Helper(_combine, masked=True),
    "array.aggregate": _Helper(_aggregate, masked=True),
    "array.cumulate": _Helper(_cumulate, masked=True),
    "array.carried": _Helper(_helper(_chunk.last_of_block), masked=True),
    "array.preceding": _Helper(_helper(_chunk.scan_before)),
    "array.slice": _Helper(_slice, masked=True, bare=True),
    "array.region": _Helper(_helper(_region), masked=True, bare=True),
    "array.transpose": _Helper(_helper(_transpose), masked=True, bare=True),
    "array.broadcast": _Helper(_helper(_chunk.broadcast_block), masked=True),
    "array.reshape": _Helper(_helper(_chunk.reshape_block), masked=True, bare=True),
    "array.write_zarr": _Helper(_write_zarr, masked=True),
    "array.join": _Helper(_helper(_join), masked=True, bare=True),
    "array.cut": _Helper(_helper(_cut), masked=True, bare=True),
    "array.extend": _Helper(_helper(_chunk.overlap_block), masked=True),
    "array.compress": _Helper(_helper(_compress), masked=True),
    "array.repeat": _Helper(_helper(np.repeat), masked=True),
    "array.points": _Helper(_helper(_chunk.points), masked=True),
    "array.assign": _Helper(_helper(_chunk.assign), masked=True),
    "array.diagonal": _Helper(_helper(_chunk.diagonal), masked=True),
    "array.triangle": _Helper(_helper(_chunk.triangle)),
    "array.true_places": _Helper(_helper(_chunk.true_places), masked=True),
    "array.overlay": _Helper(_helper(_overlay), masked=True),
    "array.take": _Helper(_helper(_chunk.picked_block), masked=True),
    "array.matmul": _Helper(_helper(_matmul), masked=True, bare=True),
    "array.tensordot": _Helper(_helper(_tensordot), masked=True),
    "array.topk": _Helper(_topk),
    "array.sort": _Helper(_helper(_chunk_order.sort_block), masked=True),
    "array.merge": _Helper(_helper(_chunk_order.merge_blocks)),
    "array.unique": _Helper(_unique),
    "array.searchsorted": _Helper(_helper(_chunk_order.places_before)),
    "array.inverse": _Helper(_helper(_chunk_order.inverse)),
    "array.digitize": _Helper(_helper(_chunk_order.digitize)),
    "array.isin": _Helper(_helper(_chunk_order.isin)),
    "array.bincount": _Helper(_helper(_chunk_order.bincount_chunk)),
    "array.padded_sum": _Helper(_helper(lambda *parts: _chunk_order.bincount_combine(*parts, minlength=0))),
    "array.histogram": _Helper(_helper(_chunk_order.histogram)),
    "array.quantile": _Helper(_helper(_quantile), masked=True),
}
"""By kernel. Those that make arrays get none."""
