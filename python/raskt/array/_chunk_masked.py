"""What is done with masked blocks where NumPy's functions would take the masks off: for tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__: list[str] = []

Block = Any


def has_masked(blocks: Iterable[Block]) -> bool:
    """Return whether some of the blocks are masked."""
    return any(isinstance(block, np.ma.MaskedArray) for block in blocks)


def sum_of_products(product: Callable[..., Block], factors: Iterable[Sequence[Block]]) -> Block:
    """Return the sum of products of blocks as `numpy.ma.dot` has it.

    Masked elements count as zero; the sum is masked where no product has two elements that are there.
    """
    total: Any = None
    counts: Any = None
    for blocks in factors:
        own = product(*(np.ma.filled(block, 0) for block in blocks))
        there = product(*((~np.ma.getmaskarray(block)).astype(np.intp) for block in blocks))
        total = own if total is None else total + own
        counts = there if counts is None else counts + there
    return np.ma.masked_array(total, mask=counts == 0)


def overlay(parts: Sequence[Block], joined: Callable[[list[Block]], Block]) -> Block:
    """Return arrays of which each element is zero, and not masked, in all but one as one.

    ``joined`` does so with arrays without masks.
    """
    data = joined([np.ma.getdata(part) for part in parts])
    mask = np.logical_or.reduce([np.ma.getmaskarray(part) for part in parts])
    fill_value = next(part.fill_value for part in parts if isinstance(part, np.ma.MaskedArray))
    return np.ma.masked_array(data, mask=mask, fill_value=fill_value)


def median_of(block: Block, axes: Any, keepdims: bool) -> Block:
    """Return the medians of the elements that are not masked."""
    return np.ma.median(block, axis=tuple(axes), keepdims=keepdims)  # type: ignore[no-untyped-call]
