"""Colours of functions, and of what is no function, as those see them who see few colours."""

from __future__ import annotations

import re
from itertools import combinations

import numpy as np
import pytest

from .browsing import ROOT

#: What is seen of red, green and blue light without one kind of cones (Machado, Oliveira, Fernandes, 2009).
SIGHTS = {
    "all": np.eye(3),
    "no long waves": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "no middle waves": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "no short waves": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
#: Of CIE 1976: a difference of about 2 can be seen where colours touch.
LEAST = 5
LEAST_OF_MOST = 11


def light(colour: str) -> np.ndarray:
    coded = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)


def seen(colour: str, sight: str) -> np.ndarray:
    """The place of a colour among those that look alike the nearer they are: L*a*b*."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = to_xyz @ np.clip(np.asarray(SIGHTS[sight]) @ light(colour), 0, 1) / [0.9505, 1, 1.089]
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def palette() -> list[str]:
    found = re.search(r"PALETTE = \[(.*?)\]", (ROOT / "dashboard/theme.js").read_text(), re.DOTALL)
    assert found is not None
    return re.findall("#[0-9a-f]{6}", found[1])


def of_theme(is_dark: bool) -> list[str]:
    """What is failed, moved between memory and disk, and moved between workers."""
    style = (ROOT / "dashboard/style.css").read_text().split('[data-theme="dark"] {')
    found = {
        name: re.search(f"--{name}: (#[0-9a-f]{{6}})", style[is_dark]) for name in ("fail", "move", "fetch")
    }
    return [match[1] for match in found.values() if match is not None]


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
def test_the_first_functions_failures_and_moves_can_be_told_apart(sight: str, is_dark: bool) -> None:
    colours = palette()[:8] + of_theme(is_dark)
    assert len(set(colours)) == 11
    for one, other in combinations(colours, 2):
        apart = np.linalg.norm(seen(one, sight) - seen(other, sight))
        assert apart >= LEAST_OF_MOST, (one, other, sight)


@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
def test_no_function_has_the_colour_of_a_failure(is_dark: bool) -> None:
    fail = of_theme(is_dark)[0]
    for colour in palette():
        assert np.linalg.norm(seen(colour, "all") - seen(fail, "all")) >= 8 * LEAST, colour
