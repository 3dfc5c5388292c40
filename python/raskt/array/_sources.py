"""Where in a file a region lies that could not be read: what errors of reading are told."""

from __future__ import annotations

import itertools
from typing import Any

__all__ = ["place_of", "text_of"]


def text_of(index: tuple[Any, ...]) -> str:
    """Return an index as it is written between brackets."""

    def item(part: Any) -> str:
        if not isinstance(part, slice):
            return str(part)
        ends = ("" if end is None else str(end) for end in (part.start, part.stop))
        return ":".join((*ends, *([] if part.step in (None, 1) else [str(part.step)])))

    return f"[{', '.join(map(item, index))}]"


def place_of(source: Any, region: tuple[slice, ...]) -> str | None:
    """Return what a region of a file is called, and where it begins; None for what is in no file known here.

    Parameters
    ----------
    source : object
        What was asked for the region: a data set of HDF5, a variable of netCDF.
    region : tuple of slice
        The region.

    Returns
    -------
    str or None
    """
    library = type(source).__module__.partition(".")[0]
    if library == "h5py":
        if not source:
            return f"{text_of(region)} of a data set whose file is closed"
        return f"{text_of(region)} of {source.name} in {source.file.filename}{_hdf5_offset(source, region)}"
    if library == "netCDF4":
        return f"{text_of(region)} of {source.name} in {source.group().filepath()}"
    return None


def _hdf5_offset(dataset: Any, region: tuple[slice, ...]) -> str:
    """Return at which byte of the file the chunk is that cannot be read, or where the elements begin."""
    if dataset.chunks is None:
        start = dataset.id.get_offset()
        return "" if start is None else f" (its elements begin at byte {start})"
    steps = (
        range(part.start // size * size, part.stop, size)
        for part, size in zip(region, dataset.chunks, strict=True)
    )
    for corner in itertools.product(*steps):
        chunk = tuple(slice(at, at + size) for at, size in zip(corner, dataset.chunks, strict=True))
        try:
            dataset[chunk]
        except OSError:
            start = dataset.id.get_chunk_info_by_coord(corner).byte_offset
            return f" (its chunk at byte {start})"
    return ""
