"""Zarr stores that are elsewhere: in a bucket of S3, and in other files by virtual references."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import raskt.array as ra
import zarr
from s3_server import Bucket, served

VALUES = np.arange(60.0).reshape(10, 6)


@pytest.fixture
def bucket() -> Iterator[tuple[Bucket, dict[str, Any]]]:
    with served() as found:
        yield found


@pytest.fixture
def x() -> ra.Array:
    return ra.from_array(VALUES, chunks=(4, 3))


@pytest.mark.parametrize("said", [{"zarr_format": 2}, {"zarr_format": 3}, {"shards": (4, 6)}], ids=str)
def test_stores_in_a_bucket(said: dict[str, Any], x: ra.Array, bucket: Any) -> None:
    kept, options = bucket
    said = {"chunks": (4, 3) if "shards" not in said else (2, 3), **said}
    ra.to_zarr(x, "s3://b/x.zarr", storage_options=options, **said)
    assert kept.objects
    found = ra.from_zarr("s3://b/x.zarr", storage_options=options)
    np.testing.assert_array_equal(found.compute(), VALUES)
    kept.requests.clear()
    assert found[9, 5].compute() == VALUES[9, 5]
    # Of the others no chunk is asked for.
    assert len([text for text in kept.requests if text.startswith("GET") and "/0/0" in text]) == 0
    with pytest.raises(FileNotFoundError):
        ra.from_zarr("s3://b/nothing.zarr", storage_options=options)


def test_a_bucket_that_refuses_a_chunk_names_its_region(x: ra.Array, bucket: Any, tmp_path: Path) -> None:
    kept, options = bucket
    kept.refused = "x.zarr/c/1/0"
    with pytest.raises(Exception) as caught:
        ra.to_zarr(x, "s3://b/x.zarr", storage_options=options, journal=str(tmp_path / "journal"))
    told = " ".join([str(caught.value), *getattr(caught.value, "__notes__", ())])
    assert "[4:8, 0:3]" in told
    kept.refused = None
    opened = zarr.open_array("s3://b/x.zarr", mode="r+", storage_options=options)
    ra.to_zarr(x, opened, journal=str(tmp_path / "journal"))
    np.testing.assert_array_equal(opened[:], VALUES)


def referred(folder: Path) -> dict[str, Any]:
    """Return the references to an array's chunks, which lie one behind the other in one file."""
    made = zarr.create_array(folder / "x.zarr", data=VALUES, chunks=(5, 3), zarr_format=2)
    assert made.nchunks == 4
    found: dict[str, Any] = {}
    with open(folder / "chunks.bin", "wb") as file:
        for path in sorted((folder / "x.zarr").iterdir()):
            if path.name.startswith("."):
                found[path.name] = path.read_text()
                continue
            data = path.read_bytes()
            found[path.name] = [str(folder / "chunks.bin"), file.tell(), len(data)]
            file.write(data)
    return {"version": 1, "refs": found}


@pytest.mark.parametrize("scheduler", ["threads", "processes"])
def test_virtual_references_are_read(scheduler: str, tmp_path: Path) -> None:
    (tmp_path / "refs.json").write_text(json.dumps(referred(tmp_path)))
    options = {"fo": str(tmp_path / "refs.json"), "remote_protocol": "file"}
    found = ra.from_zarr("reference://", storage_options=options)
    assert found.chunks == ((5, 5), (3, 3))
    np.testing.assert_array_equal((found + 1).compute(scheduler=scheduler), VALUES + 1)
    np.testing.assert_array_equal(found[2:7, ::-1].compute(scheduler=scheduler), VALUES[2:7, ::-1])
