"""Group-by: partial states of partitions put together in a tree, or pandas' own group-by of all rows."""

from __future__ import annotations

import functools
from typing import Any

from raskt import config
from raskt._lazy import late, late_module
from raskt.dataframe._gathered import cut_back, sample_of
from raskt.dataframe._group_methods import FrameGroupMethods, GroupMethods, SeriesGroupMethods
from raskt.dataframe._group_shuffle import by_shuffle, is_by_shuffle
from raskt.dataframe._metas import make_meta, meta_of_call
from raskt.dataframe._op import call, is_frame, op, rows_method
from raskt.dataframe._parameters import label
from raskt.dataframe._selection import get_column

__all__ = ["DataFrameGroupBy", "SeriesGroupBy", "grouped"]

one_row: Any = late("raskt._tables", "one_row")
custom: Any = late("raskt.dataframe.aggregation", "custom")
has_custom: Any = late("raskt.dataframe.aggregation", "has_custom")
_partition: Any = late_module("raskt.dataframe._partition")

#: What partial states are kept of.
_NATIVE = {
    *("sum", "prod", "mean", "count", "size", "min", "max", "var", "std", "sem", "first", "last"),
    *("any", "all", "nunique"),
}
#: Functions that are known by their names.
_BY_NAME = _NATIVE | {"median"}
#: What kernels make of rows and others of their groups.
_WITHIN = {
    *("cumsum", "cumprod", "cummin", "cummax", "cumcount", "shift", "diff", "ffill", "bfill"),
}
#: What values are called that have no name.
_UNNAMED = "__raskt_values"
#: What a key is called that is no column of the frame.
_KEY = "__raskt_key_{}"


def grouped(frame: Any, by: Any, level: Any, options: dict[str, Any]) -> Any:
    """Return the groups of a frame or series.

    Raises
    ------
    KeyError
        If a column is not there.
    TypeError
        Without ``by`` and ``level``, and for keys that are no columns.
    """
    if by is None and level is None:
        raise TypeError("You have to supply one of 'by' and 'level'")
    is_series = frame._expr.kind == "series"
    if is_series:
        name = frame.name
        frame = frame.to_frame(*(() if name is not None else (_UNNAMED,)))
    keys: list[tuple[Any, Any]] = []
    wanted = by if isinstance(by, list) else [] if by is None else [by]
    if level is None and wanted and all(_is_level(frame, key) for key in wanted):
        wanted, level = [], list(wanted)
    for at, key in enumerate(wanted):
        if is_frame(key) and key._expr.kind == "index":
            key = key.to_series()
        if not is_series and _is_own_column(frame, key):
            found = (key.name, key.name)
        elif is_frame(key):
            if key._expr.kind != "series":
                raise TypeError("groups are by columns, series or levels, not by a whole frame")
            place = _KEY.format(at)
            frame, found = frame.assign(**{place: key}), (place, key.name)
        elif callable(key):
            place = _KEY.format(at)
            names = frame._expr.index_names
            name = names[0] if len(names) == 1 else None
            frame, found = frame.assign(**{place: frame.index.to_series().map(key)}), (place, name)
        elif _is_level(frame, key):
            if len(frame._expr.index_names) > 1:
                raise NotImplementedError(f"groups by {key!r}, a level, beside columns: reset_index() first")
            place = _KEY.format(at)
            frame, found = frame.assign(**{place: frame.index.to_series()}), (place, key)
        else:
            get_column(frame, key)
            found = (key, key)
        keys.append(found)
    hidden = {place for place, name in keys if place != name}
    own = [name for name in frame._expr.labels if name not in hidden]
    levels = [] if level is None else level if isinstance(level, list) else [level]
    groups = DataFrameGroupBy(frame, keys, levels, own, None, options)
    return groups[own[0]] if is_series else groups


def _is_own_column(frame: Any, key: Any) -> bool:
    """Return whether a key is a column of the frame as it is, which pandas takes for its name."""
    if not is_frame(key) or key._expr.kind != "series" or frame._expr.labels.count(key.name) != 1:
        return False
    return bool(key._expr.token == get_column(frame, key.name)._expr.token)


def _is_level(frame: Any, key: Any) -> bool:
    """Return whether a key is the name of a level of the index.

    Raises
    ------
    ValueError
        If it is that of a column, too.
    """
    if not isinstance(key, (str, int, tuple)) or key not in frame._expr.index_names:
        return False
    if key in frame._expr.labels:
        raise ValueError(f"'{key}' is both an index level and a column label, which is ambiguous.")
    return True


class _Groups(GroupMethods):
    """What groups of frames and series share."""

    __slots__ = ("_columns", "_frame", "_keys", "_levels", "_options", "_own")

    def __init__(
        self,
        frame: Any,
        keys: list[tuple[Any, Any]],
        levels: list[Any],
        own: list[Any],
        columns: Any,
        options: Any,
    ) -> None:
        self._frame, self._keys, self._levels, self._own = frame, keys, levels, own
        self._columns, self._options = columns, options

    _is_series = False

    # ---- natively ----

    def _level(self, level: Any) -> int:
        names = self._frame._expr.index_names
        if level in names:
            return int(names.index(level))
        if isinstance(level, int) and -len(names) <= level < len(names):
            return level % len(names)
        raise KeyError(f"{level!r} is no level of the index; its levels are {names!r}")

    def _native(self, wanted: list[tuple[Any, ...]], options: dict[str, Any] | None = None) -> Any:
        """Return a frame of aggregates, or None where pandas has to do it.

        Each is a column, a function and the name of the result; and its own options, where they differ.
        """
        if not self._options["observed"] and self._has_categories():
            return None
        dtypes = {
            str(label(name)): dtype
            for name, dtype in zip(self._frame._expr.labels, self._dtypes(), strict=True)
        }
        keys = self._named_keys()
        aggregates = [
            [label(column), dtypes[str(label(column))], name, label(out), *(own or (options,))]
            for column, name, out, *own in wanted
        ]
        parameters = {
            "keys": keys,
            "aggregates": aggregates,
            "dropna": self._options["dropna"],
            "sort": self._options["sort"],
        }
        try:
            found = op("groupby", (self._needed([column for column, *_ in wanted]),), parameters)
        except NotImplementedError:
            return None
        if any(place != name for place, name in self._keys):
            names = [name for _, name in self._keys] + [
                self._frame._expr.index_names[self._level(one)] for one in self._levels
            ]
            found = (
                found.rename_axis(names if len(names) > 1 else names[0])
                if names != [None]
                else _unnamed(found)
            )
        return found

    def _named_keys(self) -> list[dict[str, Any]]:
        """Return the keys as kernels know them."""
        keys: list[dict[str, Any]] = [{"column": label(place)} for place, _ in self._keys]
        return keys + [{"level": self._level(level)} for level in self._levels]

    def _within(self, name: str, periods: Any = None, **named: Any) -> Any:
        """Return what kernels make of each row and others of its group, or None where pandas has to do it."""
        is_shift = name in ("shift", "diff")
        is_plain = not named or (name == "cumcount" and type(named["ascending"]) is bool)
        is_known = name in _WITHIN and is_plain and (not is_shift or (type(periods) is int and periods))
        labels = self._frame._expr.labels
        if not is_known or len(set(labels)) < len(labels) or not config.resolve("dataframe.native"):
            return None
        columns = [] if name == "cumcount" else self._values()
        places = {place for place, _ in self._keys}
        if name[:3] == "cum" and places.intersection(columns):
            # What is carried of a column that is a key would be another key.
            return None
        parameters = {
            "name": name,
            "keys": self._named_keys(),
            "columns": [label(column) for column in columns],
            "dropna": self._options["dropna"],
            **({"periods": periods} if is_shift else {}),
            **named,
        }
        try:
            found = op("within_groups", (self._needed(columns),), parameters)
        except NotImplementedError:
            return None
        is_column = self._is_series or name == "cumcount"
        return self._named(get_column(found, found._expr.labels[0])) if is_column else found

    def _named(self, found: Any) -> Any:
        """Return a result under the name of the series that was grouped, which may have none."""
        if not self._is_series or found._expr.kind not in ("series", "frame"):
            return found
        if found._expr.kind == "series" and found.name == _UNNAMED:
            found = found.rename(None)
        levels = found._expr.index_names
        if _UNNAMED in levels:
            found = found.rename_axis([None if name == _UNNAMED else name for name in levels])
        return found

    def _needed(self, columns: Any) -> Any:
        """Return the frame of the keys and some columns, where their names tell them apart."""
        labels = self._frame._expr.labels
        needed = {*columns, *(place for place, _ in self._keys)}
        if len(set(labels)) < len(labels) or needed.issuperset(labels):
            return self._frame
        return self._frame[[column for column in labels if column in needed]]

    def _dtypes(self) -> list[Any]:
        return [dtype for _, dtype in self._frame._expr.schema["columns"]]

    def _has_categories(self) -> bool:
        meta = self._frame._meta
        return any(str(meta[place].dtype) == "category" for place, _ in self._keys)

    # ---- by pandas ----

    def _pandas(
        self,
        name: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        meta: Any = None,
        *,
        keeps: bool = False,
        asks: bool = True,
        window: Any = None,
    ) -> Any:
        """Ask for a method of pandas' group-by: on the rows of some groups each, or on all rows in one task.

        Parameters
        ----------
        name, args, kwargs
            The method.
        meta : object, optional
            What comes out.
        keeps : bool, optional
            Whether a row comes out for each row: they go back to the partitions of these.
        asks : bool, optional
            Whether the first rows are asked what comes out; or else a row that is made up.
        window : tuple, optional
            The windows of each group whose method it is.
        """
        frame, own = self._frame, self._own
        if self._columns is not None and window is None:
            frame = self._needed(self._columns)
            own = [column for column in own if column in frame._expr.labels]
        plan = (self._keys, self._levels, own, self._columns, self._options)
        function = functools.partial(
            _by_pandas, plan=plan, name=name, args=args, kwargs=kwargs, window=window
        )
        if meta is None:
            meta = (
                meta_of_call(function, (frame,), {})
                if asks
                else _partition.asked(function, _of_a_group(sample_of(frame), self._keys))
            )
        prototype = make_meta(meta)
        if not keeps and is_by_shuffle(frame, plan, name, prototype, window):
            found = by_shuffle(frame, plan, function, prototype, name)
            if found is not None:
                return self._named(found)
        gathered = op("repartition", (frame,), {"npartitions": 1})
        if keeps:
            prototype = prototype.set_axis(frame._meta.index)
        found = call(function, (gathered,), {}, prototype, clears=True, label=name, checks=False)
        return self._named(cut_back(frame, found, prototype, name) if keeps else found)

    def _meta_of_rows(self) -> Any:
        """Return rows of the groups, as they are."""
        chosen = self._frame._meta[self._own]
        if self._columns is None:
            return chosen
        return chosen[self._columns[0]] if self._is_series else chosen[list(self._columns)]

    def _reduced(self, name: str, numeric_only: Any = False, **options: tuple[Any, Any]) -> Any:
        """Return the result of a function of pandas'; options are pairs of a value and pandas' default."""
        named = {
            key: value
            for key, (value, default) in options.items()
            if not (value is default or (type(value) is type(default) and value == default))
        }
        columns = self._values()
        if numeric_only and not self._is_series:
            columns = self._numeric(columns)
        # Partial states of the others are of the values that are there.
        has_states = "skipna" not in named or name in ("first", "last", "any", "all")
        if has_states and columns and (not numeric_only or not self._is_series) and _is_plain(named):
            # pandas' name for what nothing is missing from.
            renamed = {"skipna" if key == "dropna" else key: value for key, value in named.items()}
            found = self._native([(column, name, column) for column in columns], renamed or None)
            if found is not None:
                return self._finished(found)
        return self._pandas(name, (), named | ({"numeric_only": numeric_only} if numeric_only else {}))

    def _numeric(self, columns: list[Any]) -> list[Any]:
        kept = set(self._frame._meta._get_numeric_data().columns)
        return [column for column in columns if column in kept]

    def _values(self) -> list[Any]:
        if self._columns is not None:
            return list(self._columns)
        places = {place for place, _ in self._keys}
        return [name for name in self._own if name not in places]

    def _finished(self, found: Any) -> Any:
        if self._is_series:
            found = self._named(get_column(found, found._expr.labels[0]))
        if not self._options["as_index"]:
            found = rows_method(found, "reset_index", clears=True)
        return found

    # ---- aggregations ----

    def sum(self, numeric_only: bool = False, min_count: int = 0, skipna: bool = True, **kwargs: Any) -> Any:
        """Return the sum of each group."""
        _accepted(kwargs)
        return self._reduced("sum", numeric_only, min_count=(min_count, 0), skipna=(skipna, True))

    def prod(self, numeric_only: bool = False, min_count: int = 0, skipna: bool = True, **kwargs: Any) -> Any:
        """Return the product of each group."""
        _accepted(kwargs)
        return self._reduced("prod", numeric_only, min_count=(min_count, 0), skipna=(skipna, True))

    def mean(self, numeric_only: bool = False, skipna: bool = True, **kwargs: Any) -> Any:
        """Return the arithmetic mean of each group."""
        _accepted(kwargs)
        return self._reduced("mean", numeric_only, skipna=(skipna, True))

    def count(self, **kwargs: Any) -> Any:
        """Return how many values are there in each group."""
        _accepted(kwargs)
        return self._reduced("count")

    def min(self, numeric_only: bool = False, min_count: int = -1, skipna: bool = True, **kwargs: Any) -> Any:
        """Return the least value of each group."""
        _accepted(kwargs)
        return self._reduced("min", numeric_only, min_count=(min_count, -1), skipna=(skipna, True))

    def max(self, numeric_only: bool = False, min_count: int = -1, skipna: bool = True, **kwargs: Any) -> Any:
        """Return the greatest value of each group."""
        _accepted(kwargs)
        return self._reduced("max", numeric_only, min_count=(min_count, -1), skipna=(skipna, True))

    def var(self, ddof: int = 1, numeric_only: bool = False, skipna: bool = True, **kwargs: Any) -> Any:
        """Return the variance of each group."""
        _accepted(kwargs)
        return self._reduced("var", numeric_only, ddof=(ddof, 1), skipna=(skipna, True))

    def std(self, ddof: int = 1, numeric_only: bool = False, skipna: bool = True, **kwargs: Any) -> Any:
        """Return the standard deviation of each group."""
        _accepted(kwargs)
        return self._reduced("std", numeric_only, ddof=(ddof, 1), skipna=(skipna, True))

    def sem(self, ddof: int = 1, numeric_only: bool = False, skipna: bool = True, **kwargs: Any) -> Any:
        """Return the standard error of the mean of each group."""
        _accepted(kwargs)
        return self._reduced("sem", numeric_only, ddof=(ddof, 1), skipna=(skipna, True))

    def first(
        self, numeric_only: bool = False, min_count: int = -1, skipna: bool = True, **kwargs: Any
    ) -> Any:
        """Return the first value that is there in each group, or its first row's with ``skipna=False``."""
        _accepted(kwargs)
        return self._reduced("first", numeric_only, min_count=(min_count, -1), skipna=(skipna, True))

    def last(
        self, numeric_only: bool = False, min_count: int = -1, skipna: bool = True, **kwargs: Any
    ) -> Any:
        """Return the last value that is there in each group, or its last row's with ``skipna=False``."""
        _accepted(kwargs)
        return self._reduced("last", numeric_only, min_count=(min_count, -1), skipna=(skipna, True))

    def any(self, skipna: bool = True, **kwargs: Any) -> Any:
        """Return whether a value of each group is true."""
        _accepted(kwargs)
        return self._reduced("any", skipna=(skipna, True))

    def all(self, skipna: bool = True, **kwargs: Any) -> Any:
        """Return whether all values of each group are true."""
        _accepted(kwargs)
        return self._reduced("all", skipna=(skipna, True))

    def nunique(self, dropna: bool = True, **kwargs: Any) -> Any:
        """Return how many different values each group has."""
        _accepted(kwargs)
        return self._reduced("nunique", dropna=(dropna, True))

    def median(self, numeric_only: bool = False, skipna: bool = True, **kwargs: Any) -> Any:
        """Return the median of each group; all rows come together in one task."""
        _accepted(kwargs)
        skips = {} if skipna else {"skipna": False}
        return self._pandas("median", (), {"numeric_only": numeric_only, **skips})

    def size(self, **kwargs: Any) -> Any:
        """Return how many rows each group has."""
        _accepted(kwargs)
        from pandas import NA, ArrowDtype

        columns = [*self._values(), *self._own]
        found = self._native([(columns[0], "size", "size")]) if columns else None
        if found is None:
            return self._pandas("size", (), {})
        if not self._options["as_index"]:
            return rows_method(found, "reset_index", clears=True)
        sizes = get_column(found, "size").rename(self._values()[0] if self._is_series else None)
        if not self._is_series:
            return sizes
        sizes = self._named(sizes)
        # pandas counts rows of a nullable series in nullable integers.
        dtype = self._frame._meta[columns[0]].dtype
        if isinstance(dtype, ArrowDtype):
            return sizes.astype("int64[pyarrow]")
        return sizes.astype("Int64") if getattr(dtype, "na_value", 0) is NA else sizes

    def apply(self, func: Any, *args: Any, meta: Any = None, **kwargs: Any) -> Any:
        """Call a function of each group; all rows come together in one task.

        Parameters
        ----------
        func : callable
            The function of a group, an object of pandas'.
        *args, **kwargs
            Its other arguments.
        meta : object, optional
            What comes out. Without it the function is called on the groups of the first rows.
        """
        return self._pandas("apply", (func, *args), kwargs, meta)

    def transform(self, func: Any, *args: Any, meta: Any = None, **kwargs: Any) -> Any:
        """Call a function of each group that returns as many rows; all rows come together in one task.

        Parameters
        ----------
        func : callable or str
            The function.
        *args, **kwargs
            Its other arguments.
        meta : object, optional
            What comes out.

        Returns
        -------
        DataFrame or Series
            Of the partitions of the frame, with which it goes together.
        """
        return self._pandas("transform", (func, *args), kwargs, meta, keeps=True)

    def parts_of(self, column: Any) -> tuple[Any, Any, dict[str, Any]]:
        """Return the frame, the function that groups one column of a partition, and the options."""
        plan = (self._keys, self._levels, self._own, (column,), self._options)
        return self._frame, functools.partial(_groups_of, plan=plan), self._options

    def compute(self, **kwargs: Any) -> Any:
        """Return pandas' groups of the computed frame.

        Parameters
        ----------
        **kwargs
            As in `raskt.compute`.
        """
        plan = (self._keys, self._levels, self._own, self._columns, self._options)
        return _groups_of(self._frame.compute(**kwargs), plan)

    def agg(self, arg: Any = None, **kwargs: Any) -> Any:
        """Aggregate groups by one or several functions.

        Parameters
        ----------
        arg : str, callable, list or dict, optional
            A function, several, or those of each column. Those with partial states run natively: sum, prod,
            mean, count, size, min, max, var, std, sem, first, last, any, all and nunique.
        **kwargs
            The name of a result and `(column, function)`, as in pandas.

        Returns
        -------
        DataFrame or Series
        """
        kwargs = {key: value for key, value in kwargs.items() if key not in _IGNORED}
        if has_custom(arg):
            plan = (self._frame, self._keys, self._levels, self._own, self._columns)
            groups = type(self)(*plan, {**self._options, "as_index": True})
            return custom(groups, arg, self._values(), self._is_series, self._options)
        wanted = self._wanted(arg, kwargs)
        if wanted is not None:
            columns, several = wanted
            found = self._native([(column, name, out) for column, name, out in columns])
            if found is not None:
                return self._finished_by_name(found, [out for _, _, out in columns], several, bool(kwargs))
        return self._pandas("agg", () if arg is None else (arg,), kwargs)

    aggregate = agg

    def _finished_by_name(self, found: Any, names: list[Any], several: bool, is_named: bool) -> Any:
        if self._is_series and not several and not is_named:
            found = self._named(get_column(found, names[0]))
        elif several and not self._is_series:
            meta = found._meta
            meta = _under_levels(meta, names)
            found = call(_under_levels, (found, names), {}, meta, clears=False, label="agg")
        return found if self._options["as_index"] else rows_method(found, "reset_index", clears=True)

    def _wanted(self, arg: Any, kwargs: dict[str, Any]) -> tuple[list[tuple[Any, str, Any]], bool] | None:
        """Return the aggregates that are asked for, and whether names have two levels; None for others."""
        found: list[tuple[Any, Any, Any]] = []
        several = False
        if arg is None:
            for out, pair in kwargs.items():
                if getattr(pair, "args", ()) or getattr(pair, "kwargs", {}):
                    return None
                pair = (pair.column, pair.aggfunc) if hasattr(pair, "aggfunc") else pair
                column, function = (self._values()[0], pair) if self._is_series else tuple(pair)
                found.append((column, function, out))
        elif kwargs:
            return None
        elif isinstance(arg, dict):
            if self._is_series:
                return None
            several = any(isinstance(functions, (list, tuple)) for functions in arg.values())
            for column, functions in arg.items():
                for function in functions if isinstance(functions, (list, tuple)) else [functions]:
                    found.append((column, function, (column, _name_of(function)) if several else column))
        elif isinstance(arg, (list, tuple)):
            several = True
            for column in self._values():
                found += [
                    (column, one, _name_of(one) if self._is_series else (column, _name_of(one)))
                    for one in arg
                ]
        else:
            found = [(column, arg, column) for column in self._values()]
        named = [(column, _name_of(function), out) for column, function, out in found]
        missing = [column for column, _, _ in named if column not in self._own]
        if missing:
            get_column(self._frame, missing[0])
            raise KeyError(f"Column(s) {missing!r} do not exist")
        return (named, several) if all(name in _NATIVE - {"size"} for _, name, _ in named) else None

    def __getattr__(self, name: str) -> Any:
        if name[:1] != "_" and name in self._own and not self._is_series:
            return self[name]  # type: ignore[index]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


_IGNORED = {"split_every", "split_out", "shuffle_method"}


def _is_plain(options: dict[str, Any]) -> bool:
    """Return whether all values are those that kernels know."""
    return all(
        type(value) is (bool if key in ("skipna", "dropna") else int) for key, value in options.items()
    )


def _of_a_group(sample: Any, keys: list[tuple[Any, Any]]) -> Any:
    """Return a made-up row whose keys are there: of categories that are not known, one is made up."""
    import pandas as pd

    for place, _ in keys:
        dtype = sample.dtypes[place]
        if isinstance(dtype, pd.CategoricalDtype) and not len(dtype.categories):
            value = one_row(dtype.categories.to_series())
            sample = sample.assign(**{place: pd.Categorical(value, ordered=dtype.ordered)})
    return sample


def _accepted(kwargs: dict[str, Any]) -> None:
    """Let the keywords by which Dask is tuned pass: there is nothing to tune."""
    unknown = kwargs.keys() - _IGNORED
    if unknown:
        raise TypeError(f"unexpected keyword arguments {sorted(unknown)!r}")


def _name_of(function: Any) -> str:
    if isinstance(function, str):
        return function
    name = getattr(function, "__name__", "")
    module = getattr(function, "__module__", None) or ""
    return name if name in _BY_NAME and module.partition(".")[0] in ("builtins", "numpy") else f"<{name}>"


def _unnamed(frame: Any) -> Any:
    return call(_without_name, (frame,), {}, _without_name(frame._meta), clears=False, label="groupby")


def _without_name(part: Any) -> Any:
    return part.rename_axis(index=None)


def _under_levels(part: Any, names: list[Any]) -> Any:
    """Return a frame whose columns are under two levels."""
    import pandas as pd

    part = part.copy(deep=False)
    part.columns = pd.MultiIndex.from_tuples([tuple(name) for name in names])
    return part


def _by_pandas(part: Any, plan: Any, name: str, args: Any, kwargs: Any, window: Any = None) -> Any:
    """Return what pandas' group-by makes of all rows."""
    groups = _groups_of(part, plan)
    if window is not None:
        kind, given, columns, name, args, kwargs = window
        windows = getattr(groups, kind)(**given)
        groups = windows if columns is None else windows[columns]
    found = getattr(groups, name)
    return found(*args, **kwargs) if callable(found) else found


def _groups_of(part: Any, plan: Any) -> Any:
    """Return the groups of pandas'."""
    keys, levels, own, columns, options = plan
    by = [place if place == given else part[place].rename(given) for place, given in keys]
    groups_of = part[own]
    if levels and not by:
        groups = groups_of.groupby(level=levels if len(levels) > 1 else levels[0], **options)
    else:
        groups = groups_of.groupby(by if len(by) > 1 else by[0], **options)
    if columns is not None:
        groups = groups[columns if isinstance(columns, list) else columns[0]]
    return groups


class DataFrameGroupBy(FrameGroupMethods, _Groups):
    """The groups of a dataframe: what `DataFrame.groupby` returns.

    Examples
    --------
    >>> import pandas as pd
    >>> import raskt.dataframe as rd
    >>> df = rd.from_pandas(pd.DataFrame({"k": ["a", "b", "a"], "x": [1, 2, 3]}), npartitions=2)
    >>> df.groupby("k").x.sum().compute().tolist()
    [4, 2]
    """

    __slots__ = ()

    def __getitem__(self, key: Any) -> Any:
        wanted = key if isinstance(key, list) else [key]
        for name in wanted:
            get_column(self._frame, name)
        if isinstance(key, list):
            return DataFrameGroupBy(
                self._frame, self._keys, self._levels, self._own, list(key), self._options
            )
        return SeriesGroupBy(self._frame, self._keys, self._levels, self._own, (key,), self._options)

    def __dir__(self) -> list[str]:
        columns = (name for name in self._own if isinstance(name, str))
        return sorted({*object.__dir__(self), *columns})


class SeriesGroupBy(SeriesGroupMethods, _Groups):
    """The groups of a series: what a column of `DataFrameGroupBy` is.

    Examples
    --------
    >>> import pandas as pd
    >>> import raskt.dataframe as rd
    >>> df = rd.from_pandas(pd.DataFrame({"k": ["a", "b", "a"], "x": [1, 2, 3]}), npartitions=2)
    >>> df.groupby("k").x.agg(["min", "max"]).compute().loc["a"].tolist()
    [1, 3]
    """

    __slots__ = ()
    _is_series = True

    def ohlc(self) -> Any:
        """Return the first, greatest, least and last value of each group."""
        (column,) = self._values()
        ways = {"open": "first", "high": "max", "low": "min", "close": "last"}
        is_known = str(self._frame._meta[column].dtype) in ("int64", "float64") and self._options["as_index"]
        found = self._native([(column, way, name) for name, way in ways.items()]) if is_known else None
        return self._asked("ohlc") if found is None else found
