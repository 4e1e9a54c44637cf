"""SqliteHuey with a task that gets an event's JSON, and validates it as the bus does."""

import logging
from collections.abc import Sequence
from pathlib import Path

from huey import SqliteHuey

from benchmarks._ingested import Counting, timed
from workshop_lib.events import DataIngestedEvent


class Huey:
    """A queue in a file of its own, without results: an event has none."""

    def __init__(self, file: Path, synchronous: str) -> None:
        # It writes two lines for each task, which cost it time where logging is on.
        logging.getLogger("huey").setLevel(logging.ERROR)
        self._huey = SqliteHuey("pages", filename=str(file), results=False)
        # Of its own it knows full and off only. The connection is the one that all of it uses.
        self._huey.storage.conn.execute(f"PRAGMA synchronous = {synchronous}")
        self._task = self._huey.task(name="handle")(self._handle)
        self._counting = Counting(0)

    def _handle(self, text: str) -> None:
        self._counting(DataIngestedEvent.model_validate_json(text))

    def enqueue(self, events: Sequence[DataIngestedEvent]) -> float:
        """Seconds for all, one by one."""

        def put() -> None:
            for event in events:
                self._task(event.model_dump_json())

        return timed(put)

    def dequeue(self, number: int) -> float:
        """Seconds until that many were taken and executed, one by one, as its worker does."""
        self._counting = Counting(number)

        def take() -> None:
            for _ in range(number):
                task = self._huey.dequeue()
                assert task is not None
                self._huey.execute(task)

        seconds = timed(take)
        assert self._counting.done
        return seconds

    def close(self) -> None:
        """Close the file."""
        self._huey.storage.close()
