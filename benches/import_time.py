"""`import raskt` costs at most 60 ms beyond the interpreter's own start, and brings in no other library.

Interpreters that import nothing, that import Raskt (and compute something) and that import Dask are started
in turn, each in a process of its own, with compiled files and the disk's cache warm. The difference of the
medians is what a user's program pays.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from _claims import Claim, conclude, in_turn, medians, table

ROUNDS = 21
HEAVY = ["numpy", "pandas", "pyarrow", "asyncio", "typing", "concurrent.futures", "cloudpickle", "inspect"]
PROGRAMS = {
    "nothing": "",
    "import raskt": "import raskt",
    "import and compute": "import raskt; raskt.delayed(abs)(-1).compute()",
    "import dask": "import dask",
    "import dask.delayed": "from dask import delayed",
}


def milliseconds(program: str, cache: str) -> float:
    """The time from the start of an interpreter to its end; compiled files lie in the folder `cache`."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    env["PYTHONPYCACHEPREFIX"] = cache
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True, stdin=subprocess.DEVNULL, env=env)
    return (time.perf_counter() - begin) * 1e3


def brought_in(program: str) -> list[str]:
    """Which of the heavy modules a program imports."""
    code = f"import sys; {program}; print(*[name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.split()


def extension_bytes() -> int:
    """The size of the compiled extension."""
    import raskt._raskt

    return Path(str(raskt._raskt.__file__)).stat().st_size


def main() -> int:
    """Measure."""
    with tempfile.TemporaryDirectory() as cache:
        sides = {name: partial(milliseconds, program, cache) for name, program in PROGRAMS.items()}
        in_turn(sides, 2)
        found = medians(in_turn(sides, ROUNDS))
    own = {name: milliseconds - found["nothing"] for name, milliseconds in found.items()}
    ours = ["import raskt", "import and compute"]
    heavy = {name: brought_in(PROGRAMS[name]) for name in ours}
    rows = []
    for name in PROGRAMS:
        named = " ".join(heavy[name]) or "none" if name in heavy else ""
        rows.append((name, found[name], own[name], named))
    table(["milliseconds", "from start to end", "beyond the interpreter", "heavy modules"], rows)
    print(f"\nthe extension has {extension_bytes() / 1e6:.1f} MB")
    return conclude(
        [
            Claim("import_time", own["import raskt"], 60, "ms"),
            Claim("import_modules", len(heavy["import raskt"]), 0, "heavy modules"),
            Claim("import_compute_modules", len(heavy["import and compute"]), 0, "heavy modules"),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
