"""NumPy's ``numpy.lib`` for lazy arrays, at Dask's address."""

from raskt.array.lib import stride_tricks

__all__ = ["stride_tricks"]
