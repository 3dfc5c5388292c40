"""Pickled collections that were tampered with: an exception, never a crash, a hang or a panic.

Fixed seeds: a failure prints its own, and `python tests/python/test_fuzz_pickles.py NAME SEED` repeats it.
"""

from __future__ import annotations

import faulthandler
import pickle
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import raskt
import raskt.array as ra
import raskt.bag as rb
import raskt.dataframe as rd
from raskt import delayed

N_SEEDS = 2500
#: Frames call more of pandas with each.
N_SEEDS_OF_FRAMES = 600
SECONDS_MAX = 170

IN = {"x": (abs, -3), "y": (sum, ["x", "x", 1])}


def chunky() -> Any:
    return ra.from_array(np.arange(60.0).reshape(6, 10), chunks=(3, 4))


def joined() -> Any:
    x = chunky()
    return ra.concatenate([x[::2], (x + 1.5).rechunk((2, 5))]).T @ ra.ones((9, 2), chunks=3)


def drawn() -> Any:
    rng = ra.random.default_rng(7)
    return rng.normal(size=(4, 6), chunks=3).sum(axis=0) + rng.integers(0, 9, size=6, chunks=2)


def of_unknown_size() -> Any:
    x = chunky()
    return x[x > 7].cumsum()


def flights() -> Any:
    frame = pd.DataFrame({"carrier": ["UA", "AA", None] * 4, "delay": np.arange(12) / 2, "dist": range(12)})
    return rd.from_pandas(frame, npartitions=3)


def fragments() -> Any:
    """Return the native tasks of a frame: programs of several steps."""
    pytest.importorskip("dask")
    df = flights()
    found = df[(df.delay > 1) & df.carrier.isin(["UA"])].assign(x=df.dist * 2 + 1).groupby("carrier").x.sum()
    return [task.func.task.func for task in found.__dask_graph__().values() if hasattr(task.func, "task")]


SAMPLES: dict[str, Callable[[], Any]] = {
    "array": lambda: (chunky() * 2).sum(axis=0),
    "array of joined parts": joined,
    "array of random numbers": drawn,
    "array of unknown size": of_unknown_size,
    "array of objects": lambda: ra.from_delayed(delayed(np.zeros)(3), shape=(3,), dtype=float).map_blocks(
        abs
    ),
    "frame": lambda: flights()[flights().delay > 2].assign(x=flights().dist + 1).x.sum(),
    "frame of groups": lambda: flights().groupby("carrier").agg({"delay": ["min", "mean"], "dist": "sum"}),
    "frame of merges": lambda: flights().merge(flights()[["dist"]], on="dist").sort_values("delay"),
    "fragments of frames": fragments,
    "bag": lambda: rb.from_sequence(range(20), npartitions=4).map(abs).filter(bool).frequencies(),
    "item": lambda: rb.from_sequence([{"a": 1}, {"a": 2}], npartitions=2).pluck("a").sum(),
    "delayed": lambda: delayed(sum)([delayed(abs)(-1), {"k": delayed(abs)(2)}["k"]]),
    "delayed attribute": lambda: delayed(complex)(1, 2).real + delayed([5, 6], nout=2)[1],
}


def mutated(data: bytes, rng: random.Random) -> bytes:
    """One to three edits: a byte changed, out, in; a stretch doubled; a number blown up; the end cut."""
    edited = bytearray(data)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(edited)) if edited else 0
        kind = rng.randrange(8)
        if kind <= 1 and edited:
            edited[at] ^= 1 << rng.randrange(8)
        elif kind == 2 and edited:
            edited[at] = rng.randrange(256)
        elif kind == 3:
            del edited[at : at + 1]
        elif kind == 4:
            edited.insert(at, rng.randrange(256))
        elif kind == 5:
            edited[at:at] = edited[at : at + rng.randrange(1, 30)]
        elif kind == 6:
            edited[at : at + 1] = b"\xff" * rng.randrange(1, 10)
        elif rng.random() < 0.2:
            del edited[at:]
    return bytes(edited)


def tampered(value: Any, rng: random.Random) -> Any:
    """The parts of a pickled collection with one of them changed: those that its own module reads again."""
    if isinstance(value, bytes):
        return mutated(value, rng)
    if isinstance(value, int) and rng.random() < 0.5:
        return rng.choice([-1, 0, value + 1, 2**31, 2**63, 2**64, -(2**63) - 1, 1.5, None, "7"])
    if isinstance(value, tuple | list) and value:
        at = rng.randrange(len(value))
        changed = [tampered(item, rng) if k == at else item for k, item in enumerate(value)]
        if rng.random() < 0.1:
            del changed[at]
        return type(value)(changed) if type(value) in (tuple, list) else value
    if type(value).__module__.startswith("raskt") and not isinstance(value, type):
        function, arguments, *_ = value.__reduce__()
        return function(*tampered(tuple(arguments), rng))
    return rng.choice([None, -1, b"", "", (), [value], value])


def use(found: Any) -> None:
    """Look at what came back; compute it where that is little work."""
    repr(found)
    if isinstance(found, ra.Array):
        known = all(size == size for axis in found.chunks for size in axis)
        if not known or found.npartitions > 100 or found.nbytes > 1 << 20:
            return
    elif isinstance(found, (rb.Bag, rd.DataFrame, rd.Series)):
        if found.npartitions > 100:
            return
    elif not raskt.is_raskt_collection(found):
        return
    found.compute(scheduler="sync")


def attempt(name: str, sample: Any, data: bytes, seed: int) -> str:
    rng = random.Random(f"{name} {seed}")
    try:
        found = pickle.loads(mutated(data, rng)) if rng.random() < 0.5 else tampered(sample, rng)
        use(found)
    except Exception as error:
        return type(error).__name__
    return "no error"


def fuzz(name: str, seeds: range) -> None:
    """Try all seeds in this process, saying which one is next."""
    import resource
    import warnings

    warnings.simplefilter("ignore")
    # A length that was blown up is an allocation that must fail.
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, resource.RLIM_INFINITY))
    faulthandler.enable()
    sample = SAMPLES[name]()
    data = pickle.dumps(sample)
    use(pickle.loads(data))
    counts: dict[str, int] = {}
    for seed in seeds:
        print("seed", seed, flush=True)
        faulthandler.dump_traceback_later(30, exit=True)
        said = attempt(name, sample, data, seed)
        counts[said] = counts.get(said, 0) + 1
    print(sorted(counts.items(), key=lambda item: -item[1]))


@pytest.mark.skipif(sys.platform != "linux", reason="limits memory")
@pytest.mark.parametrize("name", SAMPLES)
def test_a_tampered_pickle_is_an_exception(name: str, tmp_path: Path) -> None:
    n_seeds = N_SEEDS_OF_FRAMES if "frame" in name else N_SEEDS
    program = [sys.executable, __file__, name, "0", str(n_seeds)]
    done = subprocess.run(
        program, capture_output=True, text=True, timeout=SECONDS_MAX, cwd=tmp_path, check=False
    )
    last = done.stdout.splitlines()[-3:]
    assert done.returncode == 0, f"{name}: {last}\n{done.stderr[-3000:]}"
    assert last[-1].startswith("[("), last


if __name__ == "__main__":
    first = int(sys.argv[2])
    fuzz(sys.argv[1], range(first, int(sys.argv[3]) if len(sys.argv) > 3 else first + 1))
