"""Whole numbers of users: NumPy's are as good as Python's; what is out of bounds is refused, by its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import raskt
import raskt.array as ra
import raskt.bag as rb
from raskt import delayed

HUGE = 2**70


def bag() -> rb.Bag:
    return rb.from_sequence(range(10), npartitions=3)


def annotated(retries: Any) -> int:
    with raskt.annotate(retries=retries):
        value = delayed(int)(1)
    found: int = value.compute()
    return found


@pytest.mark.parametrize(
    ("use", "expected"),
    [
        (lambda n: bag().repartition(npartitions=n).compute(), list(range(10))),
        (lambda n: rb.from_sequence(range(10), npartitions=n).npartitions, 2),
        (lambda n: rb.from_sequence(range(10), partition_size=n).npartitions, 5),
        (lambda n: rb.range(10, npartitions=n).npartitions, 2),
        (lambda n: bag().take(n), (0, 1)),
        (lambda n: bag().take(5, npartitions=n), (0, 1, 2, 3, 4)),
        (lambda n: bag().sum(split_every=n).compute(), 45),
        (lambda n: sorted(bag().groupby(lambda x: x % 2, npartitions=n).compute())[0][0], 0),
        (lambda n: list(raskt.compute(*delayed(divmod, nout=n)(7, 2))), [3, 1]),
        (annotated, 1),
    ],
)
def test_whole_numbers_of_numpy_are_taken(use: Callable[[Any], Any], expected: Any) -> None:
    assert use(np.int64(2)) == expected == use(2)


@pytest.mark.parametrize(
    ("use", "error", "text"),
    [
        (lambda: bag().repartition(npartitions=HUGE), ValueError, f"npartitions must be at most .*{HUGE}"),
        (lambda: bag().take(-1), ValueError, "k must be a whole number of 0 or more, found -1"),
        (lambda: bag().take(1.5), ValueError, "k must be a whole number of 0 or more, found 1.5"),
        (lambda: bag().take(1, npartitions=0), ValueError, "npartitions must be -1 or a whole number of 1"),
        (lambda: delayed(divmod, nout=HUGE), ValueError, f"nout must be at most .*{HUGE}"),
        (lambda: delayed(divmod, nout=True), ValueError, "nout must be None or a whole number of 0 or more"),
        (lambda: annotated(HUGE), ValueError, f"annotation 'retries' must be at most .*{HUGE}"),
        (lambda: ra.ones(3).sum().compute(pool=5), TypeError, "pool must be an executor .* num_workers"),
        (lambda: raskt.config.get(5), TypeError, "a configuration key is a str, not 5"),  # type: ignore[arg-type]
        (lambda: ra.eye(3, k=1.5), TypeError, "integer"),  # type: ignore[arg-type]
        (lambda: ra.diff(ra.ones(3), 1.5), TypeError, "integer"),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_such_number_is_refused_by_its_name(
    use: Callable[[], Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        use()


def test_more_than_there_can_be_is_as_good_as_all() -> None:
    assert bag().take(HUGE, npartitions=-1, warn=False) == tuple(range(10))
    assert ra.arange(10, chunks=3).sum(split_every=HUGE).compute() == 45
    assert ra.ones((4, 4, 4), chunks=2).sum(split_every={0: HUGE, 1: HUGE, 2: HUGE}).compute() == 64


@pytest.mark.parametrize("n", [3, 4, 5, 2**32 + 1, HUGE])
@pytest.mark.parametrize("dtype", ["u1", "?", "f4", "M8[D]", "m8[s]"])
def test_differences_of_more_than_there_are_elements_are_numpys(n: int, dtype: str) -> None:
    x = np.arange(4).astype("i8").astype(dtype).reshape(1, 4)
    found, expected = ra.diff(ra.from_array(x, chunks=(1, 3)), n), np.diff(x, min(n, 6))
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    assert found.compute().tobytes() == expected.tobytes()


@pytest.mark.parametrize("k", [-HUGE, -(2**63), -(2**62), 2**62, 2**63, HUGE])
def test_a_diagonal_far_off_cuts_all_or_nothing(k: int) -> None:
    x = ra.ones((4, 5), chunks=2)
    n = 20 if k > 0 else 0
    assert ra.tril(x, k).sum().compute() == n
    assert ra.triu(x, k).sum().compute() == 20 - n
    assert ra.tri(4, 5, k).sum().compute() == n
    assert ra.eye(4, M=5, k=k).sum().compute() == 0
