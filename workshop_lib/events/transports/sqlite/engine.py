"""The thread that consumes: it claims, pushes, settles and keeps leases, in as few transactions as there are turns.

Handlers' threads only leave their settlements here. All that gathered while one transaction was written goes into the
next: with quick handlers many events share the cost of one.
"""

import logging
import secrets
import sqlite3
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from workshop_lib.events.errors import BusError, NotAnEventBus
from workshop_lib.events.sqlite import transaction
from workshop_lib.events.transports.sqlite import tables
from workshop_lib.events.transports.sqlite.consumption import SQLiteConsumption
from workshop_lib.events.transports.sqlite.tables import Claimed, Key, Step
from workshop_lib.i18n import _

logger = logging.getLogger(__name__)

POLL = 0.011
"""Seconds between two looks at whether another process has written. A look takes some ten microseconds."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 5.0
_PATIENCE = 10.0
"""Seconds that `flush` waits for a file that can't be written."""

_PASSING = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
}
"""What somebody else can mend while this waits: a lock, a full disk, a folder that is not mounted."""


_Settlement = tuple[Step, tuple[Any, ...]]


class Engine:
    """Consumptions of one transport, and their thread with its own connection."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], lease: float) -> None:
        self._connect, self._lease = connect, lease
        self._news = threading.Condition()
        self._settlements: list[_Settlement] = []
        self._consumptions: list[SQLiteConsumption] = []
        self._temporary: set[int] = set()
        # Held from a claim until all of it is delivered.
        self._turning = threading.Lock()
        self._nudged = self._closing = False
        self._left = self._applied = 0
        self._renewal = self._due = 0.0
        self._trouble: float | None = None
        self._thread: threading.Thread | None = None

    def add(self, consumption: SQLiteConsumption) -> None:
        """Begin to serve it."""
        with self._news:
            self._consumptions.append(consumption)
            self._nudge()

    def remove(self, consumption: SQLiteConsumption) -> None:
        """Serve it no more."""
        with self._news:
            if consumption in self._consumptions:
                self._consumptions.remove(consumption)

    def keep(self, queue: int) -> None:
        """Keep a temporary queue from being deleted, until `close`."""
        with self._news:
            self._temporary.add(queue)
            self._nudge()

    def settle(self, step: Step, row: tuple[Any, ...], *, soon: bool) -> None:
        """Do `step` to the tables: at the next look at the latest, or now where it is wanted `soon`."""
        with self._news:
            self._settlements.append((step, row))
            self._left += 1
            if soon:
                self._nudge()

    def nudge(self) -> None:
        """Something was published in this process: look now."""
        with self._news:
            if self._thread is not None:
                self._nudge()

    def flush(self) -> None:
        """Wait until what was settled before is written; not for long where the file can't be written."""
        with self._news:
            until = self._left
            if self._thread is not None:
                self._nudge()
            self._news.wait_for(lambda: self._applied >= until or self._thread is None or self._hopeless())
            if self._applied < until:
                logger.warning("%d settlements could not be written; those messages come again", until - self._applied)

    @contextmanager
    def between_turns(self) -> Iterator[None]:
        """While the body runs nothing is on its way: neither a settlement to the file, nor a message from it."""
        self.flush()
        with self._turning:
            yield

    def close(self) -> None:
        """Write what is settled, and end."""
        with self._news:
            thread = self._thread
            self._closing = True
            self._news.notify_all()
        if thread is not None:
            thread.join()

    def _hopeless(self) -> bool:
        return self._trouble is not None and time.monotonic() - self._trouble > _PATIENCE

    def _nudge(self) -> None:
        self._nudged = True
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="sqlite-bus", daemon=True)
            self._thread.start()
        self._news.notify_all()

    def _run(self) -> None:
        work: list[_Settlement] = []
        try:
            connection = self._connect()
        except BusError as error:
            self._fail(error)
            return
        version, pause = 0, _FIRST_PAUSE
        try:
            while True:
                with self._news:
                    if not (self._nudged or self._closing):
                        busy = self._consumptions or self._temporary or self._settlements
                        self._news.wait(POLL if busy else None)
                    work += self._settlements
                    self._settlements.clear()
                    nudged, self._nudged = self._nudged, False
                    closing = self._closing
                try:
                    seen, now = version, time.time()
                    version = connection.execute("PRAGMA data_version").fetchone()[0]
                    if work or nudged or version != seen or now >= min(self._due, self._renewal):
                        with self._turning:
                            self._turn(connection, work, now)
                        self._done(len(work))
                        work.clear()
                    pause, self._trouble = _FIRST_PAUSE, None
                except sqlite3.OperationalError as error:
                    if error.sqlite_errorcode & 0xFF not in _PASSING:
                        raise
                    logger.warning("the event bus's file can't be written (%s); again in %.2f s", error, pause)
                    with self._news:
                        self._trouble = self._trouble or time.monotonic()
                        self._news.notify_all()
                    if closing and self._hopeless():
                        return
                    version, self._nudged = 0, True
                    time.sleep(pause)
                    pause = min(_LONGEST_PAUSE, pause * 2)
                    continue
                if closing and not work:
                    with self._news:
                        if not self._settlements:
                            return
        except sqlite3.DatabaseError as error:
            text = _("expected the event bus's file as it was, but: {why}. Open the bus again once it is mended")
            self._fail(NotAnEventBus(text.format(why=error)))
        finally:
            connection.close()
            with self._news:
                self._thread = None
                self._news.notify_all()

    def _turn(self, connection: sqlite3.Connection, work: list[_Settlement], now: float) -> None:
        with self._news:
            self._consumptions = self._consumptions[1:] + self._consumptions[:1]
            consumptions, temporary = list(self._consumptions), set(self._temporary)
        renewing = now >= self._renewal
        hungry = [c for c in consumptions if c.credit > 0]
        if not (work or renewing or tables.next_due(connection) <= now):
            hungry = [c for c in hungry if tables.has_ready(connection, c.queue)]
            if not hungry:
                self._due = tables.next_due(connection)
                return
        claimed: list[tuple[SQLiteConsumption, list[Claimed]]] = []
        lost: list[tuple[SQLiteConsumption, Key]] = []
        stale = 0
        with transaction(connection):
            # Only now: it may have waited long for another's transaction.
            now = time.time()
            for step, rows in _by_step(work).items():
                stale += len(rows) - step(connection, rows)
            if renewing:
                for consumption in consumptions:
                    for key in consumption.held():
                        if not tables.renew(connection, key, now + self._lease):
                            lost.append((consumption, key))
                tables.keep_temporary(connection, temporary, now + self._lease, now)
            tables.make_ready(connection, now)
            for consumption in hungry:
                # 63 bits, as SQLite's integers have.
                token = secrets.randbits(63)
                found = tables.claim(connection, consumption.queue, consumption.credit, token, now + self._lease)
                claimed.append((consumption, found))
            self._due = tables.next_due(connection)
        if renewing:
            self._renewal = now + self._lease / 3
        if stale:
            logger.warning("%d messages were settled too late, and come again", stale)
        for consumption, key in lost:
            consumption.lose(key)
        for consumption, found in claimed:
            if found:
                consumption.push(found)

    def _done(self, number: int) -> None:
        if number:
            with self._news:
                self._applied += number
                self._news.notify_all()

    def _fail(self, error: BusError) -> None:
        with self._news:
            self._thread = None
            consumptions = list(self._consumptions)
            self._news.notify_all()
        for consumption in consumptions:
            consumption.failed(error)


def _by_step(work: list[_Settlement]) -> dict[Step, list[tuple[Any, ...]]]:
    # Each is about another delivery, so that their order among each other means nothing.
    rows: dict[Step, list[tuple[Any, ...]]] = defaultdict(list)
    for step, row in work:
        rows[step].append(row)
    return rows
