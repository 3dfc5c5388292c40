"""The part of `Client` that gives workers plugins and files."""

from __future__ import annotations

import json
import os
import pickle
import uuid

from raskt._pickle import dumps
from raskt.distributed import _equipment
from raskt.distributed._equipment import NannyPlugin, SchedulerPlugin, WorkerPlugin
from raskt.distributed.diagnostics.plugin import ForwardLoggingPlugin, hear_record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from raskt._raskt import ClusterClient

__all__ = ["Equipping"]


class _Callback(WorkerPlugin):
    """A function that is called on each worker."""

    def __init__(self, setup: Callable[..., Any]) -> None:
        self._setup = setup

    def setup(self, worker: Any) -> Any:
        import inspect

        takes_worker = "dask_worker" in inspect.signature(self._setup).parameters
        return self._setup(dask_worker=worker) if takes_worker else self._setup()


def _forwarding(logger_name: str | None) -> str:
    """What the plugin and the topic of a logger's records are called."""
    return f"forward-logging-{logger_name or '<root>'}"


class Equipping:
    """What gives workers plugins and files."""

    _core: ClusterClient

    def _sync(self, func: Callable[..., Any], *args: Any) -> Any:
        raise NotImplementedError

    def _restart_workers(self, workers: Any, seconds: float | None, raises: bool) -> dict[str, str]:
        raise NotImplementedError

    def _register_there(self, plugin: Any, name: str | None, stays: bool) -> Any:
        raise NotImplementedError

    def subscribe_topic(self, topic: str, handler: Callable[[tuple[float, Any]], Any]) -> None:
        raise NotImplementedError

    def unsubscribe_topic(self, topic: str) -> None:
        raise NotImplementedError

    def register_plugin(self, plugin: Any, name: str | None = None, idempotent: bool | None = None) -> Any:
        """Have an object set up on each worker that is there, and on each that comes.

        Parameters
        ----------
        plugin : WorkerPlugin, NannyPlugin or SchedulerPlugin
            The object. A `SchedulerPlugin` gets a copy in the process of the scheduler, a `NannyPlugin` in
            those that look after processes of workers. Otherwise each worker
            gets a copy, whose ``setup(worker)`` is called at once, and whose ``teardown(worker)`` when the
            worker ends. Ready to use are `Environ`, `PipInstall`, `CondaInstall`, `UploadFile` and
            `UploadDirectory`: workers that come have these before their
            first task.
        name : str, optional
            What it is called. Default: its attribute ``name``, or the name of its class with a number.
        idempotent : bool, optional
            Whether one of that name that is there stays. Otherwise it is torn down, and this one set up.

        Returns
        -------
        dict
            ``{"status": "OK"}`` by the address of the worker, of those that have a nanny for a `NannyPlugin`;
            None for a `SchedulerPlugin`.

        Raises
        ------
        TypeError
            If it is no plugin.
        NotImplementedError
            If it wants to hear of what plugins do not hear of.
        Exception
            What its ``setup`` raises.

        Examples
        --------
        >>> client.register_plugin(Connections())  # doctest: +SKIP
        {'tcp://127.0.0.1:40331': {'status': 'OK'}}
        """
        if isinstance(plugin, SchedulerPlugin):
            stays = bool(plugin.idempotent if idempotent is None else idempotent)
            return self._register_there(plugin, name, stays)
        if not isinstance(plugin, NannyPlugin | WorkerPlugin):
            raise TypeError(
                "register_plugin takes a WorkerPlugin, NannyPlugin or SchedulerPlugin, "
                f"found {type(plugin).__name__}"
            )
        if hasattr(plugin, "transition"):
            raise NotImplementedError(
                "plugins of workers do not hear of transitions of tasks: use a SchedulerPlugin"
            )
        if name is None:
            name = getattr(plugin, "name", None) or f"{type(plugin).__name__}-{uuid.uuid4().hex}"
        stays = bool(plugin.idempotent if idempotent is None else idempotent)
        args = (dumps(plugin), uuid.uuid4().hex)
        if isinstance(plugin, NannyPlugin):
            return self._sync(self._register_with_nannies, name, args, stays)
        prepares, restarts = hasattr(plugin, "prepare"), getattr(plugin, "restart_workers", False)

        def register() -> dict[str, Any]:
            if stays and self._kept(["plugin", name]) is not None:
                return self._told()
            # Workers that come hear of it before those that are there, so that none is left out.
            self._keep(["plugin", name], args)
            if prepares:
                self._keep(["prepare", name], args[:1])
            told = self._on_each(lambda address: (_equipment.add_plugin, (address, name, *args)))
            if restarts and told:
                self._restart_workers(list(told), None, True)
            return told if not restarts else self._told()

        return self._sync(register)

    register_worker_plugin = register_plugin

    def _register_with_nannies(self, name: str, args: tuple[bytes, str], stays: bool) -> dict[str, Any]:
        if stays and self._kept(["nanny", name]) is not None:
            return self._told()
        self._keep(["nanny", name], args)
        told = self._answers(_equipment.add_to_nanny, name, *args)
        if again := [address for address, is_again in told.items() if is_again]:
            self._restart_workers(again, None, True)
        return {address: {"status": "OK"} for address, is_again in told.items() if is_again is not None}

    def _answers(self, func: Callable[..., Any], *args: Any) -> dict[str, Any]:
        """What a function returns on each worker; what it raises somewhere is raised."""
        places = [(worker["id"], worker["address"]) for worker in self._core.workers()]
        found = {}
        for (_, address), (is_value, outcome) in zip(
            places, self._core.run(func, args, None, places), strict=True
        ):
            if not is_value:
                raise outcome
            found[address] = outcome
        return found

    def _keep(self, path: list[str], args: Any) -> None:
        request = self._core.coordination().ask("set_metadata", [_equipment.PLACE, *path], dumps(args))
        request.wait(None)
        request.answer()

    def _kept(self, path: list[str]) -> Any:
        request = self._core.coordination().ask("get_metadata", [_equipment.PLACE, *path])
        request.wait(None)
        return next((pickle.loads(data) for _, data in request.answer()), None)

    def _on_each(self, call: Callable[[str], tuple[Callable[..., Any], tuple[Any, ...]]]) -> dict[str, Any]:
        for worker in self._core.workers():
            func, args = call(worker["address"])
            ((is_value, outcome),) = self._core.run(func, args, None, [(worker["id"], worker["address"])])
            if not is_value:
                raise outcome
        return self._told()

    def _told(self) -> dict[str, Any]:
        return {worker["address"]: {"status": "OK"} for worker in self._core.workers()}

    def unregister_worker_plugin(self, name: str, nanny: bool | None = None) -> Any:
        """Tear a plugin down on all workers; those that come do not get it.

        Parameters
        ----------
        name : str
            What it is called. One that is not there is none.
        nanny : bool, optional
            Whether it is a plugin of nannies.

        Returns
        -------
        dict
            ``{"status": "OK"}`` by the address of the worker.
        """

        def unregister() -> dict[str, Any]:
            if nanny:
                self._keep(["nanny", name], None)
                told = self._answers(_equipment.remove_from_nanny, name)
                return {address: {"status": "OK"} for address, was in told.items() if was is not None}
            self._keep(["plugin", name], None)
            self._keep(["prepare", name], None)
            return self._on_each(lambda address: (_equipment.remove_plugin, (address, name)))

        return self._sync(unregister)

    def register_worker_callbacks(self, setup: Callable[..., Any] | None = None) -> Any:
        """Have a function called on each worker that is there, and on each that comes.

        Parameters
        ----------
        setup : callable
            A function without arguments, or with one called ``dask_worker``, which gets the worker.

        Returns
        -------
        dict
            ``{"status": "OK"}`` by the address of the worker.
        """
        if not callable(setup):
            raise TypeError(f"setup is a function, found {setup!r}")
        return self.register_plugin(_Callback(setup))

    def upload_file(self, filename: str | os.PathLike[str], load: bool = True) -> Any:
        """Give a file of code to each worker that is there, and to each that comes.

        Parameters
        ----------
        filename : str or path
            A module (``.py``), or an archive of modules and packages (``.zip``, ``.egg``), which can be
            imported then; any other file lies in a folder that is in ``sys.path``. 64 MiB at most.
        load : bool, optional
            Whether modules are imported at once.

        Returns
        -------
        dict
            ``{"status": "OK"}`` by the address of the worker.

        Raises
        ------
        Exception
            What importing raises.

        Examples
        --------
        >>> client.upload_file("helpers.py")  # doctest: +SKIP
        >>> client.submit(lambda: __import__("helpers").answer()).result()  # doctest: +SKIP
        42
        """
        name = os.path.basename(os.fspath(filename))

        def upload() -> dict[str, Any]:
            with open(filename, "rb") as file:
                data = file.read()
            self._keep(["file", name], (data, load))
            return self._on_each(lambda _: (_equipment.add_file, (name, data, load)))

        return self._sync(upload)

    def forward_logging(self, logger_name: str | None = None, level: int = 0) -> Any:
        """Have what a logger gets on workers given to the logger of the same name here, too.

        Parameters
        ----------
        logger_name : str, optional
            The logger. Default: the one of all.
        level : int, optional
            What is below it is not forwarded: `logging.INFO`, say. What the loggers of workers are set to
            counts before.

        Returns
        -------
        dict
            ``{"status": "OK"}`` by the address of the worker.

        Examples
        --------
        >>> client.forward_logging("users", logging.INFO)  # doctest: +SKIP
        """
        name = _forwarding(logger_name)
        self.subscribe_topic(name, hear_record)
        return self.register_plugin(ForwardLoggingPlugin(logger_name, level, name), name)

    def unforward_logging(self, logger_name: str | None = None) -> Any:
        """Undo `forward_logging`.

        Parameters
        ----------
        logger_name : str, optional
            The logger.

        Returns
        -------
        dict
            ``{"status": "OK"}`` by the address of the worker.
        """
        name = _forwarding(logger_name)
        self.unsubscribe_topic(name)
        return self.unregister_worker_plugin(name)

    def write_scheduler_file(self, scheduler_file: str | os.PathLike[str]) -> None:
        """Write where the scheduler is, and the cluster's secret, for ``Client(scheduler_file=...)``.

        Parameters
        ----------
        scheduler_file : str or path
            The file, which its owner alone can read.
        """
        said = {"address": self._core.address, "token": self._token}
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        with open(os.open(scheduler_file, flags, 0o600), "w") as file:
            json.dump(said, file)

    #: The secret of the cluster.
    _token: str
