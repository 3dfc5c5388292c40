"""Native windows, shifts, fills and running sums hold to pandas across partitions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pandas.testing as tm
import pytest
import raskt.dataframe as rd

_RANDOM = np.random.default_rng(7)
_N = 40
_TIMES = pd.Timestamp("2013-01-01") + pd.to_timedelta(np.sort(_RANDOM.integers(0, 90, _N)), unit="s")
_FRAME = pd.DataFrame(
    {
        "f": np.where(_RANDOM.random(_N) < 0.2, np.nan, _RANDOM.normal(size=_N)),
        "i": _RANDOM.integers(-5, 5, _N),
        "small": _RANDOM.integers(0, 9, _N).astype("int8"),
        "b": _RANDOM.random(_N) < 0.5,
        "m": pd.array([None if at % 5 == 0 else at for at in range(_N)], dtype="Int64"),
        "same": 0.1,
        "huge": np.where(np.arange(_N) == 7, np.inf, 1e9),
    },
    index=_TIMES,
)
_FUNCTIONS = ["sum", "mean", "min", "max", "std", "var", "count"]


def _lazy(frame: Any, npartitions: int) -> Any:
    """Return a frame of so many partitions, one of which is empty where there are several."""
    whole = rd.from_pandas(frame, npartitions=npartitions, sort=False)
    return whole if npartitions == 1 else rd.concat([whole, rd.from_pandas(frame[:0], npartitions=1)])


@pytest.mark.parametrize("npartitions", [1, 4, 13])
@pytest.mark.parametrize("name", _FUNCTIONS)
@pytest.mark.parametrize(
    "window",
    [
        {"window": 3},
        {"window": 1},
        {"window": 17, "min_periods": 2},
        {"window": 4, "center": True},
        {"window": 5, "center": True, "min_periods": 0},
        {"window": 3, "closed": "left", "min_periods": 1},
        {"window": 3, "closed": "both", "min_periods": 0},
        {"window": "7s"},
        {"window": "7s", "min_periods": 3, "closed": "both"},
        {"window": "300s"},
        {"window": "7s", "closed": "left"},
    ],
)
def test_windows_are_those_of_pandas(window: dict[str, Any], name: str, npartitions: int) -> None:
    found = getattr(_lazy(_FRAME, npartitions).rolling(**window), name)().compute()
    expected = getattr(_FRAME.rolling(**window), name)()
    tm.assert_frame_equal(found, expected, rtol=1e-9, atol=1e-9)


def test_windows_of_times_may_be_by_a_column_and_descend() -> None:
    frame = _FRAME[["f", "i"]].assign(t=_TIMES.tz_localize("Europe/Oslo")).reset_index(drop=True)
    for rows in (frame, frame[::-1]):
        lazy = rd.from_pandas(rows, npartitions=5, sort=False)
        for closed in ("right", "both"):
            one, other = (x.rolling("9s", on="t", closed=closed) for x in (lazy, rows))
            tm.assert_frame_equal(one.mean().compute(), other.mean())
            tm.assert_series_equal(one.f.sum().compute(), other.f.sum())
    spans = frame.i.set_axis(pd.to_timedelta(np.arange(_N), unit="s").as_unit("s"))
    found = rd.from_pandas(spans, npartitions=4).rolling("5s").max()
    tm.assert_series_equal(found.compute(), spans.rolling("5s").max())


def test_times_that_are_in_no_order_are_an_error() -> None:
    frame = pd.DataFrame({"x": [1.0, 2.0, 3.0], "t": pd.to_datetime(["2013", "2015", "2014"])})
    with pytest.raises(ValueError, match="must be monotonic"):
        frame.rolling("2D", on="t").sum()
    with pytest.raises(ValueError, match="must be monotonic"):
        rd.from_pandas(frame, npartitions=1).rolling("2D", on="t").sum().compute()


@pytest.mark.parametrize("npartitions", [1, 5])
@pytest.mark.parametrize("periods", [1, -1, 3, -13, 60])
def test_shifts_and_differences(periods: int, npartitions: int) -> None:
    frame = _FRAME.assign(
        t=_TIMES,
        s=[None if at % 7 == 0 else f"text {at}" for at in range(_N)],
        c=pd.Categorical(["x", "y"] * (_N // 2)),
    )[["f", "i", "m", "t", "s", "c"]]
    lazy = _lazy(frame, npartitions)
    tm.assert_frame_equal(lazy.shift(periods).compute(), frame.shift(periods))
    numbers = ["f", "i"]
    tm.assert_frame_equal(lazy[numbers].diff(periods).compute(), frame[numbers].diff(periods))


@pytest.mark.parametrize("npartitions", [1, 5, 13])
def test_fills(npartitions: int) -> None:
    frame = _FRAME[["f", "i", "m"]].assign(
        s=[f"text {at}" if at % 11 == 3 else None for at in range(_N)],
        t=[pd.Timestamp(at, unit="s") if at == 20 else pd.NaT for at in range(_N)],
    )
    frame["c"] = pd.Categorical([None, "x", None, None] * (_N // 4))
    lazy = _lazy(frame, npartitions)
    tm.assert_frame_equal(lazy.ffill().compute(), frame.ffill())
    tm.assert_frame_equal(lazy.bfill().compute(), frame.bfill())


@pytest.mark.parametrize("npartitions", [1, 5, 13])
@pytest.mark.parametrize("name", ["cumsum", "cumprod", "cummin", "cummax"])
def test_running_functions(name: str, npartitions: int) -> None:
    frame = _FRAME[["f", "i"]].assign(gone=np.nan, lost=[np.inf, -np.inf, 1.0, np.nan] * (_N // 4))
    found = getattr(_lazy(frame, npartitions), name)().compute()
    tm.assert_frame_equal(found, getattr(frame, name)())


def test_what_has_a_row_for_each_row_goes_together_with_its_frame() -> None:
    lazy = rd.from_pandas(_FRAME, npartitions=4)
    both = lazy.assign(mean=lazy.f.rolling(3).mean(), before=lazy.f.shift(1), total=lazy.i.cumsum())
    expected = _FRAME.assign(
        mean=_FRAME.f.rolling(3).mean(), before=_FRAME.f.shift(1), total=_FRAME.i.cumsum()
    )
    tm.assert_frame_equal(both.compute(), expected)
    for one, name in ((both["mean"], "rolling"), (both.before, "shift"), (both.total, "running")):
        assert f"frame.{name}" in str(one.explain())


@pytest.mark.parametrize("name", ["min", "max"])
def test_extremes_of_windows_of_any_length(name: str) -> None:
    rng = np.random.default_rng(3)
    values = np.where(rng.random(200) < 0.3, np.nan, rng.integers(0, 9, 200).astype(float))
    frame = pd.Series(
        values, index=pd.Timestamp("2013") + pd.to_timedelta(rng.integers(0, 9, 200).cumsum(), "s")
    )
    s = rd.from_pandas(frame, npartitions=7)
    windows: list[dict[str, Any]] = [
        *({"window": n, "min_periods": least} for n in (1, 2, 5, 40, 300) for least in (1, n // 2)),
        *(
            {"window": n, "center": True, "closed": closed}
            for n in (4, 5)
            for closed in ("both", "left", "neither")
        ),
        *({"window": f"{n}s", "closed": closed} for n in (1, 7, 60) for closed in ("both", "right")),
    ]
    for window in windows:
        found, expected = s.rolling(**window), frame.rolling(**window)
        tm.assert_series_equal(getattr(found, name)().compute(), getattr(expected, name)(), check_freq=False)


@pytest.mark.parametrize("window", [2, 3, 7, 100])
@pytest.mark.parametrize("name", ["sum", "mean", "var", "std"])
def test_values_that_have_left_a_window_leave_nothing_behind(name: str, window: int) -> None:
    values = _RANDOM.normal(size=1_000)
    values[[100, 101, 500]] = 1e16, np.nan, -1e19
    series = pd.Series(values)
    found = getattr(rd.from_pandas(series, npartitions=3).rolling(window), name)().compute()
    alone = [np.nan if len(part) < window else getattr(part, name)() for part in series.rolling(window)]
    alone = [
        np.nan if part.isna().any() else x for part, x in zip(series.rolling(window), alone, strict=True)
    ]
    tm.assert_series_equal(found, pd.Series(alone), rtol=1e-12)


def test_windows_of_sums_beyond_floats_are_infinite() -> None:
    series = pd.Series([1e308, 1e308, 1.0, 2.0])
    found = rd.from_pandas(series, npartitions=2).rolling(2).sum().compute()
    assert found.tolist()[1:] == [np.inf, 1e308, 3.0]
    far = rd.from_pandas(pd.Series([1e300, 2e300, 2e300, 1.0]), npartitions=2).rolling(2, min_periods=1)
    assert far.var(ddof=0).compute().tolist() == [0.0, np.inf, 0.0, np.inf]
