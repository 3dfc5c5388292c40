"""The opportunistic cache."""

from __future__ import annotations

import sys
from collections.abc import Hashable
from operator import add, mul
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from raskt.cache import Cache

from .fake_run import Ticks, get


def test_cache_replaces_tasks_that_have_run_before() -> None:
    runs: list[int] = []
    dsk = {"x": (lambda: runs.append(1) or 5,), "y": (add, "x", 1)}
    with Cache(1e6, nbytes=sys.getsizeof) as cache:
        assert get(dsk)["y"] == 6
        assert get({**dsk, "z": (mul, "y", 2)})["z"] == 12
    assert runs == [1]
    assert dict(cache.data) == {"x": 5, "y": 6, "z": 12}
    get(dsk)
    assert runs == [1, 1]
    cache.clear()
    assert dict(cache.data) == {}
    assert cache.total_bytes == 0


def test_cache_drops_what_is_cheap_for_its_bytes() -> None:
    cache = Cache(1000, nbytes=len)
    cache.put("dear", b"", cost=10, nbytes=400)
    cache.put("cheap", b"", cost=0.1, nbytes=400)
    cache.put("middle", b"", cost=1, nbytes=400)
    assert set(cache.data) == {"dear", "middle"}
    assert cache.total_bytes == 800
    cache.put("too big", b"", cost=1e9, nbytes=1001)
    assert set(cache.data) == {"dear", "middle"}
    cache.put("worthless", b"", cost=0, nbytes=400)
    assert set(cache.data) == {"dear", "middle"}


def test_cache_keeps_what_is_used_and_forgets_with_time() -> None:
    cache = Cache(1000, halflife=10)
    cache.put("used", 1, cost=1, nbytes=400)
    cache.put("idle", 1, cost=1.5, nbytes=400)
    for _ in range(3):
        assert cache.known(["used", "other"]) == {"used": 1}
    cache.put("new", 1, cost=2, nbytes=400)
    assert set(cache.data) == {"used", "new"}
    for n in range(200):
        cache.put(n, 1, cost=0.5, nbytes=400)
    assert "used" not in cache.data


def test_cache_leaves_out_what_costs_less_than_the_minimum() -> None:
    cache = Cache(1e6, min_cost=1.5, nbytes=sys.getsizeof)
    get({"a": (add, 1, 1), "b": (add, "a", 1)}, callbacks=cache, clock=Ticks())
    # Each took one second of this clock; b's cost is that of a too.
    assert set(cache.data) == {"b"}


def test_scores_of_the_cache_survive_any_number_of_uses() -> None:
    cache = Cache(1000, halflife=0.5)
    cache.put("x", 1, cost=2, nbytes=400)
    cache.put("y", 1, cost=1, nbytes=400)
    for _ in range(5000):
        cache.known(["x"])
        cache.known(["y"])
    assert all(0 < score < 1e110 for score in cache._scores.values())
    assert len(cache._heap) < 100
    cache.put("z", 1, cost=1e-9, nbytes=400)
    assert set(cache.data) == {"x", "y"}


@given(
    st.lists(st.tuples(st.integers(0, 12), st.floats(0, 10), st.integers(0, 150), st.booleans()), max_size=60)
)
def test_cache_never_exceeds_its_bytes_and_stays_consistent(
    moves: list[tuple[int, float, int, bool]],
) -> None:
    cache = Cache(300, halflife=3)
    newest: dict[Hashable, Any] = {}
    for number, (key, cost, nbytes, use) in enumerate(moves):
        if use:
            found = cache.known([key])
            assert found == ({key: cache.data[key]} if key in cache.data else {})
        else:
            cache.put(key, number, cost, nbytes)
            newest[key] = number
        assert cache.total_bytes == sum(cache._sizes.values()) <= 300
        assert cache._values.keys() == cache._sizes.keys() == cache._scores.keys()
        assert all(newest[key] == value for key, value in cache.data.items())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"available_bytes": -1}, "zero or more"), ({"available_bytes": 1, "halflife": 0}, "halflife")],
)
def test_cache_refuses_nonsense(arguments: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Cache(**arguments)
