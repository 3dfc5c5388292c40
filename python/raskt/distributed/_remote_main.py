"""What ``ssh`` runs on another host: a scheduler, or workers, until its standard input ends.

The first line of the input says what, as JSON, with the secret and the certificates of the cluster: arguments
can be read by everybody on the machine. What is started is told on the standard output, in a line of its own.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import importlib
import json
import os
import pickle
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from raskt import config
from raskt.distributed._nanny import NOT_STARTED
from raskt.distributed._status import Status
from raskt.distributed.nanny import Nanny
from raskt.distributed.scheduler import Scheduler
from raskt.distributed.security import Security
from raskt.distributed.worker import Worker

if TYPE_CHECKING:
    from raskt.distributed.process import ProcessInterface

__all__ = ["STARTED", "main"]

#: What the line begins with that tells what was started. Shells and tasks write lines of their own.
STARTED = "raskt-started: "
_LOOK_SECONDS = 0.1
_BLOCK_BYTES = 65536


def main() -> int:
    """Start what the first line of the input says; end it when the input ends, or at a signal."""
    # Tasks that read the standard input find nothing, and those that write do not take the answer's place.
    source, answer, complaint = os.dup(0), os.dup(1), os.dup(2)
    with open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)
    said = json.loads(_first_line(source))
    config.install(pickle.loads(base64.b64decode(said["config"])))
    code, n_held = asyncio.run(_run(said, source, answer, complaint))
    if n_held:
        # Tasks that cannot be stopped would keep the process.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


def _first_line(source: int) -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        block = os.read(source, _BLOCK_BYTES)
        if not block:
            raise SystemExit("error: the input ended before it said what to start")
        line += block
    return line


async def _run(said: dict[str, Any], source: int, answer: int, complaint: int) -> tuple[int, int]:
    """Start and end it; return the exit code, and how many threads are held by tasks."""
    loop, is_told = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, is_told.set)
    threading.Thread(target=_until_end, args=(source, loop, is_told), daemon=True).start()
    if said["log_directory"] is not None:
        _write_to(said["log_directory"], said["role"])
    things: list[ProcessInterface] = []
    try:
        things += _made(said)
        telling = asyncio.ensure_future(is_told.wait())
        starting = asyncio.ensure_future(_start(things))
        await asyncio.wait([telling, starting], return_when=asyncio.FIRST_COMPLETED)
        if is_told.is_set():
            starting.cancel()
        else:
            await starting
            _tell(answer, things)
            while not is_told.is_set() and not all(map(_is_over, things)):
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(is_told.wait(), _LOOK_SECONDS)
    except Exception as error:
        os.write(complaint, f"error: {type(error).__name__}: {error}\n".encode())
        return NOT_STARTED, await _close(things)
    is_failed = any(thing.status == Status.failed for thing in things)
    return int(is_failed), await _close(things)


def _made(said: dict[str, Any]) -> list[ProcessInterface]:
    security = Security._of(said["tls"] and tuple(said["tls"]))
    if said["role"] == "scheduler":
        return [Scheduler(**{"token": said["token"], "security": security, **said["options"]})]
    module, _, name = said["class"].rpartition(".")
    cls = getattr(importlib.import_module(module), name)
    shared: dict[str, Any] = {}
    if issubclass(cls, Nanny | Worker):
        shared = {"token": said["token"], "security": security, "n_workers": said["n_sharing"]}
    return [cls(said["scheduler"], **{"name": name, **shared, **said["options"]}) for name in said["names"]]


async def _start(things: list[ProcessInterface]) -> None:
    await asyncio.gather(*map(_started, things))


async def _started(thing: ProcessInterface) -> None:
    await thing


def _tell(answer: int, things: list[ProcessInterface]) -> None:
    first = things[0]
    told = {
        "address": getattr(first, "worker_address", None) or first.address,
        "dashboard_link": getattr(first, "dashboard_link", ""),
    }
    os.write(answer, f"\n{STARTED}{json.dumps(told)}\n".encode())
    os.close(answer)


def _until_end(source: int, loop: asyncio.AbstractEventLoop, is_told: asyncio.Event) -> None:
    while os.read(source, _BLOCK_BYTES):
        pass
    # Where the loop has ended, so has what was started.
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(is_told.set)


def _is_over(thing: ProcessInterface) -> bool:
    return thing.status in (Status.closed, Status.failed)


async def _close(things: list[ProcessInterface]) -> int:
    """Close all; return how many threads are held by tasks."""
    closings = [
        asyncio.to_thread(thing.leave) if isinstance(thing, Worker) else thing.close() for thing in things
    ]
    outcomes = await asyncio.gather(*closings, return_exceptions=True)
    for error in outcomes:
        if isinstance(error, BaseException):
            sys.excepthook(type(error), error, error.__traceback__)
    return sum(n for n in outcomes if isinstance(n, int))


def _write_to(folder: str, role: str) -> None:
    """Have the process, and those that it starts, write to a file from now on."""
    folder = os.path.expanduser(folder)
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, f"raskt-{role}-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log")
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(file, stream)
    os.close(file)


if __name__ == "__main__":
    sys.exit(main())
