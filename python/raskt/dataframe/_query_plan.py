"""The plan of a query: its tree, in which every column says its table, as operations of frames."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from raskt.dataframe._query_functions import unsupported
from raskt.dataframe._query_groups import aggregates_of, grouped, one_row
from raskt.dataframe._query_joins import Relation, conjuncts, has_query, outer_joined, put_together, tables_of
from raskt.dataframe._query_nested import Nested
from raskt.dataframe._query_values import Values, can_miss
from raskt.dataframe.concatenation import concat
from raskt.dataframe.conversion import from_pandas
from raskt.dataframe.merging import merge

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Planner"]

_SELECT = {
    "expressions",
    "from_",
    "joins",
    "where",
    "group",
    "having",
    "order",
    "limit",
    "offset",
    "distinct",
}
#: How many rows are taken to be in a partition of which nothing is known.
_ROWS_OF_PARTITION = 1_000_000.0


def _only(node: Any, known: Iterable[str], what: str) -> None:
    """Refuse what a clause has beyond what is known of it."""
    for name, value in node.args.items():
        if value and name not in known:
            found = value[0] if isinstance(value, list) else value
            part = found if hasattr(found, "sql") else node
            raise unsupported(f"{what} with {name.strip('_').upper()}", part)


class Planner:
    """What makes frames of the queries of one text.

    Parameters
    ----------
    tables : dict
        The frames by name.
    dialect : str
        The dialect of the query.
    """

    def __init__(self, tables: dict[str, Any], dialect: str) -> None:
        self._tables, self._dialect = tables, dialect
        self._n_names = itertools.count()

    def plan(self, tree: Any) -> Any:
        """Return the frame of a whole query."""
        return self.query(tree, {})[0]

    def query(self, node: Any, ctes: dict[str, tuple[Any, float]]) -> tuple[Any, float]:
        """Return the frame of a query, and about how many rows it has."""
        ctes = self._with_ctes(node, ctes)
        if node.key == "subquery":
            _only(node, ("this", "alias", "with_"), "a subquery")
            return self.query(node.this, ctes)
        if node.key == "select":
            return self.select(node, ctes)
        if node.key in ("union", "intersect", "except"):
            return self._combined(node, ctes)
        raise unsupported(type(node).__name__, node)

    def _with_ctes(self, node: Any, ctes: dict[str, tuple[Any, float]]) -> dict[str, tuple[Any, float]]:
        clause = node.args.get("with_")
        if clause is None:
            return ctes
        if clause.args.get("recursive"):
            raise unsupported("WITH RECURSIVE", clause)
        for cte in clause.expressions:
            ctes = {**ctes, cte.alias: self.query(cte.this, ctes)}
        return ctes

    # ---- one SELECT ----

    def select(self, node: Any, ctes: dict[str, tuple[Any, float]]) -> tuple[Any, float]:
        """Return the frame of one SELECT, and about how many rows it has."""
        _only(node, (*_SELECT, "with_"), "SELECT")
        relation = self.source(node, ctes)
        having, order = node.args.get("having"), node.args.get("order")
        ordered = list(order.expressions) if order else []
        named = {x.alias_or_name for x in node.expressions}
        # What is ordered by is an output of that name, or else an expression of rows.
        keys = [x.this for x in ordered if not _is_output(x.this, named)]
        outputs = [x.unalias() for x in node.expressions]
        shown = [*outputs, *([having.this] if having else []), *keys]
        nested = Nested(self, ctes)
        group = node.args.get("group")
        aggregates = aggregates_of(shown)
        if group is not None or aggregates:
            if group is not None:
                _only(group, ("expressions",), "GROUP BY")
            by = list(dict.fromkeys(group.expressions)) if group is not None else []
            inner = [x for x in (*by, *aggregates) if has_query(x)]
            relation, known = nested.resolved(relation, inner)
            frame, labels = grouped(relation, by, aggregates, known)
            n_rows = max(relation.n_rows / 4, 1.0) if by else 1.0
            sizes = {(x.table, x.name): n_rows for x in by if x.key == "column"}
            places = {(x.table, x.name): label for x, label in labels.items() if x.key == "column"}
            relation = Relation(frame, places, n_rows, sizes)
            made = {x: frame[label] for x, label in labels.items()}
        else:
            made = {}
        relation, known = nested.resolved(relation, [x for x in shown if has_query(x)])
        if relation.frame is not None and made:
            made = {x: relation.frame[labels[x]] for x in made}
        known = {**made, **known}
        if having:
            if group is None and not aggregates:
                raise unsupported("HAVING without a group or an aggregate", having)
            values = relation.values(known)
            mask = values.series(values.truth(having.this, True))
            frame = relation.frame[mask]
            # Values of the rows that are left.
            known = {x: self._of_rows(y, mask) for x, y in known.items()}
            relation = relation.with_frame(frame, max(relation.n_rows / 3, 1.0))
        return self._shown(node, relation, known)

    @staticmethod
    def _of_rows(x: Any, mask: Any) -> Any:
        if isinstance(x, tuple):
            return tuple(Planner._of_rows(y, mask) for y in x)
        return x[mask] if getattr(getattr(x, "_expr", None), "kind", "") == "series" else x

    def _shown(self, node: Any, relation: Relation, known: dict[Any, Any]) -> tuple[Any, float]:
        """Return the outputs of a SELECT: distinct, in order and as many as are wanted."""
        values = relation.values(known)
        names = _unique([x.alias_or_name for x in node.expressions])
        labels = [f"__raskt_out{at}" for at in range(len(names))]
        made = {
            label: values.series(values.value(x.unalias()))
            for label, x in zip(labels, node.expressions, strict=True)
        }
        frame = relation.frame.assign(**made)
        places = {("", name): label for name, label in zip(names, labels, strict=True)}
        n_rows = relation.n_rows
        distinct = node.args.get("distinct")
        if distinct is not None:
            _only(distinct, (), "DISTINCT")
            frame = frame[labels].drop_duplicates()
        ordered = node.args["order"].expressions if node.args.get("order") else []
        sorting: list[tuple[str, bool, bool]] = []
        for at, one in enumerate(ordered):
            _only(one, ("this", "desc", "nulls_first"), "ORDER BY")
            if _is_output(one.this, set(names)):
                label = places["", one.this.name]
            elif distinct is not None:
                raise unsupported("an order of DISTINCT rows by what is not selected", one)
            else:
                label = f"__raskt_by{at}"
                either = Values(frame, {**relation.places, **places}, known)
                frame = frame.assign(**{label: either.series(either.value(one.this))})
            sorting.append((label, not one.args.get("desc"), bool(one.args.get("nulls_first"))))
        frame, n_rows = self._cut(node, _sorted(frame, sorting), n_rows)
        found = frame[labels]
        return found.rename(columns=dict(zip(labels, names, strict=True))), n_rows

    def _cut(self, node: Any, frame: Any, n_rows: float) -> tuple[Any, float]:
        """Return the rows between OFFSET and LIMIT."""
        limit, offset = (self._number(node.args.get(name)) for name in ("limit", "offset"))
        if offset:
            frame = frame.iloc[offset : None if limit is None else offset + limit]
        elif limit is not None:
            frame = frame.head(limit, npartitions=-1, compute=False)
        return frame, n_rows if limit is None else min(float(limit), n_rows)

    def _number(self, clause: Any) -> int | None:
        if clause is None:
            return None
        if clause.key == "fetch":
            _only(clause, ("direction", "count"), "FETCH")
            clause_value = clause.args.get("count")
        else:
            _only(clause, ("expression",), clause.key.upper())
            clause_value = clause.expression
        found = Values(one_row(), {}).constant(clause_value)
        if not isinstance(found, int) or found < 0:
            raise ValueError(f"{clause.key.upper()} must be a number of rows, found {clause_value.sql()}")
        return found

    # ---- FROM and WHERE ----

    def source(self, node: Any, ctes: dict[str, tuple[Any, float]]) -> Relation:
        """Return the rows of FROM for which WHERE is true."""
        where = node.args.get("where")
        wanted = conjuncts(where.this) if where else []
        nested = Nested(self, ctes)
        clause = node.args.get("from_")
        if clause is None:
            relation = Relation(one_row(), {}, 1.0)
            return nested.narrowed(relation, wanted)
        late = [x for x in wanted if has_query(x) and nested.is_correlated(x)]
        wanted = [x for x in wanted if x not in late]
        pending, on = [self._table(clause.this, ctes)], []
        for join in node.args.get("joins") or []:
            _only(join, ("this", "side", "kind", "on"), "a join")
            right = self._table(join.this, ctes)
            side, kind = (join.text(name).upper() for name in ("side", "kind"))
            conditions = conjuncts(join.args.get("on"))
            if not side and kind in ("", "INNER", "CROSS"):
                pending.append(right)
                on += conditions
                continue
            how = {"SEMI": "leftsemi", "ANTI": "left_anti"}.get(kind) or {
                "LEFT": "left",
                "RIGHT": "right",
                "FULL": "outer",
            }.get(side)
            if how is None or any(has_query(x) for x in conditions):
                raise unsupported(f"a {side} {kind} join so", join)
            early = wanted if how in ("left", "leftsemi", "left_anti") else []
            tables = {table for relation in pending for table in relation.tables}
            early = [x for x in early if not has_query(x) and tables_of(x) <= tables]
            wanted = [x for x in wanted if x not in early]
            left = put_together(pending, [*on, *early])
            pending, on = [outer_joined(left, right, how, conditions)], []
        whole = put_together(pending, [*on, *wanted], nested.narrowed)
        return nested.narrowed(whole, late)

    def _table(self, node: Any, ctes: dict[str, tuple[Any, float]]) -> Relation:
        """Return the rows of a table, a common table expression or a subquery."""
        if node.key == "subquery":
            _only(node, ("this", "alias"), "a subquery")
            frame, n_rows = self.query(node.this, ctes)
        elif node.key == "table":
            _only(node, ("this", "alias"), "a table")
            if not hasattr(node.this, "quoted"):
                raise unsupported("a function in the place of a table", node)
            frame, n_rows = ctes[node.name] if node.name in ctes else self._given(node.name)
        elif node.key == "values":
            frame, n_rows = self._literal_rows(node)
        else:
            raise unsupported(f"{type(node).__name__} in FROM", node)
        alias = node.alias_or_name
        names = list(frame.columns)
        frame = frame.rename(columns={name: f"{alias}.{name}" for name in names})
        places = {(alias, name): f"{alias}.{name}" for name in names}
        return Relation(frame, places, n_rows, dict.fromkeys(places, n_rows))

    def _given(self, name: str) -> tuple[Any, float]:
        frame = self._tables[name]
        texts = [label for label in frame._expr.labels if isinstance(label, str)]
        if len(texts) < len(frame._expr.labels):
            frame = frame[texts]
        lengths = frame._expr.lengths
        if None in lengths:
            return frame, _ROWS_OF_PARTITION * frame.npartitions
        return frame, float(max(sum(lengths), 1))

    def _literal_rows(self, node: Any) -> tuple[Any, float]:
        import pandas as pd

        values = Values(one_row(), {})
        rows = [[values.constant(x) for x in row.expressions] for row in node.expressions]
        names = [x.name for x in node.args["alias"].args.get("columns") or []]
        names = names or [f"col{at}" for at in range(len(rows[0]))]
        return from_pandas(pd.DataFrame(rows, columns=names), npartitions=1), float(len(rows))

    # ---- several SELECTs ----

    def _combined(self, node: Any, ctes: dict[str, tuple[Any, float]]) -> tuple[Any, float]:
        """Return the rows of two queries: of either, of both, or of the first one only."""
        known = ("this", "expression", "distinct", "order", "limit", "offset", "with_")
        _only(node, known, node.key.upper())
        left, n_left = self.query(node.this, ctes)
        right, n_right = self.query(node.expression, ctes)
        names = list(left.columns)
        if len(names) != len(right.columns):
            raise ValueError(
                f"the queries of {node.key.upper()} have {len(names)} and {len(right.columns)} columns"
            )
        right = right.rename(columns=dict(zip(right.columns, names, strict=True)))
        is_distinct = bool(node.args.get("distinct"))
        if node.key == "union":
            found = concat([left, right])
            found, n_rows = (found.drop_duplicates() if is_distinct else found), n_left + n_right
        elif not is_distinct:
            raise unsupported(f"{node.key.upper()} ALL", node)
        else:
            # Missing values are equal here, as they are in pandas' merges.
            how = "leftsemi" if node.key == "intersect" else "left_anti"
            theirs = [f"__raskt_{name}" for name in names]
            right = right.rename(columns=dict(zip(names, theirs, strict=True)))
            found = merge(left.drop_duplicates(), right, how=how, left_on=names, right_on=theirs)[names]
            n_rows = n_left
        ordered = node.args["order"].expressions if node.args.get("order") else []
        sorting = []
        for one in ordered:
            if not _is_output(one.this, set(names)):
                raise unsupported(f"an order of {node.key.upper()} by an expression", one)
            sorting.append((one.this.name, not one.args.get("desc"), bool(one.args.get("nulls_first"))))
        return self._cut(node, _sorted(found, sorting), n_rows)


def _is_output(node: Any, names: set[str]) -> bool:
    """Return whether an expression is the name of an output."""
    return node.key == "column" and not node.table and node.name in names


def _unique(names: list[str]) -> list[str]:
    """Return names of which each is there once: ``x``, ``x_1``."""
    found: list[str] = []
    for name in names:
        at, free = 0, name
        while free in found:
            at += 1
            free = f"{name}_{at}"
        found.append(free)
    return found


def _sorted(frame: Any, keys: list[tuple[str, bool, bool]]) -> Any:
    """Return rows in an order of columns: each up or down, with nulls first or last."""
    if not keys:
        return frame
    labels = list(dict.fromkeys(label for label, _, _ in keys))
    first = {label: next(key for key in keys if key[0] == label) for label in labels}
    missing = [label for label in labels if can_miss(frame[label])]
    places = {first[label][2] for label in missing}
    if len(places) <= 1:
        by, up = labels, [first[label][1] for label in labels]
    else:
        by, up = [], []
        for at, label in enumerate(labels):
            if label in missing:
                frame = frame.assign(**{f"__raskt_missing{at}": frame[label].isna()})
                by.append(f"__raskt_missing{at}")
                up.append(not first[label][2])
            by.append(label)
            up.append(first[label][1])
    position = "first" if places == {True} else "last"
    return frame.sort_values(by, ascending=up, na_position=position)
