"""CSV and its like, beside what pandas reads of the same files."""

from __future__ import annotations

import bz2
import csv
import gzip
import lzma
import pathlib
from typing import Any

import numpy as np
import pandas as pd
import pandas.testing as tm
import pytest
import raskt.dataframe as rd

_FRAME = pd.DataFrame(
    {
        "i": range(400),
        "f": np.linspace(0, 1, 400),
        "s": [f'"text", {at}\nof two lines' if at % 7 else None for at in range(400)],
        "t": pd.date_range("2013-01-01", periods=400, freq="h").strftime("%d/%m/%Y %H:%M"),
    }
)


def _same(found: Any, expected: pd.DataFrame) -> None:
    tm.assert_frame_equal(found.compute().reset_index(drop=True), expected.reset_index(drop=True))


@pytest.mark.parametrize(
    "keywords",
    [
        {"usecols": lambda name: name != "f"},
        {"usecols": [0, 2], "dtype": str},
        {"usecols": [2, 1], "dtype": {"s": "category"}},
        {"header": 0, "names": list("abcd")},
        {"header": None},
        {"skiprows": 1, "header": None},
        {"thousands": "."},
        {"true_values": ["1"], "na_values": {"i": ["7"]}},
        {"parse_dates": ["t"], "dayfirst": True},
        {"parse_dates": ["t"], "date_format": "%d/%m/%Y %H:%M"},
        {"converters": {"f": str}},
        {"engine": "python"},
        {"encoding": "latin-1", "keep_default_na": False},
        {"dtype_backend": "numpy_nullable"},
        {"na_filter": False},
        {"dtype": {"f": "object"}},
        {"prefix": "x"},
    ],
)
def test_keywords_of_pandas_are_read_in_blocks(tmp_path: pathlib.Path, keywords: dict[str, Any]) -> None:
    path = tmp_path / "a.csv"
    _FRAME.to_csv(path, index=False)
    if "prefix" in keywords:
        with pytest.raises(TypeError, match="prefix"):
            rd.read_csv(path, **keywords)
        return
    found = rd.read_csv(path, blocksize=3000, **keywords)
    assert found.npartitions > 5
    expected = pd.read_csv(path, **keywords)
    assert found.dtypes.tolist() == expected.dtypes.tolist() or "category" in str(keywords)
    found = found.compute().reset_index(drop=True)
    tm.assert_frame_equal(
        found, expected, check_categorical=False, check_dtype="category" not in str(keywords)
    )


def test_lines_are_written_in_many_ways(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "a.csv"
    lines = [f"{at}|{at / 8}|x{at}" for at in range(300)]
    path.write_text("# about\n\ni|f|s\n" + "\n".join(lines) + "\n\n", encoding="utf-8")
    _same(rd.read_csv(path, sep="|", comment="#", blocksize=500), pd.read_csv(path, sep="|", comment="#"))
    _same(rd.read_csv(path, sep="|", skiprows=2, blocksize=500), pd.read_csv(path, sep="|", skiprows=2))
    skipping = {"sep": "|", "skiprows": [0, 1, 5], "skipfooter": 2, "engine": "python"}
    _same(rd.read_csv(path, **skipping), pd.read_csv(path, **skipping))
    with_spaces = tmp_path / "b.txt"
    with_spaces.write_text("i   f  s\n" + "\n".join(line.replace("|", "   ") for line in lines))
    _same(rd.read_table(with_spaces, sep=r"\s+", blocksize=700), pd.read_table(with_spaces, sep=r"\s+"))
    quoted = tmp_path / "c.csv"
    _FRAME.to_csv(quoted, index=False, sep=";", quoting=csv.QUOTE_ALL)
    with pytest.raises(ValueError, match=r"c\.csv.*blocksize=None"):
        rd.read_csv(quoted, sep="[;]", engine="python", blocksize=900).compute()
    _same(rd.read_csv(quoted, sep=";", engine="python", blocksize=900), pd.read_csv(quoted, sep=";"))
    wide = tmp_path / "d.csv"
    wide.write_text("a;b\n1.234,5;x\n2,25;y\n", encoding="utf-16")
    german = {"sep": ";", "decimal": ",", "thousands": ".", "encoding": "utf-16"}
    _same(rd.read_csv(wide, **german), pd.read_csv(wide, **german))
    bad = tmp_path / "e.csv"
    bad.write_text("a,b\n1,2\n3,4,5\n6,7\n")
    _same(rd.read_csv(bad, on_bad_lines="skip"), pd.read_csv(bad, on_bad_lines="skip"))


def test_tables_and_fixed_widths_are_read(tmp_path: pathlib.Path) -> None:
    frame = _FRAME[["i", "f"]].assign(s=[f"x{at}" for at in range(400)])
    frame.to_csv(tmp_path / "a.tsv", sep="\t", index=False)
    _same(rd.read_table(tmp_path / "a.tsv", blocksize=2000), frame)
    frame.f = (frame.f * 8).round() / 8
    lines = [f"{i:>5}{f:>8} {s:<6}|" for i, f, s in frame.itertuples(index=False)]
    (tmp_path / "a.txt").write_text("\n".join([f"{'i':>5}{'f':>8} {'s':<6}|", *lines, ""]))
    for keywords in ({"widths": [5, 8, 6]}, {}):
        expected = pd.read_fwf(tmp_path / "a.txt", **keywords)
        found = rd.read_fwf(tmp_path / "a.txt", blocksize=2000, **keywords)
        assert found.npartitions > 3
        _same(found, expected)


def test_compressed_files_are_a_partition_each(tmp_path: pathlib.Path) -> None:
    content = _FRAME.to_csv(index=False).encode()
    for suffix, packed in (("gz", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress)):
        for at in range(2):
            (tmp_path / f"{at}.csv.{suffix}").write_bytes(packed(content))
        with pytest.warns(UserWarning, match="are not cut"):
            found = rd.read_csv(f"{tmp_path}/*.{suffix}")
        assert found.npartitions == 2
        _same(found, pd.concat([_FRAME, _FRAME]))
        (tmp_path / f"0.csv.{suffix}").write_bytes(packed(content)[:-50])
        again = rd.read_csv([tmp_path / f"{at}.csv.{suffix}" for at in (1, 0)], blocksize=None)
        with pytest.raises((EOFError, ValueError, OSError), match=rf"0\.csv\.{suffix}"):
            again.compute()
    _FRAME.to_csv(tmp_path / "named.csv.gz.data", index=False, compression="gzip")
    with pytest.warns(UserWarning, match="are not cut"):
        _same(rd.read_csv(tmp_path / "named.csv.gz.data", compression="gzip"), _FRAME)


def test_files_at_urls_are_read_in_blocks() -> None:
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    for at in range(2):
        memory.pipe(f"/raskt-text/{at}.csv", _FRAME.to_csv(index=False).encode())
    try:
        found = rd.read_csv("memory://raskt-text/*.csv", blocksize=3000, include_path_column="file")
        assert found.npartitions > 4
        paths = ["memory:///raskt-text/0.csv", "memory:///raskt-text/1.csv"]
        files = pd.Categorical.from_codes([0] * 400 + [1] * 400, categories=paths)
        # The category is compared as text: fsspec spells the root of a memory in several ways.
        computed = found.compute().reset_index(drop=True)
        tm.assert_frame_equal(
            computed.drop(columns="file"), pd.concat([_FRAME, _FRAME]).reset_index(drop=True)
        )
        assert computed.file.str.rsplit("/", n=1).str[-1].tolist() == [x[-5:] for x in files]
        with pytest.raises(FileNotFoundError):
            rd.read_csv("memory://raskt-text/none.csv")
    finally:
        memory.rm("/raskt-text", recursive=True)


def test_paths_are_a_column(tmp_path: pathlib.Path) -> None:
    for at in range(2):
        _FRAME.to_csv(tmp_path / f"{at}.csv", index=False)
    found = rd.read_csv(f"{tmp_path}/*.csv", include_path_column=True, blocksize=None)
    paths = [str(tmp_path / f"{at}.csv") for at in range(2)]
    assert found.path.compute().tolist() == [path for path in paths for _ in range(400)]
    assert found.path.compute().cat.categories.tolist() == paths
    with pytest.raises(ValueError, match="include_path_column"):
        rd.read_csv(paths, include_path_column="f")


def test_values_of_later_blocks_that_do_not_fit_are_said(tmp_path: pathlib.Path) -> None:
    ints = "".join(f"{at},{at}\n" for at in range(1000))
    (tmp_path / "a.csv").write_text(f"x,y\n{ints}5.5,7\n")
    with pytest.raises(ValueError, match=r"a\.csv.*'x'.*dtype=\{'x': 'float64'\}"):
        rd.read_csv(tmp_path / "a.csv", blocksize=4000, sample=1000, skipinitialspace=True).compute()
    (tmp_path / "b.csv").write_text(f"x,y\n{ints}abc,7\n")
    with pytest.raises(ValueError, match=r"b\.csv.*'x'.*dtype=\{'x': 'str'\}"):
        rd.read_csv(tmp_path / "b.csv", blocksize=4000, sample=1000, skipinitialspace=True).compute()
    wider = {"blocksize": 4000, "sample": 1000, "skipinitialspace": True}
    _same(
        rd.read_csv(tmp_path / "a.csv", assume_missing=True, **wider),
        pd.read_csv(tmp_path / "a.csv").astype("float64"),
    )
    # Text that looks like numbers in a later block stays as it was written.
    (tmp_path / "c.csv").write_text("x\n" + "a\n" * 1000 + "007\n" * 2000)
    found = rd.read_csv(tmp_path / "c.csv", **wider).compute()
    assert found.x.iloc[-1] == "007"


def test_quotes_that_do_not_end_are_said(tmp_path: pathlib.Path) -> None:
    short, long = tmp_path / "short.csv", tmp_path / "long.csv"
    short.write_text('a,b\n1,x\n2,"y\n3,z\n')
    # Beyond what is looked at before the tasks.
    rows = "1,x\n" * 100_000
    long.write_text(f'a,b\n{rows}2,"y\n{rows}')
    with pytest.raises(pd.errors.ParserError, match="EOF inside string starting at row 2"):
        pd.read_csv(short)
    with pytest.raises(pd.errors.ParserError, match="C error: EOF inside string starting at row 2"):
        rd.read_csv(short)
    unclosed = (
        r"long\.csv: Error tokenizing data\. C error: EOF inside string in the line that starts at byte"
    )
    for blocksize in (None, 64_000):
        with pytest.raises(pd.errors.ParserError, match=unclosed):
            rd.read_csv(long, blocksize=blocksize).compute()


def test_lines_of_too_many_fields_and_files_of_nothing_are_pandas_errors(tmp_path: pathlib.Path) -> None:
    short, long, empty = (tmp_path / name for name in ("short.csv", "long.csv", "empty.csv"))
    short.write_text("a,b\n1,2\n3,4,5\n")
    long.write_text("a,b\n" + "1,2\n" * 100_000 + "3,4,5\n")
    empty.write_text("")
    for read in (pd.read_csv, rd.read_csv):
        with pytest.raises(pd.errors.ParserError, match="C error: Expected 2 fields in line 3, saw 3"):
            read(short)
        with pytest.raises(pd.errors.EmptyDataError, match="No columns to parse from file"):
            read(empty)
    with pytest.raises(pd.errors.ParserError, match=r"short\.csv: Error tokenizing"):
        rd.read_csv(short)
    with pytest.raises(pd.errors.EmptyDataError, match=r"empty\.csv: No columns"):
        rd.read_csv(empty)
    with pytest.raises(pd.errors.ParserError, match=r"long\.csv: .*Expected 2 fields in the line at byte"):
        rd.read_csv(long).compute()


def test_files_that_change_or_differ_are_said(tmp_path: pathlib.Path) -> None:
    for native in ({}, {"skipinitialspace": True}):
        (tmp_path / "a.csv").write_text("x,y\n1,2\n")
        found = rd.read_csv(tmp_path / "a.csv", **native)
        (tmp_path / "a.csv").write_text("x,y\n1,2\n3,4\n")
        with pytest.raises(ValueError, match=r"a\.csv has changed"):
            found.compute()
        found = rd.read_csv(tmp_path / "a.csv", **native)
        (tmp_path / "a.csv").unlink()
        with pytest.raises(FileNotFoundError, match=r"a\.csv"):
            found.compute()
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    (tmp_path / "b.csv").write_text("x,z\n1,2\n")
    with pytest.raises(ValueError, match=r"b\.csv: the columns are"):
        rd.read_csv([tmp_path / "a.csv", tmp_path / "b.csv"], skipinitialspace=True).compute()


@pytest.mark.parametrize("keyword", ["index_col", "nrows", "chunksize", "iterator"])
def test_keywords_that_mean_nothing_for_blocks_are_refused(tmp_path: pathlib.Path, keyword: str) -> None:
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    with pytest.raises(NotImplementedError, match=keyword):
        rd.read_csv(tmp_path / "a.csv", **{keyword: 1})
    _same(rd.read_csv(tmp_path / "a.csv", index_col=False), pd.DataFrame({"x": [1], "y": [2]}))


def test_dtypes_are_those_of_all_files_and_of_their_later_lines(tmp_path: pathlib.Path) -> None:
    (tmp_path / "0.csv").write_text("i,f,s,e\n1,1,1,\n")
    (tmp_path / "1.csv").write_text("i,f,s,e\n2,2.5,x,\n")
    (tmp_path / "2.csv").write_text("i,f,s,e\n3,,y,z\n")
    found = rd.read_csv(f"{tmp_path}/*.csv")
    assert [str(dtype) for dtype in found.dtypes] == ["int64", "float64", "str", "str"]
    computed = found.compute().reset_index(drop=True)
    assert computed.s.tolist() == ["1", "x", "y"]
    assert computed.f.tolist()[:2] == [1.0, 2.5]
    large = tmp_path / "large.csv"
    large.write_text("x,y\n" + "1,2\n" * 200_000 + "1.5,\n")
    wide = rd.read_csv(large)
    assert [str(dtype) for dtype in wide.dtypes] == ["float64", "float64"]
    assert wide.x.sum().compute() == 200_001.5


@pytest.mark.parametrize(
    "lines",
    [["1", "9223372036854775809"], ["1", "99999999999999999999", "3"], ["9223372036854775809", "2.5"]],
)
def test_whole_numbers_beyond_64_bits_keep_their_digits(tmp_path: pathlib.Path, lines: list[str]) -> None:
    path = tmp_path / "large.csv"
    path.write_text("\n".join(["x", *lines, ""]))
    tm.assert_frame_equal(rd.read_csv(path).compute(), pd.read_csv(path))


@pytest.mark.parametrize("blocksize", [None, 64, 1_000])
@pytest.mark.parametrize("header", ["a,b\n", "k,a,b\n", ""])
def test_fields_without_a_name_are_the_index(
    tmp_path: pathlib.Path, header: str, blocksize: int | None
) -> None:
    path = tmp_path / "rows.csv"
    for index in (lambda n: n, lambda n: f'"x, {n}"', lambda n: n / 2):
        path.write_text(header + "".join(f"{index(n)},{n},text {n}\n" for n in range(200)))
        named = {} if header else {"names": ["a", "b"]}
        found = rd.read_csv(path, blocksize=blocksize, **named).compute()
        expected = pd.read_csv(path, **named)
        if header.startswith("k"):
            found = found.reset_index(drop=True)
        tm.assert_frame_equal(found, expected)


def test_fields_without_a_name_are_in_all_blocks_or_in_none(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("a,b\n" + "1,2,3\n" * 20_000 + "1,2\n" * 40_000)
    with pytest.raises(ValueError, match=r"rows\.csv: lines have 1 fields more than the header .* and 0 in"):
        rd.read_csv(path, blocksize=30_000, sample=10_000).compute()
    path.write_text("a,b\n" + "1,2,3\n" * 20_000 + "x,2,3\n" * 40_000)
    with pytest.raises(ValueError, match=r"rows\.csv: the index is int64 by the first lines, and str in"):
        rd.read_csv(path, blocksize=30_000, sample=10_000).compute()
