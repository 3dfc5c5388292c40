"""What dataframes, series, indices and scalars share: an expression, and how it is computed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from raskt import _raskt
from raskt._convert import convert
from raskt._dask.mixin import SpeaksDask
from raskt._lazy import late, late_module
from raskt.base import compute
from raskt.collection import CollectionMethods
from raskt.dataframe._op import frame_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from raskt._raskt import Delayed, FrameExpr

__all__ = ["Frame"]

text_of: Callable[[Any], str] = late("raskt.dataframe._repr", "text_of")
_partition: Any = late_module("raskt.dataframe._partition")
html_of: Callable[[Any], str] = late("raskt.dataframe._repr", "html_of")


class Frame(SpeaksDask, CollectionMethods):
    """What is to be computed: partitions that pandas would have as one object."""

    __slots__ = ("_expr", "_known_meta")
    _expr: FrameExpr
    _known_meta: Any

    __raskt_scheduler__ = "threads"

    @property
    def _meta(self) -> Any:
        """An object of pandas' like this one, without rows."""
        try:
            return self._known_meta
        except AttributeError:
            found = self._expr.prototype()
            object.__setattr__(self, "_known_meta", found)
            return found

    def _become(self, other: Any) -> None:
        """Be what another one is: assignment changes the object that the user holds."""
        object.__setattr__(self, "_expr", other._expr)
        if hasattr(self, "_known_meta"):
            object.__delattr__(self, "_known_meta")

    @property
    def npartitions(self) -> int:
        """The number of partitions."""
        return self._expr.n_partitions

    @property
    def divisions(self) -> tuple[Any, ...]:
        """The boundaries of the partitions: values of the index, one more than there are partitions.

        A partition has the rows from its boundary up to the next one, which it does not have; the last one
        has it. All are None where they are not known.
        """
        found = self._expr.divisions
        return (None,) * (self.npartitions + 1) if found is None else tuple(found)

    @property
    def known_divisions(self) -> bool:
        """Whether the boundaries of the partitions are known."""
        return self._expr.divisions is not None

    @property
    def _name(self) -> str:
        return self._expr.name

    def explain(self) -> str:
        """Return what becomes of it, as text: its expression, the rules that apply, its layers."""
        return self._expr.explain()

    def __repr__(self) -> str:
        return text_of(self)

    def _repr_html_(self) -> str:
        return html_of(self)

    # ---- a collection ----

    def __raskt_graph__(self) -> dict[Any, Any]:
        return {key: _raskt.frame_partition_task(key, self._expr, at) for at, key in enumerate(self._keys())}

    def __raskt_keys__(self) -> list[Any]:
        return self._keys()

    def _keys(self) -> list[Any]:
        name = self._expr.name
        return [(name, at) for at in range(self.npartitions)]

    def __raskt_postcompute__(self) -> tuple[Any, tuple[Any, ...]]:
        return _whole, ()

    def __raskt_postpersist__(self) -> tuple[Any, tuple[Any, ...]]:
        return _rebuilt, (self._expr,)

    def __raskt_tokenize__(self) -> str:
        return self._expr.token

    def __raskt_blocks__(self) -> list[Delayed]:
        """Return the partitions as delayed values."""
        return [_raskt.frame_delayed(self._expr, at, True) for at in range(self.npartitions)]

    def __raskt_delayed__(self, optimize_graph: bool = True) -> Delayed:
        """Return the delayed value of all of it: what `compute` asks for."""
        return _raskt.frame_delayed(self._expr, -1, optimize_graph)

    def __raskt_persist__(self, optimize_graph: bool = True) -> tuple[Delayed, Any]:
        """Return the delayed list of all partitions, and what makes a frame of it."""
        expr = self._expr

        def rebuild(partitions: list[Any]) -> Any:
            return frame_of(_raskt.frame_persisted(partitions, expr))

        return _raskt.frame_delayed(expr, -2, optimize_graph), rebuild

    def __reduce__(self) -> tuple[Any, ...]:
        return frame_of, (self._expr,)

    def __copy__(self) -> Self:
        copied: Self = frame_of(self._expr)
        return copied

    def __deepcopy__(self, memo: Any) -> Self:
        del memo
        return self.__copy__()

    def compute(self, **kwargs: Any) -> Any:
        """Compute it.

        Parameters
        ----------
        **kwargs
            As in `raskt.compute`.

        Returns
        -------
        object
            What pandas has: a ``DataFrame``, ``Series`` or ``Index``, or a scalar.

        Raises
        ------
        Exception
            What a task raises, with its key.

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 3]}), npartitions=2)
        >>> int(df.x.sum().compute())
        6
        """
        return compute(self, traverse=False, **kwargs)[0]

    def to_delayed(self, optimize_graph: bool = True) -> list[Delayed]:
        """Return the partitions as delayed values of pandas' objects.

        Parameters
        ----------
        optimize_graph : bool, optional
            Whether the expression is simplified before.

        Returns
        -------
        list of Delayed

        Examples
        --------
        >>> import pandas as pd
        >>> import raskt.dataframe as rd
        >>> df = rd.from_pandas(pd.DataFrame({"x": [1, 2, 3]}), npartitions=3)
        >>> [len(part.compute()) for part in df.to_delayed()]
        [1, 1, 1]
        """
        return [_raskt.frame_delayed(self._expr, at, optimize_graph) for at in range(self.npartitions)]


def _whole(partitions: list[Any]) -> Any:
    return _partition.whole(*partitions)


def _rebuilt(graph: Any, expr: FrameExpr, rename: Any = None) -> Any:
    """Return a frame on another graph with the same keys."""
    name = (rename or {}).get(expr.name, expr.name)
    keys = [(name, at) for at in range(expr.n_partitions)]
    values = [graph[key] for key in keys]
    if all(type(value).__module__.startswith("pandas") for value in values):
        return frame_of(_raskt.frame_persisted(values, expr))
    made = _raskt.frame_op("from_delayed", tuple(convert(graph, keys)), {"schema": expr.schema})
    return frame_of(made)
