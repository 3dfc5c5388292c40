"""Frames written to files, read by pandas, Dask and others."""

from __future__ import annotations

import io
import os
import pathlib
from typing import Any

import numpy as np
import pandas as pd
import pandas.testing as tm
import pytest
import raskt.dataframe as rd


def _files(folder: pathlib.Path) -> list[str]:
    """Return all files below a folder, hidden ones included."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_parquet_restores_dtypes_and_index(way: str, mixed: pd.DataFrame, tmp_path: pathlib.Path) -> None:
    frame = mixed.drop(columns="o").set_index(pd.Index(list("abcdef"), name="key"))
    rd.from_pandas(frame, npartitions=3).to_parquet(tmp_path / "out")
    assert _files(tmp_path / "out") == [f"part.{at}.parquet" for at in range(3)]
    tm.assert_frame_equal(pd.read_parquet(tmp_path / "out"), frame)
    tm.assert_frame_equal(rd.read_parquet(tmp_path / "out").compute(), frame)
    dask = pytest.importorskip("dask.dataframe")
    theirs = dask.read_parquet(tmp_path / "out").compute()
    tm.assert_frame_equal(theirs, frame, check_dtype=False, check_index_type=False, check_categorical=False)


@pytest.mark.parametrize(
    "index",
    [
        pd.RangeIndex(5, 17, 2),
        pd.MultiIndex.from_product([["a", "b"], [1, 2, 3]], names=["x", None]),
        pd.date_range("2020", periods=6, tz="UTC"),
    ],
    ids=["range", "levels", "times"],
)
def test_every_index_comes_back(way: str, index: pd.Index, tmp_path: pathlib.Path) -> None:
    frame = pd.DataFrame({"v": np.arange(6.0)}, index=index)
    rd.from_pandas(frame, npartitions=2, sort=False).to_parquet(tmp_path / "out")
    tm.assert_frame_equal(pd.read_parquet(tmp_path / "out"), frame, check_freq=False, check_index_type=False)
    rd.from_pandas(frame, npartitions=2, sort=False).to_parquet(tmp_path / "bare", write_index=False)
    tm.assert_frame_equal(pd.read_parquet(tmp_path / "bare"), frame.reset_index(drop=True))


def test_appended_and_overwritten_files_are_read_alone(way: str, tmp_path: pathlib.Path) -> None:
    frame = pd.DataFrame({"x": range(6), "s": list("abcabc")})
    df = rd.from_pandas(frame, npartitions=3)
    df.to_parquet(tmp_path, write_index=False)
    df.to_parquet(tmp_path, write_index=False, append=True)
    assert len(_files(tmp_path)) == 6
    assert pd.read_parquet(tmp_path).x.tolist() == [*range(6), *range(6)]
    with pytest.raises(ValueError, match=r"other Parquet files.*overwrite=True"):
        df.to_parquet(tmp_path)
    with pytest.raises(ValueError, match="columns not the same"):
        df[["x"]].to_parquet(tmp_path, write_index=False, append=True)
    with pytest.raises(ValueError, match=r"(?s)dtypes differ.*'x': \('int64', 'float64'\)"):
        df.assign(x=df.x * 1.5).to_parquet(tmp_path, write_index=False, append=True)
    # The frame that is written may be read of the files that go.
    again = rd.read_parquet(tmp_path)
    again[again.x > 3].to_parquet(tmp_path, overwrite=True, write_index=False)
    assert sorted(pd.read_parquet(tmp_path).x) == [4, 4, 5, 5]
    df.repartition(npartitions=1).to_parquet(tmp_path, overwrite=True)
    assert _files(tmp_path) == ["part.0.parquet"]


def test_a_write_that_fails_leaves_what_was_there(way: str, tmp_path: pathlib.Path) -> None:
    def broken(part: pd.DataFrame) -> pd.DataFrame:
        if 5 in part.x.to_numpy():
            raise RuntimeError("no")
        return part

    good = rd.from_pandas(pd.DataFrame({"x": range(6)}), npartitions=3)
    good.to_parquet(tmp_path / "p")
    good.to_csv(tmp_path / "c-*.csv")
    before = {path: (tmp_path / path).read_bytes() for path in _files(tmp_path)}
    bad = good.map_partitions(broken, meta=good._meta)
    for write in (
        lambda: bad.to_parquet(tmp_path / "p", overwrite=True),
        lambda: bad.to_parquet(tmp_path / "p", append=True),
        lambda: bad.to_csv(tmp_path / "c-*.csv"),
        lambda: bad.to_csv(tmp_path / "new.csv", single_file=True),
    ):
        with pytest.raises(RuntimeError, match="no"):
            write()
        assert {path: (tmp_path / path).read_bytes() for path in _files(tmp_path)} == before
        assert not [name for name in os.listdir(tmp_path / "p") if name.startswith(".")]


def test_folders_of_values_and_options_of_pyarrow(way: str, tmp_path: pathlib.Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    frame = pd.DataFrame({"k": ["a/b", "d", "c", "a/b"], "n": [1, 2, 1, 1], "x": [0.5, 1.5, 2.5, 3.5]})
    df = rd.from_pandas(frame, npartitions=2)
    df.assign(k=df.k.where(df.k != "d")).to_parquet(tmp_path / "missing", partition_on="k")
    assert "k=__HIVE_DEFAULT_PARTITION__/part.0.parquet" in _files(tmp_path / "missing")
    df.to_parquet(tmp_path / "h", partition_on=["k", "n"], write_index=False)
    read = pd.read_parquet(tmp_path / "h").astype({"k": "str", "n": "int64"})
    tm.assert_frame_equal(read.sort_values("x", ignore_index=True)[["k", "n", "x"]], frame)
    df.to_parquet(tmp_path / "h", partition_on=["k", "n"], write_index=False, append=True)
    assert len(pd.read_parquet(tmp_path / "h")) == 8
    df.to_parquet(
        tmp_path / "o",
        schema={"n": pa.int16()},
        custom_metadata={"who": "me"},
        write_metadata_file=True,
        compression={"x": "zstd", "k": "gzip", "n": "none"},
        name_function=lambda at: f"day-{at}.parquet",
    )
    assert _files(tmp_path / "o") == ["_metadata", "day-0.parquet", "day-1.parquet"]
    written = pq.read_metadata(tmp_path / "o" / "day-1.parquet")
    assert written.metadata[b"who"] == b"me"
    assert pq.read_schema(tmp_path / "o" / "day-0.parquet").field("n").type == pa.int16()
    assert pq.read_metadata(tmp_path / "o" / "_metadata").num_rows == 4
    assert [written.row_group(0).column(at).compression for at in range(3)] == [
        "GZIP",
        "UNCOMPRESSED",
        "ZSTD",
    ]


def test_columns_of_objects_are_of_one_type(tmp_path: pathlib.Path) -> None:
    frame = pd.DataFrame({"o": pd.Series([1, 2, "a", "b"], dtype=object)})
    df = rd.from_pandas(frame, npartitions=2)
    with pytest.raises(TypeError, match=r"'o' would be string, and is int64.*schema="):
        df.to_parquet(tmp_path / "o")
    with pytest.raises(ValueError, match="does not fit the types"):
        df.to_parquet(tmp_path / "o", schema={"o": "int64"})
    assert _files(tmp_path) == []
    nested = pd.DataFrame({"o": [[1, 2], [3], [], [4]]})
    rd.from_pandas(nested, npartitions=2).to_parquet(tmp_path / "n", write_index=False)
    assert [list(x) for x in pd.read_parquet(tmp_path / "n").o] == nested.o.tolist()


@pytest.mark.parametrize(
    ("keywords", "error", "match"),
    [
        ({"append": True, "overwrite": True}, ValueError, "both"),
        ({"partition_on": "q"}, ValueError, "non-existent"),
        ({"partition_on": ["x"]}, ValueError, "No data left"),
        ({"compression": "rar"}, ValueError, "rar"),
        ({"name_function": lambda at: "a"}, ValueError, "unique"),
        ({"schema": {"q": "int64"}}, ValueError, r"\['q'\]"),
        ({"engine": "fastparquet"}, NotImplementedError, "engine"),
        ({"custom_metadata": {"pandas": "x"}}, ValueError, "pandas"),
        ({"row_group_sice": 5}, TypeError, "row_group_sice"),
    ],
)
def test_bad_keywords_are_errors_that_name_them(
    keywords: dict[str, Any], error: type[Exception], match: str, tmp_path: pathlib.Path
) -> None:
    df = rd.from_pandas(pd.DataFrame({"x": [1, 2]}), npartitions=2)
    with pytest.raises(error, match=match):
        df.to_parquet(tmp_path / "out", **keywords)
    assert _files(tmp_path) == []


def test_parquet_later_and_at_urls(way: str, tmp_path: pathlib.Path) -> None:
    fsspec = pytest.importorskip("fsspec")
    df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 3]}), npartitions=2)
    later = df.to_parquet(tmp_path / "out", compute=False)
    assert _files(tmp_path) == []
    assert later.compute() is None
    assert pd.read_parquet(tmp_path / "out").x.tolist() == [1, 2, 3]
    df.to_parquet("memory://writing/out")
    df.repartition(npartitions=1).to_parquet("memory://writing/out", overwrite=True)
    assert fsspec.filesystem("memory").glob("/writing/out/*") == ["/writing/out/part.0.parquet"]
    paths = df.to_csv("memory://writing/*.csv", index=False)
    assert [pd.read_csv(path).x.tolist() for path in paths] == [[1], [2, 3]]


def test_csv_is_that_of_pandas(way: str, mixed: pd.DataFrame, tmp_path: pathlib.Path) -> None:
    df = rd.from_pandas(mixed, npartitions=3)
    paths = df.to_csv(tmp_path / "*.csv", na_rep="-", sep=";")
    parts = [part.compute() for part in df.to_delayed()]
    assert [pathlib.Path(path).name for path in paths] == ["0.csv", "1.csv", "2.csv"]
    assert [pathlib.Path(path).read_text() for path in paths] == [
        part.to_csv(na_rep="-", sep=";") for part in parts
    ]
    (whole,) = df.to_csv(tmp_path / "all.csv.gz", single_file=True, compression="infer")
    read = pd.read_csv(whole, parse_dates=["t", "z"], date_format="ISO8601")
    tm.assert_frame_equal(
        read, pd.read_csv(io.StringIO(mixed.to_csv()), parse_dates=["t", "z"], date_format="ISO8601")
    )
    again = df.i.to_csv(tmp_path / "all.csv.gz", single_file=True, mode="a", compression="gzip", header=False)
    assert again == [whole]
    assert len(pd.read_csv(whole)) == 12
    with pytest.raises(FileExistsError, match=r"all\.csv\.gz"):
        df.to_csv(whole, single_file=True, mode="x")
    first = df.s.to_csv(
        tmp_path / "named-*", header_first_partition_only=True, name_function=lambda at: at + 7
    )
    assert [pathlib.Path(path).name for path in first] == ["named-7", "named-8", "named-9"]
    assert pathlib.Path(first[1]).read_text() == parts[1].s.to_csv(header=False)
    with pytest.raises(ValueError, match="header_first_partition_only"):
        df.to_csv(whole, single_file=True, header_first_partition_only=False)
    with pytest.raises(ValueError, match="mode 'q'"):
        df.to_csv(whole, mode="q")


def test_json_is_that_of_pandas(way: str, tmp_path: pathlib.Path) -> None:
    frame = pd.DataFrame({"x": [1, 2, 3], "s": ["a", None, "ü"]})
    df = rd.from_pandas(frame, npartitions=2)
    paths = df.to_json(tmp_path / "*.json", compression="gzip")
    read = pd.concat(
        [pd.read_json(path, lines=True, compression="gzip") for path in paths], ignore_index=True
    )
    tm.assert_frame_equal(read, frame)
    split = df.to_json(tmp_path / "split-*", orient="split")
    tm.assert_frame_equal(pd.read_json(split[1], orient="split"), frame[1:])
    with pytest.raises(ValueError, match="orient='records'"):
        df.to_json(tmp_path, orient="split", lines=True)
