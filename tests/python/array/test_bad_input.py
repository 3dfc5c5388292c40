"""Bad input of arrays is refused as NumPy, SciPy or a format's library refuses it, early where it can be."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import h5py
import netCDF4
import numpy as np
import pytest
import raskt.array as ra
import zarr

VALUES = np.arange(600.0).reshape(20, 30)

SINGULAR = np.ones((4, 4))
INFINITE = np.diag([1.0, np.inf, 1.0, 1.0])


@pytest.fixture
def x() -> ra.Array:
    return ra.from_array(VALUES, chunks=(10, 15))


# ---- matrices ----


@pytest.mark.parametrize("name", ["svd", "svdvals", "eigh", "eigvalsh", "pinv", "matrix_rank", "cond"])
def test_nan_does_not_converge(name: str) -> None:
    bad = np.full((4, 4), np.nan)
    with pytest.raises(np.linalg.LinAlgError, match="did not converge"):
        getattr(np.linalg, name)(bad)
    found = getattr(ra.linalg, name)(ra.from_array(bad, chunks=2))
    with pytest.raises(np.linalg.LinAlgError, match="did not converge"):
        (found[0] if isinstance(found, tuple) else found).compute()


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("p", [1, -1, np.inf, "fro"])
@pytest.mark.parametrize(
    "matrix", [SINGULAR, INFINITE, np.full((4, 4), np.nan)], ids=["singular", "inf", "nan"]
)
def test_condition_numbers_of_the_worst_matrices(matrix: Any, p: Any) -> None:
    for a in (matrix, np.stack([matrix, np.eye(4)])):
        found = ra.linalg.cond(ra.from_array(a, chunks=2), p).compute()
        np.testing.assert_array_equal(found, np.linalg.cond(a, p))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_signs_of_determinants_that_are_no_numbers(value: float) -> None:
    a = np.diag([2.0, value, 1.0, -1.0])
    found = [float(part) for part in ra.linalg.slogdet(ra.from_array(a, chunks=2))]
    np.testing.assert_array_equal(found, np.linalg.slogdet(a))


@pytest.mark.parametrize("row", [0, 2, 3])
def test_a_triangle_that_is_singular_says_where(row: int) -> None:
    a = np.tril(np.ones((4, 4)))
    a[row, row] = 0
    with pytest.raises(np.linalg.LinAlgError, match=f"failed at diagonal {row}"):
        ra.linalg.solve_triangular(ra.from_array(a, chunks=2), np.ones(4), lower=True).compute()


def test_parameters_of_compressed_singular_values(x: ra.Array) -> None:
    for kwargs in ({"k": -1}, {"k": 2, "n_power_iter": -1}, {"k": 2, "n_oversamples": -1}):
        with pytest.raises(ValueError, match="must be 0 or more"):
            ra.linalg.svd_compressed(x, **kwargs)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="float"):
        ra.linalg.svd_compressed(x, 1.5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="SeedSequence expects int"):
        ra.linalg.svd_compressed(x, 2, seed="a")


# ---- random numbers ----


@pytest.mark.parametrize("seed", ["x", 1.5, [1.5], -1, [1, -2], slice(3)], ids=repr)
def test_seeds_are_numpys(seed: Any) -> None:
    with pytest.raises((TypeError, ValueError)) as expected:
        np.random.default_rng(seed)
    with pytest.raises(expected.type) as found:
        ra.random.default_rng(seed)
    assert str(found.value) == str(expected.value)


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, [1, -1]], ids=repr)
def test_legacy_seeds_are_numpys(seed: Any) -> None:
    with pytest.raises((TypeError, ValueError)) as expected:
        np.random.RandomState(seed)
    for make in (ra.random.RandomState, ra.random.RandomState().seed):
        with pytest.raises(expected.type) as found:
            make(seed)
        assert str(found.value) == str(expected.value)


def test_seeds_that_numpy_takes() -> None:
    for seed in (None, 0, 2**70, np.int64(3), [1, 2], np.array([1, 2]), (), np.random.SeedSequence(5), True):
        assert ra.random.default_rng(seed).random(3).compute().shape == (3,)
    for seed in (None, 0, 2**32 - 1, [1, 2], np.random.MT19937(1)):
        assert ra.random.RandomState(seed).random(3).compute().shape == (3,)


def test_the_last_chance_is_what_the_others_leave() -> None:
    found = ra.random.default_rng(0).multinomial(100, [0.5, 0.9], size=4).compute()
    assert (found.sum(axis=1) == 100).all()
    assert found.min() > 0
    with pytest.raises(ValueError, match=r"sum\(pvals"):
        ra.random.default_rng(0).multinomial(3, [0.9, 0.9, 0.1])


# ---- files ----


@pytest.mark.parametrize("chunks", [(10, 30), (5, 30)])
def test_a_damaged_chunk_of_hdf5_is_named_with_file_and_byte(chunks: Any, tmp_path: Path) -> None:
    name = tmp_path / "x.hdf5"
    with h5py.File(name, "w") as file:
        data = file.create_dataset("g/a", data=VALUES, chunks=chunks, compression="gzip", shuffle=True)
        where = data.id.get_chunk_info_by_coord((10, 0))
    with open(name, "r+b") as file:
        file.seek(where.byte_offset)
        file.write(os.urandom(where.size))
    with h5py.File(name) as file:
        found = ra.from_array(file["g/a"], chunks=(10, 30))
        assert found[:10].sum().compute() == VALUES[:10].sum()
        with pytest.raises(OSError) as caught:
            found.sum().compute()
    (note,) = (note for note in caught.value.__notes__ if "was read" in note)
    assert f"[10:20, 0:30] of /g/a in {name} (its chunk at byte {where.byte_offset})" in note


def test_a_file_of_hdf5_that_is_cut_off_or_closed(tmp_path: Path) -> None:
    name = tmp_path / "x.hdf5"
    with h5py.File(name, "w") as file:
        file.create_dataset("a", data=VALUES)
    with h5py.File(name) as file:
        found = ra.from_array(file["a"], chunks=10)
    with pytest.raises(ValueError, match="nvalid") as closed:
        found.sum().compute()
    assert any("whose file is closed" in note for note in closed.value.__notes__)
    os.truncate(name, os.path.getsize(name) - 100)
    with pytest.raises(OSError, match="truncated file"):
        h5py.File(name)


def test_variables_of_netcdf_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    name = tmp_path / "x.nc"
    with netCDF4.Dataset(name, "w") as file:
        file.createDimension("a", 20)
        made = file.createVariable("v", "f8", ("a",), zlib=True, chunksizes=(10,))
        made[:] = np.arange(20.0)
    with h5py.File(name) as file:
        where = file["v"].id.get_chunk_info_by_coord((10,))
    with open(name, "r+b") as raw:
        raw.seek(where.byte_offset)
        raw.write(os.urandom(where.size))
    with netCDF4.Dataset(name) as file:
        with pytest.raises(RuntimeError) as caught:
            ra.from_array(file["v"], chunks=10).sum().compute()
        assert any(f"[10:20] of v in {name} was read" in note for note in caught.value.__notes__)


# ---- targets ----


def targets(shape: tuple[int, ...], folder: Path) -> dict[str, Any]:
    folder.mkdir()
    file = netCDF4.Dataset(folder / "x.nc", "w")
    for at, n in enumerate(shape):
        file.createDimension(f"d{at}", n)
    return {
        "numpy": np.zeros(shape),
        "zarr": zarr.create_array(str(folder / "x.zarr"), shape=shape, chunks=shape, dtype="f8"),
        "hdf5": h5py.File(folder / "x.hdf5", "w").create_dataset("a", shape, dtype="f8"),
        "netcdf": file.createVariable("v", "f8", tuple(f"d{at}" for at in range(len(shape)))),
    }


@pytest.mark.parametrize("kind", ["numpy", "zarr", "hdf5", "netcdf"])
def test_targets_without_room_are_refused_before_anything_is_written(
    kind: str, x: ra.Array, tmp_path: Path
) -> None:
    small, wide, flat = (
        targets(shape, tmp_path / str(shape))[kind] for shape in ((10, 30), (20, 40), (900,))
    )
    for target, region in [
        (small, None),
        (flat, None),
        (wide, (slice(0, 10), slice(0, 30))),
        (wide, (slice(10, 30), slice(0, 30))),
        (wide, (slice(0, 20),)),
        (wide, (slice(0, 20), 3)),
        (flat, (slice(0, 20), slice(0, 30))),
    ]:
        with pytest.raises(ValueError, match=r"does not fit into|a region of"):
            ra.store(x, target, regions=region)
    assert not np.ma.filled(wide[:], 0).any()
    with pytest.raises(ValueError, match="steps of 1 or more"):
        ra.store(x, wide, regions=(slice(19, None, -1), slice(0, 30)))


def test_regions_may_count_from_the_end_and_leave_axes_out(x: ra.Array) -> None:
    target = np.zeros((3, 50, 40))
    ra.store(x, target, regions=(1, slice(-41, -1, 2), slice(None, -10)))
    np.testing.assert_array_equal(target[1, -41:-1:2, :-10], VALUES)
    assert target.sum() == VALUES.sum()
    stored = ra.store(x + 1, target, regions=(2, slice(20), slice(10, None)), return_stored=True)
    np.testing.assert_array_equal(stored.compute(), VALUES + 1)


def test_unlimited_axes_of_netcdf_grow(tmp_path: Path) -> None:
    with netCDF4.Dataset(tmp_path / "x.nc", "w") as file:
        file.createDimension("a", None)
        target = file.createVariable("v", "f8", ("a",))
        ra.store(ra.arange(20, chunks=10, dtype="f8"), target)
        np.testing.assert_array_equal(target[:], np.arange(20.0))


def test_what_a_format_cannot_hold_is_its_librarys_error(x: ra.Array, tmp_path: Path) -> None:
    name = tmp_path / "x.hdf5"
    ra.to_hdf5(name, "/a", x)
    with pytest.raises(TypeError, match=r"[Ss]hape"):
        ra.to_hdf5(name, "/a", x[:3])
    with pytest.raises(TypeError, match="cannot be safely cast"):
        ra.to_hdf5(name, "/a", x.astype("c16"))
    with h5py.File(name, "a") as file:
        target = file.create_dataset("b", x.shape, dtype="S3")
        with pytest.raises((OSError, TypeError)) as caught:
            ra.store(x, target)
        assert any("Dataset /b" in note and "was written" in note for note in caught.value.__notes__)
