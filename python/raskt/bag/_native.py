"""The part of a chain that runs without Python: functions of lines of files, up to the first unknown one.

The engine streams elements, or counts them. A line that it would not read exactly as Python does (a bad one,
changes of case beyond ASCII) comes back here, and Python gives its elements, or the error.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Iterator
from typing import Any, NamedTuple

from raskt._raskt import BagStream
from raskt.bag import _reduce
from raskt.bag._bad import Context
from raskt.bag._files import is_remote, open_at
from raskt.bag._lines import ReadLines, delimiter_of, is_ascii_like
from raskt.bag._steps import NO_DEFAULT, Each, Flatten, Pluck, Reduce, Step

__all__ = ["Plan", "describe", "plan_of", "start"]

_TEXT = ("strip", "lstrip", "rstrip", "lower", "upper")
#: What `json.loads` was when this was imported: a user may put another function there.
_LOADS = json.loads
#: What stands for an item that is not there, if the engine is to know it.
_SCALARS = (type(None), bool, int, float, str)


class Projection(NamedTuple):
    """What the engine takes from lines of JSON."""

    path: list[str]
    names: list[str]
    is_tuple: bool = False
    has_default: bool = False
    default: Any = None
    flatten: bool = False


class Plan(NamedTuple):
    """What the engine does with each line, and how many steps of a chain that is."""

    n_steps: int
    is_ascii: bool
    is_universal: bool
    delimiter: int
    text: list[str]
    words: bool
    json: Projection | None


def plan_of(steps: tuple[Step, ...]) -> Plan | None:
    """Return what the engine does of ``steps``; None where it knows not even the first."""
    source = steps[0]
    if not isinstance(source, ReadLines) or not is_ascii_like(source.encoding):
        return None
    delimiter = delimiter_of(source.linedelimiter, source.encoding)
    if len(delimiter) != 1 or delimiter[0] > 127:
        return None
    is_ascii = source.encoding.lower() not in ("utf-8", "utf8")
    at, text, words, found = 1, [], False, None
    if not source.include_path:
        while at < len(steps) and (name := _text_method(steps[at], _TEXT)):
            text.append(name)
            at += 1
        if _text_method(_step(steps, at), ("split",)) and isinstance(_step(steps, at + 1), Flatten):
            words, at = True, at + 2
        elif _is_loads(_step(steps, at)):
            found, at = _projection(steps, at)
    return Plan(at, is_ascii, source.linedelimiter is None, delimiter[0], text, words, found)


def _step(steps: tuple[Step, ...], at: int) -> Step | None:
    return steps[at] if at < len(steps) else None


def _is_loads(step: Step | None) -> bool:
    return isinstance(step, Each) and step.is_plain and step.function is _LOADS


def _projection(steps: tuple[Step, ...], loads: int) -> tuple[Projection | None, int]:
    """Return what is taken of JSON that step ``loads`` reads, and the number of the step that comes next."""
    path: list[str] = []
    at = loads + 1
    last: Pluck | None = None
    while isinstance(step := _step(steps, at), Pluck) and _is_name(step.key):
        path.append(step.key)
        last, at = step, at + 1
    if isinstance(step, Pluck) and type(step.key) is list and step.key and all(map(_is_name, step.key)):
        return Projection(path, step.key, True, *_default(step)), at + 1
    if last is None:
        # Reading all of it is Python's work, unless nobody looks at it.
        return (Projection([], []), at) if is_sink(step) else (None, loads)
    if isinstance(step, Flatten):
        return Projection(path[:-1], path[-1:], flatten=True), at + 1
    return Projection(path[:-1], path[-1:], False, *_default(last)), at


def _default(step: Pluck) -> tuple[bool, Any]:
    """Return whether the engine is to put in a default, and which; Python puts in the others."""
    default = step.default
    if default is NO_DEFAULT or type(default) not in _SCALARS or default != default:
        return False, None
    if (type(default) is str and not _is_name(default)) or (type(default) is int and abs(default) >> 63):
        return False, None
    return True, default


def _is_name(key: Any) -> bool:
    """Whether ``key`` is a string that is text, which lone surrogates are not."""
    return type(key) is str and not any("\ud800" <= character <= "\udfff" for character in key)


def is_sink(step: Step | None) -> bool:
    """Whether the engine does for all elements what ``step`` does."""
    if not isinstance(step, Reduce):
        return False
    function = step.function
    if function is _reduce.count or function is _reduce.frequencies:
        return True
    return getattr(function, "func", None) is _reduce.distinct and function.args == (None,)  # type: ignore[attr-defined]


def _text_method(step: Step | None, names: tuple[str, ...]) -> str | None:
    """Return which method of strings a step calls without arguments."""
    if not isinstance(step, Each) or not step.is_plain:
        return None
    for name in names:
        if step.function is getattr(str, name):
            return name
    if isinstance(step.function, operator.methodcaller):
        # The documented way to look into one: it is pickled as the call that makes it.
        made: Any = step.function.__reduce__()
        if made[0] is operator.methodcaller and len(made[1]) == 1 and made[1][0] in names:
            return str(made[1][0])
    return None


def describe(steps: tuple[Step, ...], plan: Plan | None) -> str:
    """Return steps as text, with those that the engine does marked."""
    names = [step.describe() for step in steps]
    if plan is None:
        return " > ".join(names)
    n = plan.n_steps
    if n == len(steps) or (n == len(steps) - 1 and is_sink(steps[n])):
        return " > ".join(names) + "  [native]"
    return " > ".join([f"[native: {' > '.join(names[:n])}]", *names[n:]])


class Fallback:
    """What reads lines that the engine does not."""

    __slots__ = ("_context", "_parts", "_source", "_steps", "place")

    def __init__(self, context: Context, source: ReadLines, steps: tuple[Step, ...], parts: Any) -> None:
        self._context = context
        self._source = source
        self._steps = steps
        self._parts = parts
        #: The line that is being read; None between such lines.
        self.place: tuple[str, int, int] | None = None

    def __call__(self, line: bytes, part: int, number: int, offset: int) -> list[Any]:
        """Return the elements of a line."""
        self.place = self._parts[part][0], number, offset
        stream: Any = self._source.text_of(line, self._context)
        for step in self._steps:
            stream = step.run(self._context, stream)
        found = list(stream)
        self.place = None
        return found


def start(context: Context, steps: tuple[Step, ...], plan: Plan, parts: Any) -> Iterator[Any]:
    """Return the elements that the first steps make of ``parts``."""
    source: Any = steps[0]
    source.prepare(context)
    fallback = Fallback(context, source, steps[1 : plan.n_steps], parts)
    opened = [
        (path, compression, begin, end, opener(path, source.storage_options) if is_remote(path) else None)
        for path, compression, begin, end in parts
    ]
    stream = BagStream(opened, plan, fallback)
    # Whoever still holds the stream, be it an error's traceback, holds no files and no thread.
    context.on_close(stream.close)

    def where() -> tuple[str, int, int]:
        if fallback.place is not None:
            return fallback.place
        part, line, offset = stream.place
        return parts[part][0], line, offset

    context.where = where
    if source.include_path:
        return ((line, parts[stream.place[0]][0]) for line in stream)
    return stream


def opener(path: str, storage_options: dict[str, Any] | None) -> Any:
    """Return the function that opens a URL at a byte of it."""
    return lambda at: open_at(path, at, storage_options)
