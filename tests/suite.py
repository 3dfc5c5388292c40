"""Run the named suites one after another and print how many tests passed, in each and in all.

    python tests/suite.py rust rust-doc schedules python ship docs tidy

A suite that fails does not keep the next from running. What failed is named once more at the end, below
the totals, so that it is found in a log of which only the end was kept. The exit code is 1 if a test
failed, a suite ended abnormally (a crash, a time-out), or a suite ran no test at all: an empty suite
proves nothing.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# raskt-py is an extension module: an executable made of it would not link without libpython. Pytest tests it.
CARGO_TEST = ["cargo", "test", "--workspace", "--exclude", "raskt-py", "--no-fail-fast"]
CARGO = {
    "rust": [*CARGO_TEST, "--lib", "--bins", "--tests", "--examples"],
    "rust-doc": [*CARGO_TEST, "--doc"],
    # The pool on shuttle's threads and locks, which take the place of the real ones throughout the crate.
    "schedules": [*CARGO_TEST, "--features", "raskt-exec/shuttle", "--test", "interleavings"],
}
PYTEST = {
    "python": ["tests/python"],
    # The mode in which every graph goes through a planner without Python, over a share of the tests.
    "ship": [
        *(
            f"tests/python/test_{name}.py"
            for name in ("delayed", "graph", "annotations", "carrying", "protocol")
        ),
        *(
            f"tests/python/array/test_{name}.py"
            for name in ("array", "annotated", "compositions", "indexing")
        ),
        "tests/python/bag",
    ],
    "docs": ["--doctest-modules", "python/raskt", "docs"],
    "tidy": ["tests/tidy"],
}
# What the environment of a suite has besides.
ENVIRONMENT = {"ship": {"RASKT_TEST_SHIP": "1"}}
CARGO_FAILED = re.compile(r"^test (.+?)(?: - should panic)? \.\.\. FAILED$", re.MULTILINE)
CARGO_TOTALS = re.compile(r"test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored")
SECONDS_MAX = 40 * 60


@dataclass(frozen=True)
class Outcome:
    """What one suite did."""

    name: str
    passed: int
    failed: int
    skipped: int
    exit_code: int
    seconds: float
    failures: tuple[str, ...] = ()

    @property
    def trouble(self) -> str | None:
        """Why the suite does not count as passed, or None."""
        if self.failed:
            return f"{self.failed} failed"
        if (self.exit_code == 5 and self.name in PYTEST) or (self.exit_code == 0 and not self.passed):
            return "ran no test"
        if self.exit_code < 0:
            return f"ended by {signal.Signals(-self.exit_code).name}"
        return f"exit code {self.exit_code}" if self.exit_code else None


def run(command: list[str], environment: dict[str, str] | None = None) -> tuple[int, str]:
    """Run a command in the repository, copying its output to ours; give its exit code and that output."""
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    previous = signal.signal(signal.SIGALRM, lambda *_: os.killpg(process.pid, signal.SIGKILL))
    signal.alarm(SECONDS_MAX)
    lines = []
    assert process.stdout is not None
    try:
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(line)
        return process.wait(), "".join(lines)
    except KeyboardInterrupt:
        os.killpg(process.pid, signal.SIGINT)
        process.wait()
        raise
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)


def cargo(name: str, extra: list[str]) -> Outcome:
    """Run a suite of `cargo test` and add up the closing lines of its executables."""
    begin = time.monotonic()
    code, output = run([*CARGO[name], *extra])
    totals = [tuple(map(int, found)) for found in CARGO_TOTALS.findall(output)]
    passed, failed, skipped = (sum(column) for column in zip(*totals, strict=True)) if totals else (0, 0, 0)
    failures = tuple(CARGO_FAILED.findall(output))
    return Outcome(name, passed, failed, skipped, code, time.monotonic() - begin, failures)


def pytest(name: str) -> Outcome:
    """Run a suite of pytest; the counts come from its report, which a crash leaves unwritten."""
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", f"--junitxml={report}", *PYTEST[name]]
        code, _ = run(command, ENVIRONMENT.get(name))
        suites = list(ElementTree.parse(report).iter("testsuite")) if report.exists() else []
    tests, failed, skipped = (
        sum(int(suite.get(key, 0)) for suite in suites for key in keys)
        for keys in (["tests"], ["failures", "errors"], ["skipped"])
    )
    failures = tuple(failure for suite in suites for case in suite.iter("testcase") for failure in told(case))
    return Outcome(name, tests - failed - skipped, failed, skipped, code, time.monotonic() - begin, failures)


def told(case: ElementTree.Element) -> Iterable[str]:
    """A line for each failure of a test of pytest: where it stands, its name, the error's first line."""
    for kind in ("failure", "error"):
        for one in case.iter(kind):
            message = (one.get("message") or "").partition("\n")[0][:200]
            yield f"{case.get('classname')}::{case.get('name')} - {message}"


def table(outcomes: Iterable[Outcome]) -> str:
    """One line a suite."""
    rows = [f"{'suite':<10}{'passed':>8}{'failed':>8}{'skipped':>8}{'seconds':>9}"]
    for one in outcomes:
        counts = f"{one.name:<10}{one.passed:>8}{one.failed:>8}{one.skipped:>8}{one.seconds:>9.1f}"
        rows.append(f"{counts}  {one.trouble or ''}".rstrip())
    return "\n".join(rows)


def main() -> int:
    """Run the suites named on the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("suites", nargs="+", choices=[*CARGO, *PYTEST])
    parser.add_argument("--locked", action="store_true", help="fail if Cargo.lock is out of date")
    arguments = parser.parse_args()
    outcomes = []
    for name in arguments.suites:
        print(f"\n==== {name} ====", flush=True)
        extra = ["--locked"] if arguments.locked else []
        outcomes.append(cargo(name, extra) if name in CARGO else pytest(name))
    print(f"\n{table(outcomes)}\n")
    troubled = [one for one in outcomes if one.trouble]
    for one in troubled:
        print(f"suite {one.name}: {one.trouble}")
        for failure in one.failures:
            print(f"    {failure}")
    passed, failed, skipped = (
        sum(getattr(one, what) for one in outcomes) for what in ("passed", "failed", "skipped")
    )
    print(f"total: {passed} passed, {failed} failed, {skipped} skipped")
    return 1 if troubled else 0


if __name__ == "__main__":
    sys.exit(main())
