"""What pages make of odd names, narrow windows, workers that come and go, and schedulers that start again."""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import pytest
import raskt

from .browsing import PICTURES, PRELUDE, ROOT, Truth
from .test_dashboard_pages import OfFiles, many

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .chromium import Browser, Page

posix = pytest.mark.skipif(os.name != "posix", reason="clusters need Unix")
EVIL = "<img src=x onerror=alert(1)><script>alert(2)</script>"


def views() -> list[str]:
    source = (ROOT / "dashboard/views.js").read_text()
    found = re.search(r"VIEWS = \{(.*?)\n\};", source, re.DOTALL)
    assert found is not None
    return re.findall(r"^  (\w+): \[", found[1], re.MULTILINE)


@contextmanager
def made_up(news: dict[str, Any]) -> Iterator[str]:
    """A server of the page's files that tells these news."""
    ended = threading.Event()
    handler = partial(OfFiles, json.dumps(news).encode(), ended)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        ended.set()
        server.shutdown()
        thread.join()
        server.server_close()


def is_live(page: Page) -> None:
    page.until("document.getElementById('link').className === 'live'")


# ---- windows ----


@pytest.mark.parametrize(("width", "dark"), [(400, False), (400, True), (2400, True)])
def test_no_page_is_wider_than_its_window(browser: Browser, width: int, dark: bool) -> None:
    names = views()
    assert len(names) >= 16
    news = many(50, 1000, 500)
    # Names that are longer than windows, and a worker without one.
    news["names"][0] = news["groups"][0][0] = "f" * 300
    news["workers"][0][:2] = "w" * 300, f"tcp://[{'f' * 100}]:1"
    news["workers"][1][0] = ""
    with made_up(news) as link:
        page = browser.open(f"{link}/status", width=width, dark=dark, prelude=PRELUDE)
        is_live(page)
        assert page.evaluate("document.documentElement.dataset.theme") == ("dark" if dark else "light")
        for name in names:
            # A worker's page is come to from the table, which was shown before.
            link_to = "#workers tbody a" if name == "worker" else f"#pages a[href={name}]"
            page.until(f"document.querySelector('{link_to}') !== null")
            page.click(link_to)
            page.until(f"location.pathname === '/{name}'")
            room = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
            assert room[0] <= room[1], name
            # The name of the page that is shown can be seen, wherever it is in the line of all.
            place = page.evaluate(
                "(({left, right}) => [left, right])"
                "(document.querySelector('#pages [aria-current]').getBoundingClientRect())"
            )
            assert place[0] >= 0, name
            assert place[1] <= width, name
            page.picture(PICTURES / f"window-{width}-{'dark' if dark else 'light'}-{name}.png")
        assert page.complaints == []
        page.close()


# ---- what is left ----


def left(page: Page, n_left: int, cores: int, n_running: int, took: list[float]) -> list[float] | None:
    """What the page predicts after tasks that took so many milliseconds each."""
    n = len(took)
    news = {
        "now": 1000, "past": 0, "names": ["f"], "lane": [0] * n, "name": [0] * n, "kind": [1] * n,
        "n": [1] * n, "bytes": [0] * n, "start": list(range(n)), "took": took, "busy": took,
        "samples": [], "lanes": [],
        "groups": [["f", n + n_left, n, 0, sum(took), 0]], "running": [[0, "f", "f", 0]] * n_running,
        "processing": 0, "waiting": n_left, "ready": 0, "cores": cores,
    }  # fmt: skip
    found: list[float] | None = page.evaluate(
        "import('/model.js').then(({ Model }) => { const model = new Model(); "
        f"model.take({json.dumps(news)}); return model.left(); }})"
    )
    return found


def test_what_is_left_is_told_with_its_uncertainty(browser: Browser) -> None:
    with made_up(many(2, 10, 10)) as link:
        page = browser.open(f"{link}/status", prelude=PRELUDE)
        is_live(page)
        # Twenty tasks of a tenth of a second on two threads, as sure as ten like tasks make it.
        low, middle, high = left(page, 20, 2, 2, [100.0] * 10) or []
        assert middle == pytest.approx(1000)
        assert low < middle < high
        assert high - middle < 500
        # Tasks that differ leave it less sure; half of the threads, where workers leave, take twice as long.
        spread = left(page, 20, 2, 2, [20.0, 180.0] * 5) or []
        assert spread[1] == pytest.approx(1000)
        assert spread[2] - spread[1] > high - middle
        assert (left(page, 20, 1, 2, [100.0] * 10) or [])[1] == pytest.approx(2000)
        assert left(page, 20, 2, 0, [100.0] * 10) is None
        assert left(page, 20, 2, 2, []) is None
        page.close()


# ---- names ----


@posix
def test_hostile_names_of_workers_datasets_and_keys_are_text(browser: Browser) -> None:
    from raskt.distributed import Client, Scheduler, Worker

    async def serve(stop: threading.Event, told: list[Any], ready: threading.Event) -> None:
        async with (
            Scheduler(dashboard_address=":0") as scheduler,
            Worker(scheduler.address, name=EVIL, nthreads=1, token=scheduler.token),
        ):
            told.extend([scheduler.address, scheduler.token, scheduler.dashboard_link])
            ready.set()
            while not stop.is_set():
                await asyncio.sleep(0.02)

    stop, ready = threading.Event(), threading.Event()
    told: list[Any] = []
    thread = threading.Thread(target=lambda: asyncio.run(serve(stop, told, ready)))
    thread.start()
    try:
        assert ready.wait(60)
        address, token, link = told
        with Client(address, token=token) as client:
            future = client.submit(bytes, 100_000, key=EVIL)
            future.result()
            client.publish_dataset(future, name=EVIL)
            assert isinstance(client.submit(int, EVIL, key=f"{EVIL}-2").exception(), ValueError)
            truth = Truth(link)
            assert [worker["name"] for worker in truth.ask("workers")] == [EVIL]
            page = browser.open(link.replace("/status", "/workers"), prelude=PRELUDE)
            page.until(f"cells('workers', 0).join() === {json.dumps(EVIL)}")
            for name in views():
                page.evaluate(f"document.querySelector('#pages a[href={name}]')?.click()")
                if name == "errors":
                    page.until("document.querySelectorAll('#errors-list details').length > 0")
                if name == "memory":
                    page.until("cells('by-held', 0).length > 0")
                if name == "graph":
                    page.until("document.querySelectorAll('.task').length > 0")
                assert page.evaluate("document.images.length") == 0, name
                assert page.evaluate("document.scripts.length") == 1, name
            page.evaluate("document.querySelector('#pages a[href=workers]').click()")
            page.until("row('workers', '<img')?.querySelector('a') !== null")
            page.evaluate("row('workers', '<img').querySelector('a').click()")
            page.until(f"document.getElementById('worker-name').innerText === {json.dumps(EVIL)}")
            assert page.evaluate("document.images.length") == 0
            assert page.complaints == []
            page.close()
            client.unpublish_dataset(EVIL)
    finally:
        stop.set()
        thread.join()


# ---- workers that come ----


def waits_here(leave: Path) -> None:
    while not leave.exists():
        time.sleep(0.01)


@posix
def test_tasks_that_were_taken_from_a_worker_are_counted(browser: Browser, tmp_path: Path) -> None:
    from raskt.distributed import Client

    leave = tmp_path / "leave"
    with Client(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=":0") as client:
        truth = Truth(client.dashboard_link)
        try:
            # One runs, and the other one waits at the same worker, until there is one that has nothing to do.
            futures = client.map(waits_here, [leave] * 2, pure=False)
            while truth.ask("tasks")["processing"] != 2:
                time.sleep(0.02)
            client.cluster.scale(2)
            while 7 not in (status := truth.ask("status"))["kind"]:
                time.sleep(0.05)
        finally:
            leave.touch()
        client.gather(futures)
        n = sum(n for kind, n in zip(status["kind"], status["n"], strict=True) if kind == 7)
        assert n == 1
        page = browser.open(client.dashboard_link.replace("/status", "/retraction"), prelude=PRELUDE)
        page.until("row('by-return', 'waits_here')?.cells[2].innerText === '1'")
        assert (
            page.evaluate("row('by-return', 'waits_here').cells[1].innerText") == "given back before it began"
        )
        assert page.text("#retraction-sum").startswith("1 task")
        page.picture(PICTURES / "page-retraction.png")
        assert page.complaints == []
        page.close()


def moved(truth: Truth, name: str) -> int:
    """Bytes that came to tasks of a name from elsewhere."""
    status = truth.ask("status")
    bars = zip(status["kind"], status["name"], status["bytes"], strict=True)
    return sum(n_bytes for kind, at, n_bytes in bars if kind == 8 and status["names"][at] == name)


@posix
def test_pieces_of_a_shuffle_are_among_what_moved(browser: Browser) -> None:
    import pandas as pd
    import raskt.dataframe as rd
    from raskt.distributed import Client

    frame = pd.DataFrame({"key": range(20_000), "value": [1.5] * 20_000})
    with Client(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0") as client:
        truth = Truth(client.dashboard_link)
        shuffled = rd.from_pandas(frame, npartitions=6).shuffle("key")
        assert len(shuffled.compute()) == len(frame)
        # Of two columns of 8 bytes about a half is not where it is needed.
        while (n_bytes := moved(truth, "shuffle")) < len(frame) * 16 / 4:
            time.sleep(0.05)
        assert n_bytes < len(frame) * 16 * 2
        page = browser.open(client.dashboard_link.replace("/status", "/transfers"), prelude=PRELUDE)
        page.until("row('by-move', 'shuffle') !== undefined")
        assert page.evaluate("row('by-move', 'shuffle').cells[1].innerText") == "came from elsewhere"
        page.picture(PICTURES / "page-shuffle.png")
        assert page.complaints == []
        page.close()


# ---- schedulers that start again ----


@contextmanager
def scheduler(port: int, dashboard: int, token: Path) -> Iterator[subprocess.Popen[str]]:
    words = ["scheduler", "--port", str(port), "--token-file", str(token)]
    words += ["--dashboard-address", f"127.0.0.1:{dashboard}"]
    with subprocess.Popen(
        [sys.executable, "-m", "raskt", *words], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def free_ports() -> list[int]:
    with socket.socket() as one, socket.socket() as other:
        for some in (one, other):
            some.bind(("127.0.0.1", 0))
        return [some.getsockname()[1] for some in (one, other)]


@posix
def test_the_page_of_a_cluster_comes_back_with_its_scheduler(browser: Browser, tmp_path: Path) -> None:
    from raskt.distributed import Client

    (port, dashboard), token = free_ports(), tmp_path / "token"
    link = f"http://127.0.0.1:{dashboard}"

    def serves() -> None:
        for _ in range(600):
            try:
                with urlopen(f"{link}/health", timeout=60) as answer:
                    assert answer.read() == b"ok\n"
                return
            except OSError:
                time.sleep(0.1)
        raise AssertionError("the scheduler does not serve")

    clients = (
        "[...document.querySelectorAll('#figures div')].find((card) => card.innerText.startsWith('Clients'))"
    )
    with scheduler(port, dashboard, token):
        serves()
        page = browser.open(f"{link}/events", prelude=PRELUDE)
        is_live(page)
        with Client(f"tcp://127.0.0.1:{port}", token=token.read_text().strip()):
            page.until("document.getElementById('event-lines').innerText.includes('client-joined')")
    page.until("document.getElementById('link').className === 'lost'")
    with scheduler(port, dashboard, token):
        serves()
        is_live(page)
        # What the one before knew is forgotten, and what the new one hears is shown.
        page.until("!document.getElementById('event-lines').innerText.includes('client-joined')")
        with Client(f"tcp://127.0.0.1:{port}", token=token.read_text().strip()):
            page.until("document.getElementById('event-lines').innerText.includes('client-joined')")
        assert page.evaluate(f"{clients} === undefined")
        told = [text for text in page.complaints if not re.search("ERR_(CONNECTION|INCOMPLETE|EMPTY)", text)]
        assert told == []
    page.close()


# ---- metrics ----


def served(link: str) -> set[str]:
    with urlopen(f"{link}/metrics", timeout=60) as answer:
        text: str = answer.read().decode()
    labelled = (
        re.match(r"(\w+)(?:\{(\w+)=)?", line) for line in text.splitlines() if not line.startswith("#")
    )
    return {f"{found[1]}{{{found[2]}}}" if found[2] else found[1] for found in labelled if found}


@posix
def test_metrics_are_those_of_the_table_in_the_documentation() -> None:
    from raskt.distributed import LocalCluster

    documented: dict[str, set[str]] = {"local": set(), "cluster": set(), "worker": set()}
    for line in (ROOT / "docs/dashboard.md").read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) == 3 and re.match("`(dask|raskt|process)_", cells[0]):
            of = documented if cells[1] == "all" else cells[1].split(", ")
            for kind in of:
                documented[kind] |= set(re.findall("`([^`]+)`", cells[0]))
    with raskt.dashboard(port=0) as page:
        assert served(page.link.removesuffix("/status")) == documented["local"]
    with LocalCluster(
        n_workers=1,
        threads_per_worker=1,
        processes=False,
        dashboard_address=":0",
        worker_dashboard_address=":0",
    ) as cluster:
        assert served(cluster.dashboard_link.removesuffix("/status")) == documented["cluster"]
        (worker,) = cluster._threads.values()
        assert served(worker.dashboard_link.removesuffix("/status")) == documented["worker"]
