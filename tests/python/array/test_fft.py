"""Fourier transforms, held to NumPy's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import raskt.array as ra

ONE = ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"]
SEVERAL = ["fftn", "ifftn", "rfftn", "irfftn", "fft2", "ifft2", "rfft2", "irfft2"]
DTYPES = ["f8", "f4", "i4", "c16", "c8", "?"]


def values(shape: tuple[int, ...], dtype: str, kind: str) -> Any:
    rng = np.random.default_rng(0)
    found = rng.standard_normal(shape) * 3
    is_real = kind.startswith(("rfft", "ihfft"))
    if np.dtype(dtype).kind == "c" and not is_real:
        found = found + 1j * rng.standard_normal(shape)
    return found.astype(found.real.astype(dtype).real.dtype if is_real else dtype)


def close(found: Any, expected: Any) -> None:
    got = found.compute()
    assert (got.shape, got.dtype, found.shape, found.dtype) == (
        expected.shape,
        expected.dtype,
        expected.shape,
        expected.dtype,
    )
    digits = 1e-5 if expected.dtype.char in "fF" else 1e-12
    np.testing.assert_allclose(got, expected, rtol=digits, atol=digits * 100)


@pytest.mark.parametrize("kind", ONE)
@pytest.mark.parametrize("dtype", DTYPES)
def test_transforms_along_one_axis_that_is_cut(kind: str, dtype: str) -> None:
    a = values((7, 6), dtype, kind)
    x = ra.from_array(a, chunks=(3, 2))
    for axis in (0, -1):
        for n in (None, 4, 9):
            for norm in (None, "ortho", "forward"):
                expected = getattr(np.fft, kind)(a, n, axis, norm)
                close(getattr(ra.fft, kind)(x, n, axis, norm), expected)


@pytest.mark.parametrize("kind", SEVERAL)
@pytest.mark.parametrize("chunks", [2, (1, -1, 3), -1])
def test_transforms_along_several_axes(kind: str, chunks: Any) -> None:
    for dtype in ("f8", "c16", "f4"):
        a = values((4, 5, 6), dtype, kind)
        x = ra.from_array(a, chunks=chunks)
        for options in [{}, {"axes": (0, 2)}, {"s": (3, 8), "axes": (1, 0)}, {"s": (4, 4), "axes": (-2, -1)}]:
            close(getattr(ra.fft, kind)(x, **options), getattr(np.fft, kind)(a, **options))


@pytest.mark.parametrize("kind", SEVERAL)
def test_lengths_of_several_axes_are_those_before_any_transform(kind: str) -> None:
    a = values((6, 10), "f8", kind)
    x = ra.from_array(a, chunks=(4, 3))
    for options in [{"axes": (0, 0)}, {"axes": (1, 0, 1)}, {"s": (4, -1), "axes": (0, 1)}]:
        close(getattr(ra.fft, kind)(x, **options), getattr(np.fft, kind)(a, **options))
    if "r" not in kind:
        close(getattr(ra.fft, kind)(x, axes=()), a)


@pytest.mark.parametrize("kind", ONE)
def test_axes_without_elements_are_filled_with_zeros(kind: str) -> None:
    for shape in [(0,), (3, 0), (0, 4)]:
        at = shape.index(0)
        x = ra.zeros(shape, chunks=2)
        one = np.zeros([n or 1 for n in shape])
        close(getattr(ra.fft, kind)(x, 5, at), getattr(np.fft, kind)(one, 5, at))
        with pytest.raises(ValueError, match="Invalid number of FFT data points"):
            getattr(ra.fft, kind)(x, axis=at)
    wrapped = ra.fft.fft_wrap(getattr(np.fft, kind))
    close(wrapped(ra.zeros(0, chunks=1), 4), getattr(np.fft, kind)(np.zeros(1), 4))


def test_blocks_stay_as_large_as_they_were() -> None:
    x = ra.zeros((64, 64, 64), chunks=(16, 16, 16))
    for axis in range(3):
        found = ra.fft.fft(x, axis=axis)
        assert found.numblocks[axis] == 1
        assert max(np.prod([max(own) for own in found.chunks]), 0) <= 16**3
    # One row a chunk, and nothing left to cut.
    assert ra.fft.fft(ra.zeros((8, 3), chunks=(1, 3)), axis=0).chunks == ((8,), (1, 1, 1))
    assert ra.fft.fft(ra.zeros(8, chunks=1)).chunks == ((8,),)


@pytest.mark.parametrize("n", [1, 2, 7, 8])
@pytest.mark.parametrize("d", [1.0, 0.3])
def test_frequencies(n: int, d: float) -> None:
    np.testing.assert_array_equal(ra.fft.fftfreq(n, d, chunks=3).compute(), np.fft.fftfreq(n, d))
    np.testing.assert_array_equal(ra.fft.rfftfreq(n, d, chunks=3).compute(), np.fft.rfftfreq(n, d))


def test_shifts() -> None:
    a = np.arange(35).reshape(5, 7)
    x = ra.from_array(a, chunks=(2, -1))
    for axes in (None, 0, (1,), (0, 1)):
        for name in ("fftshift", "ifftshift"):
            np.testing.assert_array_equal(
                getattr(ra.fft, name)(x, axes).compute(), getattr(np.fft, name)(a, axes)
            )
    assert ra.fft.fftshift(x).numblocks[1] == 1


def test_functions_of_other_libraries() -> None:
    scipy_fft = pytest.importorskip("scipy.fft")
    a = values((6, 8), "f8", "fft")
    x = ra.from_array(a, chunks=(4, 3))
    for name in ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft"):
        close(ra.fft.fft_wrap(getattr(scipy_fft, name))(x, axis=0), getattr(scipy_fft, name)(a, axis=0))
    for name in ("fft2", "irfft2", "fftn", "rfftn", "irfftn", "ifftn"):
        close(ra.fft.fft_wrap(getattr(scipy_fft, name))(x), getattr(scipy_fft, name)(a))
    own = ra.fft.fft_wrap(lambda block, n=None, axis=-1: np.fft.fft(block, n, axis), kind="fft")
    close(own(x, n=5), np.fft.fft(a, 5))
    with pytest.raises(ValueError, match="unknown `kind`"):
        ra.fft.fft_wrap(np.sort)


def test_numpys_functions_find_them() -> None:
    a = values((6, 8), "f8", "fft")
    close(np.fft.fft(ra.from_array(a, chunks=3)), np.fft.fft(a))  # type: ignore[arg-type]


def test_bad_arguments_are_refused_at_once() -> None:
    x = ra.ones((4, 4), chunks=2)
    for n in (0, -1):
        with pytest.raises(ValueError, match=r"Invalid number of FFT data points \("):
            ra.fft.fft(x, n=n)
    with pytest.raises(ValueError, match="Invalid number of FFT data points"):
        ra.fft.fft(ra.ones((3, 0)))
    with pytest.raises(ValueError, match="Invalid norm value"):
        ra.fft.fft(x, norm="none")
    with pytest.raises(np.exceptions.AxisError):
        ra.fft.fft(x, axis=2)
    with pytest.raises(TypeError):
        ra.fft.rfft(x.astype(complex))
    with pytest.raises(ValueError, match="different lengths"):
        ra.fft.fftn(x, s=(1, 2, 3), axes=(0, 1))
    with pytest.raises(ValueError, match="should be an integer"):
        ra.fft.fftfreq(2.5)  # type: ignore[arg-type]
