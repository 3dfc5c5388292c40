"""NumPy's arrays, cut into chunks: lazy, larger than memory, on all cores.

Names are loaded when they are first used.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_HOMES = {
    "blockwise": "apply_along_axis apply_over_axes apply_gufunc as_gufunc atop blockwise gufunc map_blocks",
    "concatenate": "append block column_stack concatenate dstack hstack stack vstack",
    "conversion": "array asanyarray asarray from_array from_delayed",
    "core": "Array to_delayed",
    "creation": (
        "arange empty empty_like eye fromfunction full full_like geomspace identity indices linspace "
        "logspace meshgrid ones ones_like tri zeros zeros_like"
    ),
    "cumulative": "cumprod cumsum diff ediff1d gradient nancumprod nancumsum push unwrap",
    "diagonals": (
        "diag diagflat diagonal tril tril_indices tril_indices_from triu triu_indices triu_indices_from"
    ),
    "linear": "dot einsum matmul outer tensordot vdot",
    "overlap": "map_overlap sliding_window_view",
    "padding": "pad",
    "predicates": "allclose isclose iscomplex isneginf isnull isposinf isreal nan_to_num notnull",
    "rechunk": "normalize_chunks rechunk unify_chunks",
    "reductions": (
        "all any argmax argmin average count_nonzero max mean min moment nanargmax nanargmin nanmax "
        "nanmean nanmin nanprod nanstd nansum nanvar prod ptp reduction std sum trace var"
    ),
    "reshape": "ravel reshape reshape_blockwise",
    "products": "convolve correlate cross inner interp kron matvec trapezoid vecdot vecmat",
    "polynomials": "polyval vander",
    "searching": (
        "argwhere compress digitize extract flatnonzero isin nonzero searchsorted take_along_axis where"
    ),
    "setops": ("intersect1d setdiff1d setxor1d unique_all unique_counts unique_inverse unique_values"),
    "shape": (
        "atleast_1d atleast_2d atleast_3d broadcast_arrays broadcast_to expand_dims flip fliplr "
        "flipud moveaxis ndim result_type roll rollaxis rot90 shape squeeze swapaxes transpose"
    ),
    "slicing": "coarsen delete insert ravel_multi_index shuffle take unravel_index",
    "sorting": "argpartition argsort argtopk lexsort partition sort topk union1d unique",
    "spellings": (
        "acos acosh amax amin array_equal array_equiv asin asinh astype atan atan2 atanh bitwise_invert "
        "bitwise_left_shift bitwise_right_shift can_cast concat cumulative_prod cumulative_sum "
        "finfo from_dlpack iinfo iscomplexobj isdtype isrealobj matrix_transpose permute_dims pow size"
    ),
    "splitting": "array_split dsplit hsplit split unstack vsplit",
    "statistics": (
        "bincount corrcoef cov histogram histogram2d histogram_bin_edges histogramdd median nanmedian "
        "nanpercentile nanquantile percentile quantile"
    ),
    "testing": "assert_eq",
    "tiling": "repeat resize tile",
    "chunk_types": "register_chunk_type",
    "hdf5": "to_hdf5",
    "npy": "from_npy_stack to_npy_stack",
    "store": "store",
    "tiledb": "from_tiledb to_tiledb",
    "zarr": "from_zarr to_zarr",
    "ufuncs": (
        "abs absolute add angle arccos arccosh arcsin arcsinh arctan arctan2 arctanh around "
        "bitwise_and bitwise_count bitwise_not bitwise_or bitwise_xor cbrt ceil choose clip conj conjugate "
        "copysign cos cosh deg2rad degrees divide divmod equal exp exp2 expm1 fabs fix float_power "
        "floor floor_divide fmax fmin fmod frexp frompyfunc gcd greater greater_equal heaviside "
        "hypot i0 imag invert isfinite isinf isnan isnat "
        "lcm ldexp left_shift less less_equal log log10 log1p log2 logaddexp logaddexp2 "
        "logical_and logical_not logical_or logical_xor maximum minimum mod modf multiply "
        "negative nextafter not_equal piecewise positive power rad2deg radians "
        "real reciprocal remainder right_shift rint round select sign signbit sin sinc sinh spacing "
        "sqrt square subtract tan tanh true_divide trunc ufunc"
    ),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names.split()}
_CONSTANTS = "e euler_gamma inf nan newaxis pi"
_TYPES = (
    "bool bool_ int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 "
    "float64 complex64 complex128 datetime64 "
    "timedelta64"
)
_OF_PACKAGE = {
    "PerformanceWarning": "raskt.exceptions",
    "compute": "raskt.base",
    "optimize": "raskt.base",
    "persist": "raskt.base",
    "visualize": "raskt._visualize",
}

__all__ = sorted([*_HOME, *_CONSTANTS.split(), *_OF_PACKAGE])


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is not None:
        value = getattr(importlib.import_module(f"raskt.array.{home}"), name)
    elif name in _CONSTANTS.split() or name in _TYPES.split():
        import numpy as np

        value = getattr(np, name)
    elif name in _OF_PACKAGE:
        value = getattr(importlib.import_module(_OF_PACKAGE[name]), name)
    elif name == "ARRAY_EXPR_ENABLED":
        value = True
    elif name == "array_expr_enabled":

        def value() -> bool:
            """Return whether arrays are expressions: they are."""
            return True

    else:
        try:
            value = importlib.import_module(f"raskt.array.{name}")
        except ModuleNotFoundError as error:
            if error.name != f"raskt.array.{name}":
                raise
            raise AttributeError(f"module 'raskt.array' has no attribute {name!r}") from None
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *globals()})


class _Package(ModuleType):
    """The package, whose functions are not hidden by modules of their names."""

    def __setattr__(self, name: str, value: object) -> None:
        if isinstance(value, ModuleType) and name in _HOME and value.__name__ == f"raskt.array.{name}":
            # Importing a module binds it here, where users find the function.
            if name not in _HOMES or not hasattr(value, name):
                return
            value = getattr(value, name)
        super().__setattr__(name, value)

    def __reduce__(self) -> tuple[object, tuple[str]]:
        import importlib

        return importlib.import_module, (__name__,)


sys.modules[__name__].__class__ = _Package
