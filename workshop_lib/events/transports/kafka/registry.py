"""Which queues an exchange has: a topic of declarations that everyone reads."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiokafka import TopicPartition

from workshop_lib.events.errors import QueueConflict, UnknownQueue
from workshop_lib.events.routing import Bindings
from workshop_lib.events.topics import matches
from workshop_lib.events.transport import QueueSpec
from workshop_lib.events.transports.kafka.cluster import Cluster
from workshop_lib.events.transports.kafka.records import Message
from workshop_lib.events.transports.memory import priorities_differ

Offsets = Mapping[TopicPartition, int]


@dataclass
class Queue:
    """A queue as it was declared.

    Attributes:
        start: where it begins to read each partition; 0 where none is named.
        patterns: each with the offsets since when it holds, so that a queue gets nothing from before.
    """

    name: str
    priorities: bool
    start: Offsets
    patterns: dict[str, Offsets] = field(default_factory=dict)
    _matching: dict[str, list[Offsets]] = field(default_factory=dict)

    def bind(self, pattern: str, since: Offsets) -> None:
        self.patterns.setdefault(pattern, since)
        self._matching.clear()

    def owns(self, message: Message, partition: TopicPartition, offset: int) -> bool:
        """Whether the message at `offset` is for this queue: sent to it alone, or by its routing key."""
        return message.queue == self.name if message.queue else self.takes(message.routing_key, partition, offset)

    def takes(self, routing_key: str, partition: TopicPartition, offset: int) -> bool:
        """Whether a pattern of this queue held for the key when `offset` was written."""
        found = self._matching.get(routing_key)
        if found is None:
            if len(self._matching) >= 10_000:
                self._matching.clear()
            found = [since for pattern, since in self.patterns.items() if matches(pattern, routing_key)]
            self._matching[routing_key] = found
        return any(offset >= since.get(partition, 0) for since in found)


class Registry:
    """The declarations so far, of which the first for a queue and the first for a pattern counts."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._partition = TopicPartition(cluster.topics.bindings, 0)
        self._read = 0
        self._queues: dict[str, Queue] = {}
        self._bindings = Bindings()

    async def refresh(self) -> None:
        """Read what others have declared up to now."""
        end = (await self._cluster.ends([self._partition]))[self._partition]
        start = self._read
        for record in await self._cluster.read({self._partition: (start, end)}):
            # Two may read at the same time: each declaration counts once.
            if record.offset >= self._read:
                self._apply(json.loads(record.value))
                self._read = record.offset + 1

    async def declare(self, spec: QueueSpec) -> Queue:
        """Make the queue, bind it, and return it.

        Raises:
            QueueConflict: it exists with other arguments.
        """
        await self.refresh()
        self._check(spec)
        there = self._queues.get(spec.name)
        new = [pattern for pattern in spec.patterns if there is None or pattern not in there.patterns]
        if new:
            # Asked before the declaration is written: what is published after `declare` returns is past these.
            ends = await self._cluster.ends(await self._cluster.partitions(*self._cluster.topics.worked))
            text = json.dumps(
                {
                    "queue": spec.name,
                    "priorities": spec.priorities,
                    "patterns": new,
                    "since": [[partition.topic, partition.partition, end] for partition, end in ends.items()],
                }
            )
            await self._cluster.write(self._partition.topic, text.encode(), spec.name.encode(), [])
            await self.refresh()
            # Another process may have been first, with other arguments.
            self._check(spec)
        return self._queues[spec.name]

    def queue(self, name: str) -> Queue:
        """The queue.

        Raises:
            UnknownQueue: none of that name, as far as was read.
        """
        try:
            return self._queues[name]
        except KeyError:
            raise UnknownQueue(name, self._queues) from None

    def names(self) -> tuple[str, ...]:
        """Of all queues, sorted."""
        return tuple(sorted(self._queues))

    async def heard(self, routing_key: str) -> bool:
        """Whether some queue is bound for the key."""
        if not self._bindings.queues(routing_key):
            # Queues are not taken away, so that only a no has to be asked again.
            await self.refresh()
        return bool(self._bindings.queues(routing_key))

    def _apply(self, said: dict[str, Any]) -> None:
        since = {TopicPartition(topic, number): offset for topic, number, offset in said["since"]}
        queue = self._queues.setdefault(said["queue"], Queue(said["queue"], said["priorities"], since))
        if queue.priorities == said["priorities"]:
            for pattern in said["patterns"]:
                queue.bind(pattern, since)
            self._bindings.bind(queue.name, said["patterns"])

    def _check(self, spec: QueueSpec) -> None:
        there = self._queues.get(spec.name)
        if there is not None and there.priorities != spec.priorities:
            raise QueueConflict(spec.name, priorities_differ(there.priorities))
