"""What tests of dataframes share: both ways of every operation, and frames of many dtypes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
import raskt

# With bottleneck, which xarray asks for, pandas' reductions return Python's numbers in place of NumPy's.
pd.set_option("compute.use_bottleneck", False)


@pytest.fixture(params=["native", "library"])
def way(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run a test with native kernels, and with pandas' methods on the same partitions."""
    with raskt.config.set({"dataframe.native": request.param == "native"}):
        yield request.param


@pytest.fixture
def mixed() -> pd.DataFrame:
    """Return a frame of many dtypes, with missing values where there can be some."""
    return pd.DataFrame(
        {
            "i": np.array([3, 1, 2, 7, 5, 4], dtype="int64"),
            "small": np.array([1, 2, 3, 4, 5, 6], dtype="int8"),
            "f": [0.5, np.nan, 1.5, -2.0, np.inf, 3.0],
            "b": [True, False, True, True, False, False],
            "s": ["a", "b", None, "a", "", "ü"],
            "t": pd.to_datetime(
                ["2013-01-01", "2013-06-01T12:30", None, "2014-01-01", "1969-12-31", "2000-02-29"],
                format="ISO8601",
            ),
            "z": pd.date_range("2013-01-01", periods=6, tz="Europe/Oslo"),
            "m": pd.array([1, None, 3, 4, None, 6], dtype="Int64"),
            "c": pd.Categorical(["x", "y", "x", None, "y", "x"]),
            "o": pd.Series([1, None, "a", "s", 2, 3.5], dtype=object),
        }
    )
