"""Methods of frames that write them to files."""

from __future__ import annotations

from typing import Any

from raskt._lazy import late

__all__ = ["FrameOutput", "TextOutput"]

to_csv_of: Any = late("raskt.dataframe.writing", "to_csv")
to_json_of: Any = late("raskt.dataframe.writing", "to_json")
to_hdf_of: Any = late("raskt.dataframe.hdf", "to_hdf")
to_orc_of: Any = late("raskt.dataframe.orc", "to_orc")
to_sql_of: Any = late("raskt.dataframe.databases", "to_sql")
html_of: Any = late("raskt.dataframe._repr", "html_of")
text_of: Any = late("raskt.dataframe._repr", "text_of")
to_parquet_of: Any = late("raskt.dataframe.writing", "to_parquet")


class TextOutput:
    """What frames and series write: text."""

    __slots__ = ()

    def to_csv(self, filename: Any, **kwargs: Any) -> Any:
        r"""Write each partition as a CSV file.

        Parameters
        ----------
        filename : str, path or list
            A path with ``*`` for the number of the partition, a folder, or a path for each partition. Files
            appear when all have been written; a write that fails leaves nothing.
        **kwargs
            Those below, and the keywords of pandas' ``to_csv``.
        single_file : bool
            Whether all become one file, of that path.
        encoding : str
            The encoding: ``"utf-8"`` by default.
        mode : {"w", "a", "x"}
            Whether files that are there are replaced (the default), added to, or an error.
        name_function : callable
            What stands in the place of ``*``, by the number of the partition.
        compression : {"gzip", "bz2", "xz", "zstd", "infer", None}
            How files are compressed; not at all by default. ``"infer"`` goes by the suffix.
        compute : bool
            Whether it is written now, which is the default; a delayed value is returned otherwise.
        scheduler : str or callable
            What runs the tasks.
        storage_options : dict
            Options of the file system of a URL.
        header_first_partition_only : bool
            Whether only the first partition has a header, which is so for a single file.
        compute_kwargs : dict
            Keywords of `compute`.

        Returns
        -------
        list of str or Delayed
            The paths.

        Raises
        ------
        ValueError
            For keywords that do not go together, for a ``name_function`` that gives a name twice, for an
            unknown mode or compression.
        FileExistsError
            If there is a file, with ``mode="x"``.

        Examples
        --------
        >>> import pathlib, tempfile
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2]}), npartitions=2)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     (path,) = df.to_csv(f"{folder}/all.csv", single_file=True, index=False)
        ...     pathlib.Path(path).read_text()
        'x\n1\n2\n'
        """
        return to_csv_of(self, filename, **kwargs)

    def to_json(self, filename: Any, *args: Any, **kwargs: Any) -> Any:
        r"""Write each partition as a file of JSON.

        Parameters
        ----------
        filename : str, path or list
            A path with ``*`` for the number of the partition, a folder, or a path for each partition.
        *args, **kwargs
            Those below, in this order, and the keywords of pandas' ``to_json``.
        orient : str
            As in pandas: ``"records"`` by default.
        lines : bool
            Whether a row is a line; for ``orient="records"`` alone, where it is the default.
        storage_options : dict
            Options of the file system of a URL.
        compute : bool
            Whether it is written now, which is the default; a delayed value is returned otherwise.
        encoding, errors : str
            The encoding, and what becomes of text that it lacks.
        compression : {"gzip", "bz2", "xz", "zstd", "infer", None}
            How files are compressed; not at all by default.
        compute_kwargs : dict
            Keywords of `compute`.
        name_function : callable
            What stands in the place of ``*``, by the number of the partition.

        Returns
        -------
        list of str or Delayed
            The paths.

        Examples
        --------
        >>> import pathlib, tempfile
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2]}), npartitions=1)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     (path,) = df.to_json(f"{folder}/*.json")
        ...     pathlib.Path(path).read_text()
        '{"x":1}\n{"x":2}\n'
        """
        return to_json_of(self, filename, *args, **kwargs)

    def to_hdf(self, path_or_buf: Any, key: str, **kwargs: Any) -> Any:
        """Write to tables in files of HDF5; see `raskt.dataframe.to_hdf`.

        Parameters
        ----------
        path_or_buf : str or path
            The file; with an asterisk for the number of the partition, a file of each.
        key : str
            The group in the file; with an asterisk, one of each partition.
        **kwargs
            As in `raskt.dataframe.to_hdf`.

        Returns
        -------
        list of str or Delayed
        """
        return to_hdf_of(self, path_or_buf, key, **kwargs)

    def to_sql(self, name: str, uri: str, **kwargs: Any) -> Any:
        """Write all rows to a table of a database, in one transaction.

        Parameters
        ----------
        name : str
            The name of the table.
        uri : str
            The URL of the database.
        **kwargs
            As in `raskt.dataframe.to_sql`.

        Returns
        -------
        None or Delayed
        """
        return to_sql_of(self, name, uri, **kwargs)

    def to_string(self, max_rows: int = 5) -> str:
        """Return what is known of the frame as text: dtypes and divisions; `compute` gives the values.

        Parameters
        ----------
        max_rows : int, optional
            Accepted for Dask's sake.
        """
        del max_rows
        found: str = text_of(self)
        return found

    def to_html(self, max_rows: int = 5) -> str:
        """Return what is known of the frame as HTML: dtypes and divisions; `compute` gives the values.

        Parameters
        ----------
        max_rows : int, optional
            Accepted for Dask's sake.
        """
        del max_rows
        found: str = html_of(self)
        return found


class FrameOutput(TextOutput):
    """What frames write, beside text: Parquet, ORC."""

    __slots__ = ()

    def to_orc(self, path: Any, **kwargs: Any) -> Any:
        """Write a folder of files of ORC, one of each partition.

        Parameters
        ----------
        path : str or path
            The folder, or its URL.
        **kwargs
            As in `raskt.dataframe.to_orc`.

        Returns
        -------
        None or Delayed
        """
        return to_orc_of(self, path, **kwargs)

    def to_parquet(self, path: Any, **kwargs: Any) -> Any:
        """Write a folder of Parquet files, one of each partition.

        Columns that Arrow has are written natively, without the GIL; all others, and files with options of
        pyarrow's, by pyarrow. pandas, Dask, Polars and others read dtypes and values back; pandas and Dask
        the index too.

        Parameters
        ----------
        path : str or path
            The folder, or its URL. Files appear there when all have been written; a write that fails leaves
            nothing. At URLs each file appears when it is complete.
        **kwargs
            Those below, and the keywords of ``pyarrow.parquet.write_table``.
        compression : str, dict or None
            ``"snappy"`` (the default), ``"gzip"``, ``"brotli"``, ``"lz4"``, ``"zstd"``, None; or by column.
        write_index : bool
            Whether the index is written, which is the default.
        append : bool
            Whether files are added to those that are there, which must have the same columns and dtypes.
        overwrite : bool
            Whether the Parquet files that are there go, once all has been written.
        ignore_divisions : bool
            Accepted for Dask's sake: the index of files that are there is not looked at.
        partition_on : str or list
            Columns by whose values rows lie in folders, ``key=value``.
        storage_options : dict
            Options of the file system of a URL.
        custom_metadata : dict
            Further entries of the footers.
        write_metadata_file : bool
            Whether a file ``_metadata`` with all footers is written. One that is there already is kept up to
            date by ``append``.
        compute : bool
            Whether it is written now, which is the default; a delayed value is returned otherwise.
        compute_kwargs : dict
            Keywords of `compute`.
        schema : "infer", dict or pyarrow.Schema
            The types of columns, of some or all. Those of columns of objects are otherwise found out for each
            partition, and it is an error if they differ.
        name_function : callable
            The name of a file by the number of its partition: ``part.0.parquet`` and so on by default.
        filesystem, engine : None
            Accepted for Dask's sake.

        Returns
        -------
        None or Delayed

        Raises
        ------
        ValueError
            For keywords that do not go together, for columns or dtypes other than those of files that are
            appended to, and if there are other Parquet files that would be read with those that are written.
        TypeError
            If columns of objects are of other types in other partitions.

        Examples
        --------
        >>> import tempfile
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"k": ["a", "b"], "x": [1, 2]}), npartitions=2)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     df.to_parquet(folder)
        ...     df.to_parquet(folder, append=True)
        ...     rd.read_parquet(folder).x.sum().compute()
        np.int64(6)
        """
        return to_parquet_of(self, path, **kwargs)
