"""The licence check understands SPDX expressions."""

from __future__ import annotations

import pytest

from .licences import permitted

ALLOWED = {"MIT", "Apache-2.0", "Zlib", "Apache-2.0 WITH LLVM-exception"}


@pytest.mark.parametrize(
    "expression",
    [
        "MIT",
        "GPL-3.0-only OR MIT",
        "MIT/Apache-2.0",
        "(GPL-3.0-only OR MIT) AND Zlib",
        "GPL-3.0-only OR MIT AND Zlib",
        "Apache-2.0 WITH LLVM-exception AND MIT",
    ],
)
def test_an_expression_that_allowed_licences_meet_is_permitted(expression: str) -> None:
    assert permitted(expression, ALLOWED)


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "none stated",
        "GPL-3.0-only",
        "MIT AND GPL-3.0-only",
        "(MIT OR Zlib) AND GPL-2.0-only",
        "MIT WITH odd-exception",
    ],
)
def test_an_expression_that_needs_another_licence_is_refused(expression: str) -> None:
    assert not permitted(expression, ALLOWED)
