"""The table of native kernels in the documentation says what plans do, as `explain()` shows it."""

from __future__ import annotations

import itertools
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
import raskt.array as ra

PAGE = Path(__file__).resolve().parents[3] / "docs/array-kernels.md"
TASK = re.compile(r"^ +\d+ (\S+)$", re.MULTILINE)
TIMED = {"M8": "M8[ns]", "m8": "m8[ns]"}


def table() -> dict[str, dict[str, str]]:
    """The marks of the page: operation, then dtype."""
    found: dict[str, dict[str, str]] = {}
    columns: list[str] = []
    for line in PAGE.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| operation"):
            columns = cells[1:]
        elif line.startswith("| `"):
            found[cells[0].strip("`")] = dict(zip(columns, cells[1:], strict=True))
    return found


TABLE = table()
BODIES = {
    "full": lambda x: ra.ones(4, chunks=2, dtype=x.dtype),
    "arange": lambda x: ra.arange(4, chunks=2, dtype=x.dtype),
    "linspace": lambda x: ra.linspace(0, 4, 5, chunks=2, dtype=x.dtype),
    "eye": lambda x: ra.eye(4, chunks=2, dtype=x.dtype),
    "slice": lambda x: ra.stack([x, x]),
    "transpose": lambda x: (x.rechunk((3, 2))).T,
    "join": lambda x: x.rechunk((3, 2)),
    "extend": lambda x: ra.map_overlap(lambda b: b, x, depth=1, boundary="periodic", dtype=x.dtype),
    "compress": lambda x: x.reshape(-1)[x.reshape(-1) == x.reshape(-1)],
    "matmul": lambda x: x @ x,
    "cumulate": lambda x: ra.cumsum(x, axis=0),
}


def made(operation: str, x: ra.Array) -> ra.Array:
    if operation in BODIES:
        return BODIES[operation](x)
    if operation.startswith("astype("):
        return x.astype(operation.removeprefix("astype(").removesuffix(")"))
    if operation == "where":
        return ra.where(x == x, x, x)
    if operation == "clip":
        return ra.clip(x, x, x)
    ufunc = getattr(np, operation)
    if not isinstance(ufunc, np.ufunc) or ufunc.nin == 1:
        return getattr(ra, operation, ufunc)(x)
    for partner in (x.dtype, "m8[ns]", "i8"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                ufunc(np.ones(1, x.dtype), np.ones(1, partner))
            except TypeError:
                continue
        return getattr(ra, operation, ufunc)(
            x, ra.from_array(np.ones((4, 4), "i8").astype(partner), chunks=2)
        )
    raise TypeError(operation)


@pytest.mark.parametrize("operation", TABLE)
def test_the_table_says_what_plans_do(operation: str) -> None:
    wrong = []
    for code, mark in TABLE[operation].items():
        values = np.ones((4, 4), "i8").astype(TIMED.get(code, code))
        x = ra.from_array(values, chunks=2)
        try:
            run = TASK.findall(made(operation, x).explain().rsplit("\nexpanded: ", 1)[1])
        except (TypeError, ValueError):
            # NumPy has no such loop.
            if mark == "●":
                wrong.append((code, mark, "refused"))
            continue
        native = all(label.startswith(("array.", "value", "alias", "list")) for label in run)
        if operation in BODIES:
            native = f"array.{operation}" in run
        if native != (mark == "●"):
            wrong.append((code, mark, ",".join(run)))
    assert wrong == []


def test_every_operation_of_the_table_is_one_of_numpys_or_is_made_here() -> None:
    marks = set(itertools.chain.from_iterable(row.values() for row in TABLE.values()))
    assert marks <= {"●", "○", ""}
    unknown = [name for name in TABLE if name not in BODIES and not hasattr(np, name.split("(")[0])]
    assert [name for name in unknown if not name.startswith("astype(")] == []
