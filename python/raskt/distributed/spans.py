"""Names for parts of a program, as annotations of their tasks."""

from __future__ import annotations

import contextlib
import uuid
from typing import TYPE_CHECKING

from raskt.annotations import annotate, get_annotations

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["span"]


@contextlib.contextmanager
def span(*tags: str) -> Iterator[str]:
    """Annotate the tasks that are made inside a ``with`` block with the name of a part of the program.

    Blocks may be nested: the inner one is a part of the outer one. The annotation ``span`` has the names and
    the numbers of all; nothing is counted by them.

    Parameters
    ----------
    *tags : str
        What the part is called; of several, each is a part of the one before.

    Yields
    ------
    str
        The number of the part.

    Examples
    --------
    >>> import raskt
    >>> from raskt.distributed import span
    >>> with span("training"), span("epoch"):
    ...     raskt.get_annotations()["span"]["name"]
    ('training', 'epoch')
    """
    if not tags:
        raise ValueError("what is the span called? Give a tag")
    for tag in tags:
        if not isinstance(tag, str):
            raise TypeError(f"tags of spans are text, found {tag!r}")
    around = get_annotations().get("span", {"name": (), "ids": ()})
    ids = tuple(str(uuid.uuid4()) for _ in tags)
    with annotate(span={"name": (*around["name"], *tags), "ids": (*around["ids"], *ids)}):
        yield ids[-1]
