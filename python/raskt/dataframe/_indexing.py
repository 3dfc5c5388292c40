"""A column as the index, and values of the index as parameters."""

from __future__ import annotations

import itertools
from typing import Any

from raskt._lazy import late
from raskt.dataframe._op import call, is_frame, op, rows_method
from raskt.dataframe._parameters import boundaries, label

__all__ = ["indexed_by"]

with_divisions: Any = late("raskt.dataframe.conversion", "with_divisions")

_TEMPORARY = "__raskt_index__"


def indexed_by(
    frame: Any, other: Any, drop: bool, is_sorted: bool, npartitions: Any, divisions: Any, sort: bool
) -> Any:
    """Return what ``frame.set_index(other, ...)`` is."""
    if isinstance(other, list) and len(other) == 1:
        other = other[0]
    if isinstance(other, list):
        if npartitions is not None or divisions is not None or is_sorted:
            raise NotImplementedError(
                f"npartitions=, divisions= and sorted= of an index of {len(other)} levels: rows stay where "
                "they are, in the order that they have"
            )
        return _by_levels(frame, other, drop)
    if isinstance(other, tuple) and other not in frame._meta.columns:
        raise KeyError(f"{other!r} is no column: levels of an index are a list")
    if npartitions is not None and (type(npartitions) is not int or npartitions < 1):
        raise ValueError(f"npartitions must be a whole number of 1 or more, found {npartitions!r}")
    indexed = _by_series(frame, other) if is_frame(other) else _by_label(frame, other, drop)
    if divisions is not None:
        given = boundaries(divisions, indexed._meta.index)
        if is_sorted or not sort:
            return with_divisions(indexed, divisions)
        return op("sort", (indexed,), {"divisions": given})
    if is_sorted:
        return _with_found_divisions(indexed)
    if not sort:
        return indexed
    return op("sort", (indexed,), {} if npartitions is None else {"npartitions": npartitions})


def _by_label(frame: Any, name: Any, drop: bool) -> Any:
    if name not in frame._meta.columns:
        raise KeyError(f"{name!r} is no column; the columns are {list(frame._meta.columns)!r}")
    return op("with_index", (frame,), {"label": label(name), "drop": bool(drop)})


def _by_levels(frame: Any, names: list[Any], drop: bool) -> Any:
    """Return the frame with several columns as the levels of its index; rows stay where they are."""
    if any(is_frame(name) for name in names):
        raise NotImplementedError("levels of an index from series: assign them, and set_index by their names")
    missing = [name for name in names if name not in frame._meta.columns]
    if missing:
        raise KeyError(f"{missing!r} are no columns; the columns are {list(frame._meta.columns)!r}")
    return rows_method(frame, "set_index", list(names), drop=bool(drop), clears=True)


def _by_series(frame: Any, other: Any) -> Any:
    if other._expr.kind != "series":
        raise TypeError(f"set_index takes a column or a series, found a {type(other).__name__}")
    name = other._meta.name
    temporary = op("assign", (frame, other), {"labels": [_TEMPORARY], "values": [{"operand": 1}]})
    return _by_label(temporary, _TEMPORARY, True).rename_axis(name)


def _ends(part: Any) -> Any:
    import pandas as pd

    index = part.index
    first = [index[0], index[-1]] if len(index) else []
    return pd.DataFrame(
        {"n": len(index), "sorted": index.is_monotonic_increasing and not index.hasnans},
        index=[0],
    ).assign(ends=pd.Series([first], dtype=object))


def _with_found_divisions(indexed: Any) -> Any:
    """Return the frame with the divisions that its partitions have: these are computed."""
    ends = call(
        _ends, (indexed,), {}, _ends(indexed._meta).iloc[:0], clears=True, label="set_index"
    ).compute()
    if not ends["sorted"].all():
        at = ends["sorted"].tolist().index(False)
        raise ValueError(f"the index of partition {at} is not sorted: set_index with sorted=False")
    kept = [at for at, n in enumerate(ends["n"]) if n]
    if not kept:
        return indexed
    if len(kept) < indexed.npartitions:
        indexed = op("choose", (indexed,), {"numbers": kept})
    pairs = [ends["ends"].iloc[at] for at in kept]
    for at, ((_, last), (first, _)) in enumerate(itertools.pairwise(pairs)):
        if last > first:
            raise ValueError(
                f"partition {at} ends with {last!r}, and the next one begins with {first!r}: the frame is "
                "not sorted; set_index with sorted=False"
            )
        if last == first:
            # Equal values of two partitions: no boundary is between them.
            return indexed
    return with_divisions(indexed, [*(first for first, _ in pairs), pairs[-1][1]])
