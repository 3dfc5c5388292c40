"""The test mode ``RASKT_TEST_SHIP=1``, in which every graph goes through a planner without Python."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

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


def pytest_configure() -> None:
    """Build the planner before any test, if the mode is on and nobody has."""
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
