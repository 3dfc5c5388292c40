"""Bags as expressions of the engine: where layers have a pattern, no task is spelt out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from raskt import _raskt
from raskt._raskt import BagExpr, Delayed, Task
from raskt.bag import _layers
from raskt.bag._chain import Chain
from raskt.bag._layers import Form, Layer, Tree
from raskt.bag._symbolic import Layers

__all__ = ["chains", "delayed_of", "to_delayed"]


def to_delayed(graph: Any, keys: Sequence[Any]) -> list[Delayed]:
    """Return the delayed values of ``keys``, planned with whatever takes them, or else fused here."""
    planned = delayed_of(graph, keys)
    return _layers.to_delayed(graph, keys) if planned is None else planned


def delayed_of(graph: Any, keys: Sequence[Any]) -> list[Delayed] | None:
    """Return the delayed values of ``keys``; None where a layer has no pattern.

    These are graphs of users, steps that read other bags or values beside the partition that they stream, and
    stages of all-to-all work: chains are joined task by task there.
    """
    if not isinstance(graph, Layers):
        return None
    layers = graph.layers()
    if not all(_has_pattern(layer) for layer in layers):
        return None
    named: dict[str, BagExpr] = {}
    for layer in layers:
        name = _name(layer)
        # Layers of one name have the same tasks: one of them stands for all.
        if name not in named:
            named[name] = _expression(layer, named)
    wanted: dict[str, int] = {}
    for key in keys:
        name, number = _place(key)
        wanted[name] = max(wanted.get(name, 0), number + 1)
    made = {name: _raskt.bag_delayed(named[name], n) for name, n in wanted.items() if name in named}
    places = [_place(key) for key in keys]
    return [made[name][number] for name, number in places] if len(made) == len(wanted) else None


def chains(graph: Layers, keys: Sequence[Any]) -> list[Chain]:
    """Return the chains of steps that run for ``keys``, each once."""
    if all(_has_pattern(layer) for layer in graph.layers()):
        joined = [[form.step for form in forms] for _, forms, _ in graph.joined(keys)]
        return [Chain(tuple(steps), (0,) * len(steps)) for steps in joined if steps]
    tasks = _layers.fuse(graph, keys).values()
    found = {id(task.func): task.func for task in tasks if type(task) is Task}.values()
    return [chain for chain in found if type(chain) is Chain]


def _place(key: Any) -> tuple[str, int]:
    return (key[0], key[1]) if isinstance(key, tuple) else (key, 0)


def _shape(layer: Layer) -> Form | Tree | None:
    return layer.form or layer.tree


def _name(layer: Layer) -> str:
    shape = _shape(layer)
    return shape.name if shape is not None else ""


def _has_pattern(layer: Layer) -> bool:
    if layer.tree is not None:
        return layer.parents[0].form is not None
    form = layer.form
    if form is None or form.n == 0 or layer.needs_folder:
        return False
    if form.after is None:
        return not layer.parents and form.rows is not None
    before = _shape(form.after)
    n_before = before.n if isinstance(before, Form) else 1
    is_same = before is not None and before.name == form.source and form.n == n_before
    return form.rows is None and is_same and layer.parents == (form.after,)


def _expression(layer: Layer, named: dict[str, BagExpr]) -> BagExpr:
    tree, form, notes = layer.tree, layer.form, layer.notes
    if tree is not None:
        parts = named[_name(layer.parents[0])]
        functions = (tree.combine, tree.last)
        return _raskt.bag_reduced(parts, tree.name, functions, tree.split_every, tree.as_bag, notes)
    if form is None:
        raise ValueError("a layer without a pattern")
    if form.after is not None:
        return _raskt.bag_steps(named[form.source], form.name, form.step, notes)
    rows = [tuple(row) for row in form.inputs()]
    return _raskt.bag_source(form.name, form.step, rows, notes)
