"""Dask's address for many functions of arrays: each lives in the module that says what it is about."""

from __future__ import annotations

from raskt._lazy import finder

_MODULES = {
    "blockwise": ("apply_along_axis apply_over_axes"),
    "concatenate": ("append dstack hstack vstack"),
    "conversion": ("array"),
    "cumulative": ("diff ediff1d gradient"),
    "diagonals": ("tril tril_indices tril_indices_from triu triu_indices triu_indices_from"),
    "einsumfuncs": ("einsum"),
    "linear": ("dot matmul outer tensordot vdot"),
    "predicates": ("allclose isclose isnull notnull"),
    "reductions": ("average count_nonzero ptp"),
    "reshape": ("ravel"),
    "searching": ("argwhere compress digitize extract flatnonzero isin nonzero searchsorted where"),
    "shape": (
        "atleast_1d atleast_2d atleast_3d expand_dims flip fliplr flipud ndim result_type roll "
        "rot90 shape squeeze swapaxes transpose"
    ),
    "slicing": ("coarsen delete insert ravel_multi_index take unravel_index"),
    "sorting": ("union1d unique"),
    "statistics": ("bincount corrcoef cov histogram histogram2d histogramdd"),
    "ufuncs": ("around choose piecewise round select"),
}
_HOMES = {name: f"raskt.array.{home}" for home, names in _MODULES.items() for name in names.split()}

__all__ = sorted(_HOMES)

__getattr__ = finder(__name__, _HOMES)
