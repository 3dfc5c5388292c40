"""`Array`: what it tells of itself, and what computes it."""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from raskt import _raskt
from raskt._dask.mixin import SpeaksDask
from raskt._lazy import finder, late
from raskt.array._base import array_of, typed
from raskt.array._chunk import assemble
from raskt.array._graph import expr_of_graph, graph_of, keys_of, rebuild, whole_of
from raskt.array._meta import dtype_name, dtype_named
from raskt.array._methods import Methods
from raskt.array._op import op
from raskt.array._operators import Operators
from raskt.base import compute
from raskt.collection import CollectionMethods
from raskt.locks import held, lock_of
from raskt.naming import key_split, typename

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Array", "to_delayed"]

array_function: Callable[..., Any] = late("raskt.array._protocols", "array_function")
array_ufunc: Callable[..., Any] = late("raskt.array._protocols", "array_ufunc")
blocks_of: Callable[..., Any] = late("raskt.array._indexing", "Blocks")
getitem: Callable[..., Any] = late("raskt.array._indexing", "getitem")
imag: Callable[..., Array] = late("raskt.array.ufuncs", "imag")
known: Callable[..., Array] = late("raskt.array._sizes", "known")
meta_from_array: Callable[..., Any] = late("raskt.array.metas", "meta_from_array")
points_of: Callable[..., Any] = late("raskt.array._points", "VIndex")
real: Callable[..., Array] = late("raskt.array.ufuncs", "real")
setitem: Callable[..., Array] = late("raskt.array._assignment", "setitem")
svg: Callable[..., str] = late("raskt.array._html", "svg")
table: Callable[..., str] = late("raskt.array._html", "table")

Chunks = tuple[tuple[int, ...], ...]


class Array(SpeaksDask, Operators, Methods, CollectionMethods):
    """A lazy n-dimensional array, cut into chunks.

    Arrays are made by functions such as `from_array`, `ones` and `arange`, and by operations on other
    arrays, which look as NumPy's do. Nothing is computed until `compute` is called.

    Code that writes tasks of its own makes one of a graph:

    Parameters
    ----------
    dask : mapping
        A graph, whose keys ``(name, 0, 0)``, ``(name, 0, 1)``, ... have the blocks.
    name : str
        What these keys begin with.
    chunks : tuple of tuples of int
        How the array is cut; NaN for sizes that are not known. With ``shape`` what `normalize_chunks` takes.
    dtype : dtype, optional
        The dtype of the elements.
    meta : array_like, optional
        An array of the type, the dtype and the number of axes of the blocks.
    shape : tuple of int, optional
        The shape, where ``chunks`` do not say it.

    Examples
    --------
    >>> import raskt.array as ra
    >>> x = ra.arange(10, chunks=5)
    >>> (x + 1).sum().compute()
    np.int64(55)
    """

    __slots__ = ("_cache", "_expr", "_given_meta", "_given_name")
    __array_priority__ = 11

    _cache: np.dtype[Any]

    def __init__(
        self,
        dask: Mapping[Any, Any] | _raskt.ArrayExpr,
        name: str | None = None,
        chunks: Any = None,
        dtype: Any = None,
        meta: Any = None,
        shape: Any = None,
    ) -> None:
        if isinstance(dask, _raskt.ArrayExpr):
            self._expr = dask
            return
        self._expr = expr_of_graph(dask, name, chunks, dtype, meta, shape)
        self._given_name = str(name)
        if meta is not None:
            self._meta = meta

    # ---- what it is ----

    @property
    def _dtype(self) -> np.dtype[Any] | None:
        return dtype_named(self._expr.dtype)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the elements."""
        try:
            return self._cache
        except AttributeError:
            dtype = dtype_named(self._expr.dtype)
            if dtype is None:
                return np.dtype("O")
            self._cache = dtype
            return dtype

    @property
    def expr(self) -> _raskt.ArrayExpr:
        """What it is made by: two arrays of the same expression are computed once."""
        return self._expr

    @property
    def shape(self) -> tuple[int, ...]:
        """The length along each axis; NaN for lengths that are not known."""
        return self._expr.shape

    @property
    def chunks(self) -> Chunks:
        """The sizes of all chunks along each axis; NaN for sizes that are not known."""
        return self._expr.chunks

    @property
    def chunksize(self) -> tuple[int, ...]:
        """The size of the largest chunk along each axis."""
        return self._expr.chunksize

    @property
    def numblocks(self) -> tuple[int, ...]:
        """The number of chunks along each axis."""
        return self._expr.numblocks

    @property
    def npartitions(self) -> int:
        """The number of chunks."""
        return self._expr.n_blocks

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self._expr.ndim

    @property
    def size(self) -> int:
        """The number of elements; NaN where it is not known."""
        return math.prod(self.shape)

    @property
    def itemsize(self) -> int:
        """The bytes of one element."""
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        """The bytes of all elements; NaN where it is not known."""
        return self.size * self.dtype.itemsize

    @property
    def name(self) -> str:
        """What the keys of its blocks begin with."""
        try:
            return self._given_name
        except AttributeError:
            return self._expr.name

    @property
    def _meta(self) -> Any:
        """An array without elements, of the type, dtype and number of axes of the blocks."""
        try:
            return self._given_meta
        except AttributeError:
            return np.empty((0,) * self.ndim, dtype=self.dtype)

    @_meta.setter
    def _meta(self, meta: Any) -> None:
        known = self._dtype
        self._given_meta = meta_from_array(meta, ndim=self.ndim, dtype=known)
        if known is None:
            self._expr = self.astype(self._given_meta.dtype)._expr

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of unsized object")
        length = self.shape[0]
        if length != length:
            raise ValueError("the length of the first axis is not known: call compute_chunk_sizes() first")
        return length

    def __repr__(self) -> str:
        shape = "(" + ", ".join("nan" if n != n else str(n) for n in self.shape)
        shape += ",)" if self.ndim == 1 else ")"
        size = ", ".join("nan" if n != n else str(n) for n in self.chunksize)
        size = f"({size},)" if self.ndim == 1 else f"({size})"
        dtype = "unknown" if self._dtype is None else self.dtype
        called = key_split(self.name) if hasattr(self, "_given_name") else self._expr.label
        kind = typename(type(self._meta))
        return f"raskt.array<{called}, shape={shape}, dtype={dtype}, chunksize={size}, chunktype={kind}>"

    def _repr_html_(self) -> str:
        return table(self)

    def to_svg(self, size: int = 200) -> str:
        """Return a picture of the chunks as SVG.

        Parameters
        ----------
        size : int, optional
            The length of the longest side in pixels.

        Returns
        -------
        str
            The picture.
        """
        return svg(self.chunks, size)

    def explain(self) -> str:
        """Return what becomes of the array, as text: its expression, the rules that apply, its layers."""
        return self._expr.explain()

    # ---- a collection ----

    def __raskt_graph__(self) -> dict[Any, Any]:
        return graph_of(self)

    def __raskt_keys__(self) -> list[Any]:
        return keys_of(self)

    def __raskt_postcompute__(self) -> tuple[Any, tuple[Any, ...]]:
        return whole_of, (self.numblocks,)

    def __raskt_postpersist__(self) -> tuple[Any, tuple[Any, ...]]:
        return rebuild, (self.name, self._expr.grid, self._expr.dtype, self._expr.token)

    def __raskt_tokenize__(self) -> str:
        return self._expr.token

    __raskt_scheduler__ = "threads"

    def __raskt_blocks__(self) -> list[_raskt.Delayed]:
        """Return the blocks as delayed values, in C order."""
        return [_raskt.array_delayed(self._expr, at, True) for at in range(self.npartitions)]

    def __raskt_delayed__(self, optimize_graph: bool = True) -> _raskt.Delayed:
        """Return the delayed value of the whole array: what `compute` asks for."""
        return _raskt.array_delayed(self._expr, -1, optimize_graph)

    def __raskt_persist__(self, optimize_graph: bool = True) -> tuple[_raskt.Delayed, Any]:
        """Return the delayed list of all blocks, and what makes an array of it."""
        expr = self._expr

        def rebuild(blocks: list[Any]) -> Array:
            kept = array_of(_raskt.array_persisted(blocks, expr.grid, expr.dtype, expr.token))
            return self._told_to(kept)

        return _raskt.array_delayed(expr, -2, optimize_graph), rebuild

    def _told_to(self, other: Array) -> Array:
        """Give another array of the same content the name and the type that were said of this one."""
        for slot in ("_given_name", "_given_meta"):
            if hasattr(self, slot):
                setattr(other, slot, getattr(self, slot))
        return other

    def __reduce__(self) -> tuple[Any, ...]:
        if not hasattr(self, "_given_name") and not hasattr(self, "_given_meta"):
            return Array, (self._expr,)
        said = (getattr(self, "_given_name", None), getattr(self, "_given_meta", None))
        return _restored, (self._expr, *said)

    def compute(self, **kwargs: Any) -> Any:
        """Compute the array.

        Parameters
        ----------
        **kwargs
            As in `raskt.compute`.

        Returns
        -------
        numpy.ndarray
            The values; a scalar where there are no axes.
        """
        return compute(self, traverse=False, **kwargs)[0]

    def to_delayed(self, optimize_graph: bool = True) -> np.ndarray[Any, Any]:
        """Return the blocks as delayed values, in an array of the same grid.

        Parameters
        ----------
        optimize_graph : bool, optional
            Whether the array is simplified and fused before its blocks are computed.

        Returns
        -------
        numpy.ndarray of Delayed
            A delayed value for each block.
        """
        found = np.empty(self.numblocks, dtype=object)
        for at, index in enumerate(np.ndindex(*self.numblocks)):
            found[index] = _raskt.array_delayed(self._expr, at, optimize_graph)
        return found

    def compute_chunk_sizes(self) -> Array:
        """Find out the sizes of all chunks, and keep them.

        Returns
        -------
        Array
            This array, whose chunks are then known.

        Examples
        --------
        >>> import raskt.array as ra
        >>> x = ra.arange(10, chunks=5)
        >>> x[x > 2].compute_chunk_sizes().chunks
        ((2, 5),)
        """
        self._expr = known(self)._expr
        return self

    # ---- NumPy ----

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        if copy is False:
            raise ValueError("an array that has not been computed cannot be had without a copy")
        found = np.asarray(self.compute())
        return found if dtype is None else found.astype(dtype, copy=False)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return array_ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return array_function(func, types, args, kwargs)

    def _scalar(self, kind: Any) -> Any:
        if self.size != 1:
            raise TypeError("only arrays of one element can be converted to a Python number")
        return kind(self.compute().item())

    def __bool__(self) -> bool:
        if self.size != 1:
            raise ValueError(
                f"the truth of an array of {self.size} elements is ambiguous: use any() or all()"
            )
        return bool(self.compute())

    def __int__(self) -> int:
        return int(self._scalar(int))

    def __float__(self) -> float:
        return float(self._scalar(float))

    def __complex__(self) -> complex:
        return complex(self._scalar(complex))

    def __index__(self) -> int:
        return operator.index(self._scalar(operator.index))

    def __iter__(self) -> Any:
        for at in range(len(self)):
            yield self[at]

    def __contains__(self, item: Any) -> bool:
        return bool((self == item).any().compute())

    def __getitem__(self, key: Any) -> Any:
        try:
            expr = self._expr.getitem(key)
        except ValueError:
            if all(n == n for n in self.shape):
                raise
            expr = None  # sizes have to be known first
        if expr is not None:
            return self if expr == self._expr else typed(array_of(expr), (self,))
        return getitem(self, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        made = setitem(self, key, value)
        self._expr = made._expr
        if hasattr(made, "_given_meta"):
            self._given_meta = made._given_meta
        for slot in ("_cache", "_given_name"):
            if hasattr(self, slot):
                delattr(self, slot)

    def astype(self, dtype: Any, **kwargs: Any) -> Array:
        """Return the same elements as another dtype.

        Parameters
        ----------
        dtype : dtype
            The dtype.
        **kwargs
            ``casting``, ``copy``, ``order`` and ``subok``, as in NumPy.

        Returns
        -------
        Array
            The elements, cast; the array itself where it has the dtype.
        """
        kwargs.pop("copy", None)
        extra = set(kwargs) - {"casting", "order", "subok"}
        if extra:
            raise TypeError(f"astype does not take the keyword arguments {sorted(extra)!r}")
        dtype = np.dtype(dtype)
        if dtype == self._dtype and not kwargs.keys() & {"order", "subok"}:
            return self
        casting = kwargs.get("casting", "unsafe")
        if not np.can_cast(self.dtype, dtype, casting=casting):
            raise TypeError(
                f"Cannot cast array data from {self.dtype!r} to {dtype!r} according to the rule {casting!r}"
            )
        parameters: dict[str, Any] = {"dtype": dtype_name(dtype)}
        if kwargs:
            parameters["kwargs"] = kwargs
        return op("astype", (self,), parameters)

    # ---- views ----

    @property
    def T(self) -> Array:
        """The array with its axes reversed."""
        return self.transpose()

    @property
    def A(self) -> Array:
        """The array itself."""
        return self

    @property
    def real(self) -> Array:
        """The real parts."""
        return real(self)

    @property
    def imag(self) -> Array:
        """The imaginary parts."""
        return imag(self)

    @property
    def blocks(self) -> Any:
        """Blocks by their place in the grid: ``x.blocks[0, :2]``."""
        return blocks_of(self)

    partitions = blocks

    @property
    def vindex(self) -> Any:
        """Elements by lists of places that belong together: ``x.vindex[[0, 1], [2, 3]]``."""
        return points_of(self)


def to_delayed(x: Array) -> np.ndarray[Any, Any]:
    """Return the blocks of an array as delayed values."""
    return x.to_delayed()


def _restored(expr: _raskt.ArrayExpr, name: str | None, meta: Any) -> Array:
    """Return an array of which a name, or the type of its blocks, has been said."""
    made = array_of(expr)
    if name is not None:
        made._given_name = name
    if meta is not None:
        made._given_meta = meta
    return made


def getter(a: Any, b: Any, asarray: bool | None = True, lock: Any = None) -> Any:
    """Return a region of anything that takes slices: the task that reads a block.

    Parameters
    ----------
    a : array_like
        Where it lies: an array, a data set of a file.
    b : tuple of slices
        Which region.
    asarray : bool, optional
        Whether it becomes a NumPy array; by default unless it has ``__array_function__``.
    lock : lock, optional
        What is held meanwhile.

    Returns
    -------
    array

    Examples
    --------
    >>> import numpy as np
    >>> from raskt.array.core import getter
    >>> getter(np.arange(5), (slice(1, 3),))
    array([1, 2])
    """
    with held(lock_of(lock)):
        found = a[b]
        if asarray or (asarray is None and not hasattr(found, "__array_function__")):
            found = np.asarray(found)
    return found


getter_nofancy = getter_inline = getter
"""The same: the engine decides what is put where it is needed, and which regions are asked for."""


def finalize(results: Any) -> Any:
    """Return the blocks of an array, in nested lists, as one.

    Parameters
    ----------
    results : list
        The blocks, nested as the keys of the array are.

    Returns
    -------
    array

    Examples
    --------
    >>> import numpy as np
    >>> from raskt.array.core import finalize
    >>> finalize([[np.ones((1, 2)), np.zeros((1, 1))]])
    array([[1., 1., 0.]])
    """
    counts, level = [], [results]
    while level and isinstance(level[0], (list, tuple)):
        counts.append(len(level[0]))
        level = [item for items in level for item in items]
    return assemble(level, counts) if level else np.empty(0)


def concatenate3(arrays: Any) -> Any:
    """Return arrays in nested lists as one: see `finalize`."""
    return finalize(arrays)


_MODULES = {
    "blockwise": "blockwise map_blocks",
    "chunking": (
        "blockdims_from_blockshape broadcast_chunks broadcast_shapes cached_cumsum common_blockdim "
        "slices_from_chunks"
    ),
    "concatenate": "block concatenate stack",
    "conversion": "array asanyarray asarray from_array from_delayed",
    "dispatch": "concatenate_lookup",
    "elementwise": "elemwise handle_out is_scalar_for_elemwise",
    "metas": "compute_meta meta_from_array",
    "rechunk": "normalize_chunks unify_chunks",
    "shape": "broadcast_arrays broadcast_to",
    "hdf5": "to_hdf5",
    "npy": "from_npy_stack to_npy_stack",
    "store": "store",
    "zarr": "from_zarr to_zarr",
}
__getattr__ = finder(
    __name__,
    {name: f"raskt.array.{home}" for home, names in _MODULES.items() for name in names.split()}
    | {
        "BlockView": "raskt.array._indexing:Blocks",
        "PerformanceWarning": "raskt.exceptions",
        "sizeof": "raskt.sizeof",
        "named_schedulers": "raskt.base",
    },
)
