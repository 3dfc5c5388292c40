"""Plugins of nannies, in the process that looks after workers."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import pickle
import socket
import sys
import threading
from typing import Any

from raskt.distributed._nanny_link import framed

__all__ = ["NannyPlugins"]


class NannyPlugins:
    """The plugins of one nanny.

    Parameters
    ----------
    nanny : WorkerProcess
        What plugins get.
    """

    def __init__(self, nanny: Any) -> None:
        self._nanny = nanny
        #: By name: which registration it was, and the plugin.
        self._plugins: dict[str, tuple[str, Any]] = {}
        self._changing = threading.Lock()

    def answer(self, link: socket.socket, kind: str, args: list[Any]) -> None:
        """Answer a worker's process on a thread: others are looked after meanwhile."""
        asked = (link, kind, args)
        threading.Thread(target=self._answer, args=asked, name="raskt-nanny-plugin", daemon=True).start()

    def _answer(self, link: socket.socket, kind: str, args: list[Any]) -> None:
        try:
            found = framed((True, self.add(*args) if kind == "add" else self.remove(*args)))
        except Exception as error:
            try:
                found = framed((False, error))
            except Exception:
                found = framed((False, RuntimeError(f"{type(error).__name__}: {error}")))
        # A worker that has ended meanwhile needs no answer.
        with contextlib.suppress(OSError):
            link.sendall(found)

    def add(self, name: str, data: bytes, registration: str) -> bool:
        """Set a plugin up in place of another one of its name; return whether a worker has to start again."""
        with self._changing:
            if name in self._plugins and self._plugins[name][0] == registration:
                return False
            self._remove(name)
            plugin = pickle.loads(data)
            _awaited(plugin.setup(self._nanny))
            self._plugins[name] = (registration, plugin)
            return bool(plugin.restart)

    def remove(self, name: str) -> bool:
        """Tear a plugin down; return whether it was there."""
        with self._changing:
            return self._remove(name)

    def _remove(self, name: str) -> bool:
        found = self._plugins.pop(name, None)
        if found is not None:
            _awaited(found[1].teardown(self._nanny))
        return found is not None

    def tear_down(self) -> None:
        """Tear all down at the end of the nanny; what they raise is reported."""
        with self._changing:
            for name in reversed(list(self._plugins)):
                try:
                    self._remove(name)
                except Exception:
                    print(
                        f"error: the teardown of the plugin {name!r} of nanny {self._nanny.name}:",
                        file=sys.stderr,
                    )
                    sys.excepthook(*sys.exc_info())


def _awaited(found: Any) -> None:
    if inspect.isawaitable(found):
        asyncio.run(_whole(found))


async def _whole(found: Any) -> Any:
    return await found
