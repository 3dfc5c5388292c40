"""Methods that frames and series share, beside those of other modules; and some that series have alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from raskt._lazy import late
from raskt.dataframe._op import changed, frame_of, method, rows_method

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["RowMethods", "SeriesMethods"]

dropped_by: Any = late("raskt.dataframe._assignment", "dropped_by")
aligned_pair: Any = late("raskt.dataframe._combining", "aligned_pair")
combined: Any = late("raskt.dataframe._combining", "combined")
combined_first: Any = late("raskt.dataframe._combining", "combined_first")
common_dtype: Any = late("raskt.dataframe._combining", "common_dtype")
current_divisions: Any = late("raskt.dataframe._combining", "current_divisions")
dotted: Any = late("raskt.dataframe._combining", "dotted")
random_parts: Any = late("raskt.dataframe.mapping", "random_parts")
without_divisions: Any = late("raskt.dataframe._combining", "without_divisions")
nbytes_of: Any = late("raskt.dataframe._statistics", "memory_usage")
told: Any = late("raskt.dataframe._repr", "told")


class RowMethods:
    """What frames and series do."""

    __slots__ = ()
    _expr: Any

    def copy(self, deep: bool = False) -> Any:
        """Return another object of the same: assigning columns to one changes nothing of the other.

        Parameters
        ----------
        deep : bool, optional
            Nothing is copied either way: frames do not change what they are made of.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 4], "k": ["b", "a", "b"]}), npartitions=2)
        >>> other = df.copy()
        >>> other["y"] = 1
        >>> list(df.columns)
        ['x', 'k']
        """
        del deep
        return frame_of(self._expr)

    def align(self, other: Any, join: str = "outer", axis: Any = None, fill_value: Any = None) -> Any:
        """Return this and another object with the labels of both.

        Parameters
        ----------
        other : DataFrame or Series
            The other one.
        join : {"outer", "inner", "left", "right"}, optional
            Which labels both have then.
        axis : {0, 1, None}, optional
            Whether rows, columns or both are aligned.
        fill_value : scalar, optional
            What stands for missing values.

        Returns
        -------
        tuple of DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> a = rd.from_pandas(pd.Series([1, 2], index=[0, 1]), npartitions=1)
        >>> b = rd.from_pandas(pd.Series([3, 4], index=[1, 2]), npartitions=1)
        >>> [part.compute().tolist() for part in a.align(b, fill_value=0)]
        [[1.0, 2.0, 0.0], [0.0, 3.0, 4.0]]
        """
        return aligned_pair(self, other, join, axis, fill_value)

    def combine(self, other: Any, func: Any, fill_value: Any = None, overwrite: bool = True) -> Any:
        """Combine values with those of another object by a function.

        Parameters
        ----------
        other : DataFrame or Series
            The other one.
        func : callable
            The function: of two columns, or of two values of series.
        fill_value : scalar, optional
            What stands for missing values.
        overwrite : bool, optional
            Whether columns that the other one lacks are missing, of frames.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1, 5]), npartitions=2)
        >>> s.combine(s * 2 - 3, max).compute().tolist()
        [1, 7]
        """
        return combined(self, other, func, fill_value, overwrite)

    def combine_first(self, other: Any) -> Any:
        """Fill missing values with those of another object.

        Parameters
        ----------
        other : DataFrame or Series
            The other one.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1.0, None]), npartitions=2)
        >>> s.combine_first(s.fillna(7)).compute().tolist()
        [1.0, 7.0]
        """
        return combined_first(self, other)

    def to_timestamp(self, freq: Any = None, how: str = "start", axis: Any = 0) -> Any:
        """Make times of an index of periods.

        Parameters
        ----------
        freq : str, optional
            The frequency of the times.
        how : {"start", "end"}, optional
            Which end of a period is taken.
        axis : {0, "index"}, optional
            The index.

        Returns
        -------
        DataFrame or Series
            Divisions are not known.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> months = pd.Series([1], index=pd.period_range("2013", periods=1, freq="M"))
        >>> s = rd.from_pandas(months, npartitions=1)
        >>> str(s.to_timestamp().index.compute()[0])
        '2013-01-01 00:00:00'
        """
        if axis not in (0, "index"):
            raise NotImplementedError(f"to_timestamp with axis={axis!r}: only the index, axis=0")
        return rows_method(
            self, "to_timestamp", clears=True, **changed(freq=(freq, None), how=(how, "start"))
        )

    def random_split(self, frac: Any, random_state: Any = None, shuffle: bool = False) -> list[Any]:
        """Split rows at random.

        Parameters
        ----------
        frac : list of float
            Which part of the rows each piece has, about: 1 together.
        random_state : int or numpy.random.RandomState, optional
            The seed.
        shuffle : bool, optional
            Whether the rows of each partition of a piece are put into another order.

        Returns
        -------
        list of DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 4], "k": ["b", "a", "b"]}), npartitions=2)
        >>> one, other = df.random_split([0.5, 0.5], random_state=0)
        >>> len(one) + len(other)
        3
        """
        found: list[Any] = random_parts(self, frac, random_state, shuffle)
        return found

    def divide(self, other: Any, axis: Any = "columns", level: Any = None, fill_value: Any = None) -> Any:
        """Divide by other values: `div` under its other name.

        Parameters
        ----------
        other : scalar, Series or DataFrame
            The others.
        axis : {0, 1, "index", "columns"}, optional
            Along which axis a series is aligned with a frame.
        level : int or str, optional
            The level of the index that is aligned.
        fill_value : scalar, optional
            What stands for missing values.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> rd.from_pandas(pd.Series([1, 3]), npartitions=2).divide(2).compute().tolist()
        [0.5, 1.5]
        """
        given = changed(axis=(axis, "columns"), level=(level, None), fill_value=(fill_value, None))
        found: Any = self
        return found.div(other, **given)

    def dot(self, other: Any) -> Any:
        """Return the product of matrices, or of two series the sum of products.

        Parameters
        ----------
        other : Series, or an object of pandas' or NumPy's
            Another series of the same rows, of a series; of a frame, what has a row for each column.

        Returns
        -------
        Scalar, Series or DataFrame

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1, 3]), npartitions=2)
        >>> int(s.dot(s).compute())
        10
        """
        return dotted(self, other)

    def median_approximate(self, axis: Any = 0, method: str = "default", numeric_only: bool = False) -> Any:
        """Return medians: exact ones, as `median` does.

        Parameters
        ----------
        axis : {0, 1, "index", "columns"}, optional
            0 reduces the rows, 1 each row.
        method : optional
            Accepted for Dask's sake.
        numeric_only : bool, optional
            Whether other columns than those of numbers are left out.

        Returns
        -------
        Scalar or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> float(rd.from_pandas(pd.Series([1, 3, 4]), npartitions=2).median_approximate().compute())
        3.0
        """
        del method
        found: Any = self
        return found.median(axis=axis, numeric_only=numeric_only)

    def compute_current_divisions(self, col: Any = None, set_divisions: bool = False) -> Any:
        """Compute the divisions that partitions have, which are sorted.

        Parameters
        ----------
        col : label, optional
            The column that is looked at, instead of the index.
        set_divisions : bool, optional
            Whether a frame with these divisions is returned instead: those of the index.

        Returns
        -------
        tuple or DataFrame

        Raises
        ------
        ValueError
            If partitions overlap, or one has no rows.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([5, 6, 7], index=[1, 2, 4]), npartitions=2).clear_divisions()
        >>> s.compute_current_divisions()
        (1, 2, 4)
        """
        return current_divisions(self, col, set_divisions)

    def clear_divisions(self) -> Any:
        """Forget the divisions.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 4], "k": ["b", "a", "b"]}), npartitions=2)
        >>> df.clear_divisions().known_divisions
        False
        """
        return without_divisions(self)

    def to_backend(self, backend: str | None = None, **kwargs: Any) -> Any:
        """Return the frame itself: partitions are pandas'.

        Parameters
        ----------
        backend : {"pandas"}, optional
            The only one that there is.
        **kwargs
            None: there is nothing to choose.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 4], "k": ["b", "a", "b"]}), npartitions=2)
        >>> df.to_backend("pandas") is df
        True
        """
        if backend not in (None, "pandas") or kwargs:
            raise ValueError(f"backend must be 'pandas', found {backend!r}, {kwargs!r}")
        return self


def _of_rows(axis: Any) -> None:
    if axis not in (0, "index"):
        raise ValueError(f"No axis named {axis!r} for object type Series")


class SeriesMethods:
    """What series do, beside what frames do, too."""

    __slots__ = ()
    _expr: Any
    floordiv: Any
    mod: Any
    rfloordiv: Any
    rmod: Any
    to_delayed: Any
    __len__: Any

    def items(self) -> Iterator[tuple[Any, Any]]:
        """Iterate over the labels of the rows, and the values: partitions are computed one by one.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> list(rd.from_pandas(pd.Series([5, 6]), npartitions=2).items())
        [(0, 5), (1, 6)]
        """
        for part in self.to_delayed():
            yield from part.compute().items()

    def info(self, buf: Any = None, verbose: bool = False, memory_usage: Any = False) -> None:
        """Print what the series is; counts and memory are computed.

        Parameters
        ----------
        buf : file, optional
            Where it is written to, instead of the standard output.
        verbose : bool, optional
            Whether it is told how many values are there.
        memory_usage : bool or "deep", optional
            Whether the memory is told.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> rd.from_pandas(pd.Series([5, 6], name="x"), npartitions=2).info()
        <class 'raskt.dataframe.core.Series'>
        Series name: x
        dtypes: int64(1)
        """
        told(self, buf, verbose, memory_usage)

    def drop(self, labels: Any = None, *, axis: Any = 0, index: Any = None, errors: str = "raise") -> Any:
        """Leave out rows by their labels.

        Parameters
        ----------
        labels : label or list, optional
            The labels.
        axis : {0, "index"}, optional
            The rows.
        index : label or list, optional
            The labels, instead of ``labels``.
        errors : {"raise", "ignore"}, optional
            Whether a label that is not there is an error when rows are computed.

        Returns
        -------
        Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> rd.from_pandas(pd.Series([5, 6], index=["a", "b"]), npartitions=2).drop("a").compute().tolist()
        [6]
        """
        return dropped_by(self, labels, axis, index, None, errors)

    def squeeze(self, axis: Any = None) -> Any:
        """Return the only value, computed as pandas does; a series of several values as it is.

        Parameters
        ----------
        axis : {0, "index", None}, optional
            The rows.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> int(rd.from_pandas(pd.Series([5]), npartitions=1).squeeze())
        5
        """
        if axis not in (0, "index", None):
            raise ValueError(f"No axis named {axis!r} for object type Series")
        return next(iter(self.items()))[1] if self.__len__() == 1 else self

    @property
    def nbytes(self) -> Any:
        """The bytes that the values of all partitions take, a scalar."""
        return nbytes_of(self, False, False)

    def divmod(self, other: Any, level: Any = None, fill_value: Any = None, axis: Any = 0) -> Any:
        """Return quotients rounded down, and remainders: `floordiv` and `mod`.

        Parameters
        ----------
        other : scalar or Series
            The right-hand side.
        level, fill_value, axis
            As those of `floordiv`.

        Returns
        -------
        tuple of Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> quotients, remainders = rd.from_pandas(pd.Series([5, 6]), npartitions=2).divmod(4)
        >>> remainders.compute().tolist()
        [1, 2]
        """
        _of_rows(axis)
        named = {"level": level, "fill_value": fill_value}
        return self.floordiv(other, **named), self.mod(other, **named)

    def rdivmod(self, other: Any, level: Any = None, fill_value: Any = None, axis: Any = 0) -> Any:
        """Return what `divmod` returns, with the sides exchanged.

        Parameters
        ----------
        other : scalar or Series
            The left-hand side.
        level, fill_value, axis
            As those of `rfloordiv`.

        Returns
        -------
        tuple of Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> quotients, remainders = rd.from_pandas(pd.Series([2, 4]), npartitions=2).rdivmod(9)
        >>> quotients.compute().tolist()
        [4, 2]
        """
        _of_rows(axis)
        named = {"level": level, "fill_value": fill_value}
        return self.rfloordiv(other, **named), self.rmod(other, **named)

    def case_when(self, caselist: Any) -> Any:
        """Replace values where conditions are true: the first one that is.

        Parameters
        ----------
        caselist : list of tuple
            Conditions, series of bool, and what stands there instead: scalars or series.

        Returns
        -------
        Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1, 2, 3]), npartitions=2)
        >>> s.case_when([(s > 2, 0), (s > 1, 9)]).compute().tolist()
        [1, 9, 0]
        """
        if not isinstance(caselist, list) or not all(isinstance(x, tuple) and len(x) == 2 for x in caselist):
            raise TypeError(
                f"caselist must be a list of pairs of condition and replacement, found {caselist!r}"
            )
        found: Any = self
        dtype = common_dtype([self, *(replacement for _, replacement in caselist)])
        if dtype != found.dtype:
            found = found.astype(dtype)
        for condition, replacement in reversed(caselist):
            found = method(found, "mask", condition, replacement)
        return found
