"""`RedisStreamsTransport`: the backend that ``redis://`` and ``rediss://`` name."""

import json
import logging
import threading
from collections.abc import Callable, Collection, Sequence

from workshop_lib.events.errors import BrokerUnavailable, BusError, QueueConflict, UnknownQueue
from workshop_lib.events.redis_server import RedisServer
from workshop_lib.events.transport import DeadLetter, Delivery, Outgoing, QueueCounts, QueueSpec
from workshop_lib.events.transports.redis_streams import letters
from workshop_lib.events.transports.redis_streams.consumption import StreamConsumption
from workshop_lib.events.transports.redis_streams.link import Link
from workshop_lib.events.transports.redis_streams.publishing import Publisher
from workshop_lib.events.transports.redis_streams.scripts import ROOT
from workshop_lib.i18n import _

logger = logging.getLogger(__name__)

DEFAULT_LEASE = 30.0
DEFAULT_PATIENCE = 10.0


class RedisStreamsTransport:
    """``redis://[user:password@]host[:port][/database]``, or ``rediss://`` with TLS, and after a question mark:

    - ``ca``: a file of certificates to trust, for ``rediss://``; else the system's.
    - ``lease``: seconds (30) after which the entries of a consumer that no longer says a word are another's.
    - ``patience``: seconds (10) for which a call waits for a server that is away.

    What it confirms is as durable as the server's own log: ``appendonly yes`` for a killed server, ``appendfsync
    always`` for a machine without power. `connect` warns where there is no log.
    """

    def __init__(self, url: str, exchange: str) -> None:
        """Raises:
        BusError: the URL can't be read.
        """
        try:
            server = RedisServer.of(url)
            self._lease = _seconds(server.options, "lease", DEFAULT_LEASE)
            patience = _seconds(server.options, "patience", DEFAULT_PATIENCE)
            if server.options:
                text = _("it has an option {name!r}, and may have ca, lease and patience")
                raise ValueError(text.format(name=next(iter(server.options))))
        except ValueError as error:
            text = _("expected redis://[user:password@]host[:port][/database] or rediss://…, but {why}")
            raise BusError(text.format(why=error)) from None
        self._exchange = exchange
        self._link = Link(server, patience)
        self._publisher = Publisher(self._link, exchange)
        self._lock = threading.Lock()
        self._connected = False
        self._consumptions: list[StreamConsumption] = []
        self._temporary: list[str] = []

    def connect(self) -> None:
        """As `Transport.connect`."""
        with self._lock:
            if not self._connected:
                self._link.open()
                self._connected = True

    def close(self) -> None:
        """As `Transport.close`."""
        with self._lock:
            if not self._connected:
                return
            self._connected = False
            consumptions = list(self._consumptions)
            temporary, self._temporary = self._temporary, []
        for consumption in consumptions:
            consumption.close()
        try:
            for name in temporary:
                self._link.run("FORGET", name, patience=0.0)
        except BrokerUnavailable as error:
            # It goes when its lease ends.
            logger.debug("queue %s stays for now: %s", name, error)
        finally:
            self._link.close()

    def declare(self, queue: QueueSpec) -> None:
        """As `Transport.declare`. A temporary queue is consumed within a lease, or gone."""
        flags = ("1" if queue.priorities else "0") + ("t" if queue.temporary else "")
        bindings = [json.dumps([queue.name, pattern]) for pattern in queue.patterns]
        there = self._link.run("DECLARE", self._exchange, queue.name, flags, int(self._lease * 1000), *bindings)
        if there != flags.encode():
            raise QueueConflict(queue.name, _differ(there.decode(), flags))
        if queue.temporary:
            with self._lock:
                self._temporary.append(queue.name)

    def publish(self, messages: Sequence[Outgoing]) -> None:
        """As `Transport.publish`."""
        self._publisher.publish(messages)

    def consume(
        self,
        queue_name: str,
        prefetch: int,
        deliver: Callable[[Delivery], None],
        failed: Callable[[BusError], None],
    ) -> StreamConsumption:
        """As `Transport.consume`."""
        self._check(queue_name)
        consumption = StreamConsumption(self._link, queue_name, prefetch, self._lease, deliver, failed, self._forget)
        with self._lock:
            self._consumptions.append(consumption)
        consumption.start()
        return consumption

    def counts(self, queue_name: str) -> QueueCounts:
        """As `Transport.counts`."""
        count = self._count(queue_name)
        with self._lock:
            consumptions = [one for one in self._consumptions if one.queue_name == queue_name]
        for consumption in consumptions:
            count = _counting(consumption, count)
        return count()

    def queues(self) -> tuple[str, ...]:
        """As `Transport.queues`."""
        return self._link.queue_names()

    def dead_letters(self, queue_name: str, limit: int | None = None) -> tuple[DeadLetter, ...]:
        """As `Transport.dead_letters`."""
        self._check(queue_name)
        return tuple(letters.read_letters(self._link, queue_name, limit))

    def replay_many(self, queue_name: str, letter_ids: Collection[str]) -> int:
        """As `Transport.replay_many`."""
        self._check(queue_name)
        return letters.replay_many(self._link, queue_name, letter_ids)

    def drop_many(self, queue_name: str, letter_ids: Collection[str]) -> int:
        """As `Transport.drop_many`."""
        self._check(queue_name)
        return letters.drop_many(self._link, queue_name, letter_ids)

    def _check(self, queue_name: str) -> None:
        if not self._link.patiently(lambda: self._link.client.hexists(f"{ROOT}queues", queue_name)):
            raise UnknownQueue(queue_name, self.queues())

    def _count(self, queue_name: str) -> Callable[[], QueueCounts]:
        def count() -> QueueCounts:
            found = self._link.run("COUNT", queue_name)
            if found is None:
                raise UnknownQueue(queue_name, self.queues())
            return QueueCounts(*found)

        return count

    def _forget(self, consumption: StreamConsumption) -> None:
        with self._lock:
            if consumption in self._consumptions:
                self._consumptions.remove(consumption)


def _counting(consumption: StreamConsumption, count: Callable[[], QueueCounts]) -> Callable[[], QueueCounts]:
    return lambda: consumption.counts(count)


def _seconds(options: dict[str, str], name: str, default: float) -> float:
    text = options.pop(name, None)
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0.1 <= value <= 86_400:
        raise ValueError(
            _("its {name} is no number of seconds from 0.1 to 86400: {text!r}").format(name=name, text=text)
        )
    return value


def _differ(there: str, flags: str) -> str:
    if there.endswith("t") != flags.endswith("t"):
        return _("one is temporary and the other is not")
    if there.startswith("1"):
        return _("it was made with priorities, and is now declared without")
    return _("it was made without priorities, and is now declared with")
