"""Nested dictionaries with dotted keys, in which ``-`` and ``_`` are the same.

:mod:`raskt.config` is made of them. Nothing here knows the configuration of the process, its schema, or where
it comes from.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from raskt import _raskt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Literal

__all__ = [
    "ABSENT",
    "canonical_name",
    "deserialize",
    "expand_environment_variables",
    "find",
    "leaves",
    "merge",
    "serialize",
    "update",
]

ABSENT: Any = object()
"""Stands where there is no value; None is one."""

DEPTH_MAX = 64
"""How deep values may be nested, as in files, and how many parts a dotted key may have."""


def refuse_deep(tree: Any, kinds: Any = Mapping) -> None:
    """Raise `ValueError` where containers are nested deeper than `DEPTH_MAX`, or hold themselves.

    Parameters
    ----------
    tree : object
        The outermost container; anything else is not looked into.
    kinds : type or union of types, optional
        What counts as a container: those that the caller walks by recursion.
    """
    level = [("", tree)] if isinstance(tree, kinds) else []
    for _ in range(DEPTH_MAX):
        # What stands in several places is looked into once: each level is as long as there are containers.
        found: dict[int, tuple[str, Any]] = {}
        for top, container in level:
            pairs = container.items() if isinstance(container, Mapping) else enumerate(container)
            for name, value in pairs:
                if isinstance(value, kinds):
                    found[id(value)] = (top or str(name), value)
        if not found:
            return
        level = list(found.values())
    raise ValueError(f"configuration key {level[0][0]!r} is nested deeper than {DEPTH_MAX}")


def canonical_name(k: str, config: Mapping[str, Any]) -> str:
    """The spelling of a name that a mapping has: ``-`` and ``_`` are the same.

    Parameters
    ----------
    k : str
        A name, without dots.
    config : mapping
        Where to look.

    Returns
    -------
    str
        The name as it stands there, or `k` if it does not.

    Examples
    --------
    >>> canonical_name("batch_max", {"batch-max": 128})
    'batch-max'
    """
    if k in config:
        return k
    if "_" not in k and "-" not in k:
        return k
    plain = k.replace("_", "-")
    for known in config:
        if isinstance(known, str) and known.replace("_", "-") == plain:
            return known
    return k


def find(tree: Any, key: str) -> Any:
    """What stands under a dotted key, or ``ABSENT``."""
    if not isinstance(key, str):
        raise TypeError(f"a configuration key is a str, not {key!r}")
    found = _raskt.config_found(tree, key, ABSENT)
    return _find_any(tree, key) if found is ABSENT else found


def _find_any(tree: Any, key: str) -> Any:
    """As `find`, for keys and dictionaries of any kind."""
    for name in key.split("."):
        # Asking for the type first is for speed: the abstract class costs more than all the rest.
        if type(tree) is not dict and not isinstance(tree, Mapping):
            return ABSENT
        found = tree.get(name, ABSENT)
        tree = tree.get(canonical_name(name, tree), ABSENT) if found is ABSENT else found
    return tree


def leaves(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted keys and values, not looking into empty mappings."""
    for name, value in tree.items():
        key = f"{prefix}.{name}" if prefix else str(name)
        if isinstance(value, Mapping) and value:
            yield from leaves(value, key)
        else:
            yield key, value


def update(
    old: dict[str, Any],
    new: Mapping[str, Any],
    priority: Literal["old", "new", "new-defaults"] = "new",
    defaults: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Lay one nested mapping over another.

    Parameters
    ----------
    old : dict
        What is changed.
    new : mapping
        What is laid over it; it is not kept or changed.
    priority : {"new", "old", "new-defaults"}, optional
        Which value wins where both have one: that of `new`; that of `old`; that of `new` where the value of
        `old` is still that of `defaults`.
    defaults : mapping, optional
        The current defaults, for ``"new-defaults"``.

    Returns
    -------
    dict
        `old`.

    Raises
    ------
    ValueError
        If `new` is nested deeper than 64, or holds itself; `old` is left as it was then.

    Examples
    --------
    >>> update({"x": 1, "y": {"a": 2}}, {"x": 2, "y": {"b": 3}})
    {'x': 2, 'y': {'a': 2, 'b': 3}}
    >>> update({"x": 1}, {"x": 2}, priority="old")
    {'x': 1}
    """
    if priority not in ("new", "old", "new-defaults"):
        raise ValueError(f"priority is 'new', 'old' or 'new-defaults', not {priority!r}")
    refuse_deep(new)
    _lay_over(old, new, priority, defaults)
    return old


def _lay_over(
    old: dict[str, Any], new: Mapping[str, Any], priority: str, defaults: Mapping[str, Any] | None
) -> None:
    for name, value in new.items():
        name = canonical_name(name, old)
        default = ABSENT if defaults is None else defaults.get(canonical_name(name, defaults), ABSENT)
        if isinstance(value, Mapping):
            if not isinstance(old.get(name), dict):
                old[name] = {}
            _lay_over(old[name], value, priority, default if isinstance(default, Mapping) else None)
        else:
            at_default = priority == "new-defaults" and default is not ABSENT and default == old.get(name)
            if priority == "new" or name not in old or at_default:
                old[name] = value


def merge(*dicts: Mapping[str, Any]) -> dict[str, Any]:
    """A new nested dictionary of all given ones; later ones win.

    Parameters
    ----------
    *dicts : mapping
        Nested mappings.

    Returns
    -------
    dict
        The result; the arguments are left alone.

    Examples
    --------
    >>> merge({"x": 1, "y": {"a": 2}}, {"y": {"b": 3}})
    {'x': 1, 'y': {'a': 2, 'b': 3}}
    """
    result: dict[str, Any] = {}
    for each in dicts:
        update(result, each)
    return result


def expand_environment_variables(config: Any) -> Any:
    """Replace ``$NAME`` and ``${NAME}`` in all texts of nested values.

    Parameters
    ----------
    config : object
        A text, or mappings, lists, tuples and sets of such; anything else is returned as it is.

    Returns
    -------
    object
        The same with texts replaced; a variable that is not set stays as it is written.

    Raises
    ------
    ValueError
        If it is nested deeper than 64, or holds itself.

    Examples
    --------
    >>> import os
    >>> os.environ["RASKT_DOC_USER"] = "ada"
    >>> expand_environment_variables({"home": ["/home/$RASKT_DOC_USER", 1]})
    {'home': ['/home/ada', 1]}
    >>> del os.environ["RASKT_DOC_USER"]
    """
    refuse_deep(config, Mapping | list | tuple | set)
    return _expanded(config)


def _expanded(config: Any) -> Any:
    if isinstance(config, str):
        return os.path.expandvars(config)
    if isinstance(config, Mapping):
        return {name: _expanded(value) for name, value in config.items()}
    if isinstance(config, list | tuple | set):
        return type(config)(_expanded(value) for value in config)
    return config


def serialize(data: Any) -> str:
    """Plain data as text that can stand in an environment variable: JSON in base64, as Dask has it.

    Parameters
    ----------
    data : object
        What JSON can hold.

    Returns
    -------
    str
        The text; :func:`deserialize` reads it.

    Raises
    ------
    ValueError
        If it is nested deeper than 64, or holds itself.

    Examples
    --------
    >>> deserialize(serialize({"local": {"retries": 2}}))
    {'local': {'retries': 2}}
    """
    import base64
    import json

    refuse_deep(data, Mapping | list | tuple)
    return base64.urlsafe_b64encode(json.dumps(data).encode()).decode()


def deserialize(data: str) -> Any:
    """The data that :func:`serialize` made a text of.

    Parameters
    ----------
    data : str
        The text.

    Returns
    -------
    object
        The data; tuples have become lists.

    Raises
    ------
    ValueError
        If it is no such text.
    """
    import base64
    import json

    return json.loads(base64.urlsafe_b64decode(data.encode()).decode())
