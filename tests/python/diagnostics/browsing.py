"""What tests of pages in a browser share: programs that show one, what the API says, questions to a page.

Pictures of the pages are left in `screenshots/`, or where `RASKT_SCREENSHOTS` says.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

if TYPE_CHECKING:
    from typing import Self

ROOT = Path(__file__).resolve().parents[3]
PICTURES = Path(os.environ.get("RASKT_SCREENSHOTS", ROOT / "screenshots"))


class Truth:
    """What the server says."""

    def __init__(self, link: str) -> None:
        self.link = link.removesuffix("/status")

    def ask(self, path: str) -> Any:
        with urlopen(f"{self.link}/api/v1/{path}", timeout=60) as answer:
            return json.loads(answer.read())


class Program:
    """A program of its own that shows a page and does what it is told: no other test is on the page."""

    def __init__(self, code: str) -> None:
        run = [sys.executable, "-u", "-c", textwrap.dedent(code)]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(run, stdin=pipe, stdout=pipe, text=True, env=os.environ)
        self.link = self.hear()

    def hear(self) -> str:
        """The next line that it prints."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def go_on(self) -> None:
        """Give it a line to read."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        if self._process.wait(120) != 0:
            raise AssertionError("the program failed")
        self._process.stdout.close()


# What the tests ask of a page: texts of a table, and how many pixels of a canvas have exactly a colour.
PRELUDE = """
const cells = (table, at) =>
  [...document.querySelectorAll(`#${table} tbody tr`)].map((row) => row.cells[at].innerText.trim());
const row = (table, text) =>
  [...document.querySelectorAll(`#${table} tbody tr`)].find((row) => row.cells[0].innerText.startsWith(text));
const swatch = (name) => row("groups", name)?.cells[0].style.getPropertyValue("--swatch");
const pixels = (id, colour) => {
  const canvas = document.getElementById(id), [width, height] = [canvas.width, canvas.height];
  const copy = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  const { data } = copy.getImageData(0, 0, width, height);
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  let n = 0;
  for (let i = 0; i < data.length; i += 4) n += data[i] === r && data[i + 1] === g && data[i + 2] === b;
  return n;
};
"""
