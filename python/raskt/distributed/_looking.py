"""The part of `Client` that looks at workers, and starts them again."""

from __future__ import annotations

import json
import os
import threading
import time

from raskt.distributed import _logs
from raskt.distributed._answers import chosen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from typing import Any

    from raskt._raskt import ClusterClient

__all__ = ["Looking"]

_LOOK_AGAIN_SECONDS = 0.05


def _end_soon() -> None:
    """End this process when the caller has its answer."""
    timer = threading.Timer(0.05, os._exit, (1,))
    timer.daemon = True
    timer.start()


class Looking:
    """What looks at workers."""

    _core: ClusterClient

    def _sync(self, func: Callable[..., Any], *args: Any) -> Any:
        raise NotImplementedError

    def _seconds(self, timeout: float | str | None) -> float | None:
        raise NotImplementedError

    def _run(
        self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Any, workers: Any, on_error: str
    ) -> dict[str, Any]:
        raise NotImplementedError

    def _scheduler_info(self, n_workers: int) -> dict[str, Any]:
        raise NotImplementedError

    def _get_versions(self, check: bool, packages: list[str]) -> dict[str, Any]:
        raise NotImplementedError

    def get_worker_logs(self, n: int | None = None, workers: Any = None, nanny: bool = False) -> Any:
        """Return what was logged in the processes of workers, by whatever logger.

        Parameters
        ----------
        n : int, optional
            So many at most of each, the newest. Default: the newest 10,000.
        workers : str or list of str, optional
            Of which; default: all.
        nanny : bool, optional
            True is refused.

        Returns
        -------
        dict
            By address pairs of a level and text, the oldest first. Workers that are threads of another
            process have none of their own.
        """
        if nanny:
            raise NotImplementedError("nannies keep no logs: they print how workers ended")
        return self._sync(self._run, _logs.lines, (n,), {}, workers, "raise")

    def dump_cluster_state(
        self,
        filename: str = "raskt-cluster-dump",
        write_from_scheduler: bool | None = None,
        exclude: Collection[str] = (),
        format: str = "json",
        **storage_options: Any,
    ) -> Any:
        """Write what is known of the scheduler and its workers into a file, for reports of bugs.

        Parameters
        ----------
        filename : str, optional
            Its name, without the ending.
        write_from_scheduler : bool, optional
            True is refused: the client writes.
        exclude : collection of str, optional
            What is left out: ``"scheduler"``, ``"workers"`` or ``"versions"``.
        format : {"json", "yaml"}, optional
            What it is written as.
        **storage_options
            Refused: files are local.
        """
        if write_from_scheduler or storage_options:
            raise NotImplementedError("the client writes the state, into a local file")
        if format not in ("json", "yaml"):
            raise NotImplementedError(f"the state is written as json or yaml, not as {format}")
        return self._sync(self._dump, f"{filename}.{format}", set(exclude), format)

    def _dump(self, path: str, exclude: set[str], format: str) -> None:
        parts: dict[str, Callable[[], Any]] = {
            "scheduler": lambda: dict(self._scheduler_info(-1)),
            "workers": lambda: {
                worker["address"]: {
                    **worker,
                    "processing": [str(key) for key in self._core.processing(worker["id"])],
                    "has_what": [str(key) for key in self._core.has_what(worker["id"])],
                }
                for worker in self._core.workers()
            },
            "versions": lambda: self._get_versions(False, []),
        }
        state = {name: part() for name, part in parts.items() if name not in exclude}
        with open(path, "w", encoding="utf-8") as file:
            if format == "json":
                json.dump(state, file, indent=1)
            else:
                import yaml

                yaml.safe_dump(state, file)

    def restart_workers(
        self, workers: Any, timeout: float | str | None = None, raise_for_error: bool = True
    ) -> Any:
        """End the processes of workers, and wait until there are others in their place.

        Values that they alone hold are computed again; data that was scattered to them alone is lost.

        Parameters
        ----------
        workers : str or list of str
            Which: addresses, names or hosts.
        timeout : float or str, optional
            How long to wait at most.
        raise_for_error : bool, optional
            Whether it is an error that some do not come again in time.

        Returns
        -------
        dict
            ``"OK"`` or ``"timed out"``, by what was asked for.

        Raises
        ------
        TimeoutError
            If some do not come in time.
        """
        return self._sync(self._restart_workers, workers, self._seconds(timeout), raise_for_error)

    def _restart_workers(self, workers: Any, seconds: float | None, raises: bool) -> dict[str, str]:
        old = chosen(self._core.workers(), workers)
        if any(worker["pid"] == os.getpid() for worker in old):
            raise NotImplementedError("workers that are threads of this process cannot be started again")
        places = [(worker["id"], worker["address"]) for worker in old]
        for is_value, outcome in self._core.run(_end_soon, (), None, places):
            if not is_value:
                raise outcome
        until = None if seconds is None else time.monotonic() + seconds
        left = {worker["name"]: worker for worker in old}
        while left and (until is None or time.monotonic() < until):
            for worker in self._core.workers():
                if worker["name"] in left and worker["id"] != left[worker["name"]]["id"]:
                    del left[worker["name"]]
            if left:
                time.sleep(_LOOK_AGAIN_SECONDS)
        if left and raises:
            raise TimeoutError(f"workers that did not come again after {seconds:g} s: {', '.join(left)}")
        return {worker["address"]: "timed out" if worker["name"] in left else "OK" for worker in old}
