"""The event store in one SQLite file."""

import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from workshop_lib.events.errors import NotAnEventStore, StoreClosed, StoreUnavailable
from workshop_lib.events.sqlite import connect, transaction, typed_errors, write_ahead
from workshop_lib.events.stores.base import EventStore, Row, check_same
from workshop_lib.i18n import _

_COLUMNS = ["position", "event_id", "event_type", "correlation_id", "body"]
_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS events (
        position INTEGER PRIMARY KEY AUTOINCREMENT,
        event_id TEXT NOT NULL UNIQUE,
        event_type TEXT NOT NULL,
        correlation_id TEXT,
        body TEXT NOT NULL
    )""",
    "CREATE INDEX IF NOT EXISTS events_by_correlation ON events (correlation_id, position)",
    "CREATE INDEX IF NOT EXISTS events_by_type ON events (event_type, position)",
    """CREATE TABLE IF NOT EXISTS handled (
        consumer TEXT NOT NULL,
        event_id TEXT NOT NULL,
        handled_at REAL NOT NULL,
        PRIMARY KEY (consumer, event_id)
    ) WITHOUT ROWID""",
    # What is kept for ever has no row here: a file of an older version needs no change.
    "CREATE TABLE IF NOT EXISTS event_ends (position INTEGER PRIMARY KEY, at REAL NOT NULL)",
    "CREATE INDEX IF NOT EXISTS event_ends_by_time ON event_ends (at)",
    """CREATE TABLE IF NOT EXISTS handled_ends (
        consumer TEXT NOT NULL,
        event_id TEXT NOT NULL,
        at REAL NOT NULL,
        PRIMARY KEY (consumer, event_id)
    ) WITHOUT ROWID""",
    "CREATE INDEX IF NOT EXISTS handled_ends_by_time ON handled_ends (at)",
)
_KEPT = "NOT EXISTS (SELECT 1 FROM event_ends WHERE event_ends.position = events.position AND at <= ?)"


class SQLiteEventStore(EventStore):
    """Events in the file `path`, which is made with its folder if need be.

    An event is committed when `store_event` returns.
    """

    def __init__(self, path: Path | str, *, ttl: float | None = None) -> None:
        """Open the file.

        Args:
            ttl: seconds for which what is stored now is kept; for ever by default.

        Raises:
            NotAnEventStore: the file is something else; it is left as it is.
            StoreUnavailable: it can't be made, opened or written.
        """
        super().__init__(ttl)
        self.path = Path(path)
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._unavailable(_("its folder can't be made: {why}").format(why=error.strerror)) from None
        with self._typed_errors():
            connection = connect(self.path)
            try:
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
        self._connection = connection

    def close(self) -> None:
        """Close the file; closing twice is no error."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _write(self, rows: Sequence[Row], mark: tuple[str, str] | None) -> None:
        with self._open() as connection, transaction(connection):
            now = time.time()
            ends = None if self.ttl is None else now + self.ttl
            _purge(connection, now)
            if mark is None or _mark(connection, mark, now, ends):
                for row in rows:
                    _insert(connection, row, ends)

    def _is_handled(self, mark: tuple[str, str]) -> bool:
        query = """SELECT 1 FROM handled WHERE consumer = ? AND event_id = ? AND NOT EXISTS (
            SELECT 1 FROM handled_ends
            WHERE handled_ends.consumer = handled.consumer AND handled_ends.event_id = handled.event_id AND at <= ?)"""
        with self._open() as connection:
            return connection.execute(query, (*mark, time.time())).fetchone() is not None

    def _body(self, event_id: str) -> str | None:
        query = f"SELECT body FROM events WHERE event_id = ? AND {_KEPT}"  # noqa: S608 - a constant
        with self._open() as connection:
            row = connection.execute(query, (event_id, time.time())).fetchone()
        return None if row is None else row[0]

    def _bodies_of_work(self, correlation_id: str) -> list[str]:
        query = f"SELECT body FROM events WHERE correlation_id = ? AND {_KEPT} ORDER BY position"  # noqa: S608
        with self._open() as connection:
            return [body for (body,) in connection.execute(query, (correlation_id, time.time()))]

    def _bodies_of_type(self, event_type: str, count: int) -> list[str]:
        query = f"SELECT body FROM events WHERE event_type = ? AND {_KEPT} ORDER BY position DESC LIMIT ?"  # noqa: S608
        with self._open() as connection:
            return [body for (body,) in connection.execute(query, (event_type, time.time(), count))]

    def _prepare(self, connection: sqlite3.Connection) -> None:
        # Looked at before anything is written, so that a file which is not ours stays as it is.
        columns = [name for _number, name, *_more in connection.execute("PRAGMA table_info(events)")]
        if columns and columns != _COLUMNS:
            raise self._foreign(_("its table `events` has the columns {names}").format(names=", ".join(columns)))
        if (mode := write_ahead(connection)) != "wal":
            text = _("its file system takes no write-ahead log (journal_mode {mode})")
            raise self._unavailable(text.format(mode=mode))
        with transaction(connection):
            for statement in _SCHEMA:
                connection.execute(statement)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._typed_errors():
            if self._connection is None:
                raise StoreClosed
            yield self._connection

    def _typed_errors(self) -> AbstractContextManager[None]:
        return typed_errors(self._unavailable, self._foreign)

    def _unavailable(self, why: str) -> StoreUnavailable:
        return StoreUnavailable(
            _(
                "expected a file to keep events in at {path}, but: {why}. "
                "Give a path in a folder of yours: EVENT_STORE_URL=sqlite:///PATH, or set WORKSHOP_HOME"
            ).format(path=self.path, why=why)
        )

    def _foreign(self, why: str) -> NotAnEventStore:
        return NotAnEventStore(
            _(
                "expected an event store at {path}, but: {why}. It was left as it is: "
                "move it away, or give another path: EVENT_STORE_URL=sqlite:///PATH"
            ).format(path=self.path, why=why)
        )


def _insert(connection: sqlite3.Connection, row: Row, ends: float | None) -> None:
    there = connection.execute("SELECT body FROM events WHERE event_id = ?", (row.event_id,)).fetchone()
    if there is not None:
        check_same(row.event_id, there[0], row.body)
        return
    position = connection.execute(
        "INSERT INTO events (event_id, event_type, correlation_id, body) VALUES (?, ?, ?, ?)",
        (row.event_id, row.event_type, row.correlation_id, row.body),
    ).lastrowid
    if ends is not None:
        connection.execute("INSERT INTO event_ends (position, at) VALUES (?, ?)", (position, ends))


def _mark(connection: sqlite3.Connection, mark: tuple[str, str], now: float, ends: float | None) -> bool:
    insert = "INSERT OR IGNORE INTO handled (consumer, event_id, handled_at) VALUES (?, ?, ?)"
    new = connection.execute(insert, (*mark, now)).rowcount == 1
    if new and ends is not None:
        connection.execute("INSERT INTO handled_ends (consumer, event_id, at) VALUES (?, ?, ?)", (*mark, ends))
    return new


def _purge(connection: sqlite3.Connection, now: float) -> None:
    """Forget what has ended. Where nothing has, this is one look at each of two indices."""
    ended = connection.execute("SELECT position FROM event_ends WHERE at <= ?", (now,)).fetchall()
    connection.executemany("DELETE FROM events WHERE position = ?", ended)
    connection.execute("DELETE FROM event_ends WHERE at <= ?", (now,))
    marks = connection.execute("SELECT consumer, event_id FROM handled_ends WHERE at <= ?", (now,)).fetchall()
    connection.executemany("DELETE FROM handled WHERE consumer = ? AND event_id = ?", marks)
    connection.execute("DELETE FROM handled_ends WHERE at <= ?", (now,))
