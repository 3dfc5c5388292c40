"""Deterministic names of content: `tokenize`, and how other libraries say what their objects consist of.

The work is done in Rust (`raskt._raskt.tokenize`). Types that it does not know are turned into simpler ones
by handlers: those that users register with `normalize_token`, methods called ``__raskt_tokenize__`` or
``__dask_tokenize__``, and those in `raskt._normalizers`.
"""

from __future__ import annotations

from importlib import import_module

from raskt._raskt import _tokenize_reset, tokenize
from raskt.dispatch import Dispatch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["TokenizationError", "normalize_token", "tokenize"]


class TokenizationError(RuntimeError):
    """An object has no deterministic token.

    The message names the object's type, where it was found, and what can be done.
    """


class NormalizeToken(Dispatch):
    """Turn a value into a simpler one of the same content, for `tokenize`.

    Register a function for types of your own. It receives the value and returns what it consists of: scalars,
    strings, tuples, lists, dictionaries, arrays, or other objects that can be tokenized. The name of the
    value's type is part of its token and need not be returned. A function registered here is preferred to a
    method ``__raskt_tokenize__`` or ``__dask_tokenize__`` of the same class and to what Raskt does by itself.

    Examples
    --------
    >>> from raskt import normalize_token, tokenize
    >>> class Sensor:
    ...     def __init__(self, path):
    ...         self.path, self.handle = path, open
    >>> @normalize_token.register(Sensor)
    ... def normalize_sensor(sensor):
    ...     return sensor.path
    >>> tokenize(Sensor("a")) == tokenize(Sensor("a"))
    True
    >>> tokenize(Sensor("a")) == tokenize(Sensor("b"))
    False
    """

    def _changed(self) -> None:
        super()._changed()
        _tokenize_reset()

    def __call__(self, value: Any) -> Any:
        """Return a simpler value of the same content, or the value itself if it is simple already.

        Parameters
        ----------
        value : object
            Any object.

        Returns
        -------
        object
            What the value consists of.
        """
        return import_module("raskt._normalizers.hooks").normalize(value)


normalize_token = NormalizeToken("normalize_token")
