"""Files with more than memory holds: a `MemoryError`, and the process goes on."""

from __future__ import annotations

import gzip
import pathlib
import subprocess
import sys
import textwrap

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the limit of memory is one of Linux")

LINE = b"[" + b'"\\n", ' * (10 << 20) + b"0]\n"
"""A line of 60 MB, which is a list of ten million texts."""

CASES = {
    "lines": "rb.read_text(path).map(len)",
    "compressed lines": "rb.read_text(packed).map(len)",
    "changed lines": "rb.read_text(path).str.upper()",
    "words": "rb.read_text(path).str.split().flatten()",
    "JSON": "rb.read_text(path).map(json.loads)",
    "items of JSON": "rb.read_text(path).map(json.loads).flatten().frequencies()",
    "distinct lines": "rb.read_text(many).frequencies()",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    folder = tmp_path_factory.mktemp("memory")
    (folder / "long.txt").write_bytes(LINE)
    (folder / "long.txt.gz").write_bytes(gzip.compress(LINE, 1))
    with open(folder / "many.txt", "w") as file:
        file.writelines(f"{number:060}\n" for number in range(600_000))
    return folder


@pytest.mark.parametrize("case", CASES)
def test_what_memory_cannot_hold_is_an_error(folder: pathlib.Path, case: str) -> None:
    code = f"""
        import json, resource
        import raskt.bag as rb

        path, packed, many = "long.txt", "long.txt.gz", "many.txt"
        rb.from_sequence(range(3)).map(str).compute(scheduler="sync")
        for more in range(8, 90, 16):
            in_use = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (in_use + (more << 20), resource.RLIM_INFINITY))
            try:
                {CASES[case]}.compute(scheduler="sync")
            except MemoryError as error:
                print("MemoryError")
            else:
                print("room")
            print(rb.from_sequence(range(3)).map(str).compute(scheduler="sync"))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    said = done.stdout.splitlines()
    assert "MemoryError" in said
    assert set(said[1::2]) == {"['0', '1', '2']"}
