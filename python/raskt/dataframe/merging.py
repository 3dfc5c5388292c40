"""Rows of two frames put together, and rows of one brought together by their keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from raskt.dataframe._op import expr_of, frame_of, op
from raskt.dataframe._parameters import label, labels

if TYPE_CHECKING:
    from raskt.dataframe.core import DataFrame

__all__ = ["join", "merge", "shuffle"]


def merge(
    left: Any,
    right: Any,
    how: str = "inner",
    on: Any = None,
    left_on: Any = None,
    right_on: Any = None,
    left_index: bool = False,
    right_index: bool = False,
    suffixes: Any = ("_x", "_y"),
    indicator: bool | str = False,
    shuffle_method: str | None = None,
    npartitions: int | None = None,
    broadcast: bool | float | None = None,
    validate: str | None = None,
) -> DataFrame:
    """Put the rows of two frames together that have equal keys.

    A frame of one partition meets each partition of the other, where the kind of the merge allows it: the
    right one of an inner or left merge, the left one of an inner or right merge. Frames of the same divisions
    that are merged by their indices meet partition by partition. In all other cases rows of equal keys are
    brought into one partition first: the rows of the result are then in another order than pandas'. An index
    that is numbered begins anew in each partition.

    Parameters
    ----------
    left, right : DataFrame or named Series
        The frames. One of them may be one of pandas'.
    how : {"inner", "left", "right", "outer", "cross", "leftsemi", "left_anti", "right_anti"}, optional
        Which rows: those with a match on the other side; all of the left, of the right or of both; every row
        with every other; rows of the left with a match, each once and without columns of the right; rows
        without a match.
    on : label or list, optional
        The columns, or index levels, by which both are merged; those that both have, if nothing else is said.
    left_on, right_on : label or list, optional
        Those of each side, where they have other names.
    left_index, right_index : bool, optional
        Whether the key of a side is its index.
    suffixes : sequence of str or None, optional
        What is added to the names of columns that both sides have.
    indicator : bool or str, optional
        Whether a column ``_merge``, or of that name, says from which side a row comes.
    shuffle_method : str, optional
        There is one way of bringing rows together: accepted, and without effect.
    npartitions : int, optional
        The number of partitions of the result, where rows are brought together; as many as the side with more
        of them has, if it is not given.
    broadcast : bool or float, optional
        Accepted, and without effect: repartition the smaller side to one partition to have it sent to all of
        the other.
    validate : {"1:1", "1:m", "m:1", "m:m"}, optional
        On which side keys must not repeat; ``one_to_one`` and its like are these, too.

    Returns
    -------
    DataFrame
        Integers of a side whose rows may be missing are floats, whether or not any row is.

    Raises
    ------
    ValueError
        If the arguments contradict each other, or keys cannot be compared; pandas' ``MergeError`` is one.
    KeyError
        If there is no such column.

    Examples
    --------
    >>> import pandas as pd
    >>> import raskt.dataframe as rd
    >>> left = rd.from_pandas(pd.DataFrame({"k": [1, 2, 3], "a": [4, 5, 6]}), npartitions=2)
    >>> right = pd.DataFrame({"k": [3, 1], "b": [0.5, 1.5]})
    >>> rd.merge(left, right, on="k").compute()
       k  a    b
    0  1  4  1.5
    0  3  6  0.5
    """
    del shuffle_method, broadcast
    given: dict[str, Any] = {
        "how": how,
        "on": _keys(on, "on"),
        "left_on": _keys(left_on, "left_on"),
        "right_on": _keys(right_on, "right_on"),
        "left_index": left_index,
        "right_index": right_index,
        "suffixes": _suffixes(suffixes),
        "indicator": indicator,
        "validate": validate,
        "npartitions": npartitions,
    }
    given = {name: value for name, value in given.items() if value is not None and value is not False}
    left, right = (frame_of(expr_of(side)) for side in (left, right))
    try:
        found: DataFrame = op("merge", (left, right), given)
    except (KeyError, TypeError, ValueError):
        _raise_as_pandas(left, right, given)
        raise
    return found


def _raise_as_pandas(left: Any, right: Any, given: dict[str, Any]) -> None:
    """Raise what pandas raises for such arguments, if it does, so that its own classes can be caught."""
    from raskt.dataframe._partition import merge as merge_partitions

    if "npartitions" not in given and given["how"] != "leftsemi":
        merge_partitions(left._meta, right._meta, **given)


def _keys(on: Any, name: str) -> Any:
    """Return names of columns as a parameter: a list of them."""
    if on is None:
        return None
    if isinstance(on, list) or type(on).__name__ in ("Index", "ndarray"):
        return labels(on)
    try:
        return [label(on)]
    except TypeError:
        raise TypeError(
            f"{name} is the name of a column or a list of names, not {type(on).__name__}: "
            "assign it as a column first"
        ) from None


def _suffixes(suffixes: Any) -> list[Any]:
    if not isinstance(suffixes, (tuple, list)):
        raise TypeError(
            f"Passing 'suffixes' as a {type(suffixes)}, is not supported. "
            "Provide 'suffixes' as a tuple instead."
        )
    if len(suffixes) != 2:
        raise ValueError(f"suffixes are two, one for each side, not {len(suffixes)}: {suffixes!r}")
    return list(suffixes)


def join(frame: Any, other: Any, on: Any, how: str, lsuffix: str, rsuffix: str, npartitions: Any) -> Any:
    """Put the rows of ``other`` beside those of ``frame`` by its index."""
    if isinstance(other, (list, tuple)):
        if on is not None or lsuffix or rsuffix:
            raise ValueError(
                "Suffixes and on not supported when joining multiple DataFrames: join them one by one"
            )
        for each in other:
            frame = join(frame, each, None, how, "", "", npartitions)
        return frame
    return merge(
        frame,
        other,
        how=how,
        left_on=on,
        left_index=on is None,
        right_index=True,
        suffixes=(lsuffix, rsuffix),
        npartitions=npartitions,
    )


def shuffle(frame: Any, on: Any, ignore_index: bool, npartitions: Any, on_index: bool) -> Any:
    """Bring rows together that are equal in some columns, or in the index."""
    if on_index == (on is not None):
        raise ValueError(
            "shuffle takes the columns by which rows are brought together, on=, or on_index=True"
        )
    given: dict[str, Any] = {"on": _keys(on, "on"), "npartitions": npartitions}
    if ignore_index:
        given["ignore_index"] = True
    return op("shuffle", (frame,), {name: value for name, value in given.items() if value is not None})
