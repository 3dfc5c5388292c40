"""What the modules of `raskt` import of one another, and where: read from the text, nothing is imported."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .repository import ROOT, files

PACKAGE = ROOT / "python/raskt"


@dataclass(frozen=True)
class Import:
    """One name that a module takes from another one."""

    module: str
    target: str
    name: str | None
    line: int
    in_function: bool
    for_types: bool

    def __str__(self) -> str:
        taken = "" if self.name is None else f" ({self.name})"
        return f"{self.module}:{self.line} imports {self.target}{taken}"


@cache
def modules() -> dict[str, Path]:
    """The files of the package by the module's name."""
    found = {}
    for path in files():
        if path.suffix == ".py" and (path.is_relative_to(PACKAGE)):
            parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def tree(module: str) -> ast.Module:
    """The syntax of a module."""
    return ast.parse(modules()[module].read_text("utf-8"))


def imports(module: str) -> list[Import]:
    """Everything that a module imports, once for each name."""
    return list(_found(module, tree(module), in_function=False, for_types=False))


def _found(module: str, node: ast.AST, *, in_function: bool, for_types: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        inside = in_function or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        typed = for_types or (isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test))
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(module, alias.name, None, child.lineno, inside, typed)
        elif isinstance(child, ast.ImportFrom):
            for alias in child.names:
                full = f"{child.module}.{alias.name}"
                is_module = full in modules() or full == "raskt._raskt"
                target, name = (full, None) if is_module else (child.module or "", alias.name)
                yield Import(module, target, name, child.lineno, inside, typed)
        yield from _found(module, child, in_function=inside, for_types=typed)


def names_bound(module: str) -> set[str]:
    """What a module has when it has been imported, names that it finds elsewhere on demand left out."""
    found = {one.name or one.target.rpartition(".")[2] for one in imports(module) if not one.for_types}
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            places = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {part.id for place in places for part in ast.walk(place) if isinstance(part, ast.Name)}
        elif isinstance(node, ast.ImportFrom):
            found |= {alias.asname for alias in node.names if alias.asname}
    return found


def late_functions(module: str) -> list[tuple[str, str]]:
    """The modules and names of functions that a module loads when it first calls them."""
    found = []
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Call):
            call = node.value
            made_by = call.func.id if isinstance(call.func, ast.Name) else ""
            strings = (arg.value for arg in call.args if isinstance(arg, ast.Constant))
            given = [value for value in strings if isinstance(value, str)]
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if made_by == "late":
                found.append((given[0], given[1]))
            elif made_by == "Function" and isinstance(target, ast.Name):
                found.append((f"raskt.array.{given[0]}", target.id))
    return found


def modules_by_name(module: str) -> list[str]:
    """The modules of the package that a module imports by a name in its text."""
    return [
        str(node.args[0].value)
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).rpartition(".")[2] in ("import_module", "__import__")
        and isinstance(node.args[0], ast.Constant)
        and str(node.args[0].value).startswith("raskt.")
    ]


def circles(edges: Iterable[tuple[str, str]]) -> list[list[str]]:
    """The groups of modules each of which reaches all others of its group."""
    graph: dict[str, set[str]] = {}
    for source, target in edges:
        graph.setdefault(source, set()).add(target)
    reached = {source: _reached(graph, source) for source in graph}
    groups = {
        frozenset({source, *(other for other in reached[source] if source in reached.get(other, ()))})
        for source in graph
        if source in reached[source]
    }
    return sorted(sorted(group) for group in groups)


def _reached(graph: dict[str, set[str]], source: str) -> set[str]:
    seen: set[str] = set()
    left = list(graph.get(source, ()))
    while left:
        module = left.pop()
        if module not in seen:
            seen.add(module)
            left.extend(graph.get(module, ()))
    return seen


@cache
def libraries(module: str) -> frozenset[str]:
    """The libraries that are loaded with a module."""
    edges: dict[str, set[str]] = {}
    for name in modules():
        edges[name] = {one.target for one in imports(name) if not one.in_function and not one.for_types}
    loaded = {module, *_reached(edges, module)}
    return frozenset(name.partition(".")[0] for name in loaded if not name.startswith("raskt"))
