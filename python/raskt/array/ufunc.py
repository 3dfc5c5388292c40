"""Dask's address for element-wise functions: each name lives in the module that says what it is about."""

from __future__ import annotations

from raskt._lazy import finder

_MODULES = {
    "elementwise": ("elemwise"),
    "predicates": ("iscomplex isneginf isposinf isreal nan_to_num"),
    "ufuncs": (
        "abs absolute add angle arccos arccosh arcsin arcsinh arctan arctan2 arctanh bitwise_and "
        "bitwise_not bitwise_or bitwise_xor cbrt ceil clip conj conjugate copysign cos cosh "
        "deg2rad degrees divide divmod equal exp exp2 expm1 fabs fix float_power floor "
        "floor_divide fmax fmin fmod frexp frompyfunc greater greater_equal hypot i0 imag invert "
        "isfinite isinf isnan ldexp left_shift less less_equal log log10 log1p log2 logaddexp "
        "logaddexp2 logical_and logical_not logical_or logical_xor maximum minimum mod modf "
        "multiply negative nextafter not_equal positive power rad2deg radians real reciprocal "
        "remainder right_shift rint sign signbit sin sinc sinh spacing sqrt square subtract tan "
        "tanh true_divide trunc ufunc"
    ),
}
_HOMES = {name: f"raskt.array.{home}" for home, names in _MODULES.items() for name in names.split()}

__all__ = sorted(_HOMES)

__getattr__ = finder(__name__, _HOMES)
