"""Progress as JSON lines: a worker appends to one file for each notebook, and the parent reads them.

A file needs no connection between the two, so that any executor whose workers share a disk serves.

An event has "event" and the fields of its kind: *started* (pid, host, home, cells), *kernel* (pid, created), *cell*
(cell, cells, heading), *ended* (cell), *finished*, *terminated*.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Event = dict[str, Any]


class EventLog:
    """Appends to one file. A line is written by one system call, so that a reader meets half a line at most where
    the disk fills up or the worker is killed."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, event: str, **fields: Any) -> None:
        """Append one event."""
        line = json.dumps({"event": event, **fields}, ensure_ascii=False) + "\n"
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)


def parse_line(line: bytes) -> Event | None:
    """The event in a line, or None where a killed worker left half of one."""
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and "event" in event else None


def read_events(path: Path) -> Iterator[Event]:
    """Every whole event in `path`; none where the file isn't there yet."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return
    for line in content.splitlines():
        if event := parse_line(line):
            yield event
