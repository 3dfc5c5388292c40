"""The commands that ask a dashboard: ``raskt top`` and ``raskt explain``."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlsplit
from urllib.request import urlopen

__all__ = ["explain", "frame", "top"]

_LINK = "http://127.0.0.1:8787"
_BAR = " ▏▎▍▌▋▊▉█"
_SIZES = (("results", "managed"), ("spilled", "spilled"), ("process", "process"))
#: Leave the other screen's place; clear what is right of and below here.
_HOME, _CLEAR_LINE, _CLEAR_REST = "\x1b[H", "\x1b[K", "\x1b[J"


def top(words: list[str]) -> int:
    """``raskt top``: what runs, in a terminal, until Ctrl-C."""
    parser = argparse.ArgumentParser("raskt top", description="Show in the terminal what a dashboard shows.")
    parser.add_argument(
        "link", nargs="?", default=_LINK, help="the dashboard's address (default %(default)s)"
    )
    parser.add_argument("--interval", type=float, default=1.0, help="seconds between looks (default 1)")
    parser.add_argument("--once", action="store_true", help="look once, and end")
    given = parser.parse_args(words)
    if given.interval <= 0:
        parser.error(f"--interval {given.interval}: give more than 0")
    if given.once or not sys.stdout.isatty():
        print("\n".join(frame(_ask(given.link), *_size())))
        return 0
    try:
        sys.stdout.write("\x1b[?1049h\x1b[?25l")
        while True:
            lines = frame(_ask(given.link), *_size())
            sys.stdout.write(_HOME + "".join(f"{line}{_CLEAR_LINE}\r\n" for line in lines[:-1]))
            sys.stdout.write(f"{lines[-1]}{_CLEAR_LINE}{_CLEAR_REST}")
            sys.stdout.flush()
            time.sleep(given.interval)
    except KeyboardInterrupt:
        return 0
    finally:
        sys.stdout.write("\x1b[?25h\x1b[?1049l")
        sys.stdout.flush()


def explain(words: list[str]) -> int:
    """``raskt explain``: why a task of a cluster does not run."""
    parser = argparse.ArgumentParser(
        "raskt explain", description="Tell why a task of a cluster does not run."
    )
    parser.add_argument("key", help="""its key, such as sum-1 or "('x', 0, 3)\"""")
    parser.add_argument("--link", default=_LINK, help="the dashboard's address (default %(default)s)")
    given = parser.parse_args(words)
    print(_get(given.link, f"explain?key={quote(given.key)}").strip())
    return 0


def _get(link: str, topic: str) -> str:
    parts = urlsplit(link if "//" in link else f"http://{link}")
    if parts.scheme not in ("http", "https"):
        raise ValueError(f"the address of a dashboard begins with http://, found {link!r}")
    where = f"{parts.scheme}://{parts.netloc}"
    try:
        with urlopen(f"{where}/api/v1/{topic}", timeout=30) as answer:
            text: str = answer.read().decode("utf-8")
    except HTTPError as error:
        raise OSError(f"{where}: {error.read().decode('utf-8', 'replace').strip()}") from error
    except OSError as error:
        raise OSError(f"no dashboard answers at {where}: {error}") from error
    return text


def _ask(link: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_get(link, "summary"))
    return found


def _size() -> tuple[int, int]:
    size = shutil.get_terminal_size((100, 40))
    return size.columns, size.lines


def frame(state: dict[str, Any], width: int = 100, height: int = 40) -> list[str]:
    """The lines that show a state.

    Parameters
    ----------
    state : dict
        What a dashboard answers to ``/api/v1/summary``.
    width, height : int
        Columns and lines of the terminal.

    Returns
    -------
    list of str
        At most `height` lines of at most `width` characters.
    """
    groups, workers = state["groups"], state.get("workers", [])
    n_tasks, n_done, n_failed = (sum(group[at] for group in groups) for at in (1, 2, 3))
    n_running = state["processing"] if workers else len(state["running"])
    total = max(n_tasks, n_done + state["processing"] + state["waiting"] if workers else n_tasks)
    failed = f" · {n_failed:,} failed" if n_failed else ""
    place = f"{len(workers):,} workers, {state['cores']:,} threads" if workers else f"{state['cores']} cores"
    counts = f"{n_running:,} running · {state['ready']:,} ready{failed}"
    sizes = " · ".join(f"{name} {_bytes(state[of])}" for name, of in _SIZES)
    first = f"Raskt  {n_done:,} of {total:,} tasks done · {counts}"
    lines = [first, f"       {place} · processor {state['cpu']} % · {sizes}", ""]
    n_left = height - len(lines) - 2
    lines.extend(_functions(groups[: max(3, n_left // 2)], width))
    if not groups:
        lines.append("no task has run lately")
    lines.append("")
    n_left = height - len(lines)
    lines.extend((_workers(workers, width) if workers else _running(state, width))[:n_left])
    return [_printable(line)[:width] for line in lines[:height]]


def _functions(groups: list[Any], width: int) -> list[str]:
    wide = max(12, min(40, width - 58))
    lines = []
    for name, n, done, _failed, busy, *_ in groups:
        bar, counts = _bar(done / n if n else 0, 24), f"{done:,}/{n:,}"
        lines.append(f"{_short(name, wide):<{wide}} {bar} {counts:>17} {busy / 1000:>9.2f} s")
    return lines


def _workers(workers: list[Any], width: int) -> list[str]:
    wide = max(10, min(28, width - 66))
    lines = [f"{'worker':<{wide}} {'state':<16} {'runs':>9} {'waits':>7}  memory"]
    for name, _, state, (threads, running, waiting, _values, held, limit) in workers:
        full = _bar(held / limit if limit else 0, 16)
        runs = f"{running}/{threads}"
        lines.append(
            f"{_short(name, wide):<{wide}} {state:<16} {runs:>9} {waiting:>7}  {full} {_bytes(held)}"
        )
    return lines


def _running(state: dict[str, Any], width: int) -> list[str]:
    lanes = dict(state["lanes"])
    wide = max(20, width - 40)
    lines = []
    for lane, key, _, since in state["running"]:
        where, seconds = _short(lanes.get(lane, ""), 18), (state["now"] - since) / 1000
        lines.append(f"{_short(key, wide):<{wide}} {where:<18} {seconds:>9.2f} s")
    return lines


def _bar(share: float, width: int) -> str:
    eighths = round(min(max(share, 0), 1) * width * 8)
    whole, rest = divmod(eighths, 8)
    return ("█" * whole + (_BAR[rest] if rest else "")).ljust(width, "·")


def _bytes(n: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if n < 1024:
            return f"{n:.0f} {unit}" if unit == "B" or n >= 100 else f"{n:.1f} {unit}"
        n /= 1024
    return f"{n:.1f} PiB"


def _short(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _printable(line: str) -> str:
    """A line without what would command the terminal: names may hold anything."""
    return "".join(character if character.isprintable() else "?" for character in line)
