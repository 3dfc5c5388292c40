"""Annotations: what is said of tasks where they are made, for whoever runs them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from raskt import _raskt
from raskt._whole import whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["annotate", "get_annotations"]

_current: ContextVar[dict[str, Any] | None] = ContextVar("raskt_annotations", default=None)
_raskt.set_annotation_variable(_current)


def get_annotations() -> dict[str, Any]:
    """Return the annotations of the `annotate` blocks around this place.

    Returns
    -------
    dict

    Examples
    --------
    >>> import raskt
    >>> with raskt.annotate(priority=10), raskt.annotate(retries=2):
    ...     raskt.get_annotations()
    {'priority': 10, 'retries': 2}
    """
    return dict(_current.get() or {})


@contextmanager
def annotate(**annotations: Any) -> Iterator[None]:
    """Annotate the tasks that are made inside a ``with`` block.

    Blocks may be nested: what the inner one does not say, the outer one does. `Task.annotations` shows what
    was said.

    Parameters
    ----------
    retries : int or callable, optional
        How often each task is tried again when it raises. This one every scheduler heeds.
    priority : number or callable, optional
        Tasks with a higher one run first.
    workers : str, sequence of str or callable, optional
        Where tasks may run.
    allow_other_workers : bool or callable, optional
        Whether ``workers`` is only a wish.
    resources : dict or callable, optional
        What a task takes of a worker: ``{"GPU": 1}``.
    **annotations
        Anything else, for schedulers and plugins of your own. A callable is given the key of each task.

    Raises
    ------
    TypeError
        For a value of the wrong type.
    ValueError
        For ``retries`` below 0.

    Examples
    --------
    >>> import raskt
    >>> with raskt.annotate(retries=2):
    ...     x = raskt.delayed(int)("7")
    >>> x.graph[x.key].annotations
    {'retries': 2}
    """
    for name, check in _CHECKS.items():
        if name in annotations and not callable(annotations[name]):
            annotations[name] = check(annotations[name])
    with annotated_as({**(_current.get() or {}), **annotations}):
        yield


@contextmanager
def annotated_as(notes: dict[str, Any]) -> Iterator[None]:
    """Give the tasks that are made inside these annotations alone, whatever is said around it."""
    token = _current.set(notes or None)
    _raskt.note_annotations(True)
    try:
        yield
    finally:
        _raskt.note_annotations(False)
        _current.reset(token)


#: More attempts than this are a mistake.
RETRIES_MAX = 2**32 - 1


def _wrong(name: str, expected: str, found: Any) -> TypeError:
    return TypeError(f"the annotation {name!r} must be {expected} or a callable, found {found!r}")


def _retries(value: Any) -> Any:
    if isinstance(value, bool) or not hasattr(type(value), "__index__"):
        raise _wrong("retries", "a whole number of 0 or more", value)
    return whole("the annotation 'retries'", value, 0, RETRIES_MAX)


def _priority(value: Any) -> Any:
    from numbers import Real

    if not isinstance(value, Real):
        raise _wrong("priority", "a number", value)
    return value


def _workers(value: Any) -> Any:
    if isinstance(value, str):
        return [value]
    if not isinstance(value, (list, tuple, set, frozenset)):
        raise _wrong("workers", "a string, a sequence of strings", value)
    return value


def _allow_other_workers(value: Any) -> Any:
    if not isinstance(value, bool):
        raise _wrong("allow_other_workers", "True, False", value)
    return value


def _resources(value: Any) -> Any:
    if not isinstance(value, dict):
        raise _wrong("resources", "a dictionary", value)
    return value


_CHECKS = {
    "retries": _retries,
    "priority": _priority,
    "workers": _workers,
    "allow_other_workers": _allow_other_workers,
    "resources": _resources,
}
