"""Frames of arrays, bags and Arrow, and back; frames made up."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np
import pandas as pd
import pandas.testing as tm
import pyarrow as pa
import pytest
import raskt
import raskt.array as ra
import raskt.bag as rb
import raskt.dataframe as rd
import raskt.datasets

_FRAME = pd.DataFrame(
    {"x": [1, 2, 3, 4, 5], "y": [0.5, np.nan, 1.5, 2.5, -1.0], "s": ["a", None, "c", "d", "e"]}
)


def test_arrays_become_frames() -> None:
    x = np.arange(20).reshape(10, 2)
    found = rd.from_array(x, chunksize=4, columns=["a", "b"])
    assert found.divisions == (0, 4, 8, 9)
    tm.assert_frame_equal(found.compute(), pd.DataFrame(x, columns=["a", "b"]))
    tm.assert_series_equal(rd.from_array(x[:, 0], columns="a").compute(), pd.Series(x[:, 0], name="a"))
    records = np.array([(1, 0.5), (2, 1.5)], dtype=[("i", "i4"), ("f", "f8")])
    tm.assert_frame_equal(rd.from_array(records, chunksize=1).compute(), pd.DataFrame(records))
    with pytest.raises(ValueError, match="more than 2D"):
        rd.from_array(np.ones((2, 2, 2)))
    with pytest.raises(ValueError, match="column names"):
        rd.from_array(x, columns=["a"])


def test_chunks_become_partitions() -> None:
    x = np.arange(20.0).reshape(10, 2)
    lazy = ra.from_array(x, chunks=(4, 1))
    found = rd.from_dask_array(lazy, columns=["a", "b"])
    assert found.divisions == (0, 4, 8, 9)
    tm.assert_frame_equal(found.compute(), pd.DataFrame(x, columns=["a", "b"]))
    tm.assert_frame_equal(rd.from_array(lazy).compute(), pd.DataFrame(x))
    unknown = lazy[:, 0][lazy[:, 0] > 3]
    series = rd.from_array(unknown, columns="a")
    assert series.divisions == (None,) * 4
    assert series.compute().tolist() == x[:, 0][x[:, 0] > 3].tolist()
    index = rd.from_pandas(pd.DataFrame({"k": range(10)}, index=list("abcdefghij")), npartitions=3).index
    with pytest.raises(ValueError, match="numbers of blocks"):
        rd.from_dask_array(lazy, index=index.to_frame().repartition(npartitions=1).index)
    cut = ra.from_array(x[:, 0], chunks=((3, 3, 4),))
    labelled = rd.from_dask_array(cut, columns="a", index=index)
    tm.assert_series_equal(labelled.compute(), pd.Series(x[:, 0], index=list("abcdefghij"), name="a"))


def test_frames_become_records_and_arrays_again() -> None:
    frame = _FRAME[["x", "y"]].fillna(9.0)
    df = rd.from_pandas(frame, npartitions=2)
    for index in (False, True):
        found = df.to_records(index=index, lengths=True)
        expected = frame.to_records(index=index)
        assert found.dtype == expected.dtype
        assert found.shape == (5,)
        np.testing.assert_array_equal(
            np.asarray(found.compute()).astype(expected.dtype), np.asarray(expected)
        )
    with pytest.raises(ValueError, match="lengths"):
        df.to_records(lengths=[1])


def test_bags_become_frames_and_frames_bags() -> None:
    rows = [{"x": at, "s": f"t{at}"} for at in range(10)]
    df = rb.from_sequence(rows, npartitions=3).to_dataframe()
    assert df.npartitions == 3
    tm.assert_frame_equal(df.compute().reset_index(drop=True), pd.DataFrame(rows))
    some = rb.from_sequence(rows, npartitions=3).to_dataframe(columns=["s"])
    tm.assert_frame_equal(some.compute().reset_index(drop=True), pd.DataFrame(rows)[["s"]])
    pairs = rb.from_sequence([(1, 2.5), (3, 4.5)], npartitions=2).to_dataframe(
        meta={"a": "int64", "b": "float64"}
    )
    assert pairs.b.sum().compute() == 7.0
    wrong = rb.from_sequence([(1,), ("x",)], npartitions=2).to_dataframe(meta={"a": "int64"})
    with pytest.raises(TypeError, match="'a'"):
        wrong.compute()
    empty = rb.from_sequence([1, 2]).filter(lambda x: x > 5)
    with pytest.raises(ValueError, match="meta="):
        empty.to_dataframe()
    assert len(empty.to_dataframe(meta={"a": "int64"}).compute()) == 0
    back = rd.from_pandas(_FRAME[["x", "y"]].fillna(0), npartitions=2)
    assert back.to_bag().compute() == list(_FRAME[["x", "y"]].fillna(0).itertuples(index=False, name=None))
    assert back.to_bag(index=True).compute()[0] == (0, 1, 0.5)
    assert back.to_bag(format="dict").compute()[1] == {"x": 2, "y": 0.0}
    assert back.x.to_bag().compute() == [1, 2, 3, 4, 5]
    assert back.x.to_bag(index=True).compute()[4] == (4, 5)
    assert [len(part) for part in back.to_bag(format="frame").compute()] == [2, 3]
    with pytest.raises(ValueError, match="format"):
        back.to_bag(format="list")


def test_arrow_reads_a_frame_as_it_is() -> None:
    frame = _FRAME.assign(c=pd.Categorical(["u", "v", "u", "w", "w"]), o=[[1], [2], None, [3], []])
    df = rd.from_pandas(frame, npartitions=3)
    table = pa.table(df)
    tm.assert_frame_equal(table.to_pandas()[["x", "y", "s", "c"]], frame[["x", "y", "s", "c"]])
    assert table["o"].to_pylist() == [[1], [2], None, [3], []]
    named = rd.from_pandas(_FRAME.set_index("x"), npartitions=2)
    tm.assert_frame_equal(pa.table(named).to_pandas(), _FRAME.set_index("x"))
    read = pa.RecordBatchReader.from_stream(df.x).read_all()
    assert read["x"].to_pylist() == [1, 2, 3, 4, 5]
    back = rd.from_arrow(table, npartitions=2)
    tm.assert_frame_equal(back[["x", "y", "s"]].compute(), _FRAME)
    with pytest.raises(TypeError, match="__arrow_c_stream__"):
        rd.from_arrow([1, 2])


def test_made_up_measurements_are_the_same_for_a_seed() -> None:
    kinds: dict[str, Any] = {"name": str, "id": int, "x": float, "b": bool, "c": "category", "i": "int32"}
    df = raskt.datasets.timeseries(
        start="2001-01-01",
        end="2001-01-04",
        freq="30min",
        partition_freq="1D",
        dtypes=kinds,
        seed=4,
        id_lam=20,
    )
    assert df.npartitions == 3
    assert df.divisions[0] == pd.Timestamp("2001-01-01")
    found = df.compute()
    assert len(found) == 3 * 48
    assert found.index.is_monotonic_increasing
    assert found.index.name == "timestamp"
    assert found.dtypes.drop("c").tolist() == df.dtypes.drop("c").tolist()
    assert 15 < found.id.mean() < 25
    assert found.x.between(-1, 1).all()
    again = raskt.datasets.timeseries(
        start="2001-01-01",
        end="2001-01-04",
        freq="30min",
        partition_freq="1D",
        dtypes=kinds,
        seed=4,
        id_lam=20,
    )
    tm.assert_frame_equal(again.compute(scheduler="sync"), found)
    other = raskt.datasets.timeseries(end="2000-01-02", freq="1h", seed=5).x.compute()
    assert not other.equals(raskt.datasets.timeseries(end="2000-01-02", freq="1h", seed=6).x.compute())
    with pytest.raises(TypeError, match="x_lam"):
        raskt.datasets.timeseries(x_lam=3)
    with pytest.raises(TypeError, match="'t'"):
        raskt.datasets.timeseries(dtypes={"t": "datetime64[ns]"})


def test_json_is_read_as_pandas_reads_it(tmp_path: pathlib.Path) -> None:
    frame = _FRAME.assign(n=["007", "1", "2", "3", "x"])
    for at in range(2):
        frame.to_json(tmp_path / f"{at}.json", orient="records", lines=True)
    found = rd.read_json(f"{tmp_path}/*.json", blocksize=80)
    assert found.npartitions > 4
    expected = pd.read_json(tmp_path / "0.json", orient="records", lines=True)
    tm.assert_frame_equal(
        found.compute().reset_index(drop=True), pd.concat([expected, expected]).reset_index(drop=True)
    )
    _FRAME.to_json(tmp_path / "whole.json", orient="split")
    whole = rd.read_json(tmp_path / "whole.json", orient="split", include_path_column="file")
    tm.assert_frame_equal(
        whole.drop(columns="file").compute(), pd.read_json(tmp_path / "whole.json", orient="split")
    )
    assert whole.file.compute().unique().tolist() == [str(tmp_path / "whole.json")]
    (tmp_path / "late.json").write_text('{"x": 1}\n' * 200 + '{"x": 1.5, "y": 2}\n')
    with pytest.raises(ValueError, match=r"late\.json.*columns"):
        rd.read_json(tmp_path / "late.json", blocksize=100, sample=50).compute()
    (tmp_path / "late.json").write_text('{"x": 1}\n' * 200 + '{"x": 1.5}\n')
    with pytest.raises(ValueError, match=r"late\.json: column 'x'.*float64"):
        rd.read_json(tmp_path / "late.json", blocksize=100, sample=50).compute()
    (tmp_path / "bad.json").write_text('{"x": 1}\n{"x": \n')
    with pytest.raises(ValueError, match=r"bad\.json"):
        rd.read_json(tmp_path / "bad.json").compute()
    with pytest.raises(ValueError, match="orient"):
        rd.read_json(tmp_path / "bad.json", orient="split", lines=True)
