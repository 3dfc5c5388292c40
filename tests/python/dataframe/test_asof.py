"""Merges by the nearest key are those of pandas, wherever partitions end."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pandas.testing as tm
import pytest
import raskt.dataframe as rd


@pytest.fixture
def trades() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return trades, and quotes at other times."""
    left = pd.DataFrame({"t": [1, 3, 3, 7, 10, 11], "who": list("abbaab"), "n": [5, 6, 7, 8, 9, 10]})
    right = pd.DataFrame({"t": [0, 2, 3, 6, 11], "who": list("ababb"), "price": [1.0, 2.0, 3.0, 6.0, 11.0]})
    return left, right


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"direction": "forward"},
        {"direction": "nearest"},
        {"allow_exact_matches": False},
        {"tolerance": 1},
        {"by": "who"},
        {"by": "who", "suffixes": ("", "_r"), "direction": "nearest"},
    ],
    ids=str,
)
@pytest.mark.parametrize("n_right", [1, 3])
def test_nearest_keys(options: dict[str, Any], n_right: int, way: str, trades: tuple[Any, Any]) -> None:
    left, right = trades
    lazy = rd.from_pandas(left, npartitions=4), rd.from_pandas(right, npartitions=n_right)
    found = rd.merge_asof(*lazy, on="t", **options).compute().reset_index(drop=True)
    tm.assert_frame_equal(found, pd.merge_asof(left, right, on="t", **options))


def test_nearest_labels(way: str, trades: tuple[Any, Any]) -> None:
    left, right = (frame.set_index("t") for frame in trades)
    found = rd.merge_asof(rd.from_pandas(left, npartitions=3), right, left_index=True, right_index=True)
    expected = pd.merge_asof(left, right, left_index=True, right_index=True)
    tm.assert_frame_equal(found.compute(), expected)
    assert found.known_divisions


def test_what_has_no_order_is_an_error(trades: tuple[Any, Any]) -> None:
    left, right = trades
    df = rd.from_pandas(left, npartitions=2)
    with pytest.raises(ValueError, match="found 'sideways'"):
        rd.merge_asof(df, right, on="t", direction="sideways")
    with pytest.raises(ValueError, match="right keys must be sorted"):
        rd.merge_asof(df, right[::-1], on="t").compute()
    with pytest.raises(KeyError, match="q"):
        rd.merge_asof(df, right, on="q")
    with pytest.raises(TypeError, match="expected a dataframe or series, found int"):
        rd.merge_asof(df, 3, on="t")
