"""The configuration: values by dotted keys, from files, environment variables and :func:`set`.

The names are those of ``dask.config``. Files and variables are read (by Rust, ``crates/raskt-config``) when a
value is first asked for, not when Raskt is imported; the page *Configuration* describes sources and keys. The
live configuration is one dictionary for the whole process, :data:`config`.

>>> from raskt import config
>>> config.get("local.errors")
'first'
>>> with config.set({"local.errors": "all"}):
...     config.get("local.errors")
'all'
"""

from __future__ import annotations

import builtins
import functools
import os
import sys
import threading
from collections.abc import Mapping, MutableMapping
from weakref import WeakSet

from raskt import _raskt
from raskt._config_names import check_deprecations, former_names, tell
from raskt._config_sources import collect_env, collect_yaml, interpret_value
from raskt._forks import renew_in_child
from raskt._lazy import finder
from raskt._nested import (
    ABSENT,
    canonical_name,
    deserialize,
    expand_environment_variables,
    find,
    leaves,
    merge,
    refuse_deep,
    serialize,
    update,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Any

    from raskt._config_files import ensure_file, paths_containing_key

__all__ = [
    "ConfigError",
    "ConfigWarning",
    "canonical_name",
    "check_deprecations",
    "collect",
    "collect_env",
    "collect_yaml",
    "config",
    "defaults",
    "deserialize",
    "ensure_file",
    "expand_environment_variables",
    "get",
    "get_schema",
    "global_config",
    "install",
    "interpret_value",
    "merge",
    "no_default",
    "paths",
    "paths_containing_key",
    "pop",
    "refresh",
    "rename",
    "resolve",
    "serialize",
    "set",
    "snapshot",
    "update",
    "update_defaults",
]

config: dict[str, Any]
"""The live configuration, nested; loaded when it is first looked at."""

global_config: dict[str, Any]
"""The same."""

paths: list[str]
"""Where files are looked for, in rising priority. :func:`collect` and :func:`refresh` use it."""

no_default: Any = "__no_default__"
"""Stands for "raise if there is no value"."""

defaults: list[Mapping[str, Any]] = []
"""The defaults of other libraries, in the order of :func:`update_defaults`. The schema has those of Raskt."""

_live: dict[str, Any] = {}
_loaded = False
_lock = renew_in_child(threading.RLock())


#: Names that are expected here, from a module that stands above this one.
_find = finder(
    __name__, {"ensure_file": "raskt._config_files", "paths_containing_key": "raskt._config_files"}
)


class ConfigError(ValueError):
    """A configuration that cannot be used.

    Attributes
    ----------
    key : str or None
        The key whose value is not accepted; None if a file is malformed.
    value : object
        The value: the object itself if it came from Python, else as the message shows it.
    origin : str or None
        The file and line, the environment variable, or the function that it came from.
    """

    def __init__(
        self, message: str, key: str | None = None, value: object = None, origin: str | None = None
    ) -> None:
        super().__init__(message, key, value, origin)
        self.key = key
        self.value = value
        self.origin = origin

    def __str__(self) -> str:
        return str(self.args[0])


class ConfigWarning(UserWarning):
    """Something in the configuration is probably a mistake."""


def __getattr__(name: str) -> Any:
    if name in ("config", "global_config"):
        return _ensure_loaded()
    if name == "paths":
        found = [os.fspath(path) for path in _raskt.config_paths(dict(os.environ), sys.prefix)]
        globals()["paths"] = found
        return found
    return _find(name)


def _ensure_loaded() -> dict[str, Any]:
    if not _loaded:
        with _lock:
            if not _loaded:
                refresh()
    return _live


def _warn(doubts: Sequence[tuple[str | None, str]]) -> None:
    """Warn, except of keys that a library has declared by defaults."""
    if not doubts:
        return
    declared = merge(*defaults)
    for key, text in doubts:
        if key is None or find(declared, key) is ABSENT:
            tell(text, ConfigWarning)


def _current_name(key: str) -> str:
    """The name to use for a key, with a warning if it is not the one that was used."""
    current = former_names().get(key.replace("_", "-"))
    if current is None:
        return key
    tell(f"configuration key {key!r} is now called {current!r}", FutureWarning)
    return current


def _missing(key: str, tree: Mapping[str, Any]) -> KeyError:
    nearest = _raskt.config_nearest(key, [known for known, _ in leaves(tree)])
    hint = f"; is {nearest!r} meant?" if nearest else ""
    return KeyError(f"no configuration key {key!r}{hint}")


def get(
    key: str,
    default: Any = no_default,
    config: Mapping[str, Any] | None = None,
    override_with: Any = None,
) -> Any:
    """The value under a dotted key, as it was written; :func:`resolve` gives it its type.

    Parameters
    ----------
    key : str
        The key; ``-`` and ``_`` are the same. The name of a section gives the dictionary below it.
    default : object, optional
        What to return if there is no value.
    config : mapping, optional
        Where to look, instead of the live configuration.
    override_with : object, optional
        If it is not None, it is returned: for functions with a keyword of the same meaning.

    Returns
    -------
    object
        The value.

    Raises
    ------
    KeyError
        If there is no value and no default; the message names the nearest key.

    Examples
    --------
    >>> get("local.batch-max"), get("local.batch_max", override_with=5), get("mine.colour", default="red")
    (128, 5, 'red')
    """
    if override_with is not None:
        return override_with
    tree = _ensure_loaded() if config is None else config
    found = find(tree, key)
    if found is ABSENT and config is None:
        found = find(tree, _current_name(key))
    if found is not ABSENT:
        return found
    if default is not no_default:
        return default
    raise _missing(key, tree)


def resolve(key: str, override_with: Any = None) -> Any:
    """The value under a key in the form that its type gives it.

    Parameters
    ----------
    key : str
        The key.
    override_with : object, optional
        If it is not None, it is used instead of the configured value, and checked in the same way.

    Returns
    -------
    object
        Sizes are ints of bytes (a limit of memory that is a fraction is taken of the memory granted, and None
        if there is none), durations floats of seconds, paths have ``~`` and variables expanded, and of words
        that mean the same the first is returned. Values of other keys are returned as they are.

    Raises
    ------
    ConfigError
        If the key does not accept the value.

    Examples
    --------
    >>> resolve("processes.idle-timeout"), resolve("local.memory-limit", override_with="1GiB")
    (300.0, 1073741824)
    """
    origin = "raskt.config" if override_with is None else "the call"
    return _raskt.config_resolve(key, get(key, override_with=override_with), origin)


class _Record:
    """One value that :class:`set` put somewhere, and what stood there before."""

    __slots__ = ("in_place", "n_parents_kept", "path", "previous", "serial", "tree", "value")

    def __init__(
        self,
        tree: MutableMapping[str, Any],
        path: tuple[str, ...],
        value: Any,
        previous: Any,
    ) -> None:
        global _serial
        _serial += 1
        self.tree = tree
        self.path = path
        self.value = value
        self.previous = previous
        # Of the mappings along the path (the outermost counts as 1), how many were there before.
        self.n_parents_kept = len(path)
        self.serial = _serial
        # Not if a block that was left took the value away before the block of this record was entered.
        self.in_place = True

    def parents(self) -> list[MutableMapping[str, Any]]:
        """The mappings along the path; those that are missing are made, and are this record's to remove."""
        found = [self.tree]
        for name in self.path[:-1]:
            child = found[-1].get(name)
            if not isinstance(child, MutableMapping):
                self.n_parents_kept = min(self.n_parents_kept, len(found))
                child = found[-1][name] = {}
            found.append(child)
        return found

    def put(self) -> None:
        """Put the value where it belongs."""
        self.parents()[-1][self.path[-1]] = self.value


# All of it is used under the lock. `with set(...)` sets when `set` is called, and only then enters: a block
# that another thread leaves in between must neither forget these values nor take them for settled.
_serial = 0
_entered: list[_Record] = []
_waiting: WeakSet[Any] = WeakSet()


class set:  # noqa: A001 (the name that Dask's users know)
    """Set values, for good or for a block.

    Parameters
    ----------
    arg : mapping, optional
        Values by dotted keys. A mapping as the value of one of Raskt's sections is merged into it.
    config : mapping, optional
        Where to set them, instead of the live configuration; they are not checked then.
    **kwargs
        Values by keys in which two underscores stand for a dot.

    Raises
    ------
    ConfigError
        If a known key does not accept a value; nothing is set then.
    ValueError
        If a value is mappings nested deeper than 64.

    Notes
    -----
    Leaving the block brings back what stood there before; keys that were not there are removed. Blocks of
    several threads (or asynchronous tasks) may overlap: when all have been left, all is what it was.

    Examples
    --------
    >>> with set({"local.memory-limit": "1GiB"}, local__retries=2):
    ...     get("local.memory-limit"), get("local.retries")
    ('1GiB', 2)
    >>> get("local.retries")
    0
    >>> set(num_workers="many")
    Traceback (most recent call last):
    ...
    raskt.config.ConfigError: configuration key 'num-workers' cannot be 'many' (from config.set): it takes ...
    """

    _records: list[_Record]

    def __init__(
        self,
        arg: Mapping[str, Any] | None = None,
        config: MutableMapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        given = {} if arg is None else dict(arg)
        given.update((key.replace("__", "."), value) for key, value in kwargs.items())
        for key in given:
            if not isinstance(key, str):
                raise TypeError(f"a configuration key is a str, not {key!r}")
        self._tree: MutableMapping[str, Any] = _ensure_loaded() if config is None else config
        self._records = []
        assignments = list(given.items())
        if config is None:
            refuse_deep(given)
            assignments = [leaf for item in assignments for leaf in _flattened(*item)]
            doubts = []
            for key, value in assignments:
                doubts += _raskt.config_check(key, value, "config.set")
            _warn(doubts)
        with _lock:
            for key, value in assignments:
                self._assign(key.split("."), value)
            _waiting.add(self)

    def _assign(self, names: list[str], value: Any) -> None:
        node = self._tree
        path: list[str] = []
        for position, name in enumerate(names, start=1):
            path.append(canonical_name(name, node))
            child = node.get(path[-1], ABSENT)
            if position < len(names) and isinstance(child, MutableMapping):
                node = child
                continue
            # Nothing to go down into: what is missing is made, and a plain value gives way to a mapping.
            rest = names[position:]
            if child is ABSENT:
                path += rest
            else:
                for deeper in reversed(rest):
                    value = {deeper: value}
            record = _Record(self._tree, tuple(path), value, child)
            self._records.append(record)
            record.put()
            return

    def __enter__(self) -> MutableMapping[str, Any]:
        with _lock:
            _waiting.discard(self)
            for record in self._records:
                if not record.in_place:
                    _put_back(record)
            _entered.extend(self._records)
        return self._tree

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with _lock:
            while self._records:
                record = self._records.pop()
                _entered.remove(record)
                _restore(record)


def _flattened(key: str, value: Any) -> list[tuple[str, Any]]:
    """The assignments that one means: a mapping for a section of Raskt's is one for each key in it."""
    key = _current_name(key)
    if isinstance(value, Mapping) and value and _raskt.config_is_section(key):
        return [leaf for name, inner in value.items() for leaf in _flattened(f"{key}.{name}", inner)]
    return [(key, value)]


def _all_records() -> list[_Record]:
    return [*_entered, *(record for manager in _waiting for record in manager._records)]


def _later(record: _Record, others: list[_Record]) -> list[_Record]:
    """Those that stand in the same place and were put there after a record, the next first."""
    same = [other for other in others if other.tree is record.tree and other.path == record.path]
    later = [other for other in same if other.serial > record.serial and other.in_place]
    return sorted(later, key=lambda other: other.serial)


def _put_back(record: _Record) -> None:
    """Put a value that was taken away back where it belongs: under what has been put there since."""
    record.in_place = True
    above = _later(record, _all_records())
    if above:
        record.previous, above[0].previous = above[0].previous, record.value
        record.n_parents_kept = min(record.n_parents_kept, above[0].n_parents_kept)
    else:
        parent = record.parents()[-1]
        record.previous = parent.get(record.path[-1], ABSENT)
        parent[record.path[-1]] = record.value


def _restore(record: _Record) -> None:
    """Take back what a record put, or leave that to what has been put over it since."""
    others = _all_records() if _entered or _waiting else []
    above = _later(record, others)
    if above:
        above[0].previous = record.previous
        above[0].n_parents_kept = min(above[0].n_parents_kept, record.n_parents_kept)
    if any(other in _entered for other in above):
        return
    for other in above:
        other.in_place = False
    parents = record.parents()
    if record.previous is not ABSENT:
        parents[-1][record.path[-1]] = record.previous
        return
    parents[-1].pop(record.path[-1], None)
    for depth in range(len(parents) - 1, record.n_parents_kept - 1, -1):
        if parents[depth]:
            # Another block still uses the mapping that this one made; who leaves last removes it.
            for other in others:
                if other.tree is record.tree and other.path[:depth] == record.path[:depth]:
                    other.n_parents_kept = min(other.n_parents_kept, record.n_parents_kept)
            return
        del parents[depth - 1][record.path[depth - 1]]


def pop(key: str, default: Any = no_default, config: MutableMapping[str, Any] | None = None) -> Any:
    """Remove a key and return its value.

    Parameters
    ----------
    key : str
        The dotted key.
    default : object, optional
        What to return if there is no value.
    config : mapping, optional
        Where to remove it, instead of from the live configuration.

    Returns
    -------
    object
        The value.

    Raises
    ------
    KeyError
        If there is no value and no default.

    Examples
    --------
    >>> mine = {"x": {"y": 1, "z": 2}}
    >>> pop("x.y", config=mine), mine
    (1, {'x': {'z': 2}})
    """
    tree = _ensure_loaded() if config is None else config
    *sections, last = key.split(".")
    with _lock:
        parent = find(tree, ".".join(sections)) if sections else tree
        if isinstance(parent, MutableMapping):
            found = parent.pop(canonical_name(last, parent), ABSENT)
            if found is not ABSENT:
                return found
    if default is not no_default:
        return default
    raise _missing(key, tree)


def _search_paths(paths: Sequence[str | os.PathLike[str]] | None) -> list[str] | None:
    """The paths to read; None lets Rust find out, which also knows what ``RASKT_CONFIG`` has named."""
    chosen = globals().get("paths") if paths is None else paths
    return None if chosen is None else [os.fspath(path) for path in chosen]


def collect(
    paths: Sequence[str | os.PathLike[str]] | None = None, env: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """What files and environment variables say, without defaults.

    Parameters
    ----------
    paths : sequence of paths, optional
        Files and folders, in rising priority; :data:`paths` if left out.
    env : mapping, optional
        Environment variables; those of the process if left out.

    Returns
    -------
    dict
        Nested values.

    Raises
    ------
    ConfigError
        If a file is malformed, or a known key does not accept a value.

    Examples
    --------
    >>> collect(paths=[], env={"RASKT_NUM_WORKERS": "2", "RASKT_MINE__NAMES": "[a, b]"})
    {'mine': {'names': ['a', 'b']}, 'num-workers': 2}
    """
    variables = dict(os.environ if env is None else env)
    found, doubts = _raskt.config_collect(variables, sys.prefix, _search_paths(paths))
    _warn(doubts)
    return found


def refresh(
    config: dict[str, Any] | None = None,
    defaults: Sequence[Mapping[str, Any]] | None = None,
    paths: Sequence[str | os.PathLike[str]] | None = None,
    env: Mapping[str, str] | None = None,
) -> None:
    """Read defaults, files and environment variables again; what was set since is forgotten.

    Parameters
    ----------
    config : dict, optional
        What to fill, instead of the live configuration.
    defaults : sequence of mappings, optional
        Defaults beside those of Raskt; those of :func:`update_defaults` if left out.
    paths, env : optional
        As for :func:`collect`.

    Raises
    ------
    ConfigError
        As :func:`collect`; the configuration is left as it was then.

    Examples
    --------
    >>> mine = {}
    >>> refresh(config=mine, paths=[], env={"RASKT_LOCAL__RETRIES": "1"})
    >>> mine["local"]["retries"], mine["local"]["batch-max"]
    (1, 128)
    """
    global _loaded
    added = globals()["defaults"] if defaults is None else defaults
    variables = dict(os.environ if env is None else env)
    with _lock:
        target = _live if config is None else config
        found, doubts = _raskt.config_load(variables, sys.prefix, _search_paths(paths))
        base = _raskt.config_defaults()
        for each in added:
            # A default of another library gives way to files, and replaces a default of Raskt's.
            update(found, each, priority="new-defaults", defaults=base)
            update(base, each)
        # Readers in other threads never find a key missing in between.
        target.update(found)
        for name in builtins.set(target) - builtins.set(found):
            del target[name]
        _loaded = _loaded or target is _live
    _warn(doubts)


def update_defaults(
    new: Mapping[str, Any],
    config: dict[str, Any] | None = None,
    defaults: list[Mapping[str, Any]] | None = None,
) -> None:
    """Declare the defaults of another library, with keys of its own.

    A key that is declared this way is never warned of as unknown. Files, variables and what was set win over
    it. It does not make Raskt read files.

    Parameters
    ----------
    new : mapping
        Nested defaults.
    config : dict, optional
        What gets them, instead of the live configuration; they are not checked then.
    defaults : list of mappings, optional
        The defaults that it had before, to which the new ones are added; :data:`defaults` if left out.

    Raises
    ------
    ConfigError
        If it has a value that a key of Raskt's does not accept.

    Examples
    --------
    >>> update_defaults({"acme": {"anvils": 3}})
    >>> get("acme.anvils")
    3
    """
    copied = merge(new)
    known: list[Mapping[str, Any]] = globals()["defaults"] if defaults is None else defaults
    if config is not None and config is not _live:
        update(config, copied, priority="new-defaults", defaults=merge(*known))
        known.append(copied)
        return
    for key, value in leaves(copied):
        _raskt.config_check(key, value, "config.update_defaults")
    with _lock:
        if _loaded:
            current = merge(_raskt.config_defaults(), *known)
            update(_live, copied, priority="new-defaults", defaults=current)
        known.append(copied)


def rename(
    deprecations: Mapping[str, str | None] | None = None, config: MutableMapping[str, Any] | None = None
) -> dict[str, str | None]:
    """Move values from former names of keys to their present ones, with a warning.

    Parameters
    ----------
    deprecations : mapping, optional
        The present name of each former one, or None if it has no use any more; Raskt's own if left out.
    config : mapping, optional
        Where, instead of in the live configuration.

    Returns
    -------
    dict
        Those that were found.

    Examples
    --------
    >>> mine = {"old-name": 1}
    >>> import warnings
    >>> with warnings.catch_warnings(action="ignore"):
    ...     rename({"old-name": "new.name"}, config=mine), mine
    ({'old-name': 'new.name'}, {'new': {'name': 1}})
    """
    names = former_names() if deprecations is None else deprecations
    tree = _ensure_loaded() if config is None else config
    found: dict[str, str | None] = {}
    for former, present in names.items():
        value = pop(former, ABSENT, tree)
        if value is ABSENT:
            continue
        found[former] = present
        use = f"is now called {present!r}" if present else "has no use any more"
        tell(f"configuration key {former!r} {use}", FutureWarning)
        if present and find(tree, present) is ABSENT:
            set({present: value}, config=tree)
    return found


def user_folder() -> str | os.PathLike[str]:
    """The path of the highest priority: what ``RASKT_CONFIG`` names, or the user's folder."""
    known: list[str] | None = globals().get("paths")
    return (known or _raskt.config_paths(dict(os.environ), sys.prefix))[-1]


def get_schema() -> dict[str, dict[str, Any]]:
    """Every key of Raskt's, with its type, default, unit, description and what it accepts.

    Returns
    -------
    dict
        By key, in the order of the documentation.

    Examples
    --------
    >>> get_schema()["local.errors"]["accepted"]
    "'first', or 'all'"
    """
    return {entry["key"]: entry for entry in _raskt.config_schema()}


def _plain_copy(value: Any) -> Any:
    # Asking an abstract class takes far longer than asking for a type.
    if type(value) is dict or isinstance(value, Mapping):
        return {name: _plain_copy(inner) for name, inner in value.items()}
    return [*value] if isinstance(value, list) else value


@functools.cache
def _object_keys() -> list[str]:
    """Return the keys that may hold an object of this process."""
    return [key for key, entry in get_schema().items() if entry["objects"]]


def snapshot() -> dict[str, Any]:
    """A copy of the live configuration, to be shipped to another process and installed there.

    Executors and functions that keys such as ``scheduler`` hold are left out: they mean nothing elsewhere.

    Returns
    -------
    dict
        Nested values.

    Examples
    --------
    >>> sent = snapshot()
    >>> install(sent)
    >>> snapshot() == sent
    True
    """
    with _lock:
        copied: dict[str, Any] = _plain_copy(_ensure_loaded())
    for key in _object_keys():
        if not isinstance(find(copied, key), str | int | None):
            pop(key, None, copied)
    return copied


def install(snapshot: Mapping[str, Any]) -> None:
    """Make a snapshot of another process the live configuration; files and variables are not read.

    Parameters
    ----------
    snapshot : mapping
        What :func:`snapshot` returned there.
    """
    global _loaded
    copied = merge(_raskt.config_defaults(), snapshot)
    with _lock:
        _live.update(copied)
        for name in builtins.set(_live) - builtins.set(copied):
            del _live[name]
        _loaded = True
