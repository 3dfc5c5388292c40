"""zarr stores in folders on Raskt's arrays and on Dask's: at least twice as fast, in the same stores.

A store of numbers is written, and read for its sum, by turns. The first case is what zarr does where it is
told nothing (zstd); others have another codec, no codec, small chunks, or shards. Sums are compared.

    python benches/zarr_stores.py [GiB, by default 4] [rounds, by default 3] [case ...]

A process of its own for each side and case tells its peak RSS.
"""

from __future__ import annotations

import json
import math
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from _claims import Claim, conclude, medians, table

GIB = 1 << 30


class Case(NamedTuple):
    """How a store is laid out, and what is held against twice Dask's rate."""

    chunk_mib: float
    codec: str
    shard_mib: float | None = None
    is_claimed: bool = False


CASES = {
    "zstd": Case(8, "auto", is_claimed=True),
    "plain": Case(8, "none", is_claimed=True),
    "blosc": Case(8, "blosc"),
    "small": Case(0.25, "auto"),
    "shards": Case(0.25, "auto", 16),
}


def laid_out(case: Case, gib: float) -> dict[str, Any]:
    """What zarr is told of a new store: its shape and chunks, rows of a table."""
    from zarr.codecs import BloscCodec

    width = 4096
    unit = int((case.shard_mib or case.chunk_mib) * (1 << 20)) // (8 * width)
    n = math.ceil(gib * GIB / (8 * width * unit)) * unit
    codecs = {"auto": "auto", "none": None, "blosc": BloscCodec(cname="lz4")}
    chunks = (max(int(case.chunk_mib * (1 << 20)) // (8 * width), 1), width)
    shards = None if case.shard_mib is None else (unit, width)
    return {
        "shape": (n, width),
        "chunks": chunks,
        "shards": shards,
        "dtype": "f8",
        "compressors": codecs[case.codec],
    }


def write(side: str, place: str, case: Case, gib: float) -> float:
    """Write numbers into a new store."""
    import zarr

    shutil.rmtree(place, ignore_errors=True)
    said = laid_out(case, gib)
    target = zarr.create_array(place, **said)
    blocks = said["shards"] or said["chunks"]
    # Blocks of some MiB on both sides: several small chunks each.
    blocks = (blocks[0] * max((8 << 20) // (8 * blocks[0] * blocks[1]), 1), blocks[1])
    if side == "raskt":
        import raskt.array as ra

        x = ra.arange(math.prod(said["shape"]), dtype="f8", chunks=math.prod(blocks)).reshape(said["shape"])
        ra.store(ra.sin(x.rechunk(blocks)), target, lock=False)
    else:
        import dask.array as da

        x = da.arange(math.prod(said["shape"]), dtype="f8", chunks=math.prod(blocks)).reshape(said["shape"])
        da.store(da.sin(x.rechunk(blocks)), target, lock=False)
    return 0.0


def read(side: str, place: str) -> float:
    """Return the sum of all numbers of a store."""
    if side == "raskt":
        import raskt.array as ra

        return float(ra.from_zarr(place).sum().compute())
    import dask.array as da

    return float(da.from_zarr(place).sum().compute())


def child(side: str, work: str, place: str, name: str, gib: float) -> None:
    """Do it, and print what it took."""
    begin = time.perf_counter()
    found = read(side, place) if work == "read" else write(side, place, CASES[name], gib)
    seconds = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "peak": peak, "sum": found}))


def measured(side: str, work: str, place: str, name: str, gib: float) -> dict[str, float]:
    """What a child of its own prints; modules are imported before its clock starts."""
    command = [sys.executable, __file__, "child", side, work, place, name, str(gib)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> int:
    """Measure all cases, or those that are named."""
    if sys.argv[1:2] == ["child"]:
        side, work, place, name, size = sys.argv[2:]
        import raskt.array  # noqa: F401
        import zarr  # noqa: F401

        if side == "dask":
            import dask.array  # noqa: F401
        child(side, work, place, name, float(size))
        return 0
    gib = float(sys.argv[1]) if len(sys.argv) > 1 else 4.0
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    rows, claims = [], []
    for name in sys.argv[3:] or CASES:
        with tempfile.TemporaryDirectory() as folder:
            places = {side: str(Path(folder, side)) for side in ("dask", "raskt")}
            for work in ("write", "read"):
                found: dict[str, list[dict[str, float]]] = {side: [] for side in places}
                for _ in range(rounds):
                    for side, place in places.items():
                        found[side].append(measured(side, work, place, name, gib))
                sums = [own["sum"] for side in places for own in found[side]]
                if not all(math.isclose(own, sums[0], rel_tol=1e-9, abs_tol=1e-3) for own in sums):
                    print(f"{name}: sums differ: {sums}")
                    return 1
                seconds = medians({side: [own["seconds"] for own in found[side]] for side in places})
                peaks = medians({side: [own["peak"] / (1 << 20) for own in found[side]] for side in places})
                ratio = seconds["dask"] / seconds["raskt"]
                rows.append((f"{name}, {work}", seconds["dask"], seconds["raskt"], ratio, *peaks.values()))
                if CASES[name].is_claimed:
                    claims.append(Claim(f"zarr_{name}_{work}", ratio, 2, "times Dask", at_least=True))
    table(["case", "Dask, s", "Raskt, s", "ratio", "Dask, MiB", "Raskt, MiB"], rows)
    return conclude(claims)


if __name__ == "__main__":
    sys.exit(main())
