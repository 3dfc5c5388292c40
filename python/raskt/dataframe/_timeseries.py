"""A frame of made-up measurements over time."""

from __future__ import annotations

from typing import Any

from raskt.dataframe.conversion import from_map

__all__ = ["timeseries"]

_NAMES = (
    *("Ada", "Ben", "Carla", "Dev", "Elif", "Finn", "Grace", "Hugo", "Ines", "Jonas", "Kira", "Liam"),
    *("Mina", "Noor", "Otto", "Priya", "Quinn", "Rosa", "Sami", "Tove", "Uma", "Vera", "Wim", "Yara"),
)
_MEAN = 1000


def timeseries(
    start: str,
    end: str,
    freq: str,
    partition_freq: str,
    dtypes: dict[str, Any] | None,
    seed: int | None,
    parameters: dict[str, Any],
) -> Any:
    """Return the frame; see `raskt.datasets.timeseries`."""
    import numpy as np
    import pandas as pd

    kinds = {name: _kind(name, dtype) for name, dtype in (dtypes or _default()).items()}
    means = _means(kinds, parameters)
    bounds = list(pd.date_range(start=start, end=end, freq=partition_freq))
    if len(bounds) < 2:
        raise ValueError(f"from {start} to {end} there is no whole partition of {partition_freq}")
    seeds = np.random.SeedSequence(seed).generate_state(len(bounds) - 1)
    makes = _Partition(kinds, means, freq)
    like = makes(bounds[0], bounds[0], 0)
    return from_map(
        makes, bounds[:-1], bounds[1:], seeds.tolist(), meta=like, divisions=tuple(bounds), label="timeseries"
    )


def _default() -> dict[str, Any]:
    return {"name": str, "id": int, "x": float, "y": float}


def _kind(name: str, dtype: Any) -> str:
    """Return the name of a dtype, as pandas has it."""
    import pandas as pd

    if dtype in (str, "str", object):
        return "str"
    kind = str(pd.api.types.pandas_dtype(dtype))
    if kind not in ("category", "bool", "string") and pd.api.types.pandas_dtype(dtype).kind not in "iuf":
        raise TypeError(f"column {name!r} of dtype {kind}: there are numbers, truth values, text, categories")
    return kind


def _means(kinds: dict[str, str], parameters: dict[str, Any]) -> dict[str, float]:
    """Return the means of columns of integers, which keywords ``<column>_lam`` say."""
    means = {}
    for key, value in parameters.items():
        name = key.removesuffix("_lam")
        if name == key or not kinds.get(name, "").lower().startswith(("int", "uint")):
            raise TypeError(
                f"timeseries does not know the keyword {key!r}: <column>_lam is the mean of integers"
            )
        means[name] = float(value)
    return means


class _Partition:
    """Makes the rows between two times."""

    def __init__(self, kinds: dict[str, str], means: dict[str, float], freq: str) -> None:
        self.kinds, self.means, self.freq = kinds, means, freq

    def __call__(self, start: Any, end: Any, seed: int) -> Any:
        import numpy as np
        import pandas as pd

        index: Any = pd.date_range(start=start, end=end, freq=self.freq, inclusive="left", name="timestamp")
        draw = np.random.Generator(np.random.PCG64(seed))
        n = len(index)
        names: Any = np.array(_NAMES, dtype=object)
        columns: dict[str, Any] = {}
        for name, kind in self.kinds.items():
            values: Any
            if kind in ("str", "string"):
                values = names[draw.integers(len(_NAMES), size=n)]
            elif kind == "category":
                values = pd.Categorical.from_codes(draw.integers(len(_NAMES), size=n), categories=names)
            elif kind == "bool":
                values = draw.random(n) < 0.5
            elif kind.startswith(("float", "Float")):
                values = draw.uniform(-1, 1, n)
            else:
                values = draw.poisson(self.means.get(name, _MEAN), n)
            columns[name] = values
        return pd.DataFrame(columns, index=pd.Index(index.to_numpy(), name=index.name)).astype(self.kinds)
