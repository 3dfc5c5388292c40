"""`Scalar`: one value that is to be computed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from raskt._lazy import late
from raskt.dataframe._frame import Frame
from raskt.dataframe._operators import Operators

if TYPE_CHECKING:
    from collections.abc import Callable

    from raskt.dataframe.core import Series

__all__ = ["Scalar"]

series_of: Callable[..., Any] = late("raskt.dataframe.mapping", "series_of")


class Scalar(Operators, Frame):
    """One value that is to be computed: what a series is reduced to.

    Examples
    --------
    >>> import pandas as pd
    >>> import raskt.dataframe as rd
    >>> s = rd.from_pandas(pd.Series([1, 2, 3]), npartitions=2)
    >>> (s.sum() + 1).compute()
    np.int64(7)
    """

    __slots__ = ()

    @property
    def dtype(self) -> Any:
        """The dtype of the value."""
        import numpy as np

        return getattr(self._meta, "dtype", None) or np.dtype(type(self._meta))

    @property
    def divisions(self) -> tuple[Any, ...]:
        """A scalar has no index: the boundaries of its one partition are None."""
        return (None, None)

    def __bool__(self) -> bool:
        raise TypeError(
            "the truth value of a scalar that has not been computed is not known: call compute() first"
        )

    def __float__(self) -> float:
        return float(self.compute())

    def __int__(self) -> int:
        return int(self.compute())

    def to_series(self, index: Any = 0) -> Series:
        """Return a series of this one value.

        Parameters
        ----------
        index : label, optional
            Its label.

        Returns
        -------
        Series
        """
        found: Series = series_of(self, index)
        return found
