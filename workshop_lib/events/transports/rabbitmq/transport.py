"""The transport: its parts, and the errors that a caller sees."""

import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import TypeVar

from workshop_lib.events.errors import (
    BusClosed,
    BusError,
    EventError,
    NotConfirmed,
    UnknownQueue,
    UnroutableError,
)
from workshop_lib.events.transport import DeadLetter, Delivery, Outgoing, QueueCounts, QueueSpec
from workshop_lib.events.transports.rabbitmq.address import parse
from workshop_lib.events.transports.rabbitmq.consumption import Consumption
from workshop_lib.events.transports.rabbitmq.deadletters import id_of, letter_of
from workshop_lib.events.transports.rabbitmq.desk import Channel, Lost, Refused
from workshop_lib.events.transports.rabbitmq.letters import Held
from workshop_lib.events.transports.rabbitmq.messages import (
    ROUTING_KEY,
    properties,
)
from workshop_lib.events.transports.rabbitmq.publisher import Fate, Job
from workshop_lib.events.transports.rabbitmq.session import Session
from workshop_lib.events.transports.rabbitmq.topology import (
    LADDER,
    REGISTRY,
    SAFE,
    conflict,
    dead_name,
    declare_queue,
    delay_name,
    work_arguments,
)
from workshop_lib.i18n import _

T = TypeVar("T")
_NOT_FOUND, _PRECONDITION_FAILED = 404, 406
_LOT = 100


class RabbitMQTransport:
    """``amqp://user:password@host:5672/vhost``, or ``amqps://`` for TLS. Needs RabbitMQ 3.10 or later.

    Options in the URL: ``heartbeat`` (seconds), ``patience`` (seconds for which a call waits for a broker that is
    away, 30 if not given), ``ca``, ``certfile``, ``keyfile``, ``server_name_indication``,
    ``verify=verify_none``.
    """

    def __init__(self, url: str, exchange: str) -> None:
        self._address, self._exchange = parse(url), exchange
        self._lock = threading.Lock()
        self._session: Session | None = None

    def connect(self) -> None:
        with self._lock:
            if self._session is None:
                session = Session(self._address, self._exchange)
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
        batch = self._open().publish(
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
        letters = self._read_dead(queue_name, lambda held: [letter_of(queue_name, one) for one in held])
        return tuple(sorted(letters, key=lambda one: one.died_at)[:limit])

    def replay_many(self, queue_name: str, letter_ids: Collection[str]) -> int:
        session, wanted = self._open(), set(letter_ids)
        # Where the connection breaks, the reading begins anew: what is back by then has only to be taken from here.
        back: set[str] = set()

        def take_off(those: list[Held]) -> None:
            back.update(map(id_of, those))
            session.reader.finish(those)

        def again(held: list[Held]) -> None:
            session.reader.finish([one for one in held if id_of(one) in back])
            left = [one for one in held if not one.done and id_of(one) in wanted]
            # Each lot is taken from here before the next is sent: a process that is killed leaves no more in both.
            for start in range(0, len(left), _LOT):
                lot = left[start : start + _LOT]
                session.put(
                    queue_name,
                    [_as_new(queue_name, one) for one in lot],
                    lambda indices: take_off([lot[index] for index in sorted(indices)]),  # noqa: B023
                )

        self._read_dead(queue_name, again)
        return len(back)

    def drop_many(self, queue_name: str, letter_ids: Collection[str]) -> int:
        session, wanted, gone = self._open(), set(letter_ids), set[str]()

        def forget(held: list[Held]) -> None:
            those = [one for one in held if id_of(one) in wanted]
            gone.update(map(id_of, those))
            session.reader.finish(those)

        self._read_dead(queue_name, forget)
        return len(gone)

    def _open(self) -> Session:
        session = self._session
        if session is None:
            raise BusClosed
        return session

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

    def _read_dead(self, queue_name: str, work: Callable[[list[Held]], T]) -> T:
        try:
            return self._open().read(dead_name(queue_name), work)
        except Refused as refused:
            raise self._unknown(queue_name, refused) from None

    def _names(self) -> tuple[str, ...]:
        """Of all queues that were ever declared, sorted."""

        def read(held: list[Held]) -> set[str]:
            names = {one.body.decode(): one for one in reversed(held)}
            # Two processes declared it at the same moment.
            self._open().reader.finish([one for one in held if one is not names[one.body.decode()]])
            return set(names)

        try:
            return tuple(sorted(self._open().read(REGISTRY, read)))
        except Refused:
            return ()

    def _make(self, channel: Channel, queue: QueueSpec) -> None:
        # First of all: a quorum queue that was made in the second before a `kill -9`, and none after it, may never
        # elect a leader (seen with 3.10.8). So the last is a rung that hardly anything waits on.
        channel.queue(REGISTRY, SAFE)
        declare_queue(channel, self._exchange, queue)

    def _enlist(self, session: Session, queue_name: str) -> None:
        if queue_name not in self._names():
            self._open().put(REGISTRY, [(queue_name.encode(), {}, None)])
        session.listed.add(queue_name)


def _as_new(queue_name: str, one: Held) -> tuple[bytes, dict[str, str], int | None]:
    """A dead letter as it goes back into its queue."""
    letter = letter_of(queue_name, one)
    return one.body, {**letter.headers, ROUTING_KEY: letter.routing_key}, one.properties.priority
