"""The commands that ask a dashboard, what only Python tells it, and the dashboard of Grafana."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import raskt
from raskt.__main__ import main
from raskt.diagnostics._telling import StackProfiler, stack_of, tell
from raskt.diagnostics._top import frame

ROOT = Path(__file__).resolve().parents[3]


#: In a process of its own: the page of this one shows first what kept it busy in other tests.
PROGRAM = """
import contextlib, io, re, time
import raskt
from raskt.__main__ import main

def halve(number):
    return number / 2

with raskt.dashboard(port=0) as page:
    raskt.compute(*[raskt.delayed(halve, pure=False)(at) for at in range(25)])
    # Ten times a second the page looks at what ran.
    for _ in range(600):
        shown = io.StringIO()
        with contextlib.redirect_stdout(shown):
            assert main(["top", "--once", page.link]) == 0
        if re.search("halve .* 25/25", shown.getvalue()):
            break
        time.sleep(0.05)
    print(shown.getvalue())
assert main(["top", "--once", page.link]) == 2
"""


def test_top_shows_functions_and_their_progress() -> None:
    environment = {**os.environ, "PYTHONUTF8": "1"}
    command = [sys.executable, "-c", PROGRAM]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, encoding="utf-8")
    assert ran.returncode == 0, ran.stderr
    assert re.search(r"^Raskt  [\d,]+ of [\d,]+ tasks done", ran.stdout)
    assert re.search(r"halve +█{24} +25/25", ran.stdout)
    assert "no dashboard answers at http://127.0.0.1:" in ran.stderr


def test_an_address_of_a_dashboard_begins_with_http(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["top", "--once", "ftp://127.0.0.1"]) == 2
    assert "begins with http://" in capsys.readouterr().err


def test_top_keeps_within_the_terminal_and_names_cannot_command_it() -> None:
    evil = "\x1b[2J\x07\n<script>" + "x" * 300
    state = {
        "groups": [[evil, 10, 4, 1, 12.5, 7]] * 60,
        "running": [[0, evil, evil, 10.0]] * 60,
        "lanes": [[0, evil]],
        "processing": 2, "ready": 3, "waiting": 4, "cores": 2, "cpu": 150, "now": 20.0,
        "managed": 5 << 30, "spilled": 0, "process": 3 << 20,
    }  # fmt: skip
    for workers in ([], [[evil, "tcp://h:1", "running", [4, 2, 1, 9, 1 << 20, 1 << 30]]] * 60):
        for width, height in [(100, 40), (40, 12), (200, 24)]:
            lines = frame({**state, "workers": workers}, width, height)
            assert len(lines) <= height
            assert all(len(line) <= width and line.isprintable() for line in lines)
    assert "5.0 GiB" in "".join(frame({**state, "workers": []}))
    assert "no task has run lately" in frame({**state, "groups": [], "workers": []})


@pytest.mark.skipif(os.name != "posix", reason="clusters need Unix")
def test_explain_tells_what_the_client_tells(capsys: pytest.CaptureFixture[str]) -> None:
    from raskt.distributed import Client

    with Client(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=":0") as client:
        assert client.submit(lambda: 2, key=("it's <b>", 3)).result() == 2
        for key in ["nothing-like-it", '("it\'s <b>", 3)']:
            assert main(["explain", key, "--link", client.dashboard_link]) == 0
            told = capsys.readouterr().out.strip()
            asked = ("it's <b>", 3) if key.startswith("(") else key
            assert told == str(client.explain(asked)).strip()
    with raskt.dashboard(port=0) as page:
        assert main(["explain", "x", "--link", page.link]) == 2
        assert "nobody here knows of that" in capsys.readouterr().err


def test_a_profile_is_of_tasks_alone() -> None:
    entered, leave = threading.Event(), threading.Event()

    def waits_in_a_task() -> None:
        entered.set()
        assert leave.wait(60)

    def waits_outside() -> None:
        assert leave.wait(60)

    outside = threading.Thread(target=waits_outside)
    run = threading.Thread(target=lambda: raskt.compute(raskt.delayed(waits_in_a_task)(), num_workers=2))
    outside.start()
    run.start()
    assert entered.wait(60)
    try:
        stacks = [stack_of(frame) for frame in sys._current_frames().values()]
        names = [[name.rpartition(".")[2] for name, _, _ in stack] for stack in stacks]
        assert sum("waits_in_a_task" in stack for stack in names) == 1
        assert not any("waits_outside" in stack for stack in names)
        profiler = StackProfiler()
        for _ in range(600):
            found = profiler.profile()
            if found["samples"]:
                break
            threading.Event().wait(0.02)
        rows = found["frames"]
        assert any(row[1].endswith("waits_in_a_task") for row in rows)
        assert all(row[0] < at for at, row in enumerate(rows))
        assert sum(row[4] for row in rows if row[0] < 0) <= found["samples"]
        profiler.end()
    finally:
        leave.set()
        outside.join()
        run.join()


def test_what_failed_is_told_with_its_traceback() -> None:
    def divides(by: int) -> float:
        return 1 / by

    # Tracebacks are written out fifty times a second at most.
    latest: list[list[str]] = []
    while not latest:
        with pytest.raises(ZeroDivisionError):
            raskt.delayed(divides)(0).compute()
        found = json.loads(tell("errors", "") or "")
        latest = [row for row in found if row[2].endswith("divides")]
    assert len(found) <= 100
    _, key, _, raised, traceback = latest[-1]
    assert "divides" in key
    assert raised == "ZeroDivisionError: division by zero"
    assert "return 1 / by" in traceback


def test_settings_that_were_changed_are_told_apart() -> None:
    with raskt.config.set({"local.retries": 3}):
        rows = {
            key: (value, is_default)
            for key, value, is_default, _ in json.loads(tell("configuration", "") or "")
        }
    assert rows["local.retries"] == ("3", False)
    assert rows["local.errors"] == ("'first'", True)
    assert tell("nothing", "") is None


def test_grafana_asks_for_metrics_that_are_documented() -> None:
    board = json.loads((ROOT / "docs/grafana.json").read_text("utf-8"))
    asked = {
        name
        for panel in board["panels"]
        for target in panel["targets"]
        for name in re.findall(r"\b(?:dask|raskt|process)_\w+", target["expr"])
    }
    told = set(re.findall(r"`((?:dask|raskt|process)_\w+)", (ROOT / "docs/dashboard.md").read_text("utf-8")))
    assert len(asked) >= 8
    assert asked <= told
