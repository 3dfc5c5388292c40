"""Queries within the expressions of others: ``exists``, ``in`` and single values.

One that uses columns of the outer query becomes a join with what it is for all of their values at once.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from raskt.dataframe._query_functions import unsupported
from raskt.dataframe._query_joins import (
    Relation,
    by_all,
    conjuncts,
    filtered,
    has_query,
    joined,
    matches,
    selected_tables,
    tables_of,
)
from raskt.dataframe._query_values import can_miss

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Nested"]


class Nested:
    """The queries within the expressions of one.

    Parameters
    ----------
    planner : Planner
        What plans them.
    ctes : dict
        The common table expressions that they can name.
    """

    def __init__(self, planner: Any, ctes: dict[str, Any]) -> None:
        self._planner, self._ctes = planner, ctes
        self._n_names = itertools.count()

    def is_correlated(self, condition: Any) -> bool:
        """Return whether a query within a condition uses columns of the outer one."""
        return any(tables_of(query) for _, query in _queries(condition))

    def narrowed(self, relation: Relation, conditions: list[Any]) -> Relation:
        """Return the rows of a relation for which conditions are true."""
        relation = filtered(relation, [x for x in conditions if not has_query(x)])
        for condition in conditions:
            if has_query(condition):
                relation = self._narrowed(relation, condition)
        return relation

    def _narrowed(self, relation: Relation, condition: Any) -> Relation:
        inner, wanted = condition, True
        while inner.key in ("not", "paren"):
            wanted, inner = wanted is (inner.key == "paren"), inner.this
        if inner.key == "exists" and self.is_correlated(inner):
            return self._with_match(relation, inner.this, [], wanted)
        if inner.key == "in" and inner.args.get("query") is not None and not has_query(inner.this):
            return self._with_member(relation, inner, wanted)
        found, known = self.resolved(relation, [condition])
        values = found.values(known)
        mask = values.series(values.truth(condition, True))
        columns = list(relation.frame.columns)
        return relation.with_frame(found.frame[mask][columns], max(relation.n_rows / 3, 1.0))

    # ---- joins ----

    def _with_match(
        self, relation: Relation, query: Any, pairs: list[tuple[Any, Any]], wanted: bool
    ) -> Relation:
        """Return the rows for which a query has, or has not, a row."""
        right, pairs, rest = self._body(query, pairs)
        how = "leftsemi" if wanted else "left_anti"
        n_rows = max(relation.n_rows / 2, 1.0)
        if not pairs:
            raise unsupported("a subquery without an equality with a column of the outer query", query)
        if not rest:
            return joined(relation, right, pairs, how, n_rows)
        return relation.with_frame(by_all(relation, matches(relation, right, pairs, rest), how), n_rows)

    def _with_member(self, relation: Relation, node: Any, wanted: bool) -> Relation:
        """Return the rows whose value is, or is not, among those of a query."""
        query = _plain(node.args["query"])
        if tables_of(query):
            if not wanted:
                raise unsupported("NOT IN of a query that uses columns of the outer one", node)
            if len(query.expressions) != 1:
                raise ValueError(f"a query in IN has one column: {query.sql()}")
            pairs = [(node.this, query.expressions[0].unalias())]
            return self._with_match(relation, query, pairs, True)
        right, column = self._listed(query)
        pairs = [(node.this, column)]
        how = "leftsemi" if wanted else "left_anti"
        found = joined(relation, right, pairs, how, max(relation.n_rows / 2, 1.0))
        if wanted:
            return found
        # Nothing is known to be not among values of which one is null.
        values = found.values()
        members = right.frame[right.frame.columns[0]]
        mask = values.present(values.value(node.this))
        if mask is not True:
            mask = values._or(mask, members.size == 0)
        if can_miss(members):
            mask = values._and(mask, ~members.isna().any())
        return found if mask is True else found.with_frame(found.frame[values.series(mask)])

    def _listed(self, query: Any) -> tuple[Relation, Any]:
        """Return the one column of a query as a relation, and the expression of that column."""
        from sqlglot import exp

        frame, n_rows = self._planner.query(query, self._ctes)
        if len(frame.columns) != 1:
            raise ValueError(f"a query in IN has one column: {query.sql()}")
        table = f"__raskt_in{next(self._n_names)}"
        frame = frame.rename(columns={frame.columns[0]: f"{table}.value"})
        return Relation(frame, {(table, "value"): f"{table}.value"}, n_rows), exp.column("value", table)

    def _body(
        self, query: Any, pairs: list[tuple[Any, Any]]
    ) -> tuple[Relation, list[tuple[Any, Any]], list[Any]]:
        """Return the rows of a query, equalities of them with outer columns, and other conditions on both."""
        query = _plain(query)
        if query.key != "select":
            raise unsupported(f"{query.key.upper()} that uses columns of an outer query", query)
        for clause in ("group", "having", "limit", "offset"):
            if query.args.get(clause):
                raise unsupported(
                    f"{clause.upper()} in a subquery that uses columns of the outer query", query
                )
        local, equal, rest = _split(query)
        relation = self._planner.source(local, self._ctes)
        # Inner tables may be called as outer ones are.
        mark = f"__raskt_inner{next(self._n_names)}."
        own = relation.tables
        renamed = {label: mark + label for label in relation.frame.columns}
        places = {(mark + table, name): mark + label for (table, name), label in relation.places.items()}
        frame = relation.frame.rename(columns=renamed)
        found = Relation(frame, places, relation.n_rows)
        return (
            found,
            [(a, _marked(b, own, mark)) for a, b in (*pairs, *equal)],
            [_marked(x, own, mark) for x in rest],
        )

    # ---- values ----

    def resolved(self, relation: Relation, nodes: list[Any]) -> tuple[Relation, dict[Any, Any]]:
        """Return a relation with what queries in expressions are for each row, and where that is."""
        late: dict[Any, Any] = {}
        known: dict[Any, Any] = {}
        for node in nodes:
            for holder, query in _queries(node):
                if holder in known or holder in late:
                    continue
                if holder.key == "exists" and not tables_of(query):
                    size = self._size(query)
                    known[holder] = (size > 0, size == 0)
                elif holder.key == "exists":
                    relation, late[holder] = self._marked_rows(relation, query, [])
                elif holder.key == "in":
                    relation, late[holder] = self._membership(relation, holder, query)
                elif tables_of(query):
                    relation, late[holder] = self._value_of_rows(relation, query)
                else:
                    known[holder] = self._single(query)
        for holder, of in late.items():
            known[holder] = of(relation)
        return relation, known

    def _size(self, query: Any) -> Any:
        frame, _ = self._planner.query(query, self._ctes)
        return frame[frame.columns[0]].size

    def _single(self, query: Any) -> Any:
        """Return the one value of a query, null where it has no row."""
        frame, _ = self._planner.query(query, self._ctes)
        if len(frame.columns) != 1:
            raise ValueError(f"a query in the place of a value has one column: {query.sql()}")
        column = frame[frame.columns[0]]
        if not _has_one_row(query):
            column = column.repartition(npartitions=1).map_partitions(_at_most_one, meta=column._meta)
        return column.max()

    def _marked_rows(
        self, relation: Relation, query: Any, pairs: list[tuple[Any, Any]]
    ) -> tuple[Relation, Any]:
        """Return a relation with a column that says for which rows a query has one."""
        right, pairs, rest = self._body(query, pairs)
        if rest or not pairs:
            raise unsupported(
                "a subquery within OR, CASE or outputs by other conditions than equalities", query
            )
        keys, labels = _keys(right, pairs)
        mark = f"__raskt_mark{next(self._n_names)}"
        frame = keys.drop_duplicates().assign(**{mark: 1.0})
        table = f"__raskt_marked{next(self._n_names)}"
        places = {(table, str(at)): label for at, label in enumerate(labels)}
        met = Relation(frame, {**places, (table, mark): mark}, right.n_rows)
        found = joined(relation, met, _with_table(pairs, table), "left", relation.n_rows)

        def outcome(whole: Relation) -> Any:
            is_there = whole.frame[mark].notna()
            return is_there, ~is_there

        return found, outcome

    def _membership(self, relation: Relation, holder: Any, query: Any) -> tuple[Relation, Any]:
        """Return a relation with a column that says for which rows a value is among those of a query."""
        if tables_of(query):
            raise unsupported("IN of a query that uses outer columns within OR, CASE or outputs", holder)
        right, column = self._listed(query)
        members = right.frame[right.frame.columns[0]]
        mark = f"__raskt_mark{next(self._n_names)}"
        frame = right.frame.drop_duplicates().assign(**{mark: 1.0})
        met = Relation(frame, {**right.places, ("", mark): mark}, right.n_rows)
        found = joined(relation, met, [(holder.this, column)], "left", relation.n_rows)

        def outcome(whole: Relation) -> Any:
            values = whole.values()
            is_there = whole.frame[mark].notna()
            is_not = values._and(~is_there, values.present(values.value(holder.this)))
            return is_there, (is_not & ~members.isna().any()) if can_miss(members) else is_not

        return found, outcome

    def _value_of_rows(self, relation: Relation, query: Any) -> tuple[Relation, Any]:
        """Return a relation with the aggregate that a query has for each row."""
        from sqlglot import exp

        query = _plain(query)
        if query.key != "select" or len(query.expressions) != 1:
            raise unsupported("such a query in the place of a value", query)
        output = query.expressions[0].unalias()
        is_count = isinstance(output, exp.Count)
        if output.find(exp.AggFunc) is None or query.args.get("group") or query.args.get("limit"):
            raise unsupported("a value of a query that uses outer columns, other than an aggregate", query)
        if output.find(exp.Count) is not None and not is_count:
            raise unsupported("an expression of counts of a query that uses outer columns", query)
        local, pairs, rest = _split(query)
        if rest or not pairs:
            raise unsupported(
                "a value of a query that uses outer columns otherwise than in equalities", query
            )
        table = f"__raskt_value{next(self._n_names)}"
        keys = [exp.alias_(b.copy(), f"key{at}") for at, (_, b) in enumerate(pairs)]
        local.set("expressions", [exp.alias_(output.copy(), "value"), *keys])
        local.set("group", exp.Group(expressions=[b.copy() for _, b in pairs]))
        local.set("order", None)
        frame, n_rows = self._planner.select(local, self._ctes)
        names = list(frame.columns)
        frame = frame.rename(columns={name: f"{table}.{name}" for name in names})
        right = Relation(frame, {(table, name): f"{table}.{name}" for name in names}, n_rows)
        by = [(a, exp.column(f"key{at}", table)) for at, (a, _) in enumerate(pairs)]
        found = joined(relation, right, by, "left", relation.n_rows)

        def value(whole: Relation) -> Any:
            column = whole.frame[f"{table}.value"]
            return column.fillna(0).astype("int64") if is_count else column

        return found, value


def _keys(relation: Relation, pairs: list[tuple[Any, Any]]) -> tuple[Any, list[str]]:
    """Return the inner sides of equalities as the columns of a frame."""
    values = relation.values()
    labels = [f"__raskt_key{at}" for at in range(len(pairs))]
    made = {label: values.series(values.value(b)) for label, (_, b) in zip(labels, pairs, strict=True)}
    return relation.frame.assign(**made)[labels], labels


def _with_table(pairs: list[tuple[Any, Any]], table: str) -> list[tuple[Any, Any]]:
    from sqlglot import exp

    return [(a, exp.column(str(at), table)) for at, (a, _) in enumerate(pairs)]


def _plain(query: Any) -> Any:
    """Return a query without the parentheses around it."""
    while query.key == "subquery" and not query.args.get("with_"):
        query = query.this
    return query


def _queries(node: Any) -> Iterator[tuple[Any, Any]]:
    """Yield what holds the outermost queries of an expression, and these."""
    from sqlglot import exp

    if isinstance(node, exp.Exists):
        yield node, _plain(node.this)
    elif isinstance(node, exp.In) and node.args.get("query") is not None:
        yield node, _plain(node.args["query"])
        yield from _queries(node.this)
    elif isinstance(node, (exp.Any, exp.All)):
        raise unsupported(f"{node.key.upper()} of a query", node)
    elif isinstance(node, exp.Query):
        yield node, _plain(node)
    else:
        for child in node.iter_expressions():
            yield from _queries(child)


def _split(query: Any) -> tuple[Any, list[tuple[Any, Any]], list[Any]]:
    """Return a query without its conditions on outer columns, and these: equalities, and others."""
    from sqlglot import exp

    own = selected_tables(query)
    where = query.args.get("where")
    local, pairs, rest = [], [], []
    for condition in conjuncts(where.this) if where else []:
        if not tables_of(condition) - own:
            local.append(condition)
            continue
        sides = (condition.this, condition.expression) if condition.key == "eq" else ()
        used = [tables_of(side) for side in sides]
        if sides and used[0] and used[1] and used[0] <= own and not used[1] & own:
            pairs.append((sides[1], sides[0]))
        elif sides and used[0] and used[1] and used[1] <= own and not used[0] & own:
            pairs.append((sides[0], sides[1]))
        else:
            if has_query(condition):
                raise unsupported("a query that uses columns of a query further out", condition)
            rest.append(condition)
    found = query.copy()
    found.set("where", exp.Where(this=exp.and_(*local, copy=True)) if local else None)
    if tables_of(found):
        raise unsupported("columns of an outer query elsewhere than in WHERE", query)
    return found, pairs, rest


def _marked(node: Any, own: set[str], mark: str) -> Any:
    """Return an expression in which inner tables are called by their marked names."""
    from sqlglot import exp

    found = node.copy()
    for column in list(found.find_all(exp.Column)):
        if column.table in own:
            column.set("table", exp.to_identifier(mark + column.table))
    return found


def _has_one_row(query: Any) -> bool:
    """Return whether a query is an aggregate of all rows."""
    from sqlglot import exp

    return (
        query.key == "select"
        and not query.args.get("group")
        and any(x.find(exp.AggFunc) is not None for x in query.expressions)
    )


def _at_most_one(part: Any) -> Any:
    """Return the rows of a query in the place of a value.

    Raises
    ------
    ValueError
        If there is more than one.
    """
    if len(part) > 1:
        raise ValueError(f"a query in the place of a value has {len(part)} rows")
    return part
