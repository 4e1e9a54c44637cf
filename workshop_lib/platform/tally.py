"""A small service: it counts the words of the pages that come in, section by section, and tells of each."""

import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from workshop_lib.events import BaseEvent, EventBus, EventMetadata, EventType, encode, parse_event
from workshop_lib.events.once import HANDLED_TABLE, handle_once
from workshop_lib.events.schemas import follow
from workshop_lib.events.sqlite import connect, transaction, write_ahead
from workshop_lib.platform.shelf import count_words

NO_SECTION = "no section"
_TABLES = (
    HANDLED_TABLE,
    "CREATE TABLE IF NOT EXISTS totals (section TEXT PRIMARY KEY, pages INTEGER NOT NULL, words INTEGER NOT NULL)",
    # An event to publish is written with the total that it tells of: a kill in between loses neither.
    "CREATE TABLE IF NOT EXISTS outbox (position INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL)",
)
_ADD = """INSERT INTO totals (section, pages, words) VALUES (?, 1, ?)
    ON CONFLICT (section) DO UPDATE SET pages = pages + 1, words = words + excluded.words"""

Once = Callable[[sqlite3.Connection, str, UUID, Callable[[sqlite3.Connection], Any]], Any]
Follow = Callable[[BaseEvent], tuple[UUID, UUID]]


class MissingSection(ValueError):
    """A page that stands in no section, where one is asked for."""


class Tally:
    """Pages and words by section, in the SQLite file `path`. One thread at a time.

    Each page counts once though its event comes twice. What it tells, ``page.counted``, is published at least once.
    """

    def __init__(
        self,
        path: Path,
        bus: EventBus,
        *,
        section_needed: bool = False,
        once: Once = handle_once,
        follow: Follow = follow,
    ) -> None:
        """Open the file.

        Args:
            bus: where ``page.counted`` is published.
            section_needed: refuse a page without a section; else it counts under "no section".
            once: calls its last argument unless the event was handled.
            follow: gives correlation and causation id of what an event leads to.
        """
        self._bus, self._section_needed, self._once, self._follow = bus, section_needed, once, follow
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = connect(path)
        write_ahead(self._connection)
        with transaction(self._connection):
            for table in _TABLES:
                self._connection.execute(table)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def handle(self, event: BaseEvent) -> bool:
        """Count the page that a ``data.ingested`` is about, and return whether it was new.

        Raises:
            MissingSection: it has none, and one is needed.
        """
        page = event.payload
        section = page.get("category")
        if section is None and self._section_needed:
            raise MissingSection(f"{page['document_id']} stands in no section")
        section, words = section or NO_SECTION, count_words(page["content"])
        told = self._counted(event, {"document_id": page["document_id"], "section": section, "words": words})

        def count(connection: sqlite3.Connection) -> None:
            connection.execute(_ADD, (section, words))
            connection.execute("INSERT INTO outbox (body) VALUES (?)", (encode(told),))

        new = bool(self._once(self._connection, "tally", event.metadata.event_id, count))
        self._tell()
        return new

    def _counted(self, cause: BaseEvent, payload: Mapping[str, Any]) -> BaseEvent:
        correlation_id, causation_id = self._follow(cause)
        metadata = EventMetadata(
            event_type=EventType("page.counted"),
            source_service="tally",
            correlation_id=correlation_id,
            causation_id=causation_id,
        )
        return BaseEvent(metadata=metadata, payload=dict(payload))

    def _tell(self) -> None:
        """Publish what waits in the outbox, also what a killed process left there."""
        for position, body in self._connection.execute(
            "SELECT position, body FROM outbox ORDER BY position"
        ).fetchall():
            self._bus.publish(parse_event(body))
            self._connection.execute("DELETE FROM outbox WHERE position = ?", (position,))


def totals(path: Path) -> dict[str, tuple[int, int]]:
    """Pages and words of each section that the file `path` holds; empty where there is no file yet."""
    if not path.exists():
        return {}
    connection = connect(path)
    try:
        rows = connection.execute("SELECT section, pages, words FROM totals ORDER BY section").fetchall()
    finally:
        connection.close()
    return {section: (pages, words) for section, pages, words in rows}
