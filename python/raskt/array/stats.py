"""Statistics and tests of lazy arrays, with the names and the values of `scipy.stats`.

What is summed up is lazy; probabilities come from SciPy's special functions, for which it must be installed.
"""

from __future__ import annotations

import importlib
import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from raskt.array import reductions
from raskt.array._base import known_shape
from raskt.array.concatenate import concatenate
from raskt.array.conversion import asanyarray
from raskt.array.reductions import mean, var
from raskt.array.searching import where
from raskt.array.ufuncs import apply, arcsinh, cbrt, sqrt

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = [
    "chisquare",
    "f_oneway",
    "kurtosis",
    "kurtosistest",
    "moment",
    "normaltest",
    "power_divergence",
    "skew",
    "skewtest",
    "ttest_1samp",
    "ttest_ind",
    "ttest_rel",
]

_POWERS = {
    "pearson": 1.0,
    "log-likelihood": 0.0,
    "freeman-tukey": -0.5,
    "mod-log-likelihood": -1.0,
    "neyman": -2.0,
    "cressie-read": 2 / 3,
}


class TestResult(NamedTuple):
    """What a test says: both are lazy."""

    statistic: Array
    pvalue: Array


def _special(name: str, *operands: Any) -> Array:
    """Return a special function of SciPy's, element by element."""
    return apply(getattr(importlib.import_module("scipy.special"), name), *operands, dtype=np.float64)


def _length(a: Array, axis: Any, what: str) -> int:
    shape = known_shape(a, what)
    return int(np.prod(shape)) if axis is None else int(shape[axis])


def _check(nan_policy: str) -> None:
    if nan_policy != "propagate":
        raise NotImplementedError(
            f"nan_policy must be 'propagate', found {nan_policy!r}: leave NaN out first"
        )


def moment(a: Any, moment: int = 1, axis: int | None = 0, nan_policy: str = "propagate") -> Array:
    """Return central moments, as `scipy.stats.moment` does.

    Parameters
    ----------
    a : array_like
        The observations.
    moment : int, optional
        The order.
    axis : int, optional
        Along which axis; None for all.
    nan_policy : {"propagate"}, optional
        NaN makes NaN.

    Returns
    -------
    Array

    Examples
    --------
    >>> import raskt.array as ra
    >>> from raskt.array import stats
    >>> stats.moment(ra.arange(4, chunks=2), 2).compute()
    np.float64(1.25)
    """
    _check(nan_policy)
    return reductions.moment(asanyarray(a).astype(np.float64), moment, axis=axis)


def _standard(a: Array, order: int, axis: int | None) -> Array:
    """Return a central moment over the power of the variance; NaN where nothing varies."""
    spread = moment(a, 2, axis)
    ratio: Array = moment(a, order, axis) / spread ** (order / 2)
    return ratio


def skew(a: Any, axis: int | None = 0, bias: bool = True, nan_policy: str = "propagate") -> Array:
    """Return the skewness, as `scipy.stats.skew` does.

    Parameters
    ----------
    a, axis, nan_policy
        As of `moment`.
    bias : bool, optional
        Whether it is not corrected for the number of observations.

    Returns
    -------
    Array
    """
    _check(nan_policy)
    x = asanyarray(a)
    found = _standard(x, 3, axis)
    n = _length(x, axis, "skew")
    return found if bias or n < 3 else found * (math.sqrt((n - 1) * n) / (n - 2))


def kurtosis(
    a: Any, axis: int | None = 0, fisher: bool = True, bias: bool = True, nan_policy: str = "propagate"
) -> Array:
    """Return the kurtosis, as `scipy.stats.kurtosis` does.

    Parameters
    ----------
    a, axis, nan_policy
        As of `moment`.
    fisher : bool, optional
        Whether 3 is subtracted, so that it is 0 for a normal distribution.
    bias : bool, optional
        Whether it is not corrected for the number of observations.

    Returns
    -------
    Array
    """
    _check(nan_policy)
    x = asanyarray(a)
    found = _standard(x, 4, axis)
    n = _length(x, axis, "kurtosis")
    if not bias and n > 3:
        found = ((n * n - 1) * found - 3 * (n - 1) ** 2) / ((n - 2) * (n - 3)) + 3
    return found - 3 if fisher else found


def skewtest(a: Any, axis: int | None = 0, nan_policy: str = "propagate") -> TestResult:
    """Test whether the skewness is that of a normal distribution (D'Agostino).

    Parameters
    ----------
    a, axis, nan_policy
        As of `moment`; 8 observations or more.

    Returns
    -------
    statistic, pvalue : Array
    """
    x = asanyarray(a)
    n = _length(x, axis, "skewtest")
    if n < 8:
        raise ValueError(f"skewtest is not valid with less than 8 samples; {n} samples were given.")
    scaled = skew(x, axis, nan_policy=nan_policy) * math.sqrt((n + 1) * (n + 3) / (6 * (n - 2)))
    beta2 = 3 * (n * n + 27 * n - 70) * (n + 1) * (n + 3) / ((n - 2) * (n + 5) * (n + 7) * (n + 9))
    w2 = math.sqrt(2 * (beta2 - 1)) - 1
    scaled = where(scaled == 0, 1, scaled) / math.sqrt(2 / (w2 - 1))
    return _two_sided(arcsinh(scaled) / math.sqrt(0.5 * math.log(w2)))


def kurtosistest(a: Any, axis: int | None = 0, nan_policy: str = "propagate") -> TestResult:
    """Test whether the kurtosis is that of a normal distribution (Anscombe and Glynn).

    Parameters
    ----------
    a, axis, nan_policy
        As of `moment`; 5 observations or more.

    Returns
    -------
    statistic, pvalue : Array
        As of `scipy.stats.kurtosistest`.
    """
    x = asanyarray(a)
    n = _length(x, axis, "kurtosistest")
    if n < 5:
        raise ValueError(f"kurtosistest requires at least 5 observations; {n} observations were given.")
    variance = 24 * n * (n - 2) * (n - 3) / ((n + 1) ** 2 * (n + 3) * (n + 5))
    known = kurtosis(x, axis, fisher=False, nan_policy=nan_policy)
    scaled = (known - 3 * (n - 1) / (n + 1)) / math.sqrt(variance)
    root = 6 * (n * n - 5 * n + 2) / ((n + 7) * (n + 9))
    root *= math.sqrt(6 * (n + 3) * (n + 5) / (n * (n - 2) * (n - 3)))
    width = 6 + 8 / root * (2 / root + math.sqrt(1 + 4 / root**2))
    below = 1 + scaled * math.sqrt(2 / (width - 4))
    return _two_sided((1 - 2 / (9 * width) - cbrt((1 - 2 / width) / below)) / math.sqrt(2 / (9 * width)))


def _two_sided(z: Array) -> TestResult:
    return TestResult(z, 2 * _special("ndtr", -abs(z)))


def normaltest(a: Any, axis: int | None = 0, nan_policy: str = "propagate") -> TestResult:
    """Test whether observations are normally distributed, as `scipy.stats.normaltest` does.

    Parameters
    ----------
    a, axis, nan_policy
        As of `moment`; 8 observations or more.

    Returns
    -------
    statistic, pvalue : Array
    """
    skewness, _ = skewtest(a, axis, nan_policy)
    peaks, _ = kurtosistest(a, axis, nan_policy)
    total = skewness**2 + peaks**2
    return TestResult(total, _special("chdtrc", 2, total))


def ttest_1samp(a: Any, popmean: Any, axis: int | None = 0, nan_policy: str = "propagate") -> TestResult:
    """Test whether the mean is a given one, as `scipy.stats.ttest_1samp` does.

    Parameters
    ----------
    a, axis, nan_policy
        As of `moment`.
    popmean : scalar or array_like
        The mean.

    Returns
    -------
    statistic, pvalue : Array
    """
    _check(nan_policy)
    x = asanyarray(a)
    n = _length(x, axis, "ttest_1samp")
    return _of_t((mean(x, axis=axis) - popmean) / sqrt(var(x, axis=axis, ddof=1) / n), n - 1)


def ttest_rel(a: Any, b: Any, axis: int | None = 0, nan_policy: str = "propagate") -> TestResult:
    """Test whether two related samples have one mean, as `scipy.stats.ttest_rel` does.

    Parameters
    ----------
    a, b : array_like
        The samples, of one shape.
    axis, nan_policy
        As of `moment`.

    Returns
    -------
    statistic, pvalue : Array
    """
    a, b = asanyarray(a), asanyarray(b)
    if a.shape != b.shape:
        raise ValueError(f"unequal length arrays: {a.shape} and {b.shape}")
    return ttest_1samp(a.astype(np.float64) - b, 0.0, axis, nan_policy)


def ttest_ind(
    a: Any, b: Any, axis: int | None = 0, equal_var: bool = True, nan_policy: str = "propagate"
) -> TestResult:
    """Test whether two independent samples have one mean, as `scipy.stats.ttest_ind` does.

    Parameters
    ----------
    a, b : array_like
        The samples.
    axis, nan_policy
        As of `moment`.
    equal_var : bool, optional
        Whether the variances are taken for equal; otherwise Welch's test.

    Returns
    -------
    statistic, pvalue : Array

    Examples
    --------
    >>> import raskt.array as ra
    >>> from raskt.array import stats
    >>> round(float(stats.ttest_ind(ra.arange(5, chunks=2), ra.arange(1, 6, chunks=2)).pvalue), 4)
    0.3466
    """
    _check(nan_policy)
    a, b = asanyarray(a), asanyarray(b)
    n, m = _length(a, axis, "ttest_ind"), _length(b, axis, "ttest_ind")
    own, other = var(a, axis=axis, ddof=1), var(b, axis=axis, ddof=1)
    freedom: Any
    if equal_var:
        freedom = n + m - 2
        spread = ((n - 1) * own + (m - 1) * other) / freedom * (1 / n + 1 / m)
    else:
        spread = own / n + other / m
        freedom = spread**2 / ((own / n) ** 2 / (n - 1) + (other / m) ** 2 / (m - 1))
    return _of_t((mean(a, axis=axis) - mean(b, axis=axis)) / sqrt(spread), freedom)


def _of_t(t: Array, freedom: Any) -> TestResult:
    return TestResult(t, 2 * _special("stdtr", freedom, -abs(t)))


def power_divergence(
    f_obs: Any, f_exp: Any = None, ddof: int = 0, axis: int | None = 0, lambda_: Any = None
) -> TestResult:
    """Test whether frequencies are those expected (Cressie and Read).

    Parameters
    ----------
    f_obs : array_like
        The frequencies.
    f_exp : array_like, optional
        Those expected; the mean by default.
    ddof : int, optional
        How many degrees of freedom fewer there are.
    axis : int, optional
        Along which axis; None for all.
    lambda_ : float or str, optional
        The power, or its name: 1 or ``"pearson"`` by default.

    Returns
    -------
    statistic, pvalue : Array
    """
    if isinstance(lambda_, str) and lambda_ not in _POWERS:
        raise ValueError(f"invalid string for lambda_: {lambda_!r}. Valid strings are {sorted(_POWERS)}")
    power = 1.0 if lambda_ is None else _POWERS[lambda_] if isinstance(lambda_, str) else float(lambda_)
    seen = asanyarray(f_obs).astype(np.float64)
    expected: Any = (
        mean(seen, axis=axis, keepdims=True) if f_exp is None else asanyarray(f_exp).astype(np.float64)
    )
    if power == 1:
        terms = (seen - expected) ** 2 / expected
    elif power == 0:
        terms = 2 * _special("xlogy", seen, seen / expected)
    elif power == -1:
        terms = 2 * _special("xlogy", expected, expected / seen)
    else:
        terms = seen * ((seen / expected) ** power - 1) * (2 / (power * (power + 1)))
    total = terms.sum(axis=axis)
    return TestResult(total, _special("chdtrc", _length(seen, axis, "chisquare") - 1 - ddof, total))


def chisquare(f_obs: Any, f_exp: Any = None, ddof: int = 0, axis: int | None = 0) -> TestResult:
    """Test whether frequencies are those expected; see `power_divergence`."""
    return power_divergence(f_obs, f_exp, ddof, axis, "pearson")


def f_oneway(*args: Any) -> TestResult:
    """Test whether several samples have one mean, as `scipy.stats.f_oneway` does.

    Parameters
    ----------
    *args : array_like
        The samples, of one axis each: two or more.

    Returns
    -------
    statistic, pvalue : Array
    """
    if len(args) < 2:
        raise TypeError(f"at least two samples are required; got {len(args)}.")
    samples = [asanyarray(a).astype(np.float64) for a in args]
    whole = concatenate(samples)
    n, k = _length(whole, 0, "f_oneway"), len(samples)
    middle = whole.mean()
    between = sum(len(x) * (x.mean() - middle) ** 2 for x in samples)
    within = sum(((x - x.mean()) ** 2).sum() for x in samples)
    ratio: Any = (between / (k - 1)) / (within / (n - k))
    return TestResult(ratio, _special("fdtrc", k - 1, n - k, ratio))
