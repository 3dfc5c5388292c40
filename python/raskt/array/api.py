"""Dask's address for what decides about chunks: each name lives in the module that says what it is about."""

from __future__ import annotations

from raskt._lazy import finder

_MODULES = {
    "rechunk": ("normalize_chunks"),
}
_HOMES = {name: f"raskt.array.{home}" for home, names in _MODULES.items() for name in names.split()}

__all__ = sorted(_HOMES)

__getattr__ = finder(__name__, _HOMES)
