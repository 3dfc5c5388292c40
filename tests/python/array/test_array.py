"""Arrays give what NumPy gives, whatever their chunks."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import raskt

ra = pytest.importorskip("raskt.array")

A = np.arange(24.0).reshape(4, 6)


@pytest.fixture
def x():
    return ra.from_array(A, chunks=(2, 4))


def check(found, expected):
    """Values, shape and dtype are those of NumPy's; and the shape is that which was promised."""
    promised = found.shape if hasattr(found, "compute") else None
    values = found.compute() if hasattr(found, "compute") else found
    np.testing.assert_allclose(values, expected)
    assert np.asarray(values).dtype == np.asarray(expected).dtype
    if promised is not None:
        assert all(a != a or a == b for a, b in zip(promised, np.shape(expected), strict=True))


REDUCTIONS = [
    "sum",
    "mean",
    "std",
    "var",
    "min",
    "max",
    "prod",
    "any",
    "all",
    "argmin",
    "argmax",
    "nansum",
    "nanmean",
    "nanstd",
    "nanmax",
    "nanargmin",
]


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions_are_numpys(x, name, axis):
    check(getattr(ra, name)(x, axis=axis), getattr(np, name)(A, axis=axis))


def test_operators_broadcast_and_bring_operands_into_common_chunks(x):
    check(x + 1, A + 1)
    check(1 - x, 1 - A)
    check(x * np.arange(6), A * np.arange(6))
    check(np.ones(6) + x, A + 1)
    check(x + ra.from_array(A, chunks=(3, 3)), A + A)
    check((x > 3) & (x < 9), (A > 3) & (A < 9))
    check(-x // 2 % 3, -A // 2 % 3)


@pytest.mark.parametrize(
    "index",
    [
        np.s_[1:, ::-2],
        np.s_[2],
        np.s_[..., None, 1],
        np.s_[-1, -1],
        np.s_[3:1],
        np.s_[[1, 0, 3]],
        np.s_[:, [5, 0, 2, 2]],
        np.s_[np.array([True, False, True, False])],
        np.s_[1, [0, 3]],
        np.s_[None, :, None],
    ],
)
def test_an_index_takes_what_it_takes_in_numpy(x, index):
    check(x[index], A[index])


def test_masks_and_pairs_of_places(x):
    check(x[x > 5], A[A > 5])
    check(x[x[:, 0] > 5], A[A[:, 0] > 5])
    check(x.vindex[[0, 1, 3], [5, 0, 2]], A[[0, 1, 3], [5, 0, 2]])
    check(x.blocks[0, 1], A[:2, 4:])


def test_unknown_chunks_are_known_once_they_are_computed(x):
    rows = x[x[:, 0] > 5]
    assert np.isnan(rows.shape[0])
    assert rows.compute_chunk_sizes().chunks == ((1, 2), (4, 2))
    check(rows[1:], A[A[:, 0] > 5][1:])


def test_assignment_makes_another_array_and_leaves_the_first(x):
    y, b = x.copy(), A.copy()
    y[1:3, ::2] = -1
    b[1:3, ::2] = -1
    check(y, b)
    y[y < 0] = 7
    b[b < 0] = 7
    check(y, b)
    y[0] = np.arange(6)
    b[0] = np.arange(6)
    check(y, b)
    check(x, A)


@pytest.mark.parametrize("shape", [24, (2, 12), (8, 3), (2, 2, 2, 3), (-1, 4), (1, 4, 6), (6, 4)])
def test_reshapes_keep_the_order_of_elements(x, shape):
    check(x.reshape(shape), A.reshape(shape))


def test_assembling(x):
    check(ra.concatenate([x, x], axis=1), np.concatenate([A, A], 1))
    check(ra.stack([x, x], -1), np.stack([A, A], -1))
    check(ra.block([[x, x], [x, x]]), np.block([[A, A], [A, A]]))
    check(ra.vstack([x, x[0]]), np.vstack([A, A[0]]))
    check(ra.concatenate([x, x.astype("i4")]), np.concatenate([A, A.astype("i4")]))


def test_products(x):
    check(x.T @ x, A.T @ A)
    check(x.dot(x[0]), A.dot(A[0]))
    check(ra.einsum("ij,kj->ik", x, x), A @ A.T)
    check(ra.einsum("ij,jk,kl->il", x, x.T, x), A @ A.T @ A)
    check(ra.tensordot(x, x, axes=((0, 1), (0, 1))), np.tensordot(A, A, axes=((0, 1), (0, 1))))
    check(ra.outer(x[0], x[1]), np.outer(A[0], A[1]))


def test_running_sums_cross_blocks(x):
    check(ra.cumsum(x, axis=1), np.cumsum(A, 1))
    check(x.cumsum(), A.cumsum())
    check(ra.cumprod(x + 1, axis=0), np.cumprod(A + 1, 0))
    check(ra.diff(x, axis=0), np.diff(A, axis=0))


def test_functions_of_blocks(x):
    check(x.map_blocks(lambda block: block * 2), A * 2)
    check(x.map_blocks(lambda block, block_id=None: block + block_id[0]), A + np.array([0, 0, 1, 1])[:, None])
    check(
        ra.map_overlap(np.sort, x, depth=0, boundary="none"),
        np.hstack([np.sort(A[:, :4]), np.sort(A[:, 4:])]),
    )
    check(ra.sliding_window_view(x, 3, axis=1), np.lib.stride_tricks.sliding_window_view(A, 3, axis=1))
    check(ra.apply_gufunc(lambda block: block.mean(-1), "(i)->()", x, allow_rechunk=True), A.mean(-1))


def test_block_info_says_where_a_block_lies(x):
    seen = []

    def look(block, block_info=None):
        seen.append(block_info)
        return block

    x.map_blocks(look, dtype=float).compute(scheduler="sync")
    info = next(info for info in seen if info[0]["chunk-location"] == (1, 1))
    assert info[0]["array-location"] == [(2, 4), (4, 6)]
    assert (info[None]["shape"], info[None]["chunk-shape"]) == ((4, 6), (2, 2))


def test_a_block_of_another_shape_or_dtype_than_promised_is_named(x):
    with pytest.raises(ValueError, match=r"block \(\d, \d\) of .* has shape"):
        x.map_blocks(lambda block: block[:1], dtype=float).compute()
    with pytest.raises(TypeError, match="has dtype float32"):
        x.map_blocks(lambda block: block.astype("f4"), dtype=float).compute()


def test_searching_and_sorting(x):
    check(ra.topk(x, 3, axis=1), np.sort(A, 1)[:, :-4:-1])
    check(ra.argtopk(x, 2, axis=0), np.argsort(-A, 0, kind="stable")[:2])
    found = ra.unique(x % 5, return_index=True, return_counts=True)
    for ours, theirs in zip(found, np.unique(A % 5, return_index=True, return_counts=True), strict=True):
        check(ours, theirs)
    check(ra.searchsorted(ra.arange(10, chunks=3), x), np.searchsorted(np.arange(10), A))
    check(ra.nonzero(x > 3)[1], np.nonzero(A > 3)[1])
    check(ra.isin(x, [1, 2]), np.isin(A, [1, 2]))


def test_statistics(x):
    check(ra.histogram(x, bins=4, range=(0, 24))[0], np.histogram(A, bins=4, range=(0, 24))[0])
    check(ra.bincount(ra.arange(10, chunks=3) % 4), np.bincount(np.arange(10) % 4))
    check(ra.median(x, axis=0), np.median(A, axis=0))
    check(ra.percentile(x, [10, 50], axis=1), np.percentile(A, [10, 50], axis=1))
    check(ra.cov(x), np.cov(A))
    check(ra.average(x, axis=1, weights=np.arange(6)), np.average(A, axis=1, weights=np.arange(6)))


def test_sources():
    check(ra.arange(10, chunks=3), np.arange(10))
    check(ra.arange(1.5, 9, 0.5, chunks=4), np.arange(1.5, 9, 0.5))
    check(ra.linspace(0, 1, 7, chunks=3), np.linspace(0, 1, 7))
    check(ra.eye(5, chunks=2, k=1), np.eye(5, k=1))
    check(ra.full((3, 3), 7, chunks=2), np.full((3, 3), 7))
    check(ra.tri(4, chunks=3), np.tri(4))
    check(ra.asarray([1, 2, 3]), np.array([1, 2, 3]))
    check(ra.zeros((2, 0), chunks=1), np.zeros((2, 0)))


@pytest.mark.parametrize("mode", ["constant", "edge", "reflect", "symmetric", "wrap"])
def test_padding(x, mode):
    check(ra.pad(x, 2, mode=mode), np.pad(A, 2, mode=mode))


def test_numpys_functions_are_answered(x):
    check(np.sin(x), np.sin(A))
    check(np.sum(x), A.sum())
    check(np.concatenate([x, A]), np.concatenate([A, A]))
    check(np.add.outer(x[0], x[1]), np.add.outer(A[0], A[1]))
    assert float(x.sum()) == A.sum()
    assert isinstance(np.asarray(x), np.ndarray)


def test_arrays_are_computed_with_other_collections_as_one_graph(x):
    total = raskt.delayed(np.sum)(x)
    assert raskt.compute(total, x.sum(), {"first": x[0, 0]}) == (276.0, 276.0, {"first": 0.0})
    made = ra.from_delayed(raskt.delayed(np.ones)(3), (3,), float) + x[0, :3]
    check(made, 1 + A[0, :3])
    calls = []
    source = raskt.delayed(lambda: calls.append(1) or np.ones(3))()
    y = ra.from_delayed(source, (3,), float)
    raskt.compute(y.sum(), y.max(), source)
    assert calls == [1]


def test_persisted_blocks_stay(x):
    calls = []

    def count(block):
        calls.append(1)
        return block + 1

    kept = x.map_blocks(count, dtype=float).persist()
    n = len(calls)
    check(kept * 2, (A + 1) * 2)
    assert len(calls) == n


def test_arrays_travel(x):
    check(pickle.loads(pickle.dumps(x + 1)), A + 1)


def test_steps_with_equal_parameters_share_them_in_a_pickle():
    def chain(n):
        x = ra.from_array(np.arange(6.0), chunks=3)
        for _ in range(n):
            x = x.cumsum(axis=0)
        return x

    short, long = (len(pickle.dumps(chain(n))) for n in (10, 1010))
    assert long - short < 100 * 1000
    x = chain(1010)
    assert pickle.loads(pickle.dumps(x)).name == x.name


@pytest.mark.parametrize(
    "make",
    [
        lambda x: x.map_blocks(np.add, np.arange(3.0)),
        lambda x: ra.where(x > 1, x, float("nan")),
        lambda x: x[[2, 0, 1]],
        lambda x: x.reshape(3, 2)[::-1, None, ...],
        lambda x: x.astype("datetime64[s]"),
        lambda x: x + ra.from_delayed(raskt.delayed(np.ones)(6), (6,), float),
        lambda x: x.rechunk((4, 2)),
        lambda x: x[x > 2],
        lambda x: ra.random.default_rng(3).normal(size=6, chunks=4) + x,
    ],
)
def test_parameters_of_every_kind_survive_pickling(make):
    x = make(ra.from_array(np.arange(6.0), chunks=3))
    back = pickle.loads(pickle.dumps(x))
    assert back.name == x.name
    np.testing.assert_array_equal(back.compute(), x.compute())


def test_equal_arrays_have_one_name_and_impure_ones_do_not():
    assert ra.from_array(A, chunks=2).name == ra.from_array(A.copy(), chunks=2).name
    assert ra.from_array(A, chunks=2, name=False).name != ra.from_array(A, chunks=2, name=False).name


def test_a_million_chunks_are_built_without_a_list_of_them():
    x = ra.ones((100_000, 100_000), chunks=(100, 100))
    y = (x + x.T + 1).sum()
    assert (x.npartitions, y.shape) == (1_000_000, ())


def test_element_wise_chains_and_the_reduction_behind_them_are_one_program(x):
    text = ((x + 1) * 2).sum().explain()
    fused = text.split("fused")[1]
    assert "folded" in fused
    assert "add(" not in fused


def test_what_is_shown_of_an_array(x):
    assert repr(x) == (
        "raskt.array<from_array, shape=(4, 6), dtype=float64, chunksize=(2, 4), chunktype=numpy.ndarray>"
    )
    html = x._repr_html_()
    assert "192 B" in html
    assert "<svg" in html


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        (lambda x: x + np.ones(5), ValueError),
        (lambda x: x[9], IndexError),
        (lambda x: x[0, 0, 0], IndexError),
        (lambda x: x.sum(axis=2), np.exceptions.AxisError),
        (lambda x: x.rechunk((3, 3, 3)), ValueError),
        (lambda x: x.rechunk(((1, 1), (6,))), ValueError),
        (lambda x: x.reshape(5, 5), ValueError),
        (lambda x: x @ np.ones(5), ValueError),
        (lambda x: ra.concatenate([x, x[:, :2]]), ValueError),
        (lambda _: ra.from_array(np.array([1, "a"], dtype=object), chunks="auto"), NotImplementedError),
        (lambda x: bool(x), ValueError),
        (lambda x: x.max(axis=0)[:0].max(), ValueError),
        (lambda x: x.astype("i4", casting="safe"), TypeError),
        (lambda x: x.T.transpose(0, 0), ValueError),
    ],
)
def test_bad_input_is_an_error_before_anything_runs(x, call, kind):
    with pytest.raises(kind):
        call(x)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 7, 8])
@pytest.mark.parametrize("axis", [0, 1, None])
def test_sorting_merges_any_number_of_blocks(n, axis):
    values = np.random.default_rng(n).integers(0, 9, (5, 4 * n - 1)) * 1.5
    values[0, -1] = np.nan
    made = ra.sort(ra.from_array(values, chunks=(2, 4)), axis=axis)
    check(made, np.sort(values, axis=axis))


def test_repeated_elements_stay_in_chunks_of_the_size_they_had():
    x = ra.arange(1000, chunks=100)
    made = ra.repeat(x, 4)
    check(made, np.repeat(np.arange(1000), 4))
    assert max(made.chunks[0]) == 100
    assert made.explain().count("array.repeat") == 1


def test_a_diagonal_asks_only_for_the_blocks_that_it_crosses():
    x = ra.ones((1000, 1000), chunks=100)
    assert " 10 array.full" in ra.diagonal(x).explain()
    check(ra.diagonal(ra.from_array(A, chunks=(3, 2)), -1), np.diagonal(A, -1))


def test_an_index_that_is_computed_late_is_checked_late(x):
    with pytest.raises(IndexError, match="index 9 is out of bounds for axis 1 with size 6"):
        x[:, ra.asarray([0, 9])].compute()


def test_truth_values_in_a_row_are_two_at_most():
    check(ra.arange(2, dtype=bool), np.arange(2, dtype=bool))
    with pytest.raises(TypeError, match="at most length 2"):
        ra.arange(3, dtype=bool)


def test_colours_of_balls_are_drawn_as_numpy_draws_them():
    def draw(chunk):
        generator = ra.random.default_rng(3)
        return generator.multivariate_hypergeometric([5, 10, 0, 7], 8, size=4000, chunks=chunk).compute()

    found = draw(999)
    np.testing.assert_array_equal(found, draw(4000))
    assert set(found.sum(axis=1)) == {8}
    theirs = np.random.default_rng(1).multivariate_hypergeometric([5, 10, 0, 7], 8, size=4000)
    np.testing.assert_allclose(found.mean(axis=0), theirs.mean(axis=0), atol=0.08)
    np.testing.assert_allclose(found.std(axis=0), theirs.std(axis=0), atol=0.08)
    with pytest.raises(ValueError, match="nsample > sum"):
        ra.random.default_rng(3).multivariate_hypergeometric([1, 2], 4)
