"""`str`, `dt` and `cat`: what pandas has for text, times and categories, partition by partition."""

from __future__ import annotations

import functools
from typing import Any

from raskt._lazy import late
from raskt.dataframe._op import call, is_pandas, method, tree
from raskt.dataframe._refusals import refusing

__all__ = ["CategoricalMethods", "DatetimeMethods", "ListMethods", "StringMethods", "StructMethods"]

as_known: Any = late("raskt.dataframe.reshaping", "as_known")
categories_of: Any = late("raskt.dataframe.reshaping", "categories_of")


class _Accessor:
    """The functions and properties of an accessor of pandas'."""

    __slots__ = ("_series",)
    _series: Any
    _name = ""

    def __init__(self, series: Any) -> None:
        self._series = series
        # pandas says whether the values are of a kind that has it.
        getattr(series._meta, self._name)

    def __dir__(self) -> list[str]:
        return [name for name in dir(getattr(self._series._meta, self._name)) if name[:1] != "_"]

    def __getattr__(self, name: str) -> Any:
        if name[:1] == "_":
            raise AttributeError(name)
        found = getattr(getattr(self._series._meta, self._name), name)
        path = f"{self._name}.{name}"
        if not callable(found):
            # What says nothing of single rows is known.
            return method(self._series, path) if is_pandas(found) else found

        def function(*args: Any, **kwargs: Any) -> Any:
            return method(self._series, path, *args, **kwargs)

        function.__name__ = name
        function.__doc__ = f"Call pandas' ``Series.{path}`` on every partition."
        return function


@refusing
class StringMethods(_Accessor):
    """``series.str``: functions of text, as pandas has them.

    Examples
    --------
    >>> import pandas as pd
    >>> import raskt.dataframe as rd
    >>> s = rd.from_pandas(pd.Series(["one", "three", None]), npartitions=2)
    >>> s.str.len().compute().tolist()
    [3.0, 5.0, nan]
    """

    __slots__ = ()
    _name = "str"

    def __getitem__(self, key: Any) -> Any:
        return method(self._series, "str.__getitem__", key)

    def split(self, pat: Any = None, *, n: int = -1, expand: bool = False, regex: Any = None) -> Any:
        """Split texts.

        Parameters
        ----------
        pat : str, optional
            What separates the parts; white space by default.
        n : int, optional
            How many times at most; needed with ``expand``, since the number of columns must be known.
        expand : bool, optional
            Whether parts become columns.
        regex : bool, optional
            Whether ``pat`` is a regular expression.

        Returns
        -------
        Series or DataFrame

        Raises
        ------
        NotImplementedError
            With ``expand`` and without ``n``.
        """
        return self._split("split", pat, n, expand, {} if regex is None else {"regex": regex})

    def rsplit(self, pat: Any = None, *, n: int = -1, expand: bool = False) -> Any:
        """Split texts from the right: as `split`.

        Parameters
        ----------
        pat : str, optional
            What separates the parts.
        n : int, optional
            How many times at most.
        expand : bool, optional
            Whether parts become columns.

        Returns
        -------
        Series or DataFrame
        """
        return self._split("rsplit", pat, n, expand, {})

    def _split(self, name: str, pat: Any, n: int, expand: bool, named: dict[str, Any]) -> Any:
        if not expand:
            return method(self._series, f"str.{name}", pat, n=n, **named)
        if n is None or n < 1:
            raise NotImplementedError(
                "To use the expand parameter you must specify the number of expected splits with n="
            )
        given = (self._series, name, pat, n, named)
        import pandas as pd

        text = pd.Series(["a"], dtype=self._series._meta.dtype)
        meta = _split(text, name, pat, n, named)[:0]
        meta.index = self._series._meta.index
        return call(_split, given, {}, meta, clears=False, label=name)

    def get_dummies(self, sep: str = "|", dtype: Any = None) -> Any:
        """Return a column for each part of texts, which says where it is: the parts are computed now.

        Parameters
        ----------
        sep : str, optional
            What separates parts.
        dtype : dtype, optional
            Of the columns.

        Returns
        -------
        DataFrame

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> rd.from_pandas(pd.Series(["a|b", "b"]), npartitions=2).str.get_dummies().a.compute().tolist()
        [1, 0]
        """
        named = {"sep": sep} | ({} if dtype is None else {"dtype": dtype})
        parts = tree(
            self._series, functools.partial(_names_of_dummies, named=named), _united, _united, None,
            label="get_dummies", checks=False,
        ).compute()  # fmt: skip
        function = functools.partial(_dummies, named=named, columns=sorted(parts))
        return call(function, (self._series,), {}, function(self._series._meta), clears=False, keeps=True,
                    label="get_dummies")  # fmt: skip

    def cat(self, others: Any = None, sep: Any = None, na_rep: Any = None) -> Any:
        """Join texts with those of other series, row by row.

        Parameters
        ----------
        others : Series or list of Series
            The other series, of the same rows.
        sep : str, optional
            What stands between them.
        na_rep : str, optional
            What stands for missing texts.

        Returns
        -------
        Series

        Raises
        ------
        NotImplementedError
            Without ``others``: all texts would become one.
        """
        if others is None:
            raise NotImplementedError(
                "str.cat without others joins all rows: use reduction, or compute() first"
            )
        several = list(others) if isinstance(others, (list, tuple)) else [others]
        given = (self._series, sep, na_rep, *several)
        return call(_joined, given, {}, self._series._meta, clears=False, label="cat")


def _split(series: Any, name: str, pat: Any, n: int, named: dict[str, Any]) -> Any:
    """Return the parts of texts as columns: as many as there can be."""
    parts = getattr(series.str, name)(pat, n=n, expand=True, **named)
    # Columns that no text here has parts for are of the same dtype.
    return parts.reindex(columns=range(n + 1)).astype(
        parts.dtypes.iloc[0] if parts.shape[1] else series.dtype
    )


def _names_of_dummies(part: Any, named: dict[str, Any]) -> list[Any]:
    return list(part.str.get_dummies(**named).columns) if len(part) else []


def _united(states: list[Any]) -> list[Any]:
    return list(dict.fromkeys(name for names in states for name in names))


def _dummies(part: Any, named: dict[str, Any], columns: list[Any]) -> Any:
    if len(part):
        return part.str.get_dummies(**named).reindex(columns=columns, fill_value=0)
    import pandas as pd

    return pd.DataFrame(0, index=part.index, columns=columns, dtype=named.get("dtype", "int64"))


def _joined(series: Any, sep: Any, na_rep: Any, *others: Any) -> Any:
    return series.str.cat(list(others), sep=sep, na_rep=na_rep)


class DatetimeMethods(_Accessor):
    """``series.dt``: parts and functions of times, as pandas has them.

    Examples
    --------
    >>> import pandas as pd
    >>> import raskt.dataframe as rd
    >>> s = rd.from_pandas(pd.Series(pd.date_range("2013-01-31", periods=2)), npartitions=2)
    >>> s.dt.month.compute().tolist()
    [1, 2]
    """

    __slots__ = ()
    _name = "dt"

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if name != "freq"]

    @property
    def freq(self) -> Any:
        """Not there: which frequency times have depends on all of them."""
        raise NotImplementedError("dt.freq: pandas.infer_freq of the computed series")

    def to_pytimedelta(self) -> Any:
        """Return the spans as those of Python's ``datetime``, a series of objects.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series(pd.to_timedelta([1, 2], unit="D")), npartitions=2)
        >>> s.dt.to_pytimedelta().compute().tolist()
        [datetime.timedelta(days=1), datetime.timedelta(days=2)]
        """
        # pandas has it of spans only.
        self.__getattr__("to_pytimedelta")
        series = self._series
        meta = _spans_of_python(series._meta)
        return call(_spans_of_python, (series,), {}, meta, clears=False, keeps=True, label="to_pytimedelta")


def _spans_of_python(part: Any) -> Any:
    import pandas as pd

    return pd.Series(part.dt.to_pytimedelta(), index=part.index, name=part.name, dtype=object)


class ListMethods(_Accessor):
    """``series.list``: functions of lists of Arrow's, as pandas has them."""

    __slots__ = ()
    _name = "list"

    def __getitem__(self, key: Any) -> Any:
        return method(self._series, "list.__getitem__", key)


class StructMethods(_Accessor):
    """``series.struct``: functions of structs of Arrow's, as pandas has them."""

    __slots__ = ()
    _name = "struct"

    @property
    def dtypes(self) -> Any:
        """Return the dtype of each field, a series of pandas'; nothing is computed."""
        return self._series._meta.struct.dtypes


_OF_CATEGORIES = (
    *("add_categories", "as_ordered", "as_unordered", "remove_categories", "remove_unused_categories"),
    *("rename_categories", "reorder_categories", "set_categories"),
)


def call_of(series: Any, name: str, args: Any, kwargs: Any) -> Any:
    """Return what a method of categories makes of a series whose partitions have the same ones."""
    function = functools.partial(_of_categories, name=name, args=args, kwargs=kwargs)
    series_meta = series._meta
    ordered = kwargs.get("ordered")
    if name in ("as_ordered", "as_unordered") or ordered is not None:
        series_meta = series_meta.astype(_dtype_of(name == "as_ordered" or bool(ordered)))
    return call(function, (series,), {}, series_meta, clears=False, keeps=True, label=name, checks=False)


def _used(part: Any) -> list[Any]:
    return list(part.cat.remove_unused_categories().cat.categories)


def _with_used(part: Any, names: list[Any]) -> Any:
    """Return a series without the categories of which no partition has a value."""
    categories = part.cat.categories
    return part.cat.set_categories(categories[categories.isin(names)])


def _without_unused(series: Any) -> Any:
    """Return a series, whose partitions have the same categories, with those that are used."""
    names = tree(series, _used, _united, _united, None, label="used_categories", checks=False)
    return call(
        _with_used, (series, names), {}, series._meta, clears=False, keeps=True,
        label="remove_unused_categories", checks=False,
    )  # fmt: skip


def _dtype_of(ordered: bool) -> Any:
    import pandas as pd

    return pd.CategoricalDtype([], ordered=ordered)


def _of_categories(part: Any, name: str, args: Any, kwargs: Any) -> Any:
    return getattr(part.cat, name)(*args, **kwargs)


class CategoricalMethods(_Accessor):
    """``series.cat``: functions of categories, as pandas has them.

    Which categories there are is found out by a task: those of all partitions.

    Examples
    --------
    >>> import pandas as pd
    >>> import raskt.dataframe as rd
    >>> s = rd.from_pandas(pd.Series(["a", "b"], dtype="category"), npartitions=2)
    >>> s.cat.codes.compute().tolist()
    [0, 1]
    """

    __slots__ = ()
    _name = "cat"

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), "as_known", "as_unknown", "known"})

    @property
    def known(self) -> bool:
        """Whether categories can be asked for: they always can, since a task finds out which there are."""
        return True

    def as_known(self, **kwargs: Any) -> Any:
        """Return the series with the same categories in all partitions: those of any.

        Parameters
        ----------
        **kwargs
            Accepted for Dask's sake: nothing is computed now.

        Returns
        -------
        Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series(["a", "b"], dtype="category"), npartitions=2)
        >>> s.cat.as_known().compute().tolist()
        ['a', 'b']
        """
        del kwargs
        return as_known(self._series)

    def as_unknown(self) -> Any:
        """Return the series itself: nobody counts on its categories."""
        return self._series

    @property
    def categories(self) -> Any:
        """The categories of all partitions, computed: an index of pandas'."""
        return categories_of(self._series)

    @property
    def ordered(self) -> bool:
        """Whether the categories have an order."""
        return bool(self._series._meta.dtype.ordered)

    def __getattr__(self, name: str) -> Any:
        if name not in _OF_CATEGORIES:
            raise AttributeError(f"'CategoricalMethods' object has no attribute {name!r}")

        def function(*args: Any, **kwargs: Any) -> Any:
            # Partitions may have other categories each: what is said of them is said of all.
            if name == "remove_unused_categories":
                return _without_unused(as_known(self._series), *args, **kwargs)
            return call_of(as_known(self._series), name, args, kwargs)

        function.__name__ = name
        function.__doc__ = f"Call pandas' ``Series.cat.{name}``, of the categories of all partitions."
        return function

    @property
    def codes(self) -> Any:
        """The places of values among the categories of all partitions."""
        return method(as_known(self._series), "cat.codes")
