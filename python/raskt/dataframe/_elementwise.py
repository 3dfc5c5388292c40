"""Methods of dataframes and series that work row by row: pandas' own, partition by partition."""

from __future__ import annotations

from typing import Any

from raskt._lazy import late
from raskt.dataframe._op import changed, method, op, rows_method
from raskt.dataframe._parameters import literal

__all__ = ["Elementwise"]

as_text: Any = late("raskt.dataframe._statistics", "as_text")
assigned: Any = late("raskt.dataframe._assignment", "assigned")
filled_so_often: Any = late("raskt.dataframe._wholes", "filled_so_often")
numbered: Any = late("raskt.dataframe._gathered", "numbered")
sampled: Any = late("raskt.dataframe.mapping", "sampled")

#: What stands for a missing value where None is one that can be asked for.
np_nan: Any = object()


def _times_as_text(frame: Any, dtype: Any) -> dict[Any, Any]:
    """Return the columns of times that are to become text, with the dtypes of that."""
    expr = frame._expr
    if expr.kind not in ("frame", "series") or len(set(expr.labels)) < len(expr.labels):
        return {}
    wanted = dtype if isinstance(dtype, dict) else dict.fromkeys(expr.labels, dtype)
    own = {label: str(kind) for label, kind in zip(expr.labels, expr.dtypes, strict=True)}
    is_time = {label: kind.startswith(("datetime64", "timedelta64")) for label, kind in own.items()}
    return {
        label: to
        for label, to in wanted.items()
        if is_time.get(label) and (to is str or str(to) in ("str", "string", "string[pyarrow]"))
    }


class Elementwise:
    """What frames and series do row by row."""

    __slots__ = ()
    _expr: Any

    def abs(self) -> Any:
        """Return absolute values.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1.25, -2.0, None]), npartitions=2)
        >>> s.abs().compute().tolist()
        [1.25, 2.0, nan]
        """
        return method(self, "abs")

    def astype(self, dtype: Any, copy: Any = None, errors: str = "raise") -> Any:
        """Cast to another dtype.

        Parameters
        ----------
        dtype : dtype, str, or dict
            The dtype; by column in a dictionary.
        copy : bool, optional
            Accepted for pandas' sake: what is returned is another object in any case.
        errors : {"raise", "ignore"}, optional
            Whether what cannot be cast is an error of the partition where it is.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1.25, -2.0, None]), npartitions=2)
        >>> s.fillna(0).astype(int).compute().tolist()
        [1, -2, 0]
        """
        del copy
        times = _times_as_text(self, dtype) if errors == "raise" else {}
        if times and self._expr.kind == "series":
            return as_text(self, *times.values())
        if times:
            # How many digits are written is a question of all rows.
            written = {label: as_text(self[label], to) for label, to in times.items()}  # type: ignore[index]
            every = dtype if isinstance(dtype, dict) else dict.fromkeys(self._expr.labels, dtype)
            rest = {label: to for label, to in every.items() if label not in times}
            return assigned(method(self, "astype", rest) if rest else self, written)
        return method(self, "astype", dtype, **changed(errors=(errors, "raise")))

    def clip(self, lower: Any = None, upper: Any = None, *, axis: Any = None) -> Any:
        """Move values to within bounds.

        Parameters
        ----------
        lower, upper : scalar or Series, optional
            The bounds; None for no bound.
        axis : {0, 1, "index", "columns"}, optional
            What series of bounds are aligned with.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1.25, -2.0, None]), npartitions=2)
        >>> s.clip(lower=0).compute().tolist()
        [1.25, 0.0, nan]
        """
        return method(self, "clip", **changed(lower=(lower, None), upper=(upper, None), axis=(axis, None)))

    def isna(self) -> Any:
        """Return where values are missing.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1.25, -2.0, None]), npartitions=2)
        >>> s.isna().compute().tolist()
        [False, False, True]
        """
        return method(self, "isna")

    def isnull(self) -> Any:
        """Return where values are missing: `isna` under its other name.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1.25, -2.0, None]), npartitions=2)
        >>> s.isnull().compute().tolist()
        [False, False, True]
        """
        return method(self, "isnull")

    def notna(self) -> Any:
        """Return where values are there.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1.25, -2.0, None]), npartitions=2)
        >>> s.notna().compute().tolist()
        [True, True, False]
        """
        return method(self, "notna")

    def notnull(self) -> Any:
        """Return where values are there: `notna` under its other name.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1.25, -2.0, None]), npartitions=2)
        >>> s.notnull().compute().tolist()
        [True, True, False]
        """
        return method(self, "notnull")

    def fillna(self, value: Any = None, *, axis: Any = None, limit: int | None = None) -> Any:
        """Put a value in the place of missing ones.

        Parameters
        ----------
        value : scalar, dict or Series
            The value; by column in a dictionary.
        axis : {0, 1, "index", "columns"}, optional
            Along what values are filled.
        limit : int, optional
            How many values of each column are filled at most: all rows come together in one task.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1.25, -2.0, None]), npartitions=2)
        >>> s.fillna(0.5).compute().tolist()
        [1.25, -2.0, 0.5]
        """
        if limit is not None and axis not in (1, "columns"):
            return filled_so_often(self, value, limit)
        return method(self, "fillna", value, **changed(axis=(axis, None), limit=(limit, None)))

    def where(self, cond: Any, other: Any = np_nan) -> Any:
        """Keep values where a condition is true, and put others elsewhere.

        Parameters
        ----------
        cond : Series or DataFrame of bool
            The condition.
        other : scalar, Series or DataFrame, optional
            The other values; missing ones by default.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1.25, -2.0, None]), npartitions=2)
        >>> s.where(s > 0, 0.0).compute().tolist()
        [1.25, 0.0, 0.0]
        """
        return method(self, "where", cond, *(() if other is np_nan else (other,)))

    def mask(self, cond: Any, other: Any = np_nan) -> Any:
        """Put other values where a condition is true.

        Parameters
        ----------
        cond : Series or DataFrame of bool
            The condition.
        other : scalar, Series or DataFrame, optional
            The other values; missing ones by default.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1.25, -2.0, None]), npartitions=2)
        >>> s.mask(s < 0, 0.0).compute().tolist()
        [1.25, 0.0, nan]
        """
        return method(self, "mask", cond, *(() if other is np_nan else (other,)))

    def isin(self, values: Any) -> Any:
        """Return where values are among others.

        Parameters
        ----------
        values : list-like or dict
            The values; by column in a dictionary.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1.25, -2.0, None]), npartitions=2)
        >>> s.isin([1.25]).compute().tolist()
        [True, False, False]
        """
        return method(self, "isin", values)

    def round(self, decimals: Any = 0) -> Any:
        """Round to a number of decimal places.

        Parameters
        ----------
        decimals : int, dict or Series, optional
            How many places are kept; negative numbers are places left of the point.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1.25, -2.0, None]), npartitions=2)
        >>> s.round(1).compute().tolist()
        [1.2, -2.0, nan]
        """
        return method(self, "round", *(() if decimals == 0 and type(decimals) is int else (decimals,)))

    def replace(self, to_replace: Any = None, value: Any = np_nan, *, regex: Any = False) -> Any:
        """Put values in the place of others.

        Parameters
        ----------
        to_replace : scalar, list, dict or str
            What is replaced.
        value : scalar, list or dict, optional
            What takes its place.
        regex : bool or str, optional
            Whether texts are regular expressions.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1.25, -2.0, None]), npartitions=2)
        >>> s.replace(-2.0, 7.0).compute().tolist()
        [1.25, 7.0, nan]
        """
        return method(
            self,
            "replace",
            to_replace,
            *(() if value is np_nan else (value,)),
            **changed(regex=(regex, False)),
        )

    def add_prefix(self, prefix: str) -> Any:
        """Put text before the names of columns; of a series, before the labels of its index.

        Parameters
        ----------
        prefix : str
            The text.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2], "y": [3, 4]}), npartitions=2)
        >>> list(df.add_prefix("a_").columns)
        ['a_x', 'a_y']
        """
        return method(self, "add_prefix", prefix)

    def add_suffix(self, suffix: str) -> Any:
        """Put text behind the names of columns; of a series, behind the labels of its index.

        Parameters
        ----------
        suffix : str
            The text.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2], "y": [3, 4]}), npartitions=2)
        >>> list(df.add_suffix("_a").columns)
        ['x_a', 'y_a']
        """
        return method(self, "add_suffix", suffix)

    def rename_axis(
        self, mapper: Any = None, *, index: Any = None, columns: Any = None, axis: Any = 0
    ) -> Any:
        """Give the index, or the columns' own index, another name.

        Parameters
        ----------
        mapper : scalar, list or callable, optional
            The name.
        index, columns : scalar, list, dict or callable, optional
            The names of each.
        axis : {0, 1, "index", "columns"}, optional
            Of which ``mapper`` is the name.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2], "y": [3, 4]}), npartitions=2)
        >>> df.rename_axis("row").index.compute().name
        'row'
        """
        return method(
            self,
            "rename_axis",
            *(() if mapper is None else (mapper,)),
            **changed(index=(index, None), columns=(columns, None), axis=(axis, 0)),
        )

    def reset_index(self, level: Any = None, drop: bool = False) -> Any:
        """Make the index a column, and number the rows of each partition.

        Rows are numbered from 0 on in every partition: how many there are before one is not known.

        Parameters
        ----------
        level : int, str or list, optional
            The levels that become columns; all by default.
        drop : bool, optional
            Whether the index is forgotten instead.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2], "y": [3, 4]}), npartitions=2)
        >>> df.reset_index(drop=True).index.compute().tolist()
        [0, 0]
        """
        named = changed(level=(level, None), drop=(drop, False))
        parameters = {"name": "reset_index", "args": [], "kwargs": {k: literal(x) for k, x in named.items()}}
        return op("reset_index", (self,), parameters)

    def dropna(
        self,
        *,
        axis: Any = 0,
        how: Any = np_nan,
        thresh: Any = np_nan,
        subset: Any = None,
        ignore_index: bool = False,
    ) -> Any:
        """Leave out rows in which values are missing.

        Parameters
        ----------
        axis : {0, "index"}, optional
            Rows alone can be left out: which columns lack values is not known ahead of time.
        how : {"any", "all"}, optional
            Whether one missing value is enough.
        thresh : int, optional
            How many values have to be there.
        subset : label or list, optional
            The columns that are looked at.
        ignore_index : bool, optional
            Whether rows are numbered.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2], "y": [3, 4]}), npartitions=2)
        >>> len(df.dropna())
        2
        """
        if axis in (1, "columns") and self._expr.kind == "frame":
            raise NotImplementedError(
                "dropna(axis=1): which columns lack values is known when they are computed; take columns by "
                "df.columns[df.notna().all().compute()]"
            )
        found = rows_method(
            self,
            "dropna",
            **changed(axis=(axis, 0), how=(how, np_nan), thresh=(thresh, np_nan), subset=(subset, None)),
        )
        return numbered(found) if ignore_index else found

    def explode(self, column: Any = None, ignore_index: bool = False) -> Any:
        """Make a row of every element of lists.

        Parameters
        ----------
        column : label or list, optional
            The columns of lists, of a frame.
        ignore_index : bool, optional
            Whether rows are numbered.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([[1, 2], [3]]), npartitions=1)
        >>> s.explode().compute().tolist()
        [1, 2, 3]
        """
        found = rows_method(self, "explode", *(() if column is None else (column,)))
        return numbered(found) if ignore_index else found

    def sample(
        self, n: int | None = None, frac: float | None = None, replace: bool = False, random_state: Any = None
    ) -> Any:
        """Draw rows at random.

        Parameters
        ----------
        n : None
            Not there: how many rows each partition has is not known. Use ``frac``.
        frac : float
            Which part of the rows of each partition is drawn.
        replace : bool, optional
            Whether a row may be drawn again.
        random_state : int or numpy.random.RandomState, optional
            The seed; another one is drawn from it for each partition.

        Returns
        -------
        DataFrame or Series

        Raises
        ------
        NotImplementedError
            With ``n``.
        ValueError
            Without ``frac``.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2], "y": [3, 4]}), npartitions=2)
        >>> len(df.sample(frac=1.0, random_state=0))
        2
        """
        return sampled(self, n, frac, replace, random_state)
