"""Sphinx: how the site is made. The Python reference comes from tests/tidy/names.toml."""

from __future__ import annotations

import importlib
import inspect
import re
import shutil
import tomllib
from pathlib import Path

from sphinx.application import Sphinx

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent

project = "Raskt"
author = project_copyright = "The Raskt developers"
release = version = tomllib.loads((ROOT / "Cargo.toml").read_text("utf-8"))["workspace"]["package"]["version"]
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
myst_enable_extensions = ["attrs_inline", "colon_fence"]
myst_heading_anchors = 3
exclude_patterns = ["conftest.py"]
html_theme = "furo"
html_title = f"Raskt {release}"
html_copy_source = False
autodoc_preserve_defaults = True
autodoc_member_order = "bysource"
autodoc_typehints = "description"
napoleon_google_docstring = False
napoleon_use_ivar = True
# `name` in a docstring links where it names something. A type such as "key" is a word to its reader, though
# several classes have an attribute of that name.
default_role = "py:obj"
suppress_warnings = ["ref.python"]


def directive(module: str, name: str) -> str:
    """The autodoc directive for one public name."""
    target = getattr(importlib.import_module(module), name)
    if inspect.isclass(target):
        return f".. autoclass:: {module}.{name}\n   :members:\n"
    kind = "autofunction" if inspect.isroutine(target) else "autodata"
    return f".. {kind}:: {module}.{name}\n"


def write_reference() -> None:
    """Write one page of API reference for each title of the map of names."""
    folder = HERE / "reference"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    pages: dict[str, list[str]] = {}
    for home in tomllib.loads((ROOT / "tests/tidy/names.toml").read_text("utf-8")).get("home", []):
        title, module = home["title"], home.get("module", "raskt")
        page = pages.setdefault(title, [f"{title}\n{'=' * len(title)}\n"])
        page += [directive(module, name) for name in home["names"]]
    for number, (title, page) in enumerate(pages.items()):
        stem = f"{number:02d}-{title.lower().replace(' ', '-')}"
        (folder / f"{stem}.rst").write_text("\n".join(page), "utf-8")


write_reference()


def part_plurals(
    _app: Sphinx, _what: str, _name: str, _obj: object, _options: object, lines: list[str]
) -> None:
    """Give plurals such as `Name`s, which Rust's documentation knows, the mark that Sphinx wants."""
    lines[:] = [re.sub(r"(`[^`]+`)(?=[a-z])", r"\1\\ ", line) for line in lines]


def setup(app: Sphinx) -> None:
    """Let Sphinx call what is above."""
    app.connect("autodoc-process-docstring", part_plurals)
