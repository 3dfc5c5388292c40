"""pandas: frames, series and indexes by columns, extension arrays by the arrays they are made of.

What a result can depend on is content: values, dtypes, names, attributes, an index's frequency. How columns
are kept together in blocks, what lies under a mask, and how Arrow data is split into chunks is not.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from raskt._normalizers.objects import normalize_object

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from raskt.dispatch import Dispatch


def column_arrays(frame: pd.DataFrame) -> list[Any]:
    """Return the arrays of a frame's columns, without copies.

    Parameters
    ----------
    frame : pandas.DataFrame
        Any frame.

    Returns
    -------
    list of arrays
        NumPy and extension arrays.
    """
    get = getattr(getattr(frame, "_mgr", None), "iget_values", None)  # ten times as fast as `iloc`
    if get is None:
        return [frame.iloc[:, place].array for place in range(frame.shape[1])]
    return [get(place) for place in range(frame.shape[1])]


def _frame(frame: pd.DataFrame) -> object:
    return column_arrays(frame), frame.columns, frame.index, frame.attrs or None


def _series(series: pd.Series[Any]) -> object:
    return series._values, series.name, series.index, series.attrs or None


def _index(index: Any) -> object:
    return index._values, index.name


def _regular_index(index: Any) -> object:
    return index._values, index.name, index.freq


def _range_index(index: pd.RangeIndex) -> object:
    return index.start, index.stop, index.step, index.name


def _multi_index(index: pd.MultiIndex) -> object:
    return list(index.levels), [np.asarray(codes) for codes in index.codes], list(index.names)


def _categorical(array: pd.Categorical) -> object:
    return np.asarray(array.codes), array.categories, array.ordered


def _datetimelike(array: Any) -> object:
    return array.asi8, array.dtype


def _interval_array(array: Any) -> object:
    return array.left, array.right, array.closed


def _masked_array(array: Any) -> object:
    mask = array._mask
    data = array._data
    return np.where(mask, np.zeros((), data.dtype), data) if mask.any() else data, mask


def _sparse_array(array: Any) -> object:
    return array.sp_values, array.sp_index.indices, len(array), array.dtype


def _arrow_array(array: Any) -> object:
    return array._pa_array, array.dtype


def _numpy_array(array: Any) -> object:
    return array._ndarray, array.dtype


def _extension_array(array: Any) -> object:
    """Return the content of an extension array of another package, as pickle would."""
    return normalize_object(array)


def _dtype(dtype: Any) -> object:
    """Return the parameters of a dtype: its name and those that the name does not say."""
    names = ("categories", "ordered", "unit", "tz", "freq", "subtype", "closed", "storage", "na_value")
    return str(dtype), {name: getattr(dtype, name) for name in (*names, "fill_value") if hasattr(dtype, name)}


def _string_dtype(dtype: Any) -> object:
    return dtype.storage, dtype.na_value


def _arrow_dtype(dtype: pd.ArrowDtype) -> object:
    return dtype.pyarrow_dtype


def _offset(offset: Any) -> object:
    return offset.n, offset.normalize, {key: _calendar(value) for key, value in offset.kwds.items()}


def _calendar(value: object) -> object:
    if isinstance(value, np.busdaycalendar):
        return value.weekmask, value.holidays
    return value


def _singleton(_: object) -> object:
    return ()


def register(normalizers: Dispatch) -> None:
    """Register the handlers of this module.

    Parameters
    ----------
    normalizers : Dispatch
        Where to.
    """
    arrays = pd.arrays
    normalizers.register(pd.DataFrame, _frame)
    normalizers.register(pd.Series, _series)
    normalizers.register(pd.Index, _index)
    normalizers.register((pd.DatetimeIndex, pd.TimedeltaIndex), _regular_index)
    normalizers.register(pd.RangeIndex, _range_index)
    normalizers.register(pd.MultiIndex, _multi_index)
    normalizers.register(pd.Categorical, _categorical)
    normalizers.register((arrays.DatetimeArray, arrays.TimedeltaArray, arrays.PeriodArray), _datetimelike)
    normalizers.register(arrays.IntervalArray, _interval_array)
    normalizers.register((arrays.IntegerArray, arrays.FloatingArray, arrays.BooleanArray), _masked_array)
    normalizers.register(arrays.SparseArray, _sparse_array)
    normalizers.register((arrays.ArrowStringArray, arrays.ArrowExtensionArray), _arrow_array)
    normalizers.register((arrays.StringArray, arrays.NumpyExtensionArray), _numpy_array)
    normalizers.register(pd.api.extensions.ExtensionArray, _extension_array)
    normalizers.register(pd.api.extensions.ExtensionDtype, _dtype)
    normalizers.register(pd.StringDtype, _string_dtype)
    normalizers.register(pd.ArrowDtype, _arrow_dtype)
    normalizers.register(pd.offsets.BaseOffset, _offset)
    normalizers.register(type(pd.NA), _singleton)
    normalizers.register(type(pd.NaT), _singleton)
