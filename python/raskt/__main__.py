"""The command line: ``raskt`` and ``python -m raskt``."""

from __future__ import annotations

import os
import sys
from typing import Any

from raskt import _raskt
from raskt._lazy import late
from raskt.distributed._commands import COMMANDS

__all__ = ["main"]

#: What this command line does by itself.
_COMMANDS = {**COMMANDS, "ssh": late("raskt.distributed.deploy._ssh_cli", "ssh")}
#: What Raskt works with where it is installed, in the order in which `raskt info` tells it.
_PACKAGES = (
    "numpy",
    "pandas",
    "pyarrow",
    "scipy",
    "xarray",
    "dask",
    "cloudpickle",
    "fsspec",
    "fastavro",
    "psutil",
    "threadpoolctl",
    "zarr",
    "h5py",
)


def main(args: list[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    args : list of str, optional
        The arguments without the program's name; those of the process if left out.

    Returns
    -------
    int
        The exit code: 0, or 2 for an error, which is told on the standard error stream.

    Examples
    --------
    >>> main(["config", "get", "local.errors"])
    first
    0
    """
    words = sys.argv[1:] if args is None else args
    if words and words[0] in _COMMANDS:
        try:
            return int(_COMMANDS[words[0]](words[1:]))
        except (OSError, ValueError) as error:
            print(f"error: {error}", file=sys.stderr)
            return 2
    return _raskt.cli_run(words, dict(os.environ), sys.prefix, _host, sys.stdout, sys.stderr)


def _host() -> dict[str, Any]:
    """Python, and the versions of packages; None for what is not installed."""
    import platform

    version = f"{platform.python_version()} ({platform.python_implementation()})"
    packages = {name: _version(name) for name in _PACKAGES}
    return {"python": version, "executable": sys.executable, "packages": packages}


def _version(package: str) -> str | None:
    from importlib import metadata

    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


if __name__ == "__main__":
    sys.exit(main())
