"""What the namespace says of itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from raskt.array.spellings import check_device

__all__ = ["Info", "namespace_info"]

_KINDS = {
    "bool": ["bool"],
    "signed integer": ["int8", "int16", "int32", "int64"],
    "unsigned integer": ["uint8", "uint16", "uint32", "uint64"],
    "real floating": ["float32", "float64"],
    "complex floating": ["complex64", "complex128"],
}
_SEVERAL = {
    "integral": ["signed integer", "unsigned integer"],
    "numeric": ["signed integer", "unsigned integer", "real floating", "complex floating"],
}


class Info:
    """What the array API standard lets a program ask of a library.

    Examples
    --------
    >>> import raskt.array_api as xp
    >>> xp.__array_namespace_info__().default_device()
    'cpu'
    """

    def capabilities(self) -> dict[str, Any]:
        """Return what is there of what libraries may lack."""
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 64}

    def default_device(self) -> str:
        """Return the device on which arrays are."""
        return "cpu"

    def devices(self) -> list[str]:
        """Return all devices."""
        return ["cpu"]

    def default_dtypes(self, *, device: Any = None) -> dict[str, np.dtype[Any]]:
        """Return the dtypes of arrays made of Python's numbers."""
        check_device(device)
        return {
            "real floating": np.dtype(np.float64),
            "complex floating": np.dtype(np.complex128),
            "integral": np.dtype(np.int64),
            "indexing": np.dtype(np.intp),
        }

    def dtypes(self, *, device: Any = None, kind: Any = None) -> dict[str, np.dtype[Any]]:
        """Return the dtypes of the standard, all or those of some kinds."""
        check_device(device)
        asked = list(_KINDS) if kind is None else [kind] if isinstance(kind, str) else list(kind)
        found: dict[str, np.dtype[Any]] = {}
        for one in asked:
            for own in _SEVERAL.get(one, [one]):
                if own not in _KINDS:
                    raise ValueError(f"unsupported kind: {own!r}")
                found |= {name: np.dtype(name) for name in _KINDS[own]}
        return found


def namespace_info() -> Info:
    """Return what the namespace says of itself."""
    return Info()
