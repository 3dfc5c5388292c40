"""What is to be done when a computation ends, however it ends."""

from __future__ import annotations

import contextvars

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["at_end", "computation"]

_callbacks: contextvars.ContextVar[list[Callable[[], None]] | None] = contextvars.ContextVar(
    "raskt_computation", default=None
)


class computation:
    """A computation, as a context: what `at_end` was given while its graph was made is called at its end."""

    __slots__ = ("_callbacks", "_token")

    def __enter__(self) -> None:
        self._callbacks: list[Callable[[], None]] = []
        self._token = _callbacks.set(self._callbacks)

    def __exit__(self, *exception: object) -> None:
        _callbacks.reset(self._token)
        for callback in reversed(self._callbacks):
            callback()


def at_end(callback: Callable[[], None]) -> bool:
    """Call ``callback`` when the computation ends whose graph is being made; return whether there is one."""
    callbacks = _callbacks.get()
    if callbacks is None:
        return False
    callbacks.append(callback)
    return True
