"""The modules of `raskt` stand on floors, import one another in no circle, and do so where all can see it."""

from __future__ import annotations

import re
import sys

import pytest

from .python_imports import (
    Import,
    circles,
    imports,
    late_functions,
    libraries,
    modules,
    modules_by_name,
    names_bound,
)
from .repository import ROOT, TABLES, relative, sources

FLOORS: dict[str, int] = {
    module: number for number, floor in enumerate(TABLES["python"]["floors"]) for module in floor["modules"]
}
DEFERRED: set[str] = set(TABLES["python"]["deferred"])
LATE: dict[str, str] = TABLES["python"]["late"]
ALL = sorted(modules())


def own(module: str) -> list[Import]:
    """What a module takes at run time of other modules of the package."""
    return [one for one in imports(module) if one.target in modules() and not one.for_types]


def test_every_module_has_a_floor() -> None:
    assert set(modules()) ^ set(FLOORS) == set()


@pytest.mark.parametrize("module", ALL)
def test_a_module_imports_no_higher_floor(module: str) -> None:
    above = [str(one) for one in own(module) if FLOORS[one.target] > FLOORS[module] and one.target != "raskt"]
    above += [f"late {home}.{name}" for home, name in late_functions(module) if FLOORS[home] > FLOORS[module]]
    assert above == []


def test_modules_import_one_another_in_no_circle() -> None:
    edges = {(module, one.target) for module in modules() for one in own(module) if one.target != "raskt"}
    edges |= {(module, home) for module in modules() for home, _ in late_functions(module)}
    assert circles(edges) == []


def test_a_circle_is_found() -> None:
    assert circles([("a", "b"), ("b", "c"), ("c", "a"), ("c", "d")]) == [["a", "b", "c"]]


@pytest.mark.parametrize("module", ALL)
def test_functions_import_only_what_is_heavy(module: str) -> None:
    """Libraries, modules of the package that load one, and modules of the standard library in the table."""
    found = []
    for one in imports(module):
        if not one.in_function:
            continue
        top = one.target.partition(".")[0]
        if top == "raskt":
            is_heavy = bool(libraries(one.target) - libraries(module) - set(sys.stdlib_module_names))
        else:
            is_heavy = top not in sys.stdlib_module_names or one.target in DEFERRED
        if not is_heavy:
            found.append(str(one))
    assert found == []


@pytest.mark.parametrize("module", ALL)
def test_late_functions_exist(module: str) -> None:
    assert [f"{home}.{name}" for home, name in late_functions(module) if name not in names_bound(home)] == []


def test_modules_imported_by_name_are_in_the_table() -> None:
    found = {f"{module} -> {home}" for module in modules() for home in modules_by_name(module)}
    assert found ^ LATE.keys() == set()


@pytest.mark.parametrize("module", ALL)
def test_names_are_imported_from_where_they_are_defined(module: str) -> None:
    """Names that a module has only for Dask's users are found elsewhere on demand: that is no way round."""
    assert [str(one) for one in own(module) if one.name and one.name not in names_bound(one.target)] == []


@pytest.mark.parametrize("module", ALL)
def test_collections_do_not_import_one_another(module: str) -> None:
    collection = ".".join(module.split(".")[:2])
    others = {"raskt.array", "raskt.bag"} - {collection}
    if len(others) == 2:
        return
    (other,) = others
    assert [str(one) for one in own(module) if f"{one.target}.".startswith(f"{other}.")] == []


def test_rust_names_python_modules_that_exist() -> None:
    named = re.compile(r'import\((?:pyo3::)?(?:intern!\(\s*[\w.()]+,\s*)?"(raskt[\w.]*)"')
    found = {
        (relative(path), module)
        for path in sources(".rs")
        if path.is_relative_to(ROOT / "crates/raskt-py")
        for module in named.findall(path.read_text("utf-8"))
    }
    assert {module for _, module in found} - modules().keys() == {"raskt._raskt"}
