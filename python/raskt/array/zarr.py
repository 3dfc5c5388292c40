"""Arrays from zarr stores and into them, of formats 2 and 3, with shards: by the package zarr."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from raskt.array._base import known_shape
from raskt.array.conversion import from_array
from raskt.array.rechunk import rechunk
from raskt.array.store import store

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = ["from_zarr", "to_zarr"]


def from_zarr(
    url: Any,
    component: str | None = None,
    storage_options: dict[str, Any] | None = None,
    chunks: Any = None,
    name: Any = None,
    inline_array: bool = False,
    **kwargs: Any,
) -> Array:
    """Make an array of one in a zarr store, of which chunks are read when they are computed.

    Parameters
    ----------
    url : str, path, store or zarr.Array
        Where it is: a folder, a zip file, a URL for fsspec, a store of zarr's, or the open array.
    component : str, optional
        Which array of a group.
    storage_options : dict, optional
        What fsspec is told of a URL.
    chunks : optional
        How it is cut; by default as the store is, shard by shard where there are shards.
    name, inline_array : optional
        As in `from_array`.
    **kwargs
        Passed to `zarr.open_array`.

    Returns
    -------
    Array
        The array.

    Raises
    ------
    FileNotFoundError
        Where there is no array.

    Examples
    --------
    >>> import tempfile
    >>> import raskt.array as ra
    >>> place = tempfile.mkdtemp() + "/x.zarr"
    >>> ra.to_zarr(ra.arange(6, chunks=4), place)
    >>> ra.from_zarr(place).chunks
    ((4, 2),)
    """
    found = url
    if not _is_open(url):
        zarr = _zarr()
        found = zarr.open_array(
            _local(url), path=component, mode="r", storage_options=storage_options, **kwargs
        )
    elif component is not None or storage_options:
        raise ValueError("component and storage_options say where an array is: this one is open already")
    unit = _unit(found)
    return from_array(
        Source(found), chunks=unit if chunks is None else chunks, name=name, inline_array=inline_array
    )


def to_zarr(
    arr: Any,
    url: Any,
    component: str | None = None,
    storage_options: dict[str, Any] | None = None,
    region: tuple[slice, ...] | None = None,
    compute: bool = True,
    return_stored: bool = False,
    mode: str = "a",
    journal: str | None = None,
    **zarr_array_kwargs: Any,
) -> Any:
    """Write an array into a zarr store.

    Parameters
    ----------
    arr : Array
        What is written.
    url : str, path, store or zarr.Array
        Where to; an open array is written into, for which chunks of ``arr`` are put together so that no two
        of them lie in one of the store's.
    component : str, optional
        What the array is called in a group.
    storage_options : dict, optional
        What fsspec is told of a URL.
    region : tuple of slices, optional
        Which part of an open array.
    compute, return_stored, journal : optional
        As in `store`.
    mode : {"a", "w", "w-"}, optional
        Whether an array that is there already is an error (``"a"``, ``"w-"``) or replaced (``"w"``).
    **zarr_array_kwargs
        Passed to `zarr.create_array`: ``zarr_format``, ``chunks``, ``shards``, ``compressors``,
        ``fill_value``, ``overwrite``, ...

    Returns
    -------
    None, Delayed or Array
        As in `store`.

    Raises
    ------
    ValueError
        Where chunks are of several sizes, which zarr cannot have, or a region or shape does not fit.

    Examples
    --------
    >>> import tempfile
    >>> import raskt.array as ra
    >>> place = tempfile.mkdtemp() + "/x.zarr"
    >>> ra.to_zarr(ra.ones((4, 4), chunks=2), place)
    >>> ra.from_zarr(place).sum().compute()
    np.float64(16.0)
    """
    shape = known_shape(arr, "to_zarr")
    if _is_open(url):
        if zarr_array_kwargs or component is not None or storage_options:
            raise ValueError("the array is open already: what makes one cannot be said")
        target = url
        _check_fits(target, shape, region)
    else:
        if region is not None:
            raise ValueError("Cannot use `region` keyword when url is not a `zarr.Array`.")
        target = _created(arr, url, component, storage_options, mode, zarr_array_kwargs)
    aligned = rechunk(arr, _aligned(arr.chunks, _unit(target), _starts(region, arr.ndim)))
    return store(
        aligned,
        target,
        lock=False,
        regions=region,
        compute=compute,
        return_stored=return_stored,
        journal=journal,
    )


def _zarr() -> Any:
    try:
        import zarr
    except ImportError as error:
        raise ImportError("zarr stores need the package zarr: pip install zarr") from error
    return zarr


def _is_open(url: Any) -> bool:
    return hasattr(url, "chunks") and hasattr(url, "shape")


def _local(url: Any) -> Any:
    """Return a URL of this machine's files as a path: zarr makes no folders for it."""
    return url.removeprefix("file://") if isinstance(url, str) else url


def _unit(x: Any) -> tuple[int, ...]:
    """Return the sizes of what a store writes at once: shards, or chunks."""
    return tuple(getattr(x, "shards", None) or x.chunks)


def _created(arr: Array, url: Any, component: Any, options: Any, mode: str, said: dict[str, Any]) -> Any:
    """Make the array in the store."""
    if mode not in ("a", "w", "w-"):
        raise ValueError(f"mode is 'a', 'w' or 'w-', found {mode!r}")
    if "chunks" not in said and "shards" not in said:
        _check_regular(arr.chunks)
        said = {"chunks": tuple(max(sizes[0], 1) for sizes in arr.chunks), **said}
    said = {"overwrite": mode == "w", "zarr_format": 3, **said}
    if url is None:
        raise TypeError("to_zarr needs a store: a folder, a URL, a store of zarr's or an open array")
    return _zarr().create_array(
        _local(url), name=component, shape=arr.shape, dtype=arr.dtype, storage_options=options, **said
    )


def _check_regular(chunks: tuple[tuple[int, ...], ...]) -> None:
    """Raise an error where chunks along an axis differ, but for a smaller one at the end."""
    for axis, sizes in enumerate(chunks):
        if len(set(sizes[:-1])) > 1 or sizes[-1] > sizes[0]:
            raise ValueError(
                f"zarr has chunks of one size along an axis, found {sizes} along axis {axis}: call rechunk "
                "first, or say chunks="
            )


def _check_fits(target: Any, shape: tuple[int, ...], region: Any) -> None:
    """Raise an error where an array is not of the shape of a region of an open array."""
    room = tuple(target.shape)
    if region is not None:
        if len(region) != len(room):
            raise ValueError(f"a region of {len(region)} axes of an array of {len(room)}")
        ends = [own.indices(n) for own, n in zip(region, room, strict=True)]
        room = tuple(len(range(*own)) for own in ends)
    if room != shape:
        raise ValueError(f"an array of shape {shape} does not fit into {room} of the zarr array")


def _starts(region: Any, ndim: int) -> tuple[int, ...]:
    return tuple(own.start or 0 for own in region) if region is not None else (0,) * ndim


def _aligned(
    chunks: tuple[tuple[int, ...], ...], units: tuple[int, ...], starts: tuple[int, ...]
) -> tuple[tuple[int, ...], ...]:
    """Return chunks that begin where chunks of the store do, and are about as large as they were."""
    return tuple(map(_aligned_along, chunks, units, starts))


def _aligned_along(sizes: tuple[int, ...], unit: int, start: int) -> tuple[int, ...]:
    n = sum(sizes)
    ends = np.cumsum(sizes).tolist()
    if all((start + end) % unit == 0 for end in ends[:-1]):
        return sizes
    whole = max(math.ceil(max(sizes) / unit), 1) * unit
    first = min((-start) % unit or whole, n)
    cuts = [first, *range(first + whole, n, whole), n]
    return tuple(int(size) for size in np.diff([0, *cuts]) if size) or (n,)


class Source:
    """An open zarr array as `from_array` reads it: errors name the store and the files of the region."""

    __slots__ = ("opened",)

    def __init__(self, array: Any) -> None:
        self.opened = array

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of its axes."""
        return tuple(self.opened.shape)

    @property
    def ndim(self) -> int:
        """The number of its axes."""
        return len(self.opened.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of its elements."""
        dtype: np.dtype[Any] = np.dtype(self.opened.dtype)
        return dtype

    def __getitem__(self, index: tuple[slice, ...]) -> Any:
        try:
            return self.opened[index]
        except Exception as error:
            error.add_note(f"raskt: while {_chunks_of(self.opened, index)} was read")
            raise

    def __raskt_tokenize__(self) -> Any:
        return "zarr", str(self.opened.store_path), self.opened.metadata.to_dict()


def _chunks_of(x: Any, index: tuple[slice, ...]) -> str:
    """Return the chunks that a region lies in, as text."""
    ranges = [
        range(own.start // unit, max(-(-own.stop // unit), 1))
        for own, unit in zip(index, _unit(x), strict=True)
    ]
    first = tuple(own[0] for own in ranges)
    key = x.metadata.encode_chunk_key(first)
    others = math.prod(map(len, ranges)) - 1
    return f"the chunk {x.store_path}/{key}" + (f" and {others} more" if others else "")
