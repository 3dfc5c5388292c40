"""Groups whose rows are brought together by their keys, so that pandas works on them in several tasks.

Each partition then has all rows of its groups, in the order in which the frame has them. What pandas makes of
the partitions is put together in the order of the keys, as pandas has it of all rows.
"""

from __future__ import annotations

import functools
from typing import Any

from raskt import _raskt
from raskt.dataframe._op import tree
from raskt.dataframe.merging import shuffle

__all__ = ["OF_GROUPS", "WINDOWS", "by_shuffle", "is_by_shuffle"]

#: Methods that have a row for each group, or rows below the keys of each.
OF_GROUPS = {
    *("agg", "aggregate", "any", "all", "corr", "count", "cov", "describe", "first", "idxmax", "idxmin"),
    *("is_monotonic_decreasing", "is_monotonic_increasing", "kurt", "last", "max", "mean", "median", "min"),
    *("nlargest", "nsmallest", "nunique", "ohlc", "prod", "quantile", "sem", "size", "skew", "std", "sum"),
    *("unique", "var", "apply"),
}
#: Of windows within groups: those whose rows are those of each group one after another.
WINDOWS = {"rolling", "expanding", "ewm", "resample"}
#: The kinds of dtypes whose values have one order and one hash.
_ORDERED = "iubfMm"


def is_by_shuffle(frame: Any, plan: Any, name: str, meta: Any, window: Any) -> bool:
    """Return whether rows are to be brought together by their keys, instead of all in one task.

    Parameters
    ----------
    frame : DataFrame
        The rows.
    plan : tuple
        The keys, levels, columns and options of the groups.
    name : str
        The method of pandas'.
    meta : object
        What it returns, without rows.
    window : tuple or None
        The windows of each group whose method it is.
    """
    keys, levels, _, _, options = plan
    is_known = name in OF_GROUPS if window is None else window[0] in WINDOWS
    n_keys = len(keys) + len(levels)
    if frame.npartitions == 1 or not (is_known and options["as_index"] and options["sort"]):
        return False
    if name == "apply" and not (options["group_keys"] and meta.index.nlevels == n_keys and meta.ndim == 1):
        # Rows of what other functions return are known only when all groups are.
        return False
    if (levels and (keys or frame._meta.index.nlevels > 1)) or (n_keys > 1 and not options["dropna"]):
        return False
    dtypes = [frame._meta[place].dtype for place, _ in keys] or [frame._meta.index.dtype]
    return all(_is_ordered(dtype) for dtype in dtypes) and meta.index.nlevels >= n_keys


def _is_ordered(dtype: Any) -> bool:
    import pandas as pd

    return isinstance(dtype, pd.StringDtype) or (hasattr(dtype, "itemsize") and dtype.kind in _ORDERED)


def by_shuffle(frame: Any, plan: Any, function: Any, prototype: Any, name: str) -> Any:
    """Return what a function makes of groups, in several tasks.

    Parameters
    ----------
    frame : DataFrame
        The rows.
    plan : tuple
        The keys, levels, columns and options of the groups.
    function : callable
        The function of rows, an object of pandas'.
    prototype : object
        What it returns, without rows.
    name : str
        What users call it.

    Returns
    -------
    DataFrame or Series or None
        None where rows cannot be moved, or the function has lazy values.
    """
    keys, levels, _, _, options = plan
    places = [place for place, _ in keys]
    if _raskt.delayed_within(function.keywords) is not None:
        return None
    try:
        moved = shuffle(frame, places or None, False, None, bool(levels))
    except NotImplementedError:
        # Rows that only pandas has.
        return None
    of_part = functools.partial(_of_part, function=function, places=places, drops=options["dropna"])
    ordered = functools.partial(_in_order, n_keys=len(places) + len(levels), like=prototype)
    return tree(moved, of_part, _together, ordered, prototype, label=name, checks=False)


def _of_part(part: Any, function: Any, places: list[Any], drops: bool) -> Any:
    """Return what a function makes of a partition; None, where there is no group."""
    if drops:
        keys = part[places] if places else part.index.to_frame()
        if bool(keys.isna().any(axis=1).all()):
            return None
    return function(part) if len(part) else None


def _together(parts: list[Any]) -> Any:
    """Return what there is of several partitions in one; None, where there is nothing."""
    import pandas as pd

    found = [part for part in parts if part is not None]
    return found[0] if len(found) == 1 else pd.concat(found) if found else None


def _in_order(parts: list[Any], n_keys: int, like: Any) -> Any:
    """Return rows in the order of the keys, the first levels of the index; those of one key as they are."""
    part = _together(parts)
    if part is None:
        return like
    index = part.index
    if index.nlevels == 1:
        order = index.array.argsort(kind="stable", na_position="last")
    else:
        bare = index.set_names([None] * index.nlevels)
        order = bare.sortlevel(list(range(n_keys)), sort_remaining=False)[1]
    return part.iloc[order]
