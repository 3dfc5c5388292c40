"""Methods of dataframes and series that look at rows before and behind."""

from __future__ import annotations

from typing import Any

from raskt._lazy import late
from raskt.dataframe._metas import no_default
from raskt.dataframe._op import changed

__all__ = ["OrderedMethods"]

accumulated: Any = late("raskt.dataframe.windows", "accumulated")
shifted: Any = late("raskt.dataframe.windows", "shifted")
filled: Any = late("raskt.dataframe.windows", "filled")
rolled: Any = late("raskt.dataframe.windows", "rolled")
map_overlap_of: Any = late("raskt.dataframe.windows", "map_overlap")


class OrderedMethods:
    """What frames and series do in the order of their rows."""

    __slots__ = ()

    def cumsum(self, axis: Any = 0, skipna: bool = True) -> Any:
        """Return the sum of all values up to each.

        Partitions are worked on at once; what they begin with is carried from one to the next.

        Parameters
        ----------
        axis : {0, 1, "index", "columns"}, optional
            0 goes along the rows, 1 along the columns.
        skipna : bool, optional
            Whether missing values are passed by.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([2, 3, 1]), npartitions=3)
        >>> s.cumsum().compute().tolist()
        [2, 5, 6]
        """
        return accumulated(self, "cumsum", axis, skipna)

    def cumprod(self, axis: Any = 0, skipna: bool = True) -> Any:
        """Return the product of all values up to each.

        Partitions are worked on at once; what they begin with is carried from one to the next.

        Parameters
        ----------
        axis : {0, 1, "index", "columns"}, optional
            0 goes along the rows, 1 along the columns.
        skipna : bool, optional
            Whether missing values are passed by.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([2, 3, 1]), npartitions=3)
        >>> s.cumprod().compute().tolist()
        [2, 6, 6]
        """
        return accumulated(self, "cumprod", axis, skipna)

    def cummin(self, axis: Any = 0, skipna: bool = True) -> Any:
        """Return the least of all values up to each.

        Partitions are worked on at once; what they begin with is carried from one to the next.

        Parameters
        ----------
        axis : {0, 1, "index", "columns"}, optional
            0 goes along the rows, 1 along the columns.
        skipna : bool, optional
            Whether missing values are passed by.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([2, 3, 1]), npartitions=3)
        >>> s.cummin().compute().tolist()
        [2, 2, 1]
        """
        return accumulated(self, "cummin", axis, skipna)

    def cummax(self, axis: Any = 0, skipna: bool = True) -> Any:
        """Return the greatest of all values up to each.

        Partitions are worked on at once; what they begin with is carried from one to the next.

        Parameters
        ----------
        axis : {0, 1, "index", "columns"}, optional
            0 goes along the rows, 1 along the columns.
        skipna : bool, optional
            Whether missing values are passed by.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([2, 3, 1]), npartitions=3)
        >>> s.cummax().compute().tolist()
        [2, 3, 3]
        """
        return accumulated(self, "cummax", axis, skipna)

    def shift(self, periods: int = 1, freq: Any = None, axis: Any = 0, fill_value: Any = no_default) -> Any:
        """Move values to other rows, or the index by a frequency.

        Parameters
        ----------
        periods : int, optional
            By how many rows; up, if negative.
        freq : str or offset, optional
            What the index is moved by, instead of the values. Divisions are not known then.
        axis : {0, 1, "index", "columns"}, optional
            0 moves along the rows, 1 along the columns.
        fill_value : scalar, optional
            What stands where no value comes to.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1, 2, 3]), npartitions=2)
        >>> s.shift(1, fill_value=0).compute().tolist()
        [0, 1, 2]
        """
        return shifted(self, "shift", periods, axis, changed(fill_value=(fill_value, no_default)), freq)

    def diff(self, periods: int = 1, axis: Any = 0) -> Any:
        """Return the differences from values of other rows.

        Parameters
        ----------
        periods : int, optional
            How many rows before they are; behind, if negative.
        axis : {0, 1, "index", "columns"}, optional
            0 goes along the rows, 1 along the columns.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> rd.from_pandas(pd.Series([1, 4, 9]), npartitions=2).diff().compute().tolist()
        [nan, 3.0, 5.0]
        """
        return shifted(self, "diff", periods, axis, {})

    def pct_change(self, periods: int = 1, fill_method: None = None, freq: Any = None) -> Any:
        """Return by which share values differ from those of other rows.

        Parameters
        ----------
        periods : int, optional
            How many rows before they are; behind, if negative.
        fill_method : None, optional
            Nothing is filled, as in pandas 3.
        freq : None, optional
            Not there: `shift` moves the index by a frequency.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> rd.from_pandas(pd.Series([1.0, 4.0, 5.0]), npartitions=2).pct_change().compute().tolist()
        [nan, 3.0, 0.25]
        """
        if fill_method is not None:
            raise ValueError(f"fill_method must be None; got fill_method={fill_method!r}.")
        if freq is not None:
            raise NotImplementedError("pct_change by a frequency: divide by x.shift(freq=freq)")
        frame: Any = self
        return frame / frame.shift(periods) - 1

    def ffill(self, *, axis: Any = 0, limit: int | None = None, limit_area: Any = None) -> Any:
        """Fill missing values with the last value before that is there.

        Parameters
        ----------
        axis : {0, 1, "index", "columns"}, optional
            0 goes along the rows, 1 along the columns.
        limit : int, optional
            How many missing values in a row are filled.
        limit_area : None, optional
            Not there along the rows: whether a gap has values on both sides is a question of all partitions.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> rd.from_pandas(pd.Series([1.0, None, 3.0]), npartitions=3).ffill().compute().tolist()
        [1.0, 1.0, 3.0]
        """
        return filled(self, "ffill", axis, limit, limit_area)

    def bfill(self, *, axis: Any = 0, limit: int | None = None, limit_area: Any = None) -> Any:
        """Fill missing values with the next value behind that is there.

        Parameters
        ----------
        axis : {0, 1, "index", "columns"}, optional
            0 goes along the rows, 1 along the columns.
        limit : int, optional
            How many missing values in a row are filled.
        limit_area : None, optional
            Not there along the rows: whether a gap has values on both sides is a question of all partitions.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> rd.from_pandas(pd.Series([1.0, None, 3.0]), npartitions=3).bfill().compute().tolist()
        [1.0, 3.0, 3.0]
        """
        return filled(self, "bfill", axis, limit, limit_area)

    def map_overlap(
        self, func: Any, before: Any, after: Any, *args: Any, meta: Any = no_default, **kwargs: Any
    ) -> Any:
        """Call a function on every partition together with rows of its neighbours.

        Parameters
        ----------
        func : callable
            The function, whose first argument are the rows.
        before, after : int, timedelta or str
            How many rows before and behind a partition come with it, or how far they may be from its ends.
        *args, **kwargs
            Further arguments, and keywords of `raskt.dataframe.map_overlap`.
        meta : object, optional
            What comes out.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1, 2, 4]), npartitions=3)
        >>> s.map_overlap(lambda part: part - part.shift(-1), 0, 1).compute().tolist()
        [-1.0, -2.0, nan]
        """
        return map_overlap_of(func, self, before, after, *args, meta=meta, **kwargs)

    def rolling(
        self,
        window: Any,
        min_periods: int | None = None,
        center: bool = False,
        win_type: str | None = None,
        on: Any = None,
        closed: str | None = None,
        step: int | None = None,
    ) -> Any:
        """Return windows over rows before each, or over spans of time.

        Parameters
        ----------
        window : int, timedelta or str
            How many rows a window has, or how much time.
        min_periods : int, optional
            How many values have to be there for a result.
        center : bool, optional
            Whether a row is in the middle of its window.
        win_type : str, optional
            Weights, as in pandas.
        on : label, optional
            The column of times, instead of the index.
        closed : {"right", "left", "both", "neither"}, optional
            Which ends belong to a window.
        step : None, optional
            Not there: windows are those of all rows.

        Returns
        -------
        Rolling

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1, 2, 3, 4]), npartitions=2)
        >>> s.rolling(3, min_periods=1).max().compute().tolist()
        [1.0, 2.0, 3.0, 4.0]
        """
        return rolled(
            self,
            window,
            min_periods=min_periods,
            center=center,
            win_type=win_type,
            on=on,
            closed=closed,
            step=step,
        )
