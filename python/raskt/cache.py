"""A cache that keeps the results that were dear to compute and are cheap to hold."""

# ruff: noqa: ARG002 - a callback is handed everything, whatever it needs
from __future__ import annotations

from heapq import heapify, heappop, heappush
from math import log
from threading import Lock
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from raskt.callbacks import Callback
from raskt.sizeof import sizeof

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    from raskt._run_state import GraphView, RunState

__all__ = ["Cache"]

# What the cache itself spends on a result: its key, and its place in the tables.
OVERHEAD_BYTES = 200
# Scores are rescaled long before they overflow.
WEIGHT_MAX = 1e100


class Cache(Callback):
    """Keep results of tasks, and use them in later computations instead of running the tasks again.

    Every result is offered to the cache as its task ends. Its score is the seconds that it would take to have
    it again (its own time and that of the slowest chain of tasks before it) for each byte that it takes, and
    grows each time it is used; what has not been used for long counts less and less. The lowest scores go
    when the bytes run out.

    A result is known by its key alone. A task must therefore not change what it is given, and one key must
    always mean one value, as keys of pure `delayed` calls and of collections do.

    Parameters
    ----------
    available_bytes : float
        How many bytes the cache may hold.
    min_cost : float, default 0
        Results that take fewer seconds than this are not kept.
    halflife : float, default 1000
        A use counts half as much after so many other uses and arrivals.
    nbytes : callable, optional
        Measures a result; `raskt.sizeof` by default.

    Attributes
    ----------
    data : mapping
        The results that are held, by key.
    total_bytes : float
        What they add up to.

    Examples
    --------
    >>> import raskt.threaded
    >>> from raskt.cache import Cache
    >>> def slow(x):
    ...     print("running")
    ...     return x + 1
    >>> with Cache(1e9):
    ...     raskt.threaded.get({"x": (slow, 1)}, "x")
    ...     raskt.threaded.get({"x": (slow, 1)}, "x")
    running
    2
    2
    """

    def __init__(
        self,
        available_bytes: float,
        min_cost: float = 0.0,
        halflife: float = 1000,
        nbytes: Callable[[Any], float] | None = None,
    ) -> None:
        super().__init__()
        if not available_bytes >= 0:
            raise ValueError(f"available_bytes must be zero or more, not {available_bytes!r}")
        if not halflife > 0:
            raise ValueError(f"halflife must be positive, not {halflife!r}")
        self.available_bytes = available_bytes
        self.min_cost = min_cost
        self._growth = 1 + log(2) / halflife
        self._nbytes = nbytes
        self._lock = Lock()
        self._durations: dict[int, dict[Hashable, float]] = {}
        self.clear()

    def clear(self) -> None:
        """Forget every result."""
        with self._lock:
            self._values: dict[Hashable, Any] = {}
            self._sizes: dict[Hashable, float] = {}
            self._scores: dict[Hashable, float] = {}
            self._values_per_second: dict[Hashable, float] = {}
            # Lowest score first, with old scores left in: an entry counts if its score is still the key's.
            self._heap: list[tuple[float, int, Hashable]] = []
            self._entries = 0
            self._weight = 1.0
            self.total_bytes = 0.0

    @property
    def data(self) -> Mapping[Hashable, Any]:
        """The results that are held, by key; not to be written to."""
        return MappingProxyType(self._values)

    def known(self, keys: list[Hashable]) -> dict[Hashable, Any]:
        """The results among these keys that are held; each counts as used."""
        with self._lock:
            if not self._values:
                return {}
            found = {key: self._values[key] for key in keys if key in self._values}
            for key in found:
                self._touch(key)
            return found

    def put(self, key: Hashable, value: Any, cost: float, nbytes: float) -> None:
        """Offer a result that took `cost` seconds and `nbytes` bytes."""
        if cost < self.min_cost or nbytes > self.available_bytes:
            return
        with self._lock:
            if key in self._values:
                self.total_bytes -= self._sizes[key]
            self._values[key] = value
            self._sizes[key] = nbytes
            self._values_per_second[key] = cost / max(nbytes, 1)
            self.total_bytes += nbytes
            self._touch(key)
            while self.total_bytes > self.available_bytes:
                self._drop_lowest()

    def _touch(self, key: Hashable) -> None:
        # Later uses weigh more, instead of all earlier ones less.
        self._weight *= self._growth
        if self._weight > WEIGHT_MAX:
            self._rescale()
        self._scores[key] = self._scores.get(key, 0.0) + self._values_per_second[key] * self._weight
        self._push(key)
        if len(self._heap) > 64 + 4 * len(self._values):
            self._rebuild()

    def _push(self, key: Hashable) -> None:
        self._entries += 1  # keys need not be comparable
        heappush(self._heap, (self._scores[key], self._entries, key))

    def _rescale(self) -> None:
        self._scores = {key: score / self._weight for key, score in self._scores.items()}
        self._weight = 1.0
        self._rebuild()

    def _rebuild(self) -> None:
        self._heap = [(score, number, key) for number, (key, score) in enumerate(self._scores.items())]
        self._entries = len(self._heap)
        heapify(self._heap)

    def _drop_lowest(self) -> None:
        while True:
            score, _, key = heappop(self._heap)
            if self._scores.get(key) == score:
                break
        self.total_bytes -= self._sizes.pop(key)
        del self._values[key], self._scores[key], self._values_per_second[key]

    def _start_state(self, dsk: GraphView, state: RunState) -> None:
        self._durations[id(dsk)] = {}

    def _posttask(self, key: Hashable, result: Any, dsk: GraphView, state: RunState, worker_id: int) -> None:
        durations = self._durations.get(id(dsk))
        if durations is None:
            return
        needs = state["dependencies"].get(key, ())
        cost = state.ended - state.started + max((durations.get(need, 0.0) for need in needs), default=0.0)
        durations[key] = cost
        self.put(key, result, cost, self._measure(result) + OVERHEAD_BYTES)

    def _finish(self, dsk: GraphView, state: RunState, errored: bool) -> None:
        self._durations.pop(id(dsk), None)

    def _measure(self, result: Any) -> float:
        if self._nbytes is None:
            self._nbytes = sizeof
        return self._nbytes(result)
