"""Dask's address for helpers of those who build on Raskt; each lives in a module that says what it is about.

Libraries import these names from ``dask.utils``; nothing is defined here.
"""

from __future__ import annotations

from functools import cached_property

from raskt.containers import (
    concrete,
    deepmap,
    digit,
    ensure_bytes,
    ensure_dict,
    ensure_set,
    ensure_unicode,
    homogeneous_deepmap,
    insert,
    is_empty,
    iter_chunks,
    ndeepmap,
    ndimlist,
    unzip,
)
from raskt.dispatch import Dispatch
from raskt.functions import (
    IndexCallable,
    M,
    apply,
    derived_from,
    import_required,
    itemgetter,
    methodcaller,
    partial_by_order,
)
from raskt.inspection import (
    get_named_args,
    getargspec,
    has_keyword,
    is_arraylike,
    is_cupy_type,
    is_dataframe_like,
    is_index_like,
    is_integer,
    is_namedtuple_instance,
    is_series_like,
    takes_multiple_arguments,
)
from raskt.locks import SerializableLock, get_scheduler_lock
from raskt.naming import funcname, key_split, maybe_pluralize, natural_sort_key, typename
from raskt.temporary import changed_cwd, filetext, filetexts, tmp_cwd, tmpdir, tmpfile
from raskt.units import format_bytes, format_time, parse_bytes, parse_timedelta

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from raskt.array.chunking import cached_cumsum
    from raskt.array.random import random_state_data

__all__ = [
    "Dispatch",
    "IndexCallable",
    "M",
    "SerializableLock",
    "apply",
    "cached_cumsum",
    "cached_property",
    "changed_cwd",
    "concrete",
    "deepmap",
    "derived_from",
    "digit",
    "ensure_bytes",
    "ensure_dict",
    "ensure_set",
    "ensure_unicode",
    "filetext",
    "filetexts",
    "format_bytes",
    "format_time",
    "funcname",
    "get_named_args",
    "get_scheduler_lock",
    "getargspec",
    "has_keyword",
    "homogeneous_deepmap",
    "import_required",
    "insert",
    "is_arraylike",
    "is_cupy_type",
    "is_dataframe_like",
    "is_empty",
    "is_index_like",
    "is_integer",
    "is_namedtuple_instance",
    "is_series_like",
    "itemgetter",
    "iter_chunks",
    "key_split",
    "maybe_pluralize",
    "methodcaller",
    "natural_sort_key",
    "ndeepmap",
    "ndimlist",
    "parse_bytes",
    "parse_timedelta",
    "partial_by_order",
    "random_state_data",
    "takes_multiple_arguments",
    "tmp_cwd",
    "tmpdir",
    "tmpfile",
    "typename",
    "unzip",
]


def __getattr__(name: str) -> Any:
    # Those that need NumPy.
    if name == "cached_cumsum":
        from raskt.array.chunking import cached_cumsum

        return cached_cumsum
    if name == "random_state_data":
        from raskt.array.random import random_state_data

        return random_state_data
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
