"""What viewers of a cluster's dashboard ask for and only workers know, and what they may have done."""

from __future__ import annotations

import contextlib
import io
import json
import pickle
import threading
import time
from typing import TYPE_CHECKING, Any

from raskt import _clients, config
from raskt.diagnostics._telling import tell
from raskt.distributed import _logs, _stacks
from raskt.distributed._answers import chosen, key_of
from raskt.distributed._lines import lines_of, name_of
from raskt.distributed.security import Security

if TYPE_CHECKING:
    from collections.abc import Callable

    from raskt.distributed.scheduler import Scheduler
    from raskt.distributed.worker import Worker

__all__ = ["Telling", "tell_of"]

#: What the client is called that asks workers: the scheduler counts it not.
_NAME = "raskt-dashboard"
#: Workers that do not answer within so many seconds are left out.
_PATIENCE_SECONDS = 3.0
#: A client that nobody needs for so many seconds is closed.
_LEFT_AFTER_SECONDS = 30.0
#: Rows of a profile, and lines of logs, that are told.
_N_FRAMES_MAX = 4000
_N_LINES_MAX = 500
#: Workers that a profile of all is made of at most, evenly chosen.
_N_WORKERS_MAX = 100


class Telling:
    """Asks the workers of a scheduler in this process, for its dashboard.

    Parameters
    ----------
    scheduler : Scheduler
        Which.
    """

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._lock = threading.Lock()
        self._client: Any = None
        #: When the client is closed, and by whom.
        self._until = 0.0
        self._leaving: threading.Thread | None = None
        self._closed = threading.Event()

    def tell(self, topic: str, argument: str) -> str | None:
        """Return what is known of a topic, as JSON; None where nothing is.

        Parameters
        ----------
        topic : str
            ``"profile"``, ``"stacks"`` and ``"logs"`` of a worker, by its address (all of them if that is
            empty); ``"errors"``, ``"held"``; or what every dashboard tells.
        argument : str
            Of what.
        """
        topics: dict[str, Callable[[str], Any]] = {
            "profile": self._profile,
            "stacks": self._call_stacks,
            "logs": self._worker_logs,
            "errors": lambda _: self._errors(),
            "held": lambda _: self._held(),
        }
        found = topics.get(topic)
        if found is None:
            return tell(topic, argument)
        try:
            return json.dumps(found(argument))
        except (ValueError, RuntimeError, OSError):
            # A worker that has gone, or a scheduler that ends.
            return None

    def act(self, action: str, wanted: str) -> str:
        """Do what a viewer wants who knows the token; return what came of it, as JSON.

        Raises
        ------
        ValueError
            For what cannot be done.
        """
        try:
            given = json.loads(wanted or "{}")
        except ValueError as error:
            raise ValueError(f"this is not JSON: {error}") from None
        name = {"retire_workers": "workers", "cancel": "keys"}[action]
        named = given.get(name) if isinstance(given, dict) else None
        if not isinstance(named, list) or not named or not all(isinstance(item, str) for item in named):
            raise ValueError(f'{action} takes {{"{name}": [...]}}, a list of texts')
        if action == "cancel":
            return json.dumps(self._cancel(named))
        return json.dumps(self._retire(named))

    def close(self) -> None:
        """Ask no more."""
        self._closed.set()
        with self._lock:
            leaving, client = self._leaving, self._client
            self._leaving = self._client = None
        if client is not None:
            client.close()
        if leaving is not None:
            leaving.join()

    # The workers.

    def _joined(self) -> Any:
        """A client, which is closed when nobody has needed it for a while."""
        with self._lock:
            if self._closed.is_set():
                raise RuntimeError("the dashboard was closed")
            self._until = time.monotonic() + _LEFT_AFTER_SECONDS
            if self._client is None:
                scheduler = self._scheduler
                security = scheduler.security
                self._client = _clients.home().Client(
                    scheduler.address,
                    token=scheduler.token,
                    security=security if isinstance(security, Security) else None,
                    name=_NAME,
                    set_as_default=False,
                )
                self._leaving = threading.Thread(target=self._leave, name="raskt-dashboard", daemon=True)
                self._leaving.start()
            return self._client

    def _leave(self) -> None:
        """Close the client when nobody has needed it for a while."""
        while not self._closed.wait(max(0.0, self._until - time.monotonic())):
            with self._lock:
                if self._until > time.monotonic():
                    continue
                client, self._client, self._leaving = self._client, None, None
            if client is not None:
                client.close()
            return

    def _asked(self, argument: str, call: Callable[[dict[str, Any]], tuple[Any, ...]]) -> dict[str, Any]:
        """What a function returns on each of some workers that answer in time, by their addresses."""
        workers = chosen(self._scheduler.workers(), argument or None)
        workers = workers[:: max(1, len(workers) // _N_WORKERS_MAX)]
        core = self._joined()._core
        by_call: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
        for worker in workers:
            by_call.setdefault(call(worker), []).append(worker)
        found = {}
        for (function, *args), some in by_call.items():
            places = [(worker["id"], worker["address"]) for worker in some]
            outcomes = core.run(function, tuple(args), None, places, _PATIENCE_SECONDS)
            for worker, (is_value, outcome) in zip(some, outcomes, strict=True):
                if is_value:
                    found[worker["address"]] = outcome
        return found

    def _profile(self, argument: str) -> dict[str, Any]:
        found = self._asked(argument, lambda _: (_stacks.profile, None, None, None))
        # Workers of one process have seen the same.
        process = {worker["address"]: (worker["host"], worker["pid"]) for worker in self._scheduler.workers()}
        by_process = {process.get(address, address): tree for address, tree in found.items()}
        return _as_rows(_stacks.merged(by_process.values()))

    def _call_stacks(self, argument: str) -> list[tuple[str, str, str]]:
        found = self._asked(argument, lambda worker: (_stacks.call_stacks, worker["address"], None))
        return [
            (address, str(key), "\n".join(lines))
            for address, stacks in found.items()
            for key, lines in stacks.items()
        ]

    def _worker_logs(self, argument: str) -> list[tuple[str, str, str]]:
        found = self._asked(argument, lambda _: (_logs.lines, _N_LINES_MAX))
        return [(address, level, text) for address, lines in found.items() for level, text in lines]

    # The scheduler.

    def _errors(self) -> list[tuple[float, str, str, str, str]]:
        """The tasks that failed last: when, key, function, what was raised, traceback."""
        names = {worker["id"]: worker["name"] for worker in self._scheduler.workers()}
        rows = []
        for at, key, worker, raised, packed in self._scheduler.core.failures():
            described, text = _unpacked(packed)
            where = f"on worker {names.get(worker, worker)}"
            rows.append((at, f"{key}, {where}", _function_of(key), described or raised, text))
        return rows

    def _held(self) -> list[tuple[str, int, int, list[str]]]:
        """What workers hold: name, values, bytes, and the lines that made it in this process."""
        return [
            (row["name"], row["n"], row["bytes"], lines_of(row["name"]))
            for row in self._scheduler.core.held()
        ]

    def _retire(self, named: list[str]) -> dict[str, Any]:
        going = chosen(self._scheduler.workers(), named)
        self._scheduler.core.retire([worker["id"] for worker in going])
        return {"retiring": [worker["name"] for worker in going]}

    def _cancel(self, named: list[str]) -> dict[str, Any]:
        client = self._joined()
        keys = [key_of(name) for name in named]
        futures = [_clients.home().Future(key, client) for key in keys]
        client.cancel(futures, force=True)
        return {"cancelled": named}


def _as_rows(tree: dict[str, Any]) -> dict[str, Any]:
    interval = config.resolve("cluster.profile-interval")
    return {
        "samples": tree["count"],
        "interval": interval,
        "frames": _stacks.rows_of(tree, _N_FRAMES_MAX),
    }


class _Plain(pickle.Unpickler):
    """Reads what is made of texts and bytes alone: nothing that a worker sent is looked for and called."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"{module}.{name} is neither text nor bytes")


def _unpacked(packed: tuple[bytes, list[Any]] | None) -> tuple[str, str]:
    """What an exception is and its traceback, as its worker wrote them; empty where that cannot be read."""
    if packed is None:
        return "", ""
    header, buffers = packed
    with contextlib.suppress(pickle.UnpicklingError, EOFError, ValueError, TypeError):
        _, described, text = _Plain(io.BytesIO(header), buffers=buffers).load()
        return str(described), str(text)
    return "", ""


def _function_of(key: str) -> str:
    """What the key of a task begins with: all but the token."""
    return name_of(name_of(key_of(key)))


def tell_of(worker: Worker) -> Callable[[str, str], str | None]:
    """Return what tells of a worker in this process, for a dashboard of its own.

    Parameters
    ----------
    worker : Worker
        Which.
    """

    def told(topic: str, argument: str) -> str | None:
        topics: dict[str, Callable[[], Any]] = {
            "profile": lambda: _as_rows(_stacks.profile(None, None, None)),
            "stacks": lambda: [
                (worker.address, str(key), "\n".join(lines))
                for key, lines in _stacks.call_stacks(worker.address, None).items()
            ],
            "logs": lambda: [(worker.address, *line) for line in _logs.lines(_N_LINES_MAX)],
        }
        found = topics.get(topic)
        return tell(topic, argument) if found is None else json.dumps(found())

    return told
