"""Calls of users' functions of blocks: with the arguments that are no blocks, and what is told of a block."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from raskt import _raskt
from raskt._kept import kept
from raskt.array._base import array_of
from raskt.array._chunk import fromfunction
from raskt.array._meta import dtype_named, prototype
from raskt.array._readers import reads_only

if TYPE_CHECKING:
    from collections.abc import Callable

    from raskt._raskt import ArrayExpr
    from raskt.array.core import Array

__all__ = ["BlockCall", "IndexCall", "Rest", "dtype_of_call", "dtype_tried", "wants"]

NAN = float("nan")


class Rest:
    """The arguments of a function that are no blocks.

    Where there are lazy values among them, or in containers among them, all arguments become one value that
    is computed before the function runs, and an operand beside the arrays.

    Parameters
    ----------
    args : tuple
        The positional arguments, with anything in the places of blocks.
    kwargs : dict
        The others.
    """

    __slots__ = ("args", "kwargs", "later")

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.args, self.kwargs = kept((args, kwargs))
        self.later = _raskt.delayed_within((self.args, self.kwargs))

    @property
    def operands(self) -> tuple[Array, ...]:
        """What a function of blocks needs behind its arrays."""
        return () if self.later is None else (array_of(_raskt.array_argument(self.later)),)

    @property
    def letters(self) -> list[list[int]]:
        """The letters of `operands`."""
        return [] if self.later is None else [[]]

    def example(self) -> Rest | None:
        """Return arguments by which a function can be tried: an element stands for each array.

        None where it cannot be: nothing is known of other lazy values, and a trial would take from iterators.
        """
        found: Any = (self.args, self.kwargs)
        if self.later is not None:
            found = _raskt.example_of(self.later, _element)
        if found is None or _holds_iterator(found):
            return None
        made = Rest.__new__(Rest)
        (made.args, made.kwargs), made.later = found, None
        return made


def _element(expr: ArrayExpr) -> Any:
    """Return what stands for an array where a function is tried."""
    dtype = dtype_named(expr.dtype)
    return None if dtype is None else prototype(dtype, expr.ndim)[()]


def _holds_iterator(item: Any) -> bool:
    if isinstance(item, (tuple, list, set, frozenset)):
        return any(map(_holds_iterator, item))
    if isinstance(item, dict):
        return any(map(_holds_iterator, item.values()))
    return isinstance(item, Iterator)


class BlockCall:
    """A user's function with the arguments that are no blocks, and what it wants to know of its block.

    Parameters
    ----------
    function : callable
        The function.
    places : tuple of int
        Where blocks stand among its positional arguments.
    rest : Rest
        Its other arguments.
    tell : dict, optional
        What it is told of its block.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        places: tuple[int, ...],
        rest: Rest,
        tell: dict[str, Any] | None = None,
    ) -> None:
        self.function, self.places = kept(function), places
        self.reads_only = rest.later is None and reads_only(function, rest.args, rest.kwargs)
        # Where lazy values are among them, they come behind the blocks.
        self.rest = (rest.args, rest.kwargs) if rest.later is None else None
        self.tell = tell
        self.__name__ = getattr(function, "__name__", type(function).__name__)

    def __call__(self, *blocks: Any, info: Any = None) -> Any:
        own, kwargs = _shown(blocks[-1]) if self.rest is None else self.rest
        args = list(own)
        n = len(self.places)
        for place, block in zip(self.places, blocks[:n], strict=True):
            args[place] = block
        if self.tell:
            kwargs = {**kwargs, **self._told(info)}
        return self.function(*args, **kwargs)

    def _told(self, info: Any) -> dict[str, Any]:
        told: dict[str, Any] = {}
        tell = self.tell or {}
        if tell.get("block_id"):
            told["block_id"] = tuple(info["block"])
        if tell.get("block_info"):
            told["block_info"] = self._block_info(info)
        return told

    def _block_info(self, info: Any) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        tell = self.tell or {}
        for place, letters, ranges, (shape, counts) in zip(
            self.places, tell["letters"], info["operands"][: len(self.places)], tell["operands"], strict=True
        ):
            index = [
                info["block"][tell["output"].index(letter)] if letter in tell["output"] and n > 1 else 0
                for letter, n in zip(letters, counts, strict=True)
            ]
            found[place] = {
                "shape": tuple(shape),
                "num-chunks": tuple(counts),
                "array-location": [
                    (0, length) if span is None else tuple(span)
                    for span, length in zip(ranges, shape, strict=True)
                ],
                "chunk-location": tuple(index),
            }
        shape, counts, dtype = tell["result"]
        spans = [(NAN, NAN) if span is None else tuple(span) for span in info["out"]]
        found[None] = {
            "shape": tuple(shape),
            "num-chunks": tuple(counts),
            "array-location": spans,
            "chunk-location": tuple(info["block"]),
            "chunk-shape": tuple(stop - start for start, stop in spans),
            "dtype": dtype,
        }
        return found

    def __raskt_tokenize__(self) -> Any:
        return (
            type(self).__name__,
            self.function,
            self.places,
            self.rest,
            repr(self.tell),
        )


class IndexCall(BlockCall):
    """A user's function of the indices of elements, with keywords among which are lazy values.

    Parameters
    ----------
    function : callable
        The function.
    rest : Rest
        Its keywords.
    dtype : str
        The dtype of indices.
    """

    def __init__(self, function: Callable[..., Any], rest: Rest, dtype: str) -> None:
        super().__init__(function, (), rest)
        self.dtype = dtype

    def __call__(self, *blocks: Any, info: Any = None) -> Any:
        _, kwargs = _shown(blocks[-1])
        return fromfunction(info["out"], self.function, kwargs, self.dtype)

    def __raskt_tokenize__(self) -> Any:
        return (*super().__raskt_tokenize__(), self.dtype)


def _shown(rest: tuple[Any, dict[str, Any]]) -> tuple[Any, dict[str, Any]]:
    """Return arguments that were computed, for one of the calls that share them: arrays cannot be written."""
    args, kwargs = rest
    return [_read_only(item) for item in args], {name: _read_only(item) for name, item in kwargs.items()}


def _read_only(item: Any) -> Any:
    if not isinstance(item, np.ndarray) or not item.flags.writeable:
        return item
    view = item.view()
    view.flags.writeable = False
    return view


def dtype_of_call(
    function: Any, places: tuple[int, ...], rest: Rest, arrays: Any, tell: Any = None, ndim: int = 0
) -> Any:
    """Return the dtype that a function returns for one element of each array; None where that cannot be told.

    Parameters
    ----------
    function, places, rest, tell
        As in `BlockCall`.
    arrays : iterable of Array
        The arrays.
    ndim : int, optional
        How many axes the result has.
    """
    example = rest.example()
    if example is None:
        return None
    info = {
        "block": [0] * ndim,
        "out": [(0, 1)] * ndim,
        "operands": [[(0, 1)] * x.ndim for x in arrays],
    }
    call = BlockCall(function, places, example, tell)
    return dtype_tried(lambda: call(*[prototype(x.dtype, x.ndim) for x in arrays], info=info))


def dtype_tried(call: Callable[[], Any]) -> Any:
    """Return the dtype of what a call returns; None where it fails: it may work on a block."""
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = call()
    except Exception:
        return None
    return found.dtype if hasattr(found, "dtype") else np.asarray(found).dtype


def wants(function: Any, name: str) -> bool:
    """Return whether a function has a parameter of a name."""
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False
    return name in parameters
