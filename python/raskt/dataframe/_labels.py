"""Rows by the labels of the index: functions of partitions."""

from __future__ import annotations

import functools
from typing import Any

from raskt.dataframe._op import call, op

__all__ = ["loc_slice", "rows_among", "rows_at"]


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


def _in_order(part: Any, wanted: Any, is_list: bool) -> Any:
    """Return the rows of the labels that are wanted, in their order; one that is not there is an error."""
    if not is_list and not part.index.isin(wanted).any():
        raise KeyError(wanted[0])
    return part.loc[wanted] if is_list else part


def _at_time(part: Any, text: str) -> Any:
    """Return the rows of a partition at a time that is written, or within a month, a day and the like."""
    try:
        if part.index.is_monotonic_increasing:
            return part.loc[slice(text, text)]
        return part[part.index.isin(part.sort_index().loc[slice(text, text)].index)]
    except KeyError:
        return part.iloc[:0]


def _not_empty(part: Any, label: Any) -> Any:
    if not len(part):
        raise KeyError(label)
    return part


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


def rows_among(frame: Any, wanted: Any) -> Any:
    """Return the rows whose labels are among some, of the partitions that may have them."""
    chosen = _partitions_of(frame, [(label, label) for label in wanted])
    return call(_at, (chosen, wanted), {}, frame._meta, clears=False, label="loc")


def rows_at(frame: Any, wanted: list[Any], is_list: bool) -> Any:
    """Return the rows of some labels, in their order, as one partition; of one label, if it is no list."""
    chosen = _partitions_of(frame, [(label, label) for label in wanted])
    if not is_list and isinstance(wanted[0], str) and frame._meta.index.dtype.kind == "M":
        found = call(_at_time, (chosen, wanted[0]), {}, frame._meta, clears=True, label="loc")
        checks: Any = functools.partial(_not_empty, label=wanted[0])
    else:
        found = call(_at, (chosen, wanted), {}, frame._meta, clears=True, label="loc")
        checks = functools.partial(_in_order, wanted=wanted, is_list=is_list)
    gathered = op("repartition", (found,), {"npartitions": 1})
    return call(checks, (gathered,), {}, frame._meta, clears=True, label="loc")
