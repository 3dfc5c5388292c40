"""Frames of files in an S3 bucket, and frames written there: on a server of this process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pandas.testing as tm
import pytest
import raskt.dataframe as rd
from s3_server import served

pytest.importorskip("s3fs")

FLIGHTS = pd.DataFrame(
    {
        "carrier": ["UA", "AA", None, "B6"] * 25,
        "delay": np.arange(100) / 4,
        "day": pd.date_range("2013-01-01", periods=100, unit="us"),
    }
)


@pytest.fixture
def bucket() -> Iterator[tuple[Any, dict[str, Any]]]:
    with served() as (bucket, options):
        yield bucket, options


def test_csv_is_read_whole_and_in_blocks(bucket: Any) -> None:
    kept, options = bucket
    for part in range(4):
        rows = FLIGHTS.iloc[part * 25 : part * 25 + 25]
        kept.objects[f"csv/{part}.csv"] = rows.to_csv(index=False).encode()
    whole = rd.read_csv("s3://b/csv/*.csv", storage_options=options, parse_dates=["day"])
    blocks = rd.read_csv("s3://b/csv/*.csv", storage_options=options, parse_dates=["day"], blocksize=300)
    assert whole.npartitions == 4
    assert blocks.npartitions > 4
    for df in (whole, blocks):
        tm.assert_frame_equal(df.compute().reset_index(drop=True), FLIGHTS)
    with pytest.raises((OSError, FileNotFoundError)):
        rd.read_csv("s3://b/none/*.csv", storage_options=options)


def test_csv_and_json_are_written(bucket: Any) -> None:
    kept, options = bucket
    df = rd.from_pandas(FLIGHTS, npartitions=3)
    df.to_csv("s3://b/out/*.csv", index=False, storage_options=options)
    assert sorted(kept.objects) == ["out/0.csv", "out/1.csv", "out/2.csv"]
    back = rd.read_csv("s3://b/out/*.csv", storage_options=options, parse_dates=["day"])
    tm.assert_frame_equal(back.compute().reset_index(drop=True), FLIGHTS)


def test_parquet_is_written_and_read(bucket: Any) -> None:
    kept, options = bucket
    rd.from_pandas(FLIGHTS, npartitions=3).to_parquet("s3://b/flights", storage_options=options)
    assert all(key.startswith("flights/") for key in kept.objects)
    df = rd.read_parquet("s3://b/flights", storage_options=options)
    assert df.npartitions == 3
    tm.assert_frame_equal(df.compute(), FLIGHTS)
    late = df[df.delay > 20].groupby("carrier").delay.max()
    assert late.compute().to_dict() == {"UA": 24.0, "AA": 24.25, "B6": 24.75}


def test_a_write_that_is_refused_is_an_error(bucket: Any) -> None:
    kept, options = bucket
    kept.refused = "1.csv"
    with pytest.raises(OSError, match="Access Denied"):
        rd.from_pandas(FLIGHTS, npartitions=3).to_csv("s3://b/out/*.csv", storage_options=options)
    assert "out/1.csv" not in kept.objects
