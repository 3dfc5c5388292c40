"""Frames of GeoPandas are cut into partitions, and come out as such where pandas' methods keep them so."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
import raskt
import raskt.dataframe as rd

gpd = pytest.importorskip("geopandas")


@pytest.fixture
def places() -> Any:
    """Return points with numbers and names, one of them missing."""
    points = gpd.points_from_xy([0.0, 1.0, 2.0, 3.0, 4.0], [5.0, 4.0, 3.0, 2.0, 1.0])
    frame = gpd.GeoDataFrame({"n": range(5), "k": list("aabba")}, geometry=points, crs="EPSG:32632")
    frame.loc[1, "geometry"] = None
    return frame


_CASES: dict[str, Callable[[Any], Any]] = {
    "all": lambda d: d,
    "rows": lambda d: d[d.n > 1],
    "geometry": lambda d: d.geometry,
    "columns": lambda d: d[["n", "geometry"]],
    "assign": lambda d: d.assign(m=d.n + 1),
    "sorted": lambda d: d.sort_values("n", ascending=False),
    "missing": lambda d: d.geometry.isna(),
    "merged": lambda d: d.merge(pd.DataFrame({"k": ["a", "b"], "w": [1, 2]}), on="k").set_index("n"),
    "labels": lambda d: d.loc[1:3],
}


@pytest.mark.parametrize("name", _CASES)
def test_what_comes_out_is_of_geopandas(name: str, places: Any) -> None:
    expected = _CASES[name](places)
    found = _CASES[name](rd.from_pandas(places, npartitions=2)).compute()
    assert type(found) is type(expected)
    assert found.equals(expected)
    assert getattr(found, "crs", None) == getattr(expected, "crs", None)


@pytest.mark.parametrize("scheduler", ["sync", "threads", "processes"])
def test_methods_of_geopandas_are_called_on_partitions(scheduler: str, places: Any) -> None:
    df = rd.from_pandas(places, npartitions=2)
    areas = df.map_partitions(lambda part: part.buffer(1.0).area, meta=(None, "float64"))
    joined = df.map_partitions(gpd.sjoin, places[["geometry"]], predicate="intersects")
    with raskt.config.set(scheduler=scheduler):
        assert areas.compute().equals(places.buffer(1.0).area)
        assert len(joined.compute()) == len(gpd.sjoin(places, places[["geometry"]], predicate="intersects"))
        assert rd.concat([df, df]).n.sum().compute() == 20


def test_files_of_parquet_are_those_of_geopandas(places: Any, tmp_path: pathlib.Path) -> None:
    rd.from_pandas(places, npartitions=2).to_parquet(tmp_path / "out")
    back = gpd.read_parquet(tmp_path / "out")
    assert back.equals(places)
    assert back.crs == places.crs
    parts = sorted((tmp_path / "out").iterdir())
    read = rd.from_map(gpd.read_parquet, parts)
    assert type(read.compute()) is gpd.GeoDataFrame
    assert read.compute().equals(places)
    with pytest.raises(NotImplementedError, match=r"to_parquet\(custom_metadata=\) of a GeoDataFrame"):
        rd.from_pandas(places, npartitions=2).to_parquet(tmp_path / "other", custom_metadata={"a": "b"})
