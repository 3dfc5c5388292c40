"""How child processes are started, and what they are told first; the pool itself is the engine's."""

from __future__ import annotations

import functools
import os
import sys
import warnings

from raskt import config
from raskt._pickle import dumps
from raskt.system import cpu_count

TYPE_CHECKING = False
if TYPE_CHECKING:
    from raskt._raskt import ChildOptions

__all__ = ["children", "import_path", "surroundings"]

#: What a child runs. Its import path is the parent's, so that it finds Raskt wherever that was found here;
#: ``__main__`` stays this line: what is defined in the parent's comes by value.
_START = "import sys; sys.path[:] = sys.argv[1:]; del sys.argv[1:]; from raskt._child import main; main()"

#: BLAS and OpenMP read these once, when they are loaded.
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def import_path() -> list[str]:
    """Return where this process imports from, absolutely."""
    try:
        return [os.path.abspath(entry) for entry in sys.path]
    except OSError:
        # The working folder is gone, and with it what entries relative to it meant.
        return [entry for entry in sys.path if os.path.isabs(entry)]


def children(n_workers: int) -> ChildOptions:
    """Return how ``n_workers`` children are to be started and kept."""
    import subprocess

    # The children together use the budget, unless the user has said otherwise.
    n_threads = str(max(1, cpu_count() // n_workers))
    flags: list[str] = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
    return {
        "program": sys.executable,
        "args": [*flags, "-c", _START, *import_path()],
        "env": [(name, n_threads) for name in _THREAD_VARIABLES if name not in os.environ],
        "shared_memory_min_bytes": config.resolve("processes.shared-memory-min-bytes"),
        "start_timeout": config.resolve("processes.start-timeout"),
        "idle_timeout": config.resolve("processes.idle-timeout"),
        "recycle_after_tasks": config.get("processes.recycle-after-tasks", None),
    }


@functools.lru_cache(1)
def _pickled_filters(filters: tuple[object, ...]) -> bytes:
    return dumps(list(filters))


def surroundings() -> bytes:
    """Return configuration, warning filters, import path, folder and key, for `raskt._child` to take over."""
    import pickle

    try:
        folder = os.getcwd()
    except OSError:
        # The folder is gone: there is none to go to.
        folder = None
    filters = _pickled_filters(tuple(warnings.filters))
    return pickle.dumps(
        (import_path(), folder, config.snapshot(), filters, _authentication_key()), protocol=5
    )


def _authentication_key() -> bytes | None:
    """Return what this process proves itself by to the managers of `multiprocessing`, if it uses them."""
    current = getattr(sys.modules.get("multiprocessing.process"), "current_process", None)
    return None if current is None else bytes(current().authkey)
