"""Seeds, sizes and parameters of random numbers, checked as NumPy checks them."""

from __future__ import annotations

import operator
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

__all__ = ["check_bounds", "check_legacy_seed", "colours", "entropy", "plain", "refuse", "try_scalars"]


def entropy(seed: Any) -> list[int]:
    """Return what NumPy makes of a seed: numbers of 32 bits.

    Of a bit generator its seed is taken, and a child of it for each use; of a class of them nothing but that
    numbers are wanted: all are drawn from one kind of counter-based stream.
    """
    if isinstance(seed, type) and issubclass(seed, np.random.BitGenerator):
        seed = np.random.SeedSequence()
    if isinstance(seed, (np.random.Generator, np.random.RandomState)):
        seed = seed.bit_generator if isinstance(seed, np.random.Generator) else seed._bit_generator
    if isinstance(seed, np.random.BitGenerator):
        source: Any = seed.seed_seq
        if not hasattr(source, "spawn"):
            # One whose state was set by hand: numbers of its own are the seed.
            return [int(number) for number in np.atleast_1d(seed.random_raw(4))]
        seed = source.spawn(1)[0]
    if isinstance(seed, np.random.SeedSequence):
        found: Any = seed.entropy
        return [*np.atleast_1d(np.asarray(found, dtype=object)).tolist(), *seed.spawn_key]
    # What is no seed is refused there.
    np.random.SeedSequence(seed)
    return [int(number) for number in np.asarray(seed, dtype=object).reshape(-1)]


def check_legacy_seed(seed: Any) -> None:
    """Raise for what `numpy.random.RandomState` does not take: its seeds are numbers of 32 bits."""
    if isinstance(seed, (int, float, str, list, tuple, np.integer, np.ndarray)):
        np.random.RandomState(seed)  # type: ignore[arg-type]


def refuse(distribution: str, kwargs: Mapping[str, Any], known: Collection[str] = frozenset()) -> None:
    """Raise for keywords that a distribution does not follow; an ``out`` of None says nothing."""
    extra = {name for name, value in kwargs.items() if not (name == "out" and value is None)} - set(known)
    if extra:
        raise TypeError(f"{distribution} does not take the keyword arguments {sorted(extra)!r}")


def plain(x: Any) -> Any:
    """Return a parameter as the engine takes it: numbers of more than 64 bits as text."""
    number = x.item() if isinstance(x, (np.generic, np.ndarray)) else x
    is_large = isinstance(number, int) and not -(2**63) <= number < 2**63
    return str(number) if is_large else number


def try_scalars(distribution: str, params: tuple[Any, ...]) -> None:
    """Parameters that a distribution does not have are an error at once, in NumPy's words."""
    getattr(np.random.default_rng(0), distribution)(*params)


def colours(colors: Any, nsample: Any, method: str) -> tuple[list[int], int]:
    """Return numbers of balls and draws, if they are such that draws can be made."""
    known, drawn = np.asarray(colors), operator.index(nsample)
    if method not in ("count", "marginals"):
        raise ValueError('method must be "count" or "marginals".')
    if known.ndim != 1 or known.dtype.kind not in "iu" or not known.size or (known < 0).any():
        raise ValueError("colors must be a one-dimensional sequence of nonnegative integers")
    if drawn < 0:
        raise ValueError("nsample must be nonnegative.")
    if drawn > int(known.sum()):
        raise ValueError("nsample > sum(colors)")
    return [int(n) for n in known], drawn


def check_bounds(low: Any, high: Any, endpoint: bool, dtype: np.dtype[Any]) -> None:
    """Raise what NumPy raises for whole numbers from ``low`` up to ``high``, which is left out."""
    if dtype.kind not in "iub":
        raise TypeError(f"Unsupported dtype {dtype!r} for integers")
    if np.ndim(low) or np.ndim(high):
        return
    least, most = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    if low < least:
        raise ValueError(f"low is out of bounds for {dtype.name}")
    if high > int(most) + 1:
        raise ValueError(f"high is out of bounds for {dtype.name}")
    if low >= high:
        raise ValueError("low > high" if endpoint else "low >= high")
