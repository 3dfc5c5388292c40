"""What is to be done when a computation ends, however it ends."""

from __future__ import annotations

import contextlib
import contextvars

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["at_end", "computation"]

_callbacks: contextvars.ContextVar[list[Callable[[], None]] | None] = contextvars.ContextVar(
    "raskt_computation", default=None
)


@contextlib.contextmanager
def computation() -> Iterator[None]:
    """Run a computation: whatever `at_end` was given while its graph was made is called when it ends."""
    callbacks: list[Callable[[], None]] = []
    token = _callbacks.set(callbacks)
    try:
        yield
    finally:
        _callbacks.reset(token)
        for callback in reversed(callbacks):
            callback()


def at_end(callback: Callable[[], None]) -> bool:
    """Call ``callback`` when the computation ends whose graph is being made; return whether there is one."""
    callbacks = _callbacks.get()
    if callbacks is None:
        return False
    callbacks.append(callback)
    return True
