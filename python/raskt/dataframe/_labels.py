"""Rows by the labels of the index: functions of partitions."""

from __future__ import annotations

from typing import Any

from raskt.dataframe._op import call, op

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


def _partitions_of(frame: Any, ranges: list[tuple[Any, Any]]) -> Any:
    """Return the partitions that may have labels within some ranges, both ends included.

    They are all partitions where the divisions are not known, or do not compare with the labels.
    """
    divisions = frame._expr.divisions
    if divisions is None:
        return frame
    n_partitions = len(divisions) - 1
    wanted: set[int] = set()
    for start, stop in ranges:
        try:
            first = 0 if start is None else divisions.get_slice_bound(start, "left") - 1
            end = n_partitions if stop is None else divisions.get_slice_bound(stop, "right")
        except (TypeError, ValueError, KeyError):
            return frame
        wanted.update(range(max(first, 0), min(end, n_partitions)))
    if len(wanted) == n_partitions:
        return frame
    return op("choose", (frame,), {"numbers": sorted(wanted) or [0]})


def loc_slice(frame: Any, key: slice) -> Any:
    """Return the rows whose labels lie between two, both included."""
    if key.step is not None:
        raise NotImplementedError(f"rows by labels with a step: {key!r}; filter by a condition on the index")
    if key.start is None and key.stop is None:
        return frame
    given = (_partitions_of(frame, [(key.start, key.stop)]), key.start, key.stop)
    return call(_rows_between, given, {}, frame._meta, clears=False, label="loc")


def rows_at(frame: Any, wanted: list[Any]) -> Any:
    """Return the rows whose labels are among those wanted, in the order of the frame."""
    chosen = _partitions_of(frame, [(label, label) for label in wanted])
    return call(_at, (chosen, wanted), {}, frame._meta, clears=False, label="loc")
