"""Frames of files."""

from __future__ import annotations

import pathlib
import re
from typing import Any

import numpy as np
import pandas as pd
import pandas.testing as tm
import pytest
import raskt.bag as rb
import raskt.dataframe as rd

_FRAME = pd.DataFrame(
    {
        "i": range(1000),
        "f": np.linspace(0, 1, 1000),
        "s": [f"text, {at}" if at % 7 else None for at in range(1000)],
        "b": [at % 2 == 0 for at in range(1000)],
        "t": pd.date_range("2013-01-01", periods=1000, freq="h"),
    }
)


def test_csv_is_read_in_blocks_as_pandas_reads_it(tmp_path: pathlib.Path) -> None:
    for at in range(2):
        _FRAME[at * 500 : (at + 1) * 500].to_csv(tmp_path / f"{at}.csv", index=False)
    df = rd.read_csv(f"{tmp_path}/*.csv", blocksize=5000, parse_dates=["t"])
    assert df.npartitions > 4
    expected = pd.concat([pd.read_csv(tmp_path / f"{at}.csv", parse_dates=["t"]) for at in range(2)])
    tm.assert_frame_equal(df.compute().reset_index(drop=True), expected.reset_index(drop=True))
    assert df[df.i > 500].f.sum().compute() == pytest.approx(_FRAME[_FRAME.i > 500].f.sum())
    some = rd.read_csv([f"{tmp_path}/0.csv"], usecols=["s", "i"], dtype={"i": "float64"}).compute()
    tm.assert_frame_equal(some, pd.read_csv(tmp_path / "0.csv", usecols=["s", "i"], dtype={"i": "float64"}))


def test_csv_says_what_it_cannot_read(tmp_path: pathlib.Path) -> None:
    (tmp_path / "a.csv").write_text("x;y\n1;-\n2;5\n# no\n")
    df = rd.read_csv(tmp_path / "a.csv", sep=";", na_values="-", comment="#")
    tm.assert_frame_equal(df.compute(), pd.DataFrame({"x": [1, 2], "y": [np.nan, 5.0]}))
    (tmp_path / "b.csv").write_text("x;z\n1;2\n")
    with pytest.raises(ValueError, match=r"b\.csv"):
        rd.read_csv([tmp_path / "a.csv", tmp_path / "b.csv"], sep=";")
    with pytest.raises(FileNotFoundError):
        rd.read_csv(tmp_path / "missing.csv")
    with pytest.raises(KeyError, match="'q'"):
        rd.read_csv(tmp_path / "a.csv", sep=";", usecols=["q"])


def test_parquet_is_read_as_pandas_reads_it(tmp_path: pathlib.Path) -> None:
    indexed = _FRAME.set_index("t")
    for at in range(3):
        indexed[at * 300 : (at + 1) * 300].to_parquet(tmp_path / f"{at}.parquet", row_group_size=100)
    df = rd.read_parquet(tmp_path)
    assert df.npartitions == 3
    assert len(df) == 900
    tm.assert_frame_equal(df.compute(), indexed[:900], check_freq=False)
    tm.assert_series_equal(
        rd.read_parquet(tmp_path, columns="f").compute(), indexed.f[:900], check_freq=False
    )
    assert rd.read_parquet(tmp_path, columns=["i", "b"]).i.sum().compute() == indexed.i[:900].sum()
    (tmp_path / "3.parquet").write_bytes(b"PAR1 nothing")
    with pytest.raises(ValueError, match=r"3\.parquet"):
        rd.read_parquet(tmp_path)


def test_files_of_other_columns_are_said_with_file_and_column(tmp_path: pathlib.Path) -> None:
    pd.DataFrame({"x": [1]}).to_parquet(tmp_path / "a.parquet")
    pd.DataFrame({"x": [1.5]}).to_parquet(tmp_path / "b.parquet")
    with pytest.raises(ValueError, match=r"b\.parquet: column 'x' is float64"):
        rd.read_parquet(tmp_path)


@pytest.mark.parametrize("read", [rd.read_parquet, rd.read_csv, rd.read_json, rd.read_orc, rb.read_text])
@pytest.mark.parametrize("path", [None, 3, [None], ["a.csv", 2.5]])
def test_what_is_no_path_is_named(read: Any, path: Any) -> None:
    with pytest.raises(TypeError, match=re.escape(f"a list of these, found {path!r}")):
        read(path)
