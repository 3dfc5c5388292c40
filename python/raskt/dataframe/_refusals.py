"""Keywords of pandas' that methods do not have: an error says what is instead; defaults pass."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

__all__ = ["TABLES", "refused", "refusing"]

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

_LEVEL = (None, "reset_index(), and the column")
_KEY = (None, "assign what is to be compared, and sort by that")
_NUMBER = (False, "reset_index(drop=True), which numbers the rows of each partition")
_OTHER_AXIS = (None, "operands that go together row by row")

#: By method, and by keyword: pandas' default, and what is instead.
_SHARED: dict[str, dict[str, tuple[Any, str]]] = {
    "add_prefix": {"axis": (None, "rename, of the other axis")},
    "add_suffix": {"axis": (None, "rename, of the other axis")},
    "align": {"level": _LEVEL},
    "filter": {"arg": (None, "items="), "cond": (None, "a condition in []"), "na": (False, "fillna before")},
    "info": {
        "max_cols": (None, "a frame of fewer columns"),
        "show_counts": (None, "verbose=True, which shows them"),
    },
    "mask": {"axis": _OTHER_AXIS, "level": _LEVEL},
    "rolling": {"method": ("single", "map_overlap")},
    "sample": {
        "axis": (None, "random columns by []"),
        "ignore_index": _NUMBER,
        "weights": (None, "a condition on random numbers"),
    },
    "shift": {"suffix": (None, "several shifts, and assign")},
    "sort_index": {
        "key": _KEY,
        "level": (None, "sort_values by columns, after reset_index()"),
        "sort_remaining": (True, "sort_values by columns, after reset_index()"),
        "axis": (0, "a list of columns in []"),
        "ignore_index": _NUMBER,
        "kind": ("quicksort", "nothing: rows that are equal keep their order"),
    },
    "where": {"axis": _OTHER_AXIS, "level": _LEVEL},
}
_FRAME: dict[str, dict[str, tuple[Any, str]]] = {
    **_SHARED,
    **{
        name: {"numeric_only": (False, 'select_dtypes("number") before')}
        for name in ("cumsum", "cumprod", "cummin", "cummax")
    },
    **{name: {"bool_only": (False, 'select_dtypes("bool") before')} for name in ("any", "all")},
    "drop": {"level": _LEVEL},
    "join": {
        "sort": (False, "sort_index afterwards"),
        "validate": (None, "merge(validate=)"),
    },
    "merge": {"sort": (False, "sort_values afterwards")},
    "pivot_table": {
        "fill_value": (None, "fillna afterwards"),
        "margins": (False, "sums of the table, and concat"),
        "dropna": (True, "groupby(...).agg(...).unstack()"),
        "observed": (True, "groupby(observed=).agg(...).unstack()"),
        "sort": (True, "groupby(sort=False).agg(...).unstack()"),
        "margins_name": ("All", "sums of the table, and concat"),
    },
    "rename": {"level": _LEVEL, "errors": ("ignore", "a look at columns before")},
    "reset_index": {
        "allow_duplicates": (False, "rename_axis before"),
        "col_fill": ("", "rename of the columns"),
        "col_level": (0, "rename of the columns"),
        "names": (None, "rename_axis before"),
    },
    "set_index": {
        "append": (False, "groupby of several keys, whose result has such an index"),
        "verify_integrity": (False, "index.is_unique"),
    },
    "sort_values": {"axis": (0, "a list of columns in []"), "key": _KEY},
    "to_records": {
        "column_dtypes": (None, "astype before"),
        "index_dtypes": (None, "astype before"),
    },
}
_SERIES: dict[str, dict[str, tuple[Any, str]]] = {
    **_SHARED,
    **{name: {"bool_only": (False, "astype(bool) before")} for name in ("any", "all")},
    "drop": {"level": _LEVEL, "columns": (None, "index=")},
    "map": {"engine": (None, "map_partitions")},
    "rename": {
        "axis": (None, "index="),
        "level": _LEVEL,
        "errors": ("ignore", "a look at the index before"),
    },
    "reset_index": {"allow_duplicates": (False, "rename before"), "name": (None, "rename before")},
    "sort_values": {"axis": (0, "the only axis there is"), "key": _KEY},
    "value_counts": {"bins": (None, "map_partitions with pandas.cut, and value_counts")},
}


_INDEX: dict[str, dict[str, tuple[Any, str]]] = {
    "isin": {"level": (None, "the only level there is")},
    **{
        name: {"axis": (None, "the only axis there is"), "skipna": (True, "hasnans")}
        for name in ("min", "max")
    },
    "drop_duplicates": {"keep": ("first", "to_series().drop_duplicates(keep=)")},
    "repeat": {"axis": (None, "the only axis there is")},
    "set_names": {"level": (None, "the only level there is")},
    "sort_values": {
        "key": (None, "map before"),
        "return_indexer": (False, "to_series().argsort()"),
    },
    "to_numpy": {
        "dtype": (None, "astype before"),
        "copy": (False, "nothing: the labels are computed"),
        "na_value": (None, "to_series().fillna before"),
    },
    "to_series": {"index": (None, "set_index"), "name": (None, "rename before")},
    "unique": {"level": (None, "the only level there is")},
}
_BY_PANDAS = "nothing: kernels of Raskt's or pandas' own"
_ENGINE = {"engine": (None, _BY_PANDAS), "engine_kwargs": (None, _BY_PANDAS)}
_NUMERIC = {"numeric_only": (False, 'select_dtypes("number") before')}
_SMOOTHED: dict[str, dict[str, tuple[Any, str]]] = {
    **dict.fromkeys(("mean", "sum"), _ENGINE),
    **dict.fromkeys(("corr", "cov"), _NUMERIC),
}
_WINDOWS: dict[str, dict[str, tuple[Any, str]]] = {
    **dict.fromkeys(("apply", "max", "mean", "median", "min", "std", "sum", "var"), _ENGINE),
    "corr": {"ddof": (1, "cov(ddof=), and std(ddof=) of both"), **_NUMERIC},
    **dict.fromkeys(("count", "cov"), _NUMERIC),
}
_FEWEST = {"min_count": (0, "where(count() >= min_count) of the result")}
_RESAMPLED: dict[str, dict[str, tuple[Any, str]]] = {
    **dict.fromkeys(("min", "max"), _FEWEST),
    **{name: {**_FEWEST, "skipna": (True, "agg with a function")} for name in ("first", "last")},
}
#: By the name of the class.
TABLES = {
    "DataFrame": _FRAME,
    "ExponentialMovingWindow": _SMOOTHED,
    "Expanding": _WINDOWS,
    "Index": _INDEX,
    "Resampler": _RESAMPLED,
    "Rolling": _WINDOWS,
    "Series": _SERIES,
    "StringMethods": {"cat": {"join": ("left", "align before")}},
}


def refusing(kind: type[T]) -> type[T]:
    """Have the methods of a class refuse pandas' keywords that they do not have, naming what is instead."""
    for name, keywords in TABLES[kind.__name__].items():
        setattr(kind, name, refused(keywords)(getattr(kind, name)))
    return kind


def refused(keywords: dict[str, tuple[Any, str]]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Have one function refuse keywords: for each, pandas' default, and what is instead."""

    def refusing_them(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def called(*args: P.args, **kwargs: P.kwargs) -> R:
            if kwargs:
                for name in kwargs.keys() & keywords.keys():
                    default, instead = keywords[name]
                    value = kwargs.pop(name)
                    if value is not default and not (type(value) is type(default) and value == default):
                        raise NotImplementedError(f"{function.__name__}({name}={value!r}): {instead}")
            return function(*args, **kwargs)

        return called

    return refusing_them
