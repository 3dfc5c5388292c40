"""Objects, truth values and text: values and errors are NumPy's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import raskt.array as ra

TEXTS = np.array(list("xaqbca"), dtype=object)
LISTS = np.empty(4, dtype=object)
for place in range(4):
    LISTS[place] = [place]


@pytest.mark.parametrize("values", [TEXTS, LISTS, np.array([1, 2.5, 3, 10**30], dtype=object)])
@pytest.mark.parametrize("chunks", [1, 2, 3, 6])
def test_running_sums_of_objects_need_no_zero(values: Any, chunks: int) -> None:
    found = ra.cumsum(ra.from_array(values, chunks=chunks), axis=0)
    assert found.compute().tolist() == np.cumsum(values).tolist()
    assert found.dtype == np.dtype(object)


def test_running_sums_of_objects_go_on_behind_blocks_of_none() -> None:
    x = ra.from_array(TEXTS, chunks=2)
    # None of the second block is left, in which the third stays what it is.
    kept = x[ra.from_array(np.array([True, True, False, False, True, True]), chunks=2)]
    assert ra.cumsum(kept, axis=0).compute().tolist() == ["x", "xa", "xac", "xaca"]


def test_running_products_of_objects_are_numpys() -> None:
    values = np.array([[2, 3], [5, 7], [11, 13]], dtype=object)
    for axis in (0, 1):
        found = ra.cumprod(ra.from_array(values, chunks=(1, 1)), axis=axis).compute()
        np.testing.assert_array_equal(found, np.cumprod(values, axis=axis))


@pytest.mark.parametrize("name", ["mean", "var", "nanmean", "nanvar", "median"])
@pytest.mark.parametrize("keywords", [{}, {"axis": 0}, {"axis": 1}, {"axis": 0, "keepdims": True}])
def test_means_of_objects_have_the_dtype_of_numpys(name: str, keywords: dict[str, Any]) -> None:
    values = np.array([[1, 2.5, 3], [4, 5, 7]], dtype=object)
    expected = getattr(np, name)(values, **keywords)
    promised = getattr(ra, name)(ra.from_array(values, chunks=(1, 2)), **keywords)
    found = promised.compute()
    assert promised.dtype == found.dtype == expected.dtype
    np.testing.assert_allclose(np.asarray(found, float), np.asarray(expected, float))


TRUTH = np.array([True, False, True])

REFUSED: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "ediff1d of truth values": (lambda m: m.ediff1d, TRUTH),
    "gradient of truth values": (lambda m: m.gradient, TRUTH),
    "histogram of text": (
        lambda m: lambda x: m.histogram(x, bins=2, range=(0, 5)),
        np.array(["b", "a", "c"]),
    ),
    "histogram of bytes": (
        lambda m: lambda x: m.histogram(x, bins=3),
        np.array([b"b", b"a", b"c"]),
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_numpy_refuses_is_refused_before_anything_runs(case: str) -> None:
    function, values = REFUSED[case]
    with pytest.raises(TypeError):
        function(np)(values)
    with pytest.raises(TypeError, match=case.split()[0]):
        function(ra)(ra.from_array(values, chunks=2))
