"""What this machine offers: how many cores, the name of its processor, and its memory back."""

import ctypes
import os
import platform
import re
import sys
from pathlib import Path

__all__ = ["cores", "give_memory_back", "processor"]


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


def give_memory_back() -> None:
    """Let the system have what this process has freed, where its C library keeps that.

    glibc keeps most of what threads had that have ended.

    Examples
    --------
    >>> give_memory_back()
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
