"""What is chosen of frames by ``[]``: columns by name, rows by a condition."""

from __future__ import annotations

from typing import Any

from raskt._apart import refuse_lazy
from raskt.dataframe._gathered import rows_of_mask, rows_of_slice
from raskt.dataframe._labels import loc_slice
from raskt.dataframe._op import aligned, expr_of, frame_of, is_frame, is_pandas, method, op, rows_method
from raskt.dataframe._parameters import label, labels

__all__ = ["filtered", "get_column", "get_item", "get_rows"]

get_rows = rows_method


def get_column(frame: Any, name: Any) -> Any:
    """Return one column.

    Raises
    ------
    KeyError
        If there is none of that name, naming those that are near.
    """
    meta = frame._meta
    if meta.columns.nlevels > 1 or list(meta.columns).count(name) > 1:
        # Several columns of one name, or below one: a frame.
        chosen = meta[name]
        if getattr(chosen, "ndim", 1) == 2:
            return method(frame, "__getitem__", name)
    return op("column", (frame,), {"label": label(name)})


def filtered(frame: Any, mask: Any) -> Any:
    """Return the rows at which a condition is true."""
    dtype = mask._meta.dtype
    if getattr(dtype, "kind", None) != "b":
        raise KeyError(
            f"a series of dtype {dtype} chooses no rows: expected one of bool, as a comparison makes it"
        )
    return aligned(lambda frames: op("filter", tuple(frames)), [frame, mask])


def _is_by_places(frame: Any, key: slice) -> bool:
    """Return whether pandas' ``[]`` takes a slice by places: of whole numbers, unless labels are floats."""
    ends = [end for end in (key.start, key.stop, key.step) if end is not None]
    kind = getattr(frame._meta.index.dtype, "kind", "O")
    return bool(ends) and kind != "f" and all(hasattr(end, "__index__") for end in ends)


def get_item(frame: Any, key: Any) -> Any:
    """Return what ``frame[key]`` is."""
    if is_frame(key):
        if key._expr.kind == "frame":
            return method(frame, "where", key)
        if key._expr.kind == "series":
            return filtered(frame, key)
        raise TypeError(f"{key!r} chooses nothing of a frame: compute it first")
    refuse_lazy((key,), "compute() it first, or make the condition of columns")
    if is_pandas(key) and str(getattr(key, "dtype", None)) == "bool":
        return filtered(frame, frame_of(expr_of(key)))
    if isinstance(key, slice):
        return rows_of_slice(frame, key) if _is_by_places(frame, key) else loc_slice(frame, key)
    if frame._expr.kind == "series":
        raise NotImplementedError(
            f"a series at {key!r}: use s.loc[label] for rows by label, a condition, or compute() first"
        )
    if isinstance(key, list) or type(key).__name__ in ("Index", "ndarray", "Series"):
        names = list(key)
        if names and all(type(name).__name__ in ("bool", "bool_") for name in names):
            return rows_of_mask(frame, names, is_item=True)
        return op("columns", (frame,), {"labels": labels(names)})
    if callable(key):
        return get_item(frame, key(frame))
    return get_column(frame, key)
