"""Every test leaves nothing behind."""

from __future__ import annotations

import threading
from collections.abc import Iterable

import pytest
from raskt.callbacks import Callback


@pytest.fixture(autouse=True)
def _nothing_stays_active() -> Iterable[None]:
    before = threading.active_count()
    yield
    assert Callback.active == set()
    assert threading.active_count() == before
