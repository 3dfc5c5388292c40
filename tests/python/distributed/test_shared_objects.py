"""Datasets, metadata and events, which clients share."""

from __future__ import annotations

import asyncio
import gc
import threading
import time

import numpy as np
import pandas as pd
import pytest
import raskt.array as ra
import raskt.bag as rb
import raskt.dataframe as rd
from raskt.distributed import Client

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PATIENCE = 60


def test_datasets_outlive_the_client_that_published_them(cluster: Any) -> None:
    frame = pd.DataFrame({"a": range(6), "b": [1, 2] * 3})
    with Client(cluster, set_as_default=False) as gone, gone.as_current():
        x = gone.persist(ra.arange(20, chunks=5) * 2)
        df = gone.persist(rd.from_pandas(frame, npartitions=2))
        # What is not persisted is computed by whom gets it.
        gone.publish_dataset(x=x, df=df, bag=rb.range(4, npartitions=2).map(str), plain={"n": 1})
        gone.publish_dataset(gone.submit(pow, 2, 5), name="future")
        del x, df
    gc.collect()
    with Client(cluster) as client:
        assert client.list_datasets() == ("bag", "df", "future", "plain", "x")
        x = client.get_dataset("x")
        n_held = len(client.who_has())
        assert n_held >= 7
        np.testing.assert_array_equal((x + 1).compute(), np.arange(20) * 2 + 1)
        pd.testing.assert_frame_equal(client.get_dataset("df").compute(), frame)
        assert client.get_dataset("bag").compute() == ["0", "1", "2", "3"]
        assert client.get_dataset("future").result(timeout=PATIENCE) == 32
        assert client.datasets["plain"] == {"n": 1}
        del x
        for name in client.list_datasets():
            client.unpublish_dataset(name)
        client.unpublish_dataset("was never there")
        gc.collect()
        deadline = time.monotonic() + PATIENCE
        while client.who_has():
            assert time.monotonic() < deadline
            time.sleep(0.01)


def test_names_of_datasets_are_taken_once(idle: Client) -> None:
    idle.publish_dataset(x=1)
    with pytest.raises(KeyError, match="dataset x is published"):
        idle.publish_dataset(x=2)
    idle.publish_dataset(2, name="x", override=True)
    assert idle.get_dataset("x") == 2
    with pytest.raises(KeyError, match="Dataset 'y' not found"):
        idle.get_dataset("y")
    assert idle.get_dataset("y", default=None) is None
    for call in (
        lambda: idle.publish_dataset(1),
        lambda: idle.publish_dataset(1, 2, name="x"),
        lambda: idle.publish_dataset(name="x"),
    ):
        with pytest.raises(ValueError, match="by name"):
            call()
    idle.datasets["z"] = 3
    assert dict(idle.datasets) == {"x": 2, "z": 3}
    assert len(idle.datasets) == 2
    del idle.datasets["z"]
    assert "z" not in idle.datasets


def test_futures_of_another_cluster_are_refused(cluster: Any, idle: Client) -> None:
    with Client(cluster, set_as_default=False) as there, pytest.raises(ValueError, match="another cluster"):
        idle.publish_dataset(x=there.submit(abs, -1))


def test_metadata_is_a_tree_for_all_clients(scheduler: Any, idle: Client) -> None:
    with Client(scheduler, set_as_default=False) as other:
        idle.set_metadata("a", {"b": {1: 2}})
        idle.set_metadata(["run", 7, "state"], "begun")
        idle.set_metadata(["run", 8], [1])
        assert other.get_metadata("a") == {"b": {1: 2}}
        assert other.get_metadata(["a", "b", 1]) == 2
        assert other.get_metadata("run") == {"7": {"state": "begun"}, "8": [1]}
        assert other.get_metadata(["run", 7, "state"]) == "begun"
        for path in (["a", "c"], ["none"], ["run", 8, "x"], ["a", "b", "1", "2"]):
            with pytest.raises(KeyError):
                other.get_metadata(path)
            assert other.get_metadata(path, default=5) == 5
        with pytest.raises(ValueError, match="kept at a"):
            idle.set_metadata(["a", "b"], 1)
        idle.set_metadata("run", None)
        assert other.get_metadata("run") is None
        with pytest.raises(ValueError, match="at least one"):
            idle.set_metadata([], 1)


def test_events_are_logged_and_heard(scheduler: Any, idle: Client) -> None:
    with Client(scheduler, set_as_default=False) as other:
        heard: list[Any] = []
        there = threading.Event()

        def hear(event: Any) -> None:
            heard.append(event[1])
            if event[1] == "last":
                there.set()

        async def hear_later(event: Any) -> None:
            await asyncio.sleep(0)
            heard.append(("later", event[1]))

        before = time.time()
        idle.log_event("t", {"n": 1})
        other.subscribe_topic("t", hear)
        other.subscribe_topic("u", hear_later)
        assert other.get_events("nothing") == ()
        idle.log_event(["t", "u"], 3)
        idle.log_event("t", "last")
        assert there.wait(PATIENCE)
        assert heard == [3, ("later", 3), "last"]
        events = other.get_events("t")
        assert [message for _, message in events] == [{"n": 1}, 3, "last"]
        assert all(before - 1 <= when <= time.time() + 1 for when, _ in events)
        assert {topic: len(events) for topic, events in idle.get_events().items()} == {"t": 3, "u": 1}
        other.unsubscribe_topic("t")
        with pytest.raises(ValueError, match="No event handler known for topic t"):
            other.unsubscribe_topic("t")
        idle.log_event("t", "unheard")
        assert len(other.get_events("t")) == 4
        assert "unheard" not in heard


def test_asynchronous_clients_share(scheduler: Any) -> None:
    async def main() -> None:
        async with Client(scheduler, asynchronous=True) as client:
            await client.publish_dataset(x=1, y=2)
            assert await client.list_datasets() == ("x", "y")
            assert await client.get_dataset("x") == 1
            assert await client.datasets["y"] == 2
            assert [name async for name in client.datasets] == ["x", "y"]
            with pytest.raises(TypeError, match="publish_dataset"):
                client.datasets["z"] = 3
            await client.unpublish_dataset("x")
            await client.set_metadata("a", 1)
            assert await client.get_metadata("a") == 1
            heard: asyncio.Queue[Any] = asyncio.Queue()

            async def hear(event: Any) -> None:
                await heard.put(event[1])

            client.subscribe_topic("t", hear)
            await client.log_event(["t"], "m")
            assert await asyncio.wait_for(heard.get(), PATIENCE) == "m"
            assert list(await client.get_events()) == ["t"]

    asyncio.run(main())
