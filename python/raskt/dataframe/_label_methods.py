"""Methods of frames and series that are about labels and columns, and other names of what there is."""

from __future__ import annotations

from typing import Any

from raskt._lazy import late
from raskt.dataframe._op import changed, rows_method

__all__ = ["FrameLabels", "Labels", "SeriesLabels"]

array_place: Any = late("raskt.dataframe._naming", "array_place")
column_or: Any = late("raskt.dataframe._naming", "column_or")
correlated: Any = late("raskt.dataframe._naming", "correlated")
inserted: Any = late("raskt.dataframe._naming", "inserted")
kept_labels: Any = late("raskt.dataframe._naming", "kept_labels")
relabelled: Any = late("raskt.dataframe._naming", "relabelled")
section: Any = late("raskt.dataframe._naming", "section")
updated: Any = late("raskt.dataframe._naming", "updated")


class Labels:
    """What frames and series share."""

    __slots__ = ()
    mul: Any
    sub: Any
    _become: Any

    def multiply(self, other: Any, *args: Any, **kwargs: Any) -> Any:
        """Multiply: `mul` under its other name.

        Parameters
        ----------
        other : scalar, Series or DataFrame
            The factor.
        *args, **kwargs
            As in `mul`.
        """
        return self.mul(other, *args, **kwargs)

    def subtract(self, other: Any, *args: Any, **kwargs: Any) -> Any:
        """Subtract: `sub` under its other name.

        Parameters
        ----------
        other : scalar, Series or DataFrame
            What is taken away.
        *args, **kwargs
            As in `sub`.
        """
        return self.sub(other, *args, **kwargs)

    def droplevel(self, level: Any, axis: Any = 0) -> Any:
        """Leave out levels of the index, or of the columns.

        Parameters
        ----------
        level : int, str or list
            The levels.
        axis : {0, 1, "index", "columns"}, optional
            Of which.

        Returns
        -------
        DataFrame or Series
        """
        return rows_method(self, "droplevel", level, clears=True, **changed(axis=(axis, 0)))

    def swaplevel(self, i: Any = -2, j: Any = -1, **kwargs: Any) -> Any:
        """Return the same rows with two levels of the index in each other's place.

        Parameters
        ----------
        i, j : int or str, optional
            The levels.
        **kwargs
            ``axis``, of frames: of the index or of the columns.

        Returns
        -------
        DataFrame or Series
        """
        return rows_method(self, "swaplevel", i, j, clears=True, **kwargs)

    def reorder_levels(self, order: Any, **kwargs: Any) -> Any:
        """Return the same rows with the levels of the index in another order.

        Parameters
        ----------
        order : list of int or str
            The order.
        **kwargs
            ``axis``, of frames: of the index or of the columns.

        Returns
        -------
        DataFrame or Series
        """
        return rows_method(self, "reorder_levels", order, clears=True, **kwargs)

    def xs(self, key: Any, axis: Any = 0, level: Any = None, drop_level: bool = True) -> Any:
        """Return the rows, or the column, of one label of a level.

        Parameters
        ----------
        key : label
            The label.
        axis : {0, 1, "index", "columns"}, optional
            Of rows, or of columns.
        level : int or str, optional
            The level of the index; the first one by default, where there are several.
        drop_level : bool, optional
            Whether the level is left out.

        Returns
        -------
        DataFrame or Series
            As one partition.

        Raises
        ------
        KeyError
            If there is no such label, when it is computed.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"k": [1, 2], "j": [3, 3], "x": [5, 6]}), npartitions=2)
        >>> df.groupby(["k", "j"]).x.sum().xs(3, level="j").compute().tolist()
        [5, 6]
        """
        return section(self, key, axis, level, drop_level)

    def filter(self, items: Any = None, like: Any = None, regex: Any = None, axis: Any = None) -> Any:
        """Return the columns, or the rows, whose labels are like something.

        Parameters
        ----------
        items : list, optional
            The labels.
        like : str, optional
            What is part of the labels.
        regex : str, optional
            What is found in the labels.
        axis : {0, 1, "index", "columns"}, optional
            Columns of a frame by default; the rows of a series.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"one": [1], "two": [2]}), npartitions=1)
        >>> list(df.filter(like="w").columns)
        ['two']
        """
        return kept_labels(self, items, like, regex, axis)

    def update(self, other: Any) -> None:
        """Put the values of another object that are there in the places of this one's, in place.

        Parameters
        ----------
        other : DataFrame or Series
            The other one, of the same divisions or of pandas'.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1, 2]), npartitions=2)
        >>> s.update(rd.from_pandas(pd.Series([None, 5.0]), npartitions=2))
        >>> s.compute().tolist()
        [1, 5]
        """
        self._become(updated(self, other))


class FrameLabels(Labels):
    """What frames have, beside."""

    __slots__ = ()

    def get(self, key: Any, default: Any = None) -> Any:
        """Return a column, or something else where there is none.

        Parameters
        ----------
        key : label or list
            The column, or several.
        default : object, optional
            What is returned otherwise.
        """
        return column_or(self, key, default)

    def insert(self, loc: int, column: Any, value: Any, allow_duplicates: bool = False) -> None:
        """Put a column at a place, in place.

        Parameters
        ----------
        loc : int
            The place.
        column : label
            Its name.
        value : Series or scalar
            Its values.
        allow_duplicates : False
            Whether another one of that name may be there: it may not.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2]}), npartitions=2)
        >>> df.insert(0, "y", df.x * 2)
        >>> list(df.columns)
        ['y', 'x']
        """
        self._become(inserted(self, loc, column, value, allow_duplicates))

    def set_axis(self, labels: Any, *, axis: Any = 0) -> Any:
        """Return the frame with other names of columns.

        Parameters
        ----------
        labels : list
            The names.
        axis : {1, "columns"}
            Rows get other labels by `set_index`.

        Returns
        -------
        DataFrame
        """
        return relabelled(self, labels, axis)

    def corrwith(
        self,
        other: Any,
        axis: Any = 0,
        drop: bool = False,
        method: Any = "pearson",
        numeric_only: bool = False,
        min_periods: int | None = None,
    ) -> Any:
        """Return the correlation of each column with a series, or with the column of that name.

        All rows of both come together in one task.

        Parameters
        ----------
        other : DataFrame or Series
            The other one.
        axis : {0, "index"}, optional
            Of columns.
        drop : bool, optional
            Whether names that only one of both has are left out.
        method : {"pearson", "kendall", "spearman"} or callable, optional
            Which correlation.
        numeric_only : bool, optional
            Whether other columns than those of numbers are left out.
        min_periods : int, optional
            How many pairs of values have to be there.

        Returns
        -------
        Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 4], "y": [4, 2, 1]}), npartitions=2)
        >>> round(float(df.corrwith(df.x).compute().x), 3)
        1.0
        """
        named = changed(drop=(drop, False), method=(method, "pearson"), numeric_only=(numeric_only, False))
        return correlated(self, other, axis, named | changed(min_periods=(min_periods, None)))


class SeriesLabels(Labels):
    """What series have, beside."""

    __slots__ = ()
    isna: Any
    nunique: Any
    size: Any
    index: Any
    iloc: Any
    compute: Any

    def keys(self) -> Any:
        """Return the labels of the rows: `index`."""
        return self.index

    def repeat(self, repeats: int) -> Any:
        """Return each row several times.

        Parameters
        ----------
        repeats : int
            How many times.

        Returns
        -------
        Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> rd.from_pandas(pd.Series([1, 2]), npartitions=2).repeat(2).compute().tolist()
        [1, 1, 2, 2]
        """
        if not hasattr(repeats, "__index__"):
            raise NotImplementedError("repeat by a list, a number for each row: map_partitions")
        return rows_method(self, "repeat", repeats.__index__())

    @property
    def hasnans(self) -> Any:
        """Whether values are missing, a scalar."""
        return self.isna().any()

    @property
    def is_unique(self) -> Any:
        """Whether no value comes again, a scalar."""
        return self.nunique(dropna=False) == self.size

    def argmin(self, axis: Any = None, skipna: bool = True) -> Any:
        """Return the place of the least value, a scalar; all come together in one task.

        Parameters
        ----------
        axis : {0, "index", None}, optional
            The only one there is.
        skipna : bool, optional
            Whether missing values are passed by.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> int(rd.from_pandas(pd.Series([3, 1, 2]), npartitions=2).argmin().compute())
        1
        """
        return array_place(self, "argmin", axis, skipna)

    def argmax(self, axis: Any = None, skipna: bool = True) -> Any:
        """Return the place of the greatest value, a scalar; all come together in one task.

        Parameters
        ----------
        axis : {0, "index", None}, optional
            The only one there is.
        skipna : bool, optional
            Whether missing values are passed by.
        """
        return array_place(self, "argmax", axis, skipna)

    def item(self) -> Any:
        """Return the only value, computed.

        Raises
        ------
        ValueError
            If there is not exactly one.
        """
        return self.compute().item()

    def tolist(self) -> list[Any]:
        """Return the values, computed, as a list."""
        found: list[Any] = self.compute().tolist()
        return found

    to_list = tolist

    @property
    def list(self) -> Any:
        """Functions of lists of Arrow's, as pandas has them.

        Examples
        --------
        >>> import pandas as pd
        >>> import pyarrow as pa
        >>> import raskt.dataframe as rd
        >>> lists = pd.Series([[1, 2], [3]], dtype=pd.ArrowDtype(pa.list_(pa.int64())))
        >>> rd.from_pandas(lists, npartitions=2).list.len().compute().tolist()
        [2, 1]
        """
        return lists_of(self)

    @property
    def struct(self) -> Any:
        """Functions of structs of Arrow's, as pandas has them."""
        return structs_of(self)


lists_of: Any = late("raskt.dataframe._accessors", "ListMethods")
structs_of: Any = late("raskt.dataframe._accessors", "StructMethods")
