"""What was started, written down beside its data: enough for a later command to see it and to end it."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from workshop_lib.cli.services import docker
from workshop_lib.cli.services.processes import Process, end

_PATIENCE = 60.0


@dataclass(frozen=True)
class Record:
    """A service that was started: as processes, the service itself last, or else as a container."""

    port: int
    processes: Sequence[Process] = ()
    container: str | None = None

    def alive(self) -> bool:
        """Whether all of it runs.

        Raises:
            ServiceError: it is a container, and no engine answers.
        """
        if self.container is not None:
            return docker.running(self.container)
        return bool(self.processes) and all(process.alive() for process in self.processes)

    def end(self) -> bool:
        """End what runs of it, the service first; True if the service itself ran.

        Raises:
            ServiceError: it is a container, and no engine answers.
        """
        if self.container is not None:
            return docker.remove(self.container)
        ended = [end(process, _PATIENCE) for process in reversed(self.processes)]
        return bool(ended) and ended[0]

    def last_words(self, log: Path) -> str:
        """The end of what it said; `log` is where processes write."""
        if self.container is not None:
            return docker.last_words(self.container)
        return "\n".join(log.read_text(errors="replace").splitlines()[-5:]) if log.exists() else ""


def read(file: Path) -> Record | None:
    """What `write` wrote, None where there is nothing."""
    try:
        found = json.loads(file.read_text())
        processes = [Process(int(one["pid"]), str(one["started"])) for one in found["processes"]]
        return Record(int(found["port"]), processes, found["container"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        # Half a record is none: it is put in place whole, so that it was not we who wrote that.
        return None


def write(file: Path, record: Record) -> None:
    """Put it in place whole."""
    new = file.with_suffix(".new")
    new.write_text(json.dumps(asdict(record), indent=2) + "\n")
    new.replace(file)
