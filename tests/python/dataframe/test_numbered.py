"""Rows that are numbered anew, indexes of several levels, and functions of rows, wherever partitions end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pandas.testing as tm
import pytest
import raskt.dataframe as rd

_FRAME = pd.DataFrame(
    {
        "k": ["a", "b", "a", None, "b", "a", "c"],
        "i": [3, 1, 2, 7, 5, 4, 6],
        "f": [0.5, np.nan, 1.5, -2.0, 3.0, 0.5, 0.0],
        "l": pd.Series([[1, 2], [3], [], None, [4], [5, 6], [7]], dtype=object),
        "_u": range(7),
    },
    index=[9, 1, 1, 4, 0, 2, 3],
)


def _cut(frame: Any, sizes: tuple[int, ...] = (1, 0, 2, 0, 0, 4)) -> Any:
    """Return a frame of partitions of those lengths, some of which are empty, without divisions."""
    ends = np.cumsum(sizes).tolist()
    parts = [frame.iloc[end - size : end] for end, size in zip(ends, sizes, strict=True)]
    return rd.from_map(parts.__getitem__, range(len(parts)), meta=frame[:0])


def _concat(objects: list[Any]) -> Any:
    concat = pd.concat if isinstance(objects[0], (pd.DataFrame, pd.Series)) else rd.concat
    return concat(objects, ignore_index=True)


_CASES: dict[str, Callable[[Any], Any]] = {
    "sorted": lambda d: d.sort_values("i", ignore_index=True),
    "sorted series": lambda d: d.i.sort_values(ignore_index=True, ascending=False),
    "one after another": lambda d: _concat([d, d[d.i > 3], d[["k"]]]),
    "series one after another": lambda d: _concat([d.i, d.f]),
    "without missing": lambda d: d.dropna(subset=["k", "f"], ignore_index=True),
    "series without missing": lambda d: d.f.dropna(ignore_index=True),
    "elements": lambda d: d[["l", "i"]].explode("l", ignore_index=True),
    "levels": lambda d: d.set_index(["k", "i"]),
    "levels that stay": lambda d: d.set_index(["k", "i"], drop=False),
    "groups by a level": lambda d: d.set_index(["k", "i"]).groupby(level="k").f.sum(),
    "a name with an underscore": lambda d: d._u,
    "several of each row": lambda d: d.apply(lambda row: row[["i", "f"]], axis=1),
    "lists of each row": lambda d: d[["i", "f"]].apply(lambda row: [1, row.i], axis=1, result_type="expand"),
    "one of each row": lambda d: d[d.i > 3].apply(lambda row: row.i + row.f, axis=1),
}


@pytest.mark.parametrize("name", _CASES)
def test_it_is_what_pandas_has(name: str, way: str) -> None:
    expected = _CASES[name](_FRAME)
    for sizes in ((1, 0, 2, 0, 0, 4), (7,), (0, 7, 0)):
        found = _CASES[name](_cut(_FRAME, sizes)).compute()
        if isinstance(expected, pd.Series):
            tm.assert_series_equal(found, expected)
        else:
            tm.assert_frame_equal(found, expected)


@pytest.mark.parametrize("name", [name for name in _CASES if "each row" not in name])
def test_no_row_keeps_dtypes(name: str, way: str) -> None:
    none = _FRAME[:0]
    found, expected = _CASES[name](_cut(none, (0, 0))).compute(), _CASES[name](none)
    if isinstance(expected, pd.Series):
        tm.assert_series_equal(found, expected)
    else:
        tm.assert_frame_equal(found, expected)


def test_bad_input_is_named() -> None:
    df = _cut(_FRAME)
    with pytest.raises(KeyError, match=r"\['z'\] are no columns"):
        df.set_index(["k", "z"])
    with pytest.raises(KeyError, match="levels of an index are a list"):
        df.set_index(("k", "i"))
    with pytest.raises(NotImplementedError, match="rows stay where they are"):
        df.set_index(["k", "i"], sorted=True)
    with pytest.raises(NotImplementedError, match="assign them"):
        df.set_index([df.k, "i"])
    with pytest.raises(NotImplementedError, match="assign names"):
        rd.concat([df.i, df.f], axis=1, ignore_index=True)
    with pytest.raises(NotImplementedError, match=r"dropna\(axis=1\): .*notna\(\)\.all\(\)"):
        df.dropna(axis=1)
    with pytest.raises(NotImplementedError, match=r"pivot_table\(columns=None\): groupby"):
        df.pivot_table(index="k", values="i")
    with pytest.raises(AttributeError, match="no attribute '_v'"):
        _ = df._v
