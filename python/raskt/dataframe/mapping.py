"""Functions of users on partitions, rows and values."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from raskt._kept import kept
from raskt.dataframe._metas import make_meta, meta_of_call, no_default
from raskt.dataframe._op import call, is_frame, method

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "apply_rows",
    "apply_values",
    "map_partitions",
    "map_ufunc",
    "map_values",
    "random_parts",
    "sampled",
    "series_of",
]


def map_partitions(
    func: Callable[..., Any],
    *args: Any,
    meta: Any = no_default,
    enforce_metadata: bool = True,
    transform_divisions: bool = True,
    clear_divisions: bool = False,
    align_dataframes: bool = False,
    **kwargs: Any,
) -> Any:
    """Call a function on every partition.

    Parameters
    ----------
    func : callable
        The function of partitions, which are objects of pandas'.
    *args, **kwargs
        Its arguments. Partitions stand in the places of frames: of as many partitions each, or of one.
    meta : object, optional
        What comes out: an object of pandas', names and dtypes, a dtype. Without it the function is called on
        the first rows, which are computed for that.
    enforce_metadata : bool, optional
        Whether what comes out of each partition is compared with ``meta``.
    transform_divisions : bool, optional
        Accepted for Dask's sake.
    clear_divisions : bool, optional
        Whether the index may be another one, so that divisions are not known any more.
    align_dataframes : bool, optional
        Accepted for Dask's sake: frames have to be cut alike.

    Returns
    -------
    DataFrame, Series or Index
        What the function returns for each partition; numbers become a series.

    Raises
    ------
    ValueError
        If frames have other numbers of partitions.
    TypeError
        If no argument is a frame; in tasks, if what comes out is not like ``meta``.

    Examples
    --------
    >>> import pandas as pd
    >>> import raskt.dataframe as rd
    >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 3]}), npartitions=2)
    >>> rd.map_partitions(lambda part: part.x * 2, df).compute().tolist()
    [2, 4, 6]
    """
    del transform_divisions, align_dataframes
    if not callable(func):
        raise TypeError(f"map_partitions needs a function, found {type(func).__name__}")
    frames = [arg for arg in (*args, *kwargs.values()) if is_frame(arg)]
    if not frames:
        raise TypeError("map_partitions needs a dataframe or series among its arguments")
    counts = {frame.npartitions for frame in frames} - {1}
    if len(counts) > 1:
        raise ValueError(f"map_partitions of frames of {sorted(counts)} partitions: repartition them alike")
    if meta is no_default or meta is None:
        meta = meta_of_call(func, args, kwargs)
        clear_divisions = clear_divisions or not _same_index(meta, frames[0])
    prototype = make_meta(meta, index=_index_of(frames[0]))
    # Of numbers becomes a series, with an index of its own.
    wraps = prototype.ndim == 1 and hasattr(prototype, "array") and not hasattr(prototype, "get_indexer")
    args, leads = _leading(args, frames)
    function = func if not (wraps or leads) else _Wrapped(func, wraps, leads)
    return call(function, args, kwargs, prototype, clears=clear_divisions, checks=enforce_metadata)


def _index_of(frame: Any) -> Any:
    meta = frame._meta
    return getattr(meta, "index", None)


def _same_index(meta: Any, frame: Any) -> bool:
    index = getattr(meta, "index", None)
    own = _index_of(frame)
    if index is None or own is None or not hasattr(index, "dtype"):
        return False
    return bool(index.dtype == own.dtype and list(index.names) == list(own.names))


def _leading(args: tuple[Any, ...], frames: list[Any]) -> tuple[tuple[Any, ...], bool]:
    """Return arguments of which the first is a frame: that one says how the result is cut."""
    widest = max(frames, key=lambda frame: frame.npartitions)
    if is_frame(args[0] if args else None) and args[0].npartitions == widest.npartitions:
        return args, False
    return (widest, *args), True


class _Wrapped:
    """A function whose numbers become series; ``leads``: its first argument is there for the cut alone."""

    def __init__(self, function: Callable[..., Any], wraps: bool, leads: bool) -> None:
        self.function, self.wraps, self.leads = kept(function), wraps, leads
        self.__name__ = getattr(function, "__name__", type(function).__name__)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        import pandas as pd

        found = self.function(*(args[1:] if self.leads else args), **kwargs)
        if self.wraps and not isinstance(found, (pd.DataFrame, pd.Series, pd.Index)):
            return pd.Series([found])
        return found


def map_ufunc(ufunc: Any, inputs: Any, kwargs: Any) -> Any:
    """Apply a function of NumPy's to partitions."""
    frames = [x for x in inputs if is_frame(x)]
    if any(hasattr(x, "__raskt_keys__") and not is_frame(x) for x in inputs):
        return NotImplemented
    if frames[0] is inputs[0] and len(inputs) == 1 and not kwargs and ufunc.__name__ == "absolute":
        return method(frames[0], "abs")
    prototypes = [x._meta if is_frame(x) else x for x in inputs]
    meta = ufunc(*prototypes, **kwargs)
    if ufunc.nout > 1:
        raise NotImplementedError(
            f"numpy.{ufunc.__name__} of a dataframe returns several: call it by map_partitions"
        )
    args, leads = _leading(tuple(inputs), frames)
    function = _Wrapped(ufunc, False, leads) if leads else ufunc
    return call(function, args, dict(kwargs), meta, clears=False, keeps=not leads, label=ufunc.__name__)


def _by_rows(frame: Any, func: Any, args: Any, result_type: Any, kwargs: Any, like: Any = None) -> Any:
    if like is not None and not len(frame):
        # Of no row pandas does not know what the function returns.
        return like.set_axis(frame.index)
    named = {} if result_type is None else {"result_type": result_type}
    return frame.apply(func, axis=1, args=tuple(args), **named, **kwargs)


def apply_rows(
    frame: Any, func: Any, axis: Any, args: Any, meta: Any, result_type: Any, kwargs: dict[str, Any]
) -> Any:
    """Call a function on every row of a frame."""
    if axis not in (1, "columns"):
        raise NotImplementedError(
            "apply of a function to whole columns (axis=0): use a reduction, or map_partitions with axis=1"
        )
    given = (frame, func, tuple(args), result_type, kwargs)
    if meta is None:
        meta = meta_of_call(_by_rows, given, {})
    prototype = make_meta(meta, index=_index_of(frame))
    return call(_by_rows, (*given, prototype), {}, prototype, clears=False, keeps=True, label="apply")


def _by_values(series: Any, func: Any, args: Any, kwargs: Any) -> Any:
    return series.apply(func, args=tuple(args), **kwargs)


def apply_values(series: Any, func: Any, args: Any, meta: Any, kwargs: dict[str, Any]) -> Any:
    """Call a function on every value of a series."""
    given = (series, func, tuple(args), kwargs)
    if meta is None:
        meta = meta_of_call(_by_values, given, {})
    prototype = make_meta(meta, index=_index_of(series))
    if getattr(prototype, "ndim", 0) == 1 and prototype.name is None:
        prototype = prototype.rename(series._meta.name)
    return call(_by_values, given, {}, prototype, clears=False, keeps=True, label="apply")


def _mapped(frame: Any, arg: Any, na_action: Any, kwargs: Any) -> Any:
    return frame.map(arg, na_action=na_action, **kwargs)


def map_values(frame: Any, arg: Any, na_action: Any, meta: Any, kwargs: dict[str, Any]) -> Any:
    """Put other values in the places of values: by a function, or by what stands for each."""
    given = (frame, arg, na_action, kwargs)
    if meta is None:
        meta = meta_of_call(_mapped, given, {})
    prototype = make_meta(meta, index=_index_of(frame))
    if getattr(prototype, "ndim", 0) == 1 and prototype.name is None:
        prototype = prototype.rename(frame._meta.name)
    return call(_mapped, given, {}, prototype, clears=False, keeps=True, label="map")


def random_parts(frame: Any, frac: Any, random_state: Any, shuffle: bool) -> list[Any]:
    """Return frames of which each row is in one, drawn at random by parts of the whole."""
    parts = [float(one) for one in frac]
    if not parts or abs(sum(parts) - 1) > 1e-9 or min(parts) < 0:
        raise ValueError(f"frac must be parts of the whole that are 1 together, found {frac!r}")
    seed = _seed(random_state)
    bounds = [sum(parts[:at]) for at in range(len(parts))] + [1.0]
    return [
        call(_Split(seed, low, high, shuffle), (frame,), {}, frame._meta, clears=False, label="random_split")
        for low, high in itertools.pairwise(bounds)
    ]


class _Split:
    """Takes the rows of a partition whose draws lie between two numbers, seeded as `_Sample` is."""

    def __init__(self, seed: int, low: float, high: float, shuffle: bool) -> None:
        self.seed, self.low, self.high, self.shuffle = seed, low, high, shuffle

    def __call__(self, part: Any) -> Any:
        state = _state(self.seed, part)
        draws = state.random_sample(len(part))
        found = part[(draws >= self.low) & (draws < self.high)]
        return found.sample(frac=1.0, random_state=state) if self.shuffle else found


def _seed(random_state: Any) -> int:
    """Return a seed: drawn from a generator, or at random where there is none."""
    import numpy as np

    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**31 - 1))
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31 - 1))
    return int(np.random.default_rng().integers(2**31 - 1)) if random_state is None else int(random_state)


def _state(seed: int, part: Any) -> Any:
    """Return a generator seeded by a seed and the labels of a partition."""
    import numpy as np
    import pandas as pd

    labels = pd.util.hash_pandas_object(part.index, index=False).to_numpy()
    mixed = int(np.bitwise_xor.reduce(labels)) if len(labels) else 0
    return np.random.RandomState(np.random.MT19937(np.random.SeedSequence([seed, mixed])))


def sampled(frame: Any, n: Any, frac: Any, replace: bool, random_state: Any) -> Any:
    """Return rows drawn at random from each partition."""
    if n is not None:
        raise NotImplementedError(
            "sample(n=): how many rows are drawn from each partition depends on all of them; use frac="
        )
    if frac is None:
        raise ValueError("sample needs frac=, the part of the rows that is drawn")
    if not replace and frac > 1:
        raise ValueError(f"frac must be 1 or less without replacement, found {frac!r}")
    return call(
        _Sample(frac, replace, _seed(random_state)), (frame,), {}, frame._meta, clears=False, label="sample"
    )


class _Sample:
    """Draws rows of a partition, seeded by its seed and the partition's labels: the draw can be repeated."""

    def __init__(self, frac: float, replace: bool, seed: int) -> None:
        self.frac, self.replace, self.seed = frac, replace, seed

    def __call__(self, part: Any) -> Any:
        return part.sample(frac=self.frac, replace=self.replace, random_state=_state(self.seed, part))


def _one_row(value: Any, index: Any) -> Any:
    import pandas as pd

    return pd.Series([value], index=[index])


def series_of(scalar: Any, index: Any) -> Any:
    """Return a series of one value that is to be computed."""
    return call(
        _one_row, (scalar, index), {}, _one_row(scalar._meta, index)[:0], clears=True, label="to_series"
    )
