"""Arrays in zarr stores."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
import pytest
import raskt
import raskt.array as ra
import zarr

VALUES = np.arange(60.0).reshape(10, 6)


@pytest.fixture
def x() -> ra.Array:
    return ra.from_array(VALUES, chunks=(4, 3))


@pytest.mark.parametrize("said", [{"zarr_format": 2}, {"zarr_format": 3}, {"compressors": None}], ids=str)
@pytest.mark.parametrize("dtype", ["f8", "i2", "?", "c16"])
def test_there_and_back(said: dict[str, Any], dtype: str, x: ra.Array, tmp_path: Path) -> None:
    place = tmp_path / "x.zarr"
    assert ra.to_zarr(x.astype(dtype), str(place), **said) is None
    found = ra.from_zarr(place)
    assert (found.dtype, found.chunks) == (np.dtype(dtype), x.chunks)
    np.testing.assert_array_equal(found.compute(), VALUES.astype(dtype))
    np.testing.assert_array_equal(da.from_zarr(str(place)).compute(), VALUES.astype(dtype))
    np.testing.assert_array_equal(found[3:5, ::2].compute(), VALUES[3:5, ::2].astype(dtype))


def test_shards_are_what_is_written_at_once(x: ra.Array, tmp_path: Path) -> None:
    place = str(tmp_path / "x.zarr")
    x.to_zarr(place, chunks=(2, 3), shards=(4, 6))
    made = zarr.open_array(place)
    assert (made.chunks, made.shards) == ((2, 3), (4, 6))
    found = ra.from_zarr(place)
    assert found.chunks == ((4, 4, 2), (6,))
    np.testing.assert_array_equal(found.compute(), VALUES)
    assert ra.from_zarr(place, chunks=(5, 5)).chunks == ((5, 5), (5, 1))


def test_arrays_of_groups(x: ra.Array, tmp_path: Path) -> None:
    place = str(tmp_path / "group.zarr")
    zarr.open_group(place, mode="w")
    ra.to_zarr(x, place, component="a/b")
    ra.to_zarr(x * 2, place, component="c")
    np.testing.assert_array_equal(ra.from_zarr(place, component="a/b").compute(), VALUES)
    np.testing.assert_array_equal(ra.from_zarr(place, "c").compute(), VALUES * 2)
    with pytest.raises(FileNotFoundError):
        ra.from_zarr(place, component="d")


def test_what_is_there_is_replaced_only_on_demand(x: ra.Array, tmp_path: Path) -> None:
    place = str(tmp_path / "x.zarr")
    ra.to_zarr(x, place)
    with pytest.raises(zarr.errors.ContainsArrayError):
        ra.to_zarr(x + 1, place)
    np.testing.assert_array_equal(ra.from_zarr(place).compute(), VALUES)
    ra.to_zarr(x + 1, place, mode="w")
    ra.to_zarr(x + 2, place, overwrite=True)
    np.testing.assert_array_equal(ra.from_zarr(place).compute(), VALUES + 2)


@pytest.mark.parametrize("start", [0, 1, 4])
@pytest.mark.parametrize("unit", [1, 3, 4, 16])
def test_no_chunk_of_a_store_is_written_by_two_tasks(
    start: int, unit: int, x: ra.Array, tmp_path: Path
) -> None:
    target = zarr.create_array(str(tmp_path / "x.zarr"), shape=(16, 8), chunks=(unit, 2), dtype="f8")
    region = slice(start, start + 10), slice(1, 7)
    stored = ra.to_zarr(x, target, region=region, compute=False, return_stored=True)
    for begin, sizes, chunk in zip((start, 1), stored.chunks, (unit, 2), strict=True):
        inner = (begin + np.cumsum(sizes))[:-1]
        assert not (inner % chunk).any()
    ra.to_zarr(x, target, region=region)
    np.testing.assert_array_equal(target[region], VALUES)
    assert target[:].sum() == VALUES.sum()


def test_later_and_what_is_stored(x: ra.Array, tmp_path: Path) -> None:
    later = ra.to_zarr(x, str(tmp_path / "x.zarr"), compute=False)
    assert not ra.from_zarr(tmp_path / "x.zarr").any().compute()
    later.compute()
    np.testing.assert_array_equal(ra.from_zarr(tmp_path / "x.zarr").compute(), VALUES)
    stored = ra.to_zarr(x, str(tmp_path / "y.zarr"), return_stored=True)
    np.testing.assert_array_equal((stored + 1).compute(), VALUES + 1)


def test_stores_of_zarr_and_urls(x: ra.Array) -> None:
    store = zarr.storage.MemoryStore()
    ra.to_zarr(x, store)
    np.testing.assert_array_equal(ra.from_zarr(store).compute(), VALUES)
    ra.to_zarr(x, "memory://raskt-test-zarr/x.zarr", storage_options={})
    np.testing.assert_array_equal(ra.from_zarr("memory://raskt-test-zarr/x.zarr").compute(), VALUES)


def test_urls_of_files_are_folders(x: ra.Array, tmp_path: Path) -> None:
    ra.to_zarr(x, f"file://{tmp_path}/new/x.zarr")
    np.testing.assert_array_equal(zarr.open_array(tmp_path / "new" / "x.zarr", mode="r")[:], VALUES)
    np.testing.assert_array_equal(ra.from_zarr(f"file://{tmp_path}/new/x.zarr").compute(), VALUES)
    with pytest.raises(TypeError, match="to_zarr needs a store"):
        ra.to_zarr(x, None)


def test_what_does_not_fit_is_an_error_before_anything_is_written(x: ra.Array, tmp_path: Path) -> None:
    place = str(tmp_path / "x.zarr")
    with pytest.raises(ValueError, match="chunks of one size along an axis"):
        ra.to_zarr(x.rechunk(((3, 4, 3), 6)), place)
    with pytest.raises(ValueError, match=r"region.*zarr\.Array"):
        ra.to_zarr(x, place, region=(slice(3), slice(3)))
    target = zarr.create_array(place, shape=(10, 5), dtype="f8")
    with pytest.raises(ValueError, match=r"shape \(10, 6\) does not fit into \(10, 5\)"):
        ra.to_zarr(x, target)
    with pytest.raises(ValueError, match="open already"):
        ra.to_zarr(x, target, zarr_format=2)
    with pytest.raises(ValueError, match="call compute_chunk_sizes"):
        ra.to_zarr(x[x > 3], str(tmp_path / "y.zarr"))
    assert not target[:].any()


@pytest.mark.parametrize("dtype", ["f8", "f2"], ids=["by the engine", "by the library"])
def test_a_damaged_chunk_is_an_error_with_its_name(dtype: str, x: ra.Array, tmp_path: Path) -> None:
    place = tmp_path / "x.zarr"
    ra.to_zarr(x.astype(dtype), place)
    damaged = place / "c" / "1" / "0"
    damaged.write_bytes(damaged.read_bytes()[:9])
    with pytest.raises(Exception) as caught:
        ra.from_zarr(place).sum().compute()
    assert any("x.zarr/c/1/0" in text for text in (str(caught.value), *caught.value.__notes__))


def test_arrays_of_stores_travel(tmp_path: Path, x: ra.Array) -> None:
    ra.to_zarr(x, tmp_path / "x.zarr")
    found = pickle.loads(pickle.dumps(ra.from_zarr(tmp_path / "x.zarr")))
    np.testing.assert_array_equal(found.compute(scheduler="processes", num_workers=1), VALUES)
    ra.to_zarr(x + 1, tmp_path / "y.zarr", compute=False).compute(scheduler="processes", num_workers=1)
    np.testing.assert_array_equal(ra.from_zarr(tmp_path / "y.zarr").compute(), VALUES + 1)


def test_rows_become_columns_in_another_store(tmp_path: Path) -> None:
    values = np.arange(40_000.0).reshape(200, 200)
    ra.to_zarr(ra.from_array(values, chunks=(5, 200)), tmp_path / "rows.zarr")
    rows = ra.from_zarr(tmp_path / "rows.zarr")
    assert rows.chunks[1] == (200,)
    with raskt.config.set({"memory-limit": "1MiB"}):
        ra.to_zarr(rows.rechunk((200, 5)), tmp_path / "columns.zarr")
    columns = ra.from_zarr(tmp_path / "columns.zarr")
    assert columns.chunks[0] == (200,)
    np.testing.assert_array_equal(columns.compute(), values)
