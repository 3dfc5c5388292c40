"""Methods of frames and series that are about times."""

from __future__ import annotations

from typing import Any

from raskt._lazy import late
from raskt.dataframe._op import changed

__all__ = ["TimeMethods"]

at_frequency: Any = late("raskt.dataframe._times", "at_frequency")
before_times: Any = late("raskt.dataframe._times", "before")
end_label: Any = late("raskt.dataframe._times", "end_label")
in_zone: Any = late("raskt.dataframe._times", "in_zone")
moved_zone: Any = late("raskt.dataframe._times", "moved_zone")
resampled: Any = late("raskt.dataframe.resampling", "resampled")
times_of_day: Any = late("raskt.dataframe._times", "times_of_day")
to_periods: Any = late("raskt.dataframe._times", "to_periods")
truncated: Any = late("raskt.dataframe._times", "truncated")


class TimeMethods:
    """What frames and series do by times."""

    __slots__ = ()

    def resample(
        self,
        rule: Any,
        closed: Any = None,
        label: Any = None,
        on: Any = None,
        level: Any = None,
        origin: Any = "start_day",
        offset: Any = None,
        group_keys: bool = False,
        convention: str = "start",
    ) -> Any:
        """Return bins of time.

        Parameters
        ----------
        rule : str or offset
            How long bins are.
        closed, label : {"right", "left"}, optional
            Which end belongs to a bin, and by which end it is called.
        on : label, optional
            The column of times, instead of the index.
        level : None
            Not there: a level of the index.
        origin : {"start_day", "start", "epoch", "end", "end_day"} or Timestamp, optional
            From where bins are counted.
        offset : timedelta, optional
            What is added to that.
        group_keys : bool, optional
            Whether `apply` puts the labels of bins into the index.
        convention : {"start"}, optional
            Of periods, which are not there: `to_timestamp` makes times of them.

        Returns
        -------
        Resampler

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1, 2, 4], index=pd.date_range("2013", periods=3)), npartitions=2)
        >>> s.resample("2D").max().compute().tolist()
        [2, 4]
        """
        if convention not in ("start", "s"):
            raise NotImplementedError(f"resample(convention={convention!r}), of periods: to_timestamp(how=)")
        given = changed(origin=(origin, "start_day"), offset=(offset, None), group_keys=(group_keys, False))
        return resampled(self, rule, on, level, closed=closed, label=label, **given)

    def at_time(self, time: Any, asof: bool = False, axis: Any = None) -> Any:
        """Return the rows at a time of the day.

        Parameters
        ----------
        time : datetime.time or str
            The time.
        asof : bool, optional
            Not there: pandas has none of it either.
        axis : {0, "index"}, optional
            The rows.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> times = pd.date_range("2013", periods=4, freq="12h")
        >>> s = rd.from_pandas(pd.Series([1, 2, 3, 4], index=times), npartitions=2)
        >>> s.at_time("12:00").compute().tolist()
        [2, 4]
        """
        return times_of_day(self, "at_time", (time,), axis, changed(asof=(asof, False)))

    def between_time(self, start_time: Any, end_time: Any, inclusive: str = "both", axis: Any = None) -> Any:
        """Return the rows between two times of the day; past midnight, where the second one is earlier.

        Parameters
        ----------
        start_time, end_time : datetime.time or str
            The times.
        inclusive : {"both", "neither", "left", "right"}, optional
            Which of them count.
        axis : {0, "index"}, optional
            The rows.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> times = pd.date_range("2013", periods=4, freq="6h")
        >>> s = rd.from_pandas(pd.Series([1, 2, 3, 4], index=times), npartitions=2)
        >>> s.between_time("05:00", "13:00").compute().tolist()
        [2, 3]
        """
        named = changed(inclusive=(inclusive, "both"))
        return times_of_day(self, "between_time", (start_time, end_time), axis, named)

    def asof(self, where: Any, subset: Any = None) -> Any:
        """Return the last values that are there at or before some times, of an index that ascends.

        Parameters
        ----------
        where : label or list of labels
            The times, or other labels.
        subset : label or list, optional
            The columns whose values have to be there: all of them.

        Returns
        -------
        Scalar, Series or DataFrame

        Raises
        ------
        ValueError
            If the index does not ascend, when it is computed.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1.0, None, 4.0], index=[10, 20, 30]), npartitions=3)
        >>> s.asof([5, 25, 40]).compute().tolist()
        [nan, 1.0, 4.0]
        """
        return before_times(self, where, subset)

    def asfreq(
        self, freq: Any, method: Any = None, how: Any = None, normalize: bool = False, fill_value: Any = None
    ) -> Any:
        """Return the rows at the times of a frequency; all come together in one task.

        Parameters
        ----------
        freq : str or offset
            The frequency.
        method : {None, "ffill", "bfill"}, optional
            Which row stands for times that there are not.
        how : {"start", "end"}, optional
            Of an index of periods.
        normalize : bool, optional
            Whether times become midnights.
        fill_value : scalar, optional
            What stands for values that there are not.

        Returns
        -------
        DataFrame or Series
            Of one partition.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> times = pd.to_datetime(["2013-01-01", "2013-01-03"])
        >>> s = rd.from_pandas(pd.Series([1, 2], index=times), npartitions=2)
        >>> s.asfreq("D", fill_value=0).compute().tolist()
        [1, 0, 2]
        """
        named = changed(method=(method, None), how=(how, None), normalize=(normalize, False))
        return at_frequency(self, freq, named | changed(fill_value=(fill_value, None)))

    def truncate(self, before: Any = None, after: Any = None, axis: Any = None) -> Any:
        """Return the rows, or columns, whose labels lie between two, both included.

        Parameters
        ----------
        before, after : label, optional
            The labels.
        axis : {0, 1, "index", "columns"}, optional
            Rows or columns.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> rd.from_pandas(pd.Series([5, 6, 7]), npartitions=2).truncate(after=1).compute().tolist()
        [5, 6]
        """
        return truncated(self, before, after, axis)

    def tz_convert(self, tz: Any, axis: Any = 0, level: Any = None) -> Any:
        """Return the rows with the times of the index in another zone.

        Parameters
        ----------
        tz : str or tzinfo
            The zone; None for UTC without a zone.
        axis : {0, "index"}, optional
            The rows.
        level : None
            Not there: a level of the index.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> times = pd.date_range("2013", periods=2, tz="UTC")
        >>> s = rd.from_pandas(pd.Series([1, 2], index=times), npartitions=2).tz_convert("Asia/Tokyo")
        >>> s.index.compute()[0].hour
        9
        """
        return in_zone(self, tz, axis, level)

    def tz_localize(
        self, tz: Any, axis: Any = 0, level: Any = None, ambiguous: Any = "raise", nonexistent: Any = "raise"
    ) -> Any:
        """Return the rows with the times of the index taken as those of a zone.

        Parameters
        ----------
        tz : str or tzinfo
            The zone; None takes the zone away.
        axis : {0, "index"}, optional
            The rows.
        level : None
            Not there: a level of the index.
        ambiguous : {"raise", "NaT"} or bool, optional
            Which of two times it is, where clocks are put back; True for the first.
        nonexistent : {"raise", "NaT", "shift_forward", "shift_backward"} or timedelta, optional
            What becomes of times that there are not, where clocks are put forward.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1], index=pd.to_datetime(["2013-07-01"])), npartitions=1)
        >>> s.tz_localize("Europe/Oslo").index.compute()[0].isoformat()
        '2013-07-01T00:00:00+02:00'
        """
        return moved_zone(self, tz, axis, level, ambiguous, nonexistent)

    def to_period(self, freq: Any = None, axis: Any = 0) -> Any:
        """Return the rows with periods instead of times as the index.

        Parameters
        ----------
        freq : str
            How long periods are.
        axis : {0, "index"}, optional
            The rows.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1], index=pd.to_datetime(["2013-07-01"])), npartitions=1)
        >>> str(s.to_period("M").compute().index[0])
        '2013-07'
        """
        return to_periods(self, freq, axis)

    def first_valid_index(self) -> Any:
        """Return the label of the first row with a value that is there: a scalar to be computed.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> int(rd.from_pandas(pd.Series([None, 6.0]), npartitions=2).first_valid_index().compute())
        1
        """
        return end_label(self, "first_valid_index")

    def last_valid_index(self) -> Any:
        """Return the label of the last row with a value that is there: a scalar to be computed.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> int(rd.from_pandas(pd.Series([6.0, None]), npartitions=2).last_valid_index().compute())
        0
        """
        return end_label(self, "last_valid_index")
