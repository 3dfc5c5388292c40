"""Native kernels give what NumPy gives: every row of the table, over dtypes, awkward values and layouts.

Exactly, but for the units in the last place that the table grants.
"""

from __future__ import annotations

import contextlib
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import raskt
import raskt.array as ra
from kernel_page import TABLE, TIMED, ULPS
from kernel_values import awkward, n_ulps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

hypothesis = pytest.importorskip("hypothesis")
st = pytest.importorskip("hypothesis.strategies")
hnp = pytest.importorskip("hypothesis.extra.numpy")

few = hypothesis.settings(max_examples=60)
CODES = ["b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8", "c8", "c16", "M8", "m8"]
UFUNCS = [name for name, row in TABLE.items() if name in ULPS]
CASTS = [name for name in TABLE if name.startswith("astype(")]
# Of two zeros, either is the larger one.
EITHER_ZERO = {"maximum", "minimum", "fmax", "fmin", "max", "min", "nanmax", "nanmin", "clip"}


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def found_by(way: bool, call: Callable[[], Any]) -> Any:
    """The result, or the class of the error."""
    with raskt.config.set({"array.native": way}):
        try:
            return call().compute()
        except (ValueError, TypeError, IndexError) as error:
            return type(error)


def check(expected: Any, found: Any, ulps: int = 0, either_zero: bool = False) -> None:
    """Dtypes, shapes and elements are the same; NaN is NaN, whatever its bits are."""
    if isinstance(expected, type) or isinstance(found, type):
        assert found is expected
        return
    expected, found = np.asarray(expected), np.asarray(found)
    # Other byte orders are NumPy's alone, and stay as they are.
    found = found.astype(found.dtype.newbyteorder("="))
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    worst = n_ulps(expected, found, either_zero=either_zero)
    assert worst <= ulps, f"{worst} units in the last place:\n{found!r}\n{expected!r}"


def operands(name: str, code: str) -> list[np.ndarray]:
    """Awkward values of one dtype, each with each; times meet what NumPy lets them meet."""
    values = awkward(code)
    ufunc = getattr(np, name)
    if name in ("clip", "where"):
        few_values = np.resize(values, 5)
        low, high = few_values.reshape(5, 1, 1), np.resize(values[::-1], 4).reshape(4, 1)
        chosen = np.array([True, False]).reshape(2, 1, 1, 1)
        return [chosen, low, high] if name == "where" else [values, low, high]
    if not isinstance(ufunc, np.ufunc) or ufunc.nin == 1:
        return [values]
    for partner in (code, "m8", "i8"):
        with contextlib.suppress(TypeError):
            ufunc(values[-1:], awkward(partner)[-1:])
            return [values[:, None], awkward(partner)]
    raise TypeError(name)


@pytest.mark.parametrize("name", UFUNCS)
def test_loops_over_awkward_values(name: str) -> None:
    for code, mark in TABLE[name].items():
        if mark != "●":
            continue
        given = operands(name, code)
        try:
            expected: Any = getattr(np, name)(*given)
        except (ValueError, TypeError) as error:
            expected = type(error)
        arrays = [ra.from_array(x, chunks=-1) for x in given]
        found = found_by(True, lambda arrays=arrays: getattr(ra, name)(*arrays))
        check(expected, found, ULPS[name], name in EITHER_ZERO)


@pytest.mark.parametrize("name", CASTS)
def test_casts_of_awkward_values(name: str) -> None:
    to = name.removeprefix("astype(").removesuffix(")")
    for code, mark in TABLE[name].items():
        values = awkward(code)
        if np.dtype(to).kind in "iumM" and values.dtype.kind in "fc":
            # What does not fit is undefined in C, and so in NumPy.
            room = np.iinfo(to if np.dtype(to).kind in "iu" else "i8")
            values = values[(values.real > room.min / 2) & (values.real < room.max / 2)]
        if mark == "●":
            check(values.astype(to), found_by(True, lambda x=values: ra.from_array(x, chunks=-1).astype(to)))


# ---- layouts, chunks and broadcasting ----


@st.composite
def arrays(draw: Any, codes: Any = tuple(CODES), min_dims: int = 0, max_dims: int = 3, side: int = 5) -> Any:
    """An array of awkward values, laid out in any way, and what it is cut into."""
    code = draw(st.sampled_from(codes))
    shape = draw(hnp.array_shapes(min_dims=min_dims, max_dims=max_dims, min_side=0, max_side=side))
    values = awkward(code)
    picks = draw(hnp.arrays(np.int64, shape, elements=st.integers(0, len(values) - 1), fill=st.nothing()))
    return laid_out(draw, np.asarray(values[picks]))


def laid_out(draw: Any, x: np.ndarray) -> Any:
    """Lay an array out in one of many ways, and cut it."""
    layout = draw(st.sampled_from(["plain", "swapped", "readonly", "reversed", "transposed", "spread"]))
    back = (slice(None, None, -1),) * x.ndim
    if layout == "swapped":
        x = x.astype(x.dtype.newbyteorder())
    elif layout == "readonly":
        x = x.copy()
        x.flags.writeable = False
    elif layout == "reversed":
        x = x[back].copy()[back]
    elif layout == "transposed":
        x = x.T.copy().T
    elif layout == "spread" and x.ndim:
        x = np.repeat(x, 2, axis=-1)[..., ::2]
    chunks = tuple(draw(st.integers(1, max(n, 1))) for n in x.shape)
    return x, ra.from_array(x, chunks=chunks)


def both(
    call: Callable[..., Any], pairs: list[Any], reference: Callable[..., Any] | None = None, **how: Any
) -> None:
    """Hold ``call`` of arrays to the same of NumPy's, natively and by NumPy's functions on the chunks."""
    values = [x.astype(x.dtype.newbyteorder("=")) for x, _ in pairs]
    try:
        expected = (reference or call)(np, *values)
    except (ValueError, TypeError, IndexError) as error:
        expected = type(error)
    for way in (True, False):
        found = found_by(way, lambda: call(ra, *[x for _, x in pairs]))
        if found is not NotImplementedError:
            check(expected, found, **how)


EXACT = ["add", "subtract", "multiply", "less", "equal", "maximum", "fmin", "logical_and", "floor_divide"]


@few
@hypothesis.given(st.data(), arrays(), st.sampled_from(EXACT))
def test_pairs_broadcast_whatever_their_layout(data: Any, first: Any, name: str) -> None:
    x, _ = first
    flat = data.draw(st.lists(st.booleans(), min_size=x.ndim, max_size=x.ndim))
    other: Any = x[tuple(slice(0, 1) if at else slice(None) for at in flat)]
    while other.ndim and data.draw(st.booleans()) and len(other):
        other = other[0]
    other = np.array(other)
    both(
        lambda xp, a, b: getattr(xp, name)(a, b),
        [first, laid_out(data.draw, other)],
        either_zero=name in EITHER_ZERO,
    )


@few
@hypothesis.given(arrays(), st.sampled_from(["negative", "isnan", "absolute", "sign", "square", "conjugate"]))
def test_functions_of_one(pair: Any, name: str) -> None:
    both(lambda xp, x: getattr(xp, name)(x), [pair], ulps=ULPS[name] if pair[0].dtype.kind == "c" else 0)


# ---- reductions ----

REDUCED = ["all", "any", "max", "min", "nanmax", "nanmin", "argmax", "argmin", "count_nonzero"]
# These raise where there is nothing but NaN.
ARGS = ["nanargmax", "nanargmin"]
SUMS = ["sum", "nansum", "mean", "nanmean", "std", "var", "nanstd", "nanvar"]
NUMBERS = tuple(CODES[:-2])


@few
@hypothesis.given(st.data(), arrays(), st.sampled_from([*REDUCED, *ARGS]))
def test_reductions_that_choose_or_count(data: Any, pair: Any, name: str) -> None:
    axis = data.draw(st.sampled_from([None, *range(-pair[0].ndim, pair[0].ndim)]))
    keeps = data.draw(st.booleans())
    both(lambda xp, x: getattr(xp, name)(x, axis=axis, keepdims=keeps), [pair], either_zero=True)


@few
@hypothesis.given(
    st.data(), arrays(("b1", "i1", "i8", "u1", "u8", "m8")), st.sampled_from(["sum", "prod", "nansum"])
)
def test_sums_of_whole_numbers_are_exact(data: Any, pair: Any, name: str) -> None:
    if pair[0].dtype.kind == "m":
        # What overflows may be NaT on the way, in one order and not in another.
        units = pair[0].astype("m8[ns]").view("i8").reshape(-1).tolist()
        hypothesis.assume(sum(abs(n) for n in units if n != -(2**63)) < 2**63)
    axis = data.draw(st.sampled_from([None, *range(pair[0].ndim)]))
    both(lambda xp, x: getattr(xp, name)(x, axis=axis), [pair])


@few
@hypothesis.given(
    st.data(),
    hnp.arrays(
        st.sampled_from([np.dtype("f8"), np.dtype("f4")]),
        hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=7),
        elements=st.sampled_from([0.0, -0.0, 0.1, -2.5, 1e3, 3e-5, 7.0, np.nan, np.inf, -np.inf]),
        fill=st.nothing(),
    ),
    st.sampled_from(SUMS),
)
def test_sums_of_floats_are_as_good_as_numpys(data: Any, values: np.ndarray, name: str) -> None:
    x, own = laid_out(data.draw, values)
    axis = data.draw(st.sampled_from([None, *range(x.ndim)]))
    expected = np.asarray(getattr(np, name)(values, axis=axis))
    found = np.asarray(getattr(ra, name)(own, axis=axis).compute())
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    # Sums are as far apart as rounding of the terms may put them: cancellation makes the error absolute.
    terms = np.nansum(np.where(np.isfinite(values), abs(values), 0), dtype="f8", axis=axis)
    room = 16 * np.finfo(x.dtype).eps * (terms**2 if "var" in name else terms)
    room = np.sqrt(16 * np.finfo(x.dtype).eps) * terms if "std" in name else room
    same = (found == expected) | (np.isnan(found) & np.isnan(expected))
    assert (same | (abs(found.astype("f8") - expected) <= room)).all(), (found, expected)


# ---- blocks ----


def pick(x: Any, n: int, rng: np.random.Generator) -> np.ndarray:
    return rng.integers(-n, n, size=4) if n else np.zeros(0, dtype=int)


ORDERED = ("b1", "i1", "i8", "u1", "u8", "f4", "f8", "M8", "m8")
ROWS: dict[str, tuple[Any, Callable[..., Any]]] = {
    "transpose": (CODES, lambda xp, x, _: xp.transpose(x)),
    "slice": (CODES, lambda xp, x, _: x[::-2] if x.ndim else x[...]),
    "join": (CODES, lambda xp, x, _: xp.concatenate([x, x[:1]]) if x.ndim else x[...]),
    "stack": (CODES, lambda xp, x, _: xp.stack([x, x], axis=-1)),
    "reshape": (CODES, lambda xp, x, _: x.reshape(-1)),
    "broadcast": (CODES, lambda xp, x, _: xp.broadcast_to(x, (2, *x.shape))),
    "repeat": (CODES, lambda xp, x, _: xp.repeat(x, 3, axis=-1) if x.ndim else x[...]),
    "triangle": (CODES, lambda xp, x, k: xp.tril(x, k) if x.ndim > 1 else x[...]),
    "upper": (CODES, lambda xp, x, k: xp.triu(x, k) if x.ndim > 1 else x[...]),
    "diagonal": (CODES, lambda xp, x, k: xp.diagonal(x, k) if x.ndim > 1 else x[...]),
    "true_places": (CODES, lambda xp, x, _: xp.argwhere(x)),
    "sort": (CODES, lambda xp, x, _: xp.sort(x, axis=0) if x.ndim else x[...]),
    "unique": (ORDERED, lambda xp, x, _: xp.unique(x)),
    "distinct_counts": (ORDERED, lambda xp, x, _: xp.unique(x, return_counts=True)[1]),
    "distinct_places": (ORDERED, lambda xp, x, _: xp.unique(x, return_index=True)[1]),
    "isin": (CODES, lambda xp, x, _: xp.isin(x, np.asarray(awkward(code_of(x.dtype)))[::2])),
    "searchsorted": (
        ORDERED,
        lambda xp, x, k: xp.searchsorted(
            xp.asarray(np.sort(awkward(code_of(x.dtype)))), x, side="left" if k > 0 else "right"
        ),
    ),
    "digitize": (
        ("i1", "i8", "u1", "f4", "f8"),
        lambda xp, x, k: xp.digitize(x, np.arange(5)[:: k or 1], k > 0),
    ),
    "histogram": (
        ("i1", "i4", "u1", "f4", "f8"),
        lambda xp, x, _: xp.histogram(x, np.array([-2, 0, 1.5, 7]))[0],
    ),
    "cumsum": (
        ("b1", "i1", "i8", "u1", "u8", "m8"),
        lambda xp, x, _: xp.cumsum(x, axis=-1) if x.ndim else x[...],
    ),
    "cumprod": (("i1", "i8", "u1", "u8"), lambda xp, x, _: xp.cumprod(x, axis=0) if x.ndim else x[...]),
    "median": (
        ("i1", "i4", "u1", "f8"),
        lambda xp, x, _: xp.median(x, axis=0) if x.size and x.ndim else x[...],
    ),
    # NumPy's adds the middle element to itself, so that the median of the largest number alone is infinite.
    "nanmedian": (("f8",), lambda xp, x, _: xp.nanmedian(x / 2, axis=-1) if x.size and x.ndim else x[...]),
    "matmul": (("b1", "i1", "i8", "u4"), lambda xp, x, _: xp.matmul(x, x.T) if x.ndim == 2 else x[...]),
    "tensordot": (
        ("i1", "i8", "u4"),
        lambda xp, x, _: xp.tensordot(x, x, axes=((0,), (0,))) if x.ndim else x[...],
    ),
}


def code_of(dtype: np.dtype[Any]) -> str:
    return dtype.kind + "8" if dtype.kind in "mM" else f"{dtype.kind}{dtype.itemsize}"


@pytest.mark.parametrize("row", ROWS)
@hypothesis.settings(max_examples=20)
@hypothesis.given(data=st.data())
def test_kernels_of_blocks(row: str, data: Any) -> None:
    codes, call = ROWS[row]
    pair = data.draw(arrays(tuple(codes)))
    k = data.draw(st.integers(-2, 2))
    both(lambda xp, x: call(xp, x, k), [pair], either_zero=True)


@few
@hypothesis.given(st.data(), arrays(min_dims=1))
def test_elements_by_places_and_masks(data: Any, pair: Any) -> None:
    x, own = pair
    n = x.shape[0]
    places = np.array(data.draw(st.lists(st.integers(-n, n - 1), max_size=5)) if n else [], dtype=np.int64)
    lazy = ra.from_array(places, chunks=2)
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)), dtype=bool)
    plain = x.astype(x.dtype.newbyteorder("="))
    for way in (True, False):
        check(plain[places], found_by(way, lambda: own[lazy]))
        check(plain[places], found_by(way, lambda: own.vindex[places]))
        check(plain[mask], found_by(way, lambda: own[ra.from_array(mask, chunks=own.chunks[0])]))
        check(IndexError, found_by(way, lambda: own[ra.asarray([0, n])]))


@few
@hypothesis.given(st.data(), arrays(min_dims=1))
def test_assignment(data: Any, pair: Any) -> None:
    x, own = pair
    index = data.draw(hnp.basic_indices(x.shape, allow_ellipsis=False))
    index = index if isinstance(index, tuple) else (index,)
    values = data.draw(st.sampled_from([awkward(code_of(x.dtype))[0], np.resize(x, x[index].shape)]))
    expected = x.astype(x.dtype.newbyteorder("="))
    expected[index] = values
    for way in (True, False):
        with raskt.config.set({"array.native": way}):
            changed = own.copy()
            changed[index] = values
            check(expected, changed.compute())


@few
@hypothesis.given(arrays(ORDERED, min_dims=1, max_dims=2), st.integers(-4, 4))
def test_largest_elements(pair: Any, k: int) -> None:
    x, own = pair
    hypothesis.assume(k)
    plain = x.astype(x.dtype.newbyteorder("="))
    order = np.argsort(plain, axis=-1, kind="stable")
    if k > 0:
        # Of equal elements the first comes first.
        order = plain.shape[-1] - 1 - np.argsort(plain[..., ::-1], axis=-1, kind="stable")[..., ::-1]
    order = order[..., : abs(k)]
    for way in (True, False):
        check(order, found_by(way, lambda: ra.argtopk(own, k)))
        check(np.take_along_axis(plain, order, -1), found_by(way, lambda: ra.topk(own, k)), either_zero=True)


@few
@hypothesis.given(
    hnp.arrays(
        np.float64, hnp.array_shapes(max_dims=2, max_side=6), elements=st.integers(-9, 9) | st.just(np.nan)
    ),
    st.lists(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.77, 1.0]), min_size=1, max_size=3),
    st.sampled_from(["linear", "lower", "higher", "midpoint", "nearest"]),
    st.sampled_from(["quantile", "nanquantile"]),
    st.booleans(),
)
def test_quantiles(x: np.ndarray, q: list[float], method: str, name: str, keepdims: bool) -> None:
    pair = (x, ra.from_array(x, chunks=2))
    for axis in (0, None):
        both(
            lambda xp, x, axis=axis: getattr(xp, name)(x, q, axis=axis, method=method, keepdims=keepdims),
            [pair],
        )
        both(lambda xp, x, axis=axis: getattr(xp, name)(x, q[0], axis=axis, method=method), [pair])


@few
@hypothesis.given(
    hnp.arrays(st.sampled_from([np.int64, np.uint8]), st.integers(0, 9), elements=st.integers(0, 9))
)
def test_counts(x: np.ndarray) -> None:
    pair = (x, ra.from_array(x, chunks=2))
    weights = np.arange(len(x)) / 4
    both(lambda xp, x: xp.bincount(x, minlength=3), [pair])
    if len(x):
        # Of nothing NumPy counts whole numbers, weights or no.
        both(lambda xp, x: xp.bincount(x, weights=weights), [pair])


SOURCES: list[Callable[[Any], Any]] = [
    lambda xp: xp.arange(7, dtype="u1"),
    lambda xp: xp.arange(5, -5, -2),
    lambda xp: xp.arange(0.5, 9, 0.7),
    lambda xp: xp.linspace(-1, 1, 7, dtype="f4"),
    lambda xp: xp.linspace(0, 9, 4, dtype="i4"),
    lambda xp: xp.eye(3, M=5, k=1, dtype="c8"),
    lambda xp: xp.tri(4, 3, k=-1, dtype="i2"),
    lambda xp: xp.indices((2, 3)),
    lambda xp: xp.full((2, 0), 3),
    lambda xp: xp.full(3, np.datetime64(7, "s"), dtype="M8[ns]"),
    lambda xp: xp.full(3, -2.7, dtype="i4"),
    lambda xp: xp.full(3, 2, dtype="?"),
    lambda xp: xp.ones((), dtype="c16"),
]


@pytest.mark.parametrize("number", range(len(SOURCES)))
def test_sources(number: int) -> None:
    for way in (True, False):
        check(SOURCES[number](np), found_by(way, lambda: SOURCES[number](ra)), ulps=1)


def test_dtypes_of_the_table_have_values() -> None:
    assert [code for code in CODES if not len(awkward(code))] == []
    assert set(TIMED) < set(CODES)
