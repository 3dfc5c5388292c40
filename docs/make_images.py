"""Draw the pictures of the documentation, with Raskt itself: `python docs/make_images.py` after `make build`.

The pictures are kept in the repository, because README.md shows one where nothing has been built.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from raskt import delayed, visualize

IMAGES = Path(__file__).resolve().parent / "images"


def load(month: int) -> list[int]:
    """Stand for reading a month."""
    return [month]


def clean(rows: list[int]) -> list[int]:
    """Stand for cleaning a month."""
    return rows


def merge(parts: list[list[int]]) -> int:
    """Stand for putting months together."""
    return sum(map(len, parts))


def add(left: Any, right: Any) -> Any:
    """One node of a tree."""
    return left + right


def program(n_months: int) -> Any:
    """The program of README.md."""
    return delayed(merge)([delayed(clean)(delayed(load)(month)) for month in range(1, n_months + 1)])


def tree(n_leaves: int) -> Any:
    """A sum as a tree of additions."""
    level = [delayed(load)(leaf) for leaf in range(n_leaves)]
    while len(level) > 1:
        level = [delayed(add)(left, right) for left, right in zip(level[::2], level[1::2], strict=True)]
    return level[0]


def main(folder: Path) -> None:
    """Write all pictures."""
    folder.mkdir(exist_ok=True)
    visualize(program(12), filename=folder / "graph.svg")
    visualize(tree(16), filename=folder / "order.svg", color="order")
    visualize(program(1000), filename=folder / "collapsed.svg", rankdir="LR")
    shared = delayed(load, name="load")(1)
    sized = delayed(merge)([delayed(clean)(shared), delayed(add)(shared, shared)])
    sizes = dict(zip(sized.graph, (64 << 20, 16 << 20, 128 << 20, 8), strict=False))
    visualize(sized, filename=folder / "sizes.svg", color="size", sizes=sizes)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES)
