"""Writes values.txt: what NumPy's ufuncs and reductions give for telling values of every native dtype.

One line a loop: the ufunc, its operands' dtypes, the result's dtype, the result's bytes in hexadecimal. The
operands are the values of `operands.txt`, one line a dtype; two operands are combined each with each.
"""

from __future__ import annotations

import itertools
import pathlib
import warnings

import numpy as np

FOLDER = pathlib.Path(__file__).parent
INTS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
FLOATS = ["float32", "float64"]
COMPLEX = ["complex64", "complex128"]
TIMES = ["datetime64[s]", "timedelta64[s]"]


def values(dtype: str) -> np.ndarray:
    if dtype == "bool":
        return np.array([True, False])
    if dtype in INTS:
        info = np.iinfo(dtype)
        return np.array([0, 1, 2, 7, info.max, info.min, info.max // 3 + 1, -3 if info.min else 3], dtype)
    if dtype in FLOATS:
        return np.array([0.0, -0.0, 1.0, -1.5, 2.5, np.inf, -np.inf, np.nan, 1e-30, 0.3, -7.25, 1e20], dtype)
    if dtype in COMPLEX:
        parts = [0, 1, 2.5 - 1j, -3 + 0.5j, complex(np.inf, 1), complex(np.nan, 0), -0.25j]
        return np.array(parts, dtype)
    return np.array([0, 1, -5, 86400 * 3 + 7, np.iinfo("int64").min], "int64").view(dtype)


def line(name: str, dtypes: tuple[str, ...], result: np.ndarray) -> str:
    return f"{name} {' '.join(dtypes)} {result.dtype} {np.ascontiguousarray(result).tobytes().hex()}"


def main() -> None:
    warnings.simplefilter("ignore")
    known = ["bool", *INTS, *FLOATS, *COMPLEX, *TIMES]
    operands = "\n".join(f"{dtype} {values(dtype).tobytes().hex()}" for dtype in known)
    (FOLDER / "operands.txt").write_text(operands + "\n")
    out = []
    ufuncs = (n for n, u in vars(np).items() if isinstance(u, np.ufunc) and u.nout == 1 and u.__name__ == n)
    for name in sorted(ufuncs):
        ufunc = getattr(np, name)
        if ufunc.signature is not None or name == "ldexp":
            continue
        pairs = [(a,) * ufunc.nin for a in known]
        if ufunc.nin == 2:
            lengths = [TIMES[1], "int64"], [TIMES[1], "float64"]
            mixed = [tuple(pair) for pair in (TIMES, *lengths)]
            pairs += [*mixed, *(pair[::-1] for pair in mixed), ("int64", "uint64"), ("uint64", "int64")]
        for dtypes in pairs:
            arrays = [values(dtype) for dtype in dtypes]
            if name == "power" and all(dtype.startswith("int") for dtype in dtypes):
                arrays[1] = np.abs(arrays[1]) % 8
            if len(arrays) == 2:
                arrays = [arrays[0][:, None], arrays[1][None, :]]
            try:
                result = ufunc(*arrays)
            except TypeError:
                continue
            if result.dtype != "float16":
                out.append(line(name, dtypes, result))
    for a, b in itertools.product(known, known):
        out.append(line(f"cast:{b}", (a,), values(a).astype(b)))
    for name in [
        "sum",
        "prod",
        "min",
        "max",
        "any",
        "all",
        "count_nonzero",
        "argmin",
        "argmax",
        "mean",
        "var",
        "std",
    ]:
        for dtype, prefix in itertools.product(known, ("", "nan")):
            try:
                result = np.asarray(getattr(np, prefix + name)(np.stack([values(dtype)] * 3, 1), axis=0))
            except (TypeError, AttributeError):
                continue
            out.append(line(f"fold:{prefix}{name}", (dtype,), result))
    (FOLDER / "values.txt").write_text("\n".join(out) + "\n")


main()
