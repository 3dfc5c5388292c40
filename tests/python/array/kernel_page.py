"""The tables of docs/array-kernels.md."""

from __future__ import annotations

from pathlib import Path

__all__ = ["TABLE", "TIMED", "ULPS"]

PAGE = Path(__file__).resolve().parents[3] / "docs/array-kernels.md"
TIMED = {"M8": "M8[ns]", "m8": "m8[ns]"}


def _read() -> tuple[dict[str, dict[str, str]], dict[str, int]]:
    marks: dict[str, dict[str, str]] = {}
    ulps: dict[str, int] = {}
    columns: list[str] = []
    for line in PAGE.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.removeprefix("|").removesuffix("|").split("|")]
        if line.startswith("| operation"):
            columns = cells[1:]
        elif line.startswith("| `"):
            row = dict(zip(columns, cells[1:], strict=True))
            name = cells[0].strip("`")
            if "ULP" in row:
                ulps[name] = int(row.pop("ULP") or 0)
            marks[name] = row
    return marks, ulps


TABLE, ULPS = _read()
