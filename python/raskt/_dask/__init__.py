"""The bridge to Dask: its collections and graphs on Raskt's engine, Raskt's collections in its protocol.

Dask is no dependency: nothing here imports it before an object of its comes in, or Dask itself asks.
"""
