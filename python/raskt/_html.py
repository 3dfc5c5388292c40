"""What notebooks show of collections, futures, clients and clusters: all in one style."""

from __future__ import annotations

from html import escape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

__all__ = ["card", "delayed", "link", "table"]

#: Rows of a table that are shown.
_N_ROWS_MAX = 20
_BOX = "border-left: 3px solid #0072b2; padding: 2px 0 2px 12px; margin: 2px 0"


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a table; of many rows the first.

    Parameters
    ----------
    head : sequence of str
        What the columns are called.
    rows : iterable of sequence
        What is in them: texts, which are escaped.

    Examples
    --------
    >>> from raskt._html import table
    >>> table(["worker"], [["<1>"]])
    '<table><thead><tr><th>worker</th></tr></thead><tbody><tr><td>&lt;1&gt;</td></tr></tbody></table>'
    """
    every = list(rows)
    shown = [[escape(str(cell)) for cell in row] for row in every[:_N_ROWS_MAX]]
    if len(every) > _N_ROWS_MAX:
        shown.append([f"… and {len(every) - _N_ROWS_MAX:,} more", *[""] * (len(head) - 1)])
    cells = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in shown)
    heads = "".join(f"<th>{escape(word)}</th>" for word in head)
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{cells}</tbody></table>"


def link(address: str) -> str:
    """Return a link as HTML."""
    text = escape(address)
    return f'<a href="{text}" target="_blank" rel="noopener">{text}</a>' if address else "none"


def card(kind: str, name: str, facts: Iterable[tuple[str, str]] = (), below: str = "") -> str:
    """Return what is known of something, as HTML.

    Parameters
    ----------
    kind : str
        What it is: ``"Client"``.
    name : str
        What it is called.
    facts : iterable of tuple
        Names and texts, one below the other; texts that begin with ``<a `` are links.
    below : str
        HTML that stands below.

    Examples
    --------
    >>> from raskt._html import card
    >>> "<b>Future</b> <code>sum-1</code>" in card("Future", "sum-1", [("status", "finished")])
    True
    """
    lines = "".join(
        f'<tr><th style="text-align: left">{escape(fact)}</th>'
        f'<td style="text-align: left">{text if text.startswith("<a ") else escape(text)}</td></tr>'
        for fact, text in facts
    )
    told = f"<table><tbody>{lines}</tbody></table>" if lines else ""
    return (
        f'<div style="{_BOX}"><div><b>{escape(kind)}</b> <code>{escape(name)}</code></div>{told}{below}</div>'
    )


def delayed(key: Any) -> str:
    """Return what is known of a delayed value.

    Examples
    --------
    >>> import raskt
    >>> "<b>Delayed</b>" in raskt.delayed(sum)([1, 2])._repr_html_()
    True
    """
    return card("Delayed", str(key), [("value", "not computed: compute() does, visualize() draws the graph")])
