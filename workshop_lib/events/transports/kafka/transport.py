"""The transport: plain calls from any thread, done by clients on one loop."""

import asyncio
import logging
import threading
from collections.abc import Callable, Collection, Coroutine, Sequence
from typing import Any, TypeVar

from aiokafka.errors import (
    InvalidTopicError,
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
)

from workshop_lib.events.errors import (
    BusClosed,
    BusError,
    EventError,
    NotConfirmed,
    QueueConflict,
    UnknownQueue,
    UnroutableError,
)
from workshop_lib.events.transport import DeadLetter, Delivery, Outgoing, QueueCounts, QueueSpec
from workshop_lib.events.transports.kafka.address import Address
from workshop_lib.events.transports.kafka.backlog import Backlog, merged
from workshop_lib.events.transports.kafka.cluster import Cluster
from workshop_lib.events.transports.kafka.consumption import GroupConsumption, LookerConsumption
from workshop_lib.events.transports.kafka.letters import Letters
from workshop_lib.events.transports.kafka.loop import LoopThread
from workshop_lib.events.transports.kafka.pump import Pump
from workshop_lib.events.transports.kafka.records import MAX_RECORD, Message, Topics
from workshop_lib.events.transports.kafka.registry import Queue, Registry
from workshop_lib.i18n import _

T = TypeVar("T")

logger = logging.getLogger(__name__)

_LOT = 100

# The broker has answered: it did not take the record, and will not.
_REFUSED = (MessageSizeTooLargeError, RecordListTooLargeError, InvalidTopicError, TopicAuthorizationFailedError)


class KafkaTransport:
    """``kafka://HOST:PORT`` and ``kafkas://``; the package's docstring says how it maps onto Kafka."""

    def __init__(self, url: str, exchange: str) -> None:
        self._address, self._topics = Address.parse(url), Topics(exchange)
        self._lock = threading.RLock()
        self._loop: LoopThread | None = None
        self._client: _Client | None = None

    def connect(self) -> None:
        with self._lock:
            if self._client is not None:
                return
            loop = LoopThread(f"kafka-{self._topics.exchange}")
            try:
                client = _Client(self._address, self._topics)
                loop.run(_typed(self._address, client.start()))
            except BaseException:
                loop.stop()
                raise
            self._loop, self._client = loop, client

    def close(self) -> None:
        with self._lock:
            loop, client = self._loop, self._client
            self._loop = self._client = None
            if loop is not None and client is not None:
                loop.run(client.stop())
                loop.stop()

    def declare(self, queue: QueueSpec) -> None:
        self._run(lambda client: client.declare(queue))

    def publish(self, messages: Sequence[Outgoing]) -> None:
        self._run(lambda client: client.publish(messages))

    def consume(
        self,
        queue_name: str,
        prefetch: int,
        deliver: Callable[[Delivery], None],
        failed: Callable[[BusError], None],
    ) -> "KafkaConsumption":
        work = self._run(lambda client: client.consume(queue_name, prefetch, deliver, failed))
        return KafkaConsumption(self, work)

    def counts(self, queue_name: str) -> QueueCounts:
        return self._run(lambda client: client.counts(queue_name))

    def queues(self) -> tuple[str, ...]:
        return self._run(lambda client: client.queues())

    def dead_letters(self, queue_name: str, limit: int | None = None) -> tuple[DeadLetter, ...]:
        return self._run(lambda client: client.dead_letters(queue_name, limit))

    def replay_many(self, queue_name: str, letter_ids: Collection[str]) -> int:
        return self._run(lambda client: client.replay_many(queue_name, letter_ids))

    def drop_many(self, queue_name: str, letter_ids: Collection[str]) -> int:
        return self._run(lambda client: client.drop_many(queue_name, letter_ids))

    def end(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` unless the transport was closed before, which has done it."""
        loop = self._loop
        if loop is None:
            work.close()
        else:
            loop.run(work)

    def _run(self, ask: "Callable[[_Client], Coroutine[Any, Any, T]]") -> T:
        loop, client = self._loop, self._client
        if loop is None or client is None:
            raise BusClosed
        return loop.run(_typed(self._address, ask(client)))


class KafkaConsumption:
    """See `workshop_lib.events.transport.Consumption`."""

    def __init__(self, transport: KafkaTransport, work: GroupConsumption) -> None:
        self._transport, self._work = transport, work

    def stop(self) -> None:
        self._transport.end(self._work.stop())

    def close(self) -> None:
        self._transport.end(self._work.close())


class _Client:
    """The same methods, on the loop's thread."""

    def __init__(self, address: Address, topics: Topics) -> None:
        self._topics = topics
        self._cluster = Cluster(address, topics)
        self._registry, self._letters = Registry(self._cluster), Letters(self._cluster)
        self._backlog = Backlog(self._cluster)
        self._temporary: dict[str, Queue] = {}
        self._consumptions: list[GroupConsumption] = []

    async def start(self) -> None:
        await self._cluster.start()
        await self._registry.refresh()

    async def stop(self) -> None:
        await asyncio.gather(*(consumption.close() for consumption in self._consumptions))
        await self._cluster.stop()

    async def declare(self, spec: QueueSpec) -> None:
        if not spec.temporary:
            await self._registry.declare(spec)
            return
        await self._registry.refresh()
        if spec.name in self._registry.names():
            raise QueueConflict(spec.name, _("it is there, and is no temporary one"))
        ends = await self._cluster.ends(await self._cluster.partitions(*self._topics.worked))
        queue = self._temporary.setdefault(spec.name, Queue(spec.name, spec.priorities, ends))
        for pattern in spec.patterns:
            queue.bind(pattern, ends)

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        refused: dict[int, EventError] = {}
        confirmed: set[int] = set()
        sent: dict[int, asyncio.Future[Any]] = {}
        for index, outgoing in enumerate(messages):
            try:
                if outgoing.mandatory and not await self._registry.heard(outgoing.routing_key):
                    refused[index] = UnroutableError(outgoing.routing_key, self._registry.names())
                    continue
                message = Message.of(outgoing)
                sent[index] = await self._cluster.send(
                    self._topics.exchange, message.body, message.key, message.fields()
                )
            except _REFUSED as why:
                refused[index] = _refusal(why)
            except (KafkaError, TimeoutError) as why:
                if not sent:
                    raise
                logger.warning("publishing ended after %d of %d: %s", index, len(messages), why)
                break
        answers = await asyncio.gather(*sent.values(), return_exceptions=True)
        for index, answer in zip(sent, answers, strict=True):
            if isinstance(answer, _REFUSED):
                refused[index] = _refusal(answer)
            elif isinstance(answer, BaseException):
                logger.warning("a message was not confirmed: %s", answer)
            else:
                confirmed.add(index)
        if len(confirmed) < len(messages):
            raise NotConfirmed(len(messages), confirmed, refused)

    async def consume(
        self, name: str, prefetch: int, deliver: Callable[[Delivery], None], failed: Callable[[BusError], None]
    ) -> GroupConsumption:
        queue = await self._queue(name)
        temporary = name in self._temporary
        letters = None if temporary else self._letters
        pump = Pump(self._cluster, letters, name, queue.priorities, prefetch, deliver)
        kind = LookerConsumption if temporary else GroupConsumption
        consumption = kind(self._cluster, self._registry, queue, pump, failed)
        await consumption.start()
        self._consumptions.append(consumption)
        return consumption

    async def counts(self, name: str) -> QueueCounts:
        queue = await self._queue(name)
        mine = [consumption for consumption in self._consumptions if consumption.queue is queue]
        # What a handler has settled is on its way: after this it is where it belongs.
        await self._settled(name)
        partitions = await self._cluster.partitions(*self._topics.worked)
        starts = {partition: queue.start.get(partition, 0) for partition in partitions}
        if name not in self._temporary:
            starts |= await self._cluster.committed(self._topics.group(name), partitions)
        dead = await self._letters.count(name)
        held = []
        for consumption in mine:
            windows = [window for p in partitions if (window := consumption.window(p)) is not None]
            starts |= {window.partition: window.read for window in windows}
            held.append(consumption.pump.counts(windows))
        ready, delayed = merged([*held, await self._backlog.count(queue, starts)])
        return QueueCounts(ready, delayed, dead)

    async def queues(self) -> tuple[str, ...]:
        await self._registry.refresh()
        return self._registry.names()

    async def dead_letters(self, name: str, limit: int | None) -> tuple[DeadLetter, ...]:
        await self._settled(name)
        return await self._letters.letters(name, limit)

    async def replay_many(self, name: str, letter_ids: Collection[str]) -> int:
        await self._settled(name)
        found = list((await self._letters.messages(name, letter_ids)).items())
        for start in range(0, len(found), _LOT):
            lot = found[start : start + _LOT]
            # First where they are needed, then away from here: twice is better than not at all.
            await self._cluster.write_many(
                (self._topics.retry(0), message.body, message.key, message.fields()) for _id, message in lot
            )
            await self._letters.drop(name, [letter_id for letter_id, _message in lot])
        return len(found)

    async def drop_many(self, name: str, letter_ids: Collection[str]) -> int:
        await self._settled(name)
        return await self._letters.drop(name, letter_ids)

    async def _queue(self, name: str) -> Queue:
        if name in self._temporary:
            return self._temporary[name]
        try:
            return self._registry.queue(name)
        except UnknownQueue:
            await self._registry.refresh()
            return self._registry.queue(name)

    async def _settled(self, name: str) -> None:
        queue = await self._queue(name)
        async with asyncio.timeout(self._cluster.address.timeout):
            await asyncio.gather(*(c.pump.flush() for c in self._consumptions if c.queue is queue))


def _refusal(why: BaseException) -> BusError:
    text = _("expected Kafka to take a message of at most {most} bytes, got {error}: {why}")
    return BusError(text.format(most=MAX_RECORD, error=type(why).__name__, why=why))


async def _typed(address: Address, work: Coroutine[Any, Any, T]) -> T:
    try:
        return await work
    except (KafkaError, TimeoutError, OSError) as why:
        raise address.error(why) from why
