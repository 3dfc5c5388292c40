"""Graphs on other people's engines: a real Ray and a real cluster of Dask's, of two processes each."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cloudpickle
import numpy as np
import pandas as pd
import pytest
import raskt
import raskt.array as ra
import raskt.bag as rb
import raskt.dataframe as rd
from raskt import engines

if TYPE_CHECKING:
    from collections.abc import Iterator

ALONE = "RASKT_TEST_RAY" in os.environ
"""Whether these are the tests on Ray: in a process of their own, where no threads of Dask's run."""


@pytest.fixture(scope="module", autouse=True)
def functions_by_value() -> Iterator[None]:
    """The engines' processes do not find this module."""
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    yield
    cloudpickle.unregister_pickle_by_value(sys.modules[__name__])


@pytest.fixture(scope="module")
def ray_engine() -> Iterator[Any]:
    ray = pytest.importorskip("ray")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield engines.Ray()
    ray.shutdown()


@pytest.fixture(scope="module")
def dask_engine() -> Iterator[Any]:
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield engines.Dask(client)


@pytest.fixture(params=["ray" if ALONE else "dask"])
def engine(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(f"{request.param}_engine")


def frame() -> pd.DataFrame:
    return pd.DataFrame({"a": np.arange(100) % 7, "b": np.arange(100.0), "c": ["x", "y"] * 50})


def add(a: int, b: int) -> int:
    return a + b


def test_every_collection_has_the_answer_of_threads(engine: Any) -> None:
    x = ra.random.default_rng(1).random((100, 100), chunks=30)
    df = rd.from_pandas(frame(), npartitions=3)
    numbers = rb.from_sequence(range(50), npartitions=4).map(add, 1)
    collections = [
        raskt.delayed(sum)([raskt.delayed(add)(i, 1) for i in range(5)]),
        (x @ x.T + ra.from_array(np.eye(100), chunks=50)).mean(axis=0),
        numbers.foldby(lambda n: n % 3, add, 0),
        df.groupby("c").b.agg(["sum", "mean"]),
        df.merge(df.rename(columns={"b": "d"}), on="a").d.sum(),
        df.sort_values(["a", "b"]),
    ]
    expected = raskt.compute(*collections, scheduler="threads")
    for wanted, found in zip(expected, raskt.compute(*collections, scheduler=engine), strict=True):
        if isinstance(wanted, (pd.DataFrame, pd.Series)):
            assert type(found) is type(wanted)
            assert found.equals(wanted)
        elif isinstance(wanted, np.ndarray):
            np.testing.assert_array_equal(found, wanted)
        else:
            assert sorted(found) == sorted(wanted) if isinstance(wanted, list) else found == wanted


def marked(value: Any, folder: str) -> Any:
    """Leave a note of who runs this, and take a while."""
    Path(folder, f"{time.monotonic_ns()}-{os.getpid()}").touch()
    time.sleep(0.05)
    return value


def test_a_worker_that_is_killed_midway_changes_no_answer(engine: Any, tmp_path: Path) -> None:
    folder = str(tmp_path)
    kept = ra.ones((12, 10), chunks=(1, 10)).map_blocks(marked, folder)
    total = raskt.delayed(sum)([raskt.delayed(marked)(i, folder) for i in range(12)])
    rows = rd.from_pandas(frame(), npartitions=6).map_partitions(marked, folder).b.sum()
    items = rb.from_sequence(range(6), npartitions=6).map(marked, folder).sum()
    killed: list[int] = []

    def kill_one() -> None:
        while len(notes := sorted(tmp_path.iterdir())) < 4:
            time.sleep(0.01)
        killed.append(int(notes[-1].name.partition("-")[2]))
        os.kill(killed[0], signal.SIGKILL)

    killer = threading.Thread(target=kill_one)
    killer.start()
    found = raskt.compute(kept.sum(), total, rows, items, scheduler=engine)
    killer.join()
    assert found == (120.0, 66, frame().b.sum(), 15)
    assert killed != [os.getpid()]


def test_errors_are_those_of_the_tasks(engine: Any) -> None:
    class Odd(Exception):
        pass

    def fail() -> None:
        raise Odd("one")

    with pytest.raises(Odd, match="one") as caught:
        raskt.delayed(add)(raskt.delayed(fail)(), 1).compute(scheduler=engine)
    assert "in task fail-" in str(caught.value.__notes__)
    with pytest.raises(TypeError, match="unknown option for an engine: num_workers"):
        raskt.delayed(add)(1, 1).compute(scheduler=engine, num_workers=2)


def test_tasks_are_tried_again(engine: Any, tmp_path: Path) -> None:
    def second_time(path: Path) -> str:
        if path.exists():
            return "done"
        path.touch()
        raise OSError("not yet")

    task = raskt.delayed(second_time, pure=False)(tmp_path / "begun")
    assert task.compute(scheduler=engine, retries=1) == "done"


def test_after_an_error_what_is_queued_does_not_run_and_the_engine_goes_on(
    engine: Any, tmp_path: Path
) -> None:
    def fail() -> None:
        raise LookupError("one")

    def nap(i: int) -> int:
        time.sleep(0.002)
        return i

    queued = [raskt.delayed(marked)(i, str(tmp_path)) for i in range(300)]
    with pytest.raises(LookupError):
        raskt.compute(queued, raskt.delayed(fail)(), scheduler=engine)
    # Computations that end while tasks of theirs run, are done at this moment, or wait for one that failed.
    for _ in range(15):
        with pytest.raises(LookupError):
            raskt.compute(
                [raskt.delayed(nap)(i) for i in range(8)],
                raskt.delayed(add)(raskt.delayed(fail)(), 1),
                scheduler=engine,
            )
    assert raskt.delayed(add)(1, 2).compute(scheduler=engine) == 3
    assert len(list(tmp_path.iterdir())) < 300


def test_functions_may_hold_much_and_persisted_values_come_back(engine: Any) -> None:
    big = np.arange(300_000)
    calls = [raskt.delayed(lambda i: int(big[i]))(i) for i in (5, 7)]
    assert raskt.compute(*calls, scheduler=engine) == (5, 7)
    assert ra.arange(10, chunks=5).persist(scheduler=engine).sum().compute(scheduler="sync") == 45


def test_engines_have_names(engine: Any) -> None:
    for named in (type(engine).__name__.lower(), engine):
        with raskt.config.set(scheduler=named):
            assert raskt.delayed(os.getpid)().compute() != os.getpid()
            assert raskt.get_scheduler()({"x": (add, 1, 2)}, "x") == 3


@pytest.mark.skipif(ALONE, reason="this is that process")
def test_all_of_it_holds_on_ray_in_a_process_of_its_own() -> None:
    pytest.importorskip("ray")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__]
    environment = {**os.environ, "RASKT_TEST_RAY": "1"}
    ended = subprocess.run(command, env=environment, text=True, check=False, capture_output=True)
    assert ended.returncode == 0, ended.stdout


@pytest.mark.parametrize(("name", "module"), [("Ray", "ray"), ("Dask", "distributed")])
def test_an_engine_that_is_not_there_is_named(monkeypatch: Any, name: str, module: str) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=f"raskt.engines.{name} needs .*: pip install {module}"):
        getattr(engines, name)()


def test_importing_raskt_imports_no_engine() -> None:
    code = "import sys, raskt.engines; print({'ray', 'distributed', 'dask'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
