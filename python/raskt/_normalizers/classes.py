"""Classes that have no importable name, enumerations, data classes, and the descriptors found in classes."""

from __future__ import annotations

import sys
from types import CellType, GetSetDescriptorType, MappingProxyType, MemberDescriptorType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from raskt.dispatch import Dispatch

#: Attributes that every class has, that depend on the place of definition, or that use fills in.
_IGNORED = frozenset(
    [
        "__dict__",
        "__weakref__",
        "__module__",
        "__qualname__",
        "__doc__",
        "__annotations__",
        "__annotate__",
        "__annotate_func__",
        "__annotations_cache__",
        "__conditional_annotations__",
        "__firstlineno__",
        "__static_attributes__",
        "__slotnames__",
        "__abstractmethods__",
        "_abc_impl",
        "__dataclass_fields__",
        "__dataclass_params__",
        "__attrs_attrs__",
        "__attrs_props__",
    ]
)
_SLOTS = (MemberDescriptorType, GetSetDescriptorType)


def class_content(cls: type) -> object:
    """Return the name, bases and attributes of a class.

    Parameters
    ----------
    cls : type
        A class defined in a function or in the main program.

    Returns
    -------
    object
        Attributes that say where it was defined, or that Python fills in while it is used, are left out.
    """
    attributes = {
        name: "slot" if isinstance(value, _SLOTS) else value
        for name, value in cls.__dict__.items()
        if name not in _IGNORED
    }
    return cls.__name__, cls.__bases__, attributes, _declared_fields(cls)


def _declared_fields(cls: type) -> object:
    """Return what a data class was told of its fields, as far as its methods do not say it."""
    fields = cls.__dict__.get("__dataclass_fields__")
    if not fields:
        return None
    return [(name, field.default, field.default_factory, field.compare) for name, field in fields.items()]


def field_names(cls: type) -> list[str] | None:
    """Return the names of the fields of a data class or of a class made by attrs.

    Parameters
    ----------
    cls : type
        Any class.

    Returns
    -------
    list of str or None
        ``None`` for other classes.
    """
    fields = getattr(cls, "__dataclass_fields__", None)
    if isinstance(fields, dict):
        return [name for name, field in fields.items() if field._field_type is _dataclass_field()]
    attributes = getattr(cls, "__attrs_attrs__", None)
    return [attribute.name for attribute in attributes] if isinstance(attributes, tuple) else None


def _dataclass_field() -> object:
    """Return what marks fields, as opposed to class variables and arguments of ``__post_init__``."""
    return sys.modules["dataclasses"]._FIELD


def _cell(cell: CellType) -> object:
    try:
        return "full", cell.cell_contents
    except ValueError:
        return "empty"


def _enum_member(member: Any) -> object:
    return member.name, member.value


def register(normalizers: Dispatch) -> None:
    """Register the handlers of this module.

    Parameters
    ----------
    normalizers : Dispatch
        Where to.
    """
    builtins: dict[type, Callable[[Any], object]] = {
        property: lambda value: (value.fget, value.fset, value.fdel),
        staticmethod: lambda value: value.__func__,
        classmethod: lambda value: value.__func__,
        CellType: _cell,
        MappingProxyType: lambda value: dict(value),
    }
    for cls, function in builtins.items():
        normalizers.register(cls, function)

    def register_enum() -> None:
        from enum import Enum

        normalizers.register(Enum, _enum_member)

    normalizers.register_lazy("enum", register_enum)
