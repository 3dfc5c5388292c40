"""Groups and joins."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from raskt import _raskt
from raskt._apart import refuse_lazy
from raskt._whole import whole
from raskt.bag import _shuffle
from raskt.bag._base import is_bag
from raskt.bag._reduce import key_function
from raskt.bag._take import PARTITIONS_MAX
from raskt.bag.item import Item
from raskt.schedulers import configured

if TYPE_CHECKING:
    from raskt.bag.core import Bag

__all__ = ["Grouping"]


class Grouping:
    """The methods of bags that bring elements together."""

    __slots__ = ()

    def groupby(
        self,
        grouper: Any,
        method: str | None = None,
        npartitions: int | None = None,
        blocksize: int = 2**20,
        max_branch: int | None = None,
        shuffle: str | None = None,
    ) -> Bag:
        """Bring elements together that are of one group.

        All elements are moved; `foldby` and `frequencies` answer most questions without that.

        Parameters
        ----------
        grouper : callable or object
            What groups an element: a function, or an item to take. Groups are hashable.
        method, shuffle : {"disk", "tasks"}, optional
            Whether elements move through files (default; memory holds a part of one partition of groups at a
            time, and the files go when the computation ends) or in memory.
        npartitions : int, optional
            The number of partitions of groups. Default: that of this bag.
        blocksize : int, optional
            About how many bytes a task keeps before it writes them, with ``"disk"``.
        max_branch : int, optional
            To how many others a partition goes at once, with ``"tasks"``; more take several stages.
            Default: 32.

        Returns
        -------
        Bag
            Pairs of group and list of elements, in their order.

        Examples
        --------
        >>> import raskt.bag as rb
        >>> sorted(rb.range(5, npartitions=2).groupby(lambda x: x % 2).compute())
        [(0, [0, 2, 4]), (1, [1, 3])]
        """
        if method is not None and shuffle is not None:
            raise ValueError("groupby takes either method or shuffle, which say the same")
        chosen = method or shuffle or configured("shuffle") or "disk"
        if chosen not in ("disk", "tasks"):
            raise ValueError(f"groupby goes through 'disk' or 'tasks', found {chosen!r}")
        n: Any = self.npartitions if npartitions is None else npartitions  # type: ignore[attr-defined]
        n = whole("npartitions", n, 1, PARTITIONS_MAX)
        blocksize = None if blocksize is None else whole("blocksize", blocksize, 1)
        max_branch = None if max_branch is None else whole("max_branch", max_branch, 2)
        refuse_lazy((grouper,), "compute() them first, or have map() put them beside the elements")
        found: Bag = _shuffle.grouped(self, grouper, n, chosen, blocksize, max_branch)
        return found

    def join(self, other: Any, on_self: Any, on_other: Any = None) -> Bag:
        """Pair elements with those of a small collection that have the same key.

        Parameters
        ----------
        other : iterable, Bag, Item or Delayed
            The small collection; a bag of one partition.
        on_self : callable or object
            The key of an element of this bag: a function, or an item to take.
        on_other : callable or object, optional
            The key of an element of ``other``. Default: ``on_self``.

        Returns
        -------
        Bag
            Pairs of an element of ``other`` and one of this bag.

        Raises
        ------
        NotImplementedError
            For a bag of several partitions.

        Examples
        --------
        >>> import raskt.bag as rb
        >>> people = rb.from_sequence(["Ann", "Bo", "Cy"])
        >>> people.join(["apple", "banana"], on_self=lambda s: s[0].lower()).compute()
        [('apple', 'Ann'), ('banana', 'Bo')]
        """
        if is_bag(other):
            if other.npartitions != 1:
                raise NotImplementedError(
                    f"join needs a small collection, found a bag of {other.npartitions} partitions: "
                    "repartition(1) it, or join dataframes"
                )
            other = Item(other._layer, (other.name, 0))
        elif not isinstance(other, Item) and not _raskt.is_collection(other):
            other = list(other)
        on = on_self if on_other is None else on_other
        return self.map_partitions(functools.partial(_join, on_self, on), other)  # type: ignore[attr-defined,no-any-return]


def _join(on_self: Any, on_other: Any, part: Iterable[Any], other: Iterable[Any]) -> Any:
    key, other_key = key_function(on_self), key_function(on_other)
    rows: dict[Any, list[Any]] = {}
    for item in other:
        rows.setdefault(other_key(item), []).append(item)
    return ((match, item) for item in part for match in rows.get(key(item), ()))
