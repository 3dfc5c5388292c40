"""Columns added, replaced, renamed and left out."""

from __future__ import annotations

from typing import Any

from raskt import _raskt
from raskt._lazy import late
from raskt.dataframe._dropping import rows_without
from raskt.dataframe._op import aligned, expr_of, frame_of, is_frame, is_pandas, method, op, rows_method
from raskt.dataframe._parameters import Operands, label, labels
from raskt.dataframe._selection import get_column

__all__ = ["assigned", "dropped", "dropped_by", "renamed", "set_column"]

array_as_column: Any = late("raskt.dataframe.conversion", "array_as_column")


def _value(frame: Any, value: Any, name: Any) -> Any:
    """Return what may be assigned to a column."""
    if is_frame(value):
        if value._expr.kind == "frame":
            raise ValueError(f"column {name!r} cannot be a whole DataFrame: assign one of its columns")
        return value.to_series() if value._expr.kind == "index" else value
    if is_pandas(value) and hasattr(value, "name"):
        return frame_of(expr_of(value))
    if hasattr(value, "__raskt_keys__"):
        return array_as_column(frame, value)
    if isinstance(value, (list, tuple, set)) or getattr(value, "ndim", None):
        raise TypeError(
            f"column {name!r} cannot be a {type(value).__name__}: its values are of no partition that is "
            "known. Make a series of it with from_pandas, over the same index"
        )
    return value


def _assign(frame: Any, names: list[Any], values: list[Any]) -> Any:
    def made(values: list[Any]) -> Any:
        operands = Operands(values[0]._expr)
        given = [operands.argument(value) for value in values[1:]]
        parameters = {"labels": labels(names), "values": given}
        return frame_of(_raskt.frame_op("assign", tuple(operands.exprs), parameters))

    return aligned(made, [frame, *values])


def assigned(frame: Any, values: dict[str, Any]) -> Any:
    """Return a frame with other or further columns; callables are given the frame as it is until then."""
    names: list[Any] = []
    ready: list[Any] = []
    for name, value in values.items():
        if callable(value) and not is_frame(value):
            if names:
                frame, names, ready = _assign(frame, names, ready), [], []
            value = value(frame)
        names.append(name)
        ready.append(_value(frame, value, name))
    return _assign(frame, names, ready) if names else frame


def set_column(frame: Any, key: Any, value: Any) -> Any:
    """Return what ``frame[key] = value`` makes of a frame."""
    if is_frame(key):
        # Values where a condition is true.
        return method(frame, "mask", key, value)
    if isinstance(key, list):
        if is_frame(value) and value._expr.kind == "frame":
            theirs = value._expr.labels
            if len(theirs) != len(key):
                raise ValueError(f"{len(theirs)} columns assigned to the names {key!r}")
            return _assign(frame, key, [get_column(value, name) for name in theirs])
        return _assign(frame, key, [_value(frame, value, name) for name in key])
    if isinstance(key, slice):
        raise TypeError("rows cannot be assigned to by a slice: use df.mask or df.where with a condition")
    if callable(value) and not is_frame(value):
        raise TypeError(f"column {key!r} cannot be a function: call assign({key}=function)")
    return _assign(frame, [label_of(key)], [_value(frame, value, key)])


def label_of(key: Any) -> Any:
    """Return a key that can be a name; what cannot is an error here."""
    label(key)
    return key


def dropped(frame: Any, columns: Any, errors: str = "raise") -> Any:
    """Return a frame without some columns.

    Raises
    ------
    KeyError
        If one is not there and ``errors`` says ``"raise"``.
    """
    if errors not in ("raise", "ignore"):
        raise ValueError(f"errors must be 'raise' or 'ignore', found {errors!r}")
    kept = frame._meta.drop(columns=columns, errors=errors).columns
    return op("columns", (frame,), {"labels": labels(kept)})


def dropped_by(frame: Any, labels: Any, axis: Any, index: Any, columns: Any, errors: str) -> Any:
    """Return a frame without some columns, or a frame or series without some rows.

    Raises
    ------
    ValueError
        If nothing is asked for, or both in two ways.
    """
    if labels is not None:
        if index is not None or columns is not None:
            raise ValueError("Cannot specify both 'labels' and 'index'/'columns'")
        if axis in (1, "columns") and frame._expr.kind == "frame":
            columns = labels
        elif axis in (0, "index"):
            index = labels
        else:
            raise ValueError(f"No axis named {axis!r} for object type {type(frame).__name__}")
    if index is None and columns is None:
        raise ValueError("Need to specify at least one of 'labels', 'index' or 'columns'")
    if columns is not None:
        frame = dropped(frame, columns, errors)
    if index is not None:
        listed = isinstance(index, (list, set)) or type(index).__name__ in ("Index", "ndarray", "Series")
        frame = rows_without(frame, list(index) if listed else [index], errors)
    return frame


def renamed(frame: Any, mapper: Any, index: Any, columns: Any, axis: Any) -> Any:
    """Return a frame with other names."""
    if mapper is not None:
        if index is not None or columns is not None:
            raise TypeError("Cannot specify both 'mapper' and any of 'index' or 'columns'")
        if axis in (1, "columns"):
            columns = mapper
        else:
            index = mapper
    if columns is not None:
        names = frame._meta.rename(columns=columns).columns
        frame = op("relabel", (frame,), {"labels": labels(names)})
    if index is not None:
        frame = rows_method(frame, "rename", clears=True, index=index)
    return frame
