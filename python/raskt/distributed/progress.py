"""How far futures have come, for terminals and notebooks."""

from __future__ import annotations

import threading
import time

from raskt import _raskt, config
from raskt.diagnostics.progress import Notebook, format_time, in_notebook, surface_for
from raskt.distributed.future import futures_of
from raskt.naming import key_split

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TextIO

    from raskt.diagnostics.progress import Surface
    from raskt.distributed.future import Future

__all__ = ["progress"]

_WIDTH = 40


def progress(
    *futures: Any,
    notebook: bool | None = None,
    multi: bool = True,
    complete: bool = True,
    group_by: str | Callable[[Any], str] = "prefix",
    out: TextIO | None = None,
    **kwargs: Any,
) -> Any:
    """Show how many of some futures are done.

    In a terminal it returns when all are; in a notebook at once, and the display is kept up to date.

    Parameters
    ----------
    *futures : Future or collection, or lists of those
        What is looked at: futures, and what was persisted of collections.
    notebook : bool, optional
        Whether the bars are those of a notebook. Default: whether there is one.
    multi : bool, optional
        Whether a notebook shows a bar for each kind of key.
    complete, **kwargs : optional
        Taken for Dask's sake.
    group_by : {"prefix"} or callable, optional
        What the kind of a key is: its prefix, or what a function says.
    out : file, optional
        Where the line of a terminal goes. Default: standard output.

    Returns
    -------
    None
        An awaitable where the client is asynchronous and this is no notebook.

    Examples
    --------
    >>> from raskt.distributed import progress
    >>> progress(client.map(abs, range(100)))  # doctest: +SKIP
    [########################################] | 100% Completed | 105.20 ms
    """
    del complete, kwargs
    if group_by != "prefix" and not callable(group_by):
        raise NotImplementedError(f"group_by is 'prefix' or a function of a key, found {group_by!r}")
    found = futures_of(futures)
    if not found:
        return None
    if notebook is None:
        notebook = out is None and in_notebook()
    bars: list[_Bar] = []
    if not notebook:
        bars.append(_Bar(surface_for(out, _WIDTH), found, ""))
        return found[0].client._sync(_watch, bars)
    groups: dict[str, list[Future]] = {}
    for future in found:
        kind = key_split(future.key) if isinstance(group_by, str) else str(group_by(future.key))
        kind = kind if multi else ""
        groups.setdefault(kind, []).append(future)
    bars.extend(_Bar(Notebook(_WIDTH), some, kind) for kind, some in sorted(groups.items()))
    for bar in bars:
        bar.draw()
    threading.Thread(target=_watch, args=(bars,), name="raskt-progress", daemon=True).start()
    return None


class _Bar:
    """The bar of some futures."""

    def __init__(self, surface: Surface, futures: list[Future], kind: str) -> None:
        self._surface = surface
        self._futures = futures
        self._kind = kind
        self._begun = time.monotonic()
        self.is_over = False

    def draw(self) -> None:
        n_done = sum(future.done() for future in self._futures)
        n_all = len(self._futures)
        taken = format_time(time.monotonic() - self._begun)
        head = f"{self._kind} | {n_done} / {n_all} | " if self._kind else ""
        text = f"{head}{n_done * 100 // n_all}% Completed | {taken}"
        if n_done < n_all:
            self._surface.draw(n_done / n_all, text)
            return
        n_failed = sum(future.status == "error" for future in self._futures)
        if n_failed:
            text += f" | {n_failed} failed"
        self._surface.close(1.0, text, n_failed > 0)
        self.is_over = True


def _watch(bars: list[_Bar]) -> None:
    has_seceded = _raskt.cluster_secede()
    pause = config.resolve("diagnostics.progress-interval")
    try:
        while True:
            for bar in bars:
                if not bar.is_over:
                    bar.draw()
            if all(bar.is_over for bar in bars):
                return
            time.sleep(pause)
    finally:
        if has_seceded:
            _raskt.cluster_rejoin()
