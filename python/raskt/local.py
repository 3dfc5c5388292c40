"""Raw graphs on the calling thread, one task after another: for debugging, and for very small tasks."""

from __future__ import annotations

from raskt.graph import get as get_graph

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


__all__ = ["get_sync"]


def get_sync(dsk: Mapping[Any, Any], keys: Any, **kwargs: Any) -> Any:
    """Compute some keys of a graph on the calling thread.

    Parameters
    ----------
    dsk : mapping
        The graph: tasks by key, as `raskt.graph` describes.
    keys : key or list
        A key, or a list of keys and of such lists.
    **kwargs
        Options, as in `raskt.compute`.

    Returns
    -------
    object
        The value of the key, or a tuple of values nested as ``keys`` is.

    Examples
    --------
    >>> import raskt
    >>> raskt.get({"x": 1, "y": (max, "x", 10)}, "y")
    10
    """
    return get_graph(dsk, keys, scheduler="sync", **kwargs)


get = get_sync
