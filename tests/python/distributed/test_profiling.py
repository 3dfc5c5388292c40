"""What tasks do at the moment, and where they spent their time."""

from __future__ import annotations

import threading
import time

import numpy
import pytest
import raskt.array
from raskt import config
from raskt.distributed import Client, Event, _stacks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

PATIENCE = 60


def waiting(name: str) -> str:
    Event("running " + name).set()
    while not Event("end").wait(timeout=PATIENCE):
        pass
    return name


def working(seconds: float) -> int:
    until, n = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        n += sum(range(1000))
    return n


def names_in(tree: dict[str, Any]) -> Iterator[str]:
    for child in tree["children"].values():
        yield child["description"]["name"]
        yield from names_in(child)


def test_call_stacks_are_those_of_the_tasks_that_run(client: Client) -> None:
    futures = [client.submit(waiting, name, key=f"wait-{name}") for name in "ab"]
    for name in "ab":
        assert Event("running " + name).wait(timeout=PATIENCE)
    until = time.monotonic() + PATIENCE
    # They may still be on their way back from what told that they run.
    while str(stacks := client.call_stack()).count("while not Event") < 2:
        assert time.monotonic() < until
    assert sorted(key for of in stacks.values() for key in of) == ["wait-a", "wait-b"]
    assert set(stacks) == set(client.nthreads())
    for of in stacks.values():
        for lines in of.values():
            assert "test_profiling.py" in lines[0]
            assert "in waiting" in lines[0]
            assert 'while not Event("end").wait' in lines[0]
    ((address, of),) = client.call_stack(futures[1]).items()
    assert list(of) == ["wait-b"]
    assert address in stacks
    assert list(client.call_stack(keys=["wait-a"]).popitem()[1]) == ["wait-a"]
    assert client.call_stack(keys=["nothing"]) == {}
    Event("end").set()
    assert client.gather(futures) == ["a", "b"]
    assert client.call_stack() == {}


def test_profiles_show_where_tasks_spent_their_time(client: Client) -> None:
    begun = time.time()
    futures = [
        client.submit(working, 0.3, key=f"working-{at}", workers=[worker])
        for at, worker in enumerate(client.nthreads())
    ]
    client.gather(futures)
    profile = client.profile(start=begun)
    assert set(profile) == {"count", "children", "identifier", "description"}
    assert profile["count"] > 0
    assert "working" in set(names_in(profile))
    children = client.profile("working", start=begun)["children"].values()
    (child,) = [child for child in children if child["description"]["name"] == "working"]
    assert child["description"]["filename"] == __file__
    assert child["description"]["line"] == "def working(seconds: float) -> int:"
    assert client.profile("no such name")["count"] == 0
    assert client.profile(stop=begun - 3600)["count"] == 0
    apart = client.profile("working", start=begun, merge_workers=False)
    assert set(apart) == set(client.nthreads())
    assert all(tree["count"] > 0 for tree in apart.values())
    with pytest.raises(NotImplementedError, match="returns the tree"):
        client.profile(plot=True)
    with pytest.raises(NotImplementedError, match="scheduler"):
        client.profile(scheduler=True)


def test_native_tasks_are_shown_by_their_name() -> None:
    with Client(n_workers=1, threads_per_worker=1, processes=False) as client:
        begun, until = time.time(), time.monotonic() + PATIENCE
        while True:
            raskt.array.random.default_rng(0).standard_normal((1000, 1000), chunks=500).sum().compute()
            found = set(names_in(client.profile(start=begun)))
            if any(name.endswith("(native)") for name in found) or time.monotonic() > until:
                break
        assert any(name.endswith("(native)") for name in found)


def test_nothing_is_sampled_where_nobody_wants_it() -> None:
    def samplers() -> list[threading.Thread]:
        return [thread for thread in threading.enumerate() if thread.name == "raskt-samples"]

    with Client(n_workers=1, threads_per_worker=1, processes=False):
        assert len(samplers()) == 1
    assert samplers() == []
    with config.set({"cluster.profile-interval": 0}), Client(n_workers=1, processes=False) as client:
        assert samplers() == []
        begun = time.time()
        client.submit(working, 0.05).result(timeout=PATIENCE)
        assert client.profile(start=begun + 2)["count"] == 0


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_stacks, "_N_FRAMES_MAX", 20)
    monkeypatch.setattr(_stacks, "_N_LABELS_MAX", 3)
    codes = [compile("0", f"file {at}", "eval") for at in range(100)]
    samples = _stacks._Samples()
    for second in range(10):
        samples.add(second, [(f"name {at}", codes[at : at + 2]) for at in range(10)])
    tree = samples.tree(None, None, None)
    rows = _stacks.rows_of(tree, 1000)
    assert 0 < len(rows) <= 20
    assert samples._n_frames <= 20
    assert len(_stacks.rows_of(tree, 3)) == 3
    samples.add(1000, [("deep", codes)])
    assert samples.tree("deep", 1000, 1001)["count"] == 1
    assert samples._n_frames <= 40


def test_profiles_are_merged_by_function() -> None:
    code, inner = compile("0", "f", "eval"), compile("1", "g", "eval")
    samples = _stacks._Samples()
    samples.add(0, [("a", [code]), ("b", [code, inner])])
    tree = samples.tree(None, None, None)
    both = _stacks.merged([tree, tree])
    assert both["count"] == 4
    (child,) = both["children"].values()
    assert child["count"] == 4
    assert [inner["count"] for inner in child["children"].values()] == [2]


def measure_shortly() -> None:
    from raskt.distributed import _measuring

    _measuring._DURATION = 0.01


def test_hardware_is_measured(client: Client) -> None:
    client.run(measure_shortly)
    found = client.benchmark_hardware()
    assert set(found) == {"disk", "memory", "network"}
    for rates in found.values():
        assert set(rates) == {"1 kiB", "100 kiB", "1 MiB", "10 MiB"}
        assert numpy.all(numpy.array(list(rates.values())) > 0)


def test_a_client_that_awaits_sees_the_same(cluster: Any) -> None:
    import asyncio

    async def main() -> None:
        async with Client(cluster, asynchronous=True) as client:
            assert await client.call_stack() == {}
            assert (await client.profile("no such name"))["count"] == 0

    asyncio.run(main())


def test_tasks_go_on_while_they_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    # What a task is called is asked of Python, where the task itself may wait for whoever looks.
    monkeypatch.setenv("RASKT_CLUSTER__PROFILE_INTERVAL", "0.1 ms")
    with Client(n_workers=1, threads_per_worker=2) as client:
        assert client.run(config.get, "cluster.profile-interval").popitem()[1] == "0.1 ms"
        futures = [client.submit(pow, at, 2, key=f"pow-{at}") for at in range(2000)]
        assert client.gather(futures) == [at**2 for at in range(2000)]
        assert client.gather(client.map(working, [0.001] * 100, pure=False))
        client.call_stack()
