"""Methods of frames that put rows of two of them together."""

from __future__ import annotations

from typing import Any

from raskt._lazy import late

__all__ = ["MergeMethods"]

merge_of: Any = late("raskt.dataframe.merging", "merge")
join_of: Any = late("raskt.dataframe.merging", "join")


class MergeMethods:
    """What dataframes do with another one, by keys."""

    __slots__ = ()

    def merge(
        self,
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
    ) -> Any:
        """Put rows together with those of another frame that have equal keys.

        Parameters
        ----------
        right : DataFrame or named Series
            The other frame; it may be one of pandas'.
        how, on, left_on, right_on, left_index, right_index, suffixes, indicator
            As in pandas; see `raskt.dataframe.merge` for all of them.
        shuffle_method, broadcast
            Accepted, and without effect.
        npartitions : int, optional
            The number of partitions of the result, where rows of equal keys have to be brought together.
        validate : str, optional
            On which side keys must not repeat.

        Returns
        -------
        DataFrame

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> left = rd.from_pandas(pd.DataFrame({"k": [1, 2, 3], "a": [4, 5, 6]}), npartitions=2)
        >>> right = rd.from_pandas(pd.DataFrame({"k": [3, 1], "b": [0.5, 1.5]}), npartitions=1)
        >>> left.merge(right, how="left").b.sum().compute()
        np.float64(2.0)
        """
        return merge_of(
            self,
            right,
            how=how,
            on=on,
            left_on=left_on,
            right_on=right_on,
            left_index=left_index,
            right_index=right_index,
            suffixes=suffixes,
            indicator=indicator,
            shuffle_method=shuffle_method,
            npartitions=npartitions,
            broadcast=broadcast,
            validate=validate,
        )

    def join(
        self,
        other: Any,
        on: Any = None,
        how: str = "left",
        lsuffix: str = "",
        rsuffix: str = "",
        shuffle_method: str | None = None,
        npartitions: int | None = None,
    ) -> Any:
        """Put columns of other frames beside those of this one, by the index of the others.

        Parameters
        ----------
        other : DataFrame, named Series or list of them
            The other frames.
        on : label or list, optional
            The columns that are looked up in the index of ``other``; the index, if it is not given.
        how : {"left", "right", "outer", "inner", "left_anti", "right_anti"}, optional
            Which rows.
        lsuffix, rsuffix : str, optional
            What is added to the names of columns that both have.
        shuffle_method : str, optional
            Accepted, and without effect.
        npartitions : int, optional
            As in `merge`.

        Returns
        -------
        DataFrame

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> left = rd.from_pandas(pd.DataFrame({"k": ["x", "y", "x"]}), npartitions=2)
        >>> right = pd.DataFrame({"n": [1, 2]}, index=["x", "y"])
        >>> left.join(right, on="k", how="inner").n.compute().tolist()
        [1, 2, 1]
        """
        del shuffle_method
        return join_of(self, other, on, how, lsuffix, rsuffix, npartitions)
