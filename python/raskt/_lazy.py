"""What is found in other modules when it is first asked for: names, and functions to call."""

from __future__ import annotations

import importlib
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

__all__ = ["finder", "late", "late_module"]


def finder(module: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a module whose further names are in other modules.

    Parameters
    ----------
    module : str
        The module.
    homes : mapping
        By name the module that has it; ``"module:other"`` where it is called otherwise there.

    Returns
    -------
    callable
        What Python asks for a name that the module lacks.
    """

    def find(name: str) -> Any:
        home = homes.get(name)
        if home is None:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        where, _, called = home.partition(":")
        value = getattr(importlib.import_module(where), called or name)
        setattr(sys.modules[module], name, value)
        return value

    return find


def late(module: str, name: str) -> Callable[..., Any]:
    """Return a function of a module that is loaded when the function is first called.

    For modules below the one that calls, of which most programs call nothing: loading all of them at once
    would take as long as many a computation.

    Parameters
    ----------
    module : str
        The module.
    name : str
        The function's name, or that of a class.

    Returns
    -------
    callable
        What calls it.
    """
    found: list[Any] = []

    def call(*args: Any, **kwargs: Any) -> Any:
        if not found:
            found.append(getattr(importlib.import_module(module), name))
        return found[0](*args, **kwargs)

    return call


class _Late:
    """A module that is loaded when something of it is first asked for."""

    __slots__ = ("_module",)

    def __init__(self, module: str) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module(self._module), name)


def late_module(module: str) -> Any:
    """Return what stands for a module that is loaded when something of it is first asked for.

    Parameters
    ----------
    module : str
        The module.

    Returns
    -------
    object
        Its attributes are those of the module.
    """
    return _Late(module)
