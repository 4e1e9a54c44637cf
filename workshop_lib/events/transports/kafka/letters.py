"""Dead letters: a compacted topic in which a tombstone drops one."""

from collections.abc import Collection
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

    async def messages(self, queue: str, letter_ids: Collection[str]) -> dict[str, Message]:
        """The messages of those letters that are there, as new, by the letters' ids; removes none."""
        found: dict[str, Message] = {}
        for record in await self._records([self._offsets[name] for name in await self._there(queue, letter_ids)]):
            message = Message.read(record)
            assert message is not None, "only `bury` writes here"
            key = next((value for name, value in record.headers if name == "x-partition-key"), b"")
            found[_name(record)[0]] = replace(message, key=key, attempt=1)
        return found

    async def drop(self, queue: str, letter_ids: Collection[str]) -> int:
        """Forget those that are there, and say how many they were."""
        there = await self._there(queue, letter_ids)
        if there:
            await self._cluster.write_many((self._partition.topic, None, _key(name), []) for name in there)
            await self._refresh()
        return len(there)

    async def _there(self, queue: str, letter_ids: Collection[str]) -> list[Name]:
        await self._refresh()
        names = ((letter_id, queue) for letter_id in dict.fromkeys(letter_ids))
        return [name for name in names if name in self._offsets]

    async def _refresh(self) -> None:
        end = (await self._cluster.ends([self._partition]))[self._partition]
        for record in await self._cluster.read({self._partition: (self._read, end)}):
            if record.offset < self._read:
                continue
            self._read = record.offset + 1
            if record.value is None:
                self._offsets.pop(_name(record), None)
            else:
                self._offsets[_name(record)] = record.offset

    async def _records(self, offsets: list[int]) -> list[Any]:
        if not offsets:
            return []
        wanted = set(offsets)
        found = await self._cluster.read({self._partition: (min(wanted), max(wanted) + 1)})
        return [record for record in found if record.offset in wanted]


def _key(name: Name) -> bytes:
    return " ".join(name).encode()


def _name(record: Any) -> Name:
    letter_id, _space, queue = record.key.decode().partition(" ")
    return letter_id, queue


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
