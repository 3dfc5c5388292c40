"""Files and environment variables as :mod:`raskt.config` is asked for them one by one.

Rust reads them (``crates/raskt-config``). The live configuration is in :mod:`raskt.config`, where users find
these names.
"""

from __future__ import annotations

import os
import sys
import threading

from raskt import _raskt
from raskt._nested import ABSENT, find

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import Any, Literal, overload

__all__ = [
    "check_deprecations",
    "collect_env",
    "collect_yaml",
    "ensure_file",
    "interpret_value",
    "paths_containing_key",
]

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


def ensure_file(
    source: str | os.PathLike[str], destination: str | os.PathLike[str] | None = None, comment: bool = True
) -> None:
    r"""Copy a file of defaults to the user's folder unless it is there: for libraries with keys of their own.

    Parameters
    ----------
    source : path
        A YAML file.
    destination : path, optional
        The folder; ``~/.config/raskt`` (or what ``RASKT_CONFIG`` names) if left out.
    comment : bool, optional
        Whether all lines are commented out, so that the file shows the keys and changes nothing.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from raskt.config import ensure_file
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "acme.yaml").write_text("acme:\n  anvils: 3\n")
    >>> ensure_file(folder / "acme.yaml", folder / "user")
    >>> print((folder / "user" / "acme.yaml").read_text())
    # acme:
    #   anvils: 3
    """
    from pathlib import Path

    from raskt import config

    folder = Path(config._user_folder() if destination is None else destination)
    if folder.suffix.lower() in {".yaml", ".yml", ".json"} or folder.is_file():
        # RASKT_CONFIG may name a file; the copy goes beside it.
        folder = folder.parent
    target = folder / Path(source).name
    if target.exists():
        return
    lines = Path(source).read_text("utf-8").splitlines(keepends=True)
    if comment:
        lines = [
            f"# {line}" if line.strip() and not line.lstrip().startswith("#") else line for line in lines
        ]
    folder.mkdir(parents=True, exist_ok=True)
    # Another process may read at this moment: it sees no file, or the whole one.
    partial = target.with_name(f".{target.name}.{os.getpid()}-{threading.get_ident()}")
    partial.write_text("".join(lines), "utf-8")
    partial.replace(target)


def paths_containing_key(key: str, paths: Sequence[str | os.PathLike[str]] | None = None) -> Iterator[Path]:
    """The files that say something of a key.

    Parameters
    ----------
    key : str
        The dotted key.
    paths : sequence of paths, optional
        Files and folders; :data:`paths` if left out.

    Yields
    ------
    pathlib.Path
        Files, in rising priority.

    Examples
    --------
    >>> from raskt.config import paths_containing_key
    >>> from raskt.utils import filetext
    >>> with filetext("local: {retries: 2}", "yaml") as path:
    ...     [str(found) == path for found in paths_containing_key("local.retries", [path])]
    [True]
    """
    from raskt import config

    for path, found in collect_yaml(config.paths if paths is None else paths, return_paths=True):
        if find(found, key) is not ABSENT:
            yield path


def check_deprecations(key: str, deprecations: Mapping[str, str | None] | None = None) -> str:
    """The present name of a key, with a warning where it is another one.

    Parameters
    ----------
    key : str
        The key.
    deprecations : mapping, optional
        Present names by former ones, None for keys that are gone; Raskt's own if left out.

    Returns
    -------
    str
        The name to use.

    Raises
    ------
    ValueError
        If the key is gone.

    Examples
    --------
    >>> from raskt.config import check_deprecations
    >>> check_deprecations("old-name", {"older-name": "new.name"})
    'old-name'
    """
    from raskt import config

    names: Mapping[str, str | None] = config._former_names() if deprecations is None else deprecations
    former = key.replace("_", "-")
    if former not in names:
        return key
    present = names[former]
    if not present:
        raise ValueError(f"configuration key {key!r} has no use any more")
    config._tell(f"configuration key {key!r} is now called {present!r}", FutureWarning)
    return present
