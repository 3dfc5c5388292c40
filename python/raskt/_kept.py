"""What is known by its content keeps it: copies of what whoever passed it may change.

Arrays are copied unless nobody can write them, and are read-only then; lists, dictionaries, sets, other
containers of the standard library, and what else holds values, are made again around copies; so are views of
memory, and objects of pandas, Arrow and SciPy. Objects of other types are kept as they are: to change one
after a call that is known by its content gives results of either state.
"""

from __future__ import annotations

import collections
import copy
import functools
import pickle
import sys
import types

from raskt import _raskt
from raskt._apart import field_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["kept"]

_VIEWS: dict[Any, Any] = {
    type({}.keys()): lambda view: dict.fromkeys(view).keys(),
    type({}.values()): lambda view: dict(enumerate(kept(list(view)))).values(),
    type({}.items()): lambda view: kept(dict(view)).items(),
}
_ATOMS = (int, float, complex, str, bytes, bool, type(None), frozenset, range)


def kept(value: Any) -> Any:
    """Return ``value`` as it is now, whatever becomes of the objects in it."""
    kind = type(value)
    if kind in _ATOMS:
        return value
    if kind is list:
        return [kept(item) for item in value]
    if kind is tuple:
        return tuple([kept(item) for item in value])
    if kind is dict:
        return {key: kept(item) for key, item in value.items()}
    if kind is functools.partial:
        return functools.partial(value.func, *kept(value.args), **kept(value.keywords))
    if isinstance(value, tuple) and hasattr(kind, "_make"):
        return kind._make(kept(item) for item in value)
    if hasattr(kind, "__dataclass_fields__") or hasattr(kind, "__attrs_attrs__"):
        return _dataclass(value)
    if isinstance(value, (list, dict, set, bytearray, collections.deque)):
        return _container(value)
    if isinstance(value, (collections.UserDict, collections.UserList, collections.ChainMap)):
        again = copy.copy(value)
        vars(again).update(kept(vars(value)))
        return again
    if kind in _VIEWS:
        return _VIEWS[kind](value)
    if kind is memoryview:
        return _view(value)
    if kind is types.MappingProxyType:
        return types.MappingProxyType(kept(dict(value)))
    if kind is types.SimpleNamespace:
        return types.SimpleNamespace(**kept(vars(value)))
    return _of_library(value)


def _container(value: Any) -> Any:
    """Return a copy of a container of any class, that has copies of its items."""
    again = copy.copy(value)
    if isinstance(value, (set, bytearray)):
        return again
    for place, item in list(value.items() if isinstance(value, dict) else enumerate(value)):
        own = kept(item)
        if own is not item:
            again[place] = own
    return again


def _view(value: memoryview) -> memoryview:
    own = memoryview(value.tobytes())
    if value.nbytes and (value.ndim != 1 or value.format != "B"):
        own = own.cast(value.format, value.shape)  # type: ignore[call-overload]
    return own


def _of_library(value: Any) -> Any:
    """Return a copy of what libraries that are loaded make of memory that others may have, too."""
    for module, names, copied in _LIBRARIES:
        found = sys.modules.get(module)
        if found is not None and isinstance(value, tuple(getattr(found, name) for name in names)):
            return copied(value)
    return _raskt.array_kept(value)


def _arrow(value: Any) -> Any:
    # Arrow's arrays are made of NumPy's without a copy; a pickle has the bytes.
    return pickle.loads(pickle.dumps(value, protocol=4))


def way_of_sharing(kind: type) -> Any:
    """Return what makes of an object of a class one that may be changed without changing the object, or None.

    It is called with the object, and with a function that does the same of an item.
    """
    if issubclass(kind, tuple) and hasattr(kind, "_make"):
        return lambda value, own: kind._make(own(item) for item in value)
    if issubclass(kind, (list, dict, set, bytearray, collections.deque)):
        return _shared_container
    if kind is memoryview:
        return _shared_view
    if kind is types.SimpleNamespace:
        return _shared_namespace
    if hasattr(kind, "__dataclass_fields__"):
        return _shared_dataclass
    for module, names, copied in _LIBRARIES:
        found = sys.modules.get(module)
        # Arrow's objects cannot be changed.
        is_met = module != "pyarrow" and found is not None
        if is_met and issubclass(kind, tuple(getattr(found, name) for name in names)):
            return functools.partial(_shared_of_library, copied)
    return None


def _shared_view(view: memoryview, _: Any) -> memoryview:
    return view.toreadonly()


def _shared_namespace(value: Any, own: Any) -> Any:
    return types.SimpleNamespace(**{name: own(item) for name, item in vars(value).items()})


def _shared_of_library(copied: Any, value: Any, _: Any) -> Any:
    pandas = sys.modules.get("pandas")
    if pandas is None or not isinstance(value, (pandas.DataFrame, pandas.Series, pandas.Index)):
        return copied(value)
    # Since its third version pandas copies what is shared when it is written to.
    return value.copy(deep=int(pandas.__version__.split(".")[0]) < 3)


def _shared_container(value: Any, own: Any) -> Any:
    again = copy.copy(value)
    if not isinstance(value, (set, bytearray)):
        for place, item in list(value.items() if isinstance(value, dict) else enumerate(value)):
            if (mine := own(item)) is not item:
                again[place] = mine
    return again


def _shared_dataclass(value: Any, own: Any) -> Any:
    again = copy.copy(value)
    for name in type(value).__dataclass_fields__:
        if hasattr(value, name):
            # Frozen dataclasses refuse the ordinary way.
            object.__setattr__(again, name, own(getattr(value, name)))
    return again


def _dataclass(value: Any) -> Any:
    names = field_names(type(value)) or ()
    fields = {name: getattr(value, name) for name in names if hasattr(value, name)}
    again = copy.copy(value)
    for name, field in fields.items():
        # Frozen dataclasses refuse the ordinary way.
        object.__setattr__(again, name, kept(field))
    return again


#: A module, its classes, and how objects of these are copied.
_LIBRARIES: tuple[tuple[str, tuple[str, ...], Any], ...] = (
    ("array", ("array",), copy.copy),
    ("pandas", ("DataFrame", "Series", "Index"), lambda value: value.copy(deep=True)),
    ("pyarrow", ("Table", "RecordBatch", "ChunkedArray", "Array", "Buffer"), _arrow),
    ("scipy.sparse", ("spmatrix", "sparray"), lambda value: value.copy()),
)
