"""`Item`: one lazy value that was made of a bag."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from raskt._convert import convert
from raskt._raskt import Delayed, Task, TaskRef
from raskt.bag import _layers, _planned
from raskt.bag._collection import Lazy
from raskt.delayed import delayed
from raskt.tokenize import tokenize

__all__ = ["Item"]


class Item(Lazy):
    """A lazy value: what reductions of bags return.

    Parameters
    ----------
    dsk : mapping
        A graph.
    key : hashable
        The key of the value.

    Examples
    --------
    >>> import raskt.bag as rb
    >>> total = rb.range(10, npartitions=2).sum()
    >>> total.compute(), int(total)
    (45, 45)
    """

    __slots__ = ("key",)

    def __init__(self, dsk: Mapping[Any, Any] | _layers.Layer, key: Any) -> None:
        self._layer = _layers.layer_of_graph(dsk)
        self.key = key

    @staticmethod
    def from_delayed(value: Any) -> Item:
        """Return an item of a delayed value.

        Parameters
        ----------
        value : Delayed
            The value; anything that is not delayed is wrapped.

        Returns
        -------
        Item
            The same value as an item.

        Examples
        --------
        >>> import raskt
        >>> from raskt.bag import Item
        >>> Item.from_delayed(raskt.delayed(5)).apply(str).compute()
        '5'
        """
        found = delayed(value)
        return Item(_layers.Layer(lambda: found.graph, functions=(object(),)), found.key)

    def __raskt_keys__(self) -> list[Any]:
        return [self.key]

    def __raskt_postcompute__(self) -> tuple[Any, tuple[Any, ...]]:
        return _first, ()

    def __raskt_postpersist__(self) -> tuple[Any, tuple[Any, ...]]:
        return _rebuild, (self.key,)

    def __raskt_whole__(self) -> Delayed:
        """Return the delayed value."""
        return self.to_delayed()

    def __raskt_tokenize__(self) -> Any:
        return self.key

    def __reduce__(self) -> Any:
        return Item, (self._layer, self.key)

    def apply(self, func: Callable[[Any], Any]) -> Item:
        """Return the item that ``func`` makes of this one.

        Parameters
        ----------
        func : callable
            Called with the value.

        Returns
        -------
        Item
            What it returns.
        """
        key = f"apply-{tokenize(func, self.key)}"
        layer = _layers.Layer(
            lambda: {key: Task(key, func, TaskRef(self.key))}, [self._layer], functions=(func,)
        )
        return Item(layer, key)

    def to_delayed(self, optimize_graph: bool = True) -> Delayed:
        """Return the item as a delayed value.

        Parameters
        ----------
        optimize_graph : bool, optional
            Whether tasks are put together first.

        Returns
        -------
        Delayed
            The same value.
        """
        graph = self.__raskt_graph__()
        if optimize_graph:
            return _planned.to_delayed(graph, [self.key])[0]
        return convert(graph, [self.key])[0]

    def __int__(self) -> int:
        return int(self.compute())

    def __float__(self) -> float:
        return float(self.compute())

    def __complex__(self) -> complex:
        return complex(self.compute())

    def __bool__(self) -> bool:
        return bool(self.compute())

    def __repr__(self) -> str:
        return f"raskt.bag.Item<{self.key}>"


def _first(values: Any) -> Any:
    return values[0]


def _rebuild(graph: Any, key: Any, rename: Any = None) -> Item:
    return Item(graph, (rename or {}).get(key, key))
