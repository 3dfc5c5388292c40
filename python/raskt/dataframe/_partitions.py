"""Methods of frames that are about partitions: one of them, the first rows, functions on each."""

from __future__ import annotations

from typing import Any

from raskt import _raskt
from raskt._lazy import late
from raskt.dataframe._metas import no_default
from raskt.delayed import delayed

__all__ = ["PartitionMethods"]

whole_of: Any = late("raskt.dataframe._partition", "whole")
from_delayed: Any = late("raskt.dataframe.conversion", "from_delayed")
shuffle_of: Any = late("raskt.dataframe.merging", "shuffle")
map_partitions_of: Any = late("raskt.dataframe.mapping", "map_partitions")


def _first(n: int, *parts: Any) -> Any:
    """Return the first rows of partitions."""
    return whole_of(*parts).head(n)


class PartitionMethods:
    """What frames and series do by partitions."""

    __slots__ = ()
    _expr: Any

    def map_partitions(self, func: Any, *args: Any, meta: Any = no_default, **kwargs: Any) -> Any:
        """Call a function on every partition.

        Parameters
        ----------
        func : callable
            The function, whose first argument is the partition.
        *args, **kwargs
            Further arguments, and keywords of `raskt.dataframe.map_partitions`.
        meta : object, optional
            What comes out.

        Returns
        -------
        DataFrame, Series or Index

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 3]}), npartitions=2)
        >>> df.map_partitions(len).compute().tolist()
        [1, 2]
        """
        return map_partitions_of(func, self, *args, meta=meta, **kwargs)

    def shuffle(
        self,
        on: Any = None,
        ignore_index: bool = False,
        npartitions: int | None = None,
        shuffle_method: str | None = None,
        on_index: bool = False,
    ) -> Any:
        """Bring rows into one partition that are equal in some columns, or in the index.

        Which partition that is depends on nothing but the values. Rows of one partition that come into one
        partition stay in their order. What does not fit into memory on its way is in files.

        Parameters
        ----------
        on : label or list, optional
            The columns.
        ignore_index : bool, optional
            Whether the labels of rows need not be kept, which saves sending them.
        npartitions : int, optional
            The number of partitions of the result; as many as there are, if it is not given.
        shuffle_method : str, optional
            There is one way: accepted, and without effect.
        on_index : bool, optional
            Whether rows are brought together by the index.

        Returns
        -------
        DataFrame or Series
            The same rows; divisions are not known.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"k": [1, 2, 1, 2]}), npartitions=2)
        >>> parts = [part.compute() for part in df.shuffle("k").to_delayed()]
        >>> sum(part.k.nunique() for part in parts)
        2
        """
        del shuffle_method
        return shuffle_of(self, on, ignore_index, npartitions, on_index)

    def pipe(self, func: Any, *args: Any, **kwargs: Any) -> Any:
        """Call a function of the whole frame: ``df.pipe(f, a)`` is ``f(df, a)``.

        Parameters
        ----------
        func : callable or tuple
            The function, or the function and the keyword that takes the frame.
        *args, **kwargs
            Further arguments.

        Returns
        -------
        object
            What the function returns.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> rd.from_pandas(pd.Series([1, 2]), npartitions=1).pipe(lambda s, n: s + n, 1).compute().tolist()
        [2, 3]
        """
        if isinstance(func, tuple):
            func, keyword = func
            if keyword in kwargs:
                raise ValueError(f"{keyword} is both the pipe target and a keyword argument")
            return func(*args, **{keyword: self}, **kwargs)
        return func(self, *args, **kwargs)

    def head(self, n: int = 5, npartitions: int = 1, compute: bool = True) -> Any:
        """Return the first rows.

        Parameters
        ----------
        n : int, optional
            How many.
        npartitions : int, optional
            From how many partitions at most; -1 for all. Only these are computed.
        compute : bool, optional
            Whether they are computed now.

        Returns
        -------
        pandas.DataFrame or pandas.Series
            Or a frame of one partition, where ``compute`` is False.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> rd.from_pandas(pd.Series([1, 2, 3, 4]), npartitions=2).head(1).tolist()
        [1]
        """
        if npartitions == -1:
            npartitions = len(self._expr.lengths)
        if not 0 < npartitions <= self._expr.n_partitions:
            have = self._expr.n_partitions
            raise ValueError(f"only {have} partitions, head received {npartitions}")
        parts = [_raskt.frame_delayed(self._expr, at, True) for at in range(npartitions)]
        first = delayed(_first)(n, *parts)
        return first.compute() if compute else from_delayed(first, meta=self)
