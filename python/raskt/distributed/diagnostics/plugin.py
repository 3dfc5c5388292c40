"""Plugins that are ready to use: environment, packages, files, logs."""

from __future__ import annotations

import contextlib
import fcntl
import io
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
import zipfile
from typing import TYPE_CHECKING, Any

from raskt._pickle import dumps
from raskt.distributed import _equipment
from raskt.distributed._equipment import NannyPlugin, SchedulerPlugin, WorkerPlugin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

__all__ = [
    "CondaInstall",
    "Environ",
    "ForwardLoggingPlugin",
    "InstallPlugin",
    "NannyPlugin",
    "PipInstall",
    "SchedulerPlugin",
    "UploadDirectory",
    "UploadFile",
    "WorkerPlugin",
]

#: What is known of this process, so that it does not hear of what it said itself.
_PROCESS = uuid.uuid4().hex
#: What an attribute of forwarded records is called that says where they come from.
_ORIGIN = "raskt_process"


class _Prepares(WorkerPlugin):
    """A plugin that changes the process: workers that come have it before their first task."""

    def prepare(self) -> None:
        """Change the process; that is done again where it is done already."""
        raise NotImplementedError

    def setup(self, worker: Any) -> None:
        """Change the process of a worker that is there."""
        del worker
        self.prepare()


class Environ(_Prepares):
    """Sets environment variables in the processes of workers.

    Libraries that look at a variable once, when they are loaded, may have been loaded before: start workers
    with such variables.

    Parameters
    ----------
    environ : dict, optional
        The variables.

    Examples
    --------
    >>> from raskt.distributed import Environ
    >>> client.register_plugin(Environ({"DATABASE": "test"}))  # doctest: +SKIP
    """

    def __init__(self, environ: Mapping[str, Any] | None = None) -> None:
        self.environ = {name: str(value) for name, value in (environ or {}).items()}

    def prepare(self) -> None:
        """Set the variables."""
        os.environ.update(self.environ)


class InstallPlugin(_Prepares):
    """Calls a function that installs something, on one worker of a machine at a time.

    Parameters
    ----------
    install_fn : callable
        The function. It is called once in each process of workers.
    restart_workers : bool, optional
        Whether the processes of workers that are there are started again after it.

    Examples
    --------
    >>> from raskt.distributed.diagnostics.plugin import InstallPlugin
    >>> client.register_plugin(InstallPlugin(download_model, restart_workers=False))  # doctest: +SKIP
    """

    def __init__(self, install_fn: Callable[[], Any], restart_workers: bool = False) -> None:
        self.name = f"{type(self).__name__}-{uuid.uuid4().hex}"
        self.restart_workers = restart_workers
        self._install = install_fn

    def prepare(self) -> None:
        """Call the function, unless this process has."""
        if self.name not in _installed:
            with _one_of_this_machine():
                self._install()
            _installed.add(self.name)


#: What was installed by this process.
_installed: set[str] = set()


@contextlib.contextmanager
def _one_of_this_machine() -> Iterator[None]:
    """Wait for other processes of the user that install something."""
    path = os.path.join(tempfile.gettempdir(), f"raskt-install-{os.getuid()}.lock")
    # The folder is everybody's: what another user has put there in its place is not followed, and not taken.
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        if os.fstat(file).st_uid != os.getuid():
            raise PermissionError(
                f"the lock {path!r} of what is installed belongs to another user: remove it"
            )
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


def _call(command: Sequence[str], what: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()
        raise RuntimeError(f"{what} failed with code {done.returncode}: {said}")


class _Installer:
    """Calls a package manager."""

    def __init__(self, command: list[str], what: str) -> None:
        self._command = command
        self._what = what

    def __call__(self) -> None:
        # The interpreter is that of the worker.
        command = [sys.executable if part == "python" else part for part in self._command]
        if shutil.which(command[0]) is None:
            raise RuntimeError(f"{self._what} needs {command[0]!r}, which is not there")
        _call(command, self._what)
        import importlib

        importlib.invalidate_caches()


class PipInstall(InstallPlugin):
    """Installs packages with pip on the machines of workers.

    Parameters
    ----------
    packages : list of str
        As on pip's command line.
    pip_options : list of str, optional
        Options of ``pip install``: ``["--upgrade"]``.
    restart_workers : bool, optional
        Whether the processes of workers that are there are started again: for packages of which another
        version is loaded.

    Examples
    --------
    >>> from raskt.distributed import PipInstall
    >>> client.register_plugin(PipInstall(["scikit-learn"]))  # doctest: +SKIP
    """

    def __init__(
        self,
        packages: Iterable[str],
        pip_options: Iterable[str] | None = None,
        restart_workers: bool = False,
    ) -> None:
        self.packages = list(packages)
        command = ["python", "-m", "pip", "install", *(pip_options or ()), *self.packages]
        super().__init__(_Installer(command, "pip install"), restart_workers)


class CondaInstall(InstallPlugin):
    """Installs packages with conda on the machines of workers.

    Parameters
    ----------
    packages : list of str
        As on conda's command line.
    conda_options : list of str, optional
        Options of ``conda install``: ``["--channel", "conda-forge"]``.
    restart_workers : bool, optional
        Whether the processes of workers that are there are started again.

    Examples
    --------
    >>> from raskt.distributed import CondaInstall
    >>> client.register_plugin(CondaInstall(["scikit-learn"]))  # doctest: +SKIP
    """

    def __init__(
        self,
        packages: Iterable[str],
        conda_options: Iterable[str] | None = None,
        restart_workers: bool = False,
    ) -> None:
        self.packages = list(packages)
        command = ["conda", "install", "--yes", *(conda_options or ()), *self.packages]
        super().__init__(_Installer(command, "conda install"), restart_workers)


class UploadFile(_Prepares):
    """Gives a file of code to workers, as `Client.upload_file` does.

    Parameters
    ----------
    filepath : str or path
        A module, or an archive of modules.
    load : bool, optional
        Whether modules are imported at once.

    Examples
    --------
    >>> from raskt.distributed import UploadFile
    >>> client.register_plugin(UploadFile("helpers.py"))  # doctest: +SKIP
    """

    def __init__(self, filepath: str | os.PathLike[str], load: bool = True) -> None:
        self.filename = os.path.basename(os.fspath(filepath))
        self.name = f"upload_file-{self.filename}"
        self.load = load
        with open(filepath, "rb") as file:
            self.data = file.read()

    def prepare(self) -> None:
        """Write the file, and import it."""
        _equipment.add_file(self.filename, self.data, self.load)


class UploadDirectory(_Prepares):
    """Gives a directory of code to workers.

    It lies in a folder of each worker's process that is in ``sys.path``, so that a package can be imported.

    Parameters
    ----------
    path : str or path
        The directory.
    restart_workers : bool, optional
        Whether the processes of workers that are there are started again.
    update_path : bool, optional
        Whether the directory itself is put into ``sys.path``, too: for a directory of modules.
    skip_words : tuple of str, optional
        Names of files and directories that are left out.
    skip : tuple of callable, optional
        Functions of a file's path that return whether it is left out.
    mode : str, optional
        Only ``"workers"``.

    Examples
    --------
    >>> from raskt.distributed import UploadDirectory
    >>> client.register_plugin(UploadDirectory("mypackage"))  # doctest: +SKIP
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        restart_workers: bool = False,
        update_path: bool = False,
        skip_words: Iterable[str] = (".git", ".github", ".pytest_cache", "tests", "docs"),
        skip: Iterable[Callable[[str], bool]] = (lambda path: os.path.splitext(path)[1] == ".pyc",),
        mode: str = "workers",
    ) -> None:
        if mode != "workers":
            raise NotImplementedError("directories are uploaded to workers: mode='workers'")
        path = os.path.abspath(os.path.expanduser(os.fspath(path)))
        if not os.path.isdir(path):
            raise NotADirectoryError(f"{path} is no directory")
        self.directory = os.path.basename(path)
        self.name = f"upload-directory-{self.directory}"
        self.restart_workers = restart_workers
        self.update_path = update_path
        self.data = _packed(path, frozenset(skip_words), list(skip))

    def prepare(self) -> None:
        """Unpack the directory."""
        _equipment.add_directory(self.directory, self.data, self.update_path)


def _packed(path: str, skip_words: frozenset[str], skip: list[Callable[[str], bool]]) -> bytes:
    """A directory as an archive."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for root, folders, files in os.walk(path):
            folders[:] = sorted(set(folders) - skip_words)
            for name in sorted(set(files) - skip_words):
                file = os.path.join(root, name)
                if not any(leaves_out(file) for leaves_out in skip):
                    archive.write(file, os.path.relpath(file, path))
    return packed.getvalue()


class ForwardLoggingPlugin(WorkerPlugin):
    """Sends what a logger of workers gets to clients: see `Client.forward_logging`.

    Parameters
    ----------
    logger_name : str or None
        The logger; None is the one of all.
    level : int
        What is below it stays where it is.
    topic : str
        Of the events by which clients get it.

    Examples
    --------
    >>> client.forward_logging("users")  # doctest: +SKIP
    """

    def __init__(self, logger_name: str | None, level: int, topic: str) -> None:
        self.logger_name = logger_name
        self.level = level
        self.topic = topic
        self._handler: _Forwards | None = None

    def setup(self, worker: Any) -> None:
        """Add a handler to the logger."""
        self._handler = _Forwards(worker, self.topic, self.level)
        logging.getLogger(self.logger_name).addHandler(self._handler)

    def teardown(self, worker: Any) -> None:
        """Remove the handler."""
        del worker
        if self._handler is not None:
            logging.getLogger(self.logger_name).removeHandler(self._handler)


class _Forwards(logging.Handler):
    """Logs events that are records."""

    def __init__(self, worker: Any, topic: str, level: int) -> None:
        super().__init__(level)
        self._worker = worker
        self._topic = topic

    def emit(self, record: logging.LogRecord) -> None:
        if hasattr(record, _ORIGIN):
            # It came from elsewhere to a client in this process.
            return
        said = {**record.__dict__, "msg": record.getMessage(), "args": None, _ORIGIN: _PROCESS}
        # Tracebacks go as text.
        if record.exc_info:
            said["exc_text"] = record.exc_text or logging.Formatter().formatException(record.exc_info)
        said["exc_info"] = None
        try:
            self._worker.client.log_event(self._topic, _sendable(said))
        except Exception:
            self.handleError(record)


def _sendable(said: dict[str, Any]) -> dict[str, Any]:
    """Attributes of a record; what users added and cannot be sent goes as text."""
    found = {}
    for name, value in said.items():
        try:
            dumps(value)
        except Exception:
            value = repr(value)
        found[name] = value
    return found


def hear_record(event: tuple[float, dict[str, Any]]) -> None:
    """Give a record that was forwarded to the logger of its name here."""
    _, said = event
    if said[_ORIGIN] == _PROCESS:
        return
    record = logging.makeLogRecord(said)
    logger = logging.getLogger(record.name)
    if logger.isEnabledFor(record.levelno):
        logger.handle(record)
