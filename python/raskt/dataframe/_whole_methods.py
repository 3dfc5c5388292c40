"""Methods of frames and series that need all rows, most of them in one task; and places of rows."""

from __future__ import annotations

from typing import Any

from raskt._lazy import late
from raskt.dataframe._op import changed

__all__ = ["FrameWholes", "SeriesWholes", "Wholes"]

at_of: Any = late("raskt.dataframe._location", "ValueLocator")
duplicates: Any = late("raskt.dataframe._wholes", "duplicates")
expanded: Any = late("raskt.dataframe.windows", "expanded")
interpolated: Any = late("raskt.dataframe._wholes", "interpolated")
pivoted: Any = late("raskt.dataframe._wholes", "pivoted")
plots: Any = late("raskt.dataframe._wholes", "Plots")
ranked: Any = late("raskt.dataframe._wholes", "ranked")
reindexed: Any = late("raskt.dataframe._wholes", "reindexed")
row_counts: Any = late("raskt.dataframe._wholes", "row_counts")
stacked: Any = late("raskt.dataframe._wholes", "stacked")
taken: Any = late("raskt.dataframe._wholes", "taken")
transformed: Any = late("raskt.dataframe._wholes", "transformed")
transposed: Any = late("raskt.dataframe._wholes", "transposed")
unstacked: Any = late("raskt.dataframe._wholes", "unstacked")
weighted: Any = late("raskt.dataframe.windows", "weighted")


def _only_single(name: str, method: str) -> None:
    if method != "single":
        raise NotImplementedError(f"{name}(method={method!r}): map_partitions of repartition(npartitions=1)")


class Wholes:
    """What frames and series share."""

    __slots__ = ()

    @property
    def iat(self) -> Any:
        """Single values by their places, which are scalars to be computed: ``df.iat[0, 1]``."""
        return at_of(self, True)

    @property
    def at(self) -> Any:
        """Single values by their labels, which are scalars to be computed: ``df.at["a", "x"]``.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1, 2], index=["a", "b"]), npartitions=2)
        >>> s.at["b"].compute()
        np.int64(2)
        """
        return at_of(self, False)

    def take(self, indices: Any, axis: Any = 0) -> Any:
        """Return the rows, or columns, at some places: as `iloc` with a list.

        Parameters
        ----------
        indices : list of int
            The places.
        axis : {0, 1, "index", "columns"}, optional
            Of rows or of columns.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> rd.from_pandas(pd.Series([5, 6, 7]), npartitions=2).take([2, 0]).compute().tolist()
        [7, 5]
        """
        return taken(self, indices, axis)

    def rank(
        self,
        axis: Any = 0,
        method: str = "average",
        numeric_only: bool = False,
        na_option: str = "keep",
        ascending: bool = True,
        pct: bool = False,
    ) -> Any:
        """Return which place each value has among all of its column; all rows come together in one task.

        Parameters
        ----------
        axis : {0, 1, "index", "columns"}, optional
            1 ranks the values of each row.
        method : {"average", "min", "max", "first", "dense"}, optional
            Which place equal values have.
        numeric_only : bool, optional
            Whether other columns than those of numbers are left out.
        na_option : {"keep", "top", "bottom"}, optional
            Which place missing values have.
        ascending : bool, optional
            Whether the least value is first.
        pct : bool, optional
            Whether places are parts of the whole.

        Returns
        -------
        DataFrame or Series
            Of the same partitions.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> rd.from_pandas(pd.Series([5, 6, 5]), npartitions=2).rank().compute().tolist()
        [1.5, 3.0, 1.5]
        """
        named = changed(
            method=(method, "average"),
            numeric_only=(numeric_only, False),
            na_option=(na_option, "keep"),
            ascending=(ascending, True),
            pct=(pct, False),
        )
        return ranked(self, axis, named)

    def interpolate(
        self,
        method: str = "linear",
        *,
        axis: Any = 0,
        limit: int | None = None,
        limit_direction: str | None = None,
        limit_area: str | None = None,
        **kwargs: Any,
    ) -> Any:
        """Put values between those that are there in the places of missing ones; all rows in one task.

        Parameters
        ----------
        method : str, optional
            As in pandas: ``"linear"``, ``"time"``, ``"index"``, or a method of SciPy's.
        axis : {0, 1, "index", "columns"}, optional
            0 goes along the rows, 1 along the columns.
        limit : int, optional
            How many values are filled at most, one after another.
        limit_direction : {"forward", "backward", "both"}, optional
            From which side a limit counts.
        limit_area : {"inside", "outside"}, optional
            Whether only what lies between values that are there is filled, or only what does not.
        **kwargs
            Keywords of the method.

        Returns
        -------
        DataFrame or Series
            Of the same partitions.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> rd.from_pandas(pd.Series([1.0, None, 2.0]), npartitions=3).interpolate().compute().tolist()
        [1.0, 1.5, 2.0]
        """
        named = changed(limit=(limit, None), limit_direction=(limit_direction, None))
        return interpolated(self, method, axis, named | changed(limit_area=(limit_area, None)) | kwargs)

    def expanding(self, min_periods: int = 1, method: str = "single") -> Any:
        """Return windows from the first row up to each; all rows come together in one task.

        Parameters
        ----------
        min_periods : int, optional
            How many values have to be there for a result.
        method : {"single"}, optional
            Column by column: windows over several at once are not there.

        Returns
        -------
        Expanding

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> rd.from_pandas(pd.Series([1, 2, 6]), npartitions=3).expanding().mean().compute().tolist()
        [1.0, 1.5, 3.0]
        """
        _only_single("expanding", method)
        return expanded(self, min_periods)

    def ewm(
        self,
        com: float | None = None,
        span: float | None = None,
        halflife: Any = None,
        alpha: float | None = None,
        min_periods: int | None = 0,
        adjust: bool = True,
        ignore_na: bool = False,
        times: Any = None,
        method: str = "single",
    ) -> Any:
        """Return windows from the first row up to each, in which weights decay; all rows in one task.

        Parameters
        ----------
        com, span, alpha : float, optional
            How fast: by the centre of mass, the span, or the factor.
        halflife : float or timedelta, optional
            The same by the time in which a weight is halved.
        min_periods : int, optional
            How many values have to be there for a result.
        adjust : bool, optional
            Whether weights are divided by their sum.
        ignore_na : bool, optional
            Whether missing values count for no distance.
        times : Series, optional
            The times of rows, beside a ``halflife`` that is a timedelta.
        method : {"single"}, optional
            Column by column: windows over several at once are not there.

        Returns
        -------
        ExponentialMovingWindow

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1.0, 2.0]), npartitions=2)
        >>> s.ewm(alpha=0.5, adjust=False).mean().compute().tolist()
        [1.0, 1.5]
        """
        _only_single("ewm", method)
        given = changed(
            com=(com, None),
            span=(span, None),
            halflife=(halflife, None),
            alpha=(alpha, None),
            min_periods=(min_periods, 0),
            adjust=(adjust, True),
            ignore_na=(ignore_na, False),
        )
        return weighted(self, given, times)

    def transform(self, func: Any, axis: Any = 0, *args: Any, meta: Any = None, **kwargs: Any) -> Any:
        """Call functions that keep the rows on all of them, in one task.

        Parameters
        ----------
        func : callable, str, list or dict
            The function, several, or those of each column.
        axis : {0, "index"}, optional
            Along the rows.
        *args, **kwargs
            Further arguments.
        meta : object, optional
            What comes out; without it the function is called on the first rows.

        Returns
        -------
        DataFrame or Series
            Of the same partitions.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1.0, 3.0]), npartitions=2)
        >>> s.transform(lambda x: x - x.mean(), meta=(None, "float64")).compute().tolist()
        [-1.0, 1.0]
        """
        return transformed(self, func, axis, args, kwargs, meta)

    def reindex_like(
        self, other: Any, method: Any = None, limit: int | None = None, tolerance: Any = None
    ) -> Any:
        """Return the rows, and columns, of the labels that another object of pandas' has.

        Parameters
        ----------
        other : pandas.DataFrame or pandas.Series
            What has the labels.
        method, limit, tolerance : optional
            As in `reindex`.

        Returns
        -------
        DataFrame or Series
            Of one partition.
        """
        named = changed(method=(method, None), limit=(limit, None), tolerance=(tolerance, None))
        columns = other.columns if getattr(other, "ndim", 1) == 2 else None
        return reindexed(self, other.index, columns, named)

    def unstack(self, level: Any = -1, fill_value: Any = None, sort: bool = True) -> Any:
        """Turn a level of the index into columns.

        The names of the columns are labels: those of the index are computed now.

        Parameters
        ----------
        level : int, str or list, optional
            The level.
        fill_value : scalar, optional
            What stands where there is no row.
        sort : bool, optional
            Whether labels are sorted.

        Returns
        -------
        DataFrame or Series
            Of one partition.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"k": ["a", "b"], "c": ["u", "v"], "x": [1, 2]}), npartitions=2)
        >>> list(df.groupby(["k", "c"]).x.sum().unstack(fill_value=0).columns)
        ['u', 'v']
        """
        return unstacked(self, level, changed(fill_value=(fill_value, None), sort=(sort, True)))

    @property
    def plot(self) -> Any:
        """Pictures of what is computed when they are made, by pandas: of results that are small.

        ``df.groupby("k").x.mean().plot.bar()``
        """
        return plots(self)

    def hist(self, *args: Any, **kwargs: Any) -> Any:
        """Make histograms of the computed values, by pandas.

        Parameters
        ----------
        *args, **kwargs
            As in pandas.
        """
        return plots(self).hist_of_columns(*args, **kwargs)


class FrameWholes(Wholes):
    """What frames have, beside."""

    __slots__ = ()

    def duplicated(self, subset: Any = None, keep: Any = "first") -> Any:
        """Return which rows repeat another; the columns come together in one task.

        Parameters
        ----------
        subset : label or list of labels, optional
            The columns in which rows are compared: all of them.
        keep : {"first", "last", False}, optional
            Which of equal rows repeats none.

        Returns
        -------
        Series
            Of the same partitions.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 1, 2]}), npartitions=3)
        >>> df.duplicated().compute().tolist()
        [False, True, False]
        """
        return duplicates(self, subset, keep)

    def reindex(
        self,
        labels: Any = None,
        *,
        index: Any = None,
        columns: Any = None,
        axis: Any = None,
        method: Any = None,
        level: Any = None,
        fill_value: Any = float("nan"),
        limit: int | None = None,
        tolerance: Any = None,
    ) -> Any:
        """Return the rows, or columns, of some labels, with missing values where there are none.

        Parameters
        ----------
        labels : list, optional
            Labels of ``axis``.
        index, columns : list, optional
            Labels of rows, and of columns.
        axis : {0, 1, "index", "columns"}, optional
            What ``labels`` are of.
        method : {None, "ffill", "bfill", "nearest"}, optional
            Which row stands for labels that there are not; all rows come together for that.
        level : None
            Not there.
        fill_value : scalar, optional
            What stands for values that there are not.
        limit : int, optional
            For how many labels one after another ``method`` stands in.
        tolerance : scalar, optional
            How far it may reach.

        Returns
        -------
        DataFrame
            Of one partition, unless only columns are asked for.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2]}), npartitions=2)
        >>> df.reindex([1, 5]).x.compute().tolist()
        [2.0, nan]
        """
        if labels is not None:
            if axis in (1, "columns"):
                columns = labels
            else:
                index = labels
        if level is not None:
            raise NotImplementedError("reindex of a level: reset_index() and merge")
        named = changed(method=(method, None), limit=(limit, None), tolerance=(tolerance, None))
        if fill_value == fill_value:
            named["fill_value"] = fill_value
        return reindexed(self, index, columns, named)

    def stack(self, level: Any = -1) -> Any:
        """Turn columns into a level of the index, row by row.

        Parameters
        ----------
        level : int, str or list, optional
            The level of the columns.

        Returns
        -------
        Series or DataFrame

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2], "y": [3, 4]}), npartitions=2)
        >>> df.stack().compute().tolist()
        [1, 3, 2, 4]
        """
        return stacked(self, level)

    def pivot(self, *, columns: Any, index: Any = None, values: Any = None) -> Any:
        """Return a table of values: a row for each value of one column, a column for each of another.

        Parameters
        ----------
        columns : label
            The column whose values are the names of columns: these are computed now.
        index : label, optional
            The column whose values are the index: the index by default.
        values : label or list, optional
            The values; all other columns by default.

        Returns
        -------
        DataFrame
            Of one partition.

        Raises
        ------
        ValueError
            If there are several values for one place, when they are computed.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> frame = pd.DataFrame({"k": ["a", "a", "b"], "c": ["u", "v", "u"], "x": [1, 2, 4]})
        >>> df = rd.from_pandas(frame, npartitions=2)
        >>> df.pivot(index="k", columns="c", values="x").compute().u.tolist()
        [1.0, 4.0]
        """
        return pivoted(self, columns, index, values)

    @property
    def T(self) -> Any:
        """Rows as columns: of frames with few rows, since all come together in one task.

        The names of columns are labels of the index, which are computed now.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> rd.from_pandas(pd.DataFrame({"x": [1, 2], "y": [3, 4]}), npartitions=2).T.compute()[1].tolist()
        [2, 4]
        """
        return transposed(self)

    def transpose(self) -> Any:
        """Return rows as columns: `T` as a method."""
        return transposed(self)

    def value_counts(
        self,
        subset: Any = None,
        normalize: bool = False,
        sort: bool = True,
        ascending: bool = False,
        dropna: bool = True,
    ) -> Any:
        """Return how often each row is there; the columns come together in one task.

        Parameters
        ----------
        subset : label or list, optional
            The columns in which rows are compared.
        normalize : bool, optional
            Whether parts of the whole are returned.
        sort : bool, optional
            Whether the most frequent come first.
        ascending : bool, optional
            Whether the least frequent come first.
        dropna : bool, optional
            Whether rows with missing values are left out.

        Returns
        -------
        Series
            Of one partition.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> rd.from_pandas(pd.DataFrame({"x": [1, 1, 2]}), npartitions=2).value_counts().compute().tolist()
        [2, 1]
        """
        named = changed(normalize=(normalize, False), sort=(sort, True), ascending=(ascending, False))
        return row_counts(self, subset, named | changed(dropna=(dropna, True)))

    def boxplot(self, *args: Any, **kwargs: Any) -> Any:
        """Make box plots of the computed columns, by pandas.

        Parameters
        ----------
        *args, **kwargs
            As in pandas.
        """
        return plots(self).box_of_columns(*args, **kwargs)


class SeriesWholes(Wholes):
    """What series have, beside."""

    __slots__ = ()

    def duplicated(self, keep: Any = "first") -> Any:
        """Return which values repeat another; all come together in one task.

        Parameters
        ----------
        keep : {"first", "last", False}, optional
            Which of equal ones repeats none.

        Returns
        -------
        Series
            Of the same partitions.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> rd.from_pandas(pd.Series([1, 1, 2]), npartitions=3).duplicated(keep=False).compute().tolist()
        [True, True, False]
        """
        return duplicates(self, None, keep)

    def reindex(
        self,
        index: Any = None,
        *,
        axis: Any = None,
        method: Any = None,
        level: Any = None,
        fill_value: Any = None,
        limit: int | None = None,
        tolerance: Any = None,
    ) -> Any:
        """Return the values of some labels, missing ones where there are none.

        Parameters
        ----------
        index : list
            The labels.
        axis : {0, "index"}, optional
            The only one there is.
        method : {None, "ffill", "bfill", "nearest"}, optional
            Which value stands for labels that there are not; all rows come together for that.
        level : None
            Not there.
        fill_value : scalar, optional
            What stands for values that there are not.
        limit : int, optional
            For how many labels one after another ``method`` stands in.
        tolerance : scalar, optional
            How far it may reach.

        Returns
        -------
        Series
            Of one partition.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> rd.from_pandas(pd.Series([1, 2]), npartitions=2).reindex([1, 5], fill_value=0).compute().tolist()
        [2, 0]
        """
        if axis not in (None, 0, "index"):
            raise ValueError(f"No axis named {axis!r} for object type Series")
        if level is not None:
            raise NotImplementedError("reindex of a level: reset_index() and merge")
        named = changed(
            method=(method, None),
            limit=(limit, None),
            tolerance=(tolerance, None),
            fill_value=(fill_value, None),
        )
        return reindexed(self, index, None, named)

    @property
    def T(self) -> Any:
        """The series itself."""
        return self

    def transpose(self) -> Any:
        """Return the series itself."""
        return self

    def argsort(self, axis: Any = 0, kind: str = "quicksort") -> Any:
        """Return the places of values in their order; all come together in one task.

        Parameters
        ----------
        axis : {0, "index"}, optional
            The only one there is.
        kind : {"quicksort", "mergesort", "heapsort", "stable"}, optional
            How it is sorted.

        Returns
        -------
        Series
            Of the same partitions.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> rd.from_pandas(pd.Series([3, 1, 2]), npartitions=2).argsort().compute().tolist()
        [1, 2, 0]
        """
        return transformed(self, "argsort", axis, (), changed(kind=(kind, "quicksort")), None)
