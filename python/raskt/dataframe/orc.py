"""Frames of files of ORC, and frames written as such: by pyarrow."""

from __future__ import annotations

import functools
import os
from typing import Any

from raskt._raskt import StagedFolder
from raskt.bag._files import anchored, is_remote, open_read, remote_files
from raskt.dataframe._op import is_frame
from raskt.dataframe._parameters import kept
from raskt.dataframe.conversion import from_map
from raskt.dataframe.reading import paths_of
from raskt.dataframe.writing import run_write

__all__ = ["read_orc", "to_orc"]


def _stripes(path: str, storage_options: Any) -> tuple[int, Any]:
    """Return how many stripes a file has, and its schema."""
    import pyarrow as pa
    from pyarrow import orc

    with open_read(path, None, storage_options) as file:
        try:
            found = orc.ORCFile(file)
        except (pa.ArrowInvalid, OSError) as error:
            raise ValueError(f"{path}: no file of ORC: {error}") from error
        return found.nstripes, found.schema


def _read(path: str, stripes: Any, columns: Any, index: Any, storage_options: Any, schema: Any) -> Any:
    """Return some stripes of a file, or all of it."""
    import pyarrow as pa
    from pyarrow import orc

    with open_read(path, None, storage_options) as file:
        found = orc.ORCFile(file)
        if found.schema.names != schema.names:
            raise ValueError(
                f"{path}: its columns are {found.schema.names!r}, those of the first file {schema.names!r}"
            )
        if stripes is None:
            table = found.read(columns=columns)
        else:
            batches = [found.read_stripe(at, columns=columns) for at in stripes]
            table = pa.Table.from_batches(batches)
    frame = table.to_pandas()
    frame = frame if columns is None else frame[columns]
    return frame if index is None else frame.set_index(index)


def read_orc(
    path: Any,
    engine: Any = None,
    columns: Any = None,
    index: Any = None,
    split_stripes: Any = 1,
    aggregate_files: Any = None,
    storage_options: Any = None,
) -> Any:
    """Return a frame of files of ORC.

    Parameters
    ----------
    path : str, path or list
        A file, a folder, a pattern, a URL that fsspec knows, or several of these.
    engine : {None, "pyarrow"}, optional
        The only one there is.
    columns : list of str, optional
        The columns that are read: all of them.
    index : str or list of str, optional
        The columns that become the index.
    split_stripes : int or bool, optional
        How many stripes of a file a partition has; all of them, if it is False.
    aggregate_files : None
        Not there: `repartition` brings partitions together.
    storage_options : dict, optional
        What fsspec's file system gets, for URLs.

    Returns
    -------
    DataFrame

    Raises
    ------
    ValueError
        For what is no file of ORC, and files of other columns than the first one.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> import raskt.dataframe as rd
    >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 3]}), npartitions=2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     df.to_orc(folder, write_index=False)
    ...     rd.read_orc(folder).x.compute().tolist()
    [1, 2, 3]
    """
    if engine not in (None, "pyarrow"):
        raise NotImplementedError(f"engine={engine!r}: there is one reader of ORC, engine='pyarrow'")
    if aggregate_files:
        raise NotImplementedError("aggregate_files=: repartition(npartitions=) brings partitions together")
    paths = paths_of(path, (".orc",), storage_options)
    n_stripes, schema = _stripes(paths[0], storage_options)
    wanted = None if columns is None else list(columns)
    levels = [] if index is None else [index] if isinstance(index, str) else list(index)
    for name in (*(wanted or []), *levels):
        if name not in schema.names:
            raise KeyError(f"{name!r} is no column; the columns are {schema.names!r}")
    read = None if wanted is None else list(dict.fromkeys([*levels, *wanted]))
    like = schema.empty_table().to_pandas()
    like = like if read is None else like[read]
    like = like if index is None else like.set_index(index)
    parts: list[tuple[str, Any]] = []
    for at, one in enumerate(paths):
        count = n_stripes if at == 0 or not split_stripes else _stripes(one, storage_options)[0]
        step = int(split_stripes or 0)
        groups = [list(range(k, min(k + step, count))) for k in range(0, count, step)] if step else []
        parts += [(one, group) for group in groups] if len(groups) > 1 else [(one, None)]
    function = functools.partial(
        _read, columns=read, index=index, storage_options=storage_options, schema=schema
    )
    return from_map(
        function, [one for one, _ in parts], [group for _, group in parts], meta=like, label="read_orc"
    )


def to_orc(
    df: Any,
    path: Any,
    engine: Any = None,
    write_index: bool = True,
    storage_options: Any = None,
    compute: bool = True,
    compute_kwargs: Any = None,
    **kwargs: Any,
) -> Any:
    """Write a folder of files of ORC, one of each partition.

    Parameters
    ----------
    df : DataFrame
        The frame.
    path : str or path
        The folder, or its URL. Files appear there when all have been written; a write that fails leaves
        nothing. At URLs each file appears when it is complete.
    engine : {None, "pyarrow"}, optional
        The only one there is.
    write_index : bool, optional
        Whether the index is written, as a column.
    storage_options : dict, optional
        Options of the file system of a URL.
    compute : bool, optional
        Whether it is written now; a delayed value is returned otherwise.
    compute_kwargs : dict, optional
        Keywords of `compute`.
    **kwargs
        Keywords of ``pyarrow.orc.write_table``, such as ``compression``.

    Returns
    -------
    None or Delayed

    Raises
    ------
    ValueError
        If there are files of ORC that would be read with those that are written.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> import raskt.dataframe as rd
    >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2]}), npartitions=2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     rd.to_orc(df, folder)
    ...     pd.read_orc(f"{folder}/part.1.orc").x.tolist()
    [2]
    """
    if not is_frame(df) or df._expr.kind != "frame":
        raise TypeError(f"to_orc writes a dataframe, found {type(df).__name__}: to_frame() makes one")
    if engine not in (None, "pyarrow"):
        raise NotImplementedError(f"engine={engine!r}: there is one writer of ORC, engine='pyarrow'")
    folder = anchored(os.fspath(path))
    is_far = is_remote(folder)
    if is_far:
        files, stripped = remote_files(folder, storage_options)
        folder = str(files.unstrip_protocol(stripped)).rstrip("/")
        there = files.find(stripped) if files.exists(stripped) else []
    else:
        there = os.listdir(folder) if os.path.isdir(folder) else []
    names = [f"part.{number}.orc" for number in range(df.npartitions)]
    others = {os.path.basename(one) for one in there if one.endswith(".orc")} - set(names)
    if others:
        raise ValueError(
            f"{folder} has other files of ORC, such as {min(others)!r}, which would be read with those that "
            "are written: write to another folder"
        )
    staged = None if is_far else StagedFolder(folder)
    written = folder if staged is None else os.fspath(staged)
    shared = {
        "index": bool(write_index),
        "storage_options": kept(storage_options),
        "keywords": kept(kwargs),
    }
    parameters = {
        "format": "orc",
        "writer": "raskt.dataframe._writers.orc",
        "shared": shared,
        "parts": [{"path": f"{written}/{name}"} for name in names],
    }
    plan = {
        "folders": [] if staged is None else [(staged, folder)],
        "storage_options": storage_options,
        "result": None,
    }
    return run_write(df, "write", parameters, plan, compute, dict(compute_kwargs or {}))
