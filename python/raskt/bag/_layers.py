"""Graphs of bags: layers that make their tasks when asked, and chains fused into one task a partition."""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from raskt import _raskt
from raskt._raskt import Alias, Delayed, Task, TaskRef
from raskt.annotations import annotated_as, get_annotations
from raskt.bag._chain import Chain
from raskt.bag._steps import Step, name_of
from raskt.tokenize import tokenize

if TYPE_CHECKING:
    from raskt.bag.core import Bag

__all__ = ["Form", "Layer", "Tree", "ancestry", "annotated", "explain", "fuse", "step_layer", "to_delayed"]

Graph = dict[Any, Any]


class Form(NamedTuple):
    """A layer that runs one step for each of ``n`` partitions: these put layers together without tasks.

    ``rows`` returns the inputs of each task; None where that is the streamed partition alone. ``after`` is
    the layer whose partitions are streamed, each into the one of its number.
    """

    name: str
    step: Step
    n: int
    rows: Callable[[], Sequence[Sequence[Any]]] | None
    after: Layer | None
    source: str

    def inputs(self) -> Sequence[Sequence[Any]]:
        """Return the inputs of each task."""
        return self.rows() if self.rows else [(TaskRef((self.source, i)),) for i in range(self.n)]

    def tasks(self) -> Graph:
        """Return the tasks, by key."""
        if self.n == 0:
            return {}
        inputs = self.inputs()
        chain = Chain((self.step,), (len(inputs[0]) - self.step.streams,))
        return {(self.name, i): Task((self.name, i), chain, *row) for i, row in enumerate(inputs)}


class Tree(NamedTuple):
    """A layer that reduces the partitions of its parent, ``split_every`` results at once."""

    name: str
    combine: Callable[[list[Any]], Any]
    last: Callable[[list[Any]], Any]
    split_every: int
    as_bag: bool


class Layer:
    """Some tasks, made when they are needed, and the layers that they need.

    ``functions`` are the user's functions that its tasks call, and ``n_elements`` how many elements a bag of
    it has, where that is known: the choice of a scheduler rests on them. ``notes`` are the annotations of the
    place where it was made: its tasks get them, whenever they are made.
    """

    __slots__ = (
        "_make",
        "_tasks",
        "form",
        "functions",
        "n_elements",
        "needs_folder",
        "notes",
        "parents",
        "tree",
    )

    def __init__(
        self,
        make: Callable[[], Graph],
        parents: Iterable[Layer] = (),
        *,
        functions: Iterable[Any] = (),
        n_elements: int | None = None,
        needs_folder: bool = False,
        form: Form | None = None,
        tree: Tree | None = None,
    ) -> None:
        self._make = make
        self.form = form
        self.tree = tree
        self._tasks: Graph | None = None
        self.parents = tuple(parents)
        self.functions = tuple(functions)
        self.n_elements = n_elements
        self.needs_folder = needs_folder
        self.notes = get_annotations()

    @property
    def tasks(self) -> Graph:
        """The tasks, by key."""
        if self._tasks is None:
            with annotated_as(self.notes):
                self._tasks = self._make()
        return self._tasks

    def __reduce__(self) -> Any:
        # All in one list: pickle would go from layer to parent by recursion, and a bag may have thousands
        # of steps.
        layers = ancestry(self)
        numbers = {id(layer): at for at, layer in enumerate(layers)}
        rows = [
            (
                layer.tasks,
                [numbers[id(parent)] for parent in layer.parents],
                layer.functions,
                layer.n_elements,
                layer.needs_folder,
            )
            for layer in layers
        ]
        return _restore, (rows,)


def _restore(rows: Sequence[tuple[Graph, list[int], Any, int | None, bool]]) -> Layer:
    layers: list[Layer] = []
    for tasks, parents, functions, n_elements, needs_folder in rows:
        layers.append(
            Layer(
                functools.partial(dict, tasks),
                [layers[at] for at in parents],
                functions=functions,
                n_elements=n_elements,
                needs_folder=needs_folder,
            )
        )
    return layers[-1]


def ancestry(layer: Layer) -> list[Layer]:
    """Return a layer and all that it stands on, inputs first."""
    found: dict[int, Layer] = {}
    stack = [(layer, False)]
    while stack:
        one, is_done = stack.pop()
        if id(one) in found:
            continue
        if is_done:
            found[id(one)] = one
            continue
        stack.append((one, True))
        stack.extend((parent, False) for parent in reversed(one.parents) if id(parent) not in found)
    return list(found.values())


def layer_of_graph(graph: Mapping[Any, Any] | Layer) -> Layer:
    """Return a layer of a graph that a user made."""
    return graph if isinstance(graph, Layer) else Layer(lambda: dict(graph), functions=(object(),))


def step_layer(
    name: str,
    step: Step,
    n: int,
    rows: Callable[[], Sequence[Sequence[Any]]] | None = None,
    parents: Sequence[Layer] = (),
    *,
    after: Bag | None = None,
    n_elements: int | None = None,
) -> Layer:
    """Return the layer that runs ``step`` for each of ``n`` rows of inputs: the streamed partition first.

    Nothing is made for a partition until there is a computation. ``after`` is the bag whose partitions are
    streamed, each into the one of its number; ``rows`` is left out where there is nothing else.
    """
    form = Form(name, step, n, rows, after._layer if after else None, after.name if after else "")
    if after is not None and not parents:
        parents = (after._layer,)
    # One task gains nothing from processes.
    functions = step.functions() if n > 1 else ()
    return Layer(
        form.tasks,
        parents,
        functions=functions,
        n_elements=n_elements,
        needs_folder=step.needs_folder,
        form=form,
    )


def fuse(graph: Mapping[Any, Any], keys: Iterable[Hashable]) -> Graph:
    """Return the tasks that ``keys`` need, those of a chain that nobody else reads put into one."""
    wanted = list(keys)
    fused_of = getattr(graph, "fused", None)
    if fused_of is not None:
        graph = fused_of(wanted)
    tasks, readers = _needed(graph, wanted)
    kept = set(wanted)
    chains: dict[tuple[int, ...], Chain] = {}
    fused: Graph = {}
    stack = list(wanted)
    while stack:
        key = stack.pop()
        if key in fused or key not in tasks:
            continue
        task = tasks[key]
        fused[key] = _absorb(task, tasks, readers, kept, chains) if type(task) is Task else task
        stack.extend(_needs(fused[key], tasks))
    return fused


def to_delayed(graph: Mapping[Any, Any], keys: Sequence[Hashable]) -> list[Delayed]:
    """Return the delayed values of ``keys``, fused.

    Tasks that were put together get keys of their own: in another computation the same ones may be put
    together in another way, and one key must not have two meanings.
    """
    fused = fuse(graph, keys)
    context = tokenize(list(fused), keys)
    new = {
        key: (f"{key[0]}-{context}", *key[1:]) if isinstance(key, tuple) else f"{key}-{context}"
        for key, task in fused.items()
        if task is not graph[key]
    }
    renamed = {
        new.get(key, key): task.substitute(new, new.get(key, key)) if type(task) is Task else task
        for key, task in fused.items()
    }
    return _raskt.convert_graph(renamed, [new.get(key, key) for key in keys])


def _needed(graph: Mapping[Any, Any], wanted: list[Any]) -> tuple[Graph, dict[Any, int]]:
    tasks: Graph = {}
    readers: dict[Any, int] = {}
    stack = list(wanted)
    while stack:
        key = stack.pop()
        if key in tasks or key not in graph:
            continue
        tasks[key] = graph[key]
        for need in _needs(graph[key], graph):
            readers[need] = readers.get(need, 0) + 1
            stack.append(need)
    return tasks, readers


def _needs(task: Any, graph: Mapping[Any, Any]) -> Iterable[Any]:
    if type(task) is Task or type(task) is Alias:
        return task.dependencies
    return _raskt.dependencies_of(dict(graph) if type(graph) is not dict else graph, task)


def _absorb(
    task: Any, tasks: Graph, readers: dict[Any, int], kept: set[Any], chains: dict[tuple[int, ...], Chain]
) -> Any:
    """Return ``task`` with those before it put in."""
    if type(task.func) is not Chain or not task.func.streams:
        return task
    parts, args = [task.func], list(task.args)
    # What the parts have beside what streams into them, last part first.
    more: list[Sequence[Any]] = []
    while args and isinstance(args[0], TaskRef):
        before = tasks.get(args[0].key)
        if (
            args[0].key in kept
            or readers.get(args[0].key) != 1
            or type(before) is not Task
            or type(before.func) is not Chain
            or before.annotations != task.annotations
            or args[0].key in {arg.key for arg in args[1:] if isinstance(arg, TaskRef)}
        ):
            break
        more.append(args[1:])
        parts.append(before.func)
        args = list(before.args)
        if not before.func.streams:
            break
    if len(parts) == 1:
        return task
    args.extend(arg for rest in reversed(more) for arg in rest)
    place = tuple(map(id, parts))
    chain = chains.get(place)
    if chain is None:
        chain = chains[place] = Chain.of(parts[::-1])
    made = Task(task.key, chain, *args)
    return made if not task.annotations else annotated(made, task.annotations)


def annotated(task: Task, notes: dict[str, Any]) -> Task:
    """Return a task with annotations."""
    with annotated_as(notes):
        return Task(task.key, task.func, *task.args)


def explain(graph: Graph, scheduler: str, why: str) -> str:
    """Return as text what runs: one line for all tasks of a kind."""
    kinds: dict[Any, tuple[str, int]] = {}
    for key, task in graph.items():
        func = task.func if type(task) is Task else None
        text = func.describe() if type(func) is Chain else "value" if func is None else name_of(func)
        place = (key[0] if isinstance(key, tuple) else key, text)
        kinds[place] = (text, kinds.get(place, ("", 0))[1] + 1)
    lines = [f"scheduler: {scheduler} ({why})", f"tasks: {len(graph)}"]
    lines.extend(f"  {n:>6} x {text}" for text, n in reversed(kinds.values()))
    return "\n".join(lines)
