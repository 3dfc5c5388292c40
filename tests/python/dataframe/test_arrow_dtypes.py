"""Columns of Arrow's own dtypes hold to pandas: as keys, and where no row is there."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pandas.testing as tm
import pyarrow as pa
import pytest
import raskt.dataframe as rd


def _column(values: list[Any], dtype: Any) -> pd.Series[Any]:
    return pd.Series(pd.array(values, dtype=pd.ArrowDtype(dtype)), name="v")


_LONG = "a text that is too long to lie in its view"
_COLUMNS: dict[str, pd.Series[Any]] = {
    "text": _column(["b", None, "a", "b", "", "b", None], pa.string()),
    "large text": _column([_LONG, None, "a", _LONG, "", _LONG, None], pa.large_string()),
    "bytes": _column([b"b", None, b"a", b"b", b"", b"b", None], pa.binary()),
    "decimals": _column(
        [Decimal(n) if n else None for n in ("1.10", "", "-3.00", "1.10", "0.00", "1.10", "")],
        pa.decimal128(10, 2),
    ),
    "times of day": _column(
        [
            datetime.time(3),
            None,
            datetime.time(1),
            datetime.time(3),
            datetime.time(0),
            datetime.time(3),
            None,
        ],
        pa.time64("us"),
    ),
    "numbers": _column([3, None, 1, 3, 0, 3, None], pa.int16()),
    "dates": _column([datetime.date(2013, 1, n) if n else None for n in (3, 0, 1, 3, 2, 3, 0)], pa.date32()),
}

_METHODS: dict[str, Callable[[Any], Any]] = {
    "nunique": lambda s: s.nunique(),
    "nunique with missing": lambda s: s.nunique(dropna=False),
    "drop duplicates": lambda s: s.drop_duplicates(),
    "drop duplicates but the last": lambda s: s.drop_duplicates(keep="last"),
    "drop all duplicates": lambda s: s.drop_duplicates(keep=False),
    "is unique": lambda s: s.is_unique,
    "value counts": lambda s: s.value_counts(sort=False).sort_index(),
}


def _cut(frame: Any, sizes: tuple[int, ...] = (1, 0, 2, 0, 4)) -> Any:
    """Return a frame of partitions of those lengths, some of which are empty, without divisions."""
    ends = np.cumsum(sizes).tolist()
    parts = [frame.iloc[end - size : end] for end, size in zip(ends, sizes, strict=True)]
    return rd.from_map(parts.__getitem__, range(len(parts)), meta=frame[:0])


def _same(found: Any, expected: Any) -> None:
    if isinstance(expected, pd.Series):
        tm.assert_series_equal(found, expected)
    else:
        assert found == expected


@pytest.mark.parametrize("column", _COLUMNS)
@pytest.mark.parametrize("name", _METHODS)
def test_equal_values_are_found(name: str, column: str, way: str) -> None:
    series = _COLUMNS[column]
    _same(_METHODS[name](_cut(series)).compute(), _METHODS[name](series))
    none = series[:0]
    _same(_METHODS[name](_cut(none, (0, 0))).compute(), _METHODS[name](none))


@pytest.mark.parametrize("column", _COLUMNS)
def test_columns_are_keys(column: str, way: str) -> None:
    frame = pd.DataFrame({"v": _COLUMNS[column], "n": range(7)})
    df = _cut(frame)
    for dropna in (True, False):
        expected = frame.groupby("v", dropna=dropna).n.sum()
        tm.assert_series_equal(df.groupby("v", dropna=dropna).n.sum().compute(), expected)
    found = df.merge(df, on="v").compute().sort_values(["n_x", "n_y"], ignore_index=True)
    expected = frame.merge(frame, on="v").sort_values(["n_x", "n_y"], ignore_index=True)
    tm.assert_frame_equal(found, expected)
    tm.assert_frame_equal(df.drop_duplicates("v").compute(), frame.drop_duplicates("v"))


def test_shifts_of_no_row_keep_the_categories(way: str) -> None:
    series = pd.Series(pd.Categorical([], categories=["x", "y"], ordered=True))
    for periods in (1, -1, 9):
        tm.assert_series_equal(_cut(series, (0, 0)).shift(periods).compute(), series.shift(periods))
