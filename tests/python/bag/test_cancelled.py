"""A bag whose computation was cancelled calls no more functions than those that run."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import raskt.bag as rb
from raskt.bag._going_on import _PIECE_MAX, collected, while_wanted

pytestmark = pytest.mark.skipif(os.name != "posix", reason="POSIX")

PROGRAM = """
import os, signal, sys, threading, time
import raskt.bag as rb

folder, kind, scheduler = sys.argv[1:]

def slow(x):
    time.sleep(0.02)
    open(os.path.join(folder, str(x)), "w").close()
    return x

if __name__ == "__main__":
    b = rb.from_sequence(range(2000), npartitions=2)
    if kind == "file":
        with open(os.path.join(folder, "lines.txt"), "w") as file:
            file.write("".join(f"{i}\\n" for i in range(2000)))
        b = rb.read_text(os.path.join(folder, "lines.txt")).map(str.strip)
    chains = {
        "map": lambda: b.map(slow),
        "file": lambda: b.map(slow),
        "starmap": lambda: b.map(lambda x: (x,)).starmap(slow),
        "filter": lambda: b.filter(slow),
        "none is kept": lambda: b.map(slow).filter(lambda _: False),
        "fold": lambda: b.fold(lambda _, x: slow(x), initial=0),
        "foldby": lambda: b.foldby(lambda x: x % 2, lambda _, x: slow(x), initial=0),
        "two bags": lambda: b.map(lambda x, _: slow(x), b),
    }
    def interrupt():
        while len(os.listdir(folder)) < 5:
            time.sleep(0.001)
        os.kill(os.getpid(), signal.SIGINT)
    threading.Thread(target=interrupt, daemon=True).start()
    try:
        chains[kind]().compute(scheduler=scheduler, num_workers=2)
    except KeyboardInterrupt:
        print("interrupted")
    # What ran has ended, and what did not begins no more.
    time.sleep(0.2)
    before = len(os.listdir(folder))
    time.sleep(0.3)
    print(len(os.listdir(folder)) - before)
"""


KINDS = ["map", "file", "starmap", "filter", "none is kept", "fold", "foldby", "two bags"]


@pytest.mark.parametrize(
    ("kind", "scheduler"),
    [(kind, "threads") for kind in KINDS] + [("map", "processes"), ("filter", "processes")],
)
def test_an_interrupted_bag_calls_no_function_for_its_further_elements(
    kind: str, scheduler: str, tmp_path: Path
) -> None:
    (tmp_path / "made").mkdir()
    program = tmp_path / "program.py"
    program.write_text(textwrap.dedent(PROGRAM))
    run = subprocess.run(
        [sys.executable, str(program), str(tmp_path / "made"), kind, scheduler],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (run.stdout, run.stderr) == ("interrupted\n0\n", "")


@pytest.mark.parametrize("n", [0, 1, 2, 3, 7, _PIECE_MAX, 4 * _PIECE_MAX + 1])
@pytest.mark.parametrize("kind", [list, tuple, range])
def test_elements_come_whole_and_in_their_order(n: int, kind: type) -> None:
    items = range(n) if kind is range else kind(range(n))
    assert list(while_wanted(items)) == list(range(n))
    assert collected(map(abs, items)) == list(range(n))


def test_a_function_of_a_partition_gets_it_as_it_is() -> None:
    b = rb.from_sequence(range(6), npartitions=2)
    assert b.map_partitions(lambda part: [type(part).__name__]).compute() == ["list", "list"]
