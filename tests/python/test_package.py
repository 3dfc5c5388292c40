"""The package itself: what importing it costs and binds."""

from __future__ import annotations

import itertools
import subprocess
import sys

import pytest
import raskt

HOMES = sorted({home for home in raskt._HOME.values() if home != "raskt._raskt"})


def python(code: str) -> str:
    """What a fresh interpreter prints."""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.mark.parametrize("name", sorted(raskt.__all__))
def test_every_public_name_can_be_had(name: str) -> None:
    assert getattr(raskt, name) is not None
    assert name in dir(raskt)


def test_a_function_is_not_hidden_by_the_module_it_lives_in_whatever_is_imported_first() -> None:
    names = [name for name, home in raskt._HOME.items() if home == f"raskt.{name}"]
    assert {"delayed", "tokenize", "sizeof"} <= set(names)
    code = "\n".join(
        [
            "import importlib, raskt, types",
            f"names, homes = {names!r}, {HOMES!r}",
            "for home in homes: importlib.import_module(home)",
            "for name in names: assert not isinstance(getattr(raskt, name), types.ModuleType), name",
            "import raskt.delayed, raskt.tokenize, raskt.sizeof",
            "assert raskt.delayed(abs)(-1).compute() == 1",
            "assert raskt.tokenize(1) == raskt.tokenize(1)",
            "from raskt.delayed import Delayed",
            "assert isinstance(raskt.delayed(1), Delayed)",
        ]
    )
    python(code)
    for first, second in itertools.permutations(["raskt.delayed", "raskt.base"], 2):
        python(f"import {first}, {second}, raskt; assert raskt.delayed(abs)(-1).compute() == 1")


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'raskt' has no attribute 'no_such_name'"):
        raskt.no_such_name  # noqa: B018


def test_importing_raskt_and_computing_brings_in_no_library() -> None:
    heavy = ["numpy", "pandas", "pyarrow", "asyncio", "cloudpickle", "yaml", "inspect", "concurrent.futures"]
    code = f"import sys, raskt; print([m for m in {heavy} if m in sys.modules])"
    assert python(code) == "[]\n"
    used = f"[m for m in {heavy[:5]} if m in sys.modules]"
    code = f"import sys, raskt; raskt.delayed(abs)(-1).compute(); print({used})"
    assert python(code) == "[]\n"
