"""Frames as they are shown: dtypes by column, partitions by their divisions."""

from __future__ import annotations

import html
from typing import Any

from raskt.naming import key_split

__all__ = ["html_of", "text_of"]

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
    return f"<div><strong>Raskt {heading} Structure:</strong></div>\n{table}\n<div>{below}</div>"
