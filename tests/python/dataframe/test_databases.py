"""Tables of databases, read in ranges and written in one transaction: of SQLite, and of PostgreSQL."""

from __future__ import annotations

import getpass
import glob
import os
import pathlib
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pandas.testing as tm
import pytest
import raskt.dataframe as rd

sa = pytest.importorskip("sqlalchemy")


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """Return the URL of a server of PostgreSQL that was started for these tests."""
    pytest.importorskip("psycopg")
    # Debian's packages put them where no PATH leads.
    folders = sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True)
    search = os.pathsep.join([os.environ.get("PATH", os.defpath), *folders])
    initdb, postgres = (shutil.which(name, path=search) for name in ("initdb", "postgres"))
    if initdb is None or postgres is None:
        pytest.skip("PostgreSQL is not installed")
    with tempfile.TemporaryDirectory() as folder:
        data = pathlib.Path(folder, "data")
        as_user: dict[str, Any] = {}
        if os.getuid() == 0:
            # The server refuses to be run by root.
            shutil.chown(folder, "nobody")
            as_user = {"user": "nobody"}
        init = [initdb, "-D", str(data), "-U", "raskt", "-A", "trust", "--no-sync"]
        if subprocess.run(init, capture_output=True, check=False, **as_user).returncode:
            pytest.skip(f"PostgreSQL cannot be set up by {getpass.getuser()}")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        options = ["-F", "-k", folder, "-h", "127.0.0.1", "-p", str(port)]
        server = subprocess.Popen(
            [postgres, "-D", str(data), *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **as_user,
        )
        url = f"postgresql+psycopg://raskt@127.0.0.1:{port}/postgres"
        try:
            _wait_for(url, server)
            yield url
        finally:
            # Connections that are open are closed by the server.
            server.send_signal(signal.SIGINT)
            server.wait()


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    import time

    while True:
        engine = sa.create_engine(url)
        try:
            with engine.connect():
                return
        except sa.exc.OperationalError:
            if server.poll() is not None:
                pytest.skip("PostgreSQL does not start")
            time.sleep(0.05)
        finally:
            engine.dispose()


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> str:
    """Return the URL of a database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/flights.db"
    found: str = request.getfixturevalue("postgres")
    return found


@pytest.fixture
def flights() -> pd.DataFrame:
    """Return rows with missing values of each kind."""
    return pd.DataFrame(
        {
            "number": np.arange(20) * 3,
            "delay": [None if at % 7 == 2 else at / 4 for at in range(20)],
            "carrier": [None if at % 5 == 1 else "AB"[at % 2] for at in range(20)],
            "day": pd.date_range("2013-01-01", periods=20, freq="7h"),
        },
        index=pd.Index(np.arange(20) ** 2 - 30, name="id"),
    )


def test_what_is_written_is_read_back(url: str, flights: pd.DataFrame) -> None:
    rd.from_pandas(flights, npartitions=4).to_sql("flights", url, if_exists="replace")
    expected = pd.read_sql_table("flights", sa.create_engine(url), index_col="id").sort_index()
    for named in ({"npartitions": 3}, {"divisions": [-30, -5, 100, 400]}, {"bytes_per_chunk": "200 B"}, {}):
        df = rd.read_sql_table("flights", url, "id", **named)
        tm.assert_frame_equal(df.compute().sort_index(), expected)
        assert df.known_divisions
    assert rd.read_sql_table("flights", url, "id", npartitions=3).npartitions == 3
    some = rd.read_sql("flights", url, "id", columns=["delay", "number"], npartitions=2)
    tm.assert_frame_equal(some.compute().sort_index(), expected[["delay", "number"]])
    assert some.number.sum().compute() == flights.number.sum()


def test_ranges_of_times(url: str, flights: pd.DataFrame) -> None:
    rd.from_pandas(flights.set_index("day")[["number"]], npartitions=3).to_sql(
        "days", url, if_exists="replace"
    )
    table = sa.Table("days", sa.MetaData(), autoload_with=sa.create_engine(url))
    df = rd.read_sql_query(sa.select(table), url, "day", npartitions=4)
    assert df.npartitions == 4
    assert df.number.compute().tolist() == flights.number.tolist()


def test_queries(url: str, flights: pd.DataFrame) -> None:
    rd.from_pandas(flights, npartitions=4).to_sql("flights", url, if_exists="replace")
    table = sa.Table("flights", sa.MetaData(), autoload_with=sa.create_engine(url))
    late = sa.select(table.c.id, table.c.delay, (table.c.number * 2).label("double")).where(table.c.delay > 1)
    expected = flights[flights.delay > 1]
    for query in (late, 'select id, delay, number * 2 as "double" from flights where delay > 1'):
        df = rd.read_sql_query(query, url, "id", npartitions=3)
        found = df.compute().sort_index()
        assert found.double.tolist() == (expected.number * 2).tolist()
        assert df.divisions[0] == expected.index[0]
    empty = rd.read_sql("select * from flights where number > 1000", url, "id")
    assert len(empty) == 0
    assert list(empty.columns) == list(flights.columns)


def test_tables_that_are_there(url: str, flights: pd.DataFrame) -> None:
    df = rd.from_pandas(flights[["number"]], npartitions=3)
    df.to_sql("there", url, if_exists="replace", index=False)
    with pytest.raises(ValueError, match="Table 'there' already exists"):
        df.to_sql("there", url)
    df.number.to_sql("there", url, if_exists="append", index=False)
    df[df.number < 0].to_sql("there", url, if_exists="append", index=False)
    count = "select count(*) as n from there"
    assert pd.read_sql(count, sa.create_engine(url)).n[0] == 40
    later = df.to_sql("there", url, if_exists="replace", index=False, compute=False)
    assert pd.read_sql(count, sa.create_engine(url)).n[0] == 40
    later.compute()
    assert pd.read_sql(count, sa.create_engine(url)).n[0] == 20


def test_a_write_that_fails_leaves_nothing(url: str, flights: pd.DataFrame) -> None:
    def broken(part: pd.DataFrame) -> pd.DataFrame:
        if part.number.max() > 50:
            raise RuntimeError("broken")
        return part

    df = rd.from_pandas(flights[["number"]], npartitions=20).map_partitions(
        broken, meta=flights[:0][["number"]]
    )
    rd.from_pandas(flights[["number"]], npartitions=1).to_sql("kept", url, if_exists="replace")
    with pytest.raises(RuntimeError, match="broken"):
        df.to_sql("kept", url, if_exists="append")
    assert pd.read_sql("select count(*) as n from kept", sa.create_engine(url)).n[0] == 20
    with pytest.raises(RuntimeError, match="broken"):
        df.to_sql("new_table", url)
    if url.startswith("postgresql"):
        assert not sa.inspect(sa.create_engine(url)).has_table("new_table")


def test_bad_input(tmp_path: pathlib.Path, flights: pd.DataFrame) -> None:
    url = f"sqlite:///{tmp_path}/bad.db"
    df = rd.from_pandas(flights, npartitions=2)
    df.to_sql("flights", url)
    with pytest.raises(ValueError, match=r"Table nowhere not found; there are \['flights'\]"):
        rd.read_sql_table("nowhere", url, "id")
    with pytest.raises(KeyError, match="'nothing' is no column"):
        rd.read_sql_table("flights", url, "nothing")
    with pytest.raises(TypeError, match="must be of type str, not Connection"):
        rd.read_sql_table("flights", sqlite3.connect(tmp_path / "bad.db"), "id")
    with pytest.raises(TypeError, match="divisions="):
        rd.read_sql("select * from flights where carrier is not null", url, "carrier")
    with pytest.raises(ValueError, match="4 rows have no 'carrier'"):
        rd.read_sql_table("flights", url, "carrier", divisions=["A", "B"])
    with pytest.raises(TypeError, match="not both"):
        rd.read_sql_table("flights", url, "id", divisions=[1, 2], npartitions=2)
    with pytest.raises(NotImplementedError, match="npartitions="):
        rd.read_sql_table("flights", url, "id", chunksize=3)
    with pytest.raises(NotImplementedError, match="parallel=False"):
        df.to_sql("other", url, parallel=True)
    with pytest.raises(ValueError, match="not valid for if_exists"):
        df.to_sql("other", url, if_exists="perhaps")
    with pytest.raises(ValueError, match="Expected URI"):
        df.to_sql("other", sqlite3.connect(":memory:"))  # type: ignore[arg-type]
