"""The event store: what happened, kept in one SQLite file and found by id or by correlation id."""

import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import UUID

from workshop_lib.events.codec import encode, parse_event
from workshop_lib.events.errors import (
    EventConflict,
    InvalidEvent,
    NotAnEventStore,
    StoreClosed,
    StoreUnavailable,
    UnknownScheme,
)
from workshop_lib.events.schemas import BaseEvent
from workshop_lib.events.sqlite import connect, transaction, write_ahead
from workshop_lib.i18n import _
from workshop_lib.settings import Settings

_Row = tuple[str, str, str | None, str]
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
    """CREATE TABLE IF NOT EXISTS handled (
        consumer TEXT NOT NULL,
        event_id TEXT NOT NULL,
        handled_at REAL NOT NULL,
        PRIMARY KEY (consumer, event_id)
    ) WITHOUT ROWID""",
)


class SQLiteEventStore:
    """Events in the file `path`, which is made with its folder if need be.

    Threads may share one store; each process opens its own on the same file. An event is committed when
    `store_event` returns, so a process killed after that has lost nothing.
    """

    def __init__(self, path: Path | str) -> None:
        """Open the file.

        Raises:
            NotAnEventStore: the file is something else; it is left as it is.
            StoreUnavailable: it can't be made, opened or written.
        """
        self.path = Path(path)
        self._lock = threading.Lock()
        self._unit = threading.local()
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

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; closing twice is no error."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def store_event(self, event: BaseEvent) -> bool:
        """Keep `event`, and return True once it is committed. Storing the same event again changes nothing.

        Raises:
            InvalidEvent: not an event, or its payload is not what its type asks for.
            EventConflict: an event of that id is there with another content.
            StoreUnavailable: the file can't be written, or was locked for 60 seconds.
            StoreClosed: after `close`.
        """
        row = _row(event)
        waiting: list[_Row] | None = getattr(self._unit, "rows", None)
        if waiting is not None:
            waiting.append(row)
            return True
        with self._open() as connection, transaction(connection):
            _insert(connection, row)
        return True

    @contextmanager
    def handling(self, consumer: str, event_id: UUID | str) -> Iterator[bool]:
        """Whether `consumer` has not handled that event yet: for the body to look at, and do nothing if False.

        Where it is True, `store_event` waits while the body runs, on this thread: what the body stores is committed
        when the body ends well, in one transaction with the mark that the event is handled, and not at all when it
        raises. If another process did the same meanwhile, its mark counts, and what this body stored is dropped. What
        the body does elsewhere is not part of this, and may be done twice.

        Raises:
            InvalidEvent: `event_id` is no UUID.
            EventConflict, StoreUnavailable, StoreClosed: as `store_event` says, at the end too.
        """
        key = (consumer, _uuid(event_id))
        with self._open() as connection:
            known = connection.execute("SELECT 1 FROM handled WHERE consumer = ? AND event_id = ?", key).fetchone()
        if known:
            yield False
            return
        rows: list[_Row] = []
        outer = getattr(self._unit, "rows", None)
        self._unit.rows = rows
        try:
            yield True
        finally:
            self._unit.rows = outer
        with self._open() as connection, transaction(connection):
            mark = "INSERT OR IGNORE INTO handled (consumer, event_id, handled_at) VALUES (?, ?, ?)"
            if connection.execute(mark, (*key, time.time())).rowcount:
                for row in rows:
                    _insert(connection, row)

    def get_event(self, event_id: UUID | str) -> BaseEvent | None:
        """The event of that id, None where there is none.

        Raises:
            InvalidEvent: `event_id` is no UUID, or the stored text is no event.
            StoreUnavailable: the file can't be read.
            StoreClosed: after `close`.
        """
        with self._open() as connection:
            row = connection.execute("SELECT body FROM events WHERE event_id = ?", (_uuid(event_id),)).fetchone()
        return None if row is None else parse_event(row[0])

    def get_events_by_correlation(self, correlation_id: UUID | str) -> list[BaseEvent]:
        """All events of one piece of work, in the order in which they were stored.

        Raises:
            InvalidEvent: `correlation_id` is no UUID, or a stored text is no event.
            StoreUnavailable: the file can't be read.
            StoreClosed: after `close`.
        """
        query = "SELECT body FROM events WHERE correlation_id = ? ORDER BY position"
        with self._open() as connection:
            rows = connection.execute(query, (_uuid(correlation_id),)).fetchall()
        return [parse_event(body) for (body,) in rows]

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

    @contextmanager
    def _typed_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise self._unavailable(str(error)) from error
        except sqlite3.DatabaseError as error:
            raise self._foreign(str(error)) from error

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


def open_store(url: str) -> SQLiteEventStore:
    """The store that `url` names: ``sqlite:///PATH``, a relative path under WORKSHOP_HOME.

    Raises:
        UnknownScheme: no store for the URL, or no path in it.
        NotAnEventStore, StoreUnavailable: as `SQLiteEventStore` says.
    """
    try:
        path = Settings().sqlite_path(url)
    except ValueError:
        raise UnknownScheme(_("an event store"), url, ["sqlite:///PATH"]) from None
    return SQLiteEventStore(path)


def _row(event: BaseEvent) -> _Row:
    body = encode(event)
    about = event.metadata
    return str(about.event_id), str(about.event_type), str(about.correlation_id) if about.correlation_id else None, body


def _insert(connection: sqlite3.Connection, row: _Row) -> None:
    there = connection.execute("SELECT body FROM events WHERE event_id = ?", row[:1]).fetchone()
    if there is None:
        connection.execute("INSERT INTO events (event_id, event_type, correlation_id, body) VALUES (?, ?, ?, ?)", row)
    elif _canonical(there[0]) != _canonical(row[3]):
        raise EventConflict(row[0])


def _uuid(value: UUID | str) -> str:
    try:
        return str(UUID(str(value)))
    except ValueError:
        raise InvalidEvent(_("its id is no UUID: {value!r}").format(value=value)) from None


def _canonical(body: str) -> str:
    return json.dumps(json.loads(body), sort_keys=True)
