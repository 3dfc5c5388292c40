"""Functions made of others: methods by name, calls with arguments in other places, inherited docs."""

from __future__ import annotations

import importlib
import operator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import ModuleType
    from typing import Any

__all__ = [
    "IndexCallable",
    "M",
    "apply",
    "derived_from",
    "import_required",
    "itemgetter",
    "methodcaller",
    "partial_by_order",
]


def apply(func: Callable[..., Any], args: Iterable[Any], kwargs: Mapping[str, Any] | None = None) -> Any:
    """Call a function on arguments in a container: a call with keywords, as a task of a raw graph.

    Parameters
    ----------
    func : callable
        The function.
    args : iterable
        Its arguments.
    kwargs : mapping, optional
        Its keywords.

    Returns
    -------
    object
        What it returns.

    Examples
    --------
    >>> apply(sorted, [[2, 1]], {"reverse": True})
    [2, 1]
    """
    return func(*args, **(kwargs or {}))


class methodcaller:
    """A function that calls a method of its first argument, with what else it is given.

    Unlike `operator.methodcaller` it takes the method's arguments when it is called. There is one object for
    each name.

    Parameters
    ----------
    method : str
        The name of the method.

    Examples
    --------
    >>> methodcaller("split")("a,b", ",")
    ['a', 'b']
    """

    __slots__ = ("method",)
    _known: dict[str, methodcaller] = {}  # noqa: RUF012 - shared on purpose

    method: str

    def __new__(cls, method: str) -> methodcaller:
        """Return the object for a name."""
        found = cls._known.get(method)
        if found is None:
            found = object.__new__(cls)
            found.method = method
            found = cls._known.setdefault(method, found)
        return found

    @property
    def func(self) -> str:
        """The name of the method."""
        return self.method

    @property
    def __name__(self) -> str:
        return self.method

    def __call__(self, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call the method."""
        return getattr(obj, self.method)(*args, **kwargs)

    def __reduce__(self) -> tuple[Any, ...]:
        return methodcaller, (self.method,)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.method}>"


class _Methods:
    """`methodcaller` by attribute."""

    def __getattr__(self, name: str) -> methodcaller:
        if name.startswith("__"):
            raise AttributeError(name)
        return methodcaller(name)

    def __dir__(self) -> list[str]:
        return sorted(methodcaller._known)


M = _Methods()
"""Methods as functions: ``M.sum(x)`` is ``x.sum()``, and ``M.sum`` can be pickled."""


class itemgetter:
    """A function that takes an item of its argument: `operator.itemgetter` with an equality.

    Parameters
    ----------
    index : object
        Which item.

    Examples
    --------
    >>> itemgetter(1)("abc"), itemgetter(1) == itemgetter(1)
    ('b', True)
    """

    __slots__ = ("index",)

    def __init__(self, index: Any) -> None:
        self.index = index

    def __call__(self, x: Any) -> Any:
        """Return the item."""
        return x[self.index]

    def __reduce__(self) -> tuple[Any, ...]:
        return itemgetter, (self.index,)

    def __eq__(self, other: object) -> bool:
        return type(other) is itemgetter and bool(operator.eq(self.index, other.index))

    def __hash__(self) -> int:
        return hash((itemgetter, self.index))

    def __repr__(self) -> str:
        return f"itemgetter({self.index!r})"


class IndexCallable:
    """A function that is called by brackets.

    Parameters
    ----------
    fn : callable
        The function.

    Examples
    --------
    >>> IndexCallable(lambda key: key)[1:3]
    slice(1, 3, None)
    """

    __slots__ = ("fn",)

    def __init__(self, fn: Callable[[Any], Any]) -> None:
        self.fn = fn

    def __getitem__(self, key: Any) -> Any:
        return self.fn(key)


def partial_by_order(
    *args: Any, function: Callable[..., Any], other: Iterable[tuple[int, Any]], **kwargs: Any
) -> Any:
    """Call a function with further arguments put in at places.

    Parameters
    ----------
    *args : object
        Arguments.
    function : callable
        The function.
    other : iterable of (int, object)
        Places and the arguments to put in there, one after the other.
    **kwargs
        Keywords.

    Returns
    -------
    object
        What it returns.

    Examples
    --------
    >>> partial_by_order(5, function=divmod, other=[(0, 17)])
    (3, 2)
    """
    arguments = list(args)
    for at, value in other:
        arguments.insert(at, value)
    return function(*arguments, **kwargs)


def import_required(mod_name: str, error_msg: str) -> ModuleType:
    """Import a module that a feature needs.

    Parameters
    ----------
    mod_name : str
        The module.
    error_msg : str
        What to say if it is not there.

    Returns
    -------
    module

    Raises
    ------
    RuntimeError
        If it is not there.
    """
    try:
        return importlib.import_module(mod_name)
    except ImportError as error:
        raise RuntimeError(error_msg) from error


def derived_from(
    original_klass: Any,
    version: str | None = None,
    ua_args: Iterable[str] | None = None,
    skipblocks: int = 0,
    inconsistencies: str | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a function the documentation of the one that it imitates, with a line that says so.

    Parameters
    ----------
    original_klass : class or module
        Where there is a function of the same name.
    version : str, optional
        Since which version of that library; said in the documentation.
    ua_args : iterable of str, optional
        Parameters that are not there; said in the documentation.
    skipblocks : int, optional
        How many paragraphs at the beginning are left out.
    inconsistencies : str, optional
        Differences to tell of.

    Returns
    -------
    decorator
        What does it. A function that the library does not have, or has not documented, keeps its own.

    Examples
    --------
    >>> @derived_from(str)
    ... def upper(text):
    ...     return text.upper()
    >>> upper.__doc__.splitlines()[0]
    'Return a copy of the string converted to uppercase.'
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        import inspect

        original = getattr(original_klass, function.__name__, None)
        documentation = inspect.getdoc(original) if original is not None else None
        if not documentation:
            return function
        first, *rest = documentation.split("\n\n")[skipblocks:]
        owner = getattr(original_klass, "__qualname__", original_klass.__name__)
        said = [first, f"This is documented as {owner}.{function.__name__} is; some details may differ."]
        if version:
            said.append(f"Of {owner} {version} and later.")
        if inconsistencies:
            said.append(f"Known inconsistencies: {inconsistencies}")
        if ua_args:
            said.append(f"Parameters that are not there: {', '.join(ua_args)}.")
        function.__doc__ = "\n\n".join([*said, *rest])
        return function

    return decorate
