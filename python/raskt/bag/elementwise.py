"""Work on each element, and on each partition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from raskt import _raskt
from raskt._apart import refuse_lazy, spread
from raskt._kept import kept
from raskt._raskt import TaskRef
from raskt.bag._base import bag_of, is_bag
from raskt.bag._inputs import input_of
from raskt.bag._layers import Layer, step_layer
from raskt.bag._steps import (
    NO_DEFAULT,
    STREAM,
    Each,
    EachPartition,
    Filter,
    Flatten,
    Pluck,
    Starmap,
    Step,
    StreamArg,
)
from raskt.tokenize import tokenize

if TYPE_CHECKING:
    from raskt.bag.core import Bag

__all__ = ["Elementwise", "map", "map_partitions"]


class Inputs:
    """The inputs of the tasks of a step: partitions of bags, and values that all of them get."""

    def __init__(self, first: Any) -> None:
        self.first = first
        self.rest: list[Any] = []
        self.layers: list[Layer] = [first._layer]
        self.names: list[Any] = [first.name]
        self.is_streamed = False

    def place(self, value: Any) -> Any:
        """Return what stands for ``value`` in the step."""
        if value is self.first and not self.is_streamed:
            self.is_streamed = True
            return STREAM
        if is_bag(value):
            if value.npartitions != self.first.npartitions:
                raise ValueError(
                    f"all bags must have the same number of partitions, found {self.first.npartitions} and "
                    f"{value.npartitions}: repartition() one of them"
                )
            found = value
            self.layers.append(value._layer)
            self.names.append(value.name)
        else:
            # Lazy values in containers are computed with these.
            made = input_of(value) or input_of(_raskt.delayed_within(value))
            if made is None:
                return kept(value)
            found, layers = made
            self.layers.extend(layers)
            self.names.append(found.key)
        self.rest.append(found)
        return StreamArg("bag" if is_bag(value) else "value", len(self.rest) - 1)

    def rows(self) -> list[tuple[Any, ...]]:
        """Return the inputs of each task."""
        return [
            tuple(TaskRef((value.name, i)) if is_bag(value) else value for value in (self.first, *self.rest))
            for i in range(self.first.npartitions)
        ]

    def bag(self, label: str, step: Step) -> Bag:
        """Return the bag that ``step`` makes."""
        name, n = f"{label}-{tokenize(step, self.names)}", self.first.npartitions
        rows = self.rows if self.rest else None
        return bag_of(step_layer(name, step, n, rows, self.layers, after=self.first), name, n)


def _first_bag(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    for value in (*args, *kwargs.values()):
        if is_bag(value):
            return value
    raise ValueError("at least one argument must be a bag")


def label_of(func: Any) -> str:
    """Return what the keys of tasks that call ``func`` begin with."""
    return _raskt.function_name(func)


def map(func: Any = None, /, *args: Any, **kwargs: Any) -> Bag:  # noqa: A001 - Dask's name
    """Call a function with the elements of one or several bags.

    Parameters
    ----------
    func : callable
        Called with one element of each bag.
    *args, **kwargs : object
        Bags, which are gone through in step; items, delayed values and arrays, also in containers, whose
        values each call gets; anything else is passed as it is.

    Returns
    -------
    Bag
        What the calls return.

    Raises
    ------
    ValueError
        If no argument is a bag, or bags differ in their partitions.

    Examples
    --------
    >>> import raskt.bag as rb
    >>> b = rb.range(4, npartitions=2)
    >>> rb.map(lambda x, y: x * y, b, b).compute()
    [0, 1, 4, 9]
    >>> rb.map(lambda x, total: x / total, b, b.sum()).compute()[-1]
    0.5
    """
    func = kwargs.pop("func", None) if func is None else func
    if not callable(func):
        raise TypeError(f"map needs a function, found {func!r}")
    func, kwargs = spread(func, kwargs)
    inputs = Inputs(_first_bag(args, kwargs))
    placed = tuple(inputs.place(arg) for arg in args)
    named = {name: inputs.place(value) for name, value in kwargs.items()}
    return inputs.bag(label_of(func), Each(placed, func, named))


def map_partitions(func: Any = None, /, *args: Any, **kwargs: Any) -> Bag:
    """Call a function with whole partitions of one or several bags.

    Parameters
    ----------
    func : callable
        Called with a partition of each bag: something to go through, which streams where it can.
    *args, **kwargs : object
        Bags with the same number of partitions; items, delayed values and arrays, also in containers, whose
        values each call gets; anything else is passed as it is. Of these, ``token`` is what keys begin with,
        and not passed.

    Returns
    -------
    Bag
        The elements of what the calls return.

    Examples
    --------
    >>> import raskt.bag as rb
    >>> rb.map_partitions(lambda part: [sum(part)], rb.range(4, npartitions=2)).compute()
    [1, 5]
    """
    func = kwargs.pop("func", None) if func is None else func
    if not callable(func):
        raise TypeError(f"map_partitions needs a function, found {func!r}")
    func, kwargs = spread(func, kwargs)
    token = kwargs.pop("token", None)
    label = label_of(func) if token is None else str(token)
    inputs = Inputs(_first_bag(args, kwargs))
    placed = tuple(inputs.place(arg) for arg in args)
    named = {name: inputs.place(value) for name, value in kwargs.items()}
    return inputs.bag(label, EachPartition(placed, func, named))


class Elementwise:
    """The methods of bags that work on each element."""

    __slots__ = ()

    def map(self, func: Any = None, /, *args: Any, **kwargs: Any) -> Bag:
        """Call a function with every element.

        Parameters
        ----------
        func : callable
            Called with the element, and with ``args`` and ``kwargs``.
        *args, **kwargs : object
            As in `raskt.bag.map`.

        Returns
        -------
        Bag
            What the calls return.

        Examples
        --------
        >>> import raskt.bag as rb
        >>> rb.from_sequence(["a", "b"]).map(str.upper).compute()
        ['A', 'B']
        """
        return map(kwargs.pop("func", None) if func is None else func, self, *args, **kwargs)

    def starmap(self, func: Any = None, /, **kwargs: Any) -> Bag:
        """Call a function with the items of every element as its arguments.

        Parameters
        ----------
        func : callable
            Called as ``func(*element, **kwargs)``.
        **kwargs : object
            Items, delayed values and arrays, also in containers, or values that are passed as they are.

        Returns
        -------
        Bag
            What the calls return.

        Examples
        --------
        >>> import raskt.bag as rb
        >>> rb.from_sequence([(1, 2), (3, 4)]).starmap(pow).compute()
        [1, 81]
        """
        func = kwargs.pop("func", None) if func is None else func
        if not callable(func):
            raise TypeError(f"starmap needs a function, found {func!r}")
        func, kwargs = spread(func, kwargs)
        inputs = Inputs(self)
        inputs.place(self)
        bags = [name for name, value in kwargs.items() if is_bag(value)]
        if bags:
            raise ValueError(f"starmap takes items and delayed values by name, and {bags[0]} is a bag")
        placed = {name: inputs.place(value) for name, value in kwargs.items()}
        return inputs.bag(label_of(func), Starmap(func, placed))

    def filter(self, predicate: Any) -> Bag:
        """Keep the elements for which a predicate is true.

        Parameters
        ----------
        predicate : callable, Bag or None
            Called with every element; a bag of truth values, one for each element; None keeps what is true.

        Returns
        -------
        Bag
            Those elements.

        Examples
        --------
        >>> import raskt.bag as rb
        >>> rb.range(5, npartitions=2).filter(lambda x: x % 2).compute()
        [1, 3]
        """
        return self._kept(predicate, True)

    def remove(self, predicate: Any) -> Bag:
        """Leave out the elements for which a predicate is true.

        Parameters
        ----------
        predicate : callable, Bag or None
            As in `filter`.

        Returns
        -------
        Bag
            The other elements.

        Examples
        --------
        >>> import raskt.bag as rb
        >>> rb.range(5, npartitions=2).remove(lambda x: x % 2).compute()
        [0, 2, 4]
        """
        return self._kept(predicate, False)

    def _kept(self, predicate: Any, wanted: bool) -> Bag:
        inputs = Inputs(self)
        inputs.place(self)
        placed = inputs.place(predicate) if is_bag(predicate) else predicate
        if not (placed is None or callable(placed) or isinstance(placed, StreamArg)):
            raise TypeError(f"a predicate is a function, a bag or None, found {predicate!r}")
        if not isinstance(placed, StreamArg):
            refuse_lazy(placed, "give filter() a bag of truth values made by map(), or compute() them first")
        return inputs.bag("filter" if wanted else "remove", Filter(placed, wanted))

    def pluck(self, key: Any, default: Any = NO_DEFAULT) -> Bag:
        """Take an item from every element.

        Parameters
        ----------
        key : object or list
            What to take; a list takes a tuple of items.
        default : object, optional
            What stands for an item that is not there. Default: an error.

        Returns
        -------
        Bag
            The items.

        Examples
        --------
        >>> import raskt.bag as rb
        >>> b = rb.from_sequence([{"name": "Ann", "age": 3}, {"name": "Bo"}])
        >>> b.pluck("name").compute(), b.pluck(["name", "age"], 0).compute()
        (['Ann', 'Bo'], [('Ann', 3), ('Bo', 0)])
        """
        return Inputs(self).bag("pluck", Pluck(kept(default), kept(key)))

    def flatten(self) -> Bag:
        """Go through the items of every element.

        Returns
        -------
        Bag
            All items.

        Examples
        --------
        >>> import raskt.bag as rb
        >>> rb.from_sequence([[1], [2, 3]]).flatten().compute()
        [1, 2, 3]
        """
        return Inputs(self).bag("flatten", Flatten())

    def map_partitions(self, func: Any = None, /, *args: Any, **kwargs: Any) -> Bag:
        """Call a function with every partition.

        Parameters
        ----------
        func : callable
            Called with the partition, and with ``args`` and ``kwargs``.
        *args, **kwargs : object
            As in `raskt.bag.map_partitions`.

        Returns
        -------
        Bag
            The elements of what the calls return.

        Examples
        --------
        >>> import raskt.bag as rb
        >>> rb.range(4, npartitions=2).map_partitions(lambda part: [sum(part)]).compute()
        [1, 5]
        """
        return map_partitions(kwargs.pop("func", None) if func is None else func, self, *args, **kwargs)

    def unzip(self, n: int) -> tuple[Bag, ...]:
        """Make ``n`` bags of a bag of tuples.

        Parameters
        ----------
        n : int
            How many items the elements have.

        Returns
        -------
        tuple of Bag
            The bag of first items, of second items, and so on.

        Examples
        --------
        >>> import raskt.bag as rb
        >>> left, right = rb.from_sequence([(1, 2), (3, 4)]).unzip(2)
        >>> left.compute(), right.compute()
        ([1, 3], [2, 4])
        """
        return tuple(self.pluck(i) for i in range(n))
