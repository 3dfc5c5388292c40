"""The runner of `make test` does not take silence for success."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import suite
from suite import Outcome


@pytest.mark.parametrize(
    ("outcome", "trouble"),
    [
        (Outcome("python", 3, 0, 1, exit_code=0, seconds=1.0), None),
        (Outcome("python", 2, 1, 0, exit_code=1, seconds=1.0), "1 failed"),
        (Outcome("python", 0, 0, 0, exit_code=5, seconds=1.0), "ran no test"),
        (Outcome("rust", 0, 0, 0, exit_code=0, seconds=1.0), "ran no test"),
        (Outcome("rust", 9, 0, 0, exit_code=101, seconds=1.0), "exit code 101"),
        (Outcome("python", 0, 0, 0, exit_code=-11, seconds=1.0), "ended by SIGSEGV"),
    ],
)
def test_only_a_suite_that_ran_and_passed_is_without_trouble(outcome: Outcome, trouble: str | None) -> None:
    assert outcome.trouble == trouble


def test_the_totals_of_all_executables_of_cargo_are_read() -> None:
    output = (
        "test result: ok. 15 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.02s\n"
        "test result: FAILED. 7 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.02s\n"
    )
    assert suite.CARGO_TOTALS.findall(output) == [("15", "0", "2"), ("7", "1", "0")]


@pytest.mark.parametrize(
    ("body", "passed", "failed", "code"),
    [
        ("def test_a(): pass\ndef test_b(): assert 0\n", 1, 1, 1),
        ("import os\ndef test_a(): pass\ndef test_b(): os._exit(3)\n", 0, 0, 3),
        ("x = 1\n", 0, 0, 5),
    ],
)
def test_pytest_is_counted_and_its_end_kept(
    body: str, passed: int, failed: int, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "test_inner.py"
    file.write_text(body)
    monkeypatch.setattr(suite, "PYTEST", {"inner": ["-p", "no:cacheprovider", "-c", "/dev/null", str(file)]})
    outcome = suite.pytest("inner")
    assert (outcome.passed, outcome.failed, outcome.exit_code) == (passed, failed, code)
    assert outcome.trouble is not None


def test_a_command_past_its_limit_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suite, "SECONDS_MAX", 1)
    code, output = suite.run([sys.executable, "-c", "import time; print('on', flush=True); time.sleep(600)"])
    assert (code, output) == (-9, "on\n")


def test_what_failed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "test_inner.py"
    file.write_text("def test_a(): assert 1 == 2\ndef test_b(broken): pass\ndef test_c(): pass\n")
    monkeypatch.setattr(suite, "PYTEST", {"inner": ["-p", "no:cacheprovider", "-c", "/dev/null", str(file)]})
    a, b = suite.pytest("inner").failures
    assert "test_inner::test_a - assert 1 == 2" in a
    assert "test_inner::test_b - failed on setup" in b
    output = "test one::two ... ok\ntest one::bad ... FAILED\ntest a.rs - A<T>::f (line 3) ... FAILED\n"
    assert suite.CARGO_FAILED.findall(output) == ["one::bad", "a.rs - A<T>::f (line 3)"]
