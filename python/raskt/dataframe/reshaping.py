"""Columns whose names are values: categories, dummies, pivot tables; and columns that become rows."""

from __future__ import annotations

import functools
from typing import Any

from raskt._lazy import late, late_module
from raskt.dataframe._op import call, changed, expr_of, frame_of, is_frame, is_pandas, rows_method, tree
from raskt.dataframe._selection import get_column

__all__ = ["as_known", "categories_of", "categorized", "get_dummies", "melt", "pivot_table"]

grouped: Any = late("raskt.dataframe.grouping", "grouped")
one_row: Any = late("raskt._tables", "one_row")
_categories: Any = late_module("raskt.dataframe._categories")
_partition: Any = late_module("raskt.dataframe._partition")


def _dtypes(frame: Any, columns: Any, index: bool = False) -> Any:
    """Return a scalar, to be computed: a dtype of categories for each column, of the values that it has."""
    named = {"columns": columns, "index": index}
    parts = (_categories.distinct, _categories.distinct_of, _categories.as_dtypes)
    return tree(frame, *parts, None, label="categories", checks=False, kwargs=(named, {}, {}))


def as_known(series: Any) -> Any:
    """Return a series whose partitions have the same categories: those of all."""
    given = (series, _dtypes(series, None), None)
    return call(
        _categories.with_categories, given, {}, series._meta, clears=False, keeps=True, label="as_known"
    )


def categories_of(series: Any) -> Any:
    """Return the categories of a series, computed: an index of pandas'."""
    return _dtypes(series, None).compute()[0].categories


def categorized(frame: Any, columns: Any, index: bool | None) -> Any:
    """Return a frame whose columns of text are of a dtype of categories."""
    meta = frame._meta
    if columns is None:
        columns = list(meta.select_dtypes(["object", "string", "category"]).columns)
    elif isinstance(columns, (str, int)) or (isinstance(columns, tuple) and columns in meta.columns):
        columns = [columns]
    columns = list(columns)
    for column in columns:
        get_column(frame, column)
    if index is None:
        index = str(meta.index.dtype) == "category"
    if not columns and not index:
        return frame
    found = _dtypes(frame, columns, index)
    prototype = meta.astype(dict.fromkeys(columns, "category"))
    if index:
        prototype.index = prototype.index.astype("category")
    given = (frame, found, columns, index)
    return call(
        _categories.with_categories,
        given,
        {},
        prototype,
        clears=bool(index),
        keeps=not index,
        label="categorize",
    )


def _made(data: Any, name: str) -> Any:
    if is_frame(data) and data._expr.kind in ("frame", "series"):
        return data
    if is_pandas(data):
        return frame_of(expr_of(data))
    raise TypeError(f"{name} needs a dataframe or series, found {type(data).__name__}")


def get_dummies(
    data: Any,
    prefix: Any = None,
    prefix_sep: str = "_",
    dummy_na: bool = False,
    columns: Any = None,
    sparse: bool = False,
    drop_first: bool = False,
    dtype: Any = None,
    **kwargs: Any,
) -> Any:
    """Return a column for each value of columns, which says where it is.

    The names of these columns are values: the distinct ones are computed now.

    Parameters
    ----------
    data : DataFrame or Series
        What has the values.
    prefix : str, list of str or dict, optional
        What the names begin with: the name of the column by default.
    prefix_sep : str, optional
        What stands between that and the value.
    dummy_na : bool, optional
        Whether missing values have a column, too.
    columns : list, optional
        The columns; those of text and categories by default.
    sparse : bool, optional
        Not there: results are plain columns.
    drop_first : bool, optional
        Whether the first value has no column.
    dtype : dtype, optional
        Of the new columns; bool by default.
    **kwargs
        None: another keyword is an error.

    Returns
    -------
    DataFrame

    Examples
    --------
    >>> import pandas as pd
    >>> import raskt.dataframe as rd
    >>> s = rd.from_pandas(pd.Series(["a", "b", "a"]), npartitions=2)
    >>> rd.get_dummies(s).a.compute().tolist()
    [True, False, True]
    """
    if kwargs:
        raise TypeError(f"get_dummies() got unexpected keyword arguments {sorted(kwargs)!r}")
    if sparse:
        raise NotImplementedError(
            "get_dummies(sparse=True): use sparse=False, or map_partitions of the result"
        )
    frame = _made(data, "get_dummies")
    meta = frame._meta
    is_series = frame._expr.kind == "series"
    if not is_series:
        if columns is None:
            columns = list(meta.select_dtypes(["object", "string", "category"]).columns)
        elif isinstance(columns, str) or not hasattr(columns, "__iter__"):
            raise TypeError("Input must be a list-like for parameter `columns`")
        columns = list(columns)
        for column in columns:
            get_column(frame, column)
    wanted = None if is_series else columns
    dtypes = _dtypes(frame, wanted).compute() if is_series or columns else []
    by_column = dict(zip(wanted or [None], dtypes, strict=False))
    given = changed(
        prefix=(prefix, None),
        prefix_sep=(prefix_sep, "_"),
        dummy_na=(dummy_na, False),
        columns=(columns, None),
        drop_first=(drop_first, False),
        dtype=(dtype, None),
    )
    function = functools.partial(_categories.dummies, dtypes=by_column, kwargs=given)
    prototype = _partition.asked(function, meta)
    return call(function, (frame,), {}, prototype, clears=False, keeps=True, label="get_dummies")


_AGGREGATES = ("mean", "sum", "count", "first", "last", "min", "max", "std", "var", "median", "prod", "size")


def pivot_table(
    df: Any, index: Any = None, columns: Any = None, values: Any = None, aggfunc: Any = "mean"
) -> Any:
    """Return a table of aggregates: a row for each value of one column, a column for each of another.

    The names of the columns are values: the distinct ones are computed now.

    Parameters
    ----------
    df : DataFrame
        What has the rows.
    index : label
        The column whose values are the index.
    columns : label
        The column whose values are the names of columns.
    values : label or list
        What is aggregated.
    aggfunc : str, optional
        How: the name of an aggregation of groups.

    Returns
    -------
    DataFrame
        Of one partition.

    Raises
    ------
    ValueError
        For a name of no column, or of no aggregation.

    Examples
    --------
    >>> import pandas as pd
    >>> import raskt.dataframe as rd
    >>> frame = pd.DataFrame({"k": ["a", "a", "b"], "c": ["u", "v", "u"], "x": [1, 2, 3]})
    >>> df = rd.from_pandas(frame, npartitions=2)
    >>> rd.pivot_table(df, index="k", columns="c", values="x", aggfunc="sum").compute().loc["a"].tolist()
    [1.0, 2.0]
    """
    frame = _made(df, "pivot_table")
    labels = frame._expr.labels
    for name, value in (("index", index), ("columns", columns)):
        if value is None or isinstance(value, list):
            raise NotImplementedError(
                f"pivot_table({name}={value!r}): groupby(...)[values].agg(aggfunc), and unstack()"
            )
        if value not in labels:
            raise ValueError(f"'{name}' must be the name of an existing column, found {value!r}")
    several = values if isinstance(values, list) else [values]
    missing = [value for value in several if value not in labels]
    if missing:
        raise ValueError(f"'values' must be names of existing columns, found {missing!r}")
    if aggfunc not in _AGGREGATES:
        raise ValueError(f"aggfunc must be one of {', '.join(map(repr, _AGGREGATES))}, found {aggfunc!r}")
    import pandas as pd

    declared = None
    if isinstance(frame._meta[columns].dtype, pd.CategoricalDtype):
        # Columns are those categories that there are rows of, in the order of the categories.
        declared = _dtypes(frame, [columns]).compute()[0]
        frame = frame.copy()
        frame[columns] = frame[columns].astype(declared.categories.dtype)
    wanted = _dtypes(frame, [columns]).compute()[0].categories
    if declared is not None:
        wanted = declared.categories[declared.categories.isin(wanted)]
    groups = grouped(frame, [index, columns], None, {
        "as_index": True, "sort": True, "group_keys": True, "observed": True, "dropna": True,
    })  # fmt: skip
    aggregates = rows_method(getattr(groups[several], aggfunc)(), "reset_index", clears=True)
    rows = [one_row(aggregates._meta)] * len(wanted)
    like = pd.concat(rows, ignore_index=True) if rows else aggregates._meta
    like[columns] = wanted.to_numpy()
    prototype = _categories.pivoted(like, values, index, columns)
    if declared is not None:
        named: Any = pd.CategoricalIndex(wanted, dtype=declared, name=columns)
        if isinstance(values, list):
            names = prototype.columns.get_level_values(0).unique()
            named = pd.MultiIndex.from_product([names, named], names=[None, columns])
        prototype = _categories.pivoted(like, values, index, columns, named)
    given = (aggregates, values, index, columns, prototype.columns)
    return call(
        _categories.pivoted, given, {}, prototype.iloc[:0], clears=True, label="pivot_table", checks=False
    )


def melt(
    frame: Any,
    id_vars: Any = None,
    value_vars: Any = None,
    var_name: Any = None,
    value_name: Any = "value",
    col_level: Any = None,
    ignore_index: bool = True,
) -> Any:
    """Turn columns into rows: `DataFrame.melt` as a function.

    Parameters
    ----------
    frame : DataFrame
        What has the columns.
    id_vars, value_vars : label or list, optional
        The columns that stay, and those that become rows.
    var_name, value_name : label, optional
        The names of the new columns.
    col_level : int or str, optional
        The level of the columns that is melted.
    ignore_index : bool, optional
        Whether the rows of each partition are numbered from 0; their labels are repeated if not.

    Returns
    -------
    DataFrame

    Examples
    --------
    >>> import pandas as pd
    >>> import raskt.dataframe as rd
    >>> rd.melt(rd.from_pandas(pd.DataFrame({"x": [1], "y": [2]}), npartitions=1)).value.compute().tolist()
    [1, 2]
    """
    given = (id_vars, value_vars, var_name, value_name, col_level, ignore_index)
    return _made(frame, "melt").melt(*given)
