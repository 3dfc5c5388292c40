"""Watching computations: a progress bar, profilers, reports, and pages that show what they have recorded."""

from __future__ import annotations

from raskt.callbacks import Callback
from raskt.diagnostics.cache_profile import CacheProfiler
from raskt.diagnostics.compare import compare_reports
from raskt.diagnostics.dashboard import get_task_stream, performance_report
from raskt.diagnostics.page import visualize
from raskt.diagnostics.profile import Profiler
from raskt.diagnostics.progress import ProgressBar
from raskt.diagnostics.resource import ResourceProfiler

__all__ = [
    "CacheProfiler",
    "Callback",
    "Profiler",
    "ProgressBar",
    "ResourceProfiler",
    "compare_reports",
    "get_task_stream",
    "performance_report",
    "visualize",
]
