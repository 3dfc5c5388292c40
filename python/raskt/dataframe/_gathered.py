"""What needs all rows at once: they come together in one task, and go back to the partitions they are of."""

from __future__ import annotations

import functools
from typing import Any

from raskt._lazy import late, late_module
from raskt.dataframe._op import call, carry, is_frame, op

__all__ = [
    "by_all_rows",
    "cut_back",
    "gathered",
    "like_of",
    "numbered",
    "on_all_rows",
    "row_at",
    "rows_of_mask",
    "rows_of_places",
    "rows_of_slice",
    "sample_of",
    "scalar_of_all_rows",
    "slice_of",
    "starts",
    "total",
]

one_row: Any = late("raskt._tables", "one_row")
_partition: Any = late_module("raskt.dataframe._partition")


def gathered(frame: Any) -> Any:
    """Return the rows of a frame as one partition."""
    return frame if frame.npartitions == 1 else op("repartition", (frame,), {"npartitions": 1})


def _length(part: Any) -> int:
    return len(part)


def _added(*values: Any) -> int:
    return (values[0] or 0) + values[1] if values else 0


def starts(frame: Any) -> Any:
    """Return, for each partition, how many rows those before it have."""
    lengths = call(_length, (frame,), {}, frame._meta, clears=True, label="lengths", checks=False)
    return carry(lengths, _added)


def _from_number(part: Any, start: int) -> Any:
    import pandas as pd

    return part.set_axis(pd.RangeIndex(start, start + len(part)))


def numbered(frame: Any) -> Any:
    """Return the rows with their numbers as index, as pandas' ``ignore_index`` has them."""
    meta = _from_number(frame._meta, 0)
    return call(_from_number, (frame, starts(frame)), {}, meta, clears=True, label="number", checks=False)


def total(frame: Any) -> Any:
    """Return the number of rows: a number where it is known, or else a scalar."""
    lengths = frame._expr.lengths
    if None in lengths:
        return op("reduce", (frame,), {"name": "size"})
    return sum(lengths)


def _piece(part: Any, rows: Any, start: int) -> Any:
    return rows.iloc[start : start + len(part)]


def cut_back(frame: Any, found: Any, meta: Any, label: str) -> Any:
    """Return rows of one partition, as many as a frame has, cut as the frame is.

    Parameters
    ----------
    frame : DataFrame or Series
        What has the partitions.
    found : DataFrame or Series
        One partition, a row for each of the frame.
    meta : object
        What it is like, without rows.
    label : str
        What users call it.
    """
    given = (frame, found, starts(frame))
    return call(_piece, given, {}, meta, clears=False, keeps=True, label=label, checks=False)


def sample_of(frame: Any) -> Any:
    """Return a made-up row of a frame, under a label of its index."""
    return one_row(frame._meta).set_axis(one_row(frame._meta.index))


def like_of(function: Any, frame: Any) -> Any:
    """Return what a function that keeps rows makes of a frame, without rows, under its index."""
    found = _partition.asked(function, sample_of(frame))
    return found.iloc[:0].set_axis(frame._meta.index)


def by_all_rows(frame: Any, function: Any, label: str, meta: Any = None, of: Any = None) -> Any:
    """Return what a function makes of all rows, which it keeps, cut as the frame is.

    Parameters
    ----------
    frame : DataFrame or Series
        What has the partitions.
    function : callable
        The function of one object of pandas'.
    label : str
        What users call it.
    meta : object, optional
        What comes out, without rows; asked of one row that is made up, if it is not given.
    of : DataFrame or Series, optional
        The same rows, where the function is given other columns than those of ``frame``.
    """
    source = frame if of is None else of
    if meta is None:
        meta = like_of(function, source)
    found = call(function, (gathered(source),), {}, meta, clears=False, keeps=True, label=label, checks=False)
    return found if frame.npartitions == 1 else cut_back(frame, found, meta, label)


def on_all_rows(frame: Any, function: Any, label: str, meta: Any, *others: Any) -> Any:
    """Return what a function makes of all rows, as one partition; other frames come together, too."""
    given = (
        gathered(frame),
        *(gathered(x) if is_frame(x) and x._expr.kind != "scalar" else x for x in others),
    )
    return call(function, given, {}, meta, clears=True, label=label, checks=False)


def scalar_of_all_rows(frame: Any, function: Any, label: str, like: Any) -> Any:
    """Return the scalar that a function makes of all rows."""
    return call(function, (gathered(frame),), {}, like, clears=True, label=label, checks=False)


# ---- rows by their places ----


def slice_of(part: Any, start: int, n_rows: Any, key: slice) -> Any:
    """Return the rows of a partition that a slice of all rows has, in their own order."""
    wanted = range(*key.indices(start + len(part) if n_rows is None else n_rows))
    if wanted.step < 0:
        wanted = wanted[::-1]
    behind = max(start - wanted.start, 0)
    first = wanted.start + -(-behind // wanted.step) * wanted.step
    stop = min(wanted.stop, start + len(part))
    return part.iloc[max(first - start, 0) : max(stop - start, 0) : wanted.step]


def _needs_total(key: slice) -> bool:
    return (key.step or 1) < 0 or any((end or 0) < 0 for end in (key.start, key.stop))


def _checked_slice(key: slice) -> slice:
    ends = (key.start, key.stop, key.step)
    if any(end is not None and not hasattr(end, "__index__") for end in ends):
        raise TypeError(f"cannot do positional indexing with {key!r}: whole numbers are needed")
    found = slice(*(None if end is None else end.__index__() for end in ends))
    if found.step == 0:
        raise ValueError("slice step cannot be zero")
    return found


def _known_part(frame: Any, first: int, last: int) -> tuple[Any, int]:
    """Return the partitions that have some rows, and how many rows lie before those; lengths are known."""
    numbers, before, at = [], 0, 0
    for number, length in enumerate(frame._expr.lengths):
        if at + length <= first:
            before = at + length
        elif at <= last:
            numbers.append(number)
        at += length
    numbers = numbers or [0]
    if len(numbers) == frame.npartitions:
        return frame, 0
    return op("choose", (frame,), {"numbers": numbers}), before


def rows_of_slice(frame: Any, key: slice) -> Any:
    """Return the rows that a slice of places has."""
    key = _checked_slice(key)
    is_back = (key.step or 1) < 0
    n_rows: Any = total(frame)
    if isinstance(n_rows, int):
        wanted = range(*key.indices(n_rows))
        if not wanted:
            first = op("choose", (frame,), {"numbers": [0]})
            return call(_no_rows, (first,), {}, frame._meta, clears=True, label="iloc")
        wanted = wanted[::-1] if is_back else wanted
        frame, before = _known_part(frame, wanted[0], wanted[-1])
        key = slice(wanted[0] - before, wanted[-1] - before + 1, wanted.step)
    if isinstance(n_rows, int) or not _needs_total(key):
        n_rows = None
    part_of = functools.partial(slice_of, key=key)
    given = (frame, starts(frame), n_rows)
    found = call(part_of, given, {}, frame._meta, clears=False, label="iloc")
    if not is_back:
        return found
    found = call(_backwards, (found,), {}, frame._meta, clears=True, label="iloc")
    return op("choose", (found,), {"numbers": list(range(found.npartitions))[::-1]})


def _no_rows(part: Any) -> Any:
    return part.iloc[:0]


def _backwards(part: Any) -> Any:
    return part.iloc[::-1]


def _among(part: Any, start: int, n_rows: Any, places: list[int]) -> Any:
    """Return the rows of a partition that are at some places, each once."""
    wanted = {place + n_rows if place < 0 else place for place in places}
    own = sorted(place - start for place in wanted if start <= place < start + len(part))
    return part.iloc[own]


def _in_order(part: Any, n_rows: Any, places: list[int]) -> Any:
    """Return rows in the order of their places, which may come again."""
    import numpy as np

    wanted = [place + n_rows if place < 0 else place for place in places]
    distinct = np.unique(np.asarray(wanted, dtype="int64"))
    if len(part) != len(distinct):
        raise IndexError("positional indexers are out-of-bounds")
    return part.iloc[np.searchsorted(distinct, wanted)] if wanted else part


def rows_of_places(frame: Any, places: list[int]) -> Any:
    """Return the rows at some places, in the order of these, as one partition."""
    n_rows: Any = None
    if None not in frame._expr.lengths:
        n_rows = total(frame)
        if any(not -n_rows <= place < n_rows for place in places):
            raise IndexError("positional indexers are out-of-bounds")
        places = [place % n_rows for place in places]
        frame, before = _known_part(frame, min(places, default=0), max(places, default=0))
        places = [place - before for place in places]
    elif any(place < 0 for place in places):
        n_rows = total(frame)
    chosen_of: Any = functools.partial(_among, places=places)
    chosen = call(chosen_of, (frame, starts(frame), n_rows), {}, frame._meta, clears=True, label="iloc")
    ordered: Any = functools.partial(_in_order, places=places)
    return call(ordered, (gathered(chosen), n_rows), {}, frame._meta, clears=True, label="iloc")


def _check_mask(mask: Any, n_rows: int, is_item: bool) -> None:
    if len(mask) == n_rows:
        return
    if is_item:
        raise ValueError(f"Item wrong length {len(mask)} instead of {n_rows}.")
    raise IndexError(f"Boolean index has wrong length: {len(mask)} instead of {n_rows}")


def _masked(part: Any, start: int, n_rows: int, mask: Any, is_item: bool) -> Any:
    _check_mask(mask, n_rows, is_item)
    return part[mask[start : start + len(part)]]


def rows_of_mask(frame: Any, mask: Any, is_item: bool = False) -> Any:
    """Return the rows at which a list of truth values, one for each, is true; asked for by ``[]`` or not."""
    import numpy as np

    n_rows = total(frame)
    if isinstance(n_rows, int):
        _check_mask(mask, n_rows, is_item)
    function = functools.partial(_masked, mask=np.asarray(mask, dtype=bool), is_item=is_item)
    return call(function, (frame, starts(frame), n_rows), {}, frame._meta, clears=False, label="iloc")


def _only(part: Any) -> Any:
    if not len(part):
        raise IndexError("single positional indexer is out-of-bounds")
    return part.iloc[0]


def row_at(frame: Any, place: int) -> Any:
    """Return the row at a place: of a series a scalar, of a frame a series."""
    n_rows = total(frame)
    if isinstance(n_rows, int) and not -n_rows <= place < n_rows:
        raise IndexError("single positional indexer is out-of-bounds")
    found = gathered(rows_of_slice(frame, slice(place, None if place == -1 else place + 1)))
    like = _only(one_row(frame._meta))
    if frame._expr.kind == "frame":
        like = like.iloc[:0].rename(None)
    return call(_only, (found,), {}, like, clears=True, label="iloc", checks=False)
