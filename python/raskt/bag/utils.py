"""Dask's address for comparing bags in tests."""

from __future__ import annotations

from raskt.bag.testing import assert_eq

__all__ = ["assert_eq"]
