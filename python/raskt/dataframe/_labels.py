"""Rows by the labels of the index: functions of partitions."""

from __future__ import annotations

from typing import Any

from raskt.dataframe._op import call

__all__ = ["loc_slice", "rows_at"]


def _rows_between(part: Any, start: Any, stop: Any) -> Any:
    """Return the rows of a partition whose labels lie between two, both included."""
    index = part.index
    if index.is_monotonic_increasing:
        return part.loc[start:stop]
    keep = None
    if start is not None:
        keep = index >= start
    if stop is not None:
        keep = index <= stop if keep is None else keep & (index <= stop)
    return part if keep is None else part[keep]


def _at(part: Any, wanted: Any) -> Any:
    """Return the rows of a partition whose labels are among those wanted."""
    return part[part.index.isin(wanted)]


def loc_slice(frame: Any, key: slice) -> Any:
    """Return the rows whose labels lie between two, both included."""
    if key.step is not None:
        raise NotImplementedError(f"rows by labels with a step: {key!r}; filter by a condition on the index")
    if key.start is None and key.stop is None:
        return frame
    given = (frame, key.start, key.stop)
    return call(_rows_between, given, {}, frame._meta, clears=False, label="loc")


def rows_at(frame: Any, wanted: list[Any]) -> Any:
    """Return the rows whose labels are among those wanted, in the order of the frame."""
    return call(_at, (frame, wanted), {}, frame._meta, clears=False, label="loc")
