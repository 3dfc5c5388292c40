"""The process of a worker."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from typing import TYPE_CHECKING

from raskt.distributed import _equipment, _logs
from raskt.distributed._nanny import AGAIN, EXPIRED, NOT_STARTED
from raskt.distributed._nanny_link import Link
from raskt.distributed._token import TOKEN_VARIABLE
from raskt.distributed.security import from_environment
from raskt.distributed.worker import Worker

if TYPE_CHECKING:
    from types import FrameType
    from typing import Any

    from raskt.distributed.security import Certificates

__all__ = ["main", "work"]


def main() -> int:
    """Be a worker, as the first argument says, until its scheduler does not need it any more."""
    token, tls = os.environ.pop(TOKEN_VARIABLE, ""), from_environment()
    return work(json.loads(sys.argv[1]), token, tls)


def work(options: dict[str, Any], token: str, tls: Certificates | None) -> int:
    """Be a worker until its end, in a process that is there for nothing else; return its exit code."""
    _logs.keep()
    worker: Worker | None = None
    is_told = False

    def retire(_number: int, _frame: FrameType | None) -> None:
        nonlocal is_told
        if worker is not None and is_told:
            # Told twice: what it holds is computed again elsewhere.
            worker.stop()
        elif worker is not None:
            worker.retire()
        is_told = True

    def orphaned() -> None:
        if not is_told:
            os.kill(os.getpid(), signal.SIGTERM)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, retire)
    link = _equipment.nanny = Link.found()
    if link is not None:
        # A worker whose nanny is killed would be looked after by nobody.
        link.watch(orphaned)
    try:
        made = Worker._of(options, token, tls, has_process=True)
        made.join()
    except _equipment.StartAgain:
        made.stop()
        return AGAIN
    except (OSError, RuntimeError, ValueError) as error:
        print(f"error: worker {options['name']}: {error}", file=sys.stderr)
        return NOT_STARTED
    except Exception:
        print(f"error: worker {options['name']}: a module to preload raised:", file=sys.stderr)
        sys.excepthook(*sys.exc_info())
        return NOT_STARTED
    worker = made
    if link is not None:
        # Whoever it was may have ended.
        with contextlib.suppress(OSError):
            link.tell(("joined", worker.address))
    if worker.dashboard_link:
        print(f"Dashboard of worker {worker.name} at: {worker.dashboard_link}", flush=True)
    if is_told:
        worker.retire()
    departed = worker.wait(None)
    is_well, why = departed if departed is not None else (True, "")
    if not is_well:
        print(f"error: worker {options['name']}: {why}", file=sys.stderr)
    code = 1 if not is_well else EXPIRED if worker.is_expired else 0
    if link is not None and code == 0:
        # Functions that still run may keep the process for a while.
        with contextlib.suppress(OSError):
            link.tell(("departed",))
    if worker.leave():
        # Tasks that cannot be stopped would keep the process.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code
