"""Files of the configuration as :mod:`raskt.config` is asked for them one by one.

Rust reads them (``crates/raskt-config``). The live configuration is in :mod:`raskt.config`, where users find
these names.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path

from raskt import config
from raskt._config_sources import collect_yaml
from raskt._nested import ABSENT, find

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["ensure_file", "paths_containing_key"]


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
    folder = Path(config.user_folder() if destination is None else destination)
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
    for path, found in collect_yaml(config.paths if paths is None else paths, return_paths=True):
        if find(found, key) is not ABSENT:
            yield path
