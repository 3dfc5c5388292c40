"""The page of pandas' names, ``docs/dataframe-names.md``, is what classes have; ``RASKT_WRITE=1`` writes it.

A name is native where a call of it runs without pandas, which is looked at here for each that is said to be.
"""

from __future__ import annotations

import inspect
import os
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
import pytest
import raskt.dataframe as rd
from raskt.dataframe._group_methods import FrameGroupMethods, GroupMethods, SeriesGroupMethods
from raskt.dataframe._group_shuffle import OF_GROUPS, WINDOWS
from raskt.dataframe._whole_methods import FrameWholes, SeriesWholes, Wholes
from raskt.dataframe.windows import Expanding, ExponentialMovingWindow, Rolling

PAGE = pathlib.Path(__file__).parents[3] / "docs" / "dataframe-names.md"
#: The pandas whose names the page has.
VERSION = "3.1"

_ROWS = pd.DataFrame(
    {
        "f": [0.5, None, 1.5],
        "i": [3, 1, 2],
        "s": ["a", None, "b"],
        "b": [True, False, True],
        "t": pd.to_datetime(["2013-01-01", None, "2014-01-01"]),
        "d": pd.to_timedelta([1, None, 2], unit="D"),
        "c": pd.Categorical(["x", "y", "x"]),
    },
    index=pd.date_range("2013-01-01", periods=3),
)
_OPERATORS = [
    "add",
    "sub",
    "mul",
    "div",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "radd",
    "rsub",
    "rmul",
    "rtruediv",
    "rdiv",
    "multiply",
    "subtract",
    "divide",
]
_REDUCTIONS = ["sum", "prod", "product", "min", "max", "count", "mean", "var", "std", "any", "all"]
_BY_GROUP = [name for name in _REDUCTIONS if name != "product"] + ["first", "last", "nunique", "sem", "size"]
#: What looks at rows before and behind.
_BESIDE = ["bfill", "cummax", "cummin", "cumprod", "cumsum", "diff", "ffill", "shift"]
_FIELDS = (
    "day day_of_week day_of_year dayofweek dayofyear days_in_month daysinmonth hour is_leap_year "
    "is_month_end is_month_start is_quarter_end is_quarter_start is_year_end is_year_start "
    "microsecond minute month nanosecond quarter second weekday year"
)


def _named(names: list[str], call: Callable[[Any, str], Any]) -> dict[str, Callable[[Any], Any]]:
    return {name: lambda d, name=name: call(d, name) for name in names}


#: Calls that run natively, by section and name: of the frame above, cut into partitions.
NATIVE: dict[str, dict[str, Callable[[Any], Any]]] = {
    "DataFrame": {
        **_named(_BESIDE, lambda d, name: getattr(d[["f", "i"]], name)()),
        **_named(_REDUCTIONS, lambda d, name: getattr(d[["f", "i"]], name)()),
        **_named(_OPERATORS, lambda d, name: getattr(d[["f", "i"]], name)(2)),
        "abs": lambda d: d[["f", "i"]].abs(),
        "assign": lambda d: d.assign(new=d.f + 1),
        "astype": lambda d: d[["f", "i"]].astype("float64"),
        "clip": lambda d: d[["f", "i"]].clip(0, 1),
        "columns": lambda d: d,
        "copy": lambda d: d.copy(),
        "drop": lambda d: d.drop(columns="f"),
        "drop_duplicates": lambda d: d[["i", "s"]].drop_duplicates(),
        "fillna": lambda d: d[["f", "i"]].fillna(0.0),
        "filter": lambda d: d.filter(["f"]),
        "get": lambda d: d.get("f"),
        "groupby": lambda d: d.groupby("s").i.sum(),
        "index": lambda d: d.index,
        "isin": lambda d: d[["f", "i"]].isin([1]),
        "isna": lambda d: d[["f", "i"]].isna(),
        "isnull": lambda d: d[["f", "i"]].isnull(),
        "notna": lambda d: d[["f", "i"]].notna(),
        "notnull": lambda d: d[["f", "i"]].notnull(),
        "pop": lambda d: d.copy().pop("f"),
        "rank": lambda d: d[["f", "i", "s", "t"]].rank(),
        "reset_index": lambda d: d.reset_index(),
        "round": lambda d: d[["f", "i"]].round(1),
        "set_axis": lambda d: d[["f", "i"]].set_axis(["a", "b"], axis=1),
        "squeeze": lambda d: d[["f"]].squeeze(),
        "head": lambda d: d.head(2, compute=False),
        "join": lambda d: d[["i"]].join(d[["f"]]),
        "merge": lambda d: d[["i", "f"]].merge(d[["i", "s"]], on="i"),
        "nlargest": lambda d: d.nlargest(2, "i"),
        "nsmallest": lambda d: d.nsmallest(2, "i"),
        "rename": lambda d: d.rename(columns={"f": "g"}),
        "select_dtypes": lambda d: d.select_dtypes("number"),
        "set_index": lambda d: d[["i", "f"]].set_index("i"),
        "sort_index": lambda d: d.sort_index(),
        "sort_values": lambda d: d.sort_values("i"),
        "tail": lambda d: d.tail(2, compute=False),
    },
    "Series": {
        **_named(_BESIDE, lambda d, name: getattr(d.f, name)()),
        **_named(_REDUCTIONS, lambda d, name: getattr(d.f if name not in ("any", "all") else d.b, name)()),
        **_named(_OPERATORS, lambda d, name: getattr(d.f, name)(2)),
        "abs": lambda d: d.f.abs(),
        "astype": lambda d: d.i.astype("float64"),
        "between": lambda d: d.i.between(1, 2),
        "clip": lambda d: d.f.clip(0, 1),
        "copy": lambda d: d.f.copy(),
        "drop_duplicates": lambda d: d.i.drop_duplicates(),
        "fillna": lambda d: d.f.fillna(0.0),
        "head": lambda d: d.f.head(2, compute=False),
        "hasnans": lambda d: d.f.hasnans,
        "index": lambda d: d.f.index,
        "is_unique": lambda d: d.i.is_unique,
        "isin": lambda d: d.i.isin([1, 2]),
        "rank": lambda d: d.s.rank(),
        "reset_index": lambda d: d.f.reset_index(drop=True),
        "rfloordiv": lambda d: d.f.rfloordiv(2),
        "rmod": lambda d: d.f.rmod(2),
        "to_frame": lambda d: d.f.to_frame(),
        "isna": lambda d: d.f.isna(),
        "isnull": lambda d: d.f.isnull(),
        "mask": lambda d: d.f.mask(d.f > 1, 0.0),
        "nlargest": lambda d: d.i.nlargest(2),
        "notna": lambda d: d.f.notna(),
        "notnull": lambda d: d.f.notnull(),
        "nsmallest": lambda d: d.i.nsmallest(2),
        "nunique": lambda d: d.i.nunique(),
        "rename": lambda d: d.f.rename("g"),
        "round": lambda d: d.f.round(1),
        "sort_index": lambda d: d.f.sort_index(),
        "sort_values": lambda d: d.i.sort_values(),
        "tail": lambda d: d.f.tail(2, compute=False),
        "unique": lambda d: d.i.unique(),
        "value_counts": lambda d: d.i.value_counts(),
        "where": lambda d: d.f.where(d.f > 1, 0.0),
    },
    "Groups": _named(
        [*_BY_GROUP, *_BESIDE, "cumcount"], lambda d, name: getattr(d[["s", "i"]].groupby("s"), name)()
    ),
    "str": {
        "contains": lambda d: d.s.str.contains("a", regex=False),
        "endswith": lambda d: d.s.str.endswith("a"),
        "get": lambda d: d.s.str.get(0),
        "len": lambda d: d.s.str.len(),
        "lower": lambda d: d.s.str.lower(),
        "lstrip": lambda d: d.s.str.lstrip(),
        "replace": lambda d: d.s.str.replace("a", "b"),
        "rstrip": lambda d: d.s.str.rstrip(),
        "slice": lambda d: d.s.str.slice(0, 1),
        "startswith": lambda d: d.s.str.startswith("a"),
        "strip": lambda d: d.s.str.strip(),
        "upper": lambda d: d.s.str.upper(),
    },
    "Windows: rolling": _named(
        ["count", "max", "mean", "min", "std", "sum", "var"], lambda d, name: getattr(d.f.rolling(2), name)()
    ),
    "dt": {
        **_named(_FIELDS.split(), lambda d, name: getattr(d.t.dt, name)),
        "ceil": lambda d: d.t.dt.ceil("h"),
        "floor": lambda d: d.t.dt.floor("h"),
        "normalize": lambda d: d.t.dt.normalize(),
        "round": lambda d: d.t.dt.round("h"),
    },
    "dt of spans": {
        **_named(["days", "seconds", "microseconds", "nanoseconds"], lambda d, name: getattr(d.d.dt, name)),
        "total_seconds": lambda d: d.d.dt.total_seconds(),
    },
}

_PANDAS = "pandas, partition by partition"
_ALL = "pandas, all rows in one task"
_BY_KEYS = "pandas, rows of each group together"
_NOW = "computed when it is asked for"
_CARRIED = "pandas, with rows of neighbours"
_TREE = "pandas, partial results of partitions"
_BINS = "native, but for where bins begin"
_KNOWN = "known without computing"
#: What computes at once.
_AT_ONCE = [
    "plot",
    "hist",
    "boxplot",
    "to_numpy",
    "to_dict",
    "to_pickle",
    "to_list",
    "tolist",
    "item",
    "groups",
    "indices",
    "ngroups",
    "categories",
    "iterrows",
    "itertuples",
    "items",
]
_BY_NEIGHBOURS = [
    "rolling",
    "ffill",
    "bfill",
    "shift",
    "diff",
    "pct_change",
    "cumsum",
    "cumprod",
    "cummin",
    "cummax",
]
#: What is told by expressions, or by what the frame is made of.
_TOLD = [
    "axes",
    "columns",
    "dtype",
    "dtypes",
    "name",
    "names",
    "ndim",
    "nlevels",
    "keys",
    "sparse",
    "cat",
    "str",
    "dt",
    "list",
    "struct",
    "iloc",
    "loc",
    "at",
    "iat",
    "pipe",
    "ordered",
    "resample",
    "known",
]
_BY_TREE = [
    "agg",
    "aggregate",
    "corr",
    "cov",
    "autocorr",
    "idxmin",
    "idxmax",
    "memory_usage",
    "nbytes",
    "is_monotonic_increasing",
    "is_monotonic_decreasing",
    "asof",
    "first_valid_index",
    "last_valid_index",
    "skew",
    "kurt",
    "kurtosis",
    "sem",
]
_GATHERED = ["describe", "median", "quantile", "mode", "corrwith", "argmin", "argmax", "asfreq", "unstack"]
#: Of what needs all rows elsewhere, what does not.
_NOT_ALL = {"take", "iat", "at", "stack", "hist", "boxplot", "plot", "T", "transpose"}

_FILES = "compute() and pandas' own, or to_parquet and to_csv"
_COMPUTE = "compute() makes an object of pandas' that has it"
#: Why names are not there, and what is instead.
WHY: dict[str, str] = {
    **dict.fromkeys(
        [
            "to_excel",
            "to_feather",
            "to_stata",
            "to_xml",
            "to_clipboard",
            "to_latex",
            "to_markdown",
            "to_iceberg",
            "to_xarray",
        ],
        _FILES,
    ),
    **dict.fromkeys(["attrs", "flags", "set_flags"], "partitions have none"),
    **dict.fromkeys(["convert_dtypes", "infer_objects"], "dtypes would depend on values: astype"),
    **dict.fromkeys(
        [
            "adjust",
            "alpha",
            "com",
            "halflife",
            "ignore_na",
            "span",
            "times",
            "center",
            "closed",
            "exclusions",
            "method",
            "min_periods",
            "ndim",
            "obj",
            "on",
            "step",
            "win_type",
            "window",
        ],
        _COMPUTE,
    ),
    **dict.fromkeys(["ax", "binner"], _COMPUTE),
    "array": "to_numpy, or to_dask_array",
    "boxplot": "compute() of the frame, and pandas' groups",
    "compare": "which columns differ would depend on values: df != other",
    "corr": "of groups of frames",
    "corrwith": "apply",
    "cov": "of groups of frames",
    "dtype": "the dtype of the frame's column",
    "equals": "(df == other).all().all(), or compute()",
    "factorize": "astype('category').cat.codes",
    "freq": "pandas.infer_freq of what is computed",
    "from_arrow": "raskt.dataframe.from_arrow",
    "from_records": "raskt.dataframe.from_pandas of pandas' own",
    "get": "loc",
    "get_group": "loc",
    "groups": "resample(...).size()",
    "hist": "compute() of the frame, and pandas' groups",
    "indices": "resample(...).size()",
    "isetitem": "insert, assign",
    "ngroups": "len(resample(...).size())",
    "plot": "compute() of the frame, and pandas' groups",
    "pop": "drop",
    "searchsorted": "(s < value).sum()",
    "select": "[] with a list",
    "set_axis": "set_index",
    "str": "transform with a function of text",
    "style": _COMPUTE,
    # functions of the module
    "bdate_range": "pandas' own, and from_pandas",
    "crosstab": "groupby(...).size().unstack()",
    "cut": "map_partitions with the edges of bins",
    "eval": "DataFrame.eval",
    "from_dummies": "map_partitions",
    "json_normalize": "Bag.map and to_dataframe",
    "lreshape": "melt",
    "merge_ordered": "merge and sort_values",
    "qcut": "quantile, and map_partitions with the edges",
    "unique": "Series.unique",
    "wide_to_long": "melt",
    "read_clipboard": "pandas' own, and from_pandas",
    "read_excel": "from_map(pandas.read_excel, files)",
    "read_feather": "from_map(pandas.read_feather, files)",
    "read_html": "pandas' own, and from_pandas",
    "read_iceberg": "pandas' own, and from_pandas",
    "read_pickle": "from_map(pandas.read_pickle, files)",
    "read_sas": "from_map(pandas.read_sas, files)",
    "read_spss": "from_map(pandas.read_spss, files)",
    "read_stata": "from_map(pandas.read_stata, files)",
    "read_xml": "from_map(pandas.read_xml, files)",
    "online": "compute() and pandas' own",
    "pivot": "DataFrame.pivot",
    "isnull": "isna",
    "notna": "DataFrame.notna",
    "notnull": "DataFrame.notna",
    "to_pickle": "DataFrame.to_pickle",
}
#: Functions of pandas' module that are not about data.
_OTHER = [
    "array",
    "date_range",
    "describe_option",
    "get_option",
    "infer_freq",
    "interval_range",
    "option_context",
    "period_range",
    "reset_option",
    "set_eng_float_format",
    "set_option",
    "show_versions",
    "test",
    "timedelta_range",
    "col",
]


def _cut() -> Any:
    return rd.from_pandas(_ROWS, npartitions=2)


def _sections() -> Iterator[tuple[str, Any, Any, tuple[type, ...]]]:
    """Return the title of each section, an object of pandas', one of ours, and what needs all rows."""
    rows, df = _ROWS, _cut()
    yield "DataFrame", rows, df, (Wholes, FrameWholes)
    yield "Series", rows.f, df.f, (Wholes, SeriesWholes)
    yield "Index", rows.index, df.index, ()
    groups = (GroupMethods, FrameGroupMethods, SeriesGroupMethods)
    yield "Groups", rows.groupby("s"), df.groupby("s"), groups
    yield "Groups of a column", rows.groupby("s").f, df.groupby("s").f, groups
    yield "Windows: rolling", rows.f.rolling(2), df.f.rolling(2), ()
    yield "Windows: expanding", rows.f.expanding(), df.f.expanding(), (*Expanding.__mro__[:-1],)
    yield "Windows: ewm", rows.f.ewm(com=1), df.f.ewm(com=1), (*ExponentialMovingWindow.__mro__[:-1],)
    yield "Bins: resample", rows.f.resample("D"), df.f.resample("D"), ()
    yield "str", rows.s.str, df.s.str, ()
    yield "dt", rows.t.dt, df.t.dt, ()
    yield "dt of spans", rows.d.dt, df.d.dt, ()
    yield "cat", rows.c.cat, df.c.cat, ()


_BINS_OF_ALL = ["ffill", "bfill", "nearest", "asfreq", "interpolate", "apply", "transform"]


def _way(title: str, name: str, ours: Any, wholes: tuple[type, ...]) -> str:
    native = NATIVE.get("Groups" if title == "Groups of a column" else title, {})
    if name in native:
        return "native"
    if name in _AT_ONCE:
        return _NOW
    if name in _TOLD:
        return _KNOWN
    if title in ("DataFrame", "Series", "Index") and name in (*_BY_TREE, *_GATHERED):
        return _TREE if name in _BY_TREE else _ALL
    if isinstance(ours, Rolling):
        return _CARRIED
    if title.startswith("Groups") and (name in OF_GROUPS or name in WINDOWS):
        return _BY_KEYS
    owner = next((kind for kind in type(ours).__mro__ if name in vars(kind)), None)
    if (owner in wholes and name not in _NOT_ALL) or (title.startswith("Bins") and name in _BINS_OF_ALL):
        return _ALL
    if title.startswith("Groups") and name == "transform":
        return _ALL
    if title.startswith("Bins"):
        return _BINS
    if title == "DataFrame" and name in ("T", "transpose", "pivot_table"):
        return _ALL
    return _CARRIED if title in ("DataFrame", "Series") and name in _BY_NEIGHBOURS else _PANDAS


def _is_of_others(found: Any) -> bool:
    """Whether another library put it on pandas' class, as GeoPandas does when it is imported."""
    return str(getattr(found, "__module__", None)).startswith("geopandas")


def _rows_of(title: str, theirs: Any, ours: Any, wholes: tuple[type, ...]) -> Iterator[tuple[str, str, str]]:
    columns = set(_ROWS.columns)
    for name in sorted(dir(theirs), key=str.lower):
        if name[:1] == "_" or name in columns or _is_of_others(getattr(theirs, name, None)):
            continue
        if name in dir(ours) and name not in columns:
            yield name, _way(title, name, ours, wholes), ""
        else:
            yield name, "-", WHY.get(name, _COMPUTE if title == "Index" else "")


def _functions() -> Iterator[tuple[str, str, str]]:
    for name in sorted(dir(pd), key=str.lower):
        found = getattr(pd, name)
        if name[:1] == "_" or name in _OTHER or not inspect.isfunction(found):
            continue
        there = name in rd.__all__
        yield name, "yes" if there else "-", "" if there else WHY.get(name, "")


def _table(rows: Iterator[tuple[str, str, str]]) -> str:
    lines = ["| name | how | instead |", "|---|---|---|"]
    lines += [f"| `{name}` | {way} | {instead} |" for name, way, instead in rows]
    return "\n".join(lines)


_BEGINNING = f"""\
What Raskt's dataframes have of pandas {VERSION}'s. *Native* is what kernels do without the GIL, for the
dtypes and arguments that they know; pandas does the rest. What is not there says what to take
instead; keywords that are not there raise `NotImplementedError`, which names it too. A test writes
this page from the classes."""


def page() -> str:
    """Return the text of the page."""
    parts = ["# pandas' names", _BEGINNING]
    for title, theirs, ours, wholes in _sections():
        parts += [f"## {title}", _table(_rows_of(title, theirs, ours, wholes))]
    parts += ["## Functions", _table(_functions())]
    return "\n\n".join(parts) + "\n"


_IS_VERSION = pd.__version__.startswith(f"{VERSION}.")


@pytest.mark.skipif(not _IS_VERSION, reason=f"the page has the names of pandas {VERSION}")
def test_the_page_is_what_the_classes_have() -> None:
    text = page()
    if os.environ.get("RASKT_WRITE"):
        PAGE.write_text(text, "utf-8")
    assert PAGE.read_text("utf-8") == text


@pytest.mark.skipif(not _IS_VERSION, reason=f"the page has the names of pandas {VERSION}")
def test_what_is_not_there_says_why() -> None:
    missing = {
        (title, name)
        for title, theirs, ours, wholes in _sections()
        for name, way, instead in _rows_of(title, theirs, ours, wholes)
        if way == "-" and not instead
    }
    missing |= {("functions", name) for name, way, instead in _functions() if way == "-" and not instead}
    assert missing == set()


@pytest.mark.parametrize("section", NATIVE)
def test_what_is_said_to_be_native_runs_without_pandas(section: str) -> None:
    by_pandas = {}
    for name, call in NATIVE[section].items():
        text = call(_cut()).explain()
        tasks = text[text.index("expanded:") :]
        if "raskt.dataframe._partition" in tasks:
            by_pandas[name] = tasks
    assert by_pandas == {}
