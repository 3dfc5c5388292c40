"""Frames as they are shown: dtypes by column, partitions by their divisions."""

from __future__ import annotations

import html
import sys
from typing import Any

from raskt._html import card
from raskt.base import compute
from raskt.naming import key_split
from raskt.units import format_bytes

__all__ = ["html_of", "text_of", "told"]

_ROWS_MAX = 20


def _table(frame: Any) -> Any:
    """Return a frame of pandas' with a row for each boundary: dtypes in the first, dots in the others."""
    import pandas as pd

    meta = frame._meta
    if isinstance(meta, pd.Series):
        columns, dtypes = [str(meta.name) if meta.name is not None else ""], [str(meta.dtype)]
    elif isinstance(meta, pd.Index):
        columns, dtypes = [""], [str(meta.dtype)]
    else:
        columns, dtypes = list(meta.columns), [str(dtype) for dtype in meta.dtypes]
    index = [str(boundary) if boundary is not None else "" for boundary in frame.divisions]
    if len(index) > _ROWS_MAX:
        index = [*index[: _ROWS_MAX // 2], "...", *index[-_ROWS_MAX // 2 :]]
    rows = [dtypes, *[["..."] * len(dtypes)] * (len(index) - 1)]
    table = pd.DataFrame(rows, index=pd.Index(index, name=f"npartitions={frame.npartitions}"))
    table.columns = pd.Index(columns, tupleize_cols=False)
    return table


def _sum_up(frame: Any) -> str:
    count = "1 partition" if frame.npartitions == 1 else f"{frame.npartitions} partitions"
    return f"Raskt name: {key_split(frame._expr.label)}, {count}"


def text_of(frame: Any) -> str:
    """Return what is known of a frame as text.

    Parameters
    ----------
    frame : DataFrame, Series, Index or Scalar

    Returns
    -------
    str
    """
    kind = frame._expr.kind
    if kind == "scalar":
        return f"<raskt.dataframe.Scalar: {key_split(frame._expr.label)}, dtype={frame._expr.dtypes[0]}>"
    table = _table(frame)
    if kind == "frame":
        return f"Raskt DataFrame Structure:\n{table.to_string(max_rows=None, max_cols=12)}\n{_sum_up(frame)}"
    series = table.iloc[:, 0]
    name = "" if kind == "index" or frame._meta.name is None else f"Name: {frame._meta.name}, "
    dtype = frame._expr.dtypes[0] if kind == "series" else str(frame._meta.dtype)
    heading = "Raskt Index Structure:" if kind == "index" else "Raskt Series Structure:"
    return f"{heading}\n{series.to_string(dtype=False, name=False)}\n{name}dtype: {dtype}\n{_sum_up(frame)}"


def html_of(frame: Any) -> str:
    """Return what is known of a frame as a table of HTML, for notebooks.

    Parameters
    ----------
    frame : DataFrame, Series, Index or Scalar

    Returns
    -------
    str
    """
    if frame._expr.kind in ("scalar", "index"):
        return f"<pre>{html.escape(text_of(frame))}</pre>"
    heading = "DataFrame" if frame._expr.kind == "frame" else "Series"
    table = _table(frame).to_html(max_cols=20, notebook=True)
    below = html.escape(_sum_up(frame))
    return card(heading, frame._expr.name.rsplit("-", 1)[0], below=f"{table}\n<div>{below}</div>")


def told(frame: Any, buf: Any, verbose: bool, memory_usage: Any) -> None:
    """Write what `DataFrame.info` and `Series.info` print.

    Parameters
    ----------
    frame : DataFrame or Series
        What it is about.
    buf : file, optional
        Where it is written to, instead of the standard output.
    verbose : bool
        Whether counts of values are computed and told by column.
    memory_usage : bool or "deep"
        Whether the memory is computed and told.
    """
    meta = frame._meta
    is_frame = frame._expr.kind == "frame"
    dtypes = [str(dtype) for dtype in (meta.dtypes if is_frame else [meta.dtype])]
    lines = [str(type(frame))]
    wanted = {}
    if verbose:
        wanted["counts"] = frame.count()
        wanted["rows"] = frame.index.to_series()._size()
    if memory_usage:
        wanted["memory"] = frame.memory_usage(deep=memory_usage == "deep")
    found = dict(zip(wanted, compute(*wanted.values()), strict=True))
    if verbose:
        lines.append(f"Index: {found['rows']} entries, {frame.npartitions} partitions")
    if is_frame and not len(meta.columns):
        lines.append("Empty DataFrame")
    elif is_frame and verbose:
        lines.append(f"Data columns (total {len(meta.columns)} columns):")
        rows = zip(meta.columns, found["counts"], dtypes, strict=True)
        table = [(str(at), str(name), f"{n} non-null", dtype) for at, (name, n, dtype) in enumerate(rows)]
        table = [(" #", "Column", "Non-Null Count", "Dtype"), *[(f" {row[0]}", *row[1:]) for row in table]]
        widths = [max(len(row[at]) for row in table) for at in range(4)]
        lines += ["  ".join(x.ljust(w) for x, w in zip(row, widths, strict=True)).rstrip() for row in table]
    elif is_frame:
        first, last = meta.columns[0], meta.columns[-1]
        lines.append(f"Columns: {len(meta.columns)} entries, {first} to {last}")
    else:
        lines.append(f"Series name: {meta.name}")
        if verbose:
            lines.append(f"Non-Null Count: {found['counts']}")
    counted = sorted(set(dtypes))
    lines.append("dtypes: " + ", ".join(f"{dtype}({dtypes.count(dtype)})" for dtype in counted))
    if memory_usage:
        n_bytes = found["memory"].sum() if is_frame else found["memory"]
        lines.append(f"memory usage: {format_bytes(int(n_bytes))}")
    (sys.stdout if buf is None else buf).write("\n".join(lines) + "\n")
