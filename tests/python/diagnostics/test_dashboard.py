"""The dashboard's page and figures, and reports, against what was computed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
import raskt
from raskt.callbacks import Callback
from raskt.diagnostics import get_task_stream, performance_report
from raskt.diagnostics.dashboard import Dashboard

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def page() -> Iterator[Dashboard]:
    with raskt.dashboard(port=0) as page:
        yield page


def get(page: Dashboard, path: str) -> str:
    with urlopen(page.link.replace("/status", path), timeout=60) as answer:
        text: str = answer.read().decode("utf-8")
    return text


def until(page: Dashboard, found: Any) -> dict[str, Any]:
    """The status, once `found(status)` is true."""
    end = time.monotonic() + 60
    while True:
        status: dict[str, Any] = json.loads(get(page, "/api/v1/status"))
        if found(status):
            return status
        assert time.monotonic() < end, status
        time.sleep(0.02)


def inc_for_dashboard(x: int) -> int:
    return x + 1


def test_tasks_are_counted_by_function(page: Dashboard) -> None:
    calls = [raskt.delayed(inc_for_dashboard)(i) for i in range(3000)]
    assert raskt.delayed(sum)(calls).compute() == sum(range(1, 3001))

    def find(status: dict[str, Any]) -> bool:
        return ["inc_for_dashboard", 3000, 3000, 0] in [group[:4] for group in status["groups"]]

    status = until(page, find)
    number = status["names"].index("inc_for_dashboard")
    assert sum(n for n, name in zip(status["n"], status["name"], strict=True) if name == number) == 3000
    assert get(page, "/health") == "ok\n"
    assert re.search(r"^raskt_computations \d+$", get(page, "/metrics"), re.MULTILINE)


def test_what_runs_is_shown_and_what_failed_is_told(page: Dashboard) -> None:
    entered, leave = threading.Event(), threading.Event()

    def waits() -> None:
        entered.set()
        assert leave.wait(60)
        raise ValueError("on purpose")

    waits.__name__ = "<script>alert(1)</script>"
    call = raskt.delayed(waits, pure=False)()
    failed: list[BaseException] = []

    def run() -> None:
        try:
            call.compute()
        except ValueError as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert entered.wait(60)
        until(page, lambda status: any(task[1] == waits.__name__ for task in status["running"]))
        assert "<script" not in get(page, "/api/v1/status")
    finally:
        leave.set()
        thread.join()
    assert len(failed) == 1
    status = until(
        page, lambda status: ["<script>alert(1)</script>", 1, 0, 1] in [g[:4] for g in status["groups"]]
    )
    assert 2 in status["kind"]


def test_a_computation_that_a_callback_kept_from_starting_does_not_go_on(page: Dashboard) -> None:
    def refuses(_: Any) -> None:
        raise ValueError("on purpose")

    before = json.loads(get(page, "/api/v1/status"))["runs"]
    with Callback(start=refuses), pytest.raises(ValueError, match="on purpose") as held:
        raskt.delayed(inc_for_dashboard)(1).compute()
    # The traceback may hold the run.
    until(page, lambda status: status["runs"] <= before)
    assert held.tb is not None


def test_unknown_pages_and_taken_ports_are_errors(page: Dashboard) -> None:
    with pytest.raises(HTTPError, match="404"):
        get(page, "/nothing")
    port = int(page.link.split(":")[2].split("/")[0])
    with pytest.raises(OSError, match=r"(?i)in use"):
        raskt.dashboard(port=port)


def test_it_is_one_page_until_it_is_closed() -> None:
    first = raskt.dashboard()
    try:
        assert raskt.dashboard() is first
        assert first.link in first._repr_html_()
    finally:
        first.close()
    with raskt.dashboard() as second:
        assert second is not first
    with pytest.raises(OSError, match="refused"):
        get(second, "/health")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_forked_child_leaves_the_page_to_its_parent() -> None:
    program = """
import os, raskt, sys
from urllib.request import urlopen
page = raskt.dashboard(port=0)
pid = os.fork()
if pid == 0:
    page.close()
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
print(urlopen(page.link.replace("status", "health"), timeout=60).read())
"""
    run = [sys.executable, "-W", "ignore", "-c", program]
    assert subprocess.run(run, capture_output=True, check=True, timeout=120).stdout == b"b'ok\\n'\n"


def test_a_report_is_one_file_with_all_that_ran(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    calls = [raskt.delayed(inc_for_dashboard)(i) for i in range(50)]
    with pytest.raises(ZeroDivisionError), performance_report(path, title="<b>"):
        raskt.compute(*calls, raskt.delayed(lambda _: 1 / 0)(calls))
    text = path.read_text("utf-8")
    found = re.search(r'<script type="application/json" id="recorded">(.*)</script>', text)
    assert found is not None
    recorded = json.loads(found[1])
    number = recorded["names"].index("inc_for_dashboard")
    assert sum(n for n, name in zip(recorded["n"], recorded["name"], strict=True) if name == number) == 50
    assert "<title>&lt;b&gt;</title>" in text
    assert not [mark for mark in ("http://", "https://", " src=") if mark in text]


def test_a_task_stream_has_a_row_for_what_ran(tmp_path: Path) -> None:
    def naps() -> bytes:
        time.sleep(0.01)
        return bytes(1000)

    with get_task_stream(plot="save", filename=tmp_path / "stream.html") as stream:
        raskt.compute(*[raskt.delayed(naps, pure=False)() for _ in range(3)])
    rows = [row for row in stream.data if row["name"] == "naps"]
    assert sum(row["n_tasks"] for row in rows) == 3
    assert all(row["status"] == "finished" and row["stop"] - row["start"] >= 0.01 for row in rows)
    assert sum(row["nbytes"] for row in rows) >= 3000
    assert (tmp_path / "stream.html").read_text("utf-8").startswith("<!doctype html>")
    with pytest.raises(ValueError, match="plot must be None or 'save'"):
        get_task_stream(plot="show")


@pytest.mark.skipif(os.name != "posix", reason="clusters need Unix")
def test_a_cluster_has_a_page_of_its_workers_and_explains() -> None:
    from raskt.distributed import Client

    with Client(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=":0") as client:
        link = client.dashboard_link.removesuffix("/status")

        def ask(path: str) -> str:
            with urlopen(f"{link}{path}", timeout=60) as answer:
                text: str = answer.read().decode("utf-8")
            return text

        assert ask("/status").startswith("<!doctype html>")
        assert client.gather(client.map(inc_for_dashboard, range(20))) == list(range(1, 21))
        end = time.monotonic() + 60
        found: dict[str, Any] = {"groups": [], "workers": []}
        # The scheduler is asked once a second.
        while sum(group[2] for group in found["groups"]) < 20 or not found["workers"] or not found["runs"]:
            assert time.monotonic() < end, found
            found = json.loads(ask("/api/v1/status"))
        assert all(group[0].startswith("inc_for_dashboard") for group in found["groups"])
        assert [worker[0] for worker in found["workers"]] == list(client.cluster.workers)
        assert "dask_scheduler_clients 1" in ask("/metrics")
        assert "('x', 0)" in ask("/api/v1/explain?key=%28%27x%27%2C%200%29")
    with pytest.raises(OSError, match="refused"):
        ask("/health")
