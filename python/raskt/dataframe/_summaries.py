"""Functions of partitions that sum them up: partial results, what is made of several, and results."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

__all__ = [
    "HyperLogLog",
    "aggregated",
    "assembled",
    "central",
    "central_of",
    "chained",
    "covariance",
    "extreme",
    "extremes",
    "extremes_of",
    "finest",
    "finest_of",
    "memory",
    "moments",
    "moments_of",
    "monotonic",
    "monotonic_of",
    "monotonic_result",
    "numbered",
    "pair_of",
    "shape_of",
    "summed",
    "written",
]


def _columns(part: Any) -> list[Any]:
    return [part.iloc[:, at] for at in range(part.shape[1])] if isinstance(part, pd.DataFrame) else [part]


# ---- where the least and the greatest values are ----


def extremes(part: Any, name: str, skipna: bool) -> list[Any]:
    """Return of each column the row with its least or greatest value, as a series of one row."""
    return [_extreme(column, name, skipna) for column in _columns(part)]


def _extreme(column: Any, name: str, skipna: bool) -> Any:
    if not len(column):
        return column
    missing = column.isna()
    if missing.all() or (missing.any() and not skipna):
        return column[missing].iloc[:1]
    at = column.argmin() if name == "idxmin" else column.argmax()
    return column.iloc[[at]]


def extremes_of(states: list[Any], name: str, skipna: bool) -> list[Any]:
    """Return the same of several."""
    return [_extreme(_together(columns), name, skipna) for columns in zip(*states, strict=True)]


def _together(columns: Any) -> Any:
    filled = [column for column in columns if len(column)] or list(columns[:1])
    return pd.concat(filled) if len(filled) > 1 else filled[0]


def extreme(states: list[Any], name: str, skipna: bool, columns: Any) -> Any:
    """Return the labels: of a frame, by ``columns``."""
    found = extremes_of(states, name, skipna)
    labels = [getattr(column, name)(skipna=skipna) for column in found]
    if columns is None:
        return labels[0]
    index = pd.Index(labels, dtype=found[0].index.dtype) if found else pd.Index([])
    return pd.Series(index, index=columns)


# ---- moments of pairs of columns ----


def moments(part: Any) -> tuple[Any, ...]:
    """Return counts, means, sums of products and of squares of each pair of columns, where both are finite.

    Which columns have infinities, and whether any value is missing, comes with them.

    Reference: T. F. Chan, G. H. Golub, R. J. LeVeque, Updating formulae and a pairwise algorithm for
    computing sample variances, 1979.
    """
    values = part.to_numpy(dtype=float, na_value=np.nan)
    valid = np.isfinite(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        n = valid.sum(axis=0)
        center = np.where(n > 0, np.where(valid, values, 0.0).sum(axis=0) / np.maximum(n, 1), 0.0)
        near = np.where(valid, values - center, 0.0)
        there = valid.astype(float)
        counts = there.T @ there
        divisors = np.maximum(counts, 1.0)
        sums = near.T @ there
        products = near.T @ near - sums * sums.T / divisors
        squares = (near**2).T @ there - sums**2 / divisors
        means = np.where(counts > 0, sums / divisors + center[:, None], 0.0)
    return counts, means, products, squares, np.isinf(values).any(axis=0), bool(np.isnan(values).any())


def moments_of(states: list[Any]) -> tuple[Any, ...]:
    """Return the same of several."""
    counts, means, products, squares, infinite, misses = states[0]
    for n, mean, product, square, has_infinite, has_missing in states[1:]:
        total = counts + n
        divisors = np.maximum(total, 1.0)
        apart = np.where((counts > 0) & (n > 0), mean - means, 0.0)
        weight = counts * n / divisors
        means = np.where(counts > 0, means + apart * n / divisors, mean)
        products = products + product + apart * apart.T * weight
        squares = squares + square + apart**2 * weight
        counts, infinite, misses = total, infinite | has_infinite, misses | has_missing
    return counts, means, products, squares, infinite, misses


def covariance(states: list[Any], columns: Any, least: int, ddof: int, scales: bool, is_pair: bool) -> Any:
    """Return covariances, or correlations where ``scales`` says so: of all columns, or of the first two."""
    counts, _, products, squares, infinite, misses = moments_of(states)
    with np.errstate(invalid="ignore", divide="ignore"):
        if scales:
            divisors = np.sqrt(squares * squares.T)
            values = np.clip(np.where(divisors != 0, products / divisors, np.nan), -1.0, 1.0)
        else:
            # Where any value is missing, pandas divides by one less than the number of rows.
            ddof = 1 if misses else ddof
            values = np.where(counts > ddof, products / np.maximum(counts - ddof, 1), np.nan)
        # pandas leaves out infinities where values are missing, and in correlations of frames; NumPy never.
        if is_pair or not (scales or misses):
            values[infinite] = values[:, infinite] = np.nan
    values = np.where(counts >= max(least, 1), values, np.nan)
    return values[0, 1] if is_pair else pd.DataFrame(values, index=columns, columns=columns)


def pair_of(part: Any, name: str, kwargs: Any) -> Any:
    """Return what pandas has as covariance or correlation of the two columns of a frame."""
    return getattr(part.iloc[:, 0], name)(part.iloc[:, 1], **kwargs)


# ---- moments of columns ----


def central(part: Any) -> tuple[Any, ...]:
    """Return counts, means, and sums of the second, third and fourth powers of distances from these."""
    values = part.to_numpy(dtype=float, na_value=np.nan)
    values = values if values.ndim == 2 else values[:, None]
    valid = ~np.isnan(values)
    n = valid.sum(axis=0).astype(float)
    mean = np.where(valid, values, 0.0).sum(axis=0) / np.maximum(n, 1)
    apart = np.where(valid, values - mean, 0.0)
    squares = apart**2
    return n, mean, squares.sum(axis=0), (squares * apart).sum(axis=0), (squares**2).sum(axis=0)


def central_of(states: list[Any]) -> tuple[Any, ...]:
    """Return the same of several.

    Reference: P. Pébay, Formulas for robust, one-pass parallel computation of covariances and arbitrary-order
    statistical moments, Sandia report SAND2008-6212, 2008.
    """
    n, mean, m2, m3, m4 = states[0]
    for other, center, s2, s3, s4 in states[1:]:
        total = n + other
        least = np.maximum(total, 1)
        d = np.where((n > 0) & (other > 0), center - mean, 0.0) / least
        m4 = m4 + s4 + d**4 * n * other * total * (n**2 - n * other + other**2)
        m4 = m4 + 6 * d**2 * (n**2 * s2 + other**2 * m2) + 4 * d * (n * s3 - other * m3)
        m3 = m3 + s3 + d**3 * n * other * total * (n - other) + 3 * d * (n * s2 - other * m2)
        m2 = m2 + s2 + d**2 * n * other * total
        mean = np.where(n > 0, mean + d * other, center)
        n = total
    return n, mean, m2, m3, m4


def shape_of(states: list[Any], name: str, columns: Any, dtypes: Any, ddof: int = 1) -> Any:
    """Return ``sem``, ``skew`` or ``kurt``: of a frame, by ``columns``."""
    n, mean, m2, m3, m4 = central_of(states)
    # Values that differ by rounding alone have no shape.
    is_flat = m2 <= 4 * n * (np.finfo(float).eps * mean) ** 2
    with np.errstate(invalid="ignore", divide="ignore"):
        if name == "sem":
            found = np.where(n > ddof, np.sqrt(m2 / np.maximum(n - ddof, 1) / np.maximum(n, 1)), np.nan)
        elif name == "skew":
            found = n * np.sqrt(n - 1) / (n - 2) * m3 / m2**1.5
            found = np.where((n < 3) | is_flat, np.nan, found)
        else:
            found = n * (n + 1) * (n - 1) * m4 / ((n - 2) * (n - 3) * m2**2)
            found = found - 3 * (n - 1) ** 2 / ((n - 2) * (n - 3))
            found = np.where((n < 4) | is_flat, np.nan, found)
    if columns is None:
        return dtypes[0].type(found[0])
    dtype = np.result_type(*dtypes)
    return pd.Series(found, index=columns).astype(dtype)


# ---- order ----


def monotonic(part: Any, is_up: bool) -> tuple[Any, bool]:
    """Return the first and the last value, and whether values between them are in order."""
    index = pd.Index(part)
    held = index.is_monotonic_increasing if is_up else index.is_monotonic_decreasing
    return (part.iloc[[0, -1]] if len(part) else part.iloc[:0]), bool(held)


def monotonic_of(states: list[Any], is_up: bool) -> tuple[Any, bool]:
    """Return the same of several."""
    ends, held = _together([ends for ends, _ in states]), all(held for _, held in states)
    found, ordered = monotonic(ends, is_up)
    return found, held and ordered


def monotonic_result(states: list[Any], is_up: bool) -> bool:
    """Return whether all values are in order."""
    return monotonic_of(states, is_up)[1]


# ---- sizes ----


def memory(part: Any, index: bool, deep: bool, is_total: bool) -> Any:
    """Return how many bytes each column takes, or all of them."""
    found = (
        part.memory_usage(deep=deep)
        if isinstance(part, pd.Index)
        else part.memory_usage(index=index, deep=deep)
    )
    return int(np.sum(found)) if is_total else found


def summed(results: list[Any]) -> Any:
    """Return the sum of partial results."""
    total = results[0]
    for result in results[1:]:
        total = total + result
    return total


def chained(results: list[Any]) -> list[Any]:
    """Return lists one after another; what is no list is one of that."""
    return [item for result in results for item in (result if isinstance(result, list) else [result])]


def numbered(results: list[Any]) -> Any:
    """Return a series of the results of partitions, by their numbers."""
    return pd.Series(chained(results), dtype="int64")


class HyperLogLog:
    """Counts different rows by the leading zeros of their hashes: an error of about 0.4 % in 64 KiB.

    Reference: P. Flajolet, E. Fusy, O. Gandouet, F. Meunier, HyperLogLog: the analysis of a near-optimal
    cardinality estimation algorithm, 2007. Hashes have 64 bits, so that no correction for large numbers is
    needed.
    """

    BITS = 16

    def chunk(self, part: Any) -> Any:
        """Return the registers of a partition."""
        hashes = pd.util.hash_pandas_object(part, index=False).to_numpy()
        n_left = 64 - self.BITS
        left = hashes & np.uint64((1 << n_left) - 1)
        # Floats have these bits exactly; what frexp says is how many are needed.
        ranks = (n_left + 1 - np.frexp(left.astype(float))[1]).astype(np.uint8)
        registers = np.zeros(1 << self.BITS, dtype=np.uint8)
        np.maximum.at(registers, (hashes >> np.uint64(n_left)).astype(np.int64), ranks)
        return registers

    def combine(self, states: list[Any]) -> Any:
        """Return the registers of several."""
        return np.maximum.reduce(states)

    def aggregate(self, states: list[Any]) -> float:
        """Return how many different rows there are, about."""
        registers = self.combine(states)
        n = len(registers)
        estimate = 0.7213 / (1 + 1.079 / n) * n * n / np.exp2(-registers.astype(float)).sum()
        n_empty = int((registers == 0).sum())
        if estimate <= 2.5 * n and n_empty:
            return float(n * np.log(n / n_empty))
        return float(estimate)


# ---- times as text ----


def finest(part: Any) -> Any:
    """Return the time of a series that needs the most digits: pandas writes all times with as many."""
    there = part.dropna()
    numbers, a_second = there.array.asi8, {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[there.array.unit]
    for step in (a_second // 10**6, a_second // 10**3, a_second, a_second * 86400):
        found: Any = np.flatnonzero(numbers % step) if step > 1 else []
        if len(found):
            return there.iloc[found[:1]]
    return there.iloc[:1]


def finest_of(states: list[Any]) -> Any:
    """Return the same of several."""
    return finest(_together(states))


def written(part: Any, state: Any, dtype: Any) -> Any:
    """Return the times of a partition as text, with as many digits as all times need."""
    found = pd.concat([state, part]).astype(dtype)
    return found.iloc[len(state) :]


# ---- aggregates ----


def aggregated(part: Any, function: Any, args: Any, kwargs: Any) -> Any:
    """Return what pandas aggregates all rows to."""
    return part.agg(function, *args, **kwargs)


def assembled(*results: Any, shape: Any, columns: Any, functions: Any, dtypes: Any) -> Any:
    """Return results of columns by functions, as pandas' ``agg`` arranges them.

    ``shape`` is ``"series"`` for one column by several functions, ``"rows"`` for several columns, one
    function each, and ``"frame"`` for several of both; ``functions`` are those of each column, and ``dtypes``
    those of the nullable ones among the columns of the result.
    """
    values = iter(results)
    if shape == "rows":
        return pd.Series([next(values) for _ in columns], index=columns, dtype=dtypes[0])
    by_column = [
        pd.Series([next(values) for _ in names], index=list(names), dtype=dtype)
        for names, dtype in zip(functions, dtypes, strict=True)
    ]
    if shape == "series":
        return by_column[0].rename(columns[0])
    frame = pd.concat(by_column, axis=1, sort=False)
    frame.columns = columns
    return frame
