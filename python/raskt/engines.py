"""Engines that people have already: graphs of Raskt's on Ray and on Dask's clusters.

Raskt plans a graph and fuses its tasks into fragments; the engine decides where each runs, carries and keeps
the values, and computes again what is lost. Raskt must be installed where its processes run.
"""

from __future__ import annotations

import functools
import pickle

from raskt import _raskt, config
from raskt._pickle import dumps, pack_exception, unpack_exception

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from raskt._raskt import Delayed, FragmentValue

    # A pickle and its buffers.
    _Flat = tuple[bytes, list[Any]]
    _Functions = list[tuple[bytes, _Flat]]

__all__ = ["Dask", "Ray"]

#: Functions of more bytes lie in Ray's object store, and come to fragments as arguments.
_LARGE_BYTES = 1 << 20


class FragmentError(Exception):
    """What a fragment raised, packed where it ran: engines carry it to whoever waits."""

    def __str__(self) -> str:
        return str(self.args[1])

    def __repr__(self) -> str:
        return f"FragmentError({self.args[1]})"

    def unpacked(self) -> BaseException:
        """Return the exception."""
        pickled, description, text = self.args
        return unpack_exception((pickled, description, text))


def run(functions: _Functions, call: _Flat, inputs: list[FragmentValue]) -> FragmentValue:
    """Run a fragment in a process of the engine's."""
    try:
        return _raskt.run_fragment(functions, call, inputs)
    except Exception as exc:
        error = FragmentError(*pack_exception(exc))
    raise error


def _options(kwargs: dict[str, Any]) -> int:
    """Return how often tasks are to be tried again, the one option of `compute` that engines have."""
    unknown = set(kwargs) - {"retries"}
    if unknown:
        names = ", ".join(sorted(unknown))
        raise TypeError(f"unknown option for an engine: {names}; known is retries")
    return int(kwargs.get("retries") or 0)


def _fragments(roots: Sequence[Delayed], n_workers: int) -> _raskt.Fragments:
    is_fused = config.get("optimization.fuse.active", True)
    width = (config.get("optimization.fuse.max-width", None) or 1) if is_fused else 0
    return _raskt.fragments(list(roots), max(n_workers, 1), width)


class Ray:
    """Graphs on Ray: ``x.compute(scheduler=Ray())``.

    Fragments are remote tasks, values objects of Ray's store; what is lost with a worker, Ray computes again.
    It is started on this machine if `ray.init` was not called.

    Parameters
    ----------
    **options
        For each remote task, as `ray.remote` takes them: ``num_cpus``, ``max_retries``, ``resources``, ...

    Examples
    --------
    >>> import raskt
    >>> from raskt.engines import Ray
    >>> raskt.delayed(pow)(2, 5).compute(scheduler=Ray())  # doctest: +SKIP
    32
    """

    def __init__(self, **options: Any) -> None:
        try:
            import ray
        except ImportError as exc:
            raise ImportError("raskt.engines.Ray needs Ray: pip install ray") from exc
        self._ray = ray
        self.options = options
        self._remote = functools.lru_cache(1024)(self._make_remote)

    def __repr__(self) -> str:
        options = ", ".join(f"{name}={value!r}" for name, value in self.options.items())
        return f"Ray({options})"

    def compute_fragments(self, roots: Sequence[Delayed], kwargs: dict[str, Any]) -> list[Any]:
        """Compute delayed values and return what they are: how `raskt.compute` uses an engine."""
        ray, retries = self._ray, _options(kwargs)
        if not ray.is_initialized():
            ray.init()
        fragments = _fragments(roots, int(ray.cluster_resources().get("CPU", 1)))
        outputs, uses = fragments.outputs, fragments.uses
        for number in outputs:
            uses[number] += 1
        refs: dict[int, Any] = {}
        # Of `refs`, those that are values from here: no task makes them.
        put: set[int] = set()
        large: dict[bytes, Any] = {}
        try:
            for place in range(len(fragments)):
                number, name, inputs, functions, call, value = fragments.at(place)
                if call is None:
                    refs[number] = ray.put(value)
                    put.add(number)
                    continue
                small = []
                given = []
                for known_as, function in functions.items():
                    if _n_bytes(function) < _LARGE_BYTES:
                        small.append((known_as, dumps(function)))
                        continue
                    if known_as not in large:
                        large[known_as] = ray.put((known_as, function))
                    given.append(large[known_as])
                remote = self._remote(name, tuple(small), len(given), retries)
                refs[number] = remote.remote(call, *given, *(refs[need] for need in inputs))
                # Ray keeps a value as long as somebody here refers to it, or a task needs it.
                for need in inputs:
                    uses[need] -= 1
                    if not uses[need]:
                        del refs[need]
            values = ray.get([refs[number] for number in outputs])
            return [value.result() for value in values]
        except BaseException as exc:
            self._cancel([ref for number, ref in refs.items() if number not in put])
            cause = getattr(exc, "cause", None)
            if not isinstance(cause, FragmentError):
                raise
        raise cause.unpacked()

    def _cancel(self, running: list[Any]) -> None:
        """Cancel tasks, from a process of Ray's.

        `ray.cancel` of this process runs on the thread that calls it, and ends the process when it meets the
        reply of a task that has just run ("Tried to complete task that was not pending"). Where another
        process asks for it, Ray cancels on the thread that takes in replies.
        """
        ray = self._ray

        # Nested functions are pickled by value: Ray's processes may have no Raskt without a task's options.
        def cancel(tasks: list[Any]) -> None:
            for task in tasks:
                ray.cancel(task)

        if running:
            ray.remote(num_cpus=0)(cancel).remote(running)

    def _make_remote(
        self, name: str, functions: tuple[tuple[bytes, bytes], ...], n: int, retries: int
    ) -> Any:
        """Return a remote function, which every process of Ray's gets once, with the functions in it."""

        def fragment(call: _Flat, *given: Any) -> FragmentValue:
            known = [(known_as, pickle.loads(function)) for known_as, function in functions]
            return run([*known, *given[:n]], call, list(given[n:]))

        fragment.__name__ = fragment.__qualname__ = name
        options = {"max_retries": retries, "retry_exceptions": True} if retries else {}
        options |= self.options
        return self._ray.remote(**options)(fragment) if options else self._ray.remote(fragment)


class Dask:
    """Graphs on a cluster of Dask's: ``x.compute(scheduler=Dask(client))``.

    Parameters
    ----------
    client : distributed.Client, optional
        The client; else the one that Dask would use.
    **options
        For all tasks, as `distributed.Client.get` takes them: ``workers``, ``resources``, ``priority``, ...

    Examples
    --------
    >>> import raskt
    >>> from raskt.engines import Dask
    >>> raskt.delayed(pow)(2, 5).compute(scheduler=Dask())  # doctest: +SKIP
    32
    """

    def __init__(self, client: Any = None, **options: Any) -> None:
        try:
            import distributed
        except ImportError as exc:
            raise ImportError("raskt.engines.Dask needs Dask: pip install distributed") from exc
        client = distributed.default_client() if client is None else client
        if not isinstance(client, distributed.Client):
            raise TypeError(f"client must be a distributed.Client, found {type(client).__name__}")
        if client.asynchronous:
            raise NotImplementedError("clients with asynchronous=True: make a distributed.Client without it")
        self.client = client
        self.options = options

    def __repr__(self) -> str:
        return f"Dask({self.client!r})"

    def compute_fragments(self, roots: Sequence[Delayed], kwargs: dict[str, Any]) -> list[Any]:
        """Compute delayed values and return what they are: how `raskt.compute` uses an engine."""
        import uuid

        from dask._task_spec import DataNode, Task, TaskRef

        retries = _options(kwargs)
        fragments = _fragments(roots, sum(self.client.nthreads().values()))
        # Other computations may give the same keys to other tasks.
        run_id = uuid.uuid4().hex
        keys: dict[int, Any] = {}
        graph: dict[Any, Any] = {}
        for place in range(len(fragments)):
            number, name, inputs, functions, call, value = fragments.at(place)
            key = keys[number] = (f"{name}-{run_id}", number)
            if call is None:
                graph[key] = Task(key, pickle.loads, pickle.dumps(value, protocol=5))
                continue
            named = [f"function-{run_id}-{known_as.hex()}" for known_as in functions]
            for at, (known_as, function) in zip(named, functions.items(), strict=True):
                if at not in graph:
                    graph[at] = DataNode(at, (known_as, _in_band(function)))
            given = [TaskRef(at) for at in [*named, *(keys[need] for need in inputs)]]
            graph[key] = Task(key, _run_on_dask, _in_band(call), len(named), *given)
        wanted = [keys[number] for number in fragments.outputs]
        options = {"retries": retries or None, **self.options}
        try:
            values = self.client.get(graph, wanted, **options)
        except FragmentError as exc:
            error = exc.unpacked()
        else:
            return [value.result() for value in values]
        raise error


def _run_on_dask(call: _Flat, n_functions: int, *given: Any) -> FragmentValue:
    return run(list(given[:n_functions]), call, list(given[n_functions:]))


def _n_bytes(flat: _Flat) -> int:
    return len(flat[0]) + sum(len(memoryview(buffer)) for buffer in flat[1])


def _in_band(flat: _Flat) -> _Flat:
    """Return a pickle whose buffers are bytes: Dask's scheduler reads them, and writes them again."""
    header, buffers = flat
    return header, [bytes(buffer) for buffer in buffers]


def named(name: str) -> Any:
    """Return the engine that ``scheduler=name`` means."""
    return {"ray": Ray, "dask": Dask}[name]()
