"""What functions of bags need of the class: bags of layers, and what a bag is.

`Bag` stands above the functions that its methods call. Those functions make bags nevertheless: they do it
here, where the class is looked up when the first bag is made. It is the one late binding of the package.
"""

from __future__ import annotations

import functools
import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import TypeGuard

    from raskt.bag._layers import Layer
    from raskt.bag.core import Bag

__all__ = ["bag_class", "bag_of", "is_bag"]


@functools.cache
def bag_class() -> type[Bag]:
    """Return `raskt.bag.Bag`."""
    found: type[Bag] = importlib.import_module("raskt.bag.core").Bag
    return found


def bag_of(layer: Layer, name: str, npartitions: int) -> Bag:
    """Return the bag whose partitions are tasks of ``layer``."""
    return bag_class()(layer, name, npartitions)


def is_bag(x: Any) -> TypeGuard[Bag]:
    """Return whether an object is a `Bag`."""
    return isinstance(x, bag_class())
