"""What the optimizer makes of arrays, as `explain` tells; and that values stay what NumPy's are."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
import raskt

ra = pytest.importorskip("raskt.array")
hypothesis = pytest.importorskip("hypothesis")
st = pytest.importorskip("hypothesis.strategies")
hnp = pytest.importorskip("hypothesis.extra.numpy")


def simplified(array):
    """The operations that are left, operands first, and the rules that fired."""
    text = array.explain()
    rules = {name: int(n) for n, name in re.findall(r"^ +(\d+) \S (\S+)$", text, re.M)}
    part = text.split("simplified\n")[-1] if rules else text
    part = part.split("fused\n")[0].split("layers")[0]
    return re.findall(r"%\d+ = (\w+)", part), rules


@pytest.fixture
def x():
    return ra.random.default_rng(1).normal(size=(20, 30), chunks=(5, 10))


class File:
    """An array that remembers what was read of it."""

    def __init__(self, values):
        self.values, self.read = values, []
        self.shape, self.dtype, self.ndim = values.shape, values.dtype, values.ndim

    def __getitem__(self, region):
        self.read.append(tuple((part.start, part.stop) for part in region))
        return self.values[region]


def test_random_numbers_are_the_same_in_a_window(x):
    whole = x.compute()
    for index in [np.s_[3:8, 15], np.s_[::7, 2:4], np.s_[-1, ::-9], np.s_[None, 4:6, 20:30]]:
        part = x[index]
        assert np.array_equal(part.compute(), whole[index])
        assert simplified(part)[1] == {"slice-source": 1}


def test_a_file_is_read_where_it_is_needed():
    file = File(np.arange(600.0).reshape(20, 30))
    y = (ra.from_array(file, chunks=(5, 10)) * 2)[3:7, 12].sum()
    assert y.compute() == (file.values * 2)[3:7, 12].sum()
    assert sorted(file.read) == [((3, 5), (12, 13)), ((5, 7), (12, 13))]


@pytest.mark.parametrize(
    ("make", "rule", "kept"),
    [
        (lambda x: x.mean(axis=0)[3:5], "slice-reduction", ["random", "mean"]),
        (lambda x: x.T[4:6], "slice-transpose", ["random", "transpose"]),
        (lambda x: ra.concatenate([x, x + 1])[2:4], "slice-joined", ["random"]),
        (lambda x: ra.stack([x, x + 1, x + 2])[0], "slice-joined", ["random"]),
        (lambda x: _product(x).rechunk(20)[3:9], "slice-rechunk", ["random", "full", "blockwise", "rechunk"]),
        (lambda x: ra.broadcast_to(x, (4, 20, 30))[1, :, 3:5], "slice-broadcast", ["random"]),
        (lambda x: x.reshape(20, 5, 6)[3:5], "slice-reshape", ["random", "reshape"]),
        (
            lambda x: _product(x)[2:4],
            "slice-blockwise",
            ["random", "full", "blockwise"],
        ),
        (lambda x: x[1:][2:4], "slice-source", ["random"]),
        (lambda x: ra.where(x > 0, x, 1).astype("f4")[2:4], "slice-elementwise", None),
        (lambda x: ra.cumsum(x, axis=0)[:, 4:5], "slice-blockwise", None),
        (lambda x: x[5:5], "slice-nothing", ["full"]),
    ],
)
def test_a_slice_moves_to_the_source(x, make, rule, kept):
    found, rules = simplified(make(x))
    assert rule in rules
    assert kept is None or found == kept
    assert "slice" not in found
    whole = ra.from_array(x.compute(), chunks=-1).persist()
    np.testing.assert_allclose(make(x).compute(), make(whole).compute())


@pytest.mark.parametrize(
    ("make", "rule", "kept"),
    [
        (lambda x: ra.ones((4, 4), chunks=2).T * 2 + 1, "constant-elementwise", ["full"]),
        (lambda x: ra.ones((4, 4), chunks=2).rechunk(4), "constant-moved", ["full"]),
        (lambda x: ra.concatenate([ra.ones(4, chunks=2)] * 2), "constant-moved", ["full"]),
        (lambda x: ra.ones((4, 4), chunks=2).sum(axis=0), "constant-reduction", ["full"]),
        (lambda x: x + ra.ones((20, 30), chunks=5), "constant-elementwise", None),
        (lambda x: (x * 1 - 0) / 1, "identity", ["random"]),
        (lambda x: x.astype("f4").astype("f8").astype("f4"), "identity", ["random", "astype"]),
        (lambda x: ra.where(ra.ones((20, 30), chunks=5, dtype=bool), x, 2), "identity", ["random"]),
        (lambda x: (x + 1).rechunk(15), "rechunk-source", ["random", "scalar", "add"]),
        (lambda x: x.T.std(axis=0), "reduce-transpose", ["random", "std"]),
        (lambda x: x.T.max(axis=0, keepdims=True), "reduce-transpose", ["random", "max", "transpose"]),
        (lambda x: _product(x).rechunk(20).min(), "reduce-rechunk", ["random", "full", "blockwise", "min"]),
        (lambda x: x.max(axis=1).max(), "reduce-twice", ["random", "max"]),
        (lambda x: (x > 0).sum(dtype="f4"), "reduce-cast", ["random", "scalar", "greater", "astype", "sum"]),
        (lambda x: x.astype("f4").mean(dtype="f8"), "reduce-cast", ["random", "astype", "astype", "mean"]),
    ],
)
def test_less_is_done(x, make, rule, kept):
    found, rules = simplified(make(x))
    assert rule in rules
    assert kept is None or found == kept
    whole = ra.from_array(x.compute(), chunks=-1).persist()
    np.testing.assert_allclose(make(x).compute(), make(whole).compute())


def _product(x):
    return x @ ra.full((30, 4), 0.5, chunks=10)


def test_folding_and_identities_keep_every_bit():
    zeros = ra.from_array(np.array([0.0, -0.0, np.nan, np.inf]), chunks=2)
    values = zeros.compute()
    for made, expected in [(zeros + 0, values + 0), (zeros - 0, values - 0), (zeros * 1, values * 1)]:
        assert made.compute().tobytes() == expected.tobytes()
    negative = ra.full(3, -0.0, chunks=2)
    assert np.signbit((negative * 1).compute()).all()
    assert not np.signbit((negative + 0).compute()).any()
    with np.errstate(all="ignore"):
        assert np.isnan((ra.zeros(3, chunks=2) / 0).compute()).all()
        assert (ra.full(3, 127, dtype="i1", chunks=2) + np.int8(1)).compute().tolist() == [-128] * 3
    tenth = ra.full((30,), 0.1, chunks=7)
    assert "constant-reduction" not in tenth.explain()
    assert simplified(tenth.sum())[0] == ["full", "sum"]


def test_a_chain_of_products_is_multiplied_in_the_cheapest_order(x):
    tall, wide = ra.random.random((300, 4), chunks=60), ra.random.random((4, 300), chunks=60)
    column = ra.random.random(4, chunks=2)
    made = tall @ wide @ tall @ column
    assert simplified(made)[1]["product-order"] >= 1
    shapes = re.findall(r"blockwise\(.*chunks: (\S+ \S+ \S+ \S+)", made.explain().split("simplified\n")[1])
    assert shapes
    parts = [part.compute() for part in (tall, wide, tall, column)]
    np.testing.assert_allclose(made.compute(), np.linalg.multi_dot(parts))
    # What somebody else needs is computed anyway.
    square = tall @ wide
    both = ra.concatenate([square @ tall, (square * 2)[:, :4]])
    assert "product-order" not in simplified(both)[1]


def test_what_others_need_is_not_computed_twice(x):
    y = ra.sqrt(abs(x))
    both = ra.stack([y, y[::-1]])
    assert not any(rule.startswith("slice") for rule in simplified(both)[1])
    stencil = y[1:] - y[:-1]
    assert not any(rule.startswith("slice") for rule in simplified(stencil)[1])
    values = np.sqrt(abs(x.compute()))
    assert np.array_equal(stencil.compute(), values[1:] - values[:-1])
    halves = ra.concatenate([y[10:], y[:10]])
    assert simplified(halves)[1]["slice-elementwise"] == 4
    assert np.array_equal(halves.compute(), np.concatenate([values[10:], values[:10]]))


def test_equal_expressions_are_one():
    numbers = np.arange(12.0)
    first, second = [ra.sqrt(ra.from_array(numbers, chunks=5) + 1) for _ in range(2)]
    assert first.name == second.name
    text = (first * second).explain()
    fused = text.split("fused\n")[1].split("layers")[0]
    assert fused.count('["sqrt"') == 1
    assert fused.count("from_array") == 1


def test_what_two_results_share_is_computed_once():
    calls = []

    def noted(block):
        calls.append(block.shape)
        return block + 1

    x = ra.from_array(np.arange(6.0), chunks=3)
    y, z = [x.map_blocks(noted, dtype=float, token="noted", meta=np.empty(0)) for _ in range(2)]
    total, most = raskt.compute(y.sum(), z.max())
    assert (total, most) == (21.0, 6.0)
    assert len(calls) == 2


@st.composite
def expressions(draw):
    """Arrays made of each other, each with the NumPy array that it is to be."""
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=6))
    chunks = tuple(draw(st.integers(1, n)) for n in shape)
    seed = draw(st.integers(0, 3))
    values = (
        np.random.default_rng(seed).integers(-9, 9, size=shape).astype(draw(st.sampled_from(["f8", "i4"])))
    )
    fill = draw(st.sampled_from([0, 1, 2.5, -0.0, True]))
    x = ra.random.default_rng(seed).normal(size=shape, chunks=chunks)
    pool = [
        draw(
            st.sampled_from(
                [
                    (x, x.compute()),
                    (ra.from_array(File(values), chunks=chunks), values),
                    (ra.from_array(values, chunks=chunks), values),
                    (ra.full(shape, fill, chunks=chunks), np.full(shape, fill)),
                    (ra.arange(values.size, chunks=4).reshape(shape), np.arange(values.size).reshape(shape)),
                ]
            )
        )
    ]
    for _ in range(draw(st.integers(1, 6))):
        x, v = pool[-1] if draw(st.booleans()) else draw(st.sampled_from(pool))
        made = draw(st.sampled_from(STEPS))(draw, x, v)
        if made is not None:
            pool.append(made)
    return pool


def _sliced(draw, x, v):
    index = draw(hnp.basic_indices(v.shape, allow_newaxis=True, allow_ellipsis=True))
    return x[index], v[index]


def _picked(draw, x, v):
    if not v.size or not v.ndim:
        return None
    axis = draw(st.integers(0, v.ndim - 1))
    places = np.array(draw(st.lists(st.integers(0, v.shape[axis] - 1), max_size=4)), dtype=int)
    return ra.take(x, places, axis=axis), np.take(v, places, axis=axis)


def _turned(draw, x, v):
    order = draw(st.permutations(range(v.ndim)))
    return x.transpose(order), v.transpose(order)


def _reduced(draw, x, v):
    if not v.size or not v.ndim:
        return None
    name = draw(st.sampled_from(["sum", "max", "mean", "std", "argmin", "any", "prod"]))
    axis = draw(st.sampled_from([None, *range(v.ndim)]))
    keepdims = draw(st.booleans())
    found = getattr(np, name)(v, axis=axis, keepdims=keepdims)
    return getattr(ra, name)(x, axis=axis, keepdims=keepdims), np.asarray(found)


def _worked(draw, x, v):
    return draw(
        st.sampled_from(
            [
                (x + 1, v + 1),
                (x * 1, v * 1),
                (x - 0.0, v - 0.0),
                (x * x, v * v),
                (ra.where(x > 0, x, 0), np.where(v > 0, v, 0)),
                (x.astype("f8").astype("f4"), v.astype("f8").astype("f4")),
                (ra.ones_like(x) + x, np.ones_like(v) + v),
                (x.clip(-2, 2), v.clip(-2, 2)) if v.dtype != bool else (~x, ~v),
            ]
        )
    )


def _joined(draw, x, v):
    if not v.ndim:
        return None
    axis = draw(st.integers(0, v.ndim - 1))
    name = draw(st.sampled_from(["concatenate", "stack"]))
    return getattr(ra, name)([x, x + 1, x], axis=axis), getattr(np, name)([v, v + 1, v], axis=axis)


def _recut(draw, x, v):
    return x.rechunk(tuple(draw(st.integers(1, max(n, 1))) for n in v.shape)), v


def _reshaped(draw, x, v):
    shapes = [(-1,), (*v.shape, 1), (v.shape[0], -1) if v.ndim and v.size else (-1,)]
    shape = draw(st.sampled_from(shapes))
    return x.reshape(shape), v.reshape(shape)


def _stretched(draw, x, v):
    del draw
    return ra.broadcast_to(x, (2, *v.shape)), np.broadcast_to(v, (2, *v.shape))


def _summed(draw, x, v):
    if not v.ndim:
        return None
    axis = draw(st.integers(0, v.ndim - 1))
    return x.cumsum(axis=axis), v.cumsum(axis=axis)


def _multiplied(draw, x, v):
    if v.ndim != 2 or v.dtype == bool:
        return None
    scaled, by = (x * 0.01, v * 0.01) if draw(st.booleans()) else (x, v)
    if draw(st.booleans()):
        return scaled @ scaled.T, by @ by.T
    return scaled @ scaled.T @ scaled, by @ by.T @ by


STEPS = [
    _sliced,
    _sliced,
    _sliced,
    _picked,
    _turned,
    _reduced,
    _worked,
    _worked,
    _joined,
    _recut,
    _reshaped,
    _stretched,
    _summed,
    _multiplied,
]


@hypothesis.settings(max_examples=150, suppress_health_check=list(hypothesis.HealthCheck))
@hypothesis.given(expressions(), st.integers(1, 2))
@pytest.mark.filterwarnings("ignore")
def test_what_rules_make_of_it_is_what_numpy_has(pool, n_roots):
    chosen = pool[-n_roots:]
    with np.errstate(all="ignore"):
        found = raskt.compute(*[x for x, _ in chosen])
    for value, (x, expected) in zip(found, chosen, strict=True):
        assert np.shape(value) == expected.shape == x.shape
        assert np.asarray(value).dtype == expected.dtype
        size = float(np.max(np.abs(expected), initial=1))
        np.testing.assert_allclose(value, expected, rtol=2e-4, atol=1e-4 * size, err_msg=x.explain())


def test_reductions_in_another_dtype_are_numpys():
    values = np.arange(-6, 18).reshape(4, 6)
    for own, dtype in itertools.product(["i1", "u4", "f4", "f8", "?", "c8"], ["f4", "f8", "i8", "u8", "c16"]):
        if own == "c8" and dtype != "c16":
            continue
        x = ra.from_array(values.astype(own), chunks=3)
        for name in ("sum", "mean", "nansum"):
            with np.errstate(all="ignore"):
                try:
                    expected = getattr(np, name)(values.astype(own), axis=0, dtype=dtype)
                except TypeError:
                    continue
                found = getattr(ra, name)(x, axis=0, dtype=dtype).compute()
            assert found.dtype == expected.dtype
            np.testing.assert_allclose(found, expected, rtol=1e-6, err_msg=f"{name} of {own} as {dtype}")


def test_rounding_to_whole_numbers_is_part_of_a_chain():
    values = np.array([-2.5, -0.5, -0.0, 0.5, 1.5, 2.5, np.nan, np.inf, 1e300])
    x = ra.from_array(values, chunks=4)
    for name in ("round", "fix"):
        made = getattr(ra, name)(x * 1.5)
        assert made.compute().tobytes() == getattr(np, name)(values * 1.5).tobytes()
        assert "apply" not in made.explain()


def test_einsum_of_many_arrays_is_contracted_in_a_good_order():
    letters = "abcdefgh"
    lengths = [2, 9, 2, 9, 2, 9, 2, 9]
    rng = np.random.default_rng(0)
    parts = [rng.random(pair) for pair in itertools.pairwise(lengths)]
    arrays = [ra.from_array(part, chunks=3) for part in parts]
    for n in (3, 7):
        subscripts = ",".join(letters[at : at + 2] for at in range(n)) + f"->{letters[0]}{letters[n]}"
        made = ra.einsum(subscripts, *arrays[:n])
        np.testing.assert_allclose(made.compute(), np.einsum(subscripts, *parts[:n], optimize=True))
        assert len(re.findall(r"= blockwise", made.explain().split("layers")[0])) == n - 1
    text = ra.einsum("ab,bc,cd->ad", *arrays[:3]).explain()
    first, last = re.findall(r'subscripts: "(\S+)->(\S+)"', text.split("layers")[0].split("fused\n")[0])
    assert (set(first[0].split(",")), first[1], last[1]) == ({"ab", "bc"}, "ac", "ad")


def test_rules_can_be_turned_off():
    x = ra.random.default_rng(1).normal(size=(40, 40), chunks=10)
    part = ((x + 1) * 2).T[:5].sum(axis=0)
    expected = part.compute()
    everything = part.explain()
    assert "slice-source" in everything
    assert "folded" in everything
    with raskt.config.set({"array.optimizer.disabled": ["slice-source", "fuse"]}):
        text = part.explain()
        assert "slice-source" not in text
        assert "slice-transpose" in text
        assert "fused" not in text
        assert "folded" not in text
        np.testing.assert_allclose(part.compute(), expected)
    with raskt.config.set({"array.optimizer.active": False}):
        text = part.explain()
        assert "simplified by" not in text
        assert "fused" not in text
        np.testing.assert_allclose(part.compute(), expected)
    assert part.explain() == everything


def test_graphs_that_are_not_to_be_optimized_are_computed_as_they_were_written():
    seen = []

    def look(block):
        seen.append(block.shape)
        return block

    x = ra.ones((4, 4), chunks=2).map_blocks(look, dtype=float)
    part = (x * 1)[:2]
    part.compute(scheduler="sync")
    assert len(seen) == 2
    seen.clear()
    whole = np.ones((2, 4))
    np.testing.assert_array_equal(part.compute(optimize_graph=False, scheduler="sync"), whole)
    np.testing.assert_array_equal(part.persist(optimize_graph=False).compute(), whole)
    (found,) = raskt.compute({"part": part}, optimize_graph=False)
    np.testing.assert_array_equal(found["part"], whole)
    blocks = part.to_delayed(optimize_graph=False)
    np.testing.assert_array_equal(blocks[0, 1].compute(), np.ones((2, 2)))
    assert blocks[0, 1].key != part.to_delayed()[0, 1].key


def test_only_rules_that_there_are_can_be_turned_off():
    with pytest.raises(ValueError, match=r"array.optimizer.disabled.*slice-sauce"):
        raskt.config.set({"array.optimizer.disabled": ["slice-sauce"]})
    schema = raskt.config.get_schema()["array.optimizer.disabled"]
    assert {"slice-source", "product-order", "fuse"} <= set(schema["choices"])
