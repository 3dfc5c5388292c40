"""Who may change what: content that is kept, blocks and values that are owned, values that are shared."""

from __future__ import annotations

import array
import collections
import copy
import dataclasses
import functools
import pathlib
import random
import sys
import types
from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import raskt
import raskt.array as ra
import raskt.bag as rb
import raskt.dataframe as rd
import scipy.sparse
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from raskt import delayed

DTYPES = ["f8", "f4", "f2", "i4", "u1", "?", "c16", "M8[s]", ">f8", "S3", "O", [("a", "i4"), ("b", "f8")]]


def base() -> Any:
    return ra.arange(6, chunks=2)


def plus(block: Any, w: Any) -> Any:
    return block + np.sum(w)


def assigned(x: Any) -> Any:
    a = base()
    a[:3] = x
    return a


BUILT: dict[str, Callable[[Any], Any]] = {
    "from_array": lambda x: ra.from_array(x, chunks=2),
    "a lone chunk": lambda x: ra.from_array(x, chunks=-1),
    "steps": lambda x: ra.from_array(x[::2], chunks=2),
    "backwards": lambda x: ra.from_array(x[::-1], chunks=2),
    "a memoryview": lambda x: ra.from_array(memoryview(x), chunks=2),
    "a broadcast view": lambda x: ra.from_array(np.broadcast_to(x, (1000, 6)), chunks=500),
    "windows": lambda x: ra.from_array(np.lib.stride_tricks.sliding_window_view(x, 3), chunks=2),
    "a lock": lambda x: ra.from_array(x, chunks=2, lock=True),
    "getitem": lambda x: ra.from_array(x, chunks=2, getitem=lambda a, index: a[index]),
    "a name": lambda x: ra.from_array(x, chunks=2, name="named"),
    "asarray": lambda x: ra.asarray(x),
    "an operand": lambda x: base() + x,
    "a left operand": lambda x: x * base(),
    "no axes": lambda x: base() + x[:1].reshape(()),
    "no axes, half": lambda x: base() + x[:1].astype("f2").reshape(()),
    "concatenate": lambda x: ra.concatenate([base(), x]),
    "where": lambda x: ra.where(base() > 2, base(), x),
    "a keyword": lambda x: base().map_blocks(plus, w=x),
    "a keyword's list": lambda x: base().map_blocks(lambda b, w: b + w[0]["x"].sum(), w=[{"x": x}]),
    "partial": lambda x: base().map_blocks(functools.partial(plus, w=x)),
    "an argument": lambda x: ra.blockwise(plus, "i", base(), "i", x, None, dtype=float),
    "blockwise": lambda x: ra.blockwise(plus, "i", base(), "i", w=x, dtype=float),
    "apply_gufunc": lambda x: ra.apply_gufunc(plus, "()->()", base(), w=x, output_dtypes=float),
    "map_overlap": lambda x: base().map_overlap(plus, depth=1, boundary="none", w=x, dtype=float),
    "apply_along_axis": lambda x: ra.apply_along_axis(plus, 0, base(), x),
    "lazy beside": lambda x: base().map_blocks(
        lambda b, w, s: b + w.sum() + s, w=x, s=base().sum(), dtype=float
    ),
    "frompyfunc": lambda x: ra.frompyfunc(functools.partial(plus, w=x), 1, 1)(base()),
    "piecewise": lambda x: ra.piecewise(base(), [base() > 2], [plus, 0], x),
    "fromfunction": lambda x: ra.fromfunction(plus, shape=(4,), chunks=2, w=x),
    "take": lambda x: base()[x.astype(int)],
    "a mask": lambda x: base()[x > 2],
    "assignment": lambda x: assigned(x[:3]),
    "choice": lambda x: ra.random.default_rng(3).choice(x, size=5, chunks=2),
    "choice p": lambda x: ra.random.default_rng(3).choice(6, size=9, chunks=2, p=x / x.sum()),
    "normal": lambda x: ra.random.default_rng(3).normal(x, size=6, chunks=2),
    "histogram": lambda x: ra.histogram(base(), bins=x)[0],
    "isin": lambda x: ra.isin(base(), x),
    "a pure call": lambda x: delayed(np.sum, pure=True)(x),
    "a pure call's list": lambda x: delayed(lambda d: d["a"][0].sum(), pure=True)({"a": [x]}),
    "a pure value": lambda x: delayed(x, pure=True),
    "Bag.map": lambda x: rb.range(3, 2).map(plus, w=x).sum(),
}


@pytest.mark.parametrize("what", BUILT)
def test_what_is_known_by_content_keeps_it(what: str) -> None:
    build = BUILT[what]
    wanted = np.array(build(np.arange(6.0)).compute())
    x = np.arange(6.0)
    before = build(x)
    x[:] = 5 - x
    after = build(np.arange(6.0))
    assert np.array_equal(before.compute(), wanted)
    assert np.array_equal(after.compute(), wanted)


def rows() -> Any:
    return rd.from_pandas(pd.DataFrame({"x": np.arange(6.0), "k": [0, 0, 0, 1, 1, 1]}), npartitions=2)


def of_a_part(part: Any, w: Any) -> Any:
    return part + np.sum(w)


def of_a_row(row: Any, w: Any) -> Any:
    return row.x + np.sum(w)


X = pd.Series([0.5], name="x")
OF_FRAMES: dict[str, Callable[[Any], Any]] = {
    "map_partitions": lambda x: rows().map_partitions(of_a_part, x),
    "map_partitions, a keyword": lambda x: rows().map_partitions(of_a_part, w=x),
    "map_partitions, a list": lambda x: rows().map_partitions(lambda p, w: p + w[1][0].sum(), [x, (x,)]),
    "map_partitions, a dictionary": lambda x: rows().map_partitions(lambda p, w: p + w["w"].sum(), {"w": x}),
    "map_partitions, a partial": lambda x: rows().map_partitions(functools.partial(of_a_part, w=x)),
    "map_partitions to numbers": lambda x: rows().map_partitions(
        functools.partial(lambda p, w: p.x.sum() + w.sum(), w=x), meta=X
    ),
    "map_overlap": lambda x: rows().map_overlap(of_a_part, 1, 1, x),
    "apply to values": lambda x: rows().x.apply(of_a_part, args=(x,), meta=X),
    "apply to rows": lambda x: rows().apply(of_a_row, axis=1, w=x, meta=X),
    "apply to groups": lambda x: rows().groupby("k").x.transform(of_a_part, x, meta=X),
    "apply to windows": lambda x: rows().x.rolling(2).apply(lambda v, w: w[0] + v.sum(), args=(x,), raw=True),
    "reduction": lambda x: rows().x.reduction(
        lambda p, w: p.sum() + w.sum(), lambda s: s.sum(), chunk_kwargs={"w": x}
    ),
    "map": lambda x: rows().k.map(pd.Series(x, copy=False)),
    "isin": lambda x: rows().x.isin(x[:3]),
    "isin, a dictionary's values": lambda x: rows().x.isin({"x": x}.values()),
    "an operand": lambda x: rows() + x[:2],
    "from_map": lambda x: rd.from_map(lambda n, w: pd.DataFrame({"n": [n + w[0]]}), [1, 2], w=x),
    "from_map, a partial": lambda x: rd.from_map(
        functools.partial(lambda n, w: pd.DataFrame({"n": [n + w[0]]}), w=x), [1, 2]
    ),
    "from_map, an item": lambda x: rd.from_map(lambda w: pd.DataFrame({"n": [w[0]]}), [x, x[1:]]),
    "from_pandas": lambda x: rd.from_pandas(pd.DataFrame({"x": x}, copy=False), npartitions=2),
}


@pytest.mark.parametrize("what", OF_FRAMES)
def test_what_frames_are_made_of_is_kept(what: str) -> None:
    build = OF_FRAMES[what]
    wanted = np.array(build(np.arange(6.0)).compute())
    x = np.arange(6.0)
    before = build(x)
    x[:] = 50 - x
    after = build(np.arange(6.0))
    np.testing.assert_array_equal(before.compute(), wanted)
    np.testing.assert_array_equal(after.compute(), wanted)


@dataclasses.dataclass(frozen=True)
class Weights:
    of: Any


@attrs.frozen
class Attributes:
    of: Any


HOLDERS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "keys": (lambda d: d.keys(), list),
    "values": (lambda d: d.values(), list),
    "items": (lambda d: d.items(), list),
    "UserDict": (lambda d: collections.UserDict(w=d), lambda held: held["w"]),
    "UserList": (lambda d: collections.UserList([d]), lambda held: held[0]),
    "ChainMap": (lambda d: collections.ChainMap({}, d), dict),
    "dataclass": (Weights, lambda held: held.of),
    "attrs": (Attributes, lambda held: held.of),
    "mapping": (types.MappingProxyType, dict),
}


@pytest.mark.parametrize("what", HOLDERS)
def test_containers_of_the_standard_library_keep_what_they_hold(what: str) -> None:
    hold, look = HOLDERS[what]
    seen = []

    def look_at(block: Any, held: Any) -> Any:
        seen.append((type(held), str(look(held))))
        return block

    source = {"a": np.arange(3), "b": [1]}
    held = hold(source)
    wanted = type(held), str(look(held))
    lazy = ra.ones(2, chunks=2).map_blocks(look_at, held, dtype=float)
    source["a"][:] = 7
    source["b"].append(2)
    source["c"] = 0
    seen.clear()
    lazy.compute(scheduler="sync")
    assert seen == [wanted]


def series(values: Any) -> Any:
    return pd.Series(values)


def labelled(values: Any) -> Any:
    return xr.DataArray(values)


@pytest.mark.parametrize("wrapped", [series, labelled])
def test_memory_in_objects_of_other_libraries_is_kept(wrapped: Any) -> None:
    source = wrapped(np.arange(6))
    before = ra.from_array(source, chunks=4)
    source[:] = -1
    after = ra.from_array(wrapped(np.arange(6)), chunks=4)
    assert before.name == after.name
    assert before.compute().tolist() == after.compute().tolist() == list(range(6))


def test_a_frame_is_an_array_of_its_columns() -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": [3.0, 4.0]})
    assert ra.from_array(frame).compute().tolist() == [[1, 3], [2, 4]]


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_memory_of_any_dtype_is_kept_and_results_are_ones_own(dtype: Any) -> None:
    original = np.arange(4).astype(dtype) if dtype != "S3" else np.array([b"a", b"b", b"c", b"d"])
    for chunks in (2, -1):
        x = original.copy()
        a = ra.from_array(x, chunks=chunks)
        x[:] = x[::-1].copy()
        p = a.persist()
        for lazy in (a, p):
            found = lazy.compute()
            assert (found == original).all()
            found[0] = found[3]
            assert (lazy.compute() == original).all()


@settings(max_examples=60)
@given(data=st.data())
def test_any_view_is_kept(data: st.DataObject) -> None:
    shape = tuple(data.draw(st.lists(st.integers(1, 7), min_size=1, max_size=3)))
    memory = np.arange(np.prod(shape), dtype=data.draw(st.sampled_from(["f8", "i2", "f2"]))).reshape(shape)
    view = memory.transpose(data.draw(st.permutations(range(len(shape)))))
    steps = data.draw(st.lists(st.sampled_from([1, 2, -1, -3]), min_size=view.ndim, max_size=view.ndim))
    view = view[tuple(slice(None, None, step) for step in steps)]
    wanted = view.copy()
    a = ra.from_array(view, chunks=2)
    memory[...] = 0
    assert np.array_equal(a.compute(), wanted)


def test_large_memory_is_copied_on_threads() -> None:
    x = np.random.default_rng(0).random((3000, 1100))
    for view in (x, x.T, x[::2, 1:], x[:, ::-1]):
        kept = ra.from_array(view, chunks=500)
        wanted = view.copy()
        x *= -1
        assert np.array_equal(kept.compute(), wanted)


def test_memory_that_nobody_can_write_is_not_copied() -> None:
    fixed = np.frombuffer(bytes(range(16)), dtype="u1")
    assert raskt._raskt.array_kept(fixed) is fixed
    frozen = np.arange(3)
    frozen.flags.writeable = False
    assert raskt._raskt.array_kept(frozen) is frozen
    assert raskt._raskt.array_kept(frozen[1:]).base is frozen
    shown = np.arange(3)[1:]
    shown.flags.writeable = False
    assert not np.shares_memory(raskt._raskt.array_kept(shown), shown)


def test_copy_false_shares_under_a_name_of_its_own() -> None:
    x = np.zeros(4)
    a, b = (ra.from_array(x, chunks=2, copy=False) for _ in range(2))
    x[:] = 2
    assert a.name != b.name
    assert a.sum().compute() == 8
    assert ra.from_array(x, copy=False, name="said").name == ra.from_array(x, copy=False, name="said").name


def test_maps_that_can_be_written_are_read_when_computed(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "map"
    writable = np.memmap(path, "f8", "w+", shape=6)
    writable[:] = 1
    a = ra.from_array(np.asarray(writable), chunks=2)
    writable[:] = 2
    assert a.compute().tolist() == [2] * 6
    assert a.name != ra.from_array(np.asarray(writable), chunks=2).name
    fixed = np.asarray(np.memmap(path, "f8", "r", shape=6))
    assert raskt._raskt.array_kept(fixed) is fixed
    assert ra.from_array(fixed, chunks=2).name == ra.from_array(fixed, chunks=2).name


def test_keywords_of_functions_of_blocks_are_read_only() -> None:
    def write(block: Any, w: Any) -> Any:
        w[0] = 9
        return block

    x = np.zeros(2)
    lazy = ra.zeros(2, chunks=1)
    for w in (x, lazy):
        with pytest.raises(ValueError, match="read-only"):
            base().map_blocks(write, w=w, dtype=int).compute()
    assert x.tolist() == [0, 0]


def clean(block: Any) -> Any:
    block[block < 0] = 0
    return block


SOURCES: dict[str, Callable[[], Any]] = {
    "memory": lambda: ra.from_array(np.arange(-4.0, 4), chunks=3),
    "a lone chunk": lambda: ra.from_array(np.arange(-4.0, 4)),
    "shared memory": lambda: ra.from_array(np.arange(-4.0, 4), chunks=3, copy=False),
    "read-only memory": lambda: ra.from_array(np.frombuffer(np.arange(-4.0, 4).tobytes()), chunks=3),
    "halves": lambda: ra.from_array(np.arange(-4, 4).astype("f2"), chunks=3),
    "the other byte order": lambda: ra.from_array(np.arange(-4, 4).astype(">f8"), chunks=3),
    "objects": lambda: ra.from_array(np.arange(-4, 4).astype(object), chunks=3),
    "rechunked": lambda: ra.from_array(np.arange(-4.0, 4), chunks=8).rechunk(3),
    "sliced": lambda: ra.from_array(np.arange(-5.0, 5), chunks=4)[1:-1],
    "computed": lambda: ra.from_array(np.arange(-4.0, 4), chunks=3) * 1.0,
    "a range": lambda: ra.arange(-4, 4, chunks=3),
    "of another function": lambda: ra.arange(-4, 4, chunks=3).map_blocks(lambda b: b * 1, dtype=int),
    "of one that returns a view": lambda: ra.arange(-5, 4, chunks=9).map_blocks(
        lambda b: b[1:], chunks=(8,), dtype=int
    ),
    "of a writer that returns a view": lambda: ra.arange(-5, 4, chunks=9).map_blocks(
        lambda b: grown(b)[1:], chunks=(8,), dtype=int
    ),
    "of one that returns its block": lambda: ra.arange(-4, 4, chunks=3).map_blocks(lambda b: b, dtype=int),
    "persisted": lambda: ra.from_array(np.arange(-4.0, 4), chunks=3).persist(),
    "delayed": lambda: ra.from_delayed(delayed(np.arange)(-4.0, 4), (8,), float),
    "broadcast": lambda: ra.broadcast_to(ra.arange(-4, 4, chunks=3), (2, 8)),
}


@pytest.mark.parametrize("scheduler", ["threads", "sync", "processes"])
@pytest.mark.parametrize("source", SOURCES)
def test_functions_of_blocks_write_into_their_blocks_and_nobody_sees_it(source: str, scheduler: str) -> None:
    x = SOURCES[source]()
    before = np.array(x.compute())
    cleaned = x.map_blocks(clean, dtype=x.dtype)
    wanted = np.where(before < 0, 0, before)
    for _ in range(2):
        first, second, third = raskt.compute(cleaned, x, cleaned + x, scheduler=scheduler)
        assert (first == wanted).all()
        assert (second == before).all()
        assert (third == wanted + before).all()
        assert (cleaned.compute(scheduler=scheduler) == wanted).all()
    assert (x.map_blocks(clean, dtype=x.dtype).compute(retries=2, scheduler=scheduler) == wanted).all()


def test_every_kind_of_call_with_blocks_owns_them() -> None:
    source = np.arange(-4.0, 4)
    x = ra.from_array(source, chunks=4)
    wanted = np.maximum(source, 0)

    def total(block: Any, axis: Any, keepdims: bool) -> Any:
        return np.sum(clean(block[0] if isinstance(block, list) else block), axis=axis, keepdims=keepdims)

    assert (ra.blockwise(clean, "i", x, "i", dtype=float).compute() == wanted).all()
    assert (ra.apply_gufunc(clean, "()->()", x, output_dtypes=float).compute() == wanted).all()
    assert (ra.apply_along_axis(clean, 0, x).compute() == wanted).all()
    assert (x.map_overlap(clean, depth=1, boundary="none", dtype=float).compute() == wanted).all()
    assert ra.reduction(x, total, total, dtype=float).compute() == wanted.sum()
    joined = ra.blockwise(lambda blocks: sum(clean(b).sum() for b in blocks), "", x, "i", dtype=float)
    assert joined.compute() == wanted.sum()
    assert (source == np.arange(-4.0, 4)).all()
    assert (x.compute() == source).all()


def added(other: Any) -> Any:
    return lambda b: b + other


def difference(b: Any) -> Any:
    doubled = b * 2
    return doubled - doubled.mean()


def grown(b: Any) -> Any:
    b += 1
    return b


def item(b: Any) -> Any:
    b[b < 0] = 0
    return b


READERS = [
    np.exp,
    np.sum,
    functools.partial(np.sum, axis=0),
    difference,
    added(3),
    added(np.ones(2)),
    lambda b: b,
    lambda b: -b[::-1] * 2 > 1,
    lambda b: np.exp(np.sqrt(abs(b))),
    lambda b: np.array([b.sum()]),
    lambda b: np.where(b > 0, b, np.pi),
    lambda b: np.maximum(b, 0),
]

WRITERS = [
    item,
    grown,
    functools.partial(np.exp, out=np.ones(2)),
    np.put,
    added([]),
    lambda b: b.sort(),
    lambda b: b.fill(0),
    lambda b: b.byteswap(True),
    lambda b: b.round(0, b),
    lambda b: b.clip(0, 1, b),
    lambda b: b.__setitem__(0, 1),
    lambda b: np.exp(b, b),
    lambda b: np.exp(b, out=b),
    lambda b: np.add.at(b, 0, 1),
    lambda b: np.put(b, 0, 1),
    lambda b: np.nan_to_num(b, copy=False),
    lambda b: np.clip(b, 0, 1, b),
    lambda b: np.random.shuffle(b),
    lambda b: np.ndarray.sort(b),
    lambda b: setattr(b, "shape", (1, 2)),
    lambda b: item(b),
    lambda b: np.array([item(part) for part in (b,)]),
]


def test_readers_are_told_from_what_may_write() -> None:
    from raskt.array._readers import reads_only

    assert [reads_only(function, (None,), {}) for function in WRITERS] == [False] * len(WRITERS)
    assert reads_only(np.add, (None, None), {})
    assert not reads_only(np.add, (None, None, None), {})
    assert not reads_only(lambda b, other: other.sum(b), (None, item), {})
    assert not reads_only(np.nan_to_num, (None,), {"copy": False})
    found = [reads_only(function, (None,), {}) for function in READERS]
    # Other versions of Python may spell code in ways that are not known: then blocks are copied.
    assert found == [True] * len(READERS) or sys.version_info[:2] != (3, 11)


def test_a_block_that_a_function_keeps_is_not_changed_by_the_next() -> None:
    seen = []

    def keep(block: Any) -> Any:
        block = block * 1
        seen.append(block)
        return block

    ra.arange(-4, 4, chunks=4).map_blocks(keep, dtype=int).map_blocks(clean, dtype=int).compute(
        scheduler="sync"
    )
    assert sorted(np.concatenate(seen).tolist()) == list(range(-4, 4))


def test_a_block_that_nobody_else_needs_is_handed_over() -> None:
    places = []

    def place(block: Any) -> Any:
        places.append(block.__array_interface__["data"][0])
        return block

    n = 1 << 17
    x = ra.random.default_rng(0).random(n, chunks=n)
    for _ in range(3):
        x = x.map_blocks(place, dtype=float)
    x.compute(scheduler="sync")
    assert len(places) == 3
    assert len(set(places)) == 1


def write(array: Any) -> Any:
    array[0] += 1
    return array.sum()


def test_the_only_reader_of_an_array_writes_into_it_whoever_else_has_it() -> None:
    mine = np.zeros(3)
    values = {
        "fresh": delayed(np.zeros)(3),
        "a variable's": delayed(lambda: mine)(),
        "a view": delayed(lambda: mine[:])(),
        "passed in": delayed(mine),
        "persisted": delayed(np.zeros)(3).persist(),
        "in a list": delayed(lambda: [mine, mine])()[0],
        "in a persisted list": delayed(lambda: [np.zeros(3)])().persist()[0],
    }
    for scheduler in ("sync", "threads", "processes"):
        for what, value in values.items():
            total = delayed(write)(value)
            assert [total.compute(scheduler=scheduler) for _ in range(2)] == [1, 1], what
            assert total.compute(scheduler=scheduler, retries=1) == 1, what
            assert value.compute(scheduler=scheduler).sum() == 0, what
    assert mine.sum() == 0


def test_several_readers_may_not_write_in_any_order() -> None:
    shared = delayed(np.zeros)(3)
    first = delayed(write)(shared)
    for order in ((first, shared), (shared, first), (first, delayed(np.sum)(shared))):
        with pytest.raises(ValueError, match="read-only"):
            raskt.compute(*order, scheduler="sync")


def test_an_array_that_compute_returns_is_ones_own() -> None:
    mine = np.zeros(3)
    for value in (delayed(np.zeros)(3).persist(), delayed(lambda: mine)(), delayed(mine)):
        found = value.compute()
        found += 1
        assert value.compute().sum() == 0
    assert mine.sum() == 0


def test_arguments_of_calls_that_are_not_pure_are_the_objects_themselves() -> None:
    mine = np.zeros(3)
    total = delayed(write)(mine)
    mine[1] = 5
    assert total.compute() == 6
    assert mine.tolist() == [1, 5, 0]


def test_containers_among_arguments_keep_their_items() -> None:
    def grow(items: Any) -> int:
        if isinstance(items, dict):
            items[len(items)] = 1
        elif isinstance(items, set):
            items.add(-1)
        else:
            items.append(1)
        return len(items)

    for make, change in (
        (lambda: [7, 8], lambda items: items.append(1)),
        (lambda: {7: 1, 8: 1}, lambda items: items.clear()),
        (lambda: {7, 8}, lambda items: items.clear()),
    ):
        for pure in (False, True):
            items: Any = make()
            call, value = delayed(grow, pure=pure)(items), delayed(items, pure=pure)
            change(items)
            of_value = delayed(grow)(value)
            assert [call.compute(), call.compute(), of_value.compute(), of_value.compute()] == [3] * 4
            assert value.compute() == make()
    nested = [[1], {"a": [2]}]
    call = delayed(lambda items: (items[0].append(5), items)[1])(nested)
    nested[0].append(3)
    nested[1]["a"].clear()
    for _ in range(2):
        assert call.compute() == [[1, 5], {"a": [2]}]
    as_it_is: list[int] = []
    assert delayed(lambda items: items, traverse=False)(as_it_is).compute() is as_it_is


def test_arguments_of_pure_calls_are_read_only() -> None:
    mine = np.zeros(3)
    with pytest.raises(ValueError, match="read-only"):
        delayed(write, pure=True)(mine).compute()
    assert mine.sum() == 0


def append(items: Any, item: Any) -> Any:
    items.append(item)
    return items


def extend(items: Any, more: Any) -> Any:
    items.extend(more)
    return items


@pytest.mark.parametrize("scheduler", ["sync", "threads", "processes"])
def test_accumulators_are_no_partitions_alone_but_each_ones_own(scheduler: str) -> None:
    b = rb.from_sequence(range(8), npartitions=3)
    initial: list[int] = []
    folded = b.fold(append, extend, initial=initial)
    grouped = b.foldby(lambda x: x % 2, append, initial, extend, [])
    running = b.accumulate(append, initial=initial)
    initial.append(100)
    for _ in range(2):
        assert sorted(folded.compute(scheduler=scheduler)) == list(range(8))
        groups = {key: sorted(items) for key, items in grouped.compute(scheduler=scheduler)}
        assert groups == {0: [0, 2, 4, 6], 1: [1, 3, 5, 7]}
        assert sorted(running.compute(scheduler=scheduler)[-1]) == list(range(8))
    assert initial == [100]


def test_elements_that_folding_begins_with_are_not_changed() -> None:
    elements = [[1], [2], [3], [4]]
    b = rb.from_sequence(elements, npartitions=3)
    for _ in range(2):
        assert b.fold(extend).compute(scheduler="sync") == [1, 2, 3, 4]
        assert b.foldby(len, extend).compute(scheduler="sync") == [(1, [1, 2, 3, 4])]
    assert elements == [[1], [2], [3], [4]]


def test_random_programs_of_writers_and_readers_give_what_copies_give() -> None:
    for seed in range(25):
        chance = random.Random(seed)
        x = np.arange(-6.0, 6)
        arrays = [(ra.from_array(x, chunks=chance.choice([4, 5, 12])), x.copy())]
        for _ in range(6):
            lazy, wanted = chance.choice(arrays)
            match chance.randrange(4):
                case 0:
                    arrays.append((lazy.map_blocks(clean, dtype=float), np.maximum(wanted, 0)))
                case 1:
                    arrays.append((lazy - 2, wanted - 2))
                case 2:
                    arrays.append((lazy.persist(), wanted))
                case _:
                    other, more = chance.choice(arrays)
                    arrays.append((lazy.rechunk(4) + other.rechunk(4), wanted + more))
        found = raskt.compute(*[lazy for lazy, _ in arrays], scheduler=chance.choice(["sync", "threads"]))
        for one, (_, wanted) in zip(found, arrays, strict=True):
            assert (one == wanted).all(), seed


CONSTANT_MEMORY: dict[str, Callable[[], Any]] = {
    "zeros": lambda: ra.zeros((2, 3), chunks=(2, 3)),
    "persisted": lambda: ra.full((2, 3), 4.0, chunks=(2, 3)).persist(),
    "broadcast": lambda: ra.broadcast_to(ra.arange(3, chunks=3), (2, 3)),
    "source": lambda: ra.from_array(np.broadcast_to(np.arange(3.0), (2, 3))),
    "windows": lambda: ra.lib.stride_tricks.sliding_window_view(ra.arange(4, chunks=4), 3),
    "transposed": lambda: ra.ones((3, 2), chunks=3).T,
}


@pytest.mark.parametrize("make", CONSTANT_MEMORY.values(), ids=list(CONSTANT_MEMORY))
def test_to_write_one_element_changes_no_other_that_had_the_same_memory(make: Any) -> None:
    def marked(block: Any) -> Any:
        block[0, 0] = 9
        return block

    want = np.array(make().compute())
    want[0, 0] = 9
    np.testing.assert_array_equal(make().map_blocks(marked).compute(), want)
    np.testing.assert_array_equal(delayed(marked)(make()).compute(), want)
    np.testing.assert_array_equal(marked(make().compute()), want)


#: What makes a value, what changes it or its memory, and what shows its content.
KEPT_KINDS: dict[str, Callable[[], Any]] = {}


def kept_kind(make: Callable[[], Any]) -> Callable[[], Any]:
    KEPT_KINDS[make.__name__] = make
    return make


@kept_kind
def memory_views() -> Any:
    memory = np.arange(4)
    return memoryview(memory), lambda: memory.fill(9), lambda view: np.asarray(view).tolist()


@kept_kind
def arrays_of_the_standard_library() -> Any:
    numbers = array.array("i", [1, 2])
    return numbers, lambda: numbers.append(3), list


@kept_kind
def queues() -> Any:
    queue = collections.deque([1, [2]], maxlen=3)
    return queue, lambda: queue[1].append(3), lambda kept: (kept.maxlen, list(kept))


@kept_kind
def ordered_dictionaries() -> Any:
    table = collections.OrderedDict(a=np.zeros(1))
    return table, lambda: table["a"].fill(1), lambda kept: [(key, own.tolist()) for key, own in kept.items()]


@kept_kind
def counters() -> Any:
    counts = collections.Counter("aab")
    return counts, lambda: counts.update("b"), lambda kept: kept.most_common()


@kept_kind
def views_of_dictionaries() -> Any:
    table = {"a": [1]}
    return types.MappingProxyType(table), lambda: table["a"].append(2), lambda kept: dict(kept)


@kept_kind
def namespaces() -> Any:
    space = types.SimpleNamespace(w=[1])
    return space, lambda: space.w.append(2), lambda kept: kept.w


@kept_kind
def arrow_tables() -> Any:
    memory = np.arange(4.0)
    return pa.table({"a": memory}), lambda: memory.fill(9), lambda kept: kept.to_pydict()


@kept_kind
def arrow_arrays() -> Any:
    memory = np.arange(4.0)
    kept = pa.Array.from_buffers(pa.float64(), 4, [None, pa.py_buffer(memory)])
    return kept, lambda: memory.fill(9), lambda kept: kept.to_pylist()


@kept_kind
def sparse_matrices() -> Any:
    matrix = scipy.sparse.csr_matrix(np.eye(2))
    return matrix, lambda: matrix.data.fill(9), lambda kept: kept.toarray().tolist()


@pytest.mark.parametrize("make", KEPT_KINDS.values(), ids=list(KEPT_KINDS))
def test_arguments_of_pure_calls_and_of_blocks_are_kept_whatever_their_kind(make: Any) -> None:
    value, change, shown = make()
    want = copy.deepcopy(shown(value))
    pure = delayed(shown, pure=True)(value)
    seen: list[Any] = []
    block = ra.ones(2, chunks=2).map_blocks(lambda b, w: (seen.append(shown(w)), b)[1], w=value, dtype=float)
    change()
    assert shown(value) != want
    assert pure.compute() == want
    block.compute(scheduler="sync")
    assert seen == [want]
