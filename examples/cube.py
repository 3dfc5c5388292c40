"""Delays of 2013 as a (day x hour x airport) cube of `raskt.array`, standardised, and airports correlated.

    python examples/cube.py [output folder]

The flights are the months that `flights.py` wrote. Each becomes a block of the cube: the mean arrival delay
of the flights to each of the busiest airports in each hour, not a number where there were none. What follows
is written as for NumPy; nothing is computed before `compute`.
"""

from __future__ import annotations

import calendar
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import raskt.array as ra
from flights import MONTHS, source, split
from raskt import compute, delayed

N_AIRPORTS = 10


def read(file: Path) -> pd.DataFrame:
    """Read a month; flights that never arrived are left out."""
    flights = pd.read_csv(file, usecols=["day", "hour", "dest", "arr_delay"], dtype={"dest": "str"})
    return flights[flights["arr_delay"].notna()]


def flights_to(flights: pd.DataFrame) -> pd.Series:
    """How many flights went to each airport."""
    return flights["dest"].value_counts()


def busiest(counts: list[pd.Series]) -> list[str]:
    """The airports with the most flights in all months."""
    return list(pd.concat(counts).groupby(level=0).sum().nlargest(N_AIRPORTS).index)


def block(flights: pd.DataFrame, n_days: int, airports: list[str]) -> np.ndarray:
    """A month of the cube: mean delay by day, hour and airport."""
    cube = np.full((n_days, 24, len(airports)), np.nan)
    for at, airport in enumerate(airports):
        means = flights[flights["dest"] == airport].groupby(["day", "hour"])["arr_delay"].mean()
        days, hours = means.index.get_level_values("day"), means.index.get_level_values("hour")
        cube[days - 1, hours, at] = means.to_numpy()
    return cube


def delays(folder: Path) -> tuple[ra.Array, list[str]]:
    """The cube, of which a block is a month, and the airports along its last axis."""
    months = [delayed(read)(file) for file in split(source(), folder / "flights")]
    airports = delayed(busiest)([delayed(flights_to)(month) for month in months]).compute()

    blocks = []
    for number, flights in zip(MONTHS, months, strict=True):
        n_days = calendar.monthrange(2013, number)[1]
        value = delayed(block)(flights, n_days, airports)
        blocks.append(ra.from_delayed(value, shape=(n_days, 24, len(airports)), dtype="float64"))
    return ra.concatenate(blocks, axis=0), airports


def standardised(cube: ra.Array) -> ra.Array:
    """How unusual each delay is for its hour and airport."""
    return (cube - ra.nanmean(cube, axis=0)) / ra.nanstd(cube, axis=0)


def main(folder: Path) -> None:
    """Build the cube, standardise it, correlate the airports."""
    cube, airports = delays(folder)
    score = standardised(cube)
    by_day = ra.nanmean(score, axis=1)
    known = ~ra.isnan(by_day)
    filled = ra.where(known, by_day, 0.0)
    products = filled.T @ filled / (known.astype("float64").T @ known.astype("float64"))
    spread = ra.sqrt(ra.diagonal(products))
    correlation = products / spread[:, None] / spread[None, :]

    picture = folder / "cube.svg"
    correlation.visualize(filename=str(picture))
    mean_delays = ra.nanmean(cube, axis=(0, 1))
    table, minutes, worst_day = compute(correlation, mean_delays, by_day.mean(axis=1).argmax())

    print(f"\n{cube}\n")
    frame = pd.DataFrame(table, index=airports, columns=airports).round(2)
    frame.insert(0, "mean delay", minutes.round(1))
    print("Arrival delays: mean in minutes, and how unusual days at two airports go together (correlation)")
    print(frame.to_string(), "\n")
    first = pd.Timestamp("2013-01-01")
    print(f"The most unusual day: {(first + pd.Timedelta(days=int(worst_day))).date()}")
    print(f"The graph: {picture}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "demo-output"))
