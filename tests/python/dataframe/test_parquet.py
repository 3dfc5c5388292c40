"""Parquet of many writers, folders with keys, filters; beside what pandas reads of the same files."""

from __future__ import annotations

import datetime
import decimal
import pathlib
from typing import Any

import numpy as np
import pandas as pd
import pandas.testing as tm
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import raskt.dataframe as rd

_FRAME = pd.DataFrame(
    {
        "i": np.arange(100),
        "f": np.linspace(0, 1, 100),
        "s": [f"t{at % 7}" for at in range(100)],
        "t": pd.date_range("2013-01-01", periods=100, freq="h"),
    }
)


def _sorted(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sort_values("i").reset_index(drop=True)


@pytest.mark.parametrize("compression", ["snappy", "zstd", "gzip", "lz4", "brotli", "none"])
def test_files_of_other_writers_are_read(tmp_path: pathlib.Path, compression: str) -> None:
    # As DuckDB (plain strings, no metadata), Polars (large strings) and others (dictionaries) write them.
    base = pa.Table.from_pandas(_FRAME, preserve_index=False).replace_schema_metadata(None)
    kinds = [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())]
    for at, kind in enumerate(kinds):
        path = tmp_path / f"{at}.parquet"
        table = base.set_column(2, "s", base["s"].cast(kind))
        pq.write_table(table, path, compression=compression, version="2.6", data_page_version="2.0")
        found = rd.read_parquet(path)
        tm.assert_frame_equal(found.compute(), pd.read_parquet(path))
    spark = tmp_path / "spark.parquet"
    pq.write_table(base, spark, compression=compression, use_deprecated_int96_timestamps=True)
    old = (rd.read_parquet(spark).compute(), pd.read_parquet(spark))
    tm.assert_frame_equal(*(frame.astype({"t": "datetime64[ns]"}) for frame in old))


def test_values_that_only_pandas_has_are_read_by_it(tmp_path: pathlib.Path) -> None:
    table = pa.table(
        {
            "i": pa.array([1, None, 3]),
            "b": pa.array([True, None, False]),
            "d": pa.array([decimal.Decimal("1.50"), None, decimal.Decimal("2.25")], pa.decimal128(10, 2)),
            "day": pa.array([datetime.date(2013, 1, 1), None, datetime.date(2014, 1, 1)]),
            "list": pa.array([[1, 2], None, []]),
            "struct": pa.array([{"a": 1}, None, {"a": 2}]),
            "time": pa.array([datetime.time(1, 2), None, datetime.time(3, 4)]),
            "bytes": pa.array([b"a", None, b"c"]),
        }
    )
    for at in range(2):
        pq.write_table(table, tmp_path / f"{at}.parquet")
    found = rd.read_parquet(tmp_path)
    assert found.npartitions == 2
    expected = pd.read_parquet(tmp_path / "0.parquet")
    assert found.dtypes.tolist() == expected.dtypes.tolist()
    tm.assert_frame_equal(found.partitions[1].compute(), expected)
    assert found.i.sum().compute() == 8.0
    tm.assert_frame_equal(rd.read_parquet(tmp_path, columns=["d"]).partitions[0].compute(), expected[["d"]])


def test_backends_of_dtypes_are_those_of_pandas(tmp_path: pathlib.Path) -> None:
    _FRAME.to_parquet(tmp_path / "a.parquet")
    for backend in ("numpy_nullable", "pyarrow"):
        expected = pd.read_parquet(tmp_path / "a.parquet", dtype_backend=backend)  # type: ignore[call-overload]
        found = rd.read_parquet(tmp_path / "a.parquet", dtype_backend=backend)
        assert found.dtypes.tolist() == expected.dtypes.tolist()
        tm.assert_frame_equal(found.compute(), expected)
    with pytest.raises(NotImplementedError, match="fastparquet"):
        rd.read_parquet(tmp_path / "a.parquet", engine="fastparquet")


def test_row_groups_are_cut(tmp_path: pathlib.Path) -> None:
    _FRAME.to_parquet(tmp_path / "a.parquet", row_group_size=10)
    cuts: list[tuple[dict[str, Any], int]] = [
        ({}, 1),
        ({"split_row_groups": True}, 10),
        ({"split_row_groups": 4}, 3),
        ({"split_row_groups": False, "blocksize": 10}, 1),
        ({"blocksize": 1}, 10),
    ]
    for keywords, n in cuts:
        found = rd.read_parquet(tmp_path / "a.parquet", **keywords)
        assert found.npartitions == n, keywords
        tm.assert_frame_equal(found.compute(), _FRAME)
    with pytest.raises(ValueError, match="split_row_groups"):
        rd.read_parquet(tmp_path / "a.parquet", split_row_groups=-1)


_FILTERS: list[Any] = [
    [("i", ">", 70)],
    [("i", ">=", 10), ("i", "<", 20)],
    [[("i", "==", 3)], [("s", "in", ["t1", "t2"]), ("f", ">", 0.9)]],
    [("s", "not in", ["t1"])],
    [("s", "!=", "t1"), ("i", "=", 8)],
    [("t", "<", pd.Timestamp("2013-01-02"))],
    [("i", "<", -1)],
]


@pytest.mark.parametrize("filters", _FILTERS)
def test_filters_are_those_of_pyarrow(tmp_path: pathlib.Path, filters: Any) -> None:
    _FRAME.to_parquet(tmp_path / "a.parquet", row_group_size=10)
    expected = pd.read_parquet(tmp_path / "a.parquet", filters=filters)
    found = rd.read_parquet(tmp_path / "a.parquet", filters=filters)
    tm.assert_frame_equal(found.compute().reset_index(drop=True), expected.reset_index(drop=True))
    some = rd.read_parquet(tmp_path / "a.parquet", filters=filters, columns=["f"])
    assert list(some.columns) == ["f"]
    tm.assert_frame_equal(some.compute().reset_index(drop=True), expected[["f"]].reset_index(drop=True))


def test_row_groups_without_wanted_rows_are_left_out(tmp_path: pathlib.Path) -> None:
    _FRAME.assign(m=[None if at % 3 else at for at in range(100)]).to_parquet(
        tmp_path / "a.parquet", row_group_size=10
    )
    found = rd.read_parquet(tmp_path / "a.parquet", filters=[("i", ">", 75)], split_row_groups=True)
    assert found.npartitions == 3
    assert found.i.compute().tolist() == list(range(76, 100))
    lacking = rd.read_parquet(tmp_path / "a.parquet", filters=[("m", "is", None)])
    assert len(lacking) == 66
    present = rd.read_parquet(tmp_path / "a.parquet", filters=[("m", "!=", 3)])
    assert present.m.compute().tolist() == [at for at in range(0, 100, 3) if at != 3]
    with pytest.raises(ValueError, match="'q'"):
        rd.read_parquet(tmp_path / "a.parquet", filters=[("q", ">", 1)])
    with pytest.raises(ValueError, match="operator"):
        rd.read_parquet(tmp_path / "a.parquet", filters=[("i", "~", 1)])


def test_folders_with_keys_are_categories(tmp_path: pathlib.Path) -> None:
    frame = _FRAME.assign(
        year=_FRAME.i % 3 + 2010, kind=[None if at % 5 == 0 else f"k {at % 2}" for at in range(100)]
    )
    frame.to_parquet(tmp_path, partition_cols=["year", "kind"])
    found = rd.read_parquet(tmp_path)
    assert found.npartitions == 9
    assert [str(dtype) for dtype in found.dtypes[-2:]] == ["category", "category"]
    computed = found.compute().astype({"year": "int64", "kind": "str"})
    tm.assert_frame_equal(_sorted(computed), _sorted(frame))
    assert found.compute().year.cat.categories.tolist() == [2010, 2011, 2012]
    assert found[["i"]].i.sum().compute() == 4950
    only = rd.read_parquet(tmp_path, columns=["kind", "i"]).compute()
    assert list(only.columns) == ["kind", "i"]
    assert only.kind.isna().sum() == 20
    counts = found.groupby("year", observed=True).i.sum().compute()
    assert counts.to_dict() == frame.groupby("year").i.sum().to_dict()
    pruned = rd.read_parquet(tmp_path, filters=[("year", ">", 2010), ("kind", "==", "k 1")])
    assert pruned.npartitions == 2
    keep = (frame.year > 2010) & (frame.kind == "k 1")
    assert sorted(pruned.i.compute()) == frame.i[keep].tolist()
    none = rd.read_parquet(tmp_path, filters=[("year", "==", 1999)])
    assert len(none.compute()) == 0
    one = next(tmp_path.glob("year=2011/*/*.parquet"))
    assert rd.read_parquet(one).compute().year.unique().tolist() == [2011]
    stray = tmp_path / "year=2010" / "a.parquet"
    _FRAME.to_parquet(stray)
    with pytest.raises(ValueError, match="folders"):
        rd.read_parquet(tmp_path)


def test_frames_written_with_keys_come_back(tmp_path: pathlib.Path) -> None:
    df = rd.from_pandas(_FRAME, npartitions=3)
    df.to_parquet(tmp_path, partition_on=["s"])
    found = rd.read_parquet(tmp_path).compute()
    tm.assert_frame_equal(_sorted(found.astype({"s": "str"})[list(_FRAME)]), _FRAME)


def test_files_at_urls_are_read() -> None:
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    try:
        for at in range(2):
            memory.makedirs(f"/raskt-parquet/k={at}", exist_ok=True)
            with memory.open(f"/raskt-parquet/k={at}/a.parquet", "wb") as file:
                _FRAME.to_parquet(file)
        found = rd.read_parquet("memory://raskt-parquet", columns=["i", "k"], filters=[("i", "<", 3)])
        assert found.npartitions == 2
        assert found.compute().k.tolist() == [0, 0, 0, 1, 1, 1]
    finally:
        memory.rm("/raskt-parquet", recursive=True)


@pytest.mark.parametrize("by_pandas", [False, True])
def test_damaged_and_other_files_are_said(tmp_path: pathlib.Path, by_pandas: bool) -> None:
    frame = _FRAME.assign(d=decimal.Decimal("1.5")) if by_pandas else _FRAME
    for name in "ab":
        frame.to_parquet(tmp_path / f"{name}.parquet")
    content = (tmp_path / "b.parquet").read_bytes()
    found = rd.read_parquet(tmp_path)
    (tmp_path / "b.parquet").write_bytes(content[:-1000])
    with pytest.raises(ValueError, match=r"b\.parquet has changed"):
        found.compute()
    with pytest.raises((ValueError, OSError), match=r"b\.parquet"):
        rd.read_parquet(tmp_path).compute()
    damaged = bytearray(content)
    damaged[4:400] = bytes(396)
    (tmp_path / "b.parquet").write_bytes(damaged)
    with pytest.raises((ValueError, OSError), match=r"b\.parquet"):
        rd.read_parquet(tmp_path).compute()
    (tmp_path / "b.parquet").unlink()
    with pytest.raises(FileNotFoundError, match=r"b\.parquet"):
        found.compute()
    frame.assign(f="text").to_parquet(tmp_path / "b.parquet")
    with pytest.raises(ValueError, match=r"b\.parquet: column 'f' is str"):
        rd.read_parquet(tmp_path).compute()
    frame.drop(columns="f").to_parquet(tmp_path / "b.parquet")
    with pytest.raises(ValueError, match=r"b\.parquet.*'f'"):
        rd.read_parquet(tmp_path).compute()


def test_orders_of_categories_and_times_in_seconds_are_kept(tmp_path: pathlib.Path) -> None:
    seconds = pd.to_datetime(["2020-01-01 12:00", "2021-01-01 12:00"] * 2).as_unit("s")
    frame = pd.DataFrame(
        {
            "grade": pd.Categorical(["x", "x", "y", "y"], ["y", "x"], ordered=True),
            "time": seconds,
            "zoned": seconds.tz_localize("America/New_York"),
        }
    )
    rd.from_pandas(frame, npartitions=2).to_parquet(tmp_path / "own")
    frame.to_parquet(tmp_path / "pandas.parquet")
    for path in (tmp_path / "own", tmp_path / "pandas.parquet"):
        read, expected = rd.read_parquet(path), pd.read_parquet(path)
        assert expected.dtypes.astype(str).tolist() == [
            "category",
            "datetime64[ms]",
            "datetime64[ms, America/New_York]",
        ]
        tm.assert_frame_equal(read.compute().reset_index(drop=True), expected.reset_index(drop=True))
        assert read.grade.max().compute() == "x"
        assert read.zoned.dt.hour.compute().tolist() == [12] * 4
