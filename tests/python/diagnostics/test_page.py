"""The page: what it holds, and what it does not need."""

from __future__ import annotations

import re
import subprocess
import sys
from operator import add
from pathlib import Path
from typing import Any

import pytest
from raskt.diagnostics import CacheProfiler, Profiler, ResourceProfiler, visualize

from .fake_run import CHAIN, Ticks, chart_of, charts_of, get


def test_page_holds_what_the_profilers_recorded(tmp_path: Path) -> None:
    cached = CacheProfiler(metric=lambda value: value, metric_name="value")
    with Profiler() as prof, ResourceProfiler(dt=3600) as resources:
        get(CHAIN, ["c", "d"])
        get(CHAIN, ["c"], callbacks=cached, clock=Ticks())
    page = visualize([prof, resources, cached], filename=tmp_path / "profile.html")
    assert page.path == tmp_path / "profile.html"
    html = (tmp_path / "profile.html").read_text("utf-8")
    assert html == page.html
    tasks, usage, held = charts_of(html)
    assert [chart["kind"] for chart in (tasks, usage, held)] == ["tasks", "resources", "cache"]
    assert tasks["keys"] == ["a", "b", "c", "d"]
    assert [tasks["functions"][f] for f in tasks["calls"]] == ["add", "mul", "add", "add"]
    assert [tasks["workers"][lane] for lane in tasks["lanes"]] == [0, 1, 0, 1]
    start = tasks["origin"] + sum(tasks["starts"][:2]) / 1e9
    assert start == pytest.approx(prof.results[1].start_time, abs=1e-6)
    assert usage["memory"][0] == pytest.approx(resources.results[0].mem, abs=1e-3)
    assert held["sizes"] == [3, 30, 33, 31]
    assert held["durations"][0] == 4_000_000_000


def test_page_needs_nothing_else() -> None:
    html = visualize(Profiler(), save=False).html
    assert re.findall(r"(?:src|href)\s*=|https?://|@import|url\(", html) == []
    assert "@program@" not in html
    assert "@data@" not in html


def test_names_and_titles_cannot_break_out_of_the_page() -> None:
    hostile = "</script><script>alert(1)</script>"
    with Profiler() as prof:
        get({hostile: (add, 1, 1)})
    html = visualize(prof, save=False, title=hostile).html
    assert "alert(1)</script>" not in html
    assert charts_of(html)[0]["keys"] == [hostile]


@pytest.mark.parametrize("kind", [Profiler, ResourceProfiler, CacheProfiler])
def test_a_profiler_that_recorded_nothing_still_draws(kind: Any) -> None:
    prof = kind()
    assert chart_of(prof)["length"] == 0
    assert prof.visualize(save=False).html.startswith("<!doctype html>")


def test_what_visualize_does_not_understand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.warns(UserWarning, match="bokeh have no effect: palette, width"):
        Profiler().visualize(width=800, palette="Viridis", file_path="other.html")
    assert [path.name for path in tmp_path.iterdir()] == ["other.html"]
    with pytest.raises(TypeError, match="no option colour"):
        Profiler().visualize(colour="red")
    with pytest.raises(TypeError, match="draws Profiler, ResourceProfiler and CacheProfiler, not 3"):
        visualize([3])  # type: ignore[list-item]
    visualize([Profiler()])
    assert (tmp_path / "profile.html").exists()


def test_show_opens_a_browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    page = visualize(Profiler(), save=False, show=True)
    assert page.path is not None
    assert opened == [page.path.as_uri()]
    assert page.path.is_relative_to(tmp_path)


def test_a_page_shows_itself_in_a_notebook() -> None:
    page = visualize(Profiler(), save=False, title='a "title"')
    assert re.match(r'<iframe [^>]*sandbox="allow-scripts"', page._repr_html_())
    assert "not saved" in repr(page)


def test_importing_diagnostics_is_light() -> None:
    heavy = {"numpy", "pandas", "pyarrow", "asyncio", "inspect", "psutil", "IPython", "json", "gzip"}
    program = (
        "import sys; before = set(sys.modules); import raskt.diagnostics, raskt.cache; "
        "print(' '.join(sys.modules.keys() - before))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert heavy & set(done.stdout.split()) == set()
