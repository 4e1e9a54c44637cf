"""``sqlite:///PATH``: the file, who may publish into it, and what is asked of it."""

import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from urllib.parse import parse_qsl

from workshop_lib.events.errors import (
    BrokerUnavailable,
    BusClosed,
    BusError,
    NotAnEventBus,
    NotConfirmed,
    QueueConflict,
    UnknownQueue,
    UnknownScheme,
    UnroutableError,
)
from workshop_lib.events.routing import Bindings
from workshop_lib.events.sqlite import BUSY_TIMEOUT, transaction, typed_errors, write_ahead
from workshop_lib.events.transport import DeadLetter, Delivery, Outgoing, QueueCounts, QueueSpec
from workshop_lib.events.transports.memory import priorities_differ
from workshop_lib.events.transports.sqlite import tables
from workshop_lib.events.transports.sqlite.consumption import SQLiteConsumption
from workshop_lib.events.transports.sqlite.engine import Engine
from workshop_lib.events.transports.sqlite.together import Batch, Together
from workshop_lib.i18n import _
from workshop_lib.settings import Settings

DEFAULT_LEASE = 30.0
"""Seconds after which what a killed process held comes again."""

_SYNCHRONOUS = ("off", "normal", "full", "extra")


class SQLiteTransport:
    """One file, in which every process of this machine may publish and consume.

    Options in the URL: ``?lease=30`` (seconds after which what a killed consumer held comes again; a living one
    renews its leases at a third of it), ``?timeout=60`` (seconds to wait for another process's write),
    ``?synchronous=full`` (`full`: what is confirmed outlives a power failure; `normal`: it outlives killed processes
    and is faster).
    """

    def __init__(self, url: str, exchange: str) -> None:
        location, _mark, query = url.partition("?")
        try:
            self.path: Path = Settings().sqlite_path(location)
            options = dict(parse_qsl(query, strict_parsing=True)) if query else {}
            self._lease = float(options.pop("lease", DEFAULT_LEASE))
            self._timeout = float(options.pop("timeout", BUSY_TIMEOUT))
            self._synchronous = options.pop("synchronous", "full")
            if options or self._lease <= 0 or self._timeout < 0 or self._synchronous not in _SYNCHRONOUS:
                raise ValueError(query)
        except ValueError:
            form = "sqlite:///PATH[?lease=SECONDS&timeout=SECONDS&synchronous=full|normal]"
            raise UnknownScheme(_("an event bus"), url, [form]) from None
        self._exchange = exchange
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._engine: Engine | None = None
        self._together = Together(self._write)
        self._temporary: list[int] = []
        self._known_changes = -1
        self._bindings, self._numbers = Bindings(), dict[str, tuple[int, bool]]()

    def connect(self) -> None:
        with self._lock:
            if self._connection is None:
                self._connection = self._open()
                self._engine = Engine(self._open, self._lease)

    def close(self) -> None:
        with self._lock:
            engine, self._engine = self._engine, None
        if engine is not None:
            engine.close()
        with self._lock:
            connection, self._connection = self._connection, None
            self._known_changes = -1
            if connection is None:
                return
            try:
                if self._temporary:
                    with self._typed_errors(), transaction(connection):
                        tables.unbind(connection, self._temporary)
            finally:
                self._temporary.clear()
                connection.close()

    def declare(self, queue: QueueSpec) -> None:
        with self._using() as connection, transaction(connection):
            there = tables.queue_row(connection, queue.name)
            if there is not None and there[1] != queue.priorities:
                raise QueueConflict(queue.name, priorities_differ(there[1]))
            until = time.time() + self._lease if queue.temporary else None
            number = tables.bind(connection, self._exchange, queue, until)
        if queue.temporary and there is None:
            self._temporary.append(number)
            self._running().keep(number)

    def publish(self, messages: Sequence[Outgoing]) -> None:
        refused = self._together.publish(messages).refused
        self._running().nudge()
        if refused:
            raise NotConfirmed(len(messages), set(range(len(messages))) - refused.keys(), refused)

    def consume(
        self,
        queue_name: str,
        prefetch: int,
        deliver: Callable[[Delivery], None],
        failed: Callable[[BusError], None],
    ) -> SQLiteConsumption:
        with self._using() as connection:
            number = self._number(connection, queue_name)
        engine = self._running()
        consumption = SQLiteConsumption(engine, number, queue_name, prefetch, deliver, failed)
        engine.add(consumption)
        return consumption

    def counts(self, queue_name: str) -> QueueCounts:
        with self._running().between_turns(), self._using() as connection:
            return tables.counts(connection, self._number(connection, queue_name))

    def queues(self) -> tuple[str, ...]:
        with self._using() as connection:
            return tables.queue_names(connection)

    def dead_letters(self, queue_name: str, limit: int | None = None) -> tuple[DeadLetter, ...]:
        with self._using() as connection:
            return tables.dead_letters(connection, self._number(connection, queue_name), queue_name, limit)

    def replay_many(self, queue_name: str, letter_ids: Collection[str]) -> int:
        done = self._with_letters(tables.replay, queue_name, letter_ids)
        self._running().nudge()
        return done

    def drop_many(self, queue_name: str, letter_ids: Collection[str]) -> int:
        return self._with_letters(tables.drop, queue_name, letter_ids)

    def _write(self, batches: Sequence[Batch]) -> None:
        with self._using() as connection, transaction(connection):
            self._refresh(connection)
            for batch in batches:
                batch.refused.clear()
                for index, message in enumerate(batch.messages):
                    names = self._bindings.queues(message.routing_key)
                    if names:
                        tables.insert(connection, message, [self._numbers[name] for name in names])
                    elif message.mandatory:
                        batch.refused[index] = UnroutableError(message.routing_key, tables.queue_names(connection))

    def _with_letters(
        self, do: Callable[[sqlite3.Connection, int, int], bool], queue_name: str, letter_ids: Collection[str]
    ) -> int:
        # An id of another backend's form names nothing here; nor one that is no SQLite integer.
        ours = [int(letter_id) for letter_id in letter_ids if letter_id.isdecimal() and len(letter_id) < 19]
        with self._using() as connection, transaction(connection):
            number = self._number(connection, queue_name)
            return sum(do(connection, number, message) for message in ours)

    def _refresh(self, connection: sqlite3.Connection) -> None:
        """Read the bindings again where another process has changed them."""
        changes = tables.changes(connection)
        if changes != self._known_changes:
            self._bindings, self._numbers = tables.read_bindings(connection, self._exchange)
            self._known_changes = changes

    def _number(self, connection: sqlite3.Connection, queue_name: str) -> int:
        there = tables.queue_row(connection, queue_name)
        if there is None:
            raise UnknownQueue(queue_name, tables.queue_names(connection))
        return there[0]

    def _running(self) -> Engine:
        engine = self._engine
        if engine is None:
            raise BusClosed
        return engine

    @contextmanager
    def _using(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._typed_errors():
            if self._connection is None:
                raise BusClosed
            yield self._connection

    def _open(self) -> sqlite3.Connection:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._unavailable(_("its folder can't be made: {why}").format(why=error.strerror)) from None
        with self._typed_errors():
            connection = sqlite3.connect(
                self.path, timeout=self._timeout, isolation_level=None, check_same_thread=False
            )
            try:
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
            return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        # Looked at before anything is written, so that a file which is not ours stays as it is.
        if tables.is_ours(connection) is False:
            raise self._foreign(_("it is another program's database"))
        if (mode := write_ahead(connection, wait=self._timeout)) != "wal":
            text = _("its file system takes no write-ahead log (journal_mode {mode})")
            raise self._unavailable(text.format(mode=mode))
        connection.execute(f"PRAGMA synchronous = {self._synchronous}")
        if tables.is_ours(connection) is None:
            with transaction(connection):
                # Another process may have made them while this one waited for its turn.
                if tables.is_ours(connection) is None:
                    tables.create(connection)

    def _typed_errors(self) -> AbstractContextManager[None]:
        return typed_errors(self._unavailable, self._foreign)

    def _unavailable(self, why: str) -> BrokerUnavailable:
        return BrokerUnavailable(
            _(
                "expected an event bus in the file {path}, but: {why}. "
                "End what holds it, make room, or give a path in a folder of yours: EVENT_BUS_URL=sqlite:///PATH"
            ).format(path=self.path, why=why)
        )

    def _foreign(self, why: str) -> NotAnEventBus:
        return NotAnEventBus(
            _(
                "expected an event bus in the file {path}, but: {why}. It was left as it is: "
                "move it away, or give another path: EVENT_BUS_URL=sqlite:///PATH"
            ).format(path=self.path, why=why)
        )
