"""What a cluster's dashboard tells of its workers, and what whoever knows its token may have done."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
import raskt
from raskt.distributed import Client, LocalCluster, get_worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.skipif(os.name != "posix", reason="clusters need Unix")


class Page:
    """A dashboard, asked as programs ask it."""

    def __init__(self, link: str) -> None:
        self.link = link.removesuffix("/status")

    def text(self, path: str) -> str:
        with urlopen(f"{self.link}/{path}", timeout=60) as answer:
            found: str = answer.read().decode()
        return found

    def ask(self, topic: str) -> Any:
        return json.loads(self.text(f"api/v1/{topic}"))

    def post(self, action: str, wanted: Any, token: str = "") -> tuple[int, str]:
        head = {"Authorization": f"Bearer {token}"} if token else {}
        body = wanted if isinstance(wanted, bytes) else json.dumps(wanted).encode()
        try:
            with urlopen(Request(f"{self.link}/api/v1/{action}", body, head), timeout=60) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()


def until(found: Callable[[], Any]) -> Any:
    end = time.monotonic() + 60
    while not (value := found()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return value


def sits_for_dashboard(leave: Path) -> int:
    logging.getLogger("sits").warning("<b>it sits</b>")
    while not leave.exists():
        time.sleep(0.005)
    return os.getpid()


def adds_for_dashboard(*parts: int) -> int:
    return len(parts)


def breaks_for_dashboard() -> None:
    raise ValueError("on <purpose>")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    token = tmp_path_factory.mktemp("token") / "made" / "token"
    with (
        raskt.config.set({"cluster.dashboard-token-file": str(token)}),
        Client(
            n_workers=2,
            threads_per_worker=1,
            memory_limit="1GiB",
            dashboard_address=":0",
            worker_dashboard_address=":0",
        ) as client,
    ):
        assert client.dashboard_link
        yield client


@pytest.fixture
def page(client: Client) -> Page:
    return Page(client.dashboard_link)


def test_workers_are_told_with_what_their_processes_take(client: Client, page: Page) -> None:
    held = client.submit(bytes, 10 << 20)
    held.result()
    workers = until(
        lambda: (found := page.ask("workers")) and all(w["process_bytes"] for w in found) and found
    )
    assert {worker["address"] for worker in workers} == set(client.scheduler_info()["workers"])
    assert sum(worker["held_bytes"] for worker in workers) >= 10 << 20
    assert all(20 << 20 < worker["process_bytes"] < 1 << 30 for worker in workers)
    assert page.ask("get_workers") == {
        "num_workers": 2,
        "workers": [{"name": worker["name"], "address": worker["address"]} for worker in workers],
    }
    metrics = client.scheduler_info()["workers"][workers[0]["address"]]["metrics"]
    assert metrics["memory"] > 20 << 20
    assert metrics["spilled_bytes"] == 0


def test_a_worker_tells_stacks_logs_and_a_profile(client: Client, page: Page, tmp_path: Path) -> None:
    leave = tmp_path / "leave"
    future = client.submit(sits_for_dashboard, leave)
    try:
        # The worker may have to import the module of the function first.
        until(lambda: "in sits_for_dashboard" in str(page.ask("stacks")))
        assert page.ask("tasks")["processing"] == 1
        [(address, key, _)] = page.ask("stacks")
        assert key == future.key
        assert [row[:2] for row in page.ask(f"stacks?of={address}")] == [[address, key]]
        (other,) = set(client.scheduler_info()["workers"]) - {address}
        assert page.ask(f"stacks?of={other}") == []
        logs = page.ask(f"logs?of={address}")
        assert any(level == "WARNING" and text.endswith("<b>it sits</b>") for _, level, text in logs)
        until(lambda: "sits_for_dashboard" in {frame[1] for frame in page.ask("profile")["frames"]})
        assert page.ask("adaptive_target")["workers"] >= 1
        with pytest.raises(HTTPError, match="404"):
            page.text("api/v1/stacks?of=nobody")
    finally:
        leave.touch()
    future.result()


def test_failures_are_told_with_their_tracebacks(client: Client, page: Page) -> None:
    future = client.submit(breaks_for_dashboard)
    assert isinstance(future.exception(), ValueError)
    *_, (_, key, function, raised, text) = page.ask("errors")
    assert key.startswith(f"{future.key}, on worker ")
    assert (function, raised) == ("breaks_for_dashboard", "ValueError: on <purpose>")
    assert "in breaks_for_dashboard" in text
    events = page.ask("events")
    assert any(kind == "task-failed" and subject == future.key for _, _, kind, subject, _ in events)
    assert sum(kind == "worker-joined" for _, _, kind, _, _ in events) == 2


def test_what_is_held_is_told_by_name_and_line(client: Client, page: Page) -> None:
    import numpy as np
    import raskt.array as ra

    mapped = client.map(bytes, [1 << 20, (1 << 20) + 1])
    kept = client.persist(ra.from_array(np.ones((512, 512)), chunks=256) + 1)
    client.gather(mapped)
    kept.compute()
    (scattered,) = client.scatter([bytearray(300_000)])
    found = {re.sub("-[0-9a-f]{16,}$", "", name): row for name, *row in page.ask("held")}
    assert found["bytes"][0] == 2
    assert found["bytes"][1] >= 2 << 20
    assert found["add"][0] == 4
    assert found["add"][1] >= 8 * 512 * 512
    first = test_what_is_held_is_told_by_name_and_line.__code__.co_firstlineno
    for name, line in [("bytes", 4), ("add", 5), ("bytearray", 8)]:
        assert found[name][2][-1] == f"{__file__}:{first + line}"
    assert kept.sum().compute() == 2 * 512 * 512
    del scattered


def test_lines_of_clients_in_other_processes_are_told(client: Client, page: Page, tmp_path: Path) -> None:
    program = tmp_path / "elsewhere.py"
    program.write_text(
        textwrap.dedent("""
        import sys
        from raskt.distributed import Client

        def made_elsewhere():
            return bytes(400_000)

        if __name__ == "__main__":
            with Client(sys.argv[1], token=sys.argv[2]) as client:
                kept = client.submit(made_elsewhere)
                kept.result()
                print("held", flush=True)
                sys.stdin.readline()
        """).lstrip()
    )
    words = [sys.executable, str(program), client.cluster.scheduler_address, client.cluster._token]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        [[name, n, n_bytes, _]] = [row for row in page.ask("held") if "made_elsewhere" in row[0]]
        assert (name, n) == ("made_elsewhere", 1)
        assert n_bytes >= 400_000
        lines = until(lambda: [row[3] for row in page.ask("held") if row[0] == name and row[3]])
        assert lines == [[f"{program}:9"]]
        other.communicate("\n")
    assert other.returncode == 0


def test_who_asks_for_the_dashboard_is_no_client(client: Client, page: Page) -> None:
    before = client.cluster.scheduler.load()["n_clients"]
    assert page.ask("profile")["interval"] > 0
    assert client.cluster.scheduler.load()["n_clients"] == before


def test_the_end_is_traced_back_to_what_it_waited_for(client: Client, page: Page) -> None:
    quick = client.submit(pow, 2, 3)
    slow = client.submit(time.sleep, 0.3, key="slow-one")
    joined = client.submit(adds_for_dashboard, quick, slow, key="joined")
    assert client.submit(abs, joined, key="last").result() == 2
    path = client.critical_path()
    assert [task["key"] for task in path] == ["slow-one", "joined", "last"]
    assert path[0]["stop"] - path[0]["start"] >= 0.3
    assert all(task["waited"] >= 0 for task in path)
    assert [row[0] for row in page.ask("critical")] == ["slow-one", "joined", "last"]


def test_only_who_knows_the_token_retires_and_cancels(client: Client, page: Page, tmp_path: Path) -> None:
    token = Path(raskt.config.get("cluster.dashboard-token-file")).read_text().strip()
    assert len(token) >= 16
    assert page.ask("actions") == ["retire_workers", "cancel"]
    address = page.ask("workers")[0]["address"]
    assert page.post("retire_workers", {"workers": [address]})[0] == 401
    assert page.post("retire_workers", {"workers": [address]}, "wrong")[0] == 401
    for wanted in (b"{", [], {}, {"workers": []}, {"workers": [1]}, {"workers": "all"}, {"workers": ["x"]}):
        status, why = page.post("retire_workers", wanted, token)
        assert status == 400, (wanted, why)
    assert page.post("shutdown", {}, token)[0] == 404
    leave = tmp_path / "leave"
    future = client.submit(sits_for_dashboard, leave, key="to-be-cancelled")
    until(lambda: page.ask("stacks"))
    assert page.post("cancel", {"keys": ["to-be-cancelled"]}, token)[0] == 200
    until(lambda: future.status == "cancelled")
    leave.touch()
    name = page.ask("workers")[0]["name"]
    assert page.post("retire_workers", {"workers": [address]}, token) == (
        200,
        json.dumps({"retiring": [name]}),
    )
    until(lambda: address not in {worker["address"] for worker in page.ask("workers")})


def test_without_a_token_nothing_can_be_done() -> None:
    with (
        raskt.config.set({"cluster.dashboard-token-file": None}),
        LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=":0") as cluster,
    ):
        page = Page(cluster.dashboard_link)
        assert page.ask("actions") == []
        status, why = page.post("retire_workers", {"workers": ["0"]}, "anything")
        assert (status, why) == (405, "this page is read-only\n")
        # Workers that are threads of this process have no process of their own to tell of.
        assert [worker["process_bytes"] for worker in page.ask("workers")] == [0]
        assert page.ask("stacks") == []


def test_a_worker_serves_metrics_of_its_own(client: Client, tmp_path: Path) -> None:
    found = client.run(lambda: get_worker().dashboard_link)
    link = next(iter(found.values()))
    page = Page(link)
    leave = tmp_path / "leave"
    futures = [client.submit(sits_for_dashboard, leave, pure=False) for _ in range(3)]
    try:
        until(lambda: 'dask_worker_tasks{state="executing"} 1' in page.text("metrics").splitlines())
        lines = page.text("metrics").splitlines()
        assert "dask_worker_threads 1" in lines
        assert f"raskt_memory_limit_bytes {1 << 30}" in lines
        for name in (
            "dask_worker_memory_bytes",
            "dask_worker_transfer_incoming_count",
            "process_cpu_seconds_total",
        ):
            assert any(line.startswith(name) for line in lines), name
        assert page.text("health") == "ok\n"
        until(lambda: "sits_for_dashboard" in str(page.ask("stacks")))
        [(_, key, _)] = page.ask("stacks")
        assert key in {future.key for future in futures}
        assert page.ask("summary")["of"] == "worker"
    finally:
        leave.touch()
    client.gather(futures)


def test_workers_that_are_told_one_port_take_others(client: Client) -> None:
    port = int(client.dashboard_link.split(":")[2].split("/")[0])
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, worker_dashboard_address=port
    ) as cluster:
        links = [worker.dashboard_link for worker in cluster._threads.values()]
        assert len(set(links)) == 2
        assert all(Page(link).text("health") == "ok\n" for link in links)


def test_an_address_of_a_workers_page_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="a dashboard's address is"):
        LocalCluster(n_workers=1, processes=False, dashboard_address=None, worker_dashboard_address="nowhere")
