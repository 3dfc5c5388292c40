"""Graphs that travel: the test mode, and the planner, which never opens what is sealed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap

import pytest
import raskt


def in_mode(code: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a program in the test mode."""
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env={**os.environ, "RASKT_TEST_SHIP": "1", **env},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_planner_links_no_python(planner: str) -> None:
    if shutil.which("ldd") is None:
        pytest.skip("no ldd")
    linked = subprocess.run(["ldd", planner], capture_output=True, text=True, check=False)
    assert "python" not in linked.stdout.lower(), linked.stdout


def test_every_scheduler_and_collection_goes_through_the_planner_once_a_computation(planner: str) -> None:
    code = """
        import raskt, raskt.array as ra, raskt.bag as rb
        from raskt import _raskt, delayed

        if __name__ == "__main__":
            add = delayed(lambda a, b: a + b)
            values = [add(1, add(2, 3)), ra.ones((9, 9), chunks=4).map_blocks(lambda b: b * 2).sum()]
            values.append(rb.from_sequence(range(10), npartitions=3).map(lambda x: x + 1).sum())
            for n, scheduler in enumerate(["threads", "sync"], start=1):
                assert raskt.compute(*values, scheduler=scheduler) == (6, 162.0, 55)
                assert _raskt.n_graphs_shipped() == n, _raskt.n_graphs_shipped()
            assert delayed(divmod)(7, 2).compute(scheduler="processes", num_workers=1) == (3, 1)
            print(_raskt.n_graphs_shipped())
    """
    done = in_mode(code, RASKT_TEST_SHIP_PLANNER=planner)
    assert done.stdout == "3\n", done.stderr


def test_a_function_that_closes_over_a_lock_arrives_and_so_do_odd_keys_and_annotations(planner: str) -> None:
    code = """
        import threading
        import raskt
        from raskt import delayed

        lock, seen = threading.Lock(), []
        with raskt.annotate(retries=lambda key: seen.append(key) or 2, priority=3):
            tries = delayed(lambda: (seen.append("call"), lock.locked(), 1 / (len(seen) - 2))[1])
            value = tries(raskt_key_name="tried")
        assert value.compute() is False
        assert seen == ["tried", "call", "call"], seen
        assert raskt.get({("x", 1.5): 1, ("y", None): (abs, -2)}, [("x", 1.5), ("y", None)]) == (1, 2)
        print("ok")
    """
    done = in_mode(code, RASKT_TEST_SHIP_PLANNER=planner)
    assert done.stdout == "ok\n", done.stderr


def test_without_a_planner_the_mode_says_what_is_missing() -> None:
    env = {name: value for name, value in os.environ.items() if name != "RASKT_TEST_SHIP_PLANNER"}
    code = "import raskt; raskt.delayed(abs)(-1).compute()"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**env, "RASKT_TEST_SHIP": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "RASKT_TEST_SHIP_PLANNER does not name the program raskt-planner" in done.stderr


def test_what_a_function_closes_over_is_taken_once_a_computation() -> None:
    counts = [0]
    value = raskt.delayed(lambda: counts[0], pure=False)()
    for expected in range(3):
        counts[0] = expected
        assert raskt.compute(value, value + 0, scheduler="processes", num_workers=1) == (expected, expected)
