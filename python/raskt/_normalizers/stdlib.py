"""Callables, modules, views and containers of the standard library that pickle does not describe well."""

from __future__ import annotations

import functools
from types import BuiltinFunctionType, MethodType, MethodWrapperType, ModuleType

from raskt._normalizers.objects import normalize_object
from raskt.tokenize import TokenizationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from raskt.dispatch import Dispatch

    Handlers = Iterator[tuple[type[Any], Callable[[Any], object]]]


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


def _by_parts(parts: Callable[[Any], object], cls: type) -> Callable[[Any], object]:
    """Return a short cut for instances of exactly one class: subclasses have a state of their own."""
    return lambda value: parts(value) if type(value) is cls else normalize_object(value)


def _functools() -> Handlers:
    yield functools.partial, _partial
    yield functools.cached_property, lambda value: value.func
    yield functools._lru_cache_wrapper, lambda value: (value.__wrapped__, value.cache_parameters())


def _pickle() -> Handlers:
    import pickle

    yield pickle.PickleBuffer, _pickle_buffer


def _re() -> Handlers:
    import re

    yield re.Pattern, lambda value: (value.pattern, value.flags)


def _weakref() -> Handlers:
    import weakref

    yield weakref.ReferenceType, _weak
    for cls in weakref.ProxyTypes:
        yield cls, _weak


def _datetime() -> Handlers:
    import datetime

    for cls in (datetime.date, datetime.time, datetime.datetime):  # packed bytes and time zone
        yield cls, _by_parts(lambda value: value.__reduce_ex__(4)[1], cls)
    yield (
        datetime.timedelta,
        _by_parts(lambda value: (value.days, value.seconds, value.microseconds), datetime.timedelta),
    )


def _decimal() -> Handlers:
    import decimal

    yield decimal.Decimal, _by_parts(str, decimal.Decimal)


def _fractions() -> Handlers:
    import fractions

    yield (
        fractions.Fraction,
        _by_parts(lambda value: (value.numerator, value.denominator), fractions.Fraction),
    )


def _pathlib() -> Handlers:
    import pathlib

    for cls in (type(pathlib.Path()), pathlib.PurePosixPath, pathlib.PureWindowsPath):
        yield cls, _by_parts(lambda path: path.parts, cls)


def _uuid() -> Handlers:
    import uuid

    yield uuid.UUID, _by_parts(lambda value: value.int, uuid.UUID)


_BUILTINS: dict[type, Callable[[Any], object]] = {
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
_PACKAGES: dict[str, Callable[[], Handlers]] = {
    "_pickle": _pickle,
    "datetime": _datetime,
    "decimal": _decimal,
    "fractions": _fractions,
    "functools": _functools,
    "pathlib": _pathlib,
    "pickle": _pickle,
    "re": _re,
    "uuid": _uuid,
    "weakref": _weakref,
}


def register(normalizers: Dispatch) -> None:
    """Register the handlers of this module.

    Parameters
    ----------
    normalizers : Dispatch
        Where to.
    """

    def lazily(package: str, handlers: Callable[[], Handlers]) -> None:
        def load() -> None:
            for cls, function in handlers():
                normalizers.register(cls, function)

        normalizers.register_lazy(package, load)

    for cls, function in _BUILTINS.items():
        normalizers.register(cls, function)
    for package, handlers in _PACKAGES.items():
        lazily(package, handlers)
