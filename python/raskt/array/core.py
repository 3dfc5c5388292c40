"""`Array`: what it tells of itself, and what computes it."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from raskt import _raskt
from raskt._dask.mixin import SpeaksDask
from raskt.array._meta import dtype_name, dtype_named
from raskt.array._op import array_of, op
from raskt.array._operators import Operators

__all__ = ["Array", "to_delayed"]

Chunks = tuple[tuple[int, ...], ...]


class Array(SpeaksDask, Operators):
    """A lazy n-dimensional array, cut into chunks.

    Arrays are made by functions such as `from_array`, `ones` and `arange`, and by operations on other
    arrays, which look as NumPy's do. Nothing is computed until `compute` is called.

    Examples
    --------
    >>> import raskt.array as ra
    >>> x = ra.arange(10, chunks=5)
    >>> (x + 1).sum().compute()
    np.int64(55)
    """

    __slots__ = ("__weakref__", "_cache", "_expr")
    __array_priority__ = 11

    _cache: np.dtype[Any]

    def __init__(self, expr: _raskt.ArrayExpr) -> None:
        if not isinstance(expr, _raskt.ArrayExpr):
            raise TypeError("arrays are made by functions such as from_array, not by Array(...)")
        self._expr = expr

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
        return self._expr.name

    @property
    def _meta(self) -> np.ndarray[Any, Any]:
        return np.empty((0,) * self.ndim, dtype=self.dtype)

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
        return f"raskt.array<{self._expr.operation}, shape={shape}, dtype={dtype}, chunksize={size}>"

    def _repr_html_(self) -> str:
        from raskt.array._html import table

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
        from raskt.array._html import svg

        return svg(self.chunks, size)

    def explain(self) -> str:
        """Return what becomes of the array, as text: its expression, the rules that apply, its layers."""
        return self._expr.explain()

    # ---- a collection ----

    def __raskt_graph__(self) -> dict[Any, Any]:
        from raskt.array._graph import graph_of

        return graph_of(self)

    def __raskt_keys__(self) -> list[Any]:
        from raskt.array._graph import keys_of

        return keys_of(self)

    def __raskt_postcompute__(self) -> tuple[Any, tuple[Any, ...]]:
        from raskt.array._graph import finalize

        return finalize, (self.numblocks,)

    def __raskt_postpersist__(self) -> tuple[Any, tuple[Any, ...]]:
        from raskt.array._graph import rebuild

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
            return array_of(_raskt.array_persisted(blocks, expr.grid, expr.dtype, expr.token))

        return _raskt.array_delayed(expr, -2, optimize_graph), rebuild

    def __reduce__(self) -> tuple[Any, ...]:
        return Array, (self._expr,)

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
        from raskt.base import compute

        return compute(self, traverse=False, **kwargs)[0]

    def persist(self, **kwargs: Any) -> Array:
        """Compute the array and keep its blocks in memory.

        Parameters
        ----------
        **kwargs
            As in `raskt.persist`.

        Returns
        -------
        Array
            The same array, whose blocks are there.
        """
        from raskt.base import persist

        kept: Array = persist(self, traverse=False, **kwargs)[0]
        return kept

    def visualize(self, *args: Any, **kwargs: Any) -> Any:
        """Draw the graph of tasks; see `raskt.visualize`."""
        from raskt._visualize import visualize

        return visualize(self, *args, **kwargs)

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
        from raskt.array._unknown import known

        self._expr = known(self)._expr
        return self

    # ---- NumPy ----

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        if copy is False:
            raise ValueError("an array that has not been computed cannot be had without a copy")
        found = np.asarray(self.compute())
        return found if dtype is None else found.astype(dtype, copy=False)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        from raskt.array._protocols import array_ufunc

        return array_ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        from raskt.array._protocols import array_function

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
            return array_of(expr)
        from raskt.array._indexing import getitem

        return getitem(self, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        from raskt.array._assignment import setitem

        self._expr = setitem(self, key, value)._expr
        if hasattr(self, "_cache"):
            del self._cache

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
            The elements, cast.
        """
        kwargs.pop("copy", None)
        extra = set(kwargs) - {"casting", "order", "subok"}
        if extra:
            raise TypeError(f"astype does not take the keyword arguments {sorted(extra)!r}")
        dtype = np.dtype(dtype)
        casting = kwargs.get("casting", "unsafe")
        if not np.can_cast(self.dtype, dtype, casting=casting):
            raise TypeError(
                f"Cannot cast array data from {self.dtype!r} to {dtype!r} according to the rule {casting!r}"
            )
        parameters: dict[str, Any] = {"dtype": dtype_name(dtype)}
        if kwargs:
            parameters["kwargs"] = kwargs
        return op("astype", (self,), parameters)

    # ---- methods that are functions ----

    def __getattr__(self, name: str) -> Any:
        from raskt.array._methods import method

        return method(self, name)

    def __dir__(self) -> list[str]:
        from raskt.array._methods import METHODS

        return sorted({*object.__dir__(self), *METHODS})

    @property
    def T(self) -> Array:
        """The array with its axes reversed."""
        return op("transpose", (self,))

    @property
    def A(self) -> Array:
        """The array itself."""
        return self

    @property
    def real(self) -> Array:
        """The real parts."""
        from raskt.array.ufuncs import real

        return real(self)

    @property
    def imag(self) -> Array:
        """The imaginary parts."""
        from raskt.array.ufuncs import imag

        return imag(self)

    @property
    def blocks(self) -> Any:
        """Blocks by their place in the grid: ``x.blocks[0, :2]``."""
        from raskt.array._indexing import Blocks

        return Blocks(self)

    partitions = blocks

    @property
    def vindex(self) -> Any:
        """Elements by lists of places that belong together: ``x.vindex[[0, 1], [2, 3]]``."""
        from raskt.array._points import VIndex

        return VIndex(self)


def to_delayed(x: Array) -> np.ndarray[Any, Any]:
    """Return the blocks of an array as delayed values."""
    return x.to_delayed()
