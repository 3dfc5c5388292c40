"""`Array`, and how arrays come from what is there already."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from raskt import _raskt
from raskt.array._meta import dtype_name, dtype_named
from raskt.array._op import array_of, dtype_parameter, op
from raskt.array.rechunk import grid_of

__all__ = ["Array", "array", "asanyarray", "asarray", "from_array", "from_delayed", "to_delayed"]

Chunks = tuple[tuple[int, ...], ...]


class Array:
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

    _expr: _raskt.ArrayExpr
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

    def __raskt_delayed__(self) -> _raskt.Delayed:
        """Return the delayed value of the whole array: what `compute` asks for."""
        return _raskt.array_delayed(self._expr, -1)

    def __raskt_persist__(self) -> tuple[_raskt.Delayed, Any]:
        """Return the delayed list of all blocks, and what makes an array of it."""
        expr = self._expr

        def rebuild(blocks: list[Any]) -> Array:
            return array_of(_raskt.array_persisted(blocks, expr.grid, expr.dtype, expr.token))

        return _raskt.array_delayed(expr, -2), rebuild

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
        """Return the blocks as delayed values, in an array of the same grid."""
        del optimize_graph
        found = np.empty(self.numblocks, dtype=object)
        for at, index in enumerate(np.ndindex(*self.numblocks)):
            found[index] = _raskt.array_delayed(self._expr, at)
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
        from raskt.array._indexing import setitem

        self._expr = setitem(self, key, value)._expr
        if hasattr(self, "_cache"):
            del self._cache

    # ---- operators ----

    def __abs__(self) -> Array:
        return op("absolute", (self,))

    def __neg__(self) -> Array:
        return op("negative", (self,))

    def __pos__(self) -> Array:
        return op("positive", (self,))

    def __invert__(self) -> Array:
        return op("invert", (self,))

    def __eq__(self, other: object) -> Array:  # type: ignore[override]
        return _binary("equal", self, other)

    def __ne__(self, other: object) -> Array:  # type: ignore[override]
        return _binary("not_equal", self, other)

    def __lt__(self, other: Any) -> Array:
        return _binary("less", self, other)

    def __le__(self, other: Any) -> Array:
        return _binary("less_equal", self, other)

    def __gt__(self, other: Any) -> Array:
        return _binary("greater", self, other)

    def __ge__(self, other: Any) -> Array:
        return _binary("greater_equal", self, other)

    def __hash__(self) -> int:
        return hash(self._expr)

    def __add__(self, other: Any) -> Array:
        return _binary("add", self, other)

    def __radd__(self, other: Any) -> Array:
        return _binary("add", other, self)

    def __sub__(self, other: Any) -> Array:
        return _binary("subtract", self, other)

    def __rsub__(self, other: Any) -> Array:
        return _binary("subtract", other, self)

    def __mul__(self, other: Any) -> Array:
        return _binary("multiply", self, other)

    def __rmul__(self, other: Any) -> Array:
        return _binary("multiply", other, self)

    def __truediv__(self, other: Any) -> Array:
        return _binary("divide", self, other)

    def __rtruediv__(self, other: Any) -> Array:
        return _binary("divide", other, self)

    def __floordiv__(self, other: Any) -> Array:
        return _binary("floor_divide", self, other)

    def __rfloordiv__(self, other: Any) -> Array:
        return _binary("floor_divide", other, self)

    def __mod__(self, other: Any) -> Array:
        return _binary("remainder", self, other)

    def __rmod__(self, other: Any) -> Array:
        return _binary("remainder", other, self)

    def __divmod__(self, other: Any) -> tuple[Array, Array]:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> tuple[Array, Array]:
        return other // self, other % self

    def __pow__(self, other: Any) -> Array:
        return _binary("power", self, other)

    def __rpow__(self, other: Any) -> Array:
        return _binary("power", other, self)

    def __and__(self, other: Any) -> Array:
        return _binary("bitwise_and", self, other)

    def __rand__(self, other: Any) -> Array:
        return _binary("bitwise_and", other, self)

    def __or__(self, other: Any) -> Array:
        return _binary("bitwise_or", self, other)

    def __ror__(self, other: Any) -> Array:
        return _binary("bitwise_or", other, self)

    def __xor__(self, other: Any) -> Array:
        return _binary("bitwise_xor", self, other)

    def __rxor__(self, other: Any) -> Array:
        return _binary("bitwise_xor", other, self)

    def __lshift__(self, other: Any) -> Array:
        return _binary("left_shift", self, other)

    def __rlshift__(self, other: Any) -> Array:
        return _binary("left_shift", other, self)

    def __rshift__(self, other: Any) -> Array:
        return _binary("right_shift", self, other)

    def __rrshift__(self, other: Any) -> Array:
        return _binary("right_shift", other, self)

    def __matmul__(self, other: Any) -> Array:
        array: Array = _routine("linear", "matmul")(self, other)
        return array

    def __rmatmul__(self, other: Any) -> Array:
        array: Array = _routine("linear", "matmul")(other, self)
        return array

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
        made: Array = _routine("ufuncs", "real")(self)
        return made

    @property
    def imag(self) -> Array:
        """The imaginary parts."""
        made: Array = _routine("ufuncs", "imag")(self)
        return made

    @property
    def blocks(self) -> Any:
        """Blocks by their place in the grid: ``x.blocks[0, :2]``."""
        from raskt.array._indexing import Blocks

        return Blocks(self)

    partitions = blocks

    @property
    def vindex(self) -> Any:
        """Elements by lists of places that belong together: ``x.vindex[[0, 1], [2, 3]]``."""
        from raskt.array._indexing import VIndex

        return VIndex(self)


def _routine(module: str, name: str) -> Any:
    import importlib

    return getattr(importlib.import_module(f"raskt.array.{module}"), name)


_DEFER = ("DataFrame", "Series", "Index")


def _binary(name: str, left: Any, right: Any) -> Array:
    """Operators leave to other types what those know better."""
    other = right if isinstance(left, Array) else left
    kind = type(other)
    if not isinstance(other, (Array, int, float, complex, np.generic, np.ndarray, list, tuple)):
        if getattr(kind, "__array_ufunc__", True) is None or kind.__name__ in _DEFER:
            return NotImplemented  # type: ignore[no-any-return]
        if not hasattr(kind, "__array__") and not hasattr(kind, "__raskt_graph__") and other is not None:
            return NotImplemented  # type: ignore[no-any-return]
    return op(name, (left, right))


def from_array(
    x: Any,
    chunks: Any = "auto",
    name: Any = None,
    lock: Any = False,
    asarray: bool | None = None,
    fancy: bool = True,
    getitem: Any = None,
    meta: Any = None,
    inline_array: bool = False,
) -> Array:
    """Make an array of an array in memory, or of anything that looks like one (a file's data set).

    Parameters
    ----------
    x : array_like
        What has ``shape``, ``dtype`` and slices; anything else is given to `numpy.asarray`.
    chunks : int, tuple, dict or str, optional
        How it is cut: sizes, ``-1`` for whole axes, ``"auto"``, a number of bytes as text.
    name : str or bool, optional
        What stands for its content. By default the content is hashed, up to a size that the
        configuration says; ``False`` makes it like no other array; text is taken for it.
    lock : bool or lock, optional
        For objects that are asked for their regions: whether one at a time, or the lock to hold.
    asarray : bool, optional
        Whether regions become NumPy arrays; by default unless ``x`` has ``__array_function__``.
    fancy, getitem, meta, inline_array : optional
        Accepted as Dask does.

    Returns
    -------
    Array
        The array. One in memory is not copied: do not change it before it has been computed.

    Examples
    --------
    >>> import numpy as np
    >>> import raskt.array as ra
    >>> ra.from_array(np.arange(6), chunks=4).chunks
    ((4, 2),)
    """
    del fancy, inline_array
    if isinstance(x, Array):
        raise ValueError(
            "from_array makes arrays of other things: this is an array already, use rechunk or asarray"
        )
    plain = isinstance(x, (list, tuple, int, float, complex, np.generic, memoryview))
    if plain or not hasattr(x, "shape"):
        x = np.asarray(x)
    dtype = np.dtype(x.dtype)
    if any(not isinstance(n, (int, np.integer)) for n in x.shape):
        raise ValueError(f"from_array needs a known shape, found {x.shape}")
    previous = None
    found: Any = getattr(x, "chunks", None)
    said = chunks == "auto" and isinstance(found, tuple) and len(found) == len(x.shape) and found
    if said and all(isinstance(n, int) for n in found):
        previous = grid_of(found, x.shape)
    if isinstance(chunks, str) and dtype.hasobject:
        raise NotImplementedError("automatic chunks need a dtype of known size: give chunks=-1 or sizes")
    grid = grid_of(chunks, tuple(int(n) for n in x.shape), dtype, None, previous)
    token = _token(x, name)
    if type(x) is np.ndarray and getitem is None and not lock:
        return array_of(_raskt.array_from_memory(x, grid, dtype_name(dtype), token))
    if asarray is None:
        asarray = not hasattr(x, "__array_function__")
    if lock is True:
        import threading

        lock = threading.Lock()
    kwargs = {"asarray": asarray, "lock": _raskt.Whole(lock) if lock else None}
    del meta
    return array_of(_raskt.array_from_memory(x, grid, dtype_name(dtype), token, kwargs))


def _token(x: Any, name: Any) -> str:
    if name is None or name is True:
        from raskt._raskt import tokenize

        return tokenize(x)
    if name is False:
        import uuid

        return uuid.uuid4().hex
    return str(name)


def asarray(
    a: Any,
    allow_unknown_chunksizes: bool = False,
    dtype: Any = None,
    order: str | None = None,
    *,
    like: Any = None,
    **kwargs: Any,
) -> Array:
    """Return ``a`` as an array.

    Parameters
    ----------
    a : array_like
        An array, a sequence of arrays, or anything of which NumPy makes an array.
    allow_unknown_chunksizes : bool, optional
        For sequences of arrays: whether chunks may be unknown.
    dtype : dtype, optional
        The dtype.
    order, like : optional
        Accepted as NumPy does.
    **kwargs
        Passed to `from_array`.

    Returns
    -------
    Array
        ``a`` itself where it is one.

    Examples
    --------
    >>> import raskt.array as ra
    >>> ra.asarray([1, 2, 3]).compute()
    array([1, 2, 3])
    """
    del like, order
    if isinstance(a, Array):
        return a if dtype is None else a.astype(dtype)
    if hasattr(a, "to_raskt_array"):
        converted: Array = a.to_raskt_array()
        return converted
    if isinstance(a, (list, tuple)) and any(isinstance(item, Array) for item in _flat(a)):
        from raskt.array.concatenate import stack

        found = stack(a, allow_unknown_chunksizes=allow_unknown_chunksizes)
        return found if dtype is None else found.astype(dtype)
    if not hasattr(a, "shape") or not hasattr(a, "dtype"):
        a = np.asarray(a, dtype=dtype)
    elif isinstance(a, np.generic):
        a = np.asarray(a)
    chunks = kwargs.pop("chunks", "auto")
    if np.dtype(a.dtype).hasobject and chunks == "auto":
        chunks = -1
    found = from_array(a, chunks=chunks, **{"asarray": True, **kwargs})
    return found if dtype is None else found.astype(dtype)


def _flat(items: Any) -> Any:
    for item in items:
        yield from _flat(item) if isinstance(item, (list, tuple)) else (item,)


def asanyarray(
    a: Any, dtype: Any = None, order: str | None = None, *, like: Any = None, **kwargs: Any
) -> Array:
    """Return ``a`` as an array; subclasses of NumPy's array stay what they are on the chunks.

    Parameters
    ----------
    a, dtype, order, like, **kwargs
        As in `asarray`.

    Returns
    -------
    Array
        ``a`` itself where it is one.
    """
    if isinstance(a, Array) and dtype is None:
        return a
    return asarray(a, dtype=dtype, order=order, like=like, **{"asarray": False, **kwargs})


def array(x: Any, dtype: Any = None, ndmin: int | None = None, *, like: Any = None) -> Array:
    """Make an array, as `numpy.array` does.

    Parameters
    ----------
    x : array_like
        What becomes an array.
    dtype : dtype, optional
        The dtype.
    ndmin : int, optional
        The number of axes that it has at least: new ones come in front.
    like : optional
        Accepted as NumPy does.

    Returns
    -------
    Array
        The array.
    """
    found = asarray(x, dtype=dtype, like=like)
    while ndmin is not None and found.ndim < ndmin:
        found = found[None]
    return found


def from_delayed(value: Any, shape: Any, dtype: Any = None, meta: Any = None, name: Any = None) -> Array:
    """Make an array of one chunk of a delayed value.

    Parameters
    ----------
    value : Delayed
        What gives an array when it is computed.
    shape : tuple of int
        The shape that it has.
    dtype : dtype, optional
        The dtype that it has.
    meta : array_like, optional
        An array whose dtype it has.
    name : optional
        Accepted as Dask does.

    Returns
    -------
    Array
        The array.

    Examples
    --------
    >>> import numpy as np
    >>> import raskt
    >>> import raskt.array as ra
    >>> ra.from_delayed(raskt.delayed(np.ones)(3), (3,), float).sum().compute()
    np.float64(3.0)
    """
    del name
    from raskt.delayed import delayed

    if not isinstance(value, _raskt.Delayed):
        value = delayed(value)
    if dtype is None and meta is not None:
        dtype = meta.dtype
    shape = (shape,) if isinstance(shape, (int, float)) else tuple(shape)
    grid = _raskt.ArrayChunks([[(None if n != n else int(n), 1)] for n in shape])
    return array_of(_raskt.array_from_delayed(value, grid, dtype_parameter(dtype) or "unknown"))


def to_delayed(x: Array) -> np.ndarray[Any, Any]:
    """Return the blocks of an array as delayed values."""
    return x.to_delayed()
