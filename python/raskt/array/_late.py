"""Functions that the class calls, from modules that are loaded when one of them is first called.

`Array` stands above all functions that are its methods. Most programs use few of these, and loading the
modules of all would take as long as many a computation.
"""

from __future__ import annotations

import functools
import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Function", "late"]


def _found(home: str, name: str) -> Any:
    return getattr(importlib.import_module(f"raskt.array.{home}"), name)


def late(home: str, name: str) -> Callable[..., Any]:
    """Return a function of a module that is loaded when the function is first called.

    Parameters
    ----------
    home : str
        The module, in this package.
    name : str
        The function's name.

    Returns
    -------
    callable
        What calls it.
    """
    function = functools.cache(functools.partial(_found, home, name))

    def call(*args: Any, **kwargs: Any) -> Any:
        return function()(*args, **kwargs)

    return call


class Function:
    """A method that is a function of a module, which is loaded when the method is first looked at.

    Parameters
    ----------
    home : str
        The module, in this package; the function is called there as the method is here.
    """

    __slots__ = ("home", "name", "owner")

    def __init__(self, home: str) -> None:
        self.home = home

    def __set_name__(self, owner: type, name: str) -> None:
        self.owner, self.name = owner, name

    def __get__(self, array: Any, kind: Any = None) -> Any:
        function = _found(self.home, self.name)
        # From now on the class has the function itself.
        setattr(self.owner, self.name, function)
        return function if array is None else function.__get__(array, kind)
