"""Nothing unfinished is left lying about, and no drawer collects what has no place."""

from __future__ import annotations

import ast
import re
from collections import Counter

from .repository import ROOT, TABLES, relative, sources

MARKS = re.compile("|".join(TABLES["marks"]["patterns"]), re.IGNORECASE)


def test_no_mark_of_unfinished_work() -> None:
    found = [
        f"{relative(path)}:{number}: {line.strip()}"
        for path in sources(".rs", ".py", ".pyi")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if MARKS.search(line)
    ]
    assert found == []


def test_marks_are_recognised() -> None:
    assert MARKS.search("x = 1  # " + "FIX" + "ME later")
    assert not MARKS.search("prefixxxed forbid nowhere")


def test_no_drawers() -> None:
    drawers, addresses = set(TABLES["drawers"]["names"]), TABLES["drawers"]["addresses"]
    found = [relative(path) for path in sources(".rs", ".py") if drawers & {path.stem, path.parent.name}]
    assert set(found) - set(addresses) == set()


def test_files_of_tests_have_names_of_their_own() -> None:
    # pytest imports them by their names, wherever they are.
    tests = [path for path in sources(".py") if path.is_relative_to(ROOT / "tests/python")]
    names = Counter(path.name for path in tests if path.name.startswith("test_"))
    assert [name for name, n_files in names.items() if n_files > 1] == []


def test_no_expected_failure_may_pass() -> None:
    loose = re.compile(r"xfail\([^)]*strict=False")
    found = [relative(path) for path in sources(".py") if loose.search(path.read_text("utf-8"))]
    assert [path for path in found if path.startswith("tests/python")] == []


def test_nothing_is_defined_in_the_drawers_that_have_dasks_names() -> None:
    for path in TABLES["drawers"]["addresses"]:
        body = ast.parse((ROOT / path).read_text("utf-8")).body
        defined = [node.name for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
        assert set(defined) <= {"__getattr__"}, path


def test_module_files_only_declare_and_reexport() -> None:
    item = re.compile(
        r"^\s*(?:pub(?:\([\w ]+\))?\s+)?(?:async\s+|const\s+|unsafe\s+)*(?:fn|struct|enum|impl|trait)\b"
    )
    found = [
        f"{relative(path)}:{number}"
        for path in sources(".rs")
        if path.name == "mod.rs" and "tests" not in path.parts
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if item.match(line)
    ]
    assert found == []


def test_numbers_do_not_wrap_in_silence() -> None:
    lints = ["cast_possible_truncation", "cast_sign_loss", "cast_possible_wrap"]
    unchecked = {
        path.name
        for path in (ROOT / "crates").iterdir()
        if path.is_dir()
        and not all(f"clippy::{lint}" in (path / "src" / "lib.rs").read_text("utf-8") for lint in lints)
    }
    assert unchecked == set(TABLES["casts"])


def test_no_function_inside_another_calls_itself() -> None:
    """It would be a reference cycle, which holds what it works on until the garbage collector comes by."""

    def is_recursive(function: ast.FunctionDef) -> bool:
        return function.name in (node.id for node in ast.walk(function) if isinstance(node, ast.Name))

    found = [
        f"{relative(path)}:{inner.lineno}"
        for path in sources(".py")
        if relative(path).startswith("python/")
        for outer in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(outer, ast.FunctionDef)
        for inner in ast.walk(outer)
        if isinstance(inner, ast.FunctionDef) and inner is not outer and is_recursive(inner)
    ]
    assert found == []


def test_compiled_tests_ask_for_the_paths_of_their_clone_when_they_run() -> None:
    """What is compiled is shared by clones, and `env!` tells of the one that compiled it."""
    path = re.compile(r"\benv!\(\"CARGO_(?!PKG_)")
    found = [relative(file) for file in sources(".rs") if path.search(file.read_text("utf-8"))]
    assert found == []
