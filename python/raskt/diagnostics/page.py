"""One page that shows what profilers have recorded: a file that needs nothing else, not even a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol
from warnings import warn

if TYPE_CHECKING:
    from collections.abc import Iterable
    from os import PathLike
    from pathlib import Path

__all__ = ["ProfilePage", "visualize"]

# What Dask hands on to bokeh. It changes how a picture looks, never what it says, so it is not an error here.
BOKEH_OPTIONS = frozenset(
    [
        "height",
        "label_size",
        "mode",
        "palette",
        "plot_height",
        "plot_width",
        "toolbar_location",
        "tools",
        "width",
    ]
)


class Drawable(Protocol):
    """A profiler."""

    def _plot(self) -> dict[str, Any]:
        """What it has recorded, for the page."""


class ProfilePage:
    """A profile as an HTML page; a notebook shows it where it is the last value of a cell.

    Attributes
    ----------
    html : str
        The page.
    path : pathlib.Path or None
        Where it has been saved.
    """

    def __init__(self, html: str) -> None:
        self.html = html
        self.path: Path | None = None

    def save(self, filename: str | PathLike[str]) -> Path:
        """Write the page to a file; give its path."""
        from pathlib import Path

        path = Path(filename)
        path.write_text(self.html, "utf-8")
        self.path = path.absolute()
        return self.path

    def show(self) -> None:
        """Open the page in a web browser, from a temporary file if it has not been saved."""
        import webbrowser

        if self.path is None:
            from tempfile import mkdtemp

            path = self.save(f"{mkdtemp(prefix='raskt-')}/profile.html")
        else:
            path = self.path
        webbrowser.open(path.as_uri())

    def _repr_html_(self) -> str:
        from html import escape

        return (
            '<iframe title="Profile" sandbox="allow-scripts" style="width:100%;height:640px;border:0" '
            f'srcdoc="{escape(self.html)}"></iframe>'
        )

    def __repr__(self) -> str:
        return f"<ProfilePage {self.path or f'{len(self.html):,} characters, not saved'}>"


def visualize(
    profilers: Drawable | Iterable[Drawable],
    filename: str | PathLike[str] = "profile.html",
    show: bool = False,
    save: bool = True,
    *,
    title: str = "Profile",
    **options: Any,
) -> ProfilePage:
    """Draw what profilers have recorded, on one page with one time axis.

    Tasks are rectangles in one lane a worker, coloured by function; below them come processor and memory use
    and the size of what is held. The wheel zooms, dragging moves, the keyboard does both, hovering tells
    about one task. The page is one file with nothing to load, and fit for 100,000 tasks and more.

    Parameters
    ----------
    profilers : Profiler, ResourceProfiler, CacheProfiler, or several of them
        What to draw, from top to bottom.
    filename : path, default "profile.html"
        Where to save the page.
    show : bool, default False
        Open the page in a web browser.
    save : bool, default True
        Save the page.
    title : str, default "Profile"
        The page's title.
    **options
        What Dask hands on to bokeh (`width`, `palette`, ...) is accepted with a warning and has no effect;
        `file_path` is another name for `filename`.

    Returns
    -------
    ProfilePage
        The page.

    Examples
    --------
    >>> import raskt.threaded
    >>> from raskt.diagnostics import Profiler, ResourceProfiler, visualize
    >>> with Profiler() as prof, ResourceProfiler(dt=0.1) as resources:
    ...     raskt.threaded.get({"x": (sum, [1, 2])}, "x")
    3
    >>> page = visualize([prof, resources], save=False)
    >>> page.html.startswith("<!doctype html>")
    True
    """
    filename = options.pop("file_path", filename)
    if unknown := options.keys() - BOKEH_OPTIONS:
        raise TypeError(f"visualize() has no option {', '.join(sorted(unknown))}")
    if options:
        warn(f"options of bokeh have no effect: {', '.join(sorted(options))}", stacklevel=2)
    chosen = [profilers] if hasattr(profilers, "_plot") else list(profilers)
    for profiler in chosen:
        if not hasattr(profiler, "_plot"):
            raise TypeError(
                f"visualize() draws Profiler, ResourceProfiler and CacheProfiler, not {profiler!r}"
            )
    page = ProfilePage(page_html([profiler._plot() for profiler in chosen], title))
    if save:
        page.save(filename)
    if show:
        page.show()
    return page


def page_html(charts: list[dict[str, Any]], title: str) -> str:
    """The page, with its style, its program and its data inside."""
    from base64 import b64encode
    from gzip import compress
    from html import escape
    from json import dumps
    from pkgutil import get_data

    def part(name: str) -> str:
        return (get_data(__package__, name) or b"").decode("utf-8")

    packed = compress(
        dumps({"charts": charts}, separators=(",", ":"), allow_nan=False).encode("utf-8"), 6, mtime=0
    )
    page = part("page.html")
    # The data come last: nothing in them is looked through for other marks.
    for mark, text in (
        ("@title@", escape(title)),
        ("@style@", part("page.css")),
        ("@program@", part("page.js")),
        ("@data@", b64encode(packed).decode("ascii")),
    ):
        page = page.replace(mark, text)
    return page
