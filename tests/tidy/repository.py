"""The repository as the tidy tests see it: its tables, its files, its manifests."""

from __future__ import annotations

import subprocess
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TABLES: dict[str, Any] = tomllib.loads((ROOT / "tests/tidy/tidy.toml").read_text("utf-8"))


@cache
def files() -> list[Path]:
    """Every file that is in the repository or about to be: tracked, or new and not ignored."""
    command = [
        "git",
        "-c",
        "safe.directory=*",
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        "-z",
    ]
    listing = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    return sorted(path for name in listing.split("\0") if name and (path := ROOT / name).is_file())


def sources(*suffixes: str) -> list[Path]:
    """The files with these suffixes, generated ones left out."""
    return [path for path in files() if path.suffix in suffixes and "generated" not in path.parts]


def relative(path: Path) -> str:
    """The path as it is written in tables and messages."""
    return path.relative_to(ROOT).as_posix()


@cache
def manifests() -> dict[str, dict[str, Any]]:
    """The manifest of each crate by its name."""
    found = [tomllib.loads(path.read_text("utf-8")) for path in sorted(ROOT.glob("crates/*/Cargo.toml"))]
    return {manifest["package"]["name"]: manifest for manifest in found}


def dependencies(manifest: dict[str, Any]) -> dict[str, set[str]]:
    """Package names by kind of table (`dependencies`, `dev-...`, `build-...`), all targets together."""
    kinds = ("dependencies", "dev-dependencies", "build-dependencies")
    found: dict[str, set[str]] = {kind: set() for kind in kinds}
    for table in [manifest, *manifest.get("target", {}).values()]:
        for kind in kinds:
            for name, value in table.get(kind, {}).items():
                found[kind].add(value.get("package", name) if isinstance(value, dict) else name)
    return found
