"""Arrays in files of other formats: stacks of `.npy`, HDF5, netCDF, memory maps; stores that fail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dask.array as da
import h5py
import netCDF4
import numpy as np
import pytest
import raskt.array as ra
import zarr

VALUES = np.arange(60.0).reshape(10, 6)


@pytest.fixture
def x() -> ra.Array:
    return ra.from_array(VALUES, chunks=(4, 3))


# ---- stacks of .npy ----


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("mmap_mode", ["r", None])
def test_stacks_there_and_back(axis: int, mmap_mode: Any, x: ra.Array, tmp_path: Path) -> None:
    ra.to_npy_stack(tmp_path / "stack", x, axis)
    found = ra.from_npy_stack(tmp_path / "stack", mmap_mode)
    assert found.chunks[axis] == x.chunks[axis]
    np.testing.assert_array_equal(found.compute(), VALUES)
    np.testing.assert_array_equal(found[1:9:2, 2:5].compute(), VALUES[1:9:2, 2:5])
    np.testing.assert_array_equal(found.rechunk((5, 5)).sum(0).compute(), VALUES.sum(0))
    np.testing.assert_array_equal(da.from_npy_stack(tmp_path / "stack").compute(), VALUES)
    assert not list((tmp_path / "stack").glob("*.unfinished"))


def test_bytes_stay_in_their_order(tmp_path: Path) -> None:
    values = VALUES.astype(">f8")
    x = ra.from_array(values, chunks=(4, 3))
    ra.to_npy_stack(tmp_path / "stack", x)
    ra.to_zarr(x, tmp_path / "x.zarr", zarr_format=2)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["x"] = values
        for own in (
            x,
            x[1:, ::2].rechunk(5),
            ra.from_npy_stack(tmp_path / "stack"),
            ra.from_zarr(tmp_path / "x.zarr"),
            ra.from_array(file["x"], chunks=(4, 3)),
        ):
            assert own.dtype == own.compute().dtype == values.dtype
            assert own.dtype.byteorder == ">"
        np.testing.assert_array_equal(own.compute(), VALUES)


def test_a_stack_has_an_axis(x: ra.Array, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="an array without axes"):
        ra.to_npy_stack(tmp_path / "stack", x.sum())
    with pytest.raises(np.exceptions.AxisError, match="axis 2 is out of bounds"):
        ra.to_npy_stack(tmp_path / "stack", x, 2)
    assert not (tmp_path / "stack").exists()


def test_stacks_of_dask_are_read(tmp_path: Path) -> None:
    da.to_npy_stack(tmp_path / "stack", da.from_array(VALUES, chunks=(4, 3)), axis=1)
    np.testing.assert_array_equal(ra.from_npy_stack(tmp_path / "stack").compute(), VALUES)


def test_a_stack_that_is_damaged_names_file_and_place(x: ra.Array, tmp_path: Path) -> None:
    ra.to_npy_stack(tmp_path, x)
    found = ra.from_npy_stack(tmp_path)
    whole = (tmp_path / "1.npy").read_bytes()
    (tmp_path / "1.npy").write_bytes(whole[:-7])
    with pytest.raises(ValueError, match=rf"1\.npy ends at byte {len(whole) - 7}.* needs {len(whole)}"):
        found.sum().compute()
    (tmp_path / "1.npy").write_bytes(b"nothing of the kind")
    with pytest.raises(ValueError, match=r"1\.npy has no header of a \.npy file, at byte"):
        found.sum().compute()
    np.save(tmp_path / "1.npy", np.zeros((4, 6), "i4"))
    with pytest.raises(ValueError, match="holds int32 of shape"):
        found.sum().compute()
    (tmp_path / "1.npy").unlink()
    with pytest.raises(FileNotFoundError, match=r"1\.npy"):
        found.sum().compute()
    (tmp_path / "info").write_bytes((tmp_path / "info").read_bytes()[:20])
    with pytest.raises(ValueError, match="info is not what to_npy_stack writes"):
        ra.from_npy_stack(tmp_path)


def test_the_description_of_a_stack_runs_no_code(tmp_path: Path) -> None:
    (tmp_path / "info").write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    with pytest.raises(ValueError, match="info is not what to_npy_stack writes"):
        ra.from_npy_stack(tmp_path)


# ---- HDF5 and netCDF ----


def test_hdf5_there_and_back(x: ra.Array, tmp_path: Path) -> None:
    name = tmp_path / "x.hdf5"
    ra.to_hdf5(name, {"/a": x, "/g/b": x * 2}, compression="gzip")
    x.to_hdf5(name, "/c", chunks=None)
    with h5py.File(name) as file:
        assert (file["a"].chunks, file["a"].compression, file["c"].chunks) == ((4, 3), "gzip", None)
        found = ra.from_array(file["a"])
        np.testing.assert_array_equal(found.compute(), VALUES)
        np.testing.assert_array_equal(
            (ra.from_array(file["g/b"]) + found)[2:, 1].compute(), VALUES[2:, 1] * 3
        )
    with pytest.raises(TypeError, match=r"[Ss]hape"):
        ra.to_hdf5(name, "/a", x[:3])
    with pytest.raises(ValueError, match="dictionary"):
        ra.to_hdf5(name, x)


def test_variables_of_netcdf_are_read_one_at_a_time(tmp_path: Path) -> None:
    with netCDF4.Dataset(tmp_path / "x.nc", "w") as file:
        file.createDimension("a", 200)
        file.createDimension("b", 6)
        made = file.createVariable("v", "f8", ("a", "b"))
        made[:] = np.arange(1200.0).reshape(200, 6)
        found = ra.from_array(made, chunks=(5, 3))
        assert found.sum().compute() == 1199 * 600


def test_memory_maps_are_read_where_they_lie(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", VALUES)
    found = ra.from_array(np.load(tmp_path / "x.npy", mmap_mode="r"), chunks=5)
    np.testing.assert_array_equal((found * 2).compute(), VALUES * 2)


# ---- store ----


class Failing:
    """A target that fails where the third row is written."""

    name = "failing"

    def __init__(self) -> None:
        self.values, self.calls, self.is_whole = np.zeros((10, 6)), 0, False

    def __setitem__(self, index: Any, value: Any) -> None:
        self.calls += 1
        if index[0].start == 4 and not self.is_whole:
            raise OSError("disk full")
        self.values[index] = value


def test_a_failed_store_names_the_region(x: ra.Array) -> None:
    with pytest.raises(OSError, match="disk full") as caught:
        ra.store(x, Failing(), regions=(slice(0, 10), slice(0, 6)))
    notes = caught.value.__notes__
    assert any("while the region [4:8, " in note and "Failing failing" in note for note in notes)


def test_a_failed_store_goes_on_by_its_journal(x: ra.Array, tmp_path: Path) -> None:
    target, journal = Failing(), str(tmp_path / "journal")
    with pytest.raises(OSError, match="disk full"):
        ra.store(x, target, journal=journal, num_workers=1)
    before = target.calls
    with pytest.raises(ValueError, match="of another store"):
        ra.store(x + 1, target, journal=journal)
    target.is_whole = True
    ra.store(x, target, journal=journal)
    np.testing.assert_array_equal(target.values, VALUES)
    assert target.calls == before + 6 - (before - 1)
    assert not Path(journal).exists()


def test_zarr_goes_on_by_a_journal(x: ra.Array, tmp_path: Path) -> None:
    target = zarr.create_array(str(tmp_path / "x.zarr"), shape=(10, 6), chunks=(4, 3), dtype="f8")
    blocked = tmp_path / "x.zarr" / "c" / "1"
    blocked.parent.mkdir()
    blocked.write_text("in the way")
    with pytest.raises(OSError) as caught:
        ra.to_zarr(x, target, journal=str(tmp_path / "journal"))
    assert any("[4:8, " in note and "x.zarr" in note for note in caught.value.__notes__)
    blocked.unlink()
    ra.to_zarr(x, target, journal=str(tmp_path / "journal"))
    np.testing.assert_array_equal(target[:], VALUES)


@pytest.mark.parametrize("part", [(slice(None), slice(None)), (slice(1, 11), slice(0, 12, 2))], ids=str)
def test_processes_write_into_mapped_files(part: Any, x: ra.Array, tmp_path: Path) -> None:
    shape = (10, 6) if part[0] == slice(None) else (14, 12)
    target = np.lib.format.open_memmap(tmp_path / "x.npy", "w+", "f8", shape)[part]
    ra.store(x, target, scheduler="processes", num_workers=1)
    np.testing.assert_array_equal(target, VALUES)
    np.testing.assert_array_equal(np.load(tmp_path / "x.npy")[part], VALUES)


def test_memory_of_this_process_is_not_written_by_another(x: ra.Array) -> None:
    target = np.zeros((10, 6))
    with pytest.raises(TypeError, match="cannot be written by tasks of other processes"):
        ra.store(x, target, scheduler="processes", num_workers=1)
    assert not target.any()
