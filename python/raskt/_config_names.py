"""Keys of the configuration that had other names, and how users are told."""

from __future__ import annotations

import sys
import warnings

from raskt import _raskt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["check_deprecations", "former_names", "tell"]


_renamed: dict[str, str] | None = None


def _user_level() -> int:
    """The stack level, as `tell` sees it, of the first caller outside of this package."""
    level, frame = 1, sys._getframe(2)
    while frame.f_back is not None and str(frame.f_globals.get("__name__")).partition(".")[0] == "raskt":
        level, frame = level + 1, frame.f_back
    return level


def tell(text: str, category: type[Warning]) -> None:
    """Warn where users called the package."""
    warnings.warn(text, category, stacklevel=_user_level() + 1)


def former_names() -> dict[str, str]:
    """Return the present names of keys by former ones."""
    global _renamed
    if _renamed is None:
        _renamed = _raskt.config_renamed()
    return _renamed


def check_deprecations(key: str, deprecations: Mapping[str, str | None] | None = None) -> str:
    """The present name of a key, with a warning where it is another one.

    Parameters
    ----------
    key : str
        The key.
    deprecations : mapping, optional
        Present names by former ones, None for keys that are gone; Raskt's own if left out.

    Returns
    -------
    str
        The name to use.

    Raises
    ------
    ValueError
        If the key is gone.

    Examples
    --------
    >>> from raskt.config import check_deprecations
    >>> check_deprecations("old-name", {"older-name": "new.name"})
    'old-name'
    """
    names: Mapping[str, str | None] = former_names() if deprecations is None else deprecations
    former = key.replace("_", "-")
    if former not in names:
        return key
    present = names[former]
    if not present:
        raise ValueError(f"configuration key {key!r} has no use any more")
    tell(f"configuration key {key!r} is now called {present!r}", FutureWarning)
    return present
