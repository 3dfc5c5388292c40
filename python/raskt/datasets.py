"""Data made up, to try things with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from raskt._lazy import late
from raskt.bag import from_sequence

if TYPE_CHECKING:
    from raskt.bag import Bag

__all__ = ["make_people", "timeseries"]

timeseries_of: Any = late("raskt.dataframe._timeseries", "timeseries")

_GIVEN = [
    "Ada",
    "Ben",
    "Carla",
    "Dev",
    "Elif",
    "Finn",
    "Grace",
    "Hugo",
    "Ines",
    "Jonas",
    "Kira",
    "Liam",
    "Mina",
    "Noor",
    "Otto",
    "Priya",
    "Quinn",
    "Rosa",
]
_FAMILY = [
    "Abel",
    "Berg",
    "Costa",
    "Diaz",
    "Eklund",
    "Fischer",
    "Garcia",
    "Haas",
    "Ito",
    "Jansen",
    "Khan",
    "Lopez",
    "Meyer",
    "Novak",
    "Okafor",
]
_OCCUPATIONS = [
    "Baker",
    "Carpenter",
    "Chemist",
    "Driver",
    "Electrician",
    "Farmer",
    "Librarian",
    "Nurse",
    "Pilot",
    "Surveyor",
    "Teacher",
]
_STREETS = [
    "Acacia",
    "Birch",
    "Cedar",
    "Dock",
    "Elm",
    "Ferry",
    "Garden",
    "Hill",
    "Island",
    "Jasmine",
    "King",
    "Lake",
    "Mill",
    "North",
]
_CITIES = [
    "Arden",
    "Bexley",
    "Corby",
    "Dalton",
    "Epping",
    "Flint",
    "Goole",
    "Hythe",
    "Ilkley",
    "Jarrow",
    "Kendal",
    "Lydd",
    "Maldon",
]


def make_people(
    npartitions: int = 10, records_per_partition: int = 1000, seed: int | None = None, locale: str = "en"
) -> Bag:
    """Make a bag of records of people that do not exist.

    Parameters
    ----------
    npartitions : int, optional
        How many partitions.
    records_per_partition : int, optional
        How many records each has.
    seed : int, optional
        The same records for the same seed, in every process.
    locale : {"en"}, optional
        The language of names; there is one.

    Returns
    -------
    Bag
        Of dictionaries with ``age``, ``name`` (given and family name), ``occupation``, ``telephone``,
        ``address`` (``address``, ``city``) and ``credit-card`` (``number``, ``expiration-date``).

    Raises
    ------
    ValueError
        For another language, or a number below 1 of partitions or 0 of records.

    Examples
    --------
    >>> import raskt.datasets
    >>> people = raskt.datasets.make_people(npartitions=2, records_per_partition=3, seed=1)
    >>> people.count().compute(), sorted(people.take(1)[0])
    (6, ['address', 'age', 'credit-card', 'name', 'occupation', 'telephone'])
    """
    if locale != "en":
        raise ValueError(f"locale must be 'en', found {locale!r}: there are no names of other languages")
    if npartitions < 1 or records_per_partition < 0:
        raise ValueError(
            "npartitions must be 1 or more and records_per_partition 0 or more, "
            f"found {npartitions} and {records_per_partition}"
        )
    import random

    seeds = random.Random(seed)
    parts = [(seeds.getrandbits(64), records_per_partition) for _ in range(npartitions)]
    return from_sequence(parts, npartitions=npartitions).map_partitions(_people)


def _people(parts: Any) -> list[dict[str, Any]]:
    import random

    return [person for seed, n in parts for person in _some(random.Random(seed), n)]


def _some(draw: Any, n: int) -> list[dict[str, Any]]:
    def digits(count: int) -> str:
        return "".join(str(draw.randrange(10)) for _ in range(count))

    return [
        {
            "age": draw.randint(0, 120),
            "name": (draw.choice(_GIVEN), draw.choice(_FAMILY)),
            "occupation": draw.choice(_OCCUPATIONS),
            "telephone": f"{digits(3)}-{digits(3)}-{digits(4)}",
            "address": {
                "address": f"{draw.randint(1, 999)} {draw.choice(_STREETS)} Street",
                "city": draw.choice(_CITIES),
            },
            "credit-card": {
                "number": " ".join(digits(4) for _ in range(4)),
                "expiration-date": f"{draw.randint(1, 12):02d}/{draw.randint(25, 34)}",
            },
        }
        for _ in range(n)
    ]


def timeseries(
    start: str = "2000-01-01",
    end: str = "2000-01-31",
    freq: str = "1s",
    partition_freq: str = "1D",
    dtypes: dict[str, Any] | None = None,
    seed: int | None = None,
    **kwargs: Any,
) -> Any:
    """Make a dataframe of measurements over time that nobody has made.

    Parameters
    ----------
    start, end : str, optional
        Between which times.
    freq : str, optional
        How far rows are from one another.
    partition_freq : str, optional
        How long a partition is.
    dtypes : dict, optional
        The columns: ``name`` of text, ``id`` of integers, ``x`` and ``y`` of floats by default. Others may be
        truth values and categories.
    seed : int, optional
        The same values for the same seed, in every process.
    **kwargs
        ``<column>_lam``, the mean of a column of integers: 1,000 by default.

    Returns
    -------
    DataFrame
        Its index is ``timestamp``; divisions are known. Integers are of Poisson's distribution, floats of a
        uniform one between -1 and 1.

    Raises
    ------
    TypeError
        For other dtypes and keywords.
    ValueError
        If the times are nearer than a partition is long.

    Examples
    --------
    >>> import raskt.datasets
    >>> df = raskt.datasets.timeseries(end="2000-01-03", freq="1h", seed=1)
    >>> df.npartitions, len(df), list(df.columns)
    (2, 48, ['name', 'id', 'x', 'y'])
    """
    return timeseries_of(start, end, freq, partition_freq, dtypes, seed, kwargs)
