"""Bags of what is there already, and bags of bags."""

from __future__ import annotations

import builtins
import itertools
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from raskt import _raskt
from raskt._raskt import Task, TaskRef
from raskt._whole import whole
from raskt.bag._bad import Context
from raskt.bag._base import bag_of, is_bag
from raskt.bag._layers import Layer, step_layer
from raskt.bag._steps import Step
from raskt.bag.item import Item
from raskt.base import collection_to_delayed
from raskt.delayed import delayed
from raskt.tokenize import tokenize

if TYPE_CHECKING:
    from raskt.bag.core import Bag

__all__ = ["concat", "from_delayed", "from_sequence", "range", "zip"]


class Values(Step):
    """A partition that is given with the task."""

    __slots__ = ()
    streams = False

    def describe(self) -> str:
        """Return what the step is."""
        return "values"

    def run(self, _context: Context, *inputs: Any) -> Any:
        """Return the partition."""
        part = inputs[0]
        return part.items if isinstance(part, _Literal) else part


def from_sequence(
    seq: Iterable[Any], partition_size: int | None = None, npartitions: int | None = None
) -> Bag:
    """Make a bag of the elements of a sequence.

    Parameters
    ----------
    seq : iterable
        The elements.
    partition_size : int, optional
        How many elements a partition has.
    npartitions : int, optional
        About how many partitions there are. Default: one an element up to 100 elements, and 100 or more for
        more.

    Returns
    -------
    Bag
        The bag.

    Examples
    --------
    >>> import raskt.bag as rb
    >>> b = rb.from_sequence(["Ann", "Bo", "Cy"], partition_size=2)
    >>> b.npartitions, b.compute()
    (2, ['Ann', 'Bo', 'Cy'])
    """
    items: Any = seq if isinstance(seq, builtins.range) else list(seq)
    n = len(items)
    partition_size = None if partition_size is None else whole("partition_size", partition_size, 1)
    npartitions = None if npartitions is None else whole("npartitions", npartitions, 1)
    if partition_size is None:
        if npartitions is not None:
            partition_size = math.ceil(n / npartitions)
        else:
            partition_size = 1 if n <= 100 else math.ceil(math.sqrt(n) / 10)
    size = max(1, partition_size)
    parts = [items[at : at + size] for at in builtins.range(0, n, size)] or [items]
    return _of_parts("from_sequence", parts, tokenize(items, size), n)


def _of_parts(label: str, parts: list[Any], token: str, n: int) -> Bag:
    name = f"{label}-{token}"
    rows = [(part if isinstance(part, builtins.range) else _Literal(part),) for part in parts]
    return bag_of(step_layer(name, Values(), len(rows), lambda: rows, n_elements=n), name, len(parts))


class _Literal:
    """Elements that are not looked into for tasks, and go to child processes as they are."""

    __slots__ = ("items",)

    def __init__(self, items: Any) -> None:
        self.items = items

    def __reduce__(self) -> Any:
        return _Literal, (self.items,)


def range(n: int, npartitions: int) -> Bag:  # noqa: A001 - Dask's name
    """Make a bag of the whole numbers below ``n``.

    Parameters
    ----------
    n : int
        Where to stop.
    npartitions : int
        The number of partitions.

    Returns
    -------
    Bag
        The numbers.

    Examples
    --------
    >>> import raskt.bag as rb
    >>> rb.range(5, npartitions=2).compute()
    [0, 1, 2, 3, 4]
    """
    npartitions = whole("npartitions", npartitions, 1)
    size = max(1, n // npartitions)
    starts = list(builtins.range(0, n, size))[:npartitions] or [0]
    parts: list[Any] = [builtins.range(a, b) for a, b in itertools.pairwise([*starts, n])]
    return _of_parts("range", parts, tokenize("range", n, npartitions), n)


def from_delayed(values: Any) -> Bag:
    """Make a bag whose partitions are delayed values.

    Parameters
    ----------
    values : Delayed or iterable of Delayed
        Their values are iterables.

    Returns
    -------
    Bag
        Their elements.

    Examples
    --------
    >>> import raskt
    >>> import raskt.bag as rb
    >>> rb.from_delayed([raskt.delayed(list)("ab"), raskt.delayed(list)("c")]).compute()
    ['a', 'b', 'c']
    """
    if _raskt.is_collection(values):
        values = [values]
    found: list[_raskt.Delayed] = []
    for value in values:
        one = value.to_delayed() if isinstance(value, Item) else delayed(value)
        made = one if isinstance(one, _raskt.Delayed) else collection_to_delayed(one)
        if made is None:
            raise TypeError(
                f"from_delayed takes delayed values, found a {type(value).__name__} without a graph"
            )
        found.append(made)
    if not found:
        raise ValueError("from_delayed needs at least one delayed value")
    name = f"bag-from-delayed-{tokenize([one.key for one in found])}"

    def make() -> dict[Any, Any]:
        tasks: dict[Any, Any] = dict(_raskt.tasks_of(found))
        for i, one in enumerate(found):
            tasks[name, i] = Task((name, i), _partition, TaskRef(one.key))
        return tasks

    return bag_of(Layer(make, functions=(object(),)), name, len(found))


def _partition(value: Any) -> Any:
    if not isinstance(value, Iterable):
        raise TypeError(
            f"the partitions of a bag are iterables, found {type(value).__name__}: put it into a list"
        )
    return value if hasattr(value, "__len__") else list(value)


def concat(bags: Iterable[Bag]) -> Bag:
    """Put bags one after the other.

    Parameters
    ----------
    bags : iterable of Bag
        The bags.

    Returns
    -------
    Bag
        The partitions of all.

    Examples
    --------
    >>> import raskt.bag as rb
    >>> rb.concat([rb.range(2, npartitions=1), rb.from_sequence("ab")]).compute()
    [0, 1, 'a', 'b']
    """
    found = list(bags)
    if not found or not all(is_bag(bag) for bag in found):
        raise TypeError(f"concat needs a list of one bag or more, found {found!r}")
    name = f"concat-{tokenize([bag.name for bag in found])}"
    n = sum(bag.npartitions for bag in found)

    def rows() -> list[Any]:
        return [(TaskRef(key),) for bag in found for key in bag.__raskt_keys__()]

    return bag_of(step_layer(name, Same(), n, rows, [bag._layer for bag in found]), name, n)


class Same(Step):
    """Pass a partition on."""

    __slots__ = ()

    def describe(self) -> str:
        """Return what the step is."""
        return "concat"

    def run(self, _context: Context, stream: Any, *_inputs: Any) -> Any:
        """Return the partition."""
        return stream


class Zip(Step):
    """Go through several partitions in step, to the end of the shortest."""

    __slots__ = ()

    def run(self, _context: Context, stream: Any, *inputs: Any) -> Any:
        """Return tuples of elements."""
        return builtins.zip(stream, *inputs, strict=False)


def zip(*bags: Bag) -> Bag:  # noqa: A001 - Dask's name
    """Go through bags in step, as the built-in ``zip`` does, partition by partition.

    Parameters
    ----------
    *bags : Bag
        Bags with the same number of partitions; of two partitions the shorter one decides.

    Returns
    -------
    Bag
        Tuples of elements.

    Raises
    ------
    ValueError
        If the bags have different numbers of partitions.

    Examples
    --------
    >>> import raskt.bag as rb
    >>> b = rb.range(4, npartitions=2)
    >>> rb.zip(b, b.map(str)).compute()
    [(0, '0'), (1, '1'), (2, '2'), (3, '3')]
    """
    if not bags or not all(is_bag(bag) for bag in bags):
        raise TypeError(f"zip needs bags, found {bags!r}")
    n = bags[0].npartitions
    if any(bag.npartitions != n for bag in bags):
        counts = ", ".join(str(bag.npartitions) for bag in bags)
        raise ValueError(
            f"zip needs bags with the same number of partitions, found {counts}: repartition() them"
        )
    name = f"zip-{tokenize([bag.name for bag in bags])}"

    def rows() -> list[Any]:
        return [tuple(TaskRef((bag.name, i)) for bag in bags) for i in builtins.range(n)]

    return bag_of(step_layer(name, Zip(), n, rows, [bag._layer for bag in bags], after=bags[0]), name, n)
