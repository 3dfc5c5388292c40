"""`Index`: the labels of the rows of a frame."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from raskt.dataframe._frame import Frame
from raskt.dataframe._op import call, method, op, reduction
from raskt.dataframe._operators import Operators
from raskt.dataframe._refusals import refusing

if TYPE_CHECKING:
    from raskt.dataframe.core import DataFrame, Scalar, Series

__all__ = ["Index"]

#: What an index of times has label by label.
_OF_TIMES = (
    *("date", "day", "day_of_week", "day_of_year", "dayofweek", "dayofyear", "days", "days_in_month"),
    *("daysinmonth", "end_time", "hour", "is_leap_year", "is_month_end", "is_month_start", "is_quarter_end"),
    *("is_quarter_start", "is_year_end", "is_year_start", "microsecond", "microseconds", "minute", "month"),
    *("nanosecond", "nanoseconds", "quarter", "qyear", "second", "seconds", "start_time", "time", "timetz"),
    *("weekday", "year"),
)
#: And the functions of its labels.
_FUNCTIONS_OF_TIMES = (
    *("as_unit", "asfreq", "ceil", "day_name", "floor", "isocalendar", "month_name", "normalize", "round"),
    *("strftime", "to_period", "to_timestamp", "total_seconds", "tz_convert", "tz_localize"),
)


@refusing
class Index(Operators, Frame):
    """The labels of the rows of a frame or series.

    Examples
    --------
    >>> import pandas as pd
    >>> import raskt.dataframe as rd
    >>> index = rd.from_pandas(pd.Series([5, 6], index=[3, 4]), npartitions=2).index
    >>> index.max().compute()
    np.int64(4)
    """

    __slots__ = ()

    @property
    def name(self) -> Any:
        """The name of the index."""
        return self._meta.name

    @property
    def names(self) -> Any:
        """The names of the levels."""
        return self._meta.names

    @property
    def dtype(self) -> Any:
        """The dtype of the labels."""
        return self._meta.dtype

    def __len__(self) -> int:
        lengths = self._expr.lengths
        if None not in lengths:
            return sum(length or 0 for length in lengths)
        return int(op("reduce", (self,), {"name": "size"}).compute())

    def to_series(self) -> Series:
        """Return the labels as a series, whose index they are.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> index = rd.from_pandas(pd.Series([5, 6], index=[3, 4]), npartitions=2).index
        >>> index.to_series().compute().tolist()
        [3, 4]
        """
        found: Series = method(self, "to_series")
        return found

    def to_frame(self, index: bool = True, name: Any = None) -> DataFrame:
        """Return the labels as a column.

        Parameters
        ----------
        index : bool, optional
            Whether they are the index of the frame, too.
        name : label, optional
            The name of the column.

        Returns
        -------
        DataFrame

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> index = rd.from_pandas(pd.Series([5, 6], index=[3, 4]), npartitions=2).index
        >>> index.to_frame(name="i").compute().i.tolist()
        [3, 4]
        """
        named: dict[Any, Any] = {} if name is None else {"name": name}
        if not index:
            named["index"] = False
        found: DataFrame = method(self, "to_frame", **named)
        return found

    def isin(self, values: Any) -> Series:
        """Return where labels are among others, as a series over this index.

        Parameters
        ----------
        values : list-like
            The others.

        Returns
        -------
        Series
        """
        found: Series = method(self, "isin", values)
        return found

    def min(self) -> Scalar:
        """Return the least label."""
        found: Scalar = self.to_series().min()
        return found

    def max(self) -> Scalar:
        """Return the greatest label."""
        found: Scalar = self.to_series().max()
        return found

    def nunique(self, dropna: bool = True) -> Scalar:
        """Return how many different labels there are.

        Parameters
        ----------
        dropna : bool, optional
            Whether missing ones do not count.
        """
        found: Scalar = reduction(self.to_series(), "nunique", **({} if dropna else {"dropna": False}))
        return found

    # ---- as pandas' ----

    @property
    def ndim(self) -> int:
        """The number of axes: 1."""
        return 1

    @property
    def nlevels(self) -> int:
        """The number of levels."""
        return int(self._meta.nlevels)

    @property
    def size(self) -> Any:
        """The number of labels: a number, or a scalar to be computed."""
        return self.to_series().size

    @property
    def shape(self) -> tuple[Any]:
        """The number of labels: a number, or a scalar to be computed."""
        return (self.size,)

    @property
    def empty(self) -> bool:
        """Whether there is no label: computes their number where it is not known."""
        return len(self) == 0

    @property
    def nbytes(self) -> Any:
        """The bytes that the labels take, a scalar."""
        return self.to_series().memory_usage(index=False)

    @property
    def hasnans(self) -> Any:
        """Whether labels are missing, a scalar."""
        return self.isna().any()

    @property
    def is_unique(self) -> Any:
        """Whether no label comes again, a scalar."""
        return self.nunique(dropna=False) == self.size

    @property
    def has_duplicates(self) -> Any:
        """Whether a label comes again, a scalar."""
        return self.nunique(dropna=False) != self.size

    @property
    def is_monotonic_increasing(self) -> Any:
        """Whether no label is less than the one before, a scalar."""
        return self.to_series().is_monotonic_increasing

    @property
    def is_monotonic_decreasing(self) -> Any:
        """Whether no label is greater than the one before, a scalar."""
        return self.to_series().is_monotonic_decreasing

    def isna(self) -> Series:
        """Return where labels are missing, as a series over this index."""
        found: Series = method(self, "isna")
        return found

    isnull = isna

    def notna(self) -> Series:
        """Return where labels are there, as a series over this index."""
        found: Series = method(self, "notna")
        return found

    notnull = notna

    def unique(self) -> Index:
        """Return the distinct labels, as they come, in one partition."""
        found: Index = self.to_series().drop_duplicates().index
        return found

    drop_duplicates = unique

    def value_counts(self, **kwargs: Any) -> Series:
        """Return how often each label is there.

        Parameters
        ----------
        **kwargs
            As in `Series.value_counts`.
        """
        found: Series = self.to_series().value_counts(**kwargs)
        return found

    def map(self, arg: Any, na_action: Any = None, meta: Any = None) -> Index:
        """Put other labels in the places of labels.

        Parameters
        ----------
        arg : callable, dict or pandas.Series
            A function of a label, or the other labels by those that are there.
        na_action : {None, "ignore"}, optional
            Whether missing ones are passed by.
        meta : object, optional
            What comes out; without it the first labels are mapped to see.

        Returns
        -------
        Index

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> index = rd.from_pandas(pd.Series([5, 6], index=[3, 4]), npartitions=2).index
        >>> index.map(lambda label: label * 2).compute().tolist()
        [6, 8]
        """
        return _as_index(self.to_series().map(arg, na_action, meta))

    def astype(self, dtype: Any) -> Index:
        """Cast to another dtype.

        Parameters
        ----------
        dtype : dtype or str
            The dtype.
        """
        return _as_index(self.to_series().astype(dtype))

    def rename(self, name: Any) -> Index:
        """Give the index another name.

        Parameters
        ----------
        name : label
            The name.
        """
        found: Index = method(self, "rename", name)
        return found

    def set_names(self, names: Any) -> Index:
        """Give the index another name.

        Parameters
        ----------
        names : label or list of label
            The name.
        """
        if isinstance(names, list):
            # pandas says it where these are not one.
            names = self._meta.set_names(names).name
        return self.rename(names)

    def fillna(self, value: Any) -> Index:
        """Put a label in the place of missing ones.

        Parameters
        ----------
        value : scalar
            The label.
        """
        return _as_index(self.to_series().fillna(value))

    def dropna(self, how: str = "any") -> Index:
        """Leave out missing labels.

        Parameters
        ----------
        how : {"any", "all"}, optional
            The same for labels of one level.
        """
        if how not in ("any", "all"):
            raise ValueError(f"invalid how option: {how}")
        found: Index = self.to_series().dropna().index
        return found

    def drop(self, labels: Any, errors: str = "raise") -> Index:
        """Leave out labels.

        Parameters
        ----------
        labels : list
            Which.
        errors : {"raise", "ignore"}, optional
            Whether one that is not there is an error when the others are computed.
        """
        found: Index = self.to_series().drop(labels, errors=errors).index
        return found

    def repeat(self, repeats: Any) -> Index:
        """Return each label so often, one after another.

        Parameters
        ----------
        repeats : int
            How often.
        """
        found: Index = self.to_series().repeat(repeats).index
        return found

    def duplicated(self, keep: Any = "first") -> Series:
        """Return which labels repeat another, as a series over this index; all come together in one task.

        Parameters
        ----------
        keep : {"first", "last", False}, optional
            Which of equal ones is none of these.
        """
        found: Series = self.to_series().duplicated(keep)
        return found

    def diff(self, periods: int = 1) -> Index:
        """Return the differences from the labels so many places before.

        Parameters
        ----------
        periods : int, optional
            How many; negative numbers are places behind.
        """
        return _as_index(self.to_series().diff(periods))

    def sort_values(self, *, ascending: bool = True, na_position: str = "last") -> Index:
        """Return the labels in their order.

        Parameters
        ----------
        ascending : bool, optional
            Whether the least comes first.
        na_position : {"last", "first"}, optional
            Where missing ones go.
        """
        return _as_index(self.to_series().sort_values(ascending=ascending, na_position=na_position))

    def memory_usage(self, deep: bool = False) -> Any:
        """Return the bytes that the labels take, a scalar.

        Parameters
        ----------
        deep : bool, optional
            Whether Python's objects are looked into.
        """
        return self.to_series().memory_usage(index=False, deep=deep)

    def to_numpy(self) -> Any:
        """Return the labels, computed, as an array of NumPy's."""
        return self.compute().to_numpy()

    def tolist(self) -> list[Any]:
        """Return the labels, computed, as a list."""
        found: list[Any] = self.compute().tolist()
        return found

    to_list = tolist

    def __getattr__(self, name: str) -> Any:
        if name in _OF_TIMES and hasattr(type(self._meta), name):
            return method(self, name)
        if name in _FUNCTIONS_OF_TIMES and hasattr(type(self._meta), name):
            return functools.partial(method, self, name)
        raise AttributeError(
            f"'Index' object has no attribute {name!r}: to_series() has what series have, and "
            "compute() makes an index of pandas"
        )

    def __dir__(self) -> list[str]:
        of_times = (*_OF_TIMES, *_FUNCTIONS_OF_TIMES)
        return sorted(
            {*object.__dir__(self), *(name for name in of_times if hasattr(type(self._meta), name))}
        )


def _labels(part: Any) -> Any:
    import pandas as pd

    return pd.Index(part)


def _as_index(series: Any) -> Index:
    """Return the values of a series as an index."""
    found: Index = call(_labels, (series,), {}, _labels(series._meta), clears=True, label="index")
    return found
