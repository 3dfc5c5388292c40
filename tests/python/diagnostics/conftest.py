"""Every test leaves nothing behind."""

from __future__ import annotations

import threading
from collections.abc import Iterable

import pytest
from raskt.callbacks import Callback


@pytest.fixture(autouse=True)
def _nothing_stays_active() -> Iterable[None]:
    before = set(threading.enumerate())
    yield
    assert Callback.active == set()
    # Threads of earlier tests (of a server's last connections, say) may end meanwhile.
    assert set(threading.enumerate()) <= before
