"""The order in which the engine runs the tasks of a graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from raskt import _raskt

__all__ = ["order"]


def order(dsk: Mapping[Any, Any]) -> dict[Any, int]:
    """Return the place of each task in the order that the engine chooses, so that memory is released early.

    Parameters
    ----------
    dsk : mapping
        The graph.

    Returns
    -------
    dict
        Places from 0 by key; a task comes after those that it needs.

    Examples
    --------
    >>> from raskt.order import order
    >>> order({"y": (abs, "x"), "x": (abs, -1), "z": (abs, "y")})
    {'y': 1, 'x': 0, 'z': 2}
    """
    roots = _raskt.convert_graph(dict(dsk), list(dsk))
    places = {key: place for place, key in enumerate(_raskt.order_of(roots))}
    return {key: places[key] for key in dsk}
