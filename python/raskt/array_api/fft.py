"""Fourier transforms of the array API standard, on lazy arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from raskt.array import fft as of_arrays
from raskt.array.fft import (
    fft,
    fftn,
    fftshift,
    hfft,
    ifft,
    ifftn,
    ifftshift,
    ihfft,
    irfft,
    irfftn,
    rfft,
    rfftn,
)
from raskt.array.spellings import check_device

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = [
    "fft",
    "fftfreq",
    "fftn",
    "fftshift",
    "hfft",
    "ifft",
    "ifftn",
    "ifftshift",
    "ihfft",
    "irfft",
    "irfftn",
    "rfft",
    "rfftfreq",
    "rfftn",
]


def fftfreq(n: int, /, *, d: float = 1.0, dtype: Any = None, device: Any = None) -> Array:
    """Return the frequencies of a transform: see `raskt.array.fft.fftfreq`."""
    check_device(device)
    found = of_arrays.fftfreq(n, d)
    return found if dtype is None else found.astype(dtype)


def rfftfreq(n: int, /, *, d: float = 1.0, dtype: Any = None, device: Any = None) -> Array:
    """Return the frequencies of a transform of real numbers: see `raskt.array.fft.rfftfreq`."""
    check_device(device)
    found = of_arrays.rfftfreq(n, d)
    return found if dtype is None else found.astype(dtype)
