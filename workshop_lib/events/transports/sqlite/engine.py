"""The thread that consumes: it claims, pushes, settles and keeps leases, in as few transactions as there are turns.

Handlers' threads only leave their settlements here. All that gathered while one transaction was written goes into the
next: with quick handlers many events share the cost of one.
"""

import logging
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from workshop_lib.events.errors import BusError, NotAnEventBus
from workshop_lib.events.sqlite import transaction
from workshop_lib.events.transport import Delivery
from workshop_lib.events.transports.sqlite import tables
from workshop_lib.events.transports.sqlite.tables import Claimed, Key
from workshop_lib.i18n import _

logger = logging.getLogger(__name__)

POLL = 0.008
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


class SQLiteDelivery:
    """A message under a lease."""

    __slots__ = ("_claimed", "_consumption", "_settled")

    def __init__(self, consumption: "SQLiteConsumption", claimed: Claimed) -> None:
        self._consumption, self._claimed, self._settled = consumption, claimed, False

    @property
    def queue_name(self) -> str:
        return self._consumption.queue_name

    @property
    def routing_key(self) -> str:
        return self._claimed.routing_key

    @property
    def body(self) -> bytes:
        return self._claimed.body

    @property
    def headers(self) -> Mapping[str, str]:
        return self._claimed.headers

    @property
    def attempt(self) -> int:
        return self._claimed.attempt

    @property
    def redelivered(self) -> int:
        return self._claimed.redelivered

    @property
    def key(self) -> Key:
        """Which delivery this is, for the tables."""
        return self._claimed.message, self._consumption.queue, self._claimed.token

    def ack(self) -> bool:
        return self._settle(tables.ack)

    def retry(self, delay: float) -> bool:
        return self._settle(tables.retry, time.time() + delay)

    def dead_letter(self, reason: str, digest: str) -> bool:
        return self._settle(tables.bury, time.time(), reason, digest)

    def release(self) -> bool:
        return self._settle(tables.release)

    def _settle(self, what: Callable[..., bool], *arguments: Any) -> bool:
        return self._consumption.settle(self, what, *arguments)


class SQLiteConsumption:
    """One consumer's share of a queue."""

    def __init__(
        self,
        engine: "Engine",
        queue: int,
        queue_name: str,
        prefetch: int,
        deliver: Callable[[Delivery], None],
        failed: Callable[[BusError], None],
    ) -> None:
        self.queue, self.queue_name, self.failed = queue, queue_name, failed
        self.active = True
        self._engine, self._prefetch, self._deliver = engine, prefetch, deliver
        self._lock = threading.Lock()
        # One delivery after the other, and none after `stop`: a lock of its own, for settling must not wait for it.
        self._gate = threading.Lock()
        self._held: dict[Key, SQLiteDelivery] = {}

    @property
    def credit(self) -> int:
        """How many more it may be handed."""
        return self._prefetch - len(self._held) if self.active else 0

    def held(self) -> list[Key]:
        """What is in its hands."""
        with self._lock:
            return list(self._held)

    def push(self, claimed: list[Claimed]) -> None:
        """Hand over what was claimed; or back, where it has stopped meanwhile."""
        with self._gate:
            for one in claimed:
                delivery = SQLiteDelivery(self, one)
                with self._lock:
                    self._held[delivery.key] = delivery
                if self.active:
                    self._deliver(delivery)
                else:
                    delivery.release()

    def settle(self, delivery: SQLiteDelivery, what: Callable[..., bool], *arguments: Any) -> bool:
        """Take it from this consumer's hands, and leave what becomes of it to the engine."""
        with self._lock:
            if self._held.pop(delivery.key, None) is None:
                return False
        self._engine.settle(what, (delivery.key, *arguments))
        return True

    def lose(self, key: Key) -> None:
        """Another consumer has it."""
        with self._lock:
            lost = self._held.pop(key, None)
        if lost is not None:
            logger.warning("queue %s: the lease of a message ran out; it comes again", self.queue_name)

    def stop(self) -> None:
        with self._gate:
            self.active = False

    def close(self) -> None:
        self.stop()
        for key in self.held():
            delivery = self._held.get(key)
            if delivery is not None:
                delivery.release()
        self._engine.flush()
        self._engine.remove(self)


_Settlement = tuple[Callable[..., bool], tuple[Any, ...]]


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

    def settle(self, what: Callable[..., bool], arguments: tuple[Any, ...]) -> None:
        """Do `what` to the tables, soon."""
        with self._news:
            self._settlements.append((what, arguments))
            self._left += 1
            self._news.notify_all()

    def nudge(self) -> None:
        """Something was published in this process: look now."""
        with self._news:
            if self._thread is not None:
                self._nudge()

    def flush(self) -> None:
        """Wait until what was settled before is written; not for long where the file can't be written."""
        with self._news:
            until = self._left
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
                    if not (self._settlements or self._nudged or self._closing):
                        self._news.wait(POLL if self._consumptions or self._temporary else None)
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
            for what, arguments in work:
                stale += not what(connection, *arguments)
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
