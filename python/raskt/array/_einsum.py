"""Einstein's notation: subscripts read, contracted in a good order, two arrays at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from raskt import _raskt
from raskt.array._base import dtype_parameter, is_known
from raskt.array._deferred import bounds_of, deferred
from raskt.array._op import op
from raskt.array.blockwise import unknown_letters
from raskt.array.conversion import asanyarray
from raskt.array.rechunk import unify_chunks

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = ["contract"]

N_ARRAYS_OPTIMAL = 5
"""So many arrays are contracted in the best of all orders, more of them in a good one."""

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def contract(operands: Any, dtype: Any, optimize: Any, kwargs: dict[str, Any]) -> Array:
    """Return what `einsum` is asked for."""
    subscripts, given = _read(operands)
    arrays = [asanyarray(x) for x in given]
    inputs, output = _complete(subscripts, arrays)
    if any(
        len(set(letters)) != len(letters) and not is_known(x.shape)
        for letters, x in zip(inputs, arrays, strict=True)
    ):
        return _later(inputs, output, arrays, dtype, optimize, kwargs)
    if len(arrays) > 2:
        return _pairwise(inputs, output, arrays, dtype, kwargs)
    return _once(inputs, output, arrays, dtype, optimize, kwargs)


def _read(operands: Any) -> tuple[str, list[Any]]:
    if isinstance(operands[0], str):
        return operands[0].replace(" ", ""), list(operands[1:])
    pairs, rest = list(zip(operands[::2], operands[1::2], strict=False)), operands[len(operands) // 2 * 2 :]

    def text(letters: Any) -> str:
        return "".join("..." if letter is Ellipsis else _LETTERS[letter] for letter in letters)

    subscripts = ",".join(text(letters) for _, letters in pairs)
    if rest:
        subscripts += "->" + text(rest[0])
    return subscripts, [x for x, _ in pairs]


def _complete(subscripts: str, arrays: list[Any]) -> tuple[list[str], str]:
    """Return the letters of each operand and of the result, ellipses spelt out."""
    left, arrow, output = subscripts.partition("->")
    inputs = left.split(",")
    if len(inputs) != len(arrays):
        raise ValueError(f"einsum subscripts for {len(inputs)} operands, where {len(arrays)} were given")
    free = [letter for letter in reversed(_LETTERS) if letter not in subscripts]
    longest = 0
    spelt = []
    for letters, x in zip(inputs, arrays, strict=True):
        n = x.ndim - len(letters.replace("...", ""))
        if n < 0 or (n > 0 and "..." not in letters):
            raise ValueError(f"einsum subscripts {letters!r} do not match an operand of {x.ndim} axes")
        longest = max(longest, n)
        spelt.append(letters.replace("...", "".join(reversed(free[:n]))))
    dots = "".join(reversed(free[:longest]))
    if arrow:
        return spelt, output.replace("...", dots)
    flat = "".join(spelt)
    return spelt, dots + "".join(
        sorted(letter for letter in set(flat) if flat.count(letter) == 1 and letter not in dots)
    )


def _later(
    inputs: list[str], output: str, arrays: list[Any], dtype: Any, optimize: Any, kwargs: dict[str, Any]
) -> Array:
    """Promise a contraction with diagonals of arrays whose sizes are not known."""
    sizes: dict[str, Any] = {}
    longest: dict[str, Any] = {}
    for letters, x in zip(inputs, arrays, strict=True):
        for letter, own, length, bound in zip(letters, x.chunks, x.shape, bounds_of(x), strict=True):
            if letter not in sizes or length == length:
                sizes[letter], longest[letter] = own, bound
    known = np.result_type(*[x.dtype for x in arrays]) if dtype is None else np.dtype(dtype)
    operands = (",".join(inputs) + "->" + output, *arrays)
    chunks = tuple(sizes[letter] for letter in output)
    bounds = [longest[letter] for letter in output]
    return deferred(f"{__name__}:contract", (operands, dtype, optimize, kwargs), chunks, known, bounds)


def _pairwise(inputs: list[str], output: str, arrays: list[Any], dtype: Any, kwargs: dict[str, Any]) -> Array:
    """Two at a time, in the order that costs least."""
    subscripts = ",".join(inputs) + "->" + output
    # All orders of more arrays than these are too many to look at.
    search = "optimal" if len(arrays) <= N_ARRAYS_OPTIMAL else "greedy"
    path = np.einsum_path(subscripts, *[_like(x) for x in arrays], optimize=search)[0][1:]
    for places in path:
        chosen = [(inputs[at], arrays[at]) for at in sorted(places, reverse=True)]
        for at in sorted(places, reverse=True):
            del inputs[at], arrays[at]
        kept = {letter for letters in [*inputs, output] for letter in letters}
        letters = sorted({letter for found, _ in chosen for letter in found} & kept)
        made = output if not inputs else "".join(letters)
        arrays.append(
            _once([found for found, _ in chosen], made, [x for _, x in chosen], dtype, False, kwargs)
        )
        inputs.append(made)
    array: Array = arrays[0]
    return array


def _like(x: Any) -> Any:
    """Return something of an array's shape, as far as it is known or bounded."""
    longest = (n if n == n else bound or 1 for n, bound in zip(x.shape, bounds_of(x), strict=True))
    return np.broadcast_to(np.float64(0), tuple(longest))


def _once(
    inputs: list[str], output: str, arrays: list[Any], dtype: Any, optimize: Any, kwargs: dict[str, Any]
) -> Array:
    subscripts = ",".join(inputs) + "->" + output
    missing = set(output) - set("".join(inputs))
    if missing:
        raise ValueError(f"einsum subscripts have {sorted(missing)} in the result only")
    pairs: list[Any] = []
    for letters, x in zip(inputs, arrays, strict=True):
        if len(set(letters)) != len(letters):
            # A diagonal: both axes are cut alike.
            x = _square(letters, x)
        pairs += [x, letters]
    common, unified = unify_chunks(*pairs)
    counts = []
    for letters, x in zip(inputs, unified, strict=True):
        seen: list[Any] = []
        for letter, n in zip(letters, x.numblocks, strict=True):
            if letter not in output and letter not in [name for name, _ in seen] and n == len(common[letter]):
                seen.append((letter, n))
        counts.append(seen)
    number = {letter: at for at, letter in enumerate(sorted(set("".join(inputs))))}
    known = np.result_type(*[x.dtype for x in arrays]) if dtype is None else np.dtype(dtype)
    extra = {
        **kwargs,
        **({"optimize": optimize} if optimize else {}),
        **({"dtype": known} if dtype is not None else {}),
    }
    alike = unknown_letters(list(zip(unified, inputs, strict=True)))
    parameters = {
        "function": "raskt.array._chunk.einsum_blocks",
        "kwargs": {
            "subscripts": subscripts,
            "counts": counts,
            "kwargs": _raskt.Whole(extra),
            **({"alike": alike} if alike else {}),
        },
        "output": [number[letter] for letter in output],
        "inputs": [[number[letter] for letter in letters] for letters in inputs],
        "contraction": "spread",
        "dtype": dtype_parameter(known),
    }
    return op("blockwise", tuple(unified), parameters)


def _square(letters: str, x: Any) -> Any:
    chunks = {}
    for at, letter in enumerate(letters):
        first = letters.index(letter)
        if first != at:
            chunks[at] = x.chunks[first]
    return x.rechunk(chunks)
