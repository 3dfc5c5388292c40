"""Tokens of NumPy, pandas, Arrow and SciPy objects: content decides, not how it lies in memory."""

from __future__ import annotations

import datetime
import decimal
import functools
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from raskt import config
from raskt.tokenize import TokenizationError, tokenize

np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")
pa = pytest.importorskip("pyarrow")

sure = functools.partial(tokenize, ensure_deterministic=True)


def assert_all_differ(values):
    tokens = [sure(value) for value in values]
    assert len(set(tokens)) == len(tokens)
    assert tokens == [sure(pickle.loads(pickle.dumps(value))) for value in values]


# ---- NumPy ----

DTYPES = [
    "?",
    "b",
    "h",
    "i",
    "l",
    "B",
    "H",
    "I",
    "L",
    "e",
    "f",
    "d",
    "F",
    "D",
    ">i4",
    ">f8",
    "M8[s]",
    "M8[ns]",
    "m8[s]",
    "S3",
    "U3",
    ">U3",
    "V4",
]


@pytest.mark.parametrize("dtype", DTYPES)
def test_arrays_count_by_dtype_shape_and_elements_in_order_whatever_the_strides(dtype):
    raw = np.arange(24 * np.dtype(dtype).itemsize, dtype="u1") % (2 if dtype == "?" else 97)
    if "U" in dtype:
        base = np.array([f"{n:03}" for n in range(24)]).astype(dtype).reshape(2, 3, 4)
    else:
        base = raw.view(dtype).reshape(2, 3, 4)
    token = sure(base)
    wide = np.empty((2, 6, 12), dtype)[:, ::2, ::3]
    wide[...] = base
    for same in (base.copy(), np.asfortranarray(base), wide, base[::-1][::-1], base[::-1].copy()[::-1]):
        assert sure(same) == token
        assert sure(same.T) == sure(base.T) != token
    changed = base.copy()
    changed[1, 2, 3], changed[0, 0, 0] = base[0, 0, 0], base[1, 2, 3]
    others = [
        changed,
        base.reshape(6, 4),
        base.ravel(),
        base[:1],
        base.view(f"V{base.itemsize}") if dtype != "V4" else base[1:],
    ]
    assert token not in [sure(other) for other in others]
    assert token != sure(base.astype("O")) if dtype != "V4" else True


def test_arrays_of_equal_elements_and_different_dtype_differ():
    assert_all_differ([np.array([1, 0], dtype) for dtype in "?bhilBHILefdFDgGO"])
    assert sure(np.array([1, 0], ">i4")) != sure(np.array([1, 0], "<i4"))
    assert sure(np.zeros(3, "i8")) == sure(np.zeros(3, np.longlong))
    assert_all_differ(
        [np.array(1), np.array([1]), np.array([[1]]), np.int64(1), 1, np.float64(1), np.float32(1), np.True_]
    )


shapes = st.lists(st.integers(0, 7), min_size=1, max_size=4)


@given(shapes, st.data())
def test_any_view_has_the_token_of_its_copy(shape, data):
    base = np.arange(np.prod([2 * n + 1 for n in shape]), dtype=data.draw(st.sampled_from("bhild"))).reshape(
        [2 * n + 1 for n in shape]
    )
    steps = st.sampled_from([1, 2, -1, -2])
    view = base[tuple(slice(None, None, data.draw(steps)) for _ in shape)].transpose(
        data.draw(st.permutations(range(len(shape))))
    )
    assert sure(view) == sure(view.copy()) == sure(np.asfortranarray(view))
    repeated = np.broadcast_to(view, (3, *view.shape))
    assert sure(repeated) == sure(repeated.copy())


def test_large_arrays_in_fortran_order_have_the_token_of_their_copy():
    for shape in [(1_000, 1_100), (3, 1_100_000), (1_100_000, 3), (70, 100, 200)]:
        array = np.asfortranarray(np.random.default_rng(0).random(shape))
        assert sure(array) == sure(np.ascontiguousarray(array))


def test_empty_arrays_count_by_shape_and_dtype():
    assert_all_differ([np.empty(0), np.empty((0, 3)), np.empty((3, 0)), np.empty(0, "i4"), np.empty(0, "O")])


def test_arrays_of_objects_count_by_elements():
    assert_all_differ(
        [
            np.array(["a", "bc"], "O"),
            np.array(["ab", "c"], "O"),
            np.array(["a-b"], "O"),
            np.array(["a", "b"], "O"),
            np.array([1, 2], "O"),
            np.array([1.0, 2], "O"),
            np.array([None, "a"], "O"),
            np.array([{"x", "y", "z"}, 1], "O"),
            np.array([[1, 2]], "O"),
        ]
    )
    loop = np.empty(1, "O")
    loop[0] = loop
    pool = np.empty(1, "O")
    pool[0] = pool
    assert sure(loop) == sure(pool)


def test_what_fills_gaps_in_memory_does_not_count():
    aligned = np.dtype([("a", "u1"), ("b", "f8")], align=True)
    one = np.frombuffer(bytes(16) * 2, aligned).copy()
    two = np.frombuffer(bytes([0, *[7] * 7, *bytes(8)] * 2), aligned).copy()
    assert (one == two).all()
    assert sure(one) == sure(two)
    extended = np.array([1.5, -2.5], np.longdouble)
    noisy = extended.copy()
    noisy.view("u1").reshape(2, -1)[:, 10:] = 7
    if np.finfo(np.longdouble).nmant == 63:
        assert (extended == noisy).all()
        assert sure(extended) == sure(noisy)
    assert sure(extended) != sure(extended + 1)


def test_records_strings_and_dates_count_by_content():
    records = np.array([(1, 2.0), (3, 4.0)], [("a", "i4"), ("b", "f8")])
    renamed = records.view([("a", "i4"), ("c", "f8")])
    dates = np.array(["2020-01-01"], "M8[D]")
    strings = np.array(["x", "y" * 100], np.dtypes.StringDType())
    assert_all_differ(
        [records, renamed, records[::-1], records[:1], records["a"], dates, dates.astype("M8[s]")]
    )
    assert sure(strings) == sure(strings.copy()) != sure(strings[::-1])


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # numpy.matrix
def test_subclasses_of_arrays_count_by_class_and_attributes():
    class Tagged(np.ndarray):
        tag = None

    one, two = (np.arange(3).view(Tagged) for _ in range(2))
    assert sure(one) == sure(two) != sure(np.arange(3))
    two.tag = "x"
    assert sure(one) != sure(two)
    assert sure(np.matrix([[1]])) == sure(np.matrix([[1]])) != sure(np.array([[1]]))


def test_what_lies_under_a_mask_does_not_count():
    masked = np.ma.array
    assert sure(masked([1, 2], mask=[0, 1])) == sure(masked([1, 3], mask=[0, 1]))
    assert_all_differ(
        [masked([1, 2], mask=[0, 1]), masked([1, 2], mask=[1, 0]), masked([1, 2]), np.array([1, 2])]
    )
    assert sure(masked([1], fill_value=5)) != sure(masked([1], fill_value=6))
    value = masked([1.5], mask=[1])
    before = sure(value)
    assert value.fill_value is not None
    assert sure(value) == before
    assert sure(np.ma.masked) == sure(np.ma.masked)


def test_a_memory_map_counts_by_content_or_if_it_is_huge_by_file_and_place(tmp_path, monkeypatch):
    array = np.arange(1_000)
    array.tofile(tmp_path / "a")
    array.tofile(tmp_path / "b")
    small = [np.memmap(tmp_path / name, array.dtype, mode="r") for name in "ab"]
    assert sure(small[0]) == sure(small[1]) != sure(array)
    monkeypatch.setattr("raskt._normalizers.numpy._MAPPED_BYTES_MAX", 10)
    assert sure(small[0]) != sure(small[1])
    again = np.memmap(tmp_path / "a", array.dtype, mode="r")
    assert sure(again) == sure(small[0])
    assert sure(again[5:]) == sure(small[0][5:])
    shifted = np.memmap(tmp_path / "a", array.dtype, mode="r", offset=40)
    assert len({sure(again), sure(again[5:]), sure(again[:-5]), sure(again[::2]), sure(shifted)}) == 5
    assert sure(np.memmap(tmp_path / "a", array.dtype, mode="c")) == sure(
        np.memmap(tmp_path / "b", array.dtype, mode="c")
    )


def test_arrays_above_the_configured_size_have_no_token():
    array = np.zeros(200_000)
    with config.set({"tokenize.array-bytes-max": "1 MiB"}):
        assert tokenize(array) != tokenize(array)
        with pytest.raises(TokenizationError, match="array of 1600000 bytes is larger"):
            sure([array])
    with config.set({"tokenize.array-bytes-max": None}):
        assert tokenize(array) == sure(array)


def test_numpy_functions_generators_and_dtypes_have_tokens():
    rng = np.random.default_rng
    used = rng(1)
    used.random()
    assert_all_differ(
        [rng(1), rng(2), used, np.random.RandomState(1), np.random.SeedSequence(1), np.random.SeedSequence(2)]
    )
    assert_all_differ([np.sin, np.cos, np.sum, np.add, np.linalg.svd, np.float64, np.ndarray])
    assert_all_differ([np.dtype(code) for code in [*DTYPES, "O", "i4,f8", "i4,i4", "(2,3)i4", "M8"]])
    with pytest.raises(TokenizationError, match="ufunc"):
        sure(np.frompyfunc(lambda x: x, 1, 1))


def test_scalars_count_by_type_and_value():
    scalars = [
        np.int32(1),
        np.int64(1),
        np.uint8(1),
        np.float16(1),
        np.float32(1),
        np.float64(1),
        np.longdouble(1),
    ]
    others = [
        np.complex64(1),
        np.complex128(1),
        np.bool_(1),
        np.str_("1"),
        np.bytes_("1"),
        np.datetime64(1, "s"),
    ]
    assert_all_differ(
        [*scalars, *others, np.datetime64(1, "ms"), np.timedelta64(1, "s"), 1, 1.0, True, "1", b"1", 1 + 0j]
    )
    assert sure(np.float64("nan")) == sure(-np.float64("nan"))


# ---- pandas ----


def frame():
    return pd.DataFrame(
        {
            "i": [1, 2, 3],
            "f": [1.0, None, -0.0],
            "s": ["x", None, "z"],
            "o": pd.Series([1, "a", None], dtype=object),
            "c": pd.Categorical(["u", "v", None]),
            "t": pd.date_range("2020", periods=3, tz="Europe/Oslo"),
            "n": pd.array([1, None, 3], dtype="Int64"),
            "b": [True, False, True],
        },
        index=pd.Index([10, 20, 30], name="key"),
    )


CHANGES = {
    "value": lambda df: df.assign(i=[1, 2, 4]),
    "type": lambda df: df.assign(i=[1.0, 2.0, 3.0]),
    "negative zero": lambda df: df.assign(f=[1.0, None, 0.0]),
    "string": lambda df: df.assign(s=["x", "", "z"]),
    "object": lambda df: df.assign(o=pd.Series([1, "a", float("nan")], dtype=object, index=df.index)),
    "categories": lambda df: df.assign(c=df.c.cat.add_categories("w")),
    "ordered": lambda df: df.assign(c=df.c.cat.as_ordered()),
    "zone": lambda df: df.assign(t=df.t.dt.tz_convert("UTC")),
    "missing": lambda df: df.assign(n=pd.array([1, 2, 3], dtype="Int64")),
    "column name": lambda df: df.rename(columns={"i": "j"}),
    "column order": lambda df: df[df.columns[::-1]],
    "index name": lambda df: df.rename_axis("other"),
    "index": lambda df: df.set_index(pd.Index([10, 20, 31], name="key")),
    "row order": lambda df: df.iloc[::-1],
    "rows": lambda df: df.iloc[:2],
    "attributes": lambda df: setattr(df, "attrs", {"a": 1}) or df,
}


def test_frames_count_by_columns_index_and_attributes():
    tokens = {name: sure(change(frame())) for name, change in CHANGES.items()}
    assert len(set(tokens.values()) | {sure(frame())}) == len(tokens) + 1
    assert sure(frame()) == sure(pickle.loads(pickle.dumps(frame()))) == sure(frame().copy())


def test_how_columns_are_kept_together_does_not_count():
    one = pd.DataFrame({"a": [1, 2], "b": [3, 4], "c": [0.5, 1.5]})
    apart = pd.DataFrame(index=range(2))
    for name in "abc":
        apart[name] = one[name].copy()
    assert sure(apart) == sure(one) == sure(pd.concat([one.iloc[:1], one.iloc[1:]]))
    wide = pd.DataFrame(np.arange(6.0).reshape(2, 3), columns=list("abc"))
    assert sure(wide) == sure(pd.DataFrame({name: wide[name].copy() for name in "abc"}))


def test_series_and_their_arrays_differ_by_name_type_and_index():
    base = pd.Series([1, 2], name="a")
    assert_all_differ(
        [
            base,
            base.rename("b"),
            base.astype("i4"),
            base.set_axis([1, 2]),
            base.to_frame(),
            base.array,
            base.to_numpy(),
        ]
    )


INDEXES = [
    pd.RangeIndex(3),
    pd.RangeIndex(0, 6, 2),
    pd.RangeIndex(3, name="a"),
    pd.Index([0, 1, 2]),
    pd.Index([0.0, 1, 2]),
    pd.Index(["a", "b"]),
    pd.Index(["a", "b"], dtype=object),
    pd.Index(["a", "b"], name="n"),
    pd.CategoricalIndex(["a", "b"]),
    pd.MultiIndex.from_product([[1, 2], ["a"]]),
    pd.MultiIndex.from_product([[1, 2], ["a"]], names=["x", "y"]),
    pd.date_range("2020", periods=3),
    pd.DatetimeIndex(list(pd.date_range("2020", periods=3))),
    pd.date_range("2020", periods=3, tz="UTC"),
    pd.date_range("2020", periods=3).as_unit("s"),
    pd.period_range("2020", periods=3, freq="D"),
    pd.period_range("2020", periods=3, freq="M"),
    pd.timedelta_range("1D", periods=3),
    pd.interval_range(0, 3),
    pd.interval_range(0, 3, closed="left"),
]
ARRAYS = [
    *(
        pd.array([1, None], dtype=dtype)
        for dtype in ("Int8", "Int64", "Float64", "boolean", "int64[pyarrow]", "string")
    ),
    *(
        pd.array(["a", None], dtype=dtype)
        for dtype in ("string[python]", "string[pyarrow]", "str", "category", object)
    ),
    *(
        pd.arrays.SparseArray([0, 1]),
        pd.arrays.SparseArray([0, 1], fill_value=1),
        pd.arrays.SparseArray([0.0, 1]),
    ),
    *(pd.Categorical(["a"], categories=["a", "b"]), pd.Categorical(["a"], categories=["b", "a"])),
    pd.array([decimal.Decimal("1.1")], dtype=pd.ArrowDtype(pa.decimal128(5, 2))),
]
SCALARS = [
    *(
        pd.Timestamp("2020"),
        pd.Timestamp("2020", tz="UTC"),
        pd.Timestamp("2020").as_unit("s"),
        datetime.datetime(2020, 1, 1),
    ),
    *(
        pd.Timestamp(1),
        pd.Timestamp(2),
        pd.Timedelta(1),
        pd.Timedelta(2),
        pd.Timedelta(1000),
        datetime.timedelta(microseconds=1),
    ),
    *(
        pd.Period("2020"),
        pd.Period("2020-01", "M"),
        pd.Interval(0, 1),
        pd.Interval(0, 1, "left"),
        pd.NaT,
        pd.NA,
        None,
    ),
    *(
        pd.offsets.BDay(1),
        pd.offsets.BDay(2),
        pd.offsets.Day(1),
        pd.DateOffset(days=1),
        pd.DateOffset(days=2),
    ),
    *(
        pd.offsets.CustomBusinessDay(),
        pd.offsets.CustomBusinessDay(holidays=["2020-01-01"]),
        pd.offsets.Week(weekday=1),
    ),
    *(
        pd.CategoricalDtype(["a"]),
        pd.CategoricalDtype(["a"], True),
        pd.DatetimeTZDtype("ns", "UTC"),
        pd.Int64Dtype(),
    ),
    *(
        pd.StringDtype("python"),
        pd.StringDtype("pyarrow"),
        pd.StringDtype("pyarrow", float("nan")),
        pd.SparseDtype(int),
    ),
    *(
        pd.ArrowDtype(pa.int8()),
        pd.PeriodDtype("M"),
        pd.IntervalDtype("int64"),
        pd.Grouper(key="a"),
        pd.read_csv,
        pd.DataFrame,
    ),
]


@pytest.mark.parametrize("values", [INDEXES, ARRAYS, SCALARS], ids=["indexes", "arrays", "scalars"])
def test_pandas_values_of_every_kind_differ_and_survive_pickling(values):
    assert_all_differ(values)


def test_what_lies_under_a_missing_value_does_not_count():
    mask = np.array([False, True])
    one, two = (pd.arrays.IntegerArray(np.array([1, n]), mask) for n in (5, 6))
    assert sure(one) == sure(two) != sure(pd.arrays.IntegerArray(np.array([2, 5]), mask))


# ---- Arrow ----

ARROW = {
    "null": pa.nulls(3),
    "int": pa.array([1, None, 3], pa.int16()),
    "bool": pa.array([True, None, False]),
    "float": pa.array([1.5, None, -0.0]),
    "date": pa.array([datetime.date(2020, 1, 1), None, datetime.date(2021, 1, 1)]),
    "stamp": pa.array(
        [datetime.datetime(2020, 1, 1), None, datetime.datetime(2021, 1, 1)], pa.timestamp("ms", "UTC")
    ),
    "decimal": pa.array([decimal.Decimal("1.1"), None, decimal.Decimal("2.2")]),
    "string": pa.array(["ab", None, "cde"]),
    "large": pa.array(["ab", None, "cde"], pa.large_string()),
    "binary": pa.array([b"ab", None, b"cde"]),
    "fixed": pa.array([b"ab", None, b"cd"], pa.binary(2)),
    "view": pa.array(["ab", None, "cde"], pa.string_view()),
    "list": pa.array([[1, 2], None, [3]]),
    "large list": pa.array([[1, 2], None, [3]], pa.large_list(pa.int64())),
    "fixed list": pa.array([[1, 2], None, [3, 4]], pa.list_(pa.int64(), 2)),
    "struct": pa.array([{"a": 1, "b": "x"}, None, {"a": 2, "b": None}]),
    "map": pa.array([[("k", 1)], None, [("l", 2), ("m", 3)]], pa.map_(pa.string(), pa.int8())),
    "dictionary": pa.array(["x", None, "y"]).dictionary_encode(),
    "nested": pa.array([[{"a": ["x"]}], None, [{"a": None}, {"a": ["y", "z"]}]]),
}


@pytest.mark.parametrize("name", ARROW)
def test_arrow_arrays_count_by_content_whatever_the_offset_and_the_chunks(name):
    array = ARROW[name]
    token = sure(array)
    assert sure(pickle.loads(pickle.dumps(array))) == token
    if name != "dictionary":
        assert sure(pa.array(array.to_pylist(), array.type)) == token
        around = pa.concat_arrays([array, array, array]).slice(len(array), len(array))
        assert sure(around) == token
    chunked = pa.chunked_array([array, array])
    assert sure(chunked) == sure(pa.chunked_array([array.slice(0, 1), array.slice(1), array]))
    assert sure(chunked) != sure(pa.chunked_array([array])) != token
    if name != "null":
        assert len({token, sure(array.slice(1)), sure(array.slice(0, 2)), sure(array.slice(2))}) == 4


def test_arrow_values_of_different_type_differ():
    assert_all_differ(
        [*ARROW.values(), *(array.type for array in ARROW.values() if array is not ARROW["view"])]
    )


def test_what_lies_under_nulls_does_not_count():
    validity = pa.py_buffer(b"\x05")
    one, two = (
        pa.Array.from_buffers(pa.int32(), 3, [validity, pa.py_buffer(np.array([1, n, 3], "i4"))])
        for n in (0, 9)
    )
    assert sure(one) == sure(two) == sure(pa.array([1, None, 3], pa.int32()))
    offsets = pa.py_buffer(np.array([0, 1, 2, 3], "i4"))
    gap = pa.Array.from_buffers(pa.string(), 3, [validity, offsets, pa.py_buffer(b"axb")])
    assert sure(gap) == sure(pa.array(["a", None, "b"]))


def test_tables_schemas_and_batches_count_by_metadata_too():
    table = pa.table({"a": [1, None], "b": ["x", "y"]})
    tagged = table.replace_schema_metadata({"k": "v"})
    assert_all_differ(
        [
            table,
            tagged,
            table.schema,
            tagged.schema,
            table.select(["b", "a"]),
            table.rename_columns(["a", "c"]),
        ]
    )
    assert sure(table) == sure(pa.concat_tables([table.slice(0, 1), table.slice(1)]))
    assert_all_differ(
        [
            table.to_batches()[0],
            pa.field("a", pa.int8()),
            pa.field("a", pa.int8(), nullable=False),
            pa.scalar(1),
        ]
    )


# ---- SciPy ----


def test_sparse_matrices_count_by_format_shape_and_elements():
    sparse = pytest.importorskip("scipy.sparse")
    dense = np.array([[1.0, 0, 2], [0, 0, 3]])
    names = ("csr", "csc", "coo", "lil", "dok", "dia", "bsr")
    values = [getattr(sparse, f"{name}_{kind}")(dense) for name in names for kind in ("array", "matrix")]
    assert_all_differ(values)
    for value in values:
        assert sure(value) == sure(value.copy()) != sure(type(value)(2 * dense))


def test_scipy_functions_have_tokens():
    special = pytest.importorskip("scipy.special")
    assert_all_differ([special.erf, special.gamma])
