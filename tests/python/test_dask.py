"""Dask on Raskt's engine, and Raskt's collections in Dask's protocol."""

from __future__ import annotations

import operator
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import dask
import dask._task_spec as spec
import dask.array as da
import dask.bag as db
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pint
import pytest
import raskt
import raskt.array as ra
import raskt.bag as rb
import raskt.local
import raskt.multiprocessing
import raskt.threaded
import xarray as xr
from dask.highlevelgraph import HighLevelGraph, MaterializedLayer
from hypothesis import given, settings
from hypothesis import strategies as st

GETS = [raskt.threaded.get, raskt.local.get_sync, raskt.multiprocessing.get]


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame({"a": np.arange(1000) % 7, "b": rng.random(1000), "c": list("abcdefghij") * 100})


# ---- Dask's collections by Raskt's schedulers ----


@pytest.mark.parametrize("get", GETS, ids=["threads", "sync", "processes"])
def test_a_dask_array_is_computed_by_a_scheduler_of_raskt(get: Any) -> None:
    x = da.random.default_rng(0).normal(size=(40, 30), chunks=(10, 7))
    y = ((x + x.mean(axis=0)) * 2).sum(axis=1)
    np.testing.assert_allclose(y.compute(scheduler=get), y.compute(scheduler="sync"))


FRAMES: list[Callable[[Any], Any]] = [
    lambda d: d[d.b > 0.2].groupby("a").b.mean(),
    lambda d: d.set_index("b"),
    lambda d: d.merge(d, on="c").groupby("c").size(),
    lambda d: d.c.str.upper().value_counts(),
    lambda d: d.assign(z=d.a * 2).nlargest(5, "b"),
    lambda d: d.b.quantile(0.5),
    lambda d: d.repartition(npartitions=2).map_partitions(len),
]


@pytest.mark.parametrize("at", range(len(FRAMES)))
def test_a_dask_dataframe_is_computed_by_raskt(frame: pd.DataFrame, at: int) -> None:
    made = FRAMES[at](dd.from_pandas(frame, npartitions=5))
    expected, found = made.compute(scheduler="sync"), made.compute(scheduler=raskt.threaded.get)
    if isinstance(expected, pd.DataFrame):
        pd.testing.assert_frame_equal(found.sort_index(), expected.sort_index())
    elif isinstance(expected, pd.Series):
        pd.testing.assert_series_equal(found.sort_index(), expected.sort_index())
    else:
        assert found == expected


def test_a_dask_bag_is_computed_by_raskt() -> None:
    bag = db.from_sequence(range(100), npartitions=4).map(lambda v: v + 1).filter(lambda v: v % 2)
    for get in GETS:
        assert bag.compute(scheduler=get) == list(range(1, 101, 2))
    assert bag.fold(operator.add).compute(scheduler=raskt.threaded.get) == 2500
    assert dict(bag.frequencies().compute(scheduler=raskt.threaded.get)) == dict.fromkeys(range(1, 101, 2), 1)


def test_nested_calls_of_dask_delayed_keep_their_containers() -> None:
    collect = dask.delayed(lambda *args, **kwargs: (args, kwargs))
    x = da.arange(4, chunks=2)
    value = collect([1, collect(2)], {"k": (collect(3), "text")}, {"d": [collect(4)]}, s=x.sum())
    expected = value.compute(scheduler="sync")
    assert value.compute(scheduler=raskt.threaded.get) == expected


def test_one_line_of_configuration_puts_a_dask_program_on_raskt() -> None:
    seen = []

    def get(dsk: Any, keys: Any, **kwargs: Any) -> Any:
        seen.append(type(dsk).__module__)
        return raskt.threaded.get(dsk, keys, **kwargs)

    with dask.config.set(scheduler=get):
        x = da.ones((6, 6), chunks=3)
        kept = (x + 1).persist()
        assert kept.sum().compute() == 72
    assert len(seen) == 2
    assert seen[0].startswith("dask")


def test_an_exception_of_a_dask_task_keeps_its_type_and_names_the_task() -> None:
    def fail(block: Any) -> Any:
        raise KeyError("no such thing")

    x = da.ones(4, chunks=2).map_blocks(fail, dtype=float, meta=np.ones(0))
    with pytest.raises(KeyError, match="no such thing") as caught:
        x.compute(scheduler=raskt.threaded.get)
    assert any("fail" in note for note in caught.value.__notes__)


def test_retries_that_dask_annotates_are_made() -> None:
    tries: list[int] = []

    def flaky() -> int:
        tries.append(1)
        if len(tries) < 3:
            raise OSError("again")
        return 7

    layer = MaterializedLayer({"x": spec.Task("x", flaky)}, annotations={"retries": 3})
    graph = HighLevelGraph({"x": layer}, {"x": set()})
    assert raskt.get(graph, "x") == 7
    assert len(tries) == 3


# ---- the nodes of Dask's graphs ----


def test_every_kind_of_node_is_read() -> None:
    ref = spec.TaskRef
    graph = {
        "x": 1,
        "data": spec.DataNode("data", ("x", [2])),
        "alias": spec.Alias("alias", "x"),
        "old": (operator.add, "x", 10),
        "old-with-node": (operator.add, "x", spec.Alias("old")),
        "task": spec.Task("task", max, ref("x"), ref("old")),
        "keywords": spec.Task("keywords", dict, a=ref("x"), b=spec.List(ref("old"), 5)),
        "list": spec.Task("list", tuple, spec.List(ref("x"), spec.Task(None, operator.neg, ref("old")))),
        "tuple": spec.Task("tuple", list, spec.Tuple(ref("x"), 2)),
        "set": spec.Task("set", sorted, spec.Set(ref("x"), 2)),
        "dict": spec.Task("dict", dict, spec.Dict({"k": ref("x"), "m": spec.DataNode(None, "x")})),
        "container": spec.List(ref("x"), spec.Dict({"y": ref("task")})),
        "literal": spec.Task("literal", list, ("x", "old")),
    }
    keys = list(graph)
    expected = dask.get(graph, keys)
    for get in GETS:
        assert list(get(graph, keys)) == list(expected)


def test_tasks_that_dask_fused_run_as_they_are() -> None:
    ref = spec.TaskRef
    inner = spec.Task.fuse(
        spec.Task("a", operator.add, ref("x"), 1),
        spec.Task("b", operator.mul, ref("a"), ref("a")),
        spec.Task("c", operator.sub, ref("b"), ref("x")),
        key="c",
    )
    outer = spec.Task.fuse(inner, spec.Task("d", operator.neg, ref("c")), key="d")
    graph = {"x": spec.DataNode("x", 3), "d": outer, "e": spec.Task("e", abs, ref("d"))}
    assert list(raskt.get(graph, ["d", "e"])) == list(dask.get(graph, ["d", "e"])) == [-13, 13]
    nested = {"x": spec.DataNode("x", 3), "y": spec.Task("y", abs, outer)}
    assert raskt.get(nested, "y") == 13


def test_a_long_fused_chain_does_not_recurse() -> None:
    n = 5000
    chain = [spec.Task(("s", 0), operator.add, spec.TaskRef("x"), 1)]
    chain += [spec.Task(("s", i), operator.add, spec.TaskRef(("s", i - 1)), 1) for i in range(1, n)]
    graph = {"x": spec.DataNode("x", 0), "end": spec.Task.fuse(*chain, key="end")}
    assert raskt.get(graph, "end") == n


@st.composite
def graphs(draw: Any) -> dict[Any, Any]:
    """Graphs of nodes of all kinds, each of which may need any earlier one."""
    graph: dict[Any, Any] = {("k", 0): spec.DataNode(("k", 0), 1)}
    for i in range(1, draw(st.integers(1, 12))):
        refs = [spec.TaskRef(("k", draw(st.integers(0, i - 1)))) for _ in range(2)]
        key = ("k", i)
        kind = draw(st.integers(0, 4))
        if kind == 0:
            graph[key] = spec.Alias(key, refs[0].key)
        elif kind == 1:
            graph[key] = spec.Task(key, lambda *a: a, *refs, 5)
        elif kind == 2:
            graph[key] = spec.Task(key, lambda a: a, spec.List(refs[0], spec.Dict({"d": refs[1]})))
        elif kind == 3:
            graph[key] = (lambda a, b: [a, b], refs[0].key, [refs[1].key, "text"])
        else:
            first = spec.Task(("f", i), lambda a: (a,), refs[0])
            graph[key] = spec.Task.fuse(
                first, spec.Task(key, lambda a, b: [a, b], spec.TaskRef(("f", i)), refs[1]), key=key
            )
    return graph


@given(graphs())
@settings(max_examples=80)
def test_a_graph_gives_what_dask_gives(graph: dict[Any, Any]) -> None:
    keys = list(graph)
    assert list(raskt.threaded.get(graph, keys)) == list(dask.get(graph, keys))


# ---- Dask's collections in Raskt's functions ----


def test_compute_of_dask_collections_computes_them(frame: pd.DataFrame) -> None:
    x = da.arange(10, chunks=3)
    frames = dd.from_pandas(frame, npartitions=3)
    found = raskt.compute(
        {"sum": [x.sum(), frames.a.sum()]}, db.range(5, 2).count(), ra.ones(4).sum(), "text"
    )
    assert found == ({"sum": [45, int(frame.a.sum())]}, 5, 4.0, "text")


DASKS_ARRAYS: dict[str, Callable[[ra.Array, da.Array], ra.Array]] = {
    "operator": lambda x, y: x + y,
    "operator from the left": lambda x, y: y + x,
    "function": lambda x, y: ra.add(y, x),
    "stack": lambda x, y: ra.stack([y, x]).sum(axis=0),
    "where": lambda x, y: ra.where(y > 3, x, y) * 2,
    "blockwise": lambda x, y: ra.blockwise(operator.add, "ij", x, "ij", y, "ij", dtype=float),
    "from_array": lambda x, y: ra.from_array(y) * 2,
    "from_array in chunks": lambda x, y: ra.from_array(y, chunks=3) * 2,
    "index": lambda x, y: x[y[:, 0] >= 0] * 2,
    "mask": lambda x, y: x[y >= 0].compute_chunk_sizes().reshape(3, 4) * 2,
    "mask of its own": lambda x, y: ra.asarray(y[y >= 0]).compute_chunk_sizes().reshape(3, 4) * 2,
}


@pytest.mark.parametrize("what", DASKS_ARRAYS)
def test_arrays_of_dask_are_operands(what: str) -> None:
    values = np.arange(12.0).reshape(3, 4)
    found = DASKS_ARRAYS[what](ra.from_array(values, chunks=1), da.from_array(values, chunks=2))
    assert isinstance(found, ra.Array)
    np.testing.assert_array_equal(found.compute(), values * 2)


def test_dask_collections_computed_together_share_their_work() -> None:
    ran: list[int] = []

    def load(n: int) -> int:
        ran.append(n)
        return n

    one = dask.delayed(load)(1)
    assert raskt.compute(one + 1, one + 2) == (2, 3)
    assert ran == [1]


def test_dask_collections_are_arguments_of_delayed_functions() -> None:
    x = da.arange(10, chunks=3)
    assert raskt.delayed(lambda v, k: (type(v).__name__, v.sum() + k["n"]))(x, {"n": x.max()}).compute() == (
        "ndarray",
        54,
    )


def test_persist_and_optimize_return_collections_of_dask(frame: pd.DataFrame) -> None:
    frames, ones = raskt.persist(dd.from_pandas(frame, npartitions=3), ra.ones(3))
    assert isinstance(frames, dd.DataFrame)
    assert isinstance(ones, ra.Array)
    pd.testing.assert_frame_equal(frames.compute(), dd.from_pandas(frame, npartitions=3).compute())
    (x,) = raskt.optimize(da.ones(4, chunks=2) + 1)
    assert isinstance(x, da.Array)
    assert x.sum().compute() == 8


def test_what_is_a_collection() -> None:
    assert raskt.is_raskt_collection(da.ones(2))
    dataset = xr.Dataset({"q": ("u", [1.0, 2.0])})
    assert not raskt.is_raskt_collection(dataset)
    assert raskt.compute(dataset)[0] is dataset
    assert raskt.delayed(lambda d: float(d.q.sum()))(dataset).compute() == 3.0


class Bare:
    """A collection of the protocol's methods alone."""

    def __init__(self, graph: Any, keys: Any) -> None:
        self.graph, self.keys = graph, keys

    def __dask_graph__(self) -> Any:
        return self.graph

    def __dask_keys__(self) -> Any:
        return self.keys

    def __dask_postcompute__(self) -> Any:
        return list, ()

    @staticmethod
    def __dask_optimize__(graph: Any, keys: Any, **_: Any) -> Any:
        return graph


def test_a_collection_of_the_bare_protocol_needs_no_dask(monkeypatch: pytest.MonkeyPatch) -> None:
    bare = Bare({"a": 1, "b": (operator.add, "a", 1)}, ["a", "b"])
    with_dask = raskt.compute(bare)
    monkeypatch.setattr("raskt._dask.collections._dask_base", lambda: None)
    assert raskt.compute(bare) == with_dask == ([1, 2],)


def test_xarray_on_dask_is_computed_by_raskt() -> None:
    dataset = xr.Dataset({"q": (("u", "v"), da.ones((4, 4), chunks=2))})
    (found,) = raskt.compute(dataset * 2)
    assert isinstance(found.q.data, np.ndarray)
    assert float(found.q.sum()) == 32
    assert float(raskt.delayed(lambda d: d.q.sum())(dataset).compute()) == 16


# ---- Raskt's collections in Dask ----


def some_array() -> ra.Array:
    return (ra.from_array(np.arange(24.0).reshape(4, 6), chunks=(2, 3)) + 1).sum(axis=0)


@pytest.mark.parametrize("scheduler", [None, "threads", "sync", "processes"])
def test_dask_computes_what_raskt_made(scheduler: str | None) -> None:
    bag = rb.range(10, npartitions=3).map(operator.neg)
    found = dask.compute(
        some_array(), bag, bag.sum(), raskt.delayed(operator.add)(3, 4), da.ones(3).sum(), scheduler=scheduler
    )
    np.testing.assert_array_equal(found[0], some_array().compute())
    assert found[1:] == (list(range(0, -10, -1)), -45, 7, 3.0)


def test_dask_persists_and_optimizes_what_raskt_made() -> None:
    expected = some_array().compute()
    kept, bag, value = dask.persist(some_array(), rb.range(4, npartitions=2), raskt.delayed(abs)(-3))
    assert isinstance(kept, ra.Array)
    np.testing.assert_array_equal(kept.compute(), expected)
    assert (bag.compute(), value.compute()) == ([0, 1, 2, 3], 3)
    (optimized,) = dask.optimize(some_array())
    assert isinstance(optimized, ra.Array)
    np.testing.assert_array_equal((optimized + 1).compute(), expected + 1)


def test_dask_delayed_functions_take_what_raskt_made() -> None:
    made = dask.delayed(lambda a, b, c: (a.max(), b, c))(some_array(), rb.range(3, 2), raskt.delayed(abs)(-1))
    assert made.compute() == (60.0, [0, 1, 2], 1)


def test_asking_for_the_graph_plans_nothing() -> None:
    x = ra.ones(10**7, chunks=1)
    graph = x.__dask_graph__()
    assert dask.is_dask_collection(x)
    (layer,) = graph.layers.values()
    assert not layer.is_materialized()


def test_tokens_in_dask_are_those_of_the_content() -> None:
    assert dask.base.tokenize(some_array()) == dask.base.tokenize(some_array())
    assert dask.base.tokenize(some_array()) != dask.base.tokenize(some_array() + 1)


def test_the_graph_of_a_collection_travels_by_pickle() -> None:
    graph = pickle.loads(pickle.dumps(some_array().__dask_graph__()))
    found = dask.get(graph, some_array().__dask_keys__())
    np.testing.assert_array_equal(np.concatenate(found), some_array().compute())


@pytest.mark.parametrize("scheduler", ["sync", "threads"])
def test_tasks_that_become_graphs_run_in_dask(scheduler: str) -> None:
    data = np.arange(40.0)
    x = ra.from_array(data, chunks=7)
    selected = x[x > 5][1:-1].rechunk(4)
    found, total, distinct = dask.compute(
        selected, (selected + 1).sum(), ra.unique(x % 5)[1:], scheduler=scheduler
    )
    np.testing.assert_array_equal(found, data[6:][1:-1])
    assert total == (data[6:][1:-1] + 1).sum()
    assert distinct.tolist() == [1, 2, 3, 4]


def test_xarray_holds_arrays_of_raskt() -> None:
    a = xr.DataArray(some_array(), dims="t")
    assert isinstance(a.data, ra.Array)
    assert a.chunks == ((3, 3),)
    assert float((a + 1).mean().compute()) == 51.0
    assert isinstance(a.compute().data, np.ndarray)
    assert dask.is_dask_collection(a)


def test_pint_holds_arrays_of_raskt() -> None:
    q = pint.UnitRegistry().Quantity(ra.ones(4, chunks=2), "m")
    area = q * q + q * q
    assert str(area.units) == "meter ** 2"
    assert isinstance(area.magnitude, ra.Array)
    np.testing.assert_array_equal(dask.compute(area.magnitude)[0], np.full(4, 2.0))


# ---- schedulers that are functions ----


def test_a_scheduler_of_dask_runs_native_tasks_of_raskt() -> None:
    def get(dsk: Any, keys: Any, **_: Any) -> Any:
        values: dict[Any, Any] = {}
        for key, task in dsk.items():
            values[key] = task(values)
        return [values[key] for key in keys]

    x = ra.arange(12, chunks=5) * 2 + ra.random.default_rng(1).normal(size=12, chunks=5)
    np.testing.assert_array_equal(x.compute(scheduler=get), x.compute())
    assert x.sum().compute(scheduler=get) == pytest.approx(float(x.compute().sum()))


def test_native_tasks_travel_by_pickle() -> None:
    graph, keys = raskt._raskt.tasks_and_outputs([some_array().__raskt_delayed__()])
    values: dict[Any, Any] = {}
    for key, task in pickle.loads(pickle.dumps(graph)).items():
        values[key] = task(values)
    np.testing.assert_array_equal(values[keys[0]], some_array().compute())


def test_raskt_alone_imports_no_dask() -> None:
    program = (
        "import sys, raskt, raskt.array as ra, raskt.bag as rb\n"
        "ra.ones(3).sum().compute(); rb.range(3, 1).compute(scheduler='sync'); raskt.delayed(1).compute()\n"
        "assert 'dask' not in sys.modules, 'imported'"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_graph_manipulation_says_that_it_takes_none_of_dask() -> None:
    from raskt.graph_manipulation import bind

    with pytest.raises(TypeError, match=r"use dask\.graph_manipulation"):
        bind(da.ones(2), ra.ones(2))


def test_a_scheduler_of_dasks_that_hands_tasks_of_raskts_back_is_refused():
    for collection in (rb.range(4, npartitions=2), raskt.delayed(len)([1, 2])):
        with pytest.raises(TypeError, match=r"dask\.compute\(x\)"):
            collection.compute(scheduler=dask.threaded.get)
        assert dask.compute(collection, scheduler="threads")[0] in ([0, 1, 2, 3], 2)
