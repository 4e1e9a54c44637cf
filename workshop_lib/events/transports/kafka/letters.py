"""Dead letters: a compacted topic in which a tombstone drops one."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from aiokafka import TopicPartition

from workshop_lib.events.transport import DeadLetter
from workshop_lib.events.transports.kafka.cluster import Cluster
from workshop_lib.events.transports.kafka.records import Message

Name = tuple[str, str]
"""Id and queue."""


class Letters:
    """Of all queues of an exchange. Remembers where each is, not what it says."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._partition = TopicPartition(cluster.topics.dead, 0)
        self._read = 0
        self._offsets: dict[Name, int] = {}

    async def bury(self, message: Message, letter_id: str, reason: str, digest: str) -> None:
        """Keep it; returns once the broker has it."""
        headers = message.fields(
            x_letter_id=letter_id, x_reason=reason, x_digest=digest, x_died_at=datetime.now(UTC).isoformat()
        )
        headers.append(("x-partition-key", message.key))
        await self._cluster.write(self._partition.topic, message.body, _key((letter_id, message.queue)), headers)

    async def count(self, queue: str) -> int:
        """How many the queue has."""
        await self._refresh()
        return sum(name == queue for _id, name in self._offsets)

    async def letters(self, queue: str, limit: int | None = None) -> tuple[DeadLetter, ...]:
        """Oldest first."""
        await self._refresh()
        wanted = [offset for (_id, name), offset in self._offsets.items() if name == queue][:limit]
        return tuple([_letter(record) for record in await self._records(wanted)])

    async def take(self, queue: str, letter_id: str) -> Message | None:
        """The message of a letter, without removing it. None where there is none."""
        await self._refresh()
        offset = self._offsets.get((letter_id, queue))
        for record in await self._records([] if offset is None else [offset]):
            message = Message.read(record)
            key = next((value for name, value in record.headers if name == "x-partition-key"), b"")
            return None if message is None else replace(message, key=key, attempt=1)
        return None

    async def drop(self, queue: str, letter_id: str) -> bool:
        """Forget it. False where there is none."""
        await self._refresh()
        if (letter_id, queue) not in self._offsets:
            return False
        await self._cluster.write(self._partition.topic, None, _key((letter_id, queue)), [])
        await self._refresh()
        return True

    async def _refresh(self) -> None:
        end = (await self._cluster.ends([self._partition]))[self._partition]
        for record in await self._cluster.read({self._partition: (self._read, end)}):
            if record.offset < self._read:
                continue
            self._read = record.offset + 1
            letter_id, _space, queue = record.key.decode().partition(" ")
            if record.value is None:
                self._offsets.pop((letter_id, queue), None)
            else:
                self._offsets[letter_id, queue] = record.offset

    async def _records(self, offsets: list[int]) -> list[Any]:
        if not offsets:
            return []
        wanted = set(offsets)
        found = await self._cluster.read({self._partition: (min(wanted), max(wanted) + 1)})
        return [record for record in found if record.offset in wanted]


def _key(name: Name) -> bytes:
    return " ".join(name).encode()


def _letter(record: Any) -> DeadLetter:
    message = Message.read(record)
    assert message is not None, "only `bury` writes here"
    own = {name: value.decode() for name, value in record.headers if name.startswith("x-")}
    return DeadLetter(
        id=own["x-letter-id"],
        queue_name=message.queue,
        routing_key=message.routing_key,
        body=message.body,
        headers=message.headers,
        reason=own["x-reason"],
        digest=own["x-digest"],
        attempts=message.attempt,
        died_at=datetime.fromisoformat(own["x-died-at"]),
    )
