"""A service in a process of its own, for tests to ask and to signal. Run as a module: URL FOLDER MANNER."""

import logging
import os
import sys
import time
from pathlib import Path

from workshop_lib.events import BaseEvent, open_bus
from workshop_lib.events.logs import log_to
from workshop_lib.events.service import Service

QUEUE = "work"
_OPTIONS = {"stuck": {"stuck_after": 0.01}, "endless": {"drain_within": 0.5}}


def write(folder: Path, name: str, event: BaseEvent) -> None:
    """One line in one write: several threads and processes may."""
    file = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(file, f"{event.metadata.event_id}\n".encode())
    os.close(file)


def main(url: str, place: str, manner: str) -> int:
    log_to()
    folder = Path(place)

    def work(event: BaseEvent) -> None:
        write(folder, "begun", event)
        logging.getLogger("work").info("begun")
        if manner == "fails":
            raise ValueError("no")
        time.sleep(0.01)
        while manner != "quick" and not (folder / "go on").exists():
            time.sleep(0.01)
        write(folder, "ended", event)

    service = Service("worker", open_bus(url), **_OPTIONS.get(manner, {}))
    service.subscribe(QUEUE, ["#"], work, concurrency=3, prefetch=20, max_attempts=1)
    return 0 if service.run(lambda port: print(port, flush=True)) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
