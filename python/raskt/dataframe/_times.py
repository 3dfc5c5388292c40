"""What is asked for by times: of the day, before others, in other time zones; and first and last labels."""

from __future__ import annotations

import functools
from typing import Any

from raskt._lazy import late, late_module
from raskt.dataframe._gathered import on_all_rows, sample_of
from raskt.dataframe._labels import loc_slice
from raskt.dataframe._op import changed, is_frame, op, rows_method, tree
from raskt.dataframe._parameters import labels

__all__ = [
    "at_frequency",
    "before",
    "end_label",
    "in_zone",
    "moved_zone",
    "times_of_day",
    "to_periods",
    "truncated",
]

one_row: Any = late("raskt._tables", "one_row")
with_divisions: Any = late("raskt.dataframe.conversion", "with_divisions")
_asof: Any = late_module("raskt.dataframe._asof")
_neighbours: Any = late_module("raskt.dataframe._neighbours")
_partition: Any = late_module("raskt.dataframe._partition")


def _only_rows(name: str, axis: Any) -> None:
    if axis not in (None, 0, "index"):
        raise NotImplementedError(f"{name}(axis={axis!r}): columns are chosen by [], rows alone by time")


def times_of_day(frame: Any, name: str, args: tuple[Any, ...], axis: Any, named: dict[str, Any]) -> Any:
    """Return the rows at some times of the day."""
    _only_rows(name, axis)
    return rows_method(frame, name, *args, **named)


def at_frequency(frame: Any, freq: Any, named: dict[str, Any]) -> Any:
    """Return the rows at the times of a frequency; all come together in one task."""
    function = _neighbours.Method("asfreq", freq, **named)
    return on_all_rows(frame, function, "asfreq", _partition.asked(function, frame._meta).iloc[:0])


def truncated(frame: Any, before: Any, after: Any, axis: Any) -> Any:
    """Return the rows, or columns, whose labels lie between two."""
    if axis in (1, "columns"):
        kept = frame._meta.truncate(before, after, axis=1).columns
        return op("columns", (frame,), {"labels": labels(kept)})
    _only_rows("truncate", axis)
    if frame._meta.index.dtype.kind == "M":
        import pandas as pd

        before, after = (None if end is None else pd.to_datetime(end) for end in (before, after))
    if before is not None and after is not None and before > after:
        raise ValueError(f"Truncate: {after} must be after {before}")
    return loc_slice(frame, slice(before, after), "truncate")


# ---- time zones ----


def in_zone(frame: Any, tz: Any, axis: Any, level: Any) -> Any:
    """Return the rows with the times of the index in another zone."""
    return _changed_zone(frame, "tz_convert", tz, axis, level, {})


def moved_zone(frame: Any, tz: Any, axis: Any, level: Any, ambiguous: Any, nonexistent: Any) -> Any:
    """Return the rows with the times of the index taken as those of a zone."""
    if not isinstance(ambiguous, (str, bool)) or (ambiguous == "infer" and frame.npartitions > 1):
        raise NotImplementedError(
            f"tz_localize(ambiguous={ambiguous!r}): which of two times it is would be told by rows of other "
            'partitions; use True, False, "NaT" or "raise", or repartition(npartitions=1)'
        )
    named = changed(ambiguous=(ambiguous, "raise"), nonexistent=(nonexistent, "raise"))
    return _changed_zone(frame, "tz_localize", tz, axis, level, named)


def _changed_zone(frame: Any, name: str, tz: Any, axis: Any, level: Any, named: dict[str, Any]) -> Any:
    _only_rows(name, axis)
    if level is not None:
        raise NotImplementedError(f"{name}(level=): reset_index(), and .dt.{name} of the column")
    found = rows_method(frame, name, tz, clears=True, **named)
    divisions = frame._expr.divisions
    if divisions is None:
        return found
    try:
        moved = getattr(divisions, name)(tz, **named)
    except ValueError:
        # A boundary may lie where no time, or two, are.
        return found
    is_kept = moved.is_monotonic_increasing and not moved.hasnans and name == "tz_convert"
    return with_divisions(found, moved) if is_kept else found


def to_periods(frame: Any, freq: Any, axis: Any) -> Any:
    """Return the rows with periods instead of times as the index."""
    _only_rows("to_period", axis)
    if freq is None:
        raise NotImplementedError('to_period needs freq=, such as "D": partitions have no frequency')
    return rows_method(frame, "to_period", freq, clears=True)


# ---- the last rows before times ----


def before(frame: Any, where: Any, subset: Any) -> Any:
    """Return the last values that are there at or before some times."""
    if is_frame(where):
        raise NotImplementedError(
            "asof of times that are to be computed: merge_asof, or compute() them first"
        )
    function = functools.partial(_asof.last_values, where=where, subset=subset)
    chunk = functools.partial(_asof.candidates, where=where, subset=subset)
    like = _partition.asked(function, [chunk(sample_of(frame))])
    if getattr(like, "ndim", 0):
        like = like.iloc[:0]
    if getattr(like, "ndim", 0) == 1 and frame._expr.kind == "frame":
        # pandas calls it by the time, which need not be a name that the engine knows.
        like = like.rename(None)
    return tree(frame, chunk, _asof.together, function, like, label="asof", checks=False)


def end_label(frame: Any, name: str) -> Any:
    """Return the label of the first or last row with a value."""
    function = functools.partial(_asof.end_label, name=name)
    combine = functools.partial(_asof.end_of, name=name)
    aggregate = functools.partial(_asof.label_of, name=name)
    like = one_row(frame._meta.index)[0]
    return tree(frame, function, combine, aggregate, like, label=name, checks=False)
