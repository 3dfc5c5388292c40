"""What files and the environment say of the configuration."""

from __future__ import annotations

import os
import sys

from raskt import _raskt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import Any, Literal, overload

__all__ = ["collect_env", "collect_yaml", "interpret_value"]

_ENDINGS = (".json", ".yaml", ".yml")

if TYPE_CHECKING:

    @overload
    def collect_yaml(
        paths: Sequence[str | os.PathLike[str]], *, return_paths: Literal[False] = False
    ) -> Iterator[dict[str, Any]]: ...

    @overload
    def collect_yaml(
        paths: Sequence[str | os.PathLike[str]], *, return_paths: Literal[True]
    ) -> Iterator[tuple[Path, dict[str, Any]]]: ...


def collect_yaml(paths: Sequence[str | os.PathLike[str]], *, return_paths: bool = False) -> Iterator[Any]:
    """What each file says.

    Parameters
    ----------
    paths : sequence of paths
        Files, and folders of YAML and JSON files; those that are not there are passed over.
    return_paths : bool, optional
        Whether the path of each file comes with it.

    Yields
    ------
    dict, or (pathlib.Path, dict)
        Nested values, in the order in which files are read: later ones win.

    Raises
    ------
    ConfigError
        If a file is malformed, or a known key does not accept a value.

    Examples
    --------
    >>> from raskt.config import collect_yaml
    >>> from raskt.utils import filetext
    >>> with filetext("acme: {anvils: 3}", "yaml") as path:
    ...     list(collect_yaml([path]))
    [{'acme': {'anvils': 3}}]
    """
    from pathlib import Path

    for path in map(Path, paths):
        files = [path]
        if path.is_dir():
            files = sorted(file for file in path.iterdir() if file.suffix.lower() in _ENDINGS)
        for file in files:
            if file.exists():
                found, _ = _raskt.config_collect({}, sys.prefix, [file])
                yield (file, found) if return_paths else found


def collect_env(env: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What environment variables say: ``RASKT_FOO__BAR=1`` is ``{"foo": {"bar": 1}}``.

    Parameters
    ----------
    env : mapping, optional
        The variables; those of the process if left out.

    Returns
    -------
    dict
        Nested values.

    Raises
    ------
    ConfigError
        If a known key does not accept a value.

    Examples
    --------
    >>> from raskt.config import collect_env
    >>> collect_env({"RASKT_ACME__ANVILS": "[1, 2]", "HOME": "/"})
    {'acme': {'anvils': [1, 2]}}
    """
    found, _ = _raskt.config_collect(dict(os.environ if env is None else env), sys.prefix, [])
    return found


def interpret_value(value: str) -> Any:
    """The value that the text of an environment variable stands for.

    Parameters
    ----------
    value : str
        A text.

    Returns
    -------
    object
        A number, a truth, None, a list or a dictionary where the text is one; the text itself otherwise.

    Examples
    --------
    >>> from raskt.config import interpret_value
    >>> interpret_value("1"), interpret_value("true"), interpret_value("[1, a]"), interpret_value("abc")
    (1, True, [1, 'a'], 'abc')
    """
    if not value:
        return value
    return collect_env({"RASKT_INTERPRETED__VALUE": value})["interpreted"]["value"]
