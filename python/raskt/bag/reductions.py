"""Reductions: bags made into one value, or into few."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from raskt._apart import refuse_lazy
from raskt._kept import kept
from raskt._raskt import Task, TaskRef
from raskt._whole import whole
from raskt.bag import _reduce
from raskt.bag._base import bag_class, bag_of
from raskt.bag._layers import Layer, Tree, step_layer
from raskt.bag._steps import NO_DEFAULT, Reduce
from raskt.bag.item import Item
from raskt.tokenize import tokenize

if TYPE_CHECKING:
    from raskt.bag.core import Bag

__all__ = ["Reductions"]


def tree(
    bag: Any,
    label: str,
    chunk: Any,
    combine: Any,
    last: Any,
    split_every: int | bool | None,
    *,
    as_bag: bool = False,
    functions: tuple[Any, ...] = (),
    is_ours: bool = True,
) -> Any:
    """Return a tree: ``chunk`` of partitions, ``combine`` and in the end ``last`` of lists of results."""
    if split_every is None:
        split_every = 8
    if split_every is False:
        split_every = max(2, bag.npartitions)
    split_every = whole("split_every", split_every, 2, also="None, False or ")
    refuse_lazy((chunk, combine, last), "compute() them first, or have map() put them beside the elements")
    token = tokenize(bag.name, label, chunk, combine, last, split_every)
    name = f"{label}-part-{token}"
    first = step_layer(name, Reduce(chunk, is_ours, label), bag.npartitions, after=bag)

    def make() -> dict[Any, Any]:
        tasks: dict[Any, Any] = {}
        keys: list[Any] = [(name, i) for i in range(bag.npartitions)]
        depth = 0
        while len(keys) > split_every:
            groups = [keys[at : at + split_every] for at in range(0, len(keys), split_every)]
            keys = []
            for at, group in enumerate(groups):
                key = (f"{label}-combine-{token}", depth, at)
                tasks[key] = Task(key, combine, [TaskRef(k) for k in group])
                keys.append(key)
            depth += 1
        tasks[final] = Task(final, last, [TaskRef(k) for k in keys])
        return tasks

    final: Any = (f"{label}-{token}", 0) if as_bag else f"{label}-{token}"
    shape = Tree(f"{label}-{token}", combine, last, split_every, as_bag)
    layer = Layer(make, [first], functions=functions if bag.npartitions > 1 else (), tree=shape)
    if as_bag:
        return bag_of(layer, f"{label}-{token}", 1)
    return Item(layer, final)


class Reductions:
    """The methods of bags that reduce them."""

    __slots__ = ()

    def reduction(
        self,
        perpartition: Callable[[Any], Any],
        aggregate: Callable[[Any], Any],
        split_every: int | None = None,
        out_type: type = Item,
        name: str | None = None,
    ) -> Any:
        """Reduce each partition, then the results.

        Parameters
        ----------
        perpartition : callable
            Called with each partition.
        aggregate : callable
            Called with lists of what ``perpartition``, and itself, returned.
        split_every : int, optional
            How many results are brought together at once; False for all. Default: 8.
        out_type : type, optional
            `Item` (default) for one value, `Bag` for a bag of one partition.
        name : str, optional
            What keys begin with.

        Returns
        -------
        Item or Bag
            The last result.

        Examples
        --------
        >>> import raskt.bag as rb
        >>> rb.range(10, npartitions=3).reduction(sum, max).compute()
        30
        """
        if out_type not in (Item, bag_class()):
            raise ValueError(f"out_type must be Item or Bag, found {out_type!r}")
        label = str(name or getattr(aggregate, "__name__", "reduction"))
        merge = functools.partial(_reduce.listed, aggregate)
        return tree(
            self, label, perpartition, merge, merge, split_every,
            as_bag=out_type is bag_class(), functions=(aggregate,), is_ours=False,
        )  # fmt: skip

    def fold(
        self,
        binop: Callable[[Any, Any], Any],
        combine: Callable[[Any, Any], Any] | None = None,
        initial: Any = NO_DEFAULT,
        split_every: int | None = None,
        out_type: type = Item,
    ) -> Any:
        """Fold elements into one value, in all partitions at once.

        Parameters
        ----------
        binop : callable
            ``binop(so_far, element)`` within a partition.
        combine : callable, optional
            ``combine(left, right)`` of the values of partitions. Default: ``binop``.
        initial : object, optional
            What each partition begins with, a copy for each; without it, its first element.
        split_every : int, optional
            How many results are brought together at once; False for all.
        out_type : type, optional
            `Item` (default) or `Bag`.

        Returns
        -------
        Item or Bag
            The value.

        Examples
        --------
        >>> import raskt.bag as rb
        >>> rb.range(5, npartitions=2).fold(lambda total, x: total + x, initial=0).compute()
        10
        """
        combine = combine or binop
        chunk = functools.partial(_reduce.fold, binop, kept(initial))
        merge = functools.partial(_reduce.merge_folds, combine)
        last = functools.partial(_reduce.last_fold, combine)
        as_bag = out_type is bag_class()
        return tree(self, "fold", chunk, merge, last, split_every, as_bag=as_bag, functions=(binop, combine))

    def foldby(
        self,
        key: Any,
        binop: Callable[[Any, Any], Any],
        initial: Any = NO_DEFAULT,
        combine: Callable[[Any, Any], Any] | None = None,
        combine_initial: Any = NO_DEFAULT,
        split_every: int | None = None,
    ) -> Bag:
        """Fold the elements of each group; much cheaper than `groupby`, as no element is moved.

        Parameters
        ----------
        key : callable or object
            What groups an element: a function, or an item to take.
        binop : callable
            ``binop(so_far, element)`` within a partition.
        initial : object, optional
            What each group begins with, a copy for each; without it, its first element.
        combine : callable, optional
            ``combine(left, right)`` of two partitions' values. Default: ``binop``.
        combine_initial : object, optional
            What bringing together begins with.
        split_every : int, optional
            How many results are brought together at once; False for all.

        Returns
        -------
        Bag
            Pairs of group and value, in one partition.

        Examples
        --------
        >>> import raskt.bag as rb
        >>> b = rb.range(10, npartitions=3)
        >>> b.foldby(lambda x: x % 2, lambda total, x: total + x, 0).compute()
        [(0, 20), (1, 25)]
        """
        combine = combine or binop
        initial, combine_initial = kept(initial), kept(combine_initial)
        chunk = functools.partial(_reduce.foldby, key, binop, initial)
        merge = functools.partial(_reduce.merge_foldby, combine, combine_initial)
        last = functools.partial(_reduce.last_foldby, combine, combine_initial)
        used = (binop, combine, *((key,) if callable(key) else ()))
        found: Bag = tree(self, "foldby", chunk, merge, last, split_every, as_bag=True, functions=used)
        return found

    def frequencies(self, split_every: int | None = None, sort: bool = False) -> Bag:
        """Count how often each element occurs.

        Parameters
        ----------
        split_every : int, optional
            How many results are brought together at once; False for all.
        sort : bool, optional
            Whether the most frequent come first.

        Returns
        -------
        Bag
            Pairs of element and count, in one partition.

        Examples
        --------
        >>> import raskt.bag as rb
        >>> rb.from_sequence(["a", "b", "a"]).frequencies(sort=True).compute()
        [('a', 2), ('b', 1)]
        """
        last = functools.partial(_reduce.counted, is_sorted=sort)
        found: Bag = tree(
            self,
            "frequencies",
            _reduce.frequencies,
            _reduce.merge_frequencies,
            last,
            split_every,
            as_bag=True,
        )
        return found

    def topk(self, k: int, key: Any = None, split_every: int | None = None) -> Bag:
        """Find the ``k`` greatest elements.

        Parameters
        ----------
        k : int
            How many.
        key : callable or object, optional
            What is compared: a function of the element, or an item of it.
        split_every : int, optional
            How many results are brought together at once; False for all.

        Returns
        -------
        Bag
            The elements, the greatest first, in one partition.

        Examples
        --------
        >>> import raskt.bag as rb
        >>> rb.from_sequence([10, 3, 5, 7], npartitions=2).topk(2).compute()
        [10, 7]
        """
        chunk = functools.partial(_reduce.topk, k, key)
        merge = functools.partial(_reduce.merge_topk, k, key)
        used = (key,) if callable(key) else ()
        found: Bag = tree(self, "topk", chunk, merge, merge, split_every, as_bag=True, functions=used)
        return found

    def distinct(self, key: Any = None) -> Bag:
        """Keep the first of equal elements.

        Parameters
        ----------
        key : callable or object, optional
            What must differ: a function of the element, or an item of it.

        Returns
        -------
        Bag
            The elements in the order in which they were first met, in one partition.

        Examples
        --------
        >>> import raskt.bag as rb
        >>> rb.from_sequence(["b", "a", "b"]).distinct().compute()
        ['b', 'a']
        """
        chunk = functools.partial(_reduce.distinct, key)
        merge = functools.partial(_reduce.merge_distinct, key)
        used = (key,) if callable(key) else ()
        found: Bag = tree(self, "distinct", chunk, merge, merge, None, as_bag=True, functions=used)
        return found

    def count(self, split_every: int | None = None) -> Item:
        """Count the elements.

        Parameters
        ----------
        split_every : int, optional
            How many results are brought together at once; False for all.

        Returns
        -------
        Item
            The number.

        Examples
        --------
        >>> import raskt.bag as rb
        >>> rb.range(10, npartitions=3).count().compute()
        10
        """
        found: Item = tree(self, "count", _reduce.count, sum, sum, split_every)
        return found

    def sum(self, split_every: int | None = None) -> Item:
        """Add the elements up.

        Parameters
        ----------
        split_every : int, optional
            How many results are brought together at once; False for all.

        Returns
        -------
        Item
            The sum; 0 of no elements.

        Examples
        --------
        >>> import raskt.bag as rb
        >>> rb.range(10, npartitions=3).sum().compute()
        45
        """
        found: Item = tree(self, "sum", sum, sum, sum, split_every)
        return found

    def max(self, split_every: int | None = None) -> Item:
        """Find the greatest element.

        Parameters
        ----------
        split_every : int, optional
            How many results are brought together at once; False for all.

        Returns
        -------
        Item
            The element; computing it is a `ValueError` where there are none.

        Examples
        --------
        >>> import raskt.bag as rb
        >>> rb.from_sequence([2, 7, 5]).max().compute()
        7
        """
        return self._extreme(max, split_every)

    def min(self, split_every: int | None = None) -> Item:
        """Find the least element.

        Parameters
        ----------
        split_every : int, optional
            How many results are brought together at once; False for all.

        Returns
        -------
        Item
            The element; computing it is a `ValueError` where there are none.

        Examples
        --------
        >>> import raskt.bag as rb
        >>> rb.from_sequence([2, 7, 5]).min().compute()
        2
        """
        return self._extreme(min, split_every)

    def _extreme(self, function: Any, split_every: int | None) -> Item:
        parts = (_reduce.extreme, _reduce.merge_extremes, _reduce.last_extreme)
        chunk, merge, last = (functools.partial(part, function) for part in parts)
        found: Item = tree(self, function.__name__, chunk, merge, last, split_every)
        return found

    def any(self, split_every: int | None = None) -> Item:
        """Find out whether any element is true.

        Parameters
        ----------
        split_every : int, optional
            How many results are brought together at once; False for all.

        Returns
        -------
        Item
            The answer; no partition is read past its first true element.

        Examples
        --------
        >>> import raskt.bag as rb
        >>> rb.from_sequence([0, 0, 3]).any().compute()
        True
        """
        found: Item = tree(self, "any", any, any, any, split_every)
        return found

    def all(self, split_every: int | None = None) -> Item:
        """Find out whether all elements are true.

        Parameters
        ----------
        split_every : int, optional
            How many results are brought together at once; False for all.

        Returns
        -------
        Item
            The answer; no partition is read past its first false element.

        Examples
        --------
        >>> import raskt.bag as rb
        >>> rb.from_sequence([0, 0, 3]).all().compute()
        False
        """
        found: Item = tree(self, "all", all, all, all, split_every)
        return found

    def mean(self) -> Item:
        """Return the mean of the elements.

        Returns
        -------
        Item
            The mean; computing it is a `ZeroDivisionError` where there are no elements.

        Examples
        --------
        >>> import raskt.bag as rb
        >>> rb.range(10, npartitions=3).mean().compute()
        4.5
        """
        found: Item = tree(self, "mean", _reduce.sum_and_count, _reduce.merge_sums, _reduce.mean, None)
        return found

    def var(self, ddof: int = 0) -> Item:
        """Return the variance of the elements.

        Parameters
        ----------
        ddof : int, optional
            What is taken from the number of elements in the divisor.

        Returns
        -------
        Item
            The variance.

        Examples
        --------
        >>> import raskt.bag as rb
        >>> rb.range(10, npartitions=3).var().compute()
        8.25
        """
        last = functools.partial(_reduce.variance, ddof=ddof)
        found: Item = tree(self, "var", _reduce.moments, _reduce.merge_moments, last, None)
        return found

    def std(self, ddof: int = 0) -> Item:
        """Return the standard deviation of the elements.

        Parameters
        ----------
        ddof : int, optional
            What is taken from the number of elements in the divisor.

        Returns
        -------
        Item
            The standard deviation.

        Examples
        --------
        >>> import raskt.bag as rb
        >>> rb.from_sequence([1, 3], npartitions=1).std().compute()
        1.0
        """
        last = functools.partial(_reduce.deviation, ddof=ddof)
        found: Item = tree(self, "std", _reduce.moments, _reduce.merge_moments, last, None)
        return found
