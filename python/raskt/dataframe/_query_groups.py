"""Aggregates of a query: of groups of rows, and of all rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from raskt.dataframe._query_functions import unsupported
from raskt.dataframe._query_joins import Relation, keyed
from raskt.dataframe._query_values import Values, can_miss
from raskt.dataframe.conversion import from_pandas
from raskt.dataframe.merging import merge

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["aggregates_of", "grouped", "one_row"]

#: The functions of groups by the nodes that stand for them, with their keywords.
_FUNCTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "count": ("count", {}),
    "sum": ("sum", {"min_count": 1}),
    "avg": ("mean", {}),
    "min": ("min", {}),
    "max": ("max", {}),
    "stddev": ("std", {}),
    "stddevsamp": ("std", {}),
    "stddevpop": ("std", {"ddof": 0}),
    "variance": ("var", {}),
    "variancepop": ("var", {"ddof": 0}),
    "median": ("median", {}),
    "percentilecont": ("quantile", {}),
    "first": ("first", {}),
    "last": ("last", {}),
    "anyvalue": ("first", {}),
    "logicaland": ("all", {}),
    "logicalor": ("any", {}),
    "approxdistinct": ("nunique", {}),
    "countif": ("sum", {}),
}
#: Aggregates to which it is all one how often a value is there.
_IDEMPOTENT = ("min", "max", "all", "any", "nunique")


def aggregates_of(nodes: list[Any]) -> list[Any]:
    """Return the aggregates in expressions, each once, but not those of subqueries."""
    found: list[Any] = []
    for node in nodes:
        found += [x for x in _within(node) if x not in found]
    return found


def _within(node: Any) -> Iterator[Any]:
    from sqlglot import exp

    if isinstance(node, (exp.Query, exp.Window)):
        if isinstance(node, exp.Window):
            raise unsupported("a window function (OVER)", node)
        return
    if isinstance(node, (exp.AggFunc, exp.Filter, exp.IgnoreNulls, exp.WithinGroup)):
        yield node
        return
    for child in node.iter_expressions():
        yield from _within(child)


class _Aggregate:
    """One aggregate: what is computed of which column."""

    def __init__(self, node: Any, values: Values) -> None:
        self.node, condition = node, None
        if node.key == "filter":
            condition, node = node.expression.this, node.this
        if node.key == "ignorenulls":
            node = node.this
        if node.key not in _FUNCTIONS:
            raise unsupported(f"the aggregate {type(node).__name__}", node)
        self.name, options = _FUNCTIONS[node.key]
        self.options = dict(options)
        argument = node.this
        self.is_distinct = argument is not None and argument.key == "distinct"
        if self.is_distinct:
            if len(argument.expressions) != 1:
                raise unsupported("DISTINCT of several expressions", node)
            argument = argument.expressions[0]
            if self.name == "count":
                self.name, self.is_distinct = "nunique", False
            self.is_distinct = self.is_distinct and self.name not in _IDEMPOTENT
        if node.args.get("order") or (argument is not None and argument.key == "order"):
            raise unsupported("an aggregate with ORDER BY", node)
        if self.name == "quantile":
            self.options["q"] = values.constant(node.expression)
        self.column: Any = None
        self.is_count = node.key in ("count", "countif")
        if node.key == "count" and (argument is None or argument.key == "star"):
            self.name = "size"
            if condition is not None:
                self.name, self.column = "sum", self._counted(values, condition)
        elif node.key == "countif":
            self.column = self._counted(values, argument)
        else:
            x = values.value(argument)
            if condition is not None:
                x = values.choose(values.truth(condition, True), x, None)
            self.column = values.series(x)
        if self.column is not None and self.name == "sum" and not can_miss(self.column):
            # A group of rows none of which is null has a sum.
            self.options.pop("min_count", None)

    @staticmethod
    def _counted(values: Values, condition: Any) -> Any:
        return values.series(values.truth(condition, True)).astype("int64")


def grouped(
    relation: Relation, keys: list[Any], aggregates: list[Any], known: Any
) -> tuple[Any, dict[Any, str]]:
    """Return a frame of one row a group, and which of its columns keys and aggregates are."""
    wanted = [_Aggregate(node, relation.values(known)) for node in aggregates]
    if not keys:
        return _of_all(relation, wanted)
    frame, key_labels = keyed(relation, keys, "__raskt_key", known)
    places = dict(zip(keys, key_labels, strict=True))
    columns = {f"__raskt_of{at}": x.column for at, x in enumerate(wanted) if x.column is not None}
    frame = frame.assign(**columns) if columns else frame
    unique = list(dict.fromkeys(key_labels))
    plain = [(at, x) for at, x in enumerate(wanted) if not x.is_distinct]
    found = _groups(frame, unique, [(f"__raskt_of{at}", x, f"__raskt_agg{at}") for at, x in plain])
    for at, x in enumerate(wanted):
        if x.is_distinct:
            # Each value of a group once: groups of keys and values first.
            values = frame[[*unique, f"__raskt_of{at}"]].drop_duplicates()
            other = _groups(values, unique, [(f"__raskt_of{at}", x, f"__raskt_agg{at}")])
            found = merge(found, other, on=unique)
    places |= {x.node: f"__raskt_agg{at}" for at, x in enumerate(wanted)}
    return found, places


def _groups(frame: Any, keys: list[str], wanted: list[tuple[str, _Aggregate, str]]) -> Any:
    """Return aggregates of groups, whose keys may be null, with keys as columns."""
    if not wanted:
        return frame[keys].drop_duplicates()
    groups = frame.groupby(keys, dropna=False, sort=False)
    asked = [
        (column if x.column is not None else keys[0], x.name, out, x.options or None)
        for column, x, out in wanted
    ]
    # Those that have no partial states, and all of them by categories, are pandas' own.
    native = [one for one in asked if one[1] not in ("median", "quantile")]
    found = groups._native(native) if native else None
    by_pandas = asked if found is None else [one for one in asked if one not in native]
    found = None if found is None else found.reset_index()
    for column, name, out, options in by_pandas:
        one = getattr(groups[column], name)(**(options or {})).rename(out).reset_index()
        found = one if found is None else merge(found, one, on=keys)
    return found


def one_row() -> Any:
    """Return a frame of one row without a value."""
    import pandas as pd

    return from_pandas(pd.DataFrame({"__raskt_row": [0]}), npartitions=1)


def _of_all(relation: Relation, wanted: list[_Aggregate]) -> tuple[Any, dict[Any, str]]:
    """Return aggregates of all rows: one row, also where there is no row, in which they are null."""
    row = one_row()
    size = relation.frame[relation.frame.columns[0]].size
    found = {}
    for at, x in enumerate(wanted):
        if x.name in ("first", "last"):
            raise unsupported("the first, last or any value of all rows", x.node)
        label = f"__raskt_agg{at}"
        if x.name == "size":
            found[label] = size
            continue
        column = x.column.drop_duplicates() if x.is_distinct else x.column
        if x.is_count or x.name == "nunique":
            found[label] = getattr(column, x.name)()
            continue
        is_whole = not can_miss(column) and column.dtype.kind in "iu"
        if x.name in ("all", "any") or (x.name == "sum" and is_whole):
            # NumPy's integers and truth values have no null.
            value = row.assign(**{label: getattr(column, x.name)()})[label]
            there = row.assign(**{label: column.count() > 0})[label]
            found[label] = value.astype("Int64" if x.name == "sum" else "boolean").where(there)
            continue
        if is_whole and x.name in ("min", "max"):
            column = column.astype("Int64")
        found[label] = getattr(column, x.name)(**x.options)
    return row.assign(**found), {x.node: f"__raskt_agg{at}" for at, x in enumerate(wanted)}
