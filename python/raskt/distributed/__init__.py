"""Clusters: a scheduler, workers on any number of machines, and clients.

The names are those of Dask's ``distributed``.
"""

from __future__ import annotations

from raskt.distributed.local import Adaptive, LocalCluster

__all__ = ["Adaptive", "LocalCluster"]
