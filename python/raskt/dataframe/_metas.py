"""What a function returns, as users declare it or as its first rows show."""

from __future__ import annotations

from typing import Any

from raskt import _raskt
from raskt.dataframe._op import is_frame

__all__ = ["first_rows", "make_meta", "meta_of_call", "no_default"]

#: What stands for an argument that was not given.
no_default: Any = object()

_N_ROWS = 10


def make_meta(meta: Any, index: Any = None) -> Any:
    """Return an object of pandas' without rows, like what is declared.

    Parameters
    ----------
    meta : object
        An object of pandas' or a frame, which are taken as they are; names and dtypes, in a dictionary
        or a list of pairs, for a frame; one pair, for a series; a dtype, for a series without a name.
    index : pandas.Index, optional
        The index, for those that are made.

    Returns
    -------
    pandas.DataFrame, pandas.Series or pandas.Index

    Raises
    ------
    TypeError
        For anything else.

    Examples
    --------
    >>> from raskt.dataframe._metas import make_meta
    >>> make_meta({"x": "int64", "y": "float64"}).dtypes.tolist()
    [dtype('int64'), dtype('float64')]
    """
    import numpy as np
    import pandas as pd

    if is_frame(meta):
        return meta._meta
    if isinstance(meta, (pd.DataFrame, pd.Series, pd.Index)):
        return meta[:0]
    if index is not None:
        index = index[:0]
    if isinstance(meta, dict):
        return pd.DataFrame({name: _empty(dtype, index) for name, dtype in meta.items()}, index=index)
    if isinstance(meta, tuple) and len(meta) == 2:
        return _empty(meta[1], index).rename(meta[0])
    if isinstance(meta, (list, tuple)):
        if not all(isinstance(pair, tuple) and len(pair) == 2 for pair in meta):
            raise TypeError(f"meta must be pairs of names and dtypes, found {meta!r}")
        columns = [_empty(dtype, index) for _, dtype in meta]
        frame = pd.concat(columns, axis=1) if columns else pd.DataFrame(index=index)
        frame.columns = [name for name, _ in meta]
        return frame
    try:
        return _empty(meta, index)
    except TypeError:
        pass
    if np.isscalar(meta) or isinstance(meta, (np.generic, pd.Timestamp, pd.Timedelta)):
        return pd.Series([meta])[:0]
    raise TypeError(
        f"meta must be an object of pandas', names and dtypes, or a dtype, found {type(meta).__name__}"
    )


def _empty(dtype: Any, index: Any) -> Any:
    import pandas as pd

    return pd.Series([], dtype=dtype, index=index)


def first_rows(frame: Any) -> Any:
    """Return some of the first rows of a frame, computed: of the first partition that has any.

    Parameters
    ----------
    frame : DataFrame, Series or Index
        The frame.

    Returns
    -------
    object
        Of pandas'; without rows where there are none at all.
    """
    for at in range(frame.npartitions):
        found = _raskt.frame_delayed(frame._expr, at, True).compute()
        if len(found):
            return found[:_N_ROWS]
    return frame._meta


def meta_of_call(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Return what a function of partitions returns, without rows: it is called on the first rows.

    Raises
    ------
    ValueError
        If the function raises an error for these, with what to do about it.
    """
    real = [_first(arg) for arg in args]
    named = {name: _first(arg) for name, arg in kwargs.items()}
    try:
        found = function(*real, **named)
    except Exception as error:
        error.add_note(
            "raskt: the function was called on the first rows to see what it returns; pass meta= to say so"
        )
        raise
    return found


def _first(arg: Any) -> Any:
    if not is_frame(arg):
        later = _raskt.delayed_within(arg)
        return arg if later is None else later.compute()
    return arg.compute() if arg._expr.kind == "scalar" else first_rows(arg)
