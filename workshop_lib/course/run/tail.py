"""Follows growing files of JSON lines."""

from collections.abc import Iterator
from pathlib import Path

from workshop_lib.course.run.events import Event, parse_line


class Tail:
    """Yields each event of a file once. The file may not exist yet; a last line without its end waits for the rest."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offset = 0
        self._rest = b""

    def poll(self) -> Iterator[Event]:
        """The events that have come since the last call."""
        try:
            with self.path.open("rb") as file:
                file.seek(self._offset)
                new = file.read()
        except FileNotFoundError:
            return
        self._offset += len(new)
        *lines, self._rest = (self._rest + new).split(b"\n")
        for line in lines:
            if event := parse_line(line):
                yield event
