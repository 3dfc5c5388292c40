"""Methods of strings on bags: ``bag.str``."""

from __future__ import annotations

import fnmatch
import functools
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from raskt.bag.core import Bag

__all__ = ["Strings"]


class Strings:
    """The methods of `str`, for every element of a bag.

    Every method of `str` is here, and `match`. What it returns is a bag.

    Examples
    --------
    >>> import raskt.bag as rb
    >>> b = rb.from_sequence(["Alice Smith", "Bob Jones"])
    >>> b.str.upper().compute()
    ['ALICE SMITH', 'BOB JONES']
    """

    __slots__ = ("_bag",)

    def __init__(self, bag: Bag) -> None:
        self._bag = bag

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self), *(name for name in dir(str) if not name.startswith("_"))})

    def __getattr__(self, name: str) -> Callable[..., Bag]:
        method = None if name.startswith("_") else getattr(str, name, None)
        if method is None:
            raise AttributeError(f"strings have no method {name!r}")
        return functools.wraps(method)(functools.partial(_call, self._bag, name))

    def match(self, pattern: str) -> Bag:
        """Keep the strings that match a pattern of the shell.

        Parameters
        ----------
        pattern : str
            With ``*``, ``?`` and ``[...]``, as in `fnmatch`.

        Returns
        -------
        Bag
            Those strings.

        Examples
        --------
        >>> import raskt.bag as rb
        >>> rb.from_sequence(["Alice", "Bob"]).str.match("A*").compute()
        ['Alice']
        """
        return self._bag.filter(functools.partial(_match, pattern))


def _call(bag: Bag, name: str, *args: Any, **kwargs: Any) -> Bag:
    # What works on strings fits bytes too, as with Dask: a method is looked up on the element.
    return bag.map(operator.methodcaller(name, *args, **kwargs))


def _match(pattern: str, text: str) -> bool:
    return fnmatch.fnmatch(text, pattern)
