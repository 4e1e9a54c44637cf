"""How much waits in a queue: what its group has not come to, filtered as its consumers would."""

import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from aiokafka import TopicPartition

from workshop_lib.events.transports.kafka.cluster import Cluster
from workshop_lib.events.transports.kafka.records import Message
from workshop_lib.events.transports.kafka.registry import Queue


@dataclass
class _Scan:
    """Offsets of this queue's messages in one partition from `start` to `end`, each with when it is due."""

    start: int
    end: int
    patterns: int
    found: deque[tuple[int, float]] = field(default_factory=deque)


class Backlog:
    """Remembers what it has read, so that asking again reads only what is new."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._scans: dict[tuple[str, TopicPartition], _Scan] = {}

    async def count(self, queue: Queue, starts: dict[TopicPartition, int]) -> tuple[int, int]:
        """How many are ready and how many wait for a retry, from these offsets on."""
        ends = await self._cluster.ends(starts)
        for partition, start in starts.items():
            scan = self._scans.get((queue.name, partition))
            if scan is None or not scan.start <= start <= scan.end or scan.patterns != len(queue.patterns):
                scan = self._scans[queue.name, partition] = _Scan(start, start, len(queue.patterns))
            scan.start = start
            while scan.found and scan.found[0][0] < start:
                scan.found.popleft()
        await self._extend(queue, {p: (self._scans[queue.name, p].end, ends[p]) for p in starts})
        now = time.time()
        dues = [due for partition in starts for _offset, due in self._scans[queue.name, partition].found]
        waiting = sum(due > now for due in dues)
        return len(dues) - waiting, waiting

    async def _extend(self, queue: Queue, ranges: dict[TopicPartition, tuple[int, int]]) -> None:
        for record in await self._cluster.read(ranges):
            partition = TopicPartition(record.topic, record.partition)
            scan = self._scans[queue.name, partition]
            if record.offset < scan.end:
                continue
            message = Message.read(record)
            if message is not None and queue.owns(message, partition, record.offset):
                step = self._cluster.topics.step(record.topic) or 0
                scan.found.append((record.offset, record.timestamp / 1000 + step + message.left))
        for partition, (_start, end) in ranges.items():
            self._scans[queue.name, partition].end = max(end, self._scans[queue.name, partition].end)


def merged(pairs: Iterable[tuple[int, int]]) -> tuple[int, int]:
    """Sums of ready and waiting."""
    ready, waiting = 0, 0
    for one, other in pairs:
        ready, waiting = ready + one, waiting + other
    return ready, waiting
