"""Functions of partitions that are about bins of time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from raskt._tables import one_row

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["bins_of", "completed", "in_order", "no_bins", "of_bins", "sample"]


def bins_of(first: Any, last: Any, dtype: Any, options: dict[str, Any]) -> Any:
    """Return where each bin begins, and its label: pandas cuts bins from the first time to the last.

    The labels of left ends tell where bins begin, in one of three ways, and pandas is asked whether the times
    at these places and right before them are in those bins. Bins of other rules are found by bisection.
    """
    ends = pd.Index([first, last]).astype(dtype).dropna()
    if not len(ends):
        return no_bins(ends)
    labels = _counts(ends, options).index.astype(dtype)
    lefts = _counts(ends, {**options, "label": "left"}).index.astype(dtype)
    limits = ends.astype("int64").to_numpy()
    for begins in _guesses(lefts):
        if len(begins) == len(labels) and _are_begins(begins, limits, dtype, options):
            break
    else:
        begins = _bisected(len(labels), limits, dtype, options)
    return pd.DataFrame({"begin": _as_times(begins, dtype), "label": labels})


def no_bins(times: Any) -> Any:
    """Return what `bins_of` returns, without rows."""
    return pd.DataFrame({"begin": times, "label": times}, index=range(0))


def _guesses(lefts: Any) -> Iterator[Any]:
    """Yield where bins may begin: at their left ends, right behind these, or with the next day."""
    begins = lefts.astype("int64").to_numpy()
    yield begins
    yield begins + 1
    if lefts.dtype.kind == "M":
        days = lefts.tz_localize(None) + pd.Timedelta("1D")
        moved = days.tz_localize(lefts.tz, ambiguous=np.ones(len(days), bool), nonexistent="shift_forward")
        yield moved.as_unit(lefts.unit).astype("int64").to_numpy()


def _are_begins(begins: Any, limits: Any, dtype: Any, options: dict[str, Any]) -> bool:
    """Return whether pandas' bins begin there: as times go on bins do, so that these places tell all."""
    if begins[0] > limits[0] or (begins[1:] < begins[:-1]).any():
        return False
    inner = begins[(begins > limits[0]) & (begins <= limits[1])]
    times = np.sort(np.concatenate([limits, inner, inner - 1]))
    return bool((_places(times, dtype, options) == np.searchsorted(begins, times, "right") - 1).all())


def _bisected(n_bins: int, limits: Any, dtype: Any, options: dict[str, Any]) -> Any:
    """Return the first time of each bin: of bins without times between the limits, that of the next one."""
    bins = np.arange(n_bins)
    low, high = np.full(n_bins, limits[0] - 1), np.full(n_bins, limits[1] + 1)
    while (high - low > 1).any():
        middle = np.clip(low + (high - low) // 2, *limits)
        order = np.argsort(middle, kind="stable")
        places = np.empty(n_bins, np.int64)
        times = np.concatenate([limits[:1], middle[order], limits[1:]])
        places[order] = _places(times, dtype, options)[1:-1]
        is_begun = places >= bins
        high = np.where(is_begun, np.minimum(high, middle), high)
        low = np.where(is_begun, low, np.maximum(low, middle))
    return high


def _places(times: Any, dtype: Any, options: dict[str, Any]) -> Any:
    """Return which of pandas' bins each of some ascending times is in, the first and last among them."""
    counts = _counts(_as_times(times, dtype), options).to_numpy()
    return np.repeat(np.arange(len(counts)), counts)


def _as_times(numbers: Any, dtype: Any) -> Any:
    """Return numbers of units since the epoch, or of a span, as times of a dtype."""
    unit = pd.Index([], dtype=dtype).unit
    times: Any = pd.Index(numbers.astype("int64").view(f"{dtype.kind}8[{unit}]"))
    zone = getattr(dtype, "tz", None)
    return times if zone is None else times.tz_localize("UTC").tz_convert(zone)


def _counts(times: Any, options: dict[str, Any]) -> Any:
    return pd.Series(1, index=times).resample(**options).count()


def completed(found: Any, first: Any, last: Any, options: dict[str, Any], empty: Any) -> Any:
    """Return aggregates of all bins: those of bins without rows are like the row ``empty``."""
    if pd.isna(first):
        return found
    ends = pd.Index([first, last]).astype(found.index.dtype)
    labels, name = _counts(ends, options).index, found.index.name
    missing = labels.difference(found.index, sort=False)
    if len(missing):
        found = pd.concat([found, empty.iloc[[0] * len(missing)].set_axis(missing)])
    return found.reindex(labels).rename_axis(index=name)


def sample(like: Any, columns: Any, name: str, args: Any, kwargs: Any) -> Any:
    """Return what pandas makes of three bins: of a row of an object without rows, of none, and of a row."""
    index = like.index
    times: Any = pd.TimedeltaIndex(["0D", "2D"]).astype(f"timedelta64[{index.unit}]")
    if index.dtype.kind == "M":
        times = (pd.Timestamp(0).as_unit(index.unit) + times).tz_localize(index.tz)
    bins = pd.concat([one_row(like)] * 2).set_axis(times.rename(index.name)).resample("D")
    return getattr(bins if columns is None else bins[columns], name)(*args, **kwargs)


def in_order(part: Any) -> Any:
    """Return rows in the order of their times; equal ones in theirs."""
    return part if part.index.is_monotonic_increasing else part.sort_index(kind="stable")


def of_bins(part: Any, options: dict[str, Any], columns: Any, name: str, args: Any, kwargs: Any) -> Any:
    """Return what a method of pandas' bins makes of rows."""
    bins = part.resample(**options)
    return getattr(bins if columns is None else bins[columns], name)(*args, **kwargs)
