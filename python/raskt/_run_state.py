"""What callbacks see of a running computation: its graph and its state, as mappings filled when looked at.

A callback that only counts costs nothing beyond a list entry a task; the sets of Dask's state dictionary (who
waits for whom, what has been released) are built on first use and kept up to date from then on.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Set
from typing import Any, Protocol

__all__ = ["GraphView", "RunHandle", "RunState"]


class RunHandle(Protocol):
    """The engine's side of one computation.

    A handle may also have `n_ready` (else ready tasks are counted among the waiting) and `outputs()`, the
    keys that were asked for (else a result that was asked for and has dependents is reported as released
    after the last). It stays valid after the end of the computation, for as long as a profiler keeps it.
    """

    @property
    def n_tasks(self) -> int:
        """How many tasks there are to run."""

    @property
    def n_done(self) -> int:
        """How many have ended."""

    @property
    def n_running(self) -> int:
        """How many are running."""

    def graph(self) -> Mapping[Hashable, Any]:
        """Key -> task; a task has `dependencies`, the keys it needs."""

    def keys(self) -> list[Hashable]:
        """The keys of the tasks to run."""

    def function_of(self, key: Hashable) -> str:
        """The name of the function that a task calls."""

    def cancel(self) -> None:
        """Stop the computation soon."""


class GraphView(Mapping[Hashable, Any]):
    """The graph of a computation: key -> task, asked from the engine when it is first looked at."""

    __slots__ = ("_graph", "run")

    def __init__(self, run: RunHandle) -> None:
        self.run = run
        self._graph: Mapping[Hashable, Any] | None = None

    def _mapping(self) -> Mapping[Hashable, Any]:
        if self._graph is None:
            self._graph = self.run.graph()
        return self._graph

    def __getitem__(self, key: Hashable) -> Any:
        return self._mapping()[key]

    def __iter__(self) -> Iterator[Hashable]:
        return iter(self._mapping())

    def __len__(self) -> int:
        return len(self._mapping())

    def __repr__(self) -> str:
        return f"<graph of {self.run.n_tasks} tasks>"


class KeySet(Set[Hashable]):
    """A set that knows its size before its members."""

    __slots__ = ("_count", "_members")

    def __init__(self, count: Callable[[], int], members: Callable[[], Collection[Hashable]]) -> None:
        self._count = count
        self._members = members

    # Results of &, | and - are plain sets.
    @classmethod
    def _from_iterable(cls, it: Iterable[Any]) -> set[Any]:
        return set(it)

    def __len__(self) -> int:
        return self._count()

    def __iter__(self) -> Iterator[Hashable]:
        # A copy: the engine goes on while a caller iterates.
        return iter(tuple(self._members()))

    def __contains__(self, key: object) -> bool:
        return key in self._members()

    def __repr__(self) -> str:
        return f"<{len(self)} keys>"


class KeyMap(Mapping[Hashable, Any]):
    """A mapping that knows its size before its members."""

    __slots__ = ("_count", "_members")

    def __init__(self, count: Callable[[], int], members: Callable[[], dict[Hashable, Any]]) -> None:
        self._count = count
        self._members = members

    def __len__(self) -> int:
        return self._count()

    def __iter__(self) -> Iterator[Hashable]:
        return iter(tuple(self._members()))

    def __getitem__(self, key: Hashable) -> Any:
        return self._members()[key]

    def __repr__(self) -> str:
        return f"<{len(self)} keys>"


class Links:
    """Who needs whom, and how far that has come."""

    __slots__ = ("_kept", "dependencies", "dependents", "ready", "released", "waiting", "waiting_data")

    def __init__(self, run: RunHandle) -> None:
        graph = run.graph()
        self.dependencies: dict[Hashable, set[Hashable]] = {
            key: set(getattr(task, "dependencies", ())) for key, task in graph.items()
        }
        self.dependents: dict[Hashable, set[Hashable]] = {key: set() for key in self.dependencies}
        for key, needs in self.dependencies.items():
            for need in needs:
                self.dependents.setdefault(need, set()).add(key)
        # Keys of the graph that are no task hold data from the start: nobody waits for them.
        tasks = set(run.keys())
        self.waiting: dict[Hashable, set[Hashable]] = {}
        self.ready: set[Hashable] = set()
        for key in tasks:
            if needs := self.dependencies.get(key, set()) & tasks:
                self.waiting[key] = needs
            else:
                self.ready.add(key)
        self.waiting_data = {key: set(users) for key, users in self.dependents.items()}
        self.released: set[Hashable] = set()
        self._kept = frozenset(getattr(run, "outputs", tuple)())

    def begin(self, key: Hashable) -> None:
        """A task begins."""
        self.ready.discard(key)
        self.waiting.pop(key, None)

    def end(self, key: Hashable) -> list[Hashable]:
        """A task has ended: say whose result nobody needs any more."""
        self.begin(key)
        for user in self.dependents.get(key, ()):
            needs = self.waiting.get(user)
            if needs is not None:
                needs.discard(key)
                if not needs:
                    del self.waiting[user]
                    self.ready.add(user)
        freed = []
        for need in self.dependencies.get(key, ()):
            users = self.waiting_data.get(need)
            if users is not None:
                users.discard(key)
                if not users and need not in self._kept:
                    del self.waiting_data[need]
                    freed.append(need)
        self.released.update(freed)
        return freed


FIELDS = (
    "dependencies",
    "dependents",
    "waiting",
    "waiting_data",
    "cache",
    "ready",
    "running",
    "finished",
    "released",
)


class RunState(Mapping[str, Any]):
    """The state of a computation, under the names of Dask's state dictionary.

    Sizes of `"ready"`, `"waiting"`, `"running"` and `"finished"` are always known and cheap. `"cache"` holds
    results from the moment it is first looked at, until nothing needs them any more.

    Attributes
    ----------
    run : RunHandle
        The engine's handle: counts, names, `cancel()`.
    started, ended : float
        When the task that ended last ran, on the clock of `time.perf_counter`.
    freed : sequence of keys
        Whose results that task was the last to need; known once `"released"` has been looked at.
    """

    __slots__ = (
        "_counted",
        "_finished",
        "_follows",
        "_held",
        "_links",
        "_log",
        "_running",
        "ended",
        "freed",
        "run",
        "started",
    )

    def __init__(self, run: RunHandle, *, follows_tasks: bool) -> None:
        self.run = run
        self.started = self.ended = 0.0
        self.freed: list[Hashable] | tuple[()] = ()
        self._follows = follows_tasks
        self._running: set[Hashable] = set()
        # Ended tasks in order; the set of them is made of it when asked for.
        self._log: list[Hashable] = []
        self._finished: set[Hashable] = set()
        self._counted = 0
        self._links: Links | None = None
        self._held: dict[Hashable, Any] | None = None

    def begin(self, key: Hashable) -> None:
        """A task begins."""
        self._running.add(key)
        if self._links is not None:
            self._links.begin(key)

    def end(self, key: Hashable, result: Any, started: float, ended: float) -> None:
        """A task has ended."""
        self._running.discard(key)
        self._log.append(key)
        self.started = started
        self.ended = ended
        if self._links is not None:
            self.freed = self._links.end(key)
            if self._held is not None:
                self._held[key] = result
                for freed in self.freed:
                    self._held.pop(freed, None)

    def __getitem__(self, field: str) -> Any:
        match field:
            case "finished":
                return KeySet(self._n_finished, self._finished_members)
            case "running":
                return KeySet(self._n_running, lambda: self._following()._running)
            case "ready":
                return KeySet(self._n_ready, lambda: self._following()._linked().ready)
            case "waiting":
                return KeyMap(self._n_waiting, lambda: self._following()._linked().waiting)
            case "dependencies" | "dependents":
                return getattr(self._linked(), field)
            case "waiting_data" | "released":
                return getattr(self._following()._linked(), field)
            case "cache":
                return self._following()._cache()
            case _:
                raise KeyError(field)

    def __iter__(self) -> Iterator[str]:
        return iter(FIELDS)

    def __len__(self) -> int:
        return len(FIELDS)

    def __repr__(self) -> str:
        return (
            f"<state of {self.run.n_tasks} tasks: {self._n_finished()} finished, {self._n_running()} running>"
        )

    def _following(self) -> RunState:
        if not self._follows:
            raise RuntimeError(
                "this computation only counts its tasks: to see which of them wait, run or have finished, "
                "give a callback with pretask or posttask"
            )
        return self

    def _linked(self) -> Links:
        if self._links is None:
            links = Links(self.run)
            for key in self._log:
                links.end(key)
            for key in self._running:
                links.begin(key)
            self._links = links
        return self._links

    def _cache(self) -> Mapping[Hashable, Any]:
        if self._held is None:
            self._linked()
            self._held = {}
        held = self._held
        return KeyMap(lambda: len(held), lambda: held)

    def _finished_members(self) -> set[Hashable]:
        log = self._following()._log
        n = len(log)
        self._finished.update(log[self._counted : n])
        self._counted = n
        return self._finished

    def _n_finished(self) -> int:
        return len(self._log) if self._follows else self.run.n_done

    def _n_running(self) -> int:
        return len(self._running) if self._follows else self.run.n_running

    def _n_ready(self) -> int:
        if self._links is not None and self._follows:
            return len(self._links.ready)
        return int(getattr(self.run, "n_ready", 0))

    def _n_waiting(self) -> int:
        if self._links is not None and self._follows:
            return len(self._links.waiting)
        return max(0, self.run.n_tasks - self._n_finished() - self._n_running() - self._n_ready())
