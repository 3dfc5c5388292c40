"""Results held to NumPy's over dtypes, chunks, NaN, empty axes, and steps of either sign."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

ra = pytest.importorskip("raskt.array")
hypothesis = pytest.importorskip("hypothesis")
st = pytest.importorskip("hypothesis.strategies")
hnp = pytest.importorskip("hypothesis.extra.numpy")

few = hypothesis.settings(max_examples=60)
SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=7)
FLOATS = st.sampled_from([0.0, -0.0, 1.5, -2.25, 1e10, np.nan, np.inf, -np.inf])


@st.composite
def arrays(draw, dtypes=("f8", "f4", "i8", "i4", "u1", "?", "c16")):
    dtype = np.dtype(draw(st.sampled_from(dtypes)))
    shape = draw(SHAPES)
    elements = (
        FLOATS if dtype.kind == "f" else st.integers(0, 1) if dtype.kind == "b" else st.integers(0, 100)
    )
    values = draw(hnp.arrays(dtype, shape, elements=elements, fill=st.nothing()))
    chunks = tuple(draw(st.integers(1, max(n, 1))) for n in shape)
    return values, ra.from_array(values, chunks=chunks)


def check(found, expected):
    values = found.compute()
    np.testing.assert_allclose(values, expected, rtol=1e-5)
    assert np.asarray(values).dtype == np.asarray(expected).dtype
    assert found.dtype == np.asarray(expected).dtype
    assert found.shape == np.shape(expected)


@few
@hypothesis.given(arrays(), st.sampled_from(["add", "multiply", "less", "equal", "maximum", "logical_and"]))
def test_ufuncs_of_two(pair, name):
    values, x = pair
    check(getattr(ra, name)(x, x), getattr(np, name)(values, values))


@few
@hypothesis.given(
    arrays(("f8", "f4", "i8", "u1")), st.sampled_from(["sqrt", "exp", "absolute", "isnan", "floor", "sign"])
)
def test_ufuncs_of_one(pair, name):
    values, x = pair
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check(getattr(ra, name)(x), getattr(np, name)(values))


@few
@hypothesis.given(st.data(), arrays(("f8", "i8", "i4", "?")))
def test_reductions(data, pair):
    values, x = pair
    name = data.draw(st.sampled_from(["sum", "prod", "any", "all", "mean", "var", "nansum"]))
    axis = data.draw(st.sampled_from([None, *range(values.ndim)]))
    keepdims = data.draw(st.booleans())
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        expected = getattr(np, name)(values, axis=axis, keepdims=keepdims)
        check(getattr(ra, name)(x, axis=axis, keepdims=keepdims), expected)


@few
@hypothesis.given(st.data(), arrays())
def test_slices(data, pair):
    values, x = pair
    index = data.draw(hnp.basic_indices(values.shape, allow_newaxis=True, allow_ellipsis=True))
    check(x[index], values[index])


@few
@hypothesis.given(st.data(), arrays(("f8", "i4")))
def test_rechunks_and_transpositions_change_no_element(data, pair):
    values, x = pair
    chunks = tuple(data.draw(st.integers(1, max(n, 1))) for n in values.shape)
    axes = data.draw(st.permutations(range(values.ndim)))
    check(x.rechunk(chunks), values)
    check((x + x).transpose(axes).rechunk(-1), (values + values).transpose(axes))


@few
@hypothesis.given(st.data(), arrays(("f8", "i4")))
def test_reshapes(data, pair):
    values, x = pair
    check(x.reshape(-1), values.reshape(-1))
    if values.size:
        order = data.draw(st.permutations(values.shape))
        check(x.reshape(tuple(order)), values.reshape(tuple(order)))


@few
@hypothesis.given(st.data(), arrays(("f8", "i8")))
def test_running_sums(data, pair):
    values, x = pair
    hypothesis.assume(values.ndim > 0)
    axis = data.draw(st.integers(0, values.ndim - 1))
    with np.errstate(all="ignore"):
        check(x.cumsum(axis=axis), values.cumsum(axis=axis))
