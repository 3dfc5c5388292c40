"""Tables in files of HDF5 are read in blocks of rows, and written whole or not at all."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np
import pandas as pd
import pandas.testing as tm
import pytest
import raskt
import raskt.dataframe as rd

pytest.importorskip("tables")


@pytest.fixture
def frame() -> pd.DataFrame:
    """Return a frame of dtypes that tables have, with missing values."""
    return pd.DataFrame(
        {
            "i": range(10),
            "f": [np.nan, *range(9)],
            "b": [True, False] * 5,
            "s": [None, "a", "bb", "", "ü", "a", None, "x", "y", "z"],
            "t": pd.date_range("2013-01-01", periods=10, unit="ns"),
            "z": pd.date_range("2013-01-01", periods=10, tz="Europe/Oslo", unit="ns"),
            "c": pd.Categorical(["u", "v", None, "u", "v"] * 2, categories=["w", "v", "u"]),
        },
        index=pd.Index(range(0, 20, 2), name="row"),
    )


def _read(path: Any, key: str = "rows") -> pd.DataFrame:
    return pd.read_hdf(path, key)


def test_blocks_of_rows_are_what_pandas_reads(frame: pd.DataFrame, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "a.h5"
    frame.to_hdf(path, key="/group/rows", format="table", data_columns=["i"])
    expected = pd.read_hdf(path, "/group/rows")
    for chunksize, n in ((3, 4), (10, 1), (100, 1), (1, 10)):
        df = rd.read_hdf(path, "/group/rows", chunksize=chunksize)
        assert df.npartitions == n
        tm.assert_frame_equal(df.compute(), expected)
        assert df.dtypes.astype(str).tolist() == expected.dtypes.astype(str).tolist()
    some = rd.read_hdf(str(path), "group/rows", columns=["s", "f"], start=2, stop=7, chunksize=2)
    tm.assert_frame_equal(some.compute(), expected[["s", "f"]].iloc[2:7])
    tm.assert_frame_equal(rd.read_hdf(path, "group/rows", start=-3).compute(), expected.iloc[-3:])
    assert len(rd.read_hdf(path, "group/rows", start=8, stop=8)) == 0


def test_an_index_in_order_gives_divisions(frame: pd.DataFrame, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "a.h5"
    frame.to_hdf(path, key="rows", format="table")
    df = rd.read_hdf(path, "rows", sorted_index=True, chunksize=4)
    assert df.divisions == (0, 8, 16, 18)
    assert df.loc[8:10].compute().i.tolist() == [4, 5]
    frame[::-1].to_hdf(path, key="rows", format="table")
    with pytest.raises(ValueError, match=r"row 4 of /rows in .*a\.h5 is 10 after 18"):
        rd.read_hdf(path, "rows", sorted_index=True, chunksize=4)


def test_patterns_name_several_groups_and_files(frame: pd.DataFrame, tmp_path: pathlib.Path) -> None:
    for number in (1, 2):
        for key in ("x/a", "x/b", "y"):
            frame.to_hdf(tmp_path / f"{number}.h5", key=key, format="table")
    whole = rd.read_hdf(f"{tmp_path}/*.h5", "/x/*")
    assert whole.npartitions == 4
    tm.assert_frame_equal(whole.compute(), pd.concat([_read(tmp_path / "1.h5", "y")] * 4))
    assert rd.read_hdf([tmp_path / "2.h5", tmp_path / "1.h5"], "y").npartitions == 2
    with pytest.raises(NotImplementedError, match="start= and stop= of 2 groups"):
        rd.read_hdf(f"{tmp_path}/*.h5", "y", start=1)


def test_objects_of_the_fixed_format_are_one_partition(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "a.h5"
    frame = pd.DataFrame({"x": range(5), "y": 1.5})
    frame.to_hdf(path, key="rows", format="fixed")
    df = rd.read_hdf(path, "rows", chunksize=2)
    assert df.npartitions == 1
    tm.assert_frame_equal(df.compute(), frame)
    assert list(rd.read_hdf(path, "rows", columns=["y"]).compute()) == ["y"]
    with pytest.raises(TypeError, match=r'/rows is of the fixed format.*format="table"'):
        rd.read_hdf(path, "rows", stop=2)


@pytest.mark.parametrize("scheduler", ["sync", "threads", "processes"])
def test_what_is_written_is_read_by_pandas(
    scheduler: str, frame: pd.DataFrame, tmp_path: pathlib.Path
) -> None:
    path = tmp_path / "a.h5"
    df = rd.from_pandas(frame, npartitions=3)
    found = df.to_hdf(path, "rows", scheduler=scheduler, min_itemsize={"s": 4}, complevel=1)
    assert found == [str(path)] * 3
    frame.to_hdf(tmp_path / "b.h5", key="rows", format="table")
    tm.assert_frame_equal(_read(path), _read(tmp_path / "b.h5"))
    with raskt.config.set(scheduler=scheduler):
        tm.assert_frame_equal(rd.read_hdf(path, "rows", chunksize=4).compute(), _read(path))
    assert [one.name for one in tmp_path.iterdir() if one.name not in ("a.h5", "b.h5")] == []


def test_other_groups_stay_and_tables_are_replaced_or_get_further_rows(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "a.h5"
    df = rd.from_pandas(pd.DataFrame({"x": range(6)}), npartitions=3)
    df.to_hdf(path, "one")
    (df + 10).to_hdf(path, "two")
    (df + 20).to_hdf(path, "one", append=True)
    assert _read(path, "one").x.tolist() == [*range(6), *range(20, 26)]
    assert _read(path, "two").x.tolist() == [*range(10, 16)]
    (df + 30).to_hdf(path, "one")
    assert _read(path, "one").x.tolist() == [*range(30, 36)]
    df.x.to_hdf(path, "series", mode="w")
    with pd.HDFStore(path, "r") as store:
        assert store.keys() == ["/series"]
    tm.assert_series_equal(rd.read_hdf(path, "series", chunksize=2).compute(), df.x.compute())


def test_an_asterisk_makes_a_file_or_a_group_of_each_partition(tmp_path: pathlib.Path) -> None:
    df = rd.from_pandas(pd.DataFrame({"x": range(6)}), npartitions=3)
    files = df[df.x != 2][lambda d: d.x != 3].to_hdf(f"{tmp_path}/p-*.h5", "rows")
    assert [pathlib.Path(one).name for one in files] == ["p-0.h5", "p-2.h5"]
    assert rd.read_hdf(f"{tmp_path}/p-*.h5", "rows").x.compute().tolist() == [0, 1, 4, 5]
    df.to_hdf(tmp_path / "a.h5", "part/*", name_function=lambda number: "abc"[number])
    with pd.HDFStore(tmp_path / "a.h5", "r") as store:
        assert store.keys() == ["/part/a", "/part/b", "/part/c"]
    assert rd.read_hdf(tmp_path / "a.h5", "part/*").x.sum().compute() == 15
    for function, match in ((lambda _: "a", "one name for several"), (lambda number: "cba"[number], "order")):
        with pytest.raises(ValueError, match=match):
            df.to_hdf(tmp_path / "a.h5", "part/*", name_function=function)
    with pytest.raises(ValueError, match="one asterisk"):
        df.to_hdf(f"{tmp_path}/*.h5", "*")


def test_a_write_that_fails_changes_nothing(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "a.h5"
    df = rd.from_pandas(pd.DataFrame({"s": ["a", "b", "too long", "c"]}), npartitions=2)
    with pytest.raises(ValueError, match="min_itemsize"):
        df.to_hdf(path, "rows")
    assert list(tmp_path.iterdir()) == []
    df[:2].to_hdf(path, "rows", min_itemsize=20)
    before = path.read_bytes()

    def broken(part: pd.DataFrame) -> pd.DataFrame:
        if "c" in part.s.tolist():
            raise OSError("the disk is gone")
        return part

    with pytest.raises(OSError, match="the disk is gone"):
        df.map_partitions(broken, meta=df).to_hdf(path, "rows", append=True)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_later_writes_are_delayed(tmp_path: pathlib.Path) -> None:
    df = rd.from_pandas(pd.DataFrame({"x": range(6)}), npartitions=3)
    later = df.to_hdf(tmp_path / "a.h5", "rows", compute=False)
    assert list(tmp_path.iterdir()) == []
    assert later.compute() == [str(tmp_path / "a.h5")] * 3
    assert _read(tmp_path / "a.h5").x.tolist() == list(range(6))


def test_bad_input_is_named(frame: pd.DataFrame, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "a.h5"
    df = rd.from_pandas(frame, npartitions=2)
    with pytest.raises(FileNotFoundError, match=r"a\.h5"):
        rd.read_hdf(path, "rows")
    with pytest.raises(FileNotFoundError, match="not found"):
        rd.read_hdf(f"{tmp_path}/*.h5", "rows")
    with pytest.raises(FileNotFoundError, match="mode='r\\+' makes none"):
        df.to_hdf(path, "rows", mode="r+")
    path.write_bytes(b"no HDF5 at all")
    with pytest.raises(Exception, match=r"HDF5|a\.h5"):
        rd.read_hdf(path, "rows")
    frame.to_hdf(path, key="rows", format="table", mode="w")
    frame[["i"]].to_hdf(tmp_path / "b.h5", key="rows", format="table")
    with pytest.raises(KeyError, match=r"no object named 'row'; there are \['/rows'\]"):
        rd.read_hdf(path, "row")
    with pytest.raises(ValueError, match=r"b\.h5: the columns of /rows are \['i'\]"):
        rd.read_hdf(f"{tmp_path}/*.h5", "rows").compute()
    with pytest.raises(ValueError, match="positive integer"):
        rd.read_hdf(path, "rows", chunksize=0)
    with pytest.raises(NotImplementedError, match="copy the file"):
        rd.read_hdf("s3://bucket/a.h5", "rows")
    with pytest.raises(NotImplementedError, match='format="table"'):
        df.to_hdf(path, "rows", format="fixed")
    with pytest.raises(TypeError, match="found Index"):
        rd.to_hdf(df.index, path, "rows")
