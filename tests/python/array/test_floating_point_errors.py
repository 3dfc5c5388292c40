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
UNARY += ["absolute", "sign", "negative", "floor", "isnan", "cosh", "arcsin"]
BINARY = ["add", "subtract", "multiply", "divide", "floor_divide", "remainder", "fmod", "power"]
BINARY += ["maximum", "minimum", "fmax", "heaviside", "less", "greater_equal", "equal", "copysign"]
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


@settings(deadline=None, max_examples=300)
@given(name=st.sampled_from(UNARY + BINARY), dtype=floats, pairs=columns)
def test_an_operation_reports_what_numpy_reports(name, dtype, pairs):
    # C's `pow` is exact there and reports nothing; on some processors NumPy has a function of its own, which
    # does.
    assume(name != "power" or not any(np.isinf(exponent) for _, exponent in pairs))
    operands = list(np.array(pairs, dtype).T.copy())[: getattr(np, name).nin]
    expected = told(lambda: getattr(np, name)(*operands))
    assert told(lambda: getattr(ra, name)(*map(lazy, operands)).compute()) == expected


@settings(deadline=None, max_examples=100)
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


@settings(deadline=None, max_examples=200)
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


def test_the_synchronous_scheduler_reports_too():
    quotient = lazy(np.ones(4)) / lazy(np.zeros(4))
    assert told(lambda: quotient.compute(scheduler="sync")) == {"divide by zero encountered in divide"}


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
