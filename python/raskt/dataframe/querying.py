"""`sql`: a query over frames, as operations of frames."""

from __future__ import annotations

import difflib
from typing import Any

from raskt._lazy import late
from raskt.dataframe._op import is_frame, is_pandas
from raskt.dataframe._query_plan import Planner
from raskt.dataframe.conversion import from_pandas

__all__ = ["sql"]

from_arrow: Any = late("raskt.dataframe.interchange", "from_arrow")


def sql(query: str, /, *, dialect: str = "duckdb", **frames: Any) -> Any:
    """Return what a query in SQL makes of frames.

    The query becomes operations of frames, which are optimized and computed as all others are. Nulls are as
    in SQL: a comparison with a missing value is neither true nor false, and missing keys meet none in joins.
    sqlglot reads the query, and has to be installed.

    Parameters
    ----------
    query : str
        One ``SELECT``, or several with ``UNION`` and its like. The names of tables and columns are those of
        ``frames``, in upper and lower case as these have them.
    dialect : str, optional
        The dialect that it is written in, one of those of sqlglot: it says where nulls are in an order, and
        whether a quotient of integers is one.
    **frames : DataFrame
        The tables by name: frames, also of pandas', and what exports Arrow's stream. The index is no column.

    Returns
    -------
    DataFrame
        The index is not meaningful.

    Raises
    ------
    ImportError
        If sqlglot is not installed.
    ValueError
        If the query is no query in SQL.
    KeyError
        If a table or column is not there.
    NotImplementedError
        For a part of SQL that is not supported, which it names.

    Examples
    --------
    >>> import pandas as pd
    >>> import raskt.dataframe as rd
    >>> flights = rd.from_pandas(
    ...     pd.DataFrame({"carrier": ["UA", "AA", "UA"], "delay": [5.0, 2.0, None]}), npartitions=2
    ... )
    >>> found = rd.sql(
    ...     "select carrier, count(*) as n, avg(delay) as mean from flights group by carrier order by n",
    ...     flights=flights,
    ... )
    >>> found.compute().values.tolist()
    [['AA', 1, 2.0], ['UA', 2, 5.0]]
    """
    if not isinstance(query, str):
        raise TypeError(f"query must be text, found {type(query).__name__}")
    tables = {name: _table(name, frame) for name, frame in frames.items()}
    return Planner(tables, dialect).plan(_parsed(query, dialect, tables))


def _table(name: str, frame: Any) -> Any:
    """Return a table of the query as a frame."""
    if is_frame(frame) and frame._expr.kind == "frame":
        return frame
    if is_pandas(frame) and frame.ndim == 2:
        return from_pandas(frame, npartitions=1)
    if not is_frame(frame) and hasattr(frame, "__arrow_c_stream__"):
        return from_arrow(frame)
    raise TypeError(f"the table {name!r} must be a dataframe, found {type(frame).__name__}")


def _parsed(query: str, dialect: str, tables: dict[str, Any]) -> Any:
    """Return the tree of a query in which every column says its table."""
    try:
        import sqlglot
        from sqlglot import errors, exp
        from sqlglot.optimizer.qualify import qualify
    except ImportError as error:
        raise ImportError("queries in SQL need sqlglot: pip install sqlglot") from error
    try:
        trees = sqlglot.parse(query, dialect=dialect)
    except (errors.ParseError, errors.TokenError) as error:
        raise ValueError(f"the query cannot be read: {error}") from error
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        raise ValueError("a query is one SELECT, or several with UNION, EXCEPT or INTERSECT")
    tree = trees[0]
    _check_tables(tree, tables)
    _name_outputs(tree, dialect)
    schema: dict[str, object] = {
        name: {label: "unknown" for label in frame._expr.labels if isinstance(label, str)}
        for name, frame in tables.items()
    }
    as_written = f"{dialect}, normalization_strategy=case_sensitive"
    before = tree.copy()
    try:
        return qualify(tree, schema=schema, dialect=as_written, quote_identifiers=False)
    except errors.OptimizeError as error:
        raise _about_columns(error, before, tables) from error


def _check_tables(tree: Any, tables: dict[str, Any]) -> None:
    from sqlglot import exp

    named = {cte.alias for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        if isinstance(table.this, exp.Identifier) and table.name not in named and table.name not in tables:
            near = difflib.get_close_matches(table.name, [*tables, *named], n=1, cutoff=0.5)
            hint = f": did you mean {near[0]!r}?" if near else f"; the tables are {sorted({*tables, *named})}"
            raise KeyError(f"there is no table {table.name!r}{hint}")


def _about_columns(error: Exception, tree: Any, tables: dict[str, Any]) -> Exception:
    """Return what is said of a column that is not there."""
    wanted = _missing_column(tree, tables)
    if wanted is None:
        return ValueError(str(error))
    every = {x for frame in tables.values() for x in frame._expr.labels if isinstance(x, str)}
    near = difflib.get_close_matches(wanted, sorted(every), n=3)
    return KeyError(f"{error}; near are {near}" if near else str(error))


def _missing_column(tree: Any, tables: dict[str, Any]) -> str | None:
    """Return the name of a column that no table has which it may be of; None where there is no such."""
    from sqlglot import exp

    columns: dict[str, set[Any]] = {}
    for table in tree.find_all(exp.Table):
        if table.name in tables:
            columns[table.alias_or_name] = set(tables[table.name]._expr.labels)
    for made in tree.find_all(exp.CTE, exp.Subquery):
        if made.alias:
            columns[made.alias] = set(made.this.named_selects)
    known = set().union(*columns.values(), (made.alias for made in tree.find_all(exp.Alias)))
    for column in tree.find_all(exp.Column):
        own = columns.get(column.table, set()) if column.table else known
        if column.name != "*" and not own & {column.name, "*"}:
            name: str = column.name
            return name
    return None


def _name_outputs(tree: Any, dialect: str) -> None:
    """Name the expressions of the outermost query by their text, as DuckDB does."""
    from sqlglot import exp

    select = tree
    while not isinstance(select, exp.Select):
        select = select.this
    for node in list(select.expressions):
        if isinstance(node, (exp.Func, exp.Binary, exp.Unary, exp.Case, exp.Literal, exp.Between, exp.In)):
            text = node.sql(dialect=dialect, normalize_functions="lower")
            node.replace(exp.alias_(node.copy(), text, quoted=True))
