"""Where results are put: ``out=``."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["into"]


def into(out: Any, found: Any) -> Any:
    """Put a result where ``out=`` says."""
    if isinstance(out, tuple):
        (out,) = out
    if out is None:
        return found
    if not hasattr(out, "_expr"):
        raise TypeError(f"out must be an array of this package, found {type(out).__name__}")
    if out.ndim != found.ndim or any(
        n == n and m == m and n != m for n, m in zip(out.shape, found.shape, strict=True)
    ):
        raise ValueError(f"out has shape {out.shape}, where the result has {found.shape}")
    if found._dtype is not None and not np.can_cast(found.dtype, out.dtype, casting="same_kind"):
        raise TypeError(
            f"Cannot cast output from {found.dtype!r} to {out.dtype!r} with casting rule 'same_kind'"
        )
    out._expr = (found if out.dtype == found.dtype else found.astype(out.dtype))._expr
    return out
