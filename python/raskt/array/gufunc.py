"""Dask's address for functions with core dimensions; they live in `raskt.array.blockwise`."""

from __future__ import annotations

from raskt._lazy import finder

_MODULES = {
    "blockwise": ("apply_gufunc as_gufunc gufunc"),
}
_HOMES = {name: f"raskt.array.{home}" for home, names in _MODULES.items() for name in names.split()}

__all__ = sorted(_HOMES)

__getattr__ = finder(__name__, _HOMES)
