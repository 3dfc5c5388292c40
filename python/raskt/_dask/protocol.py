"""Raskt's collections in Dask's protocol, so that `dask.compute`, xarray and others can hold them."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from raskt import _raskt
from raskt._convert import delayed_of
from raskt._keys import flatten_keys
from raskt.threaded import get

if TYPE_CHECKING:
    from collections.abc import Hashable

    from raskt._raskt import Delayed

__all__ = ["graph_of", "optimize", "schedule"]


def graph_of(collection: Any) -> Any:
    """Return the graph of a collection of Raskt's as one of Dask's.

    It is planned by Raskt, and its tasks are Raskt's native ones, each under a task of Dask's. Nothing is
    planned before a task is asked for, so that asking whether there is a graph costs nothing.
    """
    from dask.highlevelgraph import HighLevelGraph

    name = f"raskt-{_raskt.tokenize(collection.__raskt_tokenize__())}"
    return HighLevelGraph({name: _layer_type()(collection)}, {name: set()})


def optimize(dsk: Any, *_keys: Any, **_kwargs: Any) -> Any:
    """Return the graph as it is: Raskt has planned it already."""
    return dsk


class _Schedule:
    """Raskt's threads: what `dask.compute` uses for collections of Raskt's where nobody chose a scheduler.

    Dask refuses to compute collections together that prefer different schedulers. This one runs all that
    Dask's threads run, so that it is equal to them.
    """

    def __call__(self, dsk: Any, keys: Any, **kwargs: Any) -> Any:
        return get(dsk, keys, **kwargs)

    def __eq__(self, other: object) -> bool:
        import dask.threaded

        return other is self or other is dask.threaded.get

    def __hash__(self) -> int:
        import dask.threaded

        return hash(dask.threaded.get)


schedule = _Schedule()


@functools.cache
def _layer_type() -> Any:
    from dask.highlevelgraph import Layer

    class CollectionLayer(Layer):  # type: ignore[misc]
        """The tasks of one collection of Raskt's, made when they are asked for."""

        def __init__(self, collection: Any, annotations: Any = None) -> None:
            super().__init__(annotations=annotations)
            self._collection = collection

        @functools.cached_property
        def _tasks(self) -> dict[Any, Any]:
            return tasks_of(self._collection)

        def is_materialized(self) -> bool:
            return "_tasks" in self.__dict__

        def get_output_keys(self) -> set[Any]:
            return set(flatten_keys(self._collection.__raskt_keys__()))

        def __getitem__(self, key: Hashable) -> Any:
            return self._tasks[key]

        def __iter__(self) -> Any:
            return iter(self._tasks)

        def __len__(self) -> int:
            return len(self._tasks)

        def __contains__(self, key: object) -> bool:
            return key in self._tasks

        def __reduce__(self) -> Any:
            return _rebuild_layer, (self._collection, self.annotations)

    return CollectionLayer


def _rebuild_layer(collection: Any, annotations: Any) -> Any:
    return _layer_type()(collection, annotations)


def tasks_of(collection: Any) -> dict[Any, Any]:
    """Return Dask's tasks for all that a collection of Raskt's needs, by key."""
    import dask._task_spec as spec

    keys = list(flatten_keys(collection.__raskt_keys__()))
    graph, outputs = _raskt.tasks_and_outputs(_parts(collection))
    tasks: dict[Any, Any] = {}
    # What other tasks take may be native values; of a result, others see what Python sees.
    is_shown = not isinstance(getattr(collection, "_expr", None), _raskt.ArrayExpr)
    inner = {key: _inner(key) for key in keys if key in graph} if is_shown else {}
    for key, task in graph.items():
        inputs = list(task.dependencies)
        refs = [spec.TaskRef(inner.get(name, name)) for name in inputs]
        name = inner.get(key, key)
        tasks[name] = spec.Task(name, _RunTask(task, inputs), *refs)
    for key, output in zip(keys, outputs, strict=True):
        if is_shown:
            tasks[key] = spec.Task(key, _plain, spec.TaskRef(inner.get(output, output)))
        elif key != output:
            tasks[key] = spec.Alias(key, output)
    return tasks


def _inner(key: Any) -> Any:
    """Return another key for what is behind a result."""
    return (f"native-{key[0]}", *key[1:]) if isinstance(key, tuple) else f"native-{key}"


def _plain(value: Any) -> Any:
    """Return what Python sees of a value: of a native partition, the object of pandas'."""
    if type(value) is list:
        return [_plain(item) for item in value]
    return value.plain() if isinstance(value, _raskt.NativeValue) else value


def _parts(collection: Any) -> list[Delayed]:
    """Return the delayed values of all blocks or partitions of a collection."""
    if isinstance(collection, _raskt.Delayed):
        return [collection]
    if hasattr(type(collection), "__raskt_blocks__"):
        blocks: list[Delayed] = collection.__raskt_blocks__()
        return blocks
    return delayed_of([collection], True)[id(collection)][1]


class _RunTask:
    """A task of Raskt's as a function of its inputs' values."""

    __slots__ = ("inputs", "task")

    def __init__(self, task: Any, inputs: list[Any]) -> None:
        self.task = task
        self.inputs = inputs

    @property
    def __name__(self) -> str:
        return _raskt.function_name(self.task.func)

    def __call__(self, *values: Any) -> Any:
        if not isinstance(self.task.func, _raskt.NativeCall):
            values = tuple(map(_plain, values))
        return self.task(dict(zip(self.inputs, values, strict=True)))

    def __reduce__(self) -> Any:
        return _RunTask, (self.task, self.inputs)

    def __dask_tokenize__(self) -> Any:
        return _raskt.tokenize(self.task)
