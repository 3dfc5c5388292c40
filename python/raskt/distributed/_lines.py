"""Which lines of the user's code made what a cluster holds: noted where clients submit."""

from __future__ import annotations

import os
import re
import sys
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable

__all__ = ["lines_of", "name_of", "note", "remember"]

#: Names of which lines are remembered, and lines of each; the oldest go.
_N_NAMES_MAX = 10_000
_N_LINES_MAX = 5
_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
#: Files of Python's that threads begin in.
_OF_THREADS = (f"{os.sep}threading.py", f"{os.sep}futures{os.sep}thread.py")
_TOKEN = re.compile("-[0-9a-f]{16,}$")
_lines: dict[str, list[str]] = {}
_lock = threading.Lock()


def note(key: Hashable) -> tuple[str, str] | None:
    """Remember that the line which has called into Raskt made what is called so.

    Parameters
    ----------
    key : key
        Of a value: those of one collection, or of one function, are one.

    Returns
    -------
    tuple or None
        The name and the line, where there is one.
    """
    frame = sys._getframe(1)
    while frame.f_code.co_filename.startswith(_HERE):
        if frame.f_back is None:
            return None
        frame = frame.f_back
    if frame.f_code.co_filename.endswith(_OF_THREADS):
        # An asynchronous client works on a thread, which knows no line of the user's.
        return None
    line, name = f"{frame.f_code.co_filename}:{frame.f_lineno}", name_of(key)
    remember(name, line)
    return name, line


def remember(name: str, line: str) -> None:
    """Remember that a line made what is called so.

    Examples
    --------
    >>> from raskt.distributed._lines import lines_of, remember
    >>> remember("an-example", "model.py:3")
    >>> lines_of("an-example")
    ['model.py:3']
    """
    with _lock:
        found = _lines.get(name)
        if found is None:
            while len(_lines) >= _N_NAMES_MAX:
                del _lines[next(iter(_lines))]
            _lines[name] = [line]
        elif line not in found:
            found.append(line)
            del found[:-_N_LINES_MAX]


def name_of(key: Hashable) -> str:
    """Return what the scheduler knows a value by together with its like.

    Examples
    --------
    >>> from raskt.distributed._lines import name_of
    >>> name_of(("mean-0123456789abcdef", 0, 1)), name_of("sum-0123456789abcdef0123456789abcdef")
    ('mean-0123456789abcdef', 'sum')
    """
    return str(key[0]) if isinstance(key, tuple) else _TOKEN.sub("", str(key))


def lines_of(name: str) -> list[str]:
    """Return the lines that made what is called so, as far as this process knows, the newest last."""
    with _lock:
        return list(_lines.get(name, ()))
