"""Rows of several tables of a query put together: which tables first, and what is filtered before.

Rows with a null among their keys meet none in SQL, while pandas' merges have missing values meet each other:
such rows are left out before.
"""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from raskt.dataframe._query_functions import unsupported
from raskt.dataframe._query_values import Values, can_miss
from raskt.dataframe.concatenation import concat
from raskt.dataframe.merging import merge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = [
    "Relation",
    "by_all",
    "conjuncts",
    "filtered",
    "has_query",
    "joined",
    "keyed",
    "matches",
    "outer_joined",
    "put_together",
    "selected_tables",
    "tables_of",
]

#: What part of the rows a condition is taken to let pass.
_PASSING = {"eq": 0.05, "in": 0.1, "like": 0.1, "is": 0.1, "exists": 0.3}


@dataclass(frozen=True)
class Relation:
    """Rows with columns of one or several tables."""

    frame: Any
    #: The columns of the frame by table and name.
    places: dict[tuple[str, str], str]
    #: About how many rows there are.
    n_rows: float
    #: About how many rows the table of each column has.
    sizes: dict[tuple[str, str], float] = field(default_factory=dict)

    @property
    def tables(self) -> set[str]:
        """The tables whose columns it has."""
        return {table for table, _ in self.places}

    def values(self, known: Any = None) -> Values:
        """Return what computes expressions over its rows."""
        return Values(self.frame, self.places, known)

    def with_frame(self, frame: Any, n_rows: float | None = None) -> Relation:
        """Return the same columns of other rows."""
        return Relation(frame, self.places, self.n_rows if n_rows is None else n_rows, self.sizes)

    def beside(self, other: Relation, frame: Any, n_rows: float) -> Relation:
        """Return the columns of two relations."""
        return Relation(frame, {**self.places, **other.places}, n_rows, {**self.sizes, **other.sizes})


def conjuncts(node: Any) -> list[Any]:
    """Return the conditions that all have to be true for one to be."""
    if node is None:
        return []
    if node.key == "paren":
        return conjuncts(node.this)
    if node.key == "and":
        return conjuncts(node.this) + conjuncts(node.expression)
    if node.key == "or":
        return _factored(node)
    return [node]


def _arms(node: Any) -> list[Any]:
    if node.key == "paren":
        return _arms(node.this)
    return _arms(node.this) + _arms(node.expression) if node.key == "or" else [node]


def _factored(node: Any) -> list[Any]:
    """Return ``(a and x) or (b and x)`` as ``a or b`` and ``x``."""
    arms = [conjuncts(arm) for arm in _arms(node)]
    shared = [x for x in arms[0] if all(x in arm for arm in arms[1:])]
    if not shared:
        return [node]
    rest = [[x for x in arm if x not in shared] for arm in arms]
    return shared if not all(rest) else [*shared, _any_of([_all_of(arm) for arm in rest])]


def _all_of(nodes: list[Any]) -> Any:
    from sqlglot import exp

    return functools.reduce(lambda a, b: exp.And(this=a.copy(), expression=b.copy()), nodes)


def _any_of(nodes: list[Any]) -> Any:
    from sqlglot import exp

    return functools.reduce(lambda a, b: exp.Or(this=a.copy(), expression=b.copy()), nodes)


def tables_of(node: Any) -> set[str]:
    """Return the tables whose columns an expression uses, but not those of queries in it."""
    return {table for table, _ in _free(node)}


def _free(node: Any) -> Iterator[tuple[str, Any]]:
    """Yield the columns of an expression that are of no query within it, by their tables."""
    from sqlglot import exp

    if isinstance(node, exp.Column):
        yield node.table, node
        return
    is_query = isinstance(node, exp.Select)
    own = selected_tables(node) if is_query else set()
    for child in node.iter_expressions():
        for table, column in _free(child):
            # A column without a table is an output of the query.
            if table not in own and not (is_query and not table):
                yield table, column


def selected_tables(select: Any) -> set[str]:
    """Return the names of the tables that a query is of."""
    clauses = [select.args.get("from_"), *(select.args.get("joins") or [])]
    return {clause.this.alias_or_name for clause in clauses if clause is not None}


def has_query(node: Any) -> bool:
    """Return whether there is a query within an expression."""
    from sqlglot import exp

    return node.find(exp.Query) is not None


def implied(condition: Any) -> list[Any]:
    """Return conditions of one table each that follow: ``a1 or a2`` of ``a1 and b1 or a2 and b2``."""
    arms = [conjuncts(arm) for arm in _arms(condition)]
    if len(arms) < 2 or has_query(condition):
        return []
    found = []
    for table in sorted(tables_of(condition)):
        own = [[x for x in arm if tables_of(x) == {table}] for arm in arms]
        if all(own):
            found.append(_any_of([_all_of(arm) for arm in own]))
    return found


def filtered(relation: Relation, conditions: Iterable[Any], known: Any = None) -> Relation:
    """Return the rows for which all of some conditions are true."""
    values = relation.values(known)
    mask: Any = True
    n_rows = relation.n_rows
    for condition in conditions:
        mask = values._and(mask, values.truth(condition, True))
        n_rows *= _PASSING.get(condition.key, 0.33)
    if mask is True:
        return relation
    return relation.with_frame(relation.frame[values.series(mask)], max(n_rows, 1.0))


def keyed(relation: Relation, keys: list[Any], prefix: str, known: Any = None) -> tuple[Any, list[str]]:
    """Return the frame with expressions as columns, and what these are called."""
    values = relation.values(known)
    frame, labels, made = relation.frame, [], {}
    for at, key in enumerate(keys):
        label = relation.places.get((key.table, key.name)) if key.key == "column" else None
        if label is None:
            label = f"{prefix}{at}"
            made[label] = values.series(values.value(key))
        labels.append(label)
    return (frame.assign(**made) if made else frame), labels


def _there(frame: Any, labels: list[str]) -> Any:
    """Return the rows in which no key is null."""
    masks = [frame[label].notna() for label in labels if can_miss(frame[label])]
    return frame[functools.reduce(lambda a, b: a & b, masks)] if masks else frame


def joined(
    left: Relation, right: Relation, pairs: list[tuple[Any, Any]], how: str, n_rows: float
) -> Relation:
    """Return two relations with their rows put together by equal expressions.

    Parameters
    ----------
    left, right : Relation
        The rows.
    pairs : list
        Expressions of the left and the right side.
    how : {"inner", "left", "right", "outer", "leftsemi", "left_anti"}
        Which rows: semi and anti joins keep the left columns only.
    n_rows : float
        About how many rows come out.
    """
    one, left_on = keyed(left, [a for a, _ in pairs], "__raskt_left")
    other, right_on = keyed(right, [b for _, b in pairs], "__raskt_right")
    lonely = None
    if how in ("inner", "left", "leftsemi", "left_anti"):
        other = _there(other, right_on)
    elif how == "right":
        one = _there(one, left_on)
    else:
        masks = [other[label].isna() for label in right_on if can_miss(other[label])]
        if masks:
            lonely, other = other[functools.reduce(lambda a, b: a | b, masks)], _there(other, right_on)
    if how in ("leftsemi", "left_anti"):
        found = merge(one, other[list(dict.fromkeys(right_on))], how=how, left_on=left_on, right_on=right_on)
        return left.with_frame(found[list(left.frame.columns)], n_rows)
    found = merge(one, other, how=how, left_on=left_on, right_on=right_on)
    if lonely is not None:
        found = concat([found, lonely])
    columns = [*left.frame.columns, *right.frame.columns]
    return left.beside(right, found[columns], n_rows)


def crossed(left: Relation, right: Relation) -> Relation:
    """Return every row with every other one."""
    return left.beside(right, merge(left.frame, right.frame, how="cross"), left.n_rows * right.n_rows)


# ---- order of inner joins ----


def _pair(condition: Any, one: set[str], other: set[str]) -> tuple[Any, Any] | None:
    """Return the two sides of an equality of two sets of tables."""
    if condition.key != "eq":
        return None
    a, b = tables_of(condition.this), tables_of(condition.expression)
    if not a or not b:
        return None
    if a <= one and b <= other:
        return condition.this, condition.expression
    return (condition.expression, condition.this) if b <= one and a <= other else None


class _Kinds:
    """Which columns are equal by the conditions, and how many values they can have."""

    def __init__(self, relations: list[Relation], conditions: list[Any]) -> None:
        self.sizes = {place: size for relation in relations for place, size in relation.sizes.items()}
        self.same: dict[tuple[str, str], tuple[str, str]] = {}
        for condition in conditions:
            if condition.key == "eq" and condition.this.key == condition.expression.key == "column":
                a, b = (self.root((x.table, x.name)) for x in (condition.this, condition.expression))
                self.same[a] = b
        self.least: dict[tuple[str, str], float] = {}
        for place, size in self.sizes.items():
            root = self.root(place)
            self.least[root] = min(self.least.get(root, size), size)

    def root(self, place: tuple[str, str]) -> tuple[str, str]:
        while place in self.same and self.same[place] != place:
            place = self.same[place]
        return place

    def rows(self, left: Relation, right: Relation, pairs: list[tuple[Any, Any]]) -> float:
        """Return about how many rows an inner join has, as if keys were those of the smallest table."""
        n_values, most = 1.0, float("inf")
        for a, b in pairs:
            if a.key == b.key == "column":
                n_values *= self.least.get(self.root((a.table, a.name)), 10.0)
                sizes = (self.sizes.get((x.table, x.name), float("inf")) for x in (a, b))
                most = min(most, *sizes)
            else:
                n_values *= 10.0
        return max(left.n_rows * right.n_rows / max(min(n_values, most), 1.0), 1.0)


def put_together(
    relations: list[Relation],
    conditions: list[Any],
    narrowed: Callable[[Relation, list[Any]], Relation] = filtered,
) -> Relation:
    """Return the inner join of relations: those first of which the fewest rows come.

    Parameters
    ----------
    relations : list of Relation
        What is joined.
    conditions : list
        What has to be true of a row.
    narrowed : callable, optional
        What leaves out the rows of a relation for which conditions are not true.
    """
    left_over = list(conditions)
    further = [x for condition in conditions for x in implied(condition)]

    def narrow(relation: Relation) -> Relation:
        mine = [x for x in left_over if tables_of(x) <= relation.tables]
        for x in mine:
            left_over.remove(x)
        return narrowed(relation, mine) if mine else relation

    parts = []
    for relation in relations:
        own = [x for x in further if tables_of(x) <= relation.tables]
        parts.append(narrow(filtered(relation, own)))
    kinds = _Kinds(relations, conditions)
    while len(parts) > 1:
        best: tuple[float, int, int, list[Any]] | None = None
        for at, to in itertools.combinations(range(len(parts)), 2):
            found = [(x, _pair(x, parts[at].tables, parts[to].tables)) for x in left_over]
            pairs = [(x, pair) for x, pair in found if pair is not None]
            if not pairs:
                continue
            n_rows = kinds.rows(parts[at], parts[to], [pair for _, pair in pairs])
            if best is None or n_rows < best[0]:
                best = (n_rows, at, to, pairs)
        if best is None:
            parts.sort(key=lambda part: part.n_rows)
            one, other, *rest = parts
            parts = [*rest, narrow(crossed(other, one))]
            continue
        n_rows, at, to, pairs = best
        one, other = parts[at], parts[to]
        sides = [pair for _, pair in pairs]
        if one.n_rows < other.n_rows:
            one, other, sides = other, one, [(b, a) for a, b in sides]
        for condition, _ in pairs:
            left_over.remove(condition)
        made = narrow(joined(one, other, sides, "inner", n_rows))
        parts = [part for k, part in enumerate(parts) if k not in (at, to)] + [made]
    (whole,) = parts
    return narrowed(whole, left_over) if left_over else whole


def outer_joined(left: Relation, right: Relation, how: str, on: list[Any]) -> Relation:
    """Return an outer, semi or anti join by conditions of which some are equalities of both sides."""
    pairs, rest = [], []
    for condition in on:
        pair = _pair(condition, left.tables, right.tables)
        if pair is not None:
            pairs.append(pair)
        elif tables_of(condition) <= right.tables and how in ("left", "leftsemi", "left_anti"):
            right = filtered(right, [condition])
        elif tables_of(condition) <= left.tables and how in ("right", "leftsemi"):
            left = filtered(left, [condition])
        else:
            rest.append(condition)
    n_rows = max(left.n_rows, right.n_rows)
    if not pairs:
        raise (
            unsupported(f"a {how} join without an equality of columns of both sides", on[0])
            if on
            else (NotImplementedError(f"a {how} join without ON or USING in SQL is not supported"))
        )
    if not rest:
        return joined(left, right, pairs, how, n_rows)
    if how == "right":
        return outer_joined(right, left, "left", on)
    if how == "outer":
        raise unsupported("a full join by other conditions than equalities", rest[0])
    matching = matches(left, right, pairs, rest)
    found = by_all(left, matching, "leftsemi" if how == "leftsemi" else "left_anti")
    if how != "left":
        return left.with_frame(found)
    inner = filtered(joined(left, right, pairs, "inner", n_rows), rest)
    return inner.with_frame(concat([inner.frame, found]), n_rows)


def matches(left: Relation, right: Relation, pairs: list[tuple[Any, Any]], rest: list[Any]) -> Any:
    """Return the left columns by which rows have a match, with the values of rows that have one."""
    from sqlglot import exp

    used = {
        (column.table, column.name)
        for x in (*rest, *(a for a, _ in pairs))
        for column in x.find_all(exp.Column)
    }
    own = {place: label for place, label in left.places.items() if place in used}
    narrow = Relation(left.frame[list(own.values())], own, left.n_rows, left.sizes)
    met = filtered(joined(narrow, right, pairs, "inner", max(left.n_rows, right.n_rows)), rest)
    return met.frame[list(own.values())]


def by_all(left: Relation, matching: Any, how: str) -> Any:
    """Return the left rows whose values are, or are not, among others: a null is equal to a null."""
    labels = list(matching.columns)
    renamed = matching.rename(columns={label: f"__raskt_{label}" for label in labels})
    found = merge(left.frame, renamed, how=how, left_on=labels, right_on=[f"__raskt_{x}" for x in labels])
    return found[list(left.frame.columns)]
