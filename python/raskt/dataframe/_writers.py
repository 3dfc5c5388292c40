"""What tasks do that write partitions to files, and what puts the files into their places.

Each partition is written to a folder beside its place. When all have been written, all are moved. The engine
calls these by their paths (``raskt-frame/src/library.rs``).
"""

from __future__ import annotations

import contextlib
import os
import shutil
from typing import Any, BinaryIO
from urllib.parse import quote

import pandas as pd

from raskt._raskt import PartFile, make_staged
from raskt.bag._files import codec, is_remote, remote_files, written

__all__ = ["commit", "csv", "hive", "json", "orc", "parquet"]

#: What Hive calls the folder of missing values.
MISSING = "__HIVE_DEFAULT_PARTITION__"
_STATISTICS = ("_metadata", "_common_metadata")


@contextlib.contextmanager
def _opened(path: str, compression: str | None, storage_options: Any) -> Any:
    """Open a file for writing: one at a URL takes its name when all is written."""
    if is_remote(path):
        with written(path, os.urandom(8).hex(), compression, storage_options) as file:
            yield file
        return
    make_staged(os.path.dirname(path))
    if compression is None:
        with open(path, "wb") as file:
            yield file
    else:
        with codec(compression)(path, "wb") as file:
            yield file


def _count(part: Any) -> Any:
    return pd.Series([len(part)])


# ---- Parquet ----


def parquet(
    part: Any, path: str, compression: Any, row_group_rows: int, index: bool, options: Any = None
) -> Any:
    """Write a partition as a Parquet file, by pyarrow.

    Parameters
    ----------
    part : pandas.DataFrame
        The partition.
    path : str
        Where to write.
    compression : str, dict or None
        How columns are compressed.
    row_group_rows : int
        How many rows a row group has, at most.
    index : bool
        Whether the index is written.
    options : dict, optional
        ``schema``, the types of columns; ``metadata``, further entries of the footer; ``storage_options``;
        ``keywords`` of pyarrow's writer.

    Returns
    -------
    pandas.Series
        The number of rows.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    options = options or {}
    if type(part).to_parquet is not pd.DataFrame.to_parquet:
        return _by_its_class(part, path, index, options, compression, row_group_rows)
    try:
        table = pa.Table.from_pandas(
            part, schema=_schema(part, index, options.get("schema")), preserve_index=index
        )
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise ValueError(
            f"{os.path.basename(path)}: a partition does not fit the types of a file of Parquet: "
            f"{'; '.join(str(arg) for arg in error.args)}"
        ) from error
    metadata = options.get("metadata")
    if metadata:
        table = table.replace_schema_metadata({**(table.schema.metadata or {}), **metadata})
    with _opened(path, None, options.get("storage_options")) as file:
        pq.write_table(
            table,
            file,
            compression=compression,
            row_group_size=row_group_rows,
            **(options.get("keywords") or {}),
        )
    return _count(part)


def _by_its_class(
    part: Any, path: str, index: bool, options: Any, compression: Any, row_group_rows: int
) -> Any:
    """Write a frame of a class that writes Parquet in its own way, such as GeoPandas'."""
    if options.get("metadata"):
        raise NotImplementedError(
            f"to_parquet(custom_metadata=) of a {type(part).__name__}, which writes files in its own way: "
            "map_partitions with its to_parquet"
        )
    with _opened(path, None, options.get("storage_options")) as file:
        part.to_parquet(
            file,
            index=index,
            compression=compression,
            row_group_size=row_group_rows,
            **(options.get("keywords") or {}),
        )
    return _count(part)


def _schema(part: Any, index: bool, given: Any) -> Any:
    """Return the types that a partition is written as: its own, but for those that are given."""
    import pyarrow as pa

    if given is None:
        return None
    own = pa.Schema.from_pandas(part, preserve_index=index)
    types = dict(given) if isinstance(given, dict) else {field.name: field.type for field in given}
    fields = [pa.field(field.name, types.get(field.name, field.type)) for field in own]
    return pa.schema(fields, metadata=own.metadata)


def hive(part: Any, path: str, name: str, keys: Any, **how: Any) -> Any:
    """Write a partition as a Parquet file for each combination of values of some columns.

    Parameters
    ----------
    part : pandas.DataFrame
        The partition.
    path : str
        The folder of the folders, which are called ``key=value``.
    name : str
        What each file is called.
    keys : list
        The columns.
    **how
        As in `parquet`.

    Returns
    -------
    pandas.Series
        The number of rows.
    """
    for values, rows in part.groupby(keys, dropna=False, observed=True, sort=False):
        folders = [
            f"{quote(str(key), safe='')}={_text(value)}" for key, value in zip(keys, values, strict=True)
        ]
        parquet(rows.drop(columns=keys), path="/".join((path, *folders, name)), **how)
    return _count(part)


def _text(value: Any) -> str:
    return MISSING if pd.isna(value) else quote(str(value), safe="")


# ---- text ----


def csv(
    part: Any,
    path: str,
    compression: str | None,
    encoding: str,
    storage_options: Any,
    keywords: Any,
    header: Any,
) -> Any:
    """Write a partition as a CSV file; all arguments but ``path`` are those of pandas'."""
    with _opened(path, compression, storage_options) as file:
        part.to_csv(file, mode="wb", encoding=encoding, header=header, **keywords)
    return _count(part)


def json(
    part: Any,
    path: str,
    compression: str | None,
    encoding: str,
    errors: str,
    storage_options: Any,
    keywords: Any,
) -> Any:
    """Write a partition as a file of JSON; ``keywords`` are those of pandas'."""
    text = part.to_json(**keywords)
    with _opened(path, compression, storage_options) as file:
        file.write(text.encode(encoding, errors))
    return _count(part)


def orc(part: Any, path: str, index: bool, storage_options: Any, keywords: Any) -> Any:
    """Write a partition as a file of ORC, by pyarrow; the index as a column, where it is written."""
    import pyarrow as pa
    from pyarrow import orc as writer

    table = pa.Table.from_pandas(part.reset_index() if index else part, preserve_index=False)
    with _opened(path, None, storage_options) as file:
        writer.write_table(table, file, **keywords)
    return _count(part)


# ---- into place ----


def commit(counts: Any, plan: dict[str, Any]) -> Any:
    """Move what has been written into its place.

    Parameters
    ----------
    counts : pandas.Series
        The numbers of rows: all have been written when they are known.
    plan : dict
        ``folders``, pairs of a staged folder and the one that its files are for; ``removed``, files that
        go; ``single``, the only file that what was written becomes; ``appends``, whether it is put behind
        what is there; ``metadata``, a folder of Parquet whose footers are to be gathered in a file;
        ``compares``, whether their types are looked at; ``storage_options``; ``result``, what is returned.

    Returns
    -------
    object
        ``result``.
    """
    found = [path for staged, _ in plan["folders"] for path, _ in _files(staged)]
    if plan["folders"] and not found and counts.sum() > 0:
        raise FileNotFoundError(2, "somebody else removed what was written here", plan["folders"][0][0])
    if plan.get("compares"):
        _compare(found)
    for staged, folder in plan["folders"]:
        if plan.get("single"):
            _join(staged, plan["single"], plan["appends"], plan["storage_options"])
        else:
            for path, name in _files(staged):
                target = os.path.join(folder, name)
                os.makedirs(os.path.dirname(target), exist_ok=True)
                if plan.get("appends"):
                    _put_behind([path], target)
                else:
                    os.replace(path, target)
        shutil.rmtree(os.path.dirname(staged), ignore_errors=True)
    _remove(plan.get("removed") or [], plan.get("storage_options"))
    if plan.get("metadata"):
        _gather(plan["metadata"])
    return plan["result"]


def _files(folder: str | os.PathLike[str]) -> list[tuple[str, str]]:
    """Return the files below a folder, in order, each with its path within."""
    found = [os.path.join(where, name) for where, _, names in os.walk(folder) for name in names]
    return [(path, os.path.relpath(path, folder)) for path in sorted(found)]


def _remove(paths: list[str], storage_options: Any) -> None:
    for path in paths:
        if is_remote(path):
            files, stripped = remote_files(path, storage_options)
            files.rm(stripped)
            continue
        os.unlink(path)
        with contextlib.suppress(OSError):
            # A folder of a value of which there is nothing any more.
            if "=" in os.path.basename(os.path.dirname(path)):
                os.removedirs(os.path.dirname(path))


def _join(folder: str | os.PathLike[str], target: str, appends: bool, storage_options: Any) -> None:
    """Make one file of all in a folder."""
    paths = [path for path, _ in _files(folder)]
    if is_remote(target):
        with written(target, os.urandom(8).hex(), None, storage_options) as file:
            _copy(paths, file)
        return
    if appends:
        _put_behind(paths, target)
        return
    whole = os.path.join(os.path.dirname(folder), "whole")
    with open(whole, "wb") as file:
        _copy(paths, file)
    os.replace(whole, target)


def _put_behind(paths: list[str], target: str) -> None:
    """Append files to one, which is as it was where that fails."""
    with open(target, "ab") as file:
        length = file.tell()
        try:
            _copy(paths, file)
        except BaseException:
            file.truncate(length)
            raise


def _copy(paths: list[str], file: BinaryIO) -> None:
    for path in paths:
        with open(path, "rb") as piece:
            shutil.copyfileobj(piece, file, 1 << 20)


def _compare(paths: list[str]) -> None:
    """Compare the types of files, which pyarrow has found out for each partition by itself."""
    import pyarrow.parquet as pq

    known: Any = None
    for path in paths:
        own = pq.read_schema(path)
        known = known or own
        for field, other in zip(known, own, strict=True):
            if field.type != other.type:
                raise TypeError(
                    f"{os.path.basename(path)}: column {field.name!r} would be {other.type}, and is "
                    f"{field.type} in {os.path.basename(paths[0])}: say which with "
                    f"schema={{{field.name!r}: ...}}, or cast it"
                )


def _gather(folder: str) -> None:
    """Write the footers of all files of a folder into one file, ``_metadata``."""
    import pyarrow.parquet as pq

    footers = []
    for path, name in _files(folder):
        if os.path.basename(name)[0] not in "._":
            footer = pq.read_metadata(path)
            footer.set_file_path(name.replace(os.sep, "/"))
            footers.append(footer)
    whole = footers[0]
    for footer in footers[1:]:
        whole.append_row_groups(footer)
    part = PartFile(folder, "metadata", is_private=False)
    try:
        whole.write_metadata_file(part.path)
        part.keep_as(os.path.join(folder, _STATISTICS[0]))
    finally:
        part.discard()
