"""Check that every crate and Python package that Raskt depends on has a licence of deny.toml's list.

Crates: `cargo metadata` tells the SPDX expression that each publishes. Python: what the installed extras
`array`, `dataframe` and `diagnostics` bring, from the packages' own metadata. Works without the network.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TOKEN = re.compile(r"\s*(\(|\)|/|[\w.+-]+)")
# Packages whose metadata carries no SPDX expression name the licence in words or a classifier.
WORDS = {
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd license": "BSD-3-Clause",
    "bsd 3-clause license": "BSD-3-Clause",
    "dual license": "Apache-2.0 OR BSD-3-Clause",
    "mit license": "MIT",
    "mit": "MIT",
}


def permitted(expression: str, allowed: set[str]) -> bool:
    """Whether an SPDX expression can be met with the allowed licences alone."""
    tokens = TOKEN.findall(expression)
    position = 0

    def term() -> bool:
        nonlocal position
        token = tokens[position]
        position += 1
        if token == "(":
            inner = any_of()
            position += 1
            return inner
        if position < len(tokens) and tokens[position].upper() == "WITH":
            token = f"{token} WITH {tokens[position + 1]}"
            position += 2
        return token in allowed

    def all_of() -> bool:
        nonlocal position
        value = term()
        while position < len(tokens) and tokens[position].upper() == "AND":
            position += 1
            value = term() and value
        return value

    def any_of() -> bool:
        nonlocal position
        value = all_of()
        while position < len(tokens) and (tokens[position].upper() == "OR" or tokens[position] == "/"):
            position += 1
            value = all_of() or value
        return value

    return bool(tokens) and any_of()


def crates() -> Iterator[tuple[str, str]]:
    """Name and licence of each crate in the lock file."""
    command = ["cargo", "metadata", "--format-version", "1", "--all-features"]
    found = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    for package in json.loads(found.stdout)["packages"]:
        yield f"crate {package['name']} {package['version']}", package["license"] or "none stated"


def licence_of(package: metadata.Distribution) -> str:
    """The licence that a Python package states."""
    # An e-mail message, though not all versions of the standard library's types say so.
    about: Any = package.metadata
    expression: str | None = about.get("License-Expression")
    if expression:
        return expression
    classifiers = [
        c.rsplit("::", 1)[1].strip() for c in about.get_all("Classifier", []) if c.startswith("License ::")
    ]
    for stated in [about.get("License") or "", *classifiers]:
        if spdx := WORDS.get(stated.strip().lower()):
            return spdx
    return about.get("License") or ", ".join(classifiers) or "none stated"


def packages() -> Iterator[tuple[str, str]]:
    """Name and licence of what `raskt[complete]` brings into a user's environment."""
    waiting, seen = [("raskt", "complete")], set()
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        package = metadata.distribution(name)
        if not extra:
            yield f"package {name} {package.version}", licence_of(package)
        for line in package.requires or []:
            requirement, _, marker = line.partition(";")
            wanted = re.search(r"extra\s*==\s*['\"]([\w-]+)['\"]", marker)
            if wanted and wanted[1] != extra:
                continue
            parsed = re.match(r"([\w.-]+)(?:\[([\w,\s-]+)\])?", requirement.strip())
            if parsed is None:
                continue
            try:
                metadata.distribution(parsed[1])
            except metadata.PackageNotFoundError:
                continue  # asked for on another platform or Python only
            waiting += [(parsed[1], one.strip()) for one in ["", *(parsed[2] or "").split(",")]]


def main() -> int:
    """Print what is not permitted."""
    allowed = set(tomllib.loads((ROOT / "deny.toml").read_text("utf-8"))["licenses"]["allow"])
    found = sorted({*crates(), *packages()})
    refused = [(name, licence) for name, licence in found if not permitted(licence, allowed)]
    for name, licence in refused:
        print(f"{name}: {licence} is not in deny.toml's licenses.allow")
    print(f"licences: {len(found)} dependencies, {len(refused)} refused")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
