"""The part of `Client` that asks the scheduler what happened, and calls functions in its process."""

from __future__ import annotations

import json
import pickle
import re
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from raskt import _raskt, config
from raskt._pickle import dumps
from raskt.distributed import _host, _stacks
from raskt.distributed._answers import by_number, key_of
from raskt.units import format_bytes, parse_timedelta

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from raskt._raskt import ClusterClient

__all__ = ["Watching", "stream_of", "topics_of"]

#: Rows of a profile that a page shows.
_N_FRAMES_MAX = 4000
#: Kinds of events that are computations of tasks, and how they ended.
_COMPUTED = {1: "OK", 2: "error"}
_TOKEN = re.compile("-[0-9a-f]{16,}$")
_STORIES = {**_host.TRANSITIONS, 8: ("memory", "memory")}
#: What plugins of schedulers do not hear of, and what there is instead.
_NOT_HEARD = {
    "update_graph": "log events where graphs are made (Client.log_event)",
    "valid_workers_downscaling": "retire workers yourself (Client.retire_workers)",
    "log_event": "subscribe (Client.subscribe_topic)",
}


class Watching:
    """What asks the scheduler what happened."""

    _core: ClusterClient
    asynchronous: bool

    def _sync(self, func: Callable[..., Any], *args: Any) -> Any:
        raise NotImplementedError

    # What happened to tasks.

    def _events(self, first: int) -> tuple[int, list[dict[str, Any]]]:
        """What happened to tasks from a number on, and the number to go on with."""
        address_of = by_number(self._core.workers())
        rows: list[dict[str, Any]] = []
        while True:
            found = self._core.events(first)
            some = _host.events_of(found, address_of)
            rows.extend(some)
            first = found["next"]
            if not some:
                return first, rows

    def get_task_stream(
        self,
        start: float | str | None = None,
        stop: float | str | None = None,
        count: int | None = None,
        plot: bool | str = False,
        filename: str | os.PathLike[str] = "task-stream.html",
        bokeh_resources: Any = None,
    ) -> Any:
        """Return the tasks that ran lately, as the scheduler heard of them.

        It remembers the last 32,768; `raskt.distributed.get_task_stream` collects all of a block.

        Parameters
        ----------
        start, stop : float or str, optional
            Only those that ended between these times: of `time.time`, or so long ago (``"10 s"``).
        count : int, optional
            So many at most, the newest.
        plot : bool or "save", optional
            Whether a page of them is made, and written to a file.
        filename : path, optional
            Which file.
        bokeh_resources : optional
            Taken for Dask's sake: pages are drawn without bokeh, and load nothing.

        Returns
        -------
        list of dict
            Of each task ``key``, ``name`` of its function, ``worker``, ``status`` (``"OK"`` or ``"error"``),
            ``nbytes``, and ``startstops`` with its times. With `plot` a pair of that and the page's text.

        Examples
        --------
        >>> client.submit(pow, 2, 5).result()  # doctest: +SKIP
        32
        >>> client.get_task_stream()[-1]["name"]  # doctest: +SKIP
        'pow'
        """
        del bokeh_resources
        if plot not in (False, True, "save"):
            raise ValueError(f"plot is a truth value or 'save', found {plot!r}")
        begun, ended = _moment(start), _moment(stop)

        def ask() -> Any:
            _, rows = self._events(0)
            data = stream_of(rows, begun, ended, count)
            if not plot:
                return data
            page = self._page_of(data)
            if plot == "save":
                Path(filename).write_text(page, "utf-8")
            return data, page

        return self._sync(ask)

    def _page_of(self, data: list[dict[str, Any]]) -> str:
        recording = self._core.record(False)
        try:
            page = recording.report("Task stream", topics_of(self, data, [], None))
        finally:
            recording.close()
        return page or ""

    def story(self, *keys: Any, on_error: str = "raise") -> Any:
        """Return what happened to tasks lately.

        Parameters
        ----------
        *keys : Future or key
            Which tasks.
        on_error : {"raise", "ignore"}, optional
            Taken for Dask's sake: the scheduler alone is asked.

        Returns
        -------
        list of tuple
            Of each event the key, from and to which state the task went, the worker, and when: a time of
            `time.time`. From memory to memory is a copy on another worker. `explain` tells how a task is now.

        Examples
        --------
        >>> client.story(future)  # doctest: +SKIP
        [('pow-1f0c...', 'processing', 'memory', 'tcp://127.0.0.1:40331', 1764460800.1)]
        """
        if on_error not in ("raise", "ignore"):
            raise ValueError(f"on_error is 'raise' or 'ignore', found {on_error!r}")
        wanted = {getattr(key, "key", key) for key in keys}

        def ask() -> list[tuple[Any, ...]]:
            _, rows = self._events(0)
            return [
                (row["key"], *_STORIES[row["kind"]], row["worker"], row["stop"])
                for row in rows
                if row["key"] in wanted and row["kind"] in _STORIES
            ]

        return self._sync(ask)

    def critical_path(self) -> Any:
        """Return the tasks that the end of the last one waited for, among those that ran lately.

        Each task is there with the input that came last: making one of these shorter, or running it sooner,
        is what brings the end nearer.

        Returns
        -------
        list of dict
            From the first to the last ``key``, ``name`` of its function, ``worker``, ``start`` and ``stop``
            (times of `time.time`), ``waited``: seconds between the end of the task before it and its start,
            and ``nbytes``.

        Examples
        --------
        >>> first = client.submit(time.sleep, 1)  # doctest: +SKIP
        >>> client.submit(str, first).result()  # doctest: +SKIP
        'None'
        >>> [task["name"] for task in client.critical_path()]  # doctest: +SKIP
        ['sleep', 'str']
        """

        def ask() -> list[dict[str, Any]]:
            offset = time.time() - self._core.events(2**64 - 1)["now_ns"] / 1e9
            address_of = by_number(self._core.workers())
            found: list[dict[str, Any]] = []
            for task in self._core.critical_path():
                start = offset + task["start_ns"] / 1e9
                row = {
                    "key": key_of(task["key"]),
                    "name": task["name"],
                    "worker": address_of.get(task["worker"], str(task["worker"])),
                    "start": start,
                    "stop": start + task["duration_ns"] / 1e9,
                    "waited": max(0.0, start - found[-1]["stop"]) if found else 0.0,
                    "nbytes": task["bytes"],
                }
                found.append(row)
            return found

        return self._sync(ask)

    def nbytes(self, keys: Any = None, summary: bool = True, **kwargs: Any) -> Any:
        """Return how many bytes values on the cluster have.

        Parameters
        ----------
        keys : list of Future or key, optional
            Of which. Default: all that workers hold.
        summary : bool, optional
            Whether those of one function are added up.
        **kwargs
            Taken for Dask's sake.

        Returns
        -------
        dict
            Bytes by the name of a function, or by key. Values with copies count once.

        Examples
        --------
        >>> client.nbytes(summary=False)  # doctest: +SKIP
        {'bytes-1f0c...': 1048609}
        """
        del kwargs

        def ask() -> dict[Any, int]:
            if keys is None:
                workers = self._core.workers()
                held = {key_of(key) for worker in workers for key in self._core.has_what(worker["id"])}
                wanted = sorted(held, key=str)
            else:
                wanted = [getattr(key, "key", key) for key in keys]
            found: dict[Any, int] = {}
            for key, size in zip(wanted, self._core.sizes(wanted), strict=True):
                if size is not None:
                    name = _name_of(key) if summary else key
                    found[name] = found.get(name, 0) + size
            return found

        return self._sync(ask)

    # What happened to the cluster.

    def get_scheduler_logs(self, n: int | None = None) -> Any:
        """Return what the scheduler has noted: of workers, clients, and tasks that failed.

        Parameters
        ----------
        n : int, optional
            So many at most, the newest. Default: the newest 10,000.

        Returns
        -------
        tuple
            Pairs of a level and text, the oldest first.

        Examples
        --------
        >>> client.get_scheduler_logs(n=1)  # doctest: +SKIP
        (('INFO', '2026-11-30 00:12:21 - client 2 has come'),)
        """

        def ask() -> tuple[tuple[str, str], ...]:
            first, lines = 0, []
            while (found := self._core.log(first))["lines"]:
                lines.extend(found["lines"])
                first = found["next"]
            if n is not None:
                lines = lines[max(0, len(lines) - n) :]
            return tuple((line["level"], f"{_written(line['time'])} - {line['text']}") for line in lines)

        return self._sync(ask)

    # The process of the scheduler.

    def _asked_there(self, *question: Any) -> Any:
        is_value, outcome = pickle.loads(self._core.ask_host(dumps(question)))
        if is_value:
            return outcome
        raise outcome

    def run_on_scheduler(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call a function in the process of the scheduler.

        That is the process of the `LocalCluster`, or of ``raskt scheduler``. The scheduler itself does not
        wait for it, whatever it does.

        Parameters
        ----------
        function : callable
            The function, or a coroutine function. It gets the scheduler where it has an argument
            ``dask_scheduler``: its ``address``, ``workers``, ``identity()``, ``load()`` and ``plugins``.
        *args, **kwargs
            Its arguments.

        Returns
        -------
        object
            What it returned.

        Raises
        ------
        Exception
            What it raised.

        Examples
        --------
        >>> import os
        >>> client.run_on_scheduler(os.getpid)  # doctest: +SKIP
        8340
        """
        if not callable(function):
            raise TypeError(f"run_on_scheduler takes a function, found {type(function).__name__}")
        return self._sync(self._asked_there, "run", function, args, kwargs)

    def _register_there(self, plugin: Any, name: str | None, stays: bool) -> Any:
        for method, instead in _NOT_HEARD.items():
            if getattr(type(plugin), method, None) is not None:
                raise NotImplementedError(f"plugins of the scheduler do not hear of {method}: {instead}")
        if name is None:
            name = getattr(plugin, "name", None) or f"{type(plugin).__name__}-{uuid.uuid4().hex}"
        return self._sync(self._asked_there, "register", name, dumps(plugin), stays)

    def unregister_scheduler_plugin(self, name: str) -> Any:
        """Close a plugin of the scheduler.

        Parameters
        ----------
        name : str
            What it is called.

        Raises
        ------
        ValueError
            If there is none of that name.
        """
        return self._sync(self._asked_there, "unregister", name)


def _moment(time_or_ago: float | str | None) -> float | None:
    if not isinstance(time_or_ago, str):
        return time_or_ago
    return time.time() - (parse_timedelta(time_or_ago) or 0.0)


def _written(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def _name_of(key: Any) -> str:
    """What the keys of a function begin with: all but the token."""
    return _TOKEN.sub("", str(key[0] if isinstance(key, tuple) else key))


def stream_of(
    rows: list[dict[str, Any]], start: float | None, stop: float | None, count: int | None
) -> list[dict[str, Any]]:
    """Return those rows that are computations, between two times, as users get them."""
    found = [
        {
            "key": row["key"],
            "name": row["name"],
            "worker": row["worker"],
            "status": _COMPUTED[row["kind"]],
            "nbytes": row["nbytes"],
            "startstops": [{"action": "compute", "start": row["start"], "stop": row["stop"]}],
        }
        for row in rows
        if row["kind"] in _COMPUTED
        and (start is None or row["stop"] >= start)
        and (stop is None or row["stop"] <= stop)
    ]
    return found if count is None else found[max(0, len(found) - count) :]


def topics_of(
    client: Any,
    data: list[dict[str, Any]],
    facts: list[tuple[str, str]],
    profile: dict[str, Any] | None,
) -> str:
    """Return what a page tells beside the stream, in JSON: facts of the cluster and of the work, a profile.

    Parameters
    ----------
    client : Client
        Of which cluster.
    data : list of dict
        The tasks that ran.
    facts : list of tuple
        Further facts.
    profile : dict, optional
        What `Client.profile` returned.
    """
    workers = client._core.workers()
    threads = sum(worker["n_threads"] for worker in workers)
    memory = sum(worker.get("memory_bytes") or 0 for worker in workers)
    times = [row["startstops"][0] for row in data]
    spent = sum(moment["stop"] - moment["start"] for moment in times)
    topics: dict[str, Any] = {
        "summary": [
            *facts,
            ("tasks", f"{len(data):,}, which took {spent:.3f} s together"),
            ("failed", f"{sum(row['status'] == 'error' for row in data):,}"),
            ("workers", f"{len(workers):,} with {threads:,} threads"),
            ("memory of workers", format_bytes(memory) if memory else "no limit"),
            ("scheduler", client._core.address),
            ("Raskt", _raskt.__version__),
        ]
    }
    if profile is not None and profile["count"]:
        interval = config.resolve("cluster.profile-interval")
        frames = _stacks.rows_of(profile, _N_FRAMES_MAX)
        topics["profile"] = {"samples": profile["count"], "interval": interval, "frames": frames}
    return json.dumps(topics)
