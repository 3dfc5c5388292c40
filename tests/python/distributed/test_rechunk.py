"""Arrays that are cut anew and are larger than the memory of the workers."""

from __future__ import annotations

import warnings

import raskt.array as ra
from raskt.distributed import Client, LocalCluster

#: A chunk has 8 MiB. Beside what Python takes, each worker has room for 60 MiB, about.
N_CHUNKS, N_ROWS, N_COLUMNS = 48, 256, 4096


def table(rows: int, columns: int) -> ra.Array:
    """Return an array whose elements are all different, in chunks of so many rows and columns."""
    down = ra.arange(N_CHUNKS * N_ROWS, chunks=rows, dtype="float64")[:, None]
    return down * N_COLUMNS + ra.arange(N_COLUMNS, chunks=columns, dtype="float64")[None, :]


def test_rows_become_columns() -> None:
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, memory_limit="200 MiB") as cluster,
        Client(cluster) as client,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("error", RuntimeWarning)
        columns = table(N_ROWS, N_COLUMNS).rechunk((N_CHUNKS * N_ROWS, N_COLUMNS // N_CHUNKS))
        wrong = (columns != table(N_CHUNKS * N_ROWS, N_COLUMNS // N_CHUNKS)).sum()
        assert int(client.compute(wrong).result(timeout=120)) == 0
        assert [nanny.deaths for nanny in cluster._workers.each().values()] == [[], []]
