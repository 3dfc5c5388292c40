"""Names where Dask's users and libraries import them from, and what they do there."""

from __future__ import annotations

import asyncio
import importlib
import operator
import os
import pickle
import pkgutil
import re
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import raskt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from raskt import config, utils
from raskt.base import CollectionMethods, DaskMethodsMixin, compute_as_if_collection, get_collection_names
from raskt.highlevelgraph import HighLevelGraph, MaterializedLayer
from raskt.task_spec import DataNode, Dict, GraphNode, List, Set, Tuple

DOCS = Path(__file__).resolve().parents[2] / "docs/from-dask.md"


# ---- every public name of Dask has a home or a row ----


def absent() -> dict[str, set[str]]:
    """The names that the documentation says are not there, by Dask's module; `*` for all that are left."""
    text = DOCS.read_text("utf-8").split("## Names without a home")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(dask[\w.]*)` \| (.*?) \|", text, re.MULTILINE)
    return {module: set(re.findall(r"`([\w*]+)`", names)) for module, names in rows}


def own_names(module: Any) -> list[str]:
    """What a module of Dask defines for others."""
    is_package = hasattr(module, "__path__")
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and not isinstance(value, type(os))
        and name not in ("annotations", "TYPE_CHECKING", "NUMPY_GE_200")
        and (is_package or getattr(value, "__module__", module.__name__) in (module.__name__, None))
    ]


def test_every_public_name_of_dask_has_a_home_or_a_row_in_the_documentation() -> None:
    dask = pytest.importorskip("dask", minversion="2026.8")
    pytest.importorskip("dask.array")
    pytest.importorskip("dask.bag")
    rows, lost = absent(), {}
    for found in [None, *pkgutil.walk_packages(dask.__path__, "dask.")]:
        name = "dask" if found is None else found.name
        private = any(part.startswith("_") for part in name.split("."))
        if private or re.search(r"\.(tests|cli|conftest|widgets|dataframe)\b|numpy_compat|cupy", name):
            continue
        row = rows.get(name, set())
        if "*" in row:
            continue
        module = importlib.import_module(name)
        ours = name.replace("dask", "raskt", 1)
        try:
            home: Any = importlib.import_module(ours)
        except ModuleNotFoundError:
            home = None
        missing = {each for each in own_names(module) if not hasattr(home, each)}
        if missing - row:
            lost[name] = sorted(missing - row)
    assert lost == {}


def test_names_that_dasks_modules_pass_on_have_a_home_or_a_row_where_libraries_import_them() -> None:
    """xarray, flox, distributed and others import names from modules that do not define them."""
    passed_on = {
        "dask.array.core": "T_IntOrNaN einsum_lookup normalize_chunks optimize tensordot_lookup",
        "dask.array.dispatch": "concatenate_lookup einsum_lookup take_lookup to_cupy_dispatch",
        "dask.array.rechunk": "tokenize validate_axis",
        "dask.array.routines": "einsum",
        "dask.array.ufunc": "isneginf isposinf",
        "dask.array.utils": "is_arraylike",
        "dask.bag.core": "reduceby",
        "dask.base": "flatten tokenize",
        "dask.typing": "NoDefault no_default",
        "dask.widgets": "get_template",
    }
    rows, lost = absent(), []
    for module, names in passed_on.items():
        row = rows.get(module, set())
        for name in names.split():
            if not {name, "*"} & row:
                home = importlib.import_module(module.replace("dask", "raskt", 1))
                lost += [] if hasattr(home, name) else [f"{module}.{name}"]
    assert lost == []


def test_what_the_documentation_calls_absent_is_absent() -> None:
    there = []
    for module, names in absent().items():
        try:
            home = importlib.import_module(module.replace("dask", "raskt", 1))
        except ModuleNotFoundError:
            continue
        there += [f"{module}.{name}" for name in names if name != "*" and hasattr(home, name)]
    assert there == []


@pytest.mark.parametrize(
    "module", ["routines", "ufunc", "wrap", "gufunc", "percentile", "einsumfuncs", "api", "chunk", "utils"]
)
def test_addresses_have_the_very_objects_of_their_homes(module: str) -> None:
    import raskt.array as ra

    address = importlib.import_module(f"raskt.array.{module}")
    names = [name for name in address.__all__ if hasattr(ra, name) and module != "chunk"]
    assert [name for name in names if getattr(address, name) is not getattr(ra, name)] == []
    assert all(getattr(address, name) is not None for name in address.__all__)
    with pytest.raises(
        AttributeError, match=f"module 'raskt.array.{module}' has no attribute 'no_such_name'"
    ):
        address.no_such_name  # noqa: B018


def test_modules_with_names_of_functions_do_not_hide_them() -> None:
    code = (
        "import raskt.array.percentile, raskt.array.chunk, raskt.array.image, raskt.array as ra\n"
        "assert callable(ra.percentile) and callable(ra.shuffle)\n"
        "from raskt.array.percentile import percentile\n"
        "assert percentile is ra.percentile\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_the_addresses_cost_nothing_when_raskt_is_imported() -> None:
    code = "import sys, raskt; print([m for m in sys.modules if m in ('raskt.utils', 'raskt.collection')])"
    run = subprocess.run(
        [sys.executable, "-c", code], check=True, timeout=120, capture_output=True, text=True
    )
    assert run.stdout == "[]\n"


# ---- helpers ----


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("x", "x"),
        ("x-1-2-3", "x"),
        (("x-2", 1), "x"),
        ("('x-2', 1)", "x"),
        (("a-b", 0, 1), "a-b"),
        ("hello-world-1", "hello-world"),
        (b"hello-world-1", "hello-world"),
        ("ae05086432ca935f6eba409a8ecd4896", "data"),
        ("sum-ae05086432ca935f6eba409a8ecd4896", "sum"),
        ("x-abcdefab", "x"),
        ("<module.submodule.myclass object at 0xdaf372>", "myclass"),
        ("_(x)", "x"),
        (None, "Other"),
        ("", "Other"),
        ((), "Other"),
    ],
)
def test_key_split_says_what_keys_have_in_common(key: Any, name: str) -> None:
    assert utils.key_split(key) == name


def test_keys_are_renamed_and_cloned() -> None:
    from raskt.base import clone_key, get_name_from_key, replace_name_in_key

    assert replace_name_in_key(("a", 1), {"a": "b"}) == ("b", 1)
    assert clone_key(("inc-1", 2), "s")[1] == 2
    assert get_name_from_key(clone_key("inc-1", "s")).startswith("inc-")
    for bad in (1, (), (1, 2)):
        with pytest.raises(TypeError, match="a key with a name"):
            get_name_from_key(bad)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.integers(0, 10**6), min_size=1))
def test_natural_sort_key_sorts_by_number(numbers: list[int]) -> None:
    names = sorted((f"f{n}.csv" for n in numbers), key=utils.natural_sort_key)
    assert names == [f"f{n}.csv" for n in sorted(numbers)]


@given(st.floats(0, 1e9))
def test_format_time_begins_with_a_number_of_its_largest_unit(seconds: float) -> None:
    text = utils.format_time(seconds)
    units = {"us": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "hr": 3600, "d": 86400}
    parts = re.findall(r"([\d.]+) ?([a-z]+)", text)
    total = sum(float(n) * units[unit] for n, unit in parts)
    assert abs(total - seconds) <= max(units[parts[-1][1]], 0.01 * total) + 1e-8


def test_sizes_and_durations_are_those_of_units() -> None:
    from raskt import units

    assert utils.parse_bytes is units.parse_bytes
    assert utils.parse_bytes(utils.format_bytes(2**30)) == 2**30
    assert utils.parse_timedelta("5 min") == 300


def test_locks_of_one_token_are_one_lock_and_survive_a_pickle() -> None:
    lock, other = utils.SerializableLock(("any", 1)), utils.SerializableLock(("any", 1))
    again = pickle.loads(pickle.dumps(lock))
    with lock:
        assert other.locked()
        assert again.locked()
        assert not again.acquire(blocking=False)
        assert not utils.SerializableLock().locked()
    assert not again.locked()
    assert lock.lock is again.lock


def test_get_scheduler_lock_excludes_where_tasks_run() -> None:
    lock = utils.get_scheduler_lock(scheduler="threads")
    assert isinstance(lock, utils.SerializableLock)
    assert isinstance(utils.get_scheduler_lock(raskt.delayed(1)), utils.SerializableLock)
    seen: list[bool] = []
    with lock:
        thread = threading.Thread(target=lambda: seen.append(lock.acquire(blocking=False)))
        thread.start()
        thread.join()
    assert seen == [False]


def test_methods_by_name_are_functions_that_travel() -> None:
    upper = utils.M.upper
    assert upper("a") == "A"
    assert upper is utils.methodcaller("upper")
    assert pickle.loads(pickle.dumps(upper)) is upper
    assert utils.funcname(upper) == "upper"
    assert raskt.delayed(upper)("abc").compute() == "ABC"
    with pytest.raises(AttributeError):
        utils.M.__wrapped__  # noqa: B018


def test_what_is_in_temporary_files_goes_with_the_block() -> None:
    with utils.tmpfile(".csv") as path:
        assert path.endswith(".csv")
        assert not os.path.exists(path)
        os.makedirs(os.path.join(path, "inner"))
    assert not os.path.exists(path)
    before = os.getcwd()
    with utils.filetexts({"a/b.txt": "x"}) as paths:
        assert Path(paths[0]).read_text() == "x"
        assert os.getcwd() != before
    with pytest.raises(ZeroDivisionError), utils.tmp_cwd():
        raise ZeroDivisionError
    assert os.getcwd() == before
    assert not os.path.exists("a/b.txt")


def test_functions_say_what_they_take() -> None:
    def f(a: int, b: int = 1, *, c: int = 2, **d: int) -> None: ...

    assert utils.has_keyword(f, "c")
    assert not utils.has_keyword(print, "no_such")
    assert utils.get_named_args(f) == ["a", "b"]
    assert utils.takes_multiple_arguments(operator.add)
    assert not utils.takes_multiple_arguments(f)
    assert utils.takes_multiple_arguments(print)
    assert not utils.takes_multiple_arguments(print, varargs=False)
    assert utils.funcname(partial(partial(max, 1), 2)) == "max"


def test_objects_are_told_by_what_they_have() -> None:
    np, pd = pytest.importorskip("numpy"), pytest.importorskip("pandas")
    frame = pd.DataFrame({"a": [1]})
    assert utils.is_dataframe_like(frame)
    assert utils.is_series_like(frame["a"])
    assert utils.is_index_like(frame.index)
    assert not any(f(frame.index) for f in (utils.is_dataframe_like, utils.is_series_like))
    assert not any(
        f(np.ones(2)) for f in (utils.is_dataframe_like, utils.is_series_like, utils.is_index_like)
    )
    assert utils.is_arraylike(np.ones(2))
    assert not utils.is_arraylike(np.ndarray)
    assert not utils.is_arraylike([1])
    assert utils.is_integer(np.int8(1))
    assert not utils.is_integer(1.5)


def test_nested_containers_keep_their_nesting() -> None:
    assert utils.deepmap(operator.add, [[1], [2]], [[3], [4]]) == [[4], [6]]
    assert utils.ndeepmap(1, len, [[1], [2, 3]]) == [1, 2]
    assert utils.concrete([iter([1, 2]), (3,)]) == [[1, 2], (3,)]
    assert utils.unzip([], 3) == [(), (), ()]
    assert list(utils.iter_chunks([5, 5, 5], 10)) == [[5, 5], [5]]
    with pytest.raises(ValueError, match="exceeds"):
        list(utils.iter_chunks([11], 10))
    graph = HighLevelGraph({"a": {"a": 1}}, {"a": set()})
    assert utils.ensure_dict(graph) == {"a": 1}


def test_make_people_is_the_same_for_the_same_seed_in_every_process() -> None:
    from raskt.datasets import make_people

    people = make_people(npartitions=3, records_per_partition=5, seed=4)
    assert people.npartitions == 3
    first = people.compute(scheduler="sync")
    assert first == make_people(3, 5, seed=4).compute(scheduler="processes", num_workers=1)
    assert first != make_people(3, 5, seed=5).compute(scheduler="sync")
    assert len(first) == 15
    assert set(first[0]) == {"age", "name", "occupation", "telephone", "address", "credit-card"}
    with pytest.raises(ValueError, match="locale must be 'en'"):
        make_people(locale="fr")


# ---- collections ----


def test_get_returns_tuples_for_lists_of_keys() -> None:
    dsk = {"x": 1, "y": (abs, "x")}
    for get in (raskt.get, raskt.threaded.get, raskt.core.get, raskt.get_scheduler(scheduler="threads")):
        assert get(dsk, ["x", ["y", []]]) == (1, (1, ()))
        assert get(dsk, "y") == 1


def test_named_schedulers_are_the_functions_that_get_scheduler_returns() -> None:
    from raskt.base import named_schedulers

    assert raskt.get_scheduler(scheduler="processes") is raskt.multiprocessing.get
    assert raskt.get_scheduler(scheduler="SYNC") is named_schedulers["sync"] is raskt.local.get_sync
    assert set(named_schedulers.values()) == {
        raskt.threaded.get,
        raskt.local.get_sync,
        raskt.multiprocessing.get,
    }


class ForDask(DaskMethodsMixin):
    """A collection as its author wrote it for Dask, but for the import."""

    def __init__(self, dsk: Any, keys: Any) -> None:
        self.dsk, self.keys = dsk, keys

    def __dask_graph__(self) -> Any:
        return self.dsk

    def __dask_keys__(self) -> Any:
        return self.keys

    def __dask_postcompute__(self) -> Any:
        return list, ()

    def __dask_postpersist__(self) -> Any:
        return ForDask._rebuild, (self.keys,)

    @staticmethod
    def _rebuild(dsk: Any, keys: Any, rename: Any = None) -> Any:
        return ForDask(dsk, [(rename or {}).get(key, key) for key in keys])

    @classmethod
    def __dask_optimize__(cls, dsk: Any, keys: Any, **kwargs: Any) -> Any:
        return {key: (operator.neg, 1) if dsk[key] == "replace me" else dsk[key] for key in dsk}

    __dask_scheduler__ = staticmethod(raskt.local.get_sync)

    def __dask_tokenize__(self) -> Any:
        return self.keys


def test_a_class_with_dasks_method_names_is_a_collection() -> None:
    x = ForDask({"a": 1, "b": (operator.add, "a", 1), "c": "replace me"}, ["a", "b", "c"])
    assert raskt.base.is_dask_collection(x)
    assert x.compute() == [1, 2, -1]
    assert x.persist().compute() == [1, 2, -1]
    assert raskt.compute(x, {"d": raskt.delayed(sum)(x)}) == ([1, 2, -1], {"d": 2})
    assert raskt.get_scheduler(collections=[x]) is raskt.local.get_sync
    assert raskt.tokenize(x) == raskt.tokenize(ForDask({}, ["a", "b", "c"]))
    assert x.visualize(filename=None, format="svg").data.startswith(b"<svg")
    assert get_collection_names(x) == {"a", "b", "c"}


def test_a_class_that_lacks_a_method_says_which() -> None:
    class Half(DaskMethodsMixin):
        def __dask_graph__(self) -> Any:
            return {"a": 1}

        def __dask_keys__(self) -> Any:
            return ["a"]

    with pytest.raises(AttributeError, match="__dask_postcompute__"):
        Half().compute()


def test_a_graph_is_computed_as_a_collection_of_a_class_would_be() -> None:
    assert compute_as_if_collection(ForDask, {"a": "replace me"}, ["a"]) == (-1,)
    assert compute_as_if_collection(CollectionMethods, {"a": (abs, -1)}, "a", scheduler="sync") == 1


def test_collections_can_be_awaited() -> None:
    import raskt.array as ra
    import raskt.bag as rb

    async def program() -> Any:
        kept = await raskt.delayed(abs)(-3)
        total = await ra.ones(4, chunks=2).sum()
        bag = await rb.range(3, npartitions=2)
        return kept.compute(), total.compute(), bag.compute(), (await ForDask({"a": 1}, ["a"])).compute()

    assert asyncio.run(program()) == (3, 4.0, [0, 1, 2], [1])


# ---- graphs ----


def test_a_graph_of_layers_is_accepted_where_a_graph_is() -> None:
    x = raskt.delayed(abs, name="x")(-3, dask_key_name="x")
    layer = {("y", i): (operator.add, "x", i) for i in range(3)}
    graph = HighLevelGraph.from_collections("y", layer, dependencies=[x])
    assert graph.dependencies == {"x": set(), "y": {"x"}}
    assert graph.dependents == {"x": {"y"}, "y": set()}
    assert raskt.get(graph, [("y", 0), ("y", 2)]) == (3, 5)
    assert set(graph) == {"x", *layer}
    assert graph.get_all_dependencies()[("y", 1)] == {"x"}
    culled = graph.cull([("y", 1)])
    assert set(culled) == {"x", ("y", 1)}
    assert list(graph.cull_layers(["x"]).layers) == ["x"]
    merged = HighLevelGraph.merge(graph, {"z": (abs, ("y", 1))})
    assert raskt.get(merged, "z") == 4
    assert graph._toposort_layers() == ["x", "y"]
    assert raskt.bag.Bag({("b", 0): (list, ("y", 0))} | dict(graph), "b", 1).npartitions == 1


def test_layers_that_are_not_there_are_told() -> None:
    with pytest.raises(ValueError, match=r"layers that are not there: \['nope'\]"):
        HighLevelGraph({"a": {}}, {"a": {"nope"}})
    with pytest.raises(TypeError, match="expected a collection or a HighLevelGraph, found int"):
        HighLevelGraph.from_collections("a", {}, dependencies=[1])


def test_annotations_of_a_layer_go_with_its_tasks() -> None:
    with raskt.annotate(retries=2):
        layer = MaterializedLayer({"a": (abs, -1), "b": (operator.add, "a", 1)})
    graph = HighLevelGraph({"l": layer, "m": {"c": (abs, "b")}}, {"l": set(), "m": {"l"}})
    assert graph["a"].annotations == {"retries": 2}
    assert graph["c"] == (abs, "b")
    assert raskt.get(graph, "c") == 2


def test_objects_of_task_spec_are_tasks() -> None:
    ref = raskt.TaskRef("x")
    graph = {
        "x": 1,
        "data": DataNode("data", ("x", [abs])),
        "list": List(ref, 2, List(ref)),
        "tuple": Tuple(ref),
        "set": Set(ref, 1),
        "dict": Dict([("a", ref)], b=ref),
    }
    values = raskt.get(graph, list(graph))
    assert values == (1, ("x", [abs]), [1, 2, [1]], (1,), {1}, {"a": 1, "b": 1})
    assert isinstance(List(), GraphNode)
    assert not isinstance((abs, 1), GraphNode)


def test_core_and_optimization_work_on_dictionaries_of_tuples() -> None:
    from raskt.core import get_deps, keys_in_tasks, reshapelist, reverse_dict, subs, validate_key
    from raskt.optimization import cull, functions_of, inline, inline_functions
    from raskt.order import order

    graph = {"x": 1, "y": (abs, "x"), "z": (max, "y", "x"), "w": (abs, "z")}
    kept, needed = cull(graph, ["z"])
    assert set(kept) == {"x", "y", "z"}
    assert set(needed["z"]) == {"x", "y"}
    with pytest.raises(KeyError):
        cull(graph, "nope")
    assert inline(graph, ["y"])["z"] == (max, (abs, 1), 1)
    assert inline_functions(graph, ["w"], [max])["w"] == (abs, (max, "y", "x"))
    assert functions_of((partial(max, 1), [(abs, 2)])) == {max, abs}
    assert get_deps(graph)[1]["x"] == {"y", "z"}
    assert reverse_dict({"a": {"b"}}) == {"a": set(), "b": {"a"}}
    assert keys_in_tasks(["x", "y"], [(sum, ["x"])]) == {"x"}
    assert subs((abs, ["x", (max, "x")]), "x", "q") == (abs, ["q", (max, "q")])
    assert reshapelist((2, 2), "abcd") == [["a", "b"], ["c", "d"]]
    with pytest.raises(ValueError, match="do not fill the shape"):
        reshapelist((2, 2), "abc")
    with pytest.raises(TypeError, match="a key is"):
        validate_key(["a"])
    places = order(graph)
    assert sorted(places.values()) == [0, 1, 2, 3]
    assert places["x"] < places["y"] < places["z"] < places["w"]


# ---- configuration ----


def test_configuration_is_collected_by_source(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("acme: {anvils: 1}")
    (tmp_path / "b.yaml").write_text("acme: {anvils: 2}\nother: 3")
    (tmp_path / "c.txt").write_text("acme: nothing")
    assert list(config.collect_yaml([tmp_path, tmp_path / "none.yaml"])) == [
        {"acme": {"anvils": 1}},
        {"acme": {"anvils": 2}, "other": 3},
    ]
    found = dict(config.collect_yaml([tmp_path / "b.yaml"], return_paths=True))
    assert found[tmp_path / "b.yaml"]["other"] == 3
    assert list(config.paths_containing_key("other", [tmp_path])) == [tmp_path / "b.yaml"]
    assert list(config.paths_containing_key("no.such.key")) == []
    assert config.collect_env({"RASKT_ACME__ANVILS": "[1]", "PATH": "x"}) == {"acme": {"anvils": [1]}}
    assert [config.interpret_value(text) for text in ("1", "abc", "None", "")] == [1, "abc", None, ""]
    assert config.global_config is config.config


def test_defaults_can_be_laid_under_a_configuration_of_ones_own() -> None:
    mine: dict[str, Any] = {"a": {"x": 1}}
    known: list[Any] = [{"a": {"x": 1}}]
    config.update_defaults({"a": {"x": 2, "y": 3}}, config=mine, defaults=known)
    assert mine == {"a": {"x": 2, "y": 3}}
    assert len(known) == 2
    mine["a"]["x"] = 9
    config.update_defaults({"a": {"x": 4}}, mine, known)
    assert mine["a"]["x"] == 9
    with pytest.raises(KeyError):
        config.get("a.y")


def test_names_of_keys_that_are_gone_are_told() -> None:
    renamed = {"old-name": "new.name", "gone": None}
    with pytest.warns(FutureWarning, match="is now called 'new.name'"):
        assert config.check_deprecations("old_name", renamed) == "new.name"
    with pytest.raises(ValueError, match="has no use any more"):
        config.check_deprecations("gone", renamed)
    assert config.check_deprecations("other", renamed) == "other"
