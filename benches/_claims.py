"""How benches print what they measured and hold it against their targets.

A target may be moved for one run by a variable: ``RASKT_BENCH_<NAME>``, the name of the claim in capitals, as
it stands in the last column of the table.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import median
from typing import NamedTuple


class Claim(NamedTuple):
    """A figure and what it must be."""

    name: str
    figure: float
    target: float
    unit: str = ""
    at_least: bool = False

    @property
    def variable(self) -> str:
        """The environment variable that moves the target."""
        return "RASKT_BENCH_" + re.sub(r"\W+", "_", self.name).upper()

    @property
    def limit(self) -> float:
        """The target, or what the variable says."""
        return float(os.environ.get(self.variable, self.target))

    @property
    def holds(self) -> bool:
        """Whether the figure is within the limit."""
        return self.figure >= self.limit if self.at_least else self.figure <= self.limit


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print columns, the first aligned left, the others right."""
    lines = [list(head), *([_text(cell) for cell in row] for row in rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(head))]
    for line in lines:
        first, *rest = (
            cell.ljust(width) if at == 0 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        print("  ".join([first, *rest]).rstrip())


def _text(cell: object) -> str:
    return f"{cell:,.2f}" if isinstance(cell, float) else str(cell)


def conclude(claims: Sequence[Claim]) -> int:
    """Print the claims; return the exit code: 1 if one does not hold."""
    print()
    table(
        ["claim", "figure", "target", "", "moved by"],
        [
            (
                f"{claim.name}{f' [{claim.unit}]' if claim.unit else ''}",
                claim.figure,
                f"{'≥' if claim.at_least else '≤'} {claim.limit:g}",
                "holds" if claim.holds else "MISSED",
                claim.variable,
            )
            for claim in claims
        ],
    )
    return 0 if all(claim.holds for claim in claims) else 1


def in_turn(sides: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Measure all sides once a round, so that a busy moment of the machine meets all of them."""
    found: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, measure in sides.items():
            found[name].append(measure())
    return found


def medians(found: dict[str, list[float]]) -> dict[str, float]:
    """The median of each side."""
    return {name: median(figures) for name, figures in found.items()}


def best(found: dict[str, list[float]]) -> dict[str, float]:
    """The least of each side: for short measurements, to which other programs can only add."""
    return {name: min(figures) for name, figures in found.items()}
