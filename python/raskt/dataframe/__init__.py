"""pandas' dataframes, cut into partitions: lazy, larger than memory, on all cores.

Names are loaded when they are first used.
"""

from __future__ import annotations

from raskt._lazy import finder

_HOMES = {
    "arrays": "from_array from_dask_array to_records",
    "concatenation": "concat",
    "conversion": "from_delayed from_dict from_map from_pandas",
    "core": "DataFrame Index Scalar Series",
    "hdf": "read_hdf to_hdf",
    "interchange": "from_arrow from_dask from_polars to_bag",
    "json_text": "read_json",
    "mapping": "map_partitions",
    "merging": "merge",
    "_partitions": "repartition",
    "aggregation": "Aggregation",
    "asof": "merge_asof",
    "orc": "read_orc to_orc",
    "parsing": "isna to_datetime to_numeric to_timedelta",
    "reading": "read_parquet",
    "reshaping": "get_dummies melt pivot_table",
    "databases": "read_sql read_sql_query read_sql_table to_sql",
    "querying": "sql",
    "text": "read_csv read_fwf read_table",
    "windows": "map_overlap",
    "writing": "to_csv to_json to_parquet",
}
_HOME = {name: f"raskt.dataframe.{home}" for home, names in _HOMES.items() for name in names.split()}
_HOME |= {
    "compute": "raskt.base",
    "persist": "raskt.base",
    "optimize": "raskt.base",
    "visualize": "raskt._visualize",
}

__all__ = sorted(_HOME)

__getattr__ = finder("raskt.dataframe", _HOME)


def __dir__() -> list[str]:
    return __all__
