"""The patterns in which airports are late together: singular vectors of the cube of delays.

    python examples/patterns.py [output folder]

The standardised cube of `cube.py` becomes a matrix, a row a day, a column an hour and an airport, in blocks
of months. Its first right singular vectors are the patterns by hour and airport that explain most of the
year's delays; the left ones say how strong each was on every day. The blocks are factorised one by one
(`linalg.svd`): no task gets the whole matrix.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import raskt.array as ra
from cube import delays, standardised
from raskt import compute

N_PATTERNS = 3
#: Sides of a field of a pattern, height of a curve, and margin, in pixels.
FIELD, CURVE, MARGIN = 16, 60, 48


def colour(value: float) -> str:
    """Blue below zero, red above, white at zero; 1 is the strongest."""
    faded = round(255 * (1 - min(abs(value), 1)))
    return f"rgb(255,{faded},{faded})" if value > 0 else f"rgb({faded},{faded},255)"


def drawn(patterns: np.ndarray, strengths: np.ndarray, shares: np.ndarray, airports: list[str]) -> str:
    """An SVG: for each pattern its hours and airports, and below its strength from January to December."""
    width = MARGIN + 24 * FIELD + 8
    height = MARGIN + len(airports) * FIELD + CURVE
    parts = []
    for n, (pattern, strength) in enumerate(zip(patterns, strengths.T, strict=True)):
        top = n * height + MARGIN // 2
        parts.append(
            f'<text x="{MARGIN}" y="{top - 6}">pattern {n + 1}: {shares[n]:.0%} of the variance</text>'
        )
        scaled = pattern / np.abs(pattern).max()
        for row, airport in enumerate(airports):
            y = top + row * FIELD
            parts.append(f'<text x="8" y="{y + 12}">{airport}</text>')
            parts += [
                f'<rect x="{MARGIN + hour * FIELD}" y="{y}" width="{FIELD}" height="{FIELD}" '
                f'fill="{colour(scaled[hour, row])}"/>'
                for hour in range(24)
            ]
        middle = top + len(airports) * FIELD + CURVE / 2 + 4
        step = 24 * FIELD / len(strength)
        heights = middle - strength / np.abs(strength).max() * CURVE / 2
        points = " ".join(f"{MARGIN + day * step:.1f},{y:.1f}" for day, y in enumerate(heights))
        parts.append(f'<polyline points="{points}" fill="none" stroke="black"/>')
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height * len(patterns)}" '
    return "\n".join([head + 'font-family="sans-serif" font-size="12">', *parts, "</svg>\n"])


def main(folder: Path) -> None:
    """Factorise the cube; print and draw its first patterns."""
    cube, airports = delays(folder)
    score = standardised(cube)
    n_days, n_hours, n_airports = score.shape
    # Hours without flights are as usual as can be.
    rows = ra.where(ra.isnan(score), 0.0, score).reshape(n_days, n_hours * n_airports)

    u, s, v = ra.linalg.svd(rows)
    lead = slice(0, N_PATTERNS)
    # A single flight in an hour of the year has no deviation: 0 / 0, which counts as usual.
    with np.errstate(invalid="ignore"):
        shares, strengths, vectors = compute(s**2 / (s**2).sum(), u[:, lead] * s[lead], v[lead])
    patterns = vectors.reshape(N_PATTERNS, n_hours, n_airports)

    print(f"\n{rows}\n")
    first = pd.Timestamp("2013-01-01")
    for n, pattern in enumerate(patterns):
        hours = pd.Series(np.abs(pattern).sum(axis=1)).nlargest(3).index
        at = pd.Series(pattern.sum(axis=0), index=airports).sort_values(key=abs, ascending=False)
        days = [
            str((first + pd.Timedelta(days=int(day))).date())
            for day in np.abs(strengths[:, n]).argsort()[:-4:-1]
        ]
        print(f"Pattern {n + 1}: {shares[n]:.1%} of the variance, at {sorted(map(int, hours))} o'clock most")
        print("  airports: " + ", ".join(f"{name} {weight:+.2f}" for name, weight in at.head(5).items()))
        print(f"  strongest on {', '.join(days)}")
    picture = folder / "patterns.svg"
    picture.write_text(drawn(patterns, strengths, shares, airports), encoding="utf-8")
    print(f"The patterns by hour and airport, and their strength over the year: {picture}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "demo-output"))
