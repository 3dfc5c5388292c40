"""Values as times, spans and numbers, as functions of pandas' have them; and which are missing."""

from __future__ import annotations

import functools
from typing import Any

from raskt._lazy import late, late_module
from raskt.dataframe._op import call, is_frame, method
from raskt.dataframe._refusals import refused

__all__ = ["isna", "to_datetime", "to_numeric", "to_timedelta"]

one_row: Any = late("raskt._tables", "one_row")
_partition: Any = late_module("raskt.dataframe._partition")


def _by_partition(name: str, arg: Any, meta: Any, kwargs: dict[str, Any]) -> Any:
    """Return what a function of pandas' makes of each partition, or of what is no frame."""
    import pandas as pd

    function = functools.partial(getattr(pd, name), **kwargs)
    if not is_frame(arg):
        return function(arg)
    if meta is None:
        meta = _partition.asked(function, arg._meta)
    return call(function, (arg,), {}, meta, clears=False, keeps=True, label=name)


def to_datetime(arg: Any, meta: Any = None, **kwargs: Any) -> Any:
    """Return values as times.

    A format that is not given is that of the first value of each partition.

    Parameters
    ----------
    arg : Series, DataFrame or object
        The values; of a frame, columns such as ``year``, ``month`` and ``day``. What is none of these is left
        to pandas at once.
    meta : object, optional
        What comes out, where its dtype is another one than pandas has for no values.
    **kwargs
        Those of `pandas.to_datetime`: ``format``, ``errors``, ``utc``, ``unit`` and others.

    Returns
    -------
    Series

    Examples
    --------
    >>> import pandas as pd
    >>> import raskt.dataframe as rd
    >>> s = rd.from_pandas(pd.Series(["2013-01-05", "2014-07-01"]), npartitions=2)
    >>> rd.to_datetime(s).dt.year.compute().tolist()
    [2013, 2014]
    """
    if is_frame(arg) and meta is None:
        import pandas as pd

        one = one_row(arg._meta)
        if arg._expr.kind == "frame":
            one = one + 1
        elif one.dtype.kind not in "iufM":
            one = pd.Series(["2013-01-05"], dtype=one.dtype, name=one.name)
            if kwargs.get("format") not in (None, "mixed", "ISO8601"):
                one = pd.Series([pd.Timestamp("2013-01-05").strftime(kwargs["format"])], name=one.name)
        meta = _partition.asked(pd.to_datetime, one, **kwargs).iloc[:0].set_axis(arg._meta.index)
    return _by_partition("to_datetime", arg, meta, kwargs)


def to_timedelta(arg: Any, unit: Any = None, errors: str = "raise") -> Any:
    """Return values as spans of time.

    Parameters
    ----------
    arg : Series or object
        The values.
    unit : str, optional
        Of what numbers are numbers.
    errors : {"raise", "coerce"}, optional
        Whether what is none is an error, or missing.

    Returns
    -------
    Series

    Examples
    --------
    >>> import pandas as pd
    >>> import raskt.dataframe as rd
    >>> s = rd.from_pandas(pd.Series(["1 days", "2h"]), npartitions=2)
    >>> rd.to_timedelta(s).dt.total_seconds().compute().tolist()
    [86400.0, 7200.0]
    """
    kwargs = {"errors": errors} if unit is None else {"errors": errors, "unit": unit}
    meta = None
    if is_frame(arg) and arg._meta.dtype.kind not in "iufm":
        import pandas as pd

        # Text has a resolution of its own: microseconds, at least.
        meta = pd.to_timedelta(pd.Series(["1us"], name=arg._meta.name)).iloc[:0].set_axis(arg._meta.index)
    return _by_partition("to_timedelta", arg, meta, kwargs)


@refused({"dtype_backend": (None, "astype afterwards")})
def to_numeric(arg: Any, errors: str = "raise", downcast: Any = None, meta: Any = None) -> Any:
    """Return values as numbers.

    Parameters
    ----------
    arg : Series or object
        The values.
    errors : {"raise", "coerce"}, optional
        Whether what is none is an error, or missing.
    downcast : {"integer", "signed", "unsigned", "float"}, optional
        To the smallest dtype of which kind values are cast, in each partition.
    meta : object, optional
        What comes out: of text, floats by default.

    Returns
    -------
    Series

    Raises
    ------
    TypeError
        For a frame.

    Examples
    --------
    >>> import pandas as pd
    >>> import raskt.dataframe as rd
    >>> s = rd.from_pandas(pd.Series(["1", "2.5"]), npartitions=2)
    >>> rd.to_numeric(s).compute().tolist()
    [1.0, 2.5]
    """
    if is_frame(arg) and arg._expr.kind != "series":
        raise TypeError("arg must be a list, tuple, dask.array.Array, or dask.dataframe.Series")
    kwargs = {"errors": errors} if downcast is None else {"errors": errors, "downcast": downcast}
    if is_frame(arg) and meta is None and arg._meta.dtype.kind not in "iufb":
        meta = arg._meta.astype(object).astype(float)
    return _by_partition("to_numeric", arg, meta, kwargs)


def isna(arg: Any) -> Any:
    """Return where values are missing.

    Parameters
    ----------
    arg : DataFrame, Series or object
        The values.

    Returns
    -------
    DataFrame or Series

    Examples
    --------
    >>> import pandas as pd
    >>> import raskt.dataframe as rd
    >>> rd.isna(rd.from_pandas(pd.Series([1.0, None]), npartitions=2)).compute().tolist()
    [False, True]
    """
    return method(arg, "isna") if is_frame(arg) else _by_partition("isna", arg, None, {})
