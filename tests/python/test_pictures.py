"""Pictures of graphs: what is written, what nodes are called, and what is left out."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
import raskt
import raskt.array as ra
import raskt.bag as rb
import raskt.dataframe as rd
from raskt import delayed
from raskt.diagnostics import Callback

NODE = re.compile(r'^  "?(\w+)"? \[label="([^"]*)"', re.M)
EDGE = re.compile(r"^  \"?(\w+)\"? -> \"?(\w+)\"?", re.M)


def increment(block):
    return block + 1


def drawn(collection, **options):
    """The labels of the nodes by id, and the edges, of a picture."""
    text = raskt.visualize(collection, filename=None, format="dot", **options).data.decode()
    return dict(NODE.findall(text)), EDGE.findall(text)


def labels(collection, **options):
    return sorted(set(drawn(collection, **options)[0].values()))


def blocks():
    return ra.from_array(np.arange(16.0).reshape(4, 4), chunks=2)


@pytest.mark.parametrize(
    "make",
    [
        lambda: blocks(),
        lambda: blocks().sum(),
        lambda: blocks()[blocks() > 3],
        lambda: rb.range(4, npartitions=2),
        lambda: rb.range(4, npartitions=2).sum(),
        lambda: delayed(increment)(1),
        lambda: delayed([delayed(increment)(1)]),
    ],
    ids=["array", "scalar array", "unknown sizes", "bag", "item", "delayed", "delayed list"],
)
@pytest.mark.parametrize("ending", ["svg", "png", "pdf", "dot"])
def test_a_filename_may_be_positional_and_decides_the_format(make, ending, tmp_path):
    path = tmp_path / f"graph.{ending}"
    picture = make().visualize(str(path))
    assert path.read_bytes() == picture.data
    assert (picture.format, picture.path) == (ending, str(path))
    other = tmp_path / f"other.{ending}"
    assert make().visualize(tmp_path / "other", ending).path == str(other)


@pytest.mark.parametrize(
    ("make", "as_written", "optimized"),
    [
        (lambda x: x.mean(), "assemble from_array mean", "assemble from_array mean"),
        (lambda x: x.std(axis=0), "assemble from_array std", "assemble from_array std"),
        (lambda x: (x + 1).max(), "1 add assemble from_array max", "add-max assemble from_array max"),
        (lambda x: x @ x, "assemble from_array matmul", "assemble from_array matmul"),
        (lambda x: x.map_blocks(increment), "assemble from_array increment", "assemble from_array increment"),
        (
            lambda x: x.cumsum(axis=0),
            "assemble cumsum from_array rechunk",
            "assemble cumsum from_array rechunk",
        ),
        (
            lambda x: ra.sqrt(x + 1) * 2,
            "1 2 add assemble from_array multiply sqrt",
            "add-sqrt-multiply assemble from_array",
        ),
        (
            lambda x: ra.cos(ra.sin(ra.exp(abs(-x)))),
            "absolute assemble cos exp from_array negative sin",
            "assemble from_array negative-absolute-etc-cos",
        ),
    ],
)
def test_tasks_of_arrays_are_called_what_users_called(make, as_written, optimized):
    x = make(blocks())
    assert labels(x) == as_written.split()
    assert labels(x, optimize_graph=True) == optimized.split()


def test_no_task_of_an_array_is_called_by_a_private_path():
    x, i = blocks(), ra.from_array(np.arange(4), chunks=2)
    y = x.copy()
    y[0] = 1
    several = [
        x[x > 2],
        y,
        ra.unique(i),
        ra.nonzero(i)[0],
        ra.bincount(i),
        ra.einsum("ij,jk->ik", x, x),
        ra.tensordot(x, x, axes=1),
        x.rechunk((4, 1)).T.reshape(16),
        ra.searchsorted(i, i),
        ra.random.default_rng(1).normal(size=4, chunks=2),
    ]
    for optimize_graph in (False, True):
        found = labels(several, optimize_graph=optimize_graph)
        assert not [label for label in found if "." in label or label.startswith("_")]
        assert {"getitem", "setitem", "unique", "nonzero", "bincount", "einsum", "tensordot"} <= set(found)
        assert {"reshape", "searchsorted", "normal", "from_array", "assemble"} <= set(found)
        assert not {"list", "alias", "value", "fused", "folded"} & set(found)


def test_what_only_hands_values_on_is_no_node_and_what_it_joins_stays_joined():
    nodes, edges = drawn(blocks() @ blocks())
    products = [node for node, label in nodes.items() if label == "matmul"]
    assert len(products) == 4
    for product in products:
        # A row of blocks and a column of blocks, one of them in both.
        assert len([source for source, target in edges if target == product]) == 3


def test_a_list_that_users_make_is_a_node():
    parts = [delayed(increment)(1), delayed(increment)(2)]
    nodes, edges = drawn(delayed(list)(parts))
    assert sorted(nodes.values()) == ["increment", "increment", "list"]
    assert len(edges) == 2


def test_tasks_of_bags_are_called_what_users_called():
    bag = rb.from_sequence("abcab", npartitions=2)
    assert labels(bag.frequencies()) == ["frequencies", "values"]
    assert "map(abs)" in labels(rb.range(6, npartitions=2).map(abs))
    assert "std" in labels(rb.range(6, npartitions=2).std())


def test_tasks_of_dataframes_are_called_what_users_called():
    df = rd.from_pandas(pd.DataFrame({"x": [1.0, None, 3.0], "k": ["a", "b", "c"]}), npartitions=2)
    several = [df.x > 2, 1 - df.x, df.x.fillna(0), df.k.str.upper(), df.x.abs().mean()]
    found = set(labels(several))
    assert {"gt", "rsub", "fillna", "upper", "abs", "mean"} <= found
    assert not {"method", "reduce"} & found
    assert not {"method", "reduce"} & set(labels(several, optimize_graph=True))
    assert (df.x > 2).__raskt_keys__()[0][0].startswith("gt-")


def test_positions_in_the_order_count_what_is_shown():
    text = raskt.visualize(blocks() @ blocks(), filename=None, format="svg", color="order").data.decode()
    found = sorted(int(number) for number in re.findall(r"order (\d+)", text))
    assert found == list(range(len(found)))
    assert f"last of {len(found)}" in text


def test_names_in_callbacks_and_notes_are_those_of_pictures():
    names = set()

    class Seen(Callback):
        def _start(self, dsk):
            names.update({key[0] if isinstance(key, tuple) else key for key in dsk})

    def broken(block):
        raise ZeroDivisionError("in a block")

    with Seen():
        (blocks() + 1).mean().compute()
    assert {name.split("-")[0] for name in names} == {"from_array", "add", "mean", "assemble"}
    with pytest.raises(ZeroDivisionError) as info:
        blocks().map_blocks(broken, dtype="f8").compute()
    note = "\n".join(info.value.__notes__)
    assert "broken" in note
    assert "raskt.array" not in note
