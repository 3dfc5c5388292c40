"""Aggregations of groups by functions of users, with partial states: `Aggregation`."""

from __future__ import annotations

import functools
from typing import Any

from raskt._lazy import late
from raskt.dataframe._op import call, tree

__all__ = ["Aggregation", "custom", "has_custom"]

one_row: Any = late("raskt._tables", "one_row")


class Aggregation:
    """An aggregation of groups, made of functions of partial states.

    Parameters
    ----------
    name : str
        What it is called.
    chunk : callable
        What makes states of the groups of a partition: it gets a ``SeriesGroupBy`` of pandas', and returns a
        series with a value for each group, or several in a tuple.
    agg : callable
        What makes states of states: it gets the states of the same groups as a ``SeriesGroupBy``, one for
        each series of ``chunk``, and returns as many series.
    finalize : callable, optional
        What makes the result of the states: it gets as many series as there are, and returns one.

    Examples
    --------
    >>> import pandas as pd
    >>> import raskt.dataframe as rd
    >>> df = rd.from_pandas(pd.DataFrame({"k": ["a", "b", "a"], "x": [1, 2, 5]}), npartitions=2)
    >>> reach = rd.Aggregation(
    ...     "reach",
    ...     lambda groups: (groups.min(), groups.max()),
    ...     lambda low, high: (low.min(), high.max()),
    ...     lambda low, high: high - low,
    ... )
    >>> df.groupby("k").x.agg(reach).compute().to_dict()
    {'a': 4, 'b': 0}
    """

    def __init__(self, name: str, chunk: Any, agg: Any, finalize: Any = None) -> None:
        for what, function in (("chunk", chunk), ("agg", agg), ("finalize", finalize)):
            if not callable(function) and not (what == "finalize" and function is None):
                raise TypeError(f"{what} must be a function, found {type(function).__name__}")
        self.chunk, self.agg, self.finalize = chunk, agg, finalize
        self.__name__ = name


def has_custom(wanted: Any) -> bool:
    """Return whether any of the functions that are asked for is an `Aggregation`."""
    if isinstance(wanted, dict):
        return any(has_custom(one) for one in wanted.values())
    if isinstance(wanted, (list, tuple)):
        return any(has_custom(one) for one in wanted)
    return isinstance(wanted, Aggregation)


def _states(found: Any) -> tuple[Any, ...]:
    return found if isinstance(found, tuple) else (found,)


def _chunk(part: Any, aggregation: Aggregation, groups_of: Any) -> tuple[Any, ...]:
    return _states(aggregation.chunk(groups_of(part)))


def _combine(results: list[Any], aggregation: Aggregation, options: dict[str, Any]) -> tuple[Any, ...]:
    import pandas as pd

    grouped = []
    for states in zip(*results, strict=True):
        rows = pd.concat([one for one in states if len(one)] or [states[0]])
        levels = list(range(rows.index.nlevels))
        grouped.append(rows.groupby(level=levels if len(levels) > 1 else 0, **options))
    return _states(aggregation.agg(*grouped))


def _finish(results: list[Any], aggregation: Aggregation, options: dict[str, Any], name: Any) -> Any:
    states = _combine(results, aggregation, options)
    found = states[0] if aggregation.finalize is None else aggregation.finalize(*states)
    return found.rename(name)


def _one(groups: Any, column: Any, aggregation: Aggregation) -> Any:
    """Return the result of one column, a series."""
    frame, groups_of, options = groups.parts_of(column)
    options = {name: options[name] for name in ("sort", "dropna", "observed")}
    given = ({"groups_of": groups_of}, {"options": options}, {"options": options, "name": column})
    kwargs = tuple({"aggregation": aggregation, **one} for one in given)
    first, _, last = kwargs
    like = _finish([_chunk(one_row(frame._meta), **first)], **last)
    return tree(
        frame,
        functools.partial(_chunk, **first),
        functools.partial(_combine, **kwargs[1]),
        functools.partial(_finish, **last),
        like.iloc[:0],
        label=aggregation.__name__,
        checks=False,
    )


def _beside(*results: Any, names: list[Any], has_levels: bool, sort: bool) -> Any:
    import pandas as pd

    found = pd.concat(list(results), axis=1)
    found.columns = pd.MultiIndex.from_tuples(names) if has_levels else pd.Index(names, tupleize_cols=False)
    return found.sort_index() if sort and len(results) > 1 else found


def custom(groups: Any, wanted: Any, columns: list[Any], is_series: bool, options: dict[str, Any]) -> Any:
    """Return aggregates of groups, some of which are those of an `Aggregation`.

    Parameters
    ----------
    groups : DataFrameGroupBy or SeriesGroupBy
        The groups; ``parts_of(column)`` returns the frame, the function that groups a partition, and options.
    wanted : Aggregation, str, list or dict
        What is asked for.
    columns : list
        The columns that are aggregated.
    is_series : bool
        Whether the groups are of a series.
    options : dict
        Keywords of the group-by.
    """
    by_column = wanted if isinstance(wanted, dict) else dict.fromkeys(columns, wanted)
    has_levels = any(isinstance(one, (list, tuple)) for one in by_column.values())
    results, names = [], []
    for column, functions in by_column.items():
        if column not in columns:
            raise KeyError(f"Column(s) [{column!r}] do not exist")
        for function in functions if isinstance(functions, (list, tuple)) else [functions]:
            if isinstance(function, Aggregation):
                results.append(_one(groups, column, function))
            else:
                results.append((groups if is_series else groups[column]).agg(function))
            name = function if isinstance(function, str) else function.__name__
            names.append((column, name) if has_levels and not is_series else name if has_levels else column)
    if is_series and not has_levels:
        found = results[0]
    else:
        arrange = functools.partial(
            _beside, names=names, has_levels=has_levels and not is_series, sort=options["sort"]
        )
        meta = arrange(*[result._meta for result in results])
        found = call(arrange, tuple(results), {}, meta, clears=True, label="agg", checks=False)
    return found if options["as_index"] else found.reset_index()
