"""Methods of frames that are about partitions: which of them, how they are cut, functions on each."""

from __future__ import annotations

import warnings
from typing import Any

from raskt._lazy import late
from raskt.dataframe._metas import no_default
from raskt.dataframe._op import is_frame, op, rows_method
from raskt.dataframe._parameters import boundaries
from raskt.units import parse_bytes

__all__ = ["PartitionMethods", "repartition"]

shuffle_of: Any = late("raskt.dataframe.merging", "shuffle")
from_pandas: Any = late("raskt.dataframe.conversion", "from_pandas")
map_partitions_of: Any = late("raskt.dataframe.mapping", "map_partitions")


class PartitionMethods:
    """What frames and series do by partitions."""

    __slots__ = ()
    _expr: Any
    _meta: Any

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
            How many; if negative, all but so many of those partitions.
        npartitions : int, optional
            From how many partitions at most; -1 for all. Only these are computed.
        compute : bool, optional
            Whether they are computed now.

        Returns
        -------
        pandas.DataFrame or pandas.Series
            Or a frame of one partition, where ``compute`` is False.

        Warns
        -----
        UserWarning
            If these partitions have fewer rows, and there are others.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> rd.from_pandas(pd.Series([1, 2, 3, 4]), npartitions=2).head(1).tolist()
        [1]
        """
        first = _ends(self, "head", n, npartitions)
        if not compute:
            return first
        found = first.compute()
        if len(found) < n and npartitions not in (-1, self._expr.n_partitions):
            warnings.warn(
                f"Insufficient elements for `head`. {n} elements requested, only {len(found)} available. "
                "Try passing larger `npartitions` to `head`.",
                stacklevel=2,
            )
        return found

    def tail(self, n: int = 5, npartitions: int = 1, compute: bool = True) -> Any:
        """Return the last rows.

        Parameters
        ----------
        n : int, optional
            How many; if negative, all but so many of those partitions.
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
        >>> rd.from_pandas(pd.Series([1, 2, 3, 4]), npartitions=2).tail(1).tolist()
        [4]
        """
        last = _ends(self, "tail", n, npartitions)
        return last.compute() if compute else last

    @property
    def partitions(self) -> Partitions:
        """The partitions, to choose some of them by their numbers.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1, 2, 3, 4]), npartitions=4)
        >>> s.partitions[1:3].compute().tolist()
        [2, 3]
        >>> s.partitions[[3, 0]].compute().tolist()
        [4, 1]
        """
        return Partitions(self)

    def get_partition(self, n: int) -> Any:
        """Return one partition as a frame.

        Parameters
        ----------
        n : int
            Its number.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> rd.from_pandas(pd.Series([1, 2, 3]), npartitions=3).get_partition(1).compute().tolist()
        [2]
        """
        if not 0 <= n < self._expr.n_partitions:
            raise ValueError(f"n must be 0 <= n < {self._expr.n_partitions}, found {n}")
        return self.partitions[n]

    def repartition(
        self,
        divisions: Any = None,
        npartitions: int | None = None,
        partition_size: Any = None,
        freq: Any = None,
        force: bool = False,
    ) -> Any:
        """Cut the rows into other partitions.

        Parameters
        ----------
        divisions : sequence, optional
            Between which values of the index partitions are to lie. The divisions have to be known.
        npartitions : int, optional
            How many there are to be. Fewer are made of neighbours; for more, single ones are split, and
            divisions are not known any more.
        partition_size : int or str, optional
            How much memory each is to take at most, about: ``"100MB"``. The sizes are computed now.
        freq : str or pandas.Timedelta, optional
            How long each is to be, of an index of times. The divisions have to be known.
        force : bool, optional
            Whether new divisions may begin earlier and end later than those that there are.

        Returns
        -------
        DataFrame or Series

        Raises
        ------
        ValueError
            If not exactly one way is given, or divisions are not known.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1, 2, 3, 4]), npartitions=4)
        >>> s.repartition(npartitions=2).divisions
        (0, 2, 3)
        >>> s.repartition(divisions=[0, 1, 3]).partitions[0].compute().tolist()
        [1]
        """
        ways = (divisions, npartitions, partition_size, freq)
        if sum(way is not None for way in ways) != 1:
            raise ValueError(
                "Please provide exactly one of ``npartitions=``, ``divisions=``, ``partition_size=``"
            )
        if npartitions is not None:
            return op("repartition", (self,), {"npartitions": _number(npartitions, "npartitions")})
        if partition_size is not None:
            size = parse_bytes(partition_size)
            sizes = self.map_partitions(_memory, meta=(None, "int64")).compute()
            return self.repartition(npartitions=max(-(-int(sizes.sum()) // max(size, 1)), 1))
        if self._expr.divisions is None:
            raise ValueError(
                "Cannot repartition on divisions with unknown divisions: set_index makes them known, where "
                "they are given or the frame is sorted"
            )
        if freq is not None:
            divisions = _periods(self._expr.divisions, freq)
        given = boundaries(divisions, self._meta.index)
        return op("redivide", (self,), {"divisions": given, "force": bool(force)})


def repartition(df: Any, divisions: Any = None, force: bool = False) -> Any:
    """Cut the rows of a frame, or of an object of pandas', into partitions between some labels.

    Parameters
    ----------
    df : DataFrame, Series or an object of pandas'
        What is cut.
    divisions : sequence
        The labels.
    force : bool, optional
        Whether they may begin earlier and end later than those that there are.

    Returns
    -------
    DataFrame or Series

    Examples
    --------
    >>> import pandas as pd
    >>> import raskt.dataframe as rd
    >>> rd.repartition(pd.Series([1, 2, 3]), divisions=[0, 1, 2]).divisions
    (0, 1, 2)
    """
    frame = df if is_frame(df) else from_pandas(df, npartitions=1)
    return frame.repartition(divisions=divisions, force=force)


class Partitions:
    """The partitions of a frame, by their numbers."""

    __slots__ = ("_frame",)

    def __init__(self, frame: Any) -> None:
        self._frame = frame

    def __len__(self) -> int:
        n: int = self._frame.npartitions
        return n

    def __getitem__(self, key: Any) -> Any:
        numbers = range(len(self))
        if isinstance(key, tuple):
            raise IndexError(f"partitions are numbered along one axis, found {key!r}")
        if isinstance(key, slice):
            chosen = list(numbers[key])
        elif hasattr(key, "__index__") and not isinstance(key, bool) and getattr(key, "ndim", 0) == 0:
            chosen = [_at(numbers, key)]
        else:
            chosen = _listed(numbers, key)
        return op("choose", (self._frame,), {"numbers": chosen})


def _at(numbers: range, key: Any) -> int:
    try:
        return int(numbers[key])
    except IndexError:
        raise IndexError(f"partition {key} of a frame that has {len(numbers)}") from None


def _listed(numbers: range, keys: Any) -> list[int]:
    """Return the numbers that a list or an array says, of numbers or of a truth value for each."""
    keys = keys.tolist() if hasattr(keys, "tolist") else list(keys)
    if keys and all(type(key) is bool for key in keys):
        if len(keys) != len(numbers):
            raise IndexError(f"{len(keys)} truth values for {len(numbers)} partitions")
        return [number for number, key in zip(numbers, keys, strict=True) if key]
    return [_at(numbers, key) for key in keys]


def _whole_number(n: Any, name: str) -> int:
    if isinstance(n, bool) or not hasattr(n, "__index__"):
        raise TypeError(f"{name} must be a whole number, found {n!r}")
    number: int = n.__index__()
    return number


def _number(n: Any, name: str) -> int:
    number = _whole_number(n, name)
    if number < 0:
        raise ValueError(f"{name} must be 0 or more, found {number}")
    return number


def _ends(frame: Any, name: str, n: Any, npartitions: Any) -> Any:
    """Return the first or last rows of some partitions; all but so many, if ``n`` is negative."""
    number, wanted = _whole_number(n, "n"), _checked(frame, npartitions, name)
    if number >= 0:
        return op(name, (frame,), {"n": number, "npartitions": wanted})
    have = frame._expr.n_partitions
    if wanted not in (-1, have):
        numbers = range(wanted) if name == "head" else range(have - wanted, have)
        frame = op("choose", (frame,), {"numbers": list(numbers)})
    return rows_method(op("repartition", (frame,), {"npartitions": 1}), name, number)


def _checked(frame: Any, npartitions: Any, name: str) -> int:
    have = frame._expr.n_partitions
    if npartitions != -1 and not 0 < npartitions <= have:
        raise ValueError(f"only {have} partitions, {name} received {npartitions}")
    number: int = npartitions
    return number


def _memory(part: Any) -> Any:
    import pandas as pd

    size = part.memory_usage(index=True, deep=True)
    return pd.Series([int(getattr(size, "sum", lambda: size)())])


def _periods(divisions: Any, freq: Any) -> list[Any]:
    """Return the times between the first and the last of some divisions, so far from each other."""
    import pandas as pd

    if not isinstance(divisions, pd.DatetimeIndex):
        raise TypeError(
            f"Can only repartition on frequency for timeseries, found an index of {divisions.dtype}"
        )
    first, last = divisions[0], divisions[-1]
    try:
        start = first.ceil(freq)
    except ValueError:
        # Weeks, months and their like have no fixed length.
        start = first.normalize()
    times = [time for time in pd.date_range(start=start, end=last, freq=freq) if time >= first]
    if not times or times[0] > first:
        times.insert(0, first)
    if times[-1] < last or len(times) == 1:
        times.append(last)
    return times
