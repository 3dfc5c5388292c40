"""Raskt's dataframes in narwhals: what the entry point ``narwhals.plugins`` names.

A library that is written to narwhals takes a frame of `raskt.dataframe` as a lazy one. narwhals asks this
module about objects that it does not know; what works on frames is loaded when there is one.
"""

from __future__ import annotations

from typing import Any

from raskt._lazy import late

__all__ = ["NATIVE_PACKAGE", "is_native"]

_namespace_of: Any = late("raskt._narwhals", "RasktNamespace")

#: The package whose objects these are.
NATIVE_PACKAGE = "raskt"


def is_native(native_object: object, /) -> bool:
    """Return whether an object is a frame of `raskt.dataframe`.

    Parameters
    ----------
    native_object : object
        Any object.

    Returns
    -------
    bool

    Examples
    --------
    >>> import pandas as pd
    >>> import raskt.dataframe as rd
    >>> from raskt.narwhals import is_native
    >>> is_native(rd.from_pandas(pd.DataFrame({"x": [1]}), npartitions=1)), is_native(3)
    (True, False)
    """
    return getattr(getattr(native_object, "_expr", None), "kind", None) == "frame"


def __narwhals_namespace__(version: Any) -> Any:
    return _namespace_of(version=version)
