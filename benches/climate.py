"""The climate example of docs/xarray.md on Raskt's arrays and on Dask's: at least 4 times as fast.

Daily temperatures are read from zarr; the mean of each month, what days differ from it, and its rolling mean
over 30 days are written to zarr. xarray and zarr do the same on both sides, with flox. Results are compared.

    python benches/climate.py [years] [rounds]
"""

from __future__ import annotations

import functools
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import raskt  # noqa: F401 - the wheel whose entry point xarray finds
import xarray as xr
from _claims import Claim, conclude, in_turn, medians, table

CHUNKS = {"time": 365, "latitude": 18, "longitude": 36}


def write_daily(place: str, years: int) -> None:
    """Write the temperatures that both sides read."""
    time_ = pd.date_range("1981-01-01", periods=365 * years, freq="D")
    latitude, longitude = np.arange(-87.5, 90, 5.0), np.arange(0.0, 360.0, 5.0)
    season = 10 * np.cos((time_.day_of_year.to_numpy() - 20) * (2 * np.pi / 365))
    rng = np.random.default_rng(1)
    noise = rng.normal(size=(time_.size, latitude.size, longitude.size))
    kelvin = (288 - season[:, None, None] + noise).astype("f4")
    dims = ("time", "latitude", "longitude")
    coords = {"time": time_, "latitude": latitude, "longitude": longitude}
    whole = xr.Dataset({"t2m": (dims, kelvin)}, coords=coords)
    encoding: Any = {"t2m": {"chunks": tuple(CHUNKS.values())}}
    whole.to_zarr(place, encoding=encoding, consolidated=False)


def anomalies(source: str, target: str, manager: str) -> float:
    """Seconds of the example."""
    shutil.rmtree(target, ignore_errors=True)
    begin = time.perf_counter()
    daily = xr.open_zarr(source, chunks=CHUNKS, chunked_array_type=manager, consolidated=False)
    usual = daily.groupby("time.month").mean()
    anomaly = daily.groupby("time.month") - usual
    smooth = anomaly.drop_vars("month").rolling(time=30, min_periods=1).mean()
    smooth.chunk(CHUNKS).drop_encoding().to_zarr(target, consolidated=False)
    return time.perf_counter() - begin


def main() -> int:
    """Measure."""
    years = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    with tempfile.TemporaryDirectory() as folder:
        source = str(Path(folder, "daily.zarr"))
        write_daily(source, years)
        targets = {name: str(Path(folder, f"{name}.zarr")) for name in ("dask", "raskt")}
        sides = {name: functools.partial(anomalies, source, targets[name], name) for name in targets}
        for side in sides.values():
            side()
        found = in_turn(sides, rounds)
        ours, theirs = (
            xr.open_zarr(targets[name], chunks=None, consolidated=False).compute()
            for name in ("raskt", "dask")
        )
        xr.testing.assert_allclose(ours, theirs, atol=1e-2)
    seconds = medians(found)
    table(["climate example", "seconds"], [(name, seconds[name]) for name in sides])
    return conclude([Claim("climate", seconds["dask"] / seconds["raskt"], 4, "times Dask", at_least=True)])


if __name__ == "__main__":
    sys.exit(main())
