"""What tasks of bags run: steps, and chains of steps that stream elements through a partition.

A step is a small object that can be pickled. Its ``run(context, stream, *inputs)`` takes the partition, and
whatever
else the task was given, and returns an iterator or, where it ends a chain, a value.
"""

from __future__ import annotations

import functools
import itertools
import operator
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import FunctionType
from typing import Any

from raskt.bag._bad import Context
from raskt.sizeof import sizeof

__all__ = [
    "BY_ELEMENT",
    "MAPS",
    "STREAM",
    "Each",
    "EachPartition",
    "Filter",
    "Flatten",
    "Pluck",
    "Reduce",
    "Starmap",
    "Step",
    "StreamArg",
]


#: How many iterators stand inside one another before a list is made: each takes some of the stack.
NESTED_MAX = 100


class _NoDefault:
    """What stands for an argument that was not given; there is one in each process."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<no default>"

    def __reduce__(self) -> str:
        return "NO_DEFAULT"

    def __raskt_tokenize__(self) -> str:
        return "no default"


NO_DEFAULT: Any = _NoDefault()


class StreamArg:
    """Where an argument of a call comes from: the stream, an input of the task, or an element of one."""

    __slots__ = ("at", "kind")

    def __init__(self, kind: str, at: int = 0) -> None:
        self.kind = kind
        self.at = at

    def __raskt_tokenize__(self) -> Any:
        return self.kind, self.at

    def __reduce__(self) -> Any:
        return StreamArg, (self.kind, self.at)


#: The element, or the partition, that streams.
STREAM = StreamArg("stream")


class Step:
    """One step; the fields, in the order of ``__slots__``, are all there is to know about it."""

    __slots__: tuple[str, ...] = ()
    #: Whether the first input is a partition that may be streamed; sources have none.
    streams = True
    #: Whether `SCRATCH` is among the inputs, for which there is a folder when it runs.
    needs_folder = False

    def __init__(self, *fields: Any) -> None:
        for name, value in zip(self.__slots__, fields, strict=True):
            setattr(self, name, value)

    def _fields(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self.__slots__)

    def __raskt_tokenize__(self) -> Any:
        return type(self).__name__, self._fields()

    def __reduce__(self) -> Any:
        return type(self), self._fields()

    def functions(self) -> Iterable[Any]:
        """Yield the functions of the user that the step calls."""
        return ()

    def describe(self) -> str:
        """Return how the step is shown by `explain`."""
        return type(self).__name__.lower()

    def run(self, context: Context, *inputs: Any) -> Any:
        """Run the step."""
        raise NotImplementedError


@sizeof.register(StreamArg)
def _bytes_of_place(place: StreamArg) -> int:
    return sys.getsizeof(place)


@sizeof.register(Step)
def _bytes_of_step(step: Step) -> int:
    # Each step is measured as it is planned: looking into what can hold nothing would take most of that time.
    return sys.getsizeof(step) + sum(sizeof(field) for field in step._fields() if not _is_light(field))


def _is_light(field: Any) -> bool:
    """Return whether a field is a function, or arguments that come with the stream."""
    kind = type(field)
    if kind is tuple or kind is dict:
        return all(type(item) is StreamArg for item in field)
    return kind is FunctionType


def name_of(function: Any) -> str:
    """Return how users know a function."""
    while isinstance(function, functools.partial):
        function = function.func
    if isinstance(function, (operator.itemgetter, operator.attrgetter, operator.methodcaller)):
        return repr(function)
    name = getattr(function, "__qualname__", None) or type(function).__name__
    module = getattr(function, "__module__", None)
    if module is not None and module.startswith("raskt.bag."):
        return str(getattr(function, "__name__", name))
    if module is None or module in ("builtins", "__main__"):
        return str(name)
    return f"{module}.{name}"


class Each(Step):
    """Call a function for every element; `StreamArg` in its arguments says what comes from where."""

    __slots__ = ("args", "function", "kwargs")
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    function: Callable[..., Any]

    def functions(self) -> Iterable[Any]:
        """Yield the function."""
        return (self.function,)

    def describe(self) -> str:
        """Return the function's name."""
        return f"map({name_of(self.function)})"

    @property
    def is_plain(self) -> bool:
        """Whether the function gets the element and nothing else."""
        return not self.kwargs and len(self.args) == 1 and isinstance(self.args[0], StreamArg)

    def run(self, context: Context, stream: Any, *inputs: Any) -> Iterator[Any]:
        """Return the results, one by one."""
        if self.is_plain:
            return context.map(self.function, stream)
        return self._run_many(context, stream, inputs)

    def _run_many(self, context: Context, stream: Any, inputs: Sequence[Any]) -> Iterator[Any]:
        partitions: list[Any] = []

        def placed(arg: Any) -> tuple[int, Any]:
            if not isinstance(arg, StreamArg):
                return -1, arg
            if arg.kind == "value":
                return -1, inputs[arg.at]
            partitions.append(stream if arg.kind == "stream" else inputs[arg.at])
            return len(partitions) - 1, None

        args = [placed(arg) for arg in self.args]
        kwargs = [(name, *placed(arg)) for name, arg in self.kwargs.items()]
        function = self.function

        def call(items: tuple[Any, ...]) -> Any:
            return function(
                *(value if at < 0 else items[at] for at, value in args),
                **{name: value if at < 0 else items[at] for name, at, value in kwargs},
            )

        return context.map(call, _same_length(partitions))


def _same_length(partitions: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    if len(partitions) == 1:
        yield from zip(partitions[0])
        return
    ended = object()
    for items in itertools.zip_longest(*partitions, fillvalue=ended):
        if any(item is ended for item in items):
            raise ValueError(
                "map was called with several bags whose partitions differ in length: it goes through them in "
                "step, so make them from one bag, or repartition() them"
            )
        yield items


class Starmap(Step):
    """Call a function with the items of every element as its arguments."""

    __slots__ = ("function", "kwargs")
    function: Callable[..., Any]
    kwargs: dict[str, Any]

    def functions(self) -> Iterable[Any]:
        """Yield the function."""
        return (self.function,)

    def describe(self) -> str:
        """Return the function's name."""
        return f"starmap({name_of(self.function)})"

    def run(self, context: Context, stream: Any, *inputs: Any) -> Iterator[Any]:
        """Return the results, one by one."""
        function = self.function
        kwargs = {k: inputs[v.at] if isinstance(v, StreamArg) else v for k, v in self.kwargs.items()}
        return context.map(lambda items: function(*items, **kwargs), stream)


class Filter(Step):
    """Keep the elements for which a predicate (or a bag of truth values) is what is wanted."""

    __slots__ = ("predicate", "wanted")
    predicate: Any
    wanted: bool

    def functions(self) -> Iterable[Any]:
        """Yield the predicate."""
        return () if self.predicate is None else (self.predicate,)

    def describe(self) -> str:
        """Return the predicate's name."""
        of = "a bag" if isinstance(self.predicate, StreamArg) else name_of(self.predicate)
        return f"{'filter' if self.wanted else 'remove'}({of})"

    def run(self, context: Context, stream: Any, *inputs: Any) -> Iterator[Any]:
        """Return what is kept."""
        if isinstance(self.predicate, StreamArg):
            pairs = _same_length([stream, inputs[0]])
            return (item for item, truth in pairs if bool(truth) is self.wanted)
        return context.filter(self.predicate, stream, self.wanted)


class Pluck(Step):
    """Take an item, or a tuple of items, from every element."""

    __slots__ = ("default", "key")
    default: Any
    key: Any

    def describe(self) -> str:
        """Return the key."""
        return f"pluck({self.key!r})"

    def run(self, context: Context, stream: Any, *_inputs: Any) -> Iterator[Any]:
        """Return the items, one by one."""
        return context.map(self.getter(), stream)

    def getter(self) -> Callable[[Any], Any]:
        """Return the function from an element to its item."""
        key, default = self.key, self.default
        if default is NO_DEFAULT:
            if not isinstance(key, list):
                return operator.itemgetter(key)
            return lambda item: tuple([item[k] for k in key])

        def one(item: Any, k: Any) -> Any:
            try:
                return item[k]
            except (KeyError, IndexError):
                return default

        if not isinstance(key, list):
            return lambda item: one(item, key)
        return lambda item: tuple([one(item, k) for k in key])


class Flatten(Step):
    """Go through the items of every element."""

    __slots__ = ()

    def run(self, _context: Context, stream: Any, *_inputs: Any) -> Iterator[Any]:
        """Return the items, one by one."""
        return itertools.chain.from_iterable(stream)


class EachPartition(Step):
    """Call a function with whole partitions."""

    __slots__ = ("args", "function", "kwargs")
    args: tuple[Any, ...]
    function: Callable[..., Any]
    kwargs: dict[str, Any]

    def functions(self) -> Iterable[Any]:
        """Yield the function."""
        return (self.function,)

    def describe(self) -> str:
        """Return the function's name."""
        return f"map_partitions({name_of(self.function)})"

    def run(self, _context: Context, stream: Any, *inputs: Any) -> Any:
        """Return what the function returns."""

        def placed(arg: Any) -> Any:
            if not isinstance(arg, StreamArg):
                return arg
            return Partition.of(stream) if arg.kind == "stream" else inputs[arg.at]

        args = [placed(arg) for arg in self.args]
        return self.function(*args, **{name: placed(arg) for name, arg in self.kwargs.items()})


class Reduce(Step):
    """Make one value of a partition."""

    __slots__ = ("function", "is_ours", "label")
    function: Callable[[Any], Any]
    is_ours: bool
    label: str

    def functions(self) -> Iterable[Any]:
        """Yield the function, where it is the user's."""
        return () if self.is_ours else (self.function,)

    def describe(self) -> str:
        """Return what is computed."""
        return self.label

    def run(self, _context: Context, stream: Any, *_inputs: Any) -> Any:
        """Return the value."""
        return self.function(stream if self.is_ours else Partition.of(stream))


class Partition:
    """A partition that streams to whoever goes through it once, and is a sequence for whoever asks for more.

    A function given to ``map_partitions`` may count on ``len``, on items, and on going through it again if
    it has
    asked for either before: then all elements are kept.
    """

    __slots__ = ("_items", "_stream")

    def __init__(self, stream: Iterator[Any]) -> None:
        self._stream: Iterator[Any] | None = stream
        self._items: list[Any] | None = None

    @staticmethod
    def of(stream: Any) -> Any:
        """Return ``stream`` itself where it is a list already."""
        if isinstance(stream, range):
            return list(stream)
        return Partition(stream) if isinstance(stream, Iterator) else stream

    def _kept(self) -> list[Any]:
        if self._items is None:
            self._items = list(self._once())
        return self._items

    def _once(self) -> Iterator[Any]:
        if self._stream is None:
            raise RuntimeError(
                "this partition has been streamed already: make a list of it to go through it twice"
            )
        stream, self._stream = self._stream, None
        return stream

    def __iter__(self) -> Iterator[Any]:
        if self._items is not None:
            return iter(self._items)
        return self._once()

    def __next__(self) -> Any:
        if self._stream is None:
            raise RuntimeError("this partition has been streamed already")
        return next(self._stream)

    def __len__(self) -> int:
        if self._items is None and self._stream is None:
            # `list` and its like ask once they go through it, and go on after a `TypeError` alone.
            raise TypeError("this partition has been streamed already: make a list of it to have its length")
        return len(self._kept())

    def __bool__(self) -> bool:
        return len(self) > 0

    def __getitem__(self, at: Any) -> Any:
        return self._kept()[at]

    def __reversed__(self) -> Iterator[Any]:
        return iter(self._kept()[::-1])

    def __contains__(self, item: Any) -> bool:
        return item in (self._items if self._items is not None else self._once())

    def __eq__(self, other: object) -> bool:
        return self._kept() == (other._kept() if isinstance(other, Partition) else other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "<partition>" if self._items is None else repr(self._items)


#: Steps that make one element of each, and all that take one after the other.
MAPS = frozenset({Each, Starmap, Pluck})
BY_ELEMENT = frozenset({*MAPS, Filter, Flatten})
