"""How fast a worker's disk, memory and network are."""

from __future__ import annotations

import os
import tempfile
import time
from functools import partial

from raskt.distributed._nanny import resident_bytes
from raskt.schedulers import spill_directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["SIZES", "bytes_of", "fetching", "hardware", "process_bytes"]

#: The pieces that are written, copied and sent, by their names.
SIZES = {"1 kiB": 2**10, "100 kiB": 100 * 2**10, "1 MiB": 2**20, "10 MiB": 10 * 2**20}
#: How long each is measured, in seconds.
_DURATION = 0.2
#: So many bytes are on disk at a time.
_ON_DISK_MAX = 100 * 2**20


def _rate(n_bytes: int, step: Callable[[], object]) -> float:
    """Bytes a second of a step that moves so many."""
    begun, n_steps = time.perf_counter(), 0
    while n_steps == 0 or time.perf_counter() - begun < _DURATION:
        step()
        n_steps += 1
    return n_bytes * n_steps / (time.perf_counter() - begun)


def hardware() -> dict[str, dict[str, float]]:
    """Return the bytes a second that go to disk, and that are copied in memory, by the size of a piece."""
    found: dict[str, dict[str, float]] = {"disk": {}, "memory": {}}
    for size, n_bytes in SIZES.items():
        piece = os.urandom(n_bytes)
        found["memory"][size] = _rate(n_bytes, partial(bytearray, piece))
        with tempfile.TemporaryFile(dir=spill_directory()) as file:

            def write(file: Any = file, piece: bytes = piece) -> None:
                if file.tell() >= _ON_DISK_MAX:
                    file.seek(0)
                file.write(piece)
                file.flush()
                os.fsync(file.fileno())

            found["disk"][size] = _rate(n_bytes, write)
    return found


def process_bytes() -> int:
    """Return how much memory this process takes, as the nanny counts it."""
    return resident_bytes(os.getpid())


def bytes_of(n_bytes: int) -> bytes:
    """Return so many bytes at random."""
    return os.urandom(n_bytes)


def fetching(futures: dict[str, Any]) -> dict[str, float]:
    """Return the bytes a second at which values come here, by their sizes."""
    client = next(iter(futures.values())).client
    return {size: _rate(SIZES[size], partial(client.gather, of)) for size, of in futures.items()}
