"""Which chains Raskt runs without Python: those of lines of files in which it knows every function.

What is odd in the data (bad lines, numbers of many digits, lone surrogates) makes the engine give up a
partition. It then is done again here, in Python: that gives the answer, or the error with its place.
"""

from __future__ import annotations

import functools
import json
import operator
from typing import Any

from raskt import _raskt
from raskt.bag import _reduce
from raskt.bag._files import is_remote
from raskt.bag._lines import ReadLines
from raskt.bag._steps import NO_DEFAULT, Each, Pluck, Reduce, Step

__all__ = ["plan_of", "run"]

_TEXT = ("strip", "lstrip", "rstrip", "lower", "upper")
#: What `json.loads` was when this was imported: a user may put another function there.
_LOADS = json.loads

Plan = tuple[bool, list[str], list[str] | None, str]


def plan_of(steps: tuple[Step, ...]) -> Plan | None:
    """Return what the engine is to do for ``steps``; None if it does not know one of them."""
    source, end = steps[0], steps[-1]
    if not isinstance(source, ReadLines) or not isinstance(end, Reduce) or source.include_path:
        return None
    if source.encoding.lower() not in ("utf-8", "utf8") or source.linedelimiter not in (None, "\n"):
        return None
    if source.errors not in ("strict", "skip", "collect"):
        return None
    sink = _sink(end)
    if sink is None:
        return None
    text: list[str] = []
    keys: list[str] | None = None
    for step in steps[1:-1]:
        name = _text_method(step)
        if keys is None and name is not None:
            text.append(name)
        elif keys is None and isinstance(step, Each) and step.is_plain and step.function is _LOADS:
            keys = []
        elif keys is not None and isinstance(step, Pluck) and _is_name(step):
            keys.append(step.key)
        else:
            return None
    return source.linedelimiter is None, text, keys, sink


def _sink(end: Reduce) -> str | None:
    if end.function is _reduce.count:
        return "count"
    if end.function is _reduce.frequencies:
        return "frequencies"
    if isinstance(end.function, functools.partial) and end.function.func is _reduce.distinct:
        return "distinct" if end.function.args == (None,) else None
    return None


def _is_name(step: Pluck) -> bool:
    return step.default is NO_DEFAULT and type(step.key) is str


def _text_method(step: Step) -> str | None:
    """Return the method of strings that a step calls without arguments."""
    if not isinstance(step, Each) or not step.is_plain:
        return None
    for name in _TEXT:
        if step.function is getattr(str, name):
            return name
    if isinstance(step.function, operator.methodcaller):
        # The documented way to look into one: it is pickled as the call that makes it.
        made: Any = step.function.__reduce__()
        if made[0] is operator.methodcaller and len(made[1]) == 1 and made[1][0] in _TEXT:
            return str(made[1][0])
    return None


def run(plan: Plan, parts: Any) -> tuple[bool, Any]:
    """Return whether the engine has done it, and the result."""
    if any(is_remote(path) for path, *_ in parts):
        return False, None
    universal, text, keys, sink = plan
    found = _raskt.bag_lines(list(parts), universal, text, keys, sink != "count")
    if found is None:
        return False, None
    return True, list(found) if sink == "distinct" else found
