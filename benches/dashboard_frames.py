"""Frames a second of the dashboard's page in a headless Chromium, while a simulated cluster computes.

python benches/dashboard_frames.py [--workers 1000] [--seconds 10] [--tasks 20000] [--view status]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
import time
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "python"))

from diagnostics.chromium import Browser, executable  # noqa: E402

N_NAMES = 40
#: News ten times a second, workers once a second: as the server sends them.
PACE_S, N_FOR_WORKERS = 0.1, 10
KINDS = {".js": "text/javascript", ".css": "text/css"}
#: Counts frames, and how long the longest pause between two was.
COUNT = """
new Promise((done) => {
  const begun = performance.now();
  let n = 0, last = begun, longest = 0;
  const frame = (at) => {
    n += 1;
    longest = Math.max(longest, at - last);
    last = at;
    if (at - begun < %d) requestAnimationFrame(frame);
    else done([n, at - begun, longest]);
  };
  requestAnimationFrame(frame);
})
"""


class Cluster:
    """What the scheduler of many busy workers would tell."""

    def __init__(self, n_workers: int, n_tasks: int) -> None:
        self.n_workers = n_workers
        # The server gathers what is more than 20,000 bars a second.
        self.n_bars = int(min(n_tasks, 20_000) * PACE_S)
        self.n_tasks = n_tasks
        self.n_done = 0

    def news(self, at: int) -> bytes:
        now, names = 1000.0 * at * PACE_S + 60_000, [f"function_{name}" for name in range(N_NAMES)]
        n_bars, step = self.n_bars, 1000 * PACE_S / max(1, self.n_bars)
        self.n_done += int(self.n_tasks * PACE_S)
        share = self.n_done // N_NAMES
        found: dict[str, Any] = {
            "now": now, "of": "cluster", "past": 60_000, "missed": 0,
            "names": names if at == 0 else [],
            "lane": [(at * 7919 + bar * 31) % self.n_workers for bar in range(n_bars)],
            "name": [bar % N_NAMES for bar in range(n_bars)],
            "kind": [1] * n_bars, "n": [3] * n_bars, "bytes": [1000] * n_bars,
            "start": [now + bar * step - 140 for bar in range(n_bars)],
            "took": [40] * n_bars, "busy": [35] * n_bars,
            "samples": [] if at % 5 else [[now, 5000, 1 << 35, 0, 1 << 36, 9, 9, 1, 1, 1, 1, 50, 1 << 33]],
            "waiting": 100_000, "ready": 1000, "processing": 2 * self.n_workers, "runs": 1,
            "cores": 4 * self.n_workers, "cpu": 90, "managed": 1 << 35, "spilled": 0, "limit": 1 << 42,
            "process": 1 << 36, "machine": 1 << 34, "running": [],
            "lanes": [[worker, f"worker-{worker}"] for worker in range(self.n_workers)],
            "groups": [[name, share, share, 0, 1e6, 1 << 30] for name in names],
        }  # fmt: skip
        if at % N_FOR_WORKERS == 0:
            found["workers"] = [
                [f"worker-{worker}", f"tcp://10.0.0.1:{4000 + worker}", "running",
                 [4, (worker + at) % 5, 3, 40, (worker + at) << 20, 1 << 33, worker + at << 21, 0, 300, 0]]
                for worker in range(self.n_workers)
            ]  # fmt: skip
        return b"data: " + json.dumps(found, separators=(",", ":")).encode() + b"\n\n"


class Served(BaseHTTPRequestHandler):
    """The page's files, and news that are made up."""

    def __init__(self, news: list[bytes], ended: threading.Event, *args: Any) -> None:
        self.news, self.ended = news, ended
        super().__init__(*args)

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        file = ROOT / "dashboard" / Path(path).name
        self.send_response(200)
        if path == "/api/v1/stream":
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            self.stream()
            return
        file = file if file.suffix in KINDS else ROOT / "dashboard" / "index.html"
        self.send_header("Content-Type", KINDS.get(file.suffix, "text/html"))
        self.end_headers()
        self.wfile.write(b"null" if path.startswith("/api") else file.read_bytes())

    def stream(self) -> None:
        begun = time.monotonic()
        try:
            for at, news in enumerate(self.news):
                if self.ended.wait(max(0.0, begun + at * PACE_S - time.monotonic())):
                    return
                self.wfile.write(news)
                self.wfile.flush()
        except ConnectionError:
            # The page was closed.
            return


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--tasks", type=int, default=20_000, help="tasks a second")
    parser.add_argument("--view", default="status")
    parser.add_argument("--picture", default=None, help="a file for what is shown at the end")
    given = parser.parse_args()
    path = executable()
    if path is None:
        raise SystemExit("there is no Chromium: see tests/get_browser.sh")
    cluster = Cluster(given.workers, given.tasks)
    # All is made before: nothing but the page is measured.
    news = [cluster.news(at) for at in range(int((given.seconds + 15) / PACE_S))]
    ended = threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Served, news, ended))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with Browser(path, Path(tempfile.mkdtemp()) / "profile") as browser:
        page = browser.open(f"http://127.0.0.1:{server.server_address[1]}/{given.view}")
        page.until("document.getElementById('link').className === 'live'")
        time.sleep(5)
        n_frames, took_ms, longest_ms = page.evaluate(COUNT % (1000 * given.seconds))
        print(
            f"{given.view}, {given.workers:,} workers, {given.tasks:,} tasks a second: "
            f"{1000 * n_frames / took_ms:.1f} frames a second, the longest pause {longest_ms:.0f} ms"
        )
        if given.picture:
            page.picture(Path(given.picture))
        for complaint in page.complaints:
            print("the console:", complaint)
    ended.set()
    server.shutdown()


if __name__ == "__main__":
    main()
