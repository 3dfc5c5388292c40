"""Rows by the labels of the index: functions of partitions."""

from __future__ import annotations

import functools
import itertools
from typing import Any

from raskt._apart import refuse_lazy
from raskt.dataframe._gathered import slice_of, starts
from raskt.dataframe._op import call, op, tree

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


def _ends_of(part: Any) -> list[Any]:
    """Return the first and last label of a partition, where it has any; whether all ascend."""
    return [(part.index[:1].append(part.index[-1:]), part.index.is_monotonic_increasing)] if len(part) else []


def _ends_of_all(states: list[Any]) -> Any:
    """Return the first and last label of all partitions; None where labels do not ascend."""
    found = _in_one_list(states)
    if not all(ascends for _, ascends in found) or not _ascends([ends for ends, _ in found]):
        return None
    return found[0][0][:1].append(found[-1][0][-1:]) if found else None


def _not_empty(part: Any, ends: Any, label: Any) -> Any:
    """Return rows, of which there may be none where pandas has a gap: between the first and last label."""
    import pandas as pd

    if len(part):
        return part
    if ends is None:
        raise KeyError(label)
    # An error of pandas' beyond the ends.
    pd.Series(0, index=ends).loc[label]
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


def loc_slice(frame: Any, key: slice, name: str = "loc") -> Any:
    """Return the rows whose labels lie between two, both included; to ``truncate`` an index has to ascend.

    Where divisions are not known, whether the index ascends is found out when it is computed. If it does not,
    rows are those from the first label to the last one by their places, as pandas has it: it takes all labels
    together to find these.
    """
    if key.step is not None and (type(key.step) is not int or key.step < 1):
        raise NotImplementedError(f"rows by labels backwards: {key!r}; loc[a:b].iloc[::-1]")
    if key.start is None and key.stop is None and key.step in (None, 1):
        return frame
    if key.step in (None, 1) and frame._expr.divisions is not None:
        chosen = _partitions_of(frame, [(key.start, key.stop)])
        return call(_rows_between, (chosen, key.start, key.stop), {}, frame._meta, clears=False, label="loc")
    refuse_lazy((key.start, key.stop), f"compute() them before {name}")
    # pandas looks at the labels.
    frame._meta.index.slice_indexer(key.start, key.stop)
    places = tree(
        frame,
        _index_of,
        _in_one_list,
        functools.partial(_places_of, key=key, name=name),
        None,
        label="loc",
        checks=False,
    )
    given = (frame, starts(frame), places, key.start, key.stop)
    return call(_rows_at_places, given, {}, frame._meta, clears=False, label="loc")


def _index_of(part: Any) -> list[Any]:
    return [part.index] if len(part) else []


def _in_one_list(states: list[Any]) -> list[Any]:
    return [index for state in states for index in state]


def _ascends(indexes: list[Any]) -> bool:
    """Return whether the labels of all partitions ascend."""
    return all(index.is_monotonic_increasing and not index.hasnans for index in indexes) and all(
        one[-1] <= other[0] for one, other in itertools.pairwise(indexes)
    )


def _places_of(states: list[Any], key: slice, name: str) -> Any:
    """Return the places of rows between two labels; None where the index ascends, and labels tell."""
    indexes = _in_one_list(states)
    if key.step in (None, 1) and _ascends(indexes):
        return None
    if name == "truncate":
        raise ValueError("truncate requires a sorted index")
    index = indexes[0].append(indexes[1:]) if indexes else None
    return slice(0, 0) if index is None else index.slice_indexer(key.start, key.stop, key.step)


def _rows_at_places(part: Any, start: int, places: Any, first: Any, last: Any) -> Any:
    """Return the rows of a partition that are at some places, or between two labels."""
    if places is None:
        return part.loc[first:last]
    if isinstance(places, slice):
        return slice_of(part, start, start + len(part), places)
    own = places[(places >= start) & (places < start + len(part))]
    return part.iloc[own - start]


def rows_among(frame: Any, wanted: Any) -> Any:
    """Return the rows whose labels are among some, of the partitions that may have them."""
    chosen = _partitions_of(frame, [(label, label) for label in wanted])
    return call(_at, (chosen, wanted), {}, frame._meta, clears=False, label="loc")


def rows_at(frame: Any, wanted: list[Any], is_list: bool) -> Any:
    """Return the rows of some labels, in their order, as one partition; of one label, if it is no list."""
    chosen = _partitions_of(frame, [(label, label) for label in wanted])
    if not is_list and isinstance(wanted[0], str) and frame._meta.index.dtype.kind == "M":
        found = call(_at_time, (chosen, wanted[0]), {}, frame._meta, clears=True, label="loc")
        ends = tree(frame, _ends_of, _in_one_list, _ends_of_all, None, label="loc", checks=False)
        given = (op("repartition", (found,), {"npartitions": 1}), ends, wanted[0])
        return call(_not_empty, given, {}, frame._meta, clears=True, label="loc")
    found = call(_at, (chosen, wanted), {}, frame._meta, clears=True, label="loc")
    checks = functools.partial(_in_order, wanted=wanted, is_list=is_list)
    gathered = op("repartition", (found,), {"npartitions": 1})
    return call(checks, (gathered,), {}, frame._meta, clears=True, label="loc")
