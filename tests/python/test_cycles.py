"""What was computed is freed when nobody holds it, not when the garbage collector comes by."""

from __future__ import annotations

import gc
from collections.abc import Callable

import numpy as np
import pytest
import raskt
import raskt.array as ra
import raskt.bag as rb


def _array() -> ra.Array:
    return ra.from_array(np.arange(36.0).reshape(6, 6), chunks=3)


def _bag() -> rb.Bag:
    return rb.range(20, npartitions=3).map(str)


USES: dict[str, Callable[[], object]] = {
    "compute": lambda: (_array() + 1).compute(),
    "several": lambda: raskt.compute(_array(), [_array().sum(), {"a": _bag()}], scheduler="sync"),
    "persist": lambda: raskt.persist(_array() * 2, _bag(), scheduler="sync"),
    "optimize": lambda: raskt.optimize(_array() * 2, _bag()),
    "delayed": lambda: raskt.delayed(sum)([raskt.delayed(int)(1), 2]).compute(),
    "unknown sizes": lambda: _array()[_array() > 3].compute(),
    "block": lambda: ra.block([[_array(), _array()], [_array(), _array()]]).compute(),
    "functions of blocks": lambda: _array().map_blocks(np.sort).compute(),
    "groups": lambda: _bag().groupby(len).compute(scheduler="sync"),
    "fold": lambda: _bag().map(len).sum().compute(scheduler="sync"),
    "dask's protocol": lambda: dict(_array().__dask_graph__()),
}


@pytest.mark.parametrize("use", USES)
def test_a_computation_leaves_no_reference_cycle(use: str) -> None:
    # The first time, modules are imported and tables are filled.
    USES[use]()
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        gc.garbage.clear()
        USES[use]()
        gc.collect()
        left = [type(item).__name__ for item in gc.garbage if type(item).__module__.startswith("raskt")]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
    assert left == []
