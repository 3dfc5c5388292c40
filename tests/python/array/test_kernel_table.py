"""The table of native kernels in the documentation says what plans do, as `explain()` shows it."""

from __future__ import annotations

import itertools
import re
import warnings

import numpy as np
import pytest
import raskt.array as ra
from kernel_page import TABLE, TIMED

TASK = re.compile(r"^ +\d+ (\S+)$", re.MULTILINE)
ONES = np.ones(4, dtype=bool)
PLACES = np.array([3, 0, 0])
# How each row of the last table is asked for, and the kernel that has another name than the row.
BODIES = {
    "arange": lambda x: ra.arange(2, chunks=1, dtype=x.dtype),
    "assign": lambda x: assigned(x, np.s_[1:3, ::-2], x[0, 0]),
    "bincount": lambda x: ra.bincount(x.reshape(-1)),
    "broadcast": lambda x: ra.broadcast_to(x, (3, 4, 4)),
    "compress": lambda x: x[ra.from_array(ONES, chunks=2)],
    "cumulate": lambda x: ra.cumsum(x, axis=0),
    "diagonal": lambda x: ra.diagonal(x),
    "digitize": lambda x: ra.digitize(x, np.ones(3, dtype=x.dtype)),
    "extend": lambda x: ra.map_overlap(lambda b: b, x, depth=1, boundary="periodic", dtype=x.dtype),
    "eye": lambda x: ra.eye(4, chunks=2, dtype=x.dtype),
    "full": lambda x: ra.ones(4, chunks=2, dtype=x.dtype),
    "histogram": lambda x: ra.histogram(x, bins=np.arange(4).astype(x.dtype))[0],
    "indices": lambda x: ra.indices((4, 4), chunks=2, dtype=x.dtype),
    "isin": lambda x: ra.isin(x, x),
    "join": lambda x: ra.concatenate([x, x]).rechunk((3, 2)),
    "linspace": lambda x: ra.linspace(0, 4, 5, chunks=2, dtype=x.dtype),
    "matmul": lambda x: x @ x,
    "median": lambda x: ra.median(x, axis=0),
    "points": lambda x: x.vindex[[0, 3], [3, 0]],
    "quantile": lambda x: ra.quantile(x, [0.25, 0.5], axis=0),
    "repeat": lambda x: ra.repeat(x, 2, axis=0),
    "reshape": lambda x: x.reshape(-1),
    "searchsorted": lambda x: ra.searchsorted(x[0], x),
    "slice": lambda x: ra.stack([x, x]),
    "sort": lambda x: ra.sort(x),
    "take": lambda x: x[:, ra.from_array(PLACES, chunks=2)],
    "tensordot": lambda x: ra.tensordot(x, x, axes=((0,), (1,))),
    "topk": lambda x: ra.topk(x, 2),
    "transpose": lambda x: ra.concatenate([x, x]).T,
    "tri": lambda x: ra.tri(4, chunks=2, dtype=x.dtype),
    "triangle": lambda x: ra.tril(x),
    "true_places": lambda x: ra.argwhere(x),
    "unique": lambda x: ra.unique(x),
}
KERNELS = {"median": "quantile"}


def assigned(x: ra.Array, index: object, value: object) -> ra.Array:
    y = x.copy()
    y[index] = value
    return y


def made(operation: str, x: ra.Array) -> ra.Array:
    if operation in BODIES:
        return BODIES[operation](x)
    if operation.startswith("astype("):
        return x.astype(operation.removeprefix("astype(").removesuffix(")"))
    if operation == "where":
        return ra.where(x == x, x, x)
    if operation in ("real", "imag", "angle"):
        return getattr(ra, operation)(x)
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
            # Margins are for functions of the user's.
            native = (native or operation == "extend") and f"array.{KERNELS.get(operation, operation)}" in run
        if native != (mark == "●"):
            wrong.append((code, mark, ",".join(run)))
    assert wrong == []


def test_every_operation_of_the_table_is_one_of_numpys_or_is_made_here() -> None:
    marks = set(itertools.chain.from_iterable(row.values() for row in TABLE.values()))
    assert marks <= {"●", "○", ""}
    unknown = [name for name in TABLE if name not in BODIES and not hasattr(np, name.split("(")[0])]
    assert [name for name in unknown if not name.startswith("astype(")] == []
