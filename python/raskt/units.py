"""Sizes and durations as people write and read them, and the memory that the machine grants."""

from __future__ import annotations

from raskt import _raskt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import timedelta
    from typing import Literal

__all__ = ["format_bytes", "format_time", "memory_granted_bytes", "parse_bytes", "parse_timedelta"]

#: Above so many seconds two units are shown: (seconds, larger unit and its seconds, smaller one and its).
_TWO_UNITS = (
    (172_800, "d", 86_400, "hr", 3_600),
    (7_200, "hr", 3_600, "m", 60),
    (600, "m", 60, "s", 1),
)


def parse_bytes(size: str | float) -> int:
    """The number of bytes that a text names.

    Parameters
    ----------
    size : str or number
        A number with a unit of 1000 (``kB``, ``MB``, ``GB``, ``TB``, ``PB``, ``EB``) or of 1024 (``KiB``,
        ``MiB``, ...), in any case; a bare number is bytes. A fraction of a byte is dropped.

    Returns
    -------
    int
        Bytes.

    Raises
    ------
    ValueError
        If it is no such text, negative, or beyond 64 bits.

    Examples
    --------
    >>> parse_bytes("1GiB"), parse_bytes("1.5 MB"), parse_bytes(100)
    (1073741824, 1500000, 100)
    >>> parse_bytes("5 foos")
    Traceback (most recent call last):
    ...
    ValueError: unknown unit 'foos' in '5 foos': known are B, kB, KiB, MB, ...
    """
    return _raskt.parse_bytes(size)


def parse_timedelta(
    duration: str | float | timedelta | None, default: str | Literal[False] | None = "seconds"
) -> float | None:
    """The number of seconds that a text names.

    Parameters
    ----------
    duration : str, number, timedelta or None
        A number with a unit: ``ns``, ``us``, ``ms``, ``s``, ``m`` or ``min``, ``h``, ``d``, ``w``, or their
        English names, in any case. None is None.
    default : str, False or None, optional
        The unit of a bare number; without one, a bare number is an error.

    Returns
    -------
    int or float or None
        Seconds; an int where they are whole.

    Raises
    ------
    ValueError
        If it is no such text, negative, or beyond 584 years.

    Examples
    --------
    >>> parse_timedelta("5 min"), parse_timedelta("300ms"), parse_timedelta(3)
    (300, 0.3, 3)
    >>> from datetime import timedelta
    >>> parse_timedelta(timedelta(minutes=1))
    60
    """
    return _raskt.parse_timedelta(duration, default or None)


def format_bytes(n: float) -> str:
    """A number of bytes for people to read: two decimals of the largest unit of which it is at least 0.9.

    Parameters
    ----------
    n : int or float
        Bytes.

    Returns
    -------
    str
        For example ``1.15 GiB``; :func:`parse_bytes` reads it.

    Examples
    --------
    >>> format_bytes(1_234_567_890), format_bytes(900)
    ('1.15 GiB', '900 B')
    """
    # The largest unit serves for all that no address reaches.
    return f"{n / 2**60:.2f} EiB" if n >= 2**63 else _raskt.format_bytes(n)


def format_time(n: float) -> str:
    """A number of seconds for people to read.

    Parameters
    ----------
    n : int or float
        Seconds.

    Returns
    -------
    str
        Two decimals of seconds, ``ms`` or ``us``; whole numbers of two units above ten minutes.

    Examples
    --------
    >>> format_time(0.00123), format_time(75.5), format_time(5000), format_time(100_000)
    ('1.23 ms', '75.50 s', '83m 20s', '27hr 46m')
    """
    for least, large, large_s, small, small_s in _TWO_UNITS:
        if n > least:
            whole, rest = divmod(int(n), large_s)
            return f"{whole}{large} {rest // small_s}{small}"
    if n >= 1:
        return f"{n:.2f} s"
    return f"{n * 1e3:.2f} ms" if n >= 1e-3 else f"{n * 1e6:.2f} us"


def memory_granted_bytes() -> int:
    """The memory that this process may use: the machine's, or less if its control group says less.

    Returns
    -------
    int
        Bytes; 0 if the machine does not tell.

    Examples
    --------
    >>> memory_granted_bytes() > 0
    True
    """
    return _raskt.memory_granted_bytes()
