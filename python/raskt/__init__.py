"""Parallel Python on a Rust engine: Dask's interface, task graphs at a microsecond a task.

Names are loaded when they are first used: ``import raskt`` costs milliseconds and brings in neither NumPy nor
pandas.
"""

from __future__ import annotations

import sys
from types import ModuleType

from raskt._raskt import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from raskt import config
    from raskt._raskt import Alias, Delayed, Task, TaskRef
    from raskt._visualize import visualize
    from raskt.annotations import annotate, get_annotations
    from raskt.base import (
        compute,
        get_scheduler,
        is_dask_collection,
        is_raskt_collection,
        optimize,
        persist,
        unpack_collections,
        wait,
    )
    from raskt.core import istask
    from raskt.delayed import delayed
    from raskt.diagnostics.dashboard import dashboard
    from raskt.graph_manipulation import bind, checkpoint, clone, wait_on
    from raskt.local import get
    from raskt.sizeof import sizeof
    from raskt.tokenize import normalize_token, tokenize

__all__ = [
    "Alias",
    "Delayed",
    "Task",
    "TaskRef",
    "__version__",
    "annotate",
    "bind",
    "checkpoint",
    "clone",
    "compute",
    "config",
    "dashboard",
    "delayed",
    "get",
    "get_annotations",
    "get_scheduler",
    "is_dask_collection",
    "is_raskt_collection",
    "istask",
    "normalize_token",
    "optimize",
    "persist",
    "sizeof",
    "tokenize",
    "unpack_collections",
    "visualize",
    "wait",
    "wait_on",
]

_HOME = {
    "Alias": "raskt._raskt",
    "Delayed": "raskt._raskt",
    "Task": "raskt._raskt",
    "TaskRef": "raskt._raskt",
    "annotate": "raskt.annotations",
    "bind": "raskt.graph_manipulation",
    "checkpoint": "raskt.graph_manipulation",
    "clone": "raskt.graph_manipulation",
    "compute": "raskt.base",
    "dashboard": "raskt.diagnostics.dashboard",
    "delayed": "raskt.delayed",
    "get": "raskt.local",
    "get_annotations": "raskt.annotations",
    "get_scheduler": "raskt.base",
    "is_dask_collection": "raskt.base",
    "is_raskt_collection": "raskt.base",
    "istask": "raskt.core",
    "optimize": "raskt.base",
    "persist": "raskt.base",
    "tokenize": "raskt.tokenize",
    "normalize_token": "raskt.tokenize",
    "sizeof": "raskt.sizeof",
    "unpack_collections": "raskt.base",
    "visualize": "raskt._visualize",
    "wait": "raskt.base",
    "wait_on": "raskt.graph_manipulation",
}


def __getattr__(name: str) -> Any:
    import importlib

    home = _HOME.get(name)
    if home is not None:
        value = getattr(importlib.import_module(home), name)
    else:
        try:
            value = importlib.import_module(f"raskt.{name}")
        except ModuleNotFoundError as error:
            if error.name != f"raskt.{name}":
                raise
            raise AttributeError(f"module 'raskt' has no attribute {name!r}") from None
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(set(__all__) | set(globals()))


class _Package(ModuleType):
    """The package, whose functions are not hidden by the modules that they live in.

    Importing `raskt.delayed` makes Python bind the module to that name of the package, which is where users
    find the function.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if isinstance(value, ModuleType) and _HOME.get(name) == value.__name__:
            value = getattr(value, name)
        super().__setattr__(name, value)

    def __reduce__(self) -> tuple[object, tuple[str]]:
        import importlib

        return importlib.import_module, (__name__,)


sys.modules[__name__].__class__ = _Package
