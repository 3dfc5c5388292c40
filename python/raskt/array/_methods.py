"""Methods of arrays that are functions of the package: on the class, with the functions' own signatures.

The class stands above all of these functions. Most programs use few, so that their modules are loaded when
one is first looked at.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from raskt._lazy import late
from raskt.array._base import array_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from raskt.array.core import Array

__all__ = ["Methods"]

conj: Callable[..., Array] = late("raskt.array.ufuncs", "conj")
map_blocks: Callable[..., Array] = late("raskt.array.blockwise", "map_blocks")
map_overlap: Callable[..., Array] = late("raskt.array.overlap", "map_overlap")
ravel: Callable[..., Array] = late("raskt.array.reshape", "ravel")
reshape: Callable[..., Array] = late("raskt.array.reshape", "reshape")
store: Callable[..., Any] = late("raskt.array.store", "store")
to_hdf5: Callable[..., None] = late("raskt.array.hdf5", "to_hdf5")
to_tiledb: Callable[..., NoReturn] = late("raskt.array.tiledb", "to_tiledb")
to_zarr: Callable[..., Any] = late("raskt.array.zarr", "to_zarr")
transpose: Callable[..., Array] = late("raskt.array.shape", "transpose")


class Function:
    """A method that is a function of a module, which is loaded when the method is first looked at.

    Parameters
    ----------
    home : str
        The module, in this package; the function is called there as the method is here.
    """

    __slots__ = ("home", "name", "owner")

    def __init__(self, home: str) -> None:
        self.home = home

    def __set_name__(self, owner: type, name: str) -> None:
        self.owner, self.name = owner, name

    def __get__(self, array: Any, kind: Any = None) -> Any:
        function = getattr(importlib.import_module(f"raskt.array.{self.home}"), self.name)
        # From now on the class has the function itself.
        setattr(self.owner, self.name, function)
        return function if array is None else function.__get__(array, kind)


class Methods:
    """What arrays do by name."""

    __slots__ = ()

    all = Function("reductions")
    any = Function("reductions")
    argmax = Function("reductions")
    argmin = Function("reductions")
    argtopk = Function("sorting")
    choose = Function("ufuncs")
    clip = Function("ufuncs")
    cumprod = Function("cumulative")
    cumsum = Function("cumulative")
    dot = Function("linear")
    max = Function("reductions")
    mean = Function("reductions")
    min = Function("reductions")
    moment = Function("reductions")
    nonzero = Function("searching")
    prod = Function("reductions")
    ravel = Function("reshape")
    rechunk = Function("rechunk")
    repeat = Function("tiling")
    round = Function("ufuncs")
    shuffle = Function("slicing")
    squeeze = Function("shape")
    std = Function("reductions")
    sum = Function("reductions")
    swapaxes = Function("shape")
    topk = Function("sorting")
    trace = Function("reductions")
    var = Function("reductions")
    view = Function("views")

    def conj(self: Any) -> Array:
        """Return the complex conjugates."""
        found: Array = conj(self)
        return found

    def __array_namespace__(self, /, *, api_version: str | None = None) -> Any:
        """Return the namespace of the array API standard: `raskt.array_api`.

        Parameters
        ----------
        api_version : str, optional
            The version of the standard that is asked for.

        Returns
        -------
        module
        """
        if api_version not in (None, "2021.12", "2022.12", "2023.12", "2024.12"):
            raise ValueError(f"version {api_version!r} of the array API is not there: '2024.12' is")
        return importlib.import_module("raskt.array_api")

    def __dlpack__(self: Any, *, copy: bool | None = None, **kwargs: Any) -> Any:
        """Return the values, computed, as other libraries take them by DLPack."""
        if copy is False:
            raise ValueError("an array that has not been computed cannot be had without a copy")
        return np.asarray(self.compute()).__dlpack__(**kwargs)

    def __dlpack_device__(self) -> tuple[int, int]:
        """Return the device of what `__dlpack__` returns: the processor."""
        return (1, 0)

    @property
    def device(self) -> str:
        """Where the array is: ``"cpu"``."""
        return "cpu"

    def to_device(self: Any, device: Any, /, *, stream: Any = None) -> Array:
        """Return the array on a device: it is on the only one."""
        if device != "cpu" or stream is not None:
            raise ValueError(f"arrays are on the device 'cpu', without streams, found {device!r}, {stream!r}")
        found: Array = self
        return found

    @property
    def mT(self: Any) -> Array:
        """The matrices along the last two axes, transposed."""
        if self.ndim < 2:
            raise ValueError("matrix transpose with ndim < 2 is undefined")
        found: Array = self.swapaxes(-1, -2)
        return found

    def copy(self: Any) -> Array:
        """Return another array of the same elements: assigning to one does not change the other."""
        return array_of(self._expr)

    def flatten(self: Any, order: str = "C") -> Array:
        """Return the elements along one axis.

        Parameters
        ----------
        order : {"C"}, optional
            The order: rows one after the other.

        Returns
        -------
        Array
            Of one axis.
        """
        if order != "C":
            raise NotImplementedError("arrays are flattened in C order: transpose first")
        return ravel(self)

    def map_blocks(self: Any, func: Any = None, /, *args: Any, **kwargs: Any) -> Array:
        """Apply a function to every block: `raskt.array.map_blocks` with this array first.

        Parameters
        ----------
        func : callable
            The function of blocks.
        *args, **kwargs
            As in `raskt.array.map_blocks`.

        Returns
        -------
        Array
            The result.

        Examples
        --------
        >>> import raskt.array as ra
        >>> ra.arange(3, chunks=2).map_blocks(lambda block: block * 2).compute()
        array([0, 2, 4])
        """
        return map_blocks(kwargs.pop("func", None) if func is None else func, self, *args, **kwargs)

    def map_overlap(self: Any, func: Any = None, /, *args: Any, **kwargs: Any) -> Array:
        """Apply a function to every block with a margin of its neighbours.

        Parameters
        ----------
        func : callable
            The function of blocks.
        *args, **kwargs
            As in `raskt.array.map_overlap`: ``depth``, ``boundary``, ``trim`` and others. These three may be
            given by position.

        Returns
        -------
        Array
            The result.

        Examples
        --------
        >>> import numpy as np
        >>> import raskt.array as ra
        >>> x = ra.arange(4, chunks=2)
        >>> x.map_overlap(lambda block: block - np.roll(block, 1), depth=1, boundary="periodic").compute()
        array([-3,  1,  1,  1])
        """
        if args and not hasattr(args[0], "shape"):
            said = dict(zip(("depth", "boundary", "trim"), args, strict=False))
            if len(args) > 3 or said.keys() & kwargs:
                raise TypeError(f"map_overlap takes depth, boundary and trim once, found {args}, {kwargs}")
            args, kwargs = (), {**said, **kwargs}
        return map_overlap(kwargs.pop("func", None) if func is None else func, self, *args, **kwargs)

    def reshape(self: Any, *shape: Any, merge_chunks: bool = True, limit: Any = None) -> Array:
        """Return the elements in another shape.

        Parameters
        ----------
        *shape : int, or one tuple of int
            The shape; one length may be -1.
        merge_chunks, limit : optional
            As in `raskt.array.reshape`.

        Returns
        -------
        Array
            The elements; the array itself where the shape is the one that it has.
        """
        found = shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape
        return reshape(self, found, merge_chunks=merge_chunks, limit=limit)

    def transpose(self: Any, *axes: Any) -> Array:
        """Put axes in another order.

        Parameters
        ----------
        *axes : int, or one tuple of int
            The order; the reverse one by default.

        Returns
        -------
        Array
            The elements; the array itself where the order is the one that it has.
        """
        if not axes or axes == (None,):
            return transpose(self)
        return transpose(self, axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes)

    def store(self: Any, target: Any, **kwargs: Any) -> Any:
        """Write the array into anything that takes slices.

        Parameters
        ----------
        target : array_like
            Where to.
        **kwargs
            As in `raskt.array.store`.

        Returns
        -------
        None, or as `raskt.array.store` says.
        """
        return store([self], [target], **kwargs)

    def to_zarr(self: Any, *args: Any, **kwargs: Any) -> Any:
        """Write the array into a zarr store.

        Parameters
        ----------
        *args, **kwargs
            As in `raskt.array.to_zarr`.

        Returns
        -------
        None, or as `raskt.array.to_zarr` says.
        """
        return to_zarr(self, *args, **kwargs)

    def to_hdf5(self: Any, filename: Any, datapath: str, **kwargs: Any) -> None:
        """Write the array into a data set of an HDF5 file.

        Parameters
        ----------
        filename : str or path
            The file.
        datapath : str
            The path of the data set.
        **kwargs
            As in `raskt.array.to_hdf5`.
        """
        to_hdf5(filename, datapath, self, **kwargs)

    def to_tiledb(self: Any, uri: Any, *args: Any, **kwargs: Any) -> NoReturn:
        """Raise: not there. Use `store` into an open TileDB array."""
        to_tiledb(self, uri, *args, **kwargs)

    def to_backend(self: Any, backend: Any = None, **kwargs: Any) -> Array:
        """Return the array with blocks of another library: NumPy's, as they are.

        Parameters
        ----------
        backend : {"numpy"}, optional
            The library.
        **kwargs
            None are known.

        Returns
        -------
        Array
            The array itself.
        """
        if kwargs:
            raise TypeError(f"to_backend does not take the keyword arguments {sorted(kwargs)!r}")
        if backend not in (None, "numpy"):
            raise NotImplementedError(
                f"the backend {backend!r} is not there: blocks are NumPy's; use map_blocks to convert them"
            )
        found: Array = self
        return found
