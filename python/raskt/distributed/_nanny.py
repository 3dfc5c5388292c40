"""Worker processes of this machine: started, watched, started again when they end by themselves."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from raskt._processes import import_path
from raskt.distributed._nanny_link import LINK_VARIABLE, Messages
from raskt.distributed._nanny_plugins import NannyPlugins
from raskt.distributed._token import TOKEN_VARIABLE
from raskt.distributed.security import in_environment

if TYPE_CHECKING:
    from collections.abc import Callable

    from raskt.distributed.security import Certificates

__all__ = ["WorkerProcess", "Workers"]

#: What a worker process runs. Its import path is the parent's: it finds Raskt wherever that was found here.
_START = (
    "import sys; sys.path[:] = sys.argv[2:]; del sys.argv[2:]; "
    "from raskt.distributed._worker_main import main; sys.exit(main())"
)
#: How often processes are looked at, in seconds.
_LOOK = 0.1
#: A process that takes more than this part of its memory limit is ended, before the system ends another one.
#: Once is not enough: what a value takes while it is written or sent is gone when the next look comes.
_MEMORY_END = 0.95
_N_OVER_MAX = 2
#: What a process ends with that could not join its cluster: EX_UNAVAILABLE, which tasks hardly say.
NOT_STARTED = 69
#: What a process ends with whose worker's lifetime is over: EX_TEMPFAIL.
EXPIRED = 75
#: What a process ends with that is to be started again at once: a plugin of its nanny has changed something.
AGAIN = 76
#: So many processes of one worker, one after the other, may fail to join.
_N_NOT_STARTED_MAX = 3
#: A process that ended within so many seconds of its start is replaced after a pause that doubles each time.
_EARLY = 5.0
_PAUSE, _PAUSE_MAX = 0.1, 5.0
#: How long processes may take to end that were asked to, in seconds.
_GRACE = 2.0
_BLOCK_BYTES = 1 << 16


class WorkerProcess:
    """The process of one worker, which is replaced when it ends by itself.

    Parameters
    ----------
    options : dict
        What `worker_options` makes. Beyond the memory limit the process is ended and replaced.
    token : str
        The secret of the cluster.
    tls : tuple, optional
        The certificates of the worker.
    """

    def __init__(self, options: dict[str, Any], token: str, tls: Certificates | None = None) -> None:
        self.options = options
        self._token = token
        self._tls = tls
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._n_early = 0
        self._n_not_started = 0
        self._n_over = 0
        self._start_at: float | None = None
        self._is_asked = False
        self._link: socket.socket | None = None
        self._messages = Messages()
        self._plugins = NannyPlugins(self)
        #: Where the worker listens, as soon as it has joined.
        self.address: str | None = None
        #: Whether the worker has left its cluster because it was told to, and its process is about to end.
        self.has_departed = False
        #: How processes of this worker ended, the last one at the end.
        self.deaths: list[str] = []
        #: Why there is no process any more, if so.
        self.status = "starting"

    @property
    def name(self) -> str:
        """The name of the worker."""
        name: str = self.options["name"]
        return name

    @property
    def worker_address(self) -> str | None:
        """Where the worker listens, while it is there."""
        return self.address

    @property
    def env(self) -> dict[str, str]:
        """Variables for the processes that are started from here on."""
        env: dict[str, str] = self.options["env"]
        return env

    @property
    def nthreads(self) -> int:
        """How many tasks the worker runs at a time."""
        n_threads: int = self.options["n_threads"]
        return n_threads

    @property
    def memory_limit(self) -> int | None:
        """What the process may take of memory, in bytes; None for no limit."""
        limit: int | None = self.options["memory_limit"]
        return limit

    @property
    def local_directory(self) -> str | None:
        """The folder for values that do not fit into memory; None for that of the configuration."""
        folder: str | None = self.options["local_directory"]
        return folder

    @property
    def scheduler_address(self) -> str:
        """Where the scheduler is."""
        address: str = self.options["scheduler"]
        return address

    @property
    def pid(self) -> int | None:
        """The process, while there is one."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start a process."""
        flags: list[str] = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
        command = [sys.executable, *flags, "-c", _START, json.dumps(self.options), *import_path()]
        # What worker processes share of the machine's threads is said by their number of threads.
        n_threads = str(self.options["n_threads"])
        variables = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
        env = dict.fromkeys(variables, n_threads) | dict(os.environ) | self.options["env"]
        # Arrow's own pool keeps what was freed, which counts against the worker's memory limit.
        env.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
        env[TOKEN_VARIABLE] = self._token
        env |= in_environment(self._tls)
        self._forget()
        self._link, theirs = socket.socketpair()
        self._messages = Messages()
        env[LINK_VARIABLE] = str(theirs.fileno())
        try:
            # A group of its own: Ctrl-C is the business of whoever started the cluster.
            self._process = subprocess.Popen(
                command,
                env=env,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                pass_fds=(theirs.fileno(),),
            )
        finally:
            theirs.close()
        self._started = time.monotonic()
        self._is_asked = self.has_departed = False
        self._n_over = 0
        self.status = "running"

    def _hear(self) -> None:
        """Take what the worker says: that it has joined, and what it asks the nanny."""
        link = self._link
        if link is None:
            return
        with contextlib.suppress(BlockingIOError):
            while block := link.recv(_BLOCK_BYTES, socket.MSG_DONTWAIT):
                for kind, *args in self._messages.take(block):
                    if kind == "joined":
                        (self.address,) = args
                    elif kind == "departed":
                        self.has_departed = True
                    else:
                        self._plugins.answer(link, kind, args)

    def _forget(self) -> None:
        self.address = None
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def look(self) -> None:
        """See whether the process is there, and start another one where it ended by itself."""
        if self._start_at is not None and time.monotonic() >= self._start_at:
            self._start_at = None
            self.start()
        process = self._process
        if process is None:
            return
        code = process.poll()
        if code is None:
            self._hear()
            limit = self.options["memory_limit"]
            is_over = limit is not None and resident_bytes(process.pid) > limit * _MEMORY_END
            self._n_over = self._n_over + 1 if is_over else 0
            if self._n_over == _N_OVER_MAX:
                self.deaths.append(f"took more than {_MEMORY_END:.0%} of its memory limit")
                process.kill()
            return
        self._process = None
        self._forget()
        is_again = code == AGAIN or (code == EXPIRED and self.options["lifetime_restart"])
        if is_again and not self._is_asked:
            self.start()
            return
        if code in (0, AGAIN, EXPIRED) or (self._is_asked and code == -signal.SIGTERM):
            # It was told to: by its scheduler, or by a signal, which may come before it listens to signals.
            self.status = "closed"
            self._plugins.tear_down()
            return
        self.deaths.append(f"signal {-code}" if code < 0 else f"exit code {code}")
        is_early = time.monotonic() - self._started < _EARLY
        self._n_early = self._n_early + 1 if is_early else 0
        self._n_not_started = self._n_not_started + 1 if code == NOT_STARTED else 0
        # Who was told how long to wait for its scheduler has waited.
        n_max = _N_NOT_STARTED_MAX if self.options["death_timeout"] is None else 1
        if self._n_not_started >= n_max:
            self.status = "failed"
            return
        self.status = "starting"
        pause = min(_PAUSE * 2**self._n_early, _PAUSE_MAX) if is_early else 0.0
        self._start_at = time.monotonic() + pause

    def ask_to_end(self) -> None:
        """Send the process the signal to end, if it is there."""
        if self._process is not None and self._process.poll() is None:
            self._is_asked = True
            self._process.terminate()

    def end(self, timeout: float) -> None:
        """Wait until the process has ended, and end it after `timeout` seconds."""
        process, self._process = self._process, None
        self._start_at = None
        self._plugins.tear_down()
        if process is None:
            return
        try:
            process.wait(max(0.0, timeout))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._forget()
        self.status = "closed"


class Workers:
    """The workers of a cluster on this machine, looked after by a thread."""

    def __init__(self) -> None:
        self._processes: dict[str, WorkerProcess] = {}
        self._lock = threading.Lock()
        self._is_ending = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, processes: list[WorkerProcess]) -> None:
        """Start workers."""
        with self._lock:
            for process in processes:
                self._processes[process.name] = process
                process.start()
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="raskt-nanny", daemon=True)
                self._thread.start()

    def _watch(self) -> None:
        while not self._is_ending.wait(_LOOK):
            self.look()

    def look(self) -> None:
        """Look at each once."""
        with self._lock:
            for process in self._processes.values():
                process.look()

    def each(self) -> dict[str, WorkerProcess]:
        """Return the workers by name, but for those that have ended because they were told to."""
        with self._lock:
            gone = [name for name, process in self._processes.items() if process.status == "closed"]
            for name in gone:
                del self._processes[name]
            return dict(self._processes)

    def end(self, ask: Callable[[], object], grace: float = _GRACE) -> None:
        """End all: `ask` has their scheduler tell them; those that go on for `grace` seconds are killed."""
        self._is_ending.set()
        ask()
        with self._lock:
            until = time.monotonic() + grace
            for process in self._processes.values():
                process.end(until - time.monotonic())
            self._processes.clear()


def resident_bytes(pid: int) -> int:
    """Return the bytes of a process in memory that cannot be read again from a file; 0 where not known."""
    try:
        with open(f"/proc/{pid}/status") as file:
            lines = [line.split() for line in file if line.startswith(("RssAnon:", "RssShmem:"))]
        return sum(int(kilobytes) for _, kilobytes, _ in lines) * 1024
    except (OSError, ValueError):
        return 0
