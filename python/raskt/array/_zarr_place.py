"""Which arrays of zarr's the engine reads and writes itself: those in folders, with codecs that it knows."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from raskt import _raskt
from raskt.array._meta import dtype_name

if TYPE_CHECKING:
    from raskt._raskt import ArrayChunks, ArrayExpr

__all__ = ["ZarrPlace", "zarr_place"]

PIPELINE = "zarr.core.codec_pipeline.BatchedCodecPipeline"


class ZarrPlace(NamedTuple):
    """Where an open array of zarr's is, as the engine finds it."""

    folder: str
    metadata: str
    shape: tuple[int, ...]
    writes_empty: bool
    is_read_only: bool

    def read(self, chunks: ArrayChunks, stamp: str) -> ArrayExpr:
        """Return the array in these chunks; ``stamp`` stands for its content."""
        return _raskt.zarr_read(self.folder, self.metadata, chunks, stamp)

    def write(self, array: ArrayExpr, starts: tuple[int, ...]) -> ArrayExpr:
        """Return the writing of an array, from an index on: an array of one element for each block."""
        return _raskt.zarr_write(array, self.folder, self.metadata, list(starts), self.writes_empty)


def zarr_place(x: Any) -> ZarrPlace | None:
    """Return where an open array of zarr's is, unless that is for zarr's own library to read.

    That is what has another store than a folder, a codec or dtype that the engine does not know, or a codec
    pipeline that somebody configured.
    """
    zarr = sys.modules.get("zarr")
    if zarr is None or type(x) is not zarr.Array or type(x.store) is not zarr.storage.LocalStore:
        return None
    if zarr.config.get("codec_pipeline.path") != PIPELINE:
        return None
    import json

    folder = os.path.abspath(os.path.join(x.store.root, x.path))
    said = {name: own for name, own in x.metadata.to_dict().items() if name != "attributes"}
    metadata = json.dumps(said)
    try:
        dtype = _raskt.zarr_dtype(folder, metadata)
    except NotImplementedError:
        return None
    if dtype != dtype_name(np.dtype(x.dtype)):
        return None
    inner = x._async_array
    # Called so before zarr 3.1.
    said_of_chunks = inner.config if hasattr(inner, "config") else inner._config
    writes_empty = bool(said_of_chunks.write_empty_chunks)
    return ZarrPlace(folder, metadata, tuple(x.shape), writes_empty, bool(x.read_only))
