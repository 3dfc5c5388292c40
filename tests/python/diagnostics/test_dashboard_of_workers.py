"""A cluster's pages in a browser: one worker, profiles, events, the critical path, and going back in time."""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
import raskt

from .browsing import PICTURES, PRELUDE, Program, Truth

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .chromium import Browser, Page

pytestmark = pytest.mark.skipif(os.name != "posix", reason="clusters need Unix")


def opens_part(at: int) -> bytes:
    time.sleep(0.02)
    return bytes(500_000 + at)


def joins_parts(*parts: bytes) -> int:
    time.sleep(0.1)
    return sum(map(len, parts))


def breaks(total: int) -> None:
    raise ValueError(f"<img src=x onerror=alert({total})>")


def stays(leave: Path) -> int:
    logging.getLogger("stays").warning("<script>alert(1)</script>")
    while not leave.exists():
        sum(range(1000))
    return 1


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Any, str]]:
    """A cluster that has computed something, and runs a task: its page, a client, a token."""
    from raskt.distributed import Client

    folder = tmp_path_factory.mktemp("workers")
    leave, token = folder / "leave", folder / "token"
    with (
        raskt.config.set({"cluster.dashboard-token-file": str(token)}),
        Client(n_workers=2, threads_per_worker=1, memory_limit="1GiB", dashboard_address=":0") as client,
    ):
        link = client.dashboard_link
        parts = client.map(opens_part, range(12))
        total = client.submit(joins_parts, *parts, key="total")
        broken = client.submit(breaks, total, key="broken")
        assert isinstance(broken.exception(), ValueError)
        staying = client.submit(stays, leave, key="stays-here")
        truth = Truth(link)
        while not truth.ask("stacks"):
            time.sleep(0.05)
        yield link, client, token.read_text().strip()
        leave.touch()
        staying.result()


def other_than_busy(truth: Truth) -> str:
    """The address of the worker that has nothing to do."""
    (busy,) = {row[0] for row in truth.ask("stacks")}
    (address,) = {worker["address"] for worker in truth.ask("workers")} - {busy}
    return str(address)


def visit(browser: Browser, link: str, view: str) -> Page:
    page = browser.open(link.replace("/status", f"/{view}"), prelude=PRELUDE)
    page.until("document.getElementById('link').className === 'live'")
    return page


def leave(page: Page, view: str) -> None:
    page.picture(PICTURES / f"cluster-{view}.png")
    assert page.complaints == []
    page.close()


def test_workers_have_figures_and_a_page_each(browser: Browser, cluster: tuple[str, Any, str]) -> None:
    link, _, _ = cluster
    page, truth = visit(browser, link, "workers"), Truth(link)
    page.until(
        "cells('workers', 10).length === 2 && cells('workers', 10).every((size) => size.endsWith('MiB'))"
    )
    workers = {worker["name"]: worker for worker in truth.ask("workers")}
    assert page.evaluate("cells('workers', 0)") == sorted(workers)
    page.picture(PICTURES / "cluster-workers.png")
    [(address, key, _)] = truth.ask("stacks")
    (name,) = [name for name, worker in workers.items() if worker["address"] == address]
    page.evaluate(f"row('workers', '{name}').querySelector('a').click()")
    page.until(
        "location.pathname === '/worker' && document.getElementById('stacks').innerText.includes('stays')"
    )
    assert page.text("#worker-name") == name
    assert page.text("#worker-address") == address
    assert key in page.text("#stacks")
    page.until("/in stays/.test(document.querySelector('#stacks pre').innerText)")
    page.until("document.getElementById('logs').innerText.includes('<script>alert(1)</script>')")
    page.until("/samples/.test(document.getElementById('profile-sum').innerText)")
    green = page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--process').trim()")
    page.until(f"pixels('worker-memory-lines', '{green}') > 5")
    assert page.evaluate("document.querySelector('#pages [aria-current]').innerText") == "Workers"
    leave(page, "worker")


def test_the_profile_is_of_the_workers(browser: Browser, cluster: tuple[str, Any, str]) -> None:
    link, _, _ = cluster
    page, truth = visit(browser, link, "profile"), Truth(link)
    page.until("/samples/.test(document.getElementById('profile-sum').innerText)")
    assert "stays" in {frame[1] for frame in truth.ask("profile")["frames"]}
    addresses = [worker["address"] for worker in truth.ask("workers")]
    values = "[...document.getElementById('profile-of').options].map((option) => option.value)"
    page.until(f"{values}.length === 4")
    assert set(page.evaluate(values)) == {"", "scheduler", *addresses}
    leave(page, "profile")


def test_events_and_failures_are_text(browser: Browser, cluster: tuple[str, Any, str]) -> None:
    link, _, _ = cluster
    page = visit(browser, link, "events")
    page.until("document.getElementById('event-lines').innerText.includes('task broken failed')")
    page.evaluate("document.getElementById('events-filter').value = 'worker-joined'")
    page.evaluate("document.getElementById('events-filter').dispatchEvent(new Event('input'))")
    page.until("document.querySelectorAll('#event-lines tr').length === 2")
    leave(page, "events")
    page = visit(browser, link, "errors")
    page.until("document.querySelectorAll('#errors-list details').length === 1")
    assert page.text("#errors-list summary b").startswith("ValueError: <img src=x onerror=alert(")
    assert "in breaks" in page.text("#errors-list pre")
    assert page.evaluate("document.images.length") == 0
    leave(page, "errors")


def test_the_critical_path_is_what_the_scheduler_tells(
    browser: Browser, cluster: tuple[str, Any, str]
) -> None:
    link, client, _ = cluster
    page = visit(browser, link, "critical")
    path = client.critical_path()
    assert [task["name"] for task in path] == ["opens_part", "total"]
    page.until("cells('critical-tasks', 0).length === 2")
    assert [cell.split()[0] for cell in page.evaluate("cells('critical-tasks', 0)")] == [
        "opens_part",
        "total",
    ]
    assert "2 tasks over" in page.text("#critical-sum")
    leave(page, "critical")


def test_the_profile_of_the_scheduler_is_of_its_thread(
    browser: Browser, cluster: tuple[str, Any, str]
) -> None:
    link, client, _ = cluster
    page, truth = visit(browser, link, "profile"), Truth(link)
    choice = "document.getElementById('profile-of')"
    page.until(f"!{choice}.hidden")
    page.evaluate(f"{choice}.value = 'scheduler'; {choice}.dispatchEvent(new Event('change'))")
    names: set[str] = set()
    while not {"hears workers", "a task finished"} <= names:
        client.gather(client.map(abs, range(500), pure=False, workers=[other_than_busy(truth)]))
        names = {frame[1] for frame in truth.ask("profile?of=scheduler")["frames"]}
    page.until("/of the scheduler/.test(document.getElementById('profile-sum').innerText)")
    assert "waits for messages" in names
    leave(page, "profile-of-scheduler")


def test_a_wrong_token_retires_nobody(browser: Browser, cluster: tuple[str, Any, str]) -> None:
    link, _, token = cluster
    truth = Truth(link)
    address = other_than_busy(truth)
    page = visit(browser, link, f"worker?of={address}")
    form = "document.querySelector('form[data-action=retire_workers]')"
    page.until(f"!{form}.hidden && document.getElementById('worker-state').innerText === 'running'")
    page.evaluate(f"{form}.elements.token.value = 'wrong'")
    page.evaluate(f"{form}.requestSubmit()")
    page.until(f"/token/.test({form}.querySelector('output').innerText)")
    assert len(truth.ask("workers")) == 2
    page.evaluate(f"{form}.elements.token.value = '{token}'")
    page.evaluate(f"{form}.requestSubmit()")
    page.until("document.getElementById('worker-name').innerText === 'This worker is not there.'")
    assert len(truth.ask("workers")) == 1
    # The first try was refused, and the worker may have been asked something while it left: there is no more.
    (complaint,) = [text for text in page.complaints if f"of={quote(address, safe='')}" not in text]
    assert "401" in complaint
    page.close()


def test_dragging_the_window_goes_back_in_time(browser: Browser) -> None:
    code = """
    import raskt, time

    def naps(_):
        time.sleep(0.02)

    with raskt.dashboard(port=0) as page:
        print(page.link)
        raskt.compute(*[raskt.delayed(naps, pure=False)(at) for at in range(40)], scheduler="threads")
        input()
    """
    with Program(code) as program:
        page = browser.open(program.link, prelude=PRELUDE)
        page.until("row('groups', 'naps')?.cells[1].innerText === '40'")
        page.press("0")
        page.press("+")
        page.press("+")
        page.press("+")
        box = "document.getElementById('overview').getBoundingClientRect()"
        left, top, width = page.evaluate(f"[{box}.left, {box}.top, {box}.width]")

        def drag(x: float, kind: str) -> None:
            page.ask("Input.dispatchMouseEvent", type=kind, x=x, y=top + 10, button="left", clickCount=1)

        colour = page.evaluate("swatch('naps')")
        page.until(f"pixels('bars', '{colour}') > 0")
        seen = page.evaluate(f"pixels('bars', '{colour}')")
        # To the very beginning of all that is known, before anything ran on screen's right part.
        drag(left + width * 0.5, "mousePressed")
        drag(left + 60, "mouseMoved")
        drag(left + 60, "mouseReleased")
        page.until(f"pixels('bars', '{colour}') !== {seen}")
        assert page.evaluate("document.getElementById('follow').ariaPressed") == "false"
        assert page.complaints == []
        page.close()
        program.go_on()
