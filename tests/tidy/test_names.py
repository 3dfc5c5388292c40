"""Every public name of Python has a home, and the home is where the map says."""

from __future__ import annotations

import ast
import tomllib
from collections import Counter
from typing import Any

import pytest

from .repository import ROOT, relative

HOMES: list[dict[str, Any]] = tomllib.loads((ROOT / "tests/tidy/names.toml").read_text("utf-8")).get(
    "home", []
)
PACKAGE = ROOT / "python/raskt"


def public_names() -> list[str]:
    """`raskt.__all__`, which is a literal so that it can be read without importing."""
    for node in ast.parse((PACKAGE / "__init__.py").read_text("utf-8")).body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if isinstance(target, ast.Name) and target.id == "__all__":
            return list(ast.literal_eval(node.value))  # type: ignore[attr-defined]
    pytest.fail("python/raskt/__init__.py has no __all__")


def names_defined(home: str) -> set[str]:
    """What a Python file binds at its top level: definitions, assignments, imports."""
    found = set()
    for node in ast.walk(ast.parse((ROOT / home).read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                found |= {name.id for name in ast.walk(target) if isinstance(name, ast.Name)}
    return found


def test_every_public_name_has_exactly_one_home() -> None:
    placed = Counter(name for home in HOMES if "module" not in home for name in home["names"])
    assert [name for name, n in placed.items() if n > 1] == []
    public = set(public_names())
    modules = {
        home["python"].removeprefix("python/raskt/").split("/")[0].removesuffix(".py") for home in HOMES
    }
    assert (public - placed.keys() - modules, placed.keys() - public) == (set(), set())


@pytest.mark.parametrize("home", HOMES, ids=lambda home: home["python"])
def test_a_home_exists_and_binds_its_names(home: dict[str, Any]) -> None:
    assert [path for path in [home["python"], *home["rust"]] if not (ROOT / path).exists()] == []
    assert set(home["names"]) - names_defined(home["python"]) == set()


def test_every_public_module_is_in_the_map() -> None:
    mapped = {home["python"] for home in HOMES}
    public = {
        relative(path)
        for path in PACKAGE.rglob("*.py")
        if not any(part.startswith("_") for part in path.relative_to(PACKAGE).parts)
    }
    assert public - mapped == set()
