"""`Bag`: a lazy collection of Python objects, in partitions."""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from raskt._convert import convert
from raskt._html import card
from raskt._lazy import finder
from raskt._raskt import Delayed, Task, TaskRef
from raskt._whole import whole
from raskt.bag import _layers, _planned, _take
from raskt.bag._bad_lines import bad_lines
from raskt.bag._collection import Lazy
from raskt.bag.avro import to_avro
from raskt.bag.elementwise import Elementwise
from raskt.bag.grouping import Grouping
from raskt.bag.reductions import Reductions
from raskt.bag.strings import Strings
from raskt.bag.text import to_textfiles
from raskt.delayed import delayed
from raskt.tokenize import tokenize

__all__ = ["Bag"]


class Bag(Lazy, Elementwise, Reductions, Grouping):
    """A lazy collection of Python objects, cut into partitions that are worked on at once.

    Bags are made by functions such as `from_sequence` and `read_text`, and by methods of other bags. Nothing
    is
    computed until `compute` is called.

    Parameters
    ----------
    dsk : mapping
        A graph with a task for each partition, whose value is an iterable.
    name : str
        What the keys of partitions begin with: they are ``(name, 0)``, ``(name, 1)``, ...
    npartitions : int
        The number of partitions.

    Examples
    --------
    >>> import raskt.bag as rb
    >>> b = rb.from_sequence(range(6), npartitions=3)
    >>> b.map(lambda x: x * 10).filter(lambda x: x > 20).compute()
    [30, 40, 50]
    """

    __slots__ = ("_name", "_npartitions")

    def __init__(self, dsk: Mapping[Any, Any] | _layers.Layer, name: str, npartitions: int) -> None:
        self._layer = _layers.layer_of_graph(dsk)
        self._name = name
        self._npartitions = npartitions

    # ---- what it is ----

    @property
    def name(self) -> str:
        """What the keys of its partitions begin with."""
        return self._name

    @property
    def npartitions(self) -> int:
        """The number of partitions."""
        return self._npartitions

    def __repr__(self) -> str:
        return f"raskt.bag<{self.name.rsplit('-', 1)[0]}, npartitions={self.npartitions}>"

    def _repr_html_(self) -> str:
        return card("Bag", self.name.rsplit("-", 1)[0], [("partitions", f"{self.npartitions:,}")])

    @property
    def str(self) -> Strings:
        """The methods of strings, for every element.

        Examples
        --------
        >>> import raskt.bag as rb
        >>> b = rb.from_sequence(["Ann Lee", "Bo Li"])
        >>> b.str.lower().str.split().compute()
        [['ann', 'lee'], ['bo', 'li']]
        """
        return Strings(self)

    # ---- a collection ----

    def __raskt_keys__(self) -> list[Any]:
        return [(self.name, i) for i in range(self.npartitions)]

    def __raskt_postcompute__(self) -> tuple[Any, tuple[Any, ...]]:
        return finalize, ()

    def __raskt_postpersist__(self) -> tuple[Any, tuple[Any, ...]]:
        return _rebuild, (self.name, self.npartitions, self._layer.functions)

    def __raskt_whole__(self) -> Delayed:
        """Return the delayed list of all elements."""
        whole: Delayed = delayed(finalize)(self.to_delayed())
        return whole

    def __raskt_tokenize__(self) -> Any:
        return self.name, self.npartitions

    def __reduce__(self) -> Any:
        return Bag, (self._layer, self.name, self.npartitions)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.compute())

    def to_delayed(self, optimize_graph: bool = True) -> list[Delayed]:
        """Return the partitions as delayed values.

        Parameters
        ----------
        optimize_graph : bool, optional
            Whether tasks are put together first.

        Returns
        -------
        list of Delayed
            One for each partition.

        Examples
        --------
        >>> import raskt.bag as rb
        >>> [part.compute() for part in rb.range(4, npartitions=2).to_delayed()]
        [[0, 1], [2, 3]]
        """
        graph = self.__raskt_graph__()
        keys = self.__raskt_keys__()
        return _planned.to_delayed(graph, keys) if optimize_graph else convert(graph, keys)

    # ---- some of it ----

    def take(self, k: int, npartitions: int = 1, compute: bool = True, warn: bool = True) -> Any:
        """Return the first elements.

        Parameters
        ----------
        k : int
            How many.
        npartitions : int, optional
            How many partitions are looked into; -1 for all. Default: the first alone.
        compute : bool, optional
            Whether to compute them (default), or return a bag of them.
        warn : bool, optional
            Whether to warn where there are fewer.

        Returns
        -------
        tuple or Bag
            The elements.

        Raises
        ------
        ValueError
            If there are fewer partitions than ``npartitions``.

        Examples
        --------
        >>> import raskt.bag as rb
        >>> rb.range(100, npartitions=10).take(3)
        (0, 1, 2)
        """
        if npartitions == -1:
            npartitions = self.npartitions
        npartitions = whole("npartitions", npartitions, 1, also="-1 or ")
        if npartitions > self.npartitions:
            raise ValueError(f"take received npartitions={npartitions}, but there are {self.npartitions}")
        bag: Bag = _take.taken(self, k, npartitions, warn)
        return tuple(bag.compute()) if compute else bag

    def random_sample(self, prob: float, random_state: Any = None) -> Bag:
        """Keep each element with probability ``prob``.

        Parameters
        ----------
        prob : float
            Between 0 and 1.
        random_state : int, random.Random or tuple, optional
            A seed, or a generator, or its state. The same seed keeps the same elements.

        Returns
        -------
        Bag
            The sample.

        Raises
        ------
        ValueError
            For a ``prob`` out of range.

        Examples
        --------
        >>> import raskt.bag as rb
        >>> b = rb.range(100, npartitions=4)
        >>> b.random_sample(0.5, 1).compute() == b.random_sample(0.5, 1).compute()
        True
        """
        found: Bag = _take.sampled(self, prob, random_state)
        return found

    def repartition(self, npartitions: int | None = None, partition_size: Any = None) -> Bag:
        """Cut into other partitions.

        Parameters
        ----------
        npartitions : int, optional
            Their number. Neighbours are brought together, or cut into parts of about one size.
        partition_size : int or str, optional
            The bytes that a partition has at most, such as ``"10MB"``; the bag is computed to measure it.

        Returns
        -------
        Bag
            The same elements in the same order.

        Raises
        ------
        ValueError
            Unless exactly one of both is given.

        Examples
        --------
        >>> import raskt.bag as rb
        >>> b = rb.range(10, npartitions=5).repartition(2)
        >>> b.npartitions, b.compute() == list(range(10))
        (2, True)
        """
        if (npartitions is None) == (partition_size is None):
            raise ValueError("repartition needs either npartitions or partition_size")
        found: Bag
        if npartitions is not None:
            found = _take.repartitioned(self, npartitions)
        else:
            found = _take.resized(self, partition_size)
        return found

    def accumulate(self, binop: Callable[[Any, Any], Any], initial: Any = _take.NO_DEFAULT) -> Bag:
        """Return all values that folding goes through.

        Parameters
        ----------
        binop : callable
            ``binop(so_far, element)``. Partitions run one after the other.
        initial : object, optional
            What it begins with, which then is the first element.

        Returns
        -------
        Bag
            The values.

        Examples
        --------
        >>> import raskt.bag as rb
        >>> rb.range(5, npartitions=2).accumulate(lambda total, x: total + x, 10).compute()
        [10, 10, 11, 13, 16, 20]
        """
        found: Bag = _take.accumulated(self, binop, initial)
        return found

    def product(self, other: Bag) -> Bag:
        """Pair every element with every one of another bag.

        Parameters
        ----------
        other : Bag
            The other bag.

        Returns
        -------
        Bag
            The pairs, in a partition for each pair of partitions.

        Examples
        --------
        >>> import raskt.bag as rb
        >>> rb.range(2, npartitions=1).product(rb.from_sequence("ab", npartitions=1)).compute()
        [(0, 'a'), (0, 'b'), (1, 'a'), (1, 'b')]
        """
        if not isinstance(other, Bag):
            raise TypeError(f"product needs another bag, found {type(other).__name__}")
        name = f"product-{tokenize(self.name, other.name)}"
        n = other.npartitions

        def make() -> dict[Any, Any]:
            return {
                (name, i * n + j): Task(
                    (name, i * n + j), _product, TaskRef((self.name, i)), TaskRef((other.name, j))
                )
                for i in range(self.npartitions)
                for j in range(n)
            }

        return Bag(_layers.Layer(make, [self._layer, other._layer]), name, self.npartitions * n)

    # ---- bad lines ----

    def bad_lines(self) -> Bag:
        r"""Return the lines that this bag leaves out.

        Returns
        -------
        Bag
            A `BadLine` for each line that cannot be read or worked on; of each partition no more than 10,000.

        Raises
        ------
        ValueError
            Unless the bag is one of `read_text` with ``errors="skip"`` or ``"collect"``, with nothing but
            functions
            of elements since.

        Examples
        --------
        >>> import json, tempfile, raskt.bag as rb
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with open(folder + "/a.json", "w") as file:
        ...         _ = file.write('{"x": 1}\n{"x": \n')
        ...     b = rb.read_text(folder + "/a.json", errors="collect").map(json.loads)
        ...     [(bad.line, bad.offset) for bad in b.bad_lines().compute()]
        [(2, 9)]
        """
        found: Bag = bad_lines(self)
        return found

    def to_dataframe(self, meta: Any = None, columns: Any = None, optimize_graph: bool = True) -> Any:
        """Return the elements as rows of a dataframe of `raskt.dataframe`, a partition of each partition.

        Parameters
        ----------
        meta : object, optional
            The names and dtypes of columns. Without it the first elements are computed to see.
        columns : list, optional
            The names of the columns, or which keys of dictionaries are columns.
        optimize_graph : bool, optional
            Accepted for Dask's sake.

        Returns
        -------
        DataFrame
            Elements are dictionaries, tuples, or single values.

        Raises
        ------
        ValueError
            With both ``meta`` and ``columns``, and for an empty bag without ``meta``.

        Examples
        --------
        >>> import raskt.bag as rb
        >>> rb.from_sequence([{"x": 1}, {"x": 2}]).to_dataframe().x.sum().compute()
        np.int64(3)
        """
        del optimize_graph
        # Dataframes stand above bags.
        return importlib.import_module("raskt.dataframe.interchange").bag_to_frame(self, meta, columns)

    # ---- to files ----

    def to_textfiles(
        self,
        path: Any,
        name_function: Callable[[int], Any] | None = None,
        compression: Any = "infer",
        encoding: Any = "utf-8",
        compute: bool = True,
        storage_options: dict[Any, Any] | None = None,
        last_endline: bool = False,
        **kwargs: Any,
    ) -> Any:
        r"""Write each partition to a text file, an element a line.

        A file appears under its name when it is complete; what fails leaves nothing behind.

        Parameters
        ----------
        path : str or list
            A folder; or a path with ``*``, for which the number of the partition is put; or a path for each
            partition.
        name_function : callable, optional
            From a partition's number to what is put for ``*``.
        compression : str, optional
            ``"gzip"``, ``"bz2"``, ``"xz"``, ``"zstd"``, None, or ``"infer"`` from the name.
        encoding : str, optional
            How text becomes bytes; elements that are bytes are written as they are.
        compute : bool, optional
            Whether to write now (default), or return delayed values that write.
        storage_options : dict, optional
            Options of the file system, for URLs.
        last_endline : bool, optional
            Whether the last line ends too.
        **kwargs
            As in `raskt.compute`.

        Returns
        -------
        list
            The paths; delayed values with ``compute=False``.

        Examples
        --------
        >>> import tempfile, raskt.bag as rb
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     paths = rb.from_sequence(["a", "b"], npartitions=1).to_textfiles(folder + "/*.txt")
        ...     rb.read_text(paths).compute()
        ['a\n', 'b']
        """
        return to_textfiles(
            self, path, name_function, compression, encoding, compute, storage_options, last_endline, **kwargs
        )

    def to_avro(
        self,
        filename: Any,
        schema: Any,
        name_function: Callable[[int], Any] | None = None,
        storage_options: dict[Any, Any] | None = None,
        codec: Any = "null",
        sync_interval: int = 16000,
        metadata: Any = None,
        compute: bool = True,
        **kwargs: Any,
    ) -> Any:
        """Write each partition to an Avro file; needs ``fastavro``.

        Parameters
        ----------
        filename : str or list
            As in `to_textfiles`.
        schema : dict
            The schema of the records.
        name_function, storage_options, compute, **kwargs
            As in `to_textfiles`.
        codec : str, optional
            ``"null"``, ``"deflate"``, or another that ``fastavro`` knows.
        sync_interval : int, optional
            The bytes of a block.
        metadata : dict, optional
            Further metadata of the files.

        Returns
        -------
        list
            The paths; delayed values with ``compute=False``.

        Examples
        --------
        >>> import tempfile, raskt.bag as rb
        >>> schema = {"type": "record", "name": "r", "fields": [{"name": "x", "type": "long"}]}
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     paths = rb.from_sequence([{"x": 1}, {"x": 2}]).to_avro(folder + "/*.avro", schema)
        ...     rb.read_avro(paths).pluck("x").sum().compute()
        3
        """
        return to_avro(
            self, filename, schema, name_function, storage_options, codec, sync_interval, metadata, compute,
            **kwargs,
        )  # fmt: skip


def finalize(parts: Any) -> Any:
    """Return the elements of all partitions as a list."""
    parts = list(parts)
    if parts and (isinstance(parts[0], (str, bytes)) or not isinstance(parts[0], Iterable)):
        # Functions of partitions may return one value each.
        return parts
    return list(itertools.chain.from_iterable(parts))


def _product(left: Any, right: Any) -> list[tuple[Any, Any]]:
    return list(itertools.product(left, right))


def _rebuild(graph: Any, name: str, npartitions: int, functions: Any, rename: Any = None) -> Bag:
    found: str = (rename or {}).get(name, name)
    return Bag(_layers.Layer(lambda: dict(graph), functions=functions), found, npartitions)


# Names that Dask's users look for here.
__getattr__ = finder(
    __name__,
    {
        "Item": "raskt.bag.item",
        "StringAccessor": "raskt.bag.strings:Strings",
        "bag_map": "raskt.bag.elementwise:map",
        "bag_range": "raskt.bag.creation:range",
        "bag_zip": "raskt.bag.creation:zip",
        "concat": "raskt.bag.creation",
        "from_delayed": "raskt.bag.creation",
        "from_sequence": "raskt.bag.creation",
        "from_url": "raskt.bag.text",
        "map_partitions": "raskt.bag.elementwise",
        "named_schedulers": "raskt.base",
        "to_textfiles": "raskt.bag.text",
    },
)
