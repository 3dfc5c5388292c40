"""Writes types.txt: what NumPy 2 says about dtypes. Run with NumPy >= 2.4 and commit the result."""

from __future__ import annotations

import itertools
import pathlib
import sys

import numpy as np

NUMBERS = [
    "bool",
    "int8",
    "uint8",
    "int16",
    "uint16",
    "int32",
    "uint32",
    "int64",
    "uint64",
    "float16",
    "float32",
    "float64",
    "complex64",
    "complex128",
]
TIMES = ["datetime64[D]", "datetime64[ns]", "timedelta64[s]", "timedelta64[ns]"]
WEAK = {"int": 1, "float": 1.0, "complex": 1j}
UFUNCS = (
    sys.argv[1].split(",")
    if len(sys.argv) > 1
    else sorted(
        name
        for name, u in vars(np).items()
        if isinstance(u, np.ufunc) and u.nout == 1 and u.signature is None
    )
)
UFUNCS = [name for name in UFUNCS if getattr(np, name).__name__ == name and name not in ("ldexp", "matmul")]


def operand(name: str) -> object:
    return WEAK[name] if name in WEAK else np.ones(1, name)


def resolved(ufunc: np.ufunc, names: tuple[str, ...]) -> str:
    try:
        with np.errstate(all="ignore"):
            return str(ufunc(*map(operand, names)).dtype)
    except TypeError:
        return "-"


def promoted(names: tuple[str, ...]) -> str:
    try:
        return str(np.result_type(*map(operand, names)))
    except TypeError:
        return "-"


def main() -> None:
    out = []
    known = NUMBERS + TIMES
    for names in itertools.product(known + list(WEAK), repeat=2):
        out.append(f"result_type {' '.join(names)} {promoted(names)}")
    for a, b in itertools.product(known, repeat=2):
        rules = [rule for rule in ("no", "equiv", "safe", "same_kind", "unsafe") if np.can_cast(a, b, rule)]
        out.append(f"can_cast {a} {b} {','.join(rules) or '-'}")
    for name in UFUNCS:
        ufunc = getattr(np, name)
        operands = itertools.product(known + list(WEAK), repeat=ufunc.nin)
        out += [f"{name} {' '.join(names)} {resolved(ufunc, names)}" for names in operands]
    pathlib.Path(__file__).with_name("types.txt").write_text("\n".join(out) + "\n")


main()
