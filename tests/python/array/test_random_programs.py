"""Programs of several operations on arrays of any dtype, empty blocks among them: NumPy's results.

Fixed seeds: a failure prints its program, and this file repeats it when it is run with the seed.
"""

from __future__ import annotations

import random
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import raskt.array as ra

N_PROGRAMS = 600
RECORD = np.dtype([("a", "i4"), ("b", "f8")])
DTYPES: list[Any] = [
    "?",
    "i1",
    "i4",
    "i8",
    "u1",
    "u8",
    "f2",
    "f4",
    "f8",
    "c8",
    "c16",
    "M8[s]",
    "m8[ms]",
    "S2",
]
DTYPES += ["U3", RECORD]
UNARY = ["abs", "negative", "sqrt", "exp", "floor", "sign", "isnan", "conj", "real", "square", "logical_not"]
BINARY = [
    "add",
    "subtract",
    "multiply",
    "divide",
    "floor_divide",
    "maximum",
    "fmin",
    "equal",
    "less",
    "power",
]
BINARY += ["logical_or", "bitwise_and", "arctan2", "hypot", "copysign", "remainder"]
REDUCED = ["sum", "prod", "max", "min", "mean", "var", "std", "any", "all", "argmax", "argmin", "nansum"]
REDUCED += ["nanmax", "nanmean", "nanargmin", "cumsum", "cumprod", "nancumsum", "ptp", "count_nonzero"]

Operation = Callable[[Any, Any], Any]


class Programs(random.Random):
    """Draws arrays, and operations that fit them."""

    def values(self, shape: tuple[int, ...], dtype: Any) -> np.ndarray[Any, Any]:
        dtype = np.dtype(dtype)
        n = int(np.prod(shape))
        if dtype.names:
            made = np.zeros(n, dtype)
            made["a"], made["b"] = self.choices(range(-2, 3), k=n), self.choices([0, 1.5, np.nan], k=n)
            return made.reshape(shape)
        texts, numbers = ["", "a", "ab"], [0, 1, 2, 3, 100, -3]
        if dtype.kind == "f":
            numbers += [2.5, -0.0, np.nan, np.inf] if self.random() < 0.4 else [2.5]
        items = self.choices(texts if dtype.kind in "SU" else numbers, k=n)
        plain = np.array(items, object if not n else None)
        if dtype.kind in "uMm":
            plain = np.abs(plain)
        if dtype.kind in "Mm":
            plain = plain.astype("i8")
        return plain.astype(dtype).reshape(shape)

    def chunks(self, shape: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
        found = []
        for n in shape:
            sizes = []
            while n > 0:
                sizes.append(min(n, self.choice([0, 1, 1, 2, 3])))
                n -= sizes[-1]
            found.append(tuple(sizes) or (0,))
        return tuple(found)

    def array(self, dtype: Any = None, shape: Any = None) -> np.ndarray[Any, Any]:
        if shape is None:
            shape = tuple(self.choice([0, 1, 2, 3, 4, 5]) for _ in range(self.choice([1, 1, 2, 2, 3])))
        values = self.values(shape, self.choice(DTYPES) if dtype is None else dtype)
        layout = self.choice(["C", "C", "F", "backwards"])
        if layout == "backwards":
            return values[::-1].copy()[::-1]
        return np.asfortranarray(values) if layout == "F" else values

    def lazy(self, values: Any) -> Any:
        return ra.from_array(values, chunks=self.chunks(values.shape))

    def index(self, shape: tuple[int, ...]) -> tuple[Any, ...]:
        found: list[Any] = []
        is_fancy = False
        for n in shape:
            kind = self.choice(["all", "slice", "slice", "one", "new", "list", "mask"])
            if kind == "one" and n:
                found.append(self.randrange(-n, n))
            elif kind == "new":
                found += [None, slice(None)]
            elif kind == "list" and n and not is_fancy:
                found.append([self.randrange(-n, n) for _ in range(self.randint(0, 4))])
                is_fancy = True
            elif kind == "mask" and not is_fancy:
                found.append(np.array([self.random() < 0.5 for _ in range(n)], bool))
                is_fancy = True
            elif kind == "slice":
                ends = [None, 0, 1, -1, 3]
                found.append(slice(self.choice(ends), self.choice(ends), self.choice([None, 2, -1, -2])))
            else:
                found.append(slice(None))
        return tuple(found)

    def operation(self, x: np.ndarray[Any, Any]) -> tuple[str, Operation]:
        kind = self.choice(["unary", "binary", "reduced", "index", "moved", "moved", "set"])
        drawn: tuple[str, Operation] = getattr(self, f"_{kind}")(x)
        return drawn

    def _unary(self, _: Any) -> tuple[str, Operation]:
        name = self.choice(UNARY)
        return name, lambda m, a: getattr(m, name)(a)

    def _binary(self, x: Any) -> tuple[str, Operation]:
        name = self.choice(BINARY)
        if self.random() < 0.4:
            number = self.choice([0, 1, 2, -1, 2.5, True, 300, 1j, np.float32(2), np.int8(3), 2**63])
            if self.random() < 0.5:
                return f"{name}(x, {number!r})", lambda m, a: getattr(m, name)(a, number)
            return f"{name}({number!r}, x)", lambda m, a: getattr(m, name)(number, a)
        shape = tuple(n if self.random() < 0.7 else 1 for n in x.shape)
        other = self.array(x.dtype if self.random() < 0.5 else None, shape)
        lazy = self.lazy(other)
        return f"{name}(x, {other!r})", lambda m, a: getattr(m, name)(a, lazy if m is ra else other)

    def _reduced(self, x: Any) -> tuple[str, Operation]:
        name = self.choice(REDUCED)
        kwargs: dict[str, Any] = {"axis": self.choice([None, *range(-x.ndim, x.ndim)])}
        if name in ("sum", "mean", "max", "any", "var") and self.random() < 0.4:
            kwargs["keepdims"] = True
        if name in ("sum", "prod", "mean", "cumsum") and self.random() < 0.25:
            kwargs["dtype"] = self.choice(["f4", "f8", "c16", "i4"])
        return f"{name} {kwargs}", lambda m, a: getattr(m, name)(a, **kwargs)

    def _index(self, x: Any) -> tuple[str, Operation]:
        index = self.index(x.shape)
        return f"x[{index}]", lambda _, a: a[index]

    def _set(self, x: Any) -> tuple[str, Operation]:
        index = tuple(place for place in self.index(x.shape) if place is not None)
        value = self.choice([0, 1, 2.5, -1, True])

        def assigned(_: Any, a: Any) -> Any:
            a = a.copy()
            a[index] = value
            return a

        return f"x[{index}] = {value!r}", assigned

    def _moved(self, x: Any) -> tuple[str, Operation]:
        axis = self.choice([*range(-x.ndim, x.ndim)] or [None])
        step, chunks, order = self.randint(-3, 3), self.chunks(x.shape), self.sample(range(x.ndim), x.ndim)
        dtype, other = self.choice(["f4", "i4", "?", "c16", "O"]), self.values((*x.shape[-1:], 2), "i4")
        lazy = self.lazy(other)
        ways: dict[str, Operation] = {
            "ravel": lambda _, a: a.ravel(),
            f"rechunk {chunks}": lambda m, a: a.rechunk(chunks) if m is ra else a,
            f"transpose {order}": lambda m, a: m.transpose(a, order),
            f"astype {dtype}": lambda _, a: a.astype(dtype),
            f"flip {axis}": lambda m, a: m.flip(a, axis),
            f"roll {step} {axis}": lambda m, a: m.roll(a, step, axis=axis),
            "concatenate": lambda m, a: m.concatenate([a, a], axis=axis or 0),
            "stack": lambda m, a: m.stack([a, a]),
            f"dot {other!r}": lambda m, a: m.dot(a, lazy if m is ra else other),
            f"repeat {axis}": lambda m, a: m.repeat(a, 2, axis=axis or 0),
            "clip": lambda m, a: m.clip(a, 0, 2),
            f"diff {axis}": lambda m, a: m.diff(a, axis=axis or 0),
            "where": lambda m, a: m.where(a == a, a, 1),
            f"tril {step}": lambda m, a: m.tril(a, step) if a.ndim > 1 else a,
            "reshape": lambda _, a: a.reshape(1, -1),
        }
        if x.dtype.kind in "mMSUV":
            del ways[f"dot {other!r}"]
        name = self.choice(sorted(ways))
        return name, ways[name]


def is_close(found: Any, wanted: Any) -> bool:
    if found.dtype != wanted.dtype or found.shape != wanted.shape:
        return False
    if found.dtype.names:
        return all(is_close(found[name], wanted[name]) for name in found.dtype.names)
    if found.dtype.kind in "fc":
        eps = {2: 2e-2, 4: 1e-3, 8: 1e-3 if found.dtype.kind == "c" else 1e-6, 16: 1e-6}[found.dtype.itemsize]
        pairs = [(found.real, wanted.real), (found.imag, wanted.imag)]
        return all(np.allclose(a, b, rtol=eps, atol=eps, equal_nan=True) for a, b in pairs)
    if found.dtype.kind in "mM":
        return np.array_equal(found.view("i8"), wanted.view("i8"))
    return np.array_equal(found, wanted)


def is_promised(made: Any, found: Any) -> bool:
    # One text that is computed is a scalar, which is as long as it is.
    return made.dtype == found.dtype or (found.ndim == 0 and found.dtype.kind in "SU")


def tried(function: Callable[[], Any]) -> tuple[Any, Exception | None]:
    try:
        return function(), None
    except Exception as error:
        return None, error


def difference(seed: int) -> str | None:
    """Return how a program's result is not NumPy's."""
    drawn = Programs(seed)
    values = drawn.array()
    lazy = drawn.lazy(values)
    said = [f"seed {seed}", f"{values!r} in chunks {lazy.chunks}"]
    for _ in range(drawn.randint(2, 5)):
        name, operation = drawn.operation(values)
        said.append(name)
        wanted, refused = tried(lambda: operation(np, values))  # noqa: B023
        made, failed = tried(lambda: operation(ra, lazy))  # noqa: B023
        found = None
        if failed is None:
            found, failed = tried(lambda: made.compute(scheduler="sync"))  # noqa: B023
        if isinstance(failed, NotImplementedError) or (refused is not None and failed is not None):
            return None
        if refused is not None or failed is not None:
            # NumPy has quirks of its own where there is nothing to compare.
            return (
                None
                if values.size == 0 or isinstance(refused, ZeroDivisionError)
                else "\n".join([*said, f"NumPy: {refused!r}, Raskt: {failed!r}"])
            )
        wanted, found = np.asarray(wanted), np.asarray(found)
        if not is_close(found, wanted) or not is_promised(made, found):
            return "\n".join([*said, f"wanted {wanted!r}", f"found {found!r}", f"promised {made.dtype}"])
        values, lazy = wanted, made
        if values.ndim in (0, 5) or values.dtype.kind == "O" or values.size > 1000:
            return None
    return None


@pytest.mark.parametrize("first", range(0, N_PROGRAMS, 100))
def test_random_programs_are_numpys(first: int) -> None:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        found = [told for seed in range(first, first + 100) if (told := difference(seed))]
    assert not found, "\n\n".join(found)


if __name__ == "__main__":
    print(difference(int(sys.argv[1])) or "NumPy's")
