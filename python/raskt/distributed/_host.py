"""The Python of the process in which a scheduler runs: functions that clients call there, and its plugins.

The scheduler never waits for any of it. Plugins read what it has heard, twenty times a second.
"""

from __future__ import annotations

import asyncio
import inspect
import pickle
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from raskt import _clients
from raskt._pickle import dumps
from raskt.distributed._answers import key_of, scheduler_info
from raskt.distributed._equipment import SchedulerPlugin
from raskt.distributed._lines import remember

if TYPE_CHECKING:
    from collections.abc import Callable

    from raskt._raskt import ClusterScheduler

__all__ = ["TRANSITIONS", "HostedScheduler", "OnWorker", "answer", "events_of"]

#: How often plugins look what the scheduler has heard.
_LOOK_SECONDS = 0.05
#: Longer places in code are cut off.
_N_CHARACTERS_MAX = 1000
#: More than there are: what was heard before is not told.
_FROM_NOW = 2**64 - 1
#: From and to which state a task goes with what happened to it, by the number of its kind.
TRANSITIONS = {1: ("processing", "memory"), 2: ("processing", "erred"), 7: ("processing", "waiting")}

#: The schedulers of this process of which somebody has asked something, by their addresses.
_schedulers: dict[str, HostedScheduler] = {}
_lock = threading.Lock()


class HostedScheduler:
    """A scheduler, as functions of `Client.run_on_scheduler` and plugins see it.

    They may keep attributes of their own in it.

    Examples
    --------
    >>> def n_workers(dask_scheduler):
    ...     return len(dask_scheduler.workers)
    >>> client.run_on_scheduler(n_workers)  # doctest: +SKIP
    2
    """

    def __init__(self, core: ClusterScheduler) -> None:
        self._core = core
        #: Where it listens.
        self.address: str = core.addresses[0]
        #: By their names.
        self.plugins: dict[str, SchedulerPlugin] = {}
        self._thread: threading.Thread | None = None
        self._is_changing = threading.Lock()

    @property
    def workers(self) -> dict[str, dict[str, Any]]:
        """What is known of the workers, by address."""
        workers: dict[str, dict[str, Any]] = self.identity()["workers"]
        return workers

    def identity(self) -> dict[str, Any]:
        """Return what is known of it and its workers, as `Client.scheduler_info` does."""
        return scheduler_info(self.address, self.address, self._core.workers())

    def load(self) -> dict[str, int]:
        """Return how many tasks are in which state, and how many clients there are."""
        return self._core.load()

    def __repr__(self) -> str:
        return f"<Scheduler {self.address!r}>"

    # What clients ask.

    def run(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call a function, which gets the scheduler where it has an argument ``dask_scheduler``."""
        if "dask_scheduler" in _parameters(function):
            kwargs = {**kwargs, "dask_scheduler": self}
        return _awaited(function(*args, **kwargs))

    def register(self, name: str, data: bytes, stays: bool) -> None:
        """Have a plugin hear of what happens from here on."""
        with self._is_changing:
            if name in self.plugins and stays:
                return
            self._unregister(name)
            # What happened before it was there is not told.
            nexts = [ask(_FROM_NOW)["next"] for ask in (self._core.log, self._core.events)]
            plugin: SchedulerPlugin = pickle.loads(data)
            _awaited(plugin.start(self))
            self.plugins[name] = plugin
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._watch, args=nexts, name="raskt-plugins", daemon=True
                )
                self._thread.start()

    def unregister(self, name: str) -> None:
        """Have a plugin hear of nothing more.

        Raises
        ------
        ValueError
            If there is none of that name.
        """
        with self._is_changing:
            if name not in self.plugins:
                raise ValueError(f"there is no plugin {name!r} of the scheduler")
            self._unregister(name)

    def _unregister(self, name: str) -> None:
        plugin = self.plugins.pop(name, None)
        if plugin is not None:
            _awaited(plugin.close())

    def note_line(self, name: str, line: str) -> None:
        """Remember which line of a client's made what is called so: the dashboard tells."""
        remember(str(name), str(line)[:_N_CHARACTERS_MAX])

    # What plugins hear.

    def _watch(self, next_line: int, next_event: int) -> None:
        ended: str | None = None
        while ended is None:
            ended = self._core.wait(_LOOK_SECONDS)
            if ended is not None:
                break
            try:
                next_line = self._tell_lines(next_line)
                next_event = self._tell_tasks(next_event)
            except RuntimeError:
                # The scheduler has ended between two looks.
                continue
        for name, plugin in list(self.plugins.items()):
            self._call(name, plugin.before_close)
            self._call(name, plugin.close)
        with _lock:
            _schedulers.pop(self.address, None)

    def _tell_lines(self, first: int) -> int:
        found = self._core.log(first)
        for line in found["lines"]:
            hear = _HEARS.get(line["event"])
            for name, plugin in list(self.plugins.items()) if hear else ():
                self._call(name, hear, plugin, self, line)
        following: int = found["next"]
        return following

    def _tell_tasks(self, first: int) -> int:
        hears = SchedulerPlugin.transition
        hearing = [item for item in self.plugins.items() if type(item[1]).transition is not hears]
        if not hearing:
            # From here on, should one come that wants to hear.
            return int(self._core.events(_FROM_NOW)["next"])
        found = self._core.events(first)
        address_of = {worker["id"]: worker["address"] for worker in self._core.workers()}
        for event in events_of(found, address_of):
            if event["kind"] not in TRANSITIONS:
                continue
            start, finish = TRANSITIONS[event["kind"]]
            moment = {"action": "compute", "start": event["start"], "stop": event["stop"]}
            for name, plugin in hearing:
                self._call(
                    name,
                    plugin.transition,
                    event["key"],
                    start,
                    finish,
                    stimulus_id="",
                    worker=event["worker"],
                    nbytes=event["nbytes"],
                    startstops=[moment],
                )
        return int(found["next"])

    def _call(self, name: str, method: Any, *args: Any, **kwargs: Any) -> None:
        try:
            _awaited(method(*args, **kwargs))
        except Exception:
            print(f"error: the plugin {name!r} of the scheduler:", file=sys.stderr)
            sys.excepthook(*sys.exc_info())


#: What plugins are told of lines of the log.
_HEARS: dict[str, Callable[[SchedulerPlugin, HostedScheduler, dict[str, Any]], Any]] = {
    "worker-joined": lambda plugin, scheduler, line: plugin.add_worker(scheduler, line["subject"]),
    "worker-left": lambda plugin, scheduler, line: plugin.remove_worker(
        scheduler, line["subject"], stimulus_id="", expected=True
    ),
    "worker-lost": lambda plugin, scheduler, line: plugin.remove_worker(
        scheduler, line["subject"], stimulus_id="", expected=False
    ),
    "client-joined": lambda plugin, scheduler, line: plugin.add_client(scheduler, line["subject"]),
    "client-left": lambda plugin, scheduler, line: plugin.remove_client(scheduler, line["subject"]),
    "restarted": lambda plugin, scheduler, _line: plugin.restart(scheduler),
}


def events_of(found: dict[str, Any], address_of: dict[int, str]) -> list[dict[str, Any]]:
    """Return what `ClusterClient.events` told as rows, with times of `time.time`.

    Parameters
    ----------
    found : dict
        What was told.
    address_of : dict
        The addresses of workers by their numbers.
    """
    offset = time.time() - found["now_ns"] / 1e9
    columns = (
        found[name] for name in ("key", "name", "kind", "worker", "start_ns", "duration_ns", "n", "bytes")
    )
    return [
        {
            "key": key_of(key),
            "name": found["names"][name],
            "kind": kind,
            "worker": address_of.get(worker, str(worker)),
            "start": offset + start_ns / 1e9,
            "stop": offset + (start_ns + duration_ns) / 1e9,
            "n": n,
            "nbytes": nbytes,
        }
        for key, name, kind, worker, start_ns, duration_ns, n, nbytes in zip(*columns, strict=True)
    ]


class OnWorker:
    """A function that a worker calls outside of all tasks: what it awaits is waited for, or not.

    Parameters
    ----------
    function : callable
        The function, which gets the worker where it has an argument ``dask_worker``.
    waits : bool
        Whether the worker waits for what an asynchronous function does.
    """

    def __init__(self, function: Callable[..., Any], waits: bool) -> None:
        self.function, self.waits = function, waits

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if "dask_worker" in _parameters(self.function):
            kwargs["dask_worker"] = _clients.here()
        found = self.function(*args, **kwargs)
        if self.waits or not inspect.isawaitable(found):
            return _awaited(found)
        threading.Thread(target=_awaited, args=(found,), name="raskt-run", daemon=True).start()
        return None


def _parameters(function: Callable[..., Any]) -> Any:
    try:
        return inspect.signature(function).parameters
    except ValueError:
        # Some built-in functions do not tell.
        return ()


def _awaited(found: Any) -> Any:
    return asyncio.run(_whole(found)) if inspect.isawaitable(found) else found


async def _whole(found: Any) -> Any:
    return await found


def answer(core: ClusterScheduler, question: bytes) -> bytes:
    """Answer a client: whether there is a value, and the value or what was raised, pickled."""
    address = core.addresses[0]
    with _lock:
        scheduler = _schedulers.setdefault(address, HostedScheduler(core))
    try:
        name, *args = pickle.loads(question)
        return dumps((True, getattr(scheduler, name)(*args)))
    except Exception as error:
        try:
            return dumps((False, error))
        except Exception:
            return dumps((False, RuntimeError(f"{type(error).__name__}: {error}")))
