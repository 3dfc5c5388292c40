"""One thread budget: while tasks run side by side, BLAS and OpenMP get the threads that are left for each.

Some libraries (OpenBLAS as NumPy ships it) have one setting for the process. The thread that computes sets
it, as tasks become fewer or more, and what was there before comes back when the last computation ends. Others
(MKL, OpenMP) have one for each thread, and then each of the engine's threads sets its own.
"""

from __future__ import annotations

import os
import sys
from threading import Lock

from raskt import config
from raskt._forks import before_forks
from raskt.system import cpu_count

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["adjust", "adjust_here", "hold", "let_go"]

_lock = Lock()
#: The shares of the computations that are going on.
_shares: list[int] = []
#: Libraries with one setting for the process, and what it was before.
_before: list[tuple[Any, int]] = []
#: Libraries of either kind, as found when so many modules had been imported: looking takes milliseconds.
_found: tuple[int, list[Any], list[Any]] = (0, [], [])


def _is_per_thread(library: Any) -> bool:
    api: str = library.internal_api
    return api in ("mkl", "openmp") or getattr(library, "threading_layer", None) == "openmp"


def _find() -> tuple[list[Any], list[Any]]:
    """Return the loaded libraries: those with a setting for the process, those with one for each thread."""
    global _found
    n_modules = len(sys.modules)
    if _found[0] != n_modules:
        from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

        libraries = [each for each in ThreadpoolController().lib_controllers if each.get_num_threads()]
        whole = [library for library in libraries if not _is_per_thread(library)]
        _found = (n_modules, whole, [library for library in libraries if _is_per_thread(library)])
    return _found[1], _found[2]


def _share(n_side_by_side: int) -> int:
    budget: int = config.get("threads.budget", None) or cpu_count()
    return max(1, budget // max(1, n_side_by_side))


def _apply(share: int) -> None:
    for library, before in _before:
        library.set_num_threads(min(share, before))


def _restore() -> None:
    for library, before in _before:
        library.set_num_threads(before)
        # Since threadpoolctl 3.7 one thread is in control until it says that it is not any more.
        if hasattr(library, "clear_controlling_thread"):
            library.clear_controlling_thread()
    _before.clear()


def hold(n_side_by_side: int) -> int:
    """Give BLAS and OpenMP their share beside ``n_side_by_side`` tasks, until `let_go`.

    Parameters
    ----------
    n_side_by_side : int
        How many tasks may run at once.

    Returns
    -------
    int
        The share, in threads.

    Examples
    --------
    >>> from raskt._blas import hold, let_go
    >>> let_go(hold(1_000_000))
    """
    share = _share(n_side_by_side)
    with _lock, before_forks:
        if not _shares:
            _before[:] = [(library, library.get_num_threads()) for library in _find()[0]]
        _shares.append(share)
        _apply(min(_shares))
    return share


def adjust(n_side_by_side: int) -> None:
    """Follow a computation whose tasks became fewer or more, if it is the only one."""
    share = _share(n_side_by_side)
    with _lock, before_forks:
        if len(_shares) == 1:
            _apply(share)


def adjust_here(n_side_by_side: int) -> None:
    """Give the libraries that have a setting for each thread their share on the calling one."""
    for library in _find()[1]:
        library.set_num_threads(_share(n_side_by_side))


def let_go(share: int) -> None:
    """Take back what `hold` returned; if Ctrl-C interrupts that, do it again."""
    with _lock, before_forks:
        if share not in _shares:
            return
        rest = _shares.copy()
        rest.remove(share)
        if rest:
            _apply(min(rest))
        else:
            _restore()
        # Last: until then it has not been done.
        _shares[:] = rest


def _after_fork() -> None:
    """In a forked child no computation goes on: its libraries get their threads back."""
    global _lock
    _lock = Lock()
    _shares.clear()
    _restore()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
