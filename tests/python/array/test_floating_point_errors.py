"""Native kernels warn, raise and call as NumPy does, by the caller's `numpy.errstate`."""

import io
import warnings

import numpy as np
import pytest
import raskt
import raskt.array as ra
from hypothesis import assume, given, settings
from hypothesis import strategies as st

UNARY = [
    "square",
    "reciprocal",
    "sqrt",
    "log",
    "log2",
    "log10",
    "log1p",
    "exp",
    "exp2",
    "expm1",
    "arccos",
    "sin",
]
UNARY += ["absolute", "sign", "negative", "floor", "isnan", "cosh", "arcsin", "degrees", "rad2deg"]
BINARY = ["add", "subtract", "multiply", "divide", "floor_divide", "remainder", "fmod", "power"]
BINARY += ["maximum", "minimum", "fmax", "heaviside", "less", "greater_equal", "equal", "copysign"]
BINARY += ["logaddexp", "logaddexp2"]
VALUES = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, 1e30, -1e30, 3e38, np.inf, -np.inf, np.nan]
#: NumPy ignores underflow unless asked, and its functions differ by processor in where they report it.
ASKED = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}


def told(compute):
    """The texts of the warnings of `compute`."""
    with warnings.catch_warnings(record=True) as caught, np.errstate(**ASKED):
        warnings.simplefilter("always")
        compute()
    assert all(issubclass(each.category, RuntimeWarning) for each in caught)
    return {str(each.message) for each in caught}


def lazy(x):
    return ra.from_array(x, chunks=2)


floats = st.sampled_from(["f4", "f8"])
columns = st.lists(st.tuples(st.sampled_from(VALUES), st.sampled_from(VALUES)), min_size=1, max_size=6)


@settings(max_examples=300)
@given(name=st.sampled_from(UNARY + BINARY), dtype=floats, pairs=columns)
def test_an_operation_reports_what_numpy_reports(name, dtype, pairs):
    # C's `pow` is exact there and reports nothing; on some processors NumPy has a function of its own, which
    # does.
    assume(name != "power" or not any(np.isinf(exponent) for _, exponent in pairs))
    operands = list(np.array(pairs, dtype).T.copy())[: getattr(np, name).nin]
    expected = told(lambda: getattr(np, name)(*operands))
    assert told(lambda: getattr(ra, name)(*map(lazy, operands)).compute()) == expected


@settings(max_examples=100)
@given(first=st.sampled_from(BINARY[:7]), then=st.sampled_from(UNARY), dtype=floats, pairs=columns)
def test_each_step_of_a_fused_chain_reports_by_its_own_name(first, then, dtype, pairs):
    a, b = np.array(pairs, dtype).T.copy()
    expected = told(lambda: getattr(np, then)(getattr(np, first)(a, b)))
    assert told(lambda: getattr(ra, then)(getattr(ra, first)(lazy(a), lazy(b))).compute()) == expected


@pytest.mark.parametrize("name", ["floor_divide", "remainder", "fmod"])
@pytest.mark.parametrize("dtype", ["i1", "i4", "i8", "u2", "u8"])
@pytest.mark.parametrize("divisor", [0, 1, -1])
def test_integer_division_reports_zero_divisors_and_overflow(name, dtype, divisor):
    x = np.array([3, np.iinfo(dtype).min], dtype)
    y = np.full(2, divisor).astype(dtype)
    expected = told(lambda: getattr(np, name)(x, y))
    assert told(lambda: getattr(ra, name)(lazy(x), lazy(y)).compute()) == expected


@pytest.mark.parametrize("dtype", ["c8", "c16"])
@pytest.mark.parametrize("name", ["add", "subtract"])
def test_sums_of_complex_numbers_report_overflow_and_invalid_values(name, dtype):
    huge = np.finfo(dtype).max
    for x, y in [(huge, huge), (huge, -huge), (np.inf, np.inf), (np.inf, -np.inf), (np.nan, 1.0)]:
        a, b = np.array([x, 1j], dtype), np.array([y, 2j], dtype)
        expected = told(lambda a=a, b=b: getattr(np, name)(a, b))
        assert told(lambda a=a, b=b: getattr(ra, name)(lazy(a), lazy(b)).compute()) == expected


@settings(max_examples=200)
@given(
    dtype=st.sampled_from(["c8", "c16"]),
    name=st.sampled_from(["multiply", "square"]),
    parts=st.lists(
        st.tuples(*[st.sampled_from([0.0, -0.0, 1.0, -2.5, np.inf, -np.inf])] * 4),
        min_size=1,
        max_size=5,
    ),
)
def test_products_of_complex_numbers_report_what_numpy_reports(dtype, name, parts):
    with np.errstate(all="ignore"):
        pairs = np.array(parts).reshape(-1, 2, 2)
        operands = list((pairs[..., 0] + 0j).astype(dtype).T.copy())[: getattr(np, name).nin]
        for operand, imaginary in zip(operands, pairs[..., 1].T, strict=False):
            operand.imag = imaginary
    expected = told(lambda: getattr(np, name)(*operands))
    assert told(lambda: getattr(ra, name)(*map(lazy, operands)).compute()) == expected


@pytest.mark.parametrize("dtype", ["c8", "c16"])
def test_products_of_complex_numbers_report_overflow(dtype):
    # Where both products of a part overflow, or one is a NaN, NumPy's report depends on the processor.
    x = np.array([np.finfo(dtype).max, 1j], dtype)
    assert told(lambda: (lazy(x) * lazy(x)).compute()) == told(lambda: x * x) != set()
    assert told(lambda: ra.square(lazy(x)).compute()) == told(lambda: np.square(x)) != set()


def test_the_input_of_a_reduction_reports_too():
    assert told(lambda: (lazy(np.ones(4)) / lazy(np.zeros(4))).sum().compute()) == {
        "divide by zero encountered in divide"
    }


def test_a_narrowing_cast_reports_overflow():
    assert told(lambda: lazy(np.array([1e300])).astype("f4").compute()) == {"overflow encountered in cast"}


def test_a_warning_comes_once_and_points_at_the_caller():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        (lazy(np.ones(40)) / lazy(np.zeros(40))).compute()
    assert [each.filename for each in caught] == [__file__]


def test_large_blocks_that_several_threads_share_report_too():
    y = np.ones(1 << 20)
    y[5] = 0
    quotient = ra.ones(1 << 20, chunks=-1) / ra.from_array(y, chunks=-1)
    assert told(quotient.compute) == {"divide by zero encountered in divide"}


@pytest.mark.parametrize("scheduler", ["sync", "processes"])
def test_other_schedulers_report_too(scheduler):
    quotient = lazy(np.ones(4)) / lazy(np.zeros(4))
    assert told(lambda: quotient.compute(scheduler=scheduler)) == {"divide by zero encountered in divide"}
    assert told(lambda: (quotient - quotient).sum().compute(scheduler=scheduler)) == {
        "divide by zero encountered in divide",
        "invalid value encountered in subtract",
    }


def test_what_a_child_process_meets_is_raised_with_its_task():
    quotient = lazy(np.ones(4)) / lazy(np.array([1.0, 1, 0, 1]))
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError, match="in divide") as caught:
        quotient.compute(scheduler="processes")
    assert any("in task ('divide" in note for note in caught.value.__notes__)


big = 1.7e308
REDUCED = {
    "infinities of both signs": [np.inf, 1, -np.inf, 2],
    "one infinity": [np.inf, 1, 2, 3],
    "an overflow": [big, big, 1, 2],
    "an infinity and a NaN": [np.inf, np.nan, 1, 2],
    "large numbers": [1e200, -1e200, 1e200, 1],
    "zeros": [0, 0, -0.0, 0],
    "NaN": [np.nan, np.nan, 1, 2],
}


@pytest.mark.parametrize("chunks", [2, 4])
@pytest.mark.parametrize("name", ["sum", "nansum", "prod", "nanprod", "mean", "nanmean", "max", "min"])
@pytest.mark.parametrize("data", REDUCED.values(), ids=REDUCED.keys())
def test_a_reduction_reports_what_numpy_reports(data, name, chunks):
    x = np.array(data, "f8")
    found = told(lambda: getattr(ra, name)(ra.from_array(x, chunks=chunks)).compute())
    assert found == told(lambda: getattr(np, name)(x))
    lines = np.stack([np.ones(4), x])
    lazily = ra.from_array(lines, chunks=(1, chunks))
    assert told(lambda: getattr(ra, name)(lazily, axis=1).compute()) == told(
        lambda: getattr(np, name)(lines, axis=1)
    )


@pytest.mark.parametrize("name", ["cumsum", "cumprod"])
@pytest.mark.parametrize("data", REDUCED.values(), ids=REDUCED.keys())
def test_a_cumulative_function_reports_what_numpy_reports(data, name):
    x = np.array(data, "f8")
    found = told(lambda: getattr(ra, name)(ra.from_array(x, chunks=4), axis=0).compute())
    assert found == told(lambda: getattr(np, name)(x))


@settings(max_examples=200)
@given(
    to=st.sampled_from(["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4"]),
    dtype=floats,
    data=st.lists(
        st.sampled_from(
            [*VALUES, 300.0, -7e4, 2147483647.5, 2147483648.0, -2147483649.0, 3e9, 5e9, -1e10, 1e19]
        ),
        min_size=1,
        max_size=5,
    ),
)
def test_a_cast_reports_what_numpy_reports(to, dtype, data):
    with np.errstate(over="ignore"):
        x = np.array(data).astype(dtype)
    if to not in ("i8", "u8", "f4"):
        # Of numbers in between, NumPy reports what its conversion on this processor does.
        assume(((np.abs(x) < 2.0**31) | ~(np.abs(x) < 2.0**64)).all())
    assert told(lambda: lazy(x).astype(to).compute()) == told(lambda: x.astype(to))


def test_other_functions_with_a_bounded_domain_report_too():
    cases = [("arccosh", [0.5, 1, 2]), ("arctanh", [1.0, 0.5]), ("arctanh", [2.0]), ("arctanh", [0.5, -0.5])]
    for name, data in cases:
        x = np.array(data)
        assert told(lambda name=name, x=x: getattr(ra, name)(lazy(x)).compute()) == told(
            lambda name=name, x=x: getattr(np, name)(x)
        )
    for dtype in ["i1", "i8", "u4"]:
        x = np.array([0, 1], dtype)
        assert told(lambda x=x: ra.reciprocal(lazy(x)).compute()) == told(lambda x=x: np.reciprocal(x))
    for a, b in [(1 + 1j, 0), (0j, 0j), (1e300 + 1j, 1e-300), (1 + 1j, 2 - 1j), (complex("inf"), 1j)]:
        x, y = np.array([a, 1j]), np.array([b, 1j])
        assert told(lambda x=x, y=y: (lazy(x) / lazy(y)).compute()) == told(lambda x=x, y=y: x / y), (a, b)


@pytest.mark.parametrize("name", ["var", "std", "nanvar"])
def test_variances_say_what_they_met(name):
    # In one pass, so that the step's name is not NumPy's.
    def found(data):
        return told(lambda: getattr(ra, name)(lazy(np.array(data))).compute())

    assert "overflow encountered in reduce" in found(REDUCED["an overflow"])
    assert found(REDUCED["one infinity"]) == {"invalid value encountered in reduce"}
    assert found([1.0, 2, 4, np.nan]) == set()


def test_what_is_made_of_nothing_is_an_invalid_quotient():
    nothing = lazy(np.ones(0))
    assert told(nothing.mean().compute) == {"invalid value encountered in divide"}
    assert told(nothing.var().compute) == {"invalid value encountered in divide"}
    with np.errstate(invalid="raise"), pytest.raises(FloatingPointError):
        nothing.mean().compute()


@settings(max_examples=100)
@given(
    name=st.sampled_from(["sum", "prod", "mean", "var", "nansum", "nanmean", "nanstd", "cumsum"]),
    data=st.lists(st.floats(-1e10, 1e10) | st.just(np.nan), min_size=4, max_size=30),
    dtype=floats,
)
def test_reductions_of_plain_numbers_report_nothing(name, data, dtype):
    x = np.array(data, dtype)
    assume(not np.isnan(x).all())
    with np.errstate(under="ignore"):
        found = told(lambda: getattr(ra, name)(lazy(x), axis=0).compute())
        assert found <= told(lambda: getattr(np, name)(x))


def test_persisting_reports_and_using_what_is_persisted_does_not_again():
    quotient = lazy(np.ones(4)) / lazy(np.zeros(4))
    kept = []
    assert told(lambda: kept.append(quotient.persist())) == {"divide by zero encountered in divide"}
    assert told(kept[0].compute) == set()


def test_what_is_ignored_is_not_reported():
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("error")
        (lazy(np.ones(4)) / lazy(np.zeros(4))).compute()


def test_raise_gives_the_error_of_numpy():
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError) as caught:
        (lazy(np.ones(4)) / lazy(np.zeros(4))).compute()
    assert str(caught.value) == "divide by zero encountered in divide"


@pytest.mark.parametrize("scheduler", ["threads", "sync"])
def test_the_error_names_the_task_that_met_it_and_others_are_not_run(scheduler):
    seen = []
    quotient = lazy(np.ones(4)) / lazy(np.array([1.0, 1, 0, 1]))
    after = quotient.map_blocks(lambda b: seen.append(b.sum()) or b, dtype=float)
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError, match="in divide") as caught:
        after[2:].compute(scheduler=scheduler)
    assert seen == []
    assert any("in task ('divide" in note for note in caught.value.__notes__)


def test_what_is_to_be_raised_does_not_silence_what_only_warns():
    with np.errstate(divide="warn", invalid="raise"), pytest.warns(RuntimeWarning, match="divide by zero"):
        (lazy(np.ones(2)) / lazy(np.zeros(2))).compute()


def test_underflow_is_reported_where_it_is_asked_for():
    tiny = lazy(np.full(4, 1e-300))
    with (
        np.errstate(under="raise"),
        pytest.raises(FloatingPointError, match="underflow encountered in multiply"),
    ):
        (tiny * tiny).compute()


def test_call_gets_what_numpy_passes():
    def calls(compute):
        seen = []
        with np.errstate(all="call", call=lambda *given: seen.append(given)):
            compute()
        return seen

    assert calls(lambda: np.ones(2) / np.zeros(2)) == calls(
        lambda: (lazy(np.ones(2)) / lazy(np.zeros(2))).compute()
    )


def test_log_writes_what_numpy_writes():
    def written(compute):
        log = io.StringIO()
        with np.errstate(all="log", call=log):
            compute()
        return log.getvalue()

    assert (
        written(lambda: np.sqrt(-np.ones(2))) == written(lambda: ra.sqrt(lazy(-np.ones(2))).compute()) != ""
    )


def test_print_prints_what_numpy_prints(capfd):
    def printed(compute):
        with np.errstate(all="print"):
            compute()
        return capfd.readouterr()

    assert printed(lambda: np.sqrt(-np.ones(2))) == printed(lambda: ra.sqrt(lazy(-np.ones(2))).compute())


@pytest.mark.parametrize("mode", ["call", "log"])
def test_a_mode_without_its_handler_is_an_error_as_in_numpy(mode):
    with np.errstate(divide=mode, call=None):
        with pytest.raises(NameError):
            np.ones(2) / np.zeros(2)
        with pytest.raises(NameError, match="seterrcall"):
            (lazy(np.ones(2)) / lazy(np.zeros(2))).compute()


def test_several_collections_of_one_compute_report_once_each():
    x, zero = lazy(np.ones(4)), lazy(np.zeros(4))
    assert told(lambda: raskt.compute(x / zero, ra.log(zero))) == {
        "divide by zero encountered in divide",
        "divide by zero encountered in log",
    }


def test_constants_are_not_folded_past_an_error():
    assert told(lambda: (ra.ones(4, chunks=2) / ra.zeros(4, chunks=2)).compute()) == {
        "divide by zero encountered in divide"
    }
    assert told(lambda: (ra.ones(4, chunks=2) / 0).compute()) == {"divide by zero encountered in divide"}
    assert told(lambda: (ra.ones(4, chunks=2) / 2).compute()) == set()


def test_arrays_of_nothing_report_nothing():
    assert told(lambda: (ra.ones(0) / ra.zeros(0)).compute()) == set()


def columns_of(*values):
    """Every pair of values."""
    return [each.ravel() for each in np.meshgrid(*values)]


@pytest.mark.parametrize("name", ["matmul", "dot", "tensordot"])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("parts", [(0.1, 0.2, -0.3), (1.0, 0.0), (1.0, -1.0, 0.5)])
def test_products_of_matrices_report_overflow(name, dtype, parts):
    # Of infinities NumPy's library reports what it fills up with, too.
    a = np.array([np.multiply(parts, np.finfo(dtype).max), np.ones(len(parts))]).astype(dtype)
    b, product = a.T.copy(), getattr(np, name)
    arguments = {"axes": 1} if name == "tensordot" else {}
    kinds = {text.partition(" encountered")[0] for text in told(lambda: product(a, b, **arguments))}
    found = told(lambda: getattr(ra, name)(lazy(a), lazy(b), **arguments).compute())
    assert {text.partition(" encountered")[0] for text in found} == kinds
    operation = "dot" if name == "tensordot" else "matmul"
    assert all(text.endswith(f"encountered in {operation}") for text in found)


def test_a_product_of_infinities_is_invalid_where_they_cancel():
    a, b = np.array([[np.inf, -np.inf], [1.0, 2.0]]), np.ones((2, 3))
    assert told(lambda: (lazy(a) @ lazy(b)).compute()) == {"invalid value encountered in matmul"}
    assert told(lambda: (lazy(abs(a)) @ lazy(b)).compute()) == set()


def test_a_product_of_matrices_raises_where_errors_are_raised():
    x = lazy(np.full((3, 3), 1e200))
    with np.errstate(over="raise"), pytest.raises(FloatingPointError, match="overflow encountered in matmul"):
        (x @ x).compute()
    assert told(lambda: (lazy(np.array([[np.inf, 1.0]])) @ lazy(np.ones((2, 5)))).compute()) == set()


@pytest.mark.parametrize("dtype", ["c8", "c16"])
def test_products_of_complex_matrices_keep_their_infinities(dtype):
    with np.errstate(all="ignore"):
        a = np.array([[4 - 2j, 1], [-np.inf, 2j]]).astype(dtype)
        b = np.array([[1 + 1j, 3], [2, -1j]]).astype(dtype)
        np.testing.assert_array_equal((lazy(a) @ lazy(b)).compute(), a[:, :1] * b[:1] + a[:, 1:] * b[1:])


@pytest.mark.parametrize("name", ["divide", "floor_divide", "remainder", "multiply"])
@pytest.mark.parametrize("second", ["m8[s]", "i8", "f8"])
def test_operations_on_timedeltas_report_what_numpy_reports(name, second):
    times = np.array([0, 1, -1, 2**62, "NaT"], "m8[s]")
    others = {
        "m8[s]": times,
        "i8": np.array([0, 1, 3]),
        "f8": np.array([0.0, -0.0, 0.1, 4.0, 1e308, np.inf, np.nan]),
    }[second]
    try:
        getattr(np, name)(times, others[:1])
    except TypeError:
        return
    for a, b in zip(*columns_of(times, others), strict=True):
        x, y = np.array([a]), np.array([b])
        expected = told(lambda x=x, y=y: getattr(np, name)(x, y))
        assert told(lambda x=x, y=y: getattr(ra, name)(lazy(x), lazy(y)).compute()) == expected, (a, b)


@pytest.mark.parametrize("to", ["M8[s]", "m8[ms]", "i4", "f4", "c8"])
@pytest.mark.parametrize("dtype", ["f8", "c16"])
def test_casts_report_what_fits_no_number_or_time(dtype, to):
    for value in [1.0, 1e300, np.inf, np.nan, 1e10, 9.3e18]:
        x = np.array([value, 1.0], dtype)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", np.exceptions.ComplexWarning)
            expected = {text for text in told(lambda x=x: x.astype(to)) if "encountered" in text}
            found = {text for text in told(lambda x=x: lazy(x).astype(to).compute()) if "encountered" in text}
        assert found == expected, value


def test_reciprocals_of_complex_numbers_report_what_numpy_reports():
    for value in [0j, 5e-324j, complex(np.inf, np.inf), 2 + 1j, complex(1e308, 1e308)]:
        x = np.array([value])
        assert told(lambda x=x: ra.reciprocal(lazy(x)).compute()) == told(lambda x=x: np.reciprocal(x))


def test_fractions_of_infinities_meet_no_error():
    x = np.array([np.inf, -np.inf, 1.5, -0.0, np.nan])
    with np.errstate(all="raise"):
        for found, want in zip(ra.modf(lazy(x)), np.modf(x), strict=True):
            np.testing.assert_array_equal(found.compute(), want)
            np.testing.assert_array_equal(np.signbit(found.compute()), np.signbit(want))


def test_what_is_left_out_hides_no_error_of_a_sum():
    x = np.array([np.inf, -np.inf, np.nan])
    assert told(lambda: ra.nansum(lazy(x)).compute()) == told(lambda: np.nansum(x)) != set()
