"""Stores in folders, which the engine reads and writes, held to zarr's own library."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numcodecs
import numpy as np
import pytest
import raskt
import raskt.array as ra
import zarr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from raskt.array._zarr_place import zarr_place
from zarr.codecs import BloscCodec, BytesCodec, Crc32cCodec, GzipCodec, TransposeCodec, ZstdCodec

DTYPES = ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8", "c8", "c16", "M8[s]", "m8[ns]"]
FILLS = {"f": [0, 1.5, float("nan"), float("-inf")], "i": [0, -7], "u": [0, 200], "b": [False, True]}
COMPRESSORS_2 = [
    None,
    numcodecs.Zstd(level=3),
    numcodecs.Zstd(level=1, checksum=True),
    numcodecs.GZip(level=2),
    numcodecs.Zlib(level=2),
    numcodecs.Blosc(cname="lz4", shuffle=numcodecs.Blosc.SHUFFLE),
    numcodecs.Blosc(cname="zstd", shuffle=numcodecs.Blosc.BITSHUFFLE),
    numcodecs.Blosc(cname="blosclz", shuffle=numcodecs.Blosc.NOSHUFFLE),
    numcodecs.Blosc(cname="zlib", shuffle=numcodecs.Blosc.AUTOSHUFFLE, blocksize=64),
]
COMPRESSORS_3: list[Any] = [
    None,
    [ZstdCodec(level=0)],
    [ZstdCodec(level=-2, checksum=True)],
    [GzipCodec(level=1)],
    [Crc32cCodec()],
    [BloscCodec(cname="lz4hc", shuffle="shuffle", typesize=4)],
    [BloscCodec(cname="blosclz")],
    [Crc32cCodec(), ZstdCodec(), Crc32cCodec(), Crc32cCodec()],
]


@st.composite
def arrays(draw: Any) -> tuple[np.ndarray[Any, Any], dict[str, Any]]:
    """Draw elements, and what is said where a store is made for them."""
    axes = draw(st.lists(st.tuples(st.integers(1, 7), st.integers(1, 4), st.integers(1, 3)), max_size=3))
    shape, chunks = tuple(n for n, _, _ in axes), tuple(n for _, n, _ in axes)
    dtype = np.dtype(draw(st.sampled_from(DTYPES)))
    seed = draw(st.integers(0, 2**32 - 1))
    values = np.random.default_rng(seed).integers(-3, 100, shape).astype(dtype)
    fills = FILLS.get(dtype.kind)
    said: dict[str, Any] = {"shape": shape, "chunks": chunks, "dtype": dtype}
    if fills is not None:
        said["fill_value"] = draw(st.sampled_from(fills))
    said["config"] = {"write_empty_chunks": draw(st.booleans())}
    if draw(st.booleans()):
        separator = draw(st.sampled_from("./"))
        encoding = {"name": "v2", "separator": separator}
        order, compressors = draw(st.sampled_from("CF")), draw(st.sampled_from(COMPRESSORS_2))
        return values, {
            **said,
            "zarr_format": 2,
            "order": order,
            "compressors": compressors,
            "chunk_key_encoding": encoding,
        }
    said["compressors"] = draw(st.sampled_from(COMPRESSORS_3))
    if shape and draw(st.booleans()):
        said["shards"] = tuple(n * times for _, n, times in axes)
    elif draw(st.booleans()):
        order = draw(st.permutations(range(len(shape))))
        said["filters"] = [TransposeCodec(order=tuple(order))] if shape else None
    if dtype.itemsize > 1 and draw(st.booleans()):
        said["serializer"] = BytesCodec(endian=draw(st.sampled_from(["little", "big"])))
    name, separator = draw(st.sampled_from(["default", "v2"])), draw(st.sampled_from("./"))
    return values, {**said, "chunk_key_encoding": {"name": name, "separator": separator}}


def _regions(draw: Any, shape: tuple[int, ...]) -> tuple[slice, ...]:
    ends = [sorted((draw(st.integers(0, n)), draw(st.integers(0, n)))) for n in shape]
    return tuple(slice(start, stop) for start, stop in ends)


def _natively(target: Any) -> None:
    """Fail where the engine leaves a store to zarr's library."""
    assert zarr_place(target) is not None, target.metadata.to_dict()


@given(case=arrays(), data=st.data())
@settings(max_examples=120, suppress_health_check=[HealthCheck.too_slow])
def test_each_reads_what_the_other_writes(
    case: Any, data: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    values, said = case
    folder = tmp_path_factory.mktemp("stores")
    by_zarr = zarr.create_array(folder / "zarr", **said)
    by_engine = zarr.create_array(folder / "engine", **said)
    _natively(by_zarr)
    region = _regions(data.draw, values.shape)
    again = _regions(data.draw, values.shape)
    for part in (region, again):
        by_zarr[part] = values[part]
        cut = data.draw(st.integers(1, 4))
        ra.store(ra.from_array(values[part], chunks=cut), by_engine, regions=part)
    expected = by_zarr[()] if not values.shape else by_zarr[:]
    np.testing.assert_array_equal(zarr.open_array(folder / "engine", mode="r")[...], expected)
    found = ra.from_zarr(folder / "zarr")
    assert found.dtype == values.dtype
    np.testing.assert_array_equal(found.compute(), expected)
    np.testing.assert_array_equal(ra.from_zarr(by_engine, chunks=2).compute(), expected)
    np.testing.assert_array_equal(found[region].compute(), expected[region])
    # What only one of them writes are files, but for chunks of fill values.
    names = [{str(p.relative_to(place)) for p in place.rglob("*") if p.is_file()} for place in _both(folder)]
    if values.dtype.kind != "c":
        assert names[0] == names[1]


def _both(folder: Path) -> tuple[Path, Path]:
    return folder / "zarr", folder / "engine"


def test_slices_read_only_the_chunks_that_they_need(tmp_path: Path) -> None:
    values = np.arange(60.0).reshape(10, 6)
    ra.to_zarr(ra.from_array(values, chunks=(4, 3)), tmp_path / "x.zarr")
    (tmp_path / "x.zarr/c/2/1").write_bytes(b"no chunk")
    x = ra.from_zarr(tmp_path / "x.zarr")
    np.testing.assert_array_equal(x[:8].compute(), values[:8])
    np.testing.assert_array_equal((x + 1)[9, :3].compute(), values[9, :3] + 1)
    with pytest.raises(ValueError, match=r"x\.zarr/c/2/1: damaged at byte 0: zstd"):
        x.sum().compute()


@pytest.mark.parametrize("said", [{}, {"compressors": None}, {"shards": (8, 8)}, {"zarr_format": 2}], ids=str)
def test_damage_names_file_and_place(said: dict[str, Any], tmp_path: Path) -> None:
    made = zarr.create_array(tmp_path, shape=(8, 8), chunks=(4, 4), dtype="f8", **said)
    made[:] = np.random.default_rng(1).random((8, 8))
    (damaged,) = [path for path in tmp_path.rglob("*") if path.name in ("0", "0.0")][-1:]
    damaged = damaged if damaged.is_file() else damaged / "0"
    damaged.write_bytes(damaged.read_bytes()[:-9])
    with pytest.raises(ValueError, match=rf"{damaged}: damaged at byte \d+: "):
        ra.from_zarr(tmp_path).compute()


def test_what_the_engine_does_not_know_goes_to_zarrs_library(tmp_path: Path) -> None:
    filters = [numcodecs.Delta(dtype="i8")]
    said: list[dict[str, Any]] = [
        {"zarr_format": 2, "filters": filters, "dtype": "i8"},
        {"zarr_format": 2, "compressors": numcodecs.LZMA(), "dtype": "i8"},
        {"dtype": "f2"},
        {"zarr_format": 2, "dtype": ">i8"},
        {"dtype": "M8[25s]"},
    ]
    for number, own in enumerate(said):
        target = zarr.create_array(tmp_path / str(number), shape=(10,), chunks=(3,), **own)
        assert zarr_place(target) is None
        values = np.arange(10).astype(target.dtype)
        ra.to_zarr(ra.from_array(values, chunks=4), target)
        np.testing.assert_array_equal(ra.from_zarr(target).compute(), values)
    target = zarr.create_array(tmp_path / "configured", shape=(10,), chunks=(3,), dtype="i8")
    _natively(target)
    with zarr.config.set({"codec_pipeline.path": "zarr.core.codec_pipeline.OtherPipeline"}):
        assert zarr_place(target) is None


def test_read_only_stores_are_not_written(tmp_path: Path) -> None:
    zarr.create_array(tmp_path, shape=(4,), chunks=(2,), dtype="i8")
    with pytest.raises(ValueError, match="read-only"):
        ra.store(ra.ones(4, chunks=2, dtype="i8"), zarr.open_array(tmp_path, mode="r"))


def test_other_dtypes_and_masked_blocks_are_stored_as_by_zarr(tmp_path: Path) -> None:
    values = np.array([1.9, -1.9, 200.5, 0.0])
    masked = np.ma.masked_array(values, [True, False, False, False])
    for number, own in enumerate([values, masked]):
        both = [
            zarr.create_array(tmp_path / f"{number}{at}", shape=(4,), chunks=(2,), dtype="i4") for at in "ab"
        ]
        both[0][:] = own
        ra.store(ra.from_array(own, chunks=2), both[1])
        np.testing.assert_array_equal(both[1][:], both[0][:])


def test_blocks_that_share_chunks_are_written_one_after_the_other(tmp_path: Path) -> None:
    values = np.arange(4000).reshape(40, 100)
    target = zarr.create_array(tmp_path, shape=(40, 100), chunks=(40, 100), dtype="i8")
    ra.store(ra.from_array(values, chunks=(1, 50)), target, lock=False)
    np.testing.assert_array_equal(target[:], values)


def test_a_lock_is_held_while_blocks_are_written(tmp_path: Path) -> None:
    target = zarr.create_array(tmp_path, shape=(4,), chunks=(2,), dtype="i8")

    class Counted:
        def __init__(self) -> None:
            self.n, self.lock = 0, threading.Lock()

        def acquire(self) -> None:
            self.lock.acquire()
            self.n += 1

        def release(self) -> None:
            self.lock.release()

    lock = Counted()
    ra.store(ra.ones(4, chunks=2, dtype="i8"), target, lock=lock)
    assert lock.n == 2
    assert target[:].sum() == 4


def test_arrays_grow_and_shrink_between_computations(tmp_path: Path) -> None:
    target = zarr.create_array(tmp_path, shape=(4,), chunks=(3,), dtype="i8", fill_value=7)
    target[:] = [1, 2, 3, 4]
    x = ra.from_zarr(target)
    target.resize((6,))
    np.testing.assert_array_equal(x.compute(), [1, 2, 3, 4])
    np.testing.assert_array_equal(ra.from_zarr(target).compute(), target[:])


def test_names_and_annotations_are_kept(tmp_path: Path) -> None:
    ra.to_zarr(ra.arange(6, chunks=3), tmp_path / "x.zarr")
    assert ra.from_zarr(tmp_path / "x.zarr", name="mine").name.startswith("mine")
    assert ra.from_zarr(tmp_path / "x.zarr").name == ra.from_zarr(tmp_path / "x.zarr").name
    unlike = [ra.from_zarr(tmp_path / "x.zarr", name=False).name for _ in range(2)]
    assert unlike[0] != unlike[1]
    with raskt.annotate(retries=2):
        assert ra.from_zarr(tmp_path / "x.zarr").sum().compute() == 15
