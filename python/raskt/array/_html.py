"""Arrays as notebooks show them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from raskt._html import card
from raskt.naming import typename
from raskt.units import format_bytes

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = ["svg", "table"]


def _bytes(n: float) -> str:
    return "unknown" if n != n else format_bytes(n)


def _shape(shape: Any) -> str:
    lengths = ", ".join("nan" if n != n else str(n) for n in shape)
    return f"({lengths},)" if len(shape) == 1 else f"({lengths})"


def table(x: Array) -> str:
    """Return a table of what is known of an array, with a picture of its chunks."""
    item = 0 if x._dtype is None else x.dtype.itemsize
    known = x._dtype is not None and not x.dtype.hasobject
    whole = _bytes(x.nbytes) if known else "unknown"
    chunk = _bytes(math.prod(x.chunksize) * item) if known else "unknown"
    n_tasks = x._expr.n_tasks
    rows = [
        ("", "Array", "Chunk"),
        ("Bytes", whole, chunk),
        ("Shape", _shape(x.shape), _shape(x.chunksize)),
        ("Chunks", f"{x.npartitions} of {_shape(x.numblocks)}", f"{n_tasks} tasks"),
        ("Dtype", "unknown" if x._dtype is None else str(x.dtype), typename(type(x._meta))),
    ]
    cells = []
    for at, row in enumerate(rows):
        tag = "th" if at == 0 else "td"
        first = f"<th>{row[0]}</th>"
        cells.append("<tr>" + first + "".join(f"<{tag}>{text}</{tag}>" for text in row[1:]) + "</tr>")
    try:
        picture = svg(x.chunks, 160)
    except NotImplementedError:
        picture = ""
    body = "".join(cells)
    beside = (
        f'<table><tr><td><table>{body}</table></td><td style="border-left: none">{picture}</td></tr></table>'
    )
    return card("Array", x.name.rsplit("-", 1)[0], below=beside)


def _lines(sizes: Any, length: float) -> list[float]:
    """Return where chunks end in a picture; not too many of them."""
    total = sum(sizes) or 1
    ends, at = [0.0], 0
    for n in sizes:
        at += n
        ends.append(at / total * length)
    if len(ends) > 50:
        step = len(ends) / 50
        ends = [ends[int(number * step)] for number in range(50)] + [ends[-1]]
    return ends


def _length(n: float, longest: float, size: int) -> float:
    """Return a side in pixels: long axes are shortened, so that short ones are seen."""
    ratio = max(n, 1) / max(longest, 1)
    return max(size * ratio if ratio > 0.1 else size * 0.1 * (1 + math.log10(ratio * 10) / 3), size * 0.05)


def svg(chunks: Any, size: int = 200) -> str:
    """Return a picture of chunks: the last two axes as a grid, the one before as depth.

    Parameters
    ----------
    chunks : tuple of tuples of int
        The chunks.
    size : int, optional
        The length of the longest side in pixels.

    Returns
    -------
    str
        SVG.
    """
    if any(n != n for sizes in chunks for n in sizes):
        raise NotImplementedError("chunks of unknown size have no picture: call compute_chunk_sizes() first")
    if not chunks:
        raise NotImplementedError("an array without axes has no picture")
    if any(not sum(sizes) for sizes in chunks):
        raise NotImplementedError("an array without elements has no picture")
    shown = chunks[-3:]
    longest = max(sum(sizes) for sizes in shown)
    if len(shown) == 1:
        shown = ((1,), *shown)
    columns = _lines(shown[-1], _length(sum(shown[-1]), longest, size))
    rows = _lines(shown[-2], _length(sum(shown[-2]), longest, size) if len(chunks) > 1 else size * 0.2)
    depth = _lines(shown[0], _length(sum(shown[0]), longest, size) * 0.5) if len(shown) == 3 else [0.0]
    slant = depth[-1]
    width, height = columns[-1] + slant + 50, rows[-1] + slant + 30
    parts = [f'<svg width="{width:.0f}" height="{height:.0f}" style="stroke:rgb(0,0,0);stroke-width:1">']

    def line(x1: float, y1: float, x2: float, y2: float, heavy: bool) -> None:
        weight = ' style="stroke-width:2"' if heavy else ""
        parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"{weight} />')

    corners = f"{slant:.1f},{slant:.1f} {slant + columns[-1]:.1f},{slant:.1f} "
    corners += f"{slant + columns[-1]:.1f},{slant + rows[-1]:.1f} {slant:.1f},{slant + rows[-1]:.1f}"
    parts.append(f'<polygon points="{corners}" style="fill:#ECB172A0;stroke-width:0" />')
    for at, y in enumerate(rows):
        line(slant, slant + y, slant + columns[-1], slant + y, at in (0, len(rows) - 1))
        if slant:
            line(0, y, slant, slant + y, at in (0, len(rows) - 1))
    for at, x in enumerate(columns):
        line(slant + x, slant, slant + x, slant + rows[-1], at in (0, len(columns) - 1))
        if slant:
            line(x, 0, slant + x, slant, at in (0, len(columns) - 1))
    for at, z in enumerate(depth[:-1] if slant else []):
        line(z, z, z + columns[-1], z, at == 0)
        line(z, z, z, z + rows[-1], at == 0)
    label = 'font-size="12" style="stroke-width:0;fill:currentColor" text-anchor="middle"'
    x, y = slant + columns[-1] / 2, slant + rows[-1] + 20
    parts.append(f'<text x="{x:.1f}" y="{y:.1f}" {label}>{sum(shown[-1])}</text>')
    if len(chunks) > 1:
        x, y = slant + columns[-1] + 20, slant + rows[-1] / 2
        parts.append(f'<text x="{x:.1f}" y="{y:.1f}" {label}>{sum(shown[-2])}</text>')
    parts.append("</svg>")
    return "".join(parts)
