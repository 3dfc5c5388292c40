"""Graphs in named layers, as Dask's libraries build them: mappings that are accepted wherever a graph is.

Raskt's own collections have layers that stay symbolic in the engine (`raskt.array`, for one); those here are
for code that writes tasks layer by layer, and for code that looks at them.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any

from raskt import _raskt
from raskt._raskt import dependencies_of
from raskt._visualize import visualize
from raskt.annotations import annotated_as, get_annotations
from raskt.base import is_raskt_collection
from raskt.collection import get_collection_names
from raskt.core import flatten
from raskt.optimization import cull

__all__ = ["HighLevelGraph", "Layer", "MaterializedLayer"]


class Layer(Mapping[Hashable, Any]):
    """Some tasks of one kind, by key. A class of layers of your own has the methods of a mapping.

    Parameters
    ----------
    annotations : mapping, optional
        What is said of the tasks; see `raskt.annotate`.
    collection_annotations : mapping, optional
        What is said of the collection that they belong to, for those who look.
    """

    def __init__(
        self,
        annotations: Mapping[str, Any] | None = None,
        collection_annotations: Mapping[str, Any] | None = None,
    ) -> None:
        self.annotations = dict(get_annotations() if annotations is None else annotations) or None
        self.collection_annotations = collection_annotations

    def is_materialized(self) -> bool:
        """Return whether the tasks are there, rather than made when they are asked for."""
        return True

    def get_output_keys(self) -> set[Hashable]:
        """Return the keys of all tasks."""
        return set(self)

    def get_dependencies(self, key: Hashable, all_hlg_keys: Iterable[Hashable]) -> set[Hashable]:
        """Return the keys of the graph that a task needs.

        Parameters
        ----------
        key : hashable
            The key of the task.
        all_hlg_keys : iterable
            The keys of the whole graph.

        Returns
        -------
        set
        """
        known = {**dict.fromkeys(all_hlg_keys), **self}
        return set(dependencies_of(known, self[key]))


class MaterializedLayer(Layer):
    """A layer of tasks in a dictionary.

    Parameters
    ----------
    mapping : mapping
        The tasks by key.
    annotations, collection_annotations : optional
        As in `Layer`.

    Examples
    --------
    >>> from raskt.highlevelgraph import MaterializedLayer
    >>> len(MaterializedLayer({("x", 0): 1, ("x", 1): 2}))
    2
    """

    def __init__(
        self,
        mapping: Mapping[Any, Any],
        annotations: Mapping[str, Any] | None = None,
        collection_annotations: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(annotations, collection_annotations)
        self.mapping = mapping

    def __getitem__(self, key: Hashable) -> Any:
        return self.mapping[key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.mapping)

    def __len__(self) -> int:
        return len(self.mapping)

    def __contains__(self, key: object) -> bool:
        return key in self.mapping


class HighLevelGraph(Mapping[Hashable, Any]):
    """A graph whose tasks are in named layers, of which is known which needs which.

    It is a mapping of all tasks by key.

    Parameters
    ----------
    layers : mapping
        The layers by name: mappings of tasks by key.
    dependencies : mapping
        By the name of each layer, the names of those that it needs.
    key_dependencies : optional
        Accepted as Dask does; dependencies of keys are found where they are asked for.

    Examples
    --------
    >>> import raskt
    >>> from raskt.highlevelgraph import HighLevelGraph
    >>> x = raskt.delayed(abs)(-3)
    >>> layer = {("twice", 0): (lambda a: 2 * a, x.key)}
    >>> graph = HighLevelGraph.from_collections("twice", layer, dependencies=[x])
    >>> list(graph.layers) == [x.key, "twice"]
    True
    >>> raskt.get(graph, ("twice", 0))
    6
    """

    def __init__(
        self,
        layers: Mapping[str, Mapping[Any, Any]],
        dependencies: Mapping[str, Iterable[str]],
        key_dependencies: Mapping[Any, set[Any]] | None = None,
    ) -> None:
        unknown = {name for needed in dependencies.values() for name in needed} - set(layers)
        if unknown:
            raise ValueError(f"dependencies name layers that are not there: {sorted(map(str, unknown))}")
        self.layers: dict[str, Layer] = {
            name: layer if isinstance(layer, Layer) else MaterializedLayer(layer)
            for name, layer in layers.items()
        }
        self.dependencies: dict[str, set[str]] = {name: set(dependencies.get(name, ())) for name in layers}
        self.key_dependencies = dict(key_dependencies or {})
        self._tasks: dict[Any, Any] | None = None

    @classmethod
    def from_collections(
        cls, name: str, layer: Mapping[Any, Any], dependencies: Iterable[Any] = ()
    ) -> HighLevelGraph:
        """Return the graph of a new layer upon the graphs of collections.

        Parameters
        ----------
        name : str
            The name of the layer.
        layer : mapping
            Its tasks by key.
        dependencies : sequence of collections, optional
            The collections whose keys its tasks name.

        Returns
        -------
        HighLevelGraph
        """
        graphs = [(each, graph_of(each)) for each in dependencies]
        layers: dict[str, Mapping[Any, Any]] = {}
        needs: dict[str, set[str]] = {}
        own: set[str] = set()
        for collection, graph in graphs:
            layers.update(graph.layers)
            needs.update(graph.dependencies)
            own.update(_outputs(collection, graph))
        return cls({**layers, name: layer}, {**needs, name: own})

    @classmethod
    def merge(cls, *graphs: Mapping[Any, Any]) -> HighLevelGraph:
        """Return one graph of the layers of several.

        Parameters
        ----------
        *graphs : mapping
            Graphs; one that has no layers is one.

        Returns
        -------
        HighLevelGraph
        """
        layers: dict[str, Mapping[Any, Any]] = {}
        needs: dict[str, set[str]] = {}
        for graph in graphs:
            found = graph if isinstance(graph, HighLevelGraph) else _plain(graph)
            layers.update(found.layers)
            needs.update(found.dependencies)
        return cls(layers, needs)

    # ---- all tasks ----

    def to_dict(self) -> dict[Any, Any]:
        """Return all tasks by key. A layer's annotations go with its tasks."""
        if self._tasks is None:
            tasks: dict[Any, Any] = {}
            for layer in self.layers.values():
                tasks.update(layer)
            for layer in self.layers.values():
                if layer.annotations:
                    tasks.update(_annotated(layer, tasks))
            self._tasks = tasks
        return self._tasks

    def __getitem__(self, key: Hashable) -> Any:
        return self.to_dict()[key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.to_dict())

    def __len__(self) -> int:
        return len(self.to_dict())

    def __contains__(self, key: object) -> bool:
        return key in self.to_dict()

    def get_all_external_keys(self) -> set[Any]:
        """Return the keys of all tasks."""
        return set(self.to_dict())

    def get_all_dependencies(self) -> dict[Any, set[Any]]:
        """Return, by key, the keys that each task needs."""
        tasks = self.to_dict()
        return {key: set(dependencies_of(tasks, task)) for key, task in tasks.items()}

    # ---- layers ----

    @property
    def dependents(self) -> dict[str, set[str]]:
        """By the name of each layer, the names of those that need it."""
        found: dict[str, set[str]] = {name: set() for name in self.layers}
        for name, needed in self.dependencies.items():
            for other in needed:
                found[other].add(name)
        return found

    def _toposort_layers(self) -> list[str]:
        """Return the names of the layers, each after those that it needs."""
        done: dict[str, None] = {}
        for start in self.layers:
            stack = [(start, iter(self.dependencies[start]))]
            while stack:
                name, rest = stack[-1]
                following = next((each for each in rest if each not in done), None)
                if following is None:
                    done[name] = None
                    stack.pop()
                elif any(following == other for other, _ in stack):
                    raise ValueError(f"layers need one another in a circle: {following!r}")
                else:
                    stack.append((following, iter(self.dependencies[following])))
        return list(done)

    def cull(self, keys: Iterable[Any]) -> HighLevelGraph:
        """Return a graph of those tasks only that some keys need.

        Parameters
        ----------
        keys : key or iterable of keys
            What is wanted.

        Returns
        -------
        HighLevelGraph
            Layers that are not needed are gone.
        """
        kept, _ = cull(self.to_dict(), list(flatten(list(keys) if isinstance(keys, (set, tuple)) else keys)))
        layers = {
            name: MaterializedLayer({k: layer[k] for k in layer if k in kept}, layer.annotations or {})
            for name, layer in self.layers.items()
        }
        layers = {name: layer for name, layer in layers.items() if len(layer)}
        needs = {name: self.dependencies[name] & set(layers) for name in layers}
        return HighLevelGraph(layers, needs)

    def cull_layers(self, layers: Iterable[str]) -> HighLevelGraph:
        """Return a graph of those layers only that some need.

        Parameters
        ----------
        layers : iterable of str
            Their names.

        Returns
        -------
        HighLevelGraph
        """
        kept: dict[str, None] = {}
        todo = list(layers)
        while todo:
            name = todo.pop()
            if name not in kept:
                kept[name] = None
                todo.extend(self.dependencies[name])
        names = [name for name in self.layers if name in kept]
        return HighLevelGraph(
            {name: self.layers[name] for name in names}, {name: self.dependencies[name] for name in names}
        )

    def validate(self) -> None:
        """Raise if the graph contradicts itself, since somebody changed its layers or dependencies.

        Raises
        ------
        ValueError
            If a layer that another needs is missing, or has no entry among the dependencies.

        Examples
        --------
        >>> from raskt.highlevelgraph import HighLevelGraph
        >>> graph = HighLevelGraph({"a": {"x": 1}}, {"a": set()})
        >>> graph.validate()
        >>> graph.dependencies["a"].add("b")
        >>> graph.validate()
        Traceback (most recent call last):
        ValueError: layer 'a' needs layer 'b', which is missing
        """
        for name, needed in self.dependencies.items():
            for missing in ({name} | set(needed)) - set(self.layers):
                raise ValueError(f"layer {name!r} needs layer {missing!r}, which is missing")
        for name in self.layers:
            if name not in self.dependencies:
                raise ValueError(f"layer {name!r} has no entry among the dependencies")

    def copy(self) -> HighLevelGraph:
        """Return another graph of the same layers."""
        return HighLevelGraph(self.layers, self.dependencies)

    def visualize(self, filename: Any = "raskt-hlg.svg", format: Any = None, **kwargs: Any) -> Any:
        """Draw the tasks; see `raskt.visualize`."""
        return visualize(self.to_dict(), filename=filename, format=format, **kwargs)

    def __raskt_tokenize__(self) -> Any:
        return self.to_dict()

    def __repr__(self) -> str:
        lines = [f" {at}. {name}" for at, name in enumerate(self.layers)]
        return "\n".join([f"HighLevelGraph with {len(lines)} layers.", f"<{object.__repr__(self)}>", *lines])


def _annotated(layer: Layer, tasks: dict[Any, Any]) -> Mapping[Any, Any]:
    """Return the tasks of a layer, of which is said what is said of the layer."""
    keys = list(layer)
    found = _raskt.tasks_of(_raskt.convert_graph(tasks, keys))
    with annotated_as(dict(layer.annotations or {})):
        return {
            key: _raskt.Task(key, found[key].func, *found[key].args, **found[key].kwargs)
            for key in keys
            if key in found
        }


def _plain(graph: Mapping[Any, Any]) -> HighLevelGraph:
    """Return a graph without layers as one layer."""
    name = f"graph-{id(graph)}"
    return HighLevelGraph({name: graph}, {name: set()})


def graph_of(collection: Any) -> HighLevelGraph:
    """Return the graph of a collection in layers: one of its name, where it has none."""
    if isinstance(collection, HighLevelGraph):
        return collection
    if not is_raskt_collection(collection):
        raise TypeError(f"expected a collection or a HighLevelGraph, found {type(collection).__name__}")
    graph = collection.__raskt_graph__()
    if isinstance(graph, HighLevelGraph):
        return graph
    names = get_collection_names(collection)
    name = min(names) if names else f"graph-{id(graph)}"
    return HighLevelGraph({name: graph}, {name: set()})


def _outputs(collection: Any, graph: HighLevelGraph) -> set[str]:
    """Return the names of the layers that the keys of a collection are in."""
    if isinstance(collection, HighLevelGraph):
        return set(graph.layers)
    return get_collection_names(collection) & set(graph.layers) or set(list(graph.layers)[-1:])
