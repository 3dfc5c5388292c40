"""Scalars beside columns: NumPy's, and those that are computed, take part as in pandas."""

from __future__ import annotations

import operator
import pathlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pandas.testing as tm
import pytest
import raskt.dataframe as rd

_COMPARISONS = [operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge]
_ARITHMETIC = [operator.add, operator.sub, operator.mul, operator.truediv]
_DTYPES = [
    "int8",
    "uint8",
    "int64",
    "uint64",
    "float32",
    "float64",
    "bool",
    "Int8",
    "Int64",
    "Float32",
    "Float64",
]


def _outcome(function: Callable[[], Any]) -> Any:
    """Return what a function returns, or the class of its error."""
    try:
        with np.errstate(all="ignore"):
            found = function()
            return found.compute() if hasattr(found, "compute") else found
    except (NotImplementedError, OverflowError, TypeError, ValueError) as error:
        return type(error)


def _same(found: Any, expected: Any, what: object) -> None:
    if isinstance(expected, pd.Series):
        assert isinstance(found, pd.Series), what
        tm.assert_series_equal(found, expected, check_exact=True, obj=str(what))
    else:
        assert found == expected or (pd.isna(found) and pd.isna(expected)), what
        assert type(found) is type(expected), what


@pytest.fixture
def columns() -> dict[str, Any]:
    """Return columns of numbers of several dtypes."""
    made = {dtype: pd.Series([1, 0, 1, 1]).astype(dtype) for dtype in _DTYPES}
    made["narrow"] = pd.Series([0.1, 1.1, np.nan, 3e38], dtype="float32")
    made["narrow and nullable"] = pd.Series(pd.array([0.1, 1.1, None, 3e38], dtype="Float32"))
    return made


def test_scalars_of_numpy(way: str, columns: dict[str, Any]) -> None:
    scalars = [np.float64(0.1), np.float64(1.1), np.float32(0.1), np.int64(3), np.int64(300), np.bool_(True)]
    for name, column in columns.items():
        lazy = rd.from_pandas(column, npartitions=2)
        for scalar in scalars:
            for function in _COMPARISONS + _ARITHMETIC:
                expected = _outcome(lambda f=function, c=column, s=scalar: f(c, s))
                _same(
                    _outcome(lambda f=function, c=lazy, s=scalar: f(c, s)), expected, (name, scalar, function)
                )


def test_methods_take_floats_of_64_bits_beside_32_as_pandas(way: str, columns: dict[str, Any]) -> None:
    calls: list[Callable[[Any], Any]] = [
        lambda s: s.clip(np.float64(0.3)),
        lambda s: s.clip(0.3),
        lambda s: s.fillna(np.float64(0.3)),
        lambda s: s.where(s > 0.5, np.float64(0.3)),
        lambda s: s.mask(s > 0.5, 0.25),
        lambda s: s.between(np.float64(0.1), np.float64(1.1)),
        lambda s: s.gt(np.float64(0.1)),
        lambda s: s.add(np.float64(0.1)),
    ]
    for name in ("narrow", "narrow and nullable", "float64", "Float64"):
        for at, call in enumerate(calls):
            expected = _outcome(lambda c=call, n=name: c(columns[n]))
            found = _outcome(lambda c=call, n=name: c(rd.from_pandas(columns[n], npartitions=2)))
            _same(found, expected, (name, at))


def test_scalars_that_are_computed(way: str, columns: dict[str, Any]) -> None:
    """In pandas these are scalars of NumPy's, which are weak in arithmetic, and not in comparisons."""
    sources = {name: columns[name] for name in ("int64", "uint64", "narrow", "float64", "Int64", "Float32")}
    sources["large"] = columns["int64"] * 300
    for source_name, source in sources.items():
        lazy_source = rd.from_pandas(source, npartitions=2)
        for reduce in ("max", "mean"):
            scalar = getattr(source, reduce)()
            lazy_scalar = getattr(lazy_source, reduce)()
            for name, column in columns.items():
                lazy = rd.from_pandas(column, npartitions=2)
                for f in (operator.add, operator.truediv, operator.le):
                    expected = _outcome(lambda f=f, c=column, s=scalar: f(c, s))
                    found = _outcome(lambda f=f, c=lazy, s=lazy_scalar: f(c, s))
                    _same(found, expected, (name, source_name, reduce, f))


def test_scalars_that_are_computed_beside_scalars(way: str, columns: dict[str, Any]) -> None:
    for name in ("narrow", "float64", "int64"):
        scalar, lazy = columns[name].max(), rd.from_pandas(columns[name], npartitions=2).max()
        for other in (np.float64(0.1), 0.1, 2):
            for f in (operator.add, operator.mul, operator.gt):
                expected = _outcome(lambda f=f, a=scalar, b=other: f(a, b))
                _same(_outcome(lambda f=f, a=lazy, b=other: f(a, b)), expected, (name, other, f))


def test_dictionaries_of_users_are_no_parameters_whatever_their_keys(way: str) -> None:
    frame = pd.DataFrame({"operand": [1.0, None], "dtype": [None, 2.0], "dict": [None, None]})
    frame["t"] = pd.to_datetime(frame["dict"])
    lazy = rd.from_pandas(frame, npartitions=2)
    for filler in (
        {"operand": 0},
        {"dtype": 3.0, "value": 1},
        {"dict": 5.0},
        {"tuple": 1, "operand": 2.0},
        {"operand": 7.0, 3: 2},
        {"t": pd.Timestamp("2013-01-01")},
    ):
        tm.assert_frame_equal(lazy.fillna(filler).compute(), frame.fillna(filler))

    def told(part: pd.DataFrame, what: Any, **more: Any) -> pd.Series:
        return pd.Series([repr(what) + repr(more)] * len(part), index=part.index)

    time = pd.Timestamp("2013-01-01", tz="Europe/Oslo")
    for given in ({"dtype": "int8"}, {"operand": 0}, {"a": {"operand": 0}}, {"a": time, "b": [time]}):
        found = lazy.map_partitions(told, given, more=given, meta=pd.Series([], dtype=str))
        assert found.compute().tolist() == [repr(given) + repr({"more": given})] * 2


def test_functions_of_users_get_times_and_scalars_as_they_are() -> None:
    time, number = pd.Timestamp("2013-01-01"), np.float64(2.5)
    lazy = rd.from_map(lambda t, n: pd.DataFrame({"t": [t], "type": [type(n).__name__]}), [time], [number])
    tm.assert_frame_equal(lazy.compute(), pd.DataFrame({"t": [time], "type": ["float64"]}))
    found = lazy.t.reduction(
        lambda part, since: (part - since).max(),
        lambda parts, since: (parts.max(), since),
        chunk_kwargs={"since": time},
        aggregate_kwargs={"since": time},
        meta=1.0,
    )
    assert found.compute() == (pd.Timedelta(0), time)


def test_readers_and_makers_of_partitions_get_dictionaries_as_they_are(
    tmp_path: pathlib.Path, way: str
) -> None:
    path = tmp_path / "a.csv"
    frame = pd.DataFrame({"a": ["x", "y"] * 20, "n": range(40)})
    frame.to_csv(path, index=False)
    dtypes = {"a": "category", "n": "Int64"}
    found = rd.read_csv(path, dtype=dtypes, blocksize=60)
    assert found.npartitions > 1
    expected = pd.read_csv(path, dtype=dtypes)
    tm.assert_frame_equal(found.compute().reset_index(drop=True), expected)
    found = rd.from_map(
        lambda given, more: pd.DataFrame(given | more), [{"dtype": [1]}], more={"operand": [2]}
    )
    tm.assert_frame_equal(found.compute(), pd.DataFrame({"dtype": [1], "operand": [2]}))
