"""Tracebacks of what was raised in other processes, made again from their text."""

from __future__ import annotations

import re
import sys
import types

__all__ = ["rebuilt"]

_PLACE = re.compile(r'^  File "(?P<file>.*)", line (?P<line>\d+), in (?P<name>.*)$', re.MULTILINE)
_HEAD = "Traceback (most recent call last):"


def rebuilt(text: str) -> types.TracebackType | None:
    """Return the traceback that ``text`` tells of, the last of several; None where it tells of none.

    Its frames are at the same places, and know no variables.
    """
    _, head, last = text.rpartition(_HEAD)
    below: types.TracebackType | None = None
    for place in reversed(list(_PLACE.finditer(last if head else ""))):
        at = _at(place["file"], int(place["line"]), place["name"])
        if at is not None:
            below = types.TracebackType(below, at.tb_frame, at.tb_lasti, at.tb_lineno)
    return below


def _at(file: str, line: int, name: str) -> types.TracebackType | None:
    """A traceback of one frame, at a line of a file."""
    code = compile("\n" * (line - 1) + "raise ValueError", file, "exec").replace(co_name=name)
    try:
        exec(code, {"__name__": name, "__file__": file})
    except ValueError:
        trace = sys.exc_info()[2]
        return None if trace is None else trace.tb_next
    return None
