"""Frames written to files: Parquet, CSV, JSON."""

from __future__ import annotations

import os
import re
import tempfile
from typing import TYPE_CHECKING, Any

from raskt._raskt import StagedFolder, make_function
from raskt.bag._files import anchored, compression_of, is_remote, remote_files
from raskt.bag.text import targets
from raskt.dataframe import _writers
from raskt.dataframe._op import is_frame, op
from raskt.dataframe._parameters import kept
from raskt.dataframe.reading import read_parquet

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["run_write", "to_csv", "to_json", "to_parquet"]

_SUFFIXES = (".parquet", ".parq", ".pq")
_COMPRESSIONS = ("snappy", "gzip", "brotli", "lz4", "zstd", "none")
_ROW_GROUP_ROWS = 1 << 20


def run_write(
    frame: Any,
    name: str,
    parameters: dict[str, Any],
    plan: dict[str, Any],
    compute: bool,
    keywords: dict[str, Any],
) -> Any:
    """Write, and put what is written into place; or return the delayed value that does so."""
    counts = op(name, (frame,), parameters)
    commit = make_function(_writers.commit, f"to_{parameters['format']}", False, None, True)
    done = commit(counts.__raskt_delayed__(), plan)
    if not compute:
        return done
    try:
        for staged, _ in plan["folders"]:
            staged.make()
        return done.compute(**keywords)
    finally:
        # Nothing is left there of what has been moved; what has failed goes.
        for staged, _ in plan["folders"]:
            staged.close()


def _engine(engine: Any) -> None:
    if engine not in (None, "auto", "pyarrow"):
        raise NotImplementedError(f"engine={engine!r}: there is one writer of Parquet, as 'auto' says")


# ---- Parquet ----


def to_parquet(
    df: Any,
    path: Any,
    compression: Any = "snappy",
    write_index: bool = True,
    append: bool = False,
    overwrite: bool = False,
    ignore_divisions: bool = False,
    partition_on: Any = None,
    storage_options: Any = None,
    custom_metadata: Any = None,
    write_metadata_file: bool | None = None,
    compute: bool = True,
    compute_kwargs: Any = None,
    schema: Any = "infer",
    name_function: Callable[[int], str] | None = None,
    filesystem: Any = None,
    engine: Any = None,
    **kwargs: Any,
) -> Any:
    """Write a frame as a folder of Parquet files, one of each partition; see `DataFrame.to_parquet`.

    Parameters
    ----------
    df : DataFrame
        The frame.
    path, compression, write_index, append, overwrite, ignore_divisions, partition_on, storage_options, \
custom_metadata, write_metadata_file, compute, compute_kwargs, schema, name_function, filesystem, engine, \
**kwargs
        As there.

    Returns
    -------
    None or Delayed

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> import raskt.dataframe as rd
    >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2]}), npartitions=2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     rd.to_parquet(df, folder)
    ...     pd.read_parquet(folder).x.tolist()
    [1, 2]
    """
    if not is_frame(df) or df._expr.kind != "frame":
        raise TypeError(f"to_parquet writes a dataframe, found {type(df).__name__}: to_frame() makes one")
    if append and overwrite:
        raise ValueError("Cannot use both `overwrite=True` and `append=True`!")
    if filesystem not in (None, "fsspec", "arrow"):
        raise NotImplementedError("filesystem=: give a URL and storage_options= instead")
    _engine(engine)
    del ignore_divisions
    folder = _folder(path, storage_options)
    keys = _keys(df, partition_on)
    compression = _checked_compression(compression)
    there = _there(folder, storage_options)
    names = _names(df.npartitions, name_function, _first_number(there) if append else 0)
    if append:
        _check_append(df, there, keys, write_index)
    removed = _removed(folder, there, names, keys, append, overwrite)
    is_far = is_remote(folder)
    staged = None if is_far else StagedFolder(folder)
    written = folder if staged is None else os.fspath(staged)
    row_group_rows = kwargs.pop("row_group_size", None) or _ROW_GROUP_ROWS
    options = _options(df, schema, custom_metadata, kwargs, storage_options if is_far else None, write_index)
    if options is None and (is_far or keys or isinstance(compression, dict) or _is_for_pyarrow(df)):
        options = {}
    shared = {
        "compression": kept(compression),
        "row_group_rows": int(row_group_rows),
        "index": bool(write_index),
        "options": None if options is None else kept(options),
    }
    if keys:
        shared["keys"] = keys
        parts = [{"path": written, "name": name} for name in names]
    else:
        parts = [{"path": f"{written}/{name}"} for name in names]
    plan = {
        "folders": [] if staged is None else [(staged, folder)],
        "removed": removed,
        "storage_options": storage_options,
        "metadata": folder if _gathers(write_metadata_file, append, there, is_far) else None,
        "compares": schema == "infer" and any(dtype == "object" for dtype in df._expr.dtypes),
        "result": None,
    }
    parameters = {"format": "parquet", "shared": shared, "parts": parts}
    if keys:
        parameters["writer"] = "raskt.dataframe._writers.hive"
    return run_write(
        df, "write" if keys else "write_parquet", parameters, plan, compute, dict(compute_kwargs or {})
    )


def _folder(path: Any, storage_options: Any) -> str:
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"to_parquet needs the path of a folder, found {type(path).__name__}")
    folder = anchored(os.fspath(path))
    if is_remote(folder):
        files, stripped = remote_files(folder, storage_options)
        return str(files.unstrip_protocol(stripped)).rstrip("/")
    if os.path.isfile(folder):
        raise FileExistsError(17, "to_parquet writes a folder, and there is a file", folder)
    return folder.rstrip("/")


def _is_for_pyarrow(df: Any) -> bool:
    """Return whether there are dtypes of which the native writer says too little.

    Categories that a partition lacks, and their order, are in no file of it; Parquet has no times in seconds.
    """
    meta = df._meta
    index = meta.index.dtypes if meta.index.nlevels > 1 else [meta.index.dtype]
    dtypes = [str(dtype) for dtype in (*meta.dtypes, *index)]
    return any(name == "category" or name.startswith(("datetime64[s", "timedelta64[s")) for name in dtypes)


def _keys(df: Any, partition_on: Any) -> list[Any]:
    keys = [partition_on] if isinstance(partition_on, str) else list(partition_on or [])
    unknown = [key for key in keys if key not in df._expr.labels]
    if unknown:
        raise ValueError(
            f"Partitioning on non-existent column. partition_on={keys} columns={list(df._expr.labels)}"
        )
    if keys and len(keys) == len(df._expr.labels):
        raise ValueError("No data left to save outside partition columns")
    return keys


def _gathers(wanted: bool | None, append: bool, there: list[str], is_far: bool) -> bool:
    """Return whether all footers are written into one file."""
    had = any(os.path.basename(path) == "_metadata" for path in there)
    gathers = (append and had) if wanted is None else wanted
    if gathers and is_far:
        raise NotImplementedError("write_metadata_file=True at a URL: readers need no _metadata")
    return gathers


def _checked_compression(compression: Any) -> Any:
    named = compression.values() if isinstance(compression, dict) else [compression]
    for one in named:
        if one is not None and str(one).lower() not in _COMPRESSIONS:
            raise ValueError(f"compression {one!r} is none of {', '.join(_COMPRESSIONS)}")
    return "none" if compression is None else compression


def _there(folder: str, storage_options: Any) -> list[str]:
    """Return the Parquet files in a folder and the folders of values below it, and files of their footers."""
    if is_remote(folder):
        files, stripped = remote_files(folder, storage_options)
        files.invalidate_cache()
        found = (
            [files.unstrip_protocol(one) for one in files.find(stripped)] if files.exists(stripped) else []
        )
    else:
        found = []
        for where, folders, names in os.walk(folder):
            folders[:] = sorted(one for one in folders if "=" in one and one[0] not in "._")
            found += [os.path.join(where, name) for name in sorted(names)]
    return [
        path
        for path in found
        if (path.endswith(_SUFFIXES) and os.path.basename(path)[0] not in "._")
        or os.path.basename(path) in ("_metadata", "_common_metadata")
    ]


def _first_number(there: list[str]) -> int:
    """Return the number of the first file that is appended."""
    files = [os.path.basename(path) for path in there if path.endswith(_SUFFIXES)]
    numbers = [int(found[-1]) for name in files if (found := re.findall(r"\d+", name))]
    return max([len(set(files)) - 1, *numbers], default=-1) + 1


def _names(npartitions: int, name_function: Any, first: int) -> list[str]:
    if name_function is None:
        return [f"part.{number}.parquet" for number in range(first, first + npartitions)]
    if not callable(name_function):
        raise ValueError("``name_function`` must be a callable with one argument.")
    names = [name_function(number) for number in range(first, first + npartitions)]
    if len(set(names)) != len(names):
        raise ValueError("``name_function`` must produce unique names.")
    return names


def _removed(
    folder: str, there: list[str], names: list[str], keys: list[Any], append: bool, overwrite: bool
) -> list[str]:
    """Return the files that go when all has been written; those that would be read with it are an error."""
    footers = [path for path in there if not path.endswith(_SUFFIXES)]
    if append:
        return footers
    replaced = {f"{folder}/{name}" for name in names} if not keys else set()
    others = [
        path for path in there if path.endswith(_SUFFIXES) and path.replace(os.sep, "/") not in replaced
    ]
    if overwrite:
        return others + footers
    if others:
        raise ValueError(
            f"{folder} has other Parquet files, such as {os.path.basename(others[0])!r}, which would be read "
            "with those that are written: pass overwrite=True to replace all, or append=True to add to them"
        )
    return footers


def _options(
    df: Any, schema: Any, metadata: Any, keywords: dict[str, Any], storage_options: Any, index: bool
) -> dict[str, Any] | None:
    """Return what only pyarrow's writer does; None where there is nothing."""
    found: dict[str, Any] = {}
    if schema is not None and not (isinstance(schema, str) and schema == "infer"):
        import pyarrow as pa

        if not isinstance(schema, (dict, pa.Schema)):
            raise TypeError(f"schema must be 'infer', None, a dict or a pyarrow.Schema, found {schema!r}")
        names = list(schema) if isinstance(schema, dict) else schema.names
        known = set(pa.Schema.from_pandas(df._meta, preserve_index=index).names)
        unknown = [name for name in names if name not in known]
        if unknown:
            raise ValueError(f"schema has columns that the dataframe has not: {unknown}")
        found["schema"] = schema
    if metadata:
        if b"pandas" in metadata or "pandas" in metadata:
            raise ValueError("custom_metadata cannot have the key 'pandas', which says how the frame is read")
        found["metadata"] = dict(metadata)
    if keywords:
        found["keywords"] = dict(keywords)
    if storage_options:
        found["storage_options"] = dict(storage_options)
    return found or None


def _check_append(df: Any, there: list[str], keys: list[Any], index: bool) -> None:
    """Look whether the files that are there have the same columns."""
    files = [path for path in there if path.endswith(_SUFFIXES)]
    if not files:
        return
    # The folders say the values of the keys.
    known = read_parquet(files, index=None if index else False)._meta.drop(columns=keys, errors="ignore")
    meta = df._meta.drop(columns=keys)
    old, new = list(known.columns), list(meta.columns)
    if sorted(map(str, old)) != sorted(map(str, new)):
        raise ValueError(f"Appended columns not the same.\nPrevious: {old} | New: {new}")
    differs = [name for name in new if str(known[name].dtype) != str(meta[name].dtype)]
    if differs:
        told = {name: (str(known[name].dtype), str(meta[name].dtype)) for name in differs}
        raise ValueError(f"Appended dtypes differ.\n(previous, new) by column: {told}")


# ---- text ----


def _text_files(
    frame: Any,
    filename: Any,
    suffix: str,
    name_function: Any,
    compression: Any,
    single: bool,
) -> tuple[list[str], list[str], list[tuple[StagedFolder, str]], str | None]:
    """Return where partitions are written, where they belong, by folder, and how they are compressed."""
    if single:
        if not isinstance(filename, (str, os.PathLike)):
            raise TypeError(f"single_file=True needs one path, found {type(filename).__name__}")
        target = anchored(os.fspath(filename))
        where = tempfile.gettempdir() if is_remote(target) else os.path.dirname(target)
        staged = StagedFolder(where)
        paths = [f"{os.fspath(staged)}/{number:09}" for number in range(frame.npartitions)]
        return paths, [target], [(staged, where)], compression_of(target, compression)
    places = targets(filename, frame.npartitions, name_function, suffix)
    folders: dict[str, StagedFolder] = {}
    paths = []
    for place in places:
        if is_remote(place):
            paths.append(place)
            continue
        where, name = os.path.split(place)
        if where not in folders:
            folders[where] = StagedFolder(where)
        paths.append(os.path.join(folders[where], name))
    pairs = [(staged, where) for where, staged in folders.items()]
    return paths, places, pairs, compression_of(places[0], compression)


def to_csv(
    df: Any,
    filename: Any,
    single_file: bool = False,
    encoding: str = "utf-8",
    mode: str = "wt",
    name_function: Callable[[int], Any] | None = None,
    compression: Any = None,
    compute: bool = True,
    scheduler: Any = None,
    storage_options: Any = None,
    header_first_partition_only: bool | None = None,
    compute_kwargs: Any = None,
    **kwargs: Any,
) -> Any:
    """Write a frame or series as CSV, a file of each partition; see `DataFrame.to_csv`.

    Parameters
    ----------
    df : DataFrame or Series
        The frame.
    filename, single_file, encoding, mode, name_function, compression, compute, scheduler, storage_options, \
header_first_partition_only, compute_kwargs, **kwargs
        As there.

    Returns
    -------
    list of str or Delayed
        The paths.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> import raskt.dataframe as rd
    >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2]}), npartitions=2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     paths = rd.to_csv(df, f"{folder}/*.csv", index=False)
    ...     [pd.read_csv(path).x.tolist() for path in paths]
    [[1], [2]]
    """
    if single_file and name_function is not None:
        raise ValueError("name_function is not supported under the single file mode")
    if header_first_partition_only is None:
        header_first_partition_only = single_file
    elif not header_first_partition_only and single_file:
        raise ValueError("header_first_partition_only cannot be False in the single file mode.")
    if single_file and len("".encode(encoding)) > 0:
        raise NotImplementedError(
            f"single_file=True with encoding={encoding!r}, whose parts begin with a mark: name the byte order"
        )
    kind = mode.rstrip("bt+") or "w"
    if kind not in ("w", "a", "x"):
        raise ValueError(f"mode {mode!r} is none of 'w', 'a' and 'x'")
    paths, places, folders, packed = _text_files(
        df, filename, ".part", name_function, compression, single_file
    )
    there = [place for place in places if not is_remote(place) and os.path.exists(place)]
    if kind == "x" and there:
        raise FileExistsError(17, "mode='x', and there is a file", there[0])
    if kind == "a" and any(is_remote(place) for place in places):
        raise NotImplementedError("mode='a' at a URL: write other files beside those that are there")
    header = kwargs.pop("header", True)
    shared = {
        "compression": packed,
        "encoding": encoding,
        "storage_options": kept(storage_options),
        "keywords": kept(kwargs),
    }
    later = False if header_first_partition_only else header
    parts = [{"path": path, "header": kept(header if at == 0 else later)} for at, path in enumerate(paths)]
    parameters = {
        "format": "csv",
        "writer": "raskt.dataframe._writers.csv",
        "shared": shared,
        "parts": parts,
    }
    plan = {
        "folders": folders,
        "single": places[0] if single_file else None,
        "appends": kind == "a",
        "storage_options": storage_options,
        "result": places,
    }
    keywords = dict(compute_kwargs or {})
    if scheduler is not None:
        keywords["scheduler"] = scheduler
    return run_write(df, "write", parameters, plan, compute, keywords)


def to_json(
    df: Any,
    url_path: Any,
    orient: str = "records",
    lines: bool | None = None,
    storage_options: Any = None,
    compute: bool = True,
    encoding: str = "utf-8",
    errors: str = "strict",
    compression: Any = None,
    compute_kwargs: Any = None,
    name_function: Callable[[int], Any] | None = None,
    **kwargs: Any,
) -> Any:
    r"""Write a frame or series as JSON, a file of each partition; see `DataFrame.to_json`.

    Parameters
    ----------
    df : DataFrame or Series
        The frame.
    url_path, orient, lines, storage_options, compute, encoding, errors, compression, compute_kwargs, \
name_function, **kwargs
        As there.

    Returns
    -------
    list of str or Delayed
        The paths.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> import raskt.dataframe as rd
    >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2]}), npartitions=2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     paths = rd.to_json(df, f"{folder}/*.json")
    ...     [open(path).read() for path in paths]
    ['{"x":1}\n', '{"x":2}\n']
    """
    lines = orient == "records" if lines is None else lines
    if lines and orient != "records":
        raise ValueError("Line-delimited JSON is only available with orient='records'.")
    paths, places, folders, packed = _text_files(df, url_path, ".part", name_function, compression, False)
    shared = {
        "compression": packed,
        "encoding": encoding,
        "errors": errors,
        "storage_options": kept(storage_options),
        "keywords": kept({"orient": orient, "lines": lines, **kwargs}),
    }
    parameters = {
        "format": "json",
        "writer": "raskt.dataframe._writers.json",
        "shared": shared,
        "parts": [{"path": path} for path in paths],
    }
    plan = {"folders": folders, "appends": False, "storage_options": storage_options, "result": places}
    return run_write(df, "write", parameters, plan, compute, dict(compute_kwargs or {}))
