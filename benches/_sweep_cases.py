"""The operations that `sweep.py` measures: each a function of the library and of arrays (or bags) of it.

An operation's function is called with Raskt's module, with Dask's and, where there is one, with NumPy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

N_PLACES = 25
"""An index of places has one for each so many elements."""


class Case(NamedTuple):
    """An operation."""

    name: str
    #: From a library and its collections to a lazy result (with NumPy: to the result).
    call: Callable[..., Any]
    #: What it is given: see `sweep.py`.
    data: str = "floats"
    #: Whether NumPy has it too, under the same name and with the same arguments.
    numpy: bool = True
    #: Whether results need not be the same: random numbers, uninitialised memory, objects.
    is_checked: bool = True


_UNARY = [
    "abs",
    "absolute",
    "angle",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctanh",
    "cbrt",
    "ceil",
    "conj",
    "cos",
    "cosh",
    "deg2rad",
    "degrees",
    "exp",
    "exp2",
    "expm1",
    "fabs",
    "fix",
    "floor",
    "i0",
    "imag",
    "iscomplex",
    "isfinite",
    "isinf",
    "isnan",
    "isneginf",
    "isposinf",
    "isreal",
    "log",
    "log10",
    "log1p",
    "log2",
    "logical_not",
    "nan_to_num",
    "negative",
    "positive",
    "rad2deg",
    "radians",
    "real",
    "reciprocal",
    "rint",
    "sign",
    "signbit",
    "sin",
    "sinc",
    "sinh",
    "spacing",
    "sqrt",
    "square",
    "tan",
    "tanh",
    "trunc",
]
_BINARY = [
    "add",
    "arctan2",
    "copysign",
    "divide",
    "equal",
    "float_power",
    "floor_divide",
    "fmax",
    "fmin",
    "fmod",
    "greater",
    "greater_equal",
    "hypot",
    "isclose",
    "less",
    "less_equal",
    "logaddexp",
    "logaddexp2",
    "logical_and",
    "logical_or",
    "logical_xor",
    "maximum",
    "minimum",
    "mod",
    "multiply",
    "nextafter",
    "not_equal",
    "power",
    "remainder",
    "subtract",
    "true_divide",
]
_OF_INTEGERS = [
    "bitwise_and",
    "bitwise_or",
    "bitwise_xor",
    "left_shift",
    "right_shift",
    "floor_divide",
    "remainder",
    "add",
]
_REDUCTIONS = [
    "all",
    "any",
    "argmax",
    "argmin",
    "count_nonzero",
    "max",
    "mean",
    "min",
    "nanargmax",
    "nanargmin",
    "nanmax",
    "nanmean",
    "nanmin",
    "nanprod",
    "nanstd",
    "nansum",
    "nanvar",
    "prod",
    "ptp",
    "std",
    "sum",
    "var",
]
_SCANS = ["cumprod", "cumsum", "nancumprod", "nancumsum"]


def _named(name: str, *args: Any, **kwargs: Any) -> Callable[..., Any]:
    return lambda xp, *arrays: getattr(xp, name)(*arrays, *args, **kwargs)


def _chunked(xp: Any, n: Any) -> dict[str, Any]:
    return {} if xp is np else {"chunks": n}


def _places(x: Any) -> Any:
    n = x.shape[0]
    return np.random.default_rng(3).integers(0, n, max(1, n // N_PLACES))


def _assigned(_xp: Any, x: Any) -> Any:
    y = x.copy()
    y[10:-10] = 1.5
    return y


def _masked(_xp: Any, x: Any) -> Any:
    y = x.copy()
    y[y > 0.5] = 0.0
    return y


def _histogram2d(xp: Any, x: Any, y: Any) -> Any:
    return xp.histogram2d(x, y, bins=20, range=((0, 1), (0, 1)))[0]


def _numbered(xp: Any, i: Any) -> Any:
    return xp.ravel_multi_index(xp.stack([i, i]), (1_000, 1_000))


def _from_function(xp: Any) -> Any:
    return xp.fromfunction(np.add, shape=(1_000, 1_000), chunks=250, dtype="f8")


def _product(b: Any, _x: Any) -> Any:
    some = b.from_sequence(range(300), npartitions=3)
    return some.product(some)


def _gradient(xp: Any, x: Any) -> Any:
    found = xp.gradient(x)
    return found[0] if isinstance(found, list) else found


def _points(xp: Any, x: Any) -> Any:
    rows, columns = _places(x), _places(x.T)
    where = np.resize(rows, 5_000), np.resize(columns, 5_000)
    return x[where] if xp is np else x.vindex[where]


def _windows(xp: Any, x: Any) -> Any:
    return (
        getattr(xp, "lib", xp).stride_tricks.sliding_window_view(x, 5)
        if hasattr(xp, "lib")
        else xp.sliding_window_view(x, 5)
    )


_RANDOM: dict[str, tuple[Any, ...]] = {
    "random": (),
    "normal": (0.0, 1.0),
    "integers": (0, 100),
    "exponential": (1.0,),
    "poisson": (4.0,),
    "gamma": (2.0,),
    "uniform": (0.0, 2.0),
    "choice": (50,),
    "beta": (2.0, 3.0),
    "binomial": (20, 0.3),
    "chisquare": (3.0,),
    "f": (4.0, 9.0),
    "geometric": (0.2,),
    "gumbel": (),
    "hypergeometric": (20, 30, 15),
    "laplace": (),
    "logistic": (),
    "lognormal": (),
    "logseries": (0.7,),
    "multinomial": (20, [0.2, 0.3, 0.5]),
    "negative_binomial": (6, 0.4),
    "noncentral_chisquare": (3.0, 2.0),
    "noncentral_f": (4.0, 9.0, 2.0),
    "pareto": (3.0,),
    "power": (2.5,),
    "rayleigh": (),
    "standard_cauchy": (),
    "standard_exponential": (),
    "standard_gamma": (2.0,),
    "standard_normal": (),
    "standard_t": (5.0,),
    "triangular": (-1.0, 0.0, 2.0),
    "vonmises": (0.5, 3.0),
    "wald": (2.0, 6.0),
    "weibull": (2.0,),
    "zipf": (3.0,),
}


def _random(xp: Any, name: str) -> Any:
    generator = xp.random.default_rng(5)
    return getattr(generator, name)(*_RANDOM[name], size=1_000_000, **_chunked(xp, 125_000))


_WHOLE = np.random.default_rng(0).random(1_000_000)


def _stored(xp: Any, x: Any) -> Any:
    target = np.empty(x.shape)
    if xp is np:
        target[...] = x
        return target
    return x.store(target, lock=False, compute=False)


_OTHERS: list[Case] = [
    Case("from_array", lambda xp: xp.from_array(_WHOLE, chunks=125_000), "", numpy=False),
    Case("asarray", lambda xp, x: xp.asarray(x)),
    Case("asanyarray", lambda xp, x: xp.asanyarray(x)),
    Case("array", lambda xp, x: xp.array(x)),
    Case("conjugate", lambda xp, x: xp.conj(x), "complexes"),
    Case("allclose", lambda xp, x, y: xp.allclose(x, y), "floats floats"),
    Case("bitwise_count", _named("bitwise_count"), "integers"),
    Case("gcd", _named("gcd"), "integers small"),
    Case("lcm", _named("lcm"), "small small"),
    Case("heaviside", _named("heaviside"), "floats floats"),
    Case("isnull", _named("isnull"), numpy=False),
    Case("notnull", _named("notnull"), numpy=False),
    Case("isnat", lambda xp, x: xp.isnat(x.astype("M8[s]")), "integers"),
    Case("frompyfunc", lambda xp, x: xp.frompyfunc(_inc, 1, 1)(x[:1_000]), "small", is_checked=False),
    Case(
        "apply_gufunc",
        lambda xp, x: xp.apply_gufunc(_row_means, "(i)->()", x, output_dtypes="f8"),
        "matrix",
        False,
    ),
    Case(
        "as_gufunc", lambda xp, x: xp.as_gufunc("(i)->()", output_dtypes="f8")(_row_means)(x), "matrix", False
    ),
    Case("apply_over_axes", lambda xp, x: xp.apply_over_axes(xp.sum, x, [0]), "matrix"),
    Case(
        "blockwise",
        lambda xp, x, y: xp.blockwise(np.add, "i", x, "i", y, "i", dtype="f8"),
        "floats floats",
        False,
    ),
    Case("broadcast_arrays", lambda xp, x: xp.broadcast_arrays(x, x[:1])[1], "matrix"),
    Case("atleast_1d", _named("atleast_1d")),
    Case("atleast_2d", _named("atleast_2d")),
    Case("atleast_3d", _named("atleast_3d")),
    Case("empty", lambda xp: xp.empty(2_000_000, **_chunked(xp, 250_000)), "", is_checked=False),
    Case("empty_like", _named("empty_like"), is_checked=False),
    Case("ones_like", _named("ones_like")),
    Case("zeros_like", _named("zeros_like")),
    Case("full_like", _named("full_like", 3.5)),
    Case(
        "histogramdd", lambda xp, x: xp.histogramdd(x[:, :2], bins=(9, 9), range=((0, 1), (0, 1)))[0], "rows"
    ),
    Case(
        "reshape_blockwise", lambda xp, x: xp.reshape_blockwise(x, x.size), "matrix", False, is_checked=False
    ),
    Case("shuffle", lambda xp, x: xp.shuffle(x, [[1, 0], [2, 3]], 0), "matrix", False),
    Case("tril_indices", lambda xp: xp.tril_indices(1_000, **_chunked(xp, 250))[0], "", is_checked=False),
    Case("triu_indices", lambda xp: xp.triu_indices(1_000, **_chunked(xp, 250))[0], "", is_checked=False),
    Case("unify_chunks", lambda xp, x, y: xp.unify_chunks(x, "i", y, "i")[1][0], "floats floats", False),
    Case("x.blocks", lambda _xp, x: x.blocks[:1], numpy=False),
    Case("x.view", lambda _xp, x: x.view("i8")),
    Case("store", _stored, is_checked=False, numpy=False),
    Case("nansum (NaN)", lambda xp, x: xp.nansum(xp.where(x > 0.9, np.nan, x))),
    Case("x ** 2", lambda _xp, x: x**2),
    Case("x ** 3", lambda _xp, x: x**3),
    Case("exp(-x ** 2).sum", lambda xp, x: xp.exp(-(x**2)).sum()),
    Case("sqrt(x * 2 + 1).sum", lambda xp, x: xp.sqrt(x * 2 + 1).sum()),
    Case("exp (float32)", _named("exp"), "singles"),
    Case("sin (float32)", _named("sin"), "singles"),
]


def _row_means(x: Any) -> Any:
    return np.mean(x, axis=-1)


ARRAYS: list[Case] = [
    *(Case(name, _named(name)) for name in _UNARY),
    *(Case(name, _named(name), "floats floats") for name in _BINARY),
    *(Case(f"{name} (int)", _named(name), "integers small") for name in _OF_INTEGERS),
    Case("invert", _named("invert"), "integers"),
    Case("bitwise_not", _named("bitwise_not"), "integers"),
    Case("ldexp", _named("ldexp"), "floats small"),
    Case("frexp", lambda xp, x: xp.frexp(x)[0]),
    Case("modf", lambda xp, x: xp.modf(x)[0]),
    Case("divmod", lambda xp, x, y: xp.divmod(x, y)[1], "floats floats"),
    *(Case(name, _named(name)) for name in _REDUCTIONS),
    *(Case(f"{name}(axis=0)", _named(name, axis=0), "matrix") for name in _REDUCTIONS),
    *(Case(f"{name}(axis=1)", _named(name, axis=1), "matrix") for name in _REDUCTIONS),
    *(Case(f"{name} (int)", _named(name), "integers") for name in ("sum", "max", "mean", "argmax", "std")),
    *(Case(name, _named(name, axis=0)) for name in _SCANS),
    *(Case(f"{name}(axis=0)", _named(name, axis=0), "matrix") for name in _SCANS),
    Case("median(axis=1)", _named("median", axis=1), "matrix"),
    Case("median(axis=0)", _named("median", axis=0), "matrix"),
    Case("nanmedian(axis=1)", _named("nanmedian", axis=1), "matrix"),
    Case("quantile(axis=1)", _named("quantile", 0.3, axis=1), "matrix"),
    Case("nanquantile(axis=1)", _named("nanquantile", 0.3, axis=1), "small matrix"),
    Case("percentile", lambda xp, x: xp.percentile(x, [10, 50]), is_checked=False),
    Case("nanpercentile(axis=1)", _named("nanpercentile", 30, axis=1), "small matrix"),
    Case("average", lambda xp, x, y: xp.average(x, weights=y), "floats floats"),
    Case("moment", _named("moment", 3), numpy=False),
    Case("cov", _named("cov"), "flat matrix"),
    Case("corrcoef", _named("corrcoef"), "flat matrix"),
    Case("topk", _named("topk", 10), numpy=False),
    Case("argtopk", _named("argtopk", 10), numpy=False),
    Case("topk(axis=1)", _named("topk", 10, axis=1), "matrix", numpy=False),
    Case(
        "sort (map_blocks)", lambda xp, x: np.sort(x) if xp is np else x.map_blocks(np.sort), is_checked=False
    ),
    Case("unique", _named("unique"), "integers"),
    Case("unique (few)", _named("unique"), "small"),
    Case("unique (counts)", lambda xp, x: xp.unique(x, return_counts=True)[1], "small"),
    Case("unique (float)", _named("unique")),
    Case("union1d", _named("union1d"), "integers small"),
    Case("isin", lambda xp, x: xp.isin(x, np.arange(0, 100_000, 7)), "integers"),
    Case("searchsorted", lambda xp, s, x: xp.searchsorted(s, x), "sorted floats"),
    Case("digitize", _named("digitize", np.linspace(0, 1, 20))),
    Case("histogram", lambda xp, x: xp.histogram(x, bins=50, range=(0, 1))[0]),
    Case(
        "histogram2d",
        _histogram2d,
        "floats floats",
    ),
    Case("bincount", _named("bincount", minlength=1_000), "small"),
    Case("argwhere", lambda xp, x: xp.argwhere(x > 0.9)),
    Case("flatnonzero", lambda xp, x: xp.flatnonzero(x > 0.9)),
    Case("nonzero", lambda xp, x: xp.nonzero(x > 0.9)[0]),
    Case("extract", lambda xp, x: xp.extract(x > 0.5, x)),
    Case("compress", lambda xp, x: xp.compress(np.arange(x.shape[0]) % 3 == 0, x, axis=0)),
    Case("x[mask]", lambda _xp, x: x[x > 0.5]),
    Case("x[places]", lambda _xp, x: x[_places(x)]),
    Case("x[sorted places]", lambda _xp, x: x[np.sort(_places(x))]),
    Case("x[permutation]", lambda _xp, x: x[np.random.default_rng(0).permutation(x.shape[0])], "rows"),
    Case("x[a:b]", lambda _xp, x: x[7:-7]),
    Case("x[::3]", lambda _xp, x: x[::3]),
    Case("x[::-1]", lambda _xp, x: x[::-1]),
    Case("x[:, j]", lambda _xp, x: x[:, 5], "matrix"),
    Case("x[i]", lambda _xp, x: x[5], "matrix"),
    Case("x[None]", lambda _xp, x: x[None], "matrix"),
    Case("vindex", _points, "matrix"),
    Case("take", lambda xp, x: xp.take(x, _places(x), axis=0)),
    Case("x[a:b] = v", _assigned),
    Case("x[mask] = v", _masked),
    Case("where", lambda xp, x, y: xp.where(x > 0.5, x, y), "floats floats"),
    Case("clip", _named("clip", 0.2, 0.8)),
    Case("round", _named("round", 2)),
    Case("around", _named("around", 2)),
    Case("choose", lambda xp, i, x, y: xp.choose(i % 2, [x, y]), "small floats floats"),
    Case("select", lambda xp, x: xp.select([x > 0.8, x > 0.3], [x, -x], 0.0)),
    Case("piecewise", lambda xp, x: xp.piecewise(x, [x < 0.5, x >= 0.5], [-1.0, 1.0])),
    Case("astype(float32)", lambda _xp, x: x.astype("f4")),
    Case("astype(int)", lambda _xp, x: x.astype("i4"), "integers"),
    Case("x + 1", lambda _xp, x: x + 1),
    Case("x + y (float32)", lambda _xp, x, y: x + y, "singles singles"),
    Case("x + y (complex)", lambda _xp, x, y: x + y, "complexes complexes"),
    Case("x * row", lambda _xp, x: x * x[0], "matrix"),
    Case("fused chain", lambda xp, x, y: (xp.sqrt(x * x + y * y) - 1).sum(), "floats floats"),
    Case("standardised", lambda _xp, x: (x - x.mean(axis=0)) / x.std(axis=0), "matrix"),
    Case("x + x.T", lambda _xp, x: x + x.T, "square"),
    Case("transpose", lambda xp, x: xp.transpose(x), "matrix"),
    Case("swapaxes", _named("swapaxes", 0, 1), "matrix"),
    Case("moveaxis", _named("moveaxis", 0, 1), "matrix"),
    Case("rollaxis", _named("rollaxis", 1), "matrix"),
    Case("reshape", lambda _xp, x: x.reshape(-1), "matrix"),
    Case("ravel", _named("ravel"), "matrix"),
    Case("flip", _named("flip", 0), "matrix"),
    Case("fliplr", _named("fliplr"), "matrix"),
    Case("flipud", _named("flipud"), "matrix"),
    Case("rot90", _named("rot90"), "matrix"),
    Case("roll", _named("roll", 1_000)),
    Case("squeeze", lambda xp, x: xp.squeeze(x[None]), "matrix"),
    Case("expand_dims", _named("expand_dims", 0), "matrix"),
    Case("concatenate", lambda xp, x, y: xp.concatenate([x, y]), "floats floats"),
    Case("stack", lambda xp, x, y: xp.stack([x, y]), "floats floats"),
    Case("hstack", lambda xp, x, y: xp.hstack([x, y]), "floats floats"),
    Case("vstack", lambda xp, x, y: xp.vstack([x, y]), "matrix matrix"),
    Case("dstack", lambda xp, x, y: xp.dstack([x, y]), "matrix matrix"),
    Case("block", lambda xp, x, y: xp.block([[x, y]]), "matrix matrix"),
    Case("append", lambda xp, x, y: xp.append(x, y), "floats floats"),
    Case("broadcast_to", lambda xp, x: xp.broadcast_to(x, (3, *x.shape)), "matrix"),
    Case("repeat", _named("repeat", 2, axis=0)),
    Case("tile", _named("tile", 2)),
    Case("pad", _named("pad", 5, mode="constant"), "matrix"),
    Case("insert", _named("insert", 10, 1.0, axis=0)),
    Case("delete", _named("delete", 10, axis=0)),
    Case("diff", _named("diff")),
    Case("ediff1d", _named("ediff1d")),
    Case("gradient", _gradient),
    Case("diagonal", _named("diagonal"), "square"),
    Case("trace", _named("trace"), "square"),
    Case("tril", _named("tril"), "square"),
    Case("triu", _named("triu"), "square"),
    Case("diag", _named("diag"), "square"),
    Case("dot", _named("dot"), "square square"),
    Case("matmul", _named("matmul"), "square square"),
    Case("matmul (vector)", lambda xp, x: xp.matmul(x, x[0]), "square"),
    Case("tensordot", _named("tensordot", axes=1), "square square"),
    Case("vdot", _named("vdot"), "floats floats"),
    Case("outer", lambda xp, x: xp.outer(x[:1_000], x[:1_000])),
    Case("einsum", lambda xp, x, y: xp.einsum("ij,ij->i", x, y), "matrix matrix"),
    Case("rechunk", lambda xp, x: x if xp is np else x.rechunk((-1, 50)), "matrix"),
    Case("coarsen", lambda xp, x: xp.coarsen(np.mean, x, {0: 2}, trim_excess=True), numpy=False),
    Case("map_blocks", lambda _xp, x: x.map_blocks(np.sin), numpy=False),
    Case("map_overlap", lambda _xp, x: x.map_overlap(np.copy, depth=2, boundary="reflect"), numpy=False),
    Case("sliding_window", lambda xp, x: _windows(xp, x).mean(axis=-1), "short"),
    Case("apply_along_axis", lambda xp, x: xp.apply_along_axis(np.sum, 1, x), "rows"),
    Case(
        "ravel_multi_index",
        _numbered,
        "small",
        False,
    ),
    Case("unravel_index", lambda xp, i: xp.stack(xp.unravel_index(i, (40, 25))), "small", False),
    Case("ones", lambda xp: xp.ones(2_000_000, **_chunked(xp, 250_000)), ""),
    Case("zeros", lambda xp: xp.zeros(2_000_000, **_chunked(xp, 250_000)), ""),
    Case("full", lambda xp: xp.full(2_000_000, 3.5, **_chunked(xp, 250_000)), ""),
    Case("arange", lambda xp: xp.arange(2_000_000, **_chunked(xp, 250_000)), ""),
    Case("linspace", lambda xp: xp.linspace(0, 1, 2_000_000, **_chunked(xp, 250_000)), ""),
    Case("eye", lambda xp: xp.eye(1_000, **_chunked(xp, 250)), ""),
    Case("tri", lambda xp: xp.tri(1_000, **_chunked(xp, 250)), ""),
    Case("indices", lambda xp: xp.indices((1_000, 1_000), **_chunked(xp, (250, 1_000))), ""),
    Case("meshgrid", lambda xp, x: xp.meshgrid(x[:1_000], x[:1_000])[0]),
    Case(
        "fromfunction",
        _from_function,
        "",
        False,
    ),
    *(
        Case(f"random.{name}", lambda xp, name=name: _random(xp, name), "", is_checked=False)
        for name in _RANDOM
    ),
    *_OTHERS,
]


def _inc(x: int) -> int:
    return x + 1


def _is_even(x: int) -> bool:
    return x % 2 == 0


def _last(x: int) -> int:
    return x % 10


def _total(x: int, y: int) -> int:
    return x + y


BAGS: list[Case] = [
    Case("bag.map", lambda _b, x: x.map(_inc)),
    Case("bag.map (builtin)", lambda _b, x: x.map(str)),
    Case("bag.map.map.filter", lambda _b, x: x.map(_inc).map(_inc).filter(_is_even)),
    Case("bag.filter", lambda _b, x: x.filter(_is_even)),
    Case("bag.remove", lambda _b, x: x.remove(_is_even)),
    Case("bag.map_partitions", lambda _b, x: x.map_partitions(list)),
    Case("bag.starmap", lambda _b, x: x.starmap(_total), "pairs"),
    Case("bag.pluck", lambda _b, x: x.pluck(0), "pairs"),
    Case("bag.flatten", lambda _b, x: x.flatten(), "pairs"),
    Case("bag.unzip", lambda _b, x: x.unzip(2)[1], "pairs"),
    Case("bag.zip", lambda b, x: b.zip(x, x)),
    Case("bag.concat", lambda b, x: b.concat([x, x])),
    *(
        Case(f"bag.{name}", lambda _b, x, name=name: getattr(x, name)())
        for name in ("sum", "count", "max", "min", "mean", "std", "var", "any", "all")
    ),
    Case("bag.frequencies", lambda _b, x: x.map(_last).frequencies(sort=True)),
    Case("bag.distinct", lambda _b, x: x.map(_last).distinct(), is_checked=False),
    Case("bag.topk", lambda _b, x: x.topk(10)),
    Case("bag.fold", lambda _b, x: x.fold(_total)),
    Case("bag.reduction", lambda _b, x: x.reduction(sum, sum)),
    Case("bag.foldby", lambda _b, x: x.foldby(_last, _total, 0), is_checked=False),
    Case("bag.groupby", lambda _b, x: x.groupby(_last), is_checked=False),
    Case("bag.groupby.map", lambda _b, x: x.groupby(_last).map(len), is_checked=False),
    Case("bag.join", lambda _b, x: x.join(list(range(10)), _last), is_checked=False),
    Case("bag.product", _product, is_checked=False),
    Case("bag.accumulate", lambda _b, x: x.accumulate(_total)),
    Case("bag.repartition", lambda _b, x: x.repartition(npartitions=2)),
    Case("bag.random_sample", lambda _b, x: x.random_sample(0.3, random_state=4), is_checked=False),
    Case("bag.str.upper", lambda _b, x: x.str.upper(), "words"),
    Case("bag.str.split.flatten", lambda _b, x: x.str.split().flatten(), "words"),
    Case("bag.range", lambda b, _x: b.range(100_000, npartitions=8)),
]
