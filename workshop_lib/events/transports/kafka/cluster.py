"""The clients of one transport: one that writes, one that asks, one that reads a range."""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from workshop_lib.events.errors import BusError
from workshop_lib.events.transports.kafka.address import Address
from workshop_lib.events.transports.kafka.records import MAX_RECORD, Headers, Topics
from workshop_lib.i18n import _

logger = logging.getLogger(__name__)

_FOR_EVER = {"retention.ms": "-1", "retention.bytes": "-1", "max.message.bytes": str(MAX_RECORD)}
# A tombstone must outlive every reader's pause, else the reader would keep a letter that was dropped.
_COMPACTED = {"cleanup.policy": "compact", "delete.retention.ms": str(10 * 365 * 86_400_000)}


class Cluster:
    """Used on the loop's thread only."""

    def __init__(self, address: Address, topics: Topics) -> None:
        self.address, self.topics = address, topics
        self._partitions: dict[str, tuple[TopicPartition, ...]] = {}
        self._reading, self._asking, self._sending = asyncio.Lock(), asyncio.Lock(), asyncio.Lock()
        self._started: list[Any] = []

    async def start(self) -> None:
        """Connect, and make the topics that are not there."""
        client = self.address.client()
        try:
            # A retried request may write twice, which handlers must bear anyhow; order within a partition is kept, as
            # aiokafka has one request at a time under way for each.
            self._producer = await self._start(
                AIOKafkaProducer(**client, acks="all", max_request_size=MAX_RECORD, max_batch_size=256 * 1024)
            )
            self._admin = await self._start(AIOKafkaAdminClient(**client))
            # Apart from the reader, whose connection may be busy with a fetch that waits for more.
            self._asker = await self._start(AIOKafkaConsumer(**client, enable_auto_commit=False, fetch_max_wait_ms=1))
            self._reader = await self._start(
                AIOKafkaConsumer(
                    **client,
                    enable_auto_commit=False,
                    auto_offset_reset="earliest",
                    fetch_max_wait_ms=50,
                    max_partition_fetch_bytes=4 * 1024 * 1024,
                )
            )
            await self._make_topics()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Let go of all connections."""
        while self._started:
            one = self._started.pop()
            try:
                await asyncio.wait_for(
                    one.close() if isinstance(one, AIOKafkaAdminClient) else one.stop(), self.address.timeout
                )
            except (KafkaError, TimeoutError, OSError) as why:
                logger.warning("closing a Kafka client: %s", why)

    async def send(self, topic: str, value: bytes | None, key: bytes, headers: Headers) -> "asyncio.Future[Any]":
        """Begin to write a record; the future is done once the broker has it."""
        # In the order of asking, also where the first has to wait for what the client does not know yet.
        async with self._sending:
            future: asyncio.Future[Any] = await self._producer.send(topic, value, key=key, headers=headers)
        return future

    async def write(self, topic: str, value: bytes | None, key: bytes, headers: Headers) -> int:
        """Write a record and return its offset once the broker has it."""
        return int((await (await self.send(topic, value, key, headers))).offset)

    async def write_many(self, records: "Iterable[tuple[str, bytes | None, bytes, Headers]]") -> None:
        """Write records, in this order, and return once the broker has them all.

        Raises:
            KafkaError: it may not have some.
        """
        sent = [await self.send(*record) for record in records]
        for answer in await asyncio.gather(*sent, return_exceptions=True):
            if isinstance(answer, BaseException):
                raise answer

    async def partitions(self, *names: str) -> tuple[TopicPartition, ...]:
        """All partitions of these topics."""
        found: list[TopicPartition] = []
        for name in names:
            numbers = await self._producer.partitions_for(name)
            found += [TopicPartition(name, number) for number in sorted(numbers)]
        return tuple(found)

    async def ends(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """The offset after the last record of each."""
        wanted = list(partitions)
        async with self._asking:
            near = await self._asker.end_offsets(wanted)
            # Tansu answers that with the first offset of the last batch and one; what it says with a fetch is right.
            self._asker.assign(wanted)
            try:
                for partition in wanted:
                    self._asker.seek(partition, near[partition])
                async with asyncio.timeout(self.address.timeout):
                    while any(self._asker.highwater(partition) is None for partition in wanted):
                        await self._asker.getmany(timeout_ms=1)
                return {partition: self._asker.highwater(partition) for partition in wanted}
            finally:
                self._asker.unsubscribe()

    async def committed(self, group: str, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """Where the group is to go on, for partitions where it has committed."""
        found = await self._admin.list_consumer_group_offsets(group, partitions=list(partitions))
        return {partition: there.offset for partition, there in found.items() if there.offset >= 0}

    async def read(self, ranges: Mapping[TopicPartition, tuple[int, int]]) -> list[Any]:
        """The records from the first offset up to, not with, the second of each partition."""
        left = {partition: end for partition, (start, end) in ranges.items() if start < end}
        found: list[Any] = []
        if not left:
            return found
        async with self._reading:
            self._reader.assign(list(left))
            try:
                for partition in left:
                    self._reader.seek(partition, ranges[partition][0])
                while left:
                    batch = await self._reader.getmany(*left, timeout_ms=int(self.address.timeout * 1000))
                    for partition, records in batch.items():
                        found += [record for record in records if record.offset < ranges[partition][1]]
                    for partition in list(left):
                        # Not by the last record: the end of a compacted range may be gone.
                        if await self._reader.position(partition) >= left[partition]:
                            del left[partition]
                    if not batch and left:
                        raise TimeoutError
            finally:
                self._reader.unsubscribe()
        return found

    async def _start(self, one: Any) -> Any:
        self._started.append(one)
        await one.start()
        return one

    async def _make_topics(self) -> None:
        def new(name: str, partitions: int, **config: str) -> NewTopic:
            return NewTopic(name, partitions, self.address.replication, topic_configs=_FOR_EVER | config)

        names = self.topics
        wanted = [new(name, self.address.partitions) for name in names.worked]
        wanted += [new(names.bindings, 1), new(names.dead, 1, **_COMPACTED)]
        answer = await self._admin.create_topics(wanted)
        for name, code, *_rest in answer.topic_errors:
            error = for_code(code)
            if code and error is not TopicAlreadyExistsError:
                text = _(
                    "expected Kafka to make topic {name}, got {error}: {why}. Ask whoever runs it to make the topic"
                )
                raise BusError(text.format(name=name, error=error.__name__, why=error.description))
