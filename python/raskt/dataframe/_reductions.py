"""Reductions of dataframes and series: partial results of partitions, put together in a tree."""

from __future__ import annotations

from typing import Any

from raskt._lazy import late
from raskt.dataframe._op import changed, method, op, reduction
from raskt.dataframe._parameters import labels

__all__ = ["Reductions"]

extremes: Any = late("raskt.dataframe._statistics", "extremes")
numbers_of: Any = late("raskt.dataframe._statistics", "numbers_of")
shape: Any = late("raskt.dataframe._statistics", "shape")


def reduced(frame: Any, name: str, axis: Any, split_every: Any, **kwargs: Any) -> Any:
    """Ask for a reduction along an axis."""
    if split_every not in (None, False, True) and (type(split_every) is not int or split_every < 2):
        raise ValueError(f"split_every must be a whole number of 2 or more, or False, found {split_every!r}")
    if kwargs.pop("numeric_only", False) and frame._expr.kind == "frame":
        frame = op("columns", (frame,), {"labels": labels(frame._meta._get_numeric_data().columns)})
    if axis in (1, "columns"):
        if frame._expr.kind != "frame":
            raise ValueError(f"No axis named {axis} for object type Series")
        return method(frame, name, axis=1, **kwargs)
    if axis not in (0, "index", "rows", None):
        raise ValueError(f"No axis named {axis!r} for object type {type(frame).__name__}")
    if axis is None and frame._expr.kind == "frame" and name in ("any", "all", "sum", "prod", "min", "max"):
        return reduction(reduction(frame, name, **kwargs), name)
    tree = shape(frame, name, kwargs) if name in ("sem", "skew", "kurt") else None
    return reduction(frame, name, **kwargs) if tree is None else tree


def extreme(frame: Any, name: str, axis: Any, skipna: bool, numeric_only: bool, split_every: Any) -> Any:
    """Ask for the labels at which the least or greatest values are."""
    if axis in (0, "index", "rows"):
        return extremes(numbers_of(frame) if numeric_only else frame, name, skipna)
    given = changed(skipna=(skipna, True), numeric_only=(numeric_only, False))
    return reduced(frame, name, axis, split_every, **given)


class Reductions:
    """What frames and series reduce their rows to."""

    __slots__ = ()

    def sum(
        self,
        axis: Any = 0,
        skipna: bool = True,
        numeric_only: bool = False,
        min_count: int = 0,
        split_every: Any = False,
    ) -> Any:
        """Return sums.

        Parameters
        ----------
        axis : {0, 1, "index", "columns", None}, optional
            0 reduces the rows: the result has a value for each column. 1 reduces each row.
        skipna : bool, optional
            Whether missing values are left out.
        numeric_only : bool, optional
            Whether other columns than those of numbers are left out.
        min_count : int, optional
            How many values have to be there for a result that is not missing.
        split_every : int or bool, optional
            Accepted for Dask's sake: partial results are combined 16 at a time.

        Returns
        -------
        Scalar or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 4], "y": [0.5, None, 1.5]}), npartitions=2)
        >>> df.sum().compute().tolist()
        [7.0, 2.0]
        """
        return reduced(
            self,
            "sum",
            axis,
            split_every,
            **changed(skipna=(skipna, True), numeric_only=(numeric_only, False), min_count=(min_count, 0)),
        )

    def prod(
        self,
        axis: Any = 0,
        skipna: bool = True,
        numeric_only: bool = False,
        min_count: int = 0,
        split_every: Any = False,
    ) -> Any:
        """Return products.

        Parameters
        ----------
        axis : {0, 1, "index", "columns", None}, optional
            0 reduces the rows: the result has a value for each column. 1 reduces each row.
        skipna : bool, optional
            Whether missing values are left out.
        numeric_only : bool, optional
            Whether other columns than those of numbers are left out.
        min_count : int, optional
            How many values have to be there for a result that is not missing.
        split_every : int or bool, optional
            Accepted for Dask's sake: partial results are combined 16 at a time.

        Returns
        -------
        Scalar or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 4], "y": [0.5, None, 1.5]}), npartitions=2)
        >>> df.prod().compute().tolist()
        [8.0, 0.75]
        """
        return reduced(
            self,
            "prod",
            axis,
            split_every,
            **changed(skipna=(skipna, True), numeric_only=(numeric_only, False), min_count=(min_count, 0)),
        )

    def product(
        self,
        axis: Any = 0,
        skipna: bool = True,
        numeric_only: bool = False,
        min_count: int = 0,
        split_every: Any = False,
    ) -> Any:
        """Return products: `prod` under its other name.

        Parameters
        ----------
        axis : {0, 1, "index", "columns", None}, optional
            0 reduces the rows: the result has a value for each column. 1 reduces each row.
        skipna : bool, optional
            Whether missing values are left out.
        numeric_only : bool, optional
            Whether other columns than those of numbers are left out.
        min_count : int, optional
            How many values have to be there for a result that is not missing.
        split_every : int or bool, optional
            Accepted for Dask's sake: partial results are combined 16 at a time.

        Returns
        -------
        Scalar or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 4], "y": [0.5, None, 1.5]}), npartitions=2)
        >>> df.product().compute().tolist()
        [8.0, 0.75]
        """
        return reduced(
            self,
            "prod",
            axis,
            split_every,
            **changed(skipna=(skipna, True), numeric_only=(numeric_only, False), min_count=(min_count, 0)),
        )

    def min(
        self, axis: Any = 0, skipna: bool = True, numeric_only: bool = False, split_every: Any = False
    ) -> Any:
        """Return the least values.

        Parameters
        ----------
        axis : {0, 1, "index", "columns", None}, optional
            0 reduces the rows: the result has a value for each column. 1 reduces each row.
        skipna : bool, optional
            Whether missing values are left out.
        numeric_only : bool, optional
            Whether other columns than those of numbers are left out.
        split_every : int or bool, optional
            Accepted for Dask's sake: partial results are combined 16 at a time.

        Returns
        -------
        Scalar or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 4], "y": [0.5, None, 1.5]}), npartitions=2)
        >>> df.min().compute().tolist()
        [1.0, 0.5]
        """
        return reduced(
            self,
            "min",
            axis,
            split_every,
            **changed(skipna=(skipna, True), numeric_only=(numeric_only, False)),
        )

    def max(
        self, axis: Any = 0, skipna: bool = True, numeric_only: bool = False, split_every: Any = False
    ) -> Any:
        """Return the greatest values.

        Parameters
        ----------
        axis : {0, 1, "index", "columns", None}, optional
            0 reduces the rows: the result has a value for each column. 1 reduces each row.
        skipna : bool, optional
            Whether missing values are left out.
        numeric_only : bool, optional
            Whether other columns than those of numbers are left out.
        split_every : int or bool, optional
            Accepted for Dask's sake: partial results are combined 16 at a time.

        Returns
        -------
        Scalar or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 4], "y": [0.5, None, 1.5]}), npartitions=2)
        >>> df.max().compute().tolist()
        [4.0, 1.5]
        """
        return reduced(
            self,
            "max",
            axis,
            split_every,
            **changed(skipna=(skipna, True), numeric_only=(numeric_only, False)),
        )

    def count(self, axis: Any = 0, numeric_only: bool = False, split_every: Any = False) -> Any:
        """Return how many values are there.

        Parameters
        ----------
        axis : {0, 1, "index", "columns", None}, optional
            0 reduces the rows: the result has a value for each column. 1 reduces each row.
        numeric_only : bool, optional
            Whether other columns than those of numbers are left out.
        split_every : int or bool, optional
            Accepted for Dask's sake: partial results are combined 16 at a time.

        Returns
        -------
        Scalar or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 4], "y": [0.5, None, 1.5]}), npartitions=2)
        >>> df.count().compute().tolist()
        [3, 2]
        """
        return reduced(self, "count", axis, split_every, **changed(numeric_only=(numeric_only, False)))

    def mean(
        self, axis: Any = 0, skipna: bool = True, numeric_only: bool = False, split_every: Any = False
    ) -> Any:
        """Return arithmetic means.

        Parameters
        ----------
        axis : {0, 1, "index", "columns", None}, optional
            0 reduces the rows: the result has a value for each column. 1 reduces each row.
        skipna : bool, optional
            Whether missing values are left out.
        numeric_only : bool, optional
            Whether other columns than those of numbers are left out.
        split_every : int or bool, optional
            Accepted for Dask's sake: partial results are combined 16 at a time.

        Returns
        -------
        Scalar or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 4], "y": [0.5, None, 1.5]}), npartitions=2)
        >>> df.mean().compute().round(2).tolist()
        [2.33, 1.0]
        """
        return reduced(
            self,
            "mean",
            axis,
            split_every,
            **changed(skipna=(skipna, True), numeric_only=(numeric_only, False)),
        )

    def var(
        self,
        axis: Any = 0,
        skipna: bool = True,
        ddof: int = 1,
        numeric_only: bool = False,
        split_every: Any = False,
    ) -> Any:
        """Return variances.

        Parameters
        ----------
        axis : {0, 1, "index", "columns", None}, optional
            0 reduces the rows: the result has a value for each column. 1 reduces each row.
        skipna : bool, optional
            Whether missing values are left out.
        ddof : int, optional
            What is taken off the number of values to divide by.
        numeric_only : bool, optional
            Whether other columns than those of numbers are left out.
        split_every : int or bool, optional
            Accepted for Dask's sake: partial results are combined 16 at a time.

        Returns
        -------
        Scalar or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 4], "y": [0.5, None, 1.5]}), npartitions=2)
        >>> df.var().compute().round(2).tolist()
        [2.33, 0.5]
        """
        return reduced(
            self,
            "var",
            axis,
            split_every,
            **changed(skipna=(skipna, True), ddof=(ddof, 1), numeric_only=(numeric_only, False)),
        )

    def std(
        self,
        axis: Any = 0,
        skipna: bool = True,
        ddof: int = 1,
        numeric_only: bool = False,
        split_every: Any = False,
    ) -> Any:
        """Return standard deviations.

        Parameters
        ----------
        axis : {0, 1, "index", "columns", None}, optional
            0 reduces the rows: the result has a value for each column. 1 reduces each row.
        skipna : bool, optional
            Whether missing values are left out.
        ddof : int, optional
            What is taken off the number of values to divide by.
        numeric_only : bool, optional
            Whether other columns than those of numbers are left out.
        split_every : int or bool, optional
            Accepted for Dask's sake: partial results are combined 16 at a time.

        Returns
        -------
        Scalar or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 4], "y": [0.5, None, 1.5]}), npartitions=2)
        >>> df.std().compute().round(2).tolist()
        [1.53, 0.71]
        """
        return reduced(
            self,
            "std",
            axis,
            split_every,
            **changed(skipna=(skipna, True), ddof=(ddof, 1), numeric_only=(numeric_only, False)),
        )

    def sem(
        self,
        axis: Any = 0,
        skipna: bool = True,
        ddof: int = 1,
        numeric_only: bool = False,
        split_every: Any = False,
    ) -> Any:
        """Return standard errors of the mean.

        Parameters
        ----------
        axis : {0, 1, "index", "columns", None}, optional
            0 reduces the rows: the result has a value for each column. 1 reduces each row.
        skipna : bool, optional
            Whether missing values are left out.
        ddof : int, optional
            What is taken off the number of values to divide by.
        numeric_only : bool, optional
            Whether other columns than those of numbers are left out.
        split_every : int or bool, optional
            Accepted for Dask's sake: partial results are combined 16 at a time.

        Returns
        -------
        Scalar or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 4], "y": [0.5, None, 1.5]}), npartitions=2)
        >>> df.sem().compute().round(2).tolist()
        [0.88, 0.5]
        """
        return reduced(
            self,
            "sem",
            axis,
            split_every,
            **changed(skipna=(skipna, True), ddof=(ddof, 1), numeric_only=(numeric_only, False)),
        )

    def skew(
        self, axis: Any = 0, skipna: bool = True, numeric_only: bool = False, split_every: Any = False
    ) -> Any:
        """Return the skewness, corrected for the number of values.

        Parameters
        ----------
        axis : {0, 1, "index", "columns", None}, optional
            0 reduces the rows: the result has a value for each column. 1 reduces each row.
        skipna : bool, optional
            Whether missing values are left out.
        numeric_only : bool, optional
            Whether other columns than those of numbers are left out.
        split_every : int or bool, optional
            Accepted for Dask's sake: partial results are combined 16 at a time.

        Returns
        -------
        Scalar or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 4], "y": [0.5, None, 1.5]}), npartitions=2)
        >>> round(float(df.x.skew().compute()), 2)
        0.94
        """
        return reduced(
            self,
            "skew",
            axis,
            split_every,
            **changed(skipna=(skipna, True), numeric_only=(numeric_only, False)),
        )

    def kurt(
        self, axis: Any = 0, skipna: bool = True, numeric_only: bool = False, split_every: Any = False
    ) -> Any:
        """Return the excess kurtosis, corrected for the number of values.

        Parameters
        ----------
        axis : {0, 1, "index", "columns", None}, optional
            0 reduces the rows: the result has a value for each column. 1 reduces each row.
        skipna : bool, optional
            Whether missing values are left out.
        numeric_only : bool, optional
            Whether other columns than those of numbers are left out.
        split_every : int or bool, optional
            Accepted for Dask's sake: partial results are combined 16 at a time.

        Returns
        -------
        Scalar or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 4], "y": [0.5, None, 1.5]}), npartitions=2)
        >>> s = rd.from_pandas(pd.Series([1.0, 2.0, 4.0, 8.0]), npartitions=2)
        >>> round(float(s.kurt().compute()), 2)
        0.76
        """
        return reduced(
            self,
            "kurt",
            axis,
            split_every,
            **changed(skipna=(skipna, True), numeric_only=(numeric_only, False)),
        )

    def kurtosis(
        self, axis: Any = 0, skipna: bool = True, numeric_only: bool = False, split_every: Any = False
    ) -> Any:
        """Return the excess kurtosis: `kurt` under its other name.

        Parameters
        ----------
        axis : {0, 1, "index", "columns", None}, optional
            0 reduces the rows: the result has a value for each column. 1 reduces each row.
        skipna : bool, optional
            Whether missing values are left out.
        numeric_only : bool, optional
            Whether other columns than those of numbers are left out.
        split_every : int or bool, optional
            Accepted for Dask's sake: partial results are combined 16 at a time.

        Returns
        -------
        Scalar or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 4], "y": [0.5, None, 1.5]}), npartitions=2)
        >>> s = rd.from_pandas(pd.Series([1.0, 2.0, 4.0, 8.0]), npartitions=2)
        >>> round(float(s.kurtosis().compute()), 2)
        0.76
        """
        return reduced(
            self,
            "kurt",
            axis,
            split_every,
            **changed(skipna=(skipna, True), numeric_only=(numeric_only, False)),
        )

    def median(
        self, axis: Any = 0, skipna: bool = True, numeric_only: bool = False, split_every: Any = False
    ) -> Any:
        """Return medians. All values of the columns come together in one task.

        Parameters
        ----------
        axis : {0, 1, "index", "columns", None}, optional
            0 reduces the rows: the result has a value for each column. 1 reduces each row.
        skipna : bool, optional
            Whether missing values are left out.
        numeric_only : bool, optional
            Whether other columns than those of numbers are left out.
        split_every : int or bool, optional
            Accepted for Dask's sake: partial results are combined 16 at a time.

        Returns
        -------
        Scalar or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 4], "y": [0.5, None, 1.5]}), npartitions=2)
        >>> df.median().compute().tolist()
        [2.0, 1.0]
        """
        return reduced(
            self,
            "median",
            axis,
            split_every,
            **changed(skipna=(skipna, True), numeric_only=(numeric_only, False)),
        )

    def any(self, axis: Any = 0, skipna: bool = True, split_every: Any = False) -> Any:
        """Return whether any value is true.

        Parameters
        ----------
        axis : {0, 1, "index", "columns", None}, optional
            0 reduces the rows: the result has a value for each column. 1 reduces each row.
        skipna : bool, optional
            Whether missing values are left out.
        split_every : int or bool, optional
            Accepted for Dask's sake: partial results are combined 16 at a time.

        Returns
        -------
        Scalar or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 4], "y": [0.5, None, 1.5]}), npartitions=2)
        >>> df.any().compute().tolist()
        [True, True]
        """
        return reduced(self, "any", axis, split_every, **changed(skipna=(skipna, True)))

    def all(self, axis: Any = 0, skipna: bool = True, split_every: Any = False) -> Any:
        """Return whether all values are true.

        Parameters
        ----------
        axis : {0, 1, "index", "columns", None}, optional
            0 reduces the rows: the result has a value for each column. 1 reduces each row.
        skipna : bool, optional
            Whether missing values are left out.
        split_every : int or bool, optional
            Accepted for Dask's sake: partial results are combined 16 at a time.

        Returns
        -------
        Scalar or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 4], "y": [0.5, None, 1.5]}), npartitions=2)
        >>> df.all().compute().tolist()
        [True, True]
        """
        return reduced(self, "all", axis, split_every, **changed(skipna=(skipna, True)))

    def idxmin(
        self, axis: Any = 0, skipna: bool = True, numeric_only: bool = False, split_every: Any = False
    ) -> Any:
        """Return the labels of the index at which the least values are.

        Parameters
        ----------
        axis : {0, 1, "index", "columns", None}, optional
            0 reduces the rows: the result has a value for each column. 1 reduces each row.
        skipna : bool, optional
            Whether missing values are left out.
        numeric_only : bool, optional
            Whether other columns than those of numbers are left out.
        split_every : int or bool, optional
            Accepted for Dask's sake: partial results are combined 16 at a time.

        Returns
        -------
        Scalar or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 4], "y": [0.5, None, 1.5]}), npartitions=2)
        >>> int(df.x.idxmin().compute())
        0
        """
        return extreme(self, "idxmin", axis, skipna, numeric_only, split_every)

    def idxmax(
        self, axis: Any = 0, skipna: bool = True, numeric_only: bool = False, split_every: Any = False
    ) -> Any:
        """Return the labels of the index at which the greatest values are.

        Parameters
        ----------
        axis : {0, 1, "index", "columns", None}, optional
            0 reduces the rows: the result has a value for each column. 1 reduces each row.
        skipna : bool, optional
            Whether missing values are left out.
        numeric_only : bool, optional
            Whether other columns than those of numbers are left out.
        split_every : int or bool, optional
            Accepted for Dask's sake: partial results are combined 16 at a time.

        Returns
        -------
        Scalar or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 4], "y": [0.5, None, 1.5]}), npartitions=2)
        >>> int(df.x.idxmax().compute())
        2
        """
        return extreme(self, "idxmax", axis, skipna, numeric_only, split_every)
