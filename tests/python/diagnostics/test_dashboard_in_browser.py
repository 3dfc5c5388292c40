"""The dashboard as a browser draws it, while something runs: against its API, and without one complaint.

Pictures of the pages are left: see `browsing`.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import raskt
from raskt.diagnostics import compare_reports, performance_report

from .browsing import PICTURES, PRELUDE, Program, Truth
from .chromium import Browser, Page

if TYPE_CHECKING:
    pass


THREE_AT_A_TIME = """
import raskt, threading, time
leave, entered = threading.Event(), threading.Semaphore(0)

def loads(at):
    time.sleep(0.005)
    return bytes(1000 + at)

def held(part):
    entered.release()
    assert leave.wait(120)
    time.sleep(0.005)
    return len(part)

with raskt.dashboard(port=0) as page:
    print(page.link)
    input()
    parts = [raskt.delayed(loads, pure=False)(at) for at in range(40)]
    calls = [raskt.delayed(held, pure=False)(part) for part in parts]
    run = threading.Thread(target=lambda: raskt.compute(*calls, num_workers=3))
    run.start()
    assert all(entered.acquire(timeout=120) for _ in range(3))
    print("three are held")
    input()
    leave.set()
    run.join()
    print("all is done")
    input()
"""


def bar_of(page: Page, name: str) -> str:
    """What the pointer is told over the bars of a function: it is moved over the stream until it is."""
    left, top, width, height = page.evaluate(
        "(({left, top, width, height}) => [left, top, width, height])"
        "(document.getElementById('bars').getBoundingClientRect())"
    )
    for row in range(6, int(height) - 24, 8):
        for column in range(100, int(width) - 12, 9):
            page.point(left + column, top + row)
            told = page.evaluate(
                "document.getElementById('tip').hidden ? '' : document.getElementById('tip').innerText"
            )
            if told.startswith(name):
                return str(told)
    raise AssertionError(f"no bar tells of {name}")


def test_the_stream_of_threads_is_drawn_as_it_is(browser: Browser) -> None:
    with Program(THREE_AT_A_TIME) as program:
        truth, page = Truth(program.link), browser.open(program.link, prelude=PRELUDE)
        page.until("document.getElementById('link').className === 'live'")
        page.picture(PICTURES / "status-before.png")
        program.go_on()
        assert program.hear() == "three are held"
        page.until("cells('running', 0).length === 3 && row('groups', 'loads') !== undefined")
        status = truth.ask("status")
        assert len(status["running"]) == 3
        assert set(page.evaluate("cells('groups', 0)")) == {group[0] for group in status["groups"]}
        page.picture(PICTURES / "status-local.png")
        program.go_on()
        assert program.hear() == "all is done"
        page.until("cells('groups', 1).every((done) => done === '40')")
        groups = {group[0]: group[1:4] for group in truth.ask("status")["groups"]}
        assert groups == {"loads": [40, 40, 0], "held": [40, 40, 0]}
        # The first three were held for as long as it took to look at them: they are wider than a pixel.
        page.press("0")
        colour = json.dumps(page.evaluate("swatch('held')"))
        page.until(f"pixels('bars', {colour}) > 0")
        told = bar_of(page, "held").split()
        assert {"where", "began", "took"} <= set(told)
        page.picture(PICTURES / "status-done.png")
        # A click on a function leaves its colour alone.
        page.evaluate("row('groups', 'loads').querySelector('button').click()")
        page.until(f"pixels('bars', {colour}) === 0")
        before = page.text("#span")
        page.press("+")
        page.until(f"document.getElementById('span').innerText !== {json.dumps(before)}")
        page.press("f")
        page.until("document.getElementById('follow').ariaPressed === 'true'")
        assert page.complaints == []
        page.close()
        program.go_on()


def test_what_fails_is_red_and_a_hostile_name_is_text(browser: Browser) -> None:
    code = """
    import raskt, time

    def fails():
        time.sleep(0.2)
        raise ValueError("on purpose")

    fails.__name__ = "<script>document.title = 'broken into'</script><img src=x onerror=alert(1)>"
    with raskt.dashboard(port=0) as page:
        print(page.link)
        input()
        try:
            raskt.delayed(fails, pure=False)().compute()
        except ValueError:
            print("failed")
        input()
    """
    with Program(code) as program:
        page = browser.open(program.link, dark=True, prelude=PRELUDE)
        program.go_on()
        assert program.hear() == "failed"
        page.until("row('groups', '<script>')?.cells[1].innerText === '0 / 1 1 failed'")
        red = page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--fail').trim()")
        page.press("0")
        page.until(f"pixels('bars', {json.dumps(red)}) > 0")
        assert page.evaluate("document.title") == "Raskt"
        assert page.evaluate("document.images.length") == 0
        page.picture(PICTURES / "status-dark.png")
        assert page.complaints == []
        page.close()
        program.go_on()


def test_the_page_comes_back_when_its_program_does(browser: Browser) -> None:
    dashboard = raskt.dashboard(port=0)
    port = int(dashboard.link.split(":")[2].split("/")[0])
    page = browser.open(dashboard.link)
    page.until("document.getElementById('link').className === 'live'")
    dashboard.close()
    page.until("document.getElementById('link').className === 'lost'")
    with raskt.dashboard(port=port):
        page.until("document.getElementById('link').className === 'live'")
        # What was asked in vain meanwhile is all that the console tells of.
        assert [
            text for text in page.complaints if "ERR_CONNECTION" not in text and "ERR_INCOMPLETE" not in text
        ] == []
    page.close()


def test_a_report_is_drawn_without_a_server(browser: Browser, tmp_path: Path) -> None:
    def naps(_: int) -> None:
        time.sleep(0.01)

    with performance_report(tmp_path / "report.html", title="Naps"):
        raskt.compute(*[raskt.delayed(naps, pure=False)(i) for i in range(12)])
    page = browser.open((tmp_path / "report.html").as_uri(), prelude=PRELUDE)
    page.until("row('groups', 'naps')?.cells[1].innerText === '12'")
    assert page.text("#link") == "recorded"
    page.until("pixels('bars', swatch('naps')) > 0")
    assert bar_of(page, "naps").startswith("naps")
    page.picture(PICTURES / "report.png")
    assert page.complaints == []
    page.close()


def test_two_reports_are_compared(browser: Browser, tmp_path: Path) -> None:
    def naps(seconds: float) -> None:
        time.sleep(seconds)

    def gone(_: int) -> None:
        time.sleep(0.01)

    with performance_report(tmp_path / "a.html", title="<b>first</b>"):
        raskt.compute(*[raskt.delayed(naps, pure=False)(0.05) for _ in range(12)], raskt.delayed(gone)(1))
    with performance_report(tmp_path / "b.html", title="second"):
        raskt.compute(*[raskt.delayed(naps, pure=False)(0.01) for _ in range(8)])
    compare_reports(tmp_path / "a.html", tmp_path / "b.html", tmp_path / "both.html", title="Naps")
    page = browser.open((tmp_path / "both.html").as_uri(), prelude=PRELUDE)
    page.until("cells('by-change', 0).length === 2")
    assert page.evaluate("cells('by-change', 0)") == ["naps", "gone"]
    assert page.evaluate("[cells('by-change', 1)[0], cells('by-change', 2)[0]]") == ["12", "8"]
    assert page.evaluate("cells('by-change', 7)[0].startsWith('\\u2212')")
    assert page.text("#before-title") == "<b>first</b>"
    colour = page.evaluate(
        "row('by-change', 'naps').querySelector('.swatched').style.getPropertyValue('--swatch')"
    )
    for canvas in ("bars", "bars-before"):
        page.until(f"pixels('{canvas}', '{colour}') > 0")
    page.picture(PICTURES / "comparison.png")
    assert page.complaints == []
    page.close()
    with pytest.raises(ValueError, match="is no report"):
        compare_reports(tmp_path / "a.html", __file__, tmp_path / "both.html")


@pytest.mark.skipif(os.name != "posix", reason="clusters need Unix")
def test_a_clusters_workers_are_in_the_table_and_keys_are_explained(browser: Browser, tmp_path: Path) -> None:
    from raskt.distributed import Client

    leave = tmp_path / "leave"

    def waits(at: int, leave: Path) -> int:
        while not leave.exists():
            time.sleep(0.01)
        return at

    with Client(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0") as client:
        truth = Truth(client.dashboard_link)
        page = browser.open(client.dashboard_link, prelude=PRELUDE)
        futures = client.map(waits, range(6), leave=leave)
        total = client.submit(sum, futures, key="total")
        try:
            page.until("cells('workers', 4).join() === '1,1'")
            workers = truth.ask("status")["workers"]
            assert page.evaluate("cells('workers', 0)") == sorted(worker[0] for worker in workers)
            assert set(page.evaluate("cells('workers', 2)")) == {worker[1] for worker in workers}
            page.evaluate("document.getElementById('key').value = 'total'")
            page.click("#why button")
            page.until("document.getElementById('because').innerText.length > 0")
            assert page.text("#because").split() == str(client.explain("total")).split()
            page.picture(PICTURES / "status-cluster.png")
        finally:
            leave.touch()
        assert total.result() == 15
        page.until("row('groups', 'waits')?.cells[1].innerText === '6'")
        assert page.complaints == []
        page.close()
