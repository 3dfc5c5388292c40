"""Functions that are chosen by the type of their argument, with registrations that wait for an import."""

from __future__ import annotations

import sys
from _thread import RLock  # `threading` would take longer to import than all of this package

from raskt._forks import renew_in_child

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, TypeVar, overload

    F = TypeVar("F", bound=Callable[..., Any])


class Dispatch:
    """A function with one implementation per type.

    The implementation for the first class in a value's method resolution order that has one is called.
    Packages that are expensive to import register lazily: their registration runs when a value of theirs is
    first seen.

    Parameters
    ----------
    name : str
        The name used in errors.

    Examples
    --------
    >>> from raskt.dispatch import Dispatch
    >>> describe = Dispatch("describe")
    >>> @describe.register(int)
    ... def describe_int(value):
    ...     return f"the integer {value}"
    >>> describe(True)
    'the integer True'
    >>> describe("x")
    Traceback (most recent call last):
    ...
    TypeError: no implementation of describe for str
    """

    def __init__(self, name: str) -> None:
        self.__name__ = name
        self._functions: dict[type, Callable[..., Any]] = {}
        self._lazy: dict[str, Callable[[], object]] = {}
        self._found: dict[type, Callable[..., Any]] = {}
        self._loading: set[str] = set()
        self._lock = renew_in_child(RLock())

    if TYPE_CHECKING:

        @overload
        def register(self, types: type | Iterable[type]) -> Callable[[F], F]: ...

        @overload
        def register(self, types: type | Iterable[type], function: F) -> F: ...

    def register(
        self, types: type | Iterable[type], function: Callable[..., Any] | None = None
    ) -> Callable[..., Any]:
        """Register an implementation for values of a type and of its subclasses.

        Parameters
        ----------
        types : type or iterable of types
            What the implementation is for. An earlier registration of the same type is replaced.
        function : callable, optional
            The implementation. Without it, a decorator is returned.

        Returns
        -------
        callable
            The implementation, or a decorator.
        """
        if function is None:
            return lambda function: self.register(types, function)
        for cls in (types,) if isinstance(types, type) else types:
            self._functions[cls] = function
        self._changed()
        return function

    if TYPE_CHECKING:

        @overload
        def register_lazy(self, package: str) -> Callable[[F], F]: ...

        @overload
        def register_lazy(self, package: str, function: F) -> F: ...

    def register_lazy(self, package: str, function: Callable[[], object] | None = None) -> Callable[..., Any]:
        """Register a function that registers, called when a type of a package is first looked up.

        Parameters
        ----------
        package : str
            The first part of the name of the module that defines the type, such as ``"numpy"``.
        function : callable, optional
            Called once without arguments. Without it, a decorator is returned.

        Returns
        -------
        callable
            The function, or a decorator.
        """
        if function is None:
            return lambda function: self.register_lazy(package, function)
        self._lazy[package] = function
        self._changed()
        return function

    def dispatch(self, cls: type) -> Callable[..., Any]:
        """Return the implementation for a type.

        Parameters
        ----------
        cls : type
            The type of a value.

        Returns
        -------
        callable
            The implementation of the first class in the method resolution order that has one.

        Raises
        ------
        TypeError
            If there is none.
        """
        found = self._found.get(cls)
        if found is None:
            for base in cls.__mro__:
                found = self.get(base)
                if found is not None:
                    break
            else:
                raise TypeError(f"no implementation of {self.__name__} for {cls.__qualname__}")
            if "<locals>" not in cls.__qualname__:  # remembering these would keep them alive
                self._found[cls] = found
        return found

    def get(self, cls: type) -> Callable[..., Any] | None:
        """Return the implementation registered for exactly this class, if any.

        Parameters
        ----------
        cls : type
            A class.

        Returns
        -------
        callable or None
            The implementation, after registrations that waited for the class's package have run.
        """
        if self._lazy:
            self._load(package_of(cls))
        return self._functions.get(cls)

    def _load(self, package: str) -> None:
        if package not in self._lazy or package not in sys.modules:
            return
        with self._lock:
            function = self._lazy.get(package)
            if function is None or package in self._loading:  # done meanwhile, or by what it imports
                return
            self._loading.add(package)
            try:
                function()
                del self._lazy[package]
            finally:
                self._loading.discard(package)

    def _changed(self) -> None:
        self._found.clear()

    def __call__(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        """Call the implementation for the type of the first argument."""
        return self.dispatch(type(value))(value, *args, **kwargs)

    def __repr__(self) -> str:
        return f"<Dispatch {self.__name__}>"


def package_of(cls: type) -> str:
    """Return the first part of the name of the module that defines a class.

    Parameters
    ----------
    cls : type
        A class.

    Returns
    -------
    str
        ``""`` where the class does not say.

    Examples
    --------
    >>> import collections.abc
    >>> package_of(collections.abc.Mapping)
    'collections'
    """
    module = getattr(cls, "__module__", None)
    return module.partition(".")[0] if isinstance(module, str) else ""
