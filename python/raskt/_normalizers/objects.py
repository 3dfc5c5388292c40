"""Objects of any class: by their fields, by what they tell `pickle`, or by their pickle."""

from __future__ import annotations

import copyreg
import sys

from raskt._normalizers.classes import field_names
from raskt.dispatch import package_of
from raskt.tokenize import TokenizationError, tokenize

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from raskt.dispatch import Dispatch

    Reduced = tuple[Any, ...] | str

_GLOBAL = "raskt: found by name"
_ABSENT = "raskt: a field without a value"

#: Packages whose objects are known to tell pickle the same each time.
_TRUSTED = frozenset(("numpy", "pandas", "pyarrow", "scipy", "pytz", "dateutil")) | sys.stdlib_module_names


def normalize_object(value: Any) -> object:
    """Return the content of an object of any class.

    Parameters
    ----------
    value : object
        An instance of a class for which nothing else is registered.

    Returns
    -------
    object
        Class and state.

    Raises
    ------
    TokenizationError
        If the object can neither be taken apart nor pickled, or not twice in the same way.
    """
    cls = type(value)
    names = field_names(cls)
    if names is not None:
        return cls, [(name, getattr(value, name, _ABSENT)) for name in names]
    try:
        reduced = _reduce(value)
    except TokenizationError:
        raise
    except Exception as error:
        return _pickled(value, error)
    if reduced[0] != _GLOBAL and not _is_trusted(cls):
        _check_repeatable(value, reduced)
    return reduced


def _reduce(value: Any) -> tuple[object, ...]:
    """Take an object apart as pickle would, without writing bytes: these depend on the order of sets."""
    cls: Any = type(value)
    reducer = copyreg.dispatch_table.get(cls)
    reduced: Reduced = value.__reduce_ex__(5) if reducer is None else reducer(value)
    if isinstance(reduced, str):
        return _GLOBAL, getattr(value, "__module__", None) or cls.__module__, reduced
    function, args, state, items, pairs, *_ = (*reduced, None, None, None)
    if cls.__getstate__ is object.__getstate__:
        if isinstance(state, tuple) and len(state) == 2:
            state = _without_cached_properties(cls, state[0]), state[1]
        else:
            state = _without_cached_properties(cls, state)
    content: list[object] = [] if items is None else list(items)
    mapping = None if pairs is None else (list if _is_ordered(cls) else dict)(pairs)
    return function, args, state, content, mapping


def _without_cached_properties(cls: type, state: Any) -> Any:
    """Leave out what properties have computed from the rest."""
    functools = sys.modules.get("functools")
    if functools is None or not isinstance(state, dict):
        return state or None
    defined = [base.__dict__ for base in cls.__mro__ if base is not object]
    kind = functools.cached_property
    found = {name for name in state if any(isinstance(names.get(name), kind) for names in defined)}
    return {name: value for name, value in state.items() if name not in found} or None


def _is_ordered(cls: type) -> bool:
    """Whether the order of a dictionary is part of its value."""
    collections = sys.modules.get("collections")
    return bool(collections is not None and issubclass(cls, collections.OrderedDict))


def _is_trusted(cls: Any) -> bool:
    """Whether instances give the same each time they are taken apart."""
    if cls.__reduce_ex__ is object.__reduce_ex__ and cls.__reduce__ is object.__reduce__:
        return bool(cls.__getstate__ is object.__getstate__)
    return package_of(cls) in _TRUSTED


def _check_repeatable(value: Any, reduced: object) -> None:
    if not _same(reduced, _reduce(value)):
        raise TokenizationError("it is pickled in another way each time")


def _same(left: object, right: object) -> bool:
    """Whether two values have the same content; what is identical is not looked into."""
    if left is right:
        return True
    if type(left) is not type(right):
        return False
    if isinstance(left, tuple) and isinstance(right, tuple) and type(left) is tuple:
        return len(left) == len(right) and all(map(_same, left, right))
    token: str = tokenize(left, ensure_deterministic=True)
    return token == tokenize(right, ensure_deterministic=True)


def _pickled(value: Any, reason: Exception) -> object:
    """Return the pickle of an object that only cloudpickle can take apart."""
    import cloudpickle

    pickles = []
    for _ in range(2):
        buffers: list[Any] = []
        try:
            data = cloudpickle.dumps(value, protocol=5, buffer_callback=buffers.append)
        except Exception:
            raise TokenizationError(f"it cannot be pickled: {reason}") from reason
        pickles.append((data, [bytes(buffer.raw()) for buffer in buffers]))
    if pickles[0] != pickles[1]:
        raise TokenizationError("it is pickled in another way each time") from reason
    return pickles[0]


def register(normalizers: Dispatch) -> None:
    """Register the handlers of this module.

    Parameters
    ----------
    normalizers : Dispatch
        Where to.
    """
    normalizers.register(object, normalize_object)
