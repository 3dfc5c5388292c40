"""Methods of dataframes that pandas' series do not have, beside those of other modules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from raskt._apart import refuse_lazy
from raskt._lazy import late
from raskt.dataframe._op import method, op
from raskt.dataframe._parameters import labels as labels_of
from raskt.dataframe._selection import get_column, get_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["FrameMethods"]

apply_rows: Any = late("raskt.dataframe.mapping", "apply_rows")
map_values: Any = late("raskt.dataframe.mapping", "map_values")
columns_at: Any = late("raskt.dataframe._location", "columns_at")
categorized: Any = late("raskt.dataframe.reshaping", "categorized")
pivot_table_of: Any = late("raskt.dataframe.reshaping", "pivot_table")
memory_of: Any = late("raskt.dataframe._statistics", "memory_usage")
told: Any = late("raskt.dataframe._repr", "told")
from_dict_of: Any = late("raskt.dataframe.conversion", "from_dict")


class FrameMethods:
    """What dataframes do by columns, and row by row."""

    __slots__ = ()
    _expr: Any
    _meta: Any
    __delitem__: Any
    to_delayed: Any

    def select_dtypes(self, include: Any = None, exclude: Any = None) -> Any:
        """Return the columns of some dtypes.

        Parameters
        ----------
        include, exclude : str, type or list, optional
            The dtypes that are kept and left out.

        Returns
        -------
        DataFrame

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2], "y": ["a", "b"]}), npartitions=1)
        >>> list(df.select_dtypes("number").columns)
        ['x']
        """
        meta = self._meta
        kept = meta.select_dtypes(include=include, exclude=exclude).columns
        if meta.columns.is_unique:
            return op("columns", (self,), {"labels": labels_of(kept)})
        places = meta.set_axis(range(meta.shape[1]), axis=1)
        return columns_at(self, list(places.select_dtypes(include=include, exclude=exclude).columns))

    def query(self, expr: str, **kwargs: Any) -> Any:
        """Return the rows at which an expression is true.

        Parameters
        ----------
        expr : str
            The expression, in which columns stand by their names.
        **kwargs
            As in `pandas.DataFrame.query`. Local variables (``@name``) are given by ``local_dict``.

        Returns
        -------
        DataFrame

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 3]}), npartitions=2)
        >>> df.query("x > 1").x.compute().tolist()
        [2, 3]
        """
        refuse_lazy(kwargs, "compute() them before query, or use map_partitions")
        return get_rows(self, "query", expr, **kwargs)

    def eval(self, expr: str, **kwargs: Any) -> Any:
        """Evaluate an expression of columns.

        Parameters
        ----------
        expr : str
            The expression.
        **kwargs
            As in `pandas.DataFrame.eval`.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2], "y": [3, 4]}), npartitions=2)
        >>> df.eval("x + y").compute().tolist()
        [4, 6]
        """
        refuse_lazy(kwargs, "compute() them before eval, or use map_partitions")
        return method(self, "eval", expr, **kwargs)

    def melt(
        self,
        id_vars: Any = None,
        value_vars: Any = None,
        var_name: Any = None,
        value_name: Any = "value",
        col_level: Any = None,
        ignore_index: bool = True,
    ) -> Any:
        """Turn columns into rows.

        Parameters
        ----------
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
            Rows are in the order of partitions, and by column within each.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2], "y": [3, 4]}), npartitions=1)
        >>> df.melt().value.compute().tolist()
        [1, 2, 3, 4]
        """
        named = {"id_vars": id_vars, "value_vars": value_vars, "var_name": var_name, "col_level": col_level}
        given = {name: value for name, value in named.items() if value is not None}
        given |= {} if ignore_index else {"ignore_index": False}
        return get_rows(self, "melt", clears=True, value_name=value_name, **given)

    def apply(
        self,
        func: Any,
        axis: Any = 0,
        args: tuple[Any, ...] = (),
        meta: Any = None,
        result_type: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Call a function on every row.

        Parameters
        ----------
        func : callable
            The function of a row, a series.
        axis : {1, "columns"}
            Rows; a function of whole columns needs `map_partitions`, or a reduction.
        args : tuple, optional
            Further arguments.
        meta : object, optional
            What comes out: an empty object of pandas', or names and dtypes. Without it the function is
            called on a few of the first rows.
        result_type : {"expand", "reduce", "broadcast"}, optional
            As in pandas.
        **kwargs
            Keywords of the function.

        Returns
        -------
        Series or DataFrame

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2], "y": [3, 4]}), npartitions=2)
        >>> df.apply(lambda row: row.x * row.y, axis=1).compute().tolist()
        [3, 8]
        """
        return apply_rows(self, func, axis, args, meta, result_type, kwargs)

    def map(self, func: Any, na_action: Any = None, meta: Any = None, **kwargs: Any) -> Any:
        """Call a function on every value.

        Parameters
        ----------
        func : callable
            The function of a value.
        na_action : {None, "ignore"}, optional
            Whether missing values are passed by.
        meta : object, optional
            What comes out; without it the function is called on a few of the first rows.
        **kwargs
            Keywords of the function.

        Returns
        -------
        DataFrame

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2]}), npartitions=2)
        >>> df.map(lambda v: v + 1).x.compute().tolist()
        [2, 3]
        """
        return map_values(self, func, na_action, meta, kwargs)

    applymap = map  # noqa: A003 - pandas' names

    def categorize(
        self, columns: Any = None, index: bool | None = None, split_every: Any = None, **kwargs: Any
    ) -> Any:
        """Make columns of text ones of categories: the values of all partitions, in order.

        Parameters
        ----------
        columns : label or list, optional
            The columns; those of text and categories by default.
        index : bool, optional
            Whether the index becomes one of categories: if it is one already, by default.
        split_every : optional
            Accepted for Dask's sake.
        **kwargs
            Accepted for Dask's sake: nothing is computed now.

        Returns
        -------
        DataFrame

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 4], "k": ["b", "a", "b"]}), npartitions=2)
        >>> df.categorize().k.cat.codes.compute().tolist()
        [1, 0, 1]
        """
        del split_every, kwargs
        return categorized(self, columns, index)

    def pivot_table(
        self, index: Any = None, columns: Any = None, values: Any = None, aggfunc: Any = "mean"
    ) -> Any:
        """Return a table of aggregates: a row for each value of one column, a column for each of another.

        Parameters
        ----------
        index, columns : label
            The columns whose values are the index, and the names of columns: the latter are computed now.
        values : label or list
            What is aggregated.
        aggfunc : str, optional
            How: the name of an aggregation of groups.

        Returns
        -------
        DataFrame
            Of one partition.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> frame = pd.DataFrame({"k": ["b", "a", "b"], "c": ["u", "u", "v"], "x": [1, 2, 4]})
        >>> df = rd.from_pandas(frame, npartitions=2)
        >>> df.pivot_table(index="k", columns="c", values="x").compute().v.tolist()
        [nan, 4.0]
        """
        return pivot_table_of(self, index, columns, values, aggfunc)

    def pop(self, item: Any) -> Any:
        """Return a column, and leave it out of the frame.

        Parameters
        ----------
        item : label
            The column.

        Returns
        -------
        Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 4], "k": ["b", "a", "b"]}), npartitions=2)
        >>> df.pop("x").sum().compute(), list(df.columns)
        (np.int64(7), ['k'])
        """
        found = get_column(self, item)
        del self[item]
        return found

    @property
    def nbytes(self) -> Any:
        """The bytes that the values of all partitions take, a scalar."""
        return memory_of(self, False, False).sum()

    def iterrows(self) -> Iterator[Any]:
        """Iterate over the labels of the rows, and the rows as series: partitions are computed one by one.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 4], "k": ["b", "a", "b"]}), npartitions=2)
        >>> [(label, row.x) for label, row in df.iterrows()]
        [(0, 1), (1, 2), (2, 4)]
        """
        for part in self.to_delayed():
            yield from part.compute().iterrows()

    def itertuples(self, index: bool = True, name: Any = "Pandas") -> Iterator[Any]:
        """Iterate over the rows as named tuples: partitions are computed one by one.

        Parameters
        ----------
        index : bool, optional
            Whether the label of the row comes first.
        name : str, optional
            The name of the tuples' type.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 4], "k": ["b", "a", "b"]}), npartitions=2)
        >>> [row.x for row in df.itertuples()]
        [1, 2, 4]
        """
        for part in self.to_delayed():
            yield from part.compute().itertuples(index=index, name=name)

    def info(self, buf: Any = None, verbose: bool = False, memory_usage: Any = False) -> None:
        """Print what the frame is: its columns and their dtypes; counts and memory are computed.

        Parameters
        ----------
        buf : file, optional
            Where it is written to, instead of the standard output.
        verbose : bool, optional
            Whether each column is told, with how many values are there.
        memory_usage : bool or "deep", optional
            Whether the memory is told.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 4], "k": ["b", "a", "b"]}), npartitions=2)
        >>> df.info()
        <class 'raskt.dataframe.core.DataFrame'>
        Columns: 2 entries, x to k
        dtypes: int64(1), str(1)
        """
        told(self, buf, verbose, memory_usage)

    @staticmethod
    def from_dict(data: Any, *, npartitions: int, orient: str = "columns", **kwargs: Any) -> Any:
        """Make a frame of a dictionary: `raskt.dataframe.from_dict`.

        Parameters
        ----------
        data : dict
            The columns by name.
        npartitions : int
            How many partitions there are.
        orient : str, optional
            As in `pandas.DataFrame.from_dict`.
        **kwargs
            Its other keywords.

        Returns
        -------
        DataFrame

        Examples
        --------
        >>> import raskt.dataframe as rd
        >>> rd.DataFrame.from_dict({"x": [1, 2]}, npartitions=2).x.compute().tolist()
        [1, 2]
        """
        return from_dict_of(data, npartitions, orient=orient, **kwargs)
