"""Two reports beside each other, as one page."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

from raskt import _raskt

if TYPE_CHECKING:
    from os import PathLike

__all__ = ["compare_reports"]

_TITLE = re.compile("<title>(.*?)</title>", re.DOTALL)
_RECORDED = re.compile('<script type="application/json" id="recorded">(.*?)</script>', re.DOTALL)


def compare_reports(
    first: str | PathLike[str],
    second: str | PathLike[str],
    filename: str | PathLike[str] = "raskt-comparison.html",
    *,
    title: str = "Comparison",
) -> None:
    """Write a page that shows two runs beside each other: one file that loads nothing.

    It tells what took longer, altogether and by function, and draws both streams of tasks at one scale of
    time.

    Parameters
    ----------
    first, second : path
        Reports that `performance_report` wrote, of threads, processes or clusters; the earlier one first.
    filename : path, default "raskt-comparison.html"
        Where to write it.
    title : str, default "Comparison"
        The page's title.

    Raises
    ------
    ValueError
        For a file that is no report.

    Examples
    --------
    >>> import raskt, tempfile, pathlib
    >>> from raskt.diagnostics import compare_reports, performance_report
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> for name, n in [("before", 4), ("after", 2)]:
    ...     with performance_report(folder / f"{name}.html", title=name):
    ...         raskt.delayed(sum)(range(n)).compute()
    6
    1
    >>> compare_reports(folder / "before.html", folder / "after.html", folder / "both.html")
    >>> (folder / "both.html").read_text("utf-8").startswith("<!doctype html>")
    True
    """
    import json
    from pathlib import Path

    (before, earlier), (after, later) = _read(first), _read(second)
    topics = json.dumps({"compared": {"titles": [before, after], "before": json.loads(earlier)}})
    Path(filename).write_text(_raskt.report_page(title, later, topics), "utf-8")


def _read(path: str | PathLike[str]) -> tuple[str, str]:
    """The title of a report, and what it recorded."""
    from pathlib import Path

    text = Path(path).read_text("utf-8")
    title, recorded = _TITLE.search(text), _RECORDED.search(text)
    if title is None or recorded is None:
        raise ValueError(f"{str(path)!r} is no report that performance_report wrote")
    return unescape(title[1]), recorded[1]
