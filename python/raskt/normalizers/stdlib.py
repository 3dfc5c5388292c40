"""Callables, modules, views and containers of the standard library that pickle does not describe well."""

from __future__ import annotations

import sys
from types import BuiltinFunctionType, MethodType, MethodWrapperType, ModuleType

from raskt.tokenize import TokenizationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from raskt.dispatch import Dispatch


def _builtin(function: Any) -> object:
    """Return owner and name of a function or method written in C."""
    owner = getattr(function, "__self__", None)
    if owner is None or isinstance(owner, ModuleType):
        module = function.__module__ or getattr(owner, "__name__", None)
        return module, function.__qualname__
    return owner, function.__name__


def _module(module: ModuleType) -> object:
    """Return the name of a module; of one that was made by hand, the public content too."""
    if sys.modules.get(module.__name__) is module:
        return module.__name__
    content = {name: value for name, value in vars(module).items() if not name.startswith("__")}
    return module.__name__, content


def _memoryview(view: memoryview) -> object:
    return view.format, view.shape, view.tobytes()


def _pickle_buffer(buffer: Any) -> object:
    return _memoryview(memoryview(buffer))


def _partial(partial: Any) -> object:
    return partial.func, partial.args, partial.keywords, vars(partial) or None


def _weak(reference: object) -> object:
    raise TokenizationError("a weak reference says nothing of the object's content")


def register(normalizers: Dispatch) -> None:
    """Register the handlers of this module.

    Parameters
    ----------
    normalizers : Dispatch
        Where to.
    """
    builtins: dict[type, Callable[[Any], object]] = {
        BuiltinFunctionType: _builtin,
        MethodWrapperType: _builtin,
        MethodType: lambda method: (method.__self__, method.__func__),
        ModuleType: _module,
        memoryview: _memoryview,
        set: lambda value: (type(value), frozenset(value), getattr(value, "__dict__", None)),
        frozenset: lambda value: (type(value), frozenset(value), getattr(value, "__dict__", None)),
        type({}.keys()): list,
        type({}.values()): list,
        type({}.items()): list,
    }
    for cls, function in builtins.items():
        normalizers.register(cls, function)

    def register_functools() -> None:
        import functools

        normalizers.register(functools.partial, _partial)
        normalizers.register(functools.cached_property, lambda value: value.func)
        normalizers.register(
            functools._lru_cache_wrapper, lambda value: (value.__wrapped__, value.cache_parameters())
        )

    def register_pickle() -> None:
        import pickle

        normalizers.register(pickle.PickleBuffer, _pickle_buffer)

    def register_re() -> None:
        import re

        normalizers.register(re.Pattern, lambda value: (value.pattern, value.flags))

    def register_weakref() -> None:
        import weakref

        normalizers.register((weakref.ReferenceType, *weakref.ProxyTypes), _weak)

    normalizers.register_lazy("functools", register_functools)
    normalizers.register_lazy("pickle", register_pickle)
    normalizers.register_lazy("_pickle", register_pickle)
    normalizers.register_lazy("re", register_re)
    normalizers.register_lazy("weakref", register_weakref)
