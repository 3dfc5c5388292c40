"""Nested lists, mappings and iterators: what works on graphs and blocks has in common."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
    from typing import Any

__all__ = [
    "concrete",
    "deepmap",
    "digit",
    "ensure_bytes",
    "ensure_dict",
    "ensure_set",
    "ensure_unicode",
    "homogeneous_deepmap",
    "insert",
    "is_empty",
    "iter_chunks",
    "ndeepmap",
    "ndimlist",
    "unzip",
]


def deepmap(func: Callable[..., Any], *seqs: Any) -> Any:
    """Apply a function within nested lists, and keep the nesting.

    Parameters
    ----------
    func : callable
        The function of items.
    *seqs : list or iterator
        Nested lists of one form.

    Returns
    -------
    list
        What it returns, nested likewise.

    Examples
    --------
    >>> deepmap(abs, [[-1], [2, -3]])
    [[1], [2, 3]]
    """
    if isinstance(seqs[0], list) or hasattr(seqs[0], "__next__"):
        return [deepmap(func, *items) for items in zip(*seqs, strict=False)]
    return func(*seqs)


def homogeneous_deepmap(func: Callable[[Any], Any], seq: Any) -> Any:
    """Apply a function within nested lists that are all as deep as the first.

    Parameters
    ----------
    func : callable
        The function of items.
    seq : list
        Nested lists.

    Returns
    -------
    list
        What it returns, nested likewise.
    """
    depth, inner = 0, seq
    while isinstance(inner, list) and inner:
        depth, inner = depth + 1, inner[0]
    return ndeepmap(depth, func, seq) if depth else seq if isinstance(seq, list) else func(seq)


def ndeepmap(n: int, func: Callable[[Any], Any], seq: Any) -> Any:
    """Apply a function within lists that are nested ``n`` deep.

    Parameters
    ----------
    n : int
        How deep; 0 for the only item of a list.
    func : callable
        The function of items.
    seq : list
        Nested lists.

    Returns
    -------
    list
        What it returns, nested likewise.

    Examples
    --------
    >>> ndeepmap(2, sum, [[[1, 2]], [[3], [4]]])
    [[3], [3, 4]]
    """
    if n == 0:
        return func(seq[0] if isinstance(seq, list) else seq)
    return [func(item) if n == 1 else ndeepmap(n - 1, func, item) for item in seq]


def ndimlist(seq: Any) -> int:
    """Return how deep lists are nested, going by the first of each.

    Parameters
    ----------
    seq : list
        Nested lists.

    Returns
    -------
    int

    Examples
    --------
    >>> ndimlist([[1, 2], [3]]), ndimlist(5)
    (2, 0)
    """
    depth = 0
    while isinstance(seq, (list, tuple)):
        depth += 1
        if not seq:
            break
        seq = seq[0]
    return depth


def concrete(seq: Any) -> Any:
    """Make lists of the iterators in nested containers.

    Parameters
    ----------
    seq : object
        An iterator, or lists and tuples of them.

    Returns
    -------
    object
        The same with lists in place of iterators.

    Examples
    --------
    >>> concrete(map(str, range(2)))
    ['0', '1']
    """
    if hasattr(seq, "__next__"):
        seq = list(seq)
    if isinstance(seq, (tuple, list)):
        seq = type(seq)(map(concrete, seq))
    return seq


def is_empty(obj: Any) -> bool:
    """Return whether a container has nothing in it; anything without a length has something.

    Parameters
    ----------
    obj : object
        Any object.

    Returns
    -------
    bool
    """
    try:
        return len(obj) == 0
    except TypeError:
        return False


def iter_chunks(sizes: Sequence[int], max_size: int) -> Iterator[list[int]]:
    """Put sizes into groups whose sums do not exceed one size.

    Parameters
    ----------
    sizes : sequence of int
        The sizes; none may exceed the sum allowed.
    max_size : int
        The sum allowed.

    Yields
    ------
    list of int
        Sizes that belong together.

    Examples
    --------
    >>> list(iter_chunks([10, 20, 5, 30], 32))
    [[10, 20], [5], [30]]
    """
    group: list[int] = []
    for size in sizes:
        if size > max_size:
            raise ValueError(f"a size of {size} exceeds {max_size}")
        if group and sum(group) + size > max_size:
            yield group
            group = []
        group.append(size)
    if group:
        yield group


def insert(tup: Sequence[Any], loc: int, val: Any) -> tuple[Any, ...]:
    """Return a tuple with another item at one place.

    Parameters
    ----------
    tup : sequence
        The items.
    loc : int
        The place.
    val : object
        What is put there.

    Returns
    -------
    tuple

    Examples
    --------
    >>> insert(("a", "b", "c"), 0, "x")
    ('x', 'b', 'c')
    """
    items = list(tup)
    items[loc] = val
    return tuple(items)


def unzip(ls: Iterable[Sequence[Any]], nout: int) -> list[tuple[Any, ...]]:
    """Return tuples turned round: all first items, all second ones.

    Parameters
    ----------
    ls : iterable of sequences
        Sequences of ``nout`` items.
    nout : int
        How many there are, also where there are no sequences.

    Returns
    -------
    list of tuple

    Examples
    --------
    >>> unzip([(1, "a"), (2, "b")], 2), unzip([], 2)
    ([(1, 2), ('a', 'b')], [(), ()])
    """
    return list(zip(*ls, strict=True)) or [()] * nout


def digit(n: int, k: int, base: int) -> int:
    """Return one digit of a number.

    Parameters
    ----------
    n : int
        The number.
    k : int
        Which, from the last one, which is 0.
    base : int
        How many digits there are.

    Returns
    -------
    int

    Examples
    --------
    >>> digit(1234, 0, 10), digit(1234, 3, 10)
    (4, 1)
    """
    return n // int(base**k) % base


def ensure_dict(d: Mapping[Hashable, Any], *, copy: bool = False) -> dict[Any, Any]:
    """Return a mapping as a dictionary.

    Parameters
    ----------
    d : mapping
        The mapping; a `raskt.highlevelgraph.HighLevelGraph` with all its layers.
    copy : bool, optional
        Whether it is a new one even where ``d`` is a dictionary.

    Returns
    -------
    dict
    """
    return d if type(d) is dict and not copy else dict(d)


def ensure_set(s: Iterable[Any], *, copy: bool = False) -> set[Any]:
    """Return items as a set.

    Parameters
    ----------
    s : iterable
        The items.
    copy : bool, optional
        Whether it is a new one even where ``s`` is a set.

    Returns
    -------
    set
    """
    return s if type(s) is set and not copy else set(s)


def ensure_bytes(s: Any) -> bytes:
    """Return a text, or anything with the buffer protocol, as bytes.

    Parameters
    ----------
    s : str, bytes or buffer
        The text.

    Returns
    -------
    bytes

    Examples
    --------
    >>> ensure_bytes("a"), ensure_bytes(memoryview(b"b"))
    (b'a', b'b')
    """
    return s if isinstance(s, bytes) else s.encode() if isinstance(s, str) else bytes(memoryview(s))


def ensure_unicode(s: Any) -> str:
    """Return bytes, or anything with the buffer protocol, as text.

    Parameters
    ----------
    s : str, bytes or buffer
        The bytes, of UTF-8.

    Returns
    -------
    str

    Examples
    --------
    >>> ensure_unicode(b"a")
    'a'
    """
    return s if isinstance(s, str) else ensure_bytes(s).decode()
