"""Frames of ORC, of Polars' and of Dask's, and back."""

from __future__ import annotations

import pathlib
import pickle
from typing import Any

import cloudpickle
import pandas as pd
import pandas.testing as tm
import pytest
import raskt
import raskt.dataframe as rd


@pytest.fixture
def frame() -> pd.DataFrame:
    """Return columns that others have, too."""
    return pd.DataFrame(
        {
            "i": [3, 1, 2, 7, 5],
            "f": [0.5, None, 1.5, -2.0, 3.0],
            "s": ["a", None, "b", "", "ü"],
            "t": pd.to_datetime(["2013-01-01", None, "2014-01-01", "1969-12-31", "2000-02-29"]),
            "b": [True, False, True, True, False],
        },
        index=pd.Index([4, 5, 6, 8, 9], name="id"),
    )


def test_orc(tmp_path: pathlib.Path, frame: pd.DataFrame, way: str) -> None:
    folder = str(tmp_path / "out")
    df = rd.from_pandas(frame, npartitions=3)
    df.to_orc(folder)
    assert sorted(path.name for path in pathlib.Path(folder).iterdir()) == [
        f"part.{at}.orc" for at in range(3)
    ]
    times = {"t": "datetime64[ns]"}
    tm.assert_frame_equal(rd.read_orc(folder, index="id").compute(), frame.astype(times))
    some = rd.read_orc(folder, columns=["f", "i"])
    tm.assert_frame_equal(some.compute().reset_index(drop=True), frame[["f", "i"]].reset_index(drop=True))
    assert rd.read_orc(f"{folder}/part.0.orc").i.sum().compute() == frame.i[:1].sum()
    # Half a write leaves nothing.
    broken = df.map_partitions(lambda part: 1 / 0, meta=df._meta)
    with pytest.raises(ZeroDivisionError):
        broken.to_orc(str(tmp_path / "broken"))
    assert not list((tmp_path / "broken").rglob("*.orc"))


def test_stripes_are_partitions(tmp_path: pathlib.Path) -> None:
    orc = pytest.importorskip("pyarrow.orc")
    import pyarrow as pa

    table = pa.table({"x": range(200_000)})
    orc.write_table(table, tmp_path / "one.orc", stripe_size=1 << 16, compression="uncompressed")
    n_stripes = orc.ORCFile(tmp_path / "one.orc").nstripes
    assert n_stripes > 2
    path = str(tmp_path / "one.orc")
    assert rd.read_orc(path).npartitions == n_stripes
    assert rd.read_orc(path, split_stripes=2).npartitions == -(-n_stripes // 2)
    assert rd.read_orc(path, split_stripes=False).npartitions == 1
    for split in (1, 2, False):
        assert rd.read_orc(path, split_stripes=split).x.sum().compute() == sum(range(200_000))


def test_bad_orc(tmp_path: pathlib.Path, frame: pd.DataFrame) -> None:
    df = rd.from_pandas(frame, npartitions=2)
    folder = str(tmp_path / "out")
    df.to_orc(folder)
    with pytest.raises(ValueError, match="write to another folder"):
        rd.from_pandas(frame, npartitions=1).to_orc(folder)
    with pytest.raises(KeyError, match="'nothing' is no column"):
        rd.read_orc(folder, columns=["nothing"])
    with pytest.raises(NotImplementedError, match="repartition"):
        rd.read_orc(folder, aggregate_files=True)
    with pytest.raises(TypeError, match="to_frame"):
        rd.to_orc(df.i, folder)
    (tmp_path / "no.orc").write_bytes(b"no file of ORC at all")
    with pytest.raises(ValueError, match=r"no\.orc: no file of ORC"):
        rd.read_orc(str(tmp_path / "no.orc"))
    df[["i"]].to_orc(str(tmp_path / "other"))
    paths = [f"{folder}/part.0.orc", str(tmp_path / "other" / "part.0.orc")]
    with pytest.raises(ValueError, match=r"part\.0\.orc: its columns are"):
        rd.read_orc(paths).compute()


def test_polars(frame: pd.DataFrame, way: str) -> None:
    pl = pytest.importorskip("polars")
    df = rd.from_pandas(frame, npartitions=3)
    found = df.to_polars()
    assert found.columns == [*frame.columns, "id"]
    assert found["s"].to_list() == ["a", None, "b", "", "ü"]
    assert df.i.to_polars().to_list() == frame.i.tolist()
    back = rd.from_polars(found, npartitions=2)
    assert back.npartitions == 2
    assert back.i.sum().compute() == 18
    assert rd.from_polars(found.lazy().select("i")).compute().i.tolist() == frame.i.tolist()
    series = rd.from_polars(pl.Series("z", [1, 2]))
    tm.assert_series_equal(series.compute(), pd.Series([1, 2], name="z"))
    with pytest.raises(TypeError, match="found DataFrame"):
        rd.from_polars(frame)


def test_dask(frame: pd.DataFrame, way: str) -> None:
    dd = pytest.importorskip("dask.dataframe")
    ddf = dd.from_pandas(frame, npartitions=3)
    df = rd.from_dask(ddf[ddf.i > 1])
    assert df.divisions == ddf.divisions
    tm.assert_frame_equal(df.compute(), ddf[ddf.i > 1].compute())
    tm.assert_series_equal(rd.from_dask(ddf.f).compute(), frame.f)
    back = rd.from_pandas(frame, npartitions=3).to_dask()
    assert back.divisions == rd.from_pandas(frame, npartitions=3).divisions
    tm.assert_frame_equal(back[back.i > 1].compute(scheduler="sync"), frame[frame.i > 1])
    assert rd.from_pandas(frame, npartitions=2).i.to_dask().sum().compute(scheduler="sync") == 18
    both: Any = raskt.compute(df.i.sum(), rd.from_dask(ddf).i.max())
    assert both == (17, 7)
    with pytest.raises(TypeError, match="found DataFrame"):
        rd.from_dask(frame)


def test_what_is_computed_at_once(tmp_path: pathlib.Path, frame: pd.DataFrame) -> None:
    df = rd.from_pandas(frame, npartitions=3)
    assert df[["i", "f"]].to_numpy().shape == (5, 2)
    assert df.i.to_dict() == frame.i.to_dict()
    assert df.to_dict("records")[0]["s"] == "a"
    df.to_pickle(tmp_path / "frame.pkl")
    tm.assert_frame_equal(pd.read_pickle(tmp_path / "frame.pkl"), frame)
    assert "npartitions=3" in df.to_string()
    assert "<table" in df.to_html()


def test_rows_as_elements_and_records(frame: pd.DataFrame) -> None:
    df = rd.from_pandas(frame, npartitions=3)
    assert rd.to_bag(df[["i", "b"]], index=True).compute()[0] == (4, 3, True)
    assert rd.to_bag(df.i).compute() == frame.i.tolist()
    found = rd.to_records(df[["i", "f"]], index=True, lengths=True)
    assert found.shape == (5,)
    assert found.compute()["id"].tolist() == frame.index.tolist()


DASK_PROGRAMS = {
    "frame": lambda df: df,
    "column": lambda df: df.i + 1,
    "filter": lambda df: df[df.i > 3].f.sum(),
    "groups": lambda df: df.groupby("t").i.sum(),
    "merge": lambda df: df.merge(df, on="i").set_index("i").sort_index().f_x,
    "sorted": lambda df: df.sort_values("i", ascending=False),
    "function": lambda df: df.map_partitions(lambda part: part[part.i > 2]).i.mean(),
}


@pytest.mark.parametrize("scheduler", ["threads", "sync"])
@pytest.mark.parametrize("program", DASK_PROGRAMS)
def test_dask_computes_frames(frame: pd.DataFrame, program: str, scheduler: str, way: str) -> None:
    dask = pytest.importorskip("dask")
    found = DASK_PROGRAMS[program](rd.from_pandas(frame, npartitions=3))
    (computed,) = dask.compute(found, scheduler=scheduler)
    expected = found.compute()
    if isinstance(expected, pd.DataFrame):
        tm.assert_frame_equal(computed, expected)
    elif isinstance(expected, pd.Series):
        tm.assert_series_equal(computed, expected)
    else:
        assert computed == expected


def test_what_native_tasks_hand_on_goes_to_other_processes(frame: pd.DataFrame) -> None:
    pytest.importorskip("dask")
    found = rd.from_pandas(frame, npartitions=2).f.sum()
    tasks, values = dict(found.__dask_graph__()), {}

    def value(key: Any) -> Any:
        if key not in values:
            task = pickle.loads(cloudpickle.dumps(tasks[key]))
            given = {name: value(name) for name in task.dependencies}
            values[key] = pickle.loads(pickle.dumps(task(given)))
        return values[key]

    assert [value(key) for key in found.__dask_keys__()] == [found.compute()]
    assert any(type(one).__name__ == "NativeValue" for one in values.values())
