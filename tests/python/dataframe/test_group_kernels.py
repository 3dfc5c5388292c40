"""Group-bys of any frames, in any partitions, hold to pandas."""

from __future__ import annotations

import itertools
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pandas.testing as tm
import pytest
import raskt.dataframe as rd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

#: Values of each column: those after the first two are rarer.
_VALUES: dict[str, tuple[str, list[Any]]] = {
    "text": ("str", ["a", "b", None, "", "a text that is too long for a view"]),
    "nullable": ("string", ["a", "b", None, ""]),
    "truth": ("bool", [True, False]),
    "masked_truth": ("boolean", [True, False, None]),
    "whole": ("int64", [1, 2, 0, -3, 2**40]),
    "narrow": ("int8", [1, 2, 0, 100, -100]),
    "unsigned": ("uint16", [1, 2, 0, 40_000]),
    "single": ("float32", [1.5, np.nan, 0.0, -2.25]),
    "float": ("float64", [1.5, np.nan, 0.0, -0.0, 1e9, -2.25]),
    "masked": ("Int64", [1, None, 0, -5]),
    "masked_narrow": ("Int8", [1, None, 0, 100]),
    "masked_float": ("Float64", [1.5, None, 0.0, -2.25]),
    "time": ("datetime64[us]", ["2013-01-01", "NaT", "1969-12-31T23:59"]),
    "zoned": ("datetime64[us, Europe/Oslo]", ["2013-01-01T00:00Z", "NaT", "2013-06-01T12:00Z"]),
    "span": ("timedelta64[us]", ["1s", "NaT", "0s", "-1D"]),
    "category": ("category", ["x", "y", None, "z"]),
}
_KEYS = ["text", "nullable", "truth", "masked_truth", "whole", "narrow", "float", "masked", "time", "zoned"]
_NUMBERS = ["truth", "whole", "narrow", "unsigned", "float", "masked", "masked_narrow", "masked_float"]
_NUMBERS.append("masked_truth")
_ALL = [*_NUMBERS, "single", "text", "time", "zoned", "span"]

#: Columns that each function is tried on, and the keywords that it is called with.
_FUNCTIONS: dict[str, tuple[list[str], dict[str, list[Any]]]] = {
    "sum": ([*_NUMBERS, "single", "span"], {"min_count": [0, 1, 3]}),
    "prod": (_NUMBERS, {"min_count": [0, 1, 3]}),
    "mean": (_NUMBERS, {}),
    "var": (_NUMBERS, {"ddof": [1, 0, 2]}),
    "std": (_NUMBERS, {"ddof": [1, 0]}),
    "sem": (_NUMBERS, {"ddof": [1, 0]}),
    "min": (_ALL, {"min_count": [-1, 2]}),
    "max": (_ALL, {"min_count": [-1, 2]}),
    "first": ([*_ALL, "nullable", "category"], {"min_count": [-1, 2], "skipna": [True, False]}),
    "last": ([*_ALL, "nullable", "category"], {"skipna": [True, False]}),
    "any": ([*_NUMBERS, "single", "text", "nullable", "span"], {"skipna": [True, False]}),
    "all": ([*_NUMBERS, "single", "text", "nullable", "span"], {"skipna": [True, False]}),
    "count": ([*_ALL, "nullable", "category"], {}),
    "nunique": ([*_ALL, "nullable", "category"], {"dropna": [True, False]}),
    "size": (_ALL, {}),
}


def _column(name: str, values: list[Any]) -> pd.Series[Any]:
    dtype, known = _VALUES[name]
    if dtype == "category":
        return pd.Series(pd.Categorical(values, categories=[x for x in known if x is not None]))
    if dtype.startswith("datetime64[us,"):
        return pd.Series(pd.to_datetime(values, utc=True)).astype(dtype)
    return pd.Series(values, dtype=dtype)


@st.composite
def _columns(draw: st.DrawFn, names: list[str]) -> pd.DataFrame:
    n_rows = draw(st.integers(0, 12))
    columns = {}
    for at, name in enumerate(names):
        value = st.sampled_from(_VALUES[name][1][:2]) | st.sampled_from(_VALUES[name][1])
        columns[f"{name}_{at}"] = _column(name, draw(st.lists(value, min_size=n_rows, max_size=n_rows)))
    return pd.DataFrame(columns)


def _in_partitions(frame: pd.DataFrame, cuts: list[int]) -> Any:
    ends = [0, *sorted(cut % (len(frame) + 1) for cut in cuts), len(frame)]
    parts = [frame.iloc[begin:end] for begin, end in itertools.pairwise(ends)]
    return rd.from_map(lambda part: part, parts, meta=frame.iloc[:0])


def _result(of: Any, name: str, keywords: dict[str, Any]) -> Any:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        found = getattr(of, name)(**keywords)
        return found.compute() if hasattr(found, "compute") else found


def _check(found: Any, expected: Any) -> None:
    same = tm.assert_frame_equal if isinstance(expected, pd.DataFrame) else tm.assert_series_equal
    same(found, expected, rtol=1e-6, atol=1e-6)


@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(data=st.data())
@pytest.mark.parametrize("name", _FUNCTIONS)
def test_a_function_of_groups_is_pandas_own(name: str, data: st.DataObject) -> None:
    columns, keywords = _FUNCTIONS[name]
    keys = data.draw(st.lists(st.sampled_from(_KEYS), min_size=1, max_size=2))
    values = data.draw(st.sampled_from(columns))
    frame = data.draw(_columns([*keys, values]))
    cuts = data.draw(st.lists(st.integers(0, 20), max_size=4))
    options = {"dropna": data.draw(st.booleans()), "sort": data.draw(st.booleans())}
    given = {key: data.draw(st.sampled_from(choices)) for key, choices in keywords.items()}
    by = [*frame.columns[:-1]]
    expected = _result(frame.groupby(by, **options)[frame.columns[-1]], name, given)
    found = _result(_in_partitions(frame, cuts).groupby(by, **options)[frame.columns[-1]], name, given)
    _check(found, expected)


@pytest.mark.parametrize("name", ["var", "std", "sem"])
def test_variances_of_values_whose_squares_are_no_floats(name: str) -> None:
    rows = pd.DataFrame({"k": [1, 1, 2, 3], "x": [1e300, 1e300, 1e300, 2.0]})
    lazy = rd.from_pandas(rows, npartitions=3).groupby("k").x
    found = getattr(lazy, name)(ddof=0).compute()
    tm.assert_series_equal(found, getattr(rows.groupby("k").x, name)(ddof=0))
