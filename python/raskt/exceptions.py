"""The exceptions that Raskt itself raises, each derived from the built-in that fits it.

Whatever a task raises reaches whoever computes as it is, with a note that names the task.
"""

from __future__ import annotations

from raskt._raskt import (
    ComputationCancelled,
    CycleError,
    GraphError,
    KeyClashError,
    MissingKeyError,
    SpillError,
    TaskExitError,
    TaskPanicError,
    WorkerDiedError,
)
from raskt.tokenize import TokenizationError


class PerformanceWarning(UserWarning):
    """Something will take more time or memory than another way to ask for it would."""


__all__ = [
    "ComputationCancelled",
    "CycleError",
    "GraphError",
    "KeyClashError",
    "MissingKeyError",
    "PerformanceWarning",
    "SpillError",
    "TaskExitError",
    "TaskPanicError",
    "TokenizationError",
    "WorkerDiedError",
]
