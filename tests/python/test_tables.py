"""Objects of pandas' become tables of Arrow and come back as they were."""

import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from raskt import _raskt

pa = pytest.importorskip("pyarrow")


def same(x, y):
    kind = {pd.DataFrame: pd.testing.assert_frame_equal, pd.Series: pd.testing.assert_series_equal}
    kind.get(type(x), pd.testing.assert_index_equal)(x, y)


def there_and_back(x):
    table = _raskt.table_from_pandas(x)
    assert table is not None
    assert table.n_rows == len(x)
    return table.to_pandas()


FLOATS = st.floats(width=32) | st.just(float("nan"))
TEXTS = st.text(max_size=20) | st.none()
SECONDS = st.integers(-(10**9), 10**9) | st.none()


ARRAYS = {
    "int8": lambda n: st.lists(st.integers(-128, 127), min_size=n, max_size=n).map(
        lambda v: np.array(v, dtype="int8")
    ),
    "uint64": lambda n: st.lists(st.integers(0, 2**64 - 1), min_size=n, max_size=n).map(
        lambda v: np.array(v, dtype="uint64")
    ),
    "float64": lambda n: st.lists(FLOATS, min_size=n, max_size=n).map(lambda v: np.array(v, dtype="float64")),
    "float32": lambda n: st.lists(FLOATS, min_size=n, max_size=n).map(lambda v: np.array(v, dtype="float32")),
    "bool": lambda n: st.lists(st.booleans(), min_size=n, max_size=n).map(lambda v: np.array(v, dtype=bool)),
    "Int16": lambda n: st.lists(st.integers(-5, 5) | st.none(), min_size=n, max_size=n).map(
        lambda v: pd.array(v, dtype="Int16")
    ),
    "Float64": lambda n: st.lists(FLOATS | st.none(), min_size=n, max_size=n).map(
        lambda v: pd.array(v, dtype="Float64")
    ),
    "boolean": lambda n: st.lists(st.booleans() | st.none(), min_size=n, max_size=n).map(
        lambda v: pd.array(v, dtype="boolean")
    ),
    "str": lambda n: st.lists(TEXTS, min_size=n, max_size=n).map(lambda v: pd.array(v, dtype="str")),
    "string": lambda n: st.lists(TEXTS, min_size=n, max_size=n).map(lambda v: pd.array(v, dtype="string")),
    "datetime": lambda n: st.lists(SECONDS, min_size=n, max_size=n).map(
        lambda v: pd.to_datetime(pd.Series(v, dtype="Int64"), unit="s").astype("M8[ms]").array
    ),
    "zoned": lambda n: st.lists(SECONDS, min_size=n, max_size=n).map(
        lambda v: (
            pd.to_datetime(pd.Series(v, dtype="Int64"), unit="s", utc=True)
            .dt.tz_convert("Europe/Oslo")
            .dt.as_unit("ns")
            .array
        )
    ),
    "timedelta": lambda n: st.lists(SECONDS, min_size=n, max_size=n).map(
        lambda v: pd.to_timedelta(pd.Series(v, dtype="Int64"), unit="s").astype("m8[us]").array
    ),
    "category": lambda n: st.tuples(
        st.lists(st.sampled_from(["a", "b", None]), min_size=n, max_size=n), st.booleans()
    ).map(lambda v: pd.Categorical(v[0], categories=["b", "c", "a"], ordered=v[1])),
    "arrow": lambda n: st.lists(st.integers(-5, 5) | st.none(), min_size=n, max_size=n).map(
        lambda v: pd.array(v, dtype=pd.ArrowDtype(pa.int32()))
    ),
    "decimal": lambda n: st.lists(st.decimals(-99, 99, places=2), min_size=n, max_size=n).map(
        lambda v: pd.array(v, dtype=pd.ArrowDtype(pa.decimal128(12, 2)))
    ),
}

LABELS = (
    st.text(max_size=3)
    | st.integers(-3, 3)
    | st.tuples(st.text(max_size=2), st.integers(0, 2))
    | st.none()
    | st.booleans()
)


@st.composite
def indexes(draw, n):
    name = draw(LABELS)
    kind = draw(st.sampled_from(["range", "levels", *ARRAYS]))
    if kind == "range":
        start, step = draw(st.integers(-9, 9)), draw(st.sampled_from([-2, 1, 3]))
        return pd.RangeIndex(start, start + step * n, step, name=name)
    if kind == "levels":
        # pandas' comparison, too, takes a number for a name first.
        name = draw(st.text(max_size=3) | st.none())
        return pd.MultiIndex.from_arrays(
            [draw(ARRAYS["int8"](n)), draw(ARRAYS["str"](n))], names=[name, "second"]
        )
    return pd.Index(draw(ARRAYS[kind](n)), name=name)


@st.composite
def frames(draw):
    n = draw(st.integers(0, 6))
    kinds = draw(st.lists(st.sampled_from(sorted(ARRAYS)), max_size=5))
    index = draw(indexes(n))
    frame = pd.DataFrame({at: draw(ARRAYS[kind](n)) for at, kind in enumerate(kinds)}, index=index)
    labels = draw(st.lists(LABELS, min_size=len(kinds), max_size=len(kinds)))
    frame.columns = pd.Index(labels, name=draw(LABELS), tupleize_cols=False)
    return frame


@settings(max_examples=150)
@given(frames())
def test_frames_come_back_as_they_were(frame):
    back = there_and_back(frame)
    pd.testing.assert_frame_equal(back, frame)
    assert [type(label) for label in back.columns] == [type(label) for label in frame.columns]
    assert isinstance(back.index, pd.RangeIndex) == isinstance(frame.index, pd.RangeIndex)


@settings(max_examples=80)
@given(frames(), st.integers(0, 4))
def test_series_and_indexes_come_back_as_they_were(frame, at):
    same(there_and_back(frame.index), frame.index)
    if frame.shape[1]:
        series = frame.iloc[:, at % frame.shape[1]]
        same(there_and_back(series), series)


@settings(max_examples=50)
@given(frames(), st.sampled_from([2, 5]))
def test_tables_are_pickled(frame, protocol):
    table = pickle.loads(pickle.dumps(_raskt.table_from_pandas(frame), protocol=protocol))
    pd.testing.assert_frame_equal(table.to_pandas(), frame)


@pytest.mark.parametrize(
    "values",
    [
        [object()],
        pd.period_range("2020", periods=2),
        pd.interval_range(0, 2),
        np.array([1j]),
        pd.array([0.0, 1.0], dtype="Sparse[float64]"),
        pd.array(["a"], dtype=pd.StringDtype("python", na_value=np.nan)),
        pd.Categorical(pd.period_range("2020", periods=2)),
    ],
)
def test_what_arrow_cannot_hold_is_no_table(values):
    assert _raskt.table_from_pandas(pd.Series(values)) is None
    assert _raskt.table_from_pandas(pd.DataFrame({"x": [1] * len(values)}, index=pd.Index(values))) is None


def test_numbers_of_a_table_are_not_copied_and_cannot_be_written():
    table = _raskt.table_from_pandas(pd.DataFrame({"x": [1.0, 2.0], "t": pd.to_datetime(["2020", "2021"])}))
    for name in ["x", "t"]:
        one, other = (table.to_pandas()[name].to_numpy() for _ in range(2))
        assert np.shares_memory(one, other)
        assert not one.flags.writeable


def test_a_table_is_a_snapshot_of_what_its_caller_may_change():
    values = np.arange(3.0)
    frame = pd.DataFrame({"x": values}, copy=False)
    table = _raskt.table_from_pandas(frame)
    view = _raskt.table_from_pandas(frame, snapshot=False)
    values[0] = 9
    assert table.to_pandas().x[0] == 0
    assert view.to_pandas().x[0] == 9


def test_columns_that_lie_apart_in_memory_are_read_right():
    frame = pd.DataFrame(np.arange(12.0).reshape(4, 3)).iloc[::-2]
    same(there_and_back(frame), frame)


def test_names_that_need_python_are_refused_with_the_fix():
    frame = pd.DataFrame({pd.Timestamp("2020"): [1]})
    with pytest.raises(TypeError, match="astype"):
        _raskt.table_from_pandas(frame)
    with pytest.raises(TypeError, match="found list"):
        _raskt.table_from_pandas([1])


def test_categories_keep_those_that_nobody_has():
    series = pd.Series(pd.Categorical(["b"], categories=["a", "b", "c"], ordered=True))
    same(there_and_back(series[:0]), series[:0])


def test_importing_the_engine_does_not_import_pandas():
    code = "import sys, raskt, raskt._raskt; sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_levels_whose_names_are_numbers_are_taken_by_their_places():
    index = pd.MultiIndex.from_arrays([[3, 4], ["a", None]], names=[1, 0])
    back = there_and_back(index)
    assert back.names == [1, 0]
    same(back.set_names([None, None]), index.set_names([None, None]))


def test_a_series_of_no_name_and_a_frame_of_no_rows_or_columns_come_back():
    for x in [pd.Series([1.5, None]), pd.DataFrame({"x": []})]:
        same(there_and_back(x), x)
    for x in [pd.DataFrame(index=[3, 4]), pd.DataFrame()]:
        pd.testing.assert_frame_equal(there_and_back(x), x, check_column_type=False)


def test_columns_under_several_levels_come_back():
    columns = pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)], names=["upper", None])
    frame = pd.DataFrame(np.arange(6).reshape(2, 3), columns=columns)
    same(there_and_back(frame), frame)
    assert there_and_back(frame.iloc[:, :0]).columns.names == ["upper", None]
