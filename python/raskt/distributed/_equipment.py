"""What workers get beside tasks: plugins, and files of users' code. Those that come later get it, too."""

from __future__ import annotations

import importlib
import io
import os
import pickle
import shutil
import sys
import tempfile
import threading
import zipfile
from importlib.util import cache_from_source
from typing import TYPE_CHECKING, Any

from raskt import _raskt

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from raskt.distributed._nanny_link import Link
    from raskt.distributed.security import Certificates

__all__ = [
    "NannyPlugin",
    "SchedulerPlugin",
    "StartAgain",
    "Supply",
    "WorkerPlugin",
    "add_directory",
    "add_file",
    "add_plugin",
    "add_to_nanny",
    "remove_from_nanny",
    "tear_down",
]

#: Where the scheduler keeps what workers get that come later: a path of metadata.
PLACE = "raskt.equipment"

#: The workers of this process, by address.
_workers: dict[str, Any] = {}
#: By the address of the worker, and by name: which registration it was, and the plugin.
_plugins: dict[str, dict[str, tuple[str, WorkerPlugin]]] = {}
_files: dict[str, bytes] = {}
_folder: tempfile.TemporaryDirectory[str] | None = None
_changing = threading.RLock()


class WorkerPlugin:
    """What a class derives from whose instances are set up on each worker: see `Client.register_plugin`.

    Attributes
    ----------
    name : str
        What it is called. Default: the name of its class, with a number.
    idempotent : bool
        Whether one that is registered under its name before stays.

    Examples
    --------
    >>> from raskt.distributed import WorkerPlugin
    >>> class Connections(WorkerPlugin):
    ...     name = "connections"
    ...     def setup(self, worker):
    ...         worker.connection = connect(worker.name)
    ...     def teardown(self, worker):
    ...         worker.connection.close()
    """

    idempotent = False

    def setup(self, worker: Any) -> Any:
        """Do what is to be done when the plugin comes to a worker."""

    def teardown(self, worker: Any) -> Any:
        """Do what is to be done when the worker ends, or the plugin is unregistered."""


class SchedulerPlugin:
    """What a class derives from whose instance hears what happens to a cluster: see `Client.register_plugin`.

    It lives in the process of the scheduler, which does not wait for it: a plugin is told of what has
    happened, some twenty times a second, and cannot change it. Methods may be coroutine functions.

    Attributes
    ----------
    name : str
        What it is called. Default: the name of its class, with a number.
    idempotent : bool
        Whether one that is registered under its name before stays.

    Examples
    --------
    >>> from raskt.distributed import SchedulerPlugin
    >>> class Counts(SchedulerPlugin):
    ...     name = "counts"
    ...     n_done = 0
    ...     def transition(self, key, start, finish, **kwargs):
    ...         self.n_done += finish == "memory"
    """

    idempotent = False

    def start(self, scheduler: Any) -> Any:
        """Do what is to be done when the plugin is registered: what it raises, registering raises."""

    def before_close(self) -> Any:
        """Do what is to be done when the scheduler has ended."""

    def close(self) -> Any:
        """Do what is to be done when the scheduler has ended, or the plugin is unregistered."""

    def restart(self, scheduler: Any) -> Any:
        """Hear that all tasks were forgotten, as a client asked."""

    def transition(self, key: Any, start: str, finish: str, *args: Any, **kwargs: Any) -> Any:
        """Hear that a task has run: it goes from ``processing`` to ``memory``, ``erred`` or ``waiting``.

        Parameters
        ----------
        key : key
            The task.
        start, finish : str
            From and to which state it goes.
        *args, **kwargs
            ``worker`` (its address), ``nbytes``, ``startstops``, ``stimulus_id`` (empty).
        """

    def add_worker(self, scheduler: Any, worker: str) -> Any:
        """Hear of the address of a worker that has come."""

    def remove_worker(self, scheduler: Any, worker: str, *, stimulus_id: str, **kwargs: Any) -> Any:
        """Hear of the address of a worker that has gone; ``expected`` says whether it ended as it should."""

    def add_client(self, scheduler: Any, client: str) -> Any:
        """Hear of the number of a client that has come."""

    def remove_client(self, scheduler: Any, client: str) -> Any:
        """Hear of the number of a client that has gone."""


class NannyPlugin:
    """What a class derives from whose instances are set up by nannies: see `Client.register_plugin`.

    A nanny is what starts the process of a worker, and starts another one where that ends. Workers that are
    threads of the cluster's process have none. What plugins get has the attributes ``name``, ``pid``,
    ``worker_address``, ``scheduler_address``, ``nthreads``, ``memory_limit``, ``local_directory``,
    ``status`` and ``env``, a dict of variables for the processes that come next. Methods may be coroutine
    functions.

    Attributes
    ----------
    name : str
        What it is called. Default: the name of its class, with a number.
    idempotent : bool
        Whether one that is registered under its name before stays.
    restart : bool
        Whether the processes of workers are started again after it was set up.

    Examples
    --------
    >>> from raskt.distributed import NannyPlugin
    >>> class Variables(NannyPlugin):
    ...     restart = True
    ...     def setup(self, nanny):
    ...         nanny.env["MALLOC_ARENA_MAX"] = "2"
    """

    idempotent = False
    restart = False

    def setup(self, nanny: Any) -> Any:
        """Do what is to be done when the plugin comes to a nanny."""

    def teardown(self, nanny: Any) -> Any:
        """Do what is to be done when the nanny ends, or the plugin is unregistered."""


class StartAgain(Exception):
    """The process of a worker is to be started again, since a plugin of its nanny has changed something."""


#: What this process asks its nanny by, if it has one.
nanny: Link | None = None


class Supply:
    """What the scheduler has for a worker that comes: files are here before it takes tasks.

    Parameters
    ----------
    scheduler, token : str
        Where the scheduler is, and the secret of the cluster.
    timeout : float
        How long connecting is tried, in seconds.
    tls : tuple, optional
        The certificates of the worker.

    Examples
    --------
    >>> with Supply(scheduler, token, 30.0) as supply:  # doctest: +SKIP
    ...     supply.give(start_worker())
    """

    def __init__(self, scheduler: str, token: str, timeout: float, tls: Certificates | None = None) -> None:
        self._core = _raskt.ClusterClient(scheduler, token, "supply", timeout, tls)

    def _fetched(self, kind: str) -> list[tuple[str, tuple[Any, ...]]]:
        request = self._core.coordination().ask("get_metadata", [PLACE, kind])
        request.wait(None)
        entries = [(path[-1], pickle.loads(data)) for path, data in request.answer()]
        return [(name, args) for name, args in entries if args is not None]

    def _prepare(self) -> None:
        """Have plugins that change the process do it before it takes tasks."""
        for name, (data,) in self._fetched("prepare"):
            try:
                pickle.loads(data).prepare()
            except Exception:
                _report(f"the plugin {name!r}, which was registered before it came")

    def _add_files(self) -> None:
        for name, (data, load) in self._fetched("file"):
            try:
                add_file(name, data, load)
            except Exception:
                _report(f"the file {name!r}, which was uploaded before it came")

    def _tell_nanny(self) -> None:
        """Have plugins of nannies set up that were registered before the worker came."""
        is_again = False
        for name, args in self._fetched("nanny") if nanny is not None else ():
            try:
                is_again |= bool(add_to_nanny(name, *args))
            except Exception:
                _report(f"the plugin {name!r} of nannies, which was registered before it came")
        if is_again:
            self._core.close()
            raise StartAgain

    def __enter__(self) -> Self:
        self._tell_nanny()
        self._add_files()
        self._prepare()
        return self

    def give(self, worker: Any) -> None:
        """Set plugins up on a worker that has come; what they raise is reported."""
        _workers[worker.address] = worker
        # Whoever uploads or registers from here on knows of the worker.
        self._tell_nanny()
        self._add_files()
        for name, args in self._fetched("plugin"):
            try:
                add_plugin(worker.address, name, *args)
            except Exception:
                _report(f"the plugin {name!r}, which was registered before it came")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._core.close()


def add_plugin(address: str, name: str, data: bytes, registration: str) -> None:
    """Set up a plugin on a worker of this process, in place of another one of its name."""
    with _changing:
        mine = _plugins.setdefault(address, {})
        if name in mine and mine[name][0] == registration:
            return
        remove_plugin(address, name)
        # Each worker has a plugin of its own.
        plugin: WorkerPlugin = pickle.loads(data)
        mine[name] = (registration, plugin)
        plugin.setup(_workers[address])


def add_to_nanny(name: str, data: bytes, registration: str) -> bool | None:
    """Set up a plugin by this process's nanny; whether another process is to follow, None without a nanny."""
    return None if nanny is None else nanny.ask(("add", name, data, registration))


def remove_from_nanny(name: str) -> bool | None:
    """Tear a plugin down by the nanny of this process; whether it was there, and None without a nanny."""
    return None if nanny is None else nanny.ask(("remove", name))


def remove_plugin(address: str, name: str) -> bool:
    """Tear a plugin down on a worker of this process; whether it was there."""
    with _changing:
        found = _plugins.get(address, {}).pop(name, None)
        if found is not None:
            found[1].teardown(_workers[address])
    return found is not None


def tear_down(address: str) -> None:
    """Tear all plugins down of a worker that ends; what they raise is reported."""
    with _changing:
        for name in reversed(list(_plugins.get(address, {}))):
            try:
                remove_plugin(address, name)
            except Exception:
                _report(f"the teardown of the plugin {name!r}")
        _plugins.pop(address, None)
        _workers.pop(address, None)


def _report(what: str) -> None:
    print(f"error: worker in process {os.getpid()}: {what}:", file=sys.stderr)
    sys.excepthook(*sys.exc_info())


def _place() -> str:
    """The folder of users' code, which is in ``sys.path``."""
    global _folder
    if _folder is None:
        _folder = tempfile.TemporaryDirectory(prefix="raskt-files-")
        sys.path.insert(0, _folder.name)
    return _folder.name


def add_directory(name: str, data: bytes, is_searched: bool) -> None:
    """Have a directory of users' code here, which was packed; what was imported of it before is loaded again.

    Parameters
    ----------
    name : str
        What the directory is called.
    data : bytes
        The archive.
    is_searched : bool
        Whether the directory itself is to be in ``sys.path``.
    """
    with _changing:
        path = os.path.join(_place(), name)
        if _files.get(name) == data:
            return
        shutil.rmtree(path, ignore_errors=True)
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            archive.extractall(path)
            tops = {inner.partition("/")[0].removesuffix(".py") for inner in archive.namelist()}
        _files[name] = data
        if is_searched and path not in sys.path:
            sys.path.insert(0, path)
        _forget_modules({name, *tops} if is_searched else {name})


def _forget_modules(names: set[str]) -> None:
    for cached in [module for module in sys.modules if module.partition(".")[0] in names]:
        del sys.modules[cached]
    importlib.invalidate_caches()


def add_file(name: str, data: bytes, load: bool) -> None:
    """Have a file of users' code here, for imports; what was imported of it before is loaded again."""
    with _changing:
        path = os.path.join(_place(), name)
        is_news = _files.get(name) != data
        if is_news:
            unfinished = f"{path}.unfinished"
            with open(unfinished, "wb") as file:
                file.write(data)
            os.replace(unfinished, path)
            _files[name] = data
        modules = _modules_of(path)
        if is_news:
            _forget_modules(modules)
        if load:
            for module in sorted(modules):
                importlib.import_module(module)


def _modules_of(path: str) -> set[str]:
    """The names that can be imported of a file; archives are in ``sys.path`` from here on."""
    stem, ending = os.path.splitext(os.path.basename(path))
    if ending == ".py":
        _remove_bytecode(path)
        return {stem}
    if ending not in (".zip", ".egg"):
        return set()
    if path not in sys.path:
        sys.path.insert(0, path)
    sys.path_importer_cache.pop(path, None)
    with zipfile.ZipFile(path) as archive:
        tops = {name.partition("/")[0] for name in archive.namelist()}
    return {top.removesuffix(".py") for top in tops if top.endswith(".py") or "." not in top}


def _remove_bytecode(path: str) -> None:
    # An older file of the same size and second has bytecode that would be taken for that of the new one.
    if os.path.exists(cached := cache_from_source(path)):
        os.remove(cached)
