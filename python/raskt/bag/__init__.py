"""Bags: parallel collections of Python objects, for messy data before it is a table.

>>> import raskt.bag as rb
>>> rb.from_sequence(["Ann", "Bo", "Ann"]).frequencies(sort=True).compute()
[('Ann', 2), ('Bo', 1)]
"""

from raskt.bag import random
from raskt.bag._bad import BadLine, BadLinesWarning
from raskt.bag.avro import read_avro, to_avro
from raskt.bag.core import Bag
from raskt.bag.creation import concat, from_delayed, from_sequence, range, zip  # noqa: A004 - Dask's names
from raskt.bag.elementwise import map, map_partitions  # noqa: A004 - Dask's name
from raskt.bag.item import Item
from raskt.bag.testing import assert_eq
from raskt.bag.text import from_url, read_text, to_textfiles
from raskt.base import compute

__all__ = [
    "BadLine",
    "BadLinesWarning",
    "Bag",
    "Item",
    "assert_eq",
    "compute",
    "concat",
    "from_delayed",
    "from_sequence",
    "from_url",
    "map",
    "map_partitions",
    "random",
    "range",
    "read_avro",
    "read_text",
    "to_avro",
    "to_textfiles",
    "zip",
]
