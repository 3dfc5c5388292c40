"""Rows that are left out by their labels."""

from __future__ import annotations

from typing import Any

from raskt.dataframe._op import call, tree

__all__ = ["rows_without"]


def _seen(part: Any, wanted: list[Any]) -> list[bool]:
    import pandas as pd

    found: list[bool] = pd.Index(wanted, tupleize_cols=False).isin(part.index).tolist()
    return found


def _seen_of(states: list[list[bool]]) -> list[bool]:
    return [any(column) for column in zip(*states, strict=True)]


def _all_seen(states: list[list[bool]], wanted: list[Any]) -> bool:
    missing = [label for label, seen in zip(wanted, _seen_of(states), strict=True) if not seen]
    if missing:
        raise KeyError(f"{missing} not found in axis")
    return True


def _without(part: Any, seen: Any, wanted: Any) -> Any:
    del seen
    return part[~part.index.isin(wanted)]


def rows_without(frame: Any, wanted: list[Any], errors: str) -> Any:
    """Return the rows whose labels are not among some.

    A label that no partition has is an error of pandas', when the rows are computed: where ``errors`` says
    ``"raise"``.
    """
    if errors not in ("raise", "ignore"):
        raise ValueError(f"errors must be 'raise' or 'ignore', found {errors!r}")
    seen = True
    if errors == "raise":
        named = {"wanted": wanted}
        parts = (_seen, _seen_of, _all_seen)
        seen = tree(frame, *parts, True, label="drop-check", checks=False, kwargs=(named, {}, named))
    return call(_without, (frame, seen, wanted), {}, frame._meta, clears=False, label="drop")
