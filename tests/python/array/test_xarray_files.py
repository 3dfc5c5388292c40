"""Files that xarray opens as Raskt's arrays, and writes from them."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import raskt.array as ra
import xarray as xr
from air import CHUNKS, air, library

RASKT: Any = {"chunked_array_type": "raskt"}


@pytest.fixture(scope="module")
def whole() -> xr.Dataset:
    return air(240)


@pytest.fixture
def lazy(whole: xr.Dataset) -> xr.Dataset:
    return whole.chunk(CHUNKS, **RASKT)


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_zarr_there_and_back(zarr_format: int, whole: xr.Dataset, lazy: xr.Dataset, tmp_path: Path) -> None:
    place = str(tmp_path / "air.zarr")
    lazy.to_zarr(place, zarr_format=zarr_format, consolidated=False)
    found = xr.open_zarr(place, consolidated=False, **RASKT)
    assert library(found) == {"raskt"}
    assert found.chunksizes == lazy.chunksizes
    xr.testing.assert_identical(found.compute(), whole)
    xr.testing.assert_allclose(found.air.mean("time").compute(), whole.air.mean("time"))


def test_zarr_grows_and_regions_are_replaced(whole: xr.Dataset, lazy: xr.Dataset, tmp_path: Path) -> None:
    place = str(tmp_path / "air.zarr")
    first, second = lazy.isel(time=slice(0, 150)), lazy.isel(time=slice(150, None))
    first.to_zarr(place, consolidated=False)
    second.to_zarr(place, append_dim="time", consolidated=False)
    xr.testing.assert_identical(xr.open_zarr(place, consolidated=False, **RASKT).compute(), whole)
    part = (first * 0).drop_vars(["lat", "lon", "time"])
    part.to_zarr(place, region={"time": slice(0, 150)}, consolidated=False)
    found = xr.open_zarr(place, consolidated=False, **RASKT).days.compute()
    assert int(found[:150].sum()) == 0
    np.testing.assert_array_equal(found[150:], whole.days[150:])


def test_chunks_that_share_a_chunk_of_the_file_are_refused(lazy: xr.Dataset, tmp_path: Path) -> None:
    encoding = {"air": {"chunks": (100, 5, 4)}}
    with pytest.raises(ValueError, match="chunks"):
        lazy.to_zarr(str(tmp_path / "air.zarr"), encoding=encoding, consolidated=False)


@pytest.mark.parametrize("engine", ["netcdf4", "h5netcdf", "scipy"])
def test_netcdf_there_and_back(engine: Any, whole: xr.Dataset, lazy: xr.Dataset, tmp_path: Path) -> None:
    place = str(tmp_path / "air.nc")
    kept = lazy.assign(days=lazy.days.astype("i4"))
    kept.to_netcdf(place, engine=engine)
    with xr.open_dataset(place, engine=engine, chunks=CHUNKS, **RASKT) as found:
        assert library(found) == {"raskt"}
        assert found.chunksizes == lazy.chunksizes
        xr.testing.assert_equal(found.compute(), whole)
        assert float(found.air.sum().compute()) == pytest.approx(float(whole.air.sum()))


def test_automatic_chunks_of_files(whole: xr.Dataset, tmp_path: Path) -> None:
    place = str(tmp_path / "air.nc")
    whole.to_netcdf(place)
    with xr.open_dataset(place, chunks="auto", **RASKT) as found:
        assert found.chunksizes["time"] == (240,)
    with xr.open_dataset(place, chunks={}, **RASKT) as found:
        assert isinstance(found.air.data, ra.Array)


def test_writing_later(whole: xr.Dataset, lazy: xr.Dataset, tmp_path: Path) -> None:
    place = str(tmp_path / "air.zarr")
    later = lazy.to_zarr(place, compute=False, consolidated=False)
    assert np.isnan(xr.open_zarr(place, consolidated=False, **RASKT).air.compute()).all()
    later.compute()
    xr.testing.assert_identical(xr.open_zarr(place, consolidated=False, **RASKT).compute(), whole)


def test_several_files_are_one(whole: xr.Dataset, tmp_path: Path) -> None:
    for at in range(3):
        whole.isel(time=slice(at * 80, at * 80 + 80)).to_netcdf(tmp_path / f"{at}.nc")
    with xr.open_mfdataset(
        sorted(map(str, tmp_path.glob("*.nc"))), chunks={}, combine="nested", concat_dim="time", **RASKT
    ) as found:
        assert library(found) == {"raskt"}
        assert found.chunksizes["time"] == (80, 80, 80)
        xr.testing.assert_identical(found.compute(), whole)


def test_times_of_other_calendars(tmp_path: Path) -> None:
    times = xr.date_range("2001-01-01", periods=60, freq="D", calendar="noleap", use_cftime=True)
    whole = xr.Dataset({"x": ("time", np.arange(60.0))}, coords={"time": times})
    place = str(tmp_path / "noleap.nc")
    whole.to_netcdf(place)
    with xr.open_dataset(place, chunks={"time": 20}, **RASKT) as found:
        monthly = found.groupby("time.month").mean().compute()
    xr.testing.assert_allclose(monthly, whole.groupby("time.month").mean())


@pytest.mark.parametrize("mask_and_scale", [True, False])
def test_zarr_in_folders_is_read_by_the_engine(
    mask_and_scale: bool, whole: xr.Dataset, tmp_path: Path
) -> None:
    place = tmp_path / "air.zarr"
    packed = {"dtype": "i2", "scale_factor": 0.5, "add_offset": 270.0, "_FillValue": -1}
    gaps = whole.where(whole.air > 280)
    gaps.to_zarr(place, encoding={"air": packed}, consolidated=False)
    read = functools.partial(xr.open_zarr, place, consolidated=False, mask_and_scale=mask_and_scale)
    found, expected = read(**RASKT), read(chunks=None)
    xr.testing.assert_identical(found.compute(), expected.compute())
    part = {"time": slice(3, 90, 2), "lat": 1}
    xr.testing.assert_identical(found.isel(part).compute(), expected.isel(part).compute())
    assert found.air.dtype == expected.air.dtype
    first = next(path for path in (place / "air" / "c").rglob("*") if path.is_file())
    first.write_bytes(b"no chunk")
    with pytest.raises(ValueError, match=f"{first}: damaged at byte 0"):
        found.air.compute()
