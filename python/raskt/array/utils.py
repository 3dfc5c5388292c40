"""Dask's address for what libraries on arrays use: each name lives in a module that says what it is about."""

from __future__ import annotations

from functools import wraps as safe_wraps

from raskt.array._axes import validate_axis
from raskt.array.metas import (
    arange_safe,
    array_safe,
    asanyarray_safe,
    asarray_safe,
    compute_meta,
    meta_from_array,
    normalize_to_array,
)
from raskt.array.predicates import allclose
from raskt.array.testing import assert_eq, assert_eq_shape, same_keys
from raskt.inspection import is_arraylike

__all__ = [
    "allclose",
    "arange_safe",
    "array_safe",
    "asanyarray_safe",
    "asarray_safe",
    "assert_eq",
    "assert_eq_shape",
    "compute_meta",
    "is_arraylike",
    "meta_from_array",
    "normalize_to_array",
    "safe_wraps",
    "same_keys",
    "validate_axis",
]
