"""How operations are asked for, and how their expressions become what users hold."""

from __future__ import annotations

import functools
import importlib
from typing import TYPE_CHECKING, Any

from raskt import _raskt
from raskt._apart import refuse_lazy, spread
from raskt._kept import kept as as_now
from raskt._lazy import late_module
from raskt.dataframe._parameters import Operands, boundaries, kept, weak
from raskt.tokenize import tokenize

if TYPE_CHECKING:
    from collections.abc import Callable

    from raskt._raskt import FrameExpr

__all__ = [
    "aligned",
    "alike",
    "binary",
    "call",
    "carry",
    "changed",
    "expr_of",
    "frame_of",
    "is_frame",
    "is_pandas",
    "method",
    "op",
    "reduction",
    "rows_method",
    "schema_of",
    "tree",
]


_partition: Any = late_module("raskt.dataframe._partition")


@functools.cache
def _classes() -> dict[str, Any]:
    """Return the classes by the kind of an expression: they stand above this module."""
    core = importlib.import_module("raskt.dataframe.core")
    return {"frame": core.DataFrame, "series": core.Series, "index": core.Index, "scalar": core.Scalar}


def frame_of(expr: FrameExpr) -> Any:
    """Return the `DataFrame`, `Series`, `Index` or `Scalar` of an expression."""
    kind = _classes()[expr.kind]
    frame = kind.__new__(kind)
    object.__setattr__(frame, "_expr", expr)
    return frame


def is_frame(x: Any) -> bool:
    """Return whether an object is one of the four."""
    return isinstance(getattr(x, "_expr", None), _raskt.FrameExpr)


def expr_of(x: Any) -> FrameExpr:
    """Return the expression of a frame, series, index or scalar, or of an object of pandas'.

    Raises
    ------
    TypeError
        For any other object.
    """
    if is_frame(x):
        found: FrameExpr = x._expr
        return found
    if is_pandas(x):
        # One partition, which meets all of another frame's.
        return _raskt.frame_from_partitions([x], x[:0], None, tokenize(x), True)
    raise TypeError(f"expected a dataframe or series, found {type(x).__name__}")


def is_pandas(x: Any) -> bool:
    """Return whether an object is a ``DataFrame``, ``Series`` or ``Index`` of pandas'."""
    return any(
        kind.__module__.partition(".")[0] == "pandas" and kind.__name__ in ("NDFrame", "Index")
        for kind in type(x).__mro__
    )


def op(name: str, operands: tuple[Any, ...], parameters: dict[str, Any] | None = None) -> Any:
    """Ask for an operation of frames."""
    return frame_of(_raskt.frame_op(name, tuple([x._expr for x in operands]), parameters))


def method(frame: Any, name: str, /, *args: Any, **kwargs: Any) -> Any:
    """Ask for a method, operator or property of pandas' that works row by row.

    Parameters
    ----------
    frame : DataFrame, Series, Index or Scalar
        What has it.
    name : str
        Its name; ``str.len`` is one of an accessor.
    *args, **kwargs
        Its arguments. Frames among them are operands. Those of pandas' defaults are best left out: the engine
        has kernels for plain calls.

    Returns
    -------
    DataFrame, Series, Index or Scalar
        As pandas has it.
    """
    n_args = len(args)
    for x in (*args, *kwargs.values()):
        if not is_frame(x):
            refuse_lazy((x,), f"compute() them before {name}, or use map_partitions")

    def made(values: list[Any]) -> Any:
        operands = Operands(values[0]._expr)
        found = [operands.argument(weak(x, name, values[0]._expr)) for x in values[1:]]
        called = name.rpartition(".")[2].strip("_")
        parameters: dict[str, Any] = {"name": name, "args": found[:n_args], "label": called}
        if kwargs:
            parameters["kwargs"] = dict(zip(kwargs, found[n_args:], strict=True))
        return frame_of(_raskt.frame_op("method", tuple(operands.exprs), parameters))

    return aligned(made, [frame, *(_lifted(frame, x, kwargs) for x in (*args, *kwargs.values()))])


def aligned(make: Callable[[list[Any]], Any], values: list[Any]) -> Any:
    """Return what ``make`` makes of frames among other values, cut at the same labels where it needs that."""
    try:
        return make(values)
    except ValueError:
        cut = alike(values)
        if cut is values:
            raise
        return make(cut)


def alike(values: list[Any]) -> list[Any]:
    """Return frames among other values that are cut at the same labels, where all divisions are known.

    Frames with other divisions are cut at those of all.
    """
    frames = [x for x in values if is_frame(x) and x._expr.kind != "scalar"]
    if len(frames) < 2 or len({id(x._expr) for x in frames}) < 2:
        return values
    cuts = [x._expr.divisions for x in frames]
    first = cuts[0]
    if first is None or any(cut is None or cut.dtype != first.dtype for cut in cuts):
        return values
    if all(cut.equals(first) for cut in cuts):
        return values
    every = first
    for cut in cuts[1:]:
        every = every.union(cut, sort=False)
    every = every.unique().sort_values()
    if len(every) < 2:
        return values
    given = {"divisions": boundaries(every, every), "force": True}
    cut_anew = {id(x): op("redivide", (x,), given) for x in frames}
    return [cut_anew.get(id(x), x) for x in values]


def changed(**arguments: tuple[Any, Any]) -> dict[str, Any]:
    """Return the keywords whose values are not their defaults, of pairs of both."""
    return {
        name: value
        for name, (value, default) in arguments.items()
        if not (value is default or (type(value) is type(default) and value == default))
    }


_REFLECTED = {"eq": "eq", "ne": "ne", "lt": "gt", "gt": "lt", "le": "ge", "ge": "le"}


def binary(frame: Any, name: str, other: Any) -> Any:
    """Ask for an operator; ``name`` is that of the method, without underscores."""
    if isinstance(other, (list, tuple, dict, set)) or callable(
        getattr(other, "__raskt_keys__", None)
    ) > is_frame(other):
        return NotImplemented
    if is_frame(other) and _rank(frame) < _rank(other):
        reflected = _REFLECTED.get(name) or (name[1:] if name[0] == "r" else f"r{name}")
        return method(other, f"__{reflected}__", frame)
    return method(frame, f"__{name}__", other)


def _rank(frame: Any) -> int:
    """Return which of two operands is asked: a frame before a series before a scalar."""
    return ("scalar", "index", "series", "frame").index(frame._expr.kind)


def rows_method(frame: Any, name: str, /, *args: Any, clears: bool = False, **kwargs: Any) -> Any:
    """Ask for a method of pandas' that may return other rows of each partition: fewer, or more.

    Parameters
    ----------
    frame : DataFrame or Series
        What has it.
    name : str
        Its name.
    *args, **kwargs
        Its arguments.
    clears : bool, optional
        Whether the index may be another one, so that divisions are not known any more.
    """
    meta = _partition.asked(_partition.method, frame._meta, name=name, args=args, kwargs=kwargs)
    given: dict[str, Any] = {"name": name, "args": [_marked(x) for x in args]}
    if kwargs:
        given["kwargs"] = {key: _marked(x) for key, x in kwargs.items()}
    return call(_partition.method, (frame,), given, meta, clears=clears, label=name)


def _marked(x: Any) -> Any:
    """Return an argument of `raskt.dataframe._partition.method`, in which dictionaries stand for others."""
    return {"dict": x} if isinstance(x, dict) else x


def _lifted(frame: Any, x: Any, kwargs: dict[str, Any]) -> Any:
    """Return an argument; an object of pandas' as a frame of one partition.

    A series beside a frame has a value for each column, and is the same for all partitions.
    """
    if isinstance(x, (str, int, float)) or not is_pandas(x):
        return x
    by_columns = kwargs.get("axis", "columns") in (1, "columns")
    if frame._expr.kind == "frame" and hasattr(x, "array") and not hasattr(x, "get_indexer") and by_columns:
        return x.copy()
    return frame_of(expr_of(x))


def reduction(frame: Any, name: str, /, **kwargs: Any) -> Any:
    """Ask for a reduction of all rows."""
    parameters: dict[str, Any] = {"name": name, "label": name}
    if kwargs:
        parameters["kwargs"] = kwargs
    return op("reduce", (frame,), parameters)


def call(
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    meta: Any,
    *,
    clears: bool,
    keeps: bool = False,
    aligns: bool = False,
    label: str | None = None,
    checks: bool = True,
) -> Any:
    """Ask for a function of partitions.

    Parameters
    ----------
    function : callable
        The function: partitions stand in the places of frames.
    args, kwargs
        Its arguments; at least one of ``args`` is a frame, and the first frame says how the result is cut.
    meta : object
        What it returns, without rows.
    clears : bool
        Whether the index may be another one.
    keeps : bool, optional
        Whether the rows are those of the first frame: the result goes together with it in other operations.
    aligns : bool, optional
        Whether partitions of all frames have to have rows of the same labels, as those of operators have.
    label : str, optional
        What users call it, where that is not the function's name.
    checks : bool, optional
        Whether what it returns is compared with ``meta``.
    """
    function, kwargs = spread(function, kwargs)
    function = as_now(function)
    n_args = len(args)
    parameters = {
        "function": _raskt.Whole(function),
        "schema": schema_of(meta),
        "clears": clears,
        "keeps": keeps,
        "aligns": aligns,
        "checks": checks,
        "label": label or _raskt.function_name(function),
    }

    def made(values: list[Any]) -> Any:
        operands = Operands()
        found = [operands.argument(x) for x in values]
        named = dict(zip(kwargs, found[n_args:], strict=True))
        given = {**parameters, "args": found[:n_args], "kwargs": named}
        return frame_of(_raskt.frame_op("call", tuple(operands.exprs), given))

    values = [*args, *kwargs.values()]
    return aligned(made, values) if aligns else made(values)


def tree(
    frame: Any,
    chunk: Callable[..., Any],
    combine: Callable[..., Any],
    aggregate: Callable[..., Any],
    meta: Any,
    *,
    label: str,
    checks: bool = True,
    kwargs: tuple[dict[str, Any], dict[str, Any], dict[str, Any]] = ({}, {}, {}),
) -> Any:
    """Ask for partial results of partitions, put together in a tree.

    Parameters
    ----------
    frame : DataFrame, Series or Index
        What has the partitions.
    chunk : callable
        What makes a partial result, any object, of a partition.
    combine, aggregate : callable
        What makes another partial result, or the result, of a list of partial results, which are in order.
    meta : object
        What the result is like, without rows.
    label : str
        What users call it.
    checks : bool, optional
        Whether the result is compared with ``meta``.
    kwargs : tuple of dict, optional
        Keywords of each of the three.
    """
    parameters: dict[str, Any] = {"schema": schema_of(meta), "checks": checks, "label": label}
    named = {"chunk": chunk, "combine": combine, "aggregate": aggregate}
    refuse_lazy((chunk, combine, aggregate, kwargs), "compute() them first")
    for (name, function), given in zip(named.items(), kwargs, strict=True):
        parameters[name] = _raskt.Whole(as_now(function))
        parameters[f"{name}_kwargs"] = {key: kept(value) for key, value in given.items()}
    return op("tree", (frame,), parameters)


def carry(frame: Any, function: Callable[..., Any], *, reverse: bool = False) -> Any:
    """Ask for what is carried from partition to partition: for each, that of those before it.

    Parameters
    ----------
    frame : DataFrame or Series
        What has the partitions.
    function : callable
        What makes, of what is carried to a partition and the partition, what is carried on; without
        arguments, what is carried to the first one.
    reverse : bool, optional
        Whether it is carried from the last partition to the first one.
    """
    given = {"function": _raskt.Whole(as_now(function)), "schema": frame._expr.schema, "reverse": reverse}
    return op("carry", (frame,), given)


def schema_of(meta: Any) -> Any:
    """Return kind, columns and index of an object of pandas', or of a frame, as a parameter."""
    return meta._expr.schema if is_frame(meta) else _raskt.frame_schema(meta)
