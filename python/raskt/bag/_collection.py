"""What bags and items have in common: the protocol of collections, and the choice of a scheduler."""

from __future__ import annotations

import functools
import json
import operator
import types
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from raskt._dask.mixin import SpeaksDask
from raskt._raskt import Delayed
from raskt.bag import _layers, _planned
from raskt.bag._symbolic import Layers
from raskt.base import compute, persist
from raskt.collection import CollectionMethods
from raskt.schedulers import configured

if TYPE_CHECKING:
    from raskt.bag._layers import Layer

__all__ = ["Lazy"]

#: Fewer elements than this are not worth a process.
SMALL_MAX = 1_000


class Lazy(SpeaksDask, CollectionMethods):
    """A lazy collection on layers of tasks."""

    __slots__ = ("_layer",)
    _layer: Layer

    def __raskt_graph__(self) -> Mapping[Any, Any]:
        return Layers([self._layer])

    def __raskt_keys__(self) -> list[Any]:
        raise NotImplementedError

    @staticmethod
    def __raskt_optimize__(graph: Any, keys: Any, **_kwargs: Any) -> dict[Any, Any]:
        return _layers.fuse(graph, keys)

    @staticmethod
    def __raskt_planned__(graph: Any, keys: Any) -> list[Delayed] | None:
        return _planned.delayed_of(graph, keys)

    @property
    def __raskt_scheduler__(self) -> str:
        return self._scheduler()[0]

    def _scheduler(self) -> tuple[str, str]:
        """Return the scheduler that is used where nobody says anything, and why."""
        layers = _layers.ancestry(self._layer)
        if not self._needs_python(layers):
            return "threads", "no function written in Python is called for many elements"
        known = [layer.n_elements for layer in layers if not layer.parents]
        if known and all(n is not None for n in known) and sum(n or 0 for n in known) < SMALL_MAX:
            return "threads", f"fewer than {SMALL_MAX} elements are not worth starting processes"
        return "processes", "functions written in Python hold the GIL"

    def _needs_python(self, layers: list[Layer]) -> bool:
        """Whether any function written in Python is called, in more than one task."""
        functions = [function for layer in layers for function in layer.functions if is_python(function)]
        if any(function is not json.loads for function in functions):
            return True
        if not functions:
            return False
        # Where the engine knows all around it, JSON is read without Python.
        return any(
            json.loads in list(step.functions())
            for chain in _planned.chains(Layers([self._layer]), self.__raskt_keys__())
            for step in chain.steps[chain.n_native :]
        )

    def explain(self) -> str:
        """Return as text what computing runs: the scheduler and why, and the tasks by kind.

        Returns
        -------
        str
            Steps that are joined by ``>`` run as one task, element by element.
        """
        chosen = configured("scheduler")
        scheduler, why = self._scheduler() if chosen is None else (str(chosen), "configured")
        graph = _layers.fuse(self.__raskt_graph__(), self.__raskt_keys__())
        return _layers.explain(graph, scheduler, why)

    def compute(self, **kwargs: Any) -> Any:
        """Compute the value.

        Parameters
        ----------
        **kwargs
            As in `raskt.compute`; ``scheduler="processes"`` or ``"threads"`` decides where it runs.

        Returns
        -------
        object
            A list for a bag, the value of an item.

        Examples
        --------
        >>> import raskt.bag as rb
        >>> rb.range(3, npartitions=2).compute(scheduler="threads")
        [0, 1, 2]
        """
        return compute(self, traverse=False, **kwargs)[0]

    def persist(self, **kwargs: Any) -> Any:
        """Compute, and keep the partitions in memory.

        Parameters
        ----------
        **kwargs
            As in `raskt.persist`.

        Returns
        -------
        Bag or Item
            The same collection, whose values are there.

        Examples
        --------
        >>> import raskt.bag as rb
        >>> kept = rb.range(3, npartitions=2).map(str).persist()
        >>> kept.compute()
        ['0', '1', '2']
        """
        return persist(self, traverse=False, **kwargs)[0]


def is_python(function: Any) -> bool:
    """Whether calling ``function`` runs Python code (or code of which nothing is known)."""
    while isinstance(function, functools.partial):
        function = function.func
    if isinstance(
        function, (types.BuiltinFunctionType, types.MethodDescriptorType, types.WrapperDescriptorType)
    ):
        return False
    if isinstance(function, (operator.itemgetter, operator.attrgetter, operator.methodcaller)):
        return False
    if isinstance(function, type):
        return function.__module__ != "builtins"
    return True
