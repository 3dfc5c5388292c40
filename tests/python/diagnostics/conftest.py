"""Every test leaves nothing behind."""

from __future__ import annotations

import threading
from collections.abc import Iterable

import pytest
from raskt.callbacks import Callback


def _n_threads() -> int:
    """Count threads, but for the clock after which idle child processes end."""
    return sum(thread.name != "raskt-idle" for thread in threading.enumerate())


@pytest.fixture(autouse=True)
def _nothing_stays_active() -> Iterable[None]:
    before = _n_threads()
    yield
    assert Callback.active == set()
    assert _n_threads() == before
