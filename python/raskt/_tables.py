"""What pandas' objects are made of, for the engine's tables: columns and index levels as arrays, and back.

A column is ``(label, dtype, parts)``; which parts a dtype has, says the engine's module of columns
(``raskt-py/src/frame/columns.rs``).
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from raskt._normalizers.pandas import column_arrays

if TYPE_CHECKING:
    Column = tuple[Any, str, Any]
    Described = tuple[str, list[Column], list[Any], Any, int]

__all__ = ["column", "has_pyarrow", "joined", "one_row", "put_together", "taken_apart", "united_categories"]

_TEXT = ("str", "string")
#: Stands for a dtype where the parts are the array itself.
_READY = "ready"


@functools.cache
def has_pyarrow() -> bool:
    """Return whether pandas keeps text in Arrow's arrays here."""
    storage: str = pd.StringDtype().storage
    return storage == "pyarrow"


@functools.cache
def _text_dtypes() -> tuple[Any, Any]:
    """Return the dtypes of text that tables keep: those that pandas takes by itself."""
    return pd.StringDtype(na_value=np.nan), pd.StringDtype()


def taken_apart(x: Any) -> Described:
    """Take a frame, series, index or scalar apart.

    Parameters
    ----------
    x : object
        The object; one that is none of pandas' containers is a scalar.

    Returns
    -------
    kind : {"frame", "series", "index", "scalar"}
    columns : list of tuple
        The columns.
    names : list
        The names of the levels of the columns' own index.
    index : tuple or list
        ``(name, start, step)`` of a range, or the levels as columns.
    n_rows : int
    """
    if isinstance(x, pd.DataFrame):
        labels = [_label(label) for label in x.columns]
        columns = [_column(*pair) for pair in zip(labels, column_arrays(x), strict=True)]
        return "frame", columns, [_label(name) for name in x.columns.names], _index(x.index), len(x)
    if isinstance(x, pd.Series):
        return "series", [_column(_label(x.name), x.array)], [None], _index(x.index), len(x)
    if isinstance(x, pd.Index):
        return "index", [], [None], _index(x), len(x)
    if pd.api.types.is_list_like(x) and not isinstance(x, (tuple, set, frozenset, dict)):
        raise TypeError(f"expected a DataFrame, Series or Index of pandas, found {type(x).__name__}")
    return "scalar", [_column(None, _one(x))], [None], (None, 0, 1), 1


def _one(x: Any) -> Any:
    """Return an array of one element."""
    if isinstance(x, np.generic):
        return np.asarray([x])
    if pd.api.types.is_scalar(x) and x is not None:
        return pd.Series([x]).array
    array = np.empty(1, dtype=object)
    array[0] = x
    return array


def column(index: pd.Index[Any]) -> Column:
    """Return an index of one level as a column."""
    if isinstance(index, pd.MultiIndex):
        raise TypeError("an index of several levels has no divisions")
    return _column(_label(index.name), index.array)


def joined(columns: list[Column]) -> Column:
    """Return columns of one name and dtype, one after another, in memory of their own: no text.

    Parameters
    ----------
    columns : list of tuple
        The columns.

    Returns
    -------
    tuple
        One column.
    """
    label, dtype, first = columns[0]
    if dtype == "category":
        return label, _READY, _joined_categories([_array(dtype, parts) for _, _, parts in columns])
    missing = first[1]
    values = np.concatenate([parts[0] for _, _, parts in columns])
    if missing is not None:
        missing = np.concatenate([parts[1] for _, _, parts in columns])
    return label, dtype, (values, missing)


def _label(label: Any) -> Any:
    """Return a name as Python has it: NumPy's numbers are Python's."""
    return label.item() if isinstance(label, (np.bool_, np.integer, np.floating, np.str_)) else label


def _index(index: pd.Index[Any]) -> Any:
    if isinstance(index, pd.RangeIndex):
        return _label(index.name), index.start, index.step
    if isinstance(index, pd.MultiIndex):
        names = [_label(name) for name in index.names]
        # A number is the name of a level before it is its place.
        levels = index.set_names([None] * len(names))
        return [_column(name, levels.get_level_values(at).array) for at, name in enumerate(names)]
    return [_column(_label(index.name), index.array)]


def _column(label: Any, array: Any) -> Column:
    if isinstance(array, pd.arrays.NumpyExtensionArray):
        array = array.to_numpy()
    return (label, *_parts(array))


def _parts(array: Any) -> tuple[str, Any]:
    dtype = array.dtype
    if isinstance(dtype, np.dtype):
        # Of a datetime array without a time zone too.
        values = array if isinstance(array, np.ndarray) else array.to_numpy()
        return str(dtype), (values, None)
    if isinstance(dtype, pd.CategoricalDtype):
        values = dtype.categories
        if isinstance(values, pd.RangeIndex) or values is None:
            values = pd.Index(np.asarray([] if values is None else values))
        return "category", (bool(dtype.ordered), array.codes, _column(None, values.array))
    if isinstance(dtype, pd.DatetimeTZDtype):
        zone = str(dtype.tz)
        if _is_zone(zone, dtype):
            return f"datetime64[{dtype.unit}, {zone}]", (array.tz_convert(None).to_numpy(), None)
        return f"datetime64[{dtype.unit}, {dtype.tz!r}]", None
    if isinstance(dtype, pd.StringDtype):
        if dtype in _text_dtypes():
            name = "str" if dtype.na_value is not pd.NA else "string"
            return name, _chunks(array) if has_pyarrow() else array.to_numpy(dtype=object)
        return f"{dtype}[{dtype.storage}]", None
    if isinstance(dtype, pd.ArrowDtype):
        return "arrow", (str(dtype), _is_extended(dtype.pyarrow_dtype), _chunks(array))
    if hasattr(array, "_mask") and hasattr(array, "_data"):
        return str(dtype), (array._data, array._mask)
    return str(dtype), None


def _is_zone(zone: str, dtype: Any) -> bool:
    """Return whether a time zone is what its name says."""
    try:
        return bool(pd.DatetimeTZDtype(dtype.unit, zone) == dtype)
    except (TypeError, ValueError, KeyError):
        return False


def _is_extended(kind: Any) -> bool:
    """Return whether a type of Arrow's is more than the engine would hand back."""
    import pyarrow as pa

    if isinstance(kind, pa.BaseExtensionType):
        return True
    return any(_is_extended(kind.field(at).type) for at in range(kind.num_fields))


def _chunks(array: Any) -> list[Any]:
    found = array.__arrow_array__()
    chunks = getattr(found, "chunks", None)
    if chunks is None:
        return [found]
    import pyarrow as pa

    return list(chunks) or [pa.array([], type=found.type)]


def united_categories(dtypes: list[Any]) -> Any:
    """Return the dtype of all categories, as they are met; None for those of several orders.

    Categories that are sorted, as pandas makes them of values, stay so.
    """
    several = list(dict.fromkeys(dtype for dtype in dtypes if len(dtype.categories)))
    if len(several) < 2:
        return several[0] if several else dtypes[0]
    if any(dtype.ordered for dtype in several):
        return None
    union = several[0].categories
    for dtype in several[1:]:
        union = union.append(dtype.categories.difference(union, sort=False))
    are_sorted = all(dtype.categories.is_monotonic_increasing for dtype in several)
    return pd.CategoricalDtype(union.sort_values() if are_sorted else union)


def _joined_categories(parts: list[Any]) -> Any:
    """Return categories one after another."""
    first = parts[0].dtype
    if not all(part.dtype == first and part.categories.equals(first.categories) for part in parts):
        united = united_categories([part.dtype for part in parts])
        if united is None:
            return pd.concat([pd.Series(part) for part in parts]).array
        first, parts = united, [part.astype(united) for part in parts]
        parts = [part.reorder_categories(united.categories) for part in parts]
    return pd.Categorical.from_codes(np.concatenate([part.codes for part in parts]), dtype=first)


def put_together(
    kind: str, columns: list[Column], names: list[Any], index: Any, n_rows: int, is_own: bool
) -> Any:
    """Return the object of pandas' that `taken_apart` would take apart so.

    Parameters
    ----------
    kind : {"frame", "series", "index", "scalar"}
        What it is.
    columns : list of tuple
        The columns.
    names : list
        The names of the levels of the columns' own index.
    index : tuple or list
        ``(name, start, step)`` of a range, or the levels as columns.
    n_rows : int
        The number of rows. A scalar of no row is some value of its dtype.
    is_own : bool
        Whether the memory of the columns is nobody else's. If not, pandas copies what is written to.

    Returns
    -------
    object
        The frame, series, index or scalar. The columns' own index is of the dtype that pandas finds for its
        labels: of objects, where there are none.
    """
    arrays = [_array(dtype, parts) for _, dtype, parts in columns]
    if kind == "scalar":
        return pd.Series(arrays[0], copy=False).iloc[0] if n_rows else _some(arrays[0])
    rows = _index_of(index, n_rows)
    if kind == "index":
        return rows
    if kind == "series":
        return _lent(pd.Series(arrays[0], index=rows, name=columns[0][0], copy=False), is_own)
    frame = pd.DataFrame(dict(enumerate(arrays)), index=rows, copy=False)
    frame.columns = _labels([label for label, _, _ in columns], names)
    return _lent(frame, is_own)


def _lent(x: Any, is_own: bool) -> Any:
    """Return the object; one whose memory is not its own as one that is copied where it is written to.

    pandas copies on writing what another object refers to as well: that other object goes along.
    """
    if is_own:
        return x
    lent = x.copy(deep=False)
    object.__setattr__(lent, "_raskt_lender", x)
    return lent


def _some(array: Any) -> Any:
    """Return some value of the dtype of an array without elements."""
    dtype = array.dtype
    if isinstance(dtype, np.dtype):
        return (
            None if dtype.kind == "O" else np.zeros(1, dtype)[0] if dtype.kind not in "mM" else _time(dtype)
        )
    if isinstance(dtype, pd.StringDtype):
        return ""
    if isinstance(dtype, pd.DatetimeTZDtype):
        return pd.Timestamp(0, tz=dtype.tz).as_unit(dtype.unit)
    for value in (0, False, ""):
        try:
            return pd.Series([value]).astype(dtype).iloc[0]
        except (TypeError, ValueError, NotImplementedError):
            continue
    return None


def one_row(x: Any) -> Any:
    """Return an object of pandas' like one without rows, that has a row: some value of each dtype."""
    if isinstance(x, pd.DataFrame):
        columns = [_ones(x.iloc[:, at]) for at in range(x.shape[1])]
        frame = pd.concat(columns, axis=1) if columns else pd.DataFrame(index=[0])
        frame.columns = x.columns
        return frame
    if isinstance(x, pd.Index):
        return pd.Index(_ones(x.to_series()).array, name=x.name)
    return _ones(x) if isinstance(x, pd.Series) else x


def _ones(series: pd.Series[Any]) -> pd.Series[Any]:
    if isinstance(series.dtype, pd.CategoricalDtype):
        value = series.dtype.categories[0] if len(series.dtype.categories) else np.nan
    else:
        value = _some(series.array)
    return pd.Series([value], dtype=series.dtype, name=series.name)


def _time(dtype: np.dtype[Any]) -> Any:
    return pd.Series(np.zeros(1, dtype)).iloc[0]


def _labels(labels: list[Any], names: list[Any]) -> Any:
    if len(names) > 1:
        if not labels:
            return pd.MultiIndex.from_arrays([[] for _ in names], names=names)
        return pd.MultiIndex.from_tuples(labels, names=names)
    if labels and labels == list(range(len(labels))) and all(type(label) is int for label in labels):
        return pd.RangeIndex(len(labels), name=names[0])
    return pd.Index(labels, name=names[0], tupleize_cols=False)


def _index_of(index: Any, n_rows: int) -> Any:
    if isinstance(index, tuple):
        name, start, step = index
        return pd.RangeIndex(start, start + step * n_rows, step, name=name)
    arrays = [_array(dtype, parts) for _, dtype, parts in index]
    if len(index) > 1:
        return pd.MultiIndex.from_arrays(arrays, names=[name for name, _, _ in index])
    return pd.Index(arrays[0], name=index[0][0], copy=False)


def _array(dtype: str, parts: Any) -> Any:
    """Return the array of a column."""
    if parts is None:
        return _empty(dtype)
    if dtype == _READY:
        return parts
    if dtype == "category":
        is_ordered, codes, (_, of, values) = parts
        categories = pd.Index(_array(of, values), copy=False)
        return pd.Categorical.from_codes(codes, categories=categories, ordered=is_ordered)
    if dtype in _TEXT:
        return _text(_text_dtypes()[_TEXT.index(dtype)], parts)
    if dtype == "arrow":
        import pyarrow as pa

        found = pa.array(parts)
        kind: Any = pd.ArrowDtype(found.type)
        return kind.__from_arrow__(found)
    values, missing = parts
    if missing is not None:
        return _masked(values, missing)
    if dtype.startswith("datetime64[") and "," in dtype:
        zone = dtype[dtype.index(",") + 2 : -1]
        return pd.DatetimeIndex(values, copy=False).tz_localize("UTC").tz_convert(zone).array
    return values


def _masked(values: Any, missing: Any) -> Any:
    kind = {"b": pd.arrays.BooleanArray, "f": pd.arrays.FloatingArray}
    return kind.get(values.dtype.kind, pd.arrays.IntegerArray)(values, missing)


def _text(dtype: Any, parts: Any) -> Any:
    if isinstance(parts, list):
        return pd.array(parts, dtype=dtype)
    import pyarrow as pa

    return dtype.__from_arrow__(pa.array(parts))


def _empty(dtype: str) -> Any:
    """Return no elements of a dtype that only pandas knows."""
    if dtype == "object":
        return np.empty(0, dtype=object)
    kind: Any = pd.api.types.pandas_dtype(dtype)
    return pd.array([], dtype=kind)
