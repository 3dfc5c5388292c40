"""How much memory a value holds: `sizeof`, and how other libraries say it of their types.

Sizes are estimates made quickly: of many elements a few are looked at. They are exact for arrays, Arrow data
and sparse matrices.
"""

from __future__ import annotations

import array
import sys
from types import BuiltinFunctionType, CodeType, FunctionType, MemberDescriptorType, ModuleType

from raskt.dispatch import Dispatch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from typing import Any

__all__ = ["sizeof"]

#: How many elements of a container, and of a column of objects, are measured.
_SAMPLES = 10
_COLUMN_SAMPLES = 100
#: After so many values inside of others, one element stands for all of its container.
_VISITS_BEFORE_HASTE = 1_000
#: Containers met after so many values count without their elements.
_VISITS_MAX = 20_000
#: What a frame, series or index takes besides its values.
_PANDAS_BYTES = 1_200
#: What an Arrow array or table takes besides its values.
_ARROW_BYTES = 96
_UNKNOWN_BYTES = 64


class Sizeof(Dispatch):
    """Estimate the memory in bytes that a value holds.

    Containers and the attributes of objects count; shared elements count once. Views of arrays count what
    they span. Register a function for types of your own; a method ``__sizeof__`` is respected as well.

    Parameters
    ----------
    value : object
        Any value.

    Returns
    -------
    int
        Bytes. Nothing is raised: a value that cannot be measured counts as a small one.

    Examples
    --------
    >>> from raskt import sizeof
    >>> sizeof(b"four") - sizeof(b"")
    4
    >>> class Model:
    ...     def __init__(self, parameters):
    ...         self.parameters = parameters
    >>> @sizeof.register(Model)
    ... def sizeof_model(model):
    ...     return 8 * model.parameters
    >>> sizeof(Model(1_000_000))
    8000000
    """

    def __call__(self, value: object, *_: object, **__: object) -> int:
        """Estimate the memory in bytes that a value holds."""
        try:
            return int(self.dispatch(type(value))(value))
        except Exception:
            return _shallow(value)


sizeof = Sizeof("sizeof")


def _shallow(value: object) -> int:
    try:
        return sys.getsizeof(value)
    except Exception:
        return _UNKNOWN_BYTES


def _sample(items: Collection[Any], n: int) -> tuple[Collection[Any], float]:
    """Return objects of a container, and how many of its objects each of them stands for."""
    total = len(items)
    if total <= n:
        return items, 1.0
    if isinstance(items, (list, tuple)):
        picked = [items[place * total // n] for place in range(n)]
    else:
        iterator = iter(items)
        picked = [next(iterator) for _ in range(n)]
    distinct = {id(item): item for item in picked}
    # Many repetitions mean that the sample has shown all the objects there are.
    return distinct.values(), 1.0 if 2 * len(distinct) <= n else total / len(distinct)


def _parts(value: Any) -> tuple[Collection[Any], ...]:
    """Return the groups of objects that a container or an object with attributes holds."""
    if isinstance(value, dict):
        return value.keys(), value.values()
    if isinstance(value, (list, tuple, set, frozenset)):
        return (value,)
    slots = [
        getattr(value, name, None)
        for base in type(value).__mro__
        for name, slot in base.__dict__.items()
        if isinstance(slot, MemberDescriptorType)
    ]
    attributes = getattr(value, "__dict__", None)
    return (slots, list(attributes.values())) if isinstance(attributes, dict) else (slots,)


def _deep(value: Any) -> int:
    """Measure a container, or an object with attributes, and what it holds, however deep and cyclic."""
    total = 0.0
    visits = 0
    seen: set[int] = set()
    pending: list[tuple[Any, float]] = [(value, 1.0)]
    while pending:
        item, weight = pending.pop()
        measure = sizeof.dispatch(type(item))
        if measure is _shallow:
            total += weight * _shallow(item)
        elif measure is not _deep and measure is not _object:
            total += weight * sizeof(item)
        elif id(item) not in seen:
            seen.add(id(item))
            total += weight * (_shallow(item) if measure is _deep else _leaf(item))
            if visits > _VISITS_MAX or (measure is _object and not _has_open_attributes(item)):
                continue
            n = _SAMPLES if visits < _VISITS_BEFORE_HASTE else 1
            for group in _parts(item):
                samples, share = _sample(group, n)
                visits += len(samples)
                share *= weight
                pending.extend([(sample, share) for sample in samples])
    return int(total)


def _has_open_attributes(value: object) -> bool:
    """Whether the size of an object is not known before its attributes are measured."""
    cls = type(value)
    return (
        cls.__sizeof__ is object.__sizeof__
        and not isinstance(getattr(value, "nbytes", None), int)
        and (hasattr(value, "__dict__") or hasattr(cls, "__slots__"))
    )


def _leaf(value: object) -> int:
    """Measure an object as a whole: arrays of other libraries have ``nbytes``."""
    nbytes = getattr(value, "nbytes", None)
    own = _shallow(value)
    return max(own, nbytes) if isinstance(nbytes, int) else own


def _object(value: object) -> int:
    return _deep(value) if _has_open_attributes(value) else _leaf(value)


sizeof.register(object, _object)
sizeof.register((list, tuple, set, frozenset, dict), _deep)
sizeof.register((int, float, complex, str, bytes, bytearray, array.array), _shallow)
sizeof.register((type, FunctionType, BuiltinFunctionType, CodeType, ModuleType, type(None)), _shallow)
sizeof.register(memoryview, lambda view: view.nbytes)


@sizeof.register_lazy("numpy")
def _register_numpy() -> None:
    import numpy as np

    @sizeof.register(np.ndarray)
    def sizeof_array(values: np.ndarray[Any, Any]) -> int:
        if 0 in values.strides:  # repeated along an axis: there once
            index = tuple(slice(None) if stride else slice(1) for stride in values.strides)
            values = values[index]
        size = int(values.nbytes)
        if values.dtype.hasobject and values.dtype.names is None:
            size += _objects(values.reshape(-1))
        return size

    sizeof.register(np.dtype, _shallow)
    sizeof.register(np.generic, _shallow)


def _objects(*columns: Any) -> int:
    """Estimate what the elements of columns of objects take; objects that several share count once."""
    distinct: dict[int, object] = {}
    n_sampled = n_total = 0
    for column in columns:
        step = max(1, len(column) // _COLUMN_SAMPLES)
        sample = list(column[::step][:_COLUMN_SAMPLES])
        distinct.update((id(value), value) for value in sample)
        n_sampled += len(sample)
        n_total += len(column)
    size = sum(map(sizeof, distinct.values()))
    repeated = n_total > n_sampled and 2 * len(distinct) <= n_sampled
    return size if repeated or not n_sampled else size * n_total // n_sampled


@sizeof.register_lazy("pandas")
def _register_pandas() -> None:
    import numpy as np
    import pandas as pd

    from raskt._normalizers.pandas import column_arrays

    def values_size(arrays: Iterable[Any]) -> int:
        size, objects = 0, []
        for values in arrays:
            size += int(values.nbytes)
            backing = getattr(values, "_ndarray", values)
            if isinstance(backing, np.ndarray) and backing.dtype.kind == "O":
                objects.append(backing)
        return size + _objects(*objects)

    @sizeof.register(pd.DataFrame)
    def sizeof_frame(frame: pd.DataFrame) -> int:
        return _PANDAS_BYTES + sizeof(frame.index) + sizeof(frame.columns) + values_size(column_arrays(frame))

    @sizeof.register(pd.Series)
    def sizeof_series(series: pd.Series[Any]) -> int:
        return _PANDAS_BYTES + sizeof(series.index) + values_size([series._values])

    @sizeof.register(pd.Index)
    def sizeof_index(index: pd.Index[Any]) -> int:
        return _PANDAS_BYTES // 3 + int(index.memory_usage()) + _index_objects(index)

    def _index_objects(index: Any) -> int:
        return values_size([index._values]) - int(index._values.nbytes)

    @sizeof.register(pd.RangeIndex)
    def sizeof_range(index: pd.RangeIndex) -> int:
        return _PANDAS_BYTES // 3 + int(index.memory_usage())

    @sizeof.register(pd.MultiIndex)
    def sizeof_multi_index(index: pd.MultiIndex) -> int:
        return sum(map(sizeof, index.levels)) + sum(int(codes.nbytes) for codes in index.codes)

    @sizeof.register(pd.api.extensions.ExtensionArray)
    def sizeof_extension_array(values: pd.api.extensions.ExtensionArray) -> int:
        return values_size([values])

    sizeof.register(pd.api.extensions.ExtensionDtype, _shallow)


@sizeof.register_lazy("pyarrow")
def _register_pyarrow() -> None:
    import pyarrow as pa

    def sizeof_arrow(values: Any) -> int:
        return _ARROW_BYTES + int(values.nbytes)

    sizeof.register((pa.Table, pa.RecordBatch, pa.ChunkedArray, pa.Array), sizeof_arrow)
    sizeof.register(pa.Buffer, lambda buffer: _ARROW_BYTES + int(buffer.size))
    sizeof.register((pa.DataType, pa.Field, pa.Schema), _shallow)


@sizeof.register_lazy("scipy")
def _register_scipy() -> None:
    from scipy import sparse  # type: ignore[import-untyped,unused-ignore]

    def sizeof_sparse(matrix: Any) -> int:
        return _shallow(matrix) + sum(map(sizeof, vars(matrix).values()))

    sizeof.register((sparse.spmatrix, sparse.sparray), sizeof_sparse)


@sizeof.register_lazy("polars")
def _register_polars() -> None:
    import polars as pl  # type: ignore[import-not-found,unused-ignore]

    sizeof.register((pl.DataFrame, pl.Series), lambda values: values.estimated_size())
