"""What is said of all tasks of a graph: where they run, what goes first, how often they are tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import raskt
import raskt.array as ra
from raskt.distributed import Client, LocalCluster, get_worker

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 60


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with (
        LocalCluster(n_workers=1, threads_per_worker=1, processes=False, resources={"GPU": 1}) as cluster,
        Client(cluster) as client,
    ):
        yield client


def where() -> str:
    return str(get_worker().name)


def call() -> Any:
    return raskt.delayed(where, pure=False)()


ASK = {
    "compute": lambda client, **terms: client.compute(call(), **terms),
    "computed lists": lambda client, **terms: client.compute([call()], **terms)[0],
    "computed arrays": lambda client, **terms: client.compute(ra.arange(9, chunks=3).sum(), **terms),
    "persist": lambda client, **terms: client.persist(call(), **terms),
    "raskt.persist": lambda _, **terms: raskt.persist(call(), **terms)[0],
    "get": lambda client, **terms: client.get({"x": (where,)}, "x", sync=False, **terms),
}


@pytest.mark.parametrize("ask", ASK.values(), ids=ASK)
def test_conditions_are_of_all_tasks_however_they_are_computed(client: Client, ask: Any) -> None:
    (future,) = client.futures_of(ask(client, workers="nowhere"))
    assert "a worker or host of nowhere" in client.explain(future)
    future.cancel()
    (future,) = client.futures_of(ask(client, resources={"GPU": 2.5}))
    assert "2.5" in client.explain(future)
    future.cancel()
    terms = {"workers": ["0", "nowhere"], "resources": {"GPU": 1}, "retries": 2, "priority": -3}
    (future,) = client.futures_of(ask(client, **terms))
    assert future.result(timeout=PATIENCE) in ("0", 36)
    (future,) = client.futures_of(ask(client, workers=["nowhere"], allow_other_workers=True))
    assert future.result(timeout=PATIENCE) in ("0", 36)


def test_what_computes_at_once_keeps_to_them_too(client: Client) -> None:
    tried: list[int] = []

    def fail_first() -> int:
        tried.append(1)
        if len(tried) < 3:
            raise OSError("not yet")
        return len(tried)

    assert raskt.delayed(fail_first, pure=False)().compute(retries=2) == 3
    assert call().compute(workers=["0"]) == "0"
    assert client.compute(call(), workers=client.nthreads(), sync=True) == "0"


def test_annotations_of_single_calls_count_before(client: Client) -> None:
    with raskt.annotate(workers=["nowhere"]):
        inner = call()
    (future,) = client.futures_of(client.persist(inner, workers=["0"]))
    assert "a worker or host of nowhere" in client.explain(future)
    future.cancel()


def test_terms_that_make_no_sense_are_refused(client: Client) -> None:
    with pytest.raises(ValueError, match="amounts from 0 to 9e"):
        client.persist(call(), resources={"GPU": -1})
    for ask in ("compute", "persist"):
        with pytest.raises(NotImplementedError, match="actors are made by"):
            ASK[ask](client, actors=True)
    value = call()
    assert client.normalize_collection(value) is value
