"""Functions of partitions that look for the last values before times, and for the ends of what is there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

__all__ = ["candidates", "end_label", "end_of", "label_of", "last_values", "together"]


def candidates(part: Any, where: Any, subset: Any) -> tuple[Any, Any, bool]:
    """Return the rows that may be asked for, the first and last row, and whether the partition is sorted."""
    there = part.notna() if part.ndim == 1 else (part if subset is None else part[subset]).notna()
    if there.ndim == 2:
        there = there.all(axis=1)
    rows = part[there.to_numpy()]
    is_sorted = bool(part.index.is_monotonic_increasing)
    ends = part.iloc[[0, -1]] if len(part) else part
    if not is_sorted or not len(rows):
        return rows.iloc[:0], ends, is_sorted
    wanted = [where] if pd.api.types.is_scalar(where) else list(where)
    at = rows.index.searchsorted(pd.Index(wanted).astype(rows.index.dtype), side="right") - 1
    return rows.iloc[np.unique(at[at >= 0])], ends, is_sorted


def together(states: list[Any]) -> tuple[Any, Any, bool]:
    """Return the same of several partitions."""
    rows = [own for own, _, _ in states if len(own)]
    ends = [own for _, own, _ in states if len(own)]
    found = pd.concat(rows) if rows else states[0][0]
    edges = pd.concat(ends) if ends else states[0][1]
    is_sorted = all(own for _, _, own in states) and bool(edges.index.is_monotonic_increasing)
    return found, edges.iloc[[0, -1]] if len(edges) else edges, is_sorted


def last_values(states: list[Any], where: Any, subset: Any) -> Any:
    """Return what pandas' ``asof`` returns of the rows that may be asked for."""
    rows, ends, is_sorted = together(states)
    if not is_sorted:
        raise ValueError("asof requires a sorted index")
    if not len(rows):
        # Of rows that are missing throughout, the first one is enough to be answered by.
        rows = ends.iloc[:1]
    return rows.asof(where) if rows.ndim == 1 else rows.asof(where, subset=subset)


def end_label(part: Any, name: str) -> list[Any]:
    """Return a list of the label of the first or last row with a value, or an empty one."""
    there = part.notna() if part.ndim == 1 else part.notna().any(axis=1)
    labels = part.index[there.to_numpy()]
    return [labels[0 if name == "first_valid_index" else -1]] if len(labels) else []


def end_of(states: list[Any], name: str) -> list[Any]:
    """Return the same of several partitions."""
    found = [label for state in states for label in state]
    return [found[0 if name == "first_valid_index" else -1]] if found else []


def label_of(states: list[Any], name: str) -> Any:
    """Return the label, or None where no value is there."""
    found = end_of(states, name)
    return found[0] if found else None
