"""Merges by the nearest key: `merge_asof`."""

from __future__ import annotations

import functools
from typing import Any

from raskt._lazy import late
from raskt.dataframe._gathered import gathered, starts
from raskt.dataframe._op import call, expr_of, frame_of

__all__ = ["merge_asof"]

one_row: Any = late("raskt._tables", "one_row")

_DIRECTIONS = ("backward", "forward", "nearest")


def _merged(left: Any, right: Any, kwargs: dict[str, Any]) -> Any:
    import pandas as pd

    return pd.merge_asof(left, right, **kwargs)


def _numbered(left: Any, right: Any, start: int, kwargs: dict[str, Any]) -> Any:
    found = _merged(left, right, kwargs)
    return found.set_axis(found.index + start)


def merge_asof(
    left: Any,
    right: Any,
    on: Any = None,
    left_on: Any = None,
    right_on: Any = None,
    left_index: bool = False,
    right_index: bool = False,
    by: Any = None,
    left_by: Any = None,
    right_by: Any = None,
    suffixes: Any = ("_x", "_y"),
    tolerance: Any = None,
    allow_exact_matches: bool = True,
    direction: str = "backward",
) -> Any:
    """Merge each row with that of another frame whose key is nearest.

    The other frame comes together in one task, and meets every partition of the first. Both come together,
    where one key is an index and the other one a column.

    Parameters
    ----------
    left, right : DataFrame
        The frames, both in the order of their keys.
    on, left_on, right_on : label, optional
        The column of keys, of both or of either.
    left_index, right_index : bool, optional
        Whether the index is the key.
    by, left_by, right_by : label or list, optional
        Columns that have to be equal.
    suffixes : pair of str, optional
        What is added to names that both have.
    tolerance : scalar or timedelta, optional
        How far keys may be from one another.
    allow_exact_matches : bool, optional
        Whether equal keys match.
    direction : {"backward", "forward", "nearest"}, optional
        Where the other key is looked for.

    Returns
    -------
    DataFrame
        Rows are numbered, unless an index is the key.

    Raises
    ------
    ValueError
        For a direction that there is not; and, when rows are computed, if a partition, or the other frame, is
        not in the order of its keys.

    Examples
    --------
    >>> import pandas as pd
    >>> import raskt.dataframe as rd
    >>> left = rd.from_pandas(pd.DataFrame({"t": [1, 5, 10], "x": list("abc")}), npartitions=2)
    >>> right = pd.DataFrame({"t": [1, 2, 6], "y": [1, 2, 6]})
    >>> rd.merge_asof(left, right, on="t").y.compute().tolist()
    [1, 2, 6]
    """
    if direction not in _DIRECTIONS:
        raise ValueError(f"direction must be 'backward', 'forward' or 'nearest', found {direction!r}")
    frame, other = frame_of(expr_of(left)), frame_of(expr_of(right))
    named = {
        "on": on,
        "left_on": left_on,
        "right_on": right_on,
        "left_index": left_index,
        "right_index": right_index,
        "by": by,
        "left_by": left_by,
        "right_by": right_by,
        "suffixes": tuple(suffixes),
        "tolerance": tolerance,
        "allow_exact_matches": allow_exact_matches,
        "direction": direction,
    }
    kwargs = {name: value for name, value in named.items() if value is not None and value is not False}
    kwargs["allow_exact_matches"] = allow_exact_matches
    function: Any = functools.partial(_merged, kwargs=kwargs)
    # Of no rows, and of rows without a match, pandas makes other dtypes than of those that match.
    meta = function(frame._meta, other._meta)
    if left_index != right_index:
        # Which side's keys a column has, depends on whether all rows have a match.
        frame = gathered(frame)
    given: tuple[Any, ...] = (frame, gathered(other))
    if not left_index and not right_index:
        # pandas numbers the rows: those before a partition count.
        function, given = functools.partial(_numbered, kwargs=kwargs), (*given, starts(frame))
    return call(function, given, {}, meta, clears=not left_index, label="merge_asof", checks=False)
