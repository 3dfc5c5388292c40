"""What is asked for by times holds to pandas, wherever partitions end: bins, windows, labels, zones."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pandas as pd
import pandas.testing as tm
import pytest
import raskt.dataframe as rd
from hypothesis import given, settings
from hypothesis import strategies as st
from raskt.dataframe import _resampled

_SIZES = (5, 0, 1, 1, 3, 0, 14)
#: Minutes from midnight on, some of which come again; clocks are put back in Oslo on the second day.
_MINUTES = [
    15,
    15,
    60,
    135,
    300,
    310,
    840,
    1439,
    1440,
    1500,
    1500,
    1560,
    1620,
    1621,
    2000,
    2880,
    4000,
    4001,
    4002,
]
_MINUTES += [5000, 5000, 5760, 7000, 7200]


def _cut(frame: Any, sizes: Any = _SIZES) -> Any:
    """Return a frame of partitions of those lengths, some of which are empty, without divisions."""
    ends = np.cumsum(sizes).tolist()
    parts = [frame.iloc[end - size : end] for end, size in zip(ends, sizes, strict=True)]
    return rd.from_map(parts.__getitem__, range(len(parts)), meta=frame[:0])


@pytest.fixture(params=[None, "Europe/Oslo"])
def series_of_times(request: pytest.FixtureRequest) -> pd.DataFrame:
    """Return rows at times, with a day on which clocks are put back."""
    times = pd.to_datetime("2013-10-26") + pd.to_timedelta(_MINUTES, unit="min")
    if request.param is not None:
        times = times.tz_localize("UTC").tz_convert(request.param)
    values = np.arange(len(times)) * 7 % 10
    return pd.DataFrame(
        {"x": values, "y": np.where(values > 5, np.nan, values / 4), "t": times}, index=times.rename("when")
    )


def _same(lazy: Any, expected: Any) -> None:
    found = lazy.compute()
    if isinstance(expected, pd.DataFrame):
        tm.assert_frame_equal(found, expected, check_freq=False)
    elif isinstance(expected, pd.Series):
        tm.assert_series_equal(found, expected, check_freq=False)
    else:
        assert found == expected or (found != found and expected != expected)


_RULES = ["2D", "7h", "W-WED", "MS", "B"]


@pytest.mark.parametrize("rule", _RULES)
def test_bins(rule: str, series_of_times: pd.DataFrame) -> None:
    shuffled = series_of_times.sample(frac=1, random_state=1)
    for frame in (series_of_times, shuffled):
        for named in ({}, {"label": "right"}, {"closed": "right", "label": "left"}, {"closed": "left"}):
            _same(_cut(frame).y.resample(rule, **named).sum(), frame.y.resample(rule, **named).sum())
        named = {"on": "t"}
        plain = frame.reset_index(drop=True)
        _same(
            _cut(plain)[["x", "t"]].resample(rule, **named).mean(),
            plain[["x", "t"]].resample(rule, **named).mean(),
        )
    _same(_cut(frame).x.resample(rule).ohlc(), frame.x.resample(rule).ohlc())


@pytest.mark.parametrize("rule", ["7h", "ME", "W-WED"])
def test_bins_begin_where_bisection_finds_them(rule: str) -> None:
    begin, end = (
        pd.Timestamp(day, tz="Europe/Oslo").as_unit("s") for day in ("2013-03-05 03:17", "2013-05-30")
    )
    times, options = pd.DatetimeIndex([begin, end]), {"rule": rule, "closed": "right"}
    cut = _resampled.bins_of(begin, end, times.dtype, options)
    limits = times.astype("int64").to_numpy()
    found = _resampled._as_times(_resampled._bisected(len(cut), limits, times.dtype, options), times.dtype)
    # Of the first bin only the rows from the first time on are looked at.
    assert cut.begin[0] <= begin
    assert found.tolist() == [max(time, begin) for time in cut.begin]


def test_rows_get_their_bins_natively(series_of_times: pd.DataFrame) -> None:
    lines = str(_cut(series_of_times).x.resample("7h").sum().explain())
    assert "bins-assign-groupby" in lines


def test_where_bins_begin(way: str, series_of_times: pd.DataFrame) -> None:
    frame = series_of_times
    begin = pd.Timestamp("2013-01-01 03:17", tz=frame.index.tz)
    for named in (
        *({"origin": name} for name in ("epoch", "start", "start_day", "end", "end_day", begin)),
        {"offset": "2h"},
    ):
        _same(_cut(frame).x.resample("7h", **named).sum(), frame.x.resample("7h", **named).sum())


def test_rows_for_bins_between_others(way: str, series_of_times: pd.DataFrame) -> None:
    frame = series_of_times[~series_of_times.index.duplicated()][["x", "y"]]
    df = _cut(frame, (5, 0, 1, len(frame) - 6))
    for name in ("ffill", "bfill", "asfreq", "nearest", "interpolate"):
        _same(getattr(df.resample("15min"), name)(), getattr(frame.resample("15min"), name)())
    _same(df.x.resample("h").ffill(limit=2), frame.x.resample("h").ffill(limit=2))
    _same(
        df.x.resample("D").apply(lambda part: part.max() - part.min()),
        frame.x.resample("D").apply(lambda part: part.max() - part.min()),
    )
    _same(df.resample("D").x.transform("sum"), frame.resample("D").x.transform("sum"))
    _same(df.x.resample("D").pipe(lambda bins: bins.sum()), frame.x.resample("D").sum())
    _same(df.asfreq("15min", method="ffill"), frame.asfreq("15min", method="ffill"))
    _same(df.x.asfreq("h", fill_value=7), frame.x.asfreq("h", fill_value=7))
    with pytest.raises(NotImplementedError, match="on="):
        df.resample("D", level=0)
    with pytest.raises(KeyError, match="nowhere"):
        df.resample("D", on="nowhere")


@pytest.mark.parametrize("window", ["1h", "300D", 17])
def test_windows_that_are_longer_than_partitions(
    window: Any, way: str, series_of_times: pd.DataFrame
) -> None:
    frame = series_of_times[["x", "y"]]
    df = _cut(frame)
    for named in ({}, {"closed": "left"}, {"closed": "both"}, {"center": True}, {"min_periods": 2}):
        _same(df.rolling(window, **named).mean(), frame.rolling(window, **named).mean())
    if not isinstance(window, int):
        plain = series_of_times[["x", "t"]]
        _same(_cut(plain).rolling(window, on="t").sum(), plain.rolling(window, on="t").sum())


@settings(max_examples=20)
@given(
    labels=st.lists(st.integers(0, 6), max_size=8),
    cuts=st.lists(st.integers(0, 8), max_size=3),
    first=st.none() | st.integers(-1, 7),
    last=st.none() | st.integers(-1, 7),
    step=st.none() | st.integers(1, 3),
    order=st.sampled_from(["none", "up", "down"]),
)
def test_slices_of_labels(
    labels: list[int], cuts: list[int], first: int | None, last: int | None, step: int | None, order: str
) -> None:
    labels = labels if order == "none" else sorted(labels, reverse=order == "down")
    series = pd.Series(range(len(labels)), index=pd.Index(labels, dtype="int64"))
    ends = sorted(min(cut, len(labels)) for cut in cuts)
    sizes = np.diff([0, *ends, len(labels)]).tolist()
    try:
        expected = series.loc[first:last:step]
    except KeyError:
        with pytest.raises(KeyError):
            _cut(series, sizes).loc[first:last:step].compute()
        return
    _same(_cut(series, sizes).loc[first:last:step], expected)


def test_slices_of_times(way: str, series_of_times: pd.DataFrame) -> None:
    frame = series_of_times
    df, known = _cut(frame), rd.from_pandas(frame, npartitions=4)
    for first, last in (
        ("2013-10-27", "2013-10-28"),
        (None, "2013-10-27 12:00"),
        ("2013-10-29 06", None),
        (frame.index[3], frame.index[17]),
        ("2012", "2012-05"),
    ):
        for lazy in (df, known):
            _same(lazy.loc[first:last], frame.loc[first:last])
    for label in ("2013-10-27", "2013-10", "2013", "2013-10-30 20"):
        for lazy in (df, known):
            _same(lazy.loc[label], frame.loc[label])
    with pytest.raises(KeyError, match="2012"):
        df.loc["2012"].compute()
    shuffled = frame.sample(frac=1, random_state=1)
    with pytest.raises(KeyError, match="non-monotonic"):
        _cut(shuffled).loc["2013-10-27":"2013-10-28"].compute()
    between = slice(shuffled.index[2], shuffled.index[19])
    if shuffled.index.is_unique:
        _same(_cut(shuffled).loc[between], shuffled.loc[between])
    with pytest.raises(NotImplementedError, match=r"iloc\[::-1\]"):
        df.loc[::-1]


def test_times_of_the_day(way: str, series_of_times: pd.DataFrame) -> None:
    frame = series_of_times
    df = _cut(frame)
    for times in (("05:00", "13:00"), ("22:00", "03:30"), (datetime.time(1), datetime.time(2, 15))):
        for inclusive in ("both", "neither", "left", "right"):
            named: Any = {"inclusive": inclusive}
            _same(df.between_time(*times, **named), frame.between_time(*times, **named))
    _same(df.x.at_time("02:15"), frame.x.at_time("02:15"))
    _same(df.at_time(datetime.time(1)), frame.at_time(datetime.time(1)))
    with pytest.raises(TypeError, match="Index must be DatetimeIndex"):
        df.reset_index(drop=True).at_time("02:15")
    with pytest.raises(NotImplementedError, match="columns are chosen"):
        df.at_time("02:15", axis=1)


def test_last_values_before(way: str, series_of_times: pd.DataFrame) -> None:
    frame = series_of_times[["x", "y"]].assign(none=np.nan)
    df = _cut(frame)
    day = pd.Timedelta("1D")
    for where in (
        frame.index[4],
        frame.index[0] - day,
        frame.index[-1] + day,
        [frame.index[0] - day, frame.index[9] + pd.Timedelta("1min"), frame.index[3]],
    ):
        _same(df[["x", "y"]].asof(where), frame[["x", "y"]].asof(where))
        _same(df.asof(where), frame.asof(where))
        _same(df.asof(where, subset="x"), frame.asof(where, subset="x"))
        for column in frame:
            _same(df[column].asof(where), frame[column].asof(where))
    _same(df.y.first_valid_index(), frame.y.first_valid_index())
    _same(df.last_valid_index(), frame.last_valid_index())
    assert df.none.first_valid_index().compute() is None
    shuffled = frame.sample(frac=1, random_state=1)
    with pytest.raises(ValueError, match="asof requires a sorted index"):
        _cut(shuffled).asof(frame.index[4]).compute()
    # Each partition ascends, and all together do not.
    with pytest.raises(ValueError, match="asof requires a sorted index"):
        _cut(pd.concat([frame[12:], frame[:12]]), (12, 12)).x.asof(frame.index[4]).compute()


def test_time_zones(way: str, series_of_times: pd.DataFrame) -> None:
    frame = series_of_times
    df, known = _cut(frame), rd.from_pandas(frame, npartitions=4)
    if frame.index.tz is not None:
        for zone in ("UTC", "Asia/Tokyo", None):
            _same(df.tz_convert(zone), frame.tz_convert(zone))
        moved = known.tz_convert("Asia/Tokyo")
        assert moved.divisions[0] == frame.index[0]
        assert str(moved.divisions[0].tz) == "Asia/Tokyo"
        _same(moved.loc["2013-10-28"], frame.tz_convert("Asia/Tokyo").loc["2013-10-28"])
        _same(known.tz_localize(None), frame.tz_localize(None))
        with pytest.raises(TypeError, match="Already tz-aware"):
            known.tz_localize("UTC")
        return
    _same(df.tz_localize("UTC"), frame.tz_localize("UTC"))
    for first in (True, False):
        expected = frame.tz_localize("Europe/Oslo", ambiguous=np.full(len(frame), first))
        _same(df.tz_localize("Europe/Oslo", ambiguous=first), expected)
    with pytest.raises(NotImplementedError, match="repartition"):
        df.tz_localize("Europe/Oslo", ambiguous="infer")
    with pytest.raises(TypeError, match="tz-naive"):
        df.tz_convert("UTC")
    _same(df.to_period("D"), frame.to_period("D"))
    with pytest.raises(NotImplementedError, match="freq="):
        df.to_period()


def test_rows_between(way: str, series_of_times: pd.DataFrame) -> None:
    frame = series_of_times
    df = _cut(frame)
    if frame.index.tz is None:
        _same(df.truncate("2013-10-27", "2013-10-28"), frame.truncate("2013-10-27", "2013-10-28"))
    _same(df.truncate(after=frame.index[9]), frame.truncate(after=frame.index[9]))
    columns = ["t", "x", "y"]
    _same(df[columns].truncate(after="x", axis=1), frame[columns].truncate(after="x", axis=1))
    with pytest.raises(ValueError, match="must be after"):
        df.truncate(frame.index[9], frame.index[3])
    numbers = frame.set_axis([1, 0] * 12)
    with pytest.raises(ValueError, match="truncate requires a sorted index"):
        _cut(numbers).truncate(0).compute()


@pytest.mark.parametrize("freq", ["5h", "2D", "W", "MS"])
def test_partitions_by_time(freq: str, series_of_times: pd.DataFrame) -> None:
    df = rd.from_pandas(series_of_times, npartitions=4).repartition(freq=freq)
    _same(df, series_of_times)
    assert df.divisions[0] == series_of_times.index[0]
    assert df.divisions[-1] == series_of_times.index[-1]
    assert all(boundary == boundary.floor("h") for boundary in df.divisions[1:-1])


@pytest.mark.parametrize("direction", ["backward", "forward", "nearest"])
def test_nearest_rows_are_numbered_as_in_pandas(
    direction: str, way: str, series_of_times: pd.DataFrame
) -> None:
    left = series_of_times.reset_index(drop=True)
    right = pd.DataFrame({"t": left.t[::3] + pd.Timedelta("7min"), "v": range(8)})
    for named in ({}, {"tolerance": pd.Timedelta("30min")}, {"allow_exact_matches": False}):
        expected = pd.merge_asof(left, right, on="t", direction=direction, **named)
        _same(
            rd.merge_asof(_cut(left), _cut(right, (3, 0, 5)), on="t", direction=direction, **named), expected
        )
    indexed = series_of_times[["x"]]
    for one, other, keys in (
        (indexed, right, {"left_index": True, "right_on": "t"}),
        (left, right.set_index("t"), {"left_on": "t", "right_index": True}),
    ):
        found = rd.merge_asof(_cut(one), _cut(other, (3, 0, 5)), direction=direction, **keys)
        _same(found, pd.merge_asof(one, other, direction=direction, **keys))


@pytest.mark.parametrize("is_known", [True, False])
def test_ends_and_quantiles_of_bins(is_known: bool, way: str) -> None:
    times = pd.to_datetime(
        ["2013-01-01T05", "2013-01-01T03", "2013-01-03T01", "2013-01-02T00", "2013-01-03T01"]
    )
    rows = pd.DataFrame({"f": [np.nan, 2.0, 3.0, 4.0, 5.0], "i": [1, 2, 3, 4, 5]}, index=times)
    lazy = rd.from_pandas(rows, npartitions=3, sort=is_known)
    rows = rows.sort_index(kind="stable") if is_known else rows
    assert lazy.known_divisions is is_known
    for rule in ("D", "2h"):
        found, expected = lazy.resample(rule), rows.resample(rule)
        for name in ("first", "last"):
            tm.assert_frame_equal(
                getattr(found, name)().compute(), getattr(expected, name)(), check_freq=False
            )
        for column in ("f", "i"):
            ends = found[column].ohlc().compute()
            tm.assert_frame_equal(ends, expected[column].ohlc(), check_freq=False)
        several = found.f.quantile([0.1, 0.9]).compute()
        tm.assert_series_equal(several, expected.f.quantile([0.1, 0.9]))
