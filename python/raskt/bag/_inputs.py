"""Values of collections among the inputs of tasks."""

from __future__ import annotations

from typing import Any

from raskt import _raskt
from raskt._raskt import Delayed, TaskRef
from raskt.bag._layers import Layer
from raskt.bag.item import Item
from raskt.base import collection_to_delayed

__all__ = ["input_of"]


def input_of(value: Any) -> tuple[Any, list[Layer]] | None:
    """Return what stands for a collection among a task's inputs, and its layers; None for other values."""
    if isinstance(value, Item):
        return TaskRef(value.key), [value._layer]
    if not _raskt.is_collection(value):
        return None
    if not isinstance(value, Delayed):
        value = collection_to_delayed(value)
    return TaskRef(value.key), [Layer(lambda: _raskt.tasks_of([value]))]
