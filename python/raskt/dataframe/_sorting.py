"""Methods of frames and series that order their rows, or look at which are equal."""

from __future__ import annotations

from typing import Any

from raskt._lazy import late
from raskt.dataframe._op import method, op, reduction
from raskt.dataframe._parameters import labels

__all__ = ["FrameSorting", "SeriesSorting"]

numbered: Any = late("raskt.dataframe._gathered", "numbered")
indexed_by: Any = late("raskt.dataframe._indexing", "indexed_by")


def _keep(keep: Any, allowed: tuple[Any, ...] = ("first", "last", False)) -> Any:
    if keep not in allowed or (keep is not False and not isinstance(keep, str)):
        names = ", ".join(repr(one) for one in allowed)
        raise ValueError(f"keep must be one of {names}, found {keep!r}")
    return keep


def _top(frame: Any, name: str, n: Any, columns: Any, keep: Any) -> Any:
    if type(n) is bool or not hasattr(n, "__index__"):
        raise TypeError(f"n must be a whole number, found {n!r}")
    parameters = {"name": name, "n": max(n.__index__(), 0), "keep": _keep(keep, ("first", "last", "all"))}
    if columns is not None:
        parameters["columns"] = labels(_listed(frame, columns))
    return op("top", (frame,), parameters)


def _listed(frame: Any, by: Any) -> list[Any]:
    """Return one name or several as a list, all of which are columns."""
    names = list(by) if isinstance(by, (list, set)) or type(by).__name__ in ("Index", "ndarray") else [by]
    for name in names:
        if name not in frame._meta.columns:
            raise KeyError(f"{name!r} is no column; the columns are {list(frame._meta.columns)!r}")
    return names


def _sorted(
    frame: Any, parameters: dict[str, Any], ascending: Any, na_position: Any, npartitions: Any
) -> Any:
    flags = list(ascending) if isinstance(ascending, (list, tuple)) else ascending
    for flag in flags if isinstance(flags, list) else [flags]:
        if type(flag).__name__ not in ("bool", "bool_") and flag not in (0, 1):
            raise ValueError(f"ascending must be a truth value or a list of them, found {ascending!r}")
    if na_position not in ("first", "last"):
        raise ValueError(f"na_position must be 'first' or 'last', found {na_position!r}")
    if npartitions is not None and (type(npartitions) is not int or npartitions < 1):
        raise ValueError(f"npartitions must be a whole number of 1 or more, found {npartitions!r}")
    given = [bool(flag) for flag in flags] if isinstance(flags, list) else bool(flags)
    parameters |= {"ascending": given, "na_position": na_position}
    return op(
        "sort", (frame,), parameters if npartitions is None else parameters | {"npartitions": npartitions}
    )


def _check_kind(kind: Any) -> None:
    if kind not in ("quicksort", "mergesort", "heapsort", "stable"):
        raise ValueError(f"kind must be 'quicksort', 'mergesort', 'heapsort' or 'stable', found {kind!r}")


class _Sorting:
    """What frames and series share."""

    __slots__ = ()
    _expr: Any
    _meta: Any

    def sort_index(
        self, ascending: Any = True, na_position: str = "last", npartitions: int | None = None
    ) -> Any:
        """Return the rows in the order of the index; equal ones keep theirs.

        Parameters
        ----------
        ascending : bool or list of bool, optional
            Whether the least come first; for each level.
        na_position : {"last", "first"}, optional
            Where missing labels go.
        npartitions : int, optional
            How many partitions the result has: as many as there are.

        Returns
        -------
        DataFrame or Series
            Of unknown divisions: where partitions begin is found by a sample when it is computed.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1, 2, 3], index=[5, 0, 3]), npartitions=2, sort=False)
        >>> s.sort_index().compute().tolist()
        [2, 3, 1]
        """
        return _sorted(self, {}, ascending, na_position, npartitions)


class FrameSorting(_Sorting):
    """What frames do by the order and the equality of their rows."""

    __slots__ = ()

    def sort_values(
        self,
        by: Any,
        npartitions: int | None = None,
        ascending: Any = True,
        na_position: str = "last",
        ignore_index: bool = False,
        kind: str = "quicksort",
    ) -> Any:
        """Return the rows in the order of some columns; equal ones keep theirs.

        Parameters
        ----------
        by : label or list of labels
            The columns, the first deciding first.
        npartitions : int, optional
            How many partitions the result has: as many as there are.
        ascending : bool or list of bool, optional
            Whether the least come first; for each column.
        na_position : {"last", "first"}, optional
            Where missing values go, whichever way the others are sorted.
        ignore_index : bool, optional
            Whether rows are numbered.
        kind : {"quicksort", "mergesort", "heapsort", "stable"}, optional
            Accepted for pandas' sake: equal ones always keep their order.

        Returns
        -------
        DataFrame

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [2, 1, 3], "y": [0, 1, 2]}), npartitions=2)
        >>> df.sort_values("x").y.compute().tolist()
        [1, 0, 2]
        """
        _check_kind(kind)
        names = _listed(self, by)
        if isinstance(ascending, (list, tuple)) and len(ascending) != len(names):
            raise ValueError(f"Length of ascending ({len(ascending)}) != length of by ({len(names)})")
        found = _sorted(self, {"by": labels(names)}, ascending, na_position, npartitions)
        return numbered(found) if ignore_index else found

    def set_index(
        self,
        other: Any,
        drop: bool = True,
        sorted: bool = False,
        npartitions: int | None = None,
        divisions: Any = None,
        sort: bool = True,
    ) -> Any:
        """Return the frame with a column as its index, and sorted by it.

        Parameters
        ----------
        other : label, Series or list of labels
            The column. Several are the levels of an index: rows stay where they are then.
        drop : bool, optional
            Whether it is no column any more.
        sorted : bool, optional
            Whether the partitions are in its order already: nothing is moved. Divisions are computed now.
        npartitions : int, optional
            How many partitions the result has: as many as there are.
        divisions : sequence, optional
            Between which values the partitions lie. They are the divisions of the result.
        sort : bool, optional
            Whether rows are moved at all.

        Returns
        -------
        DataFrame
            Of unknown divisions, unless they are given or ``sorted``: partitions begin where a sample says
            when it is computed.

        Raises
        ------
        KeyError
            If there is no such column.
        ValueError
            If ``sorted`` and it is not, or rows lie outside of ``divisions`` (when it is computed).

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [2, 1, 3], "y": [0, 1, 2]}), npartitions=2)
        >>> df.set_index("x").compute().index.tolist()
        [1, 2, 3]
        >>> df.set_index("x", divisions=[1, 2, 3]).divisions
        (1, 2, 3)
        """
        return indexed_by(self, other, drop, sorted, npartitions, divisions, sort)

    def nlargest(self, n: int = 5, columns: Any = None, keep: str = "first") -> Any:
        """Return the rows with the greatest values in some columns.

        Parameters
        ----------
        n : int, optional
            How many.
        columns : label or list of labels
            The columns, the first deciding first.
        keep : {"first", "last", "all"}, optional
            Which of equal rows stay.

        Returns
        -------
        DataFrame
            Of one partition.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [2, 1, 3]}), npartitions=2)
        >>> df.nlargest(2, "x").compute().x.tolist()
        [3, 2]
        """
        return _top(self, "nlargest", n, _wanted(columns), keep)

    def nsmallest(self, n: int = 5, columns: Any = None, keep: str = "first") -> Any:
        """Return the rows with the least values in some columns.

        Parameters
        ----------
        n : int, optional
            How many.
        columns : label or list of labels
            The columns, the first deciding first.
        keep : {"first", "last", "all"}, optional
            Which of equal rows stay.

        Returns
        -------
        DataFrame
            Of one partition.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [2, 1, 3]}), npartitions=2)
        >>> df.nsmallest(2, "x").compute().x.tolist()
        [1, 2]
        """
        return _top(self, "nsmallest", n, _wanted(columns), keep)

    def drop_duplicates(self, subset: Any = None, keep: Any = "first", ignore_index: bool = False) -> Any:
        """Return the rows without those that repeat another.

        Parameters
        ----------
        subset : label or list of labels, optional
            The columns in which rows are compared: all of them.
        keep : {"first", "last", False}, optional
            Which of equal rows stay. With False none does, and all rows are brought into one partition.
        ignore_index : bool, optional
            Whether rows are numbered from 0.

        Returns
        -------
        DataFrame
            Of one partition.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [2, 1, 2]}), npartitions=2)
        >>> df.drop_duplicates().compute().x.tolist()
        [2, 1]
        """
        parameters = {"keep": _keep(keep), "renumber": bool(ignore_index)}
        if subset is not None:
            parameters["subset"] = labels(_listed(self, subset))
        return op("distinct", (self,), parameters)

    def nunique(self, axis: Any = 0, dropna: bool = True) -> Any:
        """Return how many distinct values each column has.

        Parameters
        ----------
        axis : {0, 1, "index", "columns"}, optional
            1 counts those of each row.
        dropna : bool, optional
            Whether the missing value is none of them.

        Returns
        -------
        Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [2, 1, 2], "y": [1, 1, 1]}), npartitions=2)
        >>> df.nunique().compute().tolist()
        [2, 1]
        """
        if axis in (1, "columns"):
            return method(self, "nunique", axis=1, **({} if dropna else {"dropna": False}))
        return reduction(self, "nunique", **({} if dropna else {"dropna": False}))


def _wanted(columns: Any) -> Any:
    if columns is None:
        raise TypeError("columns is needed: those whose values are compared")
    return columns


class SeriesSorting(_Sorting):
    """What series do by the order and the equality of their values."""

    __slots__ = ()

    def sort_values(
        self,
        ascending: bool = True,
        na_position: str = "last",
        npartitions: int | None = None,
        kind: str = "quicksort",
        ignore_index: bool = False,
    ) -> Any:
        """Return the values in order; equal ones keep theirs.

        Parameters
        ----------
        ascending : bool, optional
            Whether the least come first.
        na_position : {"last", "first"}, optional
            Where missing values go.
        npartitions : int, optional
            How many partitions the result has: as many as there are.
        kind : {"quicksort", "mergesort", "heapsort", "stable"}, optional
            Accepted for pandas' sake: equal ones always keep their order.
        ignore_index : bool, optional
            Whether values are numbered.

        Returns
        -------
        Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> rd.from_pandas(pd.Series([2, 1, 3]), npartitions=2).sort_values().compute().tolist()
        [1, 2, 3]
        """
        _check_kind(kind)
        found = _sorted(self, {"values": True}, ascending, na_position, npartitions)
        return numbered(found) if ignore_index else found

    def nlargest(self, n: int = 5, keep: str = "first") -> Any:
        """Return the greatest values.

        Parameters
        ----------
        n : int, optional
            How many.
        keep : {"first", "last", "all"}, optional
            Which of equal ones stay.

        Returns
        -------
        Series
            Of one partition.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> rd.from_pandas(pd.Series([2, 1, 3]), npartitions=2).nlargest(2).compute().tolist()
        [3, 2]
        """
        return _top(self, "nlargest", n, None, keep)

    def nsmallest(self, n: int = 5, keep: str = "first") -> Any:
        """Return the least values.

        Parameters
        ----------
        n : int, optional
            How many.
        keep : {"first", "last", "all"}, optional
            Which of equal ones stay.

        Returns
        -------
        Series
            Of one partition.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> rd.from_pandas(pd.Series([2, 1, 3]), npartitions=2).nsmallest(2).compute().tolist()
        [1, 2]
        """
        return _top(self, "nsmallest", n, None, keep)

    def drop_duplicates(self, keep: Any = "first", ignore_index: bool = False) -> Any:
        """Return the values without those that repeat another.

        Parameters
        ----------
        keep : {"first", "last", False}, optional
            Which of equal ones stay. With False none does, and all rows are brought into one partition.
        ignore_index : bool, optional
            Whether rows are numbered from 0.

        Returns
        -------
        Series
            Of one partition.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> rd.from_pandas(pd.Series([2, 1, 2]), npartitions=2).drop_duplicates().compute().tolist()
        [2, 1]
        """
        return op("distinct", (self,), {"keep": _keep(keep), "renumber": bool(ignore_index)})

    def unique(self) -> Any:
        """Return the distinct values, as they come, as a series that is numbered from 0.

        Returns
        -------
        Series
            Of one partition.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> rd.from_pandas(pd.Series(["b", "a", "b"]), npartitions=2).unique().compute().tolist()
        ['b', 'a']
        """
        return op("distinct", (self,), {"renumber": True})

    def nunique(self, dropna: bool = True) -> Any:
        """Return how many distinct values there are.

        Parameters
        ----------
        dropna : bool, optional
            Whether the missing value is none of them.

        Returns
        -------
        Scalar

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> int(rd.from_pandas(pd.Series([2, 1, 2]), npartitions=2).nunique().compute())
        2
        """
        return op("nunique", (self,), {"dropna": bool(dropna)})

    def value_counts(
        self, sort: bool | None = None, ascending: bool = False, dropna: bool = True, normalize: bool = False
    ) -> Any:
        """Return how often each value is there.

        Parameters
        ----------
        sort : bool, optional
            Whether the most frequent come first; or else the values, as they come.
        ascending : bool, optional
            Whether the least frequent come first.
        dropna : bool, optional
            Whether missing values are left out.
        normalize : bool, optional
            Whether parts of the whole are returned.

        Returns
        -------
        Series
            Of one partition.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> rd.from_pandas(pd.Series(["b", "a", "b"]), npartitions=2).value_counts().compute().to_dict()
        {'b': 2, 'a': 1}
        """
        parameters = {
            "sort": sort is None or bool(sort),
            "ascending": bool(ascending),
            "dropna": bool(dropna),
            "normalize": bool(normalize),
        }
        return op("value_counts", (self,), parameters)
