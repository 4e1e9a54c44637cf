"""Effects that happen once though their event comes twice, for services that keep their own SQL tables."""

import sqlite3
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

from workshop_lib.events.sqlite import transaction

HANDLED_TABLE = """CREATE TABLE IF NOT EXISTS handled (
    consumer TEXT NOT NULL,
    event_id TEXT NOT NULL,
    handled_at REAL NOT NULL,
    PRIMARY KEY (consumer, event_id)
) WITHOUT ROWID"""
"""Makes the table that `handle_once` marks events in; `SQLiteEventStore` has the same one."""


def handle_once(
    connection: sqlite3.Connection, consumer: str, event_id: UUID | str, work: Callable[[sqlite3.Connection], Any]
) -> bool:
    """Call ``work(connection)`` unless `consumer` has handled that event, and return whether it was called.

    The mark and what the work writes through `connection` are one transaction: a process killed at any instant leaves
    both or neither. What the work does elsewhere, such as a mail, is no part of it and may happen twice. When the work
    raises, nothing is kept and the exception goes on.

    Args:
        connection: to a database with the table of `HANDLED_TABLE`, and in no transaction
            (`workshop_lib.events.sqlite.connect` gives one).
    """
    with transaction(connection):
        mark = "INSERT OR IGNORE INTO handled (consumer, event_id, handled_at) VALUES (?, ?, ?)"
        new = connection.execute(mark, (consumer, str(event_id), time.time())).rowcount == 1
        if new:
            work(connection)
    return new
