"""Every test leaves nothing behind; a browser, where there is one."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator

import pytest
from raskt.callbacks import Callback

from .chromium import Browser, executable


@pytest.fixture(autouse=True)
def _nothing_stays_active() -> Iterable[None]:
    before = set(threading.enumerate())
    yield
    assert Callback.active == set()
    # Threads of earlier tests (of a server's last connections, say) may end meanwhile.
    assert set(threading.enumerate()) <= before


@pytest.fixture(scope="package")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    path = executable()
    if path is None:
        pytest.skip("there is no Chromium: see tests/get_browser.sh")
    with Browser(path, tmp_path_factory.mktemp("browser") / "profile") as browser:
        yield browser
