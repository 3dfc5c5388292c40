"""Values that kernels get wrong, and how far results are apart."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["awkward", "n_ulps"]

FLOATS = [
    *(0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, -2.25, 2.5, -2.5, 3.0, 10.0, -10.0, 100.3, 709.0, -745.0),
    *(88.7, -103.0, 1e-3, 1e5, 1e10, 2.0**24 + 1, 2.0**53, 1e20, 0.1, np.pi, np.pi / 2, -np.pi / 4),
    *(np.nan, np.inf, -np.inf),
]


def awkward(code: str) -> Any:
    """Zeros of both signs, NaN or NaT, infinities, ends of the range, halves, subnormal numbers."""
    if code in ("M8", "m8"):
        ends = np.iinfo(np.int64)
        units = [0, 1, -1, 7, -7, 10**6, ends.min, 2**62, -(2**62), ends.max]
        return np.array(units, dtype=np.int64).view(f"{code}[ns]")
    dtype = np.dtype(code)
    if dtype.kind == "b":
        return np.array([False, True])
    if dtype.kind in "iu":
        room = np.iinfo(dtype)
        units = [0, 1, 2, 3, 5, 7, 10, 63, 64, room.max, room.max - 1, room.max // 2, room.min, room.min + 1]
        return np.array(sorted({n for n in [*units, -1, -2, -3, -7] if room.min <= n <= room.max}), dtype)
    if dtype.kind == "f":
        found = np.finfo(dtype)
        ends = [
            found.max,
            found.min,
            found.tiny,
            -found.tiny,
            found.smallest_subnormal,
            found.eps,
            1 + found.eps,
        ]
        with np.errstate(all="ignore"):
            return np.array([*FLOATS, *ends]).astype(dtype)
    parts = [0.0, -0.0, 1.0, -0.5, 2.5, 1e5, np.nan, np.inf, -np.inf]
    return np.array([complex(re, im) for re in parts for im in parts], dtype)


def n_ulps(a: Any, b: Any, *, either_zero: bool) -> int:
    """Return by how many units in the last place two arrays differ at most; without floats, 0 or many."""
    if a.dtype.kind == "c":
        # A number with one part that is NaN is NaN; what the other is depends on the order of operations.
        lost = np.isnan(a)
        if not np.array_equal(lost, np.isnan(b)):
            return 1 << 60
        a, b = a[~lost], b[~lost]
        return max(
            n_ulps(a.real, b.real, either_zero=either_zero), n_ulps(a.imag, b.imag, either_zero=either_zero)
        )
    many = 1 << 60
    if a.dtype.kind in "mM":
        a, b = a.view(np.int64), b.view(np.int64)
    if a.dtype.kind != "f":
        return 0 if np.array_equal(a, b) else many
    lost = np.isnan(a)
    if not np.array_equal(lost, np.isnan(b)):
        return many
    a, b = a[~lost], b[~lost]
    if not either_zero and not np.array_equal(np.signbit(a)[a == 0], np.signbit(b)[a == 0]):
        return many
    whole = np.int32 if a.dtype.itemsize == 4 else np.int64
    low = int(np.iinfo(whole).min)

    def number(x: Any) -> list[int]:
        return [low - n if n < 0 else n for n in np.ascontiguousarray(x).view(whole).reshape(-1).tolist()]

    return max((abs(i - j) for i, j in zip(number(a), number(b), strict=True)), default=0)
