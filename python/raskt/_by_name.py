"""Objects that pickle as a name: they travel by value where the other process does not find the name.

A cache of `functools.lru_cache`, a sentinel, a `typing.NewType` say when pickled where they can be imported.
A child does not find what ``__main__`` defines, so that what makes the object goes along. The child makes one
copy for each name and keeps it: ``is`` holds there. What comes back is the object that has the name here.

Classes of ``__main__`` go as cloudpickle writes them, and with what it leaves out: ``__slots__``, without
which an object of the child's class does not fit the class here, and what members of enumerations were given.
"""

from __future__ import annotations

import contextlib
import enum
import functools
import io
import pickle
import sys
import types
import weakref

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["dumps"]

#: The copies of other processes' objects, by module and name.
_copies: dict[tuple[str, str], Any] = {}

#: What pickles as a name without being asked; cloudpickle has decided that it is to.
_GLOBALS = (type, types.FunctionType)

#: The parts of which cloudpickle makes a class: function, arguments, state, two Nones, what sets the state.
_PARTS_OF_A_CLASS = 6

#: What every member of an enumeration has by itself.
_OF_MEMBERS = ("_value_", "_name_", "__objclass__", "_sort_order_")

#: Classes of `typing` whose objects are made of attributes that they have.
_TYPING = {
    "NewType": ("__name__", "__supertype__"),
    "ParamSpec": ("__name__",),
    "TypeVarTuple": ("__name__",),
    "TypeAliasType": ("__name__", "__value__"),
}


def dumps(obj: Any, protocol: int, buffer_callback: Callable[[Any], Any] | None) -> bytes:
    """Pickle ``obj`` as cloudpickle does, and what says a name that a child does not know by value."""
    with io.BytesIO() as file:
        _pickler_class()(file, protocol, buffer_callback).dump(obj)
        return file.getvalue()


@functools.cache
def _pickler_class() -> Any:
    import cloudpickle

    class Pickler(cloudpickle.Pickler):  # type: ignore[misc]
        """As cloudpickle's, but for objects that say a name, and for what `functools` puts into classes."""

        def __init__(self, file: Any, protocol: int, buffer_callback: Any) -> None:
            super().__init__(file, protocol=protocol, buffer_callback=buffer_callback)
            self.protocol = protocol

        def reducer_override(self, obj: Any) -> Any:
            """Return how the object is made anew."""
            reduced = super().reducer_override(obj)
            cls = type(obj)
            if issubclass(cls, type) and type(reduced) is tuple and len(reduced) == _PARTS_OF_A_CLASS:
                return _complete(obj, reduced)
            if reduced is not NotImplemented or issubclass(cls, _GLOBALS) or cls in self.dispatch_table:
                return reduced
            if cls is functools.cached_property:
                return _cached_property, (obj.func, obj.attrname, obj.__doc__)
            if cls is weakref.WeakKeyDictionary and all(isinstance(key, type) for key in obj):
                # The cache of a `functools.singledispatch`.
                return cls, (dict(obj),)
            reduced = obj.__reduce_ex__(self.protocol)
            if type(reduced) is not str or _is_importable(obj, reduced):
                return reduced
            return _by_value(obj, reduced)

    return Pickler


def _complete(cls: Any, reduced: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return how cloudpickle makes a class, with what it leaves out."""
    make, args, (state, slot_state), *none, fill = reduced
    if issubclass(cls, enum.Enum):
        return _complete_enumeration(cls, reduced)
    slots = cls.__dict__.get("__slots__")
    if slots is None or issubclass(cls, tuple):
        # Tuples have none but `()`, which `typing.NamedTuple` does not let be said.
        return reduced
    names = (slots,) if isinstance(slots, str) else tuple(slots)
    prefix = f"_{cls.__name__.lstrip('_')}"
    mangled = {f"{prefix}{name}" for name in names if name.startswith("__") and not name.endswith("__")}
    state = {name: value for name, value in state.items() if name not in mangled and name != "__slots__"}
    metaclass, name, bases, keywords, *rest = args
    return (
        make,
        (metaclass, name, bases, {**keywords, "__slots__": slots}, *rest),
        (state, slot_state),
        *none,
        fill,
    )


def _complete_enumeration(cls: Any, reduced: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return how cloudpickle makes an enumeration, with aliases, flags of several bits, and attributes."""
    make, (bases, name, qualname, _, *rest), (state, slot_state), *none, fill = reduced
    members = {key: member.value for key, member in cls.__members__.items()}
    state = {key: value for key, value in state.items() if key not in members}
    attributes = {}
    for key, member in cls.__members__.items():
        own = {at: value for at, value in member.__dict__.items() if at not in _OF_MEMBERS}
        if own:
            attributes[key] = own
    args = bases, name, qualname, members, *rest
    return make, args, ((state, slot_state), fill, attributes), *none, _fill_enumeration


def _fill_enumeration(cls: Any, state: Any) -> None:
    """Give an enumeration its methods, and its members the attributes that they lack."""
    own, fill, attributes = state
    fill(cls, own)
    for name, values in attributes.items():
        member = cls._member_map_[name]
        for attribute, value in values.items():
            member.__dict__.setdefault(attribute, value)


def _found(module: str, name: str) -> Any:
    """Return what has the name in a module of this process, or ``None``."""
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def _module_of(obj: Any, name: str) -> str:
    return str(pickle.whichmodule(obj, name))  # type: ignore[attr-defined]


def _is_importable(obj: Any, name: str) -> bool:
    """Whether a child finds the object under the name, which stands in a module that it can import."""
    import cloudpickle

    module = _module_of(obj, name)
    by_value: set[str] = cloudpickle.list_registry_pickle_by_value()
    parents = [module[:at] for at, letter in enumerate(module) if letter == "."]
    if module == "__main__" or not by_value.isdisjoint([module, *parents]):
        return False
    return _found(module, name) is obj


def _by_value(obj: Any, name: str) -> Any:
    module = _module_of(obj, name)
    cls: Any = type(obj)
    if isinstance(obj, functools._lru_cache_wrapper):
        return _cache, (module, name, obj.__wrapped__, obj.cache_parameters())
    if cls.__module__ == "typing" and cls.__name__ in _TYPING:
        made_of = tuple(getattr(obj, attribute) for attribute in _TYPING[cls.__name__])
        return _typing, (module, name, cls, made_of)
    if cls.__new__ is not object.__new__:
        # What its making takes is not known: as the object says itself.
        return name
    return _copy, (module, name, cls), obj.__getstate__(), None, None, _fill


def _cached_property(function: Callable[..., Any], name: str | None, doc: str | None) -> Any:
    made: functools.cached_property[Any] = functools.cached_property(function)
    made.attrname, made.__doc__ = name, doc
    return made


def _cache(module: str, name: str, function: Callable[..., Any], parameters: dict[str, Any]) -> Any:
    """Return the cache of that name, or a new one around the function."""
    found = _found(module, name)
    if isinstance(found, functools._lru_cache_wrapper):
        return found
    return functools.lru_cache(**parameters)(function)


def _known(module: str, name: str, cls: Any) -> Any:
    """Return the object of that name: the one of this process, or the copy that came before."""
    found = _found(module, name)
    if type(found) is not cls:
        found = _copies.get((module, name))
    return found if type(found) is cls else None


def _typing(module: str, name: str, cls: Any, made_of: tuple[Any, ...]) -> Any:
    known = _known(module, name, cls)
    if known is not None:
        return known
    copy = _copies[module, name] = cls(*made_of)
    with contextlib.suppress(AttributeError):
        copy.__module__ = module
    return copy


def _copy(module: str, name: str, cls: Any) -> Any:
    known = _known(module, name, cls)
    if known is None:
        known = _copies[module, name] = cls.__new__(cls)
    return known


def _fill(obj: Any, state: Any) -> None:
    """Give a copy its state; an object of this process has its own."""
    if not any(copy is obj for copy in _copies.values()):
        return
    plain, slots = state if isinstance(state, tuple) else (state, None)
    for name, value in {**(plain or {}), **(slots or {})}.items():
        object.__setattr__(obj, name, value)
