"""Crates stand on floors, and name only crates of lower ones."""

from __future__ import annotations

import re

import pytest

from .repository import ROOT, TABLES, dependencies, manifests, relative, sources

FLOORS: dict[str, int] = TABLES["floors"]
DEVELOPMENT: set[str] = set(TABLES["development"]["crates"])
KNOWN = {**FLOORS, **dict.fromkeys(DEVELOPMENT)}


def misplaced(crate: str, found: dict[str, set[str]]) -> list[str]:
    """What the dependencies of `crate` have against the table of floors."""
    complaints = []
    for kind, names in found.items():
        for name in sorted(names & KNOWN.keys()):
            if name in DEVELOPMENT:
                if kind != "dev-dependencies" and crate not in DEVELOPMENT:
                    complaints.append(f"{crate} ships {name}, which is for development")
            elif crate in DEVELOPMENT or FLOORS[name] < FLOORS[crate]:
                continue
            elif f"{crate} -> {name}" not in TABLES["same_floor"] or FLOORS[name] > FLOORS[crate]:
                complaints.append(f"{crate} (floor {FLOORS[crate]}) names {name} (floor {FLOORS[name]})")
    return complaints


def test_every_crate_has_a_floor() -> None:
    assert set(manifests()) == set(KNOWN)


@pytest.mark.parametrize("crate", sorted(manifests()))
def test_a_crate_names_only_lower_floors(crate: str) -> None:
    assert misplaced(crate, dependencies(manifests()[crate])) == []


def test_a_dependency_on_a_higher_floor_is_found() -> None:
    found = {
        "dependencies": {"raskt-local"},
        "dev-dependencies": {"raskt-graph"},
        "build-dependencies": set(),
    }
    assert misplaced("raskt-core", found) == [
        "raskt-core (floor 0) names raskt-local (floor 3)",
        "raskt-core (floor 0) names raskt-graph (floor 1)",
    ]


@pytest.mark.parametrize("crate", sorted(manifests().keys() - {"raskt-py"}))
def test_only_raskt_py_names_pyo3(crate: str) -> None:
    named = set().union(*dependencies(manifests()[crate]).values())
    assert {name for name in named if "pyo3" in name or name == "numpy"} == set()


@pytest.mark.parametrize("crate", sorted(manifests()))
def test_a_manifest_takes_version_and_lints_from_the_workspace(crate: str) -> None:
    manifest = manifests()[crate]
    assert manifest["package"]["version"] == {"workspace": True}
    assert manifest["lints"] == {"workspace": True}


@pytest.mark.parametrize("crate", sorted(name for name, floor in FLOORS.items() if floor < 3))
def test_below_floor_three_nothing_reads_the_environment(crate: str) -> None:
    reads = re.compile(r"\benv::(var|vars|var_os|vars_os|args|args_os)\b")
    folder = ROOT / "crates" / crate / "src"
    found = [
        relative(path)
        for path in sources(".rs")
        if folder in path.parents and reads.search(path.read_text("utf-8"))
    ]
    assert found == []


def test_architecture_page_has_the_same_floors() -> None:
    rows = re.findall(
        r"^\| (\d) \| `([\w-]+)` \|", (ROOT / "ARCHITECTURE.md").read_text("utf-8"), flags=re.MULTILINE
    )
    assert {name: int(floor) for floor, name in rows} == FLOORS
