"""The progress bar."""

from __future__ import annotations

import io
import re
import sys
import threading
import time
import types
from operator import add
from typing import Any

import pytest
from raskt.callbacks import Observer
from raskt.diagnostics import ProgressBar, ResourceProfiler
from raskt.diagnostics import progress as progress_module
from raskt.diagnostics.progress import format_time

from .fake_run import CHAIN, fail, get, wait_for


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_needs_no_task_events() -> None:
    assert not Observer([ProgressBar(), ResourceProfiler()]).needs_tasks


def test_bar_ends_with_all_of_it_on_a_line_of_its_own() -> None:
    for out in (io.StringIO(), Tty()):
        bar = ProgressBar(out=out)
        with bar:
            get(CHAIN)
        last = out.getvalue().split("\r")[-1]
        assert re.fullmatch(r"\[#{40}\] \| 100% Completed \| [\d.]+ m?s *\n", last)
        assert bar.last_duration > 0


def test_bar_of_nothing_is_complete() -> None:
    out = io.StringIO()
    get({}, callbacks=ProgressBar(out=out, width=4))
    assert out.getvalue().startswith("[####] | 100%")


def test_failed_bar_says_how_far_it_came() -> None:
    out = io.StringIO()
    with pytest.raises(ZeroDivisionError):
        get({"a": (add, 1, 1), "b": (fail, "a")}, callbacks=ProgressBar(out=out, width=10))
    assert out.getvalue().startswith("[#####     ] | 50% Failed | ")


def test_terminal_shows_one_line_written_over() -> None:
    out = Tty()
    half = lambda _: wait_for(lambda: " 50% " in out.getvalue())  # noqa: E731
    get({"a": (add, 1, 1), "b": (half, "a")}, callbacks=ProgressBar(out=out, width=10, dt=0.001))
    text = out.getvalue()
    assert "\r[#####     ] | 50% Completed" in text
    assert text.count("\n") == 1
    assert text.endswith("\n")


def test_file_gets_at_most_a_line_for_each_tenth() -> None:
    out = io.StringIO()
    half = lambda _: (wait_for(lambda: " 50% " in out.getvalue()), time.sleep(0.02))  # noqa: E731
    get({"a": (add, 1, 1), "b": (half, "a")}, callbacks=ProgressBar(out=out, width=10, dt=0.001))
    lines = out.getvalue().splitlines()
    assert [line.split(" | ")[1] for line in lines] == ["50% Completed", "100% Completed"]
    assert "\r" not in out.getvalue()


def test_minimum_keeps_short_computations_silent() -> None:
    out = io.StringIO()
    bar = ProgressBar(minimum=3600, out=out, dt=0.001)
    with bar:
        get({"x": (time.sleep, 0.01)})
    assert out.getvalue() == ""
    assert bar.last_duration >= 0.01


def test_bar_writes_to_standard_output_as_it_is_when_the_computation_begins(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bar = ProgressBar()
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    get(CHAIN, callbacks=bar)
    assert "100%" in out.getvalue()
    assert capsys.readouterr().out == ""
    monkeypatch.setattr(sys, "stdout", None)
    get(CHAIN, callbacks=bar)


def test_closed_output_does_not_end_the_computation() -> None:
    out = Tty()
    out.close()
    assert get(CHAIN, callbacks=ProgressBar(out=out, dt=0.001))["d"] == 31


def test_two_computations_at_once_share_a_bar() -> None:
    out = io.StringIO()
    bar = ProgressBar(out=out, width=10)
    both = threading.Barrier(2)
    threads = [
        threading.Thread(target=get, args=({"x": (both.wait,)},), kwargs={"callbacks": bar}) for _ in "ab"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert out.getvalue().count("100% Completed") == 1


def test_notebook_updates_one_display(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[dict[str, str]] = []

    class Handle:
        def update(self, bundle: dict[str, str], raw: bool) -> None:
            shown.append(bundle)

    displays: list[Handle] = []

    def display(bundle: dict[str, str], raw: bool, display_id: bool) -> Handle:
        shown.append(bundle)
        displays.append(Handle())
        return displays[-1]

    module = types.ModuleType("IPython")
    module.get_ipython = lambda: types.SimpleNamespace(kernel=object())  # type: ignore[attr-defined]
    module.display = types.ModuleType("IPython.display")  # type: ignore[attr-defined]
    module.display.display = display  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", module)
    monkeypatch.setitem(sys.modules, "IPython.display", module.display)  # type: ignore[attr-defined]
    half = lambda _: wait_for(lambda: any("50% Completed" in one["text/plain"] for one in shown))  # noqa: E731
    with ProgressBar(dt=0.001):
        get({"a": (add, 1, 1), "b": (half, "a")})
    assert len(displays) == 1
    assert 'aria-valuenow="50"' in "".join(one["text/html"] for one in shown)
    assert 'aria-valuenow="100"' in shown[-1]["text/html"]
    assert "100% Completed" in shown[-1]["text/plain"]
    # A terminal session of IPython has no kernel.
    module.get_ipython = lambda: types.SimpleNamespace()  # type: ignore[attr-defined]
    assert not progress_module.in_notebook()


@pytest.mark.parametrize("kind", [ProgressBar, ResourceProfiler])
@pytest.mark.parametrize("dt", [0, -1, float("nan")])
def test_dt_must_be_positive(kind: Any, dt: float) -> None:
    with pytest.raises(ValueError, match="must be positive"):
        kind(dt=dt)


def test_times_read_as_people_say_them() -> None:
    assert [format_time(s) for s in (0.0015, 1, 99.994, 100, 3599, 7260)] == [
        "1.50 ms",
        "1.00 s",
        "99.99 s",
        "1m 40s",
        "59m 59s",
        "2hr 1m",
    ]
