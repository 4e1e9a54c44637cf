"""A thread that takes entries of one queue, keeps them ours while they are worked on, and settles them in batches."""

import logging
import threading
import time
from collections.abc import Callable
from uuid import uuid4

from workshop_lib.events.errors import BusClosed, BusError, UnknownQueue
from workshop_lib.events.transport import Delivery, QueueCounts
from workshop_lib.events.transports.redis_streams.delivery import Settlement, StreamDelivery, read_entry
from workshop_lib.events.transports.redis_streams.link import Away, Link, waits
from workshop_lib.events.transports.redis_streams.listener import Listener
from workshop_lib.i18n import _

logger = logging.getLogger(__name__)

LOOK_EVERY = 1.0
"""Seconds after which a consumer looks without having heard anything."""


class StreamConsumption:
    """A `Consumption`. Everything that its lock guards is changed in memory only; `_calling` is held over a call."""

    def __init__(
        self,
        link: Link,
        queue_name: str,
        prefetch: int,
        lease: float,
        deliver: Callable[[Delivery], None],
        failed: Callable[[BusError], None],
        forget: Callable[["StreamConsumption"], None],
    ) -> None:
        self.queue_name = queue_name
        self._link, self._prefetch, self._lease = link, prefetch, lease
        self._deliver, self._failed, self._forget = deliver, failed, forget
        self._me = uuid4().hex
        self._calling = threading.Lock()
        self._lock = threading.Lock()
        self._news = threading.Condition(self._lock)
        self._held: dict[tuple[str, str], StreamDelivery] = {}
        self._outbox: list[Settlement] = []
        self._stopping = self._closing = self._broken = False
        self._ending = threading.Event()
        self._look = True
        # After a call without an answer: it is repeated, and the first so many settlements may be done already.
        self._again, self._unsure = False, 0
        self._look_at = self._sweep_at = time.monotonic()
        self._renew_at = time.monotonic() + lease / 3
        self._listener = Listener(link, queue_name, self._heard)
        self._thread = threading.Thread(target=self._run, name=f"redis-{queue_name}", daemon=True)

    def start(self) -> None:
        """Begin to take."""
        self._listener.start()
        self._thread.start()

    def stop(self) -> None:
        """As `Consumption.stop`."""
        with self._lock:
            self._stopping = True
        self._listener.stop()

    def close(self) -> None:
        """As `Consumption.close`."""
        self.stop()
        with self._lock:
            self._closing = True
            for delivery in self._held.values():
                self._outbox.append(("give up", *delivery.key, "", ""))
            self._held.clear()
            self._news.notify_all()
        self._ending.set()
        if threading.current_thread() is not self._thread:
            self._thread.join()
        self._listener.join()
        self._forget(self)

    def settle(self, delivery: StreamDelivery, kind: str, more: str | int = "", also: str = "") -> bool:
        """Note the settlement; False if the entry is no longer ours."""
        with self._lock:
            # The same entry may have been lost, or given back, and be here a second time: that one is another's.
            if self._held.get(delivery.key) is not delivery:
                return False
            del self._held[delivery.key]
            self._outbox.append((kind, *delivery.key, more, also))
            self._news.notify_all()
        return True

    def counts(self, count: Callable[[], QueueCounts]) -> QueueCounts:
        """What `count` says, with every settlement up to now counted, and nothing under way to this consumer."""
        with self._calling:
            if not self._broken:
                self._link.patiently(lambda: self._exchange(take=False))
            return count()

    def _heard(self) -> None:
        with self._lock:
            self._look = True
            self._news.notify_all()

    def _run(self) -> None:
        pauses = waits()
        give_up = None
        while self._wait():
            try:
                if not self._exchange_or_fail():
                    return
                pauses = waits()
            except Away as error:
                if not self._ending.wait(next(pauses)):
                    continue
                give_up = give_up or time.monotonic() + self._link.patience
                if time.monotonic() > give_up or self._link.closing.wait(0.05):
                    self._abandon(error)
                    return
        self._quit()

    def _exchange_or_fail(self) -> bool:
        """Whether to go on. Whoever counts meanwhile sees either what was taken or that it failed."""
        with self._calling:
            try:
                self._exchange(take=True)
            except Away:
                raise
            except BusClosed:
                return False
            except BusError as error:
                self._fail(error)
                return False
            except Exception as error:
                # Whatever it is: were this thread to end in silence, the bus would wait for ever.
                logger.exception("queue %s: its consumer failed", self.queue_name)
                text = _("the consumer of queue {name} failed: {why}")
                self._fail(BusError(text.format(name=self.queue_name, why=error)))
                return False
        return True

    def _wait(self) -> bool:
        """Wait until there is something to say to the server; False once there will be nothing more."""
        with self._lock:
            while True:
                now = time.monotonic()
                if self._outbox or (self._again and not self._closing):
                    return True
                if self._closing:
                    return False
                if now >= self._look_at:
                    self._look = True
                able = self._look and not self._stopping and len(self._held) < self._prefetch
                if able or now >= self._renew_at:
                    return True
                moments = [self._renew_at]
                if not self._stopping and len(self._held) < self._prefetch:
                    moments.append(self._look_at)
                self._news.wait(max(0.0, min(moments) - now))

    def _exchange(self, take: bool) -> None:
        """One call: settlements there, entries back. The caller holds `_calling`."""
        now = time.monotonic()
        with self._lock:
            sent = list(self._outbox)
            again, stopping = self._again, self._stopping
            credit = self._prefetch - len(self._held) if take and not stopping else 0
            sweep = take and not stopping and now >= self._sweep_at
            renew = again or now >= self._renew_at
            keep = [("keep", *key, "", "") for key in self._held] if renew else []
            self._look = self._look and not credit
        if not (sent or keep or credit or renew):
            return
        words = [word for settlement in [*keep, *sent] for word in settlement]
        lease = int(self._lease * 1000)
        try:
            said = self._link.run(
                "WORK", self.queue_name, self._me, credit, lease, int(sweep), int(again), *words, patience=0.0
            )
        except Away as error:
            with self._lock:
                # Once for each time that it is away.
                logger.log(logging.DEBUG if again else logging.WARNING, "queue %s: %s", self.queue_name, error)
                self._again = True
                self._unsure = max(self._unsure, len(sent))
                # The others come back too: each has the time to say what it holds before that is taken for free.
                self._sweep_at = time.monotonic() + self._lease / 2
            raise
        if said is None:
            raise UnknownQueue(self.queue_name, self._link.queue_names())
        lost, taken, due = said
        with self._lock:
            unsure, self._unsure = self._unsure, 0
            self._note_lost(lost, {settlement[1:3] for settlement in sent[:unsure]})
            del self._outbox[: len(sent)]
            if again:
                logger.info("queue %s: %s answers again", self.queue_name, self._link.server.shown)
            self._again = False
            if renew:
                self._renew_at = now + self._lease / 3
            if sweep:
                self._sweep_at = now + self._lease / 3
            if credit:
                self._look = self._look or len(taken) == credit
                self._look_at = time.monotonic() + (LOOK_EVERY if due < 0 else min(LOOK_EVERY, due / 1000))
            elif due >= 0:
                self._look_at = min(self._look_at, time.monotonic() + due / 1000)
            for level, entry_id, redelivered, fields in taken:
                delivery = read_entry(self, level, entry_id, redelivered, fields)
                if self._stopping:
                    self._outbox.append(("release", *delivery.key, "", ""))
                else:
                    self._held[delivery.key] = delivery
                    self._deliver(delivery)

    def _note_lost(self, lost: list[list[bytes]], unsure: set[tuple[str, ...]]) -> None:
        for kind, level, entry_id in lost:
            key = (level.decode(), entry_id.decode())
            self._held.pop(key, None)
            # What was sent before, by a call without an answer, may have been settled by it.
            if key not in unsure:
                text = "queue %s: entry %s was held for too long without word from here (%s), and comes again"
                logger.warning(text, self.queue_name, entry_id.decode(), kind.decode())

    def _abandon(self, error: Away) -> None:
        if self._outbox:
            text = "queue %s: %d settlements did not reach the server, and their events come again: %s"
            logger.warning(text, self.queue_name, len(self._outbox), error)

    def _fail(self, error: BusError) -> None:
        with self._lock:
            self._broken = True
            self._stopping = True
            self._held.clear()
            self._outbox.clear()
        self._listener.stop()
        self._failed(error)

    def _quit(self) -> None:
        try:
            self._link.run("QUIT", self.queue_name, self._me, patience=0.0)
        except BusError as error:
            # Its name stays in the group until another consumer's sweep.
            logger.debug("queue %s: %s", self.queue_name, error)
