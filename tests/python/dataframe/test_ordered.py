"""What looks at rows before and behind holds to pandas, wherever partitions end."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pandas.testing as tm
import pytest
import raskt.dataframe as rd


def _cut(frame: Any, sizes: tuple[int, ...] = (1, 0, 2, 0, 0, 2, 1)) -> Any:
    """Return a frame of partitions of those lengths, some of which are empty, without divisions."""
    ends = np.cumsum(sizes).tolist()
    parts = [frame.iloc[end - size : end] for end, size in zip(ends, sizes, strict=True)]
    return rd.from_map(parts.__getitem__, range(len(parts)), meta=frame[:0])


def _same(lazy: Any, expected: Any) -> None:
    found = lazy.compute()
    if isinstance(expected, pd.DataFrame):
        assert lazy.dtypes.astype(str).tolist() == expected.dtypes.astype(str).tolist()
    else:
        assert str(lazy.dtype) == str(expected.dtype)
    if isinstance(expected, pd.DataFrame):
        tm.assert_frame_equal(found, expected, check_freq=False)
    else:
        tm.assert_series_equal(found, expected, check_freq=False)


_BY_COLUMN = {
    "cumsum": ["i", "small", "f", "b", "m", "s"],
    "cumprod": ["i", "small", "f", "b", "m"],
    "cummin": ["i", "small", "f", "b", "t", "z", "m"],
    "cummax": ["i", "small", "f", "b", "t", "z", "m"],
}


@pytest.mark.parametrize("skipna", [True, False])
@pytest.mark.parametrize("name", _BY_COLUMN)
def test_cumulative(name: str, skipna: bool, way: str, mixed: pd.DataFrame) -> None:
    for column in _BY_COLUMN[name]:
        series = mixed[column]
        if column == "s":
            series = series.fillna("e")
        expected = getattr(series, name)(skipna=skipna)
        _same(getattr(_cut(series), name)(skipna=skipna), expected)
        _same(getattr(rd.from_pandas(series, npartitions=3), name)(skipna=skipna), expected)
    frame = mixed[["i", "f", "m", "small"]]
    _same(getattr(_cut(frame), name)(skipna=skipna), getattr(frame, name)(skipna=skipna))


@pytest.mark.parametrize("skipna", [True, False])
@pytest.mark.parametrize("dtype", ["float64", "float32", "Float64", "object"])
def test_sums_that_became_nan_stay_so_in_later_partitions(dtype: str, skipna: bool, way: str) -> None:
    inf, nan = np.inf, np.nan
    for name, values in (
        ("cumsum", [nan, 1.0, inf, nan, -inf, 2.0, nan, 3.0]),
        ("cumprod", [nan, 2.0, inf, nan, 0.0, 2.0, nan, 3.0]),
        ("cumsum", [nan, nan, 1.0, nan, inf, nan, 2.0, 3.0]),
        ("cummax", [nan, nan, 1.0, nan, inf, nan, 2.0, 3.0]),
    ):
        series = pd.Series(values, name="x").astype(dtype)
        frame = pd.DataFrame({"x": series, "y": series[::-1].to_numpy(), "n": range(8)})
        for sizes in ((8,), (1,) * 8, (2, 0, 3, 0, 3), (4, 1, 0, 3)):
            _same(getattr(_cut(series, sizes), name)(skipna=skipna), getattr(series, name)(skipna=skipna))
            _same(getattr(_cut(frame, sizes), name)(skipna=skipna), getattr(frame, name)(skipna=skipna))


def test_cumulative_of_what_lacks_values_and_is_no_number(way: str) -> None:
    spans = pd.Series(pd.to_timedelta([None, 1, None, 2, 3, None], unit="s"))
    texts = pd.Series(["a", None, "b", "c", None, "d"])
    truths = pd.Series(pd.array([None, True, None, True, False, True], dtype="boolean"))
    labels = pd.Index([1, 1, 2, 1, 3, 3])
    for series, names in (
        (spans, ["cumsum", "cummin"]),
        (texts, ["cumsum", "cummax"]),
        (truths, ["cumsum", "cumprod"]),
    ):
        for name in names:
            for skipna in (True, False):
                for one in (series, series.set_axis(labels)):
                    expected = getattr(one, name)(skipna=skipna)
                    for sizes in ((1,) * 6, (2, 0, 3, 1)):
                        _same(getattr(_cut(one, sizes), name)(skipna=skipna), expected)


def test_cumulative_over_columns_and_of_names_that_are_there_twice(way: str, mixed: pd.DataFrame) -> None:
    frame = mixed[["i", "small"]]
    _same(_cut(frame).cumsum(axis=1), frame.cumsum(axis=1))
    frame = (
        mixed[["i", "b", "i"]].set_axis([4, 5, 4], axis=1).set_index(pd.Index([2, 2, 1, 1, 3, 3], name="k"))
    )
    _same(_cut(frame).cumsum(), frame.cumsum())


def test_cumulative_of_what_pandas_has_none_is_its_error(mixed: pd.DataFrame) -> None:
    with pytest.raises(TypeError, match="cumsum"):
        rd.from_pandas(mixed[["t"]], npartitions=2).cumsum()
    with pytest.raises(ValueError, match="No axis named 'up'"):
        rd.from_pandas(mixed[["i"]], npartitions=2).cumsum(axis="up")


@pytest.mark.parametrize("periods", [0, 1, -1, 2, -3, 10])
@pytest.mark.parametrize("name", ["shift", "diff"])
def test_shift_and_diff(name: str, periods: int, way: str, mixed: pd.DataFrame) -> None:
    frame = mixed if name == "shift" else mixed[["i", "small", "f", "b", "t", "z", "m"]]
    _same(getattr(_cut(frame), name)(periods), getattr(frame, name)(periods))
    _same(getattr(_cut(frame.f), name)(periods), getattr(frame.f, name)(periods))


def test_shift_of_the_index_and_with_other_values(way: str, mixed: pd.DataFrame) -> None:
    frame = mixed[["i", "small"]]
    _same(_cut(frame).shift(2, fill_value=7), frame.shift(2, fill_value=7))
    _same(_cut(frame).shift(1, axis="columns"), frame.shift(1, axis="columns"))
    timed = frame.set_index(pd.date_range("2013", periods=6))
    _same(_cut(timed).shift(2, freq="D"), timed.shift(2, freq="D"))
    with pytest.raises(TypeError, match=r"periods must be a whole number, found 1\.5"):
        rd.from_pandas(frame, npartitions=2).shift(1.5)


@pytest.mark.parametrize("limit", [None, 1, 2])
@pytest.mark.parametrize("name", ["ffill", "bfill"])
def test_filling(name: str, limit: int | None, way: str, mixed: pd.DataFrame) -> None:
    mixed["o"] = mixed.o.where(mixed.o.notna(), np.nan)
    frame = mixed.drop(columns="c").mask(pd.Series([True, False, True, True, True, False]))
    _same(getattr(_cut(frame), name)(limit=limit), getattr(frame, name)(limit=limit))
    _same(getattr(_cut(mixed.c), name)(limit=limit), getattr(mixed.c, name)(limit=limit))
    with pytest.raises(ValueError, match="Limit must be greater than 0, found 0"):
        getattr(rd.from_pandas(frame.f, npartitions=2), name)(limit=0)


def test_results_go_together_with_the_frame(way: str, mixed: pd.DataFrame) -> None:
    unknown = _cut(mixed)
    _same(unknown.f - unknown.f.shift(), mixed.f - mixed.f.shift())
    _same(unknown[unknown.i.cumsum() > 4], mixed[mixed.i.cumsum() > 4])
    _same(unknown.assign(d=unknown.i.diff()), mixed.assign(d=mixed.i.diff()))
    _same(unknown[unknown.i.map(lambda v: v > 2)], mixed[mixed.i > 2])


_WINDOWS: list[dict[str, Any]] = [
    {"window": 2},
    {"window": 4, "min_periods": 1},
    {"window": 3, "center": True},
    {"window": 4, "center": True, "min_periods": 1},
    {"window": 3, "closed": "left"},
]


@pytest.mark.parametrize("window", _WINDOWS, ids=str)
def test_windows_of_rows(window: dict[str, Any], way: str) -> None:
    frame = pd.DataFrame({"x": [1.0, np.nan, 4.0, 2.0, 8.0, 16.0], "y": [6, 5, 4, 3, 2, 1]})
    rolling, expected = _cut(frame).rolling(**window), frame.rolling(**window)
    for name in ("count", "sum", "mean", "median", "min", "max", "std", "var", "skew", "kurt", "sem"):
        if name in ("count", "sem") and window.get("closed"):
            continue
        _same(getattr(rolling, name)(), getattr(expected, name)())
    _same(rolling.quantile(0.3), expected.quantile(0.3))
    _same(rolling.apply(np.nansum, raw=True), expected.apply(np.nansum, raw=True))
    _same(rolling.agg({"x": "sum", "y": ["min", "max"]}), expected.agg({"x": "sum", "y": ["min", "max"]}))
    _same(rolling.x.sum(), expected.x.sum())
    _same(_cut(frame.y).rolling(**window).max(), frame.y.rolling(**window).max())


@pytest.mark.parametrize("closed", [None, "left", "both", "neither"])
@pytest.mark.parametrize("center", [False, True])
def test_windows_of_time(closed: str | None, center: bool, way: str) -> None:
    times = pd.to_datetime(
        ["2013-01-01", "2013-01-02", "2013-01-02", "2013-01-05", "2013-01-06", "2013-01-09"]
    )
    frame = pd.DataFrame({"x": range(6), "t": times}, index=times)
    given: dict[str, Any] = {"center": center, "closed": closed}
    _same(_cut(frame.x).rolling("3D", **given).sum(), frame.x.rolling("3D", **given).sum())
    by_column = frame.reset_index(drop=True)
    _same(
        _cut(by_column).rolling("3D", on="t", **given).x.count(),
        by_column.rolling("3D", on="t", **given).x.count(),
    )


def test_windows_that_are_none_are_errors() -> None:
    df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 3]}), npartitions=2)
    with pytest.raises(ValueError, match="window must be an integer 0 or greater"):
        df.rolling(-1)
    with pytest.raises(TypeError, match="needs an index of times, found one of dtype int64"):
        df.rolling("3D")
    with pytest.raises(NotImplementedError, match="step"):
        df.rolling(2, step=2)
    with pytest.raises(AttributeError, match="nothing"):
        _ = df.rolling(2).nothing


def test_functions_of_overlaps(way: str) -> None:
    series = pd.Series(range(6), index=pd.date_range("2013", periods=6), name="x")

    def around(part: Any, least: int) -> Any:
        return part.shift(1) + part.shift(-1) + least

    _same(_cut(series).map_overlap(around, 1, 1, 2), around(series, 2))
    _same(_cut(series).map_overlap(around, "1D", pd.Timedelta("1D"), least=0), around(series, 0))
    _same(rd.map_overlap(around, rd.from_pandas(series, npartitions=2), 3, 1, 5), around(series, 5))

    df = rd.from_pandas(pd.Series([1, 2, 3]), npartitions=2)
    with pytest.raises(ValueError, match=r"before must be a number of rows of 0 or more.*-1"):
        df.map_overlap(around, -1, 0, 0)
    with pytest.raises(TypeError, match="an index of times, found one of dtype int64"):
        df.map_overlap(around, "1D", 0, 0)
    with pytest.raises(TypeError, match="needs a function, found int"):
        df.map_overlap(3, 1, 0)
