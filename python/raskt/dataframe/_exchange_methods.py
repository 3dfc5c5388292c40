"""Methods of frames that give their rows to others: bags, arrays of records, Arrow."""

from __future__ import annotations

from typing import Any

from raskt._lazy import late

__all__ = ["ExchangeMethods", "RecordMethods"]

to_bag_of: Any = late("raskt.dataframe.interchange", "to_bag")
arrow_stream_of: Any = late("raskt.dataframe.interchange", "arrow_stream")
to_records_of: Any = late("raskt.dataframe.arrays", "to_records")


class ExchangeMethods:
    """What frames and series have."""

    __slots__ = ()

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
