"""What the machine has: the cores that this process may use."""

from __future__ import annotations

import sys

from raskt.schedulers import cpu_count

__all__ = ["CPU_COUNT", "LINUX", "cpu_count"]


CPU_COUNT = cpu_count()
"""What `cpu_count` said when this module was imported."""

LINUX = sys.platform == "linux"
"""Whether this is Linux."""
