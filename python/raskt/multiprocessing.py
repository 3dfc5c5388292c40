"""Raw graphs on child processes."""

from __future__ import annotations

from raskt._lazy import finder
from raskt.graph import get as get_graph

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

__all__ = ["get"]


def get(
    dsk: Mapping[Any, Any], keys: Any, num_workers: int | None = None, pool: Any = None, **kwargs: Any
) -> Any:
    """Compute some keys of a graph on child processes.

    Parameters
    ----------
    dsk : mapping
        The graph: tasks by key, as `raskt.graph` describes.
    keys : key or list
        A key, or a list of keys and of such lists.
    num_workers : int, optional
        How many; default: the configuration, or else the number of cores.
    pool : Executor, optional
        A `concurrent.futures.Executor` to run tasks on.
    **kwargs
        Further options, as in `raskt.compute`.

    Returns
    -------
    object
        The value of the key, or a tuple of values nested as ``keys`` is.

    Examples
    --------
    >>> import raskt.multiprocessing
    >>> raskt.multiprocessing.get({"x": 1, "y": (max, "x", 10)}, ["x", "y"])
    (1, 10)
    """
    return get_graph(dsk, keys, scheduler="processes", num_workers=num_workers, pool=pool, **kwargs)


# Names that Dask's users look for here.
__getattr__ = finder(
    __name__,
    {
        "CPU_COUNT": "raskt.system",
    },
)
