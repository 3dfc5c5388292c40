"""What is logged in a worker's process, kept for `Client.get_worker_logs`."""

from __future__ import annotations

import logging
from collections import deque

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["keep", "lines"]

#: So many are kept, the newest.
_N_LINES_MAX = 10_000
_lines: deque[tuple[str, str]] = deque(maxlen=_N_LINES_MAX)
_FORMAT = logging.Formatter("%(asctime)s - %(name)s - %(levelname)s - %(message)s")


def keep() -> None:
    """Keep what is logged from here on.

    A handler would not do: with one there, what users set up by `logging.basicConfig` would be left out.
    """
    before = logging.getLogRecordFactory()

    def made(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = before(*args, **kwargs)
        try:
            text = _FORMAT.formatMessage(_ready(record))
        except Exception:
            # Arguments that do not fit the text are reported by whoever handles the record.
            text = f"{record.name} - {record.levelname} - {record.msg}"
        _lines.append((record.levelname, text))
        return record

    logging.setLogRecordFactory(made)


def _ready(record: logging.LogRecord) -> logging.LogRecord:
    record.message = record.getMessage()
    record.asctime = _FORMAT.formatTime(record)
    return record


def lines(n: int | None) -> tuple[tuple[str, str], ...]:
    """Return the newest `n` of what was logged, the oldest first: pairs of a level and text."""
    found = tuple(_lines)
    return found if n is None else found[max(0, len(found) - n) :]
