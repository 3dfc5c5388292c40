"""Categories that are read, made and compared are those of pandas."""

from __future__ import annotations

import itertools
import operator
import pathlib

import numpy as np
import pandas as pd
import pandas.testing as tm
import pytest
import raskt.dataframe as rd


def test_ordered_categories_compare_with_one_of_them(way: str) -> None:
    series = pd.Series(pd.Categorical(["lo", "hi", None, "lo"], ["lo", "mid", "hi"], ordered=True))
    cut = rd.from_pandas(series, npartitions=2)
    for compare in (operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne):
        tm.assert_series_equal(compare(cut, "mid").compute(), compare(series, "mid"))
    tm.assert_series_equal(cut.gt("lo").compute(), series.gt("lo"))
    with pytest.raises(TypeError, match="Unordered"):
        (cut.cat.as_unordered() > "mid").compute()
    with pytest.raises(TypeError):
        (cut > "none of them").compute()


def test_categories_of_blocks_are_sorted_together(tmp_path: pathlib.Path, way: str) -> None:
    path = tmp_path / "a.csv"
    pd.DataFrame({"a": ["y", "x"] * 40 + ["z", "b"] * 40, "n": range(160)}).to_csv(path, index=False)
    expected = pd.read_csv(path, dtype={"a": "category"})
    found = rd.read_csv(path, dtype={"a": "category"}, blocksize=300)
    assert found.npartitions > 2
    tm.assert_frame_equal(found.compute().reset_index(drop=True), expected)
    tm.assert_series_equal(found.a.compute().reset_index(drop=True), expected.a)
    ordered = found.a.cat.as_known().cat.as_ordered()
    tm.assert_series_equal(
        (ordered > "x").compute().reset_index(drop=True), expected.a.cat.as_ordered() > "x"
    )
    numbers = pd.Series([5, 0, 2, 100, 1, 1, 3, 1])
    for values in (numbers, numbers.astype(str)):
        cut = rd.from_pandas(values, npartitions=3)
        tm.assert_series_equal(cut.astype("category").compute(), values.astype("category"))


def test_ordered_categories_beside_frames_that_lack_them(way: str) -> None:
    categories = pd.DataFrame({"o": pd.Categorical(["lo", None], ["lo", "mid", "hi"], ordered=True)})
    numbers = pd.DataFrame({"x": [1, 2]})
    for frames in ([numbers, categories], [categories, numbers]):
        found = rd.concat([rd.from_pandas(frame, npartitions=2) for frame in frames])
        tm.assert_frame_equal(found.compute(), pd.concat(frames))


def test_files_of_a_header_alone_are_of_objects(tmp_path: pathlib.Path, way: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n")
    found = rd.read_csv(path)
    tm.assert_frame_equal(found.compute(), pd.read_csv(path))
    assert found.dtypes.tolist() == pd.read_csv(path).dtypes.tolist()
    tm.assert_frame_equal(
        rd.read_csv(path, dtype={"a": "float64"}).compute(), pd.read_csv(path, dtype={"a": float})
    )


def test_filters_by_what_values_are_not_keep_missing_ones(tmp_path: pathlib.Path, way: str) -> None:
    frame = pd.DataFrame({"x": [1.0, None, 3.0], "s": ["a", None, "b"], "i": [1, 2, 3]})
    frame.to_parquet(tmp_path / "a.parquet")
    for one in (("x", "not in", [1.0]), ("s", "not in", ["a"]), ("i", "not in", [1, 2]), ("s", "!=", "a")):
        found = rd.read_parquet(tmp_path / "a.parquet", filters=[one]).compute()
        expected = pd.read_parquet(tmp_path / "a.parquet", filters=[one])
        tm.assert_frame_equal(found.reset_index(drop=True), expected)


def test_filters_leave_the_categories_of_folders_as_they_are(tmp_path: pathlib.Path, way: str) -> None:
    pd.DataFrame({"k": ["u", "w", "v", "u"], "v": [1, 2, 3, 4]}).to_parquet(tmp_path, partition_cols=["k"])
    for one in (("k", "==", "u"), ("k", "!=", "u"), ("k", "in", ["u"]), ("k", "not in", ["u"])):
        found = rd.read_parquet(tmp_path, filters=[one]).compute().reset_index(drop=True)
        tm.assert_frame_equal(found, pd.read_parquet(tmp_path, filters=[one]))
    with pytest.raises(TypeError, match=r"filters compare 1\.5 with text"):
        rd.read_parquet(tmp_path, filters=[("k", "==", 1.5), ("v", ">", 0)]).compute()


def test_missing_values_of_folders_are_in_no_list(tmp_path: pathlib.Path, way: str) -> None:
    frame = pd.DataFrame({"k": ["u", None, "v"], "v": [1, 2, 3]})
    frame.to_parquet(tmp_path, partition_cols=["k"])
    for sign, values in (("not in", [2, 3]), ("in", [1]), ("==", [1]), ("!=", [3])):
        wanted = ["u"] if sign in ("in", "not in") else "u"
        found = rd.read_parquet(tmp_path, filters=[("k", sign, wanted)]).v.compute()
        assert sorted(found.tolist()) == values


def test_levels_of_an_index_without_names_are_read_by_their_places(tmp_path: pathlib.Path, way: str) -> None:
    levels = [np.array([1, 1, 2]), ["a", "b", "a"], pd.date_range("2013", periods=3)]
    for names in ([None, None, None], ["a", None, None], [None, "b", None]):
        frame = pd.DataFrame({"v": [1, 2, 3]}, index=pd.MultiIndex.from_arrays(levels, names=names))
        frame.to_parquet(tmp_path / "a.parquet")
        found = rd.read_parquet(tmp_path / "a.parquet").compute()
        tm.assert_frame_equal(found, pd.read_parquet(tmp_path / "a.parquet"))


def test_times_are_written_with_as_many_digits_as_all_of_them_need(way: str) -> None:
    days = ["2013-01-01", None, "2014-01-01", "1969-12-31"]
    for texts in (days, [*days, "2013-06-01T12:00"], [*days, "2013-06-01T12:00:00.25", "2013-06-01T12:00"]):
        times = pd.Series(pd.to_datetime(texts, format="ISO8601"), name="t")
        for series in (times, times.dt.tz_localize("Europe/Oslo"), times - pd.Timestamp("2013-01-01")):
            for n in (1, 2, len(texts)):
                cut = rd.from_pandas(series, npartitions=n)
                for dtype in (str, "string"):
                    tm.assert_series_equal(cut.astype(dtype).compute(), series.astype(dtype))
    frame = pd.DataFrame({"t": times, "n": range(len(times)), "d": times - times.min()})
    cut = rd.from_pandas(frame, npartitions=3)
    tm.assert_frame_equal(cut.astype(str).compute(), frame.astype(str))
    dtypes = {"d": "string", "n": "float64"}
    tm.assert_frame_equal(cut.astype(dtypes).compute(), frame.astype(dtypes))


@pytest.mark.parametrize("ordered", [False, True])
def test_categories_that_no_partition_uses_are_left_out(ordered: bool, way: str) -> None:
    values = pd.Categorical(["x", "y", "x", None, "z"], categories=["z", "y", "x", "w"], ordered=ordered)
    series = pd.Series(values)
    found = rd.from_pandas(series, npartitions=3).cat.remove_unused_categories().compute()
    tm.assert_series_equal(found, series.cat.remove_unused_categories())


def test_names_of_accessors() -> None:
    rows = pd.DataFrame({"c": pd.Categorical(["a", "b"]), "t": pd.date_range("2013", periods=2, tz="UTC")})
    df = rd.from_pandas(rows.assign(d=pd.to_timedelta([1, 2], unit="D")), npartitions=2)
    assert {"as_known", "as_unknown", "known", "codes"} <= set(dir(df.c.cat))
    assert df.t.dt.tz == rows.t.dt.tz
    assert df.t.dt.unit == rows.t.dt.unit
    assert df.d.dt.to_pytimedelta().compute().tolist() == [pd.Timedelta(1, "D"), pd.Timedelta(2, "D")]
    with pytest.raises(NotImplementedError, match="infer_freq"):
        _ = df.t.dt.freq


def test_text_of_objects_in_partitions_without_any(way: str) -> None:
    series = pd.Series(["a", 1, None, "bc", 2.5, "d"], dtype=object)
    parts = [series[:1], series[1:3], series[3:3], series[3:]]
    lazy = rd.from_map(parts.__getitem__, range(4), meta=series[:0])
    tm.assert_series_equal(lazy.str.len().compute(), series.str.len())
    tm.assert_series_equal(lazy.str.upper().compute(), series.str.upper())


@pytest.mark.parametrize("npartitions", [1, 2])
def test_no_rows_have_the_categories_of_their_column(npartitions: int) -> None:
    frame = pd.DataFrame({"k": ["a", "b"], "c": pd.Categorical(["x", "y"], categories=[*"xyz"])})
    cut = rd.from_pandas(frame, npartitions=npartitions)
    none = cut[cut.k == "q"]
    other = pd.DataFrame({"k": ["q"], "z": [1]})
    found = {
        "filter": none,
        "isin": cut[cut.k.isin([])],
        "merge": cut.merge(other, on="k"),
        "distinct": none.drop_duplicates(),
        "sort": none.sort_values("k"),
        "index": none.set_index("k"),
        "concat": rd.concat([none, cut[cut.k == "r"]]),
        "groups": cut.assign(k=cut.k.where(cut.k == "q")).groupby("k").c.last().to_frame(),
    }
    for name, lazy in found.items():
        result = lazy.compute()
        assert len(result) == 0, name
        assert list(result.c.dtype.categories) == [*"xyz"], name


def test_labels_that_are_categories_stay_where_frames_follow_one_another(way: str) -> None:
    index = pd.CategoricalIndex(["x", None, "y", "x"], categories=["z", "y", "x"], name="k")
    frame = pd.DataFrame({"i": [1, 2, 3, 4], "f": [0.5, 1.5, np.nan, 2.5]}, index=index)
    for sizes in ((0, 2, 4), (0, 0, 1, 4)):
        parts = [frame.iloc[begin:end] for begin, end in itertools.pairwise(sizes)]
        cut = rd.from_map(parts.__getitem__, range(len(parts)), meta=frame[:0])
        # Other columns and dtypes have partitions take another schema.
        tm.assert_frame_equal(rd.concat([cut, cut[["i"]]]).compute(), pd.concat([frame, frame[["i"]]]))
        tm.assert_series_equal(rd.concat([cut.i, cut.f]).compute(), pd.concat([frame.i, frame.f]))
