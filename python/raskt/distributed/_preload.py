"""Modules of users that schedulers and workers load when they start."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType
    from typing import Any

__all__ = ["Preloads", "listed"]

#: Functions by these names are called; modules that were written for Dask go on to work.
_SETUP = ("raskt_setup", "dask_setup")
_TEARDOWN = ("raskt_teardown", "dask_teardown")


class Preloads:
    """Modules that are loaded now, and whose functions are called when a daemon starts and ends.

    Parameters
    ----------
    modules : str or list of str or None
        Names of modules, or paths of files that end in ``.py``.
    argv : list of str
        What ``raskt_setup`` gets beside the daemon.
    """

    def __init__(self, modules: str | Sequence[str] | None, argv: Sequence[str] = ()) -> None:
        self._argv = list(argv)
        self._modules = [_loaded(name) for name in listed(modules)]

    def set_up(self, daemon: Any) -> None:
        """Call ``raskt_setup(daemon, *argv)`` of each module that has it."""
        for module in self._modules:
            setup = _found(module, _SETUP)
            if setup is None:
                if self._argv:
                    print(f"{module.__name__} has no raskt_setup for {self._argv}", file=sys.stderr)
            elif hasattr(setup, "make_context") and hasattr(setup, "callback"):
                # A command of click's: it says itself what it takes.
                with setup.make_context(setup.name or "raskt_setup", list(self._argv)) as context:
                    _awaited(setup.callback(daemon, *context.args, **context.params))
            else:
                _awaited(setup(daemon, *self._argv))

    def tear_down(self, daemon: Any) -> None:
        """Call ``raskt_teardown(daemon)`` of each module that has it, the last first; errors are reported."""
        for module in reversed(self._modules):
            teardown = _found(module, _TEARDOWN)
            if teardown is None:
                continue
            try:
                _awaited(teardown(daemon))
            except Exception:
                print(f"error: the teardown of {module.__name__}:", file=sys.stderr)
                sys.excepthook(*sys.exc_info())


def listed(modules: str | Sequence[str] | None) -> list[str]:
    """Return the names as a list."""
    return [] if modules is None else [modules] if isinstance(modules, str) else list(modules)


def _loaded(name: str) -> ModuleType:
    if name.startswith(("http://", "https://")):
        raise NotImplementedError(f"preload {name!r}: code is not loaded from the network; save it to a file")
    if not name.endswith(".py"):
        return importlib.import_module(name)
    path = os.path.abspath(os.path.expanduser(name))
    stem = os.path.splitext(os.path.basename(path))[0]
    spec = importlib.util.spec_from_file_location(stem, path)
    if spec is None or spec.loader is None or not os.path.exists(path):
        raise FileNotFoundError(f"the file {path!r} to preload is not there")
    module = importlib.util.module_from_spec(spec)
    sys.modules[stem] = module
    spec.loader.exec_module(module)
    return module


def _found(module: ModuleType, names: tuple[str, ...]) -> Any:
    return next((getattr(module, name) for name in names if hasattr(module, name)), None)


def _awaited(result: Any) -> None:
    if inspect.isawaitable(result):
        import asyncio

        async def wait() -> None:
            await result

        asyncio.run(wait())
