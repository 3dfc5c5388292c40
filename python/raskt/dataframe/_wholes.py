"""Methods of pandas' on all rows, in one task; columns whose names are labels; pictures."""

from __future__ import annotations

import functools
from typing import Any

from raskt import config
from raskt._lazy import late, late_module
from raskt.dataframe._gathered import by_all_rows, like_of, on_all_rows, rows_of_places
from raskt.dataframe._labels import rows_among
from raskt.dataframe._metas import make_meta, meta_of_call
from raskt.dataframe._op import call, is_frame, op, rows_method
from raskt.dataframe._parameters import labels

__all__ = [
    "Plots",
    "duplicates",
    "filled_so_often",
    "interpolated",
    "pivoted",
    "ranked",
    "reindexed",
    "row_counts",
    "stacked",
    "taken",
    "transformed",
    "transposed",
    "unstacked",
]

along_columns: Any = late("raskt.dataframe.windows", "is_along_columns")
one_row: Any = late("raskt._tables", "one_row")
_neighbours: Any = late_module("raskt.dataframe._neighbours")
_partition: Any = late_module("raskt.dataframe._partition")

#: Which place equal values have.
_TIES = ("average", "min", "max", "first", "dense")


def _row_by_row(frame: Any, function: Any, label: str) -> Any:
    meta = like_of(function, frame)
    return call(function, (frame,), {}, meta, clears=False, keeps=True, label=label, checks=False)


def ranked(frame: Any, axis: Any, named: dict[str, Any]) -> Any:
    """Return the ranks of values."""
    if along_columns(frame, axis):
        return _row_by_row(frame, _neighbours.Method("rank", axis=1, **named), "rank")
    found = _ranked_natively(frame, **named)
    return found if found is not None else by_all_rows(frame, _neighbours.Method("rank", **named), "rank")


def _ranked_natively(
    frame: Any,
    method: Any = "average",
    na_option: Any = "keep",
    ascending: Any = True,
    pct: Any = False,
    numeric_only: Any = False,
) -> Any:
    """Return the ranks of values that kernels order as pandas does; None for others."""
    given = {"method": method, "na_option": na_option, "ascending": ascending, "pct": pct}
    is_known = method in _TIES and na_option in ("keep", "top", "bottom") and numeric_only is False
    are_bools = type(ascending) is bool and type(pct) is bool
    if not (is_known and are_bools and config.resolve("dataframe.native")):
        return None
    try:
        return op("rank", (frame,), given)
    except NotImplementedError:
        return None


def filled_so_often(frame: Any, value: Any, limit: int) -> Any:
    """Return a frame with a value in the place of the first missing ones of each column, so many."""
    if is_frame(value):
        raise NotImplementedError("fillna(limit=) with values that are to be computed: compute() them first")
    return by_all_rows(frame, _neighbours.Method("fillna", value, limit=limit), "fillna")


def interpolated(frame: Any, way: str, axis: Any, named: dict[str, Any]) -> Any:
    """Return a frame whose missing values are between others."""
    if named.pop("inplace", False):
        raise NotImplementedError("interpolate(inplace=True): assign the result")
    if along_columns(frame, axis):
        return _row_by_row(frame, _neighbours.Method("interpolate", way, axis=1, **named), "interpolate")
    function = _neighbours.Method("interpolate", way, **named)
    return by_all_rows(frame, function, "interpolate")


def duplicates(frame: Any, subset: Any, keep: Any) -> Any:
    """Return which rows repeat another."""
    import pandas as pd

    if keep not in ("first", "last", False) or (keep is not False and not isinstance(keep, str)):
        raise ValueError('keep must be either "first", "last" or False')
    meta = pd.Series([], dtype=bool, index=frame._meta.index)
    function, source = _neighbours.Method("duplicated", keep=keep), frame
    if frame._expr.kind == "series":
        meta = meta.rename(frame._meta.name)
    elif subset is not None:
        # pandas looks at the names.
        frame._meta.duplicated(subset=subset)
        wanted = [subset] if _is_label(frame, subset) else list(dict.fromkeys(subset))
        source = op("columns", (frame,), {"labels": labels(wanted)})
    return by_all_rows(frame, function, "duplicated", meta, of=source)


def _is_label(frame: Any, subset: Any) -> bool:
    return not isinstance(subset, (list, set)) and (
        isinstance(subset, str) or not hasattr(subset, "__iter__") or subset in frame._meta.columns
    )


def row_counts(frame: Any, subset: Any, named: dict[str, Any]) -> Any:
    """Return how often each row is there."""
    if subset is not None:
        wanted = [subset] if _is_label(frame, subset) else list(subset)
        frame = op("columns", (frame,), {"labels": labels(wanted)})
        named = {"subset": subset, **named}
    function = _neighbours.Method("value_counts", **named)
    return on_all_rows(frame, function, "value_counts", function(frame._meta))


def taken(frame: Any, indices: Any, axis: Any) -> Any:
    """Return the rows or columns at some places."""
    if along_columns(frame, axis):
        return frame.iloc[:, list(indices)]
    return rows_of_places(frame, [place.__index__() for place in indices])


def transformed(frame: Any, func: Any, axis: Any, args: Any, kwargs: Any, meta: Any) -> Any:
    """Return what functions that keep the rows make of all of them."""
    if along_columns(frame, axis):
        raise NotImplementedError("transform along the columns: apply(func, axis=1)")
    if frame._expr.kind == "series" and func == "argsort":
        function = _neighbours.Method("argsort", **kwargs)
    else:
        function = _neighbours.Method("transform", func, 0, *args, **kwargs)
    if meta is None:
        meta = meta_of_call(function, (frame,), {})
    return by_all_rows(frame, function, "transform", make_meta(meta, index=frame._meta.index))


# ---- other labels ----


def reindexed(frame: Any, index: Any, columns: Any, named: dict[str, Any]) -> Any:
    """Return the rows and columns of some labels."""
    if is_frame(index) or is_frame(columns):
        raise NotImplementedError("reindex by labels that are to be computed: merge, or compute() them first")
    if index is None:
        if columns is None:
            return frame
        function = _neighbours.Method("reindex", columns=columns, **named)
        meta = function(frame._meta)
        return call(function, (frame,), {}, meta, clears=False, keeps=True, label="reindex")
    import pandas as pd

    # pandas keeps the name of the index where labels have none.
    wanted = {"index": index if isinstance(index, pd.Index) else list(index)}
    wanted |= {} if columns is None else {"columns": columns}
    function = _neighbours.Method("reindex", **wanted, **named)
    meta = _partition.asked(function, frame._meta).iloc[:0]
    # Rows of other labels are needed only to look for the nearest.
    source = frame if "method" in named else rows_among(frame, pd.Index(index))
    return on_all_rows(source, function, "reindex", meta)


# ---- labels as names of columns ----


def _labels_of(frame: Any) -> Any:
    """Return the labels of the index, computed."""
    return frame.index.compute()


def transposed(frame: Any) -> Any:
    """Return rows as columns."""
    function = _neighbours.Method("transpose")
    index = _labels_of(frame)
    like = one_row(frame._meta)
    sample = like.iloc[[0] * len(index)].set_axis(index)
    return on_all_rows(frame, function, "transpose", function(sample).iloc[:0])


def unstacked(frame: Any, level: Any, named: dict[str, Any]) -> Any:
    """Return a frame with a level of the index as columns."""
    function = _neighbours.Method("unstack", level, **named)
    if frame._meta.index.nlevels == 1:
        if frame._expr.kind == "series":
            # As pandas says it.
            function(frame._meta)
        meta = function(one_row(frame._meta)).iloc[:0]
        return on_all_rows(frame, function, "unstack", meta)
    index = _labels_of(frame)
    sample = one_row(frame._meta)
    found = function(sample.iloc[[0] * len(index)].set_axis(index))
    return on_all_rows(frame, function, "unstack", found.iloc[:0])


def stacked(frame: Any, level: Any) -> Any:
    """Return a frame with columns as a level of the index."""
    return rows_method(frame, "stack", clears=True, **({} if level == -1 else {"level": level}))


def _pivot(part: Any, named: dict[str, Any]) -> Any:
    return part.pivot(**named)


def pivoted(frame: Any, columns: Any, index: Any, values: Any) -> Any:
    """Return a table of the values of one column by those of two others."""
    named = {"columns": columns, "index": index, "values": values}
    named = {name: value for name, value in named.items() if value is not None}
    if isinstance(columns, list):
        raise NotImplementedError("pivot by several columns: pivot_table of one, or unstack() of groups")
    # pandas looks at the names.
    function = functools.partial(_pivot, named=named)
    function(frame._meta)
    distinct = frame[columns].unique().compute()
    sample = one_row(frame._meta).iloc[[0] * len(distinct)].copy()
    sample[columns] = distinct.array
    return on_all_rows(frame, function, "pivot", function(sample).iloc[:0])


# ---- pictures ----


class Plots:
    """Pictures that pandas makes of what is computed: as `pandas.DataFrame.plot`.

    Examples
    --------
    >>> import pandas as pd
    >>> import raskt.dataframe as rd
    >>> rd.from_pandas(pd.Series([1, 2]), npartitions=2).plot
    <plots of a Series, by pandas>
    """

    __slots__ = ("_frame",)

    def __init__(self, frame: Any) -> None:
        self._frame = frame

    def __repr__(self) -> str:
        return f"<plots of a {type(self._frame).__name__}, by pandas>"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Compute, and make a picture."""
        return self._frame.compute().plot(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        import pandas as pd

        if name[:1] == "_" or not hasattr(pd.plotting.PlotAccessor, name):
            raise AttributeError(f"'Plots' object has no attribute {name!r}")

        def picture(*args: Any, **kwargs: Any) -> Any:
            return getattr(self._frame.compute().plot, name)(*args, **kwargs)

        picture.__name__ = name
        return picture

    def hist_of_columns(self, *args: Any, **kwargs: Any) -> Any:
        """Make the pictures of pandas' ``hist`` method."""
        return self._frame.compute().hist(*args, **kwargs)

    def box_of_columns(self, *args: Any, **kwargs: Any) -> Any:
        """Make the picture of pandas' ``boxplot`` method."""
        return self._frame.compute().boxplot(*args, **kwargs)
