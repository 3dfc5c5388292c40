"""A data set like xarray's tutorial of air temperatures, made here."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

CHUNKS = {"time": 150, "lat": 2}


def air(n: int = 730) -> xr.Dataset:
    """Two years of temperatures, twelve-hourly, with holes, and whole numbers beside them."""
    rng = np.random.default_rng(13)
    time = pd.date_range("2013-01-01", periods=n, freq="12h")
    lat, lon = np.arange(75.0, 25.0, -10.0), np.arange(200.0, 260.0, 15.0)
    season = 280 + 10 * np.sin(np.arange(n) * (2 * np.pi / 730))
    kelvin = season[:, None, None] + rng.normal(size=(n, lat.size, lon.size))
    kelvin[rng.random(kelvin.shape) < 0.01] = np.nan
    dims = ("time", "lat", "lon")
    return xr.Dataset(
        {
            "air": (dims, kelvin, {"units": "K"}),
            "days": (dims, rng.integers(0, 9, kelvin.shape)),
        },
        coords={"time": time, "lat": lat, "lon": lon},
        attrs={"title": "made"},
    )


def library(obj: Any) -> set[str]:
    """The packages of all lazy arrays that an object of xarray's holds."""
    variables = [obj.variable] if hasattr(obj, "variable") else list(obj.variables.values())
    return {type(v._data).__module__.partition(".")[0] for v in variables} - {"numpy", "xarray", "pandas"}
