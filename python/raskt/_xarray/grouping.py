"""Group-by with flox: sums and their like of groups, chunk by chunk; all else by flox's way for Dask."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from raskt._xarray.groups import KINDS, Groups
from raskt.array._base import is_array
from raskt.array.blockwise import blockwise
from raskt.array.conversion import from_array
from raskt.array.reductions import reduction
from raskt.array.searching import where
from raskt.array.shape import moveaxis

if TYPE_CHECKING:
    from collections.abc import Callable

    from raskt.array.core import Array

__all__ = ["adapt_flox"]


@functools.cache
def adapt_flox() -> None:
    """Tell flox which lazy arrays are not Dask's; calls after the first one do nothing."""
    import flox.dask

    flox.dask.dask_groupby_agg = _of_ours(flox.dask.dask_groupby_agg)
    flox.dask.dask_groupby_scan = _scan_of_ours(flox.dask.dask_groupby_scan)


def _of_ours(original: Callable[..., Any]) -> Callable[..., Any]:
    """Return flox's reduction of lazy arrays, for Raskt's too."""

    @functools.wraps(original)
    def dask_groupby_agg(array: Any, by: Any, **kwargs: Any) -> Any:
        if not (is_array(array) or is_array(by)):
            return original(array, by, **kwargs)
        found = _grouped(array, by, **kwargs)
        if found is not None:
            return found, (kwargs["expected_groups"],)
        result, groups = original(_as_dasks(array), _as_dasks(by), **kwargs)
        return from_array(result), tuple(from_array(x) if hasattr(x, "dask") else x for x in groups)

    return dask_groupby_agg


def _scan_of_ours(original: Callable[..., Any]) -> Callable[..., Any]:
    """Return flox's running sums of lazy arrays, for Raskt's too."""

    @functools.wraps(original)
    def dask_groupby_scan(array: Any, by: Any, *args: Any, **kwargs: Any) -> Any:
        found = original(_as_dasks(array), _as_dasks(by), *args, **kwargs)
        return from_array(found) if is_array(array) or is_array(by) else found

    return dask_groupby_scan


def _as_dasks(x: Any) -> Any:
    """Return an array of Dask's whose blocks are those of one of Raskt's."""
    if not is_array(x):
        return x
    import dask.array

    return dask.array.Array(x.__dask_graph__(), x.name, x.chunks, dtype=x.dtype, meta=x._meta)


def _grouped(
    array: Any,
    by: Any,
    agg: Any,
    expected_groups: Any,
    axis: tuple[int, ...],
    fill_value: Any = None,
    **_: Any,
) -> Array | None:
    """Return a reduction of groups, with an axis of groups at the end; None where flox is to do it."""
    name, skips = agg.name.removeprefix("nan"), agg.name.startswith("nan") or agg.name == "count"
    kind = {"count": "len", "mean": "sum"}.get(name, name)
    is_plain = isinstance(by, np.ndarray) and by.ndim == 1 and expected_groups is not None
    if not is_plain or array.dtype.kind not in "fiu" or kind not in KINDS:
        return None
    (along,) = axis
    final = np.dtype(agg.dtype["final"])
    keeps = kind in ("max", "min")
    dtype = final if kind == "len" else array.dtype if keeps else np.result_type(array, final)
    parts = _parts(array, by, along, Groups(len(expected_groups), along, kind, skips, dtype))
    found, counts = parts[0], parts[1]
    if name == "mean":
        found = found / counts
    least = max(agg.min_count, int(keeps or name == "mean"))
    if least:
        found = where(counts >= least, found, agg.fill_value[agg.name])
    is_there = np.bincount(by[by >= 0], minlength=len(expected_groups)) > 0
    if not is_there.all():
        # Groups without any element, not even a missing one.
        found = where(is_there.reshape(-1, *(1,) * (array.ndim - along - 1)), found, fill_value)
    return moveaxis(found.astype(final), along, -1)


def _parts(array: Array, by: Any, along: int, groups: Groups) -> Array:
    """Return what groups come to and how many elements they have, along a new axis in front."""
    codes = from_array(by, chunks=(array.chunks[along],))
    letters = tuple(range(array.ndim))
    parts = blockwise(
        groups.of_block,
        (-1, *letters),
        array,
        letters,
        codes,
        (along,),
        new_axes={-1: 2},
        adjust_chunks={along: groups.n},
        dtype=groups.wide,
    )
    return reduction(
        parts,
        chunk=_itself,
        combine=groups.of_parts,
        aggregate=groups.of_parts,
        axis=along + 1,
        keepdims=True,
        concatenate=False,
        output_size=groups.n,
        dtype=groups.wide,
    )


def _itself(block: Any, **_: Any) -> Any:
    return block
