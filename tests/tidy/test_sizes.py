"""Files and functions stay small enough to hold in the head."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from .repository import TABLES, relative, sources
from .rust_functions import Function, blanked, functions

SIZES: dict[str, int] = TABLES["sizes"]
ALLOWED: dict[str, str] = TABLES["long_functions"]


def lines(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines())


def python_functions(text: str) -> Iterator[Function]:
    """The functions of a Python source text; a docstring does not count."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            length = node.end_lineno - node.lineno + 1
            first = node.body[0]
            if ast.get_docstring(node, clean=False) is not None and first.end_lineno is not None:
                length -= first.end_lineno - first.lineno + 1
            yield Function(node.name, node.lineno, length)


def long_functions() -> dict[str, int]:
    """The functions over the limit, as the table writes them, with their length."""
    found = {}
    for path in sources(".rs", ".py"):
        of = functions if path.suffix == ".rs" else python_functions
        for function in of(path.read_text("utf-8")):
            if function.lines > SIZES["function_lines_max"]:
                found[f"{relative(path)}::{function.name}"] = function.lines
    return found


@pytest.mark.parametrize("kind", ["rust", "python"])
def test_no_file_is_over_the_limit(kind: str) -> None:
    suffixes = {"rust": [".rs"], "python": [".py", ".pyi"]}[kind]
    counts = {relative(path): lines(path) for path in sources(*suffixes)}
    assert {path: n for path, n in counts.items() if n > SIZES[f"{kind}_file_lines_max"]} == {}


def test_no_function_is_over_the_limit() -> None:
    assert {name: n for name, n in long_functions().items() if name not in ALLOWED} == {}


def test_every_allowed_long_function_is_still_long() -> None:
    assert ALLOWED.keys() - long_functions().keys() == set()


RUST = """
/// fn not_this() { /* }
pub fn first<'a>(x: &'a str) -> char {
    let _quote = '"'; let _brace = '{';
    let _raw = r#"fn nor_this() { " }"#; /* fn { /* nested */ */
    'a'
}
trait T { fn without_body(&self) -> [u8; 3]; }
fn second() -> [u8; 2] { fn inner() {
    } [b'{', b'\\''] }
"""


def test_rust_functions_are_measured_through_strings_and_comments() -> None:
    assert list(functions(RUST)) == [
        Function("first", 3, 5),
        Function("second", 9, 2),
        Function("inner", 9, 2),
    ]


def test_blanking_keeps_every_line_in_its_place() -> None:
    assert [len(line) for line in blanked(RUST).splitlines()] == [len(line) for line in RUST.splitlines()]


def test_python_functions_are_measured_without_docstrings() -> None:
    text = 'def f():\n    """One.\n\n    Two.\n    """\n    return 1\n'
    assert list(python_functions(text)) == [Function("f", 1, 2)]
