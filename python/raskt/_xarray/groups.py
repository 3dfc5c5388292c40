"""Sums, counts and their like of groups within one block: functions of NumPy's arrays."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

__all__ = ["KINDS", "Groups"]

KINDS: dict[str, np.ufunc] = {
    "sum": np.add,
    "len": np.add,
    "prod": np.multiply,
    "max": np.maximum,
    "min": np.minimum,
}
"""What joins two elements, or two partial results, of a group."""

_FEW_ROWS = 8
"""How many rows runs of one group have on average, at least, so that they are reduced one by one."""


class Groups(NamedTuple):
    """A reduction of groups along an axis.

    Parameters
    ----------
    n : int
        How many groups there are; their elements have the codes 0 to ``n - 1``, all others belong to none.
    along : int
        The axis.
    kind : str
        One of `KINDS`.
    skips : bool
        Whether NaN are left out.
    dtype : dtype
        The dtype of the result.
    """

    n: int
    along: int
    kind: str
    skips: bool
    dtype: np.dtype[Any]

    @property
    def wide(self) -> np.dtype[Any]:
        """The dtype of partial results, which holds numbers of elements, too."""
        return self.dtype if self.dtype.itemsize == 8 or self.dtype.kind == "f" else np.dtype(np.int64)

    def of_block(self, block: Any, codes: Any) -> Any:
        """Return what the groups of a block come to, and how many elements they have."""
        rows = np.moveaxis(block, self.along, 0)
        missing = np.isnan(rows) if self.skips and rows.dtype.kind == "f" else None
        if missing is not None and not missing.any():
            missing = None
        parts = np.empty((2, self.n, *rows.shape[1:]), self.wide)
        counts = self._counts(rows, codes, missing)
        parts[1] = counts
        parts[0] = counts if self.kind == "len" else self._values(rows, codes, missing)
        return np.moveaxis(parts, 1, self.along + 1)

    def of_parts(self, parts: Any, **_: Any) -> Any:
        """Return what partial results come to, which are nested lists."""
        first, *others = _flat(parts)
        found = first.copy()
        for part in others:
            KINDS[self.kind](found[0], part[0], out=found[0])
            np.add(found[1], part[1], out=found[1])
        return found

    def _counts(self, rows: Any, codes: Any, missing: Any) -> Any:
        if missing is None:
            counts = np.bincount(codes[codes >= 0], minlength=self.n)
            return counts.reshape(-1, *(1,) * (rows.ndim - 1))
        return self._joined(~missing, codes, np.add, np.dtype(np.int64), 0)

    def _values(self, rows: Any, codes: Any, missing: Any) -> Any:
        neutral = self._neutral()
        if missing is not None:
            rows = np.where(missing, np.asarray(neutral, rows.dtype), rows)
        return self._joined(rows, codes, KINDS[self.kind], self.dtype, neutral)

    def _neutral(self) -> Any:
        """Return what changes nothing."""
        if self.kind in ("sum", "prod"):
            return int(self.kind == "prod")
        least = self.kind == "max"
        if self.dtype.kind == "f":
            return -np.inf if least else np.inf
        limits = np.iinfo(self.dtype)
        return limits.min if least else limits.max

    def _joined(self, rows: Any, codes: Any, ufunc: np.ufunc, dtype: np.dtype[Any], neutral: Any) -> Any:
        """Return what joins the rows of each group; rows of one group that follow each other are one run."""
        found = np.full((self.n, *rows.shape[1:]), neutral, dtype)
        starts = _starts(codes)
        if len(codes) < _FEW_ROWS * len(starts):
            order = np.argsort(codes, kind="stable")
            rows, codes = rows[order], codes[order]
            starts = _starts(codes)
        for start, stop in zip(starts, [*starts[1:], len(codes)], strict=True):
            code = codes[start]
            if code >= 0:
                found[code] = ufunc(found[code], ufunc.reduce(rows[start:stop], axis=0, dtype=dtype))
        return found


def _starts(codes: Any) -> Any:
    """Return where runs of the same number begin."""
    return np.flatnonzero(
        np.concatenate([np.ones(min(len(codes), 1), bool), codes[1:] != codes[:-1]])
    ).tolist()


def _flat(parts: Any) -> Any:
    for part in parts if isinstance(parts, list) else [parts]:
        yield from _flat(part) if isinstance(part, list) else (part,)
