"""Dask's graphs as Raskt's: expressions, high-level graphs, the nodes of ``dask._task_spec``."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from raskt import _raskt
from raskt._raskt import Alias, Task, TaskRef
from raskt.annotations import annotate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable
    from typing import Any

__all__ = ["plain_graph"]


def plain_graph(dsk: Any) -> dict[Any, Any]:
    """Return a graph as a dictionary of what Raskt reads.

    Parameters
    ----------
    dsk : mapping or object with ``__dask_graph__``
        A graph, or an expression of Dask's, such as it hands to a scheduler.

    Returns
    -------
    dict
        Tasks by key; ``dsk`` itself where there is nothing to translate.

    Raises
    ------
    TypeError
        For what is no graph.
    """
    if type(dsk) is dict:
        notes: Mapping[str, Any] = {}
        graph = dsk
    else:
        notes = _annotations(dsk)
        if not isinstance(dsk, Mapping) and hasattr(type(dsk), "__dask_graph__"):
            dsk = dsk.__dask_graph__()
        if not isinstance(dsk, Mapping):
            raise TypeError(f"a graph is a dictionary of tasks by key, found {type(dsk).__name__}")
        graph = dict(dsk)
    spec = sys.modules.get("dask._task_spec")
    if spec is None or not _holds_nodes(graph, spec.GraphNode):
        return graph
    return _Translation(spec, graph, notes).run()


def _holds_nodes(graph: dict[Any, Any], node: type) -> bool:
    return any(isinstance(task, node) for task in graph.values())


def _annotations(dsk: Any) -> Mapping[str, Any]:
    """What was said of tasks, by kind of annotation and key."""
    if hasattr(dsk, "__dask_annotations__"):
        found: Mapping[str, Any] = dsk.__dask_annotations__()
        return found
    notes: dict[str, dict[Any, Any]] = {}
    layers = getattr(dsk, "layers", None)
    for layer in layers.values() if isinstance(layers, Mapping) else ():
        for name, value in (getattr(layer, "annotations", None) or {}).items():
            of_keys = notes.setdefault(name, {})
            of_keys.update((key, value(key) if callable(value) else value) for key in layer)
    return notes


class _Translation:
    """One graph on its way from Dask's nodes to Raskt's."""

    def __init__(self, spec: Any, graph: dict[Any, Any], notes: Mapping[str, Any]) -> None:
        self.spec = spec
        self.graph = graph
        self.notes = notes
        self.tasks: dict[Any, Any] = {}

    def run(self) -> dict[Any, Any]:
        for key, node in self.graph.items():
            notes = {name: of_keys[key] for name, of_keys in self.notes.items() if key in of_keys}
            if notes:
                with annotate(**notes):
                    self.add(key, node, {})
            else:
                self.add(key, node, {})
        return self.tasks

    def add(self, key: Hashable, node: Any, local: Mapping[Any, Any]) -> None:
        """Add the task ``key``; ``local`` says what the keys inside a fused task are called outside."""
        spec = self.spec
        kind = type(node)
        if kind is spec.Task:
            if node.func is spec._execute_subgraph:
                self.add_subgraph(key, node, local)
                return
            args = [self.part(arg, local) for arg in node.args]
            kwargs = {name: self.part(arg, local) for name, arg in node.kwargs.items()}
            self.tasks[key] = Task(key, node.func, *args, **kwargs)
        elif kind is spec.Alias:
            target = local.get(node.target, node.target)
            if target != key:
                self.tasks[key] = Alias(key, target)
        elif kind is spec.DataNode:
            self.tasks[key] = _raskt.value_task(key, node.value)
        elif isinstance(node, spec.GraphNode):
            self.tasks[key] = Task(key, _identity, self.part(node, local))
        else:
            self.tasks[key] = self.old_style(node)

    def add_subgraph(self, key: Hashable, node: Any, local: Mapping[Any, Any]) -> None:
        """Add the tasks that Dask fused into one: the engine fuses by itself, where that is of use."""
        inner, out, names, *inputs = node.args
        inside: dict[Any, Any] = {}
        for name, value in zip(names, inputs, strict=True):
            if isinstance(value, self.spec.TaskRef):
                inside[name] = local.get(value.key, value.key)
            else:
                inside[name] = (key, name)
                self.tasks[inside[name]] = Task(inside[name], _identity, self.part(value, local))
        for name in inner:
            inside.setdefault(name, key if name == out else (key, name))
        for name, task in inner.items():
            self.add(inside[name], task, inside)

    def part(self, arg: Any, local: Mapping[Any, Any]) -> Any:
        """Return an argument, or a part of one, as Raskt writes it."""
        spec = self.spec
        if isinstance(arg, spec.GraphNode):
            return self.node_in_call(arg, local)
        if isinstance(arg, spec.TaskRef):
            return TaskRef(local.get(arg.key, arg.key))
        return arg

    def node_in_call(self, node: Any, local: Mapping[Any, Any]) -> Any:
        spec = self.spec
        kind = type(node)
        if kind is spec.Alias:
            return TaskRef(local.get(node.target, node.target))
        if kind is spec.DataNode:
            return _raskt.value_task(None, node.value)
        if kind is spec.List:
            return [self.part(item, local) for item in node.args]
        if kind is spec.Tuple:
            return tuple(self.part(item, local) for item in node.args)
        if kind is spec.Set:
            return Task(None, set, [self.part(item, local) for item in node.args])
        if kind is spec.Dict:
            items = [self.part(item, local) for item in node.args]
            return Task(None, _pairs, items)
        if kind is spec.Task and node.func is not spec._execute_subgraph:
            args = [self.part(item, local) for item in node.args]
            return Task(None, node.func, *args, **{k: self.part(v, local) for k, v in node.kwargs.items()})
        # A kind of node that only Dask knows how to run: it gets the values of what it needs.
        keys = list(node.dependencies)
        refs = [TaskRef(local.get(key, key)) for key in keys]
        return Task(None, _run_node, node, keys, refs)

    def old_style(self, task: Any) -> Any:
        """Return a tuple of the old kind with the nodes inside it translated."""
        spec = self.spec
        if isinstance(task, (spec.GraphNode, spec.TaskRef)):
            return self.part(task, {})
        if type(task) in (tuple, list) and task:
            return type(task)(self.old_style(item) for item in task)
        return task


def _identity(value: Any) -> Any:
    return value


def _pairs(items: list[Any]) -> dict[Any, Any]:
    """Return a dictionary of keys and values that stand one after the other."""
    return dict(zip(items[::2], items[1::2], strict=True))


def _run_node(node: Any, keys: list[Any], values: list[Any]) -> Any:
    """Run a node of Dask's on the values of what it needs."""
    return node(dict(zip(keys, values, strict=True)))
