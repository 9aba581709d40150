"""What this machine offers: how many cores, and the name of its processor."""

import os
import platform
import re
from pathlib import Path

__all__ = ["cores", "processor"]


def cores() -> int:
    """How many cores this process may use; a container may grant fewer than there are.

    Examples
    --------
    >>> cores() >= 1
    True
    """
    # Only Linux has it; elsewhere a process may use them all.
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processor() -> str:
    """The name of the processor; without one its architecture.

    Examples
    --------
    >>> processor() != ""
    True
    """
    try:
        found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    except OSError:
        found = None
    return found[1].strip() if found else platform.processor() or platform.machine()
