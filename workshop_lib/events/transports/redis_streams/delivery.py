"""One entry of a stream in a handler's hands."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

Settlement = tuple[str, str, str, str | int, str]
"""What the script takes: kind, level, id, and two more words."""


class Holder(Protocol):
    """Whoever took the entry and passes its settlement on."""

    @property
    def queue_name(self) -> str: ...

    def settle(self, delivery: "StreamDelivery", kind: str, more: str | int = "", also: str = "") -> bool: ...


@dataclass(frozen=True, slots=True)
class StreamDelivery:
    """A `Delivery`."""

    holder: Holder
    level: str
    id: str
    routing_key: str
    body: bytes
    headers: Mapping[str, str]
    attempt: int
    redelivered: int

    @property
    def queue_name(self) -> str:
        return self.holder.queue_name

    @property
    def key(self) -> tuple[str, str]:
        return self.level, self.id

    def ack(self) -> bool:
        return self.holder.settle(self, "ack")

    def retry(self, delay: float) -> bool:
        # Rounded up: not a microsecond too early.
        return self.holder.settle(self, "retry", int(delay * 1_000_000) + 1)

    def dead_letter(self, reason: str, digest: str) -> bool:
        return self.holder.settle(self, "dead", reason, digest)

    def release(self) -> bool:
        return self.holder.settle(self, "release")


def read_entry(holder: Holder, level: bytes, entry_id: bytes, redelivered: int, flat: list[bytes]) -> StreamDelivery:
    """From what the script returns."""
    message = Message.of(dict(zip(flat[::2], flat[1::2], strict=True)))
    return StreamDelivery(
        holder,
        level.decode(),
        entry_id.decode(),
        message.routing_key,
        message.body,
        message.headers,
        message.attempt,
        redelivered,
    )


@dataclass(frozen=True, slots=True)
class Message:
    """What an entry carries.

    One that somebody else put into a stream of ours lacks what it lacks: the bus says that it is no event, and it
    ends in the dead letters. Were it an error here, no consumer would get past it.
    """

    routing_key: str
    body: bytes
    headers: Mapping[str, str]
    attempt: int

    @classmethod
    def of(cls, fields: Mapping[bytes, bytes]) -> "Message":
        """From the entry's fields."""
        return cls(
            routing_key=fields.get(b"k", b"").decode(errors="replace"),
            body=fields.get(b"b", b""),
            headers=_headers(fields.get(b"h", b"")),
            attempt=_number(fields.get(b"a", b"")),
        )


def _headers(text: bytes) -> dict[str, str]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}


def _number(text: bytes) -> int:
    return int(text) if text.isdigit() else 1
