"""Names: of functions and types for people, of groups of keys, and how names with numbers are sorted."""

from __future__ import annotations

import re
from functools import lru_cache

from raskt import _raskt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

__all__ = [
    "clone_key",
    "funcname",
    "get_name_from_key",
    "key_split",
    "maybe_pluralize",
    "natural_sort_key",
    "replace_name_in_key",
    "typename",
]

_DIGITS = re.compile(r"(\d+)")
_HEX = re.compile(r"[0-9a-f]+")
_TOKEN_LENGTHS = (8, 32)
_AROUND = "_'()\""
_TYPE_IN_REPR = re.compile(r"<(?:\w+\.)*(\w+)")


def funcname(func: Callable[..., Any]) -> str:
    """Return what a function is called in keys and pictures.

    Parameters
    ----------
    func : callable
        A function; partial functions have the name of what they wrap, `operator.methodcaller` and the like
        that of their type.

    Returns
    -------
    str
        50 characters at most; ``"lambda"`` for functions without a name.

    Examples
    --------
    >>> from functools import partial
    >>> funcname(partial(sum, start=1)), funcname(lambda x: x)
    ('sum', 'lambda')
    """
    return _raskt.function_name(func)


def typename(typ: Any, short: bool = False) -> str:
    """Return the name of a type with its module.

    Parameters
    ----------
    typ : type or object
        A type, or an object of it.
    short : bool, optional
        Whether only the first part of the module's name is wanted.

    Returns
    -------
    str

    Examples
    --------
    >>> from collections import Counter
    >>> typename(Counter), typename(1), typename(Counter(), short=True)
    ('collections.Counter', 'int', 'collections.Counter')
    """
    if not isinstance(typ, type):
        typ = type(typ)
    module: str = typ.__module__
    if not module or module == "builtins":
        return str(typ.__name__)
    return f"{module.split('.')[0] if short else module}.{typ.__name__}"


def key_split(s: Any) -> str:
    """Return what a key has in common with others that do the same: its name without tokens and numbers.

    Parameters
    ----------
    s : str, bytes, tuple
        A key; of a tuple its first item counts.

    Returns
    -------
    str
        ``"Other"`` for what is no key.

    Examples
    --------
    >>> key_split("inc-abcdef12"), key_split(("ones-add-9d4b4b3c", 0, 1)), key_split("x-1"), key_split(5)
    ('inc', 'ones-add', 'x', 'Other')
    """
    # Keys within one layer share their name, which is what costs.
    while isinstance(s, tuple) and s:
        s = s[0]
    if isinstance(s, bytes):
        s = s.decode(errors="replace")
    return _split(s) if isinstance(s, str) else "Other"


@lru_cache(100_000)
def _split(text: str) -> str:
    named = _TYPE_IN_REPR.match(text)
    if named:
        return named[1]
    first, *words = text.strip(_AROUND).split(",")[0].strip(_AROUND).split("-")
    if not first:
        return "Other"
    kept = [first]
    for word in words:
        if not word.isalpha() or (len(word) in _TOKEN_LENGTHS and _HEX.fullmatch(word)):
            break
        kept.append(word)
    if len(kept) == 1 and len(first) == 32 and _HEX.fullmatch(first):
        return "data"
    return "-".join(kept)


def get_name_from_key(key: Any) -> str:
    """Return the name of a key: the key itself, or the first item of a tuple.

    Parameters
    ----------
    key : str or tuple
        A key.

    Returns
    -------
    str

    Raises
    ------
    TypeError
        If it is neither a text nor a tuple that begins with one.

    Examples
    --------
    >>> get_name_from_key("a"), get_name_from_key(("b", 0, 1))
    ('a', 'b')
    """
    if isinstance(key, tuple) and key and isinstance(key[0], str):
        return key[0]
    if isinstance(key, str):
        return key
    raise TypeError(f"a key with a name is a str or a tuple that begins with one, found {key!r}")


def replace_name_in_key(key: Any, rename: Mapping[str, str]) -> Any:
    """Return a key under another name.

    Parameters
    ----------
    key : str or tuple
        A key.
    rename : mapping
        New names by old ones; others stay.

    Returns
    -------
    str or tuple

    Examples
    --------
    >>> replace_name_in_key(("a", 0), {"a": "b"}), replace_name_in_key("c", {"a": "b"})
    (('b', 0), 'c')
    """
    name = get_name_from_key(key)
    new = rename.get(name, name)
    return (new, *key[1:]) if isinstance(key, tuple) else new


def clone_key(key: Any, seed: Any) -> Any:
    """Return a key for a copy of a task: another token after the same words.

    Parameters
    ----------
    key : str or tuple
        A key.
    seed : hashable
        Equal copies have equal seeds.

    Returns
    -------
    str or tuple

    Examples
    --------
    >>> clone_key("inc-1", 7) == clone_key("inc-1", 7) != clone_key("inc-1", 8)
    True
    >>> clone_key(("inc-cbb1eca3bafafbb3e8b2419c4eebb387", 4), 7)[0][:4]
    'inc-'
    """
    name = get_name_from_key(key)
    return replace_name_in_key(key, {name: f"{key_split(name)}-{_raskt.tokenize(name, seed)}"})


def natural_sort_key(s: str) -> list[str | int]:
    """Return what texts are sorted by so that numbers in them count as numbers.

    Parameters
    ----------
    s : str
        A text, such as the name of a file.

    Returns
    -------
    list
        Texts and numbers in turn.

    Examples
    --------
    >>> sorted(["f10", "f9", "f1"], key=natural_sort_key)
    ['f1', 'f9', 'f10']
    """
    return [int(part) if part.isdigit() else part for part in _DIGITS.split(s)]


def maybe_pluralize(count: int, noun: str, plural_form: str | None = None) -> str:
    """Return a number with its noun.

    Parameters
    ----------
    count : int
        How many.
    noun : str
        What one is called.
    plural_form : str, optional
        What several are called; by default with an ``s``.

    Returns
    -------
    str

    Examples
    --------
    >>> maybe_pluralize(1, "task"), maybe_pluralize(2, "entry", "entries")
    ('1 task', '2 entries')
    """
    return f"{count} {noun if count == 1 else plural_form or noun + 's'}"
