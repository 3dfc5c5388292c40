"""Random numbers from counter-based streams: a seed gives the same numbers however the array is cut.

`default_rng` makes a `Generator`; the functions of the module are the methods of one `RandomState`.
"""

# ruff: noqa: F822 - NumPy's names
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from raskt.array._base import dtype_parameter
from raskt.array._grid import grid_of, known_grid_of
from raskt.array._op import op
from raskt.array._random_parameters import (
    check_bounds,
    check_legacy_seed,
    colours,
    entropy,
    plain,
    refuse,
    try_scalars,
)
from raskt.array.concatenate import stack
from raskt.array.conversion import asarray
from raskt.array.creation import arange
from raskt.array.searching import searchsorted
from raskt.array.slicing import take

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = [
    "Generator",
    "RandomState",
    "beta",
    "binomial",
    "chisquare",
    "choice",
    "default_rng",
    "exponential",
    "f",
    "gamma",
    "geometric",
    "gumbel",
    "hypergeometric",
    "laplace",
    "logistic",
    "lognormal",
    "logseries",
    "multinomial",
    "negative_binomial",
    "noncentral_chisquare",
    "noncentral_f",
    "normal",
    "pareto",
    "permutation",
    "poisson",
    "power",
    "randint",
    "random",
    "random_integers",
    "random_sample",
    "rayleigh",
    "seed",
    "standard_cauchy",
    "standard_exponential",
    "standard_gamma",
    "standard_normal",
    "standard_t",
    "tomaxint",
    "triangular",
    "uniform",
    "vonmises",
    "wald",
    "weibull",
    "zipf",
]


class _Drawing:
    """What `Generator` and `RandomState` have in common."""

    _seed: list[int]
    _n_drawn: int

    def _begin(self, seed: Any) -> None:
        self._seed = entropy(np.random.SeedSequence().entropy if seed is None else seed)
        self._n_drawn = 0

    def _key(self) -> list[int]:
        """Return the key of the next stream."""
        sequence = np.random.SeedSequence(self._seed, spawn_key=(self._n_drawn,))
        self._n_drawn += 1
        return [int(word) for word in sequence.generate_state(2, np.uint64).astype(np.int64)]

    def _draw(
        self,
        distribution: str,
        size: Any,
        chunks: Any,
        params: tuple[Any, ...],
        dtype: Any = np.float64,
        core: Any = (),
    ) -> Array:
        arrays = [x for x in params if np.ndim(x) > 0 and not core]
        if size is None:
            shape = np.broadcast_shapes(*[x.shape if hasattr(x, "shape") else np.shape(x) for x in arrays])
        else:
            shape = (size,) if isinstance(size, (int, np.integer)) else tuple(int(n) for n in size)
        known = np.dtype(dtype)
        sizes = known_grid_of(chunks, shape, known).sizes
        whole = (*sizes, *((n,) for n in core))
        code = dtype_parameter(known)
        told = [None if np.ndim(x) > 0 and not core else plain(x) for x in params]
        kwargs = {
            "distribution": distribution,
            "key": self._key(),
            "dtype": code,
            "size": shape,
            "params": told,
        }
        parameters = {"chunks": grid_of(whole, (*shape, *core)), "dtype": code, "kwargs": kwargs}
        exact = np.int64 if distribution == "integers" else np.float64
        operands = tuple(x.astype(exact) if hasattr(x, "_expr") else np.asarray(x, exact) for x in arrays)
        return op("random", operands, parameters)

    def _checked(
        self,
        distribution: str,
        size: Any,
        chunks: Any,
        params: tuple[Any, ...],
        kwargs: dict[str, Any],
        dtype: Any,
    ) -> Array:
        narrow = distribution in ("standard_normal", "standard_exponential", "standard_gamma")
        refuse(distribution, kwargs, {"dtype", "method"} if narrow else frozenset())
        if kwargs.get("dtype") is not None:
            dtype = np.dtype(kwargs["dtype"])
            if dtype not in (np.float32, np.float64):
                raise TypeError(f"Unsupported dtype {dtype!r} for {distribution}")
        scalars = [x for x in params if np.ndim(x) == 0]
        if len(scalars) == len(params) and params:
            try_scalars(distribution, params)
        return self._draw(distribution, size, chunks, params, dtype)

    def multinomial(self, n: Any, pvals: Any, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Array:
        """Draw how often each outcome comes in ``n`` trials, as `numpy.random.Generator.multinomial` does."""
        refuse("multinomial", kwargs)
        chances = [float(p) for p in pvals]
        np.random.default_rng(0).multinomial(n, chances)
        # What the last is said to be makes no difference: it has what the others leave.
        chances[-1:] = [max(0.0, 1.0 - sum(chances[:-1]))] * (len(chances) > 0)
        return self._draw(
            "multinomial", () if size is None else size, chunks, (int(n), chances), np.int64, (len(chances),)
        )

    def _permuted(self, x: Any) -> Array:
        if isinstance(x, (int, np.integer)):
            x = arange(int(x), chunks="auto")
        x = asarray(x)
        order = np.random.Generator(
            np.random.Philox(np.random.SeedSequence([*self._seed, self._n_drawn]))
        ).permutation(len(x))
        self._n_drawn += 1
        return take(x, order, axis=0)

    def _chosen(
        self, a: Any, size: Any, replace: bool, p: Any, axis: int, shuffle: bool, chunks: Any
    ) -> Array:
        del shuffle  # places are drawn in random order in either case
        if isinstance(a, (int, np.integer)):
            if a <= 0:
                raise ValueError("a must be greater than 0 unless no samples are taken")
            population: Any = arange(int(a), chunks=-1)
        else:
            population = asarray(a)
        n = population.shape[axis]
        if n == 0:
            raise ValueError("a cannot be empty unless no samples are taken")
        if p is not None:
            chances = np.asarray(p.compute() if hasattr(p, "compute") else p, dtype=np.float64)
            if chances.ndim != 1 or len(chances) != n:
                raise ValueError("a and p must have same size")
            if (chances < 0).any() or not np.isclose(chances.sum(), 1.0):
                raise ValueError(
                    "probabilities do not sum to 1"
                    if (chances >= 0).all()
                    else "probabilities are not non-negative"
                )
        shape = () if size is None else (size,) if isinstance(size, (int, np.integer)) else tuple(size)
        if not replace:
            if int(np.prod(shape)) > n:
                raise ValueError("Cannot take a larger sample than population when replace is False")
            sequence = np.random.SeedSequence([*self._seed, self._n_drawn])
            self._n_drawn += 1
            own = np.random.Generator(np.random.Philox(sequence))
            places = own.choice(n, size=shape, replace=False, p=None if p is None else chances)
            return take(population, places, axis=axis)
        if p is not None:
            unit = self._draw("random", shape, chunks, ())
            index = searchsorted(np.cumsum(chances) / chances.sum(), unit.reshape(-1), side="right").reshape(
                shape
            )
        else:
            index = self._draw("integers", shape, chunks, (0, n), np.int64)
        if isinstance(a, (int, np.integer)):
            made: Array = index
            return made
        flat = index.reshape(-1)
        found: Array = population.rechunk({axis: -1})[(*(slice(None),) * (axis % population.ndim), flat)]
        return (
            found.reshape((*population.shape[:axis], *shape, *population.shape[axis + 1 :]))
            if axis == 0
            else found
        )

    def beta(self, a: Any, b: Any, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Array:
        """Draw from the distribution, as `numpy.random.Generator.beta` does."""
        return self._checked(
            "beta",
            size,
            chunks,
            (
                a,
                b,
            ),
            kwargs,
            np.float64,
        )

    def binomial(self, n: Any, p: Any, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Array:
        """Draw from the distribution, as `numpy.random.Generator.binomial` does."""
        return self._checked(
            "binomial",
            size,
            chunks,
            (
                n,
                p,
            ),
            kwargs,
            np.int64,
        )

    def chisquare(self, df: Any, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Array:
        """Draw from the distribution, as `numpy.random.Generator.chisquare` does."""
        return self._checked("chisquare", size, chunks, (df,), kwargs, np.float64)

    def exponential(self, scale: Any = 1.0, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Array:
        """Draw from the distribution, as `numpy.random.Generator.exponential` does."""
        return self._checked("exponential", size, chunks, (scale,), kwargs, np.float64)

    def f(self, dfnum: Any, dfden: Any, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Array:
        """Draw from the distribution, as `numpy.random.Generator.f` does."""
        return self._checked(
            "f",
            size,
            chunks,
            (
                dfnum,
                dfden,
            ),
            kwargs,
            np.float64,
        )

    def gamma(
        self, shape: Any, scale: Any = 1.0, size: Any = None, chunks: Any = "auto", **kwargs: Any
    ) -> Array:
        """Draw from the distribution, as `numpy.random.Generator.gamma` does."""
        return self._checked(
            "gamma",
            size,
            chunks,
            (
                shape,
                scale,
            ),
            kwargs,
            np.float64,
        )

    def geometric(self, p: Any, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Array:
        """Draw from the distribution, as `numpy.random.Generator.geometric` does."""
        return self._checked("geometric", size, chunks, (p,), kwargs, np.int64)

    def gumbel(
        self, loc: Any = 0.0, scale: Any = 1.0, size: Any = None, chunks: Any = "auto", **kwargs: Any
    ) -> Array:
        """Draw from the distribution, as `numpy.random.Generator.gumbel` does."""
        return self._checked(
            "gumbel",
            size,
            chunks,
            (
                loc,
                scale,
            ),
            kwargs,
            np.float64,
        )

    def hypergeometric(
        self, ngood: Any, nbad: Any, nsample: Any, size: Any = None, chunks: Any = "auto", **kwargs: Any
    ) -> Array:
        """Draw from the distribution, as `numpy.random.Generator.hypergeometric` does."""
        return self._checked(
            "hypergeometric",
            size,
            chunks,
            (
                ngood,
                nbad,
                nsample,
            ),
            kwargs,
            np.int64,
        )

    def laplace(
        self, loc: Any = 0.0, scale: Any = 1.0, size: Any = None, chunks: Any = "auto", **kwargs: Any
    ) -> Array:
        """Draw from the distribution, as `numpy.random.Generator.laplace` does."""
        return self._checked(
            "laplace",
            size,
            chunks,
            (
                loc,
                scale,
            ),
            kwargs,
            np.float64,
        )

    def logistic(
        self, loc: Any = 0.0, scale: Any = 1.0, size: Any = None, chunks: Any = "auto", **kwargs: Any
    ) -> Array:
        """Draw from the distribution, as `numpy.random.Generator.logistic` does."""
        return self._checked(
            "logistic",
            size,
            chunks,
            (
                loc,
                scale,
            ),
            kwargs,
            np.float64,
        )

    def lognormal(
        self, mean: Any = 0.0, sigma: Any = 1.0, size: Any = None, chunks: Any = "auto", **kwargs: Any
    ) -> Array:
        """Draw from the distribution, as `numpy.random.Generator.lognormal` does."""
        return self._checked(
            "lognormal",
            size,
            chunks,
            (
                mean,
                sigma,
            ),
            kwargs,
            np.float64,
        )

    def logseries(self, p: Any, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Array:
        """Draw from the distribution, as `numpy.random.Generator.logseries` does."""
        return self._checked("logseries", size, chunks, (p,), kwargs, np.int64)

    def negative_binomial(
        self, n: Any, p: Any, size: Any = None, chunks: Any = "auto", **kwargs: Any
    ) -> Array:
        """Draw from the distribution, as `numpy.random.Generator.negative_binomial` does."""
        return self._checked(
            "negative_binomial",
            size,
            chunks,
            (
                n,
                p,
            ),
            kwargs,
            np.int64,
        )

    def noncentral_chisquare(
        self, df: Any, nonc: Any, size: Any = None, chunks: Any = "auto", **kwargs: Any
    ) -> Array:
        """Draw from the distribution, as `numpy.random.Generator.noncentral_chisquare` does."""
        return self._checked(
            "noncentral_chisquare",
            size,
            chunks,
            (
                df,
                nonc,
            ),
            kwargs,
            np.float64,
        )

    def noncentral_f(
        self, dfnum: Any, dfden: Any, nonc: Any, size: Any = None, chunks: Any = "auto", **kwargs: Any
    ) -> Array:
        """Draw from the distribution, as `numpy.random.Generator.noncentral_f` does."""
        return self._checked(
            "noncentral_f",
            size,
            chunks,
            (
                dfnum,
                dfden,
                nonc,
            ),
            kwargs,
            np.float64,
        )

    def normal(
        self, loc: Any = 0.0, scale: Any = 1.0, size: Any = None, chunks: Any = "auto", **kwargs: Any
    ) -> Array:
        """Draw from the distribution, as `numpy.random.Generator.normal` does."""
        return self._checked(
            "normal",
            size,
            chunks,
            (
                loc,
                scale,
            ),
            kwargs,
            np.float64,
        )

    def pareto(self, a: Any, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Array:
        """Draw from the distribution, as `numpy.random.Generator.pareto` does."""
        return self._checked("pareto", size, chunks, (a,), kwargs, np.float64)

    def poisson(self, lam: Any = 1.0, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Array:
        """Draw from the distribution, as `numpy.random.Generator.poisson` does."""
        return self._checked("poisson", size, chunks, (lam,), kwargs, np.int64)

    def power(self, a: Any, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Array:
        """Draw from the distribution, as `numpy.random.Generator.power` does."""
        return self._checked("power", size, chunks, (a,), kwargs, np.float64)

    def rayleigh(self, scale: Any = 1.0, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Array:
        """Draw from the distribution, as `numpy.random.Generator.rayleigh` does."""
        return self._checked("rayleigh", size, chunks, (scale,), kwargs, np.float64)

    def standard_cauchy(self, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Array:
        """Draw from the distribution, as `numpy.random.Generator.standard_cauchy` does."""
        return self._checked("standard_cauchy", size, chunks, (), kwargs, np.float64)

    def standard_exponential(self, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Array:
        """Draw from the distribution, as `numpy.random.Generator.standard_exponential` does."""
        return self._checked("standard_exponential", size, chunks, (), kwargs, np.float64)

    def standard_gamma(self, shape: Any, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Array:
        """Draw from the distribution, as `numpy.random.Generator.standard_gamma` does."""
        return self._checked("standard_gamma", size, chunks, (shape,), kwargs, np.float64)

    def standard_normal(self, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Array:
        """Draw from the distribution, as `numpy.random.Generator.standard_normal` does."""
        return self._checked("standard_normal", size, chunks, (), kwargs, np.float64)

    def standard_t(self, df: Any, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Array:
        """Draw from the distribution, as `numpy.random.Generator.standard_t` does."""
        return self._checked("standard_t", size, chunks, (df,), kwargs, np.float64)

    def triangular(
        self, left: Any, mode: Any, right: Any, size: Any = None, chunks: Any = "auto", **kwargs: Any
    ) -> Array:
        """Draw from the distribution, as `numpy.random.Generator.triangular` does."""
        return self._checked(
            "triangular",
            size,
            chunks,
            (
                left,
                mode,
                right,
            ),
            kwargs,
            np.float64,
        )

    def uniform(
        self, low: Any = 0.0, high: Any = 1.0, size: Any = None, chunks: Any = "auto", **kwargs: Any
    ) -> Array:
        """Draw from the distribution, as `numpy.random.Generator.uniform` does."""
        return self._checked(
            "uniform",
            size,
            chunks,
            (
                low,
                high,
            ),
            kwargs,
            np.float64,
        )

    def vonmises(self, mu: Any, kappa: Any, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Array:
        """Draw from the distribution, as `numpy.random.Generator.vonmises` does."""
        return self._checked(
            "vonmises",
            size,
            chunks,
            (
                mu,
                kappa,
            ),
            kwargs,
            np.float64,
        )

    def wald(self, mean: Any, scale: Any, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Array:
        """Draw from the distribution, as `numpy.random.Generator.wald` does."""
        return self._checked(
            "wald",
            size,
            chunks,
            (
                mean,
                scale,
            ),
            kwargs,
            np.float64,
        )

    def weibull(self, a: Any, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Array:
        """Draw from the distribution, as `numpy.random.Generator.weibull` does."""
        return self._checked("weibull", size, chunks, (a,), kwargs, np.float64)

    def zipf(self, a: Any, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Array:
        """Draw from the distribution, as `numpy.random.Generator.zipf` does."""
        return self._checked("zipf", size, chunks, (a,), kwargs, np.int64)


class Generator(_Drawing):
    """Draws random numbers, as `numpy.random.Generator` does.

    Parameters
    ----------
    bit_generator : int, sequence of int, SeedSequence or BitGenerator, optional
        The seed, or one of NumPy's bit generators, whose seed is taken (or its class, which says none): the
        numbers come from streams of Raskt's own, whatever the kind. Without one, nobody foresees them.

    Examples
    --------
    >>> import raskt.array as ra
    >>> a = ra.random.default_rng(1).normal(size=6, chunks=2)
    >>> b = ra.random.default_rng(1).normal(size=6, chunks=3)
    >>> bool((a == b).all())
    True
    """

    def __init__(self, bit_generator: Any = None) -> None:
        self._begin(bit_generator)

    def __repr__(self) -> str:
        return "Generator(Philox)"

    def random(self, size: Any = None, dtype: Any = np.float64, chunks: Any = "auto", **kwargs: Any) -> Array:
        """Draw from the numbers from 0 to 1, 1 left out."""
        return self._checked("random", size, chunks, (), kwargs, dtype)

    def integers(
        self,
        low: Any,
        high: Any = None,
        size: Any = None,
        dtype: Any = np.int64,
        endpoint: bool = False,
        chunks: Any = "auto",
        **kwargs: Any,
    ) -> Array:
        """Draw whole numbers from ``low`` to ``high``, which is left out unless ``endpoint``."""
        refuse("integers", kwargs)
        if high is None:
            low, high = 0, low
        if endpoint:
            high = high + 1
        check_bounds(low, high, endpoint, np.dtype(dtype))
        return self._draw("integers", size, chunks, (low, high), dtype)

    def choice(
        self,
        a: Any,
        size: Any = None,
        replace: bool = True,
        p: Any = None,
        axis: int = 0,
        shuffle: bool = True,
        chunks: Any = "auto",
    ) -> Array:
        """Draw elements of ``a``, or of the numbers below it."""
        return self._chosen(a, size, replace, p, axis, shuffle, chunks)

    def permutation(self, x: Any) -> Array:
        """Return the elements of ``x``, or the numbers below it, in any order."""
        return self._permuted(x)

    def multivariate_hypergeometric(
        self,
        colors: Any,
        nsample: Any,
        size: Any = None,
        method: str = "marginals",
        chunks: Any = "auto",
        **kwargs: Any,
    ) -> Array:
        """Draw how many of each colour are among ``nsample`` balls, colour after colour.

        Parameters
        ----------
        colors : sequence of int
            How many balls of each colour there are.
        nsample : int
            How many are drawn.
        size : int or tuple of int, optional
            How many times, as an array of that shape.
        method : {"marginals", "count"}, optional
            Accepted as NumPy does.
        chunks : optional
            How the axes of ``size`` are cut.
        **kwargs
            As in other methods.

        Returns
        -------
        Array
            Of the shape ``size`` and an axis of colours.
        """
        counts, drawn = colours(colors, nsample, method)
        shape = () if size is None else size
        rest, parts = sum(counts), list[Any]()
        left: Any = drawn
        for count in counts[:-1]:
            rest -= count
            parts.append(self.hypergeometric(count, rest, left, size=shape, chunks=chunks, **kwargs))
            left = left - parts[-1]
        last = left if parts else self.hypergeometric(counts[0], 0, drawn, size=shape, chunks=chunks)
        found: Array = stack([*parts, last], axis=-1).rechunk({-1: -1})
        return found

    def spawn(self, n_children: int) -> list[Generator]:
        """Return generators whose numbers have nothing to do with each other."""
        found = []
        for _ in range(n_children):
            found.append(Generator([*self._seed, 1 << 31, self._n_drawn]))
            self._n_drawn += 1
        return found


class RandomState(_Drawing):
    """Draws random numbers, with the methods of `numpy.random.RandomState`.

    Parameters
    ----------
    seed : int or sequence of int, optional
        The seed; without one, numbers that nobody foresees.
    RandomState : type, optional
        `numpy.random.RandomState`, whose methods these are; there is no other.
    """

    def __init__(self, seed: Any = None, RandomState: Any = None) -> None:
        if RandomState not in (None, np.random.RandomState):
            raise NotImplementedError(
                f"RandomState must be None or numpy.random.RandomState, found {RandomState!r}"
            )
        self.seed(seed)

    def seed(self, seed: Any = None) -> None:
        """Begin again with a seed."""
        check_legacy_seed(seed)
        self._begin(seed)

    def random(self, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Array:
        """Draw from the numbers from 0 to 1, 1 left out."""
        return self._checked("random", size, chunks, (), kwargs, np.float64)

    def random_sample(self, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Array:
        """Draw from the numbers from 0 to 1, 1 left out."""
        return self.random(size, chunks, **kwargs)

    def randint(
        self,
        low: Any,
        high: Any = None,
        size: Any = None,
        chunks: Any = "auto",
        dtype: Any = "l",
        **kwargs: Any,
    ) -> Array:
        """Draw whole numbers from ``low`` to ``high``, which is left out."""
        refuse("randint", kwargs)
        if high is None:
            low, high = 0, low
        check_bounds(low, high, False, np.dtype(dtype))
        return self._draw("integers", size, chunks, (low, high), dtype)

    def random_integers(
        self, low: Any, high: Any = None, size: Any = None, chunks: Any = "auto", **kwargs: Any
    ) -> Array:
        """Draw whole numbers from ``low`` to ``high``; from 1 where only one is given."""
        if high is None:
            low, high = 1, low
        return self.randint(low, high + 1, size, chunks, **kwargs)

    def tomaxint(self, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Array:
        """Draw whole numbers from 0 to the largest."""
        refuse("tomaxint", kwargs)
        return self._draw("integers", size, chunks, (0, np.iinfo(np.int64).max), np.int64)

    def choice(
        self, a: Any, size: Any = None, replace: bool = True, p: Any = None, chunks: Any = "auto"
    ) -> Array:
        """Draw elements of ``a``, or of the numbers below it."""
        return self._chosen(a, size, replace, p, 0, True, chunks)

    def permutation(self, x: Any) -> Array:
        """Return the elements of ``x``, or the numbers below it, in any order."""
        return self._permuted(x)


def default_rng(seed: Any = None) -> Generator:
    """Return a generator of random numbers.

    Parameters
    ----------
    seed : int, sequence of int, SeedSequence, BitGenerator or Generator, optional
        The seed, as of `Generator`.

    Returns
    -------
    Generator
        The generator; ``seed`` itself where it is one.
    """
    return seed if isinstance(seed, Generator) else Generator(seed)


def random_state_data(n: int, random_state: Any = None) -> list[np.ndarray[Any, Any]]:
    """Return arrays that seed as many instances of `numpy.random.RandomState`.

    Parameters
    ----------
    n : int
        How many.
    random_state : int or numpy.random.RandomState, optional
        The seed, or what they are drawn from.

    Returns
    -------
    list of numpy.ndarray
        Of 624 whole numbers of 32 bits.

    Examples
    --------
    >>> from raskt.utils import random_state_data
    >>> [seed.shape for seed in random_state_data(2, 5)]
    [(624,), (624,)]
    """
    if not isinstance(random_state, np.random.RandomState):
        random_state = np.random.RandomState(random_state)
    drawn = random_state.bytes(624 * n * 4)
    return list(np.frombuffer(drawn, dtype=np.uint32).reshape(n, -1))


_STATE: RandomState | None = None


def __getattr__(name: str) -> Any:
    global _STATE
    if name not in __all__:
        raise AttributeError(f"module 'raskt.array.random' has no attribute {name!r}")
    if _STATE is None:
        _STATE = RandomState()
    return getattr(_STATE, name)
