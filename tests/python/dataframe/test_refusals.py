"""Keywords of pandas' that are not there are errors that name what is instead, and never ignored."""

from __future__ import annotations

import inspect
from typing import Any

import pandas as pd
import pytest
import raskt.dataframe as rd
from pandas.api.typing import Expanding, ExponentialMovingWindow, Resampler, Rolling
from raskt.dataframe import resampling, windows
from raskt.dataframe._accessors import StringMethods
from raskt.dataframe._refusals import TABLES

_ROWS = pd.DataFrame({"x": [3, 1, 2], "y": [1.0, None, 3.0]}, index=pd.date_range("2013", periods=3))
#: Keywords that pandas has for its own sake, and those that say how a frame's repr would look.
_OWN = {"self", "inplace", "copy", "args", "kwargs"}
_BY_VALUE = {
    "to_html",
    "to_string",
    "squeeze",
    "stack",
    "update",
    "map",
    "repeat",
    "argsort",
    "set_index",
    "join",
}


#: pandas' classes and their counterparts.
_KINDS: list[tuple[Any, Any]] = [
    (pd.DataFrame, rd.DataFrame),
    (pd.Series, rd.Series),
    (pd.Index, rd.Index),
    (Rolling, windows.Rolling),
    (Expanding, windows.Expanding),
    (ExponentialMovingWindow, windows.ExponentialMovingWindow),
    (Resampler, resampling.Resampler),
    (pd.Series.str, StringMethods),
]


@pytest.mark.parametrize(("theirs", "ours"), _KINDS, ids=lambda kind: kind.__name__)
def test_every_keyword_that_is_refused_is_one_of_pandas(theirs: Any, ours: Any) -> None:
    for name, keywords in TABLES[ours.__name__].items():
        have = inspect.signature(getattr(theirs, name)).parameters
        own = inspect.signature(getattr(ours, name)).parameters
        for keyword, (default, instead) in keywords.items():
            assert instead
            assert keyword not in own, (name, keyword)
            if keyword in have and have[keyword].default is not inspect.Parameter.empty:
                found = have[keyword].default
                assert found == default or "no_default" in repr(found) or name == "info", (name, keyword)


@pytest.mark.parametrize(("theirs", "ours"), _KINDS, ids=lambda kind: kind.__name__)
def test_no_keyword_of_pandas_is_unknown(theirs: Any, ours: Any) -> None:
    table = TABLES[ours.__name__]
    unknown = []
    for name in dir(theirs):
        one, other = getattr(theirs, name), getattr(ours, name, None)
        if name[:1] == "_" or name in _BY_VALUE or not inspect.isfunction(one) or not callable(other):
            continue
        own = inspect.signature(other).parameters
        if any(parameter.kind is parameter.VAR_KEYWORD for parameter in own.values()):
            continue
        missing = inspect.signature(one).parameters.keys() - own.keys() - _OWN - table.get(name, {}).keys()
        unknown += [(name, keyword) for keyword in sorted(missing)]
    assert unknown == []


def test_defaults_pass_and_others_name_what_is_instead() -> None:
    df = rd.from_pandas(_ROWS, npartitions=2)
    assert df.sort_values("x", axis=0, key=None).compute().x.tolist() == [1, 2, 3]
    assert df.sort_index(kind="quicksort", sort_remaining=True).compute().x.tolist() == [3, 1, 2]
    for call, match in (
        (lambda: df.sort_values("x", key=lambda x: -x), r"sort_values\(key=.*assign"),
        (lambda: df.sort_index(level=0), r"sort_index\(level=0\): sort_values"),
        (lambda: df.set_index("x", append=True), r"set_index\(append=True\)"),
        (lambda: df.x.value_counts(bins=3), r"value_counts\(bins=3\): map_partitions"),
        (lambda: df.sort_index(ignore_index=True), r"sort_index\(ignore_index=True\): reset_index"),
        (lambda: df.cumsum(numeric_only=True), "select_dtypes"),
        (lambda: df.resample("D", convention="end"), "to_timestamp"),
        (lambda: df.x.expanding(method="table"), "map_partitions"),
        (lambda: df.rolling(2, method="table"), "map_overlap"),
        (lambda: df.rolling(2).mean(engine="numba"), r"mean\(engine='numba'\)"),
        (lambda: df.resample("D").first(min_count=2), r"first\(min_count=2\): where"),
        (lambda: df.index.to_numpy(dtype=str), r"to_numpy\(dtype=.*astype"),
        (lambda: df.x.astype(str).str.cat(df.x.astype(str), join="outer"), "align before"),
        (lambda: rd.to_numeric(df.x, dtype_backend="pyarrow"), "astype afterwards"),
    ):
        with pytest.raises(NotImplementedError, match=match):
            call()
    with pytest.raises(TypeError, match="unexpected keyword argument 'nothing'"):
        df.sort_values("x", nothing=1)
