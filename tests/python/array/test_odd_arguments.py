"""Arguments that are odd but plausible: NumPy's values and dtypes, and its errors at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import raskt
import raskt.array as ra

VALUES = np.arange(24.0).reshape(6, 4) % 7


def same(found: Any, expected: Any) -> None:
    values = found.compute()
    expected = np.asarray(expected)
    assert found.dtype == expected.dtype
    assert np.shape(values) == expected.shape == found.shape
    np.testing.assert_array_equal(values, expected)


@pytest.mark.parametrize(
    ("obj", "values", "axis"),
    [
        (1, 7, 0),
        (1, VALUES[0], 0),
        (-1, VALUES[:2], 0),
        (2, np.ones(6), 1),
        (2, np.ones((6, 2)), 1),
        ([2], np.ones((6, 1)), 1),
        ([2, 0], np.arange(2.0), 1),
        (slice(0, 2), [1.0, 2.0], 1),
        (np.array([True, False, True, False]), 9, 1),
        ([], 9, 1),
        (3, [1.0, 2.0], None),
    ],
)
def test_insert(obj: Any, values: Any, axis: Any) -> None:
    x = ra.from_array(VALUES, chunks=(4, 3))
    if isinstance(obj, int) and np.shape(values) == (6, 2):
        values = values.T
    same(ra.insert(x, obj, values, axis=axis), np.insert(VALUES, obj, values, axis=axis))


@pytest.mark.parametrize("obj", [0, -1, [0, -1, 0], slice(None, None, 2), [], [True, False, True, False]])
@pytest.mark.parametrize("axis", [1, -1])
def test_delete(obj: Any, axis: int) -> None:
    x = ra.from_array(VALUES, chunks=(4, 3))
    same(ra.delete(x, obj, axis=axis), np.delete(VALUES, obj, axis=axis))


@pytest.mark.parametrize(
    ("width", "options"),
    [
        ({0: (1, 2)}, {}),
        ({-1: 2}, {"mode": "edge"}),
        (2, {"mode": "reflect", "reflect_type": "odd"}),
        (((0, 0), (1, 2)), {"mode": "symmetric", "reflect_type": "odd"}),
        (1, {"constant_values": ((1, 2), (3, 4))}),
        (((9, 9), (9, 9)), {"mode": "reflect"}),
    ],
)
def test_pad(width: Any, options: dict[str, Any]) -> None:
    same(ra.pad(ra.from_array(VALUES, chunks=(4, 3)), width, **options), np.pad(VALUES, width, **options))


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        (lambda x: ra.pad(x, 1, mode="nope"), ValueError, "mode 'nope' is not supported"),
        (lambda x: ra.pad(x, 1, mode="edge", stat_length=1), ValueError, "unsupported keyword"),
        (lambda x: ra.pad(x, {5: 1}), np.exceptions.AxisError, "axis 5"),
        (lambda x: ra.pad(x, 1.5), TypeError, "integral"),
        (lambda x: ra.delete(x, 1.5, axis=0), IndexError, "integer"),
        (lambda x: ra.delete(x, [True, False], axis=0), ValueError, "length of 6"),
        (lambda x: ra.repeat(x, [1.5, 2], axis=0), TypeError, "Cannot cast"),
        (lambda x: ra.tensordot(x, x, 3), ValueError, "shape-mismatch"),
        (lambda x: ra.tensordot(x, x, axes=((0, 5), (0, 1))), IndexError, "axis 5"),
        (lambda x: ra.apply_over_axes(np.sum, x, [0, 2]), np.exceptions.AxisError, "axis 2"),
        (lambda x: ra.select([x], [x]), TypeError, "should be boolean"),
        (lambda x: ra.std(x, dtype="i4"), TypeError, "square root"),
        (lambda x: ra.var(x, dtype="i4"), NotImplementedError, "astype"),
        (lambda x: ra.nanmean(x, dtype="i4"), TypeError, "must be inexact"),
        (lambda x: ra.sum(x, dtype="m8[s]"), TypeError, "timedelta64"),
        (lambda x: ra.broadcast_to(x, (-1, 6, 4)), ValueError, "non-negative"),
        (lambda x: x.copy().__setitem__(0, 1j), TypeError, "complex"),
        (lambda x: ra.from_array(VALUES, chunks=None), ValueError, "found None"),
        (
            lambda x: ra.random.default_rng(1).integers(0, 300, size=3, dtype="u1"),
            ValueError,
            "high is out of",
        ),
        (lambda x: ra.random.default_rng(1).integers(0, 3, dtype=float), TypeError, "Unsupported dtype"),
        (lambda x: ra.random.default_rng(1).standard_normal(3, dtype="i4"), TypeError, "Unsupported dtype"),
    ],
)
def test_what_is_wrong_is_said_at_once(wrong: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        wrong(ra.from_array(VALUES, chunks=(4, 3)))


def test_a_delayed_value_of_another_shape_is_said() -> None:
    value = raskt.delayed(np.ones)(4)
    with pytest.raises(ValueError, match=r"shape \(4,\), where \(3,\) was promised: pass from_delayed"):
        ra.from_delayed(value, (3,), float).compute()
    assert ra.from_delayed(value, (np.nan,), float).compute().shape == (4,)


def test_infinities_in_running_sums_without_nan() -> None:
    values = np.array([1, np.inf, -np.inf, 2, np.nan, 3, 0, np.inf])
    x = ra.from_array(values, chunks=2)
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(ra.nancumsum(x).compute(), np.nancumsum(values))
        np.testing.assert_array_equal(ra.nancumprod(x).compute(), np.nancumprod(values))


def test_weighted_averages_of_infinities() -> None:
    values = np.array([[1.0, np.inf], [2.0, 3.0]])
    weights = np.array([1.0, 3.0])
    x = ra.from_array(values, chunks=1)
    np.testing.assert_array_equal(ra.average(x, 0, weights).compute(), np.average(values, 0, weights))


def test_objects_and_texts() -> None:
    objects = np.array([[3, 1], [2, 5]], dtype=object)
    x = ra.from_array(objects, chunks=1)
    same(x.sum(axis=0), objects.sum(axis=0))
    assert (x.sum().dtype, x.sum().compute()) == (np.dtype(object), 11)
    assert x.argmax().compute() == 3
    words = np.array(["a", "bc"])
    same(ra.zeros_like(ra.from_array(words, chunks=1)), np.zeros_like(words))
    same(ra.diag(ra.from_array(words, chunks=1), 1), np.diag(words, 1))


def test_fields_of_records() -> None:
    records = np.zeros(4, [("a", "i4"), ("b", "f8", (2,))])
    records["a"] = range(4)
    x = ra.from_array(records, chunks=3)
    same(x["a"], records["a"])
    same(x[1:]["b"] + 1, records[1:]["b"] + 1)
    same(x[["a"]]["a"], records["a"])
    with pytest.raises(ValueError, match="no field of name c"):
        x["c"]


@pytest.mark.parametrize(
    "options",
    [
        {"fweights": [1, 2, 0, 3]},
        {"aweights": [0.5, 1.0, 2.0, 1.5]},
        {"fweights": [1, 2, 0, 3], "aweights": [0.5, 1.0, 2.0, 1.5]},
        {"fweights": [1, 2, 0, 3], "ddof": 0},
        {"dtype": "f4"},
        {"bias": True, "y": np.arange(4.0)},
    ],
)
def test_covariances_of_weighted_observations(options: dict[str, Any]) -> None:
    found = ra.cov(ra.from_array(VALUES, chunks=(4, 3)), **options)
    expected = np.cov(VALUES, **options)
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found.compute(), expected, rtol=1e-5 if "dtype" in options else 1e-12)


def test_weights_that_do_not_fit_are_said_at_once() -> None:
    x = ra.from_array(VALUES, chunks=3)
    with pytest.raises(RuntimeError, match="incompatible numbers of samples and aweights"):
        ra.cov(x, aweights=[1, 2])
    with pytest.raises(TypeError, match="fweights must be integer"):
        ra.cov(x, fweights=[1.5] * 4)


def test_joined_arrays_of_a_dtype_that_is_asked_for() -> None:
    x = ra.arange(4, chunks=3)
    same(np.concatenate([x, x], dtype="f4"), np.concatenate([np.arange(4)] * 2, dtype="f4"))
    same(ra.stack([x, x], dtype="i2", casting="unsafe"), np.stack([np.arange(4, dtype="i2")] * 2))
    with pytest.raises(TypeError, match="same_kind"):
        ra.concatenate([x / 2, x], dtype=int)
    out = ra.zeros(4)
    np.round(x / 3, 1, out=out)
    np.testing.assert_array_equal(out.compute(), np.round(np.arange(4) / 3, 1))


def test_differences_of_dates_are_durations() -> None:
    days = np.array(["2001-01-01", "2001-01-05", "2001-01-06", "2001-02-01"], "M8[D]")
    same(ra.gradient(ra.from_array(days, chunks=2)), np.gradient(days))


def test_complex_extremes_with_a_part_that_is_no_number() -> None:
    for lone in (complex(-np.inf, np.nan), complex(np.nan, 1), complex(9, np.nan)):
        for chunks in (1, 3):
            values = np.array([0, lone, 2])
            x = ra.from_array(values, chunks=chunks)
            for name in ("max", "min"):
                assert np.isnan(getattr(ra, name)(x).compute())
            assert x.argmax().compute() == x.argmin().compute() == 1


def test_draws_of_several_numbers_and_of_any_range() -> None:
    generator = ra.random.default_rng(1)
    counts = generator.multinomial(20, [0.2, 0.3, 0.5], size=(6, 4), chunks=3)
    assert counts.shape == (6, 4, 3)
    assert (counts.compute().sum(axis=-1) == 20).all()
    again = ra.random.default_rng(1).multinomial(20, [0.2, 0.3, 0.5], size=(6, 4), chunks=1)
    np.testing.assert_array_equal(counts.compute(), again.compute())
    assert generator.multinomial(5, [1.0]).compute().tolist() == [5]
    wide = generator.integers(2**63, 2**64, size=50, dtype="u8", chunks=20).compute()
    assert wide.dtype == np.uint64
    assert wide.min() >= 2**63
    narrow = generator.standard_gamma(2.0, size=3, dtype="f4")
    assert narrow.dtype == narrow.compute().dtype == np.float32


def test_chunks_follow_the_configured_size() -> None:
    with raskt.config.set({"array.chunk-size": "1 KiB"}):
        assert max(ra.ones(1000).chunks[0]) == 128
    assert ra.ones(1000).numblocks == (1,)


def test_ends_beyond_a_dtype_are_no_ends() -> None:
    values = np.arange(5, dtype="u1")
    for low, high in ((0, 300), (-1, None), (-1, 2), (None, 300), (-5, 300)):
        same(ra.clip(ra.from_array(values, chunks=2), low, high), np.clip(values, low, high))
    with pytest.raises(OverflowError):
        ra.clip(ra.from_array(values), 300, None)


def test_what_is_put_beside_elements_is_not_wrapped() -> None:
    small = ra.from_array(np.arange(3, dtype="i1"))
    with pytest.raises(OverflowError, match="300"):
        ra.pad(small, 1, constant_values=300)
    same(ra.pad(small, 1, constant_values=1.5), np.pad(np.arange(3, dtype="i1"), 1, constant_values=1.5))
    with pytest.raises(OverflowError, match="300"):
        ra.ediff1d(small, to_end=300)
    for ends in ({"to_end": 300}, {"to_begin": [1, 2]}, {"to_end": 1.5}):
        with pytest.raises(TypeError, match=next(iter(ends))):
            ra.ediff1d(small.astype("u1"), **ends)
    same(ra.ediff1d(small, to_end=np.int8(7)), np.ediff1d(np.arange(3, dtype="i1"), to_end=np.int8(7)))


@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize("dtype", ["f2", "f4", "c8", "f8", "i2", "i8"])
def test_complex_numbers_of_pythons_take_the_precision_of_what_they_meet(dtype: str) -> None:
    values = np.array([0.1, 2, 3]).astype(dtype)
    x = ra.from_array(values, chunks=2)
    for function in (
        lambda v: v + (0.1 + 1j),
        lambda v: v**1j,
        lambda v: 2j**v,
        lambda v: 1j / (v + 1),
        lambda v: v == (0.1 + 0j),
    ):
        found, expected = function(x), function(values)
        assert found.dtype == found.compute().dtype == expected.dtype
        np.testing.assert_allclose(found.compute(), expected, rtol=1e-5)
    same(ra.where(x > 1, x, 0.5j), np.where(values > 1, values, 0.5j))


def test_records_are_compared_chosen_and_made() -> None:
    records = np.zeros(7, dtype=[("a", "i4"), ("b", "f8", (2,)), ("c", "U3")])
    records["a"], records["c"] = range(7), "text"
    x = ra.from_array(records, chunks=3)
    same(x == x, records == records)
    same(x != x[::-1], records != records[::-1])
    same(x == records[2], records == records[2])
    same(x.vindex[[5, 1]], records[[5, 1]])
    same(ra.zeros(3, dtype=records.dtype, chunks=2), np.zeros(3, dtype=records.dtype))
    same(ra.zeros_like(x), np.zeros_like(records))


@pytest.mark.parametrize("item", [5, "text", None, (1, 2), [3]])
def test_an_object_without_axes_is_itself(item: Any) -> None:
    alone = np.empty((), dtype=object)
    alone[()] = item
    assert ra.from_array(alone, chunks=-1).compute() == item
    more = ra.insert(ra.from_array(np.array(["a", 1], object), chunks=1), 1, 9, axis=0)
    assert more.compute().tolist() == ["a", 9, 1]


def test_the_median_of_the_largest_number_is_that_number() -> None:
    most = np.finfo(float).max
    for values in ([most], [most, 1.0, most], [most, 0.0]):
        for name in ("median", "nanmedian"):
            found = getattr(ra, name)(ra.from_array(np.array(values)), axis=0)
            assert found.compute() == getattr(np, name)(values, axis=0)


@pytest.mark.parametrize("name", ["quantile", "nanquantile", "percentile"])
def test_quantiles_by_numpys_numbers_have_numpys_dtype(name: str) -> None:
    values = np.arange(5, dtype="f4")
    for q in (
        0.5,
        np.float64(0.5),
        np.float32(0.5),
        np.array(0.5),
        [0.5],
        np.array([0.5], "f4"),
        np.int64(1),
    ):
        same(getattr(ra, name)(ra.from_array(values), q, axis=0), getattr(np, name)(values, q, axis=0))


def test_running_sums_of_times_are_no_numbers() -> None:
    times = ra.from_array(np.arange(3).astype("m8[s]"), chunks=2)
    assert ra.cumsum(times, axis=0, dtype="u1").compute().dtype == np.dtype("m8[s]")
    with pytest.raises(TypeError):
        ra.cumsum(times.astype("M8[s]"), axis=0, dtype="u1")
    assert ra.lib.stride_tricks.sliding_window_view(times, 2).compute().shape == (2, 2)


@pytest.mark.parametrize("axis", [0.5, 1.0, True, np.False_, "0"])
def test_an_axis_is_a_whole_number(axis: Any) -> None:
    x = ra.ones((2, 3), chunks=1)
    for asked in (lambda: x.sum(axis=axis), lambda: ra.flip(x, axis), lambda: x.max(axis=(axis,))):
        with pytest.raises(TypeError, match="an axis is a whole number, found"):
            asked()
    assert x.sum(axis=np.array(1)).shape == x.sum(axis=np.int8(-1)).shape == (2,)
    assert x.sum(axis=[0, 1]).shape == ()
    assert x.sum(axis=()).shape == (2, 3)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), [2], "many"], ids=repr)
def test_numbers_that_are_none_are_named(number: Any) -> None:
    x = ra.ones(4, chunks=2)
    with pytest.raises(ValueError, match=r"split_every must be a whole number, found"):
        x.sum(split_every=number)
    with pytest.raises(ValueError, match=r"split_every of axis 0 must be a whole number, found"):
        x.sum(split_every={0: number})
    with pytest.raises(ValueError, match=r"k must be a whole number, found"):
        ra.topk(x, number)
    with pytest.raises(ValueError, match=r"the factor of axis 0 must be a whole number, found"):
        ra.coarsen(np.sum, x, {0: number})


def test_keywords_of_a_users_function_may_be_called_as_parameters_are() -> None:
    def function(block: Any, func: Any, out_ind: Any = 0, signature: Any = 0) -> Any:
        return block * func + out_ind + signature

    x = ra.ones(4, chunks=2)
    found = ra.blockwise(function, "i", x, "i", func=3, out_ind=1, dtype=float)
    assert found.compute().tolist() == [4.0] * 4
    found = ra.apply_gufunc(function, "()->()", x, func=3, signature=2, output_dtypes=float)
    assert found.compute().tolist() == [5.0] * 4


def test_push_keeps_the_dtype() -> None:
    for values in (np.arange(6), np.array([np.nan, 1, np.nan, np.nan, 2, np.nan], dtype="f4")):
        for n in (None, 1, 0):
            found = ra.push(ra.from_array(values, chunks=2), n, 0)
            assert found.dtype == found.compute().dtype == values.dtype
    found = ra.push(ra.from_array(values, chunks=2), 1, 0)
    np.testing.assert_array_equal(found, np.array([np.nan, 1, 1, np.nan, 2, 2], dtype="f4"))


@pytest.mark.parametrize("depth", [2**32, 2**64, -1, np.nan, 1.0, "a", (0, -1), {0: 2**64}, True, (1, 2, 3)])
def test_a_depth_that_is_none_is_named(depth: object) -> None:
    given = (depth,) if isinstance(depth, tuple) else depth
    with pytest.raises(ValueError, match=r"^depth must be .* found "):
        ra.overlap.overlap(ra.arange(6, chunks=3), given, "reflect")


@pytest.mark.parametrize("shift", [1.5, "a", (1.0,), None])
def test_a_shift_that_is_no_number_is_named(shift: object) -> None:
    with pytest.raises(TypeError, match=r"^shift must be a whole number, or a tuple of them, found "):
        ra.roll(ra.arange(6, chunks=3), shift).compute()


def test_ranges_by_name() -> None:
    same(ra.arange(start=1, stop=7, chunks=2), np.arange(start=1, stop=7))
    same(ra.arange(stop=3), np.arange(stop=3))
    with pytest.raises(TypeError, match=r"arange\(\) requires stop"):
        ra.arange()


@pytest.mark.parametrize("make", ["zeros_like", "ones_like", "empty_like"])
def test_arguments_of_arrays_like_others_by_place(make: str) -> None:
    x = ra.from_array(VALUES, chunks=(4, 3))
    made = getattr(ra, make)(x, "f4", "C", 2, "mine", (5,))
    assert (made.dtype, made.chunks, made.name.split("-")[0]) == (np.dtype("f4"), ((2, 2, 1),), "mine")
    with pytest.raises(NotImplementedError, match="blocks are made in C order"):
        getattr(ra, make)(x, None, "F")


def test_svd_makes_no_whole_bases() -> None:
    x = ra.from_array(VALUES, chunks=(2, 4))
    same(ra.linalg.svd(x, full_matrices=False)[1], ra.linalg.svd(x)[1])
    with pytest.raises(NotImplementedError, match=r"raskt\.array_api\.linalg\.svd"):
        ra.linalg.svd(x, True, True)
