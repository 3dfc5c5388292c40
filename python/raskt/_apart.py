"""Containers that are taken apart into what they hold, and made again around other items, with their type.

Lists, tuples, dictionaries, sets and slices of exactly these types are what the engine knows; here are all
other containers: subclasses, those of the standard library, named tuples, arrays and pandas' columns of
objects. No method of a class of users is called, nor its constructor: a container is made by the type of
Python that it derives from.
"""

from __future__ import annotations

import collections
import copy
import functools
import sys
import types

from raskt import _raskt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["field_names", "is_container", "refuse_lazy", "spread", "taken_apart"]

_DICTS: tuple[Any, ...] = (collections.OrderedDict, collections.defaultdict, dict)
_BASES: tuple[Any, ...] = (*_DICTS, list, tuple, set, frozenset, collections.deque, functools.partial)
#: Classes without items whose attributes are what they hold.
_HOLDERS: tuple[Any, ...] = (
    types.SimpleNamespace,
    collections.ChainMap,
    collections.UserDict,
    collections.UserList,
    functools.partialmethod,
)
_PANDAS = frozenset(["DataFrame", "Index", "Series"])
#: What pandas' objects hold mostly, and what is not looked into.
_LEAVES = frozenset([str, int, float, bool, bytes, type(None)])
_ITERATORS: frozenset[Any] = frozenset(
    map(type, (iter([]), reversed([]), iter(()), iter(set()), iter({}), iter({}.values()), iter({}.items())))
)
_VIEWS: dict[Any, Any] = {
    type({}.keys()): dict.keys,
    type({}.values()): dict.values,
    type({}.items()): dict.items,
}


def is_container(kind: type) -> bool:
    """Return whether `taken_apart` knows objects of a class."""
    if issubclass(kind, _BASES) or issubclass(kind, _HOLDERS):
        return True
    if kind in _ITERATORS or kind in _VIEWS or kind is types.MappingProxyType:
        return True
    return _is_array(kind) or _is_of_pandas(kind)


def _is_array(kind: type) -> bool:
    return kind.__module__ == "numpy" and kind.__name__ == "ndarray"


def _is_of_pandas(kind: type) -> bool:
    return kind.__name__ in _PANDAS and kind.__module__.partition(".")[0] == "pandas"


def field_names(kind: type) -> list[str] | None:
    """Return the names of the fields of a dataclass, or of a class made by attrs; None for other classes."""
    fields = getattr(kind, "__dataclass_fields__", None)
    if fields is not None:
        return list(fields)
    attributes = getattr(kind, "__attrs_attrs__", None)
    return None if attributes is None else [attribute.name for attribute in attributes]


def taken_apart(value: Any) -> tuple[Callable[..., Any], tuple[Any, ...]] | None:
    """Return a function and its arguments, which make a container equal to ``value``; None if it is none.

    The arguments are plain containers of what ``value`` holds. Nothing is taken from iterators.
    """
    kind = type(value)
    for base in _BASES:
        if issubclass(kind, base):
            return _of_base(value, kind, base)
    if issubclass(kind, _HOLDERS):
        return _holder, (kind, _attributes(value))
    if kind in _ITERATORS:
        return iter, (list(copy.copy(value)),)
    if kind in _VIEWS:
        return _VIEWS[kind], (dict(value.mapping),)
    if kind is types.MappingProxyType:
        return types.MappingProxyType, (dict(value),)
    if _is_array(kind) and value.dtype.hasobject:
        return _object_array, (value.shape, value.dtype, value.ravel().tolist())
    return _of_pandas(value, kind) if _is_of_pandas(kind) else None


def _is_of_objects(dtype: Any) -> bool:
    # Dtypes of pandas' own have no such attribute.
    return getattr(dtype, "hasobject", False)


def _of_pandas(value: Any, kind: Any) -> tuple[Callable[..., Any], tuple[Any, ...]] | None:
    if kind.__name__ == "DataFrame":
        if not any(_is_of_objects(dtype) for dtype in value.dtypes):
            return None
        columns = [value.iloc[:, place] for place in range(value.shape[1])]
        return _frame, (kind, columns, value.columns, value.index, value.attrs)
    if not _is_of_objects(value.dtype):
        return None
    items = value.tolist()
    if _LEAVES.issuperset(map(type, items)):
        return None
    if kind.__name__ == "Index":
        return _index, (kind, items, value.name)
    return _series, (kind, items, value.index, value.name, value.attrs)


def spread(function: Any, kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Return a user's function, and its keywords, among which are those of a partial that holds lazy ones.

    Raises
    ------
    NotImplementedError
        If it holds lazy values in another way.
    """
    while isinstance(function, functools.partial) and _raskt.delayed_within(function.keywords) is not None:
        kwargs = {**function.keywords, **kwargs}
        inner = function.func
        function = functools.partial(inner, *function.args) if function.args else inner
    refuse_lazy(function, "give them by keyword, or compute() them first")
    return function, kwargs


def refuse_lazy(values: Any, instead: str) -> None:
    """Raise `NotImplementedError` where there are lazy values in a function, or in a container of them."""
    if _raskt.is_collection(values) or _raskt.delayed_within(values) is None:
        return
    place = "arguments" if isinstance(values, (tuple, dict)) else repr(values)
    raise NotImplementedError(f"there are lazy values in {place}, which would not be computed: {instead}")


def _of_base(value: Any, kind: Any, base: Any) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    attributes = _attributes(value)
    if base in _DICTS:
        factory = value.default_factory if base is collections.defaultdict else None
        return _mapping, (kind, base, factory, dict(base.items(value)), attributes)
    if base is functools.partial:
        return _partial, (kind, value.func, value.args, value.keywords, attributes)
    limit = value.maxlen if base is collections.deque else None
    return _items, (kind, base, list(base.__iter__(value)), limit, attributes)


def _attributes(value: Any) -> dict[str, Any]:
    """Return the attributes of an object itself, those in slots included."""
    found = dict(getattr(value, "__dict__", ()))
    for cls in type(value).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name not in ("__dict__", "__weakref__"):
                slot = _mangled(cls, name)
                if hasattr(value, slot):
                    found[slot] = getattr(value, slot)
    return found


def _mangled(cls: type, name: str) -> str:
    is_private = name.startswith("__") and not name.endswith("__")
    return f"_{cls.__name__.lstrip('_')}{name}" if is_private else name


def _with(made: Any, attributes: dict[str, Any]) -> Any:
    for name, value in attributes.items():
        # Frozen classes refuse the ordinary way.
        object.__setattr__(made, name, value)
    return made


def _mapping(kind: Any, base: Any, factory: Any, items: dict[Any, Any], attributes: dict[str, Any]) -> Any:
    made = base.__new__(kind)
    if base is collections.defaultdict:
        made.default_factory = factory
    for key, value in items.items():
        base.__setitem__(made, key, value)
    return _with(made, attributes)


def _items(kind: Any, base: Any, items: list[Any], limit: int | None, attributes: dict[str, Any]) -> Any:
    if base in (tuple, frozenset):
        return _with(base.__new__(kind, items), attributes)
    made = base.__new__(kind)
    if base is collections.deque:
        base.__init__(made, items, limit)
    else:
        base.__init__(made, items)
    return _with(made, attributes)


def _partial(kind: Any, func: Any, args: Any, keywords: dict[str, Any], attributes: dict[str, Any]) -> Any:
    return _with(functools.partial.__new__(kind, func, *args, **keywords), attributes)


def _holder(kind: Any, attributes: dict[str, Any]) -> Any:
    base = types.SimpleNamespace if issubclass(kind, types.SimpleNamespace) else object
    return _with(base.__new__(kind), attributes)


def _object_array(shape: tuple[int, ...], dtype: Any, items: list[Any]) -> Any:
    """Return a NumPy array of items in C order, among which may be arrays."""
    made = sys.modules["numpy"].empty(len(items), dtype=dtype)
    for place, item in enumerate(items):
        made[place] = item
    return made.reshape(shape)


def _column(items: list[Any]) -> Any:
    return _object_array((len(items),), object, items)


def _index(kind: Any, items: list[Any], name: Any) -> Any:
    return kind(_column(items), dtype=object, name=name)


def _series(kind: Any, items: list[Any], index: Any, name: Any, attrs: dict[Any, Any]) -> Any:
    made = kind(_column(items), index=index, name=name, dtype=object)
    made.attrs = attrs
    return made


def _frame(kind: Any, columns: list[Any], labels: Any, index: Any, attrs: dict[Any, Any]) -> Any:
    made = kind(dict(enumerate(columns)), index=index)
    made.columns = labels
    made.attrs = attrs
    return made
