"""xarray on Raskt's arrays, held to xarray on NumPy's and on Dask's."""

from __future__ import annotations

import subprocess
import sys
import warnings
from typing import Any

import dask.array as da
import numpy as np
import pandas as pd
import pytest
import raskt
import raskt.array as ra
import xarray as xr
from air import CHUNKS, air, library
from raskt.xarray import ChunkManager


@pytest.fixture(scope="module")
def whole() -> xr.Dataset:
    return air()


@pytest.fixture(scope="module")
def lazy(whole: xr.Dataset) -> xr.Dataset:
    return whole.chunk(CHUNKS, chunked_array_type="raskt")


def held(function: Any, whole: xr.Dataset, lazy: xr.Dataset) -> None:
    """Hold a function of Raskt's arrays to one of NumPy's: the result is lazy, and the same."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        found, expected = function(lazy), function(whole)
        assert library(found) == {"raskt"}
        computed = found.compute()
    assert library(computed) == set()
    narrow = any(v.dtype == np.float32 for v in ([found] if hasattr(found, "variable") else found.values()))
    xr.testing.assert_allclose(computed, expected, rtol=1e-6 if narrow else 1e-9)
    for name in expected.variables if isinstance(expected, xr.Dataset) else ():
        assert computed[name].dtype == expected[name].dtype, name
    assert computed.attrs == expected.attrs


def top(block: Any) -> Any:
    return np.sort(block)[..., -2:]


OPERATIONS: dict[str, Any] = {
    "arithmetic": lambda d: (d - d.mean("time")) / d.std("time"),
    "reductions": lambda d: xr.merge([d.max(), d.min(["lat", "lon"]).rename(air="a", days="b")]),
    "counts": lambda d: d.isnull().sum("lat"),
    "median": lambda d: d.chunk(time=-1).median("time"),
    "quantile": lambda d: d.air.chunk(time=-1).quantile([0.1, 0.5], dim="time"),
    "where": lambda d: d.where(d.air > 280),
    "where of three": lambda d: xr.where(d.air > 280, d.air, d.days),
    "fillna": lambda d: d.fillna(0.0),
    "selection": lambda d: d.sel(time="2013-03", lat=45),
    "lists along two axes": lambda d: d.isel(lat=[0, 2, 1], lon=[3, 0, 1]),
    "lists of one length": lambda d: d.air[:, [0, 1], [1, 2]],
    "points": lambda d: d.isel(lat=xr.DataArray([0, 1], dims="p"), lon=xr.DataArray([2, 1], dims="p")),
    "every third": lambda d: d.isel(time=slice(None, None, -3)),
    "concat": lambda d: xr.concat([d.isel(time=slice(100, None)), d.isel(time=slice(0, 100))], "time"),
    "stack": lambda d: d.stack(z=("lat", "lon")).unstack("z"),
    "transpose": lambda d: d.transpose("lon", ...),
    "shift": lambda d: xr.merge([d.shift(time=3), d.roll(time=5).rename(air="a", days="b")]),
    "pad": lambda d: d.pad(lon=2, constant_values=1.0),
    "diff": lambda d: d.diff("time"),
    "cumsum": lambda d: d.cumsum("time"),
    "ffill": lambda d: d.ffill("time"),
    "ffill with a limit": lambda d: d.air.ffill("time", limit=1),
    "coarsen": lambda d: d.coarsen(time=4, boundary="trim").mean(),
    "rolling mean": lambda d: d.air.rolling(time=5).mean(),
    "rolling, centred": lambda d: d.air.rolling(time=5, center=True, min_periods=1).sum(),
    "rolling of two axes": lambda d: d.air.rolling(lat=2, lon=2).mean(),
    "rolling windows": lambda d: d.air.rolling(time=3).construct("w").mean("w"),
    "weighted": lambda d: d.air.weighted(np.cos(np.deg2rad(d.lat))).mean(("lat", "lon")),
    "correlation": lambda d: xr.corr(d.air, d.days, dim="time"),
    "dot": lambda d: xr.dot(d.air.fillna(0), d.air.fillna(0), dim="time"),
    "idxmax": lambda d: d.air.fillna(0).idxmax("lon"),
    "interp": lambda d: d.air.interp(lat=[30, 33.0], lon=[211, 250.0]),
    "interp, nearest": lambda d: d.air.interp(lat=[42, 33.0], method="nearest"),
    "interp of times": lambda d: d.air.interp(time=pd.date_range("2013-01-02", periods=5, freq="5h")),
    "interp of points": lambda d: d.air.interp(
        lat=xr.DataArray([40, 33.0], dims="z"), lon=xr.DataArray([211, 240.0], dims="z")
    ),
    "reindex": lambda d: d.reindex(lat=[25, 35, 99.0]),
    "sortby": lambda d: d.sortby("lat"),
    "dtype": lambda d: d.astype("f4"),
    "ufuncs": lambda d: xr.ufuncs.deg2rad(d.air) + xr.ufuncs.maximum(d.air, 0),
    "like": lambda d: xr.merge([xr.full_like(d.air, 3.0), xr.zeros_like(d.days)]),
    "differentiate": lambda d: d.air.differentiate("lon"),
    "integrate": lambda d: d.air.fillna(0).integrate("lon"),
    "apply_ufunc": lambda d: xr.apply_ufunc(
        np.square, d.air, dask="parallelized", output_dtypes=[float], keep_attrs=True
    ),
    "apply_ufunc of rows": lambda d: xr.apply_ufunc(
        top,
        d.air,
        input_core_dims=[["lon"]],
        output_core_dims=[["best"]],
        dask="parallelized",
        output_dtypes=[float],
        dask_gufunc_kwargs={"output_sizes": {"best": 2}},
        keep_attrs=True,
    ),
    "apply_ufunc, vectorized": lambda d: xr.apply_ufunc(
        np.ptp,
        d.air.isel(time=slice(20)),
        input_core_dims=[["lon"]],
        vectorize=True,
        dask="parallelized",
        output_dtypes=[float],
        keep_attrs=True,
    ),
    "map_blocks": lambda d: d.map_blocks(lambda block: block * 2),
    "map_blocks of one": lambda d: xr.map_blocks(lambda block: block.mean("lon"), d.air),
    "map_blocks of two": lambda d: d.map_blocks(lambda a, b: a - b, args=[d.air.mean("lon")]),
    "map_blocks by template": lambda d: xr.map_blocks(
        lambda block: block.isel(lon=[0]), d.air, template=d.air.isel(lon=[0])
    ),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_operations_are_lazy_and_those_of_numpy(name: str, whole: xr.Dataset, lazy: xr.Dataset) -> None:
    held(OPERATIONS[name], whole, lazy)


GROUPS: dict[str, Any] = {
    "mean": lambda d: d.groupby("time.month").mean(),
    "narrow mean": lambda d: d.astype("f4").groupby("time.month").mean(),
    "sum": lambda d: d.groupby("time.season").sum(),
    "sum with min_count": lambda d: d.air.groupby("time.season").sum(min_count=400),
    "max": lambda d: d.groupby("time.month").max(),
    "min": lambda d: d.groupby("time.dayofyear").min(),
    "count": lambda d: d.groupby("time.month").count(),
    "std": lambda d: d.groupby("time.month").std(ddof=1),
    "median": lambda d: d.chunk(time=-1).groupby("time.month").median("time"),
    "holes count": lambda d: d.groupby("time.month").mean(skipna=False),
    "short runs": lambda d: d.groupby("time.hour").mean(),
    "anomaly": lambda d: d.groupby("time.month") - d.groupby("time.month").mean(),
    "map": lambda d: d.groupby("time.season").map(lambda group: group - group.mean("time")),
    "bins": lambda d: d.groupby_bins("lat", [0, 40, 60, 99]).mean(),
    "bins with nothing": lambda d: d.air.groupby_bins("lat", [0, 10, 60, 99]).sum(),
    "resample": lambda d: d.resample(time="MS").mean(),
    "resample, maximum": lambda d: d.resample(time="QS").max(),
    "resample upwards": lambda d: d.air.resample(time="6h").ffill(),
    "resample, interpolated": lambda d: (
        d.air.isel(time=slice(50)).chunk(time=-1).resample(time="6h").interpolate("linear")
    ),
    "running sums": lambda d: d.air.groupby("time.month").cumsum(),
    "running sums in order": lambda d: d.air.resample(time="MS").cumsum(),
    "running sums of lists": lambda d: d.air.fillna(0).groupby("lat").cumsum(),
    "two groupers": lambda d: d.air.groupby(["time.year", "time.month"]).mean(),
}


@pytest.mark.parametrize("flox", [True, False])
@pytest.mark.parametrize("name", GROUPS)
def test_groups_with_and_without_flox(name: str, flox: bool, whole: xr.Dataset, lazy: xr.Dataset) -> None:
    with xr.set_options(use_flox=flox):
        held(GROUPS[name], whole, lazy)


def test_the_manager_is_found_by_its_entry_point() -> None:
    from xarray.namedarray.parallelcompat import get_chunked_array_type, list_chunkmanagers

    assert isinstance(list_chunkmanagers()["raskt"], ChunkManager)
    assert isinstance(get_chunked_array_type(ra.ones(3)), ChunkManager)
    assert not isinstance(get_chunked_array_type(da.ones(3)), ChunkManager)


def test_dasks_arrays_stay_dasks(whole: xr.Dataset) -> None:
    made = whole.chunk(CHUNKS).groupby("time.month").mean()
    assert library(made) == {"dask"}
    assert library(made.map_blocks(lambda block: block * 2)) == {"dask"}
    xr.testing.assert_allclose(made.compute(), whole.groupby("time.month").mean())


def test_raskt_agrees_with_dask_lazily(whole: xr.Dataset, lazy: xr.Dataset) -> None:
    dasks = whole.chunk(CHUNKS)
    for function in (GROUPS["mean"], OPERATIONS["rolling mean"], OPERATIONS["interp"]):
        ours, theirs = function(lazy), function(dasks)
        assert ours.sizes == theirs.sizes
        xr.testing.assert_allclose(ours.compute(), theirs.compute())


def test_chunk_keeps_the_kind_of_array(lazy: xr.Dataset) -> None:
    again = lazy.chunk(time=100)
    assert library(again) == {"raskt"}
    assert again.chunksizes["time"][:2] == (100, 100)
    assert lazy.chunk(time="auto").chunksizes["time"] == (730,)
    assert lazy.isel(time=slice(0)).chunk(time="auto").sizes["time"] == 0


def test_the_option_makes_it_the_default(whole: xr.Dataset) -> None:
    with xr.set_options(chunk_manager="raskt"):
        assert library(whole.chunk(CHUNKS)) == {"raskt"}


def test_compute_load_and_persist(lazy: xr.Dataset, whole: xr.Dataset) -> None:
    doubled = lazy * 2
    kept = doubled.persist()
    assert library(kept) == {"raskt"}
    xr.testing.assert_identical(kept.compute(), whole * 2)
    loaded = doubled.copy()
    assert loaded.load() is loaded
    assert library(loaded) == set()
    (together,) = raskt.compute(lazy.mean())
    xr.testing.assert_allclose(together, whole.mean())


def test_parts_of_dates_are_lazy(whole: xr.Dataset) -> None:
    times = xr.DataArray(whole.time.data, dims="t")
    lazy = times.chunk(t=100, chunked_array_type="raskt")
    for part in ("month", "dayofyear"):
        found = getattr(lazy.dt, part)
        assert library(found) == {"raskt"}
        assert found.dtype == found.compute().dtype
        np.testing.assert_array_equal(found, getattr(times.dt, part))
    np.testing.assert_array_equal(lazy.dt.floor("D"), times.dt.floor("D"))


def test_a_block_of_another_dtype_than_promised_is_an_error(lazy: xr.Dataset) -> None:
    wrong = xr.apply_ufunc(
        lambda block: block.astype("f4"), lazy.air, dask="parallelized", output_dtypes=[np.int64]
    )
    with pytest.raises(TypeError, match="int64 was promised"):
        wrong.compute()


def test_xarray_is_not_imported_by_arrays() -> None:
    program = "import sys, raskt.array as ra; ra.ones(3).sum().compute(); assert 'xarray' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)
