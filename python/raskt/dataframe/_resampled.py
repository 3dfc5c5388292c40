"""Functions of partitions that are about bins of time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from raskt._tables import one_row

__all__ = ["bins_of", "completed", "of_bins", "sample"]


def bins_of(part: Any, first: Any, last: Any, options: dict[str, Any]) -> Any:
    """Return the label of the bin of each row: pandas cuts bins from the first time to the last."""
    index = part.index
    times = index.dropna()
    if not len(times):
        return index.to_series()
    is_ordered = len(times) == len(index) and index.is_monotonic_increasing
    order = None if is_ordered else np.argsort(times, kind="stable")
    ends = [pd.Index([end]).astype(index.dtype) for end in (first, last)]
    counts = _counts(ends[0].append([times if order is None else times[order], ends[1]]), options)
    labels = counts.index.repeat(counts.to_numpy())[1:-1].astype(index.dtype)
    if order is None:
        return labels.to_series(index=index, name=index.name)
    found = pd.Series(pd.NaT, index=range(len(index)), dtype=index.dtype)
    found.iloc[np.flatnonzero(index.notna())[order]] = labels
    return found.set_axis(index).rename(index.name)


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


def of_bins(part: Any, options: dict[str, Any], columns: Any, name: str, args: Any, kwargs: Any) -> Any:
    """Return what a method of pandas' bins makes of rows."""
    bins = part.resample(**options)
    return getattr(bins if columns is None else bins[columns], name)(*args, **kwargs)
