"""Find the functions of a Rust file and how long each is.

A lexer of the few things that hide a brace (comments, strings, characters) is enough: the rest is counting.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

HIDING = re.compile(
    r"""
      //[^\n]*
    | /\*
    | (?<!\w)(?:(?P<raw>[bc]?r)(?P<hashes>\#*)|[bc])?"
    | b?'(?:\\(?:u\{[^}]*\}|x..|.)|[^\\'\n])'  # a character, not a lifetime
    """,
    re.VERBOSE,
)
FUNCTION = re.compile(r"\bfn\s+(?P<name>(?:r\#)?\w+)")


class Function(NamedTuple):
    """A function with a body: its name, the line of its `fn`, and its lines up to the closing brace."""

    name: str
    line: int
    lines: int


def _end_of_comment(text: str, start: int) -> int:
    """The end of the block comment, which may nest, that opens at `start`."""
    depth = 0
    for found in re.compile(r"/\*|\*/").finditer(text, start):
        depth += 1 if found[0] == "/*" else -1
        if depth == 0:
            return found.end()
    return len(text)


def _end_of_string(text: str, opening: re.Match[str]) -> int:
    """The end of the string literal whose opening quote ends `opening`."""
    if opening["raw"]:
        found = re.compile('"' + opening["hashes"]).search(text, opening.end())
    else:
        found = re.compile(r'(?:[^"\\]|\\.)*"', re.DOTALL).match(text, opening.end())
    return found.end() if found else len(text)


def blanked(text: str) -> str:
    """The text with comments, strings and characters turned into spaces; lines stay where they are."""
    parts, position = [], 0
    while found := HIDING.search(text, position):
        if found[0].startswith("/*"):
            end = _end_of_comment(text, found.start())
        elif found[0].endswith('"') and not found[0].startswith("//"):
            end = _end_of_string(text, found)
        else:
            end = found.end()
        parts += [text[position : found.start()], re.sub(r"[^\n]", " ", text[found.start() : end])]
        position = end
    return "".join([*parts, text[position:]])


def _end_of_body(code: str, start: int) -> int | None:
    """Where the body of the function whose name ends at `start` closes; None if it has no body."""
    depth = brackets = 0
    for found in re.compile(r"[{}()\[\];]").finditer(code, start):
        sign = found[0]
        if sign in "([":
            brackets += 1
        elif sign in ")]":
            brackets -= 1
        elif sign == ";" and depth == 0 and brackets == 0:
            return None
        elif sign == "{":
            depth += 1
        elif sign == "}":
            depth -= 1
            if depth == 0 and brackets == 0:
                return found.end()
    return None


def functions(text: str) -> Iterator[Function]:
    """The functions with bodies in a Rust source text, nested ones too."""
    code = blanked(text)
    for found in FUNCTION.finditer(code):
        end = _end_of_body(code, found.end())
        if end is not None:
            line = code.count("\n", 0, found.start()) + 1
            yield Function(found["name"], line, code.count("\n", found.start(), end) + 1)
