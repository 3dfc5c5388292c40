"""Each page of the dashboard in a browser: what it shows is what its API tells."""

from __future__ import annotations

import json
import os
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .browsing import PICTURES, PRELUDE, ROOT, Program, Truth

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .chromium import Browser, Page

# A table of three functions, one that fails, and one that is busy in Python until it is told to end.
PROGRAM = """
import raskt, threading, time
leave, spins = threading.Event(), threading.Event()

def loads(at):
    # Tasks that take no time are recorded together, without their sizes.
    time.sleep(0.001)
    return bytes(100_000 + at)

def halves(part):
    return part[: len(part) // 2]

def joins(parts):
    return b"".join(parts)

def fails(part):
    raise ValueError("<b>column 'délai'</b> of part 3")

def spin_in_python(_):
    spins.set()
    while not leave.is_set():
        sum(range(1000))

with raskt.dashboard(port=0) as page:
    print(page.link)
    call = raskt.delayed
    halved = [call(halves, pure=False)(call(loads, pure=False)(at)) for at in range(30)]
    joined = call(joins, pure=False)(halved)
    try:
        call(fails, pure=False)(3).compute()
    except ValueError:
        pass
    with raskt.config.set({"local.retries": 2}):
        run = threading.Thread(target=call(spin_in_python, pure=False)(joined).compute)
        run.start()
        assert spins.wait(120)
        print("it spins")
        input()
    leave.set()
    run.join()
"""


@pytest.fixture(scope="module")
def program() -> Iterator[Program]:
    with Program(PROGRAM) as program:
        assert program.hear() == "it spins"
        yield program
        program.go_on()


@pytest.fixture
def truth(program: Program) -> Truth:
    return Truth(program.link)


def visit(browser: Browser, program: Program, view: str) -> Page:
    page = browser.open(program.link.replace("/status", f"/{view}"), prelude=PRELUDE)
    page.until("document.getElementById('link').className === 'live'")
    return page


def leave(page: Page, view: str) -> None:
    page.picture(PICTURES / f"page-{view}.png")
    assert page.complaints == []
    page.close()


def test_tasks_are_told_by_function(browser: Browser, program: Program, truth: Truth) -> None:
    page = visit(browser, program, "tasks")
    page.until("cells('by-function', 0).length >= 5")
    groups = {group[0]: group for group in truth.ask("summary")["groups"]}
    assert set(page.evaluate("cells('by-function', 0)")) == set(groups)
    for name, n_done in [("loads", 30), ("halves", 30), ("joins", 1), ("fails", 0)]:
        assert page.evaluate(f"parseInt(row('by-function', '{name}').cells[1].innerText)") == n_done
        assert groups[name][2] == n_done
    assert page.evaluate("row('by-function', 'fails').cells[2].innerText") == "1"
    assert "61 done" in page.text("#states-bar")
    # Typing into the filter leaves what has it in its name; a click on a column sorts.
    page.press("/")
    page.until("document.activeElement.id === 'filter'")
    for letter in "al":
        page.press(letter)
    page.until("cells('by-function', 0).join() === 'halves'")
    page.evaluate("document.getElementById('filter').value = ''")
    page.evaluate("document.getElementById('filter').dispatchEvent(new Event('input'))")
    page.click("#by-function th button")
    page.until("cells('by-function', 0)[0] === 'fails'")
    leave(page, "tasks")


def test_the_graph_has_a_node_a_function_and_an_edge_a_need(
    browser: Browser, program: Program, truth: Truth
) -> None:
    page = visit(browser, program, "graph")
    page.until("!document.getElementById('graph-kind').hidden")
    page.click("#graph-kind")
    page.until("document.querySelectorAll('#graph-room .node').length >= 5")
    links = [tuple(link) for link in truth.ask("graph")["links"]]
    assert {("loads", "halves", 30), ("halves", "joins", 30), ("joins", "spin_in_python", 1)} == set(links)
    titles = "[...document.querySelectorAll('.edge title')].map((title) => title.textContent)"
    page.until(f"{titles}.length === {len(links)}")
    assert set(page.evaluate(titles)) == {f"{a} → {b}: {n} values" for a, b, n in links}
    # What is needed stands left of what needs it.
    place = (
        "Object.fromEntries([...document.querySelectorAll('.node')].map((node) => "
        "[node.querySelector('title').textContent, node.getBoundingClientRect().left]))"
    )
    left = page.evaluate(place)
    assert left["loads"] < left["halves"] < left["joins"]
    assert page.evaluate("document.querySelectorAll('.node.failed').length") == 1
    leave(page, "graph")


def test_a_small_graph_has_a_node_a_task_in_the_colour_of_its_state(
    browser: Browser, program: Program, truth: Truth
) -> None:
    page = visit(browser, program, "graph")
    tasks = truth.ask("graph_tasks")
    assert sorted(task[1] for task in tasks) == ["halves"] * 30 + ["joins"] + ["loads"] * 30 + [
        "spin_in_python"
    ]
    page.until(f"document.querySelectorAll('#graph-room .task').length === {len(tasks)}")
    states = "[...document.querySelectorAll('.task')].map((task) => task.dataset.state)"
    assert page.evaluate(states) == [task[2] for task in tasks]
    assert {(name, state) for _, name, state, _ in tasks} == {
        ("loads", "done"),
        ("halves", "done"),
        ("joins", "done"),
        ("spin_in_python", "running"),
    }
    needs = {(tasks[need][1], name) for _, name, _, needs in tasks for need in needs}
    assert needs == {("loads", "halves"), ("halves", "joins"), ("joins", "spin_in_python")}
    assert page.evaluate("document.querySelectorAll('#graph-room .edge').length") == 61
    leave(page, "graph-tasks")


def test_the_critical_path_of_local_tasks_leads_to_the_one_that_ended_last(
    browser: Browser, program: Program, truth: Truth
) -> None:
    page = visit(browser, program, "critical")
    path = truth.ask("critical")
    # Tasks of microseconds are no part of it.
    assert [name for _, name, *_ in path if name != "halves"] == ["loads", "joins"]
    ends = [start + took for _, _, _, start, took, _ in path]
    assert ends == sorted(ends)
    page.until(f"cells('critical-tasks', 0).length === {len(path)}")
    assert page.evaluate("cells('critical-tasks', 0)") == [name for _, name, *_ in path]
    places = dict(truth.ask("summary")["lanes"])
    wanted = json.dumps([places[lane] for _, _, lane, *_ in path])
    page.until(f"JSON.stringify(cells('critical-tasks', 1)) === JSON.stringify({wanted})")
    leave(page, "critical")


def test_memory_is_told_by_function(browser: Browser, program: Program, truth: Truth) -> None:
    page = visit(browser, program, "memory")
    page.until("cells('by-bytes', 0).includes('loads')")
    made = {group[0]: group[5] for group in truth.ask("summary")["groups"]}
    assert made["loads"] >= 30 * 100_000
    assert page.evaluate("row('by-bytes', 'loads').cells[1].innerText") == f"{made['loads'] / 2**20:.2f} MiB"
    leave(page, "memory")


def test_what_the_machine_does_is_drawn(browser: Browser, program: Program, truth: Truth) -> None:
    page = visit(browser, program, "system")
    colour = "getComputedStyle(document.documentElement).getPropertyValue('--{}').trim()"
    for canvas, name in [("memory", "process"), ("machine", "managed"), ("cpu", "cpu"), ("threads", "cpu")]:
        page.until(f"pixels('{canvas}-lines', {colour.format(name)}) > 20")
    newest = truth.ask("status")["samples"][-1]
    assert newest[4] > 0
    assert newest[5] >= 1
    leave(page, "system")


def test_the_profile_shows_the_function_that_is_busy(
    browser: Browser, program: Program, truth: Truth
) -> None:
    page = visit(browser, program, "profile")
    page.until("/samples/.test(document.getElementById('profile-sum').innerText)")
    names = [frame[1] for frame in truth.ask("profile")["frames"]]
    assert "spin_in_python" in names
    left, top, width, height = page.evaluate(
        "(({left, top, width, height}) => [left, top, width, height])"
        "(document.getElementById('flames').getBoundingClientRect())"
    )
    found = set()
    for y in range(4, int(height), 10):
        page.point(left + width / 2, top + y)
        found.add(page.evaluate("document.getElementById('tip').querySelector('b')?.innerText ?? ''"))
    assert "spin_in_python" in found
    leave(page, "profile")


def test_errors_have_their_tracebacks(browser: Browser, program: Program, truth: Truth) -> None:
    page = visit(browser, program, "errors")
    page.until("document.querySelectorAll('#errors-list details').length === 1")
    [(_, _, function, raised, traceback)] = truth.ask("errors")
    assert function == "fails"
    assert page.text("#errors-list summary b") == raised == "ValueError: <b>column 'délai'</b> of part 3"
    # The newest is open.
    assert page.text("#errors-list pre").split() == traceback.split()
    assert "in fails" in traceback
    leave(page, "errors")


def test_hardware_and_configuration_are_listed(browser: Browser, program: Program, truth: Truth) -> None:
    page = visit(browser, program, "hardware")
    page.until("document.querySelectorAll('#hardware-facts tr').length > 5")
    facts = truth.ask("hardware")
    assert page.evaluate("cells('hardware-facts', 0)") == [fact[0] for fact in facts]
    leave(page, "hardware")
    page = visit(browser, program, "configuration")
    page.until("document.querySelectorAll('#settings tbody tr').length > 5")
    settings = truth.ask("configuration")
    assert page.evaluate("cells('settings', 0)") == [setting[0] for setting in settings]
    assert page.evaluate("row('settings', 'local.retries').className") == "changed"
    assert page.evaluate("row('settings', 'local.retries').cells[1].innerText") == "2"
    leave(page, "configuration")


def test_each_plot_has_an_address_of_its_own(browser: Browser, program: Program) -> None:
    page = visit(browser, program, "plots")
    plots = page.evaluate("[...document.querySelectorAll('#plots-list a')].map((link) => link.href)")
    assert len(plots) == 13
    shown = "[...document.querySelectorAll('main > section')].filter((section) => !section.hidden).length"
    for link in plots:
        page.go(link)
        page.until(f"{shown} === 1 && document.getElementById('link').className === 'live'")
        assert page.evaluate("document.body.className") == "alone"
    leave(page, "plots")


def test_keys_turn_pages_and_shade_them(browser: Browser, program: Program) -> None:
    page = visit(browser, program, "status")
    page.press("]")
    page.until("location.pathname === '/tasks' && !document.getElementById('functions').hidden")
    page.press("[")
    page.until("location.pathname === '/status' && !document.getElementById('stream').hidden")
    page.press("]")
    page.evaluate("history.back()")
    page.until("location.pathname === '/status' && !document.getElementById('stream').hidden")
    page.press("d")
    page.until("document.documentElement.dataset.theme === 'dark'")
    page.press("d")
    page.until("document.documentElement.dataset.theme === 'light'")
    page.evaluate("localStorage.clear()")
    for view in ("workers", "transfers", "retraction", "explain"):
        page.evaluate(f"document.querySelector('#pages a[href={view}]').click()")
        page.until(f"location.pathname === '/{view}'")
        assert page.evaluate("document.querySelector('#pages [aria-current]').innerText").lower() == view
    leave(page, "keys")


@pytest.mark.skipif(os.name != "posix", reason="clusters need Unix")
def test_values_that_move_between_workers_are_told(browser: Browser) -> None:
    from raskt.distributed import Client

    def loads_there(n: int) -> bytes:
        return bytes(n)

    def joins_here(left: bytes, right: bytes) -> int:
        return len(left) + len(right)

    with Client(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0") as client:
        truth = Truth(client.dashboard_link)
        first, second = client.cluster.workers
        left = client.submit(loads_there, 300_000, workers=[first])
        right = client.submit(loads_there, 200_000, workers=[second])
        assert client.submit(joins_here, left, right).result() == 500_000
        page = browser.open(client.dashboard_link.replace("/status", "/transfers"), prelude=PRELUDE)
        page.until("row('by-move', 'loads_there') !== undefined")
        assert page.evaluate("row('by-move', 'loads_there').cells[1].innerText") == "came from elsewhere"
        told = truth.ask("status")
        moved = [size for kind, size in zip(told["kind"], told["bytes"], strict=True) if kind == 8]
        assert len(moved) == 1
        assert moved[0] >= 200_000
        page.picture(PICTURES / "page-transfers.png")
        page.evaluate("document.querySelector('#pages a[href=graph]').click()")
        page.until("document.querySelectorAll('.task[data-state=done]').length === 2")
        page.click("#graph-kind")
        page.until(
            "document.querySelector('.edge title')?.textContent === 'loads_there → joins_here: 2 values'"
        )
        page.evaluate("document.querySelector('#pages a[href=workers]').click()")
        page.until("cells('workers', 0).length === 2")
        page.picture(PICTURES / "page-workers.png")
        assert page.complaints == []
        page.close()


def many(n_workers: int, n_tasks: int, n_bars: int) -> dict[str, Any]:
    """News of a cluster that is larger than this machine."""
    names = [f"function_{at}" for at in range(40)]
    share = n_tasks // len(names)
    states = ["running", "short of memory", "paused", "retiring"]
    return {
        "of": "cluster",
        "now": 60_000,
        "past": 0,
        "names": names,
        "lane": [at % n_workers for at in range(n_bars)],
        "name": [at % 40 for at in range(n_bars)],
        "kind": [1] * n_bars,
        "n": [10] * n_bars,
        "bytes": [1000] * n_bars,
        "start": [at * 60_000 / n_bars for at in range(n_bars)],
        "took": [50] * n_bars,
        "busy": [40] * n_bars,
        "missed": 0,
        "samples": [[at * 500, 100, 1 << 30, 0, 1 << 31, 9, 9, 1, 1, 1, 1, 50, 1 << 33] for at in range(120)],
        "workers": [
            [f"worker-{at}", f"tcp://10.0.0.1:{4000 + at}", states[max(0, at % 97 - 93)],
             [4, at % 5, 3, 40, at << 20, 1 << 31, at << 21, at % 7 << 20, 100, 0]]
            for at in range(n_workers)
        ],
        "waiting": 1000, "ready": 10, "processing": 4000, "runs": 1, "cores": 4 * n_workers, "cpu": 3,
        "managed": 1 << 33, "spilled": 0, "limit": 1 << 40, "process": 1 << 31, "machine": 1 << 34,
        "lanes": [[at, f"worker-{at}"] for at in range(n_workers)],
        "groups": [[name, share, share, 0, 1e6, 1 << 30] for name in names],
        "running": [],
    }  # fmt: skip


class OfFiles(BaseHTTPRequestHandler):
    """The page's files, and news that are made up."""

    def __init__(self, news: bytes, ended: threading.Event, *args: Any) -> None:
        self.news, self.ended = news, ended
        super().__init__(*args)

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        file = ROOT / "dashboard" / Path(self.path).name
        kinds = {".js": "text/javascript", ".css": "text/css"}
        if self.path == "/api/v1/stream":
            kind, body = "text/event-stream", b"data: " + self.news + b"\n\n"
        elif self.path.startswith("/api"):
            kind, body = "application/json", b'{"links": []}' if self.path.endswith("graph") else b"null"
        else:
            file = file if file.suffix in kinds else ROOT / "dashboard" / "index.html"
            kind, body = kinds.get(file.suffix, "text/html"), file.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
        if kind == "text/event-stream":
            self.ended.wait(120)


def test_a_thousand_workers_and_a_million_tasks_can_be_read(browser: Browser) -> None:
    news = json.dumps(many(1000, 1_000_000, 20_000)).encode()
    ended = threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(OfFiles, news, ended))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        page = browser.open(f"http://127.0.0.1:{server.server_address[1]}/status", prelude=PRELUDE)
        page.until("/^1,000,000/.test(document.querySelector('#figures dd')?.innerText)")
        page.until("pixels('bars', swatch('function_0')) > 0")
        page.picture(PICTURES / "page-thousand-stream.png")
        page.evaluate("document.querySelector('#pages a[href=workers]').click()")
        page.until("cells('workers', 0).length === 100")
        page.click("#workers tfoot button")
        page.until("cells('workers', 0).length === 1000")
        left, top = page.evaluate(
            "(({left, top}) => [left, top])(document.getElementById('worker-cells').getBoundingClientRect())"
        )
        page.point(left + 3, top + 3)
        page.until("document.querySelector('#tip b')?.innerText === 'worker-0'")
        page.picture(PICTURES / "page-thousand-workers.png")
        assert page.complaints == []
        page.close()
    finally:
        ended.set()
        server.shutdown()
        thread.join()
        server.server_close()
