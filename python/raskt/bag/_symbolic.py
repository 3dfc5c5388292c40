"""Graphs of layers: steps are put together layer by layer, before there is a task for any partition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from raskt._ending import at_end
from raskt._raskt import Task
from raskt.annotations import annotated_as
from raskt.bag._chain import Chain
from raskt.bag._layers import Form, Graph, Layer, ancestry, annotated
from raskt.bag._scratch import SCRATCH, Folder

__all__ = ["Joined", "Layers"]


class Joined(NamedTuple):
    """Layers that run as one, the first of which has its inputs from elsewhere; the list grows at its end.

    ``layer`` is the last of them. There are no forms where it has none.
    """

    layer: Layer
    forms: list[Form]
    needs_folder: bool


class Layers(Mapping[Any, Any]):
    """The tasks of some layers and of all that these stand on, by key; made when somebody looks at them."""

    __slots__ = ("_folder", "_graph", "tops")

    def __init__(self, tops: Sequence[Layer]) -> None:
        self.tops = tuple(tops)
        self._folder: Folder | None = None
        self._graph: Graph | None = None

    def __getitem__(self, key: Any) -> Any:
        return self._all()[key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def __raskt_merged__(self, graphs: Sequence[Any]) -> Layers:
        """Return the graph of several such."""
        return Layers([top for graph in graphs for top in graph.tops])

    def _all(self) -> Graph:
        if self._graph is None:
            self._graph = {}
            for layer in self.layers():
                self._graph.update(self._placed(layer.tasks, layer.needs_folder))
        return self._graph

    def layers(self) -> list[Layer]:
        return ancestry(Layer(dict, self.tops))[:-1]

    def _placed(self, tasks: Graph, needs_folder: bool) -> Graph:
        """Return tasks with the folder of this computation."""
        if not needs_folder:
            return tasks
        if self._folder is None:
            self._folder = Folder()
            at_end(self._folder.close)
        return {key: _placed(task, self._folder) for key, task in tasks.items()}

    def joined(self, wanted: Sequence[Any]) -> list[Joined]:
        """Return the layers, put together where nobody else needs the first of two.

        Layers of one name have the same tasks: one of them stands for all.
        """
        layers = self.layers()
        named: dict[str, Layer] = {}
        for layer in layers:
            if layer.form is not None:
                named.setdefault(layer.form.name, layer)

        def same(layer: Layer) -> Layer:
            return layer if layer.form is None else named[layer.form.name]

        layers = list({id(same(layer)): same(layer) for layer in layers}.values())
        readers: dict[int, int] = {}
        for layer in layers:
            for parent in layer.parents:
                readers[id(same(parent))] = readers.get(id(same(parent)), 0) + 1
        kept = {key[0] for key in wanted if isinstance(key, tuple) and key}
        chains: dict[int, Joined] = {}
        absorbed: set[int] = set()
        for layer in layers:
            form = layer.form
            if form is None:
                continue
            chain = Joined(layer, [form], layer.needs_folder)
            before = None if form.after is None else same(form.after)
            if (
                before is not None
                and before.form is not None
                and readers[id(before)] == 1
                and before.form.name not in kept
                and form.n <= before.form.n
                and layer.notes == before.notes
            ):
                # Nobody else reads it, so that its list may grow: a copy a step would be quadratic.
                first = chains.pop(id(before))
                first.forms.append(form)
                chain = Joined(layer, first.forms, first.needs_folder or layer.needs_folder)
                absorbed.add(id(before))
            chains[id(layer)] = chain
        left = [layer for layer in layers if id(layer) not in absorbed]
        return [chains.get(id(layer)) or Joined(layer, [], layer.needs_folder) for layer in left]

    def fused(self, wanted: Sequence[Any]) -> Graph:
        """Return the tasks of `joined` layers."""
        if self._graph is not None:
            return self._graph
        graph: Graph = {}
        for layer, forms, needs_folder in self.joined(wanted):
            if len(forms) <= 1:
                made = layer.tasks
            else:
                with annotated_as(layer.notes):
                    made = _tasks(forms)
            graph.update(self._placed(made, needs_folder))
        return graph


def _tasks(forms: Sequence[Form]) -> Graph:
    """Return the tasks of layers that run as one."""
    n, name = forms[-1].n, forms[-1].name
    if n == 0:
        return {}
    rows = [
        [tuple(row) for row in form.inputs()[:n]] if at == 0 or form.rows else None
        for at, form in enumerate(forms)
    ]
    counts = tuple(
        0 if some is None else len(some[0]) - form.step.streams
        for form, some in zip(forms, rows, strict=True)
    )
    chain = Chain(tuple(form.step for form in forms), counts)
    more = [some for some in rows[1:] if some is not None]
    first = rows[0] or []
    if not more:
        return {(name, i): Task((name, i), chain, *row) for i, row in enumerate(first)}
    return {
        (name, i): Task((name, i), chain, *row, *(arg for some in more for arg in some[i][1:]))
        for i, row in enumerate(first)
    }


def _placed(task: Task, folder: Folder) -> Task:
    """Return ``task`` with the folder of a computation."""
    made = Task(task.key, task.func, *(folder if arg is SCRATCH else arg for arg in task.args))
    return made if not task.annotations else annotated(made, task.annotations)
