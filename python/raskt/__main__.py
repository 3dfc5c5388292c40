"""The command line: ``raskt`` and ``python -m raskt``."""

from __future__ import annotations

import os
import sys

from raskt import _raskt

__all__ = ["main"]


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
    return _raskt.cli_run(words, dict(os.environ), sys.prefix, sys.stdout, sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
