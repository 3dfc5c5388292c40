"""Callbacks: functions that are called as a computation goes on.

What a user writes is `Callback`; what the engine talks to is `Observer`, one a computation, which hands each
event on to the callbacks that were active when the computation began.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from threading import RLock
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from raskt._run_state import GraphView, RunState

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
    from types import TracebackType
    from typing import Self, TypeAlias

    from raskt._run_state import RunHandle

    Start: TypeAlias = Callable[[Any], object]
    StartState: TypeAlias = Callable[[Any, Any], object]
    PreTask: TypeAlias = Callable[[Any, Any, Any], object]
    PostTask: TypeAlias = Callable[[Any, Any, Any, Any, Any], object]
    Finish: TypeAlias = Callable[[Any, Any, bool], object]
    Known: TypeAlias = Callable[[list[Hashable]], Mapping[Hashable, Any]]

__all__ = ["Callback", "Observer", "add_callbacks", "local_callbacks"]


class Hooks(NamedTuple):
    """The functions of one callback, in the order in which Dask keeps them; `known` is Raskt's own."""

    start: Start | None = None
    start_state: StartState | None = None
    pretask: PreTask | None = None
    posttask: PostTask | None = None
    finish: Finish | None = None
    known: Known | None = None


class Callback:
    """Functions that are called as a computation goes on.

    Give any of the functions below, or derive a class and write them as methods named `_start`,
    `_start_state`, `_pretask`, `_posttask` and `_finish`. Calls for one computation never overlap, from
    whatever thread they come. An exception that one of them raises ends the computation and reaches whoever
    asked for it.

    Parameters
    ----------
    start : callable, optional
        `start(dsk)`, before anything runs. `dsk` maps each key to its task; it is built when it is looked at.
    start_state : callable, optional
        `start_state(dsk, state)`, next. `state` maps `"waiting"`, `"ready"`, `"running"`, `"finished"`,
        `"cache"`, `"released"`, `"dependencies"`, `"dependents"` and `"waiting_data"` to collections of keys.
    pretask : callable, optional
        `pretask(key, dsk, state)`, as a task begins.
    posttask : callable, optional
        `posttask(key, result, dsk, state, worker_id)`, when a task has succeeded. `state.started` and
        `state.ended` say when it ran, on the clock of `time.perf_counter`.
    finish : callable, optional
        `finish(dsk, state, errored)`, at the end, also after a failure or an interrupt.

    Notes ----- A class may also define `known(keys)`, which returns a dictionary of results that need not be
    computed; it is asked before `start`. `raskt.cache.Cache` is made with it.

    Computations that a task starts of its own do not see the callbacks of the computation it belongs to.

    Examples
    --------
    >>> from raskt.callbacks import Callback
    >>> class PrintKeys(Callback):
    ...     def _pretask(self, key, dsk, state):
    ...         print(f"computing {key!r}")
    >>> import raskt.threaded
    >>> with PrintKeys():
    ...     raskt.threaded.get({"x": (abs, -1)}, "x")
    computing 'x'
    1
    """

    active: ClassVar[set[Hooks]] = set()

    def __init__(
        self,
        start: Start | None = None,
        start_state: StartState | None = None,
        pretask: PreTask | None = None,
        posttask: PostTask | None = None,
        finish: Finish | None = None,
    ) -> None:
        given = Hooks(start, start_state, pretask, posttask, finish)
        for name, hook in given._asdict().items():
            if hook is not None:
                setattr(self, f"_{name}", hook)

    @property
    def _callback(self) -> Hooks:
        methods = {name: getattr(self, f"_{name}", None) for name in Hooks._fields[:5]}
        return Hooks(**methods, known=getattr(self, "known", None))

    def __enter__(self) -> Self:
        # A stack, so that one object can be entered twice, or entered while it is registered.
        entered: list[add_callbacks] = self.__dict__.setdefault("_entered_callbacks", [])
        entered.append(add_callbacks(self))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__dict__["_entered_callbacks"].pop().__exit__(kind, error, trace)

    def register(self) -> None:
        """Make this callback active for every computation, until `unregister`."""
        Callback.active.add(self._callback)

    def unregister(self) -> None:
        """Undo `register`.

        Raises
        ------
        KeyError
            If it is not registered.
        """
        hooks = self._callback
        if hooks not in Callback.active:
            raise KeyError(f"{self!r} is not registered")
        Callback.active.remove(hooks)


def normalize_callback(callback: Callback | tuple[Any, ...]) -> Hooks:
    """The hooks of a callback, which may also be given as a tuple of five functions or None."""
    if isinstance(callback, Callback):
        return callback._callback
    if isinstance(callback, Hooks):
        return callback
    if isinstance(callback, tuple) and len(callback) == 5:
        return Hooks(*callback)
    raise TypeError(
        "a callback is a raskt.callbacks.Callback or a tuple "
        f"(start, start_state, pretask, posttask, finish), not {callback!r}"
    )


class add_callbacks:  # noqa: N801, RUF100 - the name that Dask's users know
    """Make callbacks active inside a `with` block.

    Parameters
    ----------
    *callbacks : Callback or tuple
        Callbacks, or tuples `(start, start_state, pretask, posttask, finish)` of functions or None.

    Examples
    --------
    >>> from raskt.callbacks import Callback, add_callbacks
    >>> with add_callbacks((None, None, None, None, print)):
    ...     len(Callback.active)
    1
    >>> len(Callback.active)
    0
    """

    def __init__(self, *callbacks: Callback | tuple[Any, ...]) -> None:
        hooks = {normalize_callback(callback) for callback in callbacks}
        # What was active already stays so at the end: a registered callback survives a `with` block of its
        # own.
        self._added = hooks - Callback.active
        Callback.active.update(hooks)

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        Callback.active.difference_update(self._added)


# The callbacks that computations around this one already use. A context variable, not a swap of
# `Callback.active`: context variables travel into tasks, and computations on other threads are not disturbed.
_hidden: ContextVar[frozenset[Hooks]] = ContextVar("raskt_hidden_callbacks", default=frozenset())


@contextmanager
def local_callbacks(
    callbacks: Callback | Iterable[Callback | tuple[Any, ...]] | None = None,
) -> Iterator[tuple[Hooks, ...]]:
    """The callbacks for one computation, hidden from the computations nested in it.

    Parameters
    ----------
    callbacks : Callback or iterable of callbacks, optional
        Callbacks to use instead of the active ones.

    Yields
    ------
    tuple of Hooks
        What to give to `Observer`; empty if there is nothing to call.

    Examples
    --------
    >>> from raskt.callbacks import Callback, local_callbacks
    >>> with Callback(finish=print), local_callbacks() as outer, local_callbacks() as nested:
    ...     len(outer), len(nested)
    (1, 0)
    """
    if callbacks is not None:
        given = (callbacks,) if isinstance(callbacks, Callback | Hooks) else callbacks
        yield tuple(map(normalize_callback, given))
        return
    hidden = _hidden.get()
    active = frozenset(Callback.active)
    token = _hidden.set(hidden | active)
    try:
        yield tuple(active - hidden)
    finally:
        _hidden.reset(token)


class Observer:
    """What the engine tells of one computation, handed on to callbacks.

    The engine makes one a computation, asks `known` if `asks_known`, calls `start`, then `begin` and `end`
    around each task if `needs_tasks`, and `finish` in every case, also when `start` raised. Events that come
    after `finish` are dropped: a function that could not be stopped may end late.

    Parameters
    ----------
    callbacks : iterable of Callback or tuple
        Usually what `local_callbacks` yields.

    Examples
    --------
    >>> from raskt.callbacks import Callback, Observer
    >>> Observer([Callback(finish=print)]).needs_tasks
    False
    >>> Observer([Callback(pretask=print)]).needs_tasks
    True
    """

    __slots__ = (
        "_dsk",
        "_hooks",
        "_live",
        "_lock",
        "_posttask",
        "_pretask",
        "_started",
        "_state",
        "asks_known",
        "needs_tasks",
    )

    _dsk: GraphView
    _state: RunState

    def __init__(self, callbacks: Iterable[Callback | tuple[Any, ...]] = ()) -> None:
        self._hooks = [normalize_callback(callback) for callback in callbacks]
        self._pretask = [hooks.pretask for hooks in self._hooks if hooks.pretask is not None]
        self._posttask = [hooks.posttask for hooks in self._hooks if hooks.posttask is not None]
        self._started: list[Hooks] = []
        self._lock = RLock()
        self._live = False
        self.needs_tasks: bool = bool(self._pretask or self._posttask)
        self.asks_known: bool = any(hooks.known is not None for hooks in self._hooks)

    def known(self, keys: list[Hashable]) -> dict[Hashable, Any]:
        """Results that need not be computed, from all callbacks that define `known`."""
        found: dict[Hashable, Any] = {}
        for hooks in self._hooks:
            if hooks.known is not None:
                found.update(hooks.known(keys))
        return found

    def start(self, run: RunHandle) -> None:
        """Call the callbacks' `start`, then their `start_state`."""
        with self._lock:
            self._dsk = GraphView(run)
            self._state = RunState(run, follows_tasks=self.needs_tasks)
            self._live = True
            for hooks in self._hooks:
                if hooks.start is not None:
                    hooks.start(self._dsk)
                self._started.append(hooks)
            for hooks in self._hooks:
                if hooks.start_state is not None:
                    hooks.start_state(self._dsk, self._state)

    def begin(self, key: Hashable, worker: int) -> None:  # noqa: ARG002 - the engine says where, pretask does not
        """A task begins."""
        with self._lock:
            if self._live:
                self._state.begin(key)
                for pretask in self._pretask:
                    pretask(key, self._dsk, self._state)

    def end(self, key: Hashable, result: Any, worker: int, started: float, ended: float) -> None:
        """A task has succeeded; times are those of `time.perf_counter`."""
        with self._lock:
            if self._live:
                self._state.end(key, result, started, ended)
                for posttask in self._posttask:
                    posttask(key, result, self._dsk, self._state, worker)

    def finish(self, errored: bool) -> None:
        """Call `finish` of every callback that was started, even if one of them raises."""
        errors: list[BaseException] = []
        with self._lock:
            self._live = False
            started, self._started = self._started, []
            for hooks in started:
                if hooks.finish is None:
                    continue
                try:
                    hooks.finish(self._dsk, self._state, errored)
                except BaseException as error:
                    errors.append(error)
        if errors:
            for other in errors[1:]:
                errors[0].add_note(f"another callback's finish raised too: {other!r}")
            raise errors[0]
