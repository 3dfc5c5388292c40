"""NumPy's ``numpy.lib`` for lazy arrays, at Dask's address."""
