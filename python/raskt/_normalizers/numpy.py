"""NumPy: arrays whose bytes are not their content, subclasses, scalars, dtypes, universal functions."""

from __future__ import annotations

import pathlib
import pickle

import numpy as np

from raskt._normalizers.kinds import NATIVE_KINDS
from raskt.tokenize import TokenizationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from raskt.dispatch import Dispatch

    AnyArray = np.ndarray[Any, Any]

#: Larger memory maps of files that are open for reading are named by file and place.
_MAPPED_BYTES_MAX = 1 << 28


def array_content(array: AnyArray) -> object:
    """Return the content of an array whose bytes are not its content.

    Parameters
    ----------
    array : numpy.ndarray
        An array of objects, strings of variable width, records, or padded floats.

    Returns
    -------
    object
        Dtype, shape and elements.
    """
    dtype = array.dtype
    if dtype.names is not None:
        return dtype, [array[name] for name in dtype.names]
    if dtype.kind in "fc":
        return dtype, array.shape, _significant_bytes(array)
    return dtype, array.shape, array.ravel(order="C").tolist()


def _significant_bytes(array: AnyArray) -> AnyArray:
    """Return the bytes of extended floats without those that only fill them up, which hold anything."""
    real = np.ascontiguousarray(array).view(np.longdouble if array.dtype.isnative else array.real.dtype)
    used = 10 if np.finfo(np.longdouble).nmant == 63 else real.itemsize
    octets = real.reshape(-1).view(np.uint8).reshape(-1, real.itemsize)
    return octets[:, :used] if array.dtype.isnative else octets[:, real.itemsize - used :]


def _subclass(array: AnyArray) -> object:
    return array.view(np.ndarray), getattr(array, "__dict__", None) or None


def _masked(array: Any) -> object:
    mask = np.ma.getmaskarray(array)
    data = np.ma.getdata(array)
    if data.dtype.names is None:
        data = np.where(mask, np.zeros((), data.dtype), data)  # what lies under the mask is not content
    fill = array._fill_value  # the property would set it, which the constant `masked` refuses
    fill = np.ma.default_fill_value(array.dtype) if fill is None else fill
    return np.asarray(data), mask, np.asarray(fill), array.hardmask


def _memmap(array: np.memmap[Any, Any]) -> object:
    if array.nbytes <= _MAPPED_BYTES_MAX or array.mode != "r" or array.filename is None:
        return array.view(np.ndarray)
    root: AnyArray = array
    while isinstance(root.base, np.ndarray):
        root = root.base
    file = pathlib.Path(array.filename).absolute()
    stat = file.stat()
    start = array.__array_interface__["data"][0] - root.__array_interface__["data"][0]
    place = (getattr(root, "offset", 0), start, array.shape, array.strides, array.dtype)
    return str(file), stat.st_size, stat.st_mtime_ns, place


def _scalar(value: np.generic) -> object:
    return np.asarray(value)


def _dtype(dtype: np.dtype[Any]) -> object:
    simple = dtype.names is None and dtype.subdtype is None and dtype.kind != "T" and dtype.metadata is None
    return dtype.str if simple else dtype.__reduce__()


def _ufunc(function: np.ufunc) -> object:
    if getattr(np, function.__name__, None) is function:
        return function.__name__
    try:
        return pickle.dumps(function)  # the name of its module and its own
    except Exception as error:
        raise TokenizationError(f"the ufunc cannot be pickled: {error}") from error


def register(normalizers: Dispatch) -> None:
    """Register the handlers of this module.

    Parameters
    ----------
    normalizers : Dispatch
        Where to.
    """
    NATIVE_KINDS[np.ndarray] = "array"
    for code in "?bhilqBHILQ":
        NATIVE_KINDS[np.dtype(code).type] = "numpy_scalar"
    for code in "efd":
        NATIVE_KINDS[np.dtype(code).type] = "numpy_real"
    normalizers.register(np.ndarray, _subclass)
    normalizers.register(np.ma.MaskedArray, _masked)
    normalizers.register(np.memmap, _memmap)
    normalizers.register(np.generic, _scalar)
    normalizers.register(np.dtype, _dtype)
    normalizers.register(np.ufunc, _ufunc)
    wrapper: Any = type(np.sum)  # of functions that arrays of other libraries may take over
    if wrapper is not type(register):
        normalizers.register(wrapper, lambda function: (function.__module__, function.__qualname__))
