"""Frames of tables and queries of databases, and frames written to tables: by SQLAlchemy and pandas."""

from __future__ import annotations

import contextlib
import itertools
from typing import TYPE_CHECKING, Any

from raskt._raskt import make_function
from raskt.base import compute as compute_all
from raskt.dataframe._metas import make_meta
from raskt.dataframe._op import is_frame
from raskt.dataframe.conversion import from_map
from raskt.system import CPU_COUNT
from raskt.units import parse_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["read_sql", "read_sql_query", "read_sql_table", "to_sql"]


def _alchemy() -> Any:
    """Return SQLAlchemy.

    Raises
    ------
    ImportError
        If it is not installed, with what to do.
    """
    try:
        import sqlalchemy
    except ImportError as error:
        raise ImportError("reading and writing databases needs SQLAlchemy: pip install sqlalchemy") from error
    return sqlalchemy


@contextlib.contextmanager
def _engine(con: Any, engine_kwargs: Any) -> Iterator[Any]:
    """Open an engine for a while."""
    if not isinstance(con, str):
        raise TypeError(
            f"'con' must be of type str, not {type(con).__name__}: every task makes a connection of its own; "
            "give a URL such as 'sqlite:////path/to/file.db'"
        )
    engine = _alchemy().create_engine(con, **(engine_kwargs or {}))
    try:
        yield engine
    finally:
        engine.dispose()


class _Range:
    """Reads the rows of a query whose index lies between two values; the last range has the second one."""

    def __init__(self, query: Any, con: str, index: str, like: Any, options: dict[str, Any]) -> None:
        self.query, self.con, self.index, self.like, self.options = query, con, index, like, options

    def __raskt_tokenize__(self) -> Any:
        # A query holds tables, which hold columns, which hold the table: its text says what it is.
        compiled = self.query.compile()
        return str(compiled), compiled.params, self.con, self.index, self.like, self.options

    def __call__(self, lower: Any, upper: Any, is_last: bool) -> Any:
        import pandas as pd

        query = self.query
        if lower is not None:
            column = _column(query, self.index)
            below = column <= upper if is_last else column < upper
            query = query.where(column >= lower, below)
        with _engine(self.con, self.options["engine_kwargs"]) as engine:
            found = pd.read_sql(query, engine, index_col=self.index, **self.options["kwargs"])
        return found if self.like is None or len(found) else self.like


def _column(query: Any, name: str) -> Any:
    columns = query.selected_columns
    if name not in columns:
        # Of text the columns are not known.
        return _alchemy().column(name)
    return columns[name]


def read_sql_query(
    sql: Any,
    con: str,
    index_col: Any,
    divisions: Any = None,
    npartitions: int | None = None,
    limits: Any = None,
    bytes_per_chunk: Any = "256 MiB",
    head_rows: int = 5,
    meta: Any = None,
    engine_kwargs: Any = None,
    **kwargs: Any,
) -> Any:
    """Return a frame of a query, cut into ranges of one column.

    Parameters
    ----------
    sql : sqlalchemy.Select or str
        The query.
    con : str
        The URL of the database.
    index_col : str or sqlalchemy.Column
        The column that becomes the index, by whose values rows are cut: each range is a query of its own.
    divisions : sequence, optional
        Between which values partitions lie.
    npartitions : int, optional
        How many there are, if ``divisions`` are not given; by the sizes of the first rows otherwise.
    limits : tuple, optional
        The least and the greatest value of ``index_col``, which are asked for otherwise.
    bytes_per_chunk : int or str, optional
        How much memory each partition takes, about, if neither of both is given.
    head_rows : int, optional
        By how many of the first rows dtypes are found out.
    meta : object, optional
        Names and dtypes, instead.
    engine_kwargs : dict, optional
        Keywords of ``sqlalchemy.create_engine``.
    **kwargs
        Keywords of `pandas.read_sql`.

    Returns
    -------
    DataFrame

    Raises
    ------
    TypeError
        For a ``con`` that is no URL, and an index that has no ranges, without ``divisions``.
    ValueError
        If the index is missing in rows, which would be in no range.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> import raskt.dataframe as rd
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     url = f"sqlite:///{folder}/flights.db"
    ...     rd.to_sql(rd.from_pandas(pd.DataFrame({"x": [1, 2, 3]}), npartitions=2), "flights", url)
    ...     df = rd.read_sql_query("select * from flights where x > 1", url, "index", npartitions=2)
    ...     df.x.sum().compute()
    np.int64(5)
    """
    sa = _alchemy()
    if isinstance(sql, str):
        sql = sa.select(sa.text("*")).select_from(sa.text(f"({sql}) AS raskt_query"))
    elif not isinstance(sql, sa.sql.Select):
        raise TypeError(f"sql must be a query, text or a sqlalchemy.Select, found {type(sql).__name__}")
    index = index_col if isinstance(index_col, str) else getattr(index_col, "name", None)
    if not isinstance(index, str):
        raise TypeError(f"index_col must be the name of a column, or a column, found {index_col!r}")
    if kwargs.keys() & {"chunksize", "index_col"}:
        raise NotImplementedError("chunksize=: npartitions= or bytes_per_chunk= cut into partitions")
    if divisions is not None and npartitions is not None:
        raise TypeError("Must supply either 'divisions' or 'npartitions', not both")
    options = {"engine_kwargs": engine_kwargs, "kwargs": kwargs}
    with _engine(con, engine_kwargs) as engine:
        like, row_bytes = _head(sql, con, index, head_rows, options) if meta is None else (make_meta(meta), 0)
        if divisions is None:
            given = (npartitions, limits, parse_bytes(bytes_per_chunk), row_bytes)
            divisions = _found_divisions(engine, sql, index, like, *given)
        else:
            divisions = list(divisions)
            _no_missing(engine, sql, index)
    read = _Range(sql, con, index, like, options)
    if divisions is None:
        return from_map(read, [None], [None], [True], meta=like, label="read_sql")
    pairs = list(itertools.pairwise(divisions))
    lasts = [at == len(pairs) - 1 for at in range(len(pairs))]
    firsts, seconds = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    return from_map(read, firsts, seconds, lasts, meta=like, divisions=tuple(divisions), label="read_sql")


def _head(sql: Any, con: str, index: str, n_rows: int, options: dict[str, Any]) -> tuple[Any, int]:
    """Return what the first rows are like, and how many bytes a row takes."""
    first = _Range(sql.limit(n_rows), con, index, None, options)(None, None, True)
    n_bytes = int(first.memory_usage(deep=True, index=True).sum()) // max(len(first), 1)
    return first[:0], n_bytes


def _no_missing(engine: Any, sql: Any, index: str) -> None:
    sa = _alchemy()
    missing = sa.select(sa.func.count()).select_from(
        sql.where(_column(sql, index).is_(None)).order_by(None).subquery("raskt_rows")
    )
    with engine.connect() as connection:
        n_missing = connection.execute(missing).scalar()
    if n_missing:
        raise ValueError(
            f"{n_missing} rows have no {index!r}, and would be in no partition: leave them out in the query"
        )


def _found_divisions(
    engine: Any,
    sql: Any,
    index: str,
    like: Any,
    npartitions: int | None,
    limits: Any,
    chunk_bytes: int,
    row_bytes: int,
) -> list[Any] | None:
    """Return values of the index between which partitions lie; None where there is no row."""
    import numpy as np
    import pandas as pd

    sa = _alchemy()
    _no_missing(engine, sql, index)
    rows = sql.order_by(None).subquery("raskt_rows")
    column = sa.column(index)
    with engine.connect() as connection:
        if limits is None:
            query = sa.select(sa.func.min(column), sa.func.max(column)).select_from(rows)
            limits = tuple(connection.execute(query).one())
        if limits[0] is None:
            return None
        if npartitions is None:
            count = connection.execute(sa.select(sa.func.count()).select_from(rows)).scalar()
            npartitions = max(round(int(count) * max(row_bytes, 1) / max(chunk_bytes, 1)), 1)
    ends = pd.Index([limits[0], limits[1]])
    dtype = like.index.dtype if len(like.index.names) == 1 and like.index.dtype != object else ends.dtype
    if getattr(dtype, "kind", "O") == "M" or ends.dtype.kind == "M":
        ends = pd.DatetimeIndex(ends)
        times = pd.date_range(ends[0], ends[1], periods=npartitions + 1)
        return times.to_pydatetime().tolist()
    if getattr(dtype, "kind", "O") not in "iuf":
        raise TypeError(
            f"column {index!r} of type {type(limits[0]).__name__} has no ranges that could be told: use "
            "divisions=, or another column"
        )
    found = np.linspace(float(limits[0]), float(limits[1]), npartitions + 1)
    if dtype.kind in "iu":
        found = np.unique([limits[0], *found[1:-1].round().astype("int64"), limits[1]])
        found = found if len(found) > 1 else np.array([limits[0], limits[1]])
    return [limits[0], *found[1:-1].tolist(), limits[1]]


def read_sql_table(
    table_name: Any,
    con: str,
    index_col: Any,
    divisions: Any = None,
    npartitions: int | None = None,
    limits: Any = None,
    columns: Any = None,
    bytes_per_chunk: Any = "256 MiB",
    head_rows: int = 5,
    schema: str | None = None,
    meta: Any = None,
    engine_kwargs: Any = None,
    **kwargs: Any,
) -> Any:
    """Return a frame of a table of a database, cut into ranges of one column.

    Parameters
    ----------
    table_name : str
        The name of the table.
    con : str
        The URL of the database.
    index_col : str
        The column that becomes the index, by whose values rows are cut.
    divisions, npartitions, limits, bytes_per_chunk, head_rows, meta, engine_kwargs
        As in `read_sql_query`.
    columns : list of str, optional
        The columns that are read: all of them.
    schema : str, optional
        The schema in which the table is.
    **kwargs
        Keywords of `pandas.read_sql`.

    Returns
    -------
    DataFrame

    Raises
    ------
    ValueError, KeyError
        If there is no such table or column.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> import raskt.dataframe as rd
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     url = f"sqlite:///{folder}/flights.db"
    ...     rd.from_pandas(pd.DataFrame({"x": [1, 2, 3]}), npartitions=2).to_sql("flights", url)
    ...     rd.read_sql_table("flights", url, "index", npartitions=3).x.compute().tolist()
    [1, 2, 3]
    """
    sa = _alchemy()
    if not isinstance(table_name, str):
        raise TypeError("`table_name` must be of type str, not " + type(table_name).__name__)
    name = index_col if isinstance(index_col, str) else getattr(index_col, "name", index_col)
    with _engine(con, engine_kwargs) as engine:
        try:
            table = sa.Table(table_name, sa.MetaData(), autoload_with=engine, schema=schema)
        except sa.exc.NoSuchTableError:
            have = sa.inspect(engine).get_table_names(schema=schema)
            raise ValueError(f"Table {table_name} not found; there are {have!r}") from None
    wanted = list(table.columns.keys()) if columns is None else [_named(column) for column in columns]
    for one in (*wanted, name):
        if one not in table.columns:
            raise KeyError(f"{one!r} is no column of {table_name}; the columns are {table.columns.keys()!r}")
    chosen = [table.columns[one] for one in dict.fromkeys([name, *wanted])]
    given = (divisions, npartitions, limits, bytes_per_chunk, head_rows, meta, engine_kwargs)
    return read_sql_query(sa.select(*chosen), con, name, *given, **kwargs)


def _named(column: Any) -> str:
    found: str = column if isinstance(column, str) else column.name
    return found


def read_sql(sql: Any, con: str, index_col: Any, **kwargs: Any) -> Any:
    """Return a frame of a table or of a query.

    Parameters
    ----------
    sql : str or sqlalchemy.Select
        The name of a table, or a query.
    con : str
        The URL of the database.
    index_col : str
        The column that becomes the index, by whose values rows are cut.
    **kwargs
        As in `read_sql_table` or `read_sql_query`.

    Returns
    -------
    DataFrame

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> import raskt.dataframe as rd
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     url = f"sqlite:///{folder}/flights.db"
    ...     rd.from_pandas(pd.DataFrame({"x": [1, 2, 3]}), npartitions=2).to_sql("flights", url)
    ...     rd.read_sql("flights", url, "index").x.max().compute()
    np.int64(3)
    """
    is_table = isinstance(sql, str) and not any(letter.isspace() for letter in sql.strip())
    return (read_sql_table if is_table else read_sql_query)(sql, con, index_col, **kwargs)


def to_sql(
    df: Any,
    name: str,
    uri: str,
    schema: str | None = None,
    if_exists: str = "fail",
    index: bool = True,
    index_label: Any = None,
    chunksize: int | None = None,
    dtype: Any = None,
    method: Any = None,
    compute: bool = True,
    parallel: bool = False,
    engine_kwargs: Any = None,
) -> Any:
    """Write a frame or series to a table of a database, in one transaction.

    Partitions are computed as many at a time as there are cores, and written one after another. If one fails,
    nothing has been written, where the database takes back what a transaction made of tables.

    Parameters
    ----------
    df : DataFrame or Series
        What is written.
    name : str
        The name of the table.
    uri : str
        The URL of the database.
    schema : str, optional
        The schema in which the table is.
    if_exists : {"fail", "replace", "append", "delete_rows"}, optional
        What becomes of a table that is there.
    index : bool, optional
        Whether the index is written.
    index_label : str or list of str, optional
        What its columns are called.
    chunksize : int, optional
        How many rows are written at a time.
    dtype : dict, optional
        The types of columns.
    method : {None, "multi"} or callable, optional
        As in pandas.
    compute : bool, optional
        Whether it is written now; a delayed value is returned otherwise, which has all rows in memory.
    parallel : bool, optional
        Not there: what is written in several transactions is not taken back together.
    engine_kwargs : dict, optional
        Keywords of ``sqlalchemy.create_engine``.

    Returns
    -------
    None or Delayed

    Raises
    ------
    ValueError
        If there is a table, with ``if_exists="fail"``.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> import raskt.dataframe as rd
    >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 3]}), npartitions=2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     rd.to_sql(df, "flights", f"sqlite:///{folder}/flights.db", index=False)
    ...     pd.read_sql("select sum(x) as total from flights", f"sqlite:///{folder}/flights.db").total[0]
    np.int64(6)
    """
    if not is_frame(df) or df._expr.kind not in ("frame", "series"):
        raise TypeError(f"to_sql writes a dataframe or series, found {type(df).__name__}")
    if not isinstance(uri, str):
        raise ValueError(f"Expected URI to be a string, got {type(uri)}.")
    if parallel:
        raise NotImplementedError("to_sql(parallel=True): all is one transaction; write with parallel=False")
    if if_exists not in ("fail", "replace", "append", "delete_rows"):
        raise ValueError(f"'{if_exists}' is not valid for if_exists")
    named = {
        "schema": schema,
        "index": index,
        "index_label": index_label,
        "chunksize": chunksize,
        "dtype": dtype,
        "method": method,
    }
    plan = (df._meta, name, uri, if_exists, named, engine_kwargs)
    if compute:
        _write(_computed(df.to_delayed()), *plan)
        return None
    make = make_function(_write, "to_sql", False, None, True)
    return make(df.to_delayed(), *plan)


def _computed(parts: list[Any]) -> Iterator[Any]:
    """Return partitions, computed as many at a time as there are cores."""
    for at in range(0, len(parts), CPU_COUNT):
        yield from compute_all(*parts[at : at + CPU_COUNT])


def _write(
    parts: Any, like: Any, name: str, uri: str, if_exists: str, named: dict[str, Any], engine_kwargs: Any
) -> None:
    """Write partitions to a table, in one transaction."""
    with _engine(uri, engine_kwargs) as engine, engine.begin() as connection:
        is_first = True
        for part in parts:
            if len(part):
                part.to_sql(name, connection, if_exists=if_exists if is_first else "append", **named)
                is_first = False
        if is_first:
            like.to_sql(name, connection, if_exists=if_exists, **named)
