"""Dask's protocol as methods, for collections that have Raskt's."""

from __future__ import annotations

import sys

from raskt._dask.protocol import graph_of, optimize, schedule
from raskt.highlevelgraph import graph_of as layers_as_ours

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["SpeaksDask", "layers_of"]


def layers_of(collection: Any) -> Any:
    """Return what ``collection.dask`` is: a graph of Dask's where Dask has been imported, or else Raskt's."""
    if "dask.highlevelgraph" in sys.modules:
        return collection.__dask_graph__()
    return layers_as_ours(collection)


class SpeaksDask:
    """A collection that `dask.compute`, xarray and other libraries written to Dask's protocol can hold."""

    __slots__ = ()

    if TYPE_CHECKING:

        def __raskt_keys__(self) -> list[Any]: ...
        def __raskt_postcompute__(self) -> tuple[Any, tuple[Any, ...]]: ...
        def __raskt_postpersist__(self) -> tuple[Any, tuple[Any, ...]]: ...
        def __raskt_tokenize__(self) -> Any: ...

    def __dask_graph__(self) -> Any:
        return graph_of(self)

    @property
    def dask(self) -> Any:
        """The tasks by key, in layers: for code that reads graphs, or writes tasks of its own upon them.

        One of Dask's where Dask has been imported, which reads it too.
        """
        return layers_of(self)

    def __dask_keys__(self) -> list[Any]:
        return self.__raskt_keys__()

    def __dask_layers__(self) -> tuple[str, ...]:
        return tuple(self.__dask_graph__().layers)

    def __dask_postcompute__(self) -> tuple[Any, tuple[Any, ...]]:
        return self.__raskt_postcompute__()

    def __dask_postpersist__(self) -> tuple[Any, tuple[Any, ...]]:
        return self.__raskt_postpersist__()

    def __dask_tokenize__(self) -> Any:
        return self.__raskt_tokenize__()

    __dask_optimize__ = staticmethod(optimize)

    @property
    def __dask_scheduler__(self) -> Any:
        return schedule
