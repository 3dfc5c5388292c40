"""CSV that was tampered with is read as pandas reads it, or is an error: fixed seeds, never other rows."""

from __future__ import annotations

import random
import warnings
from pathlib import Path

import pandas as pd
import pandas.testing as tm
import pytest
import raskt.dataframe as rd

N_SEEDS = 60

NOTES = (b"a, b", b'say ""no""', b"two\nlines")
LINES = [
    b'%s,%s,2013-01-%02d,"%s"\n'
    % ((b"UA", b"AA", b"")[at % 3], (b"1.5", b"-3", b"")[at % 3], at + 1, NOTES[at % 3])
    for at in range(30)
]
TEXT = b"carrier,delay,day,note\n" + b"".join(LINES)


def mutated(rng: random.Random) -> bytes:
    """Return the text with one to three edits: bytes changed, out, in, a stretch doubled, the end cut."""
    edited = bytearray(TEXT)
    for _ in range(rng.randint(1, 3)):
        at, kind = rng.randrange(len(edited)), rng.randrange(6)
        if kind == 0:
            edited[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            edited[at] = rng.choice(b',"\n\r0x- ')
        elif kind == 2:
            del edited[at : at + rng.randrange(1, 4)]
        elif kind == 3:
            edited.insert(at, rng.choice(b',"\n\r\x00.'))
        elif kind == 4:
            edited[at:at] = edited[at : at + rng.randrange(1, 60)]
        elif rng.random() < 0.3:
            del edited[at + 1 :]
    return bytes(edited)


def rows_of_pandas(path: Path) -> pd.DataFrame | None:
    """Return what pandas reads, None where a last quote is not closed: we take the end of the file for it."""
    try:
        return pd.read_csv(path)
    except pd.errors.ParserError as error:
        if "EOF inside string" in str(error):
            return None
        raise


@pytest.mark.parametrize("blocksize", [None, 200])
@pytest.mark.parametrize("start", range(0, 4 * N_SEEDS, N_SEEDS))
def test_tampered_text_gives_the_rows_of_pandas_or_an_error(
    start: int, blocksize: int | None, tmp_path: Path
) -> None:
    warnings.simplefilter("ignore")
    path, n_same = tmp_path / "flights.csv", 0
    for seed in range(start, start + N_SEEDS):
        path.write_bytes(mutated(random.Random(f"csv {seed}")))
        try:
            got = rd.read_csv(path, blocksize=blocksize).compute(scheduler="sync")
        except (ValueError, TypeError, OSError):
            continue
        expected = rows_of_pandas(path)
        if expected is None:
            continue
        if isinstance(expected.index, pd.RangeIndex):  # ours counts anew in each partition
            got = got.reset_index(drop=True)
        tm.assert_frame_equal(got, expected, check_dtype=False, obj=f"seed {seed}")
        n_same += 1
    assert n_same > N_SEEDS // 10
