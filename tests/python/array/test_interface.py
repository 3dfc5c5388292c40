"""What code written for Dask's arrays relies on beside their values: classes, names, objects, keywords."""

from __future__ import annotations

import inspect
import math
import operator
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import raskt
import raskt.array as ra
from hypothesis import given
from hypothesis import strategies as st
from raskt.array.chunking import broadcast_shapes, common_blockdim, ensure_minimum_chunksize
from raskt.array.core import blockdims_from_blockshape, concatenate3, elemwise, finalize, slices_from_chunks
from raskt.array.reductions import arg_reduction, cumreduction
from raskt.array.utils import assert_eq, meta_from_array, same_keys
from raskt.highlevelgraph import HighLevelGraph

X = np.arange(24.0).reshape(4, 6)


def lazy() -> Any:
    return ra.from_array(X, chunks=(2, 4))


# ---- arrays of graphs, and graphs of arrays ----


def test_an_array_is_made_of_a_graph_its_name_and_chunks() -> None:
    blocks = {("x", 0): np.arange(3), ("x", 1): (operator.add, ("x", 0), 3)}
    x = ra.Array(blocks, "x", chunks=((3, 3),), dtype=int)
    assert (x.name, x.chunks, x.dtype) == ("x", ((3, 3),), np.dtype(int))
    assert_eq(x + 1, np.arange(1, 7))
    assert x.__dask_keys__() == [("x", 0), ("x", 1)]
    assert x.persist().name == "x"
    assert pickle.loads(pickle.dumps(x)).name == "x"
    of_meta = ra.Array({("m", 0, 0): X}, "m", chunks=(4, 6), shape=X.shape, meta=np.empty((0, 0)))
    assert_eq(of_meta, X)


def test_an_array_of_a_graph_of_layers_goes_on_where_another_ended() -> None:
    x = lazy()
    layer = {("y", i, j): (operator.neg, (x.name, i, j)) for i in range(2) for j in range(2)}
    graph = HighLevelGraph.from_collections("y", layer, dependencies=[x])
    y = ra.Array(graph, "y", x.chunks, x.dtype)
    assert_eq(y.sum(axis=0), -X.sum(0))
    assert list(graph.layers) == [x.name, "y"]


def test_the_graph_of_an_array_can_be_read_whether_dask_is_there_or_not() -> None:
    code = (
        "import sys, raskt, raskt.array as ra, raskt.bag as rb\n"
        "from raskt.highlevelgraph import HighLevelGraph\n"
        "x = ra.ones((2, 2), chunks=1)\n"
        "assert type(x.dask) is HighLevelGraph and 'dask' not in sys.modules\n"
        "assert set(x.dask) == set(raskt.core.flatten(x.__dask_keys__()))\n"
        "assert list(x.dask.layers) == [x.name]\n"
        "d = raskt.delayed(abs)(-1)\n"
        "assert list(d.dask.layers) == [d.key] and len(rb.range(3, npartitions=3).dask) == 3\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((5,), "made of a graph, its name and chunks"),
        (({"x": 1},), "needs its name and chunks"),
        (({"x": 1}, "x"), "needs its name and chunks"),
    ],
)
def test_what_an_array_cannot_be_made_of_is_told(args: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        ra.Array(*args)


def test_an_array_of_a_graph_that_lacks_a_block_says_which() -> None:
    with pytest.raises(KeyError, match="x"):
        ra.Array({("x", 0): X}, "x", chunks=((4, 4), (6,)), dtype=float)


def test_the_type_of_blocks_can_be_said_and_is_shown() -> None:
    x = lazy()
    assert isinstance(x._meta, np.ndarray)
    assert x._meta.shape == (0, 0)
    x._meta = np.ma.empty((1, 1))
    assert type(x._meta) is np.ma.MaskedArray
    assert x._meta.dtype == x.dtype
    assert "chunktype=numpy.ma.MaskedArray" in repr(x)
    assert "MaskedArray" in x._repr_html_()
    assert type(pickle.loads(pickle.dumps(x))._meta) is np.ma.MaskedArray
    masked = ra.from_array(np.ma.array([1, 2], mask=[0, 1]), asarray=False)
    assert "MaskedArray" in repr(masked)


# ---- the class ----


@pytest.mark.parametrize(
    "name", ["sum", "std", "rechunk", "topk", "ravel", "trace", "clip", "cumsum", "view"]
)
def test_methods_are_on_the_class_with_the_functions_signatures(name: str) -> None:
    method = getattr(ra.Array, name)
    assert name in dir(ra.Array)
    assert inspect.getdoc(method)
    bound = inspect.signature(getattr(lazy(), name))
    assert list(inspect.signature(method).parameters)[1:] == list(bound.parameters)


def test_every_method_of_the_class_is_documented() -> None:
    public = [name for name in dir(ra.Array) if not name.startswith("_")]
    assert [name for name in public if not inspect.getdoc(getattr(ra.Array, name))] == []


def test_a_name_that_arrays_lack_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'no_such_method'"):
        lazy().no_such_method  # noqa: B018


def test_map_overlap_takes_depth_boundary_and_trim_by_position() -> None:
    x = ra.arange(6, chunks=3)
    by_name = x.map_overlap(np.cumsum, depth=1, boundary=0, trim=False)
    assert same_keys(x.map_overlap(np.cumsum, 1, 0, False), by_name)
    with pytest.raises(TypeError, match="depth, boundary and trim once"):
        x.map_overlap(np.cumsum, 1, depth=1)


# ---- what changes nothing ----


NOTHING = {
    "rechunk": lambda x: x.rechunk(x.chunks),
    "rechunk to a size": lambda x: x.rechunk((2, 4)),
    "rechunk of no axis": lambda x: x.rechunk({}),
    "astype": lambda x: x.astype(x.dtype),
    "reshape": lambda x: x.reshape(x.shape),
    "reshape to a length that follows": lambda x: x.reshape(-1, 6),
    "transpose": lambda x: x.transpose(0, 1),
    "swapaxes": lambda x: x.swapaxes(1, 1),
    "moveaxis": lambda x: ra.moveaxis(x, 0, 0),
    "slice": lambda x: x[:],
    "slices": lambda x: x[0:4, ...],
    "ellipsis": lambda x: x[...],
    "pad": lambda x: ra.pad(x, 0),
    "broadcast": lambda x: ra.broadcast_to(x, x.shape),
    "squeeze": lambda x: x.squeeze(),
    "concatenate": lambda x: ra.concatenate([x]),
    "roll": lambda x: ra.roll(x, 0, 0),
    "repeat": lambda x: ra.repeat(x, 1, axis=0),
    "asarray": lambda x: ra.asarray(x),
    "view": lambda x: x.view(x.dtype),
    "blocks": lambda x: x.blocks[:, :],
    "overlap": lambda x: ra.overlap.overlap(x, 0, "none"),
    "trim": lambda x: ra.overlap.trim_internal(x, {0: 0}),
    "flip": lambda x: ra.flip(x, ()),
    "clip": lambda x: x.clip(),
}


@pytest.mark.parametrize("change", NOTHING)
def test_what_changes_nothing_returns_the_same_object(change: str) -> None:
    x = lazy()
    assert NOTHING[change](x) is x


def test_along_one_axis_transposing_and_flattening_change_nothing() -> None:
    x = ra.arange(6, chunks=2)
    assert x.T is x
    assert x.ravel() is x
    assert x.flatten() is x


def test_a_copy_is_another_array() -> None:
    x = lazy()
    y = x.copy()
    y[0] = -1
    assert_eq(x, X)


# ---- names ----


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("ones", lambda: ra.ones(3)),
        ("zeros", lambda: ra.zeros(3)),
        ("empty", lambda: ra.empty(3)),
        ("full", lambda: ra.full(3, 1.0)),
        ("ones_like", lambda: ra.ones_like(lazy())),
        ("zeros_like", lambda: ra.zeros_like(lazy())),
        ("arange", lambda: ra.arange(3)),
        ("tri", lambda: ra.tri(3)),
        ("from_array", lazy),
        ("normal", lambda: ra.random.default_rng(1).normal(size=3)),
        ("sum", lambda: lazy().sum()),
        ("add", lambda: lazy() + 1),
        ("sqrt", lambda: lazy().map_blocks(np.sqrt)),
        ("lambda", lambda: lazy().map_blocks(lambda block: block)),
        ("mine", lambda: lazy().map_blocks(np.sqrt, token="mine")),
        ("outer", lambda: ra.blockwise(np.outer, "ij", ra.ones(2), "i", ra.ones(2), "j", dtype=float)),
        ("topk", lambda: ra.topk(ra.arange(4, chunks=2), 2)),
        ("amax", lambda: ra.reduction(ra.arange(4, chunks=2), np.amax, np.amax, dtype=int)),
    ],
)
def test_names_of_keys_begin_with_what_was_called(name: str, make: Any) -> None:
    x = make()
    assert x.name.rsplit("-", 1)[0] == name
    assert f"raskt.array<{name}, " in repr(x)
    assert x.name == make().name
    assert not x.npartitions or x.__dask_keys__()


def test_keys_of_running_tasks_are_those_of_the_array() -> None:
    x = lazy().map_blocks(np.sqrt)
    seen: list[Any] = []
    with raskt.callbacks.Callback(pretask=lambda key, dsk, state: seen.append(key)):
        x.compute(optimize_graph=False)
    assert set(raskt.core.flatten(x.__dask_keys__())) <= set(seen)


def test_a_name_that_is_given_is_the_name() -> None:
    assert ra.ones(3, name="mine").name == "mine"
    assert ra.arange(3, name="mine").name == "mine"
    assert ra.full_like(lazy(), 1, name="mine").name == "mine"
    assert ra.from_array(X, name="mine").name == "mine"
    assert ra.from_delayed(raskt.delayed(np.ones)(3), (3,), float, name="mine").name == "mine"
    x = lazy().map_blocks(np.negative, name="mine")
    assert x.__dask_keys__()[0][0] == ("mine", 0, 0)
    assert_eq(x, -X)
    assert lazy().map_blocks(np.negative).name != "mine"


def test_assigning_to_an_array_takes_its_given_name() -> None:
    x = ra.ones(3, name="mine")
    x[0] = 5
    assert x.name != "mine"


def test_split_every_says_the_same_in_all_its_forms() -> None:
    x = ra.ones((8, 8), chunks=1)
    assert x.sum(axis=0, split_every=2).name == x.sum(axis=0, split_every={0: 2}).name
    assert x.sum(axis=0, split_every={0: 2, 1: 7}).name == x.sum(axis=-2, split_every={-2: 2}).name
    assert x.sum(split_every=9).name == x.sum(split_every={0: 3, 1: 3}).name
    assert x.sum(split_every=9).name != x.sum(split_every={0: 3, 1: 2}).name
    assert_eq(x.sum(axis=1, split_every={1: 2}), np.full(8, 8.0))
    with pytest.raises(ValueError, match="split_every must be"):
        x.sum(split_every=True)


def test_sizes_that_are_not_known_are_one_nan() -> None:
    x = lazy()[:, 0]
    y, z = x[x > 3], x[x < 7]
    assert y.chunks[0][0] is np.nan
    assert y.chunks == y.chunks
    assert y.chunks == z.chunks
    assert y.shape == y.shape
    # Equal chunks of unknown sizes are no reason to take blocks for equal.
    with pytest.raises(ValueError):
        (y + z).compute()


# ---- NumPy's arrays stay NumPy's ----


@pytest.mark.parametrize(
    "function",
    ["exp", "add", "isnan", "clip", "real", "imag", "angle", "fix", "sinc", "i0", "modf", "isreal"],
)
def test_functions_of_numpys_arrays_return_numpys(function: str) -> None:
    args: tuple[Any, ...] = {"add": (X, 1), "clip": (X, 2, 5)}.get(function, (X,))
    expected, found = getattr(np, function)(*args), getattr(ra, function)(*args)
    assert type(found) is type(expected)
    np.testing.assert_array_equal(found, expected)
    lazily = getattr(ra, function)(ra.from_array(args[0], chunks=3), *args[1:])
    assert hasattr(lazily[0] if isinstance(lazily, tuple) else lazily, "compute")


def test_a_number_and_a_delayed_value_decide_too() -> None:
    assert isinstance(ra.exp(0.0), float)
    assert isinstance(ra.add(1, lazy()), ra.Array)
    assert isinstance(elemwise(np.add, X, 1), ra.Array)
    out = np.empty_like(X)
    assert ra.exp(X, out=out) is out


# ---- functions of one's own ----


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=20), st.integers(1, 7))
def test_cumreduction_is_what_the_function_gives_on_all_elements(numbers: list[int], size: int) -> None:
    x = ra.from_array(np.array(numbers), chunks=size)
    found = cumreduction(np.maximum.accumulate, np.maximum, -9, x, axis=0)
    np.testing.assert_array_equal(found.compute(), np.maximum.accumulate(numbers))


def test_cumreduction_goes_along_any_axis() -> None:
    for axis in (0, 1):
        found = cumreduction(np.cumsum, np.add, 0, lazy(), axis=axis)
        assert_eq(found, X.cumsum(axis))
    assert_eq(cumreduction(np.cumprod, np.multiply, 1, lazy(), dtype=float), X.cumprod())
    with pytest.raises(TypeError, match="needs preop="):
        cumreduction(np.cumsum, np.add, 0, lazy(), axis=0, method="blelloch")
    with pytest.raises(ValueError, match="method must be"):
        cumreduction(np.cumsum, np.add, 0, lazy(), axis=0, method="other")


def _arg_chunk(block: Any, axis: Any, offset: Any) -> Any:
    return {
        "vals": block.max(axis=axis, keepdims=True),
        "arg": np.expand_dims(block.argmax(axis=axis[0]), axis[0]) + offset,
    }


def _arg_best(partial: Any, axis: Any, keepdims: bool) -> Any:
    at = np.expand_dims(partial["vals"].argmax(axis=axis[0]), axis[0])
    return {name: np.take_along_axis(values, at, axis[0]) for name, values in partial.items()}


def _arg_place(partial: Any, axis: Any, keepdims: bool) -> Any:
    found = _arg_best(partial, axis, True)["arg"]
    return found if keepdims else found.squeeze(axis)


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("split_every", [None, 2, {0: 2, 1: 2}])
def test_arg_reduction_takes_functions_that_are_told_where_they_are(axis: int, split_every: Any) -> None:
    values = np.random.default_rng(0).integers(0, 99, (9, 7))
    x = ra.from_array(values, chunks=2)
    found = arg_reduction(x, _arg_chunk, _arg_best, _arg_place, axis=axis, split_every=split_every)
    assert_eq(found, values.argmax(axis))
    kept = arg_reduction(x, _arg_chunk, _arg_best, _arg_place, axis=axis, keepdims=True)
    assert_eq(kept, np.expand_dims(values.argmax(axis), axis))


# ---- chunks and metas ----


@given(st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=4), min_size=1, max_size=3))
def test_slices_from_chunks_cut_an_array_into_its_blocks(chunks: list[list[int]]) -> None:
    shape = tuple(map(sum, chunks))
    slices = slices_from_chunks(tuple(map(tuple, chunks)))
    assert len(slices) == math.prod(map(len, chunks))
    seen = np.zeros(shape, int)
    for cut in slices:
        seen[cut] += 1
    assert (seen == 1).all()


@given(st.lists(st.integers(1, 30), min_size=1, max_size=8), st.integers(1, 30))
def test_ensure_minimum_chunksize_leaves_no_short_chunk(chunks: list[int], size: int) -> None:
    if sum(chunks) < size:
        with pytest.raises(ValueError, match="along an axis of"):
            ensure_minimum_chunksize(size, chunks)
        return
    found = ensure_minimum_chunksize(size, chunks)
    assert sum(found) == sum(chunks)
    assert min(found) >= size


@given(st.lists(st.lists(st.integers(1, 4), max_size=3), max_size=3))
def test_broadcast_shapes_is_numpys(shapes: list[list[int]]) -> None:
    try:
        expected = np.broadcast_shapes(*map(tuple, shapes))
    except ValueError:
        with pytest.raises(ValueError, match="could not be broadcast"):
            broadcast_shapes(*shapes)
    else:
        assert broadcast_shapes(*shapes) == expected


def test_chunks_of_several_arrays_fit_into_common_ones() -> None:
    assert common_blockdim([(4, 2), (6,), (1,)]) == (4, 2)
    with pytest.raises(ValueError, match="do not add up"):
        common_blockdim([(4, 2), (5,)])
    assert blockdims_from_blockshape((5,), (2,)) == ((2, 2, 1),)


def test_blocks_in_nested_lists_are_one_array() -> None:
    blocks = [[X[:2, :4], X[:2, 4:]], [X[2:, :4], X[2:, 4:]]]
    np.testing.assert_array_equal(finalize(blocks), X)
    np.testing.assert_array_equal(concatenate3(blocks), X)


def test_metas_are_arrays_without_elements() -> None:
    assert meta_from_array(lazy()).shape == (0, 0)
    assert meta_from_array(np.ma.ones((2, 2)), ndim=1).shape == (0,)
    assert type(meta_from_array(np.ma.ones((2, 2)))) is np.ma.MaskedArray
    assert meta_from_array(None, 3, "i2").dtype == np.int16
    assert meta_from_array(5).shape == ()
    with pytest.raises(ValueError, match="an array or a dtype is needed"):
        meta_from_array(None)


def test_boundaries_put_around_an_array_what_lies_outside() -> None:
    from raskt.array.overlap import boundaries, coerce_boundary, coerce_depth

    modes = {"reflect": "symmetric", "nearest": "edge", "periodic": "wrap"}
    for kind, mode in modes.items():
        assert_eq(boundaries(lazy(), {0: 2, 1: 1}, kind), np.pad(X, ((2, 2), (1, 1)), mode=mode))
    assert_eq(boundaries(lazy(), 1, 7), np.pad(X, 1, constant_values=7))
    assert boundaries(lazy(), 1, "none").shape == X.shape
    assert coerce_depth(2, (1, 2)) == {0: 1, 1: 2}
    assert coerce_boundary(1, None) == {0: "none"}


# ---- comparing ----


def test_assert_eq_says_what_differs() -> None:
    for left, right, message, options in [
        (lazy(), X + 1, "arrays differ", {}),
        (lazy(), X[:1], "shapes differ", {}),
        (lazy(), X[0], "numbers of axes differ", {}),
        (lazy(), X.astype("f4"), "dtypes differ", {}),
        (lazy(), np.ma.array(X), "types differ", {}),
        (np.array([np.nan]), np.array([np.nan]), "arrays differ", {"equal_nan": False}),
    ]:
        with pytest.raises(AssertionError, match=message):
            assert_eq(left, right, **options)
    assert assert_eq(lazy(), X.astype("f4"), check_dtype=False)
    with pytest.raises(TypeError, match="no_such"):
        assert_eq(X, X, no_such=1)


# ---- keywords ----


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: ra.ones(3, order="F"), NotImplementedError),
        (lambda: ra.ones(3, no_such=1), TypeError),
        (lambda: ra.arange(3, device="gpu"), ValueError),
        (lambda: ra.random.RandomState(1, RandomState=list), NotImplementedError),
        (lambda: ra.random.default_rng(1).integers(5, size=3, no_such=1), TypeError),
        (lambda: ra.random.normal(size=3, out=np.empty(3)), TypeError),
        (lambda: lazy().to_backend("numpy", no_such=1), TypeError),
    ],
)
def test_a_keyword_that_cannot_be_followed_raises(make: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        make()


def test_a_generator_takes_numpys_bit_generators() -> None:
    x = ra.random.default_rng(np.random.PCG64(3)).normal(size=6, chunks=2)
    y = ra.random.default_rng(np.random.PCG64(3)).normal(size=6, chunks=3)
    assert_eq(x, y)
    bits = np.random.Philox(5)
    first, second = (ra.random.Generator(bits).random(size=4).compute() for _ in range(2))
    assert (first != second).all()
    assert ra.random.Generator(np.random.PCG64).random(size=2).compute().shape == (2,)
    assert ra.random.default_rng(np.random.default_rng(1)).random(size=2).compute().shape == (2,)
    assert ra.random.RandomState(np.random.RandomState(1)).normal(size=2).compute().shape == (2,)
    assert_eq(
        ra.random.default_rng(np.random.SeedSequence(7)).random(size=3),
        ra.random.default_rng(7).random(size=3),
    )


# ---- images, statistics ----


def test_images_are_read_one_block_a_file(tmp_path: Path) -> None:
    from raskt.array.image import imread

    for at in (2, 1, 10):
        np.save(tmp_path / f"frame{at:02}.npy", np.full((2, 3), at))
    x = imread(tmp_path / "*.npy", imread=np.load, preprocess=np.negative)
    assert x.chunks == ((1, 1, 1), (2,), (3,))
    assert_eq(x[:, 0, 0], np.array([-1, -2, -10]))
    with pytest.raises(ValueError, match="no files match"):
        imread(str(tmp_path / "*.png"))


def test_statistics_are_scipys() -> None:
    expected: Any = pytest.importorskip("scipy.stats")
    from raskt.array import stats

    rng = np.random.default_rng(0)
    a, b = rng.gamma(2, size=(40, 3)), rng.normal(size=(40, 3))
    x, y = ra.from_array(a, chunks=(7, 2)), ra.from_array(b, chunks=(9, 3))
    for name, args, lazily, options in [
        ("skew", (a,), (x,), {}),
        ("skew", (a,), (x,), {"axis": None, "bias": False}),
        ("kurtosis", (a,), (x,), {"axis": 1, "bias": True}),
        ("kurtosis", (a,), (x,), {"fisher": False, "bias": False}),
        ("skewtest", (a,), (x,), {}),
        ("kurtosistest", (a,), (x,), {}),
        ("normaltest", (a,), (x,), {}),
        ("ttest_1samp", (a, 1.5), (x, 1.5), {}),
        ("ttest_ind", (a, b), (x, y), {}),
        ("ttest_ind", (a, b), (x, y), {"equal_var": False}),
        ("ttest_rel", (a, b), (x, y), {"axis": 1}),
        ("chisquare", (a,), (x,), {}),
        ("power_divergence", (a,), (x,), {"lambda_": "log-likelihood"}),
        ("power_divergence", (a,), (x,), {"lambda_": "neyman", "ddof": 1}),
        ("power_divergence", (a,), (x,), {"lambda_": "mod-log-likelihood", "axis": None}),
        ("f_oneway", (a[:, 0], b[:, 0]), (x[:, 0], y[:, 0]), {}),
    ]:
        wanted = getattr(expected, name)(*args, **options)
        found = raskt.compute(getattr(stats, name)(*lazily, **options))[0]
        for left, right in zip(np.atleast_1d(found), np.atleast_1d(np.asarray(wanted)), strict=True):
            np.testing.assert_allclose(left, right, rtol=1e-9, err_msg=name)
    with pytest.raises(NotImplementedError, match="nan_policy"):
        stats.skew(x, nan_policy="omit")


def test_triangles_of_a_vector_are_of_the_matrix_of_its_rows() -> None:
    plain = np.arange(5)
    x = ra.from_array(plain, chunks=2)
    for k in (-2, 0, 1):
        np.testing.assert_array_equal(ra.tril(x, k).compute(), np.tril(plain, k))
        np.testing.assert_array_equal(ra.triu(x, k).compute(), np.triu(plain, k))


def test_windows_beside_an_axis_without_elements() -> None:
    for shape in [(0, 3), (4, 0, 2)]:
        plain = np.ones(shape)
        found = ra.lib.stride_tricks.sliding_window_view(ra.from_array(plain, chunks=2), 2, axis=-1)
        want = np.lib.stride_tricks.sliding_window_view(plain, 2, axis=-1)
        assert found.shape == found.compute().shape == want.shape


@pytest.mark.parametrize("shape", [(5, 0), (2, 7, 0)])
def test_sources_read_backwards_may_have_no_elements(shape: Any) -> None:
    for plain in (np.ones(shape)[::-1], np.ones(shape)[:, ::-1]):
        x = ra.from_array(plain, chunks=3)
        assert x.compute().shape == shape
        assert x.rechunk(2).persist()[-1].compute().shape == shape[1:]


def test_a_block_without_elements_of_a_persisted_array_read_backwards() -> None:
    plain = np.arange(14).reshape(2, 7, 1)[::-1]
    x = ra.from_array(plain, chunks=((2,), (3, 1, 1, 2), (0, 1))).persist()
    np.testing.assert_array_equal(x[-1, [0, 1, 6]].compute(), plain[-1, [0, 1, 6]])
