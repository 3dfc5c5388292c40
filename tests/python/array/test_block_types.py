"""Blocks that are no native arrays (masked, of subclasses, of other libraries) behind every operation."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import raskt
import raskt.array as ra

FULL = np.arange(24.0).reshape(4, 6)
MASKED = np.ma.MaskedArray(FULL, mask=(FULL % 5 == 0) | (FULL < 2) | (FULL >= 18) & (FULL < 21))
"""With a block, (0:1, 0:2), all of which is masked."""
CHUNKS = [(2, 3), (1, 2), (4, 6), ((1, 3), (6,))]
SCHEDULERS = ["threads", "sync", "processes"]


def sources(whole: Any, chunks: Any) -> dict[str, Any]:
    """Lazy arrays of an array of any type, of which planning knows no type."""
    lazy = ra.from_array(np.asarray(FULL), chunks=chunks)
    places = ra.from_array(np.arange(24).reshape(4, 6), chunks=chunks)

    def cut(block: Any) -> Any:
        (row, column), (rows, columns) = divmod(int(block.min()), 6), block.shape
        return whole[row : row + rows, column : column + columns]

    return {
        "map_blocks": places.map_blocks(cut, dtype=whole.dtype),
        "guessed": lazy.map_blocks(lambda block: cut(block) if block.shape != (1, 1) else block),
        "from_delayed": ra.from_delayed(raskt.delayed(lambda: whole)(), whole.shape, whole.dtype),
        "from_array": ra.from_array(whole, chunks=chunks, asarray=False),
        "persisted": places.map_blocks(cut, dtype=whole.dtype).persist(),
    }


def assigned(x: Any) -> Any:
    x = x.copy()
    x[1:3, 2] = 7
    return x


ELEMENTWISE: dict[str, Any] = {
    "itself": lambda x, m: x,
    "plus one": lambda x, m: x + 1,
    "a chain": lambda x, m: m.sqrt(x * 2 + 1) - x / 3,
    "compared": lambda x, m: x > 7,
    "cast": lambda x, m: x.astype("f4"),
    "power": lambda x, m: x**2,
    "two arrays": lambda x, m: x * x[:, :1],
    "with a plain one": lambda x, m: x + np.arange(6),
    "where": lambda x, m: m.where(x > 3, x, 0),
}
MOVED: dict[str, Any] = {
    "row": lambda x, m: x[1],
    "column": lambda x, m: x[1:, 0],
    "steps": lambda x, m: x[::-2, 1::3],
    "picks": lambda x, m: x[[2, 0]],
    "new axis": lambda x, m: x[None],
    "transposed": lambda x, m: x.T,
    "reshaped": lambda x, m: x.reshape(-1),
    "concatenated": lambda x, m: m.concatenate([x, x + 1], axis=1),
    "stacked": lambda x, m: m.stack([x, x]),
    "assigned": lambda x, m: assigned(x),
    "repeated": lambda x, m: m.repeat(x, 2, axis=0),
    "diagonal": lambda x, m: m.diagonal(x),
}
REDUCED: dict[str, Any] = {
    f"{name} {axis}": lambda x, m, name=name, axis=axis: getattr(x, name)(axis=axis)
    for name in ("sum", "prod", "max", "min", "mean", "var", "std", "any", "all", "argmax", "argmin")
    for axis in (None, 0, 1)
}
RUNNING: dict[str, Any] = {
    "cumsum": lambda x, m: x.cumsum(axis=1),
    "cumprod": lambda x, m: x.cumprod(axis=0),
    "sum of a chain": lambda x, m: (x * 2 + 1).sum(axis=0),
    "sum, axes kept": lambda x, m: x.sum(axis=0, keepdims=True),
    "sum, narrow": lambda x, m: x.sum(axis=0, dtype="f4"),
}
AFTER = ELEMENTWISE | MOVED | REDUCED | RUNNING


def check(found: Any, expected: Any) -> None:
    np.testing.assert_array_equal(np.ma.getmaskarray(found), np.ma.getmaskarray(expected))
    assert np.ma.isMaskedArray(found) == np.ma.isMaskedArray(expected) or np.ndim(expected) == 0
    if found is not np.ma.masked:
        np.testing.assert_allclose(np.ma.filled(found, 0), np.ma.filled(expected, 0), rtol=1e-6)
        assert found.dtype == expected.dtype


@pytest.mark.parametrize("maker", sources(MASKED, -1))
@pytest.mark.parametrize("after", AFTER)
def test_masked_blocks_are_as_the_whole_masked_array(maker: str, after: str) -> None:
    if "arg" in after and maker == "from_array":
        maker = "map_blocks"
    plain = type("plain", (), {"where": np.ma.where, "concatenate": np.ma.concatenate, "stack": np.ma.stack})
    plain.sqrt, plain.repeat, plain.diagonal = np.sqrt, np.repeat, np.diagonal
    expected = AFTER[after](MASKED, plain)
    for chunks in CHUNKS:
        check(AFTER[after](sources(MASKED, chunks)[maker], ra).compute(), expected)


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_masked_blocks_go_through_every_scheduler(scheduler: str) -> None:
    x = ra.from_array(FULL, chunks=(2, 3)).map_blocks(np.ma.masked_less, 5, dtype=float)
    whole = np.ma.masked_less(FULL, 5)
    check((x + 1).T.compute(scheduler=scheduler), (whole + 1).T)
    check((x + 1).mean(axis=1).compute(scheduler=scheduler), (whole + 1).mean(axis=1))


def test_masked_blocks_are_rechunked_padded_and_overlapped() -> None:
    x = sources(MASKED, (2, 3))["map_blocks"]
    check(x.rechunk((3, 2)).compute(), MASKED)
    check(x.rechunk((3, 2), method="p2p").compute(), MASKED)
    for boundary in ("none", "nearest", "reflect", "periodic", 9.0):
        back = ra.map_overlap(lambda block: block, x, depth=1, boundary=boundary, dtype=float)
        check(back.compute(), MASKED)
    check(ra.broadcast_to(x, (2, 4, 6)).compute(), np.ma.stack([MASKED, MASKED]))


def test_what_is_masked_is_not_counted() -> None:
    x = sources(MASKED, (2, 3))["map_blocks"]
    np.testing.assert_array_equal(ra.count_nonzero(x, axis=0).compute(), (MASKED != 0).sum(axis=0))


def test_some_blocks_may_be_masked_and_others_not() -> None:
    x = ra.from_array(FULL, chunks=(2, 3))
    x = x.map_blocks(lambda b: np.ma.masked_greater(b, 20) if b.max() > 20 else b, dtype=float)
    whole = np.ma.masked_greater(FULL, 20)
    for name, after in AFTER.items():
        if name not in ("where", "concatenated", "stacked", "assigned"):
            found = after(x, ra).compute()
            expected = after(whole, np)
            np.testing.assert_allclose(
                np.ma.filled(found, 0), np.ma.filled(expected, 0), err_msg=name, rtol=1e-6
            )


class Marked(np.ndarray):
    """A subclass of a user's."""


@pytest.mark.parametrize("maker", sources(FULL.view(Marked), -1))
@pytest.mark.parametrize("after", AFTER)
def test_subclasses_are_as_numpys_arrays(maker: str, after: str) -> None:
    expected = AFTER[after](FULL, np)
    for chunks in CHUNKS:
        found = AFTER[after](sources(FULL.view(Marked), chunks)[maker], ra).compute()
        np.testing.assert_allclose(found, expected)
        assert found.dtype == expected.dtype


@pytest.mark.parametrize(
    "after",
    [
        lambda x, m: m.dot(x, x.T),
        lambda x, m: m.tensordot(x, x, axes=((0,), (0,))),
        lambda x, m: m.isin(x, [1, 2]),
        lambda x, m: m.unique(x),
        lambda x, m: m.median(x, axis=0),
        lambda x, m: m.tril(x),
        lambda x, m: m.argwhere(x > 4),
        lambda x, m: m.digitize(x, np.array([3.0, 9.0])),
        lambda x, m: m.histogram(x, bins=4, range=(0, 24))[0],
        lambda x, m: m.searchsorted(np.arange(24.0) if m is np else ra.arange(24.0, chunks=9), x.reshape(-1)),
        lambda x, m: m.count_nonzero(x, axis=0),
        lambda x, m: x[x > 3],
    ],
)
def test_other_kernels_know_subclasses_too(after: Any) -> None:
    found = after(sources(FULL.view(Marked), (2, 3))["map_blocks"], ra).compute()
    np.testing.assert_allclose(found, after(FULL, np))


def test_the_largest_of_subclasses() -> None:
    x = sources(FULL.view(Marked), (2, 3))["map_blocks"]
    np.testing.assert_array_equal(ra.topk(x, 2, axis=1).compute(), FULL[:, :3:-1])
    np.testing.assert_array_equal(ra.argtopk(x, -2, axis=0).compute(), [[0] * 6, [1] * 6])


class Duck(np.lib.mixins.NDArrayOperatorsMixin):
    """An array of another library, which knows NumPy's protocols."""

    def __init__(self, values: Any) -> None:
        self.values = np.asarray(values)

    shape = property(lambda self: self.values.shape)
    ndim = property(lambda self: self.values.ndim)
    dtype = property(lambda self: self.values.dtype)

    def __getitem__(self, key: Any) -> Any:
        return Duck(self.values[key])

    def astype(self, *args: Any, **kwargs: Any) -> Any:
        return Duck(self.values.astype(*args, **kwargs))

    def reshape(self, *shape: Any) -> Any:
        return Duck(self.values.reshape(*shape))

    def transpose(self, *axes: Any) -> Any:
        return Duck(self.values.transpose(*axes))

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return Duck(getattr(ufunc, method)(*map(bare, inputs), **kwargs))

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        found = function(*map(bare, args), **{name: bare(value) for name, value in kwargs.items()})
        return Duck(found) if isinstance(found, np.ndarray) else found

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise AssertionError("the array was made one of NumPy's")


def bare(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)(map(bare, value))
    return value.values if isinstance(value, Duck) else value


@pytest.mark.parametrize("chunks", CHUNKS)
@pytest.mark.parametrize(
    "after", [name for name in AFTER if name not in ("assigned",) and not name.startswith(("var", "std"))]
)
def test_arrays_of_other_libraries_stay_what_they_are(after: str, chunks: Any) -> None:
    expected = AFTER[after](FULL, np)
    x = ra.from_array(FULL, chunks=chunks).map_blocks(Duck, dtype=float)
    found = AFTER[after](x, ra).compute()
    if np.ndim(expected):
        assert isinstance(found, (Duck, np.ndarray))
    np.testing.assert_allclose(bare(found), expected)


@pytest.mark.parametrize(
    ("after", "named"),
    [
        (lambda x: ra.topk(x, 2, axis=1), "topk"),
        (lambda x: ra.histogram(x, bins=2, range=(0, 9))[0], "histogram"),
        (lambda x: ra.cov(x), "covariance"),
        (lambda x: ra.tril(x), "triangle"),
        (lambda x: ra.quantile(x, 0.2, axis=0), "quantile"),
    ],
)
def test_what_would_lose_the_mask_is_refused_by_name_and_type(after: Any, named: str) -> None:
    x = ra.from_delayed(raskt.delayed(lambda: MASKED)(), (4, 6), float)
    with pytest.raises(
        NotImplementedError, match=f"'{named}' of blocks of type numpy.ma.*MaskedArray.*map_blocks"
    ):
        after(x).compute()


def test_what_is_no_array_at_all_is_refused_by_its_type() -> None:
    x = ra.from_array(np.array(1.0)).map_blocks(lambda block: {"a": block}, dtype=float)
    with pytest.raises(NotImplementedError, match=r"'elementwise' of blocks of type builtins\.dict"):
        (x + 1).compute()


# ---- dtypes that were guessed ----

INTEGERS = np.arange(24).reshape(4, 6)
CHANGES = {
    "halves": lambda block: block + 0.5,
    "complex": lambda block: block + 0.5j,
    "objects": lambda block: block.astype(object),
    "short": lambda block: block.astype("i2"),
    "half precision": lambda block: block.astype("f2"),
    "masked": lambda block: np.ma.masked_less(block + 0.5, 3),
}
ANY_DTYPE: dict[str, Any] = {
    "itself": lambda x: x,
    "row": lambda x: x[1],
    "transposed": lambda x: x.T,
    "rechunked": lambda x: x.rechunk((3, 2)) if hasattr(x, "rechunk") else x,
    "reshaped": lambda x: x.reshape(-1),
    "picks": lambda x: x[[2, 0]],
    "kept": lambda x: x.reshape(-1)[::3],
}
PLANNED: dict[str, Any] = {
    "plus": lambda x: x + 1,
    "sqrt": ra.sqrt,
    "sum": lambda x: x.sum(),
    "max": lambda x: x.max(axis=0),
    "mean": lambda x: x.mean(axis=1),
    "cumsum": lambda x: x.cumsum(axis=0),
    "product": lambda x: x @ x.T,
    "tensordot": lambda x: ra.tensordot(x, x, axes=((1,), (1,))),
    "isin": lambda x: ra.isin(x, [1, 2]),
    "digitize": lambda x: ra.digitize(x, np.array([3, 7])),
    "bincount": lambda x: ra.bincount(x.reshape(-1)),
    "searchsorted": lambda x: ra.searchsorted(ra.arange(24, chunks=12), x.reshape(-1)),
    "assigned": assigned,
    "where": lambda x: ra.where(x > 2, x, 0),
}


def guessed(change: Any) -> Any:
    """An array whose function returns another dtype for blocks than for the element that it is tried on."""
    x = ra.from_array(INTEGERS, chunks=(2, 3)).map_blocks(lambda b: change(b) if b.size > 1 else b)
    assert x.dtype == INTEGERS.dtype
    return x


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("after", ANY_DTYPE)
def test_where_a_dtype_was_guessed_wrongly_elements_that_only_move_are_as_they_came(
    change: str, after: str
) -> None:
    found = ANY_DTYPE[after](guessed(CHANGES[change])).compute()
    expected = ANY_DTYPE[after](CHANGES[change](INTEGERS))
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(np.ma.filled(found, 0), np.ma.filled(expected, 0))


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("after", PLANNED)
def test_where_a_dtype_was_guessed_wrongly_nothing_is_cast_to_it(change: str, after: str) -> None:
    found = CHANGES[change](INTEGERS).dtype
    text = f"found {found}, where int64 was guessed: pass dtype="
    refused = "of blocks of type numpy.ma.MaskedArray"
    with pytest.raises((TypeError, NotImplementedError), match=f"{text}|{refused}") as caught:
        PLANNED[after](guessed(CHANGES[change])).compute()
    # The task is named, and with it the block.
    assert re.search(r"raskt: in task \('.*', \d.*\)", "".join(caught.value.__notes__))


def test_blocks_of_several_dtypes_are_joined_in_their_common_one() -> None:
    x = ra.arange(6, chunks=3).map_blocks(lambda block: block * 0.5 if block.max() > 3 else block)
    np.testing.assert_array_equal(x.rechunk(6).compute(), [0, 1, 2, 1.5, 2, 2.5])
