"""Floating-point errors of native kernels, handled as `numpy.errstate` of the caller says."""

from __future__ import annotations

import functools
import sys
import warnings
from collections.abc import Sequence

#: The bit of each kind, as `numpy.seterrcall` has it; its key in `numpy.geterr`; its text.
_KINDS = (
    (1, "divide", "divide by zero"),
    (2, "over", "overflow"),
    (4, "under", "underflow"),
    (8, "invalid", "invalid value"),
)


def _modes() -> dict[str, str]:
    """What the caller's `numpy.geterr` says; nothing while nobody has imported NumPy."""
    geterr = getattr(sys.modules.get("numpy"), "geterr", None)
    return {} if geterr is None else geterr()


def asked() -> tuple[int, int]:
    """The bits of the kinds that are not ignored, and of those that are errors of the task that meets one."""
    return _bits(*_modes().items())


@functools.lru_cache(256)
def _bits(*modes: tuple[str, str]) -> tuple[int, int]:
    """As `asked`, where NumPy has such modes: there are few, and each computation asks."""
    known = dict(modes)
    asked = sum(bit for bit, key, _ in _KINDS if known.get(key, "ignore") != "ignore")
    return asked, sum(bit for bit, key, _ in _KINDS if known.get(key) == "raise")


def report(found: Sequence[tuple[str, int]]) -> None:
    """Do for each operation and the bits of what it met what the modes say; ``"raise"`` is not among them."""
    modes = _modes()
    for operation, bits in found:
        for bit, key, kind in _KINDS:
            if bits & bit:
                _handle(modes.get(key, "ignore"), bit, kind, operation)


def _handle(mode: str, bit: int, kind: str, operation: str) -> None:
    text = f"{kind} encountered in {operation}"
    if mode == "warn":
        warnings.warn(text, RuntimeWarning, stacklevel=_user_level())
    elif mode == "print":
        print(f"Warning: {text}", file=sys.__stderr__)
    elif mode in ("call", "log"):
        import numpy as np

        handler = np.geterrcall()
        if handler is None:
            what = "no callback is set" if mode == "call" else "no log is set"
            raise NameError(f"{text}, and {what}: pass one to numpy.seterrcall")
        if callable(handler) and mode == "call":
            handler(kind, bit)
        else:
            handler.write(f"Warning: {text}\n")  # type: ignore[union-attr]


def _user_level() -> int:
    """The stack level, as `_handle` sees it, of the first caller outside of this package."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and str(frame.f_globals.get("__name__")).partition(".")[0] == "raskt":
        level, frame = level + 1, frame.f_back
    return level
