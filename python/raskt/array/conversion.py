"""Arrays of what is there already: NumPy's, files' data sets, delayed values, lists of these."""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from raskt import _raskt
from raskt.array._base import array_class, array_of, dtype_parameter, is_array, told
from raskt.array._block_call import wants
from raskt.array._grid import grid_of, known_grid_of
from raskt.array._join import stacked
from raskt.array._meta import dtype_name
from raskt.array._zarr_place import zarr_place
from raskt.delayed import delayed
from raskt.inspection import is_arraylike
from raskt.locks import lock_of

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = ["argument", "array", "asanyarray", "asarray", "from_array", "from_delayed"]


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
    *,
    copy: bool = True,
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
        Whether ``x`` is asked for one region at a time, or the lock to hold meanwhile: anything with
        ``acquire`` and ``release``. ``True`` makes one of this process; child processes have one each.
        Variables of netCDF4 are always read one at a time.
    asarray : bool, optional
        Whether regions become NumPy arrays; by default unless ``x`` has ``__array_function__``.
    getitem : callable, optional
        Asks ``x`` for a region: ``getitem(x, slices)``; with ``asarray=`` and ``lock=`` where it has
        parameters of these names.
    fancy, inline_array : bool, optional
        Accepted as Dask does, either way: ``x`` is asked for nothing but regions, and no task holds a copy.
    meta : optional
        Accepted as Dask does.
    copy : bool, optional
        Whether an array in memory that somebody could change is copied, so that the result stays what
        ``x`` is now. With ``False`` it is read where it lies when a computation runs, and the result is
        like no other array.

    Returns
    -------
    Array
        The array.

    Notes
    -----
    Read-only arrays, and memory maps of files that are open for reading, are not copied. Maps that can be
    written are read when a computation runs, as files are.

    Examples
    --------
    >>> import numpy as np
    >>> import raskt.array as ra
    >>> ra.from_array(np.arange(6), chunks=4).chunks
    ((4, 2),)
    >>> x = np.zeros(3)
    >>> kept, shared = ra.from_array(x), ra.from_array(x, copy=False)
    >>> x[:] = 1
    >>> kept.sum().compute(), shared.sum().compute()
    (np.float64(0.0), np.float64(3.0))
    """
    del fancy, inline_array
    if is_dasks(x):
        made = _of_dask(x, name)
        return told(made if chunks == "auto" else made.rechunk(chunks), None, meta)
    if is_array(x):
        raise ValueError(
            "from_array makes arrays of other things: this is an array already, use rechunk or asarray"
        )
    plain = isinstance(x, (list, tuple, int, float, complex, np.generic, memoryview))
    if plain or not hasattr(x, "shape") or _is_pandas(x):
        x = np.asarray(x)
    if chunks is None:
        raise ValueError("chunks are 'auto', sizes or bytes, found None")
    dtype = np.dtype(x.dtype)
    if any(not isinstance(n, (int, np.integer)) for n in x.shape):
        raise ValueError(f"from_array needs a known shape, found {x.shape}")
    previous = None
    found: Any = getattr(x, "chunks", None)
    said = chunks == "auto" and isinstance(found, tuple) and len(found) == len(x.shape) and found
    if said and all(isinstance(n, int) for n in found):
        previous = grid_of(found, x.shape)
    if isinstance(chunks, str) and dtype.hasobject and x.shape:
        raise NotImplementedError("automatic chunks need a dtype of known size: give chunks=-1 or sizes")
    grid = known_grid_of(chunks, tuple(int(n) for n in x.shape), dtype, previous)
    called = name if isinstance(name, str) else None
    if isinstance(x, np.ndarray):
        if copy and not _is_written_map(x):
            x = _raskt.array_kept(x)
        elif name is None or name is True:
            name = False
    elif copy and hasattr(type(x), "__array_ufunc__") and hasattr(type(x), "copy"):
        # Arrays in memory of other libraries; files have no such methods.
        x = x.copy()
    token = _token(x, name)
    lock = _netcdf_lock() if lock is False and _is_netcdf(x) else lock_of(lock)
    if type(x) is np.ndarray and getitem is None and lock is None:
        return told(array_of(_raskt.array_from_memory(x, grid, dtype_name(dtype), token)), called, meta)
    place = zarr_place(getattr(x, "opened", x)) if getitem is None and lock is None else None
    if place is not None:
        return told(array_of(place.read(grid, token)), called, meta)
    if asarray is None:
        asarray = not hasattr(x, "__array_function__")
    if getitem is not None:
        getitem, lock = _getter(getitem, asarray, lock)
    kwargs = {"asarray": asarray, "lock": None if lock is None else _raskt.Whole(lock)}
    if getitem is not None:
        kwargs["getitem"] = _raskt.Whole(getitem)
    made = array_of(_raskt.array_from_memory(x, grid, dtype_name(dtype), token, kwargs))
    if meta is None and not asarray and getitem is None and is_arraylike(x):
        # Arrays say what their blocks are; files and others are not asked for anything yet.
        meta = x
    return told(made, called, meta)


def is_dasks(x: Any) -> bool:
    """Return whether an object is a lazy array of Dask's."""
    module = sys.modules.get("dask.array")
    return module is not None and isinstance(x, module.Array)


def _of_dask(x: Any, name: Any = None) -> Array:
    """Return the array of the blocks that an array of Dask's has."""
    made = array_class()(x.__dask_graph__(), x.name, x.chunks, dtype=x.dtype, meta=x._meta)
    return told(made, name if isinstance(name, str) else None)


def _is_pandas(x: Any) -> bool:
    """Return whether an object is one of pandas', whose elements are an array in memory."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(x, (pandas.DataFrame, pandas.Series, pandas.Index))


def _is_netcdf(x: Any) -> bool:
    """Return whether an object is a variable of netCDF4, whose library crashes where threads share it."""
    return type(x).__module__.partition(".")[0] == "netCDF4"


@functools.cache
def _netcdf_lock() -> Any:
    return lock_of(True)


def _is_map(x: Any) -> bool:
    """Return whether an array lies in a file that is mapped into memory."""
    while isinstance(x, np.ndarray):
        x = x.base
    return type(x).__name__ == "mmap"


def _is_written_map(x: Any) -> bool:
    return bool(x.flags.writeable) and _is_map(x)


def _getter(getitem: Any, asarray: bool, lock: Any) -> tuple[Any, Any]:
    """Return a function of an object and a region, and the lock to hold meanwhile.

    One with parameters ``asarray`` and ``lock`` is told both, and sees to the lock itself.
    """
    if not callable(getitem):
        raise TypeError(f"getitem is a function of an object and a region, found {getitem!r}")
    if not (wants(getitem, "asarray") and wants(getitem, "lock")):
        return getitem, lock
    return functools.partial(getitem, asarray=asarray, lock=False if lock is None else lock), None


def _token(x: Any, name: Any) -> str:
    if name is None or name is True:
        return _raskt.tokenize(x)
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
    if is_dasks(a):
        a = _of_dask(a)
    if is_array(a):
        return a if dtype is None else a.astype(dtype)
    if isinstance(a, _raskt.Delayed):
        raise TypeError(
            f"{a!r} has no shape before it is computed: make an array of it by "
            "from_delayed(value, shape, dtype)"
        )
    if hasattr(a, "to_raskt_array"):
        converted: Array = a.to_raskt_array()
        return converted
    if isinstance(a, (list, tuple)) and any(is_array(item) for item in _flat(a)):
        found = stacked([asanyarray(x) for x in a], 0, allow_unknown_chunksizes)
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
    if is_array(a) and dtype is None:
        return a
    return asarray(a, dtype=dtype, order=order, like=like, **{"asarray": False, **kwargs})


def argument(x: Any) -> Array:
    """Return an array among the arguments of a user's function, which gets its blocks.

    Lazy values in an array of objects arrive computed, as in any other container among arguments.
    """
    if isinstance(x, np.ndarray) and x.dtype == object:
        later = _raskt.delayed_within(x)
        if later is not None:
            return from_delayed(later, x.shape, object)
    return asanyarray(x)


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
    name : str, optional
        What its key begins with.

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
    if not isinstance(value, _raskt.Delayed):
        value = delayed(value)
    if dtype is None and meta is not None:
        dtype = meta.dtype
    shape = (shape,) if isinstance(shape, (int, float)) else tuple(shape)
    grid = _raskt.ArrayChunks([[(None if n != n else int(n), 1)] for n in shape])
    made = array_of(_raskt.array_from_delayed(value, grid, dtype_parameter(dtype) or "unknown"))
    return told(made, name, meta)
