"""Callables, modules, views and containers of the standard library that pickle does not describe well."""

from __future__ import annotations

from types import BuiltinFunctionType, MethodType, MethodWrapperType, ModuleType

from raskt.normalizers.objects import normalize_object
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


def _memoryview(view: memoryview) -> object:
    return view.format, view.shape, view.tobytes()


def _pickle_buffer(buffer: Any) -> object:
    return _memoryview(memoryview(buffer))


def _partial(partial: Any) -> object:
    return partial.func, partial.args, partial.keywords, vars(partial) or None


def _weak(_: object) -> object:
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
        memoryview: _memoryview,
        set: lambda value: (type(value), frozenset(value), getattr(value, "__dict__", None)),
        frozenset: lambda value: (type(value), frozenset(value), getattr(value, "__dict__", None)),
        type({}.keys()): list,
        type({}.values()): list,
        type({}.items()): list,
    }
    for cls, function in builtins.items():
        normalizers.register(cls, function)

    def exactly(cls: type, function: Callable[[Any], object]) -> None:
        """Register a short cut for a class. Subclasses have a state of their own."""
        normalizers.register(
            cls, lambda value: function(value) if type(value) is cls else normalize_object(value)
        )

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

    def register_datetime() -> None:
        import datetime

        for cls in (datetime.date, datetime.time, datetime.datetime):  # packed bytes and time zone
            exactly(cls, lambda value: value.__reduce_ex__(4)[1])
        exactly(datetime.timedelta, lambda value: (value.days, value.seconds, value.microseconds))

    def register_decimal() -> None:
        import decimal

        exactly(decimal.Decimal, str)

    def register_fractions() -> None:
        import fractions

        exactly(fractions.Fraction, lambda value: (value.numerator, value.denominator))

    def register_pathlib() -> None:
        import pathlib

        for cls in (pathlib.Path, pathlib.PurePosixPath, pathlib.PureWindowsPath):
            exactly(cls, lambda path: path.parts)
        exactly(type(pathlib.Path()), lambda path: path.parts)

    def register_uuid() -> None:
        import uuid

        exactly(uuid.UUID, lambda value: value.int)

    normalizers.register_lazy("datetime", register_datetime)
    normalizers.register_lazy("decimal", register_decimal)
    normalizers.register_lazy("fractions", register_fractions)
    normalizers.register_lazy("pathlib", register_pathlib)
    normalizers.register_lazy("uuid", register_uuid)
    normalizers.register_lazy("functools", register_functools)
    normalizers.register_lazy("pickle", register_pickle)
    normalizers.register_lazy("_pickle", register_pickle)
    normalizers.register_lazy("re", register_re)
    normalizers.register_lazy("weakref", register_weakref)
