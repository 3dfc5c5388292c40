"""The part of `Client` that sees what workers do: call stacks, profiles, and how fast their machines are."""

from __future__ import annotations

import time

from raskt.distributed import _measuring, _stacks
from raskt.distributed._answers import chosen
from raskt.distributed.future import behind
from raskt.units import parse_timedelta

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from raskt._raskt import ClusterClient

__all__ = ["Profiling"]


class Profiling:
    """What sees what workers do."""

    _core: ClusterClient

    def _sync(self, func: Callable[..., Any], *args: Any) -> Any:
        raise NotImplementedError

    def _on_workers(
        self, call: Callable[[dict[str, Any]], tuple[Callable[..., Any], tuple[Any, ...]]], workers: Any
    ) -> dict[str, Any]:
        """What functions return that are called on workers, one for each; without workers that have gone."""
        found = {}
        for worker in chosen(self._core.workers(), workers):
            func, args = call(worker)
            ((is_value, outcome),) = self._core.run(func, args, None, [(worker["id"], worker["address"])])
            if is_value:
                found[worker["address"]] = outcome
            elif any(there["id"] == worker["id"] for there in self._core.workers()):
                raise outcome
        return found

    def call_stack(self, futures: Any = None, keys: Any = None) -> Any:
        """Return the call stacks of the tasks that run now.

        Parameters
        ----------
        futures : list of Future, optional
            Of which tasks. Default: all that run.
        keys : list of keys, optional
            Likewise, by their keys.

        Returns
        -------
        dict
            By the address of a worker and by the key of a task the lines of its stack, outermost frame first.
            Workers that run none of the tasks are left out. A task that runs native code has one line, which
            names it.

        Examples
        --------
        >>> future = client.submit(time.sleep, 10)  # doctest: +SKIP
        >>> client.call_stack([future])  # doctest: +SKIP
        {'tcp://127.0.0.1:40331': {'sleep-1f0c...': ('  native code, in sleep',)}}
        """
        wanted = None if futures is None and keys is None else list(keys or ())
        if futures is not None and wanted is not None:
            wanted.extend(future.key for future in behind(futures))
        return self._sync(self._call_stack, wanted)

    def _call_stack(self, keys: list[Any] | None) -> dict[str, Any]:
        found = self._on_workers(lambda worker: (_stacks.call_stacks, (worker["address"], keys)), None)
        return {address: stacks for address, stacks in found.items() if stacks}

    def profile(
        self,
        key: str | None = None,
        start: float | str | None = None,
        stop: float | str | None = None,
        workers: Any = None,
        merge_workers: bool = True,
        plot: bool | str = False,
        filename: str | None = None,
        server: bool = False,
        scheduler: bool = False,
    ) -> Any:
        """Return in which functions tasks spent their time.

        Workers look at the call stacks of their tasks every ``cluster.profile-interval``, and keep what they
        saw in the last hour that tasks ran, by seconds.

        Parameters
        ----------
        key : str, optional
            Only tasks whose name begins so: the name of a function, say.
        start, stop : float or str, optional
            Only what was seen between these times: of `time.time`, or so long ago (``"10 s"``).
        workers : str or list of str, optional
            Of which workers. Default: all. Workers that share a process have one profile.
        merge_workers : bool, optional
            Whether all workers make one profile, or each makes its own.
        plot, filename : optional
            Refused: there are no plots of bokeh. What is returned is a tree for flame graphs.
        server, scheduler : bool, optional
            Refused: the scheduler runs no Python.

        Returns
        -------
        dict
            A tree: ``count`` samples, ``description`` of a function (its ``name``, ``filename``,
            ``line_number``, ``line``), and ``children`` that it called; by the address of workers where they
            are not merged.

        Examples
        --------
        >>> client.submit(sum, range(10**8)).result()  # doctest: +SKIP
        >>> client.profile("sum")["count"]  # doctest: +SKIP
        143
        """
        if plot or filename:
            raise NotImplementedError("profiles are not drawn: profile() returns the tree that a plot shows")
        if server or scheduler:
            raise NotImplementedError(
                "the scheduler runs no Python: profile() is of workers, and the dashboard shows its profile"
            )
        begun, ended = _moment(start), _moment(stop)
        return self._sync(self._profile, key, begun, ended, workers, merge_workers)

    def _profile(
        self, key: str | None, start: float | None, stop: float | None, workers: Any, merges: bool
    ) -> dict[str, Any]:
        found = self._on_workers(lambda _: (_stacks.profile, (key, start, stop)), workers)
        if not merges:
            return found
        # Workers of one process have seen the same.
        pids = {worker["address"]: (worker["host"], worker["pid"]) for worker in self._core.workers()}
        by_process = {pids.get(address, address): tree for address, tree in found.items()}
        return _stacks.merged(by_process.values())

    def benchmark_hardware(self) -> Any:
        """Measure how fast disks, memory and network of the workers are; it takes some seconds.

        Returns
        -------
        dict
            ``"disk"``, ``"memory"`` and ``"network"``: bytes a second by the size of a piece (``"1 MiB"``),
            the mean of all workers. Disk is writing into the folder of values that do not fit into memory;
            network is between pairs of workers, and empty where there are fewer than two.

        Examples
        --------
        >>> client.benchmark_hardware()["memory"]["1 MiB"]  # doctest: +SKIP
        9834512384.0
        """
        return self._sync(self._benchmark_hardware)

    def _benchmark_hardware(self) -> dict[str, dict[str, float]]:
        measured = self._on_workers(lambda _: (_measuring.hardware, ()), None)
        found = {kind: _means([each[kind] for each in measured.values()]) for kind in ("disk", "memory")}
        workers = self._core.workers()
        between = []
        for giver, taker in zip(workers[::2], workers[1::2], strict=False):
            place = [(taker["id"], taker["address"])]
            futures = {
                size: self._made_at(giver["address"], n_bytes) for size, n_bytes in _measuring.SIZES.items()
            }
            ((is_value, outcome),) = self._core.run(_measuring.fetching, (futures,), None, place)
            if not is_value:
                raise outcome
            between.append(outcome)
        return {**found, "network": _means(between)}

    def _made_at(self, address: str, n_bytes: int) -> Any:
        future = self.submit(_measuring.bytes_of, n_bytes, workers=[address], pure=False)
        core = future._held()
        self._core.wait([core], 1, None)
        return future

    def submit(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError


def _moment(time_or_ago: float | str | None) -> float | None:
    """A time of `time.time` for one that was given as that, or as so long ago."""
    if not isinstance(time_or_ago, str):
        return time_or_ago
    return time.time() - (parse_timedelta(time_or_ago) or 0.0)


def _means(measured: list[dict[str, float]]) -> dict[str, float]:
    if not measured:
        return {}
    return {size: sum(each[size] for each in measured) / len(measured) for size in measured[0]}
