"""What the machine has: the cores that this process may use."""

from __future__ import annotations

import functools
import os
import sys

__all__ = ["CPU_COUNT", "LINUX", "cpu_count"]


@functools.cache
def cpu_count() -> int:
    """Return the number of cores that this process may use.

    Returns
    -------
    int
        1 or more; the affinity of the process and the quota of its control group count.

    Examples
    --------
    >>> from raskt.system import cpu_count
    >>> cpu_count() >= 1
    True
    """
    try:
        n = len(os.sched_getaffinity(0))
    except AttributeError:
        n = os.cpu_count() or 1
    return max(1, min(n, _quota() or n))


def _quota() -> int | None:
    """Cores that the cgroup grants, where it limits them."""
    try:
        with open("/sys/fs/cgroup/cpu.max") as file:
            quota, period = file.read().split()
        return None if quota == "max" else max(1, -(-int(quota) // int(period)))
    except (OSError, ValueError):
        return None


CPU_COUNT = cpu_count()
"""What `cpu_count` said when this module was imported."""

LINUX = sys.platform == "linux"
"""Whether this is Linux."""
