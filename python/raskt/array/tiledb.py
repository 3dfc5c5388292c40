"""Arrays of TileDB: by its own library."""

from __future__ import annotations

from typing import Any, NoReturn

__all__ = ["from_tiledb", "to_tiledb"]


def _absent(name: str, instead: str) -> NoReturn:
    raise NotImplementedError(f"{name} is not there: {instead}")


def from_tiledb(uri: Any, *args: Any, **kwargs: Any) -> NoReturn:
    """Not there: open the array, and use `from_array`."""
    del uri, args, kwargs
    _absent("from_tiledb", "open the array with tiledb, and use from_array")


def to_tiledb(darray: Any, uri: Any, *args: Any, **kwargs: Any) -> NoReturn:
    """Not there: open the array, and use `store`."""
    del darray, uri, args, kwargs
    _absent("to_tiledb", "open the array with tiledb, and use store")
