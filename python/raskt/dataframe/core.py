"""`DataFrame` and `Series`: what they tell of themselves, and what is chosen of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from raskt._lazy import late
from raskt.dataframe._assignment import assigned, dropped, dropped_by, renamed, set_column
from raskt.dataframe._elementwise import Elementwise
from raskt.dataframe._exchange_methods import ExchangeMethods, RecordMethods
from raskt.dataframe._frame import Frame
from raskt.dataframe._frame_methods import FrameMethods
from raskt.dataframe._index import Index
from raskt.dataframe._label_methods import FrameLabels, SeriesLabels
from raskt.dataframe._merge_methods import MergeMethods
from raskt.dataframe._op import method, op
from raskt.dataframe._operator_methods import OperatorMethods
from raskt.dataframe._operators import Operators
from raskt.dataframe._ordered import OrderedMethods
from raskt.dataframe._output_methods import FrameOutput, TextOutput
from raskt.dataframe._parameters import labels as labels_of
from raskt.dataframe._partitions import PartitionMethods
from raskt.dataframe._reductions import Reductions
from raskt.dataframe._refusals import refusing
from raskt.dataframe._row_methods import RowMethods, SeriesMethods
from raskt.dataframe._scalar import Scalar
from raskt.dataframe._selection import get_column, get_item, get_rows
from raskt.dataframe._sorting import FrameSorting, SeriesSorting
from raskt.dataframe._summary_methods import FrameSummaries, SeriesSummaries, Summaries
from raskt.dataframe._time_methods import TimeMethods
from raskt.dataframe._whole_methods import FrameWholes, SeriesWholes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["DataFrame", "Index", "Scalar", "Series"]

apply_values: Callable[..., Any] = late("raskt.dataframe.mapping", "apply_values")
map_values: Callable[..., Any] = late("raskt.dataframe.mapping", "map_values")
str_of: Callable[..., Any] = late("raskt.dataframe._accessors", "StringMethods")
dt_of: Callable[..., Any] = late("raskt.dataframe._accessors", "DatetimeMethods")
cat_of: Callable[..., Any] = late("raskt.dataframe._accessors", "CategoricalMethods")
to_array: Callable[..., Any] = late("raskt.dataframe.conversion", "to_array")
grouped: Callable[..., Any] = late("raskt.dataframe.grouping", "grouped")
loc_of: Callable[..., Any] = late("raskt.dataframe._location", "Locator")
iloc_of: Callable[..., Any] = late("raskt.dataframe._location", "PositionLocator")


class _Rows(
    RowMethods,
    TimeMethods,
    PartitionMethods,
    Operators,
    OperatorMethods,
    Elementwise,
    OrderedMethods,
    Summaries,
    Reductions,
    Frame,
):
    """What dataframes and series share: rows with an index."""

    __slots__ = ()

    def __len__(self) -> int:
        lengths = self._expr.lengths
        if None not in lengths:
            return sum(length or 0 for length in lengths)
        return int(self._size().compute())

    def _size(self) -> Any:
        return op("reduce", (self,), {"name": "size"})

    def _n_rows(self) -> Any:
        """Return the number of rows: a number where it is known, or else a scalar to be computed."""
        lengths = self._expr.lengths
        return self._size() if None in lengths else sum(length or 0 for length in lengths)

    def __bool__(self) -> bool:
        kind = type(self).__name__
        raise ValueError(f"The truth value of a {kind} is ambiguous. Use a.any() or a.all(), and compute().")

    @property
    def index(self) -> Index:
        """The labels of the rows.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> rd.from_pandas(pd.Series([5, 6], index=["a", "b"]), npartitions=1).index.compute().tolist()
        ['a', 'b']
        """
        found: Index = method(self, "index")
        return found

    @property
    def loc(self) -> Any:
        """Rows by the labels of the index, or by a condition; and columns by their names.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 3]}), npartitions=2)
        >>> df.loc[1:2, "x"].compute().tolist()
        [2, 3]
        """
        return loc_of(self)

    @property
    def iloc(self) -> Any:
        """Rows by their places; and columns by theirs: ``df.iloc[:, [0, 2]]``.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 5], "y": [3, 4, 6]}), npartitions=2)
        >>> df.iloc[:, 1].compute().tolist()
        [3, 4, 6]
        >>> df.iloc[-2:].x.compute().tolist()
        [2, 5]
        >>> df.x.iloc[1].compute()
        np.int64(2)
        """
        return iloc_of(self)

    @property
    def ndim(self) -> int:
        """The number of axes: 2 of a frame, 1 of a series."""
        return 2 if self._expr.kind == "frame" else 1

    def groupby(
        self,
        by: Any = None,
        level: Any = None,
        as_index: bool = True,
        sort: bool = True,
        group_keys: bool = True,
        observed: bool = True,
        dropna: bool = True,
    ) -> Any:
        """Group rows by columns, series of the same rows, functions of the index, or levels of it.

        Parameters
        ----------
        by : label, Series, callable or list, optional
            What rows are grouped by.
        level : int, str or list, optional
            Levels of the index that they are grouped by.
        as_index : bool, optional
            Whether the keys are the index of results.
        sort : bool, optional
            Whether groups are in the order of their keys; in that of their first rows, if not.
        group_keys : bool, optional
            Whether `apply` puts the keys into the index.
        observed : bool, optional
            Whether only categories that are there are groups.
        dropna : bool, optional
            Whether rows with a missing key are left out.

        Returns
        -------
        DataFrameGroupBy or SeriesGroupBy

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"k": ["a", "b", "a"], "x": [1, 2, 3]}), npartitions=2)
        >>> df.groupby("k").x.mean().compute().tolist()
        [2.0, 2.0]
        """
        named = {"as_index": as_index, "sort": sort, "group_keys": group_keys, "observed": observed}
        return grouped(self, by, level, {**named, "dropna": dropna})

    @property
    def empty(self) -> bool:
        """Whether there is no row, or no column: computes the number of rows where it is not known."""
        return (self.ndim == 2 and not self._expr.labels) or len(self) == 0

    @property
    def values(self) -> Any:
        """The values as an array of `raskt.array`, of unknown length where that is not known."""
        return self.to_dask_array()

    def to_dask_array(self, lengths: Any = None, meta: Any = None) -> Any:
        """Return the values as an array of `raskt.array`, a chunk for each partition.

        Parameters
        ----------
        lengths : bool or list of int, optional
            The number of rows of each partition; True has them computed.
        meta : array_like, optional
            An array of the type of the chunks.

        Returns
        -------
        raskt.array.Array

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> rd.from_pandas(pd.Series([1, 2, 3]), npartitions=2).to_dask_array().compute().tolist()
        [1, 2, 3]
        """
        return to_array(self, lengths, meta)


class DataFrame(
    FrameMethods,
    MergeMethods,
    FrameSorting,
    FrameSummaries,
    FrameWholes,
    FrameLabels,
    FrameOutput,
    RecordMethods,
    _Rows,
):
    """A lazy dataframe: many partitions that look like one of pandas'.

    Dataframes are made by functions such as `from_pandas` and `from_map`, and by operations on others, which
    look as those of pandas do. Nothing is computed until `compute` is called.

    Examples
    --------
    >>> import pandas as pd
    >>> import raskt.dataframe as rd
    >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 3], "y": [0.5, 1.5, 2.5]}), npartitions=2)
    >>> df[df.x > 1].y.sum().compute()
    np.float64(4.0)
    """

    __slots__ = ()

    # ---- columns ----

    @property
    def columns(self) -> Any:
        """The names of the columns, an index of pandas'."""
        return self._meta.columns

    @columns.setter
    def columns(self, names: Any) -> None:
        names = list(names)
        if len(names) != len(self._expr.labels):
            have = len(self._expr.labels)
            raise ValueError(
                f"Length mismatch: Expected axis has {have} elements, new values have {len(names)} elements"
            )
        self._become(op("relabel", (self,), {"labels": labels_of(names)}))

    @property
    def dtypes(self) -> Any:
        """The dtype of each column, a series of pandas'."""
        return self._meta.dtypes

    @property
    def shape(self) -> tuple[Any, int]:
        """The number of rows, a number or a scalar to be computed; and that of columns."""
        return self._n_rows(), len(self._expr.labels)

    @property
    def size(self) -> Any:
        """The number of values."""
        return self._n_rows() * len(self._expr.labels)

    @property
    def axes(self) -> list[Any]:
        """The index, and the names of the columns."""
        return [self.index, self.columns]

    def keys(self) -> Any:
        """Return the names of the columns."""
        return self.columns

    def __iter__(self) -> Iterator[Any]:
        return iter(self._expr.labels)

    def __contains__(self, label: Any) -> bool:
        return label in self._meta.columns

    def items(self) -> Iterator[tuple[Any, Series]]:
        """Iterate over the names of the columns, and the columns.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1], "y": [2]}), npartitions=1)
        >>> [(name, int(column.sum().compute())) for name, column in df.items()]
        [('x', 1), ('y', 2)]
        """
        for label in self._expr.labels:
            yield label, get_column(self, label)

    def __getitem__(self, key: Any) -> Any:
        return get_item(self, key)

    def __getattr__(self, name: str) -> Any:
        # What has not been set yet has no columns either.
        if name != "_expr" and name in self._expr.labels:
            return get_column(self, name)
        raise AttributeError(f"'DataFrame' object has no attribute {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        if name[:1] != "_" and not hasattr(type(self), name) and name in self._expr.labels:
            self[name] = value
            return
        object.__setattr__(self, name, value)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._become(set_column(self, key, value))

    def __delitem__(self, key: Any) -> None:
        self._become(dropped(self, key))

    def __dir__(self) -> list[str]:
        names = [name for name in self._expr.labels if isinstance(name, str) and name.isidentifier()]
        return sorted({*object.__dir__(self), *names})

    def _ipython_key_completions_(self) -> list[Any]:
        return list(self._expr.labels)

    def assign(self, **kwargs: Any) -> DataFrame:
        """Return the frame with other or further columns.

        Parameters
        ----------
        **kwargs : Series, scalar or callable
            The columns by name; a callable is given the frame with the columns that come before.

        Returns
        -------
        DataFrame

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2]}), npartitions=1)
        >>> df.assign(y=df.x + 1, z=lambda d: d.y * 2).compute().z.tolist()
        [4, 6]
        """
        found: DataFrame = assigned(self, kwargs)
        return found

    def drop(
        self,
        labels: Any = None,
        *,
        axis: Any = 0,
        index: Any = None,
        columns: Any = None,
        errors: str = "raise",
    ) -> DataFrame:
        """Leave out columns, or rows by their labels.

        Parameters
        ----------
        labels : label or list, optional
            Those of ``axis``.
        axis : {0, 1, "index", "columns"}, optional
            What ``labels`` are of.
        index, columns : label or list, optional
            The rows, and the columns.
        errors : {"raise", "ignore"}, optional
            Whether a label that is not there is an error: of a row, when rows are computed.

        Returns
        -------
        DataFrame

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2], "y": [3, 4]}), npartitions=1)
        >>> list(df.drop(columns="y").columns)
        ['x']
        >>> df.drop([0]).x.compute().tolist()
        [2]
        """
        found: DataFrame = dropped_by(self, labels, axis, index, columns, errors)
        return found

    def rename(
        self, mapper: Any = None, *, index: Any = None, columns: Any = None, axis: Any = None
    ) -> DataFrame:
        """Give columns, or the labels of rows, other names.

        Parameters
        ----------
        mapper : dict or callable, optional
            Other names of ``axis``.
        index, columns : dict or callable, optional
            Other names of each.
        axis : {0, 1, "index", "columns"}, optional
            What ``mapper`` is about.

        Returns
        -------
        DataFrame

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2]}), npartitions=1)
        >>> list(df.rename(columns={"x": "a"}).columns)
        ['a']
        """
        found: DataFrame = renamed(self, mapper, index, columns, axis)
        return found

    def squeeze(self) -> Any:
        """Return the only column as a series; a frame of several columns as it is."""
        return get_column(self, self._expr.labels[0]) if len(self._expr.labels) == 1 else self


class Series(
    SeriesMethods,
    SeriesSorting,
    SeriesSummaries,
    SeriesWholes,
    SeriesLabels,
    TextOutput,
    ExchangeMethods,
    _Rows,
):
    """A lazy series: one column, or what comes of one.

    Examples
    --------
    >>> import pandas as pd
    >>> import raskt.dataframe as rd
    >>> s = rd.from_pandas(pd.Series([1, 2, 3], name="x"), npartitions=2)
    >>> (s * 2).max().compute()
    np.int64(6)
    """

    __slots__ = ()

    @property
    def name(self) -> Any:
        """The name of the series."""
        return self._expr.labels[0]

    @name.setter
    def name(self, name: Any) -> None:
        self._become(self.rename(name))

    @property
    def dtype(self) -> Any:
        """The dtype of the values."""
        return self._meta.dtype

    @property
    def dtypes(self) -> Any:
        """The dtype of the values: `dtype` under its other name."""
        return self._meta.dtype

    @property
    def shape(self) -> tuple[Any]:
        """The number of rows: a number, or a scalar to be computed."""
        return (self._n_rows(),)

    @property
    def size(self) -> Any:
        """The number of rows: a number, or a scalar to be computed."""
        return self._n_rows()

    @property
    def axes(self) -> list[Any]:
        """The index."""
        return [self.index]

    def __iter__(self) -> Iterator[Any]:
        for part in self.to_delayed():
            yield from part.compute()

    def __getitem__(self, key: Any) -> Any:
        return get_item(self, key)

    @property
    def str(self) -> Any:
        """Functions of text.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> rd.from_pandas(pd.Series(["a", "b"]), npartitions=2).str.upper().compute().tolist()
        ['A', 'B']
        """
        return str_of(self)

    @property
    def dt(self) -> Any:
        """Parts and functions of times.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> times = pd.Series(pd.to_datetime(["2013-01-05", "2014-07-01"]))
        >>> rd.from_pandas(times, npartitions=2).dt.year.compute().tolist()
        [2013, 2014]
        """
        return dt_of(self)

    @property
    def cat(self) -> Any:
        """Functions of categories.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series(["a", "b", "a"], dtype="category"), npartitions=1)
        >>> s.cat.codes.compute().tolist()
        [0, 1, 0]
        """
        return cat_of(self)

    def rename(self, index: Any = None) -> Series:
        """Give the series another name, or the rows other labels.

        Parameters
        ----------
        index : label, dict or callable, optional
            The name; a dictionary or callable makes other labels.

        Returns
        -------
        Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> rd.from_pandas(pd.Series([1], name="x"), npartitions=1).rename("y").name
        'y'
        """
        if isinstance(index, dict) or callable(index):
            found: Series = get_rows(self, "rename", index, clears=True)
            return found
        labelled: Series = op("relabel", (self,), {"labels": labels_of([index])})
        return labelled

    def to_frame(self, name: Any = None) -> DataFrame:
        """Return a frame of this one column.

        Parameters
        ----------
        name : label, optional
            The name of the column; the name of the series by default.

        Returns
        -------
        DataFrame

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> list(rd.from_pandas(pd.Series([1], name="x"), npartitions=1).to_frame().columns)
        ['x']
        """
        found: DataFrame = method(self, "to_frame", *(() if name is None else (name,)))
        return found

    def between(self, left: Any, right: Any, inclusive: Any = "both") -> Series:
        """Return where values lie between two others.

        Parameters
        ----------
        left, right : scalar or Series
            The bounds.
        inclusive : {"both", "neither", "left", "right"}, optional
            Which bounds count.

        Returns
        -------
        Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> rd.from_pandas(pd.Series([1, 2, 3]), npartitions=2).between(2, 3).compute().tolist()
        [False, True, True]
        """
        named = {} if inclusive == "both" else {"inclusive": inclusive}
        found: Series = method(self, "between", left, right, **named)
        return found

    def map(self, arg: Any, na_action: Any = None, meta: Any = None) -> Series:
        """Put other values in the places of values.

        Parameters
        ----------
        arg : callable, dict or pandas.Series
            A function of a value, or the other values by those that are there.
        na_action : {None, "ignore"}, optional
            Whether missing values are passed by.
        meta : object, optional
            What comes out; without it the first rows are mapped to see.

        Returns
        -------
        Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> rd.from_pandas(pd.Series([1, 2]), npartitions=2).map({1: "a", 2: "b"}).compute().tolist()
        ['a', 'b']
        """
        found: Series = map_values(self, arg, na_action, meta, {})
        return found

    def apply(
        self, func: Callable[..., Any], args: tuple[Any, ...] = (), meta: Any = None, **kwargs: Any
    ) -> Any:
        """Call a function on every value.

        Parameters
        ----------
        func : callable
            The function of a value.
        args : tuple, optional
            Further arguments.
        meta : object, optional
            What comes out; without it the function is called on a few of the first rows.
        **kwargs
            Keywords of the function.

        Returns
        -------
        Series or DataFrame

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> rd.from_pandas(pd.Series([1, 2]), npartitions=2).apply(lambda v: v / 2).compute().tolist()
        [0.5, 1.0]
        """
        return apply_values(self, func, args, meta, kwargs)


refusing(DataFrame)
refusing(Series)
