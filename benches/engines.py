"""What a task costs on engines that people have already, beside the engine without Raskt, and Raskt's own.

2,000 calls of a small function that is known already, on two processes; and chains of ten such calls, which
Raskt hands over as one fragment each.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import dask
import distributed
import raskt
import ray
from _claims import Claim, best, conclude, in_turn, table
from raskt.distributed import Client
from raskt.engines import Dask, Ray

N_TASKS = 2_000
N_LINKS = 10
ROUNDS = 3


def small(i: int) -> int:
    """A task of a few hundred nanoseconds."""
    return (i * 2654435761) & 0xFFFF


def chained(call: Callable[[Any], Any], i: int) -> Any:
    """A chain of calls."""
    value = call(i)
    for _ in range(N_LINKS - 1):
        value = call(value)
    return value


def by_raskt(scheduler: Any, n_links: int) -> int:
    """The calls on a scheduler of Raskt's, or an engine."""
    call = raskt.delayed(small, pure=False)
    one = partial(chained, call) if n_links > 1 else call
    return sum(raskt.compute(*[one(i) for i in range(N_TASKS // n_links)], scheduler=scheduler))


def by_ray(remote: Any, n_links: int) -> int:
    """The calls on Ray alone."""
    one = partial(chained, remote.remote) if n_links > 1 else remote.remote
    return sum(ray.get([one(i) for i in range(N_TASKS // n_links)]))


def by_dask(client: Any, n_links: int) -> int:
    """The calls on Dask alone."""
    call = dask.delayed(small, pure=False)
    one = partial(chained, call) if n_links > 1 else call
    return sum(dask.compute(*[one(i) for i in range(N_TASKS // n_links)], scheduler=client))


def seconds(work: Callable[[int], int], n_links: int) -> float:
    """How long `work` takes; its answer must be right."""
    answer = sum(chained(small, i) if n_links > 1 else small(i) for i in range(N_TASKS // n_links))
    begin = time.perf_counter()
    found = work(n_links)
    elapsed = time.perf_counter() - begin
    if found != answer:
        raise SystemExit("wrong answer")
    return elapsed


def main() -> int:
    """Measure."""
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    cluster = distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
    with (
        cluster,
        distributed.Client(cluster, set_as_default=False) as dask_client,
        Client(n_workers=2, threads_per_worker=1, set_as_default=False) as client,
    ):
        works: dict[str, Callable[[int], int]] = {
            "raskt, processes": partial(by_raskt, "processes"),
            "raskt.distributed": partial(by_raskt, client),
            "raskt on Ray": partial(by_raskt, Ray()),
            "Ray": partial(by_ray, ray.remote(small)),
            "raskt on Dask": partial(by_raskt, Dask(dask_client)),
            "Dask": partial(by_dask, dask_client),
        }
        sides = {
            f"{name} {n_links}": partial(seconds, work, n_links)
            for name, work in works.items()
            for n_links in (1, N_LINKS)
        }
        in_turn(sides, 1)
        found = best(in_turn(sides, ROUNDS))
    ray.shutdown()
    microseconds = {name: elapsed / N_TASKS * 1e6 for name, elapsed in found.items()}
    table(
        ["2,000 calls, two processes", "µs a call", f"in chains of {N_LINKS}"],
        [(name, microseconds[f"{name} 1"], microseconds[f"{name} {N_LINKS}"]) for name in works],
    )
    return conclude(
        [
            Claim("engines_ray", found["raskt on Ray 1"] / found["Ray 1"], 1.3, "of Ray's time"),
            Claim("engines_dask", found["raskt on Dask 1"] / found["Dask 1"], 1.3, "of Dask's time"),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
