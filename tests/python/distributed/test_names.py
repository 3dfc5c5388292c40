"""Names of Dask's distributed, and keywords of clients: each is there, or said to be absent."""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import raskt
import raskt.distributed as ours
from raskt.distributed import Client, LocalCluster, span
from raskt.distributed.diagnostics import plugin

if TYPE_CHECKING:
    from collections.abc import Callable

DOCS = Path(__file__).resolve().parents[3] / "docs/from-dask.md"


def absent() -> dict[str, set[str]]:
    """The names that the documentation says are not there, by class."""
    text = DOCS.read_text("utf-8").split("## Names of distributed without a home")[1].split("\n## ")[0]
    found: dict[str, set[str]] = {}
    for of, names in re.findall(r"^\| `(\w+)` \| (.*?) \|", text, re.MULTILINE):
        found.setdefault(of, set()).update(re.findall(r"`(\w+)`", names))
    return found


def public(obj: Any) -> set[str]:
    return {name for name in dir(type(obj)) if not name.startswith("_")} | {
        name for name in getattr(obj, "__dict__", ()) if not name.startswith("_")
    }


def test_names_of_distributed_are_there_or_listed_as_absent() -> None:
    distributed = pytest.importorskip("distributed", minversion="2026.8")
    rows = absent()
    missing = {name for name in distributed.__all__ if not hasattr(ours, name)}
    assert missing - rows.pop("distributed") == set()
    with LocalCluster(n_workers=0, processes=False) as local, Client(local) as client:
        objects = [
            client,
            local,
            client.submit(int),
            ours.Lock(),
            ours.Semaphore(),
            ours.Event(),
            ours.Queue(),
        ]
        objects += [ours.Variable(), ours.Security(), ours.as_completed([]), ours.SpecCluster()]
        objects.append(ours.Adaptive(local, maximum=0))
        lost = {}
        for obj in objects:
            name = type(obj).__name__
            theirs = {each for each in dir(getattr(distributed, name)) if not each.startswith("_")}
            row = rows.pop(name, set())
            lost[name] = (theirs - public(obj) - row, row & public(obj))
        objects[-2].close()
    assert lost == dict.fromkeys(lost, (set(), set()))
    assert rows == {}


def test_keywords_of_clients_that_tune_nothing_are_taken_and_others_refused(idle: Client) -> None:
    address, token = idle._core.address, idle.cluster._token
    hints = {"loop": None, "heartbeat_interval": "5 s", "direct_to_workers": True, "connection_limit": 9}
    with Client(address, token=token, set_as_default=False, **hints) as client:
        assert client.status == "running"
    for name in ("serializers", "deserializers", "extensions"):
        with pytest.raises(NotImplementedError, match=rf"Client\({name}="):
            Client(address, token=token, set_as_default=False, **{name: ["pickle"]})
        with pytest.raises(NotImplementedError, match=name):
            Client(n_workers=0, **{name: ["pickle"]})
        Client(address, token=token, set_as_default=False, **{name: None}).close()
    with pytest.raises(TypeError, match="colour"):
        Client(address, token=token, set_as_default=False, colour="red")
    with pytest.raises(NotImplementedError, match="rebalance"):
        idle.amm.start()


def test_what_is_submitted_first_goes_first_and_nobody_can_say_otherwise(idle: Client) -> None:
    calls: list[Callable[..., Any]] = [
        lambda **terms: idle.submit(int, **terms),
        lambda **terms: idle.map(int, [1], **terms),
        lambda **terms: idle.compute([raskt.delayed(int)()], **terms),
        lambda **terms: idle.persist([raskt.delayed(int)()], **terms),
    ]
    for call in calls:
        for taken in (0, "0 s", "100 ms", "60s", None):
            call(fifo_timeout=taken)
        with pytest.raises(NotImplementedError, match="fifo_timeout='5 s': what is submitted first"):
            call(fifo_timeout="5 s")
    with pytest.raises(NotImplementedError, match="fifo_timeout"):
        idle.get({"x": 1}, "x", fifo_timeout=1)


def test_futures_tell_the_type_of_their_value(client: Client) -> None:
    future = client.submit(dict, a=1)
    future.result(timeout=60)
    assert future.type is dict
    failed = client.submit(int, "x")
    failed.exception(timeout=60)
    assert failed.type is None
    assert client.submit(pow, 2, 5, workers="nobody").type is None

    async def main() -> Any:
        async with Client(client.cluster, asynchronous=True, set_as_default=False) as other:
            value = other.submit(str, 5)
            await value
            return value.type

    assert asyncio.run(main()) is str


def test_spans_are_annotations_that_nest() -> None:
    with span("training") as outer, span("epoch", "step") as inner:
        said = raskt.get_annotations()["span"]
        made = raskt.delayed(int)(1)
    assert said["name"] == ("training", "epoch", "step")
    assert (said["ids"][0], said["ids"][2]) == (outer, inner)
    assert made.graph[made.key].annotations == {"span": said}
    assert "span" not in raskt.get_annotations()
    with pytest.raises(ValueError, match="Give a tag"), span():
        pass
    with pytest.raises(TypeError, match="found 5"), span(5):  # type: ignore[arg-type]
        pass


def test_installing_follows_no_link_that_somebody_has_put_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with plugin._one_of_this_machine():
        (lock,) = tmp_path.iterdir()
        with lock.open() as file, pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    lock.unlink()
    target = tmp_path / "precious"
    target.write_text("kept")
    os.symlink(target, lock)
    with pytest.raises(OSError, match="raskt-install"), plugin._one_of_this_machine():
        pass
    assert target.read_text() == "kept"
