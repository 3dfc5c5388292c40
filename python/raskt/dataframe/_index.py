"""`Index`: the labels of the rows of a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from raskt.dataframe._frame import Frame
from raskt.dataframe._op import method, op, reduction
from raskt.dataframe._operators import Operators

if TYPE_CHECKING:
    from raskt.dataframe.core import DataFrame, Scalar, Series

__all__ = ["Index"]


class Index(Operators, Frame):
    """The labels of the rows of a frame or series.

    Examples
    --------
    >>> import pandas as pd
    >>> import raskt.dataframe as rd
    >>> index = rd.from_pandas(pd.Series([5, 6], index=[3, 4]), npartitions=2).index
    >>> index.max().compute()
    np.int64(4)
    """

    __slots__ = ()

    @property
    def name(self) -> Any:
        """The name of the index."""
        return self._meta.name

    @property
    def names(self) -> Any:
        """The names of the levels."""
        return self._meta.names

    @property
    def dtype(self) -> Any:
        """The dtype of the labels."""
        return self._meta.dtype

    def __len__(self) -> int:
        lengths = self._expr.lengths
        if None not in lengths:
            return sum(length or 0 for length in lengths)
        return int(op("reduce", (self,), {"name": "size"}).compute())

    def to_series(self) -> Series:
        """Return the labels as a series, whose index they are.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> index = rd.from_pandas(pd.Series([5, 6], index=[3, 4]), npartitions=2).index
        >>> index.to_series().compute().tolist()
        [3, 4]
        """
        found: Series = method(self, "to_series")
        return found

    def to_frame(self, index: bool = True, name: Any = None) -> DataFrame:
        """Return the labels as a column.

        Parameters
        ----------
        index : bool, optional
            Whether they are the index of the frame, too.
        name : label, optional
            The name of the column.

        Returns
        -------
        DataFrame

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> index = rd.from_pandas(pd.Series([5, 6], index=[3, 4]), npartitions=2).index
        >>> index.to_frame(name="i").compute().i.tolist()
        [3, 4]
        """
        named: dict[Any, Any] = {} if name is None else {"name": name}
        if not index:
            named["index"] = False
        found: DataFrame = method(self, "to_frame", **named)
        return found

    def isin(self, values: Any) -> Series:
        """Return where labels are among others, as a series over this index.

        Parameters
        ----------
        values : list-like
            The others.

        Returns
        -------
        Series
        """
        found: Series = method(self, "isin", values)
        return found

    def min(self) -> Scalar:
        """Return the least label."""
        found: Scalar = self.to_series().min()
        return found

    def max(self) -> Scalar:
        """Return the greatest label."""
        found: Scalar = self.to_series().max()
        return found

    def nunique(self, dropna: bool = True) -> Scalar:
        """Return how many different labels there are.

        Parameters
        ----------
        dropna : bool, optional
            Whether missing ones do not count.
        """
        found: Scalar = reduction(self.to_series(), "nunique", **({} if dropna else {"dropna": False}))
        return found

    def __getattr__(self, name: str) -> Any:
        # Parts of times: ``df.index.year``.
        if name[:1] != "_" and hasattr(type(self._meta), name):
            return method(self, name)
        raise AttributeError(f"'Index' object has no attribute {name!r}")
