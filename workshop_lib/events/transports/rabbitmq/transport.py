"""The transport: its parts, and the errors that a caller sees."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, TypeVar

from workshop_lib.events.errors import (
    BrokerUnavailable,
    BusClosed,
    BusError,
    EventError,
    NotConfirmed,
    UnknownQueue,
    UnroutableError,
    WrongCredentials,
)
from workshop_lib.events.transport import DeadLetter, Delivery, Outgoing, QueueCounts, QueueSpec
from workshop_lib.events.transports.rabbitmq.address import Address, parse
from workshop_lib.events.transports.rabbitmq.consumption import Consumption
from workshop_lib.events.transports.rabbitmq.desk import Channel, Desk, Lost, Refused
from workshop_lib.events.transports.rabbitmq.letters import Held, Reader
from workshop_lib.events.transports.rabbitmq.link import Link
from workshop_lib.events.transports.rabbitmq.loop import Loop
from workshop_lib.events.transports.rabbitmq.messages import (
    ATTEMPT,
    DIED_AT,
    DIGEST,
    LETTER_ID,
    REASON,
    ROUTING_KEY,
    number,
    own,
    properties,
)
from workshop_lib.events.transports.rabbitmq.publisher import Fate, Job, Publisher
from workshop_lib.events.transports.rabbitmq.topology import (
    LADDER,
    REGISTRY,
    SAFE,
    conflict,
    dead_name,
    declare_exchange,
    declare_queue,
    delay_name,
    work_arguments,
)
from workshop_lib.events.transports.rabbitmq.waits import Waits
from workshop_lib.i18n import _

T = TypeVar("T")
_NOT_FOUND, _PRECONDITION_FAILED = 404, 406


class _Batch:
    """The fates of one call's messages."""

    def __init__(self, size: int) -> None:
        self.left = size
        self.confirmed: set[int] = set()
        self.refused: dict[int, tuple[Fate, str]] = {}
        self.why = ""
        self.done = threading.Event()

    def settler(self, index: int) -> Callable[[Fate, str], None]:
        def settled(fate: Fate, why: str) -> None:
            if fate is Fate.CONFIRMED:
                self.confirmed.add(index)
            elif fate is Fate.UNKNOWN:
                self.why = why
            else:
                self.refused[index] = (fate, why)
            self.left -= 1
            if self.left == 0:
                self.done.set()

        return settled


class _Session:
    """What there is between `connect` and `close`."""

    def __init__(self, address: Address, exchange: str) -> None:
        self.patience = address.patience
        self.loop = Loop()
        self.publishing = Link(self.loop, address, "publishing")
        self.consuming = Link(self.loop, address, "consuming")
        self.publisher = Publisher(self.loop, exchange)
        self.waits = Waits()
        self.consumptions: list[Consumption] = []
        self.specs: dict[str, QueueSpec] = {}
        self.listed: set[str] = set()
        self._lock = threading.Lock()
        self._desk: Desk | None = None
        self._reader: Reader | None = None

    def open(self, exchange: str) -> None:
        try:
            self.publishing.open()
            Desk(self.loop, self.publishing, self.patience).ask(lambda channel: declare_exchange(channel, exchange))
            self.loop.post(lambda: self.publishing.attach(self.publisher))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        for consumption in self.consumptions:
            consumption.close()
        if self._desk is not None:
            self.consuming.close()
        self.publishing.close()
        self.loop.stop()

    @property
    def desk(self) -> Desk:
        """Over the consuming link, which a process that only publishes never opens."""
        with self._lock:
            if self._desk is None:
                self._open_consuming()
                self._desk = Desk(self.loop, self.consuming, self.patience)
            return self._desk

    def _open_consuming(self) -> None:
        until = time.monotonic() + self.patience
        while True:
            try:
                self.consuming.open()
                return
            except WrongCredentials:
                raise
            except BrokerUnavailable:
                # The other link was there a moment ago.
                if time.monotonic() >= until:
                    raise
                time.sleep(0.2)

    @property
    def reader(self) -> Reader:
        _desk = self.desk
        with self._lock:
            if self._reader is None:
                self._reader = Reader(self.loop, self.consuming, self.patience)
            return self._reader


class RabbitMQTransport:
    """``amqp://user:password@host:5672/vhost``, or ``amqps://`` for TLS. Needs RabbitMQ 3.10 or later.

    Options in the URL: ``heartbeat`` (seconds), ``patience`` (seconds for which a call waits for a broker that is
    away, 30 if not given), ``ca``, ``certfile``, ``keyfile``, ``server_name_indication``,
    ``verify=verify_none``.
    """

    def __init__(self, url: str, exchange: str) -> None:
        self._address, self._exchange = parse(url), exchange
        self._lock = threading.Lock()
        self._session: _Session | None = None

    def connect(self) -> None:
        with self._lock:
            if self._session is None:
                session = _Session(self._address, self._exchange)
                session.open(self._exchange)
                self._session = session

    def close(self) -> None:
        with self._lock:
            session, self._session = self._session, None
        if session is not None:
            session.close()

    def declare(self, queue: QueueSpec) -> None:
        session = self._open()
        try:
            session.desk.ask(lambda channel: self._make(channel, queue))
        except Refused as refused:
            if refused.code != _PRECONDITION_FAILED:
                raise BusError(refused.text) from None
            raise conflict(queue, refused, self._fits_the_other_way(queue)) from None
        before = session.specs.get(queue.name)
        patterns = tuple(dict.fromkeys((*(before.patterns if before else ()), *queue.patterns)))
        session.specs[queue.name] = QueueSpec(queue.name, patterns, queue.priorities, queue.temporary)
        if not queue.temporary and queue.name not in session.listed:
            self._enlist(session, queue.name)

    def publish(self, messages: Sequence[Outgoing]) -> None:
        refused: dict[int, EventError] = {}
        batch = self._publish(
            [
                Job(
                    exchange=self._exchange,
                    key=message.routing_key,
                    body=message.body,
                    properties=properties(message.headers, message.priority),
                    mandatory=message.mandatory,
                    settled=lambda _fate, _why: None,
                )
                for message in messages
            ]
        )
        if len(batch.confirmed) == len(messages):
            return
        unroutable = any(fate is Fate.UNROUTABLE for fate, _why in batch.refused.values())
        names = self._names() if unroutable else None
        for index, (fate, why) in batch.refused.items():
            text = _("RabbitMQ refused it: {why}").format(why=why)
            key = messages[index].routing_key
            refused[index] = UnroutableError(key, names) if fate is Fate.UNROUTABLE else BusError(text)
        raise NotConfirmed(len(messages), batch.confirmed, refused)

    def consume(
        self,
        queue_name: str,
        prefetch: int,
        deliver: Callable[[Delivery], None],
        failed: Callable[[BusError], None],
    ) -> Consumption:
        session = self._open()
        session.desk  # noqa: B018 - opens the link
        consumption = Consumption(
            session.loop,
            session.consuming,
            session.publisher,
            session.waits,
            session.specs.get(queue_name, QueueSpec(queue_name, ())),
            self._exchange,
            prefetch,
            deliver,
            failed,
        )
        try:
            consumption.begin(session.patience)
        except Refused as refused:
            raise self._unknown(queue_name, refused) from None
        except TimeoutError:
            consumption.close()
            raise session.consuming.why() from None
        session.consumptions = [*(one for one in session.consumptions if not one.ended), consumption]
        return consumption

    def counts(self, queue_name: str) -> QueueCounts:
        session = self._open()

        def count(channel: Channel) -> QueueCounts:
            # In the order in which messages go: what moves meanwhile is counted twice, and not missed.
            delayed = sum(channel.ready(delay_name(queue_name, step)) for step in LADDER)
            consumptions = [one for one in session.consumptions if one.queue.name == queue_name and not one.ended]
            ready = [one.ready().result() for one in consumptions] or [channel.ready(queue_name)]
            if -1 in ready:
                raise Lost("the consumer's channel is not open again yet")
            return QueueCounts(
                ready=min(ready),
                delayed=max(delayed, session.waits.count(queue_name)),
                dead=channel.ready(dead_name(queue_name)),
            )

        return self._ask(queue_name, count)

    def queues(self) -> tuple[str, ...]:
        return tuple(name for name in self._names() if self._exists(name))

    def dead_letters(self, queue_name: str, limit: int | None = None) -> tuple[DeadLetter, ...]:
        letters = self._read_dead(queue_name, lambda held: [_letter(queue_name, one) for one in held])
        return tuple(sorted(letters, key=lambda letter: letter.died_at)[:limit])

    def replay(self, queue_name: str, letter_id: str) -> bool:
        def again(held: list[Held]) -> bool:
            for one in held:
                if _letter_id(one) == letter_id:
                    letter = _letter(queue_name, one)
                    headers = {**letter.headers, ROUTING_KEY: letter.routing_key}
                    self._put(queue_name, one.body, headers, one.properties.priority)
                    self._open().reader.finish(one)
                    return True
            return False

        return self._read_dead(queue_name, again)

    def drop(self, queue_name: str, letter_id: str) -> bool:
        def forget(held: list[Held]) -> bool:
            for one in held:
                if _letter_id(one) == letter_id:
                    self._open().reader.finish(one)
                    return True
            return False

        return self._read_dead(queue_name, forget)

    def _open(self) -> _Session:
        session = self._session
        if session is None:
            raise BusClosed
        return session

    def _publish(self, jobs: list[Job]) -> _Batch:
        """Returns once all are settled.

        Raises:
            BrokerUnavailable: none was sent, since the broker is away.
        """
        session = self._open()
        batch = _Batch(len(jobs))
        for index, job in enumerate(jobs):
            job.settled = batch.settler(index)
        session.publisher.submit(jobs)
        left = batch.left
        while jobs and not batch.done.wait(session.patience):
            if batch.left == left:
                session.publisher.withdraw(jobs)
                batch.done.wait()
            left = batch.left
        if not any(job.sent for job in jobs) and not batch.refused and jobs:
            raise session.publishing.why()
        return batch

    def _put(self, queue: str, body: bytes, headers: Mapping[str, str], priority: int | None) -> None:
        """Into one queue, by its name."""
        job = Job("", queue, body, properties(headers, priority), True, lambda _fate, _why: None)
        batch = self._publish([job])
        if not batch.confirmed:
            why = next((why for _fate, why in batch.refused.values()), batch.why)
            raise BrokerUnavailable(
                _("RabbitMQ did not take a message for {queue!r}: {why}").format(queue=queue, why=why)
            )

    def _ask(self, queue_name: str, work: Callable[[Channel], T]) -> T:
        try:
            return self._open().desk.ask(work)
        except Refused as refused:
            raise self._unknown(queue_name, refused) from None

    def _unknown(self, queue_name: str, refused: Refused) -> BusError:
        return UnknownQueue(queue_name, self.queues()) if refused.code == _NOT_FOUND else BusError(refused.text)

    def _exists(self, queue_name: str) -> bool:
        try:
            self._open().desk.ask(lambda channel: channel.ready(queue_name))
        except Refused as refused:
            # A queue that is only there for another connection is there.
            return refused.code != _NOT_FOUND
        return True

    def _fits_the_other_way(self, queue: QueueSpec) -> bool:
        other = work_arguments(replace(queue, priorities=not queue.priorities))
        try:
            self._open().desk.ask(lambda channel: channel.queue(queue.name, other, exclusive=queue.temporary))
        except Refused:
            return False
        return True

    def _read(self, queue: str, work: Callable[[list[Held]], T]) -> T:
        """What `work` returns for all that is in the queue; it goes back but for what `work` finished."""
        session = self._open()
        until = time.monotonic() + session.patience
        while True:
            session.desk  # noqa: B018 - opens the link
            session.consuming.wait(until)
            try:
                with session.reader.holding(queue) as held:
                    return work(held)
            except Lost:
                if time.monotonic() >= until:
                    raise session.consuming.why() from None
                time.sleep(0.01)

    def _read_dead(self, queue_name: str, work: Callable[[list[Held]], T]) -> T:
        try:
            return self._read(dead_name(queue_name), work)
        except Refused as refused:
            raise self._unknown(queue_name, refused) from None

    def _names(self) -> tuple[str, ...]:
        """Of all queues that were ever declared, sorted."""

        def read(held: list[Held]) -> set[str]:
            names: set[str] = set()
            for one in held:
                name = one.body.decode()
                if name in names:
                    # Two processes declared it at the same moment.
                    self._open().reader.finish(one)
                names.add(name)
            return names

        try:
            return tuple(sorted(self._read(REGISTRY, read)))
        except Refused:
            return ()

    def _make(self, channel: Channel, queue: QueueSpec) -> None:
        # First of all: a quorum queue that was made in the second before a `kill -9`, and none after it, may never
        # elect a leader (seen with 3.10.8). So the last is a rung that hardly anything waits on.
        channel.queue(REGISTRY, SAFE)
        declare_queue(channel, self._exchange, queue)

    def _enlist(self, session: _Session, queue_name: str) -> None:
        if queue_name not in self._names():
            self._put(REGISTRY, queue_name.encode(), {}, None)
        session.listed.add(queue_name)


def _death(one: Held) -> dict[str, Any]:
    """What the broker wrote of a message that it dead-lettered itself: it was rejected by hand, in a console."""
    deaths = one.headers.get("x-death")
    return dict(deaths[0]) if isinstance(deaths, list) and deaths else {}


def _letter_id(one: Held) -> str:
    return str(one.headers.get(LETTER_ID) or sha256(one.body + repr(_death(one)).encode()).hexdigest()[:32])


def _letter(queue_name: str, one: Held) -> DeadLetter:
    headers, death = one.headers, _death(one)
    try:
        died_at = datetime.fromisoformat(str(headers.get(DIED_AT)))
    except ValueError:
        died_at = death.get("time", datetime.fromtimestamp(0)).replace(tzinfo=UTC)
    routing_key = headers.get(ROUTING_KEY) or next(iter(death.get("routing-keys", ())), one.routing_key)
    return DeadLetter(
        id=_letter_id(one),
        queue_name=queue_name,
        routing_key=str(routing_key),
        body=one.body,
        headers=own(headers),
        reason=str(headers.get(REASON, _("rejected by another program"))),
        digest=str(headers.get(DIGEST, "")),
        attempts=int(number(headers, ATTEMPT, 1)),
        died_at=died_at,
    )
