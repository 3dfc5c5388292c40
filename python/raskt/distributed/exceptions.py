"""What goes wrong on clusters."""

from __future__ import annotations

import builtins
import concurrent.futures

from raskt._raskt import Reschedule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CancelledError", "DataLostError", "KilledWorker", "Reschedule", "TimeoutError"]

CancelledError = concurrent.futures.CancelledError
"""A future was cancelled."""

TimeoutError = builtins.TimeoutError  # noqa: A001 - Dask's name
"""Something did not happen in time."""


class KilledWorker(Exception):
    """Workers ended while they ran a task, more often than ``allowed-failures`` lets them.

    Parameters
    ----------
    task : str
        The key of the task.
    deaths : sequence of (str, str)
        Of each worker its name and how it ended.
    story : str
        All of that as a sentence.

    Examples
    --------
    >>> from raskt.distributed import KilledWorker
    >>> error = KilledWorker("f-1", [("a", "exit code 9")], "worker a ended (exit code 9)")
    >>> error.task, error.last_worker
    ('f-1', 'a')
    """

    def __init__(self, task: str, deaths: Sequence[tuple[str, str]], story: str) -> None:
        super().__init__(task, list(deaths), story)
        self.task = task
        self.deaths = list(deaths)
        self.story = story

    @property
    def last_worker(self) -> str | None:
        """The worker that ended last."""
        return self.deaths[-1][0] if self.deaths else None

    def __str__(self) -> str:
        return self.story


class DataLostError(RuntimeError):
    """Data that was scattered is gone with the workers that held it."""
