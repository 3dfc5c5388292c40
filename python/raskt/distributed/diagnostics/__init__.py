"""Plugins that are ready to use, and what samples memory, at the addresses that Dask's users know."""

from __future__ import annotations

from raskt._lazy import finder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from raskt.distributed.diagnostics.memory_sampler import MemorySampler

__all__ = ["MemorySampler"]

__getattr__ = finder(__name__, {"MemorySampler": "raskt.distributed.diagnostics.memory_sampler"})
