"""Operators of dataframes and series as methods, which take `axis`, `level` and `fill_value`."""

from __future__ import annotations

from typing import Any

from raskt.dataframe._op import changed, method

__all__ = ["OperatorMethods"]


def _filled(frame: Any, name: str, other: Any, axis: Any, level: Any, fill_value: Any) -> Any:
    """Ask for an operator by its name."""
    named = changed(axis=(axis, "columns"), level=(level, None), fill_value=(fill_value, None))
    return method(frame, name, other, **named)


class OperatorMethods:
    """What frames do between operators, by name."""

    __slots__ = ()

    def add(self, other: Any, axis: Any = "columns", level: Any = None, fill_value: Any = None) -> Any:
        """Add.

        Parameters
        ----------
        other : scalar, Series or DataFrame
            The right-hand side.
        axis : {0, 1, "index", "columns"}, optional
            What a series is aligned with.
        level : int or str, optional
            A level of the index to go by.
        fill_value : scalar, optional
            What stands for values that one side misses.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1.0, 2.0]), npartitions=2)
        >>> s.add(s).compute().tolist()
        [2.0, 4.0]
        """
        return _filled(self, "add", other, axis, level, fill_value)

    def sub(self, other: Any, axis: Any = "columns", level: Any = None, fill_value: Any = None) -> Any:
        """Subtract.

        Parameters
        ----------
        other : scalar, Series or DataFrame
            The right-hand side.
        axis : {0, 1, "index", "columns"}, optional
            What a series is aligned with.
        level : int or str, optional
            A level of the index to go by.
        fill_value : scalar, optional
            What stands for values that one side misses.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1.0, 2.0]), npartitions=2)
        >>> s.sub(s).compute().tolist()
        [0.0, 0.0]
        """
        return _filled(self, "sub", other, axis, level, fill_value)

    def mul(self, other: Any, axis: Any = "columns", level: Any = None, fill_value: Any = None) -> Any:
        """Multiply.

        Parameters
        ----------
        other : scalar, Series or DataFrame
            The right-hand side.
        axis : {0, 1, "index", "columns"}, optional
            What a series is aligned with.
        level : int or str, optional
            A level of the index to go by.
        fill_value : scalar, optional
            What stands for values that one side misses.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1.0, 2.0]), npartitions=2)
        >>> s.mul(s).compute().tolist()
        [1.0, 4.0]
        """
        return _filled(self, "mul", other, axis, level, fill_value)

    def div(self, other: Any, axis: Any = "columns", level: Any = None, fill_value: Any = None) -> Any:
        """Divide: `truediv` under its other name.

        Parameters
        ----------
        other : scalar, Series or DataFrame
            The right-hand side.
        axis : {0, 1, "index", "columns"}, optional
            What a series is aligned with.
        level : int or str, optional
            A level of the index to go by.
        fill_value : scalar, optional
            What stands for values that one side misses.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1.0, 2.0]), npartitions=2)
        >>> s.div(s).compute().tolist()
        [1.0, 1.0]
        """
        return _filled(self, "div", other, axis, level, fill_value)

    def truediv(self, other: Any, axis: Any = "columns", level: Any = None, fill_value: Any = None) -> Any:
        """Divide.

        Parameters
        ----------
        other : scalar, Series or DataFrame
            The right-hand side.
        axis : {0, 1, "index", "columns"}, optional
            What a series is aligned with.
        level : int or str, optional
            A level of the index to go by.
        fill_value : scalar, optional
            What stands for values that one side misses.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1.0, 2.0]), npartitions=2)
        >>> s.truediv(s).compute().tolist()
        [1.0, 1.0]
        """
        return _filled(self, "truediv", other, axis, level, fill_value)

    def floordiv(self, other: Any, axis: Any = "columns", level: Any = None, fill_value: Any = None) -> Any:
        """Divide, and round down.

        Parameters
        ----------
        other : scalar, Series or DataFrame
            The right-hand side.
        axis : {0, 1, "index", "columns"}, optional
            What a series is aligned with.
        level : int or str, optional
            A level of the index to go by.
        fill_value : scalar, optional
            What stands for values that one side misses.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1.0, 2.0]), npartitions=2)
        >>> s.floordiv(s).compute().tolist()
        [1.0, 1.0]
        """
        return _filled(self, "floordiv", other, axis, level, fill_value)

    def mod(self, other: Any, axis: Any = "columns", level: Any = None, fill_value: Any = None) -> Any:
        """Return remainders of divisions.

        Parameters
        ----------
        other : scalar, Series or DataFrame
            The right-hand side.
        axis : {0, 1, "index", "columns"}, optional
            What a series is aligned with.
        level : int or str, optional
            A level of the index to go by.
        fill_value : scalar, optional
            What stands for values that one side misses.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1.0, 2.0]), npartitions=2)
        >>> s.mod(s).compute().tolist()
        [0.0, 0.0]
        """
        return _filled(self, "mod", other, axis, level, fill_value)

    def pow(self, other: Any, axis: Any = "columns", level: Any = None, fill_value: Any = None) -> Any:
        """Raise to powers.

        Parameters
        ----------
        other : scalar, Series or DataFrame
            The right-hand side.
        axis : {0, 1, "index", "columns"}, optional
            What a series is aligned with.
        level : int or str, optional
            A level of the index to go by.
        fill_value : scalar, optional
            What stands for values that one side misses.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1.0, 2.0]), npartitions=2)
        >>> s.pow(s).compute().tolist()
        [1.0, 4.0]
        """
        return _filled(self, "pow", other, axis, level, fill_value)

    def radd(self, other: Any, axis: Any = "columns", level: Any = None, fill_value: Any = None) -> Any:
        """Add, with the sides exchanged.

        Parameters
        ----------
        other : scalar, Series or DataFrame
            The right-hand side.
        axis : {0, 1, "index", "columns"}, optional
            What a series is aligned with.
        level : int or str, optional
            A level of the index to go by.
        fill_value : scalar, optional
            What stands for values that one side misses.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1.0, 2.0]), npartitions=2)
        >>> s.radd(s).compute().tolist()
        [2.0, 4.0]
        """
        return _filled(self, "radd", other, axis, level, fill_value)

    def rsub(self, other: Any, axis: Any = "columns", level: Any = None, fill_value: Any = None) -> Any:
        """Subtract, with the sides exchanged.

        Parameters
        ----------
        other : scalar, Series or DataFrame
            The right-hand side.
        axis : {0, 1, "index", "columns"}, optional
            What a series is aligned with.
        level : int or str, optional
            A level of the index to go by.
        fill_value : scalar, optional
            What stands for values that one side misses.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1.0, 2.0]), npartitions=2)
        >>> s.rsub(s).compute().tolist()
        [0.0, 0.0]
        """
        return _filled(self, "rsub", other, axis, level, fill_value)

    def rmul(self, other: Any, axis: Any = "columns", level: Any = None, fill_value: Any = None) -> Any:
        """Multiply, with the sides exchanged.

        Parameters
        ----------
        other : scalar, Series or DataFrame
            The right-hand side.
        axis : {0, 1, "index", "columns"}, optional
            What a series is aligned with.
        level : int or str, optional
            A level of the index to go by.
        fill_value : scalar, optional
            What stands for values that one side misses.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1.0, 2.0]), npartitions=2)
        >>> s.rmul(s).compute().tolist()
        [1.0, 4.0]
        """
        return _filled(self, "rmul", other, axis, level, fill_value)

    def rdiv(self, other: Any, axis: Any = "columns", level: Any = None, fill_value: Any = None) -> Any:
        """Divide: `truediv` under its other name, with the sides exchanged.

        Parameters
        ----------
        other : scalar, Series or DataFrame
            The right-hand side.
        axis : {0, 1, "index", "columns"}, optional
            What a series is aligned with.
        level : int or str, optional
            A level of the index to go by.
        fill_value : scalar, optional
            What stands for values that one side misses.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1.0, 2.0]), npartitions=2)
        >>> s.rdiv(s).compute().tolist()
        [1.0, 1.0]
        """
        return _filled(self, "rdiv", other, axis, level, fill_value)

    def rtruediv(self, other: Any, axis: Any = "columns", level: Any = None, fill_value: Any = None) -> Any:
        """Divide, with the sides exchanged.

        Parameters
        ----------
        other : scalar, Series or DataFrame
            The right-hand side.
        axis : {0, 1, "index", "columns"}, optional
            What a series is aligned with.
        level : int or str, optional
            A level of the index to go by.
        fill_value : scalar, optional
            What stands for values that one side misses.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1.0, 2.0]), npartitions=2)
        >>> s.rtruediv(s).compute().tolist()
        [1.0, 1.0]
        """
        return _filled(self, "rtruediv", other, axis, level, fill_value)

    def rfloordiv(self, other: Any, axis: Any = "columns", level: Any = None, fill_value: Any = None) -> Any:
        """Divide, and round down, with the sides exchanged.

        Parameters
        ----------
        other : scalar, Series or DataFrame
            The right-hand side.
        axis : {0, 1, "index", "columns"}, optional
            What a series is aligned with.
        level : int or str, optional
            A level of the index to go by.
        fill_value : scalar, optional
            What stands for values that one side misses.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1.0, 2.0]), npartitions=2)
        >>> s.rfloordiv(s).compute().tolist()
        [1.0, 1.0]
        """
        return _filled(self, "rfloordiv", other, axis, level, fill_value)

    def rmod(self, other: Any, axis: Any = "columns", level: Any = None, fill_value: Any = None) -> Any:
        """Return remainders of divisions, with the sides exchanged.

        Parameters
        ----------
        other : scalar, Series or DataFrame
            The right-hand side.
        axis : {0, 1, "index", "columns"}, optional
            What a series is aligned with.
        level : int or str, optional
            A level of the index to go by.
        fill_value : scalar, optional
            What stands for values that one side misses.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1.0, 2.0]), npartitions=2)
        >>> s.rmod(s).compute().tolist()
        [0.0, 0.0]
        """
        return _filled(self, "rmod", other, axis, level, fill_value)

    def rpow(self, other: Any, axis: Any = "columns", level: Any = None, fill_value: Any = None) -> Any:
        """Raise to powers, with the sides exchanged.

        Parameters
        ----------
        other : scalar, Series or DataFrame
            The right-hand side.
        axis : {0, 1, "index", "columns"}, optional
            What a series is aligned with.
        level : int or str, optional
            A level of the index to go by.
        fill_value : scalar, optional
            What stands for values that one side misses.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1.0, 2.0]), npartitions=2)
        >>> s.rpow(s).compute().tolist()
        [1.0, 4.0]
        """
        return _filled(self, "rpow", other, axis, level, fill_value)

    def eq(self, other: Any, axis: Any = "columns", level: Any = None, fill_value: Any = None) -> Any:
        """Return where values are equal to others.

        Parameters
        ----------
        other : scalar, Series or DataFrame
            The right-hand side.
        axis : {0, 1, "index", "columns"}, optional
            What a series is aligned with.
        level : int or str, optional
            A level of the index to go by.
        fill_value : scalar, optional
            What stands for a missing value of a series where the other one is there.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1.0, 2.0]), npartitions=2)
        >>> s.eq(s).compute().tolist()
        [True, True]
        """
        return _filled(self, "eq", other, axis, level, fill_value)

    def ne(self, other: Any, axis: Any = "columns", level: Any = None, fill_value: Any = None) -> Any:
        """Return where values are not equal to others.

        Parameters
        ----------
        other : scalar, Series or DataFrame
            The right-hand side.
        axis : {0, 1, "index", "columns"}, optional
            What a series is aligned with.
        level : int or str, optional
            A level of the index to go by.
        fill_value : scalar, optional
            What stands for a missing value of a series where the other one is there.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1.0, 2.0]), npartitions=2)
        >>> s.ne(s).compute().tolist()
        [False, False]
        """
        return _filled(self, "ne", other, axis, level, fill_value)

    def lt(self, other: Any, axis: Any = "columns", level: Any = None, fill_value: Any = None) -> Any:
        """Return where values are less than others.

        Parameters
        ----------
        other : scalar, Series or DataFrame
            The right-hand side.
        axis : {0, 1, "index", "columns"}, optional
            What a series is aligned with.
        level : int or str, optional
            A level of the index to go by.
        fill_value : scalar, optional
            What stands for a missing value of a series where the other one is there.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1.0, 2.0]), npartitions=2)
        >>> s.lt(s).compute().tolist()
        [False, False]
        """
        return _filled(self, "lt", other, axis, level, fill_value)

    def le(self, other: Any, axis: Any = "columns", level: Any = None, fill_value: Any = None) -> Any:
        """Return where values are less than or equal to others.

        Parameters
        ----------
        other : scalar, Series or DataFrame
            The right-hand side.
        axis : {0, 1, "index", "columns"}, optional
            What a series is aligned with.
        level : int or str, optional
            A level of the index to go by.
        fill_value : scalar, optional
            What stands for a missing value of a series where the other one is there.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1.0, 2.0]), npartitions=2)
        >>> s.le(s).compute().tolist()
        [True, True]
        """
        return _filled(self, "le", other, axis, level, fill_value)

    def gt(self, other: Any, axis: Any = "columns", level: Any = None, fill_value: Any = None) -> Any:
        """Return where values are greater than others.

        Parameters
        ----------
        other : scalar, Series or DataFrame
            The right-hand side.
        axis : {0, 1, "index", "columns"}, optional
            What a series is aligned with.
        level : int or str, optional
            A level of the index to go by.
        fill_value : scalar, optional
            What stands for a missing value of a series where the other one is there.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1.0, 2.0]), npartitions=2)
        >>> s.gt(s).compute().tolist()
        [False, False]
        """
        return _filled(self, "gt", other, axis, level, fill_value)

    def ge(self, other: Any, axis: Any = "columns", level: Any = None, fill_value: Any = None) -> Any:
        """Return where values are greater than or equal to others.

        Parameters
        ----------
        other : scalar, Series or DataFrame
            The right-hand side.
        axis : {0, 1, "index", "columns"}, optional
            What a series is aligned with.
        level : int or str, optional
            A level of the index to go by.
        fill_value : scalar, optional
            What stands for a missing value of a series where the other one is there.

        Returns
        -------
        DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> s = rd.from_pandas(pd.Series([1.0, 2.0]), npartitions=2)
        >>> s.ge(s).compute().tolist()
        [True, True]
        """
        return _filled(self, "ge", other, axis, level, fill_value)
