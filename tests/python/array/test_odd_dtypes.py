"""Objects, truth values and text: values and errors are NumPy's."""

from __future__ import annotations

import warnings
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


def outcome(compute: Callable[[], Any]) -> Any:
    """The dtype, if any, and the elements of a result, or the kind of its error."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = compute()
        except (ZeroDivisionError, TypeError, ValueError) as error:
            return next(
                kind for kind in (ZeroDivisionError, TypeError, ValueError) if isinstance(error, kind)
            )
    return getattr(found, "dtype", None), np.shape(found), str(np.asarray(found).tolist())


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0), (1, 3), (4, 2)])
@pytest.mark.parametrize("axis", [None, 0, -1])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("name", ["sum", "mean", "var", "std", "nanmean", "nanvar"])
@pytest.mark.parametrize("ddof", [0, 1])
def test_moments_of_few_objects_or_none_are_numpys_or_fail_as_numpys(
    shape: tuple[int, ...], axis: int | None, keepdims: bool, name: str, ddof: int
) -> None:
    values = np.arange(np.prod(shape)).reshape(shape).astype(object)
    options = {
        "axis": axis,
        "keepdims": keepdims,
        **({"ddof": ddof} if name.endswith(("var", "std")) else {}),
    }
    # NumPy has no square root of Python's numbers along axes.
    if name == "std" and (axis is not None or keepdims):
        return
    x = ra.from_array(values, chunks=2)
    found = outcome(lambda: getattr(ra, name)(x, **options).compute())
    assert found == outcome(lambda: getattr(np, name)(values, **options))


@pytest.mark.parametrize("shape", [(0,), (0, 3), (2, 0)])
def test_covariances_of_no_objects_are_numpys_or_fail_as_numpys(shape: tuple[int, ...]) -> None:
    values = np.arange(np.prod(shape)).reshape(shape).astype(object)
    x = ra.from_array(values, chunks=2)
    assert outcome(lambda: ra.cov(x).compute()) == outcome(lambda: np.cov(values))


class Money:
    """An object with the methods that NumPy calls on elements."""

    def __init__(self, amount: float) -> None:
        self.amount = amount

    def rint(self) -> int:
        return round(self.amount)

    def sqrt(self) -> float:
        return self.amount**0.5


def test_functions_that_call_methods_of_objects_are_not_tried_on_others() -> None:
    values = np.array([Money(2.25), Money(6.25), Money(9)], dtype=object)
    x = ra.from_array(values, chunks=2)
    for name in ("round", "rint", "sqrt"):
        found = getattr(ra, name)(x)
        assert found.dtype == np.dtype(object)
        np.testing.assert_array_equal(found.compute(), getattr(np, name)(values))
    nothing = ra.from_array(np.empty((0, 3), dtype=object), chunks=2)
    assert ra.round(nothing).compute().shape == (0, 3)
    with pytest.raises(TypeError, match="isnan"):
        ra.isnan(x)


TIMES = np.array([[1, 2, 3], [4, 5, 6]], dtype="m8[s]")


@pytest.mark.parametrize("dtype", [float, int, "f4", complex, bool, object])
@pytest.mark.parametrize("axis", [None, 0])
@pytest.mark.parametrize(
    "name", ["sum", "mean", "nansum", "nanmean", "cumsum", "prod", "var", "std", "cumprod"]
)
def test_sums_of_times_are_times_whatever_they_are_asked_for(name: str, axis: Any, dtype: Any) -> None:
    if name == "nanmean":
        # NumPy divides it by a count that it has cast.
        expected = outcome(lambda: np.mean(TIMES, axis=axis))
    else:
        expected = outcome(lambda: getattr(np, name)(TIMES, axis=axis, dtype=dtype))
    x = ra.from_array(TIMES, chunks=2)
    assert outcome(lambda: getattr(ra, name)(x, axis=axis, dtype=dtype).compute()) == expected


def test_spreads_of_times_are_refused_for_times_too() -> None:
    for name in ("var", "std", "prod"):
        with pytest.raises(TypeError, match="timedelta64"):
            getattr(ra, name)(ra.from_array(TIMES, chunks=2), dtype="m8[ms]")


FIELDS = np.zeros((2, 3, 2), dtype=[("a", "i4"), ("b", "f8")])
FIELDS["a"] = np.arange(12).reshape(2, 3, 2)
GRIDS = [np.arange(12).reshape(2, 3, 2).astype(kind) for kind in ("U3", "S2", object, "f2")] + [FIELDS]


@pytest.mark.parametrize("values", GRIDS, ids=lambda values: values.dtype.kind)
@pytest.mark.parametrize("chunks", [3, (1, 2, 1)])
def test_lists_along_several_axes_are_followed_in_blocks_of_the_library(values: Any, chunks: Any) -> None:
    x = ra.from_array(values, chunks=chunks)
    for first, second, third in [([1], [0, -1], [1, 1, 0]), ([], [0, 2], [0]), ([1, 0, 1], [], [1])]:
        found = x[first][:, second][:, :, third].compute()
        np.testing.assert_array_equal(found, values[first][:, second][:, :, third])
        assert found.dtype == values.dtype


@pytest.mark.parametrize("value", ["ab", b"abc", [1, 2], 5, (1, 2.5)], ids=repr)
def test_what_has_no_axes_left_keeps_its_dtype(value: Any) -> None:
    kind = {str: "U5", bytes: "S5", tuple: FIELDS.dtype}.get(type(value), object)
    values = np.empty(2, dtype=kind)
    values[0] = values[1] = value
    lone = np.empty((), dtype=kind)
    lone[()] = value
    for x in (ra.from_array(values, chunks=1)[1], ra.from_array(lone, chunks=())):
        assert type(x.compute()) is type(values[0])
        again = x.reshape(1).compute()
        assert (again.dtype, again.tolist()) == (values.dtype, values[:1].tolist())
        assert x.persist().map_blocks(lambda block: np.array(block.dtype == kind), dtype=bool).compute()


def test_text_assigned_to_what_has_no_axes_has_the_room_of_its_dtype() -> None:
    x = ra.from_array(np.array("b", dtype="U3"))
    x[()] = True
    assert x.compute() == "Tru"


@pytest.mark.parametrize("name", ["arctan2", "logical_xor", "hypot", "fmod", "add", "less"])
def test_functions_of_no_objects_call_nothing(name: str) -> None:
    function, plain = getattr(ra, name), getattr(np, name)
    empty = np.array([], dtype=object)
    found = function(ra.from_array(empty, chunks=1), ra.from_array(empty, chunks=1))
    assert found.dtype == plain(empty, empty).dtype
    assert found.compute().shape == (0,)


@pytest.mark.parametrize("name", ["sum", "prod", "max", "mean", "var", "std", "ptp", "nanmean", "nanstd"])
@pytest.mark.parametrize("keepdims", [False, True])
def test_reductions_of_an_object_without_axes(name: str, keepdims: bool) -> None:
    lone = np.empty((), dtype=object)
    lone[()] = 4
    found = getattr(ra, name)(ra.from_array(lone, chunks=()), keepdims=keepdims).compute()
    # NumPy takes roots of no Python number: the variance is the same.
    assert found == (0 if name.endswith("std") else getattr(np, name)(lone))
