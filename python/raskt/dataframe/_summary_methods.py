"""Methods of dataframes and series that sum rows up, beside plain reductions."""

from __future__ import annotations

from typing import Any

from raskt._lazy import late
from raskt.dataframe._metas import no_default

__all__ = ["FrameSummaries", "SeriesSummaries", "Summaries"]

aggregated: Any = late("raskt.dataframe._statistics", "aggregate")
covariances: Any = late("raskt.dataframe._statistics", "covariances")
described: Any = late("raskt.dataframe._statistics", "described")
in_order: Any = late("raskt.dataframe._statistics", "is_monotonic")
memory_of: Any = late("raskt.dataframe._statistics", "memory_usage")
memory_by_partition: Any = late("raskt.dataframe._statistics", "memory_usage_per_partition")
modes: Any = late("raskt.dataframe._statistics", "mode")
distinct_rows: Any = late("raskt.dataframe._statistics", "nunique_approx")
pair: Any = late("raskt.dataframe._statistics", "pair")
quantiles: Any = late("raskt.dataframe._statistics", "quantile")
reduced_by: Any = late("raskt.dataframe._statistics", "reduced_by")


class Summaries:
    """What frames and series are summed up to."""

    __slots__ = ()
    _expr: Any

    def agg(self, func: Any = None, axis: Any = 0, *args: Any, **kwargs: Any) -> Any:
        """Aggregate rows by one or several functions.

        Parameters
        ----------
        func : str, callable, list or dict
            A function, several, or those of each column. Names of reductions are computed in partitions;
            other functions get all rows in one task.
        axis : {0, 1, "index", "columns"}, optional
            0 aggregates the rows, 1 each row.
        *args, **kwargs
            Further arguments of the functions.

        Returns
        -------
        Scalar, Series or DataFrame

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 4], "y": [3.0, 2.0, 0.0]}), npartitions=2)
        >>> df.agg(["min", "max"]).compute().loc["max"].tolist()
        [4.0, 3.0]
        >>> df.agg({"x": "sum", "y": "mean"}).compute().round(2).tolist()
        [7.0, 1.67]
        """
        return aggregated(self, func, axis, args, kwargs)

    def aggregate(self, func: Any = None, axis: Any = 0, *args: Any, **kwargs: Any) -> Any:
        """Aggregate rows by one or several functions: `agg` under its other name.

        Parameters
        ----------
        func : str, callable, list or dict
            A function, several, or those of each column.
        axis : {0, 1, "index", "columns"}, optional
            0 aggregates the rows, 1 each row.
        *args, **kwargs
            Further arguments of the functions.

        Returns
        -------
        Scalar, Series or DataFrame

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1, 2, 4, 8]), npartitions=2)
        >>> s.aggregate(["min", "max"]).compute().tolist()
        [1, 8]
        """
        return aggregated(self, func, axis, args, kwargs)

    def quantile(
        self,
        q: Any = 0.5,
        axis: Any = 0,
        numeric_only: bool = False,
        method: str = "default",
        interpolation: str = "linear",
    ) -> Any:
        """Return quantiles, exactly: the values come together in one task.

        Parameters
        ----------
        q : float or list of float, optional
            Which, from 0 to 1.
        axis : {0, 1, "index", "columns"}, optional
            0 goes along the rows, 1 along the columns.
        numeric_only : bool, optional
            Whether other columns than those of numbers are left out.
        method : {"default", "dask", "tdigest"}, optional
            Accepted for Dask's sake: results are exact.
        interpolation : {"linear", "lower", "higher", "midpoint", "nearest"}, optional
            What is taken between two values.

        Returns
        -------
        Scalar, Series or DataFrame

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1, 2, 4, 8]), npartitions=2)
        >>> s.quantile([0.25, 0.5]).compute().tolist()
        [1.75, 3.0]
        """
        return quantiles(self, q, axis, numeric_only, interpolation, method)

    def describe(
        self,
        split_every: Any = False,
        percentiles: Any = None,
        percentiles_method: str = "default",
        include: Any = None,
        exclude: Any = None,
    ) -> Any:
        """Return count, mean, standard deviation, extremes and quantiles, as pandas does.

        The columns that are described come together in one task.

        Parameters
        ----------
        split_every, percentiles_method : optional
            Accepted for Dask's sake: quantiles are exact.
        percentiles : list of float, optional
            Which quantiles.
        include, exclude : "all", dtype or list, optional
            The dtypes of columns that are described, and of those that are not.

        Returns
        -------
        Series or DataFrame

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1, 2, 4, 8]), npartitions=2)
        >>> s.describe().compute().loc[["count", "max"]].tolist()
        [4.0, 8.0]
        """
        del split_every, percentiles_method
        return described(self, percentiles, include, exclude)

    def memory_usage_per_partition(self, index: bool = True, deep: bool = False) -> Any:
        """Return how many bytes each partition takes as an object of pandas'.

        Parameters
        ----------
        index : bool, optional
            Whether the index counts.
        deep : bool, optional
            Whether objects are looked into.

        Returns
        -------
        Series
            By the number of the partition.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1, 2, 4, 8]), npartitions=2)
        >>> s.memory_usage_per_partition(index=False).compute().tolist()
        [16, 16]
        """
        return memory_by_partition(self, index, deep)

    def nunique_approx(self, split_every: Any = None) -> Any:
        """Return how many different rows there are, within about 0.4 %: from a sketch of 64 KiB.

        Parameters
        ----------
        split_every : optional
            Accepted for Dask's sake.

        Returns
        -------
        Scalar

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1, 2, 4, 8]), npartitions=2)
        >>> round(s.nunique_approx().compute())
        4
        """
        del split_every
        return distinct_rows(self)

    def reduction(
        self,
        chunk: Any,
        aggregate: Any = None,
        combine: Any = None,
        meta: Any = no_default,
        token: str | None = None,
        split_every: Any = None,
        chunk_kwargs: Any = None,
        aggregate_kwargs: Any = None,
        combine_kwargs: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Reduce rows by functions of yours, in a tree.

        Parameters
        ----------
        chunk : callable
            What makes a partial result of a partition.
        aggregate : callable, optional
            What makes the result of partial results: these come as a series, of numbers, or one after
            another, of series and frames. The same as ``chunk`` by default.
        combine : callable, optional
            What makes one partial result of several. The same as ``aggregate`` by default.
        meta : object, optional
            What comes out. Without it the functions are called on the first rows.
        token, split_every : optional
            Accepted for Dask's sake.
        chunk_kwargs, aggregate_kwargs, combine_kwargs : dict, optional
            Keywords of each function.
        **kwargs
            Keywords of ``chunk``.

        Returns
        -------
        Scalar, Series or DataFrame

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1, 2, 4, 8]), npartitions=2)
        >>> int(s.reduction(lambda part: part.max(), lambda parts: parts.max()).compute())
        8
        """
        del token, split_every
        named = ({**(chunk_kwargs or {}), **kwargs}, combine_kwargs or {}, aggregate_kwargs or {})
        if combine is None and combine_kwargs is None:
            named = (named[0], named[2], named[2])
        return reduced_by(self, chunk, aggregate, combine, meta, named)


class FrameSummaries:
    """What frames are summed up to."""

    __slots__ = ()

    def cov(
        self,
        min_periods: int | None = None,
        ddof: int = 1,
        numeric_only: bool = False,
        split_every: Any = False,
    ) -> Any:
        """Return the covariance of each pair of columns.

        Parameters
        ----------
        min_periods : int, optional
            How many rows have to have both values.
        ddof : int, optional
            What is taken off the number of rows to divide by.
        numeric_only : bool, optional
            Whether other columns than those of numbers are left out.
        split_every : optional
            Accepted for Dask's sake.

        Returns
        -------
        DataFrame

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 4], "y": [3.0, 2.0, 0.0]}), npartitions=2)
        >>> df.cov().compute().round(2).loc["x"].tolist()
        [2.33, -2.33]
        """
        del split_every
        return covariances(self, "cov", "pearson", min_periods, ddof, numeric_only)

    def corr(
        self,
        method: Any = "pearson",
        min_periods: int | None = None,
        numeric_only: bool = False,
        split_every: Any = False,
    ) -> Any:
        """Return the correlation of each pair of columns.

        Parameters
        ----------
        method : {"pearson", "kendall", "spearman"} or callable, optional
            Which correlation: others than the first have all rows in one task.
        min_periods : int, optional
            How many rows have to have both values.
        numeric_only : bool, optional
            Whether other columns than those of numbers are left out.
        split_every : optional
            Accepted for Dask's sake.

        Returns
        -------
        DataFrame

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 4], "y": [3.0, 2.0, 0.0]}), npartitions=2)
        >>> df.corr().compute().round(2).loc["x"].tolist()
        [1.0, -1.0]
        """
        del split_every
        return covariances(self, "corr", method, min_periods, 1, numeric_only)

    def mode(
        self, axis: Any = 0, numeric_only: bool = False, dropna: bool = True, split_every: Any = False
    ) -> Any:
        """Return the most frequent values of each column. All values come together in one task.

        Parameters
        ----------
        axis : {0, "index"}, optional
            Those of each row are not there: how many columns there are is a question of all rows.
        numeric_only : bool, optional
            Whether other columns than those of numbers are left out.
        dropna : bool, optional
            Whether missing values do not count.
        split_every : optional
            Accepted for Dask's sake.

        Returns
        -------
        DataFrame

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 4], "y": [3.0, 2.0, 0.0]}), npartitions=2)
        >>> df.assign(x=1).mode().compute().x.tolist()[0]
        1.0
        """
        del split_every
        return modes(self, axis, numeric_only, dropna)

    def memory_usage(self, index: bool = True, deep: bool = False) -> Any:
        """Return how many bytes each column takes, of all partitions as objects of pandas'.

        Parameters
        ----------
        index : bool, optional
            Whether the index is there, too.
        deep : bool, optional
            Whether objects are looked into.

        Returns
        -------
        Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 4], "y": [3.0, 2.0, 0.0]}), npartitions=2)
        >>> df.memory_usage(index=False).compute().tolist()
        [24, 24]
        """
        return memory_of(self, index, deep)


class SeriesSummaries:
    """What series are summed up to."""

    __slots__ = ()

    def cov(self, other: Any, min_periods: int | None = None, ddof: int = 1, split_every: Any = False) -> Any:
        """Return the covariance with another series of the same rows.

        Parameters
        ----------
        other : Series
            The other one.
        min_periods : int, optional
            How many rows have to have both values.
        ddof : int, optional
            What is taken off the number of rows to divide by.
        split_every : optional
            Accepted for Dask's sake.

        Returns
        -------
        Scalar

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1, 2, 4, 8]), npartitions=2)
        >>> float(s.cov(s * 2).compute().round(2))
        19.17
        """
        del split_every
        return pair(self, other, "cov", "pearson", min_periods, ddof)

    def corr(
        self, other: Any, method: Any = "pearson", min_periods: int | None = None, split_every: Any = False
    ) -> Any:
        """Return the correlation with another series of the same rows.

        Parameters
        ----------
        other : Series
            The other one.
        method : {"pearson", "kendall", "spearman"} or callable, optional
            Which correlation: others than the first have all rows in one task.
        min_periods : int, optional
            How many rows have to have both values.
        split_every : optional
            Accepted for Dask's sake.

        Returns
        -------
        Scalar

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1, 2, 4, 8]), npartitions=2)
        >>> float(s.corr(s * 2).compute().round(2))
        1.0
        """
        del split_every
        return pair(self, other, "corr", method, min_periods, 1)

    def autocorr(self, lag: int = 1, split_every: Any = False) -> Any:
        """Return the correlation with itself, shifted.

        Parameters
        ----------
        lag : int, optional
            By how many rows.
        split_every : optional
            Accepted for Dask's sake.

        Returns
        -------
        Scalar

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1, 2, 4, 8]), npartitions=2)
        >>> float(s.autocorr().compute().round(2))
        1.0
        """
        del split_every
        shifted: Any = self
        return pair(self, shifted.shift(lag), "corr", "pearson", None, 1)

    def mode(self, dropna: bool = True, split_every: Any = False) -> Any:
        """Return the most frequent values. All values come together in one task.

        Parameters
        ----------
        dropna : bool, optional
            Whether missing values do not count.
        split_every : optional
            Accepted for Dask's sake.

        Returns
        -------
        Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> rd.from_pandas(pd.Series([1, 2, 2]), npartitions=2).mode().compute().tolist()
        [2]
        """
        del split_every
        return modes(self, 0, False, dropna)

    def memory_usage(self, index: bool = True, deep: bool = False) -> Any:
        """Return how many bytes all partitions take as objects of pandas'.

        Parameters
        ----------
        index : bool, optional
            Whether the index counts.
        deep : bool, optional
            Whether objects are looked into.

        Returns
        -------
        Scalar

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1, 2, 4, 8]), npartitions=2)
        >>> int(s.memory_usage(index=False).compute())
        32
        """
        return memory_of(self, index, deep)

    @property
    def is_monotonic_increasing(self) -> Any:
        """Whether no value is less than the one before it, a scalar.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1, 2, 4, 8]), npartitions=2)
        >>> bool(s.is_monotonic_increasing.compute())
        True
        """
        return in_order(self, True)

    @property
    def is_monotonic_decreasing(self) -> Any:
        """Whether no value is greater than the one before it, a scalar.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1, 2, 4, 8]), npartitions=2)
        >>> bool(s.is_monotonic_decreasing.compute())
        False
        """
        return in_order(self, False)
