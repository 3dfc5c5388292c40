"""Windows on arrays, at NumPy's and Dask's address."""

from __future__ import annotations

from raskt.array.overlap import sliding_window_view

__all__ = ["sliding_window_view"]
