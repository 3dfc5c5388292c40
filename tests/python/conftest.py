"""The test mode ``RASKT_TEST_SHIP=1``, in which graphs go through a planner without Python; entry points."""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import hypothesis
import pytest

# How long an example takes is no property of it: the machine may be busy.
hypothesis.settings.register_profile("untimed", hypothesis.settings())
hypothesis.settings.load_profile("untimed")

ROOT = Path(__file__).resolve().parents[2]

IDENTITY = "asks for the very object among the arguments; in a graph that travels it is a copy"
COPY = "looks at what was done to an object among the arguments; in a graph that travels it is done to a copy"
# Tests that cannot pass in the mode, each with its reason: the only place where any is left out.
NOT_SHIPPED = {
    "test_delayed.py::test_a_value_can_be_wrapped": IDENTITY,
    "test_delayed.py::test_containers_without_delayed_values_are_passed_as_they_are": IDENTITY,
    "test_delayed.py::test_traverse_false_leaves_containers_alone": IDENTITY,
    "test_delayed.py::test_a_container_that_holds_itself_or_nests_too_deep_is_an_error": IDENTITY,
    "test_compute.py::test_a_task_may_return_anything": IDENTITY,
    "test_sharing.py::test_arguments_of_calls_that_are_not_pure_are_the_objects_themselves": IDENTITY,
    "test_sharing.py::test_containers_among_arguments_keep_their_items": IDENTITY,
    "array/test_optimizer.py::test_a_file_is_read_where_it_is_needed": COPY,
    "array/test_storing.py::test_stored_arrays_read_the_target_or_what_was_loaded_of_it": COPY,
    "array/test_storing.py::test_stored_arrays_of_regions": COPY,
    "array/test_storing.py::test_several_sources_give_a_tuple": COPY,
    "array/test_storing.py::test_a_target_without_room_is_an_error_before_anything_is_written": COPY,
    "array/test_locks.py::test_any_object_with_acquire_and_release_guards_reads_and_writes": COPY,
    "array/test_locks.py::test_no_lock_is_none_or_false": COPY,
    "test_processes.py::test_a_child_that_cannot_be_started_for_want_of_descriptors_says_so": (
        "counts the descriptors of the process, of which the planner has two"
    ),
}


def build_planner() -> str:
    """Compile `raskt-planner`, which has no Python; its path."""
    command = [
        "cargo",
        "build",
        "--quiet",
        "--message-format=json",
        "-p",
        "raskt-cli",
        "--bin",
        "raskt-planner",
    ]
    built = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    messages = map(json.loads, built.stdout.splitlines())
    found = [message["executable"] for message in messages if message.get("executable")]
    return str(found[-1])


def announce(folder: Path) -> None:
    """Write the entry points of pyproject.toml where Python finds them, as installing the package does."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    metadata = folder / "raskt-0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: raskt\nVersion: 0\n")
    lines = [
        line
        for group, points in project["entry-points"].items()
        for line in (f"[{group}]", *(f"{name} = {target}" for name, target in points.items()))
    ]
    (metadata / "entry_points.txt").write_text("\n".join(lines))
    sys.path.append(str(folder))


def pytest_configure(config: pytest.Config) -> None:
    """Announce entry points where the package is only on the path; build the planner, if the mode is on."""
    # To compile what sparse computes with would take a minute, to interpret it a second.
    os.environ.setdefault("NUMBA_DISABLE_JIT", "1")
    try:
        importlib.metadata.distribution("raskt")
    except importlib.metadata.PackageNotFoundError:
        folder = tempfile.TemporaryDirectory()
        config.add_cleanup(folder.cleanup)
        announce(Path(folder.name))
    if os.environ.get("RASKT_TEST_SHIP") == "1" and "RASKT_TEST_SHIP_PLANNER" not in os.environ:
        os.environ["RASKT_TEST_SHIP_PLANNER"] = build_planner()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what cannot pass in the mode."""
    if os.environ.get("RASKT_TEST_SHIP") != "1":
        return
    for item in items:
        name = item.nodeid.partition("[")[0].removeprefix("tests/python/")
        if name in NOT_SHIPPED:
            item.add_marker(pytest.mark.skip(reason=NOT_SHIPPED[name]))


@pytest.fixture(scope="session")
def planner() -> str:
    """The path of the program `raskt-planner`."""
    return os.environ.get("RASKT_TEST_SHIP_PLANNER") or build_planner()
