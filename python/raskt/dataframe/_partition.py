"""What tasks do with partitions as objects of pandas': every operation, and users' functions.

The engine calls these by their paths (``raskt-frame/src/library.rs``). Partitions that it holds as tables
arrive as objects of pandas'.
"""

from __future__ import annotations

import operator
import warnings
from typing import Any

import numpy as np
import pandas as pd

from raskt import _raskt
from raskt._tables import one_row, united_categories

__all__ = [
    "asked",
    "assign",
    "between",
    "call",
    "carried",
    "checked",
    "column",
    "columns",
    "conform",
    "filter",
    "folded",
    "folded_chunk",
    "joined",
    "length",
    "merge",
    "method",
    "piece",
    "reduce",
    "reduce_aggregate",
    "reduce_chunk",
    "reduce_combine",
    "relabel",
    "to_table",
    "whole",
]

_NAMES = (
    *(
        "add",
        "sub",
        "mul",
        "truediv",
        "floordiv",
        "mod",
        "pow",
        "matmul",
        "and",
        "or",
        "xor",
        "lshift",
        "rshift",
    ),
    *("eq", "ne", "lt", "le", "gt", "ge", "neg", "pos", "invert", "abs"),
)
_COMPARISONS = {f"{line}{name}{line}" for name in ("lt", "le", "gt", "ge") for line in ("", "__")}
_OPERATORS: dict[str, Any] = {f"__{name}__": getattr(operator, f"__{name}__") for name in _NAMES}

#: Since its third version pandas copies what is shared when it is written to.
_COPIES_AT_ONCE = int(pd.__version__.partition(".")[0]) < 3


def asked(function: Any, *prototypes: Any, **kwargs: Any) -> Any:
    """Return what a function makes of partitions without rows: what is known of its results."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*prototypes, **kwargs)


def _label(param: Any) -> Any:
    """Return a name: tuples are marked among parameters, where lists are lists of names."""
    return tuple(_label(item) for item in param["tuple"]) if isinstance(param, dict) else param


def _argument(param: Any, partitions: Any) -> Any:
    """Return an argument: the partition of an operand, or a literal."""
    if isinstance(param, dict):
        if "operand" in param:
            return partitions[param["operand"]]
        if "tuple" in param:
            return _label(param)
        if "dtype" in param:
            return pd.Series([param["value"]]).astype(param["dtype"]).iloc[0]
        if "dict" in param:
            return param["dict"]
        return {key: _argument(value, partitions) for key, value in param.items()}
    return param


def method(
    self: Any,
    *operands: Any,
    name: str,
    args: Any = (),
    kwargs: Any = None,
    aligned: bool = True,
    label: str | None = None,
) -> Any:
    """Call a method or operator, or look a property up; ``str.len`` is a method of an accessor."""
    del aligned, label
    partitions = (self, *operands)
    given = [_argument(arg, partitions) for arg in args]
    named = {key: _argument(arg, partitions) for key, arg in (kwargs or {}).items()}
    if name in _COMPARISONS and given and isinstance(self, pd.Series) and not len(self):
        self = _of_category(self, given[0])
    if name.startswith("str.") and _is_without_text(self):
        # Other partitions may have texts: pandas has missing values then for what is none.
        return _called(pd.concat([self, pd.Series([""], dtype=object)]), name, given, named).iloc[:-1]
    result = _called(self, name, given, named)
    if isinstance(self, pd.Index) and isinstance(result, (np.ndarray, pd.api.extensions.ExtensionArray)):
        return pd.Series(result, index=self)
    return result


def _is_without_text(part: Any) -> bool:
    """Return whether a partition is of objects without a text, so that pandas has no ``str`` of it."""
    return isinstance(part, pd.Series) and part.dtype == object and not hasattr(part, "str")


def _of_category(part: Any, value: Any) -> Any:
    """Return a partition without rows and categories with the value that it is compared with as one."""
    is_category = isinstance(part.dtype, pd.CategoricalDtype)
    if not is_category or len(part.cat.categories) or not pd.api.types.is_scalar(value):
        return part
    return part.cat.set_categories([value])


def _called(self: Any, name: str, args: Any, kwargs: Any) -> Any:
    operation = _OPERATORS.get(name)
    if operation is not None and not kwargs:
        return operation(self, *args)
    if name.startswith("__r") and name[:2] + name[3:] in _OPERATORS and len(args) == 1:
        return _OPERATORS[name[:2] + name[3:]](args[0], self)
    found = self
    for part in name.split("."):
        found = getattr(found, part)
    return found(*args, **kwargs) if callable(found) else found


def column(frame: Any, label: Any) -> Any:
    """Return one column as a series: the first of that name."""
    label = _label(label)
    at = [own == label for own in frame.columns].index(True)
    return frame.iloc[:, at]


def columns(frame: Any, labels: Any) -> Any:
    """Return some columns as a frame."""
    wanted = [_label(label) for label in labels]
    places = [at for label in wanted for at, own in enumerate(frame.columns) if own == label]
    return frame.iloc[:, places]


def filter(  # noqa: A001 - the name of the operation
    part: Any, mask: Any, aligned: bool = True
) -> Any:
    """Return the rows at which the mask is true."""
    del aligned
    if isinstance(mask, pd.DataFrame):
        return part.where(mask)
    return part.loc[mask] if mask.dtype == bool else part.loc[mask.fillna(False).astype(bool)]


def assign(frame: Any, *operands: Any, labels: Any, values: Any, aligned: bool = True) -> Any:
    """Return the frame with other or further columns."""
    del aligned
    partitions = (frame, *operands)
    frame = frame.copy(deep=False)
    for label, param in zip(labels, values, strict=True):
        value = _argument(param, partitions)
        if not len(frame) and isinstance(value, pd.Series):
            # A frame without rows would take those of the series.
            value = value.iloc[:0]
        frame[_label(label)] = value
    return frame


def relabel(part: Any, labels: Any) -> Any:
    """Return the frame with those names of columns, the series with that name."""
    wanted = [_label(label) for label in labels]
    if isinstance(part, pd.Series):
        return part.rename(wanted[0])
    part = part.copy(deep=False)
    tuples = all(isinstance(label, tuple) for label in wanted)
    part.columns = pd.Index(wanted, tupleize_cols=bool(tuples and wanted))
    return part


# ---- merges ----

_KEYS = ("on", "left_on", "right_on")
#: The column that says where a row of the left is.
_PLACE = "raskt place of the row"


def merge(left: Any, right: Any, schema: Any = None, **kwargs: Any) -> Any:
    """Return two partitions merged, with the arguments of ``pandas.merge``; ``how`` may be ``leftsemi``."""
    for name in _KEYS:
        if kwargs.get(name) is not None:
            kwargs[name] = [_label(param) for param in kwargs[name]]
    if "suffixes" in kwargs:
        kwargs["suffixes"] = tuple(kwargs["suffixes"])
    with warnings.catch_warnings():
        # Whether floats are whole numbers is a question of each partition's values.
        warnings.filterwarnings("ignore", "You are merging on int and float", UserWarning)
        found = (
            _semi(left, right, kwargs) if kwargs.get("how") == "leftsemi" else pd.merge(left, right, **kwargs)
        )
    if schema is None:
        return found
    if len(found) and kwargs.get("how") != "leftsemi":
        found = _without_other_index(found, left, right, kwargs)
    return _with_missing(found, _raskt.frame_prototype(schema))


def _without_other_index(found: Any, left: Any, right: Any, kwargs: dict[str, Any]) -> Any:
    """Return a merge by the index of one side, where that of the other is kept, and has no row here.

    pandas takes the index of the other side then.
    """
    by_left, by_right = bool(kwargs.get("left_index")), bool(kwargs.get("right_index"))
    side = right if by_left else left
    if by_left != by_right and len(side) == 0:
        levels = list(range(side.index.nlevels))
        missing = side.index.set_names(levels).to_frame(index=False).reindex(range(len(found)))
        found.index = missing.set_index(levels).index.set_names(side.index.names)
    return found


def _semi(left: Any, right: Any, kwargs: dict[str, Any]) -> Any:
    """Return the rows of the left that have a match, each once."""
    left = left.to_frame() if isinstance(left, pd.Series) else left
    marked = left.assign(**{_PLACE: np.arange(len(left))})
    given = {name: value for name, value in kwargs.items() if name not in ("how", "indicator")}
    places = np.sort(pd.merge(marked, right, how="inner", **given)[_PLACE].unique())
    found = left.iloc[places]
    keys = (kwargs.get("on") or []) + (kwargs.get("left_on") or [])
    is_kept = kwargs.get("left_index") or kwargs.get("right_index") or set(keys) & set(left.index.names)
    return found if is_kept else found.reset_index(drop=True)


def _with_missing(frame: Any, like: Any) -> Any:
    """Return a frame whose numbers are as where values are missing, whether or not any is."""
    wanted = {
        at: dtype
        for at, dtype in enumerate(like.dtypes)
        if frame.dtypes.iloc[at] != dtype and getattr(frame.dtypes.iloc[at], "kind", "O") in "iufb"
    }
    if wanted:
        arrays = [frame.iloc[:, at] for at in range(frame.shape[1])]
        for at, dtype in wanted.items():
            arrays[at] = arrays[at].astype(dtype)
        columns = frame.columns
        frame = pd.concat(arrays, axis=1)
        frame.columns = columns
    if (
        frame.index.nlevels == 1
        and frame.index.dtype != like.index.dtype
        and frame.index.dtype.kind in "iufb"
    ):
        frame.index = frame.index.astype(like.index.dtype)
    return frame


# ---- reductions ----

#: Reductions whose partial results are reduced as the values are, and by what.
_BY_ITSELF = {name: name for name in ("sum", "prod", "min", "max", "any", "all")} | {"count": "sum"}
#: The attribute of partial results that says that they are of a frame, and no series.
_OF_FRAME = "raskt_of_frame"


def reduce(part: Any, name: str, kwargs: Any = None, label: Any = None) -> Any:
    """Return what a reduction makes of one row: its type is that of all results."""
    del label
    return part.shape[0] if name == "size" else getattr(one_row(part), name)(**(kwargs or {}))


def _gathers(name: str, kwargs: Any) -> bool:
    """Return whether all values have to come together for a reduction."""
    return name not in _BY_ITSELF or "min_count" in (kwargs or {})


def reduce_chunk(part: Any, name: str, kwargs: Any = None, label: Any = None) -> Any:
    """Return the partial result of a partition: a frame of one row, or, for what has none, its values."""
    del label
    if name == "size":
        return pd.DataFrame({0: [len(part)]})
    return part if _gathers(name, kwargs) else _row(part, name, kwargs or {})


def reduce_combine(*partials: Any, name: str, kwargs: Any = None, label: Any = None) -> Any:
    """Return one partial result of several."""
    del label
    if name == "size":
        return pd.DataFrame({0: [sum(part[0].iloc[0] for part in partials)]})
    if _gathers(name, kwargs):
        return whole(*partials)
    rows = pd.concat(_of_equal_categories([*partials]), ignore_index=True)
    rows.attrs = partials[0].attrs
    again = {key: value for key, value in (kwargs or {}).items() if key == "skipna" and name != "count"}
    return _row(rows, _BY_ITSELF[name], again)


def reduce_aggregate(*partials: Any, name: str, kwargs: Any = None, label: Any = None) -> Any:
    """Return the result."""
    del label
    combined = reduce_combine(*partials, name=name, kwargs=kwargs)
    if name == "size":
        return combined[0].iloc[0]
    if _gathers(name, kwargs):
        return getattr(combined, name)(**(kwargs or {}))
    is_frame = combined.attrs[_OF_FRAME]
    if not combined.size:
        found = combined if is_frame else combined.iloc[:, 0]
        return getattr(found, name)(**(kwargs or {}))
    return combined.iloc[0].rename(None) if is_frame else combined.iat[0, 0]


def _result(column: Any, name: str, kwargs: Any, is_frame: bool) -> Any:
    """Return a series of what a column is reduced to, of the dtype that a frame has it in."""
    if name in ("any", "all") and isinstance(column.dtype, pd.ArrowDtype) and not is_frame:
        # Of series these may be missing, and of frames pandas refuses them.
        return pd.Series([getattr(column, name)(**kwargs)], dtype="bool[pyarrow]")
    found = getattr(column.to_frame(0), name)(**kwargs).reset_index(drop=True)
    is_category = name in ("min", "max") and isinstance(column.dtype, pd.CategoricalDtype)
    return found.astype(column.dtype) if is_category else found


def _row(part: Any, name: str, kwargs: Any) -> Any:
    """Return a frame of one row: what each column is reduced to."""
    is_frame = isinstance(part, pd.DataFrame)
    columns = [part.iloc[:, at] for at in range(part.shape[1])] if is_frame else [part]
    if isinstance(part, pd.Index):
        part = part.to_series()
        columns = [part]
    is_of_frame = part.attrs.get(_OF_FRAME, is_frame)
    if name in ("min", "max") and not len(part):
        # No row: a missing value would make floats of whole numbers.
        results = [pd.Series([], dtype=column.dtype) for column in columns]
    else:
        results = [_result(column, name, kwargs, is_of_frame) for column in columns]
    row = pd.concat(results, axis=1) if results else pd.DataFrame(index=[0])
    if is_frame:
        row.columns = part.columns
    row.attrs = {_OF_FRAME: is_of_frame}
    return row


# ---- merges ----


# ---- what enters and leaves ----


def to_table(part: Any, schema: Any) -> Any:
    """Return a partition as a table of the engine's, of that schema."""
    if schema["kind"] == "scalar":
        like = _raskt.frame_prototype({**schema, "kind": "series"})
        return _raskt.table_from_pandas(
            pd.Series([part], dtype=like.dtype, name=like.name), False, kind="scalar"
        )
    table = _raskt.table_from_pandas(checked(part, schema), snapshot=False)
    if table is None:
        raise TypeError(
            f"a partition of dtypes {_dtypes(part)} that only pandas has, where the engine needs its own"
        )
    return table


def _dtypes(part: Any) -> str:
    if isinstance(part, pd.DataFrame):
        return ", ".join(
            f"{label!r}: {dtype}" for label, dtype in zip(part.columns, part.dtypes, strict=True)
        )
    return str(part.dtype)


def checked(part: Any, schema: Any, checks: bool = True) -> Any:
    """Return an object that was declared to be of a schema, as it was declared.

    Raises
    ------
    TypeError
        If it is of another kind, or has another dtype that cannot be cast without loss.
    ValueError
        If it has other columns.
    """
    if schema["kind"] == "scalar" or not checks:
        return part
    like = _raskt.frame_prototype(schema)
    if not isinstance(part, type(like)) and not (isinstance(like, pd.Index) and isinstance(part, pd.Index)):
        raise TypeError(
            f"a partition is a {type(part).__name__} where a {type(like).__name__} was declared: pass meta= "
            "that is like what the function returns"
        )
    if isinstance(like, pd.DataFrame):
        return _checked_frame(part, like)
    if isinstance(like, pd.Series):
        if part.name != like.name and not (part.name is None or like.name is None):
            raise ValueError(f"a partition is called {part.name!r} where meta says {like.name!r}")
        part = _cast(part, like.dtype, part.name)
        return part if part.name == like.name else part.rename(like.name)
    return part


def _checked_frame(frame: Any, like: Any) -> Any:
    have, want = list(frame.columns), list(like.columns)
    if have != want:
        if len(have) == len(want) and len(set(want)) == len(want) and set(have) == set(want):
            frame = frame[want]
        else:
            extra = [label for label in have if label not in want]
            missing = [label for label in want if label not in have]
            raise ValueError(
                f"the columns of a partition do not match those declared: extra {extra!r}, "
                f"missing {missing!r}; found {have!r}, declared {want!r}"
            )
    wrong = [at for at in range(len(want)) if frame.dtypes.iloc[at] != like.dtypes.iloc[at]]
    if not wrong:
        return frame
    arrays = [frame.iloc[:, at] for at in range(len(want))]
    for at in wrong:
        arrays[at] = _cast(arrays[at], like.dtypes.iloc[at], want[at])
    changed = pd.concat(arrays, axis=1)
    changed.columns = frame.columns
    return changed


def _cast(series: Any, dtype: Any, label: Any) -> Any:
    """Return a series of the declared dtype, where that loses nothing."""
    if series.dtype == dtype or _are_categories(series.dtype, dtype):
        return series
    if len(series) == 0 or series.isna().all():
        return series.astype(dtype) if _takes_missing(dtype) or len(series) == 0 else series
    try:
        cast = series.astype(dtype)
        same = bool((cast.astype(object).eq(series.astype(object)) | series.isna()).all())
    except (TypeError, ValueError):
        same = False
    if dtype.kind in "iub" and series.dtype.kind in "fO" and series.isna().any():
        # Whole numbers that lack values are floats in pandas, and truth values objects: which partitions do
        # is not known before.
        return series
    kinds = {series.dtype.kind, dtype.kind}
    if not same or (len(kinds) == 2 and kinds & set("mM")):
        raise TypeError(
            f"column {label!r} of a partition is of dtype {series.dtype} where {dtype} was declared: cast it "
            "in the function, or pass meta= that says so"
        )
    return cast


def _are_categories(found: Any, declared: Any) -> bool:
    """Return whether both are categories: which they are, is not declared."""
    both = isinstance(found, pd.CategoricalDtype) and isinstance(declared, pd.CategoricalDtype)
    return both and bool(found.ordered) == bool(declared.ordered)


def _takes_missing(dtype: Any) -> bool:
    return not (getattr(dtype, "kind", "O") in "iub" and not pd.api.types.is_extension_array_dtype(dtype))


def whole(*partitions: Any) -> Any:
    """Return partitions one after another, as one object of pandas'."""
    if len(partitions) == 1:
        first = partitions[0]
        return first.copy(deep=False) if isinstance(first, (pd.DataFrame, pd.Series)) else first
    if isinstance(partitions[0], pd.Index):
        return partitions[0].append(list(partitions[1:]))
    filled = [part for part in partitions if len(part)] or list(partitions[:1])
    return pd.concat(_of_equal_categories(filled))


def _of_equal_categories(parts: list[Any]) -> list[Any]:
    """Return partitions whose categories are the same: pandas makes objects of those that differ."""
    columns = [part.dtypes if isinstance(part, pd.DataFrame) else pd.Series([part.dtype]) for part in parts]
    if not all(len(dtypes) == len(columns[0]) for dtypes in columns):
        return parts
    for at in range(len(columns[0])):
        dtypes = [own.iloc[at] for own in columns]
        if not all(isinstance(dtype, pd.CategoricalDtype) for dtype in dtypes):
            continue
        united = united_categories(dtypes)
        if united is not None and any(dtype != united for dtype in dtypes):
            parts = [_with_dtype(part, at, united) for part in parts]
    return parts


def _with_dtype(part: Any, at: int, dtype: Any) -> Any:
    if not isinstance(part, pd.DataFrame):
        return part.astype(dtype)
    changed = part.copy(deep=False)
    changed.isetitem(at, part.iloc[:, at].astype(dtype).array)
    return changed


# ---- rows of several partitions, and parts of one ----


def joined(*partitions: Any, name: str, args: Any = (), kwargs: Any = None) -> Any:
    """Call a method of pandas' on partitions, one after another."""
    given = [_names(arg) for arg in args]
    named = {key: _names(arg) for key, arg in (kwargs or {}).items()}
    return getattr(whole(*partitions), name)(*given, **named)


def _names(param: Any) -> Any:
    return [_names(item) for item in param] if isinstance(param, list) else _argument(param, ())


def conform(part: Any, schema: Any, columns: Any) -> Any:
    """Return a partition under another schema: columns in its order, missing ones filled."""
    like = _raskt.frame_prototype(schema)
    arrays = [
        None if at is None else part if isinstance(part, pd.Series) else part.iloc[:, at] for at in columns
    ]
    index = part.index
    own, declared = index.dtype, like.index.dtype
    if index.nlevels == 1 and own != declared and not _are_categories(own, declared):
        index = index.astype(declared)
    index = index.set_names(like.index.names)
    dtypes = [like.dtype] if isinstance(like, pd.Series) else list(like.dtypes)
    made = [_conformed(array, dtype, index) for array, dtype in zip(arrays, dtypes, strict=True)]
    if isinstance(like, pd.Series):
        return made[0].rename(like.name)
    frame = pd.concat(made, axis=1) if made else pd.DataFrame(index=index)
    frame.columns = like.columns
    return frame


def _conformed(array: Any, dtype: Any, index: Any) -> Any:
    if array is None:
        return pd.Series([np.nan if dtype.kind == "O" else None] * len(index), index=index, dtype=dtype)
    same = array.dtype == dtype or _are_categories(array.dtype, dtype)
    return (array if same else array.astype(dtype)).set_axis(index)


def length(part: Any) -> Any:
    """Return the number of rows, as a series of one value."""
    return pd.Series([len(part)])


def piece(part: Any, at: int, n: int) -> Any:
    """Return one of equal pieces of a partition."""
    return part.iloc[len(part) * at // n : len(part) * (at + 1) // n]


def between(*partitions: Any, lower: Any, upper: Any, is_last: bool) -> Any:
    """Return the rows whose first index level lies between two values; the last partition has the second."""
    part = whole(*partitions)
    level = part.index.get_level_values(0)
    lower, upper = _argument(lower, ()), _argument(upper, ())
    return part[(level >= lower) & ((level <= upper) if is_last else (level < upper))]


def _own(part: Any) -> Any:
    """Return a partition as an object that a function may change: others may have the partition, too."""
    return part.copy(deep=_COPIES_AT_ONCE) if isinstance(part, (pd.DataFrame, pd.Series)) else part


def call(
    *partitions: Any,
    function: Any,
    args: Any = (),
    kwargs: Any = None,
    schema: Any = None,
    checks: bool = True,
    **others: Any,
) -> Any:
    """Call a user's function on partitions, and look at what it returns."""
    del others
    partitions = tuple(map(_own, partitions))
    given = [_argument(arg, partitions) for arg in args]
    named = {key: _argument(arg, partitions) for key, arg in (kwargs or {}).items()}
    found = function(*given, **named)
    return checked(found, schema, checks)


def folded_chunk(part: Any, function: Any, kwargs: Any = None) -> Any:
    """Return a partial result of a partition, for `folded`."""
    return function(_own(part), **(kwargs or {}))


def folded(*results: Any, function: Any, kwargs: Any = None, schema: Any = None, checks: bool = True) -> Any:
    """Return what a function makes of partial results, which it gets as a list."""
    found = function(list(results), **(kwargs or {}))
    return found if schema is None else checked(found, schema, checks)


def carried(*values: Any, function: Any, **others: Any) -> Any:
    """Return what is carried on past a partition; of no values, what is carried to the first one."""
    del others
    return function(*map(_own, values))
