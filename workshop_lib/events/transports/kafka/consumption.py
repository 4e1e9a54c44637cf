"""Consumers of a queue: members of its group, who commit what is settled."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.errors import IllegalStateError, KafkaError

from workshop_lib.events.errors import BusError
from workshop_lib.events.transports.kafka.address import REFUSALS
from workshop_lib.events.transports.kafka.cluster import Cluster
from workshop_lib.events.transports.kafka.pump import AHEAD, Pump
from workshop_lib.events.transports.kafka.records import MAX_RECORD, Message
from workshop_lib.events.transports.kafka.registry import Queue, Registry
from workshop_lib.events.transports.kafka.window import Window

logger = logging.getLogger(__name__)

# A commit's distance from what was read: what comes again at worst after a kill.
_SPAN = 10_000
_IDLE = 0.1


class GroupConsumption(ConsumerRebalanceListener):  # type: ignore[misc]
    """One consumer of a durable queue. Used on the loop's thread only."""

    def __init__(
        self, cluster: Cluster, registry: Registry, queue: Queue, pump: Pump, failed: Callable[[BusError], None]
    ) -> None:
        self.queue, self.pump = queue, pump
        self._cluster, self._registry, self._failed = cluster, registry, failed
        self._group = cluster.topics.group(queue.name)
        self._windows: dict[TopicPartition, Window] = {}
        self._room, self._dirty = asyncio.Event(), asyncio.Event()
        self._committing = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []
        self._stopped = self._closed = False
        pump.moved = self._moved

    async def start(self) -> None:
        """Join the group, and begin to deliver."""
        lease = self._cluster.address.lease
        self._consumer = AIOKafkaConsumer(
            **self._cluster.address.client(),
            group_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=int(lease * 1000),
            heartbeat_interval_ms=int(lease * 1000 / 5),
            # Long enough for what is in hand to be settled first, see `on_partitions_revoked`.
            rebalance_timeout_ms=int((lease * 3 + 10) * 1000),
            # A handler may take its time: heartbeats say that we are there.
            max_poll_interval_ms=2**31 - 1,
            max_partition_fetch_bytes=4 * 1024 * 1024,
            fetch_max_bytes=MAX_RECORD * 2,
            partition_assignment_strategy=(RoundRobinPartitionAssignor,),
        )
        self._consumer.subscribe(topics=list(self._cluster.topics.worked), listener=self)
        await self._begin()
        self._tasks.append(asyncio.create_task(self._keep_committing()))

    async def _begin(self) -> None:
        try:
            await self._consumer.start()
        except BaseException:
            await self._consumer.stop()
            raise
        self._tasks.append(asyncio.create_task(self._read()))

    def window(self, partition: TopicPartition) -> Window | None:
        """How far it has read a partition that it holds."""
        return None if self._closed else self._windows.get(partition)

    async def stop(self) -> None:
        """Deliver no more."""
        self._stopped = self.pump.held = True
        if self._tasks:
            await _cancel(self._tasks[0])

    async def close(self) -> None:
        """Write and commit what is settled, give the rest up, and leave the group."""
        await self.stop()
        if self._closed:
            return
        self._closed = True
        try:
            async with asyncio.timeout(self._cluster.address.timeout):
                await self.pump.give_back()
                await self._commit()
        except (KafkaError, TimeoutError) as why:
            logger.warning("queue %s: not all settlements were written; theirs come again: %s", self.queue.name, why)
        finally:
            for task in self._tasks:
                await _cancel(task)
            self.pump.lose(self._windows.values())
            try:
                await asyncio.wait_for(self._consumer.stop(), self._cluster.address.timeout)
            except (KafkaError, TimeoutError) as why:
                logger.warning("queue %s: leaving the group: %s", self.queue.name, why)

    async def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        """The group is shared out anew: deliver nothing, wait a lease long for what is in hand, commit."""
        self.pump.held = True
        until = self._loop_time() + self._cluster.address.lease
        while self.pump.in_hand and self._loop_time() < until and not self._stopped:
            self._room.clear()
            try:
                await asyncio.wait_for(self._room.wait(), _IDLE)
            except TimeoutError:
                continue
        try:
            async with asyncio.timeout(self._cluster.address.lease):
                await self.pump.flush()
                await self._commit()
        except (KafkaError, IllegalStateError, TimeoutError) as why:
            logger.warning("queue %s: settled and not committed, comes again: %s", self.queue.name, why)

    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        """Go on where the group is; with what is in hand, where nobody else has had the partition since."""
        committed = await self._persist(lambda: self._cluster.committed(self._group, assigned) if assigned else _none())
        kept: dict[TopicPartition, Window] = {}
        for partition in assigned:
            start = committed.get(partition, self.queue.start.get(partition, 0))
            window = self._windows.get(partition)
            if window is None or window.committed != start:
                window = Window(partition, start, self._cluster.topics.step(partition.topic))
            kept[partition] = window
            self._consumer.seek(partition, window.read)
        self.pump.lose(window for window in self._windows.values() if window not in kept.values())
        self._windows = kept
        self.pump.windows = list(kept.values())
        self.pump.held = self._stopped
        self.pump.run()

    async def _read(self) -> None:
        pause = 0.1
        while True:
            wanted = [p for p, window in self._windows.items() if window.buffered < AHEAD and window.span < _SPAN]
            try:
                if wanted:
                    batch = await self._consumer.getmany(*wanted, timeout_ms=int(_IDLE * 1000), max_records=AHEAD)
                    await self._accept(batch)
                    self.pump.run()
                else:
                    self._room.clear()
                    await asyncio.wait_for(self._room.wait(), _IDLE)
            except TimeoutError:
                continue
            except REFUSALS as why:
                self._failed(self._cluster.address.error(why))
                return
            except KafkaError as why:
                logger.warning("queue %s: reading goes on in %.1f s: %s", self.queue.name, pause, why)
                await asyncio.sleep(pause)
                pause = min(5.0, pause * 2)
            else:
                pause = 0.1

    async def _accept(self, batch: dict[TopicPartition, list[Any]]) -> None:
        fresh = False
        for partition, records in batch.items():
            window = self._windows.get(partition)
            for record in records:
                if window is None or window.lost or record.offset < window.read:
                    continue
                message = Message.read(record)
                mine = message is not None and self.queue.owns(message, partition, record.offset)
                if not mine and message is not None and window.step is None and not fresh:
                    # Passing over it is for good: a pattern may have been added before it was published.
                    await self._persist(self._registry.refresh)
                    fresh = True
                    mine = self.queue.owns(message, partition, record.offset)
                if window.lost or record.offset < window.read:
                    continue
                window.read = record.offset + 1
                if mine and message is not None:
                    self.pump.add(window, record.offset, record.timestamp, message)

    async def _keep_committing(self) -> None:
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            try:
                await self._commit()
            except (KafkaError, IllegalStateError) as why:
                # Likely a rebalance, after which it is committed or comes again.
                logger.info("queue %s: committing again later: %s", self.queue.name, why)
                await asyncio.sleep(_IDLE)
                self._dirty.set()

    async def _commit(self) -> None:
        async with self._committing:
            ahead = {w: w.safe for w in self._windows.values() if w.safe > w.committed and not w.lost}
            if ahead:
                await self._consumer.commit({window.partition: offset for window, offset in ahead.items()})
                for window, offset in ahead.items():
                    window.committed = offset

    def _moved(self) -> None:
        self._room.set()
        self._dirty.set()

    async def _persist(self, ask: Callable[[], Any]) -> Any:
        pause = 0.1
        while True:
            try:
                return await ask()
            except (KafkaError, TimeoutError) as why:
                logger.warning("queue %s: asking the broker again: %s", self.queue.name, why)
                await asyncio.sleep(pause)
                pause = min(5.0, pause * 2)

    @staticmethod
    def _loop_time() -> float:
        return asyncio.get_running_loop().time()


class LookerConsumption(GroupConsumption):
    """One consumer of a temporary queue: in no group, from where the queue was declared, nothing committed."""

    async def start(self) -> None:
        """Begin to deliver."""
        self._consumer = AIOKafkaConsumer(**self._cluster.address.client(), max_partition_fetch_bytes=4 * 1024 * 1024)
        partitions = await self._cluster.partitions(*self._cluster.topics.worked)
        self._consumer.assign(list(partitions))
        await self._begin()
        for partition in partitions:
            start = self.queue.start.get(partition, 0)
            self._windows[partition] = Window(partition, start, self._cluster.topics.step(partition.topic))
            self._consumer.seek(partition, start)
        self.pump.windows = list(self._windows.values())

    async def _commit(self) -> None:
        return


async def _none() -> dict[TopicPartition, int]:
    return {}


async def _cancel(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
