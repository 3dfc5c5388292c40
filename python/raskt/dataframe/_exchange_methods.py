"""Methods of frames that give their rows to others: bags, arrays of records, Arrow."""

from __future__ import annotations

from typing import Any

from raskt._lazy import late
from raskt.dataframe._metas import no_default
from raskt.dataframe._op import changed

__all__ = ["ExchangeMethods", "RecordMethods"]

to_bag_of: Any = late("raskt.dataframe.interchange", "to_bag")
arrow_stream_of: Any = late("raskt.dataframe.interchange", "arrow_stream")
to_dask_of: Any = late("raskt.dataframe.interchange", "to_dask")
to_polars_of: Any = late("raskt.dataframe.interchange", "to_polars")
to_records_of: Any = late("raskt.dataframe.arrays", "to_records")


class ExchangeMethods:
    """What frames and series have."""

    __slots__ = ()
    compute: Any

    def to_bag(self, index: bool = False, format: str = "tuple") -> Any:
        """Return the rows as elements of a bag, a partition of each partition.

        Parameters
        ----------
        index : bool, optional
            Whether the labels of the index come with them, first.
        format : {"tuple", "dict", "frame"}, optional
            What elements are: tuples (of a series values), dictionaries by the names of columns, or whole
            partitions.

        Returns
        -------
        Bag

        Raises
        ------
        ValueError
            For another format.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2], "y": ["a", "b"]}), npartitions=2)
        >>> df.to_bag().compute()
        [(1, 'a'), (2, 'b')]
        """
        return to_bag_of(self, index, format)

    def to_polars(self) -> Any:
        """Return the rows, computed, as a frame or series of Polars', without an index that only counts them.

        Returns
        -------
        polars.DataFrame or polars.Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> rd.from_pandas(pd.DataFrame({"x": [1, 2]}), npartitions=2).to_polars()["x"].to_list()
        [1, 2]
        """
        return to_polars_of(self)

    def to_dask(self) -> Any:
        """Return a frame of Dask's, of the same partitions: they are computed now, and kept in memory.

        Returns
        -------
        dask.dataframe.DataFrame or Series

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> ddf = rd.from_pandas(pd.DataFrame({"x": [1, 2]}), npartitions=2).to_dask()
        >>> int(ddf.x.sum().compute())
        3
        """
        return to_dask_of(self)

    def to_numpy(self, dtype: Any = None, copy: bool = False, na_value: Any = no_default) -> Any:
        """Return the values, computed, as an array of NumPy's.

        Parameters
        ----------
        dtype, copy, na_value : optional
            As in pandas.

        Returns
        -------
        numpy.ndarray
        """
        named = changed(dtype=(dtype, None), copy=(copy, False), na_value=(na_value, no_default))
        return self.compute().to_numpy(**named)

    def to_dict(self, *args: Any, **kwargs: Any) -> Any:
        """Return the rows, computed, as a dictionary.

        Parameters
        ----------
        *args, **kwargs
            As in pandas: ``orient``, ``into``, ``index``.

        Returns
        -------
        dict or list
        """
        return self.compute().to_dict(*args, **kwargs)

    def to_pickle(self, path: Any, **kwargs: Any) -> None:
        """Write the object of pandas' that is computed as one pickle.

        Parameters
        ----------
        path : str or path
            The file.
        **kwargs
            As in pandas.
        """
        self.compute().to_pickle(path, **kwargs)

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """Return the rows as a stream of Arrow's C interface, which Polars, DuckDB and pyarrow take.

        Partitions are computed as the stream is read, some at a time.

        Parameters
        ----------
        requested_schema : PyCapsule, optional
            The schema that is asked for.

        Returns
        -------
        PyCapsule

        Examples
        --------
        >>> import pandas as pd
        >>> import pyarrow as pa
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 3]}), npartitions=2)
        >>> pa.table(df).num_rows
        3
        """
        return arrow_stream_of(self, requested_schema)


class RecordMethods(ExchangeMethods):
    """What frames have, beside."""

    __slots__ = ()

    def to_records(self, index: bool = False, lengths: Any = None) -> Any:
        """Return the rows as an array of records.

        Parameters
        ----------
        index : bool, optional
            Whether the index is a field.
        lengths : bool or list, optional
            The numbers of rows of partitions; True computes them. Without it, chunks are of the sizes that
            are known, or of unknown ones.

        Returns
        -------
        Array
            Of `raskt.array`, with a chunk of each partition.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2], "y": [0.5, 1.5]}), npartitions=2)
        >>> df.to_records().compute()["y"].tolist()
        [0.5, 1.5]
        """
        return to_records_of(self, index, lengths)
