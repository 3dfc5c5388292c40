"""Functions of partitions that are about categories and distinct values."""

from __future__ import annotations

from typing import Any

import pandas as pd
from pandas.api.types import union_categoricals

from raskt._tables import united_categories

__all__ = ["as_dtypes", "distinct", "distinct_of", "dummies", "pivoted", "with_categories"]


def distinct(part: Any, columns: Any, index: bool = False) -> list[Any]:
    """Return the distinct values of each column: those of a dtype of categories as they are declared."""
    chosen = [part if columns is None else part[column] for column in columns or [None]]
    chosen += [part.index.to_series()] if index else []
    return [_declared(column.drop_duplicates()) for column in chosen]


def _declared(column: Any) -> Any:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return pd.Categorical([], dtype=column.dtype)
    return column.dropna().array


def distinct_of(states: list[Any]) -> list[Any]:
    """Return the same of several."""
    return [_union(list(arrays)) for arrays in zip(*states, strict=True)]


def _union(arrays: list[Any]) -> Any:
    if all(isinstance(array, pd.Categorical) for array in arrays):
        united = united_categories([array.dtype for array in arrays])
        return (
            union_categoricals([array[:0] for array in arrays])
            if united is None
            else pd.Categorical([], dtype=united)
        )
    return pd.concat([pd.Series(array) for array in arrays if len(array)] or [pd.Series(arrays[0])]).unique()


def as_dtypes(states: list[Any]) -> list[Any]:
    """Return a dtype of categories for each column: those declared, or the values in order."""
    return [_dtype(array) for array in distinct_of(states)]


def _dtype(array: Any) -> Any:
    if isinstance(array, pd.Categorical):
        return array.dtype
    index = pd.Index(array)
    try:
        return pd.CategoricalDtype(index.sort_values())
    except TypeError:
        # Values without an order among each other stay as they come.
        return pd.CategoricalDtype(index)


def _with_dtype(series: Any, dtype: Any) -> Any:
    """Return a series of categories in that order: pandas takes dtypes of other orders for the same."""
    found = series.astype(dtype)
    same = found.cat.categories.equals(dtype.categories)
    return found if same else found.cat.reorder_categories(dtype.categories)


def with_categories(part: Any, dtypes: Any, columns: Any, index: bool = False) -> Any:
    """Return a series, or a frame with some columns and its index, of those dtypes."""
    if columns is None:
        return _with_dtype(part, dtypes[0])
    cast = {column: _with_dtype(part[column], dtype) for column, dtype in zip(columns, dtypes, strict=False)}
    found = part.copy(deep=False)
    for column, series in cast.items():
        found[column] = series
    if index:
        found.index = found.index.astype(dtypes[-1])
    return found


def dummies(part: Any, dtypes: dict[Any, Any], kwargs: dict[str, Any]) -> Any:
    """Return what ``pandas.get_dummies`` makes of a partition: columns for the values of all."""
    known = part.astype(dtypes) if isinstance(part, pd.DataFrame) else part.astype(dtypes[None])
    found = pd.get_dummies(known, **kwargs)
    columns = found.columns
    if isinstance(columns, pd.CategoricalIndex) and not isinstance(part.dtype, pd.CategoricalDtype):
        found.columns = columns.astype(columns.categories.dtype)
    return found


def pivoted(part: Any, values: Any, index: Any, columns: Any, like: Any = None) -> Any:
    """Return groups, a row each, as a table with the columns of ``like``: the values of one column."""
    found = pd.pivot_table(part, values=values, index=index, columns=columns, aggfunc="first", observed=True)
    return found if like is None else found.reindex(columns=list(like)).set_axis(like, axis=1)
