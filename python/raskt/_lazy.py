"""Names of a module that other modules have: found when they are first asked for."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

__all__ = ["finder"]


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
        import importlib

        where, _, called = home.partition(":")
        value = getattr(importlib.import_module(where), called or name)
        setattr(sys.modules[module], name, value)
        return value

    return find
