"""The array API standard, version 2024.12, on lazy arrays: what `Array.__array_namespace__` returns.

Functions have the standard's names and arguments. Shapes that depend on values are found out when they are
needed.
"""

from __future__ import annotations

import importlib
from typing import Any

__array_api_version__ = "2024.12"

_OWN = (
    "arange argsort asarray concat empty empty_like expand_dims eye full full_like linspace ones "
    "ones_like sort std take var zeros zeros_like"
)
_OF_ARRAYS = (
    "abs acos acosh add all any argmax argmin asin asinh astype atan atan2 atanh bitwise_and "
    "bitwise_invert bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor bool broadcast_arrays "
    "broadcast_to can_cast ceil clip complex128 complex64 conj copysign cos cosh count_nonzero "
    "cumulative_prod cumulative_sum diff divide e equal exp expm1 finfo flip float32 float64 floor "
    "floor_divide from_dlpack greater greater_equal hypot iinfo imag inf int16 int32 int64 int8 isdtype "
    "isfinite isin isinf isnan less less_equal log log10 log1p log2 logaddexp logical_and logical_not "
    "logical_or logical_xor matmul matrix_transpose max maximum mean meshgrid min minimum moveaxis "
    "multiply nan negative newaxis nextafter nonzero not_equal permute_dims pi positive pow prod real "
    "reciprocal remainder repeat result_type roll round searchsorted sign signbit sin sinh sqrt square "
    "squeeze stack subtract sum take_along_axis tan tanh tensordot tile tril triu trunc uint16 uint32 "
    "uint64 uint8 unique_all unique_counts unique_inverse unique_values unstack vecdot where"
)
_HOME = (
    {name: ("raskt.array_api._creation", name) for name in _OWN.split()}
    | {name: ("raskt.array", name) for name in _OF_ARRAYS.split()}
    | {
        "reshape": ("raskt.array_api._creation", "reshape_of"),
        "__array_namespace_info__": ("raskt.array_api._info", "namespace_info"),
    }
)
__all__ = sorted([*_HOME, "__array_api_version__", "fft", "linalg"])


def __getattr__(name: str) -> Any:
    if name in ("fft", "linalg"):
        value: Any = importlib.import_module(f"raskt.array_api.{name}")
    elif name in _HOME:
        home, own = _HOME[name]
        value = getattr(importlib.import_module(home), own)
    else:
        raise AttributeError(f"module 'raskt.array_api' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *globals()})
