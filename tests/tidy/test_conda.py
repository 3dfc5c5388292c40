"""The conda recipe agrees with Cargo.toml and pyproject.toml. (Building it needs conda, reading it not.)"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import jinja2
import yaml

from .repository import ROOT


def rendered() -> dict[str, Any]:
    """The recipe as conda-build reads it, with its functions stood in for."""

    def load_file_data(name: str, *, from_recipe_dir: bool) -> dict[str, Any]:
        assert from_recipe_dir
        return tomllib.loads(Path(ROOT / "conda" / name).read_text("utf-8"))

    template = jinja2.Template(
        (ROOT / "conda/meta.yaml").read_text("utf-8"), undefined=jinja2.StrictUndefined
    )
    text = template.render(
        PYTHON="python",
        compiler=lambda language: f"{language}-compiler",
        stdlib=lambda language: f"{language}-stdlib",
        load_file_data=load_file_data,
    )
    recipe: dict[str, Any] = yaml.safe_load(text)
    return recipe


def test_the_recipe_takes_the_version_from_cargo() -> None:
    cargo = tomllib.loads((ROOT / "Cargo.toml").read_text("utf-8"))
    assert rendered()["package"]["version"] == cargo["workspace"]["package"]["version"]


def test_the_recipe_asks_for_what_the_wheel_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    run = {requirement.replace(" ", "") for requirement in rendered()["requirements"]["run"]}
    assert run == {*project["dependencies"], f"python{project['requires-python']}"}


def test_the_recipe_has_the_commands_of_the_wheel() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    commands = [f"{name} = {target}" for name, target in project["scripts"].items()]
    assert rendered()["build"]["entry_points"] == commands
