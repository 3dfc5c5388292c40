"""What errors say: the task's key, the argument and its value, however odd exception or argument are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import raskt
import raskt.array as ra
import raskt.bag as rb
from raskt import delayed


class RefusesAttributes(Exception):
    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError("no attributes")

    def add_note(self, note: str) -> None:
        raise TypeError("no notes")


class RefusesText(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


class BecomesANumber(Exception):
    def __reduce__(self) -> Any:
        return int, ("3",)


class NeedsTwo(Exception):
    def __init__(self, a: int, b: int) -> None:
        super().__init__(a)
        self.b = b


class CannotBeRead:
    def __reduce__(self) -> Any:
        return _refuse, ()


def _refuse() -> None:
    raise OSError("refused")


ODD: dict[type[Exception], tuple[Any, ...]] = {
    RefusesAttributes: ("text",),
    RefusesText: ("text",),
    BecomesANumber: ("text",),
    NeedsTwo: (1, 2),
}


def failing(kind: type[Exception]) -> Any:
    args = ODD.get(kind, ("text",))

    def fail() -> None:
        raise kind(*args)

    return delayed(fail)(raskt_key_name="the-key")


@pytest.mark.parametrize("scheduler", ["threads", "sync"])
@pytest.mark.parametrize("kind", ODD)
def test_an_odd_exception_is_raised_as_it_is_and_names_its_task(
    kind: type[Exception], scheduler: str
) -> None:
    with pytest.raises(kind) as caught:
        failing(kind).compute(scheduler=scheduler)
    assert any("the-key (function fail)" in note for note in caught.value.__notes__)


@pytest.mark.parametrize("kind", [*ODD, ValueError])
def test_an_exception_of_a_child_process_is_told_truthfully_with_its_traceback(kind: type[Exception]) -> None:
    with pytest.raises((kind, RuntimeError)) as caught:
        failing(kind).compute(scheduler="processes")
    assert any("the-key (function fail)" in note for note in caught.value.__notes__)
    told = str(caught.value) if type(caught.value) is RuntimeError else type(caught.value).__name__
    assert kind.__name__ in told
    assert "fail" in str(caught.value.__cause__)


def test_an_exception_of_a_child_whose_init_takes_more_than_it_passes_on_keeps_type_and_attributes() -> None:
    with pytest.raises(NeedsTwo) as caught:
        failing(NeedsTwo).compute(scheduler="processes")
    assert (caught.value.args, caught.value.b) == ((1,), 2)
    assert "fail" in str(caught.value.__cause__)


def test_a_result_that_cannot_be_unpickled_names_its_task() -> None:
    with pytest.raises(OSError, match="refused") as caught:
        delayed(CannotBeRead)(raskt_key_name="the-key").compute(scheduler="processes")
    assert any("the value of task the-key cannot be unpickled" in note for note in caught.value.__notes__)


@pytest.mark.parametrize(
    "limit", [float("nan"), float("inf"), [1], True, -1, "many", b"1GB", 0, 1e30, "1e400", 10**30]
)
def test_a_memory_limit_that_is_none_names_argument_and_value(limit: Any) -> None:
    with pytest.raises(ValueError, match=r"memory[_-]limit") as caught:
        delayed(1).compute(memory_limit=limit)
    shown = "1e30" if limit == 1e30 and isinstance(limit, float) else repr(limit)
    assert shown.lower() in str(caught.value).lower()


@pytest.mark.parametrize("option", ["num_workers", "retries"])
@pytest.mark.parametrize("value", [float("nan"), True, "2", [1], 2.0, 10**30, -1])
def test_a_number_that_is_none_names_argument_and_value(option: str, value: Any) -> None:
    with pytest.raises(ValueError, match=re.escape(option)) as caught:
        delayed(1).compute(**{option: value})
    assert repr(value) in str(caught.value)


@pytest.mark.parametrize("scheduler", ["threads", "processes"])
def test_numbers_of_numpy_are_whole_numbers(scheduler: str) -> None:
    total = delayed(sum)([1, 2])
    assert total.compute(scheduler=scheduler, num_workers=np.int64(2), retries=np.uint8(1)) == 3
    with pytest.raises(ValueError, match=r"num_workers .* found np\.float64\(2\.0\)"):
        total.compute(scheduler=scheduler, num_workers=np.float64(2))
    with pytest.raises(ValueError, match=r"num_workers .* found np\.True_"):
        total.compute(scheduler=scheduler, num_workers=np.True_)


def test_paths_may_be_bytes(tmp_path: Path) -> None:
    folder = str(tmp_path).encode()
    rb.from_sequence(["a", "b"], npartitions=2).to_textfiles(folder + b"/*.txt")
    assert [line.strip() for line in rb.read_text(folder + b"/*.txt").compute()] == ["a", "b"]
    delayed(1).visualize(folder + b"/graph.svg")
    assert (tmp_path / "graph.svg").stat().st_size > 100


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: ra.eye(-1), ValueError, "negative dimensions are not allowed, found -1"),
        (lambda: ra.zeros((2, -3)), ValueError, "negative dimensions are not allowed, found -3"),
        (lambda: ra.ones(2**100), ValueError, f"found {2**100}"),
        (lambda: ra.random.default_rng(0).normal(size=2**64), ValueError, f"found {2**64}"),
        (lambda: ra.random.default_rng(0).normal(size=-1), ValueError, "negative dimensions"),
        (lambda: ra.ones(4.5), TypeError, "'float' object cannot be interpreted as an integer"),
        (lambda: ra.ones((2, 3.5)), TypeError, "'float' object cannot be interpreted as an integer"),
    ],
)
def test_a_shape_that_cannot_be_is_an_error_that_shows_it(
    make: Any, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=re.escape(text)):
        make()


def test_an_array_of_more_elements_than_fit_has_a_repr() -> None:
    x = ra.ones((2**62, 2**62), chunks=2**60)
    assert f"shape=({2**62}, {2**62})" in repr(x)
    assert x._repr_html_()
    assert raskt.tokenize(x)
