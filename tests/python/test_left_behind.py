"""What processes leave behind that are told to die or are killed: nothing, or not for long."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import raskt
import raskt.bag as rb
import raskt.dataframe as rd

pytestmark = pytest.mark.skipif(os.name != "posix", reason="POSIX")

HEAD = """
import os, signal, sys, threading, time, raskt
import raskt.bag as rb
PLACE = sys.argv[1]
raskt.config.set({"local.spill-directory": PLACE})

def ready(*_):
    assert os.listdir(PLACE)
    print("ready", flush=True)
    time.sleep(60)
    raise AssertionError("nobody sent the signal")
"""

SPILLING = """
values = [raskt.delayed(bytes)(1 << 20) for _ in range(20)]
raskt.delayed(ready)(*values).compute(memory_limit="4MiB", scheduler=SCHEDULER)
"""

GROUPBY = """
def group(x):
    if x == 50:
        ready()
    return x % 3
b = rb.range(100, npartitions=4).map(lambda x: (x, bytes(200_000)))
# More than fits: what does is grouped without files.
b.groupby(lambda pair: group(pair[0]), method="disk").compute(scheduler=SCHEDULER, memory_limit="2MiB")
"""

TEXT = """
def line(x):
    if x == 50:
        ready()
    return str(x)
rb.range(100, npartitions=4).map(line).to_textfiles(PLACE + "/*.txt", scheduler=SCHEDULER)
"""

FRAME = """
import pandas as pd, raskt.dataframe as rd
def slow(part):
    if 50 in part.x.values:
        # Another partition is written by then.
        while not any(names for _, _, names in os.walk(PLACE) if [n for n in names if n != "lock"]):
            time.sleep(0.01)
        ready()
    return part
frame = rd.from_pandas(pd.DataFrame({"x": range(100), "k": [1, 2] * 50}), npartitions=4, sort=False)
frame = frame.map_partitions(slow, meta=frame._meta)
"""

PARQUET = FRAME + "frame.to_parquet(PLACE, compute_kwargs={'scheduler': SCHEDULER})"
HIVE = FRAME + "frame.to_parquet(PLACE, partition_on=['k'], compute_kwargs={'scheduler': SCHEDULER})"
CSV = FRAME + "frame.to_csv(PLACE + '/*.csv', scheduler=SCHEDULER)"
JSON = FRAME + "frame.to_json(PLACE + '/*.json', compute=False).compute(scheduler=SCHEDULER)"

NPY = """
import numpy as np, raskt.array as ra
class Slow:
    dtype, shape, ndim = np.dtype("i8"), (4,), 1
    def __getitem__(self, at):
        return np.arange(4)[at]
plain = np.save
def save(file, block, **how):
    plain(file, block, **how)
    if block[0] == 2:
        ready()
np.save = save
ra.to_npy_stack(PLACE, ra.from_array(Slow(), chunks=2))
"""

WRITERS = {"parquet": PARQUET, "hive": HIVE, "csv": CSV, "json": JSON, "npy": NPY}
written_by = pytest.mark.parametrize(
    ("program", "scheduler"),
    [
        ("parquet", "threads"),
        ("hive", "threads"),
        ("csv", "threads"),
        ("json", "threads"),
        ("npy", "threads"),
        ("parquet", "processes"),
        ("hive", "processes"),
        ("csv", "processes"),
        ("json", "processes"),
    ],
)

PROGRAMS = {"spilling": SPILLING, "groupby": GROUPBY, "to_textfiles": TEXT}
everywhere = pytest.mark.parametrize(
    ("program", "scheduler"),
    [
        ("spilling", "threads"),
        ("spilling", "sync"),
        ("groupby", "threads"),
        ("groupby", "processes"),
        ("to_textfiles", "threads"),
        ("to_textfiles", "processes"),
    ],
)


def start(program: str, place: Path, scheduler: str = "threads") -> subprocess.Popen[str]:
    """Start a program and wait until it has something in ``place`` and says so."""
    code = HEAD + textwrap.dedent(program).replace("SCHEDULER", repr(scheduler))
    process = subprocess.Popen(
        [sys.executable, "-c", code, os.fspath(place)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    if process.stdout.readline() != "ready\n":
        process.kill()
        raise AssertionError(process.communicate()[1])
    return process


def unfinished(place: Path) -> list[str]:
    """Return what does not belong into ``place``; files that a program has written do."""
    whole = (".txt", "0.npy", "info")
    return [name for name in os.listdir(place) if name[0] == "." or not name.endswith(whole)]


def eventually(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 60
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def check_death(tmp_path: Path, program: str, scheduler: str, number: signal.Signals) -> None:
    process = start(PROGRAMS[program], tmp_path, scheduler)
    assert unfinished(tmp_path)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (-number, "")
    if scheduler == "processes":
        # Child processes find out that their parent is gone, and remove what they have.
        assert eventually(lambda: not unfinished(tmp_path)), unfinished(tmp_path)
    assert unfinished(tmp_path) == []


@everywhere
def test_sigterm_ends_a_process_as_before_and_leaves_nothing(
    tmp_path: Path, program: str, scheduler: str
) -> None:
    check_death(tmp_path, program, scheduler, signal.SIGTERM)


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_terminal_that_is_closed_ends_a_process_as_before_and_leaves_nothing(
    tmp_path: Path, program: str
) -> None:
    check_death(tmp_path, program, "threads", signal.SIGHUP)


def test_what_nohup_has_ignored_stays_ignored(tmp_path: Path) -> None:
    program = """
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        part = rb._files._raskt.PartFile(PLACE, "first", is_private=False)
        os.kill(os.getpid(), signal.SIGHUP)
        assert len(os.listdir(PLACE)) == 1
        ready()
    """
    process = start(program, tmp_path)
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGTERM
    assert unfinished(tmp_path) == []


@everywhere
def test_what_a_killed_process_left_goes_when_its_place_is_used_again(
    tmp_path: Path, program: str, scheduler: str
) -> None:
    process = start(PROGRAMS[program], tmp_path, scheduler)
    process.kill()
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    if scheduler == "processes" and program == "to_textfiles":
        assert eventually(lambda: not unfinished(tmp_path)), unfinished(tmp_path)
        return
    assert unfinished(tmp_path)
    with raskt.config.set({"local.spill-directory": os.fspath(tmp_path)}):
        if program == "to_textfiles":
            rb.from_sequence(["new"]).to_textfiles(os.fspath(tmp_path / "new-*.txt"), scheduler="sync")
            assert (tmp_path / "new-0.txt").read_text() == "new"
        elif program == "groupby":
            groups = rb.range(4, npartitions=2).groupby(lambda x: x % 2, method="disk")
            assert sorted(groups.compute(scheduler="sync")) == [(0, [0, 2]), (1, [1, 3])]
        else:
            assert raskt.delayed(sum)([1, 2]).compute(memory_limit="1GiB") == 3
    assert eventually(lambda: not unfinished(tmp_path)), unfinished(tmp_path)


@written_by
def test_sigterm_in_the_midst_of_a_write_leaves_nothing(tmp_path: Path, program: str, scheduler: str) -> None:
    process = start(WRITERS[program], tmp_path, scheduler)
    assert unfinished(tmp_path)
    process.terminate()
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (-signal.SIGTERM, "")
    assert eventually(lambda: not unfinished(tmp_path)), unfinished(tmp_path)


@written_by
def test_what_a_killed_write_left_goes_with_the_next_one(
    tmp_path: Path, program: str, scheduler: str
) -> None:
    process = start(WRITERS[program], tmp_path, scheduler)
    process.kill()
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    if scheduler == "processes":
        assert eventually(lambda: not unfinished(tmp_path)), unfinished(tmp_path)
        return
    assert unfinished(tmp_path)
    frame = rd.from_pandas(pd.DataFrame({"x": [1, 2]}), npartitions=2)

    def sweeps() -> bool:
        # Children of the killed process may still end.
        paths = frame.to_csv(os.fspath(tmp_path / "*.txt"), index=False)
        assert [Path(path).read_text() for path in paths] == ["x\n1\n", "x\n2\n"]
        return not unfinished(tmp_path)

    assert eventually(sweeps), unfinished(tmp_path)


@pytest.mark.parametrize("program", ["parquet", "csv", "json"])
def test_a_write_in_progress_keeps_its_files_from_the_next_one(tmp_path: Path, program: str) -> None:
    process = start(WRITERS[program], tmp_path)
    try:
        (staged,) = unfinished(tmp_path)
        # What is being written gets its name meanwhile.
        before = {path for path in (tmp_path / staged).rglob("*") if path.suffix != ".part"}
        frame = rd.from_pandas(pd.DataFrame({"x": [1, 2]}), npartitions=1)
        frame.to_csv(os.fspath(tmp_path / "*.txt"))
        # Other partitions may have been written meanwhile.
        assert before <= set((tmp_path / staged).rglob("*"))
        assert tmp_path / staged / "lock" in before
    finally:
        process.terminate()
        process.communicate(timeout=60)


def test_a_write_that_is_computed_twice_or_elsewhere_is_whole_each_time(tmp_path: Path) -> None:
    frame = rd.from_pandas(pd.DataFrame({"x": [1, 2]}), npartitions=2)
    lazy = frame.to_parquet(os.fspath(tmp_path), compute=False)
    assert os.listdir(tmp_path) == []
    for again in (lazy, lazy, pickle.loads(pickle.dumps(lazy))):
        again.compute()
        assert pd.read_parquet(tmp_path).x.tolist() == [1, 2]
        assert sorted(os.listdir(tmp_path)) == ["part.0.parquet", "part.1.parquet"]
        for path in tmp_path.iterdir():
            path.unlink()


def test_two_signals_at_once_are_as_one(tmp_path: Path) -> None:
    # `timeout` signals its child, then the group that the child is in.
    process = start(SPILLING, tmp_path)
    for _ in range(2):
        process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGTERM
    assert unfinished(tmp_path) == []


def test_files_of_a_process_that_writes_are_left_alone(tmp_path: Path) -> None:
    # One partition at a time: with two, a file could get its final name between the two looks.
    process = start(TEXT, tmp_path, "sync")
    before = unfinished(tmp_path)
    try:
        rb.from_sequence(["new"]).to_textfiles(os.fspath(tmp_path / "new-*.txt"), scheduler="sync")
        assert before == unfinished(tmp_path) != []
    finally:
        process.terminate()
        process.communicate(timeout=60)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_handler_of_the_users_runs_and_ours_does_not(tmp_path: Path, when: str) -> None:
    program = """
        def handler(signum, frame):
            # Two signals: had anything else reacted to the first, there would not be the time.
            print(sorted(os.listdir(PLACE)) == found, flush=True)
            os._exit(7)
        def install():
            assert signal.signal(signal.SIGTERM, handler) is signal.SIG_DFL
        if WHEN == "before":
            install()
        part = rb._files._raskt.PartFile(PLACE, "mine", is_private=False)
        found = os.listdir(PLACE)
        assert len(found) == 1
        if WHEN == "after":
            install()
        ready()
    """
    process = start(program.replace("WHEN", repr(when)), tmp_path)
    process.terminate()
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, output, errors) == (7, "True\n", "")


def test_a_signal_that_is_ignored_stays_ignored(tmp_path: Path) -> None:
    program = """
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        values = [raskt.delayed(bytes)(1 << 20) for _ in range(20)]
        def count(*values):
            assert os.listdir(PLACE)
            os.kill(os.getpid(), signal.SIGTERM)
            return len(values)
        assert raskt.delayed(count)(*values).compute(memory_limit="4MiB") == 20
        print("ready", flush=True)
    """
    process = start(program, tmp_path)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")


def test_a_default_that_is_restored_leaves_nothing_behind_after_the_next_file(tmp_path: Path) -> None:
    program = """
        part = rb._files._raskt.PartFile(PLACE, "first", is_private=False)
        signal.signal(signal.SIGTERM, lambda *_: None)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        another = rb._files._raskt.PartFile(PLACE, "second", is_private=False)
        ready()
    """
    process = start(program, tmp_path)
    assert len(unfinished(tmp_path)) == 2
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGTERM
    assert unfinished(tmp_path) == []


def test_a_forked_child_that_gets_sigterm_dies_and_removes_nothing_of_its_parents(tmp_path: Path) -> None:
    program = """
        import warnings
        warnings.simplefilter("ignore", DeprecationWarning)  # of fork in a process with threads
        def fork(*values):
            found = sorted(os.listdir(PLACE)), sorted(os.listdir(PLACE + "/" + os.listdir(PLACE)[0]))
            child = os.fork()
            if child == 0:
                time.sleep(60)
                os._exit(0)
            os.kill(child, signal.SIGTERM)
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            now = sorted(os.listdir(PLACE)), sorted(os.listdir(PLACE + "/" + os.listdir(PLACE)[0]))
            assert status == -signal.SIGTERM, status
            assert now == found
            return len(values)
        values = [raskt.delayed(bytes)(1 << 20) for _ in range(20)]
        assert raskt.delayed(fork)(*values).compute(memory_limit="4MiB", scheduler="sync") == 20
        print("ready", flush=True)
    """
    process = start(program, tmp_path)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    assert unfinished(tmp_path) == []


def test_a_forked_child_removes_what_is_its_own_at_sigterm(tmp_path: Path) -> None:
    program = """
        import warnings
        warnings.simplefilter("ignore", DeprecationWarning)
        part = rb._files._raskt.PartFile(PLACE, "parents", is_private=False)
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            own = rb._files._raskt.PartFile(PLACE, "childs", is_private=False)
            os.write(writer, b"!")
            time.sleep(60)
            os._exit(0)
        os.read(reader, 1)
        assert len(os.listdir(PLACE)) == 2
        os.kill(child, signal.SIGTERM)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGTERM
        assert ["parents" in name for name in os.listdir(PLACE)] == [True]
        ready()
    """
    process = start(program, tmp_path)
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGTERM
    assert unfinished(tmp_path) == []


def test_a_program_that_closed_every_file_dies_of_sigterm_and_harms_no_file(tmp_path: Path) -> None:
    program = """
        part = rb._files._raskt.PartFile(PLACE, "first", is_private=False)
        os.closerange(3, 100)
        files = [open(f"{PLACE}/{i}.txt", "w") for i in range(100)]
        ready()
    """
    process = start(program, tmp_path)
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGTERM
    assert all((tmp_path / f"{i}.txt").read_bytes() == b"" for i in range(100))


def test_a_program_that_catches_the_consequences_still_dies_of_sigterm(tmp_path: Path) -> None:
    program = """
        def group(x):
            if x == 50:
                assert os.listdir(PLACE)
                print("ready", flush=True)
                while os.listdir(PLACE):
                    time.sleep(0.001)
            return x % 3
        try:
            b = rb.range(100, npartitions=4).map(lambda x: (x, bytes(200_000)))
            groups = b.groupby(lambda pair: group(pair[0]), method="disk")
            groups.compute(scheduler="threads", memory_limit="2MiB")
        except BaseException as error:
            print(error, flush=True)
            os._exit(3)
        os._exit(4)
    """
    process = start(program, tmp_path)
    process.terminate()
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, output, errors) == (-signal.SIGTERM, "", "")


def test_a_picture_is_written_whole_and_sweeps_its_folder(tmp_path: Path) -> None:
    program = """
        part = rb._files._raskt.PartFile(PLACE, "picture", is_private=False)
        ready()
    """
    process = start(program, tmp_path)
    process.kill()
    process.communicate(timeout=60)
    assert unfinished(tmp_path)
    raskt.visualize(raskt.delayed(sum)([1, 2]), filename=os.fspath(tmp_path / "graph.svg"))
    assert os.listdir(tmp_path) == ["graph.svg"]
    mask = os.umask(0)
    os.umask(mask)
    assert (tmp_path / "graph.svg").stat().st_mode & 0o777 == 0o666 & ~mask
