"""Who is writing: a process, as another one can tell whether it still lives."""

import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

LEASE = 3600.0
"""Seconds after which a write from a machine that can't be asked is taken for dead."""


def signature() -> dict[str, str | int | float]:
    """This process, now."""
    pid = os.getpid()
    return {"host": socket.gethostname(), "pid": pid, "started": _started(pid), "at": time.time()}


def lives(signed: Mapping[str, Any]) -> bool:
    """Whether the process that signed may still be at work."""
    if signed["host"] != socket.gethostname():
        return time.time() - float(signed["at"]) < LEASE
    try:
        os.kill(int(signed["pid"]), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return _started(int(signed["pid"])) == str(signed["started"])


def _started(pid: int) -> str:
    """When it started, where /proc tells: a process id is used again, and in a container it is always 1."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return "unknown"
