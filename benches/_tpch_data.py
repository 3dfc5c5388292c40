"""The tables of TPC-H as Parquet: made by tpchgen-cli, with floats for decimals and times for dates.

Each table is a folder; the large ones have several files, so that frames of them have several partitions.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

#: What stands for the types that the generator writes, by how their names begin.
PLAIN = {"decimal128": pa.float64(), "date32": pa.timestamp("ms"), "string_view": pa.string()}


def make(folder: Path, scale: float, parts: int, row_group_size: int) -> Path:
    """Make the tables of a scale, unless they are there; return the folder."""
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as work:
            raw, done = Path(work, "raw"), Path(work, "done")
            subprocess.run([generator(), "parquet", "-s", str(scale), "--output-dir", str(raw)], check=True)
            for source in raw.glob("*.parquet"):
                write(plain(pq.read_table(source)), done / source.stem, parts, row_group_size)
            done.rename(folder)
    return folder


def generator() -> str:
    """Return the path of tpchgen-cli: of this environment, or else of the system."""
    own = Path(sys.executable).with_name("tpchgen-cli")
    found = str(own) if own.exists() else shutil.which("tpchgen-cli")
    if found is None:
        raise SystemExit("tpchgen-cli is not installed: pip install tpchgen-cli")
    return found


def plain(table: Any) -> Any:
    """Return the table with types that every side of a comparison takes."""
    fields = [
        pa.field(f.name, next((t for name, t in PLAIN.items() if str(f.type).startswith(name)), f.type))
        for f in table.schema
    ]
    return table.cast(pa.schema(fields))


def write(table: Any, folder: Path, parts: int, row_group_size: int) -> None:
    """Write a table as a folder of files: one, if the table is smaller than half a row group."""
    folder.mkdir(parents=True)
    step = -(-table.num_rows // (parts if table.num_rows > row_group_size // 2 else 1))
    for part, begin in enumerate(range(0, table.num_rows, step)):
        pq.write_table(
            table.slice(begin, step), folder / f"part-{part:02d}.parquet", row_group_size=row_group_size
        )
