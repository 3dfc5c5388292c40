"""Pictures of graphs."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any

from raskt import _raskt, config
from raskt._raskt import Delayed
from raskt.base import delayed_roots, unpack_collections
from raskt.units import format_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from raskt._raskt import NodeData, PictureData

    _Task = tuple[Any, str, bool, int, list[int]]

__all__ = ["GraphPicture", "visualize"]

_FORMATS = ("svg", "png", "pdf", "dot")
_COLORS = ("order", "size", "function")


class GraphPicture:
    """A picture of a graph: shown by notebooks, written by `save`.

    Parameters
    ----------
    data : bytes
        The picture.
    format : str
        ``"svg"``, ``"png"``, ``"pdf"`` or ``"dot"``.
    path : str or None
        The file that it was written to.

    Examples
    --------
    >>> import raskt
    >>> picture = raskt.visualize(raskt.delayed(sum)([1, 2]), filename=None, format="svg")
    >>> picture.data[:4]
    b'<svg'
    """

    def __init__(self, data: bytes, format: str, path: str | None = None) -> None:
        self.data = data
        self.format = format
        self.path = path

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the picture to ``path``, whole or not at all."""
        path = os.fsdecode(path)
        part = _raskt.PartFile(os.path.dirname(path) or ".", os.urandom(8).hex(), is_private=False)
        try:
            with open(part.path, "r+b") as file:
                file.write(self.data)
            part.keep_as(path)
        finally:
            part.discard()
        self.path = path

    def _repr_mimebundle_(self, **_choice: Any) -> dict[str, Any]:
        if self.format == "svg":
            return {"image/svg+xml": self.data.decode()}
        if self.format == "png":
            return {"image/png": self.data}
        return {"text/plain": repr(self)}

    def __repr__(self) -> str:
        where = "" if self.path is None else f" in {self.path}"
        return f"<{self.format.upper()} picture of a graph, {len(self.data):,} bytes{where}>"


def visualize(
    *args: Any,
    filename: str | os.PathLike[str] | None = "raskt-graph",
    traverse: bool = True,
    optimize_graph: bool = False,
    format: str | None = None,
    engine: str | None = None,
    color: str | None = None,
    cmap: str = "viridis",
    rankdir: str = "BT",
    sizes: Mapping[Any, int] | None = None,
    collapse_above: int | None = None,
    title: str | None = None,
    node_attr: Mapping[str, Any] | None = None,
    graph_attr: Mapping[str, Any] | None = None,
) -> GraphPicture:
    """Draw the graph of collections.

    Nothing has to be installed: the layout and the formats are Raskt's own. Graphs of many tasks are
    collapsed, one node a function, with counts.

    Parameters
    ----------
    *args : object
        Collections, or containers of them.
    filename : str or path or None, optional
        The file to write; its ending decides the format where ``format`` is not given. None writes no file.
    traverse : bool, optional
        Whether to look for collections inside containers.
    optimize_graph : bool, optional
        Whether to draw the graph as the collections optimise it.
    format : {"svg", "png", "pdf", "dot"}, optional
        Default: the ending of ``filename``, or SVG.
    engine : {"native", "graphviz"}, optional
        Who lays it out. Default: the configuration key ``visualization.engine``, or native.
    color : {"order", "size", "function"}, optional
        What colours mean: the order of execution, the bytes of ``sizes``, or (default) the function.
    cmap : str, optional
        The colour map for order and size: ``viridis``, ``plasma``, ``inferno``, ``magma`` or ``cividis``.
    rankdir : {"BT", "TB", "LR", "RL"}, optional
        Where arrows point: bottom to top by default.
    sizes : mapping, optional
        Bytes of values by key, as `raskt.diagnostics.CacheProfiler` measures them: nodes grow with them.
    collapse_above : int, optional
        Collapse graphs of more tasks than this. Default: the configuration key
        ``visualization.collapse-above`` (200).
    title : str, optional
        A heading.
    node_attr, graph_attr : mapping, optional
        Graphviz attributes; they matter to DOT and to the engine graphviz.

    Returns
    -------
    GraphPicture
        Shown by notebooks.

    Raises
    ------
    ValueError
        For an unknown format, engine, colour or direction.
    TypeError
        If there is no collection in ``args``.
    RuntimeError
        If Graphviz was asked for and is not installed.

    Examples
    --------
    >>> import raskt
    >>> total = raskt.delayed(sum)([raskt.delayed(abs)(i) for i in range(3)])
    >>> raskt.visualize(total, filename=None, color="order").format
    'svg'
    """
    if color is not None and color not in _COLORS:
        raise ValueError(f"color must be None or one of {', '.join(_COLORS)}, found {color!r}")
    path, kind = _target(filename, format)
    roots = _roots(args, traverse, optimize_graph)
    tasks = _raskt.shown_tasks(roots)
    fills = _fills(tasks, sizes, color, cmap)
    nodes = [
        _node(task, at, fills[at], sizes or {}, node_attr or {}, color == "order")
        for at, task in enumerate(tasks)
    ]
    edges = [(needed, at) for at, (*_, inputs) in enumerate(tasks) for needed in inputs]
    picture: PictureData = {
        "direction": rankdir,
        "title": title,
        "legend": _legend(color, cmap, len(tasks), sizes),
        "collapse_above": _configured("visualization.collapse-above", collapse_above),
        "attributes": [(name, str(value)) for name, value in (graph_attr or {}).items()],
    }
    engine = engine or _configured("visualization.engine", None) or "native"
    if engine == "native":
        data = _raskt.draw(nodes, edges, kind, picture)
    elif engine == "graphviz":
        data = _graphviz(_raskt.draw(nodes, edges, "dot", picture), kind)
    else:
        raise ValueError(f"engine must be 'native' or 'graphviz', found {engine!r}")
    made = GraphPicture(data, kind)
    if path is not None:
        made.save(path)
    return made


def visualize_one(
    collection: Any,
    filename: str | os.PathLike[str] | None = "raskt-graph",
    format: str | None = None,
    **kwargs: Any,
) -> GraphPicture:
    """Draw the graph of one collection: its method."""
    return visualize(collection, filename=filename, format=format, **kwargs)


def _configured(key: str, given: Any) -> Any:
    return config.get(key, override_with=given)


def _target(filename: str | os.PathLike[str] | None, format: str | None) -> tuple[str | None, str]:
    """The file to write and the format."""
    path = None if filename is None else os.fsdecode(filename)
    ending = "" if path is None else os.path.splitext(path)[1].lstrip(".").lower()
    if format is not None:
        kind = format.lower()
    else:
        kind = ending if ending in _FORMATS else "svg"
        if ending and ending not in _FORMATS and path is not None and "." in os.path.basename(path):
            raise ValueError(f"unknown format {ending!r} of {path}: expected one of {', '.join(_FORMATS)}")
    if kind not in _FORMATS:
        raise ValueError(f"unknown format {format!r}: expected one of {', '.join(_FORMATS)}")
    if path is not None and ending != kind:
        path = f"{path}.{kind}"
    return path, kind


def _roots(args: Sequence[Any], traverse: bool, optimize_graph: bool) -> list[Delayed]:
    collections, _ = unpack_collections(*args, traverse=traverse)
    if not collections:
        raise TypeError("visualize needs a collection: a delayed value, or something that holds one")
    return delayed_roots(collections, optimize_graph)


def _fills(
    tasks: Sequence[_Task],
    sizes: Mapping[Any, int] | None,
    color: str | None,
    cmap: str,
) -> Sequence[str | None]:
    if color == "order":
        last = max(len(tasks) - 1, 1)
        return _raskt.map_colors(cmap, [position / last for _, _, _, position, _ in tasks])
    if color == "size":
        known = sizes or {}
        largest = max(known.values(), default=0) or 1
        return _raskt.map_colors(cmap, [known.get(key, 0) / largest for key, *_ in tasks])
    return [None] * len(tasks)


def _legend(
    color: str | None, cmap: str, n_tasks: int, sizes: Mapping[Any, int] | None
) -> tuple[str, str, str, str] | None:
    if color == "order":
        return ("order", cmap, "first", f"last of {n_tasks:,}")
    if color == "size":
        return ("size", cmap, "0 B", format_bytes(max((sizes or {}).values(), default=0)))
    return None


def _node(
    task: _Task,
    at: int,
    fill: str | None,
    sizes: Mapping[Any, int],
    attributes: Mapping[str, Any],
    tells_order: bool,
) -> NodeData:
    key, label, is_value, position, _ = task
    lines = [str(key)]
    if tells_order:
        lines.append(f"order {position:,}")
    scale = 1.0
    if key in sizes:
        lines.append(format_bytes(sizes[key]))
        # Area by bytes: a value four times as large has twice the diameter.
        largest = max(sizes.values()) or 1
        scale = 0.6 + 1.6 * math.sqrt(sizes[key] / largest)
    return {
        "id": str(at),
        "label": label,
        "is_data": is_value,
        "fill": fill,
        "tooltip": "\n".join(lines),
        "scale": scale,
        "group": label,
        "attributes": [(name, str(value)) for name, value in attributes.items()],
    }


def _graphviz(dot: bytes, format: str) -> bytes:
    """Let Graphviz lay out and draw."""
    import shutil
    import subprocess

    if format == "dot":
        return dot
    program = shutil.which("dot")
    if program is None:
        raise RuntimeError("Graphviz is not installed (no program 'dot' on PATH): use engine='native'")
    done = subprocess.run([program, f"-T{format}"], input=dot, capture_output=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"Graphviz failed: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout
