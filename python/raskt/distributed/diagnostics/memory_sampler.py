"""How much memory a cluster takes, over time."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Any

from raskt.distributed import _measuring
from raskt.distributed.client import Client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    import pandas as pd

__all__ = ["MemorySampler"]

_MEASURES = ("process", "managed", "unmanaged")


class MemorySampler:
    """Samples how much memory the workers of a cluster take while something is computed.

    Examples
    --------
    >>> from raskt.distributed.diagnostics import MemorySampler
    >>> sampler = MemorySampler()
    >>> with sampler.sample("sorted"):  # doctest: +SKIP
    ...     frame.sort_values("x").compute()
    >>> sampler.to_pandas(align=True)  # doctest: +SKIP
    """

    def __init__(self) -> None:
        #: Pairs of a time and bytes, by the label of the block.
        self.samples: dict[str, list[tuple[float, int]]] = {}

    def sample(
        self,
        label: str | None = None,
        *,
        client: Any = None,
        measure: str = "process",
        interval: float = 0.5,
    ) -> Any:
        """Sample inside of a ``with`` block.

        Parameters
        ----------
        label : str, optional
            What the samples are called. Default: a text by their number.
        client : Client, optional
            Of which cluster. Default: the client in force. With an asynchronous one it is ``async with``.
        measure : {"process", "managed", "unmanaged"}, optional
            What processes of workers take, what the values take that they hold in memory, or the difference.
        interval : float, optional
            Seconds between two samples.

        Examples
        --------
        >>> with sampler.sample("sum", measure="managed"):  # doctest: +SKIP
        ...     x.sum().compute()
        """
        if measure not in _MEASURES:
            raise NotImplementedError(f"measure is one of {', '.join(_MEASURES)}; found {measure!r}")
        found: Any = Client.current() if client is None else client
        name = f"sample {len(self.samples)}" if label is None else label
        if name in self.samples:
            raise ValueError(f"there are samples called {name!r}")
        look = _look(found, measure)
        samples = self.samples[name] = []
        return (_sampled_async if found.asynchronous else _sampled)(look, samples, interval)

    def to_pandas(self, *, align: bool = False) -> pd.DataFrame:
        """Return the samples as a dataframe: a column for each label, by time.

        Parameters
        ----------
        align : bool, optional
            Whether times are since the first sample of each label.

        Returns
        -------
        pandas.DataFrame
        """
        import pandas as pd

        columns = {}
        for label, samples in self.samples.items():
            times = [at for at, _ in samples]
            values = [n_bytes for _, n_bytes in samples]
            if align:
                index: Any = pd.to_timedelta([at - times[0] for at in times], unit="s")
            else:
                index = pd.to_datetime(times, unit="s")
            columns[label] = pd.Series(values, index=index, dtype="float64")
        # Samples of blocks that overlap are taken at different moments.
        return pd.DataFrame(columns).ffill()

    def plot(self, *, align: bool = False, **kwargs: Any) -> Any:
        """Plot the samples, in GiB, by `pandas.DataFrame.plot`.

        Parameters
        ----------
        align : bool, optional
            Whether times are since the first sample of each label.
        **kwargs
            Of `pandas.DataFrame.plot`.
        """
        frame = self.to_pandas(align=align) / 2**30
        if align:
            frame.index = frame.index.total_seconds()  # type: ignore[attr-defined]
        kwargs = {"xlabel": "seconds" if align else "time", "ylabel": "memory of the cluster (GiB)", **kwargs}
        return frame.plot(**kwargs)


def _look(client: Any, measure: str) -> Callable[[], int]:
    """What returns the bytes of a moment."""
    core = client._core

    def look() -> int:
        workers = core.workers()
        managed = sum(worker["held_bytes"] for worker in workers)
        if measure == "managed":
            return int(managed)
        # Of workers that share a process one answers for all.
        places = {(w["host"], w["pid"]): (w["id"], w["address"]) for w in workers}
        outcomes = core.run(_measuring.process_bytes, (), None, list(places.values()))
        process = sum(outcome for is_value, outcome in outcomes if is_value)
        return int(process if measure == "process" else max(0, process - managed))

    return look


@contextlib.contextmanager
def _sampled(look: Callable[[], int], samples: list[tuple[float, int]], interval: float) -> Iterator[None]:
    is_over = threading.Event()

    def run() -> None:
        while not is_over.wait(interval):
            samples.append((time.time(), look()))

    samples.append((time.time(), look()))
    thread = threading.Thread(target=run, name="raskt-memory", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
        samples.append((time.time(), look()))


@contextlib.asynccontextmanager
async def _sampled_async(
    look: Callable[[], int], samples: list[tuple[float, int]], interval: float
) -> AsyncIterator[None]:
    import asyncio

    sampled = _sampled(look, samples, interval)
    await asyncio.to_thread(sampled.__enter__)
    try:
        yield
    finally:
        await asyncio.to_thread(sampled.__exit__, None, None, None)
