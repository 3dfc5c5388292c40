"""The stream of tasks under a pointer: wheel, dragging, with shift, double click; and how often news come."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest
import raskt
from raskt.diagnostics import performance_report

from .browsing import PRELUDE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .chromium import Browser, Page


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """A report of a second, whose times do not go on."""

    def naps(_: int) -> None:
        time.sleep(0.02)

    with performance_report(tmp_path / "report.html"):
        raskt.compute(*[raskt.delayed(naps, pure=False)(at) for at in range(50)], num_workers=2)
    page = browser.open((tmp_path / "report.html").as_uri(), prelude=PRELUDE)
    page.until("row('groups', 'naps')?.cells[1].innerText === '50'")
    page.until("pixels('bars', swatch('naps')) > 0")
    yield page
    assert page.complaints == []
    page.close()


class Hand:
    """A pointer over the stream; places are shares of its width."""

    def __init__(self, page: Page) -> None:
        self._page = page
        box = "document.getElementById('bars').getBoundingClientRect()"
        left, self._top, width = page.evaluate(f"[{box}.left, {box}.top, {box}.width]")
        # Labels stand on the left of what has times.
        self._left, self._width = left + 92, width - 102

    def do(self, kind: str, share: float, **more: object) -> None:
        x = self._left + share * self._width
        self._page.ask("Input.dispatchMouseEvent", type=kind, x=x, y=self._top + 10, **more)

    def drag(self, start: float, end: float, modifiers: int = 0) -> None:
        held = {"button": "left", "buttons": 1, "modifiers": modifiers}
        self.do("mousePressed", start, clickCount=1, **held)
        self.do("mouseMoved", (start + end) / 2, **held)
        self.do("mouseMoved", end, **held)
        self.do("mouseReleased", end, clickCount=1, **held)


def shown(page: Page) -> str:
    """How much of how much is shown."""
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return page.text("#span")


def milliseconds(page: Page) -> float:
    number, unit, *_ = shown(page).split()
    return float(number) * {"s": 1000, "ms": 1, "µs": 0.001}[unit]


def test_the_wheel_zooms_and_a_double_click_shows_everything(page: Page) -> None:
    hand, whole = Hand(page), milliseconds(page)
    hand.do("mouseWheel", 0.5, deltaX=0, deltaY=-600)
    zoomed = milliseconds(page)
    assert zoomed == pytest.approx(whole * 1.0015**-600, rel=0.05)
    hand.do("mouseWheel", 0.5, deltaX=0, deltaY=300)
    assert milliseconds(page) == pytest.approx(whole * 1.0015**-300, rel=0.05)
    for n_clicks in (1, 2):
        hand.do("mousePressed", 0.5, button="left", buttons=1, clickCount=n_clicks)
        hand.do("mouseReleased", 0.5, button="left", clickCount=n_clicks)
    assert milliseconds(page) == pytest.approx(whole, rel=0.01)


def test_dragging_moves_and_with_shift_it_chooses_a_range(page: Page) -> None:
    hand, whole = Hand(page), milliseconds(page)
    shift = 8
    hand.drag(0.25, 0.5, shift)
    quarter = milliseconds(page)
    assert quarter == pytest.approx(whole / 4, rel=0.05)
    # As much is shown after it was moved, and something else.
    before = page.evaluate("document.getElementById('bars').toDataURL()")
    hand.drag(0.6, 0.3)
    assert milliseconds(page) == pytest.approx(quarter, rel=0.02)
    assert page.evaluate("document.getElementById('bars').toDataURL()") != before
    # A press without a way is no range, and no move.
    before = page.evaluate("document.getElementById('bars').toDataURL()")
    hand.drag(0.3, 0.3)
    hand.drag(0.3, 0.3, shift)
    shown(page)
    assert page.evaluate("document.getElementById('bars').toDataURL()") == before


def test_news_come_ten_times_a_second_at_most() -> None:
    with raskt.dashboard(port=0) as dashboard:
        link = dashboard.link.replace("/status", "/api/v1/stream")
        with urlopen(link, timeout=60) as stream:
            came = []
            for line in stream:
                if line.startswith(b"data: "):
                    came.append(time.monotonic())
                if len(came) == 12:
                    break
    # What is late is made up for by the next, but no more than that is sent.
    assert came[-1] - came[1] >= 0.9
