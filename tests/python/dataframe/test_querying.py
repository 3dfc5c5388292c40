"""`raskt.dataframe.sql` answers queries as DuckDB does, nulls and all; TPC-H's queries among them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
import raskt.dataframe as rd
from _tpch_data import make
from _tpch_queries import TABLES
from _tpch_sql import SQL

sqlglot = pytest.importorskip("sqlglot")

SCALE = 0.02

FLIGHTS = pd.DataFrame(
    {
        "id": range(12),
        "carrier": ["UA", "AA", "UA", None, "B6", "AA", "UA", "DL", None, "B6", "AA", "UA"],
        "delay": [5.0, None, -3.5, 12.0, 0.0, 7.25, None, 1.0, 2.0, -8.0, 30.0, 5.0],
        "dist": [100, 200, 100, 300, 250, 200, 50, 700, 10, 250, 200, 100],
        "late": [True, False, True, True, False, True, False, False, True, False, True, True],
        "day": pd.to_datetime(
            [
                *("2013-01-05 10:20", "2013-02-28", None, "2013-03-31 23:59:59", "2013-01-31"),
                *("2014-12-31 01:02", "2013-07-04", "2012-02-29", None, "2013-01-05 00:00"),
                *("2013-11-30", "2013-12-01"),
            ],
            format="mixed",
        ),
    }
)
PLANES = pd.DataFrame(
    {
        "carrier": ["UA", "AA", "DL", "WN", None],
        "name": ["United", "American", "Delta", "Southwest", "Nobody"],
        "seats": [180, 150, None, 140, 99],
    }
)

QUERIES = [
    # outputs
    "select id, dist * 2 + 1 as x, -dist, dist / 3, dist // 3, dist % 7, delay * 0.1 from flights",
    "select *, delay + dist as total from flights",
    "select (0 - dist) // 7 as q, (0 - dist) % 7 as r, id from flights",
    "select distinct carrier, late from flights",
    "select 1 as one, 'a' as letter, null as nothing, 2.5 as x",
    "select f.* from flights f where f.id < 3",
    "select id, id from flights limit 2",
    # conditions and nulls
    "select id from flights where delay > 0",
    "select id from flights where not (delay > 0)",
    "select id from flights where not (delay > 0 and carrier = 'UA')",
    "select id from flights where carrier <> 'UA' or delay is null",
    "select id from flights where delay between -4 and 5",
    "select id from flights where delay not between -4 and 5",
    "select id from flights where carrier in ('UA', 'B6')",
    "select id from flights where carrier not in ('UA', 'B6')",
    "select id from flights where carrier not in ('UA', null)",
    "select id from flights where dist in (100, 300) and late",
    "select id from flights where not late and day is not null",
    "select id from flights where carrier is distinct from 'UA'",
    "select id from flights where carrier is not distinct from null",
    "select id from flights where (delay > 3) is true",
    "select id from flights where (delay > 3) is not true",
    "select id, delay > 3 as big, late and delay > 3 as both, not late as early from flights",
    "select id from flights where dist = delay * 20",
    "select id from flights where true",
    "select id from flights where false",
    # case, coalesce, casts
    "select id, case when delay > 5 then 'long' when delay > 0 then 'short' else 'no' end as k from flights",
    "select id, case when delay > 5 then 1 end as k from flights",
    "select id, case carrier when 'UA' then 1 when 'AA' then 2 else 0 end as k from flights",
    "select id, coalesce(delay, 0), coalesce(carrier, 'none'), nullif(dist, 100) as n from flights",
    "select id, coalesce(delay, dist) as x, greatest(delay, 2), least(delay, dist, 3) from flights",
    "select id, if(late, dist, 0) as x from flights",
    "select id, cast(delay as int) as a, dist::double as b, cast(dist as varchar) as c from flights",
    "select id, cast(late as int) as n from flights",
    # functions
    "select abs(delay), sqrt(dist), round(delay / 3, 2), floor(delay), ceil(delay), id from flights",
    "select exp(id), ln(dist), log(dist), pow(dist, 2), dist ^ 2 as d, sign(delay), id from flights",
    "select lower(carrier), upper(lower(carrier)), length(carrier), reverse('ab') as r from flights",
    "select substring(name, 2, 3), left(name, 2), right(name, 3), substr(name, 3) from planes",
    "select trim('  a '), ltrim(name, 'U'), rtrim(name, 'd'), replace(name, 'a', 'xx') from planes",
    "select carrier || '-' || name as t, concat(carrier, name) as c, concat(name, 1) as d from planes",
    "select position('e' in name), strpos(name, 'th'), starts_with(name, 'U') from planes",
    "select contains(name, 'e') from planes",
    "select lpad(name, 10, '.'), rpad(name, 4, '.') from planes",
    "select name from planes where name like '%e%' and name not like 'D%'",
    "select name from planes where name like '_e%' or name ilike 'UNI%' or name like 'Sou%west'",
    "select name from planes where name like 'Delta' or regexp_matches(name, '^A.*n$')",
    r"select name from planes where name like '%\_%' escape '\'",
    # times
    "select id, year(day), month(day), day(day), extract(quarter from day) as q, hour(day) from flights",
    "select id, extract(dow from day) as w, extract(doy from day) as y, isodow(day) as i from flights",
    "select id, date_trunc('month', day) as m, date_trunc('year', day) as y from flights",
    "select id, date_trunc('week', day) as w, date_trunc('hour', day) as h from flights",
    "select id, day + interval 1 month as m, day - interval '3' day as d from flights",
    "select id, date_diff('day', timestamp '2013-01-01', day) as d from flights",
    "select id, date_diff('month', timestamp '2012-11-30', day) as m from flights",
    "select id from flights where day >= date '2013-01-31' and day < date '2013-01-31' + interval '1' year",
    "select id from flights where day between '2013-01-01' and '2013-12-01'",
    "select id, strftime(day, '%Y-%m') as t from flights where day is not null",
    # groups
    "select carrier, count(*) as n, count(delay) as m, sum(delay), avg(delay) from flights group by carrier",
    "select late, min(day), max(carrier), sum(dist), stddev(dist), var_pop(dist) from flights group by late",
    "select carrier, count(distinct dist), sum(distinct dist), median(dist) from flights group by carrier",
    "select carrier, sum(delay) as s from flights where delay is null group by carrier",
    "select dist > 150 as far, count(*) from flights group by 1",
    "select carrier, late, max(dist) - min(dist) from flights group by carrier, late",
    "select carrier from flights group by carrier having count(*) > 2 and sum(delay) > 0",
    "select upper(carrier) || '!' as k, count(*) + 1 from flights group by upper(carrier)",
    "select year(day) as y, sum(case when late then 1 else 0 end) as n from flights group by y",
    "select count(*) filter (where late), sum(dist) filter (where delay > 0), count_if(late) from flights",
    "select bool_and(late), bool_or(late), carrier from flights group by carrier",
    "select count(*), sum(dist), avg(delay), min(carrier), count(distinct carrier) from flights",
    "select count(*), sum(dist), avg(delay), min(carrier) from flights where dist > 10000",
    "select sum(dist) / count(*) as mean from flights having count(*) > 3",
    "select carrier, quantile_cont(dist, 0.25) as q from flights group by carrier",
    # joins
    "select id, name from flights join planes on flights.carrier = planes.carrier",
    "select id, name, carrier from flights join planes using (carrier)",
    "select id, name from flights f left join planes p on f.carrier = p.carrier",
    "select id, name from flights f left join planes p on f.carrier = p.carrier and p.seats > 160",
    "select id, name from flights f left join planes p on f.carrier = p.carrier and f.dist < p.seats",
    "select id, name from flights f right join planes p on f.carrier = p.carrier",
    "select id, name from flights f right join planes p on f.carrier = p.carrier and f.delay > p.seats",
    "select id, name, f.carrier, p.carrier from flights f full join planes p on f.carrier = p.carrier",
    "select id, name from flights natural join planes",
    "select id, name from flights cross join planes where id < 3",
    "select id, name from flights, planes where dist < seats",
    "select a.id, b.id from flights a, flights b where a.dist = b.dist and a.id < b.id",
    "select id from flights semi join planes on flights.carrier = planes.carrier",
    "select id from flights anti join planes on flights.carrier = planes.carrier",
    "select f.id, p.name from flights f left join planes p using (carrier) where p.name is null",
    # queries within others
    "select id from flights where carrier in (select carrier from planes)",
    "select id from flights where carrier not in (select carrier from planes)",
    "select id from flights where carrier not in (select carrier from planes where carrier is not null)",
    "select id from flights where carrier not in (select carrier from planes where seats > 1000)",
    "select id from flights f where exists (from planes p where p.carrier = f.carrier and seats > 160)",
    "select id from flights f where not exists (select 1 from planes p where p.carrier = f.carrier)",
    "select id from flights f where exists (from planes p where p.carrier = f.carrier and seats < dist)",
    "select id from flights f where not exists (from flights g where g.dist = f.dist and g.id <> f.id)",
    "select id from flights f where late or carrier in (select carrier from planes where seats > 160)",
    "select id, exists (select 1 from planes p where p.carrier = f.carrier) as known from flights f",
    "select id from flights where delay > (select avg(delay) from flights)",
    "select id from flights f where delay > (select avg(delay) from flights g where g.carrier = f.carrier)",
    "select id, (select count(*) from planes p where p.carrier = f.carrier) as n from flights f",
    "select id, (select max(seats) from planes) as most from flights",
    "select carrier from flights group by carrier having sum(dist) > (select avg(dist) from flights)",
    "select id from flights where exists (select 1 from planes where seats > 1000) or id = 3",
    "select k, count(*) from (select carrier as k, dist from flights where late) group by k",
    "select (select name from planes where carrier = 'UA') as n, id from flights",
    # common table expressions and several queries
    "with far as (from flights where late), n as (select count(*) as c from far) select id, c from far, n",
    "with a(x, y) as (select carrier, dist from flights) select x, sum(y) from a group by x",
    "select carrier from flights union select carrier from planes",
    "select carrier, dist from flights union all select name, seats from planes",
    "select carrier from flights intersect select carrier from planes",
    "select carrier from flights except select carrier from planes",
    "select * from (values (1, 'a'), (2, 'b')) as t(x, y)",
]

ORDERED = [
    "select id, delay from flights order by delay, id",
    "select id, delay from flights order by delay desc nulls first, id desc",
    "select id, carrier, delay from flights order by carrier nulls first, delay desc nulls last, id",
    "select id from flights order by dist + id desc limit 4",
    "select id, dist as d from flights order by d, 1 limit 3 offset 2",
    "select carrier, count(*) as n from flights group by carrier order by n desc, carrier",
    "select carrier from flights group by carrier order by max(dist) desc, carrier",
    "select distinct dist from flights order by dist",
    "select dist from flights union all select seats from planes order by dist limit 5",
    "select id from flights order by id offset 9",
    "select carrier, dist from (select * from flights order by id limit 5) order by dist, carrier",
]


@pytest.fixture(scope="module")
def duck() -> Any:
    connection = duckdb.connect()
    connection.register("flights", FLIGHTS)
    connection.register("planes", PLANES)
    return connection


@pytest.fixture(scope="module")
def tables() -> dict[str, Any]:
    return {
        "flights": rd.from_pandas(FLIGHTS, npartitions=3),
        "planes": rd.from_pandas(PLANES, npartitions=2),
    }


def plain(frame: pd.DataFrame) -> list[tuple[Any, ...]]:
    """Return rows as tuples in which each missing value is None and each number is a float."""

    def value(x: Any) -> Any:
        if x is None or x is pd.NaT or x is pd.NA or (isinstance(x, float) and np.isnan(x)):
            return None
        if isinstance(x, (bool, np.bool_)):
            return bool(x)
        if isinstance(x, (int, float, np.number)):
            return round(float(x), 9)
        return pd.Timestamp(x) if hasattr(x, "year") else x

    return [tuple(map(value, row)) for row in frame.astype(object).itertuples(index=False, name=None)]


def in_order(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted(rows, key=lambda row: [(x is not None, str(type(x)), x) for x in row])


@pytest.mark.parametrize("query", QUERIES)
def test_rows_are_those_of_duckdb(query: str, duck: Any, tables: dict[str, Any]) -> None:
    expected = duck.execute(query).df()
    got = rd.sql(query, **tables).compute()
    assert in_order(plain(got)) == in_order(plain(expected))


@pytest.mark.parametrize("query", ORDERED)
def test_rows_are_in_the_order_of_duckdb(query: str, duck: Any, tables: dict[str, Any]) -> None:
    expected = duck.execute(query).df()
    got = rd.sql(query, **tables).compute()
    assert list(got.columns) == list(expected.columns)
    assert plain(got) == plain(expected)


def test_names_of_outputs_are_those_of_the_query(tables: dict[str, Any]) -> None:
    found = rd.sql("select id, sum(dist), delay + 1, count(*) as n from flights group by id, delay", **tables)
    assert list(found.columns) == ["id", "sum(dist)", "delay + 1", "n"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("tpch") / "tables", SCALE, parts=3, row_group_size=10_000)


@pytest.mark.parametrize("name", SQL)
def test_queries_of_tpch_are_answered_as_duckdb_answers_them(name: str, folder: Path) -> None:
    connection = duckdb.connect()
    for table in TABLES:
        connection.execute(f"create view {table} as select * from '{folder}/{table}/*.parquet'")
    query = SQL[name].format(fraction=0.002)
    expected = connection.execute(query).df()
    got = rd.sql(query, **{table: rd.read_parquet(folder / table) for table in TABLES}).compute()
    assert len(expected)
    expected.columns = got.columns
    pd.testing.assert_frame_equal(got.reset_index(drop=True), expected, check_dtype=False, rtol=1e-9)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("select row_number() over (order by id) from flights", "window function"),
        ("with recursive t as (select 1 as a union all select a + 1 from t) select * from t", "RECURSIVE"),
        ("select carrier, count(*) from flights group by rollup(carrier)", "Rollup"),
        ("select string_agg(carrier, ',') from flights", "GroupConcat"),
        ("select frobnicate(id) from flights", "frobnicate"),
        ("select id from flights tablesample 10%", "SAMPLE"),
        ("select distinct on (carrier) id from flights", "DISTINCT"),
        ("select id from flights qualify id > 3", "QUALIFY"),
        ("select id from flights where id = any (select seats from planes)", "ANY"),
        ("select id from flights left join planes on dist < seats", "equality"),
        ("select carrier from flights intersect all select carrier from planes", "INTERSECT ALL"),
        ("select cast(id as json) from flights", "JSON"),
    ],
)
def test_what_is_not_supported_is_named(query: str, words: str, tables: dict[str, Any]) -> None:
    with pytest.raises(NotImplementedError, match=words):
        rd.sql(query, **tables)


def test_bad_queries_are_errors_that_say_why(tables: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        rd.sql("select from where", **tables)
    with pytest.raises(ValueError, match="one SELECT"):
        rd.sql("drop table flights", **tables)
    with pytest.raises(KeyError, match=r"'flight': did you mean 'flights'"):
        rd.sql("select * from flight", **tables)
    with pytest.raises(KeyError, match=r"delays.*delay"):
        rd.sql("select delays from flights", **tables)
    with pytest.raises(ValueError, match="GROUP BY"):
        rd.sql("select id, count(*) from flights group by carrier", **tables)
    with pytest.raises(TypeError, match="must be a dataframe"):
        rd.sql("select 1", flights=3)
    with pytest.raises(ValueError, match="has 12 rows"):
        rd.sql("select (select id from flights) as x", **tables).compute()


def test_frames_of_pandas_and_arrow_are_tables() -> None:
    pa = pytest.importorskip("pyarrow")
    found = rd.sql(
        "select name, sum(dist) as d from flights join planes using (carrier) group by name order by name",
        flights=FLIGHTS,
        planes=pa.Table.from_pandas(PLANES, preserve_index=False),
    )
    assert found.compute().values.tolist() == [["American", 600], ["Delta", 700], ["United", 350]]


def test_dialects_say_what_a_quotient_and_an_order_are(tables: dict[str, Any]) -> None:
    query = "select id // 1 as id, dist / 3 as q from flights order by delay desc, id limit 2"
    query = query.replace("id // 1 as id", "id")
    duck, postgres = (rd.sql(query, dialect=name, **tables).compute() for name in ("duckdb", "postgres"))
    assert duck.id.tolist() == [10, 3]
    assert duck.q.tolist() == [200 / 3, 100]
    assert postgres.id.tolist() == [1, 6]
    assert postgres.q.tolist() == [66, 16]


def test_conditions_reach_the_readers(tmp_path: Path) -> None:
    path = tmp_path / "flights.parquet"
    FLIGHTS.to_parquet(path, row_group_size=3)
    flights = rd.read_parquet(path)
    text = rd.sql(
        "select name, sum(dist) from flights f, planes p"
        " where f.carrier = p.carrier and f.id >= 6 group by name",
        flights=flights,
        planes=PLANES,
    ).explain()
    assert 'columns: ["id", "carrier", "dist"]' in text
    assert '["id", ">=", 6]' in text


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("select tt.dist from tt", "dist"),
        ("select x.delays from tt x", "delays"),
        ("select z.a from tt", "a"),
        ("select s.q from (select a as b from tt) s", "q"),
        ("with s as (select a from tt) select s.bb from s", "bb"),
        ("select sum(ax) from tt", "ax"),
        ("select a from tt where a in (select b1 from uu)", "b1"),
    ],
)
def test_columns_that_are_not_there_are_key_errors(query: str, wanted: str) -> None:
    tt, uu = pd.DataFrame({"a": [1], "delay": [2]}), pd.DataFrame({"a": [1], "dist": [2]})
    with pytest.raises(KeyError, match=wanted):
        rd.sql(query, tt=tt, uu=uu)


def test_a_column_that_several_tables_have_is_no_key_error() -> None:
    tt = pd.DataFrame({"a": [1], "b": [2]})
    with pytest.raises(ValueError, match="'a'"):
        rd.sql("select a from tt x, tt y", tt=tt)
