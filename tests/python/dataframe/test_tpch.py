"""The 22 queries of TPC-H, which `benches/tpch.py` measures, are answered as DuckDB answers them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
import raskt
import raskt.dataframe as rd
from _tpch_data import make
from _tpch_queries import QUERIES, TABLES, Tables
from _tpch_sql import SQL

SCALE = 0.05


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("tpch") / "tables", SCALE, parts=3, row_group_size=10_000)


@pytest.fixture(scope="module")
def duck(folder: Path) -> Any:
    connection = duckdb.connect()
    for name in TABLES:
        connection.execute(f"create view {name} as select * from '{folder}/{name}/*.parquet'")
    return connection


def answer(name: str, folder: Path) -> pd.DataFrame:
    found = QUERIES[name](Tables(lambda table: rd.read_parquet(folder / table), SCALE)).compute()
    return found.reset_index(drop=True) if isinstance(found, pd.DataFrame) else pd.DataFrame({"x": [found]})


@pytest.mark.parametrize("optimized", [True, False], ids=["optimized", "as_written"])
@pytest.mark.parametrize("name", QUERIES)
def test_queries_are_answered_as_duckdb_answers_them(
    name: str, optimized: bool, folder: Path, duck: Any
) -> None:
    expected = duck.execute(SQL[name].format(fraction=0.0001 / SCALE)).df()
    with raskt.config.set({"dataframe.optimizer.active": optimized}):
        got = answer(name, folder)
    assert len(expected)
    expected.columns = got.columns
    pd.testing.assert_frame_equal(got, expected, check_dtype=False, rtol=1e-9)
