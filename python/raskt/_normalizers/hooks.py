"""What the Rust side of `tokenize` asks of Python."""

from __future__ import annotations

import operator
import os
import sys

from raskt import config
from raskt._normalizers import classes, objects, stdlib
from raskt._normalizers.kinds import NATIVE_KINDS
from raskt.dispatch import Dispatch
from raskt.tokenize import TokenizationError, normalize_token, tokenize

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

builtin_normalizers = Dispatch("normalize_token")
"""Handlers that come with Raskt. Those that users register in `normalize_token` go first."""


_STDLIB = os.__file__.rpartition(os.sep)[0] + os.sep
_RASKT = __file__.rpartition(os.sep + "_normalizers" + os.sep)[0] + os.sep
_SITE_FOLDERS = tuple(f"{os.sep}{name}{os.sep}" for name in ("site-packages", "dist-packages"))


def resolve(cls: type) -> tuple[str, Callable[[Any], object] | None, str, bool]:
    """Say how values of a type are tokenized.

    Parameters
    ----------
    cls : type
        A type that is not one of the built-in containers and scalars.

    Returns
    -------
    kind : str
        The way in which Rust encodes the values.
    handler : callable or None
        With the kinds ``"handler"`` and ``"object"``, what makes a simpler value.
    name : str
        The type's name, which is part of the tokens.
    lasting : bool
        Whether this may be remembered for as long as the process lives.
    """
    name = f"{cls.__module__}:{cls.__qualname__}"
    lasting = "<locals>" not in name
    if issubclass(cls, type) and not _declared(cls, stop=type):
        return "class", None, name, lasting
    for base in cls.__mro__:
        own = normalize_token.get(base) or _method(base)
        if own is not None:
            return "handler", own, name, lasting
        builtin = builtin_normalizers.get(base)
        if base is cls and cls in NATIVE_KINDS:
            return NATIVE_KINDS[cls], None, name, lasting
        if builtin is not None:
            return "object" if base is object else "handler", builtin, name, lasting
    raise TypeError(f"no way to tokenize {name}")


def _declared(cls: type, stop: type) -> bool:
    """Whether a user has said how a class, below another, is tokenized."""
    bases = cls.__mro__[: cls.__mro__.index(stop)]
    return any(normalize_token.get(base) or _method(base) for base in (*bases, stop))


def _method(cls: type) -> Callable[[Any], object] | None:
    """Return what calls the method with which instances of exactly this class tokenize themselves."""
    for name in ("__raskt_tokenize__", "__dask_tokenize__"):
        if cls.__dict__.get(name) is not None:
            return operator.methodcaller(name)
    return None


def overridden() -> frozenset[type]:
    """Return the types for which users have registered handlers.

    Returns
    -------
    frozenset of types
        These are not encoded in Rust.
    """
    return frozenset(normalize_token._functions)


def normalize(value: object) -> object:
    """Return what a value consists of: one step of what `tokenize` does.

    Parameters
    ----------
    value : object
        Any object.

    Returns
    -------
    object
        The result of the value's handler; the value itself if it is a built-in scalar or container; a token
        for other values that are tokenized in Rust.
    """
    cls = type(value)
    if cls in _SIMPLE and cls not in overridden():
        return value
    if cls is type(normalize):
        return "function", tokenize(value)
    _, handler, name, _ = resolve(cls)
    return (name, tokenize(value)) if handler is None else handler(value)


_SIMPLE = frozenset(
    (*map(type, (None, ..., NotImplemented)), bool, int, float, complex, str, bytes, bytearray, list, tuple)
) | {dict, set, frozenset, slice, range}


def by_reference(thing: Any) -> tuple[str, bool] | None:
    """Return the name under which a function or class can be imported, in another process too.

    Parameters
    ----------
    thing : function or class
        What is looked for in its module.

    Returns
    -------
    name : str
        Module and qualified name.
    installed : bool
        Whether the module belongs to the standard library or an installed package.
    """
    module_name = getattr(thing, "__module__", None)
    qualname = getattr(thing, "__qualname__", None)
    if not isinstance(module_name, str) or not isinstance(qualname, str) or "<locals>" in qualname:
        return None
    module = sys.modules.get(module_name)
    if module is None or module_name in ("__main__", "__mp_main__") or _pickled_by_value(module_name):
        return None
    found: object = module
    for part in qualname.split("."):
        found = getattr(found, part, None)
    return (f"{module_name}:{qualname}", is_installed(module)) if found is thing else None


def _pickled_by_value(module_name: str) -> bool:
    """Whether `cloudpickle.register_pickle_by_value` was called for a module or a package around it."""
    cloudpickle = sys.modules.get("cloudpickle")
    if cloudpickle is None:
        return False
    names = cloudpickle.list_registry_pickle_by_value()
    return any(module_name == name or module_name.startswith(name + ".") for name in names)


def is_installed(module: ModuleType) -> bool:
    """Whether a module belongs to the standard library or an installed package.

    Parameters
    ----------
    module : module
        Any module.

    Returns
    -------
    bool
        True also for modules without a file, which are part of the interpreter or compiled into a library.
    """
    path = getattr(module, "__file__", None)
    if not isinstance(path, str):
        return module.__name__.partition(".")[0] in sys.stdlib_module_names
    if path.startswith((_STDLIB, _RASKT)):
        return True
    return any(folder in path for folder in _SITE_FOLDERS)


class_content = classes.class_content


def module_content(module: ModuleType) -> object:
    """Return the content of a module that cannot be imported under its name.

    Parameters
    ----------
    module : module
        A module made by hand.

    Returns
    -------
    object
        Its name and what it defines.
    """
    content = {name: value for name, value in vars(module).items() if not name.startswith("__")}
    return module.__name__, content


def array_content(array: Any) -> object:
    """Return the content of a NumPy array whose bytes are not its content.

    Parameters
    ----------
    array : numpy.ndarray
        An array of objects, strings of variable width, records, or padded floats.

    Returns
    -------
    object
        Dtype, shape and elements.
    """
    from raskt._normalizers.numpy import array_content

    return array_content(array)


#: The limit as it is written in the configuration, and what that means.
_limit: tuple[object, int | None] = (None, None)


def array_bytes_max() -> int | None:
    """Return the configured size above which arrays have no token.

    Returns
    -------
    int or None
        ``None``: there is no limit.
    """
    global _limit
    written = config.get("tokenize.array-bytes-max")
    if written != _limit[0]:
        _limit = (written, config.resolve("tokenize.array-bytes-max"))
    return _limit[1]


def undecided(value: object, ensure: bool | None, error: BaseException | None, path: list[type]) -> bytes:
    """Return a random token for an object that has none of its own, or raise.

    Parameters
    ----------
    value : object
        The object.
    ensure : bool or None
        Whether to raise; with ``None`` the configuration ``tokenize.ensure-deterministic`` decides.
    error : BaseException or None
        Why it has no token.
    path : list of types
        The types of the objects that it was found in, outermost first.

    Returns
    -------
    bytes
        16 random bytes.

    Raises
    ------
    TokenizationError
        If a deterministic token was asked for.
    """
    if ensure is None:
        ensure = bool(config.get("tokenize.ensure-deterministic"))
    if not ensure:
        return _sentinel_token(value) if type(value) is object else os.urandom(16)
    cls = type(value)
    found = " -> ".join(outer.__qualname__ for outer in path)
    raise TokenizationError(
        f"an object of type {cls.__module__}.{cls.__qualname__}"
        f"{f' (found in {found})' if found else ''} has no deterministic token"
        f"{f': {error}' if error is not None else ''}. Define a method __raskt_tokenize__ that returns what "
        "it consists of, register a function with raskt.normalize_token.register, give the result a name of "
        "its own, or do not ask for deterministic tokens (tokenize.ensure-deterministic)"
    ) from error


_SENTINELS: dict[int, tuple[object, bytes]] = {}


def _sentinel_token(value: object) -> bytes:
    """Return the token of an `object()`. It lives on with it, so that the address is not used again."""
    return _SENTINELS.setdefault(id(value), (value, os.urandom(16)))[1]


def _register_modules() -> None:
    """Register the handlers of each library for when one of its types is first seen."""
    objects.register(builtin_normalizers)
    classes.register(builtin_normalizers)
    stdlib.register(builtin_normalizers)
    NATIVE_KINDS[type(_register_modules.__code__)] = "code"

    def lazily(package: str, module: str) -> None:
        def load() -> None:
            from importlib import import_module

            import_module(f"raskt._normalizers.{module}").register(builtin_normalizers)

        builtin_normalizers.register_lazy(package, load)

    for package in ("numpy", "pandas", "pyarrow", "scipy"):
        lazily(package, package)


_register_modules()
